"""What readiness rests on beside the rows of single tables: the months that were supplied, and agreement with the truth."""

from calendar import monthrange
from datetime import date
from math import exp

import duckdb
import numpy as np
import pandas as pd

from synthetic.contract import blanks, reference

EARLIEST = date(1920, 1, 1)
"""Days before this are impossible by the checks' own rule, and no month of the data."""
STRAY = 1 / 20
"""A first month with less than this share of the usual number of crimes is a stray date, and not where the data begin."""
BY_CHANCE = 0.01
"""The first month is judged to be covered in part where so many days without a crime at its beginning are rarer than this."""


def months_supplied(
    connection: duckdb.DuckDBPyConnection, forces: list[str], as_of: date, period_start: date | None = None
) -> pd.DataFrame:
    """Months supplied and expected (``force_months``, ``force_months_expected``), a row a force, from its own crimes alone.

    A month is supplied when the force recorded a crime in it. Months are expected from ``period_start`` or, where there is
    none, from the force's own first month, to that of ``as_of``. A month of which the data covers only some days is not
    expected. A force without a dated crime and without ``period_start`` has no months.
    """
    days = connection.execute(
        """SELECT force, coalesce(recorded_on, reported_on) AS day, count(*) AS crimes FROM crimes
           WHERE coalesce(recorded_on, reported_on) BETWEEN ? AND ? GROUP BY ALL ORDER BY ALL""",
        [EARLIEST, as_of],
    ).df()
    by_force = dict(tuple(days.groupby("force")))
    rows = {force: _of_force(by_force.get(force, days.iloc[:0]), as_of, period_start) for force in forces}
    columns = ["force_months", "force_months_expected"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).astype("int64")


def _of_force(days: pd.DataFrame, as_of: date, period_start: date | None) -> tuple[int, int]:
    day = pd.to_datetime(days["day"])
    month = day.dt.year * 12 + day.dt.month - 1
    counts = days["crimes"].groupby(month.to_numpy()).sum()
    last = as_of.year * 12 + as_of.month - 1
    if as_of.day < monthrange(as_of.year, as_of.month)[1]:
        last -= 1
    if period_start is not None:
        first = period_start.year * 12 + period_start.month - 1 + int(period_start.day > 1)
    elif len(counts):
        usual = float(np.median(counts))
        first = int(counts.index[counts >= STRAY * usual][0])
        begins = int(day[(month == first).to_numpy()].min().day)
        if exp(-usual * (begins - 1) / 30.4) < BY_CHANCE:
            first += 1
    else:
        return 0, 0
    supplied = int(((counts.index >= first) & (counts.index <= last)).sum())
    return supplied, max(last - first + 1, 0)


def agreement(connection: duckdb.DuckDBPyConnection, has_truth: bool) -> pd.DataFrame:
    """force, failed, total: recorded crimes whose offence or day of report is not that of their event; no rows without a truth."""
    if not has_truth:
        return pd.DataFrame({"force": [], "failed": [], "total": []})
    return connection.execute(
        """
        SELECT c.force, count(*) FILTER (NOT (coalesce(c.offence_code = e.offence_code, false)
            AND coalesce(coalesce(c.reported_on, c.recorded_on) = e.reported_on, false))) AS failed, count(*) AS total
        FROM crimes c JOIN truth_events e USING (crime_id) GROUP BY c.force ORDER BY c.force
        """
    ).df()


def class_shares(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """measure, force, unit_id, offence_group, failed, total: by unit, crimes that were cancelled, of each offence group, and
    domestic-abuse records that stand as non-crime incidents (offence_group ""). Rows without a unit are left out.
    """
    connection.register("groups_of_offences", reference("offences")[["offence_code", "offence_group"]])
    return connection.execute(
        f"""
        SELECT 'cancelled' AS measure, force, unit_id, offence_group, count(*) FILTER (record_class = 'cancelled') AS failed,
               count(*) AS total
        FROM all_records JOIN groups_of_offences USING (offence_code)
        WHERE NOT {blanks.blank_sql("unit_id")} AND coalesce(record_class, '') <> 'non_crime_incident' GROUP BY ALL
        UNION ALL
        SELECT 'incidents', force, unit_id, '', count(*) FILTER (record_class = 'non_crime_incident'), count(*)
        FROM all_records WHERE NOT {blanks.blank_sql("unit_id")} AND domestic_abuse AND coalesce(record_class, '') <> 'cancelled' GROUP BY ALL
        ORDER BY ALL
        """
    ).df()


ESTIMATED = "duplicate_identities.persons"
"""The check whose figure is an estimate."""


def with_estimates(checks: pd.DataFrame, identity_summary: pd.DataFrame, warn: float, fail: float) -> pd.DataFrame:
    """The checks, the one of duplicate identities with the rate and interval of its estimate instead of those of a count.

    ``identity_summary`` is that of the results, ``warn`` and ``fail`` the check's limits (shares). Where the interval holds
    the limit above which the check fails, nobody can say that it does: it warns, with that limit beside it.
    """
    mine = (checks["check_id"] == ESTIMATED) & checks["month"].isna() & checks["status"].isin(["pass", "warn", "fail"])
    if not mine.any():
        return checks
    summary = identity_summary.set_index("force").reindex(checks.loc[mine, "force"])
    rate, low, high = (summary[name].to_numpy(float) for name in ("duplicate_rate", "low", "high"))
    if np.isnan([rate, low, high]).any():  # no estimate of some force: nothing may pass for want of a figure
        known = ~np.isnan([rate, low, high]).any(axis=0)
        checks = checks.copy()
        checks.loc[mine[mine].index[~known], "status"] = "error"
        mine.loc[mine[mine].index[~known]] = False
        rate, low, high = rate[known], low[known], high[known]
    holds = (low <= fail) & (fail <= high)
    status = np.select([~holds & (rate > fail), holds | (rate > warn)], ["fail", "warn"], "pass")
    found = checks.copy()
    values = {"rate": rate, "low": low, "high": high, "status": status}
    values["threshold"] = np.where((status == "warn") & ~holds, warn, fail)
    for name, column in values.items():
        found.loc[mine, name] = column
    return found
