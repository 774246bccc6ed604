"""Tipping points: how far rows with a blank field must differ from the filled ones before a finding flips.

What the blank ones come to is not known, but how many they are is. Three kinds of finding rest on the filled ones:

- *status*: the rate at which filled rows fail a check that reads the field. The tipping point is the rate among the blank ones at
  which the check's status, and with it a gate's, is another.
- *difference*: the difference between groups in the share of crimes charged; see ``differences.py``.
- *people found*: of the people of the true list, those whose field is filled on all that is recorded of them. The tipping point
  is the share found among the others at which people found is on the other side of its threshold.

A point is beyond reach where no rate among the blank ones would do (delta adjustment of missing data, Rubin 1987; Cro and others
2020). Beside it stands what the truth has for the blank ones: cells from the ledger, people from the true list.
"""

from datetime import date

import duckdb
import numpy as np
import pandas as pd

from audit.effect import Instrument, found_by_blank
from audit.oversight.differences import GROUPED, differences
from audit.oversight.flip import Flip, flip
from audit.oversight.statuses import statuses
from audit.readiness.thresholds import RECALL_NEEDED
from audit.statistics import LEAST_GROUP
from synthetic.contract import TABLES
from synthetic.errors import InputError

COLUMNS = [
    "force", "field", "finding", "about", "filled", "blank", "value", "limit", "tipping_point", "beyond_reach", "true_value", "flips",
]  # fmt: skip
FIELDS = tuple(
    f"{table}.{field.name}"
    for table in ("persons", "crimes", "involvements")
    for field in TABLES[table].fields
    if field.nullable and not field.optional
)
"""The fields that may be blank."""


def tipping(
    connection: duckdb.DuckDBPyConnection,
    forces: list[str],
    field: str,
    as_of: date,
    instrument: Instrument | None = None,
    has_gaps: bool = True,
) -> pd.DataFrame:
    """A row a force and finding that rests on a field, with the columns of ``COLUMNS``.

    ``about`` is a check, a group or an instrument; ``filled`` and ``blank`` are rows, crimes or people; ``value`` is that of the
    filled ones; ``tipping_point`` is null where it is beyond reach, ``true_value`` where there is no truth. ``flips``: whether the
    truth is past the tipping point. Figures that rest on fewer than 10 on either side are null. ``instrument`` is needed for
    people found, and a connection with the truth's views. Raises InputError for a field that is not one of ``FIELDS``.
    """
    check_field(field)
    parts = [statuses(connection, forces, field, as_of)]
    if field in GROUPED:
        parts.append(differences(connection, forces, field))
    if instrument is not None:
        parts.append(_people_found(connection, forces, field, as_of, instrument, has_gaps))
    kinds = {"filled": "Int64", "blank": "Int64", "beyond_reach": "boolean", "flips": "boolean"}
    kinds |= dict.fromkeys(("value", "limit", "tipping_point", "true_value"), "Float64")
    filled = [part.reindex(columns=COLUMNS).astype(kinds) for part in parts if len(part)]
    found = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS).astype(kinds)
    few = ~((found["filled"] >= LEAST_GROUP) & (found["blank"] >= LEAST_GROUP)).fillna(False).astype(bool)
    found.loc[few, [name for name in kinds if name != "limit"]] = pd.NA
    return found


def check_field(field: str) -> None:
    """Refuse a field that cannot be blank; raises InputError."""
    if field not in FIELDS:
        raise InputError("FIELD", f"takes one of {', '.join(FIELDS)}.")


def _people_found(
    connection: duckdb.DuckDBPyConnection, forces: list[str], field: str, as_of: date, instrument: Instrument, has_gaps: bool
) -> pd.DataFrame:
    rows = []
    for row in found_by_blank(connection, forces, np.datetime64(as_of), field, instrument, has_gaps).itertuples():
        known = min(row.filled, row.blank) >= LEAST_GROUP
        value = row.filled_found / row.filled if known else np.nan
        true = row.blank_found / row.blank if known else np.nan
        at = flip(row.filled, value, row.blank, RECALL_NEEDED) if known else Flip(np.nan, False)
        whole = (row.filled_found + row.blank_found) / (row.filled + row.blank) if known else np.nan
        rows.append(
            {
                "force": row.force, "field": field, "finding": "people found", "about": instrument.key, "filled": row.filled,
                "blank": row.blank, "value": value, "limit": RECALL_NEEDED,
                "tipping_point": np.nan if at.beyond_reach else at.point, "beyond_reach": at.beyond_reach, "true_value": true,
                "flips": bool((value >= RECALL_NEEDED) != (whole >= RECALL_NEEDED)),
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def as_text(found: pd.DataFrame) -> str:
    """The tipping points in sentences, one a line; findings that rest on too few are counted at the end."""
    shown = found[found["value"].notna()]
    lines = [_sentence(row) for row in shown.to_dict("records")]
    few = len(found) - len(shown)
    if few:
        lines.append(f"{few} more rest on fewer than {LEAST_GROUP} on a side, so nothing is shown.")
    return "\n".join(lines) if lines else "No finding rests on this field, or nothing is blank."


def _sentence(row: dict[str, object]) -> str:
    share = "differences" if row["finding"] == "difference" else "shares"
    write = _points if share == "differences" else _percent
    what = {
        "status": f"{_percent(row['value'])} of the filled rows fail {row['about']}, whose status changes at {_percent(row['limit'])}",
        "difference": f"{row['about']} is charged {_points(row['value'])} points more often than others",
        "people found": f"{_percent(row['value'])} of the people are found where it is filled, and {_percent(row['limit'])} is needed",
    }[str(row["finding"])]
    if row["beyond_reach"]:
        middle = "whatever the blank ones are, this stays"
    else:
        middle = f"it flips at {write(row['tipping_point'])} among the blank ones"
    end = "" if pd.isna(row["true_value"]) else f"; in truth it is {write(row['true_value'])} there"
    end += ", and it flips" if not pd.isna(row["flips"]) and row["flips"] else ""
    return f"{row['force']}, {row['finding']}: {what}; {row['blank']:,} blank, {row['filled']:,} filled: {middle}{end}"


def _percent(share: object) -> str:
    return f"{100 * float(str(share)):.1f}%"


def _points(share: object) -> str:
    return f"{100 * float(str(share)):+.1f}"
