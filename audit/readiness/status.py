"""The status of a force's data, from its gates, its dimensions and the share of people found."""

from dataclasses import dataclass

import pandas as pd

from audit.effect import LEAST_GROUP
from audit.readiness.gates import GateStatus, verdict_of_estimate
from audit.results import Status

LEAST_LIST = 50
"""People found is judged on truth lists of at least so many people: on shorter ones it is noise."""


@dataclass(frozen=True)
class PeopleFound:
    """The share of the people a list should hold that it finds, with its interval, and the verdict.

    The shares are None where there is no truth, or where the truth list has fewer than 10 people.
    """

    value: float | None
    low: float | None
    high: float | None
    threshold: float
    size: int
    status: GateStatus


def people_found(effect: pd.DataFrame, threshold: float) -> PeopleFound:
    """The verdict on people found, of one row of ``effect`` (one force and instrument); no row means no truth."""
    shown = effect[(effect["truth_size"] >= LEAST_GROUP).fillna(False).astype(bool) & effect["recall_at_k"].notna()]
    if not len(shown):
        return PeopleFound(None, None, None, threshold, 0, "cannot be judged")
    value, low, high = (float(shown[name].iloc[0]) for name in ("recall_at_k", "low", "high"))
    size = int(shown["truth_size"].iloc[0])
    status = verdict_of_estimate(value, low, high, "at least", threshold) if size >= LEAST_LIST else "cannot be judged"
    return PeopleFound(value, low, high, threshold, size, status)


def status_of(readiness: pd.DataFrame, found: GateStatus) -> Status:
    """The status of one force for one instrument, from its rows of ``readiness`` and the verdict on people found.

    What cannot be judged never lets data through: not a gate, not a dimension, not the share of people found.
    """
    gates = readiness.loc[readiness["kind"] == "gate", "status"]
    if (gates == "not met").any():
        return "not ready"
    if not len(gates) or (gates != "met").any():
        return "cannot be judged"
    dimensions = readiness.loc[readiness["kind"] == "dimension", "status"]
    if not dimensions.isin(["pass", "warn"]).all() or found != "met":
        return "process testing only"
    return "supervised pilot"
