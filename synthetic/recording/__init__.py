"""The recording: what a force would write down of its part of the world, as numbers first and as Arrow tables at the end.

A clean recording has one person record a person and one row a report, recorded on the day of the report. The defects
(``defects.py``) then work on it in place. Columns hold numbers: codes into pools and code lists, days since 1970, and
-1 or NEVER for nothing; ``column_text`` and ``tables`` turn them into what the files hold.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from synthetic.contract import CANCEL_REASONS, CHANNELS, RECORD_CLASSES, RELATIONSHIPS, ROLES, SYSTEMS, codes, reference
from synthetic.names import name_pool
from synthetic.randomness import Ints, Keys, child, derived, draw, normal, stream
from synthetic.world import World
from synthetic.world.courses import DOMESTIC
from synthetic.world.events import cancel_days
from synthetic.world.lives import contact
from synthetic.world.people import draw_postcodes
from synthetic.world.scope import NEVER, Force, Scope

Columns = dict[str, np.ndarray]

OFFENCES = codes("offences", "offence_code")
OUTCOMES = codes("outcomes", "outcome_code")
# Codes that recorded crimes may carry though no list has them, after those of the lists.
RETIRED_OFFENCES = ("008M", "008S", "105B")
INVALID_OFFENCES = ("999", "XXX")
INVALID_OUTCOMES = ("0", "99")

# Outcomes in per cent by group: charge, caution or resolution, 15, 16, other with a suspect, still open (built on Home
# Office outcomes YE March 2023, HMICFRS 2021; shares proposed). Reports with no known suspect end as 14 or 18, or are open.
OUTCOME_MIX = {
    "rape": (3, 0, 22, 43, 4, 14),
    "other_sexual": (5, 2, 24, 35, 5, 9),
    "stalking": (7, 1, 30, 52, 2, 3),
    "harassment": (4, 3, 22, 48, 3, 2),
    "domestic": (7, 2, 20, 54, 4, 5),
    "violence": (6, 5, 20, 40, 4, 4),
    "other": (6, 5, 20, 40, 4, 4),
}
NO_SUSPECT_MIX = {"rape": (6, 8, 14), "other_sexual": (6, 14, 9), "stalking": (2, 3, 3), "harassment": (6, 12, 2)}
CHARGE_MEDIAN_DAYS = {"rape": 489}
OUTCOME_SPREAD = 0.25
"""How much forces' outcomes differ: standard deviation of the logarithm of each share (illustrative; for charges of rape,
from 3.5 to 17.4 % in one force over three years, 2024)."""
CRIME, INCIDENT, CANCELLED = range(len(RECORD_CLASSES))
CANCEL_MIX = (60, 20, 12, 8)
"""Reasons of cancelled crimes in per cent, in the order of ``CANCEL_REASONS`` (illustrative)."""
CHANNEL_MIX = {True: (42, 20, 9, 5, 15, 9), False: (26, 28, 20, 8, 10, 8)}


@dataclass
class Recording:
    """One force's records, as numbers. ``person`` and ``crime`` of the involvements are rows of those tables.

    ``key`` stands for a row in every extract that has it; what is drawn for the row follows from it.
    ``whose`` gives the person (row of the world's people) behind each person record and ``event`` the event behind each
    crime; ``again`` marks a crime recorded a second time, ``orphan`` numbers links that lead nowhere, and ``shared`` has
    (person record, person) for each further person on a record. ``renamed`` has (unit, number) of each new code of a unit,
    which follow the units where crimes name one. Rows are never moved: ``kept`` says which are written.
    """

    world: World
    first_day: int
    last_day: int
    names: list[str]
    persons: Columns
    crimes: Columns
    involvements: Columns
    gaps: list[tuple[Any, ...]] = field(default_factory=list)
    shared: list[tuple[int, int]] = field(default_factory=list)
    renamed: list[tuple[int, int]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    people_by_key: Ints | None = None
    """The rows of the people in order of their keys, where it has been worked out."""
    name_texts: pa.Array | None = None
    """The names as an Arrow array, where it has been made."""

    @property
    def force(self) -> Force:
        return self.world.force

    def name_numbers(self, texts: list[str]) -> np.ndarray:
        """The numbers of names, which join the names where they are new; shape (n,)."""
        if not self.numbers:
            self.numbers = {name: number for number, name in enumerate(self.names)}
        for text in dict.fromkeys(texts):
            if text not in self.numbers:
                self.numbers[text] = len(self.names)
                self.names.append(text)
        return np.fromiter(map(self.numbers.__getitem__, texts), np.int32, len(texts))


def record_clean(scope: Scope, world: World, recording: int = 0) -> Recording:
    """Every report as what it is, everyone in it as one person record. ``recording`` numbers the recordings of a world.

    A person record says what was true of the person on the day when it was made.
    """
    events, people, slug = world.events, world.people, world.force.slug
    reported = np.flatnonzero(events.reported != NEVER)
    suspect, victim = events.suspect[reported], events.victim[reported]
    named = suspect >= 0
    crime_keys = derived(events.key[reported], "recorded", slug, str(recording))
    crimes = _clean_crimes(crime_keys, scope, world, reported, named)

    known = np.zeros(len(people), bool)
    known[victim] = True
    known[suspect[named]] = True
    whose = np.flatnonzero(known)
    row_of = np.cumsum(known) - 1
    is_suspect = np.zeros(len(people), bool)
    is_suspect[suspect[named]] = True
    keys = derived(people.key[whose], "recorded", slug, str(recording))
    persons = {
        "key": keys,
        "whose": whose,
        "is_suspect": is_suspect[whose],
        **{name: getattr(people, name)[whose].copy() for name in ("forename", "date_of_birth", "sex", "ethnicity")},
        **vars(contact(people, whose, people.known[whose])),
        "kept": np.ones(len(whose), bool),
        "created_on": people.known[whose],
        "source_system": draw_systems(keys, is_suspect[whose]),
    }
    crime_rows = np.arange(len(reported))
    involvements = {
        "key": np.concatenate([child(crime_keys[named], ROLES.index("suspect")), child(crime_keys, ROLES.index("victim"))]),
        "crime": np.concatenate([crime_rows[named], crime_rows]),
        "person": np.concatenate([row_of[suspect[named]], row_of[victim]]),
        "role": np.repeat(np.array([ROLES.index("suspect"), ROLES.index("victim")], np.int8), [named.sum(), len(victim)]),
        "relationship": np.concatenate([events.relationship[reported][named], events.relationship[reported]]),
        "kept": np.ones(int(named.sum()) + len(victim), bool),
        "orphan": np.full(int(named.sum()) + len(victim), -1),
    }
    return Recording(world, scope.start, scope.end, list(name_pool().names), persons, crimes, involvements)


def draw_systems(keys: Keys, is_suspect: np.ndarray) -> np.ndarray:
    """The system that makes a person record: custody for many suspects, public protection for some victims."""
    drawn = draw(keys, "system")
    records, custody = SYSTEMS.index("records"), SYSTEMS.index("custody")
    return np.where(
        is_suspect,
        np.where(drawn < 0.4, custody, records),
        np.where(drawn < 0.15, SYSTEMS.index("public_protection"), records),
    ).astype(np.int8)


def _clean_crimes(keys: Keys, scope: Scope, world: World, reported: np.ndarray, named: np.ndarray) -> Columns:
    events, people = world.events, world.people
    count = len(reported)
    offence, relationship = events.offence[reported], events.relationship[reported]
    domestic = np.isin(relationship, [RELATIONSHIPS.index(name) for name in DOMESTIC])
    unit = events.unit[reported]
    day = events.reported[reported]
    at_home = domestic | (draw(keys, "at home") < 0.3)
    home = contact(people, events.victim[reported], day).postcode
    postcode = np.where(at_home & (home >= 0), home, draw_postcodes(keys, world.force, unit))
    seen = draw(keys, "seen") < 0.5
    status = np.where(named, 0, np.where(seen, 1, 2)).astype(np.int8)
    outcome, outcome_on = _outcomes(keys, offence, domestic, named, day, _mix_of_force(scope, world.force))
    is_open = (outcome < 0) | (outcome_on > scope.end)
    is_crime = events.is_crime[reported]
    record_class = np.where(is_crime, CRIME, np.where(offence < 0, INCIDENT, CANCELLED)).astype(np.int8)
    cancelled_on, cancel_reason = cancellations(events.key[reported], day)
    return {
        "key": keys,
        "event": reported,
        "unit": unit,
        "decided_on": np.where(is_crime & (outcome >= 0), outcome_on, NEVER).astype(np.int32),
        "again": np.zeros(count, bool),
        "offence_true": offence,
        "offence_code": offence.copy(),
        "domestic_abuse": domestic.astype(np.int8),
        "occurred_on": events.occurred[reported],
        "reported_on": day.copy(),
        "recorded_on": day.copy(),
        "postcode": postcode,
        "reported_via": _draw_channels(keys, domestic),
        "suspect_status": status,
        "outcome_code": np.where(is_crime & ~is_open, outcome, -1).astype(np.int8),
        "outcome_on": np.where(is_crime & ~is_open, outcome_on, NEVER).astype(np.int32),
        "record_class": record_class,
        "cancelled_on": np.where(record_class == CANCELLED, cancelled_on, NEVER).astype(np.int32),
        "cancel_reason": np.where(record_class == CANCELLED, cancel_reason, -1).astype(np.int8),
        "kept": np.ones(count, bool),
    }


def cancellations(keys: Keys, recorded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(day, reason) of the cancellation of crimes recorded on those days."""
    bounds = np.cumsum(CANCEL_MIX) / sum(CANCEL_MIX)
    reason = np.searchsorted(bounds, draw(keys, "cancel reason")).clip(0, len(CANCEL_REASONS) - 1)
    return (recorded + cancel_days(keys)).astype(np.int32), reason.astype(np.int8)


def _mix_of_force(scope: Scope, force: Force) -> np.ndarray:
    """Factors of the force's shares of outcomes, over the usual ones; shape (6,). The share still open is the same in all."""
    factors = np.exp(stream(scope.seed, "outcomes", force.slug).normal(0, OUTCOME_SPREAD, 6))
    factors[-1] = 1.0
    return factors


def _draw_channels(keys: Keys, domestic: np.ndarray) -> np.ndarray:
    drawn = draw(keys, "channel") * 100
    result = np.zeros(len(domestic), np.int8)
    for flag, mix in CHANNEL_MIX.items():
        rows = domestic == flag
        result[rows] = np.searchsorted(np.cumsum(mix), drawn[rows], side="right").clip(0, len(CHANNELS) - 1)
    return result


def _outcomes(
    keys: Keys,
    offence: np.ndarray,
    domestic: np.ndarray,
    named: np.ndarray,
    day: np.ndarray,
    of_force: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Outcome (code, day) of each crime, whenever it comes; the code is -1 where it never does."""
    of_offence = reference("offences")["offence_group"].to_numpy()
    as_domestic = domestic & (of_offence == "violence")[offence]
    of_code = {code: number for number, code in enumerate(OUTCOMES)}
    outcome = np.full(len(offence), -1, np.int8)
    median = np.full(len(offence), 30.0)
    drawn, pick = draw(keys, "outcome"), draw(keys, "outcome's code")
    for group, mix in OUTCOME_MIX.items():
        mine = as_domestic if group == "domestic" else (of_offence == group)[offence] & ~as_domestic
        rows = np.flatnonzero(named & mine)
        shares = np.array(mix) * of_force
        kinds = np.searchsorted(np.cumsum(shares) / shares.sum(), drawn[rows], side="right").clip(0, 5)
        for kind, among in enumerate((("1",), ("2", "3", "8", "22"), ("15",), ("16",), ("9", "10", "13", "17", "20", "21"))):
            chosen = rows[kinds == kind]
            outcome[chosen] = np.array([of_code[code] for code in among])[(pick[chosen] * len(among)).astype(int)]
        median[rows[kinds == 0]] = CHARGE_MEDIAN_DAYS.get(group, 60)
        rows = np.flatnonzero(~named & mine)
        mix_unknown = NO_SUSPECT_MIX.get(group, (6, 10, 4))
        kinds = np.searchsorted(np.cumsum(mix_unknown) / sum(mix_unknown), drawn[rows], side="right").clip(0, 2)
        outcome[rows] = np.array([of_code["14"], of_code["18"], -1])[kinds]
        median[rows] = 14.0
    on = day + np.exp(np.log(median) + normal(keys, "outcome after")).astype(np.int32)
    return outcome.astype(np.int8), on.astype(np.int32)
