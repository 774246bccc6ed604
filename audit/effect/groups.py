"""Whose cases are missed: recall by group of the people on the truth list, and the difference to everybody else on it."""

from collections.abc import Mapping

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.effect.reading import identifiers
from audit.statistics import LEAST_GROUP, wilson
from synthetic.contract import reference

MOST_MISSING = 0.35
"""Where ethnicity is missing on more records than this, differences by ethnicity cannot be tested (the design; IICSA 2022)."""
AGE_BANDS = ("under 18", "18-24", "25-34", "35-44", "45-54", "55 and over")
ETHNICITIES = ("White", "Mixed", "Asian", "Black", "Other")
RELATIONSHIPS = {
    "partner or former partner": ("partner", "ex_partner"),
    "family": ("parent", "child", "sibling", "other_family"),
    "acquaintance": ("acquaintance",),
    "stranger": ("stranger",),
    "not recorded": ("unknown", None),
}
GROUPS: dict[str, tuple[str, ...]] = {
    "sex": ("F", "M"),
    "ethnicity": ETHNICITIES,
    "age_band": AGE_BANDS,
    "relationship": tuple(RELATIONSHIPS),
    "victim_sex": ("F", "M"),
    "victim_ethnicity": ETHNICITIES,
}
"""Attributes and their groups: of the person at the last day; the relationship most of the person's recorded crimes have; and of
most of the person's victims."""
KEYS = ("force", "instrument")
"""What a list is known by."""

Marked = tuple[npt.NDArray[np.integer], npt.NDArray[np.bool_]]
"""Places of the people of a list, and whether what is asked holds for each: found, or wrongly included; shapes (n,)."""


def attributes(connection: duckdb.DuckDBPyConnection, places: npt.NDArray[np.integer], last_day: np.datetime64) -> pd.DataFrame:
    """The groups of ``GROUPS`` that people belong to, by place; only those asked for are read."""
    ethnicities = reference("ethnicities")
    connection.register("ethnicity_groups", ethnicities[["ethnicity", "ethnicity_group"]])
    of_code = {str(code): group for group, codes in RELATIONSHIPS.items() for code in codes if code}
    connection.register("relationship_groups", pd.DataFrame({"relationship": list(of_code), "relation": list(of_code.values())}))
    connection.register("listed_people", identifiers(connection, places))
    people = connection.execute(
        """
        WITH theirs AS (
            SELECT p.place, e.crime_id, e.victim_key FROM truth_events e JOIN listed_people p ON p.identifier = e.suspect_key
            WHERE e.reported_on IS NOT NULL
        ), victims AS (
            SELECT place, mode(v.sex ORDER BY v.sex) AS victim_sex,
                   mode(g.ethnicity_group ORDER BY g.ethnicity_group) AS victim_ethnicity
            FROM theirs JOIN truth_people v ON v.person_key = theirs.victim_key LEFT JOIN ethnicity_groups g USING (ethnicity)
            GROUP BY place
        ), related AS (
            SELECT place, mode(r.relation ORDER BY r.relation) AS relationship
            FROM theirs JOIN involvements USING (crime_id) JOIN relationship_groups r USING (relationship) GROUP BY place
        )
        SELECT p.place, min(t.sex) AS sex, min(g.ethnicity_group) AS ethnicity, min(t.date_of_birth) AS born,
               min(coalesce(r.relationship, 'not recorded')) AS relationship, min(v.victim_sex) AS victim_sex,
               min(v.victim_ethnicity) AS victim_ethnicity
        FROM listed_people p LEFT JOIN truth_people t ON t.person_key = p.identifier LEFT JOIN ethnicity_groups g USING (ethnicity)
        LEFT JOIN related r USING (place) LEFT JOIN victims v USING (place) GROUP BY p.place
        """
    ).df()
    age = (pd.Timestamp(last_day) - pd.to_datetime(people["born"])).dt.days / 365.25
    bands = pd.cut(age, [-np.inf, 18, 25, 35, 45, 55, np.inf], right=False, labels=list(AGE_BANDS))
    return people.assign(age_band=bands.astype("object")).drop(columns="born").set_index("place")


def list_members(lists: Mapping[tuple[str, str], Marked], people: pd.DataFrame) -> pd.DataFrame:
    """A row for each entry of a list and attribute: force, instrument, place, found, attribute, value. It never leaves the effect.

    ``found`` is what the lists mark: of a truth list who is found, of a recorded list which entries are wrongly included.
    """
    lengths = [len(places) for places, _ in lists.values()]
    of_list = {
        name: np.repeat(np.array(values, object), lengths) for name, values in zip(KEYS, zip(*lists, strict=True), strict=True)
    }
    places, found = (np.concatenate(parts) for parts in zip(*lists.values(), strict=True))
    members = people.reindex(places).assign(**of_list, found=found).rename_axis("place").reset_index()
    return members.melt([*KEYS, "place", "found"], list(GROUPS), "attribute", "value")


