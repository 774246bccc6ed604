"""The series of a force's units once unit changes are known: what is searched for gaps."""

import numpy as np
import numpy.typing as npt

from audit.gaps.events import SPAN, Step

Array = npt.NDArray[np.float64]

FEW = 10.0
"""So many crimes on either side draw a group's step half-way to that of the whole unit."""


class Lines:
    """Counts of a force's units, with the months in which each exists, the steps of its level, and who is who.

    ``crimes`` (units × groups × months) hold a renamed unit's earlier months under its new name; ``exists`` is units × months;
    ``steps``, the log of what changes have made of the level, are units × series × months, the whole unit first and its
    groups after it; ``owner`` is the unit that recorded each month of a line.
    A unit that was renamed has no line of its own any more (``exists`` is nowhere true).
    """

    def __init__(self, crimes: Array) -> None:
        units, groups, months = crimes.shape
        self.crimes = crimes.copy()
        self.exists: npt.NDArray[np.bool_] = np.ones((units, months), bool)
        self.steps: Array = np.zeros((units, 1 + groups, months))
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
        self.steps[new, :, month:] += self.steps[old, :, max(month - 1, 0)][:, None]
        self.steps[new, :, :month] = self.steps[old, :, :month]

    def change(self, step: Step) -> None:
        """A unit stops, starts, rises or falls in a month."""
        if not step.is_end:
            after = step.before + step.sign * step.size
            self.steps[step.unit, :, step.month :] += np.log(max(after, 1e-3) / max(step.before, 1e-3))
            self.steps[step.unit, 1:, step.month :] += self._mix(step)[:, None]
        elif step.sign > 0:
            self.exists[step.unit, : step.month] = False
        else:
            self.exists[step.unit, step.month :] = False

    def _mix(self, step: Step) -> Array:
        """Log of how a step changes the share of each group, (groups,), drawn towards none where there are few crimes."""
        before, after = (
            self.crimes[step.unit, :, max(begin, 0) : end].sum(1)
            for begin, end in ((step.month - SPAN, step.month), (step.month, step.month + SPAN))
        )
        expected = before * after.sum() / max(before.sum(), 1.0)
        return np.log((after + FEW) / (expected + FEW))
