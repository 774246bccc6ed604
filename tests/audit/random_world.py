"""A small random world with all that the generator rarely or never makes, as plain rows and as views on a connection.

Overlaid records, crimes recorded twice, wrong links, wrong codes, dates and flags, orphans, people who offend in three forces,
split and missing victims, blank and wrong births, non-crime incidents, cancelled crimes, rightly and wrongly.
"""

from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from audit.engines import ALL_ROWS
from audit.engines.duckdb import CRIMES_ONLY

Tables = dict[str, list[dict[str, Any]]]

FORCES = ["north", "south", "west"]
LAST_DAY = date(2024, 6, 30)
COLUMNS = {
    "units": "unit_id force unit_name population:int",
    "persons": "person_id force date_of_birth:date sex ethnicity",
    "crimes": "crime_id force unit_id offence_code domestic_abuse:bool occurred_on:date reported_on:date recorded_on:date "
    "outcome_code record_class",
    "involvements": "crime_id person_id role relationship",
    "truth_people": "person_key force date_of_birth:date sex ethnicity",
    "truth_events": "event_key force unit_id offence_code occurred_on:date reported_on:date suspect_key victim_key crime_id event_class "
    "domestic_abuse:bool",
    "truth_identities": "person_id person_key",
    "truth_gaps": "gap_id force unit_id offence_group first_month:date last_month:date kind events_lost:int",
}
EVERY_ROW = {name.replace("/", "_"): view for name, view in ALL_ROWS.items()}
TYPES = {"int": pa.int64(), "date": pa.date32(), "bool": pa.bool_(), "": pa.string()}
CODES = ["019C", "008N", "105A", "008Q", "008L", "020A"]


