"""Measure the dashboard on results at hand: each page, a filter, the first view, twenty visitors at once. A script, not a test.

python tests/benchmarks/pages.py RESULTS               # sessions without a browser; Chromium for the first view where it is there
python tests/benchmarks/pages.py RESULTS --load 120    # twenty visitors for two minutes as well
python tests/benchmarks/pages.py RESULTS --class 30    # a class of thirty at once on the lessons: each opens, votes, reveals
python tests/benchmarks/pages.py --first-start         # the demonstration, from nothing
"""

import argparse
import asyncio
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from measuring import resident
from sessions import Answer, Visitor, server

from dashboard.lessons import LESSONS

CLASS = [lesson for lesson in LESSONS if lesson.key in ("three-records", "silent-station", "unreported")]
"""Lessons that a class opens one after the other."""
VISITORS, TIMES = 20, 20
PAUSE = (1.0, 5.0)
"""Seconds for which a visitor of the load looks at an answer."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="?", type=Path)
    parser.add_argument("--load", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--class", type=int, default=0, metavar="VISITORS", dest="visitors")
    parser.add_argument("--first-start", action="store_true")
    options = parser.parse_args()
    if options.first_start:
        _first_start()
    if options.results is None:
        return
    if options.visitors:
        with server("--results", str(options.results)) as (port, _):
            asyncio.run(_class(port, options.visitors))
        return
    with server("--results", str(options.results)) as (port, pid):
        asyncio.run(_pages(port))
        _first_view(port)
        if options.load:
            asyncio.run(_load(port, pid, options.load))


async def _pages(port: int) -> None:
    """The answer of every page, and of a filter, in a session without a browser: median of so many, and the longest."""
    visitor = await Visitor.come(port)
    first = await visitor.open("")
    print(f"first visitor after the server's start: {first.seconds:.2f} s")
    print("| page | median, s | longest, s | KiB |\n|---|--:|--:|--:|")
    for page in list(visitor.pages):
        answers = [await visitor.open(page) for _ in range(TIMES)]
        _row(page or "overview", answers)
    start = await visitor.open("")
    forces = [name for text in start.texts for name in _forces(text)]
    _row("filter: force", [await visitor.choose(start.widgets["Force"], forces[turn % len(forces)]) for turn in range(TIMES)])
    uses = ("rfs", "harm_365")
    box = start.widgets["Use that the data is judged for"]
    _row("filter: use", [await visitor.choose(box, uses[turn % 2]) for turn in range(TIMES)])
    await visitor.leave()


def _forces(text: str) -> list[str]:
    """Names of forces in the scorecard."""
    if "Scorecard" not in text:
        return []
    return [part.split("<")[0] for part in text.split('<th scope="row">')[1:]]


def _row(name: str, answers: list[Answer]) -> None:
    seconds = [one.seconds for one in answers]
    errors = sum(len(one.errors) for one in answers)
    wrong = f"  ({errors} errors)" if errors else ""
    print(
        f"| {name} | {statistics.median(seconds):.2f} | {max(seconds):.2f} | {answers[-1].bytes / 1024:,.0f} |{wrong}", flush=True
    )


def _first_view(port: int) -> None:
    """From the address typed to the scorecard on the screen, in Chromium with an empty cache; then a force chosen in its box."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("no Chromium here, so no first view")
        return
    from playwright.sync_api import sync_playwright

    views, filters = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        )
        for turn in range(6):
            page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
            begin = time.perf_counter()
            page.goto(f"http://127.0.0.1:{port}")
            page.locator("table.bench caption").first.wait_for()
            views.append(time.perf_counter() - begin)
            if turn == 5:
                names = page.locator("table.bench").first.locator("tbody th").all_inner_texts()[:TIMES]
                for name in (names * TIMES)[:TIMES]:
                    page.get_by_role("combobox", name="Force").click()
                    option = page.get_by_role("option", name=name, exact=True)
                    option.scroll_into_view_if_needed()
                    begin = time.perf_counter()
                    option.click()
                    page.get_by_text(f"that {name}'s list should hold").first.wait_for()
                    filters.append(time.perf_counter() - begin)
            page.context.close()
        browser.close()
    print(f"first view in Chromium, empty cache: median {statistics.median(views):.2f} s, longest {max(views):.2f} s (goal 2.5)")
    print(f"a force chosen in Chromium: median {statistics.median(filters):.2f} s, longest {max(filters):.2f} s (goal 0.5)")


