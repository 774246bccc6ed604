"""Several visitors at once, in real sessions of a real server."""

import asyncio
import re
from pathlib import Path

import pytest

from audit.simulation import Counts, twin
from tests.benchmarks.sessions import Answer, Visitor, server

pytestmark = pytest.mark.deep
SIMULATIONS = 10
MAKE = f"Run {SIMULATIONS} simulations with these rates"


def test_two_visitors_who_simulate_at_the_same_moment_get_their_own(results_folder: Path) -> None:
    async def both(port: int) -> list[str]:
        return list(await asyncio.gather(*(_found(port, population) for population in (60_000, 90_000))))

    with server("--results", str(results_folder)) as (port, _):
        shown = asyncio.run(both(port))
    assert shown[0] == _sentence(60_000) != shown[1]


async def _found(port: int, population: int) -> str:
    """What the page says to a visitor who simulates a force of so many residents."""
    visitor = await Visitor.come(port)
    first = await visitor.open("twin", f"population={population}&simulations={SIMULATIONS}")
    answer = await visitor.press(first.widgets[MAKE])
    for _ in range(120):
        assert not answer.errors
        if not answer.at_work:
            break
        await asyncio.sleep(0.5)
        answer = await visitor.look_again()
    await visitor.leave()
    return _headline(answer)


def _headline(answer: Answer) -> str:
    return next(found[0] for text in answer.texts if (found := re.search(r"would find \d+ \(\d+ to \d+\)", text)))


def _sentence(population: int) -> str:
    figures = twin(Counts(population=population), SIMULATIONS, workers=2).figures
    row = figures[(figures["instrument"] == "harm_365") & (figures["figure"] == "recall_at_k")].iloc[0]
    return f"would find {100 * row['value']:.0f} ({100 * row['low']:.0f} to {100 * row['high']:.0f})"


def test_visitors_that_choose_different_things_see_their_own(results_folder: Path) -> None:
    async def one(port: int, force: str) -> list[str]:
        visitor = await Visitor.come(port)
        start = await visitor.open("")
        seen = []
        for _ in range(3):
            answer = await visitor.choose(start.widgets["Force"], force)
            assert not answer.errors
            seen += [text for text in answer.texts if " people that " in text]
        await visitor.leave()
        return seen

    async def every(port: int) -> list[list[str]]:
        return list(await asyncio.gather(*(one(port, name) for name in ("Aldermoor", "Brackenshire", "Durnley") for _ in range(2))))

    with server("--results", str(results_folder)) as (port, _):
        shown = asyncio.run(every(port))
    for name, seen in zip(("Aldermoor", "Aldermoor", "Brackenshire", "Brackenshire", "Durnley", "Durnley"), shown, strict=True):
        assert len(seen) == 3
        assert all(f"people that {name}'s list" in text for text in seen)
