"""The effect and its attribution: equal to an independent recomputation, and lawful."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import AuditOptions, Results, audit_dataset
from audit.effect import FAMILIES, INSTRUMENT_NAMES, Choices, measure, shapley
from audit.effect.entries import LET_GO
from audit.effect.groups import difference_table, group_table, without_remainders, wrong_inclusion_table
from audit.engines import connect
from synthetic import Dataset, InputError, generate
from tests.audit.foreign import write_dataset
from tests.audit.reference_effect import Reference, read


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three neighbouring forces, as small as the slow recomputation needs them."""
    out = tmp_path_factory.mktemp("generated") / "dataset"
    return generate(out, "typical", ["aldermoor", "brackenshire", "durnley"], years=2, scale=0.025, seed=7)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A small world that the generator did not make, with what it cannot: overlaid records, crimes recorded twice, wrong
    links, wrong codes and dates, orphans, people who offend in three forces."""
    folder = tmp_path_factory.mktemp("foreign")
    rng = np.random.default_rng(5)
    forces, last = ["north", "south", "west"], np.datetime64("2024-06-30")
    codes = ["019C", "008N", "105A", "008Q", "008L", "020A"]
    people = [f"k{n:03d}" for n in range(160)]
    rows: dict[str, dict[str, list[dict]]] = {
        name: {force: [] for force in forces}
        for name in (
            "units", "persons", "crimes", "involvements", "truth/people", "truth/events", "truth/identities"
        )
    }  # fmt: skip
    for force in forces:
        rows["units"][force].append({"unit_id": f"{force}-1", "force": force, "unit_name": "One", "population": 700_000})
    for key in people:
        home = forces[rng.integers(3)]
        rows["truth/people"][home].append(
            {
                "person_key": key, "force": home, "forename": "A", "surname": "B",
                "date_of_birth": np.datetime64("1990-01-01"), "sex": "M", "ethnicity": "W1",
            }
        )  # fmt: skip
    records: dict[tuple[str, str], list[str]] = {}

    def add_record(force: str, *keys: str) -> str:
        person_id = f"SYN-{rng.integers(10**9):09d}"
        rows["persons"][force].append({"person_id": person_id, "force": force, "created_on": last, "source_system": "records"})
        for key in keys:
            rows["truth/identities"][force].append({"person_id": person_id, "person_key": key})
            records.setdefault((key, force), []).append(person_id)
        return person_id

    for key in people[:25]:
        add_record(forces[rng.integers(3)], key, people[rng.integers(160)])
    for number in range(1600):
        key, force = people[int(160 * rng.random() ** 2)], forces[rng.integers(3)]
        reported = last - int(rng.integers(0, 1300))
        code = codes[rng.integers(6)]
        known = rng.random() < 0.9
        crime_id = f"SYN-C{number:05d}" if rng.random() < 0.9 else None
        rows["truth/events"][force].append(
            {
                "event_key": f"e{number:05d}", "force": force, "unit_id": f"{force}-1", "offence_code": code,
                "occurred_on": reported - 3, "reported_on": reported if rng.random() < 0.95 or crime_id else None,
                "suspect_key": key if known else None, "victim_key": "k000", "crime_id": crime_id,
            }
        )  # fmt: skip
        if crime_id is None:
            continue
        for copy in range(1 + (rng.random() < 0.05)):
            this = crime_id if copy == 0 else f"{crime_id}X"
            wrong_day = reported - int(rng.integers(-400, 400)) if rng.random() < 0.05 else reported
            rows["crimes"][force].append(
                {
                    "crime_id": this, "force": force, "unit_id": f"{force}-1",
                    "offence_code": rng.choice([code, codes[rng.integers(6)], "999", None], p=[0.85, 0.08, 0.03, 0.04]),
                    "domestic_abuse": True, "occurred_on": reported - 3,
                    "reported_on": wrong_day if rng.random() < 0.95 else None, "recorded_on": reported + 1,
                }
            )  # fmt: skip
            draw = rng.random()
            if not known and draw < 0.9:
                continue
            holder = key if draw < 0.8 else people[rng.integers(160)]
            if 0.8 <= draw < 0.88:
                continue
            mine = records.get((holder, force), [])
            if not mine or rng.random() < 0.2:
                add_record(force, holder)
            linked = [records[holder, force][rng.integers(len(records[holder, force]))]]
            if rng.random() < 0.05:
                linked.append(linked[0])
            if rng.random() < 0.05 and records.get((people[0], force)):
                linked.append(records[people[0], force][0])
            for person_id in linked:
                rows["involvements"][force].append(
                    {"crime_id": this, "person_id": person_id, "role": "suspect", "relationship": "partner"}
                )
    tables = {name: [row for listed in by_force.values() for row in listed] for name, by_force in rows.items()}
    return write_dataset(folder, tables, forces, "2024-06-30")


@pytest.mark.parametrize("instrument", ["harm_365", "rfs"])
@pytest.mark.parametrize("which", ["foreign", pytest.param("generated", marks=pytest.mark.deep)])
def test_effect_and_attribution_equal_an_independent_recomputation(
    which: str, instrument: str, request: pytest.FixtureRequest
) -> None:
    dataset: Dataset = request.getfixturevalue(which)
    with connect(dataset) as connection:
        day = np.datetime64(dataset.manifest.as_of)
        found_out = measure(connection, dataset.forces, day, Choices(k="population"), only_effect=True)
    tables = read(dataset.path)
    for force in dataset.forces:
        expected = Reference(tables, force, instrument, dataset.manifest.as_of)
        row = found_out.effect.query("force == @force and instrument == @instrument").iloc[0]
        for name, value in expected.effect().items():
            assert row[name] == pytest.approx(value, abs=0.002), (force, name)
        mine = found_out.attribution.query("force == @force and instrument == @instrument")
        found = dict(zip(mine["family"], mine["contribution"], strict=True))
        assert found == pytest.approx(expected.attribution(), abs=0.002), force


def test_forces_measured_at_the_same_time_give_what_each_gives_alone(foreign: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    day, found = np.datetime64(foreign.manifest.as_of), {}
    shares: list[float] = []
    with connect(foreign) as connection:
        for at_once in (1, 3):
            monkeypatch.setattr(import_module("audit.effect.measure"), "AT_ONCE", at_once)
            found[at_once] = measure(
                connection, foreign.forces, day, Choices(), progress=lambda sentence, share: shares.append(share)
            )
    for name, frame in vars(found[1]).items():
        pd.testing.assert_frame_equal(getattr(found[3], name), frame)
    assert found[1].effect["force"].drop_duplicates().tolist() == foreign.forces
    assert shares == [1 / 3, 2 / 3, 1.0] * 2


def test_contributions_sum_to_what_is_missed(typical_results: Results) -> None:
    sums = typical_results["attribution"].groupby(["force", "instrument"])["contribution"].sum()
    recall = typical_results["effect"].set_index(["force", "instrument"])["recall_at_k"]
    assert (sums - (1 - recall)).abs().max() < 1e-9


@pytest.mark.deep
@settings(max_examples=8, deadline=None)
@given(
    duplicate=st.floats(0, 0.6), unlinked=st.floats(0, 1), lost=st.floats(0, 1), blank=st.floats(0, 1),
    seed=st.integers(0, 10**6),
)  # fmt: skip
def test_repairing_everything_gives_recall_1(
    duplicate: float, unlinked: float, lost: float, blank: float, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from synthetic.profile import check_profile

    profile = check_profile(
        {
            "identity": {"duplicate_rate": duplicate},
            "linkage": {"suspect_not_linked": unlinked},
            "recording": {"not_recorded": lost, "not_recorded_hidden": lost, "silent_unit": lost},
            "missing": {"offence_code": blank, "reported_on": blank},
        }
    )
    out = tmp_path_factory.mktemp("laws") / "dataset"
    dataset = generate(out, profile, ["durnley", "fellgate"], years=1, scale=0.06, seed=seed)
    with connect(dataset) as connection:
        effect = measure(connection, dataset.forces, np.datetime64(dataset.manifest.as_of), Choices(k="population"))
        # What the lists were read by is let go: of a nation it is two gigabytes. Who is where stays, for the groups.
        left = connection.sql("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
        assert "identifiers_in_order" in {name for (name,) in left} and not set(LET_GO) & {name for (name,) in left}
    sums = effect.attribution.groupby(["force", "instrument"])["contribution"].sum()
    recall = effect.effect.set_index(["force", "instrument"])["recall_at_k"].astype(float)
    assert (sums.astype(float) + recall - 1).abs().max() < 1e-9
    shares = effect.effect[["recall_at_k", "harm_captured", "wrongly_included", "repeat_entries", "low", "high"]]
    assert shares.astype(float).dropna().map(lambda share: 0 <= share <= 1).all(axis=None)
    damaged = {"identity": duplicate, "linkage": unlinked, "recording": lost, "offence": blank, "dates": blank}
    for family, rate in damaged.items():
        if rate == 0 and family != "identity":
            assert (effect.attribution.query("family == @family")["contribution"] == 0).all()


def test_a_clean_single_force_finds_everyone(tmp_path: Path) -> None:
    dataset = generate(tmp_path / "dataset", "clean", ["aldermoor"], scale=0.1, seed=2)
    with connect(dataset) as connection:
        effect = measure(connection, dataset.forces, np.datetime64(dataset.manifest.as_of), Choices()).effect
    assert effect["recall_at_k"].tolist() == [1.0] * len(INSTRUMENT_NAMES)
    assert effect["wrongly_included"].tolist() == [0.0] * len(INSTRUMENT_NAMES)


def test_in_a_clean_region_only_sharing_keeps_recall_from_1(clean_results: Results) -> None:
    attribution = clean_results["attribution"]
    assert (attribution.query("family not in ['sharing', 'identity']")["contribution"].abs() < 1e-12).all()


@given(st.lists(st.floats(-1, 1), min_size=8, max_size=8))
def test_shapley_values_sum_to_the_whole(values: list[float]) -> None:
    names = ("a", "b", "c")
    subsets = [frozenset(n for place, n in enumerate(names) if number >> place & 1) for number in range(8)]
    game = dict(zip(subsets, values, strict=True))
    assert sum(shapley(game, names).values()) == pytest.approx(game[frozenset(names)] - game[frozenset()], abs=1e-9)


def test_groups_under_10_people_are_not_shown(typical_results: Results) -> None:
    groups = typical_results["groups"]
    hidden = groups["people"].isna()
    assert hidden.any()
    assert (groups.loc[~hidden, "people"] >= 10).all()
    assert groups.loc[hidden, ["recall_at_k", "low", "high"]].isna().all(axis=None)


@given(st.lists(st.integers(0, 40), min_size=12, max_size=12))
@settings(deadline=None)
def test_no_group_of_fewer_than_10_people_can_be_worked_out(sizes: list[int]) -> None:
    index = pd.MultiIndex.from_product([["north", "south", "west"], ["harm_365"], ["ethnicity"], ["A", "B", "C", "D"]])
    counts = pd.DataFrame(list(index), columns=["force", "instrument", "attribute", "group"])
    people = pd.Series(sizes)
    shown = without_remainders(counts, people, people >= 10)
    assert not (shown & (people < 10)).any()
    for line in ("force", "group"):
        for _, rows in counts.assign(people=people, shown=shown).groupby(line):
            left_out = rows.loc[~rows["shown"], "people"].sum()
            assert left_out == 0 or left_out >= 10 or not rows["shown"].any()
    assert shown.all() or (people < 10).any()


@pytest.mark.parametrize("table", [group_table, wrong_inclusion_table, difference_table])
def test_the_other_sex_is_left_out_where_it_would_give_a_small_one_away(
    table: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    listed = pd.DataFrame({"place": range(500), "value": ["F"] * 4 + ["M"] * 496, "found": [True, False] * 250})
    found = table(listed.assign(force="north", instrument="harm_365", attribute="sex"))
    assert found["people"].isna().all()
    enough = listed.assign(value=["F"] * 14 + ["M"] * 486, force="north", instrument="harm_365", attribute="sex")
    assert list(table(enough).loc[lambda rows: rows["people"].notna(), "group"]) == ["F", "M"]


def test_choices_are_refused_with_what_is_allowed() -> None:
    for choices in ({"weights": "no"}, {"date_basis": "no"}, {"k": 0}):
        with pytest.raises(InputError, match="takes"):
            AuditOptions(**choices)  # type: ignore[arg-type]


def test_a_dataset_without_truth_is_audited_whole(small: Dataset, tmp_path: Path) -> None:
    import json
    import shutil

    damaged = Path(shutil.copytree(small.path, tmp_path / "without"))
    manifest = json.loads((damaged / "dataset.json").read_text())
    manifest["tables"] = {name: entry for name, entry in manifest["tables"].items() if not name.startswith("truth/")}
    (damaged / "dataset.json").write_text(json.dumps(manifest))
    shutil.rmtree(damaged / "truth")
    results = audit_dataset(damaged)
    assert set(results.summary.not_applicable) == {"effect", "attribution", "accuracy", "unreported"}
    assert results["effect"].empty
    assert not results["checks"].empty
    accuracy = results["readiness"].query("name == 'accuracy'")
    assert accuracy["value"].isna().all()
    assert accuracy["passed"].isna().all()


def test_families_are_the_designs() -> None:
    assert set(FAMILIES) == {"identity", "linkage", "offence", "dates", "recording", "sharing"}
