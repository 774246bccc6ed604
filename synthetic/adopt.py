"""Bring in third-party *synthetic* person records (FEBRL, pseudopeople): re-keyed, marked, and with their source stated."""

import csv
import io
import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from synthetic.contract import TABLES
from synthetic.dataset import (
    ADOPTED_IDS,
    ARROW_TYPES,
    Adopted,
    Dataset,
    FileEntry,
    Manifest,
    TableEntry,
    file_hash,
    load,
    staged_folder,
    write_manifest,
    write_table,
)
from synthetic.errors import InputError
from synthetic.recording.tables import numbered, phone_texts, postcode_texts

FORCE = "adopted"
FIELDS = ("forename", "surname", "date_of_birth", "sex", "ethnicity", "address", "postcode", "phone")
MOST_COLUMNS = 500
# Tried in this order; where more than one fits and they differ, the user says which.
DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y%m%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%Y/%m/%d",
)
SEXES = {"m": "M", "male": "M", "f": "F", "female": "F"}


def adopt(
    source_file: str | Path,
    out: str | Path,
    mapping: dict[str, str],
    source: str,
    statement: str,
    id_column: str | None = None,
    date_format: str | None = None,
    as_of: date = date(2025, 3, 31),
) -> Dataset:
    """Write a dataset of person records alone, all of the force ``adopted``, from a CSV or Parquet file.

    ``mapping`` gives the file's column for each field (several joined by ``+`` are put together with blanks between).
    Postcodes and phones are moved into the marked ranges one-to-one, identifiers made anew and kept beside the source's
    in ``adopted_ids.parquet``. ``source`` and ``statement`` say where the records come from and that they are synthetic.
    Raises InputError with one sentence, which echoes no value of the file.
    """
    if not source.strip() or not statement.strip():
        raise InputError(None, "--source and --statement must say where the records come from and that nobody in them is real.")
    table = _read(Path(source_file))
    chosen = _columns(table, mapping)
    if id_column is not None and id_column not in table:
        raise InputError("id", "must name a column of the file.")
    persons = _persons(chosen, date_format, as_of)
    source_ids = table[id_column] if id_column else pd.Series(np.arange(1, len(table) + 1)).astype("str")
    texts = pa.array([None if pd.isna(one) else str(one) for one in source_ids], pa.string())
    ids = pa.table({"person_id": persons["person_id"], "source_id": texts})
    with staged_folder(Path(out)) as folder:
        tables = {}
        for name in ("units", "persons", "crimes", "involvements"):
            schema = pa.schema([(field.name, ARROW_TYPES[field.kind]) for field in TABLES[name].fields])
            entry = write_table(folder, name, FORCE, persons if name == "persons" else schema.empty_table())
            tables[name] = TableEntry(rows=entry.rows, files=[entry])
        tables[ADOPTED_IDS] = _write_ids(folder, ids)
        provenance = Adopted(source=source, statement=statement)
        write_manifest(folder, Manifest(provenance=provenance, as_of=as_of, forces=[FORCE], tables=tables))
    return load(out)


def parse_mapping(text: str) -> dict[str, str]:
    """``forename=given_name,…`` as a dictionary; raises InputError."""
    mapping = {}
    for part in text.split(","):
        name, separator, column = (piece.strip() for piece in part.partition("="))
        if not separator or name not in FIELDS or not column or name in mapping:
            raise InputError("map", f"takes field=column pairs with commas, each field once, out of: {', '.join(FIELDS)}.")
        mapping[name] = column
    return mapping


def _write_ids(folder: Path, ids: pa.Table) -> TableEntry:
    import pyarrow.parquet as pq

    path = folder / "adopted_ids.parquet"
    pq.write_table(ids, path)
    entry = FileEntry(path=path.name, rows=ids.num_rows, sha256=file_hash(path))
    return TableEntry(rows=ids.num_rows, files=[entry])


def _read(path: Path) -> pd.DataFrame:
    """The file's cells as text, blanks as missing, with columns stripped of blanks around their names."""
    if not path.is_file():
        raise InputError(None, "There is no such file to adopt; name a CSV or Parquet file.")
    try:
        if path.suffix.lower() == ".parquet":
            frame = pd.read_parquet(path)
            frame = frame.apply(lambda column: column.astype("object").where(column.notna(), "").astype("str"))
        else:
            frame = _read_csv(path)
    except InputError:
        raise
    except Exception:  # readers raise what they like; the cells must not be echoed
        raise InputError(None, "The file is not CSV or Parquet that can be read; save it as CSV in UTF-8 and try again.") from None
    frame.columns = [str(name).strip() for name in frame.columns]
    if frame.columns.duplicated().any():
        raise InputError(None, "The file has two columns of one name; rename one of them.")
    if len(frame.columns) > MOST_COLUMNS:
        raise InputError(None, f"The file has more than {MOST_COLUMNS} columns; keep those that are adopted.")
    if frame.empty:
        raise InputError(None, "The file has no rows; name one that has records.")
    return frame.map(lambda cell: cell.strip() if isinstance(cell, str) else cell).replace("", None)


