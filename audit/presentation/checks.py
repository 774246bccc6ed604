"""Checks as tables: of one force, of all together, of fields, of groups, of late recording."""

from typing import Any

import numpy as np
import pandas as pd

from audit.checks.catalogue import catalogue
from audit.checks.catalogue import check as declared_check
from audit.checks.types.dates import Delay
from audit.presentation.html import status_name
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import (
    TABLE_TITLES,
    check_name,
    field_label,
    field_title,
    interval,
    percent,
    points,
    points_interval,
)
from audit.readiness.assess import WORST_FIRST
from audit.readiness.periods import in_period, over_months
from audit.readiness.thresholds import Thresholds
from audit.results import Results
from audit.statistics import wilson

LATE = {check.id: check.days for check in catalogue() if isinstance(check, Delay)}
"""Checks of late recording, with their days."""


def worst_first(checks: pd.DataFrame) -> pd.DataFrame:
    """Rows of checks by status and rate, the worst first."""
    order = checks["status"].map({name: place for place, name in enumerate(WORST_FIRST)})
    ordered = checks.assign(order=order).sort_values(["order", "rate"], ascending=[True, False])
    return ordered.drop(columns="order").reset_index(drop=True)


def of_all_forces(checks: pd.DataFrame) -> pd.DataFrame:
    """A row a check of rows a check and force, the worst first: check_id, dimension, failed, total, rate, low, high of all forces,
    forces by status, and of the worst force its status, force and rate (``worst``).
    """
    ordered = worst_first(checks)
    whole = ordered.groupby("check_id", sort=False)[["failed", "total"]].sum()
    whole["rate"], whole["low"], whole["high"] = wilson(whole["failed"].to_numpy(), whole["total"].to_numpy())
    statuses = pd.crosstab(ordered["check_id"], ordered["status"]).reindex(columns=list(WORST_FIRST), fill_value=0)
    worst = ordered.drop_duplicates("check_id").set_index("check_id")[["dimension", "status", "force", "rate"]]
    whole = whole.join(statuses).join(worst.rename(columns={"rate": "worst"}))
    return whole.sort_values([*WORST_FIRST[:4], "rate"], ascending=False).reset_index()


def forces_by_status(row: dict[Any, Any]) -> str:
    """How many forces fail, warn or pass, of a row of ``of_all_forces``."""
    return ", ".join(f"{status_name(name)} {row[name]}" for name in WORST_FIRST if row[name])


def check_cell(check_id: str, note: bool = True) -> Cell:
    """A check by its English name, with its identifier and what it finds in small print."""
    declared = declared_check(check_id)
    return Cell(check_name(check_id), declared.finds if declared and note else "", code=check_id)


def checks_of_force_table(found: pd.DataFrame, force_name: str) -> Table:
    """Checks of one force, as ``selected`` gives them."""
    rows = [
        [
            check_cell(row.check_id),
            Cell(status_name(row.status), status=row.status),
            Cell(percent(row.rate, row.threshold, 2), interval(row.low, row.high, 2), number=True),
            Cell(f"{row.failed:,}", f"of {row.total:,}", number=True),
            Cell(percent(row.threshold), number=True),
        ]
        for row in found.itertuples()
    ]
    return Table(
        f"Checks of {force_name}",
        ["Check", "Status", "Rate", "Failed", "Limit"],
        rows,
        "Rate: failed ÷ counted rows; small print is what another extract of the same process might give (95% Wilson interval). "
        "Limit: the one that was crossed, or else the one above which it fails.",
    )


def checks_of_all_table(found: pd.DataFrame, names: dict[str, str]) -> Table:
    """Checks of all forces together, a row each."""
    rows = []
    for row in of_all_forces(found).to_dict("records"):
        worst = "–" if pd.isna(row["worst"]) else f"{names.get(row['force'], row['force'])} {percent(row['worst'])}"
        rows.append(
            [
                check_cell(row["check_id"]),
                Cell(forces_by_status(row), status=row["status"]),
                Cell(percent(row["rate"], digits=2), interval(row["low"], row["high"], 2), number=True),
                Cell(f"{row['failed']:,}", f"of {row['total']:,}", number=True),
                Cell(worst),
            ]
        )
    return Table(
        "Checks, all forces together",
        ["Check", "Forces", "Rate", "Failed", "Worst force"],
        rows,
        "Forces: how many fail, warn or pass, each by its own rate. Rate: failed ÷ counted rows of all of them, with its 95% Wilson "
        "interval. The downloads have a row for each force.",
    )


