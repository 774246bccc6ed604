"""Data as other software and other habits write it: each fault in a force of its own, all in one small dataset."""

from collections.abc import Callable
from typing import Any

import pytest

from audit.engines import connect
from audit.gaps import find_coverage, find_gaps, read_counts
from audit.readiness.verdict import Verdict
from synthetic import Dataset
from tests.audit.small import AS_OF, Data, clean_data, joined, quick_verdict, write

BLANKS = ["", " ", "\u3000", "\u200b", "\u2007\u202f", "\t", "\ufeff", "\u2060"]
WORDS = ["NULL", "NaN", "nan", "#N/A", "N/A", "n/a", "None", "-", "--", "?", "nil", "unknown", "NK", "N/K", "not known", "TBC"]
PEOPLE = ["Null", "Na", "Nan", "Nil", "Test", "Anon", "Ng", "O", "Void", "Missing"]


def _put(data: Data, table: str, field: str, values: list[Any]) -> None:
    for row, value in zip(data[table], values, strict=False):
        row[field] = value


def _spell(data: Data, spelling: Callable[[str], str], *fields: str) -> None:
    for row in data["persons"]:
        row.update({field: spelling(row[field]) for field in fields})


def _status(data: Data, others: list[str | None]) -> None:
    """Half of the crimes name a suspect, of whom a fifth are not linked; the others link to one, whatever their status."""
    _put(data, "crimes", "suspect_status", (["named"] * 48 + others * 48)[:96])
    gone = {row["crime_id"] for row in data["crimes"][:10]}
    data["involvements"] = [row for row in data["involvements"] if row["role"] == "victim" or row["crime_id"] not in gone]


def _classes(data: Data, of_unit: Callable[[str], int], record_class: str) -> None:
    """Of each unit's crimes, one in so many is of a class; 0 for none."""
    for place, row in enumerate(data["crimes"]):
        row["domestic_abuse"] = True
        every = of_unit(row["unit_id"])
        if every and place // 3 % every == 0:
            row["record_class"] = record_class


FAULTS: dict[str, Callable[[Data], object]] = {
    "blanks": lambda data: _put(data, "persons", "address", BLANKS * 4),
    "words": lambda data: _put(data, "persons", "surname", WORDS),
    "people": lambda data: _put(data, "persons", "surname", PEOPLE),
    "capitals": lambda data: (
        _spell(data, str.upper, "forename", "surname"), _put(data, "persons", "surname", [name.upper() for name in PEOPLE]),
    ),
    "small letters": lambda data: (
        _spell(data, str.lower, "forename", "surname"), _put(data, "persons", "surname", ["null", "nan", "na"]),
    ),
    "surnames in capitals": lambda data: (
        _spell(data, str.upper, "surname"), _put(data, "persons", "surname", ["NULL"]), _put(data, "persons", "forename", ["NULL"]),
    ),
    "a word too common": lambda data: (_spell(data, str.upper, "surname"), _put(data, "persons", "surname", ["NULL"] * 40)),
    "blank classes": lambda data: _put(data, "crimes", "record_class", BLANKS * 12),
    "status none": lambda data: _status(data, ["none"]),
    "status blank": lambda data: _status(data, [None]),
    "status half blank": lambda data: _status(data, [None, "none"]),
    "status of spaces": lambda data: _status(data, ["\u00a0"]),
    "blank units": lambda data: _put(data, "crimes", "unit_id", BLANKS * 2),
    "blank outcomes": lambda data: _put(data, "crimes", "outcome_code", BLANKS * 12),
    "cancelled alike": lambda data: _classes(data, lambda unit: 4, "cancelled"),
    "cancelled in one unit": lambda data: _classes(data, lambda unit: 2 * unit.endswith("u1"), "cancelled"),
    "incidents alike": lambda data: _classes(data, lambda unit: 3, "non_crime_incident"),
    "incidents in one unit": lambda data: _classes(data, lambda unit: 2 * unit.endswith("u1"), "non_crime_incident"),
    "mostly incidents": lambda data: _put(data, "crimes", "record_class", ["non_crime_incident"] * 80),
}  # fmt: skip
LARGE = ("cancelled", "incidents", "mostly")
"""Forces that need more crimes, so that a unit can stand out."""


