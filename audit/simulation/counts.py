"""The file that describes a force by counts: totals that it may share, ranges, or nothing; TOML, CSV or Excel."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from audit.simulation.cells import number_of, read_rows
from audit.simulation.quantities import SECTIONS, Quantity
from audit.simulation.questions import QUANTITIES
from synthetic.errors import InputError
from synthetic.profile import profile_names

LEAST_TOTAL = 10
"""Totals under it are refused: so small a group could be recognised, and shows nothing."""
RESIDENTS = (50_000, 10_000_000)
"""Fewest and most residents."""

Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Counted(_Answer):
    """A rate as two totals: so many of so many."""

    counted: Annotated[int, Field(ge=0)]
    of: Annotated[int, Field(ge=LEAST_TOTAL, le=10**12)]

    @model_validator(mode="after")
    def _part_of_total(self) -> "Counted":
        if self.counted > self.of:
            raise ValueError("more counted than there are")
        return self


class Between(_Answer):
    """A rate of which only a range is known."""

    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _in_order(self) -> "Between":
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


Answer = Counted | Between | Finite
"""Two totals, a range, or the exact rate. Unknown is no answer."""


class Counts(BaseModel):
    """A force by counts alone.

    ``answers`` are by the profile's key. A rate that is left out is not known: it is then drawn from a range about the
    profile's value, or is the profile's own where ``left_out`` is ``profile``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    population: int = Field(1_000_000, ge=RESIDENTS[0], le=RESIDENTS[1])
    profile: str = "typical"
    left_out: Literal["range", "profile"] = "range"
    answers: dict[str, Answer] = {}


OLD_NAMES: dict[str, tuple[tuple[str, ...], bool]] = {
    "duplicate_records": (("identity.duplicate_rate",), False),
    "named_suspects_linked": (("linkage.suspect_not_linked",), True),
    "wrong_person_linked": (("linkage.wrong_person_linked",), False),
    "reports_recorded": (("recording.not_recorded", "recording.not_recorded_hidden"), True),
    "crimes_recorded_twice": (("recording.recorded_twice",), False),
    "recorded_within_a_day": (("recording.late",), True),
    "silent_units": (("recording.silent_unit",), False),
    "offence_codes_missing": (("missing.offence_code",), False),
    "stalking_coded_lower": (("offence.downgraded",), False),
    "report_dates_missing": (("missing.reported_on",), False),
    "impossible_dates": (("dates.out_of_order",), False),
    "suspects_without_date_of_birth": (("missing.suspect_date_of_birth",), False),
    "victims_without_date_of_birth": (("missing.victim_date_of_birth",), False),
    "suspects_without_ethnicity": (("missing.suspect_ethnicity",), False),
    "victims_without_ethnicity": (("missing.victim_ethnicity",), False),
    "victims_without_sex": (("missing.victim_sex",), False),
    "reports_per_1000": (("world.reports_per_1000",), False),
}
"""Rates of version 0.2's files: the keys that each sets, and whether it is the contrary of theirs."""


def read_counts(path: Path) -> Counts:
    """The counts of a TOML file, or of a worksheet as CSV or Excel; raises InputError with one sentence that echoes no value."""
    if path.suffix.lower() in (".csv", ".xlsx"):
        return counts_of_worksheet(path)
    try:
        return counts_of_toml(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, ValueError):
        raise InputError(
            "COUNTS", "takes a TOML, CSV or Excel file that can be read; `--worksheet` writes one to fill in."
        ) from None


