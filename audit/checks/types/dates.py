"""Types of check that look at dates and numbers: impossible, out of range, filled in by habit, late, and old without an outcome."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

import narwhals as nw

from audit.checks.types.base import Context, Dimension, RowCheck, Rule, absent, is_one_of

DAYS_OF_A_YEAR = 365.25
NEW_YEAR_BY_CHANCE = 1 / DAYS_OF_A_YEAR
"""Share of dates on one day of the year; what is beyond it was filled in."""


@dataclass(frozen=True, kw_only=True)
class OrderOfDates(RowCheck):
    """A date lies after the one that must follow it, after the last day of the data, or before the earliest possible day."""

    after: str | None = None
    earliest: date = date(1920, 1, 1)
    type: ClassVar[str] = "order_of_dates"
    dimension: Dimension = "validity"
    warn: float = 0.0
    fail: float = 0.01

    def rule(self, context: Context) -> Rule:
        before = nw.col(self.field)
        wrong = (before > context.as_of) | (before < self.earliest)
        if self.after is not None:
            wrong = wrong | (before > nw.col(self.after)).fill_null(False)
        return Rule(wrong.fill_null(False), ~before.is_null())


@dataclass(frozen=True, kw_only=True)
class YearsBetween(RowCheck):
    """A date lies more than so many years before another."""

    begin: str
    end: str
    most_years: int
    type: ClassVar[str] = "range"
    dimension: Dimension = "validity"

    def rule(self, context: Context) -> Rule:
        begin, end = nw.col(self.begin), nw.col(self.end)
        both = ~begin.is_null() & ~end.is_null()
        return Rule(both & (end > begin.dt.offset_by(f"{round(self.most_years * DAYS_OF_A_YEAR)}d")), both)


@dataclass(frozen=True, kw_only=True)
class LeastNumber(RowCheck):
    """A number is below the smallest plausible one."""

    least: int
    type: ClassVar[str] = "range"
    dimension: Dimension = "validity"

    def rule(self, context: Context) -> Rule:
        column = nw.col(self.field)
        return Rule((column < self.least).fill_null(False), ~column.is_null())


@dataclass(frozen=True, kw_only=True)
class Delay(RowCheck):
    """A date is more than so many days after another."""

    since: str
    days: int
    type: ClassVar[str] = "delay"
    dimension: Dimension = "timeliness"

    def rule(self, context: Context) -> Rule:
        begin, end = nw.col(self.since), nw.col(self.field)
        both = ~begin.is_null() & ~end.is_null()
        return Rule(both & (end > begin.dt.offset_by(f"{self.days}d")), both)


@dataclass(frozen=True, kw_only=True)
class Stale(RowCheck):
    """The field is still empty so many days after a date."""

    since: str
    days: int
    type: ClassVar[str] = "stale"
    dimension: Dimension = "timeliness"

    def rule(self, context: Context) -> Rule:
        old = (nw.col(self.since) < context.as_of - timedelta(days=self.days)).fill_null(False)
        return Rule(old & absent(self.table, self.field), old)


@dataclass(frozen=True, kw_only=True)
class OnDay(RowCheck):
    """The date is on a day that is filled in by habit: a day of one month, or of any."""

    day: int
    month: int | None = None
    type: ClassVar[str] = "heaping"
    dimension: Dimension = "validity"

    @property
    def lowers_field_score(self) -> bool:  # type: ignore[override]
        return self.month is not None  # a first of a month may well be right

    @property
    def by_chance(self) -> float:
        return NEW_YEAR_BY_CHANCE

    def rule(self, context: Context) -> Rule:
        column = nw.col(self.field)
        on = column.dt.day() == self.day
        if self.month is not None:
            on = on & (column.dt.month() == self.month)
        return Rule(on.fill_null(False), ~column.is_null())


@dataclass(frozen=True, kw_only=True)
class SameDay(RowCheck):
    """Of some offences, the date is that of another of the row."""

    same_as: str
    offences: tuple[str, ...]
    type: ClassVar[str] = "heaping"
    dimension: Dimension = "validity"

    def rule(self, context: Context) -> Rule:
        column = nw.col(self.field)
        of_these = is_one_of(nw.col("offence_code"), self.offences).fill_null(False) & ~column.is_null()
        return Rule(of_these & (column == nw.col(self.same_as)).fill_null(False), of_these)
