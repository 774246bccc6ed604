"""Published figures beside generated ones: what the generator claims to come near, how near it comes, and what it does not
claim because the published figure has another base."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from synthetic.blanks import blank_sql
from synthetic.contract import TABLES, Field, reference
from synthetic.dataset import Dataset, reading
from synthetic.defects import REGISTRY
from synthetic.errors import InputError
from synthetic.profile import check_profile
from synthetic.world.courses import YEARLY_MIX

_SIZED = {"crimes": "all_records", "persons": "persons", "involvements": "involvements"}
"""The view that counts the rows of a table in which defects are entered."""
FOLLOW_UP_DAYS = 731
"""Follow-up of Barnham, Barnes and Sherman (2017, doi 10.1007/s41887-017-0008-9)."""
SHARE = 0.03
"""Share of suspects whose harm is summed, as theirs."""
CITY = 5_000_000
"""Residents from which a force counts as city-sized: the V100 figures are of a force of nine million."""


@dataclass(frozen=True)
class Figure:
    """A published figure: its value or range, source, and how far the generated one may lie off (None: no claim)."""

    name: str
    source: str
    published: float | None
    generated: float
    tolerance: float | None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.tolerance is None:
            return "no tolerance held"
        if np.isnan(self.generated) or self.published is None:
            return "not applicable"
        return "within" if abs(self.generated - self.published) <= self.tolerance else "outside"


def calibrate(dataset: Dataset, harm_weights: dict[str, float]) -> pd.DataFrame:
    """A row a figure: figure, source, published, generated, tolerance, verdict, note. Raises InputError without a truth."""
    if not dataset.has_truth:
        raise InputError(None, "The dataset has no truth to compare published figures with; generate one.")
    with reading(dataset) as connection:
        views = {"truth/events": "all_events", "truth/identities": "identities", "crimes": "all_records"}
        for name, view in views.items():
            _view(connection, dataset, name, view)
        for name in ("units", "persons", "involvements", "truth/defects", "truth/gaps"):
            _view(connection, dataset, name, name.removeprefix("truth/"))
        connection.execute("CREATE VIEW crimes AS SELECT * FROM all_records WHERE coalesce(record_class, 'crime') = 'crime'")
        connection.execute("CREATE VIEW events AS SELECT * FROM all_events WHERE coalesce(event_class, 'crime') = 'crime'")
        connection.register("offences", reference("offences").assign(harm=_harm(harm_weights)))
        bench = _Bench(connection, dataset)
        figures = [
            *bench.volumes(),
            *bench.concentration(),
            *bench.mix(),
            *bench.recording(),
            *bench.fields(),
            *bench.outcomes(),
            *bench.classes(),
            *bench.living_together(),
            *bench.claims(),
        ]
    return pd.DataFrame(
        [
            {
                "figure": figure.name,
                "source": figure.source,
                "published": figure.published,
                "generated": figure.generated,
                "tolerance": figure.tolerance,
                "verdict": figure.verdict,
                "note": figure.note,
            }
            for figure in figures
        ]
    )


def _view(connection: duckdb.DuckDBPyConnection, dataset: Dataset, table: str, view: str) -> None:
    files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in dataset.files(table))
    if not files:
        raise InputError(None, "The dataset lacks a table that the figures are made of; generate one with its ledger.")
    columns = ", ".join(_without_blanks(field) for field in TABLES[table].fields)
    # Columns that every file leaves out are there with nothing in them.
    connection.execute(
        f"CREATE VIEW {view} AS SELECT {columns} FROM (SELECT * FROM read_parquet([{files}], union_by_name = true) "
        f"UNION ALL BY NAME SELECT {_nothing(table)} WHERE false)"
    )


def _without_blanks(field: Field) -> str:
    """SQL of a column in which a text with nothing that can be seen is null, as every check counts it."""
    name = f'"{field.name}"'
    return name if field.kind != "string" else f"CASE WHEN NOT {blank_sql(name)} THEN {name} END AS {name}"


def _nothing(table: str) -> str:
    types = {"string": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN", "integer": "BIGINT"}
    return ", ".join(f'NULL::{types[field.kind]} AS "{field.name}"' for field in TABLES[table].fields)


def _harm(harm_weights: dict[str, float]) -> list[float]:
    return [harm_weights[code] for code in reference("offences")["offence_code"]]


class _Bench:
    """Figures of one dataset, worked out by DuckDB."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
        self.connection = connection
        self.as_of = dataset.manifest.as_of
        first, last = self.row("SELECT min(reported_on), max(reported_on) FROM events")
        self.years = ((last - first).days + 1) / 365.25 if first else float("nan")
        self.first = first
        content = dataset.manifest.profile
        self.profile = None if content is None else check_profile(content)

    def row(self, query: str) -> tuple[Any, ...]:
        return tuple(self.connection.execute(query).fetchall()[0])

    def value(self, query: str) -> float:
        value = self.row(query)[0]
        return float("nan") if value is None else float(value)

    def volumes(self) -> list[Figure]:
        recorded = "SELECT count(*) FROM events SEMI JOIN crimes USING (crime_id)"
        residents = self.value("SELECT sum(population) FROM units")
        nation = float(reference("forces")["population"].sum())
        # Inspectors sample a force's incident logs: crimes that only the extract lacks are no failure to record.
        silent = self.value("SELECT coalesce(sum(events_lost), 0) FROM gaps WHERE kind = 'silent'")
        share = self.value("SELECT count(*) FROM events WHERE crime_id IS NOT NULL") / (
            self.value("SELECT count(*) FROM events WHERE reported_on IS NOT NULL") - silent
        )
        a_year = self.value(recorded) / self.years / residents * nation
        total = self.value("SELECT count(*) FROM events") / self.value(recorded)
        return [
            Figure("recorded crimes a year, scaled to the nation", "NPCC and College of Policing 2024; mix by Home Office",
                   1_100_000, a_year, 110_000, "over 1 million; the offences of the mix sum to 1.15 million"),
            Figure("share of reports that are recorded", "HMICFRS, PEEL spotlight 2025", 0.948, share, 0.02,
                   "published of sampled incident logs; here without the crimes of units that are silent in the extract"),
            Figure("events over recorded crimes", "NPCC and College of Policing 2024", 2.0, total, None,
                   "published as at least twice"),
            Figure("share of rapes that are reported", "CSEW 2017 and 2020", 0.16, self.value(
                "SELECT avg((reported_on IS NOT NULL)::INT) FROM events WHERE offence_code IN ('019C', '019D')"), 0.02,
                "published as fewer than 1 in 6"),
        ]  # fmt: skip

    def concentration(self) -> list[Figure]:
        self.connection.execute(
            "CREATE TEMP TABLE reports AS SELECT suspect_key, victim_key, force, reported_on, harm, offence_code, crime_id "
            "FROM events JOIN offences USING (offence_code) WHERE reported_on IS NOT NULL AND suspect_key IS NOT NULL"
        )
        self.connection.execute(
            "CREATE TEMP TABLE all_reports AS SELECT suspect_key, victim_key, force, reported_on, coalesce(harm, 0) AS harm, crime_id "
            "FROM all_events LEFT JOIN offences USING (offence_code) WHERE reported_on IS NOT NULL AND suspect_key IS NOT NULL "
            "AND (coalesce(event_class, 'crime') = 'crime' OR offence_code IS NULL)"
        )
        forces = self.value("SELECT avg((n > 1)::INT) FROM (SELECT count(DISTINCT force) AS n FROM reports GROUP BY suspect_key)")
        several = self.value("SELECT count(DISTINCT force) FROM units") > 1
        # A relationship left blank is the ledger's: these figures are of the world.
        self.connection.execute(
            "CREATE TEMP TABLE intimate AS SELECT crime_id FROM involvements WHERE relationship IN ('partner', 'ex_partner') UNION "
            "SELECT split_part(record_id, '|', 1) FROM defects WHERE \"table\" = 'involvements' AND field = 'relationship' "
            "AND true_value IN ('partner', 'ex_partner')"
        )
        crimes, reports = (f"SELECT * FROM {base} SEMI JOIN intimate USING (crime_id)" for base in ("reports", "all_reports"))
        offences, victims = self._city()
        return [
            Figure("suspects with no further report in 731 days", "Barnham, Barnes and Sherman 2017", 0.776,
                   self._single("SELECT * FROM reports"), 0.025),
            Figure("the same, intimate-partner crimes and incidents", "Barnham, Barnes and Sherman 2017", 0.776,
                   self._single(reports), 0.03, "the published base"),
            Figure("suspects known to two forces or more", "proposed, 3 to 6%", 0.045, forces if several else float("nan"), 0.015),
            Figure("city-sized force, 365-day top 100: offences", "Independent and Telegraph, July 2023", 445, offences, 67),
            Figure("city-sized force, 365-day top 100: victims", "Independent and Telegraph, July 2023", 201, victims, 40),
            Figure("harm made by 3% of suspects, intimate-partner crimes", "Barnham, Barnes and Sherman 2017", 0.90,
                   self._top_share(crimes), None, "published with non-crime incidents in the base"),
            Figure("harm made by 3% of suspects, intimate-partner crimes and incidents", "Barnham, Barnes and Sherman 2017",
                   0.90, self._top_share(reports), 0.10, "the published base; incidents weigh nothing"),
            Figure("the most that 3% of suspects could make of the same reports", "arithmetic", None, self._most_share(reports), None,
                   "as if those with most reports made the gravest: each suspect's number of reports and the mix of offences stay"),
            Figure("intimate-partner dyads that never repeat", "Bland and Ariel 2015", 0.76, self._dyads_once(reports), None,
                   "published over six years; a shorter period sees fewer repeats"),
            Figure("mean score of the city's top 100 over that of half the suspects", "Labour press release, 2023", 1000,
                   self._over_most(), None, "published as 1,000 times more harmful than most; here than the median suspect"),
            Figure("harm made by 3% of suspects, all these crimes", "Barnham, Barnes and Sherman 2017", 0.90,
                   self._top_share("SELECT * FROM reports"), None, "another base: rape and strangers' crimes included"),
        ]  # fmt: skip

    def _single(self, reports: str) -> float:
        """Share of suspects with no further report in the follow-up, among those who have all of it before them."""
        latest = self.as_of - timedelta(days=FOLLOW_UP_DAYS)
        return self.value(
            f"""
            WITH mine AS ({reports}),
            firsts AS (SELECT suspect_key, min(reported_on) AS first FROM mine GROUP BY 1
                       HAVING first <= DATE '{latest}' AND first >= DATE '{self.first}'),
            again AS (SELECT f.suspect_key, bool_or(r.reported_on > f.first AND r.reported_on <= f.first + {FOLLOW_UP_DAYS}) AS more
                      FROM firsts f JOIN mine r USING (suspect_key) GROUP BY 1)
            SELECT 1 - avg(more::INT) FROM again
            """
        )

    def _top_share(self, reports: str) -> float:
        return self.value(
            f"""
            WITH each AS (SELECT suspect_key, sum(harm) AS harm FROM ({reports}) GROUP BY 1),
            placed AS (SELECT harm, row_number() OVER (ORDER BY harm DESC) AS place, count(*) OVER () AS suspects FROM each)
            SELECT sum(harm) FILTER (place <= {SHARE} * suspects) / sum(harm) FROM placed
            """
        )

    def _most_share(self, reports: str) -> float:
        """The share of harm that the gravest reports make, as many as the suspects with most reports have."""
        return self.value(
            f"""
            WITH mine AS ({reports}),
            each AS (SELECT count(*) AS n FROM mine GROUP BY suspect_key),
            most AS (SELECT n, row_number() OVER (ORDER BY n DESC) AS place, count(*) OVER () AS suspects FROM each),
            placed AS (SELECT harm, row_number() OVER (ORDER BY harm DESC) AS place FROM mine)
            SELECT sum(harm) FILTER (place <= (SELECT sum(n) FROM most WHERE place <= {SHARE} * suspects)) / sum(harm) FROM placed
            """
        )

    def _dyads_once(self, reports: str) -> float:
        return self.value(f"SELECT avg((n = 1)::INT) FROM (SELECT count(*) AS n FROM ({reports}) GROUP BY suspect_key, victim_key)")

    def _city(self) -> tuple[float, float]:
        """Offences and victims of the 100 with most harm, two reports or more, in the largest force; as counts only."""
        force, residents = self.row("SELECT force, sum(population) AS n FROM units GROUP BY 1 ORDER BY n DESC LIMIT 1")
        if residents < CITY:
            return float("nan"), float("nan")
        row = self.row(
            f"""
            SELECT sum(offences), sum(victims) FROM (
                SELECT count(*) AS offences, count(DISTINCT victim_key) AS victims FROM reports
                WHERE force = '{force}' AND reported_on > DATE '{self.as_of - timedelta(days=365)}'
                GROUP BY suspect_key HAVING count(*) >= 2 ORDER BY sum(harm) DESC LIMIT 100)
            """
        )
        return float(row[0] or 0), float(row[1] or 0)

    def _over_most(self) -> float:
        """The 100 highest mean score over the median, of suspects of the largest force in its last 365 days."""
        force, residents = self.row("SELECT force, sum(population) AS n FROM units GROUP BY 1 ORDER BY n DESC LIMIT 1")
        if residents < CITY:
            return float("nan")
        return self.value(
            f"""
            WITH each AS (SELECT suspect_key, sum(harm) AS harm FROM reports
                          WHERE force = '{force}' AND reported_on > DATE '{self.as_of - timedelta(days=365)}' GROUP BY 1)
            SELECT (SELECT avg(harm) FROM (SELECT harm FROM each ORDER BY harm DESC LIMIT 100)) / median(harm) FROM each
            """
        )

    def classes(self) -> list[Figure]:
        """Incidents and cancelled crimes."""
        incidents = self.value(
            "SELECT avg((record_class = 'non_crime_incident')::INT) FROM all_records JOIN all_events e USING (crime_id) "
            "WHERE e.domestic_abuse AND coalesce(record_class, 'crime') <> 'cancelled'"
        )
        left = self.value("SELECT count(*) FROM defects WHERE defect = 'crime_as_incident' AND field = 'record_class'")
        domestic = self.value("SELECT count(*) FROM events WHERE domestic_abuse AND crime_id IS NOT NULL")
        wrong = self.value(
            "SELECT avg((event_class = 'crime')::INT) FROM all_records JOIN all_events USING (crime_id) WHERE record_class = 'cancelled'"
        )
        return [
            Figure("domestic-abuse records that are incidents", "ONS, year to March 2025", 0.395, incidents, 0.03),
            Figure("domestic crimes left as incidents", "illustrative", 0.03, left / max(domestic, 1), 0.015),
            Figure("cancelled crimes that took place", "BBC Shared Data Unit on HMICFRS 2016-20", 0.43, wrong, None,
                   "published of small samples: up to 43% of rapes, 53% of sexual offences, 50% of violence"),
        ]  # fmt: skip

    def claims(self) -> list[Figure]:
        """What the profile itself claims: the share of events that is reported, and the rate of each kind of defect."""
        if self.profile is None:
            return []
        reported = dict(self.connection.execute(
            "SELECT offence_group, avg((reported_on IS NOT NULL)::INT) FROM events JOIN offences USING (offence_code) GROUP BY 1"
        ).fetchall())  # fmt: skip
        found = {
            name: (table, int(rows))
            for name, table, rows in self.connection.execute(
                'SELECT defect, mode("table"), count(DISTINCT record_id) FROM defects GROUP BY defect'
            ).fetchall()
        }
        sizes = {table: self.value(f"SELECT count(*) FROM {view}") for table, view in _SIZED.items()}
        nan = float("nan")
        return [
            *(
                Figure(f"share reported: {group.replace('_', ' ')}", f"profile, {self.profile.name}", rate, reported.get(group, nan),
                       None, "before the relationship is taken into account")
                for group, rate in self.profile.reporting.model_dump().items()
            ),
            *(
                Figure(f"rate of {one.name.replace('_', ' ')}", one.source, self.profile.rate(one.rate),
                       found[one.name][1] / max(sizes[found[one.name][0]], 1) if one.name in found else 0.0, None,
                       f"of the rows it can fall on ({one.mechanism}); generated: of all rows of its table")
                for one in REGISTRY
            ),
        ]  # fmt: skip

    def living_together(self) -> list[Figure]:
        """What different people share; each illustrative, since nothing is published."""
        phones = self.value(
            "WITH r AS (SELECT p.phone, i.person_key FROM persons p JOIN identities i USING (person_id) WHERE phone IS NOT NULL) "
            "SELECT avg((people > 1)::INT) FROM r JOIN (SELECT phone, count(DISTINCT person_key) AS people FROM r GROUP BY 1) "
            "USING (phone)"
        )
        records = self.value("SELECT count(*) / count(DISTINCT person_key) FROM identities")
        return [
            Figure("person records that share a telephone with another person's", "illustrative, 5 to 20%", 0.10, phones, 0.06),
            Figure("records a person", "illustrative; one force held three a resident (Experian)", None, records, None),
        ]  # fmt: skip

    def mix(self) -> list[Figure]:
        counts = dict(
            self.connection.execute("SELECT offence_code, count(*) FROM events WHERE reported_on IS NOT NULL GROUP BY 1").fetchall()
        )
        total, published = sum(counts.values()), sum(YEARLY_MIX.values())
        titles = dict(zip(reference("offences")["offence_code"], reference("offences")["title"], strict=True))
        return [
            Figure(f"share of reports: {titles[code]}", "Home Office and ONS 2024/25, approximate", share / published,
                   counts.get(code, 0) / max(total, 1), max(0.1 * share / published, 0.002))
            for code, share in YEARLY_MIX.items()
        ]  # fmt: skip

    def recording(self) -> list[Figure]:
        in_time = self.value("SELECT avg((recorded_on <= reported_on + 1)::INT) FROM crimes WHERE reported_on IS NOT NULL")
        rape = self.value(
            "SELECT avg((occurred_on = reported_on)::INT) FROM events "
            "WHERE reported_on IS NOT NULL AND offence_code IN ('019C', '019D')"
        )
        split = self.value("SELECT 1 - count(DISTINCT person_key) / count(*) FROM identities")
        named = "SELECT count(*) FROM events SEMI JOIN crimes USING (crime_id) WHERE suspect_key IS NOT NULL"
        unlinked = self.value("SELECT count(*) FROM defects WHERE defect = 'suspect_not_linked'") / max(self.value(named), 1)
        return [
            Figure("share recorded within a day", "proposed, 92 to 96%", 0.94, in_time, 0.03),
            Figure("rapes reported on their day", "proposed", 0.20, rape, 0.02),
            Figure("person records that are duplicates", "proposed, 3 / 10 / 25%", 0.10, split, 0.03),
            Figure("named suspects not linked", "proposed, 2 / 8 / 20%", 0.08, unlinked, 0.03),
            Figure("crimes recorded twice", "proposed, 0.2 / 1 / 5%", 0.01, self.value(
                "SELECT (SELECT count(*) FROM crimes WHERE crime_id NOT IN (SELECT crime_id FROM events WHERE crime_id IS NOT "
                "NULL)) / (SELECT count(*) FROM crimes)"), 0.006),
        ]  # fmt: skip

    def fields(self) -> list[Figure]:
        def missing(field: str, role: str) -> float:
            return self.value(
                f"SELECT avg(({field} IS NULL)::INT) FROM persons "
                f"WHERE person_id IN (SELECT person_id FROM involvements WHERE role = '{role}')"
            )

        women = self.value(
            "SELECT avg((p.sex = 'F')::INT) FROM persons p JOIN involvements i USING (person_id) JOIN crimes c USING (crime_id) "
            "JOIN offences o USING (offence_code) WHERE i.role = 'victim' AND o.offence_group IN ('rape', 'other_sexual')"
        )
        return [
            Figure("victims' ethnicity missing", "HMICFRS, Race and policing, 2023", 0.61, missing("ethnicity", "victim"), 0.08),
            Figure("suspects' ethnicity missing", "IICSA 2022, part H.4", 0.35, missing("ethnicity", "suspect"), 0.08),
            Figure("victims' sex missing", "proposed, 0.3 / 5 / 26%", 0.05, missing("sex", "victim"), 0.025),
            Figure("victims' date of birth missing", "proposed, 2 / 12 / 27%", 0.12, missing("date_of_birth", "victim"), 0.04),
            Figure("women among victims of sexual offences", "ONS", 0.86, women, None,
                   "here of crimes coded on women, so higher"),
        ]  # fmt: skip

    def outcomes(self) -> list[Figure]:
        charged = {
            group: self.value(
                "SELECT avg((c.outcome_code = '1')::INT) FROM crimes c JOIN offences o USING (offence_code) "
                f"WHERE c.outcome_code IS NOT NULL AND o.offence_group = '{group}'"
            )
            for group in ("rape", "stalking")
        }
        delay = self.value(
            "SELECT median(outcome_on - recorded_on) FROM crimes JOIN offences USING (offence_code) "
            "WHERE outcome_code = '1' AND offence_group = 'rape'"
        )
        return [
            Figure("rapes with an outcome that were charged", "Home Office, 1.6% (2022) to 2.7% (2024)", 0.026,
                   charged["rape"], 0.012, "of closed cases; charges come late, so recent years have fewer"),
            Figure("stalking with an outcome that was charged", "Home Office, 11% (2020) to 6% (2022)", 0.07,
                   charged["stalking"], 0.025),
            Figure("median days to charge, rape", "Home Office, YE June 2021", 489, delay, None,
                   "cut off at the last day of the data, so shorter"),
        ]  # fmt: skip
