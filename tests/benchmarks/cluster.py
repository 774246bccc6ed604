"""An audit on a Spark cluster of this machine beside DuckDB: seconds, memory, and how much they find differs. Not a test.

python tests/benchmarks/cluster.py                      # the nation, five years, at scales 0.05 and 0.2
python tests/benchmarks/cluster.py --scales 0.05        # one of them
python tests/benchmarks/cluster.py --forces 3 --years 1 # less
python tests/benchmarks/cluster.py --folder FOLDER      # keeps what it makes, and goes on with what is there
"""

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd
from measuring import Measured, Peak, command

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.audit.cluster import cluster

PATIENCE = 7200
SAME = {"checks": ["check_id", "force", "month"], "gaps": ["force", "unit_id", "offence_group", "first_month"]}
"""Tables that both engines must give alike, and what a row of each is known by."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scales", type=float, nargs="+", default=[0.05, 0.2])
    parser.add_argument("--forces", default="43")
    parser.add_argument("--years", default="5")
    parser.add_argument("--memory", default="2g", help="of the worker, for executors")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = options.folder or Path(temporary)
        print(
            "| scale | person records | engine | load before | seconds | fields | duplicates | GiB, driver | GiB, cluster | rows that differ |"
        )
        print("|--:|--:|---|--:|--:|--:|--:|--:|--:|---|", flush=True)
        for scale in options.scales:
            folder = place / f"cluster-{scale:g}"
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "dataset" / "dataset.json").exists():
                made = ["--forces", options.forces, "--years", options.years, "--scale", str(scale)]
                _must(command(["-m", "synthetic", "generate", str(folder / "dataset"), *made], PATIENCE))
            _row(scale, folder, "duckdb", _once(folder, "duckdb", []))
            with contextlib.ExitStack() as started:
                arguments = ["--engine", "spark"]
                if not _is_done(folder, "spark"):
                    work = started.enter_context(tempfile.TemporaryDirectory())
                    arguments += ["--master", started.enter_context(cluster(Path(work), memory=options.memory))]
                _row(scale, folder, "spark", _once(folder, "spark", arguments))


def _is_done(folder: Path, engine: str) -> bool:
    return (folder / f"{engine}.json").exists() and (folder / engine / "audit.json").exists()


def _once(folder: Path, engine: str, options: list[str]) -> dict[str, float]:
    """Audit the dataset on an engine, unless that is done, and what was measured."""
    kept = folder / f"{engine}.json"
    if not _is_done(folder, engine):
        shutil.rmtree(folder / engine, ignore_errors=True)
        load = os.getloadavg()[0]
        ours = Peak(os.getpid())  # the cluster is a child of this process, and so is the driver
        done = command(["-m", "audit", "run", str(folder / "dataset"), "--out", str(folder / engine), *options], PATIENCE)
        whole = ours.stop()
        _must(done)
        kept.write_text(json.dumps({"load": load, "seconds": done.seconds, "gib": done.gib, "rest": max(whole - done.gib, 0.0)}))
    measured: dict[str, float] = json.loads(kept.read_text())
    return measured


def _must(done: Measured) -> None:
    """End here where a command failed, with what it said last; what is done stays in the folder."""
    if done.code:
        said = done.error.strip().splitlines() or ["It was stopped."]
        sys.exit(f"Exit code {done.code} after {done.seconds:.0f} seconds and {done.gib:.1f} GiB: {said[-1][:300]}")


def _row(scale: float, folder: Path, engine: str, measured: dict[str, float]) -> None:
    records = json.loads((folder / "dataset" / "dataset.json").read_text())["tables"]["persons"]["rows"]
    seconds = json.loads((folder / engine / "audit.json").read_text())["timings"]
    fields, duplicates = (seconds[step] for step in ("Checked the fields", "Looked for duplicate identities"))
    rest, same = (f"{measured['rest']:.1f}", _differ(folder / "duckdb", folder / engine)) if engine == "spark" else ("–", "–")
    print(
        f"| {scale:g} | {records:,} | {engine} | {measured['load']:.1f} | {measured['seconds']:.0f} | {fields:.0f} | {duplicates:.0f} "
        f"| {measured['gib']:.1f} | {rest} | {same} |",
        flush=True,
    )


def _differ(one: Path, other: Path) -> str:
    """How many rows of checks and gaps, pairs joined and clusters differ between two results folders.

    The engines' distances differ a little, so a few pairs do, see ``audit/linkage/on_spark.py``; checks of the estimate then too.
    """
    found = []
    for name, key in SAME.items():
        here, there = (pd.read_parquet(folder / f"{name}.parquet").set_index(key).sort_index() for folder in (one, other))
        if not here.index.equals(there.index):
            found.append(f"{name}: other rows")
            continue
        there = there.astype(here.dtypes)
        found.append(f"{name} {int((~((here == there) | (here.isna() & there.isna()))).any(axis=1).sum()):,} of {len(here):,}")
    pairs = [pd.read_parquet(folder / "identity_pairs.parquet").query("joined") for folder in (one, other)]
    keys = [set(zip(frame["person_id_l"], frame["person_id_r"], strict=True)) for frame in pairs]
    clusters = [pd.read_parquet(folder / "identities.parquet") for folder in (one, other)]
    groups = [set(frame.groupby("cluster_id")["person_id"].agg(frozenset)) for frame in clusters]
    for name, (here, there) in (("pairs", keys), ("clusters", groups)):
        found.append(f"{name} {len(here ^ there):,} of {len(here):,}")
    return ", ".join(found)


if __name__ == "__main__":
    main()
