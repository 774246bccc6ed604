"""``audit.json``: the run, its headline figures, and one row a force."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

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
