"""Checks that the contract gives rise to, one for each field that they fit: missing, unknown, not in the list, of no such form."""

from audit.checks.catalogue.declaration import MATTERS, Check
from synthetic.contract import RECORDED, TABLES, Field

# Share of blanks at which a field warns and fails, where another than its need's.
MISSING_LIMITS = {
    ("persons", "ethnicity"): (0.01, 0.35),  # above 35 % differences by ethnicity cannot be tested (DESIGN, IICSA 2022)
    ("persons", "sex"): (0.01, 0.05),  # the gate asks for 95 % of victims
    ("persons", "phone"): (0.01, 0.80),
    ("persons", "address"): (0.01, 0.40),
    ("persons", "postcode"): (0.01, 0.40),
    ("crimes", "outcome_code"): (0.40, 0.70),  # open investigations have none yet; stale.crimes.outcome tells the old ones
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
PLACEHOLDER_NAMES = "unknown|not known|notknown|nk|n/k|n/a|none|null|test|x{2,}|no ?name|anon|anonymous|tbc|not stated"


def field_checks() -> tuple[Check, ...]:
    """One check for each field of a recorded table and each way in which it can be wrong."""
    fields = [
        (table, declared)
        for table in RECORDED
        for declared in TABLES[table].fields
        if declared.name != "force" and not declared.optional
    ]
    return (
        *[_missing(table, declared) for table, declared in fields],
        *[_unknown_code(table, declared) for table, declared in fields if declared.unknown],
        *[_code_not_in_list(table, declared) for table, declared in fields if declared.codes],
        *[_pattern(table, declared) for table, declared in fields if declared.pattern],
        *NAMES,
    )


def _need(declared: Field) -> str:
    return declared.needed_for[0] if declared.needed_for else ""


def _missing(table: str, declared: Field) -> Check:
    warn, fail = MISSING_LIMITS.get((table, declared.name)) or MISSING_BY_NEED[_need(declared)]
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
        matters=MATTERS[_need(declared)],
        mend=f"Ask for {declared.name} where the record is made, and refuse the record without it or a reason.",
        needed_for=declared.needed_for,
    )


def _unknown_code(table: str, declared: Field) -> Check:
    return Check(
        id=f"unknown_code.{table}.{declared.name}",
        type="unknown_code",
        dimension="completeness",
        table=table,
        field=declared.name,
        warn=declared.unknown_accepted,
        fail=max(0.15, 3 * declared.unknown_accepted),
        finds=f"Rows of {table} whose {declared.name} is a code that says it is not known.",
        matters="A field can be full and say nothing. " + MATTERS[_need(declared)],
        mend="Ask why it is not known, and offer no code that is quicker to enter than the answer.",
        needed_for=declared.needed_for,
        parameters={"codes": declared.unknown},
    )


def _code_not_in_list(table: str, declared: Field) -> Check:
    return Check(
        id=f"code_not_in_list.{table}.{declared.name}",
        type="code_not_in_list",
        dimension="validity",
        table=table,
        field=declared.name,
        warn=0.0,
        fail=0.01,
        finds=f"Values of {declared.name} in {table} that are not in its code list.",
        matters=MATTERS[_need(declared)],
        mend="Offer the list where the value is entered, and map retired codes to their successors.",
        needed_for=declared.needed_for,
        parameters={"codes": declared.codes},
    )


def _pattern(table: str, declared: Field) -> Check:
    return Check(
        id=f"pattern.{table}.{declared.name}",
        type="pattern",
        dimension="validity",
        table=table,
        field=declared.name,
        warn=0.0,
        fail=0.01,
        finds=f"Values of {declared.name} in {table} that do not have its form.",
        matters=MATTERS[_need(declared)],
        mend="Check the form where the value is entered.",
        needed_for=declared.needed_for,
        parameters={"pattern": declared.pattern},
    )


def _placeholder(field: str, pattern: str, what: str, need: str, warn: float = 0.001) -> Check:
    return Check(
        id=f"placeholder.persons.{field}",
        type="placeholder",
        dimension="completeness",
        table="persons",
        field=field,
        warn=warn,
        fail=0.03,
        finds=f"Person records whose {field} is {what}.",
        matters="A placeholder passes for data, and joins strangers into one person. " + MATTERS[need],
        mend=f"Let {field} be left empty with a reason, so that nobody has to type something.",
        needed_for=(need,),
        parameters={"pattern": pattern},
    )


def _letters(field: str) -> Check:
    return Check(
        id=f"pattern.persons.{field}",
        type="pattern",
        dimension="validity",
        table="persons",
        field=field,
        warn=0.002,
        fail=0.02,
        finds=f"Person records whose {field} holds a digit, or no letter at all.",
        matters=MATTERS["identity"],
        mend="Check scanned and imported names by eye once, and refuse digits where a name is typed.",
        needed_for=("identity",),
        parameters={"pattern": r"^[^0-9]*\p{L}[^0-9]*$"},
    )


NAMES = (
    _placeholder("forename", f"(?i)^ *(?:{PLACEHOLDER_NAMES}) *$", "a word that says there is none", "identity"),
    _placeholder("surname", f"(?i)^ *(?:{PLACEHOLDER_NAMES}) *$", "a word that says there is none", "identity"),
    _placeholder(
        "phone",
        r"^06(?:0{9}|1{9}|2{9}|3{9}|4{9}|5{9}|6{9}|7{9}|8{9}|9{9}|123456789)$",
        "one digit over and over, or digits in a row",
        "contact",
    ),
    _placeholder(
        "address", f"(?i)^ *(?:{PLACEHOLDER_NAMES}|no fixed abode|nfa) *$", "a word that says there is none", "contact", 0.03
    ),
    _letters("forename"),
    _letters("surname"),
)
