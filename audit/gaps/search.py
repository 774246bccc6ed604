"""The search for a force's reporting gaps: greedy, so that each gap is found once, at the level that explains it.

Every round scans all series and takes, for each unit, the one gap (of the whole unit, or of one offence group) that
explains most of what is missing; its months then have a step of their own, and the next round looks for what is left.
"""

from dataclasses import fields, replace

import numpy as np

from audit.gaps.counts import Counts
from audit.gaps.expected import (
    FORCE_SLOPE_SPREAD,
    LEAST_SLOPE_SPREAD,
    MOST_SLOPE_SPREAD,
    Fit,
    dispersion_of,
    fit,
    information_of,
    season_of,
    spread_of_slopes,
)
from audit.gaps.gap import FALSE_DISCOVERY_RATE, WHOLE, Gap
from audit.gaps.lines import Lines
from audit.gaps.scan import COARSE, LASTING, LONGEST, Scan, Windows, scan, tail, tries
from audit.statistics import q_values

ENTRY = 0.02
"""A round goes on only with windows whose p-value, corrected for the scan of their series, is at most this."""
FORCE_ENTRY = 1e-3
"""And the scan of the force as a whole only with windows of at most this."""
ROUNDS = 8
LEAST_SEASON = 6
"""Months of data from which a season is estimated. In less than two years it is the shape of the period, with its lows."""
LEAST_FORCE_DISPERSION = 5e-4
"""Units of a force vary a little together: over-dispersion of its totals at the least (illustrative)."""
TIGHTER = 4.0
"""How much closer to the force's a unit's slope is taken to be when it is tried for what the force as a whole shows."""
PLAIN_RISE = 2.5
"""A group has risen beside another's gap from this many standard deviations on,"""
LONG_BEFORE = 12
"""A force that is low from its first month for so many months rose then."""
LEAST_MOVED, MOST_MOVED = 0.4, 2.0
"""and by so much of what the other lost (illustrative; part of what is moved is coded to yet another)."""


