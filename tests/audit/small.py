"""Small clean datasets from plain rows, on which a test makes one thing wrong; and a quick verdict on them without linkage."""

import calendar
from collections.abc import Iterable
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit import choose_checks
from audit.checks.run import Context, count_checks, finding_counts, judged
from audit.engines import connect, frames
from audit.gaps import find_coverage, find_gaps, read_counts
from audit.readiness.evidence import agreement, class_shares, months_supplied
from audit.readiness.gates import GATES
from audit.readiness.thresholds import Thresholds
from audit.readiness.verdict import Size, Verdict, verdict
from audit.results import empty
from synthetic import Dataset
from tests.audit.foreign import write_dataset

Data = dict[str, list[dict[str, Any]]]
AS_OF = date(2025, 3, 31)
COUNTED = ("crimes", "persons")
OFFENCES = ("008L", "105A", "008N")
_FORENAMES = [a + b for a in ("Bren", "Cal", "Dor", "Fen", "Gar", "Hol", "Jor", "Kel") for b in ("a", "an", "el", "in", "is", "y")]
_SURNAMES = [a + b for a in ("Ash", "Black", "Cros", "Dun", "East", "Fox", "Hart", "Moor") for b in ("by", "den", "ford", "ham")]


def months_back(count: int, as_of: date = AS_OF) -> list[tuple[int, int]]:
    """(year, month) of the last ``count`` months, the first one first."""
    last = as_of.year * 12 + as_of.month - 1
    return [divmod(number, 12) for number in range(last - count + 1, last + 1)]


