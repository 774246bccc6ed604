"""Reporting gaps: found once, with their months, kind and what they hide; and not found where there are none."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import Results, audit_dataset
from audit.engines import asked_of, connect
from audit.evaluation import score_gaps
from audit.gaps import Counts, find_coverage, find_gaps, read_counts
from audit.gaps.describe import interval
from audit.gaps.scan import Windows, tail
from synthetic import Dataset, generate
from synthetic.contract import blanks
from synthetic.profile import check_profile
from tests.audit.foreign import write_dataset
from tests.audit.simulated import Simulated


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.deep) for seed in (1, 2))])
def test_counts_without_a_gap_have_none(seed: int) -> None:
    assert Simulated(seed, trend=0.08, dispersion=0.03, season=0.3).found() == []


@pytest.mark.parametrize(
    ("share", "first", "last", "kind", "group"),
    [
        (1.0, 10, 12, "silent", None),
        (0.6, 20, 27, "drop", None),
        (0.4, 24, 47, "step", None),
        (1.0, 45, 47, "silent", None),
        (0.5, 46, 47, "incomplete", None),
        (1.0, 0, 2, "silent", None),
        (1.0, 8, 15, "silent", "stalking"),
        (1.0, 8, 15, "silent", "violence"),
    ],
)
def test_a_gap_is_reported_once_with_its_level_months_and_kind(
    share: float, first: int, last: int, kind: str, group: str | None
) -> None:
    world = Simulated(7, [150.0] * 12)
    world.take(3, first, last, share, kind, group)
    reported = world.found()
    assert len(reported) == 1
    unit, its_group, its_first, its_last, its_kind = reported[0]
    assert (unit, its_group, its_kind) == ("unit-03", group, kind)
    assert abs(its_first - first) <= 1
    assert abs(its_last - last) <= 1


def test_a_group_written_down_as_its_neighbour_is_misrouted() -> None:
    world = Simulated(3, [150.0] * 12)
    world.take(5, 20, 30, 0.95, "misrouted", "stalking", to="harassment")
    assert world.found() == [("unit-05", "stalking", 20, 30, "misrouted")]


def test_a_change_of_system_is_reported_for_every_unit_from_its_month_on() -> None:
    world = Simulated(4, 20, months=60)
    for unit in range(20):
        world.take(unit, 30, 59, 0.25, "step")
    reported = world.found()
    assert sum(first == 30 and last == 59 and kind == "step" for _, _, first, last, kind in reported) >= 18
    assert len(reported) <= 22


def test_what_a_gap_hides_is_what_was_taken() -> None:
    inside, lost = 0, []
    for seed in range(8):
        world = Simulated(seed, [120.0] * 12)
        world.take(2, 12, 17, 0.5, "drop")
        world.take(8, 30, 33, 1.0, "silent")
        hidden = find_gaps([world.counts]).hidden_crimes.query("unit_id in ('unit-02', 'unit-08')").sort_values("unit_id")
        assert len(hidden) == 2
        for row, taken in zip(hidden.itertuples(), world.taken, strict=True):
            inside += row.low <= taken["events_lost"] <= row.high
            lost.append(row.hidden / taken["events_lost"])
    assert inside >= 13  # 95 % of 16, less chance
    assert np.mean(lost) == pytest.approx(1, abs=0.08)


def test_a_unit_opened_within_the_period_has_no_gap_before_it() -> None:
    world = Simulated(5, [100.0] * 10)
    world.crimes[4, :, :20] = 0
    assert world.found() == []


def test_a_unit_that_closes_and_is_taken_over_has_no_gap() -> None:
    world = Simulated(11, [100.0] * 10)
    world.crimes[7, :, 25:] += world.crimes[2, :, 25:]
    world.crimes[2, :, 25:] = 0
    assert world.found() == []


def test_a_unit_that_stops_with_nobody_taking_over_is_silent_to_the_end() -> None:
    world = Simulated(11, [100.0] * 10)
    world.crimes[2, :, 25:] = 0
    assert world.found() == [("unit-02", None, 25, 47, "silent")]


def test_months_in_which_a_whole_force_is_silent_are_reported_for_every_unit() -> None:
    world = Simulated(8, [80.0] * 10)
    world.crimes[:, :, 18:21] = 0
    assert world.found() == [(unit, None, 18, 20, "silent") for unit in world.units]


def test_quiet_units_and_short_periods_have_no_gap() -> None:
    assert Simulated(1, [1 / 12] * 5).found() == []
    for months in (1, 2, 3, 5):
        assert Simulated(1, 10, months=months).found() == []
    silent = Simulated(1, [50.0] * 3)
    silent.crimes[:] = 0
    assert silent.found() == []


def test_the_order_of_units_does_not_matter() -> None:
    world = Simulated(9, 15)
    world.take(3, 10, 14, 1.0, "silent")
    world.take(11, 20, 47, 0.5, "step")
    reported = set(world.found())
    world.crimes, world.units = world.crimes[::-1].copy(), world.units[::-1]
    assert set(world.found()) == reported


def test_simulated_gaps_are_found_and_few_others_are_reported() -> None:
    ledgers, reported, counts = [], [], []
    for seed in range(6):
        world = Simulated(seed, 40)
        for unit in range(0, 40, 4):
            length = int(world.rng.integers(2, 10))
            first = int(world.rng.integers(0, 48 - length - 4))
            world.take(unit, first, first + length - 1, 1.0 if unit % 8 else 0.6, "silent" if unit % 8 else "drop")
        one = world.counts
        one = Counts(f"force-{seed}", *(getattr(one, name) for name in list(vars(one))[1:]))
        ledgers.append(world.ledger.assign(force=one.force))
        reported.append(find_gaps([one]).gaps)
        counts.append(one)
    scored = score_gaps(pd.concat(ledgers), pd.concat(reported), counts)
    assert scored.plain_found is not None and scored.plain_found >= 0.97
    assert scored.false_share is not None and scored.false_share <= 0.05
    assert scored.median_overlap is not None and scored.median_overlap >= 0.9
    assert scored.kind_right is not None and scored.kind_right >= 0.9
    assert scored.reported_per_found is not None and scored.reported_per_found <= 1.2


@pytest.fixture(scope="module")
def gappy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, dict[str, pd.DataFrame]]:
    profile = check_profile({"recording": {"silent_unit": 0.15, "late_unit": 0.15}, "offence": {"misrouted": 0.1}})
    dataset = generate(tmp_path_factory.mktemp("gappy") / "dataset", profile, ["brackenshire"], scale=0.6, seed=8)
    with connect(dataset) as connection:
        gaps = find_gaps(read_counts(connection, dataset.manifest.as_of))
        return dataset, {**vars(gaps), **vars(find_coverage(connection, True))}


def recorded_crimes(dataset: Dataset) -> pd.DataFrame:
    """The first force's rows whose class is crime."""
    rows = pd.read_parquet(dataset.files("crimes")[0])
    return rows[rows["record_class"].fillna("crime") == "crime"]


