"""Missing fields: field by force, and month by month, with filters and downloads."""

import altair as alt
import pandas as pd
import streamlit as st

from audit import Results
from audit.catalogue import check as declared_check
from dashboard.frame import Cell, downloads, force_names, interval, percent, status_cell, table

TABLE_TITLES = {"persons": "Person records", "crimes": "Crimes", "involvements": "Involvements", "units": "Units"}
NEEDS = ("identity", "frequency", "recency", "severity", "contact", "equality")
WIDEST = 8


def show(results: Results) -> None:
    """Draw the page."""
    st.title("Missing fields", anchor=False)
    st.write("How often a field is blank, by force and month, and what a prioritisation loses with it.")
    names = force_names(results)
    missing = results["checks"].query("check_type == 'missing'")
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
        only = st.selectbox("Status", ["any", "warn or fail", "fail"], key="status", bind="query-params")
    shown = forces or list(names)[:WIDEST]
    chosen = filtered(missing, tables, needs, shown, str(only))
    if chosen.empty:
        st.info("No field fits these filters; take one of them away.", icon=":material/filter_alt_off:")
        return
    whole = chosen[chosen["month"].isna()]
    _field_table(whole, {slug: names[slug] for slug in shown})
    downloads(_flat(whole), "missing-fields")
    _months(chosen[chosen["month"].notna()], names, shown)


def filtered(missing: pd.DataFrame, tables: list[str], needs: list[str], forces: list[str], status: str) -> pd.DataFrame:
    """The rows of the checks on missing fields that fit; an empty list lets everything through."""
    keep = missing["force"].isin(forces)
    if tables:
        keep &= missing["table"].isin(tables)
    if needs:
        keep &= missing["needed_for"].str.split(", ").map(lambda listed: bool(set(listed) & set(needs))).astype(bool)
    if status != "any":
        wanted = ["fail"] if status == "fail" else ["warn", "fail"]
        whole = missing["month"].isna() & missing["force"].isin(forces) & missing["status"].isin(wanted)
        keep &= missing["check_id"].isin(missing.loc[whole, "check_id"])
    return missing[keep]


def _field_table(whole: pd.DataFrame, names: dict[str, str]) -> None:
    cells = {(row.check_id, row.force): row for row in whole.itertuples()}
    rows = []
    sums = whole.groupby(["table", "field"], sort=False)["failed"].sum()
    never = [f"{name}.{field}" for (name, field), failed in sums.items() if not failed]
    for check_id in _worst_first(whole):
        declared = declared_check(check_id)
        first = next(row for (found, _), row in cells.items() if found == check_id)
        line = [Cell(f"{first.field}", TABLE_TITLES[first.table]), Cell(first.needed_for or "–")]
        for slug in names:
            row = cells.get((check_id, slug))
            if row is None or not row.total:
                line.append(status_cell("not_applicable"))
                continue
            cell = status_cell(row.status, percent(row.rate), interval(row.low, row.high))
            line.append(Cell(cell.text, cell.note, cell.tint, number=True))
        limits = "" if declared is None else f"warn {percent(declared.warn, 0)}, fail {percent(declared.fail, 0)}"
        rows.append([*line, Cell(limits)])
    table(
        "Share of rows in which the field is blank, whole period",
        ["Field", "Needed for", *names.values(), "Above"],
        rows,
    )
    st.caption(
        "Blank rows ÷ all rows of the force's table; small print is the 95 % Wilson interval. ✓ pass, ! warn, ✗ fail, by the "
        "limits in the last column. Outcomes are blank while a case is open. "
        + (f"Never blank in these forces: {', '.join(never)}." if never else "")
    )


def _worst_first(whole: pd.DataFrame) -> list[str]:
    """The checks of fields that are blank anywhere: those that fail first, then those that warn, then by rate."""
    severity = whole["status"].map({"fail": 2, "warn": 1}).fillna(0)
    worst = whole.assign(severity=severity).groupby("check_id")[["severity", "rate"]].max()
    worst = worst[worst["rate"] > 0].sort_values(["severity", "rate"], ascending=False)
    return worst.index.tolist()


def _months(monthly: pd.DataFrame, names: dict[str, str], shown: list[str]) -> None:
    st.subheader("Month by month", anchor=False)
    force = st.selectbox("Force", shown, format_func=names.__getitem__, key="month_force", bind="query-params")
    mine = monthly[(monthly["force"] == force) & (monthly["total"] > 0)]
    mine = mine.assign(
        field_name=mine["table"] + "." + mine["field"],
        percent=100 * mine["rate"],
        month=pd.to_datetime(mine["month"]),
    )
    # A field that is never blank says nothing month by month, and hides those that are.
    mine = mine[mine.groupby("field_name")["failed"].transform("sum") > 0]
    if mine.empty:
        st.info("None of these fields is ever blank.", icon=":material/check:")
        return
    count = mine["field_name"].nunique()
    chart = (
        alt.Chart(mine)
        .mark_rect()
        .encode(
            x=alt.X("yearmonth(month):O", title=None, axis=alt.Axis(format="%b %Y", labelAngle=-90, labelOverlap=True)),
            y=alt.Y("field_name:N", title=None, sort=None, axis=alt.Axis(labelLimit=260, labelOverlap=False)),
            color=alt.Color("percent:Q", title="% blank", scale=alt.Scale(scheme="viridis", domainMin=0)),
            tooltip=[
                alt.Tooltip("field_name:N", title="Field"),
                alt.Tooltip("yearmonth(month):T", title="Month", format="%B %Y"),
                alt.Tooltip("percent:Q", title="% blank", format=".1f"),
                alt.Tooltip("failed:Q", title="Blank rows", format=","),
                alt.Tooltip("total:Q", title="Rows", format=","),
            ],
        )
        .properties(height=max(120, 22 * count))
    )
    st.altair_chart(chart, alt=f"Heat map of the share of blank values by field and month, {names[str(force)]}")
    st.caption(
        "Month in which the crime was recorded, or the person record made. Fields that are never blank are left out; every "
        "figure is in the download."
    )
    downloads(_flat(mine), f"missing-fields-by-month-{force}")


def _flat(rows: pd.DataFrame) -> pd.DataFrame:
    columns = [
        "force",
        "table",
        "field",
        "needed_for",
        "month",
        "failed",
        "total",
        "rate",
        "low",
        "high",
        "threshold",
        "status",
    ]
    return rows[columns].reset_index(drop=True)
