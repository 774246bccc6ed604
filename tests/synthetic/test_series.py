"""Series: one world at several dates, what is changed and repaired on the way, and what stays the same."""

import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic import Dataset, InputError, generate, generate_series, load
from synthetic.contract import TABLES
from synthetic.dataset import Series, load_series
from synthetic.generate import changes_made, fixes_made, force_tables, make_scope
from tests.conftest import Outcome
from tests.synthetic.test_generate import bytes_of

WORLD = {"forces": ["aldermoor", "durnley"], "years": 1, "scale": 0.05, "seed": 3}
MADE = {"changes": ["2025-02-01:migration@durnley"], "fixes": ["2025-03-01:identity.duplicate_rate=0.5"]}


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Series:
    return generate_series(tmp_path_factory.mktemp("series") / "series", 3, **WORLD, **MADE)  # type: ignore[arg-type]


def read(folder: Path, table: str) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted((folder / table).glob("*.parquet"))], ignore_index=True)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_extract_is_what_generate_makes_of_its_date(number: int, series: Series, tmp_path: Path) -> None:
    extract = series.manifest.extracts[number]
    alone = generate(tmp_path / "alone", **WORLD, **MADE, as_of=extract.as_of)  # type: ignore[arg-type]
    assert bytes_of(alone.path) == bytes_of(series.folders[number])


def test_every_extract_passes_the_gate_and_the_series_lists_what_was_done(series: Series) -> None:
    assert [load(folder).manifest.as_of.isoformat() for folder in series.folders] == ["2025-01-31", "2025-02-28", "2025-03-31"]
    listed = load_series(series.path).manifest
    assert listed == series.manifest
    assert (listed.changes[0].profile, listed.changes[0].force) == ("migration", "durnley")
    assert listed.changes[0].defects == ["late", "system_change", "last_months_incomplete"]
    assert (listed.fixes[0].key, listed.fixes[0].share, listed.fixes[0].defects) == (
        "identity.duplicate_rate",
        0.5,
        ["split_identity"],
    )
    manifests = [json.loads((folder / "dataset.json").read_text()) for folder in series.folders]
    assert ["changes" in one for one in manifests] == [False, True, True]
    assert ["fixes" in one for one in manifests] == [False, False, True]


@pytest.mark.deep
def test_two_workers_give_the_same_bytes(series: Series, tmp_path: Path) -> None:
    generate_series(tmp_path / "two", 3, **WORLD, **MADE, workers=2)  # type: ignore[arg-type]
    assert bytes_of(tmp_path / "two") == bytes_of(series.path)


def test_identifiers_mean_the_same_in_every_extract_and_few_values_change(series: Series) -> None:
    """Later outcomes and cancellations come in; beside these hardly anything of a row that stays is another."""
    for table in ("persons", "crimes", "truth/people", "truth/identities"):
        key = list(TABLES[table].key)
        first, second = (read(folder, table).drop_duplicates(key) for folder in series.folders[:2])
        both = first.merge(second, on=key, suffixes=("", "_later"))
        assert len(both) > 0.85 * len(first), table
        later = {"outcome_code", "outcome_on", "record_class", "cancelled_on", "cancel_reason"}
        for name in set(first) - set(key) - later:
            changed = (both[name] != both[f"{name}_later"]) & ~(both[name].isna() & both[f"{name}_later"].isna())
            assert changed.mean() <= (0 if table.startswith("truth") else 0.005), (table, name)


def test_files_that_two_extracts_share_are_linked(series: Series) -> None:
    units = [(folder / "units" / "durnley.parquet").stat() for folder in series.folders]
    assert len({one.st_ino for one in units}) == 1


def test_a_fix_takes_its_share_away_from_its_day_on(series: Series) -> None:
    rates = []
    for folder in series.folders:
        identities = read(folder, "truth/identities")
        rates.append(1 - identities["person_key"].nunique() / identities["person_id"].nunique())
    assert rates[0] == pytest.approx(rates[1], abs=0.01)
    assert rates[2] == pytest.approx(rates[1] / 2, abs=0.015)


