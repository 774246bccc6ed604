"""Generated forces described by their own counts: does the 95% range of the simulations hold their true figure?

Each force is generated with rates of its own about the typical ones, counted as a force would count itself (queries whole, samples
of 200), and simulated from these counts alone. ``--forces 1-40`` says which; one line of JSON a force, and a summary.
"""

import argparse
import json
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

from counting import count

from audit.effect import Choices
from audit.simulation import twin
from audit.simulation.worlds import WorldPlan, measure_world
from synthetic import generate
from synthetic.contract import reference
from synthetic.profile import load_profile

POPULATION = 120_000


def one(number: int, worlds: int, workers: int) -> dict[str, object]:
    """One force: its true figures, and the ranges from its own counts."""
    began, profile = time.time(), load_profile("typical")
    residents = int(reference("forces").set_index("force")["population"]["durnley"])
    plan = WorldPlan(profile, ("durnley",), 3.0, date(2025, 3, 31), 1_000 + number, POPULATION / residents)
    true = measure_world(plan, Choices()).effect.set_index("instrument")["recall_at_k"]
    with tempfile.TemporaryDirectory(prefix="own-counts-") as folder:
        dataset = generate(Path(folder) / "dataset", profile, ["durnley"], 3.0, plan.as_of, plan.seed, plan.scale)
        counts = count(dataset, POPULATION, number)
    found = twin(counts, worlds, 100_000 + 1_000 * number, workers=workers)
    recall = found.figures[found.figures["figure"] == "recall_at_k"].set_index("instrument")
    rows = {
        name: {"true": float(true[name]), "low": float(recall.loc[name, "low"]), "high": float(recall.loc[name, "high"]),
               "held": bool(recall.loc[name, "low"] <= true[name] <= recall.loc[name, "high"])}
        for name in recall.index
    }  # fmt: skip
    used = sum(
        resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "force": number,
        "counted": len(counts.answers),
        "seconds": round(time.time() - began, 1),
        "cpu": round(used, 1),
        **rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forces", default="1-40")
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    first, _, last = chosen.forces.partition("-")
    rows = []
    for number in range(int(first), int(last or first) + 1):
        rows.append(one(number, chosen.worlds, chosen.workers))
        print(json.dumps(rows[-1]), flush=True)
    if len(rows) > 1:
        for name in ("harm_365", "rfs", "serial"):
            print(f"{name}: the range holds the true figure in {sum(row[name]['held'] for row in rows)} of {len(rows)} forces")


if __name__ == "__main__":
    main()
