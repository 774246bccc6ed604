"""Which rows can matter to a list: those of everybody who can be on no list, whatever is repaired, are left out.

What an identity can score at most is bounded by all its rows that may ever count, each at its largest weight and latest date;
what the last on any list scores at least, by the rows that always count for one record of one person, of different people and
records. This rests on a score that never falls when rows are added, dates become later or weights larger, which the
declarations' validation sees to.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from audit.effect.instruments import Instrument, distinct_victims, scores
from audit.effect.reading import INCIDENT, LINKED
from audit.effect.rows import RowSet

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


def reachable(
    rows: RowSet, available: Mask, instrument: Instrument, weight: Array, basis: str, adult: dict[str, Array], last_day: int, k: int
) -> Array:
    """The positions of the rows from which every list can be made, whatever is repaired.

    ``available`` marks the rows that any list may have; ``weight`` is by offence; ``adult`` the day from which the person, by
    record and in truth, is of the least age.
    """
    data = rows.data
    day, true_day = data[basis], data[f"true_{basis}"]
    inside, true_inside = (_inside(one, last_day, instrument.window) for one in (day, true_day))
    offence, true_offence = data["offence"], data["true_offence"]
    fits, true_fits = (_fits(one, instrument) for one in (offence, true_offence))
    never = np.int32(last_day - 10**6)
    latest = np.maximum(np.where(inside, day, never), np.where(true_inside, true_day, never))
    earliest = np.minimum(day, true_day)
    of_age = always_of_age = np.ones(len(rows.own), bool)
    if instrument.eligibility.least_age:
        of_age = latest >= np.minimum(adult["record"], adult["person"])
        always_of_age = earliest >= np.maximum(adult["record"], adult["person"])
    flagged = always_flagged = np.ones(len(rows.own), bool)
    if instrument.counts.domestic_abuse_only:
        flagged, always_flagged = data["domestic"] | data["true_domestic"], data["domestic"] & data["true_domestic"]
    ever = np.flatnonzero(available & (inside | true_inside) & (fits | true_fits) & flagged & of_age)
    always = np.flatnonzero(
        available & rows.own & (data["kind"] == LINKED) & data["of_event"] & data["first_of_person"] & inside & true_inside
        & fits & true_fits & always_flagged & always_of_age & (data["record"] >= 0) & (data["person"] >= 0)
    )  # fmt: skip
    lowest = np.minimum(weight[offence], weight[true_offence])
    least = max(_least_on_list(rows, always, instrument, lowest, earliest, last_day, k), 0.0)
    highest = np.maximum(weight[offence] * fits, weight[true_offence] * true_fits)
    victims = np.bincount(rows.edges.row, minlength=len(rows.own))
    keep = np.zeros(len(ever), bool)
    for name in ("record", "person"):
        number = rows.number[name][ever]
        count = len(rows.places[name])
        most, _ = scores(
            instrument, number, highest[ever], latest[ever], last_day, count,
            np.bincount(number, victims[ever], minlength=count).astype(np.int64),
        )  # fmt: skip
        keep |= (most >= least)[number]
    return ever[keep]


def _inside(day: Array, last_day: int, window: int) -> Mask:
    return (day > last_day - window) & (day <= last_day)


def _fits(offence: Array, instrument: Instrument) -> Mask:
    return (offence >= 0) & (instrument.counts_incidents | (offence != INCIDENT))


def _least_on_list(rows: RowSet, always: Array, instrument: Instrument, weight: Array, day: Array, last_day: int, k: int) -> float:
    """What the last on any list scores at least; below every score where fewer than k are certain."""
    record, person = rows.number["record"][always], rows.number["person"][always]
    pair, of_pair = np.unique(record.astype(np.int64) << 32 | person, return_inverse=True)
    victims = _certain_victims(rows, always, of_pair, len(pair)) if instrument.counts_victims else None
    score, _ = scores(instrument, of_pair, weight[always], day[always], last_day, len(pair), victims)
    order = np.argsort(-score, kind="stable")
    order = order[score[order] >= 0]
    # One pair a person and one a record, the best of each: as many different identities, whichever is listed.
    for part in (pair & 0xFFFFFFFF, pair >> 32):
        _, first = np.unique(part[order], return_index=True)
        order = order[np.sort(first)]
    return float(score[order[k - 1]]) if len(order) >= k else -1.0


def _certain_victims(rows: RowSet, always: Array, of_pair: Array, pairs: int) -> Array:
    """Distinct victims that each pair has at least, whichever of its rows name victims by record and whichever by person.

    Each row's victim is then one end of an edge between a record and a person, so that the victims named are a vertex cover of
    these edges, and no smaller than any matching among them (König 1931). A matching: the first edge of each person, and of
    those the first of each record.
    """
    place = np.full(len(rows.own), -1, np.int64)
    place[always] = of_pair
    edges = rows.edges
    chosen = np.flatnonzero((place[edges.row] >= 0) & ~edges.restored & (edges.victim >= 0) & (edges.person >= 0))
    for ends in (edges.person, edges.victim):
        order = chosen[np.lexsort((ends[chosen], place[edges.row[chosen]]))]
        identity, end = place[edges.row[order]], ends[order]
        first = np.ones(len(order), bool)
        first[1:] = (identity[1:] != identity[:-1]) | (end[1:] != end[:-1])
        chosen = order[first]
    return distinct_victims(place[edges.row[chosen]], edges.victim[chosen], pairs)
