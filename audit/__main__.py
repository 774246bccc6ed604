"""The auditor's command line: ``python -m audit``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from audit import audit_dataset, read_results, scoring, write_results
from audit.effect import DATE_BASES, INSTRUMENT_NAMES, WEIGHTS, Choices
from audit.engines import ENGINES
from audit.results import Results
from synthetic.contract import run_command_line
from synthetic.dataset import load

app = typer.Typer(
    help="Audit synthetic police data: missing fields, duplicate identities, reporting gaps, and what they do.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _audit() -> None:
    """Audit synthetic police data: missing fields, duplicate identities, reporting gaps, and what they do."""


@app.command()
def run(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="Folder of a dataset.")],
    out: Annotated[Path | None, typer.Option(help="Results folder to write; DATASET-results beside it.")] = None,
    engine: Annotated[str, typer.Option(help=f"Where the checks run: {' or '.join(ENGINES)}.")] = "duckdb",
    instrument: Annotated[
        str, typer.Option(help=f"The use that readiness is told for: {' or '.join(INSTRUMENT_NAMES)}.")
    ] = "harm_365",
    k: Annotated[int | None, typer.Option(help="Length of every force's list; by population, at least 10.")] = None,
    weights: Annotated[str, typer.Option(help=f"Weight of an offence: {', '.join(WEIGHTS)}.")] = "harm_days",
    date_basis: Annotated[str, typer.Option(help=f"Date that counts: {' or '.join(DATE_BASES)}.")] = "reported",
    identity_model: Annotated[
        Path | None, typer.Option(help="A saved identity_model.json, to be used as it is; learnt from the data otherwise.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print audit.json, for programs.")] = False,
) -> None:
    """Audit a dataset and write the results folder."""
    results = audit_dataset(
        dataset,
        engine=engine,
        instrument=instrument,
        choices=Choices(weights, date_basis, k),
        identity_model=identity_model,
        progress=lambda sentence, share: print(sentence, file=sys.stderr),  # noqa: T201
    )
    target = out or dataset.resolve().with_name(f"{dataset.resolve().name}-results")
    write_results(results, target)
    typer.echo(results.summary.model_dump_json(indent=1) if as_json else _table(results))


@app.command()
def score(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="Folder of a dataset with its truth.")],
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Results folder of an audit of it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures for programs.")] = False,
) -> None:
    """Hold an audit against the ledger: what was put in, found, missed, wrongly told."""
    scored = scoring.score(load(dataset), read_results(results))
    typer.echo(scored.model_dump_json(indent=1) if as_json else scoring.as_markdown(scored))


def _table(results: Results) -> str:
    """One line a force: status, lowest dimension, share of the people a list should hold that it finds."""
    lines = []
    width = max(len(row.force_name) for row in results.summary.forces)
    for row in results.summary.forces:
        lowest = f"lowest: {row.lowest_dimension} {row.lowest_value:.1%}" if row.lowest_value is not None else ""
        found = (
            f"finds {row.recall_at_k:.0%} ({row.low:.0%} to {row.high:.0%}) of the people its list should hold"
            if row.recall_at_k is not None and row.low is not None and row.high is not None
            else "no truth, or too few people, to hold its list against"
        )
        lines.append(f"{row.force_name:{width}}  {row.status:20}  {lowest:28}  {found}")
    return "\n".join(lines)


def main() -> None:
    sys.exit(run_command_line(typer.main.get_command(app)))


if __name__ == "__main__":
    main()
