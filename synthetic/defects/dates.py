"""Defects of dates: swapped, defaulted, in the future, out of order, 1 January 1900."""

import numpy as np

from synthetic.defects.declaration import ANY, ILLUSTRATIVE, defect
from synthetic.defects.identity import DAYS_TO_1900, swapped_days
from synthetic.defects.ledger import Spoiler

TWENTY_YEARS = 20 * 366
"""Days; no period is longer."""


def _chosen(spoiler: Spoiler) -> np.ndarray:
    return spoiler.chosen("crimes", np.flatnonzero(spoiler.kept("crimes")))


@defect("dates.swapped", "dates", 0.003, ILLUSTRATIVE, ANY)
def date_swapped(spoiler: Spoiler) -> None:
    """Day and month of the report are swapped, where that gives another date."""
    rows = _chosen(spoiler)
    spoiler.write("crimes", "reported_on", rows, swapped_days(spoiler.recording.crimes["reported_on"][rows]))


@defect("dates.defaulted", "dates", 0.03, ILLUSTRATIVE, ANY)
def date_defaulted(spoiler: Spoiler) -> None:
    """The day of the offence is filled in with the day of recording."""
    rows = _chosen(spoiler)
    spoiler.write("crimes", "occurred_on", rows, spoiler.recording.crimes["recorded_on"][rows])


@defect("dates.in_future", "dates", 0.001, ILLUSTRATIVE, ANY)
def date_in_future(spoiler: Spoiler) -> None:
    """The report lies twenty years ahead, as when a digit of the year is wrong."""
    rows = _chosen(spoiler)
    future = spoiler.recording.crimes["reported_on"][rows] + TWENTY_YEARS + spoiler.whole("crimes", rows, 300)
    spoiler.write("crimes", "reported_on", rows, future.astype(np.int32))


@defect("dates.out_of_order", "dates", 0.004, ILLUSTRATIVE, ANY)
def date_out_of_order(spoiler: Spoiler) -> None:
    """The offence lies one to 60 days after its report."""
    rows = _chosen(spoiler)
    after = spoiler.recording.crimes["reported_on"][rows] + 1 + spoiler.whole("crimes", rows, 60)
    spoiler.write("crimes", "occurred_on", rows, after.astype(np.int32))


@defect("dates.filler_1900", "dates", 0.002, ILLUSTRATIVE, ANY)
def date_1900(spoiler: Spoiler) -> None:
    """The day of the offence is 1 January 1900."""
    rows = _chosen(spoiler)
    spoiler.write("crimes", "occurred_on", rows, np.full(len(rows), DAYS_TO_1900, np.int32))
