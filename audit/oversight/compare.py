"""Two audits compared: what got better, worse, appeared or went; tested, with the false discovery rate controlled."""

from dataclasses import dataclass
from datetime import date
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.checks.catalogue import check
from audit.checks.types.base import Sampled
from audit.results import DatasetSummary, Results
from audit.statistics import q_values

Shares = npt.NDArray[np.float64]
FALSE_DISCOVERY_RATE = 0.05
"""Share of the changes reported that may be chance (Benjamini and Hochberg 1995)."""
Change = Literal["worse", "better", "same", "appeared", "gone", "not tested"]
RANK = {"warn": 1, "error": 2, "fail": 2}
"""How bad a status is; every other one is 0."""
ORDER = {"worse": 0, "gone": 1, "appeared": 2, "better": 3, "not tested": 4}
MOST_NAMED = 12
"""Settings of one kind that the notes name; more are counted."""
GONE = "not in the data"
_Z = NormalDist().inv_cdf(0.975)
"""Status of a force in the run that does not have it."""


@dataclass(frozen=True)
class Comparison:
    """Two runs in the order in which they were given.

    ``checks`` has a row for each check and force: check_id, dimension, force, old_rate, new_rate, difference, low, high (95%, of
    the difference), p_value, q_value, old_status, new_status, change. What had rows and has none now is ``gone``; what differs,
    and is neither a share of rows nor an estimate (``Check.sampled``), is ``not tested``: it has no interval, p_value and q_value.
    ``forces`` has a row for each force of either run: force, old_status, new_status, gates_newly_failed, gates_newly_met,
    old_recall, new_recall, recall_difference, recall_low, recall_high (95%, of the difference).
    ``notes`` say in sentences what else is not the same: dates, options, thresholds, checks, versions, worlds.
    """

    checks: pd.DataFrame
    forces: pd.DataFrame
    dates: tuple[date, date]
    notes: tuple[str, ...]

    @property
    def first_is_later(self) -> bool:
        """Whether the run that was given first is of later data than the second."""
        return self.dates[0] > self.dates[1]

    def crossed(self, level: Literal["warn", "fail"]) -> bool:
        """Whether something vanished, a gate is newly not met, or a check got worse or appeared and stands at that level or above.

        A check whose difference is not tested counts where its status is worse than before: its own rule sets chance aside.
        """
        checks, forces = self.checks, self.forces
        before, now = (checks[name].map(RANK).fillna(0) for name in ("old_status", "new_status"))
        worse = checks["change"].isin(["worse", "appeared"]) | (checks["change"].eq("not tested") & (now > before))
        worse &= now >= RANK[level]
        vanished = checks["change"].eq("gone").any() or forces["new_status"].eq(GONE).any()
        return bool(worse.any() or vanished or forces["gates_newly_failed"].map(len).any())


