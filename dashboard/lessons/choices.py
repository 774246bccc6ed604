"""Lessons about choices and codes: the date, the weights, plausible wrong codes."""

import pandas as pd

from audit.presentation.tables import Cell, Table
from audit.presentation.wording import count, option_title, percent, words
from dashboard.lessons.lab import Lab, Recipe
from dashboard.lessons.lesson import Lesson, Reveal, severities
from dashboard.lessons.reveals import effect

CHOICES = {"the other date": "date_basis", "other weights": "weights", "another window": "window"}


def _choices(clean: Lab, defective: Lab, severity: str) -> Reveal:
    choices = clean.effect.choices
    mine = choices[(choices["instrument"] == "harm_365") & (choices["choice"] == CHOICES[severity])]
    rows = [
        [
            Cell(option_title(str(row.option))),
            Cell(percent(row.overlap_with_default, digits=0), number=True),
            Cell("100%", number=True),
        ]
        for row in mine.itertuples()
    ]
    lowest = mine["overlap_with_default"].min()
    return Reveal(
        f"The records are clean and the world is the same, and with {severity} {100 * (1 - lowest):.0f} of 100 places go to others.",
        Table("Share of the list that stays", ["Chosen instead", "Stays", "With no choice changed"], rows),
    )


def _codes(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """Crimes by offence group, clean and with wrong codes, and how many people the list misses."""
    both = pd.DataFrame({"clean": clean.groups, "defective": defective.groups}).fillna(0)
    both["change"] = both["defective"] / both["clean"] - 1
    rows = [
        [
            Cell(words(str(group)).capitalize()),
            Cell(count(row["clean"]), number=True),
            Cell(count(row["defective"]), number=True),
            Cell(f"{100 * row['change']:+.0f}%".replace("-", "−"), number=True),
        ]
        for group, row in both.sort_values("change").iterrows()
    ]
    missed = effect(clean, defective, severity).sentence
    fall, rise = both["change"].min(), both["change"].max()
    return Reveal(
        f"Recorded {words(str(both['change'].idxmin()))} falls by {-100 * fall:.0f}% and {words(str(both['change'].idxmax()))} rises "
        f"by {100 * rise:.0f}%, and no check objects. {missed}",
        Table("Crimes by offence group, as recorded", ["Offences", "Right codes", "Wrong codes", "Change"], rows),
    )


LESSONS = (
    Lesson(
        "three-small-things",
        "Stalking written down as three small things",
        "Stalking is recorded as harassment, malicious communications, criminal damage. Every code is valid: what disappears?",
        severities("offence.downgraded", (0.05, 0.15, 0.35, 0.6), "of stalking and other grave crimes coded as something lesser"),
        _codes,
        "A plausible wrong code passes every check. The offence disappears from the figures and from every decision that rests on its "
        "code, even where a list by total harm, which the gravest crimes decide, hardly changes. Only reading cases finds it.",
        "Stalking coded lower: proposed 5 to 35%; harassment, stalking and coercive control are 37.9% of violence not recorded (HMICFRS "
        "2025).",
        "35% of stalking and other grave crimes coded as something lesser",
    ),
    Lesson(
        "which-date",
        "The date of the offence, or of the report?",
        "A rape is reported years later. Does it belong to this year's list, or to that of the year it happened in?",
        {"the other date": Recipe(), "another window": Recipe()},
        _choices,
        "Neither is wrong, and they give different lists. Choose, say so, and show how much of the list rests on the choice.",
        "Of rapes 20% are reported the same day and 30% after a year (proposed).",
        "the other date",
    ),
    Lesson(
        "weights-are-policy",
        "The weights are the policy",
        "Same people, same crimes, clean data. Weigh by harm days, by the severity score, or just count: is it the same list?",
        {"other weights": Recipe()},
        _choices,
        "A weight is a decision about which harm matters. It moves more places than most defects do, and no data quality will settle it.",
        "Cambridge Crime Harm Index beside the ONS Crime Severity Score; Ashby 2017.",
        "other weights",
    ),
)
