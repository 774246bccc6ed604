"""What the defects do to a prioritisation. Only aggregates leave this room: never a person beside a score or a rank.

Every crime that counts, or would count once something is repaired, is a *row*: who it counts for as recorded and in
truth, with which offence and day as recorded and in truth. A subset of the six families of defects switches columns
and rows on and off, so that all 64 lists of a force are made from the same arrays. With all six repaired the list is
the truth list.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import duckdb
import numpy as np
import pandas as pd

from audit.instruments import INSTRUMENTS, Instrument, top_list
from audit.results import empty
from audit.statistics import wilson
from synthetic.contract import InputError, reference

FAMILIES = ("identity", "linkage", "offence", "dates", "recording", "sharing")
INSTRUMENT_NAMES = tuple(INSTRUMENTS)
WEIGHTS = ("harm_days", "css_weight", "count")
DATE_BASES = ("reported", "occurred")
ALL, NONE = frozenset(FAMILIES), frozenset[str]()
NO_DAY = -(2**31)
LEAST_GROUP = 10
AGE_BANDS = ("under 18", "18-24", "25-34", "35-44", "45-54", "55 and over")


@dataclass(frozen=True)
class Choices:
    """How the lists are made: weights by offence (a column of the reference, or ``count``), date basis, length k."""

    weights: str = "harm_days"
    date_basis: str = "reported"
    k: int | None = None


@dataclass(frozen=True)
class Effect:
    """Frames as the results folder has them under the same names."""

    effect: pd.DataFrame
    attribution: pd.DataFrame
    choices: pd.DataFrame
    groups: pd.DataFrame
    merging: pd.DataFrame


def measure(
    connection: duckdb.DuckDBPyConnection,
    forces: list[str],
    last_day: np.datetime64,
    choices: Choices,
    identities: pd.DataFrame | None = None,
) -> Effect:
    """The effect of a dataset's defects on each force's list, for both instruments.

    ``connection`` has the dataset's views, the truth's among them; ``identities`` (person_id, cluster_id) tells which records
    the audit takes for one person's, for the list after merging them. Intervals are Wilson's, of the share of the truth
    list that is found. Raises InputError where the choices are not known.
    """
    if choices.weights not in WEIGHTS:
        raise InputError(f"--weights takes one of {', '.join(WEIGHTS)}.")
    if choices.date_basis not in DATE_BASES:
        raise InputError(f"--date-basis takes one of {', '.join(DATE_BASES)}.")
    if choices.k is not None and choices.k < 1:
        raise InputError("--k takes a whole number of 1 or more.")
    last = int(last_day.astype("datetime64[D]").astype(int))
    world = _read(connection, forces, identities)
    lengths = list_lengths(connection, forces)
    parts: dict[str, list[pd.DataFrame]] = {"effect": [], "attribution": [], "choices": [], "groups": [], "merging": []}
    for number, force in enumerate(forces):
        for instrument in INSTRUMENTS.values():
            k = choices.k or lengths[force]
            bench = _Bench(world, number, instrument, last, k, choices)
            made = {
                "effect": bench.effect(),
                "attribution": bench.attribution(),
                "choices": bench.choices(),
                "groups": bench.groups(),
                "merging": bench.merging(),
            }
            for name, frame in made.items():
                frame.insert(0, "force", force)
                frame.insert(1, "instrument", instrument.name)
                parts[name].append(frame)
    return Effect(**{name: pd.concat([empty(name).iloc[:0].astype(object), *frames]) for name, frames in parts.items()})


def list_lengths(connection: duckdb.DuckDBPyConnection, forces: list[str]) -> dict[str, int]:
    """The length k of each force's list: 1,000 for the nation of the reference table, by population, at least 10."""
    nation = int(reference("forces")["population"].sum())
    population = dict(connection.execute("SELECT force, sum(population) FROM units GROUP BY force").fetchall())
    return {force: max(10, round(1000 * int(population.get(force) or 0) / nation)) for force in forces}


