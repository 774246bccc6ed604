"""A table as report, pages and Markdown show it: cells with their status, notes and identifiers."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cell:
    """A cell of a table: text, a note in small print, a status (shown by symbol and colour), and whether it is a number."""

    text: str
    note: str = ""
    status: str = ""
    number: bool = False
    code: str = ""
    """The identifier that files have for it, small beside the English name."""
    link: str = ""
    """Address of the dashboard's page that says more, relative to the dashboard; the report has no links."""


@dataclass(frozen=True)
class Table:
    """A table with its caption, and below it how to read it."""

    caption: str
    columns: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    note: str = ""
    empty: str = ""
    """What a page says in place of a table without rows."""

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers only, and are set right."""
        return [bool(self.rows) and all(row[place].number for row in self.rows) for place in range(len(self.columns))]

    def as_markdown(self) -> str:
        """The table in Markdown, caption and note left out.

        >>> print(Table("Forces", ["Force", "Status"], [[Cell("North"), Cell("pass", "of 3")]]).as_markdown())
        | Force | Status |
        |---|---|
        | North | pass (of 3) |
        <BLANKLINE>
        """
        plain = [[f"{cell.text}{f' ({cell.note})' if cell.note else ''}".replace("|", "/") for cell in row] for row in self.rows]
        head = f"| {' | '.join(self.columns)} |\n|{'---|' * len(self.columns)}"
        return "\n".join([head, *(f"| {' | '.join(row)} |" for row in plain)]) + "\n"
