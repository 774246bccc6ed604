"""The commands that make worlds: a force by counts alone, and sweeps."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from audit.effect import DEFAULT_INSTRUMENT, INSTRUMENT_NAMES
from audit.pipeline import show_progress
from audit.presentation.simulation import NEEDED, is_small, simulation_html, target_html, target_table
from audit.presentation.simulation import as_text as simulation_as_text
from audit.simulation.counts import Counted, Counts, counts_as_toml, read_counts
from audit.simulation.sweep import read_grid
from audit.simulation.sweep import sweep as run_sweep
from audit.simulation.targets import reach
from audit.simulation.twin import twin as make_twin
from audit.simulation.worksheet import write_worksheet
from synthetic.dataset import staged_file
from synthetic.errors import InputError

PROCESSES = os.cpu_count() or 1
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes for worlds that are made.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the auditor's command line."""
    for command in (twin, sweep):
        app.command()(command)


def twin(
    counts: Annotated[
        Path | None,
        typer.Argument(metavar="COUNTS", help="A force by counts alone: a TOML file (--example) or a worksheet (--worksheet)."),
    ] = None,
    worlds: Annotated[int, typer.Option(help=f"Simulations. {NEEDED}")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the first world; the others follow.")] = 1,
    workers: Workers = PROCESSES,
    example: Annotated[bool, typer.Option("--example", help="Print a counts file with every rate in it, and stop.")] = False,
    worksheet: Annotated[
        Path | None,
        typer.Option(help="Write what to count, with queries, as .csv or .xlsx to fill in or .html to print, and stop."),
    ] = None,
    over: Annotated[str | None, typer.Option(metavar="KEY,KEY", help="Map people found over two rates instead.")] = None,
    target: Annotated[float, typer.Option(help="Share of people found that is wanted, for --over.")] = 0.8,
    instrument: Annotated[str, typer.Option(help="Instrument of --over and of the report.")] = DEFAULT_INSTRUMENT,
    report: Annotated[Path | None, typer.Option(help="Also an HTML file, to hand over.")] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate what the data of a force would do to a prioritisation, from counts alone; no record is read."""
    if example:
        typer.echo(counts_as_toml(Counts()), nl=False)
        return
    if report is not None and (report.suffix != ".html" or report.is_dir() or not os.access(report.parent, os.W_OK)):
        raise InputError("report", "takes a file that ends in .html, in a folder that is there and where you may write.")
    if instrument not in INSTRUMENT_NAMES:
        raise InputError("instrument", f"takes one of {', '.join(INSTRUMENT_NAMES)}.")
    if worksheet is not None:
        write_worksheet(worksheet, None if counts is None else read_counts(counts))
        typer.echo(f"Written: {worksheet}.")
        return
    if counts is None:
        raise InputError("COUNTS", "takes a file with the counts of a force; `--worksheet counts.xlsx` writes one to fill in.")
    known = read_counts(counts)
    if over is not None:
        first, _, second = (part.strip() for part in over.partition(","))
        surface = reach(known, first, second, target, worlds, seed, instrument, workers=workers, progress=show_progress)
        if report is not None:
            _write_report(report, target_html(surface, known, first, second, target, instrument))
        table = target_table(surface, first, second, target)
        typer.echo(surface.to_json(orient="records") if as_json else f"{table.caption}\n\n{table.as_markdown()}\n{table.note}")
        return
    found = make_twin(known, worlds, seed, workers=workers, progress=show_progress)
    if report is not None:
        _write_report(report, simulation_html(found, instrument))
    if as_json:
        tables = {
            name: json.loads(getattr(found, name).to_json(orient="records"))
            for name in ("figures", "spread", "measure_next", "fix_first")
        }
        typer.echo(json.dumps({"counts": _shown(found.counts), "worlds": worlds, **tables}))
    else:
        typer.echo(simulation_as_text(found))


def sweep(
    grid: Annotated[Path, typer.Argument(metavar="GRID.toml", help="What to sweep; docs/grid.toml is an example.")],
    out: Annotated[Path, typer.Option(help="Parquet file to write, a row a cell; a run that was stopped goes on.")],
    workers: Workers = PROCESSES,
    as_json: AsJson = False,
) -> None:
    """Measure the effect over any keys of a profile, times seeds: one tidy row a cell."""
    frame = run_sweep(read_grid(grid), out, workers, show_progress)
    typer.echo(frame.to_json(orient="records") if as_json else f"{len(frame):,} cells written.")


def _shown(counts: Counts) -> dict[str, Any]:
    """The counts as plain content, without counts of 1 to 9."""
    content = counts.model_dump(mode="json")
    for key, answer in counts.answers.items():
        if isinstance(answer, Counted) and is_small(answer):
            content["answers"][key]["counted"] = None
    return content


def _write_report(report: Path, page: str) -> None:
    with staged_file(report) as beside:
        beside.write_text(page, encoding="utf-8")
