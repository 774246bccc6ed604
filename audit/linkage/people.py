"""From the comparisons to people: patterns of pairs, the model within forces and across, probabilities and the tree of merges."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
AT_ONCE = 8_000_000
"""Pairs that are worked on at a time, so that what stands beside them takes little memory."""
DOUBT = 1.0
"""Standard deviation of the error of the log odds: what the model's simplifications may do to a pair."""


@dataclass(frozen=True)
class Part:
    """The pairs of one type, within forces or across, and what was learnt of them."""

    pairs: slice
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
    compared: Compared,
    drawn: dict[bool, Strangers],
    force: Ints,
    possible: dict[bool, float],
    settings: Settings | None = None,
    threads: int = 1,
) -> People:
    """Fit the model and group the records. ``force`` is each record's force as a number; ``possible`` counts all pairs.

    The same for every number of ``threads``.
    """
    settings = settings or Settings()
    records = len(force)
    kinds = {kind: _possible(drawn[kind], settings, possible[kind], records) for kind in drawn if not compared.every}
    pairs = _by_kind(compared, force, kinds)
    weight = _first_weights(compared, pairs, records)
    states: dict[bool, State | None] = {False: None, True: None}
    settled: dict[bool, Patterns | None] = {False: None, True: None}
    parts: list[Part] = []
    for step in range(ROUNDS):
        last = step == ROUNDS - 1
        parts, kept = [], np.ones(len(pairs.first), bool)
        bearing = [_Bearing(name, compared, weight) for name in RARE]

        def patterns_of(
            kind: bool, pairs: _Pairs = pairs, bearing: list[_Bearing] = bearing
        ) -> tuple[bool, slice, Patterns, Ints] | None:
            places = pairs.of_kind(kind)
            if possible[kind] < 1 or not (places.start < places.stop or settled[kind]):
                return None
            rarity = [_Rarity(of_field, states[kind], drawn[kind]) for of_field in bearing]
            return kind, places, *_patterns(pairs, places, rarity, possible[kind])

        with ThreadPoolExecutor(threads) as pool:
            of_kinds = [found for found in pool.map(patterns_of, (False, True)) if found]
        for kind, places, moving, of_pair in of_kinds:
            mine = settings if not kind or not parts else _across(settings, parts[0])
            rest = settled[kind]
            patterns = moving.and_also(rest) if rest else moving
            state, weighed = fit(patterns, drawn[kind], mine, states[kind], 100 if last else STEPS)
            states[kind] = state
            parts.append(Part(places, of_pair, patterns, drawn[kind], state, weighed, mine))
            if step in SETTLED:
                likely = _log_odds(weighed) >= SETTLED[step]
                of_a_kind = weighed.odds[1:].max(0) > NO_KIND if step == 1 and not compared.every else np.ones_like(likely)
                done = (of_a_kind & ~likely)[of_pair] & ~pairs.copy[places]
                left = moving.with_count(np.bincount(of_pair[done], minlength=len(moving.count)).astype(float))
                settled[kind] = left.and_also(rest) if rest else left
                kept[places] = (of_a_kind & likely)[of_pair] | pairs.copy[places]
        weight = _weights(pairs, parts, records)
        if not kept.all():
            pairs = pairs.only(kept)
    same = np.full(len(pairs.first), -np.inf)
    for part in parts:
        same[part.pairs] = _log_odds(part.weighed)[part.of_pair]
    probability = blurred(same)
    threshold = best_threshold(probability)
    first, second = pairs.first.astype(np.int64), pairs.second.astype(np.int64)
    tree = build_tree(records, first, second, same, force, pairs.copy)
    weights = {name: np.zeros(len(same)) for name in FIELDS}
    for part in parts:
        for name, logs in part.weighed.weights.items():
            weights[name][part.pairs] = logs[part.of_pair]
    cut = float(np.log(threshold / (1 - threshold)))
    return People(first, second, same, probability, weights, threshold, tree.labels(cut), tree, parts, weight)


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
    """Pairs: those within forces, so many as ``within``, and then those across."""

    first: Ints
    second: Ints
    code: Ints
    copy: np.ndarray
    within: int

    def of_kind(self, across: bool) -> slice:
        """The places of the pairs of one kind."""
        return slice(self.within, len(self.first)) if across else slice(0, self.within)

    def only(self, keep: np.ndarray) -> "_Pairs":
        within = int(np.count_nonzero(keep[: self.within]))
        return _Pairs(self.first[keep], self.second[keep], self.code[keep], self.copy[keep], within)


