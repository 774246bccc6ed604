"""From the comparisons to people: patterns of pairs, the model within forces and across, probabilities and the tree of merges."""

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from audit.linkage.clusters import Tree, build_tree
from audit.linkage.compare import Compared
from audit.linkage.comparisons import CODES, FIELDS, codes_at, levels_of
from audit.linkage.model import SAME, Settings, State, Weighed, fit, start, weigh
from audit.linkage.pairs import Pairs, by_kind
from audit.linkage.parts import in_turn
from audit.linkage.patterns import RARE, SWAPPED, Floats, Ints, Patterns, Strangers
from audit.statistics import ranks

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
NO_WEIGHT = -14.0
"""Pairs whose log odds for the same person are lower than this take nothing from the weight of their records."""
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
    with ThreadPoolExecutor(threads) as pool:
        pairs, parts, weight = _learnt(pool, compared, drawn, force, possible, settings or Settings())
    same = np.full(len(pairs.first), -np.inf)
    for part in parts:
        same[part.pairs] = log_odds(part.weighed)[part.of_pair]
    probability = blurred(same)
    threshold = best_threshold(probability)
    first, second = pairs.first.astype(np.int64), pairs.second.astype(np.int64)
    tree = build_tree(len(force), first, second, same, force, pairs.copy)
    weights = {name: np.zeros(len(same)) for name in FIELDS}
    for part in parts:
        for name, logs in part.weighed.weights.items():
            weights[name][part.pairs] = logs[part.of_pair]
    cut = float(np.log(threshold / (1 - threshold)))
    return People(first, second, same, probability, weights, threshold, tree.labels(cut), tree, parts, weight)


def possible_codes(drawn: dict[bool, Strangers], possible: dict[bool, float], records: int) -> dict[bool, npt.NDArray[np.bool_]]:
    """By kind of pair, across forces or not, whether a pair of each code may be of another kind than strangers; each of shape
    (``CODES``,). Before anything is learnt, so that it is the same wherever pairs are compared.

    ``drawn`` has the strangers of each kind, ``possible`` counts all pairs, and ``records`` all records.
    """
    return {kind: _possible(drawn[kind], Settings(), possible[kind], records) for kind in drawn}


def _learnt(
    pool: Executor,
    compared: Compared,
    drawn: dict[bool, Strangers],
    force: Ints,
    possible: dict[bool, float],
    settings: Settings,
) -> tuple[Pairs, list[Part], Floats]:
    """The pairs that may be the same person's, what was learnt of those within forces and across, and the weights of the records."""
    records = len(force)
    kinds = {kind: _possible(drawn[kind], settings, possible[kind], records) for kind in drawn if not compared.every}
    pairs = by_kind(pool, compared, force, kinds)
    weight = _first_weights(compared, pairs, records)
    states: dict[bool, State | None] = {False: None, True: None}
    settled: dict[bool, Patterns | None] = {False: None, True: None}
    parts: list[Part] = []
    for step in range(ROUNDS):
        last = step == ROUNDS - 1
        parts, kept = [], np.ones(len(pairs.first), bool)
        bearing = list(pool.map(partial(_Bearing, compared=compared, weight=weight), RARE))
        rarity = {
            kind: [_Rarity(of_field, states[kind], drawn[kind]) for of_field in bearing]
            for kind in (False, True)
            if possible[kind] >= 1 and (pairs.any_of(kind) or settled[kind])
        }
        for kind, (moving, of_pair) in _patterns(pool, pairs, rarity, possible).items():
            places = pairs.of_kind(kind)
            mine = settings if not kind or not parts else _across(settings, parts[0])
            rest = settled[kind]
            patterns = moving.and_also(rest) if rest else moving
            state, weighed = fit(patterns, drawn[kind], mine, states[kind], 100 if last else STEPS, pool)
            states[kind] = state
            parts.append(Part(places, of_pair, patterns, drawn[kind], state, weighed, mine))
            if step in SETTLED:
                count = len(moving.count)
                likely = log_odds(weighed)[:count] >= SETTLED[step]
                of_a_kind = weighed.odds[1:, :count].max(0) > NO_KIND if step == 1 and not compared.every else np.ones_like(likely)
                copies = np.bincount(of_pair[pairs.copy[places]], minlength=count)
                left = moving.with_count(np.where(of_a_kind & ~likely, moving.count - copies, 0.0))
                settled[kind] = left.and_also(rest) if rest else left
                kept[places] = (of_a_kind & likely)[of_pair] | pairs.copy[places]
        weight = _weights(pool, pairs, parts, records)
        if not kept.all():
            pairs = pairs.only(pool, kept)
    return pairs, parts, weight


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


def log_odds(weighed: Weighed) -> Floats:
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


def _first_weights(compared: Compared, pairs: Pairs, records: int) -> Floats:
    """How many people a record stands for before the first round: records of one name and birth share one."""
    key, full = np.zeros(records, np.int64), np.ones(records, bool)
    for name in ("forename", "surname", "date_of_birth"):
        values = compared.values[name]
        key = key * (values.max(initial=0) + 1) + values
        full &= values > 0
    of_group = ranks(key[full])
    size = np.ones(records)
    size[full] = np.bincount(of_group)[of_group]
    weight = 1 / size
    weight[pairs.second[pairs.copy]] = 0.0
    return weight


