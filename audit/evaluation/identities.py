"""Duplicate identities compared with the truth: pairs, records, by kind of defect and by group."""

import itertools

import duckdb
import pandas as pd
from pydantic import BaseModel, ConfigDict

from audit.statistics import LEAST_GROUP
from synthetic.contract import reference

"""Kinds and groups with fewer true pairs are not shown."""


class PartScore(BaseModel):
    """Pairs of records of the same person, of one kind of defect or one group: how many there are, and how many were joined.

    ``precision`` is given for groups: of the pairs joined in which a record is of the group, the share that is right.
    """

    model_config = ConfigDict(frozen=True)

    attribute: str
    value: str
    pairs: int
    recall: float
    precision: float | None = None


class Reliability(BaseModel):
    """Pairs whose probability lies in a range: how many, the probability on average, and the share that is truly one person."""

    model_config = ConfigDict(frozen=True)

    low: float
    high: float
    pairs: int
    expected: float
    true: float


class IdentityScore(BaseModel):
    """Clusters compared with the true people. Shares are None where there is nothing to divide by.

    A pair is true when the two records have a person in common. B-cubed averages over records (Bagga and Baldwin 1998): of a
    record's cluster the share that is its person's, and of its person's records the share that is in its cluster.
    """

    model_config = ConfigDict(frozen=True)

    records: int
    true_pairs: int
    joined_pairs: int
    precision: float | None
    recall: float | None
    f1: float | None
    b_cubed_precision: float | None
    b_cubed_recall: float | None
    b_cubed_f1: float | None
    overlaid_records: int
    """Records that two people share: no comparison of records can see them."""
    parts: list[PartScore]
    reliability: list[Reliability] = []
    wrong_pairs: dict[str, int] = {}
    """Pairs joined wrongly, by what the two people have in common."""
    missed_pairs: dict[str, int] = {}
    """Pairs of the same person that were not joined, by what the records do not have in common."""


def score_identities(
    connection: duckdb.DuckDBPyConnection, identities: pd.DataFrame, pairs: pd.DataFrame | None = None
) -> IdentityScore:
    """Compare clusters (``identities.parquet``), and probabilities of ``identity_pairs`` where given, with the truth of a
    dataset's tables on a connection.
    """
    connection.register("found_identities", identities)
    connection.register("ethnicity_groups", reference("ethnicities")[["ethnicity", "ethnicity_group"]])
    connection.execute(_PAIRS)
    counts = connection.execute(
        """
        SELECT (SELECT count(*) FROM found_identities), (SELECT count(*) FROM true_pairs), (SELECT count(*) FROM joined_pairs),
               (SELECT count(*) FROM true_pairs WHERE joined),
               (SELECT count(*) FROM (SELECT person_id FROM truth_identities GROUP BY person_id HAVING count(*) > 1))
        """
    ).fetchall()[0]
    records, true, joined, right, overlaid = (int(count) for count in counts)
    precision, recall = _share(right, joined), _share(right, true)
    cubed = connection.execute(
        """
        WITH owned AS (SELECT person_id, min(person_key) AS person FROM truth_identities GROUP BY person_id),
             sized AS (
                SELECT count(*) OVER (PARTITION BY cluster_id) AS of_cluster, count(*) OVER (PARTITION BY person) AS of_person,
                       count(*) OVER (PARTITION BY cluster_id, person) AS of_either
                FROM found_identities JOIN owned USING (person_id)
             )
        SELECT avg(of_either / of_cluster), avg(of_either / of_person) FROM sized
        """
    ).fetchall()[0]
    return IdentityScore(
        records=records,
        true_pairs=true,
        joined_pairs=joined,
        precision=precision,
        recall=recall,
        f1=_harmonic(precision, recall),
        b_cubed_precision=cubed[0],
        b_cubed_recall=cubed[1],
        b_cubed_f1=_harmonic(*cubed),
        overlaid_records=overlaid,
        parts=[
            PartScore(**row) for row in connection.execute(_PARTS).df().astype(object).replace({pd.NA: None}).to_dict("records")
        ],
        reliability=[] if pairs is None else _reliability(connection, pairs),
        wrong_pairs=dict(connection.execute(_WRONG).fetchall()),
        missed_pairs=dict(connection.execute(_MISSED).fetchall()),
    )


