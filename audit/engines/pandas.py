"""pandas, in memory: for data that fits, and as a second opinion."""

from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audit.engines.engine import Engine, Frames, with_months
from synthetic.contract import RECORDED, TABLES
from synthetic.dataset import ARROW_TYPES, Dataset


class Pandas(Engine):
    """pandas on columns of Arrow, in this process."""

    name = "pandas"

    def frames(self, dataset: Dataset, connection: duckdb.DuckDBPyConnection, master: str | None = None) -> Frames:
        return with_months({name: _frame(dataset, name) for name in RECORDED})


def _frame(dataset: Dataset, table: str) -> nw.LazyFrame[Any]:
    schema = pa.schema([(field.name, ARROW_TYPES[field.kind]) for field in TABLES[table].fields])
    if table == "involvements":
        schema = schema.append(pa.field("force", pa.string()))
    parts = [_read(path, schema) for path in dataset.files(table)]
    together = pa.concat_tables(parts) if parts else schema.empty_table()
    return nw.from_native(together.to_pandas(types_mapper=pd.ArrowDtype)).lazy()


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    """A file with every column of the schema, those that it leaves out with nothing in them; the force from its name."""
    there = pq.ParquetFile(path).schema_arrow.names
    found = pq.read_table(path, columns=[name for name in schema.names if name in there], partitioning=None)
    columns = [
        found[field.name].cast(field.type) if field.name in there else pa.nulls(found.num_rows, field.type) for field in schema
    ]
    table = pa.table(columns, schema=schema)
    if "force" in there or "force" not in schema.names:
        return table
    force = pa.array([path.stem] * found.num_rows, pa.string())
    return table.set_column(schema.get_field_index("force"), "force", force)
