"""The check types that count what other rooms found: duplicate identities, reporting gaps, months that were not supplied."""

import numpy as np
import pandas as pd

from audit.checks.catalogue.declaration import Check
from audit.checks.types.patterns import Counts

FINDING_TYPES = ("duplicate_identities", "reporting_gaps", "months_supplied", "agrees_with_event")


def finding_counts(checks: tuple[Check, ...], tables: dict[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
    """Counts of the checks of ``FINDING_TYPES``, from the results' tables and ``audit.readiness.evidence``."""
    makers = {
        "duplicate_identities": _duplicates,
        "reporting_gaps": _gaps,
        "months_supplied": _months,
        "agrees_with_event": _agrees,
    }
    parts = [makers[check.type](check, tables, supplied) for check in checks if check.type in FINDING_TYPES]
    columns = ["check_id", "force", "month", "failed", "total"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _duplicates(check: Check, tables: dict[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
    """Whole records, as the estimate is of a share; its own interval, wider than Wilson's, is in ``identity_summary``."""
    summary = tables["identity_summary"]
    failed = np.round(summary["duplicate_rate"].to_numpy(float) * summary["records"].to_numpy(float))
    return _rows(check, summary["force"], None, failed, summary["records"])


def _gaps(check: Check, tables: dict[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
    """A row a force and month: units that lie in a gap, of the units that ever recorded a crime."""
    units = tables["unit_months"]
    active = units[units.groupby(["force", "unit_id"])["observed"].transform("sum") > 0][["force", "unit_id", "month"]]
    if not len(active):
        return _rows(check, [], [], [], [])
    gaps = tables[check.parameters["table"]]
    if "measure" in check.parameters:
        gaps = gaps[gaps["measure"] == check.parameters["measure"]]
    else:
        gaps = gaps[gaps["kind"] != "incomplete"]  # a notice: the last months always fill up later
    active = active.assign(month=pd.to_datetime(active["month"]))
    spans = gaps[["force", "unit_id", "first_month", "last_month"]].assign(
        first_month=pd.to_datetime(gaps["first_month"]), last_month=pd.to_datetime(gaps["last_month"])
    )
    within = active.merge(spans, on=["force", "unit_id"])
    within = within[(within["month"] >= within["first_month"]) & (within["month"] <= within["last_month"])]
    hit = within[["force", "unit_id", "month"]].drop_duplicates().groupby(["force", "month"]).size()
    counts = active.groupby(["force", "month"]).size().rename("total").reset_index()
    failed = hit.reindex(pd.MultiIndex.from_frame(counts[["force", "month"]]), fill_value=0).to_numpy()
    return _rows(check, counts["force"], counts["month"].dt.date, failed, counts["total"])


def _months(check: Check, tables: dict[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
    if not len(supplied):
        return _rows(check, [], None, [], [])
    lacking = supplied["force_months_expected"] - supplied["force_months"]
    return _rows(check, supplied.index, None, lacking, supplied["force_months_expected"])


def _agrees(check: Check, tables: dict[str, pd.DataFrame], supplied: pd.DataFrame) -> Counts:
    compared = tables["agreement"]
    return _rows(check, compared["force"], None, compared["failed"], compared["total"])


def _rows(check: Check, force: object, month: object, failed: object, total: object) -> Counts:
    frame = pd.DataFrame({"force": list(force), "failed": list(failed), "total": list(total)})  # type: ignore[call-overload]
    frame = frame.assign(check_id=check.id, month=None if month is None else list(month))  # type: ignore[call-overload]
    return frame.astype({"failed": "int64", "total": "int64"})
