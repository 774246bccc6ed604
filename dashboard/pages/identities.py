"""Duplicate identities: records a person, thresholds, the synthetic records of one cluster side by side, and why they matched."""

import itertools
from pathlib import Path

import pandas as pd
import streamlit as st

from audit import InputError
from audit.engines import connect
from audit.evaluation import IdentityScore, score_identities
from audit.linkage.look import FIELDS, MOST_CLUSTERS, MOST_SHOWN, Clusters, clusters_of, pairs_of, records_of
from audit.presentation.findings import diagnosis_table, identities_table, reliability_table
from audit.presentation.linkage import people_table
from audit.presentation.records import side_by_side
from audit.presentation.tables import Cell, Table
from audit.presentation.wording import count, field_title, percent, plural
from audit.statistics import LEAST_GROUP
from dashboard.cache import View, changed_at, clusters_key, once
from dashboard.jobs import result_of
from dashboard.widgets import EVERYWHERE, choose_force, choose_instrument, downloads, folded, show_table
from synthetic.dataset import Dataset


def show(view: View) -> None:
    """Draw the page."""
    instrument, force = choose_instrument(view), choose_force(view)
    _rates(view, instrument, force)
    downloads(lambda: _summary(view, force), "identity-summary", "identity_summary")
    _clusters(view)
    _sizes_and_thresholds(view, force)
    folded("If records were joined from another probability", "another-probability", lambda: _another_probability(view))
    folded("Can the probabilities be relied on? Compared with the truth", "reliability", lambda: _reliability(view))
    st.header("The same person, several records?", anchor=False)
    _cluster(view)


@once
def _rates(view: View, instrument: str, force: str) -> None:
    show_table(identities_table(view.results, instrument, force))


def _summary(view: View, force: str) -> pd.DataFrame:
    summary = view.results["identity_summary"]
    return summary if force == EVERYWHERE else summary[summary["force"] == force].reset_index(drop=True)


@once
def _sizes_and_thresholds(view: View, force: str) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        show_table(_sizes(view, force))
    with right:
        show_table(_thresholds(view))
    show_table(diagnosis_table(view.results, None if force == EVERYWHERE else force))
    left_out = view.results.summary.identity.left_out
    if left_out:
        fields = ", ".join(field_title(name) for name in left_out)
        st.caption(f"Fields that no two records have, and so were not compared: {fields}.")


def _another_probability(view: View) -> None:
    """The people that the records would stand for, read from the tree of merges; nothing is linked again."""
    choices = sorted(view.results["identity_people"]["threshold"].unique())
    used = view.results.summary.identity.threshold
    nearest = min(choices, key=lambda one: abs(one - used))
    chosen = st.select_slider(
        "Join records from this probability on",
        choices,
        nearest,
        format_func=lambda one: f"{one:.3g}" + (" (used)" if one == nearest else ""),
        key="join-from",
        help="Lower joins more records, of which more are wrong. The audit uses the one with the highest expected F1.",
    )
    show_table(people_table(view.results, float(chosen)))


def _reliability(view: View) -> None:
    try:
        dataset = view.dataset()
    except InputError as error:
        st.info(str(error))
        return
    if not view.results.summary.dataset.has_truth:
        st.info("This dataset has no truth, so nobody can say how often the probabilities are right.")
        return
    key = f"reliability {view.folder} {changed_at(view.folder)}"
    scored = result_of(key, "Comparing pairs with the truth", lambda progress: _scored(view, dataset))
    show_table(reliability_table(scored.reliability))


def _scored(view: View, dataset: Dataset) -> IdentityScore:
    with connect(dataset) as connection:
        return score_identities(connection, view.results["identities"], view.results["identity_pairs"])


def _clusters(view: View) -> Clusters:
    return result_of(clusters_key(view.folder), "Counting the clusters", lambda progress: clusters_of(view.folder))


