"""Duplicate identities: records a person, thresholds, the synthetic records of one cluster side by side, and why they matched."""

import difflib
import html
import itertools
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import streamlit as st

from audit import InputError
from audit.engines import connect
from audit.report.content import Cell, Table, count, identities_table, percent
from dashboard.jobs import result_of
from dashboard.shell import EVERYWHERE, View, choose_force, choose_instrument, downloads, once, show_table
from synthetic.dataset import Dataset

FIELDS = ("forename", "surname", "date_of_birth", "sex", "address", "postcode", "phone", "force", "source_system")
WEIGHTS = {
    "weight_forename": "forename",
    "weight_surname": "surname",
    "weight_date_of_birth": "date of birth",
    "weight_place": "place",
    "weight_phone": "phone",
    "weight_sex": "sex",
}
MOST_SHOWN, MOST_CLUSTERS = 6, 200


def show(view: View) -> None:
    """Draw the page."""
    st.title("Duplicate identities", anchor=False)
    instrument, force = choose_instrument(), choose_force(view)
    _rates(view, instrument)
    downloads(lambda: view.results["identity_summary"], "identity-summary", "identity_summary")
    _of(view)
    _told(view, force)
    st.subheader("One person, several records?", anchor=False)
    _cluster(view, force)


@once
def _rates(view: View, instrument: str) -> None:
    results = view.results
    st.write(
        "How many people stand behind the person records, how sure that is, and what merging what was found would bring. "
        "No record is merged: it is a finding."
    )
    options = results.summary.options.model_copy(update={"instrument": instrument})
    show_table(identities_table(results.with_tables(results.summary.model_copy(update={"options": options}))))


@once
def _told(view: View, force: str) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        show_table(_sizes(view, force))
    with right:
        show_table(_thresholds(view))
    diagnosis = view.results["identity_diagnosis"]
    for row in diagnosis[diagnosis["force"].isna() | (diagnosis["force"] == force)].itertuples():
        st.caption(str(row.sentence))
    left_out = view.results.summary.identity.left_out
    if left_out:
        st.caption(f"Fields that no two records have, and so were not compared: {', '.join(left_out)}.")


@dataclass(frozen=True)
class Clusters:
    """Clusters of a results folder by number of records, and the first few of each size to be looked at: no more is kept."""

    sizes: dict[int, int]
    examples: dict[int, list[list[str]]]
    """Person identifiers of clusters, by their number of records; what is larger than is shown counts as the largest shown."""


def _clusters(folder: Path) -> Clusters:
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            """CREATE TEMP TABLE sized AS SELECT cluster_id, count(*) AS records FROM read_parquet(?) GROUP BY cluster_id""",
            [str(folder / "identities.parquet")],
        )
        sizes = connection.execute("SELECT records, count(*) FROM sized GROUP BY records ORDER BY records").fetchall()
        found = connection.execute(
            f"""WITH few AS (
                    SELECT cluster_id, least(records, {MOST_SHOWN}) AS shown FROM sized WHERE records > 1
                    QUALIFY row_number() OVER (PARTITION BY shown ORDER BY cluster_id) <= {MOST_CLUSTERS}
                )
                SELECT shown, list(person_id ORDER BY person_id)[:{MOST_SHOWN}]
                FROM read_parquet(?) JOIN few USING (cluster_id) GROUP BY cluster_id, shown ORDER BY cluster_id""",
            [str(folder / "identities.parquet")],
        ).fetchall()
    examples: dict[int, list[list[str]]] = {}
    for shown, members in found:
        examples.setdefault(int(shown), []).append(members)
    return Clusters({int(size): int(number) for size, number in sizes}, examples)


def _of(view: View) -> Clusters:
    key = f"clusters {view.folder} {(view.folder / 'audit.json').stat().st_mtime_ns}"
    return result_of(key, "Counting the clusters", lambda tell: _clusters(view.folder))


def _sizes(view: View, force: str) -> Table:
    if force != EVERYWHERE:
        pairs = view.results["identity_summary"].set_index("force").loc[force]
        rows = [
            [Cell("Records"), Cell(count(pairs["records"]), number=True)],
            [Cell("Clusters"), Cell(count(pairs["clusters"]), number=True)],
        ]
        return Table("Clusters in this force", ["What", "How many"], rows)
    sizes = _of(view).sizes
    rows = [
        [Cell(f"{size} record{'s' if size > 1 else ''}"), Cell(count(number), number=True)]
        for size, number in sizes.items()
        if size <= MOST_SHOWN
    ]
    more = sum(number for size, number in sizes.items() if size > MOST_SHOWN)
    rows.append([Cell(f"more than {MOST_SHOWN}"), Cell(count(more), number=True)])
    return Table(
        "Records a person, as clusters have them", ["A person with", "How many"], rows, "All forces together, across forces too."
    )


