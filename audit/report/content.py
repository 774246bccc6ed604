"""What the report says: its sentences and tables, from the results' tables. Pages of the dashboard use them too."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from audit.checks.catalogue import DIMENSIONS, catalogue
from audit.effect import LEAST_GROUP
from audit.readiness.figures import dimension_figures, gate_figures, limit_text, people_figure
from audit.readiness.gates import GATES
from audit.readiness.status import people_found
from audit.readiness.thresholds import Thresholds
from audit.results import Results
from audit.statistics import wilson

EVERYWHERE = "all"
MOST_ROWS, MOST_NAMED = 60, 6
WORST_FIRST = ("fail", "error", "not_run", "warn", "pass", "not_applicable")
ATTRIBUTES = {
    "sex": "Sex of the person",
    "ethnicity": "Ethnicity of the person",
    "age_band": "Age of the person",
    "relationship": "Relationship to the victim",
    "victim_sex": "Sex of most victims",
    "victim_ethnicity": "Ethnicity of most victims",
}
CHOICES = {"weights": "Other weights", "date_basis": "Other date", "window": "Other window", "data": "The data itself"}


@dataclass(frozen=True)
class Cell:
    """A cell of a table: what stands in it large and small, its status for the tint, and whether it is a number."""

    text: str
    note: str = ""
    status: str = ""
    number: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its caption, and below it how to read it."""

    caption: str
    columns: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    note: str = ""

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers only, and are set right."""
        return [bool(self.rows) and all(row[place].number for row in self.rows) for place in range(len(self.columns))]

    def as_markdown(self) -> str:
        """The table in Markdown, captions and notes left out."""
        plain = [[f"{cell.text}{f' ({cell.note})' if cell.note else ''}".replace("|", "/") for cell in row] for row in self.rows]
        head = f"| {' | '.join(self.columns)} |\n|{'---|' * len(self.columns)}"
        return "\n".join([head, *(f"| {' | '.join(row)} |" for row in plain)]) + "\n"


def percent(share: float | None, digits: int = 1) -> str:
    """A share as a percentage; a dash where there is none."""
    return "–" if share is None or pd.isna(share) else f"{100 * share:.{digits}f}%"


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """The ends of an interval, as percentages."""
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return ""
    return f"{100 * low:.{digits}f}–{100 * high:.{digits}f}"


def points(difference: float | None) -> str:
    """A difference of shares, in points."""
    if difference is None or pd.isna(difference):
        return "–"
    told = f"{100 * difference:+.1f}".replace("-", "−")
    return "0.0" if told in ("+0.0", "−0.0") else told


def chance(q_value: float | None) -> str:
    """A p- or q-value; what is below a thousandth is only said to be so."""
    if q_value is None or pd.isna(q_value):
        return "–"
    return "<0.001" if q_value < 0.001 else f"{q_value:.2g}"


def count(number: float | None) -> str:
    """A whole number with its thousands; a dash where there is none."""
    return "–" if number is None or pd.isna(number) else f"{round(number):,}"


def headline(results: Results, instrument: str | None = None, force: str | None = None) -> str:
    """How many of the people a list should hold the data would find, of one force or of all together."""
    effect = of_instrument(results["effect"], instrument or results.summary.options.instrument)
    if force is not None:
        effect = effect[effect["force"] == force]
    known = effect.dropna(subset=["recall_at_k"])
    size = int(known["truth_size"].sum())
    if size < LEAST_GROUP:
        return "There is no truth to hold a list against here, or too few people, so nobody can say whom it would miss."
    found = round(float((known["recall_at_k"] * known["truth_size"]).sum()))
    rate, low, high = (100 * float(value[0]) for value in wilson(np.array([found]), np.array([size])))
    names = {row.force: row.force_name for row in results.summary.forces}
    whose = f"{names.get(force, force)}'s list" if force else f"these {len(known)} forces' lists"
    return f"Of the people {whose} should hold, this data would find {rate:.0f} in 100 ({low:.0f} to {high:.0f})."


def actions_frame(results: Results) -> pd.DataFrame:
    """The list of what to do for each force, for the instrument of the summary, with owner and due date to fill in."""
    names = {row.force: row.force_name for row in results.summary.forces}
    mine = of_instrument(results["actions"], results.summary.options.instrument)
    return mine.assign(force=mine["force"].map(names)).drop(columns="instrument").reset_index(drop=True)


def next_status(results: Results) -> dict[str, list[str]]:
    """Force's name → what would have to change for the next status."""
    return {f"{row.force_name} ({row.status})": row.to_next_status for row in results.summary.forces if row.to_next_status}


