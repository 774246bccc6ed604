"""The world: true people, and what happened between them, one force at a time.

An offender has a *course*: a kind of offending, a number of events, a spell in which they fall, and victims. Courses
are drawn by kind so that the yearly mix of offences, the share of suspects that are reported again and the share
that is never reported come out as published. Offenders who live in one force and offend in two are drawn once per
ordered pair of forces, from a stream that both forces' jobs open, so that forces are made in any order, or side by side.
"""

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Self

import numpy as np

from synthetic.contract import RELATIONSHIPS, SEXES, reference
from synthetic.names import CULTURES, name_pool, street_names
from synthetic.profile import Profile
from synthetic.randomness import stream

NEVER = np.int32(-(2**31))
"""Stands for no date in an array of days since 1970-01-01."""

PEOPLE_PER_UNIT = 75_000
MAX_UNITS = 90
FOLLOW_UP_DAYS = 731
"""Follow-up of Barnham, Barnes and Sherman (2017, doi 10.1007/s41887-017-0008-9)."""

# Recorded offences a year per million of them, in thousands: facts of volume, approximate (Home Office and ONS 2024/25).
YEARLY_MIX = {
    "001": 0.2,
    "002": 0.2,
    "005D": 3.0,
    "008V": 35.0,
    "008N": 150.0,
    "105A": 330.0,
    "003B": 15.0,
    "019C": 54.0,
    "019D": 14.0,
    "022A": 12.0,
    "020A": 73.0,
    "088C": 25.0,
    "008Q": 130.0,
    "008U": 45.0,
    "008L": 150.0,
    "008R": 60.0,
    "066B": 25.0,
    "058J": 30.0,
}
# Share of reports whose suspect is not known to the victim (outcomes 14 and 18 by Home Office group, proposed).
SUSPECT_NOT_KNOWN = {
    "rape": 0.14,
    "other_sexual": 0.20,
    "stalking": 0.05,
    "harassment": 0.16,
    "violence": 0.12,
    "other": 0.21,
}


@dataclass(frozen=True)
class Course:
    """A kind of offending. All figures are illustrative, set so that the published concentration comes out.

    ``share`` is the share of each offence group's reports with a known suspect that this kind makes. Further events
    are Poisson about a log-normal mean ``further`` of spread ``spread``, within a spell of mean ``spell`` days;
    ``new_victim`` is the chance that a further event has a new victim.
    """

    name: str
    share: dict[str, float]
    further: float
    spread: float
    spell: float
    new_victim: float
    relationships: dict[str, float]
    age: tuple[float, float]


_INTIMATE = {"partner": 0.46, "ex_partner": 0.34, "parent": 0.06, "child": 0.06, "sibling": 0.04, "other_family": 0.04}
COURSES = (
    Course(
        "domestic",
        {"rape": 0.30, "other_sexual": 0.12, "stalking": 0.20, "harassment": 0.45, "violence": 0.66, "other": 0.58},
        further=0.58,
        spread=0.9,
        spell=420,
        new_victim=0.08,
        relationships=_INTIMATE,
        age=(35, 11),
    ),
    Course(
        "domestic, grave",
        {"rape": 0.24, "other_sexual": 0.04, "stalking": 0.06, "harassment": 0.06, "violence": 0.06, "other": 0.08},
        further=3.7,
        spread=0.65,
        spell=500,
        new_victim=0.06,
        relationships={"partner": 0.55, "ex_partner": 0.40, "other_family": 0.05},
        age=(34, 9),
    ),
    Course(
        "stalking and harassment",
        {"rape": 0.0, "other_sexual": 0.06, "stalking": 0.70, "harassment": 0.42, "violence": 0.06, "other": 0.26},
        further=0.66,
        spread=0.9,
        spell=260,
        new_victim=0.08,
        relationships={"ex_partner": 0.44, "acquaintance": 0.40, "stranger": 0.16},
        age=(36, 11),
    ),
    Course(
        "sexual",
        {"rape": 0.30, "other_sexual": 0.60, "stalking": 0.01, "harassment": 0.02, "violence": 0.02, "other": 0.01},
        further=0.22,
        spread=0.8,
        spell=500,
        new_victim=0.45,
        relationships={"acquaintance": 0.52, "stranger": 0.16, "other_family": 0.12, "parent": 0.10, "partner": 0.10},
        age=(33, 13),
    ),
    Course(
        "sexual, serial",
        {"rape": 0.16, "other_sexual": 0.10, "stalking": 0.01, "harassment": 0.0, "violence": 0.01, "other": 0.0},
        further=4.4,
        spread=0.68,
        spell=600,
        new_victim=0.24,
        relationships={"acquaintance": 0.45, "partner": 0.30, "stranger": 0.15, "other_family": 0.10},
        age=(36, 11),
    ),
    Course(
        "other violence",
        {"rape": 0.0, "other_sexual": 0.08, "stalking": 0.02, "harassment": 0.05, "violence": 0.19, "other": 0.07},
        further=0.33,
        spread=0.9,
        spell=400,
        new_victim=0.7,
        relationships={"acquaintance": 0.66, "stranger": 0.34},
        age=(32, 12),
    ),
)
# Whoever offends in two forces has several victims, some here and some there.
BORDER_COURSES = tuple(replace(course, further=max(course.further, 2.5), new_victim=0.7) for course in COURSES)
# Offenders to be drawn for each who is reported in both forces, and reports each makes over a resident's (measured).
BORDER_DRAWN, BORDER_REPORTS = 1.95, 2.15
# How much likelier a report is by relationship, over the offence group's rate (illustrative).
REPORTS_BY_RELATIONSHIP = {"partner": 0.8, "ex_partner": 1.1, "stranger": 1.3, "acquaintance": 1.0}

