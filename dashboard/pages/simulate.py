"""Simulate your force: a force described by rates alone, and what its data would do to a prioritisation."""

import uuid

import pandas as pd
import streamlit as st

from audit.presentation.charts import waterfall
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import FAMILY_TITLES, family_name, interval, percent
from audit.simulation import Rates, Twin, rates_as_toml
from audit.simulation import twin as make_twin
from audit.simulation.twin import KEYS
from dashboard.cache import View
from dashboard.jobs import result_of
from dashboard.widgets import choose_instrument, downloads, show_table
from synthetic.profile import load_profile, profile_names

FEWEST, USUAL, MOST = 5, 20, 100
"""Simulations that can be asked for."""
FIGURES = {
    "recall_at_k": "People found, of those the list should hold",
    "harm_captured": "Harm captured",
    "wrongly_included": "Wrongly included",
    "repeat_entries": "Repeat entries",
}


def show(view: View) -> None:
    """Draw the page."""
    instrument = choose_instrument(view)
    rates, simulations = _rates()
    st.download_button("These rates as a file", rates_as_toml(rates), "rates.toml", "application/toml", icon=":material/download:",
                       on_click="ignore")  # fmt: skip
    st.caption(f"`python -m audit twin rates.toml --worlds {simulations}` gives the same figures.")
    wanted = (rates.model_dump_json(), simulations)
    asked = st.session_state.get("twin")
    if st.button(f"Run {simulations} simulations with these rates", type="primary", icon=":material/play_arrow:"):
        asked = st.session_state["twin"] = wanted
    if asked is None:
        return
    if asked != wanted:
        st.info("The rates have changed since; run the simulations again to see what that does.", icon=":material/update:")
    session = _session()
    found = result_of(
        f"twin {session} {asked}",
        "Simulating",
        lambda progress: make_twin(Rates.model_validate_json(asked[0]), asked[1], workers=2, progress=progress, alive=progress),
    )
    _figures(found, instrument)


def _session() -> str:
    """What keeps this visitor's work apart from everybody else's."""
    return str(st.session_state.setdefault("session", uuid.uuid4().hex))


def _rates() -> tuple[Rates, int]:
    left, right = st.columns([1, 2], gap="large")
    with left:
        population = st.number_input("Residents", 50_000, 10_000_000, 1_000_000, 50_000, key="population", bind="query-params")
        profile = str(st.selectbox("Profile for the rates that you leave blank", profile_names(), index=profile_names().index("typical"),
                                   key="profile", bind="query-params"))  # fmt: skip
        simulations = st.number_input("Simulations", FEWEST, MOST, USUAL, 5, key="simulations", bind="query-params",
                                 help="The intervals are over them; more simulations give narrower averages, and take longer.")  # fmt: skip
    usual = load_profile(profile)
    values: dict[str, float | None] = {}
    with right, st.expander("Rates that you know (in %)", expanded=True):
        columns = st.columns(2, gap="medium")
        for place, (name, (keys, contrary, sentence)) in enumerate(KEYS.items()):
            value = usual.rate(keys[0])
            shown = round(100 * (1 - value if contrary else value), 2)
            most = 90.0 if name == "duplicate_records" else 100.0
            chosen = columns[place % 2].number_input(
                f"{sentence[0].upper()}{sentence[1:]}",
                0.0,
                most,
                None,
                1.0,
                key=f"rate-{name}",
                placeholder=f"{shown:g} in the profile",
            )
            values[name] = None if chosen is None else chosen / 100
    return Rates(population=int(population), profile=profile, **values), int(simulations)


def _figures(found: Twin, instrument: str) -> None:
    mine = found.figures[found.figures["instrument"] == instrument].set_index("figure")
    recall = mine.loc["recall_at_k"]
    st.header(
        f"Of 100 people that its list should hold, such data would find {100 * recall['value']:.0f} "
        f"({100 * recall['low']:.0f} to {100 * recall['high']:.0f}).",
        anchor=False,
    )
    parts = {name: float(mine.loc[f"contribution: {name}", "value"]) for name in FAMILY_TITLES}
    parts = dict(sorted(parts.items(), key=lambda part: -part[1]))
    st.altair_chart(waterfall(float(recall["value"]), parts), alt="From the people found as recorded to all, by family of defects")
    titles = FIGURES | {f"contribution: {name}": f"Missed because of {family_name(name).lower()}" for name in FAMILY_TITLES}
    rows = [
        [Cell(titles[str(name)]), Cell(percent(row["value"]), interval(row["low"], row["high"]), number=True)]
        for name, row in mine.iterrows()
    ]
    show_table(
        Table(
            f"Average over {found.worlds} simulations",
            ["Figure", "Share"],
            rows,
            "Small print: the range in which a further simulation with the same rates lies (95%). One force alone, so other forces' records add "
            "nothing.",
        )
    )
    downloads(lambda: pd.DataFrame(found.figures), "twin")
