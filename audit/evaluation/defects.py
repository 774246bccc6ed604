"""The checks held against the ledger: of each kind of defect, how many were put in, seen, missed and wrongly told."""

import dataclasses

import duckdb
import pandas as pd
from pydantic import BaseModel, ConfigDict

from audit.checks.catalogue import BLIND_SPOTS, Check, catalogue
from audit.checks.run import Context, failing
from audit.engines import duckdb_frames
from synthetic.contract import TABLES

LINKAGE, GAPS = "duplicate identities", "reporting gaps"

SEEN_BY: dict[str, tuple[str, ...]] = {
    "late": ("delay.crimes.1_day", "delay.crimes.3_days", "delay.crimes.7_days", "delay.crimes.30_days"),
    "recorded_twice": ("same_event_twice.crimes",),
    "january_filler": (
        "heaping.persons.date_of_birth_1_january", "impossible_date.persons.date_of_birth", "range.persons.age_at_record",
    ),
    "sex_unknown": ("unknown_code.persons.sex",),
    "service_phone": ("shared_value.persons.phone",),
    "placeholder_name": ("placeholder.persons.forename", "placeholder.persons.surname"),
    "scanned_text": ("pattern.persons.forename", "pattern.persons.surname"),
    "suspect_not_linked": ("required_when.suspect_linked", "contradiction.crimes.charged_without_link"),
    "victim_not_linked": ("cardinality.crimes.no_victim",),
    "orphan": ("key_orphaned.involvements.person_id",),
    "involvement_twice": ("key_twice.involvements",),
    "retired_code": ("code_not_in_list.crimes.offence_code",),
    "invalid_code": ("code_not_in_list.crimes.offence_code",),
    "domestic_abuse_wrong": ("required_when.partner_is_domestic_abuse", "contradiction.crimes.stranger_and_domestic_abuse"),
    "date_swapped": (
        "impossible_date.crimes.reported_on", "impossible_date.crimes.occurred_on", "delay.crimes.30_days",
        "contradiction.crimes.outcome_before_report",
    ),
    "date_defaulted": ("impossible_date.crimes.occurred_on", "heaping.crimes.occurred_on_is_day_of_record"),
    "date_out_of_order": ("impossible_date.crimes.occurred_on", "contradiction.crimes.recorded_before_occurrence"),
    "date_in_future": ("impossible_date.crimes.reported_on", "contradiction.crimes.outcome_before_report"),
    "date_1900": ("impossible_date.crimes.occurred_on", "range.crimes.report_years_on"),
    "outcome_against_suspect": (
        "contradiction.crimes.outcome_for_want_of_suspect", "contradiction.crimes.outcome_against_nobody",
        "contradiction.crimes.outcome_for_want_of_linked_suspect",
    ),
    "outcome_invalid": ("code_not_in_list.crimes.outcome_code",),
    "outcome_before_crime": ("impossible_date.crimes.recorded_on", "contradiction.crimes.outcome_before_report"),
    "outcome_stale": ("stale.crimes.outcome",),
    "missing_outcome_code": ("required_when.outcome_code",),
    "missing_outcome_on": ("required_when.outcome_on",),
}  # fmt: skip
"""The checks that are meant for each defect; a blank has that of its field. Defects that are not here no row can show."""
ELSEWHERE = {
    LINKAGE: (
        "split_identity", "alias", "married_name", "nickname", "transliteration", "accent_hyphen", "phonetic", "typing_slip",
        "swapped_names", "day_month_swapped", "wrong_digit", "old_address",
    ),
    GAPS: (
        "silent_unit", "group_dropped", "unit_drop", "late_unit", "misrouted", "system_change", "last_months_incomplete",
    ),
}  # fmt: skip
"""Defects that are told by another room, whose score stands beside."""
UNSEEN = {
    "not_recorded": "a crime that was never recorded",
    "not_recorded_hidden": "a crime that was never recorded",
    "crime_as_incident": "a crime that was never recorded",
    "cancelled_wrongly": "a crime that was never recorded",
    "estimated_age": "a plausible wrong date",
    "wrong_sex": "a wrong answer for a right one",
    "downgraded": "a plausible wrong code",
    "wrong_person_linked": "a link to the wrong person",
    "overlaid": "two people on one record",
}
"""Defects that nothing can see, with their blind spot."""
ALSO_BY = {"late_unit": SEEN_BY["late"]}
"""Checks that tell some rows of a defect rightly, though another room is meant to tell it."""
_CRIME_OF_LINK = ("suspect_not_linked", "victim_not_linked")
"""Entered as an involvement that is gone; it shows on the crime."""


