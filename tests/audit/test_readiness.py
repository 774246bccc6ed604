"""Readiness: gates, dimensions and status, on data small enough to count by hand; less evidence is never better."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import unescape
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import Results
from audit.checks.catalogue import DIMENSIONS, catalogue
from audit.effect import list_lengths
from audit.engines import connect
from audit.presentation.readiness import gates_table, scorecard_table
from audit.readiness.actions import BLOCKS, RAISES
from audit.readiness.figures import dimension_figures, figures_by_force, gate_figures, share_text
from audit.readiness.gates import GATES, Sense, verdict_of_estimate
from audit.readiness.limits import crossed
from audit.readiness.status import people_found, status_of
from audit.readiness.thresholds import Thresholds
from audit.readiness.uses import for_use
from audit.readiness.verdict import Verdict, force_summaries, sizes_of
from audit.report import report_html
from synthetic import Dataset
from synthetic.contract import TABLES as CONTRACT
from synthetic.contract import reference
from tests.audit.small import AS_OF, GATES_ALONE, Data, clean_data, data_by_counts, joined, months_back, quick_verdict, write


def test_readiness_has_every_gate_and_dimension(typical: Dataset, typical_results: Results) -> None:
    readiness = typical_results["readiness"]
    listed = readiness.groupby(["force", "instrument", "kind"], sort=False)["name"].agg(list)
    assert len(listed) == 2 * len(typical.forces) * readiness["instrument"].nunique()
    assert all(names == list(GATES) for names in listed.xs("gate", level="kind"))
    assert all(names == list(DIMENSIONS) for names in listed.xs("dimension", level="kind"))


# ---- what is judged, and by what ---------------------------------------------------------------------------------------


@pytest.fixture
def judged_for(tmp_path: Path) -> Callable[..., Verdict]:
    """Writes rows and judges them; ``skip`` and ``period_start`` as for ``quick_verdict``."""
    numbers = count()

    def run(data: Data, as_of: date = AS_OF, **options: Any) -> Verdict:
        return quick_verdict(write(tmp_path / f"data-{next(numbers)}", data, as_of), **options)

    return run


def gate_of(found: Verdict, name: str, force: str = "testshire") -> pd.Series:
    rows = found.readiness
    return rows[(rows["name"] == name) & (rows["force"] == force)].iloc[0]


RANK = {"not ready": 0, "cannot be judged": 0, "process testing only": 1, "supervised pilot": 2}


def rank(found: Verdict, force: str = "testshire") -> int:
    """The rank of a force's status where a truth would find everybody on its list, and everything in it accurate."""
    rows = found.readiness[found.readiness["name"] != "accuracy"]
    return RANK[status_of(rows[rows["force"] == force], "met")]


def test_clean_rows_meet_every_gate(judged_for: Callable[..., Verdict]) -> None:
    found = judged_for(clean_data())
    gates = found.readiness[found.readiness["kind"] == "gate"]
    assert gates["status"].tolist() == ["met"] * len(GATES)
    assert gates["passed"].all()
    assert gates["total"].tolist() == [600, 600, 6, 600, 600, 1200]
    assert rank(found) == 2, found.readiness[found.readiness["kind"] == "dimension"]


def test_a_gate_is_the_count_of_its_check(typical: Dataset, typical_results: Results) -> None:
    checks = typical_results["checks"]
    whole = checks[checks["month"].isna()].set_index(["check_id", "force"])
    for row in typical_results["readiness"].query("kind == 'gate'").to_dict("records"):
        check = whole.loc[(GATES[row["name"]].check_id, row["force"])]
        share = check["rate"] if GATES[row["name"]].sense == "at most" else 1 - check["rate"]
        assert (row["value"], row["total"]) == (pytest.approx(share), check["total"])
        agree = {"met": ("pass", "warn"), "not met": ("fail",), "too close to call": ("warn",)}
        assert row["status"] == "cannot be judged" or check["status"] in agree[row["status"]], row
    duplicates = typical_results["readiness"].query("name == 'duplicate person records'").set_index("force")
    summary = typical_results["identity_summary"].set_index("force")
    for name, column in (("value", "duplicate_rate"), ("low", "low"), ("high", "high")):
        assert (duplicates[name].groupby("force").first() == summary[column]).all()


