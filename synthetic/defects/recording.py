"""Defects of recording: reports that never become a crime, late ones, gaps, and one event recorded twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from synthetic.contract import reference
from synthetic.defects.declaration import ANY, HMICFRS_2025, ILLUSTRATIVE, PROPOSED, defect
from synthetic.defects.ledger import DefectWriter
from synthetic.defects.weights import grave
from synthetic.randomness import Keys, child, derived, draw, normal, whole
from synthetic.recording import CANCELLED, CRIME, INCIDENT, cancellations
from synthetic.world.scope import NEVER


def _leave_out(writer: DefectWriter, crimes: np.ndarray) -> None:
    """Crimes are not recorded, nor who was involved; the person records stay, as police have them for other reasons."""
    recording = writer.recording
    lost = np.zeros(len(recording.crimes["kept"]), bool)
    lost[crimes] = True
    involved = np.flatnonzero(lost[recording.involvements["crime"]] & recording.involvements["kept"])
    involved = involved[recording.crimes["kept"][recording.involvements["crime"][involved]]]
    recording.crimes["kept"][crimes] = False
    writer.ledger.gone("crimes", crimes)
    recording.involvements["kept"][involved] = False
    writer.ledger.gone("involvements", involved)


def _of_groups(writer: DefectWriter, *groups: str) -> np.ndarray:
    """Which crimes are of one of those offence groups."""
    among = np.isin(reference("offences")["offence_group"].to_numpy(), groups)
    return np.asarray(among[writer.recording.crimes["offence_true"]])


def _hidden(writer: DefectWriter) -> np.ndarray:
    return _of_groups(writer, "stalking", "harassment")


@defect("recording.not_recorded", "recording", 0.038, HMICFRS_2025, "by gravity")
def not_recorded(writer: DefectWriter) -> None:
    """Reports that never become a crime; grave ones rarely."""
    open_ones = np.flatnonzero(writer.kept("crimes") & ~_hidden(writer))
    _leave_out(writer, writer.chosen("crimes", open_ones, np.where(grave(writer), 0.25, 1.0)))


@defect("recording.not_recorded_hidden", "recording", 0.08, HMICFRS_2025, "by offence")
def not_recorded_hidden(writer: DefectWriter) -> None:
    """Stalking, harassment and controlling behaviour that never become a crime."""
    _leave_out(writer, writer.chosen("crimes", np.flatnonzero(writer.kept("crimes") & _hidden(writer))))


@defect("recording.late", "recording", 0.06, PROPOSED, ANY)
def late(writer: DefectWriter) -> None:
    """Crimes recorded two to thirty days after the report, and before the outcome; those not yet recorded are not there."""
    crimes = writer.recording.crimes
    rows = writer.chosen("crimes", np.flatnonzero(writer.kept("crimes")))
    delay = np.minimum(2 + (6.0 * -np.log1p(-writer.draw("crimes", rows, "days"))).astype(np.int32), 30)
    true, decided = crimes["recorded_on"][rows], crimes["decided_on"][rows]
    _record_later(writer, rows, np.where(decided == NEVER, true + delay, np.maximum(np.minimum(true + delay, decided), true)))


def _record_later(writer: DefectWriter, rows: np.ndarray, recorded: np.ndarray) -> None:
    """Crimes are recorded on those days; what would be after the last day is not recorded yet, and left out."""
    there = recorded <= writer.recording.last_day
    writer.write("crimes", "recorded_on", rows[there], recorded[there].astype(np.int32))
    _leave_out(writer, rows[~there])


# How much likelier a crime is wrongly cancelled than violence is, by offence group, and how units differ (illustrative; of
# samples of cancellations, small ones, up to 43 % of rapes and 50 % of violence were wrong: BBC Shared Data Unit on HMICFRS).
CANCELLED_BY_GROUP = {"rape": 2.0, "other_sexual": 2.0, "stalking": 1.2}
UNIT_SPREAD = 0.6


@defect("recording.crime_as_incident", "recording", 0.03, ILLUSTRATIVE, "domestic crimes, by gravity")
def crime_as_incident(writer: DefectWriter) -> None:
    """A domestic crime is left as a non-crime incident, without an offence or an outcome."""
    crimes = writer.recording.crimes
    domestic = np.flatnonzero(writer.kept("crimes") & (crimes["domestic_abuse"] == 1))
    rows = writer.chosen("crimes", domestic, np.where(grave(writer), 0.1, 1.0))
    writer.write("crimes", "record_class", rows, np.full(len(rows), INCIDENT, np.int8))
    for name, nothing in (("offence_code", -1), ("outcome_code", -1), ("outcome_on", NEVER)):
        writer.write("crimes", name, rows, np.full(len(rows), nothing, crimes[name].dtype))


@defect("recording.cancelled_wrongly", "recording", 0.01, ILLUSTRATIVE, "by offence group and unit")
def cancelled_wrongly(writer: DefectWriter) -> None:
    """A crime that took place is cancelled, with a reason as any other; more in some units and of some offence groups."""
    recording = writer.recording
    crimes = recording.crimes
    units = np.arange(len(recording.force.unit_shares))
    of_unit = np.exp(UNIT_SPREAD * normal(child(np.repeat(writer.force_key, len(units)), units), "units"))
    of_group = np.array([CANCELLED_BY_GROUP.get(group, 1.0) for group in reference("offences")["offence_group"]])
    rows = writer.chosen(
        "crimes", np.flatnonzero(writer.kept("crimes")), of_unit[crimes["unit"]] * of_group[crimes["offence_true"]]
    )
    on, reason = cancellations(crimes["key"][rows], crimes["recorded_on"][rows])
    cancelled = on <= recording.last_day
    rows, on, reason = rows[cancelled], on[cancelled], reason[cancelled]
    writer.write("crimes", "record_class", rows, np.full(len(rows), CANCELLED, np.int8))
    writer.write("crimes", "cancelled_on", rows, on)
    writer.write("crimes", "cancel_reason", rows, reason)
    for name, nothing in (("outcome_code", -1), ("outcome_on", NEVER)):
        writer.write("crimes", name, rows, np.full(len(rows), nothing, crimes[name].dtype))


@defect("recording.recorded_twice", "recording", 0.01, PROPOSED, ANY)
def recorded_twice(writer: DefectWriter) -> None:
    """The same event recorded again, on the same day or soon after, with all who were involved."""
    recording = writer.recording
    crimes, involvements = recording.crimes, recording.involvements
    source = writer.chosen("crimes", np.flatnonzero(writer.kept("crimes") & ~crimes["again"]))
    first = len(crimes["kept"])
    rows = first + np.arange(len(source))
    links = np.flatnonzero(writer.kept("involvements") & np.isin(involvements["crime"], source))
    for name, values in crimes.items():
        crimes[name] = np.concatenate([values, values[source]])
    crimes["again"][rows] = True
    crimes["key"][rows] = derived(crimes["key"][source], "again")
    writer.ledger.added("crimes", rows)
    copy_of = np.zeros(first, np.int64)
    copy_of[source] = rows
    first_link = len(involvements["crime"])
    for name, values in involvements.items():
        involvements[name] = np.concatenate([values, values[links]])
    link_rows = first_link + np.arange(len(links))
    involvements["key"][link_rows] = derived(involvements["key"][links], "again")
    involvements["crime"][link_rows] = copy_of[involvements["crime"][link_rows]]
    writer.ledger.added("involvements", link_rows)


# ---- gaps --------------------------------------------------------------------------------------------------------------


def months_of(writer: DefectWriter) -> np.ndarray:
    """Month of recording of each crime, counted from January 1970."""
    return month_of(writer.recording.crimes["recorded_on"])


def month_of(days: np.ndarray) -> np.ndarray:
    """Months from January 1970 of days since then; each day's is worked out once."""
    if not len(days):
        return np.zeros(0, np.int64)
    first = int(days.min())
    months = np.arange(first, int(days.max()) + 1).astype("datetime64[D]").astype("datetime64[M]").astype(int)
    return np.asarray(months[days - first])


