"""Units that change, distinguished from units that fall silent: renamed, merged, split, moved, opened, doubled.

A unit that is renamed is silent from then on, but its crimes go on under another name; a unit that is recorded twice makes its
own earlier months look low. Both are changes of the records, not of reporting. They are found in a force's monthly totals
before any gap is sought, by what they have in common: in one month a unit stops or falls, another begins or rises, and the
force's total is unbroken.

*Events.* A unit **stops** or **starts** where the months after or before hold at most 3% of its level and would usually hold
too many crimes for chance. It **rises** or **falls** in a month by the difference between its mean rates of up to twelve
months on either side, the force's season, trend and exposure (days covered) divided out, months far below their neighbours
left out, with the variance of negative binomial counts and a drift of 5% a year.

*Connected or not.* Losses and gains of events in the same month are connected where the gain equals the loss within three
standard deviations and a third of the loss, and the log likelihood ratio of "the gain is this loss" to "each came by itself"
is at least ``EVIDENCE``. By itself, a gain may be of any size up to a thousandfold (log-uniform), starts and stops fall in any
month, and a rise or fall counts for no more than the evidence that there was one. Of explanations that exclude each other those are taken that
together are the most likely; each event is explained once.

*Limits.* A unit that falls silent for good in the very month in which another of its size opens looks renamed. A small unit
merged into one more than about five times its size raises it by less than chance and drift do, and is then reported as silent. A
unit that closes with its crimes going nowhere is silent to the end: a gap. A unit low from the first month on looks as if it
rose when that ends: less than six months are a gap, more a rise. A unit silent for its first months, where nobody stopped,
is opened after six months of silence, and has a gap before. A rise that ends again is not reported, and hides no gap.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from audit.gaps.events import Events, Step
from audit.gaps.lines import Lines

Array = npt.NDArray[np.float64]

EVIDENCE = 3.0
"""Log likelihood ratio from which events are judged to be connected (20 to 1)."""
MOST_AWAY, MOST_SHARE_AWAY = 3.0, 0.35
"""A gain equals a loss within so many standard deviations of both, and so large a share of the loss."""
MOST_TOGETHER = 18
"""Connections that exclude each other are weighed together, so many of them at most."""
MOST_PARTS = 3
"""One unit is split into, or merged from, so many others at most."""
WIDE = float(np.log(1000.0))
"""Log range of sizes that an unconnected gain may have (illustrative)."""
OPENING = 6
"""A unit that begins with more silent months than this was opened then; with fewer it has a gap."""
LEAST_BEFORE, LEAST_AFTER = 6, 3
"""Months before and after a rise that nothing explains, for it to be reported."""
LONG_BEFORE = 12
"""And before one that is no doubling, since a unit's first months may be a gap that ends."""
PLAIN_RISE, LEAST_RATIO = 5.0, 1.5
"""Such a rise has so many standard deviations and this ratio at least."""
NEAR_DOUBLE, MOST_DOUBT = 0.13, 0.15
"""Every crime is judged to be recorded twice where the log of the level after to that before is so near to that of 2, its own
standard deviation (so much at most) beside."""
PAIRED_CELLS = 16
"""Cells of groups and months that hold crimes, all of them even, from which a unit's crimes are there twice (1 in 65,000)."""
COPY = -4.0
"""A unit is another's copy where its counts lie so many standard deviations nearer to the other's than chance would have them."""


@dataclass(frozen=True)
class Change:
    """Positions of unit (None for the force as a whole), month and other unit (None where there is none), with the kind."""

    unit: int | None
    month: int
    kind: str
    other: int | None = None


@dataclass(frozen=True)
class _Link:
    """Losses that are the same crimes as gains, and how well that explains them."""

    losses: tuple[Step, ...]
    gains: tuple[Step, ...]
    score: float

    @property
    def month(self) -> int:
        return min(step.month for step in (*self.losses, *self.gains))

    def excludes(self, other: "_Link") -> bool:
        """Whether both explain one start or stop, or a rise or fall of one unit within a month."""
        pairs = ((one, two) for one in (*self.losses, *self.gains) for two in (*other.losses, *other.gains))
        return any(
            one.unit == two.unit and (one == two or (not one.is_end and not two.is_end and abs(one.month - two.month) <= 1))
            for one, two in pairs
        )