def test_a_dimension_is_its_worst_check(typical_results: Results) -> None:
    checks = typical_results["checks"]
    whole = checks[checks["month"].isna()].set_index(["check_id", "force"])
    order = ["fail", "error", "not_run", "warn", "pass"]
    for row in typical_results["readiness"].query("kind == 'dimension'").to_dict("records"):
        mine = whole[(whole["dimension"] == row["name"]) & (whole["status"] != "not_applicable")].xs(row["force"], level="force")
        assert row["status"] == min(mine["status"], key=order.index)
        decides = mine.loc[row["decided_by"]]
        assert (row["value"], row["threshold"], row["total"]) == (decides["rate"], decides["threshold"], decides["total"])
    accuracy = typical_results["readiness"].query("name == 'accuracy'")
    assert set(accuracy["decided_by"]) == {"agrees_with_event.crimes"}


@pytest.mark.parametrize(
    ("value", "low", "high", "sense", "threshold", "expected"),
    [
        (0.104, 0.102, 0.108, "at most", 0.10, "not met"),
        (0.104, 0.099, 0.111, "at most", 0.10, "too close to call"),
        (0.094, 0.089, 0.099, "at most", 0.10, "met"),
        (0.83, 0.75, 0.89, "at least", 0.80, "too close to call"),
        (0.83, 0.81, 0.89, "at least", 0.80, "met"),
        (0.70, 0.61, 0.79, "at least", 0.80, "not met"),
    ],
)
def test_an_estimate_is_judged_by_its_interval(
    value: float, low: float, high: float, sense: Sense, threshold: float, expected: str
) -> None:
    assert verdict_of_estimate(value, low, high, sense, threshold) == expected


def test_a_count_of_all_rows_has_no_doubt_in_it(judged_for: Callable[..., Verdict]) -> None:
    data = clean_data()
    for row in data["crimes"][:7]:  # 7 of 600 are 1.17%, and the interval of another extract would hold 1%
        row["occurred_on"] = date(2025, 12, 1)
    found = gate_of(judged_for(data, only=GATES_ALONE), "impossible dates")
    assert found["low"] < 0.01 < found["value"]
    assert found["status"] == "not met"


def test_the_status_follows_gates_then_dimensions_then_people() -> None:
    def rows(gate: str, dimension: str) -> pd.DataFrame:
        return pd.DataFrame({"kind": ["gate", "gate", "dimension"], "name": ["g", "h", "d"], "status": ["met", gate, dimension]})

    assert status_of(rows("not met", "pass"), "met") == "not ready"
    assert status_of(rows("too close to call", "pass"), "met") == "cannot be judged"
    assert status_of(rows("cannot be judged", "pass"), "met") == "cannot be judged"
    for dimension in ("fail", "not_run", "error", "not_applicable"):
        assert status_of(rows("met", dimension), "met") == "process testing only"
    for people in ("not met", "too close to call", "cannot be judged"):
        assert status_of(rows("met", "warn"), people) == "process testing only"  # type: ignore[arg-type]
    assert status_of(rows("met", "warn"), "met") == "supervised pilot"


def test_people_found_is_judged_on_lists_of_fifty() -> None:
    def effect(size: int, low: float) -> pd.DataFrame:
        return pd.DataFrame({"truth_size": [size], "recall_at_k": [0.9], "low": [low], "high": [0.95]})

    assert people_found(effect(50, 0.82), 0.8).status == "met"
    assert people_found(effect(50, 0.78), 0.8).status == "too close to call"
    assert people_found(effect(49, 0.82), 0.8).status == "cannot be judged"
    assert people_found(effect(49, 0.82), 0.8).value == 0.9
    assert people_found(effect(9, 0.82), 0.8).value is None
    assert people_found(effect(50, 0.82).iloc[:0], 0.8).status == "cannot be judged"


