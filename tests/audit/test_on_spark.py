"""On Spark, in local mode and on a cluster of its own: the same checks, pairs, clusters and gaps as on DuckDB."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from audit import Results, read_results
from audit.engines import connect, engine_of, spark_session
from audit.linkage import find_identities
from audit.linkage.blocking import Copies, collapse, find_pairs
from audit.linkage.compare import Compared, strangers
from audit.linkage.comparisons import CODES, worth_weighing
from audit.linkage.levels import Levels
from audit.linkage.numbers import Numbers
from audit.linkage.on_spark import Found, compare_on_spark, kept_codes
from audit.linkage.pairs import by_kind
from audit.linkage.people import possible_codes
from audit.linkage.records import prepare
from synthetic import Dataset
from tests.audit.cluster import HERE, NO_SPARK, cluster, free_port
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(
        NO_SPARK,
        reason="Spark or Java is not installed; install this project with the extra spark, and Java 17",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
]


@pytest.mark.parametrize("size", ["small", "typical"])
def test_pairs_that_are_compared_are_the_same(size: str, request: pytest.FixtureRequest) -> None:
    """Where all pairs are compared, and where those that share a key are."""
    with connect(request.getfixturevalue(size)) as connection:
        here, there = find_identities(connection), find_identities(connection, spark=spark_session())
    assert len(here.identity_pairs) > 50
    assert here.left_out == there.left_out
    assert_same_people(vars(here), vars(there))


@pytest.mark.parametrize("broad_are_sampled", [True, False])
def test_the_workers_find_the_pairs_that_are_found_here(
    broad_are_sampled: bool, typical: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more than a million possible pairs, with blocks whole and sampled; and no file is left where the workers read."""
    for name, value in {"LARGEST_BLOCK": 12, "LARGEST_OF_NAME": 3, "LEAST_BUDGET": 4000, "NARROW": 0.5}.items():
        monkeypatch.setattr(f"audit.linkage.blocking.{name}", value)
    if not broad_are_sampled:
        monkeypatch.setattr("audit.linkage.blocking.SAMPLED_BROAD", 1000)
    with prepared(typical) as (connection, copies):
        here = find_pairs(connection, "records", Numbers.of(connection, "records"), copies)
        there = compare_on_spark(spark_session(), connection, "records", ANY_CODE)
    assert not here.every and len(copies.number) > 0
    assert len({one.key for one in here.sampled}) > 3
    assert any(one.compared == 0 for one in here.sampled) != broad_are_sampled
    assert np.array_equal(here.first, there.first) and np.array_equal(here.second, there.second)
    assert here.sampled == there.sampled
    assert not list(Path(tempfile.gettempdir()).glob(f".force-data-spark-*.partial-{os.getpid()}-*"))


def test_of_many_pairs_those_come_back_that_the_model_looks_at_again(typical: Dataset) -> None:
    """The same pairs, within forces and across, as if all had come back."""
    with prepared(typical) as (connection, copies):
        force = np.unique(connection.execute("SELECT force FROM records ORDER BY number").df()["force"], return_inverse=True)[1]
        size = np.bincount(np.delete(force, copies.number)).astype(float)
        within = float((size * (size - 1) / 2).sum())
        possible = {False: within, True: size.sum() * (size.sum() - 1) / 2 - within}
        levels = Levels(connection, "records")
        drawn = {kind: strangers(connection, "records", levels, kind) for kind in possible}
        every = compare_on_spark(spark_session(), connection, "records", ANY_CODE)
        few = compare_on_spark(spark_session(), connection, "records", kept_codes(drawn, possible, len(force)))
    assert 0 < len(few.first) < len(every.first)
    codes = possible_codes(drawn, possible, len(force))
    with ThreadPoolExecutor(1) as pool:
        of_every, of_few = (by_kind(pool, compared_of(found, levels), force, codes) for found in (every, few))
    assert 0 < of_few.within < len(of_few.first) == len(few.first)
    for name in ("first", "second", "code", "within"):
        assert np.array_equal(getattr(of_every, name), getattr(of_few, name))


