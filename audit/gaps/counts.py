"""Monthly counts of crimes: by force, unit and offence group, zero months included; each force over its own period."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.engines import Ask, asked_of
from synthetic.contract import blanks, reference

LATE_DAYS = 30
"""A crime recorded more days than this after the report is late (the standard asks for one day; the tail ends at 30)."""
LONG_EMPTY = 24
"""Months without a crime that part stray dates (fillers such as 1900) from a force's data, where"""
STRAY_SHARE = 0.05
"""what lies before them is at most this share of its crimes."""
FULL_FLOW = 0.1
"""A force's data begins where a month has at least half this share of its usual crimes, and three months have it on average."""
SURELY_EMPTY = 7.0
"""So many crimes would be usual in the first days of a month, weekends aside, when their absence shows that the data begins
after them: with a Poisson count, one chance in a thousand (e^-7)."""
WORKING_DAYS = 21.0
"""Working days in a month."""


@dataclass(frozen=True)
class Counts:
    """Crimes of one force: arrays over units × offence groups × months, in the order of the lists.

    ``crimes`` counts by month of recording (reported_on where that is missing), ``reported`` by month of report,
    ``late`` those of ``reported`` that were recorded more than 30 days on. The last of the groups, named "", holds
    crimes whose offence code is missing or unknown. ``days`` are the days of each month that the data covers, the
    exposure of every expected count; the first and the last month may be covered in part. ``moved`` has the late crimes,
    one row a unit, group, reported month and recorded month (positions), with their number.
    """

    force: str
    units: list[str]
    groups: list[str]
    months: list[date]
    days: npt.NDArray[np.float64]
    crimes: npt.NDArray[np.float64]
    reported: npt.NDArray[np.float64]
    late: npt.NDArray[np.float64]
    moved: npt.NDArray[np.int64]


def offence_groups() -> list[str]:
    """The offence groups of the reference, in its order, and "" for crimes whose code gives none."""
    return [*dict.fromkeys(reference("offences")["offence_group"]), ""]


def read_counts(
    connection: duckdb.DuckDBPyConnection, as_of: date, period_start: date | None = None, ask: Ask | None = None
) -> list[Counts]:
    """The counts of every force that has a unit, from the dataset's tables on a connection; crimes are counted by ``ask``, if any.

    A force's months run to that of ``as_of``, from that of ``period_start`` or, without it, from the force's own first month:
    what other forces hold does not matter. Stray dates before it, and dates after ``as_of``, are left out. Without
    ``period_start`` the first month counts from the force's first crime on, where days without any could not be chance.
    """
    found = (ask or asked_of(connection))(_counted_sql).to_pandas()
    connection.register("counted", found)
    units = connection.execute(
        f"""SELECT force, unit_id FROM units WHERE NOT {blanks.blank_sql("unit_id")}
           UNION SELECT DISTINCT force, unit_id FROM counted ORDER BY ALL"""
    ).df()
    connection.unregister("counted")
    by_force = dict(tuple(found.groupby("force")))
    groups = offence_groups()
    return [
        _counts(str(force), mine["unit_id"].tolist(), by_force.get(force, found.iloc[:0]), groups, as_of, period_start)
        for force, mine in units.groupby("force", sort=True)
    ]


def _counted_sql(dialect: blanks.Dialect) -> str:
    """SQL for crimes by force, unit, offence group, month of recording and of report, and whether they were late."""
    offences = reference("offences")
    groups = ", ".join(
        f"('{code}', '{group}')" for code, group in zip(offences["offence_code"], offences["offence_group"], strict=True)
    )
    return f"""
    WITH offence_groups AS (SELECT * FROM (VALUES {groups}) AS of_offence (offence_code, offence_group)), dated AS (
        SELECT force, unit_id, coalesce(offence_group, '') AS offence_group,
               coalesce(recorded_on, reported_on) AS recorded, coalesce(reported_on, recorded_on) AS reported,
               coalesce(recorded_on > reported_on + {LATE_DAYS}, false) AS late
        FROM crimes LEFT JOIN offence_groups USING (offence_code)
        WHERE coalesce(recorded_on, reported_on) IS NOT NULL AND NOT {blanks.blank_sql("unit_id", dialect)}
    ), counted AS (
        SELECT force, unit_id, offence_group, late, CAST(12 * year(recorded) + month(recorded) - 1 AS INTEGER) AS month,
               CAST(12 * year(reported) + month(reported) - 1 AS INTEGER) AS reported, day(recorded) AS day
        FROM dated
    )
    SELECT force, unit_id, offence_group, late, month, reported, CAST(min(day) AS INTEGER) AS first_day, count(*) AS crimes
    FROM counted GROUP BY force, unit_id, offence_group, late, month, reported
    """


