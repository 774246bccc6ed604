"""What every page shares: the banner, the results it shows, thresholds, tables that a screen reader can walk, downloads."""

import argparse
import html
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ParamSpec, TypeVar

import pandas as pd
import pyarrow as pa
import streamlit as st

from audit import InputError, Results, read_results
from audit.effect import INSTRUMENT_NAMES
from audit.presentation.spreadsheet import csv_bytes, excel_bytes
from audit.readiness.thresholds import Thresholds
from audit.readiness.verdict import judge
from audit.report import report_html
from audit.report.content import Cell, Table
from audit.results import to_arrow
from dashboard import demonstration
from dashboard.jobs import result_of
from synthetic.dataset import Dataset, file_hash, load

BANNER = (
    "**All data here is synthetic.** No real person is in it and none can be loaded. "
    "No person, not even a synthetic one, is shown with a score or a rank: figures are about data, never about people."
)
INSTRUMENT_TITLES = {
    "harm_365": "The sum of the offences' harm over 365 days, of those with two crimes or more.",
    "rfs": "Recency, frequency and severity in bands, over three years.",
}
EVERYWHERE = "all"
Asked = ParamSpec("Asked")
Told = TypeVar("Told")
# Status in words and icon; the tint only helps those who see it.
TINTS = {
    "pass": ("✓", "rgba(46, 160, 67, .16)"),
    "warn": ("!", "rgba(210, 153, 34, .22)"),
    "fail": ("✗", "rgba(218, 54, 51, .20)"),
    "error": ("?", "rgba(130, 80, 223, .20)"),
    "not ready": ("✗", "rgba(218, 54, 51, .20)"),
    "process testing only": ("!", "rgba(210, 153, 34, .22)"),
    "supervised pilot": ("✓", "rgba(46, 160, 67, .16)"),
}


@dataclass(frozen=True)
class View:
    """What a page shows: the results, as judged with the visitor's thresholds, and where they and others like them are."""

    results: Results
    folder: Path
    runs: dict[str, Path]
    """Every results folder below the one that the server was started with, by the name that an address may hold."""
    thresholds: Thresholds

    @cached_property
    def key(self) -> str:
        """Tells these results, as judged with these thresholds, from any others."""
        changed = (self.folder / "audit.json").stat().st_mtime_ns
        return f"{self.folder} {changed} {self.thresholds.model_dump_json()}"

    @property
    def names(self) -> dict[str, str]:
        """Slug → name of the forces, in the order of the dataset."""
        return {row.force: row.force_name for row in self.results.summary.forces}

    def dataset(self) -> Dataset:
        """The dataset that was audited; InputError with the way out where it is not at hand."""
        argument = _arguments().dataset
        candidates = [argument] if argument else [self.folder.with_name("dataset")]
        for path in candidates:
            if path.is_dir() and (path / "dataset.json").is_file():
                if file_hash(path / "dataset.json") != self.results.summary.dataset.manifest_sha256:
                    raise InputError(None, "The dataset at hand is not the one that was audited; name it by --dataset.")
                return _opened(path)
        raise InputError(
            None,
            "Rows and records need the dataset beside the results; start the page with "
            "`streamlit run app.py -- --results RESULTS --dataset DATASET`.",
        )


def page(show: Callable[[View], None]) -> Callable[[], None]:
    """A page as Streamlit runs it: the banner, the results or the way to get some, then what ``show`` draws."""

    def run() -> None:
        st.html(_STYLE)
        st.info(BANNER, icon=":material/science:")
        try:
            view = _view()
            show(view)
        except InputError as error:
            st.error(str(error), icon=":material/error:")
            return
        _take_away(view)

    run.__name__ = show.__module__.rsplit(".", 1)[-1]
    return run


def once(told: Callable[Asked, Told]) -> Callable[Asked, Told]:
    """What a function tells of a view, and the tables and pictures that it draws, made once and served to every visitor.

    It may hold no widget, and nobody writes to what it gives back.
    """
    return st.cache_resource(max_entries=200, show_spinner=False, hash_funcs={View: lambda view: view.key})(told)


def folded(title: str, key: str, draw: Callable[[], None]) -> None:
    """A part that is folded up; what is in it is drawn when a visitor opens it, which the address keeps."""
    with st.expander(title, key=key, on_change="rerun", bind="query-params") as part:
        if part.open:
            draw()


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


