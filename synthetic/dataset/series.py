"""A series: datasets of one world, extracted month after month, and ``series.json``, which lists them and what was changed."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from synthetic.dataset.gate import read_manifest
from synthetic.dataset.manifest import ChangeMade, FixMade, StrictModel
from synthetic.errors import InputError

SERIES_FILE = "series.json"


class Extract(StrictModel):
    """An extract: its last day, and its folder within the series."""

    as_of: date
    path: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")


class SeriesManifest(StrictModel):
    """``series.json``: the extracts in order of time, and the changes and fixes made on the way."""

    format: Literal["synthetic-force-data-series/1"] = "synthetic-force-data-series/1"
    extracts: list[Extract] = Field(min_length=1)
    changes: list[ChangeMade] = Field(default_factory=list)
    fixes: list[FixMade] = Field(default_factory=list)


@dataclass(frozen=True)
class Series:
    """A series in a folder. Its datasets are yet to pass the gate, each by itself."""

    path: Path
    manifest: SeriesManifest

    @property
    def folders(self) -> list[Path]:
        """The datasets' folders, in order of time."""
        return [self.path / extract.path for extract in self.manifest.extracts]

    @cached_property
    def forces(self) -> list[str]:
        """The forces of the extracts."""
        return read_manifest(self.folders[0]).forces


def write_series(folder: Path, extracts: list[Extract], changes: list[ChangeMade], fixes: list[FixMade]) -> SeriesManifest:
    """Write ``series.json``, the last file of a series."""
    manifest = SeriesManifest(extracts=extracts, changes=changes, fixes=fixes)
    text = json.dumps(manifest.model_dump(mode="json"), indent=1)
    (folder / SERIES_FILE).write_text(text + "\n", encoding="utf-8")
    return manifest


def load_series(path: str | Path) -> Series:
    """The series in a folder; raises InputError with one sentence."""
    folder = Path(path)
    try:
        content = json.loads((folder / SERIES_FILE).read_text(encoding="utf-8"))
        manifest = SeriesManifest.model_validate(content)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise InputError(
            None, "The folder has no series.json that can be read; `python -m synthetic generate OUT --extracts 12` makes a series."
        ) from None
    except ValidationError:
        raise InputError(None, "The series.json is not valid; generate the series again.") from None
    _check_months([extract.as_of for extract in manifest.extracts])
    series = Series(folder, manifest)
    _check_folders(series)
    return series


def _check_months(days: list[date]) -> None:
    """Each extract is of the month after that of the one before, and ends with its month."""
    if days != sorted(set(days)):
        raise InputError(None, "The extracts of the series are not in order of time; generate the series again.")
    months = [12 * day.year + day.month for day in days]
    whole = all(day == date.max or (day + timedelta(days=1)).day == 1 for day in days)
    if not whole or months != list(range(months[0], months[0] + len(months))):
        raise InputError(
            None,
            "A month is missing between two extracts of the series, or one does not end with its month; generate the series again.",
        )


def _check_folders(series: Series) -> None:
    """Each folder has the extract that ``series.json`` says, and all are of one world and of the same forces."""
    manifests = [read_manifest(folder) for folder in series.folders]
    if [manifest.as_of for manifest in manifests] != [extract.as_of for extract in series.manifest.extracts]:
        raise InputError(None, "A folder of the series has an extract of another day than its name says; put it back in its place.")
    if any((one.provenance, one.forces) != (manifests[0].provenance, manifests[0].forces) for one in manifests):
        raise InputError(None, "The extracts of the series are of different worlds or forces; generate the series again.")
