"""From a profile and a seed to a dataset folder, force by force, in as many processes as asked for."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from synthetic.contract import TABLES, codes, reference
from synthetic.dataset import (
    Dataset,
    FileEntry,
    Generated,
    Manifest,
    TableEntry,
    staged_folder,
    write_manifest,
    write_table,
)
from synthetic.defects import apply_defects, ledger_table
from synthetic.errors import InputError
from synthetic.profile import Profile, load_profile
from synthetic.randomness import stream
from synthetic.recording import record_clean
from synthetic.recording.tables import identifiers, recorded_tables, truth_tables
from synthetic.world import Part, border_parts, make_world
from synthetic.world.scope import Scope

Progress = Callable[[str, float], None]


def generate(
    out: str | Path,
    profile: Profile | str = "typical",
    forces: int | list[str] | None = None,
    years: float = 3,
    as_of: date = date(2025, 3, 31),
    seed: int = 1,
    scale: float = 1.0,
    workers: int = 1,
    progress: Progress | None = None,
    recording: int = 0,
) -> Dataset:
    """Generate a dataset into the folder ``out``, which must not exist, and return it.

    ``forces`` is a number (the largest ones first), slugs of the reference table, or None for all 43; ``years`` the
    length of the period that ends on ``as_of``; ``scale`` multiplies every force's population. The same arguments give
    the same bytes, whatever ``workers`` is. ``recording`` numbers the recordings of one world, which defects fall on again.
    ``progress`` is called with a sentence and the share done. Raises
    InputError, and then leaves nothing behind.
    """
    scope = make_scope(profile, forces, years, as_of, seed, scale)
    report = progress or (lambda sentence, share: None)
    with staged_folder(Path(out)) as folder:
        entries: dict[str, list[FileEntry]] = {name: [] for name in TABLES}
        done = 0
        with _pool(workers, len(scope.forces)) as run:
            # The largest forces first, so that no process is left with one at the end.
            order = sorted(scope.forces, key=lambda slug: -_population(slug))
            border = _border_of_forces(scope, run)
            jobs = [(slug, border[slug]) for slug in order]
            for force_entries in run(partial(_write_force, scope, folder, number=recording), jobs):
                for table, entry in force_entries.items():
                    entries[table].append(entry)
                done += 1
                report(f"Generated {done} of {len(scope.forces)} forces", done / len(scope.forces))
        tables = {}
        for name, files in entries.items():
            files = sorted(files, key=lambda file: scope.forces.index(Path(file.path).stem))
            tables[name] = TableEntry(rows=sum(file.rows for file in files), files=files)
        manifest = Manifest(
            provenance=Generated(generator=f"synthetic {version('synthetic-force-data')}", seed=seed, years=years, scale=scale),
            as_of=as_of,
            period_start=date(1970, 1, 1) + timedelta(days=scope.start),
            forces=list(scope.forces),
            profile=scope.profile.model_dump(mode="json"),
            tables=tables,
        )
        write_manifest(folder, manifest)
    # What was just written needs no gate; every command that reads it goes through it.
    return Dataset(Path(out), manifest)


def make_scope(profile: Profile | str, forces: int | list[str] | None, years: float, as_of: date, seed: int, scale: float) -> Scope:
    """Check the arguments of ``generate`` and gather them; raises InputError with one sentence."""
    if not 0.25 <= years <= 20:
        raise InputError(None, "The number of years must lie between 0.25 and 20.")
    if not 0 < scale <= 10:
        raise InputError(None, "The scale must be above 0 and at most 10; 1 is the size of the real distribution.")
    if seed < 0:
        raise InputError(None, "The seed must be a whole number of 0 or more.")
    if not date(1990, 1, 1) <= as_of <= date(2100, 1, 1):
        raise InputError(None, "The as-of date must lie between 1990 and 2100, written as 2025-03-31.")
    chosen = load_profile(profile) if isinstance(profile, str) else profile
    end = (as_of - date(1970, 1, 1)).days
    start = end - round(years * 365.25) + 1
    return Scope(seed, chosen, start, end, scale, choose_forces(forces))


def choose_forces(forces: int | list[str] | None) -> tuple[str, ...]:
    """Slugs in the order of the reference table, from a number, slugs or None for all."""
    known = codes("forces", "force")
    if forces is None:
        return known
    if isinstance(forces, int):
        if not 1 <= forces <= len(known):
            raise InputError(None, f"The number of forces must lie between 1 and {len(known)}.")
        largest = reference("forces").nlargest(forces, "population")["force"].tolist()
        return tuple(slug for slug in known if slug in largest)
    if not forces or any(slug not in known for slug in forces):
        raise InputError("forces", f"takes a number, or slugs out of: {', '.join(known)}.")
    return tuple(slug for slug in known if slug in forces)


def force_tables(scope: Scope, slug: str, number: int = 0, border: list[Part] | None = None) -> dict[str, pa.Table]:
    """Every table of one force, made in memory; ``number`` numbers recordings of the same world, ``border`` is make_world's."""
    recording = record_clean(scope, make_world(scope, slug, border), number)
    ledger = apply_defects(scope, recording, number)
    ids = identifiers(stream(scope.seed, "identifiers", slug, str(number)), recording)
    return {
        **recorded_tables(recording, ids),
        **truth_tables(recording, ids),
        "truth/defects": ledger_table(ledger, recording, ids),
    }


def _border_of_forces(scope: Scope, run: Callable[..., Any]) -> dict[str, list[Part]]:
    """What each force sees of those who offend in two forces, in order of their home force; each of them drawn once."""
    drawn = dict(run(partial(_border_of_home, scope), scope.forces))
    return {slug: [drawn[home][slug] for home in scope.forces if slug in drawn[home]] for slug in scope.forces}


def _border_of_home(scope: Scope, home: str) -> tuple[str, dict[str, Part]]:
    return home, border_parts(scope, home)


def _write_force(scope: Scope, folder: Path, job: tuple[str, list[Part]], number: int = 0) -> dict[str, FileEntry]:
    slug, border = job
    tables = force_tables(scope, slug, number, border)
    # Parquet is written outside of Python's lock, so two threads halve the wait.
    with ThreadPoolExecutor(2) as executor:
        entries = executor.map(lambda name: write_table(folder, name, slug, tables[name]), TABLES)
        return dict(zip(TABLES, entries, strict=True))


def _population(slug: str) -> int:
    table = reference("forces")
    return int(table.loc[table["force"] == slug, "population"].iloc[0])


@contextmanager
def _pool(workers: int, jobs: int) -> Iterator[Callable[..., Any]]:
    """A function that maps over jobs and yields results as they are done, here or in other processes."""
    if min(workers, jobs) <= 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, jobs), mp_context=context) as executor:

        def run(function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
            futures = [executor.submit(function, item) for item in items]
            try:
                for future in as_completed(futures):
                    yield future.result()
            except BaseException:
                # Wait for those at work: they must not write into a folder that is being removed.
                executor.shutdown(wait=True, cancel_futures=True)
                raise

        yield run
