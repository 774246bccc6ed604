"""From pairs to people: a tree of merges by average linkage, cut at any threshold without another run."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.statistics import distinct

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64 | np.int32]

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
        taken = self.odds >= cut
        joined = distinct(np.concatenate((self.left[taken], self.right[taken])))
        labels = np.arange(self.records)
        labels[joined] = joined[
            _smallest(np.searchsorted(joined, self.left[taken]), np.searchsorted(joined, self.right[taken]), len(joined))
        ]
        return labels

    def people(self, cuts: list[float], force: Ints, forces: int) -> list[Ints]:
        """How many clusters have records in each force, shape (forces,), for each cut, joining merges of at least so much.

        Each merge that is joined takes one away in the forces that it shares: none has higher odds than those that made its groups.
        """
        records, odds = np.bincount(force, minlength=forces), self.odds[self.shared[:, 0]]
        return [records - np.bincount(self.shared[odds >= cut, 1], minlength=forces) for cut in cuts]

    def inside(self, places: slice) -> tuple[Ints, Ints]:
        """Of some of the pairs given to ``build_tree``, those that a merge brings together, and that merge."""
        merge = self.pair_merge[places]
        at = np.flatnonzero(merge >= 0)
        return at, merge[at]

    def mean_odds(self, total: Floats, known: Ints) -> Floats:
        """The merges' mean log odds, by the clipped log odds of their pairs added up, and how many pairs these are."""
        return np.asarray((total + UNKNOWN * (self.pairs - known)) / self.pairs, np.float64)


def _smallest(left: Ints, right: Ints, count: int) -> Ints:
    """The smallest number of each number's group, shape (count,), where each left is in one group with its right."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components  # slow to import, and no page needs it

    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), (count, count))
    groups, group = connected_components(graph, directed=False)
    smallest = np.empty(groups, np.int64)
    smallest[group[::-1]] = np.arange(count)[::-1]  # of several, the last one written stays
    return smallest[group]


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
        left.append(merges[:, 0].astype(np.int64))
        right.append(merges[:, 1].astype(np.int64))
        mean.append(merges[:, 2])
        pairs.append(merges[:, 3].astype(np.int64))
        shared.append(forces + np.array([len(two), 0]))
    return Tree(
        records,
        np.concatenate(left),
        np.concatenate(right),
        np.concatenate(mean),
        np.concatenate(pairs),
        pair_merge,
        np.concatenate(shared),
    )


def _linked(first: Ints, second: Ints, weight: Floats, force: Ints) -> tuple[Floats, Ints, Ints]:
    """Merges (record, record, mean log odds, pairs), each pair's merge or -1, and (merge, force) of forces on both sides.

    Two groups of which each is the nearest to the other are joined in any tree of average linkage, whatever else is joined
    (Murtagh 1983), so all such groups are joined at once, until none is left. Of equally near ones a hash decides.
    """
    names, both = np.unique(np.concatenate((first, second)), return_inverse=True)
    i, j = np.split(both, 2)
    forces = int(force.max()) + 1
    size, of_pair = np.ones(len(names), np.int64), np.full(len(first), -1, np.int64)
    total, known = weight.astype(float), np.ones(len(first), np.int64)
    pair, edge = np.arange(len(first)), np.arange(len(first))  # the pairs that take part, and the edge that each is part of
    group, has = np.arange(len(names)), force[names]  # rows of a group and a force that it has records of
    merges, shared, done = [np.zeros((0, 4))], [np.zeros((0, 2), np.int64)], 0
    while len(i):
        possible = size[i] * size[j]
        mean = (total + UNKNOWN * (possible - known)) / possible
        best = np.full(len(names), LOWEST)
        np.maximum.at(best, i, mean)
        np.maximum.at(best, j, mean)
        near = np.flatnonzero((mean > LOWEST) & (mean == best[i]) & (mean == best[j]))
        mixed, lot = _mixed(i[near], j[near]), np.full(len(names), np.iinfo(np.uint64).max, np.uint64)
        np.minimum.at(lot, i[near], mixed)
        np.minimum.at(lot, j[near], mixed)
        taken = near[(lot[i[near]] == mixed) & (lot[j[near]] == mixed)]
        if not len(taken):
            break
        merges.append(np.column_stack((names[i[taken]], names[j[taken]], mean[taken], possible[taken])))
        merge_of_edge = np.full(len(i), -1, np.int64)
        merge_of_edge[taken] = done + np.arange(len(taken))
        merge_of_group = np.full(len(names), -1, np.int64)
        merge_of_group[i[taken]] = merge_of_group[j[taken]] = merge_of_edge[taken]
        rows = np.flatnonzero(merge_of_group[group] >= 0)
        twice, times = np.unique(merge_of_group[group[rows]] * forces + has[rows], return_counts=True)
        shared.append(np.column_stack(np.divmod(twice[times == 2], forces)))
        done += len(taken)
        # The second group of each merge becomes the first, and edges that now join the same groups become one.
        becomes = np.arange(len(names))
        becomes[j[taken]] = i[taken]
        size[i[taken]] += size[j[taken]]
        group, has = np.divmod(distinct(becomes[group] * forces + has), forces)
        of_pair[pair] = merge_of_edge[edge]
        moving = np.flatnonzero(merge_of_edge < 0)
        one, other = becomes[i[moving]], becomes[j[moving]]
        new, key = pd.factorize(np.minimum(one, other) * len(names) + np.maximum(one, other))
        inside = of_pair[pair] < 0
        place = np.full(len(i), -1, np.int64)
        place[moving] = new
        pair, edge = pair[inside], place[edge[inside]]
        total, known = np.bincount(new, total[moving], len(key)), np.bincount(new, known[moving], len(key)).astype(np.int64)
        i, j = np.divmod(key, len(names))
    return np.concatenate(merges), of_pair, np.concatenate(shared)


def _mixed(i: Ints, j: Ints) -> npt.NDArray[np.uint64]:
    """A number for each two groups in no order."""
    mixed = i.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ j.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    return (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
