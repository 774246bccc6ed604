"""Courses: kinds of offending, and the published figures that they are made to come out at."""

from dataclasses import dataclass, replace

import numpy as np

from synthetic.contract import reference
from synthetic.randomness import Floats

# Recorded offences a year per million of them, in thousands: facts of volume, approximate (Home Office and ONS 2024/25).
YEARLY_MIX = {
    "001": 0.2,
    "002": 0.2,
    "005D": 3.0,
    "008V": 35.0,
    "008N": 150.0,
    "105A": 330.0,
    "003B": 15.0,
    "019C": 54.0,
    "019D": 14.0,
    "022A": 12.0,
    "020A": 73.0,
    "088C": 25.0,
    "008Q": 130.0,
    "008U": 45.0,
    "008L": 150.0,
    "008R": 60.0,
    "066B": 25.0,
    "058J": 30.0,
}
# Share of reports whose suspect is not known to the victim (outcomes 14 and 18 by Home Office group, proposed).
SUSPECT_NOT_KNOWN = {
    "rape": 0.14,
    "other_sexual": 0.20,
    "stalking": 0.05,
    "harassment": 0.16,
    "violence": 0.12,
    "other": 0.21,
}


SPELLS = 3.0
"""What varies of a spell is at most so many times as long as its mean."""


@dataclass(frozen=True)
class Course:
    """A kind of offending. All figures are illustrative, set so that the published concentration comes out.

    ``share`` is the share of each offence group's reports with a known suspect that this kind makes, or of a code's, where
    one is named; what the courses named leave of a code goes to the rest by the shares of its group. Further events
    are Poisson about a log-normal mean ``further`` of spread ``spread``, within a spell of mean ``spell`` days, of which a part
    ``steady`` is the same for all; ``new_victim`` is the chance that a further event has a new victim.
    """

    name: str
    share: dict[str, float]
    further: float
    spread: float
    spell: float
    new_victim: float
    relationships: dict[str, float]
    age: tuple[float, float]
    steady: float = 0.0

    @property
    def longest(self) -> float:
        """The longest spell, in days."""
        return self.spell * (self.steady + (1 - self.steady) * SPELLS)


_INTIMATE = {"partner": 0.46, "ex_partner": 0.34, "parent": 0.06, "child": 0.06, "sibling": 0.04, "other_family": 0.04}
# Persistent abusers, "domestic, grave", make most reports of strangulation, controlling behaviour and attempts to kill, and rape
# beside them, for years: so that 3 % of intimate-partner suspects make most of the harm, and few reports a year each.
COURSES = (
    Course(
        "domestic",
        {
            **{"rape": 0.04, "other_sexual": 0.12, "stalking": 0.14, "harassment": 0.50, "violence": 0.71, "other": 0.63},
            **{"020A": 0.04, "022A": 0.0, "005D": 0.05, "001": 0.2, "002": 0.2},
        },
        further=0.38,
        spread=0.9,
        spell=420,
        new_victim=0.08,
        relationships=_INTIMATE,
        age=(35, 11),
    ),
    Course(
        "domestic, grave",
        {
            **{"rape": 0.37, "other_sexual": 0.04, "stalking": 0.06, "harassment": 0.01, "violence": 0.01, "other": 0.03},
            **{"019D": 0.20, "008V": 0.75, "008U": 0.75, "003B": 0.60, "005D": 0.85, "022A": 0.12, "001": 0.6, "002": 0.6},
        },
        further=84,
        spread=0.1,
        spell=4200,
        steady=0.9,
        new_victim=0.13,
        relationships={"partner": 0.57, "ex_partner": 0.41, "other_family": 0.02},
        age=(34, 9),
    ),
    Course(
        "stalking and harassment",
        {
            **{"rape": 0.0, "other_sexual": 0.06, "stalking": 0.76, "harassment": 0.42, "violence": 0.06, "other": 0.26},
            **{"020A": 0.03, "022A": 0.0, "003B": 0.05, "005D": 0.0},
        },
        further=0.56,
        spread=0.9,
        spell=260,
        new_victim=0.08,
        relationships={"ex_partner": 0.27, "acquaintance": 0.50, "stranger": 0.23},
        age=(36, 11),
    ),
    Course(
        "sexual",
        {
            **{"rape": 0.36, "other_sexual": 0.60, "stalking": 0.01, "harassment": 0.02, "violence": 0.02, "other": 0.01},
            **{"019D": 0.55},
        },
        further=0.22,
        spread=0.8,
        spell=500,
        new_victim=0.45,
        relationships={"acquaintance": 0.52, "stranger": 0.16, "other_family": 0.12, "parent": 0.10, "partner": 0.10},
        age=(33, 13),
    ),
    Course(
        "sexual, serial",
        {
            **{"rape": 0.23, "other_sexual": 0.10, "stalking": 0.01, "harassment": 0.0, "violence": 0.01, "other": 0.0},
            **{"019D": 0.24},
        },
        further=24,
        spread=0.3,
        spell=2500,
        steady=0.6,
        new_victim=0.24,
        relationships={"acquaintance": 0.45, "partner": 0.30, "stranger": 0.15, "other_family": 0.10},
        age=(36, 11),
    ),
    Course(
        "other violence",
        {"rape": 0.0, "other_sexual": 0.08, "stalking": 0.02, "harassment": 0.05, "violence": 0.19, "other": 0.07},
        further=0.28,
        spread=0.9,
        spell=400,
        new_victim=0.7,
        relationships={"acquaintance": 0.66, "stranger": 0.34},
        age=(32, 12),
    ),
)


