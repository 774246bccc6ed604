"""Six simulations of monthly counts for the search for reporting gaps, made apart from the generator and from the audit's model.

Each differs from the model in a way of its own, and each puts in silences and falls of known months. ``unit_changes`` simulates
units that are renamed, merged, split and so on, beside true silences.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
GROUPS = 7


@dataclass
class World:
    """Crimes of one force (units × groups × months) with the gaps put in and the units changed, both by name."""

    name: str
    crimes: Array
    days: Array
    rng: np.random.Generator
    gaps: list[dict[str, object]] = field(default_factory=list)
    changes: list[dict[str, object]] = field(default_factory=list)

    @property
    def months(self) -> list[date]:
        """The first days of the months."""
        return [date(2019 + month // 12, month % 12 + 1, 1) for month in range(self.crimes.shape[2])]

    def take(self, unit: int, first: int, last: int, share: float, kind: str, group: int | None = None) -> None:
        """Take a share of a unit's crimes, of one group or of all, out of months first to last, and write it down."""
        groups = slice(None) if group is None else slice(group, group + 1)
        inside = (unit, groups, slice(first, last + 1))
        lost = self.rng.binomial(self.crimes[inside].astype(int), share)
        self.crimes[inside] -= lost
        self.gaps.append({"unit": unit, "group": group, "first": first, "last": last, "kind": kind, "events_lost": int(lost.sum())})


def _counts(rng: np.random.Generator, mean: Array, size: float) -> Array:
    """Negative binomial counts: variance mean + mean² ÷ size."""
    return rng.poisson(mean * rng.gamma(size, 1 / size, mean.shape)).astype(float)


def _spread(rng: np.random.Generator, totals: Array) -> Array:
    """Units × months of crimes over groups, each unit with a mix of its own."""
    shares = rng.dirichlet([30, 20, 12, 10, 18, 8, 2], len(totals))
    crimes = np.zeros((len(totals), GROUPS, totals.shape[1]))
    for unit, row in enumerate(totals):
        crimes[unit] = rng.multinomial(row.astype(int), shares[unit]).T
    return crimes


def _with_gaps(world: World, every: int = 4) -> World:
    """Silences, falls, steps, and silences of one offence group, in one unit of ``every``."""
    units, _, months = world.crimes.shape
    for number, unit in enumerate(range(0, units, every)):
        length = int(world.rng.integers(2, 11))
        first = int(world.rng.integers(1, months - length - 4))
        if number % 4 == 0:
            world.take(unit, first, first + length - 1, 1.0, "silent")
        elif number % 4 == 1:
            world.take(unit, first, first + length - 1, float(world.rng.uniform(0.4, 0.8)), "drop")
        elif number % 4 == 2:
            world.take(unit, months - 4 - length, months - 1, float(world.rng.uniform(0.4, 0.9)), "step")
        else:
            world.take(unit, first, first + length - 1, 1.0, "silent", group=int(world.rng.integers(0, 5)))
    return world


def _base(
    name: str, seed: int, units: int, months: int, level: float, mean: Callable[[np.random.Generator, Array, Array], Array]
) -> World:
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    at = np.arange(months, dtype=float)
    usual = np.exp(rng.normal(np.log(level), 0.7, (units, 1)))
    totals = mean(rng, usual, at)
    return _with_gaps(World(name, _spread(rng, totals), np.full(months, 365.25 / 12), rng))


def overdispersed(seed: int) -> World:
    """Negative binomial counts of strong over-dispersion (size 25), no season."""
    return _base("overdispersed", seed, 32, 48, 70, lambda rng, usual, at: _counts(rng, usual + 0 * at, 25))


def seasonal(seed: int) -> World:
    """Summers of 1.5 times the rest, a December of half, the same for all units."""

    def mean(rng: np.random.Generator, usual: Array, at: Array) -> Array:
        month = at.astype(int) % 12
        season = np.where(np.isin(month, (5, 6, 7)), 1.5, np.where(month == 11, 0.5, 1.0))
        return _counts(rng, usual * season, 120)

    return _base("seasonal", seed, 32, 48, 70, mean)


def trending(seed: int) -> World:
    """Units that grow or shrink by up to a quarter a year, on straight lines and not exponentials."""

    def mean(rng: np.random.Generator, usual: Array, at: Array) -> Array:
        growth = rng.uniform(-0.12, 0.25, usual.shape)
        return _counts(rng, usual * np.maximum(1 + growth * (at - at.mean()) / 12, 0.15), 150)

    return _base("trending", seed, 32, 48, 70, mean)


