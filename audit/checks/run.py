"""Checks counted: every check of the catalogue by force and month, the same on every engine.

All checks of a table are counted in one pass. A check that cannot be counted gets the status ``error``; it never stops the
rest.
"""

from collections.abc import Callable, Mapping

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.checks.status import COLUMNS, judged
from audit.checks.types.base import Check, Context, Counts, FindingCheck, RowCheck, Rule, Scope, SeriesCheck
from audit.checks.types.joins import with_blanks
from audit.engines import ALL_ROWS, Frames
from synthetic.contract import RECORDED, TABLES
from synthetic.errors import InputError

__all__ = [
    "COLUMNS",
    "Context",
    "Counted",
    "count_checks",
    "failing",
    "failing_rows",
    "finding_counts",
    "first_failing_rows",
    "judged",
]

Counted = tuple[Counts, frozenset[str]]
"""Counts (check_id, force, month, failed, total) and the checks that could not be counted."""
SCOPES: tuple[Scope, ...] = ("crimes", "all rows")


def count_checks(
    frames: Frames, checks: tuple[Check, ...], context: Context, gave_up: Callable[[Exception], InputError | None] | None = None
) -> Counted:
    """Count every check by force and month; those of findings are counted by ``finding_counts`` when there are findings.

    A check that cannot be counted does not stop the others. Where ``gave_up`` makes an error of the exception, that is
    raised: the engine itself has stopped.
    """
    counted, broken = [], set()
    for table, scope in ((table, scope) for table in RECORDED for scope in SCOPES):
        mine = [check for check in checks if (check.table, check.scope) == (table, scope) and not isinstance(check, FindingCheck)]
        if not mine:
            continue
        try:
            counted.append(_count(frames, table, scope, mine, context))
        except Exception as error:  # one broken check must not stop the rest: find it by running them one at a time
            _stop_where_engine_did(error, gave_up)
            for check in mine:
                try:
                    counted.append(_count(frames, table, scope, [check], context))
                except Exception as broke:
                    _stop_where_engine_did(broke, gave_up)
                    broken.add(check.id)
    return (pd.concat(counted, ignore_index=True) if counted else _no_counts()), frozenset(broken)


def _stop_where_engine_did(error: Exception, gave_up: Callable[[Exception], InputError | None] | None) -> None:
    sentence = gave_up(error) if gave_up else None
    if sentence is not None:
        raise sentence from None


