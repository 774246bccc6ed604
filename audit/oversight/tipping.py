"""Tipping points: how far rows with a blank field must differ from the filled ones before a finding flips.

The finding is a difference between groups: the share of crimes charged or cautioned among those with the field in a group, less that among
all other crimes with the field filled. What the blank ones come to is not known, but two things are: how many they are, and
how many of them are charged. Suppose that the blank rows fall into the group as often as the filled ones. Then one number is
open, the difference between the groups within the blank rows, and the tipping point is the one at which the difference over all
rows is nil. It is beyond reach where not even all of the blank rows' charges falling on one side would do (after the delta
adjustment of missing data, Rubin 1987; Cro and others 2020). Beside it stands the difference that the truth has in these rows.
"""

import duckdb
import numpy as np
import pandas as pd

from synthetic.contract import TABLES, reference
from synthetic.errors import InputError

LEAST_ROWS = 10
FIELDS = {"persons.sex": "sex", "persons.ethnicity": "ethnicity"}
"""Fields that have a true value for each person, of the crime's suspect."""


def tipping(connection: duckdb.DuckDBPyConnection, forces: list[str], field: str) -> pd.DataFrame:
    """A row a force and group: force, field, group, filled, blank (crimes), difference (among the filled), tipping_point (the
    difference within the blank rows at which the whole is nil; null where it is beyond reach), beyond_reach, true_difference
    (within the blank rows, by the truth; null without one or under 10 crimes on a side), flips (whether the true difference is
    past the tipping point). Groups, or their rest, of fewer than 10 crimes are null. Raises InputError for another field.
    """
    if field not in FIELDS:
        raise InputError("FIELD", f"takes one of {', '.join(FIELDS)}.")
    crimes = _crimes(connection, FIELDS[field])
    groups = [group for group in dict.fromkeys(crimes["recorded"].dropna()) if group]
    rows = []
    for force in forces:
        mine = crimes[crimes["force"] == force]
        rows += [{"force": force, "field": field, "group": group, **_of_group(mine, group)} for group in sorted(groups)]
    columns = [
        "force",
        "field",
        "group",
        "filled",
        "blank",
        "difference",
        "tipping_point",
        "beyond_reach",
        "true_difference",
        "flips",
    ]
    kinds = {"filled": "Int64", "blank": "Int64", "beyond_reach": "boolean", "flips": "boolean"}
    return pd.DataFrame(rows, columns=columns).astype(kinds)


def _of_group(crimes: pd.DataFrame, group: str) -> dict[str, object]:
    filled, blank = crimes[crimes["recorded"].notna()], crimes[crimes["recorded"].isna()]
    here, there = filled[filled["recorded"] == group], filled[filled["recorded"] != group]
    nothing = dict.fromkeys(("filled", "blank", "difference", "tipping_point", "beyond_reach", "true_difference", "flips"))
    if min(len(here), len(there), len(blank)) < LEAST_ROWS:
        return nothing
    difference = float(here["charged"].mean() - there["charged"].mean())
    point, reachable = tipping_point(
        len(here), here["charged"].mean(), len(there), there["charged"].mean(), len(blank), blank["charged"].mean()
    )
    truth = _true_difference(blank, group)
    flips = None if truth is None else bool(reachable and (truth - point) * np.sign(difference) < 0)
    return {
        "filled": len(filled), "blank": len(blank), "difference": difference, "tipping_point": point if reachable else None,
        "beyond_reach": not reachable, "true_difference": truth, "flips": flips,
    }  # fmt: skip


