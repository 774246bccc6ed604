"""Reveals that several lessons share: the list from clean records beside the one from records with defects."""

import numpy as np

from audit.presentation.tables import Cell, Table
from audit.presentation.wording import interval, percent
from audit.statistics import wilson
from dashboard.lessons.lab import Lab
from dashboard.lessons.lesson import Reveal

FIGURES = {
    "recall_at_k": "People found, of those the list should hold",
    "harm_captured": "Harm captured",
    "wrongly_included": "Wrongly on the list",
    "repeat_entries": "Duplicate records of a person on the list",
}
TRUTH = {"recall_at_k": 1.0, "harm_captured": 1.0, "wrongly_included": 0.0, "repeat_entries": 0.0}


def effect(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """How many people the list misses, and the figures of the list, clean and with defects."""
    rows = [
        [
            Cell(title),
            Cell(percent(clean.figure(name), digits=0), number=True),
            Cell(percent(defective.figure(name), digits=0), number=True),
            Cell(percent(TRUTH[name], digits=0), number=True),
        ]
        for name, title in FIGURES.items()
    ]
    low, high = missed_interval(defective)
    missed = round(100 * (1 - defective.figure("recall_at_k")))
    return Reveal(
        f"With {severity}, {missed} of 100 people the list should hold are not on it (95%: {interval(low, high, 0)}).",
        Table("The list from clean records, and from records of the same world with defects", COLUMNS, rows),
    )


COLUMNS = ["", "Clean", "With defects", "Truth"]


def missed_interval(defective: Lab) -> tuple[float, float]:
    """The 95% Wilson interval of the share of the list that is missed, over all its people."""
    mine = defective.effect.effect.query("instrument == 'harm_365'")
    size = mine["truth_size"].to_numpy(float)
    found = round(float((mine["recall_at_k"].to_numpy(float) * size).sum()))
    _, low, high = (float(value[0]) for value in wilson(np.array([found]), np.array([size.sum()])))
    return 1 - high, 1 - low


def fragments(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """As ``effect``, with the person records for each person."""
    shown = effect(clean, defective, severity)
    line = [
        Cell("Person records for each person"),
        *(Cell(f"{lab.records / lab.people:.2f}", number=True) for lab in (clean, defective)),
    ]
    rows = [[*line, Cell("1.00", number=True)], *shown.table.rows]
    return Reveal(shown.sentence, Table(shown.table.caption, shown.table.columns, rows))
