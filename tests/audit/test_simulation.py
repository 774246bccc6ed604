"""A force by counts alone: the file, the worksheet and its queries, what is drawn, where the spread comes from, what to measure next."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

from audit import InputError
from audit.effect import FAMILIES, Choices, built_in, measure
from audit.engines import connect
from audit.presentation.simulation import as_text, headline, known_as, scenarios_table, simulation_html, target_html, target_table
from audit.simulation import (
    QUANTITIES,
    Between,
    Counted,
    Counts,
    check_counts,
    counts_as_toml,
    counts_of_toml,
    reach,
    read_counts,
    twin,
)
from audit.simulation.drawing import distribution, draw
from audit.simulation.questions import matters_to
from audit.simulation.spread import components, effects
from audit.simulation.targets import STEPS, _surface
from audit.simulation.twin import Twin, plans_for
from audit.simulation.twin import _figures as simulated_figures
from audit.simulation.twin import _gains as gains_of
from audit.simulation.worksheet import write_worksheet
from audit.simulation.worlds import FIGURES, measure_world
from synthetic import Dataset, generate
from synthetic.contract import DEFECTS
from synthetic.defects import REGISTRY
from synthetic.profile import load_profile, profile_keys
from tests.benchmarks.counting import as_written, count, totals
from tests.conftest import Outcome

SETTINGS = (
    "recording.force_spread=0", "recording.system_change=0.1", "recording.last_months_incomplete=0.3", "dates.out_of_order=0.02",
    "dates.in_future=0.02", "dates.filler_1900=0.02", "identity.copies_from_legacy=0.2", "linkage.wrong_person_linked=0.03",
    "linkage.orphan=0.02", "linkage.involvement_twice=0.03", "offence.retired_code=0.03", "offence.invalid_code=0.02", "outcome.before_crime=0.02",
    "outcome.invalid=0.02", "identity.overlaid=0.02", "identity.placeholder_name=0.02", "equality.sex_unknown=0.02", "identity.january_filler=0.03",
)  # fmt: skip


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """One small force in which every defect is frequent enough to be counted."""
    return generate(
        tmp_path_factory.mktemp("counted") / "dataset", load_profile("typical", SETTINGS), ["durnley"], seed=5, scale=0.25
    )


def test_every_defect_and_every_key_of_a_profile_can_be_given() -> None:
    among_forces = {"recording.force_spread", "world.border_share"}
    assert set(QUANTITIES) == set(profile_keys()) - among_forces
    assert {defect.rate for defect in REGISTRY} <= set(QUANTITIES)
    assert len(REGISTRY) == len(DEFECTS)
    for quantity in QUANTITIES.values():
        assert quantity.how != "sql" or quantity.sql, quantity.key
        assert quantity.how != "sample" or quantity.truth, quantity.key


# Where what is counted is not the rate of the profile: what it is instead, after the quantity's own relation.
RELATED: dict[str, Callable[[float], float]] = {
    "identity.january_filler": lambda rate: rate + (1 - rate) / 365,
    "dates.swapped": lambda rate: rate * 0.6,
}
PARTLY = {  # the ledger has the rows that did change, which are fewer than those that could
    "identity.transliteration", "identity.accent_hyphen", "identity.nickname", "identity.married_name", "identity.day_month_swapped",
    "identity.phonetic", "dates.defaulted",
}  # fmt: skip
OF_UNITS = {
    "recording.silent_unit",
    "recording.group_dropped",
    "recording.unit_drop",
    "recording.late_unit",
    "recording.unit_renamed",
    "offence.misrouted",
}


def test_each_query_returns_the_rate_that_was_put_in(counted: Dataset) -> None:
    profile = load_profile("typical", SETTINGS)
    looked_at = 0
    with as_written(counted) as connection:
        for key, quantity in QUANTITIES.items():
            if not (quantity.truth or quantity.sql) or key in OF_UNITS or key.startswith("world."):
                continue
            found, total = totals(connection, quantity) or (0, 0)
            expected = RELATED.get(key, lambda rate: rate)(profile.rate(key))
            allowed = 4 * np.sqrt(expected * (1 - expected) / total) + 0.08 * expected
            assert total >= 50, key
            assert found / total <= expected + allowed, (key, found, total, expected)
            assert found / total >= (0 if key in PARTLY else expected - allowed), (key, found, total, expected)
            looked_at += 1
    assert looked_at >= 60


def test_counts_of_the_world_and_of_units_are_near_what_was_put_in(counted: Dataset, tmp_path: Path) -> None:
    with as_written(counted) as connection:
        reports, residents = totals(connection, QUANTITIES["world.reports_per_1000"]) or (0, 1)
        incidents, domestic = totals(connection, QUANTITIES["world.incident_share"]) or (0, 1)
        unfounded, reported = totals(connection, QUANTITIES["world.no_crime_share"]) or (0, 1)
    # Some 5% are not recorded, and the profile here loses a tenth since a change of system and more of the last months.
    assert 0.7 * 19.3 < 1000 * reports / residents < 19.3
    assert 0.395 < incidents / domestic < 0.47
    assert 0.008 < unfounded / reported < 0.022
    silent = load_profile("clean", ("recording.silent_unit=0.6",))
    dataset = generate(tmp_path / "silent", silent, ["durnley"], seed=3, scale=1.0)
    with as_written(dataset) as connection:
        asked = QUANTITIES["recording.group_dropped"]
        silent_units, units = totals(connection, replace(asked, truth=asked.truth.replace("IS NOT", "IS"))) or (0, 0)
        assert 0 < silent_units < units == 9
        assert totals(connection, QUANTITIES["recording.silent_unit"]) == (silent_units, units)
    merged = generate(tmp_path / "merged", load_profile("clean", ("recording.unit_renamed=0.6",)), ["durnley"], seed=3, scale=1.0)
    with as_written(merged) as connection:
        renamed, units = totals(connection, QUANTITIES["recording.unit_renamed"]) or (0, 0)
        assert 0 < renamed <= units == 9


def test_a_dataset_is_described_by_its_own_counts(counted: Dataset) -> None:
    counts = count(counted, 160_000)
    assert len(counts.answers) > 55
    sampled = counts.answers["identity.duplicate_rate"]
    assert isinstance(sampled, Counted)
    assert sampled.of == 200
    assert "recording.silent_unit" not in counts.answers  # two units only: a total under ten
    assert counts_of_toml(counts_as_toml(counts)) == counts


# ---- the file ------------------------------------------------------------------------------------------------------------

MIXED = Counts(
    population=60_000,
    answers={
        "identity.duplicate_rate": Counted(counted=31, of=200),
        "linkage.suspect_not_linked": Between(low=0.02, high=0.2),
        "missing.offence_code": 0.005,
        "world.season": Between(low=0.05, high=0.1),
        "world.trend": Between(low=-0.05, high=-0.02),
        "world.reports_per_1000": Counted(counted=1_100, of=60_000),
    },
)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_worksheet_comes_back_as_it_was_filled_in(ending: str, tmp_path: Path) -> None:
    write_worksheet(tmp_path / f"sheet.{ending}", MIXED)
    assert read_counts(tmp_path / f"sheet.{ending}") == MIXED
    write_worksheet(tmp_path / f"empty.{ending}")
    assert read_counts(tmp_path / f"empty.{ending}") == Counts()


def test_the_printed_worksheet_has_every_rate_and_query(tmp_path: Path) -> None:
    write_worksheet(tmp_path / "sheet.html")
    page = (tmp_path / "sheet.html").read_text()
    assert all(quantity.title.replace("'", "&#x27;") in page for quantity in QUANTITIES.values())
    assert page.count("<pre>") == sum(bool(quantity.sql) for quantity in QUANTITIES.values())
    assert "http" not in page
    with pytest.raises(InputError, match="ends in"):
        write_worksheet(tmp_path / "sheet.pdf")


def test_files_of_the_last_version_are_still_read() -> None:
    old = counts_of_toml('profile = "clean"\nreports_recorded = 0.8\nnamed_suspects_linked = 0.9\nreports_per_1000 = 12\n')
    assert (old.left_out, old.profile) == ("profile", "clean")
    assert old.answers["recording.not_recorded"] == old.answers["recording.not_recorded_hidden"] == pytest.approx(0.2)
    assert old.answers["linkage.suspect_not_linked"] == pytest.approx(0.1)
    profile = draw(old, 2, 1).profile_of(1)
    assert profile.rate("world.reports_per_1000") == 12
    assert profile.rate("missing.offence_code") == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("population = 10\n", "50,000 to 10,000,000"),
        ("[identity]\nduplicate_rate = 0.95\n", "from 0 to 0.9 as a share of 1"),
        ("[identity]\nduplicate_rate = 'secret'\n", "takes { counted, of }"),
        ("[identity]\nduplicate_rate = { counted = 3, of = 9 }\n", "total under 10"),
        ("[identity]\nduplicate_rate = { counted = 30, of = 20 }\n", "more than its total"),
        ("[identity]\nduplicate_rate = { low = 0.3, high = 0.2 }\n", "low above its high"),
        ("[identity]\nduplicate_rate = { low = 0.3, secret = 0.2 }\n", "takes { counted, of }"),
        ("[world]\nrepeat = { counted = 3, of = 20 }\n", "give a range"),
        ("[identity]\nsecret = 0.3\n", "not known"),
        ("[secret]\nsecret = 0.3\n", "not known"),
        ("secret = 1\n", "its sections are"),
        ("profile = 'secret'\n", "must be one of"),
        ("left_out = 'secret'\n", "left_out as"),
        ("[dates]\nswapped = nan\n", "takes { counted, of }"),
        ("[dates]\nswapped = true\n", "takes { counted, of }"),
        ("[dates]\nswapped = '0.3'\n", "takes { counted, of }"),
        ("[dates]\nswapped = { counted = true, of = 20 }\n", "takes { counted, of }"),
        ("[dates]\nswapped = { low = false, high = true }\n", "takes { counted, of }"),
        (f"[dates]\nswapped = 1{'0' * 400}\n", "Day and month"),
        ("reports_recorded = true\n", "takes { counted, of }"),
        ("reports_recorded = 0.8\n[recording]\nnot_recorded = 0.1\n", "old and its new name"),
        ("population = true\n", "50,000 to 10,000,000"),
        ("population = '100000'\n", "50,000 to 10,000,000"),
        ("= 3", "not valid TOML"),
    ],
)
def test_counts_that_are_wrong_are_refused(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "counts.toml").write_text(text)
    with pytest.raises(InputError) as error:
        read_counts(tmp_path / "counts.toml")
    assert says in str(error.value)
    assert "secret" not in str(error.value)
    assert str(error.value).count("\n") == 0


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("identity.duplicate_rate,3,9,,", "total under 10"),
        ("identity.duplicate_rate,3,,,", "one pair"),
        ("identity.duplicate_rate,3,20,1,2", "one pair"),
        ("identity.duplicate_rate,,,1,200", "from 0 to 0.9"),
        ("identity.duplicate_rate,secret,20,,", "plain numbers"),
        ("secret,3,20,,", "not known"),
        ('identity.duplicate_rate,,,"1,5","2,5"', "with a point before decimals"),
        ('identity.duplicate_rate,"1,50","2,000",,', "with a point before decimals"),
        ("identity.duplicate_rate,5%,200,,", "no percentage"),
        ("world.season,,,5%,10%", "no percentage"),
        ("identity.duplicate_rate,3,20,,\nidentity.duplicate_rate,,,2,4", "twice"),
        ("population,,,60000,\npopulation,,,70000,", "twice"),
        ("population,60000,,,", "under from"),
        ("identity.duplicate_rate,-3,20,,", "whole numbers"),
        ("identity.duplicate_rate,1e300,1e301,,", "whole numbers"),
        ("identity.duplicate_rate,3,20,,,secret", "more cells"),
    ],
)
def test_worksheets_that_are_wrong_are_refused(row: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text(f"key,counted,of,from,to\n{row}\n")
    with pytest.raises(InputError) as error:
        read_counts(tmp_path / "sheet.csv")
    assert says in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "lacks one of its columns"),
        (b"key;counted;of;from;to\n", "separated by commas"),
        (b"key,counted,of,from,to,of\n", "a column twice"),
        ("key,counted,of,from,to\nsécret,1,20,,".encode("cp1252"), "CSV UTF-8"),
        ("key,counted,of,from,to\n".encode("utf-16"), "CSV UTF-8"),
        (b'key,counted,of,from,to\n"secret', "can be read"),
    ],
)
def test_files_that_are_no_worksheet_are_refused(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_counts(tmp_path / "sheet.csv")
    (tmp_path / "sheet.xlsx").write_bytes(content)
    with pytest.raises(InputError, match="can be read"):
        read_counts(tmp_path / "sheet.xlsx")


def test_a_percentage_in_excel_is_read_as_it_is_shown(tmp_path: Path) -> None:
    workbook = Workbook()
    notes = workbook.active
    notes["A1"] = "Filled in by the analyst"
    sheet = workbook.create_sheet("counts")
    sheet.append(["To", "from", "of", "counted", "key"])  # the order of the columns does not matter
    sheet.append([0.1, 0.05, None, None, "identity.duplicate_rate"])
    sheet["A2"].number_format = sheet["B2"].number_format = "0.00%"
    sheet.append([12.5, "10%", None, None, "linkage.suspect_not_linked"])
    sheet.append([None, None, 200, 31, "missing.offence_code"])
    workbook.save(tmp_path / "sheet.xlsx")
    answers = read_counts(tmp_path / "sheet.xlsx").answers
    assert answers["identity.duplicate_rate"] == Between(low=0.05, high=0.1)
    assert answers["linkage.suspect_not_linked"] == Between(low=0.1, high=0.125)
    assert answers["missing.offence_code"] == Counted(counted=31, of=200)
    for value, says in (("=1+1", "plain numbers"), (True, "plain numbers"), (datetime(2025, 3, 1), "plain numbers")):
        sheet["C4"] = value
        workbook.save(tmp_path / "sheet.xlsx")
        with pytest.raises(InputError, match=says):
            read_counts(tmp_path / "sheet.xlsx")
    sheet["C4"] = 200
    sheet.merge_cells("C4:C5")
    workbook.save(tmp_path / "sheet.xlsx")
    with pytest.raises(InputError, match="merged"):
        read_counts(tmp_path / "sheet.xlsx")


# ---- what is drawn -------------------------------------------------------------------------------------------------------


def test_rates_are_drawn_as_they_are_known() -> None:
    drawn = draw(MIXED, 400, 3)
    rate = drawn.values["identity.duplicate_rate"]
    assert rate.mean() == pytest.approx(31.5 / 201, abs=0.002)  # the mean of Jeffreys' posterior
    assert rate.std() == pytest.approx(np.sqrt(31.5 * 169.5 / (201**2 * 202)), rel=0.05)
    linked = drawn.values["linkage.suspect_not_linked"]
    assert linked.between(0.02, 0.2).all()
    assert linked.mean() == pytest.approx(0.11, abs=0.001)
    assert (drawn.values["missing.offence_code"] == 0.005).all()
    assert drawn.values["world.reports_per_1000"].mean() == pytest.approx(1000 * 1100.5 / 60_001, rel=0.01)
    # Evenly: each of 400 equal parts of every rate holds one draw.
    assert (np.sort((drawn.places.to_numpy() * 400).astype(int), axis=0) == np.arange(400)[:, None]).all()
    unknown = distribution(MIXED, QUANTITIES["recording.recorded_twice"], load_profile("typical")).at(np.array([0.0, 1.0]))
    assert unknown == pytest.approx([0.002, 0.05])


def test_rates_that_are_said_not_to_matter_leave_the_lists_as_they_are() -> None:
    """Every such rate at once; and to one list those that only others ask for."""
    # Who shares a record is chosen by name, so that placeholders choose other people, though no more of them.
    none = (*OF_UNITS, "recording.last_months_incomplete", "recording.system_change", "identity.overlaid")
    base = ("recording.force_spread=0", *(f"{key}=0" for key in none))
    plan = plans_for(Counts(population=60_000))
    plain = measure_world(plan(load_profile("typical", base), 4), Choices()).effect
    idle = [f"{one.key}=0.35" for one in QUANTITIES.values() if not one.matters and one.key not in OF_UNITS]
    other = measure_world(plan(load_profile("typical", (*base, *idle)), 4), Choices()).effect
    assert len(idle) > 20
    pd.testing.assert_frame_equal(plain, other)
    only_serial = [key for key in QUANTITIES if QUANTITIES[key].matters and key not in matters_to(built_in()["harm_365"])]
    moved = measure_world(plan(load_profile("typical", (*base, *(f"{key}=0.35" for key in only_serial))), 4), Choices()).effect
    assert len(only_serial) > 8
    pd.testing.assert_frame_equal(plain[plain["instrument"] == "harm_365"], moved[moved["instrument"] == "harm_365"])


def test_a_world_in_memory_is_the_world_of_the_files(tmp_path: Path) -> None:
    plan = replace(plans_for(Counts(population=50_000))(load_profile("typical"), 9), recording=2)
    made = generate(tmp_path / "data", plan.profile, list(plan.forces), plan.years, plan.as_of, plan.seed, plan.scale, recording=2)
    with connect(made) as connection:
        of_files = measure(connection, made.forces, np.datetime64(plan.as_of), Choices(), only_effect=True)
    in_memory = measure_world(plan, Choices())
    pd.testing.assert_frame_equal(of_files.effect, in_memory.effect)
    pd.testing.assert_frame_equal(of_files.attribution, in_memory.attribution)


@pytest.mark.deep
def test_exact_rates_are_the_exact_path_seed_for_seed() -> None:
    counts = check_counts(
        {"population": 50_000, "profile": "clean", "left_out": "profile", "answers": {"linkage.suspect_not_linked": 0.5}}
    )
    found = twin(counts, worlds=2, seed=7, workers=1)
    profile = load_profile("clean", ("recording.force_spread=0", "linkage.suspect_not_linked=0.5"))
    for number in range(2):
        effect = measure_world(plans_for(counts)(profile, 7 + number), Choices()).effect.set_index("instrument")
        mine = found.runs[found.runs["seed"] == 7 + number].set_index("instrument")
        assert (mine["recall_at_k"] == effect["recall_at_k"]).all()
        assert (mine["harm_captured"] == effect["harm_captured"]).all()
    figures = found.figures.set_index(["instrument", "figure"])
    assert (found.figures["low"] <= found.figures["value"] + 1e-9).all()
    assert (found.figures["high"] >= found.figures["value"] - 1e-9).all()
    for instrument in ("harm_365", "rfs"):
        recall = figures.loc[(instrument, "recall_at_k"), "value"]
        parts = sum(figures.loc[(instrument, f"contribution: {family}"), "value"] for family in FAMILIES)
        assert recall + parts == pytest.approx(1.0)
        assert figures.loc[(instrument, "contribution: linkage"), "value"] == pytest.approx(1 - recall)
        assert recall < 1
    gains = found.fix_first.set_index(["instrument", "family", "part"])["gain"]
    assert gains["harm_365", "linkage", 1.0] == pytest.approx(1 - figures.loc[("harm_365", "recall_at_k"), "value"])
    assert gains["harm_365", "identity", 1.0] == 0
    assert found.measure_next.empty  # nothing is left to measure


# ---- the analysis --------------------------------------------------------------------------------------------------------


def test_the_spread_is_split_as_it_was_put_together() -> None:
    rng = np.random.default_rng(2)
    rates, world, other = rng.normal(0, 3, 4000), rng.normal(0, 2, 4000), rng.normal(0, 2, 4000)
    first, again, elsewhere = rates + world, rates + world, rates + other
    first, again, elsewhere = (values + rng.normal(0, 1, 4000) for values in (first, again, elsewhere))
    parts = components(first, again, elsewhere, first).set_index("source")["deviation"]
    assert parts[["rates", "world", "recording"]].tolist() == pytest.approx([3, 2, 1], rel=0.1)
    assert parts["all"] ** 2 == pytest.approx(14, rel=0.06)
    exact = components(first, again, first, first).set_index("source")["share"]
    assert exact[["rates", "world", "recording"]].sum() == pytest.approx(1)


def test_effects_rank_what_moves_the_answer_and_hold_the_truth() -> None:
    """A linear, a curved, a small and 27 idle rates; shares of the variance are known in closed form."""
    held, first = [], []
    for seed in range(5):
        drawn = draw(Counts(), 60, seed)
        places = drawn.places.iloc[:, :30]
        a, b, c = (places.iloc[:, number].to_numpy() for number in range(3))
        rng = np.random.default_rng(seed)
        values = 0.08 * np.sqrt(12) * (a - 0.5) + 0.05 * np.sqrt(5) * (6 * b**2 - 6 * b + 1) + 0.02 * np.sqrt(12) * (c - 0.5)
        values = values + rng.normal(0, 0.04, 60)
        true = np.array([0.0064, 0.0025, 0.0004]) / (0.0064 + 0.0025 + 0.0004 + 0.0016)
        found = effects(places, np.full(30, 0.02), values, 0.0008, seed)
        first.append(found["key"].iloc[0] == places.columns[0])
        mine = found.set_index("key").loc[places.columns]
        held += ((mine["low"].iloc[:3] - 1e-9 <= true) & (true <= mine["high"].iloc[:3])).tolist()
        assert (mine["low"].iloc[3:] == 0).mean() > 0.85
        assert found["first_order"].sum() <= 1
        assert (found["deviation_if_known"] <= found["deviation"]).all()
    assert all(first)
    assert np.mean(held) >= 0.8
    assert effects(places, np.full(30, 0.02), np.full(60, 0.5), 0.0).empty
    assert effects(places.head(30), np.full(30, 0.02), values[:30], 0.0).empty


def test_interplay_counts_in_the_total_effect() -> None:
    places = draw(Counts(), 300, 1).places.iloc[:, :6]
    u = places.to_numpy()
    values = 0.1 * (2 * u[:, 0] - 1) + 0.03 * (2 * u[:, 3] - 1) + 0.2 * (2 * u[:, 0] - 1) * (2 * u[:, 3] - 1)
    found = effects(places, np.full(6, 0.05), values, 1e-6).set_index("key")
    of_pair = found.loc[places.columns[[0, 3]]]
    variance = np.array([0.1**2 / 3, 0.03**2 / 3])
    whole = variance.sum() + 0.2**2 / 9
    assert of_pair["first_order"].to_numpy() == pytest.approx(variance / whole, abs=0.03)
    assert of_pair["total"].to_numpy() == pytest.approx((variance + 0.2**2 / 9) / whole, abs=0.05)


def test_a_map_finds_where_a_target_is_reached() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.random(60) * 0.2, rng.random(60) * 0.4
    values = 0.9 - 1.5 * x - 0.5 * y + rng.normal(0, 0.01, 60)
    surface = _surface(x, y, values, np.ones(60, bool), {"a": (0.0, 0.2), "b": (0.0, 0.4)}, 0.75)
    truth = 0.9 - 1.5 * surface["first"] - 0.5 * surface["second"]
    assert np.abs(surface["recall_at_k"] - truth).max() < 0.02
    assert ((surface["low"] <= truth) & (truth <= surface["high"])).all()
    assert (surface["probability"][truth > 0.79] > 0.9).all()
    assert (surface["probability"][truth < 0.71] < 0.1).all()


def test_a_map_says_where_a_target_is_reached_in_table_and_report() -> None:
    keys = ("identity.duplicate_rate", "linkage.suspect_not_linked")
    rng = np.random.default_rng(1)
    x, y = rng.random(60) * 0.2, rng.random(60) * 0.4
    values = 0.9 - 1.5 * x - 0.5 * y + rng.normal(0, 0.01, 60)
    surface = _surface(x, y, values, np.ones(60, bool), dict(zip(keys, ((0.0, 0.2), (0.0, 0.4)), strict=True)), 0.75)
    rows = [[cell.text for cell in row] for row in target_table(surface, *keys, 0.75).rows]
    assert [row[0] for row in rows] == [f"{2.5 * step:g}" for step in range(9)]
    # 0.9 - 1.5 x - 0.5 y is 0.75 at y = 0.3 where x is 0; where x is above 0.1, nowhere.
    assert rows[0][1] in ("25", "30")
    assert {row[1] for row in rows[5:]} == {"not reached"}
    highest = [float(row[1]) for row in rows[:5] if row[1] != "not reached"]
    assert highest == sorted(highest, reverse=True)
    page = target_html(surface, MIXED, *keys, 0.75, "harm_365")
    assert "75 of 100 people" in page
    assert page.count("reached") > 10
    assert "31 of 200" in page


def test_a_map_needs_lists_that_are_long_enough() -> None:
    x = np.linspace(0, 1, 20)
    known = np.arange(20) < 11
    with pytest.raises(InputError, match="Too little was simulated"):
        _surface(x, x**2, x, known, {"a": (0.0, 1.0), "b": (0.0, 1.0)}, 0.75)


def _found(recall: float, worlds: int, rate: float) -> Twin:
    """A twin with people found, and nothing else."""
    parts = [f"contribution: {family}" for family in FAMILIES]
    figures = pd.DataFrame(
        [("rfs", name, recall if name == "recall_at_k" else 0.1, 0.05, 0.95, worlds) for name in (*FIGURES, *parts)],
        columns=["instrument", "figure", "value", "low", "high", "worlds"],
    )
    counts = Counts(answers={"linkage.suspect_not_linked": rate, "missing.forename": 0.1})
    nothing = pd.DataFrame(columns=["instrument", "family", "part", "gain", "source"])
    return Twin(counts, worlds, figures, nothing, nothing, nothing, nothing)


def test_scenarios_stand_side_by_side() -> None:
    table = scenarios_table(_found(0.8, 20, 0.05), _found(0.65, 20, 0.2), "rfs")
    rows = {row[0].text: row[1:] for row in table.rows}
    found = rows["People found, of those the list should hold"]
    assert [cell.text for cell in found] == ["80.0%", "65.0%", "\N{MINUS SIGN}15.0"]
    assert found[0].note == "5.0 to 95.0"
    assert [cell.text for cell in rows["Named suspects not linked"]] == ["5%", "20%", ""]
    assert "Forename missing" not in rows  # the same in both
    assert "same worlds" in table.note
    few = scenarios_table(_found(0.8, 2, 0.05), _found(0.65, 20, 0.2), "rfs")
    assert "over 2 simulations, the second over 20" in few.note
    assert "Ranges need 10" in few.note
    assert not few.rows[0][1].note
    assert "(" not in headline(_found(0.8, 9, 0.1), "rfs")
    assert "(5 to 95)" in headline(_found(0.8, 10, 0.1), "rfs")


EMPTY = Counts.model_construct(population=1_000, profile="typical", left_out="range", answers={"world.reports_per_1000": 2.0})
"""A force smaller than a file may describe, with next to no reports."""


def test_too_little_to_simulate_is_said() -> None:
    effect = measure_world(plans_for(EMPTY)(load_profile("typical", ("world.reports_per_1000=2",)), 1), Choices(), gains=True)
    figures = simulated_figures([effect] * 3)
    assert len(figures) == 3 * (4 + len(FAMILIES))
    assert figures[["value", "low", "high"]].isna().all(axis=None)
    assert gains_of([effect] * 3).empty
    empty = np.full(6, np.nan)
    assert components(empty, empty, empty, empty)[["deviation", "share"]].isna().all(axis=None)
    found = replace(_found(0.5, 10, 0.1), figures=figures)
    assert headline(found, "harm_365").startswith("Too little was simulated")
    assert "nan" not in as_text(found)
    assert "Too little was simulated" in simulation_html(found, "harm_365")


@pytest.mark.deep
def test_too_little_is_said_of_a_whole_run_and_of_a_map() -> None:
    found = twin(EMPTY, 3, workers=1)
    assert found.figures["value"].isna().all()
    assert found.runs["recall_at_k"].isna().all()
    with pytest.raises(InputError, match="Too little was simulated"):
        reach(EMPTY, "identity.duplicate_rate", "linkage.suspect_not_linked", 0.8, 20, workers=1)


@pytest.mark.deep
def test_a_map_of_real_simulations_follows_the_rates() -> None:
    tiny = Counts.model_construct(
        population=2_000, profile="typical", left_out="range", answers={"world.reports_per_1000": 150.0, "missing.occurred_on": 0.5}
    )
    surface = reach(tiny, "identity.duplicate_rate", "linkage.suspect_not_linked", 0.8, 20, 3, "rfs", Choices(k=20), workers=1)
    assert len(surface) == STEPS**2
    assert surface["first"].max() > 0.1
    assert (surface["low"] <= surface["recall_at_k"]).all()
    assert (surface["recall_at_k"] <= surface["high"]).all()
    corners = surface.set_index(["first", "second"])["recall_at_k"]
    assert corners.iloc[0] > corners.iloc[-1] + 0.1


def test_counts_of_fewer_than_ten_are_not_shown() -> None:
    for counted, of, says in ((3, 200, "fewer than 10 of 200"), (195, 200, "all but fewer than 10 of 200"), (0, 200, "0 of 200"),
                              (10, 20, "10 of 20"), (9, 18, "fewer than 10 of 18")):  # fmt: skip
        counts = Counts(answers={"identity.duplicate_rate": Counted(counted=counted, of=of)})
        assert known_as(counts, "identity.duplicate_rate") == says


# ---- the command ---------------------------------------------------------------------------------------------------------


def test_the_command_takes_an_example_a_worksheet_and_makes_a_report(tmp_path: Path, command: Callable[..., Outcome]) -> None:
    example = command("audit", "twin", "--example")
    assert example.code == 0
    assert counts_of_toml(example.out) == Counts()
    written = command("audit", "twin", "--worksheet", tmp_path / "sheet.csv")
    assert written.code == 0, written.err
    sheet = (tmp_path / "sheet.csv").read_text(encoding="utf-8-sig").replace("1000000", "50000", 1)
    (tmp_path / "sheet.csv").write_text(sheet)
    made = command(
        "audit", "twin", tmp_path / "sheet.csv", "--worlds", "2", "--workers", "1", "--json", "--report", tmp_path / "report.html"
    )
    assert made.code == 0, made.err
    said = json.loads(made.out)
    assert said["worlds"] == 2
    assert {row["source"] for row in said["spread"]} == {"rates", "world", "recording", "all"}
    report = (tmp_path / "report.html").read_text()
    assert "would find" in report
    assert "What to fix first" in report
    assert "http" not in report
    for arguments in (
        ("twin",), ("twin", tmp_path / "no.toml"), ("twin", "--worksheet", tmp_path / "x.pdf"),
        ("twin", tmp_path / "sheet.csv", "--over", "secret"), ("twin", tmp_path / "sheet.csv", "--report", tmp_path / "x.pdf"),
        ("twin", tmp_path / "sheet.csv", "--over", "identity.duplicate_rate,linkage.suspect_not_linked", "--target", "2"),
        ("twin", tmp_path / "sheet.csv", "--instrument", "secret"),
        ("twin", tmp_path / "sheet.csv", "--seed", "-1"),
        ("twin", tmp_path / "sheet.csv", "--over", "identity.duplicate_rate,linkage.suspect_not_linked", "--seed", "-1"),
        ("twin", tmp_path / "sheet.csv", "--over", "identity.duplicate_rate,linkage.suspect_not_linked", "--worlds", "19"),
        ("twin", tmp_path / "sheet.csv", "--report", tmp_path / "secret" / "x.html"),
        ("twin", "--worksheet", tmp_path / "secret" / "x.csv"), ("twin", tmp_path), ("twin", tmp_path / "sheet.csv", "--worlds", "1"),
    ):  # fmt: skip
        outcome = command("audit", *arguments)
        assert outcome.code == 2, arguments
        assert len(outcome.err.splitlines()) == 1
        assert "secret" not in outcome.err


@pytest.mark.deep
def test_a_map_is_printed_and_its_report_written(tmp_path: Path, command: Callable[..., Outcome]) -> None:
    (tmp_path / "counts.toml").write_text(
        "population = 50000\n[world]\nreports_per_1000 = 20\n[missing]\nforename = { counted = 3, of = 200 }\n"
    )
    made = command(
        "audit", "twin", tmp_path / "counts.toml", "--over", "identity.duplicate_rate, linkage.suspect_not_linked", "--workers", "1",
        "--instrument", "rfs", "--report", tmp_path / "map.html",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert "Where 80 of 100 people are found" in made.out
    page = (tmp_path / "map.html").read_text()
    assert "People found at each combination" in page
    assert "fewer than 10 of 200" in page
