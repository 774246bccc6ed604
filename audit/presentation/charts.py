"""Pictures that the report and the pages share, as Altair charts; each tells what a table beside it tells."""

from typing import TypeAlias

import altair as alt
import pandas as pd

Picture: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart

FAMILY_TITLES = {
    "identity": "Identity: one person under several records",
    "linkage": "Linkage: a named suspect without a link",
    "offence": "Offence: code missing or wrong",
    "dates": "Dates: missing or wrong",
    "recording": "Recording: reports that never became a crime",
    "sharing": "Sharing: what other forces know",
}
TEAL, ORANGE, GREY = "#1f77a4", "#d1642b", "#8a8f98"
MOST_FIELDS, MOST_SLANTED = 30, 12
_MONTHS = alt.Axis(format="%b %Y", labelAngle=-90, labelOverlap=True)


def waterfall(recall: float, contributions: dict[str, float], unit: str = "people of 100") -> Picture:
    """From the recorded figure to 1, a step a family; ``contributions`` are shares by family, which sum to 1 - recall."""
    rows, at = (
        [{"step": "Found as recorded", "low": 0.0, "high": 100 * recall, "kind": "found", "tells": f"{100 * recall:.1f}"}],
        recall,
    )
    for family, share in contributions.items():
        name = FAMILY_TITLES.get(family, family).split(":")[0]
        rows.append({"step": name, "low": 100 * at, "high": 100 * (at + share), "kind": "repair", "tells": f"{100 * share:+.1f}"})
        at += share
    rows.append({"step": "All repaired", "low": 0.0, "high": 100 * at, "kind": "found", "tells": f"{100 * at:.0f}"})
    frame = pd.DataFrame(rows)
    frame["top"] = frame[["low", "high"]].max(axis=1)
    base = alt.Chart(frame).encode(
        x=alt.X("step:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, labelLimit=110)),
    )
    bars = base.mark_bar(size=46).encode(
        y=alt.Y("low:Q", title=unit.capitalize(), scale=alt.Scale(domain=[0, 108])),
        y2="high:Q",
        color=alt.Color("kind:N", scale=alt.Scale(domain=["found", "repair"], range=[TEAL, ORANGE]), legend=None),
        tooltip=[alt.Tooltip("step:N", title="Step"), alt.Tooltip("tells:N", title=unit.capitalize())],
    )
    words = base.mark_text(dy=-8, fontSize=12, color=GREY).encode(y="top:Q", text="tells:N")
    return (bars + words).properties(height=300, width="container")


def field_heat_map(missing: pd.DataFrame, names: dict[str, str]) -> Picture:
    """Share of blanks by field and force; ``missing`` has table, field, force, rate, failed, total."""
    shown = missing.assign(
        name=missing["table"] + "." + missing["field"], percent=100 * missing["rate"], force=missing["force"].map(names)
    )
    worst = shown.groupby("name")["percent"].max().nlargest(MOST_FIELDS)
    shown = shown[shown["name"].isin(worst[worst > 0].index)]
    return (
        alt.Chart(shown)
        .mark_rect()
        .encode(
            x=alt.X("force:N", title=None, sort=None, axis=_forces_axis(len(names))),
            y=alt.Y("name:N", title=None, sort=worst.index.tolist(), axis=alt.Axis(labelLimit=240, labelOverlap=False)),
            color=alt.Color("percent:Q", title="% blank", scale=alt.Scale(scheme="viridis", domainMin=0)),
            tooltip=[
                alt.Tooltip("name:N", title="Field"),
                alt.Tooltip("force:N", title="Force"),
                alt.Tooltip("percent:Q", title="% blank", format=".1f"),
                alt.Tooltip("failed:Q", title="Blank rows", format=","),
                alt.Tooltip("total:Q", title="Rows", format=","),
            ],
        )
        .properties(height=max(120, 20 * shown["name"].nunique()), width="container")
    )


def _forces_axis(forces: int) -> alt.Axis:
    """Every force by name, however many there are."""
    many = forces > MOST_SLANTED
    return alt.Axis(labelAngle=-90 if many else -45, labelLimit=140, labelOverlap=False, labelFontSize=9 if many else 10)


def month_heat_map(monthly: pd.DataFrame) -> Picture:
    """Share of blanks by field and month of one force; fields that are never blank are left out."""
    shown = monthly.assign(
        name=monthly["table"] + "." + monthly["field"], percent=100 * monthly["rate"], month=pd.to_datetime(monthly["month"])
    )
    shown = shown[shown.groupby("name")["failed"].transform("sum") > 0]
    return (
        alt.Chart(shown)
        .mark_rect()
        .encode(
            x=alt.X("yearmonth(month):O", title=None, axis=_MONTHS),
            y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=260, labelOverlap=False)),
            color=alt.Color("percent:Q", title="% blank", scale=alt.Scale(scheme="viridis", domainMin=0)),
            tooltip=[
                alt.Tooltip("name:N", title="Field"),
                alt.Tooltip("yearmonth(month):T", title="Month", format="%B %Y"),
                alt.Tooltip("percent:Q", title="% blank", format=".1f"),
                alt.Tooltip("failed:Q", title="Blank rows", format=","),
                alt.Tooltip("total:Q", title="Rows", format=","),
            ],
        )
        .properties(height=max(120, 22 * shown["name"].nunique()), width="container")
    )


