"""The twin: a force described by counts alone, no record read, and what its data would do to a prioritisation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.effect import FAMILIES, Choices, Effect, Instrument, built_in
from audit.simulation.counts import Counts
from audit.simulation.drawing import draw
from audit.simulation.questions import matters_to
from audit.simulation.spread import components, effects
from audit.simulation.worlds import FIGURES, Progress, WorldPlan, in_processes, interval, measure_world
from synthetic.contract import reference
from synthetic.errors import InputError
from synthetic.profile import Profile

YEARS = 3.0
AS_OF = pd.Timestamp("2025-03-31").date()
FEWEST, MOST = 2, 1000
"""Simulations that can be asked for."""
RANGE_FROM = 10
"""Simulations from which on a range is shown: with fewer, where a further one lies is hardly known at all."""
LEAST_PEOPLE = 10
"""People that a list should hold, below which a simulation has no figures: a share of so few says nothing, and is not shown."""
TWICE = 6
"""Draws of the rates that are simulated three times, to tell chance from rates; a tenth of all where that is more."""

Array = npt.NDArray[np.float64]
Alive = Callable[[], None]


@dataclass(frozen=True)
class Twin:
    """What the simulations of a force say.

    ``figures``: instrument, figure, value (mean over simulations), low, high (where a further one lies, 95%), worlds. Figures are
    those of the effect, and ``contribution: <family>`` in recall_at_k. ``spread``: instrument and the columns of
    ``spread.components``, of recall_at_k. ``measure_next``: instrument and the columns of ``spread.effects``. ``fix_first``:
    instrument, family, part (share of the family that is repaired), gain, low, high, in recall_at_k. ``runs``: a row a simulation
    and instrument, with the rates that were drawn.
    """

    counts: Counts
    worlds: int
    figures: pd.DataFrame
    spread: pd.DataFrame
    measure_next: pd.DataFrame
    fix_first: pd.DataFrame
    runs: pd.DataFrame


def twin(
    counts: Counts,
    worlds: int = 20,
    seed: int = 1,
    choices: Choices | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    alive: Alive | None = None,
) -> Twin:
    """The effect in ``worlds`` worlds of one force with these counts. One force alone, so that sharing has nothing to add.

    Simulations whose list should hold fewer than ``LEAST_PEOPLE`` have no figures; a figure that more than half lack is NaN.

    Each world has rates of its own, drawn where they are not known, and the seeds follow ``seed``. Some draws are simulated again,
    in the same world and in another one, so that the spread can be split. ``progress`` is called with a sentence and the share
    done, ``alive`` twice a second; either may raise to stop the work. Raises InputError.
    """
    check_run(worlds, seed, FEWEST)
    drawn = draw(counts, worlds, seed)
    plan = plans_for(counts)
    first = [plan(drawn.profile_of(number), seed + number) for number in range(worlds)]
    again = np.unique(np.linspace(0, worlds - 1, min(worlds, max(TWICE, worlds // 10))).astype(int)).tolist()
    jobs = [(one, number in again) for number, one in enumerate(first)]
    jobs += [(replace(first[number], recording=1), False) for number in again]
    jobs += [(replace(first[number], seed=seed + worlds + number), False) for number in again]
    measured = run(jobs, choices or Choices(), workers, progress, alive)
    main = measured[:worlds]
    instruments = main[0].effect["instrument"].unique().tolist()
    found = {name: column(measured, name, "recall_at_k") for name in instruments}
    spread, measure_next = [], []
    for name, values in found.items():
        parts = components(values[again], values[worlds : worlds + len(again)], values[worlds + len(again) :], values[:worlds])
        chance = float((parts.set_index("source")["deviation"].reindex(["world", "recording"]) ** 2).sum())
        spread.append(parts.assign(instrument=name))
        # The chance is known from a few pairs only: half of it is what a fit leaves at least.
        places = drawn.places[
            [key for key in matters_to(built_in()[name], (choices or Choices()).date_basis) if key in drawn.places]
        ]
        measure_next.append(effects(places, drawn.scales(places), values[:worlds], chance / 2, seed).assign(instrument=name))
    return Twin(
        counts,
        worlds,
        _figures(main),
        pd.concat(spread, ignore_index=True),
        pd.concat(measure_next, ignore_index=True),
        _gains([main[number] for number in again]),
        _runs(main, drawn.values, seed),
    )


def check_run(worlds: int, seed: int, fewest: int) -> None:
    """InputError where simulations or seed are not what a run takes."""
    if not fewest <= worlds <= MOST:
        raise InputError("worlds", f"takes a whole number from {fewest} to {MOST} here.")
    if seed < 0:
        raise InputError("seed", "takes a whole number of 0 or more.")


def plans_for(counts: Counts) -> Callable[[Profile, int], WorldPlan]:
    """Makes the plan of a world of this force's size from a profile and a seed."""
    forces = reference("forces")
    nearest = forces.loc[(forces["population"] - counts.population).abs().idxmin()]
    slug, scale = str(nearest["force"]), counts.population / int(nearest["population"])
    return lambda profile, seed: WorldPlan(profile, (slug,), YEARS, AS_OF, seed, scale)


