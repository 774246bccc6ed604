"""The audit compared with the truth: of the defects put in, which were found, missed or reported wrongly."""

import pandas as pd
from pydantic import BaseModel, ConfigDict

from audit.checks.run import Context
from audit.engines import connect
from audit.evaluation.defects import DefectScore, defects_as_markdown, score_defects
from audit.evaluation.gaps import GapScore, gaps_as_markdown, score_gaps, units_renamed
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
    """Empty for a dataset whose truth has no ledger of defects."""
    identities: IdentityScore
    gaps: GapScore | None
    """None for a dataset whose truth has no ledger of gaps."""


def score(dataset: Dataset, results: Results) -> Score:
    """Compare results with the truth of the dataset that they are of.

    Identities are scored wherever the truth says whose each person record is, as in a public benchmark; defects and gaps
    where there is a ledger of them. Raises InputError where the dataset has no such truth, or the results are another
    dataset's.
    """
    tables = set(dataset.manifest.tables)
    if not {"truth/identities", "truth/people"} <= tables:
        raise InputError(None, "The dataset has no truth to compare the results with; generate one, or bring in a benchmark.")
    if results.summary.dataset.manifest_sha256 != file_hash(dataset.path / "dataset.json"):
        raise InputError(None, "The results are of another dataset; name the one they were made from, or run the audit again.")
    context, gaps = Context(dataset.manifest.as_of), None
    with connect(dataset) as connection:
        if "truth/gaps" in tables:
            ledger = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/gaps")], ignore_index=True)
            counts = read_counts(connection, dataset.manifest.as_of, dataset.manifest.period_start)
            renamed = units_renamed(connection) if "truth/defects" in tables else {}
            gaps = score_gaps(ledger, results["gaps"], counts, results["unit_changes"], renamed)
        defects = score_defects(connection, context) if "truth/defects" in tables else []
        identities = score_identities(connection, results["identities"], results["identity_pairs"])
    return Score(defects=defects, identities=identities, gaps=gaps)


def as_markdown(scored: Score) -> str:
    """The scorecard as Markdown tables; a part that the truth does not cover is left out."""
    parts = [defects_as_markdown(scored.defects)] if scored.defects else []
    parts.append(identities_as_markdown(scored.identities))
    if scored.gaps is not None:
        parts.append(gaps_as_markdown(scored.gaps))
    return "\n\n".join(parts)