def slug(fault: str) -> str:
    return fault.replace(" ", "-")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    parts = {}
    for fault, put_in in FAULTS.items():
        data = clean_data((slug(fault),), months=4, per_month=120 if fault.startswith(LARGE) else 24)
        put_in(data)
        if fault == "mostly incidents":
            _put(data, "crimes", "domestic_abuse", [True] * 100)
        parts[slug(fault)] = data
    return write(tmp_path_factory.mktemp("hostile") / "data", joined(*parts.values()), AS_OF, list(parts))


@pytest.fixture(scope="module")
def found(hostile: Dataset) -> Verdict:
    return quick_verdict(hostile)


def failed(found: Verdict, fault: str, check_id: str) -> int:
    checks = found.checks
    return int(
        checks[(checks["check_id"] == check_id) & (checks["force"] == slug(fault)) & checks["month"].isna()]["failed"].iloc[0]
    )


def gate(found: Verdict, fault: str, name: str) -> tuple[int, str]:
    rows = found.readiness
    row = rows[(rows["force"] == slug(fault)) & (rows["name"] == name)].iloc[0]
    return int(row["total"]), str(row["status"])


def test_no_check_breaks_on_any_of_it(found: Verdict) -> None:
    assert not (found.checks["status"] == "error").any()


def test_blanks_as_software_writes_them_are_blanks_and_shared_by_nobody(found: Verdict) -> None:
    assert failed(found, "blanks", "missing.persons.address") == 32
    assert failed(found, "blanks", "shared_value.persons.address") == 0


@pytest.mark.parametrize(
    ("fault", "surnames", "forenames"),
    [
        ("words", len(WORDS), 0),
        ("people", 0, 0),
        ("capitals", 0, 0),
        ("small letters", 0, 0),
        ("surnames in capitals", 0, 1),
        ("a word too common", 40, 0),
    ],
)
def test_a_name_is_a_placeholder_where_its_spelling_can_show_it(fault: str, surnames: int, forenames: int, found: Verdict) -> None:
    assert failed(found, fault, "placeholder.persons.surname") == surnames
    assert failed(found, fault, "placeholder.persons.forename") == forenames


def test_a_blank_class_is_that_of_a_crime(found: Verdict) -> None:
    assert gate(found, "blank classes", "named suspects linked") == (96, "met")


def test_a_blank_status_never_helps(found: Verdict) -> None:
    assert gate(found, "status none", "named suspects linked") == (48, "not met")
    for fault in ("status blank", "status half blank", "status of spaces"):
        total, status = gate(found, fault, "named suspects linked")
        assert total > 48
        assert status in ("not met", "cannot be judged"), fault


def test_a_blank_unit_is_no_unit_and_a_blank_outcome_no_outcome(hostile: Dataset, found: Verdict) -> None:
    with connect(hostile) as connection:
        counts = {one.force: one for one in read_counts(connection, AS_OF)}
        coverage = find_coverage(connection, False).coverage
    assert counts["blank-units"].units == [f"blank-units-u{unit}" for unit in range(3)]
    assert find_gaps([counts["blank-units"]]).unit_changes.empty
    assert failed(found, "blank units", "missing.crimes.unit_id") == 16
    outcomes = coverage[(coverage["force"] == "blank-outcomes") & (coverage["measure"] == "outcome")]
    assert outcomes["covered"].sum() == 0 < outcomes["total"].sum()


@pytest.mark.parametrize("kind", ["cancelled", "incidents"])
def test_a_unit_stands_out_only_where_the_others_differ(kind: str, found: Verdict) -> None:
    check_id = f"stands_out.crimes.{kind}"
    assert failed(found, f"{kind} alike", check_id) == 0
    assert 70 <= failed(found, f"{kind} in one unit", check_id) <= 81
    assert failed(found, "blanks", check_id) == 0


def test_domestic_records_that_mostly_stand_as_incidents_are_a_sign(found: Verdict) -> None:
    check_id = "share_of_codes.crimes.domestic_incidents"
    assert failed(found, "mostly incidents", check_id) == 80
    rows = found.checks[(found.checks["check_id"] == check_id) & found.checks["month"].isna()].set_index("force")["status"]
    assert rows["mostly-incidents"] == "fail"
    assert rows["incidents-alike"] == "pass"
