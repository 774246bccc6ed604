"""What the lessons on oversight rest on: months drawn at random and charted, two extracts of three forces, and records that repeat."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.checks.catalogue import catalogue
from audit.checks.run import Context, count_checks
from audit.engines import connect, duckdb_frames
from audit.linkage import find_identities
from audit.oversight.control import LIMIT, Chart, Point
from audit.oversight.extracts import ExtractFigures
from audit.oversight.fixes import Intervention, did_it_work
from dashboard.lessons.claim import Estimate
from dashboard.lessons.lab import SEED
from synthetic import Dataset, generate, generate_series, load
from synthetic.profile import check_profile

Progress = Callable[[str, float], None]

BEFORE, MONTHS = 12, 18
"""Months of the baseline, and those that are judged after it."""
CHANCE = 2 * NormalDist().cdf(-LIMIT)
"""The chance beyond which the smoothed mean signals: that of a month beyond its limits, one in 370."""
NEVER = MONTHS + 1
"""Month of a signal that does not come."""

FORCES, SCALE = ("durnley", "fellgate", "rushmere"), 0.15
FIXED = FORCES[0]
SINCE = date(2025, 3, 1)
"""First day of the last extract's month, from which the fix holds."""
KEY, FIGURE = "linkage.suspect_not_linked", "required_when.suspect_linked"
UNLINKED = 0.2

DUPLICATES = 0.3
DUPLICATES_SCALE = 0.02


@dataclass(frozen=True)
class Drift:
    """Simulated months of one field of one force: ``rows`` a month, of which a share is ``blank``, and ``monthly`` more every month."""

    monthly: float = 0.0
    rows: int = 500
    blank: float = 0.05
    simulations: int = 200

    @property
    def command(self) -> str:
        """What draws these months and charts them."""
        return (
            f'python -c "from dashboard.lessons.months import Drift; print(Drift({self.monthly:g}, {self.rows}, {self.blank:g}, '
            f'{self.simulations}).make())"'
        )

    def make(self, progress: Progress = lambda sentence, share: None) -> "Signalled":
        """Draw the months and judge each as the tracking of a series does: on the months before it alone."""
        rng = np.random.default_rng(SEED)
        drawn = []
        for number in range(self.simulations):
            progress("Charting simulated months", number / self.simulations)
            drawn.append(self._charted(rng))
        single = np.array([_first([not one.lower <= one.value <= one.upper for one in points]) for points in drawn])
        smoothed = np.array([_first([one.drift < CHANCE for one in points]) for points in drawn])
        middle = int(np.quantile(smoothed, 0.5, method="inverted_cdf"))
        # A simulation to show: one whose smoothed mean signals in the middle month, with no single month before it if there is one.
        shown = int(np.lexsort((single <= smoothed, smoothed != middle))[0])
        return Signalled(self, single, smoothed, _as_rows(drawn[shown], int(smoothed[shown])))

    def _charted(self, rng: np.random.Generator) -> list[Point]:
        chart = Chart()
        for failed in rng.binomial(self.rows, self.blank, BEFORE):
            chart.add(float(failed), float(self.rows))
        points = []
        for failed in rng.binomial(self.rows, self.blank + self.monthly * np.arange(1, MONTHS + 1)):
            points.append(chart.judge(float(failed), float(self.rows)))
            chart.settle(float(failed), float(self.rows), points[-1], signalled=False)
        return points


@dataclass(frozen=True)
class Signalled:
    """When simulations signal: by a single month beyond its limits, and by the smoothed mean; months from 1, ``NEVER`` for none."""

    drift: Drift
    single: npt.NDArray[np.int64]
    smoothed: npt.NDArray[np.int64]
    shown: pd.DataFrame
    """month, value, centre, lower, upper, smoothed (shares), signal: one of the simulations."""

    @property
    def middle(self) -> int:
        """The month by which the smoothed mean has signalled in half of the simulations."""
        return int(np.quantile(self.smoothed, 0.5, method="inverted_cdf"))


def _first(signals: list[bool]) -> int:
    return signals.index(True) + 1 if True in signals else NEVER


def _as_rows(points: list[Point], signal: int) -> pd.DataFrame:
    rows = [
        (month, one.value, one.centre, one.lower, one.upper, one.centre + one.drifted.size, month == signal)
        for month, one in enumerate(points, 1)
    ]
    return pd.DataFrame(rows, columns=["month", "value", "centre", "lower", "upper", "smoothed", "signal"])


