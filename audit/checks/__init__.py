"""The checks: types, catalogue, and how they are run and judged."""
