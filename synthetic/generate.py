"""From a profile and a seed to a dataset folder, force by force, in as many processes as asked for."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from synthetic.contract import TABLES, codes, reference
from synthetic.dataset import (
    ChangeMade,
    Dataset,
    FileEntry,
    FixMade,
    Generated,
    Manifest,
    TableEntry,
    staged_folder,
    write_manifest,
    write_table,
)
from synthetic.defects import REGISTRY, apply_defects, ledger_table
from synthetic.errors import InputError, processes_that_last, read_day
from synthetic.profile import Profile, load_profile
from synthetic.recording import record_clean
from synthetic.recording.tables import identifiers, recorded_tables, truth_tables
from synthetic.world import Part, World, border_parts, make_world, residents, view
from synthetic.world.scope import Change, Fix, Scope, force_of

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
    changes: Sequence[str] = (),
    fixes: Sequence[str] = (),
) -> Dataset:
    """Generate a dataset into the folder ``out``, which must not exist, and return it.

    ``forces`` is a number (the largest ones first), slugs of the reference table, or None for all 43; ``years`` the
    length of the period that ends on ``as_of``, in whole months; ``scale`` multiplies every force's population. The same
    arguments give the same bytes, whatever ``workers`` is. ``recording`` numbers the recordings of one world, which defects
    fall on again. ``changes`` (``2024-10-01:migration@aldermoor``) say from when on records are made as in another profile,
    ``fixes`` (``2025-01-01:identity.duplicate_rate=0.5``) how much of a kind of defect is repaired and when.
    ``progress`` is called with a sentence and the share done. Raises InputError, and then leaves nothing behind.
    """
    scope = make_scope(profile, forces, years, as_of, seed, scale, changes, fixes)
    with staged_folder(Path(out)) as folder:
        (manifest,) = write_extracts([scope], [folder], years, workers, progress, recording)
    # What was just written needs no gate; every command that reads it goes through it.
    return Dataset(Path(out), manifest)


def write_extracts(
    scopes: Sequence[Scope],
    folders: Sequence[Path],
    years: float,
    workers: int = 1,
    progress: Progress | None = None,
    recording: int = 0,
) -> list[Manifest]:
    """Write extracts of one world, one to each folder; the scopes are alike but for their periods. The world is drawn once."""
    report = progress or (lambda sentence, share: None)
    whole = replace(scopes[0], start=min(scope.start for scope in scopes), end=max(scope.end for scope in scopes))
    entries: list[dict[str, list[FileEntry]]] = [{name: [] for name in TABLES} for _ in scopes]
    done = 0
    with _pool(workers, len(whole.forces)) as run:
        # The largest forces first, so that no process is left with one at the end.
        order = sorted(whole.forces, key=lambda slug: -_population(slug))
        border = _border_of_forces(whole, tuple(scopes), run)
        jobs = [(slug, border[slug]) for slug in order]
        for written in run(partial(_write_force, whole, tuple(scopes), tuple(folders), number=recording), jobs):
            for listed, force_entries in zip(entries, written, strict=True):
                for table, entry in force_entries.items():
                    listed[table].append(entry)
            done += 1
            report(f"Generated {done} of {len(whole.forces)} forces", done / len(whole.forces))
    manifests = []
    for scope, folder, listed in zip(scopes, folders, entries, strict=True):
        manifests.append(_manifest(scope, listed, years))
        write_manifest(folder, manifests[-1])
    return manifests


def _manifest(scope: Scope, entries: dict[str, list[FileEntry]], years: float) -> Manifest:
    tables = {}
    for name, files in entries.items():
        files = sorted(files, key=lambda file: scope.forces.index(Path(file.path).stem))
        tables[name] = TableEntry(rows=sum(file.rows for file in files), files=files)
    return Manifest(
        provenance=Generated(
            generator=f"synthetic {version('synthetic-force-data')}", seed=scope.seed, years=years, scale=scope.scale
        ),
        as_of=_as_date(scope.end),
        period_start=_as_date(scope.start),
        forces=list(scope.forces),
        profile=scope.profile.model_dump(mode="json"),
        changes=[made for made in changes_made(scope) if made.since <= _as_date(scope.end)],
        fixes=[made for made in fixes_made(scope) if made.since <= _as_date(scope.end)],
        tables=tables,
    )


def changes_made(scope: Scope) -> list[ChangeMade]:
    """The changes of a scope as manifests and series list them."""
    return [
        ChangeMade(
            since=_as_date(one.first),
            profile=one.profile.name,
            force=one.force,
            defects=_changed_rates(scope, one, scope.changes[:number]),
        )
        for number, one in enumerate(scope.changes)
    ]


def _changed_rates(scope: Scope, change: Change, earlier: Sequence[Change]) -> list[str]:
    """The defects whose rate a change sets to another one than before, in any force that it is made in."""
    before = {
        slug: next((one.profile for one in reversed(earlier) if one.force in (None, slug)), scope.profile)
        for slug in (scope.forces if change.force is None else (change.force,))
    }
    return [
        defect.name
        for defect in REGISTRY
        if any(change.profile.rate(defect.rate) != profile.rate(defect.rate) for profile in before.values())
    ]


def fixes_made(scope: Scope) -> list[FixMade]:
    """The fixes of a scope as manifests and series list them."""
    return [
        FixMade(
            since=_as_date(one.first),
            key=one.key,
            share=one.share,
            force=one.force,
            defects=[defect.name for defect in REGISTRY if defect.rate == one.key],
        )
        for one in scope.fixes
    ]


def _as_date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)


def make_scope(
    profile: Profile | str,
    forces: int | list[str] | None,
    years: float,
    as_of: date,
    seed: int,
    scale: float,
    changes: Sequence[str] = (),
    fixes: Sequence[str] = (),
) -> Scope:
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
    chosen_forces = choose_forces(forces)
    return Scope(
        seed,
        chosen,
        _start_of_period(as_of, years),
        end,
        scale,
        chosen_forces,
        tuple(_change(text, chosen_forces) for text in changes),
        tuple(_fix(text, chosen_forces) for text in fixes),
    )


def _start_of_period(as_of: date, years: float) -> int:
    """The first day, since 1970, of so many years in whole months up to ``as_of``."""
    after = as_of + timedelta(days=1)
    month = np.datetime64(after, "M") - max(round(years * 12), 1)
    days_of_month = int(((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(int))
    return int(month.astype("datetime64[D]").astype(int)) + min(after.day, days_of_month) - 1


def _change(text: str, forces: tuple[str, ...]) -> Change:
    """A change as ``DATE:PROFILE[@FORCE]``."""
    hint = "takes DATE:PROFILE or DATE:PROFILE@FORCE, for example --change 2024-10-01:migration@aldermoor."
    first, rest, force = _parts("change", text, forces, hint)
    try:
        return Change(first, load_profile(rest), force)
    except InputError as error:
        if error.parameter != "profile":
            raise
        raise InputError("change", f"names a profile that cannot be read; after the day it {error.message}") from None


def _fix(text: str, forces: tuple[str, ...]) -> Fix:
    """A fix as ``DATE:KEY=SHARE[@FORCE]``."""
    hint = "takes DATE:KEY=SHARE or DATE:KEY=SHARE@FORCE, for example --fix 2025-01-01:identity.duplicate_rate=0.5."
    first, rest, force = _parts("fix", text, forces, hint)
    key, _, share = rest.partition("=")
    rates = sorted({defect.rate for defect in REGISTRY})
    if key not in rates:
        raise InputError("fix", f"takes the rate of a kind of defect: one of {', '.join(rates)}.")
    try:
        value = float(share)
    except ValueError:
        raise InputError("fix", hint) from None
    if not 0 <= value <= 1:
        raise InputError("fix", "takes a share between 0 and 1.")
    return Fix(first, key, value, force)


def _parts(parameter: str, text: str, forces: tuple[str, ...], hint: str) -> tuple[int, str, str | None]:
    """Day since 1970, what is between, and the force after the last @, where there is one."""
    day, separator, rest = text.partition(":")
    what, at, force = rest.rpartition("@")
    if not separator or not rest:
        raise InputError(parameter, hint)
    first = (read_day(day, parameter, hint) - date(1970, 1, 1)).days
    if at and force not in forces:
        raise InputError(parameter, f"names a force after @ that is not generated; it takes one of: {', '.join(forces)}.")
    return (first, what, force) if at else (first, rest, None)


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
    return recorded_world(scope, make_world(scope, slug, border), number)


def recorded_world(scope: Scope, world: World, number: int = 0) -> dict[str, pa.Table]:
    """Every table of one force's part of the world, recorded and with its defects."""
    return dict(_tables_in_turn(scope, world, number))


