"""What pages show follows the force that is chosen, and what is not of the results does not say that it is."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from audit import Results
from audit.presentation.linkage import people_table
from audit.presentation.readiness import fix_first
from audit.presentation.selection import Selection, selected
from audit.presentation.wording import size_text
from audit.readiness.periods import in_period, months_of, over_period
from audit.readiness.thresholds import Thresholds
from audit.report import report_html
from audit.results import to_arrow
from dashboard import PAGES
from tests.conftest import Outcome
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


def test_what_visitors_made_is_never_the_run_before(results_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = shutil.copytree(results_folder, tmp_path / "other")
    audit = (other / "audit.json").read_text(encoding="utf-8")
    (other / "audit.json").write_text(re.sub(r'"force": "', '"force": "other-', audit), encoding="utf-8")
    monkeypatch.setattr("dashboard.work.made", lambda: {"made here: same": results_folder, "made here: other": other})
    assert "Since the run" not in text_of(opened("overview", results_folder, monkeypatch))
    page = opened("compare", results_folder, monkeypatch)
    assert f"From made here: same to {results_folder.name}: 0 worse, 0 better" in text_of(page)
    apart = text_of(page.selectbox(key="earlier").select("made here: other").run())
    assert "no force in common" in apart
    assert "gone" not in apart


@pytest.mark.parametrize(("page", "reproduces"), [("start", False), ("make", False), ("timeliness", True)])
def test_how_to_reproduce_figures_stands_where_there_are_figures_of_the_results(
    page: str, reproduces: bool, two_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = text_of(opened(page, two_runs, monkeypatch))
    assert ("Reproduce these figures" in shown) is reproduces
    if page == "start":  # a link keeps the run that is shown
        assert re.search(r"all-checks\?run=b", shown)
        assert re.search(r"effect\?curve=true&amp;run=b", shown)
        assert re.search(r"\./\?actions=true&amp;run=b", shown)


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


def test_the_first_page_loads_neither_what_audits_nor_what_draws_charts(shell: Callable[..., Outcome]) -> None:
    """A server loads its modules while its first visitor waits."""
    slow = "altair audit.linkage audit.pipeline audit.report vl_convert scipy openpyxl synthetic.benchmarks"
    program = f"import sys, dashboard.shell, dashboard.pages.overview; print(sorted(set({slow.split()}) & set(sys.modules)))"
    assert shell("timeit", "-n1", "-r1", program).out.splitlines()[0] == "[]"


def test_checks_of_a_period_are_those_of_its_months(typical_results: Results) -> None:
    checks = typical_results["checks"]
    months = months_of(checks)
    month = pd.to_datetime(checks["month"])
    for first, last in ((months[2], months[-3]), (months[5], months[5]), (months[-1], months[0])):
        expected = checks[(month >= pd.Timestamp(first)) & (month <= pd.Timestamp(last))]
        pd.testing.assert_frame_equal(in_period(checks, first, last), expected)
    found = over_period(checks, months[2], months[-3], Thresholds()).set_index(["check_id", "force"])
    sums = in_period(checks, months[2], months[-3]).groupby(["check_id", "force"])[["failed", "total"]].sum()
    assert len(sums) > 100
    assert (found.loc[sums.index, ["failed", "total"]] == sums).all(axis=None)


def test_all_checks_adds_a_period_up_once(two_runs: Path, typical_results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a nation a period is half a million rows; what the page lists, its table and its downloads are of one sum."""
    calls: list[Selection] = []

    def counted(checks: pd.DataFrame, asked: Selection, thresholds: Thresholds) -> pd.DataFrame:
        calls.append(asked)
        return selected(checks, asked, thresholds)

    monkeypatch.setattr("dashboard.pages.all_checks.selected", counted)
    months = months_of(typical_results["checks"])
    shown = text_of(opened("all_checks", two_runs, monkeypatch, **{"kept-from": months[3], "kept-to": months[-4]}))
    assert f"Counted over {months[3]} to {months[-4]}" in shown
    assert [one.first for one in calls] == [months[3]]


def test_pages_seen_before_change_no_choice_and_a_visitor_s_own_stays(two_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["app", "--results", str(two_runs)])
    script = "import streamlit\nfrom dashboard import page_of\nfrom dashboard.shell import run_page\n"
    visitor = AppTest.from_string(script + "run_page(page_of(streamlit.session_state['open']))", default_timeout=60)

    def choices(app: AppTest) -> dict[str | None, object]:
        assert not app.exception
        return {box.key: box.value for box in app.sidebar.selectbox}

    def visit(page: str) -> dict[str | None, object]:
        visitor.session_state["open"] = page
        return choices(visitor.run())

    pages = [page.module for page in PAGES if page.module not in ("start", "make", "lessons", "method")]
    alone = {page: choices(opened(page, two_runs, monkeypatch)) for page in pages}
    assert {page: visit(page) for page in (*pages, *pages)} == alone
    visit("gaps")
    visitor.sidebar.selectbox(key="force").select("durnley").run()
    assert all(visit(page).get("force", "durnley") == "durnley" for page in pages)
    visit("overview")
    visitor.sidebar.selectbox(key="force").select("all").run()
    assert visit("all_checks") == alone["all_checks"]
    assert visit("gaps") == alone["gaps"]
