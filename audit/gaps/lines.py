"""The series of a force's units once unit changes are known: what is searched for gaps."""

import numpy as np
import numpy.typing as npt

from audit.gaps.events import Step

Array = npt.NDArray[np.float64]


class Lines:
    """Counts of a force's units, with the months in which each exists, the steps of its level, and who is who.

    ``crimes`` (units × groups × months) hold a renamed unit's earlier months under its new name; ``exists`` and ``steps``
    (log of what changes have made of the level) are units × months; ``owner`` is the unit that recorded each month of a line.
    A unit that was renamed has no line of its own any more (``exists`` is nowhere true).
    """

    def __init__(self, crimes: Array) -> None:
        units, _, months = crimes.shape
        self.crimes = crimes.copy()
        self.exists: npt.NDArray[np.bool_] = np.ones((units, months), bool)
        self.steps: Array = np.zeros((units, months))
        self.owner: npt.NDArray[np.int64] = np.repeat(np.arange(units)[:, None], months, axis=1)

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """The units that have a line."""
        return np.flatnonzero(self.exists.any(1))

    def rename(self, old: int, new: int, month: int) -> None:
        """The line of ``old`` goes on as ``new`` from ``month`` on."""
        self.crimes[new] += self.crimes[old]
        self.crimes[old] = 0
        self.exists[new, :month] = self.exists[old, :month]
        self.exists[old] = False
        self.owner[new, :month] = self.owner[old, :month]
        self.steps[new, month:] += self.steps[old, max(month - 1, 0)]
        self.steps[new, :month] = self.steps[old, :month]

    def change(self, step: Step) -> None:
        """A unit stops, starts, rises or falls in a month."""
        if not step.is_end:
            after = step.before + step.sign * step.size
            self.steps[step.unit, step.month :] += np.log(max(after, 1e-3) / max(step.before, 1e-3))
        elif step.sign > 0:
            self.exists[step.unit, : step.month] = False
        else:
            self.exists[step.unit, step.month :] = False
