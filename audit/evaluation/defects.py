"""The checks compared with the ledger: of each kind of defect, how many were put in, seen, missed and wrongly reported.

Which checks are meant for a defect is said by the checks themselves (``detects``).
"""

import duckdb
import pandas as pd
from pydantic import BaseModel, ConfigDict

from audit.checks.catalogue import BLIND_SPOTS, UNDETECTABLE, Check, catalogue
from audit.checks.run import Context, failing
from audit.checks.types.base import FindingCheck, RowCheck
from audit.checks.types.findings import GAPS, LINKAGE
from audit.checks.types.keys import SameEventTwice
from audit.engines import duckdb_frames
from synthetic.contract import TABLES

_CRIME_OF_LINK = ("suspect_not_linked", "victim_not_linked")
"""Entered as an involvement that is gone; it shows on the crime."""


class DefectScore(BaseModel):
    """One kind of defect: rows in the ledger, those that a check meant for it finds, and rows it reports wrongly.

    ``wrongly`` counts rows that such a check finds and that no defect it is meant for is entered for; it is None where no
    check finds the defect by rows. ``found_by`` says what finds it: checks, another module, or the blind spot.
    """

    model_config = ConfigDict(frozen=True)

    defect: str
    family: str
    put_in: int
    seen: int
    missed: int
    wrongly: int | None
    found_by: str


def score_defects(connection: duckdb.DuckDBPyConnection, context: Context) -> list[DefectScore]:
    """Every defect of the ledger (``truth_defects`` on the connection), in the ledger's order of families and names.

    The ledger's row and a check's are matched by the table's key. A late report is late, and a stale case stale, in clean
    data too: such rows count as wrongly reported, though what is reported of them is true.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE ledger AS
           SELECT defect, min(family) AS family, "table", record_id, min(field) AS field
           FROM truth_defects GROUP BY defect, "table", record_id"""
    )
    kinds = connection.execute('SELECT DISTINCT defect, family, "table" FROM ledger').df()
    families = dict(zip(kinds["defect"], kinds["family"], strict=True))
    meant = {defect: checks for defect in families if (checks := meant_for(defect))}
    _enter(connection, kinds, meant)
    _find(connection, context, {check.id for checks in meant.values() for check in checks})
    put_in, seen, wrongly = (dict(connection.execute(query).fetchall()) for query in (_PUT_IN, _SEEN, _WRONGLY))
    scores = []
    for defect, family in families.items():
        found = seen.get(defect, 0)
        wrong = wrongly.get(defect, 0) if defect in meant else None
        if defect == "recorded_twice":  # of each pair both records are found, and one of them is the ledger's
            wrong = max((wrong or 0) - found, 0)
        scores.append(
            DefectScore(
                defect=defect, family=family, put_in=put_in[defect], seen=found, missed=put_in[defect] - found,
                wrongly=wrong, found_by=", ".join(check.id for check in meant.get(defect, ())) or _found_elsewhere(defect),
            )
        )  # fmt: skip
    return sorted(scores, key=lambda score: (score.family, score.defect))


def meant_for(defect: str) -> tuple[RowCheck, ...]:
    """The checks of single rows that are meant for a defect; none where another module finds it, whose score is separate."""
    checks = [check for check in catalogue() if defect in check.detects]
    if any(isinstance(check, FindingCheck) for check in checks):
        return ()
    return tuple(check for check in checks if isinstance(check, RowCheck))


def defects_as_markdown(scores: list[DefectScore]) -> str:
    """The score as a Markdown table, and the blind spots in words."""
    lines = ["| defect | family | put in | seen | missed | wrongly reported | found by |", "|---|---|--:|--:|--:|--:|---|"]
    for row in scores:
        wrongly = "–" if row.wrongly is None else f"{row.wrongly:,}"
        share = f" ({row.seen / row.put_in:.0%})" if row.put_in and row.wrongly is not None else ""
        elsewhere = "see below" if row.found_by in (LINKAGE, GAPS) else "by shares"
        by_rows = row.wrongly is not None or row.found_by.startswith("nothing")
        seen, missed = (f"{row.seen:,}{share}", f"{row.missed:,}") if by_rows else (elsewhere, elsewhere)
        lines.append(f"| {row.defect} | {row.family} | {row.put_in:,} | {seen} | {missed} | {wrongly} | {row.found_by} |")
    lines += ["", "Blind spots, which nobody can see from the data alone:", ""]
    lines += [f"- {name.capitalize()}: {why}" for name, why in BLIND_SPOTS.items()]
    return "\n".join(lines)


