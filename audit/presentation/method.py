"""What report and dashboard say about method: definitions, safeguards and limits, in plain English."""

import re
import shlex

from audit.effect import built_in
from audit.presentation.tables import Cell, Table
from audit.results import Results
from audit.results.summary import Summary

DEFINITIONS = {
    "True list, recorded list": "The people of a force with the highest score over all reported events in the data; the person records "
    "with the highest score over what the force has recorded. Both have the same length. Neither is ever shown.",
    "People found": "Share of the true list with at least one person record on the recorded list. In files: recall_at_k.",
    "List length": "How many people the list of a force holds. In files: k.",
    "Harm captured": "Share of the true list's total score that the people found have.",
    "Wrongly included": "Share of the recorded list's records none of whose people is on the true list.",
    "Repeat entries": "Share of the recorded list's records that are a duplicate record of a person already on it.",
    "People missed because of this": "Exact Shapley value of a family of defects over the 64 ways to repair the six families from the "
    "truth; they sum to all people missed. In files: contribution.",
    "Victims, where an instrument counts them": "Distinct victims over merged records in the truth, over the records that the force holds "
    "in the recorded list. A victim split into several records makes the number too large, a missing link too small. Repairing "
    "identity merges the victims' records too, and repairing linkage restores their links.",
    "On both lists": "Share of the shorter of two lists, made for two uses from the same data, that is on the other too.",
    "Cases without a charge": "Recorded crimes whose outcome is not a charge, summons or caution (outcome codes 1 to 3). Where such a case "
    "counts half, so do its harm and its place in the count of crimes.",
    "Sampling audit": "Incident logs, drawn in batches from units and months, followed to the crime register as an inspector does. The "
    "interval allows for logs of one batch being alike (design effect).",
    "Gain if only this is fixed": "People found in addition when one family is repaired and nothing else.",
    **{declared.name: f"{declared.summary} {declared.source} In files: {key}." for key, declared in built_in().items()},
    "Rate": "Failed rows ÷ rows that the check is about. A share of all rows of an extract has no doubt in it; its 95% Wilson interval "
    "says what another extract of the same process might give.",
    "Field score": "(Present and valid − placeholders and defaults in excess) ÷ records.",
    "Status of a gate": "Met; not met; too close to call, where an estimate's interval holds the threshold; cannot be judged, where "
    "there are no rows, the check was not run, or there is no truth.",
    "Status of a force": "Not ready: a gate is not met. Cannot be judged: no gate is not met, but one cannot be judged or is too close "
    "to call. Process testing only: all gates are met, but a dimension fails or too few people are found. Supervised pilot: all is "
    "met. There is no “ready to rank”: data is judged here, not people.",
    "Duplicate records": "Share of a force's person records that are a duplicate record of a person, estimated from how likely each "
    "pair of records is to be the same person.",
    "Reporting gap": "A run of months in which a unit, or one offence group of it, records fewer crimes than its other months lead one "
    "to expect; at most 2% of the gaps reported are expected to be chance.",
}
SAFEGUARDS = (
    "Every file is listed with its hash, and every identifier, postcode and telephone number must carry a mark that no real one has: "
    "identifiers begin SYN-, postcodes with V, telephone numbers with 06. There is no switch to skip this. It keeps real extracts out, "
    "whether they come by accident or by carelessness.",
    "The tool never puts these marks on a file that it does not recognise. The marks do not prove that data is synthetic: they cannot "
    "stop someone who forges them.",
    "No person, not even a synthetic one, is shown with a score or a rank: only the part that measures the effect can open the "
    "instruments, and only aggregates leave it.",
    "Groups of fewer than 10 people are not shown.",
    "The server listens on this machine only, sends no usage statistics, and loads nothing from other hosts.",
)
LIMITS = (
    "A simulated world is as good as its sources: figures marked illustrative or proposed are of the right order, and no more. No "
    "figure can be read as a real force's; the forces are fictional.",
    "The effect is measured against the synthetic truth. For a real force it can only be simulated, by its rates.",
    "Published ideas of prioritising are run; a force's own instrument may weigh differently.",
)


def commands(summary: Summary) -> str:
    """The commands that make the same dataset and the same figures; of a dataset that was not generated, the audit alone."""
    made, options = summary.dataset.provenance, summary.options
    lines = [f"# {summary.auditor}, dataset {summary.dataset.manifest_sha256[:12]}"]
    if made.get("kind") == "generated":
        happened = "".join(
            f" {name} {shlex.quote(text)}"
            for name, texts in (("--change", summary.dataset.changes), ("--fix", summary.dataset.fixes))
            for text in texts
        )
        lines.append(
            f"python -m synthetic generate DATASET --profile {summary.dataset.profile} --forces {','.join(summary.dataset.forces)} "
            f"--years {made.get('years', 3):g} --as-of {summary.dataset.as_of} --scale {made.get('scale', 1):g} --seed {made.get('seed')}{happened}"
            f"  # {made.get('generator')}"
        )
        lines.append(
            "# Settings that --set changed are in the profile of an oversight pack (report --pack), whose commands use them."
        )
    else:
        lines.append(f"# {made.get('source', 'The dataset was not generated here.')}")
    lines.append(
        f"python -m audit run DATASET --out RESULTS --k {options.k} --instrument {options.instrument} --engine {options.engine}"
    )
    return "\n".join(lines)


def definition(term: str) -> str:
    """What a term of the glossary means; empty where it is none."""
    return DEFINITIONS.get(term, "")


def definitions_table() -> Table:
    """Every term and what it means."""
    return Table("Glossary", ["Term", "What it means"], [[Cell(term), Cell(text)] for term, text in DEFINITIONS.items()])


def numbered_table(caption: str, column: str, sentences: tuple[str, ...]) -> Table:
    """Sentences as a table, numbered."""
    return Table(caption, ["No.", column], [[Cell(str(place)), Cell(text)] for place, text in enumerate(sentences, 1)])


def report_name(results: Results) -> str:
    """A name for the report's file: with the force where there is one, and the last day of the data."""
    forces = results.summary.forces
    of = forces[0].force if len(forces) == 1 else f"{len(forces)}-forces"
    return f"report-{re.sub(r'[^a-z0-9-]', '-', of.lower())}-{results.summary.dataset.as_of}.html"
