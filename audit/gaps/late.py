"""Runs of months whose reports were recorded long after: they did arrive, and are not missing as well."""

import numpy as np

from audit.gaps.counts import Counts
from audit.gaps.expected import LEAST_MEAN
from audit.gaps.gap import FALSE_DISCOVERY_RATE, WHOLE, Gap
from audit.gaps.scan import LONGEST, Windows, scan, tail, tries

LATE_SHARE = 0.15
"""Least share of a run's reports that came late for the run to be reported."""


def late_runs(counts: Counts) -> list[Gap]:
    """Runs in which a unit recorded its reports late, by month of report: observed are those recorded within 30 days."""
    reported, timely = counts.reported.sum(1), (counts.reported - counts.late).sum(1)
    units, months = reported.shape
    if not counts.late.any():
        return []
    share = np.divide(counts.late.sum(1), reported, out=np.zeros_like(reported), where=reported > 0)
    usual = share < LATE_SHARE
    on_time = 1 - counts.late.sum(1)[usual].sum() / max(reported[usual].sum(), 1)
    mean = np.maximum(reported * on_time, LEAST_MEAN)
    windows, information = Windows.of(months, range(1, LONGEST + 1)), mean.copy()
    found: list[Gap] = []
    while True:
        scanned = scan(windows, timely, mean, information, np.zeros(months), fixed=True)
        best, rows = scanned.gain.argmax(1), np.arange(units)
        seen, expected = scanned.seen[rows, best], scanned.expected[rows, best]
        # Corrected for the scan, and by Bonferroni for the units: late months are either plain or not there.
        p = np.minimum(tail(seen, expected, scanned.variance[rows, best]) * tries(months), 1)
        q = np.minimum(p * units, 1)
        taken = np.flatnonzero((q <= FALSE_DISCOVERY_RATE) & (seen <= (1 - LATE_SHARE) * expected))
        for unit in taken.tolist():
            begin, end = int(windows.begin[best[unit]]), int(windows.end[best[unit]])
            information[unit, begin:end] = 0
            # Months with no late report at its ends are not part of it: a unit may have fallen silent.
            with_late = begin + np.flatnonzero(counts.late[unit, :, begin:end].sum(0))
            begin, end = int(with_late[0]), int(with_late[-1]) + 1
            found.append(
                Gap(unit, WHOLE, begin, end, float(p[unit]), float(q[unit]), "late", float(seen[unit]), float(expected[unit]))
            )
        if not len(taken):
            return found


def as_reported(counts: Counts, late: list[Gap]) -> np.ndarray:
    """Crimes by month of recording, those of late runs by month of report: units × groups × months."""
    crimes = counts.crimes.copy()
    unit, group, reported, recorded, number = counts.moved.T
    for gap in late:
        rows = (unit == gap.unit) & (reported >= gap.begin) & (reported < gap.end)
        np.add.at(crimes, (unit[rows], group[rows], reported[rows]), number[rows])
        np.subtract.at(crimes, (unit[rows], group[rows], recorded[rows]), number[rows])
    return crimes