def _found_elsewhere(defect: str) -> str:
    for check in catalogue():
        if isinstance(check, FindingCheck) and defect in check.detects:
            return check.found_by
    return f"nothing: {UNDETECTABLE.get(defect, 'no check is meant for it')}"


def _enter(connection: duckdb.DuckDBPyConnection, kinds: pd.DataFrame, meant: dict[str, tuple[RowCheck, ...]]) -> None:
    """Tables ``entered`` (defect, key), in the table that the checks meant for it look at; ``meant`` and ``whose`` (defect, check)."""
    looked_at = {defect: {check.table for check in checks} for defect, checks in meant.items()}
    places = [
        (defect, table)
        for defect, table in kinds[["defect", "table"]].drop_duplicates().itertuples(index=False)
        if defect in _CRIME_OF_LINK or not looked_at.get(defect) or table in looked_at[defect]
    ]
    known = set(kinds["defect"])
    used = {check.id for checks in meant.values() for check in checks}
    # A check also finds, rightly, rows of defects that another module is meant to find.
    whose = [(defect, check.id) for check in catalogue() if check.id in used for defect in check.detects if defect in known]
    pairs = [(defect, check.id) for defect, checks in meant.items() for check in checks]
    for name, rows, columns in (
        ("places", places, ("defect", "table")),
        ("meant", pairs, ("defect", "check_id")),
        ("whose", whose, ("defect", "check_id")),
    ):
        connection.register(name, pd.DataFrame(rows, columns=list(columns), dtype="str"))
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE entered AS
           SELECT defect, CASE WHEN list_contains(?, defect) THEN split_part(record_id, '|', 1) ELSE record_id END AS key
           FROM ledger JOIN places USING (defect, "table")""",
        [list(_CRIME_OF_LINK)],
    )


def _find(connection: duckdb.DuckDBPyConnection, context: Context, names: set[str]) -> None:
    """Table ``found`` (check_id, key): the rows that each check finds, by their keys as the ledger writes them."""
    frames = duckdb_frames(connection)
    connection.execute("CREATE OR REPLACE TEMP TABLE found (check_id VARCHAR, key VARCHAR)")
    for check in catalogue():
        if check.id in names:
            key = ", ".join(TABLES[check.table].key)
            failing(frames, _every_copy(check), context).to_native().create_view("failing", replace=True)
            connection.execute(f"INSERT INTO found SELECT DISTINCT ?, concat_ws('|', {key}) FROM failing", [check.id])


_PUT_IN = "SELECT defect, count(e.key) FROM (SELECT DISTINCT defect FROM ledger) LEFT JOIN entered e USING (defect) GROUP BY defect"
_FINDS = "(SELECT DISTINCT defect, key FROM found JOIN meant USING (check_id))"
_SEEN = f"SELECT defect, count(*) FROM entered SEMI JOIN {_FINDS} USING (defect, key) GROUP BY defect"
_WRONGLY = f"""
SELECT defect, count(*) FROM {_FINDS} ANTI JOIN (
    SELECT m.defect, e.key FROM (SELECT DISTINCT m.defect, w.defect AS other FROM meant m JOIN whose w USING (check_id)) m
    JOIN entered e ON e.defect = m.other
) USING (defect, key) GROUP BY defect
"""
"""Rows that a check meant for a defect finds, and no defect that such a check is meant for is entered for."""


def _every_copy(check: Check) -> Check:
    """Of an event that is recorded twice either record may be the ledger's, so both are found here."""
    return check.of_every_copy() if isinstance(check, SameEventTwice) else check
