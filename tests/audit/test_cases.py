"""Faults that users of other tools reported, as small inputs: what version 0.1 got wrong, and what is right."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from audit import AuditOptions, Results, audit_dataset
from audit.readiness.limits import crossed
from audit.readiness.verdict import Verdict
from synthetic import load
from synthetic.dataset import file_hash
from tests.audit.counted import rows_on
from tests.audit.small import AS_OF, Data, clean_data, data_by_counts, joined, months_back, quick_verdict, write

Audited = Callable[..., Results]


@pytest.fixture
def audited(tmp_path: Path) -> Audited:
    """Writes rows and audits them."""

    def run(data: Data, name: str = "data", **options: object) -> Results:
        forces = list(dict.fromkeys(row["force"] for row in data["units"])) or ["testshire"]
        return audit_dataset(write(tmp_path / name, data, AS_OF, forces), AuditOptions(**options))  # type: ignore[arg-type]

    return run


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Verdict]:
    """Writes rows and judges them without the linkage, which takes longest."""

    def run(data: Data, name: str = "data", **options: object) -> Verdict:
        forces = list(dict.fromkeys(row["force"] for row in data["units"]))
        return quick_verdict(write(tmp_path / name, data, AS_OF, forces), **options)  # type: ignore[arg-type]

    return run


def gate(found: Verdict, name: str, force: str = "testshire") -> pd.Series:
    rows = found.readiness.query("name == @name and force == @force and instrument == 'harm_365'")
    return rows.iloc[0]


def whole(checks: pd.DataFrame, check_id: str) -> pd.Series:
    return checks[(checks["check_id"] == check_id) & checks["month"].isna()].iloc[0]


def test_a_skipped_check_is_not_run_and_improves_no_status(audited: Audited) -> None:
    data = clean_data(per_month=50)
    data["involvements"] = [row for row in data["involvements"] if row["role"] == "victim"]
    here = audited(data, "a").summary.forces[0]
    skipped = audited(data, "b", skip=["required_when.suspect_linked"])
    assert here.status == "not ready"
    assert skipped.summary.forces[0].status == "cannot be judged"
    assert skipped.summary.forces[0].unsettled_gates[0] == "named suspects linked"
    consistency = skipped["readiness"].query("name == 'consistency'").iloc[0]
    assert consistency["status"] in ("not_run", "fail")


def _three_victims(data: Data) -> None:
    victims = [row for row in data["involvements"] if row["role"] == "victim"]
    data["involvements"] = [row for row in data["involvements"] if row["role"] == "suspect"] + victims[:3]


def _blank_status(data: Data) -> None:
    rest = {row["crime_id"] for row in data["crimes"][6:]}
    for row in data["crimes"][6:]:
        row["suspect_status"] = None
    data["involvements"] = [row for row in data["involvements"] if row["role"] == "victim" or row["crime_id"] not in rest]


def _future_dates(data: Data) -> None:
    for row in data["crimes"]:
        row["outcome_on"] = None
    for row in data["crimes"][:300]:
        row["occurred_on"] = row["reported_on"] = row["recorded_on"] = date(2031, 5, 5)


def _rows_twice(data: Data) -> None:
    data["crimes"] = data["crimes"] * 2


def _links_nowhere(data: Data) -> None:
    suspects = {row["person_id"] for row in data["involvements"] if row["role"] == "suspect"}
    data["persons"] = [row for row in data["persons"] if row["person_id"] not in suspects]


def _group_of_one(data: Data) -> None:
    for row in data["persons"]:
        row["ethnicity"] = "W1"
    data["persons"][0] |= {"ethnicity": "B1", "phone": None}


def _summers(force: str) -> Data:
    random = np.random.default_rng(3)
    cells = [
        (f"u{unit}", offence, month, int(random.poisson(60 * (1.8 if month[1] in (5, 6, 7) else 1))))
        for unit in range(3)
        for offence in ("008L", "105A")
        for month in months_back(36)
    ]
    return data_by_counts(cells, force)


CASES: dict[str, Callable[[Data], None]] = {
    "three-victims": _three_victims,
    "blank-status": _blank_status,
    "future-dates": _future_dates,
    "rows-twice": _rows_twice,
    "links-nowhere": _links_nowhere,
    "group-of-one": _group_of_one,
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """Each case in a force of its own, which is judged on its own rows alone; without the linkage, which takes longest."""
    parts = {"summers": _summers("summers")}
    for force, change in CASES.items():
        parts[force] = clean_data((force,))
        change(parts[force])
    return quick_verdict(write(tmp_path_factory.mktemp("cases") / "data", joined(*parts.values()), AS_OF, list(parts)))


def test_three_victims_of_six_hundred_say_nothing_of_the_rest(cases: Verdict) -> None:
    found = gate(cases, "victim's sex present", "three-victims")
    assert (found["value"], found["total"], found["status"]) == (pytest.approx(3 / 600), 600, "not met")


def test_a_blank_status_is_counted_and_not_left_out(cases: Verdict) -> None:
    found = gate(cases, "named suspects linked", "blank-status")
    assert (found["value"], found["total"], found["status"]) == (pytest.approx(0.01), 600, "not met")


def test_dates_in_the_future_are_impossible_by_the_gate_too(cases: Verdict) -> None:
    found = gate(cases, "impossible dates", "future-dates")
    assert (found["value"], found["status"]) == (pytest.approx(0.5), "not met")


def test_the_same_rows_twice_are_half_too_many(cases: Verdict) -> None:
    found = gate(cases, "crimes recorded twice", "rows-twice")
    assert (found["value"], found["total"], found["passed"]) == (pytest.approx(0.5), 1200, False)


def test_one_person_with_half_of_all_records_is_half_of_the_duplicates(audited: Audited) -> None:
    data = clean_data(per_month=50)
    for row in data["persons"][:300]:
        row |= {name: data["persons"][0][name] for name in row if name not in ("person_id", "force", "created_on")}
    found = audited(data)["identity_summary"].iloc[0]
    assert found["low"] <= 0.4983 <= found["high"]


def test_people_who_share_a_telephone_and_an_address_are_two(audited: Audited) -> None:
    data = clean_data(per_month=50)
    for one, other in zip(data["persons"][0:59:2], data["persons"][1:60:2], strict=True):
        other |= {name: one[name] for name in ("address", "postcode", "phone")}
        one["sex"] = other["sex"] = "M"
    assert audited(data)["identity_pairs"]["joined"].sum() == 0


def test_links_that_lead_nowhere_are_no_links(cases: Verdict) -> None:
    found = gate(cases, "named suspects linked", "links-nowhere")
    assert (found["value"], found["status"]) == (0.0, "not met")


def test_a_force_is_judged_on_its_own_months_beside_a_large_one(judged: Callable[..., Verdict]) -> None:
    months = months_back(36)
    small = data_by_counts(
        [("b0", "008L", month, 0 if place in (5, 6) else 30) for place, month in enumerate(months)], "smallshire"
    )
    large = data_by_counts([("a0", "008L", month, 200) for month in months[18:]], "bigshire")
    alone, beside = (
        gate(judged(data, name), "force-months supplied", "smallshire")
        for name, data in (("a", small), ("b", joined(small, large)))
    )
    assert alone["value"] == beside["value"] == pytest.approx(34 / 36)
    assert (alone["total"], alone["status"]) == (36, "not met")


@pytest.mark.parametrize("engine", ["duckdb", "pandas"])
def test_an_address_of_a_no_break_space_is_blank(tmp_path: Path, engine: str) -> None:
    data = clean_data(months=4, per_month=60)
    for row in data["persons"]:
        row["address"] = " \u00a0"
    check_id = "missing.persons.address"
    assert whole(rows_on(engine, write(tmp_path / "data", data, AS_OF, ["testshire"]), check_id), check_id)["rate"] == 1.0


def test_an_empty_dataset_is_no_success(audited: Audited) -> None:
    results = audited({name: [] for name in clean_data()})
    assert crossed(results, "warn")
    assert crossed(results, "fail")
    assert results.summary.forces[0].status == "cannot be judged"


def test_a_date_column_that_is_left_out_reads_as_missing_on_pandas(tmp_path: Path) -> None:
    dataset = write(tmp_path / "data", clean_data(months=4))
    manifest = tmp_path / "data" / "dataset.json"
    path = dataset.files("crimes")[0]
    before = file_hash(path)
    pq.write_table(pq.read_table(path).drop_columns("outcome_on"), path)
    manifest.write_text(manifest.read_text().replace(before, file_hash(path)))
    row = whole(rows_on("pandas", load(dataset.path), "missing.crimes.outcome_on"), "missing.crimes.outcome_on")
    assert row["failed"] == row["total"] > 0


def test_a_group_of_one_record_is_no_finding(cases: Verdict) -> None:
    checks = cases.checks[cases.checks["force"] == "group-of-one"]
    assert whole(checks, "unequal.persons.phone.by_ethnicity")["status"] in ("pass", "not_applicable")


def test_summers_that_come_every_year_are_no_abrupt_change(cases: Verdict) -> None:
    found = whole(cases.checks[cases.checks["force"] == "summers"], "abrupt_change.crimes.count")
    assert found["failed"] == 0 < found["total"]
