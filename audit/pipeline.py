"""The auditor: what a dataset lacks, whom it holds twice, when it fell silent, and what that does to a prioritisation."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase as fnmatch
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from audit.checks.catalogue import Check, catalogue
from audit.checks.run import Context, count_checks, finding_counts, judged
from audit.effect import DEFAULT_INSTRUMENT, Choices, Instrument, built_in, check_choices, choose_instruments, measure, no_effect
from audit.engines import connect, engine_of
from audit.gaps import find_coverage, find_gaps, read_counts
from audit.linkage import Identities, find_identities
from audit.oversight.sampling import LOGS_OF_AN_AUDIT, SamplingAudit, sampling_audit
from audit.readiness.evidence import agreement, months_supplied
from audit.readiness.field_scores import field_score_table
from audit.readiness.thresholds import Thresholds
from audit.readiness.verdict import Size, verdict
from audit.results import (
    DatasetSummary,
    IdentitySummary,
    Options,
    Results,
    Summary,
    empty,
    read_results,
    write_results,
)
from synthetic.dataset import Dataset, file_hash, load
from synthetic.errors import InputError

__all__ = ["InputError", "Results", "audit_dataset", "read_results", "write_results"]

NO_TRUTH = "The dataset has no truth, so what depends on it cannot be judged."

Progress = Callable[[str, float], None]


def audit_dataset(
    dataset: Dataset | str | Path,
    engine: str = "duckdb",
    instrument: str | Path | Instrument | Sequence[str | Path | Instrument] = DEFAULT_INSTRUMENT,
    choices: Choices | None = None,
    thresholds: Thresholds | None = None,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    master: str | None = None,
    weights: dict[str, float] | None = None,
    detail: bool = False,
    progress: Progress | bool | None = None,
) -> Results:
    """Audit a dataset and return the results; ``write_results`` puts them in a folder.

    ``dataset`` is a folder, which must pass the provenance gate, or one that has. The checks run on ``engine`` (duckdb,
    pandas or spark, where pairs of person records are compared too; ``master`` is the address of a Spark cluster); ``only``
    and ``skip`` choose among the checks by identifier, type or dimension, with * for any part. ``instrument`` names one or several, by key or TOML file, to be computed beside those of every
    audit; the first named is the use for which readiness is reported in the summary, the tables have all. ``thresholds`` replace the project's own limits. ``weights`` are one's own by offence code, called
    ``choices.weights``; ``detail`` reports contributions by kind of defect within a family. ``progress`` is called with a
    sentence and the share done; True prints both, on standard error. Raises InputError.
    """
    named = [instrument] if isinstance(instrument, str | Path | Instrument) else list(instrument)
    instruments = choose_instruments(named or [DEFAULT_INSTRUMENT])
    first = instruments[0]
    chosen, limits = choices or Choices(), thresholds or Thresholds()
    check_choices(chosen, weights)
    runs_on = engine_of(engine)
    declared = limits.limit(choose_checks(only, skip))
    run = {check.id for check in declared}
    not_run = limits.limit(tuple(check for check in catalogue() if check.id not in run))
    steps = _Steps(show_progress if progress is True else progress or (lambda sentence, share: None), total=6)
    with steps.step("Checked the provenance"):
        opened = dataset if isinstance(dataset, Dataset) else load(dataset)
    forces, as_of = opened.forces, opened.manifest.as_of
    with connect(opened) as connection:
        with steps.step("Checked the fields"):
            counted, broken = count_checks(runs_on.frames(opened, connection, master), declared, Context(as_of))
        with steps.step("Looked for duplicate identities"):
            identities = find_identities(connection, runs_on.session(master))
        with steps.step("Looked for reporting gaps"):
            counts = read_counts(connection, as_of, getattr(opened.manifest, "period_start", None))
            gaps, coverage = find_gaps(counts), find_coverage(connection, opened.has_truth)
        with steps.step("Measured the effect on a prioritisation"):
            found = identities.identities
            effect, sampled = no_effect(), SamplingAudit(empty("sampling"), empty("sampling_cancelled"))
            if opened.has_truth:
                has_gaps = "truth/gaps" in opened.manifest.tables
                day = np.datetime64(as_of)
                sampled = sampling_audit(connection, forces, LOGS_OF_AN_AUDIT)
                effect = measure(connection, forces, day, chosen, found, weights, has_gaps, detail, instruments=instruments)
        with steps.step("Judged the readiness"):
            by_month = months_supplied(connection, forces, as_of, opened.manifest.period_start)
            of_findings = finding_counts(
                declared,
                {"identity_summary": identities.identity_summary, "gaps": gaps.gaps, "unit_months": gaps.unit_months}
                | {"coverage_gaps": coverage.coverage_gaps, "agreement": agreement(connection, opened.has_truth)},
                by_month,
            )
            found_out = verdict(
                judged(pd.concat([counted, of_findings], ignore_index=True), declared, forces, broken, not_run),
                identities.identity_summary,
                effect.effect,
                effect.fix_first,
                _sizes(connection, opened),
                [one.key for one in instruments],
                first.key,
                limits,
            )
    summary = Summary(
        auditor=f"audit {version('synthetic-force-data')}",
        dataset=_dataset_summary(opened),
        options=Options(
            engine=engine,
            instrument=first.key,
            instruments={one.key: one.name for one in instruments},
            k=chosen.k,
            weights=chosen.weights or first.score.weights,
            date_basis=chosen.date_basis or first.counts.date_basis,
            weights_given=chosen.weights is not None,
            date_basis_given=chosen.date_basis is not None,
            own_instruments={
                one.key: one.model_dump(mode="json", by_alias=True, exclude_none=True)
                for one in instruments
                if one.key not in built_in()
            },
            only=list(only),
            skip=list(skip),
        ),
        thresholds=limits.model_dump(mode="json", exclude_defaults=True, exclude_none=True),
        timings=steps.seconds,
        not_applicable={} if opened.has_truth else dict.fromkeys(("effect", "attribution", "accuracy", "unreported"), NO_TRUTH),
        identity=_identity_summary(identities),
        interval="95 % Wilson intervals over the people of the truth list",
        forces=found_out.forces,
    )
    tables = {
        "checks": found_out.checks,
        "identities": identities.identities,
        "identity_summary": identities.identity_summary,
        "identity_pairs": identities.identity_pairs,
        "identity_thresholds": identities.identity_thresholds,
        "identity_diagnosis": identities.identity_diagnosis,
        **vars(gaps),
        **vars(coverage),
        **vars(effect),
        "readiness": found_out.readiness,
        "actions": found_out.actions,
        "field_scores": field_score_table(found_out.checks, forces),
        "replicates": empty("replicates"),
        "sampling": sampled.rates,
        "sampling_cancelled": sampled.cancelled,
    }
    return Results(summary, tables)


def show_progress(sentence: str, share: float) -> None:
    """Print a step that is done and the share of the work done so far, on standard error."""
    print(f"{share:4.0%}  {sentence}", file=sys.stderr, flush=True)  # noqa: T201 - it is asked for


def choose_checks(only: Sequence[str] = (), skip: Sequence[str] = ()) -> tuple[Check, ...]:
    """Checks by identifier, type or dimension, * for any part of one; InputError where a word fits none."""

    def fits(check: Check, words: Sequence[str]) -> bool:
        return any(fnmatch(name, word) for word in words for name in (check.id, check.type, check.dimension))

    for option, words in (("only", only), ("skip", skip)):
        if any(not any(fits(check, [word]) for check in catalogue()) for word in words):
            raise InputError(
                option,
                "takes identifiers, types or dimensions of checks, with * for any part; `python -m audit catalogue` lists them.",
            )
    chosen = tuple(check for check in catalogue() if (not only or fits(check, only)) and not fits(check, skip))
    if not chosen:
        raise InputError("only", "and skip leave no check to run; take one of them away.")
    return chosen


class _Steps:
    """Reports progress, and keeps the seconds of each step."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total = progress, total
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, sentence: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.seconds[sentence] = round(time.perf_counter() - begin, 3)
        self.progress(sentence, len(self.seconds) / self.total)


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
        provenance=manifest.provenance.model_dump(mode="json", exclude_none=True),
        profile=manifest.profile.get("name") if manifest.profile else None,
        profile_settings=manifest.profile,
        as_of=manifest.as_of,
        forces=manifest.forces,
        rows={name: entry.rows for name, entry in manifest.tables.items()},
        has_truth=dataset.has_truth,
        manifest_sha256=file_hash(dataset.path / "dataset.json"),
    )


def _sizes(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> dict[str, Size]:
    population = dict(connection.execute("SELECT force, sum(population) FROM units GROUP BY force").fetchall())
    rows = {
        table: {Path(entry.path).stem: entry.rows for entry in dataset.manifest.tables[table].files}
        for table in ("crimes", "persons")
    }
    return {
        force: Size(int(population.get(force) or 0), rows["crimes"].get(force, 0), rows["persons"].get(force, 0))
        for force in dataset.forces
    }
