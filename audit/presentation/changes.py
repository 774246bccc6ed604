"""What changed between two audits, as tables."""

import pandas as pd

from audit.oversight.compare import Comparison, changed_first
from audit.presentation.html import status_name
from audit.presentation.readiness import gate_title
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import chance, check_name, percent, points, points_interval

MOST_ROWS = 100


def changed_forces_table(comparison: Comparison, names: dict[str, str]) -> Table:
    """The verdict on each force before and now; ``names``: slug → name."""
    rows = [
        [
            Cell(names.get(row["force"], row["force"])),
            Cell(status_name(row["old_status"]), status=row["old_status"]),
            Cell(status_name(row["new_status"]), status=row["new_status"]),
            Cell(", ".join(map(gate_title, row["gates_newly_failed"])) or "–"),
            Cell(", ".join(map(gate_title, row["gates_newly_met"])) or "–"),
            Cell(percent(row["old_recall"], digits=0), number=True),
            Cell(percent(row["new_recall"], digits=0), number=True),
            Cell(points(row["recall_difference"]), points_interval(row["recall_low"], row["recall_high"]), number=True),
        ]
        for row in comparison.forces.to_dict("records")
    ]
    columns = [
        "Force",
        "Before",
        "Now",
        "Gates newly not met",
        "Gates newly met",
        "People found before",
        "People found now",
        "Difference, points",
    ]
    return Table("Verdict on each force", columns, rows)


def changed_checks_table(comparison: Comparison, names: dict[str, str]) -> Table:
    """The checks that changed beyond chance, those that got worse first, the largest change first."""
    changed = changed_first(comparison.checks)
    rows = [
        [
            Cell(check_name(row.check_id), code=row.check_id),
            Cell(names.get(row.force, row.force)),
            Cell(row.change, status={"better": "pass", "not tested": ""}.get(row.change, "fail")),
            Cell(percent(row.old_rate, digits=2), number=True),
            Cell(percent(row.new_rate, digits=2), number=True),
            Cell(points(row.difference), "" if pd.isna(row.low) else points_interval(row.low, row.high), number=True),
            Cell(chance(row.q_value), number=True),
        ]
        for row in changed.head(MOST_ROWS).itertuples()
    ]
    more = f"The first {MOST_ROWS} of {len(changed):,}; the downloads have all. " if len(changed) > MOST_ROWS else ""
    return Table(
        "Checks that changed, the largest change first",
        ["Check", "Force", "Change", "Before", "Now", "Difference, points", "Chance"],
        rows,
        more
        + "The interval of the difference is Newcombe's (95%). Chance: the q-value of the change. Not tested: the figure is an excess "
        "beyond chance, or counts months, so no test of shares applies; both figures are shown, and nothing is said of chance.",
        "No check changed beyond chance.",
    )
