"""The two prioritisation instruments, run only on synthetic people to see what bad data does to them.

Private to ``effect.py``: nothing else may import this room, and nothing of what it returns leaves effect.py but
aggregates. Identities are whole numbers here, in the order of their identifiers, so that ties fall as defined.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Instrument:
    """A way to make a list: the window in days up to and including the last day, and the crimes that make eligible."""

    name: str
    window: int
    least_crimes: int


# harm_365: the Metropolitan Police's V100 as published (The Independent and the Telegraph, 18 July 2023).
# rfs: recency, frequency and severity, after Northumbria's RFG scoring (Sunderland Safeguarding Adults Board).
INSTRUMENTS = {"harm_365": Instrument("harm_365", 365, 2), "rfs": Instrument("rfs", 1095, 1)}

FREQUENCY_BANDS = np.array([1, 2, 3, 5, 10])
RECENCY_DAYS = np.array([30, 90, 180, 365])
SEVERITY_WEIGHTS = np.array([10, 100, 365, 1460])


def top_list(
    instrument: Instrument,
    identity: np.ndarray,
    weight: np.ndarray,
    harm: np.ndarray,
    day: np.ndarray,
    last_day: int,
    identities: int,
    k: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The first k identities, best first, and their scores; shapes (n,), n at most k.

    The parallel arrays ``identity`` (0 to identities - 1), ``weight``, ``harm`` (harm days, for ties) and ``day`` have
    an element a counted crime, all within the window. Ties: larger sum of harm days, more crimes, later last date,
    smaller identity.
    """
    crimes = np.bincount(identity, minlength=identities)
    if instrument.name == "harm_365":
        score = np.bincount(identity, weight, minlength=identities)
    else:
        recency = 5 - np.searchsorted(RECENCY_DAYS, last_day - day, side="left")
        severity = 1 + np.searchsorted(SEVERITY_WEIGHTS, weight, side="right")
        frequency = np.searchsorted(FREQUENCY_BANDS, crimes, side="right")
        score = (frequency + _highest(identity, recency, identities) + _highest(identity, severity, identities)) * 1.0
    eligible = np.flatnonzero(crimes >= instrument.least_crimes)
    if len(eligible) > k > 0:
        cut = np.partition(score[eligible], len(eligible) - k)[len(eligible) - k]
        eligible = eligible[score[eligible] >= cut]
    # Ties are told only among those whose score is high enough; all others' sums and dates would be for nothing.
    place = np.full(identities, -1)
    place[eligible] = np.arange(len(eligible))
    theirs = np.flatnonzero(place[identity] >= 0)
    of_row = place[identity[theirs]]
    harm_sum = np.bincount(of_row, harm[theirs], minlength=len(eligible))
    latest = np.full(len(eligible), np.iinfo(np.int64).min)
    np.maximum.at(latest, of_row, day[theirs])
    order = np.lexsort((eligible, -latest, -crimes[eligible], -harm_sum, -score[eligible]))
    best = eligible[order[:k]]
    return best, score[best]


def _highest(identity: np.ndarray, band: np.ndarray, identities: int) -> np.ndarray:
    """The highest band, 1 to 5, of each identity's crimes; 0 for none."""
    highest = np.zeros(identities, np.int8)
    for value in range(1, 6):
        highest[identity[band == value]] = value
    return highest
