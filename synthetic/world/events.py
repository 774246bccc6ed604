"""Events: when offenders offend, against whom, what of it is reported, and when."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from synthetic.contract import RELATIONSHIPS, reference
from synthetic.randomness import Keys, child, derived, draw, normal, poisson, whole
from synthetic.world.arrivals import AGAIN, AGAIN_WITHIN, BEFORE, arrivals, event_days, further_counts
from synthetic.world.courses import (
    COURSES,
    DELAY_BOUNDS,
    DOMESTIC,
    INCIDENTS,
    INCIDENTS_BESIDE,
    RECORDED_AND_LEFT,
    REPORT_DELAY,
    REPORTS_BY_RELATIONSHIP,
    SUSPECT_NOT_KNOWN,
    YEARLY_MIX,
    Course,
    shares_of_courses,
)
from synthetic.world.people import (
    People,
    Rows,
    draw_people,
    draw_units,
    draw_victims,
    households,
    near_units,
)
from synthetic.world.scope import NEVER, Force, Scope

DOMESTIC_CODES = [RELATIONSHIPS.index(name) for name in DOMESTIC]


@dataclass(frozen=True)
class Events(Rows):
    """Events: ``where`` is the force's index, ``suspect`` and ``victim`` are rows of the people, -1 not known.

    An event that is no crime is an incident, whose ``offence`` is -1, or a report of an offence that proved to be none.
    """

    key: np.ndarray
    where: np.ndarray
    unit: np.ndarray
    offence: np.ndarray
    relationship: np.ndarray
    occurred: np.ndarray
    reported: np.ndarray
    suspect: np.ndarray
    victim: np.ndarray
    is_crime: np.ndarray


def reports_a_day(scope: Scope, force: Force) -> float:
    """Reports of crimes a day, on average over a year without a trend."""
    return force.population / 1000 * scope.profile.world.reports_per_1000 / 365.25


def offenders_a_day(scope: Scope, force: Force) -> np.ndarray:
    """Offenders who begin a day, by course, shape (courses,), so that the force's reports with a known suspect come out right."""
    return _plan(scope).offenders_per_report * reports_a_day(scope, force)


@dataclass(frozen=True)
class _Plan:
    """What the profile's rates come to: cumulative offence mixes over true events by course, and offenders a report.

    ``domestic_share`` and ``domestic_events`` are domestic crimes reported, and that happened, for each report of a crime.
    """

    offence_mix: np.ndarray
    offenders_per_report: np.ndarray
    not_known_mix: np.ndarray
    not_known_share: float
    reported: np.ndarray
    domestic_share: float
    domestic_events: float


@cache
def _plan(scope: Scope) -> _Plan:
    offences = reference("offences")
    groups = offences["offence_group"].to_numpy()
    mix = np.array([YEARLY_MIX[code] for code in offences["offence_code"]])
    mix = mix / mix.sum()
    not_known = mix * np.array([SUSPECT_NOT_KNOWN[group] for group in groups])
    by_group = np.array([getattr(scope.profile.reporting, group) for group in groups])
    by_relationship = np.array([REPORTS_BY_RELATIONSHIP.get(name, 0.9) for name in RELATIONSHIPS])
    reported = np.clip(by_group[:, None] * by_relationship[None, :], 0, 1)
    reported_mix = shares_of_courses() * (mix - not_known)
    chance = np.array([reported @ _relationship_weights(course) for course in COURSES])
    true_mix = np.divide(reported_mix, chance, out=np.zeros_like(reported_mix), where=chance > 0)
    totals = true_mix.sum(axis=1)
    kinship = np.array([name in DOMESTIC for name in RELATIONSHIPS])
    domestic = np.array([reported @ (_relationship_weights(course) * kinship) for course in COURSES])
    of_course = np.array([(_relationship_weights(course) * kinship).sum() for course in COURSES])
    events = np.array([_events_per_offender(scope, course) for course in COURSES])
    return _Plan(
        offence_mix=np.cumsum(true_mix / np.maximum(totals, 1e-12)[:, None], axis=1),
        offenders_per_report=totals / events,
        not_known_mix=np.cumsum(not_known / not_known.sum()),
        not_known_share=float(not_known.sum()),
        reported=reported,
        domestic_share=float((true_mix * domestic).sum()),
        domestic_events=float((true_mix * of_course[:, None]).sum()),
    )


