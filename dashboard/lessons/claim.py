"""What a lesson claims, as a figure with its 95% interval: shown only where the interval lies beyond what there would be without it."""

from dataclasses import dataclass

import numpy as np

from audit.statistics import wilson

Estimate = tuple[float, float, float]
"""A figure with the low and high end of its 95% interval."""


@dataclass(frozen=True)
class Claim:
    """A figure with its 95% interval, and the value that the whole interval must lie above, or ``below``."""

    figure: str
    """What the figure is, in English."""
    value: float
    low: float
    high: float
    beyond: float = 0.0
    below: bool = False

    @property
    def shown(self) -> bool:
        """Whether the whole interval lies beyond the value.

        >>> Claim("people missed", 0.06, 0.01, 0.12).shown, Claim("people missed", 0.02, -0.02, 0.07).shown
        (True, False)
        """
        return self.high < self.beyond if self.below else self.low > self.beyond


def share(part: float, whole: float) -> tuple[float, float, float]:
    """A share with its 95% Wilson interval: value, low, high."""
    value, low, high = (float(one[0]) for one in wilson(np.array([part]), np.array([whole])))
    return value, low, high


def difference(old: tuple[float, float, float], new: tuple[float, float, float]) -> tuple[float, float, float]:
    """New minus old with a 95% interval, from two shares with theirs (Newcombe 1998, method 10).

    >>> [round(end, 3) for end in difference(share(0, 100), share(6, 100))]
    [0.06, 0.011, 0.125]
    """
    value = new[0] - old[0]
    low = value - float(np.hypot(new[0] - new[1], old[2] - old[0]))
    high = value + float(np.hypot(new[2] - new[0], old[0] - old[1]))
    return value, low, high


def signed(value: float) -> str:
    """A change as a whole percentage with its sign; none where it rounds to nothing.

    >>> signed(0.123), signed(-0.42), signed(-0.001)
    ('+12%', '−42%', '0%')
    """
    return f"{100 * value:+.0f}%".replace("-", "−") if round(100 * value) else "0%"


def change(before: float, after: float) -> tuple[float, float, float]:
    """The change from one count to another as a share, with a 95% interval (normal for the logarithm of the ratio of two counts)."""
    ratio = after / before
    spread = 1.96 * float(np.sqrt(1 / max(before, 1.0) + 1 / max(after, 1.0)))
    return ratio - 1, ratio * float(np.exp(-spread)) - 1, ratio * float(np.exp(spread)) - 1
