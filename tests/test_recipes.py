"""Each recipe of CONTRIBUTING.md, performed as it stands there on a copy of the project, and found wherever it should show."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(title: str) -> list[str]:
    """The code of a recipe, one text for each block."""
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", CONTRIBUTING, re.MULTILINE | re.DOTALL)
    assert section is not None, f"no recipe for {title}"
    found: list[list[str]] = [[]]
    for line in section[1].splitlines():
        if line.startswith("    ") or (not line and found[-1]):
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    texts = [textwrap.dedent("\n".join(lines)).strip("\n") for lines in found if any(lines)]
    # Blocks with only an empty line between them are one; those of several places are known by what begins them.
    return [part for text in texts for part in re.split(r"\n\n(?=(?:\"\w+\": |DashboardPage\())", text)]


def insert(path: Path, after: str, text: str, indent: str = "    ") -> None:
    """Put lines below the first line that begins so."""
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip().startswith(after)) + 1
    path.write_text("\n".join([*lines[:at], textwrap.indent(text, indent), *lines[at:]]) + "\n", encoding="utf-8")


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + f"\n\n{text}\n", encoding="utf-8")


class Tree:
    """A copy of the project."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.printed: dict[str, str] = {}
        for name in ("synthetic", "audit", "dashboard", "docs"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*.png"))
        shutil.copy(ROOT / "app.py", root)

    def run(self, commands: dict[str, list[str]]) -> dict[str, str]:
        """What commands print, by the names given to them; they run one after another in one new process."""
        script = textwrap.dedent("""
            import contextlib, io, json, runpy, sys
            printed = {}
            for name, (program, *arguments) in json.loads(sys.argv[1]).items():
                sys.argv = [program, *arguments]
                out = io.StringIO()
                with contextlib.redirect_stdout(out):
                    try:
                        if program == "-c":
                            exec(arguments[0], {"__name__": "__main__"})
                        elif program.endswith(".py"):
                            runpy.run_path(program, run_name="__main__")
                        else:
                            runpy.run_module(program, run_name="__main__", alter_sys=True)
                    except SystemExit as end:
                        assert not end.code, (name, end.code)
                printed[name] = out.getvalue()
            print(json.dumps(printed))
        """)
        done = subprocess.run(
            [sys.executable, "-c", script, json.dumps(commands)],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return dict(json.loads(done.stdout.splitlines()[-1]))


def add_defect(tree: Path) -> None:
    append(tree / "synthetic" / "defects" / "dates.py", blocks("A defect")[0])
    path = tree / "synthetic" / "contract.py"
    content = path.read_text(encoding="utf-8")
    changed = content.replace('"date_in_future", ', '"date_in_future", "date_day_early", ', 1)
    assert changed != content
    path.write_text(changed, encoding="utf-8")


def add_field(tree: Path) -> None:
    field, source = blocks("A field of persons")
    insert(tree / "synthetic" / "contract.py", 'Field("created_on", "date", "When the person record was made."),', field, " " * 8)
    recording = tree / "synthetic" / "recording" / "__init__.py"
    insert(recording, '"source_system": draw_systems(', source, " " * 8)


def add_page(tree: Path) -> None:
    show, entry = blocks("A page")
    head = '"""Forces: which are in the data."""\n\nimport streamlit as st\n\nfrom dashboard.cache import View\n\n\n'
    (tree / "dashboard" / "pages" / "forces.py").write_text(f"{head}{show}\n", encoding="utf-8")
    insert(tree / "dashboard" / "__init__.py", "PAGES = (", entry)


def add_check(tree: Path) -> None:
    catalogue = tree / "audit" / "checks" / "catalogue" / "keys.py"
    insert(catalogue, "CHECKS: tuple[Check, ...] = (", blocks("A check")[0])
    insert(
        catalogue, "from audit.checks.types.base import Check", "from audit.checks.types.values import Missing, SingleLetter", ""
    )


def add_check_type(tree: Path) -> None:
    append(tree / "audit" / "checks" / "types" / "values.py", "\n\n".join(blocks("A type of check")))
    check = 'SingleLetter("single_letter.persons.surname", table="persons", field="surname", warn=0.01, fail=0.1),'
    insert(tree / "audit" / "checks" / "catalogue" / "keys.py", "CHECKS: tuple[Check, ...] = (", check)


def add_engine(tree: Path) -> None:
    head = '"""An engine for a test."""\n\nfrom audit.engines.pandas import Pandas\n\n\n'
    (tree / "audit" / "engines" / "again.py").write_text(head + "\n\n".join(blocks("An engine")) + "\n", encoding="utf-8")
    path = tree / "audit" / "engines" / "__init__.py"
    changed = path.read_text(encoding="utf-8").replace("Spark())}", "Spark(), Again())}")
    path.write_text(changed, encoding="utf-8")
    insert(path, "from audit.engines.pandas import Pandas", "from audit.engines.again import Again", "")


PAGE = """
from streamlit.testing.v1 import AppTest
import dashboard, sys
sys.argv = ["app.py", "--results", "results"]
assert "forces" in [page.path for page in dashboard.PAGES]
text = "from dashboard import page_of; from dashboard.shell import run_page; run_page(page_of('forces'))"
app = AppTest.from_string(text, default_timeout=60).run()
assert not app.exception, app.exception
print(*(str(element.proto) for block in (app.main, app.sidebar) for element in block if hasattr(element, "proto")))
"""
CHECKS = ["missing.crimes.offence_code_again", "single_letter.persons.surname"]
RATE = "from synthetic.profile import load_profile; print(load_profile('typical').rate('dates.day_early'))"
COMMANDS = {
    "generate": ["synthetic", "generate", "data", "--forces", "durnley", "--years", "1", "--scale", "0.02", "--workers", "1",
                 "--set", "dates.day_early=0.5", "--set", "missing.offence_code=0.05"],
    "run": ["audit", "run", "data", "--out", "results", "--instrument", "mine.toml"],
    "reference": ["docs/reference.py"],
    "score": ["audit", "score", "data", "results", "--json"],
    "typical": ["-c", RATE],
    "describe": ["synthetic", "describe", "data"],
    "rows": ["audit", "rows", "data", "missing.persons.interpreter"],
    "catalogue": ["audit", "catalogue"],
    "report": ["audit", "report", "results", "--out", "report.html"],
    "again": ["audit", "run", "data", "--out", "again", "--engine", "again", "--only", "missing", "--only", "cardinality", "--only", "single_letter"],
    "page": ["-c", PAGE],
    **{f"rows {check}": ["audit", "rows", "data", check] for check in CHECKS},
}  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The copy with every recipe performed, a dataset and its audit, and what every command printed."""
    made = Tree(tmp_path_factory.mktemp("recipes") / "project")
    add_defect(made.root)
    add_field(made.root)
    add_page(made.root)
    add_check_type(made.root)
    add_check(made.root)
    add_engine(made.root)
    (made.root / "mine.toml").write_text("\n\n".join(blocks("An instrument")), encoding="utf-8")
    made.printed = made.run(COMMANDS)
    return made


def reference(tree: Tree) -> str:
    return (tree.root / "docs" / "reference.md").read_text(encoding="utf-8")


def test_every_recipe_is_performed_here() -> None:
    titles = set(re.findall(r"^## (.+)$", CONTRIBUTING, re.MULTILINE))
    assert titles == {"A check", "A type of check", "A defect", "A field of persons", "An instrument", "An engine", "A page"}


def test_a_defect_is_in_ledger_score_profile_and_reference(tree: Tree) -> None:
    ledger = pd.read_parquet(tree.root / "data" / "truth" / "defects" / "durnley.parquet")
    mine = ledger[ledger["defect"] == "date_day_early"]
    crimes = pd.read_parquet(tree.root / "data" / "crimes" / "durnley.parquet")
    assert len(mine) > 0.2 * len(crimes)
    assert set(mine["family"]) == {"dates"}
    scored = json.loads(tree.printed["score"])
    assert {row["defect"]: row["put_in"] for row in scored["defects"]}["date_day_early"] == len(mine)
    assert "`dates.day_early`" in reference(tree)
    assert float(tree.printed["typical"]) == 0.01


def test_a_field_of_persons_is_in_data_dictionary_checks_and_scores(tree: Tree) -> None:
    persons = pd.read_parquet(tree.root / "data" / "persons" / "durnley.parquet")
    assert set(persons["interpreter"]) == {"yes", "no"}
    assert "interpreter" in tree.printed["describe"]
    checks = pd.read_parquet(tree.root / "results" / "checks.parquet")
    assert {"missing.persons.interpreter", "code_not_in_list.persons.interpreter"} <= set(checks["check_id"])
    scores = pd.read_parquet(tree.root / "results" / "field_scores.parquet")
    assert "interpreter" in set(scores["field"])
    assert "`interpreter`" in reference(tree)
    assert tree.printed["rows"].startswith("person_id,force")


def test_a_page_is_in_the_list_and_draws(tree: Tree) -> None:
    shown = tree.printed["page"]
    assert "1 forces." in shown
    assert "All data here is synthetic" in shown


@pytest.mark.parametrize("check_id", CHECKS)
def test_a_check_is_in_catalogue_results_report_rows_and_reference(check_id: str, tree: Tree) -> None:
    assert check_id in tree.printed["catalogue"]
    checks = pd.read_parquet(tree.root / "results" / "checks.parquet")
    assert checks["check_id"].eq(check_id).any()
    shown = (tree.root / "report.html").read_text(encoding="utf-8").replace("<wbr>", "")  # identifiers may break between parts
    assert check_id in shown
    assert "force" in tree.printed[f"rows {check_id}"].splitlines()[0]
    assert check_id in reference(tree)


def test_a_check_counts_in_the_score_of_the_defect_that_it_detects(tree: Tree) -> None:
    found_by = {row["defect"]: row["found_by"] for row in json.loads(tree.printed["score"])["defects"]}
    assert "missing.crimes.offence_code_again" in found_by["missing_offence_code"].split(", ")


def test_an_engine_runs_the_checks_and_gives_the_same(tree: Tree) -> None:
    every, some = (pd.read_parquet(tree.root / name / "checks.parquet") for name in ("results", "again"))
    ran = some[some["status"] != "not_run"].reset_index(drop=True)
    assert set(ran["check_type"]) == {"missing", "cardinality", "single_letter"}
    pd.testing.assert_frame_equal(every[every["check_id"].isin(ran["check_id"])].reset_index(drop=True), ran)
    assert "`again`" in reference(tree)


def test_an_instrument_is_in_the_effect(tree: Tree) -> None:
    effect = pd.read_parquet(tree.root / "results" / "effect.parquet")
    assert "victims" in set(effect["instrument"])
