"""From pairs to people: a tree of merges by average linkage, cut at any threshold without another run."""

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST = 1e-3
"""Pairs below this probability take no part."""
STRONGEST = 8.0
"""No pair weighs more than this, as a log of odds, for or against joining two groups."""
UNKNOWN = -6.0
"""Log odds of a pair that was not compared: it shares no key, which speaks against it."""
LOWEST = -5.0
"""Groups whose pairs have lower mean log odds are not joined at any threshold."""


@dataclass(frozen=True)
class Tree:
    """Merges of groups of records. Each has a record of either group, the mean log odds of the pairs between the groups, and
    how many these are. ``pair_merge`` is, for each pair given, the merge that brings its records together, or -1.
    ``shared`` are (merge, force) for each force that has records in both groups: there the merge takes one person away.
    """

    records: int
    left: Ints
    right: Ints
    odds: Floats
    pairs: Ints
    pair_merge: Ints
    shared: Ints

    def labels(self, cut: float) -> Ints:
        """The smallest record number of each record's cluster, shape (records,), joining merges of at least ``cut``."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components  # slow to import, and no page needs it

        taken = self.odds >= cut
        ones = np.ones(int(taken.sum()), np.int8)
        graph = coo_matrix((ones, (self.left[taken], self.right[taken])), (self.records, self.records))
        count, component = connected_components(graph, directed=False)
        smallest = np.full(count, self.records, np.int64)
        np.minimum.at(smallest, component, np.arange(self.records))
        return smallest[component]

    def people(self, cut: float, force: Ints, forces: int) -> Ints:
        """How many clusters have records in each force, shape (forces,), joining merges of at least ``cut``."""
        joined = np.unique(np.concatenate((self.left, self.right)))
        alone = np.bincount(force, minlength=forces) - np.bincount(force[joined], minlength=forces)
        known = np.unique(self.labels(cut)[joined] * forces + force[joined])
        return np.asarray(alone + np.bincount(known % forces, minlength=forces), np.int64)

    def mean_odds(self, odds: Floats) -> Floats:
        """The merges' mean log odds where the pairs given to ``build_tree`` have other odds."""
        inside = self.pair_merge >= 0
        total = np.bincount(self.pair_merge[inside], clipped(odds[inside]), len(self.odds))
        known = np.bincount(self.pair_merge[inside], minlength=len(self.odds))
        return np.asarray((total + UNKNOWN * (self.pairs - known)) / self.pairs, np.float64)


def clipped(odds: Floats) -> Floats:
    """Log odds within what one pair may weigh."""
    return np.clip(odds, -STRONGEST, STRONGEST)


def build_tree(
    records: int, first: Ints, second: Ints, odds: Floats, force: Ints, copy: npt.NDArray[np.bool_] | None = None
) -> Tree:
    """Average linkage of records by pairs' log odds; ``force`` is each record's force as a number.

    The two groups whose pairs have the highest mean log odds are joined first. Pairs that were not compared, or are hardly
    possible, count as ``UNKNOWN``. The same tree whatever the order of pairs. ``copy`` marks pairs of a record and its copy,
    which was compared with no other record: such a pair is a merge by itself, and the copy's size counts in no other.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    kept = np.flatnonzero(odds > np.log(LEAST / (1 - LEAST)))
    a, b, weight = first[kept], second[kept], clipped(odds[kept])
    alone = np.zeros(len(kept), bool) if copy is None else copy[kept]
    graph = coo_matrix((np.ones(int((~alone).sum()), np.int8), (a[~alone], b[~alone])), (records, records))
    count, component = connected_components(graph, directed=False)
    size = np.bincount(component, minlength=count)
    small = (size[component[a]] == 2) | alone
    pair_merge = np.full(len(first), -1, np.int64)
    two = np.flatnonzero(small & (weight > LOWEST))
    pair_merge[kept[two]] = np.arange(len(two))
    left, right, mean, pairs = [a[two]], [b[two]], [weight[two]], [np.ones(len(two), np.int64)]
    alike = force[a[two]] == force[b[two]]
    shared = [np.column_stack((np.flatnonzero(alike), force[a[two]][alike]))]
    rest = np.flatnonzero(~small)
    if len(rest):
        order = rest[np.lexsort((b[rest], a[rest]))]
        merges, of_pair, forces = _linked(a[order], b[order], weight[order], force)
        pair_merge[kept[order]] = np.where(of_pair >= 0, of_pair + len(two), -1)
        table = np.array(merges, float).reshape(-1, 4)
        left.append(table[:, 0].astype(np.int64))
        right.append(table[:, 1].astype(np.int64))
        mean.append(table[:, 2])
        pairs.append(table[:, 3].astype(np.int64))
        shared.append(np.array(forces, np.int64).reshape(-1, 2) + np.array([len(two), 0]))
    return Tree(
        records,
        np.concatenate(left),
        np.concatenate(right),
        np.concatenate(mean),
        np.concatenate(pairs),
        pair_merge,
        np.concatenate(shared),
    )


def _linked(
    first: Ints, second: Ints, weight: Floats, force: Ints
) -> tuple[list[tuple[int, int, float, int]], Ints, list[tuple[int, int]]]:
    """Merges (record, record, mean log odds, pairs), each pair's merge or -1, and (merge, force) of forces on both sides."""
    sizes: dict[int, int] = {}
    between: dict[int, dict[int, tuple[float, list[int]]]] = {}
    forces: dict[int, set[int]] = {}
    for place, (i, j, w) in enumerate(zip(first.tolist(), second.tolist(), weight.tolist(), strict=True)):
        for one in (i, j):
            if one not in sizes:
                sizes[one], between[one], forces[one] = 1, {}, {int(force[one])}
        between[i][j] = between[j][i] = (w, [place])
    version = dict.fromkeys(sizes, 0)
    heap = [(-w, i, j, 0, 0) for i, j, w in zip(first.tolist(), second.tolist(), weight.tolist(), strict=True)]
    heapq.heapify(heap)
    merges: list[tuple[int, int, float, int]] = []
    shared: list[tuple[int, int]] = []
    of_pair = np.full(len(first), -1, np.int64)
    while heap:
        low, i, j, at_i, at_j = heapq.heappop(heap)
        if i not in sizes or j not in sizes or version[i] != at_i or version[j] != at_j:
            continue
        if -low < LOWEST:
            break
        of_pair[between[i][j][1]] = len(merges)
        shared += [(len(merges), one) for one in forces[i] & forces[j]]
        merges.append((i, j, -low, sizes[i] * sizes[j]))
        if len(between[i]) < len(between[j]):
            i, j = j, i
        sizes[i] += sizes.pop(j)
        version[i] += 1
        forces[i] |= forces.pop(j)
        between[i].pop(j)
        for other, (total, members) in between.pop(j).items():
            if other == i:
                continue
            between[other].pop(j)
            had, seen = between[i].get(other, (0.0, []))
            between[i][other] = between[other][i] = (had + total, seen + members)
        for other, (total, members) in between[i].items():
            possible = sizes[i] * sizes[other]
            mean = (total + UNKNOWN * (possible - len(members))) / possible
            if mean > LOWEST:
                here, there = (i, other) if i < other else (other, i)
                heapq.heappush(heap, (-mean, here, there, version[here], version[there]))
    return merges, of_pair, shared