def _by_kind(compared: Compared, force: Ints, possible: dict[bool, np.ndarray]) -> _Pairs:
    """All pairs, or those with a code that is possible for their kind, and copies."""
    copy = np.zeros(len(compared.first), bool)
    copy[compared.copies] = True
    few = force.astype(np.int16 if force.max(initial=0) < 2**15 else np.int64)
    across = few[compared.first] != few[compared.second]
    kept = copy.copy() if possible else np.ones(len(copy), bool)
    for kind, codes in possible.items():
        kept |= codes[compared.code] & (across == kind)
    within, beyond = kept & ~across, kept & across
    first, second, code, copies = (
        np.concatenate((values[within], values[beyond])) for values in (compared.first, compared.second, compared.code, copy)
    )
    return _Pairs(first, second, code, copies, int(np.count_nonzero(within)))


def _in_turn(places: slice) -> Iterator[slice]:
    """The places, so many as ``AT_ONCE`` at a time."""
    for begin in range(places.start, places.stop, AT_ONCE):
        yield slice(begin, min(begin + AT_ONCE, places.stop))


def _log_odds(weighed: Weighed) -> Floats:
    """The same person against all other kinds."""
    others = np.delete(weighed.odds, SAME, axis=0)
    return np.asarray(weighed.odds[SAME] - np.logaddexp.reduce(others, axis=0), np.float64)


def _possible(drawn: Strangers, settings: Settings, possible: float, records: int) -> np.ndarray:
    """Whether pairs of each code may be of another kind than strangers if what they share is as rare as can be, before anything
    is learnt, shape (``CODES``,).
    """
    levels = levels_of(np.arange(CODES))
    rarest = {name: np.where(codes_at(name, tuple(FIELDS[name].exact)), -np.log(records), 0.0) for name in RARE}
    rarest["forename"] = np.where(codes_at("forename", (SWAPPED,)), -2 * np.log(records), rarest["forename"])
    patterns = Patterns(levels, rarest, np.ones(CODES), possible, records)
    odds = weigh(patterns, start(patterns, drawn, settings), settings).odds
    return np.asarray(odds[1:].max(0) > NO_KIND)


def _first_weights(compared: Compared, pairs: _Pairs, records: int) -> Floats:
    """How many people a record stands for before the first round: records of one name and birth share one."""
    key, full = np.zeros(records, np.int64), np.ones(records, bool)
    for name in ("forename", "surname", "date_of_birth"):
        values = compared.values[name]
        key = key * (values.max(initial=0) + 1) + values
        full &= values >= 0
    of_group, groups = pd.factorize(key[full])
    size = np.ones(records)
    size[full] = np.bincount(of_group, minlength=len(groups))[of_group]
    weight = 1 / size
    weight[pairs.second[pairs.copy]] = 0.0
    return weight


def _weights(pairs: _Pairs, parts: list[Part], records: int) -> Floats:
    """How many people a record stands for: one, shared with the records that are probably the same person's."""
    degree, of_copy = np.zeros(records), np.full(records, -1.0)
    for part in parts:
        chance = expit(_log_odds(part.weighed))
        for some in _in_turn(part.pairs):
            same = chance[part.of_pair[some.start - part.pairs.start : some.stop - part.pairs.start]]
            copy = pairs.copy[some]
            of_copy[pairs.second[some][copy]] = 1 - same[copy]
            same[copy] = 0.0
            for side in (pairs.first, pairs.second):
                degree += np.bincount(side[some], same, records)
    return np.where(of_copy >= 0, of_copy, 1 / (1 + degree))


def _across(settings: Settings, within: Part) -> Settings:
    """What is known of pairs across forces before they are looked at: records of the same person are written down alike."""
    strength = {name: 5.0 if name in ("place", "phone") else 100.0 for name in FIELDS}
    return Settings(same=within.state.same, strength=strength, same_pairs=0.005, home_pairs=0.02)


