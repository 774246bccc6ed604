"""What the pages are made of: scenarios that show what they say, jobs that can be stopped, periods, parts that differ."""

import threading
import time

import pandas as pd
import pytest

from audit import InputError, Results
from audit.experiments.twin import KEYS, Rates, profile_of, rates_as_toml
from dashboard import lab
from dashboard.identities import side_by_side
from dashboard.jobs import Job
from dashboard.missing_fields import over_months
from dashboard.scenarios import SCENARIOS, Scenario


def test_there_are_enough_scenarios_and_each_is_whole() -> None:
    assert len(SCENARIOS) >= 12
    assert len({one.slug for one in SCENARIOS}) == len(SCENARIOS)
    for one in SCENARIOS:
        assert one.question.endswith("?"), one.slug
        assert one.takeaway.endswith("."), one.slug
        assert one.source.endswith("."), one.slug


@pytest.fixture(scope="module")
def made() -> dict[lab.Recipe, lab.Lab]:
    return {}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.slug)
def test_a_scenario_reveals_clean_beside_spoiled(scenario: Scenario, made: dict[lab.Recipe, lab.Lab]) -> None:
    dose = list(scenario.doses)[-1]
    labs = []
    for recipe in (scenario.clean, scenario.doses[dose]):
        if recipe not in made:
            made[recipe] = lab.make(recipe, lambda sentence, share: None)
        labs.append(made[recipe])
    told = scenario.reveal(labs[0], labs[1], dose)
    assert told.sentence.endswith(".")
    assert told.table.rows
    assert "nan" not in told.sentence
    assert all(len(row) == len(told.table.columns) for row in told.table.rows)
    if scenario.reveal.__name__ in ("_effect", "_fragments", "_months"):
        assert labs[0].figure("recall_at_k") == 1.0
        assert labs[1].figure("recall_at_k") < 1.0


def test_a_job_can_be_stopped_and_tells_errors_in_a_sentence() -> None:
    begun = threading.Event()

    def long(tell: lab.Callable[[str, float], None]) -> None:
        for _ in range(1000):
            tell("At work", 0.5)
            begun.set()
            time.sleep(0.01)

    job = Job(long)
    assert begun.wait(5)
    job.stop()
    assert job.done.wait(5)
    assert job.error is not None
    assert "Stopped" in job.error

    def wrong(tell: object) -> None:
        raise InputError("One sentence.")

    def broken(tell: object) -> None:
        raise KeyError("secret")

    for work, says in ((wrong, "One sentence."), (broken, "could not be made")):
        job = Job(work)
        assert job.done.wait(5)
        assert says in str(job.error)
        assert "secret" not in str(job.error)


def test_counts_over_all_months_are_those_of_the_period(typical_results: Results) -> None:
    checks = typical_results["checks"]
    missing = checks[(checks["check_type"] == "missing") & (checks["table"] != "units")]
    whole = missing[missing["month"].isna()].set_index(["check_id", "force"])
    summed = over_months(missing[missing["month"].notna()]).set_index(["check_id", "force"])
    for name in ("failed", "total", "status"):
        assert summed[name].equals(whole[name].reindex(summed.index).astype(summed[name].dtype)), name


def test_parts_that_differ_are_marked_and_nothing_is_run() -> None:
    records = pd.DataFrame(
        {
            "forename": ["Katherine", "Catherine"], "surname": ["<b>Smith", None],
            "date_of_birth": [pd.Timestamp("1990-01-02")] * 2,
            "sex": ["F", "F"], "address": ["1 Road", "2 Road"], "postcode": [None, "VA1 1AA"], "phone": [None, None],
            "force": ["a", "a"], "source_system": ["records", "custody"],
        }
    )  # fmt: skip
    shown = side_by_side(records)
    assert "<mark>C</mark>atherine" in shown
    assert "<b>" not in shown
    assert "&lt;b&gt;Smith" in shown
    assert shown.count("<em>blank</em>") == 4
    assert "1990-01-02" in shown


def test_rates_become_the_profiles_keys() -> None:
    rates = Rates(duplicate_records=0.3, named_suspects_linked=0.9, reports_recorded=0.8, profile="clean")
    profile = profile_of(rates)
    assert profile.rate("identity.duplicate_rate") == 0.3
    assert profile.rate("linkage.suspect_not_linked") == pytest.approx(0.1)
    assert profile.rate("recording.not_recorded_hidden") == pytest.approx(0.2)
    assert profile.rate("missing.offence_code") == 0.0
    assert all(name in rates_as_toml(rates) for name in KEYS)
