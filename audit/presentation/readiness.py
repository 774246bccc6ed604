"""Readiness in sentences and tables: the verdict, people found, the scorecard, the gates, the actions."""

import numpy as np
import pandas as pd

from audit.checks.catalogue import DIMENSIONS
from audit.effect import LEAST_GROUP
from audit.presentation.checks import TOO_CLOSE, verdict_on
from audit.presentation.effects import contributions_of, of_instrument
from audit.presentation.html import status_name
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import FAMILY_TITLES, check_name, count, interval, percent, plural, points, points_interval
from audit.readiness.assess import WORST_FIRST
from audit.readiness.figures import Figure, figures_by_force, limit_text
from audit.readiness.gates import GATES
from audit.readiness.status import LEAST_LIST, people_found
from audit.readiness.thresholds import Thresholds
from audit.results import ForceSummary, Results
from audit.statistics import wilson

MOST_NAMED = 6
RANKS = {"not ready": 0, "cannot be judged": 0, "process testing only": 1, "supervised pilot": 2}
"""Statuses of a force, the worst first."""


def gate_title(name: str) -> str:
    """A gate in English, by its name in files."""
    return GATES[name].label if name in GATES else name


def verdict(results: Results) -> str:
    """Whether the data of the forces is ready, and the reason, in a sentence; for the use that the results are judged for."""
    forces = results.summary.forces
    if len(forces) == 1:
        return f"{forces[0].force_name}'s data: {status_name(forces[0].status)}{_reason(forces[0])}."
    ready = [row for row in forces if row.status == "supervised pilot"]
    most = _most_common(forces)
    because = ""
    if most and len(ready) < len(forces):
        gates = " and ".join(f"“{gate_title(name)}” is not met in {number}" for name, number in most[:2])
        because = f", mostly because {gates}"
    if not ready:
        return f"None of these {len(forces)} forces' data is ready for a supervised pilot{because}."
    if len(ready) == len(forces):
        return f"The data of all {len(forces)} forces is ready for a supervised pilot."
    return f"The data of {len(ready)} of {len(forces)} forces is ready for a supervised pilot; of the others it is not{because}."


def nearest_to_ready(results: Results) -> str:
    """The force that is nearest to ready, and what it lacks; empty where there is one force only, or all are ready."""
    forces = results.summary.forces
    if len(forces) < 2 or all(row.status == "supervised pilot" for row in forces):
        return ""
    best = max(
        forces,
        key=lambda row: (RANKS.get(row.status, 0), -len(row.failed_gates), -len(row.unsettled_gates), row.recall_at_k or 0.0),
    )
    if best.failed_gates:
        lacks = f"{plural(len(best.failed_gates), 'gate')} not met ({', '.join(gate_title(name) for name in best.failed_gates)})"
    else:
        lacks = status_name(best.status)
    if best.unsettled_gates:
        lacks += f", {plural(len(best.unsettled_gates), 'gate')} that cannot be decided"
    least = _thresholds(results).recall_at_k
    if best.recall_at_k is not None and best.recall_at_k < least:
        lacks += f"; it finds {percent(best.recall_at_k, least, 0)} of the people that its list should hold, where {percent(least, digits=0)} are needed"
    return f"Nearest to ready: {best.force_name}, {lacks}."


def headline(results: Results, instrument: str | None = None, force: str | None = None) -> str:
    """How many of the people that a list should hold the data would find, of one force or of all together."""
    effect = of_instrument(results["effect"], instrument or results.summary.options.instrument)
    if force is not None:
        effect = effect[effect["force"] == force]
    known = effect.dropna(subset=["recall_at_k"])
    size = int(known["truth_size"].sum())
    if results.summary.awaits("effect"):
        return "How many of the people that a list should hold this data finds is still being measured."
    if size < LEAST_GROUP:
        return "There is no truth to compare a list with here, or too few people, so nobody can say whom it would miss."
    found = round(float((known["recall_at_k"] * known["truth_size"]).sum()))
    _, low, high = (100 * float(value[0]) for value in wilson(np.array([found]), np.array([size])))
    rate = percent(found / size, _thresholds(results).recall_at_k, 0).removesuffix("%")
    names = {row.force: row.force_name for row in results.summary.forces}
    whose = f"{names.get(force, force)}'s list" if force else f"these {len(known)} forces' lists"
    return f"Of 100 people that {whose} should hold, this data finds {rate} ({low:.0f} to {high:.0f})."


