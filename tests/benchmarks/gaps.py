"""Measure the search for reporting gaps and unit changes. A script, not a test.

python tests/benchmarks/gaps.py                  # six simulations of counts, and unit changes; a few minutes
python tests/benchmarks/gaps.py --ledger 20      # also profiles typical and migration against the ledger, 20 seeds each
python tests/benchmarks/gaps.py --nation         # also clean data of 43 forces over five years: gaps found, seconds, memory
python tests/benchmarks/gaps.py --package audit.coverage   # the six simulations on another package, as version 0.1's
"""

import argparse
import importlib
import resource
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

sys.path.append(str(Path(__file__).parent))
from simulations import CHANGES, SIMULATIONS, World, unit_changes

PLAIN_LOSS = 5.0
"""A gap is plain when its months lost more than this many standard deviations of their count."""
FORCES = 6
KIND_OF = {"absorbed": "merged", "split off": "split", "copied": "doubled"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--ledger", type=int, default=0, metavar="SEEDS")
    parser.add_argument("--nation", action="store_true")
    parser.add_argument("--package", default="audit.gaps")
    options = parser.parse_args()
    package = importlib.import_module(options.package)
    simulated(package, options.seeds)
    changed(package, options.seeds)
    for profile in ("typical", "migration") if options.ledger else ():
        _profile(profile, options.ledger)
    if options.nation:
        _nation()


def simulated(package: ModuleType, seeds: int) -> None:
    """Of the plain gaps of each simulation, the share found; of those reported, the share false, and how many for each found."""
    sums = np.zeros(4)
    print(f"{'simulation':14} {'plain':>6} {'found':>6} {'reported':>8} {'false':>6} {'reported for each found':>24}")
    for simulation in SIMULATIONS:
        rows = np.zeros(4)
        for seed in range(seeds):
            world = simulation(seed)
            counts = _counts_of(package, world)
            rows += _compared(world, counts, package.find_gaps([counts]).gaps)
        _line(simulation.__name__, rows)
        sums += rows
    _line("all", sums)


def changed(package: ModuleType, seeds: int) -> None:
    """Unit changes found with their kind and month, gaps beside them found, and gaps reported where there is none."""
    right = dict.fromkeys(CHANGES, 0)
    put_in = dict.fromkeys(CHANGES, 0)
    others, sums = 0, np.zeros(4)
    for seed in range(seeds):
        world = unit_changes(seed)
        counts = _counts_of(package, world)
        found = package.find_gaps([counts])
        sums += _compared(world, counts, found.gaps)
        rows = found.unit_changes if hasattr(found, "unit_changes") else pd.DataFrame(columns=["unit_id", "kind", "month"])
        matched = set()
        for change in world.changes:
            names = [_name(change[key]) for key in ("unit", "other")]
            put_in[change["kind"]] += 1
            near = [
                row.Index
                for row in rows.itertuples()
                if row.kind == KIND_OF.get(change["kind"], change["kind"])
                and row.unit_id == names[0]
                and (row.other_unit_id if isinstance(row.other_unit_id, str) else None) == names[1]
                and abs(counts.months.index(row.month) - change["month"]) <= 1
            ]
            matched |= set(near)
            right[change["kind"]] += bool(near)
        others += len(rows) - len(matched)
    print(f"unit changes: {', '.join(f'{kind} {right[kind]}/{put_in[kind]}' for kind in CHANGES)}; others reported {others}")
    _line("beside changes", sums)


def _compared(world: World, counts: Any, found: pd.DataFrame) -> np.ndarray:
    """Plain gaps, of these found, gaps reported, of these false, by the rule of ``score_gaps``; and reported for any found."""
    position = {month: number for number, month in enumerate(counts.months)}
    met_any: set[int] = set()
    plain = [gap["events_lost"] > PLAIN_LOSS * np.sqrt(max(_recorded(world, gap) + gap["events_lost"], 1)) for gap in world.gaps]
    false = 0
    for row in found.itertuples():
        group = row.offence_group if isinstance(row.offence_group, str) else None
        met = [
            number
            for number, gap in enumerate(world.gaps)
            if _name(gap["unit"]) == row.unit_id
            and position[row.first_month] <= gap["last"]
            and position[row.last_month] >= gap["first"]
            and (group is None or gap["group"] is None or counts.groups[gap["group"]] == group)
        ]
        false += not met
        met_any |= set(met)
    return np.array([sum(plain), sum(plain[number] for number in met_any), len(found), false])


def _recorded(world: World, gap: dict) -> float:
    groups = slice(None) if gap["group"] is None else gap["group"]
    return float(world.crimes[gap["unit"], groups, gap["first"] : gap["last"] + 1].sum())


def _line(name: str, rows: np.ndarray) -> None:
    plain, found, reported, false = rows
    print(
        f"{name:14} {plain:6.0f} {found / max(plain, 1):6.3f} {reported:8.0f} {false / max(reported, 1):6.1%} "
        f"{(reported - false) / max(found, 1):24.2f}",
        flush=True,
    )


def _name(unit: Any) -> str | None:
    return None if unit is None else f"unit-{unit:02}"


def _counts_of(package: ModuleType, world: World) -> Any:
    units = [f"unit-{number:02}" for number in range(len(world.crimes))]
    none = np.zeros_like(world.crimes)
    moved = np.zeros((0, 5), int)
    groups = package.offence_groups()[: world.crimes.shape[1]]
    return package.Counts("elsewhere", units, groups, world.months, world.days, world.crimes, world.crimes, none, moved)


def _profile(profile: str, seeds: int) -> None:
    """All seeds scored together: forces of different seeds are kept apart by name."""
    from audit.evaluation import score_gaps
    from audit.gaps import Counts, find_gaps
    from synthetic import generate
    from synthetic.contract import reference

    ledgers, found, counts = [], [], []
    slugs = reference("forces").sort_values("population", ascending=False)["force"].tolist()
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            # Large, middling and small forces, others for every seed.
            forces = [slugs[(place * 7 + seed) % len(slugs)] for place in range(FORCES)]
            dataset = generate(Path(folder) / "dataset", profile, forces, years=5, seed=seed)
            mine = _read(dataset)
            ledger = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/gaps")], ignore_index=True)
        gaps = find_gaps(mine).gaps
        ledgers.append(ledger.assign(force=f"{seed}-" + ledger["force"]))
        found.append(gaps.assign(force=f"{seed}-" + gaps["force"]))
        counts += [Counts(f"{seed}-{one.force}", *(getattr(one, name) for name in list(vars(one))[1:])) for one in mine]
    scored = score_gaps(pd.concat(ledgers), pd.concat(found), counts)
    print(f"{profile}, {seeds} seeds of {FORCES} forces, five years")
    print(f"  plain gaps found {scored.plain_found:.3f} ({scored.plain_found_low:.3f} to {scored.plain_found_high:.3f})")
    print(f"  false {scored.false} of {scored.reported} ({scored.false_share:.1%}), median overlap {scored.median_overlap:.2f}")
    print(f"  kind right {scored.kind_right:.3f}, reported for each found {scored.reported_per_found:.2f}")
    for row in scored.kinds:
        print(f"  {row.kind:10} put in {row.put_in:5}, plain {row.plain:5}, found {row.plain_found:5}, right {row.kind_right:5}")


def _nation() -> None:
    from audit.gaps import find_gaps
    from synthetic import generate

    with tempfile.TemporaryDirectory() as folder:
        dataset = generate(Path(folder) / "dataset", "clean", years=5, workers=2)
        counts = _read(dataset)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    gaps = find_gaps(counts).gaps
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"clean nation: {len(gaps)} gaps reported, all false; {seconds:.1f} s, {(after - before) / 1024:.0f} MiB above counting")


def _read(dataset: Any) -> list[Any]:
    from audit.engines import connect
    from audit.gaps import read_counts

    with connect(dataset) as connection:
        return read_counts(connection, dataset.manifest.as_of)


if __name__ == "__main__":
    main()
