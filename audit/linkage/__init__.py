"""Duplicate identities: how many people the person records stand for, how sure that is, and where it is worse.

Probabilistic and unsupervised: pairs of records that share a key are compared field by field and weighed by what records of
the same person, of one home, of a family and of strangers have in common (``model``). No record is merged: it is a finding.
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from audit.linkage.blocking import collapse
from audit.linkage.clusters import Tree
from audit.linkage.compare import MOST_BESIDE, compare, present_fields, room_for_pairs
from audit.linkage.comparisons import FIELDS
from audit.linkage.diagnosis import diagnose
from audit.linkage.interval import duplicate_rates
from audit.linkage.people import People, best_threshold, find_people
from audit.linkage.records import prepare, threads_of
from audit.statistics import distinct

__all__ = ["MOST_BESIDE", "Identities", "best_threshold", "find_identities"]

TABLE = "identity_records"
LEAST_REPORTED = 0.01
"""Pairs from this probability on are written into the results."""
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
IDENTIFYING = ("forename", "surname", "date_of_birth", "place", "phone")


@dataclass(frozen=True)
class Identities:
    """The results' tables of the same names, the threshold used and the fields left out."""

    identities: pd.DataFrame
    identity_summary: pd.DataFrame
    identity_pairs: pd.DataFrame
    identity_thresholds: pd.DataFrame
    identity_people: pd.DataFrame
    identity_diagnosis: pd.DataFrame
    threshold: float
    left_out: list[str]
    missed: float = 0.0
    """Share of the pairs of the same person that are expected to share no blocking key."""


def find_identities(connection: duckdb.DuckDBPyConnection, spark: Any = None, seed: int = 1) -> Identities:
    """Duplicate identities among the person records of a dataset's tables on a connection; pairs compared on ``spark``, if any.

    The same for the same data, whatever the order of rows and the number of threads. Where fewer than two identifying
    fields are filled no two records are joined, and the diagnosis says so.
    """
    prepare(connection, TABLE)
    records = connection.sql(f"SELECT force FROM {TABLE} ORDER BY number").to_arrow_table()
    encoded = records["force"].cast(pa.dictionary(pa.int32(), pa.string())).combine_chunks()
    forces, rank = np.unique(np.asarray(encoded.dictionary.to_pylist(), object), return_inverse=True)
    force = rank[encoded.indices.to_numpy()]
    del records, encoded
    there = present_fields(connection, TABLE) if len(force) > 1 else {}
    left_out = [name for name in FIELDS if name not in there]
    if sum(name in there for name in IDENTIFYING) < 2:
        return _nothing(_identifiers(connection), force, forces, left_out, there)
    copies, threads = collapse(connection, TABLE), threads_of(connection)
    sizes = np.bincount(np.delete(force, copies.number)).astype(float)
    within = float((sizes * (sizes - 1) / 2).sum())
    distinct = float(sizes.sum())
    possible = {False: within, True: distinct * (distinct - 1) / 2 - within}
    compared, drawn = compare(connection, TABLE, copies, possible, spark)
    for kind, parts in (("VIEW", ("_whole", "_fields")), ("TABLE", ("", "_copies", "_days", "_names", "_nicknames"))):
        connection.execute("".join(f"DROP {kind} {TABLE}{part};" for part in parts))
    with room_for_pairs(connection, len(force)):
        people = find_people(compared, drawn, force, possible, threads=threads)
    findings = diagnose(people, compared, force, forces.tolist(), there, left_out)
    rates = duplicate_rates(people, force, len(forces), compared.every, np.random.default_rng(seed), findings.widened, threads)
    person = _identifiers(connection)
    return Identities(
        pa.table({"person_id": person, "cluster_id": person.take(pa.array(people.cluster))}).to_pandas(),
        _summary(people.cluster, force, forces, rates),
        _pairs(people, person),
        _thresholds(people.probability, findings.missed),
        _people(people.tree, force, forces, people.threshold),
        findings.table,
        people.threshold,
        left_out,
        findings.missed,
    )


def _identifiers(connection: duckdb.DuckDBPyConnection) -> pa.ChunkedArray:
    """The records' identifiers in order of their numbers; until now they were in nobody's way. The table is dropped."""
    read = connection.sql(f"FROM {TABLE}_identifiers").to_arrow_table()["person_id"]  # in the order in which it was made
    connection.execute(f"DROP TABLE {TABLE}_identifiers")
    return read.cast(pa.large_string())  # of all together, which may be more than offsets of 32 bits reach