def run(
    jobs: Sequence[tuple[WorldPlan, bool]],
    choices: Choices,
    workers: int | None,
    progress: Progress | None,
    alive: Alive | None,
    instruments: Sequence[Instrument] | None = None,
) -> list[Effect]:
    """The effect in each planned world, in order; those marked have the gains of repairs too. All instruments unless some are named."""
    effects_of: dict[int, Effect] = {}
    measured = in_processes(partial(_measure, choices, instruments), list(jobs), workers, alive)
    for done, (place, effect) in enumerate(measured, 1):
        effects_of[place] = effect
        if progress is not None:
            progress(f"Measured {done} of {len(jobs)} simulations", done / len(jobs))
    return [effects_of[place] for place in range(len(jobs))]


def _measure(choices: Choices, instruments: Sequence[Instrument] | None, job: tuple[WorldPlan, bool]) -> Effect:
    return measure_world(job[0], choices, gains=job[1], instruments=instruments)


def column(measured: list[Effect], instrument: str, figure: str) -> Array:
    """A figure of each simulation; NaN where the list should hold fewer than ``LEAST_PEOPLE``."""
    rows = [effect.effect[effect.effect["instrument"] == instrument].iloc[0] for effect in measured]
    return np.array([float(row[figure]) if row["truth_size"] >= LEAST_PEOPLE else np.nan for row in rows])


def _figures(measured: list[Effect]) -> pd.DataFrame:
    rows = []
    for instrument in measured[0].effect["instrument"].unique():
        values = {name: column(measured, instrument, name).tolist() for name in FIGURES}
        values |= {f"contribution: {family}": [] for family in FAMILIES}
        enough = column(measured, instrument, "truth_size") >= LEAST_PEOPLE
        for effect in measured:
            parts = effect.attribution[effect.attribution["instrument"] == instrument].set_index("family")["contribution"]
            for family in FAMILIES:
                values[f"contribution: {family}"].append(float(parts[family]))
        for name, found in values.items():
            drawn = np.array(found)[enough]
            drawn = drawn[~np.isnan(drawn)]
            value = low = high = np.nan
            if len(drawn) >= max(FEWEST, len(measured) / 2):
                value = float(drawn.mean())
                low, high = _signed_interval(drawn) if name.startswith("contribution") else interval(drawn)
            rows.append((instrument, name, value, low, high, len(drawn)))
    return pd.DataFrame(rows, columns=["instrument", "figure", "value", "low", "high", "worlds"])


def _gains(measured: list[Effect]) -> pd.DataFrame:
    """Gains of repairing one family, whole or in part: mean over the simulations, and where that of a further one lies (95%)."""
    rows = []
    parts = []
    for effect in measured:
        enough = effect.effect.loc[effect.effect["truth_size"] >= LEAST_PEOPLE, "instrument"]
        parts.append(effect.fix_first[effect.fix_first["instrument"].isin(enough)])
    frame = pd.concat(parts, ignore_index=True)
    frame = frame[frame["kind"].isna() & (frame["force"] != "all")]
    for (instrument, family, part), found in frame.groupby(["instrument", "family", "part"], sort=False)["gain"]:
        if len(found) < max(FEWEST, len(measured) / 2):
            continue
        low, high = _signed_interval(found.to_numpy(np.float64))
        rows.append((instrument, family, part, float(found.mean()), low, high))
    return pd.DataFrame(rows, columns=["instrument", "family", "part", "gain", "low", "high"])


def _runs(measured: list[Effect], values: pd.DataFrame, seed: int) -> pd.DataFrame:
    rows = []
    for number, effect in enumerate(measured):
        mine = effect.effect[["instrument", "k", "truth_size", *FIGURES]].assign(seed=seed + number)
        few = mine["truth_size"] < LEAST_PEOPLE
        mine = mine.assign(**{name: mine[name].mask(few) for name in ("truth_size", *FIGURES)})
        rows.append(mine.assign(**{str(key): value for key, value in values.iloc[number].items()}))
    return pd.concat(rows, ignore_index=True)


def _signed_interval(values: Array) -> tuple[float, float]:
    """The interval of a further value, for contributions and gains, which lie between -1 and 1."""
    low, high = interval((values + 1) / 2)
    return 2 * low - 1, 2 * high - 1
