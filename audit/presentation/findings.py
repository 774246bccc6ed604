"""Findings as tables: duplicate identities, reporting gaps, coverage of what a crime should say."""

from typing import Any

import numpy as np
import pandas as pd

from audit.effect import LEAST_GROUP
from audit.evaluation.identities import Reliability
from audit.presentation.effects import EVERYWHERE, of_instrument
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import chance, count, interval, percent, words
from audit.readiness.thresholds import Thresholds
from audit.results import Results
from audit.statistics import wilson

MOST_ROWS = 60
DUPLICATES = "duplicate person records"
"""The gate that judges the rate of duplicate records."""
MEASURES = {
    "linked suspect": "of crimes with a unit and a date",
    "outcome": "of crimes with a unit and a date",
    "known relationship": "of those of them with a linked suspect",
}
"""Shares of what a crime says, and of which crimes each is."""


def identities_table(results: Results, instrument: str | None = None, force: str = EVERYWHERE) -> Table:
    """Duplicate identities by force, or of one force, with the gain of merging what was found."""
    merging = of_instrument(results["merging"], instrument or results.summary.options.instrument).set_index("force")
    names = {row.force: row.force_name for row in results.summary.forces}
    rows = []
    summary = results["identity_summary"]
    summary = summary if force == EVERYWHERE else summary[summary["force"] == force]
    limit = Thresholds.model_validate(results.summary.thresholds).gate(DUPLICATES)[0]
    for row in summary.itertuples():
        merged: Any = merging.loc[row.force] if row.force in merging.index else None
        shown = merged is not None and merged["truth_size"] >= LEAST_GROUP
        rows.append(
            [
                Cell(names.get(row.force, row.force)),
                Cell(count(row.records), number=True),
                Cell(f"{row.records / row.clusters:.2f}" if row.clusters else "–", number=True),
                Cell(percent(row.duplicate_rate, limit), interval(row.low, row.high), number=True),
                Cell(percent(row.cross_force_rate), number=True),
                Cell(percent(merged["recall_at_k"], digits=0) if shown else "–", number=True),
                Cell(
                    percent(merged["recall_after_merging"], digits=0) if shown else "–",
                    interval(merged["low"], merged["high"], 0) if shown else "",
                    number=True,
                ),
            ]
        )
    return Table(
        "Person records and the people behind them",
        [
            *("Force", "Records", "Records a person", "Duplicate records", "Also recorded by another force"),
            *("People found as recorded", "People found after merging"),
        ],
        rows,
        "Duplicate records: share of the force's records that are a duplicate of another, estimated from how likely each pair is to be "
        "the same person. Also recorded by another force: share of the people with a record there too. No record is merged.",
    )


def diagnosis_table(results: Results, force: str | None = None) -> Table:
    """What to know about the linkage of these records, and where to look first; of one force where named."""
    diagnosis = results["identity_diagnosis"]
    names = {row.force: row.force_name for row in results.summary.forces}
    if force is not None:
        diagnosis = diagnosis[diagnosis["force"].isna() | diagnosis["force"].eq(force)]
    rows = [
        [
            Cell("All forces" if pd.isna(row.force) else names.get(row.force, row.force)),
            Cell(str(row.kind).capitalize()),
            Cell(str(row.sentence)),
        ]
        for row in diagnosis.itertuples()
    ]
    return Table("Before you believe the matches", ["Where", "What", "Finding"], rows)


def reliability_table(ranges: list[Reliability]) -> Table:
    """Whether pairs are right as often as their probability says, a row a range of probability."""
    rows = []
    for one in ranges:
        _, low, high = (float(end[0]) for end in wilson(np.array([round(one.true * one.pairs)]), np.array([one.pairs])))
        rows.append(
            [
                Cell(f"{one.low:g} to {one.high:g}"),
                Cell(count(one.pairs), number=True),
                Cell(percent(one.expected), number=True),
                Cell(percent(one.true), interval(low, high), number=True),
            ]
        )
    return Table(
        "Can the probabilities be relied on?",
        ["Probability", "Pairs", "Expected to be right", "Truly right"],
        rows,
        "Pairs of records by their probability of being the same person's, compared with the truth of the synthetic world. Small print: "
        "95% Wilson interval. Where the expected share lies outside it, the probabilities are too high or too low there.",
    )


