"""Reporting gaps compared with the ledger's."""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from audit.gaps import Counts
from audit.statistics import wilson
from synthetic.contract import GAP_KINDS

PLAIN_LOSS = 5.0
"""A gap is plain when its months lack more than this many standard deviations of their count."""


class KindScore(BaseModel):
    """Gaps of one kind in the ledger, and what the audit made of them."""

    model_config = ConfigDict(frozen=True)

    kind: str
    put_in: int
    plain: int
    """Those that lack more than five standard deviations: lost ÷ √(recorded + lost)."""
    found: int
    plain_found: int
    kind_right: int
    """Of the plain ones found, those reported as this kind."""


class GapScore(BaseModel):
    """The reporting gaps found, compared with the ledger's. Shares are None where there is nothing to divide by."""

    model_config = ConfigDict(frozen=True)

    kinds: list[KindScore]
    reported: int
    false: int
    """Reported, and overlapping no gap of the ledger in that unit, or in truth a unit change."""
    unit_changes: int
    """Of the false ones, those whose months are ones in which a unit change left the unit without crimes of its own."""
    plain_found: float | None
    plain_found_low: float | None
    plain_found_high: float | None
    false_share: float | None
    median_overlap: float | None
    """Months that a plain gap and the gap reported for it share, by the months of either."""
    kind_right: float | None
    reported_per_found: float | None
    """Gaps reported, the false ones aside, by gaps of the ledger found; under 1 where one reported covers several."""


def score_gaps(
    ledger: pd.DataFrame,
    reported: pd.DataFrame,
    counts: Sequence[Counts],
    unit_changes: pd.DataFrame | None = None,
    renamed: Mapping[str, str] | None = None,
) -> GapScore:
    """Compare gaps reported (``gaps.parquet``) with those of the ledger (``truth/gaps``).

    A gap reported meets one of the ledger when it is of the same unit, has a month in common, and is of the same offence
    group, or one of both is of the whole unit; the overlap is months in common ÷ months of either. With ``unit_changes``
    (that table's columns) a gap of a unit in the months when it was renamed, merged, split, closed or not yet open is false.
    ``renamed`` gives the unit of each later code of one: a gap is reported by the code in use, and the ledger names the unit.
    """
    renamed = renamed or {}
    ledger = ledger.reset_index(drop=True).assign(deviations=_deviations(ledger, counts, renamed))
    ledger["plain"] = ledger["deviations"] > PLAIN_LOSS
    reported = reported.reset_index(drop=True)
    changed = _changed(reported, unit_changes)
    reported = reported.assign(unit_id=reported["unit_id"].map(lambda code: renamed.get(code, code)))
    met = _met(ledger, reported[~changed])
    best = met.sort_values("overlap").groupby("ledger").tail(1).set_index("ledger")
    ledger["found"] = ledger.index.isin(best.index)
    ledger["reported_kind"] = best["reported_kind"].reindex(ledger.index)
    ledger["overlap"] = best["overlap"].reindex(ledger.index)
    plain = ledger[ledger["plain"]]
    seen = plain[plain["found"]]
    false = len(reported) - met["reported"].nunique()
    rate, low, high = wilson(np.array([len(seen)]), np.array([len(plain)]))
    kinds = [
        KindScore(
            kind=kind,
            put_in=len(mine),
            plain=int(mine["plain"].sum()),
            found=int(mine["found"].sum()),
            plain_found=int((mine["plain"] & mine["found"]).sum()),
            kind_right=int((mine["plain"] & mine["reported_kind"].eq(kind)).sum()),
        )
        for kind in GAP_KINDS
        if len(mine := ledger[ledger["kind"] == kind])
    ]
    return GapScore(
        kinds=kinds,
        reported=len(reported),
        false=false,
        unit_changes=int(changed.sum()),
        plain_found=float(rate[0]) if len(plain) else None,
        plain_found_low=float(low[0]) if len(plain) else None,
        plain_found_high=float(high[0]) if len(plain) else None,
        false_share=false / len(reported) if len(reported) else None,
        median_overlap=float(seen["overlap"].median()) if len(seen) else None,
        kind_right=float((seen["kind"] == seen["reported_kind"]).mean()) if len(seen) else None,
        reported_per_found=(len(reported) - false) / int(ledger["found"].sum()) if ledger["found"].any() else None,
    )


