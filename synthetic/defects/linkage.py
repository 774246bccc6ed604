"""Defects of linkage: links between crimes and person records that are absent, wrong, double or lead nowhere."""

import numpy as np

from synthetic.contract import ROLES
from synthetic.defects.declaration import ANY, ILLUSTRATIVE, PROPOSED, defect
from synthetic.defects.ledger import DefectWriter
from synthetic.defects.weights import crime_weights, group_weights
from synthetic.randomness import derived


def _links(writer: DefectWriter, role: str) -> np.ndarray:
    return np.flatnonzero(writer.kept("involvements") & (writer.recording.involvements["role"] == ROLES.index(role)))


def _by_crime_and_person(writer: DefectWriter) -> np.ndarray:
    """Weights of every involvement."""
    involvements = writer.recording.involvements
    return crime_weights(writer)[involvements["crime"]] * group_weights(writer)[involvements["person"]]


def _unlink(writer: DefectWriter, role: str) -> None:
    rows = writer.chosen("involvements", _links(writer, role), _by_crime_and_person(writer))
    writer.recording.involvements["kept"][rows] = False
    writer.ledger.gone("involvements", rows)


@defect("linkage.suspect_not_linked", "linkage", 0.08, PROPOSED, "by channel and gravity and group")
def suspect_not_linked(writer: DefectWriter) -> None:
    """A named suspect is not linked; more often for online and third-party reports, rarely for grave ones."""
    _unlink(writer, "suspect")


@defect("linkage.victim_not_linked", "linkage", 0.02, ILLUSTRATIVE, "by channel and gravity and group")
def victim_not_linked(writer: DefectWriter) -> None:
    """The victim is not linked."""
    _unlink(writer, "victim")


@defect("linkage.wrong_person_linked", "linkage", 0.005, ILLUSTRATIVE, ANY)
def wrong_person_linked(writer: DefectWriter) -> None:
    """The crime's suspect is linked to another person's record of the force."""
    persons = writer.recording.persons
    rows = writer.chosen("involvements", _links(writer, "suspect"))
    others = np.flatnonzero(persons["kept"] & persons["is_suspect"])
    involvements = writer.recording.involvements
    true = involvements["person"][rows]
    wrong = others[writer.somebody(involvements["key"][rows], persons["key"][others])] if len(others) else true
    differ = persons["whose"][wrong] != persons["whose"][true]
    involvements["person"][rows[differ]] = wrong[differ]
    writer.ledger.changed("involvements", "person_id", rows[differ], true[differ])


@defect("linkage.involvement_twice", "linkage", 0.005, ILLUSTRATIVE, ANY)
def involvement_twice(writer: DefectWriter) -> None:
    """The same link is there a second time."""
    involvements = writer.recording.involvements
    rows = writer.chosen("involvements", np.flatnonzero(writer.kept("involvements")))
    first = len(involvements["crime"])
    for name, values in involvements.items():
        involvements[name] = np.concatenate([values, values[rows]])
    involvements["key"][first:] = derived(involvements["key"][rows], "again")
    writer.ledger.added("involvements", first + np.arange(len(rows)))


@defect("linkage.orphan", "linkage", 0.002, ILLUSTRATIVE, ANY)
def orphan(writer: DefectWriter) -> None:
    """The link names a person record that is not there any more."""
    involvements = writer.recording.involvements
    rows = writer.chosen("involvements", np.flatnonzero(writer.kept("involvements") & (involvements["orphan"] < 0)))
    involvements["orphan"][rows] = (derived(involvements["key"][rows], "nobody") >> np.uint64(1)).astype(np.int64)
    writer.ledger.changed("involvements", "person_id", rows, involvements["person"][rows])
