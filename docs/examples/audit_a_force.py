"""Generate a small force, audit it, and look at the results. Run it in a notebook, or as `python audit_a_force.py FOLDER`."""

import sys
from pathlib import Path

from audit import AuditOptions, audit_dataset, evaluation, write_results
from synthetic import generate

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "example")
dataset = generate(folder / "dataset", "typical", ["durnley"], years=1, scale=0.02, seed=1)
results = audit_dataset(dataset, AuditOptions(k=50), progress=True)
results  # in a notebook: the scorecard
gates = results["readiness"].query("kind == 'gate' and instrument == 'harm_365'")
print(gates[["name", "value", "threshold", "passed"]].to_string(index=False))
blanks = results["checks"].query("check_type == 'missing' and month.isna()").nlargest(5, "rate")
print(blanks[["check_id", "failed", "total", "rate", "status"]].to_string(index=False))
print(evaluation.as_markdown(evaluation.score(dataset, results)))  # the audit's own scorecard, from the ledger
write_results(results, folder / "results")
