"""The gates: what a force's data must reach before anything is tested on it, each declared once with the check that counts it."""

from dataclasses import dataclass
from typing import Literal

from audit.checks.catalogue import Check, check

Sense = Literal["at least", "at most"]
GateStatus = Literal["met", "not met", "too close to call", "cannot be judged"]

HALF, SOME, ANY = 0.5, 0.2, 1e-9
"""Least share of rows with a value: half, where the gate rests on the field; a fifth, where it helps; any value at all."""


@dataclass(frozen=True)
class Gate:
    """One gate. ``check_id`` names the check whose count it judges; a gate has no count of its own.

    ``sense`` and ``threshold`` (a share) say what its value must reach. The value is the share of good rows for "at least",
    of bad rows for "at most". ``estimated``: the figure is an estimate, so its interval takes part in the verdict.
    ``judged_of`` names the table whose rows the check must be able to judge, at least half of them. ``needs`` are the fields
    that it rests on, as ``table.field``, with the least share of rows that must have a value: a gate is not met by what is blank.
    ``met_without`` names a check of some of the gate's good rows that may be good for a wrong reason: without the rows that
    fail it the gate must be met as well.
    """

    key: str
    label: str
    check_id: str
    sense: Sense
    threshold: float
    estimated: bool = False
    judged_of: Literal["crimes", "persons"] | None = None
    needs: tuple[tuple[str, float], ...] = ()
    met_without: str | None = None

    @property
    def rule(self) -> Check:
        """The check that counts the gate's rows."""
        found = check(self.check_id)
        assert found is not None, self.check_id
        return found

    def fails_above(self, threshold: float) -> float:
        """The rate of bad rows above which the gate's check fails, for a threshold of the gate; both are shares.

        >>> GATES["victim's sex present"].fails_above(0.95)
        0.05
        """
        return threshold if self.sense == "at most" else round(1 - threshold, 12)


_ALL = (
    Gate(
        "named suspects linked", "Named suspects linked", "required_when.suspect_linked", "at least", 0.90,
        # Where the status is blank and a suspect is linked, nobody knows that one was named.
        met_without="required_when.suspect_status",
    ),
    Gate("victim's sex present", "Victim's sex present", "linked_records.crimes.victims_sex", "at least", 0.95),
    Gate("force-months supplied", "Months of data supplied", "months_supplied.crimes", "at least", 1.0),
    Gate(
        "impossible dates", "Impossible dates", "impossible_date.crimes", "at most", 0.01, judged_of="crimes",
        needs=(
            ("crimes.occurred_on", HALF), ("crimes.reported_on", HALF), ("crimes.recorded_on", HALF), ("crimes.outcome_on", ANY),
        ),
    ),
    Gate("crimes recorded twice", "Crimes recorded twice", "same_event_twice.crimes", "at most", 0.01, judged_of="crimes"),
    Gate(
        "duplicate person records", "Duplicate person records", "duplicate_identities.persons", "at most", 0.10,
        estimated=True, judged_of="persons",
        needs=(
            ("persons.forename", HALF), ("persons.surname", HALF), ("persons.date_of_birth", HALF), ("persons.sex", HALF),
            ("persons.address", SOME), ("persons.postcode", SOME), ("persons.phone", SOME),
        ),
    ),
)  # fmt: skip
GATES: dict[str, Gate] = {gate.key: gate for gate in _ALL}
"""Every gate by its name in files, in the order of reports. The thresholds are those of the design."""
GATE_OF_CHECK: dict[str, Gate] = {gate.check_id: gate for gate in _ALL}


def verdict_of_estimate(value: float, low: float, high: float, sense: Sense, threshold: float) -> GateStatus:
    """The verdict on an estimate: too close to call where its interval holds the threshold.

    >>> verdict_of_estimate(0.83, 0.79, 0.87, "at least", 0.8)
    'too close to call'
    >>> verdict_of_estimate(0.04, 0.03, 0.06, "at most", 0.1)
    'met'
    """
    if low <= threshold <= high:
        return "too close to call"
    reached = value >= threshold if sense == "at least" else value <= threshold
    return "met" if reached else "not met"