def calendar(unit_months: pd.DataFrame, gaps: pd.DataFrame) -> Picture:
    """Units × months: crimes recorded as a share of those expected, and a frame about every gap; of one force."""
    shown = unit_months.assign(
        month=pd.to_datetime(unit_months["month"]),
        percent=(100 * unit_months["observed"] / unit_months["expected"].where(unit_months["expected"] > 0)).clip(0, 200),
    )
    units = sorted(shown["unit_id"].unique())
    cells = (
        alt.Chart(shown)
        .mark_rect()
        .encode(
            x=alt.X("yearmonth(month):O", title=None, axis=_MONTHS),
            y=alt.Y("unit_id:N", title=None, sort=units, axis=alt.Axis(labelLimit=200)),
            color=alt.Color(
                "percent:Q", title="% of expected", scale=alt.Scale(scheme="redyellowblue", domain=[0, 200], domainMid=100)
            ),
            tooltip=[
                alt.Tooltip("unit_id:N", title="Unit"),
                alt.Tooltip("yearmonth(month):T", title="Month", format="%B %Y"),
                alt.Tooltip("observed:Q", title="Recorded", format=","),
                alt.Tooltip("expected:Q", title="Expected", format=",.1f"),
            ],
        )
    )
    height = max(120, 24 * len(units))
    if not len(gaps):
        return alt.layer(cells).properties(height=height, width="container")
    months = pd.DataFrame({"month": sorted(shown["month"].unique())})
    spans = gaps.assign(first=pd.to_datetime(gaps["first_month"]), last=pd.to_datetime(gaps["last_month"]))
    inside = spans.merge(months, how="cross")
    inside = inside[(inside["month"] >= inside["first"]) & (inside["month"] <= inside["last"])]
    marks = (
        alt.Chart(inside)
        .mark_point(shape="circle", filled=True, size=26, color="black", opacity=0.9)
        .encode(
            x="yearmonth(month):O",
            y=alt.Y("unit_id:N", sort=units),
            tooltip=[
                alt.Tooltip("unit_id:N", title="Unit"),
                alt.Tooltip("kind:N", title="Gap"),
                alt.Tooltip("offence_group:N", title="Of"),
            ],
        )
    )
    return alt.layer(cells, marks).properties(height=height, width="container")


def observed_and_expected(unit_months: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> Picture:
    """Crimes a month of one unit beside what is expected with its 95 % band; the gap from ``first`` to ``last`` is shaded."""
    shown = unit_months.assign(month=pd.to_datetime(unit_months["month"]))
    gap = pd.DataFrame({"first": [first], "last": [last + pd.offsets.MonthBegin(1)]})
    shade = alt.Chart(gap).mark_rect(color=ORANGE, opacity=0.18).encode(x="first:T", x2="last:T")
    base = alt.Chart(shown).encode(x=alt.X("month:T", title=None, axis=alt.Axis(format="%b %Y")))
    band = base.mark_area(opacity=0.25, color=GREY).encode(y=alt.Y("low:Q", title="Crimes a month"), y2="high:Q")
    usual = base.mark_line(color=GREY, strokeDash=[4, 3]).encode(y="expected:Q")
    seen = base.mark_line(color=TEAL, point=True).encode(
        y="observed:Q",
        tooltip=[
            alt.Tooltip("month:T", title="Month", format="%B %Y"),
            alt.Tooltip("observed:Q", title="Recorded", format=","),
            alt.Tooltip("expected:Q", title="Expected", format=",.1f"),
        ],
    )
    return alt.layer(shade, band, usual, seen).properties(height=260, width="container")


def delays(checks: pd.DataFrame, names: dict[str, str]) -> Picture:
    """Share of crimes recorded later than 1, 3, 7 and 30 days after the report, by month; columns days, force, month, rate."""
    titles = {days: f"over {days} day{'' if days == 1 else 's'}" for days in sorted(checks["days"].unique())}
    shown = checks.assign(
        month=pd.to_datetime(checks["month"]), percent=100 * checks["rate"], force=checks["force"].map(names),
        late=checks["days"].map(titles),
    )  # fmt: skip
    order = list(titles.values())
    return (
        alt.Chart(shown)
        .mark_line()
        .encode(
            x=alt.X("month:T", title=None, axis=alt.Axis(format="%b %Y")),
            y=alt.Y("percent:Q", title="% of the month's crimes", scale=alt.Scale(domainMin=0)),
            color=alt.Color("late:N", title="Recorded late", sort=order, scale=alt.Scale(scheme="tableau10")),
            strokeDash=alt.StrokeDash("late:N", title="Recorded late", sort=order),
            tooltip=[
                alt.Tooltip("force:N", title="Force"),
                alt.Tooltip("late:N", title="Late by"),
                alt.Tooltip("month:T", title="Month", format="%B %Y"),
                alt.Tooltip("percent:Q", title="%", format=".1f"),
            ],
        )
        .properties(height=280, width="container")
    )
