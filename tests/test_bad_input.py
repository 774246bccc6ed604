"""Bad input of every kind: one sentence, never a traceback, never a hang, never a value echoed."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import audit.__main__ as audit_commands
import synthetic.__main__ as synthetic_commands
from audit.effect import read_weights
from audit.readiness.thresholds import read_thresholds
from audit.results import read_results
from audit.simulation import read_counts, read_grid
from synthetic import Dataset, InputError, load
from synthetic.benchmarks import SETS, benchmark, pack
from synthetic.describe import read_harm_weights
from synthetic.profile import load_profile
from tests.conftest import Outcome

SECRET = "Zebediah-Quartermain"
# How many examples there are is the suite's choice, see conftest; `pytest --hypothesis-profile=deep` tries more.
FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=12), st.just(SECRET),
    st.sampled_from(["2025-03-31", "generated", "persons", "../up", "/etc/passwd", "0" * 64, "\u0000", "\ud800", "-1", "1e999"]),
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=6
)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def holds(read: Callable[[], object]) -> None:
    """It is read, or refused with one sentence that has a way out and no value in it."""
    try:
        read()
    except InputError as error:
        sentence = str(error)
        assert sentence.endswith("."), sentence
        assert "\n" not in sentence
        assert SECRET not in sentence
        assert len(sentence) < 12_000  # a list of all keys is the longest


# ---- files that are read as a whole --------------------------------------------------------------------------------------

READERS: dict[str, Callable[[Path], object]] = {
    "profile": lambda path: load_profile(str(path)),
    "profile with a setting": lambda path: load_profile(str(path), ("identity.duplicate_rate=0.2",)),
    "thresholds": read_thresholds,
    "counts": read_counts,
    "grid": read_grid,
    "weights": read_weights,
    "harm weights": read_harm_weights,
}
WORDS = [
    "identity", "duplicate_rate", "missing", "base", "typical", "gates", "checks", "warn", "fail", "recall_at_k", "dimensions",
    "population", "profile", "seeds", "forces", "set", "keys", "years", "scale", "world", "name", "summary", "offence_code",
    "harm_days", "weight", "completeness", "types", SECRET,
]  # fmt: skip


def toml_of(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {toml_of(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    return json.dumps(value) if isinstance(value, str) else str(value)


keyed = st.dictionaries(st.sampled_from(WORDS), st.recursive(scalars, lambda i: st.lists(i, max_size=3) | st.dictionaries(
    st.sampled_from(WORDS), i, max_size=3), max_leaves=6), max_size=5)  # fmt: skip


@pytest.mark.parametrize("name", READERS)
@FUZZ
@given(content=st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
    keyed.map(lambda found: "\n".join(f"{k} = {toml_of(v)}" for k, v in found.items()).encode("utf-8", "replace")),
    keyed.map(lambda found: json.dumps(found).encode()),
    st.just(b"offence_code,weight\n" + b"x" * 300_000),
    st.just(b"a = " + b"[" * 3000),
))  # fmt: skip
def test_a_file_of_anything_is_read_or_refused_in_a_sentence(name: str, content: bytes, place: Path) -> None:
    path = place / "file"
    path.write_bytes(content)
    holds(lambda: READERS[name](path))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("path", ["nowhere", ".", "x" * 5000, ""])
def test_a_path_that_is_no_file_is_refused_in_a_sentence(name: str, path: str) -> None:
    """A name that the file system itself refuses is put into a sentence by the command line."""
    with pytest.raises((InputError, OSError)):
        READERS[name](Path(path))


# ---- the manifest --------------------------------------------------------------------------------------------------------


def places_of(content: Any, path: tuple = ()) -> list[tuple]:
    found = [path]
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, inner in items:
        found += places_of(inner, (*path, key))
    return found


@FUZZ
@given(data=st.data(), value=values, drop=st.booleans())
def test_a_manifest_with_one_thing_changed_ends_in_a_sentence(
    data: st.DataObject, value: Any, drop: bool, typical: Dataset
) -> None:
    content = json.loads((typical.path / "dataset.json").read_text())
    path = data.draw(st.sampled_from([path for path in places_of(content) if path and path[0] != "profile"]))
    target = content
    for step in path[:-1]:
        target = target[step]
    if drop:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table in typical.path.iterdir():
            if table.is_dir():
                (folder / table.name).symlink_to(table)
        # Links are refused themselves, so whatever gets past the manifest ends there at the latest.
        (folder / "dataset.json").write_text(json.dumps(content), encoding="utf-8")
        holds(lambda: load(folder))
        with pytest.raises(InputError):
            load(folder)


@FUZZ
@given(content=st.one_of(st.binary(max_size=300), values.map(lambda value: json.dumps(value).encode())))
def test_a_manifest_of_anything_is_refused_in_a_sentence(content: bytes, place: Path) -> None:
    (place / "dataset.json").write_bytes(content)
    holds(lambda: load(place))
    (place / "audit.json").write_bytes(content)
    holds(lambda: read_results(place))


# ---- files of other people's records -------------------------------------------------------------------------------------


@FUZZ
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_no_bytes_but_the_published_ones_are_a_benchmark(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "file.csv").write_bytes(content)
        for one in SETS:
            holds(lambda one=one: benchmark(one, folder / "out", folder / "file.csv"))
        assert [path.name for path in folder.iterdir()] == ["file.csv"]


@FUZZ
@given(content=st.binary(max_size=300), table=st.sampled_from(["persons", "crimes", "units", "truth/people"]))
def test_a_table_of_anything_is_refused_in_a_sentence(content: bytes, table: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / table / "durnley.parquet"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        holds(lambda: pack(name))
        assert not (Path(name) / "dataset.json").exists()


# ---- every option of every command ---------------------------------------------------------------------------------------

NASTY = [
    "", " ", "-1", "0", "nan", "inf", "1e999", "9" * 40, "x", "💥", "../..", "/dev/null", "/proc/self/mem", "a,b,,", "=", "%d",
    "[", "'", '"; DROP TABLE persons; --', SECRET, "x" * 5000,
]  # fmt: skip
COMMANDS = [
    (name, command)
    for name, app in (("synthetic", synthetic_commands.app), ("audit", audit_commands.app))
    for command in typer.main.get_command(app).commands  # type: ignore[attr-defined]
]


FEW = ["", "-1", "nan", "x", "../..", "a,b,,", SECRET]


@pytest.mark.parametrize("nasty", [FEW, pytest.param(NASTY, marks=pytest.mark.deep)], ids=["few", "all"])
@pytest.mark.parametrize(("program", "name"), COMMANDS, ids=[f"{program}-{name}" for program, name in COMMANDS])
def test_every_option_takes_anything_without_a_traceback(
    nasty: list[str], program: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Outcome]
) -> None:
    """The dataset named is not there, so that whatever an option makes of its value, the command ends at once."""
    module = {"synthetic": synthetic_commands, "audit": audit_commands}[program]
    parameters = typer.main.get_command(module.app).commands[name].params  # type: ignore[attr-defined]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "something").touch()
    # `generate` reads nothing that could lack: its folder is taken instead.
    filled = ["taken" if name == "generate" else "nowhere" for one in parameters if one.param_type_name == "argument"]
    wanted = {"--out": "taken", "--thresholds": "nowhere"}
    required = [one.opts[0] for one in parameters if one.required and one.opts[0] in wanted]
    needed = [part for option in required for part in (option, wanted[option])]
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    for option in (one for one in parameters if one.param_type_name == "option"):
        for value in nasty:
            given = [] if option.is_flag else [value]
            reported = command(program, name, *filled, *needed, option.opts[0], *given)
            assert reported.code in (0, 2), (option.opts, value)
            if name not in ("profiles", "catalogue") and (option.opts[0], name) != ("--example", "twin"):
                assert reported.code == 2, (option.opts, value)
            if reported.code == 2:
                assert reported.err.startswith("Error: "), (option.opts, value)
                assert reported.err.count("\n") == 1
    # An empty file is a profile or a force like any other, and any new name will do for what `generate` writes.
    fine = {"twin": ("/dev/null",), "generate": set(NASTY) - {"", "/dev/null", "/proc/self/mem", "x" * 5000}}.get(name, ())
    for number, _ in enumerate(filled):
        for value in (one for one in nasty if one not in fine):
            reported = command(program, name, *filled[:number], value, *filled[number + 1 :], *needed)
            assert (reported.code, reported.err.count("\n")) == (2, 1), (number, value)
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