def _patterns(pairs: _Pairs, places: slice, rarity: "list[_Rarity]", possible: float) -> tuple[Patterns, Ints]:
    """Pairs by levels and rarity of what they share; and the pattern of each."""
    found: list[Ints] = []
    counts: list[Floats] = []
    sums: dict[str, list[Floats]] = {name: [] for name in RARE}
    of_pair = np.zeros(places.stop - places.start, np.int32)
    for some in _in_turn(places):
        first, second, code = pairs.first[some], pairs.second[some], pairs.code[some]
        key, shares, radix = code.astype(np.int64), {}, CODES
        for measure in rarity:
            hit, share = shares[measure.of.name] = measure.share(code, first, second)
            key[hit] += np.clip(np.rint(-share / BIN), 0, 127).astype(np.int64) * radix
            radix *= 128
        local, keys = pd.factorize(key)
        of_pair[some.start - places.start : some.stop - places.start] = local
        found.append(keys)
        counts.append(np.bincount(local, minlength=len(keys)).astype(float))
        for name, (hit, share) in shares.items():
            sums[name].append(np.asarray(np.bincount(local[hit], share, len(keys)), np.float64))
    whole, distinct = pd.factorize(np.concatenate(found)) if found else (np.zeros(0, np.int64), np.zeros(0, np.int64))
    begin = 0
    for some, keys in zip(_in_turn(places), found, strict=True):
        mine = slice(some.start - places.start, some.stop - places.start)
        of_pair[mine] = whole[begin : begin + len(keys)][of_pair[mine]]
        begin += len(keys)

    def summed(parts: list[Floats]) -> Floats:
        return np.asarray(np.bincount(whole, np.concatenate(parts), len(distinct)) if parts else np.zeros(0), np.float64)

    count = summed(counts)
    mean = {name: summed(parts) / count for name, parts in sums.items()}
    return Patterns(levels_of(distinct % CODES), mean, count, possible, len(rarity[0].of.weight)), of_pair


class _Bearing:
    """How many people have each value of a field, by how many the records stand for."""

    def __init__(self, name: str, compared: Compared, weight: Floats) -> None:
        self.name, self.weight, self.values = name, weight, compared.values[name]
        self.surnames = compared.values["surname"]
        # What is missing is counted behind the values.
        size = max(self.values.max(initial=0), self.surnames.max(initial=0) if name == "forename" else 0) + 1
        self.people = np.bincount(np.where(self.values >= 0, self.values, size), weight, size + 1)[:size]
        if name == "forename":
            self.of_surname = np.bincount(np.where(self.surnames >= 0, self.surnames, size), weight, size + 1)[:size]


class _Rarity:
    """How rare the values of a field are among the people of pairs of one kind."""

    def __init__(self, of: _Bearing, state: State | None, drawn: Strangers) -> None:
        counts = drawn.counts[of.name] + 0.2
        chances = state.strangers[of.name] if state else counts / counts.sum()
        self.of = of
        self.exact, self.swapped = codes_at(of.name, tuple(FIELDS[of.name].exact)), codes_at(of.name, (SWAPPED,))
        self.total = of.people.sum() + 1 / chances[FIELDS[of.name].exact].sum()

    def share(self, code: Ints, first: Ints, second: Ints) -> tuple[Ints, Floats]:
        """The pairs whose values agree, and the log of the share of people, the pair's own left out, who have that value."""
        of = self.of
        hit = np.flatnonzero(self.exact[code])
        a, b = first[hit], second[hit]
        others = np.maximum(of.people[of.values[a]] - of.weight[a] - of.weight[b], 0) + 1
        share = np.log(np.minimum(others / self.total, 1.0))
        if of.name != "forename":
            return hit, share
        # Names swapped: how many have these names the one way or the other, whichever is commoner.
        swapped = np.flatnonzero(self.swapped[code])
        commoner = np.full(len(swapped), -np.inf)
        for side in (first[swapped], second[swapped]):
            one = (np.maximum(of.people[of.values[side]] - of.weight[side], 0) + 1) / of.people.sum()
            other = (np.maximum(of.of_surname[of.surnames[side]] - of.weight[side], 0) + 1) / of.of_surname.sum()
            commoner = np.maximum(commoner, np.log(one * other))
        return np.concatenate((hit, swapped)), np.concatenate((share, np.minimum(commoner, 0.0)))
