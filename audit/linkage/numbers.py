"""Person records as numbers: most of what is asked of two records needs no text to be read."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.linkage.comparisons import Ints
from audit.linkage.conditions import MISSING
from audit.statistics import ranks

ROWS = 1_000_000
DAYS = 1_000_000
"""Days are counted from so many before 1970, so that none of them is the number of a missing one."""
STARTS = (2, 3)
"""Of a name's sound, so many letters at the start are looked at too."""

# What stands for each column of a record: numbers themselves, a number in a list, or a hash.
_NUMBERS = {
    "fn": ("fn_number", "i4"), "sn": ("sn_number", "i4"),
    "born_day": (f"born_day + {DAYS}", "i4"), "born_text_digits": ("born_text_digits", "u4"), "born_year": ("born_year", "i2"),
    "born_text_mask": ("born_text_mask", "i2"), "born_month": ("born_month", "i1"), "born_of_month": ("born_of_month", "i1"),
    "sex": ("CASE sex WHEN 'F' THEN 0 WHEN 'M' THEN 1 END", "i1"),
    "ad_first": ("unicode(ad_first)", "i4"), "ad_size": ("ad_size", "i4"), "ph_size": ("ph_size", "i4"),
    "ad_mask": ("ad_mask", "i8"), "ad_letters": ("ad_letters", "i8"), "ph_mask": ("ph_mask", "i8"),
}  # fmt: skip
_HASHED = ("ad", "ph", "ph_start", "pc", "sector", "district")
RECORD = np.dtype([(name, kind) for name, (_, kind) in _NUMBERS.items()] + [(name, "i8") for name in _HASHED], align=True)
"""What a record has as numbers; by the names of ``records.COLUMNS``."""


@dataclass(frozen=True)
class Numbers:
    """All records of the table that ``records.prepare`` made, in order of their numbers, and the list of all names."""

    records: npt.NDArray[np.void]
    """Shape (records,), of type ``RECORD``; ``MISSING`` stands for a missing value."""
    names: dict[str, Ints]
    """By name: size, mask, letters, first and last, as in ``records.COLUMNS``; its sound, as ``sound``, and its start of so many
    letters as ``STARTS``, as ``sound_2``; and whether it may stand for another name, as ``nickname``."""

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, table: str) -> "Numbers":
        """Read the table."""
        missing = f"{2**64 + MISSING}::UBIGINT"
        plain = ", ".join(f"coalesce({sql}, {MISSING}) AS {name}" for name, (sql, _) in _NUMBERS.items())
        hashed = ", ".join(f"CASE WHEN {name} IS NULL THEN {missing} ELSE hash({name}) END AS {name}" for name in _HASHED)
        records = np.zeros(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0], RECORD)
        for batch in connection.sql(f"SELECT number, {plain}, {hashed} FROM {table}_fields").to_arrow_reader(ROWS):
            number = batch["number"].to_numpy()
            for name in _NUMBERS:
                records[name][number] = batch[name].to_numpy(zero_copy_only=False)
            for name in _HASHED:
                records[name][number] = batch[name].to_numpy().view(np.int64)
        found = connection.execute(
            f"""SELECT fn_size AS size, fn_mask AS mask, fn_letters AS letters, unicode(fn_first) AS first, unicode(fn_last) AS last,
                       fn_sound, CASE WHEN fn IN (SELECT one FROM {table}_nicknames) THEN 1 ELSE {MISSING} END AS nickname
                FROM {table}_names ORDER BY number"""
        ).df()
        names: dict[str, Ints] = {"sound": pd.factorize(found["fn_sound"])[0]}
        names |= {f"sound_{size}": pd.factorize(found["fn_sound"].str.slice(0, size))[0] for size in STARTS}
        return cls(records, names | {name: found[name].to_numpy(np.int64) for name in found if name != "fn_sound"})

    def __len__(self) -> int:
        return len(self.records)

    def values(self, threads: int = 1) -> dict[str, Ints]:
        """Each record's value by field whose rarity counts, as a number from 1 on, 0 where missing; names share their numbers."""
        values: dict[str, Ints] = {name: self.records[column] + 1 for name, column in (("forename", "fn"), ("surname", "sn"))}

        def ranked(column: str) -> Ints:
            number = np.ascontiguousarray(self.records[column])
            return np.where(number == MISSING, 0, ranks(number) + 1).astype(np.int32)

        with ThreadPoolExecutor(threads) as pool:
            return values | dict(zip(("date_of_birth", "place", "phone"), pool.map(ranked, ("born_day", "ad", "ph")), strict=True))

    def column(self, name: str, some: slice = slice(None)) -> Ints:
        """A column of some records by its name; sounds as ``fn_sound``, or ``fn_sound_2`` for the two letters at their start."""
        if "_sound" not in name:
            return np.ascontiguousarray(self.records[name][some])
        field, _, column = name.partition("_")
        number, sounds = self.records[field][some], self.names[column]
        return np.where(number == MISSING, MISSING, sounds[number]) if len(sounds) else np.full(len(number), MISSING, np.int64)


def hashed(columns: list[Ints]) -> npt.NDArray[np.uint64]:
    """One number for the values of these columns at each place: the same for the same values, and else another."""
    total = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        total ^= column.astype(np.int64).view(np.uint64)
        total *= np.uint64(0x9E3779B97F4A7C15)
        total ^= total >> np.uint64(29)
        total *= np.uint64(0xBF58476D1CE4E5B9)
        total ^= total >> np.uint64(32)
    return total
