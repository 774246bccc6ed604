"""The auditor: missing fields, duplicate identities and reporting gaps in a dataset, and what they do to a prioritisation."""

from audit.options import AuditOptions, choose_checks
from audit.pipeline import audit_dataset
from audit.results import Results, read_results, write_results
from synthetic.errors import InputError

__all__ = ["AuditOptions", "InputError", "Results", "audit_dataset", "choose_checks", "read_results", "write_results"]
