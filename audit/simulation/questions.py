"""Every quantity that a force can give: titles, what counts, over which rows, and the query."""

from audit.effect import Instrument
from audit.simulation.quantities import CRIME, How, Quantity, frame, in_ledger, share, units_with_gap
from synthetic.contract import codes, reference
from synthetic.defects import REGISTRY
from synthetic.defects.identity import PLACEHOLDERS
from synthetic.defects.offence import DOWNGRADES
from synthetic.defects.outcome import NEEDS_SUSPECT, NO_SUSPECT
from synthetic.recording import RETIRED_OFFENCES

_OF_KEY = {defect.rate: defect for defect in REGISTRY}


_DEPENDS: dict[str, tuple[str, ...]] = {
    "domestic abuse": ("missing.domestic_abuse", "offence.domestic_abuse_wrong"),
    "victims": ("linkage.victim_not_linked",),
    "age": (
        "missing.suspect_date_of_birth", "missing.victim_date_of_birth", "identity.january_filler", "identity.estimated_age",
        "identity.day_month_swapped", "identity.wrong_digit", "identity.copies_from_legacy",
    ),
    "occurred": ("missing.occurred_on", "dates.defaulted", "dates.out_of_order", "dates.filler_1900"),
    "reported": ("missing.reported_on", "dates.swapped", "dates.in_future"),
}  # fmt: skip
"""Rates that matter only to lists which ask for domestic abuse, victims, age, or one of the two dates."""


def matters_to(instrument: Instrument, date_basis: str | None = None) -> list[str]:
    """The rates that can change an instrument's list, by its own declaration; ``date_basis`` as in ``Choices``."""
    asks = {date_basis or instrument.counts.date_basis}
    asks |= {"domestic abuse"} if instrument.counts.domestic_abuse_only else set()
    asks |= {"victims"} if instrument.counts_victims else set()
    asks |= {"age"} if instrument.eligibility.least_age else set()
    idle = {key for need, keys in _DEPENDS.items() if need not in asks for key in keys}
    return [key for key, one in QUANTITIES.items() if one.matters and key not in idle]


