"""Lives: where people live, with whom, and under which surname and telephone number, on any day.

Nothing of this is stored. A person has a number of their own (``life``) and that of the household or place where they live
on a first day (``since``), when the first of those they live with began to offend. What they have on a later day follows from these numbers
by a hash, so that two records of a person, made by two forces or years apart, differ by what has truly changed between, in
whatever period. All shares and intervals are illustrative.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from synthetic.contract import RESIDENCES, SEXES, codes
from synthetic.names import CULTURES, name_pool, street_names
from synthetic.randomness import Floats, Ints, hashed, uniform
from synthetic.world.scope import Force

NUMBERS = 10**15
"""Numbers of people and of homes lie below this."""
NO_ABODE = 10**9
"""Stands for the address "No fixed abode"."""
PHONES = 10**9
SHARED_LANDLINE = 0.42
"""Share of households whose members give the household's number; a member does so with ``GIVES_LANDLINE``."""
GIVES_LANDLINE = 0.85
PASSED_ON = 0.025
"""Share of numbers that somebody else in the area has had, or will have, out of ``POOL`` such numbers a unit."""
POOL = 150
MOVES_TOGETHER = 0.6
NEW_SURNAME = {"F": 0.25, "M": 0.04}
"""Share of people who take another surname within fifteen years."""


@dataclass(frozen=True)
class Place:
    """Where people live: shares of suspects and of victims, residents of the area for each such place, use of its telephone."""

    name: str
    residence: str
    suspects: float = 0.0
    victims: float = 0.0
    people_per_place: int = 0
    gives_phone: float = 0.0


PLACES = (
    Place("private home", "private"),
    Place("shared house", "shared_house", 0.040, 0.030, 1_500, 0.15),
    Place("student house", "shared_house", 0.010, 0.020, 3_000, 0.05),
    Place("hostel", "hostel", 0.015, 0.006, 8_000, 0.50),
    Place("care home", "hostel", 0.002, 0.010, 9_000, 0.60),
    Place("refuge", "refuge", people_per_place=30_000, gives_phone=0.60),
    Place("custody", "custody", 0.010, 0.0, 40_000, 0.0),
    Place("no fixed abode", "no_fixed_abode", 0.010, 0.003),
)
PRIVATE, REFUGE, NO_FIXED_ABODE = 0, 5, 7
RESIDENCE_OF_PLACE = np.array([RESIDENCES.index(place.residence) for place in PLACES], np.int8)


@dataclass(frozen=True)
class Contact:
    """What a record of a person made on a day says, arrays of shape (n,): codes of names, addresses, postcodes and numbers."""

    surname: npt.NDArray[np.int32]
    address: Ints
    postcode: Ints
    phone: Ints


class HasLives(Protocol):
    """The columns of people that their lives follow from, each of shape (people,)."""

    @property
    def life(self) -> Ints: ...
    @property
    def since(self) -> npt.NDArray[np.int32]: ...
    @property
    def household(self) -> Ints: ...
    @property
    def place(self) -> npt.NDArray[np.int8]: ...
    @property
    def home(self) -> npt.NDArray[np.int16]: ...
    @property
    def unit(self) -> npt.NDArray[np.int32]: ...
    @property
    def surname(self) -> npt.NDArray[np.int32]: ...
    @property
    def sex(self) -> npt.NDArray[np.int8]: ...
    @property
    def ethnicity(self) -> npt.NDArray[np.int8]: ...


def settle(force: Force, unit: npt.NDArray[np.int32], life: Ints, suspects: bool) -> tuple[Ints, npt.NDArray[np.int8]]:
    """(household, place) of people who live in a force's units: most on their own, some in a place that many share."""
    shares = np.array([place.suspects if suspects else place.victims for place in PLACES])
    shares[PRIVATE] = 1 - shares.sum()
    bounds = np.cumsum(shares)
    place = np.searchsorted(bounds / bounds[-1], uniform(life, 1)).clip(0, len(PLACES) - 1).astype(np.int8)
    household = life.copy()
    rows = np.flatnonzero(place != PRIVATE)
    household[rows] = place_numbers(force, unit[rows], place[rows], life[rows])
    return household, place


def place_numbers(force: Force, unit: npt.NDArray[np.int32], place: npt.NDArray[np.int8], life: Ints) -> Ints:
    """The number of one of the area's places of that kind; -1 for those with no fixed abode."""
    residents = force.population * force.unit_shares[unit]
    each = np.array([max(one.people_per_place, 1) for one in PLACES])[place]
    count = np.maximum(np.round(residents / each), 1).astype(np.uint64)
    which = (hashed(life, 2) % count).astype(np.int64)
    area = (np.int64(force.index) * 128 + unit) * len(PLACES) + place
    return np.where(place == NO_FIXED_ABODE, -1, number(area, 3, which))


