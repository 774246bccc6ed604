"""Pairs of person records compared level by level on DuckDB or Spark, and pairs drawn at random."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.linkage.blocking import SAMPLED_BROAD, Sampled, collapse, find_pairs
from audit.linkage.comparisons import FIELDS, FORENAME, code_sql, levels_of, pairs_sql, worth_weighing
from audit.linkage.conditions import DUCKDB, SPARK
from audit.linkage.model import RARE, Ints, Strangers
from audit.linkage.records import COLUMNS

SAMPLE, FARTHEST = 450_000, 25
"""Pairs drawn at random to see what strangers agree on by chance; of a large set each record takes part in so many."""
RECORDS_AT_ONCE = 3_500_000
"""Of more records, so many at a time stand beside so many others, as all of them side by side do not fit into memory."""
VALUES = {"forename": "fn", "surname": "sn", "date_of_birth": "born_text", "place": "ad", "phone": "ph"}
"""The column whose frequency counts where a field agrees exactly."""


@dataclass(frozen=True)
class Compared:
    """Pairs worth weighing: record numbers and levels by one number (``comparisons.levels_of``), in order of the records.

    ``copies`` are pairs of a record and a copy of it, letter for letter; the copies take part in no other pair.
    ``values`` numbers the values of each field of ``VALUES``, -1 where missing; those of the names share their numbers.
    """

    first: Ints
    second: Ints
    code: Ints
    copies: Ints
    values: dict[str, Ints]
    every: bool
    sampled: list[Sampled]
    totals: dict[bool, tuple[Ints, npt.NDArray[np.float64]]] | None
    """Where all pairs were compared: the codes of all of them with their counts, within forces and across."""


def compare(connection: duckdb.DuckDBPyConnection, table: str, spark: Any = None) -> Compared:
    """Find the pairs of the table that ``records.prepare`` made, and compare them."""
    collapse(connection, table)
    every, sampled = find_pairs(connection, table)
    copies = connection.execute(f"SELECT original, number FROM {table}_copies ORDER BY number").fetchnumpy()
    if spark is None:
        found = _in_parts(connection, table, every)
    else:
        from audit.linkage.on_spark import levels_on_spark

        found = _in_order(_worth(levels_on_spark(spark, connection, table, _levels(table, code_sql(SPARK))), every))
    first, second, code = (found.pop(name) for name in ("first", "second", "code"))
    original, copied = (np.asarray(copies[name], np.int64) for name in ("original", "number"))
    exact = _exact_code(connection, table, original)
    totals = _totals(connection, table, first, second, code) if every else None
    if every:
        worth = worth_weighing(code)
        first, second, code = first[worth], second[worth], code[worth]
    return Compared(
        np.concatenate((first, original), dtype=np.int32),
        np.concatenate((second, copied), dtype=np.int32),
        np.concatenate((code, exact), dtype=np.int32),
        np.arange(len(first), len(first) + len(copied)),
        _values(connection, table),
        every,
        sampled,
        totals,
    )


def _in_parts(connection: duckdb.DuckDBPyConnection, table: str, every: bool) -> dict[str, npt.NDArray[np.int32]]:
    """The pairs with their levels in order of their records; unless ``every`` is wanted, those worth weighing.

    Of a large set, the pairs between two parts of the records at a time.
    """
    records = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
    parts = max(math.ceil(records / RECORDS_AT_ONCE), 1)
    ranges = list(pairwise(round(records * part / parts) for part in range(parts + 1)))
    found = []
    with by_pairs(connection, table):
        for place, one in enumerate(ranges):
            of_one = []
            for other in ranges[place:]:
                query = _levels(table, code_sql(DUCKDB))
                if parts > 1:
                    query += f" WHERE {_inside('p.first', one)} AND {_inside('p.second', other)}"
                    query += f" AND {_inside('l.number', one)} AND {_inside('r.number', other)}"
                of_one.append(_worth(connection.execute(query).fetchnumpy(), every))
            found.append(_in_order(_together(of_one)))
    return _together(found)


def _inside(column: str, numbers: tuple[int, int]) -> str:
    return f"{column} >= {numbers[0]} AND {column} < {numbers[1]}"


def _worth(found: dict[str, npt.NDArray[Any]], every: bool) -> dict[str, npt.NDArray[np.int32]]:
    """All pairs, or those that are worth weighing."""
    kept = slice(None) if every else worth_weighing(np.ma.getdata(found["code"]))
    return {name: np.ma.getdata(found[name])[kept].astype(np.int32) for name in ("first", "second", "code")}


def _together(found: list[dict[str, npt.NDArray[np.int32]]]) -> dict[str, npt.NDArray[np.int32]]:
    return {name: np.concatenate([part.pop(name) for part in found]) for name in ("first", "second", "code")}


def _in_order(found: dict[str, npt.NDArray[np.int32]]) -> dict[str, npt.NDArray[np.int32]]:
    """The pairs in order of their records."""
    order = np.argsort(found["first"].astype(np.int64) << 32 | found["second"])
    return {name: values[order] for name, values in found.items()}


@contextmanager
def by_pairs(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[None]:
    """Have the few records of a small set looked up for many pairs, not the pairs for records, which one core would do alone."""
    few = connection.execute(f"SELECT count(*) < {SAMPLED_BROAD} FROM {table}").fetchall()[0][0]
    connection.execute(f"SET disabled_optimizers = '{'build_side_probe_side' if few else ''}'")
    try:
        yield
    finally:
        connection.execute("SET disabled_optimizers = ''")


def _levels(table: str, code: str) -> str:
    """SQL for the pairs with their levels."""
    return f"""SELECT p.first, p.second, CAST({code} AS INTEGER) AS code FROM {pairs_sql(f"{table}_pairs", table)}"""


def _exact_code(connection: duckdb.DuckDBPyConnection, table: str, records: Ints) -> Ints:
    """The levels of a record and its copy."""
    if not len(records):
        return np.zeros(0, np.int64)
    found = connection.execute(
        f"""SELECT p.first AS number, {code_sql(DUCKDB)} AS code
            FROM {pairs_sql(f"(SELECT DISTINCT original AS first, original AS second FROM {table}_copies)", table)} ORDER BY p.first"""
    ).fetchnumpy()
    return np.asarray(found["code"], np.int64)[np.searchsorted(np.asarray(found["number"], np.int64), records)]


def _forces(connection: duckdb.DuckDBPyConnection, table: str) -> npt.NDArray[np.object_]:
    return np.asarray(connection.execute(f"SELECT force FROM {table} ORDER BY number").fetchnumpy()["force"])


def _totals(
    connection: duckdb.DuckDBPyConnection, table: str, first: Ints, second: Ints, code: Ints
) -> dict[bool, tuple[Ints, npt.NDArray[np.float64]]]:
    force = _forces(connection, table)
    across = force[first] != force[second]
    counted = {}
    for kind in (False, True):
        codes, counts = np.unique(code[across == kind], return_counts=True)
        counted[kind] = (codes, counts.astype(float))
    return counted


def _values(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Ints]:
    """Each record's value by field, as a number."""
    hashes = ", ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE hash({column}) END AS {name}" for name, column in VALUES.items())
    found = connection.execute(f"SELECT {hashes} FROM {table} ORDER BY number").fetchnumpy()
    values: dict[str, Ints] = {}
    for group in (("forename", "surname"), ("date_of_birth",), ("place",), ("phone",)):
        hashed = np.concatenate([np.ma.getdata(found.pop(name)) for name in group])
        numbers = np.where(hashed == 0, -1, pd.factorize(hashed)[0]).astype(np.int32)
        values |= zip(group, np.split(numbers, len(group)), strict=True)
    return {name: values[name] for name in VALUES}


