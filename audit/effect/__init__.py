"""What the defects do to a prioritisation. Only aggregates leave this room: never a person beside a score or a rank.

For each force and instrument the list that the recorded data gives is held against the list that the truth gives; six
families of defects can each be repaired from the truth, alone, together, or in part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np
import pandas as pd

from audit.effect.bench import DEFAULT_K, FAMILIES, NONE, Bench, Choices, Rows
from audit.effect.groups import LEAST_GROUP, MOST_MISSING, Found, attributes, difference_table, group_table, list_members
from audit.effect.instruments import INSTRUMENTS
from audit.effect.reading import DRAWS, World, read
from audit.effect.shapley import owen, shapley, subsets
from audit.results import empty
from audit.statistics import wilson
from synthetic.contract import codes, reference
from synthetic.errors import InputError

__all__ = [
    "DATE_BASES",
    "FAMILIES",
    "INSTRUMENT_NAMES",
    "LEAST_GROUP",
    "WEIGHTS",
    "Choices",
    "Effect",
    "check_choices",
    "list_lengths",
    "measure",
    "no_effect",
    "read_k",
    "read_weights",
    "shapley",
]

INSTRUMENT_NAMES = tuple(INSTRUMENTS)
WEIGHTS = ("harm_days", "css_weight", "count")
DATE_BASES = ("reported", "occurred")
MEASURES = ("recall_at_k", "harm_captured")
PARTS = (0.25, 0.5, 1.0)
"""Parts of a family that *fix first* repairs."""
HORIZON = max(instrument.window for instrument in INSTRUMENTS.values()) + 31
"""Days back to which anything counts: the longest window, as of a month before."""
DRAWN = 3
"""Draws of which crimes, or people, are repaired, over which a part's gain is averaged."""
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
    together: pd.DataFrame
    stability: pd.DataFrame
    merging: pd.DataFrame


def no_effect() -> Effect:
    """What there is to tell without a truth: tables with no rows."""
    return Effect(*(empty(field.name) for field in fields(Effect)))


def check_choices(choices: Choices, weights: dict[str, float] | None = None) -> None:
    """Refuse choices that there are not; raises InputError with what is allowed."""
    if choices.weights not in WEIGHTS and weights is None:
        raise InputError("weights", f"takes one of {', '.join(WEIGHTS)}, or a CSV file with the columns offence_code and weight.")
    if choices.date_basis not in DATE_BASES:
        raise InputError("date_basis", f"takes one of {', '.join(DATE_BASES)}.")
    if choices.k != "population" and not 1 <= choices.k <= 1_000_000:
        raise InputError("k", "takes a whole number of 1 or more, or population.")


def read_weights(path: Path) -> dict[str, float]:
    """One's own weights by offence code, from a CSV file with offence_code and one column of numbers: weight, harm_days or
    css_weight. Codes that the file leaves out keep the reference's harm days. Raises InputError, which echoes no value.
    """
    offences = reference("offences")
    known = dict(zip(offences["offence_code"], offences["harm_days"].astype(float), strict=True))
    try:
        frame = pd.read_csv(path, dtype={"offence_code": "str"}, encoding="utf-8-sig")
        column = next(name for name in ("weight", "harm_days", "css_weight") if name in frame)
        own = dict(zip(frame["offence_code"].str.strip(), frame[column].astype(float), strict=True))
    except (OSError, ValueError, KeyError, AttributeError, StopIteration):
        raise InputError("weights", "takes harm_days, css_weight, count, or a CSV file with offence_code and weight.") from None
    if set(own) - set(known):
        raise InputError("weights", "has an offence code that the reference does not have; see synthetic/reference/offences.csv.")
    if not all(0 <= value < 1e6 for value in own.values()):
        raise InputError("weights", "takes weights from 0 to a million.")
    return known | own


