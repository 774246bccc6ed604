"""True people: who they are, where they live, and with whom."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Self

import numpy as np

from synthetic.contract import RELATIONSHIPS, SEXES, codes, reference
from synthetic.names import CULTURES, drawing_table
from synthetic.world.lives import NUMBERS, PRIVATE, REFUGE, place_numbers, postcode_number, settle, uniform
from synthetic.world.scope import Force, Scope

FEMALE_VICTIM_OFFENCES = ("019C", "019D", "020A")
TWINS, NAMESAKES = 0.08, 0.15
"""Share of siblings who are twins, and of sons who bear their father's name (illustrative)."""
LIVES_WITH = {"partner": 0.85, "ex_partner": 0.10, "parent": 0.75, "child": 0.75, "sibling": 0.55, "other_family": 0.2}
SHARES_SURNAME = {
    "partner": 0.5,
    "ex_partner": 0.25,
    "parent": 0.75,
    "child": 0.75,
    "sibling": 0.82,
    "other_family": 0.4,
}


FLED = 0.015
"""Share of those abused by a partner or former partner who live in a refuge (illustrative)."""


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
    life: np.ndarray
    household: np.ndarray
    place: np.ndarray


def draw_people(
    rng: np.random.Generator, force: Force, female: np.ndarray, age: tuple[float, float], unit: np.ndarray, suspects: bool = True
) -> People:
    """People of one force and age distribution (gamma about a mean and spread of years, at least 11 years old).

    Each lives alone or in a place of the area, until ``households`` puts some together.
    """
    size = len(female)
    years = rng.gamma((age[0] / age[1]) ** 2, age[1] ** 2 / age[0], size).clip(11, 95)
    ethnicity = np.searchsorted(_ethnicity_bounds(force.region), rng.random(size), side="right").clip(0, len(CULTURES) - 1)
    forename, surname = _draw_names(rng, ethnicity, female)
    life = rng.integers(0, NUMBERS, size)
    household, place = settle(force, unit, life, suspects)
    return People(
        key=np.zeros(size, "S1"),
        forename=forename,
        surname=surname,
        date_of_birth=(force.last_day - years * 365.25).astype(np.int32),
        sex=np.where(female, SEXES.index("F"), SEXES.index("M")).astype(np.int8),
        ethnicity=ethnicity.astype(np.int8),
        home=np.full(size, force.index, np.int16),
        unit=unit.astype(np.int32),
        life=life,
        household=household,
        place=place,
    )


@cache
def _name_tables() -> np.ndarray:
    """Numbers of name tables, shape (ethnicities, choices, 3): for men, for women, and of surnames; cultures repeat to fill."""
    most = int(np.lcm.reduce([len(locales) for locales in CULTURES.values()]))
    number = drawing_table().number
    result = np.zeros((len(codes("ethnicities", "ethnicity")), most, 3), np.int64)
    for place, code in enumerate(codes("ethnicities", "ethnicity")):
        locales = CULTURES.get(code, ("en_GB",))
        for choice in range(most):
            result[place, choice] = [number[locales[choice % len(locales)], kind] for kind in ("M", "F", "surname")]
    return result


