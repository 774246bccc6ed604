"""Results of checks in the W3C Data Quality Vocabulary, as JSON-LD, so that other tools read them without this one.

Each check is a ``dqv:Metric``; each of its rows over the whole period is a ``dqv:QualityMeasurement``, computed on a force's part of
the dataset. Measurements are of data, never of people. (Data on the Web Best Practices: Data Quality Vocabulary, W3C 2016.)
"""

from typing import Any

import pandas as pd

from audit.checks.catalogue import DIMENSIONS, catalogue
from audit.presentation.wording import check_name
from audit.results import Results

CONTEXT = {
    "dqv": "http://www.w3.org/ns/dqv#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "bench": "urn:synthetic-force-data:",
    "dqv:isMeasurementOf": {"@type": "@id"},
    "dqv:computedOn": {"@type": "@id"},
    "dqv:inDimension": {"@type": "@id"},
    "dqv:expectedDataType": {"@type": "@id"},
    "dct:hasPart": {"@type": "@id"},
    "dct:isPartOf": {"@type": "@id"},
    "prov:wasGeneratedBy": {"@type": "@id"},
}
"""Prefixes, and which properties lead to another node."""


def as_dqv(results: Results) -> dict[str, Any]:
    """The checks' rows of the whole period; a rate without rows has no value, and its status says so."""
    summary = results.summary
    checks = results["checks"]
    whole = checks[checks["month"].isna()].sort_values(["check_id", "force"])
    dataset = f"bench:dataset:{summary.dataset.manifest_sha256}"
    parts = {row.force: f"{dataset}:{row.force}" for row in summary.forces}
    used = set(whole["check_id"])
    graph: list[dict[str, Any]] = [
        {
            "@id": dataset,
            "@type": "dcat:Dataset",
            "dct:title": "Synthetic police data: no real person is in it",
            "dct:identifier": summary.dataset.manifest_sha256,
            "dct:issued": {"@value": summary.dataset.as_of.isoformat(), "@type": "xsd:date"},
            "dct:hasPart": list(parts.values()),
        },
        *(
            {"@id": parts[row.force], "@type": "dcat:Dataset", "dct:title": row.force_name, "dct:isPartOf": dataset}
            for row in summary.forces
        ),
        {"@id": "bench:audit", "@type": "prov:Activity", "dct:title": summary.auditor},
        *({"@id": f"bench:dimension:{name}", "@type": "dqv:Dimension", "skos:prefLabel": name} for name in DIMENSIONS),
        *(
            {
                "@id": f"bench:check:{check.id}",
                "@type": "dqv:Metric",
                "skos:prefLabel": check_name(check.id),
                "skos:definition": check.finds,
                "dqv:inDimension": f"bench:dimension:{check.dimension}",
                "dqv:expectedDataType": "xsd:double",
            }
            for check in catalogue()
            if check.id in used
        ),
        *(_measurement(row, parts) for row in whole.to_dict("records")),
    ]
    return {"@context": CONTEXT, "@graph": graph}


def _measurement(row: dict[str, Any], parts: dict[str, str]) -> dict[str, Any]:
    node: dict[str, Any] = {
        "@id": f"bench:measurement:{row['check_id']}:{row['force']}",
        "@type": "dqv:QualityMeasurement",
        "dqv:isMeasurementOf": f"bench:check:{row['check_id']}",
        "dqv:computedOn": parts[row["force"]],
        "prov:wasGeneratedBy": "bench:audit",
        "bench:status": row["status"],
    }
    if pd.notna(row["rate"]):
        node["dqv:value"] = {"@value": float(row["rate"]), "@type": "xsd:double"}
    for name in ("failed", "total"):
        if pd.notna(row[name]):
            node[f"bench:{name}"] = int(row[name])
    for name in ("low", "high", "threshold"):
        if pd.notna(row[name]):
            node[f"bench:{name}"] = float(row[name])
    return node
