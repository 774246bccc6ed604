"""Synthetic police data: a world, what a force would have recorded of it, and a ledger of every defect."""

from synthetic.dataset import Dataset, load
from synthetic.errors import InputError
from synthetic.generate import generate

__all__ = ["Dataset", "InputError", "generate", "load"]
