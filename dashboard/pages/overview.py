"""Overview: is each force's data ready, for which use, and how many of the people a list should hold would be found."""

from pathlib import Path
from typing import get_args

import streamlit as st

from audit.oversight.compare import compare
from audit.readiness.thresholds import DIMENSIONS, GATES
from audit.readiness.verdict import Size, force_summaries
from audit.report.content import Table, gates_table, headline, scorecard, scorecard_table
from audit.report.effect_tables import fix_first_table
from audit.results import Results, Status
from dashboard.shell import (
    EVERYWHERE,
    View,
    choose_force,
    choose_instrument,
    downloads,
    folded,
    once,
    read,
    show_table,
    turn_threshold,
)

AS_IN_THE_DATA = "as in the data"
ORDERS = [AS_IN_THE_DATA, "status", "people found", *DIMENSIONS]
"""Columns of the scorecard that it can be ordered by, the worst first."""
STATUSES = list(get_args(Status))


def show(view: View) -> None:
    """Draw the page."""
    st.title("Would this data work for prioritising cases?", anchor=False)
    instrument, force = choose_instrument(), choose_force(view)
    order = AS_IN_THE_DATA
    if force == EVERYWHERE and len(view.names) > 1:
        order = str(st.sidebar.selectbox("Order of the scorecard", ORDERS, key="order", bind="query-params"))
    _sentence(view, instrument, force)
    _since_last(view)
    _scorecard(view, instrument, force, order)
    downloads(lambda: scorecard(_ordered(_narrowed(view, instrument, force), order)), "scorecard")
    _what_to_do(view, instrument, force)
    folded("Turn the thresholds", "turn", lambda: _thresholds(view))


@once
def _sentence(view: View, instrument: str, force: str) -> None:
    results = _narrowed(view, instrument, force)
    st.subheader(headline(results, instrument, None if force == EVERYWHERE else force), anchor=False)
    _explain(results, instrument)


@once
def _scorecard(view: View, instrument: str, force: str, order: str) -> None:
    show_table(scorecard_table(_ordered(_narrowed(view, instrument, force), order)))


def _ordered(results: Results, order: str) -> Results:
    """The results with their forces in an order: as in the data, or the worst of a column of the scorecard first."""
    if order == AS_IN_THE_DATA:
        return results
    values = scorecard(results)[order]
    values = values.map(STATUSES.index) if order == "status" else values.astype(float)
    places = values.sort_values(kind="stable", na_position="last").index
    forces = [results.summary.forces[place] for place in places]
    return results.with_tables(results.summary.model_copy(update={"forces": forces}))


@once
def _what_to_do(view: View, instrument: str, force: str) -> None:
    results = _narrowed(view, instrument, force)
    left, right = st.columns(2, gap="large")
    with left:
        show_table(gates_table(results))
        _next_status(results)
    with right:
        _mend_first(view, instrument, force)


@once
def _narrowed(view: View, instrument: str, force: str) -> Results:
    """Readiness and effect, and no other table, with the summary told for an instrument, and of one force where one is chosen."""
    results = view.results
    sizes = {
        row.force: Size(row.population, row.crimes, row.person_records)
        for row in results.summary.forces
        if force in (EVERYWHERE, row.force)
    }
    forces = force_summaries(sizes, results["readiness"], results["effect"], instrument, view.thresholds)
    options = results.summary.options.model_copy(update={"instrument": instrument})
    summary = results.summary.model_copy(update={"forces": forces, "options": options})
    shown = {name: results[name][results[name]["force"].isin(sizes)] for name in ("readiness", "effect")}
    # Kept for every visitor's thresholds, so it must not hold on to the large tables.
    return Results(summary, shown)


def _explain(results: Results, instrument: str) -> None:
    summary = results.summary
    effect = results["effect"]
    mine = effect[effect["instrument"] == instrument]
    size = int(mine["truth_size"].fillna(0).sum())
    profile = f", profile *{summary.dataset.profile}*" if summary.dataset.profile else ""
    lists = (
        f"The truth lists hold {size:,} people, by population (1,000 for the nation). Headline interval: 95 % Wilson interval over "
        f"those people; by force: {summary.interval}. "
        if size
        else ""
    )
    st.caption(f"{lists}Data up to {summary.dataset.as_of:%d %B %Y}{profile}.")


def _since_last(view: View) -> None:
    """What changed since the run before, where there is one below the same folder."""
    names = list(view.runs)
    if len(names) < 2:
        return
    at = names.index(view.folder.name)
    if at + 1 >= len(names):
        return
    folder = view.runs[names[at + 1]]
    _changes(view, folder, (folder / "audit.json").stat().st_mtime_ns)


@once
def _changes(view: View, folder: Path, changed: int) -> None:
    counts = compare(read(folder, changed), view.results).checks["change"].value_counts()
    told = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("worse", "better", "appeared", "gone"))
    st.info(
        f"Since the run *{folder.name}*, of the checks by force: {told}. The page *Compare* has them.", icon=":material/history:"
    )


def _next_status(results: Results) -> None:
    waiting = [row for row in results.summary.forces if row.to_next_status]
    with st.expander("What would have to change for the next status", expanded=len(waiting) == 1):
        for row in waiting:
            st.markdown(f"**{row.force_name}** ({row.status}): {' '.join(row.to_next_status)}")
        if not waiting:
            st.write("Every force has reached the last status.")


def _mend_first(view: View, instrument: str, force: str) -> None:
    table = fix_first_table(view.results, instrument, force)
    if not table.rows:
        st.info("What to mend first is told only where there is a truth.", icon=":material/help:")
        return
    families = [row for row in table.rows if not row[0].text.startswith("—")]
    show_table(
        Table(
            "What to mend first: people of 100",
            ["Family of defects", "It keeps away", "Repaired alone"],
            [[row[0], row[1], row[4]] for row in families],
            "It keeps away: exact Shapley value; they sum to what is missed. Repaired alone: the gain of repairing it and nothing "
            "else. Below zero, a repair moves others off the list. The page *Effect on a prioritisation* has the rest.",
        )
    )


def _thresholds(view: View) -> None:
    """Thresholds that can be turned without a new run; the statuses above follow."""
    st.caption("They count for you alone, until you leave. `python -m audit judge` writes them into results.")
    columns = st.columns(3, gap="medium")
    for place, gate in enumerate(GATES):
        value, sense = view.thresholds.gate(gate)
        _number(columns[place % 3], "gates", gate, f"{gate.capitalize()}, {sense} (%)", value)
    for place, name in enumerate(DIMENSIONS):
        _number(columns[place % 3], "dimensions", name, f"{name.capitalize()}, at least (%)", view.thresholds.dimension(name))
    _number(columns[1], "recall_at_k", None, "People found, at least (%)", view.thresholds.recall_at_k)
    if st.session_state.get("thresholds") and st.button("Back to the thresholds of the run"):
        st.session_state["thresholds"] = {}
        st.rerun()


def _number(column: st.delta_generator.DeltaGenerator, section: str, name: str | None, label: str, value: float) -> None:
    chosen = column.number_input(label, 0.0, 100.0, round(100 * value, 4), 0.5, key=f"limit-{section}-{name}")
    if abs(chosen / 100 - value) > 1e-9:
        turn_threshold(section, name, chosen / 100)
        st.rerun()
