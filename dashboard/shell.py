"""What every page shares: the banner, its heading, the results it shows, thresholds, the report to take away."""

import argparse
import contextlib
import sys
import threading
import time
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from audit import InputError, Results
from audit.presentation.html import BANNER_LEAD, BANNER_TEXT, TABLE_STYLE
from audit.presentation.method import commands, report_name
from audit.readiness.thresholds import Thresholds
from dashboard import PAGES, DashboardPage, demonstration, work
from dashboard.cache import View, changed_at, clusters_key, judged, read, results_below
from dashboard.jobs import Progress, begin, result_of
from dashboard.widgets import forget_choices, is_presenting

FIRST_RESULTS = (
    "**First results.** Duplicate identities and the effect on a prioritisation are not known yet, and nothing that rests on them is "
    "judged. This page changes by itself when they are."
)
PAUSE = 3
"""Seconds before the modules of the other pages are loaded too: who goes straight on is not held up by it."""
STYLE = f"""<style>
.stMainBlockContainer {{ padding: 3.2rem 2.5rem 3rem; }}
.stMainBlockContainer h1 {{ font-size: 2rem; padding-top: .4rem; }}
.stMainBlockContainer h2 {{ font-size: 1.35rem; padding: .6rem 0 .3rem; }}
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p {{ color: inherit; opacity: 1; }}
@media (max-width: 640px) {{
  .stMainBlockContainer {{ padding: 4.4rem 1rem 2rem; }}
  table.bench tbody th.wide {{ min-width: 8.5rem; }}
  table.bench tbody td.wide {{ min-width: 11rem; }}
  table.bench td.number small {{ width: max-content; max-width: 9rem; margin-left: auto; }}
}}
[class*="st-key-tall-"] .bench-scroll {{ max-height: min(34rem, 75vh); overflow-y: auto; }}
[class*="st-key-tall-"] thead :is(th, td) {{ position: sticky; top: 0; background: light-dark(#fff, #171614); }}
@media (max-height: 400px) {{
  [class*="st-key-tall-"] .bench-scroll {{ max-height: none; }}
  [data-testid="stHeader"] {{ height: 2.4rem; min-height: 0; }}
  .stMainBlockContainer {{ padding-top: 2.6rem; }}
}}
@media (prefers-reduced-motion: reduce) {{ *, *::before, *::after {{ animation: none !important; transition: none !important; }} }}
{TABLE_STYLE}</style>"""
SLIDE = """<style>
[data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stExpandSidebarButton"] { display: none; }
.stMainBlockContainer { padding: .6rem 2.2rem .6rem; }
.stMainBlockContainer > div, .st-key-slide-foot, .st-key-slide-controls { gap: .45rem 1.2rem; }
.stMainBlockContainer h1 { font-size: 1.3rem; padding: 0 0 .3rem; font-weight: 500; }
.stMainBlockContainer h2 { font-size: 1.85rem; line-height: 1.2; padding: .1rem 0 .7rem; }
.stMainBlockContainer [data-testid="stMarkdownContainer"] p { font-size: 1.3rem; line-height: 1.35; }
.stMainBlockContainer label [data-testid="stMarkdownContainer"] p, .stMainBlockContainer [data-testid="stCaptionContainer"] p { font-size: 1rem; }
[data-testid="stAlertContainer"] { padding: .2rem 1rem; }
.stMainBlockContainer [data-testid="stAlertContainer"] p { font-size: 1rem; }
table.bench { font-size: 1.15rem; }
table.bench th, table.bench td { padding: .18rem .6rem; }
table.bench caption { padding: 0 0 .2rem; }
.st-key-slide-votes thead { display: none; }
table.bench td.number small { display: inline; font-size: .85rem; margin-left: .5em; white-space: nowrap; }
</style>"""


def as_streamlit(page: DashboardPage) -> StreamlitPage:
    """A page as Streamlit's navigation takes it."""
    return st.Page(partial(run_page, page), title=page.title, url_path=page.path or "overview", default=not page.path)


def run_page(page: DashboardPage) -> None:
    """Draw a page: the banner, its heading, the results or the way to get some, then what the page shows."""
    if st.session_state.get("page") != page.module:
        st.session_state["page"] = page.module
        forget_choices()
    presenting = page.presents and is_presenting()
    st.html(STYLE + SLIDE if presenting else STYLE)
    if presenting:
        st.caption(f"{BANNER_LEAD} No person is shown with a score or a rank.")
    else:
        st.info(f"**{BANNER_LEAD}** {BANNER_TEXT}", icon=":material/science:")
        st.title(page.title, anchor=False)
        st.markdown(f"{page.question}{f' {page.advice}' if page.advice else ''}")
    try:
        view = _view()
        if view.dataset_changed:
            st.sidebar.warning(
                "The dataset at hand is not the one that was audited: it has changed since, or is another.",
                icon=":material/warning:",
            )
        if view.is_first and page.needs_whole:
            st.info("This page rests on the whole audit, and opens by itself when that is there.", icon=":material/hourglass_top:")
            return
        if view.is_first and page.shows_results:
            st.info(FIRST_RESULTS, icon=":material/hourglass_top:")
        page.show(view)
    except InputError as error:
        st.error(str(error), icon=":material/error:")
        return
    if not view.is_first:
        _get_ready_for_other_pages(view.folder, changed_at(view.folder))
    if not presenting and not view.is_first:
        _take_away(view)
        if page.shows_results:
            with st.expander("Reproduce these figures"):
                st.code(commands(view.results.summary), language="bash", wrap_lines=True)