def find_changes(crimes: Array, days: Array) -> tuple[list[Change], Lines]:
    """The unit changes of one force, and what they mean for its series.

    ``crimes`` are units × groups × months, ``days`` the days of each month that the data covers.
    """
    events = Events.of(crimes, days)
    lines = Lines(crimes)
    changes = [*_copies(events, crimes, lines), *_pairs(events, crimes, lines)]
    links = _chosen(events)
    for link in sorted(links, key=lambda link: link.month):
        changes += _of_link(link, lines)
    explained = {step for link in links for step in (*link.losses, *link.gains)}
    changes += _openings(events, explained, lines)
    known = {step.unit for step in explained}.union(change.unit for change in changes if change.unit is not None)
    changes += _rises(events, known, lines)
    return changes, lines


def _chosen(events: Events) -> list[_Link]:
    """The connections that together are the most likely, each event explained once."""
    links = sorted(_links(events), key=lambda link: (-link.score, link.month, link.gains[0].unit))
    chosen: list[_Link] = []
    while links:
        # Those that cannot stand beside the first, directly or by way of others, are chosen among together.
        together = [links[0]]
        for link in together:
            together += [other for other in links if other not in together and link.excludes(other)]
        links = [link for link in links if link not in together]
        chosen += _likeliest(sorted(together, key=lambda link: -link.score)[:MOST_TOGETHER])
    return chosen


def _likeliest(links: list[_Link]) -> list[_Link]:
    """Of links sorted by score, those with the largest sum of scores that may stand beside each other."""
    if not links:
        return []
    first, rest = links[0], links[1:]
    beside = [link for link in rest if not first.excludes(link)]
    taken = [first, *_likeliest(beside)]
    if len(beside) == len(rest):
        return taken
    left = _likeliest(rest)
    return taken if sum(link.score for link in taken) >= sum(link.score for link in left) else left


def _links(events: Events) -> list[_Link]:
    found: list[_Link] = []
    for stop in events.stops:
        starts = [start for start in events.starts if events.meet(stop, start)]
        gains = [*starts, *events.steps(stop.month, 1, {stop.unit})]
        found += _split(events, stop, gains)
        # Several units that stop at once and become one.
        others = [other for other in events.stops if other is not stop and other.unit > stop.unit and events.meet(stop, other)]
        for more in range(1, MOST_PARTS):
            for among in combinations(others, more):
                for gain in gains:
                    found += _scored(events, (stop, *among), (gain,))
    for start in events.starts:
        # A unit that goes on, smaller, beside the one or two that were split off it.
        falls = events.steps(start.month, -1, {start.unit})
        others = [other for other in events.starts if other.unit > start.unit and events.meet(start, other)]
        for fall in falls:
            found += _scored(events, (fall,), (start,))
            for other in others:
                found += _scored(events, (fall,), (start, other))
    for fall in events.lasting(-1):
        found += _split(events, fall, events.steps(fall.month, 1, {fall.unit}), most=2)
    return found


def _split(events: Events, loss: Step, gains: list[Step], most: int = MOST_PARTS) -> list[_Link]:
    return [
        link for count in range(1, most + 1) for among in combinations(gains, count) for link in _scored(events, (loss,), among)
    ]


def _scored(events: Events, losses: tuple[Step, ...], gains: tuple[Step, ...]) -> list[_Link]:
    """The connection of these losses and gains, or none where they are not equal or the evidence is too weak."""
    units = [step.unit for step in (*losses, *gains)]
    if len(set(units)) < len(units):
        return []
    lost, gained = (sum(step.size for step in steps) for steps in (losses, gains))
    variance = sum(step.variance for step in (*losses, *gains))
    away = (gained - lost) / np.sqrt(variance)
    if abs(away) > MOST_AWAY or abs(gained - lost) > MOST_SHARE_AWAY * lost:
        return []
    # That the gain has the size of the loss; and that further events fall in its month, where they did happen.
    same_size = np.log(lost * WIDE / np.sqrt(2 * np.pi * variance)) - away**2 / 2
    same_month = float(np.log(max(events.months / 3, 1.0)))
    worth = [same_month if step.is_end else min(events.evidence(step), same_month) for step in (*losses, *gains)]
    score = same_size + sum(worth) - same_month - _other_mix(events, losses, gains)
    return [_Link(losses, gains, float(score))] if score >= EVIDENCE else []


def _other_mix(events: Events, losses: tuple[Step, ...], gains: tuple[Step, ...]) -> float:
    """How much less likely the offences of the gains make it that they are the losses': half of chi-squared above its mean."""
    (lost, less), (gained, more) = (
        tuple(np.sum([events.mix(step)[part] for step in steps], axis=0) for part in (0, 1)) for steps in (losses, gains)
    )
    away = gained - lost * gained.sum() / max(lost.sum(), 1e-9)
    chi_squared = float((away**2 / (less + more)).sum())
    return max(chi_squared - len(lost), 0.0) / 2


