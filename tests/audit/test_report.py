"""The report and the scorecard: whole, offline, escaped, and nobody in it."""

import html
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from audit import InputError, Results, audit_dataset
from audit.report import report_html, report_name, write_actions, write_scorecard
from synthetic import Dataset
from synthetic.contract import RECORDED
from tests.audit.foreign import write_dataset
from tests.conftest import Outcome


def test_the_report_opens_offline_and_is_whole(typical_results: Results) -> None:
    page = report_html(typical_results)
    assert not re.findall(r"(?:src|href)=\"(?!#|data:)", page)
    assert "<script" not in page
    assert "All data here is synthetic" in page
    assert page.count("data:image/svg+xml") == 2
    for words in (
        "Readiness",
        "What to fix first",
        "Duplicate identities",
        "Reporting gaps",
        "What nobody can see",
        "Brackenshire",
    ):
        assert words in page
    assert not re.search(r"SYN-[PC]\d", page)


def test_the_report_answers_first_and_in_english(typical_results: Results) -> None:
    page = html.unescape(report_html(typical_results))
    top = page[: page.index('id="readiness"')]
    assert re.search(r"forces' data is ready for a supervised pilot", top)
    assert re.search(r"Of 100 people that these 3 forces' lists should hold, this data finds \d+ \(\d+ to \d+\)\.", top)
    assert "Fix first: " in top
    fields = page[page.index('id="fields"') : page.index('id="checks"')]
    words = re.sub(r"<code>.*?</code>|<style>.*?</style>|data:image[^\"]*", "", top + fields, flags=re.S)
    for name in ("date_of_birth", "force-months", "persons.", "css_weight", "%–", " %"):
        assert name not in words, name
    assert "cannot stop someone who forges them" in page


def test_the_report_begins_with_a_summary_and_says_what_changed(typical_results: Results) -> None:
    page = html.unescape(report_html(typical_results, typical_results, "Judged with other thresholds."))
    parts = [page.index(f'id="{name}"') for name in ("summary", "first", "readiness", "changes", "effect")]
    assert parts == sorted(parts)
    assert page.index("Judged with other thresholds.") < parts[0]
    assert "Since the run before, of the checks by force: 0 worse, 0 better, 0 appeared, 0 gone." in page
    assert "No earlier run was compared" in report_html(typical_results)
    assert report_name(typical_results) == "report-3-forces-2025-03-31.html"
    one = typical_results.summary.model_copy(update={"forces": typical_results.summary.forces[:1]})
    assert report_name(typical_results.with_tables(one)) == "report-aldermoor-2025-03-31.html"


def test_the_action_list_as_excel_has_formats_and_columns_for_owner_and_due_date(typical_results: Results, tmp_path: Path) -> None:
    write_actions(typical_results, tmp_path / "actions.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "actions.xlsx").active
    assert sheet is not None
    columns = {cell.value: cell.column_letter for cell in sheet[1]}
    assert sheet[f"{columns['gain']}2"].number_format == "0.0%"
    assert sheet[f"{columns['due']}2"].number_format == "dd/mm/yyyy"
    assert sheet.column_dimensions[columns["owner"]].width >= 20
    assert sheet.column_dimensions[columns["item"]].width >= 40
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref


def test_the_report_of_data_without_truth_says_so(tmp_path: Path) -> None:
    tables = {name: [] for name in RECORDED}
    results = audit_dataset(write_dataset(tmp_path / "data", tables, ["north"], "2024-06-30"))
    page = report_html(results)
    assert "has no truth" in page
    assert "What to fix first" not in page


def test_the_scorecard_comes_as_csv_excel_and_markdown(typical_results: Results, tmp_path: Path) -> None:
    for ending in (".csv", ".xlsx", ".md"):
        write_scorecard(typical_results, tmp_path / f"scorecard{ending}")
    csv = pd.read_csv(tmp_path / "scorecard.csv")
    sheet = openpyxl.load_workbook(tmp_path / "scorecard.xlsx").active
    assert csv["force"].tolist() == [row.force_name for row in typical_results.summary.forces]
    assert [cell.value for cell in sheet[1]] == csv.columns.tolist()
    assert csv["people found"].tolist() == pytest.approx([row.recall_at_k for row in typical_results.summary.forces])
    assert "| Brackenshire | not ready |" in (tmp_path / "scorecard.md").read_text()
    with pytest.raises(InputError, match="csv"):
        write_scorecard(typical_results, tmp_path / "scorecard.pdf")


def test_the_command_writes_it_and_says_where_it_cannot(
    results_folder: Path, tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    done = command("audit", "report", results_folder, "--out", tmp_path / "report.html", "--scorecard", tmp_path / "card.md")
    assert done.code == 0, done.err
    assert (tmp_path / "report.html").stat().st_size > 50_000
    bad = command("audit", "report", results_folder, "--out", tmp_path / "no" / "where" / "report.html")
    assert bad.code == 2
    assert "could not be written" in bad.err


def test_a_page_cannot_be_broken_out_of(typical: Dataset, typical_results: Results) -> None:
    row = typical_results.summary.forces[0].model_copy(update={"force_name": "<script>alert(1)</script>"})
    summary = typical_results.summary.model_copy(update={"forces": [row, *typical_results.summary.forces[1:]]})
    page = report_html(Results(summary, typical_results.tables))
    assert "<script" not in page


def test_rows_gives_the_identifiers_of_the_rows_that_fail(
    typical: Dataset, typical_results: Results, command: Callable[..., Outcome]
) -> None:
    shown = command("audit", "rows", typical.path, "key_orphaned.involvements.person_id")
    assert shown.code == 0, shown.err
    lines = shown.out.splitlines()
    checks = typical_results["checks"]
    whole = checks[(checks["check_id"] == "key_orphaned.involvements.person_id") & checks["month"].isna()]
    assert lines[0] == "crime_id,person_id,role,force"
    assert len(lines) - 1 == whole["failed"].sum()
    one = command("audit", "rows", typical.path, "missing.persons.sex", "--force", "durnley", "--json")
    mine = checks[(checks["check_id"] == "missing.persons.sex") & checks["month"].isna() & (checks["force"] == "durnley")]
    assert one.out.count("SYN-") == mine["failed"].iloc[0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "no such check"),
        (["reporting_gaps.crimes"], "gaps.parquet"),
        (["missing.persons.sex", "--force", "nowhere"], "aldermoor"),
    ],
)
def test_rows_that_there_are_not_are_refused(
    arguments: list[str], says: str, typical: Dataset, command: Callable[..., Outcome]
) -> None:
    outcome = command("audit", "rows", typical.path, *arguments)
    assert outcome.code == 2
    assert says in outcome.err
    assert outcome.out == ""
