"""The checks: equal to plain counts on data that the generator did not make, and the same on every engine."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import AuditOptions, Results, audit_dataset
from audit.checks.catalogue import DIMENSIONS, catalogue
from audit.checks.run import COLUMNS, Context, count_checks, failing_rows, first_failing_rows, judged
from audit.checks.types.base import RowCheck, SeriesCheck, is_one_of
from audit.checks.types.changes import count_changes, share_changes
from audit.checks.types.groups import Group, Unequal
from audit.checks.types.values import Missing
from audit.engines import connect, frames
from audit.statistics import at_least_so_many, group_difference, q_values, wilson
from synthetic import Dataset, load
from synthetic.contract import RECORDED, TABLES
from synthetic.errors import InputError
from tests.audit.counted import rows_on
from tests.audit.foreign import write_dataset
from tests.audit.small import AS_OF, clean_data, data_by_counts, months_back, write


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Hand-made tables with every fault that a check looks for, in known numbers."""
    persons = [
        {"person_id": "SYN-1", "force": "north", "forename": "Ann", "sex": "F", "postcode": "VA10 1AA", "phone": "06123456789"},
        {"person_id": "SYN-2", "force": "north", "forename": " ", "sex": "X", "postcode": "VA1", "phone": "06"},
        {"person_id": "SYN-2", "force": "north", "forename": None, "sex": "U", "ethnicity": "NS"},
        {"person_id": "SYN-3", "force": "south", "forename": "Cy", "date_of_birth": "2031-01-01"},
    ]
    crime = {"force": "north", "unit_id": "n-1", "offence_code": "008N", "occurred_on": "2024-01-05", "postcode": "VA10 1AA"}
    crimes = [
        {**crime, "crime_id": "SYN-A", "reported_on": "2024-01-05", "recorded_on": "2024-01-06", "suspect_status": "named"},
        {**crime, "crime_id": "SYN-B", "reported_on": "2024-01-05", "recorded_on": "2024-03-01", "suspect_status": "named"},
        {**crime, "crime_id": "SYN-C", "offence_code": "999", "reported_on": "2023-01-01", "recorded_on": "2024-01-02"},
        {**crime, "crime_id": "SYN-D", "unit_id": "n-9", "reported_on": None, "recorded_on": "2024-01-02", "outcome_code": "1"},
    ]
    links = [
        {"crime_id": "SYN-A", "person_id": "SYN-1", "role": "suspect"},
        {"crime_id": "SYN-A", "person_id": "SYN-1", "role": "suspect"},
        {"crime_id": "SYN-A", "person_id": "SYN-9", "role": "victim"},
        {"crime_id": "SYN-Z", "person_id": "SYN-2", "role": "victim", "relationship": "unknown"},
    ]
    for row in crimes:
        row["reported_via"] = "online"
    for row in persons:
        row |= {"created_on": "2024-01-01", "source_system": "records"}
    tables = {
        "units": [{"unit_id": "n-1", "force": "north", "unit_name": "One", "population": 1000}],
        "persons": persons,
        "crimes": crimes,
        "involvements": links,
    }
    return write_dataset(tmp_path_factory.mktemp("foreign"), tables, ["north", "south"], "2024-06-30")


EXPECTED = {
    # check: (failed, counted) in the force north
    "missing.persons.forename": (2, 3),
    "missing.persons.sex": (0, 3),
    "missing.persons.ethnicity": (2, 3),
    "unknown_code.persons.sex": (1, 3),
    "unknown_code.persons.ethnicity": (1, 3),
    "code_not_in_list.persons.sex": (1, 3),
    "code_not_in_list.crimes.offence_code": (1, 4),
    "pattern.persons.postcode": (1, 2),
    "pattern.persons.phone": (1, 2),
    "missing.crimes.reported_on": (1, 4),
    "key_twice.persons": (2, 3),
    "key_twice.crimes": (0, 4),
    "key_twice.involvements": (2, 4),
    "same_event_twice.crimes": (1, 3),
    "key_orphaned.involvements.crime_id": (1, 4),
    "key_orphaned.involvements.person_id": (1, 4),
    "key_orphaned.crimes.unit_id": (1, 4),
    "required_when.suspect_linked": (3, 4),  # a blank status is counted
    "required_when.suspect_status": (0, 1),
    "required_when.outcome_code": (0, 0),
    "cardinality.crimes.no_victim": (4, 4),  # a link that leads nowhere is none
    "contradiction.crimes.charged_without_link": (1, 1),
    "contradiction.crimes.recorded_before_occurrence": (2, 4),
    "stale.crimes.outcome": (0, 0),
    "delay.crimes.3_days": (2, 3),
    "heaping.crimes.occurred_on_1_january": (0, 4),
    "placeholder.persons.forename": (0, 1),
    "shared_value.persons.phone": (0, 2),
    "range.units.population": (0, 1),
    "unequal.persons.forename.by_sex": (0, 0),
    "contradiction.involvements.record_of_another_force": (0, 3),
    "required_when.outcome_on": (1, 1),
    "impossible_date.crimes.occurred_on": (1, 4),
    "impossible_date.persons.date_of_birth": (0, 0),
    "delay.crimes.1_day": (2, 3),
    "delay.crimes.30_days": (2, 3),
    "missing.involvements.relationship": (3, 4),
}


