"""The contract: every table and field of a dataset, declared once.

What a field is, what is valid in it and what a prioritisation needs it for is read from here alone; code lists from ``reference``.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import pandas as pd

from synthetic import blanks as blanks

Kind = Literal["string", "date", "boolean", "integer"]
Need = Literal["identity", "frequency", "recency", "severity", "contact", "equality"]

REFERENCE = Path(__file__).parent / "reference"

# No real record can carry these marks. Royal Mail's postcode format never has V in first position; 06 is reserved and
# unallocated in the United Kingdom's numbering plan. The gate in dataset.py holds every value against its mark.
ID_MARK = r"^SYN-"
POSTCODE_MARK = r"^V[A-Z][0-9]"
PHONE_MARK = r"^06"

SLUG = r"^[a-z][a-z0-9-]{0,62}$"


@dataclass(frozen=True)
class Field:
    """One column: its type, what is valid in it, whether it may be missing, and what it is needed for.

    ``codes`` is the closed list of valid values, ``pattern`` a regular expression that the whole value matches,
    ``mark`` the pattern that proves a value synthetic. ``unknown`` are codes that say "not known",
    of which the share ``unknown_accepted`` is what honest recording comes to. An ``optional`` column may be left out of a
    dataset, and is missing by design in most rows, so no check asks for it.
    """

    name: str
    kind: Kind
    sentence: str
    needed_for: tuple[Need, ...] = ()
    nullable: bool = False
    codes: tuple[str, ...] | None = None
    unknown: tuple[str, ...] = ()
    unknown_accepted: float = 0.0
    pattern: str | None = None
    mark: str | None = None
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """One table: one Parquet file a force, its fields in order, and the fields that identify a row."""

    name: str
    sentence: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def is_truth(self) -> bool:
        return self.name.startswith("truth/")

    @property
    def columns(self) -> list[str]:
        return [field.name for field in self.fields]

    def field(self, name: str) -> Field:
        """The field of that name; KeyError where the table has none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


@cache
def reference(name: str) -> pd.DataFrame:
    """A reference table by name (``offences``, ``outcomes``, ``forces``, ``ethnicities``); codes are strings.

    Treat the frame as read-only: it is shared.
    """
    numeric = {"population": "int64", "harm_days": "float64", "css_weight": "float64", "population_percent": "float64"}
    frame = pd.read_csv(REFERENCE / f"{name}.csv", dtype="str", keep_default_na=False)
    return frame.astype({column: kind for column, kind in numeric.items() if column in frame})


@cache
def codes(name: str, column: str) -> tuple[str, ...]:
    """The values of one column of a reference table, in its order."""
    return tuple(reference(name)[column])


SEXES = ("F", "M", "U")
ROLES = ("suspect", "victim")
SUSPECT_STATUSES = ("named", "described", "none")
RELATIONSHIPS = (
    "partner",
    "ex_partner",
    "parent",
    "child",
    "sibling",
    "other_family",
    "acquaintance",
    "stranger",
    "unknown",
)
CHANNELS = ("phone_999", "phone_101", "online", "front_desk", "officer", "third_party")
SYSTEMS = ("records", "custody", "public_protection", "legacy")
RECORD_CLASSES = ("crime", "non_crime_incident", "cancelled")
CANCEL_REASONS = ("verified_no_crime", "duplicate", "recorded_in_error", "transferred")
EVENT_CLASSES = ("crime", "non_crime")
RESIDENCES = ("private", "shared_house", "hostel", "refuge", "custody", "no_fixed_abode")
GAP_KINDS = ("silent", "drop", "step", "late", "misrouted", "incomplete")

PERSON_ID = r"^SYN-[A-Za-z0-9_.-]+$"
CRIME_ID = r"^SYN-[A-Za-z0-9_.-]+$"
POSTCODE = r"^V[A-Z][0-9]{1,2} [0-9][A-Z]{2}$"
PHONE = r"^06[0-9]{9}$"

_force = Field("force", "string", "The force that holds the row, as a slug.", pattern=SLUG)


def _month(name: str, sentence: str) -> Field:
    return Field(name, "date", sentence + " Always the first day of that month.")


def _optional(name: str, kind: Kind, sentence: str, codes: tuple[str, ...] | None = None) -> Field:
    return Field(name, kind, sentence, nullable=True, codes=codes, optional=True)


UNITS = Table(
    "units",
    "The stations or teams that record crimes for a force.",
    ("unit_id",),
    (
        Field("unit_id", "string", "Identifies the unit.", ("frequency",)),
        _force,
        Field("unit_name", "string", "The unit's fictional name."),
        Field("population", "integer", "People who live in the unit's area; it sets the length k of the force's list."),
    ),
)

