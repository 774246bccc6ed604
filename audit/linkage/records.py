"""Person records made ready for comparison: names, dates and places in one spelling, and the keys that bring pairs together."""

import duckdb
import nicknames
import pandas as pd

PLACEHOLDERS = ("unknown", "notknown", "nk", "na", "none", "null", "nil", "test", "xxx", "xx", "x", "noname", "anon", "tbc")
"""Names that say that there is none; treated as missing."""
FILLER = "1900-01-01"
LARGEST_BLOCK = 150
"""A key that more records than this share brings no pairs together, so that their number grows with the records only."""
LARGEST_OF_NAME = 20
"""And so for the name alone, which tells something only where it is rare."""

# Accents and case fall away, and everything that is not a letter: O'Brien, OBRIEN and Obrien are one surname.
_LETTERS = "nullif(regexp_replace(lower(strip_accents({0})), '[^\\p{{L}}]', '', 'g'), '')"
# What spellings and transliterations of one sound come to: like sounds alike, doubled letters once, vowels gone.
_SOUNDS = (
    ("ph", "f"), ("gh", "g"), ("kh", "h"), ("ch", "sh"), ("ck", "k"), ("dj", "j"), ("c", "k"), ("q", "k"), ("z", "s"),
    ("w", "v"), ("y", "i"), ("rn", "m"), ("1", "l"), ("0", "o"), ("5", "s"),
)  # fmt: skip

KEYS: dict[str, tuple[tuple[str, ...], str]] = {
    "by_phone": (("ph",), "ph"),
    "by_name_and_year": (("fn", "sn", "born"), "concat(fn, '|', sn, '|', year(born))"),
    "by_name_and_sector": (("fn", "sn", "sector"), "concat(fn, '|', sn, '|', sector)"),
    "by_name_and_day": (("fn", "sn", "born"), "concat(fn, '|', sn, '|', month(born), '|', day(born))"),
    "by_birth_and_forename": (("born", "fn_sound"), "concat(born, '|', left(fn_sound, 3))"),
    "by_birth_and_surname": (("born", "sn_sound"), "concat(born, '|', left(sn_sound, 3))"),
    "by_birth_and_district": (("born", "district"), "concat(born, '|', district)"),
    "by_swapped_birth": (
        ("born", "sn"),
        "concat(year(born), '|', least(month(born), day(born)), '|', greatest(month(born), day(born)), '|', sn)",
    ),
    "by_sound_and_district": (("fn_sound", "sn_sound", "district"), "concat(fn_sound, '|', sn_sound, '|', district)"),
    "by_swapped_names": (("fn", "sn", "born"), "concat(least(fn, sn), '|', greatest(fn, sn), '|', born)"),
    "by_name_and_district": (("fn", "sn", "district"), "concat(fn, '|', sn, '|', district)"),
    "by_name": (("fn", "sn"), "concat(least(fn, sn), '|', greatest(fn, sn))"),
    "by_address": (("ad", "pc"), "concat(ad, '|', pc)"),
    "by_address_and_birth": (("ad", "born"), "concat(ad, '|', born)"),
    "by_address_and_forename": (("ad", "fn_sound"), "concat(ad, '|', left(fn_sound, 2))"),
    "by_address_and_surname": (("ad", "sn_sound"), "concat(ad, '|', left(sn_sound, 2))"),
    "by_surname_and_postcode": (("sn_sound", "pc"), "concat(sn_sound, '|', pc)"),
}
"""The blocking keys: a pair is compared when it shares one. Each has the fields without which it is missing, and its SQL."""

COLUMNS = ("fn", "fn_known", "fn_sound", "sn", "sn_sound", "born", "born_text", "ad", "pc", "sector", "district", "ph", "sex")
"""What a record has for comparison: forename, the names it is short for, and its sound; surname and sound; birth; place; …"""


def prepare(connection: duckdb.DuckDBPyConnection, table: str = "identity_records") -> None:
    """Make a table of comparable records from ``persons``: number (from 0, by order of person_id), person_id, force,
    ``COLUMNS`` and ``KEYS``.

    Placeholder names and 1900-01-01 are missing. Keys shared by more than ``LARGEST_BLOCK`` records are missing too.
    """
    placeholders = ", ".join(f"'{name}'" for name in PLACEHOLDERS)
    # There are far fewer names than records, so each is made ready once.
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE names AS
            WITH written AS (SELECT forename AS name FROM persons UNION SELECT surname FROM persons),
                 plain AS (SELECT name, {_LETTERS.format("name")} AS letters FROM written WHERE name IS NOT NULL)
            SELECT name, letters, {_sound("letters")} AS sound FROM plain
            WHERE letters IS NOT NULL AND letters NOT IN ({placeholders})"""
    )
    letters = connection.execute("SELECT DISTINCT letters AS fn FROM names").df()
    connection.register("names_known", _known(letters["fn"]))
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {table}_plain AS
        WITH written AS (
            SELECT person_id, force, forename, surname, nullif(date_of_birth, DATE '{FILLER}') AS born,
                   nullif(regexp_replace(lower(strip_accents(address)), '[^\\p{{L}}\\d]', '', 'g'), '') AS ad,
                   nullif(regexp_replace(upper(postcode), '[^A-Z0-9]', '', 'g'), '') AS pc,
                   nullif(regexp_replace(phone, '[^0-9]', '', 'g'), '') AS ph,
                   CASE WHEN sex IN ('F', 'M') THEN sex END AS sex
            FROM persons
        )
        SELECT person_id, force, f.letters AS fn, names_known.known::VARCHAR[] AS fn_known, f.sound AS fn_sound,
               s.letters AS sn, s.sound AS sn_sound,
               born, strftime(born, '%Y%m%d') AS born_text, ad, pc, left(pc, length(pc) - 2) AS sector,
               left(pc, length(pc) - 3) AS district, ph, sex
        FROM written LEFT JOIN names f ON forename = f.name LEFT JOIN names s ON surname = s.name
             LEFT JOIN names_known ON names_known.fn = f.letters
        """
    )
    keys = ", ".join(
        f"CASE WHEN {' AND '.join(f'{part} IS NOT NULL' for part in parts)} THEN hash({sql}) END AS {key}"
        for key, (parts, sql) in KEYS.items()
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}_keyed AS SELECT *, {keys} FROM {table}_plain")
    connection.execute(f"DROP TABLE {table}_plain")
    kept, joins = [], []
    for key in KEYS:
        most = LARGEST_OF_NAME if key == "by_name" else LARGEST_BLOCK
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE many_{key} AS
                SELECT {key} AS value FROM {table}_keyed WHERE {key} IS NOT NULL GROUP BY {key} HAVING count(*) > {most}"""
        )
        if connection.execute(f"SELECT count(*) FROM many_{key}").fetchall()[0][0]:
            kept.append(f"CASE WHEN many_{key}.value IS NULL THEN {key} END AS {key}")
            joins.append(f"LEFT JOIN many_{key} ON many_{key}.value = {key}")
    replaced = f"REPLACE ({', '.join(kept)})" if kept else ""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table} AS
            WITH numbers AS (SELECT rowid AS place, row_number() OVER (ORDER BY person_id) - 1 AS number FROM {table}_keyed)
            SELECT number, {table}_keyed.* {replaced}
            FROM {table}_keyed JOIN numbers ON place = {table}_keyed.rowid {" ".join(joins)}"""
    )
    for name in ("names", f"{table}_keyed", *(f"many_{key}" for key in KEYS)):
        connection.execute(f"DROP TABLE {name}")


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
