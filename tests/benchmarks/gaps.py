"""Measure the search for reporting gaps against the ledger. A script, not a test.

python tests/benchmarks/gaps.py                # profiles typical and migration, 20 seeds each, about a quarter of an hour
python tests/benchmarks/gaps.py --seeds 3      # fewer
python tests/benchmarks/gaps.py --nation       # also clean data of 43 forces over five years: false gaps, seconds, memory
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from audit.engines import connect
from audit.evaluation import GapScore, score_gaps
from audit.gaps import Counts, find_gaps, read_counts
from synthetic import Dataset, generate
from synthetic.contract import reference

FORCES = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--nation", action="store_true")
    options = parser.parse_args()
    for profile in ("typical", "migration"):
        _profile(profile, options.seeds)
    if options.nation:
        _nation()


def _profile(profile: str, seeds: int) -> None:
    """All seeds scored together: forces of different seeds are told apart by name."""
    ledgers, told, counts = [], [], []
    slugs = reference("forces").sort_values("population", ascending=False)["force"].tolist()
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            # Large, middling and small forces, others for every seed.
            forces = [slugs[(place * 7 + seed) % len(slugs)] for place in range(FORCES)]
            dataset = generate(Path(folder) / "dataset", profile, forces, years=5, seed=seed)
            mine = _counts(dataset)
            ledger = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/gaps")], ignore_index=True)
        found = find_gaps(mine).gaps
        ledgers.append(ledger.assign(force=f"{seed}-" + ledger["force"]))
        told.append(found.assign(force=f"{seed}-" + found["force"]))
        counts += [Counts(f"{seed}-{one.force}", *(getattr(one, name) for name in list(vars(one))[1:])) for one in mine]
    _print(f"{profile}, {seeds} seeds of {FORCES} forces, five years", score_gaps(pd.concat(ledgers), pd.concat(told), counts))


def _print(title: str, scored: GapScore) -> None:
    print(f"{title}: plain gaps found {scored.plain_found:.3f} ({scored.plain_found_low:.3f} to {scored.plain_found_high:.3f})")
    print(f"  false {scored.false} of {scored.told} told ({scored.false_share:.1%}), median overlap {scored.median_overlap:.2f}")
    print(f"  kind right {scored.kind_right:.3f}, told per gap found {scored.told_per_found:.2f}")
    for row in scored.kinds:
        print(
            f"  {row.kind:10} put in {row.put_in:5}, plain {row.plain:5}, found {row.plain_found:5}, kind right {row.kind_right:5}"
        )


def _nation() -> None:
    with tempfile.TemporaryDirectory() as folder:
        dataset = generate(Path(folder) / "dataset", "clean", years=5, workers=2)
        counts = _counts(dataset)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    gaps = find_gaps(counts).gaps
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"clean nation: {len(gaps)} gaps told, all false; {seconds:.1f} s, {(after - before) / 1024:.0f} MiB above counting")


def _counts(dataset: Dataset) -> Sequence[Counts]:
    with connect(dataset) as connection:
        return read_counts(connection, dataset.manifest.as_of)


if __name__ == "__main__":
    main()
