"""Where a run stops a pipeline: whether anything in the results stands at a level of ``--fail-on`` or worse."""

from typing import Literal

from audit.results import Results

Level = Literal["warn", "fail"]


def crossed(results: Results, level: Level) -> bool:
    """Whether the results cross a level.

    ``warn``: anything that warns, fails, is too close to call or cannot be judged. ``fail``: anything that fails or is not met.
    Both: a check that could not be counted, and a force without crimes or person records. People found is what the data does to
    a list, and not the data itself: it takes part in the status and not here.
    """
    forces = results.summary.forces
    if not forces or any(row.crimes == 0 or row.person_records == 0 for row in forces):
        return True
    checks = results["checks"]
    statuses = checks.loc[checks["month"].isna(), "status"]
    judged = results["readiness"]
    mine = judged[judged["instrument"] == results.summary.options.instrument]
    gates = mine.loc[mine["kind"] == "gate", "status"]
    if level == "fail":
        empty = (mine["kind"] == "gate") & (mine["total"] == 0) & ~mine["decided_by"].isin(_not_run(results))
        return bool(statuses.isin(["fail", "error"]).any() or (gates == "not met").any() or empty.any())
    return bool(statuses.isin(["warn", "fail", "error"]).any() or (gates != "met").any())


def _not_run(results: Results) -> set[str]:
    """Checks that the run left out: not in the table, or marked so."""
    checks = results["checks"]
    whole = checks[checks["month"].isna()]
    listed = set(results["readiness"]["decided_by"].dropna())
    return (listed - set(whole["check_id"])) | set(whole.loc[whole["status"] == "not_run", "check_id"])
