"""Which pairs are one person: three kinds of pair, not two.

Fellegi and Sunter (1969) weigh a pair's agreements by how often matches (m) and others (u) have them. But two people of one
household agree on surname and address together, which a model of independent fields counts thrice. So there are three
kinds here: one person, relatives, and strangers; each has its chances by level, those of the two names told jointly, and
a pair is one person's by the odds of the first against both others. The shares of the kinds, and what strangers agree
on, are learnt from the data at hand; what one person's records and relatives look like, from generated worlds of other
seeds (``model.json``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.linkage.settings import levels_of

NAMES = ("forename", "surname")
OTHERS = ("date_of_birth", "place", "phone", "sex")
TABLES = ("names", "forename_alone", *OTHERS)
"""The model's tables of chances: names by forename × surname level, forenames where the surname is missing, the others by level."""

Tables = dict[str, np.ndarray]

LEAST_CHANCE = 3e-7
"""No level is rarer among strangers than this: a third of what the sample could still see once."""
ROUNDS, SETTLED = 25, 1e-5
"""Rounds at the most, and the relative change from which on shares count as settled."""
TYPES = 2
"""Pairs within a force and across forces, which have shares of their own."""


@dataclass(frozen=True)
class Pairs:
    """Pairs that were compared. ``levels`` has each field's level by pair, -1 where it is missing; ``shares`` the share of
    records that bear the value on which a pair agrees, NaN where it does not; ``across`` is 1 for pairs of two forces.
    """

    levels: dict[str, np.ndarray]
    shares: dict[str, np.ndarray]
    across: np.ndarray

    def only(self, chosen: np.ndarray) -> "Pairs":
        """The pairs that are chosen, by a mask."""
        levels, shares = ({name: values[chosen] for name, values in table.items()} for table in (self.levels, self.shares))
        return Pairs(levels, shares, self.across[chosen])


@dataclass(frozen=True)
class Shares:
    """Of all pairs within a force, and across: how many are one person's, and how many relatives'; shape (2,)."""

    match: np.ndarray
    relatives: np.ndarray


def log_ratios(tables: Tables, strangers: Tables) -> Tables:
    """Log of how much oftener a level comes up than among strangers, with a last row, column or entry for missing."""
    return {name: table - _with_missing(strangers)[name] for name, table in _with_missing(tables).items()}


def _with_missing(tables: Tables) -> Tables:
    """Log chances with an entry for missing: of a field, it tells nothing; of one name, the other tells alone."""
    both, alone = tables["names"], tables["forename_alone"]
    names = np.block([[both, alone[:, None]], [both.sum(0, keepdims=True), np.ones((1, 1))]])
    return {"names": np.log(names)} | {name: np.log(np.append(tables[name], 1.0)) for name in OTHERS}


def by_agreement(pairs: Pairs, ratios: Tables) -> Tables:
    """Log odds of a kind against strangers by table, rarity aside: names together, the other fields each; (pairs,) each."""
    names = ratios["names"][pairs.levels["forename"], pairs.levels["surname"]]
    return {"names": names} | {name: ratios[name][pairs.levels[name]] for name in OTHERS}


def of_forename(pairs: Pairs, names: np.ndarray, tables: Tables, strangers: Tables) -> np.ndarray:
    """What of the ``names`` log odds the forename says by itself: (pairs,). The rest is what the surname adds to it."""
    alone = np.log(tables["names"].sum(1)) - np.log(strangers["names"].sum(1))
    forename, surname = pairs.levels["forename"], pairs.levels["surname"]
    return np.where(surname < 0, names, np.append(alone, 0.0)[forename])


def rarity(pairs: Pairs, strangers: Tables, records: dict[str, int]) -> Iterator[tuple[str, np.ndarray]]:
    """Log of how much rarer than usual the values are that pairs agree on: (pairs,), a field at a time.

    ``records`` is how many records have each field. The two of the pair are left out of those that bear the value, and
    the rest is drawn towards the usual: among few records, two of one name are no sign that the name is common.
    """
    usual = {"forename": strangers["names"].sum(1)[-1], "surname": strangers["names"].sum(0)[-1]}
    usual |= {name: strangers[name][-1] for name in OTHERS}
    for name, share in pairs.shares.items():
        bearing = np.maximum(share * records[name] - 1, 1)
        yield name, np.nan_to_num(np.log(usual[name]) - np.log(bearing / (records[name] + 1 / usual[name])))


