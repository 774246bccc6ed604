"""The scorecard: counted by hand on gaps written by hand, and refused where it can tell nothing."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from audit import Results
from audit.checks.catalogue import catalogue
from audit.checks.run import Context, failing_rows
from audit.engines import connect, frames
from audit.evaluation import score, score_defects, score_gaps
from audit.evaluation.defects import meant_for
from synthetic import Dataset
from synthetic.contract import DEFECTS, TABLES
from synthetic.errors import InputError
from tests.audit.simulated import Simulated
from tests.conftest import Outcome

COLUMNS = ["force", "unit_id", "offence_group", "first_month", "last_month", "kind"]


def row(unit: int, first: int, last: int, kind: str, group: str | None = None) -> list:
    day = lambda month: date(2020 + month // 12, month % 12 + 1, 1)  # noqa: E731
    return ["elsewhere", f"unit-{unit:02}", group, day(first), day(last), kind]


def test_gaps_found_missed_and_false_are_counted() -> None:
    world = Simulated(1, [100.0] * 6)
    world.take(0, 5, 8, 1.0, "silent")
    world.take(1, 10, 19, 0.5, "drop")
    world.take(2, 10, 19, 1.0, "silent", "stalking")
    world.take(3, 20, 25, 1.0, "silent")
    reported = pd.DataFrame(
        [
            row(0, 5, 8, "silent"),  # right
            row(1, 10, 14, "silent"),  # half of its months, wrong kind
            row(2, 10, 19, "silent", "harassment"),  # another group: false
            row(5, 1, 2, "drop"),  # nothing there: false
            row(1, 15, 19, "drop"),  # the other half
        ],
        columns=COLUMNS,
    )
    scored = score_gaps(world.ledger, reported, [world.counts])
    assert (scored.reported, scored.false) == (5, 2)
    assert scored.plain_found == pytest.approx(2 / 4)
    assert scored.reported_per_found == pytest.approx(3 / 2)
    assert scored.median_overlap == pytest.approx((1.0 + 0.5) / 2)
    silent = next(kind for kind in scored.kinds if kind.kind == "silent")
    assert (silent.put_in, silent.plain, silent.found, silent.kind_right) == (3, 3, 1, 1)


def test_nothing_put_in_and_nothing_reported_has_no_shares() -> None:
    world = Simulated(1, [100.0] * 2)
    scored = score_gaps(world.ledger, pd.DataFrame(columns=COLUMNS), [world.counts])
    assert (scored.reported, scored.false, scored.plain_found, scored.false_share) == (0, 0, None, None)


@pytest.mark.parametrize("made", ["small", pytest.param("typical", marks=pytest.mark.deep)])
def test_defects_are_counted_as_a_plain_comparison_counts_them(made: str, request: pytest.FixtureRequest) -> None:
    dataset: Dataset = request.getfixturevalue(made)
    context = Context(dataset.manifest.as_of)
    with connect(dataset) as connection:
        scored = {row.defect: row for row in score_defects(connection, context)}
        tables = frames("duckdb", dataset, connection)
        reported = {
            check.id: set(failing_rows(tables, check, context)[list(TABLES[check.table].key)].astype("str").agg("|".join, axis=1))
            for check in catalogue()
            if check.id in {one.id for defect in DEFECTS for one in meant_for(defect)}
            and check.id != "same_event_twice.crimes"  # there either copy may be reported
        }
    ledger = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/defects")])
    ledger = ledger.drop_duplicates(["defect", "table", "record_id"])
    assert set(scored) == set(ledger["defect"])
    for defect in DEFECTS:
        checks = [check.id for check in meant_for(defect)]
        mine = ledger[ledger["defect"] == defect]
        if mine.empty or not checks or not set(checks) <= set(reported):
            continue
        keys = mine["record_id"]
        if defect in ("suspect_not_linked", "victim_not_linked"):
            keys = keys.str.split("|").str[0]
        else:
            keys = keys[mine["table"].isin({name.split(".")[1] for name in checks}) | (mine["table"] == "crimes")]
        rows = set().union(*(reported[name] for name in checks))
        row = scored[defect]
        assert (row.put_in, row.seen) == (len(keys), int(keys.isin(rows).sum())), defect
        assert row.missed == row.put_in - row.seen
        assert row.wrongly is not None and 0 <= row.wrongly <= len(rows) - keys[keys.isin(rows)].nunique(), defect
    for defect in ("not_recorded", "downgraded"):
        assert (scored[defect].seen, scored[defect].wrongly) == (0, None)


def test_the_command_prints_the_scorecard(small: Dataset, small_results_folder: Path, command: Callable[..., Outcome]) -> None:
    shown = command("audit", "score", small.path, small_results_folder)
    assert shown.code == 0
    assert "| reporting gaps |" in shown.out
    as_json = command("audit", "score", small.path, small_results_folder, "--json")
    assert as_json.code == 0
    assert json.loads(as_json.out)["gaps"]["reported"] >= 0


def test_results_of_another_dataset_are_refused(typical_results: Results, clean: Dataset) -> None:
    with pytest.raises(InputError, match="another dataset"):
        score(clean, typical_results)


def test_a_dataset_without_truth_is_refused(typical: Dataset, typical_results: Results, tmp_path: Path) -> None:
    tables = {name: entry for name, entry in typical.manifest.tables.items() if not name.startswith("truth/")}
    shutil.copytree(typical.path, tmp_path / "d")
    bare = Dataset(tmp_path / "d", typical.manifest.model_copy(update={"tables": tables}))
    with pytest.raises(InputError, match="no truth"):
        score(bare, typical_results)
