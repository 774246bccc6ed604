"""Visitors of the dashboard without a browser: real sessions over the websocket that Streamlit's own page uses."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).parents[2]
LARGEST = 1 << 28


@contextlib.contextmanager
def server(*arguments: str, cache: Path | None = None) -> Iterator[tuple[int, int]]:
    """The dashboard as a user starts it, on a free port: the port and the process's number."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {**os.environ} | ({"XDG_CACHE_HOME": str(cache), "HOME": str(cache)} if cache else {})
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                break
            time.sleep(0.1)
        else:
            raise RuntimeError("The dashboard did not start.")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


@dataclass
class Answer:
    """What the server said to one request of a session."""

    seconds: float = 0.0
    bytes: int = 0
    texts: list[str] = field(default_factory=list)
    """Everything that the page says: headings, tables, notes, captions."""
    widgets: dict[str, str] = field(default_factory=dict)
    """Label → identifier of the boxes to choose from."""
    errors: list[str] = field(default_factory=list)
    at_work: bool = False
    """Whether the page shows the progress of a job."""


class Visitor:
    """One session: opens pages, chooses in boxes, and waits for the answer."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.page, self.hash, self.query = "", "", ""
        self.pages: dict[str, str] = {}
        self.chosen: dict[str, str] = {}
        self.pressed: str | None = None
        self.fragments: dict[str, str] = {}
        """Buttons that run a part of the page only, with that part."""

    @classmethod
    async def come(cls, port: int) -> "Visitor":
        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        return cls(await connect(address, subprotocols=["streamlit"], max_size=LARGEST, open_timeout=30))

    async def leave(self) -> None:
        await self.connection.close()

    async def open(self, page: str, query: str = "", timeout: float = 60) -> Answer:
        """Open a page by its name in the address, the empty one being the first; what was chosen is left behind."""
        self.page, self.hash, self.query, self.chosen = page, self.pages.get(page, ""), query, {}
        return await self._ask(timeout)

    async def look_again(self, timeout: float = 60) -> Answer:
        """Run the page again as it is."""
        return await self._ask(timeout)

    async def choose(self, widget: str, value: str, timeout: float = 60) -> Answer:
        """Choose in a box, by its identifier."""
        self.chosen[widget] = value
        return await self._ask(timeout)

    async def press(self, widget: str, timeout: float = 60) -> Answer:
        """Press a button, by its identifier."""
        self.pressed = widget
        return await self._ask(timeout)

    async def _ask(self, timeout: float) -> Answer:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name, state.page_script_hash = self.query, self.page, self.hash
        for widget, value in self.chosen.items():
            state.widget_states.widgets.add(id=widget, string_value=value)
        if self.pressed is not None:
            state.widget_states.widgets.add(id=self.pressed, trigger_value=True)
            state.fragment_id = self.fragments.get(self.pressed, "")
            self.pressed = None
        answer, begin = Answer(), time.perf_counter()
        await self.connection.send(message.SerializeToString())
        async with asyncio.timeout(timeout):
            while not await self._take(answer):
                pass
        answer.seconds = time.perf_counter() - begin
        return answer

    async def _take(self, answer: Answer) -> bool:
        """Take one message in; whether the answer is whole."""
        raw = await self.connection.recv()
        reported = ForwardMsg.FromString(raw)
        answer.bytes += len(raw)
        kind = reported.WhichOneof("type")
        if kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in reported.navigation.app_pages}
            self.pages[""] = next(page.page_script_hash for page in reported.navigation.app_pages if page.is_default)
        elif kind == "delta" and reported.delta.WhichOneof("type") == "new_element":
            element = reported.delta.new_element
            of = element.WhichOneof("type")
            if of == "exception":
                answer.errors.append(element.exception.message)
            elif of == "alert":
                answer.texts.append(element.alert.body)
            elif of in ("markdown", "html", "heading"):
                answer.texts.append(getattr(element, of).body)
            elif of in ("selectbox", "button"):
                answer.widgets[getattr(element, of).label] = getattr(element, of).id
                self.fragments[getattr(element, of).id] = reported.delta.fragment_id
            elif of == "progress":
                answer.at_work = True
        return bool(
            kind == "script_finished"
            and reported.script_finished in (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
        )
