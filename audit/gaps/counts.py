"""Monthly counts of crimes: by force, unit and offence group, zero months included."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import pandas as pd

from synthetic.contract import reference

LATE_DAYS = 30
"""A crime recorded more days than this after the report is late (the standard asks for one day; the tail ends at 30)."""

_COUNTED = f"""
    CREATE OR REPLACE TEMP TABLE counted AS
    SELECT force, unit_id, coalesce(offence_group, '') AS offence_group,
           date_trunc('month', coalesce(recorded_on, reported_on))::DATE AS month,
           date_trunc('month', coalesce(reported_on, recorded_on))::DATE AS reported,
           coalesce(recorded_on > reported_on + {LATE_DAYS}, false) AS late,
           count(*) AS crimes
    FROM crimes LEFT JOIN offence_groups USING (offence_code)
    WHERE coalesce(recorded_on, reported_on) IS NOT NULL AND unit_id IS NOT NULL
    GROUP BY ALL
"""


@dataclass(frozen=True)
class Counts:
    """Crimes of one force: arrays over units × offence groups × months, in the order of the lists.

    ``crimes`` counts by month of recording (reported_on where that is missing), ``reported`` by month of report,
    ``late`` those of ``reported`` that were recorded more than 30 days on. The last of the groups, named "", holds
    crimes whose offence code is missing or unknown. ``days`` are the days of each month that the data covers.
    ``moved`` has the late crimes one row a unit, group, reported month and recorded month (positions) with their number.
    """

    force: str
    units: list[str]
    groups: list[str]
    months: list[date]
    days: np.ndarray
    crimes: np.ndarray
    reported: np.ndarray
    late: np.ndarray
    moved: np.ndarray


def offence_groups() -> list[str]:
    """The offence groups of the reference, in its order, and "" for crimes whose code tells none."""
    return [*dict.fromkeys(reference("offences")["offence_group"]), ""]


def read_counts(connection: duckdb.DuckDBPyConnection, as_of: date) -> list[Counts]:
    """The counts of every force that has a unit, from the dataset's tables on a connection.

    Months run from the first to that of ``as_of``; stray months (fillers such as 1900) before the first with at least a
    twentieth of the usual number of crimes are left out, as are months after ``as_of``.
    """
    connection.register("offence_groups", reference("offences")[["offence_code", "offence_group"]])
    connection.execute(_COUNTED)
    months = _months(connection, as_of)
    if not months:
        return []
    first_day = connection.execute(
        "SELECT min(coalesce(recorded_on, reported_on))::DATE FROM crimes WHERE coalesce(recorded_on, reported_on) >= ?",
        [months[0]],
    ).fetchall()[0][0]
    days = _days(months, first_day, as_of)
    units = connection.execute(
        """SELECT force, unit_id FROM units WHERE unit_id IS NOT NULL
           UNION SELECT DISTINCT force, unit_id FROM counted ORDER BY ALL"""
    ).df()
    found = connection.execute("SELECT * FROM counted").df()
    position = {month: number for number, month in enumerate(months)}
    groups = offence_groups()
    group_at = {group: number for number, group in enumerate(groups)}
    by_force = dict(tuple(found.groupby("force")))
    return [
        _counts(str(force), mine["unit_id"].tolist(), by_force.get(force, found.iloc[:0]), groups, group_at, months, position, days)
        for force, mine in units.groupby("force", sort=True)
    ]


def _months(connection: duckdb.DuckDBPyConnection, as_of: date) -> list[date]:
    by_month = connection.execute(
        "SELECT month, sum(crimes)::BIGINT FROM counted WHERE month <= ? GROUP BY month ORDER BY month", [as_of]
    ).fetchall()
    if not by_month:
        return []
    usual = float(np.median([crimes for _, crimes in by_month]))
    first = next(month for month, crimes in by_month if crimes >= usual / 20)
    count = (as_of.year - first.year) * 12 + as_of.month - first.month + 1
    return [date(first.year + (first.month - 1 + step) // 12, (first.month - 1 + step) % 12 + 1, 1) for step in range(count)]


def _days(months: list[date], first_day: date, as_of: date) -> np.ndarray:
    days = np.array([monthrange(month.year, month.month)[1] for month in months], float)
    days[-1] = as_of.day
    days[0] -= first_day.day - 1
    return np.maximum(days, 1.0)


def _counts(
    force: str,
    units: list[str],
    found: pd.DataFrame,
    groups: list[str],
    group_at: dict[str, int],
    months: list[date],
    position: dict[date, int],
    days: np.ndarray,
) -> Counts:
    unit_at = {unit: number for number, unit in enumerate(units)}
    unit = found["unit_id"].map(unit_at).to_numpy(int)
    group = found["offence_group"].map(group_at).to_numpy(int)
    # Months outside the period are -1 and fall away.
    recorded, reported = (
        pd.Index(found[name]).map(lambda stamp: position.get(stamp.date(), -1)).to_numpy(int) if len(found) else np.zeros(0, int)
        for name in ("month", "reported")
    )
    number, late = found["crimes"].to_numpy(int), found["late"].to_numpy(bool)
    shape = (len(units), len(groups), len(months))

    def counted(month: np.ndarray, among: np.ndarray) -> np.ndarray:
        total = np.zeros(shape)
        rows = among & (month >= 0)
        np.add.at(total, (unit[rows], group[rows], month[rows]), number[rows])
        return total

    rows = late & (recorded >= 0) & (reported >= 0)
    return Counts(
        force,
        units,
        groups,
        months,
        days,
        counted(recorded, np.ones(len(found), bool)),
        counted(reported, np.ones(len(found), bool)),
        counted(reported, late),
        np.column_stack([unit, group, reported, recorded, number])[rows],
    )
