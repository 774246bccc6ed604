"""Compare: two audits side by side, what got better and worse, chance set aside."""

from datetime import datetime

import pandas as pd
import streamlit as st

from audit.oversight.compare import compare
from audit.presentation.changes import changed_checks_table, changed_forces_table
from audit.presentation.wording import day
from dashboard.cache import View, changed_at, once
from dashboard.widgets import downloads, show_table


def show(view: View) -> None:
    """Draw the page."""
    others = [name for name in view.runs if name != view.name]
    if not others:
        st.info(
            "There is one run here, so nothing to compare it with. The page [Make and audit](make) makes another; the page "
            "[Over time](over-time) shows the months before, where there is a series. To compare runs of your own, put their results "
            "folders below one, and start the page with `streamlit run app.py -- --results THAT-FOLDER`.",
            icon=":material/compare_arrows:",
        )
        return
    fitting = view.before or next((name for name in others if view.shares_a_force(name)), others[0])
    default = others.index(fitting)
    earlier = str(st.selectbox("Earlier run", others, index=default, key="earlier", bind="query-params"))
    st.button(
        "Swap the two runs", on_click=_swap, args=(view.name, earlier), icon=":material/swap_horiz:",
        help="What got better then reads as worse, and the other way round.",
    )  # fmt: skip
    _changes(view, earlier)
    downloads(lambda: _checks(view, earlier), "compare")


def _swap(shown: str, earlier: str) -> None:
    """Show the earlier run, compared with the one that was shown."""
    st.session_state["run"], st.session_state["earlier"] = earlier, shown


def _made(view: View, name: str) -> str:
    """The last day of a run's data, and when it was made."""
    made = datetime.fromtimestamp(changed_at(view.runs[name]) / 1e9)
    return f"{name}: data to {day(view.run(name).summary.dataset.as_of)}, audited {day(made)}, {made:%H:%M}"


@once
def _changes(view: View, earlier: str) -> None:
    before = view.run(earlier)
    if not view.shares_a_force(earlier):
        st.info(
            f"The runs {earlier} and {view.name} have no force in common, so there is nothing to compare. Choose another run, or "
            "make one with the same forces.",
            icon=":material/compare_arrows:",
        )
        return
    comparison = compare(before, view.results)
    names = {row.force: row.force_name for row in before.summary.forces} | view.names
    counts = comparison.checks["change"].value_counts()
    st.header(
        f"From {earlier} to {view.name}: {counts.get('worse', 0)} worse, {counts.get('better', 0)} better, "
        f"{counts.get('appeared', 0)} appeared, {counts.get('gone', 0)} gone",
        anchor=False,
    )
    if comparison.first_is_later:
        st.warning(
            f"The run {earlier} is of later data; swap the two to read better and worse forwards in time.",
            icon=":material/swap_horiz:",
        )
    st.markdown("\n".join(f"- {_made(view, name)}" for name in (earlier, view.name)))
    if comparison.notes:
        st.markdown("Not the same in both:\n" + "\n".join(f"- {note}" for note in comparison.notes))
    st.caption(
        "Of all checks by force. Shares of rows by two-proportion tests, estimates by the interval of the difference; at most 5% of the "
        f"changes so found are expected to be chance (false discovery rate). {counts.get('not tested', 0)} more differ and are not tested: "
        "an excess beyond chance, or months, which are no shares of rows."
    )
    show_table(changed_forces_table(comparison, names))
    with st.container(key="tall-changes"):
        show_table(changed_checks_table(comparison, names))


@once
def _checks(view: View, earlier: str) -> pd.DataFrame:
    return compare(view.run(earlier), view.results).checks
