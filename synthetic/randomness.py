"""Random numbers: streams by name, and numbers drawn for things that have keys, so that neither order nor period matters.

A *key* is a number of 64 bits that stands for a person, an event, a record for ever. What is drawn for it is a hash of the
key and of the name of the draw: the same in every extract that holds it, whatever else is in there.
"""

import hashlib
from functools import cache

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def stream(seed: int, *names: str) -> np.random.Generator:
    """An independent generator for this seed and these names; the same names give the same stream everywhere.

    NumPy's ``SeedSequence`` spawn keys keep streams independent (https://numpy.org/doc/stable/reference/random/parallel.html).
    """
    digest = hashlib.blake2b("\x1f".join(names).encode(), digest_size=16).digest()
    key = tuple(int(word) for word in np.frombuffer(digest, dtype="<u4"))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


# ---- numbers by hash: SplitMix64 (Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195) ------------------------------

_STEP, _MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1


@cache
def name_key(*names: str) -> np.uint64:
    """A key for these names."""
    return np.uint64(int.from_bytes(hashlib.blake2b("\x1f".join(names).encode(), digest_size=8).digest(), "little"))


def derived(keys: Keys, *names: str) -> Keys:
    """Further keys, one for each, by name; shape (n,)."""
    return _mix(keys + name_key(*names))


def child(keys: Keys, number: Ints | int) -> Keys:
    """Keys of the things that a key's thing has several of, by their number from 0 on; shape (n,)."""
    return _mix(keys + (np.atleast_1d(number).astype(np.uint64) + np.uint64(1)) * np.uint64(_STEP))


def draw(keys: Keys, *names: str) -> Floats:
    """Numbers in [0, 1), drawn for each key under these names; shape (n,)."""
    return (derived(keys, *names) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def whole(keys: Keys, below: int | Ints, *names: str) -> Ints:
    """Whole numbers from 0 to ``below`` - 1; shape (n,)."""
    return (draw(keys, *names) * below).astype(np.int64)


def normal(keys: Keys, *names: str) -> Floats:
    """Standard normal numbers (Box and Muller 1958, doi 10.1214/aoms/1177706645); shape (n,)."""
    return np.sqrt(-2 * np.log1p(-draw(keys, *names))) * np.cos(2 * np.pi * draw(keys, *names, "angle"))


def exponential(keys: Keys, *names: str) -> Floats:
    """Numbers from the exponential distribution of mean 1; shape (n,)."""
    return -np.log1p(-draw(keys, *names))


def poisson(keys: Keys, mean: Floats, *names: str) -> Ints:
    """Counts from Poisson distributions of those means, by inversion: a higher mean never gives a lower count; shape (n,)."""
    count = np.zeros(len(keys), np.int64)
    rows = np.arange(len(keys))
    drawn, mean = draw(keys, *names), np.asarray(mean, np.float64)
    chance = np.exp(-mean)
    below = chance.copy()
    for number in range(1, 2_000):
        more = drawn > below
        rows = rows[more]
        drawn, mean, chance, below = (part[more] for part in (drawn, mean, chance, below))
        if not len(rows):
            break
        count[rows] += 1
        chance = chance * mean / number
        below = below + chance
    return count


def hashed(numbers: Ints, salt: int, further: Ints | None = None) -> Keys:
    """A hash of each number, other for each ``salt`` and ``further`` number; shape (n,)."""
    value = _mix(numbers.astype(np.uint64) + np.uint64((salt + 1) * _STEP & _MASK))
    return value if further is None else _mix(value + further.astype(np.uint64) * np.uint64(_STEP))


def uniform(numbers: Ints, salt: int, further: Ints | None = None) -> Floats:
    """Numbers in [0, 1) by hash."""
    return (hashed(numbers, salt, further) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(value: Keys) -> Keys:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Keys = value ^ (value >> np.uint64(31))
    return mixed
