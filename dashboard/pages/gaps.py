"""Reporting gaps: a calendar of units and months, the list of gaps, and observed beside expected for the one that is chosen."""

import pandas as pd
import streamlit as st

from audit.presentation.charts import calendar, observed_and_expected
from audit.presentation.findings import coverage_table, gaps_table, unit_changes_table, unreported_table
from audit.presentation.wording import count, plural, words
from dashboard.cache import View, once
from dashboard.widgets import choose_force, downloads, picture_downloads, show_table


def show(view: View) -> None:
    """Draw the page."""
    force = choose_force(view, everywhere=False, first=_worst(view))
    _calendar(view, force)
    of_force = _of_force(view, "gaps", force)
    downloads(lambda: of_force, f"gaps-{force}", "gaps")
    months = _of_force(view, "unit_months", force)
    if months["expected"].notna().any():
        picture_downloads(lambda: calendar(months, of_force), f"calendar-{force}", lambda: months)
    if len(of_force):
        titles = _titles(of_force)
        place = st.selectbox("Gap to look at", range(len(titles)), format_func=titles.__getitem__, key="gap", bind="query-params")
        _chosen(view, force, int(place), titles[int(place)])
    _beyond(view, force)


@once
def _worst(view: View) -> str | None:
    """The force with most crimes hidden by gaps, which the page begins with."""
    hidden = view.results["hidden_crimes"].groupby("force")["hidden"].sum()
    return str(hidden.idxmax()) if len(hidden) and hidden.max() > 0 else None


@once
def _of_force(view: View, table: str, force: str) -> pd.DataFrame:
    frame = view.results[table]
    return frame[frame["force"] == force].reset_index(drop=True)


@once
def _calendar(view: View, force: str) -> None:
    name = view.names[force]
    months, gaps = _of_force(view, "unit_months", force), _of_force(view, "gaps", force)
    lost = _of_force(view, "hidden_crimes", force)["hidden"].sum()
    if len(gaps):
        st.header(f"{name}: {plural(len(gaps), 'gap')}, hiding about {count(lost)} crimes", anchor=False)
    else:
        st.header(f"{name}: no gap beyond chance", anchor=False)
    if months["expected"].notna().any():
        st.altair_chart(calendar(months, gaps), alt=f"Calendar of units and months: crimes recorded as a share of expected, {name}")
        st.caption(
            "Colour: crimes recorded, as a share of those expected from the unit's other months and its force's season. Dots: months "
            "in a gap, of the whole unit or of one offence group."
        )
    show_table(gaps_table(view.results, force))


@once
def _beyond(view: View, force: str) -> None:
    tables = (unit_changes_table, coverage_table, unreported_table)
    for table in (make(view.results, force) for make in tables):
        if table is not None:
            show_table(table)


def _titles(gaps: pd.DataFrame) -> list[str]:
    return [
        f"{row.unit_id}, {'all offences' if pd.isna(row.offence_group) else words(str(row.offence_group))}, {row.kind}, "
        f"{pd.Timestamp(row.first_month):%b %Y} to {pd.Timestamp(row.last_month):%b %Y}"
        for row in gaps.itertuples()
    ]


@once
def _chosen(view: View, force: str, place: int, title: str) -> None:
    gap = _of_force(view, "gaps", force).iloc[place]
    months = _of_force(view, "unit_months", force)
    unit = months[months["unit_id"] == gap["unit_id"]]
    chart = observed_and_expected(unit, pd.Timestamp(gap["first_month"]), pd.Timestamp(gap["last_month"]))
    st.altair_chart(chart, alt=f"Crimes recorded a month beside those expected, {title}")
    st.caption(
        "The unit's crimes of all offences: recorded (line with points), expected (dashed) with its 95% band; the gap is shaded. "
        "A gap of one offence group may hardly show in the whole."
    )
