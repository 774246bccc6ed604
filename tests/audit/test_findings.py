"""Duplicate identities and readiness, on data small enough to count by hand."""

from pathlib import Path

import pandas as pd
import pytest

from audit import Results, audit_dataset
from audit.readiness import DIMENSION_THRESHOLDS, GATES, status_of
from synthetic import Dataset
from tests.audit.foreign import write_dataset


def test_identities_are_the_same_normalised_name_and_date_of_birth(tmp_path: Path) -> None:
    born = "1980-05-04"
    rows = [
        ("SYN-1", "north", "Seán", "O'Brien", born),
        ("SYN-2", "north", "SEAN", "OBrien ", born),
        ("SYN-3", "south", "sean", "o-brien", born),
        ("SYN-4", "north", "Sean", "O'Brien", "1980-04-05"),
        ("SYN-5", "north", "Sean", "O'Brien", None),
        ("SYN-6", "north", None, "O'Brien", born),
        ("SYN-7", "north", "  ", "O'Brien", born),
    ]
    names = ("person_id", "force", "forename", "surname", "date_of_birth")
    made = {"created_on": "2024-01-01", "source_system": "records"}
    persons = [dict(zip(names, row, strict=True)) | made for row in rows]
    tables = {"units": [], "persons": persons, "crimes": [], "involvements": []}
    results = audit_dataset(write_dataset(tmp_path / "d", tables, ["north", "south"], "2024-06-30"))
    clusters = results["identities"].set_index("person_id")["cluster_id"].to_dict()
    assert clusters == {n: "SYN-1" if n in ("SYN-1", "SYN-2", "SYN-3") else n for n, *_ in rows}
    summary = results["identity_summary"].set_index("force")
    assert summary.loc["north", ["records", "clusters"]].tolist() == [6, 5]
    assert summary.loc["north", "duplicate_rate"] == pytest.approx(1 / 6)
    assert summary.loc["north", "cross_force_rate"] == pytest.approx(1 / 5)


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
