"""What a defect is: one typed object beside its code, from which profiles, the ledger and the reference are made."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from synthetic.defects.ledger import DefectWriter

Family = Literal["identity", "linkage", "offence", "dates", "recording", "outcome", "equality", "other"]
Apply = Callable[["DefectWriter"], None]

PROPOSED, ILLUSTRATIVE = "proposed", "illustrative"
HMICFRS_2023, HMICFRS_2025 = "HMICFRS, Race and policing, 2023", "HMICFRS, PEEL spotlight, 2025"
COPIES, ANY, BY_CRIME, BY_SYSTEM = "at random, on copies", "at random", "by channel and gravity", "by system"


@dataclass(frozen=True)
class Defect:
    """A kind of defect and everything known about it.

    ``rate`` is the profile's key that sets how much of it there is, ``typical`` the rate in the profile *typical* and
    ``source`` where that comes from. ``mechanism`` says in words on which rows it falls, and stands in the ledger. ``needs``
    names the defects without which it has no row to fall on; ``most`` is the highest rate.
    """

    name: str
    family: Family
    rate: str
    typical: float
    source: str
    mechanism: str
    apply: Apply
    needs: tuple[str, ...] = ()
    most: float = 1.0


def defect(
    rate: str,
    family: Family,
    typical: float,
    source: str,
    mechanism: str,
    needs: tuple[str, ...] = (),
    most: float = 1.0,
) -> Callable[[Apply], Defect]:
    """Declare the function below as a defect of that function's name."""

    def declare(apply: Apply) -> Defect:
        return Defect(apply.__name__, family, rate, typical, source, mechanism, apply, needs, most)

    return declare


def declared(module: ModuleType) -> list[Defect]:
    """The defects that a module declares: those that stand alone, and those in tuples."""
    found: list[Defect] = []
    for value in vars(module).values():
        listed = value if isinstance(value, tuple) else (value,)
        found += [one for one in listed if isinstance(one, Defect)]
    return found
