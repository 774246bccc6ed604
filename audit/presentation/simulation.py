"""What the simulations of a force say, in words, tables and charts, and as a report to hand over."""

import html
from typing import Any

import altair as alt
import pandas as pd

from audit.presentation.html import BANNER_LEAD, BANNER_TEXT, TABLE_STYLE, table_html
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import FAMILY_TITLES, family_name, instrument_title, interval, percent, points, points_interval
from audit.simulation.counts import Between, Counted, Counts
from audit.simulation.questions import QUANTITIES
from audit.simulation.spread import LEAST_RUNS
from audit.simulation.targets import LEAST_WORLDS
from audit.simulation.twin import FEWEST, LEAST_PEOPLE, RANGE_FROM, Twin

FIGURES = {
    "recall_at_k": "People found, of those the list should hold",
    "harm_captured": "Harm captured",
    "wrongly_included": "Wrongly included",
    "repeat_entries": "Repeat entries",
}
SOURCES = {
    "rates": "Rates that are not known",
    "world": "Chance of what happens",
    "recording": "Chance of how it is recorded",
    "all": "All together",
}
NEEDED = (
    f"Averages need {FEWEST} simulations, their ranges {RANGE_FROM}, a map over two rates {LEAST_WORLDS}, what to measure next {LEAST_RUNS}; "
    "more make all of them sharper."
)
"""How many simulations are needed for what."""
SMALLEST_SHOWN = 10
"""Counts of people or rows under it, but 0, are not shown."""
MOST_SHOWN = 10
"""Rates in the table of what to measure next."""


def headline(found: Twin, instrument: str) -> str:
    """People found with the range in which the force's own figure lies, in a sentence."""
    recall = _figures(found, instrument).loc["recall_at_k"]
    if pd.isna(recall["value"]):
        return (
            f"Too little was simulated: in most simulations the list should hold fewer than {LEAST_PEOPLE} people. "
            "Give more residents or more reports, or choose another use."
        )
    ends = f" ({100 * recall['low']:.0f} to {100 * recall['high']:.0f})" if found.worlds >= RANGE_FROM else ""
    return f"Of 100 people that its list should hold, such data would find {100 * recall['value']:.0f}{ends}."


def contributions(found: Twin, instrument: str) -> tuple[float, dict[str, float]]:
    """People found, and what each family of defects takes away, largest first; shares."""
    mine = _figures(found, instrument)
    parts = {name: float(mine.loc[f"contribution: {name}", "value"]) for name in FAMILY_TITLES}
    return float(mine.loc["recall_at_k", "value"]), dict(sorted(parts.items(), key=lambda part: -part[1]))


def figures_table(found: Twin, instrument: str) -> Table:
    """Every figure with the range of a further simulation."""
    titles = FIGURES | {f"contribution: {name}": f"Missed because of {family_name(name).lower()}" for name in FAMILY_TITLES}
    rows = [
        [Cell(titles[str(name)]), _with_range(found, row)]
        for name, row in _figures(found, instrument).iterrows()
        if not pd.isna(row["value"])
    ]
    return Table(
        f"Average over {found.worlds} simulations",
        ["Figure", "Share"],
        rows,
        f"{_of_ranges(found)}, with the rates drawn again where they are not known. "
        "One force alone, so other forces' records add nothing.",
    )


def spread_table(found: Twin, instrument: str) -> Table:
    """Where the spread of people found comes from."""
    mine = found.spread[found.spread["instrument"] == instrument]
    rows = [
        [
            Cell(SOURCES[row.source]),
            Cell(f"{100 * row.deviation:.1f}", number=True),
            Cell(percent(row.share, digits=0), number=True),
        ]
        for row in mine.itertuples()
        if not pd.isna(row.share)
    ]
    return Table(
        "Where the spread of people found comes from",
        ["Source", "Standard deviation, in points", "Share of the variance"],
        rows,
        "Counting more shrinks the first line only. From a few draws that were simulated three times, so the shares are rough: "
        "read them as most, about half, or little.",
    )


