"""Two audits compared: what got worse or vanished is reported, chance is not, and a pipeline can stop on it."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from audit import AuditOptions, Results, audit_dataset, write_results
from audit.oversight.compare import changed_first, compare
from audit.presentation.changes import changed_checks_table
from audit.readiness.thresholds import Thresholds
from audit.readiness.verdict import judge
from synthetic import generate
from tests.conftest import Outcome

FORCES = ["durnley", "fellgate"]


@pytest.fixture(scope="module")
def two_months(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results, Path]:
    folder = tmp_path_factory.mktemp("compare")
    results = []
    for number, (profile, seed) in enumerate([("clean", 5), ("typical", 5)]):
        dataset = generate(folder / f"data-{number}", profile, FORCES, years=1, scale=0.025, seed=seed)
        results.append(audit_dataset(dataset))
        write_results(results[-1], folder / f"results-{number}")
    return results[0], results[1], folder


def test_what_got_worse_is_reported_both_ways(two_months: tuple[Results, Results, Path]) -> None:
    clean, typical, _ = two_months
    forward, back = compare(clean, typical).checks, compare(typical, clean).checks
    worse = forward[forward["check_id"] == "missing.persons.ethnicity"]
    assert set(worse["change"]) == {"worse"}
    assert (worse["low"] > 0).all()
    assert (worse["q_value"] < 0.001).all()
    assert (forward["change"].eq("worse") == back["change"].eq("better")).all()
    assert forward["difference"].to_numpy() == pytest.approx(-back["difference"].to_numpy(), nan_ok=True)


def test_nothing_changes_against_itself(two_months: tuple[Results, Results, Path]) -> None:
    comparison = compare(two_months[1], two_months[1])
    assert set(comparison.checks["change"]) == {"same"}
    assert not comparison.crossed("warn")
    assert comparison.forces["gates_newly_failed"].map(len).sum() == 0


def test_chance_is_not_reported(tmp_path: Path) -> None:
    results = [
        audit_dataset(
            generate(tmp_path / str(seed), "typical", ["durnley"], years=1, scale=0.02, seed=seed),
            AuditOptions(only=["missing"], skip=["*outcome*"]),
        )
        for seed in (1, 2)
    ]
    found = compare(*results).checks
    tested = found[found["p_value"].notna()]
    # Forces of one profile differ, as force_spread says; but where nothing differs at all, nothing is reported.
    equal = tested[tested["old_rate"] == tested["new_rate"]]
    assert set(equal["change"]) == {"same"}
    assert (tested.loc[tested["change"] != "same", "q_value"] <= 0.05).all()
    assert (tested["q_value"] >= tested["p_value"] - 1e-12).all()


def test_the_interval_of_a_difference_is_newcombes(two_months: tuple[Results, Results, Path]) -> None:
    row = compare(two_months[0], two_months[1]).checks.dropna(subset=["low"]).iloc[0]
    assert row["low"] <= row["difference"] <= row["high"]
    # 56 of 70 less 48 of 80, Newcombe 1998, table II: 0.0524 to 0.3339.
    from audit.statistics import wilson

    a, b = (tuple(float(v[0]) for v in wilson(np.array([n]), np.array([m]))) for n, m in ((56, 70), (48, 80)))
    low = a[0] - b[0] - np.hypot(a[0] - a[1], b[2] - b[0])
    assert round(low, 4) == 0.0524


def test_the_command_reports_and_stops_a_pipeline(
    two_months: tuple[Results, Results, Path], command: Callable[..., Outcome]
) -> None:
    folder = two_months[2]
    shown = command("audit", "compare", folder / "results-0", folder / "results-1", "--fail-on", "fail")
    assert shown.code == 1
    assert "| worse | missing.persons.ethnicity |" in shown.out
    back = command("audit", "compare", folder / "results-1", folder / "results-0", "--fail-on", "warn", "--json")
    assert back.code == 0
    content = json.loads(back.out)
    assert {row["force"] for row in content["forces"]} == set(FORCES)
    assert content["first"]["as_of"] == content["second"]["as_of"] == "2025-03-31"
    assert content["first_is_later"] is False
    bad = command("audit", "compare", folder / "results-1", folder / "nothing")
    assert bad.code == 2
    assert "audit.json" in bad.err


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    """One world at two dates, and its later month with a force less, with a check less, and with other thresholds."""
    folder = tmp_path_factory.mktemp("months")
    small = {"years": 1, "scale": 0.02, "seed": 9}
    november = generate(folder / "november", "typical", FORCES, as_of=date(2024, 11, 30), **small)
    december = generate(folder / "december", "typical", FORCES, as_of=date(2024, 12, 31), **small)
    alone = generate(folder / "alone", "typical", FORCES[:1], as_of=date(2024, 12, 31), **small)
    limits = Thresholds.model_validate({"types": {"missing": {"warn": 0.5, "fail": 0.6}}})
    few = {"only": ["missing", "duplicate_identities", "stands_out", "unequal.persons.ethnicity.by_sex", "reporting_gaps.crimes"]}
    of_december = audit_dataset(december, AuditOptions(**few))
    return {
        "november": audit_dataset(november, AuditOptions(**few)),
        "december": of_december,
        "one force": audit_dataset(alone, AuditOptions(**few)),
        "one check less": audit_dataset(december, AuditOptions(**few, skip=["missing.persons.sex"])),
        "other limits": judge(of_december, limits),  # as an audit with these limits, see test_thresholds
    }


def test_the_order_given_is_kept_and_the_later_first_is_said(months: dict[str, Results]) -> None:
    """A folder's name says nothing of its date: december comes before november in the alphabet."""
    forwards, back = compare(months["november"], months["december"]), compare(months["december"], months["november"])
    assert (forwards.first_is_later, back.first_is_later) == (False, True)
    assert back.dates == (date(2024, 12, 31), date(2024, 11, 30))
    assert any("swap" in note for note in back.notes)
    assert not any("swap" in note for note in forwards.notes)
    assert forwards.checks["difference"].to_numpy() == pytest.approx(-back.checks["difference"].to_numpy(), nan_ok=True)


