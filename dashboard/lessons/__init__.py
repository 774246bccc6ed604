"""The lessons for a class, in the order in which they are offered. A new one is an entry in a module of its topic."""

from typing import Any

from dashboard.lessons import choices, fields, identity, limits, oversight, recording
from dashboard.lessons.lesson import Lesson, Reveal

__all__ = ["LESSONS", "Lesson", "Reveal"]

LESSONS: tuple[Lesson[Any], ...] = (
    *identity.LESSONS,
    *recording.LESSONS,
    *choices.LESSONS,
    *fields.LESSONS,
    *limits.LESSONS,
    *oversight.LESSONS,
)
