"""Reporting gaps: silence that looks like safety, distinguished from quiet units and from unit changes, each found once.

``read_counts`` counts crimes by unit, offence group and month; ``find_gaps`` compares them with what would be usual;
``find_coverage`` does the same for the share of crimes that have a suspect, an outcome, a relationship, and counts in the
truth, where there is one, how many events nobody reported. A force's results depend on its own rows alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.engines import Ask, asked_of
from audit.gaps.changes import Change, find_changes
from audit.gaps.counts import Counts, offence_groups, read_counts
from audit.gaps.describe import describe, interval
from audit.gaps.gap import WHOLE, Gap
from audit.gaps.late import as_reported, late_runs
from audit.gaps.lines import Lines
from audit.gaps.search import Search
from audit.gaps.shares import coverage_table, never_reported, share_counts, share_gaps
from audit.results import empty

__all__ = ["Counts", "Coverage", "Gaps", "find_coverage", "find_gaps", "offence_groups", "read_counts"]

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
    unit_changes: pd.DataFrame


def find_gaps(counts: Iterable[Counts]) -> Gaps:
    """Gaps, the crimes they hide, observed and expected by unit and month, and unit changes, of ``read_counts``'s forces."""
    parts = [_of_force(of_force) for of_force in counts]

    def joined(name: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
        frames = [frame for frame in frames if len(frame)]
        return pd.concat(frames, ignore_index=True) if frames else empty(name)

    names = ("gaps", "hidden_crimes", "unit_months", "unit_changes")
    return Gaps(*(joined(name, [getattr(part, name) for part in parts]) for name in names))


def find_coverage(connection: duckdb.DuckDBPyConnection, has_truth: bool, ask: Ask | None = None) -> Coverage:
    """Shares by unit and month, runs of months in which they fall off, and events never reported, from a dataset's tables.

    Crimes are counted by ``ask``, if any.
    """
    shares = coverage_table(share_counts(ask or asked_of(connection)))
    return Coverage(shares, share_gaps(shares), never_reported(connection) if has_truth else empty("unreported"))


def _of_force(counts: Counts) -> Gaps:
    late = late_runs(counts) if len(counts.months) >= LEAST_MONTHS else []
    crimes = as_reported(counts, late)
    if len(counts.months) < LEAST_MONTHS or not crimes.any():
        return Gaps(empty("gaps"), empty("hidden_crimes"), _unit_months(counts, None, None), empty("unit_changes"))
    changes, lines = find_changes(crimes, counts.days)
    search = Search(counts, lines)
    search.run()
    found, transfers, fitted = describe(search)
    usual = (fitted.usual.reshape(search.values.shape) * search.weights)[:, WHOLE]
    spread = usual * (1 + search.dispersion[WHOLE] * usual)
    owned = [replace(gap, unit=_owner(gap, search, lines)) for gap in found]
    gaps = sorted([*late, *owned], key=lambda gap: (gap.unit, gap.begin, gap.series))
    rows = search.rows
    changes += [
        Change(int(rows[one.unit]), one.month, one.kind, None if one.other is None else int(rows[one.other])) for one in transfers
    ]
    changes += [Change(None, month, "risen") for month in search.risen]
    return Gaps(
        pd.DataFrame([_row(gap, counts) for gap in gaps]),
        pd.DataFrame([_hidden(gap, counts) for gap in gaps]),
        _unit_months(counts, _by_owner(usual, search, lines), _by_owner(spread, search, lines)),
        pd.DataFrame([_change(change, counts) for change in sorted(changes, key=_in_order)]),
    )


def _owner(gap: Gap, search: Search, lines: Lines) -> int:
    """The unit that recorded most of a gap's months under its own name."""
    return int(np.bincount(lines.owner[search.rows[gap.unit], gap.begin : gap.end]).argmax())


def _by_owner(values: npt.NDArray[np.float64], search: Search, lines: Lines) -> npt.NDArray[np.float64]:
    """Search rows × months as units × months, each month with the unit that recorded it."""
    units = np.zeros(lines.owner.shape)
    owner = lines.owner[search.rows]
    units[owner, np.arange(owner.shape[1])] = values
    return units


def _in_order(change: Change) -> tuple[int, int]:
    return change.month, -1 if change.unit is None else change.unit


def _change(change: Change, counts: Counts) -> dict[str, object]:
    return {
        "force": counts.force,
        "unit_id": None if change.unit is None else counts.units[change.unit],
        "month": counts.months[change.month],
        "kind": change.kind,
        "other_unit_id": None if change.other is None else counts.units[change.other],
    }


def _place(gap: Gap, counts: Counts) -> dict[str, Any]:
    return {
        "force": counts.force,
        "unit_id": counts.units[gap.unit],
        "offence_group": None if gap.series == WHOLE else counts.groups[gap.series - 1],
        "first_month": counts.months[gap.begin],
        "last_month": counts.months[gap.end - 1],
    }


def _row(gap: Gap, counts: Counts) -> dict[str, Any]:
    return _place(gap, counts) | {
        "kind": gap.kind,
        "observed": round(gap.observed),
        "expected": gap.expected,
        "p_value": gap.p_value,
        "q_value": gap.q_value,
    }


def _hidden(gap: Gap, counts: Counts) -> dict[str, Any]:
    hidden, low, high = gap.hidden
    return _place(gap, counts) | {"hidden": hidden, "low": low, "high": high}


def _unit_months(counts: Counts, usual: npt.NDArray[np.float64] | None, spread: npt.NDArray[np.float64] | None) -> pd.DataFrame:
    crimes = counts.crimes.sum(1)
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
