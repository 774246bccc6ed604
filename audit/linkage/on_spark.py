"""Levels of pairs on Spark: the same conditions in Spark's SQL. Records, pairs and the model stay on DuckDB and this machine.

The distances between texts are those of the functions that Splink brings along for Spark; the rest is Spark's own. They count
letters that changed places a little differently from DuckDB's in Jaro-Winkler's similarity: of 176,121 pairs of a small force 38
are on a neighbouring level of a name or an address.
"""

from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from audit.linkage.records import COLUMNS


def levels_on_spark(
    session: Any, connection: duckdb.DuckDBPyConnection, table: str, query: str
) -> dict[str, npt.NDArray[np.int64]]:
    """The query's columns first, second and code, of the records and pairs in the connection's tables."""
    from splink.backends.spark import SparkAPI

    SparkAPI(spark_session=session, break_lineage_method="persist", num_partitions_on_repartition=8)  # brings its functions
    read = {table: ", ".join(["number", *COLUMNS]), f"{table}_pairs": "first, second", f"{table}_nicknames": "one, other"}
    for name, columns in read.items():
        rows = connection.sql(f"SELECT {columns} FROM {name}").to_arrow_table()
        session.createDataFrame(rows).createOrReplaceTempView(name)
    found = session.sql(query).toPandas()
    session.catalog.clearCache()
    return {name: found[name].to_numpy(np.int64) for name in ("first", "second", "code")}