def strangers(connection: duckdb.DuckDBPyConnection, table: str, compared: Compared, across: bool) -> Strangers:
    """What random pairs agree on, within forces or across: all pairs where all were compared, else some drawn.

    The same pairs whatever the row order: records stand in the order of a hash of their identifier, and each is compared
    with those that follow at distance 1, 2, …; of more records than pairs are wanted, those of the smallest hashes.
    """
    if compared.totals is not None:
        return _counted(*compared.totals[across])
    records = connection.execute(f"SELECT count(*) FROM {table} ANTI JOIN {table}_copies USING (number)").fetchall()[0][0]
    wanted = SAMPLE // 3 if across else SAMPLE
    reach = min(wanted // records + 1, records if records <= 6_000 else FARTHEST * 4)
    few = f"AND hash(person_id) < {int(wanted / records * 2**64)}::UBIGINT" if records > wanted else ""
    number = f"row_number() OVER ({'' if across else 'PARTITION BY force'} ORDER BY hash(person_id), person_id)"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table}_drawn AS
            WITH numbered AS (
                SELECT number, force, {number} AS spot FROM {table} ANTI JOIN {table}_copies USING (number) WHERE true {few}
            )
            SELECT l.number AS first, r.number AS second FROM numbered l CROSS JOIN range(1, {reach} + 1) steps(step)
            JOIN numbered r ON r.spot = l.spot + step AND l.force {"<>" if across else "="} r.force"""
    )
    with by_pairs(connection, table):
        found = connection.execute(
            f"SELECT {code_sql(DUCKDB)} AS code, count(*) AS pairs FROM {pairs_sql(f'{table}_drawn', table)} "
            "GROUP BY code ORDER BY code"
        ).fetchnumpy()
    connection.execute(f"DROP TABLE {table}_drawn")
    return _counted(np.asarray(found["code"], np.int64), np.asarray(found["pairs"], float))


def _counted(codes: Ints, counts: npt.NDArray[np.float64]) -> Strangers:
    levels = levels_of(codes)
    tables = {
        name: np.bincount(levels[name], counts, field.size + 1)[: field.size].astype(np.float64) for name, field in FIELDS.items()
    }
    same = levels["forename"] == FORENAME.number("same")
    sexes = np.bincount(levels["sex"][same], counts[same], 3)[:2].astype(np.float64)
    return Strangers(tables, max(float(counts.sum()), 1.0), sexes)


def present_fields(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, float]:
    """The fields that at least two records have, with the share of records that do."""
    columns = {**VALUES, "place": "coalesce(ad, pc)", "sex": "sex"}
    counts = connection.execute(
        f"SELECT count(*), {', '.join(f'count({columns[name]})' for name in FIELDS)} FROM {table}"
    ).fetchall()[0]
    return {name: count / counts[0] for name, count in zip(FIELDS, counts[1:], strict=True) if count > 1}


__all__ = ["COLUMNS", "RARE", "VALUES", "Compared", "compare", "present_fields", "strangers"]
