"""From a dataset's tables to arrays: every crime that counts for somebody, or would once something is repaired."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from audit.results import empty
from synthetic.contract import reference

NO_DAY = -(2**31)
LINKED, RESTORED, UNRECORDED = 0, 1, 2
DRAWS = 1 << 20
DAYS = ("reported", "occurred", "true_reported", "true_occurred", "recorded")


@dataclass(frozen=True)
class World:
    """All forces' rows as parallel arrays in order of force, and what ties records, people and forces together.

    ``rows`` has, each of shape (n,): kind, force, record, person, cluster, of_event, offence, true_offence, the days of
    ``DAYS`` since 1970, gap, draw (0 to ``DRAWS`` - 1, by crime), first_of_person, first_of_cluster. ``record`` and
    ``person`` are identifiers by their place in the
    order of all identifiers, -1 for none. ``begin`` (forces + 1,) bounds each force's rows. ``cross_*`` are rows that another
    force may see: of its people by record, or by true person. ``owners_*`` are (record, person) pairs in order of record.
    """

    rows: dict[str, np.ndarray]
    begin: np.ndarray
    owners_record: np.ndarray
    owners_person: np.ndarray
    cross_record: dict[str, np.ndarray]
    cross_person: dict[str, np.ndarray]
    older: dict[str, np.ndarray]
    """Recorded links of crimes that are older by all that is recorded: force, record, offence, reported, occurred."""
    horizon: int
    weights: dict[str, np.ndarray]


# One row a crime (or unrecorded event) and identity it counts, or could count, for.
#   kind 0: a recorded link to a suspect · 1: a crime whose event has a suspect and that has no link · 2: not recorded.
#   record: null where the link leads to no person record of the crime's force; person: null where the event has no suspect.
_ENTRIES = """
CREATE OR REPLACE TEMP TABLE links AS
SELECT DISTINCT crime_id, person_id FROM involvements WHERE role = 'suspect' AND person_id IS NOT NULL;
CREATE OR REPLACE TEMP TABLE first_record AS
SELECT person_key, force, min(person_id) AS person_id
FROM truth_identities JOIN persons USING (person_id)
WHERE person_key IN (
    SELECT e.suspect_key FROM truth_events e
    WHERE e.suspect_key IS NOT NULL AND e.reported_on > $h
    AND (e.crime_id IS NULL OR e.crime_id NOT IN (FROM links SELECT crime_id))
) GROUP BY ALL;
CREATE OR REPLACE TEMP TABLE linked_crimes AS
SELECT c.force, c.crime_id, l.person_id, c.offence_code, c.reported_on, c.occurred_on, c.recorded_on,
       e.event_key, e.suspect_key, e.offence_code AS true_code, e.reported_on AS true_reported_on, e.occurred_on AS true_occurred_on
FROM crimes c LEFT JOIN links l USING (crime_id) LEFT JOIN truth_events e USING (crime_id)
WHERE (l.person_id IS NOT NULL OR e.suspect_key IS NOT NULL)
AND greatest(c.reported_on, c.occurred_on, c.recorded_on, e.reported_on, e.occurred_on) > $h;
CREATE OR REPLACE TEMP TABLE first_owner AS
SELECT person_id, min(person_key) AS person_key FROM truth_identities
WHERE person_id IN (SELECT person_id FROM linked_crimes WHERE event_key IS NULL) GROUP BY person_id;
CREATE OR REPLACE TEMP TABLE entries AS
SELECT 0 AS kind, c.force, c.crime_id AS item, r.person_id AS record,
       CASE WHEN c.event_key IS NULL THEN coalesce(o.person_key, c.person_id) ELSE c.suspect_key END AS person,
       c.event_key IS NOT NULL AS of_event, c.offence_code, coalesce(c.true_code, c.offence_code) AS true_code,
       coalesce(c.reported_on, c.recorded_on) AS reported,
       coalesce(c.occurred_on, c.reported_on, c.recorded_on) AS occurred,
       CASE WHEN c.event_key IS NULL THEN coalesce(c.reported_on, c.recorded_on) ELSE c.true_reported_on END AS true_reported,
       CASE WHEN c.event_key IS NULL THEN coalesce(c.occurred_on, c.reported_on, c.recorded_on)
            WHEN c.true_reported_on IS NOT NULL THEN c.true_occurred_on END AS true_occurred,
       c.recorded_on AS recorded, false AS gap
FROM linked_crimes c
LEFT JOIN persons r ON r.person_id = c.person_id AND r.force = c.force
LEFT JOIN first_owner o ON o.person_id = c.person_id
WHERE c.person_id IS NOT NULL
UNION ALL
SELECT 1, c.force, c.crime_id, coalesce(f.person_id, c.suspect_key), c.suspect_key, true, c.offence_code, c.true_code,
       coalesce(c.reported_on, c.recorded_on), coalesce(c.occurred_on, c.reported_on, c.recorded_on),
       c.true_reported_on, CASE WHEN c.true_reported_on IS NOT NULL THEN c.true_occurred_on END, c.recorded_on, false