@st.cache_resource(max_entries=20, show_spinner=False)
def _get_ready_for_other_pages(folder: Path, changed: int) -> None:
    """Make ready, behind the first page that a server shows of some results, what takes longest on others: their modules, the checks,
    and the clusters of person records.
    """

    def count_clusters(progress: Progress) -> Any:
        from audit.linkage.look import clusters_of

        return clusters_of(folder, threads=1)  # which leaves a core to the pages

    def read_checks() -> None:  # while the modules of charts are loaded
        with contextlib.suppress(InputError):  # the page that needs them says so
            results["checks"]

    def load_modules() -> None:
        import_module("audit.presentation.charts")
        time.sleep(PAUSE)
        for page in PAGES:
            import_module(f"dashboard.pages.{page.module}")

    results = read(folder, changed)
    for work_behind in (read_checks, load_modules):
        threading.Thread(target=work_behind, daemon=True).start()
    begin(clusters_key(folder), count_clusters)


def _view() -> View:
    arguments = _arguments()
    runs = {"demonstration": _demonstration()} if arguments.results is None else results_below(arguments.results)
    if not runs:
        raise InputError(None, "There is no audit.json in the results folder; name one that `python -m audit run` has written.")
    runs = runs | work.made()
    name = next(iter(runs))
    if len(runs) > 1:
        name = str(st.sidebar.selectbox("Results", list(runs), key="run", bind="query-params", help="The audit that is shown."))
    folder = runs[name]
    changed = changed_at(folder)
    results = read(folder, changed)
    thresholds = _changed_thresholds(results)
    if thresholds != Thresholds.model_validate(results.summary.thresholds):
        results = judged(folder, changed, thresholds.model_dump_json())
        st.sidebar.warning("Judged with the thresholds that you changed; the files keep theirs.", icon=":material/tune:")
    own = name.startswith(work.PREFIX)
    return View(results, folder, runs, thresholds, name, None if own else arguments.dataset)


def _changed_thresholds(results: Results) -> Thresholds:
    """The results' own thresholds, with those that the visitor has changed on a page."""
    own = Thresholds.model_validate(results.summary.thresholds).model_dump(exclude_none=True)
    for section, values in st.session_state.get("thresholds", {}).items():
        own[section] = {**own.get(section, {}), **values} if isinstance(values, dict) else values
    return Thresholds.model_validate(own)


def _demonstration() -> Path:
    """The folder of the demonstration's results: the first ones while the rest is made. The months before are made behind the pages."""
    whole, first = demonstration.results_folder(), demonstration.first_folder()
    if demonstration.is_there(whole):
        if not demonstration.is_there(demonstration.months_folder()):
            begin(demonstration.MONTHS, demonstration.make_months)
        return whole
    waits = not demonstration.is_there(first)
    if waits:
        st.header("First start: making the demonstration", anchor=False)
        st.write(
            "Five fictional forces over three years are generated and audited, once; it takes some seconds. "
            "They are kept in this user's cache, so that the next start opens at once."
        )
    folder = result_of(
        "demonstration", "Making the demonstration", demonstration.make, lambda: first if demonstration.is_there(first) else None
    )
    if waits:
        st.rerun()
    return folder


def _take_away(view: View) -> None:
    before = view.before
    changed = view.thresholds != Thresholds.model_validate(view.run(view.name).summary.thresholds)
    notice = "Judged with thresholds that were changed in the dashboard; the results keep theirs." if changed else ""
    st.sidebar.download_button(
        "Report (HTML)",
        lambda: _report(view.results, view.run(before) if before is not None else None, notice),
        report_name(view.results),
        "text/html",
        key="report",
        icon=":material/description:",
        on_click="ignore",
        help="One file with tables and charts that opens offline and prints well.",
    )


def _report(results: Results, before: Results | None, notice: str) -> bytes:
    from audit.report import report_html  # slow to import, for its charts

    return report_html(results, before, notice).encode("utf-8")


def _arguments() -> argparse.Namespace:
    """What follows ``streamlit run app.py --``."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--dataset", type=Path)
    try:
        return parser.parse_known_args(sys.argv[1:])[0]
    except argparse.ArgumentError:
        raise InputError(
            "results", "takes a folder that `python -m audit run` has written, --dataset the one it audited."
        ) from None
