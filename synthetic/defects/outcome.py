"""Defects of outcomes: still open after long, before the crime was recorded, no such code, at odds with the suspect."""

import numpy as np

from synthetic.defects.declaration import ANY, ILLUSTRATIVE, PROPOSED, defect
from synthetic.defects.ledger import DefectWriter
from synthetic.recording import INVALID_OUTCOMES, OUTCOMES
from synthetic.world.scope import NEVER

NEEDS_SUSPECT = ("1", "2", "3", "4", "5", "8", "9", "10", "11", "12", "13", "15", "16", "17", "21", "22")
NO_SUSPECT = ("14", "18")


@defect("outcome.stale", "outcome", 0.08, PROPOSED, "by age of the case")
def outcome_stale(writer: DefectWriter) -> None:
    """A crime recorded over a year ago has no outcome, though the case is closed."""
    crimes = writer.recording.crimes
    old = crimes["recorded_on"] < writer.recording.last_day - 365
    rows = writer.chosen("crimes", np.flatnonzero(writer.kept("crimes") & old & (crimes["outcome_code"] >= 0)))
    writer.write("crimes", "outcome_code", rows, np.full(len(rows), -1, np.int8))
    writer.write("crimes", "outcome_on", rows, np.full(len(rows), NEVER))


@defect("outcome.before_crime", "outcome", 0.003, ILLUSTRATIVE, ANY)
def outcome_before_crime(writer: DefectWriter) -> None:
    """The outcome is one to 60 days older than the record."""
    crimes = writer.recording.crimes
    rows = writer.chosen("crimes", np.flatnonzero(writer.kept("crimes") & (crimes["outcome_on"] != NEVER)))
    before = crimes["recorded_on"][rows] - 1 - writer.whole("crimes", rows, 60)
    writer.write("crimes", "outcome_on", rows, before.astype(np.int32))


@defect("outcome.invalid", "outcome", 0.002, ILLUSTRATIVE, ANY)
def outcome_invalid(writer: DefectWriter) -> None:
    """The outcome is no code of the framework."""
    crimes = writer.recording.crimes
    rows = writer.chosen("crimes", np.flatnonzero(writer.kept("crimes") & (crimes["outcome_code"] >= 0)))
    codes = len(OUTCOMES) + writer.whole("crimes", rows, len(INVALID_OUTCOMES))
    writer.write("crimes", "outcome_code", rows, codes.astype(np.int8))


@defect("outcome.against_suspect", "outcome", 0.03, PROPOSED, ANY)
def outcome_against_suspect(writer: DefectWriter) -> None:
    """An outcome that needs a suspect where none is named, or one for want of a suspect where one is."""
    crimes = writer.recording.crimes
    rows = writer.chosen("crimes", np.flatnonzero(writer.kept("crimes") & (crimes["outcome_code"] >= 0)))
    named = writer.recording.world.events.suspect[crimes["event"][rows]] >= 0
    with_suspect = np.array([OUTCOMES.index(code) for code in NEEDS_SUSPECT], np.int8)
    without = np.array([OUTCOMES.index(code) for code in NO_SUSPECT], np.int8)
    drawn = writer.draw("crimes", rows, "which")
    wrong = np.where(named, without[(drawn * len(without)).astype(int)], with_suspect[(drawn * len(with_suspect)).astype(int)])
    writer.write("crimes", "outcome_code", rows, wrong)
