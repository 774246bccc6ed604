"""Control charts that start themselves: what lies beyond chance, judged against the months before it.

Shares are judged on a p-chart with Laney's allowance for months that differ by more than chance (Laney 2002,
doi 10.1081/QEN-120003555), counts on a u-chart with the same; the excess is estimated by Pearson's statistic. The baseline is made
of the months before, and grows: each month is compared with what came earlier alone (Hawkins 1987, doi 10.2307/2348827;
Quesenberry 1991, doi 10.1080/00224065.1991.11979327), so that the months' scores are independent where nothing changes. A *jump*
is a month beyond its limits, by the exact tail probability with the counts divided by the excess; a *drift* is an exponentially
weighted mean of the scores that strays (Roberts 1959, doi 10.1080/00401706.1959.10489860; weight 0.2). Each is reported with the
departure that it is about, and the interval that its own test implies, which leaves 0 out where the test is sure: of a jump the
month's departure, of a drift the weighted mean of the months'. What an estimate does is judged on its
month-to-month differences, since two extracts share most rows. Over all figures of an extract the false discovery rate is held
at 5% (Benjamini and Hochberg 1995).
"""

from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv, gammaincc, gammaincinv, ndtr, stdtr, stdtrit

from audit.effect import LEAST_GROUP

Kind = Literal["jump", "drift", "vanished"]
SURE = 1.96
"""Standard deviations of a 95% interval."""
LIMIT = 3.0
"""Standard deviations from the centre at which limits are drawn."""
WEIGHT = 0.2
LEAST_MONTHS, LEAST_DRIFT = 4, 4
"""Months that a baseline needs, and extracts from which a drift can be seen."""
SHRINK = 6.0
"""Months that the excess of a short baseline is drawn towards none with."""
FAR = 3.0
"""Standard deviations beyond which a month adds no more to excess and drift."""
MEDIAN = 0.455
"""Median of the square of a standard normal number."""
EXPECTED = 20.0
"""Rows of a month that a figure must usually have before their absence is a signal."""
DIFFERENCES = 5
"""Differences that an estimate needs before one can be judged."""


class Departure(NamedTuple):
    """How far a figure is from where it was, with the 95% ends of that."""

    size: float = np.nan
    low: float = np.nan
    high: float = np.nan

    def times(self, scale: float) -> "Departure":
        return Departure(*(scale * end for end in self))


NONE = Departure()


@dataclass(frozen=True)
class Point:
    """One figure in one extract: its value with 95% ends, centre and limits, and the chances of a jump and a drift (NaN: not tested).

    ``jumped`` is the departure that a jump, or what vanished, is reported with; ``drifted`` that of a drift.
    """

    value: float
    low: float = np.nan
    high: float = np.nan
    centre: float = np.nan
    lower: float = np.nan
    upper: float = np.nan
    jump: float = np.nan
    drift: float = np.nan
    kind: Kind = "jump"
    jumped: Departure = NONE
    drifted: Departure = NONE
    score: float = 0.0

    @property
    def judged(self) -> bool:
        """Whether anything was tested."""
        return not (np.isnan(self.jump) and np.isnan(self.drift))

    def hidden(self) -> "Point":
        """The same without the value and what gives it away."""
        return replace(self, value=np.nan, low=np.nan, high=np.nan, jumped=NONE, drifted=NONE)