class Search:
    """Counts, model and gaps so far, over units × series; the series are the whole unit, its groups, and uncoded crimes.

    The units are ``rows`` of ``Lines``: those that have a series of their own, by position. Nothing is expected of the months in
    which a unit does not exist, and what unit changes make of its level is part of the model.
    """

    def __init__(self, counts: Counts, lines: Lines) -> None:
        self.rows = lines.rows
        crimes, exists = lines.crimes[self.rows], lines.exists[self.rows]
        self.values = np.concatenate([crimes.sum(1, keepdims=True), crimes], axis=1)
        self.units, self.series, self.months = self.values.shape
        self.log_days = np.log(counts.days)
        self.calendar = np.array([month.month - 1 for month in counts.months])
        self.years = (np.arange(self.months) - (self.months - 1) / 2) / 12
        self.opened = np.where(exists[:, 0], 0, exists.argmax(1))
        self.weights = np.repeat(exists[:, None, :].astype(float), self.series, axis=1)
        self.level = lines.steps[self.rows]
        self.season = np.zeros((self.series, 12))
        self.dispersion = np.full(self.series, 0.02)
        self.slope = np.zeros(self.series)
        self.slope_spread, self.group_spread = 0.05, 0.05
        self.force_dispersion = LEAST_FORCE_DISPERSION
        self.shared: list[tuple[int, int]] = []
        self.risen: list[int] = []
        self.gaps: list[Gap] = []
        self.rises: list[Gap] = []

    def run(self) -> list[Gap]:
        """The gaps that stand after the correction for all that was tried; figures and kinds follow."""
        # The first pass learns season and dispersion from months that may hold gaps, the second from those that do not.
        for first in (True, False):
            self._learn(first)
            self.shared = self._shared_windows()
            if self._risen():
                self._learn(first)
                self.shared = self._shared_windows()
            self._learn_slopes()
            self.gaps, self.rises = [], []
            self._search()
        self.gaps = _merged(self.gaps)
        # Whole units and groups are two families: there are six times as many groups, and each says less.
        whole, groups = ([gap for gap in self.gaps if (gap.series == WHOLE) == wanted] for wanted in (True, False))
        self.gaps = [*_standing(whole, self.units), *_standing(groups, self.units * (self.series - 2))]
        self._learn(False)
        return self.gaps

    def fit(self, units: np.ndarray) -> Fit:
        """The series of some units, fitted with their gaps: units × series in one axis.

        The whole unit comes first; its groups' slopes are then drawn towards its own.
        """
        steps, count = self.steps(units), len(units)
        whole = self._fit(units, slice(WHOLE, 1), steps, np.full(count, self.slope[WHOLE]), self.slope_spread)
        beside = self.slope[1:] - self.slope[WHOLE]
        centre = (whole.slope[:, None] + beside).ravel()
        groups = self._fit(units, slice(1, None), steps, centre, self.group_spread)

        def joined(name: str) -> np.ndarray:
            first, others = getattr(whole, name), getattr(groups, name)
            tail = first.shape[1:]
            parts = [first.reshape(count, 1, *tail), others.reshape(count, self.series - 1, *tail)]
            return np.concatenate(parts, axis=1).reshape(count * self.series, *tail)

        return Fit(*(joined(field.name) for field in fields(Fit)))

    def _fit(self, units: np.ndarray, series: slice, steps: np.ndarray, slope: np.ndarray, spread: float) -> Fit:
        values = self.values[units, series]
        rows = values.shape[0] * values.shape[1]
        return fit(
            values.reshape(rows, -1),
            (self._offset()[None, series] + self.level[units, series]).reshape(rows, -1),
            self.years,
            self.weights[units, series].reshape(rows, -1),
            steps[:, series].reshape(rows, steps.shape[2], self.months),
            np.tile(self.dispersion[series], len(units)),
            slope,
            spread,
        )

    def scan(self, windows: Windows, units: np.ndarray, fitted: Fit, tighter: float = 1.0) -> Scan:
        """Compare windows of some units' series with a fit, their slopes held ``tighter`` than by what is known of them."""
        rows = len(units) * self.series
        information = self.weights[units].reshape(rows, -1) * information_of(fitted.now, np.tile(self.dispersion, len(units)))
        values = self.values[units].reshape(rows, -1)
        precision = np.minimum(fitted.precision * tighter**2, 1 / LEAST_SLOPE_SPREAD**2)
        return scan(windows, values, fitted.now, information, self.years, precision, fitted.away)

    def steps(self, units: np.ndarray) -> np.ndarray:
        """Months of the gaps found so far: units × series × gaps × months. A unit's gap is one of all its groups."""
        numbered = self.numbered()
        most = max((len(mine) for mine in numbered.values()), default=0)
        steps = np.zeros((len(units), self.series, most, self.months))
        at = {unit: row for row, unit in enumerate(units.tolist())}
        for (unit, series), mine in numbered.items():
            for slot, gap in enumerate(mine):
                if unit in at:
                    steps[at[unit], series, slot, gap.begin : gap.end] = 1
        return steps

    def numbered(self) -> dict[tuple[int, int], list[Gap]]:
        """The gaps of each unit and series, in the order of their steps; a group's gap is one of its unit too.

        Rises beside a group's gap are steps as well, of their group alone.
        """
        found: dict[tuple[int, int], list[Gap]] = {}
        for gap in self.gaps:
            for series in range(self.series) if gap.series == WHOLE else (gap.series, WHOLE):
                found.setdefault((gap.unit, series), []).append(gap)
        for rise in self.rises:
            found.setdefault((rise.unit, rise.series), []).append(rise)
        return found

    # ---- the model -----------------------------------------------------------------------------------------------------

    def _offset(self) -> np.ndarray:
        return self.log_days + self.season[:, self.calendar]

    def _learn(self, first: bool) -> None:
        """Season and dispersion of the force's series, at ``first`` in a way that gaps not yet found do not blur."""
        units = np.arange(self.units)
        now = self.fit(units).now.reshape(self.values.shape)
        outside = self.weights * (1 - self.steps(units).any(2))
        for series in range(self.series):
            if self.months >= LEAST_SEASON:
                bare = now[:, series] / np.exp(self.season[series][self.calendar])
                self.season[series] = season_of(self.values[:, series], bare, self.weights[:, series], self.calendar)
            used = 0.0 if first else (2 + 11 / self.units) / self.months
            self.dispersion[series] = dispersion_of(self.values[:, series], now[:, series], outside[:, series], used, between=first)
        there = self.weights[:, WHOLE]
        total, mean = (self.values[:, WHOLE] * there).sum(0)[None], np.maximum((now[:, WHOLE] * there).sum(0)[None], 1e-4)
        self.force_dispersion = max(dispersion_of(total, mean, np.ones_like(total), between=True), LEAST_FORCE_DISPERSION)

    def _shared_windows(self) -> list[tuple[int, int]]:
        """Windows in which the force as a whole is low, so that its units need no scan to be tried for them.

        A change of system hits every unit in the same month; one scan of the force finds it.
        """
        usual = self._fit_units_alone().usual
        among = self.weights[:, WHOLE].copy()
        windows = Windows.of(self.months, range(1, LONGEST + 1), from_first=True)
        found: list[tuple[int, int]] = []
        for _ in range(len(windows.begin) and ROUNDS):
            scanned = self._of_the_force(windows, usual, among, found)[0]
            best = int(scanned.gain[0].argmax())
            window = self._lasting(windows, scanned, best, usual, among, found)
            if self._chance(scanned, best) > FORCE_ENTRY or window in found:
                break
            # What one unit alone makes of the force is not shared: without it the force must still be low.
            inside = slice(*window)
            lowest = int(((usual - self.values[:, WHOLE]) * among)[:, inside].sum(1).argmax())
            without = among.copy()
            without[lowest] = 0
            if self._chance(self._of_the_force(Windows(*np.array([window]).T), usual, without, found)[0], 0) <= FORCE_ENTRY:
                found.append(window)
            else:
                among = without
        return found

    def _risen(self) -> bool:
        """Whether the force as a whole is low from its first month for long: it rose then, and no unit was silent before.

        The rise becomes part of the model: the ratio of up to a year on either side.
        """
        ends = [end for begin, end in self.shared if begin <= 2 and end >= LONG_BEFORE and end not in self.risen]
        offset = self._offset()[WHOLE] + self.level[:, WHOLE]
        for end in ends:
            sides = (slice(max(end - 12, 0), end), slice(end, min(end + 12, self.months)))
            rates = [
                (self.values[:, WHOLE, side] * self.weights[:, WHOLE, side]).sum()
                / (np.exp(offset[:, side]) * self.weights[:, WHOLE, side]).sum(1).clip(1e-9).mean()
                for side in sides
            ]
            self.level[:, :, end:] += float(np.log(max(rates[1], 1e-9) / max(rates[0], 1e-9)))
            self.risen.append(end)
        return bool(ends)

    def _chance(self, scanned: Scan, window: int) -> float:
        return float(tail(scanned.seen[0, window], scanned.expected[0, window], scanned.variance[0, window]) * tries(self.months))

    def _lasting(
        self, windows: Windows, scanned: Scan, best: int, usual: np.ndarray, among: np.ndarray, found: list[tuple[int, int]]
    ) -> tuple[int, int]:
        """The best window, or the best of those that last to the end or from the beginning, whichever explains the force better.

        A change of system that takes much off, or adds much, bends the straight line, and one Newton step does not see that.
        """
        of_all = scanned.gain[0]
        from_first = (windows.begin == 0) & (windows.end >= LONG_BEFORE)
        options = [best, int(np.where(windows.end == self.months, of_all, 0.0).argmax())]
        options += [int(np.where(from_first, of_all, 0.0).argmax())] if (of_all[from_first] > 0).any() else []
        chosen = [(int(windows.begin[one]), int(windows.end[one])) for one in options]
        likelihood = np.array([self._of_the_force(windows, usual, among, [*found, one])[1] for one in chosen])
        likelihood[1:] += LASTING
        return chosen[len(chosen) - 1 - int(likelihood[::-1].argmax())]

    def _of_the_force(
        self, windows: Windows, usual: np.ndarray, among: np.ndarray, found: list[tuple[int, int]]
    ) -> tuple[Scan, float]:
        """Compare the sum of units with that of their usual; their own trends need not add up to a straight line.

        The scan, and the log-likelihood of the fit with its prior.
        """
        total, offset = (self.values[:, WHOLE] * among).sum(0)[None], np.log(np.maximum((usual * among).sum(0), 1e-6))[None]
        ones, dispersion = np.ones_like(total), np.array([self.force_dispersion])
        fitted = fit(total, offset, self.years, ones, self._shared_steps(found)[None], dispersion, 0.0, FORCE_SLOPE_SPREAD)
        information = information_of(fitted.now, dispersion)
        scanned = scan(windows, total, fitted.now, information, self.years, fitted.precision, fitted.away)
        likelihood = -0.5 * float(
            (information * ((total - fitted.now) / fitted.now) ** 2).sum() + (fitted.precision * fitted.away**2)[0]
        )
        return scanned, likelihood

    def _shared_steps(self, shared: list[tuple[int, int]]) -> np.ndarray:
        steps = np.zeros((len(shared), self.months))
        for slot, (begin, end) in enumerate(shared):
            steps[slot, begin:end] = 1
        return steps

    def _fit_units_alone(self) -> Fit:
        """The whole units, with the shared windows beside, their slopes free."""
        steps = np.broadcast_to(self._shared_steps(self.shared), (self.units, len(self.shared), self.months))
        return self._fit(np.arange(self.units), slice(WHOLE, 1), steps[:, None], np.zeros(self.units), MOST_SLOPE_SPREAD)

    def _learn_slopes(self) -> None:
        """Slope of the force's units, and how far those of units lie from it, and groups' from their unit's."""
        alone = self._fit_units_alone()
        spread = 0.1
        for _ in range(3):
            weight = 1 / (1 / np.maximum(alone.information, 1e-9) + spread**2)
            middle = float((weight * alone.slope).sum() / weight.sum())
            spread = spread_of_slopes(alone.slope, middle, alone.information)
        # How a group's slope differs from that of all is estimated from the force's totals.
        steps = np.broadcast_to(self._shared_steps(self.shared), (self.series, len(self.shared), self.months))
        total = (self.values * self.weights * np.exp(-self.level)).sum(0)
        dispersion = np.full(self.series, self.force_dispersion)
        of_totals = fit(total, self._offset(), self.years, np.ones_like(total), steps, dispersion, 0.0, FORCE_SLOPE_SPREAD).slope
        self.slope, self.slope_spread = middle + of_totals - of_totals[WHOLE], spread
        beside = np.broadcast_to(steps, (self.units, *steps.shape))
        centre = (alone.slope[:, None] + self.slope[1:-1] - self.slope[WHOLE]).ravel()
        groups = self._fit(np.arange(self.units), slice(1, self.series - 1), beside, centre, MOST_SLOPE_SPREAD)
        self.group_spread = spread_of_slopes(groups.slope, centre, groups.information)

    # ---- the rounds ----------------------------------------------------------------------------------------------------

    def _search(self) -> None:
        """Add gaps until no unit has one more."""
        coarse, fine = Windows.of(self.months, COARSE), Windows.of(self.months, range(1, LONGEST + 1))
        if not len(coarse.begin):
            return
        units = np.arange(self.units)
        for _ in range(ROUNDS):
            p = self._lowest(coarse, units, self.fit(units))[2].reshape(len(units), self.series)
            units = units[(p[:, :-1] <= ENTRY).any(1)]
            if not len(units):
                return
            fitted = self.fit(units)
            self._take(units, *self._lowest(fine, units, fitted), fitted)

    def _lowest(self, windows: Windows, units: np.ndarray, fitted: Fit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Begin and end of the window of each series with most to explain, and its p-value corrected for the scan."""
        scanned = self.scan(windows, units, fitted)
        rows, best = np.arange(len(scanned.gain)), scanned.gain.argmax(1)
        p = tail(scanned.seen[rows, best], scanned.expected[rows, best], scanned.variance[rows, best]) * tries(self.months)
        begin, end = windows.begin[best], windows.end[best]
        if self.shared:
            # That a unit shares in what the force as a whole shows is likelier than that it has a trend which hides it.
            few = Windows(*np.array(self.shared).T)
            scanned = self.scan(few, units, fitted, TIGHTER)
            p_few = np.where(scanned.gain > 0, tail(scanned.seen, scanned.expected, scanned.variance), 1.0)
            which = p_few.argmin(1)
            better = p_few[rows, which] < p
            p = np.where(better, p_few[rows, which], p)
            begin, end = np.where(better, few.begin[which], begin), np.where(better, few.end[which], end)
        return begin, end, np.minimum(p, 1.0)

    def _take(self, units: np.ndarray, begin: np.ndarray, end: np.ndarray, p: np.ndarray, fitted: Fit) -> None:
        """For each unit the gap, of the whole or of one group, that explains most."""
        now = fitted.now.reshape(len(units), self.series, self.months)
        known = {(gap.unit, gap.series, gap.begin, gap.end) for gap in self.gaps}
        for row, unit in enumerate(units.tolist()):
            chosen, most = None, 0.0
            for series in range(self.series - 1):
                at = row * self.series + series
                if p[at] > ENTRY or (unit, series, int(begin[at]), int(end[at])) in known:
                    continue
                gap = Gap(unit, series, int(begin[at]), int(end[at]), float(p[at]))
                explained = self._explained(gap, now[row])
                if explained > most:
                    chosen, most = gap, explained
            if chosen is not None:
                self.gaps.append(chosen)
                if chosen.series != WHOLE:
                    of_unit = slice(row * self.series, (row + 1) * self.series)
                    mine = Fit(*(getattr(fitted, field.name)[of_unit] for field in fields(Fit)))
                    self.rises += self._rises(chosen, mine)

    def _rises(self, gap: Gap, fitted: Fit) -> list[Gap]:
        """Other groups of the unit that rise in a group's gap by about what it lost: they have a step of their own."""
        window = Windows(np.array([gap.begin]), np.array([gap.end]))
        scanned = self.scan(window, np.array([gap.unit]), fitted)
        risen = (scanned.seen - scanned.expected)[:, 0]
        lost = -risen[gap.series]
        moved = (risen > PLAIN_RISE * np.sqrt(scanned.variance[:, 0])) & (risen > LEAST_MOVED * lost) & (risen < MOST_MOVED * lost)
        return [replace(gap, series=int(series)) for series in np.flatnonzero(moved[: self.series - 1]) if series != WHOLE]

    def _explained(self, gap: Gap, now: np.ndarray) -> float:
        """Likelihood gained over the groups if the gap's, or all of them alike, are lower in its months."""
        groups = slice(1, None) if gap.series == WHOLE else slice(gap.series, gap.series + 1)
        seen = self.values[gap.unit, groups, gap.begin : gap.end].sum(1)
        mean = now[groups, gap.begin : gap.end].sum(1)
        share = max(seen.sum() / max(mean.sum(), 1e-9), 1e-3)
        gained = seen * np.log(share) - (share - 1) * mean
        # Over-dispersed counts carry less evidence than Poisson ones.
        return float((gained / (1 + self.dispersion[groups] * mean / (gap.end - gap.begin))).sum())


def _standing(gaps: list[Gap], tests: int) -> list[Gap]:
    """The gaps whose q-value, over so many series tried, is low enough."""
    p = np.array([gap.p_value for gap in gaps] + [1.0] * max(tests - len(gaps), 0))
    return [replace(gap, q_value=float(q)) for gap, q in zip(gaps, q_values(p), strict=False) if q <= FALSE_DISCOVERY_RATE]


def _merged(gaps: list[Gap]) -> list[Gap]:
    """Gaps of one series that follow on or run into each other are one; one that lies within another stays apart."""
    merged: list[Gap] = []
    for gap in sorted(gaps, key=lambda gap: (gap.unit, gap.series, gap.begin, -gap.end)):
        last = next((other for other in reversed(merged) if (other.unit, other.series) == (gap.unit, gap.series)), None)
        if last is not None and last.begin < gap.begin <= last.end < gap.end:
            merged.remove(last)
            gap = replace(last, end=gap.end, p_value=min(last.p_value, gap.p_value))
        merged.append(gap)
    return merged
