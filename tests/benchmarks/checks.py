"""Measure the checks on the nation: completeness beside the bare scan, the whole catalogue, other tools. A script, not a test.

python tests/benchmarks/checks.py                 # makes the nation first: 43 forces, five years, about two minutes
python tests/benchmarks/checks.py DATASET         # on a dataset that is there
python tests/benchmarks/checks.py DATASET --others  # pandera, Great Expectations and pointblank too, installed aside
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import duckdb
import narwhals as nw
from measuring import Peak, command, in_turn

from audit.checks.catalogue import catalogue
from audit.checks.run import Context, count_checks, judged
from audit.engines import connect, duckdb_frames
from synthetic import Dataset, generate, load
from synthetic.contract import TABLES
from synthetic.dataset import Manifest

ROUNDS = 3
OTHERS = {
    "pandera on pandas": ["pandera[pandas]", "pyarrow"],
    "pandera on polars": ["pandera[polars]"],
    "great_expectations on pandas": ["great_expectations", "pyarrow"],
    "pointblank on polars": ["pointblank", "polars"],
}
NOT_NULL = ["crime_id", "unit_id", "offence_code", "domestic_abuse", "reported_on", "recorded_on", "outcome_code", "outcome_on"]
IN_SET = ["offence_code", "outcome_code", "reported_via", "suspect_status"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?", type=Path)
    parser.add_argument("--others", action="store_true", help="also measure other tools, each in a virtual environment aside")
    parser.add_argument("--only-others", action="store_true", help="measure other tools alone")
    parser.add_argument("--catalogue", action="store_true", help="only count the whole catalogue, once")
    parser.add_argument("--ours", action="store_true", help="only the checks that the other tools are given, once")
    options = parser.parse_args()
    if options.catalogue:
        _catalogue(options.dataset)
        return
    if options.ours:
        _ours(options.dataset)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.dataset or generate(Path(folder) / "nation", years=5).path
        dataset = load(path)
        if not options.only_others:
            _completeness(dataset)
            done = command([__file__, str(path), "--catalogue"])
            print(
                f"whole catalogue: {done.output.strip()}; the process {done.seconds:.1f} s, {done.gib:.2f} GiB (goal 30 s, 6 GiB)"
            )
        if options.others or options.only_others:
            _others(dataset, Path(folder))


def _completeness(dataset: Dataset) -> None:
    """Completeness of all fields of the crimes by force and month, beside a bare scan of the same columns with the same groups."""
    fields = [field.name for field in TABLES["crimes"].fields]
    ours = tuple(check for check in catalogue() if check.type == "missing" and check.table == "crimes")
    files = [str(path) for path in dataset.files("crimes")]
    bare = (
        "SELECT force, date_trunc('month', coalesce(recorded_on, reported_on)) AS month, count(*), "
        + ", ".join(f"count({name})" for name in fields)
        + " FROM read_parquet(?) GROUP BY ALL"
    )
    rows = dataset.manifest.tables["crimes"].rows
    with connect(dataset) as connection, duckdb.connect() as plain:
        times = in_turn(
            {
                "bare": lambda: plain.execute(bare, [files]).fetchall(),
                "ours": lambda: count_checks(duckdb_frames(connection), ours, Context(dataset.manifest.as_of)),
            }
        )
    print(
        f"completeness of {len(ours)} fields of {rows:,} crimes by force and month: {times['ours']:.2f} s, "
        f"bare scan {times['bare']:.2f} s, ratio {times['ours'] / times['bare']:.2f} (goal 1.5; medians of 5)"
    )


def _catalogue(path: Path) -> None:
    dataset = load(path)
    begin = time.perf_counter()
    with connect(dataset) as connection:
        counted, broken = count_checks(duckdb_frames(connection), catalogue(), Context(dataset.manifest.as_of))
    checks = judged(counted, catalogue(), dataset.forces, broken)
    seconds = time.perf_counter() - begin
    crimes = dataset.manifest.tables["crimes"].rows
    print(f"{len(catalogue())} checks of {crimes:,} crimes, {len(checks):,} rows, {len(broken)} broken: {seconds:.1f} s counted")


def _ours(path: Path) -> None:
    """What the other tools are given; counted by force and month besides, with intervals and statuses."""
    wanted = {("missing", name) for name in NOT_NULL} | {("code_not_in_list", name) for name in IN_SET}
    ours = tuple(check for check in catalogue() if check.table == "crimes" and (check.type, check.field) in wanted)
    dataset = _unchecked(path)
    nw.from_native(duckdb.sql("SELECT 1"))  # loads what it is loaded with at first use: nobody's modules are timed
    begin = time.perf_counter()
    with connect(dataset) as connection:
        counted, broken = count_checks(duckdb_frames(connection), ours, Context(dataset.manifest.as_of))
    checks = judged(counted, ours, dataset.forces, broken)
    whole = checks[checks["month"].isna()]
    _tell(begin, len(ours), int(whole["failed"].sum()))


def _unchecked(path: Path) -> Dataset:
    """The dataset without its gate: other tools hold no file against its hash, so here that is not timed."""
    return Dataset(path, Manifest.model_validate_json((path / "dataset.json").read_text()))


def _others(dataset: Dataset, folder: Path) -> None:
    """The same checks of all crimes by other tools: each in a virtual environment and a process of its own."""
    table = folder / "crimes.parquet"
    listed = [str(path) for path in dataset.files("crimes")]
    duckdb.sql(f"COPY (SELECT * FROM read_parquet({listed})) TO '{table}' (FORMAT parquet)")
    sets = {name: list(TABLES["crimes"].field(name).codes or ()) for name in IN_SET}
    given = folder / "given.json"
    given.write_text(json.dumps({"table": str(table), "not_null": NOT_NULL, "in_set": sets}))
    runs = {"ours": [sys.executable, __file__, str(dataset.path), "--ours"]}
    worker = Path(__file__).parent / "other_tools.py"
    for name, packages in OTHERS.items():
        place = folder / name
        venv.create(place, with_pip=True)
        python = str(place / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True)
        runs[name] = [python, str(worker), name, str(given)]
    base = 0.0
    print("| tool | reading and checking, s | beside ours | whole process, s | GiB | checks | rows failing |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, arguments in runs.items():
        done = [_run(arguments) for _ in range(ROUNDS)]
        best = min(done, key=lambda one: one["seconds"])
        base = base or best["seconds"]
        print(
            f"| {name} | {best['seconds']:.2f} | {best['seconds'] / base:.1f} | {best['process']:.1f} | {best['gib']:.2f} "
            f"| {best['checks']} | {best['failed']:,} |"
        )


def _run(arguments: list[str]) -> dict:
    begin = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    peak = Peak(process.pid)
    output, _ = process.communicate()
    reported = json.loads(output.strip().splitlines()[-1])
    return reported | {"process": time.perf_counter() - begin, "gib": peak.stop()}


def _tell(begin: float, checks: int, failed: int) -> None:
    print(json.dumps({"seconds": time.perf_counter() - begin, "checks": checks, "failed": failed}))


if __name__ == "__main__":
    main()
