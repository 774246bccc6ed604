"""Types of check that compare a case with itself: what must be there when something else is, and what cannot both be true."""

from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import narwhals as nw

from audit.checks.types.base import Context, Dimension, RowCheck, Rule, is_one_of
from audit.checks.types.conditions import Condition, joins_of


def _all(conditions: tuple[Condition, ...], table: str) -> nw.Expr:
    return reduce(lambda one, other: one & other, [condition.holds(table) for condition in conditions])


@dataclass(frozen=True, kw_only=True)
class RequiredWhen(RowCheck):
    """Where the conditions of ``among`` hold, ``then`` must hold."""

    among: tuple[Condition, ...]
    then: Condition
    type: ClassVar[str] = "required_when"
    dimension: Dimension = "consistency"

    def rule(self, context: Context) -> Rule:
        among = _all(self.among, self.table)
        return Rule(among & ~self.then.holds(self.table), among, joins_of((*self.among, self.then)))


@dataclass(frozen=True, kw_only=True)
class Contradiction(RowCheck):
    """Of the rows where the conditions of ``among`` hold, those where all conditions of ``wrong`` hold."""

    among: tuple[Condition, ...]
    wrong: tuple[Condition, ...]
    type: ClassVar[str] = "contradiction"
    dimension: Dimension = "consistency"
    warn: float = 0.005
    fail: float = 0.05

    def rule(self, context: Context) -> Rule:
        among = _all(self.among, self.table)
        return Rule(among & _all(self.wrong, self.table), among, joins_of((*self.among, *self.wrong)))


@dataclass(frozen=True, kw_only=True)
class ShareOfCodes(RowCheck):
    """Of the rows where the conditions of ``among`` hold, those whose field is one of ``codes``: none need be wrong, but more
    than is usual is a sign."""

    among: tuple[Condition, ...]
    codes: tuple[str, ...]
    type: ClassVar[str] = "share_of_codes"
    dimension: Dimension = "coverage"

    def rule(self, context: Context) -> Rule:
        among = _all(self.among, self.table)
        return Rule(among & is_one_of(nw.col(self.field), self.codes).fill_null(False), among, joins_of(self.among))


@dataclass(frozen=True, kw_only=True)
class AnyOf(RowCheck):
    """The row fails any of other checks of its table, by their own rules; of the rows that any of them is about."""

    of: tuple[RowCheck, ...]
    type: ClassVar[str] = "any_of"

    def rule(self, context: Context) -> Rule:
        rules = [check.rule(context) for check in self.of]
        failed = [rule.failed.fill_null(False) for rule in rules]
        counted = [nw.lit(True) if rule.counted is None else rule.counted for rule in rules]
        return Rule(
            reduce(lambda one, other: one | other, failed),
            reduce(lambda one, other: one | other, counted),
            tuple(join for rule in rules for join in rule.joins),
            tuple(column for rule in rules for column in rule.columns),
        )
