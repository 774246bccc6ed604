"""The demonstration that a first start makes: one synthetic region, generated and audited, kept in the user's cache."""

import contextlib
import functools
import hashlib
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import platformdirs

from audit import read_results, write_results
from audit.results import Results
from synthetic.dataset import Dataset
from synthetic.errors import InputError

FORCES = ["aldermoor", "brackenshire", "cairnwater", "garrowby", "hartsmoor"]
SCALE = 0.06
"""Lists of a hundred are full, and a first start takes seconds."""
SEED = 1
CHANGES = ("2025-01-01:migration@garrowby",)
FIXES = ("2024-12-01:linkage.suspect_not_linked=0.7@cairnwater",)
"""What happens in the last months, so that a series of extracts has something to show."""
EXTRACTS = 6
MONTHS = "the demonstration's months"
"""The job that makes the months before."""

_one_at_a_time = threading.Lock()


def results_folder() -> Path:
    """Where the demonstration's results are, or will be: a folder of the user's cache, by version and settings."""
    settings = f"{version('synthetic-force-data')} {FORCES} {SCALE} {SEED} {CHANGES} {FIXES} {_code_hash()}"
    name = hashlib.sha256(settings.encode()).hexdigest()[:12]
    return platformdirs.user_cache_path("synthetic-force-data") / f"demonstration-{name}" / "results"


def first_folder() -> Path:
    """Where first results are, or will be, until the whole are there: without duplicate identities and effect."""
    return results_folder().with_name("first-results")


def months_folder() -> Path:
    """Where the tracked months before the demonstration's are, or will be."""
    return results_folder().with_name("over-time")


def is_there(folder: Path) -> bool:
    """Whether a folder of results was made; none is ever there in part."""
    return (folder / "audit.json").exists()


def make(progress: Callable[[str, float], None]) -> Path:
    """The folder of the demonstration's results, made where they do not exist yet; safe when several visitors come at once.

    ``first_folder`` has results after a third of the time. They stay: a page may still be reading them when the whole are there.
    """
    from audit import audit_dataset  # slow to import, and made once
    from synthetic import generate

    target = results_folder()
    with _one_at_a_time:
        if not is_there(target):
            folder = target.with_name("dataset")
            dataset: Dataset | Path = folder
            if not (folder / "dataset.json").exists():
                # Another process may be first: what it wrote is the same, byte for byte.
                with _if_another_was_first(folder / "dataset.json"):
                    dataset = generate(
                        folder,
                        "typical",
                        FORCES,
                        scale=SCALE,
                        seed=SEED,
                        workers=1,  # so little is made sooner than another process begins
                        changes=CHANGES,
                        fixes=FIXES,
                        progress=lambda sentence, share: progress(sentence, 0.2 * share),
                    )
            results = audit_dataset(
                dataset, progress=lambda sentence, share: progress(sentence, 0.2 + 0.8 * share), first=_write_first
            )
            with _if_another_was_first(target / "audit.json"):
                write_results(results, target)
    return target


def _write_first(results: Results) -> None:
    with _if_another_was_first(first_folder() / "audit.json"):  # or a server that was stopped before it had the whole
        write_results(results, first_folder())


def make_months(progress: Callable[[str, float], None]) -> Path:
    """Make the monthly extracts before the demonstration's and track them, where that was not done yet; the results folder.

    The last extract of the series is the demonstration's dataset, byte for byte, so its audit is not repeated. Person records
    of the months before are not linked, which would take most of the time.
    """
    from audit.oversight.track import track_series, write_tracked  # slow to import, and made once
    from synthetic import generate_series

    last = read_results(make(progress))
    target = months_folder()
    with _one_at_a_time:
        if not is_there(target):
            series = target.with_name("series")
            if not series.exists():
                with _if_another_was_first(series):
                    generate_series(
                        series,
                        EXTRACTS,
                        "typical",
                        FORCES,
                        scale=SCALE,
                        seed=SEED,
                        changes=CHANGES,
                        fixes=FIXES,
                        progress=lambda sentence, share: progress(sentence, 0.4 * share),
                    )
            tracked = track_series(
                series, linkage=False, last=last, progress=lambda sentence, share: progress(sentence, 0.4 + 0.6 * share)
            )
            with _if_another_was_first(target / "audit.json"):
                write_tracked(tracked, last, target)
    return target


@contextlib.contextmanager
def _if_another_was_first(made: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        if not made.exists():
            raise


@functools.cache
def _code_hash() -> str:
    """Of the code that this server began with. Changes with the generator and the auditor, so that an old demonstration is never shown for a new version."""
    root = Path(__file__).parents[1]
    files = sorted([*root.glob("synthetic/**/*"), *root.glob("audit/**/*")])
    digest = hashlib.sha256()
    for path in files:
        if path.suffix in (".py", ".toml", ".csv", ".json"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
