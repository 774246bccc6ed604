"""What the server begins before its first visitor is there: loading the pages, and making the demonstration."""

import contextlib
import threading
from collections.abc import AsyncIterator

from streamlit.starlette import App


@contextlib.asynccontextmanager
async def ahead_of_visitors(app: App) -> AsyncIterator[None]:
    """Begin in a thread of its own, so that the server answers at once."""
    threading.Thread(target=_begin, daemon=True).start()
    yield


def _begin() -> None:
    from dashboard import shell  # slow to import

    shell.begin_demonstration()