def _list(values: tuple[str, ...] | list[str]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


_OFFENCES = reference("offences")
_HIDDEN = _OFFENCES.loc[_OFFENCES["offence_group"].isin(["stalking", "harassment"]), "offence_code"].tolist()
_REPORTED = "coalesce(event_class, 'crime') = 'crime' AND reported_on IS NOT NULL"
_CRIMES, _PERSONS, _LINKS = "crimes", "person records", "links between crimes and person records"
_CLASS_OF_LINK = f"crime_id IN (SELECT crime_id FROM crimes WHERE {CRIME})"
_SUSPECTS = "person_id IN (SELECT person_id FROM involvements WHERE role = 'suspect')"
_VICTIMS = (
    "person_id IN (SELECT person_id FROM involvements WHERE role = 'victim')\n"
    "  AND person_id NOT IN (SELECT person_id FROM involvements WHERE role = 'suspect')"
)
_COPIES = "SELECT count(*) FROM truth_identities) - (SELECT count(DISTINCT person_key) FROM truth_identities"


def _ask(
    key: str,
    title: str,
    counts: str,
    over: str,
    how: How,
    sql: str = "",
    truth: str = "",
    relation: str = "",
    usual: tuple[float, float] | None = None,
    section: str = "",
    matters: bool = True,
) -> Quantity:
    defect = _OF_KEY.get(key)
    return Quantity(
        key,
        section or key.split(".")[0],
        title,
        counts,
        over,
        how,
        sql,
        truth,
        relation,
        most=defect.most if defect else 1.0,
        usual=usual,
        matters=matters,
    )


def _number(key: str, title: str, counts: str, least: float, most: float, usual: tuple[float, float]) -> Quantity:
    return Quantity(key, key.split(".")[0], title, counts, "", "known", least=least, most=most, usual=usual, is_share=False)


WORLD = (
    Quantity(
        "world.reports_per_1000", "world", "Reported crimes a year per 1,000 residents",
        "crimes recorded in the last year", "residents", "sql",
        f"SELECT sum(CASE WHEN recorded_on > latest - 365 AND {CRIME} THEN 1 ELSE 0 END) AS counted,\n"
        "       (SELECT sum(population) FROM units) AS total\n"
        "FROM crimes, (SELECT max(recorded_on) AS latest FROM crimes) AS newest",
        relation="The query counts crimes as recorded. The rate is of reported crimes: divide by the share of them that is recorded.",
        least=0.1, most=200, times=1000, is_share=False,
    ),
    Quantity(
        "world.incident_share", "world", "Domestic reports that are no crime",
        "rows that are non-crime domestic incidents", "domestic crimes and non-crime domestic incidents", "sql",
        share("record_class = 'non_crime_incident'", "crimes", "record_class = 'non_crime_incident' OR domestic_abuse"),
        relation="Crimes without a domestic-abuse flag are not counted, and crimes left as incidents are: some points too high.",
        most=0.9,
    ),
    Quantity(
        "world.no_crime_share", "world", "Crimes rightly cancelled", "cancelled crimes in which no crime had taken place",
        "crimes recorded and not cancelled", "sample", frame("crimes", "record_class = 'cancelled'"),
        "SELECT (SELECT count(*) FROM crimes c JOIN truth_events e USING (crime_id)\n"
        "        WHERE c.record_class = 'cancelled' AND e.event_class = 'non_crime') AS counted,\n"
        f"       (SELECT count(*) FROM truth_events WHERE {_REPORTED}) AS total",
        "Times the share of cancelled rows in which a review finds no crime.", most=0.5,
    ),
    _number("world.repeat", "Repeat offending", "further events an offender, over those of Barnham et al. (2017)", 0, 5, (0.7, 1.4)),
    _number("world.season", "Summer peak", "height of the summer peak over the year's mean (0.08: 8% above)", 0, 0.8, (0.0, 0.16)),
    _number("world.trend", "Growth of reports", "growth of reports a year (0.05: 5% a year)", -0.5, 0.5, (-0.05, 0.05)),
    *(
        _ask(f"reporting.{group}", f"Reported: {words}", "events that the victim reports to the police", f"all events of {words}",
             "known", usual=usual)
        for group, words, usual in (
            ("rape", "rape", (0.12, 0.2)), ("other_sexual", "other sexual offences", (0.12, 0.25)), ("stalking", "stalking", (0.3, 0.6)),
            ("harassment", "harassment", (0.35, 0.65)), ("violence", "violence", (0.35, 0.65)), ("other", "other offences", (0.4, 0.8)),
        )
    ),
)  # fmt: skip

RECORDING = (
    _ask("recording.not_recorded", "Reports not recorded: all but stalking and harassment", "reports of a crime without a crime record",
         "reported crimes, but for stalking, harassment and controlling behaviour (incident logs)", "sample",
         truth=in_ledger("not_recorded", "crimes", f"SELECT count(*) FROM truth_events WHERE {_REPORTED} AND offence_code NOT IN {_list(_HIDDEN)}"),
         relation="No table of crimes holds it: draw incident logs, as inspectors do.", usual=(0.02, 0.2)),
    _ask("recording.not_recorded_hidden", "Reports not recorded: stalking and harassment", "reports of a crime without a crime record",
         "reported stalking, harassment and controlling behaviour (incident logs)", "sample",
         truth=in_ledger("not_recorded_hidden", "crimes", f"SELECT count(*) FROM truth_events WHERE {_REPORTED} AND offence_code IN {_list(_HIDDEN)}"),
         relation="No table of crimes holds it: draw incident logs, as inspectors do.", usual=(0.05, 0.3)),
    _ask("recording.late", "Recorded late", "crimes recorded 2 to 30 days after the report", "crimes with a day of report", "sql",
         share("recorded_on - reported_on BETWEEN 2 AND 30", "crimes", f"{CRIME}\n  AND reported_on IS NOT NULL"), usual=(0.03, 0.2)),
    _ask("recording.silent_unit", "Units that fell silent", "units with a month or more without any crime", "units", "sql",
         "SELECT sum(CASE WHEN coalesce(months, 0) < (SELECT max(m) FROM (SELECT count(DISTINCT extract(year FROM recorded_on) * 12"
         " + extract(month FROM recorded_on)) AS m\n            FROM crimes GROUP BY unit_id) AS every_unit) THEN 1 ELSE 0 END) AS counted,\n"
         "       count(*) AS total\nFROM units LEFT JOIN (\n  SELECT unit_id, count(DISTINCT extract(year FROM recorded_on) * 12"
         " + extract(month FROM recorded_on)) AS months\n  FROM crimes GROUP BY unit_id) AS of_unit USING (unit_id)",
         relation="Over the three years before the extract. A unit that opened or closed counts too, and should be left out."),
    _ask("recording.group_dropped", "Units that stopped recording one offence group", "units that recorded none of an offence group for "
         "3 to 12 months", "units, in three years", "sample", frame("units"), units_with_gap("silent", "offence_group IS NOT NULL"),
         "Ask every unit; the audit's reporting gaps say which to ask first."),
    _ask("recording.unit_drop", "Units that recorded only part for some months", "units that recorded 30 to 70% for 2 to 9 months",
         "units, in three years", "sample", frame("units"), units_with_gap("drop"), "Ask every unit; the audit's reporting gaps say which first."),
    _ask("recording.late_unit", "Units that recorded months late", "units that recorded most reports of 2 to 6 months only 1 to 4 months on",
         "units, in three years", "sample", frame("units"), units_with_gap("late"), "Ask every unit; the audit's late units say which first."),
    _ask("recording.unit_renamed", "Units that got another code", "units whose records carry a new code from some month on", "units, in three years",
         "sample", frame("units"), "SELECT count(*) AS counted,\n       (SELECT count(*) FROM units) - count(*) AS total\nFROM truth_defects\n"
         "WHERE defect = 'unit_renamed' AND \"table\" = 'units'",
         "Take it from the list of units and its earlier copies; the audit's unit changes say where to look.", matters=False),
    _ask("recording.system_change", "Lost since a change of records system", "crimes not recorded since the change", "crimes reported since the change",
         "sample", truth="SELECT (SELECT coalesce(sum(events_lost), 0) FROM truth_gaps WHERE kind = 'step') AS counted,\n"
         f"       (SELECT coalesce(sum(events_lost), 0) FROM truth_gaps WHERE kind = 'step')\n       + (SELECT count(*) FROM crimes WHERE {CRIME}\n"
         "          AND recorded_on >= (SELECT min(first_month) FROM truth_gaps WHERE kind = 'step')) AS total",
         relation="Logs since the change, as for reports not recorded. Leave it at 0 where no system has changed."),
    _ask("recording.last_months_incomplete", "Not yet recorded in the last month", "crimes of the last month that are not recorded yet",
         "crimes reported in the last month", "sample",
         truth="SELECT coalesce(sum(events_lost), 0) AS counted,\n       coalesce(sum(events_lost), 0) + (SELECT count(*) FROM crimes\n"
         f"         WHERE {CRIME} AND recorded_on >= (SELECT max(last_month) FROM truth_gaps WHERE kind = 'incomplete')) AS total\nFROM truth_gaps\n"
         "WHERE kind = 'incomplete' AND last_month = (SELECT max(last_month) FROM truth_gaps WHERE kind = 'incomplete')",
         relation="Half and a quarter of it are taken for the two months before. Compare an older extract with what stands there now."),
    _ask("recording.crime_as_incident", "Crimes left as an incident", "domestic crimes that stand as a non-crime incident",
         "domestic crimes, so recorded or left as an incident", "sample", frame("crimes", "record_class = 'non_crime_incident' OR domestic_abuse"),
         in_ledger("crime_as_incident", "crimes", "SELECT count(*) FROM truth_events WHERE domestic_abuse AND crime_id IS NOT NULL\n"
                   "        AND coalesce(event_class, 'crime') = 'crime'"), "Review a sample of incidents, and of domestic crimes take the whole number."),
    _ask("recording.cancelled_wrongly", "Crimes wrongly cancelled", "cancelled crimes that took place", "crimes, cancelled ones among them", "sample",
         frame("crimes", "coalesce(record_class, 'crime') <> 'non_crime_incident'"),
         in_ledger("cancelled_wrongly", "crimes", f"SELECT count(*) FROM crimes WHERE {CRIME}) + (SELECT count(DISTINCT record_id) FROM truth_defects\n"
                   "        WHERE defect = 'cancelled_wrongly'"), "Times the share of cancelled rows that a review finds to be crimes."),
    _ask("recording.recorded_twice", "Crimes recorded twice", "crimes recorded a second time", "crimes", "sample", frame("crimes", CRIME),
         in_ledger("recorded_twice", "crimes", f"SELECT count(*) FROM crimes WHERE {CRIME}"), usual=(0.002, 0.05)),
)  # fmt: skip

IDENTITY = (
    _ask("identity.duplicate_rate", "Duplicate records", "person records of someone who has an older one", _PERSONS, "sample", frame("persons"),
         f"SELECT ({_COPIES}) AS counted,\n       (SELECT count(*) FROM persons) AS total",
         "The audit of duplicate identities on an adopted set, or a search by hand for each record drawn.", usual=(0.03, 0.25)),
    _ask("identity.overlaid", "Two people on one record", "person records that two people share", _PERSONS, "sample", frame("persons"),
         "SELECT count(*) AS counted, (SELECT count(*) FROM persons) AS total\nFROM (SELECT person_id FROM truth_identities GROUP BY person_id "
         "HAVING count(*) > 1) AS shared", usual=(0.001, 0.015)),
    _ask("identity.january_filler", "Born on 1 January", "dates of birth on 1 January", "person records with a date of birth", "sql",
         share("extract(month FROM date_of_birth) = 1 AND extract(day FROM date_of_birth) = 1", "persons", "date_of_birth IS NOT NULL"),
         relation="One birth in 365 truly is on that day: take 0.3 points off."),
    _ask("identity.placeholder_name", "Placeholder for a name", "records whose forename or surname says that there is none", _PERSONS, "sql",
         share(f"upper(forename) IN {_list([name.upper() for name in PLACEHOLDERS])}\n           OR upper(surname) IN "
               f"{_list([name.upper() for name in PLACEHOLDERS])}", "persons"), relation="Put your own placeholders into the list.", matters=False),
    _ask("identity.estimated_age", "Estimated age", "dates of birth made from an age that was guessed", _PERSONS, "sample", frame("persons"),
         in_ledger("estimated_age", "persons", "SELECT count(*) FROM persons")),
    _ask("identity.wrong_sex", "Wrong sex", "records with the wrong sex", _PERSONS, "sample", frame("persons"),
         in_ledger("wrong_sex", "persons", "SELECT count(*) FROM persons"), matters=False),
    _ask("identity.service_phone", "Telephone of a service", "records with the telephone of a solicitor, a service or the station", _PERSONS, "sample",
         frame("persons"), in_ledger("service_phone", "persons", "SELECT count(*) FROM persons"), matters=False),
    Quantity("identity.copies_from_legacy", "identity", "Duplicates from the old system", "duplicate records that were carried over", "duplicate records",
             "sample", frame("persons", "source_system = 'legacy'"), matters=True,
             truth=f"SELECT (SELECT count(*) FROM persons WHERE source_system = 'legacy') AS counted,\n       ({_COPIES}) AS total"),
    *(
        _ask(f"identity.{key}", title, f"duplicate records {what}", "duplicate records", "sample", frame("persons"),
             in_ledger(key, "persons", _COPIES), "Among the duplicates found above. The rate is of duplicates to which it could happen.",
             section="copies", matters=key in ("day_month_swapped", "wrong_digit"))
        for key, title, what in (
            ("typing_slip", "Typing slip", "with a letter of the name dropped, doubled, swapped or hit beside"),
            ("phonetic", "Written as it sounds", "with the name written as it sounds"),
            ("scanned_text", "Misread by a scanner", "with letters of the name misread"),
            ("transliteration", "Other Latin spelling", "with the name put into Latin letters by another custom"),
            ("accent_hyphen", "Accents and hyphens", "without the name's accents, apostrophes or hyphens"),
            ("nickname", "Nickname", "under a nickname"), ("swapped_names", "Names swapped", "with forename and surname swapped"),
            ("married_name", "Married name", "of women under another surname"), ("alias", "Alias", "under another name altogether"),
            ("day_month_swapped", "Day and month swapped", "with day and month of birth swapped"),
            ("wrong_digit", "Wrong digit of birth", "with a wrong digit in the date of birth"),
            ("old_address", "Old address", "with an earlier address"),
        )
    ),
)  # fmt: skip

LINKAGE = (
    _ask("linkage.suspect_not_linked", "Named suspects not linked", "crimes with a named suspect and no link to a suspect's record",
         "crimes with a named suspect", "sql",
         share("crime_id NOT IN (SELECT crime_id FROM involvements WHERE role = 'suspect')", "crimes", f"{CRIME}\n  AND suspect_status = 'named'"),
         usual=(0.02, 0.2)),
    _ask("linkage.victim_not_linked", "Victims not linked", "crimes with no link to a victim's record", _CRIMES, "sql",
         share("crime_id NOT IN (SELECT crime_id FROM involvements WHERE role = 'victim')", "crimes", CRIME)),
    _ask("linkage.wrong_person_linked", "Wrong person linked", "suspect links that lead to another person's record", "suspect links of crimes", "sample",
         frame("involvements", f"role = 'suspect' AND {_CLASS_OF_LINK}"),
         "SELECT (SELECT count(*) FROM truth_defects WHERE defect = 'wrong_person_linked') AS counted,\n"
         f"       (SELECT count(*) FROM involvements WHERE role = 'suspect' AND {_CLASS_OF_LINK}) AS total"),
    _ask("linkage.involvement_twice", "Links that are there twice", "links that repeat another", "different links of crimes", "sql",
         "SELECT count(*) - count(DISTINCT crime_id || ' ' || person_id || ' ' || role) AS counted,\n"
         f"       count(DISTINCT crime_id || ' ' || person_id || ' ' || role) AS total\nFROM involvements\nWHERE {_CLASS_OF_LINK}", matters=False),
    _ask("linkage.orphan", "Links that lead nowhere", "links to a person record that is not there", _LINKS, "sql",
         share("person_id NOT IN (SELECT person_id FROM persons)", "involvements", _CLASS_OF_LINK)),
)  # fmt: skip

_CODED = f"{CRIME}\n  AND offence_code IS NOT NULL"
OFFENCE = (
    _ask("offence.downgraded", "Coded as something lesser", "stalking, harassment and controlling behaviour coded lower", "such crimes, by what happened",
         "sample", frame("crimes", CRIME), in_ledger("downgraded", "crimes", f"SELECT count(*) FROM truth_events WHERE crime_id IS NOT NULL\n"
         f"        AND offence_code IN {_list(tuple(DOWNGRADES))}"), "Read the accounts in a sample of crimes coded as harassment, malicious communications or assault.",
         usual=(0.05, 0.35)),
    _ask("offence.misrouted", "Units that coded one group as another", "units that coded most of one offence group as its neighbour for 3 to 12 months",
         "units, in three years", "sample", frame("units"), units_with_gap("misrouted"), "Ask every unit; the audit's shares of offence groups say which first."),
    _ask("offence.retired_code", "Retired offence code", "crimes with a code that is no longer valid", "crimes with a code", "sql",
         share(f"offence_code IN {_list(RETIRED_OFFENCES)}", "crimes", _CODED), relation="Put the retired codes of your system into the list."),
    _ask("offence.invalid_code", "Invalid offence code", "crimes with a code that never was valid", "crimes with a code", "sql",
         share(f"offence_code NOT IN {_list([*codes('offences', 'offence_code'), *RETIRED_OFFENCES])}", "crimes", _CODED),
         relation="Put every valid and retired code of your system into the list."),
    _ask("offence.domestic_abuse_wrong", "Wrong domestic-abuse flag", "crimes whose flag says the contrary", "crimes with a flag", "sample",
         frame("crimes", f"{CRIME} AND domestic_abuse IS NOT NULL"), in_ledger("domestic_abuse_wrong", "crimes", f"SELECT count(*) FROM crimes WHERE {CRIME}")),
)  # fmt: skip

DATES = (
    _ask("dates.swapped", "Day and month of the report swapped", "crimes whose day and month of report are swapped", _CRIMES, "sample", frame("crimes", CRIME),
         in_ledger("date_swapped", "crimes", f"SELECT count(*) FROM crimes WHERE {CRIME}"),
         "Only three days in five have another date when swapped, so the rate is about five thirds of what is found."),
    _ask("dates.defaulted", "Day of the offence filled in", "crimes whose day of the offence is that of recording and was another", _CRIMES, "sample",
         frame("crimes", f"{CRIME} AND occurred_on = recorded_on"), in_ledger("date_defaulted", "crimes", f"SELECT count(*) FROM crimes WHERE {CRIME}"),
         "Crimes that were recorded on the day itself cannot be seen to be filled in: the rate is somewhat above what is found."),
    _ask("dates.in_future", "Report in the future", "crimes reported after the last day of the extract", _CRIMES, "sql",
         share("reported_on > (SELECT max(recorded_on) FROM crimes)", "crimes", CRIME)),
    _ask("dates.out_of_order", "Offence after its report", "crimes that happened after their report", "crimes with both days", "sql",
         share("occurred_on > reported_on", "crimes", f"{CRIME}\n  AND occurred_on IS NOT NULL AND reported_on IS NOT NULL"),
         relation="Days of the offence that were filled in on recording, and swapped days of report, count here too: an upper figure.", usual=(0.002, 0.04)),
    _ask("dates.filler_1900", "Offence on 1 January 1900", "crimes that happened on 1 January 1900", "crimes with a day of the offence", "sql",
         share("occurred_on = DATE '1900-01-01'", "crimes", f"{CRIME}\n  AND occurred_on IS NOT NULL")),
)  # fmt: skip

_ENDED = f"{CRIME}\n  AND outcome_code IS NOT NULL"
OUTCOME = (
    _ask("outcome.stale", "Closed, and still open in the data", "closed cases without an outcome", "cases closed, recorded over a year ago", "sample",
         frame("crimes", f"{CRIME} AND outcome_code IS NULL"), in_ledger("outcome_stale", "crimes", "SELECT count(*) FROM crimes\n"
         f"        WHERE {CRIME} AND recorded_on < (SELECT max(recorded_on) FROM crimes) - 365 AND outcome_code IS NOT NULL) + (SELECT count(DISTINCT record_id)"
         "\n        FROM truth_defects WHERE defect = 'outcome_stale'"), usual=(0.03, 0.15), matters=False),
    _ask("outcome.before_crime", "Outcome before the record", "outcomes that are older than the crime's record", "crimes with a day of outcome", "sql",
         share("outcome_on < recorded_on", "crimes", f"{CRIME}\n  AND outcome_on IS NOT NULL"), matters=False),
    _ask("outcome.invalid", "Invalid outcome", "outcomes with a code that there is not", "crimes with an outcome", "sql",
         share(f"outcome_code NOT IN {_list(codes('outcomes', 'outcome_code'))}", "crimes", _ENDED), relation="Put every code of your system into the list.", matters=False),
    _ask("outcome.against_suspect", "Outcome at odds with the suspect", "outcomes that need a suspect where none is named, or say that there is none where one is",
         "crimes with an outcome and a suspect status", "sql",
         share(f"(outcome_code IN {_list(NEEDS_SUSPECT)} AND suspect_status <> 'named')\n           OR (outcome_code IN {_list(NO_SUSPECT)} "
               "AND suspect_status = 'named')", "crimes", f"{_ENDED}\n  AND suspect_status IS NOT NULL"), usual=(0.005, 0.08), matters=False),
)  # fmt: skip

EQUALITY = (
    _ask("equality.sex_unknown", "Sex not known", "records with the sex unknown (U)", "person records with a sex", "sql",
         share("sex = 'U'", "persons", "sex IS NOT NULL"), matters=False),
    _number("equality.unequal", "How unequally defects fall", "odds of a missing ethnicity, sex or link, and of duplicates, for people not White British, over "
            "those of others, less 1", 0, 20, (0.0, 1.0)),
)  # fmt: skip


def _blank(
    key: str,
    title: str,
    table: str,
    field: str,
    where: str,
    over: str,
    relation: str = "",
    usual: tuple[float, float] | None = None,
) -> Quantity:
    matters = key in (
        "offence_code",
        "domestic_abuse",
        "occurred_on",
        "reported_on",
        "suspect_date_of_birth",
        "victim_date_of_birth",
    )
    return _ask(f"missing.{key}", title, f"{over} without it", over, "sql", share(f"{field} IS NULL", table, where), relation=relation, usual=usual,
                matters=matters)  # fmt: skip


_OF_SUSPECTS, _OF_VICTIMS = "records of linked suspects", "records of linked victims who are no suspects"
_NONE_TO_GIVE = "People who have none, such as those of no fixed abode, count too: an upper figure."
MISSING = (
    _blank("forename", "Forename missing", "persons", "forename", "", _PERSONS),
    _blank("surname", "Surname missing", "persons", "surname", "", _PERSONS),
    _blank("suspect_date_of_birth", "Suspect's date of birth missing", "persons", "date_of_birth", _SUSPECTS, _OF_SUSPECTS, usual=(0.02, 0.2)),
    _blank("victim_date_of_birth", "Victim's date of birth missing", "persons", "date_of_birth", _VICTIMS, _OF_VICTIMS, usual=(0.02, 0.27)),
    _blank("suspect_sex", "Suspect's sex missing", "persons", "sex", _SUSPECTS, _OF_SUSPECTS),
    _blank("victim_sex", "Victim's sex missing", "persons", "sex", _VICTIMS, _OF_VICTIMS, usual=(0.003, 0.26)),
    _blank("suspect_ethnicity", "Suspect's ethnicity missing", "persons", "ethnicity", _SUSPECTS, _OF_SUSPECTS, usual=(0.15, 0.63)),
    _blank("victim_ethnicity", "Victim's ethnicity missing", "persons", "ethnicity", _VICTIMS, _OF_VICTIMS, usual=(0.3, 0.75)),
    _blank("address", "Address missing", "persons", "address", "", _PERSONS, _NONE_TO_GIVE),
    _blank("postcode", "Postcode missing", "persons", "postcode", "", _PERSONS, _NONE_TO_GIVE),
    _blank("phone", "Telephone missing", "persons", "phone", "", _PERSONS, _NONE_TO_GIVE),
    _blank("offence_code", "Offence code missing", "crimes", "offence_code", CRIME, _CRIMES),
    _blank("domestic_abuse", "Domestic-abuse flag missing", "crimes", "domestic_abuse", CRIME, _CRIMES, usual=(0.02, 0.2)),
    _blank("occurred_on", "Day of the offence missing", "crimes", "occurred_on", CRIME, _CRIMES),
    _blank("reported_on", "Day of the report missing", "crimes", "reported_on", CRIME, _CRIMES),
    _blank("crime_postcode", "Postcode of the offence missing", "crimes", "postcode", CRIME, _CRIMES),
    _blank("reported_via", "Channel of the report missing", "crimes", "reported_via", CRIME, _CRIMES),
    _blank("suspect_status", "Suspect status missing", "crimes", "suspect_status", CRIME, _CRIMES),
    _blank("outcome_code", "Outcome missing beside its day", "crimes", "outcome_code", f"{CRIME}\n  AND outcome_on IS NOT NULL", "crimes with a day of outcome"),
    _blank("outcome_on", "Day of the outcome missing", "crimes", "outcome_on", _ENDED, "crimes with an outcome"),
    _blank("relationship", "Relationship missing", "involvements", "relationship", _CLASS_OF_LINK, "links of crimes", usual=(0.05, 0.45)),
)  # fmt: skip

QUANTITIES: dict[str, Quantity] = {
    one.key: one for group in (WORLD, RECORDING, IDENTITY, LINKAGE, OFFENCE, DATES, OUTCOME, EQUALITY, MISSING) for one in group
}
"""Every quantity by its key. Left out: ``recording.force_spread`` and ``world.border_share``, which mean something only among forces."""