# ---- less evidence is never better -------------------------------------------------------------------------------------


def test_gates_whose_checks_were_skipped_cannot_be_judged(judged_for: Callable[..., Verdict]) -> None:
    found = judged_for(clean_data(months=2), skip=tuple(gate.check_id for gate in GATES.values()))
    for gate in GATES.values():
        row = gate_of(found, gate.key)
        assert (row["status"], row["total"], pd.isna(row["passed"])) == ("cannot be judged", 0, True)
        assert gate_of(found, gate.rule.dimension)["status"] == "not_run"
    assert found.forces[0].status == "cannot be judged"
    assert found.forces[0].unsettled_gates == list(GATES)


def _change(data: Data, table: str, **values: Any) -> None:
    for row in data[table]:
        row.update(values)


def _drop(data: Data, table: str, keep: Callable[[dict[str, Any]], bool]) -> None:
    data[table] = [row for row in data[table] if keep(row)]


def _links_of(data: Data, role: str) -> set[str]:
    return {row["person_id"] for row in data["involvements"] if row["role"] == role}


def _first(data: Data, table: str, share: float, **values: Any) -> None:
    for row in data[table][: round(share * len(data[table]))]:
        row.update(values)


FAULTS: dict[str, tuple[str, Callable[[Data], object]]] = {
    # victims without links, or whose sex nobody knows
    "no link to a victim": ("victim's sex present", lambda data: _drop(data, "involvements", lambda row: row["role"] != "victim")),
    "victims' links lead nowhere": (
        "victim's sex present",
        lambda data: _change({"v": [row for row in data["involvements"] if row["role"] == "victim"]}, "v", person_id="SYN-P-0"),
    ),
    "victims' records absent": (
        "victim's sex present",
        lambda data: (gone := _links_of(data, "victim"), _drop(data, "persons", lambda row: row["person_id"] not in gone)),
    ),
    "every role blank": ("victim's sex present", lambda data: _change(data, "involvements", role=None)),
    "every sex unknown": ("victim's sex present", lambda data: _change(data, "persons", sex="U")),
    "sex blank on a tenth": ("victim's sex present", lambda data: _first(data, "persons", 0.1, sex=None)),
    "one crime in ten has no involvement": (
        "victim's sex present",
        lambda data: _drop(data, "involvements", lambda row: not row["crime_id"].endswith("7")),
    ),
    "no person record": ("victim's sex present", lambda data: data["persons"].clear()),
    # what is left of a column that is blank on nearly all
    "a status of blanks": (
        "named suspects linked",
        lambda data: (
            _first(data, "crimes", 0.99, suspect_status="  "),
            _drop(data, "involvements", lambda row: row["role"] == "victim" or int(row["crime_id"].rsplit("-", 1)[1]) >= 594),
        ),
    ),
    "no status and no link": (
        "named suspects linked",
        lambda data: (
            _change(data, "crimes", suspect_status=None),
            _drop(data, "involvements", lambda row: row["role"] == "victim"),
        ),
    ),
    "postcode blank on nearly all": ("crimes recorded twice", lambda data: _first(data, "crimes", 0.99, postcode=None)),
    "channel left out": ("crimes recorded twice", lambda data: _change(data, "crimes", reported_via=None)),
    "dates of report blank on nearly all": ("impossible dates", lambda data: _first(data, "crimes", 0.99, reported_on=None)),
    "no day of occurrence": ("impossible dates", lambda data: _change(data, "crimes", occurred_on=None)),
    "no surname": ("duplicate person records", lambda data: _change(data, "persons", surname=None)),
    "dates of birth blank on nearly all": (
        "duplicate person records",
        lambda data: _first(data, "persons", 0.99, date_of_birth=None),
    ),
    "no telephone": ("duplicate person records", lambda data: _change(data, "persons", phone=None)),
    # dates that cannot be
    "reported in the future": ("impossible dates", lambda data: _first(data, "crimes", 0.05, reported_on=date(2031, 5, 5))),
    "recorded in the future": ("impossible dates", lambda data: _first(data, "crimes", 0.05, recorded_on=date(2025, 4, 1))),
    "outcome in the future": ("impossible dates", lambda data: _first(data, "crimes", 0.05, outcome_on=date(2026, 1, 1))),
    "occurred in 1900": ("impossible dates", lambda data: _first(data, "crimes", 0.05, occurred_on=date(1900, 1, 1))),
    "recorded before it was reported": (
        "impossible dates",
        lambda data: _first(data, "crimes", 0.05, recorded_on=date(2020, 1, 1)),
    ),
    "occurred after the record, and no report": (
        "impossible dates",
        lambda data: (
            _first(data, "crimes", 0.05, reported_on=None),
            [row.update(occurred_on=row["recorded_on"] + timedelta(9)) for row in data["crimes"][:30]],
        ),
    ),
    # the same crime more than once
    "every row three times": ("crimes recorded twice", lambda data: data["crimes"].extend(data["crimes"] * 2)),
    "a fiftieth twice under one identifier": ("crimes recorded twice", lambda data: data["crimes"].extend(data["crimes"][:12])),
    "twice under one identifier, another day": (
        "crimes recorded twice",
        lambda data: data["crimes"].extend({**row, "recorded_on": date(2025, 3, 30)} for row in data["crimes"][:12]),
    ),
    "twice under another identifier": (
        "crimes recorded twice",
        lambda data: data["crimes"].extend({**row, "crime_id": row["crime_id"] + "-b"} for row in data["crimes"][:12]),
    ),
    "under one identifier and another": (
        "crimes recorded twice",
        lambda data: data["crimes"].extend(
            {**row, "crime_id": row["crime_id"] + end} for row in data["crimes"][:6] for end in ("", "-b")
        ),
    ),
    # links that are none
    "suspects' links lead nowhere": (
        "named suspects linked",
        lambda data: _change({"s": [row for row in data["involvements"] if row["role"] == "suspect"]}, "s", person_id="SYN-P-0"),
    ),
    "suspects' links are blank": (
        "named suspects linked",
        lambda data: _change({"s": [row for row in data["involvements"] if row["role"] == "suspect"]}, "s", person_id=None),
    ),
    "half of the suspects' records absent": (
        "named suspects linked",
        lambda data: (
            gone := sorted(_links_of(data, "suspect"))[::2],
            _drop(data, "persons", lambda row: row["person_id"] not in gone),
        ),
    ),
    "links of other crimes": (
        "named suspects linked",
        lambda data: [row.update(crime_id=row["crime_id"] + "-x") for row in data["involvements"] if row["role"] == "suspect"],
    ),
    "no link at all": ("named suspects linked", lambda data: data["involvements"].clear()),
    # months
    "a month in the middle": (
        "force-months supplied",
        lambda data: _drop(data, "crimes", lambda row: row["recorded_on"].month != 1),
    ),
    "the last month": ("force-months supplied", lambda data: _drop(data, "crimes", lambda row: row["recorded_on"].month != 3)),
    "dates of record and report blank": (
        "force-months supplied",
        lambda data: _change(data, "crimes", recorded_on=None, reported_on=None),
    ),
    "no crime": ("force-months supplied", lambda data: data["crimes"].clear()),
    "a month recorded late": (
        "force-months supplied",
        lambda data: [row.update(recorded_on=date(2025, 2, 1)) for row in data["crimes"] if row["recorded_on"].month == 1],
    ),
    # nothing there
    "no row in any table": ("duplicate person records", lambda data: [data[name].clear() for name in data if name != "units"]),
    "no crime and no involvement": (
        "impossible dates",
        lambda data: [data[name].clear() for name in ("crimes", "involvements")],
    ),
    "no unit": ("crimes recorded twice", lambda data: _change(data, "crimes", unit_id=None)),
}


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """Every fault in a force of its own, which is judged on its own rows alone."""
    parts = {}
    for place, (_, damage) in enumerate(FAULTS.values()):
        force = f"force-{place}"
        parts[force] = clean_data((force,), seed=place)
        damage(parts[force])
    folder = tmp_path_factory.mktemp("faults") / "data"
    return quick_verdict(write(folder, joined(*parts.values()), AS_OF, list(parts)), only=GATES_ALONE)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_meets_no_gate_and_lets_nothing_through(fault: str, faults: Verdict) -> None:
    force = f"force-{list(FAULTS).index(fault)}"
    row = gate_of(faults, FAULTS[fault][0], force)
    assert row["status"] in ("not met", "cannot be judged")
    assert row["passed"] is not True
    assert rank(faults, force) == 0
    actions = faults.actions[faults.actions["force"] == force]
    assert (actions["kind"].iloc[0], actions["order"].iloc[0]) == ("blocks status", 1)
    summary = next(summary for summary in faults.forces if summary.force == force)
    assert summary.to_next_status == actions["item"].tolist()


