"""Checks that compare a case with itself: what must be there when something else is, and what cannot be true together."""

from audit.checks.types.base import MATTERS, Check
from audit.checks.types.cases import Contradiction, RequiredWhen, ShareOfCodes
from audit.checks.types.conditions import AtLeast, DiffersFrom, Equals, Is, IsAfter, IsIn, IsNotIn, IsPresent, IsTrue

# Home Office outcome framework: which outcomes need a suspect, and which are for want of one (FACTS; HMICFRS, Home Office).
NEEDS_SUSPECT = ("1", "2", "3", "4", "5", "8", "9", "10", "11", "12", "13", "15", "16", "17", "21", "22")
NO_NAMED_SUSPECT = ("14", "18")

_FROM_RELATIONSHIP = "Derive the flag from the relationship."
_FROM_LINKS = "Derive the status from the links."
_REFUSE = "Refuse dates out of order where they are entered."
_OUTCOME_FIX = "Check the outcome against the suspect's status when it is filed."
_OUTCOME_MATTERS = (
    "Either the outcome is wrong or the suspect's status is: the case counts for somebody it does not concern, or for nobody."
)

RECORDED_BEFORE_OCCURRENCE = Contradiction(
    "contradiction.crimes.recorded_before_occurrence", table="crimes", field="recorded_on", warn=0.0, fail=0.01,
    among=(IsPresent("occurred_on"), IsPresent("recorded_on")), wrong=(IsAfter("occurred_on", "recorded_on"),),
    needed_for=("recency",), detects=("date_out_of_order",),
    finds="Crimes that were recorded before they happened.",
    matters="A crime at an impossible date falls into the window or out of it wrongly.",
    fix=_REFUSE,
)  # fmt: skip

