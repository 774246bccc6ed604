"""Readiness of a force's data for a declared use: its gates and dimensions, from the checks alone. Never of people.

Modelled on the NHS Data Quality Maturity Index and on the UK Government Data Quality Framework's advice that one
dimension is not sufficient and no criterion universal. A dimension is as good as its worst check, never an average.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.checks.catalogue import DIMENSIONS, catalogue
from audit.readiness.gates import GATES, HALF, Gate, GateStatus, verdict_of_estimate
from audit.readiness.thresholds import Thresholds

Row = Mapping[str, Any]
WORST_FIRST = ("fail", "error", "not_run", "warn", "pass", "not_applicable")
"""Statuses of a check, the worst first. What was not run may hide a failure, so it is worse than a warning."""
COLUMNS = [
    "force", "instrument", "kind", "name", "value", "low", "high", "threshold", "passed", "total", "status", "decided_by",
]  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How large a force is: residents, recorded crimes, person records."""

    population: int
    crimes: int
    person_records: int


def assess(checks: pd.DataFrame, sizes: dict[str, Size], instruments: list[str], thresholds: Thresholds) -> pd.DataFrame:
    """``readiness.parquet``: the gates and dimensions of each force and instrument.

    ``checks`` are those of the results; only rows of the whole period count. A check that is not in them was not run.
    """
    whole = checks[checks["month"].isna()]
    rows = []
    for force, size in sizes.items():
        mine: dict[str, Row] = {str(row["check_id"]): row for row in whole[whole["force"] == force].to_dict("records")}
        judged = [_gate(gate, mine, size, thresholds.gate(gate.key)[0]) for gate in GATES.values()]
        judged += [_dimension(name, mine) for name in DIMENSIONS]
        rows += [{"force": force, "instrument": instrument, **row} for instrument in instruments for row in judged]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"passed": "boolean", "total": "int64"} | dict.fromkeys(("value", "low", "high", "threshold"), "float64"))


def _gate(gate: Gate, checks: Mapping[str, Row], size: Size, threshold: float) -> dict[str, Any]:
    row = checks.get(gate.check_id)
    counted = row is not None and row["status"] not in ("not_run", "error") and row["total"] > 0
    value = low = high = float("nan")
    status: GateStatus = "cannot be judged"
    if row is not None and counted:
        value, low, high = float(row["rate"]), float(row["low"]), float(row["high"])
        if gate.sense == "at least":
            # From the counts: 1 - rate may miss a threshold by the last bit.
            value, low, high = float((row["total"] - row["failed"]) / row["total"]), 1 - high, 1 - low
        if gate.estimated:
            status = verdict_of_estimate(value, low, high, gate.sense, threshold)
        else:
            status = "met" if (value >= threshold if gate.sense == "at least" else value <= threshold) else "not met"
        if status == "met" and not (_rests_on_enough(gate, checks, size) and _met_without(gate, checks, threshold)):
            status = "cannot be judged"
    return {
        "kind": "gate",
        "name": gate.key,
        "value": value,
        "low": low,
        "high": high,
        "threshold": threshold,
        "passed": None if status == "cannot be judged" else status == "met",
        "total": int(row["total"]) if row is not None and counted else 0,
        "status": status,
        "decided_by": gate.check_id,
    }


def _rests_on_enough(gate: Gate, checks: Mapping[str, Row], size: Size) -> bool:
    """Whether the rows that the gate's check could judge, and the values that it rests on, speak for all."""
    if gate.judged_of is not None:
        rows = size.crimes if gate.judged_of == "crimes" else size.person_records
        if checks[gate.check_id]["total"] < HALF * rows:
            return False
    for field, least in gate.needs:
        row = checks.get(f"missing.{field}")
        if row is None or row["status"] in ("not_run", "error", "not_applicable") or 1 - row["rate"] < least:
            return False
    return True


def _met_without(gate: Gate, checks: Mapping[str, Row], threshold: float) -> bool:
    """Whether a gate that is met ("at least") stays so without the good rows that fail another check."""
    if gate.met_without is None:
        return True
    row, other = checks[gate.check_id], checks.get(gate.met_without)
    if other is None or other["status"] in ("not_run", "error"):
        return False
    total = row["total"] - other["failed"]
    return bool(total > 0 and total - row["failed"] >= threshold * total)


def _dimension(name: str, checks: Mapping[str, Row]) -> dict[str, Any]:
    """The worst of the dimension's checks; of equals the one that is nearest to its limit, or furthest above it."""
    listed = dict.fromkeys(check.id for check in catalogue() if check.dimension == name)
    listed |= dict.fromkeys(check_id for check_id, row in checks.items() if row["dimension"] == name)
    status, decided_by, row = "not_applicable", None, None
    for check_id in listed:
        found = checks.get(check_id)
        here = "not_run" if found is None else str(found["status"])
        place, best = WORST_FIRST.index(here), WORST_FIRST.index(status)
        if here != "not_applicable" and (place < best or (place == best and _nearness(found) > _nearness(row))):
            status, decided_by, row = here, check_id, found
    known = row is not None and status in ("fail", "warn", "pass")
    return {
        "kind": "dimension",
        "name": name,
        **{key: float(row[key]) if row is not None and known else float("nan") for key in ("low", "high", "threshold")},
        "value": float(row["rate"]) if row is not None and known else float("nan"),
        "passed": status != "fail" if known else None,
        "total": int(row["total"]) if row is not None and known else 0,
        "status": status,
        "decided_by": decided_by,
    }


def _nearness(row: Row | None) -> float:
    """The rate in units of its limit; infinite where none is allowed and there are some."""
    if row is None or row["status"] not in ("fail", "warn", "pass"):
        return 0.0
    rate, limit = float(row["rate"]), float(row["threshold"])
    return rate / limit if limit > 0 else (float("inf") if rate > 0 else 0.0)
