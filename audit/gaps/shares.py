"""Coverage of what a recorded crime says: linked suspect, outcome, relationship; by unit and month, and where it falls off.

The same machinery as for reporting gaps, on shares: expected is the unit's own level of the share, and its counts are
binomial about it.
"""

from datetime import date

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.engines import Ask
from audit.gaps.expected import LEAST_MEAN, fit
from audit.gaps.gap import FALSE_DISCOVERY_RATE
from audit.gaps.scan import LONGEST, Windows, scan, tail, tries
from audit.results import empty
from audit.statistics import LEAST_GROUP, q_values, wilson
from synthetic.contract import blanks, reference

MEASURES = {
    "linked suspect": ("suspect", "crimes"),
    "outcome": ("outcome", "crimes"),
    "known relationship": ("relationship", "linked"),
}
"""Each share's columns of numerator and denominator: of all crimes, and of those with a linked suspect."""
LEAST_FALL = 0.1
"""Least part of the usual share that must be lost for a run of months to be reported."""
SLOPE_SPREAD = 0.05
"""How far a unit's share grows in a year: standard deviation of the log (illustrative)."""
MOST_SHARE = 0.98
ROUNDS = 8


def share_counts(ask: Ask) -> pd.DataFrame:
    """Crimes by force, unit and month of recording, and how many of them have each: one row a unit-month with a crime.

    Crimes are joined by a 64-bit hash of their identifiers: among five million, the chance that two share one is one in a million.
    """
    counted = ask(_shares_sql).to_pandas(date_as_object=False)
    return counted.sort_values(list(counted), ignore_index=True)


def _shares_sql(dialect: blanks.Dialect) -> str:
    crime = f"{'xxhash64' if dialect == 'spark' else 'hash'}(crime_id)"
    return f"""
        WITH involved AS (
            SELECT {crime} AS crime, bool_or(role = 'suspect') AS suspect,
                   bool_or(NOT {blanks.blank_sql("relationship", dialect)} AND relationship <> 'unknown') AS relationship
            FROM involvements WHERE role = 'suspect' OR relationship IS NOT NULL GROUP BY ALL
        ), dated AS (
            SELECT force, unit_id, CAST(date_trunc('month', coalesce(recorded_on, reported_on)) AS DATE) AS month, outcome_code,
                   {crime} AS crime
            FROM crimes WHERE coalesce(recorded_on, reported_on) IS NOT NULL AND NOT {blanks.blank_sql("unit_id", dialect)}
        )
        SELECT force, unit_id, month,
               count(*) AS crimes,
               count(*) FILTER (WHERE suspect) AS suspect,
               count(*) FILTER (WHERE suspect) AS linked,
               count(*) FILTER (WHERE NOT {blanks.blank_sql("outcome_code", dialect)}) AS outcome,
               count(*) FILTER (WHERE suspect AND relationship) AS relationship
        FROM dated LEFT JOIN involved USING (crime)
        GROUP BY force, unit_id, month
        """


def coverage_table(counts: pd.DataFrame) -> pd.DataFrame:
    """``coverage.parquet``: each share by force, unit and month, with its Wilson interval."""
    parts = []
    for measure, (covered, total) in MEASURES.items():
        part = counts[["force", "unit_id", "month"]].assign(measure=measure, covered=counts[covered], total=counts[total])
        part = part[part["total"] > 0]
        rate, low, high = wilson(part["covered"].to_numpy(), part["total"].to_numpy())
        parts.append(part.assign(rate=rate, low=low, high=high))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(month=table["month"].dt.date) if len(table) else empty("coverage")


