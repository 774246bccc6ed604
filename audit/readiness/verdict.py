"""The verdict on each force's data, in a line: what the summary, the page and the report say, and how it is told anew."""

from dataclasses import dataclass

import pandas as pd

from audit.checks.catalogue import catalogue
from audit.checks.run import judged
from audit.effect import LEAST_GROUP
from audit.readiness.assess import rejudged, status_of, to_next_status
from audit.readiness.thresholds import Thresholds
from audit.results import ForceSummary, Results
from synthetic.contract import reference


@dataclass(frozen=True)
class Size:
    """How large a force is: residents, recorded crimes, person records."""

    population: int
    crimes: int
    person_records: int


def force_summaries(
    sizes: dict[str, Size], readiness: pd.DataFrame, effect: pd.DataFrame, instrument: str, thresholds: Thresholds
) -> list[ForceSummary]:
    """One line a force for one instrument, from ``readiness`` and ``effect`` of all."""
    names = dict(zip(reference("forces")["force"], reference("forces")["force_name"], strict=True))
    return [
        _summary(
            force, names.get(force, force), size, _of(readiness, force, instrument), _of(effect, force, instrument), thresholds
        )
        for force, size in sizes.items()
    ]


def judge(results: Results, thresholds: Thresholds) -> Results:
    """The results with statuses told anew from the counts that they hold; no data is read.

    Checks that a later version dropped keep the status they had.
    """
    limited = {check.id: check for check in thresholds.limit(catalogue())}
    checks = results["checks"]
    known = checks["check_id"].isin(limited)
    broken = frozenset(checks.loc[checks["status"] == "error", "check_id"])
    counts = checks.loc[known, ["check_id", "force", "month", "failed", "total"]]
    ordered = tuple(limited[name] for name in counts["check_id"].drop_duplicates())
    monthly = counts[counts["month"].notna()]
    whole = counts[counts["month"].isna()]
    anew = judged(_with_rest(whole, monthly), ordered, results.summary.dataset.forces, broken)
    readiness = rejudged(results["readiness"], thresholds)
    sizes = {row.force: Size(row.population, row.crimes, row.person_records) for row in results.summary.forces}
    summary = results.summary.model_copy(
        update={
            "forces": force_summaries(sizes, readiness, results["effect"], results.summary.options.instrument, thresholds),
            "thresholds": thresholds.model_dump(mode="json", exclude_defaults=True, exclude_none=True),
        }
    )
    return results.with_tables(summary, checks=pd.concat([anew, checks[~known]], ignore_index=True), readiness=readiness)


def recall_of(effect: pd.DataFrame) -> tuple[float, float, float] | None:
    """Recall with its interval, of one force's row of ``effect``; None where nothing can be told, or of too few people."""
    shown = effect[(effect["truth_size"] >= LEAST_GROUP).fillna(False).astype(bool) & effect["recall_at_k"].notna()]
    if not len(shown):
        return None
    return tuple(float(shown[name].iloc[0]) for name in ("recall_at_k", "low", "high"))  # type: ignore[return-value]


def _of(frame: pd.DataFrame, force: str, instrument: str) -> pd.DataFrame:
    return frame[(frame["force"] == force) & (frame["instrument"] == instrument)]


def _summary(
    force: str, name: str, size: Size, readiness: pd.DataFrame, effect: pd.DataFrame, thresholds: Thresholds
) -> ForceSummary:
    found = recall_of(effect)
    recall, low, high = found or (None, None, None)
    dimensions = readiness[(readiness["kind"] == "dimension") & readiness["value"].notna()]
    lowest = dimensions.loc[dimensions["value"].idxmin()] if len(dimensions) else None
    failed = readiness[(readiness["kind"] == "gate") & readiness["passed"].eq(False).fillna(False).astype(bool)]
    return ForceSummary(
        force=force,
        force_name=name,
        population=size.population,
        crimes=size.crimes,
        person_records=size.person_records,
        status=status_of(readiness, recall, thresholds.recall_at_k),
        lowest_dimension=None if lowest is None else str(lowest["name"]),
        lowest_value=None if lowest is None else float(lowest["value"]),
        failed_gates=failed["name"].tolist(),
        to_next_status=to_next_status(readiness, recall, thresholds.recall_at_k),
        recall_at_k=recall,
        low=low,
        high=high,
    )


def _with_rest(whole: pd.DataFrame, monthly: pd.DataFrame) -> pd.DataFrame:
    """Monthly counts, and for each check and force what the whole period counts beyond its months (rows without a month)."""
    key = ["check_id", "force"]
    dated = monthly.groupby(key)[["failed", "total"]].sum()
    rest = whole.set_index(key)[["failed", "total"]].sub(dated, fill_value=0)
    return pd.concat([monthly, rest.reset_index().assign(month=None)], ignore_index=True)
