"""The line nobody crosses: no output shows a person, even a synthetic one, beside a score or a rank."""

import ast
import io
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from audit.presentation.spreadsheet import excel_bytes, for_spreadsheet
from audit.readiness.gates import GATES
from audit.results import SCHEMAS
from dashboard.cache import results_below
from synthetic import Dataset
from synthetic.benchmarks import SETS
from tests.conftest import ROOT, Outcome

PAGES = [page.module for page in dashboard.PAGES]
FOLDED = ("change", "scores", "dictionary", "catalogue", "offences")
PERSON = re.compile(r"SYN-P\d|\b(?:aldermoor|brackenshire|durnley)(?:-[a-z]+)?-\d{7}\b")


def names_of_people(dataset: Dataset) -> set[str]:
    people = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/people")])
    return set((people["forename"] + " " + people["surname"]).sample(2000, random_state=1))


def assert_nobody(text: str, dataset: Dataset) -> None:
    assert not PERSON.search(text)
    assert not [name for name in names_of_people(dataset) if name in text]


def test_no_results_file_has_a_person_beside_a_number(results_folder: Path, typical: Dataset) -> None:
    for path in results_folder.iterdir():
        if path.suffix == ".json":
            assert_nobody(path.read_text(), typical)
            continue
        frame = pd.read_parquet(path)
        texts = frame.select_dtypes(include=["object", "string"])
        persons = [name for name in texts if texts[name].dropna().astype("str").str.contains(PERSON).any()]
        allowed = {"identities": ["person_id", "cluster_id"], "identity_pairs": ["person_id_l", "person_id_r"]}
        assert persons == allowed.get(path.stem, []), path.name
        if path.stem == "identities":
            assert frame.columns.tolist() == persons
        if path.stem == "identity_pairs":
            # Of two records, whether they are one person's; nothing of what anyone is accused of.
            others = [name for name in frame if name not in persons]
            assert others == ["probability", "joined", *[name for name in frame if name.startswith("weight_")]]
        if persons:
            assert frame[persons[0]].is_monotonic_increasing, "the order of the rows must tell nothing"


def test_no_schema_puts_a_person_beside_a_number() -> None:
    for name, schema in SCHEMAS.items():
        if {"person_id", "person_key", "cluster_id"} & set(schema):
            assert {str(kind) for kind in schema.values()} == {"string"}, name


def test_no_command_shows_a_person(typical: Dataset, tmp_path: Path, command: Callable[..., Outcome]) -> None:
    commands = [
        ("synthetic", "profiles"),
        ("synthetic", "verify", typical.path, "--json"),
        ("audit", "run", typical.path, "--out", tmp_path / "one"),
        ("audit", "run", typical.path, "--out", tmp_path / "two", "--json", "--only", "missing"),
        ("audit", "run", typical.path, "--out", tmp_path / "one"),
        ("synthetic", "generate", typical.path),
    ]
    for arguments in commands:
        outcome = command(*arguments)
        assert_nobody(outcome.out + outcome.err, typical)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_a_person(page: str, typical: Dataset, results_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(results_folder)])
    app = at(page).run()
    app = settled(app)
    assert not app.exception
    assert not app.error
    shown = text_of(app)
    assert "All data here is synthetic" in shown
    assert_nobody(shown, typical)


def test_records_side_by_side_say_nothing_of_what_anybody_is_accused_of(
    typical: Dataset, results_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(results_folder), "--dataset", str(typical.path)])
    app = at("identities").run()
    app = settled(app)
    assert not app.exception
    side = next(element.proto.body for element in app.main if "Records side by side" in str(getattr(element, "proto", "")))
    heads = re.findall(r"<th scope='row'>([A-Za-z ]+)</th>", side)
    assert heads == [
        "Forename", "Surname", "Date of birth", "Sex", "Address", "Postcode", "Telephone", "Force", "Source system",
    ]  # fmt: skip
    shown = text_of(app).lower()
    assert not PERSON.search(shown.upper())
    assert not re.search(r"harm_days|\brank\b(?!:)|top \d", shown.replace("score or a rank", ""))


def test_the_identifiers_of_failing_rows_come_alone(
    typical: Dataset, results_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(results_folder), "--dataset", str(typical.path)])
    app = at("all_checks")
    app.query_params["check"] = "missing.persons.ethnicity"
    app = app.run()
    app = settled(app.toggle(key="rows").set_value(True).run())
    assert not app.exception
    assert list(app.dataframe[0].value.columns) == ["person_id", "force"]
    assert app.dataframe[0].value["person_id"].is_monotonic_increasing


