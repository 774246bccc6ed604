"""True people: who they are, where they live, and with whom; everything follows from a person's key."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Self

import numpy as np

from synthetic.contract import RELATIONSHIPS, SEXES, codes, reference
from synthetic.names import CULTURES, drawing_table
from synthetic.randomness import Keys, derived, draw, stream, uniform, whole
from synthetic.world.lives import NUMBERS, PRIVATE, REFUGE, place_numbers, postcode_number, settle
from synthetic.world.scope import Force

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
    """People: codes into the name pool, days since 1970, indices of SEXES and of the ethnicities, numbers for the rest.

    ``since`` is the first day of the events that a person is in; ``known`` the day of the first reported to the
    force, and ``reports`` how many such there are up to the last day, which go back to before the period.
    """

    key: np.ndarray
    since: np.ndarray
    known: np.ndarray
    reports: np.ndarray
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
    keys: Keys,
    force: Force,
    female: np.ndarray,
    age: tuple[float, float],
    unit: np.ndarray,
    first: np.ndarray,
    since: np.ndarray,
    suspects: bool = True,
) -> People:
    """People of one force, whose age on the day ``first`` has a gamma distribution of that mean and spread, 11 years at least.

    Each lives alone or in a place of the area, until ``households`` puts some together.
    """
    years = _age_at(draw(keys, "age"), _ages(age)).clip(11, 95)
    ethnicity = np.searchsorted(_ethnicity_bounds(force.region), draw(keys, "ethnicity"), side="right").clip(0, len(CULTURES) - 1)
    forename, surname = _draw_names(keys, ethnicity, female)
    life = (derived(keys, "life") % np.uint64(NUMBERS)).astype(np.int64)
    household, place = settle(force, unit, life, suspects)
    return People(
        key=keys,
        since=since.astype(np.int32),
        known=np.zeros(len(keys), np.int32),
        reports=np.zeros(len(keys), np.int32),
        forename=forename,
        surname=surname,
        date_of_birth=(first - years * 365.25).astype(np.int32),
        sex=np.where(female, SEXES.index("F"), SEXES.index("M")).astype(np.int8),
        ethnicity=ethnicity.astype(np.int8),
        home=np.full(len(keys), force.index, np.int16),
        unit=unit.astype(np.int32),
        life=life,
        household=household,
        place=place,
    )


@cache
def _ages(age: tuple[float, float]) -> np.ndarray:
    """Ages of a gamma distribution in order: a fixed sample of 65,536."""
    return np.sort(stream(0, "ages").gamma((age[0] / age[1]) ** 2, age[1] ** 2 / age[0], 1 << 16))


def _age_at(share: np.ndarray, ages: np.ndarray) -> np.ndarray:
    """The age up to which a share of people reaches, between the two of the ordered ``ages`` about it; each stands mid-way in its part."""
    place = (share * len(ages) - 0.5).clip(0, len(ages) - 1)
    below = np.minimum(place.astype(np.int64), len(ages) - 2)
    return ages[below] + (place - below) * np.diff(ages)[below]


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


def _draw_names(keys: Keys, ethnicity: np.ndarray, female: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Forename and surname of one culture each, out of those that the ethnicity stands for."""
    tables, names = _name_tables(), drawing_table()
    mine = tables[ethnicity, whole(keys, tables.shape[1], "culture")]
    forename = names.draw(np.where(female, mine[:, 1], mine[:, 0]), draw(keys, "forename"))
    return forename, names.draw(mine[:, 2], draw(keys, "surname"))


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


def draw_postcodes(keys: Keys, force: Force, unit: np.ndarray) -> np.ndarray:
    """Postcodes, as numbers, of places in the units' areas."""
    return postcode_number(np.full(len(unit), force.index), unit.astype(np.int64), whole(keys, 200, "postcode"))


