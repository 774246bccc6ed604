"""The check types: each function turns one declaration into Narwhals expressions, the same on every engine.

All checks over a table are counted in one pass by force and month. A check that breaks becomes a row with the status
``error``; it never stops the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import narwhals as nw
import numpy as np
import pandas as pd

from audit.catalogue import Check
from audit.engines import Frames
from audit.statistics import wilson
from synthetic.contract import RECORDED, TABLES

Prepare = Callable[[nw.LazyFrame, Frames], nw.LazyFrame]


@dataclass(frozen=True)
class Rule:
    """What a check counts: rows that fail, among the rows it is about. ``prepare`` adds columns that both may use."""

    failed: nw.Expr
    counted: nw.Expr
    prepare: Prepare | None = None


@dataclass(frozen=True)
class Context:
    """What a check may need beside the rows: the last day of the data."""

    as_of: date


def missing(check: Check, context: Context) -> Rule:
    """The field is null, or text with nothing but blanks."""
    return Rule(_absent(check), nw.lit(True))


def unknown_code(check: Check, context: Context) -> Rule:
    """The field says that its value is not known."""
    return Rule(nw.col(check.field).is_in(list(check.parameters["codes"])).fill_null(False), nw.lit(True))


def code_not_in_list(check: Check, context: Context) -> Rule:
    """The field has a value that is not in the list."""
    present = ~_absent(check)
    return Rule(present & ~nw.col(check.field).is_in(list(check.parameters["codes"])), present)


def pattern(check: Check, context: Context) -> Rule:
    """The field has a value that does not match the regular expression."""
    present = ~_absent(check)
    return Rule(present & ~nw.col(check.field).str.contains(check.parameters["pattern"]), present)


def key_twice(check: Check, context: Context) -> Rule:
    """Another row has the same key. With a ``keep`` column, the row of the smallest value in it is not counted.

    Rows without some part of the key are left out.
    """
    key, keep = list(check.parameters["key"]), check.parameters.get("keep")
    twice, kept = f"{check.id}.twice", f"{check.id}.kept"

    def prepare(frame: nw.LazyFrame, frames: Frames) -> nw.LazyFrame:
        # Only keys that stand twice are joined back: as a rule there are few, and a window over all rows is slow.
        wanted = [nw.len().alias(twice)] + ([nw.col(keep).min().alias(kept)] if keep else [])
        counts = frame.group_by(key).agg(*wanted).filter(nw.col(twice) > 1)
        return frame.join(counts, on=key, how="left")

    complete = ~nw.any_horizontal(*(nw.col(name).is_null() for name in key), ignore_nulls=False)
    failed = complete & ~nw.col(twice).is_null()
    if keep:
        failed = failed & (nw.col(keep) != nw.col(kept)).fill_null(False)
    return Rule(failed, complete, prepare)


def key_orphaned(check: Check, context: Context) -> Rule:
    """The row that the key names is not there."""
    known = f"{check.id}.known"

    def prepare(frame: nw.LazyFrame, frames: Frames) -> nw.LazyFrame:
        others = frames[check.parameters["other"]].select(check.field).unique(check.field, keep="any")
        return frame.join(others.with_columns(nw.lit(True).alias(known)), on=check.field, how="left")

    present = ~nw.col(check.field).is_null()
    return Rule(present & nw.col(known).is_null(), present, prepare)


def required_when(check: Check, context: Context) -> Rule:
    """Where one field has a value, another must be there. ``suspect_linked`` is a link to a person record as suspect."""
    name, value = check.parameters["when"]
    applies = ~nw.col(name).is_null() if value is None else (nw.col(name) == value).fill_null(False)
    then = check.parameters["then"]
    if then != "suspect_linked":
        return Rule(applies & nw.col(then).is_null(), applies)

    def prepare(frame: nw.LazyFrame, frames: Frames) -> nw.LazyFrame:
        linked = frames["involvements"].filter(nw.col("role") == "suspect", ~nw.col("person_id").is_null())
        linked = linked.select("crime_id").unique("crime_id", keep="any").with_columns(suspect_linked=nw.lit(True))
        return frame.join(linked, on="crime_id", how="left")

    return Rule(applies & nw.col("suspect_linked").is_null(), applies, prepare)


def order_of_dates(check: Check, context: Context) -> Rule:
    """A date lies after the one that must follow it, after the last day of the data, or before the earliest sensible day."""
    before, after = nw.col(check.parameters["before"]), nw.col(check.parameters["after"])
    earliest = date.fromisoformat(check.parameters.get("earliest", "1920-01-01"))
    wrong = (before > after).fill_null(False) | (before > context.as_of) | (before < earliest)
    return Rule(~before.is_null() & wrong, ~before.is_null())


def delay(check: Check, context: Context) -> Rule:
    """The second date is more than so many days after the first."""
    begin, end = nw.col(check.parameters["from"]), nw.col(check.parameters["to"])
    both = ~begin.is_null() & ~end.is_null()
    return Rule(both & (end > begin.dt.offset_by(f"{check.parameters['days']}d")), both)


TYPES: dict[str, Callable[[Check, Context], Rule]] = {
    function.__name__: function
    for function in (
        missing,
        unknown_code,
        code_not_in_list,
        pattern,
        key_twice,
        key_orphaned,
        required_when,
        order_of_dates,
        delay,
    )
}

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


def run_checks(frames: Frames, checks: tuple[Check, ...], forces: list[str], context: Context) -> pd.DataFrame:
    """Count every check by force and month; columns as ``checks.parquet`` has them, whole periods with month null."""
    counted = []
    broken: set[str] = set()
    for table in RECORDED:
        mine = [check for check in checks if check.table == table]
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
    monthly = pd.concat(counted, ignore_index=True) if counted else _no_counts()
    return judged(_every_force(monthly, checks, forces), checks, broken)


def judged(counts: pd.DataFrame, checks: tuple[Check, ...], broken: set[str] = frozenset()) -> pd.DataFrame:  # type: ignore[assignment]
    """Rates, intervals and statuses for counts (check_id, force, month, failed, total)."""
    declared = {check.id: check for check in checks}
    of_row = counts["check_id"].map(declared.get)
    rate, low, high = wilson(counts["failed"].to_numpy(float), counts["total"].to_numpy(float))
    warn = np.array([check.warn for check in of_row], float)
    fail = np.array([check.fail for check in of_row], float)
    is_broken = counts["check_id"].isin(broken).to_numpy()
    empty = counts["total"].to_numpy() == 0
    status = np.select([is_broken, empty, rate > fail, rate > warn], ["error", "not_applicable", "fail", "warn"], default="pass")
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


def _absent(check: Check) -> nw.Expr:
    column = nw.col(check.field)
    if TABLES[check.table].field(check.field).kind == "string":
        return column.is_null() | (column.str.strip_chars() == "").fill_null(False)
    return column.is_null()


def _count(frames: Frames, table: str, checks: list[Check], context: Context) -> pd.DataFrame:
    """Failed and total by check, force and month, in one pass over the table."""
    frame = frames[table]
    rules = {check.id: TYPES[check.type](check, context) for check in checks}
    for rule in rules.values():
        if rule.prepare:
            frame = rule.prepare(frame, frames)
    flags = {}
    for name, rule in rules.items():
        flags[f"{name}.failed"] = rule.failed.cast(nw.Int64)
        flags[f"{name}.total"] = rule.counted.cast(nw.Int64)
    marked = frame.with_columns(**flags)
    sums = marked.group_by("force", "month").agg(*(nw.col(name).sum() for name in flags))
    wide = sums.collect(backend="pyarrow").to_native().to_pandas()
    parts = [
        pd.DataFrame(
            {
                "check_id": name,
                "force": wide["force"].astype("str"),
                "month": wide["month"],
                "failed": wide[f"{name}.failed"].astype("int64"),
                "total": wide[f"{name}.total"].astype("int64"),
            }
        )
        for name in rules
    ]
    return pd.concat(parts, ignore_index=True)


def _no_counts() -> pd.DataFrame:
    return pd.DataFrame({"check_id": [], "force": [], "month": [], "failed": [], "total": []})


def _every_force(monthly: pd.DataFrame, checks: tuple[Check, ...], forces: list[str]) -> pd.DataFrame:
    """Monthly counts, and before them one row a check and force for the whole period, zero where nothing was counted."""
    index = pd.MultiIndex.from_product([[check.id for check in checks], forces], names=["check_id", "force"])
    whole = monthly.groupby(["check_id", "force"])[["failed", "total"]].sum().reindex(index, fill_value=0).reset_index()
    whole["month"] = None
    by_month = monthly[monthly["month"].notna()].sort_values(["check_id", "force", "month"])
    both = pd.concat([whole, by_month[by_month["force"].isin(forces)]], ignore_index=True)
    return both.astype({"failed": "int64", "total": "int64"})
