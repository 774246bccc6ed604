"""Tables of the effect on a prioritisation: people found and missed, why, who is affected, and what it rests on."""

import numpy as np
import pandas as pd

from audit.effect import LEAST_GROUP
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import (
    ATTRIBUTES,
    CHOICES,
    FAMILY_TITLES,
    count,
    group_title,
    instrument_title,
    interval,
    option_title,
    percent,
    points,
    points_interval,
    words,
)
from audit.readiness.thresholds import Thresholds
from audit.results import Results
from audit.statistics import wilson
from synthetic.contract import reference

EVERYWHERE = "all"


def of_instrument(frame: pd.DataFrame, instrument: str) -> pd.DataFrame:
    """The rows of one instrument."""
    return frame[frame["instrument"] == instrument]


def effect_table(results: Results, instrument: str | None = None, force: str = EVERYWHERE) -> Table:
    """People found, harm captured, wrongly included and repeat entries by force and instrument; lists of 10 people or more.

    Of every instrument where none is chosen, and of one force by every instrument where a force is.
    """
    names = {row.force: row.force_name for row in results.summary.forces}
    effect = results["effect"]
    if force != EVERYWHERE:
        effect = effect[effect["force"] == force]
    elif instrument is not None:
        effect = of_instrument(effect, instrument)
    needed = Thresholds.model_validate(results.summary.thresholds).recall_at_k
    rows = []
    for row in effect.itertuples():
        if pd.isna(row.truth_size) or row.truth_size < LEAST_GROUP:
            rows.append(
                [
                    Cell(names[row.force]),
                    Cell(instrument_title(row.instrument)),
                    Cell(count(row.k), number=True),
                    *[Cell("–", number=True)] * 4,
                ]
            )
            continue
        rows.append(
            [
                Cell(names[row.force]),
                Cell(instrument_title(row.instrument)),
                _length(row.k, row.truth_size),
                Cell(percent(row.recall_at_k, needed, 0), interval(row.low, row.high, 0), number=True),
                Cell(percent(row.harm_captured, digits=0), number=True),
                Cell(percent(row.wrongly_included, digits=0), number=True),
                Cell(percent(row.repeat_entries, digits=0), number=True),
            ]
        )
    return Table(
        "The recorded list compared with the true one",
        ["Force", "Use", "List length", "People found", "Harm captured", "Wrongly included", "Repeat entries"],
        rows,
        f"Small print: {results.summary.interval.replace('95 %', '95%')}; of a list that is short of its length, how many people it "
        f"holds. A dash: fewer than {LEAST_GROUP} people.",
    )


def contributions_of(results: Results, instrument: str, force: str = EVERYWHERE) -> tuple[float | None, dict[str, float]]:
    """People found as recorded, and contributions by family, the largest first; of one force or of all. None where unknown."""
    mine = of_instrument(results["contributions"], instrument)
    mine = mine[(mine["force"] == force) & (mine["measure"] == "recall_at_k") & mine["kind"].isna()]
    effect = of_instrument(results["effect"], instrument)
    effect = effect if force == EVERYWHERE else effect[effect["force"] == force]
    if not len(mine) or effect["truth_size"].sum() < LEAST_GROUP:
        return None, {}
    parts = mine.set_index("family")["contribution"].sort_values(ascending=False)
    return 1 - float(parts.sum()), {str(name): float(share) for name, share in parts.items()}


def contribution_intervals(results: Results, instrument: str, force: str) -> dict[str, str]:
    """Family → the 95% interval of its contribution, for one force or for all."""
    mine = of_instrument(results["contributions"], instrument)
    mine = mine[(mine["force"] == force) & (mine["measure"] == "recall_at_k") & mine["kind"].isna()]
    return {str(row.family): points_interval(row.low, row.high).replace("+", "") for row in mine.itertuples()}


