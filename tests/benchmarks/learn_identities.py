"""Learn what records of one person, and of relatives, agree on, from generated worlds; writes audit/linkage/model.json.

python tests/benchmarks/learn_identities.py

The seeds are none that a test or benchmark uses, and never those of the data at hand.
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from audit.linkage.linkage import compare, present_fields, sample_strangers, settings_of
from audit.linkage.mixture import TABLES, Tables, chances, counted, smoothed, uniform
from audit.linkage.settings import levels_of

from audit.engines import connect
from audit.linkage import TABLE, find_identities
from audit.linkage.model import LEARNT, Model, model_as_json
from audit.linkage.records import prepare
from synthetic import generate

WORLDS = [("typical", 9001), ("poor", 9002), ("typical", 9003), ("merger", 9004), ("unequal", 9005)]
HELD_OUT = [("typical", 9011), ("poor", 9012), ("typical", 9013), ("merger", 9014), ("migration", 9015), ("unequal", 9016)]
FORCES, SCALE = ["brackenshire", "durnley", "aldermoor"], 0.25


def main() -> None:
    found: dict[str, list[Tables]] = {"one_person": [], "relatives": []}
    for profile, seed in WORLDS:
        with tempfile.TemporaryDirectory() as folder:
            dataset = generate(Path(folder) / "dataset", profile, FORCES, seed=seed, scale=SCALE)
            truth = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/identities")])
            with connect(dataset) as connection:
                prepare(connection, TABLE)
                records = connection.execute(f"SELECT person_id, force FROM {TABLE} ORDER BY number").df()
                force = pd.factorize(records["force"], sort=True)[0]
                strangers = chances(sample_strangers(connection, TABLE, across=False))
                prior = uniform()
                guess = {
                    name: np.maximum(0.7 * (np.arange(table.size).reshape(table.shape) == table.size - 1) + 0.3 * prior[name], 1e-3)
                    for name, table in prior.items()
                }
                settings = settings_of(guess, strangers, 1 / len(force), tuple(present_fields(connection, TABLE)))
                pairs, first, second = compare(connection, TABLE, force, settings, tuple(present_fields(connection, TABLE)))
        owner = truth.drop_duplicates("person_id").set_index("person_id")["person_key"].reindex(records["person_id"]).to_numpy()
        shared = truth["person_id"].duplicated(keep=False)
        overlaid = np.isin(records["person_id"], truth["person_id"][shared])
        clear = ~(overlaid[first] | overlaid[second])
        same = owner[first] == owner[second]
        home = pairs.levels["place"] == levels_of("place").index("same address and postcode")
        found["one_person"].append(counted(pairs, (same & clear).astype(float)))
        found["relatives"].append(counted(pairs, (~same & clear & home).astype(float)))
    tables = {}
    for kind, counts in found.items():
        # Every world weighs alike, however many pairs it has.
        total = {name: sum(one[name] / max(one[name].sum(), 1) for one in counts) * 20_000 / len(counts) for name in TABLES}
        tables[kind] = {name: np.round(table, 7).tolist() for name, table in smoothed(total, uniform(), 5.0).items()}
    source = ", ".join(f"{profile} (seed {seed})" for profile, seed in WORLDS)
    model = Model(source=source, **tables, found_mean=1.0, found_spread=0.05)
    shares = _shares_found(model)
    model = model.model_copy(
        update={"found_mean": round(float(np.mean(shares)), 4), "found_spread": round(float(np.std(shares)), 4)}
    )
    LEARNT.write_text(model_as_json(model), encoding="utf-8")
    print(f"duplicate records found, by force: {model.found_mean:.3f}, standard deviation {model.found_spread:.3f}")


def _shares_found(model: Model) -> list[float]:
    """Of each force's duplicate records in further worlds, the share that the model finds."""
    shares = []
    for profile, seed in HELD_OUT:
        with tempfile.TemporaryDirectory() as folder:
            dataset = generate(Path(folder) / "dataset", profile, FORCES, seed=seed, scale=SCALE)
            truth = pd.concat([pd.read_parquet(path) for path in dataset.files("truth/identities")])
            force = pd.concat([pd.read_parquet(path)[["person_id", "force"]] for path in dataset.files("persons")])
            with connect(dataset) as connection:
                summary = find_identities(connection, model).identity_summary.set_index("force")
        owners = truth.groupby("person_id", as_index=False)["person_key"].min().merge(force)
        people = owners.groupby("force")["person_key"].nunique()
        further = summary["records"] - people
        shares += (summary["duplicate_rate"] * summary["records"] / further).tolist()
    return shares


if __name__ == "__main__":
    main()
