"""``audit.json``: the run, its headline figures, and one row a force."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["not ready", "cannot be judged", "process testing only", "supervised pilot"]
"""The first two rank equal: what cannot be judged is no better than what is not met."""

NOT_YET = "Not looked for yet."
"""Why a part of first results is missing: the audit goes on."""
AWAITED = ("identities", "effect", "attribution", "sampling")
"""What first results do not have."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetSummary(_Model):
    """What was audited."""

    provenance: dict[str, str | int | float]
    profile: str | None
    profile_settings: dict[str, Any] | None = None
    """Every setting of the profile, so that the dataset can be generated again."""
    changes: list[str] = []
    fixes: list[str] = []
    """What was changed and repaired on the way, as the generator's options --change and --fix have it."""
    as_of: date
    forces: list[str]
    rows: dict[str, int]
    has_truth: bool
    manifest_sha256: str


class Options(_Model):
    """How the audit was run."""

    engine: str
    instrument: str
    """Key of the instrument that readiness is reported for."""
    instruments: dict[str, str] = {}
    """English name of each instrument that was computed, by key."""
    k: int | Literal["population"] = 100
    weights: str = "harm_days"
    date_basis: str = "reported"
    weights_given: bool = False
    date_basis_given: bool = False
    """Whether they were chosen for all instruments; each has its own otherwise."""
    own_instruments: dict[str, dict[str, Any]] = {}
    """Declarations of the instruments that are not built in, by key."""
    only: list[str] = []
    skip: list[str] = []


class ForceSummary(_Model):
    """One force in a line; shares are of 1, None where there is no figure."""

    force: str
    force_name: str
    population: int
    crimes: int
    person_records: int
    status: Status
    worst_dimension: str | None = Field(description="None where every dimension passes.")
    failed_gates: list[str] = Field(description="Gates that are not met.")
    unsettled_gates: list[str] = Field(description="Gates that are too close to call, or cannot be judged.")
    to_next_status: list[str]
    recall_at_k: float | None
    low: float | None
    high: float | None
    people_found: str = Field(description="Verdict on recall_at_k, as of a gate.")


class IdentitySummary(_Model):
    """How duplicate identities were found."""

    threshold: float
    expected_precision: float | None
    expected_recall: float | None
    left_out: list[str]


class Summary(_Model):
    """``audit.json``: the run, its headline figures, and one row a force."""

    format: Literal["force-data-audit/2"] = "force-data-audit/2"
    auditor: str
    dataset: DatasetSummary
    options: Options
    timings: dict[str, float] = Field(description="Seconds by step; duplicate identities are looked for beside checks and gaps.")
    not_applicable: dict[str, str] = Field(description="What could not be computed, and why.")
    identity: IdentitySummary
    interval: str = Field(description="What the intervals of the effect are.")
    thresholds: dict[str, Any] = Field({}, description="What replaced the project's own limits, as in a thresholds file.")
    forces: list[ForceSummary]

    def awaits(self, part: str = "identities") -> bool:
        """Whether these are first results, whose audit has not looked for a part of ``AWAITED`` yet."""
        return self.not_applicable.get(part) == NOT_YET
