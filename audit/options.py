"""How an audit is run: every option in one frozen object, checked when it is made."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from audit.checks.catalogue import Check, catalogue
from audit.effect import DEFAULT_K, Choices, Instrument, check_choices, choose_instruments
from audit.engines import engine_of
from audit.readiness.thresholds import Thresholds
from synthetic.contract import codes
from synthetic.errors import InputError

__all__ = ["AuditOptions", "choose_checks"]

OWN = "own"
"""What a summary calls a user's own weights."""


@dataclass(frozen=True, kw_only=True)
class AuditOptions:
    """How a dataset is audited. Every option has the default of the command line; raises InputError that names the parameter.

    >>> AuditOptions(k=50, only="missing").only
    ('missing',)
    >>> AuditOptions(date_basis="yesterday")
    Traceback (most recent call last):
    synthetic.errors.InputError: date_basis takes one of reported, occurred.
    """

    engine: str = "duckdb"
    """Where the checks run: duckdb, pandas or spark; on spark, pairs of person records are compared too."""
    master: str | None = None
    """Address of a Spark cluster; the cores of this machine otherwise."""
    instruments: Sequence[str | Path | Instrument] = ()
    """Instruments by key or TOML file, beside those of every audit. The first is the use that readiness is summarised for.
    Once made, this holds the declarations of all that are computed."""
    k: int | Literal["population"] = DEFAULT_K
    """Length of each force's list, or ``population`` for lists in proportion to its population."""
    weights: str | Mapping[str, float] | None = None
    """Weight of an offence: harm_days, css_weight or count, or one's own by offence code; None for that of the instrument."""
    date_basis: str | None = None
    """Date that counts, reported or occurred; None for that of the instrument."""
    detail: bool = False
    """Whether contributions are also computed by kind of defect within a family."""
    only: Sequence[str] = ()
    """Checks to run: identifiers, types or dimensions, with * for any part; all of them otherwise."""
    skip: Sequence[str] = ()
    """Checks to leave out, written as for ``only``."""
    thresholds: Thresholds = field(default_factory=Thresholds)
    """Limits of checks, gates and people found."""

    def __post_init__(self) -> None:
        for name, value in (
            # A word is one word, and not a list of its letters.
            ("instruments", choose_instruments(_listed(self.instruments))),
            ("only", _listed(self.only)),
            ("skip", _listed(self.skip)),
        ):
            object.__setattr__(self, name, value)
        engine_of(self.engine)
        check_choices(self.choices, self.own_weights)
        choose_checks(self.only, self.skip)
        if self.own_weights is not None:
            _check_weights(self.own_weights)

    @property
    def choices(self) -> Choices:
        """How the lists are made."""
        return Choices(self.weights if isinstance(self.weights, str | None) else OWN, self.date_basis, self.k)

    @property
    def own_weights(self) -> dict[str, float] | None:
        """One's own weights by offence code; None where they are those of a named column."""
        return dict(self.weights) if isinstance(self.weights, Mapping) else None

    @property
    def computed(self) -> tuple[Instrument, ...]:
        """The declarations of all instruments that are computed, that of the summary first."""
        return tuple(one for one in self.instruments if isinstance(one, Instrument))

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks to run, with the limits of ``thresholds``."""
        return self.thresholds.limit(choose_checks(self.only, self.skip))

    @property
    def left_out(self) -> tuple[Check, ...]:
        """The checks that are not run, with the limits of ``thresholds``."""
        run = {check.id for check in self.checks}
        return self.thresholds.limit(tuple(check for check in catalogue() if check.id not in run))


def choose_checks(only: Sequence[str] = (), skip: Sequence[str] = ()) -> tuple[Check, ...]:
    """Checks by identifier, type or dimension, * for any part of one; InputError where a word fits none."""

    def fits(check: Check, words: Sequence[str]) -> bool:
        return any(fnmatchcase(name, word) for word in words for name in (check.id, check.type, check.dimension))

    for option, words in (("only", only), ("skip", skip)):
        if any(not any(fits(check, [word]) for check in catalogue()) for word in words):
            raise InputError(
                option,
                "takes identifiers, types or dimensions of checks, with * for any part; `python -m audit catalogue` lists them.",
            )
    chosen = tuple(check for check in catalogue() if (not only or fits(check, only)) and not fits(check, skip))
    if not chosen:
        raise InputError("only", "and skip leave no check to run; take one of them away.")
    return chosen


def _listed(named: str | Path | Instrument | Sequence[str | Path | Instrument]) -> tuple:  # type: ignore[type-arg]
    return (named,) if isinstance(named, str | Path | Instrument) else tuple(named)


def _check_weights(weights: dict[str, float]) -> None:
    known = set(codes("offences", "offence_code"))
    if set(weights) != known:
        raise InputError("weights", "takes a weight for each offence code of the reference and no other; see read_weights.")
    if not all(isinstance(value, int | float) and math.isfinite(value) and 0 <= value < 1e6 for value in weights.values()):
        raise InputError("weights", "takes weights from 0 to a million.")
