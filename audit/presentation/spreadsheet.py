"""Frames for spreadsheets: no cell that a spreadsheet would run, as CSV and as Excel with formats."""

import io
import re

import pandas as pd

SHARES = re.compile(
    r"\b(rate|low|high|threshold|value|gain|share|people found|found|contribution|recall|captured|included|entries)\b"
)
"""Columns of numbers from −1 to 1 with such a word in their name are shares, and are shown in per cent."""
WIDEST, NARROWEST = 60, 8
TO_FILL_IN = {"owner": 24, "due": 14}
"""Columns that a reader fills in, with their width."""


def for_spreadsheet(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with texts that a spreadsheet would run as formulas written so that it does not (OWASP, CSV injection)."""
    texts = frame.select_dtypes(include=["object", "string"]).columns
    named = frame.rename(columns={name: _unformula(name) for name in frame.columns})
    return named.assign(**{str(_unformula(name)): frame[name].map(_unformula) for name in texts})


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """The frame as CSV with a byte-order mark, by which spreadsheets know UTF-8."""
    return for_spreadsheet(frame).to_csv(index=False).encode("utf-8-sig")


def excel_bytes(frame: pd.DataFrame, name: str) -> bytes:
    """The frame as an Excel workbook of one sheet: a bold head that stays, filters, widths that suit, shares in per cent."""
    buffer = io.BytesIO()
    sheet = re.sub(r"[\[\]:*?/\\]", " ", name)[:31]
    safe = for_spreadsheet(frame)
    with pd.ExcelWriter(buffer, engine="openpyxl", date_format="dd/mm/yyyy", datetime_format="dd/mm/yyyy") as writer:
        safe.to_excel(writer, index=False, sheet_name=sheet, freeze_panes=(1, 0))
        _format(writer.book.worksheets[0], safe)
    return buffer.getvalue()


def _format(sheet: "object", frame: pd.DataFrame) -> None:
    from openpyxl.styles import Alignment
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.worksheet import Worksheet

    assert isinstance(sheet, Worksheet)
    sheet.auto_filter.ref = sheet.dimensions
    for place, column in enumerate(frame.columns, 1):
        letter, values = get_column_letter(place), frame[column]
        lengths = values.dropna().astype(str).str.len()
        longest = max([len(str(column)) + 2, *([int(lengths.max()) + 2] if len(lengths) else [])])
        number_format = _number_format(str(column), values)
        width = TO_FILL_IN.get(str(column), min(max(longest if number_format is None else len(str(column)) + 3, NARROWEST), WIDEST))
        sheet.column_dimensions[letter].width = width
        wraps = longest > WIDEST
        for (cell,) in sheet.iter_rows(min_row=2, min_col=place, max_col=place):
            if number_format is not None:
                cell.number_format = number_format
            cell.alignment = Alignment(vertical="top", wrap_text=wraps)


def _number_format(column: str, values: pd.Series) -> str | None:
    if column == "due":
        return "dd/mm/yyyy"
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return None
    known = values.dropna()
    if pd.api.types.is_integer_dtype(values) or (len(known) and (known == known.round()).all() and known.abs().max() > 1):
        return "#,##0"
    if SHARES.search(column.replace("_", " ")) and (not len(known) or known.abs().max() <= 1):
        return "0.0%"
    return "0.00"


def _unformula(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and re.match(r"[=+\-@\t\r\n]", value) else value
