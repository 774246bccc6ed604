"""Take the README's pictures: start the dashboard, open its pages in headless Chromium, and take a screenshot of each.

Arguments, such as ``--results FOLDER``, are handed to the dashboard; without any it shows the demonstration.
"""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parent
PAGES = {
    "overview": "",
    "missing-fields": "missing-fields",
    "pitfalls": "pitfalls?scenario=silent-station&present=true&reveal=true",
}


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("There is no Chromium here; install it first.")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--", *sys.argv[1:]]
    server = subprocess.Popen(command, cwd=DOCS.parent, stdout=subprocess.DEVNULL)  # noqa: S603 - our own page
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1400, "height": 900}, color_scheme="light")
            for name, path in PAGES.items():
                page.goto(f"http://127.0.0.1:{port}/{path}")
                page.locator("table.bench").first.wait_for(timeout=120_000)
                page.wait_for_timeout(1500)
                page.screenshot(path=DOCS / f"{name}.png")
            browser.close()
    finally:
        server.terminate()


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310 - this machine only
                return
        except OSError:
            time.sleep(0.1)
    sys.exit("The dashboard did not start.")


if __name__ == "__main__":
    main()
