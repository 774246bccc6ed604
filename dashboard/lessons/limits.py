"""Lessons about what no data quality can change: what is never reported, and who was not known before."""

from audit.presentation.tables import Cell, Table
from audit.presentation.wording import count, interval, percent, words
from dashboard.lessons.claim import Claim, difference, share
from dashboard.lessons.lab import WORST, Lab, Recipe
from dashboard.lessons.lesson import Lesson, Reveal, severities


def _unreported(clean: Lab, defective: Lab, severity: str) -> Reveal:
    events = defective.unreported.query("attribute == 'all'").groupby("offence_group")[["events", "unreported"]].sum()
    rows = []
    for group, row in events.sort_values("unreported", ascending=False).iterrows():
        value, low, high = share(row["unreported"], row["events"])
        rows.append(
            [
                Cell(words(str(group)).capitalize()),
                Cell(count(row["events"]), number=True),
                Cell(count(row["unreported"]), number=True),
                Cell(percent(value), interval(low, high), number=True),
            ]
        )
    value, low, high = share(events.loc["rape", "unreported"], events.loc["rape", "events"])
    return Reveal(
        f"Every record here is clean, and {percent(value)} of rapes ({interval(low, high)}) are in no record at all.",
        Table("What happened, and what was never reported", ["Offences", "Happened", "Never reported", "Share"], rows),
        (Claim("rapes never reported", value, low, high, beyond=0.4),),
    )


UNITS = {"pairs": "Pairs of a suspect and a victim", "suspects": "Suspects", "victims": "Victims"}


def _history(clean: Lab, defective: Lab, severity: str) -> Reveal:
    history = defective.history
    unknown = {what: share(row["unknown"], row["worst"]) for what, row in history.iterrows()}
    rows = [
        [
            Cell(title),
            Cell(count(history.loc[what, "unknown"]), number=True),
            Cell(percent(unknown[what][0], digits=0), interval(unknown[what][1], unknown[what][2], 0), number=True),
        ]
        for what, title in UNITS.items()
    ]
    pairs, suspects, victims = (percent(unknown[what][0], digits=0) for what in UNITS)
    return Reveal(
        f"No report in the two years before: {pairs} of the pairs with most harm, {suspects} of the suspects, {victims} of the victims.",
        Table(
            f"Of the {WORST:,} with most harm in a year: not known before", ["Counted", "No report before", "Share"], rows,
            "Harm reported in the last 12 months; known before: a report in the two years before those.",
        ),
        (Claim("pairs unknown more often than suspects", *difference(unknown["suspects"], unknown["pairs"])),),
    )  # fmt: skip


LESSONS = (
    Lesson(
        "unreported",
        "Clean data that still misses five rapes of six",
        "Suppose every report is recorded, every field full, every person one record. Does the list know the worst?",
        ("Yes, all that matters", "Most of it", "Less than half"),
        "How many rapes are reported",
        severities("reporting.rape", (0.16, 0.33, 0.5), "of rapes reported"),
        _unreported,
        "Data quality ends where reporting ends. A list can only hold people whom victims were able to name.",
        "Fewer than 1 in 6 victims of rape or penetration tell the police (CSEW 2017 and 2020); about 1 in 5 of domestic abuse (SafeLives).",
        "16% of rapes reported",
        clean=Recipe((("reporting.rape", 0.16),)),
    ),
    Lesson(
        "no-history",
        "Were the worst known before? It depends on what you count",
        "Take those with most harm this year. Were they known before? Is the answer the same for pairs, suspects and victims?",
        ("The same", "Suspects are known best", "Pairs are known best"),
        "How often people offend again",
        {
            "as published": Recipe(scale=1.0),
            "repeat offending twice as high": Recipe((("world.repeat", 2.0),), scale=1.0),
        },
        _history,
        "Ask what a figure counts. A suspect may be known for one victim and new to the next, so pairs are new more often than "
        "suspects are. A list made from history misses those without one; it is one tool, not protection.",
        "Pairs of suspect and victim (dyads), Suffolk: under 2% make 80% of the harm, and over half of those pairs had no prior contact "
        "with police (Bland and Ariel 2015). Suspects in domestic-abuse deaths: 80% were known to police (VKPP 2024). Serious victims, "
        "Dorset: 63% had contacted police before (Chalkley 2015).",
        "repeat offending twice as high",
        clean=Recipe(),
    ),
)
