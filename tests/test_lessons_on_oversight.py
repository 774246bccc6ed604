"""Lessons on oversight show a drift, a fix or lost evidence only where there is one."""

from typing import Any

import pytest

from dashboard.lessons import LESSONS, Lesson
from dashboard.lessons.months import MONTHS, Drift


def test_a_steeper_drift_signals_sooner_and_none_hardly_ever() -> None:
    lesson = _lesson("slow-drift")
    found = {monthly: Drift(monthly, simulations=60).make() for monthly in (0.0, 0.002, 0.005)}
    assert found[0.005].middle < found[0.002].middle <= MONTHS < found[0.0].middle
    for one in found.values():
        assert one.shown["signal"].sum() == (one.middle <= MONTHS)
    assert not lesson.reveal(found[0.0], found[0.0], lesson.default).shown


@pytest.mark.deep
def test_lessons_on_fixes_and_evidence_show_nothing_where_it_is_otherwise() -> None:
    """A real fix in one force is not one that only looked like it, one that fell everywhere did not work, and full fields hide nothing."""
    looked, worked, evidence = (_lesson(key) for key in ("fix-only-looked", "fix-worked", "evidence-gone"))
    settings = (looked.clean, looked.severities[looked.default], worked.clean, evidence.clean)
    made = {setting: setting.make(lambda sentence, share: None) for setting in settings}
    alone, everywhere, nothing, filled = (made[setting] for setting in settings)
    assert not looked.reveal(alone, alone, looked.default).shown
    assert not looked.reveal(alone, nothing, looked.default).shown
    assert not worked.reveal(nothing, everywhere, worked.default).shown
    assert not evidence.reveal(filled, filled, evidence.default).shown


def _lesson(key: str) -> Lesson[Any]:
    return next(one for one in LESSONS if one.key == key)