def measure_table(found: Twin, instrument: str) -> Table:
    """Which rate to measure next: those whose knowledge would shrink the spread most, first."""
    mine = found.measure_next[found.measure_next["instrument"] == instrument].head(MOST_SHOWN)
    rows = []
    for row in mine.itertuples():
        quantity = QUANTITIES[row.key]
        rows.append(
            [
                Cell(quantity.title, known_as(found.counts, row.key), code=row.key),
                Cell(percent(row.first_order, digits=0), interval(row.low, row.high, 0), number=True),
                Cell(percent(row.total, digits=0), number=True),
                Cell(f"{100 * row.deviation:.1f} to {100 * row.deviation_if_known:.1f}", number=True),
                Cell({"sql": "Run its query", "sample": "Draw a sample", "known": "A survey, or experience"}[quantity.how]),
            ]
        )
    return Table(
        "What to measure next",
        ["Rate", "Spread that goes once it is known", "With its interplay", "Standard deviation, now and then", "How"],
        rows,
        f"Share of the variance of people found, with a 95% range; a range from 0 may be chance. Needs {LEAST_RUNS} simulations or more, and "
        "gets sharper with more. First-order and total effects by regression on these simulations (Strong, Oakley and Brennan 2014; "
        "Sudret 2008).",
    )


def fix_table(found: Twin, instrument: str) -> Table:
    """What to fix first, with the gain in people found of repairing a quarter, half and all of a family."""
    mine = found.fix_first[(found.fix_first["instrument"] == instrument) & (found.fix_first["family"] != "sharing")]
    whole = mine[mine["part"] == mine["part"].max()].sort_values("gain", ascending=False)
    parts = sorted(mine["part"].unique())
    rows = []
    for family in whole["family"]:
        of_part = mine[mine["family"] == family].set_index("part")
        rows.append(
            [Cell(FAMILY_TITLES[family])]
            + [
                Cell(
                    points(of_part.loc[part, "gain"]),
                    points_interval(of_part.loc[part, "low"], of_part.loc[part, "high"]) if found.worlds >= RANGE_FROM else "",
                    number=True,
                )
                for part in parts
            ]
        )
    return Table(
        "What to fix first",
        ["Family of defects", *(f"Gain if {percent(part, digits=0)} is fixed" for part in parts)],
        rows,
        f"People found more, in points. {_of_ranges(found)}. Each family is repaired alone.",
    )


def scenarios_table(first: Twin, second: Twin, instrument: str) -> Table:
    """Two scenarios side by side: every figure of both, and rates that differ."""
    same = (
        "Both use the same worlds, one by one, so that the difference of the averages is less uncertain than either."
        if first.worlds == second.worlds
        else f"The first is over {first.worlds} simulations, the second over {second.worlds}."
    )
    one, other = _figures(first, instrument), _figures(second, instrument)
    rows = [
        [
            Cell(title),
            _with_range(first, one.loc[name]),
            _with_range(second, other.loc[name]),
            Cell(points(other.loc[name, "value"] - one.loc[name, "value"]), number=True),
        ]
        for name, title in FIGURES.items()
    ]  # fmt: skip
    for key, quantity in QUANTITIES.items():
        sides = [known_as(side.counts, key) for side in (first, second)]
        if sides[0] != sides[1]:
            rows.append([Cell(quantity.title, code=key), Cell(sides[0]), Cell(sides[1]), Cell("")])
    return Table(
        "Two scenarios side by side",
        ["Figure, or rate that differs", "First scenario", "Second scenario", "Difference, in points"],
        rows,
        f"{_of_ranges(first if first.worlds < second.worlds else second)}. {same}",
    )


def known_as(counts: Counts, key: str) -> str:
    """What is known of a rate, in words; counts of 1 to 9, and all but 1 to 9, are not shown."""
    quantity, answer = QUANTITIES[key], counts.answers.get(key)
    unit = "%" if quantity.is_share else ""
    if isinstance(answer, Counted):
        if is_small(answer):
            few = answer.counted < SMALLEST_SHOWN
            return f"{'fewer than' if few else 'all but fewer than'} {SMALLEST_SHOWN} of {answer.of:,}"
        return f"{answer.counted:,} of {answer.of:,}"
    if isinstance(answer, Between):
        return f"{quantity.shown(answer.low):g} to {quantity.shown(answer.high):g}{unit}"
    return f"{quantity.shown(answer):g}{unit}" if answer is not None else "not known"


def is_small(answer: Counted) -> bool:
    """Whether two totals show a group of 1 to 9: those counted, or all the others."""
    return any(0 < part < SMALLEST_SHOWN for part in (answer.counted, answer.of - answer.counted))


