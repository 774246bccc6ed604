"""Every page in a real browser, light and dark: nothing breaks, nothing calls out, a screen reader gets through."""

import re
import time
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from audit import read_results
from audit.report import write_report
from dashboard import PAGES, DashboardPage
from tests.browser.conftest import LET_THROUGH, NEEDS_CHROMIUM, WITHOUT_TABLE, Server, Visit, violations

pytestmark = NEEDS_CHROMIUM


@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.module)
def test_a_page_opens_whole(visit: Visit, server: Server, shown: DashboardPage) -> None:
    page, wrong = visit(f"{server.url}/{shown.path}")
    expect(page.get_by_role("heading", level=1)).to_have_text(shown.title)
    expect(page).to_have_title(f"{shown.title} – Force data bench")
    expect(page.get_by_text(shown.question)).to_be_visible()
    expect(page.get_by_text("All data here is synthetic.")).to_be_visible()
    if shown.module not in WITHOUT_TABLE:
        expect(page.locator("table.bench caption").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert violations(page) == []
    assert [text for text in wrong if not LET_THROUGH.match(text)] == []
    if shown.module not in WITHOUT_TABLE:
        for width in (1400, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_timeout(200)
            hidden = page.locator(".bench-scroll").evaluate_all("all => all.map(one => one.scrollWidth - one.clientWidth)")
            assert max(hidden) <= 1, f"a table hides its last column at {width}"
    page.set_viewport_size({"width": 320, "height": 800})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    ends = page.locator("table.bench caption").evaluate_all("all => all.map(one => one.getBoundingClientRect().right)")
    assert max(ends, default=0) <= 320, "a caption is cut off within a box that scrolls"


@pytest.mark.deep
@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.module)
def test_a_page_is_as_accessible_in_the_dark(visit: Visit, server: Server, shown: DashboardPage) -> None:
    page, wrong = visit(f"{server.url}/{shown.path}")
    expect(page.get_by_role("heading", level=1)).to_have_text(shown.title)
    if shown.module not in WITHOUT_TABLE:
        expect(page.locator("table.bench caption").first).to_be_visible()
    app = page.get_by_test_id("stApp")
    background = app.evaluate("page => getComputedStyle(page).backgroundColor")
    page.emulate_media(color_scheme="dark")
    expect(app).not_to_have_css("background-color", background)
    page.wait_for_timeout(500)
    assert violations(page) == []
    assert [text for text in wrong if not LET_THROUGH.match(text)] == []


@pytest.mark.deep
def test_one_visitor_opens_every_page_after_the_other(visit: Visit, server: Server) -> None:
    page, _ = visit(server.url)
    for shown in (*PAGES[1:], *PAGES[::-1]):
        page.get_by_test_id("stSidebarNavItems").get_by_role("link", name=shown.title, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(shown.title)
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_overview_says_how_many_would_be_found(visit: Visit, server: Server) -> None:
    page, _ = visit(f"{server.url}/?force=Brackenshire")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Brackenshire's data: ")
    expect(
        page.get_by_text(re.compile(r"Of 100 people that Brackenshire's list should hold, this data finds \d+ \(\d+ to \d+\)"))
    ).to_be_visible()
    expect(page.get_by_role("rowheader", name="Brackenshire").first).to_be_visible()
    expect(page.get_by_role("rowheader", name="Durnley")).to_have_count(0)


def test_two_runs_are_compared(visit: Visit, server: Server) -> None:
    page, _ = visit(f"{server.url}/compare")
    expect(page.get_by_role("heading", level=2)).to_have_text("From 2025-02 to 2025-03: 0 worse, 0 better, 0 appeared, 0 gone")
    expect(page.get_by_role("rowheader", name="Brackenshire")).to_be_visible()


def test_what_is_folded_opens_and_the_address_keeps_it(visit: Visit, server: Server) -> None:
    page, _ = visit(f"{server.url}/method")
    expect(page.get_by_role("rowheader", name="Date of birth persons.date_of_birth")).to_have_count(0)
    page.get_by_text("Data dictionary").click()
    expect(page.get_by_role("rowheader", name="Date of birth persons.date_of_birth")).to_be_visible()
    page.wait_for_url("**dictionary=true**")


def test_a_choice_is_kept_in_the_address(visit: Visit, server: Server) -> None:
    page, _ = visit(server.url)
    page.get_by_role("combobox", name="Use that the data is judged for").click()
    page.get_by_role("option", name="Recency, frequency and severity").click()
    page.wait_for_url("**instrument=Recency**")


def test_an_address_may_use_the_short_names_of_files_and_a_choice_stays_on_the_next_page(visit: Visit, server: Server) -> None:
    page, _ = visit(f"{server.url}/effect?instrument=rfs&force=durnley")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Durnley's list")
    page.get_by_role("link", name="Reporting gaps").click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Durnley: ")
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Durnley's data: ")


def test_filters_narrow_the_table_and_downloads_hold_it(visit: Visit, server: Server) -> None:
    page, _ = visit(f"{server.url}/missing-fields?needed_for=equality")
    expect(page.get_by_role("rowheader", name="Ethnicity Person records")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Offence")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.startswith("force,table,field,needed_for")
    assert "ethnicity" in text
    with page.expect_download() as download:
        page.get_by_role("button", name="Excel").first.click()
    assert download.value.path().read_bytes()[:2] == b"PK"


@pytest.mark.deep
def test_a_slide_can_point_at_a_lesson_and_it_reveals(visit: Visit, server: Server) -> None:
    page, wrong = visit(f"{server.url}/pitfalls?scenario=recorded-twice&reveal=true")
    expect(page.get_by_text("Is that a few per cent of harm to the list?")).to_be_visible()
    expect(page.locator("table.bench caption").first).to_be_visible(timeout=90_000)
    expect(page.get_by_text("What to take away.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"the list misses \d+ of 100 people it should hold"))).to_be_visible()
    assert [text for text in wrong if not LET_THROUGH.match(text)] == []
    page.get_by_role("combobox", name="Lesson").click()
    page.get_by_role("option", name="The weights are the policy").click()
    expect(page.get_by_text("Take a vote before you reveal it.")).to_be_visible()


def test_a_lesson_is_presented_on_one_screen_and_the_next_hides_its_answer(visit: Visit, server: Server) -> None:
    page, _ = visit(f"{server.url}/pitfalls?scenario=unreported&present=true&class=votes")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_role("button", name="Most of it").click()
    expect(page.get_by_text("1 vote so far.")).to_be_visible()
    page.get_by_text("Reveal", exact=True).click()
    expect(page.get_by_text("What to take away.")).to_be_visible(timeout=90_000)
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_role("row", name="Most of it 1")).to_be_visible()
    heights = page.get_by_test_id("stMain").evaluate("part => [part.scrollHeight, part.clientHeight]")
    assert heights[0] <= heights[1]
    assert [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in Axe().run(page).response["violations"]] == []
    page.get_by_role("button", name="Next lesson").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Were the worst known before? It depends on what you count")
    expect(page.get_by_text("What to take away.")).to_have_count(0)
    page.get_by_role("button", name="The same").click()
    expect(page.get_by_text("1 vote so far.")).to_be_visible()


@pytest.mark.deep
def test_simulations_can_be_stopped(visit: Visit, server: Server) -> None:
    page, _ = visit(f"{server.url}/twin?population=5000000")
    page.get_by_role("button", name=re.compile("Run 20 simulations")).click()
    page.get_by_role("button", name="Stop").click(timeout=30_000)
    expect(page.get_by_text("Stopped; nothing was kept.")).to_be_visible(timeout=90_000)


def test_the_keyboard_gets_to_every_part(visit: Visit, server: Server) -> None:
    page, _ = visit(f"{server.url}/?force=brackenshire")
    expect(page.locator("table.bench caption").first).to_be_visible()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("(e => (e.getAttribute('aria-label') || e.innerText || e.tagName).slice(0, 40))(document.activeElement)")
        )
    text = " ".join(reached)
    for part in ("Missing fields", "Scorecard", "CSV"):
        assert part in text, part


def test_the_report_passes_axe(visit: Visit, results_folder: Path, tmp_path: Path) -> None:
    write_report(read_results(results_folder), tmp_path / "report.html")
    page, wrong = visit((tmp_path / "report.html").as_uri())
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page) == []
    assert [text for text in wrong if not text.startswith("file:")] == []


@pytest.mark.deep
def test_the_first_start_makes_the_demonstration_and_the_second_opens_at_once(visit: Visit, tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        page, wrong = visit(server.url)
        expect(page.get_by_text("First start")).to_be_visible(timeout=30_000)
        expect(page.get_by_role("rowheader", name="Aldermoor")).to_be_visible(timeout=600_000)  # how fast is a benchmark's matter
        expect(page.get_by_text("First results.")).to_be_visible()
        page.get_by_role("link", name="Missing fields").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Missing fields")
        until = time.monotonic() + 600
        while not any(path.parent.name == "results" for path in tmp_path.rglob("audit.json")) and time.monotonic() < until:
            page.wait_for_timeout(200)
        expect(page.get_by_text("First results.")).to_have_count(0, timeout=30_000)  # the page fills in by itself, and stays
        expect(page.get_by_role("heading", level=1)).to_have_text("Missing fields")
        assert wrong == []
    finally:
        assert "Traceback" not in server.stop()
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("audit.json") if path.parent.name != "over-time"}
    assert sorted(path.parent.name for path in made) == ["first-results", "results"]
    server = Server(tmp_path)
    try:
        page, _ = visit(server.url)
        expect(page.get_by_role("rowheader", name="Aldermoor")).to_be_visible(timeout=30_000)
    finally:
        server.stop()
    assert {path: path.stat().st_mtime_ns for path in made} == made
