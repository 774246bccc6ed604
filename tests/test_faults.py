"""What goes wrong around a run: kills, full disks, folders that others write, data that changes meanwhile."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from audit import InputError, Results, audit_dataset, read_results, write_results
from audit.engines import connect
from audit.report import write_report
from audit.results import replace_results
from audit.simulation.worlds import in_processes
from synthetic import Dataset, generate, load
from synthetic.dataset import reading, staged_folder
from synthetic.generate import _pool
from tests.conftest import ROOT, Outcome


def _full(*arguments: object, **options: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_reported_and_nothing_is_kept(
    typical_results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("the one before")
    monkeypatch.setattr(pq, "write_table", _full)
    monkeypatch.setattr(Path, "write_bytes", _full)
    works: list[Callable[[], object]] = [
        lambda: generate(tmp_path / "dataset", forces=["durnley"], years=0.25, scale=0.02),
        lambda: write_results(typical_results, tmp_path / "results"),
        lambda: write_report(typical_results, tmp_path / "report.html"),
    ]
    for work in works:
        with pytest.raises(InputError, match="The disk is full; nothing was kept"):
            work()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "the one before"


@pytest.mark.deep
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_under_a_command_is_one_line(small: Dataset, tmp_path: Path, command: Callable[..., Outcome]) -> None:
    """A file system of 128 KiB, where one can be mounted; otherwise this says so."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no small file system can be mounted here")
    try:
        for arguments in (
            ("synthetic", "generate", disk / "dataset", "--forces", "durnley", "--scale", "0.05"),
            ("synthetic", "generate", disk / "dataset", "--forces", "durnley,garrowby", "--scale", "0.05", "--workers", "2"),
            ("audit", "run", small.path, "--out", disk / "results"),
        ):
            done = command(*arguments)
            assert done.code == 2, arguments
            assert "The disk is full; nothing was kept" in done.err.splitlines()[-1]
            assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_process_that_the_system_ends_is_reported(tmp_path: Path) -> None:
    """As where memory runs out: the generator's and the simulations' processes alike."""
    with pytest.raises(InputError, match="workers takes fewer on this machine"):
        list(in_processes(os._exit, [1, 1], 2))
    with pytest.raises(InputError, match="workers takes fewer on this machine"), _pool(2, 2) as run:
        list(run(os._exit, [1, 1]))


def test_a_folder_that_two_runs_write_holds_one_of_them_whole(typical_results: Results, tmp_path: Path) -> None:
    def write(turn: int) -> str:
        try:
            write_results(typical_results, tmp_path / "results")
        except InputError as error:
            return str(error)
        return "written"

    with ThreadPoolExecutor(4) as executor:
        reported = list(executor.map(write, range(4)))
    assert reported.count("written") == 1
    assert all("another" in sentence.lower() or "not empty" in sentence for sentence in reported if sentence != "written")
    assert read_results(tmp_path / "results").summary == typical_results.summary
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_a_folder_that_another_run_has_written_meanwhile_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Another run has written"), staged_folder(tmp_path / "out") as folder:
        (folder / "mine").touch()
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "theirs").touch()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["theirs"]


@pytest.mark.parametrize("moment", ["between gate and reading", "while it is read", "gone while it is read"])
def test_a_dataset_that_changes_while_it_is_read_is_reported(moment: str, damaged: Path) -> None:
    opened = load(damaged)
    path = opened.files("crimes")[0]
    changed = path.with_name("changed")
    shutil.copy(path, changed)
    if moment == "between gate and reading":
        changed.replace(path)
    with pytest.raises(InputError, match="changed while it was read"), connect(opened) as connection:
        connection.execute("SELECT count(*) FROM crimes").fetchall()
        if moment == "while it is read":
            changed.replace(path)
        if moment == "gone while it is read":
            path.unlink()
            connection.execute("SELECT max(crime_id) FROM crimes").fetchall()


def test_an_audit_of_a_changing_dataset_keeps_nothing(small: Dataset, tmp_path: Path) -> None:
    opened = load(shutil.copytree(small.path, tmp_path / "changing"))

    def change(sentence: str, share: float) -> None:
        if "fields" in sentence:
            os.utime(opened.files("persons")[0])

    with pytest.raises(InputError, match="changed while it was read"):
        audit_dataset(opened, progress=change)


def test_too_little_memory_and_disk_is_reported(typical: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthetic.dataset.storage.MEMORY", "12MB")
    with pytest.raises(InputError, match="too little memory"), reading(typical) as connection:
        connection.execute("SET max_temp_directory_size = '1MB'")
        connection.execute("CREATE TABLE t AS SELECT range AS a, hash(range) AS b FROM range(20000000)")


def test_results_of_another_version_are_refused(results_folder: Path, tmp_path: Path, command: Callable[..., Outcome]) -> None:
    shutil.copytree(results_folder, tmp_path / "old")
    path = tmp_path / "old" / "checks.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["threshold"]), path)
    done = command("audit", "report", tmp_path / "old", "--out", tmp_path / "report.html")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "checks.parquet are not those of this version" in done.err
    summary = json.loads((tmp_path / "old" / "audit.json").read_text())
    (tmp_path / "old" / "audit.json").write_text(json.dumps(summary | {"format": "force-data-audit/0"}))
    with pytest.raises(InputError, match="not of this version's format"):
        read_results(tmp_path / "old")


def test_a_judge_that_was_killed_between_its_renames_is_repaired(
    typical_results: Results, results_folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "results"
    # No process has this number: it is above the largest that a kernel gives.
    shutil.copytree(results_folder, tmp_path / ".results.before-99999999")
    (tmp_path / ".results.partial-99999999-judged").mkdir()
    assert read_results(target).summary == typical_results.summary
    replace_results(typical_results, target)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@pytest.mark.deep
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_generator_that_is_killed_leaves_nothing_that_counts(share: float, tmp_path: Path) -> None:
    """`tests/benchmarks/faults.py` kills every long work fifty times; here are three."""
    arguments = [
        "-m",
        "synthetic",
        "generate",
        str(tmp_path / "out"),
        "--forces",
        "durnley,garrowby",
        "--scale",
        "0.1",
        "--workers",
        "2",
    ]
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(4 * share)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if (tmp_path / "out").exists():
        load(tmp_path / "out")
        return
    again = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=False)
    assert again.returncode == 0
    load(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