def _relationship_weights(course: Course) -> np.ndarray:
    return np.array([course.relationships.get(name, 0.0) for name in RELATIONSHIPS])


def _events_per_offender(scope: Scope, course: Course) -> float:
    """Mean number of events of a course."""
    shares = np.diff(further_counts(course.further * scope.profile.world.repeat, course.spread), prepend=0.0)
    return 1 + float(shares @ np.arange(len(shares)))


@dataclass(frozen=True)
class Abroad:
    """Forces that offenders offend in beside their own, and in what proportion."""

    forces: tuple[Force, ...]
    counts: np.ndarray


def offend(
    scope: Scope, group: str, courses: tuple[Course, ...], a_day: np.ndarray, home: Force, abroad: Abroad | None = None
) -> tuple[People, Events]:
    """Offenders of ``home`` by course, so many of whom begin a day, with their victims and all their events.

    Events lie before and after the period too, as they say who the victims are. Every other victim is abroad, where that is given.
    """
    parts = [
        _course_group(scope, group, number, course, rate, home, abroad)
        for number, (course, rate) in enumerate(zip(courses, a_day.tolist(), strict=True))
    ]
    found = [part for part in parts if part is not None]
    if not found:
        return nobody(home), _no_events()
    return _stack(*(list(column) for column in zip(*found, strict=True)))


def nobody(home: Force) -> People:
    """No people."""
    none = np.zeros(0, np.int32)
    return draw_people(np.zeros(0, np.uint64), home, np.zeros(0, bool), (35, 10), none, none, none)


def _stack(suspects: list[People], victims: list[People], events: list[Events]) -> tuple[People, Events]:
    """All suspects, then all victims; indices moved accordingly."""
    total = sum(len(group) for group in suspects)
    suspect_offset, victim_offset, moved = 0, total, []
    for people, their_victims, their_events in zip(suspects, victims, events, strict=True):
        moved.append(
            replace(
                their_events,
                suspect=their_events.suspect + suspect_offset,
                victim=their_events.victim + victim_offset,
            )
        )
        suspect_offset += len(people)
        victim_offset += len(their_victims)
    return People.concat([*suspects, *victims]), Events.concat(moved)


def _course_group(
    scope: Scope, group: str, number: int, course: Course, a_day: float, home: Force, abroad: Abroad | None
) -> tuple[People, People, Events] | None:
    plan = _plan(scope)
    offenders = event_days(scope, arrivals(scope, group, course.name, course.longest, a_day), course)
    offender, day = offenders.owner, offenders.day
    if not len(offender):
        return None
    first = np.concatenate([[True], offender[1:] != offender[:-1]])
    new_victim = first | (draw(offenders.event, "new victim") < course.new_victim)
    pair = np.cumsum(new_victim) - 1
    pair_key = derived(offenders.event[new_victim], "victim")
    suspect_of_pair, pair_day = offender[new_victim], day[new_victim]

    weights = np.cumsum(_relationship_weights(course))
    relationship = np.searchsorted(weights / weights[-1], draw(pair_key, "relationship")).astype(np.int8)
    offence = np.searchsorted(plan.offence_mix[number], draw(offenders.event, "offence"))
    offence = np.minimum(offence, len(YEARLY_MIX) - 1).astype(np.int8)
    is_reported = draw(offenders.event, "reported") < plan.reported[offence, relationship[pair]]

    keys, since = offenders.keys, day[first]
    suspects = draw_people(keys, home, draw(keys, "female") < 0.12, course.age, draw_units(keys, home), since, since)
    where = np.full(len(pair_key), home.index, np.int16)
    unit = near_units(pair_key, home, suspects.unit[suspect_of_pair])
    if abroad is not None:
        # Every other victim is away, from the first or from the second on.
        first_pair = np.flatnonzero(np.concatenate([[True], suspect_of_pair[1:] != suspect_of_pair[:-1]]))
        rank = np.arange(len(pair_key)) - first_pair[suspect_of_pair]
        is_away = (rank + whole(keys, 2, "away first")[suspect_of_pair]) % 2 == 1
        bounds = np.cumsum(abroad.counts) / abroad.counts.sum()
        away_of = np.searchsorted(bounds, draw(keys, "away"))[suspect_of_pair]
        for place, force in enumerate(abroad.forces):
            rows = np.flatnonzero(is_away & (away_of == place))
            where[rows], unit[rows] = force.index, draw_units(pair_key[rows], force, "away unit")
    forces = abroad.forces if abroad is not None else ()
    victims = draw_victims(pair_key, home, where, unit, offence, pair, pair_day, since[suspect_of_pair], forces)
    victims = households(suspects, victims, suspect_of_pair, relationship, where == home.index, pair_day, home)
    crimes = _events(offenders.event, where[pair], unit[pair], offence, relationship[pair], day, is_reported, offender, pair)
    return suspects, victims, Events.concat([crimes, _incidents_after(scope, crimes)])