def tipping_point(here: int, rate: float, there: int, other: float, blank: int, blank_rate: float) -> tuple[float, bool]:
    """The difference within the blank rows at which the whole difference is nil, and whether it is within reach.

    ``here`` and ``there`` are the filled rows in the group and not, with their rates; the blank rows fall into the group in the same
    proportion, and their rate over all is ``blank_rate``.

    >>> point, reachable = tipping_point(100, 0.3, 100, 0.1, 200, 0.2)
    >>> round(point, 3), reachable
    (-0.2, True)
    """
    share = here / (here + there)
    # With d the blank rows' difference, their rates are blank_rate + (1 - share) d in the group and blank_rate - share d beside it.
    inside, outside = blank * share, blank * (1 - share)
    base = (here * rate + inside * blank_rate) / (here + inside) - (there * other + outside * blank_rate) / (there + outside)
    slope = inside * (1 - share) / (here + inside) + outside * share / (there + outside)
    point = -base / slope
    rates = blank_rate + (1 - share) * point, blank_rate - share * point
    return float(point), all(0 <= one <= 1 for one in rates)


def _true_difference(blank: pd.DataFrame, group: str) -> float | None:
    known = blank[blank["true"].notna()]
    here, there = known.loc[known["true"] == group, "charged"], known.loc[known["true"] != group, "charged"]
    return float(here.mean() - there.mean()) if min(len(here), len(there)) >= LEAST_ROWS else None


def _crimes(connection: duckdb.DuckDBPyConnection, field: str) -> pd.DataFrame:
    """A row a crime with a suspect's record: force, charged, recorded (the group, null for blank or not known), true."""
    views = {row[0] for row in connection.execute("SHOW TABLES").fetchall()}
    has_truth = "truth_identities" in views and "truth_people" in views
    known = {row[0] for row in connection.execute("DESCRIBE SELECT * FROM crimes").fetchall()}
    crimes_only = "coalesce(c.record_class NOT IN ('cancelled', 'non_crime_incident'), true)" if "record_class" in known else "true"
    unknown = ", ".join(f"'{code}'" for code in ("", *TABLES["persons"].field(field).unknown))
    connection.register("tipping_groups", reference("ethnicities")[["ethnicity", "ethnicity_group"]])
    grouped = "(SELECT ethnicity_group FROM tipping_groups g WHERE g.ethnicity = {})" if field == "ethnicity" else "{}"
    true = "SELECT NULL::VARCHAR AS person_id, NULL::VARCHAR AS value WHERE false"
    if has_truth:
        # Of a record that two people share, the true value is not one person's.
        true = f"""
            SELECT i.person_id, min(t.{field}) AS value FROM truth_identities i JOIN truth_people t USING (person_key)
            GROUP BY i.person_id HAVING count(*) = 1
        """
    return connection.execute(
        f"""
        WITH suspects AS (SELECT crime_id, min(person_id) AS person_id FROM involvements WHERE role = 'suspect' GROUP BY crime_id),
        known AS (
            SELECT c.force, coalesce(c.outcome_code IN ('1', '2', '3'), false) AS charged, t.value AS true_code,
                   CASE WHEN trim(p.{field}) NOT IN ({unknown}) THEN trim(p.{field}) END AS code
            FROM crimes c JOIN suspects s ON s.crime_id = c.crime_id JOIN persons p ON p.person_id = s.person_id
            LEFT JOIN ({true}) t ON t.person_id = p.person_id WHERE {crimes_only}
        )
        SELECT force, charged, {grouped.format("code")} AS recorded, {grouped.format("true_code")} AS "true" FROM known
        """
    ).df()


def as_text(found: pd.DataFrame) -> str:
    """The tipping points in sentences, a force and group a line."""
    lines = []
    for row in found.itertuples():
        if pd.isna(row.difference):
            lines.append(f"{row.force}, {row.group}: fewer than {LEAST_ROWS} crimes on a side, so nothing is shown.")
            continue
        begin = f"{row.force}, {row.group}: {100 * row.difference:+.1f} points more charged than others, {row.blank:,} of {row.blank + row.filled:,} blank; "
        if row.beyond_reach:
            middle = "whatever the blank ones are, the difference keeps its sign"
        else:
            middle = f"the difference is nil if it is {100 * row.tipping_point:+.1f} points among the blank ones"
        end = "" if pd.isna(row.true_difference) else f"; in truth it is {100 * row.true_difference:+.1f} there"
        lines.append(begin + middle + end)
    return "\n".join(lines)
