"""What an engine is, and the frames that every engine gives: each row with its force and month.

``month`` is the first day of the month of recorded_on, else reported_on, for crimes and their involvements, and of
created_on for person records. A column that a dataset leaves out is there with nothing in it.

``crimes`` holds rows whose class is crime, and ``involvements`` the links of all but incidents and cancelled crimes. What has
rows of every class is ``all_records`` and ``all_involvements``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import duckdb
import narwhals as nw
import pyarrow as pa

from audit.blanks import blank
from synthetic.contract import blanks
from synthetic.dataset import Dataset
from synthetic.errors import InputError

Frame: TypeAlias = nw.LazyFrame[Any]
Frames: TypeAlias = dict[str, Frame]
Ask: TypeAlias = Callable[[Callable[[blanks.Dialect], str]], pa.Table]
"""Answers a query where the rows are, given as SQL by dialect."""

LINKS = "links"
"""The involvements without their crimes' months: what needs no month is spared the join."""
ALL_ROWS = {"crimes": "all_records", "involvements": "all_involvements", "truth/events": "all_truth_events"}
"""Tables with rows that are not about crimes, and the view or frame that holds all of them."""


KEYS = {"crime_id": "crime_key", "person_id": "person_key"}
"""By identifier, the column by which rows are joined and counted: the identifier itself, or what an engine has that is quicker."""
ON_RECORD = "on_record"
"""The person records by ``person_key``: how many ``rows`` have it, and the least ``force`` of these."""


def listed_column(field: str) -> str:
    """The column that says whether a field has a code of its list, where an engine has it: it may know a quicker way to look."""
    return f"listed_{field}"


def grouped_by(frame: Frame, columns: list[str]) -> tuple[Frame, list[str]]:
    """The frame, and the columns by which its rows are grouped and joined so that those with the same values in all of ``columns``,
    none of them missing, come together: on DuckDB one column of their hash, a third of the work that texts are.
    """
    if not frame.implementation.is_duckdb() or columns in ([key] for key in KEYS.values()):
        return frame, columns
    key, listed = f"key_of_{'_'.join(columns)}", ", ".join(f'"{name}"' for name in columns)
    if key not in frame.collect_schema().names():
        there = " AND ".join(f'"{name}" IS NOT NULL' for name in columns)
        frame = nw.from_native(frame.to_native().project(f"*, CASE WHEN {there} THEN hash({listed}) END AS {key}"))
    return frame, [key]


class Engine(ABC):
    """Where the checks run, and pairs of person records are compared."""

    name: ClassVar[str]

    @abstractmethod
    def frames(self, dataset: Dataset, connection: duckdb.DuckDBPyConnection, master: str | None = None) -> Frames:
        """The recorded tables as lazy frames. ``connection`` is that of ``connect``, ``master`` the address of a cluster."""

    def session(self, master: str | None = None) -> Any | None:
        """The session in which pairs of person records are compared; None where DuckDB compares them."""
        return None

    def asked(self, connection: duckdb.DuckDBPyConnection, master: str | None = None) -> Ask:
        """What counts the rows of ``units``, ``crimes`` and ``involvements``, so that only the counts are read; after ``frames``."""
        return asked_of(connection)

    def gave_up(self, error: Exception) -> InputError | None:
        """A sentence where the error says that the engine itself gave up; None where it is about what was asked."""
        return None


def asked_of(connection: duckdb.DuckDBPyConnection) -> Ask:
    """Queries are answered by DuckDB, from the views of the connection."""
    return lambda sql: connection.sql(sql("duckdb")).to_arrow_table()


def with_months(tables: Frames) -> Frames:
    """The recorded tables by name, each row with its month; crimes apart from rows of other classes."""
    tables = {name: _with_keys(frame) for name, frame in tables.items()}
    records = tables["crimes"].with_columns(
        month=nw.coalesce(nw.col("recorded_on"), nw.col("reported_on")).dt.truncate("1mo").cast(nw.Date)
    )
    is_crime = ((nw.col("record_class") == "crime") | blank("record_class")).fill_null(False)
    crimes, others = records.filter(is_crime), records.filter(~is_crime).select("crime_key")
    involvements = tables["involvements"].join(others, on="crime_key", how="anti")
    return {
        "units": tables["units"].with_columns(month=nw.lit(None).cast(nw.Date)),
        "persons": tables["persons"].with_columns(month=nw.col("created_on").dt.truncate("1mo").cast(nw.Date)),
        "crimes": crimes,
        "involvements": _of_crimes(involvements, crimes),
        LINKS: involvements,
        ON_RECORD: tables["persons"].group_by("person_key").agg(rows=nw.len(), force=nw.col("force").min()),
        ALL_ROWS["crimes"]: records,
        ALL_ROWS["involvements"]: _of_crimes(tables["involvements"], records),
    }


def _with_keys(frame: Frame) -> Frame:
    there = frame.collect_schema().names()
    wanted = {key: nw.col(name) for name, key in KEYS.items() if key not in there and name in there}
    return frame.with_columns(**wanted) if wanted else frame


def _of_crimes(involvements: Frame, crimes: Frame) -> Frame:
    """The involvements with what their crimes say: month, whether it is there, whether it is domestic abuse."""
    of_crime = crimes.select("crime_key", "month", crime_domestic_abuse=nw.col("domestic_abuse")).group_by("crime_key")
    months = of_crime.agg(nw.col("month", "crime_domestic_abuse").min())
    return involvements.join(months.with_columns(crime_known=nw.lit(True)), on="crime_key", how="left")
