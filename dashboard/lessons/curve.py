"""Severity and response: how many people a list misses as one kind of defect grows, on the small world of the lessons."""

from collections.abc import Callable

import altair as alt
import pandas as pd

from audit.presentation.charts import ORANGE, TEAL, Picture
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import interval, percent
from dashboard.lessons.lab import Recipe, make
from dashboard.lessons.reveals import missed

DEFECTS: dict[str, tuple[str, tuple[float, ...]]] = {
    "identity.duplicate_rate": ("Duplicate person records", (0.05, 0.1, 0.2, 0.3, 0.5, 0.68)),
    "linkage.suspect_not_linked": ("Named suspects not linked", (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)),
    "recording.recorded_twice": ("Crimes recorded twice", (0.01, 0.02, 0.03, 0.05, 0.1, 0.2)),
    "recording.not_recorded_hidden": ("Reports never recorded", (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)),
    "offence.downgraded": ("Grave crimes coded as something lesser", (0.05, 0.1, 0.2, 0.35, 0.5, 0.7)),
    "missing.offence_code": ("Offence codes missing", (0.02, 0.05, 0.1, 0.2, 0.4, 0.7)),
}
"""Keys of a profile, with their name and the severities of the curve."""


def response(key: str, progress: Callable[[str, float], None]) -> pd.DataFrame:
    """severity, missed, low, high, shares of 1, one row a severity, with 95% Wilson intervals; one world of the clean profile."""
    rows = []
    values = DEFECTS[key][1]
    for place, value in enumerate(values):
        progress(f"Measuring severity {place + 1} of {len(values)}", place / len(values))
        rows.append((value, *missed(make(Recipe(((key, value),)), lambda sentence, share: None))))
    return pd.DataFrame(rows, columns=["severity", "missed", "low", "high"])


def curve(found: pd.DataFrame, name: str, chosen: float) -> Picture:
    """People missed by severity, with intervals; the chosen severity stands out."""
    shown = (100 * found).assign(chosen=found["severity"].sub(chosen).abs() < 1e-9)
    base = alt.Chart(shown).encode(x=alt.X("severity:Q", title=f"{name}, %"))
    bars = base.mark_rule(strokeWidth=2, color=TEAL).encode(y=alt.Y("low:Q", title="People missed, of 100"), y2="high:Q")
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        y="missed:Q",
        color=alt.Color("chosen:N", scale=alt.Scale(domain=[True, False], range=[ORANGE, TEAL]), legend=None),
        tooltip=[alt.Tooltip("severity:Q", title="Severity, %"), alt.Tooltip("missed:Q", title="Missed, of 100", format=".0f")],
    )
    line = base.mark_line(color=TEAL, strokeDash=[4, 3]).encode(y="missed:Q")
    return alt.layer(line, bars, dots).properties(height=260, width="container")


def curve_table(found: pd.DataFrame, name: str) -> Table:
    """The curve as a table."""
    rows = [
        [
            Cell(percent(row.severity, digits=0)),
            Cell(percent(row.missed, digits=0), interval(row.low, row.high, 0), number=True),
        ]
        for row in found.itertuples()
    ]
    return Table(
        f"People missed as this grows: {name.lower()}", ["Severity", "People missed"], rows, "Small print: 95% Wilson interval."
    )