@dataclass(frozen=True)
class Repair:
    """Two monthly extracts of three forces, between which a share of the missing links is repaired: in one force, or in all."""

    share: float = 0.0
    everywhere: bool = False

    @property
    def fixes(self) -> tuple[str, ...]:
        """The fix as ``--fix`` takes it, where something is repaired."""
        where = "" if self.everywhere else f"@{FIXED}"
        return (f"{SINCE}:{KEY}={self.share:g}{where}",) if self.share else ()

    @property
    def command(self) -> str:
        """The commands that make these extracts and ask whether the fix worked."""
        fixes = "".join(f" --fix {fix}" for fix in self.fixes)
        return (
            f"python -m synthetic generate series --profile clean --forces {','.join(FORCES)} --scale {SCALE:g} --seed {SEED} "
            f"--years 1 --extracts 2 --set {KEY}={UNLINKED:g}{fixes}\n"
            f"python -m audit track series --out results --without linkage --without effect --date {SINCE}@{FIXED}"
        )

    def make(self, progress: Progress) -> "Compared":
        """Make the extracts, count named suspects without a link, and compare before with after."""
        section, name = KEY.split(".")
        with tempfile.TemporaryDirectory(prefix="force-data-lab-") as folder:
            progress("Making two monthly extracts", 0.1)
            series = generate_series(
                Path(folder) / "series", 2, check_profile({section: {name: UNLINKED}}), list(FORCES), years=1, scale=SCALE,
                seed=SEED, fixes=self.fixes,
            )  # fmt: skip
            progress("Comparing before with after", 0.7)
            extracts = [_figures(load(path)) for path in series.folders]
        one, others = (_of(extracts, forces) for forces in (FORCES[:1], FORCES[1:]))
        return Compared(self, _change(one, None), _change(others, None), _change(extracts, FIXED))


@dataclass(frozen=True)
class Change:
    """A share before and after, averaged over forces, and its change with a 95% interval, less that of others where there are others."""

    before: float
    after: float
    change: Estimate


@dataclass(frozen=True)
class Compared:
    """The force that says it was fixed by itself, the others by themselves, and the force against the others."""

    repair: Repair
    alone: Change
    others: Change
    against: Change


def _figures(dataset: Dataset) -> ExtractFigures:
    """The figures of an extract, of the one check that the lessons look at."""
    checks = tuple(check for check in catalogue() if check.id == FIGURE)
    with connect(dataset) as connection:
        counted, _ = count_checks(duckdb_frames(connection), checks, Context(dataset.manifest.as_of))
    counts = counted.rename(columns={"check_id": "figure"}).assign(month=pd.to_datetime(counted["month"]), history=True)
    none = pd.DataFrame(columns=["force", "figure", "value", "low", "high"]).astype({"value": float, "low": float, "high": float})
    return ExtractFigures(dataset.manifest.as_of, counts["month"].max(), counts["month"].min(), counts, none)


def _of(extracts: list[ExtractFigures], forces: tuple[str, ...]) -> list[ExtractFigures]:
    return [replace(one, counts=one.counts[one.counts["force"].isin(forces)]) for one in extracts]


def _change(extracts: list[ExtractFigures], force: str | None) -> Change:
    row = did_it_work(extracts, [Intervention(SINCE, "the fix", force)]).iloc[0]
    before, after, difference, low, high = (float(row[name]) for name in ("before", "after", "difference", "low", "high"))
    return Change(before, after, (difference, low, high))


@dataclass(frozen=True)
class Evidence:
    """A force with duplicate person records, on whose records a share of the dates of birth is blank."""

    blank: float = 0.0

    @property
    def _settings(self) -> dict[str, dict[str, float]]:
        blanks = {"suspect_date_of_birth": self.blank, "victim_date_of_birth": self.blank}
        return {"identity": {"duplicate_rate": DUPLICATES}, "missing": blanks}

    @property
    def command(self) -> str:
        """The commands that make this world and audit it."""
        settings = "".join(
            f" --set {section}.{name}={value:g}" for section, names in self._settings.items() for name, value in names.items()
        )
        return (
            f"python -m synthetic generate world --profile clean --forces {FIXED} --scale {DUPLICATES_SCALE:g} --seed {SEED}{settings}\n"
            "python -m audit run world --out results"
        )

    def make(self, progress: Progress) -> "Repeats":
        """Make the world, count the records that repeat a name and date of birth, and estimate duplicates from every field."""
        with tempfile.TemporaryDirectory(prefix="force-data-lab-") as folder:
            progress("Making a synthetic world", 0.1)
            profile = check_profile(self._settings)
            dataset = generate(Path(folder) / "dataset", profile, [FIXED], scale=DUPLICATES_SCALE, seed=SEED)
            with connect(dataset) as connection:
                (duplicates,) = connection.execute("SELECT count(*) - count(DISTINCT person_key) FROM truth_identities").fetchall()[
                    0
                ]
                records, blank, repeats = connection.execute(
                    "SELECT count(*), count(*) FILTER (WHERE date_of_birth IS NULL), count(*) FILTER (WHERE date_of_birth IS NOT NULL) - "
                    "count(DISTINCT (forename, surname, date_of_birth)) FILTER (WHERE date_of_birth IS NOT NULL) FROM persons"
                ).fetchall()[0]
                progress("Estimating duplicates from every field", 0.5)
                summary = find_identities(connection).identity_summary.iloc[0]
        estimate = (float(summary["duplicate_rate"]), float(summary["low"]), float(summary["high"]))
        return Repeats(int(records), int(blank), int(repeats), int(duplicates), estimate)


@dataclass(frozen=True)
class Repeats:
    """Person records of a force: all, without a date of birth, repeating a name and date of birth, duplicates in truth; an estimate."""

    records: int
    blank: int
    repeats: int
    duplicates: int
    estimate: Estimate
    """Share of records that are duplicates, as an audit estimates it from every field, with its 95% interval."""
