"""The types of check: one frozen class each, with its parameters, what it counts, and its wording."""
