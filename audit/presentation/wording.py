"""English names of what files call by short names, and how figures are written."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from audit.effect import built_in

TABLE_TITLES = {"persons": "Person records", "crimes": "Crimes", "involvements": "Involvements", "units": "Units"}
FAMILY_TITLES = {
    "identity": "Identity: the same person under several records",
    "linkage": "Linkage: a named suspect without a link",
    "offence": "Offence: code missing or wrong",
    "dates": "Dates: missing or wrong",
    "recording": "Recording: reports that never became a crime, or became two",
    "sharing": "Sharing: records that only other forces hold",
}
ATTRIBUTES = {
    "sex": "Sex of the person",
    "ethnicity": "Ethnicity of the person",
    "age_band": "Age of the person",
    "relationship": "Relationship to the victim",
    "victim_sex": "Sex of most victims",
    "victim_ethnicity": "Ethnicity of most victims",
}
CHOICES = {"weights": "Other weights", "date_basis": "Other date", "window": "Other window", "data": "The data itself"}
_FIELDS = {
    "person_id": "Person identifier",
    "crime_id": "Crime identifier",
    "unit_id": "Unit identifier",
    "offence_code": "Offence",
    "domestic_abuse": "Domestic-abuse flag",
    "occurred_on": "Date of the offence",
    "reported_on": "Date reported",
    "recorded_on": "Date recorded",
    "created_on": "Date the record was made",
    "outcome_on": "Date of the outcome",
    "outcome_code": "Outcome",
    "reported_via": "How it was reported",
    "suspect_status": "Whether a suspect is named",
    "phone": "Telephone",
    "name_and_date_of_birth": "Name and date of birth",
    "record_class": "Class of the record",
}
_CHECKS = {
    "key_twice.persons": "Person identifier used twice",
    "key_twice.crimes": "Crime identifier used twice",
    "key_twice.units": "Unit identifier used twice",
    "key_twice.involvements": "Involvement recorded twice",
    "same_event_twice.crimes": "Crime recorded twice",
    "key_orphaned.involvements.crime_id": "Involvement in a crime that is not in the data",
    "key_orphaned.involvements.person_id": "Link to a person record that is not in the data",
    "key_orphaned.crimes.unit_id": "Crime of a unit that is not in the data",
    "cardinality.crimes.no_victim": "Crime without a victim",
    "cardinality.crimes.many_victims": "Crime with unusually many victims",
    "cardinality.crimes.many_suspects": "Crime with unusually many suspects",
    "cardinality.persons.many_crimes": "Person record with unusually many crimes",
    "range.persons.age_at_record": "Age that is not possible",
    "range.crimes.report_years_on": "Reported very many years later",
    "range.units.population": "Population that is not possible",
    "stale.crimes.outcome": "Old case without an outcome",
    "required_when.suspect_linked": "Named suspect without a linked person record",
    "required_when.outcome_on": "Outcome without its date",
    "required_when.outcome_code": "Outcome date without an outcome",
    "required_when.partner_is_domestic_abuse": "Partner or former partner without the domestic-abuse flag",
    "required_when.suspect_status": "Linked suspect, but nothing said of a suspect",
    "required_when.relationship_when_domestic_abuse": "Domestic abuse without a relationship",
    "contradiction.crimes.stranger_and_domestic_abuse": "Stranger, yet domestic abuse",
    "contradiction.crimes.outcome_for_want_of_suspect": "No suspect identified, yet one is named",
    "contradiction.crimes.outcome_against_nobody": "Outcome against a suspect, but no suspect",
    "contradiction.crimes.outcome_for_want_of_linked_suspect": "No suspect identified, yet one is linked",
    "contradiction.crimes.linked_but_no_suspect": "Suspect linked, but said to have none",
    "contradiction.crimes.charged_without_link": "Charged, but no suspect linked",
    "contradiction.crimes.recorded_before_occurrence": "Recorded before it happened",
    "contradiction.crimes.outcome_before_report": "Outcome before the report",
    "contradiction.persons.one_name_twice": "The same name in forename and surname",
    "contradiction.involvements.record_of_another_force": "Link to another force's record",
    "duplicate_identities.persons": "Duplicate person records",
    "reporting_gaps.crimes": "Months in a reporting gap",
    "reporting_gaps.crimes.suspect_links": "Months in which suspect links fall away",
    "months_supplied.crimes": "Months of data not supplied",
    "linked_records.crimes.victims_sex": "Victim's sex blank or unknown",
    "impossible_date.crimes": "Impossible dates",
    "reporting_gaps.crimes.outcomes": "Months in which outcomes fall away",
    "reporting_gaps.crimes.relationships": "Months in which known relationships fall away",
    "agrees_with_event.crimes": "Offence or day of report that differs from the event",
    "abrupt_change.crimes.count": "Abrupt change in the number of crimes",
}
"""Names that the identifier alone does not give; the others are made by ``check_name``."""
_BY_KIND = {
    "missing": "{field} blank",
    "unknown_code": "{field} given as unknown",
    "code_not_in_list": "{field} not in the list of codes",
    "pattern": "{field} badly formed",
    "placeholder": "{field} filled with a placeholder",
    "key_twice": "{field} used twice",
    "key_orphaned": "{field} that leads nowhere",
    "shared_value": "{field} shared by many records",
    "impossible_date": "{field} not possible",
    "range": "{field} out of range",
    "required_when": "{field} missing where it is needed",
    "contradiction": "Contradiction: {lower}",
    "cardinality": "Unusual number: {lower}",
    "heaping": "Suspiciously common date: {lower}",
    "abrupt_change": "{field}: abrupt change in blanks",
    "delay": "Recorded more than {lower} after the report",
    "stale": "Old and open: {lower}",
}
_OPTIONS = {
    "harm_days": "Harm days",
    "css_weight": "ONS Crime Severity Score",
    "count": "Number of crimes",
    "occurred": "Date of the offence",
    "reported": "Date reported",
    "half": "Half as long",
    "twice": "Twice as long",
}
_TYPES = {
    "order_of_dates": "Impossible date",
    "key_twice": "Identifier used twice",
    "same_event_twice": "Same event twice",
    "key_orphaned": "Link that leads nowhere",
    "code_not_in_list": "Code not in the list",
    "unknown_code": "Given as unknown",
    "heaping": "Suspiciously common value",
    "required_when": "Missing where it is needed",
    "stale": "Old and open",
    "delay": "Recorded late",
    "unequal": "Blank more often for one group",
    "cardinality": "Unusual number",
    "pattern": "Badly formed",
    "range": "Out of range",
}
MOST_DIGITS = 4


# ---- names -------------------------------------------------------------------------------------------------------------


def field_title(name: str) -> str:
    """A field in English.

    >>> field_title("date_of_birth"), field_title("offence_code")
    ('Date of birth', 'Offence')
    """
    return _FIELDS.get(name, _sentence_case(name))


def field_label(table: str, name: str) -> str:
    """A field with its table, where fields of several tables stand together.

    >>> field_label("crimes", "postcode")
    'Postcode (crimes)'
    """
    return f"{field_title(name)} ({TABLE_TITLES.get(table, table).lower()})"


def check_name(check_id: str) -> str:
    """A check in English, from its identifier; what is not an identifier is returned as a sentence begins.

    >>> check_name("missing.persons.date_of_birth"), check_name("unequal.persons.phone.by_sex")
    ('Date of birth blank', 'Telephone blank more often for one sex')
    """
    if check_id in _CHECKS:
        return _CHECKS[check_id]
    kind, _, rest = check_id.partition(".")
    if not rest:
        return _sentence_case(check_id)
    parts = rest.split(".")
    if kind == "unequal" and len(parts) > 1:
        return f"{field_title(parts[1])} blank more often for one {parts[-1].removeprefix('by_')}"
    last = parts[-1]
    pattern = _BY_KIND.get(kind, _sentence_case(kind) + ": {lower}")
    return pattern.format(field=field_title(last), lower=_heaped(last) if kind == "heaping" else last.replace("_", " "))


def check_type_title(name: str) -> str:
    """A type of check in English."""
    return _TYPES.get(name, _sentence_case(name))


def instrument_title(name: str) -> str:
    """An instrument in English; a researcher's own by its name.

    >>> instrument_title("harm_365")
    'Total harm, last 12 months'
    """
    return built_in()[name].name if name in built_in() else _sentence_case(name)


def instrument_sentence(name: str) -> str:
    """What an instrument counts, in a sentence; empty for a researcher's own."""
    return built_in()[name].summary if name in built_in() else ""


