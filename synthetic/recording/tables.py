"""From the numbers of a recording to the tables that the files hold: identifiers, texts, dates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthetic.contract import (
    CANCEL_REASONS,
    CHANNELS,
    EVENT_CLASSES,
    RECORD_CLASSES,
    RELATIONSHIPS,
    RESIDENCES,
    ROLES,
    SEXES,
    SUSPECT_STATUSES,
    SYSTEMS,
    TABLES,
    codes,
)
from synthetic.names import street_names
from synthetic.randomness import Keys
from synthetic.recording import (
    INVALID_OFFENCES,
    INVALID_OUTCOMES,
    OFFENCES,
    OUTCOMES,
    RETIRED_OFFENCES,
    Columns,
    Recording,
)
from synthetic.world.events import DOMESTIC_CODES
from synthetic.world.lives import NO_ABODE, RESIDENCE_OF_PLACE
from synthetic.world.scope import NEVER, Force

INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


@dataclass(frozen=True)
class Texts:
    """Strings of one width as rows of ASCII bytes, shape (n, width): taken by row at a third of the cost of Arrow's strings."""

    block: np.ndarray

    def take(self, rows: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
        """The strings of those rows as an Arrow array; null where not ``valid``."""
        return _strings(self.block.take(rows, axis=0), valid)

    def take_or_null(self, rows: np.ndarray) -> pa.Array:
        """The strings of those rows; null where the row is negative."""
        if not len(self.block):
            return pa.nulls(len(rows), pa.string())
        return self.take(np.maximum(rows, 0), rows >= 0)

    def array(self) -> pa.Array:
        """All of them as an Arrow array."""
        return _strings(self.block)


@dataclass(frozen=True)
class Identifiers:
    """The identifiers of one recording, by row, made of the rows' keys: their order says nothing.

    ``person_order`` gives the rows of the person records that are kept in the order of their identifiers, in which they
    are written.
    """

    person: Texts
    person_order: np.ndarray
    crime: Texts
    event: Texts
    unit: pa.Array
    nobody: str

    def linked_person(self, recording: Recording, rows: np.ndarray) -> pa.Array:
        """The person identifiers that rows of the involvements name; those of orphans are nobody's."""
        number = recording.involvements["orphan"][rows]
        block = self.person.block.take(recording.involvements["person"][rows], axis=0)
        orphans = np.flatnonzero(number >= 0)
        block[orphans] = coded(self.nobody, number[orphans].astype(np.uint64)).block
        return _strings(block)


def identifiers(recording: Recording) -> Identifiers:
    """Identifiers of every row: the same for a row in every extract that has it."""
    force, persons = recording.force, recording.persons
    prefix = f"{force.index + 1:02d}"
    order = np.argsort(persons["key"])
    return Identifiers(
        person=coded(f"SYN-P{prefix}-", persons["key"]),
        person_order=order[persons["kept"][order]],
        crime=coded(f"SYN-C{prefix}-", recording.crimes["key"]),
        event=coded(f"{force.slug}-e", recording.world.events.key),
        unit=unit_ids(force, recording.renamed),
        nobody=f"SYN-N{prefix}-",
    )


def unit_ids(force: Force, renamed: Sequence[tuple[int, int]] = ()) -> pa.Array:
    """The identifiers of a force's units, then the new codes of those that are renamed: a number of three digits or more."""
    units = numbered(f"{force.slug}-", np.arange(1, len(force.unit_shares) + 1), width=2)
    new = [f"{force.slug}-{100 * (number + 1) + unit + 1}" for unit, number in renamed]
    return pa.concat_arrays([units, pa.array(new, pa.string())])


def numbered(prefix: str, numbers: np.ndarray, width: int = 7, valid: np.ndarray | None = None) -> pa.Array:
    """Strings of a prefix and a number of fixed width, made as one block of bytes; null where not ``valid``; shape (n,)."""
    head = np.frombuffer(prefix.encode(), np.uint8)
    block = np.empty((len(numbers), len(head) + width), np.uint8)
    block[:, : len(head)] = head
    _write_digits(block, len(head), width, numbers)
    return _strings(block, valid)


DIGITS = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 digits, without letters that look like another."""
CODE_WIDTH = 11
_PAIRS = np.frombuffer(b"".join(bytes(pair) for pair in product(DIGITS, repeat=2)), np.uint16)


def coded(prefix: str, keys: Keys) -> Texts:
    """Strings of a prefix and 11 digits to base 32, the upper 55 bits of a key: of a million keys no two are likely to share them."""
    head = np.frombuffer(prefix.encode(), np.uint8)
    block = np.empty((len(keys), len(head) + CODE_WIDTH), np.uint8)
    block[:, : len(head)] = head
    upper, lower = (keys >> np.uint64(34)).astype(np.uint32), (keys >> np.uint64(9)).astype(np.uint32)
    # Two digits at a time: the first six of the upper 30 bits, the next four and a last one of the 25 below.
    for place, (word, shift) in enumerate(((upper, 20), (upper, 10), (upper, 0), (lower, 15), (lower, 5))):
        _put(block, len(head) + 2 * place, _PAIRS.take(word >> np.uint32(shift) & np.uint32(1023)))
    block[:, -1] = np.frombuffer(DIGITS, np.uint8).take(lower & np.uint32(31))
    return Texts(block)


def _put(block: np.ndarray, start: int, values: np.ndarray) -> None:
    """Write the bytes of a number into each row of a block, from the byte ``start`` on."""
    block[:, start : start + values.itemsize].view(values.dtype)[:, 0] = values


def column_text(recording: Recording, table: str, name: str, values: np.ndarray) -> pa.Array:
    """A column's values as the files hold them: strings (some dictionary-encoded), dates or booleans."""
    if table == "involvements" and name == "role":
        return _coded(_texts(ROLES), values)
    lists = {
        "sex": SEXES,
        "ethnicity": codes("ethnicities", "ethnicity"),
        "source_system": SYSTEMS,
        "offence_code": OFFENCES + RETIRED_OFFENCES + INVALID_OFFENCES,
        "reported_via": CHANNELS,
        "suspect_status": SUSPECT_STATUSES,
        "outcome_code": OUTCOMES + INVALID_OUTCOMES,
        "relationship": RELATIONSHIPS,
        "record_class": RECORD_CLASSES,
        "cancel_reason": CANCEL_REASONS,
    }
    if name in lists:
        return _coded(_texts(lists[name]), values)
    if name in ("forename", "surname"):
        return _coded(_names(recording), values)
    if name == "address":
        return _addresses(values)
    if name == "postcode":
        return postcode_texts(values)
    if name == "phone":
        return phone_texts(values)
    declared = TABLES[table].field(name)
    if declared.codes is not None:
        return _coded(_texts(tuple(declared.codes)), values)
    if declared.kind == "boolean":
        return pa.array(values == 1, mask=values < 0)
    if declared.kind == "date":
        return pa.array(values.astype(np.int32), mask=values == NEVER).cast(pa.date32())
    raise KeyError(name)


def recorded_tables(recording: Recording, ids: Identifiers) -> Iterator[tuple[str, pa.Table]]:
    """The recorded tables of one force by name, as the contract has them, one after the other."""
    persons, crimes, involvements = recording.persons, recording.crimes, recording.involvements
    yield "units", _units(recording, ids)
    order = ids.person_order
    yield "persons", _table(recording, "persons", persons, order, {"person_id": ids.person.take(order)})
    kept = np.flatnonzero(crimes["kept"])
    unit = pa.DictionaryArray.from_arrays(crimes["unit"][kept], ids.unit)
    yield "crimes", _table(recording, "crimes", crimes, kept, {"crime_id": ids.crime.take(kept), "unit_id": unit})
    rows = np.flatnonzero(involvements["kept"] & crimes["kept"][involvements["crime"]])
    links = {"crime_id": ids.crime.take(involvements["crime"][rows]), "person_id": ids.linked_person(recording, rows)}
    yield "involvements", _table(recording, "involvements", involvements, rows, links)


def _units(recording: Recording, ids: Identifiers) -> pa.Table:
    """The units; a new code has the name of its unit, whose residents are entered once, at the code before."""
    force = recording.force
    residents = np.round(force.unit_shares * force.population).astype(np.int64)
    residents[0] += force.population - residents.sum()
    places = street_names()
    unit = [*range(len(residents)), *(unit for unit, _ in recording.renamed)]
    return pa.table(
        {
            "unit_id": ids.unit,
            "force": pa.array([force.slug] * len(unit)),
            "unit_name": pa.array([places[(force.index * 131 + n * 11) % len(places)] for n in unit]),
            "population": pa.array([*residents.tolist(), *[0] * len(recording.renamed)], pa.int64()),
        }
    )


def truth_tables(recording: Recording, ids: Identifiers) -> Iterator[tuple[str, pa.Table]]:
    """The truth's tables of one force by name, but for the ledger of defects, one after the other."""
    keys = coded("p-", recording.world.people.key)
    yield "truth/people", _people(recording, keys)
    yield "truth/events", _events(recording, ids, keys)
    yield "truth/identities", _identities(recording, ids, keys)
    yield "truth/gaps", _gaps(recording, ids)


def _people(recording: Recording, keys: Texts) -> pa.Table:
    people, force = recording.world.people, recording.force
    here = np.flatnonzero(people.home == force.index)
    household = people.household[here]
    return pa.table(
        {
            "person_key": keys.take(here),
            "force": repeated(force.slug, len(here)),
            **{
                name: column_text(recording, "persons", name, getattr(people, name)[here])
                for name in ("forename", "surname", "date_of_birth", "sex", "ethnicity")
            },
            "household_key": numbered("h-", household.clip(0), width=15, valid=household >= 0),
            "residence": _coded(_texts(RESIDENCES), RESIDENCE_OF_PLACE[people.place[here]]),
        }
    )


def _events(recording: Recording, ids: Identifiers, keys: Texts) -> pa.Table:
    events, crimes = recording.world.events, recording.crimes
    crime_of = np.full(len(events), -1)
    kept = np.flatnonzero(crimes["kept"] & ~crimes["again"])
    crime_of[crimes["event"][kept]] = kept
    return pa.table(
        {
            "event_key": ids.event.array(),
            "force": repeated(recording.force.slug, len(events)),
            "unit_id": pa.DictionaryArray.from_arrays(events.unit, ids.unit),
            "offence_code": column_text(recording, "crimes", "offence_code", events.offence),
            "occurred_on": column_text(recording, "crimes", "occurred_on", events.occurred),
            "reported_on": column_text(recording, "crimes", "reported_on", events.reported),
            "suspect_key": keys.take_or_null(events.suspect),
            "victim_key": keys.take(events.victim),
            "crime_id": ids.crime.take_or_null(crime_of),
            "event_class": _coded(_texts(EVENT_CLASSES), np.where(events.is_crime, 0, 1)),
            "domestic_abuse": pa.array(np.isin(events.relationship, DOMESTIC_CODES)),
        }
    )


def repeated(value: str, count: int) -> pa.Array:
    """A column of one value."""
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int8), [value])


