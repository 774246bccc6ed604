"""Arrivals: who begins to offend in each calendar month, and on which days they offend, whatever period is looked at.

Those who begin in a month are drawn for that month alone, and the days of their events follow from their keys. So two periods
that overlap hold the same events where they do.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from synthetic.randomness import Floats, Ints, Keys, child, draw, exponential, first_poisson, name_key
from synthetic.world.courses import SPELLS, Course
from synthetic.world.scope import Scope

BEFORE = 90
"""Days before the period from which events are needed for what follows on them."""
MOST_FURTHER = 150
AGAIN, AGAIN_WITHIN = 0.053, 1_095
"""Share of victims of unknown suspects who are victims once more, and within how many days (illustrative)."""
YEAR = 365.25
SUMMER = 196
"""Day of the year about which most is reported."""
LEVEL_DAY = 19_631
"""The day, 1 October 2023, on which the volume is the profile's own, where it grows or falls."""
FARTHEST = 10.0
"""Years from ``LEVEL_DAY`` after which growth stops."""


@dataclass(frozen=True)
class Arrivals:
    """Keys of those who begin, and the first day of each, in days of 1970 before the season is put in; shape (n,)."""

    keys: Keys
    first: Floats


@dataclass(frozen=True)
class EventDays:
    """Events in order of their owner and day: ``owner`` is the row of ``keys``, ``event`` the event's own key, ``day`` since 1970."""

    keys: Keys
    owner: Ints
    event: Keys
    day: npt.NDArray[np.int32]


def arrivals(scope: Scope, group: str, course: str, longest: float, a_day: float) -> Arrivals:
    """Those of a group who begin a course in time to be in an event of the period, ``a_day`` of them a day on average."""
    slack = YEAR / (2 * np.pi) * scope.profile.world.season + 1
    ends = np.array([scope.start - BEFORE - longest - slack, scope.end + slack]).astype("datetime64[D]")
    first, last = ends.astype("datetime64[M]").astype(int)
    months = np.arange(first, last + 1)
    begins = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    days = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - begins
    since = ((begins + days / 2 - LEVEL_DAY) / YEAR).clip(-FARTHEST, FARTHEST)
    expected = a_day * days * (1 + scope.profile.world.trend) ** since
    # Poisson numbers, a stream a month.
    counts = first_poisson(scope.seed, ("arrivals", group, course), [str(month) for month in months.tolist()], expected)
    month_keys = child(np.full(len(months), name_key(str(scope.seed), group, course)), months + 100_000)
    keys = child(np.repeat(month_keys, counts), np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts))
    at = np.repeat(begins, counts) + np.repeat(days, counts) * draw(keys, "first")
    return Arrivals(keys, at)


def event_days(scope: Scope, found: Arrivals, course: Course | None) -> EventDays:
    """All events of those who are in any from ``BEFORE`` days before the period to its last day, be they earlier or later.

    The first event of a course is on the first day, the others fall evenly within its spell. Without a course there is one, and
    for a share ``AGAIN`` another within ``AGAIN_WITHIN`` days.
    """
    keys = found.keys
    if course is None:
        further = (draw(keys, "again") < AGAIN).astype(np.int64)
        spell = np.full(len(keys), float(AGAIN_WITHIN))
    else:
        further = np.searchsorted(
            further_counts(course.further * scope.profile.world.repeat, course.spread), draw(keys, "further"), side="right"
        )
        lasts = np.minimum(exponential(keys, "spell"), SPELLS)
        spell = course.spell * (course.steady + (1 - course.steady) * lasts)
    earliest, latest = _process_day(scope, scope.start - BEFORE), _process_day(scope, scope.end + 1)
    near = np.flatnonzero((found.first + np.where(further > 0, spell, 0.0) >= earliest - 1) & (found.first <= latest + 1))
    keys, further, spell, begun = keys[near], further[near].clip(0, MOST_FURTHER), spell[near], found.first[near]
    owner = np.repeat(np.arange(len(keys)), further + 1)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(further + 1) - further - 1, further + 1)
    event = child(keys[owner], number)
    day = _calendar(scope, begun[owner] + np.where(number > 0, draw(event, "within the spell"), 0.0) * spell[owner])
    needed = np.zeros(len(keys), bool)
    needed[owner[(day <= scope.end) & (day >= scope.start - BEFORE)]] = True
    rows = np.flatnonzero(needed[owner])
    owner, event, day, number = owner[rows], event[rows], day[rows], number[rows]
    order = np.lexsort((number, day, owner))
    row = np.cumsum(needed) - 1
    return EventDays(keys[needed], row[owner[order]], event[order], day[order])


def _process_day(scope: Scope, day: float) -> float:
    """The day of an even process that stands for a calendar day."""
    season = scope.profile.world.season
    return float(day + season * YEAR / (2 * np.pi) * np.sin(2 * np.pi * (day - SUMMER) / YEAR))


def _calendar(scope: Scope, day: Floats) -> npt.NDArray[np.int32]:
    """Days of an even process → days since 1970: stretched so that the season comes out."""
    if not len(day):
        return np.zeros(0, np.int32)
    slack = 1 + int(YEAR / (2 * np.pi) * scope.profile.world.season)
    days = np.arange(int(day.min()) - slack - 1, int(day.max()) + slack + 2)
    season = scope.profile.world.season
    even = days + season * YEAR / (2 * np.pi) * np.sin(2 * np.pi * (days - SUMMER) / YEAR)
    return np.floor(np.interp(day, even, days)).astype(np.int32)


@cache
def further_counts(further: float, spread: float) -> Floats:
    """Chance of at most 0, 1, … further events: Poisson about a log-normal mean, by 2,000 of its quantiles; shape (MOST_FURTHER + 1,)."""
    from statistics import NormalDist

    places = np.array([NormalDist().inv_cdf((place + 0.5) / 2_000) for place in range(2_000)])
    mean = np.exp(np.log(further + 1e-9) - spread**2 / 2 + spread * places)
    chance = np.exp(-mean)
    shares = [chance.mean()]
    for number in range(1, MOST_FURTHER + 1):
        chance = chance * mean / number
        shares.append(chance.mean())
    cumulative = np.cumsum(shares)
    cumulative[-1] = 1.0
    return cumulative
