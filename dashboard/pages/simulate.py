"""Simulate your force: a force described by counts alone, what its data would do to a prioritisation, and what to measure next."""

import tempfile
import uuid
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from audit import InputError
from audit.effect import built_in
from audit.presentation.charts import waterfall
from audit.presentation.simulation import (
    NEEDED,
    contributions,
    figures_table,
    fix_table,
    headline,
    known_as,
    measure_table,
    scenarios_table,
    simulation_html,
    spread_table,
    target_chart,
    target_table,
)
from audit.simulation import Between, Counted, Counts, Twin, check_counts, counts_as_toml, reach, read_counts
from audit.simulation import twin as make_twin
from audit.simulation.counts import LEAST_TOTAL, RESIDENTS
from audit.simulation.quantities import HOW_IN_WORDS, SECTIONS, Quantity
from audit.simulation.questions import QUANTITIES, matters_to
from audit.simulation.spread import LEAST_RUNS
from audit.simulation.targets import LEAST_WORLDS
from audit.simulation.twin import RANGE_FROM
from audit.simulation.worksheet import LEAD, worksheet_csv, worksheet_excel, worksheet_html
from dashboard.cache import View
from dashboard.jobs import result_of
from dashboard.widgets import choose_instrument, downloads, folded, show_table
from synthetic.profile import load_profile, profile_names

FEWEST, USUAL, MOST = RANGE_FROM, 20, 200
"""Simulations that can be asked for."""
NOT_KNOWN, TOTALS, RANGE = "Not known", "Two totals", "A range"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def show(view: View) -> None:
    """Draw the page."""
    instrument = choose_instrument(view)
    _files()
    counts, simulations = _form()
    _keep(counts)
    wanted = (counts.model_dump_json(), simulations)
    asked = st.session_state.get("twin")
    if st.button(f"Run {simulations} simulations with these rates", type="primary", icon=":material/play_arrow:"):
        asked = st.session_state["twin"] = wanted
    st.caption(
        f"{len(counts.answers)} of {len(QUANTITIES)} rates are known. `python -m audit twin counts.toml --worlds {simulations}` gives the same figures from the file."
    )
    if asked is None:
        return
    if asked != wanted:
        st.info("The rates have changed since; run the simulations again to see what that does.", icon=":material/update:")
    found = result_of(
        f"twin {_session()} {asked}",
        "Simulating",
        lambda progress: make_twin(Counts.model_validate_json(asked[0]), asked[1], workers=2, progress=progress, alive=progress),
    )
    _results(found, instrument)
    folded("Which combinations of two rates reach a target?", "targets", lambda: _targets(counts, instrument))


def _session() -> str:
    """What keeps this visitor's work apart from everybody else's."""
    return str(st.session_state.setdefault("session", uuid.uuid4().hex))


# ---- the form ------------------------------------------------------------------------------------------------------------


def _answers() -> dict[str, Any]:
    """What this visitor has said of each rate so far, by key."""
    return dict(st.session_state.setdefault("answers", {}))


def _files() -> None:
    """Load a file, or a worksheet that was filled in."""

    def draw() -> None:
        st.write(LEAD)
        empty = Counts()
        with st.container(horizontal=True):
            for label, make, name, kind in (
                ("Worksheet, Excel", worksheet_excel, "worksheet.xlsx", EXCEL),
                ("Worksheet, CSV", worksheet_csv, "worksheet.csv", "text/csv"),
                ("Worksheet to print", worksheet_html, "worksheet.html", "text/html"),
            ):
                st.download_button(label, partial(make, empty), name, kind, key=name, icon=":material/download:", on_click="ignore")
        given = st.file_uploader(
            "Load counts from a file",
            ["toml", "csv", "xlsx"],
            help="A file that this page saved, or a worksheet that was filled in.",
        )
        if given is not None and st.session_state.get("loaded") != given.file_id:
            st.session_state["loaded"] = given.file_id
            _load(given.name, given.getvalue())

    folded("Worksheet, and counts from a file", "counts-files", draw)


def _load(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="force-counts-") as folder:
        path = Path(folder) / f"counts{Path(name).suffix.lower()}"
        path.write_bytes(content)
        counts = read_counts(path)
    st.session_state["answers"] = dict(counts.answers)
    st.session_state["form"] = st.session_state.get("form", 0) + 1  # widgets of another name begin with what was loaded
    st.session_state.update(population=counts.population, profile=counts.profile, left_out=counts.left_out == "range")
    st.rerun()


