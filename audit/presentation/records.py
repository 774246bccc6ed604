"""Synthetic person records side by side, with what differs marked."""

import difflib
import html

import pandas as pd

from audit.presentation.wording import field_title


def side_by_side(records: pd.DataFrame, fields: tuple[str, ...]) -> str:
    """Records as columns and fields as rows, as HTML, with the parts that differ from the first record marked."""
    head = "".join(f"<th scope='col'>Record {place + 1}</th>" for place in range(len(records)))
    lines = []
    for field in fields:
        texts = [
            "" if pd.isna(value) else f"{value:%Y-%m-%d}" if hasattr(value, "year") else str(value) for value in records[field]
        ]
        cells = [html.escape(texts[0]) or "<em>blank</em>", *(_marked(texts[0], text) for text in texts[1:])]
        lines.append(f"<tr><th scope='row'>{field_title(field)}</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return (
        "<div class='bench-scroll' tabindex='0' role='region' aria-label='Records side by side'><table class='bench'>"
        f"<caption>Records judged to be the same person's</caption><thead><tr><th scope='col'>Field</th>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _marked(first: str, other: str) -> str:
    if not other:
        return "<em>blank</em>"
    if not first:
        return f"<mark>{html.escape(other)}</mark>"
    parts = []
    for kind, _, _, begin, end in difflib.SequenceMatcher(None, first, other, autojunk=False).get_opcodes():
        text = html.escape(other[begin:end])
        parts.append(text if kind == "equal" else f"<mark>{text or '·'}</mark>")
    return "".join(parts)
