"""What a force can count about its own data: one typed object a rate, from which file, worksheet, page and draws are made.

A quantity is found in one of three ways. *sql*: the query over the contract's tables returns two totals, and their ratio is the
rate. *sample*: the data alone cannot show it, so someone draws rows or logs at random and looks; ``truth`` is the same question
put to a synthetic world, where the answer is known. *known*: a figure about the world that no table holds; a range will do.
"""

from dataclasses import dataclass
from typing import Literal

How = Literal["sql", "sample", "known"]
HOW_IN_WORDS: dict[str, str] = {
    "sql": "Run the query: it returns two totals.",
    "sample": "Draw at random, 200 or more, and look; the query counts the rows to draw from.",
    "known": "No table holds it. Take it from a survey, an inspection or experience, and give a range.",
}
SECTIONS = {
    "world": "The force and what is reported to it",
    "reporting": "What victims report",
    "recording": "Recording, gaps and delays",
    "identity": "Duplicate and shared identities",
    "copies": "How duplicate records differ",
    "linkage": "Links between crimes and people",
    "offence": "Offences and flags",
    "dates": "Dates",
    "outcome": "Outcomes",
    "equality": "Groups",
    "missing": "Missing fields",
}
"""Sections of form and worksheet, in order."""


@dataclass(frozen=True)
class Quantity:
    """One rate that a force may know.

    ``key`` is the profile's key that it sets, and its name in files. ``counts`` says what counts, ``over`` over which rows.
    ``sql`` returns ``counted`` and ``total`` (for a sample: ``total`` alone, the rows to draw from; empty where no table holds
    them); ``truth`` returns both from a synthetic world, truth included, for a sample. ``relation`` says how what is counted
    relates to the rate of the simulation, where they are not the same. The rate is ``times`` counted over total; it lies from
    ``least`` to ``most``. ``usual`` is the published or proposed range of a force of which nothing is known. Quantities that
    do not ``matter`` leave the lists as they are.
    """

    key: str
    section: str
    title: str
    counts: str
    over: str
    how: How
    sql: str = ""
    truth: str = ""
    relation: str = ""
    least: float = 0.0
    most: float = 1.0
    times: float = 1.0
    usual: tuple[float, float] | None = None
    is_share: bool = True
    matters: bool = True

    @property
    def allowed(self) -> str:
        """Minimum and maximum in words, as percentages where it is a share.

        >>> Quantity("a.b", "world", "", "", "", "sql", most=0.9).allowed
        '0 to 90%'
        """
        return f"{self.shown(self.least):g} to {self.shown(self.most):g}{'%' if self.is_share else ''}"

    def shown(self, value: float) -> float:
        """A value as people read it: a share as a percentage."""
        return round(100 * value, 6) if self.is_share else value


CRIME = "coalesce(record_class, 'crime') = 'crime'"


def share(condition: str, table: str, where: str = "") -> str:
    """A query for how many of a table's rows meet a condition, and how many there are."""
    only = f"\nWHERE {where}" if where else ""
    return f"SELECT sum(CASE WHEN {condition} THEN 1 ELSE 0 END) AS counted,\n       count(*) AS total\nFROM {table}{only}"


def frame(table: str, where: str = "") -> str:
    """A query for how many rows there are to draw a sample from."""
    return f"SELECT count(*) AS total\nFROM {table}{f'{chr(10)}WHERE {where}' if where else ''}"


def in_ledger(defect: str, table: str, total: str) -> str:
    """A query over a synthetic world's truth: rows of a table that the ledger has for a defect, over a total."""
    return (
        f"SELECT (SELECT count(DISTINCT record_id) FROM truth_defects\n        WHERE defect = '{defect}' AND \"table\" = '{table}') "
        f"AS counted,\n       ({total}) AS total"
    )


def units_with_gap(kind: str, where: str = "true") -> str:
    """A query over the truth: units with a gap of a kind, over all units."""
    return (
        f"SELECT (SELECT count(DISTINCT unit_id) FROM truth_gaps\n        WHERE kind = '{kind}' AND {where}) AS counted,\n"
        "       (SELECT count(*) FROM units) AS total"
    )
