"""The catalogue: every check as data, what it looks at, when it warns and fails, why it matters and how it is mended.

A new check is a line in this room, never a function; the functions by type stand in ``audit.checks``. Limits are of this
project's own choosing, except where a source is named, and ``--thresholds`` replaces them.
"""

import json
from functools import cache

from audit.checks.catalogue.cases import CASES
from audit.checks.catalogue.dates import DATES
from audit.checks.catalogue.declaration import DIMENSIONS, MATTERS, Check
from audit.checks.catalogue.fields import field_checks
from audit.checks.catalogue.keys import KEYS
from audit.checks.catalogue.patterns import FINDINGS, PATTERNS
from audit.checks.catalogue.readiness import READINESS

__all__ = [
    "BLIND_SPOTS",
    "DIMENSIONS",
    "MATTERS",
    "Check",
    "as_json",
    "as_markdown",
    "catalogue",
    "check",
]

BLIND_SPOTS = {
    "a crime that was never recorded": (
        "A report that never became a crime leaves no trace in the data; only a whole silent station or month can be told."
    ),
    "a plausible wrong code": (
        "Stalking written down as harassment, or rape as assault, is a valid code like any other; only a unit whose share of "
        "a group falls away shows."
    ),
    "a link to the wrong person": "A crime linked to another person's record is a link like any other.",
    "two people on one record": "Records say nothing of whether one person or two of like names stand behind them.",
    "a plausible wrong date": (
        "A date off by days, or with day and month swapped into an order that is possible, is a date like any other."
    ),
    "a wrong answer for a right one": (
        "A wrong ethnicity, a wrong sex, or an outdated address is as complete and as valid as a right one."
    ),
}
"""What no check can see from the data alone: name, and why."""


@cache
def catalogue() -> tuple[Check, ...]:
    """Every check, in the order in which reports list them; identifiers are unique."""
    return (*field_checks(), *KEYS, *DATES, *CASES, *PATTERNS, *FINDINGS, *READINESS)


def check(check_id: str) -> Check | None:
    """The check of that identifier, or None."""
    return next((found for found in catalogue() if found.id == check_id), None)


def as_json(checks: tuple[Check, ...]) -> str:
    """The declarations as a JSON list."""
    rows = [
        {name: getattr(one, name) for name in ("id", "type", "dimension", "table", "field", "needed_for", "warn", "fail")}
        | {"finds": one.finds, "matters": one.matters, "mend": one.mend, "parameters": one.parameters}
        for one in checks
    ]
    return json.dumps(rows, indent=1, ensure_ascii=False)


def as_markdown(checks: tuple[Check, ...]) -> str:
    """The declarations as a Markdown table."""
    lines = [
        f"{len(checks)} checks of {len({one.type for one in checks})} types.",
        "",
        "| check | dimension | finds | why it matters | mend | warn above | fail above |",
        "|---|---|---|---|---|--:|--:|",
    ]
    lines += [
        f"| {one.id} | {one.dimension} | {one.finds} | {one.matters} | {one.mend} | {one.warn:.1%} | {one.fail:.1%} |"
        for one in checks
    ]
    return "\n".join(lines)
