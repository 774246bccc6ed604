"""The oversight pack and the open export: whole, the same again, repeated by their own commands, and nobody in them."""

import hashlib
import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from audit import InputError, Results, audit_dataset, read_results
from audit.presentation import method
from audit.presentation.linkage import linkage_statement
from audit.presentation.lists import allegations_table, cancelled_table, pairs_table, sampling_table, wrong_inclusion_table
from audit.report.dqv import as_dqv
from audit.report.pack import NAME_RECORDS, commands, shareable, write_pack
from audit.results import SCHEMAS
from synthetic import Dataset
from tests.conftest import Outcome
from tests.test_safeguards import assert_nobody, at, text_of

OWN = (
    'key = "own"\nname = "Own list"\nsummary = "s"\nsource = "s"\n[counts]\nwindow_days = 200\n[score]\nkind = "bands"\n'
    "recency = { up_to_days = [30], points = [2, 1] }\nfrequency = { from = [1, 3], points = [1, 4] }\n"
)


@pytest.fixture(scope="module")
def pack(typical_results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pack") / "pack"
    write_pack(typical_results, out)
    return out


def sums(folder: Path) -> dict[str, str]:
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def test_the_pack_is_whole_and_its_hashes_are_right(pack: Path) -> None:
    files = {path.relative_to(pack).as_posix(): path for path in pack.rglob("*") if path.is_file()}
    listed = sums(pack)
    assert set(listed) == set(files) - {"SHA256SUMS"}
    assert {"report.html", "scorecard.csv", "actions.csv", "options.json", "commands.sh", "README.md", "profile.toml"} <= set(
        listed
    )
    assert {f"tables/{name}.csv" for name in set(SCHEMAS) - set(NAME_RECORDS)} <= set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest


def test_nobody_is_in_the_pack(pack: Path, typical: Dataset) -> None:
    assert_nobody("\n".join(path.read_text(encoding="utf-8-sig") for path in pack.rglob("*") if path.is_file()), typical)
    for name in NAME_RECORDS:
        assert not (pack / "tables" / f"{name}.csv").exists()


def test_the_pack_is_not_written_over_anything(results_folder: Path, tmp_path: Path, command: Callable[..., Outcome]) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "mine.txt").write_text("mine")
    refused = command("audit", "report", results_folder, "--pack", tmp_path / "pack")
    assert (refused.code, "not empty" in refused.err) == (2, True)
    assert [path.name for path in tmp_path.rglob("*")] == ["pack", "mine.txt"]


