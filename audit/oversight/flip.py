"""Where a share over filled and blank rows crosses its limit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Flip:
    """Where a share over filled and blank rows crosses its limit. Shares; ``point`` is that among the blank ones."""

    point: float
    beyond_reach: bool


def flip(filled: float, value: float, blank: float, limit: float) -> Flip:
    """The share among ``blank`` rows at which that over all rows equals ``limit``, given the share ``value`` of the ``filled`` rows.

    >>> flip(100, 0.02, 50, 0.05)
    Flip(point=0.11, beyond_reach=False)
    """
    point = round(float((limit * (filled + blank) - value * filled) / blank), 12) + 0.0  # -0.0 is 0
    return Flip(point, not 0 <= point <= 1)
