"""How the lists are made: weights, date basis and length, which a user may choose."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import pandas as pd

from synthetic.contract import reference
from synthetic.errors import InputError

WEIGHTS = ("harm_days", "css_weight", "count")
DATE_BASES = ("reported", "occurred")
DEFAULT_K = 100
"""The length of a force's list, as the Metropolitan Police's V100 has it."""
NATIONS_K = 1000
"""The length of a nation's list (Labour press release, 2023)."""
LEAST_K = 10


@dataclass(frozen=True)
class Choices:
    """How the lists are made. ``weights`` (a column of the reference, ``count``, or the name of own weights) and ``date_basis``
    are as the instrument declares where they are None. ``k`` is the length of each force's list, or ``population`` for lists in
    proportion to the population of the force.
    """

    weights: str | None = None
    date_basis: str | None = None
    k: int | Literal["population"] = DEFAULT_K


def check_choices(choices: Choices, weights: dict[str, float] | None = None) -> None:
    """Refuse choices that are not known; raises InputError with what is allowed."""
    if choices.weights not in (None, *WEIGHTS) and weights is None:
        raise InputError("weights", f"takes one of {', '.join(WEIGHTS)}, or a CSV file with the columns offence_code and weight.")
    if choices.date_basis not in (None, *DATE_BASES):
        raise InputError("date_basis", f"takes one of {', '.join(DATE_BASES)}.")
    if choices.k != "population" and (
        not isinstance(choices.k, int) or isinstance(choices.k, bool) or not 1 <= choices.k <= 1_000_000
    ):
        raise InputError("k", "takes a whole number of 1 or more, or population.")


def read_k(text: str) -> int | Literal["population"]:
    """The length of a list as a command line gives it: a whole number or ``population``; raises InputError."""
    if text == "population":
        return "population"
    if not text.isascii() or not text.isdigit() or len(text) > 7:
        raise InputError("k", "takes a whole number of 1 or more, or population.")
    return int(text)


def read_weights(path: Path) -> dict[str, float]:
    """A user's own weights by offence code, from a CSV file with offence_code and one column of numbers: weight, harm_days or
    css_weight. Codes that the file leaves out keep the reference's harm days. Raises InputError, which echoes no value.
    """
    offences = reference("offences")
    known = dict(zip(offences["offence_code"], offences["harm_days"].astype(float), strict=True))
    try:
        frame = pd.read_csv(path, dtype={"offence_code": "str"}, encoding="utf-8-sig")
        column = next(name for name in ("weight", "harm_days", "css_weight") if name in frame)
        own = dict(zip(frame["offence_code"].str.strip(), frame[column].astype(float), strict=True))
    except (OSError, ValueError, KeyError, AttributeError, StopIteration):
        raise InputError("weights", "takes harm_days, css_weight, count, or a CSV file with offence_code and weight.") from None
    if set(own) - set(known):
        raise InputError("weights", "has an offence code that the reference does not have; see synthetic/reference/offences.csv.")
    if not all(0 <= value < 1e6 for value in own.values()):
        raise InputError("weights", "takes weights from 0 to a million.")
    return known | own


def list_lengths(
    connection: duckdb.DuckDBPyConnection, forces: list[str], k: int | Literal["population"] = DEFAULT_K
) -> dict[str, int]:
    """The length of each force's list: ``k``, or for ``population`` in proportion to the force's."""
    return {force: pooled_length(connection, [force]) if k == "population" else k for force in forces}


def pooled_length(connection: duckdb.DuckDBPyConnection, forces: list[str]) -> int:
    """1,000 × the population of the forces' units ÷ the population of all forces of the reference table, rounded, at least 10."""
    nation = int(reference("forces")["population"].sum())
    population = dict(connection.execute("SELECT force, sum(population) FROM units GROUP BY force").fetchall())
    return max(LEAST_K, round(NATIONS_K * sum(int(population.get(force) or 0) for force in forces) / nation))
