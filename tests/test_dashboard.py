"""What the pages are made of: lessons that show what they say, jobs that can be stopped, periods, parts that differ."""

import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from audit import InputError, Results, read_results
from audit.checks.catalogue import DIMENSIONS
from audit.linkage.look import FIELDS
from audit.oversight.track import read_tracked
from audit.presentation.checks import of_all_forces
from audit.presentation.html import MARKS, table_html
from audit.presentation.method import definition
from audit.presentation.readiness import gates_table, ordered_by, scorecard, scorecard_table, verdict
from audit.presentation.records import side_by_side
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import check_name, field_title, percent, points
from audit.readiness.assess import WORST_FIRST
from audit.readiness.periods import over_months
from audit.readiness.thresholds import Thresholds
from audit.readiness.uses import for_use
from dashboard import PAGES, demonstration, work
from dashboard.jobs import Job
from dashboard.lessons import LESSONS, Lesson
from dashboard.lessons.curve import response
from dashboard.lessons.lesson import Setting
from dashboard.lessons.votes import Votes
from dashboard.pages.start import STEPS
from synthetic.dataset import load_series
from tests.conftest import ROOT


def test_a_page_is_a_module_and_an_entry_and_no_page_imports_another() -> None:
    modules = {path.stem: path for path in (ROOT / "dashboard" / "pages").glob("*.py") if path.stem != "__init__"}
    assert {page.module for page in PAGES} == set(modules)
    assert len({page.path for page in PAGES}) == len({page.title for page in PAGES}) == len(PAGES)
    assert [page.path for page in PAGES].index("") == 0
    for page in PAGES:
        assert callable(page.show)
        assert page.question.endswith("?"), page.title
    for path in modules.values():
        assert "dashboard.pages" not in path.read_text(), path.name


def test_there_are_enough_lessons_and_each_is_whole() -> None:
    assert len(LESSONS) >= 12
    assert len({one.key for one in LESSONS}) == len(LESSONS)
    for one in LESSONS:
        assert one.question.endswith("?"), one.key
        assert one.takeaway.endswith("."), one.key
        assert one.source.endswith("."), one.key
        assert one.default in one.severities, one.key
        assert len(set(one.answers)) >= 3, one.key
        assert len(one.setting.split()) >= 3, one.key


@pytest.fixture(scope="module")
def made() -> dict[Setting[Any], Any]:
    return {}


QUICK = ("recorded-twice", "unreported", "slow-drift")
"""Lessons that are tried in every run; the others with ``--deep``, since a world takes over a second."""


@pytest.mark.parametrize(
    "lesson",
    [pytest.param(one, id=one.key, marks=() if one.key in QUICK else pytest.mark.deep) for one in LESSONS],
)
def test_a_lesson_shows_its_point_as_it_opens(lesson: Lesson[Any], made: dict[Setting[Any], Any]) -> None:
    """Each claim lies beyond its interval, and every figure of the sentence is one of the table's."""
    labs = []
    for recipe in (lesson.clean, lesson.severities[lesson.default]):
        if recipe not in made:
            made[recipe] = recipe.make(lambda sentence, share: None)
        labs.append(made[recipe])
    shown = lesson.reveal(labs[0], labs[1], lesson.default)
    assert shown.claims
    for claim in shown.claims:
        assert claim.low <= claim.value <= claim.high, claim
        assert claim.shown, claim
    assert shown.sentence.endswith(".")
    assert "nan" not in shown.sentence
    if shown.picture is not None:
        assert shown.alternative.endswith(".")
        assert shown.picture.to_dict()["$schema"], "the picture can be drawn"
    assert all(len(row) == len(shown.table.columns) for row in shown.table.rows)
    cells = " ".join(f"{cell.text} {cell.note}" for row in shown.table.rows for cell in row)
    # "of 100 people" is a way to write a share, and no figure.
    known = _figures(f"{cells} {shown.table.caption} {lesson.default} 100")
    assert _figures(shown.sentence) <= known, shown.sentence


def test_a_lesson_whose_worlds_are_the_same_shows_nothing(made: dict[Setting[Any], Any]) -> None:
    lesson = next(one for one in LESSONS if one.key == "recorded-twice")
    if lesson.clean not in made:
        made[lesson.clean] = lesson.clean.make(lambda sentence, share: None)
    clean = made[lesson.clean]
    assert not lesson.reveal(clean, clean, lesson.default).shown


