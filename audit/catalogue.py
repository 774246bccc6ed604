"""The checks, declared as data: what each looks at, when it warns and fails, why it matters and how it is mended.

A new check is a line here, never a function; the functions by type stand in ``checks.py``. Thresholds are of this
project's own choosing, except where a source is named; ``rate`` above ``warn`` warns, above ``fail`` fails.
"""

import dataclasses
from dataclasses import dataclass
from functools import cache
from typing import Any

from synthetic.contract import RECORDED, TABLES, Field

DIMENSIONS = ("completeness", "uniqueness", "consistency", "timeliness", "validity", "accuracy", "coverage")


@dataclass(frozen=True)
class Check:
    """One check. ``type`` names a function of ``checks.py``, which takes ``parameters``."""

    id: str
    type: str
    dimension: str
    table: str
    field: str
    warn: float
    fail: float
    finds: str
    matters: str
    mend: str
    needed_for: tuple[str, ...] = ()
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)


# Share of blanks at which a field warns and fails, where another than its need's.
MISSING_LIMITS = {
    ("persons", "ethnicity"): (0.20, 0.35),  # above 35 % differences by ethnicity cannot be tested (DESIGN, IICSA 2022)
    ("persons", "phone"): (0.40, 0.80),
    ("persons", "address"): (0.15, 0.40),
    ("persons", "postcode"): (0.15, 0.40),
    ("crimes", "outcome_code"): (0.30, 0.60),  # open investigations have none yet
    ("crimes", "outcome_on"): (0.30, 0.60),
    ("crimes", "suspect_status"): (0.05, 0.15),
    ("crimes", "domestic_abuse"): (0.03, 0.20),
    ("involvements", "relationship"): (0.10, 0.45),
}
MISSING_BY_NEED = {
    "identity": (0.05, 0.15),
    "frequency": (0.0, 0.02),
    "severity": (0.01, 0.05),
    "recency": (0.02, 0.05),
}
MATTERS = {
    "identity": "Without it, records of one person cannot be told to be one, and a list ranks fragments.",
    "frequency": "Without it, a crime does not count for anybody, and frequency is too low.",
    "recency": "Without it, a crime cannot be placed in time, and falls out of the window or in it wrongly.",
    "severity": "Without it, the harm of a crime cannot be weighed.",
    "contact": "Without it, nobody can be found or protected, whatever the list says.",
    "equality": "Without it, nobody can test whether a list treats groups alike.",
    "": "Without it, the record is less of a guide, though no list rests on it.",
}


@cache
def catalogue() -> tuple[Check, ...]:
    """Every check, in the order in which reports list them; identifiers are unique."""
    missing = [_missing(table, declared) for table in RECORDED for declared in TABLES[table].fields if declared.name != "force"]
    listed = [_code_not_in_list(table, declared) for table in RECORDED for declared in TABLES[table].fields if declared.codes]
    unknown = [_unknown_code(table, declared) for table in RECORDED for declared in TABLES[table].fields if declared.unknown]
    patterns = [
        _pattern(table, declared)
        for table in RECORDED
        for declared in TABLES[table].fields
        if declared.pattern and declared.name != "force"
    ]
    return (*missing, *unknown, *listed, *patterns, *OTHERS)


def check(check_id: str) -> Check | None:
    """The check of that identifier, or None."""
    return next((found for found in catalogue() if found.id == check_id), None)


def _missing(table: str, declared: Field) -> Check:
    need = declared.needed_for[0] if declared.needed_for else ""
    warn, fail = MISSING_LIMITS.get((table, declared.name)) or MISSING_BY_NEED.get(need) or (0.10, 0.40)
    if not declared.nullable:
        warn, fail = 0.0, 0.01
    return Check(
        id=f"missing.{table}.{declared.name}",
        type="missing",
        dimension="completeness",
        table=table,
        field=declared.name,
        warn=warn,
        fail=fail,
        finds=f"Rows of {table} whose {declared.name} is missing or blank.",
        matters=MATTERS[need],
        mend=f"Ask for {declared.name} where the record is made, and refuse the record without it or a reason.",
        needed_for=declared.needed_for,
    )