def _rows_twice(data: Data, share: float) -> None:
    data["crimes"] += [{**row, "crime_id": row["crime_id"] + "-b"} for row in data["crimes"][: round(share * len(data["crimes"]))]]


def _unlinked(data: Data) -> set[str]:
    """A fifth of the crimes of which a suspect is named."""
    return {row["crime_id"] for row in [row for row in data["crimes"] if row["suspect_status"] == "named"][::5]}


BEFORE: dict[str, Callable[[Data], object]] = {
    "clean": lambda data: None,
    "late": lambda data: [
        row.update({name: row[name] - timedelta(9) for name in ("occurred_on", "reported_on")}) for row in data["crimes"][:150]
    ],
    "links missing": lambda data: _drop(data, "involvements", lambda row: not row["crime_id"].endswith(("3", "7"))),
    "sexes missing": lambda data: _first(data, "persons", 0.2, sex=None),
    "impossible dates": lambda data: _first(data, "crimes", 0.03, occurred_on=date(2026, 1, 1)),
    "recorded twice": lambda data: _rows_twice(data, 0.04),
    "duplicates": lambda data: [
        row.update({name: data["persons"][0][name] for name in ("forename", "surname", "date_of_birth", "phone")})
        for row in data["persons"][:150]
    ],
    "a silent month": lambda data: _drop(data, "crimes", lambda row: row["recorded_on"].month != 1),
    "links of no suspect": lambda data: (
        _first(data, "crimes", 0.5, suspect_status="none"),
        _drop(data, "involvements", lambda row: row["crime_id"] not in _unlinked(data)),
    ),
    "no status": lambda data: _first(data, "crimes", 0.3, suspect_status=None),
}
COLUMNS = [
    (name, field.name)
    for name in ("persons", "crimes", "involvements", "units")
    for field in CONTRACT[name].fields
    if field.name != "force" and not (name in ("crimes", "persons", "units") and field.name in CONTRACT[name].key)
]
WEAKER = st.one_of(
    st.tuples(st.just("empty"), st.sampled_from(["persons", "crimes", "involvements", "units"])),
    st.tuples(st.just("delete links"), st.sampled_from([2, 3, 10])),
    st.tuples(st.just("blank"), st.sampled_from(COLUMNS)),
)