def households(
    suspects: People,
    victims: People,
    suspect: np.ndarray,
    relationship: np.ndarray,
    same_force: np.ndarray,
    first: np.ndarray,
    home: Force,
) -> People:
    """Partners and relatives live with the suspect, and share a surname, as often as their relationship has it.

    Some who are abused by a partner have fled to a refuge. ``first`` is the day of the first event of each pair.
    """
    keys = victims.key
    lives_with = np.array([LIVES_WITH.get(name, 0.0) for name in RELATIONSHIPS])[relationship]
    shares_name = np.array([SHARES_SURNAME.get(name, 0.0) for name in RELATIONSHIPS])[relationship]
    with_home = suspects.place[suspect] == PRIVATE
    together = np.flatnonzero((draw(keys, "lives with") < lives_with) & same_force & with_home)
    for column in ("unit", "household", "place"):
        getattr(victims, column)[together] = getattr(suspects, column)[suspect[together]]
    intimate = np.isin(relationship, [RELATIONSHIPS.index(name) for name in ("partner", "ex_partner")])
    fled = np.flatnonzero(intimate & same_force & (uniform(victims.life, 30) < FLED))
    victims.place[fled] = REFUGE
    victims.household[fled] = place_numbers(home, victims.unit[fled], victims.place[fled], victims.life[fled])
    named = np.flatnonzero(draw(keys, "shares surname") < shares_name)
    victims.surname[named] = suspects.surname[suspect[named]]
    _relatives(suspects, victims, suspect, relationship, first)
    return victims


def _relatives(suspects: People, victims: People, suspect: np.ndarray, relationship: np.ndarray, first: np.ndarray) -> None:
    """Parents are a generation older than their children; some siblings are twins, some sons have their father's name."""
    of_name = {name: number for number, name in enumerate(RELATIONSHIPS)}
    keys, born = victims.key, suspects.date_of_birth[suspect]
    adult = victims.date_of_birth < first - 16 * 365
    generation = ((18 + 20 * draw(keys, "generation")) * 365.25).astype(np.int32)
    # A young parent has a young child: a year old at the first event, and born when the parent was sixteen or more.
    to_child = np.clip(generation, 16 * 365, np.maximum(first - born - 365, 0))
    child = (relationship == of_name["parent"]) & adult & (to_child >= 16 * 365)
    victims.date_of_birth[child] = (born + to_child)[child]
    parent = relationship == of_name["child"]
    # And an old child has a young parent, who is not over a hundred.
    victims.date_of_birth[parent] = np.maximum(born - generation, np.minimum(born - 18 * 366, first - 36_500))[parent]
    twin = (relationship == of_name["sibling"]) & (draw(keys, "twin") < TWINS)
    victims.date_of_birth[twin] = born[twin]
    men = (victims.sex == SEXES.index("M")) & (suspects.sex[suspect] == SEXES.index("M"))
    namesake = men & (child | parent) & (draw(keys, "namesake") < NAMESAKES)
    victims.forename[namesake] = suspects.forename[suspect[namesake]]
    victims.surname[namesake] = suspects.surname[suspect[namesake]]


def draw_victims(
    keys: Keys,
    home: Force,
    where: np.ndarray,
    unit: np.ndarray,
    offence: np.ndarray,
    victim: np.ndarray,
    first: np.ndarray,
    since: np.ndarray,
    abroad: tuple[Force, ...] = (),
) -> People:
    """One person a victim, living where the events are; women where the offence says so, and children likewise.

    ``offence`` and ``victim`` have a row an event, the rest a row a victim; ``first`` is the day of the victim's first event.
    """
    male = draw(keys, "male") < 0.14
    all_codes = codes("offences", "offence_code")
    only_female = np.isin(offence, [all_codes.index(code) for code in FEMALE_VICTIM_OFFENCES])
    male[victim[only_female]] = False
    at_home = where == home.index
    units = np.where(at_home, unit, 0).astype(np.int32)
    victims = draw_people(keys, home, ~male, (33, 13), units, first, since, suspects=False)
    for force in abroad:
        rows = np.flatnonzero(where == force.index)
        victims.home[rows], victims.unit[rows] = force.index, unit[rows]
        victims.household[rows], victims.place[rows] = settle(force, unit[rows], victims.life[rows], False)
    child = np.zeros(len(keys), bool)
    child[victim[offence == all_codes.index("019D")]] = True
    years = 5 + whole(keys[child], 9, "child's age")
    victims.date_of_birth[child] = (first[child] - years * 365.25).astype(np.int32)
    return victims


def draw_units(keys: Keys, force: Force, what: str = "unit") -> np.ndarray:
    """A unit of the force for each key, by residents."""
    unit = np.searchsorted(np.cumsum(force.unit_shares), draw(keys, what))
    return np.minimum(unit, len(force.unit_shares) - 1).astype(np.int32)


def near_units(keys: Keys, force: Force, unit: np.ndarray) -> np.ndarray:
    """Four victims of five are in the suspect's own unit (illustrative)."""
    return np.where(draw(keys, "near") < 0.8, unit, draw_units(keys, force, "other unit")).astype(np.int32)
