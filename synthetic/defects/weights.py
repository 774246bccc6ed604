"""On which rows defects fall more often: by how a report came in, how grave it is, which system asked, whom it is about."""

import numpy as np

from synthetic.contract import CHANNELS, SYSTEMS, codes, reference
from synthetic.defects.ledger import Spoiler

MAJORITY = "W1"


def grave(spoiler: Spoiler) -> np.ndarray:
    """Whether each crime's true offence is grave: a year of harm days or more."""
    recording = spoiler.recording
    harm = reference("offences")["harm_days"].to_numpy()
    offence = recording.world.events.offence[recording.crimes["event"]]
    return (offence >= 0) & (harm[offence] >= 365)


def crime_weights(spoiler: Spoiler) -> np.ndarray:
    """By crime: worse where nobody was met, better where it is grave (after one force's audit of high-risk cases, 2024)."""
    remote = np.isin(spoiler.recording.crimes["reported_via"], [CHANNELS.index("online"), CHANNELS.index("third_party")])
    return np.where(grave(spoiler), 0.3, 1.0) * np.where(remote, 2.0, 1.0)


def person_weights(spoiler: Spoiler) -> np.ndarray:
    """By person record: custody asks for everything, public protection for most."""
    system = spoiler.recording.persons["source_system"]
    return np.select([system == SYSTEMS.index("custody"), system == SYSTEMS.index("public_protection")], [0.3, 0.5], 1.0)


def group_weights(spoiler: Spoiler) -> np.ndarray:
    """By person record: how much more often defects fall on people who are not White British, by ``equality.unequal``.

    For ethnicity this is a value that is missing because of what it is.
    """
    recording = spoiler.recording
    majority = codes("ethnicities", "ethnicity").index(MAJORITY)
    persons = recording.persons
    others = recording.world.people.ethnicity[persons["whose"]] != majority
    unequal = np.array([era.profile.equality.unequal for era in spoiler.eras])
    return np.where(others, 1.0 + unequal[spoiler.era_of("persons", np.arange(len(others)))], 1.0)