def learn_shares(
    match: np.ndarray, relatives: np.ndarray, across: np.ndarray, compared_of: np.ndarray, start: Shares | None = None
) -> Shares:
    """Shares of one person's and of relatives' pairs by expectation and maximisation (Dempster, Laird and Rubin 1977).

    ``match`` and ``relatives`` are log odds against strangers by pair; ``compared_of`` the number of all pairs of each
    type, of which those compared are the likely ones; ``start`` shares to begin with.
    """
    shares = start or Shares(np.full(TYPES, 1.0) / np.sqrt(np.maximum(compared_of, 4.0)) / 10, np.full(TYPES, 1e-6))
    for _ in range(ROUNDS):
        p, q = posterior(match, relatives, across, shares)
        count = np.maximum(compared_of, 1.0)
        before = shares
        shares = Shares(
            np.clip(np.bincount(across, p, TYPES) / count, 1e-13, 0.5),
            np.clip(np.bincount(across, q, TYPES) / count, 1e-13, 0.5),
        )
        if all(np.allclose(getattr(shares, kind), getattr(before, kind), rtol=SETTLED, atol=0) for kind in ("match", "relatives")):
            break
    return shares


def posterior(match: np.ndarray, relatives: np.ndarray, across: np.ndarray, shares: Shares) -> tuple[np.ndarray, np.ndarray]:
    """Probability that a pair is one person's, and that it is relatives': (pairs,) each."""
    kinds = np.stack([np.zeros_like(match), match + np.log(shares.match)[across], relatives + np.log(shares.relatives)[across]])
    kinds -= kinds.max(0)
    np.exp(kinds, out=kinds)
    total = kinds.sum(0)
    return kinds[1] / total, kinds[2] / total


def counted(pairs: Pairs, weights: np.ndarray) -> Tables:
    """Weighted counts by level, missing levels aside, in the shape of the model's tables."""
    forename, surname = pairs.levels["forename"], pairs.levels["surname"]
    first, second = (len(levels_of(name)) for name in NAMES)
    both, alone = (forename >= 0) & (surname >= 0), (forename >= 0) & (surname < 0)
    tables = {
        "names": np.bincount(forename[both] * second + surname[both], weights[both], first * second).reshape(first, second),
        "forename_alone": np.bincount(forename[alone], weights[alone], first),
    }
    for name in OTHERS:
        there = pairs.levels[name] >= 0
        tables[name] = np.bincount(pairs.levels[name][there], weights[there], len(levels_of(name)))
    return tables


def smoothed(counts: Tables, prior: Tables, strength: float) -> Tables:
    """Chances from counts, drawn towards a prior worth so many pairs."""
    return {name: (counts[name] + strength * prior[name]) / (counts[name].sum() + strength) for name in TABLES}


def uniform() -> Tables:
    """Chances that tell nothing: every level alike."""
    first, second = (len(levels_of(name)) for name in NAMES)
    tables = {"names": np.full((first, second), 1 / (first * second)), "forename_alone": np.full(first, 1 / first)}
    return tables | {name: np.full(len(levels_of(name)), 1 / len(levels_of(name))) for name in OTHERS}


def chances(sample: Tables | None) -> Tables:
    """Chances by level from counts of pairs drawn evenly; names that no pair agrees on as if they were independent."""
    if sample is None:
        return uniform()
    names = sample["names"] + 1e-9
    independent = np.outer(names.sum(1), names.sum(0)) / names.sum() ** 2
    tables = {"names": (names + 2 * independent) / (names.sum() + 2)}
    for name, counts in {"forename_alone": names.sum(1), **{name: sample[name] for name in OTHERS}}.items():
        tables[name] = (counts + 0.2) / (counts.sum() + 0.2 * len(counts))
    return {name: np.maximum(table, LEAST_CHANCE) for name, table in tables.items()}


def without(sample: Tables | None, pairs: Pairs, weights: np.ndarray, every: float) -> Tables:
    """Chances among strangers: the pairs that are one person's (``weights``) taken out of those drawn from ``every`` pair."""
    if sample is None:
        return uniform()
    matched = counted(pairs, weights)
    left = {name: table - matched[name] * (table.sum() / max(every, 1)) for name, table in sample.items()}
    return chances({name: np.maximum(left[name], 0.02 * table) for name, table in sample.items()})
