"""Long arrays part by part, so that threads share the work and what stands beside it takes little memory."""

from collections.abc import Iterator

AT_ONCE, LEAST, SHARES = 2_000_000, 50_000, 4
"""Pairs that a thread works on at a time, at most; and where there are fewer, in how many parts they are shared out, none of them
smaller than ``LEAST``."""


def in_turn(places: slice, times: int = 1) -> Iterator[slice]:
    """The places part by part; or several times as many as a part has at a time."""
    share = -(-(places.stop - places.start) // SHARES)
    most = min(AT_ONCE, max(share, LEAST)) * times
    for begin in range(places.start, places.stop, most):
        yield slice(begin, min(begin + most, places.stop))
