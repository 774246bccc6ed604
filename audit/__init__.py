"""The auditor: missing fields, duplicate identities and reporting gaps in a dataset, and what they do to a prioritisation."""

from typing import TYPE_CHECKING

from audit.options import AuditOptions, choose_checks
from audit.results import Results, read_results, write_results
from synthetic.errors import InputError

if TYPE_CHECKING:
    from audit.pipeline import audit_dataset

__all__ = ["AuditOptions", "InputError", "Results", "audit_dataset", "choose_checks", "read_results", "write_results"]


def __getattr__(name: str) -> object:
    """What audits is loaded when it is asked for: pages and reports of results need none of it."""
    if name == "audit_dataset":
        from audit.pipeline import audit_dataset

        return audit_dataset
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
