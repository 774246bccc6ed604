"""Lessons about oversight over months: a slow drift, a fix that worked, one that only looked like it, evidence that went away."""

import altair as alt

from audit.oversight.signals import verdict
from audit.presentation.charts import GREY, ORANGE, TEAL, Picture
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import count, interval, percent, points, points_interval
from dashboard.lessons.claim import Claim, Estimate, change, difference, share
from dashboard.lessons.lesson import Lesson, Reveal
from dashboard.lessons.months import DUPLICATES, FIGURE, MONTHS, NEVER, Compared, Drift, Evidence, Repair, Repeats, Signalled

FORCE = "Durnley"


def _drift(steady: Signalled, drifting: Signalled, severity: str) -> Reveal:
    """How often, and how soon, single months and the smoothed mean signal, without a drift and with it."""
    both = (steady, drifting)
    number, middle = drifting.drift.simulations, drifting.middle
    single, smoothed, single_then, smoothed_then = (
        [share(float((getattr(one, kind) <= last).sum()), number) for one in both]
        for last in (MONTHS, middle)
        for kind in ("single", "smoothed")
    )
    ends = [one.drift.blank + MONTHS * one.drift.monthly for one in both]
    rows = [
        [Cell("Blank in the last month, expected"), *(Cell(percent(end), number=True) for end in ends)],
        [Cell("Signals by a single month beyond its limits"), *(_shares(one) for one in single)],
        [Cell("Signals by the smoothed mean"), *(_shares(one) for one in smoothed)],
        [Cell("Half of the smoothed means have signalled by"), *(Cell(_month(one.middle), number=True) for one in both)],
        [Cell(f"By {_month(middle)}: signals by a single month"), *(_shares(one) for one in single_then)],
    ]
    value, low, high = smoothed[1]
    return Reveal(
        f"With {severity}, the smoothed mean signals within {MONTHS} months in {percent(value, digits=0)} of the simulations "
        f"({interval(low, high, 0)}), a single month in {percent(single[1][0], digits=0)} "
        f"({interval(single[1][1], single[1][2], 0)}). Half of the smoothed means have signalled by {_month(middle)}; single months "
        f"in {percent(single_then[1][0], digits=0)} by then.",
        Table(
            f"{number} simulations of {MONTHS} months", ["", "No drift", "With the drift"], rows,
            f"{drifting.drift.rows} records a month. Limits at three standard deviations, for both.",
        ),
        (
            Claim("smoothed means that signal, beyond single months", *difference(single[1], smoothed[1])),
            Claim("the same by the middle month", *difference(single_then[1], smoothed_then[1])),
            Claim("smoothed means that signal, beyond those without a drift", *difference(smoothed[0], smoothed[1])),
        ),
        _control_chart(drifting),
        "One simulation: the share of blanks by month, mostly within the limits; the smoothed mean rises, and a diamond marks its signal.",
    )  # fmt: skip


def _shares(found: Estimate) -> Cell:
    return Cell(percent(found[0], digits=0), interval(found[1], found[2], 0), number=True)


def _month(month: int) -> str:
    return f"month {month}" if month < NEVER else "no month"


def _control_chart(found: Signalled) -> Picture:
    """One simulation: months within their limits, the smoothed mean, and where it signals."""
    shares = ["value", "centre", "lower", "upper", "smoothed"]
    shown = found.shown.assign(**{name: 100 * found.shown[name] for name in shares})
    base = alt.Chart(shown).encode(x=alt.X("month:Q", title="Month", scale=alt.Scale(domain=[1, MONTHS], nice=False)))
    band = base.mark_area(opacity=0.2, color=GREY).encode(y=alt.Y("lower:Q", title="% blank"), y2="upper:Q")
    lines = shown.rename(columns={"value": "A month", "smoothed": "Smoothed mean"}).melt(
        "month", ["A month", "Smoothed mean"], "what", "share"
    )
    colours = alt.Scale(domain=["A month", "Smoothed mean"], range=[TEAL, ORANGE])
    line = alt.Chart(lines.dropna()).mark_line(point={"size": 20})
    line = line.encode(
        x="month:Q",
        y="share:Q",
        color=alt.Color(
            "what:N", scale=colours, legend=alt.Legend(title=None, orient="bottom-left", direction="horizontal", offset=2)
        ),
    )
    mark = base.transform_filter("datum.signal").mark_point(color=ORANGE, filled=True, size=160, shape="diamond", opacity=1)
    return alt.layer(band, line, mark.encode(y="smoothed:Q")).properties(height=260, width="container")


