"""Pairs of person records compared by Splink, and what strangers agree on by chance."""

from collections.abc import Collection
from typing import Any

import duckdb
import numpy as np

from audit.linkage.mixture import OTHERS, Pairs, Tables, counted
from audit.linkage.on_spark import predict_on_spark
from audit.linkage.records import COLUMNS
from audit.linkage.settings import FIELDS, FREQUENCY, LEVELS, levels_of, settings

SAMPLE = {False: 900_000, True: 200_000}
"""Pairs drawn to see what strangers agree on by chance, within forces and across."""
HASHES = 2**64
"""How many hashes there are."""
FEW, FARTHEST = 6_000, 25
"""So few records are all compared with one another; of more, each with so many at the most."""
AT_ONCE = 2_500_000
"""So many records are compared with the others at a time."""
LEAST_WEIGHT = -14.0
"""Pairs whose match weight, as Splink has it, is below this are not kept: they cannot become one person's."""


def present_fields(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    """The fields in which at least two records have something to compare, and how many have."""
    of_field = {
        "forename": "fn",
        "surname": "sn",
        "date_of_birth": "born",
        "place": "coalesce(ad, pc)",
        "phone": "ph",
        "sex": "sex",
    }
    counts = connection.execute(f"SELECT {', '.join(f'count({of_field[name]})' for name in FIELDS)} FROM {table}").fetchall()[0]
    return {name: count for name, count in zip(FIELDS, counts, strict=True) if count > 1}


def sample_strangers(connection: duckdb.DuckDBPyConnection, table: str, across: bool) -> Tables:
    """Counts by level of pairs drawn evenly, within forces or across.

    The same pairs whatever the row order: records stand in the order of a hash of their identifier, and each is compared
    with those that follow at distance 1, 2, …; of more records than pairs are wanted, those of the smallest hashes.
    """
    sizes = [row[0] for row in connection.execute(f"SELECT count(*) FROM {table} GROUP BY force").fetchall()]
    records = sum(sizes)
    reach = min(SAMPLE[across] // records + 1, records if records <= FEW else FARTHEST)
    few = f"WHERE hash(person_id) < {int(SAMPLE[across] / records * HASHES)}::UBIGINT" if records > SAMPLE[across] else ""
    number = f"row_number() OVER ({'' if across else 'PARTITION BY force'} ORDER BY hash(person_id), person_id)"
    sides = ", ".join(f'{side}."{column}" AS "{column}_{side}"' for side in "lr" for column in COLUMNS)
    found = connection.execute(
        f"""
        WITH numbered AS (SELECT *, {number} AS place FROM {table} {few}),
             drawn AS (
                SELECT {sides} FROM numbered l CROSS JOIN range(1, {reach} + 1) AS distances(step)
                JOIN numbered r ON r.place = l.place + step AND l.force {"<>" if across else "="} r.force
             )
        SELECT {", ".join(f"{_level(name)} AS {name}" for name in FIELDS)}, count(*) AS pairs FROM drawn GROUP BY ALL ORDER BY ALL
        """
    ).fetchnumpy()
    rows = len(found["pairs"])
    levels = {name: np.asarray(found[name], np.int64) for name in FIELDS}
    return counted(Pairs(levels, {}, np.zeros(rows, np.int64)), np.asarray(found["pairs"], float))


def _level(field: str) -> str:
    """SQL for the number of a field's level, as Splink counts them; -1 where it is missing."""
    count, cases = len(levels_of(field)), []
    for name, condition in LEVELS[field]:
        if name == "missing":
            cases.append(f"WHEN {condition} THEN -1")
            continue
        count -= 1
        cases.append(f"ELSE {count}" if condition == "ELSE" else f"WHEN {condition} THEN {count}")
    return f"CASE {' '.join(cases)} END"


def compare(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    force: np.ndarray,
    model: dict[str, Any],
    fields: Collection[str],
    spark: Any = None,
) -> tuple[Pairs, np.ndarray, np.ndarray]:
    """The pairs that share a key and agree on enough, by Splink with the settings of ``model``; their record numbers.

    ``force`` is the force of each record, as a number. Pairs are compared on DuckDB, or on Spark where there is a session.
    """
    # Splink gives the share of records that bear a value; where the two agree it is the same on either side.
    rare = [
        f"CASE WHEN mw_tf_adj_{name} <> 0 THEN tf_{FREQUENCY[name]}_l END AS share_{name}" for name in fields if name in FREQUENCY
    ]
    numbers = ["least(number_l, number_r) AS first", "greatest(number_l, number_r) AS second"]
    columns = [*numbers, *(f"mw_{name}" for name in fields), *rare]
    if spark is None:
        found = _predict(connection, table, model, columns)
    else:
        found = predict_on_spark(spark, connection, table, model, columns, LEAST_WEIGHT)
    first, second = np.asarray(found["first"], np.int64), np.asarray(found["second"], np.int64)
    levels = {name: np.full(len(first), -1, np.int64) for name in FIELDS}
    for comparison in model["comparisons"]:
        levels[comparison["output_column_name"]] = _numbers(comparison, found)
    across = (force[first] != force[second]).astype(np.int64)
    shares = {name: np.asarray(np.ma.filled(found[f"share_{name}"], np.nan), float) for name in fields if name in FREQUENCY}
    return Pairs(levels, shares, across), first, second


def _predict(connection: duckdb.DuckDBPyConnection, table: str, model: dict[str, Any], columns: list[str]) -> dict[str, np.ndarray]:
    from splink import Linker  # slow to import, and no page needs it
    from splink.backends.duckdb import DuckDBAPI

    linker = Linker(DuckDBAPI(connection).register(table), model, validate_settings=False, log_level=None)
    records = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
    # Part by part where the pairs of all would not fit into memory.
    parts = max(1, -(-records // AT_ONCE))
    predicted = linker.inference.predict(threshold_match_weight=LEAST_WEIGHT, num_chunks_left=parts, num_chunks_right=1)
    found = connection.execute(f"SELECT {', '.join(columns)} FROM {predicted.physical_name} ORDER BY first, second").fetchnumpy()
    predicted.drop_table_from_database_and_remove_from_cache()
    return found


def _numbers(comparison: dict[str, Any], found: dict[str, np.ndarray]) -> np.ndarray:
    """Level numbers from the weights that Splink gives: every level has one of its own, and missing has none."""
    compared = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")][::-1]
    weights = np.log2([level["m_probability"] / level["u_probability"] for level in compared])
    order = np.argsort(weights)
    given = np.asarray(found[f"mw_{comparison['output_column_name']}"], float)
    after = np.clip(np.searchsorted(weights[order], given), 1, max(len(weights) - 1, 1))
    nearer = np.where(
        given - weights[order][after - 1] < weights[order][np.minimum(after, len(weights) - 1)] - given, after - 1, after
    )
    return np.where(np.abs(given) < MISSING_WEIGHT, -1, order[np.minimum(nearer, len(weights) - 1)])


MISSING_WEIGHT = 1e-9


def settings_of(matches: Tables, strangers: Tables, prior: float, fields: tuple[str, ...]) -> dict[str, Any]:
    """Splink's settings for the fields that are there, from the model's tables; every level's weight is its own, none is 0."""
    m, u = _by_field(matches), _by_field(strangers)
    for name in fields:
        taken: list[float] = [0.0]
        for level in range(len(m[name])):
            while min(abs(np.log2(m[name][level] / u[name][level]) - weight) for weight in taken) < 1e-6:
                m[name][level] *= 1 + 1e-5
            taken.append(float(np.log2(m[name][level] / u[name][level])))
    return settings({name: m[name].tolist() for name in fields}, {name: u[name].tolist() for name in fields}, prior, fields)


def _by_field(tables: Tables) -> dict[str, np.ndarray]:
    names = tables["names"]
    return {"forename": names.sum(1), "surname": names.sum(0)} | {name: tables[name].copy() for name in OTHERS}