def family_table(results: Results, instrument: str, force: str = EVERYWHERE) -> Table:
    """What to fix first in short: a row a family, with people missed because of it and the gain if only it is fixed."""
    table = fix_first_table(results, instrument, force)
    rows = [[row[0], row[1], row[4]] for row in table.rows if not row[0].text.startswith("—")]
    return Table(
        "What to fix first: people of 100",
        ["Family of defects", "People missed because of this", "Gain if only this is fixed"],
        rows,
        "The first column shares out what several defects miss together, so that it sums to all people missed (exact Shapley values); "
        "*fix first* goes by it. The second is one repair alone, so its order may differ; where intervals overlap, either may come first. "
        "Below zero, a repair moves others off the list.",
    )


def fix_first_table(results: Results, instrument: str | None = None, force: str = EVERYWHERE) -> Table:
    """For each family and kind of defect: its contribution, and the gain from repairing a quarter, half and all of it alone."""
    chosen = instrument or results.summary.options.instrument
    recall, parts = contributions_of(results, chosen, force)
    table = Table(
        "What to fix first: people of 100",
        [
            "Fix",
            "People missed because of this",
            "Gain if a quarter is fixed",
            "Gain if half is fixed",
            "Gain if all is fixed",
            "People found then",
        ],
        [],
        "People missed because of this: exact Shapley value over all 64 ways to repair the six families; they sum to what is missed. Small print: 95% intervals; one that holds 0 is within noise. "
        "Gain: people of 100 found in addition if only this is fixed. Below zero: on its own, the repair moves others off the list.",
    )
    if recall is None:
        return table
    doubt = contribution_intervals(results, chosen, force)
    gains = of_instrument(results["fix_first"], chosen)
    gains = gains[gains["force"] == force].assign(kind=lambda rows: rows["kind"].fillna(""))
    for family, share in parts.items():
        mine = gains[gains["family"] == family]
        for kind in mine["kind"].drop_duplicates():
            by_part = mine[mine["kind"] == kind].set_index("part")
            whole = by_part.loc[1.0]
            table.rows.append(
                [
                    Cell(FAMILY_TITLES[family] if not kind else f"— {words(kind)}"),
                    Cell(points(share).removeprefix("+") if not kind else "", "" if kind else doubt.get(family, ""), number=True),
                    *(_gain(by_part.loc[part]) for part in (0.25, 0.5, 1.0)),
                    Cell(percent(whole["recall_at_k"], digits=0), interval(whole["low"], whole["high"], 0), number=True),
                ]
            )
    return table


def _gain(row: pd.Series) -> Cell:
    return Cell(points(row["gain"]), points_interval(row["gain_low"], row["gain_high"]), number=True)


def differences_table(results: Results, instrument: str | None = None, force: str = EVERYWHERE) -> Table:
    """Whose cases are missed: people found by group beside everybody else."""
    mine = of_instrument(results["group_differences"], instrument or results.summary.options.instrument)
    mine = mine[(mine["force"] == force) & mine["people"].notna()]
    rows = []
    for row in mine.itertuples():
        testable = bool(row.testable)
        rows.append(
            [
                Cell(ATTRIBUTES[row.attribute]),
                Cell(group_title(str(row.group))),
                Cell(count(row.people), number=True),
                Cell(percent(row.recall_at_k, digits=0), number=True),
                Cell(percent(row.rest_recall_at_k, digits=0), number=True),
                Cell(points(row.difference), points_interval(row.low, row.high), number=True),
                Cell("yes" if testable else "cannot be tested in the force's own data"),
            ]
        )
    return Table(
        "Whose cases are missed",
        ["Attribute", "Group", "People", "Found", "Found of the rest", "Difference, points", "Fair to test?"],
        rows,
        "People on the true list, by group; the interval of the difference is Newcombe's (95%). Groups under 10 people, and those that "
        "leave under 10 or from which theirs could be worked out, are not shown. Ethnicity is missing on over 35% of records where it cannot be tested.",
    )


