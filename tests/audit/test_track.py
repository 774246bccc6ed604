"""Tracking on small series made by hand: the figures of an extract, what is judged and shown, days that are refused, and the score."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from audit import read_results
from audit.engines import connect
from audit.evaluation.series import as_markdown, score_series, score_tracked
from audit.oversight.extracts import ExtractFigures, extract_figures, list_figures, new_duplicates
from audit.oversight.families import MOVES_ROWS, NEW_DUPLICATES, meant_for
from audit.oversight.fixes import Intervention, did_it_work
from audit.oversight.signals import as_text, read_dates
from audit.oversight.track import SCHEMAS, Tracked, track_series, write_tracked
from audit.presentation.over_time import figure_chart, figures_to_choose, forces_to_choose
from synthetic.contract import DEFECTS, RECORDED
from synthetic.dataset import ChangeMade, Dataset, Extract, FixMade, Series, load, load_series, write_series
from synthetic.dataset.series import SeriesManifest
from synthetic.errors import InputError
from tests.audit.foreign import write_dataset
from tests.conftest import Outcome

DAYS = [date(2025, month, day) for month, day in ((1, 31), (2, 28), (3, 31), (4, 30))]
A_MONTH = 30
FIXED = date(2025, 4, 1)


def persons(last: date) -> list[dict[str, Any]]:
    """30 records a month and force, 6 without a telephone; in north 20 without one in March, and in April none of any month, as of then.

    In south 5 records were made in April.
    """
    rows = []
    month = date(2024, 1, 1)
    while month <= last:
        for force in ("north", "south"):
            blank = 20 if (force, month) == ("north", date(2025, 3, 1)) else 6
            if force == "north" and last >= FIXED:
                blank = 0
            for number in range(5 if (force, month) == ("south", date(2025, 4, 1)) else A_MONTH):
                rows.append(
                    {
                        "person_id": f"SYN-{force}-{month:%Y%m}-{number}",
                        "force": force,
                        "phone": None if number < blank else f"06{number:09}",
                        "created_on": month + timedelta(days=number % 28),
                    }
                )
        month = (month + timedelta(days=31)).replace(day=1)
    return rows


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Series:
    folder = tmp_path_factory.mktemp("series")
    for day in DAYS:
        tables = {name: [] for name in RECORDED} | {"persons": persons(day)}
        write_dataset(folder / day.isoformat(), tables, ["north", "south"], day.isoformat())
    fixes = [FixMade(since=FIXED, key="missing.phone", share=1, force="north", defects=["missing_phone"])]
    write_series(folder, [Extract(as_of=day, path=day.isoformat()) for day in DAYS], [], fixes)
    return load_series(folder)


@pytest.fixture(scope="module")
def tracked(series: Series) -> Tracked:
    return track_series(series, linkage=False, effect=False)


@pytest.fixture(scope="module")
def extracts(series: Series) -> list[ExtractFigures]:
    """The last two, before and after the fix."""
    return [extract_figures(load_dataset(series, number), linkage=False, effect=False) for number in (2, 3)]


def load_dataset(series: Series, number: int) -> Dataset:
    return load(series.folders[number])


def row(frame: pd.DataFrame, day: date, force: str, figure: str) -> pd.Series:
    (found,) = (one for _, one in frame.query("as_of == @day and force == @force and figure == @figure").iterrows())
    return found


def test_the_figures_of_an_extract_are_those_of_its_month_and_of_its_stock(extracts: list[ExtractFigures]) -> None:
    found = extracts[0]
    mine = found.counts[(found.counts["force"] == "north") & (found.counts["month"] == found.month)].set_index("figure")
    assert (mine.loc["missing.persons.phone", "failed"], mine.loc["missing.persons.phone", "total"]) == (20, 30)
    assert mine.loc["rows.persons", "failed"] == 30
    stock = found.stock.set_index(["force", "figure"]).loc[("north", "missing.persons.phone")]
    assert stock["value"] == pytest.approx((14 * 6 + 20) / (15 * 30))
    assert stock["low"] < stock["value"] < stock["high"]


@pytest.mark.deep
def test_an_extract_that_was_audited_has_the_figures_of_one_that_was_not(small: Dataset, small_results_folder: Path) -> None:
    """Lists and identities are the same, whether an audit made them or the tracking, which leaves the rest of an audit out."""
    audited, alone = (extract_figures(small, results=results) for results in (read_results(small_results_folder), None))
    assert alone.estimates["value"].notna().sum() > 5
    for one, two in ((audited.estimates, alone.estimates), (audited.counts, alone.counts)):
        keys = [name for name in ("force", "figure", "month") if name in one]
        pd.testing.assert_frame_equal(*(frame.sort_values(keys).reset_index(drop=True) for frame in (one, two)))


def test_new_records_of_a_person_who_has_one_are_counted_by_who_came_first(series: Series) -> None:
    judged = pd.DataFrame(
        [
            *((f"SYN-north-202503-{number}", "SYN-north-202502-0") for number in range(2)),  # an older record of the same person
            ("SYN-north-202502-0", "SYN-north-202502-0"),
            *((f"SYN-north-202503-{number}", "SYN-north-202503-2") for number in range(2, 5)),  # three of the month of one person
            ("SYN-north-202503-5", "SYN-north-202503-5"),
        ],
        columns=["person_id", "cluster_id"],
    )
    with connect(load_dataset(series, 2)) as connection:
        (found,) = new_duplicates(connection, judged, pd.Timestamp("2025-03-01")).itertuples()
    assert (found.force, found.figure, found.failed, found.total) == ("north", NEW_DUPLICATES, 2 + 2, 6)


def test_a_month_is_judged_by_the_months_before_and_the_level_before_a_fix_by_that_after(tracked: Tracked) -> None:
    signals = tracked.signals.set_index(["as_of", "force", "figure"])
    jumped = signals.loc[(DAYS[2], "north", "missing.persons.phone")]
    assert (jumped["kind"], jumped["size"]) == ("jump", pytest.approx(20 / 30 - 0.2, abs=0.01))
    assert not set(tracked.signals["as_of"]) & set(DAYS[:2])
    fix = tracked.fixes.set_index("figure").loc["missing.persons.phone"]
    assert (fix["before"], fix["after"]) == (pytest.approx((14 * 6 + 20) / 450), 0)
    assert fix["others_before"] == pytest.approx(0.2)
    assert fix["recognised"]


def test_what_rests_on_fewer_than_10_is_not_shown_though_a_fall_of_rows_signals(tracked: Tracked) -> None:
    rows = row(tracked.trend, DAYS[3], "south", "rows.persons")
    assert (rows["signal"], rows["judged"]) == (True, True)
    share = row(tracked.trend, DAYS[3], "south", "missing.persons.phone")
    assert (share["signal"], share["judged"]) == (False, False)
    assert rows[["value", "low", "high"]].isna().all()
    assert share[["value", "low", "high"]].isna().all()
    fell = row(tracked.signals, DAYS[3], "south", "rows.persons")
    assert fell[["size", "low", "high"]].isna().all()
    assert "fewer than 10 rows" in as_text(tracked)
    counts = tracked.trend[tracked.trend["figure"].str.startswith("rows.") & tracked.trend["value"].gt(0)]
    assert (counts["value"] > 9).all()


def test_figures_that_were_not_tested_are_not_counted_as_judged(tracked: Tracked) -> None:
    trend = tracked.trend
    assert list(trend) == list(SCHEMAS["trend"])
    never = trend[(trend["figure"] == "code_not_in_list.persons.sex") & trend["centre"].notna()]
    assert not never["judged"].any(), "what never failed and does not now is no test"
    assert not trend.loc[trend["figure"].str.startswith("stock."), "judged"].any()
    assert trend.loc[trend["signal"], "judged"].all()
    assert f"among {trend['judged'].sum():,} figures judged" in as_text(tracked)


def test_precision_is_of_the_list_s_real_length_and_small_groups_are_null() -> None:
    place = {"force": ["north"], "instrument": ["harm_365"]}
    effect = pd.DataFrame(
        {**place, "k": 100, "truth_size": 40, "recall_at_k": 0.5, "low": 0.4, "high": 0.6, "wrongly_included": 0.25}
    )
    stability = pd.DataFrame(
        {**place, "truth_size": 9, "recorded_changed": 0.1, "low": 0.0, "high": 0.2, "truth_changed": 0.1, "by_data": 0}
    )
    lengths = pd.DataFrame({**place, "list": ["recorded"], "size": [20]})
    wrong = pd.DataFrame({"force": "north", "instrument": "harm_365", "attribute": "sex", "group": ["F", "M"],
                          "people": pd.array([None, 12], "Int64"), "wrongly_included": [np.nan, 0.5], "low": 0.1, "high": 0.9})  # fmt: skip
    found = pd.concat(list_figures(effect, stability, wrong, lengths)).set_index("figure")
    precise = found.loc["precision.harm_365"]
    assert precise["value"] == pytest.approx(0.75)
    assert precise["low"] == pytest.approx(0.531, abs=0.001), "Wilson's interval of 15 of 20, not of 75 of 100"
    assert found.loc["wrongly_included.harm_365.sex.M", "value"] == 0.5
    for hidden in ("wrongly_included.harm_365.sex.F", "turnover_of_the_world.harm_365", "turnover_of_the_data.harm_365"):
        assert found.loc[hidden, ["value", "low", "high"]].isna().all(), hidden


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("soon", "takes a day"),
        ("2025-03-01@nowhere", "north, south"),
        ("2025-01-31", "an extract lies on each side"),
        ("2025-05-01@north", "an extract lies on each side"),
    ],
)
def test_a_day_that_no_extract_can_judge_is_refused(text: str, says: str, series: Series) -> None:
    assert read_dates(["2025-02-01@north", "2025-04-30"], series)[0] == Intervention(date(2025, 2, 1), "named by the user", "north")
    with pytest.raises(InputError, match=says) as refused:
        read_dates([text], series)
    assert refused.value.parameter == "date"


def test_track_refuses_a_force_that_is_not_in_the_series_before_it_audits(
    series: Series, tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    done = command("audit", "track", series.path, "--out", tmp_path / "out", "--date", "2025-03-01@nowhere")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "--date names a force" in done.err
    assert not (tmp_path / "out").exists()


def test_a_missing_month_and_folders_in_each_other_s_place_are_refused(series: Series, tmp_path: Path) -> None:
    shutil.copytree(series.path, tmp_path / "swapped")
    one, two = (tmp_path / "swapped" / DAYS[number].isoformat() for number in (0, 1))
    one.rename(tmp_path / "beside")
    two.rename(one)
    (tmp_path / "beside").rename(two)
    with pytest.raises(InputError, match="another day"):
        load_series(tmp_path / "swapped")
    gap = [extract for extract in series.manifest.extracts if extract.as_of != DAYS[1]]
    shutil.copytree(series.path, tmp_path / "gap")
    write_series(tmp_path / "gap", gap, [], [])
    with pytest.raises(InputError, match="month is missing"):
        load_series(tmp_path / "gap")


# ---- the score -----------------------------------------------------------------------------------------------------------

PHONE, ROWS_MADE = "missing.persons.phone", "rows.persons"


def scored(
    signals: list[tuple[date, str, str]], defects: list[str] | None, since: date = DAYS[1], force: str | None = "north"
) -> Any:
    """The score of one change, of signals by day, force and figure among four figures, each judged on every day."""
    figures = [(force, figure) for force in ("north", "south") for figure in (PHONE, ROWS_MADE)]
    trend = pd.DataFrame([(day, *one, True, (day, *one) in signals) for day in DAYS for one in figures],
                         columns=["as_of", "force", "figure", "judged", "signal"])  # fmt: skip
    found = pd.DataFrame(signals, columns=["as_of", "force", "figure"]).assign(q_value=0.01)
    made = SeriesManifest(
        extracts=[Extract(as_of=day, path=day.isoformat()) for day in DAYS],
        changes=[ChangeMade(since=since, profile="poor", force=force, defects=defects)],
    )
    return score_tracked(made, Tracked(trend, found, pd.DataFrame(columns=list(SCHEMAS["fixes"]))))


def test_a_change_is_credited_with_a_signal_of_its_own_force_and_figure_only() -> None:
    wrong = [(DAYS[1], "south", PHONE), (DAYS[1], "north", ROWS_MADE)]
    found = scored([*wrong, (DAYS[2], "north", PHONE)], ["missing_phone"])
    assert (found.changes[0].extracts_until_signal, found.changes[0].figure) == (2, PHONE)
    missed = scored(wrong, ["missing_phone"])
    assert (missed.changes[0].judgement, missed.changes[0].extracts_until_signal) == ("judged", None)
    assert (missed.false_alarms, missed.judged) == (1, 2 * len(DAYS) + 2), "of south all, of north what was before"
    assert "not signalled within 3 extracts" in as_markdown(missed)
    assert scored([(DAYS[1], "north", ROWS_MADE)], None).changes[0].extracts_until_signal == 1, "where the figures are not known"


def test_a_signal_long_after_a_change_is_not_put_down_to_it() -> None:
    late = scored([(DAYS[3], "north", PHONE)], ["missing_phone"], since=DAYS[0])
    assert (late.changes[0].judgement, late.changes[0].extracts_until_signal) == ("judged", None)
    soon = scored([(DAYS[3], "north", PHONE)], ["missing_phone"], since=DAYS[1])
    assert soon.changes[0].extracts_until_signal == 3


@pytest.mark.parametrize(
    ("defects", "since", "judgement"),
    [
        (["missing_phone"], date(2025, 5, 1), "cannot be judged"),
        (["missing_phone"], date(2024, 12, 1), "cannot be judged"),
        (["missing_postcode"], DAYS[1], "cannot be judged"),  # its figure was not judged in any extract
        ([], DAYS[1], "nothing to judge"),
        (["overlaid"], DAYS[1], "nothing to judge"),  # no check looks for it
    ],
)
def test_a_change_that_cannot_be_judged_is_not_one_without_anything_to_judge(
    defects: list[str], since: date, judgement: str
) -> None:
    found = scored([(DAYS[3], "north", PHONE)], defects, since)
    assert (found.changes[0].judgement, found.changes[0].extracts_until_signal) == (judgement, None)


@pytest.mark.parametrize(
    ("fix", "expected"),
    [
        (FixMade(since=FIXED, key="missing.phone", share=1, force="north", defects=["missing_phone"]), ("judged", 1, 1)),
        (FixMade(since=DAYS[0], key="missing.phone", share=1, defects=["missing_phone"]), ("cannot be judged", 0, 0)),
        (FixMade(since=FIXED, key="identity.overlaid", share=1, defects=["overlaid"]), ("nothing to judge", 0, 0)),
        (FixMade(since=FIXED, key="identity.duplicate_rate", share=1, defects=["split_identity"]), ("cannot be judged", 0, 0)),
    ],
)
def test_a_fix_is_judged_by_the_figures_meant_for_it(
    fix: FixMade, expected: tuple[str, int, int], series: Series, extracts: list[ExtractFigures], tracked: Tracked
) -> None:
    """The last is of linkage, which was left out."""
    fixes = did_it_work(extracts, [Intervention(fix.since, fix.key, fix.force, tuple(fix.defects))])
    fixes = fixes if len(fixes) else pd.DataFrame(columns=list(SCHEMAS["fixes"]))
    made = series.manifest.model_copy(update={"fixes": [fix]})
    (found,) = score_tracked(made, Tracked(tracked.trend, tracked.signals, fixes)).fixes
    assert (found.judgement, found.figures, found.recognised) == expected


def test_the_score_of_a_folder_is_that_of_what_was_written_to_it(
    series: Series, tracked: Tracked, small_results_folder: Path, tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    out = tmp_path / "out"
    write_tracked(tracked, read_results(small_results_folder), out)
    found = score_series(series, out)
    assert found == score_tracked(series.manifest, tracked)
    assert (found.fixes[0].judgement, found.fixes[0].recognised) == ("judged", 1)
    assert "1 of 1 figures meant for it got better" in command("audit", "score", series.path, out).out
    with pytest.raises(InputError, match="not those of a series"):
        score_series(series, small_results_folder)
    pd.read_parquet(out / "trend.parquet").drop(columns="judged").to_parquet(out / "trend.parquet")
    with pytest.raises(InputError, match="track` again"):
        score_series(series, out)


def test_of_a_day_that_a_user_names_the_figures_that_did_not_change_are_counted(tracked: Tracked) -> None:
    columns = {"since": FIXED, "name": "named by the user", "force": "north", "others_before": 0.2, "difference": -0.2}
    fixes = pd.DataFrame(
        [{**columns, "figure": f"check.{number}", "low": -0.3, "high": 0.1 if number else -0.1} for number in range(40)]
    )
    lines = as_text(replace(tracked, fixes=fixes)).splitlines()
    assert sum("check." in line for line in lines) == 1
    assert "39 more figures: no change beyond chance" in lines[-1]


def test_figures_that_a_defect_moves() -> None:
    assert {name for names in MOVES_ROWS.values() for name in names} <= set(DEFECTS)
    assert meant_for(["missing_phone"]) == {PHONE}
    assert {"rows.crimes", "delay.crimes.7_days"} <= meant_for(["late"])
    assert meant_for([]) == set()


# ---- the page ------------------------------------------------------------------------------------------------------------


def test_the_page_begins_with_what_signalled_and_labels_each_extract_once(tracked: Tracked) -> None:
    assert figures_to_choose(tracked.trend, tracked.signals, "north")[0] == PHONE
    assert set(figures_to_choose(tracked.trend, tracked.signals, "north")) >= {PHONE, ROWS_MADE}
    signals = tracked.signals[tracked.signals["as_of"] == DAYS[3]]
    assert forces_to_choose(signals[signals["force"] == "south"], ["north", "south"]) == ["south", "north"]
    assert forces_to_choose(signals.head(0), ["north", "south"]) == ["north", "south"]
    fixes = pd.DataFrame({"force": ["south"], "figure": [ROWS_MADE]})
    assert forces_to_choose(signals.head(0), ["north", "south"], fixes) == ["south", "north"]
    assert figures_to_choose(tracked.trend, signals.head(0), "south", fixes)[0] == ROWS_MADE
    assert figures_to_choose(tracked.trend, signals.head(0), "north", fixes) == figures_to_choose(
        tracked.trend, signals.head(0), "north"
    )
    chart = figure_chart(tracked.trend, PHONE, "north").to_dict()
    axis = next(layer["encoding"]["x"]["axis"] for layer in chart["layer"] if layer["encoding"]["x"].get("axis"))
    assert [one["month"] for one in axis["values"]] == [day.month for day in DAYS]


def test_all_forces_ask_for_the_force_of_the_figure_and_begin_with_what_signalled(
    results_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Durnley has signals in telephones; Aldermoor, the first force, has none, and no figure of telephones either."""
    rows = [("aldermoor", ROWS_MADE, 50.0), ("durnley", ROWS_MADE, 50.0), ("durnley", PHONE, 0.2)]
    trend = pd.DataFrame([(day, *one) for day in DAYS for one in rows], columns=["as_of", "force", "figure", "value"])
    signal = (trend["figure"] == PHONE) & (trend["as_of"] == DAYS[3])
    trend = trend.assign(low=0.1, high=60.0, centre=0.2, lower_limit=0.1, upper_limit=60.0, signal=signal, judged=True)
    signals = pd.DataFrame([(DAYS[3], "durnley", PHONE, "jump", 0.1, 0.05, 0.15, 0.01)], columns=list(SCHEMAS["signals"]))
    fixes = pd.DataFrame(columns=list(SCHEMAS["fixes"]))
    write_tracked(Tracked(trend, signals, fixes), read_results(results_folder), tmp_path / "results")
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(tmp_path / "results")])
    page = "from dashboard import page_of\nfrom dashboard.shell import run_page\nrun_page(page_of('over_time'))"
    app = AppTest.from_string(page, default_timeout=60).run()
    chosen = {one.label: one.value for one in app.selectbox}
    assert (chosen["Force"], chosen["Force of the figure"], chosen["Figure"]) == ("all", "durnley", PHONE)
    app.selectbox(key="force-of-figure").select("aldermoor").run()
    assert not app.exception
    assert app.selectbox(key="figure").value == ROWS_MADE
    app.selectbox(key="force").select("durnley").run()
    assert not app.exception
    assert "Force of the figure" not in {one.label for one in app.selectbox}
