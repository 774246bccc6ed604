"""The generator's command line: ``python -m synthetic``."""

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from synthetic.benchmarks import SETS
from synthetic.benchmarks import benchmark as bring_in_benchmark
from synthetic.benchmarks import pack as pack_folder
from synthetic.calibrate import calibrate as calibrate_dataset
from synthetic.dataset import load
from synthetic.describe import describe as describe_dataset
from synthetic.describe import harm_by_offence, living_together, read_harm_weights
from synthetic.errors import InputError, read_day, run_command_line
from synthetic.generate import generate as generate_dataset
from synthetic.odcs import as_odcs
from synthetic.profile import load_profile, profile_names
from synthetic.series import generate_series

app = typer.Typer(
    help="Make and check synthetic police data. Records without the marks of synthetic data are refused; there is no switch.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
DatasetFolder = Annotated[Path, typer.Argument(metavar="DATASET", help="Folder of a dataset.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command()
def profiles(as_json: AsJson = False) -> None:
    """List the profiles: what kind of force each one describes."""
    found = {name: load_profile(name).summary for name in profile_names()}
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    width = max(map(len, found))
    for name, summary in found.items():
        typer.echo(f"{name:{width}}  {summary}")


@app.command()
def generate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write; it must not exist yet.")],
    profile: Annotated[str, typer.Option(help="Name of a profile, or a TOML file.")] = "typical",
    forces: Annotated[str | None, typer.Option(help="How many, largest first, or slugs with commas; all 43.")] = None,
    years: Annotated[float, typer.Option(help="Length of the period.")] = 3.0,
    as_of: Annotated[str, typer.Option(help="Last day of the period.")] = "2025-03-31",
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    scale: Annotated[float, typer.Option(help="Multiplies every force's population.")] = 1.0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A profile's key, as identity.duplicate_rate=0.3. Repeatable.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the bytes are the same for any number.")] = (os.cpu_count() or 1),
    extracts: Annotated[
        int | None, typer.Option(help="So many monthly extracts of one world, the last as of --as-of, each in a folder below OUT.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATE:PROFILE[@FORCE]",
            help="From that day on records are made as in that profile (its rates of defects). Repeatable.",
        ),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATE:KEY=SHARE[@FORCE]",
            help="From that day on so much of a kind of defect is repaired, old and new, as 2025-01-01:identity.duplicate_rate=0.5. Repeatable.",
        ),
    ] = None,
) -> None:
    """Generate a dataset: a world, what its forces record of it, and the ledger of every defect."""
    last_day = _day(as_of)
    chosen = load_profile(profile, tuple(settings or ()))
    asked: dict[str, Any] = {
        "profile": chosen, "forces": _forces(forces), "years": years, "as_of": last_day, "seed": seed, "scale": scale,
        "workers": workers, "changes": change or (), "fixes": fix or (),
        "progress": lambda sentence, share: print(sentence, file=sys.stderr),  # noqa: T201
    }  # fmt: skip
    if extracts is not None:
        series = generate_series(out, extracts, **asked)
        typer.echo(f"{len(series.folders)} extracts, to {series.manifest.extracts[-1].as_of}.")
        return
    dataset = generate_dataset(out, **asked)
    rows = {name: entry.rows for name, entry in dataset.manifest.tables.items()}
    typer.echo(
        f"{rows['crimes']:,} records of crimes and incidents, {rows['persons']:,} person records; forces: {len(dataset.forces)}."
    )
    if len(dataset.manifest.changes) + len(dataset.manifest.fixes) < len(change or ()) + len(fix or ()):
        typer.echo("A change or fix that begins after the last day has no effect on this dataset.", err=True)


@app.command()
def verify(dataset: DatasetFolder, as_json: AsJson = False) -> None:
    """Check that a dataset passes the provenance gate: manifest, hashes, row counts, columns and marks."""
    manifest = load(dataset).manifest
    if as_json:
        typer.echo(json.dumps({"passed": True, "provenance": manifest.provenance.model_dump(mode="json")}))
        return
    files = sum(len(entry.files) for entry in manifest.tables.values())
    typer.echo(f"Passed: {files} files, {len(manifest.forces)} forces, provenance {manifest.provenance.kind}.")


@app.command()
def benchmark(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"The set: {', '.join(SETS)}.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write; it must not exist yet.")],
    file: Annotated[
        Path | None, typer.Option(help="The set's own file, recognised by its SHA-256; the installed package's otherwise.")
    ] = None,
) -> None:
    """Bring in a public set of synthetic person records, with its true identities; no other file is accepted."""
    dataset = bring_in_benchmark(name, out, file)
    rows = {table: entry.rows for table, entry in dataset.manifest.tables.items()}
    typer.echo(f"{rows['persons']:,} person records of {rows['truth/people']:,} people.")


