"""From a dataset folder to lazy frames on DuckDB, pandas or Spark, each row with its force and month.

``month`` is the first day of the month of recorded_on, else reported_on, for crimes and their involvements, and of
created_on for person records. A column that a dataset leaves out is there with nothing in it.

``crimes`` holds rows whose class is crime, ``involvements`` the links of all but incidents and cancelled crimes, and
``truth_events`` events that were crimes. What has rows of every class is ``all_records``, ``all_involvements`` and
``all_truth_events``.
"""

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd

from synthetic.contract import RECORDED, TABLES
from synthetic.dataset import ARROW_TYPES, Dataset, reading
from synthetic.errors import InputError

Frames = dict[str, nw.LazyFrame[Any]]

LINKS = "links"
"""The involvements without their crimes' months: what needs no month is spared the join."""

SQL_TYPES = {"string": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN", "integer": "BIGINT"}


ALL_ROWS = {"crimes": "all_records", "involvements": "all_involvements", "truth/events": "all_truth_events"}
"""Tables with rows that are not about crimes, and the view or frame that holds all of them."""

# A missing class means crime. The other rows are few, so their identifiers are put aside once.
_CRIMES_ONLY = """
CREATE TEMP TABLE other_records AS SELECT crime_id FROM all_records WHERE record_class <> 'crime';
CREATE VIEW crimes AS SELECT * FROM all_records WHERE coalesce(record_class, 'crime') = 'crime';
CREATE VIEW involvements AS SELECT * FROM all_involvements ANTI JOIN other_records USING (crime_id);
CREATE VIEW truth_events AS SELECT * FROM all_truth_events WHERE coalesce(event_class, 'crime') = 'crime';
"""


@contextmanager
def connect(dataset: Dataset) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection with a view for each table, the truth's named ``truth_events`` and so on, and those of all rows.

    Raises InputError where the dataset is changed meanwhile, see ``synthetic.dataset.reading``.
    """
    with reading(dataset) as connection:
        for name in TABLES:
            view = ALL_ROWS.get(name, name.replace("/", "_"))
            connection.execute(f"CREATE VIEW {view} AS {_select(connection, dataset, name)}")
        connection.execute(_CRIMES_ONLY)
        yield connection


def duckdb_frames(connection: duckdb.DuckDBPyConnection) -> Frames:
    """The recorded tables as lazy frames on DuckDB."""
    views = {name: ALL_ROWS.get(name, name) for name in RECORDED}
    return _with_months({name: nw.from_native(connection.sql(f"SELECT * FROM {view}")) for name, view in views.items()})


def pandas_frames(dataset: Dataset) -> Frames:
    """The recorded tables as frames on pandas, in memory."""
    frames = {}
    for name in RECORDED:
        parts = []
        for path in dataset.files(name):
            part = pd.read_parquet(path, dtype_backend="pyarrow").reindex(columns=TABLES[name].columns)
            parts.append(part.assign(force=path.stem) if name == "involvements" else part)
        columns = TABLES[name].columns + (["force"] if name == "involvements" else [])
        frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
        types = {field.name: pd.ArrowDtype(ARROW_TYPES[field.kind]) for field in TABLES[name].fields if field.name in frame}
        frame = frame.astype(
            types | {"force": types.get("force", pd.ArrowDtype(ARROW_TYPES["string"]))} if "force" in frame else types
        )
        frames[name] = nw.from_native(frame).lazy()
    return _with_months(frames)


def spark_frames(dataset: Dataset, master: str | None = None) -> Frames:
    """The recorded tables as lazy frames on Spark: on this machine's cores, or on the cluster at ``master``."""
    session = spark_session(master)
    from pyspark.sql import functions as spark

    types = {"string": "string", "date": "date", "boolean": "boolean", "integer": "bigint"}
    frames = {}
    for name in RECORDED:
        fields = TABLES[name].fields
        schema = ", ".join(f"`{field.name}` {types[field.kind]}" for field in fields)
        files = [path.resolve().as_uri() for path in dataset.files(name)]
        # A column that a file leaves out is read as null, since the schema is given.
        frame = session.read.schema(schema).parquet(*files) if files else session.createDataFrame([], schema)
        if name == "involvements":
            force = spark.regexp_replace("_metadata.file_name", r"\.parquet$", "") if files else spark.lit(None).cast("string")
            frame = frame.withColumn("force", force)
        frames[name] = nw.from_native(frame)
    return _with_months(frames)


def spark_session(master: str | None = None) -> Any:
    """The Spark session of this process; InputError where Spark or its Java is not installed."""
    try:
        from pyspark.sql import SparkSession
        from splink.backends.spark import similarity_jar_location
    except ImportError:
        raise InputError("engine", "spark needs Spark: install this project with the extra spark, and Java 17 or newer.") from None
    if master is None and not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise InputError("engine", "spark needs Java 17 or newer on this machine, or the address of a cluster by --master.")
    # It asks for an older pandas; what is used of it here is held by tests.
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


ENGINES = ("duckdb", "pandas", "spark")


def frames(engine: str, dataset: Dataset, connection: duckdb.DuckDBPyConnection, master: str | None = None) -> Frames:
    """The recorded tables on the named engine; InputError where there is no such engine."""
    if engine == "duckdb":
        return duckdb_frames(connection)
    if engine == "pandas":
        return pandas_frames(dataset)
    if engine == "spark":
        return spark_frames(dataset, master)
    raise InputError("engine", f"takes one of {', '.join(ENGINES)}.")


def _select(connection: duckdb.DuckDBPyConnection, dataset: Dataset, name: str) -> str:
    """SQL that reads a table's files with every column of the contract."""
    files = [str(path).replace("'", "''") for path in dataset.files(name)]
    fields = TABLES[name].fields
    extra = name == "involvements"
    if not files:
        empty = ", ".join(f'NULL::{SQL_TYPES[field.kind]} AS "{field.name}"' for field in fields)
        return f"SELECT {empty}{', NULL::VARCHAR AS force' if extra else ''} WHERE false"
    listed = "read_parquet([" + ", ".join(f"'{path}'" for path in files) + "], union_by_name = true, filename = true)"
    found = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {listed}").fetchall()}
    columns = ", ".join(
        f'"{field.name}"::{SQL_TYPES[field.kind]} AS "{field.name}"'
        if field.name in found
        else f'NULL::{SQL_TYPES[field.kind]} AS "{field.name}"'
        for field in fields
    )
    return f"SELECT {columns}{', parse_filename(filename, true) AS force' if extra else ''} FROM {listed}"


def _with_months(tables: Frames) -> Frames:
    records = tables["crimes"].with_columns(
        month=nw.coalesce(nw.col("recorded_on"), nw.col("reported_on")).dt.truncate("1mo").cast(nw.Date)
    )
    is_crime = nw.col("record_class").fill_null("crime") == "crime"
    crimes, others = records.filter(is_crime), records.filter(~is_crime).select("crime_id")
    involvements = tables["involvements"].join(others, on="crime_id", how="anti")
    of_crime = {"crime_known": nw.lit(True), "crime_domestic_abuse": nw.col("domestic_abuse")}
    months = crimes.select("crime_id", "month", **of_crime).unique("crime_id", keep="any")
    return {
        "units": tables["units"].with_columns(month=nw.lit(None).cast(nw.Date)),
        "persons": tables["persons"].with_columns(month=nw.col("created_on").dt.truncate("1mo").cast(nw.Date)),
        "crimes": crimes,
        "involvements": involvements.join(months, on="crime_id", how="left"),
        LINKS: involvements,
        ALL_ROWS["crimes"]: records,
        ALL_ROWS["involvements"]: tables["involvements"],
    }
