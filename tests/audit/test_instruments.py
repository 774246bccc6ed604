"""Instruments as declarations: equal to a plain-loop recomputation, validated, bounded, and listed."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import AuditOptions, InputError, Results
from audit.effect import (
    FAMILIES,
    INSTRUMENT_NAMES,
    Choices,
    Effect,
    Instrument,
    built_in,
    choose_instruments,
    list_lengths,
    measure,
    pooled_length,
)
from audit.effect.bench import ALL, Bench, Otherwise
from audit.effect.instruments import declare
from audit.effect.reading import World, read
from audit.effect.rows import Rows
from audit.engines import connect
from audit.statistics import wilson
from synthetic import Dataset, generate
from synthetic.contract import RECORDED, reference
from tests.audit.random_world import COLUMNS, FORCES, LAST_DAY, Tables, connected, random_world
from tests.audit.reference_instruments import OWN, Reference
from tests.conftest import Outcome

LAST = np.datetime64(LAST_DAY)
K = 15


@pytest.fixture(scope="module", params=[1, pytest.param(2, marks=pytest.mark.deep)])
def tables(request: pytest.FixtureRequest) -> Tables:
    return random_world(request.param, reports=1000)


@pytest.fixture(scope="module")
def instruments() -> list[Instrument]:
    return [*(built_in()[key] for key in INSTRUMENT_NAMES), declare(OWN)]


@pytest.fixture(scope="module")
def measured(tables: Tables, instruments: list[Instrument]) -> Effect:
    return measure(connected(tables), FORCES, LAST, Choices(k=K), has_gaps=False, instruments=instruments)


def test_lists_of_every_kind_equal_a_plain_loop(tables: Tables, instruments: list[Instrument], measured: Effect) -> None:
    """With incidents, cancelled crimes, split victims, wrong births and flags; v(all) = 1 is asserted in the recomputation."""
    found = measured
    for instrument in instruments:
        for force in FORCES:
            place = "force == @force and instrument == @instrument.key"
            expected = Reference(tables, force, instrument.key, LAST_DAY, K)
            assert len(expected.truth) >= 5, "the world has too few people for the test to say anything"
            row = found.effect.query(place).iloc[0]
            for name, value in expected.effect().items():
                assert row[name] == pytest.approx(value, abs=1e-9), (force, instrument.key, name)
            mine = found.attribution.query(place)
            contributions = dict(zip(mine["family"], mine["contribution"], strict=True))
            assert contributions == pytest.approx(expected.attribution(), abs=1e-9), (force, instrument.key)


def test_each_family_of_defect_matters_to_the_serial_list(measured: Effect) -> None:
    moved = (
        measured.attribution.query("instrument == 'serial'")
        .groupby("family")["contribution"]
        .apply(lambda shares: shares.abs().max())
    )
    assert (moved.reindex(list(FAMILIES)) > 0).all()


# ---- the bound that leaves rows out --------------------------------------------------------------------------------------

points = st.lists(st.floats(0, 20), min_size=1, max_size=5).map(sorted)


def _bands(least: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any] | None]:
    def build(given: list[float]) -> st.SearchStrategy[list[float]]:
        return st.lists(least, min_size=len(given), max_size=len(given), unique=True).map(sorted)

    return st.none() | points.flatmap(lambda given: build(given).map(lambda begins: {"from": begins, "points": given}))


recency = st.none() | points.flatmap(
    lambda given: st.lists(st.integers(0, 900), min_size=max(len(given) - 1, 1), max_size=max(len(given) - 1, 1), unique=True).map(
        lambda days: {"up_to_days": sorted(days), "points": sorted([*given, given[-1]][: len(days) + 1], reverse=True)}
    )
)
band_scores = st.fixed_dictionaries(
    {
        "kind": st.just("bands"),
        "weights": st.sampled_from(["harm_days", "css_weight", "count"]),
        "recency": recency,
        "frequency": _bands(st.integers(0, 12).map(float)),
        "severity": _bands(st.floats(0, 5000)),
        "victims": _bands(st.integers(0, 8).map(float)),
    }
).filter(lambda score: any(score[name] for name in ("recency", "frequency", "severity", "victims")))
sums = st.fixed_dictionaries({"kind": st.just("sum"), "weights": st.sampled_from(["harm_days", "css_weight", "count"])})
declarations = st.fixed_dictionaries(
    {
        "counts": st.fixed_dictionaries(
            {
                "window_days": st.integers(30, 1095) | st.integers(1, 7300),
                "date_basis": st.sampled_from(["reported", "occurred"]),
                "record_classes": st.sampled_from([["crime"], ["crime", "non_crime_incident"]]),
                "domestic_abuse_only": st.booleans(),
            }
        ),
        "eligibility": st.fixed_dictionaries(
            {"least_records": st.integers(1, 6), "least_victims": st.integers(0, 4), "least_age": st.sampled_from([0, 16, 40])}
        ),
        "score": sums | band_scores,
    }
).map(lambda parts: declare({"key": "any", "name": "Any", "summary": "Any.", "source": "A test.", **parts}))


@pytest.fixture(scope="module")
def world() -> World:
    every_need = [declare(OWN), declare({**OWN, "key": "more", "eligibility": {"least_age": 1, "least_victims": 1}})]
    return read(connected(random_world(3)), FORCES, None, False, LAST - 7400, every_need)


forces = st.sampled_from([[0], [1], [2], [0, 1, 2]])
chosen = st.builds(
    Choices,
    weights=st.sampled_from([None, "harm_days", "css_weight", "count"]),
    date_basis=st.sampled_from([None, "reported", "occurred"]),
)


@settings(deadline=None, max_examples=60)
@given(instrument=declarations, k=st.integers(1, 40), of=forces, choices=chosen, repairs=st.data())
def test_lists_are_the_same_whether_rows_are_left_out_or_not(
    instrument: Any, k: int, of: list[int], choices: Choices, repairs: st.DataObject, world: World
) -> None:
    """Of every instrument that can be declared, by any choice, for one force or several, with any families repaired in part or whole."""
    bench = Bench(Rows(world, of), instrument, int(LAST.astype(int)), k, choices)
    families = st.sets(st.sampled_from(FAMILIES)).map(frozenset)
    several = [ALL, frozenset[str](), *(repairs.draw(families) for _ in range(6))]
    for repaired in several:
        few, all_rows = bench.listing(repaired), bench.listing(repaired, Otherwise())
        assert few[0].tolist() == all_rows[0].tolist()
        assert few[1] == pytest.approx(all_rows[1])
    # Families that are repaired on some rows only, as fix-first does.
    rng = np.random.default_rng(repairs.draw(st.integers(0, 1000)))
    everywhere = {family: rng.random(len(bench.everything.own)) < 0.5 for family in repairs.draw(families)}
    kept = {family: mask[bench.kept] for family, mask in everywhere.items()}
    few, all_rows = bench.listing(kept), bench.listing(everywhere, Otherwise())
    assert few[0].tolist() == all_rows[0].tolist()
    assert bench.found_with(ALL).all()
    # Lists of many repairs are made together, and are what each gives alone.
    together: list[Any] = [*several, kept, {**kept, "sharing": None}, dict.fromkeys(kept), *kept]
    together = [frozenset([one]) if isinstance(one, str) else one for one in together]
    alone = [bench.finds(bench.listing(repaired)[0], repaired).tolist() for repaired in together]
    assert bench.found_with_each(together).tolist() == alone


def test_rows_are_left_out_at_all(world: World) -> None:
    bench = Bench(Rows(world, [0]), built_in()["harm_365"], int(LAST.astype(int)), 5, Choices())
    assert 0 < len(bench.kept) < len(bench.everything.own) / 2


# ---- declarations --------------------------------------------------------------------------------------------------------


def test_built_in_instruments_are_the_designs() -> None:
    assert set(built_in()) == {"harm_365", "rfs", "serial", "rfg", "rfh"}
    assert INSTRUMENT_NAMES == ("harm_365", "rfs", "serial")
    assert {key for key, one in built_in().items() if one.illustrative} == {"rfg", "rfh"}
    assert all("illustrative" in one.name for one in built_in().values() if one.illustrative)
    assert built_in()["harm_365"].name == "Total harm, last 12 months"
    assert built_in()["serial"].eligibility.least_age == 16


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"key": "Own One"}, "small letters"),
        ({"key": "rfs"}, "another key"),
        ({"secret": 1}, "allowed are key, name"),
        ({"counts": {"window_days": 0}}, "counts.window_days"),
        ({"counts": {"window_days": 30, "secret": 2}}, "in counts; allowed are window_days"),
        ({"counts": {"window_days": 30, "record_classes": ["cancelled"]}}, "'crime' or 'non_crime_incident'"),
        ({"counts": {"window_days": 30, "record_classes": ["non_crime_incident"]}}, "must name crime"),
        ({"eligibility": {"least_age": "secret"}}, "eligibility.least_age"),
        ({"score": {}}, "sum or bands"),
        ({"score": {"kind": "secret"}}, "sum or bands"),
        ({"score": {"kind": "bands"}}, "must have bands of"),
        ({"score": {"kind": "sum", "weights": "secret"}}, "score.weights"),
        ({"score": {"kind": "bands", "frequency": {"from": [1, 2], "points": [1]}}}, "as many points as bands"),
        ({"score": {"kind": "bands", "frequency": {"from": [2, 1], "points": [1, 2]}}}, "that rise"),
        ({"score": {"kind": "bands", "frequency": {"from": [1, 2], "points": [2, 1]}}}, "never fall"),
        (
            {"score": {"kind": "bands", "frequency": {"from": [1], "points": [1], "secret": 3}}},
            "in frequency; allowed are from, points",
        ),
        ({"score": {"kind": "bands", "recency": {"up_to_days": [30], "points": [1]}}}, "one point more"),
        ({"score": {"kind": "bands", "recency": {"up_to_days": [30], "points": [1, 2]}}}, "never rise"),
        ({"name": None}, "name"),
    ],
)
def test_each_mistake_gives_one_sentence_that_echoes_no_value(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        choose_instruments([declare({**OWN, **change})])
    sentence = str(caught.value)
    assert says in sentence
    assert sentence.startswith("instrument ")
    assert sentence.count(". ") == 0
    assert "secret" not in sentence


def test_a_missing_part_is_named() -> None:
    with pytest.raises(InputError, match="lacks score"):
        declare({name: value for name, value in OWN.items() if name != "score"})


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot be read"), ("key = ", "not valid TOML"), ("key = 'one'", "lacks name")]
)
def test_a_file_that_is_no_declaration_is_refused(content: str | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=says):
        choose_instruments([path])


def test_the_first_named_is_the_one_that_readiness_is_for(small: Dataset, tmp_path: Path, command: Callable[..., Outcome]) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'key = "own"\nname = "Own list"\nsummary = "s"\nsource = "s"\n[counts]\nwindow_days = 200\n[score]\nkind = "sum"\nweights = "count"\n'
    )
    arguments = ("--instrument", own, "--instrument", "rfg", "--k", "12", "--only", "missing.units.*", "--json")
    ran = command("audit", "run", small.path, "--out", tmp_path / "results", *arguments)
    assert ran.code == 0, ran.err
    options = json.loads(ran.out)["options"]
    assert (options["instrument"], options["k"], options["weights"]) == ("own", 12, "count")
    assert options["instruments"]["own"] == "Own list"
    assert list(options["instruments"]) == ["own", "rfg", *INSTRUMENT_NAMES]


def test_instruments_are_listed(command: Callable[..., Outcome]) -> None:
    listed = command("audit", "catalogue", "--instruments")
    assert listed.code == 0
    for declared in built_in().values():
        assert declared.name in listed.out
        assert declared.source in listed.out
    as_json = json.loads(command("audit", "catalogue", "--instruments", "--json").out)
    for content in as_json:
        assert declare(content) == built_in()[content["key"]]


# ---- length, intervals and the tables beside -----------------------------------------------------------------------------


def test_lists_are_100_or_in_proportion_to_the_population(typical: Dataset) -> None:
    nation = int(reference("forces")["population"].sum())
    with connect(typical) as connection:
        population = dict(connection.execute("SELECT force, sum(population) FROM units GROUP BY force").fetchall())
        assert set(list_lengths(connection, typical.forces).values()) == {100}
        assert list_lengths(connection, typical.forces, "population") == {
            force: max(10, round(1000 * int(population[force]) / nation)) for force in typical.forces
        }
        assert pooled_length(connection, typical.forces) == max(10, round(1000 * int(sum(population.values())) / nation))
    for wrong in ("many", "0", "-3", "1.5"):
        with pytest.raises(InputError, match="whole number of 1 or more, or population"):
            AuditOptions(k=wrong)  # type: ignore[arg-type]


def test_every_contribution_and_gain_has_an_interval_that_holds_it(typical_results: Results) -> None:
    for name, value, low, high in (
        ("attribution", "contribution", "low", "high"),
        ("contributions", "contribution", "low", "high"),
        ("fix_first", "gain", "gain_low", "gain_high"),
    ):
        table = typical_results[name]
        assert len(table)
        assert (table[[value, low, high]].notna()).all(axis=None)
        assert (table[low] <= table[value] + 1e-9).all()
        assert (table[value] <= table[high] + 1e-9).all()
        assert (table[low] < table[high]).any()
    everywhere = typical_results["contributions"].query("force == 'all' and measure == 'recall_at_k'")
    alone = typical_results["contributions"].query("force != 'all' and measure == 'recall_at_k'")
    width = (alone["high"] - alone["low"]).groupby(alone["family"]).mean()
    assert ((everywhere["high"] - everywhere["low"]).groupby(everywhere["family"]).mean() <= width + 1e-9).all()


def test_a_contribution_interval_holds_the_mean_of_further_people_as_often_as_it_says() -> None:
    """Of people drawn from one population, 95 of 100 intervals hold its mean, by a binomial margin."""
    from audit.effect.bootstrap import Resampler, percentiles

    rng, held = np.random.default_rng(4), 0
    for number in range(400):
        values = rng.choice([0.0, 0.2, 0.5, 1.0], p=[0.6, 0.2, 0.1, 0.1], size=(1, 100))
        low, high = percentiles(Resampler(100, str(number)).means(values), values.mean(axis=1))
        held += low[0] <= 0.19 <= high[0]
    assert 0.915 <= held / 400 <= 0.98


def test_pairs_allegations_and_wrong_inclusion_are_shares_and_never_of_under_10(typical_results: Results) -> None:
    pairs = typical_results["instrument_pairs"]
    assert len(pairs) == 3 * 3  # three forces, three pairs
    allegations = typical_results["allegations"]
    shares = pairs[["truth_overlap", "recorded_overlap", "low", "high", "found_overlap"]]
    for frame in (shares, allegations[["overlap", "low", "high", "harm_without_charge"]]):
        assert frame.notna().any(axis=None)
        assert frame.stack().between(0, 1).all()
    assert allegations.loc[allegations["size"] < 10, "overlap"].isna().all()
    wrong = typical_results["wrong_inclusion"]
    assert (wrong["people"].dropna() >= 10).all()
    assert wrong.loc[wrong["people"].isna(), ["wrongly_included", "low", "high"]].isna().all(axis=None)
    assert wrong["wrongly_included"].notna().any()
    # The share and its interval are of entries, of which a person may have several.
    assert (wrong["entries"] >= wrong["people"]).loc[wrong["people"].notna()].all()
    entries = wrong["entries"].dropna().to_numpy(float)
    failed = np.round(wrong["wrongly_included"].dropna().to_numpy(float) * entries)
    assert wrong["low"].dropna().to_numpy() == pytest.approx(wilson(failed, entries)[1])


def test_what_rests_on_allegations_equals_a_plain_count(tables: Tables) -> None:
    """Cases without charge not counted at all: the truth list is then that of the charged events alone."""
    charged = {
        crime["crime_id"]
        for crime in tables["crimes"]
        if crime["outcome_code"] in ("1", "3") and crime["record_class"] != "cancelled"
    }
    found = measure(connected(tables), FORCES, LAST, Choices(k=K), has_gaps=False, instruments=[built_in()["harm_365"]])
    for force in FORCES:
        whole = Reference(tables, force, "harm_365", LAST_DAY, K)
        # Who is on the truth list's side stays: only what counts for them changes. A crime that is an incident on paper has no charge.
        whole.events = [
            event for event in whole.events if event["crime_id"] in charged and whole.class_of[event["crime_id"]] == "crime"
        ]
        only_charged = {key for key, _ in whole.best(whole.true_rows())}
        kept = sum(key in only_charged for key, _ in whole.truth) / len(whole.truth)
        row = found.allegations.query("force == @force and list == 'truth' and without_charge == 'not at all'").iloc[0]
        assert row["size"] == len(whole.truth)
        if row["size"] >= 10:
            assert row["overlap"] == pytest.approx(kept)


@pytest.fixture(scope="module")
def three_years(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """One small force over three years, in which some suspects have two victims."""
    return generate(tmp_path_factory.mktemp("three") / "dataset", "typical", ["durnley"], years=3, scale=0.1, seed=7)


@pytest.mark.parametrize("instrument", [pytest.param(name, marks=pytest.mark.deep) for name in ("serial", "own")])
def test_lists_of_a_generated_dataset_equal_a_plain_loop(instrument: str, three_years: Dataset) -> None:
    """As an audit makes them: from the dataset's files, with the incidents and cancelled crimes that it has."""
    rows = {
        name.replace("/", "_"): rows_of(three_years, name)
        for name in (*RECORDED, "truth/people", "truth/events", "truth/identities")
    }
    classes = {row["record_class"] for row in rows["crimes"]}
    assert {"non_crime_incident", "cancelled"} <= classes
    declared = declare(OWN) if instrument == "own" else built_in()[instrument]
    last, k = three_years.manifest.as_of, 20
    with connect(three_years) as connection:
        found = measure(connection, three_years.forces, np.datetime64(last), Choices(k=k), instruments=[declared])
    expected = Reference(rows, "durnley", instrument, last, k)
    assert len(expected.truth) >= 5
    for name, value in expected.effect().items():
        assert found.effect.iloc[0][name] == pytest.approx(value, abs=1e-9), name
    contributions = dict(zip(found.attribution["family"], found.attribution["contribution"], strict=True))
    assert contributions == pytest.approx(expected.attribution(), abs=1e-9)


