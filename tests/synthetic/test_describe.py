"""The data dictionary, published figures beside generated ones, and the profiles."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from audit import audit_dataset
from synthetic import Dataset, InputError, generate
from synthetic.calibrate import calibrate
from synthetic.contract import TABLES
from synthetic.describe import describe, harm_by_offence, living_together, read_harm_weights
from synthetic.profile import profile_names
from tests.conftest import Outcome


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A city-sized force and its neighbours, so that the published figures of a city apply; forces do not differ."""
    from synthetic.profile import load_profile

    profile = load_profile("typical", ("recording.force_spread=0",))
    forces = ["greater-harrowgate", "juniper-bay", "marlhaven"]
    return generate(tmp_path_factory.mktemp("region") / "d", profile, forces, years=3, seed=1, workers=2)


@pytest.mark.deep  # a city-sized force
def test_the_world_comes_near_every_figure_that_it_claims(region: Dataset) -> None:
    figures = calibrate(region, read_harm_weights(None))
    outside = figures[figures["verdict"] == "outside"]
    assert outside.empty, outside[["figure", "published", "generated"]].to_string()
    assert (figures["verdict"] == "within").sum() >= 30
    assert (figures["verdict"] == "no tolerance held").sum() >= 3


def generated(dataset: Dataset, weights: dict[str, float]) -> "pd.Series[float]":
    return calibrate(dataset, weights).set_index("figure")["generated"]


def test_few_intimate_partner_suspects_make_most_of_the_harm(typical: Dataset) -> None:
    figures = generated(typical, read_harm_weights(None))
    share = figures["harm made by 3% of suspects, intimate-partner crimes and incidents"]
    assert 0.8 <= share <= 0.95
    assert share < figures["the most that 3% of suspects could make of the same reports"] < 1
    assert figures["suspects with no further report in 731 days"] == pytest.approx(0.776, abs=0.025)


def test_a_share_of_suspects_is_that_share_where_many_have_the_same_harm(typical: Dataset) -> None:
    figures = generated(typical, dict.fromkeys(read_harm_weights(None), 1.0))
    events = pd.concat([pd.read_parquet(path) for path in typical.files("truth/events")])
    events = events[events["reported_on"].notna() & (events["event_class"] == "crime")]
    reports = events.groupby("suspect_key").size()
    most = reports.nlargest(int(0.03 * len(reports))).sum()
    assert figures["harm made by 3% of suspects, all these crimes"] == pytest.approx(most / reports.sum())


def test_crimes_of_units_that_are_silent_in_the_extract_do_not_count_as_not_recorded(tmp_path: Path) -> None:
    from synthetic.profile import load_profile

    profile = load_profile("clean", ("recording.silent_unit=0.8",))
    dataset = generate(tmp_path / "d", profile, ["durnley"], scale=0.1)
    assert len(pd.concat([pd.read_parquet(path) for path in dataset.files("truth/gaps")]))
    assert generated(dataset, read_harm_weights(None))["share of reports that are recorded"] == pytest.approx(1)


def test_every_field_is_described_with_its_counts(typical: Dataset) -> None:
    rows = describe(typical).set_index(["table", "field"])
    assert len(rows) == sum(len(table.fields) for table in TABLES.values())
    persons = pd.concat([pd.read_parquet(path) for path in typical.files("persons")])
    assert rows.loc[("persons", "ethnicity"), "missing"] == persons["ethnicity"].isna().sum()
    assert rows.loc[("persons", "sex"), "rows"] == len(persons)


def test_households_shared_addresses_and_telephones_are_counted(typical: Dataset) -> None:
    counts = living_together(typical).set_index("figure")["count"]
    persons = pd.concat([pd.read_parquet(path) for path in typical.files("persons")])
    assert counts["records that share a telephone"] == persons["phone"].dropna().duplicated(keep=False).sum()
    people = pd.concat([pd.read_parquet(path) for path in typical.files("truth/people")])
    assert counts["people, residence private"] == (people["residence"] == "private").sum()
    assert counts["households with two or more of them"] > 0.1 * counts["households of people known to police"]


def test_harm_weights_are_the_users_where_he_brings_them(typical: Dataset, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("offence_code,harm_days\n019C,0\n019D,0\n")
    own, usual = (harm_by_offence(typical, read_harm_weights(path)).set_index("offence_code") for path in (sheet, None))
    assert own.loc["019C", "share_of_harm"] == 0 < usual.loc["019C", "share_of_harm"]
    assert own["share_of_harm"].sum() == pytest.approx(1)
    for text in (
        "no\n1\n",
        "offence_code,harm_days\n999,1\n",
        "offence_code,harm_days\n019C,x\n",
        "offence_code,harm_days\n019C,-1\n",
    ):
        sheet.write_text(text)
        with pytest.raises(InputError, match=r"^harm_weights "):
            read_harm_weights(sheet)


def test_the_commands_print_tables_and_json(typical: Dataset, command: Callable[..., Outcome]) -> None:
    described = command("synthetic", "describe", typical.path, "--json")
    assert len(json.loads(described.out)["harm"]) == 18
    assert "ethnicity" in command("synthetic", "describe", typical.path).out
    figures = json.loads(command("synthetic", "calibrate", typical.path, "--json").out)
    assert {"figure", "source", "published", "generated", "tolerance", "verdict", "note"} == set(figures[0])
    assert "Barnham" in command("synthetic", "calibrate", typical.path).out


@pytest.mark.deep
@pytest.mark.parametrize("name", profile_names())
def test_every_profile_makes_a_dataset_that_is_audited(name: str, tmp_path: Path) -> None:
    results = audit_dataset(generate(tmp_path / "d", name, ["durnley"], years=1, scale=0.02, seed=3))
    assert results.summary.dataset.profile == name
    assert results["effect"]["recall_at_k"].notna().all()


def test_poor_has_about_three_records_a_person_and_migration_loses_a_fifth(tmp_path: Path) -> None:
    spread = ("recording.force_spread=0",)
    from synthetic.profile import load_profile

    poor = generate(tmp_path / "poor", load_profile("poor", spread), ["durnley"], scale=0.2)
    identities = pd.read_parquet(poor.files("truth/identities")[0])
    assert len(identities) / identities["person_key"].nunique() == pytest.approx(3.1, abs=0.15)
    migration = generate(tmp_path / "migration", load_profile("migration", spread), ["durnley"], scale=0.2)
    events = pd.read_parquet(migration.files("truth/events")[0]).dropna(subset=["reported_on"])
    events = events[events["event_class"] == "crime"]  # the ledger's losses are of crimes
    gaps = pd.read_parquet(migration.files("truth/gaps")[0])
    step = gaps[gaps["kind"] == "step"]
    after = events[events["reported_on"] >= step["first_month"].iloc[0]]
    assert step["events_lost"].sum() / len(after) == pytest.approx(0.2 * 0.95, abs=0.03)


def test_in_unequal_blanks_fall_on_some_groups(tmp_path: Path) -> None:
    dataset = generate(tmp_path / "d", "unequal", ["ilverton"], years=1, scale=0.2)
    persons = pd.read_parquet(dataset.files("persons")[0]).merge(pd.read_parquet(dataset.files("truth/identities")[0]))
    persons = persons.merge(pd.read_parquet(dataset.files("truth/people")[0])[["person_key", "ethnicity"]], on="person_key")
    blank = persons["ethnicity_x"].isna().groupby(persons["ethnicity_y"] == "W1").mean()
    assert blank[False] > blank[True] + 0.1
