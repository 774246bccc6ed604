"""Reporting gaps held against the ledger's."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from audit.gaps import Counts
from audit.statistics import wilson
from synthetic.contract import GAP_KINDS

PLAIN_LOSS = 5.0
"""A gap is plain when what its months lack is more than this many standard deviations of their count."""


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
    """Of the plain ones found, those told as this kind."""


class GapScore(BaseModel):
    """The reporting gaps told, held against the ledger's. Shares are None where there is nothing to divide by."""

    model_config = ConfigDict(frozen=True)

    kinds: list[KindScore]
    told: int
    false: int
    """Told, and overlapping no gap of the ledger in that unit."""
    plain_found: float | None
    plain_found_low: float | None
    plain_found_high: float | None
    false_share: float | None
    median_overlap: float | None
    """Months that a plain gap and the gap told for it share, by the months of either."""
    kind_right: float | None
    told_per_found: float | None
    """Gaps told, the false ones aside, by gaps of the ledger found; under 1 where one told covers several."""


def score_gaps(ledger: pd.DataFrame, told: pd.DataFrame, counts: Sequence[Counts]) -> GapScore:
    """Hold gaps told (``gaps.parquet``) against those of the ledger (``truth/gaps``).

    A gap told meets one of the ledger when it is of the same unit, has a month in common, and is of the same offence
    group, or one of both is of the whole unit; the overlap is months in common ÷ months of either.
    """
    ledger = ledger.reset_index(drop=True).assign(deviations=_deviations(ledger, counts))
    ledger["plain"] = ledger["deviations"] > PLAIN_LOSS
    met = _met(ledger, told.reset_index(drop=True))
    best = met.sort_values("overlap").groupby("ledger").tail(1).set_index("ledger")
    ledger["found"] = ledger.index.isin(best.index)
    ledger["told_kind"] = best["told_kind"].reindex(ledger.index)
    ledger["overlap"] = best["overlap"].reindex(ledger.index)
    plain = ledger[ledger["plain"]]
    seen = plain[plain["found"]]
    false = len(told) - met["told"].nunique()
    rate, low, high = wilson(np.array([len(seen)]), np.array([len(plain)]))
    kinds = [
        KindScore(
            kind=kind,
            put_in=len(mine),
            plain=int(mine["plain"].sum()),
            found=int(mine["found"].sum()),
            plain_found=int((mine["plain"] & mine["found"]).sum()),
            kind_right=int((mine["plain"] & mine["told_kind"].eq(kind)).sum()),
        )
        for kind in GAP_KINDS
        if len(mine := ledger[ledger["kind"] == kind])
    ]
    return GapScore(
        kinds=kinds,
        told=len(told),
        false=false,
        plain_found=float(rate[0]) if len(plain) else None,
        plain_found_low=float(low[0]) if len(plain) else None,
        plain_found_high=float(high[0]) if len(plain) else None,
        false_share=false / len(told) if len(told) else None,
        median_overlap=float(seen["overlap"].median()) if len(seen) else None,
        kind_right=float((seen["kind"] == seen["told_kind"]).mean()) if len(seen) else None,
        told_per_found=(len(told) - false) / int(ledger["found"].sum()) if ledger["found"].any() else None,
    )


def gaps_as_markdown(gaps: GapScore) -> str:
    """The score as a Markdown table and what it comes to."""
    lines = ["| reporting gaps | put in | plain | plain found | kind right |", "|---|--:|--:|--:|--:|"]
    for row in gaps.kinds:
        found, right = _of(row.plain_found, row.plain), _of(row.kind_right, row.plain_found)
        lines.append(f"| {row.kind} | {row.put_in:,} | {row.plain:,} | {found} | {right} |")
    lines.append("")
    lines.append(f"Told: {gaps.told:,}, of which false {_of(gaps.false, gaps.told)}.")
    if gaps.median_overlap is not None and gaps.told_per_found is not None:
        lines.append(f"Median overlap of months {gaps.median_overlap:.2f}; gaps told per gap found {gaps.told_per_found:.2f}.")
    lines.append("Plain: the months lack more than five standard deviations of their count.")
    return "\n".join(lines)


def _of(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.0%})" if whole else "–"


def _deviations(ledger: pd.DataFrame, counts: Sequence[Counts]) -> np.ndarray:
    """What each gap's months lack, in standard deviations of their count."""
    deviations = np.zeros(len(ledger))
    by_force = {of_force.force: of_force for of_force in counts}
    for number, gap in enumerate(ledger.itertuples(index=False)):
        mine = by_force.get(gap.force)
        if mine is None or gap.unit_id not in mine.units:
            continue
        months = [at for at, month in enumerate(mine.months) if gap.first_month <= month <= gap.last_month]
        groups = range(len(mine.groups)) if pd.isna(gap.offence_group) else [mine.groups.index(gap.offence_group)]
        recorded = mine.crimes[np.ix_([mine.units.index(gap.unit_id)], list(groups), months)].sum()
        if gap.kind == "late":
            recorded = max(recorded - gap.events_lost, 0)
        deviations[number] = gap.events_lost / max(np.sqrt(recorded + gap.events_lost), 1)
    return deviations


def _met(ledger: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Pairs of a gap told and one of the ledger that it meets: columns ledger, told (positions), told_kind, overlap."""
    key = ["force", "unit_id", "offence_group", "first_month", "last_month"]
    left = ledger[key].assign(ledger=ledger.index)
    right = told[[*key, "kind"]].assign(told=told.index).rename(columns={"kind": "told_kind"})
    pairs = left.merge(right, on=["force", "unit_id"], suffixes=("", "_told"))
    group, group_told = pairs["offence_group"], pairs["offence_group_told"]
    pairs = pairs[(group == group_told) | group.isna() | group_told.isna()]
    first, last, first_told, last_told = (
        pd.to_datetime(pairs[name]).dt.year * 12 + pd.to_datetime(pairs[name]).dt.month
        for name in ("first_month", "last_month", "first_month_told", "last_month_told")
    )
    common = np.minimum(last, last_told) - np.maximum(first, first_told) + 1
    either = np.maximum(last, last_told) - np.minimum(first, first_told) + 1
    return pairs.assign(overlap=common / either)[common > 0][["ledger", "told", "told_kind", "overlap"]]
