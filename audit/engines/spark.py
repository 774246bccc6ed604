"""Spark, on this machine's cores or on a cluster."""

import contextlib
import logging
import os
import secrets
import shutil
import socket
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa

from audit.engines.engine import LINKS, Ask, Engine, Frames, with_months
from audit.engines.watch import LOST, executors, watch
from synthetic.contract import RECORDED, TABLES, blanks
from synthetic.dataset import Dataset, clear_leftovers
from synthetic.errors import InputError

_TYPES = {"string": "string", "date": "date", "boolean": "boolean", "integer": "bigint"}
MOST_MEMORY = 4
"""GiB at most for the driver, and half of this machine's memory; it holds plans and small tables, no records."""
COMPILED_FROM = 2_000_000
"""Rows from which compiling the checks takes less time than it saves."""
ROWS_A_TASK = 250_000
PATIENCE = 60.0
"""Seconds that a cluster has to give a first executor."""
PATIENCE_FOR_ANOTHER = 60.0
"""Seconds that a cluster has to give another executor when the last is lost."""
BESIDE = "spark.audit.beside"
"""Setting of a session: the dataset, beside which every worker can read."""
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
        try:
            session.conf.set(BESIDE, str(dataset.path.resolve()))
            fit_to(session, max(entry.rows for entry in dataset.manifest.tables.values()))
            frames = with_months({name: _frame(session, dataset, name) for name in RECORDED})
            for name, frame in {"crimes": frames["crimes"], "involvements": frames[LINKS]}.items():
                nw.to_native(frame).createOrReplaceTempView(name)
            return frames
        except Exception as error:
            raise (self.gave_up(error) or error) from None

    def session(self, master: str | None = None) -> Any:
        return spark_session(master)

    def asked(self, connection: duckdb.DuckDBPyConnection, master: str | None = None) -> Ask:
        session = self.session(master)

        def ask(sql: Callable[[blanks.Dialect], str]) -> pa.Table:
            try:
                return session.sql(sql("spark")).toArrow()
            except Exception as error:
                raise (self.gave_up(error) or error) from None

        return ask

    def gave_up(self, error: Exception) -> InputError | None:
        text = str(error)
        if "OutOfMemoryError" in text or "Java heap space" in text:
            return InputError(
                None, "Spark ran out of memory; give it more by SPARK_DRIVER_MEMORY or SPARK_EXECUTOR_MEMORY, such as 8g."
            )
        if LOST in text:
            return InputError(
                None,
                "The cluster lost its last worker while it worked, and got no other in time; start one and run the command again.",
            )
        if _java_ended():
            return InputError(
                None,
                "Spark's process on this machine ended while it worked; give it more memory by SPARK_DRIVER_MEMORY, such as 8g.",
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


@contextlib.contextmanager
def work_folder(session: Any) -> Iterator[Path]:
    """A folder for tables that the workers read too, removed at the end of the block.

    It is made in ``SPARK_SHARED_FOLDER`` where that is set, in the temporary folder where the workers are on this machine, and
    beside the dataset otherwise. What a run of this machine left behind when it was killed is cleared away. Raises InputError.
    """
    shared = os.environ.get("SPARK_SHARED_FOLDER")
    here = tempfile.gettempdir()
    if shared is None and not _on_this_machine(session.sparkContext.master):
        shared = str(Path(session.conf.get(BESIDE, here)).parent)
    target = Path(shared or here) / f"force-data-spark-{socket.gethostname()}"
    try:
        clear_leftovers(target)
        folder = target.with_name(f".{target.name}.partial-{os.getpid()}-{secrets.token_hex(4)}").resolve()
        folder.mkdir()  # with the usual rights: workers may run as somebody else
    except OSError:
        raise InputError(
            None,
            "Spark needs a folder that this machine can write and every worker can read: the one that the dataset is in, or name "
            "another by SPARK_SHARED_FOLDER.",
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fit_to(session: Any, rows: int, compiled_from: int = COMPILED_FROM) -> None:
    """As many tasks as the rows need; of fewer than ``compiled_from`` the expressions are not compiled, which takes longer than
    they do.
    """
    cores = session.sparkContext.defaultParallelism
    session.conf.set("spark.sql.shuffle.partitions", str(max(cores, rows // ROWS_A_TASK + 1)))
    compiled = rows >= compiled_from
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
    logging.getLogger("py4j").setLevel(logging.CRITICAL)  # a lost connection is reported as an error, once
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
        watch(session, PATIENCE_FOR_ANOTHER)
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
        # A file a force is listed here, not by work of the cluster.
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
        # Pairs come back in batches, which the driver passes on as they arrive.
        "spark.driver.maxResultSize": "0",
        "spark.driver.memory": os.environ.get("SPARK_DRIVER_MEMORY") or f"{_memory_here()}g",
    }
    if executor := os.environ.get("SPARK_EXECUTOR_MEMORY"):
        settings["spark.executor.memory"] = executor
    if _on_this_machine(master or "local"):
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return settings


def _on_this_machine(master: str) -> bool:
    return master.startswith("local") or "//127.0.0.1" in master or "//localhost" in master


def _java_ended() -> bool:
    """Whether the Java process that this one has started for Spark is gone."""
    from pyspark import SparkContext

    process = getattr(SparkContext._gateway, "proc", None)
    return process is not None and process.poll() is not None


def _memory_here() -> int:
    """GiB for the driver."""
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return max(1, min(MOST_MEMORY, here // 2))


def _wait_for_executor(session: Any) -> None:
    """A cluster without a free worker lets its work wait without end: better a sentence."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if executors(session):
            return
        time.sleep(0.1)
    session.stop()
    raise InputError(
        "master",
        "names a cluster without a free worker: start one with a core and 1 GiB free for this work, or give less by "
        "SPARK_EXECUTOR_MEMORY.",
    )
