"""How nearly two person records agree, field by field: levels of agreement as typed objects that give SQL.

Each condition (``conditions``) knows its SQL of two records ``l`` and ``r`` (the columns are those of
``records.COLUMNS``). A field's levels are tried from the nearest to the farthest; the last is "other". Whether a value is
missing on either side is a level of its own, with the highest number.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from audit.linkage.conditions import (
    Alike,
    All,
    Any,
    Blank,
    Condition,
    Crossed,
    DaysApart,
    Dialect,
    Edits,
    Holds,
    LengthOver,
    Nicknames,
    Not,
    OneDigit,
    OneLetter,
    Pairs,
    Same,
    Value,
    When,
)

Ints = npt.NDArray[np.int64 | np.int32]
UNSURE = -1
"""Stands for the level of a pair that numbers alone do not decide."""


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
        return self._sql(dialect, [f"WHEN {self.missing.sql(dialect)} THEN {self.size}"], ())

    def between(self, dialect: Dialect, *left_out: str) -> str:
        """SQL for the number of the level where neither value is missing and these levels do not hold."""
        return self._sql(dialect, [], left_out)

    def _sql(self, dialect: Dialect, first: list[str], left_out: tuple[str, ...]) -> str:
        cases = [f"WHEN {when.sql(dialect)} THEN {number}" for number, when in self._conditions(left_out)]
        return f"CASE {' '.join(first + cases)} ELSE 0 END"

    def _conditions(self, left_out: tuple[str, ...]) -> Iterator[tuple[int, Condition]]:
        """The levels' numbers and conditions in the order in which they are tried."""
        for number in self.tried or range(self.size - 1, 0, -1):
            when = self.levels[number].when
            assert when is not None
            if self.levels[number].name not in left_out:
                yield number, when

    def known(self, pairs: Pairs) -> npt.NDArray[np.int8]:
        """The number of each pair's level; ``UNSURE`` where only the texts can say it."""
        missing, _ = self.missing.bounds(pairs)
        return np.where(missing, np.int8(self.size), self.known_between(pairs))

    def known_between(self, pairs: Pairs, *left_out: str) -> npt.NDArray[np.int8]:
        """The same where neither value is missing and these levels do not hold."""
        found, left = np.zeros(len(pairs), np.int8), np.ones(len(pairs), bool)
        for number, when in self._conditions(left_out):
            sure, may = when.bounds(pairs)
            found[left & sure] = number
            found[left & may & ~sure] = UNSURE
            left &= ~may
        return found


SWAPPED_NAMES = Alike("fn", 0.9)
"""Names may be swapped where each is like the other of the other record, and forenames are not like each other."""
_ALIKE = SWAPPED_NAMES.least
# One slip at most hits a first letter.
_SWAPPED = When(
    Crossed("fn_first", "sn_first", both=False),
    All((Alike("fn", _ALIKE, "sn"), Alike("sn", _ALIKE, "fn"), Not(SWAPPED_NAMES))),
)


def _one_off(column: str) -> Condition:
    # One edit leaves the first or the last letter as it was, but in the shortest texts.
    ends = Any((Same(f"{column}_first"), Same(f"{column}_last"), Not(LengthOver(column, 2))))
    return Any((When(ends, Edits(column, 1)), When(Same(f"{column}_first"), Alike(column, 0.92))))


def _similar(column: str) -> Condition:
    letters = All((LengthOver(column, 2), Same(f"{column}_letters")))
    return Any((letters, Alike(column, 0.8), Alike(f"{column}_back", 0.88, of=column, start=f"{column}_last")))


