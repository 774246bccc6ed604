"""The dataset folder: one Parquet file a force and table, a manifest, and the provenance gate.

The gate lets a folder pass only where the manifest is valid, every file is listed, whole and unchanged, every column is
one that the contract knows, and every identifying value carries a mark that no real record can have. It has no switch.
Its errors name the table and what is wrong, never a value.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthetic.contract import SLUG, TABLES, InputError, marked_fields

ADOPTED_IDS = "adopted_ids"
ALL_DIFFERENT = {
    *("person_id", "crime_id", "event_key", "person_key", "suspect_key", "victim_key"),
    *("record_id", "true_value", "address", "postcode", "phone"),
}
ARROW_TYPES = {"string": pa.string(), "date": pa.date32(), "boolean": pa.bool_(), "integer": pa.int64()}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Generated(_Model):
    """Provenance of a dataset that the generator made; with ``years`` and ``scale`` its world can be recorded again."""

    kind: Literal["generated"] = "generated"
    generator: str = Field(min_length=1, max_length=100)
    seed: int = Field(ge=0)
    years: float | None = Field(None, gt=0, le=20, allow_inf_nan=False)
    scale: float | None = Field(None, gt=0, le=10, allow_inf_nan=False)


class Adopted(_Model):
    """Provenance of third-party synthetic records that were brought in."""

    kind: Literal["adopted"] = "adopted"
    source: str = Field(min_length=1, max_length=500)
    statement: str = Field(min_length=1, max_length=2000)


class FileEntry(_Model):
    """A file of a table: where it is within the folder, its rows, and the SHA-256 of its bytes."""

    path: str
    rows: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class TableEntry(_Model):
    """A table: its rows, and its files."""

    rows: int = Field(ge=0)
    files: list[FileEntry]


class Manifest(_Model):
    """``dataset.json``: what the dataset is, where it comes from, and every file with its hash."""

    format: Literal["synthetic-force-data/1"] = "synthetic-force-data/1"
    provenance: Annotated[Generated | Adopted, Field(discriminator="kind")]
    as_of: date
    forces: list[Annotated[str, Field(pattern=SLUG)]] = Field(min_length=1)
    profile: dict[str, Any] | None = None
    tables: dict[str, TableEntry]


@dataclass(frozen=True)
class Dataset:
    """A dataset that has passed the gate."""

    path: Path
    manifest: Manifest
    stamps: dict[str, tuple[int, int, int]] | None = dataclasses.field(default=None, repr=False, compare=False)
    """What told each file from a later version of it when the gate read it."""

    @property
    def forces(self) -> list[str]:
        return self.manifest.forces

    @property
    def has_truth(self) -> bool:
        """Whether every truth table that the effect needs is there."""
        return all(name in self.manifest.tables for name in ("truth/people", "truth/events", "truth/identities"))

    def files(self, table: str, force: str | None = None) -> list[Path]:
        """The Parquet files of a table, of one force or of all; none where the dataset has no such table."""
        entry = self.manifest.tables.get(table)
        paths = [self.path / file.path for file in entry.files] if entry else []
        return [path for path in paths if force is None or path.stem == force]


def load(path: str | Path) -> Dataset:
    """The dataset in a folder, once it has passed the provenance gate; raises InputError with one sentence."""
    folder = Path(path)
    manifest = _read_manifest(folder)
    stamps = _stamps(folder, manifest)
    _check_files(folder, manifest)
    _check_tables(folder, manifest)
    return Dataset(folder, manifest, stamps)


@contextlib.contextmanager
def reading(dataset: Dataset) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection to read a dataset with, which spills into the temporary folder what memory cannot hold.

    Raises InputError where a file is changed, moved or removed between the gate and the end of the block, and where memory
    and disk do not suffice.
    """
    before = dataset.stamps or _stamps(dataset.path, dataset.manifest)
    spill = Path(tempfile.gettempdir()) / f"force-data-{os.getpid()}-{secrets.token_hex(4)}"
    config: dict[str, Any] = {"temp_directory": str(spill), "memory_limit": MEMORY}
    try:
        with duckdb.connect(config=config) as connection:
            # What takes long tells its own progress, on standard error.
            connection.execute("SET enable_progress_bar = false")
            # A view is bound anew at each step of an expression; the files' footers need be read once only.
            connection.execute("SET parquet_metadata_cache = true")
            yield connection
    except duckdb.OutOfMemoryException:
        raise InputError(
            "There is too little memory and temporary disk for this dataset; free some, or take fewer forces at a time."
        ) from None
    except (duckdb.Error, OSError, pa.ArrowException):
        if _stamps(dataset.path, dataset.manifest) != before:
            raise InputError(CHANGED) from None
        raise
    finally:
        shutil.rmtree(spill, ignore_errors=True)
    if _stamps(dataset.path, dataset.manifest) != before:
        raise InputError(CHANGED)