def _unknown_code(table: str, declared: Field) -> Check:
    need = declared.needed_for[0] if declared.needed_for else ""
    return Check(
        id=f"unknown_code.{table}.{declared.name}",
        type="unknown_code",
        dimension="completeness",
        table=table,
        field=declared.name,
        warn=declared.unknown_accepted,
        fail=max(0.15, 3 * declared.unknown_accepted),
        finds=f"Rows of {table} whose {declared.name} is a code that says it is not known.",
        matters="A field can be full and say nothing. " + MATTERS[need],
        mend="Ask why it is not known, and offer no code that is quicker to enter than the answer.",
        needed_for=declared.needed_for,
        parameters={"codes": declared.unknown},
    )


def _code_not_in_list(table: str, declared: Field) -> Check:
    need = declared.needed_for[0] if declared.needed_for else ""
    return Check(
        id=f"code_not_in_list.{table}.{declared.name}",
        type="code_not_in_list",
        dimension="validity",
        table=table,
        field=declared.name,
        warn=0.0,
        fail=0.01,
        finds=f"Values of {declared.name} in {table} that are not in its code list.",
        matters=MATTERS[need],
        mend="Offer the list where the value is entered, and map retired codes to their successors.",
        needed_for=declared.needed_for,
        parameters={"codes": declared.codes},
    )


def _pattern(table: str, declared: Field) -> Check:
    need = declared.needed_for[0] if declared.needed_for else ""
    return Check(
        id=f"pattern.{table}.{declared.name}",
        type="pattern",
        dimension="validity",
        table=table,
        field=declared.name,
        warn=0.0,
        fail=0.01,
        finds=f"Values of {declared.name} in {table} that do not have its form.",
        matters=MATTERS[need],
        mend="Check the form where the value is entered.",
        needed_for=declared.needed_for,
        parameters={"pattern": declared.pattern},
    )