def _form() -> tuple[Counts, int]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        population = st.number_input(
            f"Residents ({RESIDENTS[0]:,} to {RESIDENTS[1]:,})",
            *RESIDENTS,
            1_000_000,
            50_000,
            key="population",
            bind="query-params",
        )
        profile = str(st.selectbox("Profile for what you do not know", profile_names(), index=profile_names().index("typical"),
                                   key="profile", bind="query-params"))  # fmt: skip
        simulations = st.number_input(
            f"Simulations ({FEWEST} to {MOST})", FEWEST, MOST, USUAL, 5, key="simulations", bind="query-params",
            help="More take longer.",
        )  # fmt: skip
    ranges = st.toggle(
        "Draw rates that are not known from a range about the profile's value", True, key="left_out",
        help="Off: what you leave blank has exactly the profile's value, as if you knew it.",
    )  # fmt: skip
    st.caption(NEEDED)
    answers = _answers()
    st.write("Open a part and fill in what you know; what stays blank is not known. Then run the simulations, below the parts.")
    for section, title in SECTIONS.items():
        mine = [one for one in QUANTITIES.values() if one.section == section]
        known = sum(one.key in answers for one in mine)

        def draw(mine: list[Quantity] = mine, profile: str = profile) -> None:
            usual = load_profile(profile)
            for quantity in mine:
                _rate(quantity, usual.rate(quantity.key), answers)

        folded(f"{title} ({known} of {len(mine)} known)" if known else title, f"rates-{section}", draw)
    st.session_state["answers"] = answers
    content = {"population": int(population), "profile": profile, "left_out": "range" if ranges else "profile", "answers": answers}
    return check_counts({**content, "answers": {key: _plain(value) for key, value in answers.items()}}), int(simulations)


def _plain(answer: Any) -> Any:
    return answer.model_dump() if isinstance(answer, Counted | Between) else answer


def _rate(quantity: Quantity, usual: float, answers: dict[str, Any]) -> None:
    """One rate: whether it is known, and how; what is filled in goes into ``answers``."""
    answer, form = answers.get(quantity.key), st.session_state.get("form", 0)
    unit = "%" if quantity.is_share else ""
    kinds = [NOT_KNOWN, TOTALS, RANGE] if quantity.how != "known" else [NOT_KNOWN, RANGE]
    begin = TOTALS if isinstance(answer, Counted) else NOT_KNOWN if answer is None else RANGE
    left, middle, right, query = st.columns([4, 2, 2, 1], vertical_alignment="bottom")
    over = f", of {quantity.over}" if quantity.over else ""
    kind = left.selectbox(
        quantity.title, kinds, kinds.index(begin), key=f"kind-{quantity.key}-{form}",
        help=f"{quantity.counts[0].upper()}{quantity.counts[1:]}{over}. {HOW_IN_WORDS[quantity.how]} {quantity.relation} "
             f"Allowed: {quantity.allowed}. The profile has {quantity.shown(usual):g}{unit}.",
    )  # fmt: skip
    if quantity.sql:
        with query.popover("Query", key=f"query-{quantity.key}"):
            st.code(quantity.sql, "sql")
    given: Counted | Between | float | None = None
    if kind == TOTALS:
        given = _totals(quantity, answer if isinstance(answer, Counted) else None, middle, right)
    elif kind == RANGE:
        given = _range(quantity, None if isinstance(answer, Counted) else answer, middle, right)
    answers.pop(quantity.key, None)
    if given is not None:
        answers[quantity.key] = given
    elif kind != NOT_KNOWN:
        st.caption("Not known until both fields hold what you found.")


def _totals(quantity: Quantity, answer: Counted | None, left: DeltaGenerator, right: DeltaGenerator) -> Counted | None:
    """Two totals; None until both are filled in and fit each other."""
    begin = (None, None) if answer is None else (answer.counted, answer.of)
    counted = _field(left, "Counted", 0, 10**12, begin[0], f"counted-{quantity.key}")
    of = _field(right, f"Of ({LEAST_TOTAL} or more)", LEAST_TOTAL, 10**12, begin[1], f"of-{quantity.key}")
    if counted is None or of is None:
        return None
    if not quantity.least <= quantity.times * counted / of <= min(quantity.most, quantity.times):
        st.error(
            f"{quantity.title}: counted must be a part of the total, and the rate {quantity.allowed}.", icon=":material/error:"
        )
        return None
    return Counted(counted=int(counted), of=int(of))


