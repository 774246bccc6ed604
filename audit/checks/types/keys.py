"""Types of check that look at keys and links: used twice, leading nowhere, shared by too many, too few or too many."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import narwhals as nw

from audit.checks.types.base import Context, Dimension, Frame, RowCheck, Rule, absent, is_one_of
from audit.checks.types.joins import CRIMES_OF_PERSON, LINKS_OF_CRIME, first_of, known, often
from audit.engines import LINKS, Frames
from synthetic.contract import TABLES


def _complete(table: str, key: tuple[str, ...]) -> nw.Expr:
    """Whether every part of a key is there: what is blank is shared by nobody."""
    return ~nw.any_horizontal(*(absent(table, name) for name in key), ignore_nulls=False)


@dataclass(frozen=True, kw_only=True)
class SharedValue(RowCheck):
    """More rows than ``most`` have the same key. Rows without some part of it are left out."""

    key: tuple[str, ...]
    most: int
    type: ClassVar[str] = "shared_value"
    dimension: Dimension = "uniqueness"
    warn: float = 0.005
    fail: float = 0.05

    def rule(self, context: Context) -> Rule:
        column, join = often(self.table, self.key, self.most, self.scope == "all rows")
        complete = _complete(self.table, self.key)
        return Rule(complete & ~nw.col(column).is_null(), complete, (join,))


@dataclass(frozen=True, kw_only=True)
class KeyTwice(SharedValue):
    """Another row has the same key."""

    most: int = 1
    type: ClassVar[str] = "key_twice"
    warn: float = 0.0
    fail: float = 0.001


@dataclass(frozen=True, kw_only=True)
class SameEventTwice(RowCheck):
    """The same event is recorded by another row, under another key or the same one; of n such rows n - 1 are counted.

    Of rows with different keys the one with the smallest is not counted. Nothing distinguishes rows of the same key, so each
    of n counts as (n - 1) / n. With ``every_copy`` all n rows fail.
    """

    key: tuple[str, ...]
    every_copy: bool = False
    type: ClassVar[str] = "same_event_twice"
    dimension: Dimension = "uniqueness"

    def rule(self, context: Context) -> Rule:
        identifier = TABLES[self.table].key[0]
        first, join_first = first_of(self.table, self.key, identifier)
        copies, join_copies = often(self.table, ("force", identifier), 1)
        complete = _complete(self.table, self.key)
        of_event = complete & ~nw.col(first).is_null()
        if not self.every_copy:
            of_event = of_event & (nw.col(identifier) != nw.col(first)).fill_null(False)
        twice = ~nw.col(copies).is_null() & ~nw.col(identifier).is_null()
        part = nw.when(twice).then((nw.col(copies) - 1) / nw.col(copies)).otherwise(nw.lit(0.0))
        weight = nw.when(of_event).then(nw.lit(1.0)).otherwise(part)
        return Rule(of_event | twice, complete | twice, (join_first, join_copies), (), weight)

    def of_every_copy(self) -> "SameEventTwice":
        """The check under which every row of an event that is recorded twice fails."""
        return dataclasses.replace(self, every_copy=True)


@dataclass(frozen=True, kw_only=True)
class KeyOrphaned(RowCheck):
    """The row of the table ``other`` that the field names is not there."""

    other: str
    type: ClassVar[str] = "key_orphaned"
    dimension: Dimension = "consistency"
    warn: float = 0.0
    fail: float = 0.01

    def rule(self, context: Context) -> Rule:
        present = ~absent(self.table, self.field)
        if self.other == "crimes":  # every involvement has already been joined to the crimes, for its month
            return Rule(present & nw.col("crime_known").is_null(), present)
        return Rule(present & nw.col(f"{self.other}_known").is_null(), present, (known(self.field, self.other),))


@dataclass(frozen=True, kw_only=True)
class Cardinality(RowCheck):
    """Fewer rows than ``least``, or more than ``most``, of another table belong to this one; ``column`` is their number."""

    column: str
    least: int | None = None
    most: int | None = None
    type: ClassVar[str] = "cardinality"
    dimension: Dimension = "consistency"
    warn: float = 0.0
    fail: float = 0.01

    def rule(self, context: Context) -> Rule:
        count = nw.col(self.column).fill_null(0)
        failed = nw.lit(False)
        if self.least is not None:
            failed = failed | (count < self.least)
        if self.most is not None:
            failed = failed | (count > self.most)
        return Rule(failed, ~nw.col(self.field).is_null(), (CRIMES_OF_PERSON if self.table == "persons" else LINKS_OF_CRIME,))


@dataclass(frozen=True, kw_only=True)
class LinkedRecords(RowCheck):
    """Of the person records that a crime links in a role, those without a good value; a crime without any is one bad record."""

    role: str
    value: str
    good: tuple[str, ...]
    type: ClassVar[str] = "linked_records"
    dimension: Dimension = "completeness"

    def rule(self, context: Context) -> Rule:
        records, right = f"{self.role}_records", f"{self.role}_records_right"

        def join(frame: Frame, frames: Frames) -> Frame:
            is_good = is_one_of(nw.col(self.value), self.good).fill_null(False).cast(nw.Int64)
            people = frames["persons"].select("person_key", is_good.alias(right))
            in_role = frames[LINKS].filter((nw.col("role") == self.role).fill_null(False)).select("crime_key", "person_key")
            links = in_role.join(people, on="person_key", how="inner").group_by("crime_key", "person_key").agg(nw.col(right).min())
            counted = links.group_by("crime_key")
            return frame.join(counted.agg(nw.len().alias(records), nw.col(right).sum()), on="crime_key", how="left")

        count = nw.col(records).fill_null(0)
        wrong = nw.when(count == 0).then(nw.lit(1)).otherwise(count - nw.col(right).fill_null(0))
        weight = nw.when(count == 0).then(nw.lit(1)).otherwise(count)
        return Rule(wrong > 0, None, ((self.id, join),), (), wrong, weight)
