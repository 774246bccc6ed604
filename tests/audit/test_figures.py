"""Every figure of the main pages equals the one of the result files, is judged once, and says of what it is."""

import re

import pandas as pd
import pytest

from audit import Results
from audit.presentation.checks import (
    blanks_table,
    checks_of_all_table,
    checks_of_force_table,
    checks_table,
    fields_table,
    late_table,
    of_all_forces,
)  # fmt: skip
from audit.presentation.effects import contributions_of, effect_table, family_table, fix_first_table, together_table
from audit.presentation.findings import coverage_table, gaps_table, identities_table
from audit.presentation.readiness import gates_table, headline, scorecard_table
from audit.presentation.selection import Selection, selected
from audit.presentation.tables import Cell
from audit.presentation.wording import TABLE_TITLES, field_title
from audit.readiness.evidence import with_estimates
from audit.readiness.thresholds import Thresholds
from audit.readiness.verdict import judge

LIMITS = Thresholds()
DUPLICATES = "duplicate_identities.persons"


def shares(text: str) -> list[float]:
    """The figures of a text, in per cent, as shares."""
    return [float(number.replace("−", "-")) / 100 for number in re.findall(r"[−+]?\d+(?:\.\d+)?", text)]


def shows(cell: Cell, value: float, low: float | None = None, high: float | None = None) -> None:
    """The cell shows the value, and in small print the ends, each rounded and no more."""
    digits = len(cell.text.rstrip("%").partition(".")[2])
    assert shares(cell.text) == pytest.approx([value], abs=0.51 * 10 ** -(digits + 2)), cell
    if low is not None and high is not None:
        digits = len(cell.note.split(" ")[0].partition(".")[2])
        assert shares(cell.note) == pytest.approx([low, high], abs=0.51 * 10 ** -(digits + 2)), cell


def test_overview(typical_results: Results) -> None:
    effect = typical_results["effect"].query("instrument == 'harm_365'").set_index("force")
    for force, row in effect.iterrows():
        found, low, high = shares(re.findall(r"finds (.*)\.", headline(typical_results, "harm_365", str(force)))[0])
        assert found == pytest.approx(row["recall_at_k"], abs=0.0051)
        assert (low, high) == pytest.approx((row["low"], row["high"]), abs=0.0051)
    _, parts = contributions_of(typical_results, "harm_365")
    for line, share in zip(family_table(typical_results, "harm_365").rows, parts.values(), strict=True):
        shows(line[1], share)


def test_missing_fields(typical_results: Results) -> None:
    checks = typical_results["checks"]
    names = {row.force: row.force_name for row in typical_results.summary.forces}
    whole = selected(checks[checks["check_type"] == "missing"], Selection(), LIMITS)
    table = blanks_table(whole, names, LIMITS)
    by_name = {(row.field, row.table, row.force): row for row in whole.itertuples()}
    assert len(table.rows) > 10
    for line in table.rows:
        for cell, force in zip(line[2:-1], names, strict=True):
            (row,) = [
                one for (field, of, slug), one in by_name.items()
                if (field_title(field), TABLE_TITLES[of], slug) == (line[0].text, line[0].note, force)
            ]  # fmt: skip
            if row.total:
                shows(cell, row.rate, row.low, row.high)
                assert cell.status == row.status
    scores = typical_results["field_scores"].query("records > 0").groupby(["table", "field"])
    expected = sorted(float((mine["score"] * mine["records"]).sum() / mine["records"].sum()) for _, mine in scores)
    for line, score in zip(fields_table(typical_results).rows, expected, strict=True):
        shows(line[2], score)


