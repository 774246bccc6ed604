"""Gives up work that a cluster can no longer do: Spark itself would wait without end for another worker."""

import contextlib
import threading
import time
from typing import Any

LOST = "cancelled as part of cancellation of all jobs"
"""Spark's words in the error of work that ``watch`` has cancelled."""
EVERY = 1.0
"""Seconds between looks."""
WITHOUT_TASKS = 3.0
"""So many times longer work may wait while executors are counted and none does anything: Spark may count one that was lost."""


def executors(session: Any) -> int:
    """Processes that work for the session now, the driver apart."""
    return int(session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()) - 1


def tasks(session: Any) -> int:
    """Tasks that executors are working on now."""
    tracker = session.sparkContext.statusTracker()
    stages = (tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds())
    return sum(stage.numActiveTasks for stage in stages if stage is not None)


def watch(session: Any, patience: float) -> None:
    """Cancel what the session does once it has waited for an executor for so many seconds. It ends with the session.

    A cluster may take executors back while there is nothing to do; that time does not count.
    """
    threading.Thread(target=_watch, args=(session, patience), name="watches the cluster", daemon=True).start()


def _watch(session: Any, patience: float) -> None:
    # Any error means that the session or its Java has ended; the work itself reports that.
    with contextlib.suppress(Exception):
        with_executor = with_task = time.monotonic()
        while True:
            time.sleep(EVERY)
            now, idle = time.monotonic(), not session.sparkContext.statusTracker().getActiveJobsIds()
            if idle or executors(session):
                with_executor = now
            if idle or tasks(session):
                with_task = now
            if now - with_executor > patience or now - with_task > patience * WITHOUT_TASKS:
                session.sparkContext.cancelAllJobs()