async def _class(port: int, visitors: int) -> None:
    """A class that opens one lesson after another at the same moment, votes, and reveals; nothing is made before they come."""
    begin = time.perf_counter()
    steps = [step for reported in await asyncio.gather(*(_pupil(port, turn) for turn in range(visitors))) for step in reported]
    print(f"{visitors} visitors on {len(CLASS)} lessons at once, {time.perf_counter() - begin:.0f} s in all")
    print("| step | answers | errors | median, s | 95 of 100 within, s | longest, s |\n|---|--:|--:|--:|--:|--:|")
    for name in ("open", "vote", "reveal", "whole reveal", "all answers"):
        mine = [
            (seconds, errors)
            for step, seconds, errors in steps
            if step == name or (name == "all answers" and step != "whole reveal")
        ]
        times = sorted(seconds for seconds, _ in mine)
        print(
            f"| {name} | {len(mine)} | {sum(errors for _, errors in mine)} | {statistics.median(times):.2f} | "
            f"{times[int(0.95 * len(times))]:.2f} | {times[-1]:.2f} |"
        )


async def _pupil(port: int, seed: int) -> list[tuple[str, float, int]]:
    """Step, seconds and errors of one visitor; the whole reveal is until the answer stands there, its worlds being made once for all."""
    chance = random.Random(seed)
    steps = []
    for lesson in CLASS:
        visitor = await Visitor.come(port)  # as a slide's link does
        query = f"scenario={lesson.key}&class=measured"
        answer = await visitor.open("pitfalls", query)
        steps.append(("open", answer.seconds, len(answer.errors)))
        answer = await visitor.press(answer.widgets[chance.choice(lesson.answers)])
        steps.append(("vote", answer.seconds, len(answer.errors)))
        begin = time.perf_counter()
        answer = await visitor.open("pitfalls", f"{query}&reveal=true")
        while True:
            steps.append(("reveal", answer.seconds, len(answer.errors)))
            if not answer.at_work:
                break
            await asyncio.sleep(1)
            answer = await visitor.look_again()
        shown = any("What to take away" in text for text in answer.texts)
        steps.append(("whole reveal", time.perf_counter() - begin, 0 if shown else 1))
        await visitor.leave()
    return steps


async def _load(port: int, pid: int, seconds: float) -> None:
    """Twenty visitors that wander through the pages, each looking a few seconds at what it sees; and the server's memory."""
    before = resident(pid) / 2**20
    end = time.perf_counter() + seconds
    answers = [
        one for reported in await asyncio.gather(*(_wander(port, end, turn) for turn in range(VISITORS))) for one in reported
    ]
    during = resident(pid) / 2**20
    times = sorted(one.seconds for one in answers)
    errors = sum(len(one.errors) for one in answers)
    print(
        f"{VISITORS} visitors for {seconds:.0f} s: {len(answers)} answers, {errors} errors, "
        f"median {statistics.median(times):.2f} s (goal 2), "
        f"95 of 100 within {times[int(0.95 * len(times))]:.2f} s, longest {times[-1]:.2f} s"
    )
    # Streamlit keeps a visitor's session for a while, in case that they come back.
    for wait in (0, 30, 60, 60):
        await asyncio.sleep(wait)
        print(
            f"memory of the server: {before:.2f} GiB before, {during:.2f} at the end, {resident(pid) / 2**20:.2f} later", flush=True
        )


async def _wander(port: int, end: float, seed: int) -> list[Answer]:
    chance = random.Random(seed)
    visitor, answers = await Visitor.come(port), []
    answers.append(await visitor.open(""))
    while time.perf_counter() < end:
        await asyncio.sleep(chance.uniform(*PAUSE))
        if chance.random() < 0.4 and "Use that the data is judged for" in answers[-1].widgets:
            box = answers[-1].widgets["Use that the data is judged for"]
            answers.append(await visitor.choose(box, chance.choice(["rfs", "harm_365"])))
        else:
            page = chance.choice([page for page in visitor.pages if page != "pitfalls"])
            answers.append(await visitor.open(page))
    await visitor.leave()
    return answers


def _first_start() -> None:
    """From the start of the server, with nothing made yet, to the first scorecard and to the whole; then the second start."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("first", "second"):
            begin = time.perf_counter()
            with server(cache=Path(folder)) as (port, _):
                ready = time.perf_counter() - begin
                first, whole = (seconds + ready for seconds in asyncio.run(until_made(port)))
            print(
                f"{name} start: the server answers after {ready:.1f} s, the first scorecard is there after {first:.1f} s, "
                f"the whole audit's after {whole:.1f} s",
                flush=True,
            )


async def until_made(port: int) -> tuple[float, float]:
    """Open the first page again and again until nothing is being made for it any more; seconds to the first scorecard, and to that."""
    begin, first = time.perf_counter(), None
    visitor = await Visitor.come(port)
    while True:
        answer = await visitor.open("")
        if first is None and any("Scorecard" in text for text in answer.texts):
            first = time.perf_counter() - begin
        if first is not None and not answer.at_work:
            break
        await asyncio.sleep(0.5)
    await visitor.leave()
    return first, time.perf_counter() - begin


if __name__ == "__main__":
    main()
