"""The provenance gate.

It lets a folder pass only where the manifest is valid, every file is listed, whole and unchanged, every column is one that
the contract knows, every identifying value carries a mark that no real record has, and every recorded row has at least one
such value. It has no switch. Its errors name the table and what is wrong, never a value.

What this proves: no extract of a real system passes, since real identifiers, postcodes and telephone numbers have no such
marks. What it does not prove: the marks cannot stop someone who forges them. Names, dates of birth and addresses carry none.
"""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from synthetic.contract import TABLES, marked_fields
from synthetic.dataset.datapackage import DATAPACKAGE
from synthetic.dataset.manifest import (
    ADOPTED_IDS,
    ARROW_TYPES,
    Adopted,
    Dataset,
    FileEntry,
    Generated,
    Manifest,
    TableEntry,
    file_hash,
    stamps_of,
)
from synthetic.errors import InputError


def load(path: str | Path) -> Dataset:
    """The dataset in a folder, once it has passed the provenance gate; raises InputError with one sentence."""
    folder = folder_of(path)
    manifest = read_manifest(folder)
    stamps = stamps_of(folder, manifest)
    check_dataset(folder, manifest)
    return Dataset(folder, manifest, stamps)


def folder_of(path: str | Path) -> Path:
    """The folder that a path or a ``file:`` address names; InputError of an address of another kind.

    >>> folder_of("file:///shared/my%20data")
    PosixPath('/shared/my data')
    """
    text = str(path)
    if text.startswith("file:/"):
        return Path(unquote("/" + text.removeprefix("file:").lstrip("/")))
    if re.match(r"[a-z][a-z0-9+.-]+:/", text):
        raise InputError(None, "A dataset is read from a folder, or a file: address of one; mount what lies elsewhere.")
    return Path(path)


def check_dataset(folder: Path, manifest: Manifest) -> None:
    """Compare a folder with a manifest: files, hashes, row counts, columns and marks; raises InputError with one sentence."""
    _check_files(folder, manifest)
    _check_datapackage(folder)
    _check_tables(folder, manifest)


def read_manifest(folder: Path) -> Manifest:
    """The manifest in a dataset's folder, which may yet fail the gate; raises InputError with one sentence."""
    if not folder.is_dir():
        raise InputError(None, "There is no such dataset folder; name one that `python -m synthetic generate` has written.")
    try:
        text = (folder / "dataset.json").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            None, "The folder has no dataset.json that can be read; only datasets that this project wrote can be loaded."
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
            None, f"The dataset.json is not valid{where}; generate the dataset again, or restore the file it was written with."
        ) from None


_MANIFEST_WORDS = {name for model in (Manifest, Generated, Adopted, FileEntry, TableEntry) for name in model.model_fields}


def _check_files(folder: Path, manifest: Manifest) -> None:
    """Every listed file lies in the folder, whole and unchanged, and no other file does."""
    allowed = {*TABLES, ADOPTED_IDS}
    listed: set[str] = set()
    for table, entry in manifest.tables.items():
        if table not in allowed:
            raise InputError(None, "The dataset.json lists a table that is not part of the format; remove it.")
        for file in entry.files:
            stem = file.path.removeprefix(f"{table}/").removesuffix(".parquet")
            expected = "adopted_ids.parquet" if table == ADOPTED_IDS else f"{table}/{stem}.parquet"
            if file.path != expected or (table != ADOPTED_IDS and stem not in manifest.forces):
                raise InputError(
                    None,
                    f"The dataset.json lists a file of {table} that is not in its place, {table}/<force>.parquet with a "
                    "listed force; no file outside of the folder is ever read.",
                )
            if file.path in listed:
                raise InputError(None, f"The dataset.json lists a file of {table} twice; restore the file it was written with.")
            listed.add(file.path)
            _check_file(folder, table, file)
        if entry.rows != sum(file.rows for file in entry.files):
            raise InputError(None, f"The row counts of {table} in dataset.json do not add up; generate the dataset again.")
    missing = [name for name in ("units", "persons", "crimes", "involvements") if name not in manifest.tables]
    if missing:
        raise InputError(None, f"The dataset lacks the table {missing[0]}; every dataset has it, if need be with no rows.")
    for path in folder.rglob("*"):
        if path.is_symlink() or (
            path.is_file() and path.relative_to(folder).as_posix() not in listed | {"dataset.json", DATAPACKAGE}
        ):
            raise InputError(
                None,
                "The folder holds a file that dataset.json does not list, or a link; remove it, since what is not listed "
                "has no provenance.",
            )


