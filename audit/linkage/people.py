"""From the comparisons to people: patterns of pairs, the model within forces and across, probabilities and the tree of merges."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from audit.linkage.clusters import Tree, build_tree
from audit.linkage.compare import Compared
from audit.linkage.comparisons import CODES, FIELDS, codes_at, levels_of
from audit.linkage.model import (
    RARE,
    SAME,
    SWAPPED,
    Floats,
    Ints,
    Patterns,
    Settings,
    State,
    Strangers,
    Weighed,
    fit,
    start,
    weigh,
)

ROUNDS = 8
"""Rounds in which the model, and how many records each person has, are learnt in turn."""
STEPS = 25
"""Steps of the model in each of them; in the last, as many as it takes."""
BIN = 0.25
"""Shares of a value are distinguished to within this much of their log."""
NO_KIND = -14.0
"""Pairs whose log odds for every kind but strangers are lower than this take no further part."""
SETTLED = {0: -14.0, 1: -10.0}
"""After these rounds, pairs whose log odds for the same person are lower than this are looked at no more one by one: they still
teach what the other kinds are like, but what they share is as rare, and they are as unlikely, as then."""
DOUBT = 1.0
"""Standard deviation of the error of the log odds: what the model's simplifications may do to a pair."""


@dataclass(frozen=True)
class Part:
    """The pairs of one type, within forces or across, and what was learnt of them."""

    pairs: Ints
    """Their places among all pairs."""
    of_pair: Ints
    """The pattern of each."""
    patterns: Patterns
    strangers: Strangers
    state: State
    weighed: Weighed
    settings: Settings


@dataclass(frozen=True)
class People:
    """Pairs that may be the same person, with log odds (natural) and probability; the tree; and the model by type of pair."""

    first: Ints
    second: Ints
    odds: Floats
    probability: Floats
    weights: dict[str, Floats]
    threshold: float
    cluster: Ints
    tree: Tree
    parts: list[Part]
    weight_of_record: Floats


def find_people(
    compared: Compared, drawn: dict[bool, Strangers], force: Ints, possible: dict[bool, float], settings: Settings | None = None
) -> People:
    """Fit the model and group the records. ``force`` is each record's force as a number; ``possible`` counts all pairs."""
    settings = settings or Settings()
    records = len(force)
    pairs = _Pairs(compared.first, compared.second, compared.code, np.zeros(len(compared.first), bool))
    pairs.copy[compared.copies] = True
    across = force[pairs.first] != force[pairs.second]
    if not compared.every:
        keep = pairs.copy.copy()
        for kind in drawn:
            members = np.flatnonzero((across == kind) & ~pairs.copy)
            keep[members] = _possible(pairs.code[members], drawn[kind], settings, possible[kind], records)
        pairs, across = pairs.only(keep), across[keep]
    weight = _first_weights(compared, pairs, records)
    states: dict[bool, State | None] = {False: None, True: None}
    settled: dict[bool, Patterns | None] = {False: None, True: None}
    parts: list[Part] = []
    for step in range(ROUNDS):
        last = step == ROUNDS - 1
        odds = np.full((2, len(pairs.first)), -np.inf)
        parts, kept = [], np.ones(len(pairs.first), bool)
        for kind in (False, True):
            members = np.flatnonzero(across == kind)
            if possible[kind] < 1 or not (len(members) or settled[kind]):
                continue
            mine = settings if not kind or not parts else _across(settings, parts[0])
            moving, of_pair = _patterns(pairs, members, compared, weight, drawn[kind], states[kind], possible[kind])
            rest = settled[kind]
            patterns = moving.and_also(rest) if rest else moving
            state, weighed = fit(patterns, drawn[kind], mine, states[kind], 100 if last else STEPS)
            states[kind] = state
            parts.append(Part(members, of_pair, patterns, drawn[kind], state, weighed, mine))
            odds[0, members] = _log_odds(weighed)[of_pair]
            odds[1, members] = weighed.odds[1:].max(0)[of_pair]
            if step in SETTLED:
                done = (odds[0, members] < SETTLED[step]) & ~pairs.copy[members]
                if step == 1 and not compared.every:
                    done &= odds[1, members] > NO_KIND
                left = moving.with_count(np.bincount(of_pair[done], minlength=len(moving.count)).astype(float))
                settled[kind] = left.and_also(rest) if rest else left
                kept[members] = ~done
        weight = _weights(pairs, expit(odds[0]), records)
        if step == 1 and not compared.every:
            kept &= (odds[1] > NO_KIND) | pairs.copy
        if not kept.all():
            pairs, across = pairs.only(kept), across[kept]
    same = odds[0]
    probability = blurred(same)
    threshold = best_threshold(probability)
    tree = build_tree(records, pairs.first, pairs.second, same, force, pairs.copy)
    weights = {name: np.zeros(len(same)) for name in FIELDS}
    for part in parts:
        for name, logs in part.weighed.weights.items():
            weights[name][part.pairs] = logs[part.of_pair]
    cut = float(np.log(threshold / (1 - threshold)))
    return People(pairs.first, pairs.second, same, probability, weights, threshold, tree.labels(cut), tree, parts, weight)


