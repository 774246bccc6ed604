"""Checks as tables: of one force, of all together, of fields, of groups, of late recording."""

from collections.abc import Mapping
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
from audit.readiness.figures import limit_text
from audit.readiness.periods import in_period, over_months
from audit.readiness.thresholds import Thresholds
from audit.results import Results
from audit.statistics import wilson

LATE = {check.id: check.days for check in catalogue() if isinstance(check, Delay)}
"""Checks of late recording, with their days."""
TOO_CLOSE = "too close to call"
ESTIMATE_NOTE = (
    "Duplicate person records are an estimate: small print is the estimate's own interval (of several forces, as if all erred in one "
    "direction), and it is too close to call where that holds the limit of its gate."
)


def worst_first(checks: pd.DataFrame) -> pd.DataFrame:
    """Rows of checks by status and rate, the worst first."""
    order = checks["status"].map({name: place for place, name in enumerate(WORST_FIRST)})
    ordered = checks.assign(order=order).sort_values(["order", "rate"], ascending=[True, False])
    return ordered.drop(columns="order").reset_index(drop=True)


def of_all_forces(checks: pd.DataFrame) -> pd.DataFrame:
    """A row a check of rows a check and force, the worst first: check_id, dimension, failed, total, rate, low, high of all forces,
    forces by status, and of the worst force its status, force, rate (``worst``) and limit (``worst_limit``).

    The interval is Wilson's; of an estimate (``Check.sampled``) it is the forces' own, each end weighed by their rows, as if all
    forces' estimates erred in one direction: they share a model.
    """
    ordered = worst_first(checks)
    whole = ordered.groupby("check_id", sort=False)[["failed", "total"]].sum()
    whole["rate"], whole["low"], whole["high"] = wilson(whole["failed"].to_numpy(), whole["total"].to_numpy())
    for check_id in [name for name in whole.index if _estimated(name)]:
        mine = ordered[(ordered["check_id"] == check_id) & ordered["rate"].notna()]
        if mine["total"].sum():
            whole.loc[check_id, ["rate", "low", "high"]] = [
                np.average(mine[end], weights=mine["total"]) for end in ("rate", "low", "high")
            ]
    statuses = pd.crosstab(ordered["check_id"], ordered["status"]).reindex(columns=list(WORST_FIRST), fill_value=0)
    worst = ordered.drop_duplicates("check_id").set_index("check_id")[["dimension", "status", "force", "rate", "threshold"]]
    whole = whole.join(statuses).join(worst.rename(columns={"rate": "worst", "threshold": "worst_limit"}))
    return whole.sort_values([*WORST_FIRST[:4], "rate"], ascending=False).reset_index()


def forces_by_status(row: dict[Any, Any]) -> str:
    """How many forces fail, warn or pass, of a row of ``of_all_forces``."""
    return ", ".join(f"{status_name(name)} {row[name]}" for name in WORST_FIRST if row[name])


def verdict_on(row: Mapping[str, Any], thresholds: Thresholds) -> str:
    """The status of a row of checks as pages show it: an estimate whose interval holds the limit of its gate is too close to call,
    as the gate is; files have "warn" there.
    """
    declared = declared_check(row["check_id"])
    if declared is None or declared.sampled != "estimate" or row["status"] != "warn":
        return str(row["status"])
    return TOO_CLOSE if row["low"] <= thresholds.limit((declared,))[0].fail <= row["high"] else "warn"


def _with_verdicts(found: pd.DataFrame, thresholds: Thresholds) -> dict[str, list[str]]:
    """Check → the forces whose verdict is too close to call, of rows a check and force."""
    close: dict[str, list[str]] = {}
    for row in found[found["status"] == "warn"].to_dict("records"):
        if verdict_on(row, thresholds) == TOO_CLOSE:
            close.setdefault(row["check_id"], []).append(row["force"])
    return close


def _forces_cell(row: dict[Any, Any], close: dict[str, list[str]]) -> Cell:
    """How many forces fail, warn or pass, with the worst verdict; those that are too close to call are counted by themselves."""
    number = len(close.get(row["check_id"], []))
    if not number:
        return Cell(forces_by_status(row), status=row["status"])
    others = forces_by_status({**row, "warn": row["warn"] - number})
    text = ", ".join(
        part for part in (others if row["fail"] else "", f"{TOO_CLOSE} {number}", "" if row["fail"] else others) if part
    )
    return Cell(text, status=TOO_CLOSE if row["status"] == "warn" else row["status"])


