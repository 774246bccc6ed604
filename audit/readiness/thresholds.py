"""Limits and thresholds that a user may replace: those of checks, gates and dimensions, from a TOML file.

    recall_at_k = 0.8
    [gates]
    "named suspects linked" = 0.90
    [dimensions]
    completeness = 0.85
    [types.missing]                          # every check of a type
    warn = 0.02
    fail = 0.10
    [checks."missing.persons.ethnicity"]     # one check
    warn = 0.20
    fail = 0.35

What a file leaves out stays as it is. ``python -m audit catalogue --toml`` prints a file with everything in it.
"""

import dataclasses
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from audit.checks.catalogue import Check, catalogue
from synthetic.errors import InputError

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

GATES: dict[str, tuple[float, str]] = {
    "named suspects linked": (0.90, "at least"),
    "victim's sex present": (0.95, "at least"),
    "force-months supplied": (1.0, "at least"),
    "impossible dates": (0.01, "at most"),
    "crimes recorded twice": (0.01, "at most"),
    "duplicate person records": (0.10, "at most"),
}
"""Gates of the design: the threshold, and whether the value must reach it or must not exceed it."""
DIMENSIONS = {
    "completeness": 0.85,
    "uniqueness": 0.90,
    "consistency": 0.90,
    "timeliness": 0.90,
    "validity": 0.99,
    "accuracy": 0.90,
    "coverage": 1.0,
}
"""What each dimension must reach (of this project's own choosing)."""
RECALL_NEEDED = 0.8


class Limits(BaseModel):
    """A rate above ``warn`` warns, above ``fail`` fails; None leaves the check's own limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    warn: Share | None = None
    fail: Share | None = None


class Thresholds(BaseModel):
    """Everything a file may set; what is not in it stays as the catalogue and the design have it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recall_at_k: Share = RECALL_NEEDED
    gates: dict[str, Share] = {}
    dimensions: dict[str, Share] = {}
    types: dict[str, Limits] = {}
    checks: dict[str, Limits] = {}

    @model_validator(mode="after")
    def _known(self) -> "Thresholds":
        known = {
            "gates": set(GATES),
            "dimensions": set(DIMENSIONS),
            "types": {check.type for check in catalogue()},
            "checks": {check.id for check in catalogue()},
        }
        for section, names in known.items():
            if set(getattr(self, section)) - names:
                raise ValueError(f"unknown {section}")
        return self

    def gate(self, name: str) -> tuple[float, str]:
        """A gate's threshold and sense."""
        threshold, sense = GATES[name]
        return self.gates.get(name, threshold), sense

    def dimension(self, name: str) -> float:
        """What a dimension must reach."""
        return self.dimensions.get(name, DIMENSIONS[name])

    def limit(self, checks: tuple[Check, ...]) -> tuple[Check, ...]:
        """The checks with these limits."""
        return tuple(self._limited(check) for check in checks)

    def _limited(self, check: Check) -> Check:
        warn, fail = check.warn, check.fail
        for limits in (self.types.get(check.type), self.checks.get(check.id)):
            if limits is not None:
                warn = warn if limits.warn is None else limits.warn
                fail = fail if limits.fail is None else limits.fail
        return dataclasses.replace(check, warn=min(warn, fail), fail=fail)


def read_thresholds(path: Path | None) -> Thresholds:
    """The thresholds of a TOML file, or the project's own; raises InputError with one sentence that echoes no value."""
    if path is None:
        return Thresholds()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        raise InputError(
            "thresholds", "takes a TOML file that can be read; `python -m audit catalogue --toml` prints one."
        ) from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise InputError(
            None, "The thresholds file is not valid TOML; compare it with what `python -m audit catalogue --toml` prints."
        ) from None
    if isinstance(content.get("checks"), dict):
        content["checks"] = _flat(content["checks"])
    try:
        return Thresholds.model_validate(content)
    except ValidationError as error:
        raise InputError(None, _sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    way_out = "`python -m audit catalogue --toml` prints a file with every name."
    if first["type"] == "value_error":
        section = str(first["msg"]).rsplit(" ", 1)[-1]
        allowed = {"gates": f": {', '.join(GATES)}", "dimensions": f": {', '.join(DIMENSIONS)}"}.get(section, "")
        return f"The thresholds file names {section} that there are not{allowed}; {way_out}"
    if first["type"] == "extra_forbidden":
        return (
            f"The thresholds file has a key that is not known; allowed are recall_at_k, gates, dimensions, types, checks. {way_out}"
        )
    section = str(first["loc"][0]) if first["loc"] else ""
    section = section if section in Thresholds.model_fields else "content"
    return f"The thresholds file's {section} must hold numbers between 0 and 1; {way_out}"


def _flat(tables: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Identifiers of checks hold dots: [checks.missing.persons.sex] without quotes is a table in a table to TOML."""
    flat: dict[str, Any] = {}
    for name, value in tables.items():
        if isinstance(value, dict) and not set(value) & {"warn", "fail"}:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def as_toml(thresholds: Thresholds) -> str:
    """A thresholds file with every name in it."""
    lines = [f"recall_at_k = {thresholds.recall_at_k}", "", "[gates]"]
    lines += [f'"{name}" = {thresholds.gate(name)[0]}  # {GATES[name][1]}' for name in GATES]
    lines += ["", "[dimensions]", *[f"{name} = {thresholds.dimension(name)}" for name in DIMENSIONS]]
    for check in thresholds.limit(catalogue()):
        lines += ["", f'[checks."{check.id}"]  # {check.finds}', f"warn = {check.warn}", f"fail = {check.fail}"]
    return "\n".join(lines)
