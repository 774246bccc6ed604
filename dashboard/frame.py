"""What every page shares: the banner, the results it shows, tables that a screen reader can walk, downloads."""

import argparse
import html
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from audit import InputError, Results, read_results
from audit.effect import INSTRUMENT_NAMES
from audit.spreadsheet import csv_bytes, excel_bytes
from dashboard import demonstration

BANNER = (
    "**All data here is synthetic.** No real person is in it and none can be loaded. "
    "No person, not even a synthetic one, is shown with a score or a rank: figures are about data, never about people."
)
INSTRUMENT_TITLES = {
    "harm_365": "The sum of the offences' harm over 365 days, of those with two crimes or more.",
    "rfs": "Recency, frequency and severity in bands, over three years.",
}
# Status in words and icon; the tint only helps those who see it.
STATUSES = {
    "pass": ("✓", "pass", "rgba(46, 160, 67, .16)"),
    "warn": ("!", "warn", "rgba(210, 153, 34, .22)"),
    "fail": ("✗", "fail", "rgba(218, 54, 51, .20)"),
    "error": ("?", "error", "rgba(130, 80, 223, .20)"),
    "not_applicable": ("–", "not applicable", "transparent"),
    "not ready": ("✗", "not ready", "rgba(218, 54, 51, .20)"),
    "process testing only": ("!", "process testing only", "rgba(210, 153, 34, .22)"),
    "supervised pilot": ("✓", "supervised pilot", "rgba(46, 160, 67, .16)"),
}


@dataclass(frozen=True)
class Cell:
    """A cell of a table: what stands in it large and small, its tint, and whether it is a number."""

    text: str
    note: str = ""
    tint: str = "transparent"
    number: bool = False


def page(show: Callable[[Results], None]) -> Callable[[], None]:
    """A page as Streamlit runs it: the banner, the results or the way to get some, then what ``show`` draws."""

    def run() -> None:
        st.html(_STYLE)
        st.info(BANNER, icon=":material/science:")
        try:
            results = _current_results()
        except InputError as error:
            st.error(str(error), icon=":material/error:")
            return
        show(results)

    run.__name__ = show.__module__.rsplit(".", 1)[-1]
    return run


def choose_instrument() -> str:
    """The instrument that the page is about, kept in the address."""
    chosen = st.sidebar.selectbox(
        "Use that the data is judged for",
        INSTRUMENT_NAMES,
        key="instrument",
        bind="query-params",
        help="The instrument that would make the list. Both are published ideas, run here on synthetic people only.",
    )
    st.sidebar.caption(INSTRUMENT_TITLES[str(chosen)])
    return str(chosen)


def force_names(results: Results) -> dict[str, str]:
    """Slug → name of the forces, in the order of the dataset."""
    return {row.force: row.force_name for row in results.summary.forces}


def status_cell(status: str, text: str | None = None, note: str = "") -> Cell:
    """A status in icon and words, with a text instead of the words if there is one."""
    icon, words, tint = STATUSES[status]
    return Cell(f"{icon} {text or words}", note, tint)


def percent(share: float | None, digits: int = 1) -> str:
    """A share as a percentage; a dash where there is none."""
    return "–" if share is None or pd.isna(share) else f"{100 * share:.{digits}f}%"


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """The ends of an interval, as percentages."""
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return ""
    return f"{100 * low:.{digits}f}–{100 * high:.{digits}f}"


def table(caption: str, columns: list[str], rows: list[list[Cell]]) -> None:
    """A real HTML table; the first cell of each row heads it. It scrolls within itself where it is wider than the page."""
    numeric = [bool(rows) and all(row[place].number for row in rows) for place in range(len(columns))]
    head = "".join(
        f'<th scope="col"{" class=number" if right else ""}>{html.escape(column)}</th>'
        for column, right in zip(columns, numeric, strict=True)
    )
    body = "".join("<tr>" + "".join(_cell(cell, place == 0) for place, cell in enumerate(row)) + "</tr>" for row in rows)
    st.html(
        f"<div class='bench-scroll' tabindex='0' role='region' aria-label='{html.escape(caption, quote=True)}'>"
        f"<table class='bench'><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def downloads(frame: pd.DataFrame, name: str) -> None:
    """Buttons that hand a frame over as CSV and as Excel."""
    with st.container(horizontal=True):
        st.download_button(
            "CSV", csv_bytes(frame), f"{name}.csv", "text/csv", key=f"{name}-csv",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Excel", lambda: excel_bytes(frame, name), f"{name}.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", key=f"{name}-xlsx",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def _cell(cell: Cell, heads: bool) -> str:
    note = f"<small>{html.escape(cell.note)}</small>" if cell.note else ""
    inner = f"{html.escape(cell.text)}{note}"
    if heads:
        return f'<th scope="row">{inner}</th>'
    kind = " class='number'" if cell.number else ""
    return f'<td{kind} style="background:{cell.tint}">{inner}</td>'


_STYLE = """<style>
.stMainBlockContainer { padding: 3.2rem 2.5rem 3rem; }
.stMainBlockContainer h1 { font-size: 2rem; padding-top: .4rem; }
.stMainBlockContainer h3 { font-size: 1.35rem; }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p { color: inherit; opacity: 1; }
.bench-scroll { overflow-x: auto; }
.bench-scroll:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
table.bench { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
table.bench caption { text-align: left; font-weight: 600; padding: .2rem 0 .5rem; caption-side: top; }
table.bench th, table.bench td { padding: .35rem .5rem; border-bottom: 1px solid rgba(128, 128, 128, .35); text-align: left;
  vertical-align: top; }
table.bench thead th { font-weight: 600; white-space: nowrap; border-bottom-width: 2px; }
table.bench tbody th { font-weight: 500; }
table.bench .number { text-align: right; white-space: nowrap; }
table.bench small { display: block; font-size: .8rem; font-weight: 400; }
</style>"""


def _current_results() -> Results:
    folder = _results_argument()
    if folder is not None:
        return _read(folder, (folder / "audit.json").stat().st_mtime_ns if (folder / "audit.json").exists() else 0)
    made = demonstration.results_folder()
    if not (made / "audit.json").exists():
        _make_demonstration()
    return _read(made, (made / "audit.json").stat().st_mtime_ns)


def _make_demonstration() -> None:
    st.subheader("First start: making the demonstration")
    st.write(
        "Five fictional forces over three years are generated and audited, once; it takes some seconds. "
        "They are kept in this user's cache, so that the next start opens at once."
    )
    bar = st.progress(0.0, "Making a synthetic world")

    def tell(sentence: str, share: float) -> None:
        bar.progress(min(share, 1.0), sentence)

    demonstration.make(tell)
    st.rerun()


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(folder: Path, changed: int) -> Results:
    """Results by folder and time of change; one copy serves every visitor, and pages do not write to it."""
    return read_results(folder)


def _results_argument() -> Path | None:
    """The folder named by ``streamlit run app.py -- --results RESULTS``, if any."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--results", type=Path)
    try:
        return parser.parse_known_args(sys.argv[1:])[0].results
    except argparse.ArgumentError:
        raise InputError("--results takes the folder that `python -m audit run` has written.") from None