def identities_as_markdown(scored: IdentityScore) -> str:
    """The score as Markdown tables."""
    lines = ["| duplicate identities | precision | recall | F1 |", "|---|--:|--:|--:|"]
    for name, shares in (
        (f"pairs ({scored.true_pairs:,} true)", (scored.precision, scored.recall, scored.f1)),
        (f"records, B-cubed ({scored.records:,})", (scored.b_cubed_precision, scored.b_cubed_recall, scored.b_cubed_f1)),
    ):
        lines.append(f"| {name} | {' | '.join('–' if share is None else f'{share:.3f}' for share in shares)} |")
    lines += ["", "| pairs by | | true | found | precision |", "|---|---|--:|--:|--:|"]
    for part in scored.parts:
        precision = "" if part.precision is None else f"{part.precision:.1%}"
        lines.append(f"| {part.attribute} | {part.value} | {part.pairs:,} | {part.recall:.1%} | {precision} |")
    if scored.reliability:
        lines += ["", "| probability | pairs | expected to be right | right |", "|---|--:|--:|--:|"]
        for row in scored.reliability:
            lines.append(f"| {row.low:g} to {row.high:g} | {row.pairs:,} | {row.expected:.1%} | {row.true:.1%} |")
    for title, counts in (("joined wrongly", scored.wrong_pairs), ("of the same person, not joined", scored.missed_pairs)):
        if counts:
            lines += ["", f"| pairs {title} | |", "|---|--:|", *(f"| {kind} | {count:,} |" for kind, count in counts.items())]
    lines += ["", f"Records that two people share, which no comparison of records can see: {scored.overlaid_records:,}."]
    return "\n".join(lines)


RANGES = (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999, 1.0)


def _reliability(connection: duckdb.DuckDBPyConnection, pairs: pd.DataFrame) -> list[Reliability]:
    """Pairs by range of probability; ranges with fewer than ``LEAST_GROUP`` pairs are left out."""
    connection.register("weighed_pairs", pairs[["person_id_l", "person_id_r", "probability"]])
    found = connection.execute(
        """SELECT probability, t.l IS NOT NULL AS is_true FROM weighed_pairs
           LEFT JOIN true_pairs t ON t.l = least(person_id_l, person_id_r) AND t.r = greatest(person_id_l, person_id_r)"""
    ).df()
    rows = []
    for low, high in itertools.pairwise(RANGES):
        inside = found[(found["probability"] >= low) & ((found["probability"] < high) | (high == 1.0))]
        if len(inside) >= LEAST_GROUP:
            expected, true = float(inside["probability"].mean()), float(inside["is_true"].mean())
            rows.append(Reliability(low=low, high=high, pairs=len(inside), expected=expected, true=true))
    return rows


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _harmonic(first: float | None, second: float | None) -> float | None:
    return 2 * first * second / (first + second) if first and second else None


