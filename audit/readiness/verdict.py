"""The verdict on each force's data, in a line: what the summary, the page and the report say, and how it is re-assessed."""

from dataclasses import dataclass

import pandas as pd

from audit.checks.catalogue import Check, catalogue
from audit.checks.run import judged
from audit.readiness.actions import action_table, blocking_actions, by_list
from audit.readiness.assess import WORST_FIRST, Size, assess
from audit.readiness.evidence import ESTIMATED, with_estimates
from audit.readiness.status import people_found, status_of
from audit.readiness.thresholds import Thresholds
from audit.results import ForceSummary, Results
from synthetic.contract import reference

__all__ = ["Size", "Verdict", "force_summaries", "judge", "sizes_of", "verdict"]


@dataclass(frozen=True)
class Verdict:
    """What a set of thresholds makes of the counts: the results' tables of the same names, and a summary for each force."""

    checks: pd.DataFrame
    readiness: pd.DataFrame
    actions: pd.DataFrame
    forces: list[ForceSummary]


def verdict(
    checks: pd.DataFrame,
    identity_summary: pd.DataFrame,
    effect: pd.DataFrame,
    fix_first: pd.DataFrame,
    sizes: dict[str, Size],
    instruments: list[str],
    instrument: str,
    thresholds: Thresholds,
) -> Verdict:
    """Everything that is judged, from counted and judged checks and the effect; ``instrument`` is that of the summary."""
    limits = thresholds.limit(tuple(check for check in catalogue() if check.id == ESTIMATED))[0]
    checks = with_estimates(checks, identity_summary, limits.warn, limits.fail)
    readiness = assess(checks, sizes, instruments, thresholds)
    actions = action_table(readiness, effect, fix_first, thresholds)
    return Verdict(checks, readiness, actions, force_summaries(sizes, readiness, effect, instrument, thresholds))


def force_summaries(
    sizes: dict[str, Size], readiness: pd.DataFrame, effect: pd.DataFrame, instrument: str, thresholds: Thresholds
) -> list[ForceSummary]:
    """One line a force for one instrument, from ``readiness`` and ``effect`` of all."""
    names = dict(zip(reference("forces")["force"], reference("forces")["force_name"], strict=True))
    judged, measured = by_list(readiness), by_list(effect)
    none = readiness.iloc[:0], effect.iloc[:0]
    return [
        _summary(
            force,
            names.get(force, force),
            size,
            judged.get((force, instrument), none[0]),
            measured.get((force, instrument), none[1]),
            thresholds,
        )
        for force, size in sizes.items()
    ]


def judge(results: Results, thresholds: Thresholds) -> Results:
    """The results with statuses re-assessed from the counts that they hold; no data is read.

    Checks that were not run stay so. Checks that a later version dropped keep the status they had.
    """
    checks = judge_checks(results["checks"], results.summary.dataset.forces, thresholds)
    options = results.summary.options
    instruments = list(dict.fromkeys([*results["readiness"]["instrument"], options.instrument]))
    found = verdict(
        checks,
        results["identity_summary"],
        results["effect"],
        results["fix_first"],
        sizes_of(results),
        instruments,
        options.instrument,
        thresholds,
    )
    summary = results.summary.model_copy(
        update={
            "forces": found.forces,
            "thresholds": thresholds.model_dump(mode="json", exclude_defaults=True, exclude_none=True),
        }
    )
    return results.with_tables(summary, checks=found.checks, readiness=found.readiness, actions=found.actions)


def judge_checks(checks: pd.DataFrame, forces: list[str], thresholds: Thresholds) -> pd.DataFrame:
    """Rows of checks with rates and statuses re-assessed from their counts."""
    limited = {check.id: check for check in thresholds.limit(catalogue())}
    known = checks["check_id"].isin(limited) & (checks["status"] != "not_run")
    broken = frozenset(checks.loc[checks["status"] == "error", "check_id"])
    counts = checks.loc[known, ["check_id", "force", "month", "failed", "total"]]
    ordered: tuple[Check, ...] = tuple(limited[name] for name in counts["check_id"].drop_duplicates())
    monthly, whole = counts[counts["month"].notna()], counts[counts["month"].isna()]
    again = judged(_with_rest(whole, monthly), ordered, forces, broken)
    return pd.concat([again, checks[~known]], ignore_index=True)


def sizes_of(results: Results) -> dict[str, Size]:
    """The sizes of the results' forces."""
    return {row.force: Size(row.population, row.crimes, row.person_records) for row in results.summary.forces}


def _summary(
    force: str, name: str, size: Size, readiness: pd.DataFrame, effect: pd.DataFrame, thresholds: Thresholds
) -> ForceSummary:
    found = people_found(effect, thresholds.recall_at_k)
    dimensions = readiness[(readiness["kind"] == "dimension") & ~readiness["status"].isin(["pass", "not_applicable"])]
    order = dimensions["status"].map(WORST_FIRST.index)
    worst = dimensions.loc[order.idxmin(), "name"] if len(dimensions) else None
    gates = readiness[readiness["kind"] == "gate"].set_index("name")["status"]
    return ForceSummary(
        force=force,
        force_name=name,
        population=size.population,
        crimes=size.crimes,
        person_records=size.person_records,
        status=status_of(readiness, found.status),
        worst_dimension=None if worst is None else str(worst),
        failed_gates=gates[gates == "not met"].index.tolist(),
        unsettled_gates=gates[gates.isin(["too close to call", "cannot be judged"])].index.tolist(),
        to_next_status=[action.item for action in blocking_actions(readiness, found)],
        recall_at_k=found.value,
        low=found.low,
        high=found.high,
        people_found=found.status,
    )


def _with_rest(whole: pd.DataFrame, monthly: pd.DataFrame) -> pd.DataFrame:
    """Monthly counts, and for each check and force what the whole period counts beyond its months (rows without a month)."""
    key = ["check_id", "force"]
    dated = monthly.groupby(key)[["failed", "total"]].sum()
    rest = whole.set_index(key)[["failed", "total"]].sub(dated, fill_value=0)
    return pd.concat([monthly, rest.reset_index().assign(month=None)], ignore_index=True)
