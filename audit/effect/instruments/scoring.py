"""How an instrument's declaration becomes scores and a list; the only place where anything is scored.

Identities are whole numbers here, in the order of their identifiers, so that ties fall as defined.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.effect.instruments.declaration import Bands, BandScore, Instrument, RecencyBands

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]

NOT_ELIGIBLE = -1.0
"""The score of people who cannot be on the list; every other score is 0 or more."""


def scores(
    instrument: Instrument,
    identity: Ints,
    weight: Floats,
    day: Ints,
    last_day: int,
    identities: int,
    victims: Ints | None = None,
    share: Floats | None = None,
) -> tuple[Floats, Ints]:
    """The score of each identity, ``NOT_ELIGIBLE`` where it cannot be on the list, and its number of rows; shapes (identities,).

    The parallel arrays ``identity`` (0 to identities - 1), ``weight`` and ``day`` (days since 1970) have an element for each row
    that counts. ``victims`` are the distinct victims of each identity, needed where the instrument counts them. ``share`` is
    as how much of a row each counts for weight and frequency; 1 where it is left out.
    """
    rows = np.bincount(identity, minlength=identities)
    counted: npt.NDArray[np.number] = rows if share is None else np.bincount(identity, share, minlength=identities)
    weighed = weight if share is None else weight * share
    declared = instrument.score
    score: Floats
    if isinstance(declared, BandScore):
        score = np.zeros(identities)
        if declared.frequency is not None:
            score += _points(declared.frequency)[_band(declared.frequency, counted)]
        if declared.recency is not None:
            score += _best(identity, _recency_band(declared.recency, last_day - day), _recency_points(declared.recency), identities)
        if declared.severity is not None:
            score += _best(identity, _band(declared.severity, weighed), _points(declared.severity), identities)
        if declared.victims is not None:
            score += _points(declared.victims)[_band(declared.victims, _given(victims))]
    else:
        score = np.bincount(identity, weighed, minlength=identities).astype(np.float64)
    eligible = rows >= instrument.eligibility.least_records
    if instrument.eligibility.least_victims:
        eligible &= _given(victims) >= instrument.eligibility.least_victims
    return np.where(eligible, score, NOT_ELIGIBLE), rows


def top_list(
    instrument: Instrument,
    identity: Ints,
    weight: Floats,
    harm: Floats,
    day: Ints,
    last_day: int,
    identities: int,
    k: int,
    victims: Ints | None = None,
    share: Floats | None = None,
    lists: int = 1,
) -> tuple[Ints, Floats]:
    """The first k identities, best first, and their scores; shapes (n,), n at most k.

    Arrays as for ``scores``; ``harm`` (harm days) decides ties: larger sum of harm days, more rows, later last date, smaller
    identity. Where ``lists`` are several, the first (identities / lists) are those of the first, and so on; what is
    returned is each list's first k, one list after another.
    """
    score, rows = scores(instrument, identity, weight, day, last_day, identities, victims, share)
    by_list = score.reshape(lists, -1)
    several = identities // lists
    chosen = by_list > NOT_ELIGIBLE
    if lists == 1 and np.count_nonzero(chosen) > k > 0:
        chosen &= by_list >= np.partition(by_list[chosen], -k)[-k]
    elif several > k > 0:
        chosen &= by_list >= np.partition(by_list, several - k, axis=1)[:, [several - k]]
    eligible = np.flatnonzero(chosen)
    # Ties are decided only among those whose score is high enough; all others' sums and dates would be for nothing.
    place = np.full(identities, -1)
    place[eligible] = np.arange(len(eligible))
    theirs = np.flatnonzero(place[identity] >= 0)
    of_row = place[identity[theirs]]
    harm_sum = np.bincount(of_row, harm[theirs], minlength=len(eligible))
    latest = np.full(len(eligible), np.iinfo(np.int64).min)
    np.maximum.at(latest, of_row, day[theirs])
    keys = (eligible, -latest, -rows[eligible], -harm_sum, -score[eligible])
    if lists == 1:
        best = eligible[np.lexsort(keys)[:k]]
        return best, score[best]
    length = np.count_nonzero(chosen, axis=1)
    of_list = np.repeat(np.arange(lists), length)
    order = np.lexsort((*keys, of_list))
    best = eligible[order[np.arange(len(order)) - np.repeat(np.cumsum(length) - length, length) < k]]
    return best, score[best]


def distinct_victims(identity: Ints, victim: Ints, identities: int) -> Ints:
    """Distinct victims of each identity, from pairs of identity and victim; shape (identities,)."""
    return np.bincount(identity[first_of_each(pairs_of(identity, victim))], minlength=identities)


def pairs_of(identity: Ints, victim: Ints) -> npt.NDArray[np.uint64]:
    """One number for each pair of identity and victim; two share one as rarely as two victims share a hash (Knuth 1973, 6.4)."""
    return victim.astype(np.uint64) + identity.astype(np.uint64) * np.uint64(11400714819323198485)


def first_of_each(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which values have no equal before them; by a table of hashes, as sorting millions is slow."""
    return ~pd.Series(values).duplicated().to_numpy()


def _given(victims: Ints | None) -> Ints:
    assert victims is not None, "an instrument that counts victims needs their number"
    return victims


def _band(bands: Bands, values: npt.NDArray[np.number]) -> Ints:
    """The band of each value, 0 below the first."""
    return _count_of(values >= least for least in bands.least)


def _points(bands: Bands) -> Floats:
    return np.array([0.0, *bands.points])


def _recency_band(bands: RecencyBands, days: Ints) -> Ints:
    """The band of each number of days; a higher band is more recent."""
    return _count_of(days <= most for most in bands.up_to_days)


def _count_of(limits: Iterable[npt.NDArray[np.bool_]]) -> npt.NDArray[np.int8]:
    """How many limits each value is within. They are few, so that comparing with each is faster than a search."""
    return sum(within.view(np.int8) for within in limits)  # type: ignore[return-value]


def _recency_points(bands: RecencyBands) -> Floats:
    return np.array(bands.points[::-1])


def _best(identity: Ints, band: Ints, points: Floats, identities: int) -> Floats:
    """The points of each identity's highest band; 0 for one without rows."""
    highest = np.full(identities, -1, np.int8)
    np.maximum.at(highest, identity, band)  # points never fall as bands rise
    return np.append(points, 0.0)[highest]