_PAIRS = """
CREATE OR REPLACE TEMP TABLE true_pairs AS
SELECT DISTINCT a.person_id AS l, b.person_id AS r, min(a.person_key) OVER (PARTITION BY a.person_id, b.person_id) AS person_key,
       c.cluster_id = d.cluster_id AS joined
FROM truth_identities a JOIN truth_identities b ON a.person_key = b.person_key AND a.person_id < b.person_id
JOIN found_identities c ON c.person_id = a.person_id JOIN found_identities d ON d.person_id = b.person_id;
CREATE OR REPLACE TEMP TABLE joined_pairs AS
SELECT a.person_id AS l, b.person_id AS r, t.l IS NOT NULL AS is_true
FROM found_identities a JOIN found_identities b ON a.cluster_id = b.cluster_id AND a.person_id < b.person_id
LEFT JOIN true_pairs t ON t.l = a.person_id AND t.r = b.person_id;
CREATE OR REPLACE TEMP TABLE true_sides AS
SELECT l AS person_id, * FROM true_pairs UNION ALL SELECT r, * FROM true_pairs;
CREATE OR REPLACE TEMP TABLE joined_sides AS
SELECT l AS person_id, * FROM joined_pairs UNION ALL SELECT r, * FROM joined_pairs;
CREATE OR REPLACE TEMP TABLE owner_groups AS
SELECT i.person_id, min(p.sex) AS sex, min(g.ethnicity_group) AS ethnicity, min(r.force) AS force
FROM truth_identities i JOIN truth_people p USING (person_key) LEFT JOIN ethnicity_groups g USING (ethnicity)
JOIN persons r ON r.person_id = i.person_id GROUP BY i.person_id;
"""


_BOTH = "JOIN persons a ON a.person_id = l JOIN persons b ON b.person_id = r"
_WRONG = f"""
SELECT CASE WHEN a.address = b.address AND a.surname = b.surname THEN 'relatives of one home'
            WHEN a.address = b.address THEN 'same address'
            WHEN a.phone = b.phone THEN 'same telephone'
            WHEN a.forename = b.forename AND a.surname = b.surname THEN 'same names' ELSE 'other' END AS kind, count(*)
FROM joined_pairs {_BOTH} WHERE NOT is_true GROUP BY kind HAVING count(*) >= {LEAST_GROUP} ORDER BY count(*) DESC, kind
"""
_MISSED = f"""
SELECT CASE WHEN a.forename <> b.forename AND a.surname <> b.surname AND a.date_of_birth <> b.date_of_birth THEN 'alias'
            WHEN a.address <> b.address AND a.phone <> b.phone THEN 'moved and changed telephone'
            WHEN a.address <> b.address THEN 'moved'
            WHEN a.address IS NULL OR b.address IS NULL OR a.date_of_birth IS NULL OR b.date_of_birth IS NULL
            THEN 'address or birth missing' ELSE 'other' END AS kind, count(*)
FROM true_pairs {_BOTH} WHERE NOT joined GROUP BY kind HAVING count(*) >= {LEAST_GROUP} ORDER BY count(*) DESC, kind
"""


def _by(attribute: str) -> str:
    return f"""
        SELECT 'group: {attribute}' AS attribute, t.value, t.pairs, t.recall, j.precision FROM (
            SELECT {attribute} AS value, count(*) AS pairs, avg(joined::INT) AS recall
            FROM (SELECT DISTINCT l, r, joined, {attribute} FROM true_sides JOIN owner_groups USING (person_id)) GROUP BY 1
        ) t LEFT JOIN (
            SELECT {attribute} AS value, avg(is_true::INT) AS precision
            FROM (SELECT DISTINCT l, r, is_true, {attribute} FROM joined_sides JOIN owner_groups USING (person_id)) GROUP BY 1
        ) j USING (value) WHERE t.value IS NOT NULL AND t.pairs >= {LEAST_GROUP}
    """


_PARTS = f"""
WITH defective AS (
    SELECT DISTINCT record_id AS person_id, defect FROM truth_defects
    WHERE "table" = 'persons' AND field IS NOT NULL AND family IN ('identity', 'equality')
), by_defect AS (
    SELECT 'defect' AS attribute, defect AS value, count(*) AS pairs, avg(joined::INT) AS recall, NULL::DOUBLE AS precision
    FROM (SELECT DISTINCT l, r, joined, defect FROM true_sides JOIN defective USING (person_id))
    GROUP BY defect HAVING count(*) >= {LEAST_GROUP}
)
SELECT * FROM (SELECT * FROM by_defect UNION ALL {_by("sex")} UNION ALL {_by("ethnicity")} UNION ALL {_by("force")})
ORDER BY attribute, pairs DESC, value
"""
