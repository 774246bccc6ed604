"""Events: when offenders offend, against whom, what of it is reported, and when."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from synthetic.contract import RELATIONSHIPS, reference
from synthetic.randomness import stream
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

    where: np.ndarray
    unit: np.ndarray
    offence: np.ndarray
    relationship: np.ndarray
    occurred: np.ndarray
    reported: np.ndarray
    suspect: np.ndarray
    victim: np.ndarray
    is_crime: np.ndarray


def offender_counts(scope: Scope, force: Force) -> np.ndarray:
    """Offenders by course, shape (courses,), so that the force's reports with a known suspect come out as they should."""
    reports = force.population / 1000 * scope.profile.world.reports_per_1000 * scope.years
    return _plan(scope).offenders_per_report * reports


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
    reported_mix = np.array([[course.share[group] for group in groups] for course in COURSES]) * (mix - not_known)
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
    """Mean number of a course's events that fall within the period, from a fixed sample of 50,000 offenders."""
    sample = 50_000
    offender, _ = _event_days(scope, stream(0, "pilot", course.name), sample, course)
    return len(offender) / sample


def _event_days(scope: Scope, rng: np.random.Generator, count: int, course: Course) -> tuple[np.ndarray, np.ndarray]:
    """(offender, day within the period) of the events of ``count`` offenders, ordered by both."""
    length = scope.end - scope.start + 1
    level = np.log(course.further * scope.profile.world.repeat + 1e-9) - course.spread**2 / 2
    further = np.minimum(rng.poisson(rng.lognormal(level, course.spread, count)), 60)
    first = rng.uniform(-3 * course.spell, length, count)
    spell = rng.exponential(course.spell, count)
    offender = np.repeat(np.arange(count), further + 1)
    begins = np.cumsum(further + 1) - further - 1
    offset = rng.random(len(offender))
    offset[begins] = 0.0
    day = first[offender] + offset * spell[offender]
    inside = (day >= 0) & (day < length)
    offender, day = offender[inside], day[inside]
    order = np.lexsort((day, offender))
    return offender[order], _calendar(scope, day[order])


def _calendar(scope: Scope, day: np.ndarray) -> np.ndarray:
    """Days of the process → days since 1970: stretched so that the season and the trend come out."""
    length = scope.end - scope.start + 1
    days = np.arange(length)
    of_year = (scope.start + days + 0.5) % 365.25
    world = scope.profile.world
    intensity = 1 + world.season * np.cos(2 * np.pi * (of_year - 196) / 365.25)
    intensity = intensity * (1 + world.trend) ** (days / 365.25)
    cumulative = np.concatenate([[0.0], np.cumsum(intensity)])
    cumulative *= length / cumulative[-1]
    position = np.interp(day, cumulative, np.arange(length + 1))
    return (scope.start + np.minimum(position.astype(np.int32), length - 1)).astype(np.int32)


@dataclass(frozen=True)
class Abroad:
    """Forces that offenders offend in beside their own, and how many offenders in each."""

    forces: tuple[Force, ...]
    counts: np.ndarray


