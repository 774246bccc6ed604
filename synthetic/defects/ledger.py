"""The ledger: every change that a defect makes, with what stood there before; and the ledger as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synthetic.contract import TABLES
from synthetic.defects.declaration import Defect
from synthetic.randomness import Floats, Ints, Keys, child, derived, draw, whole
from synthetic.recording import CRIME, Columns, Recording
from synthetic.recording.tables import Identifiers, column_text, repeated

if TYPE_CHECKING:  # the profile is built from the defects
    from synthetic.profile import Profile
    from synthetic.world.scope import Fix


@dataclass(frozen=True)
class Entry:
    """Rows of one table changed by one defect; ``true`` holds the clean raw values of ``field``.

    Without a field the whole row is meant: left out where ``gone`` is true, added where it is false.
    """

    defect: Defect
    table: str
    rows: np.ndarray
    field: str | None
    true: np.ndarray | None
    gone: bool = False


@dataclass
class Ledger:
    """Every change in order of application; ``defect`` is the one that is being applied."""

    entries: list[Entry] = field(default_factory=list)
    defect: Defect | None = None

    def changed(self, table: str, name: str, rows: np.ndarray, true: np.ndarray) -> None:
        """Fields of rows were changed; ``true`` has what stood there."""
        self._enter(table, rows, name, true, False)

    def gone(self, table: str, rows: np.ndarray) -> None:
        """Rows were left out; the ledger keeps them whole."""
        self._enter(table, rows, None, None, True)

    def added(self, table: str, rows: np.ndarray) -> None:
        """Rows were added that no clean recording has."""
        self._enter(table, rows, None, None, False)

    def _enter(self, table: str, rows: np.ndarray, name: str | None, true: np.ndarray | None, gone: bool) -> None:
        if len(rows) and self.defect is not None:
            self.entries.append(Entry(self.defect, table, rows, name, true, gone))


@dataclass(frozen=True)
class Rates:
    """What a force's records are made by from a day on (None: from ever): a profile, and the rate of one defect."""

    first: int | None
    profile: "Profile"
    rate: float


@dataclass(frozen=True)
class DefectWriter:
    """What a defect works on: the recording, its rates over time in this force, the fixes made of it, and the ledger.

    Where it falls is drawn by the keys of the rows, so that it falls on the same ones in every extract.
    """

    recording: Recording
    name: str
    ledger: Ledger
    eras: tuple[Rates, ...]
    fixes: "tuple[Fix, ...]" = ()
    force_key: Keys = field(default_factory=lambda: np.zeros(1, np.uint64))
    """The key of the force in this recording, shape (1,)."""

    @property
    def most(self) -> float:
        """The highest rate of any time."""
        return max(era.rate for era in self.eras)

    def columns(self, table: str) -> Columns:
        """The columns of a recorded table."""
        return {
            "persons": self.recording.persons,
            "crimes": self.recording.crimes,
            "involvements": self.recording.involvements,
        }[table]

    def kept(self, table: str) -> np.ndarray:
        """Which rows of a table a defect may fall on: of person records all, else crimes and their involvements.

        Incidents and cancelled crimes are left alone, but by what makes a crime one of them.
        """
        return self.written(table, crimes_only=True)

    def written(self, table: str, crimes_only: bool = False) -> np.ndarray:
        """Which rows of a table are still to be written."""
        kept, crimes = self.columns(table)["kept"], self.recording.crimes
        if table == "persons":
            return kept
        counted = crimes["kept"] & (crimes["record_class"] == CRIME) if crimes_only else crimes["kept"]
        return counted if table == "crimes" else kept & counted[self.recording.involvements["crime"]]

    def era_of(self, table: str, rows: np.ndarray) -> Ints:
        """In which era each row was made: persons on the day of the record, crimes on that of the report; shape (n,)."""
        if len(self.eras) == 1:
            return np.zeros(len(rows), np.int64)
        if table == "persons":
            day = self.recording.persons["created_on"][rows]
        else:
            crimes = rows if table == "crimes" else self.recording.involvements["crime"][rows]
            day = self.recording.world.events.reported[self.recording.crimes["event"][crimes]]
        return np.searchsorted([era.first for era in self.eras[1:] if era.first is not None], day, side="right").astype(np.int64)

    def draw(self, table: str, rows: np.ndarray, what: str = "") -> Floats:
        """Numbers in [0, 1) for rows of a table, of this defect and this purpose."""
        return draw(self.columns(table)["key"][rows], self.name, what)

    def whole(self, table: str, rows: np.ndarray, below: int, what: str = "which") -> Ints:
        """Whole numbers from 0 to ``below`` - 1 for rows of a table."""
        return whole(self.columns(table)["key"][rows], below, self.name, what)

    def unrepaired(self, keys: Keys) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Which of the defects with these keys no fix has repaired; shape (n,)."""
        left = np.ones(len(keys), bool)
        for number, fix in enumerate(self.fixes):
            left &= draw(keys, self.name, "fix", str(number)) >= fix.share
        return left

    def chosen(self, table: str, among: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Rows out of ``among`` on which the defect falls: at its rate, more often where the weights are higher."""
        era = self.era_of(table, among)
        chance = np.empty(len(among))
        for number, one in enumerate(self.eras):
            mine = slice(None) if len(self.eras) == 1 else era == number
            chance[mine] = one.rate if weights is None else tilt(one.rate, weights[among[mine]])
        rows = among[self.draw(table, among) < chance]
        return rows[self.unrepaired(self.columns(table)["key"][rows])] if self.fixes else rows

    def other_people(self, keys: Keys) -> Ints:
        """A row of the force's people for each key, chosen as ``somebody``."""
        people = self.recording.world.people
        if self.recording.people_by_key is None:
            self.recording.people_by_key = np.argsort(people.key)
        return self.somebody(keys, people.key, self.recording.people_by_key)

    def somebody(self, keys: Keys, among: Keys, order: Ints | None = None) -> Ints:
        """A place in ``among`` for each key: that of the next higher number, so that a newcomer changes few choices.

        ``order`` is that of ``among``, where it is known already.
        """
        order = np.argsort(among) if order is None else order
        found = np.searchsorted(among[order], derived(keys, self.name, "somebody"))
        return order[found % max(len(among), 1)]

    def unit_key(self, unit: Ints | int, number: int) -> Keys:
        """The keys of units in a numbered stretch of time; shape (units,)."""
        return child(child(derived(self.force_key, self.name), unit), number)

    def write(self, table: str, name: str, rows: np.ndarray, values: np.ndarray) -> None:
        """Put values into a column, and what stood there into the ledger, where they differ."""
        column = self.columns(table)[name]
        true = column[rows]
        differ = values != true
        column[rows[differ]] = values[differ]
        self.ledger.changed(table, name, rows[differ], true[differ])