def fix_first(results: Results, instrument: str, force: str) -> str:
    """The family of defects to fix first, and what it costs; empty where there is no truth, or nothing is missed."""
    recall, parts = contributions_of(results, instrument, force)
    if recall is None or not parts or max(parts.values()) <= 0:
        return ""
    family = max(parts, key=lambda name: parts[name])
    name, _, what = FAMILY_TITLES[family].partition(": ")
    sentence = f"Fix first: {name.lower()} ({what}); about {100 * parts[family]:.0f} of 100 people are missed because of it"
    gains = of_instrument(results["fix_first"], instrument)
    alone = gains[(gains["force"] == force) & (gains["family"] == family) & gains["kind"].isna() & (gains["part"] == 1.0)]["gain"]
    if not len(alone):
        return f"{sentence}."
    more = round(100 * float(alone.iloc[0]))
    return (
        f"{sentence}, and repaired alone it finds {more} more."
        if more > 0
        else f"{sentence}, though repaired alone it finds no more."
    )


def ordered_by(results: Results, column: str | None) -> Results:
    """The results with the forces in the order of a column of the scorecard, the worst first; None leaves them as they are."""
    if column is None:
        return results
    values = scorecard(results)[column]
    if column == "status":
        values = values.map(RANKS)
    elif column in DIMENSIONS:
        values = values.map(WORST_FIRST.index)
    else:
        values = values.astype(float)
    places = values.sort_values(kind="stable", na_position="last").index
    forces = [results.summary.forces[place] for place in places]
    return results.with_tables(results.summary.model_copy(update={"forces": forces}))


def scorecard(results: Results, instrument: str | None = None) -> pd.DataFrame:
    """A row a force: status, people found, each dimension with the check that decides it, gates, what to change; plain values."""
    readiness = of_instrument(results["readiness"], instrument or results.summary.options.instrument)
    rows, dimensions = [], figures_by_force(readiness, "dimension")
    for row in results.summary.forces:
        line: dict[str, object] = {
            "force": row.force_name,
            "status": row.status,
            "people found": row.recall_at_k,
            "people found low": row.low,
            "people found high": row.high,
            "people found verdict": row.people_found,
        }
        for figure in dimensions.get(row.force, []):
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
    """The scorecard as a table: status, people found, and for each dimension what its worst check finds."""
    instrument = results.summary.options.instrument
    readiness, effect = (of_instrument(results[name], instrument) for name in ("readiness", "effect"))
    limits = _thresholds(results)
    needed = limits.recall_at_k
    rows, dimensions = [], figures_by_force(readiness, "dimension")
    for force in results.summary.forces:
        figures = {figure.name: figure for figure in dimensions.get(force.force, [])}
        rows.append(
            [
                Cell(force.force_name),
                Cell(status_name(force.status), status=force.status),
                _people_found(results, effect[effect["force"] == force.force], needed),
                *(_dimension(figures[name], limits) if name in figures else Cell("–", number=True) for name in DIMENSIONS),
            ]
        )
    return Table(
        "Scorecard: readiness of each force's data, never of people",
        ["Force", "Status", "People found", *(name.capitalize() for name in DIMENSIONS)],
        rows,
        "Each dimension is as good as its worst check, never an average: the share of rows that fail it; small print names the check "
        f"and its limit. People found: at least {limit_text(needed)} needed, on lists of at least {LEAST_LIST} people; small print is "
        "the 95% interval. ✓ met or pass, ! warn, ✗ not met or fail, ≈ too close to call, ? cannot be judged, ○ not run.",
    )


