"""The manifest of a dataset folder: where the dataset comes from, its period, and every file with its hash."""

import contextlib
import dataclasses
import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from synthetic.contract import SLUG

ADOPTED_IDS = "adopted_ids"
ARROW_TYPES = {"string": pa.string(), "date": pa.date32(), "boolean": pa.bool_(), "integer": pa.int64()}


class StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Generated(StrictModel):
    """Provenance of a dataset that the generator made; with ``years`` and ``scale`` its world can be recorded again."""

    kind: Literal["generated"] = "generated"
    generator: str = Field(min_length=1, max_length=100)
    seed: int = Field(ge=0)
    years: float | None = Field(None, gt=0, le=20, allow_inf_nan=False)
    scale: float | None = Field(None, gt=0, le=10, allow_inf_nan=False)


class Adopted(StrictModel):
    """Provenance of records that this project did not generate: a public benchmark, or a researcher's own packed tables."""

    kind: Literal["adopted"] = "adopted"
    source: str = Field(min_length=1, max_length=500)
    statement: str = Field(min_length=1, max_length=2000)


class ChangeMade(StrictModel):
    """From ``since`` on records are made as in another profile, in one force or in all."""

    since: date
    profile: str
    force: str | None = None
    defects: list[str] | None = None
    """Names of the defects whose rate is another from then on; None where that was not written down."""


class FixMade(StrictModel):
    """From ``since`` on so large a share of what a profile's key sets is repaired, in one force or in all."""

    since: date
    key: str
    share: float = Field(ge=0, le=1)
    force: str | None = None
    defects: list[str] = Field(default_factory=list)
    """Names of the defects whose rate the key is."""


class FileEntry(StrictModel):
    """A file of a table: where it is within the folder, its rows, and the SHA-256 of its bytes."""

    path: str
    rows: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class TableEntry(StrictModel):
    """A table: its rows, and its files."""

    rows: int = Field(ge=0)
    files: list[FileEntry]


class Manifest(StrictModel):
    """``dataset.json``: what the dataset is, where it comes from, and every file with its hash."""

    format: Literal["synthetic-force-data/1"] = "synthetic-force-data/1"
    provenance: Annotated[Generated | Adopted, Field(discriminator="kind")]
    as_of: date
    period_start: date | None = None
    """The first day that the dataset covers, where it is known."""
    forces: list[Annotated[str, Field(pattern=SLUG)]] = Field(min_length=1)
    profile: dict[str, Any] | None = None
    changes: list[ChangeMade] = Field(default_factory=list)
    """Changes of profile that were made by the last day."""
    fixes: list[FixMade] = Field(default_factory=list)
    """Repairs that were made by the last day."""
    tables: dict[str, TableEntry]


@dataclass(frozen=True)
class Dataset:
    """A dataset that has passed the gate."""

    path: Path
    manifest: Manifest
    stamps: dict[str, tuple[int, int, int]] | None = dataclasses.field(default=None, repr=False, compare=False)
    """Number, size and time of each file when the gate read it; a later version of the file differs."""

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


def file_hash(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamps_of(folder: Path, manifest: Manifest) -> dict[str, tuple[int, int, int]]:
    """Number on the disk, size and time of change of every file of a dataset that is there."""
    stamps = {}
    for name in ("dataset.json", *(file.path for entry in manifest.tables.values() for file in entry.files)):
        with contextlib.suppress(OSError, ValueError):
            status = (folder / name).stat()
            stamps[name] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return stamps
