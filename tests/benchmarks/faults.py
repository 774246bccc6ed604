"""Fifty kills at random moments: no half-written folder is ever taken for a whole one, and the same command succeeds after.

python tests/benchmarks/faults.py               # ten each of generate, benchmark, audit, sweep, first start: ten minutes
python tests/benchmarks/faults.py --kills 2     # fewer
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from audit import read_results
from synthetic import InputError, generate, load
from synthetic.contract import RECORDED

ROOT = Path(__file__).parents[2]
FIRST_START = """
from dashboard import demonstration
demonstration.SCALE = 0.02
demonstration.make(lambda sentence, share: None)
"""


@dataclass(frozen=True)
class Work:
    """A command, where it writes, and how to tell that what stands there is whole."""

    name: str
    arguments: list[str]
    target: Path
    whole: Callable[[Path], object]
    environment: dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10, help="of each kind of work")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print("| work | seconds | kills | before it was done | half-written taken for whole | same command succeeds | left behind |")
    print("|---|--:|--:|--:|--:|--:|--:|", flush=True)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for work in _works(Path(folder)):
            wrong += _kill(work, options.kills, chance)
    sys.exit(int(wrong > 0))


def _works(folder: Path) -> list[Work]:
    dataset = generate(folder / "given", forces=["durnley", "garrowby"], scale=0.1).path
    grid = folder / "grid.toml"
    grid.write_text(
        'profile = "clean"\nforces = ["durnley"]\nscale = 0.1\nseeds = [1, 2, 3]\n[grid]\n"missing.offence_code" = [0.0, 0.2]\n'
    )
    out = folder / "out"
    two = ["--forces", "durnley,garrowby", "--scale", "0.4", "--workers", "2"]
    return [
        Work("generate", ["-m", "synthetic", "generate", str(out / "generated"), *two], out / "generated", load, {}),
        Work("benchmark", ["-m", "synthetic", "benchmark", "febrl4", str(out / "febrl4")], out / "febrl4", load, {}),
        Work("audit", ["-m", "audit", "run", str(dataset), "--out", str(out / "results")], out / "results", read_results, {}),
        Work("sweep", ["-m", "audit", "sweep", str(grid), "--out", str(out / "s.parquet")], out / "s.parquet", _whole_sweep, {}),
        Work("first start", ["-c", FIRST_START], out / "cache", _whole_cache, {"XDG_CACHE_HOME": str(out / "cache")}),
    ]


def _kill(work: Work, kills: int, chance: random.Random) -> int:
    """Kill the work so many times, each time at a random moment, and run it again; a line of the table. How much went wrong."""
    begin = time.perf_counter()
    _must(_start(work))
    usual = time.perf_counter() - begin
    early = taken = failed = left = 0
    for _ in range(kills):
        _clear(work.target)
        process = _start(work)
        time.sleep(chance.uniform(0.05, 1.0) * usual)
        early += process.poll() is None
        # As when a machine goes down: the whole group, workers included.
        with contextlib.suppress(ProcessLookupError):  # it was done already
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if work.target.exists():
            taken += not _is_whole(work)
        failed += _start(work).wait() != 0 and not work.target.exists()
        failed += not _is_whole(work)
        left += sum(".partial-" in path.name for path in work.target.parent.rglob("*"))
    print(f"| {work.name} | {usual:.1f} | {kills} | {early} | {taken} | {kills - failed} | {left} |", flush=True)
    return taken + failed + left


def _start(work: Work) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *work.arguments],
        cwd=ROOT,
        env={**os.environ, **work.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _must(process: subprocess.Popen) -> None:
    if process.wait():
        raise RuntimeError("The work fails even when nobody kills it.")


def _is_whole(work: Work) -> bool:
    """Whether what the project itself takes for whole is whole; a folder that it refuses is not taken for anything."""
    try:
        work.whole(work.target)
    except InputError:
        return False
    return True


def _whole_sweep(path: Path) -> None:
    try:
        rows = pq.read_table(path).num_rows
    except (OSError, pa.ArrowException):
        raise InputError("no sweep") from None
    if rows != 6:
        raise InputError("half a sweep")


def _whole_cache(cache: Path) -> None:
    """Every dataset and every results folder in the cache is whole; half a first start may have made the dataset alone."""
    for path in cache.rglob("dataset.json"):
        if not any(part.startswith(".") for part in path.relative_to(cache).parts):
            tables = load(path.parent).manifest.tables
            if any(name not in tables for name in RECORDED):
                raise InputError("half a dataset")
    for path in cache.rglob("audit.json"):
        if not any(part.startswith(".") for part in path.relative_to(cache).parts):
            read_results(path.parent)


def _clear(target: Path) -> None:
    """Take away what an earlier round made, but not what a killed one left beside it."""
    subprocess.run(["rm", "-rf", str(target)], check=True)


if __name__ == "__main__":
    main()
