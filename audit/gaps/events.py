"""Months in which a unit stops, starts, rises or falls for good: what unit changes are made of."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.gaps.expected import dispersion_of

Array = npt.NDArray[np.float64]

SPAN = 12
"""Months on either side of an event that its size is estimated from."""
TRICKLE = 0.03
"""A unit that does not exist may still have this share of its usual crimes, by late or wrong dates."""
SURE = 6.0
"""The silence before a start or after a stop would usually hold this many crimes, and the logarithm of the units more."""
FAR_BELOW, ENOUGH = 0.25, 8.0
"""Months below this share of their neighbours' median, where that is at least so many crimes, are left out of a level."""
DRIFT = 0.05
"""A unit's level drifts by so much in a year: standard deviation of the log (illustrative)."""
MIX_DRIFT = 0.1
"""And its offence groups by so much (illustrative)."""
LEAST_DISPERSION = 0.002
LEAST_SIDE = 3
"""A rise or fall needs so many months on either side."""
PLAIN = 5.0
"""Standard deviations from which a rise or fall counts without a start or stop beside it."""
ONE_SIDED = 0.25
"""Share of months on either side of a lasting step that may lie on the wrong side of its middle."""
PRIOR_ODDS = 2.0
"""Logarithm of the odds against a step in a given unit and month, beside the number of units."""
NEAREST = 0.85
"""A step belongs to a month where it is at least this share of the plainest within half a year."""
MOST_CANDIDATES = 5
STEADY_SHARE = 0.75
"""Units that exist in at least so many of the months carry the force's shape."""


@dataclass(frozen=True)
class Step:
    """A change of one unit's level in a month: ``size`` and ``before`` in crimes a month of the usual length and season.

    ``sign`` is 1 for a gain, -1 for a loss; ``is_end``: the unit starts or stops. ``variance`` is that of the size.
    """

    unit: int
    month: int
    sign: int
    is_end: bool
    size: float
    before: float
    variance: float

    @property
    def deviations(self) -> float:
        """The size in standard deviations."""
        return float(self.size / np.sqrt(self.variance))


