"""The auditor's command line and its results folder."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from audit import InputError, Results, read_results, write_results
from audit.results import SCHEMAS
from synthetic import Dataset
from tests.conftest import Outcome


def test_run_writes_the_whole_results_folder(small: Dataset, tmp_path: Path, shell: Callable[..., Outcome]) -> None:
    out = tmp_path / "results"
    outcome = shell("audit", "run", small.path, "--out", out)
    assert outcome.code == 0, outcome.err
    assert "Durnley" in outcome.out
    assert "of the people its list should hold" in outcome.out
    assert sorted(path.name for path in out.iterdir()) == sorted(["audit.json", *(f"{name}.parquet" for name in SCHEMAS)])
    for name, schema in SCHEMAS.items():
        found = pq.read_schema(out / f"{name}.parquet")
        assert dict(zip(found.names, found.types, strict=True)) == schema, name
    summary = json.loads((out / "audit.json").read_text())
    assert [row["force"] for row in summary["forces"]] == small.forces
    assert summary["dataset"]["rows"]["crimes"] == small.manifest.tables["crimes"].rows


def test_run_prints_json_for_programs(small: Dataset, tmp_path: Path, command: Callable[..., Outcome]) -> None:
    arguments = ("--instrument", "rfs", "--k", "15", "--engine", "pandas", "--only", "missing", "--json")
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
        (["run", "DATASET", "--instrument", "no"], "harm_365, rfg, rfh, rfs, serial"),
        (["run", "DATASET", "--weights", "no"], "harm_days, css_weight, count"),
        (["run", "DATASET", "--date-basis", "no"], "reported, occurred"),
        (["run", "DATASET", "--k", "0"], "--k"),
        (["run", "DATASET", "--k", "many"], "or population"),
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


def test_results_of_the_first_version_get_a_sentence_that_says_what_to_do(results_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(results_folder, tmp_path / "results"))
    text = (folder / "audit.json").read_text().replace("force-data-audit/2", "force-data-audit/1")
    (folder / "audit.json").write_text(text)
    with pytest.raises(InputError, match=r"version 0\.1.*run `python -m audit run`"):
        read_results(folder)


def test_what_to_do_comes_as_a_table_to_fill_in(results_folder: Path, tmp_path: Path, command: Callable[..., Outcome]) -> None:
    for ending in ("csv", "xlsx"):
        out = ("--out", tmp_path / "report.html", "--actions", tmp_path / f"actions.{ending}")
        done = command("audit", "report", results_folder, *out)
        assert done.code == 0, done.err
    card, sheet = pd.read_csv(tmp_path / "actions.csv"), pd.read_excel(tmp_path / "actions.xlsx")
    assert card.columns.tolist() == sheet.columns.tolist()
    assert {"owner", "due", "rows_affected", "how_to_fix", "check_id"} <= set(card)
    assert card["owner"].isna().all()
    actions = read_results(results_folder)["actions"].query("instrument == 'harm_365'")
    assert card["item"].tolist() == actions["item"].tolist()
    bad = command("audit", "report", results_folder, "--out", tmp_path / "report.html", "--actions", tmp_path / "actions.pdf")
    assert (bad.code, "takes a file that ends in .csv or .xlsx" in bad.err) == (2, True)


@pytest.mark.parametrize("damage", ["no audit.json", "other format", "no table", "other columns", "broken table"])
def test_results_that_are_not_whole_are_refused(damage: str, results_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(results_folder, tmp_path / "results"))
    if damage == "no audit.json":
        (folder / "audit.json").unlink()
    elif damage == "other format":
        text = (folder / "audit.json").read_text().replace("force-data-audit/2", "force-data-audit/9")
        (folder / "audit.json").write_text(text)
    elif damage == "no table":
        (folder / "gaps.parquet").unlink()
    elif damage == "other columns":
        pq.write_table(pq.read_table(folder / "gaps.parquet").drop_columns("kind"), folder / "gaps.parquet")
    else:
        (folder / "gaps.parquet").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"run the audit again|name one that"):
        read_results(folder)
