"""From a dataset's tables to arrays: every row that counts for somebody, or would once something is repaired."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.effect.entries import BIRTHS, ENTRIES, LET_GO, NARROW, NO_DAY, NUMBERED, OLDER, OLDER_VICTIMS, ROWS, VICTIMS
from audit.effect.instruments import Instrument
from audit.results import empty
from synthetic.contract import reference
from synthetic.dataset.storage import give_back

LINKED, RESTORED, UNRECORDED = 0, 1, 2
FOR_ALL, FOR_INCIDENTS, FOR_CRIMES = 0, 1, 2
NEVER_RECORDED, IN_A_GAP, CANCELLED, AS_INCIDENT = 0, 1, 2, 3
INCIDENT = len(reference("offences"))
"""Stands for the offence of a non-crime incident, whose weight is 0."""
DRAWS = 1 << 20
DAYS = ("reported", "occurred", "true_reported", "true_occurred", "recorded")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Edges:
    """Victims of rows, each of shape (n,): the place of the row, the victim as recorded, in truth, and after merging the records
    that the audit judges to be the same person (-1: none), and whether the link is there only once linkage is repaired."""

    row: Array
    victim: Array
    person: Array
    cluster: Array
    restored: Array


class Ages(dict[int, Array]):
    """By age in years, the day from which the person at each place is of that age, and as the last that of nobody (-1): beyond
    every day, as where the birth is blank. Computed when it is asked for; empty where dates of birth were not read."""

    def __init__(self, born: Array) -> None:
        super().__init__()
        self._born = np.append(born, NO_DAY)

    def __missing__(self, years: int) -> Array:
        self[years] = came_of_age(self._born, years)
        return self[years]


@dataclass(frozen=True)
class World:
    """All forces' rows as parallel arrays in order of force, and what ties records, people and forces together.

    ``rows`` has, each of shape (n,): kind, force, record, person, cluster, of_event, offence, true_offence (``INCIDENT`` for a
    non-crime incident), reclassified, domestic, true_domestic, charged, audience, the days of ``DAYS`` since 1970, lost, draw (0 to
    ``DRAWS`` - 1, by crime), first_of_person, first_of_cluster; see ``entries.py``. ``record`` and ``person`` are identifiers by
    their place in the order of all identifiers, -1 for none. ``begin`` (forces + 1,) bounds each force's rows. ``cross_*`` are
    rows that another force may see: of its people by record, or by true person. ``owners_*`` are (record, person) pairs in
    order of record. ``ages`` know when the person at each place is of an age.
    """

    rows: dict[str, Array]
    begin: Array
    edges: Edges
    ages: Ages
    owners_record: Array
    owners_person: Array
    cross_record: dict[str, Array]
    cross_person: dict[str, Array]
    older: dict[str, Array]
    """Recorded links of crimes that are older by all that is recorded: force, record, offence, domestic, born, reported, occurred."""
    older_victims: dict[str, Array]
    """Place among ``older``, and victim's record."""
    horizon: int
    weights: dict[str, Array]
    """By name, a weight for each offence of the reference and 0 for an incident."""


