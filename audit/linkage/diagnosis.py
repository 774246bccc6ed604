"""What makes the finding of duplicate identities less sure, in figures and sentences: ``identity_diagnosis``."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.linkage.compare import Compared
from audit.linkage.comparisons import FIELDS
from audit.linkage.interval import missed_by_blocking
from audit.linkage.model import Settings
from audit.linkage.people import People

LEAST_FILLED, FAR, MUCH_MISSED = 0.5, 0.25, 0.01
WORDS = {
    "forename": "forename",
    "surname": "surname",
    "date_of_birth": "date of birth",
    "place": "address",
    "phone": "telephone number",
    "sex": "sex",
}


@dataclass(frozen=True)
class Findings:
    """The table (force, kind, figure, sentence), force empty where all are meant; and the further share of duplicates that
    may be missed because of what was found.
    """

    table: pd.DataFrame
    widened: float
    missed: float = 0.0
    """Share of the pairs of the same person that are expected to share no blocking key."""


def diagnose(
    people: People | None,
    compared: Compared | None,
    force: np.ndarray,
    forces: list[str],
    filled: dict[str, float],
    left_out: list[str],
) -> Findings:
    """Look for what makes the finding less sure. ``filled`` is the share of records that have each field."""
    rows: list[tuple[str | None, str, float, str]] = []
    widened = 0.0
    usable = [name for name in FIELDS if name != "sex" and name in filled]
    if people is None or compared is None:
        sentence = "Fewer than two identifying fields are filled, so duplicate records cannot be found."
        return Findings(_table([(None, "cannot be judged", float(len(usable)), sentence)]), 0.0)
    if len(usable) <= 3:
        named = ", ".join(WORDS[name] for name in usable)
        rows.append(
            (
                None,
                "few fields",
                float(len(usable)),
                f"Records can be compared only by {named}. Some duplicates look like strangers.",
            )
        )
    for name in left_out:
        rows.append((None, "field not compared", 0.0, f"No two records have a {WORDS[name]}, so it was not compared."))
    for name in ("date_of_birth", "forename", "surname"):
        if name in filled and filled[name] < LEAST_FILLED:
            rows.append(
                (None, "mostly missing", 1 - filled[name], f"The {WORDS[name]} is missing on {1 - filled[name]:.0%} of records.")
            )
            widened += 0.1 * (1 - filled[name])
    if "date_of_birth" not in filled:
        widened += 0.1
    rows += _tables(people)
    missed = 0.0 if compared.every or not people.parts else missed_by_blocking(people.parts[0].state)
    if missed >= MUCH_MISSED:
        sentence = f"About {missed:.1%} of the pairs of the same person share no key and were not compared."
        rows.append((None, "missed by blocking", missed, sentence))
    for one in compared.sampled:
        sentence = (
            f"{one.blocks:,} groups of records with the same {one.key} are too large to compare whole; of {one.pairs:,} pairs "
            f"there about {one.compared:,}, those that stand next to each other in order of names, were compared."
        )
        rows.append((None, "blocks sampled", float(one.records), sentence))
    copies = force[compared.second[compared.copies]]
    for place, count in enumerate(np.bincount(copies, minlength=len(forces)).tolist()):
        if count:
            sentence = f"{count:,} records repeat another of this force letter for letter."
            rows.append((forces[place], "exact copies", float(count), sentence))
    return Findings(_table(rows), widened, missed)


def _tables(people: People) -> list[tuple[str | None, str, float, str]]:
    """Fields in which what was learnt of the same person's records is far from what is usual."""
    rows: list[tuple[str | None, str, float, str]] = []
    if not people.parts:
        return rows
    part, usual = people.parts[0], Settings().same
    for name in part.state.missing_same:
        learnt = part.state.same[name]
        off = float(np.abs(learnt - usual[name]).sum() / 2)
        if off >= FAR:
            sentence = (
                f"On records judged to be the same person, the {WORDS[name]} is exactly the same in "
                f"{learnt[FIELDS[name].exact].sum():.0%} of pairs and quite different in {learnt[0]:.0%}. Usually it is "
                f"{usual[name][FIELDS[name].exact].sum():.0%} and {usual[name][0]:.0%}. Look at some pairs before you rely on the matches."
            )
            rows.append((None, "unusual agreement", off, sentence))
    return rows


def _table(rows: list[tuple[str | None, str, float, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["force", "kind", "figure", "sentence"])
