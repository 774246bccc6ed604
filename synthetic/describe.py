"""A data dictionary of a dataset: every field with its meaning and counts, and how recorded harm spreads over offences."""

from pathlib import Path

import pandas as pd

from synthetic.contract import TABLES, reference
from synthetic.dataset import Dataset, reading
from synthetic.errors import InputError


def describe(dataset: Dataset) -> pd.DataFrame:
    """A row a field: table, field, kind, needed_for, may_be_missing, rows, missing, different, sentence."""
    rows = []
    with reading(dataset) as connection:
        for name, table in TABLES.items():
            files = [str(path) for path in dataset.files(name)]
            found = set()
            if files:
                listed = connection.execute("DESCRIBE SELECT * FROM read_parquet($1, union_by_name = true)", [files])
                found = {row[0] for row in listed.fetchall()}
            counts = ", ".join(
                f'count("{column}"), approx_count_distinct("{column}")' for column in table.columns if column in found
            )
            total, *values = (
                connection.execute(f"SELECT count(*), {counts} FROM read_parquet($1, union_by_name = true)", [files]).fetchall()[0]
                if files
                else (0,)
            )
            told = iter(zip(values[0::2], values[1::2], strict=True))
            for field in table.fields:
                present, different = next(told) if field.name in found else (0, 0)
                rows.append(
                    {
                        "table": name,
                        "field": field.name,
                        "kind": field.kind,
                        "needed_for": ", ".join(field.needed_for),
                        "may_be_missing": field.nullable,
                        "rows": total,
                        "missing": total - present,
                        "different": min(different, present),
                        "sentence": field.sentence,
                    }
                )
    return pd.DataFrame(rows)


def harm_by_offence(dataset: Dataset, harm_weights: dict[str, float]) -> pd.DataFrame:
    """A row an offence of the reference: crimes recorded, harm days of one, and its share of all recorded harm."""
    files = [str(path) for path in dataset.files("crimes")]
    counted: dict[str, int] = {}
    if files:
        with reading(dataset) as connection:
            query = "SELECT offence_code, count(*) FROM read_parquet($1) WHERE offence_code IS NOT NULL GROUP BY 1"
            counted = dict(connection.execute(query, [files]).fetchall())
    offences = reference("offences")[["offence_code", "title"]]
    frame = offences.assign(
        crimes=[counted.get(code, 0) for code in offences["offence_code"]],
        harm_days=[harm_weights[code] for code in offences["offence_code"]],
    )
    harm = frame["crimes"] * frame["harm_days"]
    return frame.assign(share_of_harm=harm / harm.sum() if harm.sum() else 0.0)


def read_harm_weights(path: str | Path | None) -> dict[str, float]:
    """Harm days by offence code: the reference's, or those of a CSV with the columns offence_code and harm_days.

    Codes that the file leaves out keep the reference's. Raises InputError, which echoes no value.
    """
    offences = reference("offences")
    weights = dict(zip(offences["offence_code"], offences["harm_days"].astype(float), strict=True))
    if path is None:
        return weights
    try:
        frame = pd.read_csv(path, dtype={"offence_code": "str"})
        own = dict(zip(frame["offence_code"].str.strip(), frame["harm_days"].astype(float), strict=True))
    except (OSError, ValueError, KeyError, AttributeError):
        raise InputError("harm_weights", "takes a CSV with the columns offence_code and harm_days, a number each.") from None
    if set(own) - set(weights):
        raise InputError(
            "harm_weights", "has an offence code that the reference does not have; see synthetic/reference/offences.csv."
        )
    if not all(0 <= value < 1e6 for value in own.values()):
        raise InputError("harm_weights", "takes harm days of 0 or more.")
    return weights | own