def _weights(pool: Executor, pairs: Pairs, parts: list[Part], records: int) -> Floats:
    """How many people a record stands for: one, shared with the records that are probably the same person's."""
    degree = np.zeros((2, records))
    copies: list[tuple[Ints, Floats]] = []
    for part in parts:
        odds = log_odds(part.weighed)
        chance, matters = expit(odds), odds >= NO_WEIGHT
        copied = np.flatnonzero(pairs.copy[part.pairs])
        copies.append((pairs.second[part.pairs][copied], 1 - chance[part.of_pair[copied]]))

        def likely(
            some: slice, part: Part = part, matters: np.ndarray = matters, chance: Floats = chance
        ) -> tuple[Ints, Ints, Floats]:
            of_pair = part.of_pair[some.start - part.pairs.start : some.stop - part.pairs.start]
            at = np.flatnonzero(matters[of_pair] & ~pairs.copy[some])
            return pairs.first[some][at], pairs.second[some][at], chance[of_pair[at]]

        for several in in_turn(part.pairs, 8):
            first, second, same = (np.concatenate(values) for values in zip(*pool.map(likely, in_turn(several)), strict=True))
            for side, sums in zip(
                degree, pool.map(lambda side, same=same: np.bincount(side, same, records), (first, second)), strict=True
            ):
                side += sums
    weight = degree[0]  # changed in place: of a nation each further array of records takes a tenth of a second
    weight += degree[1]
    weight += 1
    np.reciprocal(weight, out=weight)
    for record, left in copies:
        weight[record] = left
    return weight


def _across(settings: Settings, within: Part) -> Settings:
    """What is known of pairs across forces before they are looked at: records of the same person are written down alike."""
    strength = {name: 5.0 if name in ("place", "phone") else 100.0 for name in FIELDS}
    return Settings(same=within.state.same, strength=strength, same_pairs=0.005, home_pairs=0.02)


def _patterns(
    pool: Executor, pairs: Pairs, rarity: "dict[bool, list[_Rarity]]", possible: dict[bool, float]
) -> dict[bool, tuple[Patterns, Ints]]:
    """By kind, its pairs by levels and rarity of what they share; and the pattern of each."""
    of_pair = {kind: np.zeros(len(pairs.first[pairs.of_kind(kind)]), np.int32) for kind in rarity}

    def look(kind: bool, some: slice) -> tuple[slice, Ints, Floats, dict[str, Floats]]:
        """Where the pairs of a part are among those of their kind, the patterns they have, how many have each, and shares summed."""
        first, second, code = pairs.first[some], pairs.second[some], pairs.code[some]
        key, shares, radix = code.astype(np.int64), {}, CODES
        for measure in rarity[kind]:
            hit, share = shares[measure.of.name] = measure.share(code, first, second)
            key[hit] += np.clip(np.rint(-share / BIN), 0, 127).astype(np.int64) * radix
            radix *= 128
        local, keys = pd.factorize(key)
        begin = pairs.of_kind(kind).start
        mine = slice(some.start - begin, some.stop - begin)
        of_pair[kind][mine] = local
        sums = {name: np.asarray(np.bincount(local[hit], share, len(keys)), np.float64) for name, (hit, share) in shares.items()}
        return mine, keys, np.bincount(local, minlength=len(keys)).astype(float), sums

    work = [(kind, some) for kind in rarity for some in in_turn(pairs.of_kind(kind))]
    found = list(pool.map(look, *zip(*work, strict=True))) if work else []
    return {
        kind: (
            _together(
                [part for (of, _), part in zip(work, found, strict=True) if of == kind], of_pair[kind], measures, possible[kind]
            ),
            of_pair[kind],
        )
        for kind, measures in rarity.items()
    }


def _together(
    found: list[tuple[slice, Ints, Floats, dict[str, Floats]]], of_pair: Ints, rarity: "list[_Rarity]", possible: float
) -> Patterns:
    """The patterns of all parts of a kind; ``of_pair`` is numbered by them again."""
    parts = [keys for _, keys, _, _ in found]
    whole, distinct = pd.factorize(np.concatenate(parts)) if parts else (np.zeros(0, np.int64), np.zeros(0, np.int64))
    begin = 0
    for mine, keys, _, _ in found:
        of_pair[mine] = whole[begin : begin + len(keys)][of_pair[mine]]
        begin += len(keys)

    def summed(parts: list[Floats]) -> Floats:
        return np.asarray(np.bincount(whole, np.concatenate(parts), len(distinct)) if parts else np.zeros(0), np.float64)

    count = summed([counts for _, _, counts, _ in found])
    mean = {name: summed([sums[name] for *_, sums in found]) / count for name in RARE}
    return Patterns(levels_of(distinct % CODES), mean, count, possible, len(rarity[0].of.weight))


class _Bearing:
    """How many people have each value of a field, by how many the records stand for; nobody has the missing one, 0."""

    def __init__(self, name: str, compared: Compared, weight: Floats) -> None:
        self.name, self.weight, self.values, self.surnames = name, weight, compared.values[name], compared.values["surname"]
        self.people = np.bincount(self.values, weight)
        self.people[0] = 0
        if name == "forename":
            self.of_surname = np.bincount(self.surnames, weight)
            self.of_surname[0] = 0


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