def test_checks_count_what_is_there(foreign: Dataset) -> None:
    checks = rows_on("duckdb", foreign)
    whole = checks[checks["month"].isna() & (checks["force"] == "north")].set_index("check_id")
    found = {name: (int(whole.loc[name, "failed"]), int(whole.loc[name, "total"])) for name in EXPECTED}
    assert found == EXPECTED
    south = checks[checks["month"].isna() & (checks["force"] == "south")].set_index("check_id")
    assert south.loc["impossible_date.persons.date_of_birth", "status"] == "fail"
    assert south.loc["missing.crimes.crime_id", "status"] == "not_applicable"


@pytest.mark.parametrize("dataset", ["typical", "foreign"])
def test_missing_counts_equal_a_plain_count(dataset: str, request: pytest.FixtureRequest) -> None:
    data: Dataset = request.getfixturevalue(dataset)
    rows = request.getfixturevalue("typical_results")["checks"] if dataset == "typical" else rows_on("duckdb", data)
    checks = rows.query("check_type == 'missing' and month.isna()")
    for name in RECORDED:
        for force in data.forces:
            parts = [pd.read_parquet(path) for path in data.files(name, force)]
            frame = pd.concat(parts) if parts else pd.DataFrame(columns=TABLES[name].columns)
            crimes = pd.concat([pd.read_parquet(path) for path in data.files("crimes", force)] or [pd.DataFrame({"crime_id": []})])
            if name in ("crimes", "involvements") and "record_class" in crimes:  # checks are about crimes unless they say otherwise
                others = crimes.loc[crimes["record_class"].fillna("crime") != "crime", "crime_id"]
                frame = frame[~frame["crime_id"].isin(others)]
            for row in checks.query("table == @name and force == @force").itertuples():
                blank = frame[row.field].isna() | (frame[row.field].astype("str").str.strip() == "")
                assert (row.failed, row.total) == (blank.sum(), len(frame)), row.check_id


@pytest.mark.parametrize("force", [None, "durnley"])
def test_the_first_failing_rows_are_those_of_all(small: Dataset, force: str | None) -> None:
    context = Context(small.manifest.as_of)
    with connect(small) as connection:
        tables = frames("duckdb", small, connection)
        for check in catalogue():
            if check.id in ("missing.persons.ethnicity", "missing.involvements.relationship", "delay.crimes.1_day"):
                every = failing_rows(tables, check, context, force)
                count, first = first_failing_rows(tables, check, context, force, 3)
                assert count == len(every) > 3
                pd.testing.assert_frame_equal(first, every.head(3))
        with pytest.raises(InputError, match="not about single rows"):
            failing_rows(tables, next(check for check in catalogue() if check.type == "reporting_gaps"), context)


def _unequal(**counts: tuple[int, int]) -> tuple[int, int]:
    """Failed and total of a comparison of groups with these (blank, rows)."""
    check = Unequal(
        "unequal.persons.phone.by_sex", table="persons", field="phone", column="sex", people="these or those",
        groups=tuple(Group(name, (name,)) for name in counts), needed_for=("equality",),
    )  # fmt: skip
    rows = {
        name: pd.DataFrame({"check_id": "x", "force": ["a"], "month": [None], "failed": [blank], "total": [total]})
        for name, (blank, total) in counts.items()
    }
    found = check.combine(rows, Context(date(2024, 1, 31))).iloc[0]
    return int(found["failed"]), int(found["total"])


def test_unequal_counts_the_excess_of_the_group_that_is_worst_off() -> None:
    assert _unequal(these=(100, 1000), others=(300, 1000)) == (200, 1000)
    assert _unequal(these=(100, 1000), others=(105, 1000)) == (0, 1000)
    assert _unequal(a=(100, 1000), b=(100, 1000), c=(300, 500), d=(100, 1000)) == (250, 500)
    assert _unequal(a=(10, 100), b=(12, 100), c=(9, 100), d=(11, 100))[0] == 0