def measure(
    connection: duckdb.DuckDBPyConnection,
    forces: list[str],
    last_day: np.datetime64,
    choices: Choices,
    identities: pd.DataFrame | None = None,
    weights: dict[str, float] | None = None,
    has_gaps: bool = True,
    detail: bool = False,
    only_effect: bool = False,
    progress: Callable[[str, float], None] | None = None,
) -> Effect:
    """The effect of a dataset's defects on each force's list, for both instruments.

    ``connection`` has the dataset's views, the truth's among them; ``identities`` (person_id, cluster_id) tells which records
    the audit takes for one person's, for the list after merging them. ``weights`` are one's own by offence code, and then
    ``choices.weights`` is what they are called. ``detail`` tells contributions by kind of defect within a family;
    ``only_effect`` leaves all but effect, attribution and contributions out. Intervals are Wilson's, of the share of the truth
    list that is found. Raises InputError where the choices are not known.
    """
    check_choices(choices, weights)
    last = int(last_day.astype("datetime64[D]").astype(int))
    world = read(connection, forces, identities, has_gaps, last_day.astype("datetime64[D]") - HORIZON)
    if weights is not None:
        listed = [weights.get(code, np.nan) for code in codes("offences", "offence_code")]
        world.weights[choices.weights] = np.nan_to_num(np.array(listed, float))
    lengths = list_lengths(connection, forces, choices.k)
    tables = _Tables()
    truths: dict[tuple[str, str], Found] = {}
    alone: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
    for number, force in enumerate(forces):
        rows = Rows(world, [number])
        for instrument in INSTRUMENTS.values():
            bench = Bench(rows, instrument, last, lengths[force], choices)
            place = {"force": force, "instrument": instrument.name}
            tables.add("effect", _effect(bench), place)
            values = {subset: bench.value(subset) for subset in subsets(FAMILIES)}
            parts = {measure: shapley({s: v[measure] for s, v in values.items()}, FAMILIES) for measure in MEASURES}
            tables.add("attribution", _by_family(parts["recall_at_k"]), place)
            for measured, contributions in parts.items():
                tables.add("contributions", _by_family(contributions).assign(measure=measured, kind=None), place)
            tables.size[force, instrument.name] = len(bench.truth), float(bench.truth_scores.sum())
            if detail:
                tables.add("contributions", _details(bench), place)
            if only_effect:
                continue
            truths[force, instrument.name] = bench.truth, bench.found
            alone[force, instrument.name] = bench.truth, bench.people_of(bench.recorded, NONE)
            tables.add("fix_first", _fix_first(bench, values[NONE]["recall_at_k"]), place)
            tables.add("choices", _choices(bench), place)
            tables.add("merging", _merging(bench), place)
            tables.add("stability", _stability(rows, bench, choices, last_day), place)
        if progress is not None:
            progress(f"Measured the effect in {number + 1} of {len(forces)} forces", (number + 1) / len(forces))
    tables.over_all_forces()
    if not only_effect:
        _groups(tables, connection, truths, last_day)
        _together(tables, world, forces, lengths, choices, last, alone)
    return Effect(**{field.name: tables.frame(field.name) for field in fields(Effect)})


def read_k(text: str) -> int | Literal["population"]:
    """The length of a list as a command line gives it: a whole number or ``population``; raises InputError."""
    if text == "population":
        return "population"
    if not text.isascii() or not text.isdigit() or len(text) > 7:
        raise InputError("k", "takes a whole number of 1 or more, or population.")
    return int(text)


def list_lengths(
    connection: duckdb.DuckDBPyConnection, forces: list[str], k: int | Literal["population"] = DEFAULT_K
) -> dict[str, int]:
    """The length of each force's list: ``k``, or for ``population`` 1,000 for all forces of the reference table, in proportion to
    the population, at least 10.
    """
    if k != "population":
        return dict.fromkeys(forces, k)
    nation = int(reference("forces")["population"].sum())
    population = dict(connection.execute("SELECT force, sum(population) FROM units GROUP BY force").fetchall())
    return {force: max(10, round(1000 * int(population.get(force) or 0) / nation)) for force in forces}


