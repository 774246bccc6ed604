"""Profiles: every rate that shapes a world, its recording and its defects; read from commented TOML files.

The keys of defects, and their rates in the profile *typical*, come from the defects' own declarations.
"""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from synthetic.defects import REGISTRY, typical_rates
from synthetic.errors import InputError

PROFILES = Path(__file__).parent / "profiles"

Rate = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A section of a profile. Keys that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class World(Section):
    """What happens, recorded or not. The world is the same for every recording of it."""

    reports_per_1000: float = Field(19.3, ge=0.1, le=200)
    """Reports a year per 1,000 residents: 1.1 million recorded (NPCC 2024) over 94.8 % recorded, by population."""
    border_share: float = Field(0.045, ge=0, le=0.5)
    """Share of suspects who live in one force and offend in two (proposed: 3 to 6 %)."""
    repeat: float = Field(1.0, ge=0, le=5)
    """Further events an offender, over those at which 77.6 % have no further report in 731 days (Barnham et al. 2017)."""
    season: float = Field(0.08, ge=0, le=0.8)
    """Height of the summer peak over the year's mean (illustrative)."""
    trend: float = Field(0.0, ge=-0.5, le=0.5)
    """Growth of reports a year (illustrative)."""
    incident_share: float = Field(0.395, ge=0, le=0.9)
    """Share of domestic-abuse records that are non-crime incidents: 533,967 of 1,350,460 (ONS, year to March 2025)."""
    no_crime_share: float = Field(0.015, ge=0, le=0.5)
    """Further reports of a crime that prove to be none and are cancelled, over reports of crimes (illustrative)."""


class Reporting(Section):
    """Share of events that the victim reports, by offence group, before the relationship is taken into account."""

    rape: Rate = 0.16
    other_sexual: Rate = 0.18
    stalking: Rate = 0.45
    harassment: Rate = 0.5
    violence: Rate = 0.5
    other: Rate = 0.6


class _Recording(Section):
    """Which reports become recorded crimes, and when."""

    force_spread: float = Field(0.0, ge=0, le=2)
    """How much forces differ: standard deviation, between forces, of the log-odds of every rate of a defect."""


class _Identity(Section):
    """How one person comes to have several records, and how the copies come to differ."""

    copies_from_legacy: Rate = 0.0


class _Linkage(Section):
    """Links between crimes and person records that are absent or wrong."""


class _Offence(Section):
    """Offences coded lower or by no valid code, and the domestic-abuse flag."""


class _Dates(Section):
    """Dates that are there and wrong."""


class _Outcome(Section):
    """Outcomes that are at odds with the case, the calendar or the list."""


class _Equality(Section):
    """How unequally defects fall on groups."""

    unequal: float = Field(0.0, ge=0, le=20)
    """How much higher the odds of a missing ethnicity, sex or link, and of a split, are for people not White British."""


class _Missing(Section):
    """Share of a field's values that is blank, each by its own mechanism."""


def _with_rates(base: type[Section]) -> Any:
    """The section with a key for each defect that is declared with a rate of it; a rate that no file sets is 0."""
    name = base.__name__.removeprefix("_")
    keys: dict[str, Any] = {}
    for defect in REGISTRY:
        section, key = defect.rate.split(".")
        if section == name.lower():
            sentence = (defect.apply.__doc__ or "").split("\n")[0]
            keys[key] = (float, Field(0.0, ge=0, le=defect.most, description=sentence))
    return create_model(name, __base__=base, __module__=__name__, __doc__=base.__doc__, **keys)


if TYPE_CHECKING:
    Recording = _Recording
    Identity = _Identity
    Linkage = _Linkage
    Offence = _Offence
    Dates = _Dates
    Outcome = _Outcome
    Equality = _Equality
    Missing = _Missing
else:
    Recording = _with_rates(_Recording)
    Identity = _with_rates(_Identity)
    Linkage = _with_rates(_Linkage)
    Offence = _with_rates(_Offence)
    Dates = _with_rates(_Dates)
    Outcome = _with_rates(_Outcome)
    Equality = _with_rates(_Equality)
    Missing = _with_rates(_Missing)


class Profile(Section):
    """Everything that shapes a dataset. A rate that a file leaves out is 0, or that of its ``base``."""

    name: str = Field("custom", pattern=r"^[a-z][a-z0-9-]*$", max_length=40)
    summary: str = Field("", max_length=300)
    world: World = World()
    reporting: Reporting = Reporting()
    recording: Recording = Recording()
    identity: Identity = Identity()
    linkage: Linkage = Linkage()
    offence: Offence = Offence()
    dates: Dates = Dates()
    outcome: Outcome = Outcome()
    equality: Equality = Equality()
    missing: Missing = Missing()

    def rate(self, key: str) -> float:
        """The value at a dotted key, such as ``identity.duplicate_rate``."""
        section, name = key.split(".")
        return float(getattr(getattr(self, section), name))


def profile_names() -> list[str]:
    """The profiles that come with the package, in alphabetical order."""
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def profile_keys() -> list[str]:
    """Every key that a profile, or ``--set``, may hold, as ``section.key``."""
    return [
        f"{section}.{key}"
        for section, field in Profile.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        for key in field.annotation.model_fields
    ]


def load_profile(name_or_file: str, settings: tuple[str, ...] = ()) -> Profile:
    """A profile by name or from a TOML file, with ``section.key=value`` settings laid over it.

    A file may name the profile that it starts from with ``base = "typical"``. Raises InputError.
    """
    content = _content(name_or_file)
    check_profile(content)  # its sections are tables, then, that a setting can be laid over
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator:
            raise InputError("set", "takes section.key=value, for example --set identity.duplicate_rate=0.3.")
        if key not in profile_keys():
            raise InputError("set", f"knows no such key; it takes one of: {', '.join(profile_keys())}.")
        section, name = key.split(".")
        try:
            content.setdefault(section, {})[name] = float(value)
        except ValueError:
            raise InputError("set", f"{key} takes a number, for example --set {key}=0.1.") from None
    return check_profile(content)


def check_profile(content: dict[str, Any]) -> Profile:
    """A profile from plain content; InputError names the key and what is allowed, and echoes no value."""
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] == "extra_forbidden":
            raise InputError(None, f"The profile has a key that is not known; allowed are: {', '.join(profile_keys())}.") from None
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(None, f"The profile's {where} is not valid: {first['msg'].lower()}.") from None


def _content(name_or_file: str) -> dict[str, Any]:
    path = PROFILES / f"{name_or_file}.toml" if name_or_file in profile_names() else Path(name_or_file)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        names = ", ".join(profile_names())
        raise InputError("profile", f"takes one of {names}, or a TOML file that can be read.") from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise InputError(None, "The profile is not valid TOML; compare it with the files in synthetic/profiles.") from None
    if content.pop("rates", None) == "typical":
        content = _laid_over(typical_rates(), content)
    base = content.pop("base", None)
    if base is None:
        return content
    if base not in profile_names():
        raise InputError(None, f"The profile's base must be one of {', '.join(profile_names())}.")
    return _laid_over(_content(base), content)


def _laid_over(start: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """The content with what it leaves out taken from ``start``."""
    merged = dict(start)
    for key, value in content.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = {**merged[key], **value} if both else value
    return merged
