"""The defects: one registry in the order of application, one function a defect, and the ledger they all write to.

A defect changes a Recording in place and enters every change in the ledger with the true value. Rates come from the
profile; where a defect falls on some rows more than on others, ``tilt`` keeps its mean at the rate.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, partial

import nicknames
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthetic.contract import CHANNELS, ROLES, SYSTEMS, TABLES, reference
from synthetic.profile import Profile
from synthetic.randomness import stream
from synthetic.recording import Identifiers, Recording, column_text, draw_systems
from synthetic.world import NEVER, Scope, draw_addresses, draw_postcodes


@dataclass(frozen=True)
class Defect:
    """A kind of defect: its family, the profile's key for its rate, the rate's source, on which rows it falls, and how."""

    name: str
    family: str
    rate: str
    source: str
    mechanism: str
    apply: Callable[[Recording, Profile, np.random.Generator, "Ledger"], None]


@dataclass(frozen=True)
class Entry:
    """Rows of one table spoiled by one defect. ``true`` holds the clean raw values; None: see ``field`` and ``row_gone``."""

    defect: str
    family: str
    table: str
    rows: np.ndarray
    field: str | None
    true: np.ndarray | None
    row_gone: bool = False


@dataclass
class Ledger:
    """Every change in order of application."""

    entries: list[Entry] = field(default_factory=list)
    defect: str = ""
    family: str = ""

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
        if len(rows):
            self.entries.append(Entry(self.defect, self.family, table, rows, name, true, gone))


def apply_defects(scope: Scope, recording: Recording, number: int = 0) -> Ledger:
    """Put every defect of the registry in, in order, each from its own stream; returns the ledger."""
    ledger = Ledger()
    profile = profile_of_force(scope, recording.force.slug)
    for defect in REGISTRY:
        ledger.defect, ledger.family = defect.name, defect.family
        rng = stream(scope.seed, "defect", defect.name, recording.force.slug, str(number))
        defect.apply(recording, profile, rng, ledger)
    return ledger


def profile_of_force(scope: Scope, slug: str) -> Profile:
    """The profile with the rates of one force: about the profile's own, as far apart as ``recording.force_spread`` says."""
    spread = scope.profile.recording.force_spread
    if not spread:
        return scope.profile
    content = scope.profile.model_dump()
    for key in {defect.rate for defect in REGISTRY} | {"recording.not_recorded_hidden"}:
        section, name = key.split(".")
        rate = content[section][name]
        odds = np.exp(stream(scope.seed, "spread", key, slug).normal(0, spread))
        content[section][name] = min(rate * odds / (1 - rate + rate * odds), 0.9 if name == "duplicate_rate" else 1.0)
    return Profile.model_validate(content)


def tilt(rate: float, weights: np.ndarray) -> np.ndarray:
    """Chances by row whose odds follow ``weights`` and whose mean is ``rate``; shape (n,), exactly 0 or 1 at the ends."""
    if rate <= 0 or rate >= 1 or not len(weights):
        return np.full(len(weights), rate)
    values, inverse, counts = np.unique(weights, return_inverse=True, return_counts=True)
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        odds = np.exp(middle) * values
        if (odds / (1 + odds) * counts).sum() / len(weights) < rate:
            low = middle
        else:
            high = middle
    return (odds / (1 + odds))[inverse]


# ---- recording ---------------------------------------------------------------------------------------------------------


def _grave(recording: Recording) -> np.ndarray:
    """Whether each crime's true offence is grave: a year of harm days or more."""
    harm = reference("offences")["harm_days"].to_numpy()
    return harm[recording.world.events.offence[recording.crimes["event"]]] >= 365