def _fixed(untouched: Compared, fixed: Compared, severity: str) -> Reveal:
    """Before and after, against the forces that were not fixed; and the same, had nothing been fixed."""
    size, low, high = fixed.against.change
    rows = _compared(fixed, f"{FORCE}, which was fixed")
    rows.append([Cell(f"{FORCE} less the others, had nothing been fixed"), *_dashes(), _points(untouched.against.change)])
    return Reveal(
        f"With {severity}, {FORCE}'s share changed by {points(size)} points against the other forces "
        f"({points_interval(low, high)}): it {verdict(FIGURE, low, high).replace('no change', 'shows no change')}.",
        _fix_table(rows),
        (Claim("change against the other forces", size, low, high, below=True),),
    )


def _only_looked_fixed(fixed: Compared, everywhere: Compared, severity: str) -> Reveal:
    """A fall in every force at once: before and after looks like success, and the difference from the others is nothing."""
    alone, (size, low, high) = everywhere.alone.change, everywhere.against.change
    rows = _compared(everywhere, f"{FORCE}, which trained its staff")
    repaired = percent(fixed.repair.share, digits=0)
    rows.append(
        [Cell(f"{FORCE} less the others, had {repaired} been repaired there alone"), *_dashes(), _points(fixed.against.change)]
    )
    return Reveal(
        f"Before and after, {FORCE}'s share changed by {points(alone[0])} points ({points_interval(alone[1], alone[2])}). Against "
        f"the other forces it changed by {points(size)} ({points_interval(low, high)}): it "
        f"{verdict(FIGURE, low, high).replace('no change', 'shows no change')}.",
        _fix_table(rows),
        (
            Claim("change from before to after", *alone, below=True),
            Claim("change against the other forces, smaller than half of that", size, low, high, beyond=alone[0] / 2),
        ),
    )


def _compared(found: Compared, title: str) -> list[list[Cell]]:
    rows = [
        [Cell(name), Cell(percent(one.before), number=True), Cell(percent(one.after), number=True), _points(one.change)]
        for name, one in ((title, found.alone), ("The other forces", found.others))
    ]
    return [*rows, [Cell(f"{FORCE} less the others"), *_dashes(), _points(found.against.change)]]


def _dashes() -> list[Cell]:
    return [Cell("–", number=True)] * 2


def _points(found: Estimate) -> Cell:
    return Cell(points(found[0]), points_interval(found[1], found[2]), number=True)


def _fix_table(rows: list[list[Cell]]) -> Table:
    return Table("Named suspects without a link", ["", "Before", "After", "Change, points"], rows)


def _evidence(filled: Repeats, blank: Repeats, severity: str) -> Reveal:
    """Duplicates by a count of matches, in truth, and estimated from every field, before and after a field stops being filled."""
    both = (filled, blank)
    repeats = [share(one.repeats, one.records) for one in both]
    truth = [one.duplicates / one.records for one in both]
    rows = [
        [Cell("Date of birth blank"), *(Cell(percent(one.blank / one.records), number=True) for one in both)],
        [Cell("Records that repeat a name and date of birth"),
         *(Cell(count(one.repeats), f"{percent(found[0])}, {interval(found[1], found[2])}", number=True)
           for one, found in zip(both, repeats, strict=True))],
        [Cell("Duplicate records in truth"),
         *(Cell(count(one.duplicates), percent(true), number=True) for one, true in zip(both, truth, strict=True))],
        [Cell("Estimated from every field"),
         *(Cell(percent(one.estimate[0]), interval(one.estimate[1], one.estimate[2]), number=True) for one in both)],
    ]  # fmt: skip
    fall = change(filled.repeats, blank.repeats)
    rows[1].append(Cell(f"{percent(fall[0], digits=0)}", interval(fall[1], fall[2], 0), number=True))
    for row in (rows[0], rows[2], rows[3]):
        row.append(Cell("", number=True))
    estimate = blank.estimate
    return Reveal(
        f"With {severity}, records that repeat a name and date of birth changed by {percent(fall[0], digits=0)} "
        f"({interval(fall[1], fall[2], 0)}). In truth {percent(truth[1])} of records are duplicates, "
        f"{'as before' if filled.duplicates == blank.duplicates else f'where {percent(truth[0])} were'}; "
        f"an estimate from every field finds {percent(estimate[0])} ({interval(estimate[1], estimate[2])}).",
        Table(f"Duplicates among {count(blank.records)} person records", ["", "All filled", "With blanks", "Change"], rows),
        (
            Claim("change of the records that repeat", *fall, below=True),
            Claim("duplicates in truth", *(truth[1],) * 3, beyond=truth[0] - 1e-9),
            Claim("estimate from every field, beyond the repeats", *estimate, beyond=repeats[1][2]),
        ),
    )


