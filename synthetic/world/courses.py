"""Courses: kinds of offending, and the published figures that they are made to come out at."""

from dataclasses import dataclass, replace

import numpy as np

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


@dataclass(frozen=True)
class Course:
    """A kind of offending. All figures are illustrative, set so that the published concentration comes out.

    ``share`` is the share of each offence group's reports with a known suspect that this kind makes. Further events
    are Poisson about a log-normal mean ``further`` of spread ``spread``, within a spell of mean ``spell`` days;
    ``new_victim`` is the chance that a further event has a new victim.
    """

    name: str
    share: dict[str, float]
    further: float
    spread: float
    spell: float
    new_victim: float
    relationships: dict[str, float]
    age: tuple[float, float]


_INTIMATE = {"partner": 0.46, "ex_partner": 0.34, "parent": 0.06, "child": 0.06, "sibling": 0.04, "other_family": 0.04}
COURSES = (
    Course(
        "domestic",
        {"rape": 0.30, "other_sexual": 0.12, "stalking": 0.20, "harassment": 0.45, "violence": 0.66, "other": 0.58},
        further=0.58,
        spread=0.9,
        spell=420,
        new_victim=0.08,
        relationships=_INTIMATE,
        age=(35, 11),
    ),
    Course(
        "domestic, grave",
        {"rape": 0.24, "other_sexual": 0.04, "stalking": 0.06, "harassment": 0.06, "violence": 0.06, "other": 0.08},
        further=3.7,
        spread=0.65,
        spell=500,
        new_victim=0.06,
        relationships={"partner": 0.55, "ex_partner": 0.40, "other_family": 0.05},
        age=(34, 9),
    ),
    Course(
        "stalking and harassment",
        {"rape": 0.0, "other_sexual": 0.06, "stalking": 0.70, "harassment": 0.42, "violence": 0.06, "other": 0.26},
        further=0.66,
        spread=0.9,
        spell=260,
        new_victim=0.08,
        relationships={"ex_partner": 0.44, "acquaintance": 0.40, "stranger": 0.16},
        age=(36, 11),
    ),
    Course(
        "sexual",
        {"rape": 0.30, "other_sexual": 0.60, "stalking": 0.01, "harassment": 0.02, "violence": 0.02, "other": 0.01},
        further=0.22,
        spread=0.8,
        spell=500,
        new_victim=0.45,
        relationships={"acquaintance": 0.52, "stranger": 0.16, "other_family": 0.12, "parent": 0.10, "partner": 0.10},
        age=(33, 13),
    ),
    Course(
        "sexual, serial",
        {"rape": 0.16, "other_sexual": 0.10, "stalking": 0.01, "harassment": 0.0, "violence": 0.01, "other": 0.0},
        further=4.4,
        spread=0.68,
        spell=600,
        new_victim=0.24,
        relationships={"acquaintance": 0.45, "partner": 0.30, "stranger": 0.15, "other_family": 0.10},
        age=(36, 11),
    ),
    Course(
        "other violence",
        {"rape": 0.0, "other_sexual": 0.08, "stalking": 0.02, "harassment": 0.05, "violence": 0.19, "other": 0.07},
        further=0.33,
        spread=0.9,
        spell=400,
        new_victim=0.7,
        relationships={"acquaintance": 0.66, "stranger": 0.34},
        age=(32, 12),
    ),
)
DOMESTIC = ("partner", "ex_partner", "parent", "child", "sibling", "other_family")
# Domestic incidents that are no crime. These figures and INCIDENTS_BESIDE are set so that, of the suspects of intimate-partner
# crimes and incidents, 77.6 % have no further report in 731 days (Barnham, Barnes and Sherman 2017).
INCIDENTS = Course(
    "domestic incidents",
    {},
    further=0.22,
    spread=0.9,
    spell=400,
    new_victim=0.0,
    relationships=_INTIMATE,
    age=(36, 12),
)
INCIDENTS_BESIDE = 0.09
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
