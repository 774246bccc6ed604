"""Which pairs are the same person: kinds of pair that cannot turn into one another, fitted to the data at hand.

Fellegi and Sunter (1969) weigh a pair's agreements by how often records of the same person, and of strangers, have them. Two
people of one home agree on address and telephone together, which a model of two kinds takes for one person. Winkler (1993)
has a third kind for them. Here are seven:

- strangers; the same person; strangers of one name, since forename and surname go together in families of names, so that far
  more strangers share both than either share would lead to expect;
- housemates, who share a home and perhaps a telephone; family, who share the surname too; of family a few are namesakes,
  such as father and son, and a few have one birth, such as twins.

The tables of the last five are tied to the two others: a share of them truly agrees, with the spelling errors of the same
person's records, and the rest are as strangers. So only a few shares are learnt, and these kinds cannot drift to become
another. That a field is missing is a level of its own (Enamorado, Fifield and Imai 2019 ignore it). The expectation–
maximisation runs on patterns, distinct combinations of levels and rarity with their number of pairs, so its cost hardly
grows with the records.
"""

from concurrent.futures import Executor
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

import numpy as np

from audit.linkage.comparisons import BIRTH, FIELDS, FORENAME
from audit.linkage.patterns import RARE, SWAPPED, Floats, Patterns, Strangers, Tables

KINDS = ("strangers", "same person", "housemates", "family", "namesakes", "twins", "strangers of one name")
SAME, HOUSE, FAMILY, NAMESAKES, TWINS, ONE_NAME = 1, 2, 3, 4, 5, 6
SHARES = ("namesakes", "twins", "home", "twin_home", "house_phone", "family_phone", "twin_phone")
"""Of family: namesakes and twins. Of those of a home who share it, and of housemates, family and twins who share a telephone."""
SAME_FORENAME, SAME_BIRTH = FORENAME.number("same"), BIRTH.number("same")
LEAST_CHANCE = 3e-7
LEAST_DIFFERING = 10.0
"""Pairs of twins who differ in sex from which these say how many twins there are; of fewer, all that look like twins do."""
TWINS_WITH_ONE_NAME = -5.0
"""Log odds that speak against twins where both records have one forename: it is then more likely one person."""

# What records of the same person look like before anything is learnt: round numbers, from the far level to the near.
_PRIORS: dict[str, tuple[float, ...]] = {
    "forename": (0.05, 0.01, 0.02, 0.05, 0.04, 0.03, 0.02, 0.78),
    "surname": (0.06, 0.01, 0.02, 0.05, 0.04, 0.82),
    "date_of_birth": (0.02, 0.02, 0.02, 0.005, 0.04, 0.01, 0.885),
    "place": (0.30, 0.03, 0.02, 0.02, 0.03, 0.02, 0.02, 0.05, 0.02, 0.50),
    "phone": (0.45, 0.05, 0.50),
    "sex": (0.02, 0.98),
}


@dataclass(frozen=True)
class Prior:
    """A share that is learnt: its prior mean, and how many pairs that mean is worth."""

    mean: float
    pairs: float

    def learnt(self, agreeing: float, of: float) -> float:
        """The mean after ``agreeing`` of ``of`` pairs."""
        return (agreeing + self.mean * self.pairs) / (of + self.pairs)