def _weakened(data: Data, how: str, what: Any) -> None:
    if how == "empty":
        data[what] = []
    elif how == "delete links":
        data["involvements"] = [row for place, row in enumerate(data["involvements"]) if place % what]
    else:
        _change(data, what[0], **{what[1]: None})


def _before(name: str, force: str) -> Data:
    data = clean_data((force,), per_month=60)
    BEFORE[name](data)
    return data


def _judged(parts: dict[str, Data], **options: Any) -> Verdict:
    """The verdict on several forces, each of its own rows."""
    with TemporaryDirectory() as folder:
        return quick_verdict(write(Path(folder) / "data", joined(*parts.values()), AS_OF, list(parts)), **options)


def _slug(name: str) -> str:
    return name.replace(" ", "-")


@pytest.fixture(scope="module")
def ranks() -> dict[str, int]:
    """The rank of each of ``BEFORE``."""
    found = _judged({_slug(name): _before(name, _slug(name)) for name in BEFORE})
    return {name: rank(found, _slug(name)) for name in BEFORE}


def test_the_data_before_stand_at_every_rank(ranks: dict[str, int]) -> None:
    assert set(ranks.values()) == {0, 1, 2}


def test_a_forces_checks_are_the_same_beside_others_that_share_every_value() -> None:
    forces = [f"force-{place}" for place in range(4)]
    parts = {force: clean_data((force,), months=4, per_month=40) for force in forces}
    parts["force-0"]["crimes"] += [dict(row) for row in parts["force-0"]["crimes"][:5]]
    alone, beside = _judged({"force-0": parts["force-0"]}).checks, _judged(parts).checks
    columns = ["check_id", "month", "failed", "total", "rate", "threshold", "status"]
    there = beside.loc[beside["force"] == "force-0", columns].sort_values(["check_id", "month"], ignore_index=True)
    pd.testing.assert_frame_equal(alone[columns].sort_values(["check_id", "month"], ignore_index=True), there)


