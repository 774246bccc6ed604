"""The audit held against the truth: of what was put in, what was found, missed and wrongly told."""

import pandas as pd
from pydantic import BaseModel, ConfigDict

from audit.checks.run import Context
from audit.engines import connect
from audit.evaluation.defects import DefectScore, defects_as_markdown, score_defects
from audit.evaluation.gaps import GapScore, gaps_as_markdown, score_gaps
from audit.evaluation.identities import IdentityScore, identities_as_markdown, score_identities
from audit.gaps import read_counts
from audit.results import Results
from synthetic.dataset import Dataset, file_hash
from synthetic.errors import InputError

__all__ = [
    "DefectScore",
    "GapScore",
    "IdentityScore",
    "Score",
    "as_markdown",
    "score",
    "score_defects",
    "score_gaps",
    "score_identities",
]


class Score(BaseModel):
    """The audit's own scorecard."""

    model_config = ConfigDict(frozen=True)

    defects: list[DefectScore]
    identities: IdentityScore
    gaps: GapScore


def score(dataset: Dataset, results: Results) -> Score:
    """Hold results against the truth of the dataset that they are of.

    Raises InputError where the dataset has no ledger, or the results are another dataset's.
    """
    if not {"truth/gaps", "truth/identities", "truth/defects", "truth/people"} <= set(dataset.manifest.tables):
        raise InputError(
            None, "The dataset has no ledger, so nothing can be held against it; score needs a dataset with its truth."
        )
    if results.summary.dataset.manifest_sha256 != file_hash(dataset.path / "dataset.json"):
        raise InputError(None, "The results are of another dataset; name the one they were made from, or run the audit again.")
    ledger = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/gaps")], ignore_index=True)
    with connect(dataset) as connection:
        counts = read_counts(connection, dataset.manifest.as_of)
        defects = score_defects(connection, Context(dataset.manifest.as_of))
        identities = score_identities(connection, results["identities"], results["identity_pairs"])
    return Score(defects=defects, identities=identities, gaps=score_gaps(ledger, results["gaps"], counts))


def as_markdown(scored: Score) -> str:
    """The scorecard as Markdown tables."""
    parts = (defects_as_markdown(scored.defects), identities_as_markdown(scored.identities), gaps_as_markdown(scored.gaps))
    return "\n\n".join(parts)