def _of_link(link: _Link, lines: Lines) -> list[Change]:
    """What a connection is called, one change a pair of units, and what becomes of their series."""
    stopped = all(step.is_end for step in link.losses)
    started = all(step.is_end for step in link.gains)
    if stopped and started and len(link.losses) == len(link.gains) == 1:
        kind = "renamed"
    elif stopped and len(link.gains) == 1:
        kind = "merged"
    elif any(step.is_end for step in link.gains):
        kind = "split"
    else:
        kind = "closed" if stopped else "moved"
    month = link.month
    if kind == "renamed":
        lines.rename(link.losses[0].unit, link.gains[0].unit, month)
    else:
        for step in (*link.losses, *link.gains):
            lines.change(step)
    return [Change(loss.unit, month, kind, gain.unit) for loss in link.losses for gain in link.gains]


def _copies(events: Events, crimes: Array, lines: Lines) -> list[Change]:
    """Units that start as another's copy; they take no part in anything else."""
    changes = []
    for start in list(events.starts):
        source = _copied(start, crimes)
        if source is not None:
            changes.append(Change(source, start.month, "doubled", start.unit))
            lines.change(start)
            events.starts.remove(start)
    return changes


def _pairs(events: Events, crimes: Array, lines: Lines) -> list[Change]:
    """Units all of whose counts are even from a month on, and higher: each crime is there twice."""
    changes = []
    odd = (crimes % 2 == 1).any(1)
    for unit in range(len(crimes)):
        month = int(np.flatnonzero(odd[unit])[-1]) + 1 if odd[unit].any() else 0
        if (crimes[unit, :, month:] > 0).sum() < PAIRED_CELLS:
            continue
        # The first months may be even by chance: the rise is the plainest of those that lie in the even months.
        near = [at for at in range(max(month, 1), min(month + 3, events.months)) if np.isfinite(events.variance[unit, at])]
        steps = [events.step(unit, at, 1) for at in near]
        rise = max(steps, key=lambda step: step.deviations, default=None)
        if rise is not None and rise.size > (LEAST_RATIO - 1) * rise.before:
            changes.append(Change(unit, rise.month, "doubled"))
            lines.change(rise)
    return changes


def _openings(events: Events, explained: set[Step], lines: Lines) -> list[Change]:
    """Units that start with nobody stopping. Where half the force begins in one month, the force was silent before."""
    changes = []
    starts = [start for start in events.starts if start not in explained]
    for start in starts:
        together = sum(abs(other.month - start.month) <= 1 for other in starts)
        if start.month > OPENING and not (together > 1 and together >= events.units / 2):
            changes.append(Change(start.unit, start.month, "opened"))
            lines.change(start)
    return changes


def _copied(start: Step, crimes: Array) -> int | None:
    """The unit whose counts those of a unit that starts repeat, by offence group and month, or None."""
    mine = crimes[start.unit, :, start.month :]
    both = crimes[:, :, start.month :] + mine
    filled = both > 0
    # Two Poisson counts of one mean: the squared difference over the sum is 1 on average, with a variance of at most 2.
    squared = np.divide((crimes[:, :, start.month :] - mine) ** 2, both, out=np.zeros_like(both), where=filled)
    cells = filled.sum((1, 2))
    nearer = (squared.sum((1, 2)) - cells) / np.sqrt(2 * np.maximum(cells, 1))
    nearer[start.unit] = 0
    nearest = int(nearer.argmin())
    return nearest if nearer[nearest] < COPY else None


def _rises(events: Events, connected: set[int], lines: Lines) -> list[Change]:
    """Lasting rises that nothing explains: every crime recorded twice, or more crimes for a reason not seen here."""
    changes = []
    for rise in events.lasting(1):
        before, after = rise.month - events.first[rise.unit], events.stop[rise.unit] - rise.month
        if rise.unit in connected or rise.deviations < PLAIN_RISE or after < LEAST_AFTER:
            continue
        ratio = (rise.before + rise.size) / max(rise.before, 1e-9)
        doubt = min(float(np.sqrt(rise.variance)) / (rise.before + rise.size), MOST_DOUBT)
        if abs(np.log(ratio / 2)) <= NEAR_DOUBLE + doubt and before >= LEAST_BEFORE:
            kind = "doubled"
        elif ratio >= LEAST_RATIO and before >= LONG_BEFORE:
            kind = "risen"
        else:
            continue
        changes.append(Change(rise.unit, rise.month, kind))
        lines.change(rise)
    return changes
