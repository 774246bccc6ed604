"""The check types that look at many rows at once: made from counts of rows by group or by month."""

import calendar
from collections.abc import Callable
from typing import TypeAlias

import narwhals as nw
import numpy as np
import pandas as pd

from audit.checks.catalogue.declaration import Check
from audit.checks.types.rules import Context, Rule, missing

Counts: TypeAlias = pd.DataFrame
"""check_id, force, month, failed, total."""

BEFORE = 3
"""Months that a month is held against."""
LEAST_ROWS = 50
"""Fewer rows than this, in a month or those before it, tell nothing of a change."""
BEYOND_CHANCE = 5.0
"""Standard deviations from which on a change is no chance; high, as every month of every force is held against others."""
FEWER, MORE = 0.65, 1.5
"""A month's crimes change abruptly outside of these shares of the months before."""
LEAST_DIFFERENCE = 3.0
"""Standard deviations up to which a difference between two groups counts as chance."""
POINTS = 0.10
"""A month's share of blanks changes abruptly by more than this."""


def unequal(check: Check, context: Context) -> dict[str, Rule]:
    """Blank rows of each of two groups."""
    blank, column = missing(check, context).failed, check.parameters["column"]
    rules = {}
    for name in ("these", "others"):
        codes = list(check.parameters[name])
        inside = f"{column}_in_{'_'.join(codes)}"
        rules[name] = Rule(
            blank & nw.col(inside), nw.col(inside), columns=((inside, nw.col(column).is_in(codes).fill_null(False)),)
        )
    return rules


def unequal_counts(check: Check, counts: dict[str, Counts], context: Context) -> Counts:
    """Of the group that is worse off: rows that are blank beyond the other group's share, if beyond chance; no months."""
    sums = {name: part.groupby("force")[["failed", "total"]].sum() for name, part in counts.items()}
    forces = sums["these"].index.union(sums["others"].index)
    one, other = (sums[name].reindex(forces, fill_value=0) for name in ("these", "others"))
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = [part["failed"].to_numpy() / part["total"].to_numpy() for part in (one, other)]
    worse = np.nan_to_num(shares[1]) > np.nan_to_num(shares[0])
    total = np.where(worse, other["total"], one["total"])
    excess = np.abs(shares[1] - shares[0]) * total
    pooled = (one["failed"] + other["failed"]).to_numpy() / np.maximum((one["total"] + other["total"]).to_numpy(), 1)
    sizes = 1 / np.maximum(one["total"].to_numpy(), 1) + 1 / np.maximum(other["total"].to_numpy(), 1)
    excess = np.where(np.abs(shares[1] - shares[0]) > LEAST_DIFFERENCE * np.sqrt(pooled * (1 - pooled) * sizes), excess, 0)
    # A group that is not there can be compared with nobody.
    compared = (one["total"].to_numpy() > 0) & (other["total"].to_numpy() > 0)
    return pd.DataFrame(
        {
            "check_id": check.id,
            "force": forces,
            "month": None,
            "failed": np.where(compared, np.round(np.nan_to_num(excess)), 0).astype("int64"),
            "total": np.where(compared, total, 0).astype("int64"),
        }
    )


def abrupt_change(check: Check, context: Context) -> dict[str, Rule]:
    """Rows of each month, or blank ones of them."""
    return {"rows": Rule(nw.lit(True)) if check.parameters["of"] == "count" else missing(check, context)}


def abrupt_counts(check: Check, counts: dict[str, Counts], context: Context) -> Counts:
    """A row a month that can be held against the three before it; failed is 1 where it changed abruptly."""
    changed = _count_changed if check.parameters["of"] == "count" else _share_changed
    parts = []
    dated = counts["rows"].dropna(subset=["month"])
    for force, mine in dated.groupby("force"):
        months = pd.period_range(pd.Timestamp(mine["month"].min()), pd.Timestamp(mine["month"].max()), freq="M")
        by_month = mine.groupby(pd.PeriodIndex(pd.to_datetime(mine["month"]), freq="M"))[["failed", "total"]].sum()
        by_month = by_month.reindex(months, fill_value=0)
        failed, total = by_month["failed"].to_numpy(float), by_month["total"].to_numpy(float)
        if len(months) <= BEFORE:
            continue
        told, known = changed(failed, total)
        # A last month that the data does not cover to its end is no fall; nor are later ones that only wrong dates reach.
        end = pd.Period(context.as_of, freq="M")
        ends = context.as_of.day == calendar.monthrange(context.as_of.year, context.as_of.month)[1]
        known &= (months <= end) & ((months != end) | ends)
        shown = months[known]
        parts.append(
            pd.DataFrame(
                {
                    "check_id": check.id,
                    "force": force,
                    "month": shown.to_timestamp().date,
                    "failed": told[known].astype("int64"),
                    "total": np.ones(len(shown), "int64"),
                }
            )
        )
    columns = ["check_id", "force", "month", "failed", "total"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


PATTERN_TYPES: dict[str, Callable[[Check, Context], dict[str, Rule]]] = {"unequal": unequal, "abrupt_change": abrupt_change}
COMBINED: dict[str, Callable[[Check, dict[str, Counts], Context], Counts]] = {
    "unequal": unequal_counts,
    "abrupt_change": abrupt_counts,
}


def _before(values: np.ndarray) -> np.ndarray:
    """Sums over the months before each; the first ones have none."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    result = np.zeros(len(values))
    result[BEFORE:] = sums[BEFORE:-1] - sums[: -1 - BEFORE]
    return result


def _count_changed(failed: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    usual = _before(total) / BEFORE
    known = usual >= LEAST_ROWS
    usual = np.maximum(usual, 1)
    far = np.abs(total - usual) / np.sqrt(usual * (1 + 1 / BEFORE)) > BEYOND_CHANCE
    return known & far & ((total < FEWER * usual) | (total > MORE * usual)), known


def _share_changed(failed: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    before_failed, before_total = _before(failed), _before(total)
    known = (before_total >= LEAST_ROWS) & (total >= LEAST_ROWS)
    here, there = failed / np.maximum(total, 1), before_failed / np.maximum(before_total, 1)
    pooled = (failed + before_failed) / np.maximum(total + before_total, 1)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / np.maximum(total, 1) + 1 / np.maximum(before_total, 1)))
    far = np.abs(here - there) > np.maximum(BEYOND_CHANCE * spread, POINTS)
    return known & far, known
