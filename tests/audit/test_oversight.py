"""Sampling audit, questions and tipping points: what reviewers ask of such data."""

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit import InputError
from audit.effect import Choices, built_in, found_by_blank, measure
from audit.engines import connect
from audit.oversight.differences import differences, tipping_point
from audit.oversight.flip import flip
from audit.oversight.question import answer, check_question, read_question
from audit.oversight.sampling import Batches, draw, read_batches, sampling_audit
from audit.oversight.statuses import statuses
from synthetic import Dataset
from tests.audit.random_world import FORCES, Tables, connected, random_world
from tests.conftest import Outcome
from tests.test_safeguards import assert_nobody

QUESTION = """
name = "Violence by partners and strangers, by place and month"
needs = ["crimes.postcode", "crimes.occurred_on", "suspect.ethnicity"]
[where]
"crimes.offence_group" = ["violence", "harassment", "rape"]
"involvements.relationship" = ["partner", "stranger"]
"""


@pytest.fixture(scope="module")
def tables() -> Tables:
    return random_world(5)


@pytest.fixture(scope="module")
def connection(tables: Tables) -> duckdb.DuckDBPyConnection:
    return connected(tables)


# ---- sampling ------------------------------------------------------------------------------------------------------------


def test_the_truth_of_the_sampling_audit_is_a_plain_count(tables: Tables, connection: duckdb.DuckDBPyConnection) -> None:
    of_class = {crime["crime_id"]: crime["record_class"] or "crime" for crime in tables["crimes"]}
    found = sampling_audit(connection, FORCES, 200)
    for row in found.rates.itertuples():
        logs = [
            event for event in tables["truth_events"]
            if event["force"] == row.force and event["reported_on"] and event["event_class"] != "non_crime"
        ]  # fmt: skip
        recorded = sum(of_class.get(event["crime_id"]) == "crime" for event in logs)
        assert row.truth == pytest.approx(recorded / len(logs))
    for row in found.cancelled.itertuples():
        cancelled = [
            event
            for event in tables["truth_events"]
            if event["force"] == row.force and of_class.get(event["crime_id"]) == "cancelled"
        ]
        wrong = sum(event["event_class"] != "non_crime" for event in cancelled)
        assert row.truth == pytest.approx(wrong / len(cancelled))
        assert row.drawn == min(19, len(cancelled))


@pytest.mark.parametrize("logs", [100, 1000])
def test_the_interval_holds_the_truth_as_often_as_it_says(logs: int) -> None:
    """Units and months that differ much; `tests/benchmarks/sampling.py` draws 2,000 times from generated forces."""
    rng = np.random.default_rng(8)
    sizes = rng.integers(5, 80, 300)
    batches = Batches(sizes, rng.binomial(sizes, rng.beta(8, 1.5, 300)))
    found = [draw(batches, logs, rng) for _ in range(1000)]
    held = np.mean([one.low <= batches.truth <= one.high for one in found])
    assert 0.93 <= held <= 0.97
    assert np.mean([one.design_effect for one in found]) > 1
    assert np.mean([one.rate for one in found]) == pytest.approx(batches.truth, abs=0.01)


def test_as_many_logs_as_are_said_to_be_needed_give_2_points() -> None:
    rng = np.random.default_rng(2)
    sizes = rng.integers(20, 80, 400)
    batches = Batches(sizes, rng.binomial(sizes, 0.85))
    needed = draw(batches, 4000, rng).logs_needed
    widths = [one.high - one.low for one in (draw(batches, needed, rng) for _ in range(50))]
    assert np.mean(widths) == pytest.approx(0.04, abs=0.005)


def test_a_sample_of_logs_names_nobody_and_is_the_same_for_a_seed(small: Dataset, command: Callable[..., Outcome]) -> None:
    first, second = (command("audit", "sample", small.path, "--logs", "200") for _ in range(2))
    assert first.code == 0, first.err
    assert first.out == second.out
    assert "19 cancelled crimes" in first.out
    assert_nobody(first.out, small)
    other = command("audit", "sample", small.path, "--logs", "200", "--seed", "2", "--json")
    assert json.loads(other.out)["rates"][0]["force"] == "durnley"
    refused = command("audit", "sample", small.path, "--logs", "19")
    assert (refused.code, "from 40" in refused.err) == (2, True)


def test_every_force_has_logs(typical: Dataset) -> None:
    with connect(typical) as connection:
        assert list(read_batches(connection)) == sorted(typical.forces)


# ---- questions -----------------------------------------------------------------------------------------------------------


