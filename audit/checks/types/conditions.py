"""Conditions on one row, of which checks of a case are made. Each is one class with what it compares."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import narwhals as nw

from audit.checks.types.base import Join, absent, is_one_of
from audit.checks.types.joins import COUNTED, LINKS_OF_CRIME, known


@dataclass(frozen=True)
class Condition(ABC):
    """A condition on a column of the row, or one that a join brings: ``suspects``, ``victims``, ``partners`` and ``strangers``
    (numbers of a crime's links) and ``persons_force`` (force of the person record that an involvement names)."""

    column: str

    @abstractmethod
    def holds(self, table: str) -> nw.Expr:
        """Whether it holds; never null."""

    @property
    def value(self) -> nw.Expr:
        named = nw.col(self.column)
        return named.fill_null(0) if self.column in COUNTED else named


@dataclass(frozen=True)
class IsPresent(Condition):
    """Not null and not blank."""

    def holds(self, table: str) -> nw.Expr:
        return ~absent(table, self.column)


@dataclass(frozen=True)
class IsTrue(Condition):
    """A flag that is set."""

    def holds(self, table: str) -> nw.Expr:
        return self.value.fill_null(False)


@dataclass(frozen=True)
class Is(Condition):
    """Equal to a constant; ``or_blank`` takes in what is blank."""

    constant: str | int
    or_blank: bool = False

    def holds(self, table: str) -> nw.Expr:
        equal = (self.value == self.constant).fill_null(False)
        return equal | absent(table, self.column) if self.or_blank else equal


@dataclass(frozen=True)
class IsIn(Condition):
    """One of several constants."""

    constants: tuple[str, ...]

    def holds(self, table: str) -> nw.Expr:
        return is_one_of(self.value, self.constants).fill_null(False)


@dataclass(frozen=True)
class IsNotIn(Condition):
    """None of several constants; what is blank is none of them."""

    constants: tuple[str, ...]

    def holds(self, table: str) -> nw.Expr:
        return ~is_one_of(self.value, self.constants).fill_null(False)


@dataclass(frozen=True)
class AtLeast(Condition):
    """A number of at least so much."""

    least: int

    def holds(self, table: str) -> nw.Expr:
        return (self.value >= self.least).fill_null(False)


@dataclass(frozen=True)
class IsAfter(Condition):
    """A date after another of the row."""

    other: str

    def holds(self, table: str) -> nw.Expr:
        return (self.value > nw.col(self.other)).fill_null(False)


@dataclass(frozen=True)
class Equals(Condition):
    """Equal to another column of the row."""

    other: str

    def holds(self, table: str) -> nw.Expr:
        return (self.value == nw.col(self.other)).fill_null(False)


@dataclass(frozen=True)
class DiffersFrom(Condition):
    """Different from another column of the row, both known."""

    other: str

    def holds(self, table: str) -> nw.Expr:
        return (self.value != nw.col(self.other)).fill_null(False)


def joins_of(conditions: tuple[Condition, ...]) -> tuple[Join, ...]:
    """The joins that bring the conditions' columns."""
    named = {condition.column for condition in conditions}
    joins = [LINKS_OF_CRIME] if named & set(COUNTED) else []
    return (*joins, known("person_id", "persons")) if "persons_force" in named else tuple(joins)
