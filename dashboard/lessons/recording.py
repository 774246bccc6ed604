"""Lessons about recording: crimes twice, cancelled, silent stations, changes of system and of rules."""

from dataclasses import replace

import altair as alt
import numpy as np
import pandas as pd

from audit.presentation.charts import GREY, MONTHS, ORANGE, Picture, legend, observed_and_expected
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import count, interval, percent, plural
from dashboard.lessons.claim import Claim, change, share, signed
from dashboard.lessons.lab import Lab, Recipe
from dashboard.lessons.lesson import Lesson, Reveal, severities
from dashboard.lessons.reveals import COLUMNS, effect, list_rows, people_missed, with_interval

# Fewer extra crimes for each report from June 2023 on: shares by offence (Domestic Abuse Commissioner 2024).
RULE_CHANGE = {
    "5% fewer crimes, as all crime in June 2023": 0.05,
    "8.5% fewer, as domestic abuse (7 to 10%)": 0.085,
    "42% fewer, as malicious communications": 0.42,
}
STATIONS = Recipe((), ("greater-harrowgate",), 0.1)
"""A large force in small, so that it has several stations."""
TWICE = Recipe(scale=1.0)


def _twice(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """As ``effect``, beside the share of crimes that count twice."""
    shown = effect(clean, defective, severity)
    extra = defective.months["recorded"].sum() / clean.months["recorded"].sum() - 1
    line = [Cell("Crimes counted once too often"), Cell("0%", number=True), Cell(percent(extra), number=True)]
    missed = people_missed(clean, defective)
    claim = Claim("people missed, beyond the share of crimes", missed.value, missed.low, missed.high, beyond=float(extra))
    table = Table(shown.table.caption, shown.table.columns, [line, *shown.table.rows])
    return Reveal(shown.sentence, table, (claim,))


def _lost(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """Reports that left no crime, and what the list misses."""
    shown = effect(clean, defective, severity)
    lost = [_share_lost(lab) for lab in (clean, defective)]
    rows = [with_interval("Reports that left no crime", *lost), *list_rows(clean, defective)]
    sentence = f"{shown.sentence} {percent(lost[1][0], digits=0)} of reports left no crime."
    table = Table(shown.table.caption, COLUMNS, rows)
    return Reveal(sentence, table, shown.claims, _lines(defective), ALTERNATIVE)


def _share_lost(lab: Lab) -> tuple[float, float, float]:
    reported, recorded = float(lab.months["reported"].sum()), float(lab.months["recorded"].sum())
    return share(max(reported - recorded, 0.0), reported)


def _silent(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """What was recorded, expected and reported in the months of the gaps that the audit finds, and in all others."""
    months = _in_gaps(defective)
    gaps = _whole(defective)
    parts, rows = {}, []
    for title, mine in (
        ("In the gaps that the audit finds", months[months["gap"]]),
        ("In all other months", months[~months["gap"]]),
    ):
        recorded, expected, reported = (float(mine[name].sum()) for name in ("observed", "expected", "reported"))
        parts[title] = share(min(recorded, reported), reported), recorded, expected, reported
        value, low, high = parts[title][0]
        figures = (Cell(count(number), number=True) for number in (recorded, expected, reported))
        rows.append(
            [Cell(title), *figures, Cell(percent(value, digits=0), interval(low, high, 0) if 0 < value < 1 else "", number=True)]
        )
    (value, low, high), recorded, expected, reported = parts["In the gaps that the audit finds"]
    worst = gaps.assign(lost=gaps["expected"] - gaps["observed"]).sort_values("lost").tail(1)
    picture = None
    for gap in worst.itertuples():
        unit = defective.gaps.unit_months.query(f"unit_id == '{gap.unit_id}'")
        picture = observed_and_expected(unit, pd.Timestamp(gap.first_month), pd.Timestamp(gap.last_month))
    return Reveal(
        f"In the months of the gaps that the audit finds, {count(recorded)} crimes were recorded where {count(expected)} were expected; "
        f"{count(reported)} were reported.",
        Table(
            f"Safe, or silent? {plural(len(gaps), 'gap')} found",
            ["Months of stations", "Crimes recorded", "Expected by the audit", "Truly reported", "Recorded of reported"],
            rows,
        ),
        (Claim("recorded of reported", value, low, high, beyond=parts["In all other months"][0][1], below=True),),
        picture,
        "Crimes a month of one station: recorded, expected with its 95% band, and the gap shaded.",
    )


def _whole(lab: Lab) -> pd.DataFrame:
    """The gaps of whole stations."""
    gaps = lab.gaps.gaps
    return gaps[gaps["offence_group"].isna()]


def _in_gaps(lab: Lab) -> pd.DataFrame:
    """Station-months with observed, expected, reported, and whether they lie in a gap of the whole station."""
    months = lab.gaps.unit_months.assign(month=lambda rows: pd.to_datetime(rows["month"]))
    reports = lab.reports.assign(month=pd.to_datetime(lab.reports["month"]))
    months = months.merge(reports, on=["unit_id", "month"], how="left").fillna({"reported": 0})
    inside = np.zeros(len(months), bool)
    for gap in _whole(lab).itertuples():
        inside |= (months["unit_id"].eq(gap.unit_id) & months["month"].between(
            pd.Timestamp(gap.first_month), pd.Timestamp(gap.last_month))).to_numpy()  # fmt: skip
    return months.assign(gap=inside)


def _before_and_after(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """Reports and crimes in the first and in the last year: the one stays, the other falls, in every station at once."""
    reports, crimes = (_years(defective.months[name].to_numpy(float)) for name in ("reported", "recorded"))
    changed = {title: change(*both) for title, both in (("Reports", reports), ("Crimes recorded", crimes))}
    rows = [
        [Cell(title), *(Cell(count(value / 12), number=True) for value in both), _change_cell(changed[title])]
        for title, both in (("Reports", reports), ("Crimes recorded", crimes))
    ]
    fallen, stations = _fallen(defective)
    rows.append([Cell("Stations whose crimes fell beyond chance"), Cell("", number=True),
                 Cell(f"{fallen} of {stations}", number=True), Cell("", number=True)])  # fmt: skip
    value, low, high = changed["Crimes recorded"]
    return Reveal(
        f"Recorded crimes changed by {signed(value)} ({signed(low)} to {signed(high)}), reports by "
        f"{signed(changed['Reports'][0])}. {fallen} of {stations} stations fell at once.",
        Table("Average for a month", ["", "First year", "Last year", "Change"], rows),
        (
            Claim("crimes recorded", value, low, high, beyond=changed["Reports"][1], below=True),
            Claim("stations that fell", *share(fallen, stations), beyond=0.5),
        ),
        _lines(defective),
        ALTERNATIVE,
    )


def _years(monthly: np.ndarray) -> tuple[float, float]:
    return float(monthly[:12].sum()), float(monthly[-12:].sum())


def _fallen(lab: Lab) -> tuple[int, int]:
    """Stations whose crimes fell from the first year to the last beyond chance, and all stations."""
    months = lab.gaps.unit_months.sort_values("month")
    falls = [change(max(first, 1.0), last)[2] < 0 for first, last in
             (_years(mine["observed"].to_numpy(float)) for _, mine in months.groupby("unit_id"))]  # fmt: skip
    return sum(falls), len(falls)


def _change_cell(changed: tuple[float, float, float]) -> Cell:
    value, low, high = changed
    return Cell(signed(value), f"{signed(low)} to {signed(high)}", number=True)


def _lines(lab: Lab) -> Picture:
    long = lab.months.assign(month=pd.to_datetime(lab.months["month"])).melt("month", ["reported", "recorded"], "what", "crimes")
    return (
        alt.Chart(long)
        .mark_line(point=True)
        .encode(
            x=alt.X("month:T", title=None, axis=MONTHS),
            y=alt.Y("crimes:Q", title="A month"),
            color=alt.Color(
                "what:N", title=None, scale=alt.Scale(domain=["reported", "recorded"], range=[GREY, ORANGE]), legend=legend(2, 2)
            ),
        )
        .properties(height=260, width="container")
    )


ALTERNATIVE = "Reports and recorded crimes by month: the line of recorded crimes falls below."

LESSONS = (
    Lesson(
        "recorded-twice",
        "A crime recorded twice",
        "A few crimes in a hundred are recorded twice. Is that a few per cent of harm to the list?",
        ("A few per cent", "About ten", "More than ten"),
        "How many crimes are recorded twice",
        severities("recording.recorded_twice", (0.01, 0.03, 0.05, 0.10), "of crimes recorded twice", TWICE),
        _twice,
        "A crime that counts twice lifts exactly those near the top, and where a list asks for two crimes it makes two out of one.",
        "The share is proposed (0.2 to 5%); its effect is measured here.",
        "5% of crimes recorded twice",
        clean=TWICE,
    ),
    Lesson(
        "cancelled",
        "Cancelled, and it was a crime",
        "Recorded crimes are cancelled, and some of them wrongly. The table looks tidier. What does the list lose?",
        ("Nothing", "A few people", "Over 10 of 100"),
        "How many crimes are wrongly cancelled",
        severities("recording.cancelled_wrongly", (0.05, 0.1, 0.2), "of crimes wrongly cancelled"),
        effect,
        "A cancelled crime counts for nobody, and no check of the tables can see that it was one. Read a sample of cancellations.",
        "Of sampled cancellations up to 43% of rapes, 53% of sexual offences and 50% of violence were wrong; the samples are tiny "
        "(BBC Shared Data Unit on HMICFRS, 2016 to 2020). The shares here are illustrative.",
        "20% of crimes wrongly cancelled",
        clean=Recipe(),
    ),
    Lesson(
        "silent-station",
        "The silent station",
        "A station stops recording for some months, and its crime falls to nothing. Is it safe there?",
        ("Yes", "No", "Nobody can say"),
        "How many stations fall silent",
        severities("recording.silent_unit", (0.2, 0.5, 0.9), "of stations silent for up to six months", STATIONS),
        _silent,
        "Silence looks like safety. Compare every station with what its own other months lead one to expect, and ask before you believe "
        "a fall.",
        "Whole forces' months have gone missing from national figures, 2019–20 and 2022–23 (ONS, Home Office).",
        "50% of stations silent for up to six months",
        clean=STATIONS,
    ),
    Lesson(
        "system-change",
        "The system change",
        "A new records system goes live, and recorded crime falls by a fifth. What else fell?",
        ("Crime fell", "Only the records fell", "The list lost people too"),
        "How many crimes are lost from the change on",
        severities("recording.system_change", (0.1, 0.2, 0.3), "of crimes lost from the change on"),
        _lost,
        "The fall is in the records, not in the streets; and people whose crimes were lost are off the list. Mark the change on every "
        "figure.",
        "A force recorded 77.7% of reported crime after its change of system, 89.1% before; 80,100 crimes lost (HMICFRS, December 2020).",
        "20% of crimes lost from the change on",
        clean=Recipe(),
    ),
    Lesson(
        "rule-change",
        "A rule change that looks like a fall",
        "From one month on fewer extra crimes are recorded for each report. Did violence go down?",
        ("Yes", "No", "The crimes alone cannot say"),
        "How many fewer crimes are recorded",
        {label: replace(STATIONS, settings=(("recording.system_change", share),)) for label, share in RULE_CHANGE.items()},
        _before_and_after,
        "A step in all stations at once is a rule or a system, not the streets. Do not read a trend across it; recency and frequency "
        "change for everybody.",
        "June 2023: fewer extra crimes a report, −5% of all crime, −42% of malicious communications in the first quarter, −7 to −10% of "
        "domestic abuse (Domestic Abuse Commissioner 2024); April 2018 and 2020 changed the rules as well (ONS, Home Office). One rate "
        "is applied to all offences here.",
        "42% fewer, as malicious communications",
        clean=STATIONS,
    ),
)