def blurred(odds: Floats, spread: float = DOUBT) -> Floats:
    """The mean probability where the log odds have an error of this standard deviation."""
    points, share = np.polynomial.hermite_e.hermegauss(9)
    total = np.zeros(len(odds))
    for point, part in zip(points, share, strict=True):
        total += part * expit(odds + spread * point)
    return total / share.sum()


def best_threshold(probability: Floats) -> float:
    """The probability from which on pairs are joined: the one with the highest expected pairwise F1.

    That is half of the highest F1 that can be expected (Lipton, Elkan and Narayanaswamy 2014), so never above a half.

    >>> round(best_threshold(np.array([0.99, 0.9, 0.4, 0.1])), 3)
    0.431
    """
    if not len(probability):
        return 0.5
    falling = np.sort(probability)[::-1]
    right = np.cumsum(falling)
    expected = 2 * right / (np.arange(1, len(falling) + 1) + right[-1])
    return float(np.clip(expected.max() / 2, 0.05, 0.5))


@dataclass(frozen=True)
class _Pairs:
    first: Ints
    second: Ints
    code: Ints
    copy: np.ndarray

    def only(self, keep: np.ndarray) -> "_Pairs":
        return _Pairs(self.first[keep], self.second[keep], self.code[keep], self.copy[keep])


def _log_odds(weighed: Weighed) -> Floats:
    """The same person against all other kinds."""
    others = np.delete(weighed.odds, SAME, axis=0)
    return np.asarray(weighed.odds[SAME] - np.logaddexp.reduce(others, axis=0), np.float64)


def _possible(code: Ints, drawn: Strangers, settings: Settings, possible: float, records: int) -> np.ndarray:
    """Pairs that may be of another kind than strangers if what they share is as rare as can be, before anything is learnt."""
    levels = levels_of(np.arange(CODES))
    rarest = {name: np.where(codes_at(name, tuple(FIELDS[name].exact)), -np.log(records), 0.0) for name in RARE}
    rarest["forename"] = np.where(codes_at("forename", (SWAPPED,)), -2 * np.log(records), rarest["forename"])
    patterns = Patterns(levels, rarest, np.ones(CODES), possible, records)
    odds = weigh(patterns, start(patterns, drawn, settings), settings).odds
    return np.asarray((odds[1:].max(0) > NO_KIND)[code])


def _first_weights(compared: Compared, pairs: _Pairs, records: int) -> Floats:
    """How many people a record stands for before the first round: records of one name and birth share one."""
    names = pd.DataFrame({name: compared.values[name] for name in ("forename", "surname", "date_of_birth")})
    full = (names >= 0).all(axis=1).to_numpy()
    size = np.ones(records)
    size[full] = names[full].groupby(list(names), sort=False)["surname"].transform("size").to_numpy()
    weight = 1 / size
    weight[pairs.second[pairs.copy]] = 0.0
    return weight


