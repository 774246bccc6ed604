"""The defects: one registry in the order of application, with family, rate, source and mechanism of each."""

from functools import partial

import numpy as np

from synthetic.defects import dates, identity, linkage, offence, outcome, recording
from synthetic.defects.ledger import Defect, Ledger, Spoiler, ledger_table, tilt
from synthetic.defects.missing import blank
from synthetic.profile import Profile
from synthetic.randomness import stream
from synthetic.recording import Recording
from synthetic.world.scope import Scope

__all__ = ["REGISTRY", "Defect", "Ledger", "apply_defects", "ledger_table", "profile_of_force", "tilt"]

PROPOSED, ILLUSTRATIVE = "proposed", "illustrative"
HMICFRS_2023, HMICFRS_2025 = "HMICFRS, Race and policing, 2023", "HMICFRS, PEEL spotlight, 2025"
COPIES, ANY, BY_CRIME, BY_SYSTEM = "at random, on copies", "at random", "by channel and gravity", "by system"
_recording = partial(Defect, family="recording")
_identity = partial(Defect, family="identity")
_dates = partial(Defect, family="dates", mechanism=ANY, source=ILLUSTRATIVE)


def _blank(key: str, family: str, table: str, field: str, typical: float, source: str, role: str | None = None) -> Defect:
    """A field left blank at the rate ``missing.<key>``."""
    mechanism = "by system and by the value itself" if field in ("ethnicity", "sex") else BY_SYSTEM
    mechanism = mechanism if table == "persons" else BY_CRIME
    return Defect(f"missing_{key}", family, f"missing.{key}", typical, source, mechanism, blank(table, field, role))


