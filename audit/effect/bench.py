"""The lists of one force, or of several together, with any part of any family of defects repaired. Private to this room.

Every crime that counts, or would count once something is repaired, is a *row*: who it counts for as recorded and in truth,
with which offence and day as recorded and in truth. Repairs switch columns and rows on and off, so that every list is made
from the same arrays. With all families repaired the list is the truth list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from audit.effect.instruments import FREQUENCY_BANDS, RECENCY_DAYS, SEVERITY_WEIGHTS, Instrument, top_list
from audit.effect.reading import LINKED, RESTORED, UNRECORDED, World

FAMILIES = ("identity", "linkage", "offence", "dates", "recording", "sharing")
ALL, NONE = frozenset(FAMILIES), frozenset[str]()

DEFAULT_K = 100
"""The length of a force's list, as the Metropolitan Police's V100 has it."""

Repairs = frozenset[str] | Mapping[str, np.ndarray | None]
"""Families repaired whole, or families with the rows on which they are repaired (None: all)."""


@dataclass(frozen=True)
class Choices:
    """How the lists are made: weights by offence (a column of the reference, ``count``, or one's own) and date basis.

    ``k`` is the length of each force's list, or ``population`` for lists in proportion to the force's population.
    """

    weights: str = "harm_days"
    date_basis: str = "reported"
    k: int | Literal["population"] = DEFAULT_K


class Rows:
    """The rows of some forces, and those of others that sharing may add; gathered once for both instruments.

    ``own`` marks the forces' rows. Identities are numbered from 0 within each of record, person and cluster, in the order of
    their identifiers; ``identifiers`` gives them back.
    """

    def __init__(self, world: World, forces: list[int]) -> None:
        self.world, self.forces = world, forces
        own = np.concatenate([np.arange(world.begin[force], world.begin[force + 1]) for force in forces])
        cross = [self._cross(part) for part in (world.cross_record, world.cross_person)]
        place = np.full(len(world.rows["force"]), -1, np.int32)
        place[own] = np.arange(len(own))
        others = np.flatnonzero(_marked(len(place), *(rows for rows, _ in cross)) & (place < 0))
        place[others] = len(own) + np.arange(len(others))
        chosen = np.concatenate([own, others])
        self.data = {name: values[chosen] for name, values in world.rows.items()}
        self.own = np.arange(len(chosen)) < len(own)
        self.identifiers: dict[str, np.ndarray] = {}
        self.number: dict[str, np.ndarray] = {}
        for name in ("record", "person", "cluster"):
            self.identifiers[name], self.number[name] = _numbered(self.data[name])
        # Rows that sharing may show, with the person for whose sake: positions among the chosen, numbers of people.
        people = self.identifiers["person"]
        self.shared = []
        for rows, person in cross:
            number = np.minimum(np.searchsorted(people, person), len(people) - 1)
            known = people[number] == person
            self.shared.append((place[rows[known]], number[known]))

    def _cross(self, part: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        if len(self.forces) == 1:
            mine = slice(*np.searchsorted(part["force"], [self.forces[0], self.forces[0] + 1]))
        else:
            mine = np.isin(part["force"], self.forces)  # type: ignore[assignment]
        return part["row"][mine], part["person"][mine]

    def older(self) -> dict[str, np.ndarray]:
        """The forces' recorded links from before the world's horizon."""
        mine = np.isin(self.world.older["force"], self.forces)
        return {name: values[mine] for name, values in self.world.older.items()}


def _marked(size: int, *places: np.ndarray) -> np.ndarray:
    """Where any of the places is true, shape (size,)."""
    marks = np.zeros(size, bool)
    for listed in places:
        marks[listed] = True
    return marks


def _numbered(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unique values in order, and the place of each value among them; shapes (u,) and (n,). Values are whole numbers.

    A table over the range of the values, as sorting millions of them for every force is slow.
    """
    if not len(values):
        return values[:0], np.zeros(0, np.int32)
    low = int(values.min())
    there = _marked(int(values.max()) - low + 1, values - low)
    unique = np.flatnonzero(there)
    return (unique + low).astype(values.dtype), (np.cumsum(there, dtype=np.int32) - 1)[values - low]


class Bench:
    """The lists of the rows' forces by one instrument, as of one day."""

    def __init__(self, rows: Rows, instrument: Instrument, last_day: int, k: int, choices: Choices) -> None:
        self.rows, self.world = rows, rows.world
        self.instrument, self.last_day, self.k = instrument, last_day, k
        self.weights, self.date_basis = choices.weights, choices.date_basis
        self._see()
        self.data, self.own, self.number = rows.data, rows.own, rows.number
        self.shown = self._shown
        self._keep_who_may_reach_the_list()
        self.truth, self.truth_scores = self.listing(ALL)
        self.recorded, _ = self.listing(NONE)
        self.found = self.finds(self.recorded, NONE)

    # ---- which rows, and who ------------------------------------------------------------------------------------------

    def _see(self) -> None:
        """Which rows a force sees where sharing is repaired: of people with an event reported to it in the window."""
        rows = self.rows
        person = rows.data["person"]
        event_here = rows.own & rows.data["of_event"] & self._in_window(rows.data[f"true_{self.date_basis}"]) & (person >= 0)
        member = _marked(len(rows.identifiers["person"]), rows.number["person"][event_here])
        shown = [rows.own | _marked(len(rows.own), at[member[whose]]) for at, whose in rows.shared]
        self._shown = {"record": shown[0], "person": shown[1]}

    def _in_window(self, day: np.ndarray, window: int | None = None) -> np.ndarray:
        return (day > self.last_day - (window or self.instrument.window)) & (day <= self.last_day)

    def _keep_who_may_reach_the_list(self) -> None:
        """Drop the rows of everybody who can be on no list, whatever is repaired: all 64 lists are then made of few rows.

        What an identity can score at most is bounded by all its rows that may ever count; what the k-th of any list scores at
        least by the rows that always count for one record of one person, of different people and records.
        """
        data, weight = self.data, self.world.weights[self.weights]
        basis, true_basis = data[self.date_basis], data[f"true_{self.date_basis}"]
        inside, true_inside = self._in_window(basis), self._in_window(true_basis)
        offence, true_offence = data["offence"], data["true_offence"]
        shown = self.shown["record"] | self.shown["person"]
        ever = np.flatnonzero((inside | true_inside) & ((offence >= 0) | (true_offence >= 0)) & shown)
        always = np.flatnonzero(
            self.own & (data["kind"] == LINKED) & data["of_event"] & data["first_of_person"] & inside & true_inside
            & (offence == true_offence) & (offence >= 0) & (data["record"] >= 0) & (data["person"] >= 0)
        )  # fmt: skip
        least = self._least_on_list(always, weight, np.minimum(basis, true_basis))
        most_weight = np.maximum(weight[offence] * (offence >= 0), weight[true_offence] * (true_offence >= 0))
        latest = np.maximum(
            np.where(inside, basis, self.last_day - 10**6), np.where(true_inside, true_basis, self.last_day - 10**6)
        )
        keep = np.zeros(len(ever), bool)
        for name in ("record", "person"):
            number = self.number[name][ever]
            most = self._bound(number, len(self.rows.identifiers[name]), most_weight[ever], latest[ever])
            keep |= (most >= least)[number]
        chosen = ever[keep]
        self.data = {name: values[chosen] for name, values in data.items()}
        self.own = self.own[chosen]
        self.shown = {name: seen[chosen] for name, seen in self.shown.items()}
        self.places, self.number = {}, {}
        for name in ("record", "person"):
            self.places[name], self.number[name] = _numbered(self.data[name])

    def _bound(self, number: np.ndarray, count: int, weight: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The score of each identity from all of the rows, by the instrument; 0 for those without the crimes it asks for."""
        crimes = np.bincount(number, minlength=count)
        if self.instrument.name == "harm_365":
            score = np.bincount(number, weight, minlength=count)
        else:
            score = np.searchsorted(FREQUENCY_BANDS, crimes, side="right").astype(float)
            for band in (
                5 - np.searchsorted(RECENCY_DAYS, self.last_day - day, side="left"),
                1 + np.searchsorted(SEVERITY_WEIGHTS, weight, side="right"),
            ):
                highest = np.zeros(count, np.int8)
                for value in range(1, 6):
                    highest[number[band == value]] = value
                score += highest
        return np.where(crimes >= self.instrument.least_crimes, score, -1.0)

    def _least_on_list(self, always: np.ndarray, weight: np.ndarray, day: np.ndarray) -> float:
        """What the k-th on any list scores at least; below every score where fewer than k are certain."""
        record, person = self.number["record"][always], self.number["person"][always]
        pair, of_pair = np.unique(record.astype(np.int64) << 32 | person, return_inverse=True)
        score = self._bound(of_pair, len(pair), weight[self.data["offence"][always]], day[always])
        order = np.argsort(-score, kind="stable")
        order = order[score[order] >= 0]
        # One pair a person and one a record, the best of each: as many different identities, whichever is listed.
        for part in (pair & 0xFFFFFFFF, pair >> 32):
            _, first = np.unique(part[order], return_index=True)
            order = order[np.sort(first)]
        return float(score[order[self.k - 1]]) if len(order) >= self.k else -1.0

    # ---- lists -------------------------------------------------------------------------------------------------------

    def listing(self, repaired: Repairs) -> tuple[np.ndarray, np.ndarray]:
        """The list with some families repaired: identifiers in order, and scores. Never handed on."""
        rows = self.data
        given = dict.fromkeys(repaired) if isinstance(repaired, frozenset) else repaired

        def on(family: str) -> np.ndarray | bool:
            mask = given.get(family, False)
            return True if mask is None else mask

        basis = self.date_basis
        day = _either(on("dates"), rows[f"true_{basis}"], rows[basis])
        offence = _either(on("offence"), rows["true_offence"], rows["offence"])
        by_person = on("identity")
        counts = self._in_window(day) & (offence >= 0)
        shared = on("sharing")
        counts &= self.own | (_either(by_person, self.shown["person"], self.shown["record"]) & shared)
        counts &= on("linkage") | (rows["kind"] != RESTORED)
        recording = on("recording")
        counts &= _either(recording, rows["of_event"], rows["kind"] != UNRECORDED)
        identity, identifier = self._identity(by_person)
        counts &= identifier >= 0
        counts &= _either(by_person, rows["first_of_person"], True)
        chosen = np.flatnonzero(counts)
        offence = offence[chosen]
        listed, scores = top_list(
            self.instrument,
            identity[chosen],
            self.world.weights[self.weights][offence],
            self.world.weights["harm_days"][offence],
            day[chosen],
            self.last_day,
            self._identities,
            self.k,
        )
        return self._all_places[listed], scores

    def _identity(self, by_person: np.ndarray | bool) -> tuple[np.ndarray, np.ndarray]:
        """Numbers, and identifiers' places, of whom each row counts for."""
        records, persons = self._numbers
        if by_person is True:
            return persons, self.data["person"]
        if by_person is False:
            return records, self.data["record"]
        return np.where(by_person, persons, records), np.where(by_person, self.data["person"], self.data["record"])

    @cached_property
    def _all_places(self) -> np.ndarray:
        return np.union1d(self.places["record"], self.places["person"])

    @cached_property
    def _numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """Records and people numbered together, in the order of all identifiers, so that ties fall as defined."""
        records, persons = (np.searchsorted(self._all_places, self.places[name]) for name in ("record", "person"))
        return records[self.number["record"]], persons[self.number["person"]]

    @property
    def _identities(self) -> int:
        return len(self._all_places)

    def plain(
        self, weights: str | None = None, date_basis: str | None = None, window: int | None = None, merged: bool = False,
        by: int | None = None,
    ) -> np.ndarray:  # fmt: skip
        """The recorded list made otherwise, from all rows: other weights, date basis or window, ``merged`` records, or only
        what was recorded ``by`` a day. Identifiers, or numbers of clusters; never handed on.
        """
        rows, name = self.rows.data, "cluster" if merged else "record"
        day = rows[date_basis or self.date_basis]
        counts = self.rows.own & self._in_window(day, window) & (rows["offence"] >= 0) & (rows[name] >= 0)
        counts &= rows["kind"] == LINKED
        if merged:
            counts &= rows["first_of_cluster"]
        if by is not None:
            counts &= rows["recorded"] <= by
        longer = (window or 0) > self.instrument.window
        if longer:  # those that are older by all that is recorded come from there
            counts &= np.maximum(np.maximum(rows["reported"], rows["occurred"]), rows["recorded"]) > self.world.horizon
        chosen = np.flatnonzero(counts)
        identity, offence, day = self.rows.data[name][chosen], rows["offence"][chosen], day[chosen]
        if longer:
            older = self.rows.older()
            more = self._in_window(older[self.date_basis], window) & (older["offence"] >= 0)
            parts = (identity, older["record"]), (offence, older["offence"]), (day, older[self.date_basis])
            identity, offence, day = (np.concatenate([part, old[more]]) for part, old in parts)
        unique, number = _numbered(identity)
        listed, _ = top_list(
            self.instrument,
            number,
            self.world.weights[weights or self.weights][offence],
            self.world.weights["harm_days"][offence],
            day,
            self.last_day,
            len(unique),
            self.k,
        )
        return unique[listed]

    # ---- people ------------------------------------------------------------------------------------------------------

    def finds(self, listed: np.ndarray, repaired: Repairs) -> np.ndarray:
        """Which people of the truth list stand on a list, in person or by a record; shape (truth,)."""
        people = self.people_of(listed, repaired)
        at = np.minimum(np.searchsorted(self._sorted_truth[0], people), max(len(self.truth) - 1, 0))
        found = np.zeros(len(self.truth), bool)
        if len(self.truth):
            found[self._sorted_truth[1][at[self._sorted_truth[0][at] == people]]] = True
        return found

    @cached_property
    def _sorted_truth(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self.truth)
        return self.truth[order], order

    def people_of(self, listed: np.ndarray, repaired: Repairs) -> np.ndarray:
        """The people behind a list's entries: records' owners, and people themselves."""
        if isinstance(repaired, frozenset) and "identity" in repaired:
            return listed
        people = self.owners(listed)[1]
        partly = not isinstance(repaired, frozenset) and "identity" in repaired
        return np.concatenate([people, listed]) if partly else people

    def owners(self, listed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(place on the list, person) of each entry; an overlaid record has several, a new record is its person."""
        begin = np.searchsorted(self.world.owners_record, listed, side="left")
        end = np.searchsorted(self.world.owners_record, listed, side="right")
        place = np.repeat(np.arange(len(listed)), end - begin)
        within = np.arange(len(place)) - np.repeat(np.cumsum(end - begin) - (end - begin), end - begin)
        return place, self.world.owners_person[begin[place] + within]

    def shares(self, found: np.ndarray) -> dict[str, float]:
        """recall_at_k and harm_captured of those found; NaN where there is no truth list, or no harm on it."""
        total = self.truth_scores.sum()
        return {
            "recall_at_k": float(found.mean()) if len(found) else np.nan,
            "harm_captured": float(self.truth_scores[found].sum() / total) if total else np.nan,
        }

    def value(self, repaired: Repairs) -> dict[str, float]:
        """v(S): the shares that the list finds with those families repaired."""
        return self.shares(self.finds(self.listing(repaired)[0], repaired))

    # ---- kinds of defect within a family -------------------------------------------------------------------------------

    def kinds(self) -> dict[str, dict[str, np.ndarray]]:
        """Family → kind of defect → the rows that it is on, told from the truth; families of one kind are left out."""
        rows = self.data
        owners = np.searchsorted(self.world.owners_record, rows["record"], side="right") - np.searchsorted(
            self.world.owners_record, rows["record"], side="left"
        )
        first = np.minimum(np.searchsorted(self.world.owners_record, rows["record"]), max(len(self.world.owners_person) - 1, 0))
        right = (owners > 0) & (self.world.owners_person[first] == rows["person"]) if len(self.world.owners_person) else owners > 0
        basis, true = rows[self.date_basis], rows[f"true_{self.date_basis}"]
        no_code = rows["offence"] < 0
        gone = rows["kind"] == UNRECORDED
        kinds = {
            "identity": {
                "one person, several records": right & (owners == 1),
                "two people, one record": owners > 1,
                "another person's record linked": ~right & (owners <= 1),
            },
            "offence": {"code missing or not in the list": no_code, "another code": ~no_code},
            "dates": {
                "after the last day of the data": basis > self.last_day,
                "missing, and the next date taken": (basis <= self.last_day) & (basis == rows["recorded"]),
                "another day": (basis <= self.last_day) & (basis != rows["recorded"]),
            },
            "recording": {
                "lost in a reporting gap": gone & rows["gap"],
                "never recorded": gone & ~rows["gap"],
                "recorded twice": ~gone & ~rows["of_event"],
            },
        }
        touched = {"offence": rows["offence"] != rows["true_offence"], "dates": basis != true}
        return {
            family: {kind: mask & touched[family] if family in touched else mask for kind, mask in parts.items()}
            for family, parts in kinds.items()
        }


def _either(mask: np.ndarray | bool, true: np.ndarray | bool, recorded: np.ndarray | bool) -> np.ndarray:
    """``true`` where the mask holds, else ``recorded``."""
    if mask is True:
        return true  # type: ignore[return-value]
    if mask is False:
        return recorded  # type: ignore[return-value]
    return np.where(mask, true, recorded)
