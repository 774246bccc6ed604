"""Defects of recording: reports that never become a crime, late ones, gaps, and one event recorded twice."""

from datetime import date

import numpy as np

from synthetic.contract import reference
from synthetic.defects.declaration import ANY, HMICFRS_2025, ILLUSTRATIVE, PROPOSED, defect
from synthetic.defects.ledger import Spoiler
from synthetic.defects.weights import grave
from synthetic.recording import CANCELLED, CRIME, INCIDENT, cancellations
from synthetic.world.scope import NEVER


def _leave_out(spoiler: Spoiler, crimes: np.ndarray) -> None:
    """Crimes are not recorded, nor who was involved; the person records stay, as police have them for other reasons."""
    recording = spoiler.recording
    lost = np.zeros(len(recording.crimes["kept"]), bool)
    lost[crimes] = True
    involved = np.flatnonzero(lost[recording.involvements["crime"]] & spoiler.written("involvements"))
    recording.crimes["kept"][crimes] = False
    spoiler.ledger.gone("crimes", crimes)
    recording.involvements["kept"][involved] = False
    spoiler.ledger.gone("involvements", involved)


def _groups(spoiler: Spoiler) -> np.ndarray:
    return reference("offences")["offence_group"].to_numpy()[spoiler.recording.crimes["offence_true"]]


def _hidden(spoiler: Spoiler) -> np.ndarray:
    return np.isin(_groups(spoiler), ("stalking", "harassment"))


@defect("recording.not_recorded", "recording", 0.038, HMICFRS_2025, "by gravity")
def not_recorded(spoiler: Spoiler) -> None:
    """Reports that never become a crime; grave ones rarely."""
    open_ones = np.flatnonzero(spoiler.kept("crimes") & ~_hidden(spoiler))
    _leave_out(spoiler, spoiler.chosen(open_ones, np.where(grave(spoiler), 0.25, 1.0)))


@defect("recording.not_recorded_hidden", "recording", 0.08, HMICFRS_2025, "by offence")
def not_recorded_hidden(spoiler: Spoiler) -> None:
    """Stalking, harassment and controlling behaviour that never become a crime."""
    _leave_out(spoiler, spoiler.chosen(np.flatnonzero(spoiler.kept("crimes") & _hidden(spoiler))))


@defect("recording.late", "recording", 0.06, PROPOSED, ANY)
def late(spoiler: Spoiler) -> None:
    """Crimes recorded two to thirty days after the report; before the outcome and the dataset's last day."""
    crimes = spoiler.recording.crimes
    rows = spoiler.chosen(np.flatnonzero(spoiler.kept("crimes")))
    delay = np.minimum(2 + spoiler.rng.exponential(6.0, len(rows)).astype(np.int32), 30)
    outcome = crimes["outcome_on"][rows]
    latest = np.where(outcome == NEVER, spoiler.recording.last_day, outcome)
    true = crimes["recorded_on"][rows]
    spoiler.write("crimes", "recorded_on", rows, np.maximum(np.minimum(true + delay, latest), true).astype(np.int32))


# How much likelier a crime is wrongly cancelled than violence is, by offence group, and how units differ (illustrative; of
# samples of cancellations, small ones, up to 43 % of rapes and 50 % of violence were wrong: BBC Shared Data Unit on HMICFRS).
CANCELLED_BY_GROUP = {"rape": 2.0, "other_sexual": 2.0, "stalking": 1.2}
UNIT_SPREAD = 0.6


@defect("recording.crime_as_incident", "recording", 0.03, ILLUSTRATIVE, "domestic crimes, by gravity")
def crime_as_incident(spoiler: Spoiler) -> None:
    """A domestic crime is left as a non-crime incident, without an offence or an outcome."""
    crimes = spoiler.recording.crimes
    domestic = np.flatnonzero(spoiler.kept("crimes") & (crimes["domestic_abuse"] == 1))
    rows = spoiler.chosen(domestic, np.where(grave(spoiler), 0.1, 1.0))
    spoiler.write("crimes", "record_class", rows, np.full(len(rows), INCIDENT, np.int8))
    for name, nothing in (("offence_code", -1), ("outcome_code", -1), ("outcome_on", NEVER)):
        spoiler.write("crimes", name, rows, np.full(len(rows), nothing, crimes[name].dtype))


