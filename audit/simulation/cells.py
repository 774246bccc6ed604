"""The cells of a worksheet as text that says what the person who filled it in saw, from CSV or Excel."""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from synthetic.errors import InputError

GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
"""A number with commas between thousands; in any other number a comma may stand for a decimal point."""
MOST_CHARACTERS = 10_000_000
"""No worksheet that was filled in is larger."""


def read_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a worksheet, by heading, as text; a number in a cell that Excel shows as a percentage ends in %.

    Of an Excel file, the first sheet that has every heading. Raises InputError where the file cannot be read, lacks one of the
    headings ``needed`` or has one twice, or has cells that are merged.
    """
    sheets = _csv_sheets(path) if path.suffix.lower() == ".csv" else _excel_sheets(path)
    listed = ", ".join(needed)
    for rows in sheets:
        headings = [heading.strip().lower() for heading in (rows[0] if rows else [])]
        if not set(needed) <= set(headings):
            continue
        if any(headings.count(name) > 1 for name in needed):
            raise InputError(None, f"The worksheet has a column twice; it takes {listed} once each.")
        return [{name: row[headings.index(name)].strip() for name in needed} for row in _filled(rows[1:], len(headings))]
    raise InputError(None, f"The worksheet lacks one of its columns; its first row names {listed} at least, separated by commas in a CSV file.")  # fmt: skip


def number_of(text: str) -> float:
    """The number that a text says, commas between thousands allowed; raises ValueError where it may be meant in two ways."""
    plain = text.removeprefix("'").replace("\N{MINUS SIGN}", "-").strip()
    if "," in plain:
        if not GROUPED.fullmatch(plain):
            raise ValueError("a comma that is not between thousands")
        plain = plain.replace(",", "")
    number = float(plain)
    return int(number) if number.is_integer() else number


def _filled(rows: Iterable[list[str]], width: int) -> Iterable[list[str]]:
    """The rows that hold something, each as long as the first."""
    for row in rows:
        if any(cell.strip() for cell in row):
            if len(row) > width and any(cell.strip() for cell in row[width:]):
                raise InputError(None, "The worksheet has a row with more cells than there are columns; check its commas.")
            yield [*row, *([""] * width)][:width]


def _csv_sheets(path: Path) -> list[list[list[str]]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("COUNTS", "takes a CSV file in UTF-8; in Excel, save it as CSV UTF-8 or as a workbook.") from None
    except OSError:
        raise _unreadable() from None
    try:
        if len(text) > MOST_CHARACTERS:
            raise _unreadable()
        return [list(csv.reader(io.StringIO(text, newline=""), strict=True))]
    except csv.Error:
        raise _unreadable() from None


def _excel_sheets(path: Path) -> list[list[list[str]]]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(path) as parts:
            if sum(part.file_size for part in parts.infolist()) > MOST_CHARACTERS * 5:
                raise _unreadable()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl names extensions that it leaves out
            values, formulas = (load_workbook(path, data_only=shown) for shown in (True, False))
    except InputError:
        raise
    except Exception:  # a broken workbook leads its reader to raise anything
        raise _unreadable() from None
    sheets = []
    for sheet in values.worksheets:
        if sheet.merged_cells.ranges:
            raise InputError(None, "The worksheet has merged cells, so that it is not clear which row they belong to; split them.")
        written = formulas[sheet.title]
        sheets.append(
            [
                [_shown(cell.value, cell.number_format, written.cell(cell.row, cell.column).value) for cell in row]
                for row in sheet.iter_rows()
            ]
        )
    return sheets


def _shown(value: Any, number_format: str, written: Any) -> str:
    """A cell's text; a formula that was never calculated is its own text, so that it is refused and not taken as blank."""
    if value is None:
        return "" if written is None else str(written)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{100 * value:.12g}%" if "%" in number_format else f"{value:.15g}"
    return str(value)


def _unreadable() -> InputError:
    return InputError("COUNTS", "takes a worksheet that can be read; `--worksheet` writes one to fill in.")
