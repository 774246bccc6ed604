"""Differences between groups that rest on crimes whose field is filled, and how far the blank ones must differ.

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

from audit.statistics import LEAST_GROUP
from synthetic.contract import TABLES, reference

AGES = (18, 25, 35, 45, 55)
GROUPED = {
    "persons.sex", "persons.ethnicity", "persons.date_of_birth", "crimes.offence_code", "crimes.domestic_abuse",
    "crimes.reported_via", "crimes.suspect_status", "involvements.relationship",
}  # fmt: skip
"""Fields whose values fall into groups: ethnicities and offences as their reference tables group them, births by age."""


def differences(connection: duckdb.DuckDBPyConnection, forces: list[str], field: str) -> pd.DataFrame:
    """A row a force and group: force, field, finding, about (the group), filled, blank (crimes), value (the difference among the
    filled), limit (0), tipping_point (the difference within the blank rows at which the whole is nil; null where it is beyond
    reach), beyond_reach, true_value (within the blank rows, by the truth; null without one or under 10 crimes on a side), flips
    (whether the true difference is past the tipping point). Groups, or their rest, of fewer than 10 crimes are null.
    """
    crimes = _crimes(connection, field)
    groups = [group for group in dict.fromkeys(crimes["recorded"].dropna()) if group]
    rows = []
    for force in forces:
        mine = crimes[crimes["force"] == force]
        same = {"force": force, "field": field, "finding": "difference", "limit": 0.0}
        rows += [{**same, "about": group, **_of_group(mine, group)} for group in sorted(groups)]
    return pd.DataFrame(rows)


def _of_group(crimes: pd.DataFrame, group: str) -> dict[str, object]:
    filled, blank = crimes[crimes["recorded"].notna()], crimes[crimes["recorded"].isna()]
    here, there = filled[filled["recorded"] == group], filled[filled["recorded"] != group]
    nothing = dict.fromkeys(("filled", "blank", "value", "tipping_point", "beyond_reach", "true_value", "flips"))
    if min(len(here), len(there), len(blank)) < LEAST_GROUP:
        return nothing
    difference = float(here["charged"].mean() - there["charged"].mean())
    point, reachable = tipping_point(
        len(here), here["charged"].mean(), len(there), there["charged"].mean(), len(blank), blank["charged"].mean()
    )
    truth = _true_difference(blank, group)
    flips = None if truth is None else bool(reachable and (truth - point) * np.sign(difference) < 0)
    return {
        "filled": len(filled), "blank": len(blank), "value": difference, "tipping_point": point if reachable else None,
        "beyond_reach": not reachable, "true_value": truth, "flips": flips,
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
    return float(here.mean() - there.mean()) if min(len(here), len(there)) >= LEAST_GROUP else None


def _crimes(connection: duckdb.DuckDBPyConnection, field: str) -> pd.DataFrame:
    """A row a crime with a suspect's record: force, charged, recorded (the group, null for blank or not known), true."""
    table, _, name = field.partition(".")
    views = {row[0] for row in connection.execute("SHOW TABLES").fetchall()}
    unknown = ", ".join(f"'{code}'" for code in ("", *TABLES[table].field(name).unknown))
    connection.register("tipping_ethnicities", reference("ethnicities")[["ethnicity", "ethnicity_group"]])
    connection.register("tipping_offences", reference("offences")[["offence_code", "offence_group"]])
    column = {"persons": f"p.{name}", "crimes": f"c.{name}", "involvements": f"s.{name}"}[table]
    true, on = "SELECT NULL::VARCHAR AS key, NULL::VARCHAR AS value WHERE false", "t.key = c.crime_id"
    if table == "persons":
        on = "t.key = p.person_id"
        if {"truth_identities", "truth_people"} <= views:
            # Of a record that two people share, the true value is not one person's.
            true = f"""
                SELECT i.person_id AS key, min(t.{name})::VARCHAR AS value FROM truth_identities i JOIN truth_people t USING (person_key)
                GROUP BY i.person_id HAVING count(*) = 1
            """
    elif "truth_defects" in views:
        # The ledger is undone from its last row to its first, so the clean value is that of a cell's first row.
        key = "record_id" if table == "crimes" else "split_part(record_id, '|', 1)"
        true = f"""
            SELECT {key} AS key, arg_min(true_value, place) AS value FROM (SELECT *, row_number() OVER () AS place FROM truth_defects)
            WHERE "table" = '{table}' AND field = '{name}' AND true_value IS NOT NULL GROUP BY {key}
        """
    return connection.execute(
        f"""
        WITH suspects AS (
            SELECT crime_id, min(person_id) FILTER (role = 'suspect') AS person_id,
                   max(relationship) FILTER (trim(relationship) NOT IN ('', 'unknown')) AS relationship
            FROM involvements GROUP BY crime_id
        ),
        known AS (
            SELECT c.force, coalesce(c.outcome_code IN ('1', '2', '3'), false) AS charged, c.recorded_on, t.value AS true_code,
                   CASE WHEN trim({column}::VARCHAR) NOT IN ({unknown}) THEN trim({column}::VARCHAR) END AS code
            FROM crimes c JOIN suspects s ON s.crime_id = c.crime_id JOIN persons p ON p.person_id = s.person_id
            LEFT JOIN ({true}) t ON {on}
        )
        SELECT force, charged, {_group(field, "code")} AS recorded, {_group(field, "true_code")} AS "true" FROM known
        """
    ).df()


def _group(field: str, column: str) -> str:
    """The group of a value as SQL."""
    if field == "persons.ethnicity":
        return f"(SELECT ethnicity_group FROM tipping_ethnicities g WHERE g.ethnicity = {column})"
    if field == "crimes.offence_code":
        return f"(SELECT offence_group FROM tipping_offences g WHERE g.offence_code = {column})"
    if field == "persons.date_of_birth":
        age = f"date_sub('year', try_cast({column} AS DATE), recorded_on)"
        bands = " ".join(
            f"WHEN {age} < {end} THEN 'under {end}'" if place == 0 else f"WHEN {age} < {end} THEN '{AGES[place - 1]} to {end - 1}'"
            for place, end in enumerate(AGES)
        )
        return f"CASE {bands} WHEN {age} >= {AGES[-1]} THEN '{AGES[-1]} and over' END"
    if field == "crimes.domestic_abuse":
        return f"CASE lower({column}) WHEN 'true' THEN 'domestic abuse' WHEN 'false' THEN 'other' END"
    return column
