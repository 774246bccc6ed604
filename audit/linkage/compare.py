"""Pairs of person records compared level by level on DuckDB or Spark, and pairs drawn at random."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from audit.linkage.blocking import Copies, Sampled, all_are_compared, find_pairs
from audit.linkage.comparisons import FIELDS, FORENAME, levels_of, worth_weighing
from audit.linkage.levels import Levels
from audit.linkage.patterns import Ints, Strangers
from synthetic.dataset.storage import holding_less

MOST_BESIDE = 4_000_000
"""Up to so many person records are linked while DuckDB does other work beside it: of more, its memory is too small for both."""
SAMPLE, FARTHEST = 450_000, 25
"""Pairs drawn at random to see what strangers agree on by chance; of a large set each record takes part in so many."""


@dataclass(frozen=True)
class Compared:
    """Pairs worth weighing: record numbers and levels by one number (``comparisons.levels_of``), in order of the records.

    ``copies`` are pairs of a record and a copy of it, letter for letter; the copies take part in no other pair.
    ``values`` numbers the values of each field of ``patterns.RARE`` from 1 on, 0 where missing; those of the names share their numbers.
    """

    first: Ints
    second: Ints
    code: Ints
    copies: Ints
    values: dict[str, Ints]
    every: bool
    sampled: list[Sampled]


def compare(
    connection: duckdb.DuckDBPyConnection, table: str, copies: Copies, possible: dict[bool, float], spark: Any = None
) -> tuple[Compared, dict[bool, Strangers]]:
    """Find the pairs of the table that ``records.prepare`` made, and compare them; and what strangers agree on by chance.

    ``possible`` counts all pairs, copies left out, within forces (False) and across (True); strangers are of the kinds that
    there are. On ``spark`` only those pairs come back that ``pairs.by_kind`` would keep.
    """
    levels = Levels(connection, table)
    records, kinds = len(levels.numbers), [kind for kind, count in possible.items() if count >= 1]
    every = all_are_compared(records - len(copies.number))
    drawn = {} if every else {kind: strangers(connection, table, levels, kind) for kind in kinds}
    of_copies = levels.codes(copies.original, copies.original)
    values = levels.numbers.values(levels.threads)
    if spark is None:
        with room_for_pairs(connection, records):
            pairs = find_pairs(connection, table, levels.numbers, copies, levels.threads)
        first, second, code, sampled = pairs.first, pairs.second, levels.codes(pairs.first, pairs.second), pairs.sampled
        del pairs, levels  # of a nation a gigabyte, and one and a half
    else:
        from audit.linkage.on_spark import compare_on_spark, kept_codes

        del levels  # the workers have the records, and these numbers take as much memory
        found = compare_on_spark(spark, connection, table, kept_codes(drawn, possible, records))
        first, second, code, sampled = found.first, found.second, found.code, found.sampled
        del found
    totals = _totals(connection, table, first, second, code) if every else None
    if totals is not None:
        drawn = {kind: _counted(*totals[kind]) for kind in kinds}
    worth = worth_weighing(code)
    first = np.concatenate((first[worth], copies.original))
    second = np.concatenate((second[worth], copies.number))
    code = np.concatenate((code[worth], of_copies))
    places = np.arange(len(first) - len(copies.number), len(first))
    return Compared(first, second, code, places, values, every, sampled), drawn


@contextmanager
def room_for_pairs(connection: duckdb.DuckDBPyConnection, records: int) -> Iterator[None]:
    """To the end of the block DuckDB holds less in memory, unless it may be at work beside: pairs take most of it."""
    with holding_less(connection) if records > MOST_BESIDE else nullcontext():
        yield


def _forces(connection: duckdb.DuckDBPyConnection, table: str) -> npt.NDArray[np.object_]:
    return np.asarray(connection.execute(f"SELECT force FROM {table} ORDER BY number").fetchnumpy()["force"])


def _totals(
    connection: duckdb.DuckDBPyConnection, table: str, first: Ints, second: Ints, code: Ints
) -> dict[bool, tuple[Ints, npt.NDArray[np.float64]]]:
    """The codes of all pairs with their counts, within forces and across."""
    force = _forces(connection, table)
    across = force[first] != force[second]
    counted = {}
    for kind in (False, True):
        codes, counts = np.unique(code[across == kind], return_counts=True)
        counted[kind] = (codes, counts.astype(float))
    return counted


def strangers(connection: duckdb.DuckDBPyConnection, table: str, levels: Levels, across: bool) -> Strangers:
    """What random pairs agree on, within forces or across, by some that are drawn.

    The same pairs whatever the row order: records stand in the order of a hash of their identifier, and each is compared
    with those that follow at distance 1, 2, …; of more records than pairs are wanted, those of the smallest hashes.
    """
    records = connection.execute(f"SELECT count(*) FROM {table} ANTI JOIN {table}_copies USING (number)").fetchall()[0][0]
    wanted = SAMPLE // 3 if across else SAMPLE
    reach = min(wanted // records + 1, records if records <= 6_000 else FARTHEST * 4)
    few = f"AND lot < {int(wanted / records * 2**64)}::UBIGINT" if records > wanted else ""
    number = f"row_number() OVER ({'' if across else 'PARTITION BY force'} ORDER BY lot, number)"
    pairs = connection.execute(
        f"""WITH numbered AS (
                SELECT number, force, {number} AS spot FROM {table} ANTI JOIN {table}_copies USING (number) WHERE true {few}
            )
            SELECT l.number AS first, r.number AS second FROM numbered l CROSS JOIN range(1, {reach} + 1) steps(step)
            JOIN numbered r ON r.spot = l.spot + step AND l.force {"<>" if across else "="} r.force"""
    ).fetchnumpy()
    codes, counts = np.unique(levels.codes(*(np.ma.getdata(pairs[name]) for name in ("first", "second"))), return_counts=True)
    return _counted(codes, counts.astype(float))


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
    columns = {
        "forename": "fn_number",
        "surname": "sn_number",
        "date_of_birth": "born",
        "place": "coalesce(ad, pc)",
        "phone": "ph",
        "sex": "sex",
    }
    counts = connection.execute(
        f"SELECT count(*), {', '.join(f'count({columns[name]})' for name in FIELDS)} FROM {table}"
    ).fetchall()[0]
    return {name: count / counts[0] for name, count in zip(FIELDS, counts[1:], strict=True) if count > 1}
