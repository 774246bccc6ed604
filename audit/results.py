"""The results folder: ``audit.json`` and tidy Parquet tables, their columns, how they are written and read."""

import glob
import json
import os
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.identities.model import Model, model_as_json, read_model
from synthetic.contract import InputError
from synthetic.dataset import clear_leftovers, staged_folder

_TEXT, _COUNT, _SHARE, _DAY = pa.string(), pa.int64(), pa.float64(), pa.date32()

SCHEMAS: dict[str, dict[str, pa.DataType]] = {
    "checks": {
        "check_id": _TEXT,
        "check_type": _TEXT,
        "dimension": _TEXT,
        "needed_for": _TEXT,
        "table": _TEXT,
        "field": _TEXT,
        "force": _TEXT,
        "month": _DAY,
        "failed": _COUNT,
        "total": _COUNT,
        "rate": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
        "threshold": _SHARE,
        "status": _TEXT,
    },
    "identities": {"person_id": _TEXT, "cluster_id": _TEXT},
    "identity_summary": {
        "force": _TEXT,
        "records": _COUNT,
        "clusters": _COUNT,
        "duplicate_rate": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
        "cross_force_rate": _SHARE,
    },
    "identity_pairs": {
        "person_id_l": _TEXT,
        "person_id_r": _TEXT,
        "probability": _SHARE,
        "joined": pa.bool_(),
        "weight_names": _SHARE,
        "weight_date_of_birth": _SHARE,
        "weight_place": _SHARE,
        "weight_phone": _SHARE,
        "weight_sex": _SHARE,
    },
    "identity_thresholds": {
        "threshold": _SHARE,
        "pairs": _COUNT,
        "expected_precision": _SHARE,
        "expected_recall": _SHARE,
    },
    "merging": {
        "force": _TEXT,
        "instrument": _TEXT,
        "k": _COUNT,
        "truth_size": _COUNT,
        "recall_at_k": _SHARE,
        "recall_after_merging": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
    },
    "gaps": {
        "force": _TEXT,
        "unit_id": _TEXT,
        "offence_group": _TEXT,
        "first_month": _DAY,
        "last_month": _DAY,
        "kind": _TEXT,
        "observed": _COUNT,
        "expected": _SHARE,
        "p_value": _SHARE,
        "q_value": _SHARE,
    },
    "hidden_crimes": {
        "force": _TEXT,
        "unit_id": _TEXT,
        "offence_group": _TEXT,
        "first_month": _DAY,
        "last_month": _DAY,
        "hidden": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
    },
    "unit_months": {
        "force": _TEXT,
        "unit_id": _TEXT,
        "month": _DAY,
        "observed": _COUNT,
        "expected": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
    },
    "coverage": {
        "force": _TEXT,
        "unit_id": _TEXT,
        "month": _DAY,
        "measure": _TEXT,
        "covered": _COUNT,
        "total": _COUNT,
        "rate": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
    },
    "coverage_gaps": {
        "force": _TEXT,
        "unit_id": _TEXT,
        "measure": _TEXT,
        "first_month": _DAY,
        "last_month": _DAY,
        "kind": _TEXT,
        "observed": _COUNT,
        "expected": _SHARE,
        "p_value": _SHARE,
        "q_value": _SHARE,
    },
    "unreported": {
        "force": _TEXT,
        "offence_group": _TEXT,
        "attribute": _TEXT,
        "group": _TEXT,
        "events": _COUNT,
        "unreported": _COUNT,
        "rate": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
    },
    "effect": {
        "force": _TEXT,
        "instrument": _TEXT,
        "k": _COUNT,
        "truth_size": _COUNT,
        "recall_at_k": _SHARE,
        "harm_captured": _SHARE,
        "wrongly_included": _SHARE,
        "repeat_entries": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
    },
    "attribution": {"force": _TEXT, "instrument": _TEXT, "family": _TEXT, "contribution": _SHARE},
    "contributions": {
        "force": _TEXT,
        "instrument": _TEXT,
        "measure": _TEXT,
        "family": _TEXT,
        "kind": _TEXT,
        "contribution": _SHARE,
    },
    "fix_first": {
        "force": _TEXT,
        "instrument": _TEXT,
        "family": _TEXT,
        "kind": _TEXT,
        "part": _SHARE,
        "recall_at_k": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
        "gain": _SHARE,
    },
    "group_differences": {
        "force": _TEXT,
        "instrument": _TEXT,
        "attribute": _TEXT,
        "group": _TEXT,
        "people": _COUNT,
        "recall_at_k": _SHARE,
        "rest_people": _COUNT,
        "rest_recall_at_k": _SHARE,
        "difference": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
        "testable": pa.bool_(),
    },
    "together": {
        "scope": _TEXT,
        "name": _TEXT,
        "instrument": _TEXT,
        "forces": _COUNT,
        "k": _COUNT,
        "truth_size": _COUNT,
        "recall_alone": _SHARE,
        "recall_alone_low": _SHARE,
        "recall_alone_high": _SHARE,
        "recall_together": _SHARE,
        "recall_together_low": _SHARE,
        "recall_together_high": _SHARE,
        "recall_matched": _SHARE,
        "recall_matched_low": _SHARE,
        "recall_matched_high": _SHARE,
    },
    "stability": {
        "force": _TEXT,
        "instrument": _TEXT,
        "before": _DAY,
        "truth_size": _COUNT,
        "recorded_changed": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
        "truth_changed": _SHARE,
        "by_data": _SHARE,
        "no_history": _SHARE,
        "no_history_low": _SHARE,
        "no_history_high": _SHARE,
    },
    "replicates": {
        "force": _TEXT,
        "instrument": _TEXT,
        "replicate": _COUNT,
        "recall_at_k": _SHARE,
        "harm_captured": _SHARE,
        "wrongly_included": _SHARE,
        "repeat_entries": _SHARE,
    },
    "readiness": {
        "force": _TEXT,
        "instrument": _TEXT,
        "kind": _TEXT,
        "name": _TEXT,
        "value": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
        "threshold": _SHARE,
        "passed": pa.bool_(),
    },
    "field_scores": {
        "force": _TEXT,
        "table": _TEXT,
        "field": _TEXT,
        "needed_for": _TEXT,
        "records": _COUNT,
        "score": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
    },
    "choices": {"force": _TEXT, "instrument": _TEXT, "choice": _TEXT, "option": _TEXT, "overlap_with_default": _SHARE},
    "groups": {
        "force": _TEXT,
        "instrument": _TEXT,
        "attribute": _TEXT,
        "group": _TEXT,
        "people": _COUNT,
        "recall_at_k": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
    },
}