def test_all_pairs_of_few_records_come_back(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.linkage.blocking.ALL_PAIRS", 10**8)
    with prepared(small) as (connection, _):
        connection.execute("DELETE FROM records WHERE number % 20 > 0")
        connection.execute("DELETE FROM records_copies WHERE number % 20 > 0")
        there = compare_on_spark(spark_session(), connection, "records", {})
        numbers = connection.execute("SELECT number FROM records ANTI JOIN records_copies USING (number) ORDER BY number").df()[
            "number"
        ]
    one, other = np.triu_indices(len(numbers), 1)
    assert np.array_equal(there.first, numbers.to_numpy()[one]) and np.array_equal(there.second, numbers.to_numpy()[other])
    assert there.sampled == []


ANY_CODE = {across: np.ones(CODES, bool) for across in (False, True)}


@contextlib.contextmanager
def prepared(dataset: Dataset) -> Iterator[tuple[duckdb.DuckDBPyConnection, Copies]]:
    """A connection with the table ``records`` ready for comparison, and its copies."""
    with connect(dataset) as connection:
        prepare(connection, "records")
        yield connection, collapse(connection, "records")


def compared_of(found: Found, levels: Levels) -> Compared:
    """Pairs of Spark as the model takes them, without copies."""
    worth = worth_weighing(found.code)
    columns = (found.first[worth], found.second[worth], found.code[worth])
    return Compared(*columns, np.zeros(0, np.int64), levels.numbers.values(), False, found.sampled)


def assert_same_people(here: Mapping[str, Any] | Results, there: Mapping[str, Any] | Results) -> None:
    """The same clusters and counts; rates and probabilities nearly: a few names are on a neighbouring level, see ``on_spark``."""
    assert partition(here["identities"]) == partition(there["identities"])
    rates = ["duplicate_rate", "low", "high"]
    one, other = (tables["identity_summary"] for tables in (here, there))
    pd.testing.assert_frame_equal(one.drop(columns=rates), other.drop(columns=rates))
    pd.testing.assert_frame_equal(one[rates], other[rates], rtol=0, atol=0.005)
    pairs = here["identity_pairs"].merge(there["identity_pairs"], on=["person_id_l", "person_id_r"], how="outer")
    probability = pairs[["probability_x", "probability_y"]].fillna(0)
    assert (probability["probability_x"] - probability["probability_y"]).abs().max() < 0.1


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with cluster(tmp_path_factory.mktemp("cluster")) as address:
        yield address


def on_cluster(master: str, *works: tuple[str, Path]) -> subprocess.CompletedProcess[str]:
    """The README's command for each dataset and results folder, in one new process: a session belongs to its process."""
    script = "import sys, json; from audit.__main__ import app\nfor given in json.loads(sys.argv[1]):\n    app(given, standalone_mode=False)"
    listed = [["run", dataset, "--out", str(out), "--engine", "spark", "--master", master] for dataset, out in works]
    arguments = [sys.executable, "-c", script, json.dumps(listed)]
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800)


def test_the_readmes_command_works_on_a_cluster_and_finds_the_same(
    master: str, small: Dataset, small_results_folder: Path, tmp_path: Path
) -> None:
    """With the defaults of Spark and of this project; the dataset named by its folder and by its address."""
    done = on_cluster(master, (str(small.path), tmp_path / "folder"), (small.path.as_uri(), tmp_path / "address"))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    here = read_results(small_results_folder)
    for name in ("folder", "address"):
        there = read_results(tmp_path / name)
        assert there.summary.options.engine == "spark"
        estimated = here["checks"]["check_type"] == "duplicate_identities"
        one, other = (results["checks"] for results in (here, there))
        pd.testing.assert_frame_equal(one[~estimated], other[~estimated], check_dtype=False)
        pd.testing.assert_series_equal(one.loc[estimated, "rate"], other.loc[estimated, "rate"], rtol=0, atol=0.005)
        for table in ("gaps", "unit_months", "unit_changes", "hidden_crimes", "coverage", "coverage_gaps"):
            pd.testing.assert_frame_equal(here[table], there[table], check_dtype=False)
        assert_same_people(here, there)
        pd.testing.assert_frame_equal(here["effect"], there["effect"])


def partition(identities: pd.DataFrame) -> set[frozenset[str]]:
    return set(identities.groupby("cluster_id")["person_id"].agg(frozenset))


def test_a_cluster_that_is_not_there_is_one_sentence(small: Dataset, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "audit", "run", str(small.path), "--out", str(tmp_path / "out"), "--engine", "spark",
         "--master", f"spark://{HERE}:{free_port()}"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: Spark did not start; check --master")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_what_spark_says_when_it_gives_up_is_one_sentence() -> None:
    spark = engine_of("spark")
    for text, says in (
        ("java.lang.OutOfMemoryError: Java heap space", "ran out of memory"),
        ("Job aborted due to", "gave up"),
        ("Job 5 cancelled as part of cancellation of all jobs", "lost its last worker"),
    ):
        sentence = spark.gave_up(RuntimeError(text))
        assert sentence is not None and says in str(sentence)
    assert spark.gave_up(KeyError("phone")) is None