PERSONS = Table(
    "persons",
    "Person records (police: nominals). One person may have several, within a force and across forces.",
    ("person_id",),
    (
        Field("person_id", "string", "Identifies the person record.", ("identity",), pattern=PERSON_ID, mark=ID_MARK),
        _force,
        Field("forename", "string", "First name as written down.", ("identity",), nullable=True),
        Field("surname", "string", "Family name as written down.", ("identity",), nullable=True),
        Field("date_of_birth", "date", "Date of birth as written down.", ("identity",), nullable=True),
        Field(
            "sex",
            "string",
            "Sex as recorded: F, M, or U for unknown.",
            ("identity", "equality"),
            nullable=True,
            codes=SEXES,
            unknown=("U",),
            unknown_accepted=0.005,
        ),
        Field(
            "ethnicity",
            "string",
            "Self-defined ethnicity, 16+1 code; NS is not stated.",
            ("equality",),
            nullable=True,
            codes=codes("ethnicities", "ethnicity"),
            unknown=("NS",),
            unknown_accepted=0.05,
        ),
        Field("address", "string", "House number and street.", ("identity", "contact"), nullable=True),
        Field(
            "postcode",
            "string",
            "Home postcode, in areas that do not exist.",
            ("identity", "contact"),
            nullable=True,
            pattern=POSTCODE,
            mark=POSTCODE_MARK,
        ),
        Field(
            "phone",
            "string",
            "Telephone number, in a range that is not allocated.",
            ("contact",),
            nullable=True,
            pattern=PHONE,
            mark=PHONE_MARK,
        ),
        Field("created_on", "date", "When the person record was made."),
        Field("source_system", "string", "The system that made the person record.", codes=SYSTEMS),
    ),
)

CRIMES = Table(
    "crimes",
    "What a force has recorded: crimes, non-crime domestic incidents, and crimes that were cancelled. A crime is a row whose class is crime.",
    ("crime_id",),
    (
        Field("crime_id", "string", "Identifies the crime.", ("frequency",), pattern=CRIME_ID, mark=ID_MARK),
        _force,
        Field("unit_id", "string", "The unit that recorded the crime.", ("frequency",)),
        Field(
            "offence_code",
            "string",
            "Offence, Home Office style code.",
            ("severity",),
            nullable=True,
            codes=codes("offences", "offence_code"),
        ),
        Field("domestic_abuse", "boolean", "Flagged as domestic abuse.", ("severity",), nullable=True),
        Field("occurred_on", "date", "When it happened, or began.", ("recency",), nullable=True),
        Field("reported_on", "date", "When it was reported to the force.", ("recency",), nullable=True),
        Field("recorded_on", "date", "When the force recorded it.", ("recency",)),
        Field(
            "postcode",
            "string",
            "Where it happened, in areas that do not exist.",
            ("contact",),
            nullable=True,
            pattern=POSTCODE,
            mark=POSTCODE_MARK,
        ),
        Field("reported_via", "string", "How the report came in.", nullable=True, codes=CHANNELS),
        Field(
            "suspect_status",
            "string",
            "Whether a suspect is named, described or not known.",
            ("frequency",),
            nullable=True,
            codes=SUSPECT_STATUSES,
        ),
        Field(
            "outcome_code",
            "string",
            "Outcome of the investigation; missing while it is open.",
            nullable=True,
            codes=codes("outcomes", "outcome_code"),
        ),
        Field("outcome_on", "date", "When the outcome was assigned; missing while it is open.", nullable=True),
        _optional("record_class", "string", "Crime, non-crime incident or cancelled crime; missing means crime.", RECORD_CLASSES),
        _optional("cancelled_on", "date", "When the crime was cancelled; missing unless it was."),
        _optional("cancel_reason", "string", "Why the crime was cancelled; missing unless it was.", CANCEL_REASONS),
    ),
)

INVOLVEMENTS = Table(
    "involvements",
    "Which person records a crime names, and as what.",
    ("crime_id", "person_id", "role"),
    (
        Field("crime_id", "string", "The crime.", ("frequency",), mark=ID_MARK),
        Field("person_id", "string", "The person record.", ("identity",), mark=ID_MARK),
        Field("role", "string", "Suspect or victim.", ("frequency",), codes=ROLES),
        Field(
            "relationship",
            "string",
            "Relationship of the suspect to the victim; on either's row.",
            ("severity",),
            nullable=True,
            codes=RELATIONSHIPS,
            unknown=("unknown",),
            unknown_accepted=0.05,
        ),
    ),
)

TRUTH_PEOPLE = Table(
    "truth/people",
    "The true people of the synthetic world.",
    ("person_key",),
    (
        Field("person_key", "string", "Identifies the true person."),
        Field("force", "string", "The force where the person lives.", pattern=SLUG),
        Field("forename", "string", "True first name."),
        Field("surname", "string", "True family name."),
        Field("date_of_birth", "date", "True date of birth."),
        Field("sex", "string", "True sex.", codes=SEXES),
        Field("ethnicity", "string", "True ethnicity.", codes=codes("ethnicities", "ethnicity")),
        _optional(
            "household_key", "string", "The household or place where the person lives when the period begins; missing: none."
        ),
        _optional("residence", "string", "What kind of place that is; a care home counts as a hostel.", RESIDENCES),
    ),
)

