"""The world: true people, and what happened between them, one force at a time.

An offender has a *course*: a kind of offending, a number of events, a spell in which they fall, and victims. Courses
are drawn by kind so that the yearly mix of offences, the share of suspects that are reported again and the share
that is never reported come out as published. Offenders who live in one force and offend in two are drawn once per
ordered pair of forces, from a stream that both forces' jobs open, so that forces are made in any order, or side by side.
"""

from dataclasses import dataclass, replace

import numpy as np

from synthetic.randomness import stream
from synthetic.world.courses import BORDER_COURSES, BORDER_DRAWN, BORDER_REPORTS, COURSES
from synthetic.world.events import Events, incidents_only, offend, offender_counts, reported_and_no_crime, unknown_suspects
from synthetic.world.people import People, person_keys
from synthetic.world.scope import NEVER, Force, Scope, force_of, neighbours


@dataclass(frozen=True)
class World:
    """One force's part of the world: everyone in its events, and the events reported to it or that would be."""

    force: Force
    people: People
    events: Events


def make_world(scope: Scope, slug: str) -> World:
    """The part of the world that one force sees; depends on the scope and the slug alone.

    ``people`` are the force's residents, then visitors from other forces who offend here. Events are those of the
    force, in order of the day on which they were reported or, never reported, happened.
    """
    force = force_of(scope, slug)
    travellers = _travellers(scope)
    groups = [_residents(scope, force)]
    for (home, away), count in travellers.items():
        if slug in (home, away):
            groups.append(_border_group(scope, force_of(scope, home), force_of(scope, away), count))
    people, events = [], []
    offset = 0
    for group_people, group_events in groups:
        kept = group_events.take(np.flatnonzero(group_events.where == force.index))
        suspects = np.where(kept.suspect >= 0, kept.suspect + offset, -1)
        events.append(replace(kept, suspect=suspects, victim=kept.victim + offset))
        people.append(group_people)
        offset += len(group_people)
    everyone, happened = People.concat(people), Events.concat(events)
    rng = stream(scope.seed, "no crime", slug)
    happened = Events.concat([happened, reported_and_no_crime(scope, rng, happened)])
    here = everyone.home == force.index
    present = here.copy()
    present[happened.victim] = True
    present[happened.suspect[happened.suspect >= 0]] = True
    row = np.cumsum(present) - 1
    day = np.where(happened.reported == NEVER, happened.occurred, happened.reported)
    # Sixteen bits are enough for the days of a period, and are sorted by radix.
    order = np.argsort((day - scope.start).clip(0, 65_535).astype(np.uint16), kind="stable")
    happened = happened.take(order)
    happened = replace(
        happened,
        suspect=np.where(happened.suspect >= 0, row[happened.suspect], -1),
        victim=row[happened.victim],
    )
    return World(force, everyone.take(np.flatnonzero(present)), happened)


def _travellers(scope: Scope) -> dict[tuple[str, str], int]:
    """Offenders who live in one force and offend in it and another: how many by (home, away), neighbours first."""
    counts = {}
    residents = {slug: force_of(scope, slug).population for slug in scope.forces}
    largest = max(residents, key=lambda slug: residents[slug])
    for home in scope.forces:
        others = [away for away in scope.forces if away != home]
        near = [away for away in others if neighbours(home, away)]
        # Neighbours first, and the largest force from afar; where there is no neighbour, whoever there is.
        pulls = {away: residents[away] * 1.0 for away in near or others}
        if near and largest not in (home, *near):
            pulls[largest] = residents[largest] * 0.05
        courses = offender_counts(scope, force_of(scope, home))
        total = courses.sum() * scope.profile.world.border_share * BORDER_DRAWN
        for away, pull in pulls.items():
            number = total * pull / sum(pulls.values())
            if number >= 2:
                counts[home, away] = round(number)
    return counts


def _residents(scope: Scope, force: Force) -> tuple[People, Events]:
    """Offenders who stay in their force, events whose suspect is not known, and incidents, each with their victims."""
    rng = stream(scope.seed, "world", force.slug)
    border = scope.profile.world.border_share * (len(scope.forces) > 1)
    share = max(0.0, 1.0 - border * BORDER_DRAWN * BORDER_REPORTS)
    counts = np.round(offender_counts(scope, force) * share).astype(int)
    people, events = offend(scope, rng, COURSES, counts, force, force)
    unknown_victims, unknown_events = unknown_suspects(scope, rng, force)
    unknown_events = replace(unknown_events, victim=unknown_events.victim + len(people))
    people = People.concat([people, unknown_victims])
    others, incidents = incidents_only(scope, rng, force)
    incidents = replace(incidents, suspect=incidents.suspect + len(people), victim=incidents.victim + len(people))
    people = People.concat([people, others])
    return replace(people, key=person_keys(force.slug, len(people))), Events.concat([events, unknown_events, incidents])


def _border_group(scope: Scope, home: Force, away: Force, count: int) -> tuple[People, Events]:
    """Offenders of ``home`` who offend in ``away`` too, the same whichever of the two asks."""
    rng = stream(scope.seed, "border", home.slug, away.slug)
    counts = offender_counts(scope, home)
    counts = rng.multinomial(count, counts / counts.sum())
    people, events = offend(scope, rng, BORDER_COURSES, counts, home, away)
    return replace(people, key=person_keys(f"{home.slug}-{away.slug}", len(people))), events
