"""Method and data: definitions, data dictionary, catalogue, sources, limits, blind spots, safeguards."""

import pandas as pd
import streamlit as st

from audit.checks.catalogue import BLIND_SPOTS, as_json, catalogue
from audit.readiness.thresholds import as_toml
from audit.report.content import Cell, Table, percent
from dashboard.shell import View, downloads, folded, once, show_table
from synthetic.contract import TABLES, reference

DEFINITIONS = {
    "Truth list, recorded list": "The k people of a force with the highest score by the instrument, over all reported events in the "
    "data; the k person records with the highest score over what the force has recorded. k is 1,000 for the nation, by population, at "
    "least 10. Neither is ever shown.",
    "recall_at_k": "Share of the truth list with at least one person record on the recorded list.",
    "Harm captured": "Their share of the truth list's total score.",
    "Wrongly included": "Share of the recorded list's records none of whose people is on the truth list.",
    "Repeat entries": "Share of the recorded list's records that are a further record of a person already on it.",
    "Contribution": "Exact Shapley value of a family of defects over the 64 ways to repair the six from the truth; they sum to "
    "1 − recall_at_k. Within a family: Owen values, told by `audit run --detail`.",
    "harm_365": "Sum of the offences' harm days in the 365 days up to the last day, of those with two crimes or more.",
    "rfs": "Frequency, recency and severity in bands of 1 to 5 each, over 1,095 days.",
    "Rate": "Failed rows ÷ rows that the check is about, with a 95 % Wilson interval.",
    "Field score": "(Present and valid − placeholders and defaults in excess) ÷ records.",
    "Status": "Not ready: a gate failed. Process testing only: gates passed, a dimension below its threshold or recall_at_k too low. "
    "Supervised pilot: all passed. There is no 'ready to rank': data is certified, not people.",
    "Duplicate rate": "Share of a force's person records that are a further record of a person, from the probabilities that pairs are "
    "one person's.",
    "Reporting gap": "A run of months in which a unit, or one offence group of it, records fewer crimes than its other months lead to "
    "expect; false discovery is held to 2 %.",
}
SAFEGUARDS = (
    "No real record can be loaded: every identifying value must carry a mark that no real one can have (identifiers begin SYN-, "
    "postcodes with V, telephone numbers with 06), every file must be listed with its hash, and there is no switch to skip this.",
    "No person, not even a synthetic one, is shown with a score or a rank: the instruments can be opened by the room of the effect "
    "alone, and only aggregates leave it.",
    "Groups of fewer than 10 people are not shown.",
    "The server listens on this machine only, sends no usage statistics, and loads nothing from other hosts.",
)
LIMITS = (
    "A world is as good as its sources: figures marked illustrative or proposed are of the right order, and no more. No figure can be "
    "read as a real force's; forces are fictional.",
    "The effect is measured against the synthetic truth. For a real force it can only be simulated, by its rates.",
    "Two published ideas of prioritising are run; a force's own instrument may weigh otherwise.",
)


def show(view: View) -> None:
    """Draw the page."""
    st.title("Method and data", anchor=False)
    _what_holds(view)
    folded("Data dictionary", "dictionary", lambda: _dictionary(view))
    folded(f"Catalogue of the {len(catalogue())} checks", "catalogue", lambda: _catalogue(view))
    folded("Offences, their weights, and where these are from", "offences", lambda: _offences(view))


@once
def _what_holds(view: View) -> None:
    show_table(Table("Definitions", ["Term", "What it is"], [[Cell(term), Cell(text)] for term, text in DEFINITIONS.items()]))
    spots = [[Cell(name.capitalize()), Cell(why)] for name, why in BLIND_SPOTS.items()]
    show_table(Table("Blind spots: what nobody can see from the data alone", ["What", "Why"], spots))
    show_table(
        Table("Safeguards", ["No.", "What holds"], [[Cell(str(place)), Cell(text)] for place, text in enumerate(SAFEGUARDS, 1)])
    )
    show_table(
        Table("Limits", ["No.", "What to bear in mind"], [[Cell(str(place)), Cell(text)] for place, text in enumerate(LIMITS, 1)])
    )
    _run(view)


@once
def _dictionary(view: View) -> None:
    rows = [
        [Cell(f"{table.name}.{field.name}"), Cell(field.kind), Cell(", ".join(field.needed_for) or "–"), Cell(field.sentence)]
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
    rows = [
        [
            Cell(check.id, check.dimension),
            Cell(check.finds),
            Cell(check.matters),
            Cell(f"{percent(check.warn)} / {percent(check.fail)}", number=True),
        ]
        for check in catalogue()
    ]
    show_table(Table("Every check", ["Check", "Finds", "Why it matters", "Warns / fails above"], rows))


def _offences(view: View) -> None:
    _every_offence(view)
    downloads(lambda: pd.DataFrame(reference("offences")), "offences")


@once
def _every_offence(view: View) -> None:
    rows = [
        [
            Cell(row.offence_code),
            Cell(row.title),
            Cell(row.offence_group.replace("_", " ")),
            Cell(f"{row.harm_days:,.0f}", number=True),
            Cell(f"{row.css_weight:,.1f}", number=True),
            Cell(row.source),
        ]
        for row in reference("offences").itertuples()
    ]
    show_table(Table("Offences", ["Code", "Offence", "Group", "Harm days", "Severity score", "Source"], rows))


def _run(view: View) -> None:
    summary = view.results.summary
    told = {
        "Dataset": f"{summary.dataset.rows['crimes']:,} crimes, {summary.dataset.rows['persons']:,} person records, "
        f"{len(summary.dataset.forces)} forces, up to {summary.dataset.as_of:%d %B %Y}",
        "Provenance": ", ".join(f"{name} {value}" for name, value in summary.dataset.provenance.items()),
        "Options": ", ".join(f"{name} {value}" for name, value in summary.options.model_dump().items() if value not in (None, [])),
        "Auditor": summary.auditor,
        "Intervals of the effect": summary.interval,
        "Seconds": ", ".join(f"{name.lower()} {seconds:.1f}" for name, seconds in summary.timings.items()),
    }
    show_table(Table("This run", ["What", "How"], [[Cell(name), Cell(text)] for name, text in told.items()]))
