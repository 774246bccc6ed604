"""Targets: which combinations of two rates reach a wanted share of people found."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.effect import Choices, built_in
from audit.simulation.counts import Counts
from audit.simulation.drawing import distribution, draw
from audit.simulation.questions import QUANTITIES
from audit.simulation.twin import Alive, check_run, column, plans_for, run
from audit.simulation.worlds import Progress
from synthetic.errors import InputError
from synthetic.profile import load_profile

Array = npt.NDArray[np.float64]
STEPS = 9
"""Values of each rate on the map."""
LEAST_WORLDS = 20
"""Simulations that a map takes at least."""
LEAST_KNOWN = 12
"""Simulations with figures that the surface is fitted to at least: two for each of its six terms."""


def reach(
    counts: Counts,
    first: str,
    second: str,
    wanted: float,
    worlds: int = 40,
    seed: int = 1,
    instrument: str = "harm_365",
    choices: Choices | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    alive: Alive | None = None,
) -> pd.DataFrame:
    """A map over two rates: people found, and the probability that a further simulation reaches the share ``wanted``.

    The two rates cover 0 to twice what they may be, by a Latin hypercube; the others are drawn as known. A quadratic surface of
    the two is fitted to the simulations (Box and Wilson 1951, doi 10.1111/j.2517-6161.1951.tb00067.x), and what it leaves is the
    chance of a further one. Columns: first, second (the rates), recall_at_k, low, high (a further simulation, 95%), probability.
    Raises InputError.
    """
    if not 0 < wanted <= 1:
        raise InputError("target", "takes a share of people found, above 0 and at most 1, such as 0.8.")
    if len({first, second} & {key for key, one in QUANTITIES.items() if one.matters}) < 2:
        raise InputError(
            "over",
            "takes two different rates that can matter to a list, such as identity.duplicate_rate,linkage.suspect_not_linked; "
            "`--example` prints every rate.",
        )
    check_run(worlds, seed, LEAST_WORLDS)
    ranges = {key: span(counts, key) for key in (first, second)}
    drawn = draw(counts, worlds, seed, over=ranges)
    plan = plans_for(counts)
    jobs = [(plan(drawn.profile_of(number), seed + number), False) for number in range(worlds)]
    measured = run(jobs, choices or Choices(), workers, progress, alive, [built_in()[instrument]])
    values = column(measured, instrument, "recall_at_k")
    known = ~np.isnan(values)
    return _surface(drawn.values[first].to_numpy(), drawn.values[second].to_numpy(), values, known, ranges, wanted)


def span(counts: Counts, key: str) -> tuple[float, float]:
    """What a rate covers on a map: from its least to twice what it may be, a tenth of what is possible at least."""
    quantity = QUANTITIES[key]
    highest = distribution(counts, quantity, load_profile(counts.profile)).at(np.array([0.975]))[0]
    tenth = 0.1 if quantity.is_share else 0.1 * (quantity.most - quantity.least)
    return max(quantity.least, 0.0), float(min(max(2 * highest, tenth), quantity.most))


def _surface(
    first: Array, second: Array, values: Array, known: npt.NDArray[np.bool_], ranges: dict[str, tuple[float, float]], wanted: float
) -> pd.DataFrame:
    from scipy.special import stdtr, stdtrit  # slow to import, and no other page needs it

    if known.sum() < LEAST_KNOWN:
        raise InputError(
            None, "Too little was simulated for a map: most lists should hold too few people; give more residents or reports."
        )
    (low_1, high_1), (low_2, high_2) = ranges.values()

    def terms(x: Array, y: Array) -> Array:
        a, b = 2 * (x - low_1) / (high_1 - low_1) - 1, 2 * (y - low_2) / (high_2 - low_2) - 1
        return np.column_stack([np.ones_like(a), a, b, a * b, a * a, b * b])

    fitted = terms(first[known], second[known])
    coefficients, *_ = np.linalg.lstsq(fitted, values[known], rcond=None)
    free = int(known.sum()) - fitted.shape[1]
    left = values[known] - fitted @ coefficients
    variance = max(float(left @ left) / free, 1e-12)
    x, y = (
        part.ravel() for part in np.meshgrid(np.linspace(low_1, high_1, STEPS), np.linspace(low_2, high_2, STEPS), indexing="ij")
    )
    at = terms(x, y)
    found = (at @ coefficients).clip(0, 1)
    deviation = np.sqrt(variance * (1 + np.einsum("ij,jk,ik->i", at, np.linalg.inv(fitted.T @ fitted), at)))
    half = stdtrit(free, 0.975) * deviation
    return pd.DataFrame(
        {
            "first": x,
            "second": y,
            "recall_at_k": found,
            "low": (found - half).clip(0, 1),
            "high": (found + half).clip(0, 1),
            "probability": stdtr(free, (found - wanted) / deviation),
        }
    )
