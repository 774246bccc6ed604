"""Each defect of the registry alone: the checks meant for it warn or fail, and no other; and clean data raises none."""

from pathlib import Path

import pandas as pd
import pytest

from audit import audit_dataset
from audit.checks.catalogue import UNDETECTABLE, catalogue
from audit.checks.catalogue.readiness import CHECKS as gate_checks
from audit.checks.run import Context, count_checks, finding_counts, judged
from audit.checks.types.findings import GAPS, LINKAGE
from audit.engines import connect, frames
from audit.evaluation.defects import meant_for
from audit.gaps import find_coverage, find_gaps, read_counts
from audit.readiness.evidence import agreement, months_supplied
from synthetic import generate, load
from synthetic.contract import DEFECTS
from synthetic.defects import REGISTRY, Defect
from synthetic.profile import check_profile
from tests.conftest import Outcome

RATE = 0.05
BY_LINKAGE = {"duplicate_identities.persons", "shared_value.persons.name_and_date_of_birth"}
BY_GAPS = {
    "reporting_gaps.crimes", "reporting_gaps.crimes.suspect_links", "abrupt_change.crimes.count", "months_supplied.crimes",
}  # fmt: skip
NEIGHBOURS = {
    # A filler on 1 January is also a first of a month; an outcome that is wrong for its suspect may stand beside a charge.
    "january_filler": {"heaping.persons.date_of_birth_first_of_month"},
    "date_1900": {"heaping.crimes.occurred_on_1_january", "heaping.crimes.occurred_on_first_of_month"},
    "missing_outcome_code": {"missing.crimes.outcome_code", "stale.crimes.outcome"},
    "missing_outcome_on": {"missing.crimes.outcome_on"},
    "missing_suspect_status": {"required_when.suspect_status"},
    # A link to a record that is not there is no link, so what needs one warns as well.
    "orphan": {"cardinality.crimes.no_victim", "contradiction.crimes.charged_without_link", "required_when.suspect_linked"},
    "missing_relationship": {"required_when.relationship_when_domestic_abuse"},
}
FOUND_BY = {
    module: {name for check in catalogue() if getattr(check, "found_by", "") == module for name in check.detects}
    for module in (LINKAGE, GAPS)
}
"""Defects that another module is meant to find, by its name."""
OF_GATES = {check.id for check in gate_checks}
"""Checks of the gates sum up what other checks find, so that a defect shows in both."""
QUIET = {*UNDETECTABLE, *FOUND_BY[LINKAGE], "scanned_text"} - {"split_identity"}
"""Nothing shows, or nothing without a duplicate record of the person."""


def meant(defect: Defect) -> set[str]:
    if defect.name == "split_identity":
        return BY_LINKAGE
    if defect.name in FOUND_BY[GAPS]:
        return BY_GAPS
    return {check.id for check in meant_for(defect.name)} | NEIGHBOURS.get(defect.name, set())


def raised(dataset: Path, linkage: bool = False) -> set[str]:
    """The checks that warn or fail; that of the linkage, which takes longest, where it is asked for."""
    if linkage:
        checks = audit_dataset(dataset)["checks"]
    else:
        opened, declared = load(dataset), tuple(check for check in catalogue() if check.type != "duplicate_identities")
        with connect(opened) as connection:
            counts, broken = count_checks(frames("duckdb", opened, connection), declared, Context(opened.manifest.as_of))
            months = read_counts(connection, opened.manifest.as_of)
            supplied = months_supplied(connection, opened.forces, opened.manifest.as_of)
            tables = {
                **vars(find_gaps(months)),
                **vars(find_coverage(connection, False)),
                "agreement": agreement(connection, False),
            }
        found = finding_counts(declared, tables, supplied)
        checks = judged(pd.concat([counts, found], ignore_index=True), declared, opened.forces, broken)
    return set(checks.loc[checks["month"].isna() & checks["status"].isin(["warn", "fail", "error"]), "check_id"])


@pytest.mark.parametrize("defect", [one for one in REGISTRY if one.name not in QUIET], ids=lambda defect: defect.name)
def test_a_defect_alone_raises_the_checks_meant_for_it_and_no_others(defect: Defect, tmp_path: Path) -> None:
    section, key = defect.rate.split(".")
    generate(tmp_path / "dataset", check_profile({section: {key: RATE}}), ["durnley", "fellgate"], scale=0.2, seed=11)
    found = raised(tmp_path / "dataset", linkage=defect.name == "split_identity")
    assert found - OF_GATES <= meant(defect), defect.name
    if defect.name not in FOUND_BY[GAPS]:  # 5 % of so few units may be none
        assert found, defect.name


def test_every_defect_has_a_check_that_is_meant_for_it_or_a_blind_spot() -> None:
    detected = {name for check in catalogue() for name in check.detects}
    assert detected | set(UNDETECTABLE) == set(DEFECTS) == {defect.name for defect in REGISTRY}
    assert not detected & set(UNDETECTABLE)


def test_defects_that_nothing_can_show_raise_no_check(tmp_path: Path) -> None:
    content: dict[str, dict[str, float]] = {}
    for defect in REGISTRY:
        if defect.name in QUIET:
            section, key = defect.rate.split(".")
            content.setdefault(section, {})[key] = RATE
    generate(tmp_path / "dataset", check_profile(content), ["durnley", "fellgate"], scale=0.2, seed=11)
    assert raised(tmp_path / "dataset") == set()


@pytest.mark.parametrize("seed", range(1, 11))
def test_clean_data_raises_no_check(seed: int, tmp_path: Path) -> None:
    generate(tmp_path / "dataset", "clean", ["durnley", "fellgate"], scale=0.15, seed=seed)
    assert raised(tmp_path / "dataset", linkage=seed == 1) == set()


def test_the_catalogue_is_printed_in_every_form(command) -> None:  # type: ignore[no-untyped-def]
    import json
    import tomllib

    plain: Outcome = command("audit", "catalogue")
    assert plain.code == 0
    assert "missing.persons.ethnicity" in plain.out
    assert len(json.loads(command("audit", "catalogue", "--json").out)) == len(plain.out.splitlines())
    assert command("audit", "catalogue", "--markdown").out.count("\n| ") == len(plain.out.splitlines()) + 1
    assert tomllib.loads(command("audit", "catalogue", "--toml").out)["gates"]["victim's sex present"] == 0.95
    few = command("audit", "catalogue", "--only", "delay", "--skip", "*30_days")
    assert [line.split()[0] for line in few.out.splitlines()] == [f"delay.crimes.{days}" for days in ("1_day", "3_days", "7_days")]
