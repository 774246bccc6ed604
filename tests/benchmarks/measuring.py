"""What the benchmarks share: a command's seconds and memory, and the median of several runs."""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """A command's wall time, the memory of all its processes at the peak, and what it said."""

    seconds: float
    gib: float
    code: int
    output: str
    error: str


def command(arguments: Sequence[str], timeout: float | None = None) -> Measured:
    """Run a command of this Python (``-m`` and so on) and measure it; stopped after ``timeout`` seconds, with code -9."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = Peak(process.pid)
    try:
        output, error = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        output, error = process.communicate()
    return Measured(time.perf_counter() - begin, peak.stop(), process.returncode, output, error)


class Peak:
    """The memory of a process and its children, looked at once a second until ``stop``; more often would slow them."""

    def __init__(self, pid: int) -> None:
        self.pid, self.most, self.ended = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def stop(self) -> float:
        """GiB at the peak."""
        self.ended.set()
        self.thread.join()
        return self.most / 2**20

    def _watch(self) -> None:
        while True:
            self.most = max(self.most, resident(self.pid))
            if self.ended.wait(1.0):
                return


def resident(pid: int) -> int:
    """Resident KiB of a process and its children, shared pages counted once (Pss)."""
    total = 0
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except (OSError, StopIteration):
            continue
    return total


def in_turn(works: dict[str, Callable[[], Any]], rounds: int = 5) -> dict[str, float]:
    """Median seconds of each work, all of them run in turn so that what else the machine does falls on each alike."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            begin = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}
