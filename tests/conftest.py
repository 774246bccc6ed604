"""Datasets and results that many tests share, made once a test process; tests that spoil one work on a copy."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from hypothesis import settings

import audit.__main__ as audit_commands
import synthetic.__main__ as synthetic_commands
from audit import Results, audit_dataset, write_results
from synthetic import Dataset, generate
from synthetic.dataset import file_hash
from synthetic.errors import run_command_line

settings.register_profile("suite", max_examples=40)
settings.register_profile("deep", max_examples=2000)
settings.load_profile("suite")
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def typical(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three neighbouring forces, small, with the typical defects."""
    out = tmp_path_factory.mktemp("typical") / "dataset"
    return generate(out, "typical", ["aldermoor", "brackenshire", "durnley"], scale=0.08, seed=7)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two neighbouring forces, small, with no defect at all."""
    out = tmp_path_factory.mktemp("clean") / "dataset"
    return generate(out, "clean", ["aldermoor", "durnley"], scale=0.1, seed=3)


@pytest.fixture(scope="session")
def typical_results(typical: Dataset) -> Results:
    return audit_dataset(typical)


@pytest.fixture(scope="session")
def clean_results(clean: Dataset) -> Results:
    return audit_dataset(clean)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """One force, very small, with the typical defects: for commands of which it counts that they work."""
    return generate(tmp_path_factory.mktemp("small") / "dataset", "typical", ["durnley"], years=1, scale=0.05, seed=7)


@pytest.fixture(scope="session")
def results_folder(typical_results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results") / "results"
    write_results(typical_results, out)
    return out


@pytest.fixture
def spoiled(typical: Dataset, tmp_path: Path) -> Path:
    """A copy of the typical dataset, to be spoiled."""
    return Path(shutil.copytree(typical.path, tmp_path / "spoiled"))


@pytest.fixture(scope="session")
def command() -> Callable[..., Outcome]:
    """Runs the command lines ``synthetic`` and ``audit`` with arguments, in this process: a new one takes seconds to begin."""

    def run(program: str, *arguments: str | Path) -> Outcome:
        app = {"synthetic": synthetic_commands.app, "audit": audit_commands.app}[program]
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            patch.setattr("sys.argv", [program, *map(str, arguments)])
            code = run_command_line(typer.main.get_command(app))
        return Outcome(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def shell() -> Callable[..., Outcome]:
    """Runs ``python -m`` with the arguments in a process of its own, as a user would."""

    def run(*arguments: str | Path, timeout: float = 120) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "PYTHONWARNINGS": "error"},
            cwd=ROOT,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def forge_table() -> Callable[[Path, str, Callable[[pa.Table], pa.Table]], None]:
    """Changes a table's first file and mends the manifest, as someone would who wants to get past the hashes."""

    def forge(folder: Path, table: str, change: Callable[[pa.Table], pa.Table]) -> None:
        manifest = json.loads((folder / "dataset.json").read_text())
        entry = manifest["tables"][table]["files"][0]
        path = folder / entry["path"]
        content = change(pq.read_table(path))
        pq.write_table(content, path)
        manifest["tables"][table]["rows"] += content.num_rows - entry["rows"]
        entry |= {"rows": content.num_rows, "sha256": file_hash(path)}
        (folder / "dataset.json").write_text(json.dumps(manifest))

    return forge
