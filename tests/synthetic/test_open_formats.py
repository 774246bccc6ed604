"""Open formats of a dataset: read by other tools' own parsers, and the same as the contract and the manifest say."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from frictionless import Package, Resource, Schema

from synthetic import Dataset, InputError, load
from synthetic.benchmarks import pack
from synthetic.contract import TABLES
from synthetic.dataset.datapackage import FOREIGN_KEYS, resource_name
from tests.conftest import Outcome


def descriptor(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))


def test_the_data_package_is_valid_and_names_every_file(typical: Dataset) -> None:
    content = descriptor(typical.path)
    report = Package.validate_descriptor(content)
    assert report.valid, report.flatten(["type", "note"])
    named = [path for resource in content["resources"] for path in resource["path"]]
    listed = [file.path for entry in typical.manifest.tables.values() for file in entry.files]
    assert sorted(named) == sorted(listed)
    assert content["forces"] == typical.forces


def test_an_unsound_data_package_is_seen(typical: Dataset) -> None:
    content = descriptor(typical.path)
    content["resources"][0]["schema"]["fields"][0]["type"] = "nonsense"
    assert not Package.validate_descriptor(content).valid


def test_fields_keys_and_links_are_the_contracts(typical: Dataset) -> None:
    resources = {one["name"]: one for one in descriptor(typical.path)["resources"]}
    for name, table in TABLES.items():
        schema = resources[resource_name(name)]["schema"]
        assert [(one["name"], one["type"]) for one in schema["fields"]] == [(one.name, one.kind) for one in table.fields]
        links = {one["fields"][0]: one["reference"]["resource"] for one in schema.get("foreignKeys", [])}
        assert links == {field: resource_name(other) for field, (other, _) in FOREIGN_KEYS.get(name, {}).items()}


@pytest.mark.parametrize("table", ["units", "crimes", "involvements"])
def test_clean_rows_keep_to_the_schema_and_bad_ones_do_not(table: str, clean: Dataset) -> None:
    schema = next(one["schema"] for one in descriptor(clean.path)["resources"] if one["name"] == table)
    alone = {name: part for name, part in schema.items() if name != "foreignKeys"}
    frame = pd.read_parquet(clean.files(table)[0]).head(60).astype("object")
    rows = frame.where(frame.notna(), None).to_dict("records")
    report = Resource(data=rows, schema=Schema.from_descriptor(alone)).validate()
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type"])
    field = next(one["name"] for one in alone["fields"] if "required" in one.get("constraints", {}))
    rows[0][field] = None
    assert not Resource(data=rows, schema=Schema.from_descriptor(alone)).validate().valid


def test_a_dataset_without_a_data_package_still_loads_and_packs_to_one(small: Dataset, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small.path, tmp_path / "d"))
    (folder / "datapackage.json").unlink()
    assert load(folder).manifest == small.manifest
    (folder / "dataset.json").unlink()
    pack(folder)
    assert Package.validate_descriptor(descriptor(folder)).valid
    assert descriptor(folder)["resources"] == descriptor(small.path)["resources"]


@pytest.mark.parametrize("content", ["{", '{"resources": [{"path": "x", "data": [{"forename": "Realname"}]}]}', "[]"])
def test_a_data_package_that_holds_data_is_refused(content: str, small: Dataset, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small.path, tmp_path / "d"))
    (folder / "datapackage.json").write_text(content)
    with pytest.raises(InputError, match=r"datapackage\.json") as caught:
        load(folder)
    assert "Realname" not in str(caught.value)


def test_the_contract_is_printed_as_an_open_data_contract(typical: Dataset, command: Callable[..., Outcome]) -> None:
    printed = command("synthetic", "describe", typical.path, "--format", "odcs")
    assert printed.code == 0, printed.err
    content = yaml.safe_load(printed.out)
    assert (content["apiVersion"], content["kind"], content["status"]) == ("v3.1.0", "DataContract", "active")
    assert {"id", "version", "description", "schema"} <= set(content)
    tables = {one["physicalName"]: one for one in content["schema"]}
    assert set(tables) == set(TABLES)
    names = {one["name"]: {part["name"] for part in one["properties"]} for one in content["schema"]}
    for name, table in TABLES.items():
        for field, found in zip(table.fields, tables[name]["properties"], strict=True):
            assert (found["name"], found["logicalType"], found["required"]) == (field.name, field.kind, not field.nullable)
            assert found.get("primaryKey", False) == (field.name in table.key)
            valid = [rule["arguments"]["validValues"] for rule in found.get("quality", [])]
            assert valid == ([list(field.codes)] if field.codes is not None else [])
            for link in found.get("relationships", []):
                other, _, column = link["to"].partition(".")
                assert column in names[other]
        assert tables[name]["quality"][0]["mustBe"] == typical.manifest.tables[name].rows
    refused = command("synthetic", "describe", typical.path, "--format", "secret")
    assert (refused.code, "secret" in refused.err) == (2, False)