def contact(people: HasLives, rows: Ints, day: npt.NDArray[np.int32]) -> Contact:
    """What records of people (``rows`` of them) made on those days say."""
    life, household = people.life[rows], people.household[rows]
    place, home = people.place[rows], people.home[rows].astype(np.int64)
    elapsed = (day - people.since[rows]).clip(0).astype(float)
    follows = (place == PRIVATE) & (household != life) & (uniform(life, 4) < MOVES_TOGETHER)
    mover = np.where(follows, household, life)
    moves = _changes(mover, 5, elapsed, np.where(place == PRIVATE, 0.35, 0.0), np.where(place == PRIVATE, 2.0, 1.0))
    moved = moves > 0
    where = np.where(moved, number(mover, 6, moves), household)
    place = np.where(moved, PRIVATE, place)
    unit = people.unit[rows].astype(np.int64) + (moved & (uniform(mover, 7, moves) < 0.2))
    address, postcode = homes(home, unit, where, place)
    return Contact(
        _surnames(people, rows, elapsed), address, postcode, _phones(home * 128 + unit, life, where, place, moved, elapsed)
    )


def homes(home: Ints, unit: Ints, where: Ints, place: npt.NDArray[np.int8] | int = PRIVATE) -> tuple[Ints, Ints]:
    """(address, postcode) of homes by number: 60 streets a unit; nobody shares a private home's number with a place.

    An address is street × 1,000 + house. A unit's area has 180 postcodes, three a street; all at an address have the same.
    """
    drawn = hashed(where, 8)
    street = (drawn % np.uint64(60)).astype(np.int64)
    house = (drawn // np.uint64(64) % np.uint64(400)).astype(np.int64)
    address = (home * 977 + unit * 61 + street) * 7 % len(street_names()) * 1000 + house + np.where(place == PRIVATE, 1, 500)
    none = place == NO_FIXED_ABODE
    return np.where(none, NO_ABODE, address), np.where(none, -1, postcode_number(home, unit, street * 3 + house // 134))


def postcode_number(home: Ints, unit: Ints, local: Ints) -> Ints:
    """The number of a unit's postcode, of which ``local`` counts 0 to 199: ((area × 90 + district) × 10 + sector) × 400 + letters."""
    district = home // 26 * 45 + unit % 45
    sector = unit // 45 % 2 * 5 + local // 40
    return ((home % 26 * 90 + district) * 10 + sector) * 400 + local % 40


def _phones(
    area: Ints, life: Ints, where: Ints, place: npt.NDArray[np.int8], moved: npt.NDArray[np.bool_], elapsed: Floats
) -> Ints:
    changes = _changes(life, 9, elapsed, np.full(len(life), 0.25), np.full(len(life), 1.5))
    own = number(life, 10, changes)
    passed_on = uniform(life, 11, changes) < PASSED_ON
    own = np.where(passed_on, number(area, 12, (hashed(life, 13, changes) % np.uint64(POOL)).astype(np.int64)), own)
    landline = (place == PRIVATE) & (uniform(where, 14) < SHARED_LANDLINE) & (uniform(life, 15) < GIVES_LANDLINE)
    service = (place != PRIVATE) & (uniform(life, 16) < np.array([one.gives_phone for one in PLACES])[place])
    none = (place == NO_FIXED_ABODE) & (uniform(life, 17) < 0.4)
    return np.where(none, -1, np.where(landline | service, number(where, 18), own) % PHONES)


def _surnames(people: HasLives, rows: Ints, elapsed: Floats) -> npt.NDArray[np.int32]:
    """Surnames on those days: some people marry, separate, or take another name for other reasons."""
    surname = people.surname[rows].copy()
    life = people.life[rows]
    share = np.where(people.sex[rows] == SEXES.index("F"), NEW_SURNAME["F"], NEW_SURNAME["M"])
    renamed = np.flatnonzero((uniform(life, 19) < share) & (uniform(life, 20) * 15 * 365.25 < elapsed))
    ethnicity = people.ethnicity[rows[renamed]]
    draw = uniform(life[renamed], 21)
    for code, locales in CULTURES.items():
        mine = np.flatnonzero(ethnicity == codes("ethnicities", "ethnicity").index(code))
        table = name_pool().tables[locales[0], "surname"]
        surname[renamed[mine]] = table.codes[np.searchsorted(table.cumulative, draw[mine], side="right")]
    return surname


def _changes(life: Ints, salt: int, elapsed: Floats, never: Floats, shortest: Floats) -> Ints:
    """How often something has changed after so many days: never for a share, else every so many years, at most five times as many."""
    years = shortest * (1 + 4 * uniform(life, salt))
    count = np.floor(elapsed / (365.25 * years) + uniform(life, salt + 100)).astype(np.int64)
    return np.where(uniform(life, salt + 200) < never, 0, count)


def number(numbers: Ints, salt: int, further: Ints | None = None) -> Ints:
    """A number of a person, home or telephone by hash."""
    return (hashed(numbers, salt, further) % np.uint64(NUMBERS)).astype(np.int64)