def compare(old: Results, new: Results) -> Comparison:
    """Compare two results, by check and force over the whole period, in the order given.

    Shares of rows are compared by a two-proportion z-test (pooled), estimates by the interval of their difference, corrected over
    all comparisons; a change is reported where q is at most 5%. Other rates are not tested. The interval is Newcombe's (1998, doi 10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method
    10); that of people found combines the two intervals in the same way (Zou and Donner 2008, doi 10.1002/sim.3095).
    """
    key = ["check_id", "force"]
    columns = [*key, "dimension", "failed", "total", "rate", "low", "high", "status"]
    sides = [one["checks"][one["checks"]["month"].isna()][columns].reset_index(drop=True) for one in (old, new)]
    merged = sides[0].merge(sides[1], on=key, how="outer", suffixes=("_old", "_new"), indicator=True, sort=False)
    there = [(merged[f"total_{side}"].fillna(0) > 0).to_numpy() for side in ("old", "new")]
    sampled = merged["check_id"].map(_sampled).to_numpy()
    both = there[0] & there[1]
    low, high = _newcombe(merged)
    difference = merged["rate_new"] - merged["rate_old"]
    rows, estimates = both & (sampled == "rows"), both & (sampled == "estimate")
    tested = rows | estimates
    p = np.full(len(merged), np.nan)
    p[rows] = _two_proportions(
        *(merged.loc[rows, f"{name}_{side}"].to_numpy(float) for side in ("old", "new") for name in ("failed", "total"))
    )
    p[estimates] = _of_interval(difference.to_numpy(float)[estimates], low[estimates], high[estimates])
    q = np.full(len(merged), np.nan)
    q[tested] = q_values(p[tested])
    certain = np.nan_to_num(q, nan=1.0) <= FALSE_DISCOVERY_RATE
    change = np.select(
        [
            ~there[0] & there[1],
            there[0] & ~there[1],
            both & ~tested & (difference != 0),
            certain & (difference > 0),
            certain & (difference < 0),
        ],
        ["appeared", "gone", "not tested", "worse", "better"],
        default="same",
    )
    checks = pd.DataFrame(
        {
            "check_id": merged["check_id"],
            "dimension": merged["dimension_new"].fillna(merged["dimension_old"]),
            "force": merged["force"],
            "old_rate": merged["rate_old"],
            "new_rate": merged["rate_new"],
            "difference": difference,
            "low": np.where(tested, low, np.nan),
            "high": np.where(tested, high, np.nan),
            "p_value": p,
            "q_value": q,
            "old_status": merged["status_old"].fillna("not_applicable"),
            "new_status": merged["status_new"].fillna("not_applicable"),
            "change": change,
        }
    )
    dates = old.summary.dataset.as_of, new.summary.dataset.as_of
    return Comparison(checks, _forces(old, new), dates, tuple(_notes(old, new)))


def as_markdown(comparison: Comparison) -> str:
    """What changed, the widest change first, and the verdict on each force, as Markdown tables."""
    counts = comparison.checks["change"].value_counts()
    listed = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("worse", "gone", "appeared", "better", "not tested", "same"))
    lines = [f"Data to {comparison.dates[0]} compared with data to {comparison.dates[1]}.", ""]
    lines += [f"- {note}" for note in comparison.notes]
    lines += [""] if comparison.notes else []
    lines += [
        f"Checks by force: {listed}.",
        "",
        "| force | status before | status now | gates newly not met | gates newly met | finds before | finds now | difference, 95% |",
        "|---|---|---|---|---|--:|--:|--:|",
    ]
    for row in comparison.forces.itertuples():
        recall = " | ".join("–" if pd.isna(one) else f"{one:.0%}" for one in (row.old_recall, row.new_recall))
        failed, met = (", ".join(names) or "–" for names in (row.gates_newly_failed, row.gates_newly_met))
        ends = _points(row.recall_difference, row.recall_low, row.recall_high, digits=0)
        lines.append(f"| {row.force} | {row.old_status} | {row.new_status} | {failed} | {met} | {recall} | {ends} |")
    lines += ["", "| change | check | force | before | now | difference, 95% | q | status |", "|---|---|---|--:|--:|--:|--:|---|"]
    for row in changed_first(comparison.checks).itertuples():
        before, now = ("–" if pd.isna(rate) else f"{rate:.2%}" for rate in (row.old_rate, row.new_rate))
        ends = _points(row.difference, row.low, row.high, digits=2) if pd.notna(row.low) else _signed(row.difference, digits=2)
        q = "–" if pd.isna(row.q_value) else f"{row.q_value:.2g}"
        status = row.new_status if row.old_status == row.new_status else f"{row.old_status} → {row.new_status}"
        lines.append(f"| {row.change} | {row.check_id} | {row.force} | {before} | {now} | {ends} | {q} | {status} |")
    return "\n".join(lines)


