"""Which checks a reader asks for: by period, force, status, dimension, type, table, need and words."""

from dataclasses import dataclass

import pandas as pd

from audit.checks.catalogue import catalogue
from audit.presentation.checks import worst_first
from audit.presentation.wording import check_name
from audit.readiness.periods import over_period
from audit.readiness.thresholds import Thresholds


@dataclass(frozen=True)
class Selection:
    """What a reader wants to see; an empty tuple or word lets everything through. Months are written 2025-03."""

    first: str = ""
    last: str = ""
    forces: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    words: str = ""


def selected(checks: pd.DataFrame, asked: Selection, thresholds: Thresholds) -> pd.DataFrame:
    """Rows a check and force, the worst first.

    A check is in it for every chosen force where any of them has a status that is asked for, so that forces can be compared.
    """
    whole = over_period(checks, asked.first, asked.last, thresholds)
    for column, chosen in (
        ("force", asked.forces), ("dimension", asked.dimensions), ("check_type", asked.types), ("table", asked.tables),
    ):  # fmt: skip
        whole = whole[whole[column].isin(chosen)] if chosen else whole
    if asked.needs:
        whole = whole[whole["needed_for"].str.split(", ").map(lambda listed: bool(set(listed) & set(asked.needs))).astype(bool)]
    if asked.statuses:
        whole = whole[whole["check_id"].isin(whole.loc[whole["status"].isin(asked.statuses), "check_id"])]
    if asked.words:
        wanted = asked.words.lower()
        found = {one.id for one in catalogue() if wanted in f"{one.id} {check_name(one.id)} {one.finds} {one.matters}".lower()}
        whole = whole[whole["check_id"].isin(found)]
    return worst_first(whole)
