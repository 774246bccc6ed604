"""Unit changes are kept apart from silence: renamed, merged, split, doubled, opened; true silences beside them are still found."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.checks.catalogue import catalogue
from audit.checks.run import Context, failing_rows
from audit.engines import connect, frames
from audit.evaluation import score_gaps
from audit.evaluation.gaps import units_renamed
from audit.gaps import find_gaps, read_counts
from synthetic import Dataset, generate
from synthetic.profile import load_profile
from tests.audit.simulated import Simulated

MONTH = 22
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.deep) for seed in (1, 2))]
SILENT = ("unit-09", None, 30, 34, "silent")


def renamed(world: Simulated) -> set[tuple]:
    world.crimes[1, :, :MONTH], world.crimes[1, :, MONTH:] = 0, world.crimes[0, :, MONTH:]
    world.crimes[0, :, MONTH:] = 0
    return {("unit-00", MONTH, "renamed", "unit-01")}


def merged_into_a_new_one(world: Simulated) -> set[tuple]:
    world.crimes[2, :, :MONTH], world.crimes[2, :, MONTH:] = 0, world.crimes[:2, :, MONTH:].sum(0)
    world.crimes[:2, :, MONTH:] = 0
    return {(unit, MONTH, "merged", "unit-02") for unit in ("unit-00", "unit-01")}


def merged_into_another(world: Simulated) -> set[tuple]:
    world.crimes[1, :, MONTH:] += world.crimes[0, :, MONTH:]
    world.crimes[0, :, MONTH:] = 0
    return {("unit-00", MONTH, "merged", "unit-01")}


def split_in_two(world: Simulated) -> set[tuple]:
    part = world.rng.binomial(world.crimes[0, :, MONTH:].astype(int), 0.4)
    world.crimes[1:3, :, :MONTH] = 0
    world.crimes[1, :, MONTH:], world.crimes[2, :, MONTH:] = part, world.crimes[0, :, MONTH:] - part
    world.crimes[0, :, MONTH:] = 0
    return {("unit-00", MONTH, "split", unit) for unit in ("unit-01", "unit-02")}


def split_off(world: Simulated) -> set[tuple]:
    part = world.rng.binomial(world.crimes[0, :, MONTH:].astype(int), 0.5)
    world.crimes[0, :, MONTH:] -= part
    world.crimes[1, :, :MONTH], world.crimes[1, :, MONTH:] = 0, part
    return {("unit-00", MONTH, "split", "unit-01")}


def moved(world: Simulated) -> set[tuple]:
    part = world.rng.binomial(world.crimes[0, :, MONTH:].astype(int), 0.6)
    world.crimes[0, :, MONTH:] -= part
    world.crimes[1, :, MONTH:] += part
    return {("unit-00", MONTH, "moved", "unit-01")}


def doubled(world: Simulated) -> set[tuple]:
    world.crimes[0, :, MONTH:] *= 2
    return {("unit-00", MONTH, "doubled", None)}


def nearly_doubled(world: Simulated) -> set[tuple]:
    world.crimes[0, :, MONTH:] += world.rng.binomial(world.crimes[0, :, MONTH:].astype(int), 0.97)
    return {("unit-00", MONTH, "doubled", None)}


def recorded_under_two_names(world: Simulated) -> set[tuple]:
    world.crimes[1, :, :MONTH], world.crimes[1, :, MONTH:] = 0, world.crimes[0, :, MONTH:]
    return {("unit-00", MONTH, "doubled", "unit-01")}


def opened(world: Simulated) -> set[tuple]:
    world.crimes[0, :, :MONTH] = 0
    return {("unit-00", MONTH, "opened", None)}


CHANGES = [
    renamed, merged_into_a_new_one, merged_into_another, split_in_two, split_off, moved, doubled, nearly_doubled,
    recorded_under_two_names, opened,
]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_unit_change_is_found_and_is_no_gap_and_a_silence_beside_it_is(
    change: Callable[[Simulated], set[tuple]], seed: int
) -> None:
    world = Simulated(seed, [100.0] * 12)
    world.take(9, 30, 34, 1.0, "silent")
    expected = change(world)
    assert set(world.changes()) == expected
    assert world.found() == [SILENT]


def test_a_change_in_the_middle_of_a_month_is_one() -> None:
    world = Simulated(2, [100.0] * 10)
    world.crimes[1, :, :MONTH] = 0
    half = world.rng.binomial(world.crimes[0, :, MONTH].astype(int), 0.5)
    world.crimes[1, :, MONTH], world.crimes[1, :, MONTH + 1 :] = half, world.crimes[0, :, MONTH + 1 :]
    world.crimes[0, :, MONTH] -= half
    world.crimes[0, :, MONTH + 1 :] = 0
    assert world.changes() == [("unit-00", MONTH, "renamed", "unit-01")]
    assert world.found() == []


def test_a_renamed_unit_has_its_gaps_under_the_name_of_their_months() -> None:
    world = Simulated(5, [100.0] * 10)
    world.take(0, 8, 11, 1.0, "silent")
    world.take(0, 40, 43, 1.0, "silent")
    renamed(world)
    assert world.found() == [("unit-00", None, 8, 11, "silent"), ("unit-01", None, 40, 43, "silent")]
    months = find_gaps([world.counts]).unit_months.set_index(["unit_id", "month"])["expected"]
    assert (months["unit-00"].iloc[MONTH:] == 0).all() and (months["unit-00"].iloc[:MONTH] > 0).all()
    assert (months["unit-01"].iloc[:MONTH] == 0).all() and (months["unit-01"].iloc[MONTH:] > 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_unit_that_closes_with_its_crimes_going_nowhere_is_silent(seed: int) -> None:
    world = Simulated(seed, [100.0] * 10)
    world.crimes[2, :, 25:] = 0
    assert world.changes() == []
    assert world.found() == [("unit-02", None, 25, 47, "silent")]


def test_a_silence_to_the_end_is_no_rename_for_another_unit_that_opens_in_another_month_or_of_another_size() -> None:
    world = Simulated(4, [100.0] * 8 + [30.0] * 4)
    world.crimes[0, :, 30:] = 0
    world.crimes[1, :, :20] = 0
    world.crimes[9, :, :30] = 0
    assert set(world.changes()) == {("unit-01", 20, "opened", None), ("unit-09", 30, "opened", None)}
    assert world.found() == [("unit-00", None, 30, 47, "silent")]


@pytest.mark.parametrize("seed", SEEDS)
def test_counts_without_a_change_have_none(seed: int) -> None:
    assert Simulated(seed, trend=0.08, dispersion=0.03, season=0.3).changes() == []
    assert Simulated(seed, [20.0] * 3, dispersion=0.02, season=0.3).changes() == []
    assert Simulated(seed, [0.3] * 20).changes() == []


def test_a_rise_of_the_whole_force_is_no_gap_of_its_units_before() -> None:
    world = Simulated(3, 20)
    world.crimes[:, :, 24:] += world.rng.binomial(world.crimes[:, :, 24:].astype(int), 0.4)
    assert (None, 24, "risen", None) in world.changes()
    assert world.found() == []


def test_a_force_that_was_silent_at_first_has_no_unit_opened() -> None:
    world = Simulated(3, [60.0] * 6)
    world.crimes[:, :, :8] = 0
    assert world.changes() == []
    assert {unit for unit, _, first, _, _ in world.found() if first == 0} == set(world.units)


def test_the_score_counts_a_unit_change_reported_as_a_gap_as_false() -> None:
    world = Simulated(1, [100.0] * 6)
    world.take(3, 10, 14, 1.0, "silent")
    renamed(world)
    place = {"force": "elsewhere", "offence_group": None, "kind": "silent"}
    day = world.months
    reported = pd.DataFrame(
        [
            place | {"unit_id": "unit-00", "first_month": day[MONTH], "last_month": day[47]},
            place | {"unit_id": "unit-01", "first_month": day[0], "last_month": day[MONTH - 1]},
            place | {"unit_id": "unit-03", "first_month": day[10], "last_month": day[14]},
        ]
    )
    # Even where the ledger has a gap in those months, what is reported there is the rename.
    ledger = pd.concat([world.ledger, world.ledger.assign(unit_id="unit-00", first_month=day[40], last_month=day[44])])
    scored = score_gaps(ledger, reported, [world.counts], find_gaps([world.counts]).unit_changes)
    assert (scored.reported, scored.false, scored.unit_changes) == (3, 2, 2)
    assert score_gaps(world.ledger, reported, [world.counts]).unit_changes == 0


def test_the_order_of_units_does_not_matter_to_changes() -> None:
    world = Simulated(6, [100.0] * 12)
    merged_into_a_new_one(world)
    before = set(world.changes())
    world.crimes, world.units = world.crimes[::-1].copy(), world.units[::-1]
    assert set(world.changes()) == before
    assert np.isfinite(find_gaps([world.counts]).unit_months[["expected", "low", "high"]].to_numpy()).all()


def test_units_that_a_merger_renames_are_found_as_the_ledger_has_them(tmp_path: Path) -> None:
    profile = load_profile("clean", ("recording.unit_renamed=0.4", "recording.silent_unit=0.2"))
    dataset = generate(tmp_path / "d", profile, ["aldermoor"], scale=0.5, seed=6)
    ledger = read(dataset, "truth/defects").query("defect == 'unit_renamed' and field == 'unit_id'")
    crimes = read(dataset, "crimes").merge(ledger, left_on="crime_id", right_on="record_id")
    renames = crimes.groupby(["true_value", "unit_id"], as_index=False)["recorded_on"].min()
    expected = {(row.true_value, row.unit_id, row.recorded_on.replace(day=1)) for row in renames.itertuples()}
    with connect(dataset) as connection:
        counts = read_counts(connection, dataset.manifest.as_of, dataset.manifest.period_start)
        renamed_units = units_renamed(connection)
        population = next(one for one in catalogue() if one.id == "range.units.population")
        new_codes = failing_rows(frames("duckdb", dataset, connection), population, Context(dataset.manifest.as_of), None)
    found = find_gaps(counts)
    changes = found.unit_changes.query("kind == 'renamed'")
    assert len(expected) >= 3
    assert set(new_codes["unit_id"]) == set(renamed_units)
    assert {(row.unit_id, row.other_unit_id, row.month) for row in changes.itertuples()} == expected
    # A silence of such a unit is reported by its new code, and the ledger names the unit.
    gaps = read(dataset, "truth/gaps")
    assert set(gaps["unit_id"]) & set(renamed_units.values())
    scored = score_gaps(gaps, found.gaps, counts, found.unit_changes, renamed_units)
    assert (scored.plain_found, scored.false) == (1, 0)
    assert score_gaps(gaps, found.gaps, counts, found.unit_changes).false > 0


def read(dataset: Dataset, table: str) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in dataset.files(table)], ignore_index=True)
