"""An audit, stage by stage: checks, duplicate identities, reporting gaps, effect on a prioritisation, readiness."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from audit.checks.run import Context, count_checks, finding_counts, judged
from audit.effect import Effect, built_in, measure, no_effect
from audit.engines import connect, engine_of
from audit.engines.engine import Engine
from audit.gaps import Coverage, Gaps, find_coverage, find_gaps, read_counts
from audit.linkage import MOST_BESIDE, Identities, find_identities
from audit.options import AuditOptions
from audit.oversight.sampling import LOGS_OF_AN_AUDIT, SamplingAudit, sampling_audit
from audit.readiness.evidence import ESTIMATED, agreement, class_shares, months_supplied
from audit.readiness.field_scores import field_score_table
from audit.readiness.verdict import Size, Verdict, verdict
from audit.results import AWAITED, NOT_YET, SCHEMAS, DatasetSummary, IdentitySummary, Options, Results, Summary, empty
from synthetic.dataset import Dataset, file_hash, load

__all__ = ["audit_dataset", "show_progress"]

NO_TRUTH = "The dataset has no truth, so what depends on it cannot be judged."

Progress = Callable[[str, float], None]


def audit_dataset(
    dataset: Dataset | str | Path,
    options: AuditOptions | None = None,
    progress: Progress | bool | None = None,
    first: Callable[[Results], None] | None = None,
) -> Results:
    """Audit a dataset and return the results; ``write_results`` puts them in a folder.

    ``dataset`` is a folder, which must pass the provenance gate, or one that has. ``options`` say how, those of the command
    line otherwise. ``progress`` is called with a sentence and the share done; True prints both, on standard error.
    ``first`` is called with first results once fields and reporting gaps are known, after a third of the time: they have no
    duplicate identities and no effect, and judge nothing that rests on these (``Summary.awaits``). Raises InputError.
    """
    options = options or AuditOptions()
    runs_on = engine_of(options.engine)
    steps = _Steps(show_progress if progress is True else progress or (lambda sentence, share: None), total=6)
    with steps.step("Checked the provenance"):
        opened = dataset if isinstance(dataset, Dataset) else load(dataset)
    as_of = opened.manifest.as_of
    # Where first results are wanted, nothing runs beside what makes them.
    beside = first is None and opened.manifest.tables["persons"].rows <= MOST_BESIDE
    with connect(opened) as connection, _identities(connection, runs_on, options.master, steps, beside) as linked:
        with steps.step("Checked the fields"):
            frames = runs_on.frames(opened, connection, options.master)
            counted, broken = count_checks(frames, options.checks, Context(as_of), runs_on.gave_up)
        with steps.step("Looked for reporting gaps"):
            ask = runs_on.asked(connection, options.master)
            counts = read_counts(connection, as_of, getattr(opened.manifest, "period_start", None), ask)
            # The coverage is counted where the data is, which leaves this process idle: meanwhile it looks for gaps.
            with ThreadPoolExecutor(1) as beside_it:
                counting = beside_it.submit(find_coverage, connection, opened.has_truth, ask)
                gaps = find_gaps(counts)
                coverage = counting.result()
        found = _Found(counted, broken, gaps, coverage)
        if first is not None:
            first(_results(opened, options, found, _judge(connection, opened, options, found), steps.seconds))
        with steps.step("Looked for duplicate identities"):
            found = replace(found, identities=linked())
        with steps.step("Measured the effect on a prioritisation"):
            if opened.has_truth:
                found = _with_effect(connection, opened, options, found)
        with steps.step("Judged the readiness"):
            judgement = _judge(connection, opened, options, found)
    return _results(opened, options, found, judgement, steps.seconds)


@dataclass(frozen=True)
class _Found:
    """What the stages before the readiness have found so far."""

    counted: pd.DataFrame
    broken: frozenset[str]
    gaps: Gaps
    coverage: Coverage
    identities: Identities | None = None
    """None where they were not looked for yet."""
    effect: Effect = field(default_factory=no_effect)
    sampled: SamplingAudit = field(default_factory=lambda: SamplingAudit(empty("sampling"), empty("sampling_cancelled")))

    @property
    def identity_tables(self) -> dict[str, pd.DataFrame]:
        """The results' tables of duplicate identities; with no rows where they were not looked for yet."""
        names = [name for name in SCHEMAS if name == "identities" or name.startswith("identity_")]
        return {name: empty(name) if self.identities is None else getattr(self.identities, name) for name in names}


def _with_effect(connection: duckdb.DuckDBPyConnection, opened: Dataset, options: AuditOptions, found: _Found) -> _Found:
    assert found.identities is not None
    sampled = sampling_audit(connection, opened.forces, LOGS_OF_AN_AUDIT)
    effect = measure(
        connection, opened.forces, np.datetime64(opened.manifest.as_of), options.choices, found.identities.identities,
        options.own_weights, "truth/gaps" in opened.manifest.tables, options.detail, instruments=options.computed,
    )  # fmt: skip
    return replace(found, effect=effect, sampled=sampled)


def _judge(connection: duckdb.DuckDBPyConnection, opened: Dataset, options: AuditOptions, found: _Found) -> Verdict:
    """The verdict on what is found so far; a check of duplicate identities that were not looked for yet is one that was not run."""
    forces, instruments = opened.forces, options.computed
    waiting = tuple(check for check in options.checks if check.id == ESTIMATED and found.identities is None)
    declared = tuple(check for check in options.checks if check not in waiting)
    by_month = months_supplied(connection, forces, opened.manifest.as_of, opened.manifest.period_start)
    summary = found.identity_tables["identity_summary"]
    of_findings = finding_counts(
        declared,
        {"identity_summary": summary, "gaps": found.gaps.gaps, "unit_months": found.gaps.unit_months}
        | {"coverage_gaps": found.coverage.coverage_gaps, "agreement": agreement(connection, opened.has_truth)}
        | {"class_shares": class_shares(connection)},
        by_month,
    )
    counted = pd.concat([found.counted, of_findings], ignore_index=True)
    return verdict(
        judged(counted, declared, forces, found.broken, (*options.left_out, *waiting)),
        summary,
        found.effect.effect,
        found.effect.fix_first,
        _sizes(connection, opened),
        [one.key for one in instruments],
        instruments[0].key,
        options.thresholds,
    )


