"""Where an answer's spread comes from, and which rate, once known, would shrink it most."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
LEAST_RUNS = 40
"""Simulations below which nothing is said about single rates."""
LEAST_PAIRS = 2
"""Draws that have figures in both worlds, below which the spread is not split."""
SOURCES = ("rates", "world", "recording", "all")
STRONGEST = 4
"""So many of the strongest rates are also looked at two by two."""
SAMPLES = 2_000
WEIGHT = 1.0
"""How many terms of a rate its prior scale is worth."""


def components(first: Array, recorded_again: Array, other_world: Array, all_first: Array) -> pd.DataFrame:
    """The spread of ``all_first``, one simulation a draw of the rates, split by source; rows rates, world, recording, all.

    ``first``, ``recorded_again`` and ``other_world`` are the same draws' figures: in one world, in the same world recorded
    again, and in another world. Variances of nested draws, by differences of pairs (Searle, Casella and McCulloch 1992,
    Variance components, doi 10.1002/9780470316856); one that comes out below 0 is 0. Columns: source, deviation, share; all NaN
    where fewer than ``LEAST_PAIRS`` draws, or simulations, have figures.
    """
    figures, again, elsewhere = (values[~np.isnan(values)] for values in (all_first, first - recorded_again, first - other_world))
    if min(map(len, (figures, again, elsewhere))) < LEAST_PAIRS:
        return pd.DataFrame({"source": SOURCES, "deviation": np.nan, "share": np.nan})
    whole = float(np.var(figures, ddof=1))
    recording = min(float(np.mean(again**2)) / 2, whole)
    chance = min(max(float(np.mean(elsewhere**2)) / 2, recording), whole)
    parts = dict(zip(SOURCES, (whole - chance, chance - recording, recording, whole), strict=True))
    return pd.DataFrame(
        [(name, np.sqrt(part), part / whole if whole else np.nan) for name, part in parts.items()],
        columns=["source", "deviation", "share"],
    )


def effects(places: pd.DataFrame, scales: Array, values: Array, noise: float, seed: int = 0) -> pd.DataFrame:
    """How much of the spread of ``values`` would go if one rate were known, for each rate that is not.

    ``places`` (a row a simulation, a column a rate) lie evenly between 0 and 1; ``scales`` is by how much each rate may move
    ``values`` before anything is seen (standard deviation); ``noise`` is the variance that is chance, where it is known, below
    which no fit may go. For a figure that is estimated under squared error the expected value of partial
    perfect information is the variance that goes, which is the first-order effect; it is found by regression on the simulations
    that there are (Strong, Oakley and Brennan 2014, doi 10.1177/0272989X13505910). The regression is of orthogonal polynomials of
    each rate, whose squared coefficients are variances (Sudret 2008, doi 10.1016/j.ress.2007.04.002), with a prior variance for
    each rate about its scale (after Tipping 2001, Journal of Machine Learning Research 1:211). Total effects add what the strongest rates do two by two.
    Columns: key, first_order with low and high, total (shares of the spread), deviation and deviation_if_known; strongest first.
    """
    columns = ["key", "first_order", "low", "high", "total", "deviation", "deviation_if_known"]
    known = ~np.isnan(values)
    if known.sum() < LEAST_RUNS or not len(places.columns) or float(np.var(values[known])) == 0:
        return pd.DataFrame(columns=columns)
    at, centred = places.to_numpy(np.float64)[known], values[known] - values[known].mean()
    linear = np.sqrt(3) * (2 * at - 1)
    curved = np.sqrt(5) * (6 * at**2 - 6 * at + 1)
    groups = np.concatenate([np.arange(at.shape[1]), np.arange(at.shape[1])])
    expected = np.asarray(scales, np.float64) ** 2
    fitted = _fit(np.hstack([linear, curved]), centred, groups, expected, noise)
    variance = _by_group(fitted.mean**2 + np.diag(fitted.covariance), groups)
    strongest = np.argsort(-variance, kind="stable")[:STRONGEST]
    pairs = [(int(a), int(b)) for place, a in enumerate(strongest) for b in strongest[place + 1 :]]
    products = np.column_stack([linear[:, a] * linear[:, b] for a, b in pairs]) if pairs else np.zeros((len(at), 0))
    groups = np.concatenate([groups, at.shape[1] + np.arange(len(pairs))])
    expected = np.concatenate([expected, [np.sqrt(expected[a] * expected[b]) / 10 for a, b in pairs]])
    fitted = _fit(np.hstack([linear, curved, products]), centred, groups, expected, noise)

    drawn = np.random.default_rng(seed).multivariate_normal(fitted.mean, fitted.covariance, SAMPLES, check_valid="ignore")
    by_group = np.column_stack([(drawn[:, groups == group] ** 2).sum(axis=1) for group in range(at.shape[1] + len(pairs))])
    shares = by_group / (by_group.sum(axis=1, keepdims=True) + fitted.noise)
    first = shares.mean(axis=0)
    low, high = _interval(linear, curved, centred, fitted.mean, first[: at.shape[1]])
    total = first[: at.shape[1]].copy()
    for number, (a, b) in enumerate(pairs):
        total[[a, b]] += first[at.shape[1] + number]
    deviation = float(np.std(centred, ddof=1))
    rows = [
        (key, first[place], low[place], high[place], total[place], deviation, deviation * np.sqrt(max(1 - first[place], 0.0)))
        for place, key in enumerate(places.columns)
    ]
    return pd.DataFrame(rows, columns=columns).sort_values("first_order", ascending=False, kind="stable", ignore_index=True)


@dataclass(frozen=True)
class _Fit:
    """Mean and covariance of the coefficients, and the variance that is left."""

    mean: npt.NDArray[np.floating]
    covariance: npt.NDArray[np.floating]
    noise: float


def _fit(
    terms: Array, values: Array, groups: npt.NDArray[np.int64], expected: Array, least_noise: float, rounds: int = 200
) -> _Fit:
    """Bayesian regression with a prior variance for each group of terms, found by EM.

    The prior variance is drawn towards ``expected``, times what is typical of all groups (a geometric mean, so that a few strong
    groups do not lift the idle ones), with the weight of ``WEIGHT`` terms.
    """
    number, whole = len(values), float(np.var(values))
    expected = np.maximum(expected, 1e-12)
    sizes = np.bincount(groups)
    prior = np.maximum(expected, 1e-9 * whole)
    noise = max(0.5 * whole, least_noise)
    squares, products = terms.T @ terms, terms.T @ values
    for _ in range(rounds):
        covariance = np.linalg.inv(squares / noise + np.diag(1 / prior[groups]))
        mean = covariance @ products / noise
        seen = _by_group(mean**2 + np.diag(covariance), groups)
        typical = float(np.exp(np.mean(np.log(np.maximum(seen / sizes / expected, 1e-6)))))
        prior = np.maximum((seen + WEIGHT * typical * expected) / (sizes + WEIGHT), 1e-9 * whole)
        left = float(((values - terms @ mean) ** 2).sum() + np.einsum("ij,ji->", squares, covariance))
        noise = max(left / number, least_noise, 1e-6 * whole)
    return _Fit(mean, covariance, noise)


def _interval(linear: Array, curved: Array, values: Array, mean: npt.NDArray[np.floating], first: Array) -> tuple[Array, Array]:
    """95% intervals of first-order effects, which hold the estimate; shape (rates,) each.

    The regression looks at all rates together, and its own intervals came out too narrow with few simulations. So these are of
    each rate alone: the squared correlation of the figure with the rate's fitted curve, by Fisher's transformation (Fisher 1921,
    Metron 1:3); from 0 where the correlation may have either sign.
    """
    number, rates = linear.shape
    slope, bend = mean[:rates], mean[rates : 2 * rates]
    curves = linear * slope + curved * bend
    flat = curves.std(axis=0) < 1e-9
    curves[:, flat] = linear[:, flat]
    correlation = np.array([np.corrcoef(curves[:, rate], values)[0, 1] for rate in range(rates)])
    centre, half = np.arctanh(correlation.clip(-0.999999, 0.999999)), 1.96 / np.sqrt(number - 3)
    ends = np.tanh(np.vstack([centre - half, centre + half])).astype(np.float64)
    squared = np.sort(ends**2, axis=0)
    low = np.where(ends[0] * ends[1] <= 0, 0.0, squared[0])
    return np.minimum(low, first), np.maximum(squared[1], first)


def _by_group(values: npt.NDArray[np.floating], groups: npt.NDArray[np.int64]) -> Array:
    return np.bincount(groups, weights=values).astype(np.float64)