def _nothing(
    person: pa.ChunkedArray, force: np.ndarray, forces: np.ndarray, left_out: list[str], there: dict[str, float]
) -> Identities:
    """Results where nothing can be compared: every record its own, and a rate that may be anything."""
    rows = np.bincount(force, minlength=len(forces))
    none = np.zeros(len(forces))
    high = np.where(rows > 1, 1 - 1 / np.maximum(rows, 1), 0.0)
    empty = np.zeros(0)
    nobody = {"person_id_l": [], "person_id_r": [], "probability": empty, "joined": np.zeros(0, bool)}
    return Identities(
        pa.table({"person_id": person, "cluster_id": person}).to_pandas(),
        _summary(np.arange(len(person)), force, forces, (none, none, high)),
        pd.DataFrame(nobody | {f"weight_{name}": empty for name in FIELDS}),
        _thresholds(empty),
        _people(None, force, forces, 0.5),
        diagnose(None, None, force, forces.tolist(), there, left_out).table,
        0.5,
        left_out,
    )


def _summary(
    cluster: np.ndarray, force: np.ndarray, forces: np.ndarray, rates: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> pd.DataFrame:
    """A row for each force: records, clusters found, the estimated share of duplicate records, and its interval."""
    count = len(forces)
    # A person as one force knows them: a cluster's records in it.
    known = distinct(cluster * max(count, 1) + force)
    of_cluster, of_force = np.divmod(known, max(count, 1))
    crossing = np.bincount(of_cluster, minlength=len(cluster) + 1)[of_cluster] > 1
    clusters, crossed = np.bincount(of_force, minlength=count), np.bincount(of_force, crossing, count)
    rate, low, high = rates
    return pd.DataFrame(
        {
            "force": forces,
            "records": np.bincount(force, minlength=count),
            "clusters": clusters,
            "duplicate_rate": rate,
            "low": low,
            "high": high,
            "cross_force_rate": crossed / np.maximum(clusters, 1),
        }
    )


def _pairs(people: People, person: pa.ChunkedArray) -> pd.DataFrame:
    """Pairs that may be the same person, with what each field says for it against strangers, in bits.

    The weights of a pair do not add up to its probability: that also counts how likely the pair is of a home or a family.
    """
    shown = np.flatnonzero(people.probability >= LEAST_REPORTED)
    shown = shown[np.lexsort((people.second[shown], people.first[shown]))]
    first, second = people.first[shown], people.second[shown]
    columns = {
        "person_id_l": person.take(pa.array(first)),
        "person_id_r": person.take(pa.array(second)),
        "probability": people.probability[shown],
        "joined": people.cluster[first] == people.cluster[second],
    }
    parts = {f"weight_{name}": weight[shown] / np.log(2) for name, weight in people.weights.items()}
    return pa.table(columns | parts).to_pandas()


def _thresholds(probability: np.ndarray, missed: float = 0.0) -> pd.DataFrame:
    """Pairs joined at each threshold, and the precision and recall that their probabilities, and blocking, lead to expect."""
    total = probability.sum()
    rows = []
    for threshold in THRESHOLDS:
        taken = probability[probability >= threshold]
        rows.append(
            {
                "threshold": threshold,
                "pairs": len(taken),
                "expected_precision": taken.mean() if len(taken) else np.nan,
                "expected_recall": (1 - missed) * taken.sum() / total if total > 0 else np.nan,
            }
        )
    return pd.DataFrame(rows)


def _people(tree: Tree | None, force: np.ndarray, forces: np.ndarray, used: float) -> pd.DataFrame:
    """How many people each force's records would stand for if groups were joined from other probabilities; ``used`` is among them."""
    records = np.bincount(force, minlength=len(forces))
    thresholds = sorted({*THRESHOLDS, used})
    cuts = [float(np.log(threshold / (1 - threshold))) for threshold in thresholds]
    people = [records] * len(cuts) if tree is None else tree.people(cuts, force, len(forces))
    rows = [
        pd.DataFrame({"threshold": threshold, "used": threshold == used, "force": forces, "records": records, "people": count})
        for threshold, count in zip(thresholds, people, strict=True)
    ]
    return pd.concat(rows, ignore_index=True)
