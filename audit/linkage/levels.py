"""Levels of many pairs on this machine: numbers stand for values and decide most of them; texts are read for the others.

A name stands in a list of all names, and what two names have in common is found once for the many pairs that have them. Dates,
places and telephones are compared by numbers; where these do not decide, the records' texts are.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from audit.linkage.comparisons import BIRTH, FIELDS, FORENAME, PHONE, PLACE, PLACES, SEX, SURNAME, SWAPPED_NAMES, UNSURE, Ints
from audit.linkage.conditions import DUCKDB, Pairs
from audit.linkage.numbers import Numbers
from audit.linkage.parts import in_turn
from audit.linkage.records import threads_of

IN_CACHE = 1 << 14
"""Pairs whose numbers are compared at a time; a thread looks up the names of a whole part (``parts.in_turn``) together."""


_SAME, _SWAPPED = "same", "swapped with surname"
_NAMES: dict[str, tuple[str, Callable[[Pairs], npt.NDArray[np.int8]]]] = {
    "forename": (FORENAME.between(DUCKDB, _SAME, _SWAPPED), lambda pairs: FORENAME.known_between(pairs, _SAME, _SWAPPED)),
    "surname": (SURNAME.between(DUCKDB, _SAME), lambda pairs: SURNAME.known_between(pairs, _SAME)),
    "alike": (SWAPPED_NAMES.sql(DUCKDB), lambda pairs: np.where(SWAPPED_NAMES.bounds(pairs)[1], np.int8(UNSURE), np.int8(0))),
}
"""What may be asked of two names that are not the same: SQL, and what numbers say."""


class _TwoNames:
    """Pairs of names by what stands for them."""

    def __init__(self, names: dict[str, Ints], one: Ints, other: Ints) -> None:
        self.names, self.one, self.other = names, one, other
        self.found: dict[str, tuple[Ints, Ints]] = {}

    def __len__(self) -> int:
        return len(self.one)

    def sides(self, column: str) -> tuple[Ints, Ints]:
        name = column.partition("_")[2]
        if name not in self.found:
            self.found[name] = self.names[name][self.one], self.names[name][self.other]
        return self.found[name]


class _Pairs:
    """Some pairs' records as numbers."""

    def __init__(self, left: npt.NDArray[np.void], right: npt.NDArray[np.void]) -> None:
        self.left, self.right = left, right
        self.known: dict[str, tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]] = {}

    def __len__(self) -> int:
        return len(self.left)

    def sides(self, column: str) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
        if column not in self.known:
            name = "born_day" if column == "born_text" else column  # a date is its day
            self.known[column] = np.ascontiguousarray(self.left[name]), np.ascontiguousarray(self.right[name])
        return self.known[column]


