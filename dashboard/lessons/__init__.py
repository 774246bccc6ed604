"""The guided scenarios for a class: a question, a dose to turn, a reveal of clean beside spoiled and the truth, and what to take away."""

from collections.abc import Callable
from dataclasses import dataclass, field

import altair as alt
import numpy as np
import pandas as pd

from audit.presentation.charts import GREY, ORANGE, Picture
from audit.report.content import Cell, Table, count, interval, percent, points
from dashboard.lessons.lab import Lab, Recipe

FIGURES = {
    "recall_at_k": "People found, of the 100 the list should hold",
    "harm_captured": "Harm captured",
    "wrongly_included": "Wrongly on the list",
    "repeat_entries": "A further record of somebody on it",
}
TRUTH = {"recall_at_k": 1.0, "harm_captured": 1.0, "wrongly_included": 0.0, "repeat_entries": 0.0}
SMALL_FORCES = ("durnley", "eskerdale", "fellgate", "cairnwater", "hartsmoor", "garrowby")


@dataclass(frozen=True)
class Reveal:
    """What a class sees: a sentence, a table, and a picture where one helps (with what it shows in words)."""

    sentence: str
    table: Table
    picture: Picture | None = None
    picture_tells: str = ""


@dataclass(frozen=True)
class Scenario:
    """``doses`` are labels with the recipe that each makes; ``clean`` is the recipe it is held against."""

    slug: str
    title: str
    question: str
    doses: dict[str, Recipe]
    reveal: Callable[[Lab, Lab, str], Reveal]
    takeaway: str
    source: str
    clean: Recipe = field(default_factory=Recipe)


def _doses(key: str, values: tuple[float, ...], what: str, **more: float) -> dict[str, Recipe]:
    others = tuple((name.replace("__", "."), value) for name, value in more.items())
    return {f"{100 * value:g} % {what}": Recipe(((key, value), *others)) for value in values}


def _effect(clean: Lab, spoiled: Lab, dose: str) -> Reveal:
    rows = [
        [
            Cell(title),
            Cell(percent(clean.figure(name), 0), number=True),
            Cell(percent(spoiled.figure(name), 0), number=True),
            Cell(percent(TRUTH[name], 0), number=True),
        ]
        for name, title in FIGURES.items()
    ]
    mine = spoiled.effect.effect.query("instrument == 'harm_365'").iloc[0]
    missed = round(100 * (1 - spoiled.figure("recall_at_k")))
    return Reveal(
        f"With {dose}, {missed} of 100 people the list should hold are not on it (95 %: {interval(1 - mine['high'], 1 - mine['low'], 0)}).",
        Table("The list from clean and from spoiled records of the same world", ["", "Clean", "Spoiled", "Truth"], rows),
    )


def _fragments(clean: Lab, spoiled: Lab, dose: str) -> Reveal:
    told = _effect(clean, spoiled, dose)
    line = [
        Cell("Person records for each person"),
        *(Cell(f"{lab.records / lab.people:.2f}", number=True) for lab in (clean, spoiled)),
    ]
    table = Table(told.table.caption, told.table.columns, [[*line, Cell("1.00", number=True)], *told.table.rows])
    return Reveal(told.sentence, table)