def _thresholds(view: View) -> Table:
    summary = view.results.summary.identity
    rows = [
        [
            Cell(f"{row.threshold:g}"),
            Cell(count(row.pairs), number=True),
            Cell(percent(row.expected_precision), number=True),
            Cell(percent(row.expected_recall), number=True),
        ]
        for row in view.results["identity_thresholds"].itertuples()
    ]
    used = f"Used here: {summary.threshold:.4f}, with {percent(summary.expected_precision)} and {percent(summary.expected_recall)}."
    return Table(
        "Pairs of records at other thresholds",
        ["From probability", "Pairs", "Expected to be right", "Expected to be found"],
        rows,
        f"Expected from the pairs' own probabilities. {used}",
    )


def _cluster(view: View, force: str) -> None:
    """One cluster's synthetic records side by side; nothing of what anybody is accused of, and no score, stands here."""
    examples = _of(view).examples
    if not examples:
        st.info("No two records were taken for one person's.", icon=":material/info:")
        return
    wanted = st.selectbox("Records in the cluster", ["any", *sorted(examples)], key="size")
    chosen = sorted(itertools.chain.from_iterable(examples.values())) if wanted == "any" else examples[int(str(wanted))]
    number = st.number_input(
        f"Which of {min(len(chosen), MOST_CLUSTERS)} examples",
        1,
        min(len(chosen), MOST_CLUSTERS),
        1,
        key="cluster",
        bind="query-params",
    )
    members = chosen[int(number) - 1]
    try:
        dataset = view.dataset()
    except InputError as error:
        st.info(str(error), icon=":material/folder_open:")
        return
    records = _records(dataset, tuple(members))
    st.html(side_by_side(records))
    st.caption("Synthetic records, letter for letter; what differs from the first record is marked.")
    show_table(_why(view, members))


@st.cache_data(max_entries=200, show_spinner="Reading the records", hash_funcs={Dataset: lambda dataset: str(dataset.path)})
def _records(dataset: Dataset, members: tuple[str, ...]) -> pd.DataFrame:
    with connect(dataset) as connection:
        return connection.execute(
            f"SELECT person_id, {', '.join(FIELDS)} FROM persons WHERE person_id IN (SELECT unnest(?)) ORDER BY person_id",
            [list(members)],
        ).df()


@st.cache_data(max_entries=200, show_spinner=False)
def _pairs(folder: Path, changed: int, members: tuple[str, ...]) -> pd.DataFrame:
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        return connection.execute(
            """SELECT * FROM read_parquet(?) WHERE person_id_l IN (SELECT unnest(?)) AND person_id_r IN (SELECT unnest(?))
               ORDER BY person_id_l, person_id_r""",
            [str(folder / "identity_pairs.parquet"), list(members), list(members)],
        ).df()


def side_by_side(records: pd.DataFrame) -> str:
    """Records as columns and fields as rows, with the parts that differ from the first record marked."""
    head = "".join(f"<th scope='col'>Record {place + 1}</th>" for place in range(len(records)))
    lines = []
    for field in FIELDS:
        texts = [
            "" if pd.isna(value) else f"{value:%Y-%m-%d}" if hasattr(value, "year") else str(value) for value in records[field]
        ]
        cells = [html.escape(texts[0]) or "<em>blank</em>", *(_marked(texts[0], text) for text in texts[1:])]
        lines.append(
            f"<tr><th scope='row'>{field.replace('_', ' ')}</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        )
    return (
        "<div class='bench-scroll' tabindex='0' role='region' aria-label='Records side by side'><table class='bench'>"
        f"<caption>Records that are taken for one person's</caption><thead><tr><th scope='col'>Field</th>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _marked(first: str, other: str) -> str:
    if not other:
        return "<em>blank</em>"
    if not first:
        return f"<mark>{html.escape(other)}</mark>"
    parts = []
    for kind, _, _, begin, end in difflib.SequenceMatcher(None, first, other, autojunk=False).get_opcodes():
        text = html.escape(other[begin:end])
        parts.append(text if kind == "equal" else f"<mark>{text or '·'}</mark>")
    return "".join(parts)


def _why(view: View, members: list[str]) -> Table:
    mine = _pairs(view.folder, (view.folder / "audit.json").stat().st_mtime_ns, tuple(members))
    place = {person: number + 1 for number, person in enumerate(sorted(members))}
    rows = [
        [
            Cell(f"Records {place[row.person_id_l]} and {place[row.person_id_r]}"),
            Cell("over 99.9%" if row.probability > 0.9995 else f"{row.probability:.1%}", number=True),
            *(Cell(f"{getattr(row, name):+.1f}".replace("-", "−"), number=True) for name in WEIGHTS),
        ]
        for row in mine.itertuples()
    ]
    return Table(
        "Why they matched",
        ["Pair", "Same person", *(f"By {name}" for name in WEIGHTS.values())],
        rows,
        "The probability that both records are of the same person, and what each field says for it against strangers, in bits: "
        "+1 makes it twice as likely, −1 half as likely. The probability also counts how likely two people of one home, or a "
        "parent and child of one name, are; so a shared address and telephone alone never join two records.",
    )
