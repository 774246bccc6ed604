"""What the defects do to a prioritisation. Only aggregates leave this package: never a person beside a score or a rank.

For each force and instrument the list that the recorded data gives is compared with the list that the truth gives; six
families of defects can each be repaired from the truth, alone, together, or in part. An instrument is a declaration, a TOML
file in ``instruments/``; ``measure`` makes the lists.
"""

from audit.effect.bench import FAMILIES
from audit.effect.blanks import found_by_blank
from audit.effect.choices import (
    DATE_BASES,
    DEFAULT_K,
    WEIGHTS,
    Choices,
    check_choices,
    list_lengths,
    pooled_length,
    read_k,
    read_weights,
)
from audit.effect.instruments import Instrument, built_in, every_audit
from audit.effect.instruments import choose as choose_instruments
from audit.effect.measure import measure, measure_lists
from audit.effect.shapley import shapley
from audit.effect.tables import EVERYWHERE, Effect, no_effect
from audit.statistics import LEAST_GROUP

__all__ = [
    "DATE_BASES",
    "DEFAULT_INSTRUMENT",
    "DEFAULT_K",
    "EVERYWHERE",
    "FAMILIES",
    "INSTRUMENT_NAMES",
    "LEAST_GROUP",
    "WEIGHTS",
    "Choices",
    "Effect",
    "Instrument",
    "built_in",
    "check_choices",
    "choose_instruments",
    "every_audit",
    "found_by_blank",
    "list_lengths",
    "measure",
    "measure_lists",
    "no_effect",
    "pooled_length",
    "read_k",
    "read_weights",
    "shapley",
]

INSTRUMENT_NAMES = tuple(instrument.key for instrument in every_audit())
"""Keys of the instruments that each audit computes."""
DEFAULT_INSTRUMENT = INSTRUMENT_NAMES[0]
