"""Hostile input of the commands for reviewers: one sentence, exit code 2, and nothing lost."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synthetic import Dataset
from tests.conftest import Outcome


@pytest.fixture(scope="module")
def place(small: Dataset, small_results_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset, its results, and copies of these that are damaged in one way each."""
    root = tmp_path_factory.mktemp("hostile")
    shutil.copytree(small.path, root / "data")
    for name in ("results", "torn", "of-text", "cut", "lacking"):
        shutil.copytree(small_results_folder, root / name)
    (root / "torn" / "checks.parquet").write_bytes(b"PAR1" + bytes(200) + b"PAR1")
    table = pq.read_table(root / "of-text" / "checks.parquet")
    at = table.schema.get_field_index("failed")
    pq.write_table(table.set_column(at, "failed", pa.array(["x"] * len(table))), root / "of-text" / "checks.parquet")
    (root / "cut" / "audit.json").write_text('{"format": "force-data-audit/2"')
    (root / "lacking" / "gaps.parquet").unlink()
    (root / "old").mkdir()
    (root / "old" / "audit.json").write_text('{"format": "force-data-audit/1"}')
    (root / "file").write_text("not a folder")
    (root / "taken").mkdir()
    (root / "taken" / "kept.txt").write_text("kept")
    (root / "fine.toml").write_text('name = "x"\nneeds = ["crimes.postcode"]\n')
    (root / "numbers.toml").write_text('name = "x"\nneeds = [1]\n')
    (root / "field.toml").write_text('name = "x"\nneeds = ["crimes.nothing"]\n')
    (root / "empty.toml").write_text('name = "x"\nneeds = ["crimes.postcode"]\n[where]\n"crimes.offence_group" = []\n')
    (root / "bytes.toml").write_bytes(bytes(range(128, 256)))
    return root


HOSTILE = [
    *(f"report {folder} --pack new" for folder in ("nowhere", "file", "old", "torn", "of-text", "cut", "lacking")),
    *(f"report results --pack {out}" for out in ("file", "taken", "results", "data", "/proc/new")),
    *(f"report results --out {out}" for out in ("results", "results/checks.parquet", "results/audit.json", "data/dataset.json", "/proc/x")),
    *(f"report results --scorecard {out}" for out in ("x.pdf", "taken")),
    "report results --actions x.md",
    *(f"export {folder}" for folder in ("nowhere", "file", "old", "torn", "of-text", "cut", "lacking")),
    *(f"export results --out {out}" for out in ("results", "results/gaps.parquet", "data/dataset.json", "/proc/x")),
    "export results --format x",
    *(f"tipping {words}" for words in ("nowhere persons.sex", "data nothing", "data persons.person_id", "results persons.sex")),
    *(f"tipping data persons.sex --instrument {name}" for name in ("nothing", "numbers.toml", "bytes.toml")),
    *(f"question data {name}.toml" for name in ("nowhere", "numbers", "field", "empty", "bytes")),
    "question data data",
    "question file fine.toml",
    *(f"sample data --logs {number}" for number in ("0", "-1", "nan", "39", "1000001", "9" * 30)),
    "sample data --logs 100 --seed -1",
    "sample results --logs 100",
    "rows data nothing",
    "rows data missing.persons.sex --force nowhere",
    "rows data missing.persons.sex --engine nothing",
    "rows data unequal.persons.phone.by_sex",
    "rows data duplicate_identities.persons",
    "rows results missing.persons.sex",
    *(f"run data --out new --k {number}" for number in ("0", "-1", "nan", "9999999", "1e3")),
    "run data --out data",
]  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_input_gets_one_sentence_and_nothing_is_lost(
    words: str, place: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Outcome]
) -> None:
    monkeypatch.chdir(place)
    before = _content(place)
    done = command("audit", *words.split())
    assert (done.code, done.err.count("\n"), done.out) == (2, 1, ""), done
    assert done.err.startswith("Error: ")
    assert done.err.rstrip().endswith((".", "--help."))
    assert _content(place) == before


def _content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
