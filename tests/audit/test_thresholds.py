"""Thresholds: read from a file, refused with a way out, and re-assessed from stored counts without the data."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from audit import AuditOptions, InputError, Results, audit_dataset, read_results, write_results
from audit.checks.catalogue import catalogue
from audit.readiness.thresholds import Thresholds, as_toml, read_thresholds
from audit.readiness.verdict import judge
from synthetic import Dataset
from tests.conftest import Outcome


def write(folder: Path, text: str) -> Path:
    path = folder / "limits.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_printed_file_changes_nothing(tmp_path: Path, typical_results: Results) -> None:
    printed = read_thresholds(write(tmp_path, as_toml(Thresholds())))
    assert printed.limit(catalogue()) == catalogue()
    again = judge(typical_results, printed)
    pd.testing.assert_frame_equal(again["checks"], typical_results["checks"], check_dtype=False)
    pd.testing.assert_frame_equal(again["readiness"], typical_results["readiness"], check_dtype=False)
    assert again.summary.forces == typical_results.summary.forces


def test_judging_again_is_the_same_as_auditing_with_the_thresholds(
    tmp_path: Path, small: Dataset, small_results_folder: Path
) -> None:
    limits = read_thresholds(
        write(
            tmp_path,
            'recall_at_k = 0.1\n[gates]\n"victim\'s sex present" = 0.5\n'
            "[types.missing]\nwarn = 0.5\nfail = 0.9\n[checks.missing.persons.ethnicity]\nwarn = 0.01\nfail = 0.02\n",
        )
    )
    judged, audited = judge(read_results(small_results_folder), limits), audit_dataset(small, AuditOptions(thresholds=limits))
    for name in ("checks", "readiness"):
        pd.testing.assert_frame_equal(judged[name], audited[name], check_dtype=False)
    assert judged.summary.forces == audited.summary.forces
    assert judged.summary.thresholds == audited.summary.thresholds
    whole = judged["checks"][judged["checks"]["month"].isna()].set_index("check_id")["status"]
    assert set(whole[["missing.persons.ethnicity"]]) == {"fail"}
    assert set(whole[["missing.persons.date_of_birth"]]) == {"pass"}


def test_the_command_judges_in_place_and_reads_no_data(
    results_folder: Path, tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    folder = Path(shutil.copytree(results_folder, tmp_path / "results"))
    limits = write(tmp_path, "[types.missing]\nwarn = 1.0\nfail = 1.0\n")
    outcome = command("audit", "judge", folder, "--thresholds", limits)
    assert outcome.code == 0, outcome.err
    checks = read_results(folder)["checks"]
    assert set(checks.loc[checks["check_type"] == "missing", "status"]) <= {"pass", "not_applicable"}
    assert json.loads((folder / "audit.json").read_text())["thresholds"]["types"]["missing"] == {"warn": 1.0, "fail": 1.0}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    strict = write(tmp_path, "[types.missing]\nwarn = 0.0\nfail = 0.0\n")
    beside = command("audit", "judge", folder, "--thresholds", strict, "--out", tmp_path / "beside", "--fail-on", "fail")
    assert beside.code == 1
    assert read_results(tmp_path / "beside")["checks"]["status"].eq("fail").any()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[gates\n", "not valid TOML"),
        ("[gates]\nnonsense = 0.5\n", "named suspects linked"),
        ("[dimensions]\ncompleteness = 0.5\n", "remove the section"),
        ('[checks."same_event_twice.crimes"]\nfail = 0.5\n', "set that gate"),
        ("[types.nonsense]\nwarn = 0.5\n", "types"),
        ("[checks.nonsense]\nwarn = 0.5\n", "checks"),
        ('[types.missing]\nwarn = "secret"\n', "numbers between 0 and 1"),
        ("[types.missing]\nwarn = 7.5\n", "numbers between 0 and 1"),
        ("[types.missing]\nwarn = nan\n", "numbers between 0 and 1"),
        ("recall_at_k = -1\n", "numbers between 0 and 1"),
        ("secret = 1\n", "allowed are recall_at_k"),
        ("checks = 3\n", "checks"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_a_way_out_and_no_value(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="catalogue --toml") as error:
        read_thresholds(write(tmp_path, text))
    assert says in str(error.value)
    assert "secret" not in str(error.value)
    assert "7.5" not in str(error.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^thresholds "):
        read_thresholds(tmp_path / "nothing.toml")


def test_a_pipeline_stops_where_a_limit_is_crossed(
    small: Dataset, clean_results: Results, tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    only = ("--only", "missing", "--only", "delay")
    crossed = command("audit", "run", small.path, "--out", tmp_path / "one", "--fail-on", "fail", *only)
    assert crossed.code == 1
    assert (tmp_path / "one" / "audit.json").exists()
    write_results(clean_results, tmp_path / "two")
    own = write(tmp_path, as_toml(Thresholds()))
    passed = command("audit", "judge", tmp_path / "two", "--thresholds", own, "--fail-on", "warn")
    assert passed.code == 0, passed.out
    checks = read_results(tmp_path / "one")["checks"]
    assert set(checks.loc[checks["status"] != "not_run", "check_type"]) == {"missing", "delay"}


def test_what_would_have_to_change_is_said(typical_results: Results, clean_results: Results) -> None:
    for row in typical_results.summary.forces:
        assert row.status == "not ready"
        assert len(row.to_next_status) == len(row.failed_gates) + len(row.unsettled_gates) > 0
        assert all("must be" in sentence for sentence in row.to_next_status)
    for row in clean_results.summary.forces:
        assert (row.status == "supervised pilot") == (row.to_next_status == [])
