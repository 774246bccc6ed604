"""Overview: is each force's data ready, for which use, and how many of the people a list should hold would be found."""

import numpy as np
import pandas as pd
import streamlit as st

from audit import Results
from audit.effect import LEAST_GROUP
from audit.readiness import status_of
from audit.statistics import wilson
from audit.thresholds import DIMENSIONS as DIMENSION_THRESHOLDS
from audit.thresholds import GATES, RECALL_NEEDED
from dashboard.frame import (
    Cell,
    choose_instrument,
    downloads,
    force_names,
    interval,
    percent,
    status_cell,
    table,
)

ALL_FORCES = "all"
FAMILY_TITLES = {
    "identity": "Identity: one person under several records",
    "linkage": "Linkage: a named suspect without a link",
    "offence": "Offence: code missing or wrong",
    "dates": "Dates: missing or wrong",
    "recording": "Recording: reports that never became a crime",
    "sharing": "Sharing: what other forces know",
}


def show(results: Results) -> None:
    """Draw the page."""
    st.title("Would this data work for prioritising cases?", anchor=False)
    instrument = choose_instrument()
    names = force_names(results)
    force = st.sidebar.selectbox(
        "Force",
        [ALL_FORCES, *names],
        format_func=lambda slug: names.get(slug, "All forces together"),
        key="force",
        bind="query-params",
    )
    effect = results["effect"].query("instrument == @instrument")
    chosen = effect if force == ALL_FORCES else effect.query("force == @force")
    st.subheader(sentence(chosen, names.get(str(force))), anchor=False)
    _explain(results, chosen)
    _scorecard(results, instrument, names, str(force))
    left, right = st.columns(2, gap="large")
    with left:
        _why_not_ready(results, instrument, names, str(force))
    with right:
        _what_to_mend(results, instrument, chosen)


def sentence(effect: pd.DataFrame, name: str | None) -> str:
    """How many of the people a list should hold the data would find, of one force or of all together."""
    known = effect.dropna(subset=["recall_at_k"])
    size = int(known["truth_size"].sum())
    if size < LEAST_GROUP:
        return "There is no truth to hold a list against here, so nobody can say whom it would miss."
    found = round(float((known["recall_at_k"] * known["truth_size"]).sum()))
    rate, low, high = (100 * float(value[0]) for value in wilson(np.array([found]), np.array([size])))
    whose = f"{name}'s list" if name else f"these {len(known)} forces' lists"
    return f"Of the people {whose} should hold, this data would find **{rate:.0f} in 100** ({low:.0f} to {high:.0f})."


def _explain(results: Results, effect: pd.DataFrame) -> None:
    size = int(effect["truth_size"].fillna(0).sum())
    summary = results.summary
    profile = f", profile *{summary.dataset.profile}*" if summary.dataset.profile else ""
    st.caption(
        f"The truth lists hold {size} people, {', '.join(f'{k}' for k in effect['k'].astype(int))} places by population "
        f"(1,000 for the nation). The interval is a 95 % Wilson interval over those people. Data up to "
        f"{summary.dataset.as_of:%d %B %Y}{profile}."
        if size
        else f"Data up to {summary.dataset.as_of:%d %B %Y}{profile}."
    )