def shapley(values: dict[frozenset[str], float], families: tuple[str, ...] = FAMILIES) -> dict[str, float]:
    """Exact Shapley values of a game over families, given its value for each subset (Shapley 1953).

    They sum to the value of all families less that of none.

    >>> shapley({frozenset(): 0.0, frozenset("a"): 1.0, frozenset("b"): 0.0, frozenset("ab"): 2.0}, ("a", "b"))
    {'a': 1.5, 'b': 0.5}
    """
    n = len(families)
    result = {}
    for family in families:
        others = [other for other in families if other != family]
        total = 0.0
        for subset in _subsets(others):
            weight = factorial(len(subset)) * factorial(n - len(subset) - 1) / factorial(n)
            total += weight * (values[subset | {family}] - values[subset])
        result[family] = total
    return result


def _subsets(families: Iterable[str]) -> list[frozenset[str]]:
    listed = list(families)
    return [frozenset(chosen) for size in range(len(listed) + 1) for chosen in combinations(listed, size)]


# ---- one force's lists -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _World:
    """All forces' rows as parallel arrays, and what ties records, people and forces together.

    ``record`` and ``person`` are identifiers by their place in the order of all identifiers, -1 for none.
    ``cross_*`` are rows that another force may see: of its people by record, or by true person.
    """

    rows: dict[str, np.ndarray]
    owners_record: np.ndarray
    owners_person: np.ndarray
    cross_record: dict[str, np.ndarray]
    cross_person: dict[str, np.ndarray]
    people: pd.DataFrame
    weights: dict[str, np.ndarray]


