"""What the command line does with series: ``python -m audit track``, and ``score`` of what it wrote."""

from pathlib import Path
from typing import Annotated

import typer

from audit import audit_dataset
from audit.evaluation.series import as_markdown, score_series
from audit.oversight.signals import as_json as tracked_as_json
from audit.oversight.signals import as_text as tracked_as_text
from audit.oversight.signals import read_dates
from audit.oversight.track import track_series, write_tracked
from audit.pipeline import show_progress
from audit.results import check_free
from synthetic.dataset import load_series
from synthetic.errors import InputError


def track(
    series: Annotated[Path, typer.Argument(metavar="SERIES", help="Folder of a series of extracts.")],
    out: Annotated[Path, typer.Option(help="Results folder to write: the last extract's audit, and the series' tables.")],
    date: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATE[@FORCE]", help="A day from which something should be better, in that force or in all. Repeatable."
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="linkage|effect", help="Leave this out of every extract but the last, to save time. Repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Track a series of extracts: what changed beyond chance, where and when, and whether fixes worked."""
    opened = load_series(series)
    if set(without or ()) - {"linkage", "effect"}:
        raise InputError("without", "takes linkage or effect.")
    check_free(out)
    named = read_dates(date or [], opened)
    last = audit_dataset(opened.folders[-1], progress=show_progress)
    leave_out = set(without or ())
    tracked = track_series(opened, "linkage" not in leave_out, "effect" not in leave_out, last, named, show_progress)
    write_tracked(tracked, last, out)
    typer.echo(tracked_as_json(tracked) if as_json else tracked_as_text(tracked))


def score_of_series(series: Path, results: Path, as_json: bool) -> str:
    """The tracking of a series compared with what was done to it, as JSON or Markdown; raises InputError."""
    scored = score_series(load_series(series), results)
    return scored.model_dump_json(indent=1) if as_json else as_markdown(scored)
