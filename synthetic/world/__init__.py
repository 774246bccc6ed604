"""The world: true people, and what happened between them, one force at a time.

An offender has a *course*: a kind of offending, a number of events, a spell in which they fall, and victims. Courses
are drawn by kind so that the yearly mix of offences, the share of suspects that are reported again and the share
that is never reported come out as published. Offenders who live in one force and offend in two are drawn once
and handed to both, so that forces are made in any order, or side by side. Everything is keyed by the calendar month in which
an offender begins: a period is a view of one world, and two that overlap show the same people and events.
"""

from dataclasses import dataclass, replace

import numpy as np

from synthetic.world.courses import BORDER_COURSES, BORDER_DRAWN, BORDER_REPORTS, COURSES
from synthetic.world.events import (
    Abroad,
    Events,
    event_day,
    incidents_only,
    offend,
    offenders_a_day,
    reported_and_no_crime,
    unknown_suspects,
)
from synthetic.world.people import People
from synthetic.world.scope import NEVER, Force, Scope, force_of, neighbours

FEWEST_A_YEAR = 1.0
"""Offenders a year in another force below which there are none."""


@dataclass(frozen=True)
class World:
    """One force's part of the world: everyone in its events, and the events reported to it or that would be."""

    force: Force
    people: People
    events: Events


Part = tuple[People, Events]
"""The people and events of a group that one force sees."""


def make_world(scope: Scope, slug: str, border: list[Part] | None = None) -> World:
    """The part of the world that one force sees; depends on the scope and the slug alone.

    ``people`` are the force's residents, then visitors from other forces who offend here. Events are those of the
    force, in order of the day on which they were reported or, never reported, happened. ``border`` has the parts of
    ``border_parts`` that this force sees, in order of their home force, where they have been drawn already.
    """
    force = force_of(scope, slug)
    if border is None:
        homes = [home for home in scope.forces if home == slug or slug in travellers(scope, home)]
        drawn = [border_parts(scope, home)[0] for home in homes]
        border = [parts[slug] for parts in drawn if slug in parts]
    return view(scope, force, residents(scope, force), border)


def view(scope: Scope, force: Force, group: Part, border: list[Part]) -> World:
    """What a force sees in a period of its residents' group, drawn for this or a longer one, and of the parts at its border."""
    people, events = [], []
    offset = 0
    for group_people, group_events in [_part(scope, *group, force), *border]:
        suspects = np.where(group_events.suspect >= 0, group_events.suspect + offset, -1)
        events.append(replace(group_events, suspect=suspects, victim=group_events.victim + offset))
        people.append(group_people)
        offset += len(group_people)
    everyone, happened = People.concat(people), Events.concat(events)
    # Sixteen bits are enough for the days of a period, and are sorted by radix.
    order = np.argsort((event_day(happened) - scope.start).clip(0, 65_535).astype(np.uint16), kind="stable")
    return World(force, everyone, happened.take(order))


def _part(scope: Scope, people: People, events: Events, force: Force) -> Part:
    """Of a group, the events of one force in the period, its residents who are in any event of it, and who else is in these.

    Who is known to the force since when, and how often reported to it, goes back to before the period.
    """
    events = events.take(np.flatnonzero(event_day(events) <= scope.end))
    events = Events.concat([events, reported_and_no_crime(scope, events)])
    inside = event_day(events) >= scope.start
    mine = events.where == force.index
    known = np.full(len(people), np.iinfo(np.int32).max, np.int32)
    reports = np.zeros(len(people), np.int32)
    reported = mine & (events.reported != NEVER)
    for who in (events.victim[reported], events.suspect[reported]):
        there = who >= 0
        np.minimum.at(known, who[there], events.reported[reported][there])
        reports += np.bincount(who[there], minlength=len(people)).astype(np.int32)
    in_any, present = np.zeros(len(people), bool), np.zeros(len(people), bool)
    for rows, mark in ((inside, in_any), (inside & mine, present)):
        mark[events.victim[rows]] = True
        mark[events.suspect[rows & (events.suspect >= 0)]] = True
    present |= in_any & (people.home == force.index)
    events = events.take(np.flatnonzero(inside & mine))
    row = np.cumsum(present) - 1
    suspects = np.where(events.suspect >= 0, row[events.suspect], -1)
    people = replace(people, known=known, reports=reports).take(np.flatnonzero(present))
    return people, replace(events, suspect=suspects, victim=row[events.victim])


def travellers(scope: Scope, home: str) -> dict[str, float]:
    """Offenders who live in one force and offend in it and another: how many begin a day, by the other force, neighbours first."""
    residents = {slug: force_of(scope, slug).population for slug in scope.forces}
    largest = max(residents, key=lambda slug: residents[slug])
    others = [away for away in scope.forces if away != home]
    near = [away for away in others if neighbours(home, away)]
    # Neighbours first, and the largest force from afar; where there is no neighbour, the forces there are.
    pulls = {away: residents[away] * 1.0 for away in near or others}
    if near and largest not in (home, *near):
        pulls[largest] = residents[largest] * 0.05
    total = float(offenders_a_day(scope, force_of(scope, home)).sum()) * scope.profile.world.border_share * BORDER_DRAWN
    numbers = {away: total * pull / sum(pulls.values()) for away, pull in pulls.items()}
    return {away: number for away, number in numbers.items() if number * 365.25 >= FEWEST_A_YEAR}


def border_parts(scope: Scope, home: str, periods: tuple[Scope, ...] = ()) -> list[dict[str, Part]]:
    """Offenders of one force who offend in another too: what each force sees of them, by its slug; drawn once for all.

    One for each of ``periods``, which lie within that of ``scope``, or for that of ``scope`` alone.
    """
    counts = travellers(scope, home)
    periods = periods or (scope,)
    if not counts:
        return [{} for _ in periods]
    force, away = force_of(scope, home), [force_of(scope, slug) for slug in counts]
    mix = offenders_a_day(scope, force)
    a_day = mix / mix.sum() * sum(counts.values())
    people, events = offend(
        scope, f"{home}, border", BORDER_COURSES, a_day, force, Abroad(tuple(away), np.array(list(counts.values())))
    )
    return [{one.slug: _part(period, people, events, one) for one in (force, *away)} for period in periods]


def residents(scope: Scope, force: Force) -> tuple[People, Events]:
    """Offenders who stay in their force, events whose suspect is not known, and incidents, each with their victims."""
    border = scope.profile.world.border_share * (len(scope.forces) > 1)
    share = max(0.0, 1.0 - border * BORDER_DRAWN * BORDER_REPORTS)
    people, events = offend(scope, force.slug, COURSES, offenders_a_day(scope, force) * share, force)
    unknown_victims, unknown_events = unknown_suspects(scope, force)
    unknown_events = replace(unknown_events, victim=unknown_events.victim + len(people))
    others, incidents = incidents_only(scope, force)
    before = len(people) + len(unknown_victims)
    incidents = replace(incidents, suspect=incidents.suspect + before, victim=incidents.victim + before)
    return People.concat([people, unknown_victims, others]), Events.concat([events, unknown_events, incidents])
