"""The rows of one force, or of several together, gathered once for all instruments."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.effect.entries import NO_DAY
from audit.effect.reading import FOR_CRIMES, FOR_INCIDENTS, Edges, World

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RowSet:
    """Some rows, with who they count for numbered from 0 in the order of identifiers, by record, person and cluster.

    ``own`` marks the forces' rows; others are there for sharing. ``places`` gives the identifiers' places back. ``edges`` are the
    rows' victims, their ``row`` a position among these rows.
    """

    data: dict[str, Array]
    own: Mask
    number: dict[str, Array]
    places: dict[str, Array]
    edges: Edges

    def only(self, chosen: Array) -> "RowSet":
        """The rows at some positions, numbered afresh."""
        place = np.full(len(self.own), -1, np.int64)
        place[chosen] = np.arange(len(chosen))
        again = {name: numbered(number[chosen]) for name, number in self.number.items()}
        return RowSet(
            {name: values[chosen] for name, values in self.data.items()},
            self.own[chosen],
            {name: number for name, (_, number) in again.items()},
            {name: self.places[name][former] for name, (former, _) in again.items()},
            taken(self.edges, place),
        )

    @cached_property
    def together(self) -> tuple[Array, dict[str, Array]]:
        """Records and people numbered together: the places, and each row's number by record and by person."""
        places = np.union1d(self.places["record"], self.places["person"])
        number = {name: np.searchsorted(places, self.places[name])[self.number[name]] for name in ("record", "person")}
        return places, number


def row_set(data: dict[str, Array], own: Mask, edges: Edges) -> RowSet:
    numbered_by = {name: numbered(data[name]) for name in ("record", "person", "cluster")}
    return RowSet(
        data,
        own,
        {name: number for name, (_, number) in numbered_by.items()},
        {name: places for name, (places, _) in numbered_by.items()},
        edges,
    )


def taken(edges: Edges, place: Array) -> Edges:
    """The edges of the rows that have a place of 0 or more, with that as their row."""
    at = place[edges.row]
    kept = at >= 0
    return Edges(at[kept], edges.victim[kept], edges.person[kept], edges.cluster[kept], edges.restored[kept])


class Rows:
    """The rows of some forces, and those of others that sharing may add."""

    def __init__(self, world: World, forces: list[int]) -> None:
        self.world, self.forces = world, forces
        own = np.concatenate([np.arange(world.begin[force], world.begin[force + 1]) for force in forces])
        cross = [self._cross(part) for part in (world.cross_record, world.cross_person)]
        shown = np.concatenate([rows for rows, _ in cross])
        others = np.unique(shown[~np.isin(world.rows["force"][shown], forces)])
        chosen = np.concatenate([own, others])
        order = np.argsort(chosen, kind="stable")  # quick, as both parts are in order

        def place(rows: Array) -> Array:
            return order[np.searchsorted(chosen, rows, sorter=order)]

        data = {name: values[chosen] for name, values in world.rows.items()}
        self.all = row_set(data, np.arange(len(chosen)) < len(own), self._edges(chosen))
        # Rows that sharing may show, with the person for whose sake: positions among the chosen, numbers of people.
        people = self.all.places["person"]
        self.shared = []
        for rows, person in cross:
            number = np.minimum(np.searchsorted(people, person), len(people) - 1)
            known = people[number] == person
            self.shared.append((place(rows[known]), number[known]))

    def _edges(self, chosen: Array) -> Edges:
        """The victims of some of the world's rows; these are in order of row there."""
        edges = self.world.edges
        begin, end = (np.searchsorted(edges.row, chosen, side=side) for side in ("left", "right"))
        length = end - begin
        row = np.repeat(np.arange(len(chosen)), length)
        at = np.arange(len(row)) + np.repeat(begin - np.cumsum(length) + length, length)
        return Edges(row, edges.victim[at], edges.person[at], edges.cluster[at], edges.restored[at])

    def _cross(self, part: dict[str, Array]) -> tuple[Array, Array]:
        if len(self.forces) == 1:
            mine = slice(*np.searchsorted(part["force"], [self.forces[0], self.forces[0] + 1]))
        else:
            mine = np.isin(part["force"], self.forces)  # type: ignore[assignment]
        return part["row"][mine], part["person"][mine]

    def audience(self, counts_incidents: bool) -> Mask:
        """Which rows are there for an instrument that counts non-crime incidents, or for one that does not."""
        return self.all.data["audience"] != (FOR_CRIMES if counts_incidents else FOR_INCIDENTS)

    def of_age(self, years: int) -> dict[str, Array]:
        """The day from which the person of each row, by record and in truth, is of an age; of age 0, everybody is from the first."""
        places = {name: self.all.data[name] for name in ("record", "person")}
        return {name: self.world.ages[years][at] if years else np.full(len(at), NO_DAY) for name, at in places.items()}

    @cached_property
    def older(self) -> tuple[dict[str, Array], Edges]:
        """The forces' recorded links from before the world's horizon, and their victims."""
        mine = np.isin(self.world.older["force"], self.forces)
        data = {name: values[mine] for name, values in self.world.older.items()}
        place = np.where(mine, np.cumsum(mine) - 1, -1)
        row, victim = self.world.older_victims["row"], self.world.older_victims["victim"]
        edges = Edges(row, victim, victim, victim, np.zeros(len(row), bool))
        return data, taken(edges, place)


def marked(size: int, *places: Array) -> Mask:
    """Where any of the places is true, shape (size,)."""
    marks = np.zeros(size, bool)
    for listed in places:
        marks[listed] = True
    return marks


def numbered(values: Array) -> tuple[Array, Array]:
    """Unique values in order, and the place of each value among them; shapes (u,) and (n,). Values are whole numbers.

    A table over the range of the values, as sorting millions of them for every force is slow.
    """
    if not len(values):
        return values[:0], np.zeros(0, np.int32)
    low = int(values.min())
    there = marked(int(values.max()) - low + 1, values - low)
    unique = np.flatnonzero(there)
    return (unique + low).astype(values.dtype), (np.cumsum(there, dtype=np.int32) - 1)[values - low]
