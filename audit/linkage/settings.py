"""The linkage model's comparisons as one Splink settings object: which fields, how nearly they agree, which pairs meet."""

from typing import Any

from audit.linkage.records import KEYS

FIELDS = ("forename", "surname", "date_of_birth", "place", "phone", "sex")


def _null(*columns: str) -> str:
    return " OR ".join(f'"{column}_l" IS NULL OR "{column}_r" IS NULL' for column in columns)


_SWAPPED_NAMES = '"fn_l" = "sn_r" AND "sn_l" = "fn_r"'


def _one_off(column: str) -> str:
    """One letter dropped, added, changed or swapped, or nearly so; what cannot be is told by lengths, first and last letters."""
    ends = " OR ".join(f'{end}("{column}_l", 1) = {end}("{column}_r", 1)' for end in ("left", "right"))
    return (
        f'(abs(length("{column}_l") - length("{column}_r")) <= 1 AND ({ends} OR length("{column}_l") < 3)'
        f' AND damerau_levenshtein("{column}_l", "{column}_r") <= 1)'
        f' OR (left("{column}_l", 1) = left("{column}_r", 1) AND jaro_winkler_similarity("{column}_l", "{column}_r") >= 0.92)'
    )


# Of eight digits one changed leaves either half as it was; two swapped in the middle, the three at either end.
_NEARLY = (
    'left("born_text_l", 4) = left("born_text_r", 4) OR right("born_text_l", 4) = right("born_text_r", 4)'
    ' OR (left("born_text_l", 3) = left("born_text_r", 3) AND right("born_text_l", 3) = right("born_text_r", 3))'
)
_DAYS_APART = 'abs(date_diff(\'day\', "born_l", "born_r"))'

# Two changes leave one of three parts as it was, and to look for that takes less time than to count them.
_PART_AS_IT_WAS = (
    'left("ad_l", 4) = left("ad_r", 4) OR right("ad_l", 4) = right("ad_r", 4)'
    ' OR contains("ad_l", substr("ad_r", 5, length("ad_r") - 8))'
)

LEVELS: dict[str, list[tuple[str, str]]] = {
    "forename": [
        ("missing", _null("fn")),
        ("same", '"fn_l" = "fn_r"'),
        ("swapped with surname", _SWAPPED_NAMES),
        ("nickname", 'list_has_any("fn_known_l", "fn_known_r")'),
        ("sounds the same", '"fn_sound_l" = "fn_sound_r"'),
        ("one letter off", _one_off("fn")),
        ("initial", '(length("fn_l") = 1 OR length("fn_r") = 1) AND left("fn_l", 1) = left("fn_r", 1)'),
        ("other", "ELSE"),
    ],
    "surname": [
        ("missing", f"{_null('sn')} OR ({_SWAPPED_NAMES})"),
        ("same", '"sn_l" = "sn_r"'),
        ("sounds the same", '"sn_sound_l" = "sn_sound_r"'),
        ("one letter off", _one_off("sn")),
        (
            "part of it",
            'least(length("sn_l"), length("sn_r")) >= 4 AND (contains("sn_l", "sn_r") OR contains("sn_r", "sn_l"))',
        ),
        ("other", "ELSE"),
    ],
    "date_of_birth": [
        ("missing", _null("born")),
        ("same", '"born_l" = "born_r"'),
        (
            "day and month swapped",
            'year("born_l") = year("born_r") AND month("born_l") = day("born_r") AND day("born_l") = month("born_r")',
        ),
        (
            "one digit off",
            f'(({_NEARLY}) AND damerau_levenshtein("born_text_l", "born_text_r") <= 1)'
            f" OR {_DAYS_APART} IN (1, 10, 364, 365, 366, 3651, 3652, 3653)",
        ),
        (
            "1 January of the same year",
            'year("born_l") = year("born_r") AND (right("born_text_l", 4) = \'0101\' OR right("born_text_r", 4) = \'0101\')',
        ),
        (
            "two parts the same",
            '(left("born_text_l", 6) = left("born_text_r", 6)) OR (right("born_text_l", 4) = right("born_text_r", 4))'
            ' OR (year("born_l") = year("born_r") AND day("born_l") = day("born_r"))',
        ),
        ("other", "ELSE"),
    ],
    "place": [
        ("missing", '("ad_l" IS NULL OR "ad_r" IS NULL) AND ("pc_l" IS NULL OR "pc_r" IS NULL)'),
        ("same address and postcode", '"ad_l" = "ad_r" AND "pc_l" = "pc_r"'),
        ("same address", '"ad_l" = "ad_r"'),
        ("same postcode, address near", '"pc_l" = "pc_r" AND damerau_levenshtein("ad_l", "ad_r") <= 3'),
        ("same postcode", '"pc_l" = "pc_r"'),
        (
            "address near",
            'length("ad_l") > 8 AND abs(length("ad_l") - length("ad_r")) <= 2 AND left("ad_l", 1) = left("ad_r", 1)'
            f' AND ({_PART_AS_IT_WAS}) AND damerau_levenshtein("ad_l", "ad_r") <= 2',
        ),
        ("same sector", '"sector_l" = "sector_r"'),
        ("same district", '"district_l" = "district_r"'),
        ("other", "ELSE"),
    ],
    "phone": [
        ("missing", _null("ph")),
        ("same", '"ph_l" = "ph_r"'),
        ("one digit off", 'left("ph_l", 3) = left("ph_r", 3) AND damerau_levenshtein("ph_l", "ph_r") <= 1'),
        ("other", "ELSE"),
    ],
    "sex": [("missing", _null("sex")), ("same", '"sex_l" = "sex_r"'), ("other", "ELSE")],
}
"""Each field's levels of agreement, the nearest first: a name, and the condition in SQL."""

FREQUENCY = {"forename": "fn", "surname": "sn", "date_of_birth": "born", "phone": "ph"}
"""Fields where agreement on a rare value tells more than on a common one, with the column whose frequency counts."""


def levels_of(field: str) -> list[str]:
    """The field's levels that compare, by Splink's number: 0 is the farthest."""
    return [name for name, _ in LEVELS[field] if name != "missing"][::-1]


def settings(m: dict[str, list[float]], u: dict[str, list[float]], prior: float, fields: tuple[str, ...]) -> dict[str, Any]:
    """The settings for Splink: ``m`` and ``u`` hold each field's chances by level, in the order of ``levels_of``."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "number",
        "probability_two_random_records_match": prior,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f'l."{key}" = r."{key}"', "sql_dialect": "duckdb"} for key in KEYS
        ],
        "comparisons": [_comparison(field, m[field], u[field]) for field in fields],
    }


def _comparison(field: str, m: list[float], u: list[float]) -> dict[str, Any]:
    levels: list[dict[str, Any]] = []
    count = len(m)
    for name, condition in LEVELS[field]:
        level: dict[str, Any] = {"sql_condition": condition, "label_for_charts": name}
        if name == "missing":
            level["is_null_level"] = True
        else:
            count -= 1
            level |= {"m_probability": m[count], "u_probability": u[count]}
            if name == "same" and field in FREQUENCY:
                level |= {"tf_adjustment_column": FREQUENCY[field], "tf_adjustment_weight": 1.0}
        levels.append(level)
    return {"output_column_name": field, "comparison_levels": levels}