@pytest.mark.deep
@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(BEFORE)), WEAKER), min_size=8, max_size=16))
def test_less_evidence_never_improves_a_status(ranks: dict[str, int], cases: list[tuple[str, tuple[str, Any]]]) -> None:
    parts = {f"force-{place}": _before(name, f"force-{place}") for place, (name, _) in enumerate(cases)}
    for data, (_, (how, what)) in zip(parts.values(), cases, strict=True):
        _weakened(data, how, what)
    found = _judged(parts)
    for force, case in zip(parts, cases, strict=True):
        assert rank(found, force) <= ranks[case[0]], case


@pytest.mark.deep
@settings(max_examples=6, deadline=None)
@given(st.sets(st.sampled_from([check.id for check in catalogue()]), min_size=1, max_size=40))
def test_skipping_checks_never_improves_a_status(ranks: dict[str, int], skipped: set[str]) -> None:
    found = _judged({_slug(name): _before(name, _slug(name)) for name in BEFORE}, skip=tuple(skipped))
    for name, before in ranks.items():
        assert rank(found, _slug(name)) <= min(before, 1), name  # what was skipped may hide a failure


# ---- months ------------------------------------------------------------------------------------------------------------


def test_months_are_expected_from_the_forces_own_first_one(judged_for: Callable[..., Verdict]) -> None:
    data = clean_data()
    data["crimes"][0] |= {"recorded_on": date(1990, 5, 5), "reported_on": date(1990, 5, 5), "occurred_on": date(1990, 5, 5)}
    months = gate_of(judged_for(data, only=GATES_ALONE), "force-months supplied")
    assert (months["total"], months["status"]) == (6, "met"), "a stray date is no first month"
    early = gate_of(judged_for(clean_data(), period_start=date(2024, 8, 15), only=GATES_ALONE), "force-months supplied")
    assert (early["total"], early["value"], early["status"]) == (7, pytest.approx(6 / 7), "not met")


