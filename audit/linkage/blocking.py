"""Which pairs of records are compared: all of a small set; of a large one those that share a key.

A block is the records that share a key. A block too large to compare is sampled, not ignored: its records are put in order
of names and birth, and each is compared with those next to it. Records that are the same letter for letter are collapsed
into one first, so that no block is large because of them, and none of them is lost.
"""

from dataclasses import dataclass

import duckdb

ALL_PAIRS = 1_000_000
"""Up to so many possible pairs, all are compared."""
LARGEST_BLOCK, LARGEST_OF_NAME = 400, 20
"""Blocks of more records than this are sampled; those of a name alone, which says something only where it is rare, sooner."""
NEXT_TO = 2
"""In a block that is sampled each record is compared with so many that follow it."""
LEAST_BUDGET, NARROW, BROAD = 2_000_000, 3.0, 0.3
"""A key may bring together so many pairs, or so many a record (for narrow and for broad keys) where that is more."""


@dataclass(frozen=True)
class Key:
    """A blocking key: the columns without which it is missing, its SQL, and whether it is broad (many strangers share it)."""

    name: str
    needs: tuple[str, ...]
    sql: str
    broad: bool = False

    @property
    def value(self) -> str:
        """SQL for the hash of the key, null where it is missing."""
        return f"CASE WHEN {' AND '.join(f'{part} IS NOT NULL' for part in self.needs)} THEN hash({self.sql}) END"


_DAY = "right(born_text, 4)"
_YEAR = "left(born_text, 4)"
_SWAPPED_DAY = "least(substr(born_text, 5, 2), right(born_text, 2)), '|', greatest(substr(born_text, 5, 2), right(born_text, 2))"

KEYS: tuple[Key, ...] = (
    Key("phone", ("ph",), "ph"),
    Key("names and year", ("fn", "sn", "born_text"), f"concat(fn, '|', sn, '|', {_YEAR})"),
    Key("names and sector", ("fn", "sn", "sector"), "concat(fn, '|', sn, '|', sector)"),
    Key("names and day", ("fn", "sn", "born_text"), f"concat(fn, '|', sn, '|', {_DAY})"),
    Key("birth and forename", ("born_text", "fn_sound"), "concat(born_text, '|', left(fn_sound, 3))"),
    Key("birth and surname", ("born_text", "sn_sound"), "concat(born_text, '|', left(sn_sound, 3))"),
    Key("birth and district", ("born_text", "district"), "concat(born_text, '|', district)"),
    Key("swapped birth", ("born_text", "sn"), f"concat({_YEAR}, '|', {_SWAPPED_DAY}, '|', sn)"),
    Key("sounds and district", ("fn_sound", "sn_sound", "district"), "concat(fn_sound, '|', sn_sound, '|', district)"),
    Key("swapped names", ("fn", "sn", "born_text"), "concat(least(fn, sn), '|', greatest(fn, sn), '|', born_text)"),
    Key("names and district", ("fn", "sn", "district"), "concat(fn, '|', sn, '|', district)"),
    Key("names", ("fn", "sn"), "concat(least(fn, sn), '|', greatest(fn, sn))"),
    Key("address", ("ad", "pc"), "concat(ad, '|', pc)"),
    Key("address and birth", ("ad", "born_text"), "concat(ad, '|', born_text)"),
    Key("address and forename", ("ad", "fn_sound"), "concat(ad, '|', left(fn_sound, 2))"),
    Key("address and surname", ("ad", "sn_sound"), "concat(ad, '|', left(sn_sound, 2))"),
    Key("surname and postcode", ("sn_sound", "pc"), "concat(sn_sound, '|', pc)"),
    Key("birth", ("born_text",), "born_text", broad=True),
    Key("home", ("ad",), "concat(ad, '|', coalesce(pc, ''))"),
    Key("sounds", ("fn_sound", "sn_sound"), "concat(fn_sound, '|', sn_sound)", broad=True),
    Key("surname and year", ("sn_sound", "born_text"), f"concat(sn_sound, '|', {_YEAR})", broad=True),
    Key("forename and year", ("fn_sound", "born_text"), f"concat(fn_sound, '|', {_YEAR})", broad=True),
    Key("surname and day", ("sn_sound", "born_text"), f"concat(left(sn_sound, 2), '|', {_DAY})", broad=True),
    Key("forename and day", ("fn_sound", "born_text"), f"concat(left(fn_sound, 2), '|', {_DAY})", broad=True),
    Key(
        "starts and month",
        ("fn_sound", "sn_sound", "born_text"),
        "concat(left(fn_sound, 2), '|', left(sn_sound, 2), '|', left(born_text, 6))",
        broad=True,
    ),
)


@dataclass(frozen=True)
class Sampled:
    """A key with blocks too large to compare: how many, the records in them, and the pairs possible there."""

    key: str
    blocks: int
    records: int
    pairs: int
    compared: int


