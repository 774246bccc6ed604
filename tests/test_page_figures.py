"""What pages show follows the force that is chosen, and what is not of the results does not say that it is."""

import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from audit import Results
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
