"""What keeps people off the list, and what to fix first: contributions and gains of the families of defect."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.effect.bench import FAMILIES, NONE, Bench
from audit.effect.bootstrap import Resampler, percentiles
from audit.effect.reading import AS_INCIDENT, CANCELLED, DRAWS, IN_A_GAP, NEVER_RECORDED, UNRECORDED
from audit.effect.shapley import owen, shapley, subsets
from audit.effect.switches import Repairs
from audit.statistics import wilson

MEASURES = ("recall_at_k", "harm_captured")
PARTS = (0.25, 0.5, 1.0)
"""Parts of a family that *fix first* repairs."""
DRAWN = 3
"""Draws of which crimes, or people, are repaired, over which a part's gain is averaged."""

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class WithDraws:
    """A table, and for some of its columns the resampled values behind their intervals, each of shape (rows, resamples)."""

    frame: pd.DataFrame
    draws: dict[str, Floats]


class Attribution:
    """Contributions and gains of one list, by whom they find."""

    def __init__(self, bench: Bench, name: str) -> None:
        self.bench = bench
        self._resampler = Resampler(len(bench.truth), name)
        every = subsets(FAMILIES)
        self._found = dict(zip(every, bench.found_with_each(every).astype(float), strict=True))

    def by_family(self) -> WithDraws:
        """measure, family, kind (null), contribution, low, high: exact Shapley values over the families' subsets."""
        return self._contributions(shapley(self._found, FAMILIES), None)

    def by_kind(self) -> WithDraws:
        """The same by kind of defect within each family that has several: Owen values, which sum to the family's."""
        parts = []
        for family, kinds in kinds_of_defect(self.bench).items():
            others = tuple(other for other in FAMILIES if other != family)
            repairs: dict[tuple[frozenset[str], frozenset[str]], Repairs] = {}
            for chosen in subsets(others):
                for inside in subsets(kinds):
                    rows = np.zeros(len(self.bench.own), bool)
                    for kind in inside:
                        rows |= kinds[kind]
                    partly = {family: None if len(inside) == len(kinds) else rows} if inside else {}
                    repairs[chosen, inside] = dict.fromkeys(chosen) | partly
            values = dict(zip(repairs, self.bench.found_with_each([*repairs.values()]).astype(float), strict=True))
            parts.append(self._contributions(owen(values, others, tuple(kinds)), family))
        draws = np.concatenate([part.draws["contribution"] for part in parts])
        return WithDraws(pd.concat([part.frame for part in parts], ignore_index=True), {"contribution": draws})

    def _contributions(self, of_person: dict[str, Floats], family: str | None) -> WithDraws:
        values = np.array(list(of_person.values()))
        frames, draws = [], []
        for measure in MEASURES:
            size = None if measure == "recall_at_k" else self.bench.truth_scores
            contribution, resampled = _mean(values, size), self._resampler.means(values, size)
            low, high = percentiles(resampled, contribution)
            names = list(of_person)
            columns = {"family": names, "kind": None} if family is None else {"family": family, "kind": names}
            frames.append(pd.DataFrame({**columns, "contribution": contribution, "low": low, "high": high}).assign(measure=measure))
            draws.append(resampled)
        return WithDraws(pd.concat(frames, ignore_index=True), {"contribution": np.concatenate(draws)})

    def fix_first(self) -> WithDraws:
        """family, kind, part, recall_at_k (low, high: Wilson's), gain, gain_low, gain_high: people found with a quarter, half and all
        of each family, and of its kinds of defect, repaired on its own.
        """
        bench = self.bench
        kinds: dict[tuple[str, str | None], Mask | None] = {(family, None): None for family in FAMILIES}
        kinds |= {(family, kind): rows for family, parts in kinds_of_defect(bench).items() for kind, rows in parts.items()}
        rows: list[tuple[str, str | None, float]] = []
        repairs: list[tuple[int, str, Mask | None]] = []
        for (family, kind), mask in kinds.items():
            # Of identities people are repaired, of the rest crimes: those whose draw lies below the part.
            drawn = bench.data["draw"] if family != "identity" else _spread(bench.data["person"])
            for part in PARTS:
                for time in range(1 if part == 1.0 else DRAWN):
                    chosen = None if part == 1.0 else (drawn + time * (DRAWS // DRAWN)) % DRAWS < part * DRAWS
                    both = mask if chosen is None else chosen if mask is None else chosen & mask
                    repairs.append((len(rows), family, both))
                rows.append((family, kind, part))
        after = self._found_with_parts(repairs, len(rows))
        frame = pd.DataFrame(rows, columns=["family", "kind", "part"]).assign(recall_at_k=_mean(after, None))
        size = np.full(len(frame), float(len(bench.truth)))
        _, low, high = wilson(frame["recall_at_k"].to_numpy() * size, size)
        more = after - self._found[NONE]
        gain, resampled = _mean(more, None), self._resampler.means(more)
        gain_low, gain_high = percentiles(resampled, gain)
        frame = frame.assign(low=low, high=high, gain=gain, gain_low=gain_low, gain_high=gain_high)
        return WithDraws(frame, {"gain": resampled})

    def _found_with_parts(self, repairs: list[tuple[int, str, Mask | None]], rows: int) -> Floats:
        """Who is found with a family repaired on some rows, or on all: means over the draws of each row of the table, shape
        (rows, truth). What is known already is not made again.
        """
        unknown = [place for place, (_, _, mask) in enumerate(repairs) if mask is not None and mask.any()]
        made = self.bench.found_with_each([{repairs[place][1]: repairs[place][2]} for place in unknown])
        of_repair = dict(zip(unknown, made.astype(float), strict=True))
        times: list[list[Floats]] = [[] for _ in range(rows)]
        for place, (row, family, mask) in enumerate(repairs):
            known = self._found[frozenset((family,))] if mask is None else self._found[NONE]
            times[row].append(of_repair.get(place, known))
        return np.array([np.mean(drawn, axis=0) for drawn in times])


def kinds_of_defect(bench: Bench) -> dict[str, dict[str, Mask]]:
    """Family → kind of defect → the rows that it is on, known from the truth; families of one kind are left out."""
    rows, record, person = bench.data, bench.world.owners_record, bench.world.owners_person
    begin = np.searchsorted(record, rows["record"])
    owners = np.searchsorted(record, rows["record"], side="right") - begin
    right = (owners > 0) & (person[np.minimum(begin, len(person) - 1)] == rows["person"]) if len(person) else owners > 0
    basis, true = rows[bench.date_basis], rows[f"true_{bench.date_basis}"]
    no_code, added = rows["offence"] < 0, rows["kind"] == UNRECORDED
    kinds = {
        "identity": {
            "one person, several records": right & (owners == 1),
            "two people, one record": owners > 1,
            "another person's record linked": ~right & (owners <= 1),
        },
        "offence": {"code missing or not in the list": no_code, "another code": ~no_code},
        "dates": {
            "after the last day of the data": basis > bench.last_day,
            "missing, and the next date taken": (basis <= bench.last_day) & (basis == rows["recorded"]),
            "another day": (basis <= bench.last_day) & (basis != rows["recorded"]),
        },
        "recording": {
            "lost in a reporting gap": added & (rows["lost"] == IN_A_GAP),
            "never recorded": added & (rows["lost"] == NEVER_RECORDED),
            "recorded twice": ~added & ~rows["of_event"],
        },
    }
    # Kinds that a dataset without incidents and cancelled crimes cannot have are not shown for it.
    everywhere = bench.world.rows
    if (everywhere["lost"] == CANCELLED).any():
        kinds["recording"]["cancelled, though a crime"] = added & (rows["lost"] == CANCELLED)
    if (everywhere["lost"] == AS_INCIDENT).any() or everywhere["reclassified"].any():
        kinds["recording"]["of another class than its event"] = (rows["lost"] == AS_INCIDENT) | rows["reclassified"]
    flag = rows["domestic"] != rows["true_domestic"]
    touched = {"offence": rows["offence"] != rows["true_offence"], "dates": basis != true}
    if bench.instrument.counts.domestic_abuse_only:
        touched["offence"] |= flag
    found = {
        family: {kind: mask & touched[family] if family in touched else mask for kind, mask in parts.items()}
        for family, parts in kinds.items()
    }
    if bench.instrument.counts.domestic_abuse_only:
        found["offence"]["another code"] &= rows["offence"] != rows["true_offence"]
        found["offence"]["domestic-abuse flag wrong or missing"] = flag & (rows["offence"] == rows["true_offence"])
    return found


def _mean(values: Floats, size: Floats | None) -> Floats:
    """Means over people, weighted by ``size`` if given; from (rows, people) to (rows,); NaN where there is nobody, or no size."""
    total = values.shape[1] if size is None else size.sum()
    if not total:
        return np.full(len(values), np.nan)
    return values.mean(axis=1) if size is None else (values * size).sum(axis=1) / total


def _spread(numbers: Array) -> Array:
    """A draw from 0 to ``DRAWS`` - 1 for each number, the same for the same: Fibonacci hashing (Knuth 1973, 6.4)."""
    return ((numbers.astype(np.uint64) * np.uint64(11400714819323198485)) >> np.uint64(44)).astype(np.int64)
