"""What the model looks at: pairs by what they agree on, and what strangers agree on."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from audit.linkage.comparisons import BIRTH, FIELDS, FORENAME

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64 | np.int32]
Tables = dict[str, Floats]

RARE = ("forename", "surname", "date_of_birth", "place", "phone")
"""Fields where agreement on a rare value says more than on a common one."""
SWAPPED = FORENAME.number("swapped with surname")
IN_CACHE = 1 << 15
"""Patterns that are weighed at a time."""


@dataclass(frozen=True)
class Strangers:
    """Pairs drawn at random: how many, their counts by field and level (without missing), and those by sex of one forename."""

    counts: Tables
    drawn: float
    same_forename: Floats


@dataclass(frozen=True)
class Patterns:
    """Distinct combinations of levels and rarity, and how many of the compared pairs have each.

    ``levels`` by field, missing as the highest number; ``shares`` by field of ``RARE``: the log of the share of people who
    have the value that both records have. ``possible`` counts all pairs, compared or not, and ``records`` the records.
    """

    levels: dict[str, Ints]
    shares: Tables
    count: Floats
    possible: float
    records: int

    @cached_property
    def exact(self) -> dict[str, npt.NDArray[np.bool_]]:
        """By field of ``RARE``, the patterns in which the value itself is shared."""
        return {name: np.isin(self.levels[name], FIELDS[name].exact) for name in RARE}

    @cached_property
    def swapped(self) -> Ints:
        """The places of patterns in which forename and surname are swapped."""
        return np.flatnonzero(self.levels["forename"] == SWAPPED)

    @cached_property
    def silent(self) -> npt.NDArray[np.bool_]:
        """Patterns in which both forename and birth say nothing."""
        return np.asarray(np.logical_and(*(np.isin(self.levels[one.name], (0, one.size)) for one in (FORENAME, BIRTH))))

    def and_also(self, others: "Patterns") -> "Patterns":
        """These patterns, and the others after them."""
        return replace(
            self,
            levels={name: np.concatenate((level, others.levels[name])) for name, level in self.levels.items()},
            shares={name: np.concatenate((share, others.shares[name])) for name, share in self.shares.items()},
            count=np.concatenate((self.count, others.count)),
        )

    def with_count(self, count: Floats) -> "Patterns":
        """The patterns that have any pairs by another count."""
        some = np.flatnonzero(count)
        return self._at(some, count[some])

    def counted(self, count: Floats) -> "Patterns":
        """The same patterns by another count, shape (patterns,)."""
        same = replace(self, count=count)
        vars(same).update(exact=self.exact, silent=self.silent, swapped=self.swapped)
        return same

    @cached_property
    def parts(self) -> "list[Patterns]":
        """The patterns, so many as ``IN_CACHE`` at a time."""
        return [self._part(slice(begin, begin + IN_CACHE)) for begin in range(0, max(len(self.count), 1), IN_CACHE)]

    def _part(self, some: slice) -> "Patterns":
        part = self._at(some, self.count[some])
        vars(part).update(exact={name: exact[some] for name, exact in self.exact.items()}, silent=self.silent[some])
        return part

    def _at(self, places: Ints | slice, count: Floats) -> "Patterns":
        levels = {name: level[places] for name, level in self.levels.items()}
        return replace(self, levels=levels, shares={name: share[places] for name, share in self.shares.items()}, count=count)
