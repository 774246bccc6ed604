"""Overview: whether each force's data is ready, for which use, how many people it finds, and what to fix first."""

import streamlit as st

from audit.checks.catalogue import DIMENSIONS
from audit.oversight.compare import compare
from audit.presentation.effects import family_table
from audit.presentation.readiness import (
    actions_frame,
    actions_table,
    fix_first,
    gates_table,
    headline,
    nearest_to_ready,
    ordered_by,
    scorecard,
    scorecard_table,
    verdict,
)
from audit.presentation.wording import day
from audit.readiness.gates import GATES
from audit.results import Results
from dashboard.cache import View, once
from dashboard.widgets import EVERYWHERE, change_threshold, choose_force, choose_instrument, downloads, folded, show_table

AS_IN_THE_DATA = "as in the data"
ORDERS = [AS_IN_THE_DATA, "status", "people found", *DIMENSIONS]
"""Columns of the scorecard that it can be ordered by, the worst first."""


def show(view: View) -> None:
    """Draw the page."""
    instrument, force = choose_instrument(view), choose_force(view)
    order = AS_IN_THE_DATA
    if force == EVERYWHERE and len(view.names) > 1:
        order = str(st.sidebar.selectbox("Order of the scorecard", ORDERS, key="order", bind="query-params"))
    _answer(view, instrument, force)
    _since_last(view, force)
    _scorecard(view, instrument, force, order)
    downloads(lambda: scorecard(_results(view, instrument, force, order)), "scorecard")
    _gates_and_families(view, instrument, force)
    if force == EVERYWHERE and len(view.names) > 1:
        folded("Action list of every force", "actions", lambda: _actions(view, instrument, force))
    else:
        _actions(view, instrument, force)
    folded("Change the thresholds", "change", lambda: _thresholds(view))


def _results(view: View, instrument: str, force: str, order: str = AS_IN_THE_DATA) -> Results:
    results = view.for_use(instrument, None if force == EVERYWHERE else force)
    return ordered_by(results, None if order == AS_IN_THE_DATA else order)


@once
def _answer(view: View, instrument: str, force: str) -> None:
    results = _results(view, instrument, force)
    st.header(verdict(results), anchor=False)
    one = None if force == EVERYWHERE else force
    sentences = [headline(results, instrument, one), fix_first(view.results, instrument, force), nearest_to_ready(results)]
    found, *others = [text for text in sentences if text]
    st.markdown("  \n".join([f"**{found}**", *others]))
    summary = results.summary
    profile = f", profile *{summary.dataset.profile}*" if summary.dataset.profile else ""
    st.caption(f"Data up to {day(summary.dataset.as_of)}{profile}. Interval: 95% Wilson interval over the people of the lists.")


@once
def _scorecard(view: View, instrument: str, force: str, order: str) -> None:
    show_table(scorecard_table(_results(view, instrument, force, order)))


def _actions(view: View, instrument: str, force: str) -> None:
    _actions_table(view, instrument, force)
    downloads(lambda: actions_frame(_results(view, instrument, force)), "actions")


@once
def _actions_table(view: View, instrument: str, force: str) -> None:
    show_table(actions_table(_results(view, instrument, force)))


@once
def _gates_and_families(view: View, instrument: str, force: str) -> None:
    results = _results(view, instrument, force)
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_table(gates_table(results))
    with right:
        table = family_table(view.results, instrument, force)
        if table.rows:
            show_table(table)
            st.caption("The page *Effect on a prioritisation* has the rest.")
        else:
            why = "is still being measured." if results.summary.awaits("effect") else "can be measured only where there is a truth."
            st.info(f"What to fix first {why}", icon=":material/help:")


def _since_last(view: View, force: str) -> None:
    """What changed since the run before, of the force that is shown, where there is one below the same folder."""
    if view.before is not None and not view.is_first:
        _changes(view, view.before, force)


@once
def _changes(view: View, earlier: str, force: str) -> None:
    checks = compare(view.run(earlier), view.results).checks
    checks = checks if force == EVERYWHERE else checks[checks["force"] == force]
    counts = checks["change"].value_counts()
    changes = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("worse", "better", "appeared", "gone"))
    of = "of the checks by force" if force == EVERYWHERE else f"of the checks of {view.names[force]}"
    st.info(f"Since the run *{earlier}*, {of}: {changes}. The page *Compare* shows which.", icon=":material/history:")


def _thresholds(view: View) -> None:
    """Thresholds that can be changed without a new run; the statuses above follow."""
    st.caption("They count for you alone, until you leave. `python -m audit judge` writes them into results.")
    columns = st.columns(3, gap="medium")
    for place, gate in enumerate(GATES):
        value, sense = view.thresholds.gate(gate)
        _number(columns[place % 3], "gates", gate, f"{GATES[gate].label}, {sense} (%)", value)
    _number(columns[1], "recall_at_k", None, "People found, at least (%)", view.thresholds.recall_at_k)
    if st.session_state.get("thresholds") and st.button("Back to the thresholds of the run"):
        st.session_state["thresholds"] = {}
        st.rerun()


def _number(column: st.delta_generator.DeltaGenerator, section: str, name: str | None, label: str, value: float) -> None:
    chosen = column.number_input(label, 0.0, 100.0, round(100 * value, 4), 0.5, key=f"limit-{section}-{name}")
    if abs(chosen / 100 - value) > 1e-9:
        change_threshold(section, name, chosen / 100)
        st.rerun()