def _incidents_after(scope: Scope, crimes: Events) -> Events:
    """Incidents, no crime, between the same two people in the weeks after each domestic crime."""
    domestic = np.flatnonzero(np.isin(crimes.relationship, DOMESTIC_CODES))
    mean = np.full(len(domestic), INCIDENTS_BESIDE * _incident_rate(scope))
    each = poisson(crimes.key[domestic], mean, "incidents after")
    after = crimes.take(np.repeat(domestic, each))
    if not len(after):
        return _no_events()
    number = np.arange(len(after)) - np.repeat(np.cumsum(each) - each, each)
    key = child(derived(after.key, "incident"), number)
    day = (event_day(after) + 1 + whole(key, BEFORE - 1, "day")).astype(np.int32)
    return replace(
        after,
        key=key,
        offence=np.full(len(after), -1, np.int8),
        occurred=day,
        reported=day,
        is_crime=np.zeros(len(after), bool),
    )


def event_day(events: Events) -> np.ndarray:
    """The day on which each event was reported or, never reported, happened."""
    return np.where(events.reported == NEVER, events.occurred, events.reported)


def incidents_only(scope: Scope, force: Force) -> tuple[People, Events]:
    """Domestic incidents, no crime, of people who are suspected of nothing else; most are called about once."""
    plan = _plan(scope)
    reports, rate = reports_a_day(scope, force), _incident_rate(scope)
    wanted = reports * plan.domestic_share * rate - reports * plan.domestic_events * rate * INCIDENTS_BESIDE
    a_day = max(wanted, 0.0) / _events_per_offender(scope, INCIDENTS)
    found = event_days(scope, arrivals(scope, force.slug, INCIDENTS.name, INCIDENTS.longest, a_day), INCIDENTS)
    if not len(found.owner):
        return nobody(force), _no_events()
    keys = found.keys
    people = len(keys)
    since = found.day[np.concatenate([[True], found.owner[1:] != found.owner[:-1]])]
    victim_keys = derived(keys, "victim")
    weights = np.cumsum(_relationship_weights(INCIDENTS))
    relationship = np.searchsorted(weights / weights[-1], draw(victim_keys, "relationship")).astype(np.int8)
    suspects = draw_people(keys, force, draw(keys, "female") < 0.2, INCIDENTS.age, draw_units(keys, force), since, since)
    where = np.full(people, force.index, np.int16)
    unit = near_units(victim_keys, force, suspects.unit)
    offence = np.full(len(found.owner), -1, np.int8)
    victims = draw_victims(victim_keys, force, where, unit, offence, found.owner, since, since)
    victims = households(suspects, victims, np.arange(people), relationship, np.ones(people, bool), since, force)
    each, all_reported = found.owner, np.ones(len(found.owner), bool)
    happened = _events(found.event, where[each], unit[each], offence, relationship[each], found.day, all_reported, each, each)
    return _stack([suspects], [victims], [happened])


def _incident_rate(scope: Scope) -> float:
    """Incidents for each domestic crime that is reported."""
    share = scope.profile.world.incident_share
    return share / (1 - share) * RECORDED_AND_LEFT