OTHERS = (
    Check(
        id="key_twice.persons",
        type="key_twice",
        dimension="uniqueness",
        table="persons",
        field="person_id",
        warn=0.0,
        fail=0.001,
        finds="Person records whose identifier another record has too.",
        matters="Two people's crimes are added up as one person's.",
        mend="Find the import that reuses identifiers, and re-key it.",
        needed_for=("identity",),
        parameters={"key": ("person_id",)},
    ),
    Check(
        id="key_twice.crimes",
        type="key_twice",
        dimension="uniqueness",
        table="crimes",
        field="crime_id",
        warn=0.0,
        fail=0.001,
        finds="Crimes whose identifier another crime has too.",
        matters="Crimes are counted once for two, or twice for one.",
        mend="Find the import that reuses identifiers, and re-key it.",
        needed_for=("frequency",),
        parameters={"key": ("crime_id",)},
    ),
    Check(
        id="key_twice.involvements",
        type="key_twice",
        dimension="uniqueness",
        table="involvements",
        field="person_id",
        warn=0.0,
        fail=0.01,
        finds="Involvements that name the same crime, person record and role as another.",
        matters="Counted without care, one crime weighs twice.",
        mend="Refuse a second link of the same person record in the same role.",
        needed_for=("frequency",),
        parameters={"key": ("crime_id", "person_id", "role")},
    ),
    Check(
        id="same_event_twice.crimes",
        type="key_twice",
        dimension="uniqueness",
        table="crimes",
        field="crime_id",
        warn=0.002,
        fail=0.01,
        finds="Crimes with the same unit, offence, day of occurrence, day of report, postcode and channel as another.",
        matters="One event counts twice: the worst per cent of all defects, since it lifts exactly those who have many.",
        mend="Search by victim and day before a crime is recorded, and merge what is found.",
        needed_for=("frequency",),
        parameters={
            "key": ("force", "unit_id", "offence_code", "occurred_on", "reported_on", "postcode", "reported_via"),
            "keep": "crime_id",
        },
    ),
    Check(
        id="key_orphaned.involvements.crime_id",
        type="key_orphaned",
        dimension="consistency",
        table="involvements",
        field="crime_id",
        warn=0.0,
        fail=0.01,
        finds="Involvements whose crime is not in the data.",
        matters="A link that leads nowhere counts for nobody.",
        mend="Restore the crimes, or delete the links with them.",
        needed_for=("frequency",),
        parameters={"other": "crimes"},
    ),
    Check(
        id="key_orphaned.involvements.person_id",
        type="key_orphaned",
        dimension="consistency",
        table="involvements",
        field="person_id",
        warn=0.0,
        fail=0.01,
        finds="Involvements whose person record is not in the data.",
        matters="A crime counts for nobody.",
        mend="Restore the person records, or link the crime to those that took their place.",
        needed_for=("identity",),
        parameters={"other": "persons"},
    ),
    Check(
        id="key_orphaned.crimes.unit_id",
        type="key_orphaned",
        dimension="consistency",
        table="crimes",
        field="unit_id",
        warn=0.0,
        fail=0.01,
        finds="Crimes whose unit is not in the data.",
        matters="Nobody can tell whether a unit has stopped recording.",
        mend="Keep the list of units up to date, closed ones included.",
        needed_for=("frequency",),
        parameters={"other": "units"},
    ),
    Check(
        id="required_when.suspect_linked",
        type="required_when",
        dimension="consistency",
        table="crimes",
        field="suspect_status",
        warn=0.05,
        fail=0.10,
        finds="Crimes with a named suspect that link to no person record as suspect.",
        matters="The crime counts for nobody: a suspect who is named but not linked does not exist for a list.",
        mend="Do not let a crime be filed with a named suspect and no link.",
        needed_for=("frequency", "identity"),
        parameters={"when": ("suspect_status", "named"), "then": "suspect_linked"},
    ),
    Check(
        id="required_when.outcome_on",
        type="required_when",
        dimension="consistency",
        table="crimes",
        field="outcome_on",
        warn=0.02,
        fail=0.10,
        finds="Crimes with an outcome and no date for it.",
        matters="Nobody can tell how long cases take, or whether a list's cases are still open.",
        mend="Write the date with the outcome.",
        parameters={"when": ("outcome_code", None), "then": "outcome_on"},
    ),
    Check(
        id="impossible_date.crimes.occurred_on",
        type="order_of_dates",
        dimension="validity",
        table="crimes",
        field="occurred_on",
        warn=0.0,
        fail=0.01,
        finds="Crimes that happened after they were reported, after the last day of the data, or before 1920.",
        matters="A crime at an impossible date falls in or out of the window wrongly.",
        mend="Refuse dates in the future and out of order where they are entered.",
        needed_for=("recency",),
        parameters={"before": "occurred_on", "after": "reported_on"},
    ),
    Check(
        id="impossible_date.crimes.reported_on",
        type="order_of_dates",
        dimension="validity",
        table="crimes",
        field="reported_on",
        warn=0.0,
        fail=0.01,
        finds="Crimes that were reported after they were recorded, after the last day of the data, or before 1920.",
        matters="A crime at an impossible date falls in or out of the window wrongly.",
        mend="Refuse dates in the future and out of order where they are entered.",
        needed_for=("recency",),
        parameters={"before": "reported_on", "after": "recorded_on"},
    ),
    Check(
        id="impossible_date.crimes.recorded_on",
        type="order_of_dates",
        dimension="validity",
        table="crimes",
        field="recorded_on",
        warn=0.0,
        fail=0.01,
        finds="Crimes that were recorded after their outcome, after the last day of the data, or before 1920.",
        matters="A crime at an impossible date falls in or out of the window wrongly.",
        mend="Refuse dates in the future and out of order where they are entered.",
        needed_for=("recency",),
        parameters={"before": "recorded_on", "after": "outcome_on"},
    ),
    Check(
        id="impossible_date.persons.date_of_birth",
        type="order_of_dates",
        dimension="validity",
        table="persons",
        field="date_of_birth",
        warn=0.0,
        fail=0.01,
        finds="Person records born after they were made, after the last day of the data, or before 1900.",
        matters="Records of one person cannot be told to be one.",
        mend="Refuse dates of birth in the future where they are entered.",
        needed_for=("identity",),
        parameters={"before": "date_of_birth", "after": "created_on", "earliest": "1900-01-02"},
    ),
    Check(
        id="delay.crimes.1_day",
        type="delay",
        dimension="timeliness",
        table="crimes",
        field="recorded_on",
        warn=0.08,
        fail=0.20,
        finds="Crimes recorded more than a day after the report; the National Crime Recording Standard asks for 24 hours.",
        matters="Whoever offends now is missing from this month's list.",
        mend="Record at the first contact, and watch the queue daily.",
        needed_for=("recency",),
        parameters={"from": "reported_on", "to": "recorded_on", "days": 1},
    ),
    Check(
        id="delay.crimes.30_days",
        type="delay",
        dimension="timeliness",
        table="crimes",
        field="recorded_on",
        warn=0.01,
        fail=0.05,
        finds="Crimes recorded more than 30 days after the report.",
        matters="A month's list is made without them.",
        mend="Find the queue in which reports wait, and clear it.",
        needed_for=("recency",),
        parameters={"from": "reported_on", "to": "recorded_on", "days": 30},
    ),
)
