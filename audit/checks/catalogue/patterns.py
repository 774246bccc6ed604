"""Checks over many rows at once: unequal between groups, and abrupt from one month to the next."""

from audit.checks.types.base import Check
from audit.checks.types.changes import AbruptBlanks, AbruptCount
from audit.checks.types.groups import Group, Unequal
from synthetic.contract import reference

_ETHNICITIES = reference("ethnicities")
_WHITE = tuple(_ETHNICITIES.loc[_ETHNICITIES["ethnicity_group"] == "White", "ethnicity"])
_OTHERS = tuple(_ETHNICITIES.loc[~_ETHNICITIES["ethnicity_group"].isin(["White", "Not stated"]), "ethnicity"])
SEXES = (Group("women", ("F",)), Group("men", ("M",)))
ETHNICITIES = (Group("White", _WHITE), Group("other", _OTHERS))


def _abrupt(field: str, table: str, need: str) -> Check:
    return AbruptBlanks(f"abrupt_change.{table}.{field}", table=table, field=field, dimension="consistency", needed_for=(need,))


CHECKS: tuple[Check, ...] = (
    *[
        Unequal(
            f"unequal.persons.{field}.by_ethnicity", table="persons", field=field, column="ethnicity", groups=ETHNICITIES,
            people="White people or people of other ethnicity", needed_for=("equality",),
        )
        for field in ("forename", "date_of_birth", "sex", "address", "postcode", "phone")
    ],
    *[
        Unequal(
            f"unequal.persons.{field}.by_sex", table="persons", field=field, column="sex", groups=SEXES,
            people="women or men", needed_for=("equality",),
        )
        for field in ("forename", "date_of_birth", "ethnicity", "address", "postcode", "phone")
    ],
    AbruptCount(
        "abrupt_change.crimes.count", table="crimes", field="crime_id", dimension="coverage", warn=0.0, fail=0.10,
        needed_for=("frequency",),
        finds=(
            "Months in which a force recorded over 35% fewer or 50% more crimes than the months before, and the same months of "
            "other years, lead to expect; where there is no other year, over 55% fewer or 125% more."
        ),
        matters="A rule, a system or a habit changed, and not how many offend: a trend across it is none.",
        fix="Find out what changed in that month, and mark it on every figure that crosses it.",
    ),
    *[_abrupt(field, "persons", need) for field, need in (
        ("date_of_birth", "identity"), ("sex", "equality"), ("ethnicity", "equality"), ("postcode", "contact"), ("phone", "contact"),
    )],
    *[_abrupt(field, "crimes", need) for field, need in (
        ("offence_code", "severity"), ("domestic_abuse", "severity"), ("occurred_on", "recency"), ("reported_on", "recency"),
        ("suspect_status", "frequency"), ("postcode", "contact"),
    )],
    _abrupt("relationship", "involvements", "severity"),
)  # fmt: skip
