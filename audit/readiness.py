"""Readiness of a force's data for a declared use: gates, dimensions side by side, and a status. Never of people.

Modelled on the NHS Data Quality Maturity Index and on the UK Government Data Quality Framework's advice that one
dimension is not sufficient and no criterion universal. The headline is the lowest dimension, never an average.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from audit.results import Status
from audit.statistics import wilson
from synthetic.contract import RECORDED, SEXES, TABLES

RECALL_NEEDED = 0.8
NEEDED = {"identity", "frequency", "recency", "severity"}

DIMENSION_THRESHOLDS = {
    "completeness": 0.85,
    "uniqueness": 0.90,
    "consistency": 0.90,
    "timeliness": 0.90,
    "validity": 0.99,
    "accuracy": 0.90,
    "coverage": 1.0,
}
# Gates of the design: the threshold, and whether the value must reach it or must not exceed it.
GATES = {
    "named suspects linked": (0.90, "at least"),
    "victim's sex present": (0.95, "at least"),
    "force-months supplied": (1.0, "at least"),
    "impossible dates": (0.01, "at most"),
    "crimes recorded twice": (0.01, "at most"),
    "duplicate person records": (0.10, "at most"),
}


@dataclass(frozen=True)
class Count:
    """A share as counts; ``good`` of ``total`` rows are as they should be."""

    good: float
    total: float

    @property
    def share(self) -> float:
        return self.good / self.total if self.total else np.nan


def assess(
    connection: duckdb.DuckDBPyConnection,
    checks: pd.DataFrame,
    identity_summary: pd.DataFrame,
    supplied: pd.DataFrame,
    forces: list[str],
    instruments: list[str],
    has_truth: bool,
) -> pd.DataFrame:
    """Gates and dimensions by force and instrument, as ``readiness.parquet`` has them.

    ``supplied`` is that of ``coverage.supplied``; accuracy is told only where there is a truth.
    """
    whole = checks[checks["month"].isna()].set_index(["force", "check_id"])
    victims, dates = _victims_sex(connection), _impossible_dates(connection)
    accuracy = _accuracy(connection) if has_truth else {}
    identities = identity_summary.set_index("force")
    rows = []
    for force in forces:
        mine = whole.loc[force] if force in whole.index.get_level_values(0) else whole.iloc[:0]
        records = identities.loc[force] if force in identities.index else None
        duplicates = Count(0, 0)
        if records is not None:
            duplicates = Count(records["records"] * (1 - records["duplicate_rate"]), records["records"])
        months = supplied.loc[force] if force in supplied.index else None
        coverage = Count(months["force_months"], months["force_months_expected"]) if months is not None else Count(0, 0)
        gates = {
            "named suspects linked": _good(mine, "required_when.suspect_linked"),
            "victim's sex present": victims.get(force, Count(0, 0)),
            "force-months supplied": coverage,
            "impossible dates": _bad(dates.get(force, Count(0, 0))),
            "crimes recorded twice": _bad(_good(mine, "same_event_twice.crimes")),
            "duplicate person records": _bad(duplicates),
        }
        dimensions = {
            "completeness": _lowest(field_scores(mine)),
            "uniqueness": _lowest([duplicates, *_goods(mine, "uniqueness")]),
            "consistency": _lowest(_goods(mine, "consistency")),
            "timeliness": _good(mine, "delay.crimes.1_day"),
            "validity": _lowest(_goods(mine, "validity")),
            "accuracy": accuracy.get(force, Count(0, 0)),
            "coverage": coverage,
        }
        for instrument in instruments:
            for name, count in gates.items():
                threshold, sense = GATES[name]
                rows.append((force, instrument, "gate", name, count.good, count.total, threshold, sense))
            for name, count in dimensions.items():
                threshold = DIMENSION_THRESHOLDS[name]
                rows.append((force, instrument, "dimension", name, count.good, count.total, threshold, "at least"))
    columns = ["force", "instrument", "kind", "name", "good", "total", "threshold", "sense"]
    frame = pd.DataFrame(rows, columns=columns)
    value, low, high = wilson(frame["good"].to_numpy(), frame["total"].to_numpy())
    passed = np.where(frame["sense"] == "at least", value >= frame["threshold"], value <= frame["threshold"])
    verdict = pd.Series(passed, dtype="boolean").mask(np.isnan(value))
    return frame.drop(columns=["good", "total", "sense"]).assign(value=value, low=low, high=high, passed=verdict)


def status_of(readiness: pd.DataFrame, recall: float | None) -> Status:
    """The status of one force for one instrument, from its rows of ``readiness`` and the recall, if it is known.

    A gate that cannot be told, since there is nothing to count, lets nobody through to a pilot.
    """
    failed = readiness[readiness["passed"].eq(False).fillna(False).astype(bool)]
    if (failed["kind"] == "gate").any():
        return "not ready"
    untold = readiness.loc[readiness["kind"] == "gate", "passed"].isna().any()
    if len(failed) or untold or (recall is not None and recall < RECALL_NEEDED):
        return "process testing only"
    return "supervised pilot"


def field_scores(checks: pd.DataFrame) -> list[Count]:
    """(Present and valid - defaults in excess) ÷ records, of each field that a prioritisation needs; one force's checks."""
    scores = []
    for table, declared in ((name, field) for name in RECORDED for field in TABLES[name].fields):
        key = f"{table}.{declared.name}"
        if not NEEDED & set(declared.needed_for) or f"missing.{key}" not in checks.index:
            continue
        total = checks.loc[f"missing.{key}", "total"]
        lost = checks.loc[f"missing.{key}", "failed"]
        for kind in ("code_not_in_list", "pattern"):
            if f"{kind}.{key}" in checks.index:
                lost += checks.loc[f"{kind}.{key}", "failed"]
        if f"unknown_code.{key}" in checks.index:
            lost += max(0.0, checks.loc[f"unknown_code.{key}", "failed"] - declared.unknown_accepted * total)
        scores.append(Count(max(0.0, total - lost), total))
    return scores


