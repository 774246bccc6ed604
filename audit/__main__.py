"""The auditor's command line: ``python -m audit``."""

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from audit import AuditOptions, audit_dataset, choose_checks, evaluation, read_results, write_results
from audit.checks.catalogue import as_json as catalogue_as_json
from audit.checks.catalogue import as_markdown as catalogue_as_markdown
from audit.checks.catalogue import check as declared_check
from audit.checks.run import Context, failing_rows
from audit.effect import (
    DATE_BASES,
    DEFAULT_K,
    WEIGHTS,
    read_k,
    read_weights,
)
from audit.engines import ENGINES, connect, engine_of
from audit.oversight.commands import add_commands
from audit.oversight.compare import as_markdown as comparison_as_markdown
from audit.oversight.compare import compare as compare_results
from audit.pipeline import show_progress
from audit.presentation.plain import forces_text, instruments_text
from audit.readiness.limits import Level, crossed
from audit.readiness.thresholds import Thresholds, as_toml, read_thresholds
from audit.readiness.verdict import judge as judge_results
from audit.report import write_actions, write_report, write_scorecard
from audit.report.pack import write_pack
from audit.results import check_free, replace_results
from audit.series_command import score_of_series, track
from audit.simulation import plan_of, replicate, with_replicates
from audit.simulation.commands import add_commands as add_simulation_commands
from synthetic.dataset import SERIES_FILE, folder_of, load
from synthetic.errors import InputError, run_command_line

app = typer.Typer(
    help="Audit synthetic police data: missing fields, duplicate identities, reporting gaps, and what they do.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
DatasetFolder = Annotated[Path, typer.Argument(metavar="DATASET", help="Folder of a dataset, or its file: address.")]
ResultsFolder = Annotated[Path, typer.Argument(metavar="RESULTS", help="Results folder of an audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")]
ThresholdsFile = Annotated[
    Path | None, typer.Option(help="TOML file of limits; `catalogue --toml` prints one. The project's own otherwise.")
]
Only = Annotated[
    list[str] | None, typer.Option(help="Checks to run: identifiers, types or dimensions, * for any part. Repeatable.")
]
Skip = Annotated[list[str] | None, typer.Option(help="Checks to leave out, written as for --only. Repeatable.")]
FailOn = Annotated[str | None, typer.Option(metavar="warn|fail", help="Exit with 1 where a check or gate stands there or worse.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes for worlds that are made again.")]
Engine = Annotated[str, typer.Option(help=f"Where the checks run: {', '.join(ENGINES)}; on spark, pairs of records too.")]
Master = Annotated[str | None, typer.Option(help="Address of a Spark cluster; this machine's cores otherwise.")]


@app.callback()
def _audit() -> None:
    """Audit synthetic police data: missing fields, duplicate identities, reporting gaps, and what they do."""


@app.command()
def run(
    dataset: DatasetFolder,
    out: Annotated[Path | None, typer.Option(help="Results folder to write; DATASET-results beside it.")] = None,
    engine: Engine = "duckdb",
    master: Master = None,
    instrument: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE.toml",
            help="Instrument to compute beside those of every audit; readiness is reported for the first named. "
            "`catalogue --instruments` lists them. Repeatable.",
        ),
    ] = None,
    k: Annotated[
        str, typer.Option(metavar="N|population", help="Length of each force's list, or in proportion to its population.")
    ] = str(DEFAULT_K),
    weights: Annotated[
        str | None,
        typer.Option(
            help=f"Weight of an offence: {', '.join(WEIGHTS)}, or a CSV file of offence_code and weight; as the instrument declares otherwise."
        ),
    ] = None,
    date_basis: Annotated[
        str | None, typer.Option(help=f"Date that counts: {' or '.join(DATE_BASES)}; as the instrument declares otherwise.")
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(help="Record the world again so many times, for intervals of the effect; Wilson's otherwise.")
    ] = None,
    detail: Annotated[bool, typer.Option("--detail", help="Contributions by kind of defect within a family, too.")] = False,
    workers: Workers = (os.cpu_count() or 1),
    thresholds: ThresholdsFile = None,
    only: Only = None,
    skip: Skip = None,
    fail_on: FailOn = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print audit.json, for programs.")] = False,
) -> int:
    """Audit a dataset and write the results folder."""
    level, limits = _level(fail_on), read_thresholds(thresholds)
    dataset = folder_of(dataset)
    target = out or dataset.resolve().with_name(f"{dataset.resolve().name}-results")
    check_free(target)
    options = AuditOptions(
        engine=engine,
        master=master,
        instruments=instrument or (),
        k=read_k(k),
        weights=weights if weights is None or weights in WEIGHTS else read_weights(Path(weights)),
        date_basis=date_basis,
        detail=detail,
        thresholds=limits,
        only=only or (),
        skip=skip or (),
    )
    opened = load(dataset)
    if replicates is not None:
        plan_of(opened, replicates)
    results = audit_dataset(opened, options, show_progress)
    if replicates is not None:
        again = replicate(opened, replicates, options.choices, options.own_weights, workers, show_progress, options.computed)
        results = judge_results(with_replicates(results, again), limits)  # the verdict on people found rests on its interval
    write_results(results, target)
    typer.echo(results.summary.model_dump_json(indent=1) if as_json else forces_text(results))
    return int(level is not None and crossed(results, level))