# fmt: off
REGISTRY: tuple[Defect, ...] = (
    _recording("not_recorded", rate="recording.not_recorded", typical=0.038, source=HMICFRS_2025,
               mechanism="by gravity", apply=recording.not_recorded),
    _recording("not_recorded_hidden", rate="recording.not_recorded_hidden", typical=0.08, source=HMICFRS_2025,
               mechanism="by offence", apply=recording.not_recorded_hidden),
    _recording("late", rate="recording.late", typical=0.06, source=PROPOSED, mechanism=ANY, apply=recording.late),
    _recording("silent_unit", rate="recording.silent_unit", typical=0.10, source=ILLUSTRATIVE,
               mechanism="by unit and month", apply=recording.silent_unit),
    _recording("group_dropped", rate="recording.group_dropped", typical=0.05, source=ILLUSTRATIVE,
               mechanism="by unit, offence group and month", apply=recording.group_dropped),
    _recording("unit_drop", rate="recording.unit_drop", typical=0.05, source=ILLUSTRATIVE,
               mechanism="by unit and month", apply=recording.unit_drop),
    _recording("late_unit", rate="recording.late_unit", typical=0.03, source=ILLUSTRATIVE,
               mechanism="by unit and month", apply=recording.late_unit),
    _recording("system_change", rate="recording.system_change", typical=0.0, source="HMICFRS, December 2020",
               mechanism="by month", apply=recording.system_change),
    _recording("last_months_incomplete", rate="recording.last_months_incomplete", typical=0.0, source=ILLUSTRATIVE,
               mechanism="by month", apply=recording.last_months_incomplete),
    _recording("recorded_twice", rate="recording.recorded_twice", typical=0.01, source=PROPOSED, mechanism=ANY,
               apply=recording.recorded_twice),
    _identity("split_identity", rate="identity.duplicate_rate", typical=0.10, source=PROPOSED,
              mechanism="by number of crimes, and by group", apply=identity.split_identity),
    _identity("alias", rate="identity.alias", typical=0.02, source=ILLUSTRATIVE, mechanism=COPIES, apply=identity.alias),
    _identity("married_name", rate="identity.married_name", typical=0.05, source=ILLUSTRATIVE,
              mechanism="at random, on copies of women", apply=identity.married_name),
    _identity("nickname", rate="identity.nickname", typical=0.15, source=ILLUSTRATIVE,
              mechanism="at random, on copies whose name has one", apply=identity.nickname),
    _identity("transliteration", rate="identity.transliteration", typical=0.30, source=ILLUSTRATIVE,
              mechanism="by naming culture, on copies", apply=identity.transliteration),
    _identity("accent_hyphen", rate="identity.accent_hyphen", typical=0.30, source=ILLUSTRATIVE,
              mechanism="on copies whose name has such marks", apply=identity.accent_hyphen),
    _identity("phonetic", rate="identity.phonetic", typical=0.10, source=ILLUSTRATIVE, mechanism=COPIES,
              apply=identity.phonetic),
    _identity("scanned_text", rate="identity.scanned_text", typical=0.02, source=ILLUSTRATIVE, mechanism=COPIES,
              apply=identity.scanned_text),
    _identity("typing_slip", rate="identity.typing_slip", typical=0.25, source=ILLUSTRATIVE, mechanism=COPIES,
              apply=identity.typing_slip),
    _identity("swapped_names", rate="identity.swapped_names", typical=0.02, source=ILLUSTRATIVE,
              mechanism="by naming culture, on copies",
              apply=identity.swapped_names),
    _identity("day_month_swapped", rate="identity.day_month_swapped", typical=0.05, source=ILLUSTRATIVE,
              mechanism="on copies where it gives another date", apply=identity.day_month_swapped),
    _identity("wrong_digit", rate="identity.wrong_digit", typical=0.05, source=ILLUSTRATIVE, mechanism=COPIES,
              apply=identity.wrong_digit),
    _identity("old_address", rate="identity.old_address", typical=0.40, source=ILLUSTRATIVE, mechanism=COPIES,
              apply=identity.old_address),
    _identity("january_filler", rate="identity.january_filler", typical=0.01, source=ILLUSTRATIVE, mechanism=ANY,
              apply=identity.january_filler),
    _identity("placeholder_name", rate="identity.placeholder_name", typical=0.003, source=ILLUSTRATIVE, mechanism=ANY,
              apply=identity.placeholder_name),
    _identity("overlaid", rate="identity.overlaid", typical=0.005, source=PROPOSED, mechanism="on people of like names",
              apply=identity.overlaid),
    Defect("suspect_not_linked", "linkage", "linkage.suspect_not_linked", 0.08, PROPOSED, BY_CRIME + " and group",
           linkage.suspect_not_linked),
    Defect("victim_not_linked", "linkage", "linkage.victim_not_linked", 0.02, ILLUSTRATIVE, BY_CRIME + " and group",
           linkage.victim_not_linked),
    Defect("wrong_person_linked", "linkage", "linkage.wrong_person_linked", 0.005, ILLUSTRATIVE, ANY,
           linkage.wrong_person_linked),
    Defect("orphan", "linkage", "linkage.orphan", 0.002, ILLUSTRATIVE, ANY, linkage.orphan),
    Defect("involvement_twice", "linkage", "linkage.involvement_twice", 0.005, ILLUSTRATIVE, ANY, linkage.involvement_twice),
    Defect("misrouted", "offence", "offence.misrouted", 0.03, ILLUSTRATIVE, "by unit, offence group and month", offence.misrouted),
    Defect("downgraded", "offence", "offence.downgraded", 0.15, PROPOSED, "by offence", offence.downgraded),
    Defect("retired_code", "offence", "offence.retired_code", 0.002, ILLUSTRATIVE, "by gravity", offence.retired_code),
    Defect("invalid_code", "offence", "offence.invalid_code", 0.001, ILLUSTRATIVE, "by gravity", offence.invalid_code),
    Defect("domestic_abuse_wrong", "offence", "offence.domestic_abuse_wrong", 0.03, ILLUSTRATIVE, ANY,
           offence.domestic_abuse_wrong),
    _dates("date_swapped", rate="dates.swapped", typical=0.003, apply=dates.date_swapped),
    _dates("date_defaulted", rate="dates.defaulted", typical=0.03, apply=dates.date_defaulted),
    _dates("date_out_of_order", rate="dates.out_of_order", typical=0.004, apply=dates.date_out_of_order),
    _dates("date_in_future", rate="dates.in_future", typical=0.001, apply=dates.date_in_future),
    _dates("date_1900", rate="dates.filler_1900", typical=0.002, apply=dates.date_1900),
    Defect("outcome_against_suspect", "outcome", "outcome.against_suspect", 0.03, PROPOSED, ANY,
           outcome.outcome_against_suspect),
    Defect("outcome_invalid", "outcome", "outcome.invalid", 0.002, ILLUSTRATIVE, ANY, outcome.outcome_invalid),
    Defect("outcome_before_crime", "outcome", "outcome.before_crime", 0.003, ILLUSTRATIVE, ANY, outcome.outcome_before_crime),
    Defect("outcome_stale", "outcome", "outcome.stale", 0.08, PROPOSED, "by age of the case", outcome.outcome_stale),
    _blank("forename", "identity", "persons", "forename", 0.01, ILLUSTRATIVE),
    _blank("surname", "identity", "persons", "surname", 0.005, ILLUSTRATIVE),
    _blank("suspect_date_of_birth", "identity", "persons", "date_of_birth", 0.07, PROPOSED, "suspect"),
    _blank("victim_date_of_birth", "identity", "persons", "date_of_birth", 0.11, HMICFRS_2023, "victim"),
    _blank("suspect_sex", "equality", "persons", "sex", 0.01, ILLUSTRATIVE, "suspect"),
    _blank("victim_sex", "equality", "persons", "sex", 0.05, HMICFRS_2023, "victim"),
    _blank("suspect_ethnicity", "equality", "persons", "ethnicity", 0.35, "IICSA 2022, part H.4", "suspect"),
    _blank("victim_ethnicity", "equality", "persons", "ethnicity", 0.61, HMICFRS_2023, "victim"),
    _blank("address", "identity", "persons", "address", 0.08, ILLUSTRATIVE),
    _blank("postcode", "identity", "persons", "postcode", 0.10, ILLUSTRATIVE),
    _blank("phone", "identity", "persons", "phone", 0.30, ILLUSTRATIVE),
    _blank("offence_code", "offence", "crimes", "offence_code", 0.005, ILLUSTRATIVE),
    _blank("domestic_abuse", "offence", "crimes", "domestic_abuse", 0.08, PROPOSED),
    _blank("occurred_on", "dates", "crimes", "occurred_on", 0.03, ILLUSTRATIVE),
    _blank("reported_on", "dates", "crimes", "reported_on", 0.01, ILLUSTRATIVE),
    _blank("crime_postcode", "other", "crimes", "postcode", 0.06, ILLUSTRATIVE),
    _blank("reported_via", "other", "crimes", "reported_via", 0.04, ILLUSTRATIVE),
    _blank("suspect_status", "other", "crimes", "suspect_status", 0.03, ILLUSTRATIVE),
    _blank("outcome_code", "outcome", "crimes", "outcome_code", 0.01, ILLUSTRATIVE),
    _blank("outcome_on", "outcome", "crimes", "outcome_on", 0.03, ILLUSTRATIVE),
    _blank("relationship", "other", "involvements", "relationship", 0.20, PROPOSED),
)
# fmt: on


def apply_defects(scope: Scope, recording: Recording, number: int = 0) -> Ledger:
    """Put every defect of the registry in, in order, each from its own stream; returns the ledger."""
    ledger = Ledger()
    slug = recording.force.slug
    profile = profile_of_force(scope, slug)
    for defect in REGISTRY:
        ledger.defect, ledger.family = defect.name, defect.family
        rng = stream(scope.seed, "defect", defect.name, slug, str(number))
        defect.apply(Spoiler(recording, profile, rng, ledger, profile.rate(defect.rate)))
    return ledger


def profile_of_force(scope: Scope, slug: str) -> Profile:
    """The profile with the rates of one force: about the profile's own, as far apart as ``recording.force_spread`` says."""
    spread = scope.profile.recording.force_spread
    if not spread:
        return scope.profile
    content = scope.profile.model_dump()
    for defect in REGISTRY:
        section, name = defect.rate.split(".")
        rate = content[section][name]
        odds = np.exp(stream(scope.seed, "spread", defect.rate, slug).normal(0, spread))
        content[section][name] = min(rate * odds / (1 - rate + rate * odds), 0.9 if name == "duplicate_rate" else 1.0)
    return Profile.model_validate(content)
