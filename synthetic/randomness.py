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
    key = tuple(int(word) for word in np.frombuffer(_digest(names), dtype="<u4"))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def _digest(names: tuple[str, ...]) -> bytes:
    return hashlib.blake2b("\x1f".join(names).encode(), digest_size=16).digest()


def first_poisson(seed: int, names: tuple[str, ...], last: list[str], means: Floats) -> Ints:
    """``stream(seed, *names, one).poisson(mean)`` for each of ``last`` and its mean, without a new generator for each; shape (n,).

    A nation needs 70,000 of these numbers. The states are seeded all at once, by the steps of NumPy's ``SeedSequence`` and ``PCG64``.
    """
    digests = b"".join(_digest((*names, one)) for one in last)
    words = _seeded_words(seed, np.frombuffer(digests, "<u4").reshape(len(last), 4))
    bits = np.random.PCG64(0)
    generator, state = np.random.Generator(bits), bits.state
    counts = np.empty(len(last), np.int64)
    for row, ((high, low, stream_high, stream_low), mean) in enumerate(zip(words.tolist(), means.tolist(), strict=True)):
        step = ((stream_high << 64 | stream_low) << 1 | 1) & _MASK_128
        at = (step + (high << 64 | low)) * _PCG_TIMES + step & _MASK_128
        bits.state = {**state, "state": {"state": at, "inc": step}}
        counts[row] = generator.poisson(mean)
    return counts


_MASK_128 = (1 << 128) - 1
_PCG_TIMES = 0x2360ED051FC65DA44385DF649FCCF645
"""The multiplier of PCG64 (O'Neill 2014, HMC-CS-2014-0905)."""


def _seeded_words(seed: int, spawn: npt.NDArray[np.uint32]) -> Keys:
    """``SeedSequence(seed, spawn_key=row).generate_state(4, uint64)`` for each row of ``spawn``, shape (n, 4); shape (n, 4).

    O'Neill's ``seed_seq_fe128`` (2015), as NumPy describes it: entropy is hashed into a pool of four words, and these into as many
    words as are asked for.
    """
    size = max(4, -(-seed.bit_length() // 32))
    entropy = [np.full(len(spawn), seed >> 32 * word & 0xFFFFFFFF, np.uint32) for word in range(size)] + list(spawn.T)
    constant = 0x43B0D7E5

    def hashed_word(value: npt.NDArray[np.uint32], times: int) -> npt.NDArray[np.uint32]:
        nonlocal constant
        value = value ^ np.uint32(constant)
        constant = constant * times & 0xFFFFFFFF
        value = value * np.uint32(constant)
        return value ^ (value >> np.uint32(16))

    def mixed(into: npt.NDArray[np.uint32], value: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        both = into * np.uint32(0xCA01F9DD) - value * np.uint32(0x4973F715)
        return both ^ (both >> np.uint32(16))

    pool = [hashed_word(word, 0x931E8875) for word in entropy[:4]]
    for source in range(4):
        for place in range(4):
            if source != place:
                pool[place] = mixed(pool[place], hashed_word(pool[source], 0x931E8875))
    for word in entropy[4:]:
        pool = [mixed(into, hashed_word(word, 0x931E8875)) for into in pool]
    constant = 0x8B51F9DD
    state = [hashed_word(pool[place % 4], 0x58F38DED).astype(np.uint64) for place in range(8)]
    return np.stack([low | high << np.uint64(32) for low, high in zip(state[::2], state[1::2], strict=True)], axis=1)


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
    return _unit(derived(keys, *names))


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
    return _unit(hashed(numbers, salt, further))


PIECE = 1 << 14
"""Numbers that are worked on at a time, few enough to stay in the processor's cache."""


def _mix(value: Keys) -> Keys:
    """The hash of numbers, in place of them."""
    shifted = np.empty(min(len(value), PIECE), np.uint64)
    for start in range(0, len(value), PIECE):
        piece = value[start : start + PIECE]
        beside = shifted[: len(piece)]
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, None)):
            np.right_shift(piece, np.uint64(shift), out=beside)
            np.bitwise_xor(piece, beside, out=piece)
            if factor is not None:
                np.multiply(piece, np.uint64(factor), out=piece)
    return value


def _unit(value: Keys) -> Floats:
    """Numbers of 64 bits as numbers in [0, 1), in place of them."""
    number = value.view(np.float64)
    for start in range(0, len(value), PIECE):
        piece = value[start : start + PIECE] >> np.uint64(11)
        np.multiply(piece, 2.0**-53, out=number[start : start + PIECE])
    return number
