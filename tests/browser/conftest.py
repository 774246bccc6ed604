"""A server as a user starts it, a browser, and what the tests of pages ask of them."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.conftest import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here; install it to run the browser tests")
expect.set_options(timeout=40_000)  # other tests run at the same time
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
WITHOUT_TABLE = ("over_time", "simulate", "lessons")
# Below the first page Streamlit's client looks for its server under the page's own address first, and the browser logs that.
LET_THROUGH = re.compile(r"Failed to load resource: the server responded with a status of 404")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The dashboard as a user starts it."""

    def __init__(self, cache: Path, *arguments: str) -> None:
        self.port = free_port()
        self.log = cache / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={self.port}", "--", *arguments],
                cwd=ROOT,
                env={**os.environ, "XDG_CACHE_HOME": str(cache), "HOME": str(cache)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(self.log.read_text())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> str:
        self.process.terminate()
        self.process.wait(60)
        return self.log.read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(results_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Started with a folder of two runs, so that there is something to compare."""
    runs = tmp_path_factory.mktemp("runs")
    for name in ("2025-02", "2025-03"):
        shutil.copytree(results_folder, runs / name)
    server = Server(tmp_path_factory.mktemp("cache"), "--results", str(runs))
    yield server
    assert "Traceback" not in server.stop()


Visit = Callable[[str], tuple[Page, list[str]]]


LOOK: ViewportSize = {"width": 1400, "height": 900}


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """One tab for all tests: the dashboard's scripts stay compiled in it, which takes longer than all else. Each visit loads
    its address whole and is a session of its own.
    """
    context = browser.new_context(viewport=LOOK, color_scheme="light", reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture
def visit(tab: Page) -> Iterator[Visit]:
    """Opens an address: the page, and what went wrong on it or left the machine. It is left when the test ends."""
    wrong: list[str] = []
    listeners: dict[str, Callable[..., None]] = {
        "pageerror": lambda error: wrong.append(str(error)),
        "console": lambda message: wrong.append(message.text) if message.type == "error" else None,
        "request": lambda request: wrong.append(request.url) if "//127.0.0.1" not in request.url else None,
    }
    for event, listener in listeners.items():
        tab.on(event, listener)

    def open_page(address: str) -> tuple[Page, list[str]]:
        tab.goto(address)
        return tab, wrong

    yield open_page
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    tab.goto("about:blank")
    tab.set_viewport_size(LOOK)
    tab.emulate_media(color_scheme="light")


def violations(page: Page) -> list[str]:
    """What axe finds wrong for people who use a screen reader, a keyboard or little contrast, once nothing fades in any more."""
    if page.get_by_test_id("stApp").count():  # a report is no page of the dashboard
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    for wait in (300, 1500, 3000):
        page.wait_for_timeout(wait)
        found = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in Axe().run(page).response["violations"]]
        if not found:
            break
    return found
