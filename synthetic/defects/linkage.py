"""Defects of linkage: links between crimes and person records that are absent, wrong, double or lead nowhere."""

import numpy as np

from synthetic.contract import ROLES
from synthetic.defects.declaration import ANY, ILLUSTRATIVE, PROPOSED, defect
from synthetic.defects.ledger import Spoiler
from synthetic.defects.weights import crime_weights, group_weights
from synthetic.randomness import derived


def _links(spoiler: Spoiler, role: str) -> np.ndarray:
    return np.flatnonzero(spoiler.kept("involvements") & (spoiler.recording.involvements["role"] == ROLES.index(role)))


def _by_crime_and_person(spoiler: Spoiler) -> np.ndarray:
    """Weights of every involvement."""
    involvements = spoiler.recording.involvements
    return crime_weights(spoiler)[involvements["crime"]] * group_weights(spoiler)[involvements["person"]]


def _unlink(spoiler: Spoiler, role: str) -> None:
    rows = spoiler.chosen("involvements", _links(spoiler, role), _by_crime_and_person(spoiler))
    spoiler.recording.involvements["kept"][rows] = False
    spoiler.ledger.gone("involvements", rows)


@defect("linkage.suspect_not_linked", "linkage", 0.08, PROPOSED, "by channel and gravity and group")
def suspect_not_linked(spoiler: Spoiler) -> None:
    """A named suspect is not linked; more often for online and third-party reports, rarely for grave ones."""
    _unlink(spoiler, "suspect")


@defect("linkage.victim_not_linked", "linkage", 0.02, ILLUSTRATIVE, "by channel and gravity and group")
def victim_not_linked(spoiler: Spoiler) -> None:
    """The victim is not linked."""
    _unlink(spoiler, "victim")


@defect("linkage.wrong_person_linked", "linkage", 0.005, ILLUSTRATIVE, ANY)
def wrong_person_linked(spoiler: Spoiler) -> None:
    """The crime's suspect is linked to another person's record of the force."""
    persons = spoiler.recording.persons
    rows = spoiler.chosen("involvements", _links(spoiler, "suspect"))
    others = np.flatnonzero(persons["kept"] & persons["is_suspect"])
    involvements = spoiler.recording.involvements
    true = involvements["person"][rows]
    wrong = others[spoiler.somebody(involvements["key"][rows], persons["key"][others])] if len(others) else true
    differ = persons["whose"][wrong] != persons["whose"][true]
    involvements["person"][rows[differ]] = wrong[differ]
    spoiler.ledger.changed("involvements", "person_id", rows[differ], true[differ])


@defect("linkage.involvement_twice", "linkage", 0.005, ILLUSTRATIVE, ANY)
def involvement_twice(spoiler: Spoiler) -> None:
    """The same link is there a second time."""
    involvements = spoiler.recording.involvements
    rows = spoiler.chosen("involvements", np.flatnonzero(spoiler.kept("involvements")))
    first = len(involvements["crime"])
    for name, values in involvements.items():
        involvements[name] = np.concatenate([values, values[rows]])
    involvements["key"][first:] = derived(involvements["key"][rows], "again")
    spoiler.ledger.added("involvements", first + np.arange(len(rows)))


@defect("linkage.orphan", "linkage", 0.002, ILLUSTRATIVE, ANY)
def orphan(spoiler: Spoiler) -> None:
    """The link names a person record that is not there any more."""
    involvements = spoiler.recording.involvements
    rows = spoiler.chosen("involvements", np.flatnonzero(spoiler.kept("involvements") & (involvements["orphan"] < 0)))
    involvements["orphan"][rows] = (derived(involvements["key"][rows], "nobody") >> np.uint64(1)).astype(np.int64)
    spoiler.ledger.changed("involvements", "person_id", rows, involvements["person"][rows])
