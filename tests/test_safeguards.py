"""The line nobody crosses: no output shows a person, even a synthetic one, beside a score or a rank."""

import ast
import functools
import io
import itertools
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import typer
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

import audit.__main__ as audit_commands
import dashboard
import synthetic.__main__ as synthetic_commands
from audit.presentation.spreadsheet import excel_bytes, for_spreadsheet
from audit.readiness.gates import GATES
from audit.results import SCHEMAS
from dashboard.cache import results_below
from synthetic import Dataset, load
from synthetic.benchmarks import SETS
from synthetic.series import generate_series
from tests.conftest import ROOT, Outcome

PAGES = [page.module for page in dashboard.PAGES]
FOLDED = ("targets", "actions", "change", "scores", "reliability", "dictionary", "catalogue", "offences")
PERSON = re.compile(r"SYN-P\d|\bp-[0-9A-HJKMNP-TV-Z]{11}\b")


@pytest.fixture(scope="module", autouse=True)
def _packages_are_scanned_once() -> Iterator[None]:
    """Streamlit looks through every installed package for components each time a page is run, which takes longer than the page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", functools.cache(manifest_scanner.scan_component_manifests))
        yield


@functools.cache
def names_of_people(folder: Path) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Names in full of people of a dataset, and their first and second halves."""
    people = pd.concat([pd.read_parquet(path) for path in load(folder).files("truth/people")])
    names = frozenset((people["forename"] + " " + people["surname"]).sample(min(2000, len(people)), random_state=1))
    halves = [name.split(" ") for name in names]
    assert all(len(of_name) == 2 for of_name in halves)
    return names, frozenset(first for first, _ in halves), frozenset(second for _, second in halves)


def named_in(text: str, dataset: Dataset) -> set[str]:
    """Names of people of the dataset that are anywhere in a text, within longer words too.

    Looked for at each space of the text: to search it for thousands of names one by one would take seconds.
    """
    names, forenames, surnames = names_of_people(dataset.path)
    found = set()
    longest = max(map(len, forenames | surnames))
    # Of what stands between two spaces, which may be a whole table, only the beginning and the end can be of a name.
    words = [(word[:longest], word[-longest:]) for word in text.split(" ")]
    for end, begin in {(end, begin) for (_, end), (begin, _) in itertools.pairwise(words)}:
        for first in (end[at:] for at in range(len(end)) if end[at:] in forenames):
            found |= {f"{first} {begin[:at]}" for at in range(1, len(begin) + 1)}
    return found & names


def assert_nobody(text: str, dataset: Dataset) -> None:
    assert not PERSON.search(text)
    assert not named_in(text, dataset)


def test_a_name_is_found_wherever_it_stands(small: Dataset) -> None:
    names, _, _ = names_of_people(small.path)
    one, other = sorted(names)[:2]
    for text in (
        one,
        f"a {one} b",
        f"({one})",
        f"\\n{one},{other}",
        f"x{one}y",
        f'"{one}"\n{other}',
        f"b  {one}  ",
        "x" * 999_999 + one + "y" * 999_999,
    ):
        assert {name for name in names if name in text} == named_in(text, small) >= {one}, text
    assert not named_in(one.replace(" ", "_") + "  " + other.replace(" ", "  "), small)
    with pytest.raises(AssertionError):
        assert_nobody(f"<td>{one}</td>", small)


PERSONS_ALLOWED = {
    "identities": ["person_id", "cluster_id"],
    "identity_pairs": ["person_id_l", "person_id_r"],
}
"""The only tables that may name person records, and where; every other table, a new one too, may name none."""
BESIDE_ALLOWED = {
    "identities": [],
    # Of two records, whether they are the same person's; nothing of what anyone is accused of.
    "identity_pairs": ["probability", "joined", "weight_"],
}
"""What may stand beside them: names, or the beginnings of names, of columns."""
NAMES_A_PERSON = re.compile(r"person|cluster_id|suspect|victim|nominal|record_id|forename|surname|birth|address|phone")
"""In the name of a column, a sign that it names somebody."""
COUNTS = {"person_records", "persons", "people", "rest_people"}
"""Columns whose names look so and that are counts."""


def test_no_schema_puts_a_person_beside_a_number() -> None:
    for table, schema in SCHEMAS.items():
        named = [
            name for name in schema
            if NAMES_A_PERSON.search(name) and not name.startswith("weight_") and name not in COUNTS
        ]  # fmt: skip
        assert named == PERSONS_ALLOWED.get(table, []), table
        beside = [name for name in schema if name not in named]
        if named:
            assert all(any(name.startswith(one) for one in BESIDE_ALLOWED[table]) for name in beside), table


OF_A_SERIES = {"trend", "signals", "fixes"}
"""Tables that tracking a series adds."""


