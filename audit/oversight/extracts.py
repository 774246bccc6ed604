"""The figures of one extract of a series: of the rows recorded in its last month, of the whole stock, and of its lists."""

from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.checks.catalogue import catalogue
from audit.checks.run import Context, count_checks
from audit.checks.types.base import RowCheck
from audit.effect import LEAST_GROUP, Choices, measure_lists
from audit.engines import connect, engine_of
from audit.linkage import find_identities
from audit.oversight.families import (
    DUPLICATES,
    NEW_DUPLICATES,
    PEOPLE_FOUND,
    PRECISION,
    ROWS,
    TURNOVER,
    TURNOVER_OF_THE_DATA,
    TURNOVER_OF_THE_WORLD,
    WRONGLY_INCLUDED,
    named,
)
from audit.results import Results
from audit.statistics import wilson
from synthetic.dataset import Dataset

RECORDED_ON = {"crimes": "coalesce(recorded_on, reported_on)", "persons": "created_on"}
"""Tables whose rows a month are a figure, and the date that counts."""
RIPENS = ("outcome_code", "outcome_on", "cancelled_on", "cancel_reason", "record_class")
"""Fields that are filled in after the row is recorded, so that a row of this month is not like one of a year ago."""


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
        """force, figure, value, low, high, over all months of the extract; of checks only, null where they have under 10 rows."""
        checks = self.counts[self.counts["total"].notna() & (self.counts["figure"] != NEW_DUPLICATES)]
        summed = checks.groupby(["force", "figure"], sort=False)[["failed", "total"]].sum().reset_index()
        failed, total = (summed[name].to_numpy(float) for name in ("failed", "total"))
        return _shares(summed[["force", "figure"]], failed, total)


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
        counts = [counted.assign(history=~counted["figure"].isin(ripens)), *(_rows(connection, table) for table in RECORDED_ON)]
        if results is not None:
            identities, summary = results["identities"], results["identity_summary"]
        elif linkage:
            found = find_identities(connection, None)
            identities, summary = found.identities, found.identity_summary
        if results is not None or linkage:
            counts.append(new_duplicates(connection, identities, month))
            rates = summary.rename(columns={"duplicate_rate": "value"}).assign(figure=DUPLICATES)
            estimates.append(_shown(rates, summary["records"]))
        if dataset.has_truth and (results is not None or effect):
            if results is None:
                has_gaps = "truth/gaps" in dataset.manifest.tables
                made = measure_lists(connection, dataset.forces, np.datetime64(as_of), Choices(), has_gaps)
                tables = vars(made)
            else:
                tables = {name: results[name] for name in ("effect", "stability", "wrong_inclusion", "allegations")}
            estimates += list_figures(tables["effect"], tables["stability"], tables["wrong_inclusion"], tables["allegations"])
    columns = ["force", "figure", "value", "low", "high"]
    every = pd.concat(estimates, ignore_index=True)[columns] if estimates else pd.DataFrame(columns=columns)
    whole = pd.concat(counts, ignore_index=True)[["force", "figure", "month", "failed", "total", "history"]]
    return ExtractFigures(as_of, month, first, whole, every)


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> pd.DataFrame:
    """Rows of a table recorded in each month."""
    frame = connection.execute(
        f"SELECT force, date_trunc('month', {RECORDED_ON[table]}) AS month, count(*) AS failed FROM {table} "
        f"WHERE {RECORDED_ON[table]} IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).df()
    months = pd.to_datetime(frame["month"])
    return frame.assign(month=months, figure=named(ROWS, table), failed=frame["failed"].astype(float), total=np.nan, history=True)


def new_duplicates(connection: duckdb.DuckDBPyConnection, identities: pd.DataFrame, month: pd.Timestamp) -> pd.DataFrame:
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


def list_figures(
    effect: pd.DataFrame, stability: pd.DataFrame, wrong: pd.DataFrame, allegations: pd.DataFrame
) -> list[pd.DataFrame]:
    """People found, precision and its counterpart by group, and turnover with what the world causes of it, by instrument.

    Each with force, figure, value, low, high; null, and not left out, where a list or a group is of fewer than 10. The tables
    are those of the results folder of these names; how long a recorded list is stands in ``allegations``.
    """
    keys = ["force", "instrument"]
    lengths = allegations.loc[allegations["list"] == "recorded", [*keys, "size"]].drop_duplicates(keys)
    effect, stability = (frame.merge(lengths, on=keys, how="left") for frame in (effect, stability))
    length = effect["size"].to_numpy(float)
    precise = _shares(
        effect[["force"]].assign(figure=_by_instrument(PRECISION, effect)), (1 - effect["wrongly_included"]) * length, length
    )
    found = effect.assign(figure=_by_instrument(PEOPLE_FOUND, effect), value=effect["recall_at_k"])
    parts = [_shown(found, effect["truth_size"]), precise]
    none = {"low": np.nan, "high": np.nan}
    for family, column, size, ends in (
        (TURNOVER, "recorded_changed", stability["size"], {}),
        (TURNOVER_OF_THE_WORLD, "truth_changed", stability["truth_size"], none),
        (TURNOVER_OF_THE_DATA, "by_data", np.minimum(stability["size"], stability["truth_size"]), none),
    ):
        parts.append(_shown(stability.assign(figure=_by_instrument(family, stability), value=stability[column], **ends), size))
    groups = wrong[wrong["force"] != "all"]
    names = _by_instrument(WRONGLY_INCLUDED, groups) + "." + groups["attribute"] + "." + groups["group"]
    parts.append(_shown(groups.assign(figure=names, value=groups["wrongly_included"]), groups["people"]))
    return [part for part in parts if len(part)]


def _by_instrument(family: str, frame: pd.DataFrame) -> pd.Series:
    return named(family, "") + frame["instrument"].astype(str)


def _shares(names: pd.DataFrame, part: npt.ArrayLike, total: npt.ArrayLike) -> pd.DataFrame:
    """Shares with their 95% ends, null where they are of fewer than 10."""
    value, low, high = wilson(np.asarray(part, float), np.asarray(total, float))
    return _shown(names.assign(value=value, low=low, high=high), pd.Series(np.asarray(total, float), names.index))


def _shown(figures: pd.DataFrame, people: "pd.Series[float]") -> pd.DataFrame:
    """force, figure, value, low, high; the last three are null where they rest on fewer than 10 people or rows."""
    enough = people.astype("Float64").fillna(0).ge(LEAST_GROUP).to_numpy(bool)
    ends = {name: figures[name].astype("Float64").astype(float).where(enough) for name in ("value", "low", "high")}
    return figures[["force", "figure"]].assign(**ends)
