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
LEAST_BUDGET, NARROW, BROAD = 500_000, 1.0, 0.1
"""A key may bring together so many pairs, or so many a record (for narrow and for broad keys) where that is more."""
SAMPLED_BROAD = 200_000
"""Up to so many records, the large blocks of broad keys are sampled too: of more, other keys find these pairs."""


@dataclass(frozen=True)
class Key:
    """A blocking key: the columns without which it is missing, and whether it is broad (many strangers share it).

    Its parts are those columns, or the SQL of ``parts`` where it is not these alone.
    """

    name: str
    needs: tuple[str, ...]
    parts: tuple[str, ...] = ()
    broad: bool = False

    @property
    def value(self) -> str:
        """SQL for the hash of the key, null where it is missing."""
        there = " AND ".join(f"{part} IS NOT NULL" for part in self.needs)
        return f"CASE WHEN {there} THEN hash({', '.join(self.parts or self.needs)}) END"


_DAY = "born_month * 100 + born_of_month"
_YEAR = "born_year"
_FN, _SN = "left(fn_sound, 3)", "left(sn_sound, 3)"
_EITHER_DAY = ("least(born_month, born_of_month)", "greatest(born_month, born_of_month)")
_EITHER_NAME = ("least(fn, sn)", "greatest(fn, sn)")

KEYS: tuple[Key, ...] = (
    Key("phone", ("ph",)),
    Key("names and year", ("fn", "sn", _YEAR)),
    Key("names and sector", ("fn", "sn", "sector")),
    Key("names and day", ("fn", "sn", _YEAR), ("fn", "sn", _DAY)),
    Key("birth and forename", ("born_day", "fn_sound"), ("born_day", _FN)),
    Key("birth and surname", ("born_day", "sn_sound"), ("born_day", _SN)),
    Key("birth and district", ("born_day", "district")),
    Key("swapped birth", (_YEAR, "sn"), (_YEAR, *_EITHER_DAY, "sn")),
    Key("sounds and district", ("fn_sound", "sn_sound", "district")),
    Key("swapped names", ("fn", "sn", "born_day"), (*_EITHER_NAME, "born_day")),
    Key("names and district", ("fn", "sn", "district")),
    Key("names", ("fn", "sn"), _EITHER_NAME),
    Key("address and birth", ("ad", "born_day")),
    Key("address and forename", ("ad", "fn_sound"), ("ad", "left(fn_sound, 2)")),
    Key("address and surname", ("ad", "sn_sound"), ("ad", "left(sn_sound, 2)")),
    Key("surname and postcode", ("sn_sound", "pc")),
    Key("birth", ("born_day",), broad=True),
    Key("home", ("ad",), ("ad", "coalesce(pc, '')")),
    Key("sounds", ("fn_sound", "sn_sound"), broad=True),
    Key("surname and year", ("sn_sound", _YEAR), broad=True),
    Key("forename and year", ("fn_sound", _YEAR), broad=True),
    Key("surname and day", ("sn_sound", _YEAR), ("left(sn_sound, 2)", _DAY), broad=True),
    Key("forename and day", ("fn_sound", _YEAR), ("left(fn_sound, 2)", _DAY), broad=True),
    Key(
        "starts and month",
        ("fn_sound", "sn_sound", _YEAR),
        ("left(fn_sound, 2)", "left(sn_sound, 2)", _YEAR, "born_month"),
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
                SELECT l.number AS first, r.number AS second
                FROM {originals} l JOIN {originals} r ON l.number < r.number"""
        )
        return True, []
    values = ", ".join(f"{key.value} AS k{place}" for place, key in enumerate(KEYS))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table}_keys AS
            SELECT number, hash(fn, sn, born_text, ad, ph) AS alike, {values} FROM {originals}"""
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}_found (pair BIGINT)")
    pair = "least(a.number, b.number)::BIGINT << 32 | greatest(a.number, b.number)"
    sampled = []
    for place, key in enumerate(KEYS):
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE {table}_sizes AS
                SELECT k{place} AS value, count(*)::INTEGER AS size FROM {table}_keys WHERE k{place} IS NOT NULL
                GROUP BY k{place} HAVING count(*) > 1"""
        )
        cap = _cap(connection, table, key, count)
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE {table}_block AS SELECT number, value, size FROM {table}_keys
                JOIN {table}_sizes ON value = k{place}"""
        )
        connection.execute(
            f"""INSERT INTO {table}_found SELECT {pair} FROM {table}_block a JOIN {table}_block b
                ON a.value = b.value AND a.number < b.number WHERE a.size <= {cap} AND b.size <= {cap}"""
        )
        blocks, records, pairs = connection.execute(
            f"""SELECT count(*), coalesce(sum(size), 0), coalesce(sum(size::BIGINT * (size - 1) // 2), 0)
                FROM {table}_sizes WHERE size > {cap}"""
        ).fetchall()[0]
        if not blocks:
            continue
        near = NEXT_TO if not key.broad or count <= SAMPLED_BROAD else 0
        sampled.append(Sampled(key.name, int(blocks), int(records), int(pairs), int(records - blocks) * near))
        if near:
            connection.execute(
                f"""INSERT INTO {table}_found
                    WITH inside AS (
                        SELECT number, value, row_number() OVER (PARTITION BY value ORDER BY sn, fn, born_text, alike, number) AS spot
                        FROM {table}_block JOIN (SELECT number, fn, sn, born_text FROM {table}) USING (number)
                        JOIN (SELECT number, alike FROM {table}_keys) USING (number) WHERE size > {cap}
                    )
                    SELECT {pair} FROM inside a CROSS JOIN range(1, {near + 1}) steps(step)
                    JOIN inside b ON a.value = b.value AND b.spot = a.spot + step"""
            )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table}_pairs AS
            SELECT (pair >> 32)::INTEGER AS first, (pair & 4294967295)::INTEGER AS second FROM (SELECT DISTINCT pair FROM {table}_found)"""
    )
    connection.execute(f"DROP TABLE {table}_keys; DROP TABLE {table}_sizes; DROP TABLE {table}_block; DROP TABLE {table}_found")
    return False, sampled


def _cap(connection: duckdb.DuckDBPyConnection, table: str, key: Key, records: int) -> int:
    """The largest block that is compared whole, so that the key's pairs stay within its budget."""
    most = LARGEST_OF_NAME if key.name == "names" else LARGEST_BLOCK
    budget = max(LEAST_BUDGET, records * (BROAD if key.broad else NARROW))
    found = connection.execute(
        f"""SELECT max(size) FROM (
                SELECT size, sum(count(*) * size::BIGINT * (size - 1) // 2) OVER (ORDER BY size) AS pairs
                FROM {table}_sizes WHERE size <= {most} GROUP BY size
            ) WHERE pairs <= {budget}"""
    ).fetchall()[0][0]
    return int(found or 1)