def group_table(listed: pd.DataFrame) -> pd.DataFrame:
    """``groups.parquet``: groups under 10 people, and those from which theirs could be worked out, are left null."""
    counts = _counts(listed)
    rate, low, high = wilson(counts["found"].to_numpy(), counts["people"].to_numpy())
    shown = without_remainders(counts, counts["people"], counts["people"] >= LEAST_GROUP)
    return _shown(counts, shown, people=counts["people"], recall_at_k=rate, low=low, high=high)


def wrong_inclusion_table(listed: pd.DataFrame) -> pd.DataFrame:
    """``wrong_inclusion.parquet``: share of a group's entries on the recorded list none of whose people is on the truth list.

    ``people`` are the different true people behind the ``entries``, of which the share is; groups under 10 people, and those from
    which theirs could be worked out, are left null. Intervals are Wilson's.
    """
    counts = _counts(listed)
    rate, low, high = wilson(counts["found"].to_numpy(), counts["people"].to_numpy())
    keys = ["force", "instrument", "attribute"]
    different = listed.groupby([*keys, "value"], sort=False)["place"].nunique().rename_axis([*keys, "group"])
    people = different.reindex(pd.MultiIndex.from_frame(counts[[*keys, "group"]]), fill_value=0).to_numpy()
    shown = without_remainders(counts, pd.Series(people), pd.Series(people >= LEAST_GROUP))
    return _shown(
        counts, shown, people=people, entries=counts["people"], wrongly_included=rate, low=low, high=high
    )  # fmt: skip


def difference_table(listed: pd.DataFrame) -> pd.DataFrame:
    """``group_differences.parquet``: a group's recall less that of everybody else on the list of whom the attribute is known.

    The interval of the difference is Newcombe's (1998, method 10). A group is shown where it and the rest are 10 people or more,
    and no group of fewer could be worked out.
    """
    counts = _counts(listed)
    rest = counts.groupby(["force", "instrument", "attribute"])[["found", "people"]].transform("sum") - counts[["found", "people"]]
    here, there = (wilson(part["found"].to_numpy(), part["people"].to_numpy()) for part in (counts, rest))
    difference = here[0] - there[0]
    low = difference - np.hypot(here[0] - here[1], there[2] - there[0])
    high = difference + np.hypot(here[2] - here[0], there[0] - there[1])
    enough = (counts["people"] >= LEAST_GROUP) & (rest["people"] >= LEAST_GROUP)
    return _shown(
        counts, without_remainders(counts, counts["people"], enough), people=counts["people"], recall_at_k=here[0],
        rest_people=rest["people"], rest_recall_at_k=there[0], difference=difference, low=low, high=high,
    )  # fmt: skip


def without_remainders(counts: pd.DataFrame, people: pd.Series, shown: pd.Series) -> pd.Series:
    """What may be shown of the ``shown`` rows (force, instrument, attribute, group) of so many ``people``.

    Where all that is left out of an attribute in a force, or of a group over the forces, are 1 to 9 people, a reader of the whole
    could work them out: then the next smallest is left out too.
    """
    while True:
        before = shown
        for line in (["force", "instrument", "attribute"], ["instrument", "attribute", "group"]):
            frame = counts.assign(hidden=people.where(~shown, 0), size=people.where(shown))
            few = frame.groupby(line, sort=False)["hidden"].transform("sum").between(1, LEAST_GROUP - 1)
            smallest = frame[few & shown].sort_values("size", kind="stable").drop_duplicates(line).index
            shown = shown & ~counts.index.isin(smallest)
        if shown.equals(before):
            return shown


def _counts(listed: pd.DataFrame) -> pd.DataFrame:
    """Found and all people by force, instrument, attribute and group, a group with nobody in it too."""
    order = pd.MultiIndex.from_tuples([(name, group) for name, groups in GROUPS.items() for group in groups])
    counts = listed.groupby(["force", "instrument", "attribute", "value"], sort=False)["found"].agg(["sum", "count"])
    lists = listed[["force", "instrument"]].drop_duplicates().itertuples(index=False)
    index = pd.MultiIndex.from_tuples(
        [(*one, *group) for one in lists for group in order], names=["force", "instrument", "attribute", "group"]
    )
    return counts.reindex(index, fill_value=0).set_axis(["found", "people"], axis=1).reset_index()


def _shown(counts: pd.DataFrame, shown: pd.Series, **columns: object) -> pd.DataFrame:
    table = counts[["force", "instrument", "attribute", "group"]]
    table = table.assign(**{name: np.where(shown, np.asarray(values, float), np.nan) for name, values in columns.items()})
    return table.astype({name: "Int64" for name in ("people", "entries", "rest_people") if name in table})
