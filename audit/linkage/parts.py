"""Long arrays part by part, so that threads share the work and what stands beside it takes little memory."""

from collections.abc import Iterator

AT_ONCE = 2_000_000
"""Pairs that a thread works on at a time."""


def in_turn(places: slice, times: int = 1) -> Iterator[slice]:
    """The places, so many as ``AT_ONCE``, or as several times that, at a time."""
    most = AT_ONCE * times
    for begin in range(places.start, places.stop, most):
        yield slice(begin, min(begin + most, places.stop))