# Days from the first act to the report: chance of the same day, a week, a month, a year, later (proposed).
DELAY_BOUNDS = np.array([0, 1, 8, 31, 366, 3650])
REPORT_DELAY = {
    "rape": (0.20, 0.18, 0.10, 0.22, 0.30),
    "other_sexual": (0.35, 0.20, 0.10, 0.15, 0.20),
    "violence": (0.70, 0.17, 0.06, 0.05, 0.02),
    "other": (0.70, 0.17, 0.06, 0.05, 0.02),
    "stalking": (0.10, 0.25, 0.40, 0.22, 0.03),
    "harassment": (0.10, 0.25, 0.40, 0.22, 0.03),
}
FEMALE_VICTIM_OFFENCES = ("019C", "019D", "020A")
DOMESTIC = ("partner", "ex_partner", "parent", "child", "sibling", "other_family")
LIVES_WITH = {"partner": 0.85, "ex_partner": 0.10, "parent": 0.75, "child": 0.75, "sibling": 0.55, "other_family": 0.2}
SHARES_SURNAME = {
    "partner": 0.5,
    "ex_partner": 0.25,
    "parent": 0.85,
    "child": 0.85,
    "sibling": 0.9,
    "other_family": 0.4,
}


@dataclass(frozen=True)
class Rows:
    """Parallel arrays of one length."""

    def take(self, index: np.ndarray) -> Self:
        return type(self)(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @classmethod
    def concat(cls, parts: "list[Self]") -> Self:
        return cls(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)})

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))


@dataclass(frozen=True)
class People(Rows):
    """People: codes into the name pool, days since 1970, indices of SEXES and of the ethnicities, numbers for the rest."""

    key: np.ndarray
    home: np.ndarray
    unit: np.ndarray
    forename: np.ndarray
    surname: np.ndarray
    date_of_birth: np.ndarray
    sex: np.ndarray
    ethnicity: np.ndarray
    address: np.ndarray
    postcode: np.ndarray
    phone: np.ndarray


@dataclass(frozen=True)
class Events(Rows):
    """Events: ``where`` is the force's index, ``suspect`` and ``victim`` are rows of the people, -1 not known."""

    where: np.ndarray
    unit: np.ndarray
    offence: np.ndarray
    relationship: np.ndarray
    occurred: np.ndarray
    reported: np.ndarray
    suspect: np.ndarray
    victim: np.ndarray


@dataclass(frozen=True)
class Force:
    """A force of this world: index in the reference table, slug, residents, and its units' shares of them."""

    index: int
    slug: str
    region: str
    population: int
    unit_shares: np.ndarray


@dataclass(frozen=True)
class World:
    """One force's part of the world: everyone in its events, and the events reported to it or that would be."""

    force: Force
    people: People
    events: Events


@dataclass(frozen=True)
class Scope:
    """What a world is made of: seed, profile, first and last day (days since 1970), scale, and the forces in it."""

    seed: int
    profile: Profile
    start: int
    end: int
    scale: float
    forces: tuple[str, ...]

    @property
    def years(self) -> float:
        return (self.end - self.start + 1) / 365.25


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


@cache
def _force_table() -> dict[str, tuple[int, str, int]]:
    return {row.force: (index, row.region, int(row.population)) for index, row in enumerate(reference("forces").itertuples())}


