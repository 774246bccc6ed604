"""What a check is. Each type of check is one frozen class below this one: its parameters, what it counts, and its wording.

A new type derives from ``RowCheck`` (single rows fail), ``SeriesCheck`` (groups or months fail) or ``FindingCheck`` (what
another module found is counted), and is used by the catalogue.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, ClassVar, Literal, TypeAlias

import narwhals as nw
import pandas as pd

from audit.engines import Frames
from synthetic.contract import DEFECTS, TABLES

DIMENSIONS = ("completeness", "uniqueness", "consistency", "timeliness", "validity", "accuracy", "coverage")
Dimension = Literal["completeness", "uniqueness", "consistency", "timeliness", "validity", "accuracy", "coverage"]
Scope = Literal["crimes", "all rows"]
Sampled = Literal["rows", "estimate", "no"]

MATTERS = {
    "identity": "Without it, records of the same person cannot be recognised, and a list ranks fragments.",
    "frequency": "Without it, a crime counts for nobody, and frequency is too low.",
    "recency": "Without it, a crime cannot be placed in time, and falls into the window or out of it wrongly.",
    "severity": "Without it, the harm of a crime cannot be weighed.",
    "contact": "Without it, nobody can be found or protected, whatever the list says.",
    "equality": "Without it, nobody can test whether a list treats groups alike.",
    "": "Without it, the record is less of a guide, though no list depends on it.",
}
"""What a prioritisation loses with a field, by what it needs the field for."""

Frame: TypeAlias = nw.LazyFrame[Any]
Join: TypeAlias = tuple[str, Callable[[Frame, Frames], Frame]]
Column: TypeAlias = tuple[str, nw.Expr]
Counts: TypeAlias = pd.DataFrame
"""check_id, force, month, failed, total."""


@dataclass(frozen=True)
class Context:
    """What a check may need beside the rows: the last day of the data."""

    as_of: date


@dataclass(frozen=True)
class Wording:
    """A check in three sentences: what it counts, why that matters to a prioritisation, and how to fix it."""

    finds: str
    matters: str
    fix: str


@dataclass(frozen=True)
class Rule:
    """What a check counts: rows that fail, among the rows it is about (None: all of them).

    ``joins`` bring columns from elsewhere that both may use; joins of one name are made once. So are ``columns``, made from
    the row itself. Where a row counts as more or less than one, the weights say how much.
    """

    failed: nw.Expr
    counted: nw.Expr | None = None
    joins: tuple[Join, ...] = ()
    columns: tuple[Column, ...] = ()
    failed_weight: nw.Expr | None = None
    counted_weight: nw.Expr | None = None


@dataclass(frozen=True)
class Check(ABC):
    """One check of one table and field. A rate above ``warn`` warns, above ``fail`` fails (shares of the rows counted).

    ``detects`` names the defects it is meant for (``synthetic.contract.DEFECTS``), ``needed_for`` what a prioritisation needs
    the field for. ``scope`` says whether it is about crimes or about rows of every class. The sentences are those of the type
    where none are given.
    """

    id: str
    _: KW_ONLY
    table: str
    field: str
    warn: float
    fail: float
    dimension: Dimension
    finds: str = ""
    matters: str = ""
    fix: str = ""
    needed_for: tuple[str, ...] = ()
    detects: tuple[str, ...] = ()
    scope: Scope = "crimes"

    type: ClassVar[str]
    """The type's name in files and thresholds."""
    rows_fail: ClassVar[bool] = False
    """Whether single rows fail, so that their identifiers can be listed."""
    sampled: ClassVar[Sampled] = "no"
    """What chance does to its rate, when two runs are compared: "rows" that fail or not, each by itself; an "estimate" with an
    interval of its own; "no" where neither is so, as for an excess that is nil until it is beyond chance, or for months in runs.
    """
    lowers_field_score: ClassVar[bool] = False
    """Whether rows that fail lower the score of the field."""

    def __post_init__(self) -> None:
        if set(self.detects) - set(DEFECTS):
            raise ValueError(f"{self.id} detects what is no defect: {set(self.detects) - set(DEFECTS)}")
        TABLES[self.table].field(self.field)
        if not (self.finds and self.matters and self.fix):
            for name, sentence in vars(self.wording()).items():
                if not getattr(self, name):
                    object.__setattr__(self, name, sentence)

    def wording(self) -> Wording:
        """The sentences of a check that brings none of its own."""
        raise ValueError(f"{self.id} needs its own sentences")

    @property
    def by_chance(self) -> float:
        """Share of the rows counted that fails where nothing is wrong; only what is beyond it lowers a field score."""
        return 0.0

    def parameters(self) -> dict[str, Any]:
        """The parameters of the type, by name."""
        common = {field.name for field in dataclasses.fields(Check)}
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name not in common}


@dataclass(frozen=True)
class RowCheck(Check):
    """A check that looks at one row at a time."""

    rows_fail: ClassVar[bool] = True
    sampled: ClassVar[Sampled] = "rows"

    @abstractmethod
    def rule(self, context: Context) -> Rule:
        """What is counted, as expressions of the table's frame."""


@dataclass(frozen=True)
class SeriesCheck(Check):
    """A check of groups of rows or of months, made from counts of rows by force and month."""

    @abstractmethod
    def rules(self, context: Context) -> dict[str, Rule]:
        """What is counted, by a name of the check's own."""

    @abstractmethod
    def combine(self, counts: Mapping[str, Counts], context: Context) -> Counts:
        """The check's counts, from those of each of the rules."""


@dataclass(frozen=True)
class FindingCheck(Check):
    """A check that counts what another module of the audit found."""

    found_by: ClassVar[str]
    """What the findings are called in scores."""

    @abstractmethod
    def count(self, tables: Mapping[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
        """The check's counts, from tables of the results and the months supplied (``audit.readiness.evidence``)."""


def absent(table: str, field: str) -> nw.Expr:
    """Whether the field is null or, of a text, blank. Text is looked at once for all checks, see ``with_blanks``."""
    if field in TABLES[table].columns and TABLES[table].field(field).kind == "string":
        return nw.col(f"blank_{field}")
    return nw.col(field).is_null()


def is_one_of(value: nw.Expr, choices: Sequence[str]) -> nw.Expr:
    """Whether a value is one of some; null where there is none. A few are compared one by one, which is quicker."""
    if not 0 < len(choices) <= 4:
        return value.is_in(list(choices))
    return reduce(or_, (value == choice for choice in choices))
