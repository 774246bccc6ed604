"""Person records made ready for comparison: names, dates and places in one spelling, of every script."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate

import duckdb
import nicknames
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synthetic.contract import blanks

FILLER = "1900-01-01"
SIGNED_AT_ONCE = 100_000
"""Texts whose bytes are looked at together."""
NO_HOME = ("homeless", "noaddress")
"""Addresses, as letters alone, that say that there is none, beside the placeholders that all parts share."""

COLUMNS = (
    "fn", "fn_letters", "fn_sound", "fn_back", "fn_first", "fn_last",
    "sn", "sn_letters", "sn_sound", "sn_back", "sn_first", "sn_last",
    "born_text", "born_text_mask", "born_day", "born_year", "born_month", "born_of_month",
    "ad", "ad_letters", "pc", "sector", "district", "ph", "ph_start", "sex",
)  # fmt: skip
"""What a record has for comparison: forename, its sound, backwards, its first and last letter;
the surname likewise; birth as YYYYMMDD, as a day number and in parts; address, postcode and its parts; telephone; sex.
``*_letters`` is the same for texts of the same letters in any order, and ``born_text_mask`` has a bit for each digit that occurs.

What only saves time is not among them: ``*_mask`` has a bit for each Latin letter and digit, ``*_size`` the number of letters,
``born_text_digits`` four bits for each digit, ``ad_first`` the first letter, and ``fn_number`` and ``sn_number`` the names' numbers in the list of all names."""

_OF_NAME = {"": "letters", "_mask": "mask", "_letters": "sorted"} | {
    f"_{name}": name for name in ("sound", "back", "first", "last", "size")
}
# What spellings and transliterations of one sound come to: like sounds alike, doubled letters once, vowels gone.
_SOUNDS = (
    ("ph", "f"), ("gh", "g"), ("kh", "h"), ("ch", "sh"), ("ck", "k"), ("dj", "j"), ("c", "k"), ("q", "k"), ("z", "s"),
    ("w", "v"), ("y", "i"), ("rn", "m"), ("1", "l"), ("0", "o"), ("5", "s"),
)  # fmt: skip
# A bit for each Latin letter and digit, none for other letters, so that a mask never has a letter that the text has not; and a
# random number for each byte, whose sum does not know the order.
_BIT_OF_BYTE = np.array([1 << (b - 97) if 97 <= b < 123 else 1 << (b - 22) if 48 <= b < 58 else 0 for b in range(256)], np.int64)
_NUMBER_OF_BYTE = np.random.default_rng(1).integers(-(2**62), 2**62, 256, np.int64)
_DIGITS = "(" + " | ".join(f"(contains({{0}}, '{digit}')::BIGINT << {digit})" for digit in range(10)) + ")"
# Sixteen to the power of its place for each digit of YYYYMMDD, so that each has four bits.
_BITS = " + ".join(
    f"({part} // {10**place} % 10)::BIGINT * {16 ** (first + place)}"
    for part, first, digits in (("year(born)", 4, 4), ("month(born)", 2, 2), ("day(born)", 0, 2))
    for place in range(digits)
)
_ASCII = "regexp_full_match({0}, '[\\x00-\\x7F]*')"


def plain(text: str, digits: bool = False) -> str:
    """Letters and combining marks alone (and digits), in one normal form and without case; accents of Latin letters fall away.

    >>> plain("O'Brien"), plain("José"), plain("\\uff2a\\uff4f\\uff45"), plain("मीना") == plain("मना")
    ('obrien', 'jose', 'joe', False)
    """
    kept: list[str] = []
    latin = False
    for letter in unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold()):
        kind = unicodedata.category(letter)
        if kind[0] == "M":
            # An accent on a Latin letter is often left out; a vowel sign of another script is part of the name.
            if not latin:
                kept.append(letter)
        elif kind[0] == "L" or (digits and kind == "Nd"):
            latin = unicodedata.name(letter, "").startswith("LATIN")
            kept.append(str(unicodedata.digit(letter)) if kind == "Nd" else letter)
        else:
            latin = False
    return unicodedata.normalize("NFKC", "".join(kept))


