"""Datasets and results that many tests share, made once a run; tests that damage one work on a copy.

Tests marked ``deep`` are slow and about what rarely breaks. They run with ``--deep`` alone, as in `.ci/run`.
The project is imported where a fixture needs it: the process that only hands out tests need not wait for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    import pyarrow as pa

    from audit import Results
    from synthetic import Dataset

settings.register_profile("suite", max_examples=40)
settings.register_profile("deep", max_examples=2000)
settings.load_profile("suite")
ROOT = Path(__file__).parents[1]
LONGEST = (
    "test_pages.py",
    "test_access.py",
    "test_identities.py",
    "test_dashboard.py",
    "test_safeguards.py",
    "test_recipes.py",
    "test_engines.py",
)
"""Files that take longest: they begin first, so that no process is left alone with one at the end."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="Run the slow and rare tests too; with `-m deep`, these alone.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("deep"):
        skip = pytest.mark.skip(reason="slow and rare: runs with --deep")
        for item in items:
            if item.get_closest_marker("deep"):
                item.add_marker(skip)
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Makes a folder once for all test processes: the first that needs it makes it, the others wait and use the same."""
    own = tmp_path_factory.getbasetemp()
    root = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared"
    root.mkdir(exist_ok=True)

    def made(name: str, make: Callable[[Path], object]) -> Path:
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (root / name).exists():
                make(root / name)
        return root / name

    return made


@pytest.fixture(autouse=True)
def _own_main() -> Iterator[None]:
    """Streamlit's tests put their script in place of the main module, which processes that a later test starts would run."""
    own = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = own


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


Shared = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def typical(shared: Shared) -> Dataset:
    """Three neighbouring forces, small, with the typical defects."""
    from synthetic import generate, load

    forces = ["aldermoor", "brackenshire", "durnley"]
    return load(shared("typical", lambda out: generate(out, "typical", forces, scale=0.08, seed=7)))


@pytest.fixture(scope="session")
def clean(shared: Shared) -> Dataset:
    """Two neighbouring forces, small, with no defect at all."""
    from synthetic import generate, load

    return load(shared("clean", lambda out: generate(out, "clean", ["aldermoor", "durnley"], scale=0.1, seed=3)))


@pytest.fixture(scope="session")
def small(shared: Shared) -> Dataset:
    """One force, very small, with the typical defects: for commands of which it counts that they work."""
    from synthetic import generate, load

    return load(shared("small", lambda out: generate(out, "typical", ["durnley"], years=1, scale=0.02, seed=7)))


@pytest.fixture(scope="session")
def results_folder(typical: Dataset, shared: Shared) -> Path:
    """The results folder of the typical dataset."""
    return shared("typical-results", lambda out: audited(typical, out))


@pytest.fixture(scope="session")
def typical_results(results_folder: Path) -> Results:
    from audit import read_results

    return read_results(results_folder)


@pytest.fixture(scope="session")
def clean_results(clean: Dataset, shared: Shared) -> Results:
    from audit import read_results

    return read_results(shared("clean-results", lambda out: audited(clean, out)))


@pytest.fixture(scope="session")
def small_results_folder(small: Dataset, shared: Shared) -> Path:
    """The results folder of the small dataset."""
    return shared("small-results", lambda out: audited(small, out))


def audited(dataset: Dataset, out: Path) -> None:
    """Audit a dataset and write the results folder."""
    from audit import audit_dataset, write_results

    write_results(audit_dataset(dataset), out)


@pytest.fixture
def damaged(typical: Dataset, tmp_path: Path) -> Path:
    """A copy of the typical dataset, to be damaged."""
    return Path(shutil.copytree(typical.path, tmp_path / "damaged"))


@pytest.fixture(scope="session")
def command() -> Callable[..., Outcome]:
    """Runs the command lines ``synthetic`` and ``audit`` with arguments, in this process: a new one takes seconds to begin."""
    import typer

    import audit.__main__ as audit_commands
    import synthetic.__main__ as synthetic_commands
    from synthetic.errors import run_command_line

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
    """Changes a table's first file and repairs the manifest, as someone would who wants to get past the hashes."""
    import pyarrow.parquet as pq

    from synthetic.dataset import file_hash

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
