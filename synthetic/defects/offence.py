"""Defects of the offence: coded lower, by a code that is retired or none; the domestic-abuse flag wrong."""

import numpy as np

from synthetic.contract import codes, reference
from synthetic.defects.declaration import ANY, ILLUSTRATIVE, PROPOSED, defect
from synthetic.defects.ledger import DefectWriter
from synthetic.defects.recording import enter_gap, months_of, runs_of_months
from synthetic.defects.weights import grave
from synthetic.randomness import whole
from synthetic.recording import INVALID_OFFENCES, OFFENCES, RETIRED_OFFENCES

# What a course of conduct is written down as (HMICFRS on stalking: coded as its lesser parts).
DOWNGRADES = {"008Q": ("008L", "008R"), "008L": ("008R",), "008U": ("105A",)}


@defect("offence.downgraded", "offence", 0.15, PROPOSED, "by offence")
def downgraded(writer: DefectWriter) -> None:
    """Stalking becomes harassment or malicious communications, harassment the latter, coercive control common assault."""
    crimes = writer.recording.crimes
    of_code = {code: number for number, code in enumerate(codes("offences", "offence_code"))}
    for code, lower in DOWNGRADES.items():
        rows = writer.chosen("crimes", np.flatnonzero(writer.kept("crimes") & (crimes["offence_true"] == of_code[code])))
        choices = np.array([of_code[other] for other in lower], np.int8)
        writer.write("crimes", "offence_code", rows, choices[writer.whole("crimes", rows, len(choices))])


# What a unit that codes a whole offence group as its neighbour writes down.
MISROUTES = {"stalking": "008L", "rape": "020A", "harassment": "105A"}


@defect("offence.misrouted", "offence", 0.03, ILLUSTRATIVE, "by unit, offence group and month")
def misrouted(writer: DefectWriter) -> None:
    """A unit codes one offence group as its neighbour for three to twelve months: stalking as harassment, rape as assault."""
    crimes = writer.recording.crimes
    of_code = {code: number for number, code in enumerate(codes("offences", "offence_code"))}
    of_group = reference("offences")["offence_group"].to_numpy()
    for run in runs_of_months(writer, 3, 12):
        group = tuple(MISROUTES)[int(whole(run.key, len(MISROUTES), "group")[0])]
        share = 0.7 + 0.3 * run.draw("share")
        month = months_of(writer)
        rows = np.flatnonzero(
            writer.kept("crimes")
            & (crimes["unit"] == run.unit)
            & (month >= run.first)
            & (month <= run.last)
            & (of_group == group)[crimes["offence_true"]]
        )
        rows = rows[writer.draw("crimes", rows) < share]
        writer.write("crimes", "offence_code", rows, np.full(len(rows), of_code[MISROUTES[group]], crimes["offence_code"].dtype))
        enter_gap(writer, run.unit, group, (run.first, run.last), "misrouted", len(rows))


@defect("offence.retired_code", "offence", 0.002, ILLUSTRATIVE, "by gravity")
def retired_code(writer: DefectWriter) -> None:
    """A code that was valid once; rarely for grave offences."""
    _other_code(writer, RETIRED_OFFENCES)


@defect("offence.invalid_code", "offence", 0.001, ILLUSTRATIVE, "by gravity")
def invalid_code(writer: DefectWriter) -> None:
    """A code that never was valid."""
    _other_code(writer, INVALID_OFFENCES)


def _other_code(writer: DefectWriter, others: tuple[str, ...]) -> None:
    first = {RETIRED_OFFENCES: len(OFFENCES), INVALID_OFFENCES: len(OFFENCES) + len(RETIRED_OFFENCES)}[others]
    rows = writer.chosen("crimes", np.flatnonzero(writer.kept("crimes")), np.where(grave(writer), 0.3, 1.0))
    writer.write("crimes", "offence_code", rows, (first + writer.whole("crimes", rows, len(others))).astype(np.int8))


@defect("offence.domestic_abuse_wrong", "offence", 0.03, ILLUSTRATIVE, ANY)
def domestic_abuse_wrong(writer: DefectWriter) -> None:
    """The flag says the contrary."""
    crimes = writer.recording.crimes
    rows = writer.chosen("crimes", np.flatnonzero(writer.kept("crimes") & (crimes["domestic_abuse"] >= 0)))
    writer.write("crimes", "domestic_abuse", rows, (1 - crimes["domestic_abuse"][rows]).astype(np.int8))
