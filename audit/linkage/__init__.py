"""Duplicate identities: how many people stand behind the person records, how sure that is, and for whom it is worse.

Probabilistic and unsupervised, with Splink 5: pairs of records that share a key are compared field by field, and weighed
by what records of one person, relatives and strangers have in common. No record is merged: it is a finding.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from audit.linkage.clusters import cluster
from audit.linkage.linkage import compare, present_fields, sample_strangers, settings_of
from audit.linkage.mixture import (
    OTHERS,
    Pairs,
    Tables,
    by_agreement,
    chances,
    counted,
    learn_shares,
    log_ratios,
    of_forename,
    posterior,
    rarity,
    smoothed,
    without,
)
from audit.linkage.model import Model, read_model
from audit.linkage.records import prepare
from audit.linkage.settings import FIELDS
from audit.statistics import wilson

__all__ = ["Identities", "Linked", "find_identities", "link", "read_model"]

TABLE = "identity_records"
ROUNDS = 4
"""Rounds in which shares, strangers' chances and one person's are learnt in turn."""
LEAST_THRESHOLD, MOST_WRONG = 0.5, 1 / 250
"""A pair is taken for one person's from this probability on, and so that no more of those taken are expected to be wrong."""
LEAST_TOLD = 0.1
"""Pairs from this probability on are written into the results."""
MOST_THRESHOLD = 0.9999
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)


@dataclass(frozen=True)
class Linked:
    """Records in order of person_id, the pairs compared by record number, and the clusters (smallest record number)."""

    person_id: np.ndarray
    force: np.ndarray
    forces: np.ndarray
    """The force of each record, as a position in ``forces``."""
    first: np.ndarray
    second: np.ndarray
    probability: np.ndarray
    weights: dict[str, np.ndarray]
    """What each field says for one person against strangers, in bits, of the pairs that are told (from ``LEAST_TOLD`` on)."""
    threshold: float
    cluster: np.ndarray
    model: Model
    left_out: list[str]
    """Fields that no two records have."""


@dataclass(frozen=True)
class Identities:
    """The results' tables of the same names, the model to save, the threshold used and the fields left out."""

    identities: pd.DataFrame
    identity_summary: pd.DataFrame
    identity_pairs: pd.DataFrame
    identity_thresholds: pd.DataFrame
    model: Model
    threshold: float
    left_out: list[str]


def find_identities(connection: duckdb.DuckDBPyConnection, model: Model | None = None, spark: Any = None) -> Identities:
    """Duplicate identities among the person records of a dataset's tables on a connection; pairs compared on ``spark``, if any."""
    linked = link(connection, model or read_model(), spark)
    return Identities(
        pd.DataFrame({"person_id": linked.person_id, "cluster_id": linked.person_id[linked.cluster]}),
        _summary(linked),
        _told_pairs(linked),
        _thresholds(linked.probability),
        linked.model,
        linked.threshold,
        linked.left_out,
    )


def link(connection: duckdb.DuckDBPyConnection, model: Model, spark: Any = None) -> Linked:
    """Compare the person records, learn what is to be learnt, and cluster them.

    The same for the same data, whatever the order of rows and the number of threads.
    """
    prepare(connection, TABLE)
    records = connection.execute(f"SELECT person_id, force FROM {TABLE} ORDER BY number").df()
    force, forces = pd.factorize(records["force"].to_numpy(), sort=True)
    matches, relatives = model.tables("one_person"), model.tables("relatives")
    there = present_fields(connection, TABLE)
    left_out = [name for name in ("forename", "surname", *OTHERS) if name not in there]
    if len(force) < 2 or not there:
        none = np.zeros(0, np.int64)
        return Linked(
            records["person_id"].to_numpy(),
            force,
            forces,
            none,
            none,
            np.zeros(0),
            {},
            LEAST_THRESHOLD,
            np.arange(len(force)),
            model,
            left_out,
        )
    sizes = np.bincount(force).astype(float)
    within = (sizes * (sizes - 1) / 2).sum()
    every = np.array([within, len(force) * (len(force) - 1) / 2 - within])
    sampled = [sample_strangers(connection, TABLE, across) if every[int(across)] else None for across in (False, True)]
    strangers = [chances(sample) for sample in sampled]
    pairs, first, second = compare(
        connection, TABLE, force, settings_of(matches, strangers[0], 1 / len(force), tuple(there)), there, spark
    )
    connection.execute(f"DROP TABLE {TABLE}")  # the largest of all tables, and nobody needs it any more
    shares = None
    for step in range(ROUNDS):
        rare = np.where(pairs.across == 1, *(_total(rarity(pairs, one, there), len(first)) for one in strangers[::-1]))
        match = sum(_weights(pairs, matches, strangers).values(), rare)
        kin = sum(_weights(pairs, relatives, strangers).values(), rare)
        shares = learn_shares(match, kin, pairs.across, every, shares)
        probability, _ = posterior(match, kin, pairs.across, shares)
        if step < ROUNDS - 1:
            strangers = [without(sampled[kind], pairs, probability * (pairs.across == kind), every[kind]) for kind in (0, 1)]
            if not model.fixed:
                matches = smoothed(counted(pairs, probability), model.tables("one_person"), model.strength)
    threshold = best_threshold(probability)
    told = pairs.only(probability >= LEAST_TOLD)
    weights = _by_field(told, matches, strangers, there)
    return Linked(
        records["person_id"].to_numpy(),
        force,
        forces,
        first,
        second,
        probability,
        {name: weight / np.log(2) for name, weight in weights.items()},
        threshold,
        cluster(len(force), first, second, probability, threshold),
        model if model.fixed else model.adapted(matches),
        left_out,
    )


