"""Method and data: glossary, data dictionary, catalogue, sources, limits, blind spots, safeguards."""

import pandas as pd
import streamlit as st

from audit.checks.catalogue import BLIND_SPOTS, as_json, catalogue
from audit.presentation.checks import catalogue_table
from audit.presentation.method import LIMITS, SAFEGUARDS, definition, definitions_table, numbered_table
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import check_type_title, day, field_title, instrument_title, option_title, plural, size_text, words
from audit.readiness.thresholds import as_toml
from dashboard.cache import View, once
from dashboard.widgets import downloads, folded, show_table
from synthetic.contract import TABLES, reference


def show(view: View) -> None:
    """Draw the page; the address may name a term, whose meaning then stands first."""
    term = st.query_params.get("term", "")
    if definition(term):
        st.info(f"**{term}.** {definition(term)}")
    _what_holds(view)
    folded("Data dictionary", "dictionary", lambda: _dictionary(view))
    folded(f"Catalogue of the {len(catalogue())} checks", "catalogue", lambda: _catalogue(view))
    folded("Offences, their weights, and where these are from", "offences", lambda: _offences(view))


@once
def _what_holds(view: View) -> None:
    show_table(definitions_table())
    spots = [[Cell(name.capitalize()), Cell(why)] for name, why in BLIND_SPOTS.items()]
    show_table(Table("Blind spots: what nobody can see from the data alone", ["What", "Why"], spots))
    show_table(numbered_table("Safeguards, and what they do not do", "What holds", SAFEGUARDS))
    show_table(numbered_table("Limits", "What to bear in mind", LIMITS))
    _run(view)


@once
def _dictionary(view: View) -> None:
    rows = [
        [
            Cell(field_title(field.name), code=f"{table.name}.{field.name}"),
            Cell(field.kind),
            Cell(", ".join(field.needed_for) or "–"),
            Cell(field.sentence),
        ]
        for table in TABLES.values()
        for field in table.fields
    ]
    show_table(Table("Every field", ["Field", "Type", "Needed for", "What it is"], rows))


def _catalogue(view: View) -> None:
    _every_check(view)
    left, right = st.columns(2)
    left.download_button("Catalogue (JSON)", as_json(catalogue()), "catalogue.json", "application/json", on_click="ignore")
    right.download_button("Thresholds (TOML)", as_toml(view.thresholds), "thresholds.toml", "application/toml", on_click="ignore")


@once
def _every_check(view: View) -> None:
    show_table(catalogue_table())


def _offences(view: View) -> None:
    _every_offence(view)
    downloads(lambda: pd.DataFrame(reference("offences")), "offences")


@once
def _every_offence(view: View) -> None:
    rows = [
        [
            Cell(row.title, code=row.offence_code),
            Cell(words(row.offence_group)),
            Cell(f"{row.harm_days:,.0f}", number=True),
            Cell(f"{row.css_weight:,.1f}", number=True),
            Cell(row.source),
        ]
        for row in reference("offences").itertuples()
    ]
    show_table(Table("Offences", ["Offence", "Group", "Harm days", "ONS Crime Severity Score", "Source"], rows))


def _run(view: View) -> None:
    summary = view.results.summary
    options = summary.options
    rows = {
        "Dataset": f"{size_text(summary.dataset.rows)}, {plural(len(summary.dataset.forces), 'force')}, up to {day(summary.dataset.as_of)}",
        "Provenance": ", ".join(f"{words(name)} {value}" for name, value in summary.dataset.provenance.items()),
        "Judged for": instrument_title(options.instrument),
        "List length": "by population" if options.k == "population" else f"{options.k}",
        "Weights, date": f"{option_title(options.weights)}, {option_title(options.date_basis).lower()}",
        "Engine": options.engine,
        "Checks chosen": ", ".join(map(check_type_title, options.only)) or "all",
        "Checks skipped": ", ".join(map(check_type_title, options.skip)) or "none",
        "Auditor": summary.auditor,
        "Intervals of the effect": summary.interval.replace("95 %", "95%"),
        "Seconds (duplicate identities are looked for beside fields and gaps)": ", ".join(
            f"{name.lower()} {seconds:.1f}" for name, seconds in summary.timings.items()
        ),
    }
    show_table(Table("This run", ["What", "How"], [[Cell(name), Cell(text)] for name, text in rows.items()]))