def _read_csv(path: Path) -> pd.DataFrame:
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        if encoding == "utf-16" and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise InputError(None, "The file is neither UTF-8 nor Windows text; save it as CSV in UTF-8 and try again.")
    csv.field_size_limit(1 << 20)
    rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True))
    rows = [row for row in rows if row]
    if not rows:
        raise InputError(None, "The file has no rows; name one that has records.")
    if any(len(row) != len(rows[0]) for row in rows):
        raise InputError(None, "The rows of the file have different numbers of cells; mend the quotes or commas in it.")
    return pd.DataFrame(rows[1:], columns=rows[0], dtype="object")


def _columns(table: pd.DataFrame, mapping: dict[str, str]) -> dict[str, pd.Series]:
    if not mapping:
        raise InputError("map", f"must name at least one field, out of: {', '.join(FIELDS)}.")
    chosen = {}
    for field, listed in mapping.items():
        names = [name.strip() for name in listed.split("+")]
        if any(name not in table for name in names):
            raise InputError("map", f"names a column for {field} that the file does not have.")
        joined = table[names[0]]
        for name in names[1:]:
            joined = joined.str.cat(table[name], sep=" ", na_rep="").str.strip().replace("", None)
        chosen[field] = joined
    return chosen


def _persons(chosen: dict[str, pd.Series], date_format: str | None, as_of: date) -> pa.Table:
    count = len(next(iter(chosen.values())))
    columns: dict[str, pa.Array] = {
        "person_id": numbered("SYN-A-", np.arange(1, count + 1)),
        "force": pa.array([FORCE] * count, pa.string()),
        "created_on": pa.array([as_of] * count, pa.date32()),
        "source_system": pa.array(["records"] * count, pa.string()),
    }
    for field in FIELDS:
        column = chosen.get(field, pd.Series([None] * count, dtype="object"))
        if field == "date_of_birth":
            columns[field] = pa.array(parse_dates(column, date_format), pa.date32())
        elif field == "postcode":
            columns[field] = postcode_texts(_one_to_one(column, r"\s+"))
        elif field == "phone":
            columns[field] = phone_texts(_one_to_one(column, r"\D+"))
        else:
            texts = column.map(_sex) if field == "sex" else column
            columns[field] = pa.array([None if pd.isna(text) else str(text) for text in texts], pa.string())
    return pa.table({name: columns[name] for name in TABLES["persons"].columns})


def _sex(text: object) -> str | None:
    return None if pd.isna(text) else SEXES.get(str(text).lower(), "U")


def _one_to_one(column: pd.Series, ignored: str) -> np.ndarray:
    """A number for each different value, -1 for none; what matches ``ignored`` makes no difference."""
    bare = column.map(lambda text: None if pd.isna(text) else re.sub(ignored, "", str(text)).upper() or None)
    codes, _ = pd.factorize(bare, sort=True)
    return codes.astype(np.int64)


def parse_dates(column: pd.Series, date_format: str | None = None) -> list[date | None]:
    """Dates in one of the usual spellings, the same for the whole column; what is no date becomes missing.

    Raises InputError where no spelling fits half of the values, or where two fit and give different dates.
    """
    given = column.notna()
    if not given.any():
        return [None] * len(column)
    texts = column.where(given, "").astype("str").str.replace(r"[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$", "", regex=True)
    parsed = {}
    for spelling in (date_format,) if date_format else DATE_FORMATS:
        # Without separators strptime takes shorter numbers for dates too.
        exact = texts if spelling != "%Y%m%d" else texts.where(texts.str.fullmatch(r"\d{8}"), "")
        try:
            parsed[spelling] = pd.to_datetime(exact, format=spelling, errors="coerce")
        except ValueError:
            raise InputError("date_format", "takes a form such as %d/%m/%Y.") from None
    share = {spelling: float(days[given].notna().mean()) for spelling, days in parsed.items()}
    best = max(share.values())
    if best < 0.5:
        raise InputError(None, "The dates are in no spelling that is known here; name it with --date-format, as in %d/%m/%Y.")
    fitting = [spelling for spelling, value in share.items() if value >= best - 1e-12]
    first = parsed[fitting[0]]
    if any(not parsed[other].equals(first) for other in fitting[1:]):
        raise InputError(None, "The dates can be read in two ways; name theirs with --date-format, as in %d/%m/%Y.")
    return [None if pd.isna(day) else day.date() for day in first]