def test_timeliness(typical_results: Results) -> None:
    checks = typical_results["checks"]
    late = checks[(checks["check_type"] == "delay") & checks["month"].notna()]
    months = sorted(f"{month:%Y-%m}" for month in late["month"])
    table = late_table(typical_results, months[0], months[-1], LIMITS)
    sums = late.groupby(["force", "check_id"])[["failed", "total"]].sum()
    for line, force in zip(table.rows, typical_results.summary.forces, strict=True):
        for cell, check_id in zip(line[1:-1], sorted(late["check_id"].unique(), key=_days), strict=True):
            failed, total = sums.loc[(force.force, check_id)]
            shows(cell, failed / total)
        stale = checks[(checks["check_id"] == "stale.crimes.outcome") & checks["month"].isna()].set_index("force")
        row = stale.loc[force.force]
        shows(line[-1], row["rate"], row["low"], row["high"])


def _days(check_id: str) -> int:
    return int(re.findall(r"\d+", check_id)[0])


def test_identities_follow_the_force_that_is_chosen(typical_results: Results) -> None:
    summary = typical_results["identity_summary"].set_index("force")
    table = identities_table(typical_results, "harm_365")
    assert len(table.rows) == len(summary) == 3
    for line, row in zip(table.rows, summary.itertuples(), strict=True):
        assert line[1].text == f"{row.records:,}"
        shows(line[3], row.duplicate_rate, row.low, row.high)
        shows(line[4], row.cross_force_rate)
    (alone,) = identities_table(typical_results, "harm_365", "durnley").rows
    assert alone[0].text == "Durnley"


def test_gaps_and_what_a_crime_says(typical_results: Results) -> None:
    hidden = typical_results["hidden_crimes"]["hidden"].sort_values(ascending=False)
    assert [line[6].text for line in gaps_table(typical_results).rows] == [f"{round(one):,}" for one in hidden.head(60)]
    coverage = typical_results["coverage"].query("force == 'durnley'").groupby("measure")[["covered", "total"]].sum()
    for line in coverage_table(typical_results, "durnley").rows:
        row = coverage.loc[line[0].text.lower()]
        shows(Cell(line[1].text), row["covered"] / row["total"])
        assert line[1].note == f"of {row['total']:,}"
    # A relationship is known of a suspect who is linked, and of no other crime.
    notes = {line[0].text: line[0].note for line in coverage_table(typical_results, "durnley").rows}
    assert "linked suspect" in notes["Known relationship"]
    assert "linked" not in notes["Linked suspect"]


def test_effect(typical_results: Results) -> None:
    effect = typical_results["effect"].query("instrument == 'harm_365'")
    for line, row in zip(effect_table(typical_results, "harm_365").rows, effect.itertuples(), strict=True):
        shows(line[3], row.recall_at_k, row.low, row.high)
        for cell, value in zip(line[4:], (row.harm_captured, row.wrongly_included, row.repeat_entries), strict=True):
            shows(cell, value)
        assert ("only" in line[2].note) == (row.truth_size < row.k)
    gains = typical_results["fix_first"].query("instrument == 'harm_365' and force == 'all' and part == 1.0")
    for line, row in zip(
        fix_first_table(typical_results, "harm_365").rows, _in_order(typical_results, gains).itertuples(), strict=True
    ):
        shows(line[4], row.gain, row.gain_low, row.gain_high)
        shows(line[5], row.recall_at_k, row.low, row.high)


def _in_order(results: Results, gains: pd.DataFrame) -> pd.DataFrame:
    """Gains by family, in the order of the table."""
    _, parts = contributions_of(results, "harm_365")
    return pd.concat([gains[gains["family"] == family] for family in parts])


