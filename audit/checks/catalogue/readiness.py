"""Checks that a gate of readiness, or the dimension *accuracy*, is judged by."""

from audit.checks.catalogue.declaration import Check

READINESS = (
    Check(
        id="linked_records.crimes.victims_sex",
        type="linked_records",
        dimension="completeness",
        table="crimes",
        field="crime_id",
        warn=0.02,
        fail=0.05,  # the gate asks for 95 %
        finds="Victims' person records of all crimes whose sex is blank or unknown; a crime without one counts as a bad record.",
        matters="Violence against women and girls cannot be counted where nobody knows whom it was done to.",
        mend="Link the victim's record to every crime, and ask for the sex where the record is made.",
        needed_for=("equality", "identity"),
        parameters={"role": "victim", "field": "sex", "good": ("F", "M")},
    ),
    Check(
        id="impossible_date.crimes",
        type="any_of",
        dimension="validity",
        table="crimes",
        field="recorded_on",
        warn=0.002,
        fail=0.01,  # the gate of the design
        finds="Crimes with any impossible date: out of order, after the last day of the data, or before 1920.",
        matters="A crime at an impossible date falls in or out of the window wrongly.",
        mend="Refuse dates in the future and out of order where they are entered.",
        needed_for=("recency",),
        parameters={
            "of": (
                "impossible_date.crimes.occurred_on",
                "impossible_date.crimes.reported_on",
                "impossible_date.crimes.recorded_on",
                "impossible_date.crimes.outcome_on",
                "contradiction.crimes.recorded_before_occurrence",
            )
        },
    ),
    Check(
        id="agrees_with_event.crimes",
        type="agrees_with_event",
        dimension="accuracy",
        table="crimes",
        field="offence_code",
        warn=0.05,
        fail=0.10,
        finds="Recorded crimes whose offence or day of report is not that of their event; only where there is a truth.",
        matters="A plausible wrong code or date counts like a right one, and moves people up or down a list.",
        mend="Look at samples of case files, and correct the codes and dates that the files contradict.",
        needed_for=("severity", "recency"),
    ),
    *[
        Check(
            id=f"reporting_gaps.crimes.{name}",
            type="reporting_gaps",
            dimension="coverage",
            table="crimes",
            field="unit_id",
            warn=0.05,
            fail=0.15,
            finds=f"Months of units in which fewer crimes have {what} than the unit's other months lead to expect.",
            matters=matters,
            mend="Ask the unit what changed in those months, and enter what the files say.",
            needed_for=needed_for,
            parameters={"table": "coverage_gaps", "measure": measure},
        )
        for name, measure, what, matters, needed_for in (
            ("outcomes", "outcome", "an outcome", "Nobody can tell which cases are still open.", ()),
            (
                "relationships",
                "known relationship",
                "a known relationship",
                "Domestic abuse of those months cannot be told from violence by strangers.",
                ("severity",),
            ),
        )
    ],
)
