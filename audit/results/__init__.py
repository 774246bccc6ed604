"""The results folder: ``audit.json`` and tidy Parquet tables, how they are written and read."""

import glob
import json
import os
import shutil
import threading
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from audit.results.notebook import scorecard_html
from audit.results.schemas import SCHEMAS, empty, to_arrow
from audit.results.summary import AWAITED, NOT_YET, DatasetSummary, ForceSummary, IdentitySummary, Options, Status, Summary
from synthetic.dataset import clear_leftovers, staged_folder
from synthetic.errors import InputError

__all__ = [
    "AWAITED", "NOT_YET", "SCHEMAS", "DatasetSummary", "ForceSummary", "IdentitySummary", "Options", "Results", "Status", "Summary",
    "check_free", "empty", "read_results", "replace_results", "to_arrow", "write_results",
]  # fmt: skip


@dataclass(frozen=True)
class Results:
    """The results of one audit: the summary, and a frame for each table of ``SCHEMAS``, read from its file when first asked for."""

    summary: Summary
    tables: Mapping[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def _repr_html_(self) -> str:
        """The scorecard, which a notebook displays."""
        return scorecard_html(self.summary)

    def with_tables(self, summary: Summary, **tables: pd.DataFrame) -> "Results":
        """The same results under another summary, with some tables replaced."""
        # Only the first of the chain is ever written to, and nobody does.
        return Results(summary, ChainMap(tables, self.tables))  # type: ignore[arg-type]


def check_free(out: Path) -> None:
    """Refuse an output folder that is in use before the work begins; raises InputError."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(None, "The output folder exists and is not empty; name another one or remove it first.")


def write_results(results: Results, out: Path) -> None:
    """Write the results folder ``out``, which must not exist or be empty; nothing half-written is ever left there."""
    with staged_folder(out) as folder:
        for name in SCHEMAS:
            pq.write_table(to_arrow(name, results.tables[name]), folder / f"{name}.parquet", compression="zstd")
        text = json.dumps(results.summary.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / "audit.json").write_text(text + "\n", encoding="utf-8")


def replace_results(results: Results, target: Path) -> None:
    """Write results in the place of those in ``target``: beside it first, then renamed, so that either stands there whole."""
    clear_leftovers(target)
    beside = target.with_name(f".{target.name}.partial-{os.getpid()}-judged")
    before = target.with_name(f".{target.name}.before-{os.getpid()}")
    write_results(results, beside)
    try:
        target.rename(before)
        beside.rename(target)
    except OSError:
        if before.exists() and not target.exists():
            before.rename(target)
        shutil.rmtree(beside, ignore_errors=True)
        raise InputError(
            None, "The results folder cannot be written; name a folder by --out in a place where you may write."
        ) from None
    shutil.rmtree(before, ignore_errors=True)


def _put_back(target: Path) -> None:
    """Put back what a judge that was killed between its two renames had moved aside."""
    if target.exists() or not target.parent.is_dir():
        return
    for path in sorted(target.parent.glob(f".{glob.escape(target.name)}.before-*")):
        if (path / "audit.json").is_file() and not Path(f"/proc/{path.name.rpartition('-')[2]}").exists():
            path.rename(target)
            return


def read_results(path: str | Path) -> Results:
    """The results in a folder; raises InputError with one sentence."""
    folder = Path(path)
    _put_back(folder)
    try:
        text = (folder / "audit.json").read_text(encoding="utf-8")
        if OLD_FORMAT in text:
            raise InputError(None, OLD_RESULTS)
        summary = Summary.model_validate_json(text)
    except (OSError, UnicodeDecodeError):
        raise InputError(
            None, "There is no audit.json in the results folder; name one that `python -m audit run` has written."
        ) from None
    except ValidationError:
        raise InputError(None, "The audit.json is not of this version's format; run the audit again.") from None
    for name, schema in SCHEMAS.items():
        try:
            stored = pq.read_schema(folder / f"{name}.parquet")
        except (OSError, pa.ArrowException):
            raise InputError(None, UNREADABLE.format(name)) from None
        same = stored.names == list(schema) and all(map(_alike, stored.types, schema.values()))
        if not same:
            raise InputError(None, f"The columns of {name}.parquet are not those of this version; run the audit again.")
    return Results(summary, _Stored(folder))


def _alike(stored: pa.DataType, declared: pa.DataType) -> bool:
    """Whether a column may be read as the declared type: text as text, numbers as numbers; a column of nothing as anything."""
    kinds = (pa.types.is_integer, pa.types.is_floating), (pa.types.is_string, pa.types.is_large_string), (pa.types.is_boolean,)
    either = [[any(is_so(one) for is_so in kind) for kind in kinds] for one in (stored, declared)]
    return pa.types.is_null(stored) or stored == declared or (any(either[0]) and either[0] == either[1])


OLD_FORMAT = '"force-data-audit/1"'
OLD_RESULTS = (
    "These results were written by version 0.1, whose statuses were judged by other rules; run `python -m audit run` on the "
    "dataset again, into a new folder."
)
UNREADABLE = "The results folder has no {}.parquet that can be read; run the audit again."


class _Stored(Mapping[str, pd.DataFrame]):
    """The tables of a results folder; each is read once, when first asked for: of a nation some have millions of rows."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.frames, self.lock = folder, dict[str, pd.DataFrame](), threading.Lock()

    def __getitem__(self, name: str) -> pd.DataFrame:
        with self.lock:
            if name not in self.frames:
                if name not in SCHEMAS:
                    raise KeyError(name)
                try:
                    self.frames[name] = pq.read_table(self.folder / f"{name}.parquet").to_pandas()
                except (OSError, pa.ArrowException):
                    raise InputError(None, UNREADABLE.format(name)) from None
            return self.frames[name]

    def __iter__(self) -> Iterator[str]:
        return iter(SCHEMAS)

    def __len__(self) -> int:
        return len(SCHEMAS)