def _range(
    quantity: Quantity, answer: Between | float | None, left: DeltaGenerator, right: DeltaGenerator
) -> Between | float | None:
    """A range, or one value where its ends are the same; None until both ends are filled in and in order."""
    begin = (answer.low, answer.high) if isinstance(answer, Between) else (answer, answer)
    unit, scale = (", %", 100) if quantity.is_share else ("", 1)
    least, most = (float(quantity.shown(end)) for end in (quantity.least, quantity.most))
    first, second = (None if end is None else float(quantity.shown(end)) for end in begin)
    low = _field(left, f"From{unit} ({least:g} or more)", least, most, first, f"low-{quantity.key}")
    high = _field(right, f"To{unit} (at most {most:g})", least, most, second, f"high-{quantity.key}")
    if low is None or high is None:
        return None
    if low > high:
        st.error(f"{quantity.title}: from is above to; exchange them.", icon=":material/error:")
        return None
    return low / scale if low == high else Between(low=low / scale, high=high / scale)


Number = TypeVar("Number", int, float)


def _field(place: DeltaGenerator, label: str, least: Number, most: Number, begin: Number | None, key: str) -> Number | None:
    """A field for a number that begins blank, or with what a file says; blank is None."""
    name = f"{key}-{st.session_state.get('form', 0)}"
    if name not in st.session_state:
        st.session_state[name] = begin
    return place.number_input(label, least, most, None, key=name, placeholder="Blank: not known")


def _keep(counts: Counts) -> None:
    st.download_button(
        "Save these counts as a file", counts_as_toml(counts), "counts.toml", "application/toml", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


# ---- the results ---------------------------------------------------------------------------------------------------------


def _results(found: Twin, instrument: str) -> None:
    st.header(headline(found, instrument), anchor=False)
    first = st.session_state.get("scenario")
    other = first if isinstance(first, Twin) and first is not found else None
    if other is not None:
        show_table(scenarios_table(other, found, instrument))
    recall, parts = contributions(found, instrument)
    if recall == recall:  # not where every list has too few people
        st.altair_chart(waterfall(recall, parts), alt="From the people found as recorded to all, by family of defects")
    show_table(figures_table(found, instrument))
    show_table(fix_table(found, instrument))
    if found.counts.left_out == "range" and found.worlds >= LEAST_RUNS:
        show_table(measure_table(found, instrument))
    elif found.counts.left_out == "range":
        st.info(f"What to measure next needs {LEAST_RUNS} simulations or more; these were {found.worlds}.", icon=":material/info:")
    show_table(spread_table(found, instrument))
    with st.container(horizontal=True):
        if st.button(
            "Keep as the first scenario",
            icon=":material/bookmark:",
            help="Then change rates and run again: both stand side by side.",
        ):
            st.session_state["scenario"] = found
            st.toast("Kept. Change rates and run again to compare.")
        st.download_button(
            "Report to hand over", lambda: simulation_html(found, instrument, other).encode("utf-8"), "simulation.html", "text/html",
            icon=":material/description:", on_click="ignore",
        )  # fmt: skip
    downloads(lambda: found.runs, "simulations")


def _targets(counts: Counts, instrument: str) -> None:
    keys = [key for key in matters_to(built_in()[instrument]) if QUANTITIES[key].is_share]
    left, middle, right = st.columns(3, vertical_alignment="bottom")

    def label(key: str) -> str:
        return f"{QUANTITIES[key].title} ({known_as(counts, key)})"

    first = left.selectbox("First rate", keys, keys.index("identity.duplicate_rate"), format_func=label, key="target-first")
    second = middle.selectbox("Second rate", keys, keys.index("linkage.suspect_not_linked"), format_func=label, key="target-second")
    wanted = right.number_input("People found that are wanted, of 100 (1 to 100)", 1, 100, 80, key="target-wanted")
    if first == second:
        raise InputError(None, "Choose two different rates for the map.")
    asked = (counts.model_dump_json(), first, second, int(wanted), instrument)
    if st.button(f"Draw the map ({2 * LEAST_WORLDS} simulations)", icon=":material/grid_on:"):
        st.session_state["target"] = asked
    chosen = st.session_state.get("target")
    if chosen is None:
        return
    known, one, other, share = chosen[0], chosen[1], chosen[2], chosen[3] / 100
    surface = result_of(
        f"target {_session()} {chosen}",
        "Simulating",
        lambda progress: reach(
            Counts.model_validate_json(known),
            one,
            other,
            share,
            2 * LEAST_WORLDS,
            instrument=chosen[4],
            workers=2,
            progress=progress,
            alive=progress,
        ),
    )
    st.altair_chart(
        target_chart(surface, one, other, share), alt="People found by two rates; the table says where the target is reached"
    )
    show_table(target_table(surface, one, other, share))
