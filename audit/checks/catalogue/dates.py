"""Checks of dates: impossible, out of range, filled in by rote, late, and old cases without an outcome."""

from audit.checks.catalogue.declaration import MATTERS, Check
from synthetic.contract import reference

_OFFENCES = reference("offences")
COURSES_OF_CONDUCT = tuple(_OFFENCES.loc[_OFFENCES["offence_group"].isin(["stalking", "harassment"]), "offence_code"])

_FALLS = "A crime at an impossible date falls in or out of the window wrongly."
_REFUSE = "Refuse dates in the future and out of order where they are entered."


def _order(table: str, field: str, after: str | None, finds: str, need: str, **more: object) -> Check:
    return Check(
        id=f"impossible_date.{table}.{field}",
        type="order_of_dates",
        dimension="validity",
        table=table,
        field=field,
        warn=0.0,
        fail=0.01,
        finds=finds,
        matters=_FALLS if table == "crimes" else "Records of one person cannot be told to be one.",
        mend=_REFUSE,
        needed_for=(need,) if need else (),
        parameters={"before": field, "after": after, **more},
    )


def _delay(days: int, warn: float, fail: float, matters: str, mend: str) -> Check:
    standard = "; the National Crime Recording Standard asks for 24 hours" if days == 1 else ""
    return Check(
        id=f"delay.crimes.{days}_day{'s' if days > 1 else ''}",
        type="delay",
        dimension="timeliness",
        table="crimes",
        field="recorded_on",
        warn=warn,
        fail=fail,
        finds=f"Crimes recorded more than {'a day' if days == 1 else f'{days} days'} after the report{standard}.",
        matters=matters,
        mend=mend,
        needed_for=("recency",),
        parameters={"from": "reported_on", "to": "recorded_on", "days": days},
    )


def _heap(name: str, table: str, field: str, warn: float, fail: float, finds: str, need: str, **more: object) -> Check:
    return Check(
        id=f"heaping.{table}.{name}",
        type="heaping",
        dimension="validity",
        table=table,
        field=field,
        warn=warn,
        fail=fail,
        finds=finds,
        matters="A date that stands for 'about then' passes for a fact. " + MATTERS[need],
        mend="Let part of a date be left open, so that nobody has to fill in a day.",
        needed_for=(need,),
        parameters=more,
    )


def _range(
    name: str, table: str, field: str, warn: float, fail: float, finds: str, matters: str, need: str, **more: object
) -> Check:
    return Check(
        id=f"range.{table}.{name}",
        type="range",
        dimension="validity",
        table=table,
        field=field,
        warn=warn,
        fail=fail,
        finds=finds,
        matters=matters,
        mend="Ask again where a value lies out of the usual, before the record is saved.",
        needed_for=(need,),
        parameters=more,
    )


DATES = (
    _order(
        "crimes",
        "occurred_on",
        "reported_on",
        "Crimes that happened after they were reported, after the last day of the data, or before 1920.",
        "recency",
    ),
    _order(
        "crimes",
        "reported_on",
        "recorded_on",
        "Crimes that were reported after they were recorded, after the last day of the data, or before 1920.",
        "recency",
    ),
    _order(
        "crimes",
        "recorded_on",
        "outcome_on",
        "Crimes that were recorded after their outcome, after the last day of the data, or before 1920.",
        "recency",
    ),
    _order("crimes", "outcome_on", None, "Crimes whose outcome lies after the last day of the data, or before 1920.", ""),
    _order(
        "persons",
        "date_of_birth",
        "created_on",
        "Person records born after they were made, after the last day of the data, or before 1900.",
        "identity",
        earliest="1900-01-02",
    ),
    _order("persons", "created_on", None, "Person records made after the last day of the data, or before 1920.", ""),
    _range(
        "age_at_record",
        "persons",
        "date_of_birth",
        0.0005,
        0.01,
        "Person records of somebody over 105 years old when the record was made.",
        "A date of birth that far back is a filler or a slip, and splits one person in two. " + MATTERS["identity"],
        "identity",
        since="created_on",
        most_years=105,
    ),
    _range(
        "report_years_on",
        "crimes",
        "reported_on",
        0.005,
        0.05,
        "Crimes reported over 50 years after they happened.",
        "Few such reports are right: the year is a slip as a rule, and a window on the day of the offence loses the crime.",
        "recency",
        from_="occurred_on",
        most_years=50,
    ),
    _range(
        "population",
        "units",
        "population",
        0.0,
        0.2,
        "Units for which no resident is entered.",
        "The length of the force's list follows its population.",
        "frequency",
        least=1,
    ),
    _delay(
        1,
        0.04,
        0.20,
        "Whoever offends now is missing from this month's list.",
        "Record at the first contact; watch the queue daily.",
    ),
    _delay(3, 0.03, 0.15, "A week's briefing is made without them.", "Find out which channel waits, and staff it."),
    _delay(7, 0.02, 0.10, "A case conference meets without them.", "Find the queue in which reports wait a week."),
    _delay(30, 0.01, 0.05, "A month's list is made without them.", "Find the queue in which reports wait, and clear it."),
    Check(
        id="stale.crimes.outcome",
        type="stale",
        dimension="timeliness",
        table="crimes",
        field="outcome_code",
        warn=0.105,
        fail=0.25,
        finds="Crimes recorded over a year before the last day of the data that have no outcome.",
        matters="Nobody can tell whether the case is open or forgotten, and a suspect may be on a list for a case that was closed.",
        mend="Review cases without an outcome every quarter.",
        parameters={"since": "recorded_on", "days": 365},
    ),
    _heap(
        "date_of_birth_1_january",
        "persons",
        "date_of_birth",
        0.01,
        0.05,
        "Dates of birth on 1 January; by chance it is 0.3 %.",
        "identity",
        month=1,
        day=1,
    ),
    _heap(
        "date_of_birth_first_of_month",
        "persons",
        "date_of_birth",
        0.08,
        0.15,
        "Dates of birth on the first of a month; by chance it is 3.3 %.",
        "identity",
        day=1,
    ),
    _heap(
        "occurred_on_is_day_of_record",
        "crimes",
        "occurred_on",
        0.125,
        0.25,
        "Stalking and harassment, which are courses of conduct, that happened on the day of the record; a tenth do.",
        "recency",
        same_as="recorded_on",
        offences=COURSES_OF_CONDUCT,
    ),
    _heap(
        "occurred_on_1_january",
        "crimes",
        "occurred_on",
        0.02,
        0.05,
        "Crimes that happened on 1 January; by chance it is 0.3 %, and at New Year somewhat more.",
        "recency",
        month=1,
        day=1,
    ),
    _heap(
        "occurred_on_first_of_month",
        "crimes",
        "occurred_on",
        0.08,
        0.15,
        "Crimes that happened on the first of a month; by chance it is 3.3 %.",
        "recency",
        day=1,
    ),
    _heap(
        "reported_on_first_of_month",
        "crimes",
        "reported_on",
        0.08,
        0.15,
        "Crimes reported on the first of a month; by chance it is 3.3 %.",
        "recency",
        day=1,
    ),
)