@dataclass(frozen=True)
class Settings:
    """The numbers set by hand. ``varied`` draws others near them, to see what they matter."""

    same: Tables = field(default_factory=lambda: {name: _shares(np.array(table)) for name, table in _PRIORS.items()})
    strength: dict[str, float] = field(
        default_factory=lambda: {name: 5.0 if name in ("place", "phone") else 30.0 for name in FIELDS}
    )
    """How many pairs the prior of a field's table is worth."""
    missing: float = 20.0
    """How many pairs it is worth that a field is missing as often as among strangers."""
    namesakes: Prior = Prior(0.02, 200)
    twins: Prior = Prior(0.02, 200)
    home: Prior = Prior(0.95, 20)
    twin_home: Prior = Prior(0.7, 10)
    house_phone: Prior = Prior(0.5, 10)
    family_phone: Prior = Prior(0.5, 10)
    twin_phone: Prior = Prior(0.5, 10)
    joint: Prior = Prior(0.3, 20)
    """How much less often than by the tables alone both forename and birth say nothing."""
    births: float = 200.0
    """How many pairs it is worth that births within a home differ as strangers' do."""
    family_surname: float = 0.9
    kin_other_sex: float = 0.03
    """Chance that namesakes differ in sex."""
    twins_other_sex: float = 0.35
    """Chance that twins do: a third are identical, of the others half."""
    same_pairs: float = 0.05
    """Pairs of the same person, as a share of the records, before anything is learnt; ``home_pairs`` likewise."""
    home_pairs: float = 0.2
    one_name_pairs: float = 0.02
    hold: int = 10
    """Rounds in which the same person's tables stay as they are while homes settle."""

    def varied(self, rng: np.random.Generator, by: float = 2.0) -> "Settings":
        """Every number times a factor drawn log-evenly within [1/by, by]."""

        def factor() -> float:
            return float(np.exp(rng.uniform(-np.log(by), np.log(by))))

        same = {}
        for name, table in self.same.items():
            errors = table[:-1] * np.array([factor() for _ in table[:-1]])
            same[name] = np.append(errors, table[-1]) / (errors.sum() + table[-1])
        shares: dict[str, Any] = {
            part.name: Prior(min(value.mean * factor(), 0.9), value.pairs * factor())
            for part in fields(self)
            if isinstance(value := getattr(self, part.name), Prior)
        }
        shares["home"] = Prior(1 - (1 - self.home.mean) * factor(), self.home.pairs * factor())
        return replace(
            self,
            same=same,
            strength={name: value * factor() for name, value in self.strength.items()},
            missing=self.missing * factor(),
            births=self.births * factor(),
            family_surname=1 - (1 - self.family_surname) * factor(),
            kin_other_sex=self.kin_other_sex * factor(),
            twins_other_sex=self.twins_other_sex * factor(),
            same_pairs=self.same_pairs * factor(),
            home_pairs=self.home_pairs * factor(),
            one_name_pairs=self.one_name_pairs * factor(),
            **shares,
        )


@dataclass
class State:
    """What is learnt: the tables of the same person and of strangers, the shares of the kinds, and what homes share."""

    same: Tables
    strangers: Tables
    births_at_home: Floats
    missing_same: dict[str, float]
    missing_strangers: dict[str, float]
    sex_of_same_forename: Floats
    pairs: dict[str, float]
    """Share of all possible pairs: same, house, family, one_name."""
    shares: dict[str, float]
    """``SHARES``."""
    joint: float
    rounds: int = 0


@dataclass(frozen=True)
class Weighed:
    """Pairs by pattern: ``odds`` log odds of each kind against strangers and ``chance`` its probability, both (kinds,
    patterns); ``weights`` what each field says for the same person against strangers, as logs; ``agree`` the share of
    a home's or telephone's agreement that is true and not by chance.
    """

    odds: Floats
    chance: Floats
    weights: Tables
    agree: Tables


def _shares(counts: Floats) -> Floats:
    return np.asarray((counts + 1e-5) / (counts + 1e-5).sum(), np.float64)


def fit(
    patterns: Patterns,
    strangers: Strangers,
    settings: Settings,
    state: State | None = None,
    most: int = 200,
    pool: Executor | None = None,
) -> tuple[State, Weighed]:
    """Learn the state from the patterns, from ``state`` on if given, in at most so many rounds; and weigh the patterns."""
    state = state or start(patterns, strangers, settings)
    before = -np.inf
    for _ in range(most):
        weighed = weigh(patterns, state, settings, pool)
        same = float((weighed.chance[SAME] * patterns.count).sum())
        if state.rounds > settings.hold + 5 and abs(same - before) < 1e-4 * before:
            return state, weighed
        before = same
        state = learn(patterns, strangers, settings, state, weighed)
    return state, weigh(patterns, state, settings, pool)


