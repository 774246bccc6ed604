"""What a check is: a declaration, with its limits and its three sentences."""

import dataclasses
from dataclasses import dataclass
from typing import Any

DIMENSIONS = ("completeness", "uniqueness", "consistency", "timeliness", "validity", "accuracy", "coverage")

MATTERS = {
    "identity": "Without it, records of one person cannot be told to be one, and a list ranks fragments.",
    "frequency": "Without it, a crime does not count for anybody, and frequency is too low.",
    "recency": "Without it, a crime cannot be placed in time, and falls out of the window or in it wrongly.",
    "severity": "Without it, the harm of a crime cannot be weighed.",
    "contact": "Without it, nobody can be found or protected, whatever the list says.",
    "equality": "Without it, nobody can test whether a list treats groups alike.",
    "": "Without it, the record is less of a guide, though no list rests on it.",
}
"""What a prioritisation loses with a field, by what it needs the field for."""


@dataclass(frozen=True)
class Check:
    """One check. ``type`` names a function of ``audit.checks.TYPES``, which takes ``parameters``.

    A rate above ``warn`` warns, above ``fail`` fails. ``finds``, ``matters`` and ``mend`` are sentences: what is counted,
    why it matters to a prioritisation, how it is mended.
    """

    id: str
    type: str
    dimension: str
    table: str
    field: str
    warn: float
    fail: float
    finds: str
    matters: str
    mend: str
    needed_for: tuple[str, ...] = ()
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
