"""The sampling audit: how an inspector learns which reports became crimes, run on a synthetic dataset whose truth is known.

No audit of recorded crimes alone can see a report that was never recorded. Inspectors see it by drawing incident logs and
following each to the crime register (HMICFRS, Crime Data Integrity inspections). Here a log is a reported event of class crime; it
became a crime where the register has a row of class crime for it.

Logs are drawn in batches: a unit's month at random, in proportion to its logs, then some of its logs, each once. What units and
months have in common makes logs of one batch alike, so that a sample of n says less than n logs drawn one by one: the design
effect says how much less (Kish 1965). The interval is Wilson's for as many logs as the sample is worth, with Student's t for
the number of batches, since the design effect is itself estimated (Korn and Graubard 1998, on Wilson's interval).
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.statistics import wilson
from synthetic.errors import InputError

BATCH = 10
"""Logs of one batch, where the sample has so many that at least ``LEAST_BATCHES`` come of it."""
LEAST_BATCHES = 20
LEAST_LOGS, MOST_LOGS = 40, 1_000_000
LOGS_OF_AN_AUDIT = 400
"""Logs that an audit draws of each force for its results, so that ± 4 points or so can be seen."""
PRECISION = 0.02
"""Half the width of the interval that ``logs_needed`` is for: 2 points."""
CANCELLED_DRAWN = 19
"""Cancelled crimes drawn of each force: as many as one inspection had, of which 3 were wrong (BBC Shared Data Unit)."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SamplingAudit:
    """``rates``: force, logs, batches, became_crimes, rate, low, high (95 %), design_effect, truth, logs_needed (for ± 2 points).

    ``cancelled``: force, drawn, wrong, rate, low, high (95 %), truth; forces without a cancelled crime are left out.
    """

    rates: pd.DataFrame
    cancelled: pd.DataFrame


@dataclass(frozen=True)
class Batches:
    """Logs of one force by unit and month of report, and how many of them became crimes; each of shape (unit-months,)."""

    logs: Ints
    recorded: Ints

    @property
    def truth(self) -> float:
        return float(self.recorded.sum() / self.logs.sum()) if self.logs.sum() else np.nan


@dataclass(frozen=True)
class Estimate:
    """A recording rate as one sample gives it."""

    logs: int
    batches: int
    became_crimes: int
    rate: float
    low: float
    high: float
    design_effect: float

    @property
    def logs_needed(self) -> int:
        """Logs for an interval of ± 2 points, at this rate and design effect."""
        return ceil(1.96**2 * max(self.rate * (1 - self.rate), 0.01) * self.design_effect / PRECISION**2)


def sampling_audit(connection: duckdb.DuckDBPyConnection, forces: list[str], logs: int, seed: int = 1) -> SamplingAudit:
    """Draw ``logs`` logs of each force, estimate its recording rate, and compare it with the truth.

    ``connection`` has the dataset's views, the truth's among them. Raises InputError where the number is not from 40 to a million.
    """
    if not LEAST_LOGS <= logs <= MOST_LOGS:
        raise InputError("logs", f"takes a whole number from {LEAST_LOGS} to {MOST_LOGS:,}.")
    batches, wrong = read_batches(connection), _cancelled(connection)
    rates, cancelled = [], []
    for number, force in enumerate(forces):
        rng = np.random.default_rng([seed, number])
        if force in batches:
            found = draw(batches[force], logs, rng)
            rates.append({"force": force, **vars(found), "truth": batches[force].truth, "logs_needed": found.logs_needed})
        if force in wrong:
            bad, all_of_them = wrong[force]
            drawn = min(CANCELLED_DRAWN, all_of_them)
            seen = int(rng.hypergeometric(bad, all_of_them - bad, drawn))
            (rate,), (low,), (high,) = wilson(np.array([seen]), np.array([drawn]))
            cancelled.append((force, drawn, seen, rate, low, high, bad / all_of_them))
    columns = ["force", "logs", "batches", "became_crimes", "rate", "low", "high", "design_effect", "truth", "logs_needed"]
    return SamplingAudit(
        pd.DataFrame(rates, columns=columns),
        pd.DataFrame(cancelled, columns=["force", "drawn", "wrong", "rate", "low", "high", "truth"]),
    )


