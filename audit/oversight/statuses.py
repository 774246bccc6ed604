"""Statuses that rest on rows whose field is filled: at which rate among the blank rows a check has another status.

Each check that reads the field is counted three times: on the rows as recorded, on those whose field is filled, and, where there is
a ledger, on the rows with the blank cells as they truly are. A check for which every blank row fails is about being blank, and is
left out. How many of the blank rows a check would be about is estimated by its share among the filled ones.
"""

import re
from datetime import date

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd

from audit.checks.catalogue import Check, catalogue
from audit.checks.run import Context, count_checks
from audit.checks.types.base import RowCheck
from audit.engines import ALL_ROWS, Frames, with_months
from audit.oversight.flip import flip
from audit.readiness.thresholds import Thresholds
from audit.statistics import LEAST_GROUP
from synthetic.contract import RECORDED, TABLES

KEYS = ["check_id", "force"]


def statuses(connection: duckdb.DuckDBPyConnection, forces: list[str], field: str, as_of: date) -> pd.DataFrame:
    """force, field, finding, about (the check), filled, blank, value, limit, tipping_point, beyond_reach, true_value, flips; a row a
    force and check that reads the field.

    ``limit`` is the next worse limit of a check that passes or warns, and the one that it is above of a check that fails.
    """
    table, _, name = field.partition(".")
    context = Context(as_of)
    checks = tuple(one for one in Thresholds().limit(catalogue()) if one.table == table and _reads(one, name, context))
    if not checks:
        return pd.DataFrame()
    known = f"{_cell(table, name)} IS NOT NULL"
    recorded, filled = (
        _count(connection, checks, context, {}),
        _count(connection, checks, context, {table: f"SELECT * FROM {_view(table)} WHERE {known}"}),
    )
    truth = _with_truth(connection, table, name)
    true = None if truth is None else _count(connection, checks, context, {table: truth})
    # Checks of crimes leave incidents out, and so does the number of their blank rows.
    sizes = {scope: _sizes(connection, view, known) for scope, view in (("crimes", table), ("all rows", _view(table)))}
    rows = []
    for check in checks:
        if _is_about_blanks(recorded, filled, check):
            continue
        for force in forces:
            of_filled, all_filled, all_blank = filled.loc[check.id, force], *sizes[check.scope].get(force, (0, 0))
            failed, total = float(of_filled["failed"]), float(of_filled["total"])
            blank = round(all_blank * total / all_filled) if all_filled else 0
            row = {"force": force, "field": field, "finding": "status", "about": check.id, "filled": round(total), "blank": blank}
            if total and blank:
                row |= _flips(check, failed, total, blank, None if true is None else true.loc[check.id, force])
            rows.append(row)
    return pd.DataFrame(rows)


def _sizes(connection: duckdb.DuckDBPyConnection, view: str, known: str) -> dict[str, tuple[int, int]]:
    """Force → rows with a value and without one."""
    query = f"SELECT force, count(*) FILTER ({known}), count(*) FILTER (NOT ({known})) FROM {view} GROUP BY force"
    return {force: (with_value, without) for force, with_value, without in connection.execute(query).fetchall()}


def _flips(check: Check, failed: float, total: float, blank: int, true: "pd.Series[float] | None") -> dict[str, object]:
    rate = failed / total
    limit = check.warn if rate <= check.warn else check.fail
    at = flip(total, rate, blank, limit)
    point, beyond = at.point, at.beyond_reach
    found: dict[str, object] = {"value": rate, "limit": limit, "tipping_point": np.nan if beyond else point, "beyond_reach": beyond}
    if true is not None and true["total"] - total >= LEAST_GROUP:
        share = float((true["failed"] - failed) / (true["total"] - total))
        found |= {"true_value": share, "flips": bool(not beyond and (share > point) == (rate <= limit) and share != point)}
    return found


def _reads(check: Check, name: str, context: Context) -> bool:
    """Whether the rule of a check of single rows has the field in it."""
    if not isinstance(check, RowCheck) or check.type == "missing":
        return False
    rule = check.rule(context)
    texts = [repr(one) for one in (rule.failed, rule.counted, *(made for _, made in rule.columns)) if one is not None]
    return any(re.search(rf"\b(?:blank_)?{name}\b", text) for text in texts)


def _is_about_blanks(recorded: pd.DataFrame, filled: pd.DataFrame, check: Check) -> bool:
    """Whether every blank row that is counted fails."""
    more = recorded.loc[check.id].sum() - filled.loc[check.id].sum()
    return bool(more["total"] > 0 and more["failed"] >= more["total"])


def _count(
    connection: duckdb.DuckDBPyConnection, checks: tuple[Check, ...], context: Context, instead: dict[str, str]
) -> pd.DataFrame:
    """Failed and total by check and force over the whole period, with some tables read by another query."""
    frames: Frames = with_months(
        {one: nw.from_native(connection.sql(instead.get(one, f"SELECT * FROM {_view(one)}"))) for one in RECORDED}
    )
    counted, _ = count_checks(frames, checks, context)
    forces = [row[0] for row in connection.execute("SELECT DISTINCT force FROM units ORDER BY force").fetchall()]
    index = pd.MultiIndex.from_product([[check.id for check in checks], sorted({*forces, *counted["force"]})], names=KEYS)
    return counted.groupby(KEYS)[["failed", "total"]].sum().reindex(index, fill_value=0)


def _with_truth(connection: duckdb.DuckDBPyConnection, table: str, name: str) -> str | None:
    """SQL of a table's rows with the blank cells as they were before anything was done to them; None without a ledger.

    The ledger is undone from its last row to its first, so the clean value is that of a cell's first row.
    """
    views = {row[0] for row in connection.execute("SHOW TABLES").fetchall()}
    if "truth_defects" not in views:
        return None
    kind = {"string": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN", "integer": "BIGINT"}[TABLES[table].field(name).kind]
    key = " || '|' || ".join(TABLES[table].key)
    return f"""
        WITH ledger AS (SELECT *, row_number() OVER () AS place FROM truth_defects),
        clean AS (
            SELECT record_id, arg_min(true_value, place) AS value FROM ledger
            WHERE "table" = '{table}' AND field = '{name}' AND true_value IS NOT NULL GROUP BY record_id
        )
        SELECT r.* REPLACE (coalesce({_cell(table, name, "r.")}, try_cast(c.value AS {kind})) AS {name})
        FROM {_view(table)} r LEFT JOIN clean c ON c.record_id = {key}
    """


def _cell(table: str, name: str, prefix: str = "") -> str:
    """The value of a cell as SQL, null where it is blank."""
    if TABLES[table].field(name).kind == "string":
        return f"CASE WHEN trim({prefix}{name}) <> '' THEN {prefix}{name} END"
    return f"{prefix}{name}"


def _view(table: str) -> str:
    return ALL_ROWS.get(table, table)
