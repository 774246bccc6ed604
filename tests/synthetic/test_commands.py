"""The generator's command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome


def test_profiles_lists_them(command: Callable[..., Outcome]) -> None:
    outcome = command("synthetic", "profiles", "--json")
    assert outcome.code == 0
    assert {"clean", "typical"} <= set(json.loads(outcome.out))
    assert "typical" in command("synthetic", "profiles").out


def test_generate_and_verify(tmp_path: Path, shell: Callable[..., Outcome]) -> None:
    out = tmp_path / "dataset"
    done = shell("synthetic", "generate", out, "--forces", "fellgate", "--scale", "0.02", "--years", "1", "--workers", "1")
    assert done.code == 0, done.err
    assert "crimes" in done.out
    assert "Generated 1 of 1 forces" in done.err
    verified = shell("synthetic", "verify", out)
    assert verified.code == 0
    assert verified.out.startswith("Passed")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["generate", "OUT", "--profile", "nowhere"], "--profile takes one of clean, merger"),
        (["generate", "OUT", "--set", "identity.no=1"], "identity.duplicate_rate"),
        (["generate", "OUT", "--set", "nonsense"], "section.key=value"),
        (["generate", "OUT", "--as-of", "31/03/2025"], "2025-03-31"),
        (["generate", "OUT", "--forces", "0"], "between 1 and 43"),
        (["generate", "OUT", "--seed", "x"], "--seed"),
        (["generate", "OUT", "--scale", "-1"], "scale"),
        (["generate", "/proc/nowhere/dataset"], "cannot be written"),
        (["generate"], "OUT"),
        (["verify", "nowhere"], "no such dataset folder"),
        (["nonsense"], "nonsense"),
        ([], "Missing command"),
    ],
)
def test_bad_input_gets_one_line_and_exit_2(
    arguments: list[str], says: str, tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    outcome = command("synthetic", *[str(tmp_path / "out") if word == "OUT" else word for word in arguments])
    assert outcome.code == 2
    assert outcome.out == ""
    assert len(outcome.err.strip().splitlines()) == 1
    assert says in outcome.err
    assert not (tmp_path / "out").exists()
