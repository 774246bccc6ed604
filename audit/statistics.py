"""Intervals, tests and corrections that several modules use."""

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

LEAST_GROUP = 10
"""Groups of fewer people or rows are never shown (statistical disclosure control: a small count may point to a person)."""


def distinct(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The distinct numbers in order. By sorting, which takes a twentieth of the time that ``numpy.unique`` takes.

    >>> distinct(np.array([3, 1, 3])).tolist()
    [1, 3]
    """
    ordered = np.sort(values)
    return ordered[np.diff(ordered, prepend=ordered[:1] - 1) > 0]


def ranks(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The place of each number among the distinct ones in order, shape (values,). By sorting, as ``distinct``.

    >>> ranks(np.array([7, 3, 7])).tolist()
    [1, 0, 1]
    """
    order = np.argsort(values)
    new = np.diff(values[order], prepend=values[order[:1]]) != 0
    places = np.empty(len(values), np.int64)
    places[order] = np.cumsum(new)
    return places


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
    # At the ends the formula gives 0 and 1 up to rounding; make them exact.
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


SIMULATIONS = 9_999
"""Tables that are drawn for a test of three groups or more; the smallest p-value it can give is one in ten thousand."""
WINDOW = 40.0
"""Standard deviations around the mean beyond which a hypergeometric probability adds nothing to a p-value."""


def group_difference(failed: npt.NDArray[np.int64], total: npt.NDArray[np.int64], seed: int = 0) -> float:
    """The p-value of "the groups have one share of failed rows", for counts of two groups or more, however small.

    Given the numbers of rows and of failed rows: for two groups Fisher's exact test, two-sided (Fisher 1922,
    doi 10.2307/2340521); for more the chi-squared statistic of tables that are drawn with the same margins (Hope 1968,
    doi 10.1111/j.2517-6161.1968.tb00759.x), with a stream of ``seed``.

    >>> round(group_difference(np.array([1, 9]), np.array([10, 10])), 5)
    0.00109
    """
    failed, total = np.asarray(failed, np.int64), np.asarray(total, np.int64)
    failed, total = failed[total > 0], total[total > 0]
    of_all = int(failed.sum())
    if len(total) < 2 or of_all in (0, int(total.sum())):
        return 1.0
    if len(total) == 2:
        return _fisher(int(failed[0]), int(total[0]), int(total[1]), of_all)
    expected = total * (of_all / total.sum())
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(total, of_all, size=SIMULATIONS, method="marginals")
    # With both margins given the rows that did not fail add the same terms again, in proportion.
    observed = float(((failed - expected) ** 2 / expected).sum())
    statistic = ((drawn - expected) ** 2 / expected).sum(axis=1)
    return float((1 + (statistic >= observed * (1 - 1e-12)).sum()) / (SIMULATIONS + 1))


def _fisher(failed: int, first: int, second: int, of_all: int) -> float:
    """Two-sided: the probability of all tables that are no more probable than this one."""
    from scipy.special import gammaln

    rows = first + second
    mean = of_all * first / rows
    spread = np.sqrt(max(mean * (1 - first / rows) * (rows - of_all) / max(rows - 1, 1), 1.0))
    low, high = max(0, of_all - second), min(of_all, first)
    near = range(max(low, min(failed, int(mean - WINDOW * spread))), min(high, max(failed, int(mean + WINDOW * spread) + 1)) + 1)
    k = np.array(near, float)

    def ways(of: float, chosen: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return gammaln(of + 1) - gammaln(chosen + 1) - gammaln(of - chosen + 1)

    log = ways(first, k) + ways(second, of_all - k) - ways(rows, np.array(float(of_all)))
    here = log[failed - near[0]]
    return float(min(1.0, np.exp(log[log <= here + 1e-7]).sum()))


def at_least_so_many(
    failed: npt.NDArray[np.int64], total: npt.NDArray[np.int64], all_failed: npt.NDArray[np.int64], all_total: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """The chance of ``failed`` or more among ``total`` rows drawn from ``all_total`` of which ``all_failed`` fail; shapes (n,).

    The upper tail of the hypergeometric distribution, as ``scipy.stats.hypergeom.sf``, a module that takes a second to
    import. Terms are added until the next is nothing beside their sum. No less than a chance: 1 where ``failed`` is not
    above the mean, as nobody asks there.

    >>> at_least_so_many(*(np.array([number]) for number in (3, 4, 5, 20))).round(6).tolist()
    [0.031992]
    """
    from scipy.special import gammaln

    chance = np.ones(len(failed))
    above = np.flatnonzero(failed * all_total > total * all_failed)
    k, drawn, bad, rows = (np.asarray(part, float)[above] for part in (failed, total, all_failed, all_total))
    good = rows - bad

    def ways(of: npt.NDArray[np.float64], chosen: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return gammaln(of + 1) - gammaln(chosen + 1) - gammaln(of - chosen + 1)

    first = np.exp(ways(bad, k) + ways(good, drawn - k) - ways(rows, drawn))
    term, tail = np.ones(len(above)), np.ones(len(above))
    while (term > 1e-17 * tail).any():
        term = term * np.maximum((bad - k) * (drawn - k), 0.0) / ((k + 1) * (good - drawn + k + 1))
        tail, k = tail + term, k + 1
    chance[above] = np.minimum(first * tail, 1.0)
    return chance