def start(patterns: Patterns, strangers: Strangers, settings: Settings) -> State:
    """The state before anything is learnt."""
    missing = {
        name: float(np.clip(1 - strangers.counts[name].sum() / strangers.drawn, 1e-4, 1 - 1e-4)) for name in present(strangers)
    }
    chances = _chances(patterns, strangers, np.zeros_like(patterns.count))
    drawn = strangers.same_forename + 5 * _shares(strangers.counts["sex"] + 1)
    share = patterns.records / patterns.possible
    return State(
        same={name: table.copy() for name, table in settings.same.items()},
        strangers=chances,
        births_at_home=chances["date_of_birth"].copy(),
        missing_same=dict(missing),
        missing_strangers=missing,
        sex_of_same_forename=drawn / drawn.sum(),
        pairs={
            "same": settings.same_pairs * share,
            "house": settings.home_pairs / 2 * share,
            "family": settings.home_pairs / 2 * share,
            "one_name": settings.one_name_pairs * share,
        },
        shares={name: getattr(settings, name).mean for name in SHARES},
        joint=settings.joint.mean,
    )


def present(strangers: Strangers) -> list[str]:
    """Fields that some pair of records has."""
    return [name for name in FIELDS if strangers.counts[name].sum() > 0]


def _chances(patterns: Patterns, strangers: Strangers, others: Floats) -> Tables:
    """Strangers' chances: those of random pairs, less the pairs expected to be of other kinds; at least 2% are kept."""
    tables = {}
    for name, counts in strangers.counts.items():
        known = np.bincount(patterns.levels[name], others * patterns.count, FIELDS[name].size + 1)[: FIELDS[name].size]
        left = np.maximum(counts - known * strangers.drawn / patterns.possible, 0.02 * counts)
        tables[name] = np.maximum((left + 0.2) / (left.sum() + 0.2 * len(left)), LEAST_CHANCE)
    return tables


def _rarity(patterns: Patterns, state: State) -> Tables:
    """What it adds that the shared value is rarer, or commoner, than the level's average, as logs."""
    found = {}
    for name in RARE:
        average = np.log(state.strangers[name][FIELDS[name].exact].sum())
        found[name] = np.where(patterns.exact[name], average - patterns.shares[name], 0.0)
    swapped = patterns.swapped
    found["forename"][swapped] = np.log(state.strangers["forename"][SWAPPED]) - patterns.shares["forename"][swapped]
    return found


def weigh(patterns: Patterns, state: State, settings: Settings, pool: Executor | None = None) -> Weighed:
    """Log odds and probabilities of the kinds for each pattern; ``pool`` shares the work out, with the same outcome."""
    parts = list((pool.map if pool else map)(partial(_weigh, state=state, settings=settings), patterns.parts))
    return Weighed(
        np.concatenate([part.odds for part in parts], 1),
        np.concatenate([part.chance for part in parts], 1),
        {name: np.concatenate([part.weights[name] for part in parts]) for name in parts[0].weights},
        {name: np.concatenate([part.agree[name] for part in parts]) for name in parts[0].agree},
    )


