"""Lessons about identity: split records, shared records, lists that stop at a force's border."""

from audit.presentation.tables import Cell, Table
from audit.presentation.wording import interval, percent
from dashboard.lessons.lab import Lab, Recipe
from dashboard.lessons.lesson import Lesson, Reveal, severities
from dashboard.lessons.reveals import fragments

SMALL_FORCES = ("durnley", "eskerdale", "fellgate", "cairnwater", "hartsmoor", "garrowby")


def _pooled(clean: Lab, defective: Lab, severity: str) -> Reveal:
    together = defective.effect.together.query("instrument == 'harm_365' and scope == 'nation'").iloc[0]
    rows = [
        [
            Cell(title),
            Cell(percent(together[name], digits=0), interval(together[f"{name}_low"], together[f"{name}_high"], 0), number=True),
            Cell("100%", number=True),
        ]
        for title, name in (
            ("Each force alone, with a list of its own", "recall_alone"),
            ("One list of all their records", "recall_together"),
            ("One list, with duplicate records matched without error", "recall_matched"),
        )
    ]
    alone, one, matched = (percent(together[f"recall_{name}"], digits=0) for name in ("alone", "together", "matched"))
    return Reveal(
        f"{severity}: of the people one list for all should hold, separate lists find {alone}, one list of all records {one}, and "
        f"one list with duplicate records matched without error {matched}.",
        Table("Of the people one list for all should hold", ["", "Found", "Truth"], rows),
    )


LESSONS = (
    Lesson(
        "three-records",
        "One person, three records",
        "A force holds three records for each person. Ranking records ranks fragments: how many of the worst drop off the list?",
        severities("identity.duplicate_rate", (0.1, 0.3, 0.5, 0.68), "duplicate person records"),
        fragments,
        "A split record divides what a person is accused of, so those with most crimes, who are split most, drop off first. Search "
        "before a record is made; merge after someone has looked.",
        "1,867,000 person records in an area of fewer than 600,000 residents, Cleveland Police's “Golden Nominal” (Experian, "
        "Computerworld): three records a resident. How many people they stand for is not known, so three records a person is "
        "illustrative.",
        "68% duplicate person records",
    ),
    Lesson(
        "two-people-one-record",
        "Two people, one record",
        "Two people with similar names share one record. Who is put on the list for what the other did?",
        severities("identity.overlaid", (0.01, 0.05, 0.1), "of records stand for two people"),
        fragments,
        "No check can see this from the data alone: the record is complete, valid and unique. It is the opposite error to a split, and "
        "eager merging makes more of it.",
        "The share of shared records is proposed; no force publishes it.",
        "10% of records stand for two people",
    ),
    Lesson(
        "small-forces",
        "Small forces, alone or together",
        "A list for each small force, or one for all of them: which finds more of the people it should?",
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
        "Offenders cross borders and lists do not. Putting records in one place finds little by itself; it helps as far as records of "
        "the same person can be matched across forces.",
        "Smaller forces to work together on data collection (Labour, 2023). In Wales police, probation and third sector each called 4 "
        "to 20% of the same 100 perpetrators serial and agreed on at most 1 of them: agencies, not forces (Robinson, Clancy and Hanks "
        "2014).",
        "6 small forces",
        clean=Recipe((("world.border_share", 0.06),), SMALL_FORCES[:2], 0.35, None),
    ),
)
