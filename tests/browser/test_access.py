"""Every page and lesson in a real browser by keyboard, at 400% and on one screen for a class."""

import pytest
from playwright.sync_api import expect

from dashboard import PAGES, DashboardPage
from dashboard.lessons import LESSONS, Lesson
from tests.browser.conftest import LET_THROUGH, NEEDS_CHROMIUM, Server, Visit

pytestmark = NEEDS_CHROMIUM


@pytest.mark.deep
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.key)
def test_question_and_answer_of_a_lesson_fit_one_screen(visit: Visit, server: Server, lesson: Lesson) -> None:
    page, wrong = visit(f"{server.url}/pitfalls?scenario={lesson.key}&present=true")
    page.set_viewport_size({"width": 1280, "height": 720})
    for end in (page.get_by_text("votes so far."), page.get_by_text("What to take away.")):
        expect(end).to_be_visible(timeout=90_000)
        page.wait_for_timeout(500)
        heights = page.get_by_test_id("stMain").evaluate("part => [part.scrollHeight, part.clientHeight]")
        assert heights[0] <= heights[1]
        if end.get_by_text("votes").count():
            page.get_by_text("Reveal", exact=True).click()
    expect(page.get_by_text("How the class voted")).to_be_visible()
    assert [text for text in wrong if not LET_THROUGH.match(text)] == []


NAMED = "one => `${one.tagName} ${one.getAttribute('aria-label') || one.innerText}`"
CONTROLS = f"""() => [...document.querySelectorAll('button, a[href], input, textarea, [role=combobox], .bench-scroll')].filter(
    one => one.checkVisibility({{visibilityProperty: true}}) && !one.disabled && one.tabIndex >= 0 && one.type !== 'radio'
).map({NAMED})"""


@pytest.mark.deep
@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.module)
def test_the_keyboard_gets_to_every_control_of_a_page(visit: Visit, server: Server, shown: DashboardPage) -> None:
    page, _ = visit(f"{server.url}/{shown.path}")
    expect(page.get_by_role("heading", level=1)).to_have_text(shown.title)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(1000)
    reached = set()
    for _ in range(len(page.evaluate(CONTROLS)) + 30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(f"({NAMED})(document.activeElement)"))
    assert set(page.evaluate(CONTROLS)) <= reached


@pytest.mark.deep
@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.module)
def test_a_page_can_be_used_at_four_times_the_size_and_nothing_moves(visit: Visit, server: Server, shown: DashboardPage) -> None:
    """1280 × 720 at 400%: 320 × 180. Nothing is wider than the screen but what scrolls by itself, and nothing covers another."""
    page, _ = visit(f"{server.url}/{shown.path}")
    page.set_viewport_size({"width": 320, "height": 180})
    expect(page.get_by_role("heading", level=1)).to_have_text(shown.title)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(1500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate("document.getAnimations().filter(one => one.playState === 'running').length") == 0
    wide = """() => [...document.querySelectorAll('[data-testid=stMain] :is(p, h1, h2, button, input, canvas, svg, caption)')]
        .filter(one => one.checkVisibility() && one.getBoundingClientRect().width && one.getBoundingClientRect().right > 321)
        .map(one => one.outerHTML.slice(0, 160))"""
    assert page.evaluate(wide) == []
    header = page.get_by_test_id("stHeader").evaluate("part => part.getBoundingClientRect().height")
    assert header <= 45, "the bar at the top leaves too little of the page"