FROM linked_crimes c LEFT JOIN first_record f ON f.person_key = c.suspect_key AND f.force = c.force
WHERE c.person_id IS NULL
UNION ALL
SELECT 2, e.force, e.event_key, coalesce(f.person_id, e.suspect_key), e.suspect_key, true, e.offence_code, e.offence_code,
       e.reported_on, e.occurred_on, e.reported_on, e.occurred_on, e.reported_on,
       EXISTS (
           SELECT 1 FROM known_gaps g WHERE g.unit_id = e.unit_id AND (g.offence_group IS NULL OR g.offence_group = n.offence_group)
           AND e.reported_on >= g.first_month AND e.reported_on < g.last_month + INTERVAL 1 MONTH
       )
FROM truth_events e ANTI JOIN crimes c ON c.crime_id = e.crime_id
LEFT JOIN first_record f ON f.person_key = e.suspect_key AND f.force = e.force
LEFT JOIN offence_numbers n ON n.code = e.offence_code
WHERE e.reported_on > $h AND e.suspect_key IS NOT NULL;
CREATE OR REPLACE TEMP TABLE owned AS
SELECT person_id, person_key FROM truth_identities WHERE person_id IN (SELECT record FROM entries);
"""

_NUMBERED = """
CREATE OR REPLACE TEMP TABLE identifier_order AS
SELECT identifier, (row_number() OVER (ORDER BY identifier) - 1)::INT AS place FROM (
    SELECT record AS identifier FROM entries WHERE record IS NOT NULL
    UNION SELECT person FROM entries WHERE person IS NOT NULL
    UNION SELECT person_key FROM owned
);
CREATE OR REPLACE TEMP TABLE numbered AS
SELECT (row_number() OVER (ORDER BY f.n) - 1)::INT AS row, e.kind::TINYINT AS kind, f.n::SMALLINT AS force, item,
       coalesce(a.place, -1)::INT AS record, coalesce(b.place, -1)::INT AS person, u.cluster_id, e.of_event,
       coalesce(o.n, -1)::SMALLINT AS offence, coalesce(t.n, -1)::SMALLINT AS true_offence,
       e.reported, e.occurred, e.true_reported, e.true_occurred, e.recorded, e.gap
FROM entries e JOIN force_numbers f ON f.slug = e.force
LEFT JOIN identifier_order a ON a.identifier = e.record LEFT JOIN identifier_order b ON b.identifier = e.person
LEFT JOIN joined_records u ON u.person_id = e.record
LEFT JOIN offence_numbers o ON o.code = e.offence_code LEFT JOIN offence_numbers t ON t.code = e.true_code;
CREATE OR REPLACE TEMP TABLE owners AS
SELECT DISTINCT a.place AS record, b.place AS person
FROM owned t JOIN identifier_order a ON a.identifier = t.person_id
JOIN identifier_order b ON b.identifier = t.person_key
UNION SELECT DISTINCT record, record FROM numbered WHERE kind <> 0 AND record >= 0 AND record = person;
CREATE OR REPLACE TEMP TABLE reported_to AS
SELECT DISTINCT i.place AS person, f.n::SMALLINT AS force
FROM truth_events e JOIN identifier_order i ON i.identifier = e.suspect_key
JOIN force_numbers f ON f.slug = e.force WHERE e.reported_on > $h;
"""


# Records that have a row are named as there; others by a number below 0, of which it only counts that it is the same.
_OLDER = f"""
SELECT f.n::SMALLINT AS force,
       coalesce(a.place, -2 - (dense_rank() OVER (ORDER BY r.person_id) - 1))::INT AS record,
       coalesce(o.n, -1)::SMALLINT AS offence,
       coalesce(coalesce(c.reported_on, c.recorded_on) - DATE '1970-01-01', {NO_DAY})::INT AS reported,
       coalesce(coalesce(c.occurred_on, c.reported_on, c.recorded_on) - DATE '1970-01-01', {NO_DAY})::INT AS occurred