def gates_table(results: Results) -> Table:
    """Each gate: what is needed, where it is not met, and where nobody can say."""
    readiness = of_instrument(results["readiness"], results.summary.options.instrument)
    names = {row.force: row.force_name for row in results.summary.forces}
    readiness = readiness[readiness["force"].isin(list(names))]
    by_force = figures_by_force(readiness, "gate")
    limits = _thresholds(results)
    rows = []
    for key, gate in GATES.items():
        here = [(names[force], figure) for force, figures in by_force.items() for figure in figures if figure.name == key]
        here.sort(key=lambda pair: pair[1].value, reverse=gate.sense == "at most")
        not_met = [(name, figure) for name, figure in here if figure.status == "not met"]
        where = ", ".join(f"{name} {percent(figure.value, figure.threshold)}" for name, figure in not_met[:MOST_NAMED])
        if len(not_met) > MOST_NAMED:
            where = f"{len(not_met)} of {len(here)} forces; the worst: {where}"
        unsettled = [(name, figure) for name, figure in here if figure.status not in ("met", "not met")]
        unknown = ", ".join(_unsettled(name, figure) for name, figure in unsettled[:MOST_NAMED])
        if len(unsettled) > MOST_NAMED:
            unknown = f"{len(unsettled)} of {len(here)} forces; the worst: {unknown}"
        met = [(name, figure) for name, figure in here if figure.status == "met"]
        nearest = f"met: {met[0][0]} {percent(met[0][1].value, met[0][1].threshold)}" if met else ""
        if len(met) > 1:
            nearest = f"met in {len(met)}; nearest to the limit: {nearest.removeprefix('met: ')}"
        needed = f"{gate.sense} {limit_text(limits.gate(key)[0])}".replace(" ", "\u00a0")
        rows.append(
            [
                Cell(gate.label),
                Cell(needed),
                Cell(where or "nowhere", nearest, "not met" if not_met else "" if unsettled else "met"),
                Cell(unknown or "nowhere", status=unsettled[0][1].status if unsettled else ""),
            ]
        )
    return Table(
        "Gates: one that is not met means not ready",
        ["Gate", "Needed", "Where it is not met", "Where nobody can say"],
        rows,
        "Small print: the gates that are met, with the value that is nearest to the limit. A share of all rows is judged by the count. Duplicate person records are an estimate: too close to call where its interval "
        "holds the threshold.",
    )


def _unsettled(name: str, figure: Figure) -> str:
    """A force, why nobody can say whether it meets a gate, and the figure where there is one."""
    if pd.isna(figure.value):
        return f"{name}: {status_name(figure.status)}"
    ends = f" ({interval(figure.low, figure.high)})" if GATES[figure.name].estimated else ""
    return f"{name} {percent(figure.value, figure.threshold)}{ends}: {status_name(figure.status)}"


def status_table(results: Results) -> Table:
    """A row a force: its status, why, and people found with the interval; what a reader needs first."""
    effect = of_instrument(results["effect"], results.summary.options.instrument)
    needed = _thresholds(results).recall_at_k
    rows = [
        [
            Cell(row.force_name),
            Cell(status_name(row.status), status=row.status),
            Cell(_why(row)),
            _people_found(results, effect[effect["force"] == row.force], needed),
        ]
        for row in results.summary.forces
    ]
    return Table("Status of each force's data, and why", ["Force", "Status", "Why", "People found"], rows)


