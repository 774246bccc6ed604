"""Intervals of contributions and gains, by a bootstrap over the people of the truth list.

A contribution, like a gain, is a mean over the people of a truth list: of each person's own Shapley value, or of whether the
person is found more. The people are drawn again with replacement, as many as there are, 1,000 times, and the 2.5th and
97.5th percentiles of the mean are the interval (Efron 1979; percentile method). So it says what another truth list from the
same process might give, with the repairs as they are; it holds no doubt about which crimes have which defect. Where everybody has
the same value, low and high equal it. Over several forces people are drawn within each force, and the forces keep their size.
"""

from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

RESAMPLES = 1000
ONE_THREAD = 200_000
"""Multiplications up to which the BLAS library keeps to one thread; waking others costs more than a product so small."""

Floats = npt.NDArray[np.floating[Any]]


class Resampler:
    """Resamples of the people of one truth list; ``name`` sets the random stream, so that a figure has one interval."""

    def __init__(self, people: int, name: str) -> None:
        rng = np.random.default_rng(crc32(name.encode()))
        drawn = rng.integers(0, max(people, 1), size=(RESAMPLES, people)) + np.arange(RESAMPLES)[:, np.newaxis] * people
        times = np.bincount(drawn.ravel(), minlength=RESAMPLES * people).reshape(RESAMPLES, people)
        self._times: npt.NDArray[np.float64] = times.astype(float)
        """How often each resample has each person."""

    def means(self, values: Floats, size: Floats | None = None) -> Floats:
        """Means over the resampled people, weighted by ``size`` (people,) if given; from (rows, people) to (rows, RESAMPLES)."""
        if not values.shape[1]:
            return np.full((len(values), RESAMPLES), np.nan, np.float32)
        weighted = (values if size is None else values * size).astype(float)
        total = self._times.sum(axis=1) if size is None else (self._times * size).sum(axis=1)
        sums = np.empty((len(values), RESAMPLES))
        some = max(ONE_THREAD // max(values.size, 1), 1)
        for begin in range(0, RESAMPLES, some):
            part = slice(begin, begin + some)
            np.matmul(weighted, self._times[part].T, out=sums[:, part])
        with np.errstate(divide="ignore", invalid="ignore"):
            return (sums / total).astype(np.float32)


def percentiles(resampled: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Low and high of 95 % intervals, widened to hold the value; shapes (rows,) from (rows, RESAMPLES); NaN where unknown."""
    if not len(resampled):
        return np.zeros(0), np.zeros(0)
    low, high = np.quantile(resampled.astype(float), [0.025, 0.975], axis=1)
    return np.minimum(low, value), np.maximum(high, value)
