"""Reading a dataset with DuckDB, and writing files and folders so that nothing half-written is ever left."""

import contextlib
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic.dataset.datapackage import DATAPACKAGE, datapackage_text
from synthetic.dataset.manifest import Dataset, FileEntry, Manifest, file_hash, stamps_of
from synthetic.errors import InputError

ALL_DIFFERENT = {
    *("person_id", "crime_id", "event_key", "person_key", "suspect_key", "victim_key"),
    *("household_key", "record_id", "true_value", "address", "postcode", "phone"),
}


@contextlib.contextmanager
def reading(dataset: Dataset) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection to read a dataset with, which spills into the temporary folder what memory cannot hold.

    Raises InputError where a file is changed, moved or removed between the gate and the end of the block, and where memory
    and disk do not suffice.
    """
    before = dataset.stamps or stamps_of(dataset.path, dataset.manifest)
    spill = Path(tempfile.gettempdir()) / f"force-data-{os.getpid()}-{secrets.token_hex(4)}"
    config: dict[str, Any] = {"temp_directory": str(spill), "memory_limit": MEMORY}
    try:
        with duckdb.connect(config=config) as connection:
            # What takes long reports its own progress, on standard error.
            connection.execute("SET enable_progress_bar = false")
            # A view is bound again at each step of an expression; the files' footers are read only once.
            connection.execute("SET parquet_metadata_cache = true")
            yield connection
    except duckdb.OutOfMemoryException:
        raise InputError(
            None, "There is too little memory and temporary disk for this dataset; free some, or take fewer forces at a time."
        ) from None
    except (duckdb.Error, OSError, pa.ArrowException):
        if stamps_of(dataset.path, dataset.manifest) != before:
            raise InputError(None, CHANGED) from None
        raise
    finally:
        shutil.rmtree(spill, ignore_errors=True)
    if stamps_of(dataset.path, dataset.manifest) != before:
        raise InputError(None, CHANGED)


@contextlib.contextmanager
def holding_less(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """What the connection's database holds in memory goes to the temporary folder at once, but for ``LESS_MEMORY``, to the end of
    the block: what works beside it needs the room."""
    connection.execute(f"SET memory_limit = '{LESS_MEMORY}'")
    try:
        yield
    finally:
        connection.execute(f"SET memory_limit = '{MEMORY}'")


def give_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Memory of tables that were dropped goes back to the system, which the database would keep for others."""
    with holding_less(connection):
        pass


CHANGED = "The dataset was changed while it was read, so nothing was kept; run the command again once nobody writes to it."
MEMORY = "5GB"
"""What DuckDB may hold in memory; what is more goes to the temporary folder."""
LESS_MEMORY = "1GB"


def write_table(folder: Path, table: str, force: str, content: pa.Table) -> FileEntry:
    """Write one force's part of a table below ``folder`` and return its manifest entry."""
    path = folder / table / f"{force}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without Arrow's own schema in the file, dictionary-encoded columns read back as the strings and dates they are.
    # LZ4, no dictionary where nearly every value is another, and no least and greatest texts, which are half of the rest of the
    # work and rule no part of a file out: a third of the time of the writer's defaults.
    dictionaries = [field.name for field in content.schema if field.name not in ALL_DIFFERENT]
    ranged = [field.name for field in content.schema if pa.types.is_primitive(field.type)]
    pq.write_table(
        content,
        path,
        compression="lz4",
        use_dictionary=dictionaries,
        write_statistics=ranged,
        store_schema=False,
        row_group_size=1 << 18,
    )
    return FileEntry(path=f"{table}/{force}.parquet", rows=content.num_rows, sha256=file_hash(path))


def write_manifest(folder: Path, manifest: Manifest, name: str = "dataset.json") -> None:
    """Write the manifest, the last file of a dataset, and ``datapackage.json`` before it; the manifest under another name where it
    is to be renamed once whole.
    """
    with staged_file(folder / DATAPACKAGE, part_of_folder=True) as beside:
        beside.write_text(datapackage_text(folder, manifest), encoding="utf-8")
    content = manifest.model_dump(mode="json")
    content["provenance"] = {name: value for name, value in content["provenance"].items() if value is not None}
    content = {name: value for name, value in content.items() if value or name not in ("changes", "fixes")}
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / name).write_text(text + "\n", encoding="utf-8")


MANIFESTS = ("audit.json", "dataset.json", "series.json", "datapackage.json")
"""Files without which a folder is no dataset, results or series."""


@contextlib.contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` to write in, renamed to it when the block ends well and removed when it does not.

    A folder that was left behind by a run that was killed is cleared away by the next one. Raises InputError where the
    target exists, the place cannot be written to, or the disk is full.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow a link that the user meant to keep
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(None, "The output folder exists and is not empty; name another one or remove it first.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(target)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.partial-{os.getpid()}-", dir=target.parent))
    except OSError:
        raise InputError(None, "The output folder cannot be written; name one in a place where you may write.") from None
    try:
        yield staging
        staging.chmod(0o755)
        staging.rename(target)
    except OSError as error:
        raise InputError(None, _write_failure(error)) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def staged_file(target: Path, part_of_folder: bool = False) -> Iterator[Path]:
    """A file beside ``target`` to write, which takes its place when the block ends well; raises InputError where it cannot.

    A table or manifest of a dataset or of results is never replaced, unless the file is meant as a part of its folder.
    """
    if not part_of_folder and target.exists() and (target.suffix == ".parquet" or target.name in MANIFESTS):
        raise InputError(None, "The output is a file of a dataset or of results, which would be lost; name another file.")
    if not target.name:
        raise InputError(None, "The output must be the name of a file; name one in a place where you may write.")
    beside = target.with_name(f".{target.name}.partial-{os.getpid()}-")
    try:
        clear_leftovers(target)
        yield beside
        beside.replace(target)
    except OSError as error:
        raise InputError(None, _write_failure(error)) from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _write_failure(error: OSError) -> str:
    if error.errno == 28:
        return "The disk is full; nothing was kept. Free some room, or name an output on another disk."
    if isinstance(error, FileExistsError) or error.errno == 39:
        return "Another run has written the output folder meanwhile; what it wrote was kept. Name another folder."
    return "The output could not be written; nothing was kept. Name one in a place where you may write."


def clear_leftovers(target: Path) -> None:
    """Remove what runs that were killed have left beside a target."""
    pattern = re.compile(re.escape(f".{target.name}.partial-") + r"(\d+)-")
    for path in target.parent.iterdir():
        found = pattern.match(path.name)
        if not found or Path(f"/proc/{found[1]}").exists() or not Path("/proc").exists():
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
