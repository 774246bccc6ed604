"""Defects of dates: swapped, defaulted, in the future, out of order, 1 January 1900."""

import numpy as np

from synthetic.defects.declaration import ANY, ILLUSTRATIVE, defect
from synthetic.defects.identity import DAYS_TO_1900, swapped_days
from synthetic.defects.ledger import DefectWriter

TWENTY_YEARS = 20 * 366
"""Days; no period is longer."""


def _chosen(writer: DefectWriter) -> np.ndarray:
    return writer.chosen("crimes", np.flatnonzero(writer.kept("crimes")))


@defect("dates.swapped", "dates", 0.003, ILLUSTRATIVE, ANY)
def date_swapped(writer: DefectWriter) -> None:
    """Day and month of the report are swapped, where that gives another date."""
    rows = _chosen(writer)
    writer.write("crimes", "reported_on", rows, swapped_days(writer.recording.crimes["reported_on"][rows]))


@defect("dates.defaulted", "dates", 0.03, ILLUSTRATIVE, ANY)
def date_defaulted(writer: DefectWriter) -> None:
    """The day of the offence is filled in with the day of recording."""
    rows = _chosen(writer)
    writer.write("crimes", "occurred_on", rows, writer.recording.crimes["recorded_on"][rows])


@defect("dates.in_future", "dates", 0.001, ILLUSTRATIVE, ANY)
def date_in_future(writer: DefectWriter) -> None:
    """The report lies twenty years ahead, as when a digit of the year is wrong."""
    rows = _chosen(writer)
    future = writer.recording.crimes["reported_on"][rows] + TWENTY_YEARS + writer.whole("crimes", rows, 300)
    writer.write("crimes", "reported_on", rows, future.astype(np.int32))


@defect("dates.out_of_order", "dates", 0.004, ILLUSTRATIVE, ANY)
def date_out_of_order(writer: DefectWriter) -> None:
    """The offence lies one to 60 days after its report."""
    rows = _chosen(writer)
    after = writer.recording.crimes["reported_on"][rows] + 1 + writer.whole("crimes", rows, 60)
    writer.write("crimes", "occurred_on", rows, after.astype(np.int32))


@defect("dates.filler_1900", "dates", 0.002, ILLUSTRATIVE, ANY)
def date_1900(writer: DefectWriter) -> None:
    """The day of the offence is 1 January 1900."""
    rows = _chosen(writer)
    writer.write("crimes", "occurred_on", rows, np.full(len(rows), DAYS_TO_1900, np.int32))
