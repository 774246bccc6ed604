"""Checks over many rows at once: unequal between groups, abrupt from one month to the next; and findings of the other rooms."""

from audit.checks.catalogue.declaration import MATTERS, Check
from synthetic.contract import reference

_UNFAIR = "What is missing for some groups more than for others moves a list for them more, and nobody sees it in the total."
_ETHNICITIES = reference("ethnicities")
_WHITE = tuple(_ETHNICITIES.loc[_ETHNICITIES["ethnicity_group"] == "White", "ethnicity"])
_OTHERS = tuple(_ETHNICITIES.loc[~_ETHNICITIES["ethnicity_group"].isin(["White", "Not stated"]), "ethnicity"])
GROUPS = {
    "sex": ("sex", ("F",), ("M",), "women or men"),
    "ethnicity": ("ethnicity", _WHITE, _OTHERS, "White people or people of other ethnicity"),
}
"""Two groups to compare: the column, the codes of each, and what they are called."""


def _unequal(field: str, by: str) -> Check:
    column, these, others, names = GROUPS[by]
    return Check(
        id=f"unequal.persons.{field}.by_{by}",
        type="unequal",
        dimension="completeness",
        table="persons",
        field=field,
        warn=0.05,
        fail=0.10,
        finds=(
            f"How much oftener {field} is blank on the records of one group, {names}, than on the other's: failed are the "
            "rows in excess, of the rows of the group that is worse off."
        ),
        matters=_UNFAIR,
        mend="Find out where the groups' records are made otherwise: which desk, which system, which interpreter.",
        needed_for=("equality",),
        parameters={"column": column, "these": these, "others": others},
    )


def _abrupt(field: str, table: str, need: str) -> Check:
    return Check(
        id=f"abrupt_change.{table}.{field}",
        type="abrupt_change",
        dimension="consistency",
        table=table,
        field=field,
        warn=0.0,
        fail=0.10,
        finds=f"Months in which {field} is blank oftener or more seldom than in the three before, by over ten points and beyond chance.",
        matters="A change of system or form, and not of the world: figures before and after it cannot be compared. "
        + MATTERS[need],
        mend="Find out what changed in that month, and mark it on every figure that crosses it.",
        needed_for=(need,) if need else (),
        parameters={"of": "missing"},
    )


PATTERNS = (
    *[_unequal(field, "ethnicity") for field in ("forename", "date_of_birth", "sex", "address", "postcode", "phone")],
    *[_unequal(field, "sex") for field in ("forename", "date_of_birth", "ethnicity", "address", "postcode", "phone")],
    Check(
        id="abrupt_change.crimes.count",
        type="abrupt_change",
        dimension="coverage",
        table="crimes",
        field="crime_id",
        warn=0.0,
        fail=0.10,
        finds="Months in which a force recorded over 35 % fewer or 50 % more crimes than in the three before, beyond chance.",
        matters="A rule, a system or a habit changed, and not how many offend: a trend across it is none.",
        mend="Find out what changed in that month, and mark it on every figure that crosses it.",
        needed_for=("frequency",),
        parameters={"of": "count"},
    ),
    *[_abrupt(field, "persons", need) for field, need in (
        ("date_of_birth", "identity"), ("sex", "equality"), ("ethnicity", "equality"), ("postcode", "contact"), ("phone", "contact"),
    )],
    *[_abrupt(field, "crimes", need) for field, need in (
        ("offence_code", "severity"), ("domestic_abuse", "severity"), ("occurred_on", "recency"), ("reported_on", "recency"),
        ("suspect_status", "frequency"), ("postcode", "contact"),
    )],
    _abrupt("relationship", "involvements", "severity"),
)  # fmt: skip

FINDINGS = (
    Check(
        id="duplicate_identities.persons",
        type="duplicate_identities",
        dimension="uniqueness",
        table="persons",
        field="person_id",
        warn=0.03,
        fail=0.10,  # the gate of the design
        finds="Person records that are a further record of a person, estimated from the probabilities of the linkage.",
        matters="Whoever ranks person records ranks fragments: the worst are split into many small ones.",
        mend="Merge what the linkage is sure of after a look, and search before a record is made.",
        needed_for=("identity", "frequency"),
    ),
    Check(
        id="reporting_gaps.crimes",
        type="reporting_gaps",
        dimension="coverage",
        table="crimes",
        field="unit_id",
        warn=0.0,
        fail=0.05,
        finds="Months of units in which the unit, or one of its offence groups, records fewer crimes than its other months lead to expect.",
        matters="Silence looks like safety: whoever offends there is missing from the list.",
        mend="Ask the unit for those months, and record what was reported; the list of gaps says where and how many.",
        needed_for=("frequency",),
        parameters={"table": "gaps"},
    ),
    Check(
        id="reporting_gaps.crimes.suspect_links",
        type="reporting_gaps",
        dimension="coverage",
        table="crimes",
        field="unit_id",
        warn=0.05,
        fail=0.15,
        finds="Months of units in which crimes link to a suspect more seldom than the unit's other months lead to expect.",
        matters="Crimes are recorded and count for nobody.",
        mend="Ask the unit what changed in those months, and link what is named in the files.",
        needed_for=("frequency",),
        parameters={"table": "coverage_gaps", "measure": "linked suspect"},
    ),
    Check(
        id="months_supplied.crimes",
        type="months_supplied",
        dimension="coverage",
        table="crimes",
        field="recorded_on",
        warn=0.0,
        fail=0.0,  # the gate of the design asks for every month
        finds="Months of the period in which the force recorded no crime at all.",
        matters="A month that was not supplied is missing from every window that holds it.",
        mend="Ask the force's data team for the month.",
        needed_for=("frequency", "recency"),
    ),
)
