"""DuckDB, embedded in this process: larger than memory, and the engine unless another is chosen."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb
import narwhals as nw
import pyarrow as pa

from audit.engines.engine import ALL_ROWS, KEYS, ON_RECORD, Engine, Frame, Frames, listed_column, with_months
from synthetic.contract import RECORDED, TABLES, blanks
from synthetic.dataset import Dataset, reading
from synthetic.dataset.storage import MEMORY

SQL_TYPES = {"string": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN", "integer": "BIGINT"}

# A missing class, or one that is blank as other software writes it, means crime.
_IS_CRIME = "({0} IS NOT DISTINCT FROM 'crime' OR {1})"
CRIMES_ONLY = f"""
CREATE VIEW other_records AS SELECT hash(crime_id) AS crime FROM all_records
    WHERE record_class <> 'crime' AND crime_id IS NOT NULL AND NOT {blanks.blank_sql("record_class")};
CREATE VIEW crimes AS SELECT * FROM all_records WHERE {_IS_CRIME.format("record_class", blanks.blank_sql("record_class"))};
CREATE VIEW involvements AS SELECT * FROM all_involvements WHERE crime_id IS NULL OR hash(crime_id) NOT IN (FROM other_records);
CREATE VIEW truth_events AS SELECT * FROM all_truth_events
    WHERE {_IS_CRIME.format("event_class", blanks.blank_sql("event_class"))};
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
        connection.execute(CRIMES_ONLY)
        yield connection


@contextmanager
def connect_tables(force: str, tables: Mapping[str, pa.Table]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same connection to one force's tables in memory, by the names of the contract, such as the generator makes them."""
    with (
        tempfile.TemporaryDirectory(prefix="force-data-") as spill,  # its own would be a folder in the working directory
        duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": spill}) as connection,
    ):
        connection.execute("SET enable_progress_bar = false")
        for name, table in TABLES.items():
            connection.register("made", tables[name])
            columns = ", ".join(f'"{field.name}"::{SQL_TYPES[field.kind]} AS "{field.name}"' for field in table.fields)
            extra = f", '{force}' AS force" if name == "involvements" else ""
            connection.execute(f"CREATE TABLE {ALL_ROWS.get(name, name.replace('/', '_'))} AS SELECT {columns}{extra} FROM made")
            connection.unregister("made")
        connection.execute(CRIMES_ONLY)
        yield connection


def duckdb_frames(connection: duckdb.DuckDBPyConnection) -> Frames:
    """The recorded tables as lazy frames on DuckDB.

    Rows are joined by 64-bit hashes of identifiers, half the work that text is: among ten million, the chance that two share one
    is three in a million.
    """
    frames = {}
    for name in RECORDED:
        fields = TABLES[name].fields
        extra = [
            f"CASE WHEN {field.name} IS NOT NULL THEN hash({field.name}) END AS {KEYS[field.name]}"
            for field in fields
            if field.name in KEYS
        ]
        for field in fields:
            if field.codes:
                # A cast looks at each text of a column's dictionary once, a list at each row's.
                codes = ", ".join(f"'{code}'" for code in field.codes)
                extra.append(f"TRY_CAST({field.name} AS ENUM ({codes})) IS NOT NULL AS {listed_column(field.name)}")
        columns = ", ".join(["*", *extra])
        frames[name] = nw.from_native(connection.sql(f"SELECT {columns} FROM {ALL_ROWS.get(name, name)}"))
    return _Frames(connection, with_months(frames))


class _Frames(dict[str, Frame]):
    """Frames of which ``ON_RECORD``, asked for by many checks, is counted once, when the first asks."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, frames: Frames) -> None:
        super().__init__(frames)
        self.connection, self.counted = connection, False

    def __getitem__(self, name: str) -> Frame:
        if name == ON_RECORD and not self.counted:
            table = f"{ON_RECORD}_counted"
            lazy = super().__getitem__(name).to_native()
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {lazy.sql_query()}")
            self[name] = nw.from_native(self.connection.table(table))
            self.counted = True
        return super().__getitem__(name)


class DuckDB(Engine):
    """DuckDB on this machine."""

    name = "duckdb"

    def frames(self, dataset: Dataset, connection: duckdb.DuckDBPyConnection, master: str | None = None) -> Frames:
        return duckdb_frames(connection)


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
