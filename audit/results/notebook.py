"""How results look in a notebook: the scorecard, a row for each force."""

from html import escape

from audit.results.summary import ForceSummary, Summary

COLUMNS = ("Force", "Crimes", "Person records", "Status", "What blocks the next status", "People found")


def scorecard_html(summary: Summary) -> str:
    """The scorecard of a run as an HTML table; figures are about data, never about people."""
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    rows = "".join(_row(force) for force in summary.forces)
    caption = f"Synthetic data to {summary.dataset.as_of}, audited by {summary.auditor}; intervals are 95%."
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        "<p>Each table of the results is a DataFrame: <code>results['checks']</code>.</p>"
    )


def _row(force: ForceSummary) -> str:
    found = "–"
    if force.recall_at_k is not None:
        found = f"{force.recall_at_k:.0%}"
        if force.low is not None and force.high is not None:
            found += f" ({force.low:.0%} to {force.high:.0%})"
    blocks = "<br>".join(escape(sentence) for sentence in force.to_next_status) or "–"
    cells = (f"{force.crimes:,}", f"{force.person_records:,}", escape(force.status), blocks, found)
    return f'<tr><th scope="row">{escape(force.force_name)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