def finding_counts(checks: tuple[Check, ...], tables: Mapping[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
    """Counts of the checks of findings, from the results' tables and the months supplied (``audit.readiness.evidence``)."""
    parts = [check.count(tables, supplied) for check in checks if isinstance(check, FindingCheck)]
    return pd.concat(parts, ignore_index=True) if parts else _no_counts()


def failing_rows(frames: Frames, check: Check, context: Context, force: str | None = None) -> pd.DataFrame:
    """The identifiers of the rows that fail: the table's key, and the force; sorted, so that the order says nothing.

    Raises InputError where the check is about months, groups or findings, and no single row fails.
    """
    rows = _read(failing(frames, check, context, force))
    return rows.sort_values(list(rows), ignore_index=True)


def first_failing_rows(frames: Frames, check: Check, context: Context, force: str | None, most: int) -> tuple[int, pd.DataFrame]:
    """How many rows fail, and the first of ``failing_rows``: of a nation there are millions."""
    frame = failing(frames, check, context, force)
    count = int(frame.select(nw.len()).collect(backend="pyarrow").item())
    return count, _read(frame.sort(*frame.collect_schema().names(), nulls_last=True).head(most))


def failing(frames: Frames, check: Check, context: Context, force: str | None = None) -> nw.LazyFrame:
    """The rows that fail a check of single rows, not yet read: the table's key, and the force. Raises InputError of others."""
    if not isinstance(check, RowCheck):
        tables = {"duplicate_identities": "identities.parquet", "reporting_gaps": "gaps.parquet"}
        where = tables.get(check.type, "checks.parquet")
        raise InputError(None, f"The check {check.id} is not about single rows; see {where} in the results folder.")
    rule = check.rule(context)
    key = dict.fromkeys([*TABLES[check.table].key, "force"])
    frame = _joined(frames, check.table, check.scope, [rule]).filter(rule.failed).select(*key)
    return frame if force is None else frame.filter(nw.col("force") == force)


def _read(frame: nw.LazyFrame) -> pd.DataFrame:
    rows = frame.collect(backend="pyarrow").to_native().to_pandas()
    return rows.astype("str").where(rows.notna(), None)


def _joined(frames: Frames, table: str, scope: Scope, rules: list[Rule]) -> nw.LazyFrame:
    frame = with_blanks(frames[ALL_ROWS.get(table, table) if scope == "all rows" else table], table)
    there = frame.collect_schema().names()
    columns = {name: expression for rule in rules for name, expression in rule.columns if name not in there}
    if columns:
        frame = frame.with_columns(**columns)
    joins: dict[str, Callable] = {name: join for rule in rules for name, join in rule.joins}
    for join in joins.values():
        frame = join(frame, frames)
    return frame


class _Flags:
    """The columns that the sums are made of; what several checks ask for is one column."""

    def __init__(self) -> None:
        self.columns: dict[str, nw.Expr] = {"rows": nw.lit(1.0)}
        self._names: dict[str, str] = {}

    def name(self, expression: nw.Expr | None, weight: nw.Expr | None) -> str:
        """The column of an expression, or of its weight; of all rows where there is neither."""
        wanted = expression if weight is None else weight
        if wanted is None:
            return "rows"
        text = repr(wanted)
        if text not in self._names:
            self._names[text] = f"flag_{len(self._names)}"
            # A row that has a weight may count as a part of one. Of the rest sums are whole, and exact as well: engines add up
            # floating-point numbers faster than whole ones, which might outgrow their type.
            self.columns[self._names[text]] = wanted.cast(nw.Float64)
        return self._names[text]


def _count(frames: Frames, table: str, scope: Scope, checks: list[Check], context: Context) -> Counts:
    """Failed and total by check, force and month, in one pass over the table."""
    flags = _Flags()
    rules = {check.id: _rules(check, context) for check in checks}
    places = {
        (check_id, part): (flags.name(rule.failed, rule.failed_weight), flags.name(rule.counted, rule.counted_weight))
        for check_id, of_check in rules.items()
        for part, rule in of_check.items()
    }
    every = [rule for of_check in rules.values() for rule in of_check.values()]
    marked = _joined(frames, table, scope, every).select("force", "month", **flags.columns)
    sums = marked.group_by("force", "month").agg(*(nw.col(name).sum() for name in flags.columns))
    wide = sums.collect(backend="pyarrow").to_native().to_pandas()
    sums_of = {name: wide[name].to_numpy("float64") for name in flags.columns}
    single = [check for check in checks if not isinstance(check, SeriesCheck)]
    rows = np.tile(np.arange(len(wide)), len(single))
    parts = [
        pd.DataFrame(
            {
                "force": wide["force"].astype("str").take(rows),
                "month": wide["month"].take(rows),
                "check_id": pd.Series([check.id for check in single], dtype="str").repeat(len(wide)).array,
                "failed": _joined_sums([sums_of[places[check.id, ""][0]] for check in single]),
                "total": _joined_sums([sums_of[places[check.id, ""][1]] for check in single]),
            }
        )
    ]
    base = {"force": wide["force"].astype("str"), "month": wide["month"]}
    for check in checks:
        if isinstance(check, SeriesCheck):
            mine = {
                part: pd.DataFrame({**base, "check_id": check.id, "failed": sums_of[failed], "total": sums_of[total]})
                for part in rules[check.id]
                for failed, total in (places[check.id, part],)
            }
            parts.append(check.combine(mine, context))
    return pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else _no_counts()


def _joined_sums(sums: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    return np.concatenate(sums) if sums else np.zeros(0)


def _rules(check: Check, context: Context) -> dict[str, Rule]:
    if isinstance(check, SeriesCheck):
        return check.rules(context)
    assert isinstance(check, RowCheck), check.id
    return {"": check.rule(context)}


def _no_counts() -> Counts:
    return pd.DataFrame({"check_id": [], "force": [], "month": [], "failed": [], "total": []})
