"""Timeliness: how late reports are recorded, month by month, and cases that are old and still open."""

import streamlit as st

from audit.presentation.charts import delays
from audit.presentation.checks import late_by_month, late_checks, late_table
from dashboard.cache import View, once
from dashboard.widgets import choose_force, choose_period, downloads, picture_downloads, show_table


def show(view: View) -> None:
    """Draw the page."""
    force = choose_force(view, everywhere=False)
    first, last = choose_period(view, "delay")
    if not first:
        st.info("No crime has both dates, so nothing can be said of how late it was recorded.", icon=":material/info:")
        return
    _late(view, first, last)
    downloads(lambda: late_checks(view.results["checks"], first, last, view.thresholds).drop(columns="month"), "timeliness")
    _by_month(view, first, last, force)
    mine = late_by_month(view.results["checks"], first, last, force)
    if len(mine):
        picture_downloads(lambda: delays(mine, view.names), f"timeliness-{force}-chart", lambda: mine)


@once
def _late(view: View, first: str, last: str) -> None:
    show_table(late_table(view.results, first, last, view.thresholds))


@once
def _by_month(view: View, first: str, last: str, force: str) -> None:
    mine = late_by_month(view.results["checks"], first, last, force)
    if mine.empty:
        st.info("No crime of this force has both dates in these months.", icon=":material/info:")
        return
    st.header(f"{view.names[force]}, month by month", anchor=False)
    st.altair_chart(delays(mine, view.names), alt=f"Share of each month's crimes recorded late, {view.names[force]}")
