"""Checks over a chosen period: their months, and their rows over some of these months, judged as the whole period is."""

import pandas as pd

from audit.checks.catalogue import catalogue
from audit.checks.run import judged
from audit.readiness.thresholds import Thresholds


def months_of(checks: pd.DataFrame, check_type: str | None = None) -> list[str]:
    """The months that checks, or those of a type, have rows of, as 2025-03, the first one first."""
    months = checks["month"] if check_type is None else checks.loc[checks["check_type"] == check_type, "month"]
    return sorted({f"{month:%Y-%m}" for month in months.dropna().unique()})


def in_period(checks: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """Rows of months from ``first`` to ``last``, both as 2025-03."""
    chosen = [month for month in checks["month"].dropna().unique() if first <= f"{month:%Y-%m}" <= last]
    return checks[checks["month"].isin(chosen)]


def over_months(monthly: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Rows a check and force over some months, judged as those of the whole period are."""
    counted = set(monthly["check_id"].unique())
    checks = thresholds.limit(tuple(check for check in catalogue() if check.id in counted))
    sums = monthly.groupby(["check_id", "force"], sort=False)[["failed", "total"]].sum().reset_index()
    return judged(
        sums[sums["check_id"].isin([check.id for check in checks])].assign(month=None), checks, sorted(sums["force"].unique())
    )


def over_period(checks: pd.DataFrame, first: str, last: str, thresholds: Thresholds) -> pd.DataFrame:
    """Rows a check and force: those of the whole period, or the sums of a part of it; checks without months are then left out."""
    months = months_of(checks)
    if not months or (first, last) in ((months[0], months[-1]), ("", "")):
        return checks[checks["month"].isna()]
    return over_months(in_period(checks[["check_id", "force", "month", "failed", "total"]], first, last), thresholds)
