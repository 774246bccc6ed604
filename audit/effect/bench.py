"""The lists of one force, or of several together, with any part of any family of defects repaired. Private to the effect.

Every crime or incident that counts, or would count once something is repaired, is a *row*: who it counts for as recorded and in
truth, with which offence, day, flag and victims as recorded and in truth. Repairs switch columns and rows on and off, so that
every list is made from the same arrays. With all families repaired the list is the truth list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.effect.choices import Choices
from audit.effect.instruments import Instrument, distinct_victims, top_list
from audit.effect.reach import reachable
from audit.effect.reading import INCIDENT, RESTORED, UNRECORDED, came_of_age
from audit.effect.rows import Rows, RowSet, marked, numbered
from audit.effect.switches import Repaired, Repairs, at_places, either

FAMILIES = ("identity", "linkage", "offence", "dates", "recording", "sharing")
ALL, NONE = frozenset(FAMILIES), frozenset[str]()

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
AT_ONCE = 1 << 20
"""Rows, counted once for each list, of which lists are made together."""


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
        self._adult = rows.of_age(instrument.eligibility.least_age)
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

    def _seen_by_sharing(self) -> dict[str, Mask]:
        """Which rows a force sees where sharing is repaired: of people with an event that counts reported to it in the window."""
        rows, data = self.everything, self.everything.data
        event_here = rows.own & data["of_event"] & (data["person"] >= 0) & self._available
        event_here &= self._counts(rows, Repaired(ALL), AS_DECLARED, np.arange(len(rows.own)))
        member = marked(len(rows.places["person"]), rows.number["person"][event_here])
        shown = [rows.own | marked(len(rows.own), at[member[whose]]) for at, whose in self.rows.shared]
        return {"record": shown[0], "person": shown[1]}

    def _counts(self, rows: RowSet, on: Repaired, other: Otherwise, at: Array) -> Mask:
        """Which rows count by date, class, offence, flag and age; ``at`` are their positions among all rows."""
        data = rows.data
        basis = other.date_basis or self.date_basis
        day = either(on("dates"), data[f"true_{basis}"], data[basis])
        offence = self._offence(rows, on)
        counts = (day > self.last_day - (other.window or self.instrument.window)) & (day <= self.last_day) & (offence >= 0)
        if not self.instrument.counts_incidents:
            counts = counts & (offence != INCIDENT)
        if self.instrument.counts.domestic_abuse_only:
            counts = counts & either(on("offence"), data["true_domestic"], data["domestic"])
        if self.instrument.eligibility.least_age:
            counts = counts & (day >= either(on("identity"), self._adult["person"][at], self._adult["record"][at]))
        return counts

    def _offence(self, rows: RowSet, on: Repaired) -> Array:
        """Of a row that is of another class than its event, the offence comes with the class, when recording is repaired."""
        other_class = rows.data["reclassified"]
        switch = on("offence")
        if other_class.any():
            switch = np.where(other_class, on("recording"), switch)
        return either(switch, rows.data["true_offence"], rows.data["offence"])

    # ---- lists -------------------------------------------------------------------------------------------------------

    def listing(self, repaired: Repairs, other: Otherwise | None = None) -> tuple[Array, Array]:
        """The list with some families repaired, or made ``otherwise`` from all rows: identifiers, or numbers of clusters, in
        order, and scores. Never handed on.
        """
        counted = self._counted(Repaired(repaired), other)
        listed, scores = self._best(counted, other or AS_DECLARED)
        return counted.places[listed], scores

    def _best(self, every: "_Counted", chosen: Otherwise) -> tuple[Array, Array]:
        """Numbers of those on each list, in order, and scores; of several lists see ``top_list``."""
        counted, people = every.of_several(self.instrument.eligibility.least_records), every.lists * len(every.places)
        return top_list(
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
            counted.lists,
        )

    def harm_without_charge(self, repaired: Repairs, listed: Array) -> float:
        """Share of the harm days of those on a list that comes from cases without a charge or caution; NaN without harm."""
        counted = self._counted(Repaired(repaired), None)
        theirs = np.isin(counted.places, listed)[counted.identity]
        harm = self.world.weights["harm_days"][counted.offence[theirs]]
        return float(harm[~counted.charged[theirs]].sum() / harm.sum()) if harm.sum() else np.nan

    def _counted(self, on: Repaired, other: Otherwise | None) -> "_Counted":
        rows, at = (self.few, self.kept) if other is None else (self.everything, np.arange(len(self.everything.own)))
        other, data = other or AS_DECLARED, rows.data
        by_person = on("identity")
        counts = self._counts(rows, on, other, at) & self._available[at]
        counts = counts & (rows.own | (either(by_person, self._shown["person"][at], self._shown["record"][at]) & on("sharing")))
        counts = counts & (on("linkage") | (data["kind"] != RESTORED))
        counts = counts & either(on("recording"), data["of_event"], data["kind"] != UNRECORDED)
        number, places, known = self._identity(rows, by_person, other.merged)
        counts = counts & known
        counts = counts & (data["first_of_cluster"] if other.merged else either(by_person, data["first_of_person"], True))
        if other.by is not None:
            counts = counts & (data["recorded"] <= other.by)
        if other.without_charge == 0:
            counts = counts & data["charged"]
        longer = (other.window or 0) > self.instrument.window
        basis = other.date_basis or self.date_basis
        if longer:  # those that are older by all that is recorded come from there
            counts = counts & (np.maximum(np.maximum(data["reported"], data["occurred"]), data["recorded"]) > self.world.horizon)
        chosen = _Chosen(counts, on.lists)
        counted = _Counted(
            chosen.numbered(number, len(places)),
            places,
            chosen.of(self._offence(rows, on)),
            either(chosen.of(on("dates")), data[f"true_{basis}"][chosen.row], data[basis][chosen.row]),
            data["charged"][chosen.row],
            self._victims(rows, counts, number, len(places), on, other.merged) if self.instrument.counts_victims else None,
            on.lists,
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

    def _victims(self, rows: RowSet, counts: Mask, number: Array, people: int, on: Repaired, merged: bool) -> tuple[Array, Array]:
        """Pairs of identity and victim over the rows that count."""
        edges = rows.edges
        by_person = at_places(on("identity"), edges.row)
        victim = either(by_person, edges.person, edges.cluster if merged else edges.victim)
        active = counts[..., edges.row] & (~edges.restored | at_places(on("linkage"), edges.row)) & (victim >= 0)
        chosen = _Chosen(active, on.lists)
        return chosen.numbered(number[..., edges.row], people), chosen.of(victim)

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
            counted.lists,
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
        return self.found_with_each([repaired])[0]

    def found_with_each(self, repairs: Sequence[Repairs]) -> Mask:
        """The same with each of many repairs, shape (repairs, truth): their lists are made together."""
        found = np.zeros((len(repairs), len(self.truth)), bool)
        at_once = max(AT_ONCE // max(len(self.own), 1), 1)
        # Identities have one numbering where they are repaired, one where they are not, and one where only some are.
        identity = np.array([_whole(one) for one in repairs])
        for kind in np.unique(identity):
            places = np.flatnonzero(identity == kind)
            for begin in range(0, len(places), at_once):
                part = places[begin : begin + at_once]
                found[part] = self._found(Repaired(*(repairs[place] for place in part)))
        return found

    def _found(self, on: Repaired) -> Mask:
        counted = self._counted(on, None)
        listed, _ = self._best(counted, AS_DECLARED)
        people = len(counted.places)
        on_list = marked(on.lists * people, listed).reshape(on.lists, people)
        number, person = self._numbers_of_truth(on("identity"), counted.places)
        of_list, pair = np.nonzero(on_list[:, number])
        found = np.zeros((on.lists, len(self.truth)), bool)
        found[of_list, person[pair]] = True
        return found

    def _numbers_of_truth(self, by_person: Mask | bool, places: Array) -> tuple[Array, Array]:
        """Pairs of a number that stands for somebody of the truth list, in person or by a record, and who that is."""
        number, people = [], []
        if by_person is not True:
            entry, owner = self.owners(places)
            number.append(entry)
            people.append(owner)
        if by_person is not False:
            number.append(np.arange(len(places)))
            people.append(places)
        order = np.argsort(self.truth)
        person = np.concatenate(people)
        at = np.minimum(np.searchsorted(self.truth[order], person), max(len(order) - 1, 0))
        known = self.truth[order][at] == person if len(order) else np.zeros(len(person), bool)
        return np.concatenate(number)[known], order[at[known]] if len(order) else at[known]

    def found_merged(self) -> Mask:
        """Which are found after merging the records that the audit judges to be the same person's."""
        listed, rows = self.listing(NONE, Otherwise(merged=True))[0], self.everything
        records = np.unique(rows.data["record"][rows.own & np.isin(rows.data["cluster"], listed)])
        return self.finds(records[records >= 0], NONE)


