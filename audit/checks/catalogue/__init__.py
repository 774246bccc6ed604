"""The catalogue: every check, one call each: what it looks at, when it warns and fails, which defects it is meant for.

A new check is a call in one of these modules, added to the module's ``CHECKS``. Limits are of this project's own choosing,
except where a source is named; ``--thresholds`` replaces them.
"""

import json
from functools import cache

from audit.checks.catalogue import cases, dates, fields, findings, keys, patterns, readiness
from audit.checks.types.base import DIMENSIONS, MATTERS, Check

__all__ = [
    "BLIND_SPOTS",
    "DIMENSIONS",
    "MATTERS",
    "UNDETECTABLE",
    "Check",
    "as_json",
    "as_markdown",
    "catalogue",
    "check",
]

BLIND_SPOTS = {
    "a crime that was never recorded": (
        "A report that never became a crime leaves no trace in these tables; only a whole silent station or month shows."
    ),
    "a plausible wrong code": (
        "Stalking written down as harassment, or rape as assault, is a valid code like any other; only a unit whose share of "
        "a group falls away shows."
    ),
    "a link to the wrong person": "A crime linked to another person's record is a link like any other.",
    "two people on one record": "A record does not show whether one person or two of similar names are behind it.",
    "a plausible wrong date": (
        "A date off by days, or with day and month swapped into an order that is possible, is a date like any other."
    ),
    "a wrong answer for a right one": (
        "A wrong ethnicity, a wrong sex, or an outdated address is as complete and as valid as a right one."
    ),
}
"""What no check can see from the data alone: name, and why."""
UNDETECTABLE = {
    "not_recorded": "a crime that was never recorded",
    "not_recorded_hidden": "a crime that was never recorded",
    "estimated_age": "a plausible wrong date",
    "wrong_sex": "a wrong answer for a right one",
    "downgraded": "a plausible wrong code",
    "wrong_person_linked": "a link to the wrong person",
    "overlaid": "two people on one record",
}
"""Defects that no check can see, each with its blind spot; every other defect is named by a check that is meant for it."""


@cache
def catalogue() -> tuple[Check, ...]:
    """Every check, in the order in which reports list them; identifiers are unique."""
    modules = (fields, keys, dates, cases, patterns, findings, readiness)
    return tuple(check for module in modules for check in module.CHECKS)


def check(check_id: str) -> Check | None:
    """The check of that identifier, or None."""
    return next((found for found in catalogue() if found.id == check_id), None)


def as_json(checks: tuple[Check, ...]) -> str:
    """The declarations as a JSON list."""
    names = (
        "id",
        "type",
        "dimension",
        "table",
        "field",
        "scope",
        "needed_for",
        "detects",
        "warn",
        "fail",
        "finds",
        "matters",
        "fix",
    )
    rows = [{name: getattr(one, name) for name in names} | {"parameters": one.parameters()} for one in checks]
    return json.dumps(rows, indent=1, ensure_ascii=False, default=_plain)


def as_markdown(checks: tuple[Check, ...]) -> str:
    """The declarations as a Markdown table."""
    lines = [
        f"{len(checks)} checks of {len({one.type for one in checks})} types.",
        "",
        "| check | dimension | finds | why it matters | how to fix it | warn above | fail above |",
        "|---|---|---|---|---|--:|--:|",
    ]
    lines += [
        f"| {one.id} | {one.dimension} | {one.finds} | {one.matters} | {one.fix} | {one.warn:.1%} | {one.fail:.1%} |"
        for one in checks
    ]
    return "\n".join(lines)


def _plain(value: object) -> object:
    """A parameter that JSON has no form of: a check by its identifier, a condition by its class and fields, a date as text."""
    if isinstance(value, Check):
        return value.id
    if hasattr(value, "__dataclass_fields__"):
        return {"is": type(value).__name__, **vars(value)}
    return str(value)