def prepare(connection: duckdb.DuckDBPyConnection, table: str = "identity_records") -> None:
    """Make a table of comparable records from ``persons``: number (from 0, by order of person_id), lot (a hash of person_id),
    force, the names' numbers in ``{table}_names``, birth, address, postcode, telephone and sex. ``{table}_fields`` has what of
    ``COLUMNS`` is not of a name, ``{table}_whole`` all of them, and ``{table}_identifiers`` each person_id, in order of the numbers.

    Placeholders, blanks (no-break, zero-width and ideographic spaces included) and 1900-01-01 are missing.
    """
    _names(connection, table)
    others = connection.execute(
        f"SELECT DISTINCT address AS name FROM persons WHERE NOT {_ASCII.format('address')} ORDER BY name"
    ).df()
    others["letters"] = pd.Series([plain(name, True) for name in others["name"]], dtype="str")
    connection.register("identity_others", others)
    none = ", ".join(f"'{word}'" for word in NO_HOME)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE identity_written AS
        WITH written AS (
            SELECT person_id, force, f.number AS fn_number, s.number AS sn_number, nullif(date_of_birth, DATE '{FILLER}') AS born,
                   CASE WHEN {blanks.placeholder_sql("address", "address")} THEN NULL
                        ELSE coalesce(identity_others.letters::VARCHAR, regexp_replace(lower(address), '[^a-z0-9]', '', 'g')) END AS home,
                   nullif(regexp_replace(upper(postcode), '[^A-Z0-9]', '', 'g'), '') AS pc,
                   nullif(regexp_replace(phone, '[^0-9]', '', 'g'), '') AS digits,
                   CASE WHEN sex IN ('F', 'M') THEN sex END AS sex
            FROM persons LEFT JOIN identity_others ON address = identity_others.name
                 LEFT JOIN identity_names f ON forename = f.name LEFT JOIN identity_names s ON surname = s.name
        )
        SELECT person_id, force, fn_number, sn_number, born,
               CASE WHEN home NOT IN ('', {none}) THEN home END AS ad, pc,
               CASE WHEN length(replace(substr(digits, 3), substr(digits, 3, 1), '')) > 0 THEN digits END AS ph, sex
        FROM written ORDER BY person_id, force, fn_number, sn_number, born, home, pc, digits, sex"""
    )
    connection.unregister("identity_others")
    # A table that is made in order has its rows' numbers, and needs no window, which takes three times as long.
    texts = connection.sql("SELECT rowid::INTEGER AS number, ad, ph FROM identity_written").to_arrow_table()
    signed = {"number": texts["number"]}
    threads = threads_of(connection)
    signed |= dict(zip(("ad_letters", "ad_mask"), signatures(texts["ad"], threads), strict=True))
    signed["ph_mask"] = signatures(texts["ph"], threads)[1]
    connection.register("identity_signed", pa.table(signed))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table} AS
            SELECT number, hash(person_id) AS lot, force, fn_number, sn_number, born, ad, ad_mask, ad_letters, pc, ph, ph_mask, sex
            FROM identity_written w JOIN identity_signed ON number = w.rowid"""
    )
    connection.unregister("identity_signed")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}_identifiers AS SELECT person_id FROM identity_written")
    connection.execute("DROP TABLE identity_names; DROP TABLE identity_written")
    _days(connection, table)
    names = ", ".join(f"{field}.{field}{name}" for field in ("fn", "sn") for name in _OF_NAME)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW {table}_fields AS
        SELECT r.*, d.* EXCLUDE (born), length(ad)::INTEGER AS ad_size, left(ad, 1) AS ad_first,
               left(pc, length(pc) - 2) AS sector, left(pc, length(pc) - 3) AS district,
               length(ph)::INTEGER AS ph_size, left(ph, 3) AS ph_start
        FROM {table} r LEFT JOIN {table}_days d USING (born);
        CREATE OR REPLACE TEMP VIEW {table}_whole AS SELECT r.*, {names} FROM {table}_fields r
        LEFT JOIN {table}_names fn ON fn.number = fn_number LEFT JOIN {table}_names sn ON sn.number = sn_number
        """
    )


def _days(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """``{table}_days``: each date of birth (born) once, with what is compared of it; there are far fewer than records."""
    text = "strftime(born, '%Y%m%d')"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table}_days AS
            SELECT born, {text} AS born_text, {_DIGITS.format(text)} AS born_text_mask, {_BITS} AS born_text_digits,
                   date_diff('day', DATE '1970-01-01', born)::INTEGER AS born_day, year(born)::SMALLINT AS born_year,
                   month(born)::SMALLINT AS born_month, day(born)::SMALLINT AS born_of_month
            FROM (SELECT DISTINCT born FROM {table} WHERE born IS NOT NULL)"""
    )


def threads_of(connection: duckdb.DuckDBPyConnection) -> int:
    """How many threads the connection's work may take."""
    return int(connection.execute("SELECT current_setting('threads')").fetchall()[0][0])


