"""A tracked series as tables and a chart: signals in words, fixes, and one figure over the months."""

import altair as alt
import pandas as pd

from audit.oversight.families import (
    NEW_DUPLICATES,
    PEOPLE_FOUND,
    PRECISION,
    ROWS,
    STOCK,
    TURNOVER,
    TURNOVER_OF_THE_DATA,
    TURNOVER_OF_THE_WORLD,
    WRONGLY_INCLUDED,
    family_of,
    named,
)
from audit.oversight.signals import shown_signal, shown_size, verdict
from audit.presentation.charts import GREY, ORANGE, TEAL, Picture
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import chance, check_name, day, instrument_title, percent, words

MOST_SIGNALS = 60
_LISTS = {
    PEOPLE_FOUND: "People found",
    PRECISION: "Rightly listed",
    TURNOVER: "Turnover of the list",
    TURNOVER_OF_THE_WORLD: "Turnover that the world causes",
    TURNOVER_OF_THE_DATA: "Turnover that the data causes",
    WRONGLY_INCLUDED: "Wrongly listed",
}
_ROWS = {named(ROWS, "crimes"): "Crimes recorded", named(ROWS, "persons"): "Person records made"}
_LOOK = {
    ROWS: "Ask whether the system, its users or a rule changed; then see Reporting gaps.",
    PEOPLE_FOUND: "See Effect on a prioritisation for what was lost.",
    PRECISION: "See Effect on a prioritisation for who is wrongly listed.",
    TURNOVER: "Compare with the turnover that the world causes.",
    WRONGLY_INCLUDED: "See Effect on a prioritisation, by group.",
    "duplicate_identities": "See Duplicate identities.",
    "delay": "See Timeliness.",
}


def figure_name(figure: str) -> str:
    """A figure in English: a check's name, a count of rows, or a list's figure with its instrument and group."""
    kind, _, rest = figure.partition(".")
    if kind == STOCK:
        return f"{figure_name(rest)} (whole stock)"
    if figure in _ROWS:
        return _ROWS[figure]
    if figure == NEW_DUPLICATES:
        return "New person records of a person who has one"
    if kind in _LISTS:
        parts = rest.split(".")
        group = f": {words(parts[1])} {parts[2]}" if len(parts) > 2 else ""
        return f"{_LISTS[kind]}, {instrument_title(parts[0])}{group}"
    return check_name(figure)


def _identifier(figure: str) -> str:
    """The identifier of a check; counts and figures of lists have names only."""
    return "" if figure in _ROWS or figure == NEW_DUPLICATES or family_of(figure) in _LISTS else figure


def signals_table(signals: pd.DataFrame, names: dict[str, str], force: str | None = None) -> Table:
    """Signals in words, the latest first, with what to look at; ``names``: slug → name of the forces."""
    mine = signals if force is None else signals[signals["force"] == force]
    mine = mine.sort_values(["as_of", "q_value"], ascending=[False, True])
    rows = [
        [
            Cell(day(row.as_of)),
            Cell(names.get(row.force, row.force)),
            Cell(figure_name(row.figure), code=_identifier(row.figure)),
            Cell(row.kind),
            Cell(shown_signal(row.figure, row.kind, row.size, row.low, row.high), number=True),
            Cell(chance(row.q_value), number=True),
            Cell(_LOOK.get(family_of(row.figure), "See All checks for what it finds and how it is fixed.")),
        ]
        for row in mine.head(MOST_SIGNALS).itertuples()
    ]
    more = f"The first {MOST_SIGNALS} of {len(mine):,}; the downloads have all. " if len(mine) > MOST_SIGNALS else ""
    return Table(
        "Signals, the latest first",
        ["Extract", "Force", "Figure", "Kind", "Size, 95%", "Chance", "What to look at"],
        rows,
        more
        + "A jump lies beyond the limits of the months before, and its size is that month's. A drift strays slowly, and its size is the mean "
        "of the months so far, later ones weighing more. Vanished means that there are no rows any more. "
        "Of the rows recorded since the extract before; at most 5% of an extract's signals are expected to be chance.",
        "No signals: of the rows recorded since the extract before, no figure changed beyond chance. A fix may show in the whole stock "
        "and not yet in these rows.",
    )


def fixes_table(fixes: pd.DataFrame, names: dict[str, str]) -> Table:
    """Whether fixes worked: before and after, against the forces that were not fixed."""
    rows = [
        [
            Cell(day(row.since)),
            Cell(names.get(row.force, "All forces")),
            Cell(figure_name(row.figure), code=_identifier(row.figure)),
            Cell(percent(row.before), number=True),
            Cell(percent(row.after), number=True),
            Cell(
                f"{percent(row.others_before)} → {percent(row.others_after)}" if pd.notna(row.others_before) else "–", number=True
            ),
            Cell(shown_size(row.figure, row.difference, row.low, row.high), number=True),
            Cell(verdict(row.figure, row.low, row.high), status="pass" if row.recognised else ""),
        ]
        for row in fixes.itertuples()
    ]
    return Table(
        "Did the fix work?",
        ["From", "Force", "Figure", "Before", "After", "Other forces", "Difference, 95%", "Verdict"],
        rows,
        "Of the whole stock and of the lists, the last extract before and the first after. The difference is that of the forces fixed less "
        "that of the others, where there are others.",
    )


