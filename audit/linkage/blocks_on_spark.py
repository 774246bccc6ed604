"""Blocks and pairs in Spark's SQL: what ``blocking`` does with numbers in memory, for tables that the workers read.

Each record has a row for each key that it has. How many records share a key is counted where they stand; only how many blocks
there are of each size is known here, which is enough to set each key's cap.
"""

from dataclasses import dataclass

import numpy as np

from audit.linkage.blocking import KEYS, Sampled, cap, next_to, sample_of
from audit.linkage.comparisons import Ints

ORDER = ("sn_number", "fn_number", "born_day", "home_number", "number")
"""The order of names and birth in which ``blocking`` samples large blocks; what is missing comes last."""


@dataclass(frozen=True)
class KeyPlan:
    """What is compared of a key: blocks up to ``cap`` whole, of larger ones each record with ``near`` that follow it."""

    cap: int
    near: int
    pairs: int
    """How many pairs that are, those of other keys counted again."""
    sampled: Sampled | None


def plan_keys(key: Ints, size: Ints, blocks: Ints, records: int) -> list[KeyPlan]:
    """The plans of ``KEYS``, by how many ``blocks`` of more than one record there are of each ``key``'s number and ``size``,
    shapes (sizes,), among so many records.
    """
    plans = []
    for number, one in enumerate(KEYS):
        mine = key == number
        sizes, counts = size[mine].astype(np.int64), blocks[mine].astype(np.int64)
        most = cap(one, sizes, records, counts)
        sampled = sample_of(one, sizes, most, records, counts)
        whole = sizes <= most
        pairs = int((counts * (sizes * (sizes - 1) // 2))[whole].sum()) + (sampled.compared if sampled else 0)
        plans.append(KeyPlan(most, next_to(one, records) if sampled else 0, pairs, sampled))
    return plans


def all_pairs_sql(records: str) -> str:
    """All pairs (first, second) of the records, ``first`` < ``second``."""
    return f"SELECT a.number AS first, b.number AS second FROM {records} a JOIN {records} b ON a.number < b.number"


def keyed_sql(records: str) -> str:
    """Rows (key, value, number, size): the key's number in ``KEYS``, its value and how many records share it, where others do."""
    values = []
    for number, key in enumerate(KEYS):
        there, value = key.spark_sql()
        values.append(f"{number}, CASE WHEN {there} THEN {value} END")
    return f"""
        SELECT * FROM (
            SELECT key, value, number, count(*) OVER (PARTITION BY key, value) AS size
            FROM (SELECT number, stack({len(KEYS)}, {", ".join(values)}) AS (key, value) FROM {records})
            WHERE value IS NOT NULL
        ) WHERE size > 1"""


def pairs_of_keys_sql(keyed: str, records: str, plans: list[KeyPlan]) -> str:
    """Distinct pairs (first, second), ``first`` < ``second``, of the rows of ``keyed_sql`` by the plans of the keys."""
    caps = f"array({', '.join(str(plan.cap) for plan in plans)})[key]"
    parts = [
        f"""SELECT first, explode(slice(numbers, spot + 2, size(numbers))) AS second
            FROM (SELECT numbers, posexplode(numbers) AS (spot, first)
                  FROM (SELECT sort_array(collect_list(number)) AS numbers FROM {keyed} WHERE size <= {caps} GROUP BY key, value))"""
    ]
    near = max(plan.near for plan in plans)
    if near:
        large = ", ".join(str(number) for number, plan in enumerate(plans) if plan.near)
        following = ", ".join(f"lead(number, {step}) OVER in_order" for step in range(1, near + 1))
        order = ", ".join(f"{column} NULLS LAST" for column in ORDER)
        parts.append(
            f"""SELECT least(number, other) AS first, greatest(number, other) AS second
                FROM (SELECT number, explode(others) AS other
                      FROM (SELECT number, array({following}) AS others FROM {keyed} JOIN {records} USING (number)
                            WHERE size > {caps} AND key IN ({large})
                            WINDOW in_order AS (PARTITION BY key, value ORDER BY {order})))
                WHERE other IS NOT NULL"""
        )
    # Those of one first record come together, so that its columns are joined where they are.
    return f"SELECT DISTINCT first, second FROM (SELECT /*+ REPARTITION(first) */ * FROM ({' UNION ALL '.join(parts)}))"
