"""The rows of checks as an engine counts them."""

import pandas as pd

from audit.checks.run import Context, count_checks, judged
from audit.checks.types.base import FindingCheck
from audit.engines import connect, frames
from audit.options import choose_checks
from synthetic import Dataset


def rows_on(engine: str, dataset: Dataset, *only: str) -> pd.DataFrame:
    """``checks.parquet`` of a dataset, findings aside, on an engine; of some checks, if any are named."""
    checks = tuple(check for check in choose_checks(only, ()) if not isinstance(check, FindingCheck))
    with connect(dataset) as connection:
        counts, broken = count_checks(frames(engine, dataset, connection), checks, Context(dataset.manifest.as_of))
    return judged(counts, checks, dataset.forces, broken)
