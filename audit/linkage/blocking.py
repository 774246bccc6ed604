"""Which pairs of records are compared: all of a small set; of a large one those that share a key.

A block is the records that share a key. A block too large to compare is sampled, not ignored: its records are put in order
of names and birth, and each is compared with those next to it. Records that are the same letter for letter are collapsed
into one first, so that no block is large because of them, and none of them is lost.
"""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import duckdb
import numpy as np
import numpy.typing as npt

from audit.linkage.comparisons import Ints
from audit.linkage.conditions import MISSING
from audit.linkage.numbers import Numbers, hashed
from audit.linkage.parts import in_turn

ALL_PAIRS = 1_000_000
"""Up to so many possible pairs, all are compared."""
LARGEST_BLOCK, LARGEST_OF_NAME = 400, 20
"""Blocks of more records than this are sampled; those of a name alone, which says something only where it is rare, sooner."""
NEXT_TO = 2
"""In a block that is sampled each record is compared with so many that follow it."""
LEAST_BUDGET, NARROW, BROAD = 500_000, 1.0, 0.1
"""A key may bring together so many pairs, or so many a record (for narrow and for broad keys) where that is more."""
IN_CACHE = 1 << 15
"""Records whose keys are made at a time."""
SAMPLED_BROAD = 200_000
"""Up to so many records, the large blocks of broad keys are sampled too: of more, other keys find these pairs."""


@dataclass(frozen=True)
class Key:
    """A blocking key: the columns (``Numbers.column``) without which it is missing, and whether it is broad (many strangers
    share it).

    Its parts are those columns, or ``parts`` where it is not these alone. A part of two columns is the two in either order.
    """

    name: str
    needs: tuple[str, ...]
    parts: tuple[str | tuple[str, str], ...] = ()
    broad: bool = False

    def of(self, numbers: Numbers) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint64]]:
        """Which records have the key, and each record's key as one number. Shapes (records,)."""
        there, keys = np.ones(len(numbers), bool), np.empty(len(numbers), np.uint64)
        parts = self.parts or self.needs
        names = dict.fromkeys((*self.needs, *chain.from_iterable((part,) if isinstance(part, str) else part for part in parts)))
        for begin in range(0, len(numbers), IN_CACHE):
            some = slice(begin, begin + IN_CACHE)
            column = {name: numbers.column(name, some) for name in names}
            for name in self.needs:
                there[some] &= column[name] != MISSING
            columns: list[Ints] = []
            for part in parts:
                if isinstance(part, str):
                    columns.append(column[part])
                else:
                    one, other = (column[name] for name in part)
                    columns += [np.minimum(one, other), np.maximum(one, other)]
            keys[some] = hashed(columns)
        return there, keys

    def spark_sql(self) -> tuple[str, str]:
        """The same in Spark's SQL, of the columns of ``records.COLUMNS``: a condition, and an expression of type BIGINT."""
        parts: list[str] = []
        for part in self.parts or self.needs:
            if isinstance(part, str):
                parts.append(_column_sql(part))
            else:
                both = ", ".join(map(_column_sql, part))
                parts += [f"least({both})", f"greatest({both})"]
        # Spark's hash passes over what is missing, so that it is missing is hashed too.
        hashed = ", ".join(f"{part}, {part} IS NULL" for part in parts)
        return " AND ".join(f"{_column_sql(name)} IS NOT NULL" for name in self.needs), f"xxhash64({hashed})"


def _column_sql(name: str) -> str:
    """A column of ``Numbers.column`` in SQL: ``fn_sound_2`` is the two letters at the start of ``fn_sound``."""
    column, _, letters = name.rpartition("_")
    return f"left({column}, {letters})" if letters.isdigit() else name


_DAY = ("born_month", "born_of_month")
_FN, _SN = "fn_sound_3", "sn_sound_3"

KEYS: tuple[Key, ...] = (
    Key("phone", ("ph",)),
    Key("names and year", ("fn", "sn", "born_year")),
    Key("names and sector", ("fn", "sn", "sector")),
    Key("names and day", ("fn", "sn", "born_year"), ("fn", "sn", *_DAY)),
    Key("birth and forename", ("born_day", "fn"), ("born_day", _FN)),
    Key("birth and surname", ("born_day", "sn"), ("born_day", _SN)),
    Key("birth and district", ("born_day", "district")),
    Key("swapped birth", ("born_year", "sn"), ("born_year", _DAY, "sn")),
    Key("sounds and district", ("fn_sound", "sn_sound", "district")),
    Key("swapped names", ("fn", "sn", "born_day"), (("fn", "sn"), "born_day")),
    Key("names and district", ("fn", "sn", "district")),
    Key("names", ("fn", "sn"), (("fn", "sn"),)),
    Key("address and birth", ("ad", "born_day")),
    Key("address and forename", ("ad", "fn"), ("ad", "fn_sound_2")),
    Key("address and surname", ("ad", "sn"), ("ad", "sn_sound_2")),
    Key("surname and postcode", ("sn_sound", "pc")),
    Key("birth", ("born_day",), broad=True),
    Key("home", ("ad",), ("ad", "pc")),
    Key("sounds", ("fn_sound", "sn_sound"), broad=True),
    Key("surname and year", ("sn_sound", "born_year"), broad=True),
    Key("forename and year", ("fn_sound", "born_year"), broad=True),
    Key("surname and day", ("sn", "born_year"), ("sn_sound_2", *_DAY), broad=True),
    Key("forename and day", ("fn", "born_year"), ("fn_sound_2", *_DAY), broad=True),
    Key("starts and month", ("fn", "sn", "born_year"), ("fn_sound_2", "sn_sound_2", "born_year", "born_month"), broad=True),
)