def choices_table(results: Results, instrument: str | None = None, force: str | None = None) -> Table:
    """How much of the recorded list stays with another choice, beside how much stays with better data."""
    mine = of_instrument(results["choices"], instrument or results.summary.options.instrument).dropna(
        subset=["overlap_with_default"]
    )
    lengths = (
        of_instrument(results["effect"], instrument or results.summary.options.instrument).set_index("force")["k"].astype(float)
    )
    mine = mine if force is None else mine[mine["force"] == force]
    rows = []
    for (choice, option), part in mine.groupby(["choice", "option"], sort=False):
        k = part["force"].map(lengths)
        kept = float((part["overlap_with_default"] * k).sum())
        rate, low, high = (float(value[0]) for value in wilson(np.array([kept]), np.array([k.sum()])))
        rows.append(
            [
                Cell(CHOICES[str(choice)]),
                Cell(option_title(str(option))),
                Cell(percent(rate, digits=0), interval(low, high, 0), number=True),
            ]
        )
    return Table(
        "How much of the recorded list stays with another choice",
        ["Choice", "Chosen instead", "Stays"],
        rows,
        "The last row changes the data and no choice: the share of the list that stays when every defect is repaired.",
    )


def together_table(results: Results, instrument: str | None = None) -> Table:
    """The forces' own lists beside one list of several forces: those of a region, and all of these results."""
    mine = of_instrument(results["together"], instrument or results.summary.options.instrument)
    own = of_instrument(results["effect"], instrument or results.summary.options.instrument).set_index("force")["k"]
    table = reference("forces")
    region_of = dict.fromkeys(own.index, "elsewhere") | dict(zip(table["force"], table["region"], strict=True))
    rows = []
    for row in mine.to_dict("records"):
        everybody = row["scope"] == "nation"
        theirs = own if everybody else own[own.index.map(region_of) == row["name"]]
        head = [
            Cell("All forces of these results") if everybody else Cell(str(row["name"]), "region"),
            Cell(count(row["forces"]), number=True),
            Cell(count(theirs.sum()), number=True),
        ]
        if not row["truth_size"] >= LEAST_GROUP:
            rows.append([*head, Cell(count(row["k"]), number=True), *[Cell("–", number=True)] * 3])
            continue
        shown = [
            Cell(percent(row[name], digits=0), interval(row[f"{name}_low"], row[f"{name}_high"], 0), number=True)
            for name in ("recall_alone", "recall_together", "recall_matched")
        ]
        rows.append([*head, _length(row["k"], row["truth_size"]), *shown])
    return Table(
        "Alone or together: of the people on one true list of several forces, how many are found",
        [
            *("Forces pooled", "How many", "Entries of their own lists", "Length of one list"),
            *("Found by their own lists", "Found by one list", "Found by one list, records matched"),
        ],
        rows,
        "The true list has the people with the highest score over all these forces. One list has its length, in proportion to the forces' "
        "population (1,000 for all 43 forces of the reference), so their own lists may have more entries together, or fewer. Matched: records that "
        "the audit judges to be the same person are merged, across forces too. Small print: 95% Wilson intervals; of a true list that is "
        f"short of its length, how many people it holds. A dash: fewer than {LEAST_GROUP} people.",
    )


def _length(k: float, people: float) -> Cell:
    """The length of a list, and how many people are on it where there are fewer."""
    return Cell(count(k), f"only {count(people)} people" if people < k else "", number=True)


def stability_table(results: Results, instrument: str | None = None) -> Table:
    """How much of each list is new since a month before, and how much of that the data causes."""
    mine = of_instrument(results["stability"], instrument or results.summary.options.instrument)
    names = {row.force: row.force_name for row in results.summary.forces}
    rows = [
        [
            Cell(names.get(row.force, row.force)),
            Cell(percent(row.recorded_changed, digits=0), interval(row.low, row.high, 0), number=True),
            Cell(percent(row.truth_changed, digits=0), number=True),
            Cell(points(row.by_data), number=True),
        ]
        for row in mine.itertuples()
        if row.truth_size >= LEAST_GROUP
    ]
    return Table(
        "Stability: share of the list that is new since the month before",
        ["Force", "Recorded list", "True list", "Caused by the data, points"],
        rows,
        "The list of the month before is made from what had been recorded by then. What the recorded list changes beyond the true one "
        "is caused by the data.",
    )
