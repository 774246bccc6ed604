"""On Spark, in local mode and on a cluster of its own: the same checks, pairs, clusters and gaps as on DuckDB."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit import Results, read_results
from audit.engines import connect, engine_of, spark_session
from audit.linkage import find_identities
from audit.linkage.blocking import collapse, find_pairs
from audit.linkage.comparisons import BIRTH, FORENAME, levels_of
from audit.linkage.numbers import Numbers
from audit.linkage.on_spark import levels_on_spark
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


def test_pairs_that_are_compared_are_the_same(small: Dataset) -> None:
    with connect(small) as connection:
        here, there = find_identities(connection), find_identities(connection, spark=spark_session())
    assert len(here.identity_pairs) > 50
    assert here.left_out == there.left_out
    assert_same_people(vars(here), vars(there))


def test_of_many_pairs_those_that_say_nothing_stay_on_spark(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no file is left where the workers read records and pairs."""
    with connect(small) as connection:
        prepare(connection, "records")
        found = find_pairs(connection, "records", Numbers.of(connection, "records"), collapse(connection, "records"))

        def on_spark() -> pd.DataFrame:
            columns = levels_on_spark(spark_session(), connection, "records", found.first, found.second)
            return pd.DataFrame(dict(zip(("first", "second", "code"), columns, strict=True)))

        every = on_spark()
        monkeypatch.setattr("audit.linkage.on_spark.ALL_PAIRS", 1000)
        few = on_spark()
    assert 0 < len(few) < len(every) / 2
    both = every.merge(few, how="left", indicator=True)
    assert (both["_merge"] == "both").sum() == len(few)
    levels = levels_of(both.loc[both["_merge"] == "left_only", "code"].to_numpy())
    assert not np.isin(levels["date_of_birth"], [BIRTH.number("same"), BIRTH.number("one digit off")]).any()
    assert not (levels["forename"] == FORENAME.number("same")).any()
    assert not list(Path(tempfile.gettempdir()).glob(f".force-data-spark-*.partial-{os.getpid()}-*"))


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
