"""The oversight pack: report, scorecard, tables, options, hashes, and the commands that make all of it again, in one folder.

The same results give the same bytes, so two packs can be compared by their ``SHA256SUMS``. Tables that name person records stay
out of it, and so do figures of lists of fewer than 10 people.
"""

import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

import pandas as pd

from audit.effect import LEAST_GROUP, WEIGHTS
from audit.presentation.readiness import verdict
from audit.presentation.spreadsheet import csv_bytes
from audit.report import write_actions, write_report, write_scorecard
from audit.results import SCHEMAS, Results
from synthetic.dataset import staged_folder

NAME_RECORDS = ("identities", "identity_pairs")
"""Tables that name person records; an overseer finds them in the results folder."""
OF_LISTS = (
    "effect", "attribution", "contributions", "fix_first", "choices", "merging", "stability", "replicates", "allegations", "instrument_pairs",
    "together",
)  # fmt: skip
"""Tables whose rows are about a list; rows of lists of fewer than 10 people are left out."""


def write_pack(results: Results, out: Path) -> None:
    """Write the pack into the folder ``out``, which must not exist or be empty; nothing half-written is ever left there."""
    with staged_folder(out) as folder:
        write_report(results, folder / "report.html")
        write_scorecard(results, folder / "scorecard.csv")
        write_scorecard(results, folder / "scorecard.md")
        write_actions(results, folder / "actions.csv")
        (folder / "tables").mkdir()
        for name in SCHEMAS:
            if name not in NAME_RECORDS:
                (folder / "tables" / f"{name}.csv").write_bytes(csv_bytes(shareable(results, name)))
        for name, text in _texts(results).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}" for path in files]
        (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="utf-8")


def shareable(results: Results, name: str) -> pd.DataFrame:
    """A table as it may be handed over, in the order of its texts: without lists of fewer than 10 people."""
    frame = results[name]
    if name in OF_LISTS and "truth_size" in frame:
        frame = frame[frame["truth_size"] >= LEAST_GROUP]
    elif name in OF_LISTS:
        effect = results["effect"]
        short = effect[~(effect["truth_size"] >= LEAST_GROUP)]
        gone = pd.MultiIndex.from_frame(short[["force", "instrument"]])
        for column in ("instrument", "other"):
            if column in frame:
                frame = frame[~pd.MultiIndex.from_frame(frame[["force", column]]).isin(gone)]
    elif name == "sampling_cancelled":
        frame = frame[frame["drawn"] >= LEAST_GROUP]
    texts = [column for column in frame if not pd.api.types.is_float_dtype(frame[column])]
    return frame.sort_values(texts, kind="stable", ignore_index=True)


def commands(results: Results) -> list[str]:
    """The commands that make dataset, results and pack again, to be run in a copy of the pack's folder."""
    summary = results.summary
    dataset, options = summary.dataset, summary.options
    lines = []
    if dataset.profile_settings is not None and {"seed", "years", "scale"} <= set(dataset.provenance):
        origin = dataset.provenance
        made = [
            "python",
            "-m",
            "synthetic",
            "generate",
            "dataset",
            "--profile",
            "profile.toml",
            "--forces",
            ",".join(dataset.forces),
        ]
        made += ["--years", str(origin["years"]), "--as-of", str(dataset.as_of), "--seed", str(origin["seed"])]
        made += ["--scale", str(origin["scale"])]
        for name, texts in (("--change", dataset.changes), ("--fix", dataset.fixes)):
            made += [part for text in texts for part in (name, text)]
        lines.append(shlex.join(made))
    words = ["python", "-m", "audit", "run", "dataset", "--out", "results", "--engine", options.engine, "--k", str(options.k)]
    for key in options.instruments:
        words += ["--instrument", f"instruments/{key}.toml" if key in options.own_instruments else key]
    if options.weights_given:
        words += ["--weights", options.weights if options.weights in WEIGHTS else "weights.csv"]
    if options.date_basis_given:
        words += ["--date-basis", options.date_basis]
    for name in ("only", "skip"):
        words += [part for word in getattr(options, name) for part in (f"--{name}", word)]
    if results["contributions"]["kind"].notna().any():
        words.append("--detail")
    if len(results["replicates"]):
        words += ["--replicates", str(int(results["replicates"]["replicate"].nunique()))]
    if summary.thresholds:
        words += ["--thresholds", "thresholds.toml"]
    return [*lines, shlex.join(words), "python -m audit report results --pack again", "cmp SHA256SUMS again/SHA256SUMS"]