def changed_first(checks: pd.DataFrame) -> pd.DataFrame:
    """The checks that changed: worse, gone, appeared, better, not tested, and of each the widest change first."""
    changed = checks[checks["change"] != "same"]
    order = changed["change"].map(ORDER)
    size = -changed["difference"].abs().fillna(0)
    return (
        changed.assign(order=order, size=size).sort_values(["order", "size", "check_id", "force"]).drop(columns=["order", "size"])
    )


def _points(difference: float, low: float, high: float, digits: int) -> str:
    """A difference in points with its interval."""
    if pd.isna(difference) or pd.isna(low):
        return "–"
    return "{} ({} to {})".format(*(_signed(value, digits) for value in (difference, low, high)))


def _signed(share: float, digits: int) -> str:
    return "–" if pd.isna(share) else f"{100 * share:+.{digits}f}".replace("-", "−")


def _forces(old: Results, new: Results) -> pd.DataFrame:
    before, after = ({row.force: row for row in one.summary.forces} for one in (old, new))
    rows: list[dict[str, Any]] = []
    for force in dict.fromkeys([*after, *before]):
        was, now = before.get(force), after.get(force)
        failed = [set(one.failed_gates) if one else set() for one in (was, now)]
        row = {
            "force": force,
            "old_status": was.status if was else GONE,
            "new_status": now.status if now else GONE,
            # Of a force that is in one run only, nothing is newly met or not met.
            "gates_newly_failed": sorted(failed[1] - failed[0]) if was and now else [],
            "gates_newly_met": sorted(failed[0] - failed[1]) if was and now else [],
            "old_recall": was.recall_at_k if was else None,
            "new_recall": now.recall_at_k if now else None,
        }
        ends = [np.array([np.nan if value is None else value for value in (one.recall_at_k, one.low, one.high)])
                if one else np.full(3, np.nan) for one in (was, now)]  # fmt: skip
        low, high = _square_and_add(*(end[:, None] for end in ends))
        row |= {"recall_difference": ends[1][0] - ends[0][0], "recall_low": low[0], "recall_high": high[0]}
        rows.append(row)
    columns = [
        "force", "old_status", "new_status", "gates_newly_failed", "gates_newly_met",
        "old_recall", "new_recall", "recall_difference", "recall_low", "recall_high",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _notes(old: Results, new: Results) -> list[str]:
    """What else differs between two runs, a sentence each."""
    was, now = old.summary, new.summary
    notes = []
    if was.dataset.as_of > now.dataset.as_of:
        notes.append(
            f"The first run is of later data ({was.dataset.as_of}) than the second ({now.dataset.as_of}): swap the two to read "
            "better and worse forwards in time."
        )
    if was.dataset.manifest_sha256 == now.dataset.manifest_sha256:
        notes.append("Both runs are of the same dataset: what differs comes from how it was audited.")
    elif was.dataset.provenance.get("seed") != now.dataset.provenance.get("seed"):
        notes.append("The datasets are of two worlds (their seeds differ): a change can be the world's, not the data quality's.")
    if was.auditor != now.auditor:
        notes.append(f"Made by different versions: {was.auditor}, then {now.auditor}.")
    notes += _of_making(was.dataset, now.dataset)
    for name, before in was.options.model_dump().items():
        after = getattr(now.options, name)
        if before != after:
            notes.append(f"Option {name}: {_shown(before)}, then {_shown(after)}.")
    notes += _differing("Threshold", was.thresholds, now.thresholds, "the project's own")
    checks = [set(one["checks"]["check_id"]) for one in (old, new)]
    forces = [set(one.dataset.forces) for one in (was, now)]
    for what, sides in (("Checks", checks), ("Forces", forces)):
        for ids, verb in ((sides[0] - sides[1], "only in the first run"), (sides[1] - sides[0], "only in the second run")):
            if ids:
                notes.append(f"{what} {verb}: {', '.join(sorted(ids))}.")
    return notes


def _of_making(was: DatasetSummary, now: DatasetSummary) -> list[str]:
    """What differs in how two datasets were made: their profiles' settings, and what the generator was asked for."""
    notes = []
    if was.profile != now.profile:
        notes.append(f"Profile: {_shown(was.profile, 'none')}, then {_shown(now.profile, 'none')}.")
    if was.profile_settings is not None and now.profile_settings is not None:
        settings = [
            {key: value for key, value in one.items() if key not in ("name", "summary")}
            for one in (was.profile_settings, now.profile_settings)
        ]
        notes += _differing("Profile setting", settings[0], settings[1], "not given")
    asked = [{key: value for key, value in one.provenance.items() if key not in ("seed", "kind")} for one in (was, now)]
    notes += _differing("Made with", asked[0], asked[1], "not given")
    if was.provenance.get("kind") != now.provenance.get("kind"):
        notes.append(f"Kind of dataset: {was.provenance.get('kind')}, then {now.provenance.get('kind')}.")
    for what, sides in (("Changes", (was.changes, now.changes)), ("Fixes", (was.fixes, now.fixes))):
        if sides[0] != sides[1]:
            notes.append(f"{what} on the way: {_shown(sides[0])}, then {_shown(sides[1])}.")
    return notes


def _differing(what: str, before: dict[str, Any], after: dict[str, Any], absent: str) -> list[str]:
    """A sentence for each entry of two nested tables that differs; many are counted and the first named."""
    flat = [_flat(one) for one in (before, after)]
    ends = {name: [_shown(one.get(name, absent)) for one in flat] for name in sorted({*flat[0], *flat[1]})}
    differing = {name: pair for name, pair in ends.items() if pair[0] != pair[1]}
    notes = [f"{what} {name}: {pair[0]}, then {pair[1]}." for name, pair in list(differing.items())[:MOST_NAMED]]
    if len(differing) > MOST_NAMED:
        notes.append(f"{what}: {len(differing) - MOST_NAMED} more differ.")
    return notes


def _flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested thresholds as dotted names."""
    flat: dict[str, Any] = {}
    for name, value in content.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _shown(value: Any, absent: str = "the default") -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return absent if value is None else str(value)


def _two_proportions(failed: Shares, total: Shares, failed_new: Shares, total_new: Shares) -> Shares:
    from scipy.special import ndtr  # slow to import, and few pages need it

    pooled = (failed + failed_new) / (total + total_new)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / total + 1 / total_new))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(spread > 0, (failed_new / total_new - failed / total) / spread, 0.0)
    two_sided: Shares = 2 * ndtr(-np.abs(z))
    return two_sided


def _of_interval(difference: Shares, low: Shares, high: Shares) -> Shares:
    """The p-value of "no difference" that a 95% interval of a difference implies, by its end on the side of nil."""
    from scipy.special import ndtr  # slow to import, and few pages need it

    half = np.where(difference > 0, difference - low, high - difference)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(difference == 0, 0.0, np.abs(difference) / half * _Z)
    two_sided: Shares = 2 * ndtr(-z)
    return two_sided


def _sampled(check_id: str) -> Sampled:
    """What chance does to a check's rate; of one that is no longer declared nobody knows."""
    declared = check(check_id)
    return declared.sampled if declared else "no"


def _newcombe(merged: pd.DataFrame) -> tuple[Shares, Shares]:
    old, new = (
        np.vstack([merged[f"{name}_{side}"].to_numpy(float) for name in ("rate", "low", "high")]) for side in ("old", "new")
    )
    return _square_and_add(old, new)


def _square_and_add(old: Shares, new: Shares) -> tuple[Shares, Shares]:
    """Interval of the differences of shares from their own intervals; each shape (3, n): value, low, high."""
    difference = new[0] - old[0]
    low = difference - np.hypot(new[0] - new[1], old[2] - old[0])
    high = difference + np.hypot(new[2] - new[0], old[0] - old[1])
    return low, high
