"""Gives up work that a cluster can no longer do: Spark itself would wait without end for another worker."""

import contextlib
import threading
import time
from typing import Any

LOST = "cancelled as part of cancellation of all jobs"
"""Spark's words in the error of work that ``watch`` has cancelled."""
EVERY = 1.0
"""Seconds between looks."""


def executors(session: Any) -> int:
    """Processes that work for the session now, the driver apart."""
    return int(session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()) - 1


def watch(session: Any, patience: float) -> None:
    """Cancel what the session does once it has waited for an executor for so many seconds. It ends with the session.

    A cluster may take executors back while there is nothing to do; that time does not count.
    """
    threading.Thread(target=_watch, args=(session, patience), name="watches the cluster", daemon=True).start()


def _watch(session: Any, patience: float) -> None:
    # Any error means that the session or its Java has ended; the work itself reports that.
    with contextlib.suppress(Exception):
        last = time.monotonic()
        while True:
            time.sleep(EVERY)
            if executors(session) or not session.sparkContext.statusTracker().getActiveJobsIds():
                last = time.monotonic()
            elif time.monotonic() - last > patience:
                session.sparkContext.cancelAllJobs()
