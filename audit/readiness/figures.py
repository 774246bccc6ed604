"""Each figure of readiness as a reader sees it: value, threshold, verdict and text. Pages and report take them from here."""

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from audit.readiness.gates import GATES, Sense
from audit.readiness.status import PeopleFound

MARKS = {
    "met": "pass", "not met": "fail", "too close to call": "warn", "cannot be judged": "not_run",
    "pass": "pass", "warn": "warn", "fail": "fail", "error": "error", "not_run": "not_run", "not_applicable": "",
}  # fmt: skip
"""By status, the tint of its cell."""
MOST_DIGITS = 6


@dataclass(frozen=True)
class Figure:
    """One figure. ``value``, ``low``, ``high`` and ``threshold`` are shares, NaN where there is none; ``total`` counts the rows
    judged. ``text`` is the value as it is shown, ``note`` what it is judged by.
    """

    name: str
    label: str
    value: float
    low: float
    high: float
    threshold: float
    sense: Sense
    status: str
    total: int
    decided_by: str | None
    text: str
    note: str

    @property
    def mark(self) -> str:
        """The name of the tint of its cell: pass, warn, fail, error, not_run, or nothing."""
        return MARKS[self.status]


def gate_figures(readiness: pd.DataFrame) -> list[Figure]:
    """The gates of one force and instrument, from its rows of ``readiness``."""
    return [_gate(row) for row in readiness[readiness["kind"] == "gate"].to_dict("records")]


def dimension_figures(readiness: pd.DataFrame) -> list[Figure]:
    """The dimensions of one force and instrument, from its rows of ``readiness``: each is what its worst check finds."""
    return [_dimension(row) for row in readiness[readiness["kind"] == "dimension"].to_dict("records")]


def figures_by_force(readiness: pd.DataFrame, kind: Literal["gate", "dimension"]) -> dict[str, list[Figure]]:
    """Force → its gates or dimensions, from the rows of ``readiness`` of one instrument: a nation's rows are looked through once."""
    figure = _gate if kind == "gate" else _dimension
    figures: dict[str, list[Figure]] = {}
    for row in readiness[readiness["kind"] == kind].to_dict("records"):
        figures.setdefault(row["force"], []).append(figure(row))
    return figures


def people_figure(found: PeopleFound) -> Figure:
    """People found of one force and instrument."""
    nan = float("nan")
    value, low, high = (nan if share is None else share for share in (found.value, found.low, found.high))
    text = "–" if found.value is None else share_text(value, found.threshold, 0)
    note = range_text(low, high, 0) if found.value is not None else ""
    if found.status in ("too close to call", "cannot be judged"):
        note = f"{note}; {found.status}".removeprefix("; ")
    return Figure(
        "people found", "People found", value, low, high, found.threshold, "at least", found.status, found.size, None, text, note
    )


def share_text(value: float, threshold: float, digits: int = 1) -> str:
    """A share as a percentage that never contradicts its threshold, nor says 0% or 100% of what is not.

    >>> share_text(0.9998, 1.0), share_text(0.0108, 0.01), share_text(0.5, 0.9), share_text(1.0, 1.0)
    ('99.98%', '1.1%', '50.0%', '100.0%')
    """
    if pd.isna(value):
        return "–"
    for places in range(digits, MOST_DIGITS + 1):
        text = f"{100 * value:.{places}f}"
        ends = float(text) in (0.0, 100.0) and value not in (0.0, 1.0)
        if not ends and (pd.isna(threshold) or value == threshold or float(text) != round(100 * threshold, places)):
            return text + "%"
    return f"{100 * value:.{MOST_DIGITS}f}%"


def limit_text(threshold: float) -> str:
    """A threshold as a percentage with no more digits than it has.

    >>> limit_text(0.9), limit_text(0.005)
    ('90%', '0.5%')
    """
    return "–" if pd.isna(threshold) else f"{100 * threshold:.{MOST_DIGITS}f}".rstrip("0").rstrip(".") + "%"


def range_text(low: float, high: float, digits: int = 1) -> str:
    """The ends of an interval, as percentages."""
    return "" if pd.isna(low) or pd.isna(high) else f"{100 * low:.{digits}f} to {100 * high:.{digits}f}"


def _gate(row: dict[Any, Any]) -> Figure:
    gate = GATES[row["name"]]
    text = share_text(row["value"], row["threshold"])
    note = f"{gate.sense} {limit_text(row['threshold'])}, of {row['total']:,}"
    if gate.estimated and not pd.isna(row["value"]):
        note = f"estimate, {range_text(row['low'], row['high'])}; {note}"
    return _figure(row, gate.label, gate.sense, text, f"{row['status']}; {note}")


def _dimension(row: dict[Any, Any]) -> Figure:
    label, status = str(row["name"]).capitalize(), row["status"]
    if status in ("pass", "warn", "fail"):
        note = f"{row['decided_by']}, {'warns' if status == 'warn' else 'fails'} above {limit_text(row['threshold'])}"
        return _figure(row, label, "at most", share_text(row["value"], row["threshold"]), note)
    note = {
        "not_run": f"not run: {row['decided_by']}",
        "error": f"could not be counted: {row['decided_by']}",
        "not_applicable": "nothing to judge",
    }[status]
    return _figure(row, label, "at most", "–", note)


def _figure(row: dict[Any, Any], label: str, sense: Sense, text: str, note: str) -> Figure:
    decided_by = row["decided_by"] if isinstance(row["decided_by"], str) else None
    return Figure(
        row["name"], label, row["value"], row["low"], row["high"], row["threshold"], sense, row["status"], int(row["total"]),
        decided_by, text, note,
    )  # fmt: skip