def small(seed: int) -> World:
    """Units of about eight crimes a month."""
    return _base("small", seed, 40, 60, 8, lambda rng, usual, at: _counts(rng, usual + 0 * at, 60))


def weekly(seed: int) -> World:
    """Days summed to months: weekends of 1.8 times a weekday, so that a month's weekends matter; months of 28 to 31 days."""
    rng = np.random.default_rng([seed, 5])
    units, years = 32, 4
    day = np.arange(np.datetime64("2019-01-01"), np.datetime64(f"{2019 + years}-01-01"))
    weekend = np.isin((day.astype(int) + 3) % 7, (5, 6))
    month = day.astype("datetime64[M]").astype(int) - int(day[0].astype("datetime64[M]").astype(int))
    usual = np.exp(rng.normal(np.log(2.2), 0.7, (units, 1)))
    daily = rng.poisson(usual * np.where(weekend, 1.8, 1.0) * rng.gamma(40, 1 / 40, (units, len(day))))
    totals = np.stack([np.bincount(month, row, years * 12) for row in daily])
    return _with_gaps(World("weekly", _spread(rng, totals), np.bincount(month).astype(float), rng))


def shifting(seed: int) -> World:
    """Levels that wander (a random walk of 1% a month) and a force-wide rise of a fifth half-way."""

    def mean(rng: np.random.Generator, usual: Array, at: Array) -> Array:
        walk = np.cumsum(rng.normal(0, 0.01, (len(usual), len(at))), axis=1)
        return _counts(rng, usual * np.exp(walk) * np.where(at >= 24, 1.2, 1.0), 150)

    return _base("shifting", seed, 32, 48, 70, mean)


SIMULATIONS = (overdispersed, seasonal, trending, small, weekly, shifting)
CHANGES = ("renamed", "merged", "absorbed", "split", "split off", "moved", "doubled", "copied", "opened")


def unit_changes(seed: int, kinds: tuple[str, ...] = CHANGES, units: int = 28, months: int = 48) -> World:
    """One change of each kind, the counts otherwise those of a seasonal force with a trend; three silences beside them.

    *Absorbed*: one unit goes on in another of its size. *Split off*: half of a unit goes on in a new one. *Moved*: half of a
    unit goes to another. *Copied*: all that a unit records stands under a second name too.
    """
    rng = np.random.default_rng([seed, 77])
    at = np.arange(months)
    usual = np.exp(rng.normal(np.log(60), 0.3, (units, 1)))
    season = 1 + 0.15 * np.sin(2 * np.pi * at / 12)
    growth = np.exp(rng.normal(0, 0.03, (units, 1)) * (at - months / 2) / 12)
    crimes = _spread(rng, _counts(rng, usual * season * growth, 150))
    world = World("unit changes", crimes, np.full(months, 365.25 / 12), rng)
    free = iter(rng.permutation(units).tolist())
    for kind in kinds:
        month = int(rng.integers(9, months - 9))
        unit, other, third = next(free), next(free), None
        after = crimes[:, :, month:]
        if kind == "renamed":
            crimes[other, :, :month], after[other] = 0, after[unit]
            after[unit] = 0
        elif kind == "merged":
            third = next(free)
            crimes[third, :, :month] = 0
            after[third] = after[unit] + after[other]
            after[unit] = after[other] = 0
        elif kind == "absorbed":
            after[other] += after[unit]
            after[unit] = 0
        elif kind == "split":
            third = next(free)
            part = rng.binomial(after[unit].astype(int), 0.45).astype(float)
            crimes[other, :, :month] = crimes[third, :, :month] = 0
            after[other], after[third] = part, after[unit] - part
            after[unit] = 0
        elif kind in ("split off", "moved"):
            part = rng.binomial(after[unit].astype(int), 0.5).astype(float)
            after[unit] -= part
            if kind == "split off":
                crimes[other, :, :month] = 0
                after[other] = part
            else:
                after[other] += part
        elif kind == "doubled":
            after[unit] *= 2
        elif kind == "copied":
            crimes[other, :, :month], after[other] = 0, after[unit]
        else:
            crimes[unit, :, :month] = 0
        pairs = {
            "merged": [(unit, third), (other, third)],
            "split": [(unit, other), (unit, third)],
            "doubled": [(unit, None)],
            "opened": [(unit, None)],
        }.get(kind, [(unit, other)])
        world.changes += [{"kind": kind, "unit": one, "month": month, "other": two} for one, two in pairs]
    for share in (1.0, 1.0, 0.6):
        unit, first, length = next(free, None), int(rng.integers(4, months - 14)), int(rng.integers(2, 9))
        if unit is not None:
            world.take(unit, first, first + length - 1, share, "silent" if share == 1 else "drop")
    return world
