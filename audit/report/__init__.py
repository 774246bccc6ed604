"""The report: one self-contained HTML file that opens offline, prints well, and can be handed over; and the scorecard alone."""

import base64
from importlib.resources import files
from pathlib import Path
from typing import Any

import altair as alt

from audit.checks.catalogue import BLIND_SPOTS, catalogue
from audit.presentation.charts import FAMILY_TITLES, Picture, field_heat_map, waterfall
from audit.presentation.spreadsheet import csv_bytes, excel_bytes
from audit.report.content import (
    Table,
    actions_frame,
    checks_table,
    fields_table,
    gaps_table,
    gates_table,
    headline,
    identities_table,
    next_status,
    scorecard,
    scorecard_table,
)
from audit.report.effect_tables import (
    choices_table,
    differences_table,
    effect_table,
    fix_first_table,
    stability_table,
    together_table,
    waterfall_parts,
)
from audit.results import Results
from synthetic.dataset import staged_file
from synthetic.errors import InputError

__all__ = ["FAMILY_TITLES", "Table", "headline", "report_html", "scorecard", "write_actions", "write_report", "write_scorecard"]


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


def report_html(results: Results) -> str:
    """The report as HTML."""
    from jinja2 import Environment  # slow to import, and only the report needs it

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("audit.report").joinpath("template.html").read_text(encoding="utf-8"))
    summary = results.summary
    names = {row.force: row.force_name for row in summary.forces}
    return template.render(
        summary=summary,
        names=names,
        headline=headline(results),
        next_status=next_status(results),
        tables={
            "scorecard": scorecard_table(results),
            "gates": gates_table(results),
            "effect": effect_table(results),
            "fix_first": fix_first_table(results),
            "fields": fields_table(results),
            "checks": checks_table(results),
            "identities": identities_table(results),
            "gaps": gaps_table(results),
            "differences": differences_table(results),
            "choices": choices_table(results),
            "together": together_table(results),
            "stability": stability_table(results),
        },
        pictures=_pictures(results, names),
        blind_spots=BLIND_SPOTS,
        catalogue=catalogue(),
    )


def _pictures(results: Results, names: dict[str, str]) -> dict[str, dict[str, str]]:
    checks = results["checks"]
    missing = checks[(checks["check_type"] == "missing") & checks["month"].isna() & (checks["total"] > 0)]
    pictures: dict[str, dict[str, str]] = {}
    if missing["failed"].sum():
        chart = field_heat_map(missing, names).properties(width=760)
        pictures["fields"] = {"source": _svg(chart), "tells": "Heat map of the share of blank values by field and force."}
    recall, parts = waterfall_parts(results, results.summary.options.instrument)
    if recall is not None:
        told = ", ".join(f"{FAMILY_TITLES[name].split(':')[0].lower()} {100 * share:+.1f}" for name, share in parts.items())
        pictures["waterfall"] = {
            "source": _svg(waterfall(recall, parts).properties(width=760)),
            "tells": f"Bars from {100 * recall:.1f} people of 100 found as recorded to 100 with all repaired: {told}.",
        }
    return pictures


def _svg(chart: Picture) -> str:
    """A chart as a picture within the page: vector, and no script."""
    import vl_convert  # slow to import, and only the report needs it

    vega: Any = chart.to_dict()
    svg = vl_convert.vegalite_to_svg(vega, vl_version=alt.SCHEMA_VERSION.removeprefix("v").rsplit(".", 1)[0])
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii")


def _write(out: Path, content: bytes) -> None:
    with staged_file(out) as beside:
        beside.write_bytes(content)
