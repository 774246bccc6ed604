"""The engines, one class each: from a dataset folder to lazy frames on DuckDB, pandas or Spark.

A new engine is a class in a module of its own, and a line in ``ENGINES``.
"""

from duckdb import DuckDBPyConnection  # the module itself would be this package's duckdb

from audit.engines.duckdb import DuckDB, connect, connect_tables, duckdb_frames
from audit.engines.engine import (
    ALL_ROWS,
    KEYS,
    LINKS,
    ON_RECORD,
    Ask,
    Engine,
    Frames,
    asked_of,
    grouped_by,
    listed_column,
    with_months,
)
from audit.engines.pandas import Pandas
from audit.engines.spark import Spark, spark_session
from synthetic.dataset import Dataset
from synthetic.errors import InputError

__all__ = [
    "ALL_ROWS", "ENGINES", "KEYS", "LINKS", "ON_RECORD", "Ask", "Engine", "Frames", "asked_of", "connect", "connect_tables",
    "duckdb_frames", "engine_of", "frames", "grouped_by", "listed_column", "spark_session", "with_months",
]  # fmt: skip

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (DuckDB(), Pandas(), Spark())}
"""Every engine by its name."""


def engine_of(name: str) -> Engine:
    """The named engine; InputError where there is no such engine."""
    if name not in ENGINES:
        raise InputError("engine", f"takes one of {', '.join(ENGINES)}.")
    return ENGINES[name]


def frames(engine: str, dataset: Dataset, connection: DuckDBPyConnection, master: str | None = None) -> Frames:
    """The recorded tables on the named engine; InputError where there is no such engine."""
    return engine_of(engine).frames(dataset, connection, master)
