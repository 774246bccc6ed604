"""Control charts: silent where nothing changes, loud where something does."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.evaluation.series import score_tracked
from audit.oversight.control import LEAST_MONTHS, Chart, EstimateChart
from audit.oversight.extracts import ExtractFigures
from audit.oversight.fixes import Intervention, did_it_work
from audit.oversight.track import Tracked, judge_extracts
from audit.presentation.over_time import figure_chart, figure_name, figure_table, fixes_table, signals_table
from synthetic.dataset import ChangeMade, Extract
from synthetic.dataset.series import SeriesManifest

MONTHS = pd.date_range("2022-04-01", periods=42, freq="MS")


def extracts(rates: np.ndarray, seed: int = 0, extra: float = 0.0) -> list[ExtractFigures]:
    """Six extracts of 300 rows a month of as many figures as ``rates``, shape (months, figures), has; months differ by ``extra``."""
    rng = np.random.default_rng(seed)
    level = np.clip(rates * np.exp(rng.normal(0, extra, rates.shape)) if extra else rates, 0, 1)
    failed = rng.binomial(300, level)
    frames = []
    for place in range(36, 42):
        rows = [
            ("north", f"check.{figure}", MONTHS[month], float(failed[month, figure]), 300.0, True)
            for month in range(place - 35, place + 1)
            for figure in range(rates.shape[1])
        ]
        counts = pd.DataFrame(rows, columns=["force", "figure", "month", "failed", "total", "history"])
        none = pd.DataFrame(
            {name: pd.Series(dtype=kind) for name, kind in zip(["force", "figure", "value", "low", "high"], "OOfff", strict=True)}
        )
        last = (MONTHS[place] + pd.offsets.MonthEnd(0)).date()
        frames.append(ExtractFigures(last, MONTHS[place], MONTHS[place - 35], counts, none))
    return frames


def quiet(figures: int = 200) -> np.ndarray:
    return np.tile(np.linspace(0.005, 0.4, figures), (42, 1))


@pytest.mark.parametrize("extra", [0.0, 0.2])
def test_hardly_a_figure_signals_where_nothing_changes(extra: float) -> None:
    signals = sum(len(judge_extracts(extracts(quiet(100), seed, extra))[1]) for seed in range(2))
    assert signals <= 0.01 * 2 * 6 * 100


def test_a_jump_is_signalled_in_its_month_and_only_in_its_figure() -> None:
    rates = quiet(60)
    rates[39:, 30] += 0.2
    trend, signals = judge_extracts(extracts(rates))
    mine = signals[signals["figure"] == "check.30"]
    assert str(mine["as_of"].min()) == "2025-07-31"
    assert mine["kind"].iloc[0] == "jump"
    assert mine["low"].iloc[0] < 0.2 < mine["high"].iloc[0]
    assert len(signals) - len(mine) <= 3
    point = trend[(trend["figure"] == "check.30") & trend["signal"]].iloc[0]
    assert point["value"] > point["upper_limit"] > point["centre"] > point["lower_limit"]


def test_a_slow_change_is_signalled_as_a_drift() -> None:
    rates = quiet(40)
    rates[36:, 20] += np.array([0.04, 0.05, 0.06, 0.06, 0.06, 0.06])
    _, signals = judge_extracts(extracts(rates, seed=2))
    assert "check.20" in set(signals["figure"])


def test_what_vanishes_signals() -> None:
    frames = extracts(quiet(20))
    gone = frames[4].counts["month"].eq(frames[4].month) & frames[4].counts["figure"].eq("check.3")
    frames[4] = ExtractFigures(
        frames[4].as_of, frames[4].month, frames[4].first_month, frames[4].counts[~gone], frames[4].estimates
    )
    _, signals = judge_extracts(frames)
    assert signals[signals["figure"] == "check.3"]["kind"].tolist() == ["vanished"]


def test_a_level_that_stays_becomes_the_new_baseline() -> None:
    chart = Chart()
    for failed in (30, 31, 29, 30, 32, 28):
        chart.add(failed, 300)
    for _ in range(2):
        point = chart.judge(120, 300)
        assert point.jump < 1e-6
        chart.settle(120, 300, point, True)
    assert sum(chart.failed) / sum(chart.total) == pytest.approx(0.4)


def test_rows_of_a_month_are_judged_by_its_days() -> None:
    chart = Chart(of_rows=True)
    for days in (31, 28, 31, 30, 31, 30):
        chart.add(10 * days, days)
    assert chart.judge(280, 28).jump > 0.5
    assert chart.judge(150, 28).jump < 1e-6


def test_an_estimate_is_judged_by_its_usual_differences() -> None:
    chart = EstimateChart()
    for value in (0.50, 0.52, 0.49, 0.51, 0.50, 0.52, 0.51):
        chart.settle(value, False)
    assert chart.judge(0.52, 0.42, 0.62).jump > 0.2
    assert chart.judge(0.20, 0.12, 0.30).jump < 1e-3


def _estimates(values: dict[str, float], last: str) -> ExtractFigures:
    rows = pd.DataFrame(
        [(force, "duplicate_identities.persons", value, value - 0.01, value + 0.01) for force, value in values.items()],
        columns=["force", "figure", "value", "low", "high"],
    )
    counts = pd.DataFrame(columns=["force", "figure", "month", "failed", "total", "history"])
    month = pd.Timestamp(last).to_period("M").to_timestamp()
    return ExtractFigures(pd.Timestamp(last).date(), month, month, counts, rows)


def test_a_fix_is_compared_with_the_forces_that_were_not_fixed() -> None:
    before = _estimates({"north": 0.10, "south": 0.10, "west": 0.12}, "2025-01-31")
    after = _estimates({"north": 0.05, "south": 0.11, "west": 0.13}, "2025-02-28")
    since = pd.Timestamp("2025-02-01").date()
    found = did_it_work([before, after], [Intervention(since, "merging", "north", ("split_identity",))])
    row = found.iloc[0]
    assert row["difference"] == pytest.approx(-0.06)
    assert row["low"] < -0.06 < row["high"] < 0
    assert row["recognised"]
    everywhere = did_it_work([before, after], [Intervention(since, "merging", None, ("split_identity",))]).iloc[0]
    assert pd.isna(everywhere["others_before"])
    assert everywhere["difference"] == pytest.approx(-0.01)


def test_signals_and_fixes_are_shown_in_words_and_scored() -> None:
    rates = quiet(20)
    rates[40:, 5] += 0.3
    frames = extracts(rates)
    trend, signals = judge_extracts(frames)
    before, after = (
        _estimates({"north": 0.10, "south": 0.10}, "2025-01-31"),
        _estimates({"north": 0.05, "south": 0.10}, "2025-02-28"),
    )
    fixes = did_it_work([before, after], [Intervention(date(2025, 2, 1), "merging", "north", ("split_identity",))])
    shown = signals_table(signals, {"north": "North"})
    assert shown.rows[0][1].text == "North"
    assert "points" in shown.rows[0][4].text
    assert "no figure changed beyond chance" in signals_table(signals, {}, "nowhere").empty
    assert fixes_table(fixes, {"north": "North"}).rows[0][-1].text == "got better"
    assert len(figure_table(trend, "check.5", "north").rows) == 6
    assert figure_chart(trend, "check.5", "north").to_dict()["layer"]
    made = SeriesManifest(
        extracts=[Extract(as_of=frame.as_of, path=str(frame.as_of)) for frame in frames],
        changes=[ChangeMade(since=date(2025, 8, 1), profile="migration", force="north")],
    )
    scored = score_tracked(made, Tracked(trend, signals, fixes))
    assert (scored.changes[0].extracts_until_signal, scored.changes[0].figure) == (1, "check.5")
    assert scored.judged == 4 * 20
    assert scored.false_alarms <= 1


def test_figures_have_english_names() -> None:
    assert figure_name("rows.crimes") == "Crimes recorded"
    assert figure_name("stock.missing.persons.phone") == "Telephone blank (whole stock)"
    assert figure_name("people_found.harm_365") == "People found, Total harm, last 12 months"


@given(
    st.lists(st.integers(0, 60), min_size=6, max_size=20),
    st.lists(st.integers(0, 120), min_size=1, max_size=8),
    st.booleans(),
    st.integers(1, 400),
)
def test_an_interval_leaves_0_out_exactly_where_its_test_is_sure(
    before: list[int], months: list[int], of_rows: bool, more: int
) -> None:
    """Of a jump the month's departure, of a drift the weighted mean, each with the interval of its own test."""
    chart = Chart(of_rows)
    for failed in before:
        chart.add(failed, 120.0)
    for failed in months:
        point = chart.judge(failed, 120.0 + more)
        for chance, found in ((point.jump, point.jumped), (point.drift, point.drifted)):
            if not np.isnan(chance) and not np.isnan(found.size) and abs(chance - 0.05) > 1e-3:
                assert (found.low > 0 or found.high < 0) == (chance < 0.05)
                assert found.low <= found.size <= found.high
        if not np.isnan(point.value):
            assert 0 <= point.low <= point.value <= point.high
        chart.settle(failed, 120.0 + more, point, False)