def _counts(force: str, units: list[str], found: pd.DataFrame, groups: list[str], as_of: date, period_start: date | None) -> Counts:
    last = _number(as_of)
    first = _first_month(found, last) if period_start is None else min(_number(period_start), last)
    months = [] if first is None else [_day_one(number) for number in range(first, last + 1)]
    begin = first or 0
    unit = pd.Index(units).get_indexer(found["unit_id"]).astype("int64")
    group = pd.Index(groups).get_indexer(found["offence_group"]).astype("int64")
    recorded, reported, number = (found[name].to_numpy("int64") for name in ("month", "reported", "crimes"))
    late = found["late"].to_numpy(bool)
    shape = (len(units), len(groups), len(months))

    def inside(month: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        return (month >= begin) & (month < begin + len(months))

    def counted(month: npt.NDArray[np.int64], among: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        total = np.zeros(shape)
        rows = among & inside(month)
        np.add.at(total, (unit[rows], group[rows], month[rows] - begin), number[rows])
        return total

    everything, both = np.ones(len(found), bool), late & inside(recorded) & inside(reported)
    crimes = counted(recorded, everything)
    days = _days(months, _first_day(found, crimes, begin) if period_start is None else period_start.day, as_of)
    moved = np.column_stack([unit, group, reported - begin, recorded - begin, number])[both]
    return Counts(force, units, groups, months, days, crimes, counted(reported, everything), counted(reported, late), moved)


def _first_month(found: pd.DataFrame, last: int) -> int | None:
    """The first month of a force's own data, or None where it has no crime up to ``last``."""
    by_month = found[found["month"] <= last].groupby("month")["crimes"].sum().sort_index()
    if by_month.empty:
        return None
    month, crimes = by_month.index.to_numpy("int64"), by_month.to_numpy(float)
    far = np.flatnonzero((np.diff(month) > LONG_EMPTY) & (np.cumsum(crimes)[:-1] <= STRAY_SHARE * crimes.sum()))
    begin = int(far[-1]) + 1 if len(far) else 0
    month, crimes = month[begin:], crimes[begin:]
    usual = float(np.median(crimes))
    for at, number in enumerate(month.tolist()):
        # Three months, or as many as there are up to the last.
        ahead = min(3, last - number + 1)
        mean = crimes[(month >= number) & (month < number + ahead)].sum() / ahead
        if crimes[at] >= FULL_FLOW / 2 * usual and mean >= FULL_FLOW * usual:
            return int(number)
    return int(month[0])


def _first_day(found: pd.DataFrame, crimes: npt.NDArray[np.float64], first: int) -> int:
    """The day of the first month from which the force's data runs: 1, unless the first crime comes too late for chance."""
    mine = found.loc[found["month"] == first, "first_day"]
    if mine.empty:
        return 1
    day, month = int(mine.min()), _day_one(first)
    working = np.busday_count(month, month.replace(day=day))
    return day if working * float(np.median(crimes.sum((0, 1)))) / WORKING_DAYS > SURELY_EMPTY else 1


def _days(months: list[date], first_day: int, as_of: date) -> npt.NDArray[np.float64]:
    days = np.array([_length(month) for month in months], float)
    if len(days):
        days[-1] = as_of.day
        days[0] -= first_day - 1
    return np.maximum(days, 1.0)


def _length(month: date) -> int:
    return monthrange(month.year, month.month)[1]


def _number(day: date) -> int:
    return 12 * day.year + day.month - 1


def _day_one(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)