def collapse(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make ``{table}_copies`` (number, original): records that repeat another of their force letter for letter.

    Only records with both names, a birth, and an address or telephone are collapsed; fewer may be two people's.
    """
    same = "force, fn, sn, born_text, ad, pc, ph, sex"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table}_copies AS
            SELECT number, original FROM (
                SELECT number, min(number) OVER (PARTITION BY {same}) AS original FROM {table}
                WHERE fn IS NOT NULL AND sn IS NOT NULL AND born_text IS NOT NULL AND (ad IS NOT NULL OR ph IS NOT NULL)
            ) WHERE number > original ORDER BY number"""
    )


def find_pairs(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[bool, list[Sampled]]:
    """Make ``{table}_pairs`` (first < second, distinct) of the records that are no copies.

    Returns whether these are all possible pairs, and which keys had to be sampled.
    """
    originals = f"(SELECT * FROM {table} ANTI JOIN {table}_copies USING (number))"
    count = connection.execute(f"SELECT count(*) FROM {originals}").fetchall()[0][0]
    if count * (count - 1) // 2 <= ALL_PAIRS:
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE {table}_pairs AS
                SELECT l.number::INTEGER AS first, r.number::INTEGER AS second
                FROM {originals} l JOIN {originals} r ON l.number < r.number"""
        )
        return True, []
    values = ", ".join(f"{key.value} AS k{place}" for place, key in enumerate(KEYS))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table}_keys AS
            SELECT number::INTEGER AS number, hash(fn, sn, born_text, ad, ph) AS alike, fn, sn, born_text, {values} FROM {originals}"""
    )
    sampled, parts = [], []
    for place, key in enumerate(KEYS):
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE {table}_sizes AS
                SELECT k{place} AS value, count(*) AS size FROM {table}_keys WHERE k{place} IS NOT NULL
                GROUP BY k{place} HAVING count(*) > 1"""
        )
        cap = _cap(connection, table, key, count)
        parts.append(
            f"""SELECT l.number AS first, r.number AS second FROM
                (SELECT number, k{place} FROM {table}_keys SEMI JOIN {table}_b{place} s ON s.value = k{place}) l
                JOIN {table}_keys r ON l.k{place} = r.k{place} AND l.number < r.number"""
        )
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}_b{place} AS SELECT value FROM {table}_sizes WHERE size <= {cap}")
        blocks, records, pairs = connection.execute(
            f"""SELECT count(*), coalesce(sum(size), 0), coalesce(sum(size * (size - 1) // 2), 0)
                FROM {table}_sizes WHERE size > {cap}"""
        ).fetchall()[0]
        if not blocks:
            continue
        near = NEXT_TO if not key.broad or count <= LEAST_BUDGET / 4 else 0
        sampled.append(Sampled(key.name, int(blocks), int(records), int(pairs), int(records - blocks) * near))
        if near:
            connection.execute(
                f"""CREATE OR REPLACE TEMP TABLE {table}_n{place} AS
                    WITH inside AS (
                        SELECT number, k{place} AS value, row_number() OVER (
                            PARTITION BY k{place} ORDER BY sn, fn, born_text, alike, number) AS spot
                        FROM {table}_keys JOIN {table}_sizes ON value = k{place} AND size > {cap}
                    )
                    SELECT least(a.number, b.number) AS first, greatest(a.number, b.number) AS second
                    FROM inside a CROSS JOIN range(1, {near + 1}) steps(step)
                    JOIN inside b ON a.value = b.value AND b.spot = a.spot + step"""
            )
            parts.append(f"SELECT first, second FROM {table}_n{place}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table}_pairs AS SELECT DISTINCT first, second FROM ({' UNION ALL '.join(parts)})"
    )
    for place in range(len(KEYS)):
        connection.execute(f"DROP TABLE {table}_b{place}; DROP TABLE IF EXISTS {table}_n{place}")
    connection.execute(f"DROP TABLE {table}_keys; DROP TABLE {table}_sizes")
    return False, sampled


def _cap(connection: duckdb.DuckDBPyConnection, table: str, key: Key, records: int) -> int:
    """The largest block that is compared whole, so that the key's pairs stay within its budget."""
    most = LARGEST_OF_NAME if key.name == "names" else LARGEST_BLOCK
    budget = max(LEAST_BUDGET, records * (BROAD if key.broad else NARROW))
    if key.broad and records * BROAD < LEAST_BUDGET:
        budget = LEAST_BUDGET
    found = connection.execute(
        f"""SELECT max(size) FROM (
                SELECT size, sum(count(*) * size * (size - 1) // 2) OVER (ORDER BY size) AS pairs
                FROM {table}_sizes WHERE size <= {most} GROUP BY size
            ) WHERE pairs <= {budget}"""
    ).fetchall()[0][0]
    return int(found or 1)
