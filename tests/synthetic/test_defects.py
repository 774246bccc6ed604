"""Every defect of the registry: at its rate in the ledger, alone, and never where its rate is 0."""

from datetime import date
from functools import cache

import pytest

from synthetic.contract import TABLES
from synthetic.defects import REGISTRY, Defect, apply_defects
from synthetic.defects.ledger import Ledger
from synthetic.generate import make_scope
from synthetic.profile import Profile, check_profile
from synthetic.recording import Recording, record_clean
from synthetic.world import World, make_world
from synthetic.world.scope import Scope

BY_UNIT = {"silent_unit", "group_dropped", "unit_drop", "late_unit", "misrouted"}
ON_COPIES = [defect for defect in REGISTRY if "split_identity" in defect.needs]


def scope_of(profile: Profile) -> Scope:
    return make_scope(profile, ["ravensholt"], 2, date(2025, 3, 31), 6, 0.06)


@cache
def world() -> World:
    return make_world(scope_of(Profile()), "ravensholt")


def damage(defect: Defect, rate: float) -> tuple[Recording, Ledger]:
    """A recording with this defect alone; ways in which copies differ need copies."""
    section, key = defect.rate.split(".")
    content: dict[str, dict[str, float]] = {"identity": {"duplicate_rate": 0.4}} if defect in ON_COPIES else {}
    content.setdefault(section, {})[key] = rate
    scope = scope_of(check_profile(content))
    recording = record_clean(scope, world())
    return recording, apply_defects(scope, recording)


def entered(defect: Defect, rate: float) -> int:
    recording, ledger = damage(defect, rate)
    if defect.name in BY_UNIT:
        return len(recording.gaps)
    if defect.name == "unit_renamed":
        return len(recording.renamed)
    mine = [entry for entry in ledger.entries if entry.defect is defect]
    # A crime that is left out or doubled takes its involvements along; two fields may be damaged in one go.
    first = [entry for entry in mine if entry.table == mine[0].table and entry.field == mine[0].field]
    return sum(len(entry.rows) for entry in first)


@pytest.mark.parametrize("defect", [d for d in REGISTRY if d.name != "split_identity"], ids=lambda defect: defect.name)
def test_a_defect_is_in_the_ledger_at_its_rate(defect: Defect) -> None:
    most = entered(defect, 1.0)
    assert most > 0
    assert entered(defect, 0.0) == 0
    for rate in (0.01, 0.5):
        share = 2 * rate / (1 + rate) if defect.name == "overlaid" else rate
        spread = 5 * (most * share * (1 - share)) ** 0.5 + 2
        if defect.name == "placeholder_name":
            spread *= 2  # drawn for the forename or the surname first
        assert entered(defect, rate) == pytest.approx(share * most, abs=spread), rate


def test_only_the_defect_that_is_asked_for_is_entered_and_every_entry_names_a_field_of_its_table() -> None:
    scope = scope_of(check_profile({"name": "all"}))
    recording = record_clean(scope, world())
    assert not apply_defects(scope, recording).entries
    for defect in REGISTRY:
        _, ledger = damage(defect, 0.3)
        for entry in ledger.entries:
            assert entry.defect.name in (defect.name, "split_identity"), defect.name
            assert entry.field is None or entry.field in TABLES[entry.table].columns


def test_the_registry_says_where_each_rate_comes_from() -> None:
    assert len({defect.name for defect in REGISTRY}) == len(REGISTRY) >= 50
    for defect in REGISTRY:
        assert defect.source
        assert defect.mechanism
        assert 0 <= defect.typical <= 1
