"""Habits of the codebase: examples run, the reference is current, hooks are what CI checks, modules stay short."""

import doctest
import importlib
import importlib.metadata
import re
import runpy
import tomllib
from pathlib import Path

import pytest

import synthetic
from audit import Results
from tests.conftest import ROOT

PACKAGES = ("synthetic", "audit", "dashboard")
MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
WITH_EXAMPLES = [path for path in MODULES if ">>> " in path.read_text(encoding="utf-8")]
MOST_LINES = 400
LONGER = {"synthetic.contract": 450}
"""Modules that may be longer: the contract is one list of declarations."""


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=module_name)
def test_examples_in_docstrings_are_true(path: Path) -> None:
    done = doctest.testmod(importlib.import_module(module_name(path)))
    assert done.attempted > 0
    assert done.failed == 0


def test_there_are_examples_in_docstrings() -> None:
    assert len(WITH_EXAMPLES) >= 3


def test_the_reference_is_current() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "reference.py"))["reference"]()
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == made, "run `python docs/reference.py`"


def test_the_example_of_the_python_interface_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ROOT / "docs" / "examples" / "audit_a_force.py"
    assert len(path.read_text().splitlines()) <= 20
    monkeypatch.setattr("sys.argv", [str(path), str(tmp_path)])
    runpy.run_path(str(path), run_name="__main__")
    printed = capsys.readouterr()
    assert "100%" in printed.err
    assert "missing.persons." in printed.out
    assert "duplicate identities" in printed.out
    assert (tmp_path / "results" / "audit.json").is_file()


def test_results_are_a_scorecard_in_a_notebook(typical_results: Results) -> None:
    shown = typical_results._repr_html_()
    for row in typical_results.summary.forces:
        assert row.force_name in shown
        assert row.status in shown
    assert shown.count("<tr>") == 1 + len(typical_results.summary.forces)
    assert not re.search(r"SYN-|person_id", shown)


def test_hooks_are_what_ci_checks_and_download_nothing() -> None:
    config = (ROOT / ".pre-commit-config.yaml").read_text()
    entries = set(re.findall(r"^ +entry: (.+)$", config, re.MULTILINE))
    checked = {line for line in (ROOT / ".ci" / "run").read_text().splitlines() if re.match(r"(ruff|mypy|lint-imports)", line)}
    assert entries == checked
    assert set(re.findall(r"repo: (\S+)", config)) == {"local"}
    assert set(re.findall(r"language: (\S+)", config)) == {"system"}


def test_the_version_is_said_once_and_the_project_is_private() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "Private :: Do Not Upload" in project["classifiers"]
    assert synthetic.__version__ == importlib.metadata.version(project["name"])
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_mypy_is_strict() -> None:
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert mypy["strict"] is True
    assert not any("strict" in override or "ignore_errors" in override for override in mypy.get("overrides", []))


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_no_module_is_over_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGER.get(module_name(path), MOST_LINES)
