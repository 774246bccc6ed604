"""The auditor: what a dataset lacks, whom it holds twice, when it fell silent, and what that does to a prioritisation."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from audit.catalogue import catalogue
from audit.checks import Context, run_checks
from audit.coverage import find_coverage, find_gaps, read_counts, supplied
from audit.effect import INSTRUMENT_NAMES, LEAST_GROUP, Choices, Effect, measure
from audit.engines import connect, frames
from audit.identities import Identities, find_identities, read_model
from audit.readiness import assess, status_of
from audit.results import (
    DatasetSummary,
    ForceSummary,
    IdentitySummary,
    Options,
    Results,
    Summary,
    empty,
    read_results,
    write_results,
)
from synthetic.contract import InputError, reference
from synthetic.dataset import Dataset, file_hash, load

__all__ = ["InputError", "Results", "audit_dataset", "read_results", "write_results"]

NO_TRUTH = "The dataset has no truth, so what depends on it cannot be told."

Progress = Callable[[str, float], None]


def audit_dataset(
    dataset: Dataset | str | Path,
    engine: str = "duckdb",
    instrument: str = "harm_365",
    choices: Choices | None = None,
    identity_model: Path | None = None,
    progress: Progress | None = None,
) -> Results:
    """Audit a dataset and return the results; ``write_results`` puts them in a folder.

    ``dataset`` is a folder, which must pass the provenance gate, or one that has. The checks run on ``engine`` (duckdb
    or pandas); ``identity_model`` is a saved model of duplicate identities, to be used as it is. ``instrument`` is the use for
    which readiness is told in the summary, the tables have both. ``progress``
    is called with a sentence and the share done. Raises InputError with one sentence.
    """
    if instrument not in INSTRUMENT_NAMES:
        raise InputError(f"--instrument takes one of {', '.join(INSTRUMENT_NAMES)}.")
    chosen = choices or Choices()
    steps = _Steps(progress or (lambda sentence, share: None), total=6)
    with steps.step("Checked the provenance"):
        opened = dataset if isinstance(dataset, Dataset) else load(dataset)
    forces, as_of = opened.forces, opened.manifest.as_of
    with connect(opened) as connection:
        with steps.step("Checked the fields"):
            checks = run_checks(frames(engine, opened, connection), catalogue(), forces, Context(as_of))
        with steps.step("Looked for duplicate identities"):
            identities = find_identities(connection, read_model(identity_model))
        with steps.step("Looked for reporting gaps"):
            counts = read_counts(connection, as_of)
            gaps, coverage = find_gaps(counts), find_coverage(connection, opened.has_truth)
        with steps.step("Measured the effect on a prioritisation"):
            found = identities.identities
            effect = measure(connection, forces, np.datetime64(as_of), chosen, found) if opened.has_truth else _no_effect()
        with steps.step("Judged the readiness"):
            readiness = assess(
                connection,
                checks,
                identities.identity_summary,
                supplied(counts),
                forces,
                list(INSTRUMENT_NAMES),
                opened.has_truth,
            )
            by_force = _force_summaries(connection, opened, instrument, readiness, effect.effect)
    summary = Summary(
        auditor=f"audit {version('synthetic-force-data')}",
        dataset=_dataset_summary(opened),
        options=Options(
            engine=engine,
            instrument=instrument,
            k=chosen.k,
            weights=chosen.weights,
            date_basis=chosen.date_basis,
        ),
        timings=steps.seconds,
        not_applicable={} if opened.has_truth else dict.fromkeys(("effect", "attribution", "accuracy", "unreported"), NO_TRUTH),
        identity=_identity_summary(identities),
        interval="95 % Wilson intervals over the people of the truth list",
        forces=by_force,
    )
    tables = {
        "checks": checks,
        "identities": identities.identities,
        "identity_summary": identities.identity_summary,
        "identity_pairs": identities.identity_pairs,
        "identity_thresholds": identities.identity_thresholds,
        **vars(gaps),
        **vars(coverage),
        "effect": effect.effect,
        "attribution": effect.attribution,
        "readiness": readiness,
        "choices": effect.choices,
        "groups": effect.groups,
        "merging": effect.merging,
    }
    return Results(summary, tables, identities.model)


class _Steps:
    """Tells progress, and keeps the seconds of each step."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total = progress, total
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, sentence: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.seconds[sentence] = round(time.perf_counter() - begin, 3)
        self.progress(sentence, len(self.seconds) / self.total)


def _no_effect() -> Effect:
    return Effect(*(empty(name) for name in ("effect", "attribution", "choices", "groups", "merging")))


def _identity_summary(identities: Identities) -> IdentitySummary:
    pairs = identities.identity_pairs["probability"].to_numpy()
    taken = pairs[pairs >= identities.threshold]
    return IdentitySummary(
        threshold=identities.threshold,
        expected_precision=float(taken.mean()) if len(taken) else None,
        expected_recall=float(taken.sum() / pairs.sum()) if len(taken) else None,
        left_out=identities.left_out,
    )


def _dataset_summary(dataset: Dataset) -> DatasetSummary:
    manifest = dataset.manifest
    return DatasetSummary(
        provenance=manifest.provenance.model_dump(mode="json"),
        profile=manifest.profile.get("name") if manifest.profile else None,
        as_of=manifest.as_of,
        forces=manifest.forces,
        rows={name: entry.rows for name, entry in manifest.tables.items()},
        has_truth=dataset.has_truth,
        manifest_sha256=file_hash(dataset.path / "dataset.json"),
    )


def _force_summaries(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    instrument: str,
    readiness: pd.DataFrame,
    effect: pd.DataFrame,
) -> list[ForceSummary]:
    names = dict(zip(reference("forces")["force"], reference("forces")["force_name"], strict=True))
    population = dict(connection.execute("SELECT force, sum(population) FROM units GROUP BY force").fetchall())
    rows = {
        table: {path.stem: entry.rows for entry in listed.files for path in [Path(entry.path)]}
        for table, listed in dataset.manifest.tables.items()
        if table in ("crimes", "persons")
    }
    summaries = []
    for force in dataset.forces:
        mine = readiness[(readiness["force"] == force) & (readiness["instrument"] == instrument)]
        found = effect[
            (effect["force"] == force) & (effect["instrument"] == instrument) & (effect["truth_size"] >= LEAST_GROUP).fillna(False)
        ]
        recall, low, high = (_number(found[name].iloc[0]) if len(found) else None for name in ("recall_at_k", "low", "high"))
        dimensions = mine[(mine["kind"] == "dimension") & mine["value"].notna()]
        lowest = dimensions.loc[dimensions["value"].idxmin()] if len(dimensions) else None
        failed = mine[(mine["kind"] == "gate") & mine["passed"].eq(False).fillna(False).astype(bool)]
        summaries.append(
            ForceSummary(
                force=force,
                force_name=names.get(force, force),
                population=int(population.get(force) or 0),
                crimes=rows["crimes"].get(force, 0),
                person_records=rows["persons"].get(force, 0),
                status=status_of(mine, recall),
                lowest_dimension=None if lowest is None else str(lowest["name"]),
                lowest_value=None if lowest is None else float(lowest["value"]),
                failed_gates=failed["name"].tolist(),
                recall_at_k=recall,
                low=low,
                high=high,
            )
        )
    return summaries


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
