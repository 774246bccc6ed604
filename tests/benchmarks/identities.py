"""Measure duplicate identities against the truth, beside simpler ways to find them. A script, not a test.

python tests/benchmarks/identities.py                # profiles typical and poor, 20 seeds each, about twenty minutes
python tests/benchmarks/identities.py --seeds 3      # fewer
python tests/benchmarks/identities.py --speed        # 100,000 and 1 M person records, beside bare Splink
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from audit.linkage.linkage import present_fields, sample_strangers, settings_of
from audit.linkage.mixture import chances
from splink import Linker, block_on
from splink import comparison_library as library
from splink.backends.duckdb import DuckDBAPI

from audit.engines import connect
from audit.evaluation import score_identities
from audit.linkage import TABLE, find_identities, read_model
from audit.linkage.records import prepare
from synthetic import Dataset, generate

FORCES, SCALE = ["brackenshire", "durnley", "aldermoor"], 0.25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    if options.speed:
        _speed()
        return
    for profile in ("typical", "poor"):
        _profile(profile, options.seeds)


def _profile(profile: str, seeds: int) -> None:
    rows, inside, forces = [], 0, 0
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            dataset = generate(Path(folder) / "dataset", profile, FORCES, seed=seed, scale=SCALE)
            with connect(dataset) as connection:
                found = find_identities(connection)
                scored = score_identities(connection, found.identities)
                exact = score_identities(connection, _exact(connection))
                plain = score_identities(connection, _default_splink(connection)) if seed <= 3 else None
            held, count = _held(dataset, found.identity_summary)
            inside, forces = inside + held, forces + count
        rows.append((scored.precision, scored.recall, scored.f1, scored.b_cubed_f1, exact.f1, plain.f1 if plain else np.nan))
        print(profile, seed, *(f"{value:.4f}" for value in rows[-1]), f"{inside}/{forces}", flush=True)
    table = pd.DataFrame(rows, columns=["precision", "recall", "f1", "b_cubed_f1", "exact_f1", "default_splink_f1"])
    print(profile, table.describe().loc[["mean", "min", "max"]].round(4).to_string(), sep="\n")
    print(f"the interval of the duplicate rate holds the truth in {inside} of {forces} forces")


def _exact(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The same normalised name and date of birth."""
    prepare(connection, TABLE)
    return connection.execute(
        f"""SELECT person_id, CASE WHEN fn IS NULL OR sn IS NULL OR born IS NULL THEN person_id
                   ELSE min(person_id) OVER (PARTITION BY fn, sn, born) END AS cluster_id FROM {TABLE}"""
    ).df()


def _default_splink(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Splink with comparisons out of its library, trained as its documentation has it."""
    prepare(connection, TABLE)
    api = DuckDBAPI(connection)
    settings = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "number",
        "comparisons": [
            library.NameComparison("fn").configure(term_frequency_adjustments=True),
            library.NameComparison("sn").configure(term_frequency_adjustments=True),
            library.DateOfBirthComparison("born_text", input_is_string=True, datetime_format="%Y%m%d"),
            library.ExactMatch("ad"),
            library.ExactMatch("pc"),
            library.ExactMatch("ph"),
        ],
        "blocking_rules_to_generate_predictions": [
            block_on("fn", "sn"),
            block_on("born_text"),
            block_on("pc", "sn"),
            block_on("ph"),
        ],
    }
    linker = Linker(api.register(TABLE), settings)
    linker.training.estimate_probability_two_random_records_match([block_on("fn", "sn", "born_text")], recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("fn", "sn"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("born_text"))
    predicted = linker.inference.predict(threshold_match_probability=0.9)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_probability=0.9)
    return connection.execute(f"SELECT person_id, cluster_id::VARCHAR AS cluster_id FROM {clusters.physical_name}").df()


def _held(dataset: Dataset, summary: pd.DataFrame) -> tuple[int, int]:
    """In how many forces the interval holds the true share of further records."""
    truth = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/identities")])
    force = pd.concat([pd.read_parquet(path)[["person_id", "force"]] for path in dataset.files("persons")])
    owners = truth.groupby("person_id", as_index=False)["person_key"].min().merge(force)
    rate = 1 - owners.groupby("force")["person_key"].nunique() / owners.groupby("force").size()
    mine = summary.set_index("force")
    return int(((mine["low"] <= rate) & (rate <= mine["high"])).sum()), len(rate)


def _speed() -> None:
    with tempfile.TemporaryDirectory() as folder:
        dataset = generate(
            Path(folder) / "dataset", "typical", ["greater-harrowgate", "ravensholt", "ilverton"], years=3, workers=2
        )
        for records in (100_000, 1_000_000):
            with connect(dataset) as connection:
                connection.execute(f"CREATE TEMP TABLE few AS SELECT * FROM persons ORDER BY hash(person_id) LIMIT {records}")
                connection.execute("CREATE OR REPLACE TEMP VIEW persons AS SELECT * FROM few")
                begin = time.perf_counter()
                find_identities(connection)
                ours = time.perf_counter() - begin
                bare = _bare_splink(connection)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
            print(
                f"{records:,} records: {ours:.1f} s; bare Splink {bare:.1f} s, ratio {ours / bare:.2f}; peak {peak:.1f} GiB",
                flush=True,
            )


def _bare_splink(connection: duckdb.DuckDBPyConnection) -> float:
    """Splink alone on records made ready before, with the same keys and comparisons: chances, prediction, clusters."""
    prepare(connection, TABLE)
    there = present_fields(connection, TABLE)
    strangers = chances(sample_strangers(connection, TABLE, across=False))
    settings = settings_of(read_model().tables("one_person"), strangers, 1e-6, tuple(there))
    begin = time.perf_counter()
    linker = Linker(DuckDBAPI(connection).register(TABLE), settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    predicted = linker.inference.predict(threshold_match_probability=0.5)
    linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_probability=0.9)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
