"""Record sets that are hard for another reason each, of people whom this project's generator did not make; not a test.

python tests/benchmarks/record_sets.py                       # writes them and measures each, as identities.py does
python tests/benchmarks/record_sets.py --only twins names    # some, by a part of their names
python tests/benchmarks/record_sets.py --folder FOLDER       # keeps the files

Names are Faker's of several countries, or of short lists; everything else is drawn here. Every set is the same at every run.
"""

import argparse
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from faker import Faker
from identities import measure

Person = dict[str, Any]
STREETS = [
    "High",
    "Station",
    "Mill",
    "Church",
    "Park",
    "Victoria",
    "Green",
    "Manor",
    "Kings",
    "Queens",
    "Grange",
    "Albert",
    "West",
    "North",
    "Elm",
    "Oak",
    "York",
    "George",
]
ENDS = ("Street", "Road", "Lane", "Avenue", "Close", "Drive", "Way", "Court")
TODAY = date(2025, 1, 1)
ALIKE = {
    "Mohammed": ("Muhammad", "Mohamed"),
    "Hussain": ("Hussein", "Husain"),
    "Ahmed": ("Ahmad",),
    "Ayesha": ("Aisha", "Aysha"),
    "Chaudhry": ("Choudhury", "Chowdhury"),
}
SOUTH_ASIAN = [
    "Mohammed",
    "Ali",
    "Ahmed",
    "Hassan",
    "Hussain",
    "Imran",
    "Usman",
    "Omar",
    "Bilal",
    "Tariq",
    "Harpreet",
    "Gurpreet",
    "Manjit",
    "Jaspal",
    "Raj",
    "Amit",
    "Vijay",
    "Ravi",
]
SOUTH_ASIAN_WOMEN = [
    "Fatima",
    "Ayesha",
    "Zainab",
    "Nasreen",
    "Shabana",
    "Parveen",
    "Harpreet",
    "Manjit",
    "Jaspreet",
    "Priya",
    "Anita",
    "Sunita",
    "Kavita",
    "Nadia",
    "Samina",
]
SOUTH_ASIAN_SURNAMES = [
    "Singh",
    "Kaur",
    "Begum",
    "Khan",
    "Ahmed",
    "Ali",
    "Hussain",
    "Patel",
    "Shah",
    "Mahmood",
    "Akhtar",
    "Bibi",
    "Sharma",
    "Mistry",
    "Chaudhry",
    "Miah",
]
WELSH = ["Jones", "Davies", "Williams", "Evans", "Thomas", "Roberts", "Lewis", "Hughes", "Morgan", "Griffiths", "Edwards", "Owen"]
WELSH_FORENAMES = [
    "David",
    "John",
    "Gareth",
    "Huw",
    "Rhys",
    "Dylan",
    "Owain",
    "Sian",
    "Megan",
    "Carys",
    "Bethan",
    "Elin",
    "Mair",
    "Nia",
    "Rhian",
    "Ceri",
    "Alun",
    "Gwyn",
]
PLAIN = str.maketrans("ąćęłńóśźżăâîșțĄĆĘŁŃÓŚŹŻĂÂÎȘȚ", "acelnoszzaaistACELNOSZZAAIST")


