"""Counts of a synthetic dataset, as a force would make them of its own: every query run, every sample drawn."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import numpy as np

from audit.engines import connect
from audit.simulation.counts import LEAST_TOTAL, Counted, Counts, check_counts
from audit.simulation.quantities import Quantity
from audit.simulation.questions import QUANTITIES
from synthetic.dataset import Dataset

SAMPLE = 200
"""Rows or logs that are drawn for a rate that the data alone cannot show."""


@contextmanager
def as_written(dataset: Dataset) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection on which ``crimes``, ``involvements`` and ``truth_events`` have every row of the files, as the queries expect."""
    with connect(dataset) as connection:
        connection.execute("CREATE SCHEMA written")
        for name in ("crimes", "involvements", "truth_events"):
            source = {"crimes": "all_records"}.get(name, f"all_{name}")
            connection.execute(f"CREATE VIEW written.{name} AS SELECT * FROM main.{source}")
        connection.execute("SET search_path = 'written,main'")
        yield connection


def totals(connection: duckdb.DuckDBPyConnection, quantity: Quantity) -> tuple[int, int] | None:
    """(counted, total) of a quantity in a synthetic dataset: by its query, or for a sample by the truth; None where neither is."""
    query = quantity.truth if quantity.how == "sample" else quantity.sql
    if not query:
        return None
    counted, total = connection.execute(query).fetchall()[0]
    return int(counted or 0), int(total or 0)


def count(dataset: Dataset, population: int, seed: int = 1, sample: int = SAMPLE, profile: str = "typical") -> Counts:
    """A one-force dataset described by its own counts: totals of the queries, and of each sample what looking at ``sample`` rows,
    drawn at random, would find. Totals under ten, of units for example, are left out."""
    rng = np.random.default_rng([seed, 24])
    answers: dict[str, dict[str, int]] = {}
    with as_written(dataset) as connection:
        for key, quantity in QUANTITIES.items():
            counted, total = totals(connection, quantity) or (0, 0)
            if total < LEAST_TOTAL or not quantity.least <= quantity.times * counted / total <= quantity.most:
                continue
            if quantity.how == "sample" and total > sample:
                counted, total = int(rng.hypergeometric(min(counted, total), total - min(counted, total), sample)), sample
            answers[key] = {"counted": counted, "of": total}
    return check_counts({"population": population, "profile": profile, "answers": answers})


__all__ = ["SAMPLE", "Counted", "as_written", "count", "totals"]
