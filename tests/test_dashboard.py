"""What the pages are made of: scenarios that show what they say, jobs that can be stopped, periods, parts that differ."""

import threading
import time

import pandas as pd
import pytest

from audit import InputError, Results
from audit.readiness.assess import WORST_FIRST
from audit.readiness.thresholds import Thresholds
from audit.report.content import gates_table, of_all_forces, points, scorecard
from audit.simulation.twin import KEYS, Rates, profile_of, rates_as_toml
from dashboard.jobs import Job
from dashboard.lessons import SCENARIOS, Scenario, lab
from dashboard.pages.identities import side_by_side
from dashboard.pages.missing_fields import over_months
from dashboard.pages.overview import AS_IN_THE_DATA, ORDERS, _ordered


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
        raise InputError(None, "One sentence.")

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
    summed = over_months(missing[missing["month"].notna()], Thresholds()).set_index(["check_id", "force"])
    for name in ("failed", "total", "status"):
        assert summed[name].equals(whole[name].reindex(summed.index).astype(summed[name].dtype)), name
    lenient = Thresholds.model_validate({"types": {"missing": {"warn": 1.0, "fail": 1.0}}})
    assert set(over_months(missing[missing["month"].notna()], lenient)["status"]) == {"pass"}


def test_checks_of_all_forces_count_what_their_forces_do(typical_results: Results) -> None:
    checks = typical_results["checks"]
    of_forces = checks[checks["month"].isna()]
    whole = of_all_forces(of_forces).set_index("check_id")
    for name in ("failed", "total"):
        assert whole[name].sum() == of_forces[name].sum()
    assert (whole[["fail", "error", "warn", "pass", "not_applicable"]].sum(axis=1) == 3).all()
    worst = of_forces[of_forces["check_id"] == "missing.persons.ethnicity"].sort_values("rate").iloc[-1]
    assert whole.loc["missing.persons.ethnicity", ["force", "worst"]].tolist() == [worst["force"], worst["rate"]]
    assert whole["fail"].is_monotonic_decreasing
    # A force that could not count a check has no rate; another's must not stand beside its name.
    broken = of_forces["force"].eq("durnley") & of_forces["check_id"].eq("missing.persons.ethnicity")
    spoiled = of_forces.assign(status=of_forces["status"].mask(broken, "error"), rate=of_forces["rate"].mask(broken))
    spoiled = spoiled.assign(status=spoiled["status"].mask(~broken & spoiled["check_id"].eq("missing.persons.ethnicity"), "pass"))
    row = of_all_forces(spoiled).set_index("check_id").loc["missing.persons.ethnicity"]
    assert (row["status"], row["force"]) == ("error", "durnley")
    assert pd.isna(row["worst"])


def test_the_scorecard_can_be_ordered_by_each_of_its_columns(typical_results: Results) -> None:
    as_they_are = [row.force for row in typical_results.summary.forces]
    assert [row.force for row in _ordered(typical_results, AS_IN_THE_DATA).summary.forces] == as_they_are
    for order in ORDERS[1:]:
        ordered = _ordered(typical_results, order)
        assert {row.force for row in ordered.summary.forces} == set(as_they_are)
        if order == "people found":
            assert scorecard(ordered)[order].astype(float).is_monotonic_increasing, order
        elif order != "status":
            assert scorecard(ordered)[order].map(WORST_FIRST.index).is_monotonic_increasing, order


def test_a_gate_that_fails_in_many_forces_names_the_worst(typical_results: Results) -> None:
    readiness = typical_results["readiness"]
    one = readiness[(readiness["force"] == "durnley") & readiness["instrument"].eq("harm_365")]
    many, names = [], []
    for place in range(20):
        row = typical_results.summary.forces[0].model_copy(update={"force": f"f-{place}", "force_name": f"Force {place:02}"})
        names.append(row)
        many.append(one.assign(force=row.force, status="not met", value=0.2 + place / 100))
    summary = typical_results.summary.model_copy(update={"forces": names})
    table = gates_table(typical_results.with_tables(summary, readiness=pd.concat(many)))
    told = {row[0].text: row[2].text for row in table.rows}
    assert told["Named suspects linked"].startswith("20 of 20 forces; the worst: Force 00 20.0%, Force 01 21.0%")
    assert told["Impossible dates"].startswith("20 of 20 forces; the worst: Force 19 39.0%, Force 18 38.0%")
    assert "Force 06" not in told["Named suspects linked"]


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


def test_a_difference_of_nothing_has_no_sign() -> None:
    assert [points(value) for value in (0.0, -0.0001, 0.012, -0.5, None)] == ["0.0", "0.0", "+1.2", "−50.0", "–"]


def test_rates_become_the_profiles_keys() -> None:
    rates = Rates(duplicate_records=0.3, named_suspects_linked=0.9, reports_recorded=0.8, profile="clean")
    profile = profile_of(rates)
    assert profile.rate("identity.duplicate_rate") == 0.3
    assert profile.rate("linkage.suspect_not_linked") == pytest.approx(0.1)
    assert profile.rate("recording.not_recorded_hidden") == pytest.approx(0.2)
    assert profile.rate("missing.offence_code") == 0.0
    assert all(name in rates_as_toml(rates) for name in KEYS)