def _period(writer: DefectWriter) -> tuple[int, int]:
    days = np.array([writer.recording.first_day, writer.recording.last_day]).astype("datetime64[D]")
    first, last = days.astype("datetime64[M]").astype(int)
    return int(first), int(last)


@dataclass(frozen=True)
class Run:
    """Months in which something is amiss in a unit, counted from January 1970, within the period; ``key`` has shape (1,)."""

    key: Keys
    unit: int
    first: int
    last: int
    whole_last: int
    """The run's last month, which may lie after the period."""
    stretch: int
    """The stretch of time in which it begins, 0 from April 2022 on."""

    def draw(self, what: str) -> float:
        """A number in [0, 1) of this run."""
        return float(draw(self.key, what)[0])


STRETCH, ORIGIN = 36, 627
"""Units are hit once at most in 36 months; one such stretch of time begins in April 2022, month 627 from January 1970."""


def runs_of_months(writer: DefectWriter, shortest: int, longest: int, before_end: int = 0, for_good: bool = False) -> Iterator[Run]:
    """The runs of months in units that are hit; each lies within a stretch, ``before_end`` months or more before its last.

    The rate is the share of units that are hit in a stretch, by the rate of the time when the run begins. What is ``for_good``
    goes on to the end of the period, and began in April 2022 or later.
    """
    period = _period(writer)
    if writer.most <= 0:
        return
    firsts = [
        int(np.datetime64(era.first, "D").astype("datetime64[M]").astype(int)) for era in writer.eras if era.first is not None
    ]
    rates = np.array([era.rate for era in writer.eras])
    for number in range(0 if for_good else (period[0] - ORIGIN) // STRETCH, (period[1] - ORIGIN) // STRETCH + 1):
        keys = writer.unit_key(np.arange(len(writer.recording.force.unit_shares)), number + 1_000)
        length = shortest + whole(keys, longest - shortest + 1, "length")
        first = ORIGIN + number * STRETCH + whole(keys, STRETCH - before_end - length + 1, "begins")
        hit = (draw(keys, "hit") < rates[np.searchsorted(firsts, first, side="right")]) & writer.unrepaired(keys)
        for unit in np.flatnonzero(hit).tolist():
            last = period[1] if for_good else int(first[unit] + length[unit]) - 1
            months = max(int(first[unit]), period[0]), min(last, period[1])
            if months[0] <= months[1]:
                yield Run(keys[unit : unit + 1], unit, *months, whole_last=last, stretch=number)


def _gap(
    writer: DefectWriter, unit: int, group: str | None, months: tuple[int, int], kind: str, share: float, day: int = 0
) -> None:
    """A unit loses a share of its rows, or of its crimes of one offence group, over months; enters it in the ledger of gaps.

    Incidents and cancelled crimes are lost with the rest, but only crimes are counted. None is lost before ``day``.
    """
    crimes = writer.recording.crimes
    rows = np.flatnonzero((crimes["unit"] == unit) & writer.written("crimes"))
    month = month_of(crimes["recorded_on"][rows])
    inside = (month >= months[0]) & (month <= months[1]) & (crimes["recorded_on"][rows] >= day)
    if group is not None:
        inside &= _of_groups(writer, group)[rows] & (crimes["record_class"][rows] == CRIME)
    lost = rows[inside]
    lost = lost[writer.draw("crimes", lost) < share]
    _leave_out(writer, lost)
    enter_gap(writer, unit, group, months, kind, int((crimes["record_class"][lost] == CRIME).sum()))


def enter_gap(writer: DefectWriter, unit: int, group: str | None, months: tuple[int, int], kind: str, lacking: int) -> None:
    """Enter a gap in the ledger of gaps; ``months`` are first and last, counted from January 1970."""
    first, last = (date(1970 + number // 12, number % 12 + 1, 1) for number in months)
    writer.recording.gaps.append((unit, group, first, last, kind, lacking))


@defect("recording.silent_unit", "recording", 0.1, ILLUSTRATIVE, "by unit and month")
def silent_unit(writer: DefectWriter) -> None:
    """A unit records nothing for one to six months."""
    for run in runs_of_months(writer, 1, 6):
        _gap(writer, run.unit, None, (run.first, run.last), "silent", 1.0)


@defect("recording.group_dropped", "recording", 0.05, ILLUSTRATIVE, "by unit, offence group and month")
def group_dropped(writer: DefectWriter) -> None:
    """A unit stops recording one offence group for three to twelve months."""
    groups = ("stalking", "harassment", "violence", "other_sexual", "other")
    for run in runs_of_months(writer, 3, 12):
        group = groups[int(whole(run.key, len(groups), "group")[0])]
        _gap(writer, run.unit, group, (run.first, run.last), "silent", 1.0)


@defect("recording.unit_drop", "recording", 0.05, ILLUSTRATIVE, "by unit and month")
def unit_drop(writer: DefectWriter) -> None:
    """A unit records only part of its reports for two to nine months, and then as before."""
    for run in runs_of_months(writer, 2, 9):
        _gap(writer, run.unit, None, (run.first, run.last), "drop", 0.3 + 0.4 * run.draw("share"))


@defect("recording.late_unit", "recording", 0.03, ILLUSTRATIVE, "by unit and month")
def late_unit(writer: DefectWriter) -> None:
    """A unit records most reports of two to six months only one to four months on; outcomes wait for the recording."""
    crimes = writer.recording.crimes
    for run in runs_of_months(writer, 2, 6, before_end=4):
        share = 0.6 + 0.3 * run.draw("share")
        inside = np.flatnonzero((crimes["unit"] == run.unit) & writer.kept("crimes"))
        month = month_of(crimes["reported_on"][inside])
        inside = inside[(month >= run.first) & (month <= run.last)]
        rows = inside[writer.draw("crimes", inside) < share]
        recorded = crimes["reported_on"][rows] + 31 + writer.whole("crimes", rows, 90, "days")
        recorded = np.maximum(recorded, crimes["recorded_on"][rows])
        there = recorded <= writer.recording.last_day
        _record_later(writer, rows, recorded)
        rows, recorded = rows[there], recorded[there]
        outcome = crimes["outcome_on"][rows]
        later = np.maximum(outcome, recorded)
        writer.write("crimes", "outcome_on", rows, np.where(outcome == NEVER, outcome, later).astype(np.int32))
        enter_gap(writer, run.unit, None, (run.first, run.last), "late", len(there))


@defect("recording.unit_renamed", "other", 0, ILLUSTRATIVE, "by unit and month")
def unit_renamed(writer: DefectWriter) -> None:
    """A unit's records carry a new code from a month on, as after a merger; the old code stops, and the list of units has both."""
    recording = writer.recording
    unit = recording.world.events.unit[recording.crimes["event"]]
    for run in runs_of_months(writer, 1, 1, before_end=6, for_good=True):
        rows = np.flatnonzero(writer.written("crimes") & (unit == run.unit) & (months_of(writer) >= run.first))
        code = len(recording.force.unit_shares) + len(recording.renamed)
        recording.renamed.append((run.unit, run.stretch))
        writer.ledger.added("units", np.array([code]))
        writer.ledger.changed("crimes", "unit_id", rows, recording.crimes["unit"][rows])
        recording.crimes["unit"][rows] = code


@defect("recording.system_change", "recording", 0, "HMICFRS, December 2020", "by month")
def system_change(writer: DefectWriter) -> None:
    """A new system loses the rate's share of the crimes of every unit: from the day of a change of profile on, for good.

    Without such a day it is a month in the middle of the three calendar years that begin in April 2022, or of the three before
    or after them, to their end.
    """
    first, last = _period(writer)
    for number, era in enumerate(writer.eras):
        if era.rate <= 0:
            continue
        ends = [one.first for one in writer.eras[number + 1 :] if one.first is not None]
        until = int(np.datetime64(min(ends) - 1, "D").astype("datetime64[M]").astype(int)) if ends else last
        if era.first is not None:
            stretches = [(int(np.datetime64(era.first, "D").astype("datetime64[M]").astype(int)), until)]
        else:
            stretches = [_middle(writer, one, until) for one in range((first - ORIGIN) // STRETCH, (last - ORIGIN) // STRETCH + 1)]
        for begin, end in stretches:
            if max(begin, first) > min(end, last):
                continue
            for unit in range(len(writer.recording.force.unit_shares)):
                _gap(writer, unit, None, (max(begin, first), min(end, last)), "step", _left(writer, era.rate), era.first or 0)


def _middle(writer: DefectWriter, stretch: int, until: int) -> tuple[int, int]:
    """From a month in the middle of a stretch of time to its end."""
    begin = ORIGIN + stretch * STRETCH
    middle = 0.35 + 0.3 * float(draw(writer.unit_key(0, stretch + 1_000), "change")[0])
    return begin + round((STRETCH - 1) * middle), min(begin + STRETCH - 1, until)


def _left(writer: DefectWriter, share: float) -> float:
    """A share after the fixes."""
    for fix in writer.fixes:
        share *= 1 - fix.share
    return share


@defect("recording.last_months_incomplete", "recording", 0, ILLUSTRATIVE, "by month")
def last_months_incomplete(writer: DefectWriter) -> None:
    """Of the last three months, part is not recorded yet: the rate in the last, half and a quarter of it before."""
    rate = _left(writer, writer.eras[-1].rate)
    if rate <= 0:
        return
    _, last = _period(writer)
    since = writer.eras[-1].first or 0
    first = int(np.datetime64(since, "D").astype("datetime64[M]").astype(int))
    for unit in range(len(writer.recording.force.unit_shares)):
        for back, share in enumerate((1.0, 0.5, 0.25)):
            if last - back >= first:
                _gap(writer, unit, None, (last - back, last - back), "incomplete", rate * share, since)
