"""What to do, in order, for each force: first what blocks its next status, then what raises the share of people found."""

from dataclasses import asdict, dataclass
from typing import Literal

import pandas as pd

from audit.checks.catalogue import check
from audit.readiness.figures import Figure, dimension_figures, gate_figures, limit_text, people_figure, share_text
from audit.readiness.status import LEAST_LIST, PeopleFound, people_found, status_of
from audit.readiness.thresholds import Thresholds
from audit.results import empty

BLOCKS, RAISES = "blocks status", "raises people found"
FAMILY_FIXES = {
    "identity": ("Merge the records of the same person", "Look at the clusters of duplicate records, and merge what is confirmed."),
    "linkage": ("Link named suspects to their crimes", "Do not let a crime be filed with a named suspect and no link."),
    "offence": ("Correct offence codes", "Offer the list of codes where the crime is recorded, and review a sample."),
    "dates": ("Correct dates", "Refuse dates out of order where they are entered, and record on the day of the report."),
    "recording": ("Record what was reported", "Ask units with reporting gaps for those months, and record what was reported."),
    "sharing": ("Use what other forces know", "Match records across forces before a list is made."),
}
"""By family of defects: what to do, and how."""


@dataclass(frozen=True)
class Action:
    """One line of the list, without its place. ``gain``, ``low`` and ``high`` are shares of the people a list should hold."""

    kind: Literal["blocks status", "raises people found"]
    item: str
    rows_affected: int | None
    how_to_fix: str
    check_id: str | None
    gain: float | None = None
    low: float | None = None
    high: float | None = None


def blocking_actions(readiness: pd.DataFrame, found: PeopleFound) -> list[Action]:
    """What stands between one force and its next status, from its rows of ``readiness`` for one instrument."""
    status = status_of(readiness, found.status)
    gates = gate_figures(readiness)
    if status in ("not ready", "cannot be judged"):
        order = ["not met", "too close to call", "cannot be judged"]
        waiting = sorted((gate for gate in gates if gate.status != "met"), key=lambda gate: order.index(gate.status))
        return [_of_gate(gate) for gate in waiting]
    if status == "supervised pilot":
        return []
    dimensions = [figure for figure in dimension_figures(readiness) if figure.status not in ("pass", "warn")]
    actions = [_of_dimension(figure) for figure in dimensions]
    return actions if found.status == "met" else [*actions, _of_people(found)]


def action_table(readiness: pd.DataFrame, effect: pd.DataFrame, fix_first: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """``actions.parquet``: the list of each force and instrument, in order; ``owner`` and ``due`` are left to fill in."""
    rows = []
    of_list, of_fixes = by_list(effect), by_list(fix_first)
    for (force, instrument), mine in readiness.groupby(["force", "instrument"], sort=False):
        here, gains = of_list.get((force, instrument), effect.iloc[:0]), of_fixes.get((force, instrument), fix_first.iloc[:0])
        found = people_found(here, thresholds.recall_at_k)
        actions = [*blocking_actions(mine, found), *(_gains(gains) if found.size >= LEAST_LIST else [])]
        rows += [
            {"force": force, "instrument": instrument, "order": place, **asdict(action), "owner": None, "due": None}
            for place, action in enumerate(actions, 1)
        ]
    return pd.DataFrame(rows)[empty("actions").columns.tolist()] if rows else empty("actions")


def by_list(table: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """A table's rows by force and instrument."""
    return {(str(force), str(instrument)): mine for (force, instrument), mine in table.groupby(["force", "instrument"], sort=False)}


def _of_gate(gate: Figure) -> Action:
    needed = f"{gate.label} must be {gate.sense} {limit_text(gate.threshold)}"
    if gate.status == "cannot be judged":
        item = f"{needed}; it cannot be judged, as its check was not run or too few rows have what it needs."
    elif gate.status == "too close to call":
        item = f"{needed}; it is {gate.text}, too close to call."
    else:
        item = f"{needed}; it is {gate.text}."
    bad = 1 - gate.value if gate.sense == "at least" else gate.value
    return Action("blocks status", item, None if pd.isna(bad) else round(bad * gate.total), _fix(gate.decided_by), gate.decided_by)


def _of_dimension(figure: Figure) -> Action:
    if figure.status == "fail":
        limit = limit_text(figure.threshold)
        item = f"{figure.label}: {figure.decided_by} must be at most {limit}; it is {share_text(figure.value, figure.threshold)}."
        affected = round(figure.value * figure.total)
    else:
        item, affected = f"{figure.label} must be judged; {figure.note}.", None
    return Action("blocks status", item, affected, _fix(figure.decided_by), figure.decided_by)


def _of_people(found: PeopleFound) -> Action:
    needed = f"The list must find at least {limit_text(found.threshold)} of the people it should hold"
    if found.value is None:
        item = f"{needed}; it cannot be judged without a truth, or with so few people."
    elif found.status == "cannot be judged":
        item = f"{needed}; it cannot be judged on fewer than {LEAST_LIST} people."
    else:
        item = f"{needed}; it finds {people_figure(found).text}{', too close to call' if found.status != 'not met' else ''}."
    return Action("blocks status", item, None, "See what raises people found, below.", None)


def _gains(gains: pd.DataFrame) -> list[Action]:
    """Families whose repair alone raises people found, the largest gain first."""
    whole = gains[(gains["part"] == 1.0) & gains["kind"].isna() & (gains["gain"] > 0)].sort_values("gain", ascending=False)
    actions = []
    for row in whole.to_dict("records"):
        item, fix = FAMILY_FIXES[row["family"]]
        ends = [None if pd.isna(end := row.get(name, float("nan"))) else float(end) for name in ("gain_low", "gain_high")]
        actions.append(Action("raises people found", f"{item}.", None, fix, None, float(row["gain"]), ends[0], ends[1]))
    return actions


def _fix(check_id: str | None) -> str:
    declared = check(check_id) if check_id else None
    return declared.fix if declared else "Run the checks that were left out, on data that has what they need."