def force_of(scope: Scope, slug: str) -> Force:
    """The force as this world has it: its population scaled, and split over its units."""
    index, region, residents = _force_table()[slug]
    population = max(1_000, round(residents * scope.scale))
    count = int(np.clip(round(population / PEOPLE_PER_UNIT), 2, MAX_UNITS))
    shares = stream(scope.seed, "units", slug).lognormal(0.0, 0.45, count)
    return Force(index, slug, region, population, shares / shares.sum())


def _neighbours(first: str, second: str) -> bool:
    """Forces of one region border on each other; the capital borders on the two regions around it."""
    regions = {_force_table()[first][1], _force_table()[second][1]}
    return len(regions) == 1 or regions in ({"Capital", "Southmere"}, {"Capital", "Eastfold"})


def _travellers(scope: Scope) -> dict[tuple[str, str], int]:
    """Offenders who live in one force and offend in it and another: how many by (home, away), neighbours first."""
    counts = {}
    residents = {slug: force_of(scope, slug).population for slug in scope.forces}
    largest = max(residents, key=lambda slug: residents[slug])
    for home in scope.forces:
        others = [away for away in scope.forces if away != home]
        near = [away for away in others if _neighbours(home, away)]
        # Neighbours first, and the largest force from afar; where there is no neighbour, whoever there is.
        pulls = {away: residents[away] * 1.0 for away in near or others}
        if near and largest not in (home, *near):
            pulls[largest] = residents[largest] * 0.05
        courses = _offender_counts(scope, force_of(scope, home))
        total = courses.sum() * scope.profile.world.border_share * BORDER_DRAWN
        for away, pull in pulls.items():
            number = total * pull / sum(pulls.values())
            if number >= 2:
                counts[home, away] = round(number)
    return counts


def _residents(scope: Scope, force: Force) -> tuple[People, Events]:
    """Offenders who stay in their force, and the events whose suspect is not known, with their victims."""
    rng = stream(scope.seed, "world", force.slug)
    border = scope.profile.world.border_share * (len(scope.forces) > 1)
    share = max(0.0, 1.0 - border * BORDER_DRAWN * BORDER_REPORTS)
    counts = np.round(_offender_counts(scope, force) * share).astype(int)
    people, events = _offend(scope, rng, COURSES, counts, force, force)
    unknown_victims, unknown_events = _unknown_suspects(scope, rng, force)
    unknown_events = replace(unknown_events, victim=unknown_events.victim + len(people))
    people = People.concat([people, unknown_victims])
    return replace(people, key=_person_keys(force.slug, len(people))), Events.concat([events, unknown_events])


def _border_group(scope: Scope, home: Force, away: Force, count: int) -> tuple[People, Events]:
    """Offenders of ``home`` who offend in ``away`` too, the same whichever of the two asks."""
    rng = stream(scope.seed, "border", home.slug, away.slug)
    counts = _offender_counts(scope, home)
    counts = rng.multinomial(count, counts / counts.sum())
    people, events = _offend(scope, rng, BORDER_COURSES, counts, home, away)
    return replace(people, key=_person_keys(f"{home.slug}-{away.slug}", len(people))), events


def _offender_counts(scope: Scope, force: Force) -> np.ndarray:
    """Offenders by course, shape (courses,), so that the force's reports with a known suspect come out as they should."""
    reports = force.population / 1000 * scope.profile.world.reports_per_1000 * scope.years
    return _plan(scope).offenders_per_report * reports


