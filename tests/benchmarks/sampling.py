"""How often the sampling audit's 95 % interval holds the true recording rate: 2,000 draws for each size. A script, not a test.

python tests/benchmarks/sampling.py                   # makes a force with the typical defects
python tests/benchmarks/sampling.py --dataset DATASET  # or takes the first force of a dataset with its truth
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from audit.engines import connect
from audit.oversight.sampling import draw, read_batches
from synthetic import generate, load

DRAWS = 2000
GOAL = (0.935, 0.965)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dataset = (
            load(options.dataset)
            if options.dataset
            else generate(Path(folder) / "data", "typical", ["aldermoor"], scale=0.5, seed=3)
        )
        with connect(dataset) as connection:
            batches = read_batches(connection)[dataset.forces[0]]
    print(
        "| logs | draws | interval holds the truth | mean width | mean design effect | within 93.5 to 96.5 % |\n|--:|--:|--:|--:|--:|---|"
    )
    for logs in (100, 200, 400, 1000, 3000):
        rng = np.random.default_rng(logs)
        found = [draw(batches, logs, rng) for _ in range(DRAWS)]
        held = np.mean([one.low <= batches.truth <= one.high for one in found])
        width = np.mean([one.high - one.low for one in found])
        effect = np.mean([one.design_effect for one in found])
        within = GOAL[0] <= held <= GOAL[1]
        print(f"| {logs:,} | {DRAWS:,} | {held:.1%} | {width:.1%} | {effect:.2f} | {'yes' if within else 'no'} |")


if __name__ == "__main__":
    main()
