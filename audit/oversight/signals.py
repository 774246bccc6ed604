"""What tracking a series found, in words: signals, fixes, and the days that a user names."""

import json
from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from audit.oversight.fixes import HIGHER_IS_BETTER, Intervention
from audit.oversight.track import Tracked
from synthetic.contract import SLUG
from synthetic.errors import InputError

MOST_LISTED = 40
COUNTS = "rows."


def read_dates(texts: Sequence[str]) -> list[Intervention]:
    """Days that a user names, as ``DATE[@FORCE]``; raises InputError."""
    found = []
    for text in texts:
        day, at, force = text.partition("@")
        try:
            since = datetime.strptime(day, "%Y-%m-%d").date()
        except ValueError:
            raise InputError("date", "takes a day, or a day and a force, as 2025-01-01@aldermoor.") from None
        if at and not pd.Series([force]).str.fullmatch(SLUG).all():
            raise InputError("date", "takes the force's slug after @, as 2025-01-01@aldermoor.")
        found.append(Intervention(since, "named by the user", force if at else None))
    return found


def as_text(tracked: Tracked) -> str:
    """Signals, the latest first, then fixes, as lines."""
    signals = tracked.signals.sort_values(["as_of", "q_value"], ascending=[False, True])
    judged = tracked.trend[tracked.trend["centre"].notna()]
    lines = [
        f"{len(signals)} signals among {len(judged):,} figures judged; at most 5% of an extract's signals are expected to be chance."
    ]
    lines += [
        f"{row.as_of}  {row.force:16}  {row.kind:8}  {row.figure:45}  {shown_size(row.figure, row.size, row.low, row.high)}"
        for row in signals.head(MOST_LISTED).itertuples()
    ]
    if len(signals) > MOST_LISTED:
        lines.append(f"… and {len(signals) - MOST_LISTED} more in signals.parquet.")
    for row in tracked.fixes.itertuples():
        lines.append(
            f"{row.since}  {row.force:16}  {row.name}: {row.figure} {verdict(row.figure, row.low, row.high)}, "
            f"{shown_size(row.figure, row.difference, row.low, row.high)} against {'the other forces' if pd.notna(row.others_before) else 'before'}"
        )
    return "\n".join(lines)


def as_json(tracked: Tracked) -> str:
    """Signals and fixes as JSON; the trend stays in its file."""
    parts = {
        name: json.loads(frame.to_json(orient="records", date_format="iso"))
        for name, frame in vars(tracked).items()
        if name != "trend"
    }
    return json.dumps(parts)


def shown_size(figure: str, size: float, low: float, high: float) -> str:
    """A change with its 95% ends: in rows a month for counts, else in percentage points."""
    if pd.isna(size):
        return "no rows any more"
    scale, unit = (1.0, "rows a month") if figure.startswith(COUNTS) else (100.0, "points")
    texts = [f"{scale * value:+.1f}".replace("-", "−") for value in (size, low, high)]
    if pd.isna(low):
        return f"{texts[0]} {unit}"
    return f"{texts[0]} {unit} ({texts[1]} to {texts[2]})"


def verdict(figure: str, low: float, high: float) -> str:
    """Whether a figure got better beyond chance."""
    better, worse = (low > 0, high < 0) if figure.startswith(HIGHER_IS_BETTER) else (high < 0, low > 0)
    return "got better" if better else "got worse" if worse else "no change beyond chance"
