"""Reveals that several lessons share: the list from clean records beside the one from records with defects."""

from audit.presentation.tables import Cell, Table
from audit.presentation.wording import interval, percent
from dashboard.lessons.claim import Claim, difference, share
from dashboard.lessons.lab import Lab
from dashboard.lessons.lesson import Reveal

COLUMNS = ["", "Clean records", "With defects"]
Shares = tuple[float, float, float]


def missed(lab: Lab) -> Shares:
    """Share of the people that the lists should hold who are not on them, with its 95% Wilson interval, over all people."""
    size = lab.effect.effect["truth_size"].to_numpy(float)
    found = lab.effect.effect["recall_at_k"].to_numpy(float)
    return share(round(float(((1 - found) * size).sum())), size.sum())


def wrong(lab: Lab) -> Shares:
    """Share of the lists' records that belong to nobody on the true list, with its 95% Wilson interval."""
    size = lab.effect.effect["k"].to_numpy(float)
    return share(round(float((lab.effect.effect["wrongly_included"].to_numpy(float) * size).sum())), size.sum())


def people_missed(clean: Lab, defective: Lab) -> Claim:
    """That the list misses more people than the list from clean records does."""
    return Claim("people missed", *difference(missed(clean), missed(defective)))


def effect(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """How many people the list misses, and the figures of the list, clean and with defects."""
    value, low, high = missed(defective)
    return Reveal(
        f"With {severity}, the list misses {100 * value:.0f} of 100 people it should hold ({interval(low, high, 0)}).",
        Table("The list, from clean records and from records with defects", COLUMNS, list_rows(clean, defective)),
        (people_missed(clean, defective),),
    )


def list_rows(clean: Lab, defective: Lab) -> list[list[Cell]]:
    """The figures of the list as rows of a table."""
    rows = [
        with_interval("People missed, of those the list should hold", missed(clean), missed(defective)),
        with_interval("Records wrongly on the list", wrong(clean), wrong(defective)),
    ]
    for title, name, contrary in (
        ("Harm missed", "harm_captured", True),
        ("Duplicate records of a person on the list", "repeat_entries", False),
    ):
        shares = [1 - lab.figure(name) if contrary else lab.figure(name) for lab in (clean, defective)]
        rows.append([Cell(title), *(Cell(percent(abs(one), digits=0), number=True) for one in shares)])
    return rows


def with_interval(title: str, *shares: Shares) -> list[Cell]:
    """A row of shares, each with its interval where it is neither none nor all."""
    cells = [
        Cell(percent(value, digits=0), interval(low, high, 0) if 0 < value < 1 else "", number=True) for value, low, high in shares
    ]
    return [Cell(title), *cells]


def fragments(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """As ``effect``, with the person records for each person."""
    return _with_records(effect(clean, defective, severity), clean, defective)


def shared(clean: Lab, defective: Lab, severity: str) -> Reveal:
    """Who is on the list for what somebody else did."""
    value, low, high = wrong(defective)
    claim = Claim("records wrongly on the list", *difference(wrong(clean), wrong(defective)))
    shown = Reveal(
        f"With {severity}, {100 * value:.0f} of 100 records on the list should not be on it ({interval(low, high, 0)}).",
        Table("The list, from clean records and from records with defects", COLUMNS, list_rows(clean, defective)),
        (claim, people_missed(clean, defective)),
    )
    return _with_records(shown, clean, defective)


def _with_records(shown: Reveal, clean: Lab, defective: Lab) -> Reveal:
    line = [Cell("Person records for each person")]
    line += [Cell(f"{lab.records / lab.people:.2f}", number=True) for lab in (clean, defective)]
    table = Table(shown.table.caption, shown.table.columns, [line, *shown.table.rows])
    return Reveal(shown.sentence, table, shown.claims)
