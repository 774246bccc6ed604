"""Pairs of person records compared by Splink on Spark: the same settings, keys and comparisons as on DuckDB.

Records are made ready on DuckDB and handed to Spark, and what comes back are the pairs that agree on enough; the rest is
the same for both. Distances are those of the functions that Splink brings along for Spark, which may differ in a last digit.
"""

from typing import Any

import duckdb
import numpy as np

from audit.linkage.records import COLUMNS, KEYS

SPOKEN = {"list_has_any(": "arrays_overlap("}
"""Functions by DuckDB's name and by Spark's; the rest is translated by sqlglot, which Splink itself speaks."""
HEARD = {"JAROWINKLER_SIMILARITY(": "jaro_winkler(", "JARO_WINKLER_SIMILARITY(": "jaro_winkler("}


def predict_on_spark(
    session: Any, connection: duckdb.DuckDBPyConnection, table: str, model: dict[str, Any], columns: list[str], least: float
) -> dict[str, np.ndarray]:
    """``columns`` of the pairs whose match weight is at least ``least``, by column; ``model`` is Splink's settings for DuckDB."""
    from splink import Linker
    from splink.backends.spark import SparkAPI

    # Spark has no unsigned numbers; a key only has to tell values apart.
    keys = ", ".join(f"({key}::HUGEINT - 9223372036854775808)::BIGINT AS {key}" for key in KEYS)
    wanted = ", ".join(["number", *COLUMNS, keys])
    records = session.createDataFrame(connection.sql(f"SELECT {wanted} FROM {table}").to_arrow_table())
    api = SparkAPI(spark_session=session, break_lineage_method="persist", num_partitions_on_repartition=8)
    linker = Linker(api.register(records), _spoken(model), log_level=None)
    predicted = linker.inference.predict(threshold_match_weight=least)
    pairs = session.sql(f"SELECT {', '.join(columns)} FROM {predicted.physical_name}").toPandas()
    session.catalog.clearCache()
    pairs = pairs.sort_values(["first", "second"], ignore_index=True)
    return {name: pairs[name].to_numpy() for name in pairs}


def _spoken(model: dict[str, Any]) -> dict[str, Any]:
    """The settings with their conditions in Spark's SQL."""
    rules = [
        {"blocking_rule": _translated(rule["blocking_rule"]), "sql_dialect": "spark"}
        for rule in model["blocking_rules_to_generate_predictions"]
    ]
    comparisons = [
        comparison
        | {
            "comparison_levels": [
                level | {"sql_condition": _translated(level["sql_condition"])} for level in comparison["comparison_levels"]
            ]
        }
        for comparison in model["comparisons"]
    ]
    return model | {"blocking_rules_to_generate_predictions": rules, "comparisons": comparisons}


def _translated(condition: str) -> str:
    import sqlglot

    if condition == "ELSE":
        return condition
    for name, spark in SPOKEN.items():
        condition = condition.replace(name, spark)
    text = sqlglot.transpile(condition, read="duckdb", write="spark")[0]
    for name, spark in HEARD.items():
        text = text.replace(name, spark)
    return text
