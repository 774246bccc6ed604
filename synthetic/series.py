"""A series of extracts: one world, as its forces' data stood on the last day of one month after another."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from synthetic.dataset import Extract, Manifest, Series, staged_folder, write_series
from synthetic.errors import InputError
from synthetic.generate import Progress, changes_made, fixes_made, make_scope, write_extracts
from synthetic.profile import Profile

MOST_EXTRACTS = 120


def generate_series(
    out: str | Path,
    extracts: int,
    profile: Profile | str = "typical",
    forces: int | list[str] | None = None,
    years: float = 3,
    as_of: date = date(2025, 3, 31),
    seed: int = 1,
    scale: float = 1.0,
    workers: int = 1,
    progress: Progress | None = None,
    changes: Sequence[str] = (),
    fixes: Sequence[str] = (),
) -> Series:
    """Generate so many monthly extracts into the folder ``out``, which must not exist, the last of them as of ``as_of``.

    Each is what ``generate`` makes of its date with the same arguments, to the byte; files that two extracts in a row share are linked. The
    other arguments are those of ``generate``. Raises InputError, and then leaves nothing behind.
    """
    last = make_scope(profile, forces, years, as_of, seed, scale, changes, fixes)
    if not 1 <= extracts <= MOST_EXTRACTS:
        raise InputError("extracts", f"takes a number of months from 1 to {MOST_EXTRACTS}.")
    if (as_of + timedelta(days=1)).day != 1:
        raise InputError("as_of", "takes the last day of a month where extracts are asked for, for example 2025-03-31.")
    for name, made in (("change", last.changes), ("fix", last.fixes)):
        if any(one.first > last.end for one in made):
            raise InputError(name, "takes a day up to that of the last extract; from a later one on, nothing would be different.")
    days = [as_of]
    while len(days) < extracts:
        days.append(days[-1].replace(day=1) - timedelta(days=1))
    days.reverse()
    periods = [make_scope(last.profile, list(last.forces), years, day, seed, scale) for day in days]
    scopes = [replace(last, start=period.start, end=period.end) for period in periods]
    listed = [Extract(as_of=day, path=day.isoformat()) for day in days]
    with staged_folder(Path(out)) as folder:
        folders = [folder / extract.path for extract in listed]
        for one in folders:
            one.mkdir()
        manifests = write_extracts(scopes, folders, years, workers, progress)
        for number in range(1, len(folders)):
            _link_shared(folders[number - 1], manifests[number - 1], folders[number], manifests[number])
        manifest = write_series(folder, listed, changes_made(last), fixes_made(last))
    return Series(Path(out), manifest)


def _link_shared(before: Path, manifest_before: Manifest, after: Path, manifest: Manifest) -> None:
    """Put one file in the place of two that are the same, where the disk can."""
    known = {file.path: file.sha256 for entry in manifest_before.tables.values() for file in entry.files}
    for entry in manifest.tables.values():
        for file in entry.files:
            if known.get(file.path) != file.sha256:
                continue
            beside = after / f"{file.path}.link"
            try:
                os.link(before / file.path, beside)
                beside.replace(after / file.path)
            except OSError:
                return
            finally:
                beside.unlink(missing_ok=True)