@defect("recording.cancelled_wrongly", "recording", 0.01, ILLUSTRATIVE, "by offence group and unit")
def cancelled_wrongly(spoiler: Spoiler) -> None:
    """A crime that took place is cancelled, with a reason as any other; more in some units and of some offence groups."""
    recording = spoiler.recording
    crimes = recording.crimes
    of_unit = spoiler.rng.lognormal(0, UNIT_SPREAD, len(recording.force.unit_shares))
    of_group = np.array([CANCELLED_BY_GROUP.get(group, 1.0) for group in reference("offences")["offence_group"]])
    rows = spoiler.chosen(np.flatnonzero(spoiler.kept("crimes")), of_unit[crimes["unit"]] * of_group[crimes["offence_true"]])
    on, reason = cancellations(spoiler.rng, crimes["recorded_on"][rows], recording.last_day)
    spoiler.write("crimes", "record_class", rows, np.full(len(rows), CANCELLED, np.int8))
    spoiler.write("crimes", "cancelled_on", rows, on)
    spoiler.write("crimes", "cancel_reason", rows, reason)
    for name, nothing in (("outcome_code", -1), ("outcome_on", NEVER)):
        spoiler.write("crimes", name, rows, np.full(len(rows), nothing, crimes[name].dtype))


@defect("recording.recorded_twice", "recording", 0.01, PROPOSED, ANY)
def recorded_twice(spoiler: Spoiler) -> None:
    """The same event recorded again, on the same day or soon after, with all who were involved."""
    recording = spoiler.recording
    crimes, involvements = recording.crimes, recording.involvements
    source = spoiler.chosen(np.flatnonzero(spoiler.kept("crimes") & ~crimes["again"]))
    first = len(crimes["kept"])
    rows = first + np.arange(len(source))
    links = np.flatnonzero(spoiler.kept("involvements") & np.isin(involvements["crime"], source))
    for name, values in crimes.items():
        crimes[name] = np.concatenate([values, values[source]])
    crimes["again"][rows] = True
    spoiler.ledger.added("crimes", rows)
    copy_of = np.zeros(first, np.int64)
    copy_of[source] = rows
    first_link = len(involvements["crime"])
    for name, values in involvements.items():
        involvements[name] = np.concatenate([values, values[links]])
    link_rows = first_link + np.arange(len(links))
    involvements["crime"][link_rows] = copy_of[involvements["crime"][link_rows]]
    spoiler.ledger.added("involvements", link_rows)


# ---- gaps --------------------------------------------------------------------------------------------------------------


def months_of(spoiler: Spoiler) -> np.ndarray:
    """Month of recording of each crime, counted from January 1970."""
    return spoiler.recording.crimes["recorded_on"].astype("datetime64[D]").astype("datetime64[M]").astype(int)


def _period(spoiler: Spoiler) -> tuple[int, int]:
    days = np.array([spoiler.recording.first_day, spoiler.recording.last_day]).astype("datetime64[D]")
    first, last = days.astype("datetime64[M]").astype(int)
    return int(first), int(last)


def _gap(spoiler: Spoiler, unit: int, group: str | None, months: tuple[int, int], kind: str, share: float) -> None:
    """A unit loses a share of its rows, or of its crimes of one offence group, over months; enters it in the ledger of gaps.

    Incidents and cancelled crimes are lost with the rest, but only crimes are counted.
    """
    crimes = spoiler.recording.crimes
    month = months_of(spoiler)
    inside = spoiler.written("crimes") & (crimes["unit"] == unit) & (month >= months[0]) & (month <= months[1])
    if group is not None:
        inside &= (_groups(spoiler) == group) & (crimes["record_class"] == CRIME)
    lost = np.flatnonzero(inside)
    lost = lost[spoiler.rng.random(len(lost)) < share]
    _leave_out(spoiler, lost)
    enter_gap(spoiler, unit, group, months, kind, int((crimes["record_class"][lost] == CRIME).sum()))


