"""Reporting gaps: a calendar of units and months, the list of gaps, and observed beside expected for the one that is chosen."""

import pandas as pd
import streamlit as st

from audit.presentation.charts import calendar, observed_and_expected
from audit.report.content import Cell, Table, count, gaps_table, interval, percent
from dashboard.shell import View, choose_force, downloads, once, show_table

MEASURES = ("linked suspect", "outcome", "known relationship")


def show(view: View) -> None:
    """Draw the page."""
    st.title("Reporting gaps", anchor=False)
    st.write("Silence looks like safety: months in which a unit records fewer crimes than its other months lead to expect.")
    force = choose_force(view, everywhere=False)
    _calendar(view, force)
    of_force = _gaps(view, force)
    downloads(lambda: of_force, f"gaps-{force}", "gaps")
    if len(of_force):
        titles = _titles(of_force)
        place = st.selectbox("Gap to look at", range(len(titles)), format_func=titles.__getitem__, key="gap", bind="query-params")
        _chosen(view, force, int(place), titles[int(place)])
    _beyond(view, force)


@once
def _gaps(view: View, force: str) -> pd.DataFrame:
    gaps = view.results["gaps"]
    return gaps[gaps["force"] == force].reset_index(drop=True)


def _months(view: View, force: str) -> pd.DataFrame:
    months = view.results["unit_months"]
    return months[months["force"] == force]


@once
def _calendar(view: View, force: str) -> None:
    name = view.names[force]
    mine, of_force = _months(view, force), _gaps(view, force)
    hidden = view.results["hidden_crimes"]
    lost = hidden.loc[hidden["force"] == force, "hidden"].sum()
    st.subheader(
        f"{name}: {len(of_force)} gap{'' if len(of_force) == 1 else 's'}, which hide {count(lost)} crimes" if len(of_force) else
        f"{name}: no gap that chance would not make", anchor=False,
    )  # fmt: skip
    if mine["expected"].notna().any():
        st.altair_chart(
            calendar(mine, of_force), alt=f"Calendar of units and months: crimes recorded as a share of expected, {name}"
        )
        st.caption(
            "Colour: crimes recorded, as a share of those expected from the unit's other months and its force's season. Dots: months "
            "in a gap, of the whole unit or of one offence group."
        )
    show_table(gaps_table(view.results, force))


@once
def _beyond(view: View, force: str) -> None:
    _changes(view, force)
    _coverage(view, force)
    _unreported(view, force)


def _titles(gaps: pd.DataFrame) -> list[str]:
    return [
        f"{row.unit_id}, {'all offences' if pd.isna(row.offence_group) else row.offence_group.replace('_', ' ')}, {row.kind}, "
        f"{pd.Timestamp(row.first_month):%b %Y} to {pd.Timestamp(row.last_month):%b %Y}"
        for row in gaps.itertuples()
    ]


@once
def _chosen(view: View, force: str, place: int, title: str) -> None:
    gap = _gaps(view, force).iloc[place]
    months = _months(view, force)
    unit = months[months["unit_id"] == gap["unit_id"]]
    chart = observed_and_expected(unit, pd.Timestamp(gap["first_month"]), pd.Timestamp(gap["last_month"]))
    st.altair_chart(chart, alt=f"Crimes recorded a month beside those expected, {title}")
    st.caption(
        "The unit's crimes of all offences: recorded (line with points), expected (dashed) with its 95% band; the gap is shaded. "
        "A gap of one offence group may hardly show in the whole."
    )


def _changes(view: View, force: str) -> None:
    """Units that were renamed, merged, split and so on: no gaps, though their counts begin, stop, rise or fall."""
    changes = view.results["unit_changes"]
    mine = changes[changes["force"] == force].sort_values("month")
    if not len(mine):
        return
    rows = [
        [
            Cell("all units" if pd.isna(row.unit_id) else str(row.unit_id)),
            Cell(f"{pd.Timestamp(row.month):%b %Y}"),
            Cell(row.kind),
            Cell("–" if pd.isna(row.other_unit_id) else str(row.other_unit_id)),
        ]
        for row in mine.itertuples()
    ]
    show_table(
        Table(
            "Unit changes, which are not gaps",
            ["Unit", "From", "Change", "Other unit"],
            rows,
            "Found in the counts: a unit stops or falls in the month in which another starts or rises by the same amount, or all "
            "of a unit's crimes are there twice. Check them against what the force knows of its units.",
        )
    )


def _coverage(view: View, force: str) -> None:
    """Shares of crimes with a linked suspect, an outcome, a known relationship: over the period, and where they fall off."""
    coverage, falls = view.results["coverage"], view.results["coverage_gaps"]
    mine, fallen = coverage[coverage["force"] == force], falls[falls["force"] == force]
    rows = []
    for measure in MEASURES:
        part = mine[mine["measure"] == measure]
        if not len(part):
            continue
        share = part["covered"].sum() / max(part["total"].sum(), 1)
        units = fallen[fallen["measure"] == measure]
        where = ", ".join(
            f"{row.unit_id} {pd.Timestamp(row.first_month):%b %Y}–{pd.Timestamp(row.last_month):%b %Y}"
            for row in units.itertuples()
        )
        rows.append(
            [
                Cell(measure.capitalize()),
                Cell(percent(share), number=True),
                Cell(where or "nowhere", status="warn" if where else ""),
            ]
        )
    show_table(
        Table(
            "What a recorded crime says, and where that falls off",
            ["Share of crimes with a", "Whole period", "Falls off"],
            rows,
            "Falls off: a run of months in which a unit's share lies below its own usual, beyond chance.",
        )
    )


def _unreported(view: View, force: str) -> None:
    unreported = view.results["unreported"]
    mine = unreported[(unreported["force"] == force) & (unreported["attribute"] == "all")]
    if not len(mine):
        return
    rows = [
        [
            Cell(str(row.offence_group).replace("_", " ")),
            Cell(count(row.events), number=True),
            Cell(percent(row.rate), interval(row.low, row.high), number=True),
        ]
        for row in mine.itertuples()
    ]
    show_table(
        Table(
            "Beyond any gap: what nobody reported",
            ["Offences", "True events", "Never reported"],
            rows,
            "From the truth of the synthetic world; no force's data can show it.",
        )
    )