def target_chart(surface: pd.DataFrame, first: str, second: str, wanted: float) -> alt.LayerChart:
    """The map over two rates: people found by colour and number, and a frame where a further simulation more likely than not reaches
    what is wanted."""
    frame = _in_units(surface, first, second)
    base = alt.Chart(frame).encode(
        x=alt.X("first:O", title=_axis(first), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("second:O", title=_axis(second), sort="descending"),
        tooltip=[alt.Tooltip("first", title=_axis(first)), alt.Tooltip("second", title=_axis(second)),
                 alt.Tooltip("found", title="People found, of 100"), alt.Tooltip("chance", title="Chance to reach the target, %")],
    )  # fmt: skip
    reached = alt.condition(alt.datum.probability >= 0.5, alt.value("#d1642b"), alt.value("transparent"))
    cells = base.mark_rect(strokeWidth=2.5, inset=1).encode(
        color=alt.Color("found:Q", title="People found", scale=alt.Scale(scheme="blues")), stroke=reached
    )
    dark = alt.condition(alt.datum.found > frame["found"].mean(), alt.value("white"), alt.value("#222"))
    numbers = base.mark_text(fontSize=12).encode(text=alt.Text("found:Q", format=".0f"), color=dark)
    return (cells + numbers).properties(
        height=380, width="container", title=f"Framed: {100 * wanted:.0f} of 100 people more likely than not"
    )


def target_table(surface: pd.DataFrame, first: str, second: str, wanted: float) -> Table:
    """For each value of the first rate, the highest value of the second at which the target is reached more likely than not."""
    frame = _in_units(surface, first, second)
    rows = []
    for value, mine in frame.groupby("first"):
        enough = mine[mine["probability"] >= 0.5]
        best = enough.loc[enough["second"].idxmax()] if len(enough) else None
        shown = "not reached" if best is None else f"{best['second']:g}"
        rows.append(
            [
                Cell(f"{value:g}", number=True),
                Cell(shown),
                Cell("–" if best is None else f"{best['found']:.0f} ({best['low']:.0f} to {best['high']:.0f})"),
            ]
        )
    return Table(
        f"Where {100 * wanted:.0f} of 100 people are found",
        [_axis(first), f"Highest {_axis(second)[0].lower()}{_axis(second)[1:]} that will do", "People found there, of 100"],
        rows,
        "In brackets: the range of a further simulation (95%). A quadratic surface fitted to the simulations; the other rates as they are known.",
    )


def simulation_html(found: Twin, instrument: str, other: Twin | None = None) -> str:
    """The report: one self-contained page with what is known of the force and every table; ``other`` is a first scenario."""
    tables = [
        *([scenarios_table(other, found, instrument)] if other is not None else []),
        *(make(found, instrument) for make in (figures_table, fix_table, measure_table, spread_table)),
        known_table(found.counts),
    ]
    return _page(
        headline(found, instrument),
        f"Use: {instrument_title(instrument)}. {found.worlds} simulations of a force of {found.counts.population:,} residents; "
        "no record of it was read.",
        tables,
    )


def target_html(surface: pd.DataFrame, counts: Counts, first: str, second: str, wanted: float, instrument: str) -> str:
    """The report of a map over two rates: where the target is reached, people found at each combination, and what is known."""
    return _page(
        f"Which combinations of two rates would find {100 * wanted:.0f} of 100 people",
        f"Use: {instrument_title(instrument)}. Simulations of a force of {counts.population:,} residents; no record of it was read.",
        [target_table(surface, first, second, wanted), map_table(surface, first, second, wanted), known_table(counts)],
    )


def map_table(surface: pd.DataFrame, first: str, second: str, wanted: float) -> Table:
    """People found, of 100, at each combination of two rates."""
    frame = _in_units(surface, first, second)
    columns = sorted(frame["second"].unique())
    rows = [
        [
            Cell(f"{value:g}", number=True),
            *(
                Cell(f"{row.found:.0f}", "reached" if row.probability >= 0.5 else "", number=True)
                for row in mine.sort_values("second").itertuples()
            ),
        ]
        for value, mine in frame.groupby("first")
    ]
    return Table(
        "People found at each combination, of 100",
        [_axis(first), *(f"{value:g}" for value in columns)],
        rows,
        f"Columns: {_axis(second)}. Reached: a further simulation finds {100 * wanted:.0f} of 100 people more likely than not.",
    )


def _page(lead: str, about: str, tables: list[Table]) -> str:
    """A self-contained page of tables."""
    parts = "".join(
        f"<section><h2>{html.escape(table.caption)}</h2>"
        f"{table_html(table) if table.rows else '<p>No results.</p>'}<p class='note'>{html.escape(table.note)}</p></section>"
        for table in tables
    )
    return (
        "<!doctype html><html lang='en-GB'><head><meta charset='utf-8'><title>Simulation of a force</title><style>"
        "body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; } .note { font-size: .9rem; }"
        f"@media print {{ section {{ break-inside: avoid; }} }}{TABLE_STYLE}</style></head><body><main><h1>Simulation of a force</h1>"
        f"<p><strong>{html.escape(BANNER_LEAD)}</strong> {html.escape(BANNER_TEXT)}</p>"
        f"<p><strong>{html.escape(lead)}</strong></p><p>{html.escape(about)}</p>{parts}</main></body></html>"
    )


def known_table(counts: Counts) -> Table:
    """What is known of the force: every rate that was given."""
    rows = [
        [Cell(QUANTITIES[key].title, code=key), Cell(known_as(counts, key)), Cell(QUANTITIES[key].counts, QUANTITIES[key].over)]
        for key in QUANTITIES
        if key in counts.answers
    ]
    if counts.left_out == "range":
        usual = f"every other rate that matters is drawn about that of the profile {counts.profile}"
    else:
        usual = f"every other rate is that of the profile {counts.profile}"
    return Table("What is known of the force", ["Rate", "Known", "What it counts"], rows, f"{usual[0].upper()}{usual[1:]}.")


def _with_range(found: Twin, row: Any) -> Cell:
    """A figure with the range of a further simulation, where there are enough for one."""
    ends = interval(row["low"], row["high"]) if found.worlds >= RANGE_FROM else ""
    return Cell(percent(row["value"]), ends, number=True)


def _of_ranges(found: Twin) -> str:
    """What the small print of a table is."""
    if found.worlds >= RANGE_FROM:
        return "Small print: the range in which a further simulation lies (95%)"
    return f"Ranges need {RANGE_FROM} simulations or more"


def _figures(found: Twin, instrument: str) -> Any:
    return found.figures[found.figures["instrument"] == instrument].set_index("figure")


def _in_units(surface: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            name: surface[name].map(lambda value, key=key: round(QUANTITIES[key].shown(value), 2))
            for name, key in (("first", first), ("second", second))
        }
    )
    found = {"found": "recall_at_k", "low": "low", "high": "high", "chance": "probability"}
    return frame.assign(
        probability=surface["probability"], **{name: (100 * surface[column]).round(1) for name, column in found.items()}
    )