def offend(
    scope: Scope,
    rng: np.random.Generator,
    courses: tuple[Course, ...],
    counts: np.ndarray,
    home: Force,
    abroad: Abroad | None = None,
) -> tuple[People, Events]:
    """Offenders of ``home`` by course with their victims and events; every other victim is abroad, where that is given."""
    suspects: list[People] = []
    victims: list[People] = []
    events: list[Events] = []
    for number, (course, count) in enumerate(zip(courses, counts, strict=True)):
        group = _course_group(scope, rng, number, course, int(count), home, abroad)
        if group is None:
            continue
        people, their_victims, their_events = group
        suspects.append(people)
        victims.append(their_victims)
        events.append(their_events)
    if not events:
        nobody = draw_people(rng, home, np.zeros(0, bool), (35, 10), np.zeros(0, np.int32))
        return nobody, _no_events()
    return _stack(suspects, victims, events)


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
    scope: Scope, rng: np.random.Generator, number: int, course: Course, count: int, home: Force, abroad: Abroad | None
) -> tuple[People, People, Events] | None:
    plan = _plan(scope)
    offender, day = _event_days(scope, rng, count, course)
    if not len(offender):
        return None
    _, offender = np.unique(offender, return_inverse=True)
    people = int(offender[-1]) + 1
    first = np.concatenate([[True], offender[1:] != offender[:-1]])
    new_victim = first | (rng.random(len(offender)) < course.new_victim)
    pair = np.cumsum(new_victim) - 1
    pairs = int(pair[-1]) + 1
    suspect_of_pair = offender[new_victim]

    weights = np.cumsum(_relationship_weights(course))
    relationship = np.searchsorted(weights / weights[-1], rng.random(pairs)).astype(np.int8)
    offence = np.searchsorted(plan.offence_mix[number], rng.random(len(offender))).astype(np.int8)
    offence = np.minimum(offence, len(YEARLY_MIX) - 1).astype(np.int8)
    is_reported = rng.random(len(offender)) < plan.reported[offence, relationship[pair]]

    suspects = draw_people(rng, home, rng.random(people) < 0.12, course.age, draw_units(rng, home, people))
    where = np.full(pairs, home.index, np.int16)
    unit = near_units(rng, home, suspects.unit[suspect_of_pair]).astype(np.int32)
    if abroad is not None:
        is_away = (np.arange(pairs) + rng.integers(0, 2)) % 2 == 1
        bounds = np.cumsum(abroad.counts) / abroad.counts.sum()
        away_of = np.searchsorted(bounds, rng.random(people))[suspect_of_pair]
        for place, force in enumerate(abroad.forces):
            rows = np.flatnonzero(is_away & (away_of == place))
            where[rows], unit[rows] = force.index, draw_units(rng, force, len(rows))
    victims = draw_victims(rng, home, where, unit, offence, pair, abroad.forces if abroad is not None else ())
    victims = households(rng, suspects, victims, suspect_of_pair, relationship, where == home.index, scope, home)
    crimes = _events(rng, where[pair], unit[pair], offence, relationship[pair], day, is_reported, offender, pair)
    return suspects, victims, Events.concat([crimes, _incidents_beside(scope, rng, crimes)])


def _incidents_beside(scope: Scope, rng: np.random.Generator, crimes: Events) -> Events:
    """Incidents, no crime, between the same two people in the year about each domestic crime."""
    domestic = np.flatnonzero(np.isin(crimes.relationship, DOMESTIC_CODES))
    each = rng.poisson(INCIDENTS_BESIDE * _incident_rate(scope), len(domestic))
    beside = crimes.take(np.repeat(domestic, each))
    day = beside.occurred.clip(scope.start, None) + rng.integers(-365, 366, len(beside)).astype(np.int32)
    # What falls outside the period is turned back into it at the end that it passed.
    day = np.where(day < scope.start, 2 * scope.start - day, day)
    day = np.where(day > scope.end, 2 * scope.end - day, day).clip(scope.start, scope.end).astype(np.int32)
    return replace(
        beside,
        offence=np.full(len(beside), -1, np.int8),
        occurred=day,
        reported=day,
        is_crime=np.zeros(len(beside), bool),
    )


def incidents_only(scope: Scope, rng: np.random.Generator, force: Force) -> tuple[People, Events]:
    """Domestic incidents, no crime, of people who are suspected of nothing else; most are called about once."""
    plan = _plan(scope)
    reports = force.population / 1000 * scope.profile.world.reports_per_1000 * scope.years
    rate = _incident_rate(scope)
    wanted = reports * plan.domestic_share * rate - reports * plan.domestic_events * rate * INCIDENTS_BESIDE
    count = round(max(wanted, 0.0) / max(_events_per_offender(scope, INCIDENTS), 1e-9))
    offender, day = _event_days(scope, rng, count, INCIDENTS)
    if not len(offender):
        nobody = draw_people(rng, force, np.zeros(0, bool), (35, 10), np.zeros(0, np.int32))
        return nobody, _no_events()
    _, offender = np.unique(offender, return_inverse=True)
    people = int(offender[-1]) + 1
    weights = np.cumsum(_relationship_weights(INCIDENTS))
    relationship = np.searchsorted(weights / weights[-1], rng.random(people)).astype(np.int8)
    suspects = draw_people(rng, force, rng.random(people) < 0.2, INCIDENTS.age, draw_units(rng, force, people))
    where = np.full(people, force.index, np.int16)
    unit = near_units(rng, force, suspects.unit).astype(np.int32)
    offence = np.full(len(offender), -1, np.int8)
    victims = draw_victims(rng, force, where, unit, offence, offender)
    each = np.arange(people)
    victims = households(rng, suspects, victims, each, relationship, np.ones(people, bool), scope, force)
    happened = _events(
        rng, where[offender], unit[offender], offence, relationship[offender], day, np.ones(len(day), bool), offender, offender
    )
    return _stack([suspects], [victims], [happened])


