"""Charts that the report and the pages share; each shows what a table beside it says."""

from typing import TypeAlias

import altair as alt
import pandas as pd

from audit.presentation.wording import family_name, field_label, points, words
from audit.statistics import LEAST_GROUP, wilson

Picture: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart

TEAL, ORANGE, GREY = "#1f77a4", "#d1642b", "#8a8f98"
MOST_FIELDS = 30
BLANK = "% of rows in which the field is blank"
MONTHS = alt.Axis(
    format="%b %Y", labelAngle=0, grid=False, tickCount={"interval": "month", "step": 1}, labelOverlap=True, labelSeparation=6
)
"""A tick a month, with the names of as many of them as fit, each once."""
NARROW = 420
"""Below so many pixels, as on a telephone or at 400% zoom, names of rows and legends take less of the width."""


def _by_width(narrow: float, wide: float) -> alt.ExprRef:
    """One number on a narrow chart, another on a wide one."""
    return alt.ExprRef(f"width < {NARROW} ? {narrow} : {wide}")


def _rows_axis() -> alt.Axis:
    """Every row by name, each name at the middle of its row."""
    return alt.Axis(
        labelLimit=_by_width(150, 280), labelOverlap=False, labelBaseline="middle", labelBound=False, labelFlush=False, offset=4,
    )  # fmt: skip


def legend(columns: int, narrow: int) -> alt.Legend:
    """A legend above the chart, where it takes none of the chart's width; in fewer columns on a narrow chart."""
    return alt.Legend(orient="top", columns=_by_width(narrow, columns))


def _scale_legend() -> alt.Legend:
    """The legend of a scale of colours, above the chart."""
    return alt.Legend(orient="top", gradientLength=_by_width(100, 200))


def waterfall(recall: float, contributions: dict[str, float], unit: str = "people of 100") -> Picture:
    """From the recorded figure to 1, a step for each family; ``contributions`` are shares by family, which sum to 1 - recall."""
    rows, at = (
        [{"step": "Found as recorded", "low": 0.0, "high": 100 * recall, "kind": "found", "shown": f"{100 * recall:.1f}"}],
        recall,
    )
    for family, share in contributions.items():
        name = family_name(family)
        rows.append({"step": name, "low": 100 * at, "high": 100 * (at + share), "kind": "repair", "shown": points(share)})
        at += share
    rows.append({"step": "All repaired", "low": 0.0, "high": 100 * at, "kind": "found", "shown": f"{100 * at:.0f}"})
    frame = pd.DataFrame(rows)
    frame["top"] = frame[["low", "high"]].max(axis=1)
    base = alt.Chart(frame).encode(y=alt.Y("step:N", sort=None, title=None, axis=_rows_axis()))
    scale, axis = alt.Scale(domain=[0, 115]), alt.Axis(values=list(range(0, 101, 20)))
    # An outline keeps the smallest steps visible.
    bars = base.mark_bar(size=18, strokeWidth=2).encode(
        x=alt.X("low:Q", title=unit.capitalize(), scale=scale, axis=axis),
        x2="high:Q",
        color=alt.Color("kind:N", scale=alt.Scale(domain=["found", "repair"], range=[TEAL, ORANGE]), legend=None),
        stroke=alt.Stroke("kind:N", scale=alt.Scale(domain=["found", "repair"], range=[TEAL, ORANGE]), legend=None),
        tooltip=[alt.Tooltip("step:N", title="Step"), alt.Tooltip("shown:N", title=unit.capitalize())],
    )
    words = base.mark_text(dx=6, fontSize=12, color=GREY, align="left", baseline="middle").encode(x="top:Q", text="shown:N")
    return (bars + words).properties(height=30 * len(frame) + 50, width="container")