@app.command()
def judge(
    results: ResultsFolder,
    thresholds: Annotated[Path, typer.Option(help="TOML file of limits; `catalogue --toml` prints one.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the judged results; RESULTS itself otherwise.")] = None,
    fail_on: FailOn = None,
    as_json: AsJson = False,
) -> int:
    """Re-assess statuses from stored counts, with other thresholds; no data is read again."""
    level = _level(fail_on)
    judged = judge_results(read_results(results), read_thresholds(thresholds))
    if out is None:
        replace_results(judged, results)
    else:
        write_results(judged, out)
    typer.echo(judged.summary.model_dump_json(indent=1) if as_json else forces_text(judged))
    return int(level is not None and crossed(judged, level))


@app.command()
def report(
    results: ResultsFolder,
    out: Annotated[
        Path | None,
        typer.Option(help="HTML file to write; it opens offline and prints well. report.html, unless a pack is written."),
    ] = None,
    scorecard: Annotated[
        list[Path] | None, typer.Option(help="Also the scorecard alone: a file that ends in .csv, .xlsx or .md. Repeatable.")
    ] = None,
    actions: Annotated[
        Path | None, typer.Option(help="Also what to do, in order, for each force: a file that ends in .csv or .xlsx.")
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option(
            help="Oversight pack: a folder with report, scorecard, tables, options, hashes, and the commands to repeat it."
        ),
    ] = None,
) -> None:
    """Write the report: one self-contained HTML file, to hand over; or all that an overseer needs, in one folder."""
    if pack is not None:
        check_free(pack)
    opened = read_results(results)
    if pack is not None:
        write_pack(opened, pack)
    elif out is None:
        out = Path("report.html")
    if actions is not None:
        write_actions(opened, actions)
    for path in scorecard or []:
        write_scorecard(opened, path)
    if out is not None:
        write_report(opened, out)
    written = [path for path in (pack, out, *(scorecard or []), actions) if path is not None]
    typer.echo(f"Written: {', '.join(str(path) for path in written)}.")


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD_RESULTS", help="Results folder to compare from.")],
    new: Annotated[Path, typer.Argument(metavar="NEW_RESULTS", help="Results folder to compare to.")],
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="warn|fail",
            help="Exit with 1 where a check got worse and stands there or worse, a gate is newly not met, or something vanished.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Report what got better, worse, appeared or went between two audits, beyond chance, in the order given."""
    level = _level(fail_on)
    comparison = compare_results(read_results(old), read_results(new))
    made = [datetime.fromtimestamp((folder / "audit.json").stat().st_mtime) for folder in (old, new)]
    if as_json:
        checks, forces = (json.loads(frame.to_json(orient="records")) for frame in (comparison.checks, comparison.forces))
        runs = [{"as_of": str(day), "made": f"{at:%Y-%m-%d %H:%M}"} for day, at in zip(comparison.dates, made, strict=True)]
        facts = {"first": runs[0], "second": runs[1], "first_is_later": comparison.first_is_later, "notes": comparison.notes}
        typer.echo(json.dumps(facts | {"forces": forces, "checks": checks}))
    else:
        typer.echo(comparison_as_markdown(comparison))
        typer.echo(f"\nThe first run was made at {made[0]:%Y-%m-%d %H:%M}, the second at {made[1]:%Y-%m-%d %H:%M}.")
    return int(level is not None and comparison.crossed(level))


