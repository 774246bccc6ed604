"""The type of check that compares groups of records with one another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import narwhals as nw
import numpy as np
import pandas as pd

from audit.checks.types.base import Context, Counts, Dimension, Rule, SeriesCheck, Wording, absent, is_one_of
from audit.statistics import group_difference

LEAST_GROUP = 10
"""Groups of fewer records are not compared: a share of one or two records says nothing of a group, whatever a test finds."""
BY_CHANCE = 0.0027
"""A difference counts where it is rarer than this by chance: the two-sided level of three standard deviations."""


@dataclass(frozen=True)
class Group:
    """A group of records: its name in counts, and the codes of those who are in it."""

    name: str
    codes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unequal(SeriesCheck):
    """The field is blank more often in one group, by ``column``, than in the others together, beyond chance.

    Failed are the rows in excess, of the rows of the group that is worst off. Chance is judged by an exact test (Fisher) for
    two groups and by simulation of the chi-squared statistic for more, both with the numbers of rows and blanks as they are,
    so that they hold for small groups too.
    """

    column: str
    groups: tuple[Group, ...]
    people: str
    type: ClassVar[str] = "unequal"
    dimension: Dimension = "completeness"
    warn: float = 0.05
    fail: float = 0.10

    def rules(self, context: Context) -> dict[str, Rule]:
        blank = absent(self.table, self.field)
        rules = {}
        for group in self.groups:
            inside = f"{self.column}_in_{'_'.join(group.codes)}"
            member = is_one_of(nw.col(self.column), group.codes).fill_null(False)
            rules[group.name] = Rule(blank & nw.col(inside), nw.col(inside), columns=((inside, member),))
        return rules

    def combine(self, counts: Mapping[str, Counts], context: Context) -> Counts:
        sums = [counts[group.name].groupby("force")[["failed", "total"]].sum() for group in self.groups]
        forces = sorted(set().union(*(part.index for part in sums)))
        aligned = [part.reindex(forces, fill_value=0) for part in sums]
        failed = np.column_stack([part["failed"].to_numpy(np.int64) for part in aligned])
        total = np.column_stack([part["total"].to_numpy(np.int64) for part in aligned])
        rows = [self._excess(*pair) for pair in zip(failed, total, strict=True)]
        return pd.DataFrame(
            {
                "check_id": self.id,
                "force": forces,
                "month": None,
                "failed": np.array([excess for excess, _ in rows], np.int64),
                "total": np.array([size for _, size in rows], np.int64),
            }
        )

    def wording(self) -> Wording:
        return Wording(
            f"How much more often {self.field} is blank on the records of one group, {self.people}, than on the others': failed "
            "are the rows in excess, of the rows of the group that is worst off.",
            "What is missing for some groups more than for others moves a list for them more, and the total does not show it.",
            "Find out where the groups' records are made differently: which desk, which system, which interpreter.",
        )

    @staticmethod
    def _excess(failed: np.ndarray, total: np.ndarray) -> tuple[int, int]:
        """Rows in excess in the group that is worst off, and its rows; none where there are no two groups to compare."""
        large = total >= LEAST_GROUP
        failed, total = failed[large], total[large]
        if len(total) < 2:
            return 0, 0
        worst = int(np.argmax(failed / total))
        others = (failed.sum() - failed[worst]) / (total.sum() - total[worst])
        excess = round(float(failed[worst] - others * total[worst]))
        differs = excess > 0 and group_difference(failed, total) < BY_CHANCE
        return (excess if differs else 0), int(total[worst])