def clean_data(
    forces: Iterable[str] = ("testshire",), months: int = 6, per_month: int = 100, units: int = 3, seed: int = 0
) -> Data:
    """Every month of every unit alike, one named suspect and one victim a crime, no defect."""
    random = np.random.default_rng(seed)
    data: Data = {"units": [], "persons": [], "crimes": [], "involvements": []}
    for force in forces:
        for unit in range(units):
            row = {"unit_id": f"{force}-u{unit}", "force": force, "unit_name": f"Unit {unit}", "population": 300_000}
            data["units"].append(row)
        for year, month in months_back(months):
            for number in range(per_month):
                day = date(year, month + 1, 1 + number % 28)
                _crime(data, force, f"{force}-u{number % units}", OFFENCES[(number // units) % 3], day, random)
    return data


def data_by_counts(cells: Iterable[tuple[str, str, tuple[int, int], int]], force: str, seed: int = 0) -> Data:
    """Crimes by unit, offence and (year, month), each on a random day of it."""
    random = np.random.default_rng(seed)
    data: Data = {"units": [], "persons": [], "crimes": [], "involvements": []}
    cells = list(cells)
    units = dict.fromkeys(unit for unit, *_ in cells)
    data["units"] = [{"unit_id": unit, "force": force, "unit_name": unit, "population": 300_000} for unit in units]
    for unit, offence, (year, month), count in cells:
        for _ in range(count):
            day = date(year, month + 1, int(random.integers(1, calendar.monthrange(year, month + 1)[1] + 1)))
            _crime(data, force, unit, offence, day, random, victim=False)
    return data


def joined(*parts: Data) -> Data:
    """The rows of several datasets."""
    return {name: [row for part in parts for row in part[name]] for name in parts[0]}


def copy_of(data: Data) -> Data:
    """A copy on which a test may make something wrong."""
    return deepcopy(data)


def write(folder: Path, data: Data, as_of: date = AS_OF, forces: list[str] | None = None) -> Dataset:
    """The dataset folder of the rows."""
    named = forces or list(dict.fromkeys(row["force"] for row in data["units"])) or ["testshire"]
    return write_dataset(folder, data, named, str(as_of))


GATES_ALONE = (*(gate.check_id for gate in GATES.values()), "required_when.suspect_status", "missing.crimes.*", "missing.persons.*")
"""The checks that gates rest on."""


def quick_verdict(
    dataset: Dataset, skip: tuple[str, ...] = (), only: tuple[str, ...] = (), period_start: date | None = None
) -> Verdict:
    """Everything that is judged, except that duplicates are estimated by equal names and dates of birth; without a truth."""
    checks = Thresholds().limit(choose_checks(only, skip))
    as_of = dataset.manifest.as_of
    with connect(dataset) as connection:
        counted, broken = count_checks(frames("duckdb", dataset, connection), checks, Context(as_of))
        tables = {name: empty(name) for name in ("gaps", "unit_months", "coverage_gaps")}
        if not only:
            found_gaps, coverage = find_gaps(read_counts(connection, as_of)), find_coverage(connection, False)
            tables = {"gaps": found_gaps.gaps, "unit_months": found_gaps.unit_months, "coverage_gaps": coverage.coverage_gaps}
        identities = connection.execute(
            """SELECT force, count(*) AS records, count(DISTINCT (forename, surname, date_of_birth, phone)) AS clusters
               FROM persons GROUP BY force"""
        ).df()
        rate = 1 - identities["clusters"] / identities["records"]
        identities = identities.assign(
            duplicate_rate=rate, low=(rate - 0.01).clip(lower=0), high=(rate + 0.01).clip(upper=1), cross_force_rate=0.0
        )
        tables |= {
            "identity_summary": identities,
            "agreement": agreement(connection, False),
            "class_shares": class_shares(connection),
        }
        supplied = months_supplied(connection, dataset.forces, as_of, period_start)
        found = finding_counts(checks, tables, supplied)
        rows_of = {name: {Path(file.path).stem: file.rows for file in dataset.manifest.tables[name].files} for name in COUNTED}
        sizes = {force: Size(0, *(rows_of[name].get(force, 0) for name in COUNTED)) for force in dataset.forces}
    rows = judged(pd.concat([counted, found], ignore_index=True), checks, dataset.forces, broken)
    return verdict(rows, identities, empty("effect"), empty("fix_first"), sizes, ["harm_365"], "harm_365", Thresholds())


def _crime(data: Data, force: str, unit: str, offence: str, day: date, random: np.random.Generator, victim: bool = True) -> None:
    crime = f"SYN-C-{force}-{len(data['crimes'])}"
    for role in ("suspect", "victim")[: 1 + victim]:
        person = f"SYN-P-{force}-{len(data['persons'])}"
        postcode = f"V{'QABC'[random.integers(4)]}{random.integers(1, 30)} {random.integers(1, 9)}A{'BCDE'[random.integers(4)]}"
        data["persons"].append(
            {
                "person_id": person,
                "force": force,
                "forename": _FORENAMES[random.integers(len(_FORENAMES))],
                "surname": _SURNAMES[random.integers(len(_SURNAMES))],
                "date_of_birth": date(1950, 1, 2) + timedelta(int(random.integers(0, 18_000))),
                "sex": "MF"[random.integers(2)],
                "ethnicity": ["W1", "A2", "B1"][random.integers(3)],
                "address": f"{random.integers(1, 400)} {_SURNAMES[random.integers(len(_SURNAMES))]} Road",
                "postcode": postcode,
                "phone": f"06{random.integers(10**8, 10**9 - 1)}",
                "created_on": day,
                "source_system": "records",
            }
        )
        link = {"crime_id": crime, "person_id": person, "role": role, "relationship": "stranger", "force": force}
        data["involvements"].append(link)
    data["crimes"].append(
        {
            "crime_id": crime,
            "force": force,
            "unit_id": unit,
            "offence_code": offence,
            "domestic_abuse": False,
            "occurred_on": day - timedelta(int(random.integers(1, 4))),
            "reported_on": day,
            "recorded_on": day,
            "postcode": postcode,
            "reported_via": "phone_101",
            "suspect_status": "named",
            "outcome_code": "16",
            "outcome_on": min(day + timedelta(3), AS_OF),
        }
    )
