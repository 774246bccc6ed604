"""What may be true of a pair of person records, as typed objects that give SQL for DuckDB and for Spark.

The two records are ``l`` and ``r``; their columns are those of ``records.COLUMNS``. Most pairs need no text to be read: each
condition also says what is known of pairs by the numbers that stand for their values (``levels.Pairs``).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Bounds = tuple[Bools, Bools]
"""Pairs for which a condition surely holds, and those for which it may."""
MISSING = -1
"""The number that stands for a missing value."""


class Pairs(Protocol):
    """Pairs of records by the numbers that stand for their values."""

    def __len__(self) -> int: ...

    def sides(self, column: str) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
        """The column's numbers on the left and on the right; ``MISSING`` for a missing value."""


@dataclass(frozen=True)
class Dialect:
    """The names of the functions in which the engines differ."""

    name: str
    edits: str
    """Damerau–Levenshtein distance of two texts."""
    similarity: str
    """Jaro–Winkler similarity of two texts."""
    bounded: bool
    """Whether the columns ``*_mask`` bound the distances, so that most need not be computed."""


DUCKDB = Dialect("duckdb", "damerau_levenshtein", "jaro_winkler_similarity", True)
SPARK = Dialect("spark", "damerau_levenshtein", "jaro_winkler", False)


class Condition(ABC):
    """Something that may be true of a pair of records."""

    @abstractmethod
    def sql(self, dialect: Dialect) -> str:
        """The condition in the dialect's SQL."""

    def bounds(self, pairs: Pairs) -> Bounds:
        """What numbers alone say of the condition: if nothing else is known, that it may hold."""
        return np.zeros(len(pairs), bool), np.ones(len(pairs), bool)


def _known(holds: Bools) -> Bounds:
    return holds, holds


def _same(one: npt.NDArray[np.integer], other: npt.NDArray[np.integer]) -> Bools:
    return np.asarray((one == other) & (one != MISSING))


@dataclass(frozen=True)
class Blank(Condition):
    """The column is missing on either side."""

    column: str

    def sql(self, dialect: Dialect) -> str:
        return f"(l.{self.column} IS NULL OR r.{self.column} IS NULL)"

    def bounds(self, pairs: Pairs) -> Bounds:
        left, right = pairs.sides(self.column)
        return _known((left == MISSING) | (right == MISSING))


@dataclass(frozen=True)
class Same(Condition):
    """The column is equal."""

    column: str

    def sql(self, dialect: Dialect) -> str:
        return f"l.{self.column} = r.{self.column}"

    def bounds(self, pairs: Pairs) -> Bounds:
        return _known(_same(*pairs.sides(self.column)))


@dataclass(frozen=True)
class Value(Condition):
    """The column has this number on either side."""

    columns: dict[str, int]

    def sql(self, dialect: Dialect) -> str:
        sides = (" AND ".join(f"{side}.{name} = {value}" for name, value in self.columns.items()) for side in "lr")
        return "(" + " OR ".join(f"({side})" for side in sides) + ")"

    def bounds(self, pairs: Pairs) -> Bounds:
        sides = [[side == value for side in pairs.sides(name)] for name, value in self.columns.items()]
        return _known(reduce(np.logical_and, (left for left, _ in sides)) | reduce(np.logical_and, (right for _, right in sides)))


@dataclass(frozen=True)
class Edits(Condition):
    """At most so many letters added, dropped, changed or swapped with their neighbour."""

    column: str
    most: int

    def sql(self, dialect: Dialect) -> str:
        left, right = f"l.{self.column}", f"r.{self.column}"
        edits = f"{dialect.edits}({left}, {right}) <= {self.most}"
        # What so many edits leave alone is looked at first, which takes less time than to count them.
        if not dialect.bounded:
            return f"(abs(length({left}) - length({right})) <= {self.most} AND {edits})"
        near = f"abs({left}_size - {right}_size) <= {self.most} AND bit_count(xor({left}_mask, {right}_mask)) <= {2 * self.most}"
        if self.most > 1:
            return f"CASE WHEN {near} THEN {edits} ELSE false END"
        # Texts of one length differ in one place, or in two that are swapped.
        plain = f"{left}_size = {right}_size AND strlen({left}) = {left}_size AND strlen({right}) = {right}_size"
        swapped = f"hamming({left}, {right}) = 2 AND {left}_mask = {right}_mask"
        same_length = f"CASE WHEN hamming({left}, {right}) <= 1 THEN true WHEN {swapped} THEN {edits} ELSE false END"
        return f"CASE WHEN NOT ({near}) THEN false WHEN {plain} THEN {same_length} ELSE {edits} END"

    def bounds(self, pairs: Pairs) -> Bounds:
        (left, right), masks = pairs.sides(f"{self.column}_size"), pairs.sides(f"{self.column}_mask")
        near = (np.abs(left - right) <= self.most) & (np.bitwise_count(masks[0] ^ masks[1]) <= 2 * self.most)
        return np.zeros_like(near), near


