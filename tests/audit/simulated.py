"""Monthly counts simulated apart from the generator: other seasons, trends and dispersion, with gaps put in by hand."""

from datetime import date

import numpy as np
import pandas as pd

from audit.gaps import Counts, Gaps, find_gaps, offence_groups


class Simulated:
    """Counts of one force, negative binomial about level × trend × season, and a ledger of what was taken out of them."""

    def __init__(
        self,
        seed: int,
        levels: list[float] | int = 30,
        months: int = 48,
        trend: float = 0.03,
        dispersion: float = 0.005,
        season: float = 0.15,
    ) -> None:
        rng = self.rng = np.random.default_rng(seed)
        usual = np.exp(rng.normal(np.log(60), 0.8, levels)) if isinstance(levels, int) else np.array(levels, float)
        shares = rng.dirichlet([50, 7, 11, 13, 25, 4, 0.5], len(usual))
        wave = rng.normal(0, season, 12)
        at = np.arange(months)
        growth = rng.normal(rng.normal(0, 0.04), trend, (len(usual), 1))
        mean = usual[:, None] * np.exp((wave - wave.mean())[at % 12] + growth * (at - months / 2) / 12)
        frailty = rng.gamma(1 / dispersion, dispersion, mean.shape)
        self.crimes = rng.poisson(shares[:, :, None] * (mean * frailty)[:, None, :]).astype(float)
        self.months = [date(2020 + month // 12, month % 12 + 1, 1) for month in range(months)]
        self.groups = offence_groups()
        self.units = [f"unit-{number:02}" for number in range(len(usual))]
        self.taken: list[dict] = []
        self._last: tuple[tuple[bytes, tuple[str, ...]], Gaps] | None = None

    def take(
        self, unit: int, first: int, last: int, share: float, kind: str, group: str | None = None, to: str | None = None
    ) -> None:
        """Take a share of a unit's crimes (of a group) out of months first to last; ``to`` puts them in another group."""
        groups = slice(None) if group is None else slice(self.groups.index(group), self.groups.index(group) + 1)
        inside = (unit, groups, slice(first, last + 1))
        lost = self.rng.binomial(self.crimes[inside].astype(int), share)
        self.crimes[inside] -= lost
        if to is not None:
            self.crimes[unit, self.groups.index(to), first : last + 1] += lost.sum(0)
        place = {"force": "elsewhere", "unit_id": self.units[unit], "offence_group": group}
        period = {"first_month": self.months[first], "last_month": self.months[last]}
        self.taken.append({**place, **period, "kind": kind, "events_lost": int(lost.sum())})

    @property
    def ledger(self) -> pd.DataFrame:
        """What was taken, as ``truth/gaps`` has it."""
        return pd.DataFrame(
            self.taken, columns=["force", "unit_id", "offence_group", "first_month", "last_month", "kind", "events_lost"]
        )

    @property
    def counts(self) -> Counts:
        days = np.array([30.4] * len(self.months))
        none = np.zeros_like(self.crimes)
        moved = np.zeros((0, 5), int)
        return Counts("elsewhere", self.units, self.groups, self.months, days, self.crimes, self.crimes, none, moved)

    def found(self) -> list[tuple[str, str | None, int, int, str]]:
        """The gaps found: unit, offence group, first and last month by position, kind."""
        at = {month: number for number, month in enumerate(self.months)}
        return [
            (gap.unit_id, _text(gap.offence_group), at[gap.first_month], at[gap.last_month], gap.kind)
            for gap in self._findings().gaps.itertuples()
        ]

    def changes(self) -> list[tuple[str | None, int, str, str | None]]:
        """The unit changes found: unit, month by position, kind, other unit."""
        at = {month: number for number, month in enumerate(self.months)}
        return [
            (_text(change.unit_id), at[change.month], change.kind, _text(change.other_unit_id))
            for change in self._findings().unit_changes.itertuples()
        ]

    def _findings(self) -> Gaps:
        """What is found in the counts as they are; looked for again only once they differ."""
        counts = (self.crimes.tobytes(), tuple(self.units))
        if self._last is None or self._last[0] != counts:
            self._last = counts, find_gaps([self.counts])
        return self._last[1]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
