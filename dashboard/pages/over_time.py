"""Over time: a series of extracts, what changed beyond chance, and whether fixes worked."""

import streamlit as st

from audit.oversight.track import Tracked, read_tracked
from audit.presentation.over_time import STOCK, figure_chart, figure_name, figure_table, fixes_table, signals_table
from dashboard.cache import View, once
from dashboard.widgets import EVERYWHERE, choose_force, downloads, folded, show_table

NO_SERIES = (
    "These results are of one extract. `python -m synthetic generate SERIES --extracts 12` makes a series, and "
    "`python -m audit track SERIES --out RESULTS` audits it; then this page shows each figure over the months."
)


def show(view: View) -> None:
    """Draw the page."""
    tracked = _tracked(view)
    if tracked is None:
        st.info(NO_SERIES, icon=":material/timeline:")
        return
    force = choose_force(view)
    _signals(view, force)
    if len(tracked.fixes):
        _fixes(view)
    downloads(lambda: tracked.signals, "signals")
    _one_figure(view, tracked, force)
    downloads(lambda: tracked.trend, "trend")


@once
def _tracked(view: View) -> Tracked | None:
    return read_tracked(view.folder)


@once
def _signals(view: View, force: str) -> None:
    tracked = _tracked(view)
    assert tracked is not None
    show_table(signals_table(tracked.signals, view.names, None if force == EVERYWHERE else force))


@once
def _fixes(view: View) -> None:
    tracked = _tracked(view)
    assert tracked is not None
    show_table(fixes_table(tracked.fixes, view.names))


def _one_figure(view: View, tracked: Tracked, force: str) -> None:
    st.header("One figure over the months", anchor=False)
    force = next(iter(view.names)) if force == EVERYWHERE else force
    mine = tracked.trend[(tracked.trend["force"] == force) & ~tracked.trend["figure"].str.startswith(STOCK)]
    signalled = mine.groupby("figure")["signal"].sum().sort_values(ascending=False, kind="stable")
    if signalled.empty:
        st.info("There is no figure of this force.", icon=":material/info:")
        return
    figure = str(
        st.selectbox("Figure", list(signalled.index), format_func=figure_name, key="figure", bind="query-params",
                     help="Those with signals come first.")
    )  # fmt: skip
    _figure(view, figure, force)
    folded("The same as a table", "as-table", lambda: _as_table(view, figure, force))


@once
def _figure(view: View, figure: str, force: str) -> None:
    tracked = _tracked(view)
    assert tracked is not None
    st.altair_chart(
        figure_chart(tracked.trend, figure, force), alt=f"{figure_name(figure)} of {view.names.get(force, force)} over the extracts"
    )
    st.caption(
        "Blue: rows recorded since the extract before. Grey line: the whole stock. Dashed: the months before, with limits of three "
        "standard deviations that allow for months that differ by more than chance. Diamonds are signals."
    )


@once
def _as_table(view: View, figure: str, force: str) -> None:
    tracked = _tracked(view)
    assert tracked is not None
    show_table(figure_table(tracked.trend, figure, force))