def _identities(recording: Recording, ids: Identifiers, keys: Texts) -> pa.Table:
    """Whose record it is: a row a record, and another for each further person on one."""
    record = np.array([record for record, _ in recording.shared], np.int64)
    person = np.array([person for _, person in recording.shared], np.int64)
    rows = np.concatenate([ids.person_order, record])
    whose = np.concatenate([recording.persons["whose"][ids.person_order], person])
    return pa.table({"person_id": ids.person.take(rows), "person_key": keys.take(whose)})


def _gaps(recording: Recording, ids: Identifiers) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [] for name in TABLES["truth/gaps"].columns}
    for number, (unit, group, first, last, kind, lost) in enumerate(recording.gaps, start=1):
        row = (
            f"{recording.force.slug}-g{number}",
            recording.force.slug,
            ids.unit[unit].as_py(),
            group,
            first,
            last,
            kind,
            lost,
        )
        for name, value in zip(columns, row, strict=True):
            columns[name].append(value)
    types = [pa.string()] * 4 + [pa.date32()] * 2 + [pa.string(), pa.int64()]
    return pa.table([pa.array(values, kind) for values, kind in zip(columns.values(), types, strict=True)], names=list(columns))


def _table(recording: Recording, table: str, columns: Columns, rows: np.ndarray, given: dict[str, pa.Array]) -> pa.Table:
    slug = repeated(recording.force.slug, len(rows))
    return pa.table(
        {
            name: given[name]
            if name in given
            else slug
            if name == "force"
            else column_text(recording, table, name, columns[name][rows])
            for name in TABLES[table].columns
        }
    )