def test_no_results_file_has_a_person_beside_a_number(results_folder: Path, typical: Dataset) -> None:
    assert {path.stem for path in results_folder.glob("*.parquet")} - OF_A_SERIES == set(SCHEMAS)
    for path in results_folder.iterdir():
        if path.suffix == ".json":
            assert_nobody(path.read_text(), typical)
            continue
        frame = pd.read_parquet(path)
        texts = frame.select_dtypes(include=["object", "string"])
        persons = [name for name in texts if texts[name].dropna().astype("str").str.contains(PERSON).any()]
        assert set(persons) <= set(PERSONS_ALLOWED.get(path.stem, [])), path.name
        if persons:
            assert frame[persons[0]].is_monotonic_increasing, "the order of the rows must say nothing"
        else:
            assert_nobody(texts.to_csv(), typical)


# ---- every command -----------------------------------------------------------------------------------------------------------

COMMANDS = [
    (program, name)
    for program, app in (("synthetic", synthetic_commands.app), ("audit", audit_commands.app))
    for name in typer.main.get_command(app).commands  # type: ignore[attr-defined]
]
"""Every command of both command lines, so that a new one is covered by being there."""
FAILS_BY_DESIGN = {"adopt"}
"""Commands that only say what to do instead."""


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("series") / "series"
    generate_series(folder, 2, "typical", ["durnley"], years=1, scale=0.02)
    return folder


@pytest.fixture
def values(small: Dataset, small_results_folder: Path, series: Path, tmp_path: Path) -> dict[str, str]:
    """What to put for each kind of argument and required option that a command may have."""
    (tmp_path / "limits.toml").write_text("[gates]\n")
    (tmp_path / "grid.toml").write_text(
        'profile = "clean"\nforces = ["durnley"]\nscale = 0.02\nyears = 1\nseeds = [1]\n[grid]\n"missing.offence_code" = [0.2]\n'
    )
    (tmp_path / "question.toml").write_text('name = "Where"\nneeds = ["crimes.postcode", "suspect.ethnicity"]\n')
    (tmp_path / "rates.toml").write_text("population = 50000\n")
    own = Path(shutil.copytree(small.path, tmp_path / "own"))
    (own / "dataset.json").unlink()
    return {
        "DATASET": str(small.path),
        "SERIES": str(series),
        "RESULTS": str(shutil.copytree(small_results_folder, tmp_path / "judged")),
        "OLD_RESULTS": str(small_results_folder),
        "NEW_RESULTS": str(small_results_folder),
        "CHECK_ID": "missing.persons.sex",
        "NAME": "febrl1",
        "OUT": str(tmp_path / "written"),
        "FOLDER": str(own),
        "COUNTS": str(tmp_path / "rates.toml"),
        "QUESTION.toml": str(tmp_path / "question.toml"),
        "FIELD": "persons.ethnicity",
        "--logs": "40",
        "GRID.toml": str(tmp_path / "grid.toml"),
        "--thresholds": str(tmp_path / "limits.toml"),
    }


OUTPUTS = {"sweep": "sweep.parquet", "report": "report.html"}
"""Commands whose --out is a file with an ending; every other --out is a folder."""
QUICK = {
    "generate": ("--forces", "durnley", "--scale", "0.05", "--years", "1", "--workers", "1"),
    "twin": ("--worlds", "2", "--workers", "1"),
    "sweep": ("--workers", "1"),
    "track": ("--without", "linkage"),
}
"""Options that make a command quick."""