def reported_and_no_crime(scope: Scope, events: Events) -> Events:
    """Further reports of an offence, between the same people, that prove to be no crime and are rightly cancelled.

    Such a report is there once it has been decided on, ``cancel_days`` later.
    """
    reported = np.flatnonzero((events.reported != NEVER) & events.is_crime)
    chosen = reported[draw(events.key[reported], "no crime") < scope.profile.world.no_crime_share]
    none = events.take(chosen)
    key = derived(none.key, "no crime report")
    day = (none.reported + whole(key, 60, "day")).astype(np.int32)
    none = replace(none, key=key, reported=day, is_crime=np.zeros(len(none), bool))
    return none.take(np.flatnonzero(day + cancel_days(key) <= scope.end))


def cancel_days(keys: Keys) -> np.ndarray:
    """Days from the recording of a crime to its cancellation: about three weeks."""
    return np.exp(np.log(21) + 0.8 * normal(keys, "cancelled after")).astype(np.int32)


def unknown_suspects(scope: Scope, force: Force) -> tuple[People, Events]:
    """Events whose suspect the victim does not know: a victim each, one in twenty of them a second time."""
    plan = _plan(scope)
    stranger, not_known = RELATIONSHIPS.index("stranger"), RELATIONSHIPS.index("unknown")
    chance = plan.reported[:, stranger]
    not_known_mix = np.diff(plan.not_known_mix, prepend=0.0)
    true_mix = np.divide(not_known_mix, chance, out=np.zeros_like(chance), where=chance > 0)
    a_day = reports_a_day(scope, force) * plan.not_known_share * float(true_mix.sum()) / (1 + AGAIN)
    found = event_days(scope, arrivals(scope, force.slug, "unknown", AGAIN_WITHIN, a_day), None)
    if not len(found.owner):
        return nobody(force), _no_events()
    offence = np.searchsorted(np.cumsum(true_mix / max(true_mix.sum(), 1e-12)), draw(found.event, "offence"))
    offence = np.minimum(offence, len(true_mix) - 1).astype(np.int8)
    is_reported = draw(found.event, "reported") < chance[offence]
    keys = found.keys
    since = found.day[np.concatenate([[True], found.owner[1:] != found.owner[:-1]])]
    unit_of_victim = draw_units(keys, force)
    where = np.full(len(keys), force.index, np.int16)
    victims = draw_victims(keys, force, where, unit_of_victim, offence, found.owner, since, since)
    relationship = np.where(draw(found.event, "stranger") < 0.75, stranger, not_known).astype(np.int8)
    no_suspect = np.full(len(found.owner), -1)
    each = found.owner
    events = _events(
        found.event, where[each], unit_of_victim[each], offence, relationship, found.day, is_reported, no_suspect, each
    )
    return victims, events


def _events(
    key: Keys,
    where: np.ndarray,
    unit: np.ndarray,
    offence: np.ndarray,
    relationship: np.ndarray,
    day: np.ndarray,
    is_reported: np.ndarray,
    suspect: np.ndarray,
    victim: np.ndarray,
) -> Events:
    """Events of which the process gives the day of the report; they happened earlier by the offence's usual delay."""
    groups = reference("offences")["offence_group"].to_numpy()
    bounds = np.cumsum(np.array([REPORT_DELAY[group] for group in groups]), axis=1)
    bucket = (draw(key, "delay")[:, None] > bounds[offence]).sum(axis=1).clip(0, 4)
    low, high = np.log(np.maximum(DELAY_BOUNDS, 1))[bucket], np.log(np.maximum(DELAY_BOUNDS, 1))[bucket + 1]
    delay = np.exp(low + (high - low) * draw(key, "delay within")).astype(np.int32)
    occurred = np.where(is_reported & (bucket > 0), day - delay, day).astype(np.int32)
    reported = np.where(is_reported, day, NEVER).astype(np.int32)
    return Events(
        key, where, unit.astype(np.int32), offence, relationship, occurred, reported, suspect.astype(np.int64), victim, offence >= 0
    )


def _no_events() -> Events:
    none = np.zeros(0, np.int32)
    long = none.astype(np.int64)
    small = none.astype(np.int8)
    return Events(none.astype(np.uint64), none.astype(np.int16), none, small, small, none, none, long, long, none.astype(bool))