@app.command()
def score(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="Folder of a dataset with its truth, or of a series.")],
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Results folder of an audit, or of the tracking, of it.")],
    as_json: AsJson = False,
) -> None:
    """Compare an audit with the ledger: what was put in, found, missed or reported wrongly, and what nobody can see.

    Of a series and its tracking: which changes were signalled within three extracts in a figure that they move, false alarms, and
    which fixes were recognised.
    """
    if (dataset / SERIES_FILE).is_file():
        typer.echo(score_of_series(dataset, results, as_json))
        return
    scored = evaluation.score(load(dataset), read_results(results))
    typer.echo(scored.model_dump_json(indent=1) if as_json else evaluation.as_markdown(scored))


app.command()(track)


@app.command()
def catalogue(
    as_json: AsJson = False,
    markdown: AsMarkdown = False,
    toml: Annotated[bool, typer.Option("--toml", help="Print a thresholds file with every limit in it.")] = False,
    instruments: Annotated[bool, typer.Option("--instruments", help="List the built-in instruments instead.")] = False,
    only: Only = None,
    skip: Skip = None,
) -> None:
    """List the checks: what each finds, why it matters to a prioritisation, how to fix it, when it warns and fails."""
    checks = choose_checks(only or (), skip or ())
    if instruments:
        typer.echo(instruments_text(as_json))
    elif toml:
        typer.echo(as_toml(Thresholds()))
    elif as_json:
        typer.echo(catalogue_as_json(checks))
    elif markdown:
        typer.echo(catalogue_as_markdown(checks))
    else:
        width = max(len(check.id) for check in checks)
        for check in checks:
            typer.echo(f"{check.id:{width}}  warn {check.warn:6.1%}  fail {check.fail:6.1%}  {check.finds}")


@app.command()
def rows(
    dataset: DatasetFolder,
    check_id: Annotated[str, typer.Argument(metavar="CHECK_ID", help="Identifier of a check; `catalogue` lists them.")],
    force: Annotated[str | None, typer.Option(help="One force only.")] = None,
    engine: Engine = "duckdb",
    master: Master = None,
    as_json: AsJson = False,
) -> None:
    """Print the identifiers of the rows that fail a check, as CSV: the key of the table, and the force."""
    check = declared_check(check_id)
    if check is None:
        raise InputError(None, "There is no such check; `python -m audit catalogue` lists them.")
    opened = load(dataset)
    if force is not None and force not in opened.forces:
        raise InputError("force", f"takes one of the dataset's forces: {', '.join(opened.forces)}.")
    runs_on = engine_of(engine)
    with connect(opened) as connection:
        try:
            failing = failing_rows(runs_on.frames(opened, connection, master), check, Context(opened.manifest.as_of), force)
        except Exception as error:
            raise (runs_on.gave_up(error) or error) from None
    typer.echo(failing.to_json(orient="records") if as_json else failing.to_csv(index=False), nl=as_json)


def _level(fail_on: str | None) -> Level | None:
    if fail_on is None or fail_on == "warn" or fail_on == "fail":
        return fail_on  # type: ignore[return-value]
    raise InputError("fail_on", "takes warn or fail.")


add_commands(app)
add_simulation_commands(app)


def main() -> None:
    sys.exit(run_command_line(typer.main.get_command(app)))


if __name__ == "__main__":
    main()
