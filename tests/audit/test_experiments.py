"""Replicates and sweeps: the same world again, a grid that can be stopped and taken up. Twins are in test_simulation."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit import AuditOptions, InputError, audit_dataset
from audit.effect import FAMILIES, INSTRUMENT_NAMES, Choices
from audit.simulation import read_grid, replicate, sweep, with_replicates
from audit.simulation.worlds import interval
from synthetic import Dataset, generate
from tests.audit.foreign import write_dataset
from tests.conftest import Outcome

GRID = """
profile = "clean"
forces = ["durnley"]
scale = 0.1
years = 1
seeds = [1, 2]
[grid]
"linkage.suspect_not_linked" = [0.0, 0.5]
"""


@pytest.mark.deep
def test_replicates_record_the_same_world_again(tmp_path: Path) -> None:
    dataset = generate(tmp_path / "data", "typical", ["durnley", "fellgate"], years=1, scale=0.05, seed=4)
    results = audit_dataset(dataset, AuditOptions(only=["missing.units.*"]))
    replicates = replicate(dataset, 3, Choices(), workers=1)
    assert len(replicates) == 3 * 2 * len(INSTRUMENT_NAMES)
    reported = with_replicates(results, replicates)
    effect = reported["effect"]
    assert ((effect["low"] <= effect["recall_at_k"]) & (effect["recall_at_k"] <= effect["high"])).all()
    assert "3 recordings" in reported.summary.interval
    for row in reported.summary.forces:
        mine = effect[(effect["force"] == row.force) & (effect["instrument"] == "harm_365")].iloc[0]
        assert (row.low, row.high) == (mine["low"], mine["high"])
    # The world is the same: its truth lists are as long, and a clean recording of it finds the same.
    clean = generate(tmp_path / "clean", "clean", ["durnley"], years=1, scale=0.1, seed=4)
    assert replicate(clean, 2, Choices(k="population"), workers=1)["recall_at_k"].eq(1.0).all()


def test_replicates_need_a_generated_dataset(tmp_path: Path, typical: Dataset) -> None:
    foreign = write_dataset(
        tmp_path / "data", {"units": [], "persons": [], "crimes": [], "involvements": []}, ["north"], "2024-06-30"
    )
    with pytest.raises(InputError, match="generated"):
        replicate(foreign, 3, Choices())
    with pytest.raises(InputError, match="from 2"):
        replicate(typical, 1, Choices())


def test_an_interval_holds_further_values_and_lies_within_0_and_1() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        values = np.clip(rng.normal(0.7, 0.05, 21), 0, 1)
        low, high = interval(values[:20])
        assert 0 <= low <= high <= 1
        held += low <= values[20] <= high
    assert 0.92 <= held / 400 <= 0.98
    assert interval(np.array([0.5])) == (0.5, 0.5)
    assert np.isnan(interval(np.array([np.nan]))).all()


def test_a_sweep_is_tidy_resumable_and_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "grid.toml").write_text(GRID)
    grid = read_grid(tmp_path / "grid.toml")
    frame = sweep(grid, tmp_path / "one.parquet", workers=1)
    assert len(frame) == len(pd.read_parquet(tmp_path / "one.parquet")) == 4
    assert frame["cell"].is_unique
    lost = frame[frame["linkage.suspect_not_linked"] == 0.0]
    assert lost["recall_at_k"].eq(1.0).all()
    sums = frame[[f"contribution_{family}" for family in FAMILIES]].sum(axis=1) + frame["recall_at_k"]
    assert sums.to_numpy() == pytest.approx(1.0)

    # Stopped after two cells, the same command goes on where it was.
    reported: list[str] = []

    def stop(sentence: str, share: float) -> None:
        reported.append(sentence)
        if len(reported) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(grid, tmp_path / "two.parquet", workers=1, progress=stop)
    assert not (tmp_path / "two.parquet").exists()
    reported.clear()
    again = sweep(grid, tmp_path / "two.parquet", workers=1, progress=lambda sentence, share: reported.append(sentence))
    assert reported == ["Measured 3 of 4 cells", "Measured 4 of 4 cells"]
    pd.testing.assert_frame_equal(again, frame)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    reported.clear()
    sweep(grid, tmp_path / "two.parquet", workers=1, progress=lambda sentence, share: reported.append(sentence))
    assert reported == []

    # A table of something else is not replaced.
    pd.DataFrame({"force": ["durnley"]}).to_parquet(tmp_path / "checks.parquet")
    with pytest.raises(InputError, match="would be lost"):
        sweep(grid, tmp_path / "checks.parquet", workers=1)
    assert pd.read_parquet(tmp_path / "checks.parquet")["force"].tolist() == ["durnley"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[grid]\n", "grid"),
        ("[grid\n", "not valid TOML"),
        ('[grid]\n"identity.secret" = [1]\n', "allowed are"),
        ('[grid]\n"identity.duplicate_rate" = []\n', "without values"),
        ('[grid]\n"identity.duplicate_rate" = [7.5]\n', "identity.duplicate_rate"),
        ('profile = "secret"\n[grid]\n"identity.alias" = [0.1]\n', "profile must be one of"),
        ('instrument = "secret"\n[grid]\n"identity.alias" = [0.1]\n', "harm_365, rfg"),
        ('forces = ["secret"]\n[grid]\n"identity.alias" = [0.1]\n', "slugs out of"),
        ('secret = 1\n[grid]\n"identity.alias" = [0.1]\n', "allowed are"),
        ('seeds = ["secret"]\n[grid]\n"identity.alias" = [0.1]\n', "seeds"),
    ],
)
def test_a_grid_that_is_wrong_is_refused(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "grid.toml").write_text(text)
    with pytest.raises(InputError) as error:
        read_grid(tmp_path / "grid.toml")
    assert says in str(error.value)
    assert "secret" not in str(error.value)


def test_the_commands_work_from_the_command_line(tmp_path: Path, command: Callable[..., Outcome]) -> None:
    (tmp_path / "grid.toml").write_text(GRID.replace("[1, 2]", "[1]").replace("scale = 0.1", "scale = 0.02"))
    swept = command("audit", "sweep", tmp_path / "grid.toml", "--out", tmp_path / "sweep.parquet", "--workers", "2")
    assert swept.code == 0, swept.err
    assert len(pd.read_parquet(tmp_path / "sweep.parquet")) == 2
    for arguments in (("twin",), ("twin", tmp_path / "no.toml"), ("sweep", tmp_path / "grid.toml", "--out", tmp_path / "x.csv")):
        outcome = command("audit", *arguments)
        assert outcome.code == 2, arguments
        assert len(outcome.err.splitlines()) == 1
