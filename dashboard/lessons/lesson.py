"""What a lesson is: one object that holds everything known about it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from audit.presentation.charts import Picture
from audit.presentation.tables import Table
from dashboard.lessons.claim import Claim
from dashboard.lessons.lab import Lab, Recipe


@dataclass(frozen=True)
class Reveal:
    """What a class sees: a sentence, a table, and a chart where one helps, with what it shows in words.

    Every figure of the sentence is one of the table's, or of the severity's label; the claims are what the sentence says.
    """

    sentence: str
    table: Table
    claims: tuple[Claim, ...]
    picture: Picture | None = None
    alternative: str = ""

    @property
    def shown(self) -> bool:
        """Whether the figures show what the lesson says, beyond chance."""
        return all(claim.shown for claim in self.claims)


@dataclass(frozen=True)
class Lesson:
    """A lesson for a class. Its key stands in addresses, so it never changes."""

    key: str
    title: str
    question: str
    answers: tuple[str, ...]
    """What the class may vote for."""
    setting: str
    """What the severities differ in, as it stands beside the choice."""
    severities: dict[str, Recipe]
    """Labels to choose from, each with the world that it makes."""
    reveal: Callable[[Lab, Lab, str], Reveal]
    """From the clean world, the world with defects, and the severity's label."""
    takeaway: str
    source: str
    default: str
    """The severity that is shown first; it must show the lesson's point."""
    clean: Recipe = field(default_factory=Recipe)
    """The world that it is compared with."""


def severities(key: str, values: tuple[float, ...], what: str, clean: Recipe = Recipe()) -> dict[str, Recipe]:  # noqa: B008 - frozen
    """A severity for each value of one key of the profile, on the clean world of a recipe."""
    return {f"{100 * value:g}% {what}": replace(clean, settings=((key, value),)) for value in values}
