"""Checks that a gate of readiness, or the dimension *accuracy*, is judged by."""

from audit.checks.catalogue.cases import RECORDED_BEFORE_OCCURRENCE
from audit.checks.catalogue.dates import IMPOSSIBLE
from audit.checks.types.base import Check
from audit.checks.types.cases import AnyOf
from audit.checks.types.findings import AgreesWithEvent, ReportingGaps
from audit.checks.types.keys import LinkedRecords

CHECKS: tuple[Check, ...] = (
    LinkedRecords(
        "linked_records.crimes.victims_sex", table="crimes", field="crime_id", role="victim", value="sex", good=("F", "M"),
        warn=0.02, fail=0.05,  # the gate asks for 95%
        needed_for=("equality", "identity"),
        finds="Victims' person records of all crimes whose sex is blank or unknown; a crime without one counts as a bad record.",
        matters="Violence against women and girls cannot be counted where nobody knows whom it was done to.",
        fix="Link the victim's record to every crime, and ask for the sex where the record is made.",
    ),
    AnyOf(
        "impossible_date.crimes", table="crimes", field="recorded_on", dimension="validity", warn=0.002, fail=0.01,  # the gate
        of=(*IMPOSSIBLE, RECORDED_BEFORE_OCCURRENCE), needed_for=("recency",),
        finds="Crimes with any impossible date: out of order, after the last day of the data, or before 1920.",
        matters="A crime at an impossible date falls into the window or out of it wrongly.",
        fix="Refuse dates in the future and out of order where they are entered.",
    ),
    AgreesWithEvent(
        "agrees_with_event.crimes", table="crimes", field="offence_code", warn=0.05, fail=0.10,
        needed_for=("severity", "recency"),
        finds="Recorded crimes whose offence or day of report is not that of their event; only where there is a truth.",
        matters="A plausible wrong code or date counts like a right one, and moves people up or down a list.",
        fix="Look at samples of case files, and correct the codes and dates that the files contradict.",
    ),
    *[
        ReportingGaps(
            f"reporting_gaps.crimes.{name}", table="crimes", field="unit_id", warn=0.05, fail=0.15, needed_for=needed_for,
            found_in="coverage_gaps", measure=measure, matters=matters,
            finds=f"Months of units in which fewer crimes have {what} than the unit's other months lead to expect.",
            fix="Ask the unit what changed in those months, and enter what the files say.",
        )
        for name, measure, what, matters, needed_for in (
            ("outcomes", "outcome", "an outcome", "Nobody knows which cases are still open.", ()),
            (
                "relationships", "known relationship", "a known relationship",
                "Domestic abuse of those months cannot be distinguished from violence by strangers.", ("severity",),
            ),
        )
    ],
)  # fmt: skip
