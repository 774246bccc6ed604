"""What commands print for people: the verdict on each force in a line, and the instruments."""

import json

from audit.effect import built_in
from audit.results import Results


def forces_text(results: Results) -> str:
    """One line a force: status, worst dimension, share of the people a list should hold that it finds."""
    lines = []
    width = max((len(row.force_name) for row in results.summary.forces), default=0)
    for row in results.summary.forces:
        worst = f"worst: {row.worst_dimension}" if row.worst_dimension is not None else ""
        found = (
            f"finds {row.recall_at_k:.0%} ({row.low:.0%} to {row.high:.0%}) of the people its list should hold"
            if row.recall_at_k is not None and row.low is not None and row.high is not None
            else "no truth, or too few people, to compare its list with"
        )
        lines.append(f"{row.force_name:{width}}  {row.status:20}  {worst:20}  {found}")
    return "\n".join(lines)


def instruments_text(as_json: bool) -> str:
    """The built-in instruments: key, English name, summary, source."""
    listed = built_in().values()
    if as_json:
        return json.dumps([one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in listed], indent=1)
    when = {True: "in each audit", False: "on request"}
    return "\n".join(
        f"{one.key:10}{one.name} ({when[one.every_audit]})\n{'':10}{one.summary}\n{'':10}{one.source}" for one in listed
    )