def test_a_month_that_is_covered_in_part_does_not_count(judged_for: Callable[..., Verdict]) -> None:
    data = clean_data()
    _drop(data, "crimes", lambda row: row["recorded_on"] < date(2025, 3, 1))
    found = gate_of(judged_for(data, as_of=date(2025, 3, 20), only=GATES_ALONE), "force-months supplied")
    assert (found["total"], found["status"]) == (5, "met")
    data = clean_data()
    _drop(data, "crimes", lambda row: row["recorded_on"] >= date(2024, 10, 15))
    assert gate_of(judged_for(data, only=GATES_ALONE), "force-months supplied")["total"] == 5


@settings(max_examples=4, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=2, unique=True), st.integers(1, 4))
def test_a_forces_months_are_the_same_beside_any_other(silent: list[int], months: int) -> None:
    cells = [("b0", "008L", month, 0 if place in silent else 12) for place, month in enumerate(months_back(6))]
    small = data_by_counts(cells, "smallshire")
    large = data_by_counts([("a0", "008L", month, 150) for month in months_back(months)], "bigshire")
    alone, beside = (gate_of(_judged_of(data), "force-months supplied", "smallshire") for data in (small, joined(small, large)))
    assert (alone["value"], alone["total"]) == (beside["value"], beside["total"])


def _judged_of(data: Data) -> Verdict:
    with TemporaryDirectory() as folder:
        return quick_verdict(write(Path(folder) / "data", data), only=("months_supplied",))


# ---- figures, actions, levels ------------------------------------------------------------------------------------------


def _share(text: str) -> float:
    return float(text.rstrip("%")) / 100


def test_the_report_shows_the_figures_of_the_files(typical_results: Results) -> None:
    readiness = typical_results["readiness"].query("instrument == 'harm_365'")
    card, gates = scorecard_table(typical_results), gates_table(typical_results)
    for line, force in zip(card.rows, typical_results.summary.forces, strict=True):
        mine = readiness[readiness["force"] == force.force]
        effect = typical_results["effect"].query("instrument == 'harm_365' and force == @force.force").iloc[0]
        assert line[1].status == force.status
        assert _share(line[2].text) == pytest.approx(effect["recall_at_k"], abs=0.0051)
        assert line[2].status == force.people_found
        for cell, row in zip(line[3:], mine[mine["kind"] == "dimension"].to_dict("records"), strict=True):
            assert _share(cell.text) == pytest.approx(row["value"], abs=0.00051)
            assert (cell.status, cell.link.endswith(row["decided_by"])) == (row["status"], True)
    for line, (name, gate) in zip(gates.rows, GATES.items(), strict=True):
        rows = readiness[readiness["name"] == name]
        not_met = rows[rows["status"] == "not met"]
        shown = [_share(text) for text in re.findall(r"[0-9.]+%", line[2].text)]
        assert line[0].text == gate.label
        assert sorted(shown) == pytest.approx(sorted(not_met["value"]), abs=0.00051)
        assert line[2].status == ("not met" if len(not_met) else "met" if (rows["status"] == "met").all() else "")
    page = unescape(report_html(typical_results))
    assert all(cell.text in page for table in (card, gates) for row in table.rows for cell in row)
    for figure in [*gate_figures(mine), *dimension_figures(mine)]:
        row = mine[mine["name"] == figure.name].iloc[0]
        assert (figure.value, figure.threshold, figure.status) == (row["value"], row["threshold"], row["status"])
        assert _share(figure.text) == pytest.approx(row["value"], abs=0.00051)


@given(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.1, 0.9, 0.95, 1.0]))
def test_a_figure_as_it_is_shown_is_on_the_side_of_its_threshold_that_it_is_on(value: float, threshold: float) -> None:
    shown = float(share_text(value, threshold).rstrip("%")) / 100
    if abs(value - threshold) > 1e-7:
        assert (shown > threshold) == (value > threshold)
        assert (shown < threshold) == (value < threshold)
    assert shown == pytest.approx(value, abs=0.00051)