@pytest.mark.parametrize("blank, rows", [(1, 1), (2, 2), (1, 3), (9, 9), (0, 1)])
def test_a_handful_of_records_is_no_group(blank: int, rows: int) -> None:
    assert _unequal(few=(blank, rows), many=(0, 1199)) == (0, 0)


def test_a_small_group_that_is_far_worse_off_is_found() -> None:
    assert _unequal(small=(9, 12), large=(60, 600))[0] == 8


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_two_groups_are_compared_by_fishers_exact_test(one: int, other: int, data: st.DataObject) -> None:
    from scipy.stats import fisher_exact

    failed = np.array([data.draw(st.integers(0, one)), data.draw(st.integers(0, other))])
    total = np.array([one, other])
    expected = fisher_exact(np.column_stack([failed, total - failed])).pvalue
    assert group_difference(failed, total) == pytest.approx(expected, rel=1e-6)


def test_a_test_of_several_groups_holds_its_level() -> None:
    random = np.random.default_rng(1)
    total = np.array([12, 40, 200, 15, 90])
    p_values = np.array([group_difference(random.binomial(total, 0.1), total, seed) for seed in range(200)])
    assert (p_values < 0.05).mean() < 0.10
    assert group_difference(np.array([9, 4, 20, 1, 9]), total) < 0.001


def test_the_chance_of_so_many_rows_is_the_hypergeometric_tail() -> None:
    from scipy.stats import hypergeom

    random = np.random.default_rng(2)
    all_total = random.integers(2, 20_000, 300)
    all_failed, total = (np.maximum((all_total * random.random(300) ** 2).astype(int), 1) for _ in range(2))
    usual = total * all_failed / all_total
    failed = np.clip((usual * random.uniform(0.5, 2.5, 300)).astype(int), 0, np.minimum(total, all_failed))
    found, expected = at_least_so_many(failed, total, all_failed, all_total), hypergeom.sf(failed - 1, all_total, all_failed, total)
    assert found[failed > usual] == pytest.approx(expected[failed > usual], rel=1e-8)
    assert (found[failed <= usual] == 1).all()


def test_months_whose_share_of_blanks_changes_are_found_in_every_series_from_its_own_first_month_on() -> None:
    total = np.array([[0, 0, 100, 100, 100, 100, 100, 100], [100] * 8, [100, 100, 100, 0, 100, 100, 100, 100]], float)
    failed = np.array([[0, 0, 90, 10, 10, 10, 60, 10], [10] * 5 + [60] * 3, [10, 10, 10, 0, 50, 10, 10, 10]], float)
    changed, known = share_changes(failed, total)
    assert [np.flatnonzero(row).tolist() for row in changed] == [[5, 6], [5, 6], [4]]
    assert [np.flatnonzero(row).tolist() for row in known] == [[5, 6, 7], [3, 4, 5, 6, 7], [4, 5, 6, 7]]
    # A series is judged by itself: alone it is judged as beside others with an earlier first month.
    alone = share_changes(failed[:1, 2:], total[:1, 2:])
    assert [part.tolist() for part in alone] == [changed[:1, 2:].tolist(), known[:1, 2:].tolist()]


def _changed(*years: list[int]) -> list[int]:
    changed, _ = count_changes(np.array([month for year in years for month in year], float))
    return np.flatnonzero(changed).tolist()


FLAT = [1000] * 12
SUMMER = [1000] * 2 + [1800] * 3 + [1000] * 7


def test_an_abrupt_change_is_found_in_its_month() -> None:
    assert _changed([1000] * 8 + [400] * 5) == [8]
    assert _changed(FLAT, [1000] * 4 + [300] + [1000] * 7) == [16]
    assert _changed(FLAT, FLAT, [1000] * 4 + [2000] + [1000] * 7) == [28]
    assert _changed(FLAT, [1000] * 6 + [400] * 6)[:1] == [18]


def test_seasons_are_no_abrupt_change() -> None:
    assert _changed(SUMMER, SUMMER) == []
    for months in range(6, 24):  # a season that has come only once looks like a change, and is none
        assert _changed((SUMMER + SUMMER)[:months]) == [], months
        assert _changed((SUMMER + SUMMER)[24 - months :]) == [], months
    assert _changed(SUMMER, SUMMER, SUMMER) == []
    growing = [[round(month * 1.2**year) for month in SUMMER] for year in range(4)]
    assert _changed(*growing) == []
    at_the_start = [1800] * 3 + [1000] * 9
    assert _changed(at_the_start, at_the_start) == []
    assert _changed([1000] * 8 + [550] + [1000] * 3, [1000] * 8 + [550] + [1000] * 3) == []


