"""Types of check that count what other modules found: duplicate identities, reporting gaps, months supplied, agreement with the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from audit.checks.types.base import Counts, Dimension, FindingCheck, Sampled
from audit.statistics import at_least_so_many

LINKAGE, GAPS, UNITS = "duplicate identities", "reporting gaps", "differences between units"
BY_CHANCE = 0.001
"""A unit stands out where its share is rarer than this by chance, over all the shares of its force that are compared."""


@dataclass(frozen=True, kw_only=True)
class DuplicateIdentities(FindingCheck):
    """Duplicate records, estimated by the linkage. The estimate's own interval, wider than Wilson's, is in ``identity_summary``."""

    type: ClassVar[str] = "duplicate_identities"
    sampled: ClassVar[Sampled] = "estimate"
    found_by: ClassVar[str] = LINKAGE
    dimension: Dimension = "uniqueness"

    def count(self, tables: Mapping[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
        summary = tables["identity_summary"]
        failed = np.round(summary["duplicate_rate"].to_numpy(float) * summary["records"].to_numpy(float))
        return _rows(self.id, summary["force"], None, failed, summary["records"])


@dataclass(frozen=True, kw_only=True)
class ReportingGaps(FindingCheck):
    """A row a force and month: units that lie in a gap, of the units that ever recorded a crime.

    ``found_in`` is the table of the results that has the gaps; of ``coverage_gaps`` those of one ``measure``.
    """

    found_in: Literal["gaps", "coverage_gaps"] = "gaps"
    measure: str | None = None
    type: ClassVar[str] = "reporting_gaps"
    found_by: ClassVar[str] = GAPS
    dimension: Dimension = "coverage"

    def count(self, tables: Mapping[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
        units = tables["unit_months"]
        active = units[units.groupby(["force", "unit_id"])["observed"].transform("sum") > 0][["force", "unit_id", "month"]]
        if not len(active):
            return _rows(self.id, [], [], [], [])
        gaps = tables[self.found_in]
        # Incomplete months are a notice: the last ones always fill up later.
        gaps = gaps[gaps["kind"] != "incomplete"] if self.measure is None else gaps[gaps["measure"] == self.measure]
        active = active.assign(month=pd.to_datetime(active["month"]))
        spans = gaps[["force", "unit_id", "first_month", "last_month"]].assign(
            first_month=pd.to_datetime(gaps["first_month"]), last_month=pd.to_datetime(gaps["last_month"])
        )
        within = active.merge(spans, on=["force", "unit_id"])
        within = within[(within["month"] >= within["first_month"]) & (within["month"] <= within["last_month"])]
        hit = within[["force", "unit_id", "month"]].drop_duplicates().groupby(["force", "month"]).size()
        counts = active.groupby(["force", "month"]).size().rename("total").reset_index()
        failed = hit.reindex(pd.MultiIndex.from_frame(counts[["force", "month"]]), fill_value=0).to_numpy()
        return _rows(self.id, counts["force"], counts["month"].dt.date, failed, counts["total"])


@dataclass(frozen=True, kw_only=True)
class MonthsSupplied(FindingCheck):
    """Months in which the force recorded no crime, of the months that are expected of it."""

    type: ClassVar[str] = "months_supplied"
    found_by: ClassVar[str] = GAPS
    dimension: Dimension = "coverage"

    def count(self, tables: Mapping[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
        if not len(supplied):
            return _rows(self.id, [], None, [], [])
        lacking = supplied["force_months_expected"] - supplied["force_months"]
        return _rows(self.id, supplied.index, None, lacking, supplied["force_months_expected"])


@dataclass(frozen=True, kw_only=True)
class StandsOut(FindingCheck):
    """Units in which a share is higher than in the force's other units together, beyond chance.

    ``measure`` names the share in ``class_shares`` (``audit.readiness.evidence``); units are compared within an offence group.
    Failed are the rows in excess in units that stand out, total all rows that are compared. Chance is judged by Fisher's
    exact test, one-sided (doi 10.2307/2340521), at a thousandth over all comparisons of the force (Bonferroni).
    """

    measure: str
    type: ClassVar[str] = "stands_out"
    found_by: ClassVar[str] = UNITS
    dimension: Dimension = "consistency"

    def count(self, tables: Mapping[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
        shares = tables["class_shares"]
        shares = shares[shares["measure"] == self.measure]
        rows = [(force, *_in_excess(mine)) for force, mine in shares.groupby("force")]
        forces, failed, total = zip(*rows, strict=True) if rows else ((), (), ())
        return _rows(self.id, forces, None, failed, total)


def _in_excess(shares: pd.DataFrame) -> tuple[int, int]:
    """Rows in excess in the units of a force that stand out, and all rows that could be compared."""
    failed, total = (shares[name].to_numpy(np.int64) for name in ("failed", "total"))
    of_group = shares.groupby("offence_group")[["failed", "total"]].transform("sum")
    all_failed, all_total = (of_group[name].to_numpy(np.int64) for name in ("failed", "total"))
    others = all_total - total
    compared = (others > 0) & (total > 0)
    if not compared.any():
        return 0, 0
    chance = np.ones(len(shares))
    tried = compared & (failed > 0)
    if tried.any():
        chance[tried] = at_least_so_many(failed[tried], total[tried], all_failed[tried], all_total[tried])
    stands_out = tried & (chance < BY_CHANCE / compared.sum())
    expected = total * (all_failed - failed) / np.maximum(others, 1)
    excess = np.round(np.maximum(failed - expected, 0.0))
    return int(excess[stands_out].sum()), int(total[compared].sum())


@dataclass(frozen=True, kw_only=True)
class AgreesWithEvent(FindingCheck):
    """Rows that differ from their event in the truth; nothing to count where there is no truth."""

    type: ClassVar[str] = "agrees_with_event"
    sampled: ClassVar[Sampled] = "rows"
    found_by: ClassVar[str] = "the truth"
    dimension: Dimension = "accuracy"

    def count(self, tables: Mapping[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
        compared = tables["agreement"]
        return _rows(self.id, compared["force"], None, compared["failed"], compared["total"])


def _rows(check_id: str, force: object, month: object, failed: object, total: object) -> Counts:
    frame = pd.DataFrame({"force": list(force), "failed": list(failed), "total": list(total)})  # type: ignore[call-overload]
    frame = frame.assign(check_id=check_id, month=None if month is None else list(month))  # type: ignore[call-overload]
    return frame.astype({"failed": "int64", "total": "int64"})