def test_its_first_command_makes_the_same_dataset_again(
    pack: Path, typical: Dataset, tmp_path: Path, command: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(pack / "profile.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    _, _, program, *rest = shlex.split((pack / "commands.sh").read_text().splitlines()[1])
    assert command(program, *rest, "--workers", "1").code == 0
    assert (tmp_path / "dataset" / "dataset.json").read_bytes() == (typical.path / "dataset.json").read_bytes()


def test_changes_made_on_the_way_are_in_the_commands(typical_results: Results) -> None:
    summary = typical_results.summary
    changed = {"changes": ["2024-10-01:migration@durnley"], "fixes": ["2025-01-01:identity.duplicate_rate=0.5"]}
    dataset = summary.dataset.model_copy(update=changed)
    made, *_ = commands(Results(summary.model_copy(update={"dataset": dataset}), typical_results.tables))
    assert made.endswith(" --change 2024-10-01:migration@durnley --fix 2025-01-01:identity.duplicate_rate=0.5")
    on_pages = method.commands(summary.model_copy(update={"dataset": dataset}))
    for name, texts in (("--change", dataset.changes), ("--fix", dataset.fixes)):
        for text in texts:
            assert f"{name} {text}" in on_pages


@pytest.mark.deep
def test_its_commands_make_the_same_pack_again(
    small: Dataset, tmp_path: Path, command: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the profile to the last byte, with an instrument, a threshold and choices of one's own."""
    own, limits = tmp_path / "own.toml", tmp_path / "limits.toml"
    own.write_text(OWN)
    limits.write_text('recall_at_k = 0.7\n[checks."missing.persons.ethnicity"]\nwarn = 0.2\n')
    arguments = ("--instrument", own, "--k", "15", "--date-basis", "occurred", "--thresholds", limits, "--skip", "abrupt_change")
    ran = command("audit", "run", small.path, "--out", tmp_path / "results", *arguments)
    assert ran.code == 0, ran.err
    packed = command("audit", "report", tmp_path / "results", "--pack", tmp_path / "pack")
    assert packed.code == 0, packed.err
    assert "report.html" not in [path.name for path in tmp_path.iterdir()]
    place = Path(shutil.copytree(tmp_path / "pack", tmp_path / "copy"))
    monkeypatch.chdir(place)
    *lines, compared = commands(read_results(tmp_path / "results"))
    assert (place / "commands.sh").read_text().splitlines() == ["set -e", *lines, compared]
    for line in lines:
        _, _, program, *rest = shlex.split(line)
        done = command(program, *rest)
        assert done.code == 0, (line, done.err)
    assert sums(place / "again") == sums(place)


def test_figures_of_short_lists_are_not_handed_over(typical_results: Results) -> None:
    effect = typical_results["effect"].copy()
    effect.loc[(effect["force"] == "durnley") & (effect["instrument"] == "rfs"), "truth_size"] = 9
    results = typical_results.with_tables(typical_results.summary, effect=effect)
    for name in ("effect", "attribution", "fix_first", "allegations"):
        left = shareable(results, name).query("force == 'durnley'")
        assert set(left["instrument"]) == {"harm_365", "serial"}, name
    pairs = shareable(results, "instrument_pairs").query("force == 'durnley'")
    assert pairs[["instrument", "other"]].to_numpy().tolist() == [["harm_365", "serial"]]


# ---- Data Quality Vocabulary ---------------------------------------------------------------------------------------------


def test_every_check_is_a_metric_and_every_row_of_the_whole_period_a_measurement(
    results_folder: Path, typical_results: Results, typical: Dataset, tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    printed = command("audit", "export", results_folder, "--format", "dqv")
    assert printed.code == 0, printed.err
    content = json.loads(printed.out)
    assert content["@context"]["dqv"] == "http://www.w3.org/ns/dqv#"
    nodes = {node["@id"]: node for node in content["@graph"]}
    assert len(nodes) == len(content["@graph"])
    kinds = {identifier: node["@type"] for identifier, node in nodes.items()}
    measured = [node for node in nodes.values() if node["@type"] == "dqv:QualityMeasurement"]
    checks = typical_results["checks"]
    whole = checks[checks["month"].isna()]
    assert len(measured) == len(whole)
    rates = whole.set_index(["check_id", "force"])["rate"]
    for node in measured:
        assert kinds[node["dqv:isMeasurementOf"]] == "dqv:Metric"
        assert kinds[node["dqv:computedOn"]] == "dcat:Dataset"
        force = node["dqv:computedOn"].rpartition(":")[2]
        rate = rates[node["dqv:isMeasurementOf"].removeprefix("bench:check:"), force]
        assert ("dqv:value" in node) == pd.notna(rate)
        if pd.notna(rate):
            assert node["dqv:value"] == {"@value": rate, "@type": "xsd:double"}
    metrics = [node for node in nodes.values() if node["@type"] == "dqv:Metric"]
    assert {node["@id"].removeprefix("bench:check:") for node in metrics} == set(checks["check_id"])
    assert all(kinds[node["dqv:inDimension"]] == "dqv:Dimension" for node in metrics)
    assert_nobody(printed.out, typical)
    command("audit", "export", results_folder, "--out", tmp_path / "dqv.jsonld")
    assert json.loads((tmp_path / "dqv.jsonld").read_text()) == content == as_dqv(typical_results)
    refused = command("audit", "export", results_folder, "--format", "secret")
    assert (refused.code, "secret" in refused.err) == (2, False)


# ---- tables --------------------------------------------------------------------------------------------------------------


def test_tables_of_lists_show_what_the_results_have(typical_results: Results) -> None:
    pairs = pairs_table(typical_results, "durnley")
    assert len(pairs.rows) == 3
    assert "Total harm, last 12 months" in pairs.rows[0][0].text
    row = typical_results["instrument_pairs"].query("force == 'durnley'").iloc[0]
    assert pairs.rows[0][2].text == f"{100 * row['recorded_overlap']:.0f}%"
    together = pairs_table(typical_results)
    assert len(together.rows) == 3
    assert "mean over forces" in together.note
    allegations = allegations_table(typical_results, "serial")
    assert [(one[0].text, one[1].text) for one in allegations.rows] == [
        (listed, counted) for listed in ("True list", "Recorded list") for counted in ("half", "not at all")
    ]
    assert all(one[3].note for one in allegations.rows)
    wrong = typical_results["wrong_inclusion"].query("force == 'all' and instrument == 'harm_365'").dropna(subset=["people"])
    shown = wrong_inclusion_table(typical_results)
    assert len(shown.rows) == len(wrong) > 0
    assert all(one[4].note for one in shown.rows)
    assert [one[3].text for one in shown.rows] == [f"{entries:,.0f}" for entries in wrong["entries"]]
    drawn = [int(one[1].text) for one in sampling_table(typical_results).rows]
    assert drawn == typical_results["sampling"]["logs"].tolist()
    assert all(350 <= number <= 400 for number in drawn)  # a batch has fewer logs where its unit's month has fewer


def test_groups_under_10_are_not_shown(typical_results: Results) -> None:
    few = {
        "wrong_inclusion": typical_results["wrong_inclusion"].assign(people=9),
        "allegations": typical_results["allegations"].assign(size=9),
        "sampling_cancelled": typical_results["sampling_cancelled"].assign(drawn=9),
    }
    results = typical_results.with_tables(typical_results.summary, **few)
    assert not wrong_inclusion_table(results).rows
    assert not allegations_table(results).rows
    assert not cancelled_table(results).rows
    assert cancelled_table(typical_results).rows


def test_the_linkage_statement_answers_every_step_or_says_why_not(typical_results: Results) -> None:
    table = linkage_statement(typical_results)
    assert list(dict.fromkeys(row[0].text for row in table.rows)) == ["Providing the data", "Linking", "Analysis", "Reporting"]
    said = {row[1].text: row[2].text for row in table.rows}
    assert all(said.values())
    assert said["Consent, and people who opted out"].startswith("Does not apply: ")
    summary = typical_results.summary
    assert f"{summary.identity.threshold:.4f}" in said["Method"]
    assert f"{summary.dataset.rows['persons']:,}" in said["Population and place"]
    assert "date of birth" in said["Quality of the identifiers"]


def test_the_linkage_statement_of_data_without_truth_says_what_does_not_apply(tmp_path: Path) -> None:
    from synthetic.contract import RECORDED
    from tests.audit.foreign import write_dataset

    results = audit_dataset(write_dataset(tmp_path / "data", {name: [] for name in RECORDED}, ["north"], "2024-06-30"))
    said = {row[1].text: row[2].text for row in linkage_statement(results).rows}
    assert said["What linkage error does to the figures"].startswith("Does not apply: ")
    assert "brought in" in said["How the data came about"]
    write_pack(results, tmp_path / "pack")
    assert "copy it to `dataset` first" in (tmp_path / "pack" / "README.md").read_text()
    with pytest.raises(InputError, match="not empty"):
        write_pack(results, tmp_path / "pack")


def test_the_effect_page_shows_what_reviewers_ask_of_lists(results_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(results_folder)])
    shown = text_of(at("effect").run())
    for caption in (
        "Who is on the recorded list wrongly",
        "How far the lists of two uses agree",
        "How much rests on allegations without a charge",
        "Sampling audit: of the reports of crime, how many became a crime",
        "Cancelled crimes, drawn as an inspection draws them",
    ):
        assert f"<caption>{caption}</caption>" in shown
