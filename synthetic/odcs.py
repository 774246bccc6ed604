"""The contract as an Open Data Contract Standard document, version 3.1.0, in YAML."""

import json
from typing import Any

from synthetic.contract import TABLES, Field, Table
from synthetic.dataset import Dataset, file_hash
from synthetic.dataset.datapackage import FOREIGN_KEYS

PHYSICAL = {"string": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN", "integer": "BIGINT"}


def as_odcs(dataset: Dataset) -> str:
    """The contract of a dataset: its tables, fields, valid values, keys and links, and where it comes from."""
    return as_yaml(odcs(dataset))


def odcs(dataset: Dataset) -> dict[str, Any]:
    """The same as plain content."""
    manifest = dataset.manifest
    digest = file_hash(dataset.path / "dataset.json")
    known = {
        "asOf": manifest.as_of.isoformat(),
        "periodStart": manifest.period_start and manifest.period_start.isoformat(),
        "forces": manifest.forces,
        "provenance": manifest.provenance.kind,
        "manifestSha256": digest,
    }
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"synthetic-force-data-{digest[:16]}",
        "name": "synthetic-force-data",
        "version": manifest.format.partition("/")[2],
        "status": "active",
        "description": {
            "purpose": "Synthetic police data, to test whether data of such quality would work for prioritising cases.",
            "usage": "For testing data, lists and audits. Nobody in it is real.",
            "limitations": "Data with defects breaks this contract on purpose. Names, dates of birth and addresses carry no mark; "
            "identifiers, postcodes and telephone numbers do, and what has none is refused.",
        },
        "schema": [_table(TABLES[name], manifest.tables[name].rows) for name in TABLES if name in manifest.tables],
        "customProperties": _custom(known),
    }


def as_yaml(value: Any, indent: int = 0) -> str:
    """Plain content as YAML: texts in double quotes, as JSON writes them.

    >>> print(as_yaml({"name": "a", "list": [{"x": 1, "y": True}, {"x": 2}], "none": []}), end="")
    name: "a"
    list:
      - x: 1
        y: true
      - x: 2
    none: []
    """
    pad, lines = " " * indent, []
    if isinstance(value, dict):
        for key, part in value.items():
            if isinstance(part, dict | list) and part:
                lines.append(f"{pad}{key}:\n{as_yaml(part, indent + 2)}")
            else:
                lines.append(f"{pad}{key}: {json.dumps(part, ensure_ascii=False)}\n")
    else:
        for part in value:
            if isinstance(part, dict | list) and part:
                lines.append(f"{pad}- {as_yaml(part, indent + 2).removeprefix(pad + '  ')}")
            else:
                lines.append(f"{pad}- {json.dumps(part, ensure_ascii=False)}\n")
    return "".join(lines)


def _table(table: Table, rows: int) -> dict[str, Any]:
    return {
        "name": table.name.replace("/", "_"),
        "physicalName": table.name,
        "physicalType": "file",
        "logicalType": "object",
        "description": table.sentence,
        "properties": [_property(table, field) for field in table.fields],
        "quality": [{"type": "library", "metric": "rowCount", "mustBe": rows, "description": "Rows that dataset.json lists."}],
    }


def _property(table: Table, field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": field.name,
        "logicalType": field.kind,
        "physicalType": PHYSICAL[field.kind],
        "description": field.sentence,
        "required": not field.nullable,
    }
    if field.name in table.key:
        found |= {"primaryKey": True, "primaryKeyPosition": table.key.index(field.name) + 1, "unique": len(table.key) == 1}
    if field.kind == "string" and (field.pattern or field.mark):
        found["logicalTypeOptions"] = {"pattern": field.pattern or field.mark}
    if field.name in FOREIGN_KEYS.get(table.name, {}):
        other, column = FOREIGN_KEYS[table.name][field.name]
        found["relationships"] = [{"type": "foreignKey", "to": f"{other.replace('/', '_')}.{column}"}]
    if field.codes is not None:
        rule = {"type": "library", "metric": "invalidValues", "mustBe": 0, "dimension": "conformity"}
        found["quality"] = [rule | {"arguments": {"validValues": list(field.codes)}}]
    extra = {"neededFor": list(field.needed_for), "unknownCodes": list(field.unknown), "mayBeLeftOut": field.optional}
    custom = _custom({name: value for name, value in extra.items() if value})
    return found | ({"customProperties": custom} if custom else {})


def _custom(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"property": name, "value": value} for name, value in values.items() if value is not None]
