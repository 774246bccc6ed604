"""The world: people who live together, lives that change, incidents and cancelled crimes, and defects that say what they are."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthetic import Dataset, generate, load
from synthetic.contract import DEFECTS, TABLES
from synthetic.defects import REGISTRY, typical_rates
from synthetic.profile import load_profile
from synthetic.randomness import first_poisson, stream
from synthetic.world.courses import shares_of_courses
from tests.benchmarks.world import BARS, measure


def read(dataset: Dataset, table: str) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in dataset.files(table)], ignore_index=True)


@pytest.mark.parametrize("figure", BARS)
def test_people_share_telephones_and_change_them_as_the_world_is_made_for(figure: str, typical: Dataset) -> None:
    low, high = BARS[figure]
    assert low <= measure(typical)[figure] <= high


def test_households_and_places_hold_several_people(clean: Dataset) -> None:
    people = read(clean, "truth/people")
    assert people["household_key"].isna().equals(people["residence"] == "no_fixed_abode")
    assert set(people["residence"]) == {"private", "shared_house", "hostel", "refuge", "custody", "no_fixed_abode"}
    households = people[people["residence"] == "private"].groupby("household_key")
    together = households["surname"].nunique()[households.size() > 1]
    assert len(together) > 0.1 * len(people) / 2
    assert 0.3 < (together > 1).mean() < 0.8
    assert people[people["residence"] == "hostel"].groupby("household_key").size().mean() > 3


def test_a_suspect_and_a_victim_of_domestic_abuse_often_share_address_and_telephone(clean: Dataset) -> None:
    persons, links = read(clean, "persons"), read(clean, "involvements")
    people = links.merge(persons, on="person_id")
    pairs = people.query("role == 'suspect'").merge(people.query("role == 'victim'"), on="crime_id", suffixes=("", "_victim"))
    partners = pairs[pairs["relationship"] == "partner"]
    home = partners["address"] == partners["address_victim"]
    assert home.mean() > 0.5
    assert 0.2 < (partners["phone"] == partners["phone_victim"])[home].mean() < 0.6
    strangers = pairs[pairs["relationship"] == "stranger"]
    assert (strangers["address"] == strangers["address_victim"]).mean() < 0.05


def test_a_person_who_is_recorded_again_differs_by_what_has_changed(tmp_path: Path) -> None:
    """No defect but the duplicate record: every difference is true, and an older record is the one with the older facts."""
    profile = load_profile("clean", ("identity.duplicate_rate=0.4",))
    dataset = generate(tmp_path / "d", profile, ["durnley"], scale=0.3, seed=2)
    records = read(dataset, "persons").merge(read(dataset, "truth/identities"), on="person_id").sort_values("created_on")
    pairs = records.merge(records, on="person_key", suffixes=("", "_later"))
    pairs = pairs[pairs["created_on"] < pairs["created_on_later"]]
    days = (pd.to_datetime(pairs["created_on_later"]) - pd.to_datetime(pairs["created_on"])).dt.days
    for field in ("forename", "date_of_birth", "sex", "ethnicity"):
        assert (pairs[field] == pairs[f"{field}_later"]).all(), field
    for field in ("address", "phone", "surname"):
        differs = pairs[field] != pairs[f"{field}_later"]
        assert 0 < differs[days < 180].mean() < differs[days > 540].mean() < 0.8, field


def test_incidents_and_cancelled_crimes_are_what_they_say(clean: Dataset) -> None:
    crimes, events = read(clean, "crimes"), read(clean, "truth/events")
    both = crimes.merge(events, on="crime_id", suffixes=("", "_true"))
    assert (both["event_class"] == "crime").equals(both["record_class"] == "crime")
    incidents = crimes[crimes["record_class"] == "non_crime_incident"]
    assert incidents["domestic_abuse"].all()
    assert incidents[["offence_code", "outcome_code", "outcome_on"]].isna().all(axis=None)
    domestic = crimes[crimes["domestic_abuse"] & (crimes["record_class"] != "cancelled")]
    assert len(incidents) / len(domestic) == pytest.approx(0.395, abs=0.04)
    cancelled = crimes["record_class"] == "cancelled"
    assert crimes["cancelled_on"].notna().equals(cancelled)
    assert crimes["cancel_reason"].notna().equals(cancelled)
    assert (crimes["cancelled_on"] >= crimes["recorded_on"])[cancelled].all()


def test_wrong_classes_are_in_the_ledger_and_their_events_are_crimes(tmp_path: Path) -> None:
    profile = load_profile("clean", ("recording.crime_as_incident=0.2", "recording.cancelled_wrongly=0.1"))
    dataset = generate(tmp_path / "d", profile, ["durnley"], years=1, scale=0.2, seed=2)
    rows = read(dataset, "crimes").merge(read(dataset, "truth/events"), on="crime_id", suffixes=("", "_true"))
    ledger = read(dataset, "truth/defects").query("field == 'record_class'")
    wrong = rows[(rows["record_class"] != "crime") & (rows["event_class"] == "crime")]
    assert set(wrong["crime_id"]) == set(ledger["record_id"])
    assert set(ledger["true_value"]) == {"crime"}
    assert set(ledger["family"]) == {"recording"}
    domestic = rows[rows["domestic_abuse_true"] & (rows["event_class"] == "crime")]
    assert (domestic["record_class"] == "non_crime_incident").mean() == pytest.approx(0.2, abs=0.04)


def test_the_courses_make_all_of_every_offence_between_them() -> None:
    shares = shares_of_courses()
    assert (shares >= 0).all()
    assert shares.sum(axis=0) == pytest.approx(1)


def test_every_row_of_the_ledger_says_its_mechanism(typical: Dataset) -> None:
    ledger = read(typical, "truth/defects")[["defect", "family", "mechanism"]].drop_duplicates()
    declared = {defect.name: (defect.family, defect.mechanism) for defect in REGISTRY}
    assert {row.defect: (row.family, row.mechanism) for row in ledger.itertuples()}.items() <= declared.items()


def test_the_registry_has_the_contracts_names_and_typical_has_its_rates() -> None:
    assert tuple(defect.name for defect in REGISTRY) == DEFECTS
    typical = load_profile("typical")
    for section, rates in typical_rates().items():
        for key, rate in rates.items():
            assert typical.rate(f"{section}.{key}") == rate


def test_a_dataset_may_leave_optional_columns_out(tmp_path: Path, typical: Dataset) -> None:
    import json
    import shutil

    import pyarrow.parquet as pq

    from synthetic.dataset import file_hash

    folder = Path(shutil.copytree(typical.path, tmp_path / "older"))
    manifest = json.loads((folder / "dataset.json").read_text())
    manifest.pop("period_start")
    for name, table in TABLES.items():
        optional = [field.name for field in table.fields if field.optional]
        for entry in manifest["tables"][name]["files"]:
            pq.write_table(pq.read_table(folder / entry["path"]).drop_columns(optional), folder / entry["path"])
            entry["sha256"] = file_hash(folder / entry["path"])
    (folder / "dataset.json").write_text(json.dumps(manifest))
    assert load(folder).manifest.period_start is None


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**40, 2**130 + 5])
def test_poisson_numbers_of_many_streams_are_those_of_each_stream(seed: int) -> None:
    names, means = ["600", "601", "602", "603"], np.array([0.0, 0.4, 30.0, 20_000.0])
    alone = [stream(seed, "arrivals", "durnley", one).poisson(mean) for one, mean in zip(names, means, strict=True)]
    assert first_poisson(seed, ("arrivals", "durnley"), names, means).tolist() == alone