NO_WARNING = {
    "pass": "Nothing worth a warning in any force",
    "not_applicable": "Nothing to judge: no rows, or no truth",
    "not_run": "Not run: left out of this audit",
}


def checks_table(results: Results) -> Table:
    """Every check that warns or fails anywhere: in how many forces, over all of them, what it finds, how to fix it."""
    checks = results["checks"]
    whole = of_all_forces(checks[checks["month"].isna()])
    thresholds = Thresholds.model_validate(results.summary.thresholds)
    rows = []
    for row in whole[whole["status"].isin(["fail", "error", "warn"])].to_dict("records"):
        check = declared_check(row["check_id"])
        limits = thresholds.limit((check,))[0] if check else None
        rows.append(
            [
                check_cell(row["check_id"], note=False),
                Cell(forces_by_status(row), status=row["status"]),
                Cell(percent(row["rate"], digits=2), interval(row["low"], row["high"], 2), number=True),
                Cell(f"{percent(limits.warn)} / {percent(limits.fail)}" if limits else "", number=True),
                Cell(check.finds if check else "", how_to_fix(row["check_id"])),
            ]
        )
    return Table(
        "Checks that warn or fail in a force",
        ["Check", "Forces", "Rate, all forces", "Warns / fails above", "What it finds, and how to fix it"],
        rows,
        "Rate: failed ÷ counted rows of all forces; small print is the 95% Wilson interval.",
    )


def quiet_checks(results: Results) -> dict[str, list[str]]:
    """The checks that neither warn nor fail in any force, by what became of them: a check that was not run says nothing good."""
    checks = results["checks"]
    whole = of_all_forces(checks[checks["month"].isna()])
    found = {title: sorted(whole.loc[whole["status"] == status, "check_id"]) for status, title in NO_WARNING.items()}
    return {title: ids for title, ids in found.items() if ids}


def how_to_fix(check_id: str) -> str:
    """How what a check finds is fixed, in a sentence; empty for a check that is no longer declared."""
    declared = declared_check(check_id)
    return declared.fix if declared else ""


def catalogue_table() -> Table:
    """Every check of the catalogue."""
    rows = [
        [
            check_cell(check.id, note=False),
            Cell(check.finds),
            Cell(check.matters),
            Cell(f"{percent(check.warn)} / {percent(check.fail)}", number=True),
        ]
        for check in catalogue()
    ]
    return Table("Every check", ["Check", "Finds", "Why it matters", "Warns / fails above"], rows)


def fields_table(results: Results) -> Table:
    """The score of each field over all forces together, the lowest first, with the force that is worst off."""
    scores = results["field_scores"]
    names = {row.force: row.force_name for row in results.summary.forces}
    rows = []
    known = scores[scores["records"] > 0]
    for (table, name), mine in known.groupby(["table", "field"], sort=False):
        good = (mine["score"] * mine["records"]).sum()
        rate, low, high = (float(value[0]) for value in wilson(np.array([good]), np.array([mine["records"].sum()])))
        worst = mine.loc[mine["score"].idxmin()]
        rows.append((rate, [
            Cell(field_label(str(table), str(name))), Cell(mine["needed_for"].iloc[0] or "–"),
            Cell(percent(rate), interval(low, high), number=True), Cell(f"{names[worst['force']]} {percent(worst['score'])}"),
        ]))  # fmt: skip
    rows.sort(key=lambda row: row[0])
    return Table(
        "Field scores, all forces together: present, valid and no placeholder, of all records",
        ["Field", "Needed for", "Score", "Worst force"],
        [cells for _, cells in rows],
    )


