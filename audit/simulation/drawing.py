"""Rates that are not known are drawn, by a design that covers them evenly."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.simulation.counts import Between, Counted, Counts
from audit.simulation.quantities import Quantity
from audit.simulation.questions import QUANTITIES
from synthetic.profile import Profile, load_profile

Array = npt.NDArray[np.float64]
ODDS = 3.0
"""A rate of which nothing is known lies within the profile's odds divided by, and times, this (illustrative)."""


OF_THE_WORLD = 0.02
"""How far a rate of the world may move the share of people found (illustrative)."""


@dataclass(frozen=True)
class Distribution(ABC):
    """Where a rate may lie; every kind of it is a class of its own."""

    quantity: Quantity

    @property
    def is_known(self) -> bool:
        """Whether there is one value only."""
        return False

    def at(self, places: Array) -> Array:
        """The values below which the shares ``places`` of the distribution lie, within what the rate may be."""
        return np.asarray(self._values(places), np.float64).clip(self.quantity.least, self.quantity.most)

    @abstractmethod
    def _values(self, places: Array) -> Array: ...


@dataclass(frozen=True)
class Exact(Distribution):
    """One value."""

    value: float

    @property
    def is_known(self) -> bool:
        return True

    def at(self, places: Array) -> Array:
        return self._values(places)

    def _values(self, places: Array) -> Array:
        return np.full(len(places), self.value)


@dataclass(frozen=True)
class Even(Distribution):
    """Evenly from ``low`` to ``high``."""

    low: float
    high: float

    @property
    def is_known(self) -> bool:
        return self.low == self.high

    def _values(self, places: Array) -> Array:
        return self.low + places * (self.high - self.low)


@dataclass(frozen=True)
class EvenOdds(Even):
    """Evenly on the log-odds from those of ``low`` to those of ``high``."""

    def _values(self, places: Array) -> Array:
        low, high = (np.log(end / (1 - end)) for end in (self.low, self.high))
        return 1 / (1 + np.exp(-(low + places * (high - low))))


@dataclass(frozen=True)
class Posterior(Distribution):
    """What two totals say of a rate: a beta distribution, with Jeffreys' prior, times the quantity's ``times``."""

    answer: Counted

    def _values(self, places: Array) -> Array:
        from scipy.special import betaincinv  # slow to import, and no other page needs it

        missed = self.answer.of - self.answer.counted
        return self.quantity.times * betaincinv(self.answer.counted + 0.5, missed + 0.5, places)


def distribution(counts: Counts, quantity: Quantity, profile: Profile) -> Distribution:
    """What is known of a rate.

    From counts a beta distribution with Jeffreys' prior, beta(½, ½); from a stated range an even one. Of what is left out: the
    published range where there is one that holds the profile's value, else that value's odds divided by ``ODDS`` to times it,
    both even on the log-odds; a rate of 0 in the profile stays 0. A rate that cannot matter to a list is taken at one value.
    """
    answer, usual = counts.answers.get(quantity.key), profile.rate(quantity.key)
    if isinstance(answer, Counted):
        return Posterior(quantity, answer) if quantity.matters else Exact(quantity, quantity.times * answer.counted / answer.of)
    if isinstance(answer, Between):
        return Even(quantity, answer.low, answer.high) if quantity.matters else Exact(quantity, (answer.low + answer.high) / 2)
    if answer is not None:
        return Exact(quantity, answer)
    if counts.left_out == "profile" or not quantity.matters:
        return Exact(quantity, usual)
    low, high = quantity.usual or (0.0, 0.0)
    if not quantity.is_share:
        known = quantity.usual is not None and low <= usual <= high
        return Even(quantity, low, high) if known else Even(quantity, usual / 1.25, usual * 1.25)
    if usual in (0.0, 1.0):
        return Exact(quantity, usual)
    if not 0 < low <= usual <= high:
        odds = usual / (1 - usual)
        low, high = (end / (1 + end) for end in (odds / ODDS, odds * ODDS))
    return EvenOdds(quantity, low, min(high, quantity.most))


@dataclass(frozen=True)
class Drawn:
    """``values``: a row a draw, a column a rate that is not left to the profile. ``places``: where in its distribution each rate
    that is not known lies, evenly between 0 and 1; no column where all are known."""

    values: pd.DataFrame
    places: pd.DataFrame
    profile: str

    def scales(self, places: pd.DataFrame) -> Array:
        """How far each of these rates may move a share before anything is seen: as far as it moves itself, where it is a share of
        rows; ``OF_THE_WORLD`` where it is of the world. Shape (rates,)."""
        own = self.values[list(places)].std(ddof=1).to_numpy(np.float64)
        is_share = np.array([QUANTITIES[key].is_share and not key.startswith("reporting.") for key in places], bool)
        return np.where(is_share, own, OF_THE_WORLD)

    def profile_of(self, number: int) -> Profile:
        """The profile of one draw; the force's rates are these exactly, so forces do not differ."""
        settings = [f"{key}={value}" for key, value in self.values.iloc[number].items()]
        return load_profile(self.profile, ("recording.force_spread=0", *settings))


def draw(counts: Counts, number: int, seed: int, over: dict[str, tuple[float, float]] | None = None) -> Drawn:
    """``number`` draws of every rate by a Latin hypercube, so that each rate is covered evenly whatever the others are.

    ``over`` gives rates that are to cover a range of their own instead. McKay, Beckman and Conover (1979),
    doi 10.1080/00401706.1979.10489755.
    """
    profile = load_profile(counts.profile)
    of_key = {key: distribution(counts, quantity, profile) for key, quantity in QUANTITIES.items()}
    of_key |= {key: Even(QUANTITIES[key], low, high) for key, (low, high) in (over or {}).items()}
    unknown = [key for key, one in of_key.items() if not one.is_known]
    places = np.zeros((number, 0))
    if unknown:
        from scipy.stats import qmc  # slow to import, and no other page needs it

        places = qmc.LatinHypercube(len(unknown), rng=np.random.default_rng([seed, 23])).random(number)
    at = pd.DataFrame(places, columns=unknown)
    kept = [key for key in QUANTITIES if key in counts.answers or key in at]
    values = {key: of_key[key].at(at[key].to_numpy() if key in at else np.zeros(number)) for key in kept}
    return Drawn(pd.DataFrame(values, index=range(number)), at, counts.profile)