@pytest.mark.parametrize(("program", "name"), COMMANDS, ids=[f"{program}-{name}" for program, name in COMMANDS])
def test_no_command_shows_or_hands_over_a_person(
    program: str, name: str, small: Dataset, values: dict[str, str], tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    """What a command prints has nobody in it, and in the files that it writes nobody stands beside a number."""
    app = {"synthetic": synthetic_commands.app, "audit": audit_commands.app}[program]
    parameters = typer.main.get_command(app).commands[name].params  # type: ignore[attr-defined]
    arguments = [str(one.metavar) for one in parameters if one.param_type_name == "argument"]
    required = [one.opts[0] for one in parameters if one.required and one.param_type_name == "option"]
    unknown = [one for one in (*arguments, *required) if one not in values and one != "--out"]
    assert not unknown, f"say in `values` what {', '.join(unknown)} can be, so that {name} is looked at"
    given = [values[one] for one in arguments]
    given += [part for one in required if one != "--out" for part in (one, values[one])]
    written = tmp_path / OUTPUTS.get(name, "out")
    if any("--out" in one.opts for one in parameters):
        given += ["--out", str(written)]
    done = command(program, name, *given, *QUICK.get(name, ()))
    assert done.code == (2 if name in FAILS_BY_DESIGN else 0), done.err
    shown = done.out + done.err
    if name == "rows":  # identifiers alone, in their own order
        found = pd.read_csv(io.StringIO(done.out))
        assert found.columns.tolist() == ["person_id", "force"]
        assert found["person_id"].is_monotonic_increasing
    else:
        assert_nobody(shown, small)
    if written.is_file() and written.suffix != ".parquet":
        assert_nobody(written.read_text(), small)
    elif written.is_file():
        assert_nobody(pd.read_parquet(written).to_csv(), small)
    elif written.is_dir():
        test_no_results_file_has_a_person_beside_a_number(written, small)


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


@pytest.mark.parametrize("ending", ["csv", "md", "xlsx"])
def test_no_scorecard_shows_a_person(
    ending: str, typical: Dataset, results_folder: Path, tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    card = tmp_path / f"card.{ending}"
    done = command("audit", "report", results_folder, "--out", tmp_path / "report.html", "--scorecard", card)
    assert done.code == 0, done.err
    assert_nobody(pd.read_excel(card).to_csv() if ending == "xlsx" else card.read_text(), typical)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_no_download_and_no_state_has_a_person(
    page: str, typical: Dataset, results_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page shows, everything that a button hands over, and what a session keeps."""
    handed: dict[str, bytes | str] = {}

    def keep(self: object, label: str, data: object, file_name: str = "", *others: object, **options: object) -> bool:
        handed[file_name] = data() if callable(data) else data  # type: ignore[assignment]
        return False

    monkeypatch.setattr("streamlit.delta_generator.DeltaGenerator.download_button", keep)
    monkeypatch.setattr("streamlit.download_button", lambda *arguments, **options: keep(None, *arguments, **options))
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(results_folder)])
    app = settled(at(page).run())
    assert not app.exception
    assert not app.error
    shown = text_of(app)
    assert "All data here is synthetic" in shown
    assert_nobody(shown, typical)
    assert any(name.startswith("report-") for name in handed)
    for name, content in handed.items():
        data = content if isinstance(content, bytes) else str(content).encode()
        if name.endswith(".parquet"):
            text = pd.read_parquet(io.BytesIO(data)).to_csv()
        elif name.endswith(".xlsx"):
            text = pd.read_excel(io.BytesIO(data)).to_csv()
        elif name.endswith(".png"):
            continue  # the same chart is handed over as SVG, which is text
        else:
            text = data.decode("utf-8-sig")
        assert_nobody(text, typical)
    assert_nobody(str(app.session_state._state.filtered_state), typical)
    assert_nobody(str(dict(app.query_params)), typical)


def test_a_real_looking_record_gets_in_nowhere(
    damaged: Path, results_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forge_table: Callable[..., None],
    command: Callable[..., Outcome],
) -> None:  # fmt: skip
    """By no command that reads a dataset, by no file, by no folder of tables, not by the page's --dataset."""
    real = {"forename": "Realname", "postcode": "SW1A 1AA", "phone": "07700900123", "person_id": "P-1"}

    def put_in(table: pa.Table) -> pa.Table:
        frame = table.to_pandas()
        for column, value in real.items():
            frame.loc[0, column] = value
        return pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False)

    forge_table(damaged, "persons", put_in)
    manifest = (damaged / "dataset.json").read_bytes()
    out = tmp_path / "out"
    commands = [
        *(["synthetic", name, str(damaged)] for name in ("verify", "describe", "calibrate")),
        ["audit", "run", str(damaged), "--out", str(out)],
        ["audit", "run", str(damaged), "--out", str(out), "--engine", "pandas", "--replicates", "2"],
        ["audit", "rows", str(damaged), "missing.persons.sex"],
        ["audit", "score", str(damaged), str(results_folder)],
    ]
    for arguments in commands:
        refused = command(*arguments)
        assert refused.code == 2, arguments
        assert "lacks the mark of synthetic data" in refused.err
        assert not any(value in refused.out + refused.err for value in real.values())
    assert not out.exists()
    # A file of people is no benchmark, whatever name it is given, and tables without marks are not packed.
    pd.DataFrame([real]).to_csv(tmp_path / "real.csv", index=False)
    (damaged / "dataset.json").unlink()
    entries = [["benchmark", name, str(out), "--file", str(tmp_path / "real.csv")] for name in SETS]
    for arguments in [
        *entries,
        ["pack", str(damaged)],
        ["adopt", str(tmp_path / "real.csv"), str(out), "--map", "forename=forename"],
    ]:
        refused = command("synthetic", *arguments)
        assert (refused.code, refused.err.count("\n")) == (2, 1), arguments
        assert not any(value in refused.out + refused.err for value in real.values())
    assert not out.exists()
    (damaged / "dataset.json").write_bytes(manifest)
    # The page shows records of the dataset that was audited, and of no other.
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(results_folder), "--dataset", str(damaged)])
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
            assert not any("instruments" in name.split(".") for name in names), path.name


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