def _axis(key: str) -> str:
    return f"{QUANTITIES[key].title}{', in %' if QUANTITIES[key].is_share else ''}"


def as_text(found: Twin) -> str:
    """The results as the command line prints them."""
    ranged = found.worlds >= RANGE_FROM
    lines = []
    for instrument in found.figures["instrument"].unique():
        mine = found.figures[found.figures["instrument"] == instrument].dropna(subset="value")
        if mine.empty:
            lines.append(f"{instrument_title(instrument)}: {headline(found, instrument)}")
            continue
        lines.append(
            f"{instrument_title(instrument)}: mean over {found.worlds} simulations"
            f"{', and where a further one lies (95%)' if ranged else ''}"
        )
        lines += [
            f"  {row.figure:24} {row.value:7.1%}{f'  ({row.low:.1%} to {row.high:.1%})' if ranged else ''}"
            for row in mine.itertuples()
        ]
        spread = found.spread[found.spread["instrument"] == instrument].dropna()
        if len(spread):
            lines.append(
                "  spread: "
                + ", ".join(f"{SOURCES[row.source].lower()} {100 * row.deviation:.1f} points" for row in spread.itertuples())
            )
        lines += [
            f"  measure next: {QUANTITIES[row.key].title} ({row.key}), {row.first_order:.0%} of the variance ({row.low:.0%} to {row.high:.0%})"
            for row in found.measure_next[found.measure_next["instrument"] == instrument].head(3).itertuples()
        ]
        gains = found.fix_first[(found.fix_first["instrument"] == instrument) & (found.fix_first["part"] == 1)]
        lines += [
            f"  fix first: {family_name(row.family).lower()}, {points(row.gain)} points"
            f"{f' ({points_interval(row.low, row.high)})' if ranged else ''}"
            for row in gains.sort_values("gain", ascending=False).head(2).itertuples()
        ]
    if found.worlds < LEAST_RUNS:
        lines.append(NEEDED)
    return "\n".join(lines)