def _weights(pairs: _Pairs, same: Floats, records: int) -> Floats:
    """How many people a record stands for: one, shared with the records that are probably the same person's."""
    original = ~pairs.copy
    degree = np.bincount(pairs.first[original], same[original], records) + np.bincount(
        pairs.second[original], same[original], records
    )
    weight = 1 / (1 + degree)
    weight[pairs.second[pairs.copy]] = 1 - same[pairs.copy]
    return np.asarray(weight, np.float64)


def _across(settings: Settings, within: Part) -> Settings:
    """What is known of pairs across forces before they are looked at: records of the same person are written down alike."""
    strength = {name: 5.0 if name in ("place", "phone") else 100.0 for name in FIELDS}
    return Settings(same=within.state.same, strength=strength, same_pairs=0.005, home_pairs=0.02)


def _patterns(
    pairs: _Pairs, members: Ints, compared: Compared, weight: Floats, drawn: Strangers, state: State | None, possible: float
) -> tuple[Patterns, Ints]:
    """Pairs by levels and rarity of what they share; and the pattern of each."""
    first, second, code = pairs.first[members], pairs.second[members], pairs.code[members]
    key, shares, place = code.copy(), {}, CODES
    for name in RARE:
        hit, share = _share(name, code, first, second, compared, weight, drawn, state)
        shares[name] = hit, share
        key[hit] += np.clip(np.rint(-share / BIN), 0, 127).astype(np.int64) * place
        place *= 128
    of_pair, distinct = pd.factorize(key)
    count = np.bincount(of_pair, minlength=len(distinct)).astype(float)
    mean = {name: np.bincount(of_pair[hit], share, len(distinct)) / count for name, (hit, share) in shares.items()}
    return Patterns(levels_of(distinct % CODES), mean, count, possible, len(weight)), of_pair.astype(np.int64)


def _share(
    name: str,
    code: Ints,
    first: Ints,
    second: Ints,
    compared: Compared,
    weight: Floats,
    drawn: Strangers,
    state: State | None,
) -> tuple[Ints, Floats]:
    """The pairs whose values agree, and the log of the share of people, the pair's own left out, who have that value."""
    values = compared.values[name]
    known = values >= 0
    bearing = np.bincount(values[known], weight[known], values.max(initial=0) + 1)
    total = bearing.sum()
    chances = state.strangers[name] if state else (drawn.counts[name] + 0.2) / (drawn.counts[name] + 0.2).sum()
    exact = FIELDS[name].exact
    hit = np.flatnonzero(codes_at(name, tuple(exact))[code])
    a, b = first[hit], second[hit]
    others = np.maximum(bearing[values[a]] - weight[a] - weight[b], 0) + 1
    share = np.log(np.minimum(others / (total + 1 / chances[exact].sum()), 1.0))
    if name == "forename":
        # Names swapped: how many have these names the one way or the other, whichever is commoner.
        surnames = compared.values["surname"]
        size = max(values.max(), surnames.max()) + 1
        by_forename = np.bincount(values[known], weight[known], size)
        of_surname = np.bincount(surnames[surnames >= 0], weight[surnames >= 0], size)
        swapped = np.flatnonzero(codes_at(name, (SWAPPED,))[code])
        commoner = np.full(len(swapped), -np.inf)
        for side in (first[swapped], second[swapped]):
            one = (np.maximum(by_forename[values[side]] - weight[side], 0) + 1) / by_forename.sum()
            other = (np.maximum(of_surname[surnames[side]] - weight[side], 0) + 1) / of_surname.sum()
            commoner = np.maximum(commoner, np.log(one * other))
        hit, share = np.concatenate((hit, swapped)), np.concatenate((share, np.minimum(commoner, 0.0)))
    return hit, share
