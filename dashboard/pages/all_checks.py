"""All checks: every check with its sentences, rate, limits and status; and the failing rows' identifiers on demand."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from audit import InputError
from audit.checks.catalogue import Check
from audit.checks.catalogue import check as declared_check
from audit.checks.run import Context, failing_rows, first_failing_rows
from audit.engines import connect, duckdb_frames
from audit.presentation.checks import checks_of_all_table, checks_of_force_table, how_to_fix, of_all_forces
from audit.presentation.html import status_name
from audit.presentation.selection import Selection, selected
from audit.presentation.wording import check_name, check_type_title
from audit.readiness.assess import WORST_FIRST
from dashboard.cache import View, once
from dashboard.jobs import result_of
from dashboard.widgets import EVERYWHERE, change_threshold, choose_force, choose_period, downloads, picture_downloads, show_table
from synthetic.dataset import Dataset

MOST_IDENTIFIERS = 500
BY_NAME = "by name"
ORDERS = {"worst first": "", "highest rate first": "rate", "most rows first": "failed", BY_NAME: ""}
"""Orders of the table, with the column that each sorts by where one does."""


def show(view: View) -> None:
    """Draw the page."""
    force = choose_force(view)
    checks = view.results["checks"]
    first, last = choose_period(view)
    with st.container(horizontal=True):
        words = st.text_input("Search", key="find", bind="query-params", placeholder="ethnicity, late, …")
        statuses = st.multiselect(
            "Status", list(WORST_FIRST), key="status_of", bind="query-params", format_func=status_name, placeholder="Any"
        )
        dimensions = st.multiselect(
            "Dimension", sorted(checks["dimension"].unique()), key="dimension", bind="query-params", placeholder="Any"
        )
        types = st.multiselect(
            "Type", sorted(checks["check_type"].unique()), key="type", bind="query-params", placeholder="Any",
            format_func=check_type_title,
        )  # fmt: skip
        order = str(st.selectbox("Order", ORDERS, key="order_of", bind="query-params"))
    months = view.months()
    if months and (first, last) != (months[0], months[-1]):
        st.caption(f"Counted over {first} to {last}; checks without months are left out.")
    forces = () if force == EVERYWHERE else (force,)
    asked = Selection(first, last, forces, tuple(statuses), tuple(dimensions), tuple(types), words=words)
    listed = _listed(view, asked, order)
    if not listed:
        st.info("No check fits these filters; take one of them away.", icon=":material/filter_alt_off:")
        return
    _one(view, listed, force)
    with st.container(key="tall-checks"):
        _table(view, asked, order)
    downloads(lambda: _found(view, asked), "checks", "checks")


@once
def _found(view: View, asked: Selection) -> pd.DataFrame:
    """The rows that fit: of a nation, a chosen period is half a million to add up."""
    return selected(view.results["checks"], asked, view.thresholds)


@once
def _listed(view: View, asked: Selection, order: str) -> list[str]:
    """The checks that fit, in an order of ``ORDERS``."""
    found = _found(view, asked)
    found = found if asked.forces else of_all_forces(found)
    if ORDERS[order]:
        found = found.sort_values(ORDERS[order], ascending=False, kind="stable")
    ids: list[str] = found["check_id"].tolist()
    return sorted(ids, key=check_name) if order == BY_NAME else ids


@once
def _table(view: View, asked: Selection, order: str) -> None:
    found = _found(view, asked)
    if asked.forces:
        table = checks_of_force_table(found, view.names[asked.forces[0]], view.thresholds)
    else:
        table = checks_of_all_table(found, view.names, view.thresholds)
    places = {check_id: place for place, check_id in enumerate(_listed(view, asked, order))}
    show_table(replace(table, rows=sorted(table.rows, key=lambda row: places[row[0].code])))


def _one(view: View, listed: list[str], force: str) -> None:
    # The address names a check by its identifier, which outlasts a better name.
    asked = st.query_params.get("check", "")
    name = st.selectbox(
        "One check", listed, listed.index(asked) if asked in listed else None, format_func=check_name, key="chosen_check",
        placeholder="Choose a check, or type a part of its name, for its limits, its months and its rows",
    )  # fmt: skip
    if name is None:
        st.query_params.pop("check", None)
        return
    st.query_params["check"] = name
    declared = declared_check(name)
    if declared is None:
        st.info("This check is of an earlier version and is no longer declared.", icon=":material/info:")
        return
    st.markdown(
        f"`{name}`\n\n**Finds.** {declared.finds}\n\n**Why it matters.** {declared.matters}\n\n**How to fix it.** {how_to_fix(name)}"
    )
    _limits(view, declared)
    _trend(view, name, force)
    if not declared.rows_fail:
        st.caption("This check is about months, groups or findings, so no single row fails it.")
        return
    if st.toggle("Show the identifiers of the rows that fail", key="rows"):
        _failing(view, declared, None if force == EVERYWHERE else force)


def _trend(view: View, name: str, force: str) -> None:
    """The check month by month, where it is counted by month."""
    checks = view.results["checks"]
    mine = checks[(checks["check_id"] == name) & checks["month"].notna() & (checks["total"] > 0)]
    mine = mine if force == EVERYWHERE else mine[mine["force"] == force]
    if mine["month"].nunique() < 2:
        return
    from audit.presentation.charts import check_trend  # slow to import, and the table of all checks has no chart

    st.altair_chart(check_trend(mine), alt=f"{check_name(name)}: share of each month's rows that fail, with 95% intervals")
    st.caption("Line: share of the month's rows that fail. Bars: 95% Wilson interval, wide where a month has few rows.")
    picture_downloads(lambda: check_trend(mine), f"trend-{name}", lambda: mine)


def _limits(view: View, declared: Check) -> None:
    name = declared.id
    limited = view.thresholds.limit((declared,))[0]
    left, right, _ = st.columns([1, 1, 2])
    warn = left.number_input("Warns above (%)", 0.0, 100.0, round(100 * limited.warn, 4), 0.5, key=f"warn-{name}")
    fail = right.number_input("Fails above (%)", 0.0, 100.0, round(100 * limited.fail, 4), 0.5, key=f"fail-{name}")
    if abs(warn / 100 - limited.warn) > 1e-9 or abs(fail / 100 - limited.fail) > 1e-9:
        change_threshold("checks", name, {"warn": min(warn, fail) / 100, "fail": fail / 100})
        st.rerun()


def _failing(view: View, declared: Check, force: str | None) -> None:
    try:
        dataset = view.dataset()
    except InputError as error:
        st.info(str(error), icon=":material/folder_open:")
        return
    key = f"rows {dataset.path} {view.results.summary.dataset.manifest_sha256} {declared.id} {force}"
    count, first = result_of(key, "Looking for the rows", lambda progress: _first_failing(dataset, declared, force))
    st.caption(
        f"{count:,} rows fail; identifiers only, and nothing of what they contain."
        + (f" The first {MOST_IDENTIFIERS} are shown." if count > MOST_IDENTIFIERS else "")
    )
    st.dataframe(first, hide_index=True, height=260)
    downloads(lambda: _every_failing(dataset, declared, force), f"rows-{declared.id}")


def _first_failing(dataset: Dataset, check: Check, force: str | None) -> tuple[int, pd.DataFrame]:
    with connect(dataset) as connection:
        context = Context(dataset.manifest.as_of)
        return first_failing_rows(duckdb_frames(connection), check, context, force, MOST_IDENTIFIERS)


def _every_failing(dataset: Dataset, check: Check, force: str | None) -> pd.DataFrame:
    with connect(dataset) as connection:
        return failing_rows(duckdb_frames(connection), check, Context(dataset.manifest.as_of), force)
