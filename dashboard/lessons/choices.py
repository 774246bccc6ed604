"""Lessons about choices and codes: the date, the weights, plausible wrong codes."""

import pandas as pd

from audit.presentation.tables import Cell, Table
from audit.presentation.wording import count, interval, option_title, percent, words
from dashboard.lessons.claim import Claim, change, share, signed
from dashboard.lessons.lab import FIELDS, K, Lab, Recipe
from dashboard.lessons.lesson import Lesson, Reveal, severities
from dashboard.lessons.reveals import missed

CHOICES = {"the other date": "date_basis", "other weights": "weights", "another window": "window"}
LEAST_MOVED = 0.1
"""Share of the places that a choice must move for its lesson to show its point."""


def _choices(clean: Lab, defective: Lab, severity: str) -> Reveal:
    mine = clean.effect.choices.query(f"choice == '{CHOICES[severity]}'")
    rows, moved = [], []
    for row in mine.itertuples():
        value, low, high = share(round(K * (1 - float(row.overlap_with_default))), K)
        moved.append((value, low, high))
        rows.append([Cell(option_title(str(row.option))), Cell(percent(value, digits=0), interval(low, high, 0), number=True)])
    most = max(moved)
    return Reveal(
        f"The records are clean and the people the same, and with {severity} {percent(most[0], digits=0)} of the places go to others "
        f"({interval(most[1], most[2], 0)}).",
        Table("Places on the list that go to others", ["Chosen instead", "Places that change"], rows),
        (Claim("places that change", *most, beyond=LEAST_MOVED),),
    )


def _codes(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """Crimes by offence group, clean and with wrong codes; what the checks of the code say; how many people the list misses."""
    both = pd.DataFrame({"clean": clean.groups, "defective": defective.groups}).fillna(0)
    both["change"] = both["defective"] / both["clean"] - 1
    moved = both[both["change"].abs() > 1e-9].sort_values("change")
    rows = [
        [
            Cell(f"{words(str(group)).capitalize()}, crimes recorded"),
            Cell(count(row["clean"]), number=True),
            Cell(count(row["defective"]), signed(row["change"]), number=True),
        ]
        for group, row in moved.iterrows()
    ]
    scores = [lab.scores.set_index(["table", "field"]).loc[("crimes", "offence_code"), "score"] for lab in (clean, defective)]
    rows.append([Cell("Codes that are present and valid"), *(Cell(percent(one), number=True) for one in scores)])
    value, low, high = missed(defective)
    rows.append([Cell("People a list by total harm misses"), Cell("0%", number=True),
                 Cell(percent(value, digits=0), interval(low, high, 0), number=True)])  # fmt: skip
    falls, rises = moved.index[0], moved.index[-1]
    return Reveal(
        f"Recorded {words(str(falls))} changes by {signed(moved['change'].iloc[0])} and {words(str(rises))} by "
        f"{signed(moved['change'].iloc[-1])}, and {percent(scores[1])} of the codes are valid: no check objects.",
        Table("What the records show", ["", "Right codes", "Wrong codes"], rows),
        (
            Claim(f"{words(str(falls))} falls", *change(both.loc[falls, "clean"], both.loc[falls, "defective"]), below=True),
            Claim(f"{words(str(rises))} rises", *change(both.loc[rises, "clean"], both.loc[rises, "defective"])),
            Claim("codes that are valid", scores[1], scores[1], scores[1], beyond=scores[0] - 0.001),
        ),
    )


LESSONS = (
    Lesson(
        "three-small-things",
        "Stalking written down as three small things",
        "Stalking is recorded as harassment, malicious communications, criminal damage. Every code is valid. Will a check find it?",
        ("Yes, a check will", "Only the totals show it", "Nothing shows it"),
        "How many cases of stalking and other grave crimes are coded as something lesser",
        severities("offence.downgraded", (0.05, 0.15, 0.35, 0.6), "coded lower", FIELDS),
        _codes,
        "A plausible wrong code passes every check. The offence disappears from the figures and from every decision that rests on its "
        "code. A list by total harm hardly changes, since the gravest crimes decide it. Only reading cases finds it.",
        "Stalking coded lower: proposed 5 to 35%; harassment, stalking and coercive control are 37.9% of violence not recorded (HMICFRS "
        "2025).",
        "35% coded lower",
        clean=FIELDS,
    ),
    Lesson(
        "which-date",
        "The date of the offence, or of the report?",
        "A rape is reported years later. Does it belong to this year's list, or to that of the year it happened in? Does it matter?",
        ("It hardly matters", "A tenth of the list changes", "Much more changes"),
        "What is chosen differently",
        {"the other date": Recipe(), "another window": Recipe()},
        _choices,
        "Neither is wrong, and they give different lists. Choose, say so, and show how much of the list rests on the choice.",
        "Of rapes 20% are reported the same day and 30% after a year (proposed).",
        "the other date",
        clean=Recipe(),
    ),
    Lesson(
        "weights-are-policy",
        "The weights are the policy",
        "Same people, same crimes, clean data. Weigh by harm, or just count crimes: is it the same list?",
        ("Nearly the same", "Half the same", "Mostly others"),
        "What is chosen differently",
        {"other weights": Recipe()},
        _choices,
        "A weight is a decision about which harm matters, and no data quality will settle it. Two scales of harm agree here, and "
        "counting crimes gives another list.",
        "Cambridge Crime Harm Index beside the ONS Crime Severity Score; Ashby 2017.",
        "other weights",
        clean=Recipe(),
    ),
)
