"""Control charts that start themselves: what lies beyond chance, judged against the months before it.

Shares are judged on a p-chart with Laney's allowance for months that differ by more than chance (Laney 2002,
doi 10.1081/QEN-120003555), counts on a u-chart with the same; the excess is estimated by Pearson's statistic. The baseline is made
of the months before, and grows: each month is compared with what came earlier alone (Hawkins 1987, doi 10.2307/2348827;
Quesenberry 1991, doi 10.1080/00224065.1991.11979327), so that the months' scores are independent where nothing changes. A *jump*
is a month beyond its limits, by the exact tail probability with the counts divided by the excess; a *drift* is an exponentially
weighted mean of the scores that strays (Roberts 1959, doi 10.1080/00401706.1959.10489860; weight 0.2). What an estimate does is judged on its
month-to-month differences, since two extracts share most rows. Over all figures of an extract the false discovery rate is held
at 5% (Benjamini and Hochberg 1995).
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, gammaincc, ndtr, stdtr

Kind = Literal["jump", "drift", "vanished"]
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


@dataclass(frozen=True)
class Point:
    """One figure in one extract: centre and limits, the chances of a jump and a drift (NaN: not judged), size with its 95% ends."""

    value: float
    centre: float = np.nan
    lower: float = np.nan
    upper: float = np.nan
    jump: float = np.nan
    drift: float = np.nan
    kind: Kind = "jump"
    size: float = np.nan
    low: float = np.nan
    high: float = np.nan
    score: float = 0.0


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
        """A new month against the baseline, which stays as it is until ``settle``."""
        x, n = np.array(self.failed), np.array(self.total)
        value = failed / total if total > 0 else np.nan
        if len(n) < LEAST_MONTHS:
            return Point(value * (30.0 if self.of_rows else 1.0))
        rate = (x.sum() + 0.5) / (n.sum() + 1)
        unit = 1.0 if self.of_rows else 1 - rate
        if total <= 0:
            usual = float(np.median(n))
            gone = usual >= EXPECTED and len(n) >= LEAST_MONTHS
            return Point(np.nan, rate, kind="vanished", jump=float(np.exp(-usual / 4)) if gone else np.nan)
        excess = self._excess(x, n, rate, unit)
        spread = excess * (1 + total / n.sum())
        half = LIMIT * np.sqrt(spread * rate * unit / total)
        jump = min(1.0, 2 * min(self._tails(failed / spread, total / spread, rate)))
        score = (value - rate) / np.sqrt(spread * rate * unit / total)
        moved = (1 - WEIGHT) * self.strayed + WEIGHT * float(np.clip(score, -FAR, FAR))
        steps = self.steps + 1
        deviation = np.sqrt(WEIGHT / (2 - WEIGHT) * (1 - (1 - WEIGHT) ** (2 * steps)))
        drift = float(2 * ndtr(-abs(moved) / deviation)) if steps >= LEAST_DRIFT else np.nan
        error = 1.96 * np.sqrt(
            excess * (max(value * (unit if self.of_rows else 1 - value), rate * unit / 4) / total + rate * unit / n.sum())
        )
        scale = 30.0 if self.of_rows else 1.0
        most = np.inf if self.of_rows else 1.0
        kind: Kind = "vanished" if self.of_rows and failed == 0 and rate * total >= EXPECTED else "jump"
        size = value - rate
        if np.isnan(jump) or (failed == 0 and not x.any()):
            jump = drift = np.nan  # what has never failed, and does not now, says nothing and is no test
        return Point(
            scale * value,
            scale * rate,
            scale * max(rate - half, 0.0),
            scale * min(rate + half, most),
            jump,
            drift,
            kind,
            scale * size,
            scale * (size - error),
            scale * (size + error),
            float(score),
        )

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
        """A new value against the one before."""
        if not self.values:
            return Point(value)
        last = self.values[-1]
        if np.isnan(value):
            known = len(self.values) >= LEAST_MONTHS
            return Point(value, last, kind="vanished", jump=1e-6 if known else np.nan)
        size = value - last
        if len(self.differences) < DIFFERENCES:
            return Point(value, last, size=size)
        width = np.nanmax([high - low, 0.0]) if not np.isnan(high - low) else 0.0
        # Differences are never taken to be surer than a tenth of what the interval of one value says.
        spread = max(float(np.sqrt(np.mean(np.square(self.differences)))), width / 4 / 10, 1e-4)
        chance = float(2 * stdtr(len(self.differences), -abs(size) / spread))
        half = 1.96 * spread
        return Point(
            value, last, last - LIMIT * spread, last + LIMIT * spread, chance, np.nan, "jump", size, size - half, size + half
        )

    def settle(self, value: float, signalled: bool) -> None:
        """Take the value in; a difference that signals is not one of those that are usual."""
        if np.isnan(value):
            return
        if self.values and not signalled:
            self.differences.append(value - self.values[-1])
        self.values.append(value)
