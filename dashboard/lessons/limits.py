"""Lessons about what no data quality can change: what is never reported, and who was not known before."""

from audit.presentation.tables import Cell, Table
from audit.presentation.wording import interval, percent, words
from dashboard.lessons.lab import Lab, Recipe
from dashboard.lessons.lesson import Lesson, Reveal


def _unreported(clean: Lab, defective: Lab, severity: str) -> Reveal:
    columns = {"As published": clean, severity: defective}
    shares = {
        title: lab.unreported.query("attribute == 'all'").groupby("offence_group")[["events", "unreported"]].sum()
        for title, lab in columns.items()
    }
    rows = [
        [
            Cell(words(str(group)).capitalize()),
            *(
                Cell(percent(1 - one.loc[group, "unreported"] / one.loc[group, "events"], digits=0), number=True)
                for one in shares.values()
            ),
            Cell("100%", number=True),
        ]
        for group in shares["As published"].index
    ]
    rape = shares[severity].loc["rape"]
    return Reveal(
        f"Every record here is clean, and of 6 rapes {6 * rape['unreported'] / rape['events']:.1f} are in no record at all.",
        Table("Share of what happened that was ever reported", ["Offences", *shares, "Truth"], rows),
    )


def _history(clean: Lab, defective: Lab, severity: str) -> Reveal:
    row = defective.effect.stability.query("instrument == 'harm_365'").iloc[0]
    share = row["no_history"]
    shown = interval(row["no_history_low"], row["no_history_high"], 0)
    return Reveal(
        f"Of the suspects who do most harm in a year, {percent(share, digits=0)} had no report in the two years before it: a list made "
        "from history could not have held them, however good its data.",
        Table(
            "Who could have been on last year's list?",
            ["Suspects", "Share"],
            [[Cell("On the true list, and never reported before its year"), Cell(percent(share, digits=0), shown, number=True)]],
        ),
    )


LESSONS = (
    Lesson(
        "unreported",
        "Clean data that still misses five rapes of six",
        "Suppose every report is recorded, every field full, every person one record. What does the list still not know?",
        {f"{100 * share:g}% of rapes reported": Recipe((("reporting.rape", share),)) for share in (0.16, 0.33, 0.5)},
        _unreported,
        "Data quality ends where reporting ends. A list can only hold people whom victims were able to name.",
        "Fewer than 1 in 6 victims of rape or penetration tell the police (CSEW 2017 and 2020); about 1 in 5 of domestic abuse (SafeLives).",
        "16% of rapes reported",
    ),
    Lesson(
        "no-history",
        "Were the worst known before? It depends on what you count",
        "Take the suspects who do most harm this year. How many of them were known before?",
        {"as published": Recipe(), "repeat offending twice as high": Recipe((("world.repeat", 2.0),))},
        _history,
        "A list made from history misses those without one. Ask what a figure counts: pairs of people, suspects or victims give different "
        "answers. Prioritising known suspects is one tool, not protection.",
        "Pairs of suspect and victim (dyads), Suffolk: under 2% make 80% of the harm, and over half of those pairs had no prior contact "
        "with police (Bland and Ariel 2015). Suspects in domestic-abuse deaths: 80% were known to police (VKPP 2024). Serious victims, "
        "Dorset: 63% had contacted police before (Chalkley 2015). Suspects are counted here.",
        "as published",
    ),
)
