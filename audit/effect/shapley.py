"""Shares of a result among those who made it: Shapley's value over families, Owen's within one."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from math import factorial
from typing import Any, TypeVar

Name = TypeVar("Name")


def subsets(names: Iterable[Name]) -> list[frozenset[Name]]:
    """Every subset, the empty one first and the whole last."""
    listed = list(names)
    return [frozenset(chosen) for size in range(len(listed) + 1) for chosen in combinations(listed, size)]


def weight(size: int, players: int) -> float:
    """The weight of a subset of that size, for one of so many players who is not in it."""
    return factorial(size) * factorial(players - size - 1) / factorial(players)


def shapley(values: Mapping[frozenset[str], Any], families: tuple[str, ...]) -> dict[str, Any]:
    """Exact Shapley values of a game over families, given its value for each subset (Shapley 1953).

    Values are numbers, or arrays with a number for each person. They sum to the value of all families less that of none.

    >>> shapley({frozenset(): 0.0, frozenset("a"): 1.0, frozenset("b"): 0.0, frozenset("ab"): 2.0}, ("a", "b"))
    {'a': 1.5, 'b': 0.5}
    """
    return {
        family: sum(
            weight(len(subset), len(families)) * (values[subset | {family}] - values[subset])
            for subset in subsets(other for other in families if other != family)
        )
        for family in families
    }


def owen(
    values: Mapping[tuple[frozenset[str], frozenset[str]], Any], others: tuple[str, ...], parts: tuple[str, ...]
) -> dict[str, Any]:
    """Owen values of the parts of one family (Owen 1977): ``values`` by (other families repaired, parts repaired).

    They sum to the family's Shapley value.
    """
    return {
        part: sum(
            weight(len(chosen), len(others) + 1)
            * weight(len(inside), len(parts))
            * (values[chosen, inside | {part}] - values[chosen, inside])
            for chosen in subsets(others)
            for inside in subsets(other for other in parts if other != part)
        )
        for part in parts
    }