def _weigh(patterns: Patterns, state: State, settings: Settings) -> Weighed:
    levels, there = patterns.levels, list(state.missing_same)
    zero = np.zeros(len(patterns.count))
    rarity = _rarity(patterns, state)
    same_forename = levels["forename"] == SAME_FORENAME
    weights = {}
    for name in there:
        known, gone = state.missing_same[name], state.missing_strangers[name]
        table = np.log(state.same[name] / state.strangers[name]) + np.log((1 - known) / (1 - gone))
        weights[name] = np.append(table, np.log(known / gone))[levels[name]] + rarity.get(name, zero)
    # Names that are swapped are looked at once, as forenames; that there is no surname to compare then says nothing.
    if "surname" in there:
        weights["surname"][patterns.swapped] = 0.0
    kin_sex = twin_sex = zero
    if "sex" in there:
        # Strangers of one forename are mostly of one sex, so that their agreement says little.
        by_sex = np.append(np.log(state.sex_of_same_forename / state.strangers["sex"]), 0.0)[levels["sex"]]
        by_name = np.where(same_forename, by_sex, 0.0)
        weights["sex"] = weights["sex"] - by_name
        kin_sex, twin_sex = (
            np.append(np.log(np.array([other, 1 - other]) / state.strangers["sex"]), 0.0)[levels["sex"]] - by_name
            for other in (settings.kin_other_sex, settings.twins_other_sex)
        )

    def tied(name: str, share: float) -> tuple[Floats, Floats]:
        """Log odds where a share agrees, with the same person's near levels, and the rest are strangers; and the true part."""
        # Only where the value itself is shared does its rarity count; else the level says all.
        agree = _shares(state.same[name] * FIELDS[name].near) / state.strangers[name] * share
        total, rare = agree + 1 - share, np.flatnonzero(patterns.exact[name])
        logs, true = np.append(np.log(total), 0.0)[levels[name]], np.append(agree / total, 0.0)[levels[name]]
        agree = agree[levels[name][rare]] * np.exp(rarity[name][rare])
        logs[rare], true[rare] = np.log(agree + 1 - share), agree / (agree + 1 - share)
        return logs, true

    def agreed(name: str) -> Floats:
        near = _shares(state.same[name] * FIELDS[name].near)
        return np.append(np.log(near / state.strangers[name]), 0.0)[levels[name]] + rarity[name]

    odds = np.full((len(KINDS), len(zero)), -np.inf)
    odds[0] = 0.0
    odds[SAME] = np.log(state.pairs["same"]) + sum(weights.values(), zero) + patterns.silent * np.log(state.joint)
    if "forename" in there and "surname" in there:
        odds[ONE_NAME] = np.log(state.pairs["one_name"]) + agreed("forename") + agreed("surname")
    agree: Tables = {}
    if "place" in there or "phone" in there:
        home, moved, twins_home, phone_house, phone_family, phone_twins = zero, zero, zero, zero, zero, zero
        if "place" in there:
            home, agree["home"] = tied("place", state.shares["home"])
            twins_home, agree["twin_home"] = tied("place", state.shares["twin_home"])
            # Grown-up kin need not live together: two of one name are found at two homes as often as one person is.
            moved, _ = tied("place", state.shares["home"] * float((state.same["place"] * FIELDS["place"].near).sum()))
        if "phone" in there:
            phone_house, agree["house_phone"] = tied("phone", state.shares["house_phone"])
            phone_family, agree["family_phone"] = tied("phone", state.shares["family_phone"])
            phone_twins, agree["twin_phone"] = tied("phone", state.shares["twin_phone"])
        surname, _ = tied("surname", settings.family_surname)
        births = np.append(np.log(state.births_at_home / state.strangers["date_of_birth"]), 0.0)[levels["date_of_birth"]]
        kin = np.log(state.pairs["family"]) + surname
        namesakes, twins = state.shares["namesakes"], state.shares["twins"]
        odds[HOUSE] = np.log(state.pairs["house"]) + home + phone_house + births
        odds[FAMILY] = kin + home + phone_family + np.log(max(1 - namesakes - twins, 0.01)) + births
        odds[NAMESAKES] = kin + moved + phone_family + np.log(namesakes) + agreed("forename") + kin_sex
        one_name = np.where(same_forename, TWINS_WITH_ONE_NAME, 0.0)
        odds[TWINS] = kin + twins_home + phone_twins + np.log(twins) + agreed("date_of_birth") + twin_sex + one_name
    top = odds.max(0)
    chance = np.exp(odds - top)
    chance /= chance.sum(0)
    return Weighed(odds, chance, weights, agree)