FORENAME = Field(
    "forename",
    Blank("fn"),
    (
        Level("other"),
        Level("initial", All((OneLetter("fn"), Same("fn_first")))),
        Level("similar", _similar("fn")),
        Level("one letter off", _one_off("fn"), near=True),
        Level("sounds the same", Same("fn_sound"), near=True),
        Level("nickname", Nicknames(), near=True),
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
# Two births of 1 January are mostly two that are not known to the day: of other years they are not alike.
_BOTH_FIRST = All((Same("born_month"), Same("born_of_month"), Value({"born_month": 1, "born_of_month": 1})))
_WRITTEN_WRONG = (1, 10, 364, 365, 366, 3651, 3652, 3653)
"""Days by which a date is off where a day, its tens, a year or its tens are one too many or too few."""
# One edit of a date leaves its year or its day and month as they were, or it swaps two digits.
_HALF = Any((Same("born_year"), All((Same("born_month"), Same("born_of_month"))), Same("born_text_mask")))
BIRTH = Field(
    "date_of_birth",
    Blank("born_text"),
    (
        Level("other"),
        Level("within 100 days", DaysApart("born_day", most=100)),
        Level(
            "two parts the same",
            Any(
                (
                    All((Same("born_year"), Any((Same("born_month"), Same("born_of_month"))))),
                    All((Same("born_month"), Same("born_of_month"), Not(_BOTH_FIRST))),
                )
            ),
        ),
        Level("1 January of the same year", All((Same("born_year"), Value({"born_month": 1, "born_of_month": 1})))),
        Level(
            "one digit off",
            All((Not(_BOTH_FIRST), Any((When(_HALF, OneDigit("born_text")), DaysApart("born_day", _WRITTEN_WRONG))))),
            near=True,
        ),
        Level("day and month swapped", All((Same("born_year"), Crossed("born_month", "born_of_month"))), near=True),
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
        Level("similar address", All((LengthOver("ad", 3), Any((Same("ad_letters"), Alike("ad", 0.88))))), near=True),
        Level("address near", When(LengthOver("ad", 8), Edits("ad", 2)), near=True),
        Level("same postcode", Same("pc"), near=True),
        Level("same postcode, an address missing", All((Same("pc"), Blank("ad"))), near=True),
        Level("same postcode, address near", When(Same("pc"), Edits("ad", 3)), near=True),
        Level("same address", Same("ad"), near=True, exact=True),
        Level("same address and postcode", All((Same("ad"), Same("pc"))), near=True, exact=True),
    ),
)
PHONE = Field(
    "phone",
    Blank("ph"),
    (
        Level("other"),
        Level("one digit off", When(Same("ph_start"), Edits("ph", 1)), near=True),
        Level("same", Same("ph"), near=True, exact=True),
    ),
)
SEX = Field("sex", Blank("sex"), (Level("other"), Level("same", Same("sex"), exact=True)))

FIELDS: dict[str, Field] = {field.name: field for field in (FORENAME, SURNAME, BIRTH, PLACE, PHONE, SEX)}
"""The fields that are compared, in the order of the results' weights."""

FAR = {
    "forename": (0, FORENAME.size),
    "date_of_birth": (0, BIRTH.number("within 100 days"), BIRTH.size),
    "place": (0, PLACE.number("same district"), PLACE.number("same sector"), PLACE.size),
    "phone": (0, PHONE.size),
}
"""Levels that say little for any kind of pair but strangers."""

RADIX = tuple(field.size + 1 for field in FIELDS.values())
PLACES: dict[str, int] = dict(zip(FIELDS, np.cumprod((1, *RADIX[:-1])).tolist(), strict=True))
"""What one level of each field adds to the number that holds all levels."""
CODES = int(np.prod(RADIX))
"""How many such numbers there are."""


def pairs_sql(pairs: str, records: str) -> str:
    """SQL for what ``code_sql`` reads: pairs (first, second) with their records ``l`` and ``r``, and their nicknames ``k``."""
    joined = f"{pairs} p JOIN {records}_whole l ON l.number = p.first JOIN {records}_whole r ON r.number = p.second"
    return f"{joined} LEFT JOIN {records}_nicknames k ON k.one = l.fn AND k.other = r.fn"


def code_sql(dialect: Dialect, names: Iterable[str] = FIELDS) -> str:
    """SQL for one number that holds the levels of these fields; ``levels_of`` reads the sum of all fields."""
    return " + ".join(f"{PLACES[name]} * ({FIELDS[name].sql(dialect)})" for name in names)


def worth_weighing(codes: Ints) -> npt.NDArray[np.bool_]:
    """Pairs that may be of another kind than strangers: forename, birth, place or telephone is near."""
    far = np.ones(CODES, bool)
    for name, numbers in FAR.items():
        far &= codes_at(name, numbers)
    return np.asarray(~far[codes])


@cache
def codes_at(name: str, numbers: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Which of all the numbers that hold the levels of all fields have one of these levels of a field, shape (``CODES``,)."""
    return np.isin(np.arange(CODES) // PLACES[name] % RADIX[list(FIELDS).index(name)], numbers)


def levels_of(codes: npt.NDArray[np.integer]) -> dict[str, Ints]:
    """The level of each field, by the numbers that ``code_sql`` gives."""
    rest, levels = np.asarray(codes, np.int64), {}
    for name, size in zip(FIELDS, RADIX, strict=True):
        rest, levels[name] = np.divmod(rest, size)
    return levels