def test_gaps_of_a_generated_force_are_found_with_their_kinds(gappy: tuple[Dataset, dict[str, pd.DataFrame]]) -> None:
    dataset, results = gappy
    key = ["unit_id", "first_month", "last_month", "kind"]
    truth = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/gaps")])
    truth = set(truth[truth["events_lost"] > 40][key].itertuples(index=False, name=None))
    reported = set(results["gaps"][key].itertuples(index=False, name=None))
    assert {kind for *_, kind in truth} == {"silent", "late", "misrouted"}
    assert len(truth & reported) >= 0.8 * len(truth)


def test_unit_months_are_the_counts_of_the_files(gappy: tuple[Dataset, dict[str, pd.DataFrame]]) -> None:
    dataset, results = gappy
    crimes = recorded_crimes(dataset)
    month = pd.to_datetime(crimes["recorded_on"]).dt.to_period("M").dt.to_timestamp().dt.date
    counted = crimes.groupby([crimes["unit_id"], month.rename("month")]).size()
    table = results["unit_months"].set_index(["unit_id", "month"])["observed"]
    assert table.sum() == len(crimes)
    assert (table.reindex(counted.index) == counted).all()
    assert len(table) == crimes["unit_id"].nunique() * month.nunique()


def test_coverage_shares_are_those_of_the_files(gappy: tuple[Dataset, dict[str, pd.DataFrame]]) -> None:
    dataset, results = gappy
    crimes, links = recorded_crimes(dataset), pd.read_parquet(dataset.files("involvements")[0])
    linked = crimes["crime_id"].isin(links.loc[links["role"] == "suspect", "crime_id"])
    totals = results["coverage"].groupby("measure")[["covered", "total"]].sum()
    assert totals.loc["linked suspect"].tolist() == [linked.sum(), len(crimes)]
    assert totals.loc["outcome"].tolist() == [crimes["outcome_code"].notna().sum(), len(crimes)]
    known = links[links["relationship"].notna() & (links["relationship"] != "unknown")]["crime_id"]
    assert totals.loc["known relationship"].tolist() == [(linked & crimes["crime_id"].isin(known)).sum(), linked.sum()]
    assert results["coverage_gaps"].empty


