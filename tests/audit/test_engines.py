"""Every engine of the registry: the same rows of checks, the same blanks, and columns that are left out read as missing."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import audit.engines.watch as watching
from audit.blanks import blank, placeholder
from audit.checks.types.joins import known, often
from audit.engines import ENGINES, connect, engine_of, frames
from synthetic import Dataset, load
from synthetic.contract import TABLES, blanks
from synthetic.dataset import file_hash
from synthetic.dataset.storage import holding_less
from synthetic.errors import InputError
from tests.audit.cluster import NO_SPARK
from tests.audit.counted import rows_on
from tests.audit.small import AS_OF, clean_data, write

MARKS = {
    "spark": [
        pytest.mark.deep,
        pytest.mark.skipif(
            NO_SPARK, reason="Spark or Java is not installed; install this project with the extra spark, and Java 17"
        ),
        pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
    ]
}

BLANK = ["", " ", "   ", "\t\n", "\u00a0", " \u00a0 ", "\u200b", "\u3000", "\u2003\u2009", "\ufeff", "\u2060", "\u00ad", "\u200e", "\u2028",
         "\u3164", "\u202f", "\x00", "\x7f", "\u180e", "\u2800"]  # fmt: skip
STANDS_FOR_NONE = ["UNKNOWN", "unknown", "Not Known", "NOT-KNOWN", "N/K", "n/k", "NK", "N/A", "#N/A", "<NA>", "NULL", "null", "(null)",
                   "NaN", "nan", "nil", "None", "TEST", "test", "-", "--", ".", "?", "*", "—", "…", "XXX", "xx", " N/A ", "\u00a0NULL\u00a0",
                   "Not stated", "anonymous", "tbc", "undefined", "[NULL]", "UNKNOWN.", "n / k"]  # fmt: skip
NAMES = ["Na", "Nan", "Null", "Test", "Nil", "Anon", "Noor", "Ng", "O", "O'Brien", "Anne-Marie", "Ünal", "李", "Å", "Nkosi", "Knight",
         "Testa", "Nulla", "Xu", "Unknow", "Nonette", "\u200bAda", "D.", "NAN"]  # fmt: skip
TEXTS = [*BLANK, *STANDS_FOR_NONE, *NAMES, None]


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, [])) for name in ENGINES])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine's name."""
    return str(request.param)


@pytest.fixture(scope="module")
def on_duckdb(small: Dataset) -> pd.DataFrame:
    return rows_on("duckdb", small)


def test_checks_have_the_same_rows_on_every_engine(engine: str, small: Dataset, on_duckdb: pd.DataFrame) -> None:
    there = rows_on(engine, small)
    assert "error" not in set(there["status"])
    pd.testing.assert_frame_equal(on_duckdb, there, check_dtype=False)


