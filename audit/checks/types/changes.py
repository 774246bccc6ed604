"""Types of check that compare months with one another: a number or a share of blanks that changes abruptly."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.checks.types.base import MATTERS, Context, Counts, Rule, SeriesCheck, Wording, absent

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BEFORE = 3
"""Months before a month that it is compared with."""
YEAR = 12
LEAST_ROWS = 50
"""Fewer rows than this, in a month or those before it, say nothing of a change."""
BEYOND_CHANCE = 5.0
"""Standard deviations from which a change is not chance; high, as every month of every force is compared."""
FEWER, MORE = 0.65, 1.5
"""A month's number changes abruptly outside these shares of what is expected."""
FEWER_ALONE, MORE_ALONE = 0.45, 2.25
"""And outside these where no other year can show a season: a season twice as high as the rest lies within (illustrative)."""
POINTS = 0.10
"""A month's share of blanks changes abruptly by more than this."""
MAD_TO_SD = 1.4826
"""Standard deviations in a median absolute deviation, of a normal distribution."""
STRAY = 0.05
"""Months before the first that has this share of the usual number of rows hold stray dates."""
WEEK, LAST_WEEK = 7, 22
"""Last day of a month's first week, and first day of its last one."""
SURELY_ROWS = 7.0
"""Rows that are usual in a week when their absence shows that the data does not cover it (Poisson: e^-7, one in a thousand)."""
DAYS_OF_A_MONTH = 30.4


@dataclass(frozen=True, kw_only=True)
class AbruptCount(SeriesCheck):
    """Months in which a force recorded over 35% fewer or 50% more crimes than expected, beyond chance.

    Expected is, where the data covers the same month of other years, the mean of the three months before times what that month
    was to the three before it in the other year; so a season that comes every year is no change. With two other years or more
    the month must differ from each of them, in one direction; with one it must differ from the months before as well; with
    none, from the months before alone, and by far, since a season looks like a change until it has
    come twice. Chance is a Poisson count with over-dispersion, estimated from the median distance of
    all months to those before (quasi-Poisson: Wedderburn 1974, doi 10.1093/biomet/61.3.439). Comparing an agency with its
    own other years follows the FBI's outlier methods (Akiyama and Propheter 2005); the limits are of this project's choosing.
    A first or last month of which the data covers only some days is left out.
    """

    type: ClassVar[str] = "abrupt_change"

    def rules(self, context: Context) -> dict[str, Rule]:
        day = nw.coalesce(nw.col("recorded_on"), nw.col("reported_on")).dt.day()
        return {
            "rows": Rule(nw.lit(True)),
            "first week": Rule((day <= WEEK).fill_null(False)),
            "last week": Rule((day >= LAST_WEEK).fill_null(False)),
        }

    def combine(self, counts: Mapping[str, Counts], context: Context) -> Counts:
        parts = []
        weeks = {name: dict(tuple(counts[name].groupby("force"))) for name in ("first week", "last week")}
        for force, mine in counts["rows"].groupby("force"):
            series = _by_month(mine, context.as_of)
            at_ends = [_by_month(weeks[name][force], context.as_of)["failed"] for name in ("first week", "last week")]
            series = _covered(series, *at_ends)
            changed, known = count_changes(series["total"].to_numpy(float))
            parts.append(_rows(self.id, force, series.index, changed, known))
        return pd.concat(parts, ignore_index=True) if parts else _no_rows()


