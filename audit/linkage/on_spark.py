"""Levels of pairs on Spark: the same conditions in Spark's SQL. Pairs are found, and the model is fitted, on DuckDB and this machine.

Records and pairs go to the workers as Parquet in a folder that both can read, so that neither passes through the memory of
Spark's driver, and what a worker loses is read again. Of many pairs only those that are worth weighing come back.

The distances between texts are those of the functions that Splink brings along for Spark; the rest is Spark's own. They count
letters that changed places a little differently from DuckDB's in Jaro-Winkler's similarity: of 176,121 pairs of a small force 38
are on a neighbouring level of a name or an address.
"""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from audit.engines.spark import ROWS_A_TASK, work_folder
from audit.linkage.blocking import ALL_PAIRS
from audit.linkage.comparisons import CODES, Ints, code_sql, pairs_sql, worth_weighing
from audit.linkage.conditions import SPARK
from audit.linkage.records import COLUMNS

GROUP = 100_000
"""Rows in a group of a Parquet file, the least that a task reads."""


def levels_on_spark(
    session: Any, connection: duckdb.DuckDBPyConnection, table: str, first: Ints, second: Ints
) -> tuple[npt.NDArray[np.int32], ...]:
    """First, second and code (``comparisons.levels_of``) of these pairs of the table's records, in their order.

    Of more pairs than ``ALL_PAIRS`` only those are there that are worth weighing: fewer may be all there are, which are counted.
    """
    from splink.backends.spark import SparkAPI

    SparkAPI(spark_session=session, break_lineage_method="persist", num_partitions_on_repartition=8)  # brings its functions
    read = {
        f"{table}_whole": ", ".join(["number", *COLUMNS]),
        f"{table}_pairs": "first, second",
        f"{table}_nicknames": "one, other",
    }
    query = f"SELECT p.first, p.second, CAST({code_sql(SPARK)} AS INTEGER) AS code FROM {pairs_sql(f'{table}_pairs', table)}"
    tasks = max(len(first) // ROWS_A_TASK + 1, int(session.conf.get("spark.sql.shuffle.partitions")))
    session.conf.set("spark.sql.shuffle.partitions", str(tasks))
    many = len(first) > ALL_PAIRS
    connection.register(f"{table}_pairs", pa.table({"first": first, "second": second}))
    if many:
        connection.register("worth_weighing", pa.table({"code": np.flatnonzero(worth_weighing(np.arange(CODES)))}))
        read["worth_weighing"] = "code"
        query = f"SELECT * FROM ({query}) LEFT SEMI JOIN worth_weighing USING (code)"
    try:
        with work_folder(session) as folder:
            for name, columns in read.items():
                _hand_over(session, connection, name, columns, folder / f"{name}.parquet")
            found = session.sql(query).toArrow()
    finally:
        connection.unregister(f"{table}_pairs")
        if many:
            connection.unregister("worth_weighing")
    kept, others, code = (found[name].to_numpy().astype(np.int32) for name in ("first", "second", "code"))
    order = np.lexsort((others, kept))
    return kept[order], others[order], code[order]


def _hand_over(session: Any, connection: duckdb.DuckDBPyConnection, name: str, columns: str, path: Path) -> None:
    """Write a table of the connection as Parquet, and make it a view of the session by the same name."""
    target = str(path).replace("'", "''")
    connection.execute(f"COPY (SELECT {columns} FROM {name}) TO '{target}' (FORMAT parquet, ROW_GROUP_SIZE {GROUP})")
    session.read.parquet(path.as_uri()).createOrReplaceTempView(name)
