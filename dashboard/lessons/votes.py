"""A class's votes, kept in the server's memory: counts only, nothing of who voted, gone when the server stops."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import streamlit as st

MOST_KEPT = 500
"""Ballots kept; the oldest go first."""


@dataclass
class Ballot:
    """The votes on one lesson of one class; ``number`` grows when it is cleared, so that everyone may vote again."""

    number: int = 1
    counts: dict[str, int] = field(default_factory=dict)


class Votes:
    """The ballots of every class by class and lesson; safe for many visitors at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ballots: OrderedDict[tuple[str, str], Ballot] = OrderedDict()

    def cast(self, group: str, lesson: str, answer: str, before: tuple[int, str] | None) -> tuple[int, str]:
        """Count an answer, instead of the visitor's vote ``before`` on this ballot; returns the vote to remember."""
        with self._lock:
            ballot = self._of(group, lesson)
            if before is not None and before[0] == ballot.number and ballot.counts.get(before[1], 0) > 0:
                ballot.counts[before[1]] -= 1
            ballot.counts[answer] = ballot.counts.get(answer, 0) + 1
            return ballot.number, answer

    def tally(self, group: str, lesson: str) -> Ballot:
        """The votes so far, as a copy."""
        with self._lock:
            ballot = self._of(group, lesson)
            return Ballot(ballot.number, dict(ballot.counts))

    def clear(self, group: str, lesson: str) -> None:
        """Begin the vote on a lesson again."""
        with self._lock:
            ballot = self._of(group, lesson)
            ballot.number, ballot.counts = ballot.number + 1, {}

    def _of(self, group: str, lesson: str) -> Ballot:
        ballot = self._ballots.setdefault((group, lesson), Ballot())
        self._ballots.move_to_end((group, lesson))
        while len(self._ballots) > MOST_KEPT:
            self._ballots.popitem(last=False)
        return ballot


@st.cache_resource
def votes() -> Votes:
    """The one set of ballots of this server."""
    return Votes()
