"""Intervals and corrections that several rooms use."""

from statistics import NormalDist

import numpy as np


def wilson(failed: np.ndarray, total: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rate, and low and high end of Wilson's score interval, for counts of one shape; NaN where the total is 0.

    Wilson (1927), doi 10.1080/01621459.1927.10502953.

    >>> rate, low, high = wilson(np.array([0]), np.array([10]))
    >>> float(rate[0]), float(low[0]), round(float(high[0]), 3)
    (0.0, 0.0, 0.278)
    """
    failed, total = np.asarray(failed, float), np.asarray(total, float)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = failed / total
        centre = (rate + z**2 / (2 * total)) / (1 + z**2 / total)
        half = z / (1 + z**2 / total) * np.sqrt(rate * (1 - rate) / total + z**2 / (4 * total**2))
    # At the ends the formula gives 0 and 1 up to rounding; say them exactly.
    low = np.where(failed == 0, 0.0, np.maximum(centre - half, 0.0))
    high = np.where(failed == total, 1.0, np.minimum(centre + half, 1.0))
    return rate, np.where(total > 0, low, np.nan), np.where(total > 0, high, np.nan)


def q_values(p_values: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's adjusted p-values (1995), in the order given.

    As ``scipy.stats.false_discovery_control``, a module that takes longer to import than most audits take to look for gaps.
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p)[::-1]
    q = np.empty_like(p)
    q[order] = np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1))
    return np.minimum(q, 1.0)