@dataclass(frozen=True)
class Events:
    """A force's starts, stops and lasting steps, with the levels that they are judged by.

    ``first`` and ``stop`` are the first month and the one after the last of each unit. ``before`` and ``after`` are mean rates of
    up to twelve months on either side of each month, ``variance`` that of their difference; units × months.
    """

    crimes: Array
    totals: Array
    shape: Array
    kept: Array
    first: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]
    before: Array
    after: Array
    variance: Array
    starts: list[Step]
    stops: list[Step]

    @classmethod
    def of(cls, crimes: Array, days: Array) -> "Events":
        """The events of units × groups × months counts; ``days`` are those of each month that the data covers."""
        totals = crimes.sum(1)
        units, months = totals.shape
        shape = days / max(days.max(initial=0.0), 1.0)
        first, stop = np.zeros(units, np.int64), np.full(units, months)
        for _ in range(2):
            first, stop = _lives(totals, shape)
            shape = _shape(totals, days, first, stop)
        at = np.arange(months)
        inside = (at >= first[:, None]) & (at < stop[:, None])
        kept = (inside & ~_far_below(totals / shape, inside)).astype(float)
        level = (totals * kept).sum(1) / np.maximum((shape * kept).sum(1), 1e-9)
        mean = np.maximum(level[:, None] * shape, 1e-4)
        dispersion = max(dispersion_of(totals, mean, kept, between=True), LEAST_DISPERSION)
        ends = np.arange(months + 1)
        earlier, more = _levels(totals, shape, kept, np.maximum(ends - SPAN, 0), ends, dispersion)
        later, most = _levels(totals, shape, kept, ends, np.minimum(ends + SPAN, months), dispersion)
        starts = [
            Step(unit, at, 1, True, float(later[unit, at]), 0.0, float(most[unit, at]))
            for unit, at in zip(np.flatnonzero(first > 0).tolist(), first[first > 0].tolist(), strict=True)
        ]
        stops = [
            Step(unit, at, -1, True, float(earlier[unit, at]), float(earlier[unit, at]), float(more[unit, at]))
            for unit, at in zip(np.flatnonzero(stop < months).tolist(), stop[stop < months].tolist(), strict=True)
        ]
        # A step needs some months on either side within the unit's life.
        enough = (ends - first[:, None] >= LEAST_SIDE) & (stop[:, None] - ends >= LEAST_SIDE)
        variance = np.where(enough, more + most, np.inf)
        return cls(crimes, totals, shape, kept, first, stop, earlier, later, variance, starts, stops)

    @property
    def units(self) -> int:
        """How many units the force has."""
        return len(self.totals)

    @property
    def months(self) -> int:
        """How many months the data has."""
        return self.totals.shape[1]

    def meet(self, one: Step, other: Step) -> bool:
        """Whether two starts or stops are in the same month; small units' last crimes may come months before they stop."""
        chance = int(np.ceil(3.0 / max(min(one.size, other.size), 0.1)))
        return abs(one.month - other.month) <= max(1, min(chance, 3))

    def steps(self, month: int, sign: int, without: set[int]) -> list[Step]:
        """Units that go on, and rise (``sign`` 1) or fall (-1) for good in a month, the plainest first."""
        about = slice(max(month - SPAN // 2, 0), month + SPAN // 2 + 1)
        sizes = sign * (self.after - self.before)[:, about] / np.sqrt(self.variance[:, about])
        size = sizes[:, month - about.start]
        # A step of a month near by is not one of this month.
        size = np.where(size >= NEAREST * sizes.max(1), size, 0.0)
        units = [unit for unit in np.argsort(-size, kind="stable").tolist() if size[unit] > 0 and unit not in without]
        found = [self.step(unit, month, sign) for unit in units[:MOST_CANDIDATES]]
        return [step for step in found if self.evidence(step) > 0 and self._one_sided(step)]

    def lasting(self, sign: int) -> list[Step]:
        """Each unit's plainest rise or fall that lasts to its end, where it has one."""
        size = sign * (self.after - self.before) / np.sqrt(self.variance)
        best = size.argmax(1)
        plain = np.flatnonzero(size[np.arange(self.units), best] >= PLAIN).tolist()
        steps = [self.step(unit, self._located(unit, int(best[unit])), sign) for unit in plain]
        return [step for step in steps if step.size > 0 and self._one_sided(step)]

    def evidence(self, step: Step) -> float:
        """Log likelihood ratio of a step to none, less that of its having been looked for among all units."""
        return step.deviations**2 / 2 - float(np.log(self.units)) - PRIOR_ODDS

    def mix(self, step: Step) -> tuple[Array, Array]:
        """The size of a step by offence group, and the variance of each: both (groups,)."""
        after, more = self._mix(step.unit, step.month, step.month + SPAN)
        before, most = self._mix(step.unit, step.month - SPAN, step.month)
        if step.is_end:
            return (after, more) if step.sign > 0 else (before, most)
        return step.sign * (after - before), more + most

    def _mix(self, unit: int, begin: int, end: int) -> tuple[Array, Array]:
        months = slice(max(begin, 0), min(end, self.months))
        kept = self.kept[unit, months]
        exposure = max(float((kept * self.shape[months]).sum()), 1e-3)
        seen = (self.crimes[unit, :, months] * kept).sum(1)
        rate = seen / exposure
        return rate, (seen + 1) / exposure**2 + (MIX_DRIFT * rate) ** 2

    def step(self, unit: int, month: int, sign: int) -> Step:
        """The rise (``sign`` 1) or fall of a unit in a month."""
        before, after = float(self.before[unit, month]), float(self.after[unit, month])
        return Step(unit, month, sign, False, sign * (after - before), before, float(self.variance[unit, month]))

    def _located(self, unit: int, month: int) -> int:
        """The month about this one in which a step is likeliest, by the Poisson likelihood of the unit's life."""
        first, stop = int(self.first[unit]), int(self.stop[unit])
        seen, exposure = self.totals[unit], self.shape

        def likelihood(at: int) -> float:
            sides = ((seen[first:at].sum(), exposure[first:at].sum()), (seen[at:stop].sum(), exposure[at:stop].sum()))
            return float(sum(crimes * np.log(max(crimes, 1e-9) / max(months, 1e-9)) for crimes, months in sides))

        near = [at for at in range(month - 2, month + 3) if np.isfinite(self.variance[unit, min(max(at, 0), self.months)])]
        return max((at for at in near if 0 <= at <= self.months), key=likelihood, default=month)

    def _one_sided(self, step: Step) -> bool:
        """Whether the months before a step lie on one side of its middle and those after on the other."""
        middle = step.before + step.sign * step.size / 2
        above = step.sign * (self.totals[step.unit] / self.shape - middle) > 0
        before, after = above[self.first[step.unit] : step.month], ~above[step.month : self.stop[step.unit]]
        return bool(before.mean() <= ONE_SIDED and after.mean() <= ONE_SIDED)


def _levels(
    totals: Array, shape: Array, kept: Array, begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64], dispersion: float
) -> tuple[Array, Array]:
    """Mean rates of units over windows, and their variances with the drift of a level: units × windows."""

    def sums(values: Array) -> Array:
        total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
        return total[:, end] - total[:, begin]

    exposure, seen, count = sums(shape * kept), sums(totals * kept), sums(kept)
    rate = np.divide(seen, exposure, out=np.zeros_like(seen), where=exposure > 0)
    poisson = (seen + 1) / np.maximum(exposure, 1e-3) ** 2
    return rate, poisson + dispersion * rate**2 / np.maximum(count, 1) + (DRIFT * rate) ** 2 / 2


def _lives(totals: Array, shape: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First month and the one after the last of each unit; 0 and the number of months where silence there may be chance."""
    units, months = totals.shape
    rate = np.where(totals > 0, totals / shape, np.nan)
    typical = np.array([np.nanmedian(row) if (row > 0).any() else 0.0 for row in rate])

    def silent(counts: Array, exposure: Array) -> npt.NDArray[np.int64]:
        """Months from the left end that hold at most a trickle, where their silence is no chance."""
        seen, usual = np.cumsum(counts, axis=1), typical[:, None] * np.cumsum(exposure)
        low = counts <= FAR_BELOW * typical[:, None] * exposure
        quiet = low & (seen <= TRICKLE * usual) & (usual > 0)
        length = np.where(quiet.any(1), months - quiet[:, ::-1].argmax(1), 0)
        # The level of months that count, zeros among them included, decides whether the silence is chance.
        rest = np.arange(months) >= length[:, None]
        level = (counts * rest).sum(1) / np.maximum((exposure * rest).sum(1), 1e-9)
        expected = level * np.concatenate([[0.0], np.cumsum(exposure)])[length]
        return np.where((expected >= SURE + np.log(max(units, 1))) & (length < months), length, 0)

    begin = silent(totals, shape)
    left = silent(totals[:, ::-1], shape[::-1])
    return begin, months - left


def _shape(totals: Array, days: Array, first: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]) -> Array:
    """What season, trend and exposure make of a month's crimes, 1 on average: (months,), from units that exist throughout.

    Far months are drawn in, so that no unit's gap or change becomes the force's shape; with few units, from days alone.
    """
    months = totals.shape[1]
    exposure = np.maximum(days / max(days.mean(), 1e-9), 1e-3) if months else np.zeros(0)
    steady = (stop - first >= STEADY_SHARE * months) & (first == 0) & (stop == months) & (totals.sum(1) > 0)
    if steady.sum() < 4:
        return exposure * _season(totals.sum(0) / exposure)
    mine, shape = totals[steady], exposure
    for _ in range(4):
        level = np.median(mine / shape, axis=1)
        level = np.maximum(np.where(level >= 3, level, mine.mean(1)), 1e-3)
        mean = level[:, None] * shape
        reach = 2 * np.sqrt(mean) + 0.2 * mean
        drawn = np.clip(mine, mean - reach, mean + reach)
        shape = np.maximum(shape * drawn.sum(0) / mean.sum(0), 1e-3 * exposure)
    return shape / shape.mean()


def _season(rate: Array) -> Array:
    """Each month's share of its year's mean, by the median of the years; all 1 with less than two years."""
    months = len(rate)
    if months < 24:
        return np.ones(months)
    year = np.array([rate[max(0, min(at - 6, months - 12)) :][:12].mean() for at in range(months)])
    share = rate / np.maximum(year, 1e-9)
    season = np.array([np.median(share[at % 12 :: 12]) for at in range(months)])
    return np.maximum(season / max(season.mean(), 1e-9), 0.1)


def _far_below(rates: Array, inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Months far below the median of the year about them: units × months."""
    half = SPAN // 2
    padded = np.pad(np.where(inside, rates, np.nan), ((0, 0), (half, half)), constant_values=np.nan)
    around = np.sort(np.lib.stride_tricks.sliding_window_view(padded, SPAN + 1, axis=1), axis=2)
    known = np.isfinite(around).sum(2)
    middle = np.take_along_axis(around, np.maximum((known - 1) // 2, 0)[:, :, None], axis=2)[:, :, 0]
    middle = np.where(known > 0, middle, 0.0)
    return (middle >= ENOUGH) & (rates < FAR_BELOW * middle)
