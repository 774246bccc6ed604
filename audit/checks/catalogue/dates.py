"""Checks of dates: impossible, out of range, filled in by habit, late, and old cases without an outcome."""

from datetime import date

from audit.checks.types.base import MATTERS, Check
from audit.checks.types.dates import Delay, LeastNumber, OnDay, OrderOfDates, SameDay, Stale, YearsBetween
from synthetic.contract import reference

_OFFENCES = reference("offences")
COURSES_OF_CONDUCT = tuple(_OFFENCES.loc[_OFFENCES["offence_group"].isin(["stalking", "harassment"]), "offence_code"])

_FALLS = "A crime at an impossible date falls into the window or out of it wrongly."
_NOT_RECOGNISED = "Records of the same person cannot be recognised."
_REFUSE = "Refuse dates in the future and out of order where they are entered."
_ASK_AGAIN = "Ask again where a value lies out of the usual, before the record is saved."
_ABOUT_THEN = "A date that stands for 'about then' passes for a fact. "
_LEAVE_OPEN = "Let part of a date be left open, so that nobody has to fill in a day."

IMPOSSIBLE = (
    OrderOfDates(
        "impossible_date.crimes.occurred_on", table="crimes", field="occurred_on", after="reported_on",
        needed_for=("recency",), matters=_FALLS, fix=_REFUSE,
        detects=("date_swapped", "date_defaulted", "date_out_of_order", "date_1900"),
        finds="Crimes that happened after they were reported, after the last day of the data, or before 1920.",
    ),
    OrderOfDates(
        "impossible_date.crimes.reported_on", table="crimes", field="reported_on", after="recorded_on",
        needed_for=("recency",), matters=_FALLS, fix=_REFUSE, detects=("date_swapped", "date_in_future"),
        finds="Crimes that were reported after they were recorded, after the last day of the data, or before 1920.",
    ),
    OrderOfDates(
        "impossible_date.crimes.recorded_on", table="crimes", field="recorded_on", after="outcome_on",
        needed_for=("recency",), matters=_FALLS, fix=_REFUSE, detects=("outcome_before_crime",),
        finds="Crimes that were recorded after their outcome, after the last day of the data, or before 1920.",
    ),
    OrderOfDates(
        "impossible_date.crimes.outcome_on", table="crimes", field="outcome_on", matters=_FALLS, fix=_REFUSE,
        finds="Crimes whose outcome lies after the last day of the data, or before 1920.",
    ),
)  # fmt: skip
"""Each impossible date of a crime on its own."""


def _delay(days: int, warn: float, fail: float, matters: str, fix: str) -> Check:
    standard = "; the National Crime Recording Standard asks for 24 hours" if days == 1 else ""
    # A unit whose crimes are recorded late is a finding of its own; its rows are late all the same.
    return Delay(
        f"delay.crimes.{days}_day{'s' if days > 1 else ''}", table="crimes", field="recorded_on", since="reported_on", days=days,
        warn=warn, fail=fail, needed_for=("recency",), matters=matters, fix=fix,
        detects=("late", "late_unit", *(("date_swapped",) if days == 30 else ())),
        finds=f"Crimes recorded more than {'a day' if days == 1 else f'{days} days'} after the report{standard}.",
    )  # fmt: skip


