"""A look at clusters of duplicate records: how large they are, examples of each size, and why their records were joined."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from audit.engines import connect
from synthetic.dataset import Dataset

FIELDS = ("forename", "surname", "date_of_birth", "sex", "address", "postcode", "phone", "force", "source_system")
"""Fields of a person record that are shown side by side; nothing of what anybody is accused of."""
MOST_SHOWN, MOST_CLUSTERS = 6, 200


@dataclass(frozen=True)
class Clusters:
    """Clusters of a results folder by number of records, and the first few of each size: no more is kept in memory."""

    sizes: dict[int, int]
    """Number of records → number of clusters."""
    examples: dict[int, list[list[str]]]
    """Number of records → person identifiers of clusters; larger ones count as the largest that is shown."""


def clusters_of(folder: Path, threads: int | None = None) -> Clusters:
    """The clusters in ``identities.parquet`` of a results folder, each named after one of its records: most records are alone, and
    only the others are grouped. On so many ``threads``, as many as there are cores unless given."""
    file = str(folder / "identities.parquet")
    with duckdb.connect(config={"threads": threads} if threads else {}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("CREATE TEMP TABLE others AS FROM read_parquet(?) WHERE cluster_id <> person_id", [file])
        connection.execute("CREATE TEMP TABLE sized AS SELECT cluster_id, 1 + count(*) AS records FROM others GROUP BY cluster_id")
        records = connection.execute("SELECT count(*) FROM read_parquet(?)", [file]).fetchall()[0][0]
        found = connection.execute("SELECT records, count(*) FROM sized GROUP BY records ORDER BY records").fetchall()
        members = connection.execute(
            f"""WITH few AS (
                    SELECT unnest(min(cluster_id, {MOST_CLUSTERS})) AS cluster_id, least(records, {MOST_SHOWN}) AS shown
                    FROM sized GROUP BY shown
                ), members AS (
                    SELECT cluster_id, person_id FROM others SEMI JOIN few USING (cluster_id)
                    UNION ALL SELECT cluster_id, cluster_id FROM few
                )
                SELECT shown, list(person_id ORDER BY person_id)[:{MOST_SHOWN}]
                FROM members JOIN few USING (cluster_id) GROUP BY cluster_id, shown ORDER BY cluster_id"""
        ).fetchall()
    alone = records - sum(size * number for size, number in found)
    sizes = {int(size): int(number) for size, number in [(1, alone), *found] if number}
    examples: dict[int, list[list[str]]] = {}
    for shown, identifiers in members:
        examples.setdefault(int(shown), []).append(identifiers)
    return Clusters(sizes, examples)


def records_of(dataset: Dataset, members: tuple[str, ...]) -> pd.DataFrame:
    """Person records by their identifiers: person_id and ``FIELDS``, as strings and dates."""
    with connect(dataset) as connection:
        return connection.execute(
            f"SELECT person_id, {', '.join(FIELDS)} FROM persons WHERE person_id IN (SELECT unnest(?)) ORDER BY person_id",
            [list(members)],
        ).df()


def pairs_of(folder: Path, members: tuple[str, ...]) -> pd.DataFrame:
    """The compared pairs among some records, as ``identity_pairs.parquet`` has them."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        return connection.execute(
            """SELECT * FROM read_parquet(?) WHERE person_id_l IN (SELECT unnest(?)) AND person_id_r IN (SELECT unnest(?))
               ORDER BY person_id_l, person_id_r""",
            [str(folder / "identity_pairs.parquet"), list(members), list(members)],
        ).df()