class _Tables:
    """The results' tables as they grow, force by force."""

    def __init__(self) -> None:
        self.parts: dict[str, list[pd.DataFrame]] = {field.name: [] for field in fields(Effect)}
        self.size: dict[tuple[str, str], tuple[int, float]] = {}
        """People on, and harm of, each truth list."""

    def add(self, name: str, frame: pd.DataFrame, place: dict[str, str]) -> None:
        self.parts[name].append(frame.assign(**place))

    def frame(self, name: str) -> pd.DataFrame:
        plain = empty(name)
        frames = [frame for frame in self.parts[name] if len(frame)]
        return pd.concat(frames, ignore_index=True)[plain.columns.tolist()] if frames else plain

    def over_all_forces(self) -> None:
        """Contributions and gains of all forces together: of every force's people, or harm, in proportion."""
        for name, measures, keys in (
            ("contributions", ("contribution",), ["instrument", "measure", "family", "kind"]),
            ("fix_first", ("recall_at_k", "gain"), ["instrument", "family", "kind", "part"]),
        ):
            if not self.parts[name]:
                continue
            frame = self.frame(name)
            by_harm = frame["measure"].eq("harm_captured").to_numpy() if "measure" in frame else np.zeros(len(frame), bool)
            sizes = [self.size[key] for key in zip(frame["force"], frame["instrument"], strict=True)]
            size = np.where(by_harm, [harm for _, harm in sizes], [people for people, _ in sizes])
            weighted = frame.assign(size=size, **{one: frame[one] * size for one in measures}).dropna(subset=list(measures))
            sums = weighted.groupby(keys, dropna=False, sort=False)[["size", *measures]].sum().reset_index()
            told = sums.assign(force=EVERYWHERE, **{one: sums[one] / sums["size"].replace(0, np.nan) for one in measures})
            if name == "fix_first":
                _, told["low"], told["high"] = wilson((told["recall_at_k"] * told["size"]).to_numpy(), told["size"].to_numpy())
            self.parts[name].append(told.drop(columns="size"))


# ---- figures of one list -----------------------------------------------------------------------------------------------


def _effect(bench: Bench) -> pd.DataFrame:
    size, entries = len(bench.truth), len(bench.recorded)
    place, person = bench.owners(bench.recorded)
    wanted = np.zeros(entries, bool)
    wanted[place[np.isin(person, bench.truth)]] = True
    # An entry repeats a person when one of its people stands at an earlier place too.
    earliest = pd.Series(place).groupby(person).transform("min").to_numpy() if len(place) else place
    repeats = np.zeros(entries, bool)
    repeats[place[earliest < place]] = True
    _, low, high = wilson(np.array([bench.found.sum()]), np.array([size]))
    return pd.DataFrame(
        {
            "k": [bench.k],
            "truth_size": [size],
            **{name: [value] for name, value in bench.shares(bench.found).items()},
            "wrongly_included": [1 - wanted.mean() if entries else np.nan],
            "repeat_entries": [repeats.mean() if entries else np.nan],
            "low": low,
            "high": high,
        }
    )


def _by_family(contributions: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"family": list(contributions), "contribution": list(contributions.values())})


def _details(bench: Bench) -> pd.DataFrame:
    """Contributions by kind of defect within each family that has several: Owen values, which sum to the family's."""
    frames = []
    for family, kinds in bench.kinds().items():
        others = tuple(other for other in FAMILIES if other != family)
        values = {}
        for chosen in subsets(others):
            for inside in subsets(kinds):
                rows = np.zeros(len(bench.own), bool)
                for kind in inside:
                    rows |= kinds[kind]
                repaired = dict.fromkeys(chosen) | ({family: None if len(inside) == len(kinds) else rows} if inside else {})
                values[chosen, inside] = bench.value(repaired)
        for measured in MEASURES:
            told = owen({key: value[measured] for key, value in values.items()}, others, tuple(kinds))
            frames.append(
                pd.DataFrame({"family": family, "kind": list(told), "contribution": list(told.values())}).assign(measure=measured)
            )
    return pd.concat(frames, ignore_index=True)