def counts_of_toml(text: str) -> Counts:
    """The counts of a TOML file's text; raises InputError."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise InputError(None, "The counts file is not valid TOML; `--example` prints one with every rate in it.") from None
    head = {name: content.pop(name) for name in list(content) if name in ("population", "profile", "left_out")}
    answers: dict[str, Any] = {}
    for name, value in content.items():
        if name in OLD_NAMES and not isinstance(value, dict):
            head.setdefault("left_out", "profile")
            keys, contrary = OLD_NAMES[name]
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            given = dict.fromkeys(keys, 1 - value if contrary and is_number else value)
            _refuse_repeats(answers, given)
            answers |= given
        elif isinstance(value, dict):
            given = {f"{name}.{key}": answer for key, answer in value.items() if answer != "unknown"}
            _refuse_repeats(answers, given)
            answers |= given
        else:
            raise InputError(None, f"The counts file has a line that is not known; its sections are {', '.join(_sections())}.")
    return check_counts({**head, "answers": answers})


def _refuse_repeats(answers: dict[str, Any], given: dict[str, Any]) -> None:
    if twice := [QUANTITIES[key].title for key in given if key in answers and key in QUANTITIES]:
        raise InputError(None, f"The counts file has {twice[0]} twice, by its old and its new name; keep one of them.")


def check_counts(content: dict[str, Any]) -> Counts:
    """Counts from plain content; InputError names the rate and what is allowed."""
    for key in content.get("answers", {}):
        if key not in QUANTITIES:
            raise InputError(None, "The counts file has a rate that is not known; `--example` prints every rate that is.")
    try:
        counts = Counts.model_validate(content)
    except ValidationError as error:
        raise InputError(None, _sentence(error)) from None
    if counts.profile not in profile_names():
        raise InputError(None, f"The counts file's profile must be one of {', '.join(profile_names())}.")
    for key, answer in counts.answers.items():
        _within(QUANTITIES[key], answer)
    return counts


def _within(quantity: Quantity, answer: Answer) -> None:
    """InputError where a rate is outside of what the simulation takes."""
    if isinstance(answer, Counted):
        if quantity.times == 1 and not quantity.is_share:
            raise InputError(None, f"{quantity.title} ({quantity.key}) is no share of rows; give a range, low and high.")
        ends = [quantity.times * answer.counted / answer.of]
    elif isinstance(answer, Between):
        ends = [answer.low, answer.high]
    else:
        ends = [answer]
    if not all(quantity.least <= end <= quantity.most for end in ends):
        unit = " as a share of 1" if quantity.is_share else ""
        raise InputError(None, f"{quantity.title} ({quantity.key}) must lie from {quantity.least:g} to {quantity.most:g}{unit}.")


def _sentence(error: ValidationError) -> str:
    """One sentence about the first thing that is wrong; echoes no value."""
    listed = error.errors(include_input=False, include_url=False)
    place = [str(part) for part in listed[0]["loc"]]
    if place[:1] != ["answers"] or len(place) < 2:
        allowed = {
            "population": f"the residents, a whole number from {RESIDENTS[0]:,} to {RESIDENTS[1]:,}",
            "left_out": 'left_out as "range" or "profile"',
            "profile": f"profile as one of {', '.join(profile_names())}",
        }
        return f"The counts file takes {allowed.get(place[0] if place else '', 'sections of rates, as --example prints them')}."
    key = place[1]
    named = f"{QUANTITIES[key].title} ({key})"
    mine = [one for one in listed if [str(part) for part in one["loc"]][:2] == place[:2]]
    if any(one["loc"][-1] == "of" and one["type"] == "greater_than_equal" for one in mine):
        return f"{named} has a total under {LEAST_TOTAL}, which is refused; give a range, low and high, instead."
    if any("more counted" in one["msg"] for one in mine):
        return f"{named} counts more than its total; counted must be at most of."
    if any("low is above" in one["msg"] for one in mine):
        return f"{named} has its low above its high; exchange them."
    return f"{named} takes {{ counted, of }} as whole numbers, {{ low, high }}, or one number: {QUANTITIES[key].allowed}."


def _sections() -> list[str]:
    return list(dict.fromkeys(key.split(".")[0] for key in QUANTITIES))


def counts_as_toml(counts: Counts) -> str:
    """The file that describes a force by these counts, each with what it counts; rates that are not known stand as comments."""
    lines = [
        "# A force by counts alone; no record is read. `python -m audit twin` reads this file.",
        "# Each rate: { counted = 31, of = 200 }, or { low = 0.02, high = 0.2 }, or the exact rate such as 0.05; leave out what is not known.",
        f"population = {counts.population}",
        f'profile = "{counts.profile}"',
        f'left_out = "{counts.left_out}"  # range: a rate that is left out is drawn about the profile\'s value; profile: it is that value',
    ]
    for section in _sections():
        lines.append(f"\n[{section}]")
        for key, quantity in QUANTITIES.items():
            if key.startswith(f"{section}."):
                answer = counts.answers.get(key)
                blank = "{ counted = 0, of = 200 }" if quantity.is_share else "{ low = 0, high = 1 }"
                shown = f"# {key.split('.')[1]} = {blank}" if answer is None else f"{key.split('.')[1]} = {_as_toml(answer)}"
                lines.append(f"{shown}  # {quantity.title}: {quantity.counts}{f', of {quantity.over}' if quantity.over else ''}")
    return "\n".join(lines) + "\n"


def _as_toml(answer: Answer) -> str:
    if isinstance(answer, BaseModel):
        return "{ " + ", ".join(f"{name} = {value!r}" for name, value in answer.model_dump().items()) + " }"
    return repr(float(answer))


# ---- the worksheet -----------------------------------------------------------------------------------------------------

COLUMNS = (
    "section",
    "rate",
    "key",
    "how to find it",
    "counts",
    "of these rows",
    "counted",
    "of",
    "from",
    "to",
    "allowed",
    "note",
    "query",
)
"""Columns of the worksheet; ``counted`` and ``of``, or ``from`` and ``to`` in the unit of ``allowed``, are filled in."""
FILLED_IN = ("counted", "of", "from", "to")
_TOP = ("population", "profile", "left_out")


def worksheet_frame(counts: Counts, words: dict[str, str]) -> pd.DataFrame:
    """The worksheet with these counts filled in, a row a rate; ``words`` says how each kind of quantity is found."""
    first = {
        "population": ("Residents", str(counts.population), f"{RESIDENTS[0]:,} to {RESIDENTS[1]:,}"),
        "profile": ("Profile for what is not known", counts.profile, ", ".join(profile_names())),
        "left_out": ("Rates left blank", counts.left_out, "range, profile"),
    }
    rows = [
        dict.fromkeys(COLUMNS, "") | {"section": "The force", "rate": title, "key": name, "from": value, "allowed": allowed}
        for name, (title, value, allowed) in first.items()
    ]
    for key, quantity in QUANTITIES.items():
        answer = counts.answers.get(key)
        low = high = counted = of = ""
        if isinstance(answer, Counted):
            counted, of = str(answer.counted), str(answer.of)
        elif answer is not None:
            ends = (answer.low, answer.high) if isinstance(answer, Between) else (answer, answer)
            low, high = (f"{quantity.shown(end):.12g}" for end in ends)
        values = (
            SECTIONS[quantity.section], quantity.title, key, words[quantity.how], quantity.counts, quantity.over, counted, of, low,
            high, quantity.allowed, quantity.relation, quantity.sql,
        )  # fmt: skip
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def counts_of_worksheet(path: Path) -> Counts:
    """The counts of a filled-in worksheet; raises InputError with one sentence that echoes no value."""
    content: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    seen: set[str] = set()
    for row in read_rows(path, ("key", *FILLED_IN)):
        key, filled = row["key"], {name: row[name] for name in FILLED_IN}
        if not any(filled.values()):
            continue
        if key not in (*_TOP, *QUANTITIES):
            raise InputError(None, "The worksheet has a rate that is not known; `--worksheet` writes one with every rate.")
        title = QUANTITIES[key].title if key in QUANTITIES else key
        if key in seen:
            raise InputError(None, f"{title} ({key}) is filled in twice in the worksheet; leave one of the rows.")
        seen.add(key)
        if key in QUANTITIES:
            answers[key] = _answer(QUANTITIES[key], filled)
        elif [name for name in FILLED_IN if filled[name]] != ["from"]:
            raise InputError(None, f"The worksheet's {key} takes one value, under from.")
        else:
            content[key] = _number(filled["from"], key) if key == "population" else filled["from"]
    return check_counts({**content, "answers": answers})


def _answer(quantity: Quantity, filled: dict[str, str]) -> Any:
    pairs = [(filled["counted"], filled["of"]), (filled["from"], filled["to"])]
    given = [pair for pair in pairs if any(pair)]
    if len(given) != 1 or not all(given[0]):
        raise InputError(None, f"{quantity.title} ({quantity.key}) takes counted and of, or from and to; fill in one pair, whole.")
    if any(pairs[0]):
        first, second = (_number(text, quantity.title) for text in given[0])
        return {"counted": first, "of": second}
    low, high = (_end(text, quantity) for text in given[0])
    return low if low == high else {"low": low, "high": high}


def _end(text: str, quantity: Quantity) -> float:
    """An end of a range, from the worksheet's unit to a share of 1."""
    if not quantity.is_share:
        return _number(text, quantity.title)
    return float(_number(text.removesuffix("%"), quantity.title)) / 100


def _number(text: str, name: str) -> float:
    if text.endswith("%"):
        raise InputError(None, f"{name} takes no percentage in the worksheet; write a plain number.")
    try:
        return number_of(text)
    except ValueError:
        raise InputError(None, f"{name} takes plain numbers in the worksheet, with a point before decimals, such as 1.5.") from None