Status = Literal["not ready", "process testing only", "supervised pilot"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetSummary(_Model):
    """What was audited."""

    provenance: dict[str, str | int | float]
    profile: str | None
    as_of: date
    forces: list[str]
    rows: dict[str, int]
    has_truth: bool
    manifest_sha256: str


class Options(_Model):
    """How the audit was run."""

    engine: str
    instrument: str
    k: int | None = None
    weights: str = "harm_days"
    date_basis: str = "reported"
    only: list[str] = []
    skip: list[str] = []


class ForceSummary(_Model):
    """One force in a line; shares are of 1, None where they cannot be told."""

    force: str
    force_name: str
    population: int
    crimes: int
    person_records: int
    status: Status
    lowest_dimension: str | None
    lowest_value: float | None
    failed_gates: list[str]
    to_next_status: list[str]
    recall_at_k: float | None
    low: float | None
    high: float | None


class IdentitySummary(_Model):
    """How duplicate identities were told."""

    threshold: float
    expected_precision: float | None
    expected_recall: float | None
    left_out: list[str]


class Summary(_Model):
    """``audit.json``: the run, its headline figures, and one row a force."""

    format: Literal["force-data-audit/1"] = "force-data-audit/1"
    auditor: str
    dataset: DatasetSummary
    options: Options
    timings: dict[str, float] = Field(description="Seconds by step.")
    not_applicable: dict[str, str] = Field(description="What could not be told, and why.")
    identity: IdentitySummary
    interval: str = Field(description="What the intervals of the effect are.")
    thresholds: dict[str, Any] = Field({}, description="What replaced the project's own limits, as in a thresholds file.")
    forces: list[ForceSummary]


@dataclass(frozen=True)
class Results:
    """The results of one audit: the summary, and a frame for each table of ``SCHEMAS``."""

    summary: Summary
    tables: dict[str, pd.DataFrame]
    identity_model: Model

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]


def check_free(out: Path) -> None:
    """Refuse an output folder that is in use before the work begins; raises InputError."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("The output folder exists and is not empty; name another one or remove it first.")


def write_results(results: Results, out: Path) -> None:
    """Write the results folder ``out``, which must not exist or be empty; nothing half-written is ever left there."""
    with staged_folder(out) as folder:
        for name in SCHEMAS:
            pq.write_table(to_arrow(name, results.tables[name]), folder / f"{name}.parquet", compression="zstd")
        text = json.dumps(results.summary.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / "audit.json").write_text(text + "\n", encoding="utf-8")
        (folder / "identity_model.json").write_text(model_as_json(results.identity_model), encoding="utf-8")


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
        raise InputError("The results folder cannot be written; name a folder by --out in a place where you may write.") from None
    shutil.rmtree(before, ignore_errors=True)


def _put_back(target: Path) -> None:
    """Put back what a judge that was killed between its two renames had moved aside."""
    if target.exists() or not target.parent.is_dir():
        return
    for path in sorted(target.parent.glob(f".{glob.escape(target.name)}.before-*")):
        if (path / "audit.json").is_file() and not Path(f"/proc/{path.name.rpartition('-')[2]}").exists():
            path.rename(target)
            return


def to_arrow(name: str, frame: pd.DataFrame) -> pa.Table:
    """A results table with the column types of its schema."""
    schema = pa.schema(list(SCHEMAS[name].items()))
    return pa.Table.from_pandas(frame.reindex(columns=schema.names), schema=schema, preserve_index=False).replace_schema_metadata()


def read_results(path: str | Path) -> Results:
    """The results in a folder; raises InputError with one sentence."""
    folder = Path(path)
    _put_back(folder)
    try:
        summary = Summary.model_validate_json((folder / "audit.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise InputError("There is no audit.json in the results folder; name one that `python -m audit run` has written.") from None
    except ValidationError:
        raise InputError("The audit.json is not of this version's format; run the audit again.") from None
    tables = {}
    for name, schema in SCHEMAS.items():
        try:
            table = pq.read_table(folder / f"{name}.parquet")
        except (OSError, pa.ArrowException):
            raise InputError(f"The results folder has no {name}.parquet that can be read; run the audit again.") from None
        if table.schema.names != list(schema):
            raise InputError(f"The columns of {name}.parquet are not those of this version; run the audit again.")
        tables[name] = table.to_pandas()
    return Results(summary, tables, read_model(folder / "identity_model.json"))


def empty(name: str) -> pd.DataFrame:
    """A results table with no rows."""
    return pa.schema(list(SCHEMAS[name].items())).empty_table().to_pandas()
