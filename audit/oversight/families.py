"""The figures of a series by name: ``<family>.<rest>``. Families are named here alone; every other figure is a check's share."""

from collections.abc import Sequence

from audit.checks.catalogue import catalogue

STOCK = "stock"
"""Before a figure's name: that of the whole stock, not of the rows recorded since the extract before."""
ROWS = "rows"
"""Rows of a table a month."""
PEOPLE_FOUND, PRECISION, WRONGLY_INCLUDED = "people_found", "precision", "wrongly_included"
TURNOVER, TURNOVER_OF_THE_WORLD, TURNOVER_OF_THE_DATA = "turnover", "turnover_of_the_world", "turnover_of_the_data"
LISTS = (PEOPLE_FOUND, PRECISION, WRONGLY_INCLUDED, TURNOVER, TURNOVER_OF_THE_WORLD, TURNOVER_OF_THE_DATA)
"""Figures of lists, by instrument; those of a group, with attribute and group at the end."""
HIGHER_IS_BETTER = (PEOPLE_FOUND, PRECISION)
NEW_DUPLICATES, DUPLICATES = "duplicate_identities.new_records", "duplicate_identities.persons"
MOVES_ROWS = {
    "crimes": (
        *("not_recorded", "not_recorded_hidden", "late", "silent_unit", "group_dropped", "unit_drop", "late_unit"),
        *("system_change", "last_months_incomplete", "crime_as_incident", "cancelled_wrongly", "recorded_twice"),
    ),
    "persons": (
        *("not_recorded", "not_recorded_hidden", "silent_unit", "group_dropped", "unit_drop", "system_change"),
        *("last_months_incomplete", "split_identity"),
    ),
}
"""The defects that take rows of a table away, add some, or put them into another month."""


def named(family: str, *rest: str) -> str:
    """The name of a figure.

    >>> named(ROWS, "crimes")
    'rows.crimes'
    """
    return ".".join((family, *rest))


def family_of(figure: str) -> str:
    """The family of a figure: what stands before the first dot.

    >>> family_of("people_found.harm_365")
    'people_found'
    """
    return figure.partition(".")[0]


def meant_for(defects: Sequence[str]) -> set[str]:
    """The figures that these defects move themselves, whether or not an extract has them; not what lists make of them."""
    asked = set(defects)
    found = {check.id for check in catalogue() if set(check.detects) & asked}
    found |= {named(ROWS, table) for table, theirs in MOVES_ROWS.items() if set(theirs) & asked}
    return found | {NEW_DUPLICATES} if DUPLICATES in found else found
