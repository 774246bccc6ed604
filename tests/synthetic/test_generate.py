"""The generator: the same bytes from the same seed, what the contract says, and a ledger that undoes every defect."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic import Dataset, InputError, generate, load
from synthetic.contract import RECORDED, TABLES, reference
from synthetic.defects import REGISTRY, tilt
from synthetic.defects.spelling import slip
from synthetic.profile import Profile, check_profile, load_profile, profile_keys, profile_names


def read(dataset: Dataset, table: str) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in dataset.files(table)], ignore_index=True)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_with_1_and_2_workers(tmp_path: Path) -> None:
    arguments = {"forces": ["aldermoor", "durnley"], "years": 0.25, "scale": 0.02, "seed": 11}
    generate(tmp_path / "one", workers=1, **arguments)  # type: ignore[arg-type]
    generate(tmp_path / "two", workers=2, **arguments)  # type: ignore[arg-type]
    generate(tmp_path / "other", workers=1, **arguments | {"seed": 12})  # type: ignore[arg-type]
    one = bytes_of(tmp_path / "one")
    assert one == bytes_of(tmp_path / "two")
    assert one["persons/durnley.parquet"] != bytes_of(tmp_path / "other")["persons/durnley.parquet"]


def test_every_table_of_a_clean_dataset_is_as_the_contract_declares_it(clean: Dataset) -> None:
    for name, table in TABLES.items():
        frame = read(clean, name)
        assert frame.columns.tolist() == table.columns
        assert len(frame) == clean.manifest.tables[name].rows
        for field in table.fields:
            present = frame[field.name].dropna()
            assert field.nullable or len(present) == len(frame), (name, field.name)
            if field.codes:
                assert set(present) <= set(field.codes), (name, field.name)
            for pattern in filter(None, (field.pattern, field.mark)):
                assert present.str.contains(pattern).all(), (name, field.name)
        assert not frame.duplicated(list(table.key)).any(), name


def test_every_table_of_a_damaged_dataset_has_its_columns_and_marks(typical: Dataset) -> None:
    for name, table in TABLES.items():
        frame = read(typical, name)
        assert frame.columns.tolist() == table.columns
        for field in table.fields:
            present = frame[field.name].dropna()
            assert field.nullable or len(present) == len(frame), (name, field.name)
            assert field.mark is None or present.str.contains(field.mark).all(), (name, field.name)


def test_every_field_that_can_be_missing_is_missing_somewhere_in_typical(typical: Dataset) -> None:
    for name in RECORDED:
        frame = read(typical, name)
        for field in TABLES[name].fields:
            if not field.optional:
                assert frame[field.name].isna().any() == field.nullable, (name, field.name)


def test_keys_lead_somewhere(clean: Dataset) -> None:
    crimes, persons, links = (read(clean, name) for name in ("crimes", "persons", "involvements"))
    events, people, identities = (read(clean, f"truth/{name}") for name in ("events", "people", "identities"))
    assert set(links["crime_id"]) <= set(crimes["crime_id"])
    assert set(links["person_id"]) <= set(persons["person_id"])
    assert set(crimes["unit_id"]) <= set(read(clean, "units")["unit_id"])
    assert set(events["crime_id"].dropna()) == set(crimes["crime_id"])
    assert set(identities["person_id"]) == set(persons["person_id"])
    assert set(identities["person_key"]) | set(events["suspect_key"].dropna()) | set(events["victim_key"]) <= set(
        people["person_key"]
    )


def test_dates_are_in_order_and_within_the_period(clean: Dataset) -> None:
    crimes = read(clean, "crimes")
    last = clean.manifest.as_of
    for before, after in (("occurred_on", "reported_on"), ("reported_on", "recorded_on"), ("recorded_on", "outcome_on")):
        both = crimes[[before, after]].dropna()
        assert (both[before] <= both[after]).all()
    assert (crimes["recorded_on"] <= last).all()


def undone(dataset: Dataset) -> dict[str, pd.DataFrame]:
    """The recorded tables with the ledger undone, from its last row to its first.

    The ledger names a row as the files do, or did before it was left out. Of two rows of one name, as of a link that is there
    twice, a changed one is one that does not hold the true value.
    """
    tables: dict[str, dict[str, list[dict]]] = {}
    for name in ("units", "persons", "crimes", "involvements"):
        rows = tables.setdefault(name, {})
        for row in read(dataset, name).to_dict("records"):
            rows.setdefault(key_of(name, row), []).append(row)
    for entry in read(dataset, "truth/defects").iloc[::-1].itertuples():
        rows = tables[entry.table]
        whole, answer = not isinstance(entry.field, str), isinstance(entry.true_value, str)
        if whole and answer:
            clean = json.loads(entry.true_value)
            row = {field.name: value_of(field.kind, clean[field.name]) for field in TABLES[entry.table].fields}
            rows.setdefault(entry.record_id, []).append(row)
            continue
        if whole:
            rows[entry.record_id].pop()
            continue
        true = value_of(TABLES[entry.table].field(entry.field).kind, entry.true_value if answer else None)
        changed = next(row for row in rows[entry.record_id] if not same(row[entry.field], true))
        changed[entry.field] = true
    return {
        name: pd.DataFrame([row for listed in rows.values() for row in listed], columns=TABLES[name].columns)
        for name, rows in tables.items()
    }


def same(value: object, true: object) -> bool:
    return bool(pd.isna(value)) if true is None else bool(value == true)  # type: ignore[call-overload]


def key_of(table: str, row: dict) -> str:
    return "|".join(row[name] for name in TABLES[table].key)


def value_of(kind: str, text: str | None) -> object:
    if text is None:
        return None
    if kind == "date":
        return pd.Timestamp(text).date()
    return text == "true" if kind == "boolean" else text


def comparable(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    frame = frame.map(lambda value: None if pd.isna(value) else str(value)).astype("object")
    return frame.sort_values(key).reset_index(drop=True)


@pytest.mark.parametrize("profile", ["typical", "merger"])
def test_undone_from_the_ledger_the_clean_records_come_back(profile: str, tmp_path: Path) -> None:
    arguments = {"forces": ["fellgate"], "years": 1, "scale": 0.02, "seed": 5}
    damaged = undone(generate(tmp_path / profile, profile, **arguments))  # type: ignore[arg-type]
    clean = generate(tmp_path / "clean", "clean", **arguments)  # type: ignore[arg-type]
    # Identifiers are shuffled again in each recording, so rows are matched by what they say.
    pd.testing.assert_frame_equal(comparable(damaged["units"], ["unit_id"]), comparable(read(clean, "units"), ["unit_id"]))
    persons = [name for name in TABLES["persons"].columns if name != "person_id"]
    left, right = damaged["persons"][persons], read(clean, "persons")[persons]
    pd.testing.assert_frame_equal(comparable(left, persons), comparable(right, persons))
    crimes = [name for name in TABLES["crimes"].columns if name != "crime_id"]
    left, right = damaged["crimes"][crimes], read(clean, "crimes")[crimes]
    pd.testing.assert_frame_equal(comparable(left, crimes), comparable(right, crimes))

    def links(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
        joined = tables["involvements"].merge(tables["crimes"], on="crime_id").merge(tables["persons"], on="person_id")
        columns = ["role", "relationship", "record_class", "recorded_on", "forename", "surname", "date_of_birth", "phone"]
        return comparable(joined[columns], columns)

    clean_tables = {name: read(clean, name) for name in ("persons", "crimes", "involvements")}
    pd.testing.assert_frame_equal(links(damaged), links(clean_tables))


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.5, 1.0])
def test_every_blank_appears_in_the_ledger_at_its_rate(rate: float, tmp_path: Path) -> None:
    blanks = [defect for defect in REGISTRY if defect.rate.startswith("missing.")]
    profile = check_profile({"missing": {defect.rate.split(".")[1]: rate for defect in blanks}})
    dataset = generate(tmp_path / "dataset", profile, ["durnley"], years=1, scale=0.1, seed=4)
    ledger = read(dataset, "truth/defects")
    links = read(dataset, "involvements")
    crimes = read(dataset, "crimes").query("record_class == 'crime'")
    of_crimes = links["crime_id"].isin(crimes["crime_id"])
    totals = {"persons": len(read(dataset, "persons")), "crimes": len(crimes), "involvements": int(of_crimes.sum())}
    by_role = {role: links.loc[links["role"] == role, "person_id"].nunique() for role in ("suspect", "victim")}
    for defect in blanks:
        key = defect.rate.split(".")[1]
        entered = int((ledger["defect"] == defect.name).sum())
        table = "involvements" if key == "relationship" else "persons" if key in _PERSON_KEYS else "crimes"
        total = by_role.get(key.split("_")[0], totals[table]) if table == "persons" else totals[table]
        if key.startswith("outcome"):
            assert entered <= total
            continue
        # People with no fixed abode have no postcode, and some no telephone, that could be left blank.
        none = 0.01 * total if key in ("postcode", "phone") else 0.0
        assert entered == pytest.approx(rate * total, abs=5 * (total * rate * (1 - rate)) ** 0.5 + none + 1e-9), defect.name


_PERSON_KEYS = {
    *("forename", "surname", "address", "postcode", "phone"),
    *(f"{role}_{field}" for role in ("suspect", "victim") for field in ("date_of_birth", "sex", "ethnicity")),
}


@settings(max_examples=6, deadline=None)
@given(rate=st.sampled_from([0.0, 0.1, 0.4, 0.68]), seed=st.integers(0, 10**6))
def test_the_share_of_further_records_is_the_duplicate_rate(
    rate: float, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    profile = check_profile({"identity": {"duplicate_rate": rate}})
    dataset = generate(tmp_path_factory.mktemp("split") / "d", profile, ["durnley"], years=1, scale=0.1, seed=seed)
    identities = read(dataset, "truth/identities")
    further = 1 - identities["person_key"].nunique() / len(identities)
    assert further == pytest.approx(rate, abs=0.02)


def test_clean_has_an_empty_ledger_and_loses_no_report(clean: Dataset) -> None:
    assert read(clean, "truth/defects").empty
    events = read(clean, "truth/events")
    assert events["crime_id"].notna().equals(events["reported_on"].notna())


def test_silent_units_record_nothing_in_their_months(tmp_path: Path) -> None:
    profile = check_profile({"recording": {"silent_unit": 1.0}})
    dataset = generate(tmp_path / "dataset", profile, ["aldermoor"], scale=0.2, seed=9)
    gaps, crimes, events = (read(dataset, name) for name in ("truth/gaps", "crimes", "truth/events"))
    assert len(gaps) == len(read(dataset, "units"))
    month = pd.to_datetime(crimes["recorded_on"]).dt.to_period("M")
    for gap in gaps.itertuples():
        inside = (month >= pd.Period(gap.first_month, "M")) & (month <= pd.Period(gap.last_month, "M"))
        assert not (inside & (crimes["unit_id"] == gap.unit_id)).any()
        reported = pd.to_datetime(events["reported_on"]).dt.to_period("M")
        crimes_there = (events["unit_id"] == gap.unit_id) & (events["event_class"] == "crime")
        there = crimes_there & (reported >= pd.Period(gap.first_month, "M"))
        assert (there & (reported <= pd.Period(gap.last_month, "M"))).sum() == gap.events_lost


def test_worlds_come_near_the_published_volumes(typical: Dataset) -> None:
    events = read(typical, "truth/events")
    events = events[events["event_class"] == "crime"]
    reported = events["reported_on"].notna()
    residents = read(typical, "units")["population"].sum()
    assert reported.sum() / residents / 3 == pytest.approx(0.0193, rel=0.08)
    rape = events["offence_code"].isin(["019C", "019D"])
    assert reported[rape].mean() == pytest.approx(0.16, abs=0.03)


def test_forces_of_a_region_share_offenders(typical: Dataset) -> None:
    events = read(typical, "truth/events").dropna(subset=["suspect_key", "reported_on"])
    forces = events.groupby("suspect_key")["force"].nunique()
    assert 0.01 < (forces > 1).mean() < 0.08


@given(rate=st.floats(0, 1), weights=st.lists(st.floats(0.1, 10), min_size=1, max_size=50))
def test_tilted_chances_keep_their_mean(rate: float, weights: list[float]) -> None:
    chance = tilt(rate, np.array(weights))
    assert ((chance >= 0) & (chance <= 1)).all()
    assert chance.mean() == pytest.approx(rate, abs=1e-6)


@given(st.text("abcdefghijklmnopqrstuvwxyzé", min_size=1, max_size=15), st.integers(0, 3), st.floats(0, 0.999), st.floats(0, 0.999))
def test_a_typing_slip_changes_a_name_by_one_edit(name: str, kind: int, place: float, side: float) -> None:
    slipped = slip(name, kind, place, side)
    assert abs(len(slipped) - len(name)) <= 1
    assert slipped[0] == name[0]


def test_43_forces_in_six_regions() -> None:
    forces = reference("forces")
    assert len(forces) == 43
    assert forces["region"].nunique() == 6
    assert forces["force"].is_unique


def test_profiles_load_and_refuse_what_they_do_not_know(tmp_path: Path) -> None:
    assert {"clean", "typical"} <= set(profile_names())
    assert load_profile("typical", ("identity.duplicate_rate=0.3",)).identity.duplicate_rate == 0.3
    own = tmp_path / "own.toml"
    own.write_text('base = "typical"\nname = "own"\n[linkage]\nsuspect_not_linked = 0.5\n')
    assert load_profile(str(own)).linkage.suspect_not_linked == 0.5
    assert load_profile(str(own)).missing.victim_ethnicity == 0.61
    for settings_, allowed in ((("identity.no=1",), "identity.duplicate_rate"), (("identity.duplicate_rate=x",), "number")):
        with pytest.raises(InputError, match=allowed):
            load_profile("typical", settings_)
    for text in ('base = "no"', "[linkage]\nno = 1", "[linkage]\nsuspect_not_linked = 2", "= nothing"):
        own.write_text(text)
        with pytest.raises(InputError):
            load_profile(str(own))


def test_every_rate_of_a_defect_has_a_defect_and_the_other_way_round() -> None:
    rates = {defect.rate for defect in REGISTRY}
    assert rates <= set(profile_keys())
    sections = {"identity", "linkage", "offence", "dates", "outcome", "missing", "recording", "equality"}
    others = {"identity.copies_from_legacy", "recording.force_spread", "equality.unequal"}
    assert {key for key in profile_keys() if key.split(".")[0] in sections} - others == rates
    assert isinstance(Profile(), Profile)


@pytest.mark.parametrize(
    "wrong",
    [
        {"years": 0},
        {"scale": 0},
        {"scale": float("nan")},
        {"seed": -1},
        {"forces": ["nowhere"]},
        {"forces": 44},
        {"forces": []},
    ],
)
def test_arguments_out_of_range_are_refused(wrong: dict, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        generate(tmp_path / "dataset", **wrong)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_holds_something_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "mine.txt").write_text("kept")
    with pytest.raises(InputError, match="not empty"):
        generate(tmp_path / "dataset", forces=["fellgate"], scale=0.02)
    assert (tmp_path / "dataset" / "mine.txt").read_text() == "kept"


def test_a_run_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    def stop(sentence: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "dataset", forces=["fellgate"], scale=0.02, progress=stop)
    assert not list(tmp_path.iterdir())


def test_families_are_families(tmp_path: Path) -> None:
    """Relatives share surname and home, parents are older, some siblings are twins and some sons their father's namesake."""
    dataset = generate(tmp_path / "d", "clean", ["juniper-bay"], years=1, scale=0.5, as_of=date(2015, 6, 30))
    persons, links = read(dataset, "persons"), read(dataset, "involvements")
    pairs = links.query("role == 'suspect'").merge(links.query("role == 'victim'"), on=["crime_id", "relationship"])
    pairs = pairs.merge(persons, left_on="person_id_x", right_on="person_id").merge(
        persons, left_on="person_id_y", right_on="person_id", suffixes=("", "_victim")
    )
    pairs = pairs.drop_duplicates(["person_id_x", "person_id_y"])
    age = (pd.to_datetime(pairs["date_of_birth_victim"]) - pd.to_datetime(pairs["date_of_birth"])).dt.days / 365.25
    sibling, parent, child, stranger = (pairs["relationship"] == name for name in ("sibling", "parent", "child", "stranger"))
    same_name = pairs["surname"] == pairs["surname_victim"]
    assert same_name[sibling].mean() > 0.6 > 0.05 > same_name[stranger].mean()
    assert (pairs["postcode"] == pairs["postcode_victim"])[sibling].mean() > 0.4
    assert (age[child] < -17).all()
    assert (age[parent] > 15).mean() > 0.8
    twins = pairs["date_of_birth"] == pairs["date_of_birth_victim"]
    assert 0.02 < twins[sibling].mean() < 0.2
    men = (pairs["sex"] == "M") & (pairs["sex_victim"] == "M")
    assert (pairs["forename"] == pairs["forename_victim"])[men & (child | parent)].mean() > 0.08
    assert (pd.to_datetime(persons["date_of_birth"]) < pd.Timestamp("2015-06-30")).all()


def test_the_smallest_of_worlds_are_worlds_too(tmp_path: Path) -> None:
    """Of a tiny force hardly anybody is known to another one, and a table may have no row."""
    dataset = generate(
        tmp_path / "out", scale=0.002, years=0.25, forces=["old-mint", "fellgate", "rushmere", "stonehythe", "durnley"]
    )
    assert load(tmp_path / "out").forces == dataset.forces
    people = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/people")])
    assert people["person_key"].is_unique
