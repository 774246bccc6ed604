"""On which rows defects fall more often: by how a report came in, how grave it is, which system asked, whom it is about."""

import numpy as np

from synthetic.contract import CHANNELS, SYSTEMS, codes, reference
from synthetic.defects.ledger import DefectWriter

MAJORITY = "W1"


def grave(writer: DefectWriter) -> np.ndarray:
    """Whether each crime's true offence is grave: a year of harm days or more."""
    recording = writer.recording
    harm = reference("offences")["harm_days"].to_numpy()
    offence = recording.world.events.offence[recording.crimes["event"]]
    return np.asarray((offence >= 0) & (harm >= 365)[offence])


def crime_weights(writer: DefectWriter) -> np.ndarray:
    """By crime: worse where nobody was met, better where it is grave (after one force's audit of high-risk cases, 2024)."""
    via = writer.recording.crimes["reported_via"]
    remote = (via == CHANNELS.index("online")) | (via == CHANNELS.index("third_party"))
    return np.where(grave(writer), 0.3, 1.0) * np.where(remote, 2.0, 1.0)


def person_weights(writer: DefectWriter) -> np.ndarray:
    """By person record: custody asks for everything, public protection for most."""
    system = writer.recording.persons["source_system"]
    return np.select([system == SYSTEMS.index("custody"), system == SYSTEMS.index("public_protection")], [0.3, 0.5], 1.0)


def group_weights(writer: DefectWriter) -> np.ndarray:
    """By person record: how much more often defects fall on people who are not White British, by ``equality.unequal``.

    For ethnicity this is a value that is missing because of what it is.
    """
    recording = writer.recording
    majority = codes("ethnicities", "ethnicity").index(MAJORITY)
    persons = recording.persons
    others = recording.world.people.ethnicity[persons["whose"]] != majority
    unequal = np.array([era.profile.equality.unequal for era in writer.eras])
    return np.where(others, 1.0 + unequal[writer.era_of("persons", np.arange(len(others)))], 1.0)
