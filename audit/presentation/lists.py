"""Tables of what reviewers ask of lists: wrong inclusion by group, two lists compared, allegations, and the sampling audit."""

import numpy as np

from audit.effect import LEAST_GROUP
from audit.presentation.effects import EVERYWHERE, of_instrument
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import ATTRIBUTES, count, group_title, instrument_title, interval, percent, points
from audit.results import Results
from audit.statistics import wilson

LISTS = {"truth": "True list", "recorded": "Recorded list"}
COUNTED = {"half": "half", "not at all": "not at all"}


def wrong_inclusion_table(results: Results, instrument: str | None = None, force: str = EVERYWHERE) -> Table:
    """Who is on the recorded list wrongly: share of each group's entries, with its interval."""
    mine = of_instrument(results["wrong_inclusion"], instrument or results.summary.options.instrument)
    mine = mine[(mine["force"] == force) & (mine["people"] >= LEAST_GROUP).fillna(False).astype(bool)]
    rows = [
        [
            Cell(ATTRIBUTES[row.attribute]),
            Cell(group_title(str(row.group))),
            Cell(count(row.people), number=True),
            Cell(count(row.entries), number=True),
            Cell(percent(row.wrongly_included, digits=0), interval(row.low, row.high, 0), number=True),
        ]
        for row in mine.itertuples()
    ]
    return Table(
        "Who is on the recorded list wrongly",
        ["Attribute", "Group", "People", "Their entries", "Wrongly included"],
        rows,
        "Of a group's entries on the recorded list, the share none of whose people is on the true list; a person may have several entries. The "
        "group is that of the person whose record it is. Small print: 95% Wilson intervals. Groups under 10 people, and "
        "those from which theirs could be worked out, are not shown.",
    )


def pairs_table(results: Results, force: str = EVERYWHERE) -> Table:
    """How far the lists of two uses agree, and how much of that the data causes; of one force, or the mean over all."""
    pairs = results["instrument_pairs"]
    pairs = pairs.dropna(subset=["truth_overlap", "recorded_overlap"])
    pairs = pairs if force == EVERYWHERE else pairs[pairs["force"] == force]
    rows = []
    for (one, other), part in pairs.groupby(["instrument", "other"], sort=False):
        mean = part[["truth_overlap", "recorded_overlap", "found_overlap", "by_data"]].mean()
        low, high = (part["low"].iloc[0], part["high"].iloc[0]) if len(part) == 1 else (
            part["recorded_overlap"].min(), part["recorded_overlap"].max(),
        )  # fmt: skip
        rows.append(
            [
                Cell(f"{_name(results, str(one))}; {_name(results, str(other))}"),
                Cell(percent(mean["truth_overlap"], digits=0), number=True),
                Cell(percent(mean["recorded_overlap"], digits=0), interval(low, high, 0), number=True),
                Cell(percent(mean["found_overlap"], digits=0), number=True),
                Cell(points(mean["by_data"]), number=True),
            ]
        )
    forces = pairs["force"].nunique()
    small = f"the lowest and the highest of {forces} forces" if forces > 1 else "95% Wilson interval"
    return Table(
        "How far the lists of two uses agree",
        ["Uses", "On both true lists", "On both recorded lists", "Found by both", "Caused by the data, points"],
        rows,
        f"Share of the shorter list that is on the other too{', mean over forces' if forces > 1 else ''}. Small print: {small}. Caused by the "
        "data: what the recorded lists have in common beyond the true ones. Lists of fewer than 10 are left out.",
    )


def allegations_table(results: Results, instrument: str | None = None, force: str = EVERYWHERE) -> Table:
    """How much of the list rests on allegations without a charge or caution."""
    mine = of_instrument(results["allegations"], instrument or results.summary.options.instrument)
    mine = mine[(mine["size"] >= LEAST_GROUP) & mine["overlap"].notna()]
    mine = mine if force == EVERYWHERE else mine[mine["force"] == force]
    rows = []
    for (listed, counted), part in mine.groupby(["list", "without_charge"], sort=False):
        size = part["size"].to_numpy(float)
        (rate,), (low,), (high,) = wilson(np.array([part["overlap"].to_numpy() @ size]), np.array([size.sum()]))
        harm = part["harm_without_charge"].to_numpy(float)
        known = ~np.isnan(harm)
        share = float(harm[known] @ size[known] / size[known].sum()) if known.any() else None
        rows.append(
            [
                Cell(LISTS[str(listed)]),
                Cell(COUNTED[str(counted)]),
                Cell(count(size.sum()), number=True),
                Cell(percent(float(rate), digits=0), interval(low, high, 0), number=True),
                Cell(percent(share, digits=0), number=True),
            ]
        )
    return Table(
        "How much rests on allegations without a charge",
        ["List", "Cases without a charge count", "Entries", "Stays on the list", "Harm from such cases"],
        rows,
        "Stays: share of the entries that are on the list too when cases without a charge or caution count half, or not at all; 95% Wilson "
        "interval. Harm from such cases: their share of the list's harm days"
        f"{', mean over forces by the length of their lists' if force == EVERYWHERE else ''}. Lists of fewer than 10 are left out.",
    )


def sampling_table(results: Results, force: str = EVERYWHERE) -> Table:
    """What a sample of incident logs shows of recording, beside the truth."""
    mine = results["sampling"]
    mine = mine if force == EVERYWHERE else mine[mine["force"] == force]
    names = {row.force: row.force_name for row in results.summary.forces}
    rows = [
        [
            Cell(names.get(row.force, row.force)),
            Cell(count(row.logs), number=True),
            Cell(percent(row.rate), interval(row.low, row.high), number=True),
            Cell(percent(row.truth), number=True),
            Cell(f"{row.design_effect:.1f}", number=True),
            Cell(count(row.logs_needed), number=True),
        ]
        for row in mine.itertuples()
    ]
    return Table(
        "Sampling audit: of the reports of crime, how many became a crime",
        ["Force", "Logs drawn", "Became a crime", "In truth", "Design effect", "Logs for ±2 points"],
        rows,
        "No audit of recorded crimes can see a report that was never recorded; a sample of incident logs can. Small print: 95% interval. "
        "Design effect: as many times more logs are needed as if each were drawn by itself.",
    )


def cancelled_table(results: Results, force: str = EVERYWHERE) -> Table:
    """What a handful of cancelled crimes shows, and how little."""
    mine = results["sampling_cancelled"]
    mine = mine[mine["drawn"] >= LEAST_GROUP]
    mine = mine if force == EVERYWHERE else mine[mine["force"] == force]
    names = {row.force: row.force_name for row in results.summary.forces}
    rows = [
        [
            Cell(names.get(row.force, row.force)),
            Cell(count(row.drawn), number=True),
            Cell(count(row.wrong), number=True),
            Cell(percent(row.rate, digits=0), interval(row.low, row.high, 0), number=True),
            Cell(percent(row.truth, digits=0), number=True),
        ]
        for row in mine.itertuples()
    ]
    _, (low,), (high,) = wilson(np.array([3]), np.array([19]))
    return Table(
        "Cancelled crimes, drawn as an inspection draws them",
        ["Force", "Drawn", "Wrongly cancelled", "Share", "In truth"],
        rows,
        f"So few prove little: 3 wrong of 19, as one inspection found, fits any share from {percent(float(low), digits=0)} to "
        f"{percent(float(high), digits=0)}. Small print: 95% Wilson interval. Fewer than 10 are not shown.",
    )


def _name(results: Results, key: str) -> str:
    """An instrument in English; one's own by the name that its file gives it."""
    return results.summary.options.instruments.get(key) or instrument_title(key)