@dataclass(frozen=True, kw_only=True)
class AbruptBlanks(SeriesCheck):
    """Months in which the field is blank more or less often than in the three before, by over ten points and beyond chance."""

    type: ClassVar[str] = "abrupt_change"
    warn: float = 0.0
    fail: float = 0.10

    def rules(self, context: Context) -> dict[str, Rule]:
        return {"rows": Rule(absent(self.table, self.field))}

    def combine(self, counts: Mapping[str, Counts], context: Context) -> Counts:
        forces, months, failed, total = _by_force_and_month(counts["rows"], context.as_of)
        changed, known = share_changes(failed, total)
        of_force, month = np.nonzero(known)
        if not len(month):
            return _no_rows()
        return pd.DataFrame(
            {
                "check_id": self.id,
                "force": forces[of_force],
                "month": months[month],
                "failed": changed[known].astype(np.int64),
                "total": np.ones(len(month), np.int64),
            }
        )

    def wording(self) -> Wording:
        return Wording(
            f"Months in which {self.field} is blank more or less often than in the three before, by over ten points and beyond chance.",
            "A system or a form changed, and not the world: figures before and after it cannot be compared. "
            + MATTERS[self.needed_for[0] if self.needed_for else ""],
            "Find out what changed in that month, and mark it on every figure that crosses it.",
        )


def count_changes(total: Floats) -> tuple[Flags, Flags]:
    """Which months of a series of counts change abruptly, and which can be judged; see ``AbruptCount``."""
    count = len(total)
    sums = np.concatenate([[0.0], np.cumsum(total)])
    place = np.arange(count)
    usual = (sums[place] - sums[np.maximum(place - BEFORE, 0)]) / BEFORE
    known = (place >= BEFORE) & (usual >= LEAST_ROWS)
    spread = np.sqrt(np.maximum(usual, 1) * (1 + 1 / BEFORE))
    distance = np.abs(total - usual) / spread
    overdispersion = max(1.0, (MAD_TO_SD * float(np.median(distance[known]))) ** 2) if known.any() else 1.0
    changed = np.zeros(count, bool)
    for month in place[known]:
        by_year = [
            _direction(float(total[month]), *expected, overdispersion)
            for other in range(month % YEAR, count, YEAR)
            if other != month and (expected := _seasonal(total, sums, month, other)) is not None
        ]
        limits = (FEWER, MORE) if by_year else (FEWER_ALONE, MORE_ALONE)
        before = _direction(float(total[month]), float(usual[month]), 1 / (BEFORE * usual[month]), overdispersion, limits)
        directions = {*by_year} if len(by_year) > 1 else {*by_year, before}
        changed[month] = directions in ({-1}, {1})
    return changed, known


def share_changes(failed: Floats, total: Floats) -> tuple[Flags, Flags]:
    """Which months of series change abruptly in their share of failed rows, and which can be judged; shapes (series, months).

    A series begins with its first month that has rows.
    """
    before_failed, before_total = _before(failed), _before(total)
    begun = np.cumsum(total > 0, axis=1) > 0
    has_before = np.pad(begun, ((0, 0), (BEFORE, 0)))[:, : begun.shape[1]]
    before_failed, before_total = before_failed * has_before, before_total * has_before
    known = (before_total >= LEAST_ROWS) & (total >= LEAST_ROWS)
    here, there = failed / np.maximum(total, 1), before_failed / np.maximum(before_total, 1)
    pooled = (failed + before_failed) / np.maximum(total + before_total, 1)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / np.maximum(total, 1) + 1 / np.maximum(before_total, 1)))
    far = np.abs(here - there) > np.maximum(BEYOND_CHANCE * spread, POINTS)
    return known & far, known


def _seasonal(total: Floats, sums: Floats, month: int, other: int) -> tuple[float, float] | None:
    """What the same month of another year leads to expect, and the relative variance of that; None where it says nothing."""
    there = float(total[other])
    if there <= 0:
        return None
    several = min(BEFORE, month, other)
    if several == 0:  # the first month of the data has none before it: its own number is compared
        return there, 1 / there
    here_before, there_before = (float(sums[place] - sums[place - several]) for place in (month, other))
    if min(here_before, there_before) < LEAST_ROWS:
        return None
    return here_before * there / there_before, 1 / here_before + 1 / there + 1 / there_before


