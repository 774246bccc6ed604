"""What an instrument is: one declaration, a TOML file, validated. The built-in ones lie beside this module."""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from synthetic.errors import InputError

HERE = Path(__file__).parent
Text = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f<>]+$")]
Points = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Weights = Literal["harm_days", "css_weight", "count"]
DateBasis = Literal["reported", "occurred"]
RecordClass = Literal["crime", "non_crime_incident"]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Counts(_Declared):
    """Which rows count for a person."""

    window_days: int = Field(ge=1, le=7300)
    """The window in days, up to and including the last day of the data."""
    date_basis: DateBasis = "reported"
    """The date that must lie in the window."""
    record_classes: tuple[RecordClass, ...] = ("crime",)
    """Crimes, and non-crime incidents too if named. Cancelled crimes never count."""
    domestic_abuse_only: bool = False
    """Whether only rows flagged as domestic abuse count; a blank flag does not."""

    @field_validator("record_classes")
    @classmethod
    def _crimes_count(cls, value: tuple[RecordClass, ...]) -> tuple[RecordClass, ...]:
        if "crime" not in value or len(set(value)) < len(value):
            raise ValueError("must name crime, and may name non_crime_incident too")
        return value


class Eligibility(_Declared):
    """Who can be on the list."""

    least_records: int = Field(1, ge=1, le=1000)
    least_victims: int = Field(0, ge=0, le=1000)
    """Distinct victims over the rows that count."""
    least_age: int = Field(0, ge=0, le=120)
    """Age in years at the date of a row for it to count; with 1 or more, a blank date of birth does not qualify."""


class Bands(_Declared):
    """Points by the least value of each band; below the first there are none."""

    least: tuple[Points, ...] = Field(alias="from", min_length=1, max_length=50)
    points: tuple[Points, ...]

    @model_validator(mode="after")
    def _rise(self) -> "Bands":
        if len(self.points) != len(self.least):
            raise ValueError("must have as many points as bands in from")
        if any(b <= a for a, b in zip(self.least, self.least[1:], strict=False)):
            raise ValueError("must have bands in from that rise")
        if any(b < a for a, b in zip(self.points, self.points[1:], strict=False)):
            raise ValueError("must have points that never fall as the bands rise")
        return self


class SeverityBands(Bands):
    """The same for the most severe offence, whose weight may reach hundreds of thousands."""

    least: tuple[Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)], ...] = Field(alias="from", min_length=1, max_length=50)


class RecencyBands(_Declared):
    """Points by days since the last row; ``points`` has one more than ``up_to_days``, for what is older."""

    up_to_days: tuple[Annotated[int, Field(ge=0, le=7300)], ...] = Field(min_length=1, max_length=50)
    points: tuple[Points, ...]

    @model_validator(mode="after")
    def _fall(self) -> "RecencyBands":
        if len(self.points) != len(self.up_to_days) + 1:
            raise ValueError("must have one point more than days in up_to_days, for what is older")
        if any(b <= a for a, b in zip(self.up_to_days, self.up_to_days[1:], strict=False)):
            raise ValueError("must have days in up_to_days that rise")
        if any(b > a for a, b in zip(self.points, self.points[1:], strict=False)):
            raise ValueError("must have points that never rise with the days")
        return self


class SumScore(_Declared):
    """The sum of the rows' weights."""

    kind: Literal["sum"]
    weights: Weights = "harm_days"


class BandScore(_Declared):
    """Points for recency, frequency, severity and victims, added up; each may be left out, but not all."""

    kind: Literal["bands"]
    weights: Weights = "harm_days"
    recency: RecencyBands | None = None
    frequency: Bands | None = None
    severity: SeverityBands | None = None
    victims: Bands | None = None

    @model_validator(mode="after")
    def _something(self) -> "BandScore":
        if self.recency is None and self.frequency is None and self.severity is None and self.victims is None:
            raise ValueError("must have bands of recency, frequency, severity or victims")
        return self


