"""The effect's tables: what they hold, and how they grow, force by force."""

from dataclasses import dataclass, fields
from itertools import groupby

import numpy as np
import pandas as pd

from audit.effect.attribution import WithDraws
from audit.effect.bootstrap import Floats, percentiles
from audit.results import empty
from audit.statistics import wilson

EVERYWHERE = "all"
"""Stands in the column ``force`` for all forces together."""


@dataclass(frozen=True)
class Effect:
    """Frames as the results folder has them under the same names."""

    effect: pd.DataFrame
    attribution: pd.DataFrame
    contributions: pd.DataFrame
    fix_first: pd.DataFrame
    choices: pd.DataFrame
    groups: pd.DataFrame
    group_differences: pd.DataFrame
    wrong_inclusion: pd.DataFrame
    together: pd.DataFrame
    stability: pd.DataFrame
    merging: pd.DataFrame
    instrument_pairs: pd.DataFrame
    allegations: pd.DataFrame


def no_effect() -> Effect:
    """What there is without a truth: tables with no rows."""
    return Effect(*(empty(field.name) for field in fields(Effect)))


@dataclass(frozen=True)
class _Part:
    """Rows of a table, and what stands in all of them in other columns: force, instrument."""

    frame: pd.DataFrame
    place: dict[str, str]


class Tables:
    """The results' tables as they grow."""

    def __init__(self) -> None:
        self._parts: dict[str, list[_Part]] = {field.name: [] for field in fields(Effect)}
        self._draws: dict[str, list[tuple[_Part, dict[str, Floats]]]] = {"contributions": [], "fix_first": []}
        self.size: dict[tuple[str, str], tuple[int, float]] = {}
        """People on, and score of, each truth list."""

    def add(self, name: str, frame: pd.DataFrame, /, **place: str) -> None:
        self._parts[name].append(_Part(frame, place))

    def add_with_draws(self, name: str, table: WithDraws, /, **place: str) -> None:
        self.add(name, table.frame, **place)
        self._draws[name].append((self._parts[name][-1], table.draws))

    def extend(self, other: "Tables") -> None:
        for name, parts in other._parts.items():
            self._parts[name].extend(parts)
        for name, draws in other._draws.items():
            self._draws[name].extend(draws)
        self.size |= other.size

    def effect(self) -> Effect:
        return Effect(**{name: self._frame(name) for name in self._parts})

    def _frame(self, name: str) -> pd.DataFrame:
        plain = empty(name)
        parts = [part for part in self._parts[name] if len(part.frame)]
        return _joined(parts)[plain.columns.tolist()] if parts else plain

    def over_all_forces(self) -> None:
        """Contributions and gains of all forces together: of each force's people, or harm, in proportion."""
        for name, figure, keys, ends in (
            ("contributions", "contribution", ["instrument", "measure", "family", "kind"], ("low", "high")),
            ("fix_first", "gain", ["instrument", "family", "kind", "part"], ("gain_low", "gain_high")),
        ):
            if self._draws[name]:
                self.add(name, self._pooled(name, figure, keys, ends))

    def _pooled(self, name: str, figure: str, keys: list[str], ends: tuple[str, str]) -> pd.DataFrame:
        frame = _joined([part for part, _ in self._draws[name]])
        draws = np.concatenate([of_part[figure] for _, of_part in self._draws[name]])
        by_harm = frame["measure"].eq("harm_captured").to_numpy() if "measure" in frame else np.zeros(len(frame), bool)
        sizes = [self.size[key] for key in zip(frame["force"], frame["instrument"], strict=True)]
        size = np.where(by_harm, [harm for _, harm in sizes], [people for people, _ in sizes]).astype(float)
        rows = []
        for key, places in frame.groupby(keys, dropna=False, sort=False).indices.items():
            theirs = np.asarray(places)[~np.isnan(frame[figure].to_numpy()[places])]
            if not len(theirs) or not size[theirs].sum():
                continue
            share = size[theirs] / size[theirs].sum()
            row = dict(zip(keys, key, strict=True)) | {"size": size[theirs].sum()}
            row |= {one: float(frame[one].to_numpy()[theirs] @ share) for one in (figure, "recall_at_k") if one in frame}
            (low,), (high,) = percentiles((share.astype(np.float32) @ draws[theirs])[np.newaxis], np.array([row[figure]]))
            rows.append(row | dict(zip(ends, (low, high), strict=True)))
        pooled = pd.DataFrame(
            rows, columns=[*keys, "size", *([figure, "recall_at_k"] if "recall_at_k" in frame else [figure]), *ends]
        )
        pooled = pooled.assign(force=EVERYWHERE, kind=pooled["kind"].astype(object).where(pooled["kind"].notna(), None))
        if name == "fix_first":
            found, people = (pooled["recall_at_k"] * pooled["size"]).to_numpy(float), pooled["size"].to_numpy(float)
            _, low, high = wilson(found, people)
            pooled = pooled.assign(low=low, high=high)
        return pooled.drop(columns="size")


def _joined(parts: list[_Part]) -> pd.DataFrame:
    """One frame; the columns of places are made once, as for each of hundreds of small frames they take longer than the rest."""
    frames = []
    for names, of_names in groupby(parts, key=lambda part: tuple(part.place)):
        alike = list(of_names)
        lengths = [len(part.frame) for part in alike]
        places = {name: np.repeat(np.array([part.place[name] for part in alike], object), lengths) for name in names}
        frames.append(pd.concat([part.frame for part in alike], ignore_index=True).assign(**places))
    return pd.concat(frames, ignore_index=True)
