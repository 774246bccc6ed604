"""The recording: what a force would write down of its part of the world, as numbers first and as Arrow tables at the end.

A clean recording has one person record a person and one crime a report, recorded on the day of the report. The defects
(``defects.py``) then work on it in place. Columns hold numbers: codes into pools and code lists, days since 1970, and
-1 or NEVER for nothing; ``column_text`` and ``tables`` turn them into what the files hold.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthetic.contract import (
    CHANNELS,
    RELATIONSHIPS,
    ROLES,
    SEXES,
    SUSPECT_STATUSES,
    SYSTEMS,
    TABLES,
    codes,
    reference,
)
from synthetic.names import name_pool, street_names
from synthetic.randomness import stream
from synthetic.world import DOMESTIC, NEVER, Force, Scope, World, draw_postcodes

Columns = dict[str, np.ndarray]

OFFENCES = codes("offences", "offence_code")
OUTCOMES = codes("outcomes", "outcome_code")
INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"

# Outcomes in per cent by group: charge, caution or resolution, 15, 16, other with a suspect, still open (built on Home
# Office outcomes YE March 2023, HMICFRS 2021; shares proposed). Reports with no known suspect end as 14 or 18, or are open.
OUTCOME_MIX = {
    "rape": (3, 0, 22, 43, 4, 14),
    "other_sexual": (5, 2, 24, 35, 5, 9),
    "stalking": (7, 1, 30, 52, 2, 3),
    "harassment": (4, 3, 22, 48, 3, 2),
    "domestic": (7, 2, 20, 54, 4, 5),
    "violence": (6, 5, 20, 40, 4, 4),
    "other": (6, 5, 20, 40, 4, 4),
}
NO_SUSPECT_MIX = {"rape": (6, 8, 14), "other_sexual": (6, 14, 9), "stalking": (2, 3, 3), "harassment": (6, 12, 2)}
CHARGE_MEDIAN_DAYS = {"rape": 489}
CHANNEL_MIX = {True: (42, 20, 9, 5, 15, 9), False: (26, 28, 20, 8, 10, 8)}


@dataclass
class Recording:
    """One force's records, as numbers. ``person`` and ``crime`` of the involvements are rows of those tables.

    ``whose`` gives the person (row of the world's people) behind each person record and ``event`` the event behind each
    crime. Rows are never moved: ``kept`` masks say which rows are written.
    """

    world: World
    last_day: int
    names: list[str]
    persons: Columns
    crimes: Columns
    involvements: Columns
    gaps: list[tuple] = field(default_factory=list)

    @property
    def force(self) -> Force:
        return self.world.force


def record_clean(scope: Scope, world: World, recording: int = 0) -> Recording:
    """Every report as a crime, everyone in it as one person record. ``recording`` numbers the recordings of a world."""
    rng = stream(scope.seed, "recording", world.force.slug, str(recording))
    events, people = world.events, world.people
    reported = np.flatnonzero(events.reported != NEVER)
    suspect, victim = events.suspect[reported], events.victim[reported]
    named = suspect >= 0
    crimes = _clean_crimes(rng, scope, world, reported, named)

    known = np.zeros(len(people), bool)
    known[victim] = True
    known[suspect[named]] = True
    whose = np.flatnonzero(known)
    row_of = np.cumsum(known) - 1
    created = np.full(len(people), np.iinfo(np.int32).max, np.int32)
    days = events.reported[reported]
    np.minimum.at(created, victim, days)
    np.minimum.at(created, suspect[named], days[named])
    is_suspect = np.zeros(len(people), bool)
    is_suspect[suspect[named]] = True
    persons = {
        "whose": whose,
        "is_suspect": is_suspect[whose],
        **{
            name: getattr(people, name)[whose].copy()
            for name in ("forename", "surname", "date_of_birth", "sex", "ethnicity", "address", "postcode", "phone")
        },
        "created_on": created[whose],
        "source_system": draw_systems(rng, is_suspect[whose]),
    }
    crime_rows = np.arange(len(reported))
    involvements = {
        "crime": np.concatenate([crime_rows[named], crime_rows]),
        "person": np.concatenate([row_of[suspect[named]], row_of[victim]]),
        "role": np.repeat(np.array([ROLES.index("suspect"), ROLES.index("victim")], np.int8), [named.sum(), len(victim)]),
        "relationship": np.concatenate([events.relationship[reported][named], events.relationship[reported]]),
        "kept": np.ones(int(named.sum()) + len(victim), bool),
    }
    return Recording(world, scope.end, list(name_pool().names), persons, crimes, involvements)


def draw_systems(rng: np.random.Generator, is_suspect: np.ndarray) -> np.ndarray:
    """The system that makes a person record: custody for many suspects, public protection for some victims."""
    draw = rng.random(len(is_suspect))
    records, custody = SYSTEMS.index("records"), SYSTEMS.index("custody")
    return np.where(
        is_suspect,
        np.where(draw < 0.4, custody, records),
        np.where(draw < 0.15, SYSTEMS.index("public_protection"), records),
    ).astype(np.int8)


def _clean_crimes(rng: np.random.Generator, scope: Scope, world: World, reported: np.ndarray, named: np.ndarray) -> Columns:
    events, people = world.events, world.people
    count = len(reported)
    offence, relationship = events.offence[reported], events.relationship[reported]
    domestic = np.isin(relationship, [RELATIONSHIPS.index(name) for name in DOMESTIC])
    unit = events.unit[reported]
    day = events.reported[reported]
    at_home = domestic | (rng.random(count) < 0.3)
    postcode = np.where(at_home, people.postcode[events.victim[reported]], draw_postcodes(rng, world.force, unit))
    seen = rng.random(count) < 0.5
    status = np.where(named, 0, np.where(seen, 1, 2)).astype(np.int8)
    outcome, outcome_on = _outcomes(rng, offence, domestic, named, day, scope.end)
    return {
        "event": reported,
        "unit": unit,
        "offence_code": offence.copy(),
        "domestic_abuse": domestic.astype(np.int8),
        "occurred_on": events.occurred[reported],
        "reported_on": day.copy(),
        "recorded_on": day.copy(),
        "postcode": postcode,
        "reported_via": _draw_channels(rng, domestic),
        "suspect_status": status,
        "outcome_code": outcome,
        "outcome_on": outcome_on,
        "kept": np.ones(count, bool),
    }


def _draw_channels(rng: np.random.Generator, domestic: np.ndarray) -> np.ndarray:
    draw = rng.random(len(domestic)) * 100
    result = np.zeros(len(domestic), np.int8)
    for flag, mix in CHANNEL_MIX.items():
        rows = domestic == flag
        result[rows] = np.searchsorted(np.cumsum(mix), draw[rows], side="right").clip(0, len(CHANNELS) - 1)
    return result


def _outcomes(
    rng: np.random.Generator, offence: np.ndarray, domestic: np.ndarray, named: np.ndarray, day: np.ndarray, last: int
) -> tuple[np.ndarray, np.ndarray]:
    """Outcome (code, day) of each crime; -1 and NEVER where it is open, or would come after the last day."""
    groups = reference("offences")["offence_group"].to_numpy()[offence]
    groups = np.where(domestic & (groups == "violence"), "domestic", groups)
    of_code = {code: number for number, code in enumerate(OUTCOMES)}
    outcome = np.full(len(offence), -1, np.int8)
    median = np.full(len(offence), 30.0)
    draw, pick = rng.random(len(offence)), rng.random(len(offence))
    for group, mix in OUTCOME_MIX.items():
        rows = np.flatnonzero(named & (groups == group))
        kinds = np.searchsorted(np.cumsum(mix) / sum(mix), draw[rows], side="right").clip(0, 5)
        for kind, among in enumerate((("1",), ("2", "3", "8", "22"), ("15",), ("16",), ("9", "10", "13", "17", "20", "21"))):
            chosen = rows[kinds == kind]
            outcome[chosen] = np.array([of_code[code] for code in among])[(pick[chosen] * len(among)).astype(int)]
        median[rows[kinds == 0]] = CHARGE_MEDIAN_DAYS.get(group, 60)
        rows = np.flatnonzero(~named & (groups == group))
        mix_unknown = NO_SUSPECT_MIX.get(group, (6, 10, 4))
        kinds = np.searchsorted(np.cumsum(mix_unknown) / sum(mix_unknown), draw[rows], side="right").clip(0, 2)
        outcome[rows] = np.array([of_code["14"], of_code["18"], -1])[kinds]
        median[rows] = 14.0
    on = day + np.exp(np.log(median) + rng.normal(0, 1.0, len(offence))).astype(np.int32)
    open_still = (outcome < 0) | (on > last)
    return np.where(open_still, -1, outcome).astype(np.int8), np.where(open_still, NEVER, on).astype(np.int32)


# ---- from numbers to what the files hold ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Identifiers:
    """The identifiers of one recording, as Arrow strings by row: shuffled, so that they tell nothing.

    ``person_order`` gives the rows of the person records in the order of their identifiers, in which they are written.
    """

    person: pa.Array
    person_order: np.ndarray
    crime: pa.Array
    event: pa.Array
    unit: pa.Array


def identifiers(rng: np.random.Generator, recording: Recording) -> Identifiers:
    """Identifiers of every row, drawn once at the end of a recording."""
    force = recording.force
    prefix = f"{force.index + 1:02d}"
    person_number = rng.permutation(len(recording.persons["whose"]))
    return Identifiers(
        person=numbered(f"SYN-P{prefix}-", person_number + 1),
        person_order=np.argsort(person_number),
        crime=numbered(f"SYN-C{prefix}-", rng.permutation(len(recording.crimes["event"])) + 1),
        event=numbered(f"{force.slug}-e", np.arange(1, len(recording.world.events) + 1)),
        unit=unit_ids(force),
    )


def unit_ids(force: Force) -> pa.Array:
    """The identifiers of a force's units."""
    return numbered(f"{force.slug}-", np.arange(1, len(force.unit_shares) + 1), width=2)


def numbered(prefix: str, numbers: np.ndarray, width: int = 7) -> pa.Array:
    """Strings of a prefix and a number of fixed width, made as one block of bytes; shape (n,)."""
    head = np.frombuffer(prefix.encode(), np.uint8)
    block = np.empty((len(numbers), len(head) + width), np.uint8)
    block[:, : len(head)] = head
    _write_digits(block, len(head), width, numbers)
    return _strings(block)


def column_text(recording: Recording, table: str, name: str, values: np.ndarray) -> pa.Array:
    """A column's values as the files hold them: strings (some dictionary-encoded), dates or booleans."""
    if table == "involvements" and name == "role":
        return _coded(ROLES, values)
    lists = {
        "sex": SEXES,
        "ethnicity": codes("ethnicities", "ethnicity"),
        "source_system": SYSTEMS,
        "offence_code": OFFENCES,
        "reported_via": CHANNELS,
        "suspect_status": SUSPECT_STATUSES,
        "outcome_code": OUTCOMES,
        "relationship": RELATIONSHIPS,
    }
    if name in lists:
        return _coded(lists[name], values)
    if name in ("forename", "surname"):
        return _coded(recording.names, values)
    if name == "address":
        return _addresses(values)
    if name == "postcode":
        return _postcodes(values)
    if name == "phone":
        return _phones(values)
    if name == "domestic_abuse":
        return pa.array(values == 1, mask=values < 0)
    if TABLES[table].field(name).kind == "date":
        return pa.array(values.astype(np.int32), mask=values == NEVER).cast(pa.date32())
    raise KeyError(name)


def recorded_tables(recording: Recording, ids: Identifiers) -> dict[str, pa.Table]:
    """The recorded tables of one force, as the contract has them."""
    force = recording.force
    persons, crimes, involvements = recording.persons, recording.crimes, recording.involvements
    residents = np.round(force.unit_shares * force.population).astype(np.int64)
    residents[0] += force.population - residents.sum()
    places = street_names()
    units = pa.table(
        {
            "unit_id": ids.unit,
            "force": pa.array([force.slug] * len(residents)),
            "unit_name": pa.array([places[(force.index * 131 + n * 11) % len(places)] for n in range(len(residents))]),
            "population": pa.array(residents),
        }
    )
    kept = np.flatnonzero(crimes["kept"])
    rows = np.flatnonzero(involvements["kept"] & crimes["kept"][involvements["crime"]])
    return {
        "units": units,
        "persons": _table(
            recording, "persons", persons, ids.person_order, {"person_id": ids.person.take(pa.array(ids.person_order))}
        ),
        "crimes": _table(
            recording,
            "crimes",
            crimes,
            kept,
            {
                "crime_id": ids.crime.take(pa.array(kept)),
                "unit_id": pa.DictionaryArray.from_arrays(crimes["unit"][kept], ids.unit),
            },
        ),
        "involvements": _table(
            recording,
            "involvements",
            involvements,
            rows,
            {
                "crime_id": ids.crime.take(pa.array(involvements["crime"][rows])),
                "person_id": ids.person.take(pa.array(involvements["person"][rows])),
            },
        ),
    }


def truth_tables(recording: Recording, ids: Identifiers) -> dict[str, pa.Table]:
    """The truth's tables of one force, but for the ledger of defects."""
    world, crimes, persons = recording.world, recording.crimes, recording.persons
    people, events, force = world.people, world.events, recording.force
    keys = pa.array(people.key).cast(pa.string())
    here = np.flatnonzero(people.home == force.index)
    slug = pa.DictionaryArray.from_arrays(np.zeros(len(here), np.int8), [force.slug])
    crime_of = np.full(len(events), -1)
    kept = np.flatnonzero(crimes["kept"])
    crime_of[crimes["event"][kept]] = kept
    return {
        "truth/people": pa.table(
            {
                "person_key": keys.take(pa.array(here)),
                "force": slug,
                **{
                    name: column_text(recording, "persons", name, getattr(people, name)[here])
                    for name in ("forename", "surname", "date_of_birth", "sex", "ethnicity")
                },
            }
        ),
        "truth/events": pa.table(
            {
                "event_key": ids.event,
                "force": pa.DictionaryArray.from_arrays(np.zeros(len(events), np.int8), [force.slug]),
                "unit_id": pa.DictionaryArray.from_arrays(events.unit, ids.unit),
                "offence_code": column_text(recording, "crimes", "offence_code", events.offence),
                "occurred_on": column_text(recording, "crimes", "occurred_on", events.occurred),
                "reported_on": column_text(recording, "crimes", "reported_on", events.reported),
                "suspect_key": take_or_null(keys, events.suspect),
                "victim_key": keys.take(pa.array(events.victim)),
                "crime_id": take_or_null(ids.crime, crime_of),
            }
        ),
        "truth/identities": pa.table(
            {
                "person_id": ids.person.take(pa.array(ids.person_order)),
                "person_key": keys.take(pa.array(persons["whose"][ids.person_order])),
            }
        ),
        "truth/gaps": _gaps(recording, ids),
    }


def take_or_null(values: pa.Array, index: np.ndarray) -> pa.Array:
    """Values by index; null where the index is negative."""
    return values.take(pa.array(index, mask=index < 0))


def _gaps(recording: Recording, ids: Identifiers) -> pa.Table:
    columns: dict[str, list] = {name: [] for name in TABLES["truth/gaps"].columns}
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
    slug = pa.DictionaryArray.from_arrays(np.zeros(len(rows), np.int8), [recording.force.slug])
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


def _coded(values: "list[str] | tuple[str, ...]", index: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32), mask=index < 0), pa.array(values, pa.string()))


def _addresses(values: np.ndarray) -> pa.Array:
    street = _coded(street_names(), np.where(values < 0, -1, values // 1000)).dictionary_decode()
    house = pa.array(values % 1000, mask=values < 0).cast(pa.string())
    return pc.binary_join_element_wise(house, street, " ")


def _postcodes(values: np.ndarray) -> pa.Array:
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


def _phones(values: np.ndarray) -> pa.Array:
    block = np.empty((len(values), 11), np.uint8)
    block[:, 0], block[:, 1] = ord("0"), ord("6")
    _write_digits(block, 2, 9, np.maximum(values, 0))
    return _strings(block, values >= 0)


def _write_digits(block: np.ndarray, start: int, width: int, numbers: np.ndarray) -> None:
    rest = numbers.astype(np.int64)
    for place in range(start + width - 1, start - 1, -1):
        rest, digit = np.divmod(rest, 10)
        block[:, place] = ord("0") + digit


def _strings(block: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """Rows of ASCII bytes, shape (n, width), as an Arrow string array without a loop over rows."""
    rows, width = block.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    bitmap = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(block.tobytes()), bitmap)
