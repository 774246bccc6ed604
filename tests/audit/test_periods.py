"""Each force has its own period: its own first month, seasons, and first and last months of which only some days are covered."""

from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.gaps import Counts, find_gaps, read_counts
from audit.readiness.evidence import months_supplied

AS_OF = date(2025, 3, 31)


def crimes(
    force: str, first: date, last: date, a_day: float, seed: int, units: int = 3, silent: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Poisson crimes of every day from first to last, none in the ``silent`` months (2024-05)."""
    rng = np.random.default_rng(seed)
    days = [first + timedelta(number) for number in range((last - first).days + 1)]
    days = [day for day in days if f"{day:%Y-%m}" not in silent]
    rows = [
        (force, f"{force}-{unit}", code, day)
        for unit in range(units)
        for day in days
        for code in rng.choice(["008L", "105A", "008N"], rng.poisson(a_day))
    ]
    return pd.DataFrame(rows, columns=["force", "unit_id", "offence_code", "recorded_on"])


@contextmanager
def tables(frames: list[pd.DataFrame]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the crimes of the frames, and their units."""
    table = pd.concat(frames, ignore_index=True)
    table = table.assign(recorded_on=pd.to_datetime(table["recorded_on"]), reported_on=pd.to_datetime(table["recorded_on"]))
    with duckdb.connect() as connection:
        connection.register("given", table)
        connection.execute(
            "CREATE TABLE crimes AS SELECT * REPLACE (recorded_on::DATE AS recorded_on, reported_on::DATE AS reported_on) FROM given"
        )
        connection.execute("CREATE TABLE units AS SELECT DISTINCT force, unit_id FROM crimes")
        yield connection


def counted(frames: list[pd.DataFrame], as_of: date = AS_OF, period_start: date | None = None) -> dict[str, Counts]:
    with tables(frames) as connection:
        return {one.force: one for one in read_counts(connection, as_of, period_start)}


def supplied(frames: list[pd.DataFrame], force: str, as_of: date = AS_OF, period_start: date | None = None) -> tuple[int, int]:
    """Months supplied and expected of one force."""
    with tables(frames) as connection:
        row = months_supplied(connection, [force], as_of, period_start).loc[force]
    return int(row["force_months"]), int(row["force_months_expected"])


def test_months_are_expected_from_the_forces_own_first_month_whatever_other_forces_hold() -> None:
    small = crimes("smallshire", date(2022, 4, 1), AS_OF, 0.4, 1, silent=("2022-09", "2022-10"))
    large = crimes("bigshire", date(2023, 10, 1), AS_OF, 8, 2)
    for frames in ([small], [small, large]):
        assert supplied(frames, "smallshire") == (34, 36)
    assert supplied([small, large], "bigshire") == (18, 18)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000), st.integers(8, 30), st.integers(1, 60), st.floats(0.05, 4))
def test_what_is_found_of_a_force_depends_on_its_own_rows_alone(seed: int, months: int, other: int, a_day: float) -> None:
    def back(number: int) -> date:
        return date(2025 - (number + 8) // 12, 12 - (number + 8) % 12, 1)

    mine = crimes("mine", back(months), AS_OF, 1.0, seed, silent=("2024-09", "2024-12"))
    others = crimes("others", back(other), AS_OF, a_day, seed + 1, units=2)
    alone, beside = counted([mine])["mine"], counted([mine, others])["mine"]
    assert alone.months == beside.months
    assert supplied([mine], "mine") == supplied([mine, others], "mine")
    for name, table in vars(find_gaps([alone])).items():
        pd.testing.assert_frame_equal(table, getattr(find_gaps([beside]), name))


def test_months_of_which_only_some_days_are_covered_are_neither_expected_nor_gaps() -> None:
    first, as_of = date(2022, 4, 20), date(2025, 3, 9)
    mine = crimes("mine", first, as_of, 2, 3)
    counts = counted([mine], as_of)["mine"]
    assert (counts.days[0], counts.days[-1]) == (11, 9)
    assert supplied([mine], "mine", as_of) == (34, 34)
    found = find_gaps([counts])
    assert found.gaps.empty and found.unit_changes.empty
    months = found.unit_months.groupby("month")["expected"].sum()
    assert months.iloc[0] == pytest.approx(3 * 2 * 11, rel=0.15)
    assert months.iloc[-1] == pytest.approx(3 * 2 * 9, rel=0.15)


def test_a_declared_start_of_the_period_is_where_months_are_expected_from() -> None:
    mine = crimes("mine", date(2023, 6, 1), AS_OF, 2, 4)
    assert supplied([mine], "mine") == (22, 22)
    assert supplied([mine], "mine", period_start=date(2023, 1, 1)) == (22, 27)
    assert supplied([mine], "mine", period_start=date(2023, 7, 15)) == (20, 20)
    partly = counted([mine], period_start=date(2023, 7, 15))["mine"]
    assert partly.days[0] == 17
    assert [int(days) for days in partly.days[1:]] == [monthrange(month.year, month.month)[1] for month in partly.months[1:]]


def test_stray_dates_before_the_data_do_not_make_months_expected() -> None:
    mine = crimes("mine", date(2023, 4, 1), AS_OF, 1, 5)
    stray = mine.head(3).assign(recorded_on=[date(1900, 1, 1), date(1970, 1, 1), date(2022, 8, 3)])
    counts = counted([pd.concat([stray, mine])])["mine"]
    assert counts.months[0] == date(2023, 4, 1)
    assert supplied([stray, mine], "mine") == (24, 24)


def test_a_force_without_a_crime_has_no_months_expected() -> None:
    mine = crimes("mine", date(2024, 4, 1), AS_OF, 1, 6)
    empty = mine.head(1).assign(force="empty", unit_id="empty-0", recorded_on=None)
    counts = counted([mine, empty])
    assert supplied([mine, empty], "empty") == (0, 0)
    assert find_gaps([counts["empty"]]).gaps.empty


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.deep) for seed in (1, 2))])
def test_a_season_is_neither_a_gap_nor_a_unit_change(seed: int) -> None:
    mine = crimes("mine", date(2022, 4, 1), AS_OF, 2, seed)
    summer = mine[pd.to_datetime(mine["recorded_on"]).dt.month.isin([6, 7, 8])].sample(frac=0.8, random_state=seed)
    found = find_gaps([counted([mine, summer])["mine"]])
    assert found.gaps.empty and found.unit_changes.empty