def _draw_names(rng: np.random.Generator, ethnicity: np.ndarray, female: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Forename and surname of one culture each, out of those that the ethnicity stands for."""
    tables, names = _name_tables(), drawing_table()
    choice = (rng.random(len(ethnicity)) * tables.shape[1]).astype(np.int64)
    mine = tables[ethnicity, choice]
    forename = names.draw(np.where(female, mine[:, 1], mine[:, 0]), rng.random(len(ethnicity)))
    return forename, names.draw(mine[:, 2], rng.random(len(ethnicity)))


@cache
def _ethnicity_bounds(region: str) -> np.ndarray:
    """Cumulative shares of the ethnicities among a region's residents: fewer White British in the capital (Census 2021)."""
    table = reference("ethnicities")
    more = {"Capital": 3.4, "Westvale": 1.1, "Midholt": 1.2, "Southmere": 0.9}.get(region, 0.6)
    shares = table["population_percent"].to_numpy() * np.where(table["ethnicity"] == "W1", 1.0, more)
    named = np.isin(table["ethnicity"], list(CULTURES))
    bounds = np.cumsum(shares / shares.sum())
    bounds[named.nonzero()[0][-1] :] = 1.0
    return bounds


def draw_postcodes(rng: np.random.Generator, force: Force, unit: np.ndarray) -> np.ndarray:
    """Postcodes, as numbers, of places in the units' areas."""
    return postcode_number(np.full(len(unit), force.index), unit.astype(np.int64), rng.integers(0, 200, len(unit)))


def households(
    rng: np.random.Generator,
    suspects: People,
    victims: People,
    suspect: np.ndarray,
    relationship: np.ndarray,
    same_force: np.ndarray,
    scope: Scope,
    home: Force,
) -> People:
    """Partners and relatives live with the suspect, and share a surname, as often as their relationship has it.

    Some who are abused by a partner have fled to a refuge.
    """
    lives_with = np.array([LIVES_WITH.get(name, 0.0) for name in RELATIONSHIPS])[relationship]
    shares_name = np.array([SHARES_SURNAME.get(name, 0.0) for name in RELATIONSHIPS])[relationship]
    with_home = suspects.place[suspect] == PRIVATE
    together = np.flatnonzero((rng.random(len(suspect)) < lives_with) & same_force & with_home)
    for column in ("unit", "household", "place"):
        getattr(victims, column)[together] = getattr(suspects, column)[suspect[together]]
    intimate = np.isin(relationship, [RELATIONSHIPS.index(name) for name in ("partner", "ex_partner")])
    fled = np.flatnonzero(intimate & same_force & (uniform(victims.life, 30) < FLED))
    victims.place[fled] = REFUGE
    victims.household[fled] = place_numbers(home, victims.unit[fled], victims.place[fled], victims.life[fled])
    named = np.flatnonzero(rng.random(len(suspect)) < shares_name)
    victims.surname[named] = suspects.surname[suspect[named]]
    _relatives(rng, suspects, victims, suspect, relationship, scope)
    return victims


def _relatives(
    rng: np.random.Generator,
    suspects: People,
    victims: People,
    suspect: np.ndarray,
    relationship: np.ndarray,
    scope: Scope,
) -> None:
    """Parents are a generation older than their children; some siblings are twins, some sons have their father's name."""
    of_name = {name: number for number, name in enumerate(RELATIONSHIPS)}
    born = suspects.date_of_birth[suspect]
    adult = victims.date_of_birth < scope.end - 16 * 365
    generation = (rng.uniform(18, 38, len(suspect)) * 365.25).astype(np.int32)
    # A young parent has a young child: a year old when the period begins, and born when the parent was sixteen or more.
    to_child = np.clip(generation, 16 * 365, np.maximum(scope.start - born - 365, 0))
    child = (relationship == of_name["parent"]) & adult & (to_child >= 16 * 365)
    victims.date_of_birth[child] = (born + to_child)[child]
    parent = relationship == of_name["child"]
    # And an old child has a young parent, who is not far over a hundred.
    victims.date_of_birth[parent] = np.maximum(born - generation, np.minimum(born - 18 * 366, scope.end - 36_500))[parent]
    twin = (relationship == of_name["sibling"]) & (rng.random(len(suspect)) < TWINS)
    victims.date_of_birth[twin] = born[twin]
    men = (victims.sex == SEXES.index("M")) & (suspects.sex[suspect] == SEXES.index("M"))
    namesake = men & (child | parent) & (rng.random(len(suspect)) < NAMESAKES)
    victims.forename[namesake] = suspects.forename[suspect[namesake]]
    victims.surname[namesake] = suspects.surname[suspect[namesake]]


def draw_victims(
    rng: np.random.Generator,
    home: Force,
    where: np.ndarray,
    unit: np.ndarray,
    offence: np.ndarray,
    victim: np.ndarray,
    abroad: tuple[Force, ...] = (),
) -> People:
    """One person a victim, living where the events are; women where the offence says so, and children likewise."""
    count = len(where)
    male = rng.random(count) < 0.14
    all_codes = codes("offences", "offence_code")
    only_female = np.isin(offence, [all_codes.index(code) for code in FEMALE_VICTIM_OFFENCES])
    male[victim[only_female]] = False
    at_home = where == home.index
    victims = draw_people(rng, home, ~male, (33, 13), np.where(at_home, unit, 0).astype(np.int32), suspects=False)
    for force in abroad:
        rows = np.flatnonzero(where == force.index)
        victims.home[rows], victims.unit[rows] = force.index, unit[rows]
        victims.household[rows], victims.place[rows] = settle(force, unit[rows], victims.life[rows], False)
    child = np.zeros(count, bool)
    child[victim[offence == all_codes.index("019D")]] = True
    years = rng.integers(6, 15, int(child.sum()))
    victims.date_of_birth[child] = (home.last_day - years * 365.25 - 365 * 5).astype(np.int32)
    return victims


def draw_units(rng: np.random.Generator, force: Force, size: int) -> np.ndarray:
    unit = np.searchsorted(np.cumsum(force.unit_shares), rng.random(size))
    return np.minimum(unit, len(force.unit_shares) - 1).astype(np.int32)


def near_units(rng: np.random.Generator, force: Force, unit: np.ndarray) -> np.ndarray:
    """Four victims of five are in the suspect's own unit (illustrative)."""
    return np.where(rng.random(len(unit)) < 0.8, unit, draw_units(rng, force, len(unit)))


def person_keys(prefix: str, count: int) -> np.ndarray:
    if not count:  # zfill takes no empty array
        return np.zeros(0, f"S{len(prefix) + 8}")
    return np.char.add(f"{prefix}-".encode(), np.char.zfill(np.arange(1, count + 1).astype("S7"), 7))
