"""``datapackage.json``: the dataset folder as a Frictionless Data Package, so that other tools read it without this one.

It says what ``dataset.json`` and the contract say, in an open format: a resource for each table, with its files, fields, keys and
links. Its constraints are those of the contract, so a dataset with defects breaks them on purpose. Nothing here reads it: the
gate rests on ``dataset.json`` alone. (Data Package specification, version 1.)
"""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from synthetic.contract import TABLES, Field
from synthetic.dataset.manifest import ADOPTED_IDS, Adopted, Manifest, TableEntry

DATAPACKAGE = "datapackage.json"
FOREIGN_KEYS: dict[str, dict[str, tuple[str, str]]] = {
    "crimes": {"unit_id": ("units", "unit_id")},
    "involvements": {"crime_id": ("crimes", "crime_id"), "person_id": ("persons", "person_id")},
    "truth/events": {
        "suspect_key": ("truth/people", "person_key"),
        "victim_key": ("truth/people", "person_key"),
        "crime_id": ("crimes", "crime_id"),
    },
    "truth/identities": {"person_id": ("persons", "person_id"), "person_key": ("truth/people", "person_key")},
    "truth/gaps": {"unit_id": ("units", "unit_id")},
}
"""Table → field → the table and field that it leads to."""


def datapackage(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """The descriptor of a dataset whose files lie in ``folder``; tables without a file are left out."""
    there = {name: entry for name, entry in manifest.tables.items() if entry.files}
    origin = manifest.provenance
    return {
        "profile": "data-package",
        "name": "synthetic-force-data",
        "title": "Synthetic police data: no real person is in it",
        "description": "What police forces would record of a synthetic world, and where there is a truth, what happened. Constraints "
        "are those of the contract: data with defects breaks them on purpose.",
        "sources": [{"title": f"{origin.source}: {origin.statement}" if isinstance(origin, Adopted) else origin.generator}],
        "as_of": manifest.as_of.isoformat(),
        "forces": manifest.forces,
        "resources": [_resource(folder, name, entry, set(there)) for name, entry in there.items()],
    }


def datapackage_text(folder: Path, manifest: Manifest) -> str:
    """The descriptor as the bytes of its file, as text; the same for the same manifest and files."""
    return json.dumps(datapackage(folder, manifest), indent=1, ensure_ascii=False) + "\n"


def resource_name(table: str) -> str:
    """A table's name as a resource.

    >>> resource_name("truth/people")
    'truth-people'
    """
    return table.replace("/", "-")


def _resource(folder: Path, name: str, entry: TableEntry, there: set[str]) -> dict[str, Any]:
    columns = {column for file in entry.files for column in pq.read_schema(folder / file.path).names}
    resource: dict[str, Any] = {
        "profile": "data-resource",
        "name": resource_name(name),
        "path": [file.path for file in entry.files],
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
    }
    if name == ADOPTED_IDS:
        fields = [
            _text("person_id", "Identifies the person record."),
            _text("source_id", "The identifier that the source gave it."),
        ]
        keys, links, sentence = (
            ["person_id"],
            {"person_id": ("persons", "person_id")},
            "The source's identifier of each person record.",
        )
    else:
        table = TABLES[name]
        fields = [_field(field) for field in table.fields if field.name in columns]
        keys, links, sentence = list(table.key), FOREIGN_KEYS.get(name, {}), table.sentence
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""], "primaryKey": keys}
    if name == "truth/defects":
        del schema["primaryKey"]  # a row may be changed several times by the same defect
    foreign = [
        {"fields": [field], "reference": {"resource": resource_name(table), "fields": [other]}}
        for field, (table, other) in links.items()
        if table in there and field in columns
    ]
    return resource | {"description": sentence, "schema": schema | ({"foreignKeys": foreign} if foreign else {})}


def _field(field: Field) -> dict[str, Any]:
    constraints: dict[str, Any] = {} if field.nullable else {"required": True}
    if field.codes is not None:
        constraints["enum"] = list(field.codes)
    if field.pattern is not None or field.mark is not None:
        constraints["pattern"] = field.pattern or f"{field.mark}.*"
    described = {"name": field.name, "type": field.kind, "description": field.sentence}
    return described | ({"constraints": constraints} if constraints else {})


def _text(name: str, sentence: str) -> dict[str, Any]:
    return {"name": name, "type": "string", "description": sentence}
