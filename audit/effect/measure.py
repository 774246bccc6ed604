"""Measures the effect of a dataset's defects on each force's lists, by each instrument."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.effect import figures
from audit.effect.attribution import Attribution
from audit.effect.bench import NONE, Bench
from audit.effect.choices import Choices, check_choices, list_lengths, pooled_length
from audit.effect.groups import (
    MOST_MISSING,
    Marked,
    attributes,
    difference_table,
    group_table,
    list_members,
    wrong_inclusion_table,
)
from audit.effect.instruments import Instrument, every_audit
from audit.effect.reading import World, read
from audit.effect.rows import Rows
from audit.effect.tables import EVERYWHERE, Effect, Tables
from audit.statistics import wilson
from synthetic.contract import codes, reference

LEAST_HORIZON = 1095
"""Days back to which rows are read at least, so that a list over a year can be compared with the time before it."""
MONTH = 31
AT_ONCE = 2
"""Forces that are measured at the same time."""

Array = npt.NDArray[Any]
Done = TypeVar("Done")


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
    instruments: Sequence[Instrument] | None = None,
) -> Effect:
    """The effect of a dataset's defects on each force's list, for each of the ``instruments``; those of every audit by default.

    ``connection`` has the dataset's views, the truth's among them; ``identities`` (person_id, cluster_id) says which records
    the audit judges to be the same person's, for the list after merging them. ``weights`` are a user's own by offence code, and
    then ``choices.weights`` is what they are called. ``detail`` adds contributions by kind of defect within a family;
    ``only_effect`` leaves all but effect, attribution and contributions out. Intervals of people found are Wilson's; those of
    contributions and gains are described in ``bootstrap.py``. Raises InputError where the choices are not known.
    """
    check_choices(choices, weights)
    used = tuple(instruments) if instruments is not None else every_audit()
    last = _number(last_day)
    world = _read(connection, forces, identities, has_gaps, last_day, used)
    if weights is not None and choices.weights is not None:
        listed = [weights.get(code, np.nan) for code in codes("offences", "offence_code")]
        world.weights[choices.weights] = np.append(np.nan_to_num(np.array(listed, float)), 0.0)
    lengths = list_lengths(connection, forces, choices.k)
    tables, lists = Tables(), _Lists()

    def of_force(number: int) -> tuple[Tables, _Lists]:
        force, mine, theirs = forces[number], Tables(), _Lists()
        rows = Rows(world, [number])
        benches = {one.key: Bench(rows, one, last, lengths[force], choices) for one in used}
        for key, bench in benches.items():
            _of_list(mine, bench, force, last_day, choices, detail, only_effect)
            if not only_effect:
                theirs.keep(force, key, bench)
        if not only_effect:
            mine.add("instrument_pairs", figures.instrument_pairs(benches), force=force)
        return mine, theirs

    for number, (mine, theirs) in enumerate(_two_at_a_time(of_force, range(len(forces)))):
        tables.extend(mine)
        lists.extend(theirs)
        if progress is not None:
            progress(f"Measured the effect in {number + 1} of {len(forces)} forces", (number + 1) / len(forces))
    tables.over_all_forces()
    if not only_effect and lists.truth:
        _groups(tables, connection, lists, last_day)
        _together(tables, connection, world, forces, used, choices, last, lists.alone)
    return tables.effect()


def measure_lists(
    connection: duckdb.DuckDBPyConnection, forces: list[str], last_day: np.datetime64, choices: Choices, has_gaps: bool = True
) -> Effect:
    """The tables effect, stability, allegations and wrong_inclusion of ``measure`` alone, by the instruments of every audit.

    They say what stands on the lists and cost a fraction, as nothing is repaired to see what that would give.
    """
    check_choices(choices, None)
    used, last = every_audit(), _number(last_day)
    world = _read(connection, forces, None, has_gaps, last_day, used)
    lengths = list_lengths(connection, forces, choices.k)
    tables, lists = Tables(), _Lists()
    for number, force in enumerate(forces):
        rows = Rows(world, [number])
        for one in used:
            bench = Bench(rows, one, last, lengths[force], choices)
            place = {"force": force, "instrument": one.key}
            tables.add("effect", figures.effect(bench), **place)
            tables.add("stability", figures.stability(bench, last_day, choices), **place)
            tables.add("allegations", figures.allegations(bench), **place)
            lists.keep(force, one.key, bench)
    if lists.recorded:
        people = attributes(connection, np.concatenate([places for places, _ in lists.recorded.values()]), last_day)
        tables.add("wrong_inclusion", wrong_inclusion_table(list_members(lists.recorded, people)))
    return tables.effect()


def _read(
    connection: duckdb.DuckDBPyConnection,
    forces: list[str],
    identities: pd.DataFrame | None,
    has_gaps: bool,
    last_day: np.datetime64,
    used: Sequence[Instrument],
) -> World:
    horizon = max(LEAST_HORIZON, *(instrument.window for instrument in used)) + MONTH
    return read(connection, forces, identities, has_gaps, last_day.astype("datetime64[D]") - horizon, tuple(used))


def _number(day: np.datetime64) -> int:
    return int(day.astype("datetime64[D]").astype(int))


def _two_at_a_time(work: Callable[[int], Done], numbers: Sequence[int]) -> Iterator[Done]:
    """What ``work`` makes of each number, in order. Most of it is of arrays, for which threads need not wait for each other;
    two hold little more memory than one."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        begun: deque[Future[Done]] = deque()
        try:
            for number in numbers:
                begun.append(threads.submit(work, number))
                if len(begun) > AT_ONCE:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for left in begun:
                left.cancel()