def figures_to_choose(trend: pd.DataFrame, signals: pd.DataFrame, force: str, fixes: pd.DataFrame | None = None) -> list[str]:
    """The figures of a force: those with signals, the latest and surest first; then those of its fixes; then all others."""
    mine = trend[(trend["force"] == force) & (trend["figure"].map(family_of) != STOCK) & trend["value"].notna()]
    latest = signals[signals["force"] == force].sort_values(["as_of", "q_value"], ascending=[False, True])
    there = list(dict.fromkeys(mine["figure"]))
    fixed = [] if fixes is None else fixes.loc[fixes["force"].isna() | (fixes["force"] == force), "figure"]
    return list(dict.fromkeys([*(figure for figure in [*latest["figure"], *fixed] if figure in set(there)), *there]))


def forces_to_choose(signals: pd.DataFrame, forces: list[str], fixes: pd.DataFrame | None = None) -> list[str]:
    """Forces: that of the latest and surest signal first, then those of fixes."""
    latest = signals.sort_values(["as_of", "q_value"], ascending=[False, True])["force"]
    fixed = [] if fixes is None else fixes["force"]
    return list(dict.fromkeys([*(force for force in [*latest, *fixed] if force in forces), *forces]))


def figure_chart(trend: pd.DataFrame, figure: str, force: str) -> Picture:
    """One figure of one force over the extracts: value, centre, limits, signals, and the whole stock's beside."""
    mine = _percent(trend[(trend["figure"] == figure) & (trend["force"] == force)], figure)
    stock = _percent(trend[(trend["figure"] == named(STOCK, figure)) & (trend["force"] == force)], figure)
    title = "Rows a month of 30 days" if family_of(figure) == ROWS else "%"
    # A label for each extract, and none twice, as an axis of its own choice has.
    axis = alt.Axis(format="%b %Y", values=[alt.DateTime(year=day.year, month=day.month, date=day.day) for day in mine["as_of"]])
    base = alt.Chart(mine).encode(x=alt.X("as_of:T", title=None, axis=axis))
    band = base.mark_area(opacity=0.2, color=GREY).encode(y=alt.Y("lower_limit:Q", title=title), y2="upper_limit:Q")
    centre = base.mark_line(color=GREY, strokeDash=[4, 3]).encode(y="centre:Q")
    tips = [
        alt.Tooltip("as_of:T", title="Extract", format="%B %Y"),
        alt.Tooltip("value:Q", title=title, format=",.2f"),
        alt.Tooltip("centre:Q", title="Months before", format=",.2f"),
    ]
    line = base.mark_line(color=TEAL, point=alt.OverlayMarkDef(color=TEAL)).encode(y="value:Q", tooltip=tips)
    layers = [band, centre, line]
    if mine["signal"].any():
        marks = alt.Chart(mine[mine["signal"]]).mark_point(color=ORANGE, filled=True, size=140, shape="diamond", opacity=1)
        layers.append(marks.encode(x="as_of:T", y="value:Q", tooltip=tips))
    if len(stock):
        layers.append(alt.Chart(stock).mark_line(color=GREY, opacity=0.8).encode(x="as_of:T", y="value:Q"))
    return alt.layer(*layers).properties(height=280, width="container")


def _percent(rows: pd.DataFrame, figure: str) -> pd.DataFrame:
    scale = 1.0 if family_of(figure) == ROWS else 100.0
    columns = ["value", "low", "high", "centre", "lower_limit", "upper_limit"]
    return rows.assign(as_of=pd.to_datetime(rows["as_of"]), **{name: scale * rows[name].astype(float) for name in columns})


def figure_table(trend: pd.DataFrame, figure: str, force: str) -> Table:
    """The same as a table, which a screen reader can walk."""
    mine = _percent(trend[(trend["figure"] == figure) & (trend["force"] == force)], figure)
    rows = [
        [
            Cell(f"{row.as_of:%B %Y}"),
            *(
                Cell("–" if pd.isna(one) else f"{one:,.2f}", number=True)
                for one in (row.value, row.centre, row.lower_limit, row.upper_limit)
            ),
            Cell("signal" if row.signal else ""),
        ]
        for row in mine.itertuples()
    ]
    note = "Rows a month of 30 days." if family_of(figure) == ROWS else "In per cent."
    return Table(
        f"{figure_name(figure)}, extract by extract", ["Extract", "Value", "Centre", "Lower limit", "Upper limit", ""], rows, note
    )
