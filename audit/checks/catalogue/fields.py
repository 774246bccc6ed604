"""Checks that the contract gives rise to, one for each field that they fit: missing, unknown, not in the list, of no such form."""

from audit.checks.types.base import Check
from audit.checks.types.values import CodeNotInList, Missing, Pattern, Placeholder, PlaceholderName, UnknownCode
from synthetic.contract import RECORDED, TABLES, Field

# Share of blanks at which a field warns and fails, where another than its need's.
MISSING_LIMITS = {
    ("persons", "ethnicity"): (0.01, 0.35),  # above 35% differences by ethnicity cannot be tested (DESIGN, IICSA 2022)
    ("persons", "sex"): (0.01, 0.05),  # the gate asks for 95% of victims
    ("persons", "phone"): (0.01, 0.80),
    ("persons", "address"): (0.01, 0.40),
    ("persons", "postcode"): (0.01, 0.40),
    ("crimes", "outcome_code"): (0.40, 0.70),  # open investigations have none yet; stale.crimes.outcome counts the old ones
    ("crimes", "outcome_on"): (0.40, 0.70),
    ("crimes", "suspect_status"): (0.01, 0.15),
    ("crimes", "domestic_abuse"): (0.01, 0.20),
    ("involvements", "relationship"): (0.01, 0.45),
}
MISSING_BY_NEED = {
    "identity": (0.01, 0.15),
    "frequency": (0.0, 0.02),
    "severity": (0.01, 0.05),
    "recency": (0.01, 0.05),
    "contact": (0.01, 0.20),
    "": (0.01, 0.20),
}
# The defects that leave a field blank. An outcome that is not there may be one that is still to come: required_when sees it.
BLANKED_BY = {
    ("persons", "date_of_birth"): ("missing_suspect_date_of_birth", "missing_victim_date_of_birth"),
    ("persons", "sex"): ("missing_suspect_sex", "missing_victim_sex"),
    ("persons", "ethnicity"): ("missing_suspect_ethnicity", "missing_victim_ethnicity"),
    ("crimes", "postcode"): ("missing_crime_postcode",),
    **{("persons", name): (f"missing_{name}",) for name in ("forename", "surname", "address", "postcode", "phone")},
    **{
        ("crimes", name): (f"missing_{name}",)
        for name in ("offence_code", "domestic_abuse", "occurred_on", "reported_on", "reported_via", "suspect_status")
    },
    ("involvements", "relationship"): ("missing_relationship",),
}
CODED_WRONGLY_BY = {
    ("crimes", "offence_code"): ("retired_code", "invalid_code"),
    ("crimes", "outcome_code"): ("outcome_invalid",),
}
UNKNOWN_BY = {("persons", "sex"): ("sex_unknown",)}


def _missing(table: str, declared: Field) -> Check:
    need = declared.needed_for[0] if declared.needed_for else ""
    warn, fail = MISSING_LIMITS.get((table, declared.name)) or MISSING_BY_NEED[need]
    if not declared.nullable:
        warn, fail = 0.0, 0.01
    return Missing(
        f"missing.{table}.{declared.name}", table=table, field=declared.name, warn=warn, fail=fail,
        needed_for=declared.needed_for, detects=BLANKED_BY.get((table, declared.name), ()),
    )  # fmt: skip


def _unknown_code(table: str, declared: Field) -> Check:
    return UnknownCode(
        f"unknown_code.{table}.{declared.name}", table=table, field=declared.name, codes=declared.unknown,
        accepted=declared.unknown_accepted, warn=declared.unknown_accepted, fail=max(0.15, 3 * declared.unknown_accepted),
        needed_for=declared.needed_for, detects=UNKNOWN_BY.get((table, declared.name), ()),
    )  # fmt: skip


def _code_not_in_list(table: str, declared: Field) -> Check:
    return CodeNotInList(
        f"code_not_in_list.{table}.{declared.name}", table=table, field=declared.name, codes=declared.codes or (),
        warn=0.0, fail=0.01, needed_for=declared.needed_for, detects=CODED_WRONGLY_BY.get((table, declared.name), ()),
        # A row whose class is not in the list counts as neither a crime nor an incident, so it must be seen here.
        scope="all rows" if declared.optional else "crimes",
    )  # fmt: skip


def _pattern(table: str, declared: Field) -> Check:
    return Pattern(
        f"pattern.{table}.{declared.name}", table=table, field=declared.name, pattern=declared.pattern or "",
        warn=0.0, fail=0.01, needed_for=declared.needed_for,
    )  # fmt: skip


def _letters(field: str) -> Check:
    return Pattern(
        f"pattern.persons.{field}", table="persons", field=field, pattern=r"^[^0-9]*\p{L}[^0-9]*$", kind="name",
        warn=0.002, fail=0.02, needed_for=("identity",), detects=("scanned_text",),
        finds=f"Person records whose {field} holds a digit, or no letter at all.",
        fix="Check scanned and imported names by eye once, and refuse digits where a name is typed.",
    )  # fmt: skip


_FIELDS = [(table, field) for table in RECORDED for field in TABLES[table].fields if field.name != "force"]
_ASKED_FOR = [(table, field) for table, field in _FIELDS if not field.optional]
_ONE_DIGIT = r"^06(?:0{9}|1{9}|2{9}|3{9}|4{9}|5{9}|6{9}|7{9}|8{9}|9{9}|123456789)$"

CHECKS: tuple[Check, ...] = (
    *[_missing(table, field) for table, field in _ASKED_FOR],
    *[_unknown_code(table, field) for table, field in _ASKED_FOR if field.unknown],
    *[_code_not_in_list(table, field) for table, field in _FIELDS if field.codes],
    *[_pattern(table, field) for table, field in _ASKED_FOR if field.pattern],
    *[
        PlaceholderName(
            f"placeholder.persons.{field}", table="persons", field=field, warn=0.001, fail=0.03,
            needed_for=("identity",), detects=("placeholder_name",),
        )
        for field in ("forename", "surname")
    ],
    Placeholder(
        "placeholder.persons.phone", table="persons", field="phone", pattern=_ONE_DIGIT, warn=0.001, fail=0.03,
        finds="Person records whose phone is one digit over and over, or digits in a row.", needed_for=("contact",),
    ),
    Placeholder(
        "placeholder.persons.address", table="persons", field="address", kind="address", warn=0.03, fail=0.03,
        needed_for=("contact",),
    ),
    *[_letters(field) for field in ("forename", "surname")],
)  # fmt: skip