def test_a_question_is_answered_as_by_a_plain_loop(tables: Tables, connection: duckdb.DuckDBPyConnection) -> None:
    content = {
        "name": "One",
        "needs": ["crimes.reported_on", "suspect.date_of_birth", "victim.sex"],
        "where": {"crimes.offence_code": ["008N", "105A"], "crimes.outcome_code": ["1"]},
    }
    found = answer(connection, FORCES, check_question(content)).set_index("force")
    persons = {row["person_id"]: row for row in tables["persons"]}
    linked: dict[tuple[str, str], list[str]] = {}
    for row in tables["involvements"]:
        linked.setdefault((row["crime_id"], row["role"]), []).append(row["person_id"])

    def has(crime_id: str, role: str, field: str) -> bool:
        return any(persons[one][field] is not None for one in linked.get((crime_id, role), []) if one in persons)

    for force in FORCES:
        mine = [crime for crime in tables["crimes"] if crime["force"] == force and crime["record_class"] in (None, "crime")]
        may = [c for c in mine if c["offence_code"] in (None, "008N", "105A") and c["outcome_code"] in (None, "1")]
        certain = [c for c in may if c["offence_code"] and c["outcome_code"]]
        filled = [
            c for c in certain
            if c["reported_on"] and has(c["crime_id"], "suspect", "date_of_birth") and has(c["crime_id"], "victim", "sex")
        ]  # fmt: skip
        row = found.loc[force]
        assert (row["may_be_meant"], row["certainly_meant"], row["answerable"]) == (len(may), len(certain), len(filled))
        assert row["joint"] == pytest.approx(len(filled) / len(may))


