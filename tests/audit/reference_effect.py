"""The effect by the design's words, in plain dictionaries and loops: slow, and written apart from ``audit/effect``.

For the two instruments that count crimes only, so that incidents and cancelled crimes are as if they were not there; other
instruments are recomputed in ``reference_instruments.py``.
"""

from collections import defaultdict
from datetime import date, timedelta
from itertools import combinations
from math import factorial
from pathlib import Path

import pandas as pd

from synthetic.contract import reference

FAMILIES = ("identity", "linkage", "offence", "dates", "recording", "sharing")
WINDOWS = {"harm_365": 365, "rfs": 1095}


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Every table of a dataset, all forces together; involvements carry their file's force."""
    tables = {}
    names = ("units", "persons", "crimes", "involvements", "truth/people", "truth/events", "truth/identities")
    for name in names:
        parts = [pd.read_parquet(path).assign(file_force=path.stem) for path in sorted((folder / name).glob("*.parquet"))]
        tables[name] = pd.concat(parts, ignore_index=True)
    return tables


class Reference:
    """The lists of one force for one instrument."""

    def __init__(self, tables: dict[str, pd.DataFrame], force: str, instrument: str, as_of: date) -> None:
        self.force, self.instrument, self.as_of = force, instrument, as_of
        offences = reference("offences")
        self.harm = dict(zip(offences["offence_code"], offences["harm_days"], strict=True))
        residents = tables["units"].groupby("force")["population"].sum()
        self.k = max(10, round(1000 * int(residents[force]) / int(reference("forces")["population"].sum())))
        self.record_force = dict(zip(tables["persons"]["person_id"], tables["persons"]["force"], strict=True))
        self.owners: dict[str, set[str]] = defaultdict(set)
        for person_id, key in tables["truth/identities"][["person_id", "person_key"]].itertuples(index=False):
            self.owners[person_id].add(key)
        self.first_record: dict[tuple[str, str], str] = {}
        for person_id in sorted(self.owners):
            for key in self.owners[person_id]:
                self.first_record.setdefault((key, self.record_force.get(person_id, "")), person_id)
        self.events = [
            {name: None if pd.isna(value) else value for name, value in row.items()}
            for row in tables["truth/events"].to_dict("records")
            if row.get("event_class") != "non_crime"
        ]
        self.event_of = {event["crime_id"]: event for event in self.events if event["crime_id"]}
        self.crimes = [
            {name: None if pd.isna(value) else value for name, value in row.items()}
            for row in tables["crimes"].to_dict("records")
            if row.get("record_class") not in ("cancelled", "non_crime_incident")
        ]
        self.links: dict[str, set[str]] = defaultdict(set)
        suspects = tables["involvements"][tables["involvements"]["role"] == "suspect"]
        for crime_id, person_id in suspects[["crime_id", "person_id"]].itertuples(index=False):
            self.links[crime_id].add(person_id)
        self.members = {
            event["suspect_key"]
            for event in self.events
            if event["force"] == force and event["suspect_key"] and self.inside(event["reported_on"])
        }
        self.truth = self.truth_list()

    def inside(self, day: date | None) -> bool:
        return day is not None and self.as_of - timedelta(days=WINDOWS[self.instrument]) < day <= self.as_of

    def best(self, counted: dict[str, list[tuple[float, date]]]) -> list[tuple[str, float]]:
        """The first k of identifier → [(harm days, date), …], with scores."""
        scored = []
        for identifier, crimes in counted.items():
            harm, count, last = sum(h for h, _ in crimes), len(crimes), max(d for _, d in crimes)
            if self.instrument == "harm_365":
                if count < 2:
                    continue
                score = harm
            else:
                days = (self.as_of - last).days
                gravest = max(h for h, _ in crimes)
                score = 1 if count == 1 else 2 if count == 2 else 3 if count <= 4 else 4 if count <= 9 else 5
                score += 5 if days <= 30 else 4 if days <= 90 else 3 if days <= 180 else 2 if days <= 365 else 1
                score += 5 if gravest >= 1460 else 4 if gravest >= 365 else 3 if gravest >= 100 else 2 if gravest >= 10 else 1
            scored.append((-score, -harm, -count, -last.toordinal(), identifier))
        return [(row[4], -row[0]) for row in sorted(scored)[: self.k]]

    def truth_list(self) -> list[tuple[str, float]]:
        counted = defaultdict(list)
        for event in self.events:
            if event["suspect_key"] in self.members and self.inside(event["reported_on"]):
                counted[event["suspect_key"]].append((self.harm[event["offence_code"]], event["reported_on"]))
        return self.best(counted)

    def listing(self, repaired: frozenset[str]) -> list[tuple[str, float]]:
        """The recorded list with some families repaired."""
        counted: dict[str, dict[str, tuple[float, date]]] = defaultdict(dict)

        def add(force: str, item: str, identifier: str | None, code: str | None, day: date | None) -> None:
            if identifier is None or code not in self.harm or not self.inside(day):
                return
            if force != self.force:
                people = {identifier} if "identity" in repaired else self.owners.get(identifier, {identifier})
                if "sharing" not in repaired or not people & self.members:
                    return
            counted[identifier][item] = (self.harm[code], day)

        def attach(person: str, force: str) -> str:
            return person if "identity" in repaired else self.first_record.get((person, force), person)

        for crime in self.crimes:
            event = self.event_of.get(crime["crime_id"])
            if event is None and "recording" in repaired:
                continue
            code = event["offence_code"] if event and "offence" in repaired else crime["offence_code"]
            day = event["reported_on"] if event and "dates" in repaired else crime["reported_on"] or crime["recorded_on"]
            links = self.links.get(crime["crime_id"], set())
            for person_id in links:
                if "identity" in repaired:
                    who = event["suspect_key"] if event else min(self.owners.get(person_id, {person_id}))
                else:
                    who = person_id if self.record_force.get(person_id) == crime["force"] else None
                add(crime["force"], crime["crime_id"], who, code, day)
            if not links and event and event["suspect_key"] and "linkage" in repaired:
                add(crime["force"], crime["crime_id"], attach(event["suspect_key"], crime["force"]), code, day)
        if "recording" in repaired:
            recorded = {crime["crime_id"] for crime in self.crimes}
            for event in self.events:
                if event["reported_on"] and event["suspect_key"] and event["crime_id"] not in recorded:
                    who = attach(event["suspect_key"], event["force"])
                    add(event["force"], event["event_key"], who, event["offence_code"], event["reported_on"])
        return self.best({identifier: list(items.values()) for identifier, items in counted.items()})

    def people(self, identifier: str, repaired: frozenset[str]) -> set[str]:
        return {identifier} if "identity" in repaired else self.owners.get(identifier, {identifier})

    def recall(self, repaired: frozenset[str]) -> float:
        found = set().union(*(self.people(identifier, repaired) for identifier, _ in self.listing(repaired)))
        return sum(key in found for key, _ in self.truth) / len(self.truth)

    def effect(self) -> dict[str, float]:
        entries = [self.people(identifier, frozenset()) for identifier, _ in self.listing(frozenset())]
        found = set().union(*entries)
        wanted = {key for key, _ in self.truth}
        seen: set[str] = set()
        repeats = 0
        for people in entries:
            repeats += bool(people & seen)
            seen |= people
        return {
            "k": self.k,
            "truth_size": len(self.truth),
            "recall_at_k": sum(key in found for key in wanted) / len(wanted),
            "harm_captured": sum(s for key, s in self.truth if key in found) / sum(s for _, s in self.truth),
            "wrongly_included": sum(not people & wanted for people in entries) / len(entries),
            "repeat_entries": repeats / len(entries),
        }

    def attribution(self) -> dict[str, float]:
        subsets = [frozenset(c) for size in range(7) for c in combinations(FAMILIES, size)]
        values = {subset: self.recall(subset) for subset in subsets}
        return {
            family: sum(
                factorial(len(s)) * factorial(5 - len(s)) / factorial(6) * (values[s | {family}] - values[s])
                for s in subsets
                if family not in s
            )
            for family in FAMILIES
        }