def test_the_list_of_what_to_do_is_what_blocks_and_then_what_raises(typical_results: Results) -> None:
    actions = typical_results["actions"]
    assert set(actions["instrument"]) == set(typical_results["readiness"]["instrument"])
    for force in typical_results.summary.forces:
        mine = actions.query("force == @force.force and instrument == 'harm_365'")
        assert mine["order"].tolist() == list(range(1, len(mine) + 1))
        blocks, raises = (mine[mine["kind"] == kind] for kind in (BLOCKS, RAISES))
        assert mine["kind"].tolist() == [BLOCKS] * len(blocks) + [RAISES] * len(raises)
        assert blocks["item"].tolist() == force.to_next_status
        assert raises["gain"].is_monotonic_decreasing
        checks = typical_results["checks"]
        for row in blocks.to_dict("records"):
            if not pd.isna(row["rows_affected"]):
                counted = checks.query("check_id == @row['check_id'] and force == @force.force and month.isna()").iloc[0]
                assert row["rows_affected"] == counted["failed"]


def test_levels_of_fail_on(clean_results: Results, typical_results: Results) -> None:
    assert not crossed(clean_results, "fail")
    assert not crossed(clean_results, "warn")
    assert crossed(typical_results, "fail")

    def with_gate(status: str) -> Results:
        readiness = clean_results["readiness"].copy()
        readiness.loc[readiness["name"] == "duplicate person records", "status"] = status
        return clean_results.with_tables(clean_results.summary, readiness=readiness)

    assert [crossed(with_gate("too close to call"), level) for level in ("warn", "fail")] == [True, False]
    assert [crossed(with_gate("cannot be judged"), level) for level in ("warn", "fail")] == [True, False]
    assert [crossed(with_gate("not met"), level) for level in ("warn", "fail")] == [True, True]
    bare = clean_results.summary.forces[1].model_copy(update={"person_records": 0})
    summary = clean_results.summary.model_copy(update={"forces": [clean_results.summary.forces[0], bare]})
    assert all(crossed(clean_results.with_tables(summary), level) for level in ("warn", "fail"))


def test_lists_are_a_hundred_long_unless_chosen_otherwise(typical: Dataset, typical_results: Results) -> None:
    assert set(typical_results["effect"]["k"]) == {100}
    assert typical_results.summary.options.k == 100
    with connect(typical) as connection:
        by_population = list_lengths(connection, typical.forces, "population")
        residents = dict(connection.execute("SELECT force, sum(population) FROM units GROUP BY force").fetchall())
    nation = reference("forces")["population"].sum()
    assert by_population == {force: max(10, round(1000 * int(residents[force]) / nation)) for force in typical.forces}


def test_the_summary_for_the_use_it_was_written_for_is_what_would_be_judged_again(typical_results: Results) -> None:
    options, own = typical_results.summary.options, Thresholds.model_validate(typical_results.summary.thresholds)
    again = force_summaries(
        sizes_of(typical_results), typical_results["readiness"], typical_results["effect"], options.instrument, own
    )
    assert for_use(typical_results, options.instrument, own).summary.forces == again
    assert {row.people_found for row in again} == {"not met"}
    laxer = own.model_copy(update={"recall_at_k": 0.0})
    assert {row.people_found for row in for_use(typical_results, options.instrument, laxer).summary.forces} == {"met"}


def test_figures_of_all_forces_are_those_of_each(typical_results: Results) -> None:
    rows = typical_results["readiness"]
    rows = rows[rows["instrument"] == typical_results.summary.options.instrument]
    each = {force: rows[rows["force"] == force] for force in rows["force"].unique()}
    assert repr(figures_by_force(rows, "gate")) == repr({force: gate_figures(mine) for force, mine in each.items()})
    assert repr(figures_by_force(rows, "dimension")) == repr({force: dimension_figures(mine) for force, mine in each.items()})
