"""The nation end to end at three scales: seconds and memory of every step, beside the goals. A script, not a test.

python tests/benchmarks/nation.py                          # 43 forces, five years, at scales 0.05, 0.2 and 1
python tests/benchmarks/nation.py --scales 0.05            # one of them
python tests/benchmarks/nation.py --folder FOLDER          # keeps what it makes, and goes on with what is there
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

import duckdb
from measuring import Measured, Peak, command
from sessions import Visitor, server

GOALS = {"generate": "60 s, 4 GiB", "audit": "120 s, 8 GiB", "page": "2.5 s first, 2 s each"}
PATIENCE = 3600
TABLES = ("units", "persons", "crimes", "involvements", "truth/people", "truth/events", "truth/identities", "truth/defects")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scales", type=float, nargs="+", default=[0.05, 0.2, 1.0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--read", type=Path, help="only read every column of a dataset with the bare engine")
    options = parser.parse_args()
    if options.read:
        _read(options.read)
        return
    with tempfile.TemporaryDirectory() as temporary:
        print("| scale | step | seconds | GiB | what | goal |\n|--:|---|--:|--:|---|---|", flush=True)
        for scale in options.scales:
            _one(scale, (options.folder or Path(temporary)) / f"nation-{scale:g}")


def _one(scale: float, place: Path) -> None:
    dataset, results = place / "dataset", place / "results"
    place.mkdir(parents=True, exist_ok=True)

    def step(name: str, arguments: list[str], what: str = "") -> Measured:
        done = command(arguments, PATIENCE)
        if done.code:
            what = f"exit code {done.code}: {done.error.strip().splitlines()[-1][:120] if done.error.strip() else 'stopped'}"
        _row(scale, name, done.seconds, done.gib, what)
        return done

    if not (dataset / "dataset.json").exists():
        step("generate", ["-m", "synthetic", "generate", str(dataset), "--years", "5", "--scale", str(scale)], "names to ledger")
    tables = json.loads((dataset / "dataset.json").read_text())["tables"]
    rows = {name: entry["rows"] for name, entry in tables.items()}
    print(
        f"| {scale:g} | | | | {rows['crimes']:,} crimes, {rows['persons']:,} person records, {sum(rows.values()):,} rows in all | |"
    )
    step("bare engine reads it", [__file__, "--read", str(dataset)], "every column of every table, DuckDB alone")
    step("verify", ["-m", "synthetic", "verify", str(dataset)], "hashes and marks of every row")
    if not (results / "audit.json").exists():
        step("audit", ["-m", "audit", "run", str(dataset), "--out", str(results)], "everything")
    if (results / "audit.json").exists():
        timings = json.loads((results / "audit.json").read_text())["timings"]
        for name, seconds in timings.items():
            print(f"| {scale:g} | – {name.lower()} | {seconds:.1f} | | | |")
        step("report", ["-m", "audit", "report", str(results), "--out", str(place / "report.html")])
        step("score", ["-m", "audit", "score", str(dataset), str(results)])
        _dashboard(scale, results)


def _row(scale: float, name: str, seconds: float, gib: float, what: str = "") -> None:
    goal = GOALS.get(name.split(":")[0], "") if scale == 1 else ""
    print(f"| {scale:g} | {name} | {seconds:.1f} | {gib:.2f} | {what} | {goal} |", flush=True)


def _dashboard(scale: float, results: Path) -> None:
    """First visitor of a server just started, and the longest answer of any page after."""
    with server("--results", str(results)) as (port, pid):
        peak = Peak(pid)
        seconds = asyncio.run(_pages(port))
        gib = peak.stop()
    _row(scale, "page: first visitor", seconds.pop(""), gib)
    slowest = max(seconds, key=lambda page: seconds[page])
    _row(scale, f"page: {slowest}, the slowest", seconds[slowest], gib)


async def _pages(port: int) -> dict[str, float]:
    visitor = await Visitor.come(port)
    seconds = {"": (await visitor.open("")).seconds}
    seconds["overview"] = (await visitor.open("")).seconds
    for page in visitor.pages:
        if page:
            seconds[page] = (await visitor.open(page)).seconds
    await visitor.leave()
    return seconds


def _read(dataset: Path) -> None:
    """What any audit must do at the least: read every column once."""
    begin = time.perf_counter()
    with duckdb.connect() as connection:
        for table in TABLES:
            files = str(dataset / table / "*.parquet")
            names = [row[0] for row in connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [files]).fetchall()]
            listed = ", ".join(f'max("{name}")' for name in names)
            connection.execute(f"SELECT {listed} FROM read_parquet(?)", [files]).fetchall()
    print(f"{time.perf_counter() - begin:.1f}")


if __name__ == "__main__":
    main()
