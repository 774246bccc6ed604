"""The nation end to end at three scales, and every goal for speed and size beside what is measured. A script, not a test.

python tests/benchmarks/nation.py                          # 43 forces, five years, at scales 0.05, 0.2 and 1
python tests/benchmarks/nation.py --scales 0.05            # one of them
python tests/benchmarks/nation.py --folder FOLDER          # keeps what it makes, and goes on with what is there
python tests/benchmarks/nation.py --tests                  # also times the README's test command
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

import duckdb
from generator import against_faker
from measuring import Measured, Peak, command
from pages import until_made
from sessions import Visitor, server

from audit.engines import connect
from audit.linkage import find_identities
from synthetic import load

GOALS = {
    "nation generated": "60 s, 4 GiB",
    "nation audited whole, three instruments": "240 s, 6 GiB",
    "linkage of the nation's person records": "120 s",
    "linkage of 2 million person records": "15 s",
    "whole catalogue of checks on the nation": "20 s",
    "effect on a prioritisation, the nation": "20 s",
    "reporting gaps, the nation": "10 s",
    "generate, against a plain Faker loop": "20 ×",
    "first start of the dashboard, to the scorecard": "10 s",
    "dashboard on the nation's results, first view": "1.2 s",
    "dashboard on the nation's results, any page": "0.5 s",
    "the README's test command": "300 s",
}
"""Each piece of work and its goal, on 2 cores and 24 GiB."""
STEPS = {
    "Checked the fields": "whole catalogue of checks on the nation",
    "Looked for duplicate identities": "linkage of the nation's person records",
    "Looked for reporting gaps": "reporting gaps, the nation",
    "Measured the effect on a prioritisation": "effect on a prioritisation, the nation",
}
"""Steps of an audit, as the results name them, and their goals."""
measured: dict[str, str] = {}
PATIENCE = 3600
READING = 3.0
TWO_MILLION = 0.1524
"""The scale at which the nation has two million person records."""
TABLES = ("units", "persons", "crimes", "involvements", "truth/people", "truth/events", "truth/identities", "truth/defects")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scales", type=float, nargs="+", default=[0.05, 0.2, 1.0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--tests", action="store_true", help="time the README's test command too")
    parser.add_argument("--read", type=Path, help="only read every column of a dataset with the bare engine")
    parser.add_argument("--link", type=Path, help="only look for duplicate identities in a dataset, and print the seconds")
    options = parser.parse_args()
    if options.link:
        _link(options.link)
        return
    if options.read:
        _read(options.read)
        return
    with tempfile.TemporaryDirectory() as temporary:
        print("| scale | step | seconds | GiB | what |\n|--:|---|--:|--:|---|", flush=True)
        for scale in options.scales:
            _one(scale, (options.folder or Path(temporary)) / f"nation-{scale:g}")
        _linkage_alone(Path(temporary) / "two-million")
        measured["generate, against a plain Faker loop"] = f"{against_faker(Path(temporary)):.0f} ×"
    _first_start()
    if options.tests:
        done = command(["-m", "pytest"], PATIENCE)
        measured["the README's test command"] = f"{done.seconds:.0f} s" if not done.code else f"exit code {done.code}"
    print("\n| work | goal | measured |\n|---|--:|--:|")
    for work, goal in GOALS.items():
        print(f"| {work} | {goal} | {measured.get(work, '–')} |")


def _one(scale: float, place: Path) -> None:
    dataset, results = place / "dataset", place / "results"
    place.mkdir(parents=True, exist_ok=True)

    def step(name: str, arguments: list[str], what: str = "") -> Measured:
        done = command(arguments, PATIENCE)
        if done.code:
            what = f"exit code {done.code}: {done.error.strip().splitlines()[-1][:120] if done.error.strip() else 'stopped'}"
        _row(scale, name, done.seconds, done.gib, what)
        if scale == 1 and name in ("generate", "audit"):
            work = "nation generated" if name == "generate" else "nation audited whole, three instruments"
            measured[work] = f"{done.seconds:.0f} s, {done.gib:.1f} GiB"
        return done

    if not (dataset / "dataset.json").exists():
        step("generate", ["-m", "synthetic", "generate", str(dataset), "--years", "5", "--scale", str(scale)], "names to ledger")
    tables = json.loads((dataset / "dataset.json").read_text())["tables"]
    rows = {name: entry["rows"] for name, entry in tables.items()}
    print(
        f"| {scale:g} | | | | {rows['crimes']:,} crimes, {rows['persons']:,} person records, {sum(rows.values()):,} rows in all |"
    )
    step("bare engine reads it", [__file__, "--read", str(dataset)], "every column of every table, DuckDB alone")
    step("verify", ["-m", "synthetic", "verify", str(dataset)], "hashes and marks of every row")
    if not (results / "audit.json").exists():
        step("audit", ["-m", "audit", "run", str(dataset), "--out", str(results)], "everything")
    if (results / "audit.json").exists():
        timings = json.loads((results / "audit.json").read_text())["timings"]
        for name, seconds in timings.items():
            print(f"| {scale:g} | – {name.lower()} | {seconds:.1f} | | |")
            if scale == 1 and name in STEPS:
                measured[STEPS[name]] = f"{seconds:.0f} s"
        step("report", ["-m", "audit", "report", str(results), "--out", str(place / "report.html")])
        step("score", ["-m", "audit", "score", str(dataset), str(results)])
        _dashboard(scale, results)


def _linkage_alone(dataset: Path) -> None:
    """Two million person records of the nation, linked with nothing beside."""
    command(["-m", "synthetic", "generate", str(dataset), "--years", "5", "--scale", str(TWO_MILLION)], PATIENCE)
    done = command([__file__, "--link", str(dataset)], PATIENCE)
    measured["linkage of 2 million person records"] = f"{done.output.strip()}, {done.gib:.1f} GiB"


def _link(path: Path) -> None:
    dataset = load(path)
    with connect(dataset) as connection:
        begin = time.perf_counter()
        find_identities(connection)
        seconds = time.perf_counter() - begin
    print(f"{seconds:.1f} s of {dataset.manifest.tables['persons'].rows:,} records")


def _row(scale: float, name: str, seconds: float, gib: float, what: str = "") -> None:
    print(f"| {scale:g} | {name} | {seconds:.1f} | {gib:.2f} | {what} |", flush=True)


def _first_start() -> None:
    """A server that has nothing made yet, to the first scorecard of the demonstration, and to that of its whole audit."""
    with tempfile.TemporaryDirectory() as cache:
        begin = time.perf_counter()
        with server(cache=Path(cache)) as (port, _):
            ready = time.perf_counter() - begin
            first, whole = (seconds + ready for seconds in asyncio.run(until_made(port)))
            measured["first start of the dashboard, to the scorecard"] = f"{first:.0f} s; the whole audit's {whole:.0f} s"


def _dashboard(scale: float, results: Path) -> None:
    """First visitor of a server just started, and the longest first answer of any page after: to one who goes on at once, and to
    one who has looked at the first page for so long as it takes to read its sentence in bold."""
    slowest = {}
    for reading in (0.0, READING):
        with server("--results", str(results)) as (port, pid):
            peak = Peak(pid)
            seconds = asyncio.run(_pages(port, reading))
            gib = peak.stop()
        first = seconds.pop("")
        page = max(seconds, key=lambda page: seconds[page])
        slowest[reading] = f"{page} {seconds[page]:.1f} s"
        after = f" after {reading:.0f} s on the first page" if reading else ""
        _row(scale, "page: first visitor", first, gib)
        _row(scale, f"page: {page}, the slowest{after}", seconds[page], gib)
        if scale == 1:
            measured.setdefault("dashboard on the nation's results, first view", f"{first:.1f} s")
    if scale == 1:
        measured["dashboard on the nation's results, any page"] = (
            f"{slowest[READING]} after {READING:.0f} s on the first; at once {slowest[0.0]}"
        )


async def _pages(port: int, reading: float) -> dict[str, float]:
    visitor = await Visitor.come(port)
    seconds = {"": (await visitor.open("")).seconds}
    await asyncio.sleep(reading)
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
