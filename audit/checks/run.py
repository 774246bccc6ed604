"""The checks at work: every declaration of the catalogue counted by force and month, the same on every engine.

All checks over a table are counted in one pass. A check that breaks becomes a row with the status ``error``; it never
stops the rest.
"""

from collections.abc import Callable

import narwhals as nw
import numpy as np
import pandas as pd

from audit.checks.catalogue.declaration import Check
from audit.checks.types.findings import FINDING_TYPES, finding_counts
from audit.checks.types.patterns import COMBINED, PATTERN_TYPES
from audit.checks.types.rules import ROW_TYPES, Context, Rule, with_blanks
from audit.engines import Frames
from audit.statistics import wilson
from synthetic.contract import RECORDED, TABLES
from synthetic.errors import InputError

__all__ = [
    "COLUMNS",
    "TYPES",
    "Context",
    "Counted",
    "count_checks",
    "failing",
    "failing_rows",
    "finding_counts",
    "first_failing_rows",
    "judged",
]

TYPES = (*ROW_TYPES, *PATTERN_TYPES, *FINDING_TYPES)

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
Counted = tuple[pd.DataFrame, frozenset[str]]
"""Counts (check_id, force, month, failed, total) and the checks that broke."""


def count_checks(frames: Frames, checks: tuple[Check, ...], context: Context) -> Counted:
    """Count every check by force and month; those of findings are counted by ``finding_counts`` when these are there."""
    counted, broken = [], set()
    for table in RECORDED:
        mine = [check for check in checks if check.table == table and check.type not in FINDING_TYPES]
        if not mine:
            continue
        try:
            counted.append(_count(frames, table, mine, context))
        except Exception:  # one broken check must not stop the rest: find it by running them one at a time
            for check in mine:
                try:
                    counted.append(_count(frames, table, [check], context))
                except Exception:
                    broken.add(check.id)
    return (pd.concat(counted, ignore_index=True) if counted else _no_counts()), frozenset(broken)


