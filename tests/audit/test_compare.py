"""Two audits held against each other: what got worse is told, chance is not, and a pipeline can stop on it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audit import Results, audit_dataset, write_results
from audit.oversight.compare import compare
from synthetic import generate
from tests.conftest import Outcome

FORCES = ["durnley", "fellgate"]


@pytest.fixture(scope="module")
def two_months(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results, Path]:
    folder = tmp_path_factory.mktemp("compare")
    results = []
    for number, (profile, seed) in enumerate([("clean", 5), ("typical", 5)]):
        dataset = generate(folder / f"data-{number}", profile, FORCES, scale=0.1, seed=seed)
        results.append(audit_dataset(dataset))
        write_results(results[-1], folder / f"results-{number}")
    return results[0], results[1], folder


def test_what_got_worse_is_told_both_ways(two_months: tuple[Results, Results, Path]) -> None:
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
    assert comparison.forces["gates_failed_anew"].map(len).sum() == 0


def test_chance_is_not_told(tmp_path: Path) -> None:
    results = [
        audit_dataset(
            generate(tmp_path / str(seed), "typical", ["durnley"], scale=0.2, seed=seed), only=["missing"], skip=["*outcome*"]
        )
        for seed in (1, 2)
    ]
    told = compare(*results).checks
    tested = told[told["p_value"].notna()]
    # Forces of one profile differ, as force_spread says; but where nothing differs at all, nothing is told.
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


def test_the_command_tells_and_stops_a_pipeline(two_months: tuple[Results, Results, Path], command: Callable[..., Outcome]) -> None:
    folder = two_months[2]
    shown = command("audit", "compare", folder / "results-0", folder / "results-1", "--fail-on", "fail")
    assert shown.code == 1
    assert "| worse | missing.persons.ethnicity |" in shown.out
    back = command("audit", "compare", folder / "results-1", folder / "results-0", "--fail-on", "warn", "--json")
    assert back.code == 0
    assert {row["force"] for row in json.loads(back.out)["forces"]} == set(FORCES)
    bad = command("audit", "compare", folder / "results-1", folder / "nothing")
    assert bad.code == 2
    assert "audit.json" in bad.err