def _check_datapackage(folder: Path) -> None:
    """Nothing reads ``datapackage.json``, but its format lets data stand in it, which would have no provenance."""
    path = folder / DATAPACKAGE
    if not path.exists():
        return
    try:
        resources = json.loads(path.read_text(encoding="utf-8"))["resources"]
        named = all(isinstance(one["path"], str | list) and "data" not in one for one in resources)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        named = False
    if not named:
        raise InputError(
            None, "The datapackage.json does not just name the dataset's files; remove it, since nothing here needs it."
        )


def _check_file(folder: Path, table: str, file: FileEntry) -> None:
    path = folder / file.path
    if path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(None, f"A file of {table} that dataset.json lists is missing; restore it or generate the dataset again.")
    if file_hash(path) != file.sha256:
        raise InputError(None, f"A file of {table} has changed since it was written; restore it or generate the dataset again.")
    try:
        rows = pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowException):
        raise InputError(None, f"A file of {table} is not a Parquet file that can be read; generate the dataset again.") from None
    if rows != file.rows:
        raise InputError(None, f"A file of {table} has another number of rows than dataset.json says; generate the dataset again.")


def _check_tables(folder: Path, manifest: Manifest) -> None:
    with duckdb.connect() as connection:
        for table, entry in manifest.tables.items():
            for file in entry.files:
                if table == ADOPTED_IDS:
                    _check_adopted_ids(folder / file.path)
                    continue
                _check_columns(table, pq.read_schema(folder / file.path))
                _check_marks(connection, table, folder / file.path)
        if manifest.provenance.kind == "adopted":
            _check_true_people(connection, folder, manifest)


def _check_adopted_ids(path: Path) -> None:
    if pq.read_schema(path).names != ["person_id", "source_id"]:
        raise InputError(None, "The file adopted_ids.parquet must have the columns person_id and source_id and no other.")


def _check_columns(table: str, schema: pa.Schema) -> None:
    fields = {field.name: field for field in TABLES[table].fields}
    if set(schema.names) - set(fields):
        raise InputError(
            None,
            f"A file of {table} has a column that the format does not know; remove it, since a column without a "
            "declaration could hold a real person's data.",
        )
    for name, field in fields.items():
        if name not in schema.names:
            if field.nullable:
                continue
            raise InputError(None, f"A file of {table} lacks the column {name}; add it.")
        found = schema.field(name).type
        if not (found.equals(ARROW_TYPES[field.kind]) or _same_kind(field.kind, found)):
            raise InputError(None, f"The column {name} of {table} must be of the type {ARROW_TYPES[field.kind]}; convert it.")


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
    required = [name for name in marks if not TABLES[table].is_truth]
    if required:
        conditions["row"] = " AND ".join(f"{name} IS NULL" for name in required)
    if not conditions:
        return
    counts = ", ".join(f"count(*) FILTER ({condition})" for condition in conditions.values())
    found = connection.execute(f"SELECT {counts} FROM read_parquet(?)", [str(path)]).fetchall()[0]
    for name, count in zip(conditions, found, strict=True):
        if count:
            raise InputError(None, f"In {table}, a {name} {UNMARKED}")


UNMARKED = (
    "lacks the mark of synthetic data, so the dataset is refused: real records cannot be loaded here. Public synthetic sets "
    "come in by `python -m synthetic benchmark`."
)


def _check_true_people(connection: duckdb.DuckDBPyConnection, folder: Path, manifest: Manifest) -> None:
    """In records that were brought in, every true person belongs to a marked person record or to an event.

    The truth's people carry names and no mark of their own, so a mere list of people cannot come in as a truth.
    """
    tables = {name: [str(folder / file.path) for file in entry.files] for name, entry in manifest.tables.items()}
    if not tables.get("truth/people"):
        return
    named = [
        (name, column)
        for name, columns in (("truth/identities", ("person_key",)), ("truth/events", ("suspect_key", "victim_key")))
        for column in columns
        if tables.get(name)
    ]
    keys = " UNION ".join(f"SELECT {column} AS person_key FROM read_parquet(${n + 2})" for n, (_, column) in enumerate(named))
    query = f"SELECT count(*) FROM read_parquet($1) ANTI JOIN ({keys}) USING (person_key)" if named else "SELECT 1"
    arguments = [tables["truth/people"], *(tables[name] for name, _ in named)] if named else []
    if connection.execute(query, arguments).fetchall()[0][0]:
        raise InputError(None, "In truth/people, somebody belongs to no person record and to no event; remove the row.")