CHECKS: tuple[Check, ...] = (
    *IMPOSSIBLE,
    OrderOfDates(
        "impossible_date.persons.date_of_birth", table="persons", field="date_of_birth", after="created_on",
        earliest=date(1900, 1, 2), needed_for=("identity",), matters=_NOT_RECOGNISED, fix=_REFUSE, detects=("january_filler",),
        finds="Person records born after they were made, after the last day of the data, or before 1900.",
    ),
    OrderOfDates(
        "impossible_date.persons.created_on", table="persons", field="created_on", matters=_NOT_RECOGNISED, fix=_REFUSE,
        finds="Person records made after the last day of the data, or before 1920.",
    ),
    YearsBetween(
        "range.persons.age_at_record", table="persons", field="date_of_birth", begin="date_of_birth", end="created_on",
        most_years=105, warn=0.0005, fail=0.01, needed_for=("identity",), detects=("january_filler",),
        finds="Person records of somebody over 105 years old when the record was made.",
        matters="A date of birth that far back is a filler or a slip, and splits one person in two. " + MATTERS["identity"],
        fix=_ASK_AGAIN,
    ),
    YearsBetween(
        "range.crimes.report_years_on", table="crimes", field="reported_on", begin="occurred_on", end="reported_on",
        most_years=50, warn=0.005, fail=0.05, needed_for=("recency",), detects=("date_1900",),
        finds="Crimes reported over 50 years after they happened.",
        matters="Few such reports are right: the year is a slip as a rule, and a window on the day of the offence loses the crime.",
        fix=_ASK_AGAIN,
    ),
    LeastNumber(
        "range.units.population", table="units", field="population", least=1, warn=0.0, fail=0.2, needed_for=("frequency",),
        detects=("unit_renamed",),
        finds="Units for which no resident is entered, such as a new code of a unit.",
        matters="Rates by resident, and lists whose length follows the population, go wrong.",
        fix=_ASK_AGAIN,
    ),
    _delay(
        1, 0.04, 0.20, "Somebody who offends now is missing from this month's list.",
        "Record at the first contact; watch the queue daily.",
    ),
    _delay(3, 0.03, 0.15, "A week's briefing is made without them.", "Find out which channel waits, and staff it."),
    _delay(7, 0.02, 0.10, "A case conference meets without them.", "Find the queue in which reports wait a week."),
    _delay(30, 0.01, 0.05, "A month's list is made without them.", "Find the queue in which reports wait, and clear it."),
    Stale(
        "stale.crimes.outcome", table="crimes", field="outcome_code", since="recorded_on", days=365,
        warn=0.13, fail=0.25,  # of clean data 4 to 11% are open after a year, by force
        detects=("outcome_stale",),
        finds="Crimes recorded over a year before the last day of the data that have no outcome.",
        matters="Nobody knows whether the case is open or forgotten, and a suspect may be on a list for a case that was closed.",
        fix="Review cases without an outcome every quarter.",
    ),
    OnDay(
        "heaping.persons.date_of_birth_1_january", table="persons", field="date_of_birth", month=1, day=1, warn=0.01, fail=0.05,
        needed_for=("identity",), detects=("january_filler",), matters=_ABOUT_THEN + MATTERS["identity"], fix=_LEAVE_OPEN,
        finds="Dates of birth on 1 January; by chance it is 0.3%.",
    ),
    OnDay(
        "heaping.persons.date_of_birth_first_of_month", table="persons", field="date_of_birth", day=1, warn=0.08, fail=0.15,
        needed_for=("identity",), matters=_ABOUT_THEN + MATTERS["identity"], fix=_LEAVE_OPEN,
        finds="Dates of birth on the first of a month; by chance it is 3.3%.",
    ),
    SameDay(
        "heaping.crimes.occurred_on_is_day_of_record", table="crimes", field="occurred_on", same_as="recorded_on",
        offences=COURSES_OF_CONDUCT, warn=0.125, fail=0.25, needed_for=("recency",), detects=("date_defaulted",),
        matters=_ABOUT_THEN + MATTERS["recency"], fix=_LEAVE_OPEN,
        finds="Stalking and harassment, which are courses of conduct, that happened on the day of the record; a tenth do.",
    ),
    OnDay(
        "heaping.crimes.occurred_on_1_january", table="crimes", field="occurred_on", month=1, day=1, warn=0.02, fail=0.05,
        needed_for=("recency",), matters=_ABOUT_THEN + MATTERS["recency"], fix=_LEAVE_OPEN,
        finds="Crimes that happened on 1 January; by chance it is 0.3%, and at New Year somewhat more.",
    ),
    OnDay(
        "heaping.crimes.occurred_on_first_of_month", table="crimes", field="occurred_on", day=1, warn=0.08, fail=0.15,
        needed_for=("recency",), matters=_ABOUT_THEN + MATTERS["recency"], fix=_LEAVE_OPEN,
        finds="Crimes that happened on the first of a month; by chance it is 3.3%.",
    ),
    OnDay(
        "heaping.crimes.reported_on_first_of_month", table="crimes", field="reported_on", day=1, warn=0.08, fail=0.15,
        needed_for=("recency",), matters=_ABOUT_THEN + MATTERS["recency"], fix=_LEAVE_OPEN,
        finds="Crimes reported on the first of a month; by chance it is 3.3%.",
    ),
)  # fmt: skip