def _results(opened: Dataset, options: AuditOptions, found: _Found, judgement: Verdict, seconds: dict[str, float]) -> Results:
    not_applicable = {} if found.identities is not None else dict.fromkeys(AWAITED, NOT_YET)
    if not opened.has_truth:
        not_applicable |= dict.fromkeys(("effect", "attribution", "accuracy", "unreported"), NO_TRUTH)
    summary = Summary(
        auditor=f"audit {version('synthetic-force-data')}",
        dataset=_dataset_summary(opened),
        options=_options(options),
        thresholds=options.thresholds.model_dump(mode="json", exclude_defaults=True, exclude_none=True),
        timings=dict(seconds),
        not_applicable=not_applicable,
        identity=_identity_summary(found.identities),
        interval="95 % Wilson intervals over the people of the truth list",
        forces=judgement.forces,
    )
    tables = {
        "checks": judgement.checks,
        **found.identity_tables,
        **vars(found.gaps),
        **vars(found.coverage),
        **vars(found.effect),
        "readiness": judgement.readiness,
        "actions": judgement.actions,
        "field_scores": field_score_table(judgement.checks, opened.forces),
        "replicates": empty("replicates"),
        "sampling": found.sampled.rates,
        "sampling_cancelled": found.sampled.cancelled,
    }
    return Results(summary, tables)


def show_progress(sentence: str, share: float) -> None:
    """Print a step that is done and the share of the work done so far, on standard error."""
    print(f"{share:4.0%}  {sentence}", file=sys.stderr, flush=True)  # noqa: T201 - it is asked for


@contextmanager
def _identities(
    connection: duckdb.DuckDBPyConnection, runs_on: Engine, master: str | None, steps: "_Steps", beside: bool
) -> Iterator[Callable[[], Identities]]:
    """What waits for the duplicate identities. ``beside``: they are looked for beside the checks and gaps, each of which leaves a core idle at times.

    Otherwise, and on an engine with a session of its own, they are looked for when they are asked for.
    """
    session = runs_on.session(master)
    if session is not None or not beside:

        def there() -> Identities:
            try:
                return find_identities(connection, session)
            except Exception as error:
                raise (runs_on.gave_up(error) or error) from None

        yield there
        return
    own, done = connection.cursor(), Future[Identities]()

    def look() -> None:
        begin = time.perf_counter()
        try:
            found = find_identities(own)
            steps.took["Looked for duplicate identities"] = time.perf_counter() - begin
            done.set_result(found)
        except BaseException as error:
            done.set_exception(error)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield done.result
    finally:
        own.interrupt()
        thread.join(10)
        own.close()


class _Steps:
    """Reports progress, and keeps the seconds of each step."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total = progress, total
        self.seconds: dict[str, float] = {}
        self.took: dict[str, float] = {}
        """Seconds of steps that also ran beside others."""

    @contextmanager
    def step(self, sentence: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.seconds[sentence] = round(self.took.get(sentence, time.perf_counter() - begin), 3)
        self.progress(sentence, len(self.seconds) / self.total)


def _options(options: AuditOptions) -> Options:
    first, choices = options.computed[0], options.choices
    return Options(
        engine=options.engine,
        instrument=first.key,
        instruments={one.key: one.name for one in options.computed},
        k=choices.k,
        weights=choices.weights or first.score.weights,
        date_basis=choices.date_basis or first.counts.date_basis,
        weights_given=choices.weights is not None,
        date_basis_given=choices.date_basis is not None,
        own_instruments={
            one.key: one.model_dump(mode="json", by_alias=True, exclude_none=True)
            for one in options.computed
            if one.key not in built_in()
        },
        only=list(options.only),
        skip=list(options.skip),
    )


def _identity_summary(identities: Identities | None) -> IdentitySummary:
    if identities is None:
        return IdentitySummary(threshold=1.0, expected_precision=None, expected_recall=None, left_out=[])
    pairs = identities.identity_pairs["probability"].to_numpy()
    joined = pairs[pairs >= identities.threshold]
    return IdentitySummary(
        threshold=identities.threshold,
        expected_precision=float(joined.mean()) if len(joined) else None,
        expected_recall=float((1 - identities.missed) * joined.sum() / pairs.sum()) if len(joined) else None,
        left_out=identities.left_out,
    )


def _dataset_summary(dataset: Dataset) -> DatasetSummary:
    manifest = dataset.manifest
    return DatasetSummary(
        provenance=manifest.provenance.model_dump(mode="json", exclude_none=True),
        profile=manifest.profile.get("name") if manifest.profile else None,
        profile_settings=manifest.profile,
        changes=[f"{one.since}:{one.profile}{_of_force(one.force)}" for one in manifest.changes],
        fixes=[f"{one.since}:{one.key}={one.share:g}{_of_force(one.force)}" for one in manifest.fixes],
        as_of=manifest.as_of,
        forces=manifest.forces,
        rows={name: entry.rows for name, entry in manifest.tables.items()},
        has_truth=dataset.has_truth,
        manifest_sha256=file_hash(dataset.path / "dataset.json"),
    )


def _of_force(force: str | None) -> str:
    return f"@{force}" if force else ""


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
