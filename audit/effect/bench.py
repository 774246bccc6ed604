"""The lists of one force, or of several together, with any part of any family of defects repaired. Private to the effect.

Every crime or incident that counts, or would count once something is repaired, is a *row*: who it counts for as recorded and in
truth, with which offence, day, flag and victims as recorded and in truth. Repairs switch columns and rows on and off, so that
every list is made from the same arrays. With all families repaired the list is the truth list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.effect.choices import Choices
from audit.effect.entries import NO_DAY
from audit.effect.instruments import Instrument, distinct_victims, top_list
from audit.effect.reach import reachable
from audit.effect.reading import INCIDENT, RESTORED, UNRECORDED
from audit.effect.rows import Rows, RowSet, marked, numbered

FAMILIES = ("identity", "linkage", "offence", "dates", "recording", "sharing")
ALL, NONE = frozenset(FAMILIES), frozenset[str]()

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Repairs = frozenset[str] | Mapping[str, Mask | None]
"""Families repaired whole, or families with the rows on which they are repaired (None: all)."""


@dataclass(frozen=True)
class Otherwise:
    """A list made otherwise: None is as the instrument and the choices have it.

    ``by`` leaves out what was recorded after a day. ``merged`` joins the records that the audit judges to be the same person's.
    ``without_charge`` is as how much of a row each counts whose case has no charge or caution; 0 leaves it out.
    """

    weights: str | None = None
    date_basis: str | None = None
    window: int | None = None
    by: int | None = None
    merged: bool = False
    without_charge: float = 1.0


AS_DECLARED = Otherwise()


class Bench:
    """The lists of the rows' forces by one instrument, as of one day."""

    def __init__(self, rows: Rows, instrument: Instrument, last_day: int, k: int, choices: Choices) -> None:
        self.rows, self.world, self.everything = rows, rows.world, rows.all
        self.instrument, self.last_day, self.k = instrument, last_day, k
        self.weights = choices.weights or instrument.score.weights
        self.date_basis = choices.date_basis or instrument.counts.date_basis
        self._adult = {name: self._of_age(self.everything.data[name]) for name in ("record", "person")}
        self._available = rows.audience(instrument.counts_incidents)
        self._shown = self._seen_by_sharing()
        kept = reachable(
            self.everything,
            self._available & (self._shown["record"] | self._shown["person"]),
            instrument,
            self.world.weights[self.weights],
            self.date_basis,
            self._adult,
            last_day,
            k,
        )
        self.few, self.kept = self.everything.only(kept), kept
        self.data, self.own = self.few.data, self.few.own
        self.truth, self.truth_scores = self.listing(ALL)
        self.recorded, _ = self.listing(NONE)
        self.found = self.finds(self.recorded, NONE)

    # ---- which rows, and who ------------------------------------------------------------------------------------------

    def _of_age(self, places: Array) -> Array:
        """The day from which the person of a row is of the least age; beyond every day where the birth is blank."""
        years = self.instrument.eligibility.least_age
        if not years:
            return np.full(len(places), NO_DAY, np.int64)
        return came_of_age(np.where(places >= 0, self.world.born[places], NO_DAY), years)

    def _seen_by_sharing(self) -> dict[str, Mask]:
        """Which rows a force sees where sharing is repaired: of people with an event that counts reported to it in the window."""
        rows, data = self.everything, self.everything.data
        event_here = rows.own & data["of_event"] & (data["person"] >= 0) & self._available
        event_here &= self._counts(rows, ALL, AS_DECLARED, np.arange(len(rows.own)))
        member = marked(len(rows.places["person"]), rows.number["person"][event_here])
        shown = [rows.own | marked(len(rows.own), at[member[whose]]) for at, whose in self.rows.shared]
        return {"record": shown[0], "person": shown[1]}

    def _counts(self, rows: RowSet, repaired: Repairs, other: Otherwise, at: Array) -> Mask:
        """Which rows count by date, class, offence, flag and age; ``at`` are their positions among all rows."""
        on, data = _Repaired(repaired), rows.data
        basis = other.date_basis or self.date_basis
        day = _either(on("dates"), data[f"true_{basis}"], data[basis])
        offence = self._offence(rows, on)
        counts = (day > self.last_day - (other.window or self.instrument.window)) & (day <= self.last_day) & (offence >= 0)
        if not self.instrument.counts_incidents:
            counts &= offence != INCIDENT
        if self.instrument.counts.domestic_abuse_only:
            counts &= _either(on("offence"), data["true_domestic"], data["domestic"])
        if self.instrument.eligibility.least_age:
            counts &= day >= _either(on("identity"), self._adult["person"][at], self._adult["record"][at])
        return counts

    def _offence(self, rows: RowSet, on: "_Repaired") -> Array:
        """Of a row that is of another class than its event, the offence comes with the class, when recording is repaired."""
        other_class = rows.data["reclassified"]
        switch = on("offence")
        if other_class.any():
            switch = np.where(other_class, on("recording"), switch)
        return _either(switch, rows.data["true_offence"], rows.data["offence"])

    # ---- lists -------------------------------------------------------------------------------------------------------

    def listing(self, repaired: Repairs, other: Otherwise | None = None) -> tuple[Array, Array]:
        """The list with some families repaired, or made ``otherwise`` from all rows: identifiers, or numbers of clusters, in
        order, and scores. Never handed on.
        """
        counted, chosen = self._counted(repaired, other).of_several(self.instrument.eligibility.least_records), other or AS_DECLARED
        people = len(counted.places)
        listed, scores = top_list(
            self.instrument,
            counted.identity,
            self.world.weights[chosen.weights or self.weights][counted.offence],
            self.world.weights["harm_days"][counted.offence],
            counted.day,
            self.last_day,
            people,
            self.k,
            None if counted.victims is None else distinct_victims(*counted.victims, people),
            None if chosen.without_charge == 1 else np.where(counted.charged, 1.0, chosen.without_charge),
        )
        return counted.places[listed], scores

    def harm_without_charge(self, repaired: Repairs, listed: Array) -> float:
        """Share of the harm days of those on a list that comes from cases without a charge or caution; NaN without harm."""
        counted = self._counted(repaired, None)
        theirs = np.isin(counted.places, listed)[counted.identity]
        harm = self.world.weights["harm_days"][counted.offence[theirs]]
        return float(harm[~counted.charged[theirs]].sum() / harm.sum()) if harm.sum() else np.nan

    def _counted(self, repaired: Repairs, other: Otherwise | None) -> "_Counted":
        rows, at = (self.few, self.kept) if other is None else (self.everything, np.arange(len(self.everything.own)))
        other, on, data = other or AS_DECLARED, _Repaired(repaired), rows.data
        by_person = on("identity")
        counts = self._counts(rows, repaired, other, at) & self._available[at]
        counts &= rows.own | (_either(by_person, self._shown["person"][at], self._shown["record"][at]) & on("sharing"))
        counts &= on("linkage") | (data["kind"] != RESTORED)
        counts &= _either(on("recording"), data["of_event"], data["kind"] != UNRECORDED)
        number, places, known = self._identity(rows, by_person, other.merged)
        counts &= known
        counts &= data["first_of_cluster"] if other.merged else _either(by_person, data["first_of_person"], True)
        if other.by is not None:
            counts &= data["recorded"] <= other.by
        if other.without_charge == 0:
            counts &= data["charged"]
        longer = (other.window or 0) > self.instrument.window
        basis = other.date_basis or self.date_basis
        if longer:  # those that are older by all that is recorded come from there
            counts &= np.maximum(np.maximum(data["reported"], data["occurred"]), data["recorded"]) > self.world.horizon
        chosen = np.flatnonzero(counts)
        counted = _Counted(
            number[chosen],
            places,
            self._offence(rows, on)[chosen],
            _either(on("dates"), data[f"true_{basis}"], data[basis])[chosen],
            data["charged"][chosen],
            self._victims(rows, counts, number, on, other.merged) if self.instrument.counts_victims else None,
        )
        return self._with_older(counted, other, basis) if longer else counted

    def _identity(self, rows: RowSet, by_person: Mask | bool, merged: bool) -> tuple[Array, Array, Mask]:
        """Whom each row counts for: a number, the identifiers' places by number, and whether there is anybody."""
        if isinstance(by_person, bool):
            name = "cluster" if merged else "person" if by_person else "record"
            return rows.number[name], rows.places[name], rows.data[name] >= 0
        places, number = rows.together
        known = np.where(by_person, rows.data["person"], rows.data["record"]) >= 0
        return np.where(by_person, number["person"], number["record"]), places, known

    def _victims(self, rows: RowSet, counts: Mask, number: Array, on: "_Repaired", merged: bool) -> tuple[Array, Array]:
        """Pairs of identity and victim over the rows that count."""
        edges = rows.edges
        by_person = _at(on("identity"), edges.row)
        victim = _either(by_person, edges.person, edges.cluster if merged else edges.victim)
        active = counts[edges.row] & (~edges.restored | _at(on("linkage"), edges.row)) & (victim >= 0)
        return number[edges.row[active]], victim[active]

    def _with_older(self, counted: "_Counted", other: Otherwise, basis: str) -> "_Counted":
        """The same with recorded rows from before the world's horizon, all numbered afresh."""
        older, edges = self.rows.older
        more = (older[basis] > self.last_day - (other.window or 0)) & (older[basis] <= self.last_day) & (older["offence"] >= 0)
        if not self.instrument.counts_incidents:
            more &= older["offence"] != INCIDENT
        if self.instrument.counts.domestic_abuse_only:
            more &= older["domestic"]
        if self.instrument.eligibility.least_age:
            more &= older[basis] >= came_of_age(older["born"], self.instrument.eligibility.least_age)
        places, number = numbered(np.concatenate([counted.places[counted.identity], older["record"][more]]))
        victims = None
        if counted.victims is not None:
            whose, victim = counted.victims
            of_older = more[edges.row]
            identifier = np.concatenate([counted.places[whose], older["record"][edges.row[of_older]]])
            victims = np.searchsorted(places, identifier), np.concatenate([victim, edges.victim[of_older]])
        return _Counted(
            number,
            places,
            np.concatenate([counted.offence, older["offence"][more]]),
            np.concatenate([counted.day, older[basis][more]]),
            np.concatenate([counted.charged, np.zeros(int(more.sum()), bool)]),
            victims,
        )

    # ---- people ------------------------------------------------------------------------------------------------------

    def finds(self, listed: Array, repaired: Repairs) -> Mask:
        """Which people of the truth list stand on a list, in person or by a record; shape (truth,)."""
        people = self.people_of(listed, repaired)
        at = np.minimum(np.searchsorted(self._sorted_truth[0], people), max(len(self.truth) - 1, 0))
        found = np.zeros(len(self.truth), bool)
        if len(self.truth):
            found[self._sorted_truth[1][at[self._sorted_truth[0][at] == people]]] = True
        return found

    @cached_property
    def _sorted_truth(self) -> tuple[Array, Array]:
        order = np.argsort(self.truth)
        return self.truth[order], order

    def people_of(self, listed: Array, repaired: Repairs) -> Array:
        """The people behind a list's entries: records' owners, and people themselves."""
        if isinstance(repaired, frozenset) and "identity" in repaired:
            return listed
        people = self.owners(listed)[1]
        partly = not isinstance(repaired, frozenset) and "identity" in repaired
        return np.concatenate([people, listed]) if partly else people

    def owners(self, listed: Array) -> tuple[Array, Array]:
        """(place on the list, person) of each entry; an overlaid record has several, a new record is its person."""
        begin = np.searchsorted(self.world.owners_record, listed, side="left")
        end = np.searchsorted(self.world.owners_record, listed, side="right")
        place = np.repeat(np.arange(len(listed)), end - begin)
        within = np.arange(len(place)) - np.repeat(np.cumsum(end - begin) - (end - begin), end - begin)
        return place, self.world.owners_person[begin[place] + within]

    def found_with(self, repaired: Repairs) -> Mask:
        """Which people of the truth list are found with those families repaired; shape (truth,)."""
        return self.finds(self.listing(repaired)[0], repaired)

    def found_merged(self) -> Mask:
        """Which are found after merging the records that the audit judges to be the same person's."""
        listed, rows = self.listing(NONE, Otherwise(merged=True))[0], self.everything
        records = np.unique(rows.data["record"][rows.own & np.isin(rows.data["cluster"], listed)])
        return self.finds(records[records >= 0], NONE)


