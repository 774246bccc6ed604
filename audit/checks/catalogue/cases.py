"""Checks of a case against itself: what must be there when something else is, and what cannot be true together.

A condition is (column, relation, value); relations are those of ``audit.checks.conditions``. Columns that a crime gets from
its involvements: ``suspects`` and ``victims`` (numbers of links), ``partners`` and ``strangers`` (links of that relationship).
"""

from audit.checks.catalogue.declaration import MATTERS, Check

# Home Office outcome framework: which outcomes need a suspect, and which are for want of one (FACTS; HMICFRS, Home Office).
NEEDS_SUSPECT = ("1", "2", "3", "4", "5", "8", "9", "10", "11", "12", "13", "15", "16", "17", "21", "22")
NO_NAMED_SUSPECT = ("14", "18")
PARTNERS = ("partner", "ex_partner")

Condition = tuple[str, str, object]


def _required(
    name: str, field: str, among: tuple[Condition, ...], then: Condition, warn: float, fail: float, finds: str, matters: str,
    mend: str, needed_for: tuple[str, ...] = (), table: str = "crimes", dimension: str = "consistency",
) -> Check:  # fmt: skip
    return Check(
        id=f"required_when.{name}",
        type="required_when",
        dimension=dimension,
        table=table,
        field=field,
        warn=warn,
        fail=fail,
        finds=finds,
        matters=matters,
        mend=mend,
        needed_for=needed_for,
        parameters={"among": among, "then": then},
    )


def _contradiction(
    name: str, field: str, among: tuple[Condition, ...], wrong: tuple[Condition, ...], finds: str, matters: str, mend: str,
    needed_for: tuple[str, ...] = (), warn: float = 0.005, fail: float = 0.05, table: str = "crimes",
) -> Check:  # fmt: skip
    return Check(
        id=f"contradiction.{table}.{name}",
        type="contradiction",
        dimension="consistency",
        table=table,
        field=field,
        warn=warn,
        fail=fail,
        finds=finds,
        matters=matters,
        mend=mend,
        needed_for=needed_for,
        parameters={"among": among, "wrong": wrong},
    )


_OUTCOME_MEND = "Check the outcome against the suspect's status when it is filed."
_OUTCOME_MATTERS = (
    "Either the outcome is wrong or the suspect's status is: the case counts for somebody it does not concern, or for nobody."
)

