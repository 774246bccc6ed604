"""Lessons about fields: placeholders, averages that hide a dead field, blanks that fall on some groups."""

from audit.presentation.tables import Cell, Table
from audit.presentation.wording import count, interval, percent, points, points_interval
from dashboard.lessons.claim import Claim
from dashboard.lessons.lab import FIELDS, Lab, Recipe
from dashboard.lessons.lesson import Lesson, Reveal, severities
from dashboard.lessons.reveals import COLUMNS, missed


def _placeholders(clean: Lab, defective: Lab, severity: str) -> Reveal:
    rows, claims, said = [], [], []
    blank = 0.0
    for name in ("forename", "surname"):
        key = ("persons", name)
        counted = [lab.blanks.loc[key] for lab in (clean, defective)]
        unusable = [_unusable(lab, key) for lab in (clean, defective)]
        rows.append([Cell(f"{name.capitalize()}s blank"),
                     *(Cell(count(one["failed"]), f"of {count(one['total'])}", number=True) for one in counted)])  # fmt: skip
        rows.append([Cell(f"{name.capitalize()}s blank or a placeholder"),
                     *(Cell(percent(one[0]), interval(one[1], one[2]) if one[0] else "", number=True) for one in unusable)])  # fmt: skip
        claims.append(Claim(f"{name}s that are none", *unusable[1], beyond=float(counted[1]["failed"] / counted[1]["total"])))
        said.append(f"{percent(unusable[1][0])} of {name}s")
        blank += float(counted[1]["failed"])
    return Reveal(
        f"A count of blanks finds {count(blank)}, so the field looks complete; a score that knows placeholders finds that "
        f"{' and '.join(said)} are no names.",
        Table("Is the name there?", COLUMNS, rows),
        tuple(claims),
    )


def _unusable(lab: Lab, key: tuple[str, str]) -> tuple[float, float, float]:
    row = lab.scores.set_index(["table", "field"]).loc[key]
    return 1 - float(row["score"]), 1 - float(row["high"]), 1 - float(row["low"])


def _dead_field(clean: Lab, defective: Lab, severity: str) -> Reveal:
    known = defective.scores["score"].dropna()
    average, lowest = float(known.mean()), float(known.min())
    value, low, high = missed(defective)
    before = clean.scores["score"].dropna()
    rows = [
        [Cell(f"Average of {len(known)} fields"), Cell(percent(before.mean()), number=True), Cell(percent(average), number=True)],
        [Cell("Lowest field: the offence"), Cell(percent(before.min()), number=True), Cell(percent(lowest), number=True)],
        [Cell("People missed, of those the list should hold"), Cell(percent(missed(clean)[0], digits=0), number=True),
         Cell(percent(value, digits=0), interval(low, high, 0), number=True)],
    ]  # fmt: skip
    return Reveal(
        f"With {severity} the average still says {percent(average)}, and the list misses {percent(value, digits=0)} "
        f"({interval(low, high, 0)}) of the people it should hold.",
        Table("One average, one lowest field, and the list", COLUMNS, rows),
        (Claim("average", average, average, average, beyond=0.9), Claim("people missed", value, low, high, beyond=0.3)),
    )


def _unequal(clean: Lab, defective: Lab, severity: str) -> Reveal:
    rows = []
    claim = Claim("people found, White people and others", 0.0, 0.0, 0.0)
    testable = True
    for title, lab in (("Clean records", clean), ("With defects", defective)):
        groups = lab.effect.group_differences.query("attribute == 'ethnicity' and force == 'all' and group == 'White'")
        for row in groups[groups["people"].notna()].itertuples():
            rows.append(
                [
                    Cell(title),
                    Cell(percent(row.recall_at_k, digits=0), f"of {count(row.people)}", number=True),
                    Cell(percent(row.rest_recall_at_k, digits=0), f"of {count(row.rest_people)}", number=True),
                    Cell(points(row.difference), points_interval(row.low, row.high), number=True),
                    Cell("yes" if row.testable else "no"),
                ]
            )
            if lab is defective:
                claim = Claim("people found, White people and others", float(row.difference), float(row.low), float(row.high))
                testable = bool(row.testable)
    sizes = "found of White people and of others differs by"
    cannot = "" if testable else " A force cannot test it: ethnicity is missing on too many records."
    return Reveal(
        f"With {severity}, the share {sizes} {points(claim.value)} points ({points_interval(claim.low, claim.high)}).{cannot}",
        Table("People found", ["Records", "White", "Others", "Difference, points", "Could a force test it?"], rows),
        (claim,),
    )


UNEQUAL = (
    ("identity.duplicate_rate", 0.2),
    ("linkage.suspect_not_linked", 0.15),
    ("missing.suspect_ethnicity", 0.45),
    ("missing.victim_ethnicity", 0.6),
)
LONG = 1000
"""Length of the list where groups are compared, so that small groups are more than a few people."""

LESSONS = (
    Lesson(
        "placeholders",
        "Placeholders that pass for data",
        "The field is never empty: it says UNKNOWN, N/K or TEST. Is it complete?",
        ("Complete", "A few are missing", "Many are missing"),
        "How many names are a placeholder",
        severities("identity.placeholder_name", (0.01, 0.05, 0.2), "of names a placeholder", FIELDS),
        _placeholders,
        "A mandatory field without an honest way out is filled with something. Count placeholders as blanks, and let a field be empty.",
        "UNKNOWN, N/K, TEST and 1 January are the usual fillers (illustrative rates).",
        "20% of names a placeholder",
        clean=FIELDS,
    ),
    Lesson(
        "dead-field",
        "A high average, with a dead field",
        "The dashboard gives a high average for data quality. Would you make a list from it?",
        ("Yes", "After a look at the lowest field", "No"),
        "How many offence codes are missing",
        severities("missing.offence_code", (0.5, 0.9, 1.0), "of offence codes missing", FIELDS),
        _dead_field,
        "An average hides the one field on which everything rests. Look at the lowest, for the use you have in mind.",
        "One dimension is not sufficient and no criterion universal (UK Government Data Quality Framework; NHS Data Quality Maturity Index).",
        "90% of offence codes missing",
        clean=FIELDS,
    ),
    Lesson(
        "unequal-blanks",
        "Defects that fall on some groups, and a “fair” that cannot be tested",
        "Splits and lost links fall on some groups more than on others. Does the list find people alike, and could the force find out?",
        ("It finds them alike", "It does not, and the force can see it", "It does not, and the force cannot see it"),
        "On whom the defects fall",
        {
            label: Recipe((("equality.unequal", odds), *UNEQUAL), scale=1.0, k=LONG)
            for label, odds in (
                ("odds of a defect equal for all", 0.0),
                ("odds five times as high for people who are not White British", 4.0),
                ("odds eleven times as high for people who are not White British", 10.0),
            )
        },
        _unequal,
        "What is missing for some moves the list for them. Where ethnicity itself is missing nobody can test it: say “cannot be tested”.",
        "Suspects' ethnicity not recorded: 28 to 86% by area (IICSA 2022, part H.4); two thirds in group-based cases (Casey, June 2025).",
        "odds five times as high for people who are not White British",
        clean=Recipe(scale=1.0, k=LONG),
    ),
)