def family_name(family: str) -> str:
    """The first word of a family of defects, as charts have it."""
    return FAMILY_TITLES.get(family, _sentence_case(family)).split(":")[0]


def option_title(name: str) -> str:
    """An option of a choice in English."""
    return _OPTIONS.get(name, _sentence_case(name))


def words(name: str) -> str:
    """A code or short name as plain words.

    >>> words("not_applicable")
    'not applicable'
    """
    return name.replace("_", " ")


def group_title(group: str) -> str:
    """A group of people in English; the sexes have codes in files.

    >>> group_title("F"), group_title("25-34")
    ('female', '25-34')
    """
    return {"F": "female", "M": "male"}.get(group, group)


def day(when: date) -> str:
    """A day as GOV.UK writes it.

    >>> day(date(2024, 12, 1))
    '1 December 2024'
    """
    return f"{when.day} {when:%B %Y}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    >>> plural(1, "gap"), plural(2_000, "gap")
    ('1 gap', '2,000 gaps')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _sentence_case(name: str) -> str:
    text = words(name)
    return text[:1].upper() + text[1:]


def _heaped(name: str) -> str:
    """``occurred_on_1_january`` → ``date of the offence, 1 January``."""
    for field in sorted([*_FIELDS, "date_of_birth"], key=len, reverse=True):
        if name.startswith(f"{field}_"):
            rest = words(name.removeprefix(f"{field}_")).replace("january", "January")
            title = field_title(field)
            return f"{title[0].lower()}{title[1:]}, {rest.removeprefix('is ')}"
    return words(name)


