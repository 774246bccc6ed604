"""What a lesson is: one object that holds everything known about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from audit.presentation.charts import Picture
from audit.presentation.tables import Table
from dashboard.lessons.claim import Claim
from dashboard.lessons.lab import Recipe

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)


class Setting(Protocol[M_co]):
    """What a class may choose: it makes something small and measures it. Equal settings make the same."""

    @property
    def command(self) -> str:
        """The commands that make the same."""
        ...

    def make(self, progress: Callable[[str, float], None]) -> M_co:
        """Make and measure it; ``progress`` is called with a sentence and the share done."""
        ...


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
class Lesson(Generic[M]):
    """A lesson for a class. Its key stands in addresses, so it never changes."""

    key: str
    title: str
    question: str
    answers: tuple[str, ...]
    """What the class may vote for."""
    setting: str
    """What the severities differ in, as it stands beside the choice."""
    severities: Mapping[str, Setting[M]]
    """Labels to choose from, each with the world that it makes."""
    reveal: Callable[[M, M, str], Reveal]
    """From the clean world, the world with defects, and the severity's label."""
    takeaway: str
    source: str
    default: str
    """The severity that is shown first; it must show the lesson's point."""
    clean: Setting[M] = field(kw_only=True)
    """The world that it is compared with."""
    of_lists: bool = True
    """Whether it is about lists, so that how long they are must be said."""


def severities(key: str, values: tuple[float, ...], what: str, clean: Recipe = Recipe()) -> dict[str, Recipe]:  # noqa: B008 - frozen
    """A severity for each value of one key of the profile, on the clean world of a recipe."""
    return {f"{100 * value:g}% {what}": replace(clean, settings=((key, value),)) for value in values}
