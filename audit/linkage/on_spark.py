"""The linkage's pairs on Spark: blocks, pairs and levels where the data is. The model is fitted on this machine.

Records go to the workers as Parquet in a folder that both can read. The workers find the pairs by the keys of ``blocking``
and compare them by the same conditions as DuckDB does, in Spark's SQL. What comes back is how many blocks there are of each
size, and the pairs that the model looks at again after its first look.

The pairs are those of ``blocking.find_pairs``, without the few whose keys only share a start. The distances between texts are
those of the functions that Splink brings along for Spark; the rest is Spark's own. They count letters that changed places a
little differently from DuckDB's in Jaro-Winkler's similarity: of 176,121 pairs of a small force 38 are on a neighbouring level
of a name or an address.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from audit.engines.spark import fit_to, work_folder
from audit.linkage.blocking import KEYS, Sampled, all_are_compared
from audit.linkage.blocks_on_spark import ALL, ORDER, keyed_sql, pairs_of_keys_sql, plan_keys
from audit.linkage.comparisons import CODES, code_sql, pairs_sql, worth_weighing
from audit.linkage.conditions import SPARK
from audit.linkage.model import Strangers
from audit.linkage.people import possible_codes
from audit.linkage.records import COLUMNS

GROUP = 100_000
"""Rows in a group of a Parquet file, the least that a task reads."""

Compared = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]
"""First and second record of pairs, and their codes (``comparisons.levels_of``), in order of the records."""


def compare_on_spark(
    session: Any,
    connection: duckdb.DuckDBPyConnection,
    table: str,
    drawn: dict[bool, Strangers],
    possible: dict[bool, float],
) -> tuple[Compared, list[Sampled]]:
    """Pairs of the table's records that are no copies (``blocking.collapse``), and the keys that are sampled.

    Of few records these are all pairs. Of many they are those that ``pairs.by_kind`` keeps: worth weighing, and of another
    kind than strangers if they may be before anything is learnt. ``drawn`` has the strangers, and ``possible`` counts all
    pairs, within forces (False) and across (True).
    """
    from splink.backends.spark import SparkAPI

    SparkAPI(spark_session=session, break_lineage_method="persist", num_partitions_on_repartition=8)  # brings its functions
    everyone, copies = (_count(connection, name) for name in (table, f"{table}_copies"))
    with work_folder(session) as folder, _settings_kept(session):
        _hand_over(session, connection, table, folder)
        if all_are_compared(everyone - copies):
            return _in_order(session.sql(_levels_sql(table, ALL.format(records=f"{table}_whole")))), []
        kept = _kept(possible_codes(drawn, possible, everyone))
        return _of_many(session, table, everyone - copies, kept)


def _of_many(session: Any, table: str, count: int, kept: pa.Table) -> tuple[Compared, list[Sampled]]:
    from pyspark import StorageLevel

    records = f"{table}_whole"
    session.createDataFrame(kept).createOrReplaceTempView("kept_codes")
    fit_to(session, count * len(KEYS))
    # On the workers' own disks, where blocks stay together: who reads this needs not sort the keys again.
    keyed = session.sql(keyed_sql(records)).persist(StorageLevel.DISK_ONLY)
    keyed.createOrReplaceTempView("keyed")
    try:
        sizes = session.sql("SELECT key, size, count(*) DIV size AS blocks FROM keyed GROUP BY key, size").toArrow()
        plans = plan_keys(*(sizes[name].to_numpy() for name in ("key", "size", "blocks")), count)
        fit_to(session, sum(plan.pairs for plan in plans))
        levels = _levels_sql(table, pairs_of_keys_sql("keyed", records, plans))
        # An ordinary join with codes that are there once: what a semi-join asks for is calculated twice.
        found = session.sql(f"SELECT /*+ BROADCAST(k) */ first, second, code FROM ({levels}) JOIN kept_codes k USING (across, code)")
        return _in_order(found), [plan.sampled for plan in plans if plan.sampled]
    finally:
        keyed.unpersist()


def _levels_sql(table: str, pairs: str) -> str:
    """Pairs (first, second) with whether they are across forces, and their code."""
    return f"""SELECT p.first, p.second, NOT (l.force <=> r.force) AS across, CAST({code_sql(SPARK)} AS INTEGER) AS code
               FROM {pairs_sql(f"({pairs})", table)}"""


def _kept(possible: dict[bool, npt.NDArray[np.bool_]]) -> pa.Table:
    """The codes that the model looks at again, by kind of pair."""
    worth = worth_weighing(np.arange(CODES))
    codes = {kind: np.flatnonzero(worth & of_kind) for kind, of_kind in possible.items()}
    across = np.repeat(list(codes), [len(of_kind) for of_kind in codes.values()]).astype(bool)
    return pa.table({"across": across, "code": np.concatenate(list(codes.values())).astype(np.int32)})


def _in_order(found: Any) -> Compared:
    table = found.select("first", "second", "code").toArrow()
    first, second, code = (table[name].to_numpy() for name in ("first", "second", "code"))
    del table
    order = np.argsort(first.astype(np.int64) << 32 | second)
    return first[order], second[order], code[order]


def _hand_over(session: Any, connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> None:
    """Write records that are no copies, and nicknames, as Parquet, and make each a view of the session."""
    columns = ", ".join({"number", "force", *ORDER, *COLUMNS} - {"home_number"})
    # Spark's numbers have a sign; the order stays as it is.
    home = f"(hash(ad, ph)::HUGEINT - {2**63})::BIGINT AS home_number"
    tables = {
        f"{table}_whole": f"SELECT {columns}, {home} FROM {table}_whole ANTI JOIN {table}_copies USING (number)",
        f"{table}_nicknames": f"SELECT one, other FROM {table}_nicknames",
    }
    for name, query in tables.items():
        path = folder / f"{name}.parquet"
        target = str(path).replace("'", "''")
        connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, ROW_GROUP_SIZE {GROUP})")
        session.read.parquet(path.as_uri()).createOrReplaceTempView(name)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


@contextmanager
def _settings_kept(session: Any) -> Iterator[None]:
    """What ``fit_to`` sets is as before at the end of the block."""
    names = ("spark.sql.shuffle.partitions", "spark.sql.codegen.wholeStage", "spark.sql.codegen.factoryMode")
    before = {name: session.conf.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            session.conf.set(name, value)