def tilt(rate: float, weights: np.ndarray) -> np.ndarray:
    """Chances by row whose odds follow ``weights`` and whose mean is ``rate``; shape (n,), exactly 0 or 1 at the ends."""
    if rate <= 0 or rate >= 1 or not len(weights):
        return np.full(len(weights), rate)
    inverse, values = pd.factorize(weights)
    counts = np.bincount(inverse)
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        odds = np.exp(middle) * values
        if (odds / (1 + odds) * counts).sum() / len(weights) < rate:
            low = middle
        else:
            high = middle
    return (odds / (1 + odds))[inverse]


# ---- the ledger as a table ---------------------------------------------------------------------------------------------


def ledger_table(ledger: Ledger, recording: Recording, ids: Identifiers) -> pa.Table:
    """The ledger of one force as ``truth/defects`` has it, in order of application."""
    entries = ledger.entries
    counts = [len(entry.rows) for entry in entries]
    record_ids = [_record_ids(entry.table, entry.rows, recording, ids) for entry in entries]
    columns = {
        "defect": _of_entries([entry.defect.name for entry in entries], counts),
        "family": _of_entries([entry.defect.family for entry in entries], counts),
        "table": _of_entries([entry.table for entry in entries], counts),
        "record_id": pa.chunked_array(record_ids, pa.string()),
        "field": _of_entries([entry.field for entry in entries], counts),
        "true_value": pa.chunked_array([_true_values(entry, recording, ids) for entry in entries], pa.string()),
        "mechanism": _of_entries([entry.defect.mechanism for entry in entries], counts),
    }
    return pa.table({name: columns[name] for name in TABLES["truth/defects"].columns})


def _of_entries(values: Sequence[str | None], counts: list[int]) -> pa.Array:
    """A column with one value for all rows of an entry."""
    texts = pa.array(values, pa.string()).dictionary_encode()
    return texts.take(pa.array(np.repeat(np.arange(len(counts)), counts)))


def _true_values(entry: Entry, recording: Recording, ids: Identifiers) -> pa.Array:
    if entry.gone:
        return _rows_as_json(entry.table, entry.rows, recording, ids)
    if entry.true is None:
        return pa.nulls(len(entry.rows), pa.string())
    if entry.field == "person_id":
        return ids.person.take(entry.true)
    if entry.field == "unit_id":
        return ids.unit.take(pa.array(entry.true))
    if entry.field == "crime_id":
        return ids.crime.take(entry.true)
    return column_text(recording, entry.table, str(entry.field), entry.true).cast(pa.string())


def _record_ids(table: str, rows: np.ndarray, recording: Recording, ids: Identifiers) -> pa.Array:
    if table == "persons":
        return ids.person.take(rows)
    if table == "crimes":
        return ids.crime.take(rows)
    if table == "units":
        return ids.unit.take(pa.array(rows))
    involvements = recording.involvements
    return pc.binary_join_element_wise(
        ids.crime.take(involvements["crime"][rows]),
        ids.linked_person(recording, rows),
        column_text(recording, "involvements", "role", involvements["role"][rows]).dictionary_decode(),
        "|",
    )


def _rows_as_json(table: str, rows: np.ndarray, recording: Recording, ids: Identifiers) -> pa.Array:
    """Whole rows as JSON objects, made column by column. No value of these tables holds a quote or a backslash."""
    columns = {"persons": recording.persons, "crimes": recording.crimes, "involvements": recording.involvements}[table]
    parts = []
    for number, name in enumerate(TABLES[table].columns):
        if name == "force":
            text = repeated(recording.force.slug, len(rows)).dictionary_decode()
        elif name == "unit_id":
            text = ids.unit.take(pa.array(columns["unit"][rows]))
        elif name == "crime_id":
            text = ids.crime.take(rows if table == "crimes" else columns["crime"][rows])
        elif name == "person_id":
            text = ids.person.take(rows if table == "persons" else columns["person"][rows])
        else:
            text = column_text(recording, table, name, columns[name][rows]).cast(pa.string())
        opening = ("{" if number == 0 else ",") + f'"{name}":'
        quoted = pc.binary_join_element_wise(opening + '"', text, '"', "", null_handling="skip")
        parts.append(pc.if_else(pc.is_null(text), opening + "null", quoted))
    return pc.binary_join_element_wise(*parts, "}", "")