def _direction(
    found: float,
    expected: float,
    variance: float,
    overdispersion: float,
    limits: tuple[float, float] = (FEWER, MORE),
) -> int:
    """1 for abruptly more than expected, -1 for fewer, 0 for neither; ``variance`` is that of the expected number, relative."""
    fewer, more = limits
    spread = expected * np.sqrt(overdispersion * (1 / expected + variance))
    if abs(found - expected) <= BEYOND_CHANCE * spread or fewer * expected <= found <= more * expected:
        return 0
    return 1 if found > expected else -1


def _by_month(counts: Counts, as_of: date) -> pd.DataFrame:
    """failed and total of every month from the first to the last that the data covers, the first one first; months as periods.

    A last month that the data does not cover to its end is left out, and so are later ones that only wrong dates reach.
    """
    dated = counts.dropna(subset=["month"])
    month = pd.PeriodIndex(pd.to_datetime(dated["month"]), freq="M")
    series = dated.groupby(month)[["failed", "total"]].sum()
    series = series[series.index <= _last_month(as_of)]
    if not len(series):
        return series
    return series.reindex(pd.period_range(series.index.min(), series.index.max(), freq="M"), fill_value=0)


def _covered(series: pd.DataFrame, first_week: pd.Series, last_week: pd.Series) -> pd.DataFrame:
    """The months of a series without stray ones before it begins, and without a first and a last that are covered in part."""
    total = series["total"].to_numpy(float)
    if not (total > 0).any():
        return series.iloc[:0]
    usual = float(np.median(total[total > 0]))
    begin = int(np.argmax(total >= STRAY * usual))
    end = len(total)
    if usual * WEEK / DAYS_OF_A_MONTH >= SURELY_ROWS:
        begin += int(first_week.to_numpy(float)[begin] == 0)
        end -= int(end > begin and last_week.to_numpy(float)[end - 1] == 0 and total[end - 1] > 0)
    return series.iloc[begin:end]


def _before(values: Floats) -> Floats:
    """Sums over the months before each; the first ones have none. Shapes (series, months)."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    result = np.zeros(values.shape)
    result[:, BEFORE:] = sums[:, BEFORE:-1] - sums[:, : -1 - BEFORE]
    return result


def _by_force_and_month(counts: Counts, as_of: date) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_], Floats, Floats]:
    """The forces, the days on which months begin, and failed and total of each force and month, as ``_by_month`` has them."""
    dated = counts[counts["month"].notna() & counts["force"].notna()]
    place, forces = pd.factorize(dated["force"].to_numpy(object), sort=True)
    month = pd.to_datetime(dated["month"]).to_numpy().astype("datetime64[M]").astype(np.int64)
    end = _last_month(as_of).ordinal
    inside = month <= end
    if not inside.any():
        nothing = np.zeros((len(forces), 0))
        return np.asarray(forces, object), np.zeros(0, object), nothing, nothing
    place, month = place[inside], month[inside]
    first, last = int(month.min()), int(month.max())
    shape = (len(forces), last - first + 1)
    at = place * shape[1] + month - first
    failed, total = (
        np.bincount(at, dated[name].to_numpy(float)[inside], minlength=shape[0] * shape[1]).reshape(shape).astype(float)
        for name in ("failed", "total")
    )
    days = np.arange(first, last + 1).astype("datetime64[M]").astype("datetime64[D]").astype(object)
    return np.asarray(forces, object), days, failed, total


def _last_month(as_of: date) -> pd.Period:
    """The last month that the data covers to its end."""
    end = pd.Period(as_of, freq="M")
    return end if as_of.day == calendar.monthrange(as_of.year, as_of.month)[1] else end - 1


def _rows(check_id: str, force: object, months: pd.Index, changed: Flags, known: Flags) -> Counts:
    shown = pd.PeriodIndex(months[known], freq="M")
    days = shown.to_timestamp().date
    return pd.DataFrame(
        {
            "check_id": check_id,
            "force": force,
            "month": days,
            "failed": changed[known].astype(np.int64),
            "total": np.ones(len(shown), np.int64),
        }
    )


def _no_rows() -> Counts:
    return pd.DataFrame({"check_id": [], "force": [], "month": [], "failed": [], "total": []})
