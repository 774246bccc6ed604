"""First results of an audit that goes on: nothing that rests on what is missing is good news, and pages fill in by themselves."""

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from audit import InputError, Results, audit_dataset, read_results, write_results
from audit.presentation.readiness import headline, scorecard_table
from audit.readiness.thresholds import Thresholds
from audit.readiness.verdict import judge
from audit.results import to_arrow
from dashboard import PAGES, DashboardPage, demonstration
from synthetic import Dataset

DUPLICATES = "duplicate person records"


class Enough(Exception):
    """Ends an audit that a test needs no more of."""


def first_of(dataset: Dataset) -> Results:
    kept: list[Results] = []

    def keep(results: Results) -> None:
        kept.append(results)
        raise Enough

    with pytest.raises(Enough):
        audit_dataset(dataset, first=keep)
    return kept[0]


@pytest.fixture(scope="module")
def first(small: Dataset) -> Results:
    return first_of(small)


@pytest.mark.deep
def test_the_whole_is_the_same_whether_first_results_were_wanted_or_not(small: Dataset, small_results_folder: Path) -> None:
    kept: list[Results] = []
    whole, plain = audit_dataset(small, first=kept.append), read_results(small_results_folder)
    for name in plain.tables:
        assert to_arrow(name, plain[name]).equals(to_arrow(name, whole[name])), name
    assert whole.summary.model_copy(update={"timings": {}}) == plain.summary.model_copy(update={"timings": {}})
    assert len(kept) == 1 and kept[0].summary.awaits() and not whole.summary.awaits()


def test_what_first_results_show_is_what_the_whole_shows(first: Results, small_results_folder: Path) -> None:
    whole = read_results(small_results_folder)
    both = first["readiness"].merge(whole["readiness"], on=["force", "instrument", "kind", "name"], suffixes=("", "_later"))
    assert len(both) == len(whole["readiness"])
    rests_on_identities = both["name"].isin([DUPLICATES, "uniqueness"])
    shown = both[~rests_on_identities]
    assert (shown["status"] == shown["status_later"]).all()
    assert shown["value"].fillna(-1).equals(shown["value_later"].fillna(-1))
    assert not both.loc[rests_on_identities, "status"].isin(["met", "pass", "not_applicable"]).any()
    assert len(first["identities"]) == len(first["effect"]) == 0


def test_clean_data_is_not_ready_before_its_duplicates_and_its_lists_are_known(clean: Dataset, clean_results: Results) -> None:
    assert {row.status for row in clean_results.summary.forces} <= {"process testing only", "supervised pilot"}
    results = first_of(clean)
    for judged in (results, judge(results, Thresholds(gates={DUPLICATES: 1.0}, recall_at_k=0.0))):
        for row in judged.summary.forces:
            assert (row.status, row.unsettled_gates, row.failed_gates) == ("cannot be judged", [DUPLICATES], [])
            assert (row.recall_at_k, row.people_found) == (None, "cannot be judged")
        uniqueness = judged["readiness"].query("name == 'uniqueness'")
        assert set(uniqueness["status"]) == {"not_run"} and uniqueness["passed"].isna().all()


def test_first_results_say_not_yet_and_not_that_there_is_no_truth(first: Results) -> None:
    assert "still being measured" in headline(first)
    cells = [cell for row in scorecard_table(first).rows for cell in row]
    assert any(cell.note == "not measured yet" for cell in cells)
    assert not any("no truth" in f"{cell.text} {cell.note}" for cell in cells)


def test_a_check_that_was_left_out_stays_left_out_of_first_results(small: Dataset) -> None:
    from audit import AuditOptions

    kept: list[Results] = []
    with pytest.raises(Enough):
        audit_dataset(small, AuditOptions(skip=["duplicate_identities"]), first=lambda results: kept.append(results) or _enough())
    rows = kept[0]["checks"].query("check_id == 'duplicate_identities.persons'")
    assert list(rows["status"]) == ["not_run"]


def _enough() -> None:
    raise Enough


@dataclass
class UnderWay:
    """A first start of which the first results are there; ``go_on`` lets the rest be written, or fail."""

    go_on: threading.Event
    at_work: threading.Lock
    fails: bool = False