def _incident_rate(scope: Scope) -> float:
    """Incidents for each domestic crime that is reported."""
    share = scope.profile.world.incident_share
    return share / (1 - share) * RECORDED_AND_LEFT


def reported_and_no_crime(scope: Scope, rng: np.random.Generator, events: Events) -> Events:
    """Further reports of an offence, between the same people, that prove to be no crime and are rightly cancelled."""
    reported = np.flatnonzero((events.reported != NEVER) & events.is_crime)
    chosen = reported[rng.random(len(reported)) < scope.profile.world.no_crime_share]
    none = events.take(chosen)
    day = np.minimum(none.reported + rng.integers(0, 60, len(none)).astype(np.int32), scope.end)
    return replace(none, reported=day, is_crime=np.zeros(len(none), bool))


def unknown_suspects(scope: Scope, rng: np.random.Generator, force: Force) -> tuple[People, Events]:
    """Events whose suspect the victim does not know: a victim each, one in twenty of them a second time."""
    plan = _plan(scope)
    reports = force.population / 1000 * scope.profile.world.reports_per_1000 * scope.years * plan.not_known_share
    stranger, not_known = RELATIONSHIPS.index("stranger"), RELATIONSHIPS.index("unknown")
    chance = plan.reported[:, stranger]
    not_known_mix = np.diff(plan.not_known_mix, prepend=0.0)
    true_mix = np.divide(not_known_mix, chance, out=np.zeros_like(chance), where=chance > 0)
    count = round(reports * true_mix.sum())
    offence = np.searchsorted(np.cumsum(true_mix / max(true_mix.sum(), 1e-12)), rng.random(count))
    offence = np.minimum(offence, len(true_mix) - 1).astype(np.int8)
    is_reported = rng.random(count) < chance[offence]
    day = _calendar(scope, rng.uniform(0, scope.end - scope.start + 1, count))
    victim = np.arange(count)
    again = rng.random(count) < 0.05
    victim[again] = rng.integers(0, max(count, 1), int(again.sum()))
    _, victim = np.unique(victim, return_inverse=True)
    people = int(victim.max()) + 1 if count else 0
    unit_of_victim = draw_units(rng, force, people)
    where = np.full(people, force.index, np.int16)
    victims = draw_victims(rng, force, where, unit_of_victim, offence, victim)
    relationship = np.where(rng.random(count) < 0.75, stranger, not_known).astype(np.int8)
    nobody = np.full(count, -1)
    events = _events(rng, where[victim], unit_of_victim[victim], offence, relationship, day, is_reported, nobody, victim)
    return victims, events


def _events(
    rng: np.random.Generator,
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
    bucket = (rng.random(len(day))[:, None] > bounds[offence]).sum(axis=1).clip(0, 4)
    low, high = DELAY_BOUNDS[bucket], DELAY_BOUNDS[bucket + 1]
    delay = np.exp(rng.uniform(np.log(np.maximum(low, 1)), np.log(np.maximum(high, 1)))).astype(np.int32)
    occurred = np.where(is_reported & (bucket > 0), day - delay, day).astype(np.int32)
    reported = np.where(is_reported, day, NEVER).astype(np.int32)
    return Events(where, unit, offence, relationship, occurred, reported, suspect.astype(np.int64), victim, offence >= 0)


def _no_events() -> Events:
    none = np.zeros(0, np.int32)
    return Events(none, none, none, none, none, none, none.astype(np.int64), none.astype(np.int64), none.astype(bool))