TRUTH_EVENTS = Table(
    "truth/events",
    "Everything that happened, reported or not, recorded or not.",
    ("event_key",),
    (
        Field("event_key", "string", "Identifies the event."),
        Field("force", "string", "The force where it was, or would be, reported.", pattern=SLUG),
        Field("unit_id", "string", "The unit where it was, or would be, reported."),
        Field(
            "offence_code",
            "string",
            "True offence; missing: an incident that was no offence.",
            nullable=True,
            codes=codes("offences", "offence_code"),
        ),
        Field("occurred_on", "date", "When it happened, or began."),
        Field("reported_on", "date", "When it was reported; missing: never reported.", nullable=True),
        Field("suspect_key", "string", "Who did it; missing: not known to the victim.", nullable=True),
        Field("victim_key", "string", "To whom it was done."),
        Field("crime_id", "string", "The row recorded for it; missing: not recorded.", nullable=True, mark=ID_MARK),
        _optional("event_class", "string", "Whether it was a crime; missing means crime.", EVENT_CLASSES),
        _optional("domestic_abuse", "boolean", "Whether it was domestic abuse."),
    ),
)

TRUTH_IDENTITIES = Table(
    "truth/identities",
    "Whose person record it is; a record shared by two people has a row for each.",
    ("person_id", "person_key"),
    (
        Field("person_id", "string", "The person record.", mark=ID_MARK),
        Field("person_key", "string", "The true person."),
    ),
)

TRUTH_DEFECTS = Table(
    "truth/defects",
    "The ledger: every defect that was put in, with the true value. Undone from the last row to the first, it gives "
    "the clean records back.",
    ("defect", "table", "record_id", "field"),
    (
        Field("defect", "string", "The defect's name, one of ``DEFECTS``."),
        Field("family", "string", "Its family: identity, linkage, offence, dates, recording, outcome, equality, other."),
        Field("table", "string", "The table in which it was put."),
        Field("record_id", "string", "The row: the table's key, its parts joined by a vertical bar."),
        Field("field", "string", "The field that was changed; missing: the whole row.", nullable=True),
        Field("true_value", "string", "What the clean record has there, as text; missing: nothing.", nullable=True),
        _optional("mechanism", "string", "On which rows the defect falls, in words."),
    ),
)

TRUTH_GAPS = Table(
    "truth/gaps",
    "The ledger of reporting gaps.",
    ("gap_id",),
    (
        Field("gap_id", "string", "Identifies the gap."),
        Field("force", "string", "The force.", pattern=SLUG),
        Field("unit_id", "string", "The unit that stopped recording."),
        Field("offence_group", "string", "The offence group that it stopped recording; missing: all.", nullable=True),
        _month("first_month", "First month of the gap."),
        _month("last_month", "Last month of the gap."),
        Field("kind", "string", "Kind of gap.", codes=GAP_KINDS),
        Field(
            "events_lost",
            "integer",
            "Reported events that its months lack: not recorded, recorded later (late), or as another group (misrouted).",
        ),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        UNITS,
        PERSONS,
        CRIMES,
        INVOLVEMENTS,
        TRUTH_PEOPLE,
        TRUTH_EVENTS,
        TRUTH_IDENTITIES,
        TRUTH_DEFECTS,
        TRUTH_GAPS,
    )
}
RECORDED = tuple(name for name, table in TABLES.items() if not table.is_truth)
TRUTH = tuple(name for name, table in TABLES.items() if table.is_truth)


DEFECTS = (
    *("not_recorded", "not_recorded_hidden", "late", "silent_unit", "group_dropped", "unit_drop", "late_unit"),
    *("system_change", "last_months_incomplete", "crime_as_incident", "cancelled_wrongly", "recorded_twice"),
    *("split_identity", "alias", "married_name", "nickname", "transliteration", "accent_hyphen", "phonetic"),
    *("scanned_text", "typing_slip", "swapped_names", "day_month_swapped", "wrong_digit", "old_address"),
    *("estimated_age", "january_filler", "placeholder_name", "wrong_sex", "sex_unknown", "service_phone", "overlaid"),
    *("suspect_not_linked", "victim_not_linked", "wrong_person_linked", "orphan", "involvement_twice"),
    *("misrouted", "unit_renamed", "downgraded", "retired_code", "invalid_code", "domestic_abuse_wrong"),
    *("date_swapped", "date_defaulted", "date_out_of_order", "date_in_future", "date_1900"),
    *("outcome_against_suspect", "outcome_invalid", "outcome_before_crime", "outcome_stale"),
    *("missing_forename", "missing_surname", "missing_suspect_date_of_birth", "missing_victim_date_of_birth"),
    *("missing_suspect_sex", "missing_victim_sex", "missing_suspect_ethnicity", "missing_victim_ethnicity"),
    *("missing_address", "missing_postcode", "missing_phone", "missing_offence_code", "missing_domestic_abuse"),
    *("missing_occurred_on", "missing_reported_on", "missing_crime_postcode", "missing_reported_via"),
    *("missing_suspect_status", "missing_outcome_code", "missing_outcome_on", "missing_relationship"),
)
"""The name of every defect, in the order in which they are applied; each is declared in ``synthetic.defects``."""


def marked_fields(table: str) -> dict[str, str]:
    """The identifying fields of a table, each with the pattern that proves its values synthetic."""
    return {field.name: field.mark for field in TABLES[table].fields if field.mark}