CHANGED = "The dataset was changed while it was read, so nothing was kept; run the command again once nobody writes to it."
MEMORY = "5GB"
"""What DuckDB may hold in memory; what is more goes to the temporary folder."""


def _stamps(folder: Path, manifest: Manifest) -> dict[str, tuple[int, int, int]]:
    """Number on the disk, size and time of change of every file of a dataset that is there."""
    stamps = {}
    for name in ("dataset.json", *(file.path for entry in manifest.tables.values() for file in entry.files)):
        with contextlib.suppress(OSError, ValueError):
            told = (folder / name).stat()
            stamps[name] = (told.st_ino, told.st_size, told.st_mtime_ns)
    return stamps


def write_table(folder: Path, table: str, force: str, content: pa.Table) -> FileEntry:
    """Write one force's part of a table below ``folder`` and return its manifest entry."""
    path = folder / table / f"{force}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without Arrow's own schema in the file, dictionary-encoded columns read back as the strings and dates they are.
    # LZ4 and no dictionary where nearly every value is another: half the time of the writer's defaults.
    dictionaries = [name for name in content.column_names if name not in ALL_DIFFERENT]
    pq.write_table(content, path, compression="lz4", use_dictionary=dictionaries, store_schema=False, row_group_size=1 << 18)
    return FileEntry(path=f"{table}/{force}.parquet", rows=content.num_rows, sha256=file_hash(path))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``dataset.json``, the last file of a dataset."""
    content = manifest.model_dump(mode="json")
    content["provenance"] = {name: value for name, value in content["provenance"].items() if value is not None}
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / "dataset.json").write_text(text + "\n", encoding="utf-8")


def file_hash(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` to write in, renamed to it when the block ends well and removed when it does not.

    A folder that was left behind by a run that was killed is cleared away by the next one. Raises InputError where the
    target exists, the place cannot be written to, or the disk is full.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow a link that the user meant to keep
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError("The output folder exists and is not empty; name another one or remove it first.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(target)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.partial-{os.getpid()}-", dir=target.parent))
    except OSError:
        raise InputError("The output folder cannot be written; name one in a place where you may write.") from None
    try:
        yield staging
        staging.chmod(0o755)
        staging.rename(target)
    except OSError as error:
        raise InputError(_write_failure(error)) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def staged_file(target: Path) -> Iterator[Path]:
    """A file beside ``target`` to write, which takes its place when the block ends well; raises InputError where it cannot."""
    if not target.name:
        raise InputError("The output must be the name of a file; name one in a place where you may write.")
    beside = target.with_name(f".{target.name}.partial-{os.getpid()}-")
    try:
        clear_leftovers(target)
        yield beside
        beside.replace(target)
    except OSError as error:
        raise InputError(_write_failure(error)) from None
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


def _read_manifest(folder: Path) -> Manifest:
    if not folder.is_dir():
        raise InputError("There is no such dataset folder; name one that `python -m synthetic generate` has written.")
    try:
        text = (folder / "dataset.json").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            "The folder has no dataset.json that can be read; only datasets that this project wrote can be loaded."
        ) from None
    try:
        return Manifest.model_validate_json(text)
    except (ValidationError, RecursionError) as error:
        where = ""
        if isinstance(error, ValidationError):
            location = error.errors(include_input=False, include_url=False)[0]["loc"]
            known = [str(part) for part in location if part in _MANIFEST_WORDS]
            where = f" at {'.'.join(known)}" if known else ""
        raise InputError(
            f"The dataset.json is not valid{where}; generate the dataset anew, or restore the file it was written with."
        ) from None


_MANIFEST_WORDS = {name for model in (Manifest, Generated, Adopted, FileEntry, TableEntry) for name in model.model_fields}


def _check_files(folder: Path, manifest: Manifest) -> None:
    """Every listed file lies in the folder, whole and unchanged, and no other file does."""
    allowed = {*TABLES, ADOPTED_IDS}
    listed: set[str] = set()
    for table, entry in manifest.tables.items():
        if table not in allowed:
            raise InputError("The dataset.json lists a table that is not part of the format; remove it.")
        for file in entry.files:
            stem = file.path.removeprefix(f"{table}/").removesuffix(".parquet")
            expected = "adopted_ids.parquet" if table == ADOPTED_IDS else f"{table}/{stem}.parquet"
            if file.path != expected or (table != ADOPTED_IDS and stem not in manifest.forces):
                raise InputError(
                    f"The dataset.json lists a file of {table} that is not in its place, {table}/<force>.parquet with a "
                    "listed force; no file outside of the folder is ever read."
                )
            if file.path in listed:
                raise InputError(f"The dataset.json lists a file of {table} twice; restore the file it was written with.")
            listed.add(file.path)
            _check_file(folder, table, file)
        if entry.rows != sum(file.rows for file in entry.files):
            raise InputError(f"The row counts of {table} in dataset.json do not add up; generate the dataset anew.")
    missing = [name for name in ("units", "persons", "crimes", "involvements") if name not in manifest.tables]
    if missing:
        raise InputError(f"The dataset lacks the table {missing[0]}; every dataset has it, if need be with no rows.")
    for path in folder.rglob("*"):
        if path.is_symlink() or (path.is_file() and path.relative_to(folder).as_posix() not in listed | {"dataset.json"}):
            raise InputError(
                "The folder holds a file that dataset.json does not list, or a link; remove it, since what is not listed "
                "has no provenance."
            )


def _check_file(folder: Path, table: str, file: FileEntry) -> None:
    path = folder / file.path
    if path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"A file of {table} that dataset.json lists is missing; restore it or generate the dataset anew.")
    if file_hash(path) != file.sha256:
        raise InputError(f"A file of {table} has changed since it was written; restore it or generate the dataset anew.")
    try:
        rows = pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowException):
        raise InputError(f"A file of {table} is not a Parquet file that can be read; generate the dataset anew.") from None
    if rows != file.rows:
        raise InputError(f"A file of {table} has another number of rows than dataset.json says; generate the dataset anew.")


def _check_tables(folder: Path, manifest: Manifest) -> None:
    with duckdb.connect() as connection:
        for table, entry in manifest.tables.items():
            for file in entry.files:
                if table == ADOPTED_IDS:
                    _check_adopted_ids(folder / file.path)
                    continue
                _check_columns(table, pq.read_schema(folder / file.path))
                _check_marks(connection, table, folder / file.path)


def _check_adopted_ids(path: Path) -> None:
    if pq.read_schema(path).names != ["person_id", "source_id"]:
        raise InputError("The file adopted_ids.parquet must have the columns person_id and source_id and no other.")


def _check_columns(table: str, schema: pa.Schema) -> None:
    fields = {field.name: field for field in TABLES[table].fields}
    if set(schema.names) - set(fields):
        raise InputError(
            f"A file of {table} has a column that the format does not know; remove it, since a column without a "
            "declaration could hold a real person's data."
        )
    for name, field in fields.items():
        if name not in schema.names:
            if field.nullable:
                continue
            raise InputError(f"A file of {table} lacks the column {name}; add it.")
        found = schema.field(name).type
        if not (found.equals(ARROW_TYPES[field.kind]) or _same_kind(field.kind, found)):
            raise InputError(f"The column {name} of {table} must be of the type {ARROW_TYPES[field.kind]}; convert it.")


def _same_kind(kind: str, found: pa.DataType) -> bool:
    if pa.types.is_null(found):
        return True
    if kind == "string":
        inner = found.value_type if pa.types.is_dictionary(found) else found
        return pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner)
    return kind == "integer" and pa.types.is_integer(found)


def _check_marks(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """Every identifying value carries its mark; so do the true values of identifying fields in the ledger."""
    marks = {name: mark for name, mark in marked_fields(table).items() if name in pq.read_schema(path).names}
    conditions = {name: f"{name} IS NOT NULL AND NOT regexp_matches({name}, '{mark}')" for name, mark in marks.items()}
    if table == "truth/defects":
        for name in ("postcode", "phone", "person_id", "crime_id"):
            mark = next(m for t in ("persons", "crimes") for f, m in marked_fields(t).items() if f == name)
            conditions[f"true {name}"] = f"field = '{name}' AND true_value IS NOT NULL AND NOT regexp_matches(true_value, '{mark}')"
    if not conditions:
        return
    counts = ", ".join(f"count(*) FILTER ({condition})" for condition in conditions.values())
    found = connection.execute(f"SELECT {counts} FROM read_parquet(?)", [str(path)]).fetchall()[0]
    for name, count in zip(conditions, found, strict=True):
        if count:
            raise InputError(
                f"In {table}, a {name} lacks the mark of synthetic data, so the dataset is refused: real records can not be "
                "loaded here, and synthetic ones from elsewhere come in by `python -m synthetic adopt`."
            )
