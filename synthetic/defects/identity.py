"""Defects of identity: one person under several records, ways in which the copies differ, two people on one record."""

from collections.abc import Callable
from functools import cache

import nicknames
import numpy as np

from synthetic.contract import SEXES, SYSTEMS, codes
from synthetic.defects.declaration import ANY, COPIES, ILLUSTRATIVE, PROPOSED, defect
from synthetic.defects.ledger import DefectWriter
from synthetic.defects.spelling import SCANS, SOUNDS, SPELLINGS, plain, replaced, slip
from synthetic.defects.weights import group_weights
from synthetic.randomness import child, derived, draw, exponential, hashed, poisson
from synthetic.recording import draw_systems
from synthetic.world.lives import NUMBERS, PHONES, contact, homes, number

DAYS_TO_1900 = -25_567
PLACEHOLDERS = ("UNKNOWN", "N/K", "TEST", "Not Known", "XXX")


@defect("identity.duplicate_rate", "identity", 0.1, PROPOSED, "by number of crimes, and by group", most=0.9)
def split_identity(writer: DefectWriter) -> None:
    """Further records of a person, more of them the more crimes the person is in; each crime names one of the records.

    The rate is the share of person records that are a further record: with d, a person has d / (1 - d) in the mean. A further
    record says what was true of the person on the day when it was made, which may be another address, telephone or surname.
    """
    recording = writer.recording
    persons, involvements, people = recording.persons, recording.involvements, recording.world.people
    count = len(persons["whose"])
    persons["is_copy"] = np.zeros(count, bool)
    if writer.most <= 0 or not count:
        return
    further = poisson(persons["key"], _copies_expected(writer), writer.name)
    source = np.repeat(np.arange(count), further)
    place = np.arange(len(source)) - np.repeat(np.cumsum(further) - further, further)
    keys = child(derived(persons["key"][source], "copy"), place)
    created = persons["created_on"][source] + np.where(
        draw(keys, "same day") < SAME_DAY, 0, np.floor(COPY_AFTER * exponential(keys, "days"))
    ).astype(np.int32)
    made = (created <= recording.last_day) & writer.unrepaired(keys)
    source, keys, created = source[made], keys[made], created[made]
    rows = count + np.arange(len(source))
    for name, values in persons.items():
        persons[name] = np.concatenate([values, values[source]])
    persons["key"][rows], persons["is_copy"][rows], persons["created_on"][rows] = keys, True, created
    from_legacy = np.array([era.profile.identity.copies_from_legacy for era in writer.eras])
    legacy = draw(keys, "legacy") < from_legacy[writer.era_of("persons", rows)]
    systems = draw_systems(keys, persons["is_suspect"][rows])
    persons["source_system"][rows] = np.where(legacy, SYSTEMS.index("legacy"), systems)
    for name, values in vars(contact(people, persons["whose"][rows], created)).items():
        persons[name][rows] = values
    writer.ledger.added("persons", rows)
    true = involvements["person"]
    chosen = _record_named(writer, true, source, rows)
    moved = np.flatnonzero((chosen != true) & involvements["kept"])
    involvements["person"] = np.where(involvements["kept"], chosen, true)
    writer.ledger.changed("involvements", "person_id", moved, true[moved])


SAME_DAY, COPY_AFTER = 0.5, 300
"""Share of further records made on the day of the first, and days after it at which the others are, on average (illustrative)."""


def _copies_expected(writer: DefectWriter) -> np.ndarray:
    """How many further records each person gets sooner or later, so that by now so many are there as the rate says; shape (n,)."""
    recording = writer.recording
    persons, people = recording.persons, recording.world.people
    reports = people.reports[persons["whose"]].astype(float)
    weight = (0.5 + 0.5 * reports / max(reports.mean(), 1e-9)) * group_weights(writer)
    since = (recording.last_day - persons["created_on"]).astype(float)
    there = SAME_DAY + (1 - SAME_DAY) * (1 - np.exp(-since / COPY_AFTER))
    era = writer.era_of("persons", np.arange(len(weight)))
    expected = np.zeros(len(weight))
    for place, one in enumerate(writer.eras):
        mine = era == place
        if mine.any() and one.rate > 0:
            expected[mine] = one.rate / (1 - one.rate) * weight[mine] * mine.sum() / (weight[mine] * there[mine]).sum()
    return expected


