"""The report: one self-contained HTML file that opens offline, prints well, and can be handed over; and the scorecard alone."""

import base64
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from audit.checks.catalogue import BLIND_SPOTS
from audit.oversight.compare import compare
from audit.presentation.changes import changed_checks_table, changed_forces_table
from audit.presentation.charts import Picture, field_dots, waterfall
from audit.presentation.checks import checks_table, fields_table, quiet_checks
from audit.presentation.effects import (
    EVERYWHERE,
    choices_table,
    contributions_of,
    differences_table,
    effect_table,
    fix_first_table,
    stability_table,
    together_table,
)
from audit.presentation.findings import diagnosis_table, gaps_table, identities_table
from audit.presentation.html import BANNER_LEAD, BANNER_TEXT, TABLE_STYLE, table_html
from audit.presentation.linkage import linkage_statement
from audit.presentation.lists import allegations_table, cancelled_table, pairs_table, sampling_table, wrong_inclusion_table
from audit.presentation.method import LIMITS, SAFEGUARDS, definitions_table, report_name
from audit.presentation.pictures import svg_bytes
from audit.presentation.readiness import (
    actions_frame,
    actions_table,
    first_actions_table,
    fix_first,
    gates_table,
    headline,
    nearest_to_ready,
    scorecard,
    scorecard_table,
    status_table,
    verdict,
)
from audit.presentation.spreadsheet import csv_bytes, excel_bytes
from audit.presentation.tables import Table
from audit.presentation.wording import family_name, instrument_title, option_title, size_text
from audit.results import Results
from synthetic.dataset import staged_file
from synthetic.errors import InputError

__all__ = ["report_html", "report_name", "write_actions", "write_report", "write_scorecard"]


def write_report(results: Results, out: Path) -> None:
    """Write the report; raises InputError where the file cannot be written."""
    _write(out, report_html(results).encode("utf-8"))


def write_scorecard(results: Results, out: Path) -> None:
    """Write the scorecard as CSV, Excel or Markdown, by the file's ending; raises InputError with what is allowed."""
    frame = scorecard(results)
    if out.suffix == ".csv":
        content = csv_bytes(frame)
    elif out.suffix == ".xlsx":
        content = excel_bytes(frame, "scorecard")
    elif out.suffix == ".md":
        content = scorecard_table(results).as_markdown().encode("utf-8")
    else:
        raise InputError("scorecard", "takes a file that ends in .csv, .xlsx or .md.")
    _write(out, content)


def write_actions(results: Results, out: Path) -> None:
    """Write what to do for each force as CSV or Excel, by the file's ending; raises InputError with what is allowed."""
    frame = actions_frame(results)
    if out.suffix == ".csv":
        _write(out, csv_bytes(frame))
    elif out.suffix == ".xlsx":
        _write(out, excel_bytes(frame, "actions"))
    else:
        raise InputError("actions", "takes a file that ends in .csv or .xlsx.")


def report_html(results: Results, earlier: Results | None = None, notice: str = "") -> str:
    """The report as HTML: two pages of summary, then the detail.

    ``earlier`` is the run that the summary compares with; ``notice`` is a sentence to stand first, such as that thresholds were
    changed.
    """
    from jinja2 import Environment  # slow to import, and only the report needs it

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("audit.report").joinpath("template.html").read_text(encoding="utf-8"))
    summary = results.summary
    instrument = summary.options.instrument
    names = {row.force: row.force_name for row in summary.forces}
    changes = None if earlier is None else compare(earlier, results)
    tables = {
        "status": status_table(results),
        "first_actions": first_actions_table(results),
        "changed_forces": Table("", []) if changes is None else changed_forces_table(changes, names),
        "changed_checks": Table("", []) if changes is None else changed_checks_table(changes, names),
        "most_changed": Table("", []) if changes is None else _first(changed_checks_table(changes, names)),
        "actions": actions_table(results),
        "scorecard": scorecard_table(results),
        "gates": gates_table(results),
        "effect": effect_table(results),
        "fix_first": fix_first_table(results),
        "fields": fields_table(results),
        "checks": checks_table(results),
        "identities": identities_table(results),
        "diagnosis": diagnosis_table(results),
        "linkage": linkage_statement(results),
        "wrong_inclusion": wrong_inclusion_table(results),
        "pairs": pairs_table(results),
        "allegations": allegations_table(results),
        "sampling": sampling_table(results),
        "cancelled": cancelled_table(results),
        "gaps": gaps_table(results),
        "differences": differences_table(results),
        "choices": choices_table(results),
        "together": together_table(results),
        "stability": stability_table(results),
        "definitions": definitions_table(),
    }
    return template.render(
        summary=summary,
        banner=(BANNER_LEAD, BANNER_TEXT),
        style=Markup(TABLE_STYLE),  # noqa: S704 - our own constant
        verdict=verdict(results),
        notice=notice,
        changes=None if changes is None else changes.checks["change"].value_counts().to_dict(),
        sentences=[
            text for text in (headline(results), fix_first(results, instrument, EVERYWHERE), nearest_to_ready(results)) if text
        ],
        size=size_text(summary.dataset.rows),
        use=instrument_title(instrument),
        weights=option_title(summary.options.weights),
        date=option_title(summary.options.date_basis),
        tables={name: _table(table) for name, table in tables.items()},
        pictures=_pictures(results, names),
        quiet=quiet_checks(results),
        blind_spots=BLIND_SPOTS,
        safeguards=SAFEGUARDS,
        limits=LIMITS,
    )


def _first(table: Table, rows: int = 3) -> Table:
    """The first rows of a table, for the summary."""
    return Table("What changed most", table.columns, table.rows[:rows], "All changes stand in the part “What changed”.")


def _table(table: Table) -> Markup:
    """A table with its note, or a sentence where it has no rows."""
    if not table.rows:
        return Markup('<p class="note">{}: none.</p>').format(table.caption)
    note = Markup('<p class="note">{}</p>').format(table.note) if table.note else Markup()
    return Markup(table_html(table)) + note  # noqa: S704 - escaped by table_html


def _pictures(results: Results, names: dict[str, str]) -> dict[str, dict[str, str]]:
    checks = results["checks"]
    missing = checks[(checks["check_type"] == "missing") & checks["month"].isna() & (checks["total"] > 0)]
    pictures: dict[str, dict[str, str]] = {}
    if missing["failed"].sum():
        chart = field_dots(missing, names)
        alternative = "Share of blank values by field: all forces together with a 95% interval, and each force."
        pictures["fields"] = {"source": _svg(chart, 560), "alternative": alternative}
    recall, parts = contributions_of(results, results.summary.options.instrument)
    if recall is not None:
        steps = ", ".join(f"{family_name(name).lower()} {100 * share:+.1f}" for name, share in parts.items())
        pictures["waterfall"] = {
            "source": _svg(waterfall(recall, parts), 760),
            "alternative": f"Bars from {100 * recall:.1f} people of 100 found as recorded to 100 with all repaired: {steps}.",
        }
    return pictures


def _svg(chart: Picture, width: int) -> str:
    """A chart as a picture within the page: vector, and no script."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg_bytes(chart, width)).decode("ascii")


def _write(out: Path, content: bytes) -> None:
    with staged_file(out) as beside:
        beside.write_bytes(content)
