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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from audit.engines.spark import fit_to, work_folder
from audit.linkage.blocking import KEYS, Sampled, all_are_compared
from audit.linkage.blocks_on_spark import ORDER, all_pairs_sql, keyed_sql, pairs_of_keys_sql, plan_keys
from audit.linkage.comparisons import CODES, code_sql, pairs_sql, worth_weighing
from audit.linkage.conditions import SPARK, Bools
from audit.linkage.patterns import Strangers
from audit.linkage.people import possible_codes
from audit.linkage.records import COLUMNS

GROUP = 100_000
"""Rows in a group of a Parquet file, the least that a task reads."""
COMPILED_FROM = 250_000
"""Pairs from which compiling their levels takes less time than it saves: 576,201 took 13 s compiled and 19 s not."""


@dataclass(frozen=True)
class Found:
    """First and second record of pairs, ``first`` < ``second``, in order; their codes (``comparisons.levels_of``), each of shape
    (pairs,); and the keys sampled.
    """

    first: npt.NDArray[np.int32]
    second: npt.NDArray[np.int32]
    code: npt.NDArray[np.int32]
    sampled: list[Sampled]


def compare_on_spark(session: Any, connection: duckdb.DuckDBPyConnection, table: str, kept: dict[bool, Bools]) -> Found:
    """Pairs of the table's records that are no copies (``blocking.collapse``).

    Of few records these are all pairs. Of many they are those that share a key, within forces (False) or across (True), and
    have a code that ``kept`` marks for their kind, shape (``CODES``,).
    """
    from splink.backends.spark import SparkAPI

    SparkAPI(spark_session=session, break_lineage_method="persist", num_partitions_on_repartition=8)  # brings its functions
    with work_folder(session) as folder, _as_before(session):
        count = _hand_over(session, connection, table, folder)
        if all_are_compared(count):
            return _found(session.sql(_levels_sql(table, all_pairs_sql(f"{table}_whole"))), [])
        return _of_many(session, table, count, kept)


def kept_codes(drawn: dict[bool, Strangers], possible: dict[bool, float], records: int) -> dict[bool, Bools]:
    """The codes with which the model looks at a pair again, by kind: it is worth weighing, and may be of another kind than
    strangers before anything is learnt. For ``compare_on_spark``; the arguments are those of ``people.possible_codes``.
    """
    worth = worth_weighing(np.arange(CODES))
    return {kind: worth & codes for kind, codes in possible_codes(drawn, possible, records).items()}


def _of_many(session: Any, table: str, count: int, kept: dict[bool, Bools]) -> Found:
    from pyspark import StorageLevel

    records = f"{table}_whole"
    session.createDataFrame(_rows(kept)).createOrReplaceTempView("kept_codes")
    fit_to(session, count * len(KEYS), COMPILED_FROM)
    # On the workers' own disks, where the records of a block stay together, so that they are sorted once.
    keyed = session.sql(keyed_sql(records)).persist(StorageLevel.DISK_ONLY)
    keyed.createOrReplaceTempView("keyed")
    sizes = session.sql("SELECT key, size, count(*) DIV size AS blocks FROM keyed GROUP BY key, size").toArrow()
    plans = plan_keys(sizes["key"].to_numpy(), sizes["size"].to_numpy(), sizes["blocks"].to_numpy(), count)
    fit_to(session, sum(plan.pairs for plan in plans), COMPILED_FROM)
    levels = _levels_sql(table, pairs_of_keys_sql("keyed", records, plans))
    # An ordinary join with codes that are there once: what a semi-join asks for is calculated twice.
    query = f"SELECT /*+ BROADCAST(k) */ first, second, code FROM ({levels}) JOIN kept_codes k USING (across, code)"
    found = _found(session.sql(query), [plan.sampled for plan in plans if plan.sampled])
    keyed.unpersist()
    return found


def _levels_sql(table: str, pairs: str) -> str:
    """Pairs (first, second) with whether they are across forces, and their code."""
    return f"""SELECT p.first, p.second, NOT (l.force <=> r.force) AS across, CAST({code_sql(SPARK)} AS INTEGER) AS code
               FROM {pairs_sql(f"({pairs})", table)}"""


def _rows(kept: dict[bool, Bools]) -> pa.Table:
    codes = {kind: np.flatnonzero(of_kind) for kind, of_kind in kept.items()}
    across = np.repeat(list(codes), [len(of_kind) for of_kind in codes.values()]).astype(bool)
    return pa.table({"across": across, "code": np.concatenate(list(codes.values())).astype(np.int32)})


def _found(frame: Any, sampled: list[Sampled]) -> Found:
    table = frame.select("first", "second", "code").toArrow()
    columns = {name: table[name].to_numpy() for name in table.column_names}
    del table
    order = np.argsort(columns["first"].astype(np.int64) << 32 | columns["second"])
    for name, column in columns.items():
        columns[name] = column[order]  # one after another, since of a nation each is half a gigabyte
    return Found(**columns, sampled=sampled)


def _hand_over(session: Any, connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> int:
    """Write records that are no copies, and nicknames, as Parquet, and make each a view of the session. How many records."""
    columns = ", ".join(dict.fromkeys(("number", "force", *COLUMNS, *ORDER)))
    # Spark's numbers have a sign; the order stays as it is.
    home = f"(hash(ad, ph)::HUGEINT - {2**63})::BIGINT AS home_number"
    records = f"SELECT *, {home} FROM {table}_whole ANTI JOIN {table}_copies USING (number)"
    written = [
        _write(session, connection, f"SELECT {query}", folder / f"{name}.parquet")
        for name, query in {
            f"{table}_whole": f"{columns} FROM ({records})",
            f"{table}_nicknames": f"one, other FROM {table}_nicknames",
        }.items()
    ]
    return written[0]


def _write(session: Any, connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write what a query finds as a Parquet file, which the session reads as a view of the file's name. How many rows."""
    target = str(path).replace("'", "''")
    rows = connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, ROW_GROUP_SIZE {GROUP})").fetchall()[0][0]
    session.read.parquet(path.as_uri()).createOrReplaceTempView(path.stem)
    return int(rows)


@contextmanager
def _as_before(session: Any) -> Iterator[None]:
    """What ``fit_to`` sets is as before after the block; not after an error, which may have ended the session."""
    names = ("spark.sql.shuffle.partitions", "spark.sql.codegen.wholeStage", "spark.sql.codegen.factoryMode")
    before = {name: session.conf.get(name) for name in names}
    yield
    for name, value in before.items():
        session.conf.set(name, value)