def choose_force(view: View, everywhere: bool = True) -> str:
    """The force that the page is about, or ``all``, kept in the address."""
    options = [EVERYWHERE, *view.names] if everywhere else list(view.names)
    chosen = st.sidebar.selectbox(
        "Force",
        options,
        format_func=lambda slug: view.names.get(slug, "All forces together"),
        key="force" if everywhere else "one_force",
        bind="query-params",
    )
    return str(chosen)


@once
def months_of(view: View, check_type: str | None = None) -> list[str]:
    """The months that the checks, or those of a type, have rows of, as 2025-03."""
    checks = view.results["checks"]
    if check_type is not None:
        checks = checks[checks["check_type"] == check_type]
    return sorted({f"{month:%Y-%m}" for month in checks["month"].dropna().unique()})


def choose_period(months: list[str]) -> tuple[str, str]:
    """First and last of the months, kept in the address."""
    if not months:
        return "", ""
    first = st.sidebar.selectbox("From month", months, key="from", bind="query-params")
    later = [month for month in months if month >= str(first)]
    last = st.sidebar.selectbox("To month", later[::-1], key="to", bind="query-params")
    return str(first), str(last)


def in_period(checks: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """Rows of months from ``first`` to ``last``; all of them where none is chosen."""
    month = pd.to_datetime(checks["month"])
    return checks[(month >= pd.Timestamp(first)) & (month <= pd.Timestamp(last))]


def show_table(table: Table) -> None:
    """A real HTML table; the first cell of each row heads it. It scrolls within itself where it is wider than the page."""
    if not table.rows:
        st.info(f"{table.caption}: nothing to tell here.", icon=":material/info:")
        return
    head = "".join(
        f'<th scope="col"{" class=number" if right else ""}>{html.escape(column)}</th>'
        for column, right in zip(table.columns, table.numeric, strict=True)
    )
    body = "".join("<tr>" + "".join(_cell(cell, place == 0) for place, cell in enumerate(row)) + "</tr>" for row in table.rows)
    caption = html.escape(table.caption, quote=True)
    st.html(
        f"<div class='bench-scroll' tabindex='0' role='region' aria-label='{caption}'>"
        f"<table class='bench'><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    if table.note:
        st.caption(table.note)


def downloads(frame: Callable[[], pd.DataFrame], name: str, table: str | None = None) -> None:
    """Buttons that hand over, as CSV, Excel and Parquet, a frame that is made when asked for; ``table`` of the results has its rows."""
    with st.container(horizontal=True):
        for label, ending, kind, make in (
            ("CSV", "csv", "text/csv", lambda: csv_bytes(frame())),
            (
                "Excel",
                "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                lambda: excel_bytes(frame(), name),
            ),
            ("Parquet", "parquet", "application/vnd.apache.parquet", lambda: _parquet_bytes(frame(), table)),
        ):
            st.download_button(
                label, make, f"{name}.{ending}", kind, key=f"{name}-{ending}", icon=":material/download:", on_click="ignore"
            )


def _parquet_bytes(frame: pd.DataFrame, table: str | None) -> bytes:
    import pyarrow.parquet as pq

    buffer = pa.BufferOutputStream()
    pq.write_table(to_arrow(table, frame) if table else pa.Table.from_pandas(frame, preserve_index=False), buffer)
    return buffer.getvalue().to_pybytes()


def _cell(cell: Cell, heads: bool) -> str:
    note = f"<small>{html.escape(cell.note)}</small>" if cell.note else ""
    icon, tint = TINTS.get(cell.status, ("", ""))
    text = f"{icon + ' ' if icon else ''}{html.escape(cell.text)}"
    if heads:
        # Names of fields and checks may be broken after a part of them, and nowhere else.
        text = _BETWEEN_PARTS.sub(r"\1<wbr>", text)
        return f'<th scope="row">{text}{note}</th>'
    kind = " class='number'" if cell.number else ""
    style = f' style="background:{tint}"' if tint else ""
    return f"<td{kind}{style}>{text}{note}</td>"


_BETWEEN_PARTS = re.compile(r"(?<=\w)([_.])(?=\w)")
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
  vertical-align: top; overflow-wrap: break-word; }
table.bench thead th { font-weight: 600; border-bottom-width: 2px; overflow-wrap: normal; }
table.bench tbody th { font-weight: 500; }
table.bench .number { text-align: right; }
table.bench td.number { white-space: nowrap; }
table.bench small { display: block; font-size: .8rem; font-weight: 400; }
table.bench mark { background: rgba(210, 153, 34, .38); color: inherit; padding: 0 .1em; }
</style>"""


# ---- which results -----------------------------------------------------------------------------------------------------


def _view() -> View:
    arguments = _arguments()
    if arguments.results is None:
        root = demonstration.results_folder()
        if not (root / "audit.json").exists():
            _make_demonstration()
    else:
        root = arguments.results
    runs = results_below(root)
    if not runs:
        raise InputError(None, "There is no audit.json in the results folder; name one that `python -m audit run` has written.")
    name = next(iter(runs))
    if len(runs) > 1:
        name = str(st.sidebar.selectbox("Results", list(runs), key="run", bind="query-params", help="The audit that is shown."))
    folder = runs[name]
    changed = (folder / "audit.json").stat().st_mtime_ns
    results = read(folder, changed)
    thresholds = turned_thresholds(results)
    if thresholds != Thresholds.model_validate(results.summary.thresholds):
        results = _judged(folder, changed, thresholds.model_dump_json())
        st.sidebar.caption("Judged with the thresholds that you turned; the files keep theirs.")
    return View(results, folder, runs, thresholds)


def turned_thresholds(results: Results) -> Thresholds:
    """The results' own thresholds, with those laid over that the visitor has turned on a page."""
    own = Thresholds.model_validate(results.summary.thresholds).model_dump(exclude_none=True)
    turned = st.session_state.get("thresholds", {})
    for section, values in turned.items():
        own[section] = {**own.get(section, {}), **values} if isinstance(values, dict) else values
    return Thresholds.model_validate(own)


def turn_threshold(section: str, name: str | None, value: object) -> None:
    """Turn one threshold for this visitor; the next run of the page is judged with it."""
    turned = dict(st.session_state.get("thresholds", {}))
    turned[section] = value if name is None else {**turned.get(section, {}), name: value}
    st.session_state["thresholds"] = turned


def results_below(root: Path) -> dict[str, Path]:
    """Results folders by name: the root itself, or else those right below it, the latest data first. No other is ever opened."""
    if (root / "audit.json").is_file():
        return {root.name: root}
    if not root.is_dir():
        return {}
    found = [path for path in sorted(root.iterdir()) if not path.name.startswith(".") and (path / "audit.json").is_file()]
    return {path.name: path for path in sorted(found, key=lambda path: path.name, reverse=True)}


def _make_demonstration() -> None:
    st.subheader("First start: making the demonstration")
    st.write(
        "Five fictional forces over three years are generated and audited, once; it takes some seconds. "
        "They are kept in this user's cache, so that the next start opens at once."
    )
    result_of("demonstration", "Making the demonstration", demonstration.make)
    st.rerun()


@st.cache_resource(max_entries=4, show_spinner=False)
def read(folder: Path, changed: int) -> Results:
    """Results by folder and time of change; one copy serves every visitor, and pages do not write to it."""
    return read_results(folder)


@st.cache_resource(max_entries=4, show_spinner=False)
def _judged(folder: Path, changed: int, thresholds: str) -> Results:
    return judge(read(folder, changed), Thresholds.model_validate_json(thresholds))


def _opened(path: Path) -> Dataset:
    """The dataset in a folder, each file held against its hash once; of a nation that takes a while."""
    key = f"dataset {path} {(path / 'dataset.json').stat().st_mtime_ns}"
    return result_of(key, "Checking the provenance of the dataset", lambda tell: load(path))


def _take_away(view: View) -> None:
    st.sidebar.download_button(
        "Report (HTML)",
        lambda: report_html(view.results).encode("utf-8"),
        "report.html",
        "text/html",
        key="report",
        icon=":material/description:",
        on_click="ignore",
        help="One file with tables and pictures that opens offline and prints well.",
    )


def _arguments() -> argparse.Namespace:
    """What follows ``streamlit run app.py --``."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--dataset", type=Path)
    try:
        return parser.parse_known_args(sys.argv[1:])[0]
    except argparse.ArgumentError:
        raise InputError(
            "results", "takes a folder that `python -m audit run` has written, --dataset the one it audited."
        ) from None
