"""The provenance gate: everything that is not whole, listed and marked is refused, with one sentence that echoes nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from synthetic import InputError, load
from tests.conftest import Outcome

SECRET = "SW1A 1AA"


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / "dataset.json").read_text())


def rewrite(folder: Path, manifest: dict) -> None:
    (folder / "dataset.json").write_text(json.dumps(manifest))


def last_value(column: str, value: str) -> Callable[[pa.Table], pa.Table]:
    """Put a value into a column's last row."""

    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[-1] = value
        return table.set_column(table.schema.get_field_index(column), column, pa.array(values, pa.string()))

    return change


def in_ledger(field: str) -> Callable[[pa.Table], pa.Table]:
    """A real-looking true value of an identifying field."""

    def change(table: pa.Table) -> pa.Table:
        chosen = pc.equal(table["field"], field)
        values = pc.if_else(pc.fill_null(chosen, False), SECRET, table["true_value"])
        return table.set_column(table.schema.get_field_index("true_value"), "true_value", values)

    return change


@dataclass(frozen=True)
class Forged:
    """A change to a table behind which the manifest is repaired."""

    table: str
    change: Callable[[pa.Table], pa.Table]


def edit(change: Callable[[dict], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        manifest = manifest_of(folder)
        change(manifest)
        rewrite(folder, manifest)

    return damage


def first_file(folder: Path, table: str = "persons") -> Path:
    return folder / manifest_of(folder)["tables"][table]["files"][0]["path"]


def outside(manifest: dict) -> None:
    manifest["tables"]["persons"]["files"][0]["path"] = "../persons/aldermoor.parquet"


def linked(folder: Path) -> None:
    path = first_file(folder)
    moved = folder.parent / "elsewhere.parquet"
    path.rename(moved)
    path.symlink_to(moved)


def column(table: pa.Table) -> pa.Table:
    return table.append_column("national_insurance_number", pa.array([SECRET] * table.num_rows))


DAMAGES: dict[str, Callable[[Path], object] | Forged] = {
    "real-looking postcode of a person": Forged("persons", last_value("postcode", SECRET)),
    "real-looking postcode of a crime": Forged("crimes", last_value("postcode", SECRET)),
    "real-looking phone": Forged("persons", last_value("phone", "07700 900123")),
    "real-looking person identifier": Forged("persons", last_value("person_id", "PNC-" + SECRET)),
    "real-looking crime identifier": Forged("crimes", last_value("crime_id", "CR-" + SECRET)),
    "real-looking identifier in a link": Forged("involvements", last_value("person_id", SECRET)),
    "real-looking crime in the truth": Forged("truth/events", last_value("crime_id", SECRET)),
    "real-looking person in the truth": Forged("truth/identities", last_value("person_id", SECRET)),
    "real-looking postcode in the ledger": Forged("truth/defects", in_ledger("postcode")),
    "real-looking phone in the ledger": Forged("truth/defects", in_ledger("phone")),
    "a column that the format does not know": Forged("persons", column),
    "a lacking column": Forged("persons", lambda t: t.drop_columns("created_on")),
    "a column of another type": Forged("persons", lambda t: t.set_column(4, "date_of_birth", t["date_of_birth"].cast(pa.string()))),
    "changed file": lambda f: first_file(f).write_bytes(first_file(f).read_bytes() + SECRET.encode()),
    "truncated file": lambda f: first_file(f).write_bytes(first_file(f).read_bytes()[:-100]),
    "missing file": lambda f: first_file(f).unlink(),
    "unlisted file": lambda f: (f / "persons" / "SW1A 1AA.parquet").write_bytes(first_file(f).read_bytes()),
    "unlisted file of another kind": lambda f: (f / "notes.txt").write_text(SECRET),
    "link out of the folder": linked,
    "path that leaves the folder": edit(outside),
    "absolute path": edit(lambda m: m["tables"]["persons"]["files"][0].update(path="/etc/passwd")),
    "file listed twice": edit(lambda m: m["tables"]["units"]["files"].append(m["tables"]["units"]["files"][0])),
    "row counts that do not add up": edit(lambda m: m["tables"]["persons"].update(rows=1)),
    "row count of a file": edit(lambda m: m["tables"]["persons"]["files"][0].update(rows=1)),
    "unknown table": edit(lambda m: m["tables"].update({SECRET: {"rows": 0, "files": []}})),
    "lacking table": edit(lambda m: m["tables"].pop("units")),
    "another format": edit(lambda m: m.update(format=SECRET)),
    "no provenance": edit(lambda m: m.pop("provenance")),
    "provenance of another kind": edit(lambda m: m["provenance"].update(kind="collected")),
    "adopted without a statement": edit(lambda m: m.update(provenance={"kind": "adopted", "source": SECRET})),
    "unknown key": edit(lambda m: m.update({SECRET: True})),
    "broken manifest": lambda f: (f / "dataset.json").write_text('{"format": "' + SECRET),
    "manifest that is not text": lambda f: (f / "dataset.json").write_bytes(b"\xff\xfe\x00" + SECRET.encode()),
    "absent manifest": lambda f: (f / "dataset.json").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_dataset_is_refused_with_one_sentence_that_echoes_no_value(
    damage: str, damaged: Path, forge_table: Callable[..., None]
) -> None:
    chosen = DAMAGES[damage]
    if isinstance(chosen, Forged):
        forge_table(damaged, chosen.table, chosen.change)
    else:
        chosen(damaged)
    with pytest.raises(InputError) as refused:
        load(damaged)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    for value in (SECRET, "07700", "passwd", "national_insurance"):
        assert value not in sentence


@pytest.mark.parametrize("arguments", [("synthetic", "verify"), ("audit", "run")])
def test_every_command_that_reads_a_dataset_refuses_with_exit_2(
    arguments: tuple[str, ...], damaged: Path, command: Callable[..., Outcome], forge_table: Callable[..., None]
) -> None:
    forge_table(damaged, "persons", last_value("postcode", SECRET))
    outcome = command(*arguments, damaged)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert outcome.err.strip().splitlines()[-1].startswith("Error: In persons, a postcode lacks the mark")
    assert SECRET not in outcome.out + outcome.err
    assert not damaged.with_name("damaged-results").exists()


def test_a_whole_dataset_passes(typical: object, command: Callable[..., Outcome]) -> None:
    outcome = command("synthetic", "verify", typical.path, "--json")  # type: ignore[attr-defined]
    assert outcome.code == 0
    assert json.loads(outcome.out)["passed"] is True