def _leave_out(recording: Recording, crimes: np.ndarray, ledger: Ledger) -> None:
    """Crimes are not recorded, nor who was involved; the person records stay, as police have them for other reasons."""
    recording.crimes["kept"][crimes] = False
    ledger.gone("crimes", crimes)
    lost = np.zeros(len(recording.crimes["kept"]), bool)
    lost[crimes] = True
    involved = np.flatnonzero(lost[recording.involvements["crime"]] & recording.involvements["kept"])
    recording.involvements["kept"][involved] = False
    ledger.gone("involvements", involved)


def not_recorded(recording: Recording, profile: Profile, rng: np.random.Generator, ledger: Ledger) -> None:
    """Reports that never become a crime: grave ones seldom; stalking, harassment and control at a rate of their own."""
    groups = reference("offences")["offence_group"].to_numpy()[recording.crimes["offence_code"]]
    hidden = np.isin(groups, ("stalking", "harassment"))
    weights = np.where(_grave(recording), 0.25, 1.0)
    chance = np.zeros(len(groups))
    chance[hidden] = profile.recording.not_recorded_hidden
    chance[~hidden] = tilt(profile.recording.not_recorded, weights[~hidden])
    _leave_out(recording, np.flatnonzero((rng.random(len(groups)) < chance) & recording.crimes["kept"]), ledger)


def silent_unit(recording: Recording, profile: Profile, rng: np.random.Generator, ledger: Ledger) -> None:
    """Some units record nothing for one to six months."""
    units = len(recording.force.unit_shares)
    months = recording.crimes["recorded_on"].astype("datetime64[D]").astype("datetime64[M]").astype(int)
    if not len(months):
        return
    first, last = int(months.min()), int(months.max())
    for unit in np.flatnonzero(rng.random(units) < profile.recording.silent_unit):
        length = int(rng.integers(1, 7))
        begin = int(rng.integers(first, max(last - length + 1, first) + 1))
        end = min(begin + length - 1, last)
        inside = (recording.crimes["unit"] == unit) & (months >= begin) & (months <= end)
        lost = np.flatnonzero(inside & recording.crimes["kept"])
        _leave_out(recording, lost, ledger)
        recording.gaps.append((int(unit), None, _month(begin), _month(end), "silent", len(lost)))


