"""On Spark, in local mode: the same clusters as on DuckDB."""

import importlib.util
import shutil

import pandas as pd
import pytest

from audit.engines import connect, spark_session
from audit.linkage import find_identities
from synthetic import Dataset

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("pyspark") is None or shutil.which("java") is None,
        reason="Spark or Java is not installed; install this project with the extra spark, and Java 17",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(autouse=True)
def for_little_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark without compiling what it runs, which takes longer than little data takes; before its session begins."""
    confs = ("spark.sql.codegen.factoryMode=NO_CODEGEN", "spark.sql.codegen.wholeStage=false", "spark.default.parallelism=2")
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", " ".join(f"--conf {conf}" for conf in confs) + " pyspark-shell")


def test_pairs_that_are_compared_are_the_same(small: Dataset) -> None:
    with connect(small) as connection:
        here, there = find_identities(connection), find_identities(connection, spark=spark_session())
    assert len(here.identity_pairs) > 50
    assert here.left_out == there.left_out
    pd.testing.assert_frame_equal(here.identities, there.identities)
    pd.testing.assert_frame_equal(here.identity_summary, there.identity_summary, rtol=1e-6)
    pd.testing.assert_frame_equal(here.identity_pairs, there.identity_pairs, rtol=1e-6)
