"""Compare: two audits held against each other, what got better and worse, chance set aside."""

from pathlib import Path

import pandas as pd
import streamlit as st

from audit.oversight.compare import Comparison
from audit.oversight.compare import compare as compare_results
from audit.report.content import Cell, Table, chance, percent, points
from dashboard.shell import View, downloads, once, read, show_table

MOST_ROWS = 100


def show(view: View) -> None:
    """Draw the page."""
    st.title("Compare", anchor=False)
    others = [name for name in view.runs if name != view.folder.name]
    if not others:
        st.info(
            "There is one run here, so nothing to hold it against. Put several results folders below one, and start the page with "
            "`streamlit run app.py -- --results THAT-FOLDER`.",
            icon=":material/compare_arrows:",
        )
        return
    names = list(view.runs)
    later = names[names.index(view.folder.name) + 1 :]
    default = others.index(later[0]) if later else 0
    chosen = str(st.selectbox("Earlier run", others, index=default, key="earlier", bind="query-params"))
    folder = view.runs[chosen]
    changed = (folder / "audit.json").stat().st_mtime_ns
    _told(view, folder, changed)
    downloads(lambda: _comparison(view, folder, changed).checks, "compare")


@once
def _told(view: View, folder: Path, changed: int) -> None:
    comparison = _comparison(view, folder, changed)
    counts = comparison.checks["change"].value_counts()
    st.subheader(
        f"From {folder.name} to {view.folder.name}: {counts.get('worse', 0)} worse, {counts.get('better', 0)} better, "
        f"{counts.get('appeared', 0)} appeared, {counts.get('gone', 0)} gone",
        anchor=False,
    )
    st.caption(
        "Of all checks by force. Two-proportion tests; a change is told where its false-discovery rate is at most 5 % over all of them."
    )
    show_table(_forces(comparison, view))
    show_table(_checks(comparison, view))


def _comparison(view: View, folder: Path, changed: int) -> Comparison:
    return compare_results(read(folder, changed), view.results)


def _forces(comparison: Comparison, view: View) -> Table:
    rows = [
        [
            Cell(view.names.get(row.force, row.force)),
            Cell(row.old_status, status=row.old_status),
            Cell(row.new_status, status=row.new_status),
            Cell(", ".join(row.gates_newly_failed) or "–"),
            Cell(", ".join(row.gates_newly_met) or "–"),
            Cell(percent(row.old_recall, 0), number=True),
            Cell(percent(row.new_recall, 0), number=True),
        ]
        for row in comparison.forces.itertuples()
    ]
    return Table(
        "Verdict on each force", ["Force", "Before", "Now", "Gates failed anew", "Gates mended", "Found before", "Found now"], rows
    )


def _checks(comparison: Comparison, view: View) -> Table:
    changed = comparison.checks[comparison.checks["change"] != "same"]
    order = changed["change"].map({"worse": 0, "appeared": 1, "better": 2, "gone": 3})
    changed = changed.assign(order=order, size=-changed["difference"].abs()).sort_values(["order", "size"])
    rows = [
        [
            Cell(row.check_id),
            Cell(view.names.get(row.force, row.force)),
            Cell(row.change, status="fail" if row.change in ("worse", "appeared") else "pass"),
            Cell(percent(row.old_rate, 2), number=True),
            Cell(percent(row.new_rate, 2), number=True),
            Cell(points(row.difference), "" if pd.isna(row.low) else f"{points(row.low)} to {points(row.high)}", number=True),
            Cell(chance(row.q_value), number=True),
        ]
        for row in changed.head(MOST_ROWS).itertuples()
    ]
    more = f"The first {MOST_ROWS} of {len(changed):,}; the downloads have all. " if len(changed) > MOST_ROWS else ""
    return Table(
        "Checks that changed, the widest first",
        ["Check", "Force", "Change", "Before", "Now", "Difference, points", "q"],
        rows,
        more + "The interval of the difference is Newcombe's (95 %).",
    )