def _month(number: int) -> date:
    return date(1970 + number // 12, number % 12 + 1, 1)


def late(recording: Recording, profile: Profile, rng: np.random.Generator, ledger: Ledger) -> None:
    """Crimes recorded two to thirty days after the report; before the outcome and the dataset's last day."""
    crimes = recording.crimes
    rows = np.flatnonzero(crimes["kept"] & (rng.random(len(crimes["kept"])) < profile.recording.late))
    delay = np.minimum(2 + rng.exponential(6.0, len(rows)).astype(np.int32), 30)
    true = crimes["recorded_on"][rows]
    outcome = crimes["outcome_on"][rows]
    latest = np.where(outcome == NEVER, recording.last_day, outcome)
    changed = np.maximum(np.minimum(true + delay, latest), true).astype(np.int32)
    rows, true, changed = rows[changed != true], true[changed != true], changed[changed != true]
    crimes["recorded_on"][rows] = changed
    ledger.changed("crimes", "recorded_on", rows, true)


# ---- identity ----------------------------------------------------------------------------------------------------------


def split_identity(recording: Recording, profile: Profile, rng: np.random.Generator, ledger: Ledger) -> None:
    """Further records of a person, more of them the more crimes the person is in; each crime names one of the records.

    ``identity.duplicate_rate`` is the share of person records that are a further record: with d, a person has
    d / (1 - d) further records in the mean.
    """
    rate = profile.identity.duplicate_rate
    persons, involvements = recording.persons, recording.involvements
    count = len(persons["whose"])
    if rate <= 0 or not count:
        return
    crimes_each = np.bincount(involvements["person"], minlength=count)
    weight = 0.5 + 0.5 * crimes_each / crimes_each.mean()
    further = rng.poisson(rate / (1 - rate) * weight)
    source = np.repeat(np.arange(count), further)
    rows = count + np.arange(len(source))
    for name, values in persons.items():
        persons[name] = np.concatenate([values, values[source]])
    persons["created_on"][rows] = rng.integers(persons["created_on"][rows], recording.last_day + 1)
    persons["source_system"][rows] = draw_systems(rng, persons["is_suspect"][rows])
    persons["is_copy"] = np.arange(len(persons["whose"])) >= count
    ledger.added("persons", rows)
    first_copy = count + np.cumsum(further) - further
    true = involvements["person"]
    pick = (rng.random(len(true)) * (further[true] + 1)).astype(np.int64)
    chosen = np.where(pick > 0, first_copy[true] + pick - 1, true)
    moved = np.flatnonzero((chosen != true) & involvements["kept"])
    involvements["person"] = np.where(involvements["kept"], chosen, true)
    ledger.changed("involvements", "person_id", moved, true[moved])


def _copies(recording: Recording, rng: np.random.Generator, rate: float) -> np.ndarray:
    """The further records on which a kind of difference falls."""
    is_copy = recording.persons.get("is_copy")
    if is_copy is None:
        return np.zeros(0, int)
    return np.flatnonzero(is_copy & (rng.random(len(is_copy)) < rate))


def _rewrite(recording: Recording, name: str, rows: np.ndarray, changed: list[str], ledger: Ledger) -> None:
    """Write other names; rows whose name stays as it was are left alone."""
    column = recording.persons[name]
    true = column[rows]
    codes = {text: code for code, text in enumerate(recording.names)}
    new = np.array([codes.setdefault(text, len(codes)) for text in changed], np.int32)
    recording.names = list(codes)
    differ = new != true
    column[rows[differ]] = new[differ]
    ledger.changed("persons", name, rows[differ], true[differ])


def typing_slip(recording: Recording, profile: Profile, rng: np.random.Generator, ledger: Ledger) -> None:
    """A letter of the forename or surname is dropped, doubled, swapped with the next or hit beside."""
    rows = _copies(recording, rng, profile.identity.typing_slip)
    in_surname = rng.random(len(rows)) < 0.6
    kinds, places, sides = rng.integers(0, 4, len(rows)), rng.random(len(rows)), rng.random(len(rows))
    for name, chosen in (("forename", ~in_surname), ("surname", in_surname)):
        mine = np.flatnonzero(chosen)
        true = recording.persons[name][rows[mine]]
        slips = zip(true, kinds[mine], places[mine], sides[mine], strict=True)
        changed = [slip(recording.names[code], kind, place, side) for code, kind, place, side in slips]
        _rewrite(recording, name, rows[mine], changed, ledger)


KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


@cache
def _beside() -> dict[str, str]:
    return {
        key: (line[place - 1] if place else "") + line[place + 1 : place + 2]
        for line in KEYBOARD
        for place, key in enumerate(line)
    }


def slip(text: str, kind: int, place: float, side: float) -> str:
    """One typing slip after the first letter: kind 0 drops, 1 doubles, 2 swaps, 3 hits the key beside."""
    if len(text) < 3:
        return text + text[-1:]
    at = 1 + int(place * (len(text) - 2))
    letter = text[at]
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + letter + text[at:]
    if kind == 2:
        return text[:at] + text[at + 1] + letter + text[at + 2 :]
    keys = _beside().get(letter, letter)
    return text[:at] + keys[int(side * len(keys))] + text[at + 1 :]


def nickname(recording: Recording, profile: Profile, rng: np.random.Generator, ledger: Ledger) -> None:
    """The forename is written as a nickname, where the name has one."""
    rows = _copies(recording, rng, profile.identity.nickname)
    picks = rng.random(len(rows))
    true = recording.persons["forename"][rows]
    listed = [_nicknames(recording.names[code]) for code in true]
    has = np.flatnonzero([bool(names) for names in listed])
    changed = [listed[n][int(picks[n] * len(listed[n]))] for n in has]
    _rewrite(recording, "forename", rows[has], changed, ledger)


@cache
def _nicknames(name: str) -> tuple[str, ...]:
    return tuple(sorted(found.title() for found in _namer().nicknames_of(name)))


@cache
def _namer() -> nicknames.NickNamer:
    return nicknames.NickNamer()


def day_month_swapped(recording: Recording, profile: Profile, rng: np.random.Generator, ledger: Ledger) -> None:
    """Day and month of the date of birth are swapped, where that gives another date."""
    rows = _copies(recording, rng, profile.identity.day_month_swapped)
    true = recording.persons["date_of_birth"][rows]
    days = true.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    day = (days - months).astype(int) + 1
    month = months.astype(int) % 12 + 1
    years = days.astype("datetime64[Y]")
    possible = (day <= 12) & (day != month)
    swapped = ((years.astype("datetime64[M]") + (day - 1)).astype("datetime64[D]") + (month - 1)).astype(int)
    rows, true, swapped = rows[possible], true[possible], swapped[possible]
    recording.persons["date_of_birth"][rows] = swapped
    ledger.changed("persons", "date_of_birth", rows, true)


def old_address(recording: Recording, profile: Profile, rng: np.random.Generator, ledger: Ledger) -> None:
    """An earlier address and postcode, elsewhere in the same unit's area."""
    rows = _copies(recording, rng, profile.identity.old_address)
    unit = recording.world.people.unit[recording.persons["whose"][rows]] % len(recording.force.unit_shares)
    for name, draw in (("address", draw_addresses), ("postcode", draw_postcodes)):
        true = recording.persons[name][rows]
        recording.persons[name][rows] = draw(rng, recording.force, unit)
        ledger.changed("persons", name, rows, true)


# ---- linkage -----------------------------------------------------------------------------------------------------------


def suspect_not_linked(recording: Recording, profile: Profile, rng: np.random.Generator, ledger: Ledger) -> None:
    """A named suspect is not linked to a person record; oftener for online and third-party reports, seldom for grave ones."""
    involvements = recording.involvements
    suspects = np.flatnonzero((involvements["role"] == ROLES.index("suspect")) & involvements["kept"])
    chance = tilt(profile.linkage.suspect_not_linked, _crime_weights(recording)[involvements["crime"][suspects]])
    rows = suspects[rng.random(len(suspects)) < chance]
    involvements["kept"][rows] = False
    ledger.gone("involvements", rows)


# ---- missing fields ----------------------------------------------------------------------------------------------------


def _crime_weights(recording: Recording) -> np.ndarray:
    """Records made without meeting anyone are worse, grave offences are better (after one force's audit of 2024)."""
    remote = np.isin(recording.crimes["reported_via"], [CHANNELS.index("online"), CHANNELS.index("third_party")])
    return np.where(_grave(recording), 0.3, 1.0) * np.where(remote, 2.0, 1.0)


def _person_weights(recording: Recording) -> np.ndarray:
    """Custody asks for everything; public protection for most."""
    system = recording.persons["source_system"]
    return np.select([system == SYSTEMS.index("custody"), system == SYSTEMS.index("public_protection")], [0.3, 0.5], 1.0)


def blank(
    table: str,
    name: str,
    role: str | None,
    recording: Recording,
    profile: Profile,
    rng: np.random.Generator,
    ledger: Ledger,
) -> None:
    """Leave a field blank, by the weights of its table; ``role`` limits it to the records of suspects or of victims."""
    columns = {"persons": recording.persons, "crimes": recording.crimes, "involvements": recording.involvements}[table]
    nothing = NEVER if TABLES[table].field(name).kind == "date" else -1
    filled = columns[name] != nothing
    if table == "persons":
        weights = _person_weights(recording)
        if role:
            filled &= recording.persons["is_suspect"] == (role == "suspect")
    else:
        weights = _crime_weights(recording)
        weights = weights if table == "crimes" else weights[columns["crime"]]
        filled &= columns["kept"]
        if table == "involvements":
            filled &= recording.crimes["kept"][columns["crime"]]
    rows = np.flatnonzero(filled)
    chance = tilt(profile.rate(ledger_rate(ledger.defect)), weights[rows])
    rows = rows[rng.random(len(rows)) < chance]
    true = columns[name][rows]
    columns[name][rows] = nothing
    ledger.changed(table, name, rows, true)


def ledger_rate(defect: str) -> str:
    """The profile's key of a defect of the registry."""
    return next(entry.rate for entry in REGISTRY if entry.name == defect)


def _blank(table: str, name: str, family: str, source: str, role: str | None = None, key: str | None = None) -> Defect:
    key = key or (f"{role}_{name}" if role else name)
    mechanism = "by system" if table == "persons" else "by channel and gravity"
    return Defect(f"missing_{key}", family, f"missing.{key}", source, mechanism, partial(blank, table, name, role))


PROPOSED, ILLUSTRATIVE, HMICFRS = "proposed", "illustrative", "HMICFRS, Race and policing, 2023"

REGISTRY: tuple[Defect, ...] = (
    Defect(
        "not_recorded",
        "recording",
        "recording.not_recorded",
        "HMICFRS, PEEL spotlight 2025",
        "by offence and gravity",
        not_recorded,
    ),
    Defect("late", "recording", "recording.late", PROPOSED, "at random", late),
    Defect("silent_unit", "recording", "recording.silent_unit", ILLUSTRATIVE, "by unit and month", silent_unit),
    Defect("split_identity", "identity", "identity.duplicate_rate", PROPOSED, "by number of crimes", split_identity),
    Defect("typing_slip", "identity", "identity.typing_slip", ILLUSTRATIVE, "at random, on copies", typing_slip),
    Defect("nickname", "identity", "identity.nickname", ILLUSTRATIVE, "at random, on copies with one", nickname),
    Defect(
        "day_month_swapped",
        "identity",
        "identity.day_month_swapped",
        ILLUSTRATIVE,
        "at random, on copies where it can be",
        day_month_swapped,
    ),
    Defect("old_address", "identity", "identity.old_address", ILLUSTRATIVE, "at random, on copies", old_address),
    Defect(
        "suspect_not_linked",
        "linkage",
        "linkage.suspect_not_linked",
        PROPOSED,
        "by channel and gravity",
        suspect_not_linked,
    ),
    _blank("persons", "forename", "identity", ILLUSTRATIVE),
    _blank("persons", "surname", "identity", ILLUSTRATIVE),
    _blank("persons", "date_of_birth", "identity", PROPOSED, "suspect"),
    _blank("persons", "date_of_birth", "identity", HMICFRS, "victim"),
    _blank("persons", "sex", "equality", ILLUSTRATIVE, "suspect"),
    _blank("persons", "sex", "equality", HMICFRS, "victim"),
    _blank("persons", "ethnicity", "equality", "IICSA 2022, part H.4", "suspect"),
    _blank("persons", "ethnicity", "equality", HMICFRS, "victim"),
    _blank("persons", "address", "identity", ILLUSTRATIVE),
    _blank("persons", "postcode", "identity", ILLUSTRATIVE),
    _blank("persons", "phone", "identity", ILLUSTRATIVE),
    _blank("crimes", "offence_code", "offence", ILLUSTRATIVE),
    _blank("crimes", "domestic_abuse", "offence", PROPOSED),
    _blank("crimes", "occurred_on", "dates", ILLUSTRATIVE),
    _blank("crimes", "reported_on", "dates", ILLUSTRATIVE),
    _blank("crimes", "postcode", "other", ILLUSTRATIVE, key="crime_postcode"),
    _blank("crimes", "reported_via", "other", ILLUSTRATIVE),
    _blank("crimes", "suspect_status", "other", ILLUSTRATIVE),
    _blank("crimes", "outcome_code", "outcome", PROPOSED),
    _blank("crimes", "outcome_on", "outcome", ILLUSTRATIVE),
    _blank("involvements", "relationship", "other", PROPOSED),
)


# ---- the ledger as a table ---------------------------------------------------------------------------------------------


def ledger_table(ledger: Ledger, recording: Recording, ids: Identifiers) -> pa.Table:
    """The ledger of one force as ``truth/defects`` has it, in order of application."""
    parts = [_entry_table(entry, recording, ids) for entry in ledger.entries]
    schema = pa.schema([(name, pa.string()) for name in TABLES["truth/defects"].columns])
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _entry_table(entry: Entry, recording: Recording, ids: Identifiers) -> pa.Table:
    if entry.row_gone:
        true = _rows_as_json(entry.table, entry.rows, recording, ids)
    elif entry.true is None:
        true = pa.nulls(len(entry.rows), pa.string())
    elif entry.field == "person_id":
        true = ids.person.take(pa.array(entry.true))
    else:
        true = _text(column_text(recording, entry.table, str(entry.field), entry.true))
    constant = {"defect": entry.defect, "family": entry.family, "table": entry.table}
    columns: dict[str, pa.Array] = {
        name: pa.array([value], pa.string()).take(pa.array(np.zeros(len(entry.rows), np.int8)))
        for name, value in constant.items()
    }
    columns["record_id"] = _record_ids(entry.table, entry.rows, recording, ids)
    columns["field"] = pa.array([entry.field], pa.string()).take(pa.array(np.zeros(len(entry.rows), np.int8)))
    columns["true_value"] = true
    return pa.table(columns)


def _record_ids(table: str, rows: np.ndarray, recording: Recording, ids: Identifiers) -> pa.Array:
    if table == "persons":
        return ids.person.take(pa.array(rows))
    if table == "crimes":
        return ids.crime.take(pa.array(rows))
    involvements = recording.involvements
    return pc.binary_join_element_wise(
        ids.crime.take(pa.array(involvements["crime"][rows])),
        ids.person.take(pa.array(involvements["person"][rows])),
        column_text(recording, "involvements", "role", involvements["role"][rows]).dictionary_decode(),
        "|",
    )


def _rows_as_json(table: str, rows: np.ndarray, recording: Recording, ids: Identifiers) -> pa.Array:
    """Whole rows as JSON objects, made column by column. No value of these tables holds a quote or a backslash."""
    columns = recording.crimes if table == "crimes" else recording.involvements
    given = (
        {
            "crimes": lambda name: {
                "crime_id": ids.crime.take(pa.array(rows)),
                "unit_id": ids.unit.take(pa.array(columns["unit"][rows])),
            }[name],
            "involvements": lambda name: {
                "crime_id": ids.crime.take(pa.array(columns["crime"][rows])),
                "person_id": ids.person.take(pa.array(columns["person"][rows])),
            }[name],
        }[table]
        if len(rows)
        else None
    )
    parts = []
    for number, name in enumerate(TABLES[table].columns):
        if name in ("crime_id", "person_id", "unit_id") and given:
            text = given(name)
        elif name == "force":
            text = pa.array([recording.force.slug] * len(rows), pa.string())
        else:
            text = _text(column_text(recording, table, name, columns[name][rows]))
        opening = ("{" if number == 0 else ",") + f'"{name}":'
        quoted = pc.binary_join_element_wise(opening + '"', text, '"', "", null_handling="skip")
        parts.append(pc.if_else(pc.is_null(text), opening + "null", quoted))
    return pc.binary_join_element_wise(*parts, "}", "")


def _text(values: pa.Array) -> pa.Array:
    return values.cast(pa.string())


def months_between(first: date, last: date) -> list[date]:
    """The first days of the months from one to another, both included."""
    months = []
    month = first.replace(day=1)
    while month <= last:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months