class DefectScore(BaseModel):
    """One kind of defect: rows in the ledger, those that a check meant for it tells, and rows it tells wrongly.

    ``wrongly`` counts rows that such a check tells and that no defect it is meant for is entered for; it is None where nothing
    tells the defect by rows. ``told_by`` says what tells it: checks, another room, or the blind spot.
    """

    model_config = ConfigDict(frozen=True)

    defect: str
    family: str
    put_in: int
    seen: int
    missed: int
    wrongly: int | None
    told_by: str


def score_defects(connection: duckdb.DuckDBPyConnection, context: Context) -> list[DefectScore]:
    """Every defect of the ledger (``truth_defects`` on the connection), in the ledger's order of families and names.

    The ledger's row and a check's are matched by the table's key. A late report is late, and a stale case stale, in clean
    data too: such rows count as wrongly told, though what is told of them is true.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE ledger AS
           SELECT defect, any_value(family) AS family, "table", record_id, any_value(field) AS field
           FROM truth_defects GROUP BY defect, "table", record_id"""
    )
    kinds = connection.execute('SELECT DISTINCT defect, family, "table", field FROM ledger').df()
    families = dict(zip(kinds["defect"], kinds["family"], strict=True))
    meant = {defect: checks for defect in families if (checks := checks_for(kinds, defect))}
    _enter(connection, kinds, meant)
    _tell(connection, context, {name for checks in meant.values() for name in checks})
    put_in, seen, wrongly = (dict(connection.execute(query).fetchall()) for query in (_PUT_IN, _SEEN, _WRONGLY))
    scores = []
    for defect, family in families.items():
        found = seen.get(defect, 0)
        wrong = wrongly.get(defect, 0) if defect in meant else None
        if defect == "recorded_twice":  # of each pair both records are told, and one of them is the ledger's
            wrong = max((wrong or 0) - found, 0)
        scores.append(
            DefectScore(
                defect=defect, family=family, put_in=put_in[defect], seen=found, missed=put_in[defect] - found,
                wrongly=wrong, told_by=", ".join(meant.get(defect, ())) or _told_elsewhere(defect),
            )
        )  # fmt: skip
    return sorted(scores, key=lambda score: (score.family, score.defect))


def checks_for(ledger: pd.DataFrame, defect: str) -> tuple[str, ...]:
    """The checks that are meant for a defect, by the places (defect, table, field) that the ledger has it in."""
    if defect in SEEN_BY:
        return SEEN_BY[defect]
    if defect.startswith("missing_"):
        places = ledger.loc[(ledger["defect"] == defect) & ledger["field"].notna(), ["table", "field"]].drop_duplicates()
        return tuple(f"missing.{table}.{field}" for table, field in places.itertuples(index=False))
    return ()


def defects_as_markdown(scores: list[DefectScore]) -> str:
    """The score as a Markdown table, and the blind spots in words."""
    lines = ["| defect | family | put in | seen | missed | wrongly told | told by |", "|---|---|--:|--:|--:|--:|---|"]
    for row in scores:
        wrongly = "–" if row.wrongly is None else f"{row.wrongly:,}"
        share = f" ({row.seen / row.put_in:.0%})" if row.put_in and row.wrongly is not None else ""
        seen = f"{row.seen:,}{share}" if row.wrongly is not None or row.told_by.startswith("nothing") else "see below"
        missed = f"{row.missed:,}" if seen != "see below" else "see below"
        lines.append(f"| {row.defect} | {row.family} | {row.put_in:,} | {seen} | {missed} | {wrongly} | {row.told_by} |")
    lines += ["", "Blind spots, which nobody can see from the data alone:", ""]
    lines += [f"- {name.capitalize()}: {why}" for name, why in BLIND_SPOTS.items()]
    return "\n".join(lines)


