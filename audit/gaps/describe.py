"""The figures of a gap that was found: its kind, what was expected, how many crimes it hides; and which are unit changes."""

from dataclasses import replace

import numpy as np

from audit.gaps.changes import Change
from audit.gaps.expected import Fit, information_of
from audit.gaps.gap import WHOLE, Gap
from audit.gaps.scan import Windows
from audit.gaps.search import Search

INCOMPLETE_MONTHS = 3
"""A fall that began in the last three months may be late recording: incomplete, not a step."""
EMPTY_SHARE = {True: 0.03, False: 0.15}
"""A gap with at most this share of what is usual is silent: of a whole unit, a stray crime; of one offence group also what
other groups' miscoding brings in."""
PLAIN = 4.0
"""A rise counts from this many standard deviations on."""
LONG_BEFORE = 20
"""A unit that was low for so many months before it took over was smaller then, and lacked nothing."""
TRANSFER_SHARE, TRANSFER_MONTHS = 0.6, 3
"""What a unit loses for good is a transfer where others rise for good by this share of it, within so many months,"""
TAKER_SHARE = 0.1
"""and each that has this share of the rise is named."""


def describe(search: Search) -> tuple[list[Gap], list[Change], Fit]:
    """The search's gaps with their figures and kinds; the unit changes among them; and the fit they rest on.

    Units are rows of the search. A unit's lasting loss that several others take over is a change (closed or moved), not a gap.
    """
    units = np.arange(search.units)
    fitted = search.fit(units)
    dispersion = np.tile(search.dispersion, search.units)
    information = search.weights.reshape(-1, search.months) * information_of(fitted.usual, dispersion)
    numbered = search.numbered()
    gaps = [_described(gap, numbered, search, fitted, information) for gap in search.gaps]
    gaps = [gap for gap in gaps if gap.expected > gap.observed]
    kept, changes = _without_transfers(gaps, search, fitted)
    return kept, changes, fitted


def _described(gap: Gap, numbered: dict[tuple[int, int], list[Gap]], search: Search, fitted: Fit, information: np.ndarray) -> Gap:
    """Observed, expected but for this gap (others that overlap are not its doing), hidden with its interval, and kind."""
    row = gap.unit * search.series + gap.series
    inside = slice(gap.begin, gap.end)
    mean = fitted.usual[row].copy()
    for slot, other in enumerate(numbered[gap.unit, gap.series]):
        if other is not gap and (other.series in (gap.series, WHOLE)):
            mean[other.begin : other.end] *= fitted.factors[row, slot]
    mean = (mean * search.weights[gap.unit, gap.series])[inside]
    expected, observed = float(mean.sum()), float(search.values[gap.unit, gap.series, inside].sum())
    # The variance of a count, and that of the level and slope by which it is expected.
    outside = np.ones(search.months, bool)
    outside[inside] = False
    known = information[row] * outside
    away = search.years[inside].mean() - (known * search.years).sum() / max(known.sum(), 1e-9)
    slope = 1 / (fitted.information[row] + fitted.precision[row])
    spread = (mean * (1 + search.dispersion[gap.series] * mean)).sum() + expected**2 * (
        1 / max(known.sum(), 1e-9) + away**2 * slope
    )
    low, high = interval(np.array([expected]), np.array([spread]))
    hidden = tuple(float(max(end - observed, 0.0)) for end in (expected, low[0], high[0]))
    return replace(
        gap,
        observed=observed,
        expected=expected,
        hidden=(hidden[0], hidden[1], hidden[2]),
        kind=_kind(gap, observed, expected, search),
    )


def interval(mean: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95% of the counts that a negative binomial of this mean and variance gives."""
    mean = np.maximum(mean, 1e-9)
    size = mean**2 / np.maximum(variance - mean, 1e-6 * mean)
    chance = size / (size + mean)
    return _quantile(0.025, size, chance), _quantile(0.975, size, chance)


def _quantile(share: float, size: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """The least count at which a negative binomial's distribution reaches ``share``; as ``scipy.stats.nbinom.ppf``."""
    from scipy.special import betainc, nbdtrik  # slow to import, and no page needs it

    count = np.maximum(np.ceil(nbdtrik(share, size, chance)), 0.0)
    enough = (count > 0) & (betainc(size, np.maximum(count, 1e-9), chance) >= share)
    return np.where(enough, count - 1, count)


def _kind(gap: Gap, observed: float, expected: float, search: Search) -> str:
    if any((rise.unit, rise.begin, rise.end) == (gap.unit, gap.begin, gap.end) for rise in search.rises) and gap.series != WHOLE:
        return "misrouted"
    if observed <= EMPTY_SHARE[gap.series == WHOLE] * expected:
        return "silent"
    if not gap.lasts(search.months):
        return "drop"
    return "incomplete" if gap.end - gap.begin <= INCOMPLETE_MONTHS else "step"


def _without_transfers(gaps: list[Gap], search: Search, fitted: Fit) -> tuple[list[Gap], list[Change]]:
    """Take out what a unit lost for good to several others that rose for good: a closure, a boundary moved.

    So too a unit's low first months that end when it took over from another. Returns the gaps left, and the changes.
    """
    kept, changes = list(gaps), []
    units = np.arange(search.units)
    lasting = [g for g in gaps if g.series == WHOLE and g.lasts(search.months) and g.begin and g.kind in ("silent", "step")]
    taken = np.zeros(search.units)
    for gap in sorted(lasting, key=lambda gap: gap.observed - gap.expected):
        if any(abs(gap.begin - begin) <= 1 and end == search.months for begin, end in search.shared):
            continue
        scanned = search.scan(Windows(np.array([gap.begin]), np.array([gap.end])), units, fitted)
        of_units = np.arange(search.units) * search.series
        risen = (scanned.seen - scanned.expected)[of_units, 0]
        risen = np.where(risen > PLAIN * np.sqrt(scanned.variance[of_units, 0]), risen, 0.0)
        # A unit that was low for long until then rose then.
        low_before = [
            g
            for g in kept
            if (g.series, g.kind) == (WHOLE, "drop")
            and abs(g.end - gap.begin) <= 1
            and (g.begin <= TRANSFER_MONTHS or g.end - g.begin >= LONG_BEFORE)
            and g.unit != gap.unit
        ]
        for other in low_before:
            rate = (other.expected - other.observed) / (other.end - other.begin)
            risen[other.unit] = max(risen[other.unit], rate * (gap.end - gap.begin))
        risen[gap.unit] = 0
        free = np.maximum(risen - taken, 0)
        lost = gap.expected - gap.observed
        if free.sum() >= TRANSFER_SHARE * lost:
            taken += free * min(1.0, lost / free.sum())
            kept = [other for other in kept if other is not gap and other not in low_before]
            kind = "closed" if gap.kind == "silent" else "moved"
            takers: list[int | None] = list(np.flatnonzero(free >= TAKER_SHARE * free.sum()).tolist()) or [None]
            changes += [Change(gap.unit, gap.begin, kind, unit) for unit in takers]
    return kept, changes