def _sizes(view: View, force: str) -> Table:
    if force != EVERYWHERE:
        pairs = view.results["identity_summary"].set_index("force").loc[force]
        rows = [
            [Cell("Records"), Cell(count(pairs["records"]), number=True)],
            [Cell("Clusters"), Cell(count(pairs["clusters"]), number=True)],
        ]
        return Table("Clusters in this force", ["What", "How many"], rows)
    sizes = _clusters(view).sizes
    few = {size: number for size, number in sizes.items() if size <= MOST_SHOWN}
    more = sum(sizes.values()) - sum(few.values())
    rows = [[Cell(plural(size, "record")), Cell(_clusters_counted(number), number=True)] for size, number in few.items()]
    if more:
        rows.append([Cell(f"more than {MOST_SHOWN} records"), Cell(_clusters_counted(more), number=True)])
    return Table("Records a person, as found", ["A person with", "How many"], rows, "All forces together, across forces too.")


def _clusters_counted(number: int) -> str:
    return count(number) if number >= LEAST_GROUP else f"fewer than {LEAST_GROUP}"


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
    used = (
        f"Used here: from {percent(summary.threshold)} on; {percent(summary.expected_precision)} of the pairs joined are expected to be right, "
        f"and {percent(summary.expected_recall)} of all true pairs to be found."
    )
    return Table(
        "Pairs of records at other thresholds",
        ["From probability", "Pairs", "Expected to be right", "Expected to be found"],
        rows,
        f"All forces together, across forces too. Expected from the pairs' own probabilities and the pairs that share no key. {used}",
    )


def _cluster(view: View) -> None:
    """One cluster's synthetic records side by side; no accusation and no score is shown."""
    examples = _clusters(view).examples
    if not examples:
        st.info("No two records were judged to be the same person.", icon=":material/info:")
        return
    wanted = st.selectbox("Records in the cluster", ["any", *sorted(examples)], key="size")
    chosen = sorted(itertools.chain.from_iterable(examples.values())) if wanted == "any" else examples[int(str(wanted))]
    most = min(len(chosen), MOST_CLUSTERS)
    number = st.number_input(f"Which of {most} examples", 1, most, 1, key="cluster", bind="query-params")
    members = chosen[int(number) - 1]
    try:
        dataset = view.dataset()
    except InputError as error:
        st.info(str(error), icon=":material/folder_open:")
        return
    st.html(side_by_side(_records(dataset, tuple(members)), FIELDS))
    st.caption("Synthetic records, letter for letter; what differs from the first record is marked.")
    show_table(_why(view, members))


@st.cache_data(max_entries=200, show_spinner="Reading the records", hash_funcs={Dataset: lambda dataset: str(dataset.path)})
def _records(dataset: Dataset, members: tuple[str, ...]) -> pd.DataFrame:
    return records_of(dataset, members)


@st.cache_data(max_entries=200, show_spinner=False)
def _pairs(folder: Path, changed: int, members: tuple[str, ...]) -> pd.DataFrame:
    return pairs_of(folder, members)


def _why(view: View, members: list[str]) -> Table:
    mine = _pairs(view.folder, changed_at(view.folder), tuple(members))
    place = {person: number + 1 for number, person in enumerate(sorted(members))}
    weights = [name for name in mine if name.startswith("weight_")]
    rows = [
        [
            Cell(f"Records {place[row['person_id_l']]} and {place[row['person_id_r']]}"),
            Cell("over 99.9%" if row["probability"] > 0.9995 else percent(row["probability"]), number=True),
            *(Cell(f"{row[name]:+.1f}".replace("-", "−"), number=True) for name in weights),
        ]
        for row in mine.to_dict("records")
    ]
    return Table(
        "Why they matched",
        ["Pair", "Same person", *(field_title(name.removeprefix("weight_")) for name in weights)],
        rows,
        "The probability that both records are of the same person, and what each field says for it against strangers, in bits: "
        "+1 makes it twice as likely, −1 half as likely. The probability also counts how likely two people of one home, or a "
        "parent and child of one name, are; so a shared address and telephone alone never join two records.",
    )