class _Chosen:
    """Which rows count for one list, or for several at once: ``row`` their positions, list by list."""

    def __init__(self, counts: Mask, lists: int) -> None:
        self._several, rows = lists > 1, counts.shape[-1]
        self._at = self.row = np.flatnonzero(np.broadcast_to(counts, (lists, rows)) if self._several else counts)
        if self._several:
            self._list = self._at // max(rows, 1)
            self.row = self._at - self._list * rows

    def of(self, values: Array | bool) -> Any:
        """What values of rows, or of lists and rows, are for those that count."""
        if isinstance(values, bool):
            return values
        if values.ndim == 1:
            return values[self.row]
        return values[self._list, 0] if values.shape[-1] == 1 else values.ravel()[self._at]

    def numbered(self, number: Array, people: int) -> Array:
        """Whom those that count count for: the numbers of the second list follow those of the first, and so on."""
        mine: Array = self.of(number)
        return self._list * people + mine if self._several else mine


@dataclass(frozen=True)
class _Counted:
    """What counts for a list: by row an identity's number, offence, day and whether there is a charge; the identifiers' places
    by number; and pairs of identity and victim, where victims count. Of several ``lists`` see ``_Chosen.numbered``."""

    identity: Array
    places: Array
    offence: Array
    day: Array
    charged: Mask
    victims: tuple[Array, Array] | None
    lists: int

    def of_several(self, least: int) -> "_Counted":
        """The rows of identities that have so many or more, which are few: all others would be scored for nothing."""
        if least <= 1:
            return self
        several = np.bincount(self.identity, minlength=self.lists * len(self.places)) >= least
        kept = np.flatnonzero(several[self.identity])
        victims = self.victims
        if victims is not None:
            theirs = np.flatnonzero(several[victims[0]])
            victims = victims[0][theirs], victims[1][theirs]
        return _Counted(
            self.identity[kept], self.places, self.offence[kept], self.day[kept], self.charged[kept], victims, self.lists
        )


def _whole(repaired: Repairs) -> int:
    """Whether identities are repaired: 0 not, 1 on some rows, 2 all of them."""
    if isinstance(repaired, frozenset):
        return 2 if "identity" in repaired else 0
    return 0 if "identity" not in repaired else 2 if repaired["identity"] is None else 1
