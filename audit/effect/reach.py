"""Which rows can matter to a list: those of everybody who can be on no list, whatever is repaired, are left out.

What an identity can score at most is bounded by all its rows that may ever count, each at its largest weight and latest date;
what the last on any list scores at least, by the rows that always count for one record of one person, of different people and
records. This rests on a score that never falls when rows are added, dates become later or weights larger, which the
declarations' validation sees to.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.effect.instruments import Instrument, distinct_victims, first_of_each, pairs_of, scores
from audit.effect.reading import INCIDENT, LINKED
from audit.effect.rows import RowSet

READ = ("kind", "record", "person", "of_event", "first_of_person", "offence", "true_offence", "domestic", "true_domestic")

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


def reachable(
    rows: RowSet, available: Mask, instrument: Instrument, weight: Array, basis: str, adult: dict[str, Array], last_day: int, k: int
) -> Array:
    """The positions of the rows from which every list can be made, whatever is repaired.

    ``available`` marks the rows that any list may have; ``weight`` is by offence; ``adult`` the day from which the person, by
    record and in truth, is of the least age.
    """
    day, true_day = rows.data[basis], rows.data[f"true_{basis}"]
    inside, true_inside = (_inside(one, last_day, instrument.window) for one in (day, true_day))
    # Most rows lie outside the window, whatever is repaired.
    near = np.flatnonzero(available & (inside | true_inside))
    data = {name: rows.data[name][near] for name in READ}
    own = rows.own[near]
    day, true_day, inside, true_inside = (one[near] for one in (day, true_day, inside, true_inside))
    offence, true_offence = data["offence"], data["true_offence"]
    fits, true_fits = (_fits(one, instrument) for one in (offence, true_offence))
    never = np.int32(last_day - 10**6)
    latest = np.maximum(np.where(inside, day, never), np.where(true_inside, true_day, never))
    earliest = np.minimum(day, true_day)
    ever = fits | true_fits
    always = (
        own & (data["kind"] == LINKED) & data["of_event"] & data["first_of_person"] & inside & true_inside
        & fits & true_fits & (data["record"] >= 0) & (data["person"] >= 0)
    )  # fmt: skip
    if instrument.eligibility.least_age:
        by_record, by_person = adult["record"][near], adult["person"][near]
        ever &= latest >= np.minimum(by_record, by_person)
        always &= earliest >= np.maximum(by_record, by_person)
    if instrument.counts.domestic_abuse_only:
        ever &= data["domestic"] | data["true_domestic"]
        always &= data["domestic"] & data["true_domestic"]
    lowest = np.minimum(weight[offence], weight[true_offence])
    least = max(_least_on_list(rows, near[always], instrument, lowest[always], earliest[always], last_day, k), 0.0)
    highest = np.maximum(weight[offence] * fits, weight[true_offence] * true_fits)[ever]
    at, latest = near[ever], latest[ever]
    victims = np.bincount(rows.edges.row, minlength=len(rows.own))[at] if instrument.counts_victims else None
    keep = np.zeros(len(at), bool)
    for name in ("record", "person"):
        number = rows.number[name][at]
        count = len(rows.places[name])
        of_identity = None if victims is None else np.bincount(number, victims, minlength=count).astype(np.int64)
        most, _ = scores(instrument, number, highest, latest, last_day, count, of_identity)
        keep |= (most >= least)[number]
    return at[keep]


def _inside(day: Array, last_day: int, window: int) -> Mask:
    return (day > last_day - window) & (day <= last_day)


def _fits(offence: Array, instrument: Instrument) -> Mask:
    return (offence >= 0) & (instrument.counts_incidents | (offence != INCIDENT))


def _least_on_list(rows: RowSet, always: Array, instrument: Instrument, weight: Array, day: Array, last_day: int, k: int) -> float:
    """What the last on any list scores at least; below every score where fewer than k are certain."""
    record, person = rows.number["record"][always], rows.number["person"][always]
    of_pair, pair = pd.factorize(record.astype(np.int64) << 32 | person)
    victims = _certain_victims(rows, always, of_pair, len(pair)) if instrument.counts_victims else None
    score, _ = scores(instrument, of_pair, weight, day, last_day, len(pair), victims)
    # Only those at the head decide, and the more of them are the same person's or record's, the longer it has to be.
    head = 4 * k
    while True:
        least = np.partition(score, len(score) - head)[len(score) - head] if head < len(score) else 0.0
        candidates = np.flatnonzero(score >= max(least, 0.0))
        order = candidates[np.argsort(-score[candidates], kind="stable")]
        # One pair a person and one a record, the best of each: as many different identities, whichever is listed.
        for part in (pair & 0xFFFFFFFF, pair >> 32):
            order = order[first_of_each(part[order])]
        if len(order) >= k:
            return float(score[order[k - 1]])
        if least <= 0:
            return -1.0
        head *= 4


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
        chosen = chosen[first_of_each(pairs_of(place[edges.row[chosen]], ends[chosen]))]
    return distinct_victims(place[edges.row[chosen]], edges.victim[chosen], pairs)
