"""People found, apart for those on whose records a field is filled and those on whose it is blank somewhere. Counts only."""

import duckdb
import numpy as np
import pandas as pd

from audit.effect.bench import Bench
from audit.effect.choices import Choices, list_lengths
from audit.effect.instruments import Instrument
from audit.effect.reading import identifiers, read
from audit.effect.rows import Rows
from synthetic.contract import TABLES


def found_by_blank(
    connection: duckdb.DuckDBPyConnection,
    forces: list[str],
    last_day: np.datetime64,
    field: str,
    instrument: Instrument,
    has_gaps: bool = True,
    choices: Choices | None = None,
) -> pd.DataFrame:
    """force, filled, filled_found, blank, blank_found: people of each force's truth list, and how many are found.

    A person counts as filled where ``field`` (``persons.sex``) has a value on everything that the force recorded of the person as a
    suspect: on each person record, crime or link. Who has a blank somewhere, or nothing recorded, counts as blank.
    """
    day = last_day.astype("datetime64[D]")
    chosen = choices or Choices()
    world = read(connection, forces, None, has_gaps, day - instrument.window - 31, [instrument])
    lengths = list_lengths(connection, forces, chosen.k)
    rows = []
    for number, force in enumerate(forces):
        bench = Bench(Rows(world, [number]), instrument, int(day.astype(int)), lengths[force], chosen)
        named = identifiers(connection, bench.truth).set_index("place")["identifier"]
        filled = np.isin(named.reindex(bench.truth).to_numpy(), _filled(connection, force, field))
        found = bench.found
        rows.append((force, filled.sum(), (filled & found).sum(), (~filled).sum(), (~filled & found).sum()))
    return pd.DataFrame(rows, columns=["force", "filled", "filled_found", "blank", "blank_found"])


def _filled(connection: duckdb.DuckDBPyConnection, force: str, field: str) -> list[str]:
    """True people of whom the field has a value wherever the force recorded them as a suspect."""
    table, _, name = field.partition(".")
    column = {"persons": "p", "crimes": "c", "involvements": "i"}[table] + f".{name}"
    unknown = ", ".join(f"'{code}'" for code in ("", *TABLES[table].field(name).unknown))
    rows = connection.execute(
        f"""
        SELECT t.person_key FROM all_records c
        JOIN all_involvements i ON i.crime_id = c.crime_id AND i.role = 'suspect'
        JOIN persons p ON p.person_id = i.person_id AND p.force = c.force JOIN truth_identities t ON t.person_id = p.person_id
        WHERE c.force = ? GROUP BY t.person_key HAVING bool_and(coalesce(trim({column}::VARCHAR) NOT IN ({unknown}), false))
        """,
        [force],
    ).fetchall()
    return [row[0] for row in rows]
