"""The pairs that the model looks at: those within forces and then those across, in arrays that threads work on part by part."""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from audit.linkage.compare import Compared
from audit.linkage.parts import in_turn
from audit.linkage.patterns import Ints


@dataclass(frozen=True)
class Pairs:
    """Pairs: those within forces, so many as ``within``, and then those across."""

    first: Ints
    second: Ints
    code: Ints
    copy: np.ndarray
    within: int

    def of_kind(self, across: bool) -> slice:
        """The places of the pairs of one kind."""
        return slice(self.within, len(self.first)) if across else slice(0, self.within)

    def any_of(self, across: bool) -> bool:
        """Whether there is a pair of the kind."""
        places = self.of_kind(across)
        return places.start < places.stop

    def only(self, pool: Executor, keep: np.ndarray) -> "Pairs":
        """The pairs that ``keep`` marks."""
        side = keep.astype(np.int8)
        side[self.within :] *= 2
        return _sorted(pool, (self.first, self.second, self.code, self.copy), side)


def by_kind(pool: Executor, compared: Compared, force: Ints, possible: dict[bool, np.ndarray]) -> Pairs:
    """All pairs, or those with a code that is possible for their kind, by ``possible`` (across or not → codes,), and copies.

    ``force`` is each record's force as a number; ``pool`` runs the work, with the same outcome for every number of threads.
    """
    copy = np.zeros(len(compared.first), bool)
    copy[compared.copies] = True
    few = force.astype(np.int16 if force.max(initial=0) < 2**15 else np.int64)
    side = np.zeros(len(copy), np.int8)

    def look(some: slice) -> None:
        across = few[compared.first[some]] != few[compared.second[some]]
        kept = copy[some].copy() if possible else np.ones(len(across), bool)
        for kind, codes in possible.items():
            kept |= codes[compared.code[some]] & (across == kind)
        side[some] = kept * (np.int8(1) + across)

    list(pool.map(look, in_turn(slice(0, len(copy)))))
    return _sorted(pool, (compared.first, compared.second, compared.code, copy), side)


def _sorted(pool: Executor, arrays: tuple[np.ndarray, ...], side: np.ndarray) -> Pairs:
    """The pairs whose ``side`` is 1, within forces, and then those whose side is 2; of each in the order they have."""
    parts = list(in_turn(slice(0, len(side))))
    counts = np.array(list(pool.map(lambda some: [np.count_nonzero(side[some] == one) for one in (1, 2)], parts))).reshape(-1, 2)
    within = int(counts[:, 0].sum())
    begin = np.cumsum(counts, axis=0) - counts + (0, within)
    sorted_arrays = [np.empty(int(counts.sum()), values.dtype) for values in arrays]

    def put(number: int) -> None:
        for one in (1, 2):
            at = np.flatnonzero(side[parts[number]] == one)
            there = slice(begin[number, one - 1], begin[number, one - 1] + len(at))
            for values, result in zip(arrays, sorted_arrays, strict=True):
                result[there] = values[parts[number]].take(at)

    list(pool.map(put, range(len(parts))))
    first, second, code, copy = sorted_arrays
    return Pairs(first, second, code, copy, within)
