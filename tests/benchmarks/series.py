"""Measure the tracking of series over many seeds: false alarms, how soon a change is signalled, whether a fix is recognised. A script.

python tests/benchmarks/series.py --seeds 20             # all, on small worlds
python tests/benchmarks/series.py --seeds 20 --changes   # false alarms and changes alone, without linkage
python tests/benchmarks/series.py --seeds 20 --fixes
"""

import argparse
import tempfile
import time
from pathlib import Path

import pandas as pd

from audit.evaluation.series import score_tracked
from audit.oversight.extracts import DUPLICATES
from audit.oversight.track import track_series
from audit.statistics import wilson
from synthetic import generate_series
from synthetic.dataset import Series

FORCES = ["aldermoor", "brackenshire", "durnley"]
CHANGED = "brackenshire"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--scale", type=float, default=0.15)
    parser.add_argument("--years", type=float, default=2)
    parser.add_argument("--changes", action="store_true")
    parser.add_argument("--fixes", action="store_true")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    if asked.changes or not asked.fixes:
        _changes(seeds, asked.scale, asked.years)
    if asked.fixes or not asked.changes:
        _fixes(seeds, asked.scale, asked.years)


def _changes(seeds: range, scale: float, years: float) -> None:
    """A migration in one force in the last two of five extracts; nothing is changed before, nor in the others."""
    soon, alarms, judged = 0, 0, 0
    for seed in seeds:
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            series = generate_series(
                Path(folder) / "series", 5, forces=FORCES, scale=scale, years=years, seed=seed,
                changes=[f"2025-02-01:migration@{CHANGED}"],
            )  # fmt: skip
            tracked = track_series(series, linkage=False, effect=False)
        scored = score_tracked(series.manifest, tracked)
        until = scored.changes[0].extracts_until_signal
        soon += until is not None and until <= 2
        alarms, judged = alarms + scored.false_alarms, judged + scored.judged
        seconds = time.perf_counter() - begin
        print(
            f"seed {seed}: signalled in extract {until} by {scored.changes[0].figure}; {scored.false_alarms} of {scored.judged} false, {seconds:.0f} s",
            flush=True,
        )
    print(
        f"changes signalled within two extracts: {soon} of {len(seeds)}; false alarms: {alarms} of {judged} ({alarms / judged:.3%})"
    )


def _fixes(seeds: range, scale: float, years: float) -> None:
    """Half the duplicate records are repaired in one force: recognised, and does the interval hold the true change."""
    recognised, held, signed = 0, 0, 0
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            series = generate_series(
                Path(folder) / "series", 2, forces=FORCES, scale=scale, years=years, seed=seed,
                fixes=[f"2025-03-01:identity.duplicate_rate=0.5@{CHANGED}"],
            )  # fmt: skip
            tracked = track_series(series, effect=False)
            truth = _true_difference(series)
        row = tracked.fixes.set_index("figure").loc[DUPLICATES]
        recognised += bool(row["recognised"])
        signed += row["difference"] < 0
        held += row["low"] <= truth <= row["high"]
        print(f"seed {seed}: {row['difference']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f}), truth {truth:+.4f}", flush=True)
    for name, count in (("right sign", signed), ("recognised", recognised), ("interval holds the truth", held)):
        rate, low, high = wilson([count], [len(seeds)])
        print(f"fix, {name}: {count} of {len(seeds)} ({rate[0]:.0%}, {low[0]:.0%} to {high[0]:.0%})")


def _true_difference(series: Series) -> float:
    """The change of the true duplicate rate of the force that was fixed, less that of the others."""
    rates = []
    for folder in series.folders:
        by_force = {}
        for force in FORCES:
            identities = pd.read_parquet(folder / "truth" / "identities" / f"{force}.parquet")
            by_force[force] = 1 - identities["person_key"].nunique() / identities["person_id"].nunique()
        rates.append(by_force)
    change = {force: rates[1][force] - rates[0][force] for force in FORCES}
    others = [change[force] for force in FORCES if force != CHANGED]
    return change[CHANGED] - sum(others) / len(others)


if __name__ == "__main__":
    main()