def test_blank_and_placeholder_are_the_same_on_every_engine_and_in_python_and_sql(engine: str, tmp_path: Path) -> None:
    data = clean_data(months=1, per_month=(len(TEXTS) + 1) // 2)
    for row, text in zip(data["persons"], TEXTS, strict=False):
        row["address"] = text
    data["persons"] = data["persons"][: len(TEXTS)]
    dataset = write(tmp_path / "data", data, AS_OF, ["testshire"])
    order = [row["person_id"] for row in data["persons"]]
    found_as = {"blank": blank("address"), "name": placeholder("address", "name"), "other": placeholder("address", "other")}
    with connect(dataset) as connection:
        frame = frames(engine, dataset, connection)["persons"].select("person_id", **found_as)
        rows = frame.collect(backend="pyarrow").to_native().to_pandas().set_index("person_id").loc[order]
        sql = connection.execute(
            f"SELECT person_id, {blanks.blank_sql('address')} AS blank, {blanks.placeholder_sql('address', 'name')} AS name, "
            f"{blanks.placeholder_sql('address')} AS other FROM persons"
        ).df()
    python = pd.DataFrame(
        {
            "blank": [blanks.is_blank(text) for text in TEXTS],
            "name": [blanks.is_placeholder(text, "name") for text in TEXTS],
            "other": [blanks.is_placeholder(text) for text in TEXTS],
        },
        index=pd.Index(order, name="person_id"),
    )
    pd.testing.assert_frame_equal(rows.astype(bool), python, check_index_type=False)
    pd.testing.assert_frame_equal(sql.set_index("person_id").loc[order], python, check_index_type=False)
    if engine == "spark":
        session = engine_of("spark").session()
        native = nw.to_native(frames_of(dataset, engine))
        native.createOrReplaceTempView("texts")
        query = (
            f"SELECT {blanks.blank_sql('address', 'spark')} AS blank, {blanks.placeholder_sql('address', 'name', 'spark')} AS name"
        )
        there = session.sql(f"SELECT person_id, * FROM (SELECT person_id, {query[7:]} FROM texts)").toPandas()
        there = there.loc[:, ~there.columns.duplicated()].set_index("person_id").loc[order]
        pd.testing.assert_frame_equal(there.astype(bool), python[["blank", "name"]], check_index_type=False)


def frames_of(dataset: Dataset, engine: str) -> nw.LazyFrame:
    with connect(dataset) as connection:
        return frames(engine, dataset, connection)["persons"]


def test_links_without_an_identifier_belong_to_no_crime_and_no_person(engine: str, tmp_path: Path) -> None:
    data = clean_data(months=1, per_month=10)
    data["crimes"][0]["crime_id"] = data["involvements"][-1]["crime_id"] = None
    data["persons"][0]["person_id"] = data["involvements"][-2]["person_id"] = None
    dataset = write(tmp_path / "data", data, AS_OF, ["testshire"])
    with connect(dataset) as connection:
        of = frames(engine, dataset, connection)
        joined = known("person_id", "persons")[1](of["involvements"], of).select(
            "crime_id", "person_id", "crime_known", "persons_known"
        )
        rows = joined.collect(backend="pyarrow").to_native().to_pandas()
    for name, found in (("crime_id", "crime_known"), ("person_id", "persons_known")):
        assert rows[name].isna().sum() == 1
        assert rows.loc[rows[name].isna(), found].isna().all()
        assert rows[found].notna().sum() > 5


@pytest.mark.parametrize("engine", [pytest.param(name, marks=MARKS.get(name, [])) for name in ENGINES])
def test_rows_come_together_by_several_columns_of_which_none_is_missing(engine: str, tmp_path: Path) -> None:
    data = clean_data(months=1, per_month=10)
    persons = data["persons"] = data["persons"][:6]
    for person, phone in zip(persons, ["06055500001", "06055500001", "06055500002", None, None, "06055500002"], strict=True):
        person["phone"] = phone
    persons[5]["postcode"] = persons[4]["postcode"] = persons[3]["postcode"] = persons[2]["postcode"] = "VA1 1AA"
    persons[1]["postcode"] = persons[0]["postcode"] = "VA1 1AB"
    column, (_, join) = often("persons", ("postcode", "phone"), 1)
    dataset = write(tmp_path / "data", data, AS_OF, ["testshire"])
    with connect(dataset) as connection:
        tables = frames(engine, dataset, connection)
        found = join(tables["persons"], tables).select("person_id", column).collect(backend="pyarrow").to_native().to_pandas()
    counted = found.set_index("person_id")[column].reindex([person["person_id"] for person in persons])
    assert counted.fillna(0).tolist() == [2, 2, 2, 0, 0, 2]


def test_what_is_blank_stands_for_none_and_is_a_name_is_as_listed() -> None:
    assert [text for text in BLANK if not blanks.is_blank(text)] == []
    assert [text for text in (*STANDS_FOR_NONE, *NAMES) if blanks.is_blank(text)] == []
    assert [text for text in STANDS_FOR_NONE if not blanks.is_placeholder(text, "name")] == []
    assert [text for text in (*NAMES, *BLANK) if blanks.is_placeholder(text, "name")] == []
    assert all(blanks.is_placeholder(text) for text in ("Null", "Nan", "NAN", "Na", "Test"))
    assert blanks.is_placeholder("No fixed abode", "address")


LEFT_OUT = [(table, field.name) for table in ("persons", "crimes", "involvements") for field in TABLES[table].fields
            if field.nullable and not field.optional]  # fmt: skip


def test_columns_that_a_dataset_leaves_out_read_as_missing(engine: str, tmp_path: Path) -> None:
    dataset = write(tmp_path / "data", clean_data(months=1, per_month=10), AS_OF, ["testshire"])
    manifest = tmp_path / "data" / "dataset.json"
    for table in ("persons", "crimes", "involvements"):
        path = dataset.files(table)[0]
        before = file_hash(path)
        without = pq.read_table(path).drop_columns([name for of, name in LEFT_OUT if of == table])
        pq.write_table(without, path)
        manifest.write_text(manifest.read_text().replace(before, file_hash(path)))
    rows = rows_on(engine, load(dataset.path))
    whole = rows[rows["month"].isna()].set_index("check_id")
    assert "error" not in set(whole["status"])
    for table, name in LEFT_OUT:
        row = whole.loc[f"missing.{table}.{name}"]
        assert row["failed"] == row["total"] > 0, (table, name)


def test_a_date_of_another_type_is_read_as_a_date(small: Dataset, tmp_path: Path, forge_table: Callable[..., None]) -> None:
    folder = Path(shutil.copytree(small.path, tmp_path / "data"))

    def change(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("outcome_on")
        return table.set_column(place, "outcome_on", pa.nulls(table.num_rows, pa.date32()))

    forge_table(folder, "crimes", change)
    pd.testing.assert_frame_equal(rows_on("duckdb", load(folder)), rows_on("pandas", load(folder)), check_dtype=False)


def test_an_engine_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="duckdb, pandas, spark"):
        engine_of("polars")


@pytest.mark.parametrize("counted", [0, 1])
def test_work_that_no_executor_does_is_given_up_though_a_lost_one_is_still_counted(
    counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = threading.Event()
    stages = {3: None, 4: SimpleNamespace(numActiveTasks=0)}
    tracker = SimpleNamespace(
        getActiveJobsIds=lambda: [] if given_up.is_set() else [1], getActiveStageIds=lambda: list(stages), getStageInfo=stages.get
    )
    memory = SimpleNamespace(size=lambda: 1 + counted)  # the driver counts too
    context = SimpleNamespace(
        statusTracker=lambda: tracker,
        cancelAllJobs=given_up.set,
        _jsc=SimpleNamespace(sc=lambda: SimpleNamespace(getExecutorMemoryStatus=lambda: memory)),
    )
    monkeypatch.setattr(watching, "EVERY", 0.01)
    watching.watch(SimpleNamespace(sparkContext=context), 0.05)
    assert given_up.wait(20)
    tracker.getActiveJobsIds = None  # an error ends the thread


def test_work_that_an_executor_does_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = threading.Event()
    tracker = SimpleNamespace(
        getActiveJobsIds=lambda: [1], getActiveStageIds=lambda: [4], getStageInfo=lambda stage: SimpleNamespace(numActiveTasks=1)
    )
    context = SimpleNamespace(
        statusTracker=lambda: tracker,
        cancelAllJobs=given_up.set,
        _jsc=SimpleNamespace(sc=lambda: SimpleNamespace(getExecutorMemoryStatus=lambda: SimpleNamespace(size=lambda: 2))),
    )
    monkeypatch.setattr(watching, "EVERY", 0.01)
    watching.watch(SimpleNamespace(sparkContext=context), 0.05)
    assert not given_up.wait(0.5)
    tracker.getActiveJobsIds = None


def test_a_database_holds_less_while_others_need_the_room(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def limit() -> str:
        return str(connection.sql("SELECT current_setting('memory_limit')").fetchall()[0][0])

    monkeypatch.setattr("synthetic.dataset.storage.LESS_MEMORY", "100MB")
    with connect(small) as connection:
        before = limit()
        connection.execute("CREATE TEMP TABLE much AS SELECT hash(range)::VARCHAR AS text FROM range(3_000_000)")
        with holding_less(connection):
            assert limit() != before
            held = connection.sql("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchall()[0][0]
            assert held <= 100_000_000
        assert limit() == before
        assert connection.sql("SELECT count(DISTINCT text) FROM much").fetchall() == [(3_000_000,)]
