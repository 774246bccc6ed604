"""Can the data answer a question at all? Joint completeness: the fields a question needs, filled in the same rows.

A field that is 90% filled, and another, may be filled in different rows; the question needs them together. It is counted over
crimes: how many may be meant (no condition is known not to hold), how many certainly are (each condition's field is filled and
fits), and of how many the rest is filled too. The number asked for lies between those certainly meant and those that may be.

    name = "Rapes by strangers, by place and month"
    needs = ["crimes.postcode", "crimes.occurred_on", "suspect.ethnicity"]
    [where]
    "crimes.offence_group" = ["rape"]
    "involvements.relationship" = ["stranger"]
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import duckdb
import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.statistics import LEAST_GROUP, wilson
from synthetic.contract import TABLES, reference
from synthetic.errors import InputError

Value = Annotated[str, Field(min_length=1, max_length=100)]
GROUP = "crimes.offence_group"


class Question(BaseModel):
    """A named question: the fields that it needs, and conditions by field, each a list of values that fit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f<>]+$")]
    needs: list[str] = Field(min_length=1, max_length=30)
    where: dict[str, Annotated[list[Value], Field(min_length=1, max_length=500)]] = Field({}, max_length=30)


def fields() -> dict[str, str]:
    """The fields that a question may name, each with the SQL of its value, null where it is blank or says "not known".

    Those of the crime, of the suspects' and victims' person records, and of the link; where a crime has several, it is the
    first that is filled.
    """
    found = {f"crimes.{field.name}": f"c.{field.name}" for field in TABLES["crimes"].fields}
    found[GROUP] = "g.offence_group"
    found["involvements.relationship"] = "r.relationship"
    for role in ("suspect", "victim"):
        found |= {f"{role}.{field.name}": f"{role}.{field.name}" for field in TABLES["persons"].fields}
    return found


