"""All checks: every check with its sentences, rate, interval, limits and status; and the failing rows' identifiers on demand."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from audit import InputError
from audit.checks.catalogue import Check, catalogue
from audit.checks.catalogue import check as declared_check
from audit.checks.run import Context, failing_rows, first_failing_rows
from audit.checks.types.rules import ROW_TYPES
from audit.engines import connect, duckdb_frames
from audit.report.content import WORST_FIRST, Cell, Table, forces_by_status, interval, of_all_forces, percent, worst_first
from dashboard.jobs import result_of
from dashboard.pages.missing_fields import over_months
from dashboard.shell import (
    EVERYWHERE,
    View,
    choose_force,
    choose_period,
    downloads,
    in_period,
    months_of,
    once,
    show_table,
    turn_threshold,
)
from synthetic.dataset import Dataset

MOST_IDENTIFIERS = 500


def show(view: View) -> None:
    """Draw the page."""
    st.title("All checks", anchor=False)
    st.write(f"{len(catalogue())} checks, each with what it finds, why it matters to a prioritisation, and how it is mended.")
    force = choose_force(view)
    checks = view.results["checks"]
    months = months_of(view)
    first, last = choose_period(months)
    with st.container(horizontal=True):
        statuses = st.multiselect(
            "Status", list(WORST_FIRST), key="status_of", bind="query-params",
            format_func=lambda word: word.replace("_", " "), placeholder="Any",
        )  # fmt: skip
        dimensions = st.multiselect(
            "Dimension", sorted(checks["dimension"].unique()), key="dimension", bind="query-params", placeholder="Any"
        )
        types = st.multiselect("Type", sorted(checks["check_type"].unique()), key="type", bind="query-params", placeholder="Any",
                               format_func=lambda word: word.replace("_", " "))  # fmt: skip
        words = st.text_input("Find", key="find", bind="query-params", placeholder="ethnicity, late, …")
    if months and (first, last) != (months[0], months[-1]):
        st.caption(f"Counted over {first} to {last}; checks without months are left out.")
    asked = Filter(first, last, force, tuple(statuses), tuple(dimensions), tuple(types), words.lower())
    listed = _listed(view, asked)
    if not listed:
        st.info("No check fits these filters; take one of them away.", icon=":material/filter_alt_off:")
        return
    _table(view, asked)
    downloads(lambda: _found(view, asked), "checks", "checks")
    _one(view, listed, force)


@dataclass(frozen=True)
class Filter:
    """What a visitor wants to see; an empty tuple or word lets everything through."""

    first: str
    last: str
    force: str
    statuses: tuple[str, ...]
    dimensions: tuple[str, ...]
    types: tuple[str, ...]
    words: str


def _found(view: View, asked: Filter) -> pd.DataFrame:
    """The checks by force that fit, the worst first; over all forces, those of which any force has the status that is asked for."""
    checks, months = view.results["checks"], months_of(view)
    if months and (asked.first, asked.last) != (months[0], months[-1]):
        whole = over_months(in_period(checks, asked.first, asked.last), view.thresholds)
    else:
        whole = checks[checks["month"].isna()]
    if asked.force != EVERYWHERE:
        whole = whole[whole["force"] == asked.force]
    if asked.statuses:
        whole = whole[whole["check_id"].isin(whole.loc[whole["status"].isin(asked.statuses), "check_id"])]
    for column, chosen in (("dimension", asked.dimensions), ("check_type", asked.types)):
        whole = whole[whole[column].isin(chosen)] if chosen else whole
    if asked.words:
        found = {c.id for c in catalogue() if asked.words in f"{c.id} {c.finds} {c.matters}".lower()}
        whole = whole[whole["check_id"].isin(found)]
    return worst_first(whole)


@once
def _listed(view: View, asked: Filter) -> list[str]:
    """The checks that fit, the worst first."""
    found = _found(view, asked)
    found = of_all_forces(found) if asked.force == EVERYWHERE else found
    return found["check_id"].tolist()


@once
def _table(view: View, asked: Filter) -> None:
    found = _found(view, asked)
    if asked.force == EVERYWHERE:
        _table_of_all_forces(view, of_all_forces(found))
        return
    rows = []
    for row in found.itertuples():
        declared = declared_check(row.check_id)
        rows.append(
            [
                Cell(row.check_id, declared.finds if declared else ""),
                Cell(row.status.replace("_", " "), status=row.status),
                Cell(percent(row.rate, 2), interval(row.low, row.high, 2), number=True),
                Cell(f"{row.failed:,}", f"of {row.total:,}", number=True),
                Cell(percent(row.threshold), number=True),
            ]
        )
    reading = "Rate: failed ÷ counted rows, with its 95 % Wilson interval. Limit: that which was crossed, or else the one to fail."
    show_table(Table(f"Checks of {view.names[asked.force]}", ["Check", "Status", "Rate", "Failed", "Limit"], rows, reading))


def _table_of_all_forces(view: View, whole: pd.DataFrame) -> None:
    rows = []
    for row in whole.to_dict("records"):
        declared = declared_check(row["check_id"])
        rows.append(
            [
                Cell(row["check_id"], declared.finds if declared else ""),
                Cell(forces_by_status(row), status=row["status"]),
                Cell(percent(row["rate"], 2), interval(row["low"], row["high"], 2), number=True),
                Cell(f"{row['failed']:,}", f"of {row['total']:,}", number=True),
                Cell("–" if pd.isna(row["worst"]) else f"{view.names.get(row['force'], row['force'])} {percent(row['worst'])}"),
            ]
        )
    show_table(
        Table(
            "Checks, all forces together",
            ["Check", "Forces", "Rate", "Failed", "Worst"],
            rows,
            "Forces: how many of them fail, warn or pass, each by its own rate. Rate: failed ÷ counted rows of all of them, with its "
            "95 % Wilson interval. The downloads have a row a force.",
        )
    )


def _one(view: View, listed: list[str], force: str) -> None:
    st.subheader("One check", anchor=False)
    name = str(st.selectbox("Check", listed, key="check", bind="query-params"))
    declared = declared_check(name)
    if declared is None:
        st.info("This check is of an earlier version; it has no declaration any more.", icon=":material/info:")
        return
    st.markdown(f"**Finds.** {declared.finds}\n\n**Matters.** {declared.matters}\n\n**Mend.** {declared.mend}")
    limited = view.thresholds.limit((declared,))[0]
    left, right, _ = st.columns([1, 1, 2])
    warn = left.number_input("Warns above (%)", 0.0, 100.0, round(100 * limited.warn, 4), 0.5, key=f"warn-{name}")
    fail = right.number_input("Fails above (%)", 0.0, 100.0, round(100 * limited.fail, 4), 0.5, key=f"fail-{name}")
    if abs(warn / 100 - limited.warn) > 1e-9 or abs(fail / 100 - limited.fail) > 1e-9:
        turn_threshold("checks", name, {"warn": min(warn, fail) / 100, "fail": fail / 100})
        st.rerun()
    if declared.type not in ROW_TYPES:
        st.caption("This check is about months, groups or findings, so no single row fails it.")
        return
    if st.toggle("Show the identifiers of the rows that fail", key="rows"):
        try:
            dataset = view.dataset()
        except InputError as error:
            st.info(str(error), icon=":material/folder_open:")
            return
        only = None if force == EVERYWHERE else force
        key = f"rows {dataset.path} {view.results.summary.dataset.manifest_sha256} {name} {only}"
        count, first = result_of(key, "Looking for the rows", lambda tell: _first_failing(dataset, declared, only))
        st.caption(
            f"{count:,} rows fail; identifiers only, and nothing of what stands in them."
            + (f" The first {MOST_IDENTIFIERS} are shown." if count > MOST_IDENTIFIERS else "")
        )
        st.dataframe(first, hide_index=True, height=260)
        downloads(lambda: _every_failing(dataset, declared, only), f"rows-{name}")


def _first_failing(dataset: Dataset, check: Check, force: str | None) -> tuple[int, pd.DataFrame]:
    with connect(dataset) as connection:
        context = Context(dataset.manifest.as_of)
        return first_failing_rows(duckdb_frames(connection), check, context, force, MOST_IDENTIFIERS)


def _every_failing(dataset: Dataset, check: Check, force: str | None) -> pd.DataFrame:
    with connect(dataset) as connection:
        return failing_rows(duckdb_frames(connection), check, Context(dataset.manifest.as_of), force)
