"""What is blank and what is a placeholder: one definition for checks, linkage and calibrate, the same on every engine.

A text is *blank* when it is null or holds nothing that can be seen: spaces of any width, no-break and zero-width ones, and
control characters. A *placeholder* stands for a value that is not there: words that people type (``UNKNOWN``, ``N/K``),
words that software writes (``NULL``, ``NaN``, ``#N/A``), or punctuation alone (``-``, ``?``). In names it is only what
nobody is called, and case decides: people are called Na, Nan, Nil, Null, Test and Anon, so only the spellings that software
and forms produce count (``BY_CASE``). Where all names are written in capitals, or none is, case decides nothing: a check of
a whole column then counts such a word only where it is commoner than a name can be. Elsewhere case makes no difference.

Everything is one regular expression for each kind, without look-around and without classes that engines define
differently, so that DuckDB, Arrow (pandas), Spark and Python agree; tests compare them.
"""

import re
from typing import Literal

__all__ = ["BLANK", "BY_CASE", "PLACEHOLDER", "Kind", "blank_sql", "is_blank", "is_placeholder", "placeholder_sql"]

Kind = Literal["name", "address", "other"]

# Characters that cannot be seen, as ranges of code points: controls and spaces; soft hyphen; joiners, fillers and marks of
# direction; spaces of every width; zero-width characters; ideographic space; variation selectors; the byte order mark.
_INVISIBLE_RANGES = (
    (0x7F, 0xA0), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x1680, 0x1680), (0x17B4, 0x17B5),
    (0x180B, 0x180E), (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F), (0x2800, 0x2800), (0x3000, 0x3000),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB),
)  # fmt: skip
_INVISIBLE = r"\x00-\x20" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _INVISIBLE_RANGES)
# Quotes by their numbers, so that the expression can stand in SQL as it is.
_PUNCTUATION = r"\!\x22\#\$\%\&\x27\(\)\*\+\,\-\.\/\:\;\<\=\>\?\@\[\\\]\^\_\`\{\|\}\~" + "¡¿«»·•–—―‘’“”…‐‑‒−§¬°¨´¯×¤"

BLANK = f"[{_INVISIBLE}]*"
"""A text that is blank, whole: for a full match."""

_ANY_CASE = (
    "unknown", "not known", "unk", "nk", "n/k", "n/a", "none", "no name", "anonymous", "tbc", "tba", "not stated", "not given",
    "not provided", "not recorded", "not applicable", "not available", "not disclosed", "no data", "unnamed", "unspecified",
    "refused", "withheld", "undefined", "1.#ind", "1.#qnan",
)  # fmt: skip
"""Words that nobody is called. A space stands for any separator or none, a slash for either slash."""
_BY_CASE = (
    "NULL",
    "null",
    "NaN",
    "nan",
    "NaT",
    "NA",
    "na",
    "nil",
    "NIL",
    "TEST",
    "test",
    "ANON",
    "anon",
    "MISSING",
    "missing",
    "x",
)
"""Words that people are called in another spelling. ``NAN`` is left out: no software writes it, and Nan in capitals is a name."""
_NOT_IN_NAMES = ("null", "nan", "nat", "na", "nil", "test", "anon", "missing", "x")
_ADDRESSES = ("no fixed abode", "no fixed address", "nfa", "n.f.a")


def _letters(word: str) -> str:
    """A word in any case, without a flag: engines fold other letters differently."""
    separators = {" ": rf"[{_INVISIBLE}\_\-\.\/]*", "/": rf"[{_INVISIBLE}]*[\/\\][{_INVISIBLE}]*", ".": r"\.", "#": r"\#"}
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else separators.get(letter, letter) for letter in word)


def _expression(words: tuple[str, ...], alone: bool = True) -> str:
    around = f"[{_INVISIBLE}{_PUNCTUATION}]*"
    written = f"{around}(?:{'|'.join(words)}){around}"
    return f"(?:[{_INVISIBLE}]*[{_PUNCTUATION}]{around}|{written})" if alone else f"(?:{written})"


_WORDS = (*map(_letters, _ANY_CASE), "[xX][xX]+")
PLACEHOLDER: dict[Kind, str] = {
    "name": _expression((*_WORDS, *_BY_CASE)),
    "address": _expression((*_WORDS, *map(_letters, (*_NOT_IN_NAMES, *_ADDRESSES)))),
    "other": _expression((*_WORDS, *map(_letters, _NOT_IN_NAMES))),
}
"""A text that is a placeholder, whole, by kind of field: for a full match."""
BY_CASE = _expression(_BY_CASE, alone=False)
"""A name that is a placeholder by its spelling alone: written with other capitals it may be what somebody is called."""

Dialect = Literal["duckdb", "spark"]


def is_blank(text: str | None) -> bool:
    """Whether a text is null or holds nothing that can be seen.

    >>> is_blank(None), is_blank(" \\u00a0\\u200b"), is_blank("-")
    (True, True, False)
    """
    return text is None or re.fullmatch(BLANK, text) is not None


def is_placeholder(text: str | None, kind: Kind = "other") -> bool:
    """Whether a text stands for a value that is not there; a blank is none.

    >>> is_placeholder("NULL", "name"), is_placeholder("Null", "name"), is_placeholder("Null", "other")
    (True, False, True)
    """
    return text is not None and re.fullmatch(PLACEHOLDER[kind], text) is not None


def blank_sql(column: str, dialect: Dialect = "duckdb") -> str:
    """SQL that is true where a text column is blank, and false elsewhere, never null."""
    # What begins with a printed ASCII character is not blank; so hardly any text has to be matched, which is slow.
    plain = f"({column} >= '!' AND {column} < chr(127))"
    return f"({column} IS NULL OR (NOT {plain} AND {_full_match(column, BLANK, dialect)}))"


def placeholder_sql(column: str, kind: Kind = "other", dialect: Dialect = "duckdb") -> str:
    """SQL that is true where a text column holds a placeholder, and false elsewhere, never null."""
    return f"coalesce({_full_match(column, PLACEHOLDER[kind], dialect)}, false)"


def _full_match(column: str, expression: str, dialect: Dialect) -> str:
    if dialect == "spark":
        return f"({column} RLIKE r'^{expression}$')"
    return f"regexp_full_match({column}, '{expression}')"
