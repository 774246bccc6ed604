"""HTML that report and dashboard share: the banner, status marks, tables and their styles."""

import html
import re
from dataclasses import dataclass
from urllib.parse import quote

from audit.presentation.method import DEFINITIONS
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import words

BANNER_LEAD = "All data here is synthetic."
BANNER_TEXT = (
    "Real extracts are refused: every record must carry marks that real records do not have. "
    "No person, not even a synthetic one, is shown with a score or a rank: figures are about data, never about people."
)


@dataclass(frozen=True)
class Mark:
    """How a status is shown: a symbol for everybody, and a colour for those who see it."""

    symbol: str
    colour: str
    name: str = ""
    """In English, where the files' own word is not."""


_GOOD, _DOUBT, _BAD = "rgba(46, 160, 67, .16)", "rgba(210, 153, 34, .22)", "rgba(218, 54, 51, .20)"
_UNKNOWN, _ABSENT = "rgba(130, 80, 223, .20)", "rgba(128, 128, 128, .16)"
MARKS = {
    "pass": Mark("✓", _GOOD),
    "warn": Mark("!", _DOUBT),
    "fail": Mark("✗", _BAD),
    "error": Mark("?", _UNKNOWN, "could not be run"),
    "not_applicable": Mark("–", _ABSENT),
    "not_run": Mark("○", _ABSENT, "not run"),
    "met": Mark("✓", _GOOD),
    "not met": Mark("✗", _BAD),
    "too close to call": Mark("≈", _DOUBT),
    "cannot be judged": Mark("?", _UNKNOWN),
    "not ready": Mark("✗", _BAD),
    "process testing only": Mark("!", _DOUBT),
    "supervised pilot": Mark("✓", _GOOD),
}
"""Statuses of checks, gates and forces."""

TABLE_STYLE = """
.bench-scroll { overflow-x: auto; container-type: inline-size; }
.bench-scroll:focus-visible { outline: 3px solid #1f77a4; outline-offset: 2px; }
table.bench { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
table.bench caption { position: sticky; left: 0; width: 100cqw; text-align: left; font-weight: 600; padding: .2rem 0 .5rem; caption-side: top; }
table.bench th, table.bench td { padding: .35rem .5rem; border-bottom: 1px solid rgba(128, 128, 128, .35); text-align: left;
  vertical-align: top; overflow-wrap: break-word; }
table.bench thead th, table.bench thead td { font-weight: 600; border-bottom-width: 2px; overflow-wrap: normal; }
table.bench th.long { width: 26%; }
table.bench th.longest { width: 70%; }
table.bench thead a { color: inherit; text-decoration: underline dotted; }
table.bench tbody th { font-weight: 500; }
table.bench .number { text-align: right; }
table.bench td.number { white-space: nowrap; }
table.bench td.number small { white-space: normal; min-width: 4.2rem; }
table.bench small { display: block; font-size: .8rem; font-weight: 400; }
table.bench code { display: block; font-size: .72rem; font-weight: 400; background: none; color: inherit; opacity: .8; padding: 0; }
table.bench td a, table.bench th a { color: inherit; }
table.bench mark { background: rgba(210, 153, 34, .38); color: inherit; padding: 0 .1em; }
"""


LONG = 60
"""A column of texts longer than this is given a quarter of the table at least; most of it in a table of two or three columns."""

WIDE_HEAD, WIDE = 20, 32
"""Cells of more letters, first of a row and others, keep some width on a narrow screen, so that they are no column of single words."""


def status_name(status: str) -> str:
    """A status in English."""
    return (MARKS[status].name if status in MARKS else "") or words(status)


def table_html(table: Table, links: bool = False) -> str:
    """A real table that a screen reader can walk: the first cell of each row heads it. It scrolls within itself where it is wide."""
    head = "".join(_head_html(table, place, links) for place in range(len(table.columns)))
    body = "".join(
        "<tr>" + "".join(_cell_html(cell, place == 0, links) for place, cell in enumerate(row)) + "</tr>" for row in table.rows
    )
    caption = html.escape(table.caption, quote=True)
    return (
        f"<div class='bench-scroll' tabindex='0' role='region' aria-label='{caption}'>"
        f"<table class='bench'><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _head_html(table: Table, place: int, links: bool) -> str:
    """A column's head; a term of the glossary leads to what it means."""
    column = table.columns[place]
    long = not table.numeric[place] and any(len(row[place].text) > LONG for row in table.rows)
    if not column:
        return "<td></td>"  # a head without a word says nothing to a screen reader
    text = html.escape(column)
    if links and column in DEFINITIONS:
        text = f'<a href="method?term={quote(column)}" target="_self">{text}</a>'
    kind = " class=number" if table.numeric[place] else f" class={'long' if len(table.columns) > 3 else 'longest'}" if long else ""
    return f'<th scope="col"{kind}>{text}</th>'


def _cell_html(cell: Cell, heads: bool, links: bool) -> str:
    mark = MARKS.get(cell.status)
    text = f"{mark.symbol + ' ' if mark else ''}{html.escape(cell.text)}"
    if links and cell.link:
        text = f'<a href="{html.escape(cell.link, quote=True)}" target="_self">{text}</a>'
    if cell.code:
        text += f"<code>{_breakable(html.escape(cell.code))}</code>"
    if cell.note:
        text += f"<small>{_unbroken(html.escape(cell.note))}</small>"
    wide = max(len(cell.text), len(cell.code)) > (WIDE_HEAD if heads else WIDE)
    if heads:
        return f'<th scope="row"{" class=wide" if wide else ""}>{text}</th>'
    kind = " class='number'" if cell.number else " class='wide'" if wide else ""
    style = f' style="background:{mark.colour}"' if mark else ""
    return f"<td{kind}{style}>{text}</td>"


def _unbroken(note: str) -> str:
    """An interval stays on one line."""
    return note.replace(" ", "\u00a0") if re.fullmatch(r"[−+]?[\d.,]+ to [−+]?[\d.,]+", note) else note


def _breakable(text: str) -> str:
    """Identifiers may be broken after a part of them, and nowhere else."""
    return re.sub(r"(?<=\w)([_.])(?=\w)", r"\1<wbr>", text)