def test_together_says_of_which_forces_and_lists_it_is(typical_results: Results) -> None:
    table = together_table(typical_results, "harm_365")
    mine = typical_results["together"].query("instrument == 'harm_365'")
    assert len(table.rows) == len(mine) > 0
    assert table.rows[-1][0].text == "All forces of these results"
    assert "nation" not in table.as_markdown()
    for line, row in zip(table.rows, mine.to_dict("records"), strict=True):
        own = typical_results["effect"].query("instrument == 'harm_365'")["k"].sum()
        assert line[2].text == f"{own:,}"  # the three forces are one region
        for cell, name in zip(line[4:], ("recall_alone", "recall_together", "recall_matched"), strict=True):
            shows(cell, row[name], row[f"{name}_low"], row[f"{name}_high"])
    short = typical_results.with_tables(typical_results.summary, together=mine.assign(truth_size=12, k=20))
    assert {line[3].note for line in together_table(short, "harm_365").rows} == {"only 12 people"}
    few = typical_results.with_tables(typical_results.summary, together=mine.assign(truth_size=9))
    assert {cell.text for line in together_table(few, "harm_365").rows for cell in line[4:]} == {"–"}


def test_the_duplicate_rate_has_one_figure_one_verdict_and_one_interval(typical_results: Results) -> None:
    summary = typical_results["identity_summary"].assign(duplicate_rate=0.095, low=0.07, high=0.12)
    changed = typical_results.with_tables(typical_results.summary, identity_summary=summary)
    results = judge(changed, LIMITS)
    checks = results["checks"]
    whole = checks[checks["month"].isna() & (checks["check_id"] == DUPLICATES)]
    assert set(whole["status"]) == {"warn"}  # as files have it
    names = {row.force: row.force_name for row in results.summary.forces}
    (of_all,) = checks_of_all_table(whole, names, LIMITS).rows
    (of_one,) = checks_of_force_table(whole[whole["force"] == "durnley"], "Durnley", LIMITS).rows
    (reported,) = (row for row in checks_table(results).rows if row[0].code == DUPLICATES)
    assert (
        (of_all[1].text, of_all[1].status) == (reported[1].text, reported[1].status) == ("too close to call 3", "too close to call")
    )
    assert (of_one[1].text, of_one[1].status) == ("too close to call", "too close to call")
    for cell in (of_all[2], of_one[2], reported[2], identities_table(results, "harm_365").rows[0][3]):
        shows(cell, 0.095, 0.07, 0.12)
    gate = next(row for row in gates_table(results).rows if row[0].text == "Duplicate person records")
    assert "Durnley 9.5% (7.0 to 12.0): too close to call" in gate[3].text
    # A plain warning stays one, though the interval holds the limit from which it warns.
    plain = with_estimates(whole, summary.assign(duplicate_rate=0.035, low=0.02, high=0.05), 0.03, 0.1)
    assert {row[1].status for row in checks_of_all_table(plain, names, LIMITS).rows} == {"warn"}
    decided = results["readiness"].query("kind == 'dimension' and name == 'uniqueness'")
    for line, by in zip(scorecard_table(results).rows, decided.query("instrument == 'harm_365'")["decided_by"], strict=True):
        assert (line[4].status == "too close to call") == (by == DUPLICATES)


def test_the_worst_force_is_on_its_side_of_the_limit_and_none_where_nothing_fails(typical_results: Results) -> None:
    checks = typical_results["checks"]
    one = checks[checks["month"].isna() & (checks["check_id"] == "missing.persons.sex")]
    names = {row.force: row.force_name for row in typical_results.summary.forces}
    above = one.assign(failed=50_004, total=1_000_000, rate=0.050004, threshold=0.05, status="fail")
    assert checks_of_all_table(above, names, LIMITS).rows[0][4].text.endswith("5.0004%")
    nothing = one.assign(failed=0, rate=0.0, low=0.0, status="pass")
    assert checks_of_all_table(nothing, names, LIMITS).rows[0][4].text == "none: nothing fails"
    assert of_all_forces(nothing)["worst"].iloc[0] == 0


def test_people_found_stay_below_what_is_needed_when_they_are(typical_results: Results) -> None:
    effect = typical_results["effect"].assign(recall_at_k=0.796, truth_size=1000, k=1000)
    results = typical_results.with_tables(typical_results.summary, effect=effect)
    assert "finds 79.6 (" in headline(results, "harm_365", "durnley")
    assert effect_table(results, "harm_365").rows[0][3].text == "79.6%"
