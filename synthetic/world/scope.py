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

    @property
    def years(self) -> float:
        return (self.end - self.start + 1) / 365.25


@dataclass(frozen=True)
class Force:
    """A force of this world: index in the reference table, slug, residents, and its units' shares of them."""

    index: int
    slug: str
    region: str
    population: int
    unit_shares: np.ndarray
    last_day: int


@cache
def _force_table() -> dict[str, tuple[int, str, int]]:
    return {row.force: (index, row.region, int(row.population)) for index, row in enumerate(reference("forces").itertuples())}


def force_of(scope: Scope, slug: str) -> Force:
    """The force as this world has it: its population scaled, and split over its units."""
    index, region, residents = _force_table()[slug]
    population = max(1_000, round(residents * scope.scale))
    count = int(np.clip(round(population / PEOPLE_PER_UNIT), 2, MAX_UNITS))
    shares = stream(scope.seed, "units", slug).lognormal(0.0, 0.45, count)
    return Force(index, slug, region, population, shares / shares.sum(), scope.end)


def neighbours(first: str, second: str) -> bool:
    """Forces of one region border on each other; the capital borders on the two regions around it."""
    regions = {_force_table()[first][1], _force_table()[second][1]}
    return len(regions) == 1 or regions in ({"Capital", "Southmere"}, {"Capital", "Eastfold"})