def shares_of_courses() -> Floats:
    """What each course makes of each offence's reports with a known suspect, shape (courses, offences); each offence's sum to 1."""
    offences = reference("offences")
    columns = [_shares_of_code(row.offence_code, row.offence_group) for row in offences.itertuples()]
    return np.array(columns).T


def _shares_of_code(code: str, group: str) -> list[float]:
    named = [course.share.get(code) for course in COURSES]
    left = 1 - sum(share for share in named if share is not None)
    rest = sum(course.share[group] for course, share in zip(COURSES, named, strict=True) if share is None)
    return [course.share[group] * left / rest if share is None else share for course, share in zip(COURSES, named, strict=True)]


DOMESTIC = ("partner", "ex_partner", "parent", "child", "sibling", "other_family")
# Domestic incidents that are no crime. These figures and INCIDENTS_BESIDE are set so that, of the suspects of intimate-partner
# crimes and incidents, 77.6 % have no further report in 731 days (Barnham, Barnes and Sherman 2017).
INCIDENTS = Course(
    "domestic incidents",
    {},
    further=0.18,
    spread=0.9,
    spell=400,
    new_victim=0.0,
    relationships=_INTIMATE,
    age=(36, 12),
)
INCIDENTS_BESIDE = 0.06
"""Incidents in the weeks after each domestic crime that happens, over incidents for each that is reported."""
RECORDED_AND_LEFT = 0.90
"""Domestic crimes that are recorded as crimes and stay so, of those reported, in the typical profile (measured)."""
# Those who offend in two forces have several victims, some here and some there.
BORDER_COURSES = tuple(replace(course, further=max(course.further, 2.5), new_victim=0.7) for course in COURSES)
# Offenders to be drawn for each who is reported in both forces, and reports each makes over a resident's (measured).
BORDER_DRAWN, BORDER_REPORTS = 1.95, 2.15
# How much likelier a report is by relationship, over the offence group's rate (illustrative).
REPORTS_BY_RELATIONSHIP = {"partner": 0.8, "ex_partner": 1.1, "stranger": 1.3, "acquaintance": 1.0}

# Days from the first act to the report: chance of the same day, a week, a month, a year, later (proposed).
DELAY_BOUNDS = np.array([0, 1, 8, 31, 366, 3650])
REPORT_DELAY = {
    "rape": (0.20, 0.18, 0.10, 0.22, 0.30),
    "other_sexual": (0.35, 0.20, 0.10, 0.15, 0.20),
    "violence": (0.70, 0.17, 0.06, 0.05, 0.02),
    "other": (0.70, 0.17, 0.06, 0.05, 0.02),
    "stalking": (0.10, 0.25, 0.40, 0.22, 0.03),
    "harassment": (0.10, 0.25, 0.40, 0.22, 0.03),
}