def _twins(patterns: Patterns, expected: Floats, settings: Settings) -> float:
    """How many pairs of twins there are: one person under two forenames looks the same, but for twins who differ in sex."""
    sex, twins = patterns.levels["sex"], expected[TWINS]
    differ, known = float(twins[sex == 0].sum()), float(twins[sex < FIELDS["sex"].size].sum())
    if differ < LEAST_DIFFERING:
        return float(twins.sum())
    return float(twins.sum()) * min(differ / settings.twins_other_sex / known, 1.0)


def learn(patterns: Patterns, strangers: Strangers, settings: Settings, state: State, weighed: Weighed) -> State:
    """One step of maximisation."""
    levels, expected = patterns.levels, weighed.chance * patterns.count
    same, there = expected[SAME], list(state.missing_same)
    family = expected[FAMILY : TWINS + 1].sum(0)
    tables, missing, joint = state.same, state.missing_same, state.joint
    if state.rounds >= settings.hold:
        # A shared home and telephone are as well explained by kin, so these pairs do not teach that one person's forenames or
        # births may be quite different: father and son would come to be one person, and twins.
        home = patterns.exact["place"] & patterns.exact["phone"]
        taught = {name: np.where(home & (levels[name] <= 1), 0.0, same) for name in ("forename", "date_of_birth")}
        taught["surname"] = same.copy()
        taught["surname"][patterns.swapped] = 0.0
        of = {name: float(taught[name].sum()) if name == "surname" else float(same.sum()) for name in there}
        counted = {name: np.bincount(levels[name], taught.get(name, same), FIELDS[name].size + 1) for name in FIELDS}
        tables = {name: _shares(counted[name][:-1] + settings.strength[name] * settings.same[name]) for name in FIELDS}
        missing = {
            name: (counted[name][-1] + settings.missing * state.missing_strangers[name]) / (of[name] + settings.missing)
            for name in there
        }
        apart = 1.0
        for name in ("forename", "date_of_birth"):
            if name in there:
                apart *= (1 - missing[name]) * tables[name][0] + missing[name]
        joint = min(settings.joint.learnt(float(same[patterns.silent].sum()), float(same.sum()) * apart), 1.0)
    shares, pairs = dict(state.shares), {"same": max(float(same.sum()), 1.0) / patterns.possible}
    pairs["one_name"] = max(float(expected[ONE_NAME].sum()), 0.5) / patterns.possible
    births = state.births_at_home
    if weighed.agree:
        seen = np.bincount(levels["date_of_birth"], expected[HOUSE] + expected[FAMILY], BIRTH.size + 1)[:-1]
        births = seen + settings.births * state.strangers["date_of_birth"]
        births[SAME_BIRTH] = births.sum() * state.strangers["date_of_birth"][SAME_BIRTH]
        births = births / births.sum()
        of_phone = {"house_phone": expected[HOUSE], "family_phone": family - expected[TWINS], "twin_phone": expected[TWINS]}
        of_home = {"home": expected[HOUSE] + family, "twin_home": expected[TWINS]}
        for name, group in {**of_home, **of_phone}.items():
            if name in weighed.agree:
                asked = "place" if name in of_home else "phone"
                known = levels[asked] < FIELDS[asked].size
                prior: Prior = getattr(settings, name)
                shares[name] = prior.learnt(float((group * weighed.agree[name]).sum()), float(group[known].sum()))
        for name, count in (("namesakes", float(expected[NAMESAKES].sum())), ("twins", _twins(patterns, expected, settings))):
            prior = getattr(settings, name)
            shares[name] = min(prior.learnt(count, float(family.sum())), 0.5)
        pairs["house"] = max(float(expected[HOUSE].sum()), 0.5) / patterns.possible
        pairs["family"] = max(float(family.sum()), 0.5) / patterns.possible
    else:
        pairs |= {name: state.pairs[name] for name in ("house", "family")}
    chances = _chances(patterns, strangers, 1 - weighed.chance[0])
    return replace(
        state,
        same=tables,
        strangers=chances,
        births_at_home=births,
        missing_same=missing,
        pairs=pairs,
        shares=shares,
        joint=joint,
        rounds=state.rounds + 1,
    )
