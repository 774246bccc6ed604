"""Charts: what stands on them can be read at every width, and each month is named once."""

import re

import pandas as pd
import pytest

from audit.presentation.charts import Picture, calendar, check_trend, delays, month_heat_map, observed_and_expected, waterfall
from audit.presentation.over_time import figure_chart
from audit.presentation.pictures import svg_bytes


def _unit_months(months: int) -> pd.DataFrame:
    month = pd.date_range("2022-04-01", periods=months, freq="MS")
    return pd.DataFrame({"unit_id": "north-01", "month": month, "observed": 10, "expected": 12.0, "low": 6.0, "high": 18.0})


def _rows(months: int) -> pd.DataFrame:
    month = [f"{one:%Y-%m-%d}" for one in pd.date_range("2022-04-01", periods=months, freq="MS")]
    named = {"table": "crimes", "field": "postcode", "force": "north", "days": 1}
    return pd.DataFrame({**named, "month": month, "failed": 1, "total": 10, "rate": 0.1})


def _trend(months: int) -> pd.DataFrame:
    as_of = pd.date_range("2022-04-30", periods=months, freq="ME")
    figures = {"value": 0.1, "centre": 0.1, "lower_limit": 0.0, "upper_limit": 0.2, "low": 0.0, "high": 0.2, "signal": False}
    return pd.DataFrame({"as_of": as_of, "force": "north", "figure": "check.a", **figures})


def _no_gaps() -> pd.DataFrame:
    return pd.DataFrame(columns=["unit_id", "offence_group", "first_month", "last_month", "kind"])


def _charts(months: int) -> dict[str, Picture]:
    units, rows = _unit_months(months), _rows(months)
    return {
        "calendar": calendar(units, _no_gaps()),
        "months of fields": month_heat_map(rows),
        "observed": observed_and_expected(units, pd.Timestamp("2022-05-01"), pd.Timestamp("2022-06-01")),
        "check": check_trend(rows),
        "delays": delays(rows, {"north": "North"}),
        "figure": figure_chart(_trend(months), "check.a", "north"),
    }


def _texts(picture: Picture, width: int) -> list[str]:
    """What can be read on a chart; labels for which there is no room are there, and not seen."""
    found = re.findall(r"<text([^>]*)>([^<]+)</text>", svg_bytes(picture, width).decode())
    return [text for how, text in found if 'opacity="0"' not in how]


@pytest.mark.parametrize("months", [3, 40])
@pytest.mark.parametrize("width", [280, 1000])
def test_a_chart_names_each_month_once_and_no_more_than_fit(months: int, width: int) -> None:
    for name, picture in _charts(months).items():
        shown = [text for text in _texts(picture, width) if re.fullmatch(r"[A-Z][a-z]{2} 20\d\d", text)]
        assert 2 <= len(shown) <= width / 45, (name, shown)
        assert len(set(shown)) == len(shown), (name, shown)


def test_a_months_cell_stays_empty_where_the_month_has_no_rows() -> None:
    """A month without rows keeps its place, so that time is as long on the chart as it was."""
    rows = _rows(12)
    picture = svg_bytes(month_heat_map(rows.iloc[[0, 1, 11]]), 1000).decode()
    assert any(text.startswith(("Jul", "Aug", "Sep", "Oct")) for text in _texts(month_heat_map(rows.iloc[[0, 1, 11]]), 1000)), (
        picture
    )


def test_a_step_of_the_waterfall_has_no_minus_before_nothing() -> None:
    shown = _texts(waterfall(0.5, {"identity": 0.54, "dates": -0.0004, "offence": -0.04}), 760)
    assert {"0.0", "+54.0", "−4.0"} <= set(shown)
    assert not [text for text in shown if text.startswith("-") or text == "−0.0"]


def test_the_shade_of_a_gap_holds_the_points_of_its_months_and_no_others() -> None:
    first, last = pd.Timestamp("2022-06-01"), pd.Timestamp("2022-08-01")
    chart = observed_and_expected(_unit_months(12), first, last).to_dict()
    gap = next(rows for rows in chart["datasets"].values() if "first" in rows[0])[0]
    begin, end = pd.Timestamp(gap["first"]), pd.Timestamp(gap["last"])
    assert pd.Timestamp("2022-05-01") < begin < first
    assert last < end < pd.Timestamp("2022-09-01")


@pytest.mark.parametrize("width", [280, 1000])
def test_the_rows_of_a_chart_leave_room_for_what_they_show(width: int) -> None:
    """The names of rows take half of a narrow chart at most."""
    fields = _rows(3).assign(field="suspect_status")
    names = [text for text in _texts(month_heat_map(fields), width) if text.startswith("Whether")]
    assert len(names) == 1
    assert names[0].endswith("…") is (width < 420)


def test_months_of_fewer_than_ten_rows_are_not_drawn() -> None:
    rows = _rows(3).assign(total=[9, 10, 400])
    assert len(month_heat_map(rows).data) == 2