def test_an_address_can_name_only_results_below_the_servers_folder(
    results_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    for name in ("2025-02", "2025-03"):
        shutil.copytree(results_folder, root / name)
    shutil.copytree(results_folder, tmp_path / "outside")
    (root / "link").mkdir()
    assert list(results_below(root)) == ["2025-03", "2025-02"]
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(root)])
    for name in ("../outside", str(tmp_path / "outside"), "..", "nothing"):
        app = at("overview")
        app.query_params["run"] = name
        app = app.run()
        assert not app.exception
        assert app.selectbox(key="run").value == "2025-03"
    assert "2025-02" in text_of(app)  # what changed since the run before


def test_turned_thresholds_change_the_page_and_not_the_files(results_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in results_folder.iterdir()}
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(results_folder)])
    app = at("overview").run()
    assert text_of(app).count("not ready") >= 3
    for gate in GATES:
        sense = GATES[gate].sense
        app.number_input(key=f"limit-gates-{gate}").set_value(0.0 if sense == "at least" else 100.0)
    app = app.run()
    assert not app.exception
    assert "process testing only" in text_of(app)
    assert {path.name: path.read_bytes() for path in results_folder.iterdir()} == before


def test_nothing_that_is_handed_over_shows_a_person(
    typical: Dataset, results_folder: Path, tmp_path: Path, command: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Report, scorecards, comparison, score, judged results, failing rows: what leaves by a command."""
    shutil.copytree(results_folder, tmp_path / "results")
    cards = [tmp_path / f"card.{ending}" for ending in ("csv", "md")]
    limits = tmp_path / "limits.toml"
    limits.write_text("[gates]\n")
    commands: list[tuple[str | Path, ...]] = [
        (
            "audit",
            "report",
            results_folder,
            "--out",
            tmp_path / "report.html",
            *(part for card in cards for part in ("--scorecard", card)),
        ),
        ("audit", "compare", results_folder, results_folder, "--json"),
        ("audit", "score", typical.path, results_folder, "--json"),
        ("audit", "judge", tmp_path / "results", "--thresholds", limits, "--json"),
    ]
    said = ""
    for arguments in commands:
        outcome = command(*arguments)
        assert outcome.code == 0, outcome.err
        said += outcome.out + outcome.err
    for path in (tmp_path / "report.html", *cards):
        said += path.read_text()
    assert_nobody(said, typical)
    rows = command("audit", "rows", typical.path, "cardinality.persons.many_crimes")
    found = pd.read_csv(io.StringIO(rows.out)) if rows.code == 0 else pd.DataFrame({"person_id": [], "force": []})
    assert found.columns.tolist() == ["person_id", "force"]
    assert found["person_id"].is_monotonic_increasing


@pytest.mark.parametrize("page", PAGES)
def test_no_download_and_no_state_of_a_page_has_a_person(
    page: str, typical: Dataset, results_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every button that hands something over is pressed, so to speak, and what a session keeps is looked through."""
    handed: dict[str, bytes | str] = {}

    def keep(self: object, label: str, data: object, file_name: str = "", *others: object, **options: object) -> bool:
        handed[file_name] = data() if callable(data) else data  # type: ignore[assignment]
        return False

    monkeypatch.setattr("streamlit.delta_generator.DeltaGenerator.download_button", keep)
    monkeypatch.setattr("streamlit.download_button", lambda *arguments, **options: keep(None, *arguments, **options))
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(results_folder)])
    app = at(page).run()
    app = settled(app)
    assert not app.exception
    assert any(name.startswith("report-") for name in handed)
    for name, content in handed.items():
        data = content if isinstance(content, bytes) else str(content).encode()
        if name.endswith(".parquet"):
            text = pd.read_parquet(io.BytesIO(data)).to_csv()
        elif name.endswith(".xlsx"):
            text = pd.read_excel(io.BytesIO(data)).to_csv()
        else:
            text = data.decode("utf-8-sig")
        assert_nobody(text, typical)
    assert_nobody(str(app.session_state._state.filtered_state), typical)
    assert_nobody(str(dict(app.query_params)), typical)