def signatures(texts: pa.ChunkedArray, threads: int = 1) -> tuple[pa.Array, pa.Array]:
    """For each text a number that is the same for all texts of the same letters, and a mask with a bit for each Latin letter
    and digit.

    >>> letters, mask = signatures(pa.chunked_array([["anna", "nana", None]]))
    >>> letters[0] == letters[1], mask[0].as_py(), mask[2].as_py()
    (True, 8193, None)
    """
    letters, mask, there = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64), np.zeros(len(texts), bool)

    def sign(batch: pa.RecordBatch, begin: int) -> None:
        array = batch["text"].cast(pa.large_string())
        part = slice(begin, begin + len(array))
        there[part] = np.asarray(array.is_valid()) & (np.asarray(pc.binary_length(array).fill_null(0)) > 0)
        kept = array.filter(pa.array(there[part]))
        if len(kept):
            offsets = np.frombuffer(kept.buffers()[1], np.int64)[kept.offset : kept.offset + len(kept) + 1]
            data = np.frombuffer(kept.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
            starts = offsets[:-1] - offsets[0]
            letters[part][there[part]] = np.add.reduceat(_NUMBER_OF_BYTE[data], starts)
            mask[part][there[part]] = np.bitwise_or.reduceat(_BIT_OF_BYTE[data], starts)

    batches = pa.table({"text": texts}).to_batches(SIGNED_AT_ONCE)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(sign, batches, accumulate(map(len, batches), initial=0)))
    return pa.array(letters, mask=~there), pa.array(mask, mask=~there)


def _names(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """``identity_names``: each name as it is written and as it is compared: there are far fewer names than records. And
    ``{table}_nicknames`` (one, other): the names that may stand for the same full name; and ``{table}_names``: each name as it is
    compared, once, with its number and what is compared of it as a forename and as a surname.

    Those of plain letters are made ready by DuckDB, the rest by Unicode's rules in Python.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE identity_spelt AS
           SELECT DISTINCT forename AS name FROM persons WHERE forename IS NOT NULL
           UNION SELECT DISTINCT surname FROM persons WHERE surname IS NOT NULL"""
    )
    others = connection.execute(f"SELECT name FROM identity_spelt WHERE NOT {_ASCII.format('name')} ORDER BY name").df()
    others["letters"] = pd.Series([plain(name) for name in others["name"]], dtype="str")
    connection.register("identity_others", others)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE identity_names AS
            WITH ready AS (
                SELECT name, regexp_replace(lower(name), '[^a-z]', '', 'g') AS letters FROM identity_spelt
                WHERE {_ASCII.format("name")} AND NOT {blanks.placeholder_sql("name", "name")}
                UNION ALL SELECT name::VARCHAR, letters::VARCHAR FROM identity_others
                WHERE NOT {blanks.placeholder_sql("name::VARCHAR", "name")}
            )
            SELECT *, {_sound("letters")} AS sound, reverse(letters) AS back, left(letters, 1) AS first, right(letters, 1) AS last,
                   length(letters)::INTEGER AS size
            FROM ready WHERE letters <> ''"""
    )
    connection.unregister("identity_others")
    distinct = connection.sql("SELECT DISTINCT letters FROM identity_names ORDER BY letters").to_arrow_table()
    nicknamed = _nicknames(distinct["letters"].to_pylist())
    connection.register("identity_nicknamed", nicknamed)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}_nicknames AS SELECT * FROM identity_nicknamed")
    connection.unregister("identity_nicknamed")
    letters, mask = signatures(distinct["letters"])
    numbers = pa.array(np.arange(len(distinct)), pa.int32())
    connection.register(
        "identity_letters", pa.table({"letters": distinct["letters"], "sorted": letters, "mask": mask, "number": numbers})
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE identity_names AS SELECT * FROM identity_names JOIN identity_letters USING (letters)"
    )
    connection.unregister("identity_letters")
    both = ", ".join(f"{column} AS {field}{name}" for field in ("fn", "sn") for name, column in _OF_NAME.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}_names AS SELECT DISTINCT number, {both} FROM identity_names")
    connection.execute("DROP TABLE identity_spelt")


def _sound(column: str) -> str:
    """SQL for the sound of a name: first letter, then consonants once each."""
    sql = column
    for old, new in _SOUNDS:
        sql = f"replace({sql}, '{old}', '{new}')"
    consonants = f"regexp_replace(substr({sql}, 2), '[aeiouh]', '', 'g')"
    # DuckDB's regular expressions know no reference back, so doubled letters are taken out one by one.
    for letter in "bdfgjklmnprstvx":
        consonants = f"replace({consonants}, '{letter}{letter}', '{letter}')"
    return f"concat(left({sql}, 1), {consonants})"


def _nicknames(names: list[str]) -> pa.Table:
    """Pairs of different names, both ways, that may stand for the same full name: columns one and other."""
    namer = nicknames.NickNamer()
    short_for: dict[str, set[str]] = {}
    for name in names:
        for full in {name} | set(namer.canonicals_of(name)):
            short_for.setdefault(full, set()).add(name)
    pairs = sorted({(one, other) for group in short_for.values() for one in group for other in group if one != other})
    return pa.table(
        {"one": pa.array([one for one, _ in pairs], pa.string()), "other": pa.array([b for _, b in pairs], pa.string())}
    )
