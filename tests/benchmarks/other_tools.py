"""The same checks by another tool; run by checks.py in that tool's own virtual environment, where this project is not installed."""

import json
import sys
import time
from pathlib import Path


def main() -> None:
    name, given = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    tool, engine = name.split(" on ")
    work = {"pandera": pandera, "great_expectations": great_expectations, "pointblank": pointblank}[tool]
    checks, failed, seconds = work(engine, given["table"], given["not_null"], given["in_set"])
    print(json.dumps({"seconds": seconds, "checks": checks, "failed": failed}))


def pandera(engine: str, table: str, not_null: list[str], in_set: dict[str, list[str]]) -> tuple[int, int, float]:
    if engine == "pandas":
        import pandas as frames
        import pandera.pandas as pa
    else:
        import pandera.polars as pa
        import polars as frames
    columns = {
        name: pa.Column(
            nullable=name not in not_null, checks=[pa.Check.isin(in_set[name])] if name in in_set else [], required=True
        )
        for name in [*not_null, *[name for name in in_set if name not in not_null]]
    }
    schema = pa.DataFrameSchema(columns)
    begin = time.perf_counter()
    frame = frames.read_parquet(table, columns=list(columns))
    failed = 0
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failed = len(errors.failure_cases)
    return len(not_null) + len(in_set), failed, time.perf_counter() - begin


def great_expectations(engine: str, table: str, not_null: list[str], in_set: dict[str, list[str]]) -> tuple[int, int, float]:
    import great_expectations as gx
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    batches = context.data_sources.add_pandas("source").add_dataframe_asset("crimes").add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(name="suite")
    for name in not_null:
        suite.add_expectation(gx.expectations.ExpectColumnValuesToNotBeNull(column=name))
    for name, codes in in_set.items():
        suite.add_expectation(gx.expectations.ExpectColumnValuesToBeInSet(column=name, value_set=codes))
    begin = time.perf_counter()
    frame = pd.read_parquet(table, columns=list(dict.fromkeys([*not_null, *in_set])))
    found = batches.get_batch(batch_parameters={"dataframe": frame}).validate(suite, result_format="BASIC")
    failed = sum(result.result.get("unexpected_count", 0) for result in found.results)
    return len(found.results), failed, time.perf_counter() - begin


def pointblank(engine: str, table: str, not_null: list[str], in_set: dict[str, list[str]]) -> tuple[int, int, float]:
    import pointblank as pb
    import polars as pl

    begin = time.perf_counter()
    frame = pl.read_parquet(table, columns=list(dict.fromkeys([*not_null, *in_set])))
    plan = pb.Validate(data=frame).col_vals_not_null(columns=not_null)
    for name, codes in in_set.items():
        plan = plan.col_vals_in_set(columns=name, set=[*codes, None])
    found = plan.interrogate(collect_extracts=False)
    failed = sum(found.n_failed().values())
    return len(found.n_failed()), int(failed), time.perf_counter() - begin


if __name__ == "__main__":
    main()
