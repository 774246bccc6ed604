"""The dashboard: ``PAGES`` is the one list of its pages; app, navigation, browser tests and safeguard tests read it.

A new page is a module in ``dashboard.pages`` with a function ``show(view)``, and an entry here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class DashboardPage:
    """One page. Its module is loaded when the page is first opened, so that the first start stays quick.

    It has no icon: Streamlit loads a page's icon from another host for the browser's tab, and nothing here calls out.
    """

    title: str
    """In the navigation, in the browser's tab, and as the page's heading."""
    path: str
    """Its place in the address; the first page has none."""
    module: str
    """Name of the module in ``dashboard.pages`` whose ``show(view)`` draws the page."""
    question: str
    """What the page answers, in a sentence below its heading."""
    advice: str = ""
    """What a reader should do with it, in a sentence."""

    shows_results: bool = True
    """Whether its figures are those of the results that are chosen, so that the commands that make these again stand below."""
    needs_whole: bool = False
    """Whether it rests on duplicate identities or the effect, so that first results have nothing for it."""
    presents: bool = False
    """Whether it can be shown to a class, with large type and without the side bar."""

    @property
    def show(self) -> Callable[[Any], None]:
        """The function that draws the page of a view."""
        show: Callable[[Any], None] = import_module(f"dashboard.pages.{self.module}").show
        return show


PAGES = (
    DashboardPage(
        "Overview", "", "overview",
        "Would this data work for prioritising cases, and what should be fixed first?",
        "Read the sentence in bold, then follow a red cell of the scorecard to the check that decides it.",
    ),
    DashboardPage(
        "Start here", "start", "start",
        "Which three steps answer your question?",
        "Find your role, and follow the links.",
        shows_results=False,
    ),
    DashboardPage(
        "Missing fields", "missing-fields", "missing_fields",
        "How often is a field blank, by force and month, and what does a prioritisation lose with it?",
        "Look first at fields that are needed for identity, recency or severity and fail.",
    ),
    DashboardPage(
        "Duplicate identities", "identities", "identities",
        "How many people stand behind the person records, how sure is that, and what would merging bring?",
        "Search before a record is made; merge duplicates after someone has looked. No record is merged here: it is a finding.",
        needs_whole=True,
    ),
    DashboardPage(
        "Reporting gaps", "gaps", "gaps",
        "In which months does a unit record fewer crimes than its other months lead one to expect?",
        "Silence looks like safety: ask the unit about each gap before you believe a fall.",
    ),
    DashboardPage(
        "Timeliness", "timeliness", "timeliness",
        "How late are reports recorded, and which old cases have no outcome?",
        "The National Crime Recording Standard asks for a record within 24 hours of the report. A suspect whose crime is recorded late "
        "is missing from this month's list.",
    ),
    DashboardPage(
        "All checks", "all-checks", "all_checks",
        "What does each check find, why does it matter to a prioritisation, and how is it fixed?",
        "Filter by status, then choose one check for its limits, its months and its rows.",
    ),
    DashboardPage(
        "Effect on a prioritisation", "effect", "effect",
        "Of the people a list should hold, how many does this data find, and which repair finds more?",
        "Fix the family of defects at the top of the table first; the gains say what a part of the work brings.",
        needs_whole=True,
    ),
    DashboardPage(
        "Simulate your force", "twin", "simulate",
        "What would data with your force's rates do to a list, and which rate should you measure next?",
        "Enter totals that you may share, or ranges, and leave the rest. No record is read, ever: synthetic people are made with these rates.",
        shows_results=False,
    ),
    DashboardPage(
        "Make and audit", "make", "make",
        "What would an audit of another synthetic dataset show?",
        "Choose a profile and a force or two, make and audit them, then open the results in the side bar.",
        shows_results=False,
    ),
    DashboardPage(
        "Compare", "compare", "compare",
        "What got better or worse between two audits, beyond chance?",
        "Ask about what got worse first; a fix has worked where its check got better.",
        needs_whole=True,
    ),
    DashboardPage(
        "Over time", "over-time", "over_time",
        "What changed from month to month beyond chance, in which force, and did a fix work?",
        "Begin with the latest signals; ask what was done in that force in that month before you believe a better figure.",
        shows_results=False,
        needs_whole=True,
    ),
    DashboardPage(
        "Lessons", "pitfalls", "lessons",
        "What goes wrong with data, shown on small synthetic worlds for a class?",
        "Ask the class, take a vote, then reveal.",
        shows_results=False,
        presents=True,
    ),
    DashboardPage(
        "Method and data", "method", "method",
        "What do the terms mean, where do figures come from, and what can nobody see?",
        "Quote a figure with its definition, and say what it cannot show.",
    ),
)  # fmt: skip
"""Every page, in the order of the navigation; the first one is the start page."""


def page_of(module: str) -> DashboardPage:
    """The page that a module draws."""
    return next(page for page in PAGES if page.module == module)
