"""A data dictionary of a dataset: every field with its meaning and counts, and how recorded harm spreads over offences."""

from pathlib import Path

import pandas as pd

from synthetic.contract import RESIDENCES, TABLES, reference
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
            counted = iter(zip(values[0::2], values[1::2], strict=True))
            for field in table.fields:
                present, different = next(counted) if field.name in found else (0, 0)
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


def living_together(dataset: Dataset) -> pd.DataFrame:
    """A row a figure (figure, count): households, and person records that share an address or a telephone.

    Households are counted where the dataset has its truth.
    """
    counts: dict[str, str] = {
        "person records": "SELECT count(*) FROM persons",
        "records that share address and postcode": _sharing("address, postcode"),
        "records that share a telephone": _sharing("phone"),
        "records that share address and telephone": _sharing("address, phone"),
        "most records with the same telephone": "SELECT max(n) FROM (SELECT count(*) AS n FROM persons WHERE phone IS NOT NULL GROUP BY phone)",
    }
    people = [str(path) for path in dataset.files("truth/people")]
    persons = [str(path) for path in dataset.files("persons")]
    with reading(dataset) as connection:
        if persons:
            connection.read_parquet(persons, union_by_name=True).create_view("persons")
        if people and {"household_key", "residence"} <= set(connection.read_parquet(people, union_by_name=True).columns):
            connection.read_parquet(people, union_by_name=True).create_view("people")
            private = "SELECT household_key, count(*) AS n FROM people WHERE residence = 'private' GROUP BY 1"
            counts["households of people known to police"] = f"SELECT count(*) FROM ({private})"
            counts["households with two or more of them"] = f"SELECT count(*) FROM ({private}) WHERE n > 1"
            for residence in RESIDENCES:
                counts[f"people, residence {residence}"] = f"SELECT count(*) FROM people WHERE residence = '{residence}'"
        if not persons:
            return pd.DataFrame({"figure": [], "count": []})
        found = {name: connection.execute(query).fetchall()[0][0] or 0 for name, query in counts.items()}
    return pd.DataFrame({"figure": list(found), "count": list(found.values())})


def _sharing(columns: str) -> str:
    present = " AND ".join(f"{column.strip()} IS NOT NULL" for column in columns.split(","))
    return f"SELECT sum(n) FROM (SELECT count(*) AS n FROM persons WHERE {present} GROUP BY {columns}) WHERE n > 1"


def harm_by_offence(dataset: Dataset, harm_weights: dict[str, float]) -> pd.DataFrame:
    """A row an offence of the reference: crimes recorded, harm days of one, and its share of all recorded harm."""
    # A cancelled crime is none; an incident has no offence.
    files = [str(path) for path in dataset.files("crimes")]
    counted: dict[str, int] = {}
    if files:
        with reading(dataset) as connection:
            columns = connection.read_parquet(files, union_by_name=True).columns
            crimes = "AND coalesce(record_class, 'crime') = 'crime'" if "record_class" in columns else ""
            query = (
                "SELECT offence_code, count(*) FROM read_parquet($1, union_by_name = true) "
                f"WHERE offence_code IS NOT NULL {crimes} GROUP BY 1"
            )
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
