"""Reporting gaps: silence that looks like safety, told from units that are merely quiet, and found once.

``read_counts`` counts crimes by unit, offence group and month; ``find_gaps`` holds them against what would be usual;
``find_coverage`` does the same for the share of crimes that have a suspect, an outcome, a relationship, and tells from the
truth, where there is one, how many events nobody reported.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from audit.gaps.counts import Counts, offence_groups, read_counts
from audit.gaps.gap import WHOLE, Gap
from audit.gaps.late import as_reported, late_runs
from audit.gaps.search import Search
from audit.gaps.shares import coverage_table, never_reported, share_counts, share_gaps
from audit.gaps.telling import interval, tell
from audit.results import empty

__all__ = ["Counts", "Coverage", "Gaps", "find_coverage", "find_gaps", "offence_groups", "read_counts", "supplied"]

LEAST_MONTHS = 3
"""With fewer months than this nothing can be called usual, and no gap is sought."""


@dataclass(frozen=True)
class Coverage:
    """The results' tables of the same names."""

    coverage: pd.DataFrame
    coverage_gaps: pd.DataFrame
    unreported: pd.DataFrame


@dataclass(frozen=True)
class Gaps:
    """The results' tables of the same names."""

    gaps: pd.DataFrame
    hidden_crimes: pd.DataFrame
    unit_months: pd.DataFrame


def find_gaps(counts: Iterable[Counts]) -> Gaps:
    """Gaps, the crimes they hide, and observed beside expected by unit and month, of the forces of ``read_counts``."""
    parts = [_of_force(of_force) for of_force in counts]

    def joined(name: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
        frames = [frame for frame in frames if len(frame)]
        return pd.concat(frames, ignore_index=True) if frames else empty(name)

    return Gaps(*(joined(name, [getattr(part, name) for part in parts]) for name in ("gaps", "hidden_crimes", "unit_months")))


def find_coverage(connection: duckdb.DuckDBPyConnection, has_truth: bool) -> Coverage:
    """Shares by unit and month, runs of months in which they fall off, and events never reported, from a dataset's tables."""
    shares = coverage_table(share_counts(connection))
    return Coverage(shares, share_gaps(shares), never_reported(connection) if has_truth else empty("unreported"))


def supplied(counts: Iterable[Counts]) -> pd.DataFrame:
    """Force-months and unit-months supplied and expected, a row a force.

    A force-month is supplied when the force recorded a crime in it; a unit-month is expected of units that ever
    recorded one.
    """
    rows = {}
    for of_force in counts:
        crimes = of_force.crimes.sum(1)
        active = crimes[crimes.sum(1) > 0]
        rows[of_force.force] = {
            "force_months": int((crimes.sum(0) > 0).sum()),
            "force_months_expected": crimes.shape[1],
            "unit_months": int((active > 0).sum()),
            "unit_months_expected": active.size,
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype="int64")


def _of_force(counts: Counts) -> Gaps:
    late = late_runs(counts) if len(counts.months) >= LEAST_MONTHS else []
    crimes = as_reported(counts, late)
    if len(counts.months) < LEAST_MONTHS or not crimes.any():
        return Gaps(empty("gaps"), empty("hidden_crimes"), _unit_months(counts, crimes.sum(1), None, None))
    search = Search(counts, crimes)
    search.run()
    gaps, fitted = tell(search)
    usual = (fitted.usual.reshape(search.values.shape) * search.weights)[:, WHOLE]
    spread = usual * (1 + search.dispersion[WHOLE] * usual)
    gaps = sorted([*late, *gaps], key=lambda gap: (gap.unit, gap.begin, gap.series))
    return Gaps(
        pd.DataFrame([_row(gap, counts) for gap in gaps]),
        pd.DataFrame([_hidden(gap, counts) for gap in gaps]),
        _unit_months(counts, counts.crimes.sum(1), usual, spread),
    )


def _place(gap: Gap, counts: Counts) -> dict:
    return {
        "force": counts.force,
        "unit_id": counts.units[gap.unit],
        "offence_group": None if gap.series == WHOLE else counts.groups[gap.series - 1],
        "first_month": counts.months[gap.begin],
        "last_month": counts.months[gap.end - 1],
    }


def _row(gap: Gap, counts: Counts) -> dict:
    return _place(gap, counts) | {
        "kind": gap.kind,
        "observed": round(gap.observed),
        "expected": gap.expected,
        "p_value": gap.p_value,
        "q_value": gap.q_value,
    }


def _hidden(gap: Gap, counts: Counts) -> dict:
    hidden, low, high = gap.hidden
    return _place(gap, counts) | {"hidden": hidden, "low": low, "high": high}


def _unit_months(counts: Counts, crimes: np.ndarray, usual: np.ndarray | None, spread: np.ndarray | None) -> pd.DataFrame:
    units, months = crimes.shape
    low, high = interval(usual, spread) if usual is not None and spread is not None else (None, None)
    return pd.DataFrame(
        {
            "force": counts.force,
            "unit_id": np.repeat(np.array(counts.units, object), months),
            "month": np.tile(np.array(counts.months, object), units),
            "observed": crimes.ravel().astype("int64"),
            "expected": np.nan if usual is None else usual.ravel(),
            "low": np.nan if low is None else low.ravel(),
            "high": np.nan if high is None else high.ravel(),
        }
    )
