"""Missing fields: field by force, month by month, by what the field is needed for, and by group."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from audit.checks.catalogue import catalogue
from audit.checks.catalogue import check as declared_check
from audit.checks.run import judged
from audit.presentation.charts import field_heat_map, month_heat_map
from audit.readiness.thresholds import Thresholds
from audit.report.content import Cell, Table, fields_table, interval, percent, points
from dashboard.shell import View, choose_period, downloads, folded, in_period, months_of, once, show_table

TABLE_TITLES = {"persons": "Person records", "crimes": "Crimes", "involvements": "Involvements", "units": "Units"}
NEEDS = ("identity", "frequency", "recency", "severity", "contact", "equality")
WIDEST = 8


def show(view: View) -> None:
    """Draw the page."""
    st.title("Missing fields", anchor=False)
    st.write("How often a field is blank, by force and month, and what a prioritisation loses with it.")
    names = view.names
    first, last = choose_period(months_of(view, "missing"))
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
    shown = tuple(forces or list(names)[:WIDEST])
    asked = Filter(first, last, tuple(tables), tuple(needs), str(only), shown)
    whole = _whole(view, asked)
    here = whole[whole["force"].isin(shown)]
    if here.empty:
        st.info("No field fits these filters; take one of them away.", icon=":material/filter_alt_off:")
        return
    _fields(view, asked)
    downloads(lambda: _flat(here), "missing-fields")
    _at_a_glance(view, asked)
    st.subheader("Month by month", anchor=False)
    force = str(st.selectbox("Force", shown, format_func=names.__getitem__, key="month_force", bind="query-params"))
    if _months(view, asked, force):
        downloads(lambda: _flat(_monthly(view, asked, force)), f"missing-fields-by-month-{force}")
    _by_group(view, shown)
    folded("Scores of the fields, all forces together", "scores", lambda: _scores(view))


@dataclass(frozen=True)
class Filter:
    """What a visitor wants to see; an empty tuple lets everything through."""

    first: str
    last: str
    tables: tuple[str, ...]
    needs: tuple[str, ...]
    status: str
    forces: tuple[str, ...]


@once
def _whole(view: View, asked: Filter) -> pd.DataFrame:
    """The rows of all forces over the chosen period, of the checks that fit."""
    checks = view.results["checks"]
    missing = checks[checks["check_type"] == "missing"]
    months = months_of(view, "missing")
    if months and (asked.first, asked.last) != (months[0], months[-1]):
        whole = over_months(in_period(missing, asked.first, asked.last), view.thresholds)
    else:
        whole = missing[missing["month"].isna()]
    return filtered(whole, asked.tables, asked.needs, asked.status, asked.forces)


@once
def _fields(view: View, asked: Filter) -> None:
    whole = _whole(view, asked)
    names = {slug: view.names[slug] for slug in asked.forces}
    show_table(field_table(whole[whole["force"].isin(asked.forces)], names, view.thresholds))


@once
def _at_a_glance(view: View, asked: Filter) -> None:
    whole = _whole(view, asked)
    if len(view.names) > 1 and whole["failed"].sum():
        st.subheader("All forces at a glance", anchor=False)
        shown = whole[whole["total"] > 0]
        st.altair_chart(field_heat_map(shown, view.names), alt="Heat map of the share of blanks by field and force")


def over_months(monthly: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Rows a check and force over some months, judged as those of the whole period are."""
    checks = thresholds.limit(tuple(check for check in catalogue() if check.id in set(monthly["check_id"].unique())))
    sums = monthly.groupby(["check_id", "force"], sort=False)[["failed", "total"]].sum().reset_index()
    return judged(
        sums[sums["check_id"].isin([check.id for check in checks])].assign(month=None), checks, sorted(sums["force"].unique())
    )


def filtered(whole: pd.DataFrame, tables: Sequence[str], needs: Sequence[str], status: str, forces: Sequence[str]) -> pd.DataFrame:
    """The rows of the checks that fit; an empty list lets everything through."""
    keep = pd.Series(True, index=whole.index)
    if tables:
        keep &= whole["table"].isin(tables)
    if needs:
        keep &= whole["needed_for"].str.split(", ").map(lambda listed: bool(set(listed) & set(needs))).astype(bool)
    if status != "any":
        wanted = ["fail"] if status == "fail" else ["warn", "fail"]
        found = whole["force"].isin(forces) & whole["status"].isin(wanted)
        keep &= whole["check_id"].isin(whole.loc[found, "check_id"])
    return whole[keep]


