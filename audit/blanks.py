"""Blank and placeholder as expressions of a frame, the same on every engine; the definition is ``synthetic.contract.blanks``."""

import narwhals as nw

from synthetic.contract import blanks

__all__ = ["blank", "by_case", "placeholder"]


def blank(column: str) -> nw.Expr:
    """Whether a text column is null or holds nothing that can be seen; never null."""
    text = nw.col(column)
    # What begins with a printed ASCII character is not blank; so hardly any text has to be matched, which is slow.
    plain = (text >= "!") & (text < "\x7f")
    matched = nw.when(~plain).then(text.str.contains(f"^{blanks.BLANK}$")).otherwise(nw.lit(False))
    return text.is_null() | matched.fill_null(False)


def placeholder(column: str, kind: blanks.Kind = "other") -> nw.Expr:
    """Whether a text column holds a placeholder; never null."""
    return nw.col(column).str.contains(f"^{blanks.PLACEHOLDER[kind]}$").fill_null(False)


def by_case(column: str) -> nw.Expr:
    """Whether a name is a placeholder by its spelling alone (``NULL``, where people are called Null); never null."""
    return nw.col(column).str.contains(f"^{blanks.BY_CASE}$").fill_null(False)