def best_threshold(probability: np.ndarray) -> float:
    """The probability from which on a pair is taken for one person's: at least one half, and so high that of the pairs taken
    no more than ``MOST_WRONG`` are expected to be another's.
    """
    falling = np.sort(probability)[::-1]
    if not len(falling):
        return LEAST_THRESHOLD
    wrong = np.cumsum(1 - falling) / np.arange(1, len(falling) + 1)
    taken = int(np.searchsorted(wrong, MOST_WRONG, side="right"))
    return float(np.clip(falling[min(taken, len(falling)) - 1] if taken else 1.0, LEAST_THRESHOLD, MOST_THRESHOLD))


def _by_type(pairs: Pairs, of_types: list[Tables]) -> Tables:
    return {name: np.where(pairs.across == 1, of_types[1][name], of_types[0][name]) for name in of_types[0]}


def _weights(pairs: Pairs, tables: Tables, strangers: list[Tables]) -> dict[str, np.ndarray]:
    """What each part of the comparison says for a kind against strangers, as logs."""
    return _by_type(pairs, [by_agreement(pairs, log_ratios(tables, one)) for one in strangers])


def _total(of_fields: Iterable[tuple[str, np.ndarray]], count: int) -> np.ndarray:
    total = np.zeros(count)
    for _, weights in of_fields:
        total += weights
    return total


def _by_field(pairs: Pairs, matches: Tables, strangers: list[Tables], records: dict[str, int]) -> Tables:
    """What each field says, rarity included; names, which weigh together, as the forename alone and what the surname adds."""
    parts = _weights(pairs, matches, strangers)
    alone = _by_type(pairs, [{"forename": of_forename(pairs, parts["names"], matches, one)} for one in strangers])["forename"]
    rarities = _by_type(pairs, [dict(rarity(pairs, one, records)) for one in strangers])
    fields = {"forename": alone, "surname": parts["names"] - alone} | {name: parts[name] for name in OTHERS}
    return {name: weight + rarities.get(name, 0.0) for name, weight in fields.items()}


# ---- tables ------------------------------------------------------------------------------------------------------------


def _summary(linked: Linked) -> pd.DataFrame:
    """A row a force: records, clusters found, the estimated share of records that are a further one, and its interval."""
    count = len(linked.forces)
    # A person as one force knows them: a cluster's records in it.
    known, member, size = np.unique(linked.cluster * count + linked.force, return_inverse=True, return_counts=True)
    of_cluster, of_force = np.divmod(known, count)
    crossing = np.bincount(of_cluster)[of_cluster] > 1
    # A record's people: its cluster in this force, and others in so far as they may be the same person.
    people = size[member].astype(float)
    left, right = linked.first, linked.second
    open_ = (linked.cluster[left] != linked.cluster[right]) & (linked.force[left] == linked.force[right])
    for side in (left, right):
        people += np.bincount(side[open_], linked.probability[open_], len(people))
    records = np.bincount(linked.force, minlength=count)
    further = records - np.bincount(linked.force, 1 / people, count)
    clusters, crossed = np.bincount(of_force, minlength=count), np.bincount(of_force, crossing, count)
    rows = [
        (
            force,
            int(records[place]),
            int(clusters[place]),
            *_rate(int(records[place]), further[place] / linked.model.found_mean, linked.model.found_spread),
            float(crossed[place] / clusters[place]),
        )
        for place, force in enumerate(linked.forces.tolist())
    ]
    return pd.DataFrame(rows, columns=["force", "records", "clusters", "duplicate_rate", "low", "high", "cross_force_rate"])


def _rate(records: int, further: float, spread: float) -> tuple[float, float, float]:
    """Share of records that are a further record of a person, with 95 %: chance by Wilson, and what linkage misses or adds."""
    further = min(max(further, 0.0), records - 1.0)
    rate, low, high = (float(end[0]) for end in wilson(np.array([further]), np.array([records])))
    off = 1.96 * spread * rate
    return rate, max(rate - np.hypot(rate - low, off), 0.0), min(rate + np.hypot(high - rate, off), 1.0)


def _told_pairs(linked: Linked) -> pd.DataFrame:
    told = linked.probability >= LEAST_TOLD
    columns = {
        "person_id_l": linked.person_id[linked.first[told]],
        "person_id_r": linked.person_id[linked.second[told]],
        "probability": linked.probability[told],
        "joined": linked.cluster[linked.first[told]] == linked.cluster[linked.second[told]],
    }
    parts = {f"weight_{name}": linked.weights[name] if linked.weights else np.zeros(0) for name in FIELDS}
    return pd.DataFrame(columns | parts)


def _thresholds(probability: np.ndarray) -> pd.DataFrame:
    """Pairs taken at each threshold, and the precision and recall that their probabilities lead to expect."""
    total = probability.sum()
    rows = []
    for threshold in THRESHOLDS:
        taken = probability[probability >= threshold]
        rows.append(
            {
                "threshold": threshold,
                "pairs": len(taken),
                "expected_precision": taken.mean() if len(taken) else np.nan,
                "expected_recall": taken.sum() / total if total > 0 else np.nan,
            }
        )
    return pd.DataFrame(rows)