def _scorecard(results: Results, instrument: str, names: dict[str, str], force: str) -> None:
    readiness = results["readiness"].query("instrument == @instrument")
    effect = results["effect"].query("instrument == @instrument").set_index("force")
    rows, flat = [], []
    for slug, name in names.items():
        if force not in (ALL_FORCES, slug):
            continue
        mine = readiness.query("force == @slug")
        found = effect.loc[slug] if slug in effect.index else None
        if found is None or not found["truth_size"] >= LEAST_GROUP:
            recall, low, high = None, None, None
        else:
            recall, low, high = float(found["recall_at_k"]), float(found["low"]), float(found["high"])
        status = status_of(mine, recall)
        dimensions = mine.query("kind == 'dimension'").set_index("name")
        row = [Cell(name), status_cell(status)]
        line: dict[str, object] = {"force": name, "status": status}
        for dimension in DIMENSION_THRESHOLDS:
            entry = dimensions.loc[dimension]
            verdict = "not_applicable" if pd.isna(entry["passed"]) else "pass" if entry["passed"] else "fail"
            row.append(_share_cell(verdict, entry["value"], entry["low"], entry["high"]))
            line |= {dimension: entry["value"], f"{dimension} low": entry["low"], f"{dimension} high": entry["high"]}
        verdict = "not_applicable" if recall is None else "pass" if recall >= RECALL_NEEDED else "fail"
        row.insert(2, _share_cell(verdict, recall, low, high, digits=0))
        line |= {"people found": recall, "people found low": low, "people found high": high}
        rows.append(row)
        flat.append(line)
    table(
        "Scorecard: readiness of each force's data, never of people",
        ["Force", "Status", "People found", *(name.capitalize() for name in DIMENSION_THRESHOLDS)],
        rows,
    )
    thresholds = ", ".join(f"{name} {percent(value, 0)}" for name, value in DIMENSION_THRESHOLDS.items())
    st.caption(
        "Each dimension is the lowest of its fields or checks, not an average; small print is the 95 % Wilson interval. "
        f"✓ reaches its threshold, ✗ does not, – cannot be told. Thresholds: {thresholds}, people found 80%."
    )
    downloads(pd.DataFrame(flat), "scorecard")


def _share_cell(verdict: str, value: float | None, low: float | None, high: float | None, digits: int = 1) -> Cell:
    cell = status_cell(verdict, percent(value, digits), interval(low, high, digits))
    return Cell(cell.text, cell.note, cell.tint, number=True)


def _why_not_ready(results: Results, instrument: str, names: dict[str, str], force: str) -> None:
    """Gates that failed, by force: what would have to change for the next status."""
    readiness = results["readiness"].query("instrument == @instrument and kind == 'gate'")
    rows = []
    for gate, (threshold, sense) in GATES.items():
        mine = readiness[(readiness["name"] == gate) & readiness["force"].isin(names if force == ALL_FORCES else [force])]
        failed = mine[mine["passed"].eq(False).fillna(False).astype(bool)]
        where = ", ".join(f"{names[row.force]} {percent(row.value)}" for row in failed.itertuples())
        verdict = "fail" if len(failed) else "pass"
        rows.append(
            [
                Cell(gate.capitalize()),
                Cell(f"{sense} {percent(threshold, 0)}".replace(" ", "\u00a0")),
                status_cell(verdict, where or None),
            ]
        )
    table("Gates: one that fails means not ready", ["Gate", "Needed", "Where it fails"], rows)


def _what_to_mend(results: Results, instrument: str, effect: pd.DataFrame) -> None:
    """Families of defects by what they keep from the list, weighted by the length of each force's truth list."""
    sizes = effect.dropna(subset=["recall_at_k"]).set_index("force")["truth_size"]
    attribution = results["attribution"].query("instrument == @instrument and force in @sizes.index")
    if attribution.empty:
        st.info("What to mend first is told only where there is a truth.", icon=":material/help:")
        return
    weighted = attribution.assign(people=attribution["contribution"] * attribution["force"].map(sizes))
    lost = weighted.groupby("family")["people"].sum().sort_values(ascending=False) / sizes.sum()
    rows = [
        [Cell(FAMILY_TITLES[str(family)]), Cell(f"{100 * share:+.1f}".replace("-", "−"), number=True)]
        for family, share in lost.items()
    ]
    table("What to mend first: people of 100 that repairing it would bring back", ["Family of defects", "Of 100"], rows)
    st.caption(
        "Exact Shapley values over all 64 ways to repair the six families; they sum to what is missed. Below zero: on its "
        "own, this repair moves others off the list."
    )
