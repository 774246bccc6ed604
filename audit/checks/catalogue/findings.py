"""Checks of what other modules find: duplicate identities, reporting gaps, months supplied, units that stand out."""

from audit.checks.types.base import Check
from audit.checks.types.findings import DuplicateIdentities, MonthsSupplied, ReportingGaps, StandsOut

CHECKS: tuple[Check, ...] = (
    DuplicateIdentities(
        "duplicate_identities.persons", table="persons", field="person_id", warn=0.03, fail=0.10,  # the gate of the design
        needed_for=("identity", "frequency"),
        detects=(
            "split_identity", "alias", "married_name", "nickname", "transliteration", "accent_hyphen", "phonetic", "typing_slip",
            "swapped_names", "day_month_swapped", "wrong_digit", "old_address",
        ),
        finds="Duplicate person records, estimated from the probabilities of the linkage.",
        matters="A list of person records ranks fragments: the worst are split into many small ones.",
        fix="Merge what the linkage is sure of after a look, and search before a record is made.",
    ),
    ReportingGaps(
        "reporting_gaps.crimes", table="crimes", field="unit_id", warn=0.0, fail=0.05, needed_for=("frequency",),
        detects=(
            "silent_unit", "group_dropped", "unit_drop", "late_unit", "misrouted", "system_change", "last_months_incomplete",
        ),
        finds="Months of units in which the unit, or one of its offence groups, records fewer crimes than its other months lead to expect.",
        matters="Silence looks like safety: people who offend there are missing from the list.",
        fix="Ask the unit for those months, and record what was reported; the list of gaps says where and how many.",
    ),
    ReportingGaps(
        "reporting_gaps.crimes.suspect_links", table="crimes", field="unit_id", warn=0.05, fail=0.15, needed_for=("frequency",),
        found_in="coverage_gaps", measure="linked suspect",
        finds="Months of units in which crimes link to a suspect less often than the unit's other months lead to expect.",
        matters="Crimes are recorded and count for nobody.",
        fix="Ask the unit what changed in those months, and link what is named in the files.",
    ),
    StandsOut(
        "stands_out.crimes.cancelled", table="crimes", field="record_class", measure="cancelled", warn=0.0, fail=0.05,
        needed_for=("frequency",), scope="all rows", detects=("cancelled_wrongly",),
        finds=(
            "Cancelled crimes in excess, in units that cancel crimes of an offence group more often than the force's other units "
            "do, beyond chance; of all crimes, cancelled ones included."
        ),
        matters="A crime that is wrongly cancelled counts for nobody: of sampled cancellations of rape up to 43% were wrong.",
        fix="Review a sample of the unit's cancellations of that group against the crime log.",
    ),
    StandsOut(
        "stands_out.crimes.incidents", table="crimes", field="record_class", measure="incidents", warn=0.0, fail=0.10,
        needed_for=("frequency",), scope="all rows", detects=("crime_as_incident",),
        finds=(
            "Domestic-abuse records that stand as non-crime incidents, in excess, in units where more of them do than in the "
            "force's other units, beyond chance; of all domestic-abuse records."
        ),
        matters="A domestic crime that is left as an incident counts for nobody on a list of crimes.",
        fix="Review a sample of the unit's incidents, and record a crime where the account holds one.",
    ),
    MonthsSupplied(
        "months_supplied.crimes", table="crimes", field="recorded_on", warn=0.0, fail=0.0,  # the gate asks for every month
        needed_for=("frequency", "recency"),
        finds="Months of the period in which the force recorded no crime at all.",
        matters="A month that was not supplied is missing from every window that holds it.",
        fix="Ask the force's data team for the month.",
    ),
)  # fmt: skip
