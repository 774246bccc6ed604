"""Figures of one list: people found, what choices change, what a month changes, what merging gains, what rests on allegations."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.effect.bench import ALL, NONE, Bench, Otherwise
from audit.effect.choices import DATE_BASES, WEIGHTS, Choices
from audit.statistics import LEAST_GROUP, wilson

Mask = npt.NDArray[np.bool_]
WITHOUT_CHARGE = {"half": 0.5, "not at all": 0.0}
"""As how much of a case without a charge or caution counts."""


def effect(bench: Bench) -> pd.DataFrame:
    """One row: k, truth_size, recall_at_k (low, high: Wilson's), harm_captured, wrongly_included, repeat_entries."""
    size, entries = len(bench.truth), len(bench.recorded)
    wrong, repeats = wrongly_included(bench), _repeats(bench)
    rate, low, high = _share(bench.found)
    harm = bench.truth_scores.sum()
    return pd.DataFrame(
        {
            "k": [bench.k],
            "truth_size": [size],
            "recall_at_k": rate,
            "harm_captured": [float(bench.truth_scores[bench.found].sum() / harm) if harm else np.nan],
            "wrongly_included": [wrong.mean() if entries else np.nan],
            "repeat_entries": [repeats.mean() if entries else np.nan],
            "low": low,
            "high": high,
        }
    )


def wrongly_included(bench: Bench) -> Mask:
    """Which entries of the recorded list are nobody's who is on the truth list; shape (entries,)."""
    place, person = bench.owners(bench.recorded)
    wrong = np.ones(len(bench.recorded), bool)
    wrong[place[np.isin(person, bench.truth)]] = False
    return wrong


def _repeats(bench: Bench) -> Mask:
    """Which entries are a duplicate record of a person at an earlier place; shape (entries,)."""
    place, person = bench.owners(bench.recorded)
    earliest = pd.Series(place).groupby(person).transform("min").to_numpy() if len(place) else place
    repeats = np.zeros(len(bench.recorded), bool)
    repeats[place[earliest < place]] = True
    return repeats


def choices(bench: Bench) -> pd.DataFrame:
    """What share of the recorded list stays when a choice is made otherwise, the data being the same; and, the choices being
    the same, when every defect is repaired.
    """
    window = bench.instrument.window
    options = [
        *(("weights", name, Otherwise(weights=name)) for name in WEIGHTS if name != bench.weights),
        *(("date_basis", name, Otherwise(date_basis=name)) for name in DATE_BASES if name != bench.date_basis),
        ("window", "half", Otherwise(window=max(window // 2, 1))),
        ("window", "twice", Otherwise(window=window * 2)),
    ]
    entries = len(bench.recorded)
    overlaps = [_kept(bench.recorded, bench.listing(NONE, other)[0]) for _, _, other in options]
    return pd.DataFrame(
        {
            "choice": [*(choice for choice, _, _ in options), "data"],
            "option": [*(name for _, name, _ in options), "every defect repaired"],
            "overlap_with_default": [*overlaps, (~wrongly_included(bench)).mean() if entries else np.nan],
        }
    )


def merging(bench: Bench) -> pd.DataFrame:
    """People found, and found after merging the records that the audit judges to be the same person's."""
    rate, low, high = _share(bench.found_merged())
    columns = {"recall_at_k": _share(bench.found)[0], "recall_after_merging": rate, "low": low, "high": high}
    return pd.DataFrame({"k": [bench.k], "truth_size": [len(bench.truth)]} | columns)


def stability(bench: Bench, last_day: np.datetime64, declared: Choices) -> pd.DataFrame:
    """How much of the list is another than a month before: the recorded one, made from what was recorded by then, and the true
    one; what the former changes beyond the latter is due to the data.
    """
    month = last_day.astype("datetime64[M]")
    before = int((month.astype("datetime64[D]") - np.timedelta64(1, "D")).astype(int))
    earlier = Bench(bench.rows, bench.instrument, before, bench.k, declared)
    people = earlier.people_of(earlier.listing(NONE, Otherwise(by=before))[0], NONE)
    place, person = bench.owners(bench.recorded)
    left = np.ones(len(bench.recorded), bool)
    left[place[np.isin(person, people)]] = False
    rate, low, high = _share(left)
    true_rate = _share(~np.isin(bench.truth, earlier.truth))[0]
    no_history, history_low, history_high = _share(_without_history(bench))
    return pd.DataFrame(
        {
            "before": [np.datetime64(before, "D").astype(object)],
            "truth_size": [len(bench.truth)],
            "recorded_changed": rate,
            "low": low,
            "high": high,
            "truth_changed": true_rate,
            "by_data": rate - true_rate,
            "no_history": no_history,
            "no_history_low": history_low,
            "no_history_high": history_high,
        }
    )


def _without_history(bench: Bench) -> Mask:
    """Which people of the truth list had no event reported in the time before the window, as far back as rows go; empty where
    rows go back hardly further than the window.
    """
    rows, start = bench.everything.data, bench.last_day - bench.instrument.window
    if start - 180 < bench.world.horizon:
        return np.zeros(0, bool)
    known = rows["person"][rows["of_event"] & (rows["true_reported"] <= start)]
    return ~np.isin(bench.truth, known)


def allegations(bench: Bench) -> pd.DataFrame:
    """How much rests on allegations without a charge or caution: what share of the truth list, and of the recorded one, stays
    when such cases count half or not at all, and what share of its harm they are. Null for lists under 10.

    A case that counts half has half its weight, and is half a case in bands of frequency. Charge and caution are outcomes 1 to 3
    of the recorded crime, so an event that was not recorded has none.
    """
    rows = []
    for name, repaired, listed in (("truth", ALL, bench.truth), ("recorded", NONE, bench.recorded)):
        harm = bench.harm_without_charge(repaired, listed)
        for option, share in WITHOUT_CHARGE.items():
            kept = np.isin(listed, bench.listing(repaired, Otherwise(without_charge=share))[0])
            (rate,), (low,), (high,) = _share(kept)
            rows.append((name, option, len(listed), rate, low, high, harm))
    frame = pd.DataFrame(rows, columns=["list", "without_charge", "size", "overlap", "low", "high", "harm_without_charge"])
    figures = ["overlap", "low", "high", "harm_without_charge"]
    frame.loc[frame["size"] < LEAST_GROUP, figures] = np.nan
    return frame


def instrument_pairs(benches: dict[str, Bench]) -> pd.DataFrame:
    """For all pairs of instruments of one force, by key: what share of the shorter list stands on the other too, of the truth lists
    and the recorded lists (``low``, ``high``: Wilson's), of the people found, and ``by_data``: the recorded overlap less the true
    one. Null where a list is under 10.
    """
    keys, rows = list(benches), []
    for place, one in enumerate(keys):
        for other in keys[place + 1 :]:
            a, b = benches[one], benches[other]
            true_rate, _, _ = _overlap(a.truth, b.truth)
            rate, low, high = _overlap(a.recorded, b.recorded)
            found, _, _ = _overlap(a.truth[a.found], b.truth[b.found])
            rows.append((one, other, true_rate, rate, low, high, found, rate - true_rate))
    columns = ["instrument", "other", "truth_overlap", "recorded_overlap", "low", "high", "found_overlap", "by_data"]
    return pd.DataFrame(rows, columns=columns)


def _overlap(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> tuple[float, float, float]:
    shorter, longer = (a, b) if len(a) <= len(b) else (b, a)
    if len(shorter) < LEAST_GROUP:
        return np.nan, np.nan, np.nan
    (rate,), (low,), (high,) = _share(np.isin(shorter, longer))
    return float(rate), float(low), float(high)


def _kept(listed: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    return float(np.isin(listed, other).mean()) if len(listed) else np.nan


def _share(marks: Mask) -> tuple[npt.NDArray[np.float64], ...]:
    """Share of those marked, and Wilson's interval; each of shape (1,)."""
    return wilson(np.array([marks.sum()]), np.array([len(marks)]))