def blanks_table(whole: pd.DataFrame, names: dict[str, str], thresholds: Thresholds) -> Table:
    """Share of blanks, field by force, the worst first; fields that are never blank are named below. ``names``: slug → name."""
    cells = {(row.check_id, row.force): row for row in whole.itertuples()}
    first = whole.drop_duplicates("check_id").set_index("check_id")
    sums = whole.groupby(["table", "field"], sort=False)["failed"].sum()
    never = [field_label(name, field) for (name, field), failed in sums.items() if not failed]
    rows = []
    for check_id in _worst_fields(whole):
        declared = declared_check(check_id)
        limit = None if declared is None else thresholds.limit((declared,))[0]
        line = [Cell(field_title(first.loc[check_id, "field"]), TABLE_TITLES[first.loc[check_id, "table"]])]
        line.append(Cell(first.loc[check_id, "needed_for"] or "–"))
        for slug in names:
            row = cells.get((check_id, slug))
            if row is None or not row.total:
                line.append(Cell("–", number=True))
            else:
                line.append(Cell(percent(row.rate, row.threshold), interval(row.low, row.high), row.status, number=True))
        limits = "" if limit is None else f"{percent(limit.warn, digits=0)} / {percent(limit.fail, digits=0)}"
        rows.append([*line, Cell(limits, number=True)])
    return Table(
        "Share of rows in which the field is blank",
        ["Field", "Needed for", *names.values(), "Warns / fails above"],
        rows,
        "Blank rows ÷ all rows of the force's table; small print is what another extract of the same process might give (95% Wilson "
        "interval). ✓ pass, ! warn, ✗ fail. Outcomes are blank while a case is open. "
        + (f"Never blank in these forces: {', '.join(never)}." if never else ""),
    )


def by_group_table(checks: pd.DataFrame, names: dict[str, str]) -> Table:
    """How much more often a field is blank for one group than for the other, where the difference is largest."""
    unequal = checks[(checks["check_type"] == "unequal") & checks["month"].isna() & checks["force"].isin(list(names))]
    rows = []
    for check_id, mine in unequal[unequal["total"] > 0].groupby("check_id", sort=False):
        worst = mine.loc[mine["rate"].idxmax()]
        if worst["rate"] > 0:
            by = str(check_id).rsplit("by_", 1)[-1]
            excess = Cell(points(worst["rate"]), points_interval(worst["low"], worst["high"]), worst["status"], number=True)
            rows.append([Cell(f"{field_title(mine['field'].iloc[0])}, by {by}"), excess, Cell(names[worst["force"]])])
    return Table(
        "By group: how much more often a field is blank for one group than for the other",
        ["Field and attribute", "Largest difference, points", "Where"],
        rows,
        "Women and men; White people and people of other ethnicity, of the records where it is known. Differences within three "
        "standard deviations count as none.",
    )


def late_table(results: Results, first: str, last: str, thresholds: Thresholds) -> Table:
    """Share of crimes recorded late in some months (2025-03), by force, and of old cases without an outcome."""
    checks = results["checks"]
    whole = late_checks(checks, first, last, thresholds).set_index(["force", "check_id"])
    stale = checks[(checks["check_type"] == "stale") & checks["month"].isna()].set_index(["force", "check_id"])
    rows = []
    for force in results.summary.forces:
        row = [Cell(force.force_name)]
        for table, check_id in (*((whole, check_id) for check_id in LATE), (stale, "stale.crimes.outcome")):
            key = (force.force, check_id)
            found = table.loc[key] if key in table.index else None
            if found is None or not found["total"]:
                row.append(Cell("–", number=True))
            else:
                shown = percent(found["rate"], found["threshold"])
                row.append(Cell(shown, interval(found["low"], found["high"]), found["status"], True))
        rows.append(row)
    return Table(
        "Share of crimes recorded late, and of old cases without an outcome",
        ["Force", *(f"Over {days} day{'s' if days > 1 else ''}" for days in LATE.values()), "Open after a year"],
        rows,
        "Days from report to record, of the crimes that have both. Open after a year: of the crimes recorded over a year before the "
        "last day of the data, those without an outcome. Small print: 95% Wilson interval.",
    )


def late_checks(checks: pd.DataFrame, first: str, last: str, thresholds: Thresholds) -> pd.DataFrame:
    """The checks of late recording over some months, a row a check and force."""
    return over_months(in_period(checks[checks["check_type"] == "delay"], first, last), thresholds)


def late_by_month(checks: pd.DataFrame, first: str, last: str, force: str) -> pd.DataFrame:
    """The checks of late recording of one force, a row a month, with ``days``."""
    monthly = in_period(checks[(checks["check_type"] == "delay") & (checks["force"] == force)], first, last)
    return monthly[monthly["total"] > 0].assign(days=lambda rows: rows["check_id"].map(LATE))


def _worst_fields(whole: pd.DataFrame) -> list[str]:
    """The checks of fields that are blank anywhere: those that fail first, then those that warn, then by rate."""
    severity = whole["status"].map({"fail": 2, "warn": 1}).fillna(0)
    worst = whole.assign(severity=severity).groupby("check_id")[["severity", "rate"]].max()
    worst = worst[worst["rate"] > 0].sort_values(["severity", "rate"], ascending=False)
    return worst.index.tolist()