def share_gaps(coverage: pd.DataFrame) -> pd.DataFrame:
    """``coverage_gaps.parquet``: runs of months in which a unit's share lies below its own usual."""
    found: list[dict[str, object]] = []
    months, month = np.unique(coverage["month"].to_numpy("datetime64[M]").astype("int64"), return_inverse=True)
    force, measure, unit = (coverage[name].astype("category") for name in ("force", "measure", "unit_id"))
    covered, total = (coverage[name].to_numpy(float) for name in ("covered", "total"))
    places = pd.DataFrame({"force": force.cat.codes, "measure": measure.cat.codes})
    for (of_force, of_measure), at in places.groupby(["force", "measure"]).indices.items():
        units, row = np.unique(unit.cat.codes.to_numpy()[at], return_inverse=True)
        mine, column = np.unique(month[at], return_inverse=True)
        sums = np.zeros((2, len(units), len(mine)))
        sums[0][row, column], sums[1][row, column] = covered[at], total[at]
        days = [date(number // 12 + 1970, number % 12 + 1, 1) for number in months[mine].tolist()]
        place = {"force": str(force.cat.categories[of_force]), "measure": str(measure.cat.categories[of_measure])}
        names = [str(unit.cat.categories[code]) for code in units]
        found += [place | {"unit_id": names[at_unit]} | gap for at_unit, gap in _of_force(place["measure"], days, *sums)]
    return pd.DataFrame(found) if found else empty("coverage_gaps")


def _of_force(
    measure: str, months: list[date], covered: npt.NDArray[np.float64], total: npt.NDArray[np.float64]
) -> list[tuple[int, dict[str, object]]]:
    """The falls of one measure, each with its unit's position; ``covered`` of ``total`` crimes are units × months."""
    if len(months) < 3:
        return []
    units = len(covered)
    years = (np.arange(len(months)) - (len(months) - 1) / 2) / 12
    # Recent cases are still open, so an outcome's share falls for all units alike: that shape is the force's.
    usual = covered.sum() / max(total.sum(), 1)
    shape = (np.nanmedian(_share(covered, total), axis=0) + 1e-3) / (usual + 1e-3) if measure == "outcome" else np.ones(len(months))
    offset = np.log(np.maximum(total * shape * max(usual, 1e-3), 1e-6))
    weights, none = (total > 0).astype(float), np.zeros(units)
    windows = Windows.of(len(months), range(1, LONGEST + 1))
    gaps: list[tuple[int, dict[str, object]]] = []
    steps = np.zeros((units, 0, len(months)))
    for _ in range(ROUNDS):
        fitted = fit(covered, offset, years, weights, steps, none, 0.0, SLOPE_SPREAD)
        share = np.clip(fitted.now / np.maximum(total, 1e-9), 1e-3, MOST_SHARE)
        information = weights * np.maximum(fitted.now, LEAST_MEAN) / (1 - share)
        scanned = scan(windows, covered, fitted.now, information, years, fitted.precision, fitted.away)
        best, rows = scanned.gain.argmax(1), np.arange(units)
        seen, expected = scanned.seen[rows, best], scanned.expected[rows, best]
        p = np.minimum(tail(seen, expected, scanned.variance[rows, best]) * tries(len(months)), 1)
        taken = np.flatnonzero((p <= FALSE_DISCOVERY_RATE) & (seen < (1 - LEAST_FALL) * expected))
        new = np.zeros((units, 1, len(months)))
        for unit in taken.tolist():
            begin, end = int(windows.begin[best[unit]]), int(windows.end[best[unit]])
            new[unit, 0, begin:end] = 1
            gap = {
                "first_month": months[begin],
                "last_month": months[end - 1],
                "kind": "step" if end == len(months) and end - begin > 3 else "drop",
                "observed": round(seen[unit]),
                "expected": float(expected[unit]),
                "p_value": float(p[unit]),
            }
            gaps.append((unit, gap))
        if not len(taken):
            break
        steps = np.concatenate([steps, new], axis=1)
    q = q_values(np.array([gap["p_value"] for _, gap in gaps] + [1.0] * max(units - len(gaps), 0), float))
    return [
        (unit, gap | {"q_value": float(value)})
        for (unit, gap), value in zip(gaps, q, strict=False)
        if value <= FALSE_DISCOVERY_RATE
    ]


def _share(covered: npt.NDArray[np.float64], total: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.divide(covered, total, out=np.full_like(covered, np.nan), where=total > 0)


def never_reported(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """``unreported.parquet``: share of true events never reported, by force, offence group and victim's group.

    Only the truth knows them; events and people are joined by hashes of their keys, as in ``share_counts``. Rows with
    ``attribute`` "all" are of all victims; the others of a sex or an ethnicity, where they have ten events or more.
    """
    connection.register("offence_groups", reference("offences")[["offence_code", "offence_group"]])
    counts = connection.execute(
        """
        WITH victims AS (SELECT hash(person_key) AS victim, sex, ethnicity FROM truth_people),
        events AS (SELECT force, offence_code, reported_on, hash(victim_key) AS victim FROM truth_events),
        counted_events AS (
            SELECT force, offence_group, sex, ethnicity,
                   count(*) AS events, count(*) FILTER (reported_on IS NULL) AS never
            FROM events JOIN offence_groups USING (offence_code) LEFT JOIN victims USING (victim)
            GROUP BY ALL
        )
        SELECT force, offence_group, 'all' AS attribute, 'all' AS "group",
               sum(events)::BIGINT AS events, sum(never)::BIGINT AS unreported
        FROM counted_events GROUP BY ALL
        UNION ALL
        SELECT force, offence_group, 'sex', sex, sum(events)::BIGINT, sum(never)::BIGINT FROM counted_events
        WHERE sex IS NOT NULL GROUP BY ALL
        UNION ALL
        SELECT force, offence_group, 'ethnicity', ethnicity, sum(events)::BIGINT, sum(never)::BIGINT FROM counted_events
        WHERE ethnicity IS NOT NULL GROUP BY ALL
        ORDER BY ALL
        """
    ).df()
    counts = counts[(counts["attribute"] == "all") | (counts["events"] >= LEAST_GROUP)].reset_index(drop=True)
    if not len(counts):
        return empty("unreported")
    rate, low, high = wilson(counts["unreported"].to_numpy(), counts["events"].to_numpy())
    return counts.assign(rate=rate, low=low, high=high)
