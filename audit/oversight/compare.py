"""Two audits held against each other: what got better, worse, appeared or went; tested, with false discovery controlled."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from audit.results import Results
from audit.statistics import q_values

FALSE_DISCOVERY_RATE = 0.05
"""Share of the changes told that may be chance (Benjamini and Hochberg 1995)."""
Change = Literal["worse", "better", "same", "appeared", "gone"]
RANK = {"pass": 0, "not_applicable": 0, "warn": 1, "error": 2, "fail": 2}


@dataclass(frozen=True)
class Comparison:
    """``checks`` has a row a check and force, ``forces`` one a force.

    checks: check_id, dimension, force, old_rate, new_rate, difference, low, high (95 %, of the difference), p_value, q_value,
    old_status, new_status, change. forces: force, old_status, new_status, gates_failed_anew, gates_mended, old_recall,
    new_recall.
    """

    checks: pd.DataFrame
    forces: pd.DataFrame

    def crossed(self, level: Literal["warn", "fail"]) -> bool:
        """Whether a check got worse, or appeared, and now stands at that level or above."""
        least = RANK[level]
        checks = self.checks[self.checks["change"].isin(["worse", "appeared"])]
        return bool((checks["new_status"].map(RANK) >= least).any())


def compare(old: Results, new: Results) -> Comparison:
    """Hold two results against each other, by check and force over the whole period.

    Rates are compared by a two-proportion z-test (pooled), corrected over all comparisons; a change is told where q is at most
    5 %. The interval is Newcombe's (1998, doi 10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method 10).
    """
    key = ["check_id", "force"]
    columns = [*key, "dimension", "failed", "total", "rate", "low", "high", "status"]
    sides = [one["checks"][one["checks"]["month"].isna()][columns].reset_index(drop=True) for one in (old, new)]
    merged = sides[0].merge(sides[1], on=key, how="outer", suffixes=("_old", "_new"), indicator=True, sort=False)
    tested = ((merged["total_old"] > 0) & (merged["total_new"] > 0)).to_numpy()
    p = np.full(len(merged), np.nan)
    p[tested] = _two_proportions(
        *(merged.loc[tested, f"{name}_{side}"].to_numpy(float) for side in ("old", "new") for name in ("failed", "total"))
    )
    q = np.full(len(merged), np.nan)
    q[tested] = q_values(p[tested])
    low, high = _newcombe(merged)
    difference = merged["rate_new"] - merged["rate_old"]
    certain = np.nan_to_num(q, nan=1.0) <= FALSE_DISCOVERY_RATE
    there = [(merged[f"total_{side}"].fillna(0) > 0).to_numpy() for side in ("old", "new")]
    change = np.select(
        [~there[0] & there[1], there[0] & ~there[1], certain & (difference > 0), certain & (difference < 0)],
        ["appeared", "gone", "worse", "better"],
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
            "low": low,
            "high": high,
            "p_value": p,
            "q_value": q,
            "old_status": merged["status_old"].fillna("not_applicable"),
            "new_status": merged["status_new"].fillna("not_applicable"),
            "change": change,
        }
    )
    return Comparison(checks, _forces(old, new))


def as_markdown(comparison: Comparison) -> str:
    """What changed, the surest first, and the verdict on each force, as Markdown tables."""
    counts = comparison.checks["change"].value_counts()
    lines = [
        "Checks by force: "
        + ", ".join(f"{counts.get(name, 0)} {name}" for name in ("worse", "better", "appeared", "gone", "same"))
        + ".",
        "",
        "| force | status before | status now | gates failed anew | gates mended | finds before | finds now |",
        "|---|---|---|---|---|--:|--:|",
    ]
    for row in comparison.forces.itertuples():
        recall = " | ".join("–" if pd.isna(one) else f"{one:.0%}" for one in (row.old_recall, row.new_recall))
        anew, mended = (", ".join(names) or "–" for names in (row.gates_failed_anew, row.gates_mended))
        lines.append(f"| {row.force} | {row.old_status} | {row.new_status} | {anew} | {mended} | {recall} |")
    changed = comparison.checks[comparison.checks["change"] != "same"]
    changed = changed.assign(order=changed["change"].map({"worse": 0, "appeared": 1, "better": 2, "gone": 3}))
    changed = changed.sort_values(["order", "q_value", "check_id", "force"])
    lines += ["", "| change | check | force | before | now | difference, 95 % | q | status |", "|---|---|---|--:|--:|--:|--:|---|"]
    for row in changed.itertuples():
        before, now = ("–" if pd.isna(rate) else f"{rate:.2%}" for rate in (row.old_rate, row.new_rate))
        ends = "–" if pd.isna(row.low) else f"{100 * row.difference:+.2f} ({100 * row.low:+.2f} to {100 * row.high:+.2f})"
        q = "–" if pd.isna(row.q_value) else f"{row.q_value:.2g}"
        status = row.new_status if row.old_status == row.new_status else f"{row.old_status} → {row.new_status}"
        lines.append(f"| {row.change} | {row.check_id} | {row.force} | {before} | {now} | {ends} | {q} | {status} |")
    return "\n".join(lines)


def _forces(old: Results, new: Results) -> pd.DataFrame:
    before = {row.force: row for row in old.summary.forces}
    rows = []
    for row in new.summary.forces:
        was = before.get(row.force)
        rows.append(
            {
                "force": row.force,
                "old_status": was.status if was else "–",
                "new_status": row.status,
                "gates_failed_anew": sorted(set(row.failed_gates) - set(was.failed_gates if was else [])),
                "gates_mended": sorted(set(was.failed_gates if was else []) - set(row.failed_gates)),
                "old_recall": was.recall_at_k if was else None,
                "new_recall": row.recall_at_k,
            }
        )
    columns = ["force", "old_status", "new_status", "gates_failed_anew", "gates_mended", "old_recall", "new_recall"]
    return pd.DataFrame(rows, columns=columns)


def _two_proportions(failed: np.ndarray, total: np.ndarray, failed_new: np.ndarray, total_new: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr  # slow to import, and few pages need it

    pooled = (failed + failed_new) / (total + total_new)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / total + 1 / total_new))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(spread > 0, (failed_new / total_new - failed / total) / spread, 0.0)
    return 2 * ndtr(-np.abs(z))


def _newcombe(merged: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    old, new = ({name: merged[f"{name}_{side}"].to_numpy(float) for name in ("rate", "low", "high")} for side in ("old", "new"))
    difference = new["rate"] - old["rate"]
    low = difference - np.hypot(new["rate"] - new["low"], old["high"] - old["rate"])
    high = difference + np.hypot(new["high"] - new["rate"], old["rate"] - old["low"])
    return low, high
