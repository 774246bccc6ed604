"""A hundred kills at random moments: no half-written folder is ever taken for a whole one, and the same command succeeds after.

python tests/benchmarks/faults.py                       # ten of each kind of work, three of each part of a cluster
python tests/benchmarks/faults.py --kills 2             # fewer
python tests/benchmarks/faults.py --only series cluster # some kinds of work, by a part of their names
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[2]))

from audit import read_results
from synthetic import InputError, generate, generate_series, load
from synthetic.contract import RECORDED
from synthetic.dataset import load_series
from tests.audit.cluster import NO_SPARK, Cluster

ROOT = Path(__file__).parents[2]
PATIENCE = 600
"""Seconds in which an audit that has lost a part of its cluster has ended; it hangs where it takes longer."""
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
    environment: dict[str, str] = field(default_factory=dict)
    given: Path | None = None
    """What stands at the target before the work begins; nothing otherwise."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10, help="of each kind of work")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of works")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print("| work | seconds | kills | before it was done | half-written taken for whole | same command succeeds | left behind |")
    print("|---|--:|--:|--:|--:|--:|--:|", flush=True)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for work in _works(Path(folder)):
            if any(part in work.name for part in options.only):
                wrong += _kill(work, options.kills, chance)
        for part in () if NO_SPARK else PARTS:
            if any(one in f"cluster, {part}" for one in options.only):
                wrong += _kill_part(part, Path(folder), max(1, options.kills // 3), chance)
    sys.exit(int(wrong > 0))


def _works(folder: Path) -> list[Work]:
    dataset = generate(folder / "given", forces=["durnley", "garrowby"], scale=0.1).path
    series = generate_series(folder / "series", 4, forces=["durnley"], scale=0.1).path
    tables = folder / "tables"
    for table in RECORDED:
        shutil.copytree(dataset / table, tables / table)
    grid = folder / "grid.toml"
    grid.write_text(
        'profile = "clean"\nforces = ["durnley"]\nscale = 0.1\nseeds = [1, 2, 3]\n[grid]\n"missing.offence_code" = [0.0, 0.2]\n'
    )
    out = folder / "out"
    two = ["--forces", "durnley,garrowby", "--scale", "0.4", "--workers", "2"]
    four = ["--extracts", "4", "--forces", "durnley,garrowby", "--scale", "0.1", "--change", "2025-01-15:migration@durnley"]
    return [
        Work("generate", ["-m", "synthetic", "generate", str(out / "generated"), *two], out / "generated", load),
        Work("series", ["-m", "synthetic", "generate", str(out / "series"), *four], out / "series", _whole_series),
        *(
            Work(f"benchmark {name}", ["-m", "synthetic", "benchmark", name, str(out / name)], out / name, load)
            for name in ("febrl1", "febrl2", "febrl3", "febrl4")
        ),
        Work("pack", ["-m", "synthetic", "pack", str(out / "packed")], out / "packed", load, given=tables),
        Work("audit", ["-m", "audit", "run", str(dataset), "--out", str(out / "results")], out / "results", read_results),
        Work("track", ["-m", "audit", "track", str(series), "--out", str(out / "tracked")], out / "tracked", read_results),
        Work("sweep", ["-m", "audit", "sweep", str(grid), "--out", str(out / "s.parquet")], out / "s.parquet", _whole_sweep),
        Work("first start", ["-c", FIRST_START], out / "cache", _whole_cache, {"XDG_CACHE_HOME": str(out / "cache")}),
    ]


def _kill(work: Work, kills: int, chance: random.Random) -> int:
    """Kill the work so many times, each time at a random moment, and run it again; a line of the table. How much went wrong."""
    begin = time.perf_counter()
    _clear(work)
    _must(_start(work))
    usual = time.perf_counter() - begin
    early = taken = failed = left = 0
    for _ in range(kills):
        _clear(work)
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


def _kill_part(part: str, folder: Path, kills: int, chance: random.Random) -> int:
    """Kill a part of a cluster so many times while an audit works on it; a line of the table. How much went wrong.

    The audit goes on to its end, or ends in one sentence with exit code 2; afterwards the same command succeeds.
    """
    out, dataset = folder / "out" / "on-cluster", folder / "given"
    usual, early, taken, failed, left = 0.0, 0, 0, 0, 0
    for turn in range(kills + 1):
        place = folder / f"cluster-{part.replace(' ', '-')}-{turn}"
        place.mkdir()
        with contextlib.closing(Cluster(place, cores=1, workers=2 if part.startswith("one") else 1)) as made:
            on = ["--engine", "spark", "--master", made.address]
            temporary = {"TMPDIR": str(place / "tmp")}
            (place / "tmp").mkdir()
            work = Work(part, ["-m", "audit", "run", str(dataset), "--out", str(out), *on], out, read_results, temporary)
            _clear(work)
            begin = time.perf_counter()
            process = _start(work)
            if turn == 0:
                _must(process)
                usual = time.perf_counter() - begin
                continue
            time.sleep(chance.uniform(0.05, 1.0) * usual)
            early += process.poll() is None
            PARTS[part](made, process)
            code = _end(process)
            taken += out.exists() and not _is_whole(work)
            failed += code not in ((0, 2) if part != "the driver" else (0, -signal.SIGKILL))
            failed += (code == 0) != out.exists()
            if code:
                if part == "the only worker":
                    made.start_worker()
                if part == "the master":
                    made.close()
                    continue
                failed += _end(_start(work)) != 0 or not _is_whole(work)
            left += sum(".partial-" in path.name for path in (*place.rglob("*"), *out.parent.iterdir()))
    print(f"| cluster, {part} | {usual:.1f} | {kills} | {early} | {taken} | {kills - failed} | {left} |", flush=True)
    return taken + failed + left


def _kill_driver(made: Cluster, process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):  # it was done already
        os.killpg(process.pid, signal.SIGKILL)


PARTS: dict[str, Callable[[Cluster, subprocess.Popen], None]] = {
    "the only worker": lambda made, process: made.kill_worker(),
    "one of two workers": lambda made, process: made.kill_worker(),
    "the master": lambda made, process: made.kill_master(),
    "the driver": _kill_driver,
}
"""Parts of a cluster, and how each is killed."""


def _end(process: subprocess.Popen) -> int:
    """The exit code; -1000 where it hangs."""
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return -1000


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


def _whole_series(path: Path) -> None:
    for folder in load_series(path).folders:
        load(folder)


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
            results = read_results(path.parent)
            if results.summary.awaits() and path.parent.name == "results":
                raise InputError(None, "first results taken for the whole")


def _clear(work: Work) -> None:
    """Take away what an earlier round made, but not what a killed one left beside it."""
    subprocess.run(["rm", "-rf", str(work.target)], check=True)
    if work.given is not None:
        shutil.copytree(work.given, work.target)


if __name__ == "__main__":
    main()