def scorecard(results: Results, instrument: str | None = None) -> pd.DataFrame:
    """A row a force: status, people found, each dimension with the check that decides it, gates, what to change; plain values."""
    readiness = of_instrument(results["readiness"], instrument or results.summary.options.instrument)
    rows = []
    for row in results.summary.forces:
        line: dict[str, object] = {
            "force": row.force_name,
            "status": row.status,
            "people found": row.recall_at_k,
            "people found low": row.low,
            "people found high": row.high,
            "people found verdict": row.people_found,
        }
        for figure in dimension_figures(readiness[readiness["force"] == row.force]):
            line |= {
                figure.name: figure.status,
                f"{figure.name} value": figure.value,
                f"{figure.name} threshold": figure.threshold,
                f"{figure.name} decided by": figure.decided_by,
            }
        line["gates not met"] = "; ".join(row.failed_gates)
        line["gates not settled"] = "; ".join(row.unsettled_gates)
        line["to the next status"] = " ".join(row.to_next_status)
        rows.append(line)
    return pd.DataFrame(rows)


def scorecard_table(results: Results) -> Table:
    """The scorecard as a table: status, people found, and of each dimension what its worst check finds."""
    instrument = results.summary.options.instrument
    readiness, effect = (of_instrument(results[name], instrument) for name in ("readiness", "effect"))
    needed = _thresholds(results).recall_at_k
    rows = []
    for force in results.summary.forces:
        found = people_figure(people_found(effect[effect["force"] == force.force], needed))
        figures = [found, *dimension_figures(readiness[readiness["force"] == force.force])]
        rows.append(
            [
                Cell(force.force_name),
                Cell(force.status, status=force.status),
                *(Cell(figure.text, figure.note, figure.mark, True) for figure in figures),
            ]
        )
    return Table(
        "Scorecard: readiness of each force's data, never of people",
        ["Force", "Status", "People found", *(name.capitalize() for name in DIMENSIONS)],
        rows,
        "Each dimension is as good as its worst check, never an average: the share of rows that fail it, and in small print which check "
        f"it is and the limit it is judged by. People found: small print is the 95% interval; needed is {limit_text(needed)}, on lists "
        "of at least 50 people.",
    )


def gates_table(results: Results) -> Table:
    """Each gate: what is needed, where it is not met, and where nobody can say."""
    readiness = of_instrument(results["readiness"], results.summary.options.instrument)
    names = {row.force: row.force_name for row in results.summary.forces}
    by_force = {str(force): gate_figures(mine) for force, mine in readiness.groupby("force", sort=False)}
    rows = []
    for key, gate in GATES.items():
        here = [(names[force], figure) for force, figures in by_force.items() for figure in figures if figure.name == key]
        here.sort(key=lambda pair: pair[1].value, reverse=gate.sense == "at most")
        not_met = [(name, figure) for name, figure in here if figure.status == "not met"]
        where = ", ".join(f"{name} {figure.text}" for name, figure in not_met[:MOST_NAMED])
        if len(not_met) > MOST_NAMED:
            where = f"{len(not_met)} of {len(here)} forces; the worst: {where}"
        unsettled = [f"{name}: {figure.status}" for name, figure in here if figure.status not in ("met", "not met")]
        open_ = ", ".join(unsettled[:MOST_NAMED]) if len(unsettled) <= MOST_NAMED else f"{len(unsettled)} of {len(here)} forces"
        status = "fail" if not_met else "warn" if unsettled else "pass"
        needed = f"{gate.sense} {limit_text(_thresholds(results).gate(key)[0])}".replace(" ", "\u00a0")
        rows.append([Cell(gate.label), Cell(needed), Cell(where or "nowhere", status=status), Cell(open_ or "nowhere")])
    return Table(
        "Gates: one that is not met means not ready",
        ["Gate", "Needed", "Where it is not met", "Where nobody can say"],
        rows,
        "A share of all rows is judged by the count. The duplicates are an estimate: too close to call where its interval holds the "
        "threshold.",
    )


