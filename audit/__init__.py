"""The auditor: what a dataset lacks, whom it records more than once, when it fell silent, and what that does to a prioritisation."""

from audit.pipeline import audit_dataset, choose_checks
from audit.results import Results, read_results, write_results
from synthetic.errors import InputError

__all__ = ["InputError", "Results", "audit_dataset", "choose_checks", "read_results", "write_results"]