@dataclass
class Maker:
    """Draws people, homes and other records of the same person, by one seed."""

    seed: int
    draw: random.Random = field(init=False)
    fakers: dict[str, Faker] = field(init=False)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.fakers = {locale: Faker(locale) for locale in ("en_GB", "pl_PL", "ro_RO")}
        for faker in self.fakers.values():
            faker.seed_instance(self.seed)

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def home(self) -> Person:
        address = f"{self.draw.randrange(1, 180)} {self.draw.choice(STREETS)} {self.draw.choice(ENDS)}"
        letters = "".join(self.draw.choices("ABDEFGHJLN", k=2))
        postcode = f"V{self.draw.choice('ABCDEF')}{self.draw.randrange(1, 30)} {self.draw.randrange(1, 9)}{letters}"
        return {"address": address, "postcode": postcode}

    def phone(self) -> str:
        return "06" + "".join(self.draw.choices("0123456789", k=9))

    def born(self, least: int = 14, most: int = 75) -> date:
        return TODAY - timedelta(days=self.draw.randrange(least * 365, most * 365))

    def person(self, locale: str = "en_GB", **given: Any) -> Person:
        faker, sex = self.fakers[locale], given.get("sex") or self.draw.choice("FM")
        forename = faker.first_name_male() if sex == "M" else faker.first_name_female()
        made = {"forename": forename, "surname": faker.last_name(), "date_of_birth": self.born(), "sex": sex, "phone": self.phone()}
        return {**made, **self.home(), **given}

    def household(self, size: int = 0, locale: str = "en_GB") -> list[Person]:
        home, phone, surname = self.home(), self.phone(), self.fakers[locale].last_name()
        people = []
        for place in range(size or self.draw.choice([1, 1, 2, 2, 3, 4])):
            born = self.born(14, 25) if place > 1 else self.born(25, 60)
            one = self.person(locale, **home, date_of_birth=born)
            people.append(
                {**one, **({"surname": surname} if self.chance(0.7) else {}), **({"phone": phone} if self.chance(0.3) else {})}
            )
        return people

    def crowd(self, count: int, locale: str = "en_GB") -> list[Person]:
        people: list[Person] = []
        while len(people) < count:
            people += self.household(locale=locale)
        return people[:count]

    def typing_error(self, text: str) -> str:
        if len(text) < 3:
            return text
        place, letter = self.draw.randrange(1, len(text) - 1), self.draw.choice("abcdefghijklmnopqrstuvwxyz")
        return self.draw.choice(
            [
                text[:place] + text[place + 1 :],
                text[:place] + letter + text[place + 1 :],
                text[:place] + letter + text[place:],
                text[: place - 1] + text[place] + text[place - 1] + text[place + 1 :],
            ]
        )

    def again(self, person: Person, errors: float = 0.25, moved: float = 0.3, missing: float = 0.15) -> Person:
        """Another record of the same person."""
        record = dict(person)
        for name, share in (("forename", errors), ("surname", 0.8 * errors)):
            if self.chance(share):
                record[name] = self.typing_error(record[name])
        born = record["date_of_birth"]
        if isinstance(born, date) and self.chance(0.06):
            swapped = born.day <= 12 and self.chance(0.5)
            record["date_of_birth"] = (
                born.replace(day=born.month, month=born.day) if swapped else born.replace(day=born.day % 28 + 1)
            )
        if self.chance(moved):
            record |= self.home()
        if self.chance(0.4):
            record["phone"] = self.phone()
        for name, share in (("phone", 1.0), ("postcode", 1.0), ("address", 1.0), ("date_of_birth", 0.3)):
            if self.chance(share * missing):
                record[name] = None
        return record

    def records(
        self, people: list[Person], share: float, again: Callable[[Person], Person] | None = None, more: int = 1
    ) -> pd.DataFrame:
        """A record of each person, and ``more`` of a share of them."""
        rows = []
        for number, person in enumerate(people):
            rows.append({**person, "person": f"P{number}"})
            if self.chance(share):
                rows += [{**(again or self.again)(person), "person": f"P{number}"} for _ in range(more)]
        self.draw.shuffle(rows)
        frame = pd.DataFrame(rows)
        frame["date_of_birth"] = [born.isoformat() if isinstance(born, date) else born for born in frame["date_of_birth"]]
        return frame

    def twins(self, pairs: int) -> list[Person]:
        """Families with twins, of whom a third live elsewhere and a third differ in sex."""
        people: list[Person] = []
        for _ in range(pairs):
            family = self.household(3)
            shared = {name: family[0][name] for name in ("surname", "address", "postcode")} | {"date_of_birth": self.born(14, 30)}
            one = self.person(**shared)
            other = self.person(**shared, sex=one["sex"] if self.chance(0.65) else "F" if one["sex"] == "M" else "M")
            other |= ({"phone": one["phone"]} if self.chance(0.6) else {}) | (self.home() if self.chance(0.3) else {})
            people += [*family, one, other]
        return people


def hostels(make: Maker) -> pd.DataFrame:
    people = make.crowd(3000)
    for _ in range(40):
        home, phone = make.home(), make.phone()
        for _ in range(make.draw.randrange(50, 200)):
            one = make.person(make.draw.choice(["en_GB", "en_GB", "ro_RO", "pl_PL"]), **home)
            people.append({**one, "phone": phone if make.chance(0.6) else one["phone"]})
    return make.records(people, 0.15)


def halls(make: Maker) -> pd.DataFrame:
    people = []
    for _ in range(50):
        shared = {**make.home(), "phone": make.phone()}
        first = date(make.draw.randrange(1995, 2005), 1, 1)
        people += [make.person(**shared, date_of_birth=first + timedelta(days=make.draw.randrange(365))) for _ in range(80)]
    return make.records(people, 0.1)


def fathers_and_sons(make: Maker) -> pd.DataFrame:
    people = make.crowd(3000)
    for _ in range(800):
        father = make.person(sex="M", date_of_birth=make.born(42, 70))
        born = father["date_of_birth"].replace(day=1) + timedelta(days=make.draw.randrange(7300, 11700))
        people += [father, {**father, "date_of_birth": born, "phone": make.phone() if make.chance(0.3) else father["phone"]}]
    return make.records(people, 0.15)


