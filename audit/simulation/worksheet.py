"""The worksheet: what counts, over which rows, and the query, to fill in as CSV or Excel, or to print."""

import html
import io
from pathlib import Path

from audit.presentation.html import TABLE_STYLE, table_html
from audit.presentation.spreadsheet import csv_bytes, for_spreadsheet
from audit.presentation.tables import Cell, Table
from audit.simulation.counts import COLUMNS, LEAST_TOTAL, Counts, worksheet_frame
from audit.simulation.quantities import HOW_IN_WORDS, SECTIONS
from audit.simulation.questions import QUANTITIES
from synthetic.dataset import staged_file
from synthetic.errors import InputError

WIDTHS = dict(zip(COLUMNS, (22, 30, 28, 34, 36, 30, 10, 10, 10, 10, 14, 44, 70), strict=True))
"""Widths of the columns in a spreadsheet, in characters."""
LEAD = (
    "Run each query on your own system, adapted to its tables, and fill in the two totals. Draw at random where a query cannot show it, "
    f"or give a range. Leave blank what you do not know. Only totals leave your system; totals under {LEAST_TOTAL} are refused."
)


def write_worksheet(out: Path, counts: Counts | None = None) -> None:
    """Write the worksheet by the file's ending: .csv, .xlsx, or .html to print; raises InputError with what is allowed."""
    makers = {".csv": worksheet_csv, ".xlsx": worksheet_excel, ".html": worksheet_html}
    if out.suffix not in makers:
        raise InputError("worksheet", "takes a file that ends in .csv, .xlsx or .html.")
    with staged_file(out) as beside:
        beside.write_bytes(makers[out.suffix](counts or Counts()))


def worksheet_csv(counts: Counts) -> bytes:
    """The worksheet as CSV."""
    return csv_bytes(worksheet_frame(counts, HOW_IN_WORDS))


def worksheet_excel(counts: Counts) -> bytes:
    """The worksheet as an Excel workbook of one sheet; the cells to fill in are coloured."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from pandas import ExcelWriter

    buffer = io.BytesIO()
    with ExcelWriter(buffer, engine="openpyxl") as writer:
        for_spreadsheet(worksheet_frame(counts, HOW_IN_WORDS)).to_excel(
            writer, index=False, sheet_name="counts", freeze_panes=(1, 2)
        )
        sheet = writer.sheets["counts"]
        for number, name in enumerate(COLUMNS, 1):
            sheet.column_dimensions[get_column_letter(number)].width = WIDTHS[name]
            sheet.cell(1, number).font = Font(bold=True)
            for row in range(2, sheet.max_row + 1):
                cell = sheet.cell(row, number)
                cell.alignment = Alignment(wrap_text=True, vertical="top")
                if name in ("counted", "of", "from", "to"):
                    cell.fill = PatternFill("solid", start_color="FFF4CC")
    return buffer.getvalue()


def worksheet_html(counts: Counts) -> bytes:
    """The worksheet as a page to print, a table a section, with the queries below."""
    frame = worksheet_frame(counts, HOW_IN_WORDS)
    parts = []
    for title in dict.fromkeys(frame["section"]):
        mine = frame[frame["section"] == title]
        rows = [
            [Cell(row["rate"], row["note"], code=row["key"]), Cell(row["counts"] or "–", row["of these rows"]), Cell(row["how to find it"]),
             Cell(row["allowed"]), *(Cell(row[name] or "____", number=True) for name in ("counted", "of", "from", "to"))]
            for row in mine.to_dict("records")
        ]  # fmt: skip
        parts.append(
            table_html(Table(title, ["Rate", "Counts, of these rows", "How", "Allowed", "Counted", "Of", "From", "To"], rows))
        )
    queries = "".join(
        f"<h3>{html.escape(one.title)}</h3><pre>{html.escape(one.sql)}</pre>"
        for section in SECTIONS for one in QUANTITIES.values() if one.section == section and one.sql
    )  # fmt: skip
    page = (
        "<!doctype html><html lang='en-GB'><head><meta charset='utf-8'><title>Worksheet: counts of a force</title><style>"
        "body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }"
        "pre { white-space: pre-wrap; font-size: .8rem; } @media print { pre, tr { break-inside: avoid; } }"
        f"{TABLE_STYLE}</style></head><body><main><h1>Worksheet: counts of a force</h1><p>{html.escape(LEAD)}</p>"
        f"{''.join(parts)}<h2>Queries</h2>{queries}</main></body></html>"
    )
    return page.encode("utf-8")
