"""Types of check that look at one value: blank, a code for not known, not in the list, of the wrong form, a placeholder."""

from dataclasses import dataclass
from typing import ClassVar

import narwhals as nw

from audit.blanks import by_case, placeholder
from audit.checks.types.base import MATTERS, Column, Context, Dimension, Frame, Join, RowCheck, Rule, Wording, absent, is_one_of
from audit.engines import Frames, listed_column
from synthetic.contract import TABLES, blanks


def _matters(check: RowCheck) -> str:
    return MATTERS[check.needed_for[0] if check.needed_for else ""]


def _is_placeholder(field: str, kind: blanks.Kind) -> Column:
    """The column of whether a value is a placeholder, matched once for all checks that ask."""
    return f"placeholder_{kind}_{field}", placeholder(field, kind)


@dataclass(frozen=True, kw_only=True)
class Missing(RowCheck):
    """The field is null, or text with nothing that can be seen."""

    type: ClassVar[str] = "missing"
    dimension: Dimension = "completeness"
    lowers_field_score: ClassVar[bool] = True

    def rule(self, context: Context) -> Rule:
        return Rule(absent(self.table, self.field))

    def wording(self) -> Wording:
        return Wording(
            f"Rows of {self.table} whose {self.field} is missing or blank.",
            _matters(self),
            f"Ask for {self.field} where the record is made, and refuse the record without it or a reason.",
        )


@dataclass(frozen=True, kw_only=True)
class UnknownCode(RowCheck):
    """The field says that its value is not known. A share ``accepted`` is what honest recording comes to."""

    codes: tuple[str, ...]
    accepted: float = 0.0
    type: ClassVar[str] = "unknown_code"
    dimension: Dimension = "completeness"
    lowers_field_score: ClassVar[bool] = True

    @property
    def by_chance(self) -> float:
        return self.accepted

    def rule(self, context: Context) -> Rule:
        return Rule(is_one_of(nw.col(self.field), self.codes).fill_null(False))

    def wording(self) -> Wording:
        return Wording(
            f"Rows of {self.table} whose {self.field} is a code that says it is not known.",
            "A field can be full and say nothing. " + _matters(self),
            "Ask why it is not known, and offer no code that is quicker to enter than the answer.",
        )


@dataclass(frozen=True, kw_only=True)
class CodeNotInList(RowCheck):
    """The field has a value that is not in the list."""

    codes: tuple[str, ...]
    type: ClassVar[str] = "code_not_in_list"
    dimension: Dimension = "validity"
    lowers_field_score: ClassVar[bool] = True

    def rule(self, context: Context) -> Rule:
        present = ~absent(self.table, self.field)
        of_contract = TABLES[self.table].field(self.field).codes == self.codes
        listed = listed_column(self.field) if of_contract else f"{self.id}_listed"
        is_listed = nw.col(self.field).is_in(list(self.codes))
        return Rule(present & ~nw.col(listed), present, columns=((listed, is_listed),))

    def wording(self) -> Wording:
        return Wording(
            f"Values of {self.field} in {self.table} that are not in its code list.",
            _matters(self),
            "Offer the list where the value is entered, and map retired codes to their successors.",
        )


@dataclass(frozen=True, kw_only=True)
class Pattern(RowCheck):
    """The field has a value that does not match the regular expression. Placeholders of a ``kind`` are another check's."""

    pattern: str
    kind: blanks.Kind | None = None
    type: ClassVar[str] = "pattern"
    dimension: Dimension = "validity"
    lowers_field_score: ClassVar[bool] = True

    def rule(self, context: Context) -> Rule:
        present = ~absent(self.table, self.field)
        failed = present & ~nw.col(self.field).str.contains(self.pattern)
        if self.kind is None:
            return Rule(failed, present)
        nobody = _is_placeholder(self.field, self.kind)
        return Rule(failed & ~nw.col(nobody[0]), present, columns=(nobody,))

    def wording(self) -> Wording:
        return Wording(
            f"Values of {self.field} in {self.table} that do not have its form.",
            _matters(self),
            "Check the form where the value is entered.",
        )


