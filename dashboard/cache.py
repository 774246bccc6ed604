"""What is kept between visits: results as read and as judged with a visitor's thresholds, and what pages draw of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ParamSpec, TypeVar

import streamlit as st

from audit import InputError, Results, read_results
from audit.readiness.periods import months_of
from audit.readiness.thresholds import Thresholds
from audit.readiness.uses import for_use
from audit.readiness.verdict import judge
from dashboard.jobs import PATIENCE, result_of
from dashboard.work import PREFIX
from synthetic.dataset import Dataset, file_hash, load

ROWS_CHECKED_SOON = 1_000_000
"""Rows of which the provenance is checked before a visitor waits for it."""
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class View:
    """What a page shows: the results, as judged with the visitor's thresholds, and where they and others like them are."""

    results: Results
    folder: Path
    runs: dict[str, Path]
    """Every results folder below the one that the server was started with, by the name that an address may hold."""
    thresholds: Thresholds
    name: str
    """The name of the run that is shown."""
    dataset_folder: Path | None = None
    """The dataset that the server was started with; None looks beside the results."""

    @cached_property
    def key(self) -> str:
        """What distinguishes these results, as judged with these thresholds, from any others."""
        return f"{self.folder} {changed_at(self.folder)} {self.thresholds.model_dump_json()}"

    @property
    def is_first(self) -> bool:
        """Whether these are the first results of an audit that goes on: without duplicate identities and effect."""
        return self.results.summary.awaits()

    @property
    def names(self) -> dict[str, str]:
        """Slug → name of the forces, in the order of the dataset."""
        return {row.force: row.force_name for row in self.results.summary.forces}

    def months(self, check_type: str | None = None) -> list[str]:
        """The months that checks, or those of a type, have rows of, as 2025-03."""
        return _months(self, check_type)

    def for_use(self, instrument: str, force: str | None = None) -> Results:
        """The summary, readiness and effect for an instrument, of one force where one is named."""
        return _for_use(self, instrument, force)

    def run(self, name: str) -> Results:
        """Another run's results, by its name."""
        return read(self.runs[name], changed_at(self.runs[name]))

    @property
    def before(self) -> str | None:
        """The name of the run before, of those that the server was started with; None where none has a force of these results.

        What visitors made is of other worlds, so no difference from it is a change.
        """
        names = [name for name in self.runs if not name.startswith(PREFIX)]
        later = names[names.index(self.name) + 1 :] if self.name in names else []
        return next((name for name in later if self.shares_a_force(name)), None)

    def shares_a_force(self, name: str) -> bool:
        """Whether another run is of one of these forces, and so can be compared."""
        return any(row.force in self.names for row in self.run(name).summary.forces)

    @property
    def dataset_changed(self) -> bool:
        """Whether the dataset beside the results, or that the server was started with, is no longer the one that was audited."""
        path = (self.dataset_folder or self.folder.with_name("dataset")) / "dataset.json"
        return path.is_file() and file_hash(path) != self.results.summary.dataset.manifest_sha256

    def dataset(self) -> Dataset:
        """The dataset that was audited; InputError with what to do where it is not at hand."""
        path = self.dataset_folder or self.folder.with_name("dataset")
        if not (path / "dataset.json").is_file():
            raise InputError(
                None,
                "Rows and records need the dataset beside the results; start the page with "
                "`streamlit run app.py -- --results RESULTS --dataset DATASET`.",
            )
        if file_hash(path / "dataset.json") != self.results.summary.dataset.manifest_sha256:
            raise InputError(None, "The dataset at hand is not the one that was audited; name it by --dataset.")
        key = f"dataset {path} {file_hash(path / 'dataset.json')}"
        patience = PATIENCE if sum(self.results.summary.dataset.rows.values()) < ROWS_CHECKED_SOON else 0.0
        return result_of(key, "Checking the provenance of the dataset", lambda progress: load(path), patience=patience)


def once(draw: Callable[P, R]) -> Callable[P, R]:
    """What a function computes from a view, and the tables and charts it draws, kept and shown to every visitor.

    It may hold no widget, and nobody may change what it returns.
    """
    return st.cache_resource(max_entries=200, show_spinner=False, hash_funcs={View: lambda view: view.key})(draw)


@st.cache_resource(max_entries=4, show_spinner=False)
def read(folder: Path, changed: int) -> Results:
    """Results of a folder, kept for all visitors until its files change."""
    return read_results(folder)


@st.cache_resource(max_entries=4, show_spinner=False)
def judged(folder: Path, changed: int, thresholds: str) -> Results:
    """Results as judged with other thresholds (as JSON), kept for all visitors."""
    return judge(read(folder, changed), Thresholds.model_validate_json(thresholds))


def changed_at(folder: Path) -> int:
    """When the results of a folder were written, in nanoseconds."""
    return (folder / "audit.json").stat().st_mtime_ns


def clusters_key(folder: Path) -> str:
    """The key of the work that counts the clusters of a results folder."""
    return f"clusters {folder} {changed_at(folder)}"


def results_below(root: Path) -> dict[str, Path]:
    """Results folders by name: the root itself, or else those right below it, the latest data first. No other is ever opened."""
    if (root / "audit.json").is_file():
        return {root.name: root}
    if not root.is_dir():
        return {}
    found = [path for path in sorted(root.iterdir()) if not path.name.startswith(".") and (path / "audit.json").is_file()]
    return {path.name: path for path in sorted(found, key=lambda path: (_as_of(path), path.name), reverse=True)}


def _as_of(folder: Path) -> str:
    """The last day of the data that results are of, as 2025-03-31; nothing where it cannot be read."""
    try:
        return str(json.loads((folder / "audit.json").read_text(encoding="utf-8"))["dataset"]["as_of"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@once
def _months(view: View, check_type: str | None) -> list[str]:
    return months_of(view.results["checks"], check_type)


@once
def _for_use(view: View, instrument: str, force: str | None) -> Results:
    return for_use(view.results, instrument, view.thresholds, force)