@dataclass
class Chart:
    """The chart of one figure of shares or, where ``of_rows``, of counts, over months with ``total`` rows, or days."""

    of_rows: bool = False
    failed: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)
    strayed: float = 0.0
    steps: int = 0
    last_sign: float = 0.0
    pending: tuple[float, float] | None = None

    def add(self, failed: float, total: float) -> None:
        """A month of the baseline."""
        if total > 0:
            self.failed.append(failed)
            self.total.append(total)

    def judge(self, failed: float, total: float) -> Point:
        """A new month against the baseline, which stays as it is until ``settle``.

        Months of fewer than 10 rows are not shown; a share of so few is not judged either.
        """
        point = self._judged(failed, total)
        few = 0 < (failed if self.of_rows else total) < LEAST_GROUP
        if not few:
            return point
        return point.hidden() if self.of_rows else Point(np.nan)

    def _judged(self, failed: float, total: float) -> Point:
        x, n = np.array(self.failed), np.array(self.total)
        scale = 30.0 if self.of_rows else 1.0
        value = failed / total if total > 0 else np.nan
        if len(n) < LEAST_MONTHS or (x if self.of_rows else n).sum() < LEAST_GROUP:
            low, high = self._ends(failed, total)
            return Point(scale * value, scale * low, scale * high)
        rate = (x.sum() + 0.5) / (n.sum() + 1)
        unit = 1.0 if self.of_rows else 1 - rate
        if total <= 0:
            usual = float(np.median(n))
            return Point(
                np.nan, centre=rate, kind="vanished", jump=float(np.exp(-usual / 4)) if usual >= EXPECTED else np.nan
            )  # fmt: skip
        spread = self._excess(x, n, rate, unit) * (1 + total / n.sum())
        deviation = np.sqrt(spread * rate * unit / total)
        jump = min(1.0, 2 * min(self._tails(failed / spread, total / spread, rate)))
        score = float((value - rate) / deviation)
        drift, drifted = self._drift(score)
        if failed == 0 and not x.any():
            jump = drift = np.nan  # what has never failed, and does not now, says nothing and is no test
        low, high = self._ends(failed / spread, total / spread)
        return Point(
            scale * value,
            scale * low,
            scale * high,
            scale * rate,
            scale * max(rate - LIMIT * deviation, 0.0),
            scale * min(rate + LIMIT * deviation, np.inf if self.of_rows else 1.0),
            jump,
            drift,
            "vanished" if self.of_rows and failed == 0 and rate * total >= EXPECTED else "jump",
            Departure(value - rate, low - rate, high - rate).times(scale),
            drifted.times(scale * deviation),
            score,
        )

    def _drift(self, score: float) -> tuple[float, Departure]:
        """The chance of the weighted mean of scores with a new one, NaN while there are few; and that mean with its 95% ends."""
        steps = self.steps + 1
        if steps < LEAST_DRIFT:
            return np.nan, NONE
        weights = WEIGHT * (1 - WEIGHT) ** np.arange(steps)
        moved = (1 - WEIGHT) * self.strayed + WEIGHT * float(np.clip(score, -FAR, FAR))
        deviation = float(np.sqrt(np.square(weights).sum()))
        ends = (moved, moved - SURE * deviation, moved + SURE * deviation)
        return float(2 * ndtr(-abs(moved) / deviation)), Departure(*ends).times(1 / float(weights.sum()))

    def settle(self, failed: float, total: float, point: Point, signalled: bool) -> None:
        """Take the month into the baseline; one that signals is left out, and two in a row to one side begin another baseline."""
        if total <= 0 or np.isnan(point.centre):
            self.add(failed, total)
            return
        self.strayed = (1 - WEIGHT) * self.strayed + WEIGHT * float(np.clip(point.score, -FAR, FAR))
        self.steps += 1
        sign = float(np.sign(point.score))
        if not signalled:
            self.pending = None
            self.add(failed, total)
        elif self.pending is not None and sign == self.last_sign:
            before = self.pending
            self.failed, self.total, self.pending = [before[0], failed], [before[1], total], None
            self.strayed, self.steps = 0.0, 0
        else:
            self.pending = failed, total
        self.last_sign = sign

    def _excess(self, x: npt.NDArray[np.float64], n: npt.NDArray[np.float64], rate: float, unit: float) -> float:
        """How much more months differ than by chance, 1 at least: Pearson's statistic, drawn towards 1 where there are few.

        Months far beyond the others, by the median, add no more than ``FAR`` of their deviations.
        """
        residual = (x - n * rate) ** 2 / np.maximum(n * rate * unit, 1e-12)
        degrees = len(n) - 1
        usual = max(1.0, float(np.median(residual)) / MEDIAN)
        own = float(np.minimum(residual, FAR**2 * usual).sum() / max(degrees, 1))
        return max(1.0, (own * degrees + SHRINK) / (degrees + SHRINK))

    def _ends(self, failed: float, total: float) -> tuple[float, float]:
        """The rates beyond which the chance of so few, or of so many, is below 2.5%: the exact interval that ``_tails`` implies
        (Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404; Garwood 1936, doi 10.1093/biomet/28.3-4.437)."""
        if total <= 0:
            return np.nan, np.nan
        if self.of_rows:
            low = float(gammaincinv(failed, 0.025)) if failed > 0 else 0.0
            return low / total, float(gammaincinv(failed + 1, 0.975)) / total
        passed = total - failed
        low = float(betaincinv(failed, passed + 1, 0.025)) if failed > 0 else 0.0
        return low, float(betaincinv(failed + 1, passed, 0.975)) if passed > 0 else 1.0

    def _tails(self, failed: float, total: float, rate: float) -> tuple[float, float]:
        """Chances of so few and of so many."""
        if self.of_rows:
            expected = total * rate
            below = float(gammaincc(failed + 1, expected))
            return below, float(1 - gammaincc(failed, expected)) if failed > 0 else 1.0
        passed = total - failed
        below = float(betainc(passed, failed + 1, 1 - rate)) if passed > 0 else 1.0
        return below, float(betainc(failed, passed + 1, rate)) if failed > 0 else 1.0


@dataclass
class EstimateChart:
    """The chart of an estimate, such as people found: of its differences from extract to extract."""

    values: list[float] = field(default_factory=list)
    differences: list[float] = field(default_factory=list)

    def judge(self, value: float, low: float, high: float) -> Point:
        """A new value against the one before. NaN is a value that is not shown, as that of a group under 10: it is no test."""
        if np.isnan(value):
            return Point(np.nan)
        if not self.values:
            return Point(value, low, high)
        last = self.values[-1]
        size = value - last
        if len(self.differences) < DIFFERENCES:
            return Point(value, low, high, last)
        width = high - low if not np.isnan(high - low) else 0.0
        # Differences are never taken to be surer than a tenth of what the interval of one value says.
        spread = max(float(np.sqrt(np.mean(np.square(self.differences)))), width / 4 / 10, 1e-4)
        chance = float(2 * stdtr(len(self.differences), -abs(size) / spread))
        half = float(stdtrit(len(self.differences), 0.975)) * spread
        return Point(
            value, low, high, last, last - LIMIT * spread, last + LIMIT * spread, chance,
            jumped=Departure(size, size - half, size + half),
        )  # fmt: skip

    def vanished(self) -> Point:
        """The figure is in the extract no more."""
        known = len(self.values) >= LEAST_MONTHS
        return Point(
            np.nan, centre=self.values[-1] if self.values else np.nan, kind="vanished", jump=1e-6 if known else np.nan
        )  # fmt: skip

    def settle(self, value: float, signalled: bool) -> None:
        """Take the value in; a difference that signals is not one of those that are usual."""
        if np.isnan(value):
            return
        if self.values and not signalled:
            self.differences.append(value - self.values[-1])
        self.values.append(value)
