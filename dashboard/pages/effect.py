"""Effect on a prioritisation: what the data's defects do to a list, and which repair buys most. Aggregates only."""

import streamlit as st

from audit.effect import LEAST_GROUP
from audit.presentation.charts import waterfall
from audit.report.content import headline
from audit.report.effect_tables import (
    choices_table,
    differences_table,
    effect_table,
    fix_first_table,
    stability_table,
    together_table,
    waterfall_parts,
)
from dashboard.shell import EVERYWHERE, View, choose_force, choose_instrument, downloads, once, show_table


def show(view: View) -> None:
    """Draw the page."""
    st.title("Effect on a prioritisation", anchor=False)
    instrument, force = choose_instrument(), choose_force(view)
    results = view.results
    if results["effect"].empty:
        st.info(results.summary.not_applicable.get("effect", "Nothing is told of the effect here."), icon=":material/help:")
        return
    _repairs(view, instrument, force)
    effect = results["effect"]
    # Of lists shorter than ten people nothing leaves the page.
    short = effect.loc[(effect["instrument"] == instrument) & (effect["truth_size"] < LEAST_GROUP), "force"]
    gains = results["fix_first"]
    shown = gains[(gains["instrument"] == instrument) & ~gains["force"].isin(short)]
    downloads(lambda: shown.reset_index(drop=True), "fix-first", "fix_first")
    _figures(view, instrument, force)
    downloads(lambda: effect[effect["truth_size"] >= LEAST_GROUP].reset_index(drop=True), "effect", "effect")
    _whose_and_why(view, instrument, force)


@once
def _repairs(view: View, instrument: str, force: str) -> None:
    results = view.results
    st.subheader(headline(results, instrument, None if force == EVERYWHERE else force), anchor=False)
    recall, parts = waterfall_parts(results, instrument, force)
    if recall is not None:
        told = ", ".join(f"{name} {100 * share:+.1f}" for name, share in parts.items())
        st.altair_chart(waterfall(recall, parts), alt=f"From {100 * recall:.0f} people of 100 found as recorded to 100: {told}")
        st.caption("Exact Shapley values: what each family of defects keeps away, over all 64 ways to repair the six.")
    show_table(fix_first_table(results, instrument, force))


@once
def _figures(view: View, instrument: str, force: str) -> None:
    show_table(effect_table(view.results, instrument, force))


@once
def _whose_and_why(view: View, instrument: str, force: str) -> None:
    results = view.results
    st.subheader("Whose cases are missed", anchor=False)
    show_table(differences_table(results, instrument, force))
    st.subheader("How much rests on choices, and how much on the data", anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        show_table(choices_table(results, instrument, None if force == EVERYWHERE else force))
    with right:
        show_table(stability_table(results, instrument))
    st.subheader("Alone or together", anchor=False)
    show_table(together_table(results, instrument))