CHECKS: tuple[Check, ...] = (
    RequiredWhen(
        "required_when.suspect_linked", table="crimes", field="suspect_status", warn=0.02, fail=0.10,
        among=(Is("suspect_status", "named", or_blank=True),), then=AtLeast("suspects", 1),
        needed_for=("frequency", "identity"), detects=("suspect_not_linked",),
        finds="Crimes whose suspect is named, or whose suspect status is blank, without a link to a suspect's person record.",
        matters="The crime counts for nobody: a suspect who is named but not linked does not exist for a list.",
        fix="Do not let a crime be filed with a named suspect and no link.",
    ),
    RequiredWhen(
        "required_when.outcome_on", table="crimes", field="outcome_on", warn=0.02, fail=0.10,
        among=(IsPresent("outcome_code"),), then=IsPresent("outcome_on"), detects=("missing_outcome_on",),
        finds="Crimes with an outcome and no date for it.",
        matters="Nobody knows how long cases take, or whether a list's cases are still open.",
        fix="Write the date with the outcome.",
    ),
    RequiredWhen(
        "required_when.outcome_code", table="crimes", field="outcome_code", warn=0.005, fail=0.05,
        among=(IsPresent("outcome_on"),), then=IsPresent("outcome_code"), detects=("missing_outcome_code",),
        finds="Crimes with a date of outcome and no outcome.",
        matters="The case is closed and nobody knows how.",
        fix="Write the outcome with its date.",
    ),
    RequiredWhen(
        "required_when.partner_is_domestic_abuse", table="crimes", field="domestic_abuse", warn=0.005, fail=0.05,
        among=(AtLeast("partners", 1), IsPresent("domestic_abuse")), then=IsTrue("domestic_abuse"),
        needed_for=("severity",), detects=("domestic_abuse_wrong",),
        finds="Crimes between partners or former partners that are not flagged as domestic abuse.",
        matters="Domestic abuse is missing from every count of it, and from a list that is made of it.",
        fix=_FROM_RELATIONSHIP,
    ),
    RequiredWhen(
        "required_when.suspect_status", table="crimes", field="suspect_status", warn=0.01, fail=0.10,
        among=(AtLeast("suspects", 1),), then=IsPresent("suspect_status"), needed_for=("frequency",),
        finds="Crimes with a linked suspect whose suspect status is missing.",
        matters="Nobody knows whether the links are complete.",
        fix=_FROM_LINKS,
    ),
    RequiredWhen(
        "required_when.relationship_when_domestic_abuse", table="involvements", field="relationship", dimension="completeness",
        among=(IsTrue("crime_domestic_abuse"), Is("role", "suspect")), then=IsPresent("relationship"), warn=0.05, fail=0.45,
        needed_for=("severity",),
        finds="Suspects of domestic abuse whose relationship to the victim is missing.",
        matters="A partner cannot be distinguished from a brother, nor a list's domestic abuse from other violence at home.",
        fix="Ask for the relationship in every case of domestic abuse.",
    ),
    Contradiction(
        "contradiction.crimes.stranger_and_domestic_abuse", table="crimes", field="domestic_abuse",
        among=(IsPresent("domestic_abuse"),), wrong=(IsTrue("domestic_abuse"), AtLeast("strangers", 1), Is("partners", 0)),
        needed_for=("severity",), detects=("domestic_abuse_wrong",),
        finds="Crimes by a stranger that are flagged as domestic abuse.",
        matters="Domestic abuse is counted where there is none, or the relationship is wrong.",
        fix=_FROM_RELATIONSHIP,
    ),
    Contradiction(
        "contradiction.crimes.outcome_for_want_of_suspect", table="crimes", field="outcome_code",
        among=(IsPresent("outcome_code"), IsPresent("suspect_status")),
        wrong=(IsIn("outcome_code", NO_NAMED_SUSPECT), Is("suspect_status", "named")),
        needed_for=("frequency",), detects=("outcome_against_suspect",),
        finds="Crimes closed for want of a suspect (outcomes 14 and 18) that have a named suspect.",
        matters=_OUTCOME_MATTERS,
        fix=_OUTCOME_FIX,
    ),
    Contradiction(
        "contradiction.crimes.outcome_against_nobody", table="crimes", field="outcome_code",
        among=(IsPresent("outcome_code"), IsPresent("suspect_status")),
        wrong=(IsIn("outcome_code", NEEDS_SUSPECT), IsIn("suspect_status", ("none", "described"))),
        needed_for=("frequency",), detects=("outcome_against_suspect",),
        finds="Crimes whose outcome needs a suspect (charge, caution, outcomes 15 and 16, …) where none is named.",
        matters=_OUTCOME_MATTERS,
        fix=_OUTCOME_FIX,
    ),
    Contradiction(
        "contradiction.crimes.outcome_for_want_of_linked_suspect", table="crimes", field="outcome_code",
        among=(IsPresent("outcome_code"),), wrong=(IsIn("outcome_code", NO_NAMED_SUSPECT), AtLeast("suspects", 1)),
        needed_for=("frequency",), detects=("outcome_against_suspect",),
        finds="Crimes closed for want of a suspect (outcomes 14 and 18) that link to one.",
        matters=_OUTCOME_MATTERS,
        fix=_OUTCOME_FIX,
    ),
    Contradiction(
        "contradiction.crimes.linked_but_no_suspect", table="crimes", field="suspect_status",
        among=(AtLeast("suspects", 1), IsPresent("suspect_status")), wrong=(Is("suspect_status", "none"),),
        needed_for=("frequency",),
        finds="Crimes with a linked suspect whose status says that there is none.",
        matters="The crime counts for somebody of whom the case says nothing.",
        fix=_FROM_LINKS,
    ),
    Contradiction(
        "contradiction.crimes.charged_without_link", table="crimes", field="outcome_code", warn=0.05, fail=0.15,
        among=(Is("outcome_code", "1"),), wrong=(Is("suspects", 0),), needed_for=("frequency", "identity"),
        detects=("suspect_not_linked",),
        finds="Crimes with a charge or summons that link to no suspect.",
        matters="The gravest cases, those that were charged, count for nobody.",
        fix="Link the person who was charged; the court file has the name.",
    ),
    RECORDED_BEFORE_OCCURRENCE,
    Contradiction(
        "contradiction.crimes.outcome_before_report", table="crimes", field="outcome_on", warn=0.0, fail=0.01,
        among=(IsPresent("outcome_on"), IsPresent("reported_on")), wrong=(IsAfter("reported_on", "outcome_on"),),
        needed_for=("recency",), detects=("date_swapped", "date_in_future", "outcome_before_crime"),
        finds="Crimes whose outcome is older than their report.",
        matters="Either date is wrong, and with the report's the crime falls into the window or out of it.",
        fix=_REFUSE,
    ),
    Contradiction(
        "contradiction.crimes.incident_with_outcome", table="crimes", field="record_class", scope="all rows", warn=0.0, fail=0.05,
        among=(Is("record_class", "non_crime_incident"),), wrong=(IsIn("outcome_code", NEEDS_SUSPECT),),
        needed_for=("frequency",),
        finds="Non-crime incidents with an outcome that only a crime has: a charge, a caution, evidence and a suspect.",
        matters="A crime stands as an incident, and counts for nobody on a list of crimes.",
        fix="Record the crime that the outcome is of.",
    ),
    ShareOfCodes(
        "share_of_codes.crimes.domestic_incidents", table="crimes", field="record_class", codes=("non_crime_incident",),
        scope="all rows", warn=0.50, fail=0.65,  # 39.5% in England and Wales (ONS, year to March 2025); limits illustrative
        among=(IsTrue("domestic_abuse"), IsNotIn("record_class", ("cancelled",))),
        needed_for=("frequency",), detects=("crime_as_incident",),
        finds="Domestic-abuse records that stand as non-crime incidents; in England and Wales 39.5% do (ONS, year to March 2025).",
        matters="Where far more than usual do, crimes are among them, and those count for nobody on a list of crimes.",
        fix="Review a sample of domestic incidents, and record a crime where the account holds one.",
    ),
    Contradiction(
        "contradiction.persons.one_name_twice", table="persons", field="forename", warn=0.01, fail=0.05,
        among=(IsPresent("forename"), IsPresent("surname")), wrong=(Equals("forename", "surname"),), needed_for=("identity",),
        finds="Person records whose forename and surname are the same.",
        matters="One of the two was typed twice. " + MATTERS["identity"],
        fix="Ask again where both are the same.",
    ),
    Contradiction(
        "contradiction.involvements.record_of_another_force", table="involvements", field="person_id", warn=0.0, fail=0.01,
        among=(IsPresent("persons_force"),), wrong=(DiffersFrom("persons_force", "force"),), needed_for=("identity",),
        finds="Involvements that name a person record of another force.",
        matters="The crime counts for nobody in its own force's list.",
        fix="Make a record in the force's own data, and note that both records are of the same person.",
    ),
)  # fmt: skip
