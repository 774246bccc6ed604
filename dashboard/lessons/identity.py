"""Lessons about identity and links: split records, shared records, unlinked suspects, lists that stop at a force's border."""

from audit.presentation.tables import Cell, Table
from audit.presentation.wording import interval, percent
from dashboard.lessons.claim import Claim, difference
from dashboard.lessons.lab import Lab, Recipe
from dashboard.lessons.lesson import Lesson, Reveal, severities
from dashboard.lessons.reveals import effect, fragments, shared

SMALL_FORCES = ("durnley", "eskerdale", "fellgate", "cairnwater", "hartsmoor", "garrowby")
SMALL = 0.3
SHARED = Recipe(scale=1.0, k=300)
"""A longer list where few of it are affected, so that a class sees more than chance."""
BORDER = ("world.border_share", 0.1)


def _pooled(clean: Lab, defective: Lab, severity: str) -> Reveal:
    together = defective.effect.together.query("scope == 'nation'").iloc[0]
    found = {
        name: (float(together[f"recall_{name}"]), float(together[f"recall_{name}_low"]), float(together[f"recall_{name}_high"]))
        for name in ("alone", "together", "matched")
    }
    titles = {
        "alone": "Each force alone, with a list of its own",
        "together": "One list of all their records",
        "matched": "One list, with records of the same person matched",
    }
    rows = [
        [Cell(title), Cell(percent(found[name][0], digits=0), interval(found[name][1], found[name][2], 0), number=True)]
        for name, title in titles.items()
    ]
    alone, one, matched = (percent(found[name][0], digits=0) for name in titles)
    return Reveal(
        f"{severity}: of the people one list for all should hold, separate lists find {alone}, one list of all records {one}, and "
        f"one list with records matched without error {matched}.",
        Table(
            f"Of the {together['truth_size']:.0f} people one list for all should hold", ["", "Found"], rows,
            "No real matching is without error.",
        ),
        (Claim("found by matching", *difference(found["together"], found["matched"])),),
    )  # fmt: skip


LESSONS = (
    Lesson(
        "three-records",
        "One person, three records",
        "A force holds three records for each person. A list ranks records, so how many of the people it should hold drop off it?",
        ("Under 10 of 100", "10 to 40", "Over 40"),
        "How many person records are duplicates",
        severities("identity.duplicate_rate", (0.1, 0.3, 0.5, 0.68), "duplicate person records"),
        fragments,
        "A split record divides what a person is accused of, and each part alone ranks lower. Search before a record is made; merge "
        "after someone has looked.",
        "1,867,000 person records in an area of fewer than 600,000 residents, Cleveland Police's “Golden Nominal” (Experian, "
        "Computerworld): three records a resident. How many people they stand for is not known, so three records a person is "
        "illustrative.",
        "68% duplicate person records",
        clean=Recipe(),
    ),
    Lesson(
        "two-people-one-record",
        "Two people, one record",
        "Two people with similar names share one record. Is anybody on the list for what the other did?",
        ("Nobody", "A few of 100", "Over 5 of 100"),
        "How many records stand for two people",
        severities("identity.overlaid", (0.01, 0.05, 0.1), "of records standing for two people", SHARED),
        shared,
        "No check can see this from the data alone: the record is complete, valid and unique. It is the opposite error to a split, and "
        "eager merging makes more of it.",
        "The share of shared records is proposed; no force publishes it.",
        "10% of records standing for two people",
        clean=SHARED,
    ),
    Lesson(
        "named-not-linked",
        "Named, and never linked",
        "The crime report names a suspect, and nobody links the person record. The field says “named”. Does the list know?",
        ("Yes, the crime is recorded", "It misses a few", "It misses many"),
        "How many named suspects are not linked",
        severities("linkage.suspect_not_linked", (0.05, 0.1, 0.2, 0.35), "of named suspects not linked"),
        effect,
        "A list counts links, not names. Look at the gate “named suspects linked” first: it is checked without any truth, and "
        "is fixed where the crime is filed.",
        "Named suspects not linked: proposed 2 to 20%; no force publishes it.",
        "20% of named suspects not linked",
        clean=Recipe(),
    ),
    Lesson(
        "small-forces",
        "Small forces, alone or together",
        "A list for each small force, or one for all of them: does it help to put their records in one place?",
        ("It helps", "It makes no difference", "It makes it worse"),
        "How many forces there are",
        {
            f"{number} small forces": Recipe(
                (("identity.duplicate_rate", 0.3), ("linkage.suspect_not_linked", 0.03), BORDER), SMALL_FORCES[:number], SMALL, None
            )
            for number in (2, 4, 6)
        },
        _pooled,
        "Putting records in one place finds nobody by itself; it helps as far as records of the same person can be matched, within "
        "a force and across forces.",
        "Smaller forces to work together on data collection (Labour, 2023). In Wales police, probation and third sector each called 4 "
        "to 20% of the same 100 perpetrators serial and agreed on at most 1 of them: agencies, not forces (Robinson, Clancy and Hanks "
        "2014).",
        "6 small forces",
        clean=Recipe((BORDER,), SMALL_FORCES[:1], 0.1, None),
    ),
)