@pytest.mark.parametrize("name", ["one force", "one check less"])
def test_what_vanished_counts_as_worse(name: str, months: dict[str, Results]) -> None:
    comparison = compare(months["december"], months[name])
    assert comparison.checks["change"].eq("gone").any()
    assert comparison.crossed("warn")
    assert comparison.crossed("fail")
    back = compare(months[name], months["december"])
    assert back.checks["change"].eq("appeared").any()
    assert not back.checks["change"].eq("gone").any()


def test_a_force_that_is_in_one_run_only_has_a_row(months: dict[str, Results]) -> None:
    forces = compare(months["december"], months["one force"]).forces.set_index("force")
    assert set(forces.index) == set(FORCES)
    assert forces.loc[FORCES[1], "new_status"] == "not in the data"


def test_changed_options_thresholds_checks_and_forces_are_listed(months: dict[str, Results]) -> None:
    before = months["december"]
    limits = "\n".join(compare(before, months["other limits"]).notes)
    assert "Threshold types.missing.fail: the project's own, then 0.6." in limits
    assert "same dataset" in limits
    assert "Option skip: none, then missing.persons.sex." in compare(before, months["one check less"]).notes
    assert f"Forces only in the first run: {FORCES[1]}." in compare(before, months["one force"]).notes
    assert compare(before, before).notes == ("Both runs are of the same dataset: what differs comes from how it was audited.",)


def test_differences_in_people_found_have_an_interval(two_months: tuple[Results, Results, Path]) -> None:
    forces = compare(two_months[0], two_months[1]).forces.dropna(subset=["recall_difference"])
    assert len(forces)
    assert (forces["recall_difference"] == forces["new_recall"] - forces["old_recall"]).all()
    assert forces["recall_difference"].between(forces["recall_low"], forces["recall_high"]).all()
    assert (forces["recall_low"] < forces["recall_high"]).all()


def test_the_widest_change_comes_first(two_months: tuple[Results, Results, Path]) -> None:
    shown = changed_first(compare(two_months[0], two_months[1]).checks)
    worse = shown[shown["change"] == "worse"]["difference"].abs()
    assert len(worse) > 1
    assert worse.is_monotonic_decreasing


def _with(results: Results, check_id: str, **values: object) -> Results:
    """The results with other values in the rows of a check over the whole period."""
    checks = results["checks"].copy()
    mine = checks["check_id"].eq(check_id) & checks["month"].isna()
    for name, value in values.items():
        checks.loc[mine, name] = value
    return results.with_tables(results.summary, checks=checks)


@pytest.mark.parametrize("check_id", ["unequal.persons.ethnicity.by_sex", "stands_out.crimes.cancelled", "reporting_gaps.crimes"])
def test_what_is_no_share_of_rows_is_not_tested_as_one(check_id: str, months: dict[str, Results]) -> None:
    """An excess is nil until it is beyond chance: from nil to a tenth is no tenth of the rows that changed."""
    nothing = _with(months["november"], check_id, failed=0, total=400, rate=0.0, low=0.0, high=0.01, status="pass")
    excess = _with(months["november"], check_id, failed=40, total=400, rate=0.1, low=0.07, high=0.13, status="fail")
    forwards, back = compare(nothing, excess), compare(excess, nothing)
    found = forwards.checks[forwards.checks["check_id"] == check_id]
    assert set(found["change"]) == {"not tested"}
    assert found[["low", "p_value", "q_value"]].isna().all(axis=None)
    assert found["difference"].to_numpy() == pytest.approx(0.1)
    # A status that is newly worse stops a pipeline all the same: the check's own rule has set chance aside.
    assert forwards.crossed("fail")
    assert not back.crossed("fail")
    assert "| not tested |" in changed_checks_table(forwards, {}).as_markdown()


def test_an_estimate_is_compared_by_its_own_interval(months: dict[str, Results]) -> None:
    """From 5% to 6% of 10,000 records a count would differ; estimates of ± 2 points do not, and those of ± 0.2 do."""
    name = "duplicate_identities.persons"
    for half, change in ((0.02, "same"), (0.002, "worse")):
        old, new = (
            _with(months["november"], name, failed=round(10_000 * rate), total=10_000, rate=rate, low=rate - half, high=rate + half)
            for rate in (0.05, 0.06)
        )
        found = compare(old, new).checks
        assert set(found.loc[found["check_id"] == name, "change"]) == {change}


def test_other_settings_of_the_profile_and_of_the_generator_are_listed(
    two_months: tuple[Results, Results, Path], months: dict[str, Results]
) -> None:
    notes = " ".join(compare(two_months[0], two_months[1]).notes)
    assert "Profile: clean, then typical." in notes
    assert "Profile setting " in notes
    assert "Made with scale" not in notes
    assert "Made with scale: 0.025, then 0.02." in " ".join(compare(two_months[1], months["november"]).notes)
    assert not [note for note in compare(two_months[0], two_months[0]).notes if "rofile" in note or "Made with" in note]