def _record_named(writer: DefectWriter, true: np.ndarray, source: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The person record that each involvement names: of those there were on the day of the report, by rendezvous hashing.

    So a record that is made later changes no older link (Thaler and Ravishankar 1998, doi 10.1109/90.663936).
    """
    recording = writer.recording
    persons, involvements = recording.persons, recording.involvements
    day = recording.world.events.reported[recording.crimes["event"][involvements["crime"]]]
    copies = np.bincount(source, minlength=len(persons["key"]))
    first = np.concatenate([[0], np.cumsum(copies)[:-1]])
    chosen = true.copy()
    links = np.flatnonzero(copies[true] > 0)
    best = draw(involvements["key"][links] ^ persons["key"][true[links]], "named")
    for place in range(int(copies.max()) if len(copies) else 0):
        here = np.flatnonzero(copies[true[links]] > place)
        record = rows[first[true[links[here]]] + place]
        score = draw(involvements["key"][links[here]] ^ persons["key"][record], "named")
        better = (score > best[here]) & (persons["created_on"][record] <= day[links[here]])
        best[here[better]] = score[better]
        chosen[links[here[better]]] = record[better]
    return chosen


@defect("identity.overlaid", "identity", 0.005, PROPOSED, "on people of like names")
def overlaid(writer: DefectWriter) -> None:
    """Two people on one record: one is taken for the next by name, and the record of the first is not kept."""
    recording = writer.recording
    persons = recording.persons
    rows = np.flatnonzero(persons["kept"] & ~persons["is_copy"])
    rows = rows[order_by_name(*(persons[name][rows] for name in ("surname", "forename", "date_of_birth", "key")))]
    # The rate is the share of the records that remain which two people share.
    rate = np.array([era.rate / (1 + era.rate) for era in writer.eras])[writer.era_of("persons", rows)]
    gone = (writer.draw("persons", rows) < rate) & writer.unrepaired(persons["key"][rows])
    if len(rows):
        gone[0] = False
    before = np.maximum.accumulate(np.where(gone, 0, np.arange(len(rows))))
    second, first = rows[gone], rows[before[gone]]
    persons["kept"][second] = False
    writer.ledger.gone("persons", second)
    recording.shared += list(zip(first.tolist(), persons["whose"][second].tolist(), strict=True))
    into = np.arange(len(persons["kept"]))
    into[second] = first
    involvements = recording.involvements
    true = involvements["person"]
    moved = np.flatnonzero((into[true] != true) & involvements["kept"])
    changed = true.copy()
    changed[moved] = into[true[moved]]
    involvements["person"] = changed
    writer.ledger.changed("involvements", "person_id", moved, true[moved])


def order_by_name(surname: np.ndarray, forename: np.ndarray, born: np.ndarray, key: np.ndarray) -> np.ndarray:
    """The order of people by surname, forename, date of birth and key; shape (n,).

    By one number made of the first three, and by all only where that is the same: a quarter of the time of a sort by all.
    """
    if not len(key):
        return np.zeros(0, np.int64)
    number = (surname.astype(np.int64) + 1 << 42) | (forename.astype(np.int64) + 1 << 21) | (born - np.int64(born.min()))
    order = np.argsort(number)
    same = np.diff(number[order]) == 0
    among = np.flatnonzero(np.concatenate([[False], same]) | np.concatenate([same, [False]]))
    tied = order[among]
    order[among] = tied[np.lexsort((key[tied], number[tied]))]
    return order


# ---- how copies come to differ -----------------------------------------------------------------------------------------


def _copies(writer: DefectWriter) -> np.ndarray:
    persons = writer.recording.persons
    return writer.chosen("persons", np.flatnonzero(persons["is_copy"] & persons["kept"]))


def _rewrite(writer: DefectWriter, name: str, rows: np.ndarray, change: Callable[[str, int], str], variants: int) -> None:
    """Write names otherwise, in one of so many variants; each name and variant is worked out once."""
    recording = writer.recording
    variant = writer.whole("persons", rows, variants, name)
    key, inverse = np.unique(recording.persons[name][rows].astype(np.int64) * variants + variant, return_inverse=True)
    changed = [change(recording.names[one // variants], one % variants) for one in key.tolist()]
    new = recording.name_numbers(changed)
    writer.write("persons", name, rows, new[inverse] if len(rows) else np.zeros(0, np.int32))


def _either_name(writer: DefectWriter, change: Callable[[str, int], str], variants: int) -> None:
    """Change the surname of three copies of five, the forename of the others."""
    rows = _copies(writer)
    in_surname = writer.draw("persons", rows, "surname") < 0.6
    _rewrite(writer, "surname", rows[in_surname], change, variants)
    _rewrite(writer, "forename", rows[~in_surname], change, variants)


@defect("identity.typing_slip", "identity", 0.25, ILLUSTRATIVE, COPIES, needs=("split_identity",))
def typing_slip(writer: DefectWriter) -> None:
    """A letter of the forename or surname is dropped, doubled, swapped with the next or hit beside."""
    _either_name(writer, lambda text, variant: slip(text, variant % 4, variant // 4 % 8 / 8, variant // 32 / 2), 64)


@defect("identity.phonetic", "identity", 0.1, ILLUSTRATIVE, COPIES, needs=("split_identity",))
def phonetic(writer: DefectWriter) -> None:
    """The name is written as it sounds."""
    _either_name(writer, lambda text, variant: replaced(text, SOUNDS, variant), 6)


@defect("identity.scanned_text", "identity", 0.02, ILLUSTRATIVE, COPIES, needs=("split_identity",))
def scanned_text(writer: DefectWriter) -> None:
    """Letters are misread by a scanner."""
    _either_name(writer, lambda text, variant: replaced(text, SCANS, variant), 6)


@defect("identity.transliteration", "identity", 0.3, ILLUSTRATIVE, "by naming culture, on copies", needs=("split_identity",))
def transliteration(writer: DefectWriter) -> None:
    """The name is put into Latin letters by another custom; only names of cultures that are."""
    persons, people = writer.recording.persons, writer.recording.world.people
    wanted = [number for number, code in enumerate(codes("ethnicities", "ethnicity")) if code in TRANSLITERATED]
    rows = _copies(writer)
    rows = rows[np.isin(people.ethnicity[persons["whose"][rows]], wanted)]
    for name in ("forename", "surname"):
        _rewrite(writer, name, rows, lambda text, variant: replaced(text, SPELLINGS, variant), 6)


TRANSLITERATED = ("A1", "A2", "A3", "A9", "B2", "B9", "O1", "O9")


@defect("identity.accent_hyphen", "identity", 0.3, ILLUSTRATIVE, "on copies whose name has such marks", needs=("split_identity",))
def accent_hyphen(writer: DefectWriter) -> None:
    """Accents, apostrophes and hyphens fall away; a name of two parts is joined or parted."""
    rows = _copies(writer)
    for name in ("forename", "surname"):
        _rewrite(writer, name, rows, lambda text, variant: plain(text), 1)


@defect("identity.nickname", "identity", 0.15, ILLUSTRATIVE, "at random, on copies whose name has one", needs=("split_identity",))
def nickname(writer: DefectWriter) -> None:
    """The forename is written as a nickname, where the name has one."""
    _rewrite(writer, "forename", _copies(writer), _nickname, 8)


@cache
def _namer() -> nicknames.NickNamer:
    return nicknames.NickNamer()


@cache
def _nicknames(name: str) -> tuple[str, ...]:
    return tuple(sorted(found.title() for found in _namer().nicknames_of(name)))


def _nickname(name: str, variant: int) -> str:
    known = _nicknames(name)
    return known[variant % len(known)] if known else name


@defect("identity.swapped_names", "identity", 0.02, ILLUSTRATIVE, "by naming culture, on copies", needs=("split_identity",))
def swapped_names(writer: DefectWriter) -> None:
    """Forename and surname change places; far more often where the family name comes first by custom."""
    persons, people = writer.recording.persons, writer.recording.world.people
    first_by_custom = people.ethnicity[persons["whose"]] == codes("ethnicities", "ethnicity").index("O1")
    copies = np.flatnonzero(persons["is_copy"] & persons["kept"])
    rows = writer.chosen("persons", copies, np.where(first_by_custom, 15.0, 1.0))
    forename = writer.recording.persons["forename"][rows]
    writer.write("persons", "forename", rows, writer.recording.persons["surname"][rows])
    writer.write("persons", "surname", rows, forename)


@defect("identity.married_name", "identity", 0.05, ILLUSTRATIVE, "at random, on copies of women", needs=("split_identity",))
def married_name(writer: DefectWriter) -> None:
    """A woman's other surname, before or after a marriage."""
    persons, people = writer.recording.persons, writer.recording.world.people
    rows = _copies(writer)
    rows = rows[people.sex[persons["whose"][rows]] == SEXES.index("F")]
    writer.write("persons", "surname", rows, _others(writer, "surname", rows))


@defect("identity.alias", "identity", 0.02, ILLUSTRATIVE, COPIES, needs=("split_identity",))
def alias(writer: DefectWriter) -> None:
    """Another name altogether."""
    rows = _copies(writer)
    writer.write("persons", "forename", rows, _others(writer, "forename", rows))
    writer.write("persons", "surname", rows, _others(writer, "surname", rows))


def _others(writer: DefectWriter, name: str, rows: np.ndarray) -> np.ndarray:
    """Names of other people of the force, for each record."""
    people = writer.recording.world.people
    return np.asarray(getattr(people, name)[writer.other_people(derived(writer.recording.persons["key"][rows], name))])


@defect(
    "identity.day_month_swapped", "identity", 0.05, ILLUSTRATIVE, "on copies where it gives another date", needs=("split_identity",)
)
def day_month_swapped(writer: DefectWriter) -> None:
    """Day and month of the date of birth are swapped, where that gives another date."""
    rows = _copies(writer)
    writer.write("persons", "date_of_birth", rows, swapped_days(writer.recording.persons["date_of_birth"][rows]))


def swapped_days(days: np.ndarray) -> np.ndarray:
    """Days since 1970 with day and month swapped; as they were where the day is above 12 or the same as the month."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day = (dates - months).astype(int) + 1
    month = months.astype(int) % 12 + 1
    year = dates.astype("datetime64[Y]").astype("datetime64[M]")
    swapped = (year + (np.minimum(day, 12) - 1)).astype("datetime64[D]").astype(int) + month - 1
    return np.where(day <= 12, swapped, days).astype(np.int32)


@defect("identity.wrong_digit", "identity", 0.05, ILLUSTRATIVE, COPIES, needs=("split_identity",))
def wrong_digit(writer: DefectWriter) -> None:
    """One digit of the date of birth is wrong: the year by one or ten, or the day by one or ten."""
    rows = _copies(writer)
    off = np.array([-3652, -365, -10, -1, 1, 10, 365, 3652])[writer.whole("persons", rows, 8)]
    days = writer.recording.persons["date_of_birth"][rows] + off
    latest = writer.recording.persons["created_on"][rows]
    writer.write("persons", "date_of_birth", rows, np.minimum(days, latest).astype(np.int32))


@defect("identity.old_address", "identity", 0.4, ILLUSTRATIVE, COPIES, needs=("split_identity",))
def old_address(writer: DefectWriter) -> None:
    """An earlier address and postcode, elsewhere in the same unit's area."""
    rows = _copies(writer)
    recording = writer.recording
    people, whose = recording.world.people, recording.persons["whose"][rows]
    earlier = writer.whole("persons", rows, NUMBERS)
    address, postcode = homes(people.home[whose].astype(np.int64), people.unit[whose].astype(np.int64), earlier)
    writer.write("persons", "address", rows, address)
    writer.write("persons", "postcode", rows, postcode)


# ---- on any record -----------------------------------------------------------------------------------------------------


@defect("identity.january_filler", "identity", 0.01, ILLUSTRATIVE, ANY)
def january_filler(writer: DefectWriter) -> None:
    """The year of birth is known or guessed, and 1 January filled in; rarely 1 January 1900."""
    rows = writer.chosen("persons", np.flatnonzero(writer.kept("persons")))
    days = writer.recording.persons["date_of_birth"][rows].astype("datetime64[D]")
    filler = days.astype("datetime64[Y]").astype("datetime64[D]").astype(int)
    oldest = writer.draw("persons", rows, "oldest") < 0.1
    writer.write("persons", "date_of_birth", rows, np.where(oldest, DAYS_TO_1900, filler).astype(np.int32))


@defect("identity.placeholder_name", "identity", 0.003, ILLUSTRATIVE, ANY)
def placeholder_name(writer: DefectWriter) -> None:
    """A name that says that there is none: UNKNOWN, N/K, TEST."""
    rows = writer.chosen("persons", np.flatnonzero(writer.kept("persons")))
    in_forename = writer.draw("persons", rows, "forename") < 0.7
    for name, chosen in (("forename", rows[in_forename]), ("surname", rows[~in_forename])):
        _rewrite(writer, name, chosen, lambda text, variant: PLACEHOLDERS[variant], len(PLACEHOLDERS))


@defect("identity.estimated_age", "identity", 0.01, ILLUSTRATIVE, ANY)
def estimated_age(writer: DefectWriter) -> None:
    """The age is an estimate, to the nearest five years, and the date of birth the day of the record so many years before."""
    rows = writer.chosen("persons", np.flatnonzero(writer.kept("persons")))
    persons = writer.recording.persons
    created, born = persons["created_on"][rows], persons["date_of_birth"][rows]
    age = np.maximum(np.round((created - born) / 365.25 / 5), 1) * 5
    writer.write("persons", "date_of_birth", rows, (created - np.floor(age * 365.25)).astype(np.int32))


@defect("identity.wrong_sex", "identity", 0.004, ILLUSTRATIVE, ANY)
def wrong_sex(writer: DefectWriter) -> None:
    """A woman is written down as a man, or a man as a woman."""
    sex = writer.recording.persons["sex"]
    female, male = SEXES.index("F"), SEXES.index("M")
    rows = writer.chosen("persons", np.flatnonzero(writer.kept("persons") & np.isin(sex, (female, male))))
    writer.write("persons", "sex", rows, np.where(sex[rows] == female, male, female).astype(np.int8))


@defect("equality.sex_unknown", "equality", 0.004, ILLUSTRATIVE, ANY)
def sex_unknown(writer: DefectWriter) -> None:
    """The sex is written down as not known."""
    rows = writer.chosen("persons", np.flatnonzero(writer.kept("persons") & (writer.recording.persons["sex"] >= 0)))
    writer.write("persons", "sex", rows, np.full(len(rows), SEXES.index("U"), np.int8))


SERVICES_PER_UNIT = 4


@defect("identity.service_phone", "identity", 0.015, ILLUSTRATIVE, ANY)
def service_phone(writer: DefectWriter) -> None:
    """The telephone number is that of a solicitor, a support service or the station, and stands on many records."""
    recording = writer.recording
    persons, people = recording.persons, recording.world.people
    rows = writer.chosen("persons", np.flatnonzero(writer.kept("persons")))
    whose = persons["whose"][rows]
    which = (hashed(people.life[whose], 40) % np.uint64(SERVICES_PER_UNIT)).astype(np.int64)
    area = people.home[whose].astype(np.int64) * 128 + people.unit[whose]
    writer.write("persons", "phone", rows, number(area, 41, which) % PHONES)
