"""Lessons about recording: crimes twice, silent stations, changes of system and of rules."""

import altair as alt
import numpy as np
import pandas as pd

from audit.presentation.charts import GREY, ORANGE, Picture
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import count, percent, plural
from dashboard.lessons.lab import Lab, Recipe
from dashboard.lessons.lesson import Lesson, Reveal, severities
from dashboard.lessons.reveals import effect

# Fewer extra crimes for each report from June 2023 on: shares by offence (Domestic Abuse Commissioner 2024).
RULE_CHANGE = {
    "5% fewer crimes, as all crime in June 2023": 0.05,
    "8.5% fewer, as domestic abuse (7 to 10%)": 0.085,
    "42% fewer, as malicious communications": 0.42,
}
# A large force in small, so that it has several stations.
STATIONS, STATION_SCALE = ("greater-harrowgate",), 0.15


def _months(clean: Lab, defective: Lab, severity: str) -> Reveal:
    shown = effect(clean, defective, severity)
    lost = 1 - defective.months["recorded"].sum() / max(defective.months["reported"].sum(), 1)
    sentence = (
        f"{shown.sentence} {percent(lost)} of reports left no crime, and the audit finds {plural(len(defective.gaps), 'gap')}."
    )
    return Reveal(sentence, shown.table, _lines(defective), ALTERNATIVE)


def _before_and_after(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """Crimes recorded and reports in the first and in the last year: the one falls, the other does not."""
    rows, changes = [], {}
    for title, lab, name in (
        ("Reports", defective, "reported"),
        ("Crimes, as clean records have them", clean, "recorded"),
        ("Crimes, after the change of rules", defective, "recorded"),
    ):
        monthly = lab.months[name].to_numpy(float)
        first, last = float(np.mean(monthly[:12])), float(np.mean(monthly[-12:]))
        changes[title] = (last - first) / first
        rows.append(
            [
                Cell(title),
                Cell(count(first), number=True),
                Cell(count(last), number=True),
                Cell(_change(changes[title]), number=True),
            ]
        )
    gaps = len(defective.gaps)
    found = "no gap, since" if not gaps else f"{plural(gaps, 'gap')} only;"
    return Reveal(
        f"From the first year to the last, reports changed by {_change(changes['Reports'])} and recorded crimes by "
        f"{_change(changes['Crimes, after the change of rules'])}. The audit finds {found} a step that lasts to the end looks like a "
        "new normal.",
        Table("Average for a month", ["", "First year", "Last year", "Change"], rows),
        _lines(defective),
        ALTERNATIVE,
    )


def _change(share: float) -> str:
    return f"{100 * share:+.1f}%".replace("-", "−")


def _lines(lab: Lab) -> Picture:
    long = lab.months.assign(month=pd.to_datetime(lab.months["month"])).melt("month", ["reported", "recorded"], "what", "crimes")
    return (
        alt.Chart(long)
        .mark_line(point=True)
        .encode(
            x=alt.X("month:T", title=None, axis=alt.Axis(format="%b %Y")),
            y=alt.Y("crimes:Q", title="A month"),
            color=alt.Color("what:N", title=None, scale=alt.Scale(domain=["reported", "recorded"], range=[GREY, ORANGE])),
            strokeDash=alt.StrokeDash("what:N", title=None),
        )
        .properties(height=260, width="container")
    )


ALTERNATIVE = "Reports and recorded crimes by month: the line of recorded crimes falls below."

LESSONS = (
    Lesson(
        "recorded-twice",
        "A crime recorded twice: the worst per cent",
        "A few crimes in a hundred are recorded twice. Is that a few per cent of harm to the list?",
        severities("recording.recorded_twice", (0.01, 0.03, 0.05, 0.10), "of crimes recorded twice"),
        effect,
        "A crime that counts twice lifts exactly those near the top, and where a list asks for two crimes it makes two out of one. Per "
        "cent, no other defect moves more people.",
        "The share is proposed (0.2 to 5%); its effect is measured here.",
        "5% of crimes recorded twice",
    ),
    Lesson(
        "silent-station",
        "The silent station",
        "A station stops recording for some months. The map turns green: is it safe there?",
        {
            f"{100 * share:g}% of stations silent for up to six months": Recipe(
                (("recording.silent_unit", share),), STATIONS, STATION_SCALE
            )
            for share in (0.2, 0.5, 0.9)
        },
        _months,
        "Silence looks like safety. Compare every unit with what its own other months lead one to expect, and ask before you believe a "
        "fall.",
        "Whole forces' months have gone missing from national figures, 2019–20 and 2022–23 (ONS, Home Office).",
        "50% of stations silent for up to six months",
        clean=Recipe((), STATIONS, STATION_SCALE),
    ),
    Lesson(
        "system-change",
        "The system change",
        "A new records system goes live, and recorded crime falls by a fifth. What else fell?",
        severities("recording.system_change", (0.1, 0.2, 0.3), "of crimes lost from the change on"),
        _months,
        "The fall is in the records, not in the streets; and people whose crimes were lost are off the list. Mark the change on every "
        "figure.",
        "A force recorded 77.7% of reported crime after its change of system, 89.1% before; 80,100 crimes lost (HMICFRS, December 2020).",
        "20% of crimes lost from the change on",
    ),
    Lesson(
        "rule-change",
        "A rule change that looks like a fall",
        "From one month on fewer extra crimes are recorded for each report. Did violence go down?",
        {label: Recipe((("recording.system_change", share),)) for label, share in RULE_CHANGE.items()},
        _before_and_after,
        "A step in all units in one month is a rule or a system. Do not read a trend across it; recency and frequency change for "
        "everybody.",
        "June 2023: fewer extra crimes a report, −5% of all crime, −42% of malicious communications in the first quarter, −7 to −10% of "
        "domestic abuse (Domestic Abuse Commissioner 2024); April 2018 and 2020 changed the rules as well (ONS, Home Office). One rate "
        "is applied to all offences here.",
        "42% fewer, as malicious communications",
    ),
)
