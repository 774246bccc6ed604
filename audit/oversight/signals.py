"""What tracking a series found, in words: signals, fixes, and the days that a user names."""

import json
from collections.abc import Sequence
from datetime import date

import pandas as pd

from audit.oversight.families import HIGHER_IS_BETTER, ROWS, family_of
from audit.oversight.fixes import Intervention
from audit.oversight.track import Tracked
from synthetic.dataset import Series
from synthetic.errors import InputError, read_day

MOST_LISTED = 40
FEW_FIGURES = 12
"""Figures of a fix up to which each has its line, changed or not."""
NO_CHANGE = "no change beyond chance"


def read_dates(texts: Sequence[str], series: Series) -> list[Intervention]:
    """Days that a user names, as ``DATE[@FORCE]``, each with an extract of the series before it and one from it on; raises InputError."""
    days = [extract.as_of for extract in series.manifest.extracts]
    found = []
    for text in texts:
        day, at, force = text.partition("@")
        since = read_day(day, "date", "takes a day, or a day and a force, as 2025-01-01@aldermoor.")
        if at and force not in series.forces:
            raise InputError(
                "date", f"names a force after @ that is not in the series; it takes one of: {', '.join(series.forces)}."
            )
        if not days[0] < since <= days[-1]:
            raise InputError(
                "date", f"takes a day after {days[0]} and up to {days[-1]}, so that an extract lies on each side of it."
            )
        found.append(Intervention(since, "named by the user", force if at else None))
    return found


def as_text(tracked: Tracked) -> str:
    """Signals, the latest first, then fixes, as lines."""
    signals = tracked.signals.sort_values(["as_of", "q_value"], ascending=[False, True])
    lines = [
        f"{len(signals)} signals among {tracked.trend['judged'].sum():,} figures judged; at most 5% of an extract's signals are expected to be chance."
    ]
    lines += [
        f"{row.as_of}  {row.force:16}  {row.kind:8}  {row.figure:45}  {shown_signal(row.figure, row.kind, row.size, row.low, row.high)}"
        for row in signals.head(MOST_LISTED).itertuples()
    ]
    if len(signals) > MOST_LISTED:
        lines.append(f"… and {len(signals) - MOST_LISTED} more in signals.parquet.")
    for key, rows in tracked.fixes.groupby(["since", "name", "force"], sort=False):
        lines += _of_fix(key, rows)
    return "\n".join(lines)


def _of_fix(key: tuple[date, str, str], rows: pd.DataFrame) -> list[str]:
    """A line for each figure of a fix or a named day; where these are many, those that did not change are only counted."""
    since, name, force = key
    verdicts = [verdict(row.figure, row.low, row.high) for row in rows.itertuples()]
    listed = [one != NO_CHANGE or len(rows) <= FEW_FIGURES for one in verdicts]
    lines = [
        f"{since}  {force:16}  {name}: {row.figure} {found}, {shown_size(row.figure, row.difference, row.low, row.high)} "
        f"against {'the other forces' if pd.notna(row.others_before) else 'before'}"
        for row, found, shown in zip(rows.itertuples(), verdicts, listed, strict=True)
        if shown
    ]
    left = len(rows) - len(lines)
    return [*lines, f"{since}  {force:16}  {name}: {left} more figures: {NO_CHANGE}."] if left else lines


def as_json(tracked: Tracked) -> str:
    """Signals and fixes as JSON; the trend stays in its file."""
    parts = {
        name: json.loads(frame.to_json(orient="records", date_format="iso"))
        for name, frame in vars(tracked).items()
        if name != "trend"
    }
    return json.dumps(parts)


def shown_signal(figure: str, kind: str, size: float, low: float, high: float) -> str:
    """The size of a signal; in words where there is none."""
    if pd.isna(size):
        return "no rows any more" if kind == "vanished" else "fewer than 10 rows"
    return shown_size(figure, size, low, high)


def shown_size(figure: str, size: float, low: float, high: float) -> str:
    """A change with its 95% ends: in rows a month for counts, else in percentage points."""
    if pd.isna(size):
        return "–"
    scale, unit = (1.0, "rows a month") if family_of(figure) == ROWS else (100.0, "points")
    texts = [f"{scale * value:+.1f}".replace("-", "−") for value in (size, low, high)]
    if pd.isna(low):
        return f"{texts[0]} {unit}"
    return f"{texts[0]} {unit} ({texts[1]} to {texts[2]})"


def verdict(figure: str, low: float, high: float) -> str:
    """Whether a figure got better beyond chance."""
    better, worse = (low > 0, high < 0) if family_of(figure) in HIGHER_IS_BETTER else (high < 0, low > 0)
    return "got better" if better else "got worse" if worse else NO_CHANGE
