"""The figures of one extract of a series: of the rows recorded in its last month, of the whole stock, and of its lists."""

from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import pandas as pd

from audit.checks.catalogue import catalogue
from audit.checks.run import Context, count_checks
from audit.checks.types.base import RowCheck
from audit.effect import Choices, measure
from audit.engines import connect, engine_of
from audit.linkage import find_identities
from audit.results import Results
from audit.statistics import wilson
from synthetic.dataset import Dataset

ROWS = {"crimes": "coalesce(recorded_on, reported_on)", "persons": "created_on"}
"""Tables whose rows a month are a figure, and the date that counts."""
NEW_DUPLICATES, DUPLICATES = "duplicate_identities.new_records", "duplicate_identities.persons"
RIPENS = ("outcome_code", "outcome_on", "cancelled_on", "cancel_reason", "record_class")
"""Fields that are filled in after the row is recorded, so that a row of this month is not like one of a year ago."""
LEAST_GROUP = 10


@dataclass(frozen=True)
class ExtractFigures:
    """What an extract says.

    ``counts``: force, figure, month, failed, total, history: rows of a month of which so many fail; ``total`` is null where the
    rows themselves are counted; ``history`` says whether months before the extract's own are like it. ``estimates``: force,
    figure, value, low, high (95%): of the whole stock and of lists. ``month`` is the extract's own.
    """

    as_of: date
    month: pd.Timestamp
    first_month: pd.Timestamp
    counts: pd.DataFrame
    estimates: pd.DataFrame

    @property
    def stock(self) -> pd.DataFrame:
        """force, figure, failed, total, over all months of the extract; of checks only."""
        checks = self.counts[self.counts["total"].notna()]
        summed = checks.groupby(["force", "figure"], sort=False)[["failed", "total"]].sum().reset_index()
        return summed[summed["figure"] != NEW_DUPLICATES]


def extract_figures(dataset: Dataset, linkage: bool = True, effect: bool = True, results: Results | None = None) -> ExtractFigures:
    """The figures of an extract. ``results`` are those of its audit, where there was one; else its records are linked, and its
    lists made, where ``linkage`` and ``effect`` ask for it and there is a truth."""
    as_of = dataset.manifest.as_of
    month = pd.Timestamp(as_of).to_period("M").to_timestamp()
    start = dataset.manifest.period_start
    first = pd.Timestamp(start).to_period("M").to_timestamp() if start is not None else month - pd.DateOffset(months=35)
    estimates = []
    with connect(dataset) as connection:
        checks = tuple(check for check in catalogue() if isinstance(check, RowCheck) and check.table != "units")
        counted, _ = count_checks(engine_of("duckdb").frames(dataset, connection, None), checks, Context(as_of))
        counted = counted.rename(columns={"check_id": "figure"}).assign(month=pd.to_datetime(counted["month"]))
        ripens = {check.id for check in checks if check.field in RIPENS or set(check.id.split(".")) & set(RIPENS)}
        counts = [counted.assign(history=~counted["figure"].isin(ripens)), *(_rows(connection, table) for table in ROWS)]
        if results is not None:
            identities, summary = results["identities"], results["identity_summary"]
        elif linkage:
            found = find_identities(connection, None)
            identities, summary = found.identities, found.identity_summary
        if results is not None or linkage:
            counts.append(_new_duplicates(connection, identities, month))
            rates = summary.rename(columns={"duplicate_rate": "value"}).assign(figure=DUPLICATES)
            estimates.append(rates[["force", "figure", "value", "low", "high"]])
        if dataset.has_truth and (results is not None or effect):
            if results is None:
                made = measure(
                    connection,
                    dataset.forces,
                    np.datetime64(as_of),
                    Choices(),
                    identities if linkage else None,
                    has_gaps="truth/gaps" in dataset.manifest.tables,
                )
                tables = vars(made)
            else:
                tables = {name: results[name] for name in ("effect", "stability", "wrong_inclusion")}
            estimates += _lists(tables["effect"], tables["stability"], tables["wrong_inclusion"])
    columns = ["force", "figure", "value", "low", "high"]
    every = pd.concat(estimates, ignore_index=True)[columns] if estimates else pd.DataFrame(columns=columns)
    whole = pd.concat(counts, ignore_index=True)[["force", "figure", "month", "failed", "total", "history"]]
    return ExtractFigures(as_of, month, first, whole, every)


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> pd.DataFrame:
    """Rows of a table recorded in each month."""
    frame = connection.execute(
        f"SELECT force, date_trunc('month', {ROWS[table]}) AS month, count(*) AS failed FROM {table} "
        f"WHERE {ROWS[table]} IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).df()
    months = pd.to_datetime(frame["month"])
    return frame.assign(month=months, figure=f"rows.{table}", failed=frame["failed"].astype(float), total=np.nan, history=True)


def _new_duplicates(connection: duckdb.DuckDBPyConnection, identities: pd.DataFrame, month: pd.Timestamp) -> pd.DataFrame:
    """Of the person records made in the month, those of a person who has an older record, or an earlier one of the month."""
    connection.register("judged_identities", identities[["person_id", "cluster_id"]])
    frame = connection.execute(
        "WITH ranked AS (SELECT force, created_on, row_number() OVER (PARTITION BY force, cluster_id ORDER BY created_on, person_id) "
        "AS place FROM persons JOIN judged_identities USING (person_id) WHERE created_on IS NOT NULL) "
        "SELECT force, count(*) FILTER (WHERE place > 1) AS failed, count(*) AS total FROM ranked "
        "WHERE date_trunc('month', created_on) = ? GROUP BY force ORDER BY force",
        [month.date()],
    ).df()
    connection.unregister("judged_identities")
    numbers = {name: frame[name].astype(float) for name in ("failed", "total")}
    return frame.assign(month=month, figure=NEW_DUPLICATES, history=False, **numbers)


def _lists(effect: pd.DataFrame, stability: pd.DataFrame, wrong: pd.DataFrame) -> list[pd.DataFrame]:
    """People found, precision and its counterpart by group, and turnover with what the world causes of it, by instrument."""
    found = effect.assign(figure="people_found." + effect["instrument"].astype(str), value=effect["recall_at_k"])
    right = (1 - effect["wrongly_included"]) * effect["k"]
    value, low, high = wilson(right.to_numpy(float), effect["k"].to_numpy(float))
    precision = effect.assign(figure="precision." + effect["instrument"].astype(str), value=value, low=low, high=high)
    parts = [found, precision]
    for name, column in (
        ("turnover", "recorded_changed"),
        ("turnover_of_the_world", "truth_changed"),
        ("turnover_of_the_data", "by_data"),
    ):
        part = stability.assign(figure=f"{name}." + stability["instrument"].astype(str), value=stability[column])
        parts.append(part if name == "turnover" else part.assign(low=np.nan, high=np.nan))
    groups = wrong[(wrong["force"] != "all") & (wrong["people"] >= LEAST_GROUP)]
    names = "wrongly_included." + groups["instrument"].astype(str) + "." + groups["attribute"] + "." + groups["group"]
    parts.append(groups.assign(figure=names, value=groups["wrongly_included"]))
    return [part[["force", "figure", "value", "low", "high"]] for part in parts if len(part)]