def fields_table(results: Results) -> Table:
    """The score of each field over all forces together, the lowest first, with the force that is worst off."""
    scores = results["field_scores"]
    names = {row.force: row.force_name for row in results.summary.forces}
    rows = []
    known = scores[scores["records"] > 0]
    for (table, name), mine in known.groupby(["table", "field"], sort=False):
        good = (mine["score"] * mine["records"]).sum()
        rate, low, high = (float(value[0]) for value in wilson(np.array([good]), np.array([mine["records"].sum()])))
        worst = mine.loc[mine["score"].idxmin()]
        rows.append((rate, [
            Cell(f"{table}.{name}"), Cell(mine["needed_for"].iloc[0] or "–"), Cell(percent(rate), interval(low, high), number=True),
            Cell(f"{names[worst['force']]} {percent(worst['score'])}"),
        ]))  # fmt: skip
    rows.sort(key=lambda row: row[0])
    return Table(
        "Field scores, all forces together: present, valid and no placeholder, of all records",
        ["Field", "Needed for", "Score", "Worst"],
        [cells for _, cells in rows],
    )


def worst_first(checks: pd.DataFrame) -> pd.DataFrame:
    """Rows of checks by status and rate, the worst first."""
    order = checks["status"].map({name: place for place, name in enumerate(WORST_FIRST)})
    ordered = checks.assign(order=order).sort_values(["order", "rate"], ascending=[True, False])
    return ordered.drop(columns="order").reset_index(drop=True)


def of_all_forces(checks: pd.DataFrame) -> pd.DataFrame:
    """A row a check of rows a check and force, the worst first: check_id, dimension, failed, total, rate, low, high of all forces,
    forces by status, and of the worst force its status, force and rate (``worst``).
    """
    ordered = worst_first(checks)
    whole = ordered.groupby("check_id", sort=False)[["failed", "total"]].sum()
    whole["rate"], whole["low"], whole["high"] = wilson(whole["failed"].to_numpy(), whole["total"].to_numpy())
    statuses = pd.crosstab(ordered["check_id"], ordered["status"]).reindex(columns=list(WORST_FIRST), fill_value=0)
    worst = ordered.drop_duplicates("check_id").set_index("check_id")[["dimension", "status", "force", "rate"]]
    whole = whole.join(statuses).join(worst.rename(columns={"rate": "worst"}))
    return whole.sort_values([*WORST_FIRST[:4], "rate"], ascending=False).reset_index()


def forces_by_status(row: dict[Any, Any]) -> str:
    """How many forces fail, warn or pass, of a row of ``of_all_forces``."""
    return ", ".join(f"{name.replace('_', ' ')} {row[name]}" for name in WORST_FIRST if row[name])