@dataclass(frozen=True)
class Sampled:
    """A key with blocks too large to compare: how many, the records in them, and the pairs possible there."""

    key: str
    blocks: int
    records: int
    pairs: int
    compared: int


@dataclass(frozen=True)
class Found:
    """Distinct pairs of records, ``first`` < ``second``, in order; whether these are all there are; and the keys sampled."""

    first: npt.NDArray[np.int32]
    second: npt.NDArray[np.int32]
    every: bool
    sampled: list[Sampled]


@dataclass(frozen=True)
class Copies:
    """Records that repeat another letter for letter, in order of their numbers, and those that they repeat."""

    number: npt.NDArray[np.int32]
    original: npt.NDArray[np.int32]


def collapse(connection: duckdb.DuckDBPyConnection, table: str) -> Copies:
    """Find records that repeat another of their force letter for letter, and make ``{table}_copies`` (number, original) of them.

    Only records with both names, a birth, and an address or telephone are collapsed; fewer may be two people's.
    """
    same = "force, fn_number, sn_number, born, ad, pc, ph, sex"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table}_copies AS
            WITH known AS (
                SELECT *, hash({same}) AS key FROM {table}
                WHERE fn_number IS NOT NULL AND sn_number IS NOT NULL AND born IS NOT NULL AND (ad IS NOT NULL OR ph IS NOT NULL)
            ), repeated AS (SELECT key FROM known GROUP BY key HAVING count(*) > 1)
            SELECT number, original FROM (
                SELECT number, min(number) OVER (PARTITION BY {same}) AS original FROM known SEMI JOIN repeated USING (key)
            ) WHERE number > original ORDER BY number"""
    )
    found = connection.execute(f"SELECT number, original FROM {table}_copies ORDER BY number").fetchnumpy()
    return Copies(*(np.ma.getdata(found[name]).astype(np.int32) for name in ("number", "original")))


def find_pairs(connection: duckdb.DuckDBPyConnection, table: str, numbers: Numbers, copies: Copies, threads: int = 1) -> Found:
    """The pairs that are compared, of the records that are no copies. The same for every number of ``threads``."""
    original = np.ones(len(numbers), bool)
    original[copies.number] = False
    count = int(original.sum())
    if all_are_compared(count):
        alone = np.flatnonzero(original).astype(np.int32)
        one, other = np.triu_indices(count, 1)
        return Found(alone[one], alone[other], True, [])
    in_order = _by_name(connection, table)
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda key: _of_key(key, numbers, original, count, *in_order), KEYS))
        sampled = [one for _, one in found if one]
        some = [pairs for of_key, _ in found for pairs in of_key]
        del found
        first, second = _distinct(pool, some)
    return Found(first, second, False, sampled)


def all_are_compared(records: int) -> bool:
    """Whether so many records, copies left out, are few enough to compare every one with every other."""
    return records * (records - 1) // 2 <= ALL_PAIRS


def _distinct(pool: Executor, some: list[npt.NDArray[np.int64]]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """All different pairs in order. The list is emptied on the way, so that nothing stands in memory twice."""
    pairs = np.empty(sum(map(len, some)), np.int64)
    end = len(pairs)
    while some:
        part = some.pop()
        pairs[end - len(part) : end] = part
        end -= len(part)
    pairs.sort()
    parts = list(in_turn(slice(0, len(pairs))))

    def new(part: slice) -> npt.NDArray[np.bool_]:
        return np.diff(pairs[part], prepend=pairs[part.start - 1] if part.start else -1) != 0

    counts = [0, *np.cumsum(list(pool.map(lambda part: np.count_nonzero(new(part)), parts)), dtype=int).tolist()]
    first, second = np.empty(counts[-1], np.int32), np.empty(counts[-1], np.int32)

    def put(number: int) -> None:
        there, mine = slice(counts[number], counts[number + 1]), pairs[parts[number]][new(parts[number])]
        first[there], second[there] = mine >> 32, mine & 0xFFFFFFFF

    list(pool.map(put, range(len(parts))))
    return first, second


def _by_name(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[Ints, Ints]:
    """The records in order of names and birth, and each record's place in it."""
    found = connection.execute(
        f"""SELECT number FROM {table}
            ORDER BY sn_number NULLS LAST, fn_number NULLS LAST, born NULLS LAST, hash(ad, ph), number"""
    ).fetchnumpy()["number"]
    place = np.empty(len(found), np.int32)
    place[found] = np.arange(len(found), dtype=np.int32)
    return found, place