def _estimated(check_id: object) -> bool:
    declared = declared_check(str(check_id))
    return declared is not None and declared.sampled == "estimate"


def check_cell(check_id: str, note: bool = True) -> Cell:
    """A check by its English name, with its identifier and what it finds in small print."""
    declared = declared_check(check_id)
    return Cell(check_name(check_id), declared.finds if declared and note else "", code=check_id)


def checks_of_force_table(found: pd.DataFrame, force_name: str, thresholds: Thresholds) -> Table:
    """Checks of one force, as ``selected`` gives them."""
    rows = []
    for row in found.to_dict("records"):
        status = verdict_on(row, thresholds)
        rows.append(
            [
                check_cell(row["check_id"]),
                Cell(status_name(status), status=status),
                Cell(percent(row["rate"], row["threshold"], 2), interval(row["low"], row["high"], 2), number=True),
                Cell(f"{row['failed']:,}", f"of {row['total']:,}", number=True),
                Cell(limit_text(row["threshold"]), number=True),
            ]
        )
    return Table(
        f"Checks of {force_name}",
        ["Check", "Status", "Rate", "Failed", "Limit"],
        rows,
        "Rate: failed ÷ counted rows; small print is what another extract of the same process might give (95% Wilson interval). "
        f"Limit: the one that was crossed, or else the one above which it fails. {ESTIMATE_NOTE}",
    )


def checks_of_all_table(found: pd.DataFrame, names: dict[str, str], thresholds: Thresholds) -> Table:
    """Checks of all forces together, a row each."""
    rows, close = [], _with_verdicts(found, thresholds)
    for row in of_all_forces(found).to_dict("records"):
        worst = "–" if pd.isna(row["worst"]) else "none: nothing fails"
        if row["worst"] > 0:
            worst = f"{names.get(row['force'], row['force'])} {percent(row['worst'], row['worst_limit'])}"
        rows.append(
            [
                check_cell(row["check_id"]),
                _forces_cell(row, close),
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
        f"interval. {ESTIMATE_NOTE} The downloads have a row for each force.",
    )


NO_WARNING = {
    "pass": "Nothing worth a warning in any force",
    "not_applicable": "Nothing to judge: no rows, or no truth",
    "not_run": "Not run: left out of this audit",
}


def checks_table(results: Results) -> Table:
    """Every check that warns or fails anywhere: in how many forces, over all of them, what it finds, how to fix it."""
    checks = results["checks"]
    of_forces = checks[checks["month"].isna()]
    whole = of_all_forces(of_forces)
    thresholds = Thresholds.model_validate(results.summary.thresholds)
    rows, close = [], _with_verdicts(of_forces, thresholds)
    for row in whole[whole["status"].isin(["fail", "error", "warn"])].to_dict("records"):
        check = declared_check(row["check_id"])
        limits = thresholds.limit((check,))[0] if check else None
        rows.append(
            [
                check_cell(row["check_id"], note=False),
                _forces_cell(row, close),
                Cell(percent(row["rate"], digits=2), interval(row["low"], row["high"], 2), number=True),
                Cell(f"{limit_text(limits.warn)} / {limit_text(limits.fail)}" if limits else "", number=True),
                Cell(check.finds if check else "", how_to_fix(row["check_id"])),
            ]
        )
    return Table(
        "Checks that warn or fail in a force",
        ["Check", "Forces", "Rate, all forces", "Warns / fails above", "What it finds, and how to fix it"],
        rows,
        f"Rate: failed ÷ counted rows of all forces; small print is the 95% Wilson interval. {ESTIMATE_NOTE}",
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
            Cell(f"{limit_text(check.warn)} / {limit_text(check.fail)}", number=True),
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
            Cell(percent(rate), interval(low, high), number=True),
            Cell(f"{names[worst['force']]} {percent(worst['score'])}" if worst["score"] < 1 else "none: all are whole"),
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
        limits = "" if limit is None else f"{limit_text(limit.warn)} / {limit_text(limit.fail)}"
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
