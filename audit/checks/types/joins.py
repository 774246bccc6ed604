"""Columns that checks bring from other tables, each join made once for all checks that use it."""

import narwhals as nw

from audit.blanks import blank
from audit.checks.types.base import Frame, Join, is_one_of
from audit.engines import ALL_ROWS, KEYS, LINKS, ON_RECORD, Frames, grouped_by
from synthetic.contract import TABLES

COUNTED = ("suspects", "victims", "partners", "strangers")
"""Numbers of a crime's links, by role and relationship."""
MANY = 10
"""Links as suspect from which a person record's number is looked up."""


def with_blanks(frame: Frame, table: str) -> Frame:
    """The table with a column ``blank_…`` for each text field: null, or nothing that can be seen; once for all checks."""
    fields = [field.name for field in TABLES[table].fields if field.kind == "string"]
    return frame.with_columns(**{f"blank_{field}": blank(field) for field in fields})


def counted_on(table: str, all_rows: bool = False) -> str:
    """The frame of a table as it is, without what was joined to it: that must not be computed a second time."""
    if all_rows:
        return ALL_ROWS.get(table, table)
    return LINKS if table == "involvements" else table


def often(table: str, key: tuple[str, ...], most: int, all_rows: bool = False) -> tuple[str, Join]:
    """The column of how many rows share a key, where more than ``most`` do, and the join that brings it."""
    column = f"rows_of_{'_'.join(key)}_{most}{'_of_all' if all_rows else ''}"

    def join(frame: Frame, frames: Frames) -> Frame:
        # Only keys that many share are joined back, as a rule few: a window over all rows is slow.
        columns = keys = [KEYS.get(name, name) for name in key]
        if (table, columns) == ("persons", ["person_key"]):
            counted = frames[ON_RECORD].select("person_key", nw.col("rows").alias(column))
        else:
            frame, keys = grouped_by(frame, columns)
            every, _ = grouped_by(frames[counted_on(table, all_rows)], columns)
            counted = every.group_by(*keys).agg(nw.len().alias(column))
        counts = counted.filter(nw.col(column) > most)
        return frame.join(counts, on=keys, how="left")

    return column, (column, join)


def first_of(table: str, key: tuple[str, ...], keep: str, all_rows: bool = False) -> tuple[str, Join]:
    """The column of the smallest ``keep`` of the rows that share a key, where several do, and the join that brings it."""
    column, number = f"first_{keep}_of_{'_'.join(key)}", f"rows_with_{keep}_of_{'_'.join(key)}"

    def join(frame: Frame, frames: Frames) -> Frame:
        frame, keys = grouped_by(frame, list(key))
        every, _ = grouped_by(frames[counted_on(table, all_rows)], list(key))
        counts = every.group_by(*keys).agg(nw.len().alias(number), nw.col(keep).min().alias(column)).filter(nw.col(number) > 1)
        return frame.join(counts, on=keys, how="left")

    return column, (column, join)


def known(field: str, other: str) -> Join:
    """Whether the row of another table that ``field`` names is there (``…_known``), and its force (``…_force``)."""

    def join(frame: Frame, frames: Frames) -> Frame:
        # Grouped, as engines number the rows of every group to keep one.
        key = KEYS.get(field, field)
        if other == "persons":
            there = frames[ON_RECORD].select(key, nw.col("force").alias(f"{other}_force"))
        else:
            there = frames[other].group_by(key).agg(nw.col("force").min().alias(f"{other}_force"))
        return frame.join(there.with_columns(nw.lit(True).alias(f"{other}_known")), on=key, how="left")

    return other, join


def _links_of_crime(frame: Frame, frames: Frames) -> Frame:
    """Numbers of a crime's links as suspect and victim that lead to a person record, and of links by relationship."""
    there = frames[ON_RECORD].select("person_key", on_record=nw.lit(True))
    links, linked = frames[LINKS].join(there, on="person_key", how="left"), nw.col("on_record").fill_null(False)
    flags = {
        "suspects": (nw.col("role") == "suspect").fill_null(False) & linked,
        "victims": (nw.col("role") == "victim").fill_null(False) & linked,
        "partners": is_one_of(nw.col("relationship"), ("partner", "ex_partner")).fill_null(False),
        "strangers": (nw.col("relationship") == "stranger").fill_null(False),
    }
    counted = links.select("crime_key", **{name: flag.cast(nw.Int64) for name, flag in flags.items()})
    return frame.join(counted.group_by("crime_key").agg(*(nw.col(name).sum() for name in flags)), on="crime_key", how="left")


def _crimes_of_person(frame: Frame, frames: Frames) -> Frame:
    """How many links to a person record as suspect there are (``as_suspect``); only of those that have more than a few."""
    suspects = frames[LINKS].filter(nw.col("role") == "suspect", ~nw.col("person_key").is_null())
    counted = suspects.group_by("person_key").agg(nw.len().alias("as_suspect")).filter(nw.col("as_suspect") > MANY)
    return frame.join(counted, on="person_key", how="left")


LINKS_OF_CRIME: Join = ("links", _links_of_crime)
CRIMES_OF_PERSON: Join = ("crimes of person", _crimes_of_person)
