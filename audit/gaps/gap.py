"""A reporting gap, as the search finds it."""

from dataclasses import dataclass

WHOLE = 0
"""Position of the whole unit among a unit's series; the offence groups follow."""

FALSE_DISCOVERY_RATE = 0.01
"""Share of a force's gaps that may be chance (Benjamini and Hochberg 1995): under the 5% that is asked for, as the
p-values rest on a model."""


@dataclass(frozen=True)
class Gap:
    """Positions of unit, series (0 the whole unit) and months (first, and the one after the last), with kind and figures.

    ``p_value`` is corrected for the windows tried, ``q_value`` for the series of the force as well. ``hidden`` is how many
    crimes are missing from the months, with a 95% interval; a late run misses none.
    """

    unit: int
    series: int
    begin: int
    end: int
    p_value: float
    q_value: float = 1.0
    kind: str = ""
    observed: float = 0.0
    expected: float = 0.0
    hidden: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def lasts(self, months: int) -> bool:
        """Whether it lasts to the end of the data."""
        return self.end == months
