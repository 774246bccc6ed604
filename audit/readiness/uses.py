"""The same results judged for another use: the summary of each force re-assessed for an instrument."""

from audit.readiness.thresholds import Thresholds
from audit.readiness.verdict import Size, force_summaries
from audit.results import Results


def for_use(results: Results, instrument: str, thresholds: Thresholds, force: str | None = None) -> Results:
    """Readiness and effect, with the summary of each force for ``instrument``; of one force where one is named.

    It holds the small tables that the verdict needs and no other, so that it can be kept for many visitors.
    """
    forces = [row for row in results.summary.forces if force in (None, row.force)]
    sizes = {row.force: Size(row.population, row.crimes, row.person_records) for row in forces}
    if (instrument, thresholds) != (results.summary.options.instrument, Thresholds.model_validate(results.summary.thresholds)):
        forces = force_summaries(sizes, results["readiness"], results["effect"], instrument, thresholds)
    options = results.summary.options.model_copy(update={"instrument": instrument})
    summary = results.summary.model_copy(update={"forces": forces, "options": options})
    kept = [name for name in ("readiness", "effect", "actions") if name in results.tables]
    return Results(summary, {name: results[name][results[name]["force"].isin(sizes)] for name in kept})
