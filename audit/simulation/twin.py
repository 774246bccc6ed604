"""The twin: a force described by rates alone, no record read, and what its data would do to a prioritisation."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.effect import FAMILIES, Choices, Effect
from audit.simulation.worlds import FIGURES, Progress, WorldPlan, in_processes, interval, measure_world
from synthetic.contract import reference
from synthetic.errors import InputError
from synthetic.profile import Profile, load_profile, profile_names

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
YEARS = 3.0

KEYS: dict[str, tuple[tuple[str, ...], bool, str]] = {
    "duplicate_records": (("identity.duplicate_rate",), False, "person records that are a duplicate of another"),
    "named_suspects_linked": (("linkage.suspect_not_linked",), True, "crimes with a named suspect that link to a record"),
    "wrong_person_linked": (("linkage.wrong_person_linked",), False, "suspect links that lead to another person's record"),
    "reports_recorded": (
        ("recording.not_recorded", "recording.not_recorded_hidden"), True, "reports that become a recorded crime",
    ),
    "crimes_recorded_twice": (("recording.recorded_twice",), False, "crimes that are recorded a second time"),
    "recorded_within_a_day": (("recording.late",), True, "crimes recorded within 24 hours of the report"),
    "silent_units": (("recording.silent_unit",), False, "units that are silent for some months of the three years"),
    "offence_codes_missing": (("missing.offence_code",), False, "crimes without an offence code"),
    "stalking_coded_lower": (("offence.downgraded",), False, "stalking and other grave crimes coded as something lesser"),
    "report_dates_missing": (("missing.reported_on",), False, "crimes without the day of their report"),
    "impossible_dates": (("dates.out_of_order",), False, "crimes that happened after their report, as recorded"),
    "suspects_without_date_of_birth": (("missing.suspect_date_of_birth",), False, "suspects' records with no date of birth"),
    "victims_without_date_of_birth": (("missing.victim_date_of_birth",), False, "victims' records with no date of birth"),
    "suspects_without_ethnicity": (("missing.suspect_ethnicity",), False, "suspects' records with no ethnicity"),
    "victims_without_ethnicity": (("missing.victim_ethnicity",), False, "victims' records with no ethnicity"),
    "victims_without_sex": (("missing.victim_sex",), False, "victims' records with no sex"),
}  # fmt: skip
"""Each rate of the file: the profile's keys it sets, whether it is the contrary of theirs, and what it is a share of."""


class Rates(BaseModel):
    """A force by rates alone. Whatever is left out has the profile's value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    population: int = Field(1_000_000, ge=50_000, le=10_000_000)
    """Residents."""
    reports_per_1000: float | None = Field(None, ge=0.1, le=200, allow_inf_nan=False)
    """Reports of such crimes a year per 1,000 residents."""
    profile: str = "typical"
    duplicate_records: Annotated[float, Field(ge=0, le=0.9, allow_inf_nan=False)] | None = None
    named_suspects_linked: Share | None = None
    wrong_person_linked: Share | None = None
    reports_recorded: Share | None = None
    crimes_recorded_twice: Share | None = None
    recorded_within_a_day: Share | None = None
    silent_units: Share | None = None
    offence_codes_missing: Share | None = None
    stalking_coded_lower: Share | None = None
    report_dates_missing: Share | None = None
    impossible_dates: Share | None = None
    suspects_without_date_of_birth: Share | None = None
    victims_without_date_of_birth: Share | None = None
    suspects_without_ethnicity: Share | None = None
    victims_without_ethnicity: Share | None = None
    victims_without_sex: Share | None = None


@dataclass(frozen=True)
class Twin:
    """``figures``: instrument, figure, value (mean over worlds), low, high (where a further world lies, 95 %), worlds.

    Figures are those of the effect, and ``contribution: <family>`` in recall_at_k.
    """

    rates: Rates
    worlds: int
    figures: pd.DataFrame


def read_rates(path: Path) -> Rates:
    """The rates of a TOML file; raises InputError with one sentence that echoes no value."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        raise InputError("RATES", "takes a TOML file that can be read, with lines such as duplicate_records = 0.2.") from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise InputError(None, "The rates file is not valid TOML; it holds lines such as duplicate_records = 0.2.") from None
    return check_rates(content)


