"""The score of each field: how much of it is present, valid and no placeholder."""

from dataclasses import dataclass
from functools import cache

import pandas as pd

from audit.checks.catalogue import Check, catalogue
from audit.statistics import wilson
from synthetic.contract import RECORDED, TABLES

NEEDED = {"identity", "frequency", "recency", "severity", "contact", "equality"}


@dataclass(frozen=True)
class FieldScore:
    """One field's score of one force: ``good`` of ``total`` records (not whole: chance is taken off)."""

    table: str
    field: str
    needed_for: tuple[str, ...]
    good: float
    total: float


def field_scores(checks: pd.DataFrame) -> list[FieldScore]:
    """(Present and valid - defaults in excess) ÷ records, of each field that is needed; one force's checks by check_id.

    A field whose check of blanks was not run has no score.
    """

    scores = []
    for table, declared in ((name, field) for name in RECORDED for field in TABLES[name].fields):
        blank = f"missing.{table}.{declared.name}"
        if not NEEDED & set(declared.needed_for) or blank not in checks.index or checks.loc[blank, "status"] == "not_run":
            continue
        total = float(checks.loc[blank, "total"])
        lost = sum(_lost(checks, check) for check in _that_lower(table, declared.name))
        scores.append(FieldScore(table, declared.name, declared.needed_for, max(0.0, total - lost), total))
    return scores


@cache
def _that_lower(table: str, field: str) -> tuple[Check, ...]:
    """The checks whose failing rows lower a field's score."""
    return tuple(check for check in catalogue() if check.lowers_field_score and (check.table, check.field) == (table, field))


def _lost(checks: pd.DataFrame, check: Check) -> float:
    """Rows of one check that lower the score: those that fail beyond what fails where nothing is wrong."""
    if check.id not in checks.index or checks.loc[check.id, "status"] == "not_run":
        return 0.0
    return max(0.0, float(checks.loc[check.id, "failed"]) - check.by_chance * float(checks.loc[check.id, "total"]))


def field_score_table(checks: pd.DataFrame, forces: list[str]) -> pd.DataFrame:
    """``field_scores.parquet``: the score of every field that a prioritisation, contact or a test of fairness needs."""
    whole = checks[checks["month"].isna()].set_index(["force", "check_id"])
    rows = [
        (force, score.table, score.field, ", ".join(score.needed_for), score.good, score.total)
        for force in forces
        if force in whole.index.get_level_values(0)
        for score in field_scores(whole.loc[force])
    ]
    frame = pd.DataFrame(rows, columns=["force", "table", "field", "needed_for", "good", "records"])
    rate, low, high = wilson(frame["good"].to_numpy(float), frame["records"].to_numpy(float))
    return frame.drop(columns="good").astype({"records": "int64"}).assign(score=rate, low=low, high=high)
