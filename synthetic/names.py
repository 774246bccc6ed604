"""Names by naming culture, from Faker's locales, and the British street names, all as pools of strings.

A person's culture follows the ethnicity: cultures differ in how few surnames they share and in how names are spelt in
English, which is what makes some people's records merge wrongly and others' split.
"""

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

# Ethnicity code → Faker locales whose names such a person may carry. Latin script only; Chinese names are romanised.
CULTURES: dict[str, tuple[str, ...]] = {
    "W1": ("en_GB",),
    "W2": ("en_IE",),
    "W9": ("ro_RO", "pt_PT", "it_IT"),
    "M1": ("en_GB", "en_US"),
    "M2": ("en_GB", "yo_NG"),
    "M3": ("en_GB", "en_IN"),
    "M9": ("en_GB", "es_CO"),
    "A1": ("en_IN",),
    "A2": ("fr_DZ", "en_IN"),
    "A3": ("fr_DZ", "en_IN"),
    "A9": ("en_IN", "tr_TR"),
    "B1": ("en_US",),
    "B2": ("yo_NG", "tw_GH", "en_KE"),
    "B9": ("en_KE", "en_US"),
    "O1": ("zh_CN",),
    "O9": ("fr_DZ", "tr_TR"),
}
STREET_ENDINGS = ("Road", "Street", "Lane", "Avenue", "Close", "Drive", "Way", "Gardens", "Crescent", "Grove", "Court")


@dataclass(frozen=True)
class NameTable:
    """Names of one culture and kind: codes into the pool, and cumulative weights to draw by."""

    codes: np.ndarray
    cumulative: np.ndarray


@dataclass(frozen=True)
class NamePool:
    """All names, and a table to draw from by (locale, kind); kinds are ``M``, ``F`` (forenames) and ``surname``."""

    names: list[str]
    tables: dict[tuple[str, str], NameTable]


@cache
def name_pool() -> NamePool:
    """The pool of every name of every culture; the same on every machine with the same release of Faker."""
    names: dict[str, int] = {}
    tables = {}
    for locale in sorted({locale for locales in CULTURES.values() for locale in locales}):
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for kind, attributes in {
            "M": ("first_romanized_names", "first_names_male"),
            "F": ("first_romanized_names", "first_names_female"),
            "surname": ("last_romanized_names", "last_names"),
        }.items():
            listed = next(getattr(provider, name) for name in attributes if hasattr(provider, name))
            weights = _weights(listed)
            codes = np.array([names.setdefault(name, len(names)) for name in weights], dtype=np.int32)
            cumulative = np.cumsum(np.array(list(weights.values()), dtype=float))
            cumulative /= cumulative[-1]
            cumulative[-1] = 1.0
            tables[locale, kind] = NameTable(codes, cumulative)
    return NamePool(list(names), tables)


@dataclass(frozen=True)
class DrawingTable:
    """All tables laid end to end: table n holds the cumulative weights n to n + 1, so that one search draws from any of them."""

    number: dict[tuple[str, str], int]
    codes: np.ndarray
    cumulative: np.ndarray
    last: np.ndarray

    def draw(self, table: np.ndarray, draw: np.ndarray) -> np.ndarray:
        """Pool codes, one from each table named by its number, for numbers in [0, 1); shape (n,)."""
        found = np.searchsorted(self.cumulative, table + draw, side="right")
        return self.codes[np.minimum(found, self.last[table])]


@cache
def drawing_table() -> DrawingTable:
    """The pool's tables, to draw names of many cultures in one go."""
    tables = name_pool().tables
    lengths = np.cumsum([len(table.codes) for table in tables.values()])
    return DrawingTable(
        {name: place for place, name in enumerate(tables)},
        np.concatenate([table.codes for table in tables.values()]),
        np.concatenate([table.cumulative + place for place, table in enumerate(tables.values())]),
        lengths - 1,
    )


@cache
def street_names() -> list[str]:
    """Street names: British surnames with the usual endings."""
    surnames = importlib.import_module("faker.providers.person.en_GB").Provider.last_names
    return [f"{name} {ending}" for name in surnames for ending in STREET_ENDINGS]


def _weights(listed: Any) -> dict[str, float]:
    """Faker's names with their weights; where a locale gives none, a Zipf law over the list's order (illustrative)."""
    if isinstance(listed, dict):
        return {name: float(weight) for name, weight in listed.items()}
    unique = list(dict.fromkeys(name.strip() for name in listed))
    return {name: 1.0 / (rank + 10) for rank, name in enumerate(unique)}