def size_text(rows: Mapping[str, int]) -> str:
    """How large a dataset is, by the rows of its tables; a row of crimes may be a cancelled crime or a non-crime incident.

    >>> size_text({"crimes": 22624, "persons": 1})
    '22,624 records of crimes and incidents, 1 person record'
    """
    return f"{plural(rows.get('crimes', 0), 'record')} of crimes and incidents, {plural(rows.get('persons', 0), 'person record')}"


# ---- figures -----------------------------------------------------------------------------------------------------------


def percent(value: float | None, threshold: float | None = None, digits: int = 1) -> str:
    """A share as a percentage, with as many digits as keep it apart from its threshold, from 0% and from 100%.

    >>> percent(0.95), percent(0.9998), percent(0.0096, 0.01), percent(0.01004, 0.01), percent(-0.05), percent(None)
    ('95.0%', '99.98%', '0.96%', '1.004%', '−5.0%', '–')
    """
    if value is None or pd.isna(value):
        return "–"
    limits = [limit for limit in (threshold, 0.0, 1.0) if limit is not None and abs(limit - value) > 1e-12]
    for places in range(digits, MOST_DIGITS + 1):
        text = f"{100 * value:.{places}f}"
        if all(text != f"{100 * limit:.{places}f}" for limit in limits) and text.strip("-0."):
            break
        if abs(value) < 1e-12:
            return f"{0:.{digits}f}%"
    return f"{text.replace('-', '−')}%"


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """The ends of an interval of shares, in per cent; empty where there is none.

    >>> interval(-0.05, 0.563), interval(0.515, 0.781, 0)
    ('−5.0 to 56.3', '52 to 78')
    """
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return ""
    ends = [f"{100 * end:.{digits}f}".replace("-", "−") for end in (low, high)]
    return " to ".join(end.removeprefix("−") if not end.strip("−0.") else end for end in ends)


def points(difference: float | None) -> str:
    """A difference of shares in percentage points, with its sign.

    >>> points(0.012), points(-0.5), points(-0.0001)
    ('+1.2', '−50.0', '0.0')
    """
    if difference is None or pd.isna(difference):
        return "–"
    text = f"{100 * difference:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text


def points_interval(low: float | None, high: float | None) -> str:
    """The ends of an interval of a difference, in points; empty where there is none."""
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return ""
    return f"{points(low)} to {points(high)}"


def chance(q_value: float | None) -> str:
    """A p- or q-value; below a thousandth only that.

    >>> chance(0.0123), chance(1e-9)
    ('0.012', '<0.001')
    """
    if q_value is None or pd.isna(q_value):
        return "–"
    return "<0.001" if q_value < 0.001 else f"{q_value:.2g}"


def count(number: float | None) -> str:
    """A whole number with its thousands; a dash where there is none."""
    return "–" if number is None or pd.isna(number) else f"{round(number):,}"
