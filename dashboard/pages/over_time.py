"""Over time: a series of extracts, what changed beyond chance, and whether fixes worked."""

from pathlib import Path

import streamlit as st

from audit.oversight.track import Tracked, read_tracked
from audit.presentation.over_time import (
    figure_chart,
    figure_name,
    figure_table,
    figures_to_choose,
    fixes_table,
    forces_to_choose,
    signals_table,
)
from dashboard import demonstration
from dashboard.cache import View, once
from dashboard.jobs import result_of
from dashboard.widgets import EVERYWHERE, choose_force, downloads, folded, show_table

NO_SERIES = (
    "These results are of one extract. `python -m synthetic generate SERIES --extracts 12` makes a series, and "
    "`python -m audit track SERIES --out RESULTS` audits it; then this page shows each figure over the months."
)


def show(view: View) -> None:
    """Draw the page."""
    tracked = _tracked(view, view.folder)
    folder = view.folder
    if tracked is None and folder == demonstration.results_folder():
        folder = result_of(demonstration.MONTHS, "Making the months before", demonstration.make_months)
        tracked = _tracked(view, folder)
    if tracked is None:
        st.info(NO_SERIES, icon=":material/timeline:")
        return
    force = choose_force(view)
    _signals(view, folder, force)
    if len(tracked.fixes):
        _fixes(view, folder)
    downloads(lambda: tracked.signals, "signals")
    _one_figure(view, folder, tracked, force)
    downloads(lambda: tracked.trend, "trend")


@once
def _tracked(view: View, folder: Path) -> Tracked | None:
    return read_tracked(folder)


@once
def _signals(view: View, folder: Path, force: str) -> None:
    tracked = _tracked(view, folder)
    assert tracked is not None
    show_table(signals_table(tracked.signals, view.names, None if force == EVERYWHERE else force))


@once
def _fixes(view: View, folder: Path) -> None:
    tracked = _tracked(view, folder)
    assert tracked is not None
    show_table(fixes_table(tracked.fixes, view.names))


def _one_figure(view: View, folder: Path, tracked: Tracked, force: str) -> None:
    st.header("One figure over the months", anchor=False)
    if force == EVERYWHERE:
        force = str(
            st.selectbox("Force of the figure", forces_to_choose(tracked.signals, list(view.names), tracked.fixes), key="force-of-figure",
                         format_func=lambda slug: view.names.get(slug, slug), help="That of the latest signal comes first, then that of a fix.")
        )  # fmt: skip
    figures = figures_to_choose(tracked.trend, tracked.signals, force, tracked.fixes)
    if not figures:
        st.info("There is no figure of this force.", icon=":material/info:")
        return
    figure = str(
        st.selectbox("Figure", figures, format_func=figure_name, key="figure", bind="query-params",
                     help="Those with signals come first, then those of a fix.")
    )  # fmt: skip
    _figure(view, folder, figure, force)
    folded("The same as a table", "as-table", lambda: _as_table(view, folder, figure, force))


@once
def _figure(view: View, folder: Path, figure: str, force: str) -> None:
    tracked = _tracked(view, folder)
    assert tracked is not None
    st.altair_chart(
        figure_chart(tracked.trend, figure, force), alt=f"{figure_name(figure)} of {view.names.get(force, force)} over the extracts"
    )
    st.caption(
        "Blue: rows recorded since the extract before. Grey line: the whole stock. Dashed: the months before, with limits of three "
        "standard deviations that allow for months that differ by more than chance. Diamonds are signals. Months of fewer than 10 rows are not shown."
    )


@once
def _as_table(view: View, folder: Path, figure: str, force: str) -> None:
    tracked = _tracked(view, folder)
    assert tracked is not None
    show_table(figure_table(tracked.trend, figure, force))
