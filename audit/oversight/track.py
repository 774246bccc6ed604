"""A series tracked: every extract's figures, what lies beyond chance, and whether fixes worked.

Figures are of the rows recorded since the extract before; the whole stock's stand beside them, as ``stock.<figure>``.
"""

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audit.oversight.control import Chart, EstimateChart, Point
from audit.oversight.extracts import ExtractFigures, extract_figures
from audit.oversight.families import ROWS, STOCK, WRONGLY_INCLUDED, family_of, named
from audit.oversight.fixes import Intervention, did_it_work
from audit.results import Results, write_results
from audit.statistics import q_values
from synthetic.dataset import Dataset, Series, load, load_series, staged_folder
from synthetic.errors import InputError

__all__ = ["Intervention", "Tracked", "read_tracked", "track_series", "write_tracked"]

FALSE_DISCOVERY_RATE = 0.05
"""Share of an extract's signals that may be chance (Benjamini and Hochberg 1995)."""
_TEXT, _SHARE, _DAY = pa.string(), pa.float64(), pa.date32()
SCHEMAS: dict[str, dict[str, pa.DataType]] = {
    "trend": {
        "as_of": _DAY, "force": _TEXT, "figure": _TEXT, "value": _SHARE, "low": _SHARE, "high": _SHARE,
        "centre": _SHARE, "lower_limit": _SHARE, "upper_limit": _SHARE, "signal": pa.bool_(),
        "judged": pa.bool_(),
    },
    "signals": {
        "as_of": _DAY, "force": _TEXT, "figure": _TEXT, "kind": _TEXT, "size": _SHARE, "low": _SHARE, "high": _SHARE,
        "q_value": _SHARE,
    },
    "fixes": {
        "since": _DAY, "name": _TEXT, "force": _TEXT, "figure": _TEXT, "before": _SHARE, "after": _SHARE,
        "others_before": _SHARE, "others_after": _SHARE, "difference": _SHARE, "low": _SHARE, "high": _SHARE,
        "recognised": pa.bool_(),
    },
}  # fmt: skip
"""The tables that a tracked series adds to the results folder of its last extract."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Tracked:
    """What tracking gives: frames as the results folder has them under the same names."""

    trend: pd.DataFrame
    signals: pd.DataFrame
    fixes: pd.DataFrame


def track_series(
    series: Series | str | Path,
    linkage: bool = True,
    effect: bool = True,
    last: Results | None = None,
    named: Sequence[Intervention] = (),
    progress: Progress | None = None,
) -> Tracked:
    """Track a series: the figures of every extract, judged one after another in order of time.

    ``linkage`` and ``effect`` say whether person records are linked and lists made of each extract, which takes most of the time;
    ``last`` are the results of the last extract's audit, where there are some. ``named`` are days of which a user wants to know whether something
    got better, beside the fixes of the series. Raises InputError.
    """
    opened = series if isinstance(series, Series) else load_series(series)
    report = progress or (lambda sentence, share: None)
    extracts = []
    for number, folder in enumerate(opened.folders, 1):
        dataset: Dataset = load(folder)
        of_last = last if number == len(opened.folders) else None
        extracts.append(extract_figures(dataset, linkage, effect, of_last))
        report(f"Read {number} of {len(opened.folders)} extracts", number / len(opened.folders))
    trend, signals = judge_extracts(extracts)
    made = [Intervention(fix.since, fix.key, fix.force, tuple(fix.defects)) for fix in opened.manifest.fixes]
    return Tracked(trend, signals, _typed("fixes", did_it_work(extracts, [*made, *named])))


def judge_extracts(extracts: Sequence[ExtractFigures]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trend and signals of extracts in order of time."""
    charts: dict[tuple[str, str], Chart] = {}
    estimates: dict[tuple[str, str], EstimateChart] = {}
    _begin(charts, extracts[0])
    trend: list[pd.DataFrame] = []
    signals: list[pd.DataFrame] = []
    for extract in extracts:
        points, settle = _judge(charts, estimates, extract)
        frame, found = _signals(extract.as_of, points)
        for key, take in settle.items():
            take(key in found)
        trend += [frame, _stock(extract)]
        signals.append(_listed(extract.as_of, points, found))
    return _typed("trend", pd.concat(trend, ignore_index=True)), _typed("signals", pd.concat(signals, ignore_index=True))


def _begin(charts: dict[tuple[str, str], Chart], first: ExtractFigures) -> None:
    """The baselines begin with the months of the first extract's stock that are like the extract's own, the period's first left out."""
    counts = first.counts
    usable = counts["history"] & (counts["month"] > first.first_month) & (counts["month"] < first.month)
    for (force, figure), mine in counts[usable].groupby(["force", "figure"], sort=False):
        of_rows = family_of(str(figure)) == ROWS
        chart = charts.setdefault((str(force), str(figure)), Chart(of_rows))
        months = mine.sort_values("month")
        totals = months["month"].map(_days) if of_rows else months["total"]
        for failed, total in zip(months["failed"].tolist(), totals.tolist(), strict=True):
            chart.add(failed, total)