def _drifts(*monthly: float) -> dict[str, Drift]:
    return {f"{100 * one:g} points more blanks every month": Drift(one) for one in monthly}


REPAIRED = (0.1, 0.25, 0.5, 0.8)

LESSONS = (
    Lesson(
        "slow-drift",
        "A drift too slow for any month to show",
        "Blanks creep up, and each month is within its limits. When would you notice?",
        ("At once", "After some months", "Only after years, or never"),
        "How much every month adds",
        _drifts(0.001, 0.002, 0.004),
        _drift,
        "A month compared with its limits forgets the months before it. A smoothed mean adds them up, so small steps to one side "
        "become a signal. Watch both.",
        "A control chart with an exponentially weighted mean (Roberts 1959); control charts have been used for data quality in road-safety "
        "records (NHTSA, DOT HS 809 005, 1999). The rates of blanks are illustrative.",
        "0.2 points more blanks every month",
        clean=Drift(),
        of_lists=False,
    ),
    Lesson(
        "fix-worked",
        "A fix that worked",
        "A force links the suspects it had only named. The share without a link falls. How do you know that the fix did it?",
        ("It fell, that is enough", "It must fall more than in other forces", "Nobody can know"),
        "How many missing links are repaired",
        {f"{100 * one:g}% of the missing links repaired": Repair(one) for one in REPAIRED},
        _fixed,
        "Ask what changed where nothing was fixed, take that away, and give the rest with an interval. A small repair may not show in "
        "one extract: wait for more.",
        "Difference in differences (Ashenfelter and Card 1985). Data-led approaches should be routinely and rigorously tested and "
        "corrected (Labour 2023). Named suspects not linked: proposed 2 to 20%; no force publishes it.",
        "50% of the missing links repaired",
        clean=Repair(),
        of_lists=False,
    ),
    Lesson(
        "fix-only-looked",
        "A fix that only looked like one",
        "A force trains its staff, and by the next extract far fewer suspects lack a link. Did the training work?",
        ("Yes, before and after show it", "No", "Not to be said without other forces"),
        "How many missing links go, in every force",
        {f"{100 * one:g}% gone in every force": Repair(one, everywhere=True) for one in REPAIRED},
        _only_looked_fixed,
        "What falls everywhere at once has a cause everywhere: a season, a rule, a new release of a system. Before and after in one "
        "force give it the credit.",
        "Difference in differences (Ashenfelter and Card 1985). Rule changes make false trends in every force (ONS, Home Office). Here "
        "the same share is repaired in every force, and the training does nothing.",
        "50% gone in every force",
        clean=Repair(0.5),
        of_lists=False,
    ),
    Lesson(
        "evidence-gone",
        "Half the duplicates gone, and nobody merged a record",
        "A count of records with the same name and date of birth falls. No record was merged. Did quality improve?",
        ("Yes, fewer duplicates", "No, the count lost its evidence", "The count alone cannot say"),
        "How many dates of birth are left blank",
        {f"{100 * one:g}% of dates of birth left blank": Evidence(one) for one in (0.1, 0.3, 0.6)},
        _evidence,
        "A record without a date of birth matches nothing, so the count falls as the data gets worse. Read every figure beside how full "
        "the fields are that it rests on.",
        f"Victims' age was not recorded for 27% (HMICFRS, Race and policing, 2023). {100 * DUPLICATES:g}% duplicate records is illustrative.",
        "30% of dates of birth left blank",
        clean=Evidence(),
        of_lists=False,
    ),
)