def test_a_real_looking_record_gets_in_nowhere(
    spoiled: Path, results_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forge_table: Callable[..., None],
    command: Callable[..., Outcome],
) -> None:  # fmt: skip
    """By no command that reads a dataset, by no file, by no folder of tables, not by the page's --dataset."""
    real = {"forename": "Realname", "postcode": "SW1A 1AA", "phone": "07700900123", "person_id": "P-1"}

    def put_in(table: pa.Table) -> pa.Table:
        frame = table.to_pandas()
        for column, value in real.items():
            frame.loc[0, column] = value
        return pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False)

    forge_table(spoiled, "persons", put_in)
    manifest = (spoiled / "dataset.json").read_bytes()
    out = tmp_path / "out"
    commands = [
        *(["synthetic", name, str(spoiled)] for name in ("verify", "describe", "calibrate")),
        ["audit", "run", str(spoiled), "--out", str(out)],
        ["audit", "run", str(spoiled), "--out", str(out), "--engine", "pandas", "--replicates", "2"],
        ["audit", "rows", str(spoiled), "missing.persons.sex"],
        ["audit", "score", str(spoiled), str(results_folder)],
    ]
    for arguments in commands:
        refused = command(*arguments)
        assert refused.code == 2, arguments
        assert "lacks the mark of synthetic data" in refused.err
        assert not any(value in refused.out + refused.err for value in real.values())
    assert not out.exists()
    # A file of people is no benchmark, whatever name it is given, and tables without marks are not packed.
    pd.DataFrame([real]).to_csv(tmp_path / "real.csv", index=False)
    (spoiled / "dataset.json").unlink()
    entries = [["benchmark", name, str(out), "--file", str(tmp_path / "real.csv")] for name in SETS]
    for arguments in [
        *entries,
        ["pack", str(spoiled)],
        ["adopt", str(tmp_path / "real.csv"), str(out), "--map", "forename=forename"],
    ]:
        refused = command("synthetic", *arguments)
        assert (refused.code, refused.err.count("\n")) == (2, 1), arguments
        assert not any(value in refused.out + refused.err for value in real.values())
    assert not out.exists()
    (spoiled / "dataset.json").write_bytes(manifest)
    # The page shows records of the dataset that was audited, and of no other.
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(results_folder), "--dataset", str(spoiled)])
    app = at("identities").run()
    app = settled(app)
    assert not app.exception
    assert not any(value in text_of(app) for value in real.values())
    assert "not the one that was audited" in text_of(app)


def at(page: str) -> AppTest:
    """A page with all that can be unfolded unfolded, not run yet."""
    app = AppTest.from_string(
        f"from dashboard import page_of\nfrom dashboard.shell import run_page\nrun_page(page_of('{page}'))", default_timeout=60
    )
    for part in FOLDED:
        app.session_state[part] = True
    return app


def settled(app: AppTest) -> AppTest:
    """The page once what it works at is done; a browser looks again each second."""
    for _ in range(100):
        if not any(button.key == "stop-job" for button in app.button):
            return app
        time.sleep(0.2)
        app = app.run()
    raise AssertionError("The page is still at work.")


def text_of(app: AppTest) -> str:
    return " ".join(str(element.proto) for block in (app.main, app.sidebar) for element in block if hasattr(element, "proto"))


def test_only_the_effect_opens_the_instruments() -> None:
    for path in [*ROOT.glob("audit/**/*.py"), *ROOT.glob("dashboard/**/*.py"), ROOT / "app.py"]:
        if (ROOT / "audit" / "effect") in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [name.name for name in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            assert not any("instruments" in name for name in names), path.name


def test_a_page_without_results_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(tmp_path)])
    app = at("overview").run()
    assert not app.exception
    assert "python -m audit run" in app.error[0].value


def test_spreadsheets_do_not_run_cells() -> None:
    frame = pd.DataFrame({"text": ["=1+1", "+44", "-x", "@cmd", "plain", None], "number": [-1, 2, 3, 4, 5, 6]})
    safe = for_spreadsheet(frame)
    assert safe["text"].tolist()[:5] == ["'=1+1", "'+44", "'-x", "'@cmd", "plain"]
    assert safe["number"].tolist() == frame["number"].tolist()
    assert excel_bytes(safe, "sheet")[:2] == b"PK"


def test_every_part_that_is_folded_is_looked_into() -> None:
    found = {
        key for path in (ROOT / "dashboard").rglob("*.py") for key in re.findall(r'folded\([^\n]*?, "(\w+)"', path.read_text())
    }
    assert found == set(FOLDED)
