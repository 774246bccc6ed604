"""The tracking of a series compared with what was done to it: changes signalled, false alarms, fixes recognised.

A change counts as signalled where a figure that it moves itself signals, in a force that it was made in, within ``SOON`` extracts
from its day on. Figures that it moves are those of the defects whose rate it changes, as ``series.json`` lists them (all, where it lists none
at all); where no figure is meant for these, there is *nothing to judge*. A change or fix *cannot be judged* where the series has no extract on one side of its
day, or the tracking lacks the figures, as those of linkage that was left out. A signal in a figure that was judged before
anything was changed in its force is a false alarm.
"""

from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from audit.oversight.families import meant_for
from audit.oversight.fixes import ALL_FORCES
from audit.oversight.track import Tracked, read_tracked
from synthetic.dataset import ChangeMade, FixMade, Series
from synthetic.dataset.series import SeriesManifest
from synthetic.errors import InputError

SOON = 3
"""Extracts from the day of a change on in which a signal is put down to it: a quarter; what comes later is as likely something else."""
Judgement = Literal["judged", "cannot be judged", "nothing to judge"]


class ChangeScore(BaseModel):
    """A change made to a series, and how soon a force that it was made in signals in a figure that it moves."""

    model_config = ConfigDict(frozen=True)

    since: date
    profile: str
    force: str
    judgement: Judgement
    extracts_until_signal: int | None
    """1 where the first extract from its day on signals, ``SOON`` at most; None where none of these does."""
    figure: str | None
    """The figure that signals first, and most surely."""


class FixScore(BaseModel):
    """A fix made to a series, and how many of the figures meant for it got better beyond chance."""

    model_config = ConfigDict(frozen=True)

    since: date
    key: str
    force: str
    judgement: Judgement
    figures: int
    recognised: int


class SeriesScore(BaseModel):
    """The scorecard of a tracking."""

    model_config = ConfigDict(frozen=True)

    changes: list[ChangeScore]
    fixes: list[FixScore]
    judged: int
    """Figures that were tested in extracts and forces in which nothing had been changed."""
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
    trend = tracked.trend
    untouched = trend[trend["judged"] & ~_touched(manifest, trend)]
    return SeriesScore(
        changes=[_of_change(manifest, change, tracked) for change in manifest.changes],
        fixes=[_of_fix(manifest, fix, tracked.fixes) for fix in manifest.fixes],
        judged=len(untouched),
        false_alarms=int(untouched["signal"].sum()),
    )


def _of_change(manifest: SeriesManifest, change: ChangeMade, tracked: Tracked) -> ChangeScore:
    meant = set(tracked.trend["figure"]) if change.defects is None else meant_for(change.defects)
    window = [extract.as_of for extract in manifest.extracts if extract.as_of >= change.since][:SOON]
    soon, found = (
        frame[
            frame["as_of"].isin(window)
            & frame["figure"].isin(meant)
            & (frame["force"].notna() if change.force is None else frame["force"] == change.force)
        ]
        for frame in (tracked.trend[tracked.trend["judged"]], tracked.signals)
    )
    # The first extract's own month is judged by the months before it, so a change in that month has a before too.
    begins = manifest.extracts[0].as_of.replace(day=1)
    judgement = _judgement(meant, bool(window) and change.since >= begins, len(soon))
    first = found.sort_values(["as_of", "q_value"]).head(1) if judgement == "judged" else found.head(0)
    return ChangeScore(
        since=change.since,
        profile=change.profile,
        force=change.force or ALL_FORCES,
        judgement=judgement,
        extracts_until_signal=window.index(first["as_of"].iloc[0]) + 1 if len(first) else None,
        figure=str(first["figure"].iloc[0]) if len(first) else None,
    )


def _of_fix(manifest: SeriesManifest, fix: FixMade, found: pd.DataFrame) -> FixScore:
    meant = meant_for(fix.defects)
    mine = (found["name"] == fix.key) & (found["since"] == fix.since) & (found["force"] == (fix.force or ALL_FORCES))
    rows = found[mine & found["figure"].isin(meant)]
    days = [extract.as_of for extract in manifest.extracts]
    return FixScore(
        since=fix.since,
        key=fix.key,
        force=fix.force or ALL_FORCES,
        judgement=_judgement(meant, days[0] < fix.since <= days[-1], len(rows)),
        figures=len(rows),
        recognised=int(rows["recognised"].sum()),
    )


def _judgement(meant: set[str], both_sides: bool, figures: int) -> Judgement:
    if not meant:
        return "nothing to judge"
    return "judged" if both_sides and figures else "cannot be judged"


def _touched(manifest: SeriesManifest, rows: pd.DataFrame) -> pd.Series:
    """Which rows are of a force in which something had been changed by then."""
    touched = pd.Series(False, index=rows.index)
    made = [(change.since, change.force) for change in manifest.changes] + [(fix.since, fix.force) for fix in manifest.fixes]
    for since, force in made:
        in_force = rows["force"].notna() if force is None else rows["force"] == force
        touched |= in_force & (rows["as_of"] >= since)
    return touched


WHY_NOT: dict[Judgement, str] = {
    "nothing to judge": "nothing to judge, since no figure is meant for it",
    "cannot be judged": "cannot be judged, since no extract lies on one side of it or its figures were not computed or tested",
}


def as_markdown(scored: SeriesScore) -> str:
    """The scorecard as lines of Markdown."""
    share = f" ({scored.false_alarms / scored.judged:.2%})" if scored.judged else ""
    lines = [f"- False alarms: {scored.false_alarms} of {scored.judged:,} figures judged where nothing was changed{share}."]
    for change in scored.changes:
        found = WHY_NOT.get(change.judgement) or (
            f"not signalled within {SOON} extracts"
            if change.extracts_until_signal is None
            else f"signalled in extract {change.extracts_until_signal} ({change.figure})"
        )
        lines.append(f"- {change.since}, {change.profile} in {_place(change.force)}: {found}.")
    for fix in scored.fixes:
        found = WHY_NOT.get(fix.judgement) or f"{fix.recognised} of {fix.figures} figures meant for it got better"
        lines.append(f"- {fix.since}, fix of {fix.key} in {_place(fix.force)}: {found}.")
    return "\n".join(lines)


def _place(force: str) -> str:
    return "all forces" if force == ALL_FORCES else force