def _judge(
    charts: dict[tuple[str, str], Chart], estimates: dict[tuple[str, str], EstimateChart], extract: ExtractFigures
) -> tuple[dict[tuple[str, str], Point], dict[tuple[str, str], Callable[[bool], None]]]:
    """The points of one extract, and for each what takes it into its chart once it is known whether it signals."""
    points: dict[tuple[str, str], Point] = {}
    settle: dict[tuple[str, str], Callable[[bool], None]] = {}
    own = extract.counts[extract.counts["month"] == extract.month]
    months = {
        (str(row.force), str(row.figure)): (float(row.failed), float(row.total)) for row in own.itertuples()
    }  # fmt: skip
    for key in dict.fromkeys([*charts, *months]):
        of_rows = family_of(key[1]) == ROWS
        failed, total = months.get(key, (0.0, 0.0))
        total = float(_days(extract.month)) if of_rows else total
        chart = charts.setdefault(key, Chart(of_rows))
        point = points[key] = chart.judge(failed, total)
        settle[key] = lambda hit, chart=chart, failed=failed, total=total, point=point: chart.settle(failed, total, point, hit)  # type: ignore[misc]
    values = {(str(row.force), str(row.figure)): (row.value, row.low, row.high) for row in extract.estimates.itertuples()}
    for key in dict.fromkeys([*estimates, *values]):
        value, low, high = (float(end) for end in values.get(key, (np.nan,) * 3))
        line = estimates.setdefault(key, EstimateChart())
        # A group without a row has nobody on the list: it is as one under 10.
        there = key in values or family_of(key[1]) == WRONGLY_INCLUDED
        points[key] = line.judge(value, low, high) if there else line.vanished()
        settle[key] = lambda hit, line=line, value=value: line.settle(value, hit)  # type: ignore[misc]
    return points, settle


def _signals(as_of: date, points: dict[tuple[str, str], Point]) -> tuple[pd.DataFrame, dict[tuple[str, str], tuple[str, float]]]:
    """The trend's rows of an extract, and the figures that signal with kind and q-value."""
    tests = [
        (key, kind, p)
        for key, point in points.items()
        for kind, p in ((point.kind, point.jump), ("drift", point.drift))
        if not np.isnan(p)
    ]
    found: dict[tuple[str, str], tuple[str, float]] = {}
    if tests:
        for (key, kind, _), q in zip(tests, q_values(np.array([p for _, _, p in tests])).tolist(), strict=True):
            if q <= FALSE_DISCOVERY_RATE and key not in found:  # a jump comes first, and a drift adds nothing to it
                found[key] = kind, q
    columns = {
        "value": "value", "low": "low", "high": "high", "centre": "centre", "lower_limit": "lower", "upper_limit": "upper",
        "judged": "judged",
    }  # fmt: skip
    frame = pd.DataFrame(
        {
            "as_of": as_of,
            "force": [key[0] for key in points],
            "figure": [key[1] for key in points],
            "signal": [key in found for key in points],
            **{name: [getattr(point, field) for point in points.values()] for name, field in columns.items()},
        }
    )
    return frame, found


def _listed(as_of: date, points: dict[tuple[str, str], Point], found: dict[tuple[str, str], tuple[str, float]]) -> pd.DataFrame:
    rows = [
        (as_of, *key, kind, *(points[key].drifted if kind == "drift" else points[key].jumped), q)
        for key, (kind, q) in found.items()
    ]
    return pd.DataFrame(rows, columns=list(SCHEMAS["signals"])).sort_values("q_value")


def _stock(extract: ExtractFigures) -> pd.DataFrame:
    """The whole stock's figures, without limits: they hold most rows of the extract before."""
    stock = extract.stock
    frame = stock.assign(as_of=extract.as_of, figure=named(STOCK, "") + stock["figure"].astype(str))
    return frame.assign(centre=np.nan, lower_limit=np.nan, upper_limit=np.nan, signal=False, judged=False)


def _days(month: pd.Timestamp) -> int:
    return calendar.monthrange(month.year, month.month)[1]


def _typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    columns = list(SCHEMAS[name])
    return frame.reindex(columns=columns) if len(frame.columns) else pd.DataFrame(columns=columns)


def write_tracked(tracked: Tracked, results: Results, out: Path) -> None:
    """Write a results folder: that of the last extract's audit, with the tables of the series; nothing half-written is left."""
    with staged_folder(out) as folder:
        inner = folder / "whole"
        write_results(results, inner)
        for path in inner.iterdir():
            path.rename(folder / path.name)
        inner.rmdir()
        for name, frame in vars(tracked).items():
            schema = pa.schema(list(SCHEMAS[name].items()))
            pq.write_table(
                pa.Table.from_pandas(frame, schema=schema, preserve_index=False), folder / f"{name}.parquet", compression="zstd"
            )


def read_tracked(folder: Path) -> Tracked | None:
    """The tables of a tracked series in a results folder; None where the results are of one extract. Raises InputError."""
    if not (folder / "trend.parquet").is_file():
        return None
    try:
        frames = {
            name: pq.read_table(folder / f"{name}.parquet", columns=list(columns)).to_pandas() for name, columns in SCHEMAS.items()
        }
        if any(list(frames[name]) != list(columns) for name, columns in SCHEMAS.items()):
            raise OSError
    except (OSError, pa.ArrowException):
        raise InputError(None, "The tables of the series cannot be read; run `python -m audit track` again.") from None
    return Tracked(**frames)