def units_renamed(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The unit of each later code of one, from the ledger (``truth_defects`` and ``crimes`` on the connection)."""
    rows = connection.execute(
        "SELECT DISTINCT c.unit_id, d.true_value FROM truth_defects d JOIN crimes c ON c.crime_id = d.record_id "
        "WHERE d.defect = 'unit_renamed'"
    ).fetchall()
    before = {str(code): str(unit) for code, unit in rows if code != unit}
    return {code: _first(code, before) for code in before}


def _first(code: str, before: Mapping[str, str]) -> str:
    while code in before:
        code = before[code]
    return code


def gaps_as_markdown(gaps: GapScore) -> str:
    """The score as a Markdown table and what it comes to."""
    lines = ["| reporting gaps | put in | plain | plain found | kind right |", "|---|--:|--:|--:|--:|"]
    for row in gaps.kinds:
        found, right = _of(row.plain_found, row.plain), _of(row.kind_right, row.plain_found)
        lines.append(f"| {row.kind} | {row.put_in:,} | {row.plain:,} | {found} | {right} |")
    lines.append("")
    lines.append(
        f"Reported: {gaps.reported:,}, of which false {_of(gaps.false, gaps.reported)}, unit changes {gaps.unit_changes:,} of them."
    )
    if gaps.median_overlap is not None and gaps.reported_per_found is not None:
        lines.append(f"Median overlap of months {gaps.median_overlap:.2f}; reported for each found {gaps.reported_per_found:.2f}.")
    lines.append("Plain: more than five standard deviations of their count are missing from the months.")
    return "\n".join(lines)


def _of(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.0%})" if whole else "–"


def _deviations(ledger: pd.DataFrame, counts: Sequence[Counts], renamed: Mapping[str, str]) -> npt.NDArray[np.float64]:
    """What each gap's months lack, in standard deviations of their count."""
    deviations = np.zeros(len(ledger))
    by_force = {of_force.force: of_force for of_force in counts}
    for number, gap in enumerate(ledger.itertuples(index=False)):
        mine = by_force.get(gap.force)
        codes = [] if mine is None else [at for at, code in enumerate(mine.units) if gap.unit_id in (code, renamed.get(code))]
        if mine is None or not codes:
            continue
        months = [at for at, month in enumerate(mine.months) if gap.first_month <= month <= gap.last_month]
        groups = range(len(mine.groups)) if pd.isna(gap.offence_group) else [mine.groups.index(gap.offence_group)]
        recorded = mine.crimes[np.ix_(codes, list(groups), months)].sum()
        if gap.kind == "late":
            recorded = max(recorded - gap.events_lost, 0)
        deviations[number] = gap.events_lost / max(np.sqrt(recorded + gap.events_lost), 1)
    return deviations


def _changed(reported: pd.DataFrame, unit_changes: pd.DataFrame | None) -> npt.NDArray[np.bool_]:
    """Which gaps are a unit change: months after a unit's crimes went elsewhere, or before it began."""
    changed = np.zeros(len(reported), bool)
    if unit_changes is None:
        return changed
    unit, force = reported["unit_id"].to_numpy(object), reported["force"].to_numpy(object)
    first, last = (pd.to_datetime(reported[name]).to_numpy() for name in ("first_month", "last_month"))
    for change in unit_changes.itertuples(index=False):
        month = np.datetime64(change.month)
        mine = force == change.force
        if change.kind in ("renamed", "merged", "split", "moved", "closed"):
            changed |= mine & (unit == change.unit_id) & (first >= month)
        begins = change.unit_id if change.kind == "opened" else change.other_unit_id
        changed |= mine & (unit == begins) & (last < month)
    return changed


def _met(ledger: pd.DataFrame, reported: pd.DataFrame) -> pd.DataFrame:
    """Pairs of a gap reported and one of the ledger that it meets: ledger, reported (positions), reported_kind, overlap."""
    key = ["force", "unit_id", "offence_group", "first_month", "last_month"]
    left = ledger[key].assign(ledger=ledger.index)
    right = reported[[*key, "kind"]].assign(reported=reported.index).rename(columns={"kind": "reported_kind"})
    pairs = left.merge(right, on=["force", "unit_id"], suffixes=("", "_reported"))
    group, other = pairs["offence_group"], pairs["offence_group_reported"]
    pairs = pairs[(group == other) | group.isna() | other.isna()]
    first, last, first_reported, last_reported = (
        pd.to_datetime(pairs[name]).dt.year * 12 + pd.to_datetime(pairs[name]).dt.month
        for name in ("first_month", "last_month", "first_month_reported", "last_month_reported")
    )
    common = np.minimum(last, last_reported) - np.maximum(first, first_reported) + 1
    either = np.maximum(last, last_reported) - np.minimum(first, first_reported) + 1
    return pairs.assign(overlap=common / either)[common > 0][["ledger", "reported", "reported_kind", "overlap"]]
