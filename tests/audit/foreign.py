"""Datasets that the generator did not make, written from plain rows."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from synthetic.contract import TABLES
from synthetic.dataset import ARROW_TYPES, Adopted, Dataset, Manifest, TableEntry, load, write_manifest, write_table


def write_dataset(folder: Path, tables: dict[str, list[dict[str, Any]]], forces: list[str], as_of: str) -> Dataset:
    """A dataset of rows by table; a row's file is that of its ``force``, or of its crime's, or the first force's."""
    crime_force = {row["crime_id"]: row["force"] for row in tables.get("crimes", [])}
    entries = {}
    for name, rows in tables.items():
        schema = pa.schema([(field.name, ARROW_TYPES[field.kind]) for field in TABLES[name].fields])
        files = []
        for force in forces:
            mine = [
                {field.name: _plain(field.kind, row.get(field.name)) for field in TABLES[name].fields}
                for row in rows
                if row.get("force", crime_force.get(row.get("crime_id", ""), forces[0])) == force
            ]
            if mine:
                files.append(write_table(folder, name, force, pa.Table.from_pylist(mine, schema=schema)))
        entries[name] = TableEntry(rows=sum(file.rows for file in files), files=files)
    provenance = Adopted(source="made in a test", statement="No real person.")
    folder.mkdir(exist_ok=True)
    write_manifest(folder, Manifest(provenance=provenance, as_of=date.fromisoformat(as_of), forces=forces, tables=entries))
    return load(folder)


def _plain(kind: str, value: Any) -> Any:
    if isinstance(value, np.datetime64 | np.generic):
        value = value.item()
    return date.fromisoformat(value) if kind == "date" and isinstance(value, str) else value
