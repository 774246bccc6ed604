"""Results do not depend on the order of rows in the files, even where identifiers that should be unique stand twice."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import audit_dataset
from synthetic import Dataset, generate
from synthetic.dataset import TableEntry, load, write_manifest, write_table

IDENTIFIER = {
    "persons": "person_id", "crimes": "crime_id", "involvements": "crime_id", "truth/people": "person_key",
    "truth/events": "event_key", "truth/identities": "person_id",
}  # fmt: skip


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two forces; an eighth of the rows stand twice, and the second time with some of another row's values."""
    folder = tmp_path_factory.mktemp("repeated")
    generate(folder / "once", "typical", ["aldermoor", "durnley"], years=1, scale=0.01, seed=7)
    rng = np.random.default_rng(4)

    def twice(name: str, rows: pa.Table) -> pa.Table:
        if name not in IDENTIFIER:
            return rows
        chosen = rng.choice(len(rows), len(rows) // 8, replace=False)
        again, other = rows.take(chosen), rows.take(rng.permutation(chosen))
        for place, field in enumerate(rows.schema):
            if field.name not in (IDENTIFIER[name], "force") and rng.random() < 0.7:
                again = again.set_column(place, field, other[field.name])
        return pa.concat_tables([rows, again])

    return _rewritten(load(folder / "once"), folder / "twice", twice)


def test_the_order_of_rows_changes_no_result(repeated: Dataset, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    # Of a cell that was damaged twice, the ledger's first row has the value that it had before.
    shuffled = _rewritten(
        repeated,
        tmp_path / "shuffled",
        lambda name, rows: rows if name == "truth/defects" else rows.take(rng.permutation(len(rows))),
    )
    first, second = audit_dataset(repeated), audit_dataset(shuffled)
    for name, table in first.tables.items():
        pd.testing.assert_frame_equal(second[name], table, check_exact=True, obj=name)


def _rewritten(dataset: Dataset, folder: Path, change: Callable[[str, pa.Table], pa.Table]) -> Dataset:
    """The dataset with every file's rows changed."""
    entries = {}
    for name, entry in dataset.manifest.tables.items():
        changed = {Path(file.path).stem: change(name, pq.read_table(dataset.path / file.path)) for file in entry.files}
        files = [write_table(folder, name, force, rows) for force, rows in changed.items()]
        entries[name] = TableEntry(rows=sum(file.rows for file in files), files=files)
    write_manifest(folder, dataset.manifest.model_copy(update={"tables": entries}))
    return load(folder)
