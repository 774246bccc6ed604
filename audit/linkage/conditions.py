"""What may be true of a pair of person records, as typed objects that give SQL for DuckDB and for Spark.

The two records are ``l`` and ``r``; their columns are those of ``records.COLUMNS``.
"""

from dataclasses import dataclass
from typing import Protocol


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


class Condition(Protocol):
    """Something that may be true of a pair of records."""

    def sql(self, dialect: Dialect) -> str:
        """The condition in the dialect's SQL."""


@dataclass(frozen=True)
class Blank:
    """The column is missing on either side."""

    column: str

    def sql(self, dialect: Dialect) -> str:
        return f"(l.{self.column} IS NULL OR r.{self.column} IS NULL)"


@dataclass(frozen=True)
class Same:
    """The column is equal."""

    column: str

    def sql(self, dialect: Dialect) -> str:
        return f"l.{self.column} = r.{self.column}"


@dataclass(frozen=True)
class Value:
    """The column has this number on either side."""

    columns: dict[str, int]

    def sql(self, dialect: Dialect) -> str:
        sides = (" AND ".join(f"{side}.{name} = {value}" for name, value in self.columns.items()) for side in "lr")
        return "(" + " OR ".join(f"({side})" for side in sides) + ")"


@dataclass(frozen=True)
class Edits:
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


@dataclass(frozen=True)
class OneDigit:
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


@dataclass(frozen=True)
class Alike:
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
        # Letters that the other text has not at all cannot match. With m matches Jaro is at most (m/length + m/length + 1)/3.
        # Winkler's bonus is for texts whose Jaro is over 0.7; four equal first letters take away 0.4 of what is missing to 1,
        # and other first letters give none.
        one, two = self.of or a, self.of or b
        left, right = f"l.{one}_mask", f"r.{two}_mask"
        sizes = f"l.{one}_size", f"r.{two}_size"
        most = f"least({sizes[0]} - bit_count({left} & ~{right}), {sizes[1]} - bit_count({right} & ~{left}))"
        first = f"l.{self.start or f'{a}_first'} = r.{self.start or f'{b}_first'}"
        # In thousandths, since DuckDB takes numbers with a point for decimals, which are slow.
        least, helped = (int(1000 * (3 * jaro - 1)) - 1 for jaro in (self.least, max(1 - (1 - self.least) / 0.6, 0.7)))
        share = f"(CASE WHEN {first} THEN {helped} ELSE {least} END)::BIGINT"
        bound = f"1000::BIGINT * {most} * ({sizes[0]} + {sizes[1]}) >= {share} * {sizes[0]} * {sizes[1]}"
        return f"CASE WHEN {bound} THEN {similar} ELSE false END"


@dataclass(frozen=True)
class Nicknames:
    """The forenames may stand for the same full name: a row of ``k``, which ``records.prepare`` makes, has both."""

    def sql(self, dialect: Dialect) -> str:
        return "k.one IS NOT NULL"


@dataclass(frozen=True)
class Holds:
    """One text contains the other, and neither has fewer letters than ``least``."""

    column: str
    least: int

    def sql(self, dialect: Dialect) -> str:
        a, b = f"l.{self.column}", f"r.{self.column}"
        return f"(least(length({a}), length({b})) >= {self.least} AND (contains({a}, {b}) OR contains({b}, {a})))"


@dataclass(frozen=True)
class LengthOver:
    """The text on the left, and so nearly that on the right, has more letters than this."""

    column: str
    letters: int

    def sql(self, dialect: Dialect) -> str:
        return f"length(l.{self.column}) > {self.letters}"


@dataclass(frozen=True)
class OneLetter:
    """Either text is a single letter."""

    column: str

    def sql(self, dialect: Dialect) -> str:
        return f"(length(l.{self.column}) = 1 OR length(r.{self.column}) = 1)"


@dataclass(frozen=True)
class DaysApart:
    """The dates, as day numbers, are so many days apart: one of these numbers, or at most so many."""

    column: str
    days: tuple[int, ...] = ()
    most: int | None = None

    def sql(self, dialect: Dialect) -> str:
        apart = f"abs(l.{self.column} - r.{self.column})"
        return f"{apart} <= {self.most}" if self.most is not None else f"{apart} IN ({', '.join(map(str, self.days))})"


@dataclass(frozen=True)
class Crossed:
    """One column of the one is the other column of the other, both ways or at least one way."""

    one: str
    other: str
    both: bool = True

    def sql(self, dialect: Dialect) -> str:
        return f"(l.{self.one} = r.{self.other} {'AND' if self.both else 'OR'} l.{self.other} = r.{self.one})"


@dataclass(frozen=True)
class When:
    """The second condition, looked at only where the first, which takes less time, holds."""

    first: Condition
    then: Condition

    def sql(self, dialect: Dialect) -> str:
        return f"CASE WHEN {self.first.sql(dialect)} THEN {self.then.sql(dialect)} ELSE false END"


@dataclass(frozen=True)
class All:
    """Every one of the conditions."""

    parts: tuple[Condition, ...]

    def sql(self, dialect: Dialect) -> str:
        return "(" + " AND ".join(part.sql(dialect) for part in self.parts) + ")"


@dataclass(frozen=True)
class Any:
    """One of the conditions at least."""

    parts: tuple[Condition, ...]

    def sql(self, dialect: Dialect) -> str:
        return "(" + " OR ".join(part.sql(dialect) for part in self.parts) + ")"


@dataclass(frozen=True)
class Not:
    """The condition does not hold."""

    part: Condition

    def sql(self, dialect: Dialect) -> str:
        return f"NOT {self.part.sql(dialect)}"