def test_a_unit_that_stops_linking_suspects_is_reported(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    crimes, links = [], []
    for unit in ("a", "b", "c"):
        for month in range(24):
            for number in range(40):
                crime = f"SYN-{unit}-{month}-{number}"
                day = date(2022 + month // 12, month % 12 + 1, 1 + number % 28).isoformat()
                crimes.append({"crime_id": crime, "force": "north", "unit_id": unit, "offence_code": "008L", "recorded_on": day})
                if rng.random() < (0.2 if unit == "b" and 8 <= month < 14 else 0.8):
                    links.append({"crime_id": crime, "person_id": "SYN-1", "role": "suspect"})
    units = [{"unit_id": unit, "force": "north", "unit_name": unit, "population": 1000} for unit in ("a", "b", "c")]
    persons = [{"person_id": "SYN-1", "force": "north", "created_on": "2022-01-01", "source_system": "records"}]
    tables = {"units": units, "persons": persons, "crimes": crimes, "involvements": links}
    results = audit_dataset(write_dataset(tmp_path / "d", tables, ["north"], "2023-12-31"))
    gaps = results["coverage_gaps"].query("measure == 'linked suspect'")
    assert gaps[["unit_id", "kind"]].to_numpy().tolist() == [["b", "drop"]]
    assert (gaps["first_month"].iloc[0], gaps["last_month"].iloc[0]) == (date(2022, 9, 1), date(2023, 2, 1))
    assert results["gaps"].empty


def test_the_truth_has_how_many_events_nobody_reported(typical: Dataset, typical_results: Results) -> None:
    events = pd.concat([pd.read_parquet(path) for path in typical.files("truth/events")])
    events = events[events["event_class"].fillna("crime") == "crime"]
    table = typical_results["unreported"].query("attribute == 'all'")
    assert table["events"].sum() == len(events)
    assert table["unreported"].sum() == events["reported_on"].isna().sum()
    assert (typical_results["unreported"].query("attribute != 'all'")["events"] >= 10).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.floats(0.1, 80), st.floats(0.3, 5))
def test_a_tail_is_a_chance_and_falls_with_fewer_crimes(seen: int, expected: float, ratio: float) -> None:
    here = [float(tail(np.array([float(n)]), np.array([expected]), np.array([expected * ratio]))[0]) for n in (seen, seen + 1)]
    assert 0 <= here[0] <= here[1] + 1e-9 <= 1 + 1e-6


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 30))
def test_window_sums_are_the_sums_of_their_months(months: int, longest: int) -> None:
    values = np.random.default_rng(months).normal(size=(2, months))
    windows = Windows.of(months, range(1, longest + 1))
    sums = windows.sums(values)
    for number, (begin, end) in enumerate(zip(windows.begin, windows.end, strict=True)):
        assert sums[:, number] == pytest.approx(values[:, begin:end].sum(1))
    assert len(set(zip(windows.begin.tolist(), windows.end.tolist(), strict=True))) == len(windows.begin)


@settings(deadline=None)
@given(st.floats(1e-9, 1e5), st.floats(1e-6, 20))
def test_the_interval_of_a_count_is_scipys(mean: float, over: float) -> None:
    from scipy.stats import nbinom

    low, high = interval(np.array([mean]), np.array([mean * (1 + over)]))
    chance = 1 / (1 + over)
    assert low[0] == nbinom.ppf(0.025, mean / over, chance)
    assert high[0] == nbinom.ppf(0.975, mean / over, chance)


def test_only_counts_are_read_of_what_an_engine_holds(typical: Dataset) -> None:
    """An engine answers the queries, and no answer has a row for each crime."""
    answers: list[pa.Table] = []
    with connect(typical) as connection:
        usual = asked_of(connection)

        def ask(sql: Callable[[blanks.Dialect], str]) -> pa.Table:
            answers.append(usual(sql))
            return answers[-1]

        counts = read_counts(connection, typical.manifest.as_of, None, ask)
        find_coverage(connection, True, ask)
        crimes = connection.execute("SELECT count(*) FROM crimes").fetchall()[0][0]
    assert [answer["crimes"].to_pandas().sum() > 0.9 * crimes for answer in answers] == [True, True]
    assert max(len(answer) for answer in answers) < crimes
    assert sum(one.crimes.sum() for one in counts) > 0.9 * crimes
