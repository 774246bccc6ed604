"""The defects: one registry in the order of application, gathered from the declarations beside the code of each."""

from typing import TYPE_CHECKING

import numpy as np

from synthetic.contract import DEFECTS
from synthetic.defects import dates, identity, linkage, missing, offence, outcome, recording
from synthetic.defects.declaration import Defect, declared
from synthetic.defects.ledger import DefectWriter, Ledger, Rates, ledger_table, tilt
from synthetic.randomness import derived, name_key, stream
from synthetic.recording import Recording
from synthetic.world.scope import Scope

if TYPE_CHECKING:
    from synthetic.profile import Profile

__all__ = ["REGISTRY", "Defect", "Ledger", "apply_defects", "ledger_table", "rates_of_force", "tilt", "typical_rates"]


def _registry() -> tuple[Defect, ...]:
    modules = (recording, identity, linkage, offence, dates, outcome, missing)
    found = {defect.name: defect for module in modules for defect in declared(module)}
    if set(found) != set(DEFECTS):
        raise ImportError(f"synthetic.contract.DEFECTS must name every defect, and only these: {set(found) ^ set(DEFECTS)}")
    return tuple(found[name] for name in DEFECTS)


REGISTRY = _registry()


def typical_rates() -> dict[str, dict[str, float]]:
    """The typical rate of every defect as the content of a profile, by section and key."""
    content: dict[str, dict[str, float]] = {}
    for defect in REGISTRY:
        section, key = defect.rate.split(".")
        content.setdefault(section, {})[key] = defect.typical
    return content


def apply_defects(scope: Scope, recording: Recording, number: int = 0) -> Ledger:
    """Put every defect of the registry in, in order; returns the ledger. ``number`` numbers the recordings of a world."""
    ledger = Ledger()
    slug = recording.force.slug
    eras = scope.eras(slug)
    rates = [rates_of_force(scope, slug, era.profile) for era in eras]
    force_key = derived(np.array([name_key(str(scope.seed), slug)]), "recorded", str(number))
    for defect in REGISTRY:
        ledger.defect = defect
        over_time = tuple(Rates(era.first, era.profile, rate[defect.name]) for era, rate in zip(eras, rates, strict=True))
        defect.apply(DefectWriter(recording, defect.name, ledger, over_time, scope.fixes_of(slug, defect.rate), force_key))
    return ledger


def rates_of_force(scope: Scope, slug: str, profile: "Profile | None" = None) -> dict[str, float]:
    """Each defect's rate in one force: about the profile's own, as far apart as ``recording.force_spread`` says."""
    profile = profile or scope.profile
    spread = profile.recording.force_spread
    rates = {}
    for defect in REGISTRY:
        rate = profile.rate(defect.rate)
        if spread:
            odds = np.exp(stream(scope.seed, "spread", defect.rate, slug).normal(0, spread))
            rate = min(rate * odds / (1 - rate + rate * odds), defect.most)
        rates[defect.name] = float(rate)
    return rates
