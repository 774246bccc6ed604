"""Many worlds: replicates of a recording, twins of a force described by rates alone, sweeps over any key of a profile.

The one room of the auditor that calls the generator. Every world is made in a process of its own and thrown away; what
comes back is aggregates.
"""

from audit.simulation.sweep import Grid, read_grid, sweep
from audit.simulation.twin import Rates, Twin, rates_as_toml, read_rates, twin
from audit.simulation.worlds import plan_of, replicate, with_replicates

__all__ = [
    "Grid",
    "Rates",
    "Twin",
    "plan_of",
    "rates_as_toml",
    "read_grid",
    "read_rates",
    "replicate",
    "sweep",
    "twin",
    "with_replicates",
]
