"""What pages are made of: choices that the address keeps, tables that a screen reader can walk, parts to unfold, downloads."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import streamlit as st

from audit.effect import INSTRUMENT_NAMES
from audit.presentation.html import table_html
from audit.presentation.spreadsheet import csv_bytes, excel_bytes
from audit.presentation.tables import Table
from audit.presentation.wording import instrument_sentence, instrument_title
from audit.results import to_arrow
from dashboard.cache import View

if TYPE_CHECKING:
    from audit.presentation.charts import Picture

EVERYWHERE = "all"


def choose_instrument(view: View) -> str:
    """The use that the page is about, kept in the address and across pages."""
    options = list(dict.fromkeys(view.results["readiness"]["instrument"])) or list(INSTRUMENT_NAMES)
    chosen = _kept(
        "Use that the data is judged for", options, instrument_title, "instrument",
        "The instrument that would make the list. All are published ideas, run here on synthetic people only.",
    )  # fmt: skip
    st.sidebar.caption(instrument_sentence(chosen))
    return chosen


def choose_force(view: View, everywhere: bool = True, first: str | None = None) -> str:
    """The force that the page is about, or ``all``, kept in the address and across pages; ``first`` is shown until one is chosen."""
    options = [EVERYWHERE, *view.names] if everywhere else sorted(view.names, key=lambda slug: slug != first)
    return _kept("Force", options, lambda slug: view.names.get(slug, "All forces together"), "force")


def choose_period(view: View, check_type: str | None = None) -> tuple[str, str]:
    """First and last of the months that checks, or those of a type, have rows of; kept in the address."""
    months = view.months(check_type)
    if not months:
        return "", ""
    first = _kept("From month", months, str, "from")
    later = [month for month in months if month >= first]
    return first, _kept("To month", later[::-1], str, "to")


def may_work() -> bool:
    """Whether visitors may have datasets made on this server; ``--no-work`` after ``--`` turns it off."""
    return "--no-work" not in sys.argv[1:]


def picture_downloads(make: "Callable[[], Picture]", name: str, rows: Callable[[], pd.DataFrame] | None = None) -> None:
    """Buttons that hand over a chart as SVG and PNG, made when asked for, and its rows as CSV where given."""
    from audit.presentation.pictures import png_bytes, svg_bytes  # slow to import, and only pages with charts need it

    kinds: list[tuple[str, str, Callable[[], bytes]]] = [
        ("SVG", "image/svg+xml", lambda: svg_bytes(make())),
        ("PNG", "image/png", lambda: png_bytes(make())),
    ]
    if rows is not None:
        kinds.append(("CSV of the chart", "text/csv", lambda: csv_bytes(rows())))
    with st.container(horizontal=True):
        for label, kind, content in kinds:
            ending = "csv" if label.startswith("CSV") else label.lower()
            st.download_button(f"{label}", content, f"{name}.{ending}", kind, key=f"picture-{name}-{ending}", on_click="ignore")


def is_presenting() -> bool:
    """Whether the page is shown to a class: large type, without the side bar; the address keeps it."""
    return bool(st.session_state.get("present", st.query_params.get("present") == "true"))


def show_table(table: Table) -> None:
    """A table with how to read it; a sentence where it has no rows."""
    if not table.rows:
        st.info(table.empty or f"{table.caption}: no results.", icon=":material/info:")
        return
    st.html(table_html(table, links=True))
    if table.note:
        st.caption(table.note)


def folded(title: str, key: str, draw: Callable[[], None]) -> None:
    """A part that is folded up; what is in it is drawn when a visitor opens it, which the address keeps."""
    with st.expander(title, key=key, on_change="rerun", bind="query-params") as part:
        if part.open:
            draw()


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


def change_threshold(section: str, name: str | None, value: object) -> None:
    """Change one threshold for this visitor; the next run of the page is judged with it."""
    changed = dict(st.session_state.get("thresholds", {}))
    changed[section] = value if name is None else {**changed.get(section, {}), name: value}
    st.session_state["thresholds"] = changed


def forget_choices() -> None:
    """Forget the side bar's choices as widgets, when another page opens; ``_kept`` sets them again on that page."""
    for key in ("instrument", "force", "from", "to"):
        st.session_state.pop(key, None)


def _kept(label: str, options: list[str], title: Callable[[str], str], key: str, help: str | None = None) -> str:
    """A choice in the side bar that stays when the visitor opens another page; an address may name it by its short name too.

    A page's first option, which nobody chose, does not stay.
    """
    kept = f"kept-{key}"
    if st.session_state.get(key) not in options:
        st.session_state.pop(key, None)
        names = {title(option): option for option in options} | {option: option for option in options}
        asked = st.query_params.get(key, st.session_state.get(kept))
        if asked in names:
            st.session_state[key] = st.session_state[kept] = names[asked]

    def keep() -> None:
        st.session_state[kept] = st.session_state[key]

    chosen = st.sidebar.selectbox(label, options, format_func=title, key=key, bind="query-params", help=help, on_change=keep)
    return str(chosen)


def _parquet_bytes(frame: pd.DataFrame, table: str | None) -> bytes:
    import pyarrow.parquet as pq

    buffer = pa.BufferOutputStream()
    pq.write_table(to_arrow(table, frame) if table else pa.Table.from_pandas(frame, preserve_index=False), buffer)
    return buffer.getvalue().to_pybytes()