@pytest.fixture
def under_way(
    first: Results, small_results_folder: Path, small: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[UnderWay]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["app.py"])
    streamlit.cache_resource.clear()
    start = UnderWay(threading.Event(), threading.Lock())

    def make(progress: object) -> Path:
        with start.at_work:
            assert start.go_on.wait(60)
            if start.fails:
                raise InputError(None, "The disk is full.")
            write_results(read_results(small_results_folder), demonstration.results_folder())
            return demonstration.results_folder()

    monkeypatch.setattr(demonstration, "make", make)
    monkeypatch.setattr(demonstration, "make_months", lambda progress: demonstration.months_folder())
    write_results(first, demonstration.first_folder())
    yield start
    start.go_on.set()
    with start.at_work:  # it ends before the next test has a folder
        pass
    streamlit.cache_resource.clear()


def opened(page: DashboardPage) -> AppTest:
    script = f"from dashboard import page_of\nfrom dashboard.shell import run_page\nrun_page(page_of({page.module!r}))"
    return AppTest.from_string(script, default_timeout=60).run()


def notices(app: AppTest) -> str:
    return " ".join(str(one.value) for one in [*app.info, *app.warning, *app.error])


def text(app: AppTest) -> str:
    return " ".join([*(str(one.value) for one in [*app.header, *app.markdown]), *(one.proto.body for one in app.get("html"))])


def until(app: AppTest, words: str, there: bool) -> AppTest:
    end = time.monotonic() + 60
    while (words in notices(app)) != there and time.monotonic() < end:
        time.sleep(0.1)
        app.run()
    assert (words in notices(app)) == there
    return app


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.module)
def test_each_page_shows_what_it_can_and_says_what_is_missing(page: DashboardPage, under_way: UnderWay) -> None:
    app = opened(page)
    assert not app.exception
    assert len(app.get("progress")) == 1
    assert ("rests on the whole audit" in notices(app)) == page.needs_whole
    assert ("First results." in notices(app)) == (page.shows_results and not page.needs_whole)
    if page.needs_whole:
        assert "<table" not in text(app)
    assert not app.get("download_button") or all(one.proto.label != "Report (HTML)" for one in app.get("download_button"))


def test_the_overview_fills_in_when_the_rest_is_there(under_way: UnderWay) -> None:
    app = opened(PAGES[0])
    assert "still being measured" in text(app) and "Scorecard" in text(app)
    under_way.go_on.set()
    app = until(app, "First results.", there=False)
    assert not app.get("progress")
    assert "still being measured" not in text(app) and "Scorecard" in text(app)
    assert any(one.proto.label == "Report (HTML)" for one in app.get("download_button"))


def test_where_the_rest_fails_the_first_results_stay_with_the_reason(under_way: UnderWay) -> None:
    app = opened(PAGES[0])
    under_way.fails = True
    under_way.go_on.set()
    app = until(app, "The disk is full.", there=True)
    assert "First results." in notices(app) and "Scorecard" in text(app)
    assert [one.label for one in app.button if one.label == "Start again"]


def test_the_demonstration_is_made_once_with_first_results_on_the_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name, value in {"FORCES": ["garrowby"], "SCALE": 0.01, "FIXES": ()}.items():
        monkeypatch.setattr(demonstration, name, value)
    seen: list[bool] = []

    def progress(sentence: str, share: float) -> None:
        if sentence == "Looked for duplicate identities":
            seen.append(demonstration.is_there(demonstration.first_folder()))
            if len(seen) == 1:
                raise Enough  # as when the server is stopped here

    with pytest.raises(Enough):
        demonstration.make(progress)
    assert not demonstration.is_there(demonstration.results_folder())
    written = (demonstration.first_folder() / "audit.json").stat().st_mtime_ns
    folder = demonstration.make(progress)
    assert seen == [True, True]
    assert not read_results(folder).summary.awaits()
    assert (demonstration.first_folder() / "audit.json").stat().st_mtime_ns == written
    demonstration.make(lambda sentence, share: pytest.fail("made twice"))
