"""Windows of months in which a series is lower than usual, and how surprising the lowest is."""

from dataclasses import dataclass

import numpy as np

LONGEST = 24
COARSE = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 21, 24)
LASTING = 2.0
"""Likelihood, as a log, by which a window that lasts to the end is preferred to one that ends before (illustrative)."""


@dataclass(frozen=True)
class Windows:
    """Runs of months, first to before-last: ``begin`` and ``end`` are positions, (windows,)."""

    begin: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, months: int, lengths: tuple[int, ...] | range, from_first: bool = False) -> "Windows":
        """All windows of these lengths, those of any length that last to the end, and ``from_first`` that begin at once."""
        pairs = {(begin, begin + length) for length in lengths for begin in range(months - length + 1)}
        pairs |= {(begin, months) for begin in range(1, months)}
        pairs |= {(0, end) for end in range(1, months)} if from_first else set()
        pairs.discard((0, months))
        begin, end = np.array(sorted(pairs) or np.zeros((0, 2), int)).T
        return cls(begin, end)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over each window: series × months → series × windows."""
        total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
        return total[:, self.end] - total[:, self.begin]


@dataclass(frozen=True)
class Scan:
    """Series × windows: crimes seen and expected, the variance of their difference, the likelihood gained by a lower level."""

    seen: np.ndarray
    expected: np.ndarray
    variance: np.ndarray
    gain: np.ndarray


def scan(
    windows: Windows,
    counts: np.ndarray,
    mean: np.ndarray,
    information: np.ndarray,
    years: np.ndarray,
    slope_precision: np.ndarray | float = 0.0,
    slope_away: np.ndarray | float = 0.0,
    fixed: bool = False,
) -> Scan:
    """Compare every window with what the other months lead to expect.

    ``counts``, ``mean`` and ``information`` are series × months; information is the mean squared over the variance, 0 for
    months that do not count. For each window the level and slope are fitted again with the window's own step beside them,
    one Newton step from ``mean``; so a long gap does not hide itself in its own expectation, and the variance of what is
    expected is that of the months left. The slope has a prior of ``slope_precision``, from whose centre it lies
    ``slope_away``. ``fixed``: the mean is known, and nothing is fitted again.
    """
    counted = information > 0
    inside = windows.sums(information)
    seen, plain = windows.sums(counts * counted), windows.sums(mean * counted)
    if fixed:
        expected, left = plain, inside
    else:
        expected, left = _refitted(windows, counts, mean, information, years, slope_precision, slope_away, plain, inside)
    share = np.minimum(left / np.maximum(inside, 1e-12), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(left > 0, expected**2 / np.maximum(left, 1e-12), np.inf)
        deviance = np.where(seen > 0, seen * np.log(seen / np.maximum(expected, 1e-12)), 0.0) - (seen - expected)
    # Over-dispersed counts, and windows that leave little to compare with, carry less evidence than Poisson counts.
    gain = np.where(seen < expected, deviance * share * inside / np.maximum(plain, 1e-12), 0.0)
    # What lasts to the end is likelier one gap than one that ends a month before; a chance month does not break it.
    months = counts.shape[1]
    gain += np.where((gain > 0) & (windows.end == months) & (windows.end - windows.begin > 3), LASTING, 0.0)
    return Scan(seen, expected, variance, gain)


def _refitted(
    windows: Windows,
    counts: np.ndarray,
    mean: np.ndarray,
    information: np.ndarray,
    years: np.ndarray,
    slope_precision: np.ndarray | float,
    slope_away: np.ndarray | float,
    plain: np.ndarray,
    inside: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """What each window should hold by the months outside it, and the information on its step that these leave."""
    score = information * (counts - mean) / mean
    a, b = information.sum(1, keepdims=True), (information * years).sum(1, keepdims=True)
    c = (information * years**2).sum(1, keepdims=True) + np.reshape(slope_precision, (-1, 1))
    u, v = score.sum(1), (score * years).sum(1) - slope_precision * slope_away
    determinant = np.maximum(a * c - b * b, 1e-12)
    inside_years = windows.sums(information * years)

    def solved(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (c * first - b * second) / determinant, (a * second - b * first) / determinant

    p, q = solved(inside, inside_years)
    left = np.maximum(inside - p * inside - q * inside_years, 1e-9 * np.maximum(inside, 1e-9))
    level, slope = solved(u[:, None], v[:, None])
    step = (windows.sums(score) - level * inside - slope * inside_years) / left
    # What level and slope become when the window has its own step.
    level, slope = level - p * step, slope - q * step
    change = level * plain + slope * windows.sums(mean * years * (information > 0))
    return np.clip(plain + change, 0.5 * plain, 2 * plain), left


def tail(seen: np.ndarray, expected: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Chance of so few or fewer: negative binomial of this mean and variance, Poisson where they are alike, binomial below.

    All three are the incomplete beta and gamma functions of scipy, as the counts need not be whole.
    """
    from scipy.special import betainc, gammaincc  # slow to import, and no page needs it

    expected = np.maximum(expected, 1e-12)
    over, under = variance > expected * (1 + 1e-6), variance < expected * (1 - 1e-6)
    size = expected**2 / np.where(over & np.isfinite(variance), variance - expected, 1.0)
    odds = np.where(under, 1 - variance / expected, 0.5)
    among = np.maximum(expected / odds, seen + 1e-9)
    chance = gammaincc(seen + 1, expected)
    chance = np.where(over, betainc(size, seen + 1, size / (size + expected)), chance)
    chance = np.where(under, betainc(np.maximum(among - seen, 1e-9), seen + 1, 1 - odds), chance)
    return np.where(np.isfinite(variance), chance, 1.0)


def tries(months: int) -> float:
    """How many independent windows a scan over so many months comes to.

    Windows of one length overlap; the number that add something new goes with the sum of 1/length, which is the
    logarithm (Siegmund and Yakir 2007 on scan statistics), with a second one for either end.
    """
    return months * (1 + np.log(min(LONGEST, max(months, 1))))
