"""Lessons about fields: placeholders, averages that hide a dead field, blanks that fall on some groups."""

import numpy as np

from audit.presentation.tables import Cell, Table
from audit.presentation.wording import count, interval, percent, points, points_interval
from dashboard.lessons.lab import Lab, Recipe
from dashboard.lessons.lesson import Lesson, Reveal
from dashboard.lessons.reveals import COLUMNS


def _placeholders(clean: Lab, defective: Lab, severity: str) -> Reveal:
    rows = []
    for name in ("forename", "surname"):
        key = ("persons", name)
        blank = [1 - lab.blanks.loc[key] for lab in (clean, defective)]
        scores = [lab.scores.set_index(["table", "field"]).loc[key] for lab in (clean, defective)]
        rows.append([Cell(f"{name.capitalize()}: not blank"), *(Cell(percent(share), number=True) for share in blank), FULL])
        rows.append(
            [
                Cell(f"{name.capitalize()}: present, valid and no placeholder"),
                *(Cell(percent(one["score"]), interval(one["low"], one["high"]), number=True) for one in scores),
                FULL,
            ]
        )
    names = [1 - defective.blanks.loc[("persons", name)] for name in ("forename", "surname")]
    return Reveal(
        f"With {severity}, {percent(min(names))} of names are not blank, so a count of blanks calls them complete; a score that knows "
        "placeholders does not.",
        Table("Two ways to measure whether a name is there", COLUMNS, rows),
    )


def _dead_field(clean: Lab, defective: Lab, severity: str) -> Reveal:
    rows = []
    for title, reduce in (("Average of all fields", np.mean), ("Lowest field", np.min)):
        shares = [float(reduce(lab.scores["score"].dropna())) for lab in (clean, defective)]
        rows.append([Cell(title), *(Cell(percent(share, digits=0), number=True) for share in shares), FULL])
    found = [lab.figure("recall_at_k") for lab in (clean, defective)]
    rows.append([Cell("People found"), *(Cell(percent(share, digits=0), number=True) for share in found), FULL])
    average = float(defective.scores["score"].mean())
    return Reveal(
        f"With {severity} the average still says {percent(average, digits=0)}, while the list finds {percent(found[1], digits=0)} of the "
        "people it should hold.",
        Table("One average, one lowest field, and the list", COLUMNS, rows),
    )


FULL = Cell("100%", number=True)


def _unequal(clean: Lab, defective: Lab, severity: str) -> Reveal:
    rows, clear = [], 0
    for title, lab in (("Clean", clean), ("With defects", defective)):
        groups = lab.effect.group_differences.query("instrument == 'harm_365' and attribute == 'ethnicity' and force == 'all'")
        for row in groups[groups["people"].notna()].itertuples():
            clear += title != "Clean" and (row.high < 0 or row.low > 0)
            rows.append(
                [
                    Cell(title), Cell(row.group), Cell(count(row.people), number=True),
                    Cell(percent(row.recall_at_k, digits=0), number=True), Cell(percent(row.rest_recall_at_k, digits=0), number=True),
                    Cell(points(row.difference), points_interval(row.low, row.high), number=True),
                    Cell("yes" if row.testable else "no"),
                ]
            )  # fmt: skip
    beyond = "no difference is beyond chance" if not clear else "the list misses some groups more than others, beyond chance"
    return Reveal(
        f"With {severity}, {beyond}. Where ethnicity is missing on over 35% of records, a force cannot test that in its own data: “fair” "
        "is then a word, not a finding. The bench can, since it knows the truth.",
        Table(
            "People found, by ethnicity; groups under 10 people are not shown",
            ["Records", "Group", "People", "Found", "Found of the rest", "Difference, points", "Could a force test it?"],
            rows,
        ),
    )


UNEQUAL_FORCES = ("aldermoor", "durnley")

LESSONS = (
    Lesson(
        "placeholders",
        "Placeholders that pass for data",
        "The field is never empty: it says UNKNOWN, N/K or TEST. Is it complete?",
        {
            f"{100 * value:g}% of names a placeholder": Recipe((("identity.placeholder_name", value),), fields=True)
            for value in (0.01, 0.05, 0.2)
        },
        _placeholders,
        "A mandatory field without an honest way out is filled with something. Count placeholders as blanks, and let a field be empty.",
        "UNKNOWN, N/K, TEST and 1 January are the usual fillers (illustrative rates).",
        "20% of names a placeholder",
        clean=Recipe(fields=True),
    ),
    Lesson(
        "dead-field",
        "A high average, with a dead field",
        "The dashboard gives a high average for data quality. Would you make a list from it?",
        {
            f"{100 * value:g}% of offence codes missing": Recipe((("missing.offence_code", value),), fields=True)
            for value in (0.5, 0.9, 1.0)
        },
        _dead_field,
        "An average hides the one field on which everything rests. Look at the lowest, for the use you have in mind.",
        "One dimension is not sufficient and no criterion universal (UK Government Data Quality Framework; NHS Data Quality Maturity Index).",
        "90% of offence codes missing",
        clean=Recipe(fields=True),
    ),
    Lesson(
        "unequal-blanks",
        "Blanks that fall on some groups, and a “fair” that cannot be tested",
        "Blanks, splits and lost links fall on some groups more than on others. Does the list treat people alike, and could the force find out?",
        {
            f"odds {1 + odds:g} times as high for people who are not White British": Recipe(
                (
                    ("equality.unequal", odds),
                    ("identity.duplicate_rate", 0.2),
                    ("linkage.suspect_not_linked", 0.15),
                    ("missing.suspect_ethnicity", 0.45),
                    ("missing.victim_ethnicity", 0.6),
                ),
                k=400,
            )
            for odds in (4.0, 10.0)
        },
        _unequal,
        "What is missing for some moves the list for them. Where ethnicity itself is missing nobody can test it: say “cannot be tested”.",
        "Suspects' ethnicity not recorded: 28 to 86% by area (IICSA 2022, part H.4); two thirds in group-based cases (Casey, June 2025).",
        "odds 11 times as high for people who are not White British",
        clean=Recipe(k=400),
    ),
)