def _coded(values: pa.Array, index: np.ndarray) -> pa.Array:
    index = index.astype(np.int32)
    none = index < 0
    return pa.DictionaryArray.from_arrays(pa.array(index, mask=none if none.any() else None), values)


@cache
def _texts(values: tuple[str, ...]) -> pa.Array:
    return pa.array(values, pa.string())


def _names(recording: Recording) -> pa.Array:
    """The recording's names as an Arrow array, made once unless names have joined since."""
    if recording.name_texts is None or len(recording.name_texts) != len(recording.names):
        recording.name_texts = pa.array(recording.names, pa.string())
    return recording.name_texts


@cache
def _streets() -> pa.Array:
    return pa.array(street_names(), pa.string())


@cache
def _houses() -> pa.Array:
    return pa.array([str(number) for number in range(1000)], pa.string())


def _addresses(values: np.ndarray) -> pa.Array:
    absent = (values < 0) | (values == NO_ABODE)
    street = _streets().take(pa.array(values // 1000, mask=absent))
    house = _houses().take(pa.array(values % 1000, mask=absent))
    texts = pc.binary_join_element_wise(house, street, " ")
    none = values == NO_ABODE
    return pc.if_else(pa.array(none), "No fixed abode", texts) if none.any() else texts


def postcode_texts(values: np.ndarray) -> pa.Array:
    """Postcodes of numbers from 0 to 9,359,999, each its own, in areas that do not exist; null for -1."""
    safe = np.maximum(values, 0)
    letters = np.frombuffer(INWARD_LETTERS.encode(), np.uint8)
    block = np.empty((len(values), 8), np.uint8)
    block[:, 0] = ord("V")
    block[:, 1] = ord("A") + safe // (400 * 10 * 90)
    _write_digits(block, 2, 2, safe // (400 * 10) % 90 + 10)
    block[:, 4] = ord(" ")
    block[:, 5] = ord("0") + safe // 400 % 10
    block[:, 6] = letters[safe // 20 % 20]
    block[:, 7] = letters[safe % 20]
    return _strings(block, values >= 0)


def phone_texts(values: np.ndarray) -> pa.Array:
    """Telephone numbers of numbers below 10⁹, each its own, in a range that is not allocated; null for -1."""
    block = np.empty((len(values), 11), np.uint8)
    block[:, 0], block[:, 1] = ord("0"), ord("6")
    _write_digits(block, 2, 9, np.maximum(values, 0))
    return _strings(block, values >= 0)


_FOURS = np.frombuffer(b"".join(b"%04d" % number for number in range(10_000)), np.uint32)


def _write_digits(block: np.ndarray, start: int, width: int, numbers: np.ndarray) -> None:
    """Write numbers into a block, in so many digits from the byte ``start`` on; four digits at a time."""
    rest = numbers.astype(np.uint64)
    end = start + width
    while end - 4 >= start:
        end -= 4
        upper = rest // np.uint64(10_000)
        _put(block, end, _FOURS.take((rest - upper * np.uint64(10_000)).astype(np.intp)))
        rest = upper
    for place in range(end - 1, start - 1, -1):
        upper = rest // np.uint64(10)
        block[:, place] = np.uint64(ord("0")) + rest - upper * np.uint64(10)
        rest = upper


def _strings(block: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """Rows of ASCII bytes, shape (n, width), as an Arrow string array without a loop over rows, of the same memory."""
    rows, width = block.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    bitmap = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(block), bitmap)
