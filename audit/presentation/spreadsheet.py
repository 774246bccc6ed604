"""Frames for spreadsheets: no cell that a spreadsheet would run, as CSV and as Excel."""

import io
import re

import pandas as pd


def for_spreadsheet(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with texts that a spreadsheet would run as formulas written so that it does not (OWASP, CSV injection)."""
    texts = frame.select_dtypes(include=["object", "string"]).columns
    named = frame.rename(columns={name: _unformula(name) for name in frame.columns})
    return named.assign(**{str(_unformula(name)): frame[name].map(_unformula) for name in texts})


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """The frame as CSV with a byte-order mark, by which spreadsheets know UTF-8."""
    return for_spreadsheet(frame).to_csv(index=False).encode("utf-8-sig")


def excel_bytes(frame: pd.DataFrame, name: str) -> bytes:
    """The frame as an Excel workbook of one sheet."""
    buffer = io.BytesIO()
    sheet = re.sub(r"[\[\]:*?/\\]", " ", name)[:31]
    for_spreadsheet(frame).to_excel(buffer, index=False, sheet_name=sheet, engine="openpyxl", freeze_panes=(1, 0))
    return buffer.getvalue()


def _unformula(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and re.match(r"[=+\-@\t\r\n]", value) else value
