"""Timeliness: how late reports are recorded, month by month, and cases that are old and still open."""

import pandas as pd
import streamlit as st

from audit.checks.catalogue import catalogue
from audit.presentation.charts import delays
from audit.report.content import Cell, Table, interval, percent
from dashboard.pages.missing_fields import over_months
from dashboard.shell import View, choose_force, choose_period, downloads, in_period, months_of, once, show_table

DAYS = {check.id: check.parameters["days"] for check in catalogue() if check.type == "delay"}


def show(view: View) -> None:
    """Draw the page."""
    st.title("Timeliness", anchor=False)
    st.write(
        "The National Crime Recording Standard asks for a record within 24 hours of the report. Whoever offends now and is recorded "
        "late is missing from this month's list."
    )
    force = choose_force(view, everywhere=False)
    first, last = choose_period(months_of(view, "delay"))
    _delays(view, first, last)
    downloads(lambda: over_months(_late(view, first, last), view.thresholds).drop(columns="month"), "timeliness")
    _by_month(view, first, last, force)


def _late(view: View, first: str, last: str) -> pd.DataFrame:
    checks = view.results["checks"]
    return in_period(checks[checks["check_type"] == "delay"], first, last)


@once
def _delays(view: View, first: str, last: str) -> None:
    checks = view.results["checks"]
    whole = over_months(_late(view, first, last), view.thresholds).set_index(["force", "check_id"])
    stale = checks[(checks["check_type"] == "stale") & checks["month"].isna()].set_index(["force", "check_id"])
    rows = []
    for slug, name in view.names.items():
        row = [Cell(name)]
        for table, check_id in (*((whole, check_id) for check_id in DAYS), (stale, "stale.crimes.outcome")):
            found = table.loc[(slug, check_id)] if (slug, check_id) in table.index else None
            if found is None or not found["total"]:
                row.append(Cell("–", number=True))
            else:
                row.append(Cell(percent(found["rate"]), interval(found["low"], found["high"]), found["status"], True))
        rows.append(row)
    titles = [f"Over {days} day{'s' if days > 1 else ''}" for days in DAYS.values()]
    show_table(
        Table(
            "Share of crimes recorded late, and of old cases without an outcome",
            ["Force", *titles, "Open after a year"],
            rows,
            "Days from report to record, of the crimes that have both. Open after a year: of the crimes recorded over a year before the "
            "last day of the data, those without an outcome. Small print: 95 % Wilson interval.",
        )
    )


@once
def _by_month(view: View, first: str, last: str, force: str) -> None:
    monthly = _late(view, first, last)
    mine = monthly[(monthly["force"] == force) & (monthly["total"] > 0)]
    if mine.empty:
        st.info("No crime of this force has both dates in these months.", icon=":material/info:")
        return
    st.subheader(f"{view.names[force]}, month by month", anchor=False)
    chart = delays(mine.assign(days=mine["check_id"].map(DAYS)), view.names)
    st.altair_chart(chart, alt=f"Share of each month's crimes recorded late, {view.names[force]}")
