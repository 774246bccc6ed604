"""Spark, on this machine's cores or on a cluster."""

import os
import shutil
import warnings
from typing import Any

import duckdb
import narwhals as nw

from audit.engines.engine import Engine, Frames, with_months
from synthetic.contract import RECORDED, TABLES
from synthetic.dataset import Dataset
from synthetic.errors import InputError

_TYPES = {"string": "string", "date": "date", "boolean": "boolean", "integer": "bigint"}


class Spark(Engine):
    """Spark: on this machine's cores, or on the cluster at ``master``."""

    name = "spark"

    def frames(self, dataset: Dataset, connection: duckdb.DuckDBPyConnection, master: str | None = None) -> Frames:
        session = self.session(master)
        return with_months({name: _frame(session, dataset, name) for name in RECORDED})

    def session(self, master: str | None = None) -> Any:
        return spark_session(master)


def _frame(session: Any, dataset: Dataset, table: str) -> nw.LazyFrame[Any]:
    from pyspark.sql import functions as spark

    schema = ", ".join(f"`{field.name}` {_TYPES[field.kind]}" for field in TABLES[table].fields)
    files = [path.resolve().as_uri() for path in dataset.files(table)]
    # A column that a file leaves out is read as null, since the schema is given.
    frame = session.read.schema(schema).parquet(*files) if files else session.createDataFrame([], schema)
    if table == "involvements":
        force = spark.regexp_replace("_metadata.file_name", r"\.parquet$", "") if files else spark.lit(None).cast("string")
        frame = frame.withColumn("force", force)
    return nw.from_native(frame)


def spark_session(master: str | None = None) -> Any:
    """The Spark session of this process; InputError where Spark or its Java is not installed."""
    try:
        from pyspark.sql import SparkSession
        from splink.backends.spark import similarity_jar_location
    except ImportError:
        raise InputError("engine", "spark needs Spark: install this project with the extra spark, and Java 17 or newer.") from None
    if master is None and not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise InputError("engine", "spark needs Java 17 or newer on this machine, or the address of a cluster by --master.")
    # It asks for an older pandas; tests cover what is used of it here.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    builder = SparkSession.builder.appName("force data bench")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.jars": similarity_jar_location(),  # Splink's distances between names
    }
    if master is None:
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.memory": "4g"}
        settings |= {"spark.sql.shuffle.partitions": "4"}
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        session = builder.master(master or "local[*]").getOrCreate()
    except Exception:
        raise InputError(None, "Spark did not start; check --master, and that Java 17 or newer is there.") from None
    session.sparkContext.setLogLevel("ERROR")
    return session