class _Lists:
    """What of each force's lists is needed once all are made: the people of the truth lists and whether they are found, the
    people behind the recorded entries and whether they are wrongly included, and whom a force finds alone."""

    def __init__(self) -> None:
        self.truth: dict[tuple[str, str], Marked] = {}
        self.recorded: dict[tuple[str, str], Marked] = {}
        self.alone: dict[tuple[str, str], Array] = {}

    def extend(self, other: "_Lists") -> None:
        self.truth |= other.truth
        self.recorded |= other.recorded
        self.alone |= other.alone

    def keep(self, force: str, instrument: str, bench: Bench) -> None:
        self.truth[force, instrument] = bench.truth, bench.found
        place, person = bench.owners(bench.recorded)
        entry, first = np.unique(place, return_index=True)
        self.recorded[force, instrument] = person[first], figures.wrongly_included(bench)[entry]
        self.alone[force, instrument] = bench.people_of(bench.recorded, NONE)


def _of_list(
    tables: Tables, bench: Bench, force: str, last_day: np.datetime64, choices: Choices, detail: bool, only_effect: bool
) -> None:
    instrument = bench.instrument.key
    place = {"force": force, "instrument": instrument}
    tables.size[force, instrument] = len(bench.truth), float(bench.truth_scores.sum())
    tables.add("effect", figures.effect(bench), **place)
    attribution = Attribution(bench, f"{force}|{instrument}")
    contributions = attribution.by_family()
    of_people = contributions.frame[contributions.frame["measure"] == "recall_at_k"]
    tables.add("attribution", of_people, **place)
    tables.add_with_draws("contributions", contributions, **place)
    if detail:
        tables.add_with_draws("contributions", attribution.by_kind(), **place)
    if only_effect:
        return
    tables.add_with_draws("fix_first", attribution.fix_first(), **place)
    tables.add("choices", figures.choices(bench), **place)
    tables.add("merging", figures.merging(bench), **place)
    tables.add("stability", figures.stability(bench, last_day, choices), **place)
    tables.add("allegations", figures.allegations(bench), **place)


def _groups(tables: Tables, connection: duckdb.DuckDBPyConnection, lists: _Lists, last_day: np.datetime64) -> None:
    places = np.concatenate([places for marked in (lists.truth, lists.recorded) for places, _ in marked.values()])
    people = attributes(connection, places, last_day)
    listed, entries = list_members(lists.truth, people), list_members(lists.recorded, people)
    missing = dict(connection.execute("SELECT force, avg((ethnicity IS NULL)::INT) FROM persons GROUP BY force").fetchall())
    everywhere = connection.execute("SELECT avg((ethnicity IS NULL)::INT) FROM persons").fetchall()[0][0]
    tables.add("groups", group_table(listed))
    for frame in (entries, entries.assign(force=EVERYWHERE)):
        tables.add("wrong_inclusion", wrong_inclusion_table(frame))
    for frame in (difference_table(listed), difference_table(listed.assign(force=EVERYWHERE))):
        blank = frame["force"].map({**missing, EVERYWHERE: everywhere}).fillna(0.0)
        untestable = (frame["attribute"] == "ethnicity") & (blank > MOST_MISSING)
        tables.add("group_differences", frame.assign(testable=~untestable))


def _together(
    tables: Tables,
    connection: duckdb.DuckDBPyConnection,
    world: World,
    forces: list[str],
    instruments: Sequence[Instrument],
    choices: Choices,
    last: int,
    alone: dict[tuple[str, str], Array],
) -> None:
    """Forces pooled by region and as a nation: one list, in proportion to 1,000 for the nation, beside the forces' own."""
    table = reference("forces")
    region_of = dict(zip(table["force"], table["region"], strict=True))
    regions: dict[str, list[int]] = {}
    for number, force in enumerate(forces):
        regions.setdefault(region_of.get(force, "elsewhere"), []).append(number)
    scopes = [("region", name, members) for name, members in regions.items() if len(members) > 1]
    if len(forces) > 1:
        scopes.append(("nation", EVERYWHERE, list(range(len(forces)))))
    lengths = [pooled_length(connection, [forces[member] for member in members]) for _, _, members in scopes]

    def of_scope(number: int) -> list[pd.DataFrame]:
        members = scopes[number][2]
        rows, found = Rows(world, members), []
        for instrument in instruments:
            theirs = np.concatenate([alone[forces[member], instrument.key] for member in members])
            found.append(_pooled(Bench(rows, instrument, last, lengths[number], choices), theirs, len(members)))
        return found

    for (scope, name, _), found in zip(scopes, _two_at_a_time(of_scope, range(len(scopes))), strict=True):
        for instrument, frame in zip(instruments, found, strict=True):
            tables.add("together", frame, scope=scope, name=name, instrument=instrument.key)


def _pooled(bench: Bench, alone: Array, forces: int) -> pd.DataFrame:
    found = {
        "recall_alone": np.isin(bench.truth, alone),
        "recall_together": bench.found,
        "recall_matched": bench.found_merged(),
    }
    columns: dict[str, object] = {"forces": [forces], "k": [bench.k], "truth_size": [len(bench.truth)]}
    for name, who in found.items():
        rate, low, high = wilson(np.array([who.sum()]), np.array([len(bench.truth)]))
        columns |= {name: rate, f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame(columns)
