"""The score of each field: how much of it is present, valid and no placeholder."""

from dataclasses import dataclass

import pandas as pd

from audit.statistics import wilson
from synthetic.contract import RECORDED, TABLES

NEEDED = {"identity", "frequency", "recency", "severity", "contact", "equality"}
NEW_YEAR_BY_CHANCE = 1 / 365.25
"""Share of dates of birth on 1 January; what is beyond it are fillers."""


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

    def failed(name: str) -> float:
        return float(checks.loc[name, "failed"]) if name in checks.index and checks.loc[name, "status"] != "not_run" else 0.0

    scores = []
    for table, declared in ((name, field) for name in RECORDED for field in TABLES[name].fields):
        key = f"{table}.{declared.name}"
        if not NEEDED & set(declared.needed_for) or f"missing.{key}" not in checks.index:
            continue
        if checks.loc[f"missing.{key}", "status"] == "not_run":
            continue
        total = float(checks.loc[f"missing.{key}", "total"])
        blank = failed(f"missing.{key}")
        lost = blank + sum(failed(f"{kind}.{key}") for kind in ("code_not_in_list", "pattern", "placeholder"))
        lost += max(0.0, failed(f"unknown_code.{key}") - declared.unknown_accepted * total)
        lost += max(0.0, failed(f"heaping.{key}_1_january") - NEW_YEAR_BY_CHANCE * (total - blank))
        scores.append(FieldScore(table, declared.name, declared.needed_for, max(0.0, total - lost), total))
    return scores


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
