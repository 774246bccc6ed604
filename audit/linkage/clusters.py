"""From pairs to people: connected records, with a guard against chains."""

import numpy as np

MIDDLING = 1e-4
"""Log-odds at which a pair that was never compared counts, as a probability: it shares no key, which speaks against it."""
STRONGEST = 8.0
"""No pair speaks louder than this, as a log of odds, for or against joining two groups."""


def cluster(records: int, first: np.ndarray, second: np.ndarray, probability: np.ndarray, threshold: float) -> np.ndarray:
    """The smallest record number of each record's cluster, shape (records,).

    Pairs at or above the threshold connect. Joining everything that touches multiplies a weak link; so within each
    connected component of three records or more whose pairs do not all connect, records are joined from the surest pair
    down, and two groups only where their pairs, weighed together, speak for it.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components  # slow to import, and no page needs it

    joined = probability >= threshold
    graph = coo_matrix((np.ones(joined.sum(), np.int8), (first[joined], second[joined])), (records, records))
    count, component = connected_components(graph, directed=False)
    size = np.bincount(component, minlength=count)
    edges = np.bincount(component[first[joined]], minlength=count)
    loose = (size > 2) & (edges < size * (size - 1) // 2)
    inside = (component[first] == component[second]) & loose[component[first]]
    parts = _split(first[inside], second[inside], probability[inside], threshold, component)
    if len(parts):
        member, group = parts.T
        component = component.copy()
        component[member] = count + group
    smallest = np.full(component.max(initial=0) + 1, records)
    np.minimum.at(smallest, component, np.arange(records))
    return smallest[component]


def _split(first: np.ndarray, second: np.ndarray, probability: np.ndarray, threshold: float, component: np.ndarray) -> np.ndarray:
    """(record, group) of every record of the loose components, joined from the surest pair down by average linkage."""
    clipped = np.clip(probability, 1e-12, 1 - 1e-12)
    odds = np.clip(np.log(clipped / (1 - clipped)) - np.log(threshold / (1 - threshold)), -STRONGEST, STRONGEST)
    unknown = float(np.log(MIDDLING))
    unknown = max(unknown, -STRONGEST / 2)
    group: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    between: dict[int, dict[int, tuple[float, int]]] = {}
    order = np.lexsort((second, first, -odds))
    for left, right, weight in zip(first.tolist(), second.tolist(), odds.tolist(), strict=True):
        for one in (left, right):
            if one not in group:
                group[one] = one
                members[one] = [one]
                between[one] = {}
        between[left][right] = between[right][left] = (weight, 1)
    for at in order.tolist():
        if odds[at] < 0:
            break
        left, right = group[int(first[at])], group[int(second[at])]
        if left == right:
            continue
        weight, known = between[left][right]
        pairs = len(members[left]) * len(members[right])
        if weight + unknown * (pairs - known) < 0:
            continue
        if len(members[left]) < len(members[right]):
            left, right = right, left
        for one in members.pop(right):
            group[one] = left
            members[left].append(one)
        for other, (more, seen) in between.pop(right).items():
            if other == left:
                continue
            had, count = between[left].get(other, (0.0, 0))
            between[left][other] = between[other][left] = (had + more, count + seen)
            between[other].pop(right, None)
        between[left].pop(right, None)
    return np.array(sorted(group.items()), np.int64).reshape(-1, 2)
