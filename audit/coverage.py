"""Reporting gaps: units that fall silent, told from units that are merely quiet.

Counts are taken over the whole of units × months, zero months included. In this version only silence is sought: a run
of months with no crime at all, unlikely under a negative binomial about the unit's usual month, with false discoveries
held at 5 % over the force (Benjamini and Hochberg 1995).
"""

from datetime import date

import duckdb
import numpy as np
import pandas as pd

from audit.results import empty
from audit.statistics import q_values

FALSE_DISCOVERY_RATE = 0.05


def monthly_counts(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Crimes by force, unit and month, zero months included: columns force, unit_id, month, crimes.

    Months run from the first to the last in which any force recorded a crime; units are those of the table of units
    and any other that crimes name.
    """
    return connection.execute(
        """
        WITH dated AS (
            SELECT force, unit_id, date_trunc('month', coalesce(recorded_on, reported_on))::DATE AS month FROM crimes
            WHERE coalesce(recorded_on, reported_on) IS NOT NULL AND unit_id IS NOT NULL
        ), counted AS (
            SELECT force, unit_id, month, count(*) AS crimes FROM dated GROUP BY ALL
        ), months AS (
            SELECT unnest(generate_series(min(month), max(month), INTERVAL 1 MONTH))::DATE AS month FROM counted
        ), places AS (
            SELECT force, unit_id FROM units UNION SELECT DISTINCT force, unit_id FROM counted
        )
        SELECT force, unit_id, month, coalesce(crimes, 0)::BIGINT AS crimes
        FROM places CROSS JOIN months LEFT JOIN counted USING (force, unit_id, month)
        ORDER BY force, unit_id, month
        """
    ).df()


def find_gaps(counts: pd.DataFrame) -> pd.DataFrame:
    """Silent runs of months by unit, as ``gaps.parquet`` has them; ``counts`` is that of ``monthly_counts``."""
    found = [
        run
        for (force, unit), mine in counts.groupby(["force", "unit_id"], sort=True)
        for run in _silent_runs(str(force), str(unit), mine["month"].dt.date.tolist(), mine["crimes"].to_numpy())
    ]
    if not found:
        return empty("gaps")
    gaps = pd.DataFrame(found)
    gaps["q_value"] = gaps.groupby("force")["p_value"].transform(lambda p: q_values(p.to_numpy()))
    return gaps[gaps["q_value"] <= FALSE_DISCOVERY_RATE].reset_index(drop=True)


def supplied(counts: pd.DataFrame) -> pd.DataFrame:
    """Force-months and unit-months supplied and expected, a row a force.

    A force-month is supplied when the force recorded a crime in it; a unit-month is expected of units that ever
    recorded one.
    """
    force_months = counts.groupby(["force", "month"])["crimes"].sum() > 0
    active = counts[counts.groupby(["force", "unit_id"])["crimes"].transform("sum") > 0]
    unit_months = active["crimes"] > 0
    return (
        pd.DataFrame(
            {
                "force_months": force_months.groupby("force").sum(),
                "force_months_expected": force_months.groupby("force").count(),
                "unit_months": unit_months.groupby(active["force"]).sum(),
                "unit_months_expected": unit_months.groupby(active["force"]).count(),
            }
        )
        .fillna(0)
        .astype("int64")
    )


def _silent_runs(force: str, unit: str, months: list[date], crimes: np.ndarray) -> list[dict]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (crimes == 0).astype(int), [0]])))
    starts, ends = edges[::2], edges[1::2] - 1
    runs = []
    for start, end in zip(starts, ends, strict=True):
        # What is usual is told by the unit's other months, so that a long silence does not hide itself.
        others = np.delete(crimes, np.arange(start, end + 1))
        if len(others) < 3:
            continue
        length = int(end - start + 1)
        usual = float(others.mean())
        # A run could have begun in any of the months: the chance of one of its length is corrected for that.
        chance = min(1.0, len(months) * float(np.exp(length * _log_zero(usual, float(others.var())))))
        runs.append(
            {
                "force": force,
                "unit_id": unit,
                "offence_group": None,
                "first_month": months[start],
                "last_month": months[end],
                "kind": "silent",
                "observed": 0,
                "expected": usual * length,
                "p_value": chance,
            }
        )
    return runs


def _log_zero(mean: float, variance: float) -> float:
    """Log of the chance of no crime in a month: negative binomial by moments, Poisson where there is no over-dispersion."""
    if variance <= mean:
        return -mean
    size = mean**2 / (variance - mean)
    return float(size * np.log(size / (size + mean)))
