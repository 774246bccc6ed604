"""An audit on a Spark cluster of this machine beside DuckDB: seconds, memory, and whether both find the same. Not a test.

python tests/benchmarks/cluster.py                      # the nation, five years, at scales 0.05 and 0.2
python tests/benchmarks/cluster.py --scales 0.05        # one of them
python tests/benchmarks/cluster.py --forces 3 --years 1 # less
python tests/benchmarks/cluster.py --folder FOLDER      # keeps what it makes, and goes on with what is there
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import pandas as pd
from measuring import Peak, command

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
        print("| scale | person records | engine | seconds | fields | duplicates | GiB, driver | GiB, cluster | finds the same |")
        print("|--:|--:|---|--:|--:|--:|--:|--:|---|", flush=True)
        for scale in options.scales:
            folder = place / f"cluster-{scale:g}"
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "dataset" / "dataset.json").exists():
                made = ["--forces", options.forces, "--years", options.years, "--scale", str(scale)]
                command(["-m", "synthetic", "generate", str(folder / "dataset"), *made], PATIENCE)
            _audit(scale, folder, "duckdb", [])
            with tempfile.TemporaryDirectory() as work, cluster(Path(work), memory=options.memory) as master:
                _audit(scale, folder, "spark", ["--engine", "spark", "--master", master])


def _audit(scale: float, folder: Path, engine: str, options: list[str]) -> None:
    """Audit the dataset on an engine, unless that is done, and print its row."""
    dataset, results = folder / "dataset", folder / engine
    ours = Peak(os.getpid())  # the cluster is a child of this process, and so is the driver
    done = command(["-m", "audit", "run", str(dataset), "--out", str(results), *options], PATIENCE)
    whole = ours.stop()
    records = json.loads((dataset / "dataset.json").read_text())["tables"]["persons"]["rows"]
    if done.code:
        last = done.error.strip().splitlines()[-1][:120] if done.error.strip() else "stopped"
        print(
            f"| {scale:g} | {records:,} | {engine} | {done.seconds:.0f} | | | {done.gib:.1f} | | exit code {done.code}: {last} |",
            flush=True,
        )
        return
    timings = list(json.loads((results / "audit.json").read_text())["timings"].values())
    rest = f"{max(whole - done.gib, 0.0):.1f}" if engine == "spark" else "–"
    same = _same(folder / "duckdb", results) if engine == "spark" else "–"
    print(
        f"| {scale:g} | {records:,} | {engine} | {done.seconds:.0f} | {timings[1]:.0f} | {timings[2]:.0f} | {done.gib:.1f} | {rest} | {same} |",
        flush=True,
    )


def _same(one: Path, other: Path) -> str:
    """Which of checks, gaps, pairs and clusters are alike in two results folders."""
    found = []
    for name, key in SAME.items():
        here, there = (pd.read_parquet(folder / f"{name}.parquet").sort_values(key, ignore_index=True) for folder in (one, other))
        found.append(f"{name} {'yes' if here.equals(there.astype(here.dtypes)) else 'no'}")
    pairs = [pd.read_parquet(folder / "identity_pairs.parquet") for folder in (one, other)]
    keys = [set(zip(frame["person_id_l"], frame["person_id_r"], strict=True)) for frame in pairs]
    found.append(f"pairs {'yes' if keys[0] == keys[1] else 'no'}")
    clusters = [pd.read_parquet(folder / "identities.parquet") for folder in (one, other)]
    groups = [set(frame.groupby("cluster_id")["person_id"].agg(frozenset)) for frame in clusters]
    found.append(f"clusters {'yes' if groups[0] == groups[1] else 'no'}")
    return ", ".join(found)


if __name__ == "__main__":
    main()
