"""Instruments: published ideas of prioritising, run only on synthetic people to see what bad data does to them.

Private to ``audit.effect``: nothing else may import this package, and nothing of what its scoring returns leaves the effect
but aggregates.
"""

from audit.effect.instruments.declaration import Instrument, built_in, choose, declare, every_audit, read_file
from audit.effect.instruments.scoring import distinct_victims, first_of_each, pairs_of, scores, top_list

__all__ = [
    "Instrument",
    "built_in",
    "choose",
    "declare",
    "distinct_victims",
    "every_audit",
    "first_of_each",
    "pairs_of",
    "read_file",
    "scores",
    "top_list",
]
