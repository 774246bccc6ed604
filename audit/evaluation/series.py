"""The tracking of a series compared with what was done to it: changes signalled, false alarms, fixes recognised."""

from datetime import date
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict

from audit.oversight.fixes import ALL_FORCES, HIGHER_IS_BETTER
from audit.oversight.track import Tracked, read_tracked
from synthetic.dataset import Series
from synthetic.dataset.series import SeriesManifest
from synthetic.errors import InputError


class ChangeScore(BaseModel):
    """A change made to a series, and how soon a force that it was made in signals."""

    model_config = ConfigDict(frozen=True)

    since: date
    profile: str
    force: str
    extracts_until_signal: int | None
    """1 where the first extract after it signals; None where none does."""
    figure: str | None
    """The figure that signals first, and most surely."""


class FixScore(BaseModel):
    """A fix made to a series, and whether the figures meant for it got better beyond chance."""

    model_config = ConfigDict(frozen=True)

    since: date
    key: str
    force: str
    figures: int
    recognised: int


class SeriesScore(BaseModel):
    """The scorecard of a tracking."""

    model_config = ConfigDict(frozen=True)

    changes: list[ChangeScore]
    fixes: list[FixScore]
    judged: int
    """Figures judged in extracts and forces in which nothing had been changed."""
    false_alarms: int
    """Those of them that signal."""


def score_series(series: Series, results: Path) -> SeriesScore:
    """Compare the tables of a tracking with the changes and fixes of its series; raises InputError."""
    tracked = read_tracked(results)
    if tracked is None:
        raise InputError(None, "The results are not those of a series; run `python -m audit track` on it.")
    return score_tracked(series.manifest, tracked)


def score_tracked(manifest: SeriesManifest, tracked: Tracked) -> SeriesScore:
    """Compare what tracking found with the changes and fixes of a series."""
    trend, signals = tracked.trend, tracked.signals
    days = sorted(set(trend["as_of"]))
    changes = []
    for change in manifest.changes:
        later = signals[signals["as_of"] >= change.since]
        mine = later if change.force is None else later[later["force"] == change.force]
        first = mine.sort_values(["as_of", "q_value"]).head(1)
        day = first["as_of"].iloc[0] if len(first) else None
        after = [one for one in days if one >= change.since]
        changes.append(
            ChangeScore(
                since=change.since,
                profile=change.profile,
                force=change.force or ALL_FORCES,
                extracts_until_signal=None if day is None else after.index(day) + 1,
                figure=None if day is None else str(first["figure"].iloc[0]),
            )
        )
    fixes = []
    for fix in manifest.fixes:
        found = tracked.fixes
        rows = found[(found["name"] == fix.key) & (found["since"] == fix.since) & (found["force"] == (fix.force or ALL_FORCES))]
        rows = rows[~rows["figure"].str.startswith(HIGHER_IS_BETTER)]
        fixes.append(
            FixScore(
                since=fix.since,
                key=fix.key,
                force=fix.force or ALL_FORCES,
                figures=len(rows),
                recognised=int(rows["recognised"].sum()),
            )
        )
    untouched = trend[trend["centre"].notna() & ~_touched(manifest, trend)]
    return SeriesScore(changes=changes, fixes=fixes, judged=len(untouched), false_alarms=int(untouched["signal"].sum()))


def _touched(manifest: SeriesManifest, rows: pd.DataFrame) -> pd.Series:
    """Which rows are of a force in which something had been changed by then."""
    touched = pd.Series(False, index=rows.index)
    made = [(change.since, change.force) for change in manifest.changes] + [(fix.since, fix.force) for fix in manifest.fixes]
    for since, force in made:
        in_force = rows["force"].notna() if force is None else rows["force"] == force
        touched |= in_force & (rows["as_of"] >= since)
    return touched


def as_markdown(scored: SeriesScore) -> str:
    """The scorecard as lines of Markdown."""
    share = scored.false_alarms / scored.judged if scored.judged else 0.0
    lines = [f"- False alarms: {scored.false_alarms} of {scored.judged:,} figures judged where nothing was changed ({share:.2%})."]
    for change in scored.changes:
        place = "all forces" if change.force == ALL_FORCES else change.force
        soon = (
            "not signalled"
            if change.extracts_until_signal is None
            else f"signalled in extract {change.extracts_until_signal} ({change.figure})"
        )
        lines.append(f"- {change.since}, {change.profile} in {place}: {soon}.")
    for fix in scored.fixes:
        place = "all forces" if fix.force == ALL_FORCES else fix.force
        lines.append(
            f"- {fix.since}, fix of {fix.key} in {place}: {fix.recognised} of {fix.figures} figures meant for it got better."
        )
    return "\n".join(lines)