class Levels:
    """The levels of pairs of the records of a table that ``records.prepare`` made."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        self.connection, self.table, self.numbers = connection, table, Numbers.of(connection, table)
        self.lock = Lock()
        self.threads = threads_of(connection)

    def codes(self, first: Ints, second: Ints) -> npt.NDArray[np.int32]:
        """The number that holds all levels (``comparisons.levels_of``) of each pair of record numbers."""
        code = np.zeros(len(first), np.int32)
        unsure: dict[str, list[Ints]] = {field.name: [] for field in (BIRTH, PLACE, PHONE)}

        def part(some: slice) -> None:
            code[some], undecided = self._by_number(first[some], second[some])
            for name, places in undecided.items():
                unsure[name].append(places + some.start)

        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(part, in_turn(slice(0, len(first)))))
        for name, places in unsure.items():
            asked = np.sort(np.concatenate(places)) if places else np.zeros(0, np.int64)
            if len(asked):
                code[asked] += self._by_text(name, first[asked], second[asked]) * np.int32(PLACES[name])
        return code

    def _by_number(self, first: Ints, second: Ints) -> tuple[npt.NDArray[np.int32], dict[str, Ints]]:
        """The levels of pairs as far as numbers decide them; and the places where they do not, by field."""
        code, names = np.empty(len(first), np.int32), np.empty((4, len(first)), np.int32)
        unsure: dict[str, list[Ints]] = {field.name: [] for field in (BIRTH, PLACE, PHONE)}
        for begin in range(0, len(first), IN_CACHE):
            some = slice(begin, begin + IN_CACHE)
            pairs = _Pairs(self.numbers.records.take(first[some]), self.numbers.records.take(second[some]))
            names[0, some], names[1, some] = pairs.sides("fn")
            names[2, some], names[3, some] = pairs.sides("sn")
            total = np.zeros(len(pairs), np.int32)
            for field in (BIRTH, PLACE, PHONE, SEX):
                level = field.known(pairs).astype(np.int32)
                undecided = np.flatnonzero(level == UNSURE)
                if len(undecided):
                    level[undecided] = 0
                    unsure[field.name].append(undecided + begin)
                total += level * PLACES[field.name]
            code[some] = total
        return code + self._names(*names), {name: np.concatenate(places) for name, places in unsure.items() if places}

    def _names(self, forename: Ints, forename_r: Ints, surname: Ints, surname_r: Ints) -> npt.NDArray[np.int32]:
        """What forename and surname of pairs add to the number that holds all levels."""
        missing = {"forename": (forename < 0) | (forename_r < 0), "surname": (surname < 0) | (surname_r < 0)}
        differ = {
            "forename": np.flatnonzero(~missing["forename"] & (forename != forename_r)),
            "surname": np.flatnonzero(~missing["surname"] & (surname != surname_r)),
        }
        undecided = differ["forename"]
        undecided = undecided[~missing["surname"][undecided]]
        letters = [self.numbers.names["first"][side[undecided]] for side in (forename, forename_r, surname, surname_r)]
        crossed = undecided[(letters[0] == letters[3]) | (letters[2] == letters[1])]
        of_forename, of_surname, *alike = self._of_names(
            [
                ("forename", forename, forename_r, differ["forename"]),
                ("surname", surname, surname_r, differ["surname"]),
                ("alike", forename, surname_r, crossed),
                ("alike", surname, forename_r, crossed),
                ("alike", forename, forename_r, crossed),
            ],
        )
        level = np.where(missing["forename"], FORENAME.size, FORENAME.number("same")).astype(np.int32)
        level[differ["forename"]] = of_forename
        swapped = crossed[(alike[0] & alike[1] & ~alike[2]).astype(bool)]
        level[swapped] = FORENAME.number("swapped with surname")
        other = np.where(missing["surname"], SURNAME.size, SURNAME.number("same")).astype(np.int32)
        other[differ["surname"]] = of_surname
        other[swapped] = SURNAME.size
        return np.asarray(level * PLACES["forename"] + other * PLACES["surname"], np.int32)

    def _of_names(self, asked: list[tuple[str, Ints, Ints, Ints]]) -> list[npt.NDArray[np.int8]]:
        """What is asked of two names each (``_NAMES``) of pairs in these places: a level, or 1 where they are alike."""
        kinds, count = list(_NAMES), max(len(self.numbers.names["first"]), 1)
        keys = [(kinds.index(kind) * count + one[at].astype(np.int64)) * count + other[at] for kind, one, other, at in asked]
        of_key, distinct = pd.factorize(np.concatenate(keys))
        rest, other = np.divmod(distinct, count)
        kind, one = np.divmod(rest, count)
        levels = np.empty(len(distinct), np.int8)

        for begin in range(0, len(distinct), IN_CACHE):
            for number, (_, known) in enumerate(_NAMES.values()):
                some = begin + np.flatnonzero(kind[begin : begin + IN_CACHE] == number)
                levels[some] = known(_TwoNames(self.numbers.names, one[some], other[some]))
        unsure = np.flatnonzero(levels == UNSURE)
        with self.lock:
            self.connection.register(
                "asked", pa.table({"place": unsure, "kind": kind[unsure], "one": one[unsure], "other": other[unsure]})
            )
            level = " ".join(f"WHEN {number} THEN ({sql})::TINYINT" for number, (sql, _) in enumerate(_NAMES.values()))
            found = self.connection.execute(
                f"""SELECT p.place, CASE p.kind {level} END AS level
                    FROM asked p JOIN {self.table}_names l ON l.number = p.one JOIN {self.table}_names r ON r.number = p.other
                    LEFT JOIN {self.table}_nicknames k ON k.one = l.fn AND k.other = r.fn"""
            ).fetchnumpy()
            self.connection.unregister("asked")
        levels[np.ma.getdata(found["place"])] = np.ma.getdata(found["level"])
        return np.split(levels[of_key], np.cumsum([len(at) for *_, at in asked])[:-1])

    def _by_text(self, name: str, first: Ints, second: Ints) -> npt.NDArray[np.int32]:
        """The levels of a field by the texts of the records."""
        self.connection.register("asked", pa.table({"place": np.arange(len(first)), "first": first, "second": second}))
        found = self.connection.execute(
            f"""SELECT p.place, ({FIELDS[name].sql(DUCKDB)})::TINYINT AS level
                FROM asked p JOIN {self.table}_fields l ON l.number = p.first JOIN {self.table}_fields r ON r.number = p.second"""
        ).fetchnumpy()
        self.connection.unregister("asked")
        level = np.empty(len(first), np.int32)
        level[np.ma.getdata(found["place"])] = np.ma.getdata(found["level"])
        return level
