"""Effect on a prioritisation: what the data's defects do to a list, and which repair finds most people. Aggregates only."""

import pandas as pd
import streamlit as st

from audit.effect import LEAST_GROUP
from audit.presentation.charts import waterfall
from audit.presentation.effects import (
    choices_table,
    contributions_of,
    differences_table,
    effect_table,
    fix_first_table,
    of_instrument,
    stability_table,
    together_table,
)
from audit.presentation.lists import allegations_table, cancelled_table, pairs_table, sampling_table, wrong_inclusion_table
from audit.presentation.readiness import fix_first, headline
from audit.presentation.wording import family_name, interval
from dashboard.cache import View, once
from dashboard.jobs import result_of
from dashboard.lessons.curve import DEFECTS, curve, curve_table, response
from dashboard.widgets import EVERYWHERE, choose_force, choose_instrument, downloads, picture_downloads, show_table


def show(view: View) -> None:
    """Draw the page."""
    instrument, force = choose_instrument(view), choose_force(view)
    results = view.results
    if results["effect"].empty:
        st.info(results.summary.not_applicable.get("effect", "The effect could not be measured here."), icon=":material/help:")
        return
    _repairs(view, instrument, force)
    recall, parts = contributions_of(results, instrument, force)
    if recall is not None:
        steps = pd.DataFrame({"family": list(parts), "people missed because of this": list(parts.values())})
        picture_downloads(lambda: waterfall(recall, parts), f"people-found-{force}", lambda: steps)
    effect = results["effect"]
    # Of lists shorter than ten people nothing leaves the page.
    short = of_instrument(effect, instrument).loc[lambda rows: rows["truth_size"] < LEAST_GROUP, "force"]
    gains = of_instrument(results["fix_first"], instrument)
    shown = gains[~gains["force"].isin(short)]
    downloads(lambda: shown.reset_index(drop=True), "fix-first", "fix_first")
    _figures(view, instrument, force)
    downloads(lambda: effect[effect["truth_size"] >= LEAST_GROUP].reset_index(drop=True), "effect", "effect")
    _whose_and_why(view, instrument, force)
    _what_it_rests_on(view, instrument, force)
    st.header("What if it were worse?", anchor=False)
    if st.toggle("Measure the response to severity", key="curve", bind="query-params"):
        _curve()


def _curve() -> None:
    """The severity of one defect, and how many people a list misses with it; a small world of one force."""
    left, right = st.columns(2, gap="large")
    key = str(left.selectbox("Defect", list(DEFECTS), format_func=lambda name: DEFECTS[name][0], key="defect", bind="query-params"))
    name, values = DEFECTS[key]
    chosen = float(
        right.select_slider("Severity", values, values[2], format_func=lambda value: f"{100 * value:g}%", key=f"severity-{key}")
    )
    found = result_of(f"curve {key}", "Measuring six severities", lambda progress: response(key, progress))
    row = found[found["severity"].sub(chosen).abs() < 1e-9].iloc[0]
    shown = interval(row["low"], row["high"], 0)
    st.markdown(f"**With {100 * chosen:g}% the list misses {100 * row['missed']:.0f} of 100 people it should hold ({shown}).**")
    st.altair_chart(curve(found, name, chosen), alt=f"People missed by severity, {name}: from {100 * found['missed'].min():.0f} "
                    f"to {100 * found['missed'].max():.0f} of 100")  # fmt: skip
    picture_downloads(lambda: curve(found, name, chosen), f"severity-{key}", lambda: found)
    show_table(curve_table(found, name))
    st.caption(
        "Clean records of one small force with this defect alone, seed 1; the total harm of the last 12 months, a list of 100."
    )


@once
def _repairs(view: View, instrument: str, force: str) -> None:
    results = view.results
    st.header(headline(results, instrument, None if force == EVERYWHERE else force), anchor=False)
    st.markdown(f"**{fix_first(results, instrument, force)}**")
    recall, parts = contributions_of(results, instrument, force)
    if recall is not None:
        steps = ", ".join(f"{family_name(name)} {100 * share:+.1f}" for name, share in parts.items())
        st.altair_chart(waterfall(recall, parts), alt=f"From {100 * recall:.0f} people of 100 found as recorded to 100: {steps}")
        st.caption("How many people are missed because of each family of defects (exact Shapley values over all 64 repairs).")
    show_table(fix_first_table(results, instrument, force))


@once
def _figures(view: View, instrument: str, force: str) -> None:
    show_table(effect_table(view.results, instrument, force))


@once
def _whose_and_why(view: View, instrument: str, force: str) -> None:
    results = view.results
    st.header("Whose cases are missed", anchor=False)
    show_table(differences_table(results, instrument, force))
    show_table(wrong_inclusion_table(results, instrument, force))
    st.header("How much rests on choices, and how much on the data", anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        show_table(choices_table(results, instrument, None if force == EVERYWHERE else force))
    with right:
        show_table(stability_table(results, instrument))
    st.header("Alone or together", anchor=False)
    show_table(together_table(results, instrument))


@once
def _what_it_rests_on(view: View, instrument: str, force: str) -> None:
    results = view.results
    st.header("Other lists from the same data, and allegations without a charge", anchor=False)
    show_table(pairs_table(results, force))
    show_table(allegations_table(results, instrument, force))
    st.header("What an inspector's sample would show", anchor=False)
    show_table(sampling_table(results, force))
    show_table(cancelled_table(results, force))