def rows_of(dataset: Dataset, table: str) -> list[dict[str, Any]]:
    """The rows of a table as plain values."""
    return [row for path in dataset.files(table) for row in pq.read_table(path).to_pylist()]


def test_victims_split_into_records_inflate_a_serial_list_and_missing_ones_deflate_it() -> None:
    """Two suspects who are on nobody's true list for having one victim each; two who are missed for want of a link."""
    tables: Tables = {name: [] for name in COLUMNS}
    tables["units"].append({"unit_id": "north-1", "force": "north", "unit_name": "One", "population": 700_000})

    def person(key: str, records: int) -> list[str]:
        born = date(1980, 1, 1)
        tables["truth_people"].append({"person_key": key, "force": "north", "date_of_birth": born})
        names = [f"SYN-{key}{number}" for number in range(records)]
        for name in names:
            tables["persons"].append({"person_id": name, "force": "north", "date_of_birth": born})
            tables["truth_identities"].append({"person_id": name, "person_key": key})
        return names

    def crime(suspect: str, victim: str, victim_record: str | None) -> None:
        number = f"{len(tables['crimes']):03d}"
        dates = {"occurred_on": LAST_DAY, "reported_on": LAST_DAY}
        same = {"force": "north", "unit_id": "north-1", "offence_code": "105A", "domestic_abuse": True, **dates}
        tables["crimes"].append({"crime_id": f"SYN-C{number}", "recorded_on": LAST_DAY, **same})
        tables["truth_events"].append(
            {"event_key": number, "suspect_key": suspect, "victim_key": victim, "crime_id": f"SYN-C{number}", **same}
        )
        for record, role in ((f"SYN-{suspect}0", "suspect"), (victim_record, "victim")):
            if record is not None:
                tables["involvements"].append({"crime_id": f"SYN-C{number}", "person_id": record, "role": role})

    for one in ("a", "b"):  # the same victim twice, under two records
        person(f"{one}s", 1)
        for record in person(f"{one}v", 2):
            crime(f"{one}s", f"{one}v", record)
    for one in ("c", "d"):  # two victims, one of whom is not linked
        person(f"{one}s", 1)
        for number, victim in enumerate((f"{one}v", f"{one}w")):
            (record,) = person(victim, 1)
            crime(f"{one}s", victim, record if number == 0 else None)
    found = measure(connected(tables), ["north"], LAST, Choices(k=2), has_gaps=False, instruments=[built_in()["serial"]])
    row = found.effect.iloc[0]
    assert (row["truth_size"], row["recall_at_k"], row["wrongly_included"]) == (2, 0.0, 1.0)
    shares = found.attribution.set_index("family")["contribution"]
    # Linkage brings both back, but they have room on the list only once identity merges the victims' records: two ties, four places.
    assert shares["linkage"] + shares["identity"] == pytest.approx(1.0)
    assert shares["linkage"] > 0
    longer = measure(connected(tables), ["north"], LAST, Choices(k=4), has_gaps=False, instruments=[built_in()["serial"]])
    assert longer.attribution.set_index("family")["contribution"]["linkage"] == pytest.approx(1.0)
    assert longer.effect.iloc[0]["wrongly_included"] == 1.0


def test_incidents_and_cancelled_crimes_are_kinds_of_defect_in_what_to_fix(typical_results: Results) -> None:
    gains = typical_results["fix_first"].query("force == 'all' and part == 1.0").set_index(["instrument", "kind"])["gain"]
    for instrument in INSTRUMENT_NAMES:
        assert np.isfinite(gains[instrument, "cancelled, though a crime"])
        assert np.isfinite(gains[instrument, "of another class than its event"])
