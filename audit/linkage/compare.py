"""Pairs of person records compared level by level on DuckDB or Spark, and pairs drawn at random."""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from audit.linkage.blocking import Sampled, collapse, find_pairs
from audit.linkage.comparisons import BIRTH, DUCKDB, FIELDS, FORENAME, PHONE, PLACE, SPARK, code_sql, levels_of
from audit.linkage.model import RARE, Ints, Strangers
from audit.linkage.records import COLUMNS

SAMPLE, FARTHEST = 450_000, 25
"""Pairs drawn at random to see what strangers agree on by chance; of a large set each record takes part in so many."""
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
        found = connection.execute(_levels(table, code_sql(DUCKDB), every)).fetchnumpy()
    else:
        from audit.linkage.on_spark import levels_on_spark

        found = levels_on_spark(spark, connection, table, _levels(table, code_sql(SPARK), every))
    first, second, code = (np.asarray(found[name], np.int64) for name in ("first", "second", "code"))
    order = np.lexsort((second, first))
    first, second, code = first[order], second[order], code[order]
    original, copied = (np.asarray(copies[name], np.int64) for name in ("original", "number"))
    exact = _exact_code(connection, table, original)
    totals = _totals(connection, table, first, second, code) if every else None
    worth = _worth_weighing(code)
    return Compared(
        np.concatenate((first[worth], original)),
        np.concatenate((second[worth], copied)),
        np.concatenate((code[worth], exact)),
        np.arange(worth.sum(), worth.sum() + len(copied)),
        _values(connection, table),
        every,
        sampled,
        totals,
    )


def _levels(table: str, code: str, every: bool) -> str:
    """SQL for the pairs with their levels; of a large set those on which nothing agrees are left out at once."""
    some = "" if every else f"WHERE NOT {_hopeless()}"
    return f"""SELECT p.first, p.second, {code} AS code FROM {table}_pairs p
        JOIN {table} l ON l.number = p.first JOIN {table} r ON r.number = p.second {some}"""


def _hopeless() -> str:
    """Cheap to see: neither births nor homes nor telephones are near, and the surnames begin otherwise."""
    far = "l.{0} <> r.{0}"
    births = "left(l.born_text, 4) <> left(r.born_text, 4) AND right(l.born_text, 4) <> right(r.born_text, 4)"
    names = "left(l.fn_sound, 1) <> left(r.fn_sound, 1) AND left(l.sn_sound, 1) <> left(r.sn_sound, 1)"
    names += " AND left(l.fn_sound, 1) <> left(r.sn_sound, 1)"
    return f"coalesce({births} AND {far.format('pc')} AND {far.format('ad')} AND {far.format('ph')} AND {names}, false)"


def _worth_weighing(code: Ints) -> npt.NDArray[np.bool_]:
    """Pairs that may be of another kind than strangers: something more than a surname is near."""
    levels = levels_of(code)
    forename, birth, place, phone = (levels[field.name] for field in (FORENAME, BIRTH, PLACE, PHONE))
    far = ((forename == 0) | (forename == FORENAME.size)) & ((birth <= 1) | (birth == BIRTH.size))
    away = ((place < 3) | (place == PLACE.size)) & ((phone == 0) | (phone == PHONE.size))
    return np.asarray(~(far & away))


def _exact_code(connection: duckdb.DuckDBPyConnection, table: str, records: Ints) -> Ints:
    """The levels of a record and its copy."""
    if not len(records):
        return np.zeros(0, np.int64)
    found = connection.execute(
        f"""SELECT l.number, {code_sql(DUCKDB)} AS code FROM {table} l JOIN {table} r ON l.number = r.number
            SEMI JOIN {table}_copies c ON c.original = l.number ORDER BY l.number"""
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
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table}_words AS
            SELECT word, row_number() OVER (ORDER BY word) - 1 AS code
            FROM (SELECT fn AS word FROM {table} UNION SELECT sn FROM {table}) WHERE word IS NOT NULL"""
    )
    found = connection.execute(
        f"""SELECT coalesce(f.code, -1) AS forename, coalesce(s.code, -1) AS surname, coalesce(t.born_day + 1000000, -1) AS date_of_birth
            FROM {table} t LEFT JOIN {table}_words f ON t.fn = f.word LEFT JOIN {table}_words s ON t.sn = s.word ORDER BY number"""
    ).fetchnumpy()
    values = {name: np.asarray(found[name], np.int64) for name in ("forename", "surname")}
    births = np.asarray(found["date_of_birth"], np.int64)
    values["date_of_birth"] = np.where(births < 0, -1, births - births[births >= 0].min(initial=births.max(initial=0)))
    for name in ("place", "phone"):
        column = VALUES[name]
        codes = connection.execute(
            f"SELECT CASE WHEN {column} IS NOT NULL THEN dense_rank() OVER (ORDER BY {column} NULLS LAST) - 1 ELSE -1 END AS code "
            f"FROM {table} ORDER BY number"
        ).fetchnumpy()["code"]
        values[name] = np.asarray(codes, np.int64)
    connection.execute(f"DROP TABLE {table}_words")
    return values


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
    found = connection.execute(
        f"""WITH numbered AS (
                SELECT *, {number} AS spot FROM {table} ANTI JOIN {table}_copies USING (number) WHERE true {few}
            )
            SELECT {code_sql(DUCKDB)} AS code, count(*) AS pairs FROM numbered l CROSS JOIN range(1, {reach} + 1) steps(step)
            JOIN numbered r ON r.spot = l.spot + step AND l.force {"<>" if across else "="} r.force GROUP BY code ORDER BY code"""
    ).fetchnumpy()
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
