"""The duplicate rate of each force, with an interval that holds sampling, model and blocking together.

The model is fitted again with every number set by hand times a factor within [1/2, 2], and with pairs reweighted at random,
as if another sample had been drawn. Of each such fit the merges of the tree have other odds; all of them share an error, by
which the odds of the whole may be off, and some pairs share no blocking key and so are missed.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from audit.linkage.clusters import clipped
from audit.linkage.comparisons import BIRTH, FORENAME, PHONE, PLACE, SURNAME
from audit.linkage.model import Settings, State, fit
from audit.linkage.patterns import Floats
from audit.linkage.people import DOUBT, NO_WEIGHT, Part, People, log_odds

REFITS, DRAWS = 12, 40
STEP = 0.1
"""Merges are distinguished to within this much of their log odds."""
LOWEST, HIGHEST = -6.0, 9.0

# Share of pairs whose sound, and so whose key, agrees, by level (the last: missing); of births the year, and the day and month.
_FORENAME_KEY = np.array([0, 0, 0, 0.3, 1, 0.3, 0.3, 1, 0])
_SURNAME_KEY = np.array([0, 0, 0, 0.3, 1, 1, 0])
_YEAR_KEY = np.array([0, 0.85, 0.5, 1, 0.7, 1, 1, 0])
_DAY_KEY = np.array([0, 0.05, 0.4, 0, 0.6, 0, 1, 0])


def missed_by_blocking(state: State) -> float:
    """Share of the same person's pairs that share no key, by the fitted tables, as if fields were independent."""

    def chances(name: str, size: int) -> Floats:
        if name not in state.missing_same:
            return np.append(np.zeros(size), 1.0)
        gone = state.missing_same[name]
        return np.append(state.same[name] * (1 - gone), gone)

    forename, surname, birth = (chances(field.name, field.size) for field in (FORENAME, SURNAME, BIRTH))
    f, s = _FORENAME_KEY[:, None, None], _SURNAME_KEY[None, :, None]
    year, day = _YEAR_KEY[None, None, :], _DAY_KEY[None, None, :]
    none = (1 - f * s) * (1 - year * (f + s - f * s)) * (1 - day * np.maximum(f, s))
    none = none * (np.arange(BIRTH.size + 1) != BIRTH.number("same"))
    share = float((forename[:, None, None] * surname[None, :, None] * birth[None, None, :] * none).sum())
    phone = chances("phone", PHONE.size)[PHONE.number("same")]
    home = chances("place", PLACE.size)[PLACE.exact].sum()
    return share * float(1 - phone) * float(1 - home)


def hidden_by_names(part: Part, state: State) -> float:
    """Share of the same person's pairs that may have quite different names beyond those found.

    Such pairs, of an alias or another married name, look like strangers, so the records cannot show how many there are: what is
    usual may be true.
    """
    return float(sum(max(part.settings.same[name][0] - state.same[name][0], 0.0) for name in ("forename", "surname")))