def field_dots(missing: pd.DataFrame, names: dict[str, str]) -> Picture:
    """Share of blanks by field: a dot with its 95% interval for all forces together, and a ring for each force.

    ``missing`` has table, field, force, rate, failed, total, a row a field and force; ``names`` are the forces' by slug. Fields that
    are never blank are left out.
    """
    shown = _named(missing[missing["total"] > 0])
    whole = shown.groupby("name", sort=False)[["failed", "total"]].sum()
    whole["rate"], whole["low"], whole["high"] = (
        100 * part for part in wilson(whole["failed"].to_numpy(), whole["total"].to_numpy())
    )
    whole = whole[whole["failed"] > 0].nlargest(MOST_FIELDS, "rate").reset_index()
    order = whole["name"].tolist()
    rings = shown[shown["name"].isin(order)].assign(
        rate=lambda rows: 100 * rows["rate"], force=lambda rows: rows["force"].map(names), what="One force"
    )
    rows = alt.Y("name:N", title=None, sort=order, axis=_rows_axis())
    across = alt.X(
        "rate:Q", title=BLANK, scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=_by_width(3, 10), titleAnchor="end")
    )
    kinds = alt.Scale(domain=["All forces", "One force"], range=[TEAL, GREY])
    colour = alt.Color("what:N", title=None, scale=kinds, legend=legend(2, 1) if len(names) > 1 else None)
    tips = [
        alt.Tooltip("name:N", title="Field"),
        alt.Tooltip("rate:Q", title="% blank", format=".1f"),
        alt.Tooltip("failed:Q", title="Blank rows", format=","),
        alt.Tooltip("total:Q", title="Rows", format=","),
    ]
    whole["what"] = "All forces"
    base = alt.Chart(whole).encode(y=rows)
    bars = base.mark_rule(strokeWidth=3, color=TEAL).encode(x="low:Q", x2="high:Q")
    dots = base.mark_point(filled=True, size=80, opacity=1).encode(x=across, color=colour, tooltip=tips)
    layers: list[alt.Chart] = [bars, dots]
    if len(names) > 1:
        force = [alt.Tooltip("force:N", title="Force"), *tips]
        layers.insert(0, alt.Chart(rings).mark_point(size=46, opacity=0.9).encode(y=rows, x=across, color=colour, tooltip=force))
    return alt.layer(*layers).properties(height=24 * len(order) + 130, width="container")


def month_heat_map(monthly: pd.DataFrame) -> Picture:
    """Share of blanks by field and month of one force; fields that are never blank, and months of few rows, are left out."""
    monthly = monthly[monthly["total"] >= LEAST_GROUP]
    shown = _named(monthly).assign(percent=100 * monthly["rate"], month=pd.to_datetime(monthly["month"]))
    shown = shown[shown.groupby("name")["failed"].transform("sum") > 0]
    return (
        alt.Chart(shown)
        .mark_rect()
        .encode(
            x=alt.X("yearmonth(month):T", title=None, axis=MONTHS),
            y=alt.Y("name:N", title=None, sort=None, axis=_rows_axis()),
            color=alt.Color("percent:Q", title="% blank", scale=alt.Scale(scheme="tealblues", domainMin=0), legend=_scale_legend()),
            tooltip=[
                alt.Tooltip("name:N", title="Field"),
                alt.Tooltip("yearmonth(month):T", title="Month", format="%B %Y"),
                alt.Tooltip("percent:Q", title="% blank", format=".1f"),
                alt.Tooltip("failed:Q", title="Blank rows", format=","),
                alt.Tooltip("total:Q", title="Rows", format=","),
            ],
        )
        .properties(height=24 * shown["name"].nunique() + 160, width="container")
    )


def calendar(unit_months: pd.DataFrame, gaps: pd.DataFrame) -> Picture:
    """Units × months: crimes recorded as a share of those expected, and a dot in every month of a gap; of one force."""
    shown = unit_months.assign(
        month=pd.to_datetime(unit_months["month"]),
        percent=(100 * unit_months["observed"] / unit_months["expected"].where(unit_months["expected"] > 0)).clip(0, 200),
    )
    units = sorted(shown["unit_id"].unique())
    cells = (
        alt.Chart(shown)
        .mark_rect()
        .encode(
            x=alt.X("yearmonth(month):T", title=None, axis=MONTHS),
            y=alt.Y("unit_id:N", title=None, sort=units, axis=_rows_axis()),
            color=alt.Color(
                "percent:Q",
                title="% of expected",
                scale=alt.Scale(scheme="redyellowblue", domain=[0, 200], domainMid=100),
                legend=_scale_legend(),
            ),
            tooltip=[
                alt.Tooltip("unit_id:N", title="Unit"),
                alt.Tooltip("yearmonth(month):T", title="Month", format="%B %Y"),
                alt.Tooltip("observed:Q", title="Recorded", format=","),
                alt.Tooltip("expected:Q", title="Expected", format=",.1f"),
            ],
        )
    )
    height = 26 * len(units) + 160
    if not len(gaps):
        return alt.layer(cells).properties(height=height, width="container")
    months = pd.DataFrame({"month": sorted(shown["month"].unique())})
    spans = gaps.assign(
        offence_group=gaps["offence_group"].fillna("all offences").map(words),
        first=pd.to_datetime(gaps["first_month"]),
        last=pd.to_datetime(gaps["last_month"]),
    )
    inside = spans.merge(months, how="cross")
    inside = inside[(inside["month"] >= inside["first"]) & (inside["month"] <= inside["last"])]
    marks = (
        alt.Chart(inside)
        .mark_point(shape="circle", filled=True, size=26, color="black", opacity=0.9)
        .encode(
            x=alt.X("yearmonth(month):T", bandPosition=0.5),
            y=alt.Y("unit_id:N", sort=units),
            tooltip=[
                alt.Tooltip("unit_id:N", title="Unit"),
                alt.Tooltip("kind:N", title="Gap"),
                alt.Tooltip("offence_group:N", title="Of"),
            ],
        )
    )
    return alt.layer(cells, marks).properties(height=height, width="container")


