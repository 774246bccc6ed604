"""Spark, on this machine's cores or on a cluster."""

import os
import shutil
import time
import warnings
from typing import Any

import duckdb
import narwhals as nw

from audit.engines.engine import Engine, Frames, with_months
from synthetic.contract import RECORDED, TABLES
from synthetic.dataset import Dataset
from synthetic.errors import InputError

_TYPES = {"string": "string", "date": "date", "boolean": "boolean", "integer": "bigint"}
MOST_MEMORY = 4
"""GiB at most for the driver, and half of this machine's memory; it holds plans and small tables, no records."""
COMPILED_FROM = 2_000_000
"""Rows from which compiling the checks takes less time than it saves."""
ROWS_A_TASK = 250_000
PATIENCE = 60.0
"""Seconds that a cluster has to give a first executor."""
_GONE = (
    "OutOfMemoryError", "Java heap space", "Job aborted", "SparkContext was shut down", "Cannot call methods on a stopped",
    "Connection refused", "Answer from Java side is empty", "Error while sending or receiving", "has been evicted", "ExecutorLost",
)  # fmt: skip
"""In the text of an error, signs that Spark itself gave up, and not the question that it was asked."""


class Spark(Engine):
    """Spark: on this machine's cores, or on the cluster at ``master``."""

    name = "spark"

    def frames(self, dataset: Dataset, connection: duckdb.DuckDBPyConnection, master: str | None = None) -> Frames:
        session = self.session(master)
        _fit_to(session, max(entry.rows for entry in dataset.manifest.tables.values()))
        return with_months({name: _frame(session, dataset, name) for name in RECORDED})

    def session(self, master: str | None = None) -> Any:
        return spark_session(master)

    def gave_up(self, error: Exception) -> InputError | None:
        text = str(error)
        if "OutOfMemoryError" in text or "Java heap space" in text:
            return InputError(
                None, "Spark ran out of memory; give it more by SPARK_DRIVER_MEMORY or SPARK_EXECUTOR_MEMORY, such as 8g."
            )
        if any(sign in text for sign in _GONE):
            return InputError(
                None, "Spark gave up while it worked; check the cluster's workers, and that each can read the dataset's folder."
            )
        return None


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


def _fit_to(session: Any, rows: int) -> None:
    """As many tasks as the rows need; of few rows the hundreds of sums are not compiled, which takes longer than they do."""
    cores = session.sparkContext.defaultParallelism
    session.conf.set("spark.sql.shuffle.partitions", str(max(cores, rows // ROWS_A_TASK + 1)))
    compiled = rows >= COMPILED_FROM
    session.conf.set("spark.sql.codegen.wholeStage", str(compiled).lower())
    session.conf.set("spark.sql.codegen.factoryMode", "FALLBACK" if compiled else "NO_CODEGEN")


def spark_session(master: str | None = None) -> Any:
    """The Spark session of this process, on the cluster at ``master`` or on this machine's cores.

    Raises InputError where Spark or its Java is not installed, or the cluster is not there or has nothing free.
    """
    try:
        from pyspark.sql import SparkSession
        from splink.backends.spark import similarity_jar_location
    except ImportError:
        raise InputError("engine", "spark needs Spark: install this project with the extra spark, and Java 17 or newer.") from None
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise InputError("engine", "spark needs Java 17 or newer on the machine that starts the work.")
    # It asks for an older pandas; tests cover what is used of it here.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    wanted = master or "local[*]"
    running = SparkSession.getActiveSession()
    if running is not None and running.sparkContext.master == wanted:
        return running
    if running is not None:
        running.stop()
    builder = SparkSession.builder.appName("force data bench").master(wanted)
    for name, value in _settings(master, similarity_jar_location()).items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF" if master else "ERROR")
    except Exception:
        raise InputError(None, "Spark did not start; check --master, and that Java 17 or newer is there.") from None
    if master is not None:
        _wait_for_executor(session)
    return session


def _settings(master: str | None, jar: str) -> dict[str, str]:
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.jars": jar,  # Splink's distances between names
        # The driver keeps no plan of what is done, and says nothing of plans that are long.
        "spark.sql.ui.retainedExecutions": "1",
        "spark.sql.debug.maxToStringFields": "1000",
        "spark.driver.memory": os.environ.get("SPARK_DRIVER_MEMORY") or f"{_memory_here()}g",
    }
    if executor := os.environ.get("SPARK_EXECUTOR_MEMORY"):
        settings["spark.executor.memory"] = executor
    if master is None or "//127.0.0.1" in master or "//localhost" in master:
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return settings


def _memory_here() -> int:
    """GiB for the driver."""
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return max(1, min(MOST_MEMORY, here // 2))


def _wait_for_executor(session: Any) -> None:
    """A cluster without a free worker lets its work wait without end: better a sentence."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() > 1:  # the driver is one
            return
        time.sleep(0.1)
    session.stop()
    raise InputError(
        "master",
        "names a cluster without a free worker: start one with a core and 1 GiB free for this work, or give less by "
        "SPARK_EXECUTOR_MEMORY.",
    )