def _of_key(
    key: Key, numbers: Numbers, original: npt.NDArray[np.bool_], count: int, by_name: Ints, place_of: Ints
) -> tuple[list[npt.NDArray[np.int64]], Sampled | None]:
    """The pairs of a key, each as one number (the first record's times 2 to the power of 32, plus the second's)."""
    there, keys = key.of(numbers)
    there &= original
    # Sorting numbers is many times faster than sorting their places, so a number holds the start of the key and the record.
    # Of a hundred million pairs of keys a few may share that start: these records are compared too, which does no harm.
    bits = np.uint64(max(len(numbers) - 1, 1).bit_length())
    low = (np.uint64(1) << bits) - np.uint64(1)
    both = keys[there] & ~low | np.flatnonzero(there).astype(np.uint64)
    del keys
    both.sort()
    block = both >> bits
    begins: Ints = np.flatnonzero(np.append(True, block[1:] != block[:-1])) if len(both) else np.zeros(0, np.int64)
    size: Ints = np.diff(np.append(begins, len(both)))
    record = (both & low).astype(np.int64)
    del both, block
    most = cap(key, size, count)
    pairs = list(_within(record, *_only(begins, size, (size > 1) & (size <= most))))
    sampled = sample_of(key, size, most, count)
    if sampled is None:
        return pairs, None
    begins, size = _only(begins, size, size > most)
    near = next_to(key, count)
    if near:
        record = record[np.repeat(begins - np.append(0, np.cumsum(size)[:-1]), size) + np.arange(size.sum())]
        block = np.repeat(np.arange(len(size), dtype=np.uint64), size)
        places = block << bits | place_of[record].astype(np.uint64)
        places.sort()
        record = by_name[(places & low).astype(np.int64)].astype(np.int64)
        pairs += _within(record, np.append(0, np.cumsum(size)[:-1]), size, near)
    return pairs, sampled


def _only(begins: Ints, size: Ints, kept: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    return begins[kept], size[kept]


def _within(record: Ints, begins: Ints, size: Ints, most: int | None = None) -> Iterator[npt.NDArray[np.int64]]:
    """Pairs of the records that stand in blocks one after another, or of each with so many that follow it at most."""
    if not len(size):
        return
    left = np.repeat(size, size) - (np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)) - 1
    place = np.repeat(begins - (np.cumsum(size) - size), size) + np.arange(size.sum())
    step = 0
    while most is None or step < most:
        place, left = place[left > step], left[left > step]
        if not len(place):
            return
        step += 1
        one, other = record[place], record[place + step]
        yield np.minimum(one, other) << 32 | np.maximum(one, other)


def cap(key: Key, size: Ints, records: int, blocks: Ints | None = None) -> int:
    """The largest block that is compared whole, so that the key's pairs stay within its budget.

    ``size`` is each block's number of records; ``blocks`` how many blocks have it, one each where it is left out.
    """
    most = LARGEST_OF_NAME if key.name == "names" else LARGEST_BLOCK
    budget = max(LEAST_BUDGET, records * (BROAD if key.broad else NARROW))
    counts = np.bincount(np.minimum(size, most + 1), blocks, most + 2)[: most + 1]
    sizes = np.arange(most + 1)
    fits = (counts > 0) & (sizes > 1) & (np.cumsum(counts * (sizes * (sizes - 1) // 2)) <= budget)
    return int(sizes[fits].max(initial=1))


def next_to(key: Key, records: int) -> int:
    """With how many that follow it each record of a block over the cap is compared."""
    return NEXT_TO if not key.broad or records <= SAMPLED_BROAD else 0


def sample_of(key: Key, size: Ints, most: int, records: int, blocks: Ints | None = None) -> Sampled | None:
    """What is sampled of a key if any block is larger than ``most``, its cap; ``size`` and ``blocks`` as for ``cap``."""
    large = size > most
    if not large.any():
        return None
    size = size[large].astype(np.int64)
    counts = np.ones(len(size), np.int64) if blocks is None else blocks[large]
    groups, within = int(counts.sum()), int((size * counts).sum())
    return Sampled(
        key.name, groups, within, int((size * (size - 1) // 2 * counts).sum()), (within - groups) * next_to(key, records)
    )
