"""Person records made ready for comparison: names, dates and places in one spelling, of every script."""

import unicodedata

import duckdb
import nicknames
import pandas as pd

PLACEHOLDERS = (
    "unknown", "unk", "notknown", "nk", "notavailable", "notapplicable", "none", "nonegiven", "notgiven", "notprovided",
    "test", "tester", "xxx", "xx", "x", "noname", "anon", "anonymous", "tbc", "tba", "refused", "unnamed",
)  # fmt: skip
"""Names, as letters alone, that say that there is none. People are called Na, Nan and Null, so these are not among them."""
PLACEHOLDER_TEXTS = ("n/a", "n/k", "n.a.", "n.k.", "n.a", "n.k", "#n/a", "<null>", "(null)")
"""The same, as they are written."""
NO_ADDRESS = ("unknown", "notknown", "nofixedabode", "nfa", "noaddress", "none", "na", "nk", "tbc", "test", "homeless")
"""Addresses, as letters and digits alone, that say that there is none."""
FILLER = "1900-01-01"

COLUMNS = (
    "fn", "fn_known", "fn_sound", "fn_sorted", "fn_back", "sn", "sn_sound", "sn_sorted", "sn_back", "born_text", "born_day",
    "ad", "ad_sorted", "pc", "sector", "district", "ph", "sex",
)  # fmt: skip
"""What a record has for comparison: forename, the names that it is short for, its sound, its letters in order and backwards;
the surname likewise; birth as YYYYMMDD and as a day number; address, postcode and its parts; telephone; sex."""

# What spellings and transliterations of one sound come to: like sounds alike, doubled letters once, vowels gone.
_SOUNDS = (
    ("ph", "f"), ("gh", "g"), ("kh", "h"), ("ch", "sh"), ("ck", "k"), ("dj", "j"), ("c", "k"), ("q", "k"), ("z", "s"),
    ("w", "v"), ("y", "i"), ("rn", "m"), ("1", "l"), ("0", "o"), ("5", "s"),
)  # fmt: skip
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
    """Make a table of comparable records from ``persons``: number (from 0, by order of person_id), person_id, force, ``COLUMNS``.

    Placeholders, blanks (no-break, zero-width and ideographic spaces included) and 1900-01-01 are missing.
    """
    _plain_texts(connection, "names", ("forename", "surname"), "", PLACEHOLDERS)
    _plain_texts(connection, "addresses", ("address",), "0-9", NO_ADDRESS)
    letters = connection.execute("SELECT DISTINCT letters AS fn FROM names ORDER BY fn").df()
    connection.register("names_known", _known(letters["fn"]))
    ordered = "array_to_string(list_sort(string_split({0}, '')), '')"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {table} AS
        WITH written AS (
            SELECT person_id, force, forename, surname, address, nullif(date_of_birth, DATE '{FILLER}') AS born,
                   nullif(regexp_replace(upper(postcode), '[^A-Z0-9]', '', 'g'), '') AS pc,
                   nullif(regexp_replace(phone, '[^0-9]', '', 'g'), '') AS digits,
                   CASE WHEN sex IN ('F', 'M') THEN sex END AS sex
            FROM persons
        )
        SELECT row_number() OVER (ORDER BY person_id) - 1 AS number, person_id, force,
               f.letters AS fn, names_known.known::VARCHAR[] AS fn_known, f.sound AS fn_sound,
               {ordered.format("f.letters")} AS fn_sorted, reverse(f.letters) AS fn_back,
               s.letters AS sn, s.sound AS sn_sound, {ordered.format("s.letters")} AS sn_sorted, reverse(s.letters) AS sn_back,
               strftime(born, '%Y%m%d') AS born_text, date_diff('day', DATE '1970-01-01', born)::INTEGER AS born_day,
               a.letters AS ad, {ordered.format("a.letters")} AS ad_sorted, pc,
               left(pc, length(pc) - 2) AS sector, left(pc, length(pc) - 3) AS district,
               CASE WHEN length(replace(substr(digits, 3), substr(digits, 3, 1), '')) > 0 THEN digits END AS ph, sex
        FROM written LEFT JOIN names f ON forename = f.name LEFT JOIN names s ON surname = s.name
             LEFT JOIN addresses a ON address = a.name LEFT JOIN names_known ON names_known.fn = f.letters
        ORDER BY number
        """
    )
    connection.unregister("names_known")
    connection.execute("DROP TABLE names; DROP TABLE addresses")


def _plain_texts(
    connection: duckdb.DuckDBPyConnection, made: str, columns: tuple[str, ...], digits: str, placeholders: tuple[str, ...]
) -> None:
    """A table of each text as it is written and as it is compared: there are far fewer texts than records.

    Those of plain letters are made ready by DuckDB, the rest by Unicode's rules in Python.
    """
    written = " UNION ".join(f"SELECT DISTINCT {column} AS name FROM persons WHERE {column} IS NOT NULL" for column in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE written AS {written}")
    others = connection.execute(f"SELECT name FROM written WHERE NOT {_ASCII.format('name')} ORDER BY name").df()
    others["letters"] = pd.Series([plain(name, bool(digits)) for name in others["name"]], dtype="str")
    connection.register("others", others)
    listed = ", ".join(f"'{name}'" for name in placeholders)
    texts = ", ".join(f"'{name}'" for name in PLACEHOLDER_TEXTS)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {made} AS
            WITH ready AS (
                SELECT name, regexp_replace(lower(name), '[^a-z{digits}]', '', 'g') AS letters FROM written
                WHERE {_ASCII.format("name")}
                UNION ALL SELECT name::VARCHAR, letters::VARCHAR FROM others
            )
            SELECT *, {_sound("letters")} AS sound FROM ready
            WHERE letters <> '' AND letters NOT IN ({listed}) AND lower(trim(name)) NOT IN ({texts})"""
    )
    connection.unregister("others")
    connection.execute("DROP TABLE written")


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


def _known(names: pd.Series) -> pd.DataFrame:
    """For each forename that is a nickname or has one: the full names it may stand for, itself included."""
    namer = nicknames.NickNamer()
    known = {name: sorted({name} | set(namer.canonicals_of(name))) for name in names.tolist()}
    rows = {name: full for name, full in known.items() if len(full) > 1 or namer.nicknames_of(name)}
    return pd.DataFrame({"fn": pd.Series(list(rows), dtype="str"), "known": list(rows.values())})