class Instrument(_Declared):
    """A way to make a list, run only on synthetic people, to see what bad data does to it.

    A score never falls when a row is added, moved nearer to the last day or given a larger weight: the validation of the
    bands sees to that, and `reach.py` rests on it.
    """

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    name: Text
    summary: Text
    source: Text
    illustrative: bool = False
    """True where the figures of the declaration are not published ones."""
    every_audit: bool = False
    """True where each audit computes it; others are computed on request."""
    counts: Counts
    eligibility: Eligibility = Eligibility()
    score: SumScore | BandScore = Field(discriminator="kind")

    @property
    def window(self) -> int:
        return self.counts.window_days

    @property
    def counts_incidents(self) -> bool:
        return "non_crime_incident" in self.counts.record_classes

    @property
    def counts_victims(self) -> bool:
        return self.eligibility.least_victims > 0 or (isinstance(self.score, BandScore) and self.score.victims is not None)


@cache
def built_in() -> dict[str, Instrument]:
    """The project's own instruments by key, in alphabetical order."""
    found = [read_file(path) for path in sorted(HERE.glob("*.toml"))]
    return {instrument.key: instrument for instrument in found}


def every_audit() -> tuple[Instrument, ...]:
    """The instruments that each audit computes."""
    return tuple(instrument for instrument in built_in().values() if instrument.every_audit)


def choose(named: Sequence[str | Path | Instrument]) -> tuple[Instrument, ...]:
    """The instruments named by key or file, the first named first, and then the others that each audit computes.

    Raises InputError with one sentence, which echoes no value, where a name or file is not valid.
    """
    chosen: dict[str, Instrument] = {}
    for name in named:
        instrument = name if isinstance(name, Instrument) else _one(str(name))
        other = chosen.get(instrument.key) or built_in().get(instrument.key)
        if other is not None and other != instrument:
            raise InputError("instrument", "names two different instruments with one key; give your own another key.")
        chosen[instrument.key] = instrument
    return tuple(chosen.values()) + tuple(instrument for instrument in every_audit() if instrument.key not in chosen)


def _one(name: str) -> Instrument:
    if name in built_in():
        return built_in()[name]
    if name.endswith(".toml"):
        return read_file(Path(name))
    raise InputError("instrument", f"takes one of {', '.join(built_in())}, or a TOML file that declares one.")


def read_file(path: Path) -> Instrument:
    """The instrument that a TOML file declares; InputError with one sentence that echoes no value."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        raise InputError("instrument", "names a TOML file that cannot be read; check its name and that it is UTF-8 text.") from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise InputError("instrument", "names a file that is not valid TOML; audit/effect/instruments has examples.") from None
    return declare(content)


def declare(content: dict[str, Any]) -> Instrument:
    """An instrument from plain content, as a TOML file gives it; InputError names what is wrong and what is allowed."""
    try:
        return Instrument.model_validate(content)
    except ValidationError as error:
        raise InputError("instrument", _sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    names = {name for model in _MODELS for name in (*model.model_fields, *_aliases(model))}
    place = ".".join(str(part) for part in first["loc"] if isinstance(part, str) and part in names)
    if first["type"] == "extra_forbidden":
        section = next((part for part in reversed(first["loc"][:-1]) if part in _MODEL_OF), "")
        allowed = ", ".join(_aliases(_MODEL_OF[str(section)]))
        return f"has a key that is not known{f' in {section}' if section else ''}; allowed are {allowed}."
    if first["type"] == "missing":
        return f"lacks {place}; give it a value, as the files in audit/effect/instruments do."
    if first["type"].startswith("union_tag"):
        return "needs score.kind, which takes sum or bands."
    if first["type"] == "string_pattern_mismatch":
        rule = (
            "small letters, digits and underscores, a letter first, 40 at most" if place == "key" else "plain text without < or >"
        )
        return f"has {place} not written as {rule}."
    message = first["msg"].removeprefix("Value error, ")
    return f"has {place or 'content'} that is not valid: it {_said(message)}."


def _said(message: str) -> str:
    """Pydantic's message as the end of a sentence."""
    message = message.rstrip(".")
    for begin, instead in (("Input should", "should"), ("Tuple should", "should"), ("String should", "should")):
        if message.startswith(begin):
            return instead + message.removeprefix(begin)
    return message[:1].lower() + message[1:]


def _aliases(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


_MODELS: tuple[type[BaseModel], ...] = (Instrument, Counts, Eligibility, SumScore, BandScore, Bands, SeverityBands, RecencyBands)
_MODEL_OF: dict[str, type[BaseModel]] = {
    "": Instrument, "counts": Counts, "eligibility": Eligibility, "sum": SumScore, "bands": BandScore, "score": BandScore,
    "recency": RecencyBands, "frequency": Bands, "severity": SeverityBands, "victims": Bands,
}  # fmt: skip
