"""What pages show follows the force that is chosen, and what is not of the results does not say that it is."""

import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from audit import Results
from audit.presentation.linkage import people_table
from audit.presentation.readiness import fix_first
from audit.presentation.wording import size_text
from audit.report import report_html
from audit.results import to_arrow
from dashboard import PAGES
from tests.test_safeguards import at, text_of


@pytest.fixture(scope="module")
def two_runs(results_folder: Path, typical_results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same results twice, in the later of which one check of Aldermoor alone is worse."""
    root = tmp_path_factory.mktemp("runs")
    for name in ("a", "b"):
        shutil.copytree(results_folder, root / name)
    checks = typical_results["checks"].copy()
    worse = checks["check_id"].eq("missing.persons.sex") & checks["month"].isna() & checks["force"].eq("aldermoor")
    checks.loc[worse, "failed"] = checks.loc[worse, "total"]
    checks.loc[worse, ["rate", "low", "high"]] = [1.0, 0.99, 1.0]
    pq.write_table(to_arrow("checks", checks), root / "b" / "checks.parquet")
    return root


def opened(page: str, root: Path, monkeypatch: pytest.MonkeyPatch, **state: object) -> AppTest:
    monkeypatch.setattr("sys.argv", ["app", "--results", str(root)])
    app = at(page)
    for name, value in state.items():
        app.session_state[name] = value
    app = app.run()
    assert not app.exception
    return app


def test_overview_of_one_force_shows_the_changes_of_that_force(two_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = text_of(opened("overview", two_runs, monkeypatch))
    assert "of the checks by force: 1 worse, 0 better" in everywhere
    alone = text_of(opened("overview", two_runs, monkeypatch, **{"kept-force": "durnley"}))
    assert "of the checks of Durnley: 0 worse, 0 better" in alone


@pytest.mark.parametrize(("page", "reproduces"), [("start", False), ("make", False), ("timeliness", True)])
def test_how_to_reproduce_figures_stands_where_there_are_figures_of_the_results(
    page: str, reproduces: bool, two_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = text_of(opened(page, two_runs, monkeypatch))
    assert ("Reproduce these figures" in shown) is reproduces
    if page == "start":  # a link keeps the run that is shown
        assert re.search(r"all-checks\?run=b", shown)
        assert re.search(r"effect\?curve=true&amp;run=b", shown)


def test_pages_that_show_no_results_are_declared() -> None:
    assert {page.module for page in PAGES if not page.shows_results} == {"start", "simulate", "make", "over_time", "lessons"}


def test_rows_of_crimes_are_not_all_called_crimes(typical_results: Results) -> None:
    """A row may be a cancelled crime or a non-crime incident."""
    rows = typical_results.summary.dataset.rows
    page = report_html(typical_results)
    assert size_text(rows) in page
    assert f"{rows['crimes']:,} crimes" not in page


def test_what_to_fix_first_says_what_its_repair_alone_finds(typical_results: Results) -> None:
    gains = typical_results["fix_first"]
    instrument = typical_results.summary.options.instrument
    for gain, says in ((0.0649, "repaired alone it finds 6 more."), (-0.02, "though repaired alone it finds no more.")):
        tables = dict(typical_results.tables) | {"fix_first": gains.assign(gain=gain)}
        assert fix_first(Results(typical_results.summary, tables), instrument, "durnley").endswith(says)


def test_gaps_begin_with_the_force_whose_gaps_hide_most(
    two_runs: Path, typical_results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = typical_results["hidden_crimes"].groupby("force")["hidden"].sum()
    worst = hidden.idxmax() if len(hidden) and hidden.max() > 0 else typical_results.summary.dataset.forces[0]
    app = opened("gaps", two_runs, monkeypatch)
    assert {one.label: one.value for one in app.selectbox}["Force"] == worst


def test_people_joined_from_another_probability_are_those_of_the_files(two_runs: Path, typical_results: Results) -> None:
    people = typical_results["identity_people"]
    used = float(people.loc[people["used"], "threshold"].iloc[0])
    rows = people_table(typical_results, used).rows
    assert [row[2].text for row in rows] == [f"{one:,}" for one in people.loc[people["used"], "people"]]
    assert {row[3].text for row in rows} == {"0"}