def first_actions_table(results: Results, most: int = 6) -> Table:
    """The first lines of every force's action list, ``most`` in all; of the first forces alone where there are more than that."""
    frame = actions_frame(results)
    each = max(1, most // max(frame["force"].nunique(), 1))
    first = frame[frame.groupby("force", sort=False).cumcount() < each].head(most)
    table = _actions_of(first)
    left = len(frame) - len(first)
    more = f"{left} further lines stand in the full list below. " if left > 0 else ""
    return Table("What to do first", table.columns, table.rows, more + NOISE)


NOISE = "A gain whose interval holds 0 is within noise."


def actions_frame(results: Results) -> pd.DataFrame:
    """The list of what to do for each force, for the use of the summary, with owner and due date to fill in; plain values."""
    names = {row.force: row.force_name for row in results.summary.forces}
    mine = of_instrument(results["actions"], results.summary.options.instrument)
    mine = mine[mine["force"].isin(list(names))]
    return mine.assign(force=mine["force"].map(names)).drop(columns="instrument").reset_index(drop=True)


def actions_table(results: Results) -> Table:
    """The action list: what blocks the status of each force first, then what finds more people; for the use of the summary."""
    table = _actions_of(actions_frame(results))
    return Table(
        "Action list: what blocks the status first, then what finds more people",
        table.columns,
        table.rows,
        f"{NOISE} The downloads have columns for an owner and a due date.",
    )


def _actions_of(frame: pd.DataFrame) -> Table:
    rows = [
        [
            Cell(row["force"]),
            Cell(row["kind"]),
            Cell(row["item"]),
            Cell(count(row["rows_affected"]), number=True),
            Cell(points(row["gain"]), points_interval(row["low"], row["high"]), number=True),
            Cell(row["how_to_fix"], link=f"all-checks?check={row['check_id']}" if isinstance(row["check_id"], str) else ""),
        ]
        for row in frame.to_dict("records")
    ]
    return Table("Actions", ["Force", "Why", "What to reach", "Rows affected", "Gain, people of 100", "How to fix it"], rows)


def _people_found(results: Results, effect: pd.DataFrame, needed: float) -> Cell:
    found = people_found(effect, needed)
    if results.summary.awaits("effect"):
        return Cell("–", "not measured yet", found.status, True)
    if found.value is None:
        return Cell("–", "no truth, or too few people", found.status, True)
    note = interval(found.low, found.high, 0)
    if found.status in ("too close to call", "cannot be judged"):
        note = f"{note}; {found.status}"
    return Cell(percent(found.value, needed, 0), note, found.status, True)


def _dimension(figure: Figure, limits: Thresholds) -> Cell:
    name = check_name(figure.decided_by) if figure.decided_by else ""
    link = f"all-checks?check={figure.decided_by}" if figure.decided_by else ""
    row = {"check_id": figure.decided_by, "status": figure.status, "low": figure.low, "high": figure.high}
    if figure.decided_by and verdict_on(row, limits) == TOO_CLOSE:
        note = f"{name}, estimated {interval(figure.low, figure.high)}; fails above {limit_text(figure.threshold)}"
        return Cell(percent(figure.value, figure.threshold), note, TOO_CLOSE, True, link=link)
    if figure.status in ("pass", "warn", "fail"):
        limit = f"{'warns' if figure.status == 'warn' else 'fails'} above {limit_text(figure.threshold)}"
        return Cell(percent(figure.value, figure.threshold), f"{name}; {limit}", figure.status, True, link=link)
    note = "nothing to judge" if figure.status == "not_applicable" else f"{status_name(figure.status)}: {name}"
    return Cell("–", note, figure.status, True, link=link)


def _why(force: ForceSummary) -> str:
    """As ``_reason``, short enough for a cell."""
    if force.failed_gates:
        return f"Not met: {', '.join(gate_title(name) for name in force.failed_gates)}."
    if force.unsettled_gates:
        return f"Not settled: {', '.join(gate_title(name) for name in force.unsettled_gates)}."
    return "All gates are met." if force.status == "supervised pilot" else "All gates are met; the action list says what is next."


def _reason(force: ForceSummary) -> str:
    if force.failed_gates:
        gates = ", ".join(f"“{gate_title(name)}”" for name in force.failed_gates)
        return f", because {gates} {'is' if len(force.failed_gates) == 1 else 'are'} not met"
    if force.unsettled_gates:
        gates = ", ".join(f"“{gate_title(name)}”" for name in force.unsettled_gates)
        return f", because {gates} cannot be judged or {'is' if len(force.unsettled_gates) == 1 else 'are'} too close to call"
    return "" if force.status == "supervised pilot" else "; the action list says what the next status needs"


def _most_common(forces: list[ForceSummary]) -> list[tuple[str, int]]:
    """Gates that are not met, by the number of forces that do not meet them."""
    names = [name for row in forces for name in row.failed_gates]
    return sorted({name: names.count(name) for name in names}.items(), key=lambda entry: -entry[1])


def _thresholds(results: Results) -> Thresholds:
    return Thresholds.model_validate(results.summary.thresholds)