@app.command()
def pack(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of tables, as <table>/<force>.parquet.")],
    as_of: Annotated[str | None, typer.Option(help="Last day of the data; the latest day of a recorded row otherwise.")] = None,
) -> None:
    """Write the manifest, and datapackage.json, of your own tables that already carry the marks of synthetic data; nothing is marked or changed."""
    manifest = pack_folder(folder, _day(as_of) if as_of is not None else None).manifest
    files = sum(len(entry.files) for entry in manifest.tables.values())
    typer.echo(f"Packed: {files} files of {len(manifest.forces)} forces; every identifier carries its mark.")


@app.command(hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def adopt() -> None:
    """Removed in version 0.2."""
    raise InputError(
        None,
        "The command adopt is gone, since it marked any file on the user's word: use `benchmark NAME OUT` for a public synthetic "
        "set, or `pack FOLDER` for your own tables that already carry the marks.",
    )


@app.command()
def describe(
    dataset: DatasetFolder,
    harm_weights: Annotated[Path | None, typer.Option(help="CSV of offence_code and harm_days, as the official sheet.")] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="odcs", help="Print the contract as an Open Data Contract Standard YAML instead."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the data dictionary with counts, and how recorded harm spreads over offences."""
    weights = read_harm_weights(harm_weights)
    if form is not None:
        if form != "odcs":
            raise InputError("format", "takes odcs, or nothing for the data dictionary.")
        typer.echo(as_odcs(load(dataset)), nl=False)
        return
    opened = load(dataset)
    fields, harm, sharing = describe_dataset(opened), harm_by_offence(opened, weights), living_together(opened)
    if as_json:
        tables = {"fields": fields, "harm": harm, "living_together": sharing}
        typer.echo(json.dumps({name: table.to_dict("records") for name, table in tables.items()}, indent=1))
        return
    for table, mine in fields.groupby("table", sort=False):
        typer.echo(f"\n{table}: {mine['rows'].iloc[0]:,} rows")
        for row in mine.itertuples():
            blank = f"{row.missing / row.rows:6.1%}" if row.rows else "     –"
            typer.echo(f"  {row.field:16} {row.kind:8} {blank} missing  {row.different:>11,} different  {row.sentence}")
    typer.echo("\nhouseholds, addresses and telephones")
    for row in sharing.itertuples():
        typer.echo(f"  {row[1]:45} {row[2]:>12,}")
    typer.echo("\nharm by offence")
    for row in harm.itertuples():
        typer.echo(
            f"  {row.offence_code:5} {row.crimes:>10,} crimes × {row.harm_days:>7,.1f} = {row.share_of_harm:6.1%}  {row.title}"
        )


@app.command()
def calibrate(
    dataset: DatasetFolder,
    harm_weights: Annotated[Path | None, typer.Option(help="CSV of offence_code and harm_days, as the official sheet.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print published figures beside generated ones, with source, tolerance and verdict."""
    weights = read_harm_weights(harm_weights)
    figures = calibrate_dataset(load(dataset), weights)
    if as_json:
        typer.echo(figures.to_json(orient="records", indent=1))
        return
    for row in figures.itertuples():
        off = "" if pd.isna(row.tolerance) else f"± {row.tolerance:.3g}"
        line = f"{row.verdict:18} {row.published:>11.4g} {row.generated:>11.4g} {off:>10}  {row.figure} ({row.source})"
        typer.echo(f"{line}; {row.note}" if row.note else line)


def _forces(text: str | None) -> int | list[str] | None:
    if text is None:
        return None
    return int(text) if text.strip().isdecimal() else [slug.strip() for slug in text.split(",")]


def _day(text: str) -> date:
    return read_day(text, "as_of", "takes a date as 2025-03-31.")


def main() -> None:
    sys.exit(run_command_line(typer.main.get_command(app)))


if __name__ == "__main__":
    main()
