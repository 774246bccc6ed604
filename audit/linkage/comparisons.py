"""How nearly two person records agree, field by field: levels of agreement as typed objects that give SQL.

Each condition knows its SQL for DuckDB and for Spark, of two records ``l`` and ``r`` (the columns are those of
``records.COLUMNS``). A field's levels are tried from the nearest to the farthest; the last is "other". Whether a value is
missing on either side is a level of its own, with the highest number.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dialect:
    """The names of the functions in which the engines differ."""

    name: str
    edits: str
    """Damerau–Levenshtein distance of two texts."""
    similarity: str
    """Jaro–Winkler similarity of two texts."""
    overlap: str
    """Whether two lists have an entry in common."""


DUCKDB = Dialect("duckdb", "damerau_levenshtein", "jaro_winkler_similarity", "list_has_any")
SPARK = Dialect("spark", "damerau_levenshtein", "jaro_winkler", "arrays_overlap")


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
    """The column is equal, or the parts of it that start at a place (from 1) and have a length."""

    column: str
    start: int = 1
    length: int | None = None

    def sql(self, dialect: Dialect) -> str:
        if self.length is None:
            return f"l.{self.column} = r.{self.column}"
        parts = (f"substr({side}.{self.column}, {self.start}, {self.length})" for side in "lr")
        return " = ".join(parts)


@dataclass(frozen=True)
class SameEnd:
    """The last letters of the column are equal."""

    column: str
    letters: int

    def sql(self, dialect: Dialect) -> str:
        return f"right(l.{self.column}, {self.letters}) = right(r.{self.column}, {self.letters})"


@dataclass(frozen=True)
class Edits:
    """At most so many letters added, dropped, changed or swapped with their neighbour."""

    column: str
    most: int

    def sql(self, dialect: Dialect) -> str:
        column = self.column
        # What one or two edits leave alone is looked at first, which takes less time than to count them.
        cheap = f"abs(length(l.{column}) - length(r.{column})) <= {self.most}"
        return f"({cheap} AND {dialect.edits}(l.{column}, r.{column}) <= {self.most})"


@dataclass(frozen=True)
class Alike:
    """The Jaro–Winkler similarity of two columns is at least so much."""

    column: str
    least: float
    other: str | None = None

    def sql(self, dialect: Dialect) -> str:
        return f"{dialect.similarity}(l.{self.column}, r.{self.other or self.column}) >= {self.least}"


@dataclass(frozen=True)
class Overlap:
    """Two lists have an entry in common."""

    column: str

    def sql(self, dialect: Dialect) -> str:
        return f"coalesce({dialect.overlap}(l.{self.column}, r.{self.column}), false)"


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
class DayMonthSwapped:
    """Dates as YYYYMMDD: the same year, and the day of one is the month of the other both ways."""

    column: str

    def sql(self, dialect: Dialect) -> str:
        a, b = f"l.{self.column}", f"r.{self.column}"
        return f"(left({a}, 4) = left({b}, 4) AND substr({a}, 5, 2) = right({b}, 2) AND right({a}, 2) = substr({b}, 5, 2))"


@dataclass(frozen=True)
class EitherEnds:
    """Either text ends like this."""

    column: str
    end: str

    def sql(self, dialect: Dialect) -> str:
        return "(" + " OR ".join(f"right({side}.{self.column}, {len(self.end)}) = '{self.end}'" for side in "lr") + ")"


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


@dataclass(frozen=True)
class Level:
    """One level of agreement: its name and when it holds (the farthest has no condition).

    ``near`` says that a slip of the pen, a nickname or a move within the street leads here, so that two people who share
    the value may be written down like this. ``exact`` says that the value itself is shared.
    """

    name: str
    when: Condition | None = None
    near: bool = False
    exact: bool = False


@dataclass(frozen=True)
class Field:
    """A field of the comparison: when it is missing, and its levels from the farthest (number 0) to the nearest."""

    name: str
    missing: Condition
    levels: tuple[Level, ...]
    tried: tuple[int, ...] = ()
    """The order in which levels are tried, where it is not from the highest number down."""

    @property
    def size(self) -> int:
        """The number of levels; missing has this number."""
        return len(self.levels)

    @property
    def near(self) -> npt.NDArray[np.float64]:
        """1 for levels that are near, 0 for others, shape (size,)."""
        return np.array([level.near for level in self.levels], float)

    @property
    def exact(self) -> list[int]:
        """The numbers of the levels on which the value itself is shared."""
        return [number for number, level in enumerate(self.levels) if level.exact]

    def number(self, name: str) -> int:
        """The number of the level of this name."""
        return [level.name for level in self.levels].index(name)

    def sql(self, dialect: Dialect) -> str:
        """SQL for the number of the level of a pair."""
        cases = [f"WHEN {self.missing.sql(dialect)} THEN {self.size}"]
        for number in self.tried or range(self.size - 1, 0, -1):
            when = self.levels[number].when
            assert when is not None
            cases.append(f"WHEN {when.sql(dialect)} THEN {number}")
        return f"CASE {' '.join(cases)} ELSE 0 END"


_SWAPPED = All((Alike("fn", 0.9, "sn"), Alike("sn", 0.9, "fn"), Not(Alike("fn", 0.9))))


def _one_off(column: str) -> Condition:
    # One edit leaves the first or the last letter as it was, but in the shortest texts.
    ends = Any((Same(column, 1, 1), SameEnd(column, 1), Not(LengthOver(column, 2))))
    return Any((All((ends, Edits(column, 1))), All((Same(column, 1, 1), Alike(column, 0.92)))))


def _similar(column: str) -> Condition:
    letters = All((LengthOver(column, 2), Same(f"{column}_sorted")))
    return Any((Alike(column, 0.8), letters, Alike(f"{column}_back", 0.88)))


FORENAME = Field(
    "forename",
    Blank("fn"),
    (
        Level("other"),
        Level("initial", All((OneLetter("fn"), Same("fn", 1, 1)))),
        Level("similar", _similar("fn")),
        Level("one letter off", _one_off("fn"), near=True),
        Level("sounds the same", Same("fn_sound"), near=True),
        Level("nickname", Overlap("fn_known"), near=True),
        Level("swapped with surname", _SWAPPED),
        Level("same", Same("fn"), near=True, exact=True),
    ),
    (7, 6, 5, 4, 3, 1, 2),
)
SURNAME = Field(
    "surname",
    Any((Blank("sn"), All((Not(Same("fn")), _SWAPPED)))),
    (
        Level("other"),
        Level("part of it", Holds("sn", 4)),
        Level("similar", _similar("sn"), near=True),
        Level("one letter off", _one_off("sn"), near=True),
        Level("sounds the same", Same("sn_sound"), near=True),
        Level("same", Same("sn"), near=True, exact=True),
    ),
    (5, 4, 3, 1, 2),
)
BIRTH = Field(
    "date_of_birth",
    Blank("born_text"),
    (
        Level("other"),
        Level("within 100 days", DaysApart("born_day", most=100)),
        Level(
            "two parts the same",
            Any((Same("born_text", 1, 6), SameEnd("born_text", 4), All((Same("born_text", 1, 4), SameEnd("born_text", 2))))),
        ),
        Level("1 January of the same year", All((Same("born_text", 1, 4), EitherEnds("born_text", "0101")))),
        Level(
            "one digit off",
            Any((Edits("born_text", 1), DaysApart("born_day", (1, 10, 364, 365, 366, 3651, 3652, 3653)))),
            near=True,
        ),
        Level("day and month swapped", DayMonthSwapped("born_text"), near=True),
        Level("same", Same("born_text"), near=True, exact=True),
    ),
)
PLACE = Field(
    "place",
    All((Blank("ad"), Blank("pc"))),
    (
        Level("other"),
        Level("same district", Same("district")),
        Level("same sector", Same("sector")),
        Level("similar address", All((LengthOver("ad", 3), Any((Alike("ad", 0.88), Same("ad_sorted"))))), near=True),
        Level("address near", All((LengthOver("ad", 8), Edits("ad", 2))), near=True),
        Level("same postcode", Same("pc")),
        Level("same postcode, address near", All((Same("pc"), Edits("ad", 3))), near=True),
        Level("same address", Same("ad"), near=True, exact=True),
        Level("same address and postcode", All((Same("ad"), Same("pc"))), near=True, exact=True),
    ),
)
PHONE = Field(
    "phone",
    Blank("ph"),
    (
        Level("other"),
        Level("one digit off", All((Same("ph", 1, 3), Edits("ph", 1))), near=True),
        Level("same", Same("ph"), near=True, exact=True),
    ),
)
SEX = Field("sex", Blank("sex"), (Level("other"), Level("same", Same("sex"), exact=True)))

FIELDS: dict[str, Field] = {field.name: field for field in (FORENAME, SURNAME, BIRTH, PLACE, PHONE, SEX)}
"""The fields that are compared, in the order of the results' weights."""

RADIX = tuple(field.size + 1 for field in FIELDS.values())


def code_sql(dialect: Dialect) -> str:
    """SQL for one number that holds the levels of all fields; ``levels_of`` reads it."""
    place, parts = 1, []
    for field, size in zip(FIELDS.values(), RADIX, strict=True):
        parts.append(f"{place} * ({field.sql(dialect)})")
        place *= size
    return " + ".join(parts)


def levels_of(codes: npt.NDArray[np.integer]) -> dict[str, Ints]:
    """The level of each field, by the numbers that ``code_sql`` gives."""
    rest, levels = np.asarray(codes, np.int64), {}
    for name, size in zip(FIELDS, RADIX, strict=True):
        rest, levels[name] = np.divmod(rest, size)
    return levels