def test_a_summer_that_does_not_come_is_an_abrupt_change() -> None:
    assert 26 in _changed(SUMMER, SUMMER, FLAT)


@pytest.mark.parametrize(
    ("first", "last", "as_of"),
    [(20, 31, date(2025, 3, 31)), (1, 9, date(2025, 3, 9)), (1, 9, date(2025, 3, 31)), (25, 8, date(2025, 3, 8))],
)
def test_months_that_are_covered_in_part_are_no_abrupt_change(first: int, last: int, as_of: date, tmp_path: Path) -> None:
    cells = [("u0", "008L", month, 120) for month in months_back(14)]
    data = data_by_counts(cells, "testshire")
    begin, end = date(2024, 2, first), date(2025, 3, last)
    data["crimes"] = [row for row in data["crimes"] if begin <= row["recorded_on"] <= end]
    data["involvements"] = []
    dataset = write(tmp_path / "data", data, as_of, ["testshire"])
    rows = rows_on("duckdb", dataset, "abrupt_change.crimes.count")
    found = rows[(rows["check_id"] == "abrupt_change.crimes.count") & rows["month"].isna()].iloc[0]
    assert found["failed"] == 0 < found["total"]


@pytest.mark.parametrize("made", ["small", pytest.param("typical", marks=pytest.mark.deep)])
def test_every_check_of_single_rows_gives_the_rows_that_it_counts(made: str, request: pytest.FixtureRequest) -> None:
    dataset: Dataset = request.getfixturevalue(made)
    counted = rows_on("duckdb", dataset).query("month.isna()").groupby("check_id")["failed"].sum()
    context = Context(dataset.manifest.as_of)
    with connect(dataset) as connection:
        tables = frames("duckdb", dataset, connection)
        for check in catalogue():
            if check.rows_fail and check.type not in ("linked_records", "same_event_twice"):  # there a row has a weight
                assert len(failing_rows(tables, check, context)) == counted[check.id], check.id


def test_rows_twice_are_recorded_twice(tmp_path: Path) -> None:
    data = clean_data(months=2, per_month=20)
    data["crimes"] += [dict(row) for row in data["crimes"][:10]] + [dict(row) for row in data["crimes"][:5]]
    data["crimes"] += [data["crimes"][20] | {"crime_id": "SYN-other"}]
    rows = rows_on("duckdb", write(tmp_path / "data", data, AS_OF, ["testshire"]), "same_event_twice.crimes")
    found = rows[(rows["check_id"] == "same_event_twice.crimes") & rows["month"].isna()].iloc[0]
    assert (found["failed"], found["total"]) == (16, 56)


def test_checks_that_were_left_out_are_not_run(small: Dataset) -> None:
    results = audit_dataset(small, AuditOptions(skip=["missing", "same_event_twice.crimes", "duplicate_identities"]))
    left_out = results["checks"].query("status == 'not_run'")
    assert set(left_out["check_type"]) == {"missing", "same_event_twice", "duplicate_identities"}
    assert set(results["checks"]["check_id"]) == {check.id for check in catalogue()}
    assert left_out["month"].isna().all()
    assert (left_out["failed"] == 0).all() and (left_out["total"] == 0).all() and left_out["rate"].isna().all()


def test_a_check_of_all_rows_sees_incidents_and_one_of_crimes_does_not(tmp_path: Path) -> None:
    data = clean_data(months=2, per_month=20)
    for row in data["crimes"][:8]:
        row |= {"record_class": "non_crime_incident", "offence_code": None}
    data["crimes"][0]["record_class"] = "no such class"
    rows = rows_on("duckdb", write(tmp_path / "data", data, AS_OF, ["testshire"]), *SCOPED)
    whole = rows[rows["month"].isna()].set_index("check_id")
    found = {name: (int(whole.loc[name, "failed"]), int(whole.loc[name, "total"])) for name in SCOPED}
    assert found == SCOPED


SCOPED = {
    "missing.crimes.offence_code": (0, 32),
    "key_twice.crimes": (0, 40),
    "code_not_in_list.crimes.record_class": (1, 8),
}


