"""Duplicate identities: records a person, thresholds, the synthetic records of one cluster side by side, and why they matched."""

import difflib
import html

import pandas as pd
import streamlit as st

from audit import InputError
from audit.engines import connect
from audit.report.content import Cell, Table, count, identities_table, percent
from audit.results import Results
from dashboard.frame import EVERYWHERE, View, choose_force, choose_instrument, downloads, show_table

FIELDS = ("forename", "surname", "date_of_birth", "sex", "address", "postcode", "phone", "force", "source_system")
WEIGHTS = {
    "weight_names": "names",
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
    results = view.results
    summary = results.summary.identity
    rate = results["identity_summary"]
    st.write(
        "How many people stand behind the person records, how sure that is, and what merging what was found would bring. "
        "No record is merged: it is a finding."
    )
    options = results.summary.options.model_copy(update={"instrument": instrument})
    told = Results(results.summary.model_copy(update={"options": options}), results.tables, results.identity_model)
    show_table(identities_table(told))
    downloads(rate, "identity-summary", "identity_summary")
    left, right = st.columns(2, gap="large")
    with left:
        show_table(_sizes(view, force))
    with right:
        show_table(_thresholds(view))
    if summary.left_out:
        st.caption(f"Fields that no two records have, and so were not compared: {', '.join(summary.left_out)}.")
    st.subheader("One person, several records?", anchor=False)
    _cluster(view, force)


def _sizes(view: View, force: str) -> Table:
    clusters = view.results["identities"]["cluster_id"].value_counts()
    if force != EVERYWHERE:
        pairs = view.results["identity_summary"].set_index("force").loc[force]
        rows = [
            [Cell("Records"), Cell(count(pairs["records"]), number=True)],
            [Cell("Clusters"), Cell(count(pairs["clusters"]), number=True)],
        ]
        return Table("Clusters in this force", ["What", "How many"], rows)
    sizes = clusters.value_counts().sort_index()
    few = sizes[sizes.index <= MOST_SHOWN]
    rows = [[Cell(f"{size} record{'s' if size > 1 else ''}"), Cell(count(number), number=True)] for size, number in few.items()]
    more = int(sizes[sizes.index > MOST_SHOWN].sum())
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
    identities = view.results["identities"]
    sizes = identities["cluster_id"].value_counts()
    several = sizes[sizes > 1].sort_index()
    if several.empty:
        st.info("No two records were taken for one person's.", icon=":material/info:")
        return
    wanted = st.selectbox("Records in the cluster", ["any", *sorted({min(int(size), MOST_SHOWN) for size in several})], key="size")
    chosen = several if wanted == "any" else several[several.clip(upper=MOST_SHOWN) == wanted]
    number = st.number_input(
        f"Which of {min(len(chosen), MOST_CLUSTERS)} examples",
        1,
        min(len(chosen), MOST_CLUSTERS),
        1,
        key="cluster",
        bind="query-params",
    )
    cluster = chosen.index[int(number) - 1]
    members = identities.loc[identities["cluster_id"] == cluster, "person_id"].head(MOST_SHOWN).tolist()
    try:
        dataset = view.dataset()
    except InputError as error:
        st.info(str(error), icon=":material/folder_open:")
        return
    with connect(dataset) as connection:
        records = connection.execute(
            f"SELECT person_id, {', '.join(FIELDS)} FROM persons WHERE person_id IN (SELECT unnest(?)) ORDER BY person_id",
            [members],
        ).df()
    st.html(side_by_side(records))
    st.caption("Synthetic records, letter for letter; what differs from the first record is marked.")
    show_table(_why(view, members))


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
    pairs = view.results["identity_pairs"]
    mine = pairs[pairs["person_id_l"].isin(members) & pairs["person_id_r"].isin(members)]
    place = {person: number + 1 for number, person in enumerate(sorted(members))}
    rows = [
        [
            Cell(f"Records {place[row.person_id_l]} and {place[row.person_id_r]}"),
            Cell("certain" if row.probability > 0.9995 else f"{row.probability:.1%}", number=True),
            *(Cell(f"{getattr(row, name):+.1f}".replace("-", "−"), number=True) for name in WEIGHTS),
        ]
        for row in mine.itertuples()
    ]
    return Table(
        "Why they matched",
        ["Pair", "One person's", *(f"By {name}" for name in WEIGHTS.values())],
        rows,
        "How sure it is that both are one person's, and what each part says for it in bits: +1 makes it twice as likely, −1 half. "
        "It is of two records and whether they are one person's; of what anybody is accused it says nothing.",
    )
