"""Your force, by rates: a twin of a force described by rates alone, and what its data would do to a prioritisation."""

import uuid

import pandas as pd
import streamlit as st

from audit.presentation.charts import FAMILY_TITLES, waterfall
from audit.report.content import Cell, Table, interval, percent
from audit.simulation import Rates, Twin, rates_as_toml
from audit.simulation import twin as make_twin
from audit.simulation.twin import KEYS
from dashboard.jobs import result_of
from dashboard.shell import View, choose_instrument, downloads, show_table
from synthetic.profile import load_profile, profile_names

FEWEST, USUAL, MOST = 5, 20, 100
"""Worlds that can be asked for."""
FIGURES = {
    "recall_at_k": "People found, of those the list should hold",
    "harm_captured": "Harm captured",
    "wrongly_included": "Wrongly included",
    "repeat_entries": "Repeat entries",
}


def show(view: View) -> None:
    """Draw the page."""
    st.title("Your force, by rates", anchor=False)
    st.write(
        "Describe a force by rates alone: its size, the share of named suspects that are linked, of records that are a further one of "
        "a person, and so on. No record is read, ever. Synthetic worlds with these rates tell what such data would do to a list."
    )
    instrument = choose_instrument()
    rates, worlds = _rates()
    st.download_button("These rates as a file", rates_as_toml(rates), "rates.toml", "application/toml", icon=":material/download:",
                       on_click="ignore")  # fmt: skip
    st.caption(f"`python -m audit twin rates.toml --worlds {worlds}` gives the same figures.")
    wanted = (rates.model_dump_json(), worlds)
    asked = st.session_state.get("twin")
    if st.button(f"Make {worlds} worlds with these rates", type="primary", icon=":material/play_arrow:"):
        asked = st.session_state["twin"] = wanted
    if asked is None:
        return
    if asked != wanted:
        st.info("The rates have been changed since; make the worlds again to see what that does.", icon=":material/update:")
    session = _session()
    found = result_of(
        f"twin {session} {asked}",
        "Making worlds",
        lambda tell: make_twin(Rates.model_validate_json(asked[0]), asked[1], workers=2, progress=tell, alive=tell),
    )
    _told(found, instrument)


def _session() -> str:
    """What tells this visitor's work from everybody else's."""
    return str(st.session_state.setdefault("session", uuid.uuid4().hex))


def _rates() -> tuple[Rates, int]:
    left, right = st.columns([1, 2], gap="large")
    with left:
        population = st.number_input("Residents", 50_000, 10_000_000, 1_000_000, 50_000, key="population", bind="query-params")
        profile = str(st.selectbox("Whatever is not set is as in the profile", profile_names(), index=profile_names().index("typical"),
                                   key="profile", bind="query-params"))  # fmt: skip
        worlds = st.number_input("Worlds", FEWEST, MOST, USUAL, 5, key="worlds", bind="query-params",
                                 help="The figures' intervals are over them; more worlds tell more, and take longer.")  # fmt: skip
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
    return Rates(population=int(population), profile=profile, **values), int(worlds)


def _told(found: Twin, instrument: str) -> None:
    mine = found.figures[found.figures["instrument"] == instrument].set_index("figure")
    recall = mine.loc["recall_at_k"]
    st.subheader(
        f"Of the people its list should hold, such data would find {100 * recall['value']:.0f} in 100 "
        f"({100 * recall['low']:.0f} to {100 * recall['high']:.0f}).",
        anchor=False,
    )
    parts = {name: float(mine.loc[f"contribution: {name}", "value"]) for name in FAMILY_TITLES}
    parts = dict(sorted(parts.items(), key=lambda part: -part[1]))
    st.altair_chart(waterfall(float(recall["value"]), parts), alt="From the people found as recorded to all, by family of defects")
    titles = FIGURES | {
        f"contribution: {name}": f"Kept away by {title[0].lower()}{title[1:]}" for name, title in FAMILY_TITLES.items()
    }
    rows = [
        [Cell(titles[str(name)]), Cell(percent(row["value"]), interval(row["low"], row["high"]), number=True)]
        for name, row in mine.iterrows()
    ]
    show_table(
        Table(
            f"Mean over {found.worlds} worlds",
            ["Figure", "Share"],
            rows,
            "Small print: where a further world of the same rates lies (95 %). One force alone, so other forces' records add nothing.",
        )
    )
    downloads(lambda: pd.DataFrame(found.figures), "twin")