def field_table(whole: pd.DataFrame, names: dict[str, str], thresholds: Thresholds) -> Table:
    """Field by force, the worst first; fields that are never blank are named below."""
    cells = {(row.check_id, row.force): row for row in whole.itertuples()}
    first = whole.drop_duplicates("check_id").set_index("check_id")
    sums = whole.groupby(["table", "field"], sort=False)["failed"].sum()
    never = [f"{name}.{field}" for (name, field), failed in sums.items() if not failed]
    rows = []
    for check_id in _worst_first(whole):
        declared = declared_check(check_id)
        line = [Cell(first.loc[check_id, "field"], TABLE_TITLES[first.loc[check_id, "table"]])]
        line.append(Cell(first.loc[check_id, "needed_for"] or "–"))
        for slug in names:
            row = cells.get((check_id, slug))
            if row is None or not row.total:
                line.append(Cell("–"))
            else:
                line.append(Cell(percent(row.rate), interval(row.low, row.high), row.status, number=True))
        limit = None if declared is None else thresholds.limit((declared,))[0]
        limits = "" if limit is None else f"warn {percent(limit.warn, 0)}, fail {percent(limit.fail, 0)}"
        rows.append([*line, Cell(limits)])
    return Table(
        "Share of rows in which the field is blank",
        ["Field", "Needed for", *names.values(), "Above"],
        rows,
        "Blank rows ÷ all rows of the force's table; small print is the 95 % Wilson interval. ✓ pass, ! warn, ✗ fail, by the limits in "
        "the last column. Outcomes are blank while a case is open. "
        + (f"Never blank in these forces: {', '.join(never)}." if never else ""),
    )


def _worst_first(whole: pd.DataFrame) -> list[str]:
    """The checks of fields that are blank anywhere: those that fail first, then those that warn, then by rate."""
    severity = whole["status"].map({"fail": 2, "warn": 1}).fillna(0)
    worst = whole.assign(severity=severity).groupby("check_id")[["severity", "rate"]].max()
    worst = worst[worst["rate"] > 0].sort_values(["severity", "rate"], ascending=False)
    return worst.index.tolist()


def _monthly(view: View, asked: Filter, force: str) -> pd.DataFrame:
    """The months of one force in the chosen period, of the checks that fit."""
    checks = view.results["checks"]
    mine = checks[(checks["force"] == force) & checks["check_id"].isin(_whole(view, asked)["check_id"].unique())]
    return in_period(mine[mine["total"] > 0], asked.first, asked.last)


@once
def _months(view: View, asked: Filter, force: str) -> bool:
    """Draws the months of one force; whether there was anything to draw."""
    mine = _monthly(view, asked, force)
    if not mine["failed"].sum():
        st.info("None of these fields is ever blank.", icon=":material/check:")
        return False
    st.altair_chart(month_heat_map(mine), alt=f"Heat map of the share of blank values by field and month, {view.names[force]}")
    st.caption("Month in which the crime was recorded, or the person record made. Fields that are never blank are left out.")
    return True


@once
def _scores(view: View) -> None:
    show_table(fields_table(view.results))


@once
def _by_group(view: View, shown: tuple[str, ...]) -> None:
    checks = view.results["checks"]
    unequal = checks[(checks["check_type"] == "unequal") & checks["month"].isna() & checks["force"].isin(shown)]
    unequal = unequal[unequal["total"] > 0]
    rows = []
    for check_id, mine in unequal.groupby("check_id", sort=False):
        worst = mine.loc[mine["rate"].idxmax()]
        if worst["rate"] > 0:
            field, by = mine["field"].iloc[0], str(check_id).rsplit("by_", 1)[-1]
            excess = Cell(points(worst["rate"]), f"{points(worst['low'])} to {points(worst['high'])}", worst["status"], number=True)
            rows.append([Cell(f"{field}, by {by}"), excess, Cell(view.names[worst["force"]])])
    show_table(
        Table(
            "By group: how much oftener a field is blank for one group than for the other",
            ["Field and attribute", "Points, where it is widest", "Where"],
            rows,
            "Women and men; White people and people of other ethnicity, of the records where it is known. Differences within three "
            "standard deviations count as none.",
        )
    )


def _flat(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ["force", "table", "field", "needed_for", "month", "failed", "total", "rate", "low", "high", "threshold", "status"]
    return rows[columns].reset_index(drop=True)
