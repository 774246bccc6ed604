"""The auditor's command line and its results folder."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from audit import InputError, Results, read_results, write_results
from audit.results import SCHEMAS
from synthetic import Dataset
from tests.conftest import Outcome


def test_run_writes_the_whole_results_folder(typical: Dataset, tmp_path: Path, shell: Callable[..., Outcome]) -> None:
    out = tmp_path / "results"
    outcome = shell("audit", "run", typical.path, "--out", out)
    assert outcome.code == 0, outcome.err
    assert "Brackenshire" in outcome.out
    assert "of the people its list should hold" in outcome.out
    assert sorted(path.name for path in out.iterdir()) == sorted(["audit.json", *(f"{name}.parquet" for name in SCHEMAS)])
    for name, schema in SCHEMAS.items():
        found = pq.read_schema(out / f"{name}.parquet")
        assert dict(zip(found.names, found.types, strict=True)) == schema, name
    summary = json.loads((out / "audit.json").read_text())
    assert [row["force"] for row in summary["forces"]] == typical.forces
    assert summary["dataset"]["rows"]["crimes"] == typical.manifest.tables["crimes"].rows


def test_run_prints_json_for_programs(small: Dataset, tmp_path: Path, command: Callable[..., Outcome]) -> None:
    arguments = ("--instrument", "rfs", "--k", "15", "--engine", "pandas", "--json")
    outcome = command("audit", "run", small.path, "--out", tmp_path / "results", *arguments)
    assert outcome.code == 0, outcome.err
    options = json.loads(outcome.out)["options"]
    assert (options["instrument"], options["k"], options["engine"]) == ("rfs", 15, "pandas")
    assert set(read_results(tmp_path / "results")["effect"]["k"]) == {15}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "nowhere"], "no such dataset folder"),
        (["run", "DATASET", "--engine", "no"], "duckdb, pandas"),
        (["run", "DATASET", "--instrument", "no"], "harm_365, rfs"),
        (["run", "DATASET", "--weights", "no"], "harm_days, css_weight, count"),
        (["run", "DATASET", "--date-basis", "no"], "reported, occurred"),
        (["run", "DATASET", "--k", "0"], "--k"),
        (["run"], "DATASET"),
        (["nonsense"], "nonsense"),
    ],
)
def test_bad_input_gets_one_line_and_exit_2(
    arguments: list[str], says: str, typical: Dataset, tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    words = [str(typical.path) if word == "DATASET" else word for word in arguments]
    outcome = command("audit", *words, *(["--out", str(tmp_path / "out")] if "DATASET" in arguments else []))
    assert outcome.code == 2
    assert outcome.out == ""
    assert [line for line in outcome.err.splitlines() if line.startswith("Error: ")] == outcome.err.splitlines()[-1:]
    assert says in outcome.err
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "out").exists()


def test_results_come_back_as_they_were_written(typical_results: Results, results_folder: Path) -> None:
    back = read_results(results_folder)
    assert back.summary == typical_results.summary
    for name in SCHEMAS:
        assert len(back[name]) == len(typical_results[name])


def test_results_are_never_written_over(typical_results: Results, results_folder: Path) -> None:
    with pytest.raises(InputError, match="not empty"):
        write_results(typical_results, results_folder)


@pytest.mark.parametrize("spoil", ["no audit.json", "other format", "no table", "other columns", "broken table"])
def test_results_that_are_not_whole_are_refused(spoil: str, results_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(results_folder, tmp_path / "results"))
    if spoil == "no audit.json":
        (folder / "audit.json").unlink()
    elif spoil == "other format":
        text = (folder / "audit.json").read_text().replace("force-data-audit/1", "force-data-audit/9")
        (folder / "audit.json").write_text(text)
    elif spoil == "no table":
        (folder / "gaps.parquet").unlink()
    elif spoil == "other columns":
        pq.write_table(pq.read_table(folder / "gaps.parquet").drop_columns("kind"), folder / "gaps.parquet")
    else:
        (folder / "gaps.parquet").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"run the audit again|name one that"):
        read_results(folder)
