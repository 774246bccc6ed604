"""A small world made for a lesson, measured and thrown away; aggregates stay."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from audit.checks.catalogue import catalogue
from audit.checks.run import Context, count_checks, judged
from audit.effect import Choices, Effect, built_in, measure
from audit.engines import connect, duckdb_frames
from audit.gaps import Gaps, find_coverage, find_gaps, read_counts
from audit.readiness.field_scores import field_score_table
from synthetic import generate
from synthetic.contract import reference
from synthetic.profile import check_profile

SEED = 1
K = 100
"""Length of a lesson's list: long enough that a class sees more than single people."""
INSTRUMENT = "harm_365"
"""The instrument of the lessons' lists."""
WORST = 1000
"""Pairs, suspects and victims with most harm in a year of whom a lesson asks whether they were known before."""

Settings = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Recipe:
    """A world: settings over the clean profile (section.key, value), forces, scale, list length (None: by population)."""

    settings: Settings = ()
    forces: tuple[str, ...] = ("durnley",)
    scale: float = 0.5
    k: int | None = K
    fields: bool = False
    """Whether the fields' scores and blanks are counted too, which takes longer."""

    @property
    def command(self) -> str:
        """The commands that make this world and audit it."""
        settings = "".join(f" --set {key}={value:g}" for key, value in self.settings)
        length = self.k or "population"
        return (
            f"python -m synthetic generate world --profile clean --forces {','.join(self.forces)} --scale {self.scale:g} "
            f"--seed {SEED}{settings}\npython -m audit run world --out results --k {length}"
        )

    def make(self, progress: Callable[[str, float], None]) -> "Lab":
        """Make the world of this recipe and measure it."""
        return make(self, progress)


FIELDS = Recipe(fields=True)
"""The clean world, with its fields counted."""


@dataclass(frozen=True)
class Lab:
    """What a lesson shows of a world."""

    effect: Effect
    months: pd.DataFrame
    """month, reported (true reports), recorded (crimes)."""
    unreported: pd.DataFrame
    gaps: Gaps
    reports: pd.DataFrame
    """unit_id, month, reported: true reports of each station."""
    groups: pd.Series
    """Recorded crimes by offence group."""
    history: pd.DataFrame
    """what (pairs, suspects, victims), worst, unknown: of those with most harm in a year, those without a report in two years before."""
    scores: pd.DataFrame
    blanks: pd.DataFrame
    """Blank and counted rows (failed, total) by table and field; empty where the recipe asks for no fields."""
    records: int
    people: int

    def figure(self, name: str) -> float:
        """A figure of the effect, over all forces in proportion to their lists."""
        mine = self.effect.effect
        size = mine["truth_size"].to_numpy(float)
        return float((mine[name].to_numpy(float) * size).sum() / size.sum()) if size.sum() else float("nan")


def make(recipe: Recipe, progress: Callable[[str, float], None]) -> Lab:
    """Make the world of a recipe and measure it."""
    content: dict[str, dict[str, float]] = {}
    for key, value in recipe.settings:
        section, name = key.split(".")
        content.setdefault(section, {})[name] = value
    with tempfile.TemporaryDirectory(prefix="force-data-lab-") as folder:
        progress("Making a synthetic world", 0.1)
        dataset = generate(Path(folder) / "dataset", check_profile(content), list(recipe.forces), scale=recipe.scale, seed=SEED)
        progress("Measuring what its data would do to a list", 0.6)
        with connect(dataset) as connection:
            as_of = dataset.manifest.as_of
            matched = _matched(connection) if len(recipe.forces) > 1 else None
            effect = measure(connection, dataset.forces, np.datetime64(as_of), Choices(k=recipe.k or "population"), matched,
                             instruments=[built_in()[INSTRUMENT]])  # fmt: skip
            counts = read_counts(connection, as_of)
            scores, blanks = pd.DataFrame(), pd.DataFrame()
            if recipe.fields:
                progress("Scoring the fields", 0.8)
                checks = tuple(check for check in catalogue() if check.lowers_field_score)
                counted, broken = count_checks(duckdb_frames(connection), checks, Context(as_of))
                rated = judged(counted, checks, dataset.forces, broken)
                scores = field_score_table(rated, dataset.forces)
                blank = rated[(rated["check_type"] == "missing") & rated["month"].isna()]
                blanks = blank.groupby(["table", "field"])[["failed", "total"]].sum()
            return Lab(
                effect,
                _months(connection),
                find_coverage(connection, True).unreported,
                find_gaps(counts),
                _reports(connection),
                _groups(connection),
                _history(connection, as_of),
                scores,
                blanks,
                *_people(connection),
            )


