"""Blanks in every field that can be missing, each by its own weights and never evenly."""

import numpy as np

from synthetic.contract import TABLES
from synthetic.defects.ledger import Apply, Spoiler
from synthetic.defects.weights import crime_weights, group_weights, person_weights
from synthetic.world.scope import NEVER

UNEQUAL = ("ethnicity", "sex")


def blank(table: str, name: str, role: str | None = None) -> Apply:
    """A defect that leaves a field blank; ``role`` limits it to the person records of suspects or of victims."""

    def apply(spoiler: Spoiler) -> None:
        column = spoiler.columns(table)[name]
        nothing = NEVER if TABLES[table].field(name).kind == "date" else -1
        filled = spoiler.kept(table) & (column != nothing)
        if table == "persons":
            weights = person_weights(spoiler)
            if name in UNEQUAL:
                weights = weights * group_weights(spoiler)
            if role:
                filled &= spoiler.recording.persons["is_suspect"] == (role == "suspect")
        else:
            weights = crime_weights(spoiler)
            weights = weights if table == "crimes" else weights[spoiler.recording.involvements["crime"]]
        rows = spoiler.chosen(np.flatnonzero(filled), weights)
        spoiler.write(table, name, rows, np.full(len(rows), nothing, column.dtype))

    return apply