def _told_elsewhere(defect: str) -> str:
    for room, defects in ELSEWHERE.items():
        if defect in defects:
            return room
    return f"nothing: {UNSEEN.get(defect, 'no check is meant for it')}"


def _enter(connection: duckdb.DuckDBPyConnection, kinds: pd.DataFrame, meant: dict[str, tuple[str, ...]]) -> None:
    """Tables ``entered`` (defect, key), in the table that the checks meant for it look at; ``meant`` and ``whose`` (defect, check)."""
    tables = {check.id: check.table for check in catalogue()}
    looked_at = {defect: {tables[name] for name in checks if name in tables} for defect, checks in meant.items()}
    places = [
        (defect, table)
        for defect, table in kinds[["defect", "table"]].drop_duplicates().itertuples(index=False)
        if defect in _CRIME_OF_LINK or not looked_at.get(defect) or table in looked_at[defect]
    ]
    known = set(kinds["defect"])
    also = [(defect, name) for defect, checks in ALSO_BY.items() if defect in known for name in checks]
    pairs = [(defect, name) for defect, checks in meant.items() for name in checks]
    for name, rows, columns in (
        ("places", places, ("defect", "table")),
        ("meant", pairs, ("defect", "check_id")),
        ("whose", [*pairs, *also], ("defect", "check_id")),
    ):
        connection.register(name, pd.DataFrame(rows, columns=list(columns), dtype="str"))
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE entered AS
           SELECT defect, CASE WHEN list_contains(?, defect) THEN split_part(record_id, '|', 1) ELSE record_id END AS key
           FROM ledger JOIN places USING (defect, "table")""",
        [list(_CRIME_OF_LINK)],
    )


def _tell(connection: duckdb.DuckDBPyConnection, context: Context, names: set[str]) -> None:
    """Table ``told`` (check_id, key): the rows that each check tells, by their keys as the ledger writes them."""
    frames = duckdb_frames(connection)
    connection.execute("CREATE OR REPLACE TEMP TABLE told (check_id VARCHAR, key VARCHAR)")
    for check in catalogue():
        if check.id in names:
            key = ", ".join(TABLES[check.table].key)
            failing(frames, _every_copy(check), context).to_native().create_view("failing", replace=True)
            connection.execute(f"INSERT INTO told SELECT DISTINCT ?, concat_ws('|', {key}) FROM failing", [check.id])


_PUT_IN = "SELECT defect, count(e.key) FROM (SELECT DISTINCT defect FROM ledger) LEFT JOIN entered e USING (defect) GROUP BY defect"
_TELLS = "(SELECT DISTINCT defect, key FROM told JOIN meant USING (check_id))"
_SEEN = f"SELECT defect, count(*) FROM entered SEMI JOIN {_TELLS} USING (defect, key) GROUP BY defect"
_WRONGLY = f"""
SELECT defect, count(*) FROM {_TELLS} ANTI JOIN (
    SELECT m.defect, e.key FROM (SELECT DISTINCT m.defect, w.defect AS other FROM meant m JOIN whose w USING (check_id)) m
    JOIN entered e ON e.defect = m.other
) USING (defect, key) GROUP BY defect
"""
"""Rows that a check meant for a defect tells, and no defect that such a check is meant for is entered for."""


def _every_copy(check: Check) -> Check:
    """Of an event that is recorded twice either record may be the ledger's, so both are told here."""
    return dataclasses.replace(check, parameters={name: value for name, value in check.parameters.items() if name != "keep"})