def read_question(path: Path) -> Question:
    """The question of a TOML file; raises InputError with one sentence that echoes no value."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        raise InputError("QUESTION", "takes a TOML file that can be read, with name, needs and where.") from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise InputError(None, "The question's file is not valid TOML; it holds name, needs and a table where.") from None
    return check_question(content)


def check_question(content: dict[str, Any]) -> Question:
    """A question from plain content; InputError names what is wrong and what is allowed."""
    try:
        question = Question.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] == "extra_forbidden":
            raise InputError(None, "The question's file has a key that is not known; allowed are name, needs and where.") from None
        name = first["loc"][0] if first["loc"] and first["loc"][0] in Question.model_fields else "content"
        raise InputError(
            None,
            f"The question's {name} is missing or not valid; name is text, needs a list of fields, where fields with lists of text.",
        ) from None
    if {*question.needs, *question.where} - set(fields()):
        raise InputError(
            None,
            "The question names a field that is not known; write crimes.FIELD, suspect.FIELD, victim.FIELD, involvements.relationship "
            f"or {GROUP}, with a field of that table.",
        )
    return question


def answer(connection: duckdb.DuckDBPyConnection, forces: list[str], question: Question) -> pd.DataFrame:
    """A row a force: force, may_be_meant, certainly_meant, answerable, joint (answerable ÷ may_be_meant), low, high (Wilson, 95 %:
    what another extract of the same process may give), lowest_field, lowest_filled (the least filled field and its share, of those
    that may be meant). Figures over fewer than 10 crimes are null.
    """
    names = sorted({*question.needs, *question.where})
    table = _values(connection, names)
    columns = {name: f'"{name}"' for name in names}
    may = " AND ".join(f"({columns[name]} IS NULL OR {columns[name]} IN (SELECT unnest(?)))" for name in question.where) or "true"
    certain = " AND ".join(f"{columns[name]} IS NOT NULL" for name in question.where) or "true"
    filled = " AND ".join(f"{columns[name]} IS NOT NULL" for name in question.needs)
    each = ", ".join(f"count({column})" for column in columns.values())
    counted = connection.execute(
        f"""
        SELECT force, count(*), count(*) FILTER ({certain}), count(*) FILTER (({certain}) AND {filled}), {each}
        FROM ({table}) WHERE {may} GROUP BY force
        """,
        list(question.where.values()),
    ).fetchall()
    by_force = {row[0]: row[1:] for row in counted}
    rows = []
    for force in forces:
        meant, certainly, answerable, *each_filled = by_force.get(force, (0, 0, 0, *[0] * len(columns)))
        lowest = min(zip(each_filled, columns, strict=True)) if meant else (0, None)
        share = lowest[0] / meant if meant else np.nan
        rows.append((force, meant, certainly, answerable, lowest[1], share))
    frame = pd.DataFrame(rows, columns=["force", "may_be_meant", "certainly_meant", "answerable", "lowest_field", "lowest_filled"])
    joint, low, high = wilson(frame["answerable"].to_numpy(), frame["may_be_meant"].to_numpy())
    frame = frame.assign(joint=joint, low=low, high=high).astype({"certainly_meant": "Int64", "answerable": "Int64"})
    few = frame["may_be_meant"] < LEAST_GROUP
    frame.loc[few, ["certainly_meant", "answerable"]] = pd.NA
    frame.loc[few, ["joint", "low", "high", "lowest_filled"]] = np.nan
    return frame.astype({"may_be_meant": "Int64"}).assign(may_be_meant=lambda rows: rows["may_be_meant"].mask(few))


def _values(connection: duckdb.DuckDBPyConnection, names: list[str]) -> str:
    """SQL of a row a crime: force, and each field's value as text."""
    groups = reference("offences")[["offence_code", "offence_group"]]
    connection.register("question_groups", groups)
    known = {row[0] for row in connection.execute("DESCRIBE SELECT * FROM crimes").fetchall()}
    crimes_only = "coalesce(c.record_class NOT IN ('cancelled', 'non_crime_incident'), true)" if "record_class" in known else "true"
    sql, joins = fields(), ["FROM crimes c"]
    if GROUP in names:
        joins.append("LEFT JOIN question_groups g ON g.offence_code = c.offence_code")
    if "involvements.relationship" in names:
        filled = _filled("relationship", "involvements", "relationship")
        joins.append(
            f"LEFT JOIN (SELECT crime_id, max({filled}) AS relationship FROM involvements GROUP BY crime_id) r ON r.crime_id = c.crime_id"
        )
    for role in ("suspect", "victim"):
        wanted = [name.partition(".")[2] for name in names if name.startswith(f"{role}.")]
        if wanted:
            parts = ", ".join(f"max({_filled(f'p.{name}', 'persons', name)}) AS {name}" for name in wanted)
            joins.append(
                f"LEFT JOIN (SELECT i.crime_id, {parts} FROM involvements i JOIN persons p ON p.person_id = i.person_id "
                f"WHERE i.role = '{role}' GROUP BY i.crime_id) {role} ON {role}.crime_id = c.crime_id"
            )
    selected = []
    for name in names:
        table, _, field = name.partition(".")
        value = _filled(sql[name], "crimes", field) if table == "crimes" and name != GROUP else f"{sql[name]}::VARCHAR"
        selected.append(f'{value} AS "{name}"')
    return f"SELECT c.force, {', '.join(selected)} {' '.join(joins)} WHERE {crimes_only}"


def _filled(sql: str, table: str, field: str) -> str:
    """A value as text, null where it is blank or a code that says "not known"."""
    unknown = ", ".join(f"'{code}'" for code in ("", *TABLES[table].field(field).unknown))
    return f"CASE WHEN trim({sql}::VARCHAR) NOT IN ({unknown}) THEN trim({sql}::VARCHAR) END"


def as_text(found: pd.DataFrame, question: Question) -> str:
    """The answer in sentences, a force a line."""
    lines = [question.name]
    for row in found.itertuples():
        if pd.isna(row.may_be_meant):
            lines.append(f"  {row.force}: fewer than {LEAST_GROUP} crimes may be meant, so nothing is shown.")
            continue
        lines.append(
            f"  {row.force}: between {row.certainly_meant:,} and {row.may_be_meant:,} crimes; {row.answerable:,} have all that the question "
            f"needs, {row.joint:.1%}; least filled: {row.lowest_field}, {row.lowest_filled:.1%}"
        )
    return "\n".join(lines)