def enter_gap(spoiler: Spoiler, unit: int, group: str | None, months: tuple[int, int], kind: str, lacking: int) -> None:
    """Enter a gap in the ledger of gaps; ``months`` are first and last, counted from January 1970."""
    first, last = (date(1970 + number // 12, number % 12 + 1, 1) for number in months)
    spoiler.recording.gaps.append((unit, group, first, last, kind, lacking))


def units_hit(spoiler: Spoiler) -> list[int]:
    units = len(spoiler.recording.force.unit_shares)
    return np.flatnonzero(spoiler.rng.random(units) < spoiler.rate).tolist()


def run_of_months(spoiler: Spoiler, shortest: int, longest: int, before_end: int = 0) -> tuple[int, int]:
    """First and last month of a run that lies within the period, ``before_end`` months or more before its last."""
    first, last = _period(spoiler)
    last = max(last - before_end, first)
    length = min(int(spoiler.rng.integers(shortest, longest + 1)), last - first + 1)
    begin = int(spoiler.rng.integers(first, last - length + 2))
    return begin, begin + length - 1


@defect("recording.silent_unit", "recording", 0.1, ILLUSTRATIVE, "by unit and month")
def silent_unit(spoiler: Spoiler) -> None:
    """A unit records nothing for one to six months."""
    for unit in units_hit(spoiler):
        _gap(spoiler, unit, None, run_of_months(spoiler, 1, 6), "silent", 1.0)


@defect("recording.group_dropped", "recording", 0.05, ILLUSTRATIVE, "by unit, offence group and month")
def group_dropped(spoiler: Spoiler) -> None:
    """A unit stops recording one offence group for three to twelve months."""
    groups = ("stalking", "harassment", "violence", "other_sexual", "other")
    for unit in units_hit(spoiler):
        group = groups[int(spoiler.rng.integers(0, len(groups)))]
        _gap(spoiler, unit, group, run_of_months(spoiler, 3, 12), "silent", 1.0)


@defect("recording.unit_drop", "recording", 0.05, ILLUSTRATIVE, "by unit and month")
def unit_drop(spoiler: Spoiler) -> None:
    """A unit records only part of its reports for two to nine months, and then as before."""
    for unit in units_hit(spoiler):
        share = spoiler.rng.uniform(0.3, 0.7)
        _gap(spoiler, unit, None, run_of_months(spoiler, 2, 9), "drop", share)


@defect("recording.late_unit", "recording", 0.03, ILLUSTRATIVE, "by unit and month")
def late_unit(spoiler: Spoiler) -> None:
    """A unit records most reports of two to six months only one to four months on; outcomes wait for the recording."""
    crimes = spoiler.recording.crimes
    for unit in units_hit(spoiler):
        months = run_of_months(spoiler, 2, 6, before_end=4)
        share = spoiler.rng.uniform(0.6, 0.9)
        month = crimes["reported_on"].astype("datetime64[D]").astype("datetime64[M]").astype(int)
        inside = np.flatnonzero(spoiler.kept("crimes") & (crimes["unit"] == unit) & (month >= months[0]) & (month <= months[1]))
        rows = inside[spoiler.rng.random(len(inside)) < share]
        recorded = crimes["reported_on"][rows] + spoiler.rng.integers(31, 121, len(rows)).astype(np.int32)
        recorded = np.maximum(np.minimum(recorded, spoiler.recording.last_day), crimes["recorded_on"][rows])
        spoiler.write("crimes", "recorded_on", rows, recorded)
        outcome = crimes["outcome_on"][rows]
        spoiler.write("crimes", "outcome_on", rows, np.where(outcome == NEVER, outcome, np.maximum(outcome, recorded)))
        enter_gap(spoiler, unit, None, months, "late", len(rows))


@defect("recording.system_change", "recording", 0, "HMICFRS, December 2020", "by month")
def system_change(spoiler: Spoiler) -> None:
    """From a month in the middle of the period on, every unit loses the rate's share of its crimes, for good."""
    if spoiler.rate <= 0:
        return
    first, last = _period(spoiler)
    change = first + round((last - first) * spoiler.rng.uniform(0.35, 0.65))
    for unit in range(len(spoiler.recording.force.unit_shares)):
        _gap(spoiler, unit, None, (change, last), "step", spoiler.rate)


@defect("recording.last_months_incomplete", "recording", 0, ILLUSTRATIVE, "by month")
def last_months_incomplete(spoiler: Spoiler) -> None:
    """Of the last three months, part is not recorded yet: the rate in the last, half and a quarter of it before."""
    if spoiler.rate <= 0:
        return
    _, last = _period(spoiler)
    for unit in range(len(spoiler.recording.force.unit_shares)):
        for back, share in enumerate((1.0, 0.5, 0.25)):
            _gap(spoiler, unit, None, (last - back, last - back), "incomplete", spoiler.rate * share)
