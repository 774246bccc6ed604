"""Checks of keys, links and counts: what stands twice, leads nowhere, is shared by too many, or has too few or too many."""

from audit.checks.catalogue.declaration import Check

_REKEY = "Find the import that reuses identifiers, and re-key it."


def _twice(table: str, field: str, finds: str, matters: str, need: str) -> Check:
    return Check(
        id=f"key_twice.{table}",
        type="key_twice",
        dimension="uniqueness",
        table=table,
        field=field,
        warn=0.0,
        fail=0.001,
        finds=finds,
        matters=matters,
        mend=_REKEY,
        needed_for=(need,),
        parameters={"key": (field,)},
    )


def _orphan(table: str, field: str, other: str, finds: str, matters: str, mend: str, need: str) -> Check:
    return Check(
        id=f"key_orphaned.{table}.{field}",
        type="key_orphaned",
        dimension="consistency",
        table=table,
        field=field,
        warn=0.0,
        fail=0.01,
        finds=finds,
        matters=matters,
        mend=mend,
        needed_for=(need,),
        parameters={"other": other},
    )


def _number(name: str, table: str, field: str, finds: str, matters: str, mend: str, **more: object) -> Check:
    """A check on how many rows of another table belong to one of this."""
    limits = {"warn": more.pop("warn", 0.0), "fail": more.pop("fail", 0.01), "needed_for": more.pop("needed_for", ())}
    return Check(
        id=f"cardinality.{table}.{name}",
        type="cardinality",
        dimension="consistency",
        table=table,
        field=field,
        finds=finds,
        matters=matters,
        mend=mend,
        parameters=more,
        **limits,  # type: ignore[arg-type]
    )


def _shared(field: str, most: int, finds: str, matters: str, mend: str, key: tuple[str, ...], name: str | None = None) -> Check:
    return Check(
        id=f"shared_value.persons.{name or field}",
        type="shared_value",
        dimension="uniqueness",
        table="persons",
        field=field,
        warn=0.005,
        fail=0.05,
        finds=finds,
        matters=matters,
        mend=mend,
        needed_for=("identity",),
        parameters={"key": key, "most": most},
    )


KEYS = (
    _twice(
        "persons",
        "person_id",
        "Person records whose identifier another record has too.",
        "Two people's crimes are added up as one person's.",
        "identity",
    ),
    _twice(
        "crimes",
        "crime_id",
        "Crimes whose identifier another crime has too.",
        "Crimes are counted once for two, or twice for one.",
        "frequency",
    ),
    _twice(
        "units",
        "unit_id",
        "Units whose identifier another unit has too.",
        "Two stations' counts are one, and the silence of one is hidden by the other.",
        "frequency",
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
        type="same_event_twice",
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
    _orphan(
        "involvements",
        "crime_id",
        "crimes",
        "Involvements whose crime is not in the data.",
        "A link that leads nowhere counts for nobody.",
        "Restore the crimes, or delete the links with them.",
        "frequency",
    ),
    _orphan(
        "involvements",
        "person_id",
        "persons",
        "Involvements whose person record is not in the data.",
        "A crime counts for nobody.",
        "Restore the person records, or link the crime to those that took their place.",
        "identity",
    ),
    _orphan(
        "crimes",
        "unit_id",
        "units",
        "Crimes whose unit is not in the data.",
        "Nobody can tell whether a unit has stopped recording.",
        "Keep the list of units up to date, closed ones included.",
        "frequency",
    ),
    _number(
        "no_victim",
        "crimes",
        "crime_id",
        "Crimes that link to no person record as victim.",
        "Nobody can be protected, and nobody can tell how many victims one suspect has.",
        "Do not let a crime against a person be filed without its victim.",
        column="victims",
        least=1,
        warn=0.005,
        fail=0.05,
        needed_for=("contact",),
    ),
    _number(
        "many_victims",
        "crimes",
        "crime_id",
        "Crimes with more than 10 victims.",
        "One crime stands for many, or a template was filled in: its harm is weighed wrongly.",
        "Look at each by hand: record a crime for each victim, as the counting rules ask.",
        column="victims",
        most=10,
        needed_for=("severity",),
    ),
    _number(
        "many_suspects",
        "crimes",
        "crime_id",
        "Crimes with more than 10 suspects.",
        "One crime counts in full for everybody who is linked to it.",
        "Look at each by hand: take witnesses and callers out of the suspects.",
        column="suspects",
        most=10,
        needed_for=("frequency",),
    ),
    _number(
        "many_crimes",
        "persons",
        "person_id",
        "Person records that are the suspect of more than 60 crimes.",
        "No person is behind it but a placeholder or a care home's address: it would head every list.",
        "Look at each by hand, and split what is not one person.",
        column="as_suspect",
        most=60,
        fail=0.001,
        needed_for=("identity",),
    ),
    _shared(
        "phone",
        8,
        "Person records whose phone more than eight records share.",
        "A number that many share tells nobody apart, and joins strangers if it is trusted.",
        "Find out whose number it is: a hostel's, a solicitor's or a placeholder.",
        ("phone",),
    ),
    _shared(
        "address",
        40,
        "Person records whose address and postcode more than 40 records share.",
        "An address that many share tells nobody apart.",
        "Mark hostels, hospitals and prisons as such.",
        ("address", "postcode"),
    ),
    Check(
        id="shared_value.persons.name_and_date_of_birth",
        type="shared_value",
        dimension="uniqueness",
        table="persons",
        field="date_of_birth",
        warn=0.01,
        fail=0.10,
        finds="Person records of one force with the same forename, surname and date of birth as another record of it.",
        matters="Records that are letter for letter the same are one person as a rule, and a list ranks the parts.",
        mend="Merge them after a look; then look at the rest of what the linkage found.",
        needed_for=("identity",),
        parameters={"key": ("force", "forename", "surname", "date_of_birth"), "most": 1},
    ),
)
