"""Missing fields: field by force, month by month, by what the field is needed for, and by group."""

import pandas as pd
import streamlit as st

from audit.presentation.charts import field_dots, month_heat_map
from audit.presentation.checks import blanks_table, by_group_table, fields_table
from audit.presentation.selection import Selection, selected
from audit.presentation.wording import TABLE_TITLES
from audit.readiness.periods import in_period
from audit.statistics import LEAST_GROUP
from dashboard.cache import View, once
from dashboard.widgets import choose_period, downloads, folded, picture_downloads, show_table

NEEDS = ("identity", "frequency", "recency", "severity", "contact", "equality")
STATUSES: dict[str, tuple[str, ...]] = {"any": (), "warn or fail": ("warn", "fail"), "fail": ("fail",)}
WIDEST = 8
COLUMNS = ["force", "table", "field", "needed_for", "month", "failed", "total", "rate", "low", "high", "threshold", "status"]


def show(view: View) -> None:
    """Draw the page."""
    names = view.names
    first, last = choose_period(view, "missing")
    with st.container(horizontal=True):
        tables = st.multiselect(
            "Table", list(TABLE_TITLES), format_func=TABLE_TITLES.__getitem__, key="table", bind="query-params",
            placeholder="All tables",
        )  # fmt: skip
        needs = st.multiselect("Needed for", NEEDS, key="needed_for", bind="query-params", placeholder="Anything")
        forces = st.multiselect(
            "Forces", list(names), format_func=names.__getitem__, key="forces", bind="query-params", max_selections=WIDEST,
            placeholder=f"The first {WIDEST}" if len(names) > WIDEST else "All forces",
        )  # fmt: skip
        status = str(st.selectbox("Status", list(STATUSES), key="status", bind="query-params"))
    shown = tuple(forces or list(names)[:WIDEST])
    asked = Selection(first, last, shown, STATUSES[status], tables=tuple(tables), needs=tuple(needs))
    found = _found(view, asked)
    if found.empty:
        st.info("No field fits these filters; take one of them away.", icon=":material/filter_alt_off:")
        return
    _fields(view, asked)
    downloads(lambda: _flat(found), "missing-fields")
    _at_a_glance(view, asked)
    if found["failed"].sum():
        picture_downloads(lambda: field_dots(found, {slug: names[slug] for slug in shown}), "missing-fields-chart")
    st.header("Month by month", anchor=False)
    force = str(st.selectbox("Force", shown, format_func=names.__getitem__, key="month_force", bind="query-params"))
    if _months(view, asked, force):
        downloads(lambda: _flat(_monthly(view, asked, force)), f"missing-fields-by-month-{force}")
    _by_group(view, shown)
    folded("Scores of the fields, all forces together", "scores", lambda: _scores(view))


@once
def _found(view: View, asked: Selection) -> pd.DataFrame:
    checks = view.results["checks"]
    return selected(checks[checks["check_type"] == "missing"], asked, view.thresholds)


@once
def _fields(view: View, asked: Selection) -> None:
    show_table(blanks_table(_found(view, asked), {slug: view.names[slug] for slug in asked.forces}, view.thresholds))


@once
def _at_a_glance(view: View, asked: Selection) -> None:
    found = _found(view, asked)
    if not found["failed"].sum():
        return
    st.header("At a glance", anchor=False)
    names = {slug: view.names[slug] for slug in asked.forces}
    st.altair_chart(field_dots(found, names), alt="Share of blanks by field: all forces together with an interval, and each force")
    st.caption("Dot: the forces of the table together, with a 95% interval where it is wide enough to see. Ring: each force.")


def _monthly(view: View, asked: Selection, force: str) -> pd.DataFrame:
    """The months of one force in the chosen period, of the checks that fit."""
    checks = view.results["checks"]
    mine = checks[(checks["force"] == force) & checks["check_id"].isin(_found(view, asked)["check_id"].unique())]
    return in_period(mine[mine["total"] > 0], asked.first, asked.last)


@once
def _months(view: View, asked: Selection, force: str) -> bool:
    """Draws the months of one force; whether there was anything to draw."""
    mine = _monthly(view, asked, force)
    if not mine.loc[mine["total"] >= LEAST_GROUP, "failed"].sum():
        st.info("None of these fields is ever blank.", icon=":material/check:")
        return False
    st.altair_chart(month_heat_map(mine), alt=f"Share of blank values by field and month, {view.names[force]}")
    st.caption(
        "Month in which the crime was recorded, or the person record made. Fields that are never blank, and months of fewer than 10 rows, are left out."
    )
    return True


@once
def _by_group(view: View, shown: tuple[str, ...]) -> None:
    show_table(by_group_table(view.results["checks"], {slug: view.names[slug] for slug in shown}))


@once
def _scores(view: View) -> None:
    show_table(fields_table(view.results))


def _flat(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[COLUMNS].reset_index(drop=True)