FROM crimes c JOIN links l USING (crime_id) JOIN persons r ON r.person_id = l.person_id AND r.force = c.force
JOIN force_numbers f ON f.slug = c.force LEFT JOIN offence_numbers o ON o.code = c.offence_code
LEFT JOIN identifier_order a ON a.identifier = l.person_id
WHERE greatest(c.reported_on, c.occurred_on, c.recorded_on) <= $h
ORDER BY force
"""


def read(
    connection: duckdb.DuckDBPyConnection,
    forces: list[str],
    identities: pd.DataFrame | None,
    has_gaps: bool,
    horizon: np.datetime64,
) -> World:
    """The rows of a dataset whose views, the truth's among them, are on the connection.

    ``identities`` (person_id, cluster_id) tells which records the audit takes for one person's. What happened, was reported
    and recorded on or before ``horizon`` is in nobody's window and left out, but for ``older``.
    """
    offences = reference("offences")
    numbers = {"code": offences["offence_code"], "offence_group": offences["offence_group"], "n": range(len(offences))}
    connection.register("offence_numbers", pd.DataFrame(numbers))
    connection.register("force_numbers", pd.DataFrame({"slug": forces, "n": range(len(forces))}))
    connection.register("clusters", empty("identities") if identities is None else identities)
    gaps = "SELECT * FROM truth_gaps" if has_gaps else "SELECT * FROM truth_gaps WHERE false"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known_gaps AS {gaps}")
    # Most records are alone: only those that are joined with another need a cluster's number.
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE joined_records AS
        SELECT person_id, dense_rank() OVER (ORDER BY cluster_id)::INT AS cluster_id FROM clusters
        SEMI JOIN (SELECT cluster_id FROM clusters GROUP BY cluster_id HAVING count(*) > 1) USING (cluster_id)
        """
    )
    day = f"DATE '{horizon}'"
    connection.execute(_ENTRIES.replace("$h", day))
    connection.execute(_NUMBERED.replace("$h", day))
    rows = _rows(connection)
    return World(
        rows=rows,
        begin=np.searchsorted(rows["force"], np.arange(len(forces) + 1)),
        **_owners(connection),
        cross_person=_fetch(
            connection,
            """
            SELECT n.row, r.force, r.person FROM numbered n JOIN reported_to r
            ON r.person = n.person AND r.force <> n.force ORDER BY r.force, n.row
            """,
        ),
        cross_record=_fetch(
            connection,
            """
            SELECT n.row, r.force, r.person FROM numbered n JOIN owners o ON o.record = n.record
            JOIN reported_to r ON r.person = o.person AND r.force <> n.force ORDER BY r.force, n.row
            """,
        ),
        horizon=int(horizon.astype("datetime64[D]").astype(int)),
        older=_fetch(connection, _OLDER.replace("$h", day)),
        weights={
            "harm_days": offences["harm_days"].to_numpy(float),
            "css_weight": offences["css_weight"].to_numpy(float),
            "count": np.ones(len(offences)),
        },
    )


def identifiers(connection: duckdb.DuckDBPyConnection, places: np.ndarray) -> pd.DataFrame:
    """place, identifier of some places in the order of all identifiers; only on the connection that ``read`` was called with."""
    connection.register("wanted_places", pd.DataFrame({"place": np.unique(places)}))
    return connection.execute("SELECT place, identifier FROM identifier_order SEMI JOIN wanted_places USING (place)").df()


def _rows(connection: duckdb.DuckDBPyConnection) -> dict[str, np.ndarray]:
    days = ", ".join(f"coalesce({name} - DATE '1970-01-01', {NO_DAY})::INT AS {name}" for name in DAYS)
    # A crime counts once for an identity, however many links lead there. Nearly all have one, so only the rest is sorted.
    rows = _fetch(
        connection,
        f"""
        WITH several AS (SELECT item FROM numbered GROUP BY item HAVING count(*) > 1), repeated AS (
            SELECT row, row_number() OVER (PARTITION BY item, person ORDER BY row) > 1 AS again,
                   row_number() OVER (PARTITION BY item, coalesce(-cluster_id, record) ORDER BY row) > 1 AS merged_again
            FROM numbered SEMI JOIN several USING (item)
        )
        SELECT kind, force, record, person,
               coalesce(cluster_id - 1, record + (SELECT count(*) FROM joined_records))::INT AS cluster,
               of_event, offence, true_offence,
               {days}, gap, (hash(item) % {DRAWS})::INT AS draw,
               NOT coalesce(again, false) AS first_of_person, NOT coalesce(merged_again, false) AS first_of_cluster
        FROM numbered LEFT JOIN repeated USING (row) ORDER BY row
        """,
    )
    # Clusters of several records have numbers below those of the records that are alone.
    rows["cluster"] = np.where(rows["record"] < 0, -1, rows["cluster"])
    return rows


def _owners(connection: duckdb.DuckDBPyConnection) -> dict[str, np.ndarray]:
    pairs = _fetch(connection, "SELECT record, person FROM owners ORDER BY record, person")
    return {"owners_record": pairs["record"], "owners_person": pairs["person"]}


def _fetch(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, np.ndarray]:
    return {name: np.ma.getdata(values) for name, values in connection.execute(query).fetchnumpy().items()}
