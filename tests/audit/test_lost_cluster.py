"""A cluster that loses a part while an audit works: the audit goes on where something is left to go on with, or ends in one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from audit import read_results
from synthetic import Dataset
from tests.audit.cluster import NO_SPARK, Cluster
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(
        NO_SPARK,
        reason="Spark or Java is not installed; install this project with the extra spark, and Java 17",
    ),
]
PATIENCE = 5.0
"""Seconds that the audits of these tests wait for another executor, to be quick; for the first they wait as long as others."""
BOUND = 900
"""Seconds after a loss in which the audit has ended on a busy machine; it hangs where it takes longer."""
SCRIPT = """
import json, sys
from audit.__main__ import main
from audit.engines import spark
spark.PATIENCE_FOR_ANOTHER = {patience}
sys.argv = json.loads(sys.argv[1])
main()
"""


class Audit:
    """An audit of a few checks on a cluster, in a process of its own, with a temporary folder of its own."""

    def __init__(self, dataset: Dataset, folder: Path, address: str) -> None:
        self.out, self.temporary = folder / "out", folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        arguments = ["audit", "run", str(dataset.path), "--out", str(self.out), "--engine", "spark", "--master", address]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT.format(patience=PATIENCE), json.dumps([*arguments, "--only", "missing.persons.phone"])],
            cwd=ROOT, env={**os.environ, "TMPDIR": str(self.temporary)}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def end(self) -> tuple[int, str]:
        """Wait for it; its exit code and what it said on standard error."""
        try:
            _, said = self.process.communicate(timeout=BOUND)
        finally:
            self.process.kill()
            self.process.wait()
        return self.process.returncode, said

    def left(self) -> list[str]:
        """What it left of its own in the temporary folder, or half-written beside the results."""
        places = (self.temporary, self.out.parent)
        return [
            path.name
            for place in places
            for path in place.iterdir()
            if path.name.startswith((".", "force-data", "spark-", "blockmgr"))
        ]


@pytest.mark.parametrize("lost", ["the only worker", "one of two workers", "the master"])
def test_an_audit_that_loses_a_part_of_its_cluster_goes_on_or_ends_in_a_sentence(
    lost: str, small: Dataset, small_results_folder: Path, tmp_path: Path
) -> None:
    workers = 2 if lost == "one of two workers" else 1
    made = Cluster(tmp_path, workers=workers, cores=1)
    try:
        audit = Audit(small, tmp_path, made.address)
        made.wait_for_work(audit.process)
        assert audit.process.poll() is None
        made.kill_master() if lost == "the master" else made.kill_worker()
        code, said = audit.end()
    finally:
        made.close()
    assert "Traceback" not in said
    assert audit.left() == []
    if lost == "the only worker":
        assert code == 2, said
        assert said.splitlines()[-1].startswith("Error: The cluster lost its last worker")
        assert not audit.out.exists()
        return
    assert code == 0, said
    here, there = read_results(small_results_folder)["checks"], read_results(audit.out)["checks"]
    wanted = here["check_id"] == "missing.persons.phone"
    assert wanted.any()
    same = [frame[frame["check_id"] == "missing.persons.phone"].reset_index(drop=True) for frame in (here, there)]
    pd.testing.assert_frame_equal(*same, check_dtype=False)


def test_an_audit_whose_driver_is_killed_leaves_nothing_that_counts_and_the_same_command_succeeds(
    small: Dataset, tmp_path: Path
) -> None:
    made = Cluster(tmp_path, cores=1)
    try:
        killed = Audit(small, tmp_path, made.address)
        made.wait_for_work(killed.process)
        killed.process.kill()
        killed.end()
        assert not killed.out.exists()
        again = Audit(small, tmp_path, made.address)
        code, said = again.end()
    finally:
        made.close()
    assert code == 0, said
    assert "Traceback" not in said
    read_results(again.out)
    assert again.left() == []