def test_a_change_of_system_loses_crimes_in_its_force_from_its_day_on(series: Series) -> None:
    gaps = read(series.folders[2], "truth/gaps").query("kind == 'step'")
    assert set(gaps["force"]) == {"durnley"}
    assert {str(day) for day in gaps["first_month"]} == {"2025-02-01"}
    assert read(series.folders[0], "truth/gaps").query("kind == 'step'").empty


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"changes": ["2025-02-01"]}, "change"),
        ({"changes": ["soon:migration"]}, "change"),
        ({"changes": ["2025-02-01:migration@nowhere"]}, "change"),
        ({"fixes": ["2025-02-01:identity.duplicate_rate"]}, "fix"),
        ({"fixes": ["2025-02-01:identity.copies_from_legacy=0.5"]}, "fix"),
        ({"fixes": ["2025-02-01:identity.duplicate_rate=2"]}, "fix"),
        ({"changes": ["2025-02-01:nosuch"]}, "change"),
        ({"changes": ["2025-04-01:migration"]}, "change"),
        ({"fixes": ["2025-04-01:identity.duplicate_rate=0.5"]}, "fix"),
        ({"extracts": 0}, "extracts"),
        ({"as_of": date(2025, 3, 15)}, "as_of"),
        ({"as_of": date.max}, None),
        ({"as_of": date.min}, None),
        ({"as_of": date(1990, 1, 31), "extracts": 120}, None),
    ],
)
def test_what_cannot_be_is_refused(asked: dict, named: str | None, tmp_path: Path) -> None:
    arguments = {"extracts": 2, **WORLD, **asked}
    with pytest.raises(InputError) as refused:
        generate_series(tmp_path / "series", **arguments)
    assert refused.value.parameter == named
    assert not list(tmp_path.iterdir())


def test_no_period_changes_the_people(tmp_path: Path) -> None:
    """A longer period holds the same people, who live at the same places."""
    one, two = (
        generate(tmp_path / str(years), "clean", ["durnley"], years=years, scale=0.05, seed=3) for years in (1, 2)
    )  # fmt: skip
    people, longer = (read(dataset.path, "truth/people").set_index("person_key").sort_index() for dataset in (one, two))
    pd.testing.assert_frame_equal(people, longer.loc[people.index])
    events, before = (read(dataset.path, "truth/events").set_index("event_key").sort_index() for dataset in (one, two))
    pd.testing.assert_frame_equal(events, before.loc[events.index])
    assert isinstance(one, Dataset)
    assert np.isin(read(one.path, "persons")["person_id"], read(two.path, "persons")["person_id"]).all()


FIXES = [
    *("2025-01-01:identity.duplicate_rate=0.5", "2025-01-01:identity.duplicate_rate=0.3@durnley"),
    *("2024-09-01:identity.duplicate_rate=0.2", "2025-01-01:identity.duplicate_rate=0.1", "2024-10-01:missing.phone=0.5"),
]
CHANGES = ["2025-01-01:migration", "2025-01-01:poor", "2025-01-01:clean@durnley", "2024-10-01:poor@durnley"]


@given(st.permutations(FIXES), st.permutations(CHANGES))
def test_the_order_in_which_changes_and_fixes_are_named_does_not_matter(fixes: Sequence[str], changes: Sequence[str]) -> None:
    one, two = (
        make_scope("typical", ["durnley"], 1, date(2025, 3, 31), 1, 0.05, *made) for made in ((CHANGES, FIXES), (changes, fixes))
    )
    assert (one, changes_made(one), fixes_made(one)) == (two, changes_made(two), fixes_made(two))
    assert one.eras("durnley")[-1].profile.name == "clean", "a force's own change comes before that of all"


def test_two_fixes_named_in_either_order_give_the_same_rows() -> None:
    one, two = (
        force_tables(make_scope("typical", ["durnley"], 0.5, date(2025, 3, 31), 1, 0.02, (), order), "durnley")
        for order in (FIXES[:3], FIXES[2::-1])
    )
    assert all(one[name].equals(two[name]) for name in one)


def test_a_link_that_cannot_take_its_place_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self.suffix == ".link":
            raise PermissionError
        return really(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    series = generate_series(tmp_path / "series", 2, **{**WORLD, "scale": 0.01})  # type: ignore[arg-type]
    assert not list(series.path.rglob("*.link"))
    assert all(load(folder) for folder in series.folders)


def test_a_dataset_says_where_a_change_begins_after_its_last_day(tmp_path: Path, command: Callable[..., Outcome]) -> None:
    """It is no error, since the extract of that day is the same to the byte."""
    world = ["--forces", "durnley", "--years", "0.5", "--scale", "0.01", "--workers", "1", "--as-of", "2025-01-31"]
    for number, (day, said) in enumerate((("2025-01-01", False), ("2025-02-01", True))):
        done = command("synthetic", "generate", tmp_path / str(number), *world, "--change", f"{day}:migration")
        assert (done.code, "has no effect on this dataset" in done.err) == (0, said)
