"""Readiness, on data small enough to count by hand."""

import pandas as pd
import pytest

from audit import Results
from audit.readiness.assess import status_of
from audit.readiness.thresholds import DIMENSIONS as DIMENSION_THRESHOLDS
from audit.readiness.thresholds import GATES
from synthetic import Dataset


def test_readiness_has_every_gate_and_dimension(typical: Dataset, typical_results: Results) -> None:
    readiness = typical_results["readiness"]
    listed = readiness.groupby(["force", "instrument", "kind"], sort=False)["name"].agg(list)
    assert len(listed) == 4 * len(typical.forces)
    assert all(names == list(GATES) for names in listed.xs("gate", level="kind"))
    assert all(names == list(DIMENSION_THRESHOLDS) for names in listed.xs("dimension", level="kind"))


def test_the_gate_on_links_is_the_share_of_named_suspects(typical: Dataset, typical_results: Results) -> None:
    force = typical.forces[0]
    crimes = pd.read_parquet(typical.files("crimes", force)[0])
    links = pd.read_parquet(typical.files("involvements", force)[0]).query("role == 'suspect'")
    named = crimes[crimes["suspect_status"] == "named"]
    row = typical_results["readiness"].query("force == @force and name == 'named suspects linked'").iloc[0]
    assert row["value"] == pytest.approx(named["crime_id"].isin(links["crime_id"]).mean())


def test_the_status_follows_gates_then_dimensions_then_recall() -> None:
    def rows(gate: bool | None, dimension: bool | None) -> pd.DataFrame:
        passed = pd.Series([gate, dimension], dtype="boolean")
        return pd.DataFrame({"kind": ["gate", "dimension"], "name": ["g", "d"], "passed": passed})

    assert status_of(rows(False, True), 1.0) == "not ready"
    assert status_of(rows(True, False), 1.0) == "process testing only"
    assert status_of(rows(True, True), 0.79) == "process testing only"
    assert status_of(rows(True, True), 0.80) == "supervised pilot"
    assert status_of(rows(True, None), None) == "supervised pilot"
    assert status_of(rows(None, True), 1.0) == "process testing only"
