"""Did a fix work: before and after, against the forces that were not fixed.

The difference in differences takes away what changed everywhere, such as the season (Ashenfelter and Card 1985, doi 10.2307/1924810).
Its interval is made of the four figures' own intervals by square and add (Zou and Donner 2008, doi 10.1002/sim.3095), as if
the extracts were of different rows; as they share most, it is wide rather than narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.oversight.extracts import ExtractFigures
from audit.oversight.families import HIGHER_IS_BETTER, family_of, meant_for

Shares = npt.NDArray[np.float64]
ALL_FORCES = "all"


@dataclass(frozen=True)
class Intervention:
    """A day from which something is expected to be better: in one force, or in all (None); ``defects`` are those meant, if known."""

    since: date
    name: str
    force: str | None = None
    defects: tuple[str, ...] = ()


def did_it_work(extracts: Sequence[ExtractFigures], interventions: Sequence[Intervention]) -> pd.DataFrame:
    """A row for each intervention and figure that it should move; columns as in ``fixes`` of ``audit.oversight.track``.

    Compared are the last extract before the day and the first from it on. ``difference`` is the change of the forces meant, less
    that of the others, where there are others. ``recognised`` says that the interval lies on the better side of 0.
    """
    rows = []
    for one in interventions:
        before = [extract for extract in extracts if extract.as_of < one.since]
        after = [extract for extract in extracts if extract.as_of >= one.since]
        if before and after:
            rows += _of_intervention(before[-1], after[0], one)
    return pd.DataFrame(rows)


def _of_intervention(before: ExtractFigures, after: ExtractFigures, one: Intervention) -> list[dict[str, object]]:
    sides = [_levels(extract) for extract in (before, after)]
    both = sides[0].merge(sides[1], on=["force", "figure"], suffixes=("_before", "_after"))
    meant = meant_for(one.defects) if one.defects else set(both["figure"])
    rows = []
    for figure, mine in both.groupby("figure", sort=False):
        name = str(figure)
        if name not in meant and family_of(name) not in HIGHER_IS_BETTER:
            continue
        fixed = mine["force"].eq(one.force).to_numpy() if one.force is not None else np.ones(len(mine), bool)
        if not fixed.any():
            continue
        change, others = _change(mine[fixed]), _change(mine[~fixed]) if (~fixed).any() else np.zeros(3)
        difference = change[0] - others[0]
        low = difference - np.hypot(change[0] - change[1], others[2] - others[0])
        high = difference + np.hypot(change[2] - change[0], others[0] - others[1])
        better = low > 0 if family_of(name) in HIGHER_IS_BETTER else high < 0
        means = mine[fixed][["value_before", "value_after"]].mean()
        rest = mine[~fixed][["value_before", "value_after"]].mean()
        rows.append(
            {
                "since": one.since, "name": one.name, "force": one.force or ALL_FORCES, "figure": name,
                "before": means["value_before"], "after": means["value_after"],
                "others_before": rest["value_before"], "others_after": rest["value_after"],
                "difference": difference, "low": low, "high": high, "recognised": bool(better),
            }
        )  # fmt: skip
    return rows


def _levels(extract: ExtractFigures) -> pd.DataFrame:
    """force, figure, value, low, high of the whole stock and of the lists."""
    return pd.concat([extract.stock, extract.estimates], ignore_index=True).dropna(subset=["value", "low", "high"])


def _change(rows: pd.DataFrame) -> Shares:
    """Change of the mean over forces, with its low and high end; shape (3,)."""
    ends = {side: rows[[f"{name}_{side}" for name in ("value", "low", "high")]].to_numpy(float) for side in ("before", "after")}
    count = len(rows)
    values = {side: end[:, 0].mean() for side, end in ends.items()}
    down = {side: np.sqrt(np.square(end[:, 0] - end[:, 1]).sum()) / count for side, end in ends.items()}
    up = {side: np.sqrt(np.square(end[:, 2] - end[:, 0]).sum()) / count for side, end in ends.items()}
    change = values["after"] - values["before"]
    return np.array([change, change - np.hypot(down["after"], up["before"]), change + np.hypot(up["after"], down["before"])])