class _Bench:
    """The lists of one force by one instrument, with any subset of the families repaired."""

    def __init__(self, world: _World, force: int, instrument: Instrument, last_day: int, k: int, choices: Choices) -> None:
        self.world, self.instrument, self.last_day, self.k = world, instrument, last_day, k
        self.weights, self.date_basis = choices.weights, choices.date_basis
        self.gather(force)
        self.truth, self.truth_scores = self.listing(ALL)
        self.recorded, _ = self.listing(NONE)
        self.found = np.isin(self.truth, self.people_of(self.recorded, NONE))

    def gather(self, force: int) -> None:
        """The rows of this force and those that sharing adds, with identities numbered once for all subsets."""
        data = self.world.rows
        own = np.flatnonzero(data["force"] == force)
        in_window = self._in_window(data[f"true_{self.date_basis}"][own], self.instrument.window)
        person = data["person"][own]
        # People with an event reported to this force in the window: whose records elsewhere sharing makes visible.
        members = np.unique(person[in_window & data["of_event"][own] & (person >= 0)])
        by_record = self._shared(self.world.cross_record, force, members)
        by_person = self._shared(self.world.cross_person, force, members)
        chosen = np.concatenate([own, np.union1d(by_record, by_person)])
        rows = {name: values[chosen] for name, values in data.items()}
        self.rows = rows
        self.is_own = np.arange(len(chosen)) < len(own)
        self.shown_by_record = self.is_own | np.isin(chosen, by_record)
        self.shown_by_person = self.is_own | np.isin(chosen, by_person)
        self.identifiers, self.number = {}, {}
        for name in ("record", "person", "cluster"):
            self.identifiers[name], self.number[name] = np.unique(rows[name], return_inverse=True)

    def _shared(self, cross: dict[str, np.ndarray], force: int, members: np.ndarray) -> np.ndarray:
        mine = cross["force"] == force
        return np.unique(cross["row"][mine][np.isin(cross["person"][mine], members)])

    def _in_window(self, day: np.ndarray, window: int) -> np.ndarray:
        return (day > self.last_day - window) & (day <= self.last_day)

    def listing(
        self,
        repaired: frozenset[str],
        weights: str | None = None,
        date_basis: str | None = None,
        window: int | None = None,
        merged: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The list with some families repaired, or of ``merged`` records: identifiers in order, and scores. Never handed on."""
        rows = self.rows
        name = "person" if "identity" in repaired else "cluster" if merged else "record"
        basis = date_basis or self.date_basis
        day = rows[f"true_{basis}" if "dates" in repaired else basis]
        offence = rows["true_offence" if "offence" in repaired else "offence"]
        counts = self._in_window(day, window or self.instrument.window) & (offence >= 0) & (rows[name] >= 0)
        if "sharing" in repaired:
            counts &= self.shown_by_person if "identity" in repaired else self.shown_by_record
        else:
            counts &= self.is_own
        if "identity" in repaired:
            counts &= rows["first_of_person"]
        if merged:
            counts &= rows["first_of_cluster"]
        if "linkage" not in repaired:
            counts &= rows["kind"] != _RESTORED
        counts &= rows["of_event"] if "recording" in repaired else rows["kind"] != _UNRECORDED
        chosen = np.flatnonzero(counts)
        offence = offence[chosen]
        listed, scores = top_list(
            self.instrument,
            self.number[name][chosen],
            self.world.weights[weights or self.weights][offence],
            self.world.weights["harm_days"][offence],
            day[chosen],
            self.last_day,
            len(self.identifiers[name]),
            self.k,
        )
        return self.identifiers[name][listed], scores

    def people_of(self, listed: np.ndarray, repaired: frozenset[str]) -> np.ndarray:
        """The people behind a list's entries."""
        return listed if "identity" in repaired else self._owners(listed)[1]

    def _owners(self, listed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(place on the list, person) of each entry; an overlaid record has several, a new record is its person."""
        begin = np.searchsorted(self.world.owners_record, listed, side="left")
        end = np.searchsorted(self.world.owners_record, listed, side="right")
        place = np.repeat(np.arange(len(listed)), end - begin)
        within = np.arange(len(place)) - np.repeat(np.cumsum(end - begin) - (end - begin), end - begin)
        return place, self.world.owners_person[begin[place] + within]

    def recall(self, repaired: frozenset[str]) -> float:
        """Share of the truth list that the list finds; NaN where the truth list is empty."""
        listed, _ = self.listing(repaired)
        found = np.isin(self.truth, self.people_of(listed, repaired))
        return float(found.mean()) if len(found) else np.nan

    def effect(self) -> pd.DataFrame:
        size, entries = len(self.truth), len(self.recorded)
        place, person = self._owners(self.recorded)
        wanted = np.zeros(entries, bool)
        wanted[place[np.isin(person, self.truth)]] = True
        # An entry repeats a person when one of its people stands at an earlier place too.
        earliest = pd.Series(place).groupby(person).transform("min").to_numpy() if len(place) else place
        repeats = np.zeros(entries, bool)
        repeats[place[earliest < place]] = True
        total = self.truth_scores.sum()
        rate, low, high = wilson(np.array([self.found.sum()]), np.array([size]))
        return pd.DataFrame(
            {
                "k": [self.k],
                "truth_size": [size],
                "recall_at_k": rate,
                "harm_captured": [self.truth_scores[self.found].sum() / total if total else np.nan],
                "wrongly_included": [1 - wanted.mean() if entries else np.nan],
                "repeat_entries": [repeats.mean() if entries else np.nan],
                "low": low,
                "high": high,
            }
        )

    def merging(self) -> pd.DataFrame:
        """Recall of the recorded list, and of the list after merging the records that the audit takes for one person's."""
        listed, _ = self.listing(NONE, merged=True)
        records = np.unique(self.rows["record"][self.is_own & np.isin(self.rows["cluster"], listed)])
        found = np.isin(self.truth, self.people_of(records[records >= 0], NONE))
        rate, low, high = wilson(np.array([found.sum()]), np.array([len(self.truth)]))
        before = self.found.mean() if len(self.truth) else np.nan
        columns = {"recall_at_k": [before], "recall_after_merging": rate, "low": low, "high": high}
        return pd.DataFrame({"k": [self.k], "truth_size": [len(self.truth)]} | columns)

    def attribution(self) -> pd.DataFrame:
        values = {subset: self.recall(subset) for subset in _subsets(FAMILIES)}
        contributions = shapley(values)
        return pd.DataFrame({"family": list(contributions), "contribution": list(contributions.values())})

    def choices(self) -> pd.DataFrame:
        """What share of the recorded list stays when a choice is made otherwise, the data being the same."""
        window = self.instrument.window
        options: list[tuple[str, str, dict]] = [
            *(("weights", name, {"weights": name}) for name in WEIGHTS if name != self.weights),
            *(("date_basis", name, {"date_basis": name}) for name in DATE_BASES if name != self.date_basis),
            ("window", "half", {"window": window // 2}),
            ("window", "twice", {"window": window * 2}),
        ]
        overlaps = [
            np.isin(self.recorded, self.listing(NONE, **option)[0]).mean() if len(self.recorded) else np.nan
            for _, _, option in options
        ]
        return pd.DataFrame(
            {
                "choice": [choice for choice, _, _ in options],
                "option": [name for _, name, _ in options],
                "overlap_with_default": overlaps,
            }
        )

    def groups(self) -> pd.DataFrame:
        """Whose cases are found: recall by sex, ethnicity group and age band; groups under 10 people are left null."""
        people = self.world.people.reindex(self.truth)
        parts = []
        for attribute, names in _GROUPS.items():
            found = pd.Series(self.found).groupby(people[attribute].to_numpy()).agg(["sum", "count"])
            found = found.reindex(list(names), fill_value=0)
            rate, low, high = wilson(found["sum"].to_numpy(), found["count"].to_numpy())
            shown = (found["count"] >= LEAST_GROUP).to_numpy()
            part = pd.DataFrame({"attribute": attribute, "group": list(names)})
            for column, values in {"people": found["count"], "recall_at_k": rate, "low": low, "high": high}.items():
                part[column] = np.where(shown, values, np.nan)
            parts.append(part.astype({"people": "Int64"}))
        return pd.concat(parts, ignore_index=True)


_GROUPS = {
    "sex": ("F", "M"),
    "ethnicity": ("White", "Mixed", "Asian", "Black", "Other"),
    "age_band": AGE_BANDS,
}

# ---- reading -----------------------------------------------------------------------------------------------------------

_LINKED, _RESTORED, _UNRECORDED = 0, 1, 2

# One row a crime (or unrecorded event) and identity it counts, or could count, for.
#   kind 0: a recorded link to a suspect · 1: a crime whose event has a suspect and that has no link · 2: not recorded.
#   record: null where the link leads to no person record of the crime's force; person: null where the event has no suspect.
_ENTRIES = """
CREATE OR REPLACE TEMP TABLE entries AS
WITH links AS (
    SELECT DISTINCT crime_id, person_id FROM involvements WHERE role = 'suspect' AND person_id IS NOT NULL
), suspects AS (
    SELECT DISTINCT suspect_key AS person_key FROM truth_events WHERE suspect_key IS NOT NULL
), first_record AS (
    SELECT person_key, force, min(person_id) AS person_id
    FROM truth_identities JOIN suspects USING (person_key) JOIN persons USING (person_id) GROUP BY ALL
), first_owner AS (
    SELECT person_id, min(person_key) AS person_key
    FROM truth_identities SEMI JOIN links USING (person_id) GROUP BY person_id
)
SELECT 0 AS kind, c.force, c.crime_id AS item, r.person_id AS record,
       CASE WHEN e.event_key IS NULL THEN coalesce(o.person_key, l.person_id) ELSE e.suspect_key END AS person,
       e.event_key IS NOT NULL AS of_event, c.offence_code, coalesce(e.offence_code, c.offence_code) AS true_code,
       coalesce(c.reported_on, c.recorded_on) AS reported,
       coalesce(c.occurred_on, c.reported_on, c.recorded_on) AS occurred,
       CASE WHEN e.event_key IS NULL THEN coalesce(c.reported_on, c.recorded_on) ELSE e.reported_on END AS true_reported,
       CASE WHEN e.event_key IS NULL THEN coalesce(c.occurred_on, c.reported_on, c.recorded_on)
            WHEN e.reported_on IS NOT NULL THEN e.occurred_on END AS true_occurred
FROM links l JOIN crimes c USING (crime_id)
LEFT JOIN truth_events e USING (crime_id)
LEFT JOIN persons r ON r.person_id = l.person_id AND r.force = c.force
LEFT JOIN first_owner o ON o.person_id = l.person_id
UNION ALL
SELECT 1, c.force, c.crime_id, coalesce(f.person_id, e.suspect_key), e.suspect_key, true, c.offence_code, e.offence_code,
       coalesce(c.reported_on, c.recorded_on), coalesce(c.occurred_on, c.reported_on, c.recorded_on),
       e.reported_on, CASE WHEN e.reported_on IS NOT NULL THEN e.occurred_on END
FROM crimes c JOIN truth_events e USING (crime_id) ANTI JOIN links ON links.crime_id = c.crime_id
LEFT JOIN first_record f ON f.person_key = e.suspect_key AND f.force = c.force
WHERE e.suspect_key IS NOT NULL
UNION ALL
SELECT 2, e.force, e.event_key, coalesce(f.person_id, e.suspect_key), e.suspect_key, true, e.offence_code, e.offence_code,
       e.reported_on, e.occurred_on, e.reported_on, e.occurred_on
FROM truth_events e ANTI JOIN crimes c ON c.crime_id = e.crime_id
LEFT JOIN first_record f ON f.person_key = e.suspect_key AND f.force = e.force
WHERE e.reported_on IS NOT NULL AND e.suspect_key IS NOT NULL
"""


def _read(connection: duckdb.DuckDBPyConnection, forces: list[str], identities: pd.DataFrame | None) -> _World:
    offences = reference("offences")
    connection.register("offence_numbers", pd.DataFrame({"code": offences["offence_code"], "n": range(len(offences))}))
    connection.register("force_numbers", pd.DataFrame({"slug": forces, "n": range(len(forces))}))
    connection.register("clusters", empty("identities") if identities is None else identities)
    connection.execute(_ENTRIES)
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE identifier_order AS
        SELECT identifier, (row_number() OVER (ORDER BY identifier) - 1)::INT AS place FROM (
            SELECT record AS identifier FROM entries WHERE record IS NOT NULL
            UNION SELECT person FROM entries WHERE person IS NOT NULL
            UNION SELECT person_key FROM truth_identities WHERE person_id IN (SELECT record FROM entries)
        );
        CREATE OR REPLACE TEMP TABLE numbered AS
        SELECT (row_number() OVER () - 1)::INT AS row, * FROM (
            SELECT e.kind::TINYINT AS kind, f.n::SMALLINT AS force, item, record, person, e.of_event,
                   coalesce(a.place, -1)::INT AS record_place, coalesce(b.place, -1)::INT AS person_place,
                   coalesce(dense_rank() OVER (ORDER BY coalesce(u.cluster_id, record)), 0)::INT AS cluster,
                   coalesce(o.n, -1)::SMALLINT AS offence, coalesce(t.n, -1)::SMALLINT AS true_offence,
                   reported, occurred, true_reported, true_occurred
            FROM entries e JOIN force_numbers f ON f.slug = e.force
            LEFT JOIN identifier_order a ON a.identifier = e.record LEFT JOIN identifier_order b ON b.identifier = e.person
            LEFT JOIN clusters u ON u.person_id = e.record
            LEFT JOIN offence_numbers o ON o.code = e.offence_code LEFT JOIN offence_numbers t ON t.code = e.true_code
        );
        CREATE OR REPLACE TEMP TABLE owners AS
        SELECT DISTINCT a.place AS record, b.place AS person
        FROM truth_identities t JOIN identifier_order a ON a.identifier = t.person_id
        JOIN identifier_order b ON b.identifier = t.person_key
        UNION SELECT DISTINCT record_place, record_place FROM numbered
              WHERE kind <> 0 AND record_place >= 0 AND record = person;
        CREATE OR REPLACE TEMP TABLE reported_to AS
        SELECT DISTINCT i.place AS person, f.n::SMALLINT AS force
        FROM truth_events e JOIN identifier_order i ON i.identifier = e.suspect_key
        JOIN force_numbers f ON f.slug = e.force WHERE e.reported_on IS NOT NULL;
        """
    )
    days = ", ".join(
        f"coalesce({name} - DATE '1970-01-01', {NO_DAY})::INT AS {name}"
        for name in ("reported", "occurred", "true_reported", "true_occurred")
    )
    # A crime counts once for an identity, however many links lead there. Nearly all have one, so only the rest is sorted.
    rows = connection.execute(
        f"""
        WITH several AS (SELECT item FROM numbered GROUP BY item HAVING count(*) > 1), repeated AS (
            SELECT row, row_number() OVER (PARTITION BY item, person ORDER BY row) > 1 AS again,
                   row_number() OVER (PARTITION BY item, cluster ORDER BY row) > 1 AS merged_again
            FROM numbered SEMI JOIN several USING (item)
        )
        SELECT kind, force, record_place AS record, person_place AS person, cluster, of_event, offence, true_offence, {days},
               NOT coalesce(again, false) AS first_of_person, NOT coalesce(merged_again, false) AS first_of_cluster
        FROM numbered LEFT JOIN repeated USING (row) ORDER BY row
        """
    ).fetchnumpy()
    cross_person = connection.execute(
        """
        SELECT row, r.force, r.person FROM numbered n JOIN reported_to r
        ON r.person = n.person_place AND r.force <> n.force ORDER BY row
        """
    ).fetchnumpy()
    cross_record = connection.execute(
        """
        SELECT row, r.force, r.person FROM numbered n JOIN owners o ON o.record = n.record_place
        JOIN reported_to r ON r.person = o.person AND r.force <> n.force ORDER BY row
        """
    ).fetchnumpy()
    owners = connection.execute("SELECT record, person FROM owners ORDER BY record, person").fetchnumpy()
    return _World(
        rows={name: np.ma.getdata(values) for name, values in rows.items()},
        owners_record=np.ma.getdata(owners["record"]),
        owners_person=np.ma.getdata(owners["person"]),
        cross_record={name: np.ma.getdata(values) for name, values in cross_record.items()},
        cross_person={name: np.ma.getdata(values) for name, values in cross_person.items()},
        people=_people(connection),
        weights={
            "harm_days": offences["harm_days"].to_numpy(float),
            "css_weight": offences["css_weight"].to_numpy(float),
            "count": np.ones(len(offences)),
        },
    )


def _people(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Groups of true people by identifier: sex, ethnicity group, and age band at the last event known of them."""
    ethnicities = reference("ethnicities")
    connection.register("ethnicity_groups", ethnicities[["ethnicity", "ethnicity_group"]])
    people = connection.execute(
        """
        SELECT i.place, any_value(p.sex) AS sex, any_value(g.ethnicity_group) AS ethnicity,
               any_value(date_diff('year', p.date_of_birth, (SELECT max(reported_on) FROM truth_events))) AS age
        FROM truth_people p JOIN identifier_order i ON i.identifier = p.person_key
        LEFT JOIN ethnicity_groups g USING (ethnicity) GROUP BY i.place
        """
    ).df()
    bands = pd.cut(people["age"], [-np.inf, 17, 24, 34, 44, 54, np.inf], labels=list(AGE_BANDS)).astype("object")
    return people.assign(age_band=bands).set_index("place")
