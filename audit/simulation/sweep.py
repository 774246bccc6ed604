"""Sweeps: any keys of a profile times seeds, one tidy row a cell; can be stopped and taken up again."""

import hashlib
import itertools
import json
import tomllib
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.effect import DEFAULT_K, FAMILIES, Choices, Effect, built_in
from audit.simulation.worlds import FIGURES, Progress, WorldPlan, in_processes, measure_world
from audit.statistics import wilson
from synthetic.dataset import staged_file
from synthetic.errors import InputError
from synthetic.generate import choose_forces
from synthetic.profile import load_profile, profile_keys, profile_names

MOST_CELLS = 100_000
Value = Annotated[float, Field(allow_inf_nan=False)]


class Grid(BaseModel):
    """A grid: what every cell has in common, the seeds, and the values of each key that is swept.

    profile = "clean"
    forces = ["aldermoor"]
    scale = 0.5
    seeds = [1, 2, 3]
    [grid]
    "identity.duplicate_rate" = [0.0, 0.1, 0.3]
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str = "typical"
    forces: list[str] | int = ["aldermoor"]
    years: float = Field(3.0, ge=0.25, le=20, allow_inf_nan=False)
    scale: float = Field(1.0, gt=0, le=10, allow_inf_nan=False)
    instrument: str = "harm_365"
    k: Annotated[int, Field(ge=1, le=1_000_000)] | Literal["population"] = DEFAULT_K
    seeds: list[Annotated[int, Field(ge=0)]] = Field([1], min_length=1, max_length=10_000)
    grid: dict[str, list[Value]] = Field(min_length=1)


def read_grid(path: Path) -> Grid:
    """The grid of a TOML file; raises InputError with one sentence that echoes no value."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        raise InputError("GRID", "takes a TOML file that can be read; docs/grid.toml is an example.") from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise InputError(None, "The grid file is not valid TOML; docs/grid.toml is an example.") from None
    if isinstance(content.get("grid"), dict):
        content["grid"] = dict(_flat(content["grid"]))
    return check_grid(content)


def check_grid(content: dict[str, Any]) -> Grid:
    """A grid from plain content; InputError names what is wrong and what is allowed."""
    try:
        grid = Grid.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] == "extra_forbidden":
            raise InputError(
                None, f"The grid file has a key that is not known; allowed are {', '.join(Grid.model_fields)}."
            ) from None
        name = str(first["loc"][0]) if first["loc"] and str(first["loc"][0]) in Grid.model_fields else "content"
        raise InputError(None, f"The grid file's {name} is not valid: {first['msg'].lower()}.") from None
    if grid.profile not in profile_names():
        raise InputError(None, f"The grid file's profile must be one of {', '.join(profile_names())}.")
    if grid.instrument not in built_in():
        raise InputError(None, f"The grid file's instrument must be one of {', '.join(built_in())}.")
    if set(grid.grid) - set(profile_keys()):
        raise InputError(None, f"The grid file sweeps a key that a profile does not have; allowed are {', '.join(profile_keys())}.")
    if not all(grid.grid.values()):
        raise InputError(None, "The grid file has a key without values; give each a list such as [0.0, 0.1].")
    if sum(1 for _ in itertools.islice(_cells(grid), MOST_CELLS + 1)) > MOST_CELLS:
        raise InputError(None, f"The grid has more than {MOST_CELLS:,} cells; take values or seeds away.")
    choose_forces(grid.forces)
    for cell in _cells(grid):
        if cell["seed"] == grid.seeds[0]:
            _profile(grid, cell)  # refuses values that the profile does not take
    return grid


