"""A series: datasets of one world, extracted month after month, and ``series.json``, which lists them and what was changed."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

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
    days = [extract.as_of for extract in manifest.extracts]
    if days != sorted(set(days)):
        raise InputError(None, "The extracts of the series are not in order of time; generate the series again.")
    return Series(folder, manifest)
