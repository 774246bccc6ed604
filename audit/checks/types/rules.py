"""The check types that look at rows: each function turns one declaration into Narwhals expressions, the same on every engine."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from typing import Any

import narwhals as nw

from audit.checks.catalogue.declaration import Check
from audit.engines import LINKS, Frames
from synthetic.contract import TABLES

Frame = nw.LazyFrame[Any]
Join = tuple[str, Callable[[Frame, Frames], Frame]]


@dataclass(frozen=True)
class Rule:
    """What a check counts: rows that fail, among the rows it is about (None: all of them).

    ``joins`` bring columns from elsewhere that both may use; a join of one name is made once, whoever asks for it. So it is
    with ``columns``, told of the row itself. Where a row counts as more or less than one, the weights say how much.
    """

    failed: nw.Expr
    counted: nw.Expr | None = None
    joins: tuple[Join, ...] = ()
    columns: tuple[tuple[str, nw.Expr], ...] = ()
    failed_weight: nw.Expr | None = None
    counted_weight: nw.Expr | None = None


@dataclass(frozen=True)
class Context:
    """What a check may need beside the rows: the last day of the data."""

    as_of: date


def missing(check: Check, context: Context) -> Rule:
    """The field is null, or text with nothing but blanks."""
    return Rule(_absent(check.table, check.field))


def unknown_code(check: Check, context: Context) -> Rule:
    """The field says that its value is not known."""
    return Rule(nw.col(check.field).is_in(list(check.parameters["codes"])).fill_null(False))


def code_not_in_list(check: Check, context: Context) -> Rule:
    """The field has a value that is not in the list."""
    present = ~_absent(check.table, check.field)
    return Rule(present & ~nw.col(check.field).is_in(list(check.parameters["codes"])), present)


def pattern(check: Check, context: Context) -> Rule:
    """The field has a value that does not match the regular expression."""
    present = ~_absent(check.table, check.field)
    return Rule(present & ~_matches(check), present)


def placeholder(check: Check, context: Context) -> Rule:
    """The field has a value that stands for none."""
    present = ~_absent(check.table, check.field)
    return Rule(present & _matches(check).fill_null(False), present)


def range(check: Check, context: Context) -> Rule:
    """A number is below the least sensible one, or a date lies too many years before or after another."""
    column, told = nw.col(check.field), check.parameters
    if "least" in told:
        return Rule((column < told["least"]).fill_null(False), ~column.is_null())
    begin, end = (column, nw.col(told["since"])) if "since" in told else (nw.col(told["from_"]), column)
    both = ~begin.is_null() & ~end.is_null()
    return Rule(both & (end > begin.dt.offset_by(f"{round(told['most_years'] * 365.25)}d")), both)


def key_twice(check: Check, context: Context) -> Rule:
    """Another row has the same key. With a ``keep`` column, the row of the smallest value in it is not counted.

    Rows without some part of the key are left out.
    """
    return _shared(check, most=1)


def same_event_twice(check: Check, context: Context) -> Rule:
    """The same event is recorded by another row, under another key or the same one; of n such rows n - 1 are counted.

    Nothing may tell rows of one key apart, so that each of n counts as (n - 1) / n.
    """
    by_event = _shared(check, most=1)
    identifier = TABLES[check.table].key[0]
    often = f"{check.table}_of_one_key"

    def join(frame: Frame, frames: Frames) -> Frame:
        wanted = frames[check.table].filter(~nw.col(identifier).is_null())
        counts = wanted.group_by(identifier).agg(nw.len().alias(often)).filter(nw.col(often) > 1)
        return frame.join(counts, on=identifier, how="left")

    twice = ~nw.col(often).is_null()
    part = nw.when(twice).then((nw.col(often) - 1) / nw.col(often)).otherwise(nw.lit(0.0))
    weight = nw.when(by_event.failed).then(nw.lit(1.0)).otherwise(part)
    counted = twice if by_event.counted is None else by_event.counted | twice
    return Rule(by_event.failed | twice, counted, (*by_event.joins, (often, join)), by_event.columns, weight)


def any_of(check: Check, context: Context) -> Rule:
    """The row fails any of other checks of its table, by their own rules; of the rows that any of them is about."""
    from audit.checks.catalogue import check as declared  # the catalogue imports declarations, not rules

    found = [declared(name) for name in check.parameters["of"]]
    rules = [ROW_TYPES[one.type](one, context) for one in found if one is not None]
    failed = [rule.failed.fill_null(False) for rule in rules]
    counted = [nw.lit(True) if rule.counted is None else rule.counted for rule in rules]
    return Rule(
        reduce(lambda one, other: one | other, failed),
        reduce(lambda one, other: one | other, counted),
        tuple(join for rule in rules for join in rule.joins),
        tuple(column for rule in rules for column in rule.columns),
    )


def linked_records(check: Check, context: Context) -> Rule:
    """Of the person records that a crime links in a role, those without a good value; a crime without any is one bad record."""
    role, field, good = (check.parameters[name] for name in ("role", "field", "good"))
    records, right = f"{role}_records", f"{role}_records_right"

    def join(frame: Frame, frames: Frames) -> Frame:
        is_good = nw.col(field).is_in(list(good)).fill_null(False).cast(nw.Int64)
        # Of two records of one identifier the worse one counts, on every engine.
        people = frames["persons"].with_columns(**{right: is_good}).group_by("person_id").agg(nw.col(right).min())
        links = frames[LINKS].filter((nw.col("role") == role).fill_null(False)).select("crime_id", "person_id").unique()
        counted = links.join(people, on="person_id", how="inner").group_by("crime_id")
        return frame.join(counted.agg(nw.len().alias(records), nw.col(right).sum()), on="crime_id", how="left")

    count = nw.col(records).fill_null(0)
    wrong = nw.when(count == 0).then(nw.lit(1)).otherwise(count - nw.col(right).fill_null(0))
    weight = nw.when(count == 0).then(nw.lit(1)).otherwise(count)
    return Rule(wrong > 0, None, ((check.id, join),), (), wrong, weight)


def shared_value(check: Check, context: Context) -> Rule:
    """More rows than ``most`` have the same value."""
    return _shared(check, check.parameters["most"])


def key_orphaned(check: Check, context: Context) -> Rule:
    """The row that the key names is not there."""
    present = ~nw.col(check.field).is_null()
    other = check.parameters["other"]
    if other == "crimes":  # every involvement has already been held against the crimes, for its month
        return Rule(present & nw.col("crime_known").is_null(), present)
    return Rule(present & nw.col(f"{other}_known").is_null(), present, (_known(check.field, other),))


def cardinality(check: Check, context: Context) -> Rule:
    """Fewer rows than ``least``, or more than ``most``, of another table belong to this one."""
    count = nw.col(check.parameters["column"]).fill_null(0)
    failed = count < check.parameters["least"] if "least" in check.parameters else count > check.parameters["most"]
    return Rule(failed, ~nw.col(check.field).is_null(), (_COUNTS[check.table],))


def order_of_dates(check: Check, context: Context) -> Rule:
    """A date lies after the one that must follow it, after the last day of the data, or before the earliest sensible day."""
    before = nw.col(check.parameters["before"])
    earliest = date.fromisoformat(check.parameters.get("earliest", "1920-01-01"))
    wrong = (before > context.as_of) | (before < earliest)
    if check.parameters["after"]:
        wrong = wrong | (before > nw.col(check.parameters["after"])).fill_null(False)
    return Rule(~before.is_null() & wrong, ~before.is_null())


def delay(check: Check, context: Context) -> Rule:
    """The second date is more than so many days after the first."""
    begin, end = nw.col(check.parameters["from"]), nw.col(check.parameters["to"])
    both = ~begin.is_null() & ~end.is_null()
    return Rule(both & (end > begin.dt.offset_by(f"{check.parameters['days']}d")), both)


def stale(check: Check, context: Context) -> Rule:
    """The field is still empty so many days after a date."""
    old = (nw.col(check.parameters["since"]) < context.as_of - timedelta(days=check.parameters["days"])).fill_null(False)
    return Rule(old & _absent(check.table, check.field), old)


def heaping(check: Check, context: Context) -> Rule:
    """The date is one on which dates are heaped by rote: a day of the month, of one month or of any; or another of its dates."""
    column = nw.col(check.field)
    if "same_as" in check.parameters:
        of_these = nw.col("offence_code").is_in(list(check.parameters["offences"])).fill_null(False) & ~column.is_null()
        return Rule(of_these & (column == nw.col(check.parameters["same_as"])).fill_null(False), of_these)
    on = column.dt.day() == check.parameters["day"]
    if "month" in check.parameters:
        on = on & (column.dt.month() == check.parameters["month"])
    return Rule(on.fill_null(False), ~column.is_null())


def required_when(check: Check, context: Context) -> Rule:
    """Where the conditions of ``among`` hold, that of ``then`` must hold."""
    among = _all(check, check.parameters["among"])
    then = _all(check, (check.parameters["then"],))
    return Rule(among & ~then, among, _joins(check, (*check.parameters["among"], check.parameters["then"])))


def contradiction(check: Check, context: Context) -> Rule:
    """Of the rows where the conditions of ``among`` hold, those where all conditions of ``wrong`` hold."""
    among = _all(check, check.parameters["among"])
    wrong = _all(check, check.parameters["wrong"])
    return Rule(among & wrong, among, _joins(check, (*check.parameters["among"], *check.parameters["wrong"])))


ROW_TYPES: dict[str, Callable[[Check, Context], Rule]] = {
    function.__name__: function
    for function in (
        missing,
        placeholder,
        unknown_code,
        code_not_in_list,
        pattern,
        range,
        key_twice,
        key_orphaned,
        same_event_twice,
        any_of,
        linked_records,
        shared_value,
        cardinality,
        order_of_dates,
        delay,
        stale,
        heaping,
        required_when,
        contradiction,
    )
}

# ---- parts -------------------------------------------------------------------------------------------------------------

CONDITIONS: dict[str, Callable[[nw.Expr, Any], nw.Expr]] = {
    "is": lambda column, value: (column == value).fill_null(False),
    "is or is blank": lambda column, value: (column == value).fill_null(True) | (column.str.strip_chars() == "").fill_null(True),
    "is in": lambda column, value: column.is_in(list(value)).fill_null(False),
    "is true": lambda column, value: column.fill_null(False),
    "at least": lambda column, value: (column >= value).fill_null(False),
    "is after": lambda column, value: (column > nw.col(value)).fill_null(False),
    "equals": lambda column, value: (column == nw.col(value)).fill_null(False),
    "differs from": lambda column, value: (column != nw.col(value)).fill_null(False),
}
"""The relations that conditions of a declaration may use, beside ``is present``."""
COUNTED = ("suspects", "victims", "partners", "strangers")


def _all(check: Check, listed: tuple[tuple[str, str, Any], ...]) -> nw.Expr:
    return reduce(lambda one, other: one & other, [_condition(check.table, *condition) for condition in listed])


def _condition(table: str, column: str, relation: str, value: Any) -> nw.Expr:
    if relation == "is present":
        return ~_absent(table, column)
    named = nw.col(column)
    return CONDITIONS[relation](named.fill_null(0) if column in COUNTED else named, value)


def _joins(check: Check, listed: tuple[tuple[str, str, Any], ...]) -> tuple[Join, ...]:
    named = {column for column, _, _ in listed}
    joins = [_COUNTS["crimes"]] if named & set(COUNTED) else []
    return (*joins, _known("person_id", "persons")) if "persons_force" in named else tuple(joins)


def with_blanks(frame: Frame, table: str) -> Frame:
    """The table with a column ``blank_…`` for each text field: null, or nothing but blanks. Told once, for all checks."""
    fields = [field.name for field in TABLES[table].fields if field.kind == "string"]
    return frame.with_columns(**{f"blank_{field}": _blank(field) for field in fields})


def _blank(field: str) -> nw.Expr:
    column = nw.col(field)
    # Blanks sort before all that is printed, so that hardly any value has to be stripped; stripping is slow.
    stripped = nw.when(column < "!").then(column.str.strip_chars() == "").otherwise(nw.lit(False))
    return column.is_null() | stripped.fill_null(False)


def _absent(table: str, field: str) -> nw.Expr:
    if field in TABLES[table].columns and TABLES[table].field(field).kind == "string":
        return nw.col(f"blank_{field}")
    return nw.col(field).is_null()


def _matches(check: Check) -> nw.Expr:
    return nw.col(check.field).str.contains(check.parameters["pattern"])


def _shared(check: Check, most: int) -> Rule:
    """More rows than ``most`` have the same key; only those are joined back, as a rule few: a window over all rows is slow."""
    key, keep = list(check.parameters["key"]), check.parameters.get("keep")
    name = check.id.replace(".", "_")  # to Spark a dot in a name is a field within a field
    often, kept = f"{name}_often", f"{name}_kept"

    def join(frame: Frame, frames: Frames) -> Frame:
        wanted = [nw.len().alias(often)] + ([nw.col(keep).min().alias(kept)] if keep else [])
        # Counted on the table as it is: what other checks have joined to it must not be computed for this again.
        counts = (
            frames[LINKS if check.table == "involvements" else check.table].group_by(key).agg(*wanted).filter(nw.col(often) > most)
        )
        return frame.join(counts, on=key, how="left")

    complete = ~nw.any_horizontal(*(nw.col(name).is_null() for name in key), ignore_nulls=False)
    failed = complete & ~nw.col(often).is_null()
    if keep:
        failed = failed & (nw.col(keep) != nw.col(kept)).fill_null(False)
    return Rule(failed, complete, ((check.id, join),))


def _known(field: str, other: str) -> Join:
    """Whether the row of another table that ``field`` names is there, and its force."""

    def join(frame: Frame, frames: Frames) -> Frame:
        there = frames[other].select(field, nw.lit(True).alias(f"{other}_known"), nw.col("force").alias(f"{other}_force"))
        return frame.join(there.unique(field, keep="any"), on=field, how="left")

    return other, join


def _links_of_crime(frame: Frame, frames: Frames) -> Frame:
    """Numbers of a crime's links as suspect and victim that lead to a person record, and of links by relationship."""
    there = frames["persons"].select("person_id", nw.lit(True).alias("on_record")).unique("person_id", keep="any")
    links, linked = frames[LINKS].join(there, on="person_id", how="left"), nw.col("on_record").fill_null(False)
    flags = {
        "suspects": (nw.col("role") == "suspect").fill_null(False) & linked,
        "victims": (nw.col("role") == "victim").fill_null(False) & linked,
        "partners": nw.col("relationship").is_in(["partner", "ex_partner"]).fill_null(False),
        "strangers": (nw.col("relationship") == "stranger").fill_null(False),
    }
    counted = links.select("crime_id", **{name: flag.cast(nw.Int64) for name, flag in flags.items()})
    return frame.join(counted.group_by("crime_id").agg(*(nw.col(name).sum() for name in flags)), on="crime_id", how="left")


def _crimes_of_person(frame: Frame, frames: Frames) -> Frame:
    """How many links to a person record as suspect there are; only of those that have more than a few."""
    suspects = frames[LINKS].filter(nw.col("role") == "suspect", ~nw.col("person_id").is_null())
    counted = suspects.group_by("person_id").agg(nw.len().alias("as_suspect")).filter(nw.col("as_suspect") > MANY)
    return frame.join(counted, on="person_id", how="left")


MANY = 10
_COUNTS: dict[str, Join] = {"crimes": ("links", _links_of_crime), "persons": ("crimes of person", _crimes_of_person)}