def gaps_table(results: Results, force: str | None = None) -> Table:
    """The reporting gaps that hide most crimes."""
    gaps, hidden = results["gaps"], results["hidden_crimes"]
    names = {row.force: row.force_name for row in results.summary.forces}
    both = gaps.reset_index(drop=True).assign(**{name: hidden[name].to_numpy() for name in ("hidden", "low", "high")})
    both = both if force is None else both[both["force"] == force]
    shown = both.sort_values("hidden", ascending=False).head(MOST_ROWS)
    rows = [
        [
            Cell(str(row.unit_id), names.get(row.force, row.force)),
            Cell("all offences" if pd.isna(row.offence_group) else words(str(row.offence_group))),
            Cell(row.kind),
            Cell(_months(row.first_month, row.last_month)),
            Cell(count(row.observed), number=True),
            Cell(count(row.expected), number=True),
            Cell(count(row.hidden), f"{count(row.low)} to {count(row.high)}", number=True),
            Cell(chance(row.q_value), number=True),
        ]
        for row in shown.itertuples()
    ]
    more = f" The {len(both) - len(shown)} that hide fewer are in gaps.parquet." if len(both) > len(shown) else ""
    return Table(
        "Reporting gaps, those that hide most first",
        ["Unit", "Offences", "Kind", "Months", "Recorded", "Expected", "Hidden", "Chance"],
        rows,
        "Hidden: crimes that the months lack, with a 95% interval. Chance: the share of false findings among gaps at least as clear as "
        "this one (q-value)." + more,
        "No run of months in which a unit records fewer crimes than expected, beyond chance.",
    )


def unit_changes_table(results: Results, force: str) -> Table | None:
    """Units that were renamed, merged, split and so on: no gaps, though their counts begin, stop, rise or fall; None without any."""
    changes = results["unit_changes"]
    mine = changes[changes["force"] == force].sort_values("month")
    if not len(mine):
        return None
    rows = [
        [
            Cell("all units" if pd.isna(row.unit_id) else str(row.unit_id)),
            Cell(f"{pd.Timestamp(row.month):%b %Y}"),
            Cell(row.kind),
            Cell("–" if pd.isna(row.other_unit_id) else str(row.other_unit_id)),
        ]
        for row in mine.itertuples()
    ]
    return Table(
        "Unit changes, which are not gaps",
        ["Unit", "From", "Change", "Other unit"],
        rows,
        "Found in the counts: a unit stops or falls in the month in which another starts or rises by the same amount, or all "
        "of a unit's crimes are there twice. Check them against what the force knows of its units.",
    )


def coverage_table(results: Results, force: str) -> Table:
    """Shares of crimes with a linked suspect, an outcome, a known relationship: over the period, and where they fall."""
    coverage, falls = results["coverage"], results["coverage_gaps"]
    mine, fallen = coverage[coverage["force"] == force], falls[falls["force"] == force]
    rows = []
    for measure, of in MEASURES.items():
        part = mine[mine["measure"] == measure]
        if not len(part):
            continue
        units = fallen[fallen["measure"] == measure]
        where = ", ".join(f"{row.unit_id} {_months(row.first_month, row.last_month)}" for row in units.itertuples())
        share = part["covered"].sum() / max(part["total"].sum(), 1)
        rows.append(
            [
                Cell(measure.capitalize(), of),
                Cell(percent(share), f"of {count(part['total'].sum())}", number=True),
                Cell(where or "nowhere", status="warn" if where else ""),
            ]
        )
    return Table(
        "What a recorded crime says, and where that falls",
        ["Share with a", "Whole period", "Falls in"],
        rows,
        "Falls: a run of months in which a unit's share is below its own usual share by more than chance.",
    )


def unreported_table(results: Results, force: str) -> Table | None:
    """What was never reported, from the truth of the synthetic world; None where there is no truth."""
    unreported = results["unreported"]
    mine = unreported[(unreported["force"] == force) & (unreported["attribute"] == "all")]
    if not len(mine):
        return None
    rows = [
        [
            Cell(words(str(row.offence_group)).capitalize()),
            Cell(count(row.events), number=True),
            Cell(percent(row.rate), interval(row.low, row.high), number=True),
        ]
        for row in mine.itertuples()
    ]
    return Table(
        "Beyond any gap: what was never reported",
        ["Offences", "True events", "Never reported"],
        rows,
        "From the truth of the synthetic world; no force's data can show it.",
    )


def _months(first: Any, last: Any) -> str:
    first, last = pd.Timestamp(first), pd.Timestamp(last)
    return f"{first:%b %Y}" if first == last else f"{first:%b %Y} to {last:%b %Y}"
