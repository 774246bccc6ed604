"""Where each family of defects is repaired: everywhere, nowhere, or on some rows; for one list, or for many at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Repairs = frozenset[str] | Mapping[str, Mask | None]
"""Families repaired whole, or families with the rows on which they are repaired (None: all)."""


class Repaired:
    """Where a family is repaired: True everywhere, False nowhere, or a mask of rows.

    Of several lists at once the mask has shape (lists, rows), or (lists, 1) where each list has the family whole or not at all.
    """

    def __init__(self, *several: Repairs) -> None:
        self.lists = len(several)
        self._given = [dict.fromkeys(one) if isinstance(one, frozenset) else one for one in several]
        self._known: dict[str, Mask | bool] = {}

    def __call__(self, family: str) -> Mask | bool:
        if family not in self._known:
            self._known[family] = self._of(family)
        return self._known[family]

    def _of(self, family: str) -> Mask | bool:
        masks = [True if mask is None else mask for mask in (given.get(family, False) for given in self._given)]
        whole = [mask for mask in masks if isinstance(mask, bool)]
        if self.lists == 1 or (len(whole) == len(masks) and len(set(whole)) == 1):
            return masks[0]
        if len(whole) == len(masks):
            return np.array(whole)[:, np.newaxis]
        return np.array(np.broadcast_arrays(*masks))


def either(mask: Mask | bool, true: Any, recorded: Any) -> Any:
    """``true`` where the mask holds, else ``recorded``."""
    if mask is True:
        return true
    if mask is False:
        return recorded
    return np.where(mask, true, recorded)


def at_places(mask: Mask | bool, places: Array) -> Mask | bool:
    """The mask at some rows."""
    return mask if isinstance(mask, bool) or mask.shape[-1] == 1 else mask[..., places]
