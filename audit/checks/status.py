"""Checks judged: rates, intervals and statuses from counts, as ``checks.parquet`` has them."""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.checks.types.base import Check, Counts
from audit.statistics import wilson

COLUMNS = [
    "check_id",
    "check_type",
    "dimension",
    "needed_for",
    "table",
    "field",
    "force",
    "month",
    "failed",
    "total",
    "rate",
    "low",
    "high",
    "threshold",
    "status",
]
KEYS = ["check_id", "force", "month", "failed", "total"]


def judged(
    counts: Counts,
    checks: tuple[Check, ...],
    forces: list[str],
    broken: Collection[str] = (),
    not_run: tuple[Check, ...] = (),
) -> pd.DataFrame:
    """``checks.parquet``: rates, intervals and statuses; one row a check and force for the whole period, then one a month.

    ``broken`` are identifiers of checks that could not be counted, ``not_run`` checks that the run left out: they have one row
    a force, with nothing counted and the status ``not_run``.
    """
    every = (*checks, *not_run)
    counts = _every_force(counts, every, forces)
    of_row = pd.Index([check.id for check in every]).get_indexer(counts["check_id"])

    def of_check(what: Callable[[Check], str]) -> Any:
        return pd.Series([what(check) for check in every], dtype="str").take(of_row).array

    left_out = np.array([check in not_run for check in every], bool)[of_row]
    could_not = np.array([check.id in broken for check in every], bool)[of_row]
    rate, low, high = wilson(counts["failed"].to_numpy(float), counts["total"].to_numpy(float))
    warn, fail = (np.array([getattr(check, limit) for check in every], float)[of_row] for limit in ("warn", "fail"))
    status = status_of(rate, warn, fail, counts["total"].to_numpy(float), could_not)
    status = np.where(left_out, "not_run", status)
    return pd.DataFrame(
        {
            "check_id": counts["check_id"],
            "check_type": of_check(lambda check: check.type),
            "dimension": of_check(lambda check: check.dimension),
            "needed_for": of_check(lambda check: ", ".join(check.needed_for)),
            "table": of_check(lambda check: check.table),
            "field": of_check(lambda check: check.field),
            "force": counts["force"],
            "month": counts["month"],
            "failed": counts["failed"],
            "total": counts["total"],
            "rate": rate,
            "low": low,
            "high": high,
            "threshold": np.where(status == "warn", warn, fail),
            "status": status,
        },
        columns=COLUMNS,
    )


def status_of(
    rate: npt.NDArray[np.float64],
    warn: npt.NDArray[np.float64],
    fail: npt.NDArray[np.float64],
    total: npt.NDArray[np.float64],
    broken: npt.NDArray[np.bool_],
) -> npt.NDArray[np.str_]:
    """Status of each row: a check that could not be counted, nothing to count, above a limit, or neither."""
    return np.select([broken, total == 0, rate > fail, rate > warn], ["error", "not_applicable", "fail", "warn"], default="pass")


def _every_force(monthly: Counts, checks: tuple[Check, ...], forces: list[str]) -> Counts:
    """Monthly counts, and before them one row a check and force for the whole period, zero where nothing was counted."""
    index = pd.MultiIndex.from_product([[check.id for check in checks], forces], names=["check_id", "force"])
    whole = monthly.groupby(["check_id", "force"])[["failed", "total"]].sum().reindex(index, fill_value=0).reset_index()
    whole["month"] = None
    by_month = monthly[monthly["month"].notna()].sort_values(["check_id", "force", "month"])
    both = pd.concat([whole, by_month[by_month["force"].isin(forces)]], ignore_index=True)
    return both.round({"failed": 0, "total": 0}).astype({"failed": "int64", "total": "int64"})[KEYS]