@dataclass(frozen=True)
class OneDigit(Condition):
    """Texts of as many digits as one another differ in one of them, or two neighbours are swapped.

    ``{column}_digits`` has four bits for each digit.
    """

    column: str

    def sql(self, dialect: Dialect) -> str:
        left, right = f"l.{self.column}", f"r.{self.column}"
        edits = f"{dialect.edits}({left}, {right}) <= 1"
        if not dialect.bounded:
            return edits
        apart = f"xor({left}_digits, {right}_digits)"
        places = f"bit_count(({apart} | ({apart} >> 1) | ({apart} >> 2) | ({apart} >> 3)) & {int('1' * 8, 16)})"
        return f"CASE WHEN {places} <= 1 THEN true WHEN {places} = 2 AND {left}_mask = {right}_mask THEN {edits} ELSE false END"

    def bounds(self, pairs: Pairs) -> Bounds:
        (left, right), masks = pairs.sides(f"{self.column}_digits"), pairs.sides(f"{self.column}_mask")
        apart = left ^ right
        places = np.bitwise_count((apart | (apart >> 1) | (apart >> 2) | (apart >> 3)) & int("1" * 8, 16))
        return places <= 1, (places <= 1) | ((places == 2) & (masks[0] == masks[1]))


@dataclass(frozen=True)
class Alike(Condition):
    """The Jaro–Winkler similarity of two columns is at least so much.

    ``of`` and ``start`` name, where they are not the column's own, the text whose mask and length bound the column's and the
    column of its first letter.
    """

    column: str
    least: float
    other: str | None = None
    of: str | None = None
    start: str | None = None

    def sql(self, dialect: Dialect) -> str:
        a, b = self.column, self.other or self.column
        similar = f"{dialect.similarity}(l.{a}, r.{b}) >= {self.least}"
        if not dialect.bounded:
            return similar
        # Letters that the other text has not at all cannot match.
        one, two = self.of or a, self.of or b
        left, right = f"l.{one}_mask", f"r.{two}_mask"
        sizes = f"l.{one}_size", f"r.{two}_size"
        most = f"least({sizes[0]} - bit_count({left} & ~{right}), {sizes[1]} - bit_count({right} & ~{left}))"
        first = f"l.{self.start or f'{a}_first'} = r.{self.start or f'{b}_first'}"
        # In thousandths, since DuckDB takes numbers with a point for decimals, which are slow.
        share = f"(CASE WHEN {first} THEN {self._share(True)} ELSE {self._share(False)} END)::BIGINT"
        bound = f"1000::BIGINT * {most} * ({sizes[0]} + {sizes[1]}) >= {share} * {sizes[0]} * {sizes[1]}"
        return f"CASE WHEN {bound} THEN {similar} ELSE false END"

    def bounds(self, pairs: Pairs) -> Bounds:
        if self.other:
            return super().bounds(pairs)
        (one, two), (left, right) = (pairs.sides(f"{self.of or self.column}_{name}") for name in ("size", "mask"))
        one, two = one.astype(np.int64), two.astype(np.int64)
        most = np.minimum(one - np.bitwise_count(left & ~right), two - np.bitwise_count(right & ~left))
        share = np.where(_same(*pairs.sides(self.start or f"{self.column}_first")), self._share(True), self._share(False))
        near = 1000 * most * (one + two) >= share * one * two
        return np.zeros_like(near), near

    def _share(self, first: bool) -> int:
        """What three times Jaro less one must be at least, in thousandths, where the first letters are the same or not.

        With m matches Jaro is at most (m/length + m/length + 1)/3. Winkler's bonus is for texts whose Jaro is over 0.7; four
        equal first letters take away 0.4 of what is missing to 1, and other first letters give none.
        """
        return int(1000 * (3 * (max(1 - (1 - self.least) / 0.6, 0.7) if first else self.least) - 1)) - 1


@dataclass(frozen=True)
class Nicknames(Condition):
    """The forenames may stand for the same full name: a row of ``k``, which ``records.prepare`` makes, has both."""

    def sql(self, dialect: Dialect) -> str:
        return "k.one IS NOT NULL"

    def bounds(self, pairs: Pairs) -> Bounds:
        left, right = pairs.sides("fn_nickname")
        both = (left != MISSING) & (right != MISSING)
        return np.zeros_like(both), both