def checks_table(results: Results) -> Table:
    """Every check that warns or fails anywhere: in how many forces, over all of them, what it finds, how it is mended."""
    checks = results["checks"]
    whole = of_all_forces(checks[checks["month"].isna()])
    declared = {check.id: check for check in catalogue()}
    rows = []
    for row in whole[whole["status"].isin(["fail", "error", "warn"])].to_dict("records"):
        check = declared.get(row["check_id"])
        limits = _thresholds(results).limit((check,))[0] if check else None
        rows.append(
            [
                Cell(row["check_id"], row["dimension"]),
                Cell(forces_by_status(row), status=row["status"]),
                Cell(percent(row["rate"], 2), interval(row["low"], row["high"], 2), number=True),
                Cell(f"{percent(limits.warn)} / {percent(limits.fail)}" if limits else "", number=True),
                Cell(check.finds if check else "", check.mend if check else ""),
            ]
        )
    return Table(
        "Checks that warn or fail in a force",
        ["Check", "Forces", "Rate, all forces", "Warns / fails above", "What it finds, and how it is mended"],
        rows,
        "Rate: failed ÷ counted rows of all forces; small print is the 95 % Wilson interval.",
    )


def identities_table(results: Results) -> Table:
    """Duplicate identities by force, with the gain of merging what was found."""
    merging = of_instrument(results["merging"], results.summary.options.instrument).set_index("force")
    names = {row.force: row.force_name for row in results.summary.forces}
    rows = []
    for row in results["identity_summary"].itertuples():
        merged: Any = merging.loc[row.force] if row.force in merging.index else None
        shown = merged is not None and merged["truth_size"] >= LEAST_GROUP
        rows.append(
            [
                Cell(names.get(row.force, row.force)),
                Cell(count(row.records), number=True),
                Cell(f"{row.records / row.clusters:.2f}" if row.clusters else "–", number=True),
                Cell(percent(row.duplicate_rate), interval(row.low, row.high), number=True),
                Cell(percent(row.cross_force_rate), number=True),
                Cell(percent(merged["recall_at_k"], 0) if shown else "–", number=True),
                Cell(
                    percent(merged["recall_after_merging"], 0) if shown else "–",
                    interval(merged["low"], merged["high"], 0) if shown else "",
                    number=True,
                ),
            ]
        )
    return Table(
        "Person records and the people behind them",
        ["Force", "Records", "Records a person", "Further records", "Known elsewhere", "Finds as recorded", "Finds after merging"],
        rows,
        "Further records: share of the force's records that are a further one of a person, estimated from the probabilities that pairs "
        "are one person's; known elsewhere: share of its people with a record in another force. No record is merged.",
    )


def gaps_table(results: Results, force: str | None = None) -> Table:
    """The reporting gaps that hide most crimes."""
    gaps, hidden = results["gaps"], results["hidden_crimes"]
    names = {row.force: row.force_name for row in results.summary.forces}
    both = gaps.reset_index(drop=True).assign(**{name: hidden[name].to_numpy() for name in ("hidden", "low", "high")})
    both = both if force is None else both[both["force"] == force]
    shown = both.sort_values("hidden", ascending=False).head(MOST_ROWS)
    rows = [
        [
            Cell(str(row.unit_id), names.get(row.force, row.force)),
            Cell("all offences" if pd.isna(row.offence_group) else str(row.offence_group).replace("_", " ")),
            Cell(row.kind),
            Cell(f"{pd.Timestamp(row.first_month):%b %Y} – {pd.Timestamp(row.last_month):%b %Y}"),
            Cell(count(row.observed), number=True),
            Cell(count(row.expected), number=True),
            Cell(count(row.hidden), f"{count(row.low)}–{count(row.high)}", number=True),
            Cell(chance(row.q_value), number=True),
        ]
        for row in shown.itertuples()
    ]
    more = f" The {len(both) - len(shown)} that hide fewer stand in gaps.parquet." if len(both) > len(shown) else ""
    return Table(
        "Reporting gaps, those that hide most first",
        ["Unit", "Offences", "Kind", "Months", "Recorded", "Expected", "Hidden", "q"],
        rows,
        "Hidden: crimes that the months lack, with a 95 % interval; q: share of false gaps among those at least as sure." + more,
    )


def of_instrument(frame: pd.DataFrame, instrument: str) -> pd.DataFrame:
    return frame[frame["instrument"] == instrument]


def _thresholds(results: Results) -> Thresholds:
    return Thresholds.model_validate(results.summary.thresholds)