CASES = (
    _required(
        "suspect_linked",
        "suspect_status",
        (("suspect_status", "is or is blank", "named"),),
        ("suspects", "at least", 1),
        0.02,
        0.10,
        "Crimes whose suspect is named, or whose suspect status is blank, without a link to a suspect's person record.",
        "The crime counts for nobody: a suspect who is named but not linked does not exist for a list.",
        "Do not let a crime be filed with a named suspect and no link.",
        ("frequency", "identity"),
    ),
    _required(
        "outcome_on",
        "outcome_on",
        (("outcome_code", "is present", None),),
        ("outcome_on", "is present", None),
        0.02,
        0.10,
        "Crimes with an outcome and no date for it.",
        "Nobody can tell how long cases take, or whether a list's cases are still open.",
        "Write the date with the outcome.",
    ),
    _required(
        "outcome_code",
        "outcome_code",
        (("outcome_on", "is present", None),),
        ("outcome_code", "is present", None),
        0.005,
        0.05,
        "Crimes with a date of outcome and no outcome.",
        "The case is closed and nobody can tell how.",
        "Write the outcome with its date.",
    ),
    _required(
        "partner_is_domestic_abuse",
        "domestic_abuse",
        (("partners", "at least", 1), ("domestic_abuse", "is present", None)),
        ("domestic_abuse", "is true", None),
        0.005,
        0.05,
        "Crimes between partners or former partners that are not flagged as domestic abuse.",
        "Domestic abuse is missing from every count of it, and from a list that is made of it.",
        "Derive the flag from the relationship.",
        ("severity",),
    ),
    _required(
        "suspect_status",
        "suspect_status",
        (("suspects", "at least", 1),),
        ("suspect_status", "is present", None),
        0.01,
        0.10,
        "Crimes with a linked suspect whose suspect status is missing.",
        "Nobody can tell whether the links are complete.",
        "Derive the status from the links.",
        ("frequency",),
    ),
    _required(
        "relationship_when_domestic_abuse",
        "relationship",
        (("crime_domestic_abuse", "is true", None), ("role", "is", "suspect")),
        ("relationship", "is present", None),
        0.05,
        0.45,
        "Suspects of domestic abuse whose relationship to the victim is missing.",
        "A partner cannot be told from a brother, nor a list's domestic abuse from violence at home.",
        "Ask for the relationship in every case of domestic abuse.",
        ("severity",),
        "involvements",
        "completeness",
    ),
    _contradiction(
        "stranger_and_domestic_abuse",
        "domestic_abuse",
        (("domestic_abuse", "is present", None),),
        (("domestic_abuse", "is true", None), ("strangers", "at least", 1), ("partners", "is", 0)),
        "Crimes by a stranger that are flagged as domestic abuse.",
        "Domestic abuse is counted where there is none, or the relationship is wrong.",
        "Derive the flag from the relationship.",
        ("severity",),
    ),
    _contradiction(
        "outcome_for_want_of_suspect",
        "outcome_code",
        (("outcome_code", "is present", None), ("suspect_status", "is present", None)),
        (("outcome_code", "is in", NO_NAMED_SUSPECT), ("suspect_status", "is", "named")),
        "Crimes closed for want of a suspect (outcomes 14 and 18) that have a named suspect.",
        _OUTCOME_MATTERS,
        _OUTCOME_MEND,
        ("frequency",),
    ),
    _contradiction(
        "outcome_against_nobody",
        "outcome_code",
        (("outcome_code", "is present", None), ("suspect_status", "is present", None)),
        (("outcome_code", "is in", NEEDS_SUSPECT), ("suspect_status", "is in", ("none", "described"))),
        "Crimes whose outcome needs a suspect (charge, caution, outcomes 15 and 16, …) where none is named.",
        _OUTCOME_MATTERS,
        _OUTCOME_MEND,
        ("frequency",),
    ),
    _contradiction(
        "outcome_for_want_of_linked_suspect",
        "outcome_code",
        (("outcome_code", "is present", None),),
        (("outcome_code", "is in", NO_NAMED_SUSPECT), ("suspects", "at least", 1)),
        "Crimes closed for want of a suspect (outcomes 14 and 18) that link to one.",
        _OUTCOME_MATTERS,
        _OUTCOME_MEND,
        ("frequency",),
    ),
    _contradiction(
        "linked_but_no_suspect",
        "suspect_status",
        (("suspects", "at least", 1), ("suspect_status", "is present", None)),
        (("suspect_status", "is", "none"),),
        "Crimes with a linked suspect whose status says that there is none.",
        "The crime counts for somebody of whom the case says nothing.",
        "Derive the status from the links.",
        ("frequency",),
    ),
    _contradiction(
        "charged_without_link",
        "outcome_code",
        (("outcome_code", "is", "1"),),
        (("suspects", "is", 0),),
        "Crimes with a charge or summons that link to no suspect.",
        "The gravest cases, those that were charged, count for nobody.",
        "Link whoever was charged; the court file has the name.",
        ("frequency", "identity"),
        warn=0.05,
        fail=0.15,
    ),
    _contradiction(
        "recorded_before_occurrence",
        "recorded_on",
        (("occurred_on", "is present", None), ("recorded_on", "is present", None)),
        (("occurred_on", "is after", "recorded_on"),),
        "Crimes that were recorded before they happened.",
        "A crime at an impossible date falls in or out of the window wrongly.",
        "Refuse dates out of order where they are entered.",
        ("recency",),
        warn=0.0,
        fail=0.01,
    ),
    _contradiction(
        "outcome_before_report",
        "outcome_on",
        (("outcome_on", "is present", None), ("reported_on", "is present", None)),
        (("reported_on", "is after", "outcome_on"),),
        "Crimes whose outcome is older than their report.",
        "Either date is wrong, and with the report's the crime falls in or out of the window.",
        "Refuse dates out of order where they are entered.",
        ("recency",),
        warn=0.0,
        fail=0.01,
    ),
    _contradiction(
        "one_name_twice",
        "forename",
        (("forename", "is present", None), ("surname", "is present", None)),
        (("forename", "equals", "surname"),),
        "Person records whose forename and surname are the same.",
        "One of both was typed twice. " + MATTERS["identity"],
        "Ask again where both are the same.",
        ("identity",),
        warn=0.01,
        fail=0.05,
        table="persons",
    ),
    _contradiction(
        "record_of_another_force",
        "person_id",
        (("persons_force", "is present", None),),
        (("persons_force", "differs from", "force"),),
        "Involvements that name a person record of another force.",
        "The crime counts for nobody in its own force's list.",
        "Make a record of one's own, and tell both records to be one person's.",
        ("identity",),
        warn=0.0,
        fail=0.01,
        table="involvements",
    ),
)