def random_world(seed: int, reports: int = 1500, suspects: int = 110, victims: int = 60) -> Tables:
    """Rows by table."""
    rng = np.random.default_rng(seed)
    tables: Tables = {name: [] for name in COLUMNS}
    for force in FORCES:
        tables["units"].append({"unit_id": f"{force}-1", "force": force, "unit_name": "One", "population": 700_000})
    people = [f"k{number:03d}" for number in range(suspects + victims)]
    for key in people:
        born = (
            None
            if rng.random() < 0.03
            else date(1960 + int(rng.integers(0, 48)), int(rng.integers(1, 13)), int(rng.integers(1, 28)))
        )
        if rng.random() < 0.05:
            born = date(2008, 2, 29)
        tables["truth_people"].append(
            {
                "person_key": key,
                "force": str(rng.choice(FORCES)),
                "date_of_birth": born,
                "sex": str(rng.choice(["F", "M"])),
                "ethnicity": "W1",
            }
        )
    born_on = {row["person_key"]: row["date_of_birth"] for row in tables["truth_people"]}
    records: dict[tuple[str, str], list[str]] = {}

    def add_record(force: str, *keys: str) -> str:
        person_id = f"SYN-{rng.integers(10**9):09d}"
        birth = born_on[keys[0]]
        if rng.random() < 0.1:
            birth = None if rng.random() < 0.5 else date(2009, 1, 1)
        tables["persons"].append({"person_id": person_id, "force": force, "date_of_birth": birth, "sex": "M", "ethnicity": "W1"})
        for key in keys:
            tables["truth_identities"].append({"person_id": person_id, "person_key": key})
            records.setdefault((key, force), []).append(person_id)
        return person_id

    def record_of(key: str, force: str, again: float) -> str:
        if not records.get((key, force)) or rng.random() < again:
            add_record(force, key)
        return str(rng.choice(records[key, force]))

    for key in people[:15]:
        add_record(str(rng.choice(FORCES)), key, str(rng.choice(people)))
    for number in range(reports):
        suspect = people[int(suspects * rng.random() ** 2)]
        victim = (
            people[suspects + (hash_of(suspect) + int(rng.integers(0, 4))) % victims]
            if rng.random() < 0.9
            else str(rng.choice(people))
        )
        force = str(rng.choice(FORCES, p=[0.6, 0.25, 0.15]))
        reported = LAST_DAY - timedelta(int(rng.integers(0, 1300)))
        occurred = reported - timedelta(int(rng.integers(0, 90)))
        code, known, domestic = str(rng.choice(CODES)), rng.random() < 0.9, bool(rng.random() < 0.7)
        is_crime = rng.random() < 0.75
        crime_id = f"SYN-C{number:05d}" if rng.random() < 0.9 else None
        tables["truth_events"].append(
            {
                "event_key": f"e{number:05d}", "force": force, "unit_id": f"{force}-1", "offence_code": code if is_crime or rng.random() < 0.5 else None,
                "occurred_on": occurred, "reported_on": reported if crime_id or rng.random() < 0.9 else None,
                "suspect_key": suspect if known else None, "victim_key": victim, "crime_id": crime_id,
                "event_class": ("crime" if rng.random() < 0.5 else None) if is_crime else "non_crime", "domestic_abuse": domestic,
            }
        )  # fmt: skip
        if crime_id is None:
            continue
        draw = rng.random()
        if is_crime:
            record_class = "cancelled" if draw < 0.06 else "non_crime_incident" if draw < 0.14 else "crime" if draw < 0.6 else None
        else:
            record_class = "cancelled" if draw < 0.15 else "crime" if draw < 0.25 else "non_crime_incident"
        for copy in range(1 + (rng.random() < 0.05)):
            this = crime_id if copy == 0 else f"{crime_id}X"
            wrong_day = reported + timedelta(int(rng.integers(-400, 400))) if rng.random() < 0.05 else reported
            tables["crimes"].append(
                {
                    "crime_id": this, "force": force, "unit_id": f"{force}-1", "record_class": record_class,
                    "offence_code": [code, str(rng.choice(CODES)), "999", None][int(rng.choice(4, p=[0.85, 0.08, 0.03, 0.04]))],
                    "domestic_abuse": [domestic, not domestic, None][int(rng.choice(3, p=[0.85, 0.05, 0.1]))],
                    "occurred_on": occurred if rng.random() < 0.95 else None,
                    "reported_on": wrong_day if rng.random() < 0.95 else None, "recorded_on": reported + timedelta(1),
                    "outcome_code": [None, "1", "3", "16"][int(rng.integers(0, 4))],
                }
            )  # fmt: skip
            linked: list[tuple[str, str]] = []
            draw = rng.random()
            if (known or draw >= 0.9) and not 0.8 <= draw < 0.88:
                holder = suspect if draw < 0.8 else str(rng.choice(people[:suspects]))
                linked.append((record_of(holder, force, 0.15), "suspect"))
                if rng.random() < 0.05:
                    linked.append((record_of(people[0], force, 0.0), "suspect"))
                if rng.random() < 0.05:
                    linked.append((record_of(holder, force, 0.5), "suspect"))
            draw = rng.random()
            if draw < 0.8:
                linked.append((record_of(victim, force, 0.25), "victim"))
                if rng.random() < 0.06:
                    linked.append((record_of(str(rng.choice(people)), force, 0.0), "victim"))
            elif draw < 0.85:
                linked.append((record_of(victim, str(rng.choice(FORCES)), 0.0), "victim"))
            elif draw < 0.88:
                linked.append(("SYN-nowhere", "victim"))
            for person_id, role in linked:
                tables["involvements"].append({"crime_id": this, "person_id": person_id, "role": role, "relationship": "partner"})
    return tables


def hash_of(key: str) -> int:
    return int(key[1:]) * 7


def connected(tables: Tables) -> duckdb.DuckDBPyConnection:
    """A connection with the tables as views, as an engine gives them."""
    connection = duckdb.connect()
    for name, columns in COLUMNS.items():
        schema = pa.schema([(column.partition(":")[0], TYPES[column.partition(":")[2]]) for column in columns.split()])
        rows = [{field: row.get(field) for field in schema.names} for row in tables[name]]
        connection.register(EVERY_ROW.get(name, name), pa.Table.from_pylist(rows, schema=schema))
    connection.execute(CRIMES_ONLY)
    return connection
