"""One world, made, measured and thrown away; many of them in processes; and replicates of a dataset's recording."""

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from audit.effect import Choices, Effect, Instrument, measure
from audit.engines import connect, connect_tables
from audit.results import Results
from synthetic import generate
from synthetic.dataset import Dataset, Generated
from synthetic.errors import InputError, processes_that_last
from synthetic.generate import force_tables, make_scope
from synthetic.profile import Profile, check_profile

FIGURES = ("recall_at_k", "harm_captured", "wrongly_included", "repeat_entries")
Progress = Callable[[str, float], None]
Job = TypeVar("Job")
Made = TypeVar("Made")


@dataclass(frozen=True)
class WorldPlan:
    """What it takes to make a world and its recording."""

    profile: Profile
    forces: tuple[str, ...]
    years: float
    as_of: date
    seed: int
    scale: float
    recording: int = 0


def measure_world(
    plan: WorldPlan,
    choices: Choices,
    weights: dict[str, float] | None = None,
    gains: bool = False,
    instruments: Sequence[Instrument] | None = None,
) -> Effect:
    """Make a world, measure the effect on each force's list, and throw the world away; ``gains`` asks for fix-first too.

    A world of one force is never written to a file: nobody from another force is in it, and its tables fit into memory.
    """
    measured = partial(
        measure,
        forces=list(plan.forces),
        last_day=np.datetime64(plan.as_of),
        choices=choices,
        weights=weights,
        only_effect=not gains,
        instruments=instruments,
    )
    if len(plan.forces) == 1:
        scope = make_scope(plan.profile, list(plan.forces), plan.years, plan.as_of, plan.seed, plan.scale)
        tables = force_tables(scope, plan.forces[0], plan.recording, [])
        with connect_tables(plan.forces[0], tables) as connection:
            return measured(connection)
    with tempfile.TemporaryDirectory(prefix="force-data-world-") as folder:
        dataset = generate(
            Path(folder) / "dataset",
            plan.profile,
            list(plan.forces),
            plan.years,
            plan.as_of,
            plan.seed,
            plan.scale,
            recording=plan.recording,
        )
        with connect(dataset) as connection:
            return measured(connection)


def in_processes(
    function: Callable[[Job], Made], jobs: Sequence[Job], workers: int | None = None, alive: Callable[[], None] | None = None
) -> Iterator[tuple[int, Made]]:
    """(position of the job, what was made) as the jobs are done, in ``workers`` processes; one by one in this one for 1.

    ``alive`` is called twice a second while processes are at work, and may raise to give up what nobody waits for any more.
    """
    count = min(workers or os.cpu_count() or 1, len(jobs))
    if count <= 1:
        for place, job in enumerate(jobs):
            yield place, function(job)
        return
    with processes_that_last(), tempfile.TemporaryDirectory(prefix="force-data-worlds-", ignore_cleanup_errors=True) as folder:
        context = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(count, mp_context=context, initializer=_work_in, initargs=(folder,))
        try:
            pending = {executor.submit(function, job): place for place, job in enumerate(jobs)}
            while pending:
                done, _ = wait(pending, timeout=None if alive is None else 0.5, return_when=FIRST_COMPLETED)
                if alive is not None:
                    alive()
                for future in done:
                    yield pending.pop(future), future.result()
        except BaseException:
            # Nobody waits for the worlds that are being made. From Python 3.14 on this is executor.kill_workers().
            processes = list(executor._processes.values())
            executor.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
                process.join(5)
            raise
        executor.shutdown()


def _work_in(folder: str) -> None:
    """In a process: its temporary files lie in a folder that goes when its parent is done with it."""
    tempfile.tempdir = folder


def replicate(
    dataset: Dataset,
    count: int,
    choices: Choices,
    weights: dict[str, float] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    instruments: Sequence[Instrument] | None = None,
) -> pd.DataFrame:
    """``replicates.parquet``: the figures of ``count`` further recordings of a dataset's world, a row a force and instrument.

    The world stays, the recording and its defects are drawn again. Raises InputError where the dataset does not say how it was
    generated, or with fewer than two replicates.
    """
    plan = plan_of(dataset, count)
    plans = [replace(plan, recording=number) for number in range(1, count + 1)]
    parts = []
    for done, (place, effect) in enumerate(
        in_processes(partial(measure_world, choices=choices, weights=weights, instruments=instruments), plans, workers), 1
    ):
        parts.append(effect.effect[["force", "instrument", *FIGURES]].assign(replicate=place + 1))
        if progress is not None:
            progress(f"Recorded the world again, {done} of {count} times", done / count)
    return pd.concat(parts).sort_values(["force", "instrument", "replicate"], ignore_index=True)


def plan_of(dataset: Dataset, count: int) -> WorldPlan:
    """What it takes to record a dataset's world again; InputError where the dataset does not say, or the count is no use."""
    if not 2 <= count <= 1000:
        raise InputError("replicates", "takes a whole number from 2 to 1000.")
    provenance, profile = dataset.manifest.provenance, dataset.manifest.profile
    if not isinstance(provenance, Generated) or profile is None or provenance.years is None or provenance.scale is None:
        raise InputError("replicates", "needs a dataset that this version has generated, since its world is recorded again.")
    return WorldPlan(
        check_profile(profile),
        tuple(dataset.forces),
        provenance.years,
        dataset.manifest.as_of,
        provenance.seed,
        provenance.scale,
    )


def with_replicates(results: Results, replicates: pd.DataFrame) -> Results:
    """The results with the intervals of recall_at_k taken from replicates instead of Wilson's."""
    effect = results["effect"]
    keys = ["force", "instrument"]
    ends = replicates.groupby(keys)["recall_at_k"].agg(lambda values: interval(values.to_numpy()))
    low, high, by_force = [], [], {}
    for row in effect.itertuples():
        found = row.recall_at_k
        bottom, top = ends.get((row.force, row.instrument), (np.nan, np.nan))
        low.append(np.fmin(bottom, found))
        high.append(np.fmax(top, found))
        by_force[row.force, row.instrument] = low[-1], high[-1]
    forces = []
    for row in results.summary.forces:
        bottom, top = by_force.get((row.force, results.summary.options.instrument), (np.nan, np.nan))
        known = row.recall_at_k is not None and not np.isnan(bottom)
        forces.append(row.model_copy(update={"low": float(bottom), "high": float(top)}) if known else row)
    count = int(replicates["replicate"].nunique())
    summary = results.summary.model_copy(
        update={
            "forces": forces,
            "interval": f"95 % prediction intervals over {count} recordings of the same world, widened to hold the figure",
        }
    )
    return results.with_tables(summary, effect=effect.assign(low=low, high=high), replicates=replicates)


def interval(values: np.ndarray) -> tuple[float, float]:
    """Where a further value of shares like these lies with 95 %: Student's t, cut at 0 and 1; the value itself for one alone."""
    from scipy.special import stdtrit  # slow to import, and no page needs it

    known = values[~np.isnan(values)]
    if not len(known):
        return np.nan, np.nan
    if len(known) == 1:
        return float(known[0]), float(known[0])
    half = stdtrit(len(known) - 1, 0.975) * known.std(ddof=1) * np.sqrt(1 + 1 / len(known))
    return float(max(known.mean() - half, 0.0)), float(min(known.mean() + half, 1.0))