def duplicate_rates(
    people: People,
    force: np.ndarray,
    forces: int,
    every: bool,
    rng: np.random.Generator,
    widened: float = 0.0,
    threads: int = 1,
) -> tuple[Floats, Floats, Floats]:
    """The share of records that repeat a person, by force, with low and high ends of 95%. Shapes (forces,).

    ``every`` says that all pairs were compared; ``widened`` is a further share of duplicates that may be missed. The same for
    every number of ``threads``.
    """
    records = np.bincount(force, minlength=forces).astype(float)
    if not len(people.tree.odds):
        none = np.zeros(forces)
        return none, none, np.minimum(3 / np.maximum(records, 3), 1.0)
    edges = np.arange(LOWEST, HIGHEST + STEP, STEP)
    middles = edges[:-1] + STEP / 2

    inside = [people.tree.inside(part.pairs) for part in people.parts]
    known = np.bincount(np.concatenate([merge for _, merge in inside]), minlength=len(people.tree.odds))

    def drawn_with(lot: _Lot) -> list[Floats]:
        of_patterns, missed, hidden = _refitted(people, lot)
        total = np.zeros(len(known))
        for part, (at, merge), odds in zip(people.parts, inside, of_patterns, strict=True):
            total += np.bincount(merge, clipped(odds)[part.of_pair[at]], len(known))
        merges = people.tree.mean_odds(total, known)
        by_force = _histogram(merges, people.tree.shared, edges, forces)
        missed = widened + (0.0 if every else missed)
        alone = 1 - np.minimum(_degrees(people, of_patterns, len(force)), 1 - 1e-3)
        matched = 1 - np.bincount(force, alone, forces) / np.maximum(records, 1)
        shift = -np.log(np.maximum(1 - matched, 1 / np.maximum(records, 2)))
        drawn = []
        for draw in lot.draws:
            moved = middles[None, :] + DOUBT * draw.error + draw.alone * shift[:, None]
            chance = expit(moved)
            mean = (by_force * chance).sum(1)
            spread = np.sqrt((by_force * chance * (1 - chance)).sum(1))
            count = np.maximum(mean + spread * draw.by_force, 0)
            drawn.append(count * (1 + draw.missed * missed + max((2 * draw.hidden - 1) * hidden, 0.0)))
        return drawn

    lots = [_Lot.of(people.parts, forces, rng) for _ in range(REFITS)]
    with ThreadPoolExecutor(threads) as pool:
        drawn = [some for of_lot in pool.map(drawn_with, lots) for some in of_lot]
    rates = np.minimum(np.array(drawn) / np.maximum(records, 1), 1 - 1 / np.maximum(records, 1))
    low, middle, high = np.quantile(rates, [0.025, 0.5, 0.975], axis=0)
    return middle, low, high


@dataclass(frozen=True)
class _Draw:
    """What is drawn for one count of duplicates: standard normal numbers and numbers from 0 to 1."""

    error: float
    alone: float
    by_force: Floats
    missed: float
    hidden: float


@dataclass(frozen=True)
class _Lot:
    """All that is drawn for one refit, before any is made, so that they can be made side by side."""

    settings: list[Settings]
    counts: list[Floats]
    draws: list[_Draw]

    @classmethod
    def of(cls, parts: list[Part], forces: int, rng: np.random.Generator) -> "_Lot":
        settings, counts = [], []
        for part in parts:
            # The sum of so many exponential weights as a pattern has pairs.
            counts.append(rng.gamma(part.patterns.count))
            settings.append(part.settings.varied(rng))
        draws = [
            _Draw(rng.standard_normal(), rng.random(), rng.standard_normal(forces), rng.random(), rng.random())
            for _ in range(DRAWS)
        ]
        return cls(settings, counts, draws)


def _degrees(people: People, of_patterns: list[Floats], records: int) -> Floats:
    """How many records each one is expected to share its person with, by the log odds of the parts' patterns."""
    total = np.zeros(records)
    for part, odds in zip(people.parts, of_patterns, strict=True):
        at = np.flatnonzero((odds >= NO_WEIGHT)[part.of_pair])
        same = expit(odds)[part.of_pair[at]]
        for side in (people.first, people.second):
            total += np.bincount(side[part.pairs][at], same, records)
    return total


def _histogram(merges: Floats, shared: np.ndarray, edges: Floats, forces: int) -> Floats:
    """Merges by force and log odds, shape (forces, bins)."""
    bins = np.clip(((merges - edges[0]) / STEP).astype(int), 0, len(edges) - 2)
    counted = np.bincount(shared[:, 1] * (len(edges) - 1) + bins[shared[:, 0]], minlength=forces * (len(edges) - 1))
    return counted.reshape(forces, -1).astype(float)


def _refitted(people: People, lot: _Lot) -> tuple[list[Floats], float, float]:
    """The log odds of each part's patterns by a fit with other hand-set numbers and weights of pairs; the shares that blocking and
    names hide.
    """
    of_patterns: list[Floats] = []
    missed, hidden = 0.0, 0.0
    for part, settings, count in zip(people.parts, lot.settings, lot.counts, strict=True):
        state, weighed = fit(part.patterns.counted(count), part.strangers, settings, part.state, most=60)
        of_patterns.append(log_odds(weighed))
        if part is people.parts[0]:
            missed, hidden = missed_by_blocking(state), hidden_by_names(part, state)
    return of_patterns, missed, hidden