def test_months_add_up_to_the_whole_period(typical_results: Results) -> None:
    checks = typical_results["checks"]
    assert checks.columns.tolist() == COLUMNS
    monthly = checks[checks["month"].notna()].groupby(["check_id", "force"])["total"].sum()
    whole = checks[checks["month"].isna()].set_index(["check_id", "force"])["total"]
    undated = whole.index.get_level_values("check_id").str.contains(
        "units|unequal|duplicate_identities|months_supplied|agrees_with|stands_out"
    )
    dated = whole[~undated]
    assert (monthly.reindex(dated.index, fill_value=0) == dated).all()


def test_on_clean_no_check_fails(clean_results: Results) -> None:
    results = clean_results
    checks = results["checks"]
    assert set(checks.loc[checks["month"].isna(), "status"]) <= {"pass", "not_applicable"}
    assert results["gaps"].empty
    assert results["readiness"]["passed"].fillna(True).all()


def test_one_broken_check_never_stops_the_rest(typical: Dataset) -> None:
    broken = Missing("broken", table="persons", field="phone", warn=0, fail=0)
    object.__setattr__(broken, "field", "no_such_field")
    checks = (*catalogue()[:5], broken)
    with connect(typical) as connection:
        counts, reported = count_checks(frames("duckdb", typical, connection), checks, Context(typical.manifest.as_of))
    rows = judged(counts, checks, typical.forces, reported)
    status = rows[rows["month"].isna()].groupby("check_id")["status"].agg(set)
    assert status["broken"] == {"error"}
    assert "error" not in status[catalogue()[4].id]


def test_every_check_is_declared_whole() -> None:
    declared = catalogue()
    assert len(declared) >= 80
    assert len({check.type for check in declared}) >= 18
    assert len({check.id for check in declared}) == len(declared)
    for check in declared:
        assert isinstance(check, RowCheck) == check.rows_fail
        assert not (check.rows_fail and isinstance(check, SeriesCheck))
        assert check.dimension in DIMENSIONS
        assert check.field in TABLES[check.table].columns
        assert 0 <= check.warn <= check.fail <= 1, check.id
        assert all(sentence.endswith(".") for sentence in (check.finds, check.matters, check.fix)), check.id


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_wilson_holds_the_rate_within_0_and_1(failed: int, more: int) -> None:
    rate, low, high = (value[0] for value in wilson(np.array([failed]), np.array([failed + more])))
    assert 0 <= low <= rate <= high <= 1


def test_wilson_is_the_published_interval() -> None:
    # Newcombe 1998, doi 10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I: 81 of 263.
    _, low, high = wilson(np.array([81]), np.array([263]))
    assert (round(float(low[0]), 4), round(float(high[0]), 4)) == (0.2553, 0.3662)
    assert np.isnan(wilson(np.array([0]), np.array([0]))[1][0])


def test_q_values_are_those_of_benjamini_and_hochberg() -> None:
    assert q_values(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.04, 0.04])
    assert len(q_values(np.array([]))) == 0


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_q_values_are_those_of_scipy(values: list[float]) -> None:
    from scipy.stats import false_discovery_control

    assert q_values(np.array(values)) == pytest.approx(false_discovery_control(values))


def test_an_empty_dataset_is_audited(tmp_path: Path, foreign: Dataset) -> None:
    empty = write_dataset(tmp_path / "empty", {name: [] for name in RECORDED}, ["north"], "2024-06-30")
    results = audit_dataset(empty)
    assert set(results["checks"]["status"]) == {"not_applicable"}
    assert results.summary.forces[0].crimes == 0


def test_a_column_that_a_dataset_leaves_out_is_all_missing(
    small: Dataset, tmp_path: Path, forge_table: Callable[..., None]
) -> None:
    without = Path(shutil.copytree(small.path, tmp_path / "without"))
    forge_table(without, "persons", lambda table: table.drop_columns("phone"))
    checks = rows_on("duckdb", load(without))
    row = checks[(checks["check_id"] == "missing.persons.phone") & checks["month"].isna()].iloc[0]
    assert row["failed"] == row["total"] > 0


@pytest.mark.parametrize("choices", [(), ("F",), ("F", "M"), ("F", "M", "U", "X", "Y")])
def test_a_value_is_one_of_none_of_few_and_of_many(choices: tuple[str, ...]) -> None:
    values = pd.DataFrame({"sex": ["F", "M", "U", "Z", None]})
    found = nw.from_native(values).select(found=is_one_of(nw.col("sex"), choices).fill_null(False)).to_native()["found"]
    assert found.tolist() == [value in choices for value in values["sex"]]