def _tables_in_turn(scope: Scope, world: World, number: int) -> Iterator[tuple[str, pa.Table]]:
    """The tables of ``recorded_world`` by name, each made when it is asked for, so that no two need be held."""
    recording = record_clean(scope, world, number)
    ledger = apply_defects(scope, recording, number)
    ids = identifiers(recording)
    yield from recorded_tables(recording, ids)
    yield from truth_tables(recording, ids)
    yield "truth/defects", ledger_table(ledger, recording, ids)


def _border_of_forces(whole: Scope, periods: tuple[Scope, ...], run: Callable[..., Any]) -> dict[str, list[list[Part]]]:
    """What each force sees in each period of those who offend in two forces, in order of their home force; drawn once."""
    drawn: dict[str, list[dict[str, Part]]] = dict(run(partial(_border_of_home, whole, periods), whole.forces))
    return {
        slug: [
            [drawn[home][number][slug] for home in whole.forces if slug in drawn[home][number]] for number in range(len(periods))
        ]
        for slug in whole.forces
    }


def _border_of_home(whole: Scope, periods: tuple[Scope, ...], home: str) -> tuple[str, list[dict[str, Part]]]:
    return home, border_parts(whole, home, periods)


def _write_force(
    whole: Scope, periods: tuple[Scope, ...], folders: tuple[Path, ...], job: tuple[str, list[list[Part]]], number: int = 0
) -> list[dict[str, FileEntry]]:
    slug, border = job
    force = force_of(whole, slug)
    group = residents(whole, force)
    written = []
    for period, folder, parts in zip(periods, folders, border, strict=True):
        tables = _tables_in_turn(period, view(period, force, group, parts), number)
        written.append(_write_in_turn(folder, slug, tables))
    return written


def _write_in_turn(folder: Path, slug: str, tables: Iterator[tuple[str, pa.Table]]) -> dict[str, FileEntry]:
    """Write tables, each while the next one is made, as Parquet is written outside of Python's lock."""
    entries: dict[str, Future[FileEntry]] = {}
    with ThreadPoolExecutor(1) as executor:
        waiting: Future[FileEntry] | None = None
        for name, table in tables:
            if waiting is not None:
                waiting.result()
            waiting = executor.submit(write_table, folder, name, slug, table)
            del table
            entries[name] = waiting
    return {name: entries[name].result() for name in TABLES}


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
    with processes_that_last(), ProcessPoolExecutor(min(workers, jobs), mp_context=context) as executor:

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
