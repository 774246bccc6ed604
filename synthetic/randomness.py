"""Streams of random numbers: one a force and step, spawned from the seed by name, so that no order of work matters."""

import hashlib

import numpy as np


def stream(seed: int, *names: str) -> np.random.Generator:
    """An independent generator for this seed and these names; the same names give the same stream everywhere.

    NumPy's ``SeedSequence`` spawn keys keep streams independent (https://numpy.org/doc/stable/reference/random/parallel.html).
    """
    digest = hashlib.blake2b("\x1f".join(names).encode(), digest_size=16).digest()
    key = tuple(int(word) for word in np.frombuffer(digest, dtype="<u4"))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
