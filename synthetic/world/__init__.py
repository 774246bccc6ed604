"""The world: true people, and what happened between them, one force at a time.

An offender has a *course*: a kind of offending, a number of events, a spell in which they fall, and victims. Courses
are drawn by kind so that the yearly mix of offences, the share of suspects that are reported again and the share
that is never reported come out as published. Offenders who live in one force and offend in two are drawn once, from
a stream of their home force, and handed to both, so that forces are made in any order, or side by side.
"""

from dataclasses import dataclass, replace

import numpy as np

from synthetic.randomness import stream
from synthetic.world.courses import BORDER_COURSES, BORDER_DRAWN, BORDER_REPORTS, COURSES
from synthetic.world.events import Abroad, Events, incidents_only, offend, offender_counts, reported_and_no_crime, unknown_suspects
from synthetic.world.people import People, person_keys
from synthetic.world.scope import NEVER, Force, Scope, force_of, neighbours


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
        drawn = [border_parts(scope, home) for home in homes]
        border = [parts[slug] for parts in drawn if slug in parts]
    people, events = [], []
    offset = 0
    for group_people, group_events in [_residents(scope, force), *border]:
        suspects = np.where(group_events.suspect >= 0, group_events.suspect + offset, -1)
        events.append(replace(group_events, suspect=suspects, victim=group_events.victim + offset))
        people.append(group_people)
        offset += len(group_people)
    everyone, happened = People.concat(people), Events.concat(events)
    rng = stream(scope.seed, "no crime", slug)
    happened = Events.concat([happened, reported_and_no_crime(scope, rng, happened)])
    day = np.where(happened.reported == NEVER, happened.occurred, happened.reported)
    # Sixteen bits are enough for the days of a period, and are sorted by radix.
    order = np.argsort((day - scope.start).clip(0, 65_535).astype(np.uint16), kind="stable")
    return World(force, *_part(everyone, happened.take(order), force))


def _part(people: People, events: Events, force: Force) -> Part:
    """Of a group, the events of one force, its residents, and who else is in these events."""
    mine = events.where == force.index
    events = events if mine.all() else events.take(np.flatnonzero(mine))
    present = people.home == force.index
    present[events.victim] = True
    present[events.suspect[events.suspect >= 0]] = True
    row = np.cumsum(present) - 1
    suspects = np.where(events.suspect >= 0, row[events.suspect], -1)
    return people.take(np.flatnonzero(present)), replace(events, suspect=suspects, victim=row[events.victim])


def travellers(scope: Scope, home: str) -> dict[str, int]:
    """Offenders who live in one force and offend in it and another: how many by the other force, neighbours first."""
    residents = {slug: force_of(scope, slug).population for slug in scope.forces}
    largest = max(residents, key=lambda slug: residents[slug])
    others = [away for away in scope.forces if away != home]
    near = [away for away in others if neighbours(home, away)]
    # Neighbours first, and the largest force from afar; where there is no neighbour, the forces there are.
    pulls = {away: residents[away] * 1.0 for away in near or others}
    if near and largest not in (home, *near):
        pulls[largest] = residents[largest] * 0.05
    total = offender_counts(scope, force_of(scope, home)).sum() * scope.profile.world.border_share * BORDER_DRAWN
    numbers = {away: total * pull / sum(pulls.values()) for away, pull in pulls.items()}
    return {away: round(number) for away, number in numbers.items() if number >= 2}


def border_parts(scope: Scope, home: str) -> dict[str, Part]:
    """Offenders of one force who offend in another too: what each force sees of them, by its slug; drawn once for all."""
    counts = travellers(scope, home)
    if not counts:
        return {}
    force, away = force_of(scope, home), [force_of(scope, slug) for slug in counts]
    rng = stream(scope.seed, "border", home)
    mix = offender_counts(scope, force)
    courses = rng.multinomial(sum(counts.values()), mix / mix.sum())
    people, events = offend(scope, rng, BORDER_COURSES, courses, force, Abroad(tuple(away), np.array(list(counts.values()))))
    people = replace(people, key=person_keys(f"{home}-border", len(people)))
    return {one.slug: _part(people, events, one) for one in (force, *away)}


def _residents(scope: Scope, force: Force) -> tuple[People, Events]:
    """Offenders who stay in their force, events whose suspect is not known, and incidents, each with their victims."""
    rng = stream(scope.seed, "world", force.slug)
    border = scope.profile.world.border_share * (len(scope.forces) > 1)
    share = max(0.0, 1.0 - border * BORDER_DRAWN * BORDER_REPORTS)
    counts = np.round(offender_counts(scope, force) * share).astype(int)
    people, events = offend(scope, rng, COURSES, counts, force)
    unknown_victims, unknown_events = unknown_suspects(scope, rng, force)
    unknown_events = replace(unknown_events, victim=unknown_events.victim + len(people))
    people = People.concat([people, unknown_victims])
    others, incidents = incidents_only(scope, rng, force)
    incidents = replace(incidents, suspect=incidents.suspect + len(people), victim=incidents.victim + len(people))
    people = People.concat([people, others])
    return replace(people, key=person_keys(force.slug, len(people))), Events.concat([events, unknown_events, incidents])