def _figures(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", text))


def test_a_class_votes_and_nothing_of_who_voted_is_kept() -> None:
    ballots = Votes()
    first = ballots.cast("blue", "cancelled", "Nothing", None)
    ballots.cast("blue", "cancelled", "A few people", None)
    first = ballots.cast("blue", "cancelled", "A few people", first)
    assert ballots.tally("blue", "cancelled").counts == {"Nothing": 0, "A few people": 2}
    assert ballots.tally("red", "cancelled").counts == {}
    ballots.clear("blue", "cancelled")
    ballots.cast("blue", "cancelled", "Nothing", first)
    assert ballots.tally("blue", "cancelled").counts == {"Nothing": 1}


def test_what_visitors_have_made_stays_within_limits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(work, "root", lambda: tmp_path)
    for wrong in (
        work.Order(),
        work.Order(forces=("durnley",) * 6),
        work.Order(forces=("durnley",), scale=0.5),
        work.Order(forces=("durnley",), years=9),
    ):
        with pytest.raises(InputError):
            work.make(wrong, lambda sentence, share: None)
    order = work.Order(forces=("durnley",), scale=0.01)
    started, go_on = threading.Event(), threading.Event()

    def slowly(sentence: str, share: float) -> None:
        started.set()
        assert go_on.wait(20)
        raise InputError(None, "Stopped.")

    errors: list[InputError] = []

    def first() -> None:
        try:
            work.make(order, slowly)
        except InputError as error:
            errors.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    assert started.wait(60)
    with pytest.raises(InputError, match="Another dataset is being made"):
        work.make(work.Order(forces=("eskerdale",), scale=0.01), slowly)
    go_on.set()
    thread.join(60)
    assert len(errors) == 1
    assert list(tmp_path.iterdir()) == []  # nothing half made is left
    monkeypatch.setattr(work, "LEAST_DISK", 1 << 60)
    with pytest.raises(InputError, match="disk"):
        work.make(order, slowly)


@pytest.mark.deep
def test_what_a_visitor_has_made_can_be_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(work, "root", lambda: tmp_path)
    order = work.Order(forces=("durnley",), scale=0.02)
    name = work.make(order, lambda sentence, share: None)
    assert read_results(work.made()[name]).summary.dataset.forces == ["durnley"]
    assert work.make(order, lambda sentence, share: None) == name


@pytest.mark.deep
def test_more_severe_defects_miss_more_people() -> None:
    found = response("linkage.suspect_not_linked", lambda sentence, share: None)
    assert found["low"].iloc[-1] > found["high"].iloc[0]
    assert found["missed"].is_monotonic_increasing


def test_the_steps_of_each_user_lead_to_pages() -> None:
    paths = {page.path for page in PAGES}
    for user, steps in STEPS.items():
        assert len(steps) == 3, user
        for _, path, _ in steps:
            assert path.split("?")[0] in paths, path


def test_a_term_of_the_glossary_leads_to_what_it_means() -> None:
    page = table_html(Table("T", ["Force", "People found"], [[Cell("North"), Cell("50%", number=True)]]), links=True)
    assert 'href="method?term=People%20found"' in page
    assert definition("People found").startswith("Share of the true list")
    assert "method?term" not in table_html(Table("T", ["Force", "People found"], [[Cell("North"), Cell("50%")]]))


def test_cells_of_much_text_keep_some_width_on_a_narrow_screen() -> None:
    row = [Cell("North"), Cell("cannot be tested in the force's own data"), Cell("yes")]
    page = table_html(Table("T", ["Force", "Fair to test?", "Short"], [row, [Cell("Sharing: records of other forces"), *row[1:]]]))
    assert re.findall(r"<t[dh][^>]* class=.?wide.?>([^<]+)<", page) == [
        "cannot be tested in the force&#x27;s own data",
        "Sharing: records of other forces",
        "cannot be tested in the force&#x27;s own data",
    ]


def test_a_job_can_be_stopped_and_reports_errors_in_a_sentence() -> None:
    begun = threading.Event()

    def long(progress: Callable[[str, float], None]) -> None:
        for _ in range(1000):
            progress("At work", 0.5)
            begun.set()
            time.sleep(0.01)

    job = Job(long)
    assert begun.wait(5)
    job.stop()
    assert job.done.wait(5)
    assert job.error is not None
    assert "Stopped" in job.error

    def wrong(progress: object) -> None:
        raise InputError(None, "One sentence.")

    def broken(progress: object) -> None:
        raise KeyError("secret")

    for task, says in ((wrong, "One sentence."), (broken, "could not be made")):
        job = Job(task)
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
    broken_checks = of_forces.assign(status=of_forces["status"].mask(broken, "error"), rate=of_forces["rate"].mask(broken))
    broken_checks = broken_checks.assign(
        status=broken_checks["status"].mask(~broken & broken_checks["check_id"].eq("missing.persons.ethnicity"), "pass")
    )
    row = of_all_forces(broken_checks).set_index("check_id").loc["missing.persons.ethnicity"]
    assert (row["status"], row["force"]) == ("error", "durnley")
    assert pd.isna(row["worst"])


def test_the_scorecard_can_be_ordered_by_each_of_its_columns(typical_results: Results) -> None:
    as_they_are = [row.force for row in typical_results.summary.forces]
    assert [row.force for row in ordered_by(typical_results, None).summary.forces] == as_they_are
    for column in ("status", "people found", *DIMENSIONS):
        ordered = ordered_by(typical_results, column)
        assert {row.force for row in ordered.summary.forces} == set(as_they_are)
        if column == "people found":
            assert scorecard(ordered)[column].astype(float).is_monotonic_increasing, column
        elif column != "status":
            assert scorecard(ordered)[column].map(WORST_FIRST.index).is_monotonic_increasing, column


def test_results_are_judged_for_another_use_without_a_new_run(typical_results: Results) -> None:
    other = for_use(typical_results, "rfs", Thresholds(), "durnley")
    effect = typical_results["effect"].set_index(["force", "instrument"])
    assert [row.force for row in other.summary.forces] == ["durnley"]
    assert other.summary.options.instrument == "rfs"
    assert other.summary.forces[0].recall_at_k == effect.loc[("durnley", "rfs"), "recall_at_k"]
    assert verdict(other).startswith("Durnley's data: ")
    assert typical_results.summary.options.instrument == "harm_365"


def test_statuses_of_readiness_are_shown_by_symbol_and_name(typical_results: Results) -> None:
    readiness = typical_results["readiness"]
    mine = readiness["instrument"].eq("harm_365") & readiness["force"].eq("durnley")
    status = readiness["status"].mask(mine & readiness["name"].eq("duplicate person records"), "too close to call")
    status = status.mask(mine & readiness["name"].eq("impossible dates"), "cannot be judged")
    skipped = mine & readiness["name"].eq("validity")
    status = status.mask(skipped, "not_run")
    decided = readiness["decided_by"].mask(readiness["kind"].eq("dimension"), "missing.persons.sex")
    judged = typical_results.with_tables(typical_results.summary, readiness=readiness.assign(status=status, decided_by=decided))
    gates = {row[0].text: row for row in gates_table(judged).rows}
    # Behind each status stands its value, and of an estimate its interval.
    assert re.search(r"Durnley \d+\.\d+% \(\d+\.\d to \d+\.\d\): too close to call", gates["Duplicate person records"][3].text)
    assert re.fullmatch(r"Durnley \d+\.\d+%: cannot be judged", gates["Impossible dates"][3].text)
    assert "○ –<small>not run: Sex blank</small>" in table_html(scorecard_table(judged))
    page = table_html(scorecard_table(judged), links=True)
    assert "Sex blank" in page
    assert "all-checks?check=missing.persons.sex" in page
    for name in ("met", "not met", "too close to call", "cannot be judged", "not_run", "not ready"):
        assert MARKS[name].symbol
        assert MARKS[name].symbol in table_html(Table("T", ["A", "B"], [[Cell("a"), Cell(name, status=name)]]))


def test_people_read_english_and_find_the_identifier_beside_it(typical_results: Results) -> None:
    for check_id in typical_results["checks"]["check_id"].unique():
        name = check_name(check_id)
        assert name[0].isupper(), check_id
        assert "_" not in name, check_id
        assert "." not in name, check_id
    assert field_title("something_new") == "Something new"
    cell = table_html(Table("T", ["A"], [[Cell("Sex blank", code="missing.persons.sex")]]))
    assert "<code>missing.<wbr>persons.<wbr>sex</code>" in cell


@given(st.floats(0, 1), st.floats(0, 1))
def test_no_share_is_rounded_onto_its_limit(value: float, limit: float) -> None:
    shown = float(percent(value, limit).rstrip("%")) / 100
    if abs(value - limit) > 1e-6:
        assert (value > limit) == (shown > limit) or abs(shown - limit) > 1e-12
    assert (shown >= 1) == (value > 1 - 1e-6)


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
    shown = {row[0].text: row[2].text for row in table.rows}
    assert shown["Named suspects linked"].startswith("20 of 20 forces; the worst: Force 00 20.0%, Force 01 21.0%")
    assert shown["Impossible dates"].startswith("20 of 20 forces; the worst: Force 19 39.0%, Force 18 38.0%")
    assert "Force 06" not in shown["Named suspects linked"]


def test_parts_that_differ_are_marked_and_nothing_is_run() -> None:
    records = pd.DataFrame(
        {
            "forename": ["Katherine", "Catherine"], "surname": ["<b>Smith", None],
            "date_of_birth": [pd.Timestamp("1990-01-02")] * 2,
            "sex": ["F", "F"], "address": ["1 Road", "2 Road"], "postcode": [None, "VA1 1AA"], "phone": [None, None],
            "force": ["a", "a"], "source_system": ["records", "custody"],
        }
    )  # fmt: skip
    shown = side_by_side(records, FIELDS)
    assert "<mark>C</mark>atherine" in shown
    assert "<b>" not in shown
    assert "&lt;b&gt;Smith" in shown
    assert shown.count("<em>blank</em>") == 4
    assert "1990-01-02" in shown


def test_what_a_page_keeps_has_a_name_of_its_own() -> None:
    """A visitor's choice in a widget of one page must not be taken for what another page has kept."""
    widgets: dict[str, set[str]] = {}
    kept: dict[str, set[str]] = {}
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        for found, pattern in ((widgets, r'key="([^"]+)"'), (kept, r'session_state(?:\.get\(|\.setdefault\(|\[)"([^"]+)"')):
            for key in re.findall(pattern, path.read_text()):
                found.setdefault(key, set()).add(path.name)
    assert widgets and kept
    assert {key: places for key, places in widgets.items() if len(places) > 1} == {}
    # The run is chosen in the side bar, and two pages choose one too; whether a class is shown is asked for by all parts of a page.
    shared = {key for key, places in kept.items() if widgets.get(key, set()) - places or (key in widgets and len(places) > 1)}
    assert shared == {"run", "present"}


def test_a_difference_of_nothing_has_no_sign() -> None:
    assert [points(value) for value in (0.0, -0.0001, 0.012, -0.5, None)] == ["0.0", "0.0", "+1.2", "−50.0", "–"]


@pytest.mark.deep
def test_the_demonstration_is_the_last_of_a_series_that_over_time_shows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["app.py"])
    for name, value in {"FORCES": ["cairnwater", "garrowby"], "SCALE": 0.03, "EXTRACTS": 5}.items():
        monkeypatch.setattr(demonstration, name, value)
    demonstration.make(lambda sentence, share: None)
    app = AppTest.from_string("from dashboard import page_of\nfrom dashboard.shell import run_page\nrun_page(page_of('over_time'))")
    app.run(timeout=120)
    until = time.monotonic() + 120
    while not app.header and time.monotonic() < until:
        time.sleep(1)
        app.run(timeout=120)
    assert not app.exception
    assert [one.value for one in app.header][-1] == "One figure over the months"
    folder = demonstration.results_folder()
    series = load_series(folder.with_name("series"))
    assert len(series.folders) == 5
    made = [(one / "dataset.json").read_bytes() for one in (folder.with_name("dataset"), series.folders[-1])]
    assert made[0] == made[1]
    tracked = read_tracked(folder.with_name("over-time"))
    assert tracked is not None
    fix = tracked.fixes.set_index("figure").loc["required_when.suspect_linked"]
    assert fix["force"] == "cairnwater" and fix["high"] < 0  # repaired, beyond chance


@pytest.mark.parametrize(("patience", "takes", "shown"), [(0.0, 60.0, "Counting: beginning"), (60.0, 0.1, "done")])
def test_work_that_takes_long_is_shown_at_once_and_short_work_only_as_done(patience: float, takes: float, shown: str) -> None:
    script = f"""
import time
import streamlit as st
from dashboard.jobs import result_of
st.markdown(result_of("{patience}", "Counting", lambda progress: time.sleep({takes}) or "done", patience={patience}))
"""
    app = AppTest.from_string(script, default_timeout=60).run()
    assert not app.exception
    said = [*(one.value for one in app.markdown), *(one.proto.text for one in app.get("progress"))]
    assert said == [shown]