def read(
    connection: duckdb.DuckDBPyConnection,
    forces: list[str],
    identities: pd.DataFrame | None,
    has_gaps: bool,
    horizon: np.datetime64,
    instruments: Sequence[Instrument],
) -> World:
    """The rows of a dataset whose views, the truth's among them, are on the connection.

    ``identities`` (person_id, cluster_id) says which records the audit judges to be the same person's. What happened, was
    reported and recorded on or before ``horizon`` is in no window and left out, but for ``older``. Victims and dates of birth
    are read only where one of the ``instruments`` asks for them. Columns that a dataset may leave out read as missing: a row
    is then a crime, and an event's domestic-abuse flag is taken to be the recorded one.
    """
    offences = reference("offences")
    numbers = {"code": offences["offence_code"], "offence_group": offences["offence_group"], "n": range(len(offences))}
    connection.register("offence_numbers", pd.DataFrame(numbers))
    connection.register("numbered_forces", pd.DataFrame({"slug": forces, "n": range(len(forces))}))
    connection.execute("CREATE OR REPLACE TEMP TABLE force_numbers AS SELECT hash(slug) AS force, n FROM numbered_forces")
    connection.register("clusters", empty("identities") if identities is None else identities)
    gaps = (
        "SELECT * FROM truth_gaps"
        if has_gaps
        else "SELECT NULL::VARCHAR AS unit_id, NULL::VARCHAR AS offence_group, NULL::DATE AS first_month, NULL::DATE AS last_month WHERE false"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE known_gaps AS SELECT *, hash(unit_id) AS unit FROM ({gaps}) WHERE unit_id IS NOT NULL"
    )
    # Most records are alone: only those that are joined with another need a cluster's number.
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE joined_records AS
        SELECT hash(person_id) AS record, dense_rank() OVER (ORDER BY cluster_id)::INT AS cluster_id FROM clusters
        WHERE hash(cluster_id) IN (SELECT hash(cluster_id) FROM clusters WHERE cluster_id <> person_id)
        """
    )
    for script in (NARROW.format(**_optional_columns(connection)), ENTRIES, NUMBERED, OLDER):
        connection.execute(script.replace("$h", f"DATE '{horizon}'").replace("$incident", str(INCIDENT)))
    rows = _rows(connection)
    victims = [instrument for instrument in instruments if instrument.counts_victims]
    wanted = "true"
    if not victims:
        wanted = "false"
    elif all(instrument.counts.domestic_abuse_only for instrument in victims):
        wanted = "domestic OR true_domestic"
    connection.execute(VICTIMS.format(wanted=wanted))
    births = any(instrument.eligibility.least_age for instrument in instruments)
    world = World(
        rows=rows,
        begin=np.searchsorted(rows["force"], np.arange(len(forces) + 1)),
        edges=Edges(**_fetch(connection, "SELECT row, victim, person, cluster, restored FROM victim_edges ORDER BY row")),
        ages=Ages(_fetch(connection, BIRTHS)["born"] if births else np.zeros(0, np.int32)),
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
        older=_fetch(connection, "SELECT force, record, offence, domestic, born, reported, occurred FROM older ORDER BY row"),
        older_victims=_fetch(connection, OLDER_VICTIMS.format(wanted=wanted.removesuffix(" OR true_domestic"))),
        weights={
            "harm_days": np.append(offences["harm_days"].to_numpy(float), 0.0),
            "css_weight": np.append(offences["css_weight"].to_numpy(float), 0.0),
            "count": np.append(np.ones(len(offences)), 0.0),
        },
    )
    connection.execute("DROP VIEW numbered; DROP VIEW older;" + "".join(f"DROP TABLE {name};" for name in LET_GO))
    give_back(connection)
    return world


def came_of_age(born: Array, years: int) -> Array:
    """The day, since 1970, of that birthday, 1 March for one born on 29 February; beyond every day where the birth is blank."""
    blank = born == NO_DAY
    day = np.where(blank, 0, born).astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    birthday = (month + 12 * years).astype("datetime64[D]") + (day - month.astype("datetime64[D]"))
    return np.where(blank, np.int64(2**40), birthday.astype(np.int64))


def identifiers(connection: duckdb.DuckDBPyConnection, places: Array) -> pd.DataFrame:
    """place, identifier of some places in the order of all identifiers; only on the connection that ``read`` was called with."""
    connection.register("wanted_places", pd.DataFrame({"place": np.unique(places)}))
    return connection.execute("SELECT place, identifier FROM identifier_order SEMI JOIN wanted_places USING (place)").df()


def _optional_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """SQL for each column that a dataset may leave out: its name, or null."""
    known = {
        view: {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {view}").fetchall()}
        for view in ("all_records", "all_truth_events")
    }
    wanted = (
        ("domestic_abuse", "all_records", "domestic_abuse", "BOOLEAN"),
        ("record_class", "all_records", "record_class", "VARCHAR"),
        ("outcome_code", "all_records", "outcome_code", "VARCHAR"),
        ("event_class", "all_truth_events", "event_class", "VARCHAR"),
        ("event_domestic_abuse", "all_truth_events", "domestic_abuse", "BOOLEAN"),
    )
    return {name: column if column in known[view] else f"NULL::{kind}" for name, view, column, kind in wanted}


def _rows(connection: duckdb.DuckDBPyConnection) -> dict[str, Array]:
    days = ", ".join(f"coalesce({name} - DATE '1970-01-01', {NO_DAY})::INT AS {name}" for name in DAYS)
    rows = _fetch(connection, ROWS.format(days=days, draws=DRAWS))
    # Clusters of several records have numbers below those of the records that are alone.
    rows["cluster"] = np.where(rows["record"] < 0, -1, rows["cluster"])
    return rows


def _owners(connection: duckdb.DuckDBPyConnection) -> dict[str, Array]:
    pairs = _fetch(connection, "SELECT record, person FROM owners ORDER BY record, person")
    return {"owners_record": pairs["record"], "owners_person": pairs["person"]}


def _fetch(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Array]:
    return {name: np.ma.getdata(values) for name, values in connection.execute(query).fetchnumpy().items()}
