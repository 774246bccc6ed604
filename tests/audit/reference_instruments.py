"""Lists and their attribution by the design's words, in plain dictionaries and loops, for harm_365, rfs, serial and an own
instrument: slow, and written apart from ``audit/effect``. The instruments stand here as code, not as declarations.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import combinations
from math import factorial
from typing import Any, NamedTuple

from synthetic.contract import reference

FAMILIES = ("identity", "linkage", "offence", "dates", "recording", "sharing")
WINDOWS = {"harm_365": 365, "rfs": 1095, "serial": 1095, "own": 500}
OWN = {
    "key": "own",
    "name": "Own",
    "summary": "Of adults: how many victims, how often, how severe by sentences given, by the day it happened.",
    "source": "A test.",
    "counts": {"window_days": 500, "date_basis": "occurred", "record_classes": ["crime", "non_crime_incident"]},
    "eligibility": {"least_records": 2, "least_age": 18},
    "score": {
        "kind": "bands",
        "weights": "css_weight",
        "frequency": {"from": [2, 4], "points": [1, 3]},
        "severity": {"from": [100, 2000], "points": [2.5, 4]},
        "victims": {"from": [2, 3], "points": [3, 7]},
    },
}
"""The same as a declaration."""


class Row(NamedTuple):
    harm: float
    css: float
    day: date
    victims: frozenset[str]


class Reference:
    """The lists of one force by one instrument, from rows by table."""

    def __init__(self, tables: dict[str, list[dict[str, Any]]], force: str, instrument: str, as_of: date, k: int) -> None:
        self.force, self.instrument, self.as_of, self.k = force, instrument, as_of, k
        self.incidents = instrument in ("serial", "own")
        offences = reference("offences")
        self.harm = dict(zip(offences["offence_code"], offences["harm_days"], strict=True))
        self.css = dict(zip(offences["offence_code"], offences["css_weight"], strict=True))
        self.record = {row["person_id"]: row for row in tables["persons"]}
        self.born = {row["person_key"]: row["date_of_birth"] for row in tables["truth_people"]}
        self.owners: dict[str, set[str]] = defaultdict(set)
        for row in tables["truth_identities"]:
            self.owners[row["person_id"]].add(row["person_key"])
        self.first_record: dict[tuple[str, str], str] = {}
        for person_id in sorted(self.owners):
            for key in self.owners[person_id]:
                self.first_record.setdefault((key, self.record[person_id]["force"]), person_id)
        self.crimes = tables["crimes"]
        self.class_of = {crime["crime_id"]: crime["record_class"] or "crime" for crime in self.crimes}
        self.links: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in tables["involvements"]:
            self.links[row["crime_id"], row["role"]].add(row["person_id"])
        self.events = tables["truth_events"]
        self.event_of = {event["crime_id"]: event for event in self.events if event["crime_id"]}
        self.members = {
            event["suspect_key"] for event in self.events if event["force"] == force and self.of_event(event) is not None
        }
        self.truth = self.best(self.true_rows())

    def inside(self, day: date | None) -> bool:
        return day is not None and self.as_of - timedelta(days=WINDOWS[self.instrument]) < day <= self.as_of

    def old_enough(self, born: date | None, day: date) -> bool:
        least = {"serial": 16, "own": 18}.get(self.instrument)
        if least is None:
            return True
        if born is None:
            return False
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day)) >= least

    def counted(
        self, is_incident: bool, code: str | None, day: date | None, flag: bool | None, born: date | None, victims: Iterable[str]
    ) -> Row | None:
        """The row as the instrument counts it, or None."""
        if (
            day is None
            or not self.inside(day)
            or (is_incident and not self.incidents)
            or (not is_incident and code not in self.harm)
        ):
            return None
        if (self.instrument == "serial" and not flag) or not self.old_enough(born, day):
            return None
        harm, css = (0.0, 0.0) if is_incident or code is None else (self.harm[code], self.css[code])
        return Row(harm, css, day, frozenset(victims))

    def day(self, reported: date | None, occurred: date | None) -> date | None:
        return occurred if self.instrument == "own" else reported

    def of_event(self, event: dict[str, Any]) -> Row | None:
        """An event as it counts in truth; that of a rightly cancelled crime does not."""
        is_incident = event["event_class"] == "non_crime"
        if event["suspect_key"] is None or event["reported_on"] is None:
            return None
        if is_incident and self.class_of.get(event["crime_id"]) == "cancelled":
            return None
        day = self.day(event["reported_on"], event["occurred_on"])
        born = self.born.get(event["suspect_key"])
        return self.counted(is_incident, event["offence_code"], day, event["domestic_abuse"], born, {event["victim_key"]})

    def true_rows(self) -> dict[str, list[Row]]:
        rows = defaultdict(list)
        for event in self.events:
            row = self.of_event(event)
            if row is not None and event["suspect_key"] in self.members:
                rows[event["suspect_key"]].append(row)
        return rows

    def best(self, counted: dict[str, list[Row]]) -> list[tuple[str, float]]:
        """The first k of identifier → rows, with scores."""
        scored = []
        for identifier, rows in counted.items():
            score = self.score(rows)
            if score is not None:
                harm, last = sum(row.harm for row in rows), max(row.day for row in rows)
                scored.append((-score, -harm, -len(rows), -last.toordinal(), identifier))
        return [(row[4], -row[0]) for row in sorted(scored)[: self.k]]

    def score(self, rows: list[Row]) -> float | None:
        count, victims = len(rows), len(frozenset().union(*(row.victims for row in rows)))
        gravest, css = max(row.harm for row in rows), max(row.css for row in rows)
        days = (self.as_of - max(row.day for row in rows)).days
        if self.instrument == "harm_365":
            return sum(row.harm for row in rows) if count >= 2 else None
        if self.instrument == "own":
            if count < 2:
                return None
            score = 3.0 if count >= 4 else 1.0
            score += 4 if css >= 2000 else 2.5 if css >= 100 else 0
            return score + (7 if victims >= 3 else 3 if victims == 2 else 0)
        if self.instrument == "serial" and (count < 2 or victims < 2):
            return None
        score = 1 if count == 1 else 2 if count == 2 else 3 if count <= 4 else 4 if count <= 9 else 5
        score += 5 if days <= 30 else 4 if days <= 90 else 3 if days <= 180 else 2 if days <= 365 else 1
        score += 5 if gravest >= 1460 else 4 if gravest >= 365 else 3 if gravest >= 100 else 2 if gravest >= 10 else 1
        return score + (min(victims, 5) if self.instrument == "serial" else 0)

    def listing(self, repaired: frozenset[str]) -> list[tuple[str, float]]:
        """The recorded list with some families repaired."""
        found: dict[str, dict[str, Row]] = defaultdict(dict)

        def attach(person: str, force: str) -> str:
            return person if "identity" in repaired else self.first_record.get((person, force), person)

        def add(force: str, item: str, identifier: str | None, *what: Any) -> None:
            if identifier is None:
                return
            record = None if "identity" in repaired else self.record.get(identifier)
            born = record["date_of_birth"] if record else self.born.get(identifier)
            if "identity" in repaired and identifier not in self.born and identifier in self.record:
                born = self.record[identifier]["date_of_birth"]
            is_incident, code, day, flag, victims = what
            row = self.counted(is_incident, code, day, flag, born, victims)
            if row is None:
                return
            if force != self.force and ("sharing" not in repaired or not self.people(identifier, repaired) & self.members):
                return
            found[identifier][item] = row

        for crime in self.crimes:
            event, is_incident = self.event_of.get(crime["crime_id"]), self.class_of[crime["crime_id"]] == "non_crime_incident"
            if self.class_of[crime["crime_id"]] == "cancelled" or (event is None and "recording" in repaired):
                continue
            event_is_incident = is_incident if event is None else event["event_class"] == "non_crime"
            if is_incident and not event_is_incident and not self.incidents:
                continue
            code, flag = crime["offence_code"], crime["domestic_abuse"]
            if event and "offence" in repaired:
                flag = event["domestic_abuse"]
                code = event["offence_code"] if is_incident == event_is_incident else code
            if event and "recording" in repaired and is_incident != event_is_incident:
                is_incident, code = event_is_incident, event["offence_code"]
            reported = crime["reported_on"] or crime["recorded_on"]
            occurred = crime["occurred_on"] or reported
            if event and "dates" in repaired:
                reported, occurred = event["reported_on"], event["occurred_on"]
            what = (is_incident, code, self.day(reported, occurred), flag, self.victims(crime, event, repaired, attach))
            links = self.links.get((crime["crime_id"], "suspect"), set())
            for person_id in links:
                if "identity" in repaired:
                    who = event["suspect_key"] if event else min(self.owners.get(person_id, {person_id}))
                else:
                    record = self.record.get(person_id)  # an orphan's link leads to none
                    who = person_id if record is not None and record["force"] == crime["force"] else None
                add(crime["force"], crime["crime_id"], who, *what)
            if not links and event and event["suspect_key"] and "linkage" in repaired:
                add(crime["force"], crime["crime_id"], attach(event["suspect_key"], crime["force"]), *what)
        if "recording" in repaired:
            for event in self.events:
                is_incident, written = event["event_class"] == "non_crime", self.class_of.get(event["crime_id"])
                absent = written is None or (
                    not is_incident and (written == "cancelled" or (written == "non_crime_incident" and not self.incidents))
                )
                if absent and event["reported_on"] and event["suspect_key"]:
                    day = self.day(event["reported_on"], event["occurred_on"])
                    victims = {attach(event["victim_key"], event["force"])}
                    who = attach(event["suspect_key"], event["force"])
                    add(
                        event["force"], event["event_key"], who, is_incident, event["offence_code"], day, event["domestic_abuse"], victims
                    )  # fmt: skip
        return self.best({identifier: list(rows.values()) for identifier, rows in found.items()})

    def victims(self, crime: dict[str, Any], event: dict[str, Any] | None, repaired: frozenset[str], attach: Any) -> set[str]:
        links = self.links.get((crime["crime_id"], "victim"), set())
        if not links:
            return {attach(event["victim_key"], crime["force"])} if event and "linkage" in repaired else set()
        if "identity" in repaired:
            return {event["victim_key"]} if event else {min(self.owners.get(link, {link})) for link in links}
        return {link for link in links if link in self.record and self.record[link]["force"] == crime["force"]}

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
        assert values[frozenset(FAMILIES)] == 1.0
        return {
            family: sum(
                factorial(len(s)) * factorial(5 - len(s)) / factorial(6) * (values[s | {family}] - values[s])
                for s in subsets
                if family not in s
            )
            for family in FAMILIES
        }