def as_toml(content: dict[str, Any], place: str = "") -> str:
    """Plain content as TOML: values first, then tables.

    >>> print(as_toml({"name": "x", "part": {"rate": 0.5, "list": [1, 2]}}))
    name = "x"
    <BLANKLINE>
    [part]
    rate = 0.5
    list = [1, 2]
    """
    values = [f"{_key(name)} = {_value(value)}" for name, value in content.items() if not isinstance(value, dict)]
    parts = [f"[{place}]"] if place and values else []
    texts = ["\n".join([*parts, *values])] if values else []
    for name, value in content.items():
        if isinstance(value, dict):
            texts.append(as_toml(value, f"{place}.{_key(name)}" if place else _key(name)))
    return "\n\n".join(text for text in texts if text)


def _texts(results: Results) -> dict[str, str]:
    summary = results.summary
    own = {f"instruments/{key}.toml": as_toml(content) + "\n" for key, content in summary.options.own_instruments.items()}
    found = {
        "README.md": _readme(results),
        "commands.sh": "\n".join(["set -e", *commands(results)]) + "\n",
        "options.json": json.dumps(summary.model_dump(mode="json", exclude={"timings"}), indent=1, ensure_ascii=False) + "\n",
        **own,
    }
    if summary.dataset.profile_settings is not None:
        found["profile.toml"] = as_toml(summary.dataset.profile_settings) + "\n"
    if summary.thresholds:
        found["thresholds.toml"] = as_toml(summary.thresholds) + "\n"
    return found


def _readme(results: Results) -> str:
    summary = results.summary
    generated = summary.dataset.profile_settings is not None
    notes = [
        f"The SHA-256 of `dataset/dataset.json` must be `{summary.dataset.manifest_sha256}`; with any other it is another dataset."
        + ("" if generated else " This dataset was brought in, so nothing can make it again: copy it to `dataset` first."),
        f"The versions must be the same: {summary.auditor}.",
    ]
    if summary.options.weights_given and summary.options.weights not in WEIGHTS:
        notes.append("The weights were a file of the user's own, which is not in the results: put it here as `weights.csv`.")
    if summary.dataset.changes:
        notes.append("Changes name profiles; where one was a file of the user's own, name that file instead.")
    if summary.options.engine == "spark":
        notes.append("The audit ran on Spark; the address of a cluster is not kept.")
    steps = "\n".join(f"    {line}" for line in commands(results))
    listed = "\n".join(f"- {note}" for note in notes)
    return f"""# Oversight pack

All data is synthetic, and no person is in this folder. {verdict(results)}

| file | what it is |
|---|---|
| `report.html` | the report, with the linkage statement; it opens offline |
| `scorecard.csv`, `scorecard.md` | the verdict on each force |
| `actions.csv` | what to do, in order, with owner and due date to fill in |
| `tables/` | every table of the results that names no record; lists of fewer than 10 people are left out |
| `options.json` | how the audit was run, on what, and its headline figures |
| `SHA256SUMS` | the hash of every file here; `sha256sum -c SHA256SUMS` checks them |
| `commands.sh` | the commands below |

To make it all again, run in a copy of this folder:

{steps}

The last command says nothing where both packs are the same.

{listed}
"""


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)


def _value(value: Any) -> str:
    return f"[{', '.join(map(_value, value))}]" if isinstance(value, list | tuple) else json.dumps(value, ensure_ascii=False)
