"""Measure how hard the world is for those who link its records: what is shared by different people, and what changes. A script.

python tests/benchmarks/world.py             # three forces, about a minute
python tests/benchmarks/world.py DATASET     # a dataset at hand
"""

import sys
import tempfile
from pathlib import Path

import duckdb

from synthetic import Dataset, generate, load

BARS = {
    "pairs of different people who share address and telephone that differ in surname": (1 / 3, 1.0),
    "person records with a telephone that share it with another person's record": (0.05, 0.20),
    "pairs of a person's records more than two years apart that differ in telephone": (0.30, 1.0),
    "precision of: same address and telephone means the same person": (0.0, 0.75),
}
"""What is measured, and the lowest and highest value that the world is made for."""

_QUERIES = (
    f"SELECT avg((a.surname <> b.surname)::INT) FROM {(PAIRS := 'records a JOIN records b ON a.phone = b.phone AND a.address = b.address AND a.person_id < b.person_id')} WHERE a.person_key <> b.person_key",
    "SELECT avg((people > 1)::INT) FROM records JOIN (SELECT phone, count(DISTINCT person_key) AS people FROM records GROUP BY phone)"
    " USING (phone)",
    "SELECT avg((a.phone <> b.phone)::INT) FROM records a JOIN records b ON a.person_key = b.person_key"
    " AND a.created_on > b.created_on + 731",
    f"SELECT avg((a.person_key = b.person_key)::INT) FROM {PAIRS}",
)


def measure(dataset: Dataset) -> dict[str, float]:
    """Each figure of ``BARS``, over the person records of a dataset whose telephone and person are known."""
    with duckdb.connect() as connection:
        for table in ("persons", "truth/identities"):
            files = [str(path) for path in dataset.files(table)]
            connection.read_parquet(files).create_view(table.replace("/", "_"))
        # A record that two people share is nobody's alone.
        connection.execute(
            "CREATE TABLE records AS SELECT p.*, i.person_key FROM persons p JOIN (SELECT person_id, min(person_key) AS person_key "
            "FROM truth_identities GROUP BY person_id HAVING count(*) = 1) i USING (person_id) WHERE phone IS NOT NULL"
        )
        return {name: connection.execute(query).fetchall()[0][0] for name, query in zip(BARS, _QUERIES, strict=True)}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if sys.argv[1:]:
            dataset = load(sys.argv[1])
        else:
            dataset = generate(Path(folder) / "world", forces=["aldermoor", "brackenshire", "durnley"], scale=0.3, workers=2)
        for name, figure in measure(dataset).items():
            low, high = BARS[name]
            print(f"{figure:6.3f}  {'within' if low <= figure <= high else 'OUTSIDE'} {low:.2f} to {high:.2f}  {name}")


if __name__ == "__main__":
    main()
