"""The scope of a world: seed, profile, period, scale and forces; and the forces as this world has them."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from synthetic.contract import reference
from synthetic.randomness import stream

if TYPE_CHECKING:  # the profile is built from the defects, and these know the world
    from synthetic.profile import Profile

NEVER = np.int32(-(2**31))
"""Stands for no date in an array of days since 1970-01-01."""

PEOPLE_PER_UNIT = 75_000
MAX_UNITS = 90


@dataclass(frozen=True)
class Scope:
    """What a world is made of: seed, profile, first and last day (days since 1970), scale, and the forces in it."""

    seed: int
    profile: "Profile"
    start: int
    end: int
    scale: float
    forces: tuple[str, ...]
    changes: "tuple[Change, ...]" = ()
    fixes: "tuple[Fix, ...]" = ()

    def __post_init__(self) -> None:
        """Put changes and fixes in order of time, and those of a day in one of their own, so that the order in which they are
        named never matters; of two changes of a day, that of one force comes after, and so in place of, that of all."""
        changes = sorted(self.changes, key=lambda one: (one.first, one.force or "", one.profile.model_dump_json()))
        fixes = sorted(self.fixes, key=lambda one: (one.first, one.force or "", one.key, one.share))
        object.__setattr__(self, "changes", tuple(changes))
        object.__setattr__(self, "fixes", tuple(fixes))

    def eras(self, slug: str) -> "tuple[Era, ...]":
        """The profiles by which a force records, up to the last day, in order of time; the first is the scope's own."""
        later = (change for change in self.changes if change.force in (None, slug) and change.first <= self.end)
        return (Era(None, self.profile), *(Era(change.first, change.profile) for change in later))

    def fixes_of(self, slug: str, key: str) -> "tuple[Fix, ...]":
        """The fixes of a profile's key that are made in a force by the last day, in order of time."""
        return tuple(fix for fix in self.fixes if fix.key == key and fix.force in (None, slug) and fix.first <= self.end)


@dataclass(frozen=True)
class Era:
    """A time in which records are made as in one profile: from its first day (days since 1970; None: from ever) to the next era's."""

    first: int | None
    profile: "Profile"


@dataclass(frozen=True)
class Fix:
    """A share of what a profile's key sets is repaired from a day on, of the stock and of what comes; in one force, or in all."""

    first: int
    key: str
    share: float
    force: str | None = None


@dataclass(frozen=True)
class Change:
    """Records are made as in another profile from a day on; in one force, or in all."""

    first: int
    profile: "Profile"
    force: str | None = None


@dataclass(frozen=True)
class Force:
    """A force of this world: index in the reference table, slug, residents, and its units' shares of them."""

    index: int
    slug: str
    region: str
    population: int
    unit_shares: np.ndarray


@cache
def _force_table() -> dict[str, tuple[int, str, int]]:
    return {row.force: (index, row.region, int(row.population)) for index, row in enumerate(reference("forces").itertuples())}


def force_of(scope: Scope, slug: str) -> Force:
    """The force as this world has it: its population scaled, and split over its units."""
    index, region, residents = _force_table()[slug]
    population = max(1_000, round(residents * scope.scale))
    count = int(np.clip(round(population / PEOPLE_PER_UNIT), 2, MAX_UNITS))
    shares = stream(scope.seed, "units", slug).lognormal(0.0, 0.45, count)
    return Force(index, slug, region, population, shares / shares.sum())


def neighbours(first: str, second: str) -> bool:
    """Forces of one region border on each other; the capital borders on the two regions around it."""
    regions = {_force_table()[first][1], _force_table()[second][1]}
    return len(regions) == 1 or regions in ({"Capital", "Southmere"}, {"Capital", "Eastfold"})
