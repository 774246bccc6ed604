"""Limits and thresholds that a user may replace: those of checks, gates and people found, from a TOML file.

    recall_at_k = 0.8
    [gates]
    "named suspects linked" = 0.90
    [types.missing]                          # every check of a type
    warn = 0.02
    fail = 0.10
    [checks."missing.persons.ethnicity"]     # one check
    warn = 0.20
    fail = 0.35

A dimension has no threshold of its own: it is as good as its worst check. The check that counts a gate fails where the gate
is not met, so its ``fail`` is set under ``[gates]``. What a file leaves out stays as it is. ``python -m audit catalogue --toml`` prints a file with everything in it.
"""

import dataclasses
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from audit.checks.catalogue import Check, catalogue
from audit.readiness.gates import GATE_OF_CHECK, GATES, Sense
from synthetic.errors import InputError

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

RECALL_NEEDED = 0.8
"""Least share of the people a list should hold that must be found (of this project's own choosing)."""


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
    types: dict[str, Limits] = {}
    checks: dict[str, Limits] = {}

    @model_validator(mode="after")
    def _known(self) -> "Thresholds":
        known = {
            "gates": set(GATES),
            "types": {check.type for check in catalogue()},
            "checks": {check.id for check in catalogue()},
        }
        for section, names in known.items():
            if set(getattr(self, section)) - names:
                raise ValueError(f"unknown {section}")
        if any(limits.fail is not None for name, limits in self.checks.items() if name in GATE_OF_CHECK):
            raise ValueError("limit of a gate's check")
        return self

    def gate(self, name: str) -> tuple[float, Sense]:
        """A gate's threshold (a share) and sense."""
        return self.gates.get(name, GATES[name].threshold), GATES[name].sense

    def limit(self, checks: tuple[Check, ...]) -> tuple[Check, ...]:
        """The checks with these limits."""
        return tuple(self._limited(check) for check in checks)

    def _limited(self, check: Check) -> Check:
        warn, fail = check.warn, check.fail
        for limits in (self.types.get(check.type), self.checks.get(check.id)):
            if limits is not None:
                warn = warn if limits.warn is None else limits.warn
                fail = fail if limits.fail is None else limits.fail
        if (gate := GATE_OF_CHECK.get(check.id)) is not None:
            fail = gate.fails_above(self.gate(gate.key)[0])
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
    if "dimensions" in content:
        raise InputError(None, OF_AN_EARLIER_VERSION)
    if isinstance(content.get("checks"), dict):
        content["checks"] = _flat(content["checks"])
    try:
        return Thresholds.model_validate(content)
    except ValidationError as error:
        raise InputError(None, _sentence(error)) from None


OF_AN_EARLIER_VERSION = (
    "The thresholds file has the section dimensions of version 0.1; a dimension is now as good as its worst check, so remove "
    "the section and set the limits of checks instead, as in the file that `python -m audit catalogue --toml` prints."
)


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    way_out = "`python -m audit catalogue --toml` prints a file with every name."
    if first["type"] == "value_error" and "gate's check" in str(first["msg"]):
        return f"The thresholds file sets fail of a check that counts a gate; set that gate under gates instead; {way_out}"
    if first["type"] == "value_error":
        section = str(first["msg"]).rsplit(" ", 1)[-1]
        allowed = f": {', '.join(GATES)}" if section == "gates" else ""
        return f"The thresholds file names {section} that there are not{allowed}; {way_out}"
    if first["type"] == "extra_forbidden":
        return f"The thresholds file has a key that is not known; allowed are recall_at_k, gates, types, checks. {way_out}"
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
    lines += [f'"{name}" = {thresholds.gate(name)[0]}  # {gate.sense}' for name, gate in GATES.items()]
    for check in thresholds.limit(catalogue()):
        lines += ["", f'[checks."{check.id}"]  # {check.finds}', f"warn = {check.warn}"]
        gate = GATE_OF_CHECK.get(check.id)
        lines.append(f"fail = {check.fail}" if gate is None else f'# fail follows the gate "{gate.key}"')
    return "\n".join(lines)
