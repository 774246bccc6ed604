"""Synthetic police data: a world, what a force would have recorded of it, and a ledger of every defect."""

from importlib.metadata import version

from synthetic.dataset import Dataset, load
from synthetic.errors import InputError
from synthetic.generate import generate
from synthetic.series import generate_series

__all__ = ["Dataset", "InputError", "__version__", "generate", "generate_series", "load"]

__version__ = version("synthetic-force-data")
"""The version in pyproject.toml; manifests and results carry it."""