def judged(
    counts: pd.DataFrame, checks: tuple[Check, ...], forces: list[str], broken: frozenset[str] = frozenset()
) -> pd.DataFrame:
    """``checks.parquet``: rates, intervals and statuses; one row a check and force for the whole period, then one a month."""
    counts = _every_force(counts, checks, forces)
    declared = {check.id: check for check in checks}
    of_row = [declared[name] for name in counts["check_id"]]
    rate, low, high = wilson(counts["failed"].to_numpy(float), counts["total"].to_numpy(float))
    warn = np.array([check.warn for check in of_row], float)
    fail = np.array([check.fail for check in of_row], float)
    status = status_of(rate, warn, fail, counts["total"].to_numpy(), counts["check_id"].isin(broken).to_numpy())
    return pd.DataFrame(
        {
            "check_id": counts["check_id"],
            "check_type": [check.type for check in of_row],
            "dimension": [check.dimension for check in of_row],
            "needed_for": [", ".join(check.needed_for) for check in of_row],
            "table": [check.table for check in of_row],
            "field": [check.field for check in of_row],
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


def status_of(rate: np.ndarray, warn: np.ndarray, fail: np.ndarray, total: np.ndarray, broken: np.ndarray) -> np.ndarray:
    """Status of each row: a check that broke, nothing to count, above a limit, or neither."""
    return np.select([broken, total == 0, rate > fail, rate > warn], ["error", "not_applicable", "fail", "warn"], default="pass")


def failing_rows(frames: Frames, check: Check, context: Context, force: str | None = None) -> pd.DataFrame:
    """The identifiers of the rows that fail: the table's key, and the force; sorted, so that the order tells nothing.

    Raises InputError where the check is about months, groups or findings, and no single row fails.
    """
    rows = _read(failing(frames, check, context, force))
    return rows.sort_values(list(rows), ignore_index=True)


def first_failing_rows(frames: Frames, check: Check, context: Context, force: str | None, most: int) -> tuple[int, pd.DataFrame]:
    """How many rows fail, and the first of ``failing_rows``: of a nation there are millions."""
    frame = failing(frames, check, context, force)
    count = int(frame.select(nw.len()).collect(backend="pyarrow").item())
    return count, _read(frame.sort(*frame.collect_schema().names(), nulls_last=True).head(most))


def _read(frame: nw.LazyFrame) -> pd.DataFrame:
    rows = frame.collect(backend="pyarrow").to_native().to_pandas()
    return rows.astype("str").where(rows.notna(), None)


def failing(frames: Frames, check: Check, context: Context, force: str | None = None) -> nw.LazyFrame:
    """The rows that fail a check of single rows, not yet read: the table's key, and the force. Raises InputError of others."""
    if check.type not in ROW_TYPES:
        room = {"duplicate_identities": "identities.parquet", "reporting_gaps": "gaps.parquet"}.get(check.type, "checks.parquet")
        raise InputError(None, f"The check {check.id} is not about single rows; see {room} in the results folder.")
    rule = ROW_TYPES[check.type](check, context)
    key = dict.fromkeys([*TABLES[check.table].key, "force"])
    frame = _joined(frames, check.table, [rule]).filter(rule.failed).select(*key)
    return frame if force is None else frame.filter(nw.col("force") == force)


def _joined(frames: Frames, table: str, rules: list[Rule]) -> nw.LazyFrame:
    frame = with_blanks(frames[table], table)
    columns = {name: expression for rule in rules for name, expression in rule.columns}
    if columns:
        frame = frame.with_columns(**columns)
    joins: dict[str, Callable] = {name: join for rule in rules for name, join in rule.joins}
    for join in joins.values():
        frame = join(frame, frames)
    return frame


def _count(frames: Frames, table: str, checks: list[Check], context: Context) -> pd.DataFrame:
    """Failed and total by check, force and month, in one pass over the table."""
    rules = {(check.id, part): rule for check in checks for part, rule in _rules(check, context).items()}
    flags: dict[str, nw.Expr] = {"rows": nw.lit(1)}
    told: dict[str, str] = {}
    places: dict[tuple[str, str], tuple[str, str]] = {}

    def flag(expression: nw.Expr | None) -> str:
        """The column that tells it; what several checks ask for is told once."""
        if expression is None:
            return "rows"
        text = repr(expression)
        if text not in told:
            told[text] = f"flag_{len(told)}"
            flags[told[text]] = expression.cast(nw.Float64)  # a row may count as a part of one
        return told[text]

    for name, rule in rules.items():
        failed = rule.failed if rule.failed_weight is None else rule.failed_weight
        counted = rule.counted if rule.counted_weight is None else rule.counted_weight
        places[name] = (flag(failed), flag(counted))
    marked = _joined(frames, table, list(rules.values())).select("force", "month", **flags)
    sums = marked.group_by("force", "month").agg(*(nw.col(name).sum() for name in flags))
    wide = sums.collect(backend="pyarrow").to_native().to_pandas()
    base = pd.DataFrame({"force": wide["force"].astype("str"), "month": wide["month"]})
    parts = []
    for check in checks:
        mine = {
            part: base.assign(check_id=check.id, failed=wide[failed].astype("float64"), total=wide[total].astype("float64"))
            for (check_id, part), (failed, total) in places.items()
            if check_id == check.id
        }
        parts.append(COMBINED[check.type](check, mine, context) if check.type in COMBINED else mine[""])
    return pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else _no_counts()


def _rules(check: Check, context: Context) -> dict[str, Rule]:
    if check.type in PATTERN_TYPES:
        return PATTERN_TYPES[check.type](check, context)
    return {"": ROW_TYPES[check.type](check, context)}


def _no_counts() -> pd.DataFrame:
    return pd.DataFrame({"check_id": [], "force": [], "month": [], "failed": [], "total": []})


def _every_force(monthly: pd.DataFrame, checks: tuple[Check, ...], forces: list[str]) -> pd.DataFrame:
    """Monthly counts, and before them one row a check and force for the whole period, zero where nothing was counted."""
    index = pd.MultiIndex.from_product([[check.id for check in checks], forces], names=["check_id", "force"])
    whole = monthly.groupby(["check_id", "force"])[["failed", "total"]].sum().reindex(index, fill_value=0).reset_index()
    whole["month"] = None
    by_month = monthly[monthly["month"].notna()].sort_values(["check_id", "force", "month"])
    both = pd.concat([whole, by_month[by_month["force"].isin(forces)]], ignore_index=True)
    return both.round({"failed": 0, "total": 0}).astype({"failed": "int64", "total": "int64"})[
        ["check_id", "force", "month", "failed", "total"]
    ]