@dataclass(frozen=True, kw_only=True)
class Placeholder(RowCheck):
    """The field has a value that stands for none: a placeholder of a ``kind``, or what matches ``pattern``."""

    kind: blanks.Kind = "other"
    pattern: str | None = None
    type: ClassVar[str] = "placeholder"
    dimension: Dimension = "completeness"
    lowers_field_score: ClassVar[bool] = True

    def rule(self, context: Context) -> Rule:
        present = ~absent(self.table, self.field)
        stands_for_none = placeholder(self.field, self.kind)
        if self.pattern is not None:
            stands_for_none = stands_for_none | nw.col(self.field).str.contains(self.pattern).fill_null(False)
        return Rule(present & stands_for_none, present)

    def wording(self) -> Wording:
        return Wording(
            f"Person records whose {self.field} is a word or sign that stands for none.",
            "A placeholder passes for data, and joins strangers into one person. " + _matters(self),
            f"Let {self.field} be left empty with a reason, so that nobody has to type something.",
        )


NO_NAME_SO_COMMON = 0.10
"""Share of the names of one system above which a word is no name (illustrative: the commonest surname of a region holds less)."""
LEAST_ROWS = 10
"""Rows that hold a word, below which its share says nothing."""


@dataclass(frozen=True, kw_only=True)
class PlaceholderName(RowCheck):
    """The name is a word or sign that nobody is called.

    Some words are placeholders by their spelling alone: ``NULL`` where people are called Null. They count where most names of
    the same force and records system are in mixed case. Where all are in capitals, or in small letters, spelling cannot
    separate the two, and they count only where over a tenth of the system's names are such words.
    """

    type: ClassVar[str] = "placeholder"
    dimension: Dimension = "completeness"
    lowers_field_score: ClassVar[bool] = True

    def rule(self, context: Context) -> Rule:
        present, word = ~absent(self.table, self.field), _is_placeholder(self.field, "name")
        decided, join = self._decided()
        # Words that are placeholders by their spelling are few among placeholders, and only those are matched.
        spelled = nw.when(nw.col(word[0])).then(by_case(self.field)).otherwise(nw.lit(False))
        nobody = nw.col(word[0]) & (~spelled | nw.col(decided).fill_null(False))
        system = ("system_of_name", nw.col("source_system").fill_null(""))
        return Rule(present & nobody, present, (join,), (system, word))

    def _decided(self) -> tuple[str, Join]:
        """The column of whether such words count in a row's force and system, and the join that brings it."""
        decided, name = f"spelling_decides_{self.field}", nw.col(self.field)

        def join(frame: Frame, frames: Frames) -> Frame:
            spelled = nw.col("spelled")
            mixed = (name != name.str.to_uppercase()) & (name != name.str.to_lowercase()) & ~spelled
            flags = {"named": ~name.is_null() & ~spelled, "mixed": mixed, "words": spelled, "filled": ~name.is_null()}
            rows = (
                frames[self.table]
                .with_columns(spelled=by_case(self.field))
                .select(
                    "force",
                    system_of_name=nw.col("source_system").fill_null(""),
                    **{column: flag.fill_null(False).cast(nw.Int64) for column, flag in flags.items()},
                )
            )
            sums = rows.group_by("force", "system_of_name").agg(*(nw.col(column).sum() for column in flags))
            by_spelling = (2 * nw.col("mixed") >= nw.col("named")) & (nw.col("named") > 0)
            too_common = (nw.col("words") > NO_NAME_SO_COMMON * nw.col("filled")) & (nw.col("words") >= LEAST_ROWS)
            known = sums.select("force", "system_of_name", (by_spelling | too_common).alias(decided))
            return frame.join(known, on=["force", "system_of_name"], how="left")

        return decided, (decided, join)

    def wording(self) -> Wording:
        return Wording(
            f"Person records whose {self.field} is a word or sign that stands for none. Where a system writes all names in capitals, "
            "words like NULL, which some people are called, count only if they are commoner than a name can be.",
            "A placeholder passes for data, and joins strangers into one person. " + _matters(self),
            f"Let {self.field} be left empty with a reason, so that nobody has to type something.",
        )