def few_names(make: Maker) -> pd.DataFrame:
    people = []
    for _ in range(5000):
        one = make.person()
        one["forename"] = make.draw.choice(SOUTH_ASIAN if one["sex"] == "M" else SOUTH_ASIAN_WOMEN)
        one["surname"] = make.draw.choice(SOUTH_ASIAN_SURNAMES)
        people.append({**one, "date_of_birth": one["date_of_birth"].replace(month=1, day=1)} if make.chance(0.5) else one)

    def again(person: Person) -> Person:
        record = make.again(person, 0.1)
        for name in ("forename", "surname"):
            if record[name] in ALIKE and make.chance(0.4):
                record[name] = make.draw.choice(ALIKE[record[name]])
        if make.chance(0.12):
            record["forename"], record["surname"] = record["surname"], record["forename"]
        return record

    return make.records(people, 0.2, again)


def village(make: Maker) -> pd.DataFrame:
    people = make.crowd(5000)
    for one in people:
        one |= {"forename": make.draw.choice(WELSH_FORENAMES), "surname": make.draw.choice(WELSH)}
    return make.records(people, 0.18)


def marks_lost(make: Maker) -> pd.DataFrame:
    def again(person: Person) -> Person:
        record = make.again(person, 0.1)
        if make.chance(0.7):
            record |= {name: record[name].translate(PLAIN) for name in ("forename", "surname")}
        if make.chance(0.15):
            record["forename"], record["surname"] = record["surname"], record["forename"]
        return record

    return make.records(make.crowd(2500, "pl_PL") + make.crowd(2500, "ro_RO"), 0.25, again)


def new_surnames(make: Maker) -> pd.DataFrame:
    def again(person: Person) -> Person:
        record = make.again(person, 0.1)
        changed = person["sex"] == "F" and make.chance(0.6)
        return {**record, "surname": make.fakers["en_GB"].last_name(), **make.home()} if changed else record

    return make.records(make.crowd(5000), 0.25, again)


def placeholders(make: Maker) -> pd.DataFrame:
    fillers = {
        "forename": (0.12, ["UNKNOWN", "N/K", "Unknown Male"]),
        "surname": (0.12, ["UNKNOWN", "NOT KNOWN", "N/K"]),
        "date_of_birth": (0.4, ["1900-01-01", "1970-01-01"]),
        "phone": (0.4, ["07000000000", "00000000000"]),
        "address": (0.4, ["NFA", "NO FIXED ABODE", "UNKNOWN"]),
    }

    def spoilt(person: Person) -> Person:
        if not make.chance(0.3):
            return person
        return person | {name: make.draw.choice(values) for name, (share, values) in fillers.items() if make.chance(share)}

    return make.records([spoilt(one) for one in make.crowd(6000)], 0.2, lambda one: spoilt(make.again(one)))


def mostly_missing(make: Maker) -> pd.DataFrame:
    gone = {"date_of_birth": 0.6, "address": 0.5, "postcode": 0.5, "phone": 0.5}

    def without(person: Person) -> Person:
        return person | {name: None for name, share in gone.items() if make.chance(share)}

    return make.records([without(one) for one in make.crowd(5000)], 0.25, lambda one: without(make.again(one)))


def names_and_births_alone(make: Maker) -> pd.DataFrame:
    forenames, surnames = ([one() for _ in range(40)] for one in (make.fakers["en_GB"].first_name, make.fakers["en_GB"].last_name))
    nothing = {"address": None, "postcode": None, "phone": None}
    people = [make.person(forename=make.draw.choice(forenames), surname=make.draw.choice(surnames), **nothing) for _ in range(6000)]
    return make.records(people, 0.2, lambda one: {**make.again(one), **nothing})


SETS: dict[str, Callable[[Maker], pd.DataFrame]] = {
    "hostels": hostels,
    "halls of residence": halls,
    "fathers and sons of one name": fathers_and_sons,
    "twins, three in a hundred homes": lambda make: make.records(make.twins(60) + make.crowd(5500), 0.2),
    "twins in every tenth home": lambda make: make.records(make.twins(200) + make.crowd(4500), 0.2),
    "few names, births on 1 January": few_names,
    "a village of twelve surnames": village,
    "accents lost, names swapped": marks_lost,
    "new surnames and addresses": new_surnames,
    "placeholders": placeholders,
    "most fields missing": mostly_missing,
    "names and births alone": names_and_births_alone,
    "no duplicates": lambda make: make.records(make.crowd(6000), 0.0),
    "three records each": lambda make: make.records(make.crowd(2000), 1.0, more=2),
    "three hundred records": lambda make: make.records(make.crowd(240), 0.25),
}
"""Each set by its name."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of sets")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name, made in SETS.items():
            if any(one in name for one in options.only):
                path = folder / f"{name.replace(',', '').replace(' ', '-')}.csv"
                made(Maker(options.seed)).to_csv(path, index=False)
                measure(name, pd.read_csv(path, dtype=str))


if __name__ == "__main__":
    main()
