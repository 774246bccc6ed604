"""The dataset folder: one Parquet file a force and table, a manifest, and the provenance gate."""

from synthetic.dataset.gate import check_dataset, folder_of, load
from synthetic.dataset.manifest import (
    ADOPTED_IDS,
    ARROW_TYPES,
    Adopted,
    ChangeMade,
    Dataset,
    FileEntry,
    FixMade,
    Generated,
    Manifest,
    TableEntry,
    file_hash,
)
from synthetic.dataset.series import SERIES_FILE, Extract, Series, load_series, write_series
from synthetic.dataset.storage import clear_leftovers, reading, staged_file, staged_folder, write_manifest, write_table

__all__ = [
    "ADOPTED_IDS",
    "ARROW_TYPES",
    "SERIES_FILE",
    "Adopted",
    "ChangeMade",
    "Dataset",
    "Extract",
    "FileEntry",
    "FixMade",
    "Generated",
    "Manifest",
    "Series",
    "TableEntry",
    "check_dataset",
    "clear_leftovers",
    "file_hash",
    "folder_of",
    "load",
    "load_series",
    "reading",
    "staged_file",
    "staged_folder",
    "write_manifest",
    "write_series",
    "write_table",
]
