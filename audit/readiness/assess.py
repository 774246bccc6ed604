"""Readiness of a force's data for a declared use: gates, dimensions side by side, and a status. Never of people.

Modelled on the NHS Data Quality Maturity Index and on the UK Government Data Quality Framework's advice that one
dimension is not sufficient and no criterion universal. The headline is the lowest dimension, never an average.
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from audit.readiness.thresholds import GATES, RECALL_NEEDED, Thresholds
from audit.results import Status
from audit.statistics import wilson
from synthetic.contract import RECORDED, SEXES, TABLES

NEEDED = {"identity", "frequency", "recency", "severity"}
DIRECT = {
    *("key_twice", "same_event_twice", "key_orphaned", "required_when", "contradiction", "cardinality"),
    *("code_not_in_list", "pattern", "order_of_dates", "range"),
}
"""Check types whose failing rows are wrong one by one; of others a part is chance, so they set no dimension."""
NEW_YEAR_BY_CHANCE = 1 / 365.25
"""Share of dates of birth on 1 January; what is beyond it are fillers."""


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
    thresholds: Thresholds,
) -> pd.DataFrame:
    """Gates and dimensions by force and instrument, as ``readiness.parquet`` has them.

    ``supplied`` is that of ``coverage.supplied``; accuracy is told only where there is a truth. A check that was not run
    tells nothing here.
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
            "completeness": _lowest([score.count for score in field_scores(mine)]),
            "uniqueness": _lowest([duplicates, *_goods(mine, "uniqueness")]),
            "consistency": _lowest(_goods(mine, "consistency")),
            "timeliness": _good(mine, "delay.crimes.1_day"),
            "validity": _lowest(_goods(mine, "validity")),
            "accuracy": accuracy.get(force, Count(0, 0)),
            "coverage": coverage,
        }
        for instrument in instruments:
            for name, count in gates.items():
                threshold, sense = thresholds.gate(name)
                rows.append((force, instrument, "gate", name, count.good, count.total, threshold, sense))
            for name, count in dimensions.items():
                threshold = thresholds.dimension(name)
                rows.append((force, instrument, "dimension", name, count.good, count.total, threshold, "at least"))
    columns = ["force", "instrument", "kind", "name", "good", "total", "threshold", "sense"]
    frame = pd.DataFrame(rows, columns=columns)
    value, low, high = wilson(frame["good"].to_numpy(), frame["total"].to_numpy())
    told = frame.drop(columns=["good", "total", "sense"]).assign(value=value, low=low, high=high)
    return rejudged(told, thresholds)


