"""Checks of keys, links and numbers: what is there twice, leads nowhere, is shared by too many, or has too few or too many."""

from audit.checks.types.base import Check
from audit.checks.types.keys import Cardinality, KeyOrphaned, KeyTwice, SameEventTwice, SharedValue

_REKEY = "Find the import that reuses identifiers, and re-key it."

CHECKS: tuple[Check, ...] = (
    KeyTwice(
        "key_twice.persons", table="persons", field="person_id", key=("person_id",), needed_for=("identity",),
        finds="Person records whose identifier another record has too.",
        matters="Two people's crimes are added up as if they were of one person.",
        fix=_REKEY,
    ),
    KeyTwice(
        "key_twice.crimes", table="crimes", field="crime_id", key=("crime_id",), needed_for=("frequency",), scope="all rows",
        finds="Crimes whose identifier another crime has too.",
        matters="Crimes are counted once for two, or twice for one.",
        fix=_REKEY,
    ),
    KeyTwice(
        "key_twice.units", table="units", field="unit_id", key=("unit_id",), needed_for=("frequency",),
        finds="Units whose identifier another unit has too.",
        matters="Two stations' counts are one, and the silence of one is hidden by the other.",
        fix=_REKEY,
    ),
    KeyTwice(
        "key_twice.involvements", table="involvements", field="person_id", key=("crime_id", "person_id", "role"),
        warn=0.0, fail=0.01, needed_for=("frequency",), detects=("involvement_twice",),
        finds="Involvements that name the same crime, person record and role as another.",
        matters="Counted without care, one crime weighs twice.",
        fix="Refuse a second link of the same person record in the same role.",
    ),
    SameEventTwice(
        "same_event_twice.crimes", table="crimes", field="crime_id", warn=0.002, fail=0.01,
        key=("force", "unit_id", "offence_code", "occurred_on", "reported_on", "postcode", "reported_via"),
        needed_for=("frequency",), detects=("recorded_twice",),
        finds=(
            "Crimes with the same unit, offence, day of occurrence, day of report, postcode and channel as another, or with the "
            "same identifier."
        ),
        matters="One event counts twice: the worst per cent of all defects, since it lifts exactly those who have many.",
        fix="Search by victim and day before a crime is recorded, and merge what is found.",
    ),
    KeyOrphaned(
        "key_orphaned.involvements.crime_id", table="involvements", field="crime_id", other="crimes", needed_for=("frequency",),
        finds="Involvements whose crime is not in the data.",
        matters="A link that leads nowhere counts for nobody.",
        fix="Restore the crimes, or delete the links with them.",
    ),
    KeyOrphaned(
        "key_orphaned.involvements.person_id", table="involvements", field="person_id", other="persons",
        needed_for=("identity",), detects=("orphan",),
        finds="Involvements whose person record is not in the data.",
        matters="A crime counts for nobody.",
        fix="Restore the person records, or link the crime to those that took their place.",
    ),
    KeyOrphaned(
        "key_orphaned.crimes.unit_id", table="crimes", field="unit_id", other="units", needed_for=("frequency",),
        finds="Crimes whose unit is not in the data.",
        matters="Nobody can see whether a unit has stopped recording.",
        fix="Keep the list of units up to date, closed ones included.",
    ),
    Cardinality(
        "cardinality.crimes.no_victim", table="crimes", field="crime_id", column="victims", least=1, warn=0.005, fail=0.05,
        needed_for=("contact",), detects=("victim_not_linked",),
        finds="Crimes that link to no person record as victim.",
        matters="Nobody can be protected, and nobody can count how many victims one suspect has.",
        fix="Do not let a crime against a person be filed without its victim.",
    ),
    Cardinality(
        "cardinality.crimes.many_victims", table="crimes", field="crime_id", column="victims", most=10, needed_for=("severity",),
        finds="Crimes with more than 10 victims.",
        matters="One crime stands for many, or a template was filled in: its harm is weighed wrongly.",
        fix="Look at each by hand: record a crime for each victim, as the counting rules ask.",
    ),
    Cardinality(
        "cardinality.crimes.many_suspects", table="crimes", field="crime_id", column="suspects", most=10,
        needed_for=("frequency",),
        finds="Crimes with more than 10 suspects.",
        matters="One crime counts in full for everybody who is linked to it.",
        fix="Look at each by hand: take witnesses and callers out of the suspects.",
    ),
    Cardinality(
        "cardinality.persons.many_crimes", table="persons", field="person_id", column="as_suspect", most=60, fail=0.001,
        needed_for=("identity",),
        finds="Person records that are the suspect of more than 60 crimes.",
        matters="No person is behind it but a placeholder or a care home's address: it would head every list.",
        fix="Look at each by hand, and split what is not one person.",
    ),
    SharedValue(
        "shared_value.persons.phone", table="persons", field="phone", key=("force", "phone"), most=8, needed_for=("identity",),
        detects=("service_phone",),
        finds="Person records whose phone more than eight records of the force share.",
        matters="A number that many share does not distinguish people, and joins strangers if it is trusted.",
        fix="Find out whose number it is: a hostel's, a solicitor's or a placeholder.",
    ),
    SharedValue(
        "shared_value.persons.address", table="persons", field="address", key=("force", "address", "postcode"), most=40,
        needed_for=("identity",),
        finds="Person records whose address and postcode more than 40 records of the force share.",
        matters="An address that many share does not distinguish people.",
        fix="Mark hostels, hospitals and prisons as such.",
    ),
    SharedValue(
        "shared_value.persons.name_and_date_of_birth", table="persons", field="date_of_birth", most=1, warn=0.01, fail=0.10,
        key=("force", "forename", "surname", "date_of_birth"), needed_for=("identity",),
        finds="Person records of one force with the same forename, surname and date of birth as another record of it.",
        matters="Records that are letter for letter the same are one person as a rule, and a list ranks the parts.",
        fix="Merge them after a look; then look at the rest of what the linkage found.",
    ),
)  # fmt: skip