@dataclass(frozen=True)
class _Counted:
    """What counts for a list: by row an identity's number, offence, day and whether there is a charge; the identifiers' places
    by number; and pairs of identity and victim, where victims count."""

    identity: Array
    places: Array
    offence: Array
    day: Array
    charged: Mask
    victims: tuple[Array, Array] | None

    def of_several(self, least: int) -> "_Counted":
        """The rows of identities that have so many or more, which are few: all others would be scored for nothing."""
        if least <= 1:
            return self
        several = np.bincount(self.identity, minlength=len(self.places)) >= least
        kept = np.flatnonzero(several[self.identity])
        victims = self.victims
        if victims is not None:
            theirs = np.flatnonzero(several[victims[0]])
            victims = victims[0][theirs], victims[1][theirs]
        return _Counted(self.identity[kept], self.places, self.offence[kept], self.day[kept], self.charged[kept], victims)


class _Repaired:
    """Where a family is repaired: True everywhere, False nowhere, or a mask of rows."""

    def __init__(self, repaired: Repairs) -> None:
        self.given = dict.fromkeys(repaired) if isinstance(repaired, frozenset) else repaired

    def __call__(self, family: str) -> Mask | bool:
        mask = self.given.get(family, False)
        return True if mask is None else mask


def came_of_age(born: Array, years: int) -> Array:
    """The day, since 1970, of that birthday, 1 March for one born on 29 February; beyond every day where the birth is blank."""
    blank = born == NO_DAY
    day = np.where(blank, 0, born).astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    birthday = (month + 12 * years).astype("datetime64[D]") + (day - month.astype("datetime64[D]"))
    return np.where(blank, np.int64(2**40), birthday.astype(np.int64))


def _either(mask: Mask | bool, true: Any, recorded: Any) -> Any:
    """``true`` where the mask holds, else ``recorded``."""
    if mask is True:
        return true
    if mask is False:
        return recorded
    return np.where(mask, true, recorded)


def _at(mask: Mask | bool, places: Array) -> Mask | bool:
    return mask if isinstance(mask, bool) else mask[places]
