"""Work that takes longer than a second: it runs beside the page, shows its progress, and can be stopped."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import streamlit as st

from audit import InputError

R = TypeVar("R")


class Progress(Protocol):
    """Called by the work with how far it is; without a sentence it only ends work that its visitor has stopped."""

    def __call__(self, sentence: str | None = None, share: float | None = None) -> None: ...


PATIENCE = 0.6
"""Seconds for which a page waits for work before it shows how far that is."""
MOST_KEPT = 40
"""Results kept for all visitors; the oldest go first."""


class Stopped(Exception):
    """Raised within the work when its visitor has stopped it."""


class Job:
    """One piece of work in a thread of its own."""

    def __init__(self, work: Callable[[Progress], Any]) -> None:
        self.sentence, self.share = "Beginning", 0.0
        self.result: Any = None
        self.error: str | None = None
        self.stopping = False
        self.done = threading.Event()
        threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def stop(self) -> None:
        """Ask the work to end; it does so at its next step."""
        self.stopping = True

    def _report(self, sentence: str | None = None, share: float | None = None) -> None:
        if self.stopping:
            raise Stopped
        self.sentence, self.share = sentence or self.sentence, self.share if share is None else share

    def _run(self, work: Callable[[Progress], Any]) -> None:
        try:
            self.result = work(self._report)
        except Stopped:
            self.error = "Stopped; nothing was kept. Start it again, or choose something else."
        except InputError as error:
            self.error = str(error)
        except Exception:  # a visitor sees no traceback, and the server goes on
            self.error = "This could not be made; try it again, and if it fails again ask the person who runs this dashboard."
        finally:
            self.done.set()


@st.cache_resource
def _jobs() -> "tuple[threading.Lock, OrderedDict[str, Job]]":
    return threading.Lock(), OrderedDict()


def begin(key: str, work: Callable[[Progress], Any]) -> Job:
    """The job of a key, begun where it was not. Work of one key is done once for all visitors; a key that has the visitor's
    session in it is that visitor's alone.
    """
    lock, jobs = _jobs()
    with lock:
        job = jobs.get(key)
        if job is None:
            job = jobs[key] = Job(work)
            while len(jobs) > MOST_KEPT:
                jobs.popitem(last=False)
    return job


def result_of(
    key: str,
    title: str,
    work: Callable[[Progress], R],
    meanwhile: Callable[[], R | None] = lambda: None,
    patience: float = PATIENCE,
) -> R:
    """What the work of a key (``begin``) returns; while it runs the page shows its progress, with a button to stop it, and ends there.

    ``meanwhile`` gives what can be shown before the work is done, None where there is nothing yet. The page then goes on with
    that below the progress, and runs again by itself when the work is done. ``patience``: seconds for which nothing is shown, as
    the work may be done by then.
    """
    job, early = begin(key, work), meanwhile()
    if early is None:
        job.done.wait(patience)
        early = meanwhile()
    if not job.done.is_set():
        _progress(title, job, None if early is not None else meanwhile)
    elif job.error is None:
        return job.result
    else:
        _forget(key)
        st.warning(job.error, icon=":material/error:")
        st.button("Start again", key=f"again-{key}")
    if early is None:
        st.stop()
    return early


def _forget(key: str) -> None:
    lock, jobs = _jobs()
    with lock:
        jobs.pop(key, None)


@st.fragment(run_every=0.5)
def _progress(title: str, job: Job, meanwhile: Callable[[], Any] | None) -> None:
    """The progress of a job. ``meanwhile``: what the page waits for beside its end; None where the page already shows something."""
    st.progress(min(max(job.share, 0.02), 1.0), f"{title}: {job.sentence.lower()}")
    if job.done.is_set() or (meanwhile is not None and meanwhile() is not None):
        st.rerun()
    if meanwhile is not None and st.button("Stop", icon=":material/stop:", key="stop-job"):
        job.stop()
