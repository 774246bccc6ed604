"""Measure the first slice: how long the demonstration takes, and the audit compared with the ledger. A script, not a test.

python tests/benchmarks/first_slice.py
"""

import tempfile
import time
from pathlib import Path

import pandas as pd
from faker import Faker

from audit import Results, audit_dataset
from audit.evaluation import score
from dashboard import demonstration
from synthetic import Dataset, generate

SCALE = 0.2  # larger than the demonstration, so that there is more to count


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        dataset = generate(Path(folder) / "dataset", "typical", demonstration.FORCES, scale=SCALE)
        generated = time.perf_counter() - begin
        begin = time.perf_counter()
        results = audit_dataset(dataset)
        audited = time.perf_counter() - begin
        _speed(dataset, generated, audited)
        _scorecard(dataset, results)


def _speed(dataset: Dataset, generated: float, audited: float) -> None:
    persons = dataset.manifest.tables["persons"].rows
    faker, count = Faker("en_GB"), 3000
    begin = time.perf_counter()
    for _ in range(count):
        faker.first_name(), faker.last_name(), faker.date_of_birth(), faker.street_address(), faker.postcode()
        faker.phone_number()
    plain = count / (time.perf_counter() - begin)
    crimes = dataset.manifest.tables["crimes"].rows
    print(f"generated {crimes:,} crimes and {persons:,} person records in {generated:.1f} s, one process")
    print(f"person records a second: {persons / generated:,.0f}, {persons / generated / plain:.0f} x a plain Faker loop")
    print(f"audited in {audited:.1f} s\n")


def _scorecard(dataset: Dataset, results: Results) -> None:
    """Printed as Markdown: what was put in, what the audit found of it, and what it reported that no such defect is entered for."""
    scored = score(dataset, results)
    rows = []
    for name, of_it in (
        ("Blank values, outcomes aside", lambda defect: defect.startswith("missing_") and "outcome" not in defect),
        ("Named suspects not linked", lambda defect: defect == "suspect_not_linked"),
    ):
        mine = [row for row in scored.defects if row.wrongly is not None and of_it(row.defect)]
        put_in, seen, wrongly = (sum(int(getattr(row, part) or 0) for row in mine) for part in ("put_in", "seen", "wrongly"))
        rows.append((name, put_in, seen, f"{wrongly:,} blank or unlinked for another reason"))
    pairs = scored.identities
    right = round(pairs.joined_pairs * (pairs.precision or 0))
    wrong = f"{pairs.joined_pairs - right:,} false of {pairs.joined_pairs:,}"
    rows.append(("Pairs of records of the same person", pairs.true_pairs, right, wrong))
    gaps = scored.gaps
    plain, seen = (sum(getattr(kind, name) for kind in gaps.kinds) for name in ("plain", "plain_found"))
    rows.append(("Reporting gaps of over five standard deviations", plain, seen, f"{gaps.false} false of {gaps.reported}"))
    ledger = _read(dataset, "truth/defects")
    never = int((ledger["defect"].isin(["not_recorded", "not_recorded_hidden"]) & (ledger["table"] == "crimes")).sum())
    rows.append(("Reports never recorded", never, 0, "no audit can see them"))
    print("| put in | in the ledger | found | reported beside |\n|---|--:|--:|---|")
    for name, put_in, seen_of_it, beside in rows:
        print(f"| {name} | {put_in:,} | {seen_of_it:,} ({seen_of_it / max(put_in, 1):.0%}) | {beside} |")


def _read(dataset: Dataset, table: str) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in dataset.files(table)], ignore_index=True)


if __name__ == "__main__":
    main()
