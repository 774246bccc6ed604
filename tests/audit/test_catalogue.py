"""Each defect of the registry alone: the checks meant for it warn or fail, and no other; and clean data raises none."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit import Results
from audit.checks.catalogue import UNDETECTABLE, catalogue
from audit.checks.catalogue.readiness import CHECKS as gate_checks
from audit.checks.run import Context, count_checks, finding_counts, judged
from audit.checks.types.findings import GAPS, LINKAGE, UNITS
from audit.engines import connect, frames
from audit.evaluation.defects import meant_for
from audit.gaps import find_coverage, find_gaps, read_counts
from audit.linkage import find_identities
from audit.readiness.evidence import agreement, class_shares, months_supplied
from synthetic import Dataset, generate, load
from synthetic.contract import DEFECTS, reference
from synthetic.defects import REGISTRY, Defect
from synthetic.profile import check_profile
from tests.conftest import Outcome

RATE = 0.05
MORE = {"outcome_stale": 0.15}
"""Where clean data has some of it already: of its cases 4 to 11% are open."""
FORCES = reference("forces").set_index("force")["population"]
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
    for module in (LINKAGE, GAPS, UNITS)
}
"""Defects that another module is meant to find, by its name."""
BY_CHANCE = {"reporting_gaps.crimes"}
"""Of many months and units, some are quiet by chance; each world here is another."""
OF_GATES = {check.id for check in gate_checks}
"""Checks of the gates sum up what other checks find, so that a defect shows in both."""
QUIET = {*UNDETECTABLE, *FOUND_BY[LINKAGE], "scanned_text"} - {"split_identity"}
"""Nothing shows, or nothing without a duplicate record of the person."""


def meant(defect: Defect) -> set[str]:
    if defect.name == "split_identity":
        return BY_LINKAGE
    if defect.name in FOUND_BY[GAPS]:
        return BY_GAPS
    if defect.name in FOUND_BY[UNITS]:
        return {check.id for check in catalogue() if defect.name in check.detects}
    return {check.id for check in meant_for(defect.name)} | NEIGHBOURS.get(defect.name, set())


RESIDENTS = 0.15 * FORCES.loc["durnley"]
"""Residents of every force made here: each world is as large as the others."""
ALONE = [one for one in REGISTRY if one.name not in QUIET and one.name != "split_identity"]
SEEDS = range(1, 11)
QUICK = {*(one.name for one in ALONE[::6]), "quiet", "clean 1", "clean 2"}
"""The worlds that every run makes; the others are for ``--deep``."""


def and_deep(names: Iterable[str]) -> list[Any]:
    """Names as parameters, of which those that are not quick are deep."""
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.deep) for name in names]


def world_of(folder: Path, force: str, content: dict[str, dict[str, float]], seed: int = 11) -> Dataset:
    """A force with these rates of defects over a clean profile."""
    return generate(folder, check_profile(content), [force], scale=RESIDENTS / FORCES.loc[force], seed=seed, workers=1)


def rates_of(defects: Iterable[Defect]) -> dict[str, dict[str, float]]:
    content: dict[str, dict[str, float]] = {}
    for defect in defects:
        section, key = defect.rate.split(".")
        content.setdefault(section, {})[key] = MORE.get(defect.name, RATE)
    return content


def together(folder: Path, worlds: list[Dataset]) -> Dataset:
    """Worlds of one force each as a dataset: what is found of a force rests on its own rows alone."""
    manifest = json.loads((worlds[0].path / "dataset.json").read_text()) | {"forces": [world.forces[0] for world in worlds]}
    tables = {name: {"rows": 0, "files": []} for name in manifest["tables"]}
    for world in worlds:
        for name, entry in json.loads((world.path / "dataset.json").read_text())["tables"].items():
            tables[name]["rows"] += entry["rows"]
            tables[name]["files"] += entry["files"]
            (folder / name).mkdir(parents=True, exist_ok=True)
            for file in entry["files"]:
                (world.path / file["path"]).rename(folder / file["path"])
    (folder / "dataset.json").write_text(json.dumps(manifest | {"tables": tables}))
    return load(folder)


def raised(dataset: Dataset, linkage: bool = False) -> dict[str, set[str]]:
    """The checks that warn or fail by force; that of the linkage, which takes longest, only where it is asked for."""
    declared = tuple(check for check in catalogue() if linkage or check.type != "duplicate_identities")
    with connect(dataset) as connection:
        counts, broken = count_checks(frames("duckdb", dataset, connection), declared, Context(dataset.manifest.as_of))
        months = read_counts(connection, dataset.manifest.as_of)
        tables = {
            **vars(find_gaps(months)),
            **vars(find_coverage(connection, False)),
            "agreement": agreement(connection, False),
            "class_shares": class_shares(connection),
            **({"identity_summary": find_identities(connection).identity_summary} if linkage else {}),
        }
        supplied = months_supplied(connection, dataset.forces, dataset.manifest.as_of)
    found = finding_counts(declared, tables, supplied)
    checks = judged(pd.concat([counts, found], ignore_index=True), declared, dataset.forces, broken)
    return {force: raised_in(checks[checks["force"] == force]) for force in dataset.forces}


def raised_in(checks: pd.DataFrame) -> set[str]:
    return set(checks.loc[checks["month"].isna() & checks["status"].isin(["warn", "fail", "error"]), "check_id"])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, set[str]]:
    """What is raised by each defect alone, by all that nothing can show, and by clean data of several seeds."""
    folder = tmp_path_factory.mktemp("worlds")
    plans = {one.name: (rates_of([one]), 11) for one in ALONE}
    plans |= {"quiet": (rates_of(one for one in REGISTRY if one.name in QUIET), 11)}
    plans |= {f"clean {seed}": ({}, seed) for seed in SEEDS}
    names, by_name = [name for name in plans if name in QUICK or request.config.getoption("--deep")], {}
    for begin in range(0, len(names), len(FORCES)):
        mine = dict(zip(names[begin : begin + len(FORCES)], FORCES.index, strict=False))
        worlds = [world_of(folder / force, force, *plans[name]) for name, force in mine.items()]
        by_force = raised(together(folder / f"from-{begin}", worlds))
        by_name |= {name: by_force[force] for name, force in mine.items()}
        for force in mine.values():
            shutil.rmtree(folder / force)
    return by_name


@pytest.mark.parametrize("name", and_deep(one.name for one in ALONE))
def test_a_defect_alone_raises_the_checks_meant_for_it_and_no_others(name: str, found: dict[str, set[str]]) -> None:
    defect = next(one for one in ALONE if one.name == name)
    assert found[defect.name] - OF_GATES - BY_CHANCE <= meant(defect), defect.name
    if defect.name not in FOUND_BY[GAPS] | FOUND_BY[UNITS] | {"unit_renamed"}:  # 5 % of so few units may be none, or not stand out
        assert found[defect.name], defect.name


def test_duplicate_records_alone_raise_the_checks_meant_for_them_and_no_others(tmp_path: Path) -> None:
    defect = next(one for one in REGISTRY if one.name == "split_identity")
    checks = raised(world_of(tmp_path / "dataset", "durnley", rates_of([defect])), linkage=True)["durnley"]
    assert checks - OF_GATES - BY_CHANCE <= meant(defect)
    assert checks & meant(defect)


def test_every_defect_has_a_check_that_is_meant_for_it_or_a_blind_spot() -> None:
    detected = {name for check in catalogue() for name in check.detects}
    assert detected | set(UNDETECTABLE) == set(DEFECTS) == {defect.name for defect in REGISTRY}
    assert not detected & set(UNDETECTABLE)


def test_defects_that_nothing_can_show_raise_no_check(found: dict[str, set[str]]) -> None:
    assert found["quiet"] <= BY_CHANCE


@pytest.mark.parametrize("name", and_deep(f"clean {seed}" for seed in SEEDS))
def test_clean_data_raises_no_check(name: str, found: dict[str, set[str]]) -> None:
    assert found[name] <= BY_CHANCE


@pytest.mark.deep
def test_few_worlds_without_a_gap_have_one_by_chance(found: dict[str, set[str]]) -> None:
    meant_to = {one.name for one in ALONE if BY_CHANCE & meant(one)}
    raised_by_chance = [name for name, checks in found.items() if name not in meant_to and checks & BY_CHANCE]
    assert len(raised_by_chance) <= 0.1 * (len(found) - len(meant_to))


def test_the_linkage_raises_no_check_of_clean_data(clean_results: Results) -> None:
    assert raised_in(clean_results["checks"]) == set()


def test_the_catalogue_is_printed_in_every_form(command) -> None:  # type: ignore[no-untyped-def]
    import tomllib

    plain: Outcome = command("audit", "catalogue")
    assert plain.code == 0
    assert "missing.persons.ethnicity" in plain.out
    assert len(json.loads(command("audit", "catalogue", "--json").out)) == len(plain.out.splitlines())
    assert command("audit", "catalogue", "--markdown").out.count("\n| ") == len(plain.out.splitlines()) + 1
    assert tomllib.loads(command("audit", "catalogue", "--toml").out)["gates"]["victim's sex present"] == 0.95
    few = command("audit", "catalogue", "--only", "delay", "--skip", "*30_days")
    assert [line.split()[0] for line in few.out.splitlines()] == [f"delay.crimes.{days}" for days in ("1_day", "3_days", "7_days")]