def _fix_first(bench: Bench, before: float) -> pd.DataFrame:
    """Recall with a quarter, half and all of each family, and of its kinds of defect, repaired on its own."""
    kinds: dict[tuple[str, str | None], np.ndarray | None] = {(family, None): None for family in FAMILIES}
    kinds |= {(family, kind): rows for family, parts in bench.kinds().items() for kind, rows in parts.items()}
    rows = []
    for (family, kind), mask in kinds.items():
        # Of identities people are repaired, of the rest crimes: those whose draw lies below the part.
        drawn = bench.data["draw"] if family != "identity" else _spread(bench.data["person"])
        for part in PARTS:
            times = 1 if part == 1.0 else DRAWN
            recalls = []
            for time in range(times):
                chosen = None if part == 1.0 else (drawn + time * (DRAWS // DRAWN)) % DRAWS < part * DRAWS
                both = mask if chosen is None else chosen if mask is None else chosen & mask
                recalls.append(bench.value({family: both})["recall_at_k"])
            rows.append((family, kind, part, float(np.mean(recalls))))
    frame = pd.DataFrame(rows, columns=["family", "kind", "part", "recall_at_k"])
    size = np.full(len(frame), float(len(bench.truth)))
    _, low, high = wilson(frame["recall_at_k"].to_numpy() * size, size)
    return frame.assign(gain=frame["recall_at_k"] - before, low=low, high=high)


def _spread(numbers: np.ndarray) -> np.ndarray:
    """A draw from 0 to ``DRAWS`` - 1 for each number, the same for the same: Fibonacci hashing (Knuth 1973, 6.4)."""
    return ((numbers.astype(np.uint64) * np.uint64(11400714819323198485)) >> np.uint64(44)).astype(np.int64)


def _choices(bench: Bench) -> pd.DataFrame:
    """What share of the recorded list stays when a choice is made otherwise, the data being the same; and, the choices being
    the same, when every defect is repaired.
    """
    window = bench.instrument.window
    options: list[tuple[str, str, dict]] = [
        *(("weights", name, {"weights": name}) for name in WEIGHTS if name != bench.weights),
        *(("date_basis", name, {"date_basis": name}) for name in DATE_BASES if name != bench.date_basis),
        ("window", "half", {"window": window // 2}),
        ("window", "twice", {"window": window * 2}),
    ]
    entries = len(bench.recorded)
    overlaps = [np.isin(bench.recorded, bench.plain(**option)).mean() if entries else np.nan for _, _, option in options]
    place, person = bench.owners(bench.recorded)
    kept = len(np.unique(place[np.isin(person, bench.truth)])) / entries if entries else np.nan
    return pd.DataFrame(
        {
            "choice": [*(choice for choice, _, _ in options), "data"],
            "option": [*(name for _, name, _ in options), "every defect repaired"],
            "overlap_with_default": [*overlaps, kept],
        }
    )


def _merging(bench: Bench) -> pd.DataFrame:
    """Recall of the recorded list, and of the list after merging the records that the audit takes for one person's."""
    found = _found_merged(bench)
    rate, low, high = wilson(np.array([found.sum()]), np.array([len(bench.truth)]))
    before = bench.shares(bench.found)["recall_at_k"]
    columns = {"recall_at_k": [before], "recall_after_merging": rate, "low": low, "high": high}
    return pd.DataFrame({"k": [bench.k], "truth_size": [len(bench.truth)]} | columns)


def _found_merged(bench: Bench) -> np.ndarray:
    listed, rows = bench.plain(merged=True), bench.rows
    records = np.unique(rows.data["record"][rows.own & np.isin(rows.data["cluster"], listed)])
    return bench.finds(records[records >= 0], NONE)


def _stability(rows: Rows, bench: Bench, choices: Choices, last_day: np.datetime64) -> pd.DataFrame:
    """How much of the list is another than a month before: the recorded one, made from what was recorded by then, and the true
    one; what the former changes beyond the latter is the data's doing.
    """
    month = last_day.astype("datetime64[M]")
    before = int((month.astype("datetime64[D]") - np.timedelta64(1, "D")).astype(int))
    earlier = Bench(rows, bench.instrument, before, bench.k, choices)
    people = earlier.people_of(earlier.plain(by=before), NONE)
    place, person = bench.owners(bench.recorded)
    stayed = len(np.unique(place[np.isin(person, people)]))
    entries, size = len(bench.recorded), len(bench.truth)
    new = int((~np.isin(bench.truth, earlier.truth)).sum())
    rate, low, high = wilson(np.array([entries - stayed]), np.array([entries]))
    true_rate = new / size if size else np.nan
    unknown = _without_history(bench)
    no_history, history_low, history_high = wilson(np.array([unknown.sum()]), np.array([len(unknown)]))
    return pd.DataFrame(
        {
            "before": [np.datetime64(before, "D").astype(object)],
            "truth_size": [size],
            "recorded_changed": rate,
            "low": low,
            "high": high,
            "truth_changed": [true_rate],
            "by_data": rate - true_rate,
            "no_history": no_history,
            "no_history_low": history_low,
            "no_history_high": history_high,
        }
    )


def _without_history(bench: Bench) -> np.ndarray:
    """Which people of the truth list had no event reported in the time before the window, as far back as rows go; empty where
    the window is the longest one, and rows go back no further.
    """
    rows, start = bench.rows.data, bench.last_day - bench.instrument.window
    if start - 180 < bench.world.horizon:
        return np.zeros(0, bool)
    known = np.unique(rows["person"][rows["of_event"] & (rows["true_reported"] <= start)])
    return ~np.isin(bench.truth, known)


# ---- figures over forces -----------------------------------------------------------------------------------------------


def _groups(
    tables: _Tables, connection: duckdb.DuckDBPyConnection, truths: dict[tuple[str, str], Found], last_day: np.datetime64
) -> None:
    places = np.concatenate([found[0] for found in truths.values()])
    listed = list_members(truths, attributes(connection, places, last_day))
    missing = dict(connection.execute("SELECT force, avg((ethnicity IS NULL)::INT) FROM persons GROUP BY force").fetchall())
    everywhere = connection.execute("SELECT avg((ethnicity IS NULL)::INT) FROM persons").fetchall()[0][0]
    tables.parts["groups"].append(group_table(listed))
    differences = [difference_table(listed), difference_table(listed.assign(force=EVERYWHERE))]
    for frame in differences:
        blank = frame["force"].map({**missing, EVERYWHERE: everywhere}).fillna(0.0)
        untestable = (frame["attribute"] == "ethnicity") & (blank > MOST_MISSING)
        tables.parts["group_differences"].append(frame.assign(testable=~untestable))


def _together(
    tables: _Tables,
    world: World,
    forces: list[str],
    lengths: dict[str, int],
    choices: Choices,
    last: int,
    alone: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]],
) -> None:
    """Forces pooled by region and as a nation: one list of the length of theirs, from all their records, beside their own."""
    table = reference("forces")
    region_of = dict(zip(table["force"], table["region"], strict=True))
    regions: dict[str, list[int]] = {}
    for number, force in enumerate(forces):
        regions.setdefault(region_of.get(force, "elsewhere"), []).append(number)
    scopes = [("region", name, members) for name, members in regions.items() if len(members) > 1]
    if len(forces) > 1:
        scopes.append(("nation", EVERYWHERE, list(range(len(forces)))))
    for scope, name, members in scopes:
        rows = Rows(world, members)
        for instrument in INSTRUMENTS.values():
            k = sum(lengths[forces[member]] for member in members)
            bench = Bench(rows, instrument, last, k, choices)
            theirs = np.concatenate([alone[forces[member], instrument.name][1] for member in members])
            tables.add(
                "together", _pooled(bench, theirs, len(members)), {"scope": scope, "name": name, "instrument": instrument.name}
            )


def _pooled(bench: Bench, alone: Sequence[int] | np.ndarray, forces: int) -> pd.DataFrame:
    found = {"recall_alone": np.isin(bench.truth, alone), "recall_together": bench.found, "recall_matched": _found_merged(bench)}
    columns: dict[str, object] = {"forces": [forces], "k": [bench.k], "truth_size": [len(bench.truth)]}
    for name, who in found.items():
        rate, low, high = wilson(np.array([who.sum()]), np.array([len(bench.truth)]))
        columns |= {name: rate, f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame(columns)