def _months(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """month, reported (true reports), recorded (crimes)."""
    return connection.execute(
        """
        SELECT month, coalesce(reported, 0) AS reported, coalesce(recorded, 0) AS recorded FROM (
            SELECT date_trunc('month', reported_on)::DATE AS month, count(*) AS reported FROM truth_events
            WHERE reported_on IS NOT NULL GROUP BY 1
        ) FULL JOIN (
            SELECT date_trunc('month', recorded_on)::DATE AS month, count(*) AS recorded FROM crimes GROUP BY 1
        ) USING (month) ORDER BY month
        """
    ).df()


def _reports(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """unit_id, month, reported."""
    return connection.execute(
        """
        SELECT unit_id, date_trunc('month', reported_on)::DATE AS month, count(*) AS reported
        FROM truth_events WHERE reported_on IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        """
    ).df()


def _history(connection: duckdb.DuckDBPyConnection, as_of: date) -> pd.DataFrame:
    """Of the pairs, suspects and victims with most harm in the last year, how many had no report in the two years before it."""
    offences = reference("offences")[["offence_code", "harm_days"]].astype({"harm_days": float})
    connection.register("lesson_harm", offences)
    rows = []
    for what, key in (
        ("pairs", "suspect_key || ' ' || victim_key"), ("suspects", "suspect_key"), ("victims", "victim_key"),
    ):  # fmt: skip
        query = f"""
            WITH events AS (
                SELECT {key} AS who, reported_on, harm_days FROM truth_events JOIN lesson_harm USING (offence_code)
                WHERE reported_on IS NOT NULL AND {key} IS NOT NULL
            ), worst AS (
                SELECT who, sum(harm_days) AS harm FROM events WHERE reported_on > $day::DATE - 365 GROUP BY who
                ORDER BY harm DESC, who LIMIT {WORST}
            )
            SELECT count(*), count(*) FILTER (WHERE who NOT IN (
                SELECT who FROM events WHERE reported_on > $day::DATE - 1095 AND reported_on <= $day::DATE - 365
            )) FROM worst
        """
        rows.append((what, *connection.execute(query, {"day": as_of}).fetchall()[0]))
    connection.unregister("lesson_harm")
    return pd.DataFrame(rows, columns=["what", "worst", "unknown"]).set_index("what")


def _groups(connection: duckdb.DuckDBPyConnection) -> pd.Series:
    found = connection.execute("SELECT offence_code, count(*) AS crimes FROM crimes GROUP BY 1").df()
    groups = reference("offences").set_index("offence_code")["offence_group"]
    return found.assign(group=found["offence_code"].map(groups)).groupby("group")["crimes"].sum()


def _matched(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """person_id, cluster_id: records matched without error, which no real matching reaches."""
    query = "SELECT person_id, min(person_id) OVER (PARTITION BY person_key) AS cluster_id FROM truth_identities"
    return connection.execute(query).df().drop_duplicates("person_id")


def _people(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    query = "SELECT count(DISTINCT person_id), count(DISTINCT person_key) FROM truth_identities"
    records, people = connection.execute(query).fetchall()[0]
    return int(records), int(people)
