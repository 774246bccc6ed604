"""Bad input: the one exception that reports it, and how a command line shows it."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import date, datetime


class InputError(Exception):
    """Bad input: one sentence that says what is wrong and how to fix it. It never repeats a value.

    ``parameter`` names the argument at fault (``date_basis``), or is None where the fault is in a file or folder. With a
    parameter, ``message`` is the rest of the sentence: ``InputError("k", "takes a whole number of 1 or more.")``.
    A command line shows the parameter as its option, ``--date-basis``, and exits with code 2.

    >>> str(InputError("date_basis", "takes one of reported, occurred."))
    'date_basis takes one of reported, occurred.'
    >>> InputError("date_basis", "takes one of reported, occurred.").as_option()
    '--date-basis takes one of reported, occurred.'
    """

    def __init__(self, parameter: str | None, message: str) -> None:
        super().__init__(parameter, message)
        self.parameter, self.message = parameter, message

    def __str__(self) -> str:
        return f"{self.parameter} {self.message}" if self.parameter else self.message

    def as_option(self) -> str:
        """The sentence as a command line writes it; arguments without dashes are named in capitals (``GRID``)."""
        if self.parameter is None:
            return self.message
        name = self.parameter if self.parameter.isupper() else f"--{self.parameter.replace('_', '-')}"
        return f"{name} {self.message}"


def read_day(text: str, parameter: str, message: str) -> date:
    """The day that a text names, as 2025-03-31; InputError with this parameter and message where it names none.

    >>> read_day("2025-03-31", "as_of", "takes a day.")
    datetime.date(2025, 3, 31)
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise InputError(parameter, message) from None


@contextmanager
def processes_that_last() -> Iterator[None]:
    """Reports a process of a pool that was ended from outside, as the system does when memory runs out, as bad input."""
    try:
        yield
    except BrokenProcessPool:
        raise InputError(
            "workers", "takes fewer on this machine: a process that shared the work was ended, as happens when memory runs out."
        ) from None


def run_command_line(command: Callable[..., int | None]) -> int:
    """Run a command line and return its exit code: bad input gets one line on standard error and 2, never a traceback."""
    from typer import Abort

    try:
        return command(standalone_mode=False) or 0
    except InputError as error:
        sentence = error.as_option()
    except (KeyboardInterrupt, Abort):
        sentence = "Stopped; nothing was kept."
    except OSError:
        sentence = "A file or folder that was named cannot be read or written; check its name, and that you may use it."
    except Exception as error:
        # Typer keeps its usage errors' base class private; only they can say themselves in a sentence.
        if not hasattr(error, "format_message"):
            raise
        sentence = f"{error.format_message().rstrip('.')}. See --help."
    print(f"Error: {' '.join(sentence.split())}", file=sys.stderr)  # noqa: T201 - this is the command line's voice
    return 2