def test_a_question_is_asked_by_a_file(small: Dataset, tmp_path: Path, command: Callable[..., Outcome]) -> None:
    path = tmp_path / "question.toml"
    path.write_text(QUESTION)
    asked = command("audit", "question", small.path, path)
    assert asked.code == 0, asked.err
    assert "by partners and strangers" in asked.out
    assert_nobody(asked.out, small)
    row = json.loads(command("audit", "question", small.path, path, "--json").out)[0]
    assert row["answerable"] <= row["certainly_meant"] <= row["may_be_meant"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "name is missing"),
        ('name = "x"\nneeds = ["crimes.secret"]', "a field that is not known"),
        ('name = "x"\nneeds = ["persons.sex"]', "suspect.FIELD"),
        ('name = "x"\nneeds = []', "needs is missing or not valid"),
        ('name = "x"\nneeds = ["crimes.postcode"]\nsecret = 1', "allowed are name, needs and where"),
        ('name = "x"\nneeds = ["crimes.postcode"]\nwhere = {"crimes.offence_code" = "secret"}', "where is missing or not valid"),
        ("name = ", "not valid TOML"),
    ],
)
def test_a_mistake_in_a_question_gives_one_sentence(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "question.toml"
    path.write_text(content)
    with pytest.raises(InputError, match=says) as caught:
        read_question(path)
    assert "secret" not in str(caught.value)


def test_fewer_than_10_crimes_are_not_counted_out(connection: duckdb.DuckDBPyConnection) -> None:
    nobody = check_question({"name": "One", "needs": ["crimes.reported_on"], "where": {"crimes.force": ["nowhere"]}})
    row = answer(connection, FORCES, nobody).iloc[0]
    assert row[["may_be_meant", "certainly_meant", "answerable", "joint"]].isna().all()


# ---- tipping points ------------------------------------------------------------------------------------------------------


@given(
    here=st.integers(10, 500), there=st.integers(10, 500), blank=st.integers(10, 500),
    rate=st.floats(0, 1), other=st.floats(0, 1), blank_rate=st.floats(0, 1),
)  # fmt: skip
def test_at_the_tipping_point_the_difference_is_nil(
    here: int, there: int, blank: int, rate: float, other: float, blank_rate: float
) -> None:
    point, _ = tipping_point(here, rate, there, other, blank, blank_rate)
    share = here / (here + there)
    inside, outside = blank * share, blank * (1 - share)
    in_group = (here * rate + inside * (blank_rate + (1 - share) * point)) / (here + inside)
    beside = (there * other + outside * (blank_rate - share * point)) / (there + outside)
    assert in_group == pytest.approx(beside, abs=1e-9)
    # The blank rows' charges stay as many as they are.
    assert inside * (blank_rate + (1 - share) * point) + outside * (blank_rate - share * point) == pytest.approx(blank * blank_rate)


def test_tipping_points_of_a_dataset(small: Dataset, command: Callable[..., Outcome]) -> None:
    said = command("audit", "tipping", small.path, "persons.ethnicity", "--json")
    assert said.code == 0, said.err
    assert_nobody(said.out, small)
    found = pd.DataFrame(json.loads(said.out))
    assert set(found["finding"]) == {"status", "difference", "people found"}
    shown = found[found["value"].notna()]
    assert {"status", "difference"} <= set(shown["finding"])
    assert (shown[["filled", "blank"]] >= 10).all(axis=None)
    assert (shown["tipping_point"].isna() == shown["beyond_reach"].astype(bool)).all()
    assert found.loc[found["value"].isna(), ["filled", "blank", "tipping_point", "true_value"]].isna().all(axis=None)
    assert_nobody(command("audit", "tipping", small.path, "crimes.occurred_on").out, small)
    refused = command("audit", "tipping", small.path, "secret")
    assert (refused.code, "secret" in refused.err, "crimes.offence_code" in refused.err) == (2, False, True)


@given(filled=st.integers(10, 1000), value=st.floats(0, 1), blank=st.integers(10, 1000), limit=st.floats(0, 1))
@example(filled=10, value=1.6e-19, blank=10, limit=0.0)  # below 0 by less than is shown
def test_at_the_tipping_point_the_whole_is_at_its_limit(filled: int, value: float, blank: int, limit: float) -> None:
    at = flip(filled, value, blank, limit)
    assert (value * filled + at.point * blank) / (filled + blank) == pytest.approx(limit, abs=1e-6)
    assert at.beyond_reach == (not 0 <= at.point <= 1)


def test_a_status_flips_where_the_ledger_hides_bad_values(small: Dataset) -> None:
    """Births blanked where they are impossible: what is left looks sound, and the ledger knows better."""
    with connect(small) as connection:
        persons = connection.execute("SELECT person_id FROM persons ORDER BY person_id LIMIT 300").df()
        hidden = pd.DataFrame(
            {"defect": "d", "family": "other", "table": "persons", "record_id": persons["person_id"], "field": "date_of_birth"}
        ).assign(true_value=["1890-01-01" if number < 200 else "1990-05-05" for number in range(300)])
        connection.register("hidden", hidden)
        connection.execute(
            "CREATE TEMP TABLE changed AS SELECT * REPLACE (CASE WHEN person_id IN (SELECT record_id FROM hidden) THEN NULL "
            "WHEN date_of_birth < DATE '1925-01-01' THEN DATE '1980-02-03' ELSE date_of_birth END AS date_of_birth) FROM persons"
        )
        connection.execute(
            "CREATE OR REPLACE VIEW persons AS SELECT * FROM changed WHERE date_of_birth IS NOT NULL OR person_id IN (SELECT record_id FROM hidden)"
        )
        connection.execute("CREATE OR REPLACE VIEW truth_defects AS SELECT * FROM hidden")
        found = statuses(connection, small.forces, "persons.date_of_birth", small.manifest.as_of).set_index("about")
    row = found.loc["impossible_date.persons.date_of_birth"]
    assert row["blank"] == 300
    assert row["value"] <= row["limit"]
    assert row["true_value"] == pytest.approx(200 / 300)
    assert row["flips"]
    assert "missing.persons.date_of_birth" not in found.index


def test_people_found_by_blank_sum_to_people_found(small: Dataset) -> None:
    instrument = built_in()["harm_365"]
    with connect(small) as connection:
        last = np.datetime64(small.manifest.as_of)
        effect = measure(connection, small.forces, last, Choices(), instruments=[instrument], only_effect=True).effect.iloc[0]
        for field in ("persons.ethnicity", "crimes.offence_code"):
            row = found_by_blank(connection, small.forces, last, field, instrument).iloc[0]
            assert row["filled"] + row["blank"] == effect["truth_size"]
            assert row["filled_found"] + row["blank_found"] == pytest.approx(effect["recall_at_k"] * effect["truth_size"])
        everything = found_by_blank(connection, small.forces, last, "crimes.unit_id", instrument).iloc[0]
    assert everything["filled"] >= row["filled"]


def test_a_true_difference_beyond_the_tipping_point_flips() -> None:
    """Among the filled, group F is charged more; the blank ones hide as many of F that are not charged."""
    persons, crimes, involvements, people, identities = [], [], [], [], []

    def add(count: int, sex: str, recorded: bool, charged: int) -> None:
        for number in range(count):
            key = f"{len(persons):04d}"
            persons.append({"person_id": f"SYN-{key}", "force": "north", "sex": sex if recorded else None})
            people.append({"person_key": key, "force": "north", "sex": sex})
            identities.append({"person_id": f"SYN-{key}", "person_key": key})
            crimes.append({"crime_id": f"SYN-C{key}", "force": "north", "outcome_code": "1" if number < charged else None})
            involvements.append({"crime_id": f"SYN-C{key}", "person_id": f"SYN-{key}", "role": "suspect"})

    for sex, filled_charged, blank_charged in (("F", 30, 0), ("M", 20, 40)):
        add(100, sex, True, filled_charged)
        add(100, sex, False, blank_charged)
    names = ("units", "truth_events", "truth_gaps")
    tables: Tables = {
        "persons": persons, "crimes": crimes, "involvements": involvements, "truth_people": people, "truth_identities": identities,
        **{name: [] for name in names},
    }  # fmt: skip
    row = differences(connected(tables), ["north"], "persons.sex").set_index("about").loc["F"]
    assert row["value"] == pytest.approx(0.1)
    assert row["tipping_point"] == pytest.approx(-0.1)
    assert row["true_value"] == pytest.approx(-0.4)
    assert row["flips"]
    assert pd.notna(row["tipping_point"])