def _months(clean: Lab, spoiled: Lab, dose: str) -> Reveal:
    told = _effect(clean, spoiled, dose)
    months = spoiled.months.assign(month=pd.to_datetime(spoiled.months["month"]))
    long = months.melt("month", ["reported", "recorded"], "what", "crimes")
    picture = (
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
    lost = 1 - spoiled.months["recorded"].sum() / max(spoiled.months["reported"].sum(), 1)
    gaps = len(spoiled.gaps)
    sentence = (
        f"{told.sentence} {percent(lost)} of reports left no crime, and the audit tells {gaps} gap{'' if gaps == 1 else 's'}."
    )
    return Reveal(sentence, told.table, picture, "Reports and recorded crimes by month: the line of recorded crimes falls below.")


def _choices(clean: Lab, spoiled: Lab, dose: str) -> Reveal:
    wanted = {"the other date": "date_basis", "other weights": "weights", "another window": "window"}[dose]
    choices = clean.effect.choices
    mine = choices[(choices["instrument"] == "harm_365") & (choices["choice"] == wanted)]
    rows = [
        [
            Cell(str(row.option).replace("_", " ")),
            Cell(percent(row.overlap_with_default, 0), number=True),
            Cell("100%", number=True),
        ]
        for row in mine.itertuples()
    ]
    lowest = mine["overlap_with_default"].min()
    return Reveal(
        f"The records are clean and the world is the same, and with {dose} {100 * (1 - lowest):.0f} of 100 places go to others.",
        Table("Share of the list that stays", ["Chosen instead", "Stays", "With no choice changed"], rows),
    )


def _placeholders(clean: Lab, spoiled: Lab, dose: str) -> Reveal:
    rows = []
    for name in ("forename", "surname"):
        scores = [lab.scores.set_index(["table", "field"]).loc[("persons", name)] for lab in (clean, spoiled)]
        rows.append(
            [
                Cell(name.capitalize()),
                *(Cell(percent(one["score"], 1), interval(one["low"], one["high"]), number=True) for one in scores),
                Cell("100%", number=True),
            ]
        )
    return Reveal(
        f"With {dose} no field is blank, so a count of blanks calls them complete; a score that knows placeholders does not. "
        f"Of the people the list should hold, {percent(spoiled.figure('recall_at_k'), 0)} are found.",
        Table("Field scores: present, valid and no placeholder", ["Field", "Clean", "Spoiled", "Truth"], rows),
    )


def _dead_field(clean: Lab, spoiled: Lab, dose: str) -> Reveal:
    rows = []
    for title, reduce in (("Average of all fields", np.mean), ("Lowest field", np.min)):
        rows.append(
            [
                Cell(title),
                *(Cell(percent(float(reduce(lab.scores["score"].dropna())), 0), number=True) for lab in (clean, spoiled)),
                Cell("100%", number=True),
            ]
        )
    found = [lab.figure("recall_at_k") for lab in (clean, spoiled)]
    rows.append([Cell("People found"), *(Cell(percent(share, 0), number=True) for share in found), Cell("100%", number=True)])
    average = float(spoiled.scores["score"].mean())
    return Reveal(
        f"With {dose} the average still says {percent(average, 0)}, while the list finds {percent(found[1], 0)} of those it should hold.",
        Table("One average, one minimum, and the list", ["", "Clean", "Spoiled", "Truth"], rows),
    )


def _unequal(clean: Lab, spoiled: Lab, dose: str) -> Reveal:
    rows = []
    for title, lab in (("Clean", clean), ("Spoiled", spoiled)):
        groups = lab.effect.group_differences.query("instrument == 'harm_365' and attribute == 'ethnicity' and force == 'all'")
        for row in groups[groups["people"].notna()].itertuples():
            rows.append(
                [
                    Cell(title), Cell(row.group), Cell(count(row.people), number=True), Cell(percent(row.recall_at_k, 0), number=True),
                    Cell(percent(row.rest_recall_at_k, 0), number=True),
                    Cell(points(row.difference), f"{points(row.low)} to {points(row.high)}", number=True),
                    Cell("yes" if row.testable else "no"),
                ]
            )  # fmt: skip
    return Reveal(
        f"With {dose} the same total of blanks and splits is not the same for all. Where ethnicity is missing on over 35 % of records, "
        "a force cannot test that in its own data: 'fair' is then a word, not a finding. The bench can, since it knows the truth.",
        Table(
            "People found, by ethnicity; groups under 10 people are not shown",
            ["Records", "Group", "People", "Found", "Found of the rest", "Difference, points", "Could a force test it?"],
            rows,
        ),
    )


def _pooled(clean: Lab, spoiled: Lab, dose: str) -> Reveal:
    together = spoiled.effect.together.query("instrument == 'harm_365' and scope == 'nation'").iloc[0]
    rows = [
        [
            Cell(title),
            Cell(percent(together[name], 0), interval(together[f"{name}_low"], together[f"{name}_high"], 0), number=True),
            Cell("100%", number=True),
        ]
        for title, name in (
            ("Each force alone, with a list of its own", "recall_alone"),
            ("One list of all their records", "recall_together"),
        )
    ]
    return Reveal(
        f"{dose.capitalize()}: of the people one list for all should hold, lists apart find {percent(together['recall_alone'], 0)}, "
        f"one list together {percent(together['recall_together'], 0)}.",
        Table("Of the people one list for all should hold", ["", "Found", "Truth"], rows),
    )


def _unreported(clean: Lab, spoiled: Lab, dose: str) -> Reveal:
    rows, told = [], {}
    for title, lab in (("As published", clean), (dose.capitalize(), spoiled)):
        mine = lab.unreported.query("attribute == 'all'").groupby("offence_group")[["events", "unreported"]].sum()
        told[title] = mine
    for group in told["As published"].index:
        shares = [1 - one.loc[group, "unreported"] / one.loc[group, "events"] for one in told.values()]
        rows.append(
            [
                Cell(str(group).replace("_", " ")),
                *(Cell(percent(share, 0), number=True) for share in shares),
                Cell("100%", number=True),
            ]
        )
    rape = told[dose.capitalize()].loc["rape"]
    return Reveal(
        f"Every record here is clean, and of 6 rapes {6 * rape['unreported'] / rape['events']:.1f} are in no record at all.",
        Table("Share of what happened that was ever reported", ["Offences", *told, "Truth"], rows),
    )


def _history(clean: Lab, spoiled: Lab, dose: str) -> Reveal:
    row = spoiled.effect.stability.query("instrument == 'harm_365'").iloc[0]
    share = row["no_history"]
    rows = [
        [
            Cell("On the true list, and never reported before its year"),
            Cell(percent(share, 0), interval(row["no_history_low"], row["no_history_high"], 0), number=True),
        ]
    ]
    return Reveal(
        f"Of the people who do most harm in a year, {percent(share, 0)} had no report in the two years before it: a list made from history "
        "could not have held them, however good its data.",
        Table("Who could have been on last year's list?", ["People", "Share"], rows),
    )


SCENARIOS = (
    Scenario(
        "three-records",
        "One person, three records",
        "A force holds three records a person. Whoever ranks records ranks fragments: how many of the worst drop off the list?",
        _doses("identity.duplicate_rate", (0.1, 0.3, 0.5, 0.68), "of records are a further record of a person"),
        _fragments,
        "A split record halves what anybody is accused of, so those with most crimes, who are split most, fall first. Search before a "
        "record is made; merge after a look.",
        "1,867,000 person records for fewer than 600,000 people: Cleveland Police's 'Golden Nominal' (Experian, Computerworld).",
    ),
    Scenario(
        "two-people-one-record",
        "Two people, one record",
        "Two people of like names share one record. Who is put on the list for what the other did?",
        _doses("identity.overlaid", (0.005, 0.02, 0.05), "of records stand for two people"),
        _fragments,
        "No check can see this from the data alone: the record is complete, valid and unique. It is the opposite error to a split, and "
        "eager merging makes more of it.",
        "Share of overlaid records proposed; nobody publishes it.",
    ),
    Scenario(
        "recorded-twice",
        "A crime recorded twice: the worst per cent",
        "One crime in a hundred is on the books twice. Is that one per cent of harm to the list?",
        _doses("recording.recorded_twice", (0.01, 0.03, 0.05, 0.10), "of crimes recorded twice"),
        _effect,
        "A crime that counts twice lifts exactly those near the top, and for a list that asks for two crimes it makes one out of one. Per "
        "cent, no other defect moves more people.",
        "Share proposed (0.2 to 5 %); the force of it is measured here.",
    ),
    Scenario(
        "silent-station",
        "The silent station",
        "A station stops recording for some months. The map turns green: is it safe there?",
        _doses("recording.silent_unit", (0.2, 0.5, 0.9), "of stations silent for up to six months"),
        _months,
        "Silence looks like safety. Hold every unit against what its own other months lead to expect, and ask before you believe a fall.",
        "Whole forces' months have gone missing from national figures, 2019–20 and 2022–23 (ONS, Home Office).",
    ),
    Scenario(
        "system-change",
        "The system change",
        "A new records system goes live, and recorded crime falls by a fifth. What else fell?",
        _doses("recording.system_change", (0.1, 0.2, 0.3), "of crimes lost from the change on"),
        _months,
        "The fall is in the books, not in the streets; and whoever's crimes fall out is off the list. Mark the change on every figure.",
        "A force recorded 77.7 % of reported crime after its change of system, 89.1 % before; 80,100 crimes lost (HMICFRS, December 2020).",
    ),
    Scenario(
        "rule-change",
        "A rule change that looks like a fall",
        "From one month on fewer extra crimes are recorded for each report. Did violence go down?",
        _doses("recording.system_change", (0.03, 0.05, 0.08), "fewer crimes from one month on"),
        _months,
        "A step in all units in one month is a rule or a system. Trends across it are none, and recency and frequency change for everybody.",
        "June 2023: fewer extra crimes a report, −5 %; April 2018 and 2020 likewise (ONS, Home Office).",
    ),
    Scenario(
        "three-small-things",
        "Stalking written down as three small things",
        "Stalking is recorded as harassment, malicious communications, criminal damage. Every code is valid: who disappears?",
        _doses("offence.downgraded", (0.05, 0.15, 0.35, 0.6), "of stalking and other grave crimes coded as something lesser"),
        _effect,
        "A plausible wrong code passes every check. What is weighed by harm is lost with the code, and only a look into cases finds it.",
        "Stalking coded lower: proposed 5 to 35 %; harassment, stalking and coercive control are 37.9 % of violence not recorded (HMICFRS 2025).",
    ),
    Scenario(
        "which-date",
        "The date of the offence, or of the report?",
        "A rape is reported years later. Does it belong to this year's list, or to that of the year it happened in?",
        {"the other date": Recipe(), "another window": Recipe()},
        _choices,
        "Neither is wrong, and they give different lists. Choose, say so, and show how much of the list rests on the choice.",
        "Of rapes 20 % are reported the same day and 30 % after a year (proposed).",
    ),
    Scenario(
        "weights-are-policy",
        "The weights are the policy",
        "Same people, same crimes, clean data. Weigh by harm days, by the severity score, or just count: is it the same list?",
        {"other weights": Recipe()},
        _choices,
        "A weight is a decision about which harm matters. It moves more places than most defects do, and no data quality will settle it.",
        "Cambridge Crime Harm Index beside the ONS Crime Severity Score; Ashby 2017.",
    ),
    Scenario(
        "placeholders",
        "Placeholders that pass for data",
        "The field is never empty: it says UNKNOWN, N/K or TEST. Is it complete?",
        {
            f"{100 * value:g} % of names a placeholder": Recipe((("identity.placeholder_name", value),), fields=True)
            for value in (0.01, 0.05, 0.2)
        },
        _placeholders,
        "A mandatory field without an honest way out is filled with something. Count placeholders as blanks, and let a field be empty.",
        "UNKNOWN, N/K, TEST and 1 January are the usual fillers (illustrative rates).",
        clean=Recipe(fields=True),
    ),
    Scenario(
        "dead-field",
        "92 per cent, with a dead field",
        "The dashboard says: data quality 92 %. Would you make a list of it?",
        {
            f"{100 * value:g} % of offence codes missing": Recipe((("missing.offence_code", value),), fields=True)
            for value in (0.5, 0.9, 1.0)
        },
        _dead_field,
        "An average hides the one field on which everything rests. Look at the lowest, for the use you have in mind.",
        "One dimension is not sufficient and no criterion universal (UK Government Data Quality Framework; NHS Data Quality Maturity Index).",
        clean=Recipe(fields=True),
    ),
    Scenario(
        "unequal-blanks",
        "Blanks that fall on some groups, and a 'fair' that cannot be tested",
        "Blanks, splits and lost links fall on some groups more than on others. Does the list treat people alike, and could the force tell?",
        {
            f"odds {1 + odds:g} times as high for people who are not White British": Recipe(
                (
                    ("equality.unequal", odds),
                    ("identity.duplicate_rate", 0.2),
                    ("linkage.suspect_not_linked", 0.15),
                    ("missing.suspect_ethnicity", 0.45),
                    ("missing.victim_ethnicity", 0.6),
                ),
                k=300,
            )
            for odds in (0.0, 4.0, 10.0)
        },
        _unequal,
        "What is missing for some moves the list for them. Where ethnicity itself is missing nobody can test it: say 'cannot be tested'.",
        "Suspects' ethnicity not recorded: 28 to 86 % by area (IICSA 2022, part H.4); two thirds in group-based cases (Casey, June 2025).",
        clean=Recipe(k=300),
    ),
    Scenario(
        "small-forces",
        "Small forces, alone or together",
        "Ten places each for small forces, or one list for all of them: which finds more of those it should?",
        {
            f"{number} small forces": Recipe(
                (("identity.duplicate_rate", 0.1), ("linkage.suspect_not_linked", 0.08), ("world.border_share", 0.06)),
                SMALL_FORCES[:number],
                0.35,
                None,
            )
            for number in (2, 4, 6)
        },
        _pooled,
        "Offenders cross borders and lists do not. Pooling records helps as far as records of one person can be matched across forces.",
        "Smaller forces to work together on data collection (Labour, 2023); lists of serial perpetrators in Wales overlap in at best 1 of 100 "
        "people (Robinson, Clancy and Hanks 2014).",
        clean=Recipe((("world.border_share", 0.06),), SMALL_FORCES[:2], 0.35, None),
    ),
    Scenario(
        "unreported",
        "Clean data that still misses five rapes of six",
        "Suppose every report is recorded, every field full, every person one record. What does the list still not know?",
        {f"{100 * share:g} % of rapes reported": Recipe((("reporting.rape", share),)) for share in (0.1, 0.33, 0.5)},
        _unreported,
        "Data quality ends where reporting ends. A list can only hold whom victims dared to name.",
        "Fewer than 1 in 6 victims of rape or penetration tell the police (CSEW 2017 and 2020); about 1 in 5 of domestic abuse (SafeLives).",
    ),
    Scenario(
        "no-history",
        "Over half of the worst had no history",
        "Take the people who do most harm this year. How many of them were known before?",
        {"as published": Recipe(), "repeat offending twice as high": Recipe((("world.repeat", 2.0),))},
        _history,
        "A list made from history misses those without one. Prioritising known suspects is one tool, not protection.",
        "Suffolk: under 2 % of dyads make 80 % of the harm, and over half of those had no prior contact with police (Bland and Ariel 2015).",
    ),
)
