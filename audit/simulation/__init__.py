"""Many worlds: replicates of a recording, twins of a force described by counts alone, sweeps over any key of a profile.

The one module of the auditor that calls the generator. Every world is made in a process of its own and thrown away; what
comes back is aggregates.
"""

from audit.simulation.counts import Between, Counted, Counts, check_counts, counts_as_toml, counts_of_toml, read_counts
from audit.simulation.questions import QUANTITIES
from audit.simulation.sweep import Grid, read_grid, sweep
from audit.simulation.targets import reach
from audit.simulation.twin import Twin, twin
from audit.simulation.worksheet import write_worksheet
from audit.simulation.worlds import plan_of, replicate, with_replicates

__all__ = [
    "QUANTITIES",
    "Between",
    "Counted",
    "Counts",
    "Grid",
    "Twin",
    "check_counts",
    "counts_as_toml",
    "counts_of_toml",
    "plan_of",
    "reach",
    "read_counts",
    "read_grid",
    "replicate",
    "sweep",
    "twin",
    "with_replicates",
    "write_worksheet",
]