def rejudged(readiness: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Rows of ``readiness`` with other thresholds: the values stay, what passes is told anew."""
    limits = [
        thresholds.gate(name) if kind == "gate" else (thresholds.dimension(name), "at least")
        for kind, name in zip(readiness["kind"], readiness["name"], strict=True)
    ]
    threshold = np.array([limit for limit, _ in limits], float)
    at_least = np.array([sense == "at least" for _, sense in limits], bool)
    value = readiness["value"].to_numpy(float)
    passed = np.where(at_least, value >= threshold, value <= threshold)
    return readiness.assign(
        threshold=threshold, passed=pd.Series(passed, dtype="boolean", index=readiness.index).mask(np.isnan(value))
    )


def status_of(readiness: pd.DataFrame, recall: float | None, recall_needed: float = RECALL_NEEDED) -> Status:
    """The status of one force for one instrument, from its rows of ``readiness`` and the recall, if it is known.

    A gate that cannot be told, since there is nothing to count, lets nobody through to a pilot.
    """
    failed = readiness[readiness["passed"].eq(False).fillna(False).astype(bool)]
    if (failed["kind"] == "gate").any():
        return "not ready"
    untold = readiness.loc[readiness["kind"] == "gate", "passed"].isna().any()
    if len(failed) or untold or (recall is not None and recall < recall_needed):
        return "process testing only"
    return "supervised pilot"


def to_next_status(readiness: pd.DataFrame, recall: float | None, recall_needed: float = RECALL_NEEDED) -> list[str]:
    """What would have to change for the next status: a sentence each; none where the data has reached the last one."""
    status = status_of(readiness, recall, recall_needed)
    if status == "supervised pilot":
        return []
    if status == "not ready":
        return [_change(row) for row in readiness[(readiness["kind"] == "gate") & _is_false(readiness["passed"])].itertuples()]
    gates, dimensions = (readiness[readiness["kind"] == kind] for kind in ("gate", "dimension"))
    sentences = [
        f"The gate '{name}' must be told: the data has nothing to count." for name in gates.loc[gates["passed"].isna(), "name"]
    ]
    sentences += [_change(row) for row in dimensions[_is_false(dimensions["passed"])].itertuples()]
    if recall is not None and recall < recall_needed:
        sentences.append(
            f"The list must find at least {recall_needed:.0%} of the people it should hold; it finds {recall:.0%}: "
            "see what to mend first."
        )
    return sentences


def _is_false(passed: pd.Series) -> pd.Series:
    return passed.eq(False).fillna(False).astype(bool)


def _change(row: Any) -> str:
    sense = GATES[row.name][1] if row.kind == "gate" else "at least"
    # A tenth of a per cent more than is shown tells values apart that would round to their threshold.
    digits = 1 if abs(row.value - row.threshold) >= 0.001 else 3
    return f"{row.name.capitalize()} must be {sense} {row.threshold:.{max(digits - 1, 0)}%}; it is {row.value:.{digits}%}."


@dataclass(frozen=True)
class FieldScore:
    """One field's score of one force."""

    table: str
    field: str
    needed_for: tuple[str, ...]
    count: Count


def field_scores(checks: pd.DataFrame, needed: set[str] = NEEDED) -> list[FieldScore]:
    """(Present and valid - defaults in excess) ÷ records, of each field that is needed; one force's checks by check_id."""

    def failed(name: str) -> float:
        return float(checks.loc[name, "failed"]) if name in checks.index else 0.0

    scores = []
    for table, declared in ((name, field) for name in RECORDED for field in TABLES[name].fields):
        key = f"{table}.{declared.name}"
        if not needed & set(declared.needed_for) or f"missing.{key}" not in checks.index:
            continue
        total = float(checks.loc[f"missing.{key}", "total"])
        blank = failed(f"missing.{key}")
        lost = blank + sum(failed(f"{kind}.{key}") for kind in ("code_not_in_list", "pattern", "placeholder"))
        lost += max(0.0, failed(f"unknown_code.{key}") - declared.unknown_accepted * total)
        lost += max(0.0, failed(f"heaping.{key}_1_january") - NEW_YEAR_BY_CHANCE * (total - blank))
        scores.append(FieldScore(table, declared.name, declared.needed_for, Count(max(0.0, total - lost), total)))
    return scores


def field_score_table(checks: pd.DataFrame, forces: list[str]) -> pd.DataFrame:
    """``field_scores.parquet``: the score of every field that a prioritisation, contact or a test of fairness needs."""
    whole = checks[checks["month"].isna()].set_index(["force", "check_id"])
    rows = [
        (force, score.table, score.field, ", ".join(score.needed_for), score.count.good, score.count.total)
        for force in forces
        if force in whole.index.get_level_values(0)
        for score in field_scores(whole.loc[force], {*NEEDED, "contact", "equality"})
    ]
    frame = pd.DataFrame(rows, columns=["force", "table", "field", "needed_for", "good", "records"])
    rate, low, high = wilson(frame["good"].to_numpy(float), frame["records"].to_numpy(float))
    return frame.drop(columns="good").astype({"records": "int64"}).assign(score=rate, low=low, high=high)


def _good(checks: pd.DataFrame, check_id: str) -> Count:
    if check_id not in checks.index:
        return Count(0, 0)
    row = checks.loc[check_id]
    return Count(row["total"] - row["failed"], row["total"])


def _goods(checks: pd.DataFrame, dimension: str) -> list[Count]:
    """Every check of a dimension that a prioritisation needs, as a share of good rows."""
    chosen = checks[(checks["dimension"] == dimension) & (checks["needed_for"] != "") & checks["check_type"].isin(DIRECT)]
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