def _good(checks: pd.DataFrame, check_id: str) -> Count:
    if check_id not in checks.index:
        return Count(0, 0)
    row = checks.loc[check_id]
    return Count(row["total"] - row["failed"], row["total"])


def _goods(checks: pd.DataFrame, dimension: str) -> list[Count]:
    """Every check of a dimension that a prioritisation needs, as a share of good rows."""
    chosen = checks[(checks["dimension"] == dimension) & (checks["needed_for"] != "")]
    return [Count(total - failed, total) for failed, total in zip(chosen["failed"], chosen["total"], strict=True)]


def _bad(count: Count) -> Count:
    return Count(count.total - count.good, count.total)


def _lowest(counts: list[Count]) -> Count:
    told = [count for count in counts if count.total]
    return min(told, key=lambda count: count.share, default=Count(0, 0))


def _victims_sex(connection: duckdb.DuckDBPyConnection) -> dict[str, Count]:
    """Victims' person records whose sex is present and known, by force."""
    known = ", ".join(f"'{sex}'" for sex in SEXES if sex != "U")
    return _counts(
        connection,
        f"""
        SELECT force, count(*) FILTER (sex IN ({known})), count(*) FROM persons
        WHERE person_id IN (SELECT person_id FROM involvements WHERE role = 'victim') GROUP BY force
        """,
    )


def _impossible_dates(connection: duckdb.DuckDBPyConnection) -> dict[str, Count]:
    """Crimes without any impossible date, by force; the last day is that of the latest record."""
    return _counts(
        connection,
        """
        SELECT force, count(*) FILTER (NOT coalesce(occurred_on > reported_on OR occurred_on < DATE '1920-01-01', false)
            AND NOT coalesce(reported_on > recorded_on, false) AND NOT coalesce(occurred_on > recorded_on, false)
            AND NOT coalesce(recorded_on > outcome_on, false)), count(*)
        FROM crimes GROUP BY force
        """,
    )


def _accuracy(connection: duckdb.DuckDBPyConnection) -> dict[str, Count]:
    """Recorded crimes whose offence and day of report are those of their event, by force."""
    return _counts(
        connection,
        """
        SELECT c.force, count(*) FILTER (coalesce(c.offence_code = e.offence_code, false)
            AND coalesce(coalesce(c.reported_on, c.recorded_on) = e.reported_on, false)), count(*)
        FROM crimes c JOIN truth_events e USING (crime_id) GROUP BY c.force
        """,
    )


def _counts(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Count]:
    return {force: Count(good, total) for force, good, total in connection.execute(query).fetchall()}
