"""Blanks in every field that can be missing, each by its own weights and never evenly."""

import numpy as np

from synthetic.contract import TABLES
from synthetic.defects.declaration import BY_CRIME, BY_SYSTEM, HMICFRS_2023, ILLUSTRATIVE, PROPOSED, Apply, Defect, Family
from synthetic.defects.ledger import DefectWriter
from synthetic.defects.weights import crime_weights, group_weights, person_weights
from synthetic.world.scope import NEVER

UNEQUAL = ("ethnicity", "sex")


def blank(table: str, name: str, role: str | None = None) -> Apply:
    """A defect that leaves a field blank; ``role`` limits it to the person records of suspects or of victims."""

    def apply(writer: DefectWriter) -> None:
        column = writer.columns(table)[name]
        nothing = NEVER if TABLES[table].field(name).kind == "date" else -1
        filled = writer.kept(table) & (column != nothing)
        if table == "persons":
            weights = person_weights(writer)
            if name in UNEQUAL:
                weights = weights * group_weights(writer)
            if role:
                filled &= writer.recording.persons["is_suspect"] == (role == "suspect")
        else:
            weights = crime_weights(writer)
            weights = weights if table == "crimes" else weights[writer.recording.involvements["crime"]]
        rows = writer.chosen(table, np.flatnonzero(filled), weights)
        writer.write(table, name, rows, np.full(len(rows), nothing, column.dtype))

    return apply


def _blank(key: str, family: Family, table: str, field: str, typical: float, source: str, role: str | None = None) -> Defect:
    """A field left blank at the rate ``missing.<key>``."""
    mechanism = "by system and by the value itself" if field in UNEQUAL else BY_SYSTEM
    mechanism = mechanism if table == "persons" else BY_CRIME
    return Defect(f"missing_{key}", family, f"missing.{key}", typical, source, mechanism, blank(table, field, role))


BLANKS = (
    _blank("forename", "identity", "persons", "forename", 0.01, ILLUSTRATIVE),
    _blank("surname", "identity", "persons", "surname", 0.005, ILLUSTRATIVE),
    _blank("suspect_date_of_birth", "identity", "persons", "date_of_birth", 0.07, PROPOSED, "suspect"),
    _blank("victim_date_of_birth", "identity", "persons", "date_of_birth", 0.11, HMICFRS_2023, "victim"),
    _blank("suspect_sex", "equality", "persons", "sex", 0.01, ILLUSTRATIVE, "suspect"),
    _blank("victim_sex", "equality", "persons", "sex", 0.05, HMICFRS_2023, "victim"),
    _blank("suspect_ethnicity", "equality", "persons", "ethnicity", 0.35, "IICSA 2022, part H.4", "suspect"),
    _blank("victim_ethnicity", "equality", "persons", "ethnicity", 0.61, HMICFRS_2023, "victim"),
    _blank("address", "identity", "persons", "address", 0.08, ILLUSTRATIVE),
    _blank("postcode", "identity", "persons", "postcode", 0.10, ILLUSTRATIVE),
    _blank("phone", "identity", "persons", "phone", 0.30, ILLUSTRATIVE),
    _blank("offence_code", "offence", "crimes", "offence_code", 0.005, ILLUSTRATIVE),
    _blank("domestic_abuse", "offence", "crimes", "domestic_abuse", 0.08, PROPOSED),
    _blank("occurred_on", "dates", "crimes", "occurred_on", 0.03, ILLUSTRATIVE),
    _blank("reported_on", "dates", "crimes", "reported_on", 0.01, ILLUSTRATIVE),
    _blank("crime_postcode", "other", "crimes", "postcode", 0.06, ILLUSTRATIVE),
    _blank("reported_via", "other", "crimes", "reported_via", 0.04, ILLUSTRATIVE),
    _blank("suspect_status", "other", "crimes", "suspect_status", 0.03, ILLUSTRATIVE),
    _blank("outcome_code", "outcome", "crimes", "outcome_code", 0.01, ILLUSTRATIVE),
    _blank("outcome_on", "outcome", "crimes", "outcome_on", 0.03, ILLUSTRATIVE),
    _blank("relationship", "other", "involvements", "relationship", 0.20, PROPOSED),
)