def read_batches(connection: duckdb.DuckDBPyConnection) -> dict[str, Batches]:
    """The logs of each force by unit and month."""
    event_class = _column(connection, "truth_events", "event_class")
    frame = connection.execute(
        f"""
        SELECT e.force, count(*) AS logs, count(*) FILTER (e.crime_id IN (
            SELECT crime_id FROM crimes WHERE {_crime(connection)} AND crime_id IS NOT NULL)) AS recorded
        FROM truth_events e WHERE e.reported_on IS NOT NULL AND coalesce({event_class} <> 'non_crime', true)
        GROUP BY e.force, e.unit_id, date_trunc('month', e.reported_on) ORDER BY e.force, e.unit_id, date_trunc('month', e.reported_on)
        """
    ).df()
    return {
        str(force): Batches(mine["logs"].to_numpy(np.int64), mine["recorded"].to_numpy(np.int64))
        for force, mine in frame.groupby("force")
    }


def draw(batches: Batches, logs: int, rng: np.random.Generator) -> Estimate:
    """One sample of about ``logs`` logs, and what it says of the recording rate.

    Which of a batch's logs became crimes is a draw without return from those of its unit and month, so that only the number
    has to be drawn. The mean of the batches' shares is unbiased, since unit-months come in proportion to their logs.
    """
    size = min(BATCH, max(1, logs // LEAST_BATCHES))
    count = logs // size
    chosen = rng.choice(len(batches.logs), size=count, p=batches.logs / batches.logs.sum())
    taken = np.minimum(batches.logs[chosen], size)
    recorded = rng.hypergeometric(batches.recorded[chosen], (batches.logs - batches.recorded)[chosen], taken)
    share = recorded / taken
    rate, drawn = float(share.mean()), int(taken.sum())
    alone = rate * (1 - rate) / drawn
    design_effect = float(share.var(ddof=1) / count / alone) if alone else 1.0
    low, high = _interval(rate, drawn / max(design_effect, 1e-9), count)
    return Estimate(drawn, count, int(recorded.sum()), rate, low, high, design_effect)


def _interval(rate: float, worth: float, batches: int) -> tuple[float, float]:
    """Wilson's interval of a rate from ``worth`` logs drawn one by one, with Student's t for the number of batches."""
    from scipy.special import stdtrit  # slow to import, and only needed here

    t = float(stdtrit(batches - 1, 0.975))
    centre = (rate + t**2 / (2 * worth)) / (1 + t**2 / worth)
    half = t / (1 + t**2 / worth) * np.sqrt(rate * (1 - rate) / worth + t**2 / (4 * worth**2))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def _cancelled(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """Wrongly cancelled crimes, and all cancelled ones with an event, by force."""
    record_class = _column(connection, "all_records", "record_class", "c.")
    event_class = _column(connection, "all_truth_events", "event_class", "e.")
    rows: list[Any] = connection.execute(
        f"""
        SELECT c.force, count(*) FILTER (coalesce({event_class} <> 'non_crime', true)), count(*)
        FROM all_records c JOIN all_truth_events e ON e.crime_id = c.crime_id WHERE {record_class} = 'cancelled' GROUP BY c.force
        """
    ).fetchall()
    return {force: (wrong, count) for force, wrong, count in rows}


def _crime(connection: duckdb.DuckDBPyConnection) -> str:
    return f"coalesce({_column(connection, 'crimes', 'record_class')} NOT IN ('cancelled', 'non_crime_incident'), true)"


def _column(connection: duckdb.DuckDBPyConnection, view: str, name: str, prefix: str = "") -> str:
    """A column that a dataset may leave out, as SQL."""
    known = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {view}").fetchall()}
    return f"{prefix}{name}" if name in known else "NULL::VARCHAR"


def as_text(audit: SamplingAudit) -> str:
    """The sampling audit in sentences, a force a line."""
    lines = [
        f"{row.force}: {row.became_crimes:,} of {row.logs:,} logs became crimes, {row.rate:.1%} ({row.low:.1%} to {row.high:.1%}); "
        f"design effect {row.design_effect:.1f}; in truth {row.truth:.1%}; for ±2 points draw about {row.logs_needed:,} logs"
        for row in audit.rates.itertuples()
    ]
    lines += [
        f"{row.force}: of {row.drawn} cancelled crimes {row.wrong} were wrongly cancelled, {row.rate:.0%} ({row.low:.0%} to {row.high:.0%}); "
        f"in truth {row.truth:.0%}"
        for row in audit.cancelled.itertuples()
    ]
    _, (low,), (high,) = wilson(np.array([3]), np.array([CANCELLED_DRAWN]))
    lines.append(
        f"Why {CANCELLED_DRAWN} cancelled crimes prove little: 3 wrong of {CANCELLED_DRAWN}, as one inspection found, fits any share from "
        f"{low:.0%} to {high:.0%}."
    )
    return "\n".join(lines)
