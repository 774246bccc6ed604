"""Datasets that visitors make and audit on the server: one at a time, small, in a folder of the server's own."""

import re
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from audit import InputError, write_results

MOST_FORCES, MOST_YEARS, MOST_SCALE = 5, 3, 0.2
MOST_KEPT = 20
"""Folders that visitors may have made; older ones must be removed by the person who runs the server."""
LEAST_DISK = 2 * 2**30
"""Bytes that must be free before a dataset is made."""
PREFIX = "made here: "
"""What the names of these results begin with."""

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Order:
    """What a visitor wants to have made; either a generated dataset, or a public set of synthetic records by its name."""

    profile: str = "typical"
    forces: tuple[str, ...] = ()
    years: int = 1
    scale: float = 0.05
    seed: int = 1
    benchmark: str | None = None

    @property
    def name(self) -> str:
        """The name of its folder; the same order has the same."""
        if self.benchmark is not None:
            return f"benchmark-{self.benchmark}"
        text = f"{self.profile}-{'-'.join(self.forces)}-{self.years}y-{self.scale:g}-seed{self.seed}"
        return re.sub(r"[^a-z0-9.-]", "-", text.lower())[:120]


def root() -> Path:
    """The folder that everything is made in."""
    return platformdirs.user_data_path("synthetic-force-data") / "made"


def made() -> dict[str, Path]:
    """Results that visitors have made, by the name that an address may hold, in the order of their names."""
    folder = root()
    if not folder.is_dir():
        return {}
    found = [path / "results" for path in sorted(folder.iterdir()) if (path / "results" / "audit.json").is_file()]
    return {f"{PREFIX}{path.parent.name}": path for path in found}


def make(order: Order, progress: Callable[[str, float], None]) -> str:
    """Make and audit what is ordered; the name of its results. Raises InputError where a limit is passed or another is being made."""
    check(order)
    folder = root() / order.name
    if (folder / "results" / "audit.json").is_file():
        return f"{PREFIX}{order.name}"
    if not _one_at_a_time.acquire(blocking=False):
        raise InputError(None, "Another dataset is being made on this server; try again when it is done.")
    try:
        _check_space()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            _fill(order, folder, progress)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    finally:
        _one_at_a_time.release()
    return f"{PREFIX}{order.name}"


def check(order: Order) -> None:
    """Refuse what is larger than this server makes; raises InputError with what is allowed."""
    if order.benchmark is not None:
        return
    if not 1 <= len(order.forces) <= MOST_FORCES:
        raise InputError(None, f"Choose from 1 to {MOST_FORCES} forces.")
    if not 0 < order.scale <= MOST_SCALE:
        raise InputError("scale", f"takes a number up to {MOST_SCALE:g} here.")
    if not 1 <= order.years <= MOST_YEARS:
        raise InputError("years", f"takes from 1 to {MOST_YEARS} years here.")


def _check_space() -> None:
    if len(made()) >= MOST_KEPT:
        raise InputError(None, f"This server keeps {MOST_KEPT} such datasets; ask the person who runs it to remove some.")
    root().mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(root()).free < LEAST_DISK:
        raise InputError(None, "The server's disk is nearly full; ask the person who runs it to make space.")


def _fill(order: Order, folder: Path, progress: Callable[[str, float], None]) -> None:
    from audit import audit_dataset  # slow to import, and pages of results need none of it
    from synthetic import generate
    from synthetic.benchmarks import benchmark

    if order.benchmark is not None:
        progress("Bringing in the public set", 0.1)
        dataset = benchmark(order.benchmark, folder / "dataset")
    else:
        dataset = generate(
            folder / "dataset", order.profile, list(order.forces), order.years, seed=order.seed, scale=order.scale,
            progress=lambda sentence, share: progress(sentence, 0.5 * share),
        )  # fmt: skip
    results = audit_dataset(dataset, progress=lambda sentence, share: progress(sentence, 0.5 + 0.45 * share))
    write_results(results, folder / "results")
