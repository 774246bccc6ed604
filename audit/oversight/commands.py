"""The commands for reviewers: sampling audit, questions, tipping points, and the checks in an open format."""

import json
from pathlib import Path
from typing import Annotated

import typer

from audit.effect import DEFAULT_INSTRUMENT, choose_instruments
from audit.engines import connect
from audit.oversight.question import answer, read_question
from audit.oversight.question import as_text as answer_as_text
from audit.oversight.sampling import as_text as sampling_as_text
from audit.oversight.sampling import sampling_audit
from audit.oversight.tipping import as_text as tipping_as_text
from audit.oversight.tipping import check_field
from audit.oversight.tipping import tipping as tipping_points
from audit.report.dqv import as_dqv
from audit.results import read_results
from synthetic.dataset import load, staged_file
from synthetic.errors import InputError

DatasetFolder = Annotated[Path, typer.Argument(metavar="DATASET", help="Folder of a dataset.")]
ResultsFolder = Annotated[Path, typer.Argument(metavar="RESULTS", help="Results folder of an audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the auditor's command line."""
    for command in (sample, question, tipping, export):
        app.command()(command)


def sample(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="Folder of a dataset with its truth.")],
    logs: Annotated[int, typer.Option(help="Incident logs to draw from each force, 40 or more.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other logs.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Draw incident logs and estimate how much of what was reported became a crime, as an inspector does."""
    opened = load(dataset)
    if not opened.has_truth:
        raise InputError(None, "The dataset has no truth, so there are no logs to draw; name one with its truth.")
    with connect(opened) as connection:
        found = sampling_audit(connection, opened.forces, logs, seed)
    rates, cancelled = (frame.to_json(orient="records") for frame in (found.rates, found.cancelled))
    typer.echo(f'{{"rates": {rates}, "cancelled": {cancelled}}}' if as_json else sampling_as_text(found))


def question(
    dataset: DatasetFolder,
    question_file: Annotated[Path, typer.Argument(metavar="QUESTION.toml", help="The question: name, needs, where.")],
    as_json: AsJson = False,
) -> None:
    """Say whether the data can answer a question: how many crimes have all the fields that it needs."""
    asked, opened = read_question(question_file), load(dataset)
    with connect(opened) as connection:
        found = answer(connection, opened.forces, asked)
    typer.echo(found.to_json(orient="records") if as_json else answer_as_text(found, asked))


def tipping(
    dataset: DatasetFolder,
    field: Annotated[
        str, typer.Argument(metavar="FIELD", help="Field that may be blank, as persons.ethnicity or crimes.offence_code.")
    ],
    instrument: Annotated[
        str, typer.Option(metavar="NAME|FILE.toml", help="Instrument whose people found are looked at, where there is a truth.")
    ] = DEFAULT_INSTRUMENT,
    as_json: AsJson = False,
) -> None:
    """Say how far rows with a blank field must differ before a status, a difference between groups or people found flips."""
    check_field(field)
    (chosen, *_), opened = choose_instruments([instrument]), load(dataset)
    with connect(opened) as connection:
        used, has_gaps = chosen if opened.has_truth else None, "truth/gaps" in opened.manifest.tables
        found = tipping_points(connection, opened.forces, field, opened.manifest.as_of, used, has_gaps)
    typer.echo(found.to_json(orient="records") if as_json else tipping_as_text(found))


def export(
    results: ResultsFolder,
    form: Annotated[str, typer.Option("--format", metavar="dqv", help="dqv: W3C Data Quality Vocabulary, as JSON-LD.")] = "dqv",
    out: Annotated[Path | None, typer.Option(help="File to write; standard output otherwise.")] = None,
) -> None:
    """Write the checks of an audit in an open format, so that other tools read them without this one."""
    if form != "dqv":
        raise InputError("format", "takes dqv.")
    text = json.dumps(as_dqv(read_results(results)), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    with staged_file(out) as beside:
        beside.write_text(text, encoding="utf-8")
    typer.echo(f"Written: {out}.")