def _named(checks: pd.DataFrame) -> pd.DataFrame:
    """Rows of checks with the English ``name`` of their field."""
    return checks.assign(name=[field_label(table, field) for table, field in zip(checks["table"], checks["field"], strict=True)])


def observed_and_expected(unit_months: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> Picture:
    """Crimes a month of one unit beside what is expected with its 95 % band; the gap from ``first`` to ``last`` is shaded."""
    # A month's point stands at its first day, so that the shade begins and ends half a month from the points of the gap.
    half = pd.Timedelta(days=15)
    gap = pd.DataFrame({"first": [first - half], "last": [last + half]})
    shade = alt.Chart(gap).mark_rect(color=ORANGE, opacity=0.18).encode(x="first:T", x2="last:T")
    base = _by_month(unit_months)
    band = base.mark_area(opacity=0.25, color=GREY).encode(y=alt.Y("low:Q", title="Crimes a month"), y2="high:Q")
    usual = base.mark_line(color=GREY, strokeDash=[4, 3]).encode(y="expected:Q")
    seen = _points(base, "observed", {"observed": ("Recorded", ","), "expected": ("Expected", ",.1f")})
    return alt.layer(shade, band, usual, seen).properties(height=260, width="container")


def _by_month(rows: pd.DataFrame) -> alt.Chart:
    """A chart of rows that have a month, along the months."""
    return alt.Chart(rows.assign(month=pd.to_datetime(rows["month"]))).encode(x=alt.X("month:T", title=None, axis=MONTHS))


def _points(base: alt.Chart, figure: str, tips: dict[str, tuple[str, str]]) -> alt.Chart:
    """A figure's line with a point a month; a point names the month and the figures of ``tips``, by column with title and format."""
    shown = [alt.Tooltip(f"{name}:Q", title=title, format=form) for name, (title, form) in tips.items()]
    month = alt.Tooltip("month:T", title="Month", format="%B %Y")
    return base.mark_line(color=TEAL, point=alt.OverlayMarkDef(color=TEAL)).encode(y=f"{figure}:Q", tooltip=[month, *shown])


def check_trend(monthly: pd.DataFrame) -> Picture:
    """One check month by month: its rate with a 95% Wilson interval, all its rows of a month together; columns month, failed, total."""
    sums = monthly.groupby("month")[["failed", "total"]].sum().reset_index()
    sums["rate"], sums["low"], sums["high"] = (100 * part for part in wilson(sums["failed"].to_numpy(), sums["total"].to_numpy()))
    base = _by_month(sums)
    bars = base.mark_rule(strokeWidth=2, color=TEAL).encode(y=alt.Y("low:Q", title="% of the month's rows that fail"), y2="high:Q")
    dots = _points(base, "rate", {"rate": ("%", ".2f"), "failed": ("Failed", ","), "total": ("Rows", ",")})
    return alt.layer(bars, dots).properties(height=240, width="container")


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
            x=alt.X("month:T", title=None, axis=MONTHS),
            y=alt.Y("percent:Q", title="% of the month's crimes", scale=alt.Scale(domainMin=0)),
            color=alt.Color("late:N", title="Recorded late", sort=order, scale=alt.Scale(scheme="tableau10"), legend=legend(4, 2)),
            strokeDash=alt.StrokeDash("late:N", title="Recorded late", sort=order),
            tooltip=[
                alt.Tooltip("force:N", title="Force"),
                alt.Tooltip("late:N", title="Late by"),
                alt.Tooltip("month:T", title="Month", format="%B %Y"),
                alt.Tooltip("percent:Q", title="%", format=".1f"),
            ],
        )
        .properties(height=330, width="container")
    )