@dataclass(frozen=True)
class _Plan:
    """What the profile's rates come to: cumulative offence mixes over true events by course, and offenders a report."""

    offence_mix: np.ndarray
    offenders_per_report: np.ndarray
    not_known_mix: np.ndarray
    not_known_share: float
    reported: np.ndarray


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
    events = np.array([_events_per_offender(scope, course) for course in COURSES])
    return _Plan(
        offence_mix=np.cumsum(true_mix / np.maximum(totals, 1e-12)[:, None], axis=1),
        offenders_per_report=totals / events,
        not_known_mix=np.cumsum(not_known / not_known.sum()),
        not_known_share=float(not_known.sum()),
        reported=reported,
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


def _offend(
    scope: Scope, rng: np.random.Generator, courses: tuple[Course, ...], counts: np.ndarray, home: Force, away: Force
) -> tuple[People, Events]:
    """Offenders of ``home`` by course with their victims and events; some victims are in ``away`` where it differs."""
    suspects: list[People] = []
    victims: list[People] = []
    events: list[Events] = []
    for number, (course, count) in enumerate(zip(courses, counts, strict=True)):
        group = _course_group(scope, rng, number, course, int(count), home, away)
        if group is None:
            continue
        people, their_victims, their_events = group
        suspects.append(people)
        victims.append(their_victims)
        events.append(their_events)
    if not events:
        nobody = _draw_people(rng, home, np.zeros(0, bool), (35, 10), np.zeros(0, np.int32))
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
    scope: Scope, rng: np.random.Generator, number: int, course: Course, count: int, home: Force, away: Force
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
    is_away = ((np.arange(pairs) + rng.integers(0, 2)) % 2 == 1) & (home.index != away.index)

    suspects = _draw_people(rng, home, rng.random(people) < 0.12, course.age, _draw_units(rng, home, people))
    where = np.where(is_away, away.index, home.index).astype(np.int16)
    unit = np.where(is_away, _draw_units(rng, away, pairs), _near_units(rng, home, suspects.unit[suspect_of_pair])).astype(np.int32)
    victims = _draw_victims(rng, home, away, where, unit, offence, pair)
    victims = _households(rng, suspects, victims, suspect_of_pair, relationship, ~is_away)
    return (
        suspects,
        victims,
        _events(rng, where[pair], unit[pair], offence, relationship[pair], day, is_reported, offender, pair),
    )


def _unknown_suspects(scope: Scope, rng: np.random.Generator, force: Force) -> tuple[People, Events]:
    """Events whose suspect the victim does not know: a victim each, one in twenty of them a second time."""
    plan = _plan(scope)
    reports = force.population / 1000 * scope.profile.world.reports_per_1000 * scope.years * plan.not_known_share
    stranger, not_told = RELATIONSHIPS.index("stranger"), RELATIONSHIPS.index("unknown")
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
    unit_of_victim = _draw_units(rng, force, people)
    where = np.full(people, force.index, np.int16)
    victims = _draw_victims(rng, force, force, where, unit_of_victim, offence, victim)
    relationship = np.where(rng.random(count) < 0.75, stranger, not_told).astype(np.int8)
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
    return Events(where, unit, offence, relationship, occurred, reported, suspect.astype(np.int64), victim)


def _no_events() -> Events:
    none = np.zeros(0, np.int32)
    return Events(none, none, none, none, none, none, none.astype(np.int64), none.astype(np.int64))


def _draw_units(rng: np.random.Generator, force: Force, size: int) -> np.ndarray:
    unit = np.searchsorted(np.cumsum(force.unit_shares), rng.random(size))
    return np.minimum(unit, len(force.unit_shares) - 1).astype(np.int32)


def _near_units(rng: np.random.Generator, force: Force, unit: np.ndarray) -> np.ndarray:
    """Four victims of five are in the suspect's own unit (illustrative)."""
    return np.where(rng.random(len(unit)) < 0.8, unit, _draw_units(rng, force, len(unit)))


def _draw_victims(
    rng: np.random.Generator,
    home: Force,
    away: Force,
    where: np.ndarray,
    unit: np.ndarray,
    offence: np.ndarray,
    victim: np.ndarray,
) -> People:
    """One person a victim, living where the events are; women where the offence says so, and children likewise."""
    of_reference = reference("offences")["offence_code"]
    count = len(where)
    male = rng.random(count) < 0.14
    only_female = np.isin(offence, np.flatnonzero(of_reference.isin(FEMALE_VICTIM_OFFENCES)))
    male[victim[only_female]] = False
    victims = _draw_people(rng, home, ~male, (33, 13), unit)
    elsewhere = np.flatnonzero(where != home.index)
    if len(elsewhere):
        visitors = _place(rng, away, unit[elsewhere])
        for column, values in visitors.items():
            getattr(victims, column)[elsewhere] = values
    child = np.zeros(count, bool)
    child[victim[offence == of_reference.tolist().index("019D")]] = True
    years = rng.integers(6, 15, int(child.sum()))
    victims.date_of_birth[child] = (_LAST_DAY - years * 365.25 - 365 * 5).astype(np.int32)
    return victims


_LAST_DAY = int(np.datetime64("2025-03-31").astype(int))


def _draw_people(rng: np.random.Generator, force: Force, female: np.ndarray, age: tuple[float, float], unit: np.ndarray) -> People:
    """People of one force and age distribution (gamma about a mean and spread of years, at least 11 years old)."""
    size = len(female)
    years = rng.gamma((age[0] / age[1]) ** 2, age[1] ** 2 / age[0], size).clip(11, 95)
    table = reference("ethnicities")
    shares = table["population_percent"].to_numpy() * np.where(table["ethnicity"] == "W1", 1.0, _diversity(force))
    ethnicity = np.searchsorted(np.cumsum(shares / shares.sum()), rng.random(size)).clip(0, len(CULTURES) - 1)
    forename, surname = _draw_names(rng, table["ethnicity"].tolist(), ethnicity, female)
    return People(
        key=np.zeros(size, "S1"),
        forename=forename,
        surname=surname,
        date_of_birth=(_LAST_DAY - years * 365.25).astype(np.int32),
        sex=np.where(female, SEXES.index("F"), SEXES.index("M")).astype(np.int8),
        ethnicity=ethnicity.astype(np.int8),
        **_place(rng, force, unit),
    )


def _diversity(force: Force) -> float:
    """How many more residents than the national share are not White British: more in the capital (Census 2021)."""
    return {"Capital": 3.4, "Westvale": 1.1, "Midholt": 1.2, "Southmere": 0.9}.get(force.region, 0.6)


def _draw_names(
    rng: np.random.Generator, codes: list[str], ethnicity: np.ndarray, female: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    pool = name_pool()
    size = len(ethnicity)
    forename, surname = np.zeros(size, np.int32), np.zeros(size, np.int32)
    which = rng.random(size)
    for number, code in enumerate(codes):
        if code not in CULTURES:
            continue
        locales = CULTURES[code]
        mine = np.flatnonzero(ethnicity == number)
        for place, locale in enumerate(locales):
            rows = mine[(which[mine] * len(locales)).astype(int) == place]
            women = rows[female[rows]]
            men = rows[~female[rows]]
            forename[women] = pool.tables[locale, "F"].draw(rng, len(women))
            forename[men] = pool.tables[locale, "M"].draw(rng, len(men))
            surname[rows] = pool.tables[locale, "surname"].draw(rng, len(rows))
    return forename, surname


def _place(rng: np.random.Generator, force: Force, unit: np.ndarray) -> dict[str, np.ndarray]:
    """Where people live: force, unit, address, postcode; and a telephone number."""
    size = len(unit)
    return {
        "home": np.full(size, force.index, np.int16),
        "unit": unit.astype(np.int32),
        "address": draw_addresses(rng, force, unit),
        "postcode": draw_postcodes(rng, force, unit),
        "phone": rng.integers(0, 10**9, size),
    }


def draw_addresses(rng: np.random.Generator, force: Force, unit: np.ndarray) -> np.ndarray:
    """Addresses as numbers, street × 1,000 + house; a unit's area has 60 streets of its own."""
    street = (force.index * 977 + unit * 61 + rng.integers(0, 60, len(unit))) * 7 % len(street_names())
    return street * 1000 + rng.integers(1, 180, len(unit))


def draw_postcodes(rng: np.random.Generator, force: Force, unit: np.ndarray) -> np.ndarray:
    """Postcodes as numbers, (area × 90 + district) × 10 + sector) × 400 + unit letters; 200 of them a unit's area."""
    district = (force.index // 26) * 45 + unit % 45
    sector = unit // 45 % 2 * 5 + rng.integers(0, 5, len(unit))
    return ((force.index % 26 * 90 + district) * 10 + sector) * 400 + rng.integers(0, 40, len(unit))


def _households(
    rng: np.random.Generator,
    suspects: People,
    victims: People,
    suspect: np.ndarray,
    relationship: np.ndarray,
    same_force: np.ndarray,
) -> People:
    """Partners and relatives live with the suspect, and share a surname, as often as their relationship has it."""
    lives_with = np.array([LIVES_WITH.get(name, 0.0) for name in RELATIONSHIPS])[relationship]
    shares_name = np.array([SHARES_SURNAME.get(name, 0.0) for name in RELATIONSHIPS])[relationship]
    together = np.flatnonzero((rng.random(len(suspect)) < lives_with) & same_force)
    for column in ("unit", "address", "postcode"):
        getattr(victims, column)[together] = getattr(suspects, column)[suspect[together]]
    named = np.flatnonzero(rng.random(len(suspect)) < shares_name)
    victims.surname[named] = suspects.surname[suspect[named]]
    return victims


def _person_keys(prefix: str, count: int) -> np.ndarray:
    return np.char.add(f"{prefix}-".encode(), np.char.zfill(np.arange(1, count + 1).astype("S7"), 7))
