"""Start here: for each kind of user three steps, with the page that each is done on."""

from urllib.parse import quote

from audit.presentation.tables import Cell, Table
from dashboard.cache import View, once
from dashboard.widgets import show_table

STEPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Analyst: is the data ready, and what do we fix first?": (
        ("See which force is nearest to ready, and why it is not", "", "Overview"),
        ("Open what decides a cell of the scorecard, and read how to fix it", "all-checks", "All checks"),
        (
            "Take the action list as Excel: what to fix first, and what each repair gains",
            "?actions=true",
            "Overview, with the action list",
        ),
    ),
    "Researcher: how do defects distort a list?": (
        ("See what is missed because of each family of defects", "effect", "Effect on a prioritisation"),
        ("Raise the severity of one defect and read the curve", "effect?curve=true", "Effect on a prioritisation"),
        ("Make a dataset with a profile and seed of your own, or bring in a public set", "make", "Make and audit"),
    ),
    "Trainer: show a class what goes wrong": (
        ("Choose a lesson", "pitfalls", "Lessons"),
        ("Present it in large type, and let the class vote", "pitfalls?present=true", "Lessons, presented"),
        ("Reveal; the address keeps lesson and severity for a slide", "pitfalls?reveal=true", "Lessons, revealed"),
    ),
    "Inspector: is it tested, and did the fix work?": (
        ("See what got better or worse since the run before", "compare", "Compare"),
        ("Read what an audit of tables cannot see", "method", "Method and data"),
        ("Take the report from the side bar: two pages of summary, then the detail", "", "Overview"),
    ),
}


@once
def show(view: View) -> None:
    """Draw the page."""
    for user, steps in STEPS.items():
        rows = [
            [Cell(f"{place}. {what}"), Cell(title, link=_link(view, path))] for place, (what, path, title) in enumerate(steps, 1)
        ]
        show_table(Table(user, ["Step", "Page"], rows))


def _link(view: View, path: str) -> str:
    """The address of a page, with the run that is shown: a link loads the page again, and would show the first run."""
    path = f"./{path}" if path[:1] in ("", "?") else path
    return path if len(view.runs) < 2 else f"{path}{'&' if '?' in path else '?'}run={quote(view.name)}"