def test_a_drift_is_reported_with_the_mean_that_strayed() -> None:
    """Months of 22.4% against 20% are each within chance; their mean of four is not, and the interval says so."""
    chart = Chart()
    for _ in range(24):
        chart.add(200, 1000)
    for _ in range(4):
        point = chart.judge(224, 1000)
        assert point.jumped.low < 0 < point.jumped.high
        chart.settle(224, 1000, point, False)
    assert point.drift < 0.05
    assert point.drifted.low > 0
    assert point.jumped.size < point.drifted.size < 0.024, "each month was judged by a baseline that had moved less"


def _group(values: list[float | None], figure: str) -> list[ExtractFigures]:
    """One figure of lists by extract; None: no row."""
    ends = pd.date_range("2024-01-31", periods=len(values), freq="ME").strftime("%Y-%m-%d")
    found = []
    for value, day in zip(values, ends, strict=True):
        frame = _estimates({} if value is None else {"north": value}, day)
        found.append(replace(frame, estimates=frame.estimates.assign(figure=figure)))
    return found


def test_a_group_that_falls_under_10_is_null_and_no_signal() -> None:
    usual = [0.30, 0.32, 0.29, 0.31, 0.30, 0.32, 0.31]
    for small in (np.nan, None):
        trend, signals = judge_extracts(_group([*usual, small, 0.31], "wrongly_included.harm_365.ethnicity.Asian"))
        assert len(signals) == 0
        assert len(trend) == len(usual) + 2
        assert trend["value"].isna().sum() == 1
        assert not trend.loc[trend["value"].isna(), "judged"].any()
    _, signals = judge_extracts(_group([*usual, None], "people_found.harm_365"))
    assert signals["kind"].tolist() == ["vanished"]


def test_a_figure_is_judged_only_once_its_months_suffice() -> None:
    chart = Chart()
    for number in range(LEAST_MONTHS + 1):
        assert chart.judge(30, 300).judged == (number >= LEAST_MONTHS)
        chart.add(30, 300)
    line = EstimateChart()
    for number in range(8):
        assert line.judge(0.5, 0.4, 0.6).judged == (number >= 6)
        line.settle(0.5, False)