def check_rates(content: dict[str, Any]) -> Rates:
    """Rates from plain content; InputError names the rate and what is allowed."""
    try:
        rates = Rates.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] == "extra_forbidden":
            raise InputError(
                None, f"The rates file has a rate that is not known; allowed are {', '.join(Rates.model_fields)}."
            ) from None
        name = str(first["loc"][0])
        raise InputError(None, f"The rate {name} is not valid: {first['msg'].lower()}.") from None
    if rates.profile not in profile_names():
        raise InputError(None, f"The rates file's profile must be one of {', '.join(profile_names())}.")
    return rates


def rates_as_toml(rates: Rates) -> str:
    """The file that describes a force by these rates, each with what it is a share of."""
    lines = [
        "# A force by rates alone; no record is read. Rates that are left out have the profile's value.",
        f"population = {rates.population}",
        f'profile = "{rates.profile}"',
    ]
    if rates.reports_per_1000 is not None:
        lines.append(f"reports_per_1000 = {rates.reports_per_1000:g}")
    for name, (_, _, sentence) in KEYS.items():
        value = getattr(rates, name)
        lines.append(f"{'# ' if value is None else ''}{name} = {0.0 if value is None else value:g}  # share of {sentence}")
    return "\n".join(lines) + "\n"


def profile_of(rates: Rates) -> Profile:
    """The profile that the rates come to; the force's rates are these exactly, so forces do not differ."""
    settings = ["recording.force_spread=0"]
    for name, (keys, contrary, _) in KEYS.items():
        value = getattr(rates, name)
        if value is not None:
            settings += [f"{key}={1 - value if contrary else value}" for key in keys]
    if rates.reports_per_1000 is not None:
        settings.append(f"world.reports_per_1000={rates.reports_per_1000}")
    return load_profile(rates.profile, tuple(settings))


def twin(
    rates: Rates,
    worlds: int = 20,
    seed: int = 1,
    choices: Choices | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    alive: Callable[[], None] | None = None,
) -> Twin:
    """The effect in ``worlds`` worlds of one force with these rates. One force alone, so that sharing has nothing to add.

    ``progress`` is called with a sentence and the share done, ``alive`` twice a second; either may raise to stop the work.
    """
    if not 2 <= worlds <= 1000:
        raise InputError("worlds", "takes a whole number from 2 to 1000.")
    if seed < 0:
        raise InputError(None, "The seed must be a whole number of 0 or more.")
    forces = reference("forces")
    nearest = forces.loc[(forces["population"] - rates.population).abs().idxmin()]
    plan = partial(
        WorldPlan,
        profile_of(rates),
        (str(nearest["force"]),),
        YEARS,
        pd.Timestamp("2025-03-31").date(),
        scale=rates.population / int(nearest["population"]),
    )
    effects: list[Effect | None] = [None] * worlds
    plans = [plan(seed=seed + number) for number in range(worlds)]
    measured = in_processes(partial(measure_world, choices=choices or Choices()), plans, workers, alive)
    for done, (place, effect) in enumerate(measured, 1):
        effects[place] = effect
        if progress is not None:
            progress(f"Measured {done} of {worlds} worlds", done / worlds)
    return Twin(rates, worlds, _figures([effect for effect in effects if effect is not None]))


def _figures(effects: list[Effect]) -> pd.DataFrame:
    rows = []
    for instrument in effects[0].effect["instrument"].unique():
        values: dict[str, list[float]] = {name: [] for name in (*FIGURES, *(f"contribution: {family}" for family in FAMILIES))}
        for effect in effects:
            mine = effect.effect[effect.effect["instrument"] == instrument].iloc[0]
            parts = effect.attribution[effect.attribution["instrument"] == instrument].set_index("family")["contribution"]
            for name in FIGURES:
                values[name].append(float(mine[name]))
            for family in FAMILIES:
                values[f"contribution: {family}"].append(float(parts[family]))
        for name, found in values.items():
            measured = np.array(found)
            low, high = _signed_interval(measured) if name.startswith("contribution") else interval(measured)
            rows.append(
                (
                    instrument,
                    name,
                    float(np.nanmean(measured)) if not np.isnan(measured).all() else np.nan,
                    low,
                    high,
                    len(measured),
                )
            )
    return pd.DataFrame(rows, columns=["instrument", "figure", "value", "low", "high", "worlds"])


def _signed_interval(values: np.ndarray) -> tuple[float, float]:
    """The same for contributions, which lie between -1 and 1."""
    low, high = interval((values + 1) / 2)
    return 2 * low - 1, 2 * high - 1
