"""Duplicate identities: person records that look like one person.

In this version two records are taken for one person when normalised forename, surname and date of birth are the same;
that is a lower bound of what is there, since copies that differ are not found. No record is merged: it is a finding.
"""

import duckdb
import pandas as pd

from audit.statistics import wilson

# Accents and case fall away, and everything that is not a letter: O'Brien, OBRIEN and Obrien are one surname.
NORMALISED = "nullif(regexp_replace(lower(strip_accents({0})), '[^\\p{{L}}]', '', 'g'), '')"


def find_identities(connection: duckdb.DuckDBPyConnection) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``identities`` (person_id, cluster_id) and ``identity_summary`` (a row a force), as the results folder has them.

    A cluster's identifier is the smallest identifier of its records, across forces. A record without one of the three
    fields is a cluster of its own.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE found_identities AS
        WITH keyed AS (
            SELECT person_id, force, date_of_birth,
                   {NORMALISED.format("forename")} AS forename, {NORMALISED.format("surname")} AS surname
            FROM persons
        )
        SELECT person_id, force,
               CASE WHEN forename IS NULL OR surname IS NULL OR date_of_birth IS NULL THEN person_id
                    ELSE min(person_id) OVER (PARTITION BY forename, surname, date_of_birth) END AS cluster_id
        FROM keyed
        """
    )
    identities = connection.execute("SELECT person_id, cluster_id FROM found_identities ORDER BY person_id").df()
    summary = connection.execute(
        """
        WITH spread AS (
            SELECT cluster_id, count(DISTINCT force) > 1 AS crosses FROM found_identities GROUP BY cluster_id
        ), per_force AS (
            SELECT DISTINCT force, cluster_id, crosses FROM found_identities JOIN spread USING (cluster_id)
        )
        SELECT force, records, clusters, cross_force_rate
        FROM (SELECT force, count(*) AS records FROM found_identities GROUP BY force)
        JOIN (SELECT force, count(*) AS clusters, avg(crosses::INT) AS cross_force_rate FROM per_force GROUP BY force)
        USING (force) ORDER BY force
        """
    ).df()
    rate, low, high = wilson(summary["records"] - summary["clusters"], summary["records"])
    return identities, summary.assign(duplicate_rate=rate, low=low, high=high)