def sweep(grid: Grid, out: Path, workers: int | None = None, progress: Progress | None = None) -> pd.DataFrame:
    """Measure every cell and write ``out``, a Parquet file of a row a cell; returns it.

    Columns: the swept keys, seed, profile, instrument, forces, scale, years, k, truth_size, recall_at_k with low and high
    (Wilson), harm_captured, wrongly_included, repeat_entries, a contribution a family, and cell, which identifies the cell's
    settings. Over several forces figures are means, weighted by the truth lists. Cells that ``out``, or a run that was
    stopped, already holds are not made again. Raises InputError.
    """
    if out.suffix != ".parquet":
        raise InputError("out", "takes a file that ends in .parquet.")
    if out.exists() and not _may_be_a_sweep(out):
        raise InputError(None, "The output is a table of something else, which would be lost; name another file.")
    aside = out.with_name(f".{out.name}.cells")
    try:
        aside.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise InputError(None, "The output cannot be written; name a file in a place where you may write.") from None
    cells = {_name(grid, cell): cell for cell in _cells(grid)}
    done = _done(out, aside)
    todo = [(name, cell) for name, cell in cells.items() if name not in done]
    work = partial(_measure_cell, grid)
    for count, (place, row) in enumerate(in_processes(work, [cell for _, cell in todo], workers), 1):
        name = todo[place][0]
        done[name] = {"cell": name, **row}
        _write(pd.DataFrame([done[name]]), aside / f"{name}.parquet")
        if progress is not None:
            ready = len(cells) - len(todo) + count
            progress(f"Measured {ready} of {len(cells)} cells", ready / len(cells))
    frame = pd.DataFrame([done[name] for name in cells])
    frame = frame[[column for column in frame if column != "cell"] + ["cell"]]
    _write(frame, out)
    for path in aside.iterdir():
        path.unlink()
    aside.rmdir()
    return frame


def _cells(grid: Grid) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*grid.grid.values()):
        for seed in grid.seeds:
            yield {**dict(zip(grid.grid, values, strict=True)), "seed": seed}


def _name(grid: Grid, cell: dict[str, Any]) -> str:
    """Identifies a cell by all that makes it, the version included."""
    common = grid.model_dump(mode="json", exclude={"grid", "seeds"})
    text = json.dumps([version("synthetic-force-data"), common, cell], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _profile(grid: Grid, cell: dict[str, Any]) -> Any:
    return load_profile(grid.profile, tuple(f"{key}={cell[key]}" for key in grid.grid))


def _measure_cell(grid: Grid, cell: dict[str, Any]) -> dict[str, Any]:
    plan = WorldPlan(
        _profile(grid, cell), choose_forces(grid.forces), grid.years, pd.Timestamp("2025-03-31").date(), cell["seed"], grid.scale
    )
    effect = measure_world(plan, Choices(k=grid.k), instruments=[built_in()[grid.instrument]])
    common = {
        "profile": grid.profile,
        "instrument": grid.instrument,
        "forces": len(plan.forces),
        "scale": grid.scale,
        "years": grid.years,
    }
    return {**cell, **common, **_row(effect, grid.instrument)}


def _row(effect: Effect, instrument: str) -> dict[str, Any]:
    mine = effect.effect[effect.effect["instrument"] == instrument].set_index("force")
    size = mine["truth_size"].astype(float)
    share = size / size.sum() if size.sum() else size * float("nan")
    row: dict[str, Any] = {"k": int(mine["k"].sum()), "truth_size": int(size.sum())}
    row |= {name: float((mine[name].astype(float) * share).sum(min_count=1)) for name in FIGURES}
    _, low, high = wilson(np.array([row["recall_at_k"] * row["truth_size"]]), np.array([row["truth_size"]]))
    row |= {"low": float(low[0]), "high": float(high[0])}
    parts = effect.attribution[effect.attribution["instrument"] == instrument]
    weighted = parts["contribution"].astype(float) * parts["force"].map(share)
    sums = weighted.groupby(parts["family"]).sum()
    return row | {f"contribution_{family}": float(sums[family]) for family in FAMILIES}


def _done(out: Path, aside: Path) -> dict[str, dict[str, Any]]:
    """Rows by cell that an earlier run has left; a file that cannot be read is made again."""
    rows: dict[str, dict[str, Any]] = {}
    for path in [*([out] if out.exists() else []), *sorted(aside.glob("*.parquet"))]:
        try:
            frame = pq.read_table(path).to_pandas()
        except (OSError, pa.ArrowException):
            continue
        if "cell" in frame:
            rows |= {row["cell"]: row for row in frame.to_dict("records")}
    return rows


def _may_be_a_sweep(path: Path) -> bool:
    """Whether nothing else is lost when the file is replaced: it has cells, or cannot be read at all."""
    try:
        return "cell" in pq.read_schema(path).names
    except (OSError, pa.ArrowException):
        return path.is_file()


def _write(frame: pd.DataFrame, path: Path) -> None:
    with staged_file(path, part_of_folder=True) as beside:  # what stands there was looked at first
        frame.to_parquet(beside, index=False)


def _flat(tables: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Keys of a profile hold a dot: identity.duplicate_rate without quotes is a table in a table to TOML."""
    for name, value in tables.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