@dataclass(frozen=True)
class Holds(Condition):
    """One text contains the other, and neither has fewer letters than ``least``."""

    column: str
    least: int

    def sql(self, dialect: Dialect) -> str:
        a, b = f"l.{self.column}", f"r.{self.column}"
        return f"(least(length({a}), length({b})) >= {self.least} AND (contains({a}, {b}) OR contains({b}, {a})))"

    def bounds(self, pairs: Pairs) -> Bounds:
        (one, two), (left, right) = (pairs.sides(f"{self.column}_{name}") for name in ("size", "mask"))
        within = ((left & ~right) == 0) | ((right & ~left) == 0)
        may = (np.minimum(one, two) >= self.least) & within
        return np.zeros_like(may), may


@dataclass(frozen=True)
class LengthOver(Condition):
    """The text on the left, and so nearly that on the right, has more letters than this."""

    column: str
    letters: int

    def sql(self, dialect: Dialect) -> str:
        return f"length(l.{self.column}) > {self.letters}"

    def bounds(self, pairs: Pairs) -> Bounds:
        return _known(pairs.sides(f"{self.column}_size")[0] > self.letters)


@dataclass(frozen=True)
class OneLetter(Condition):
    """Either text is a single letter."""

    column: str

    def sql(self, dialect: Dialect) -> str:
        return f"(length(l.{self.column}) = 1 OR length(r.{self.column}) = 1)"

    def bounds(self, pairs: Pairs) -> Bounds:
        left, right = pairs.sides(f"{self.column}_size")
        return _known((left == 1) | (right == 1))


@dataclass(frozen=True)
class DaysApart(Condition):
    """The dates, as day numbers, are so many days apart: one of these numbers, or at most so many."""

    column: str
    days: tuple[int, ...] = ()
    most: int | None = None

    def sql(self, dialect: Dialect) -> str:
        apart = f"abs(l.{self.column} - r.{self.column})"
        return f"{apart} <= {self.most}" if self.most is not None else f"{apart} IN ({', '.join(map(str, self.days))})"

    def bounds(self, pairs: Pairs) -> Bounds:
        left, right = pairs.sides(self.column)
        apart = np.abs(left - right)
        if self.most is not None:
            near = apart <= self.most
        else:
            among = np.zeros(max(self.days) + 2, bool)
            among[list(self.days)] = True
            near = among[np.minimum(apart, len(among) - 1)]
        return _known(near & (left != MISSING) & (right != MISSING))


@dataclass(frozen=True)
class Crossed(Condition):
    """One column of the one is the other column of the other, both ways or at least one way."""

    one: str
    other: str
    both: bool = True

    def sql(self, dialect: Dialect) -> str:
        return f"(l.{self.one} = r.{self.other} {'AND' if self.both else 'OR'} l.{self.other} = r.{self.one})"

    def bounds(self, pairs: Pairs) -> Bounds:
        (one_l, one_r), (other_l, other_r) = pairs.sides(self.one), pairs.sides(self.other)
        there, back = _same(one_l, other_r), _same(other_l, one_r)
        return _known(there & back if self.both else there | back)


@dataclass(frozen=True)
class When(Condition):
    """The second condition, looked at only where the first, which takes less time, holds."""

    first: Condition
    then: Condition

    def sql(self, dialect: Dialect) -> str:
        return f"CASE WHEN {self.first.sql(dialect)} THEN {self.then.sql(dialect)} ELSE false END"

    def bounds(self, pairs: Pairs) -> Bounds:
        return All((self.first, self.then)).bounds(pairs)


@dataclass(frozen=True)
class All(Condition):
    """Every one of the conditions."""

    parts: tuple[Condition, ...]

    def sql(self, dialect: Dialect) -> str:
        return "(" + " AND ".join(part.sql(dialect) for part in self.parts) + ")"

    def bounds(self, pairs: Pairs) -> Bounds:
        sure, may = zip(*(part.bounds(pairs) for part in self.parts), strict=True)
        return reduce(np.logical_and, sure), reduce(np.logical_and, may)


@dataclass(frozen=True)
class Any(Condition):
    """One of the conditions at least."""

    parts: tuple[Condition, ...]

    def sql(self, dialect: Dialect) -> str:
        return "(" + " OR ".join(part.sql(dialect) for part in self.parts) + ")"

    def bounds(self, pairs: Pairs) -> Bounds:
        sure, may = zip(*(part.bounds(pairs) for part in self.parts), strict=True)
        return reduce(np.logical_or, sure), reduce(np.logical_or, may)


@dataclass(frozen=True)
class Not(Condition):
    """The condition does not hold."""

    part: Condition

    def sql(self, dialect: Dialect) -> str:
        return f"NOT {self.part.sql(dialect)}"

    def bounds(self, pairs: Pairs) -> Bounds:
        sure, may = self.part.bounds(pairs)
        return ~may, ~sure
