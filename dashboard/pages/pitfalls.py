"""Pitfalls: guided scenarios for a class, each with a question, a dose to turn, a reveal, and what to take away."""

import streamlit as st

from dashboard.jobs import result_of
from dashboard.lessons import SCENARIOS, Scenario, lab
from dashboard.shell import View, show_table


def show(view: View) -> None:
    """Draw the page. The address names the scenario and whether it is revealed, so that a slide can point at one."""
    st.title("Pitfalls", anchor=False)
    st.write("What goes wrong with data, shown on small synthetic worlds. Ask the class first, then reveal.")
    titles = {one.slug: f"{place}. {one.title}" for place, one in enumerate(SCENARIOS, 1)}
    # Bound to the address a choice stands there by its title; a slide's link should be short and outlast a better title.
    asked = st.query_params.get("scenario", "")
    place = list(titles).index(asked) if asked in titles else 0
    slug = str(st.selectbox("Scenario", list(titles), index=place, format_func=titles.__getitem__, key="chosen_scenario"))
    st.query_params["scenario"] = slug
    scenario = next(one for one in SCENARIOS if one.slug == slug)
    st.subheader(scenario.question, anchor=False)
    doses = list(scenario.doses)
    dose = doses[0]
    if len(doses) > 1:
        dose = str(st.radio("Dose", doses, key=f"dose-{slug}"))
    if not st.toggle("Reveal", key="reveal", bind="query-params"):
        st.caption("Take a vote before you reveal it.")
        return
    _reveal(scenario, dose)


def _reveal(scenario: Scenario, dose: str) -> None:
    clean = _made(scenario.clean, "The world with clean records")
    spoiled = _made(scenario.doses[dose], "The same world, spoiled")
    told = scenario.reveal(clean, spoiled, dose)
    st.markdown(f"**{told.sentence}**")
    show_table(told.table)
    if told.picture is not None:
        st.altair_chart(told.picture, alt=told.picture_tells)
    st.markdown(f"**What to take away.** {scenario.takeaway}")
    st.caption(
        f"Source: {scenario.source} Made by the generator's seed {lab.SEED}; lists of {lab.K} people where nothing else is said."
    )


def _made(recipe: lab.Recipe, title: str) -> lab.Lab:
    return result_of(f"lab {recipe}", title, lambda tell: lab.make(recipe, tell))
