"""How a name comes to be written otherwise: typing slips, sounds, misread letters, other spellings, marks that fall away."""

import unicodedata
from functools import cache

KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


@cache
def _beside() -> dict[str, str]:
    return {
        key: (line[place - 1] if place else "") + line[place + 1 : place + 2] for line in KEYBOARD for place, key in enumerate(line)
    }


def slip(text: str, kind: int, place: float, side: float) -> str:
    """One typing slip after the first letter: kind 0 drops, 1 doubles, 2 swaps, 3 hits the key beside."""
    if len(text) < 3:
        return text + text[-1:]
    at = 1 + int(place * (len(text) - 2))
    letter = text[at]
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + letter + text[at:]
    if kind == 2:
        return text[:at] + text[at + 1] + letter + text[at + 2 :]
    keys = _beside().get(letter, letter)
    return text[:at] + keys[int(side * len(keys))] + text[at + 1 :]


# After pseudopeople's and FEBRL's generators, by kind; each pair is what is written and what is written in its stead.
SOUNDS = (
    ("ph", "f"), ("ck", "k"), ("ie", "y"), ("y", "i"), ("gh", "g"), ("c", "k"), ("ou", "u"), ("ea", "ee"), ("tt", "t"),
    ("ll", "l"), ("nn", "n"), ("s", "z"), ("e", "a"), ("er", "a"),
)  # fmt: skip
SCANS = (
    ("rn", "m"), ("m", "rn"), ("l", "1"), ("o", "0"), ("cl", "d"), ("i", "l"), ("e", "c"), ("h", "b"), ("a", "o"),
    ("n", "u"), ("S", "5"), ("B", "8"),
)  # fmt: skip
SPELLINGS = (
    ("ou", "u"), ("ee", "i"), ("oo", "u"), ("dj", "j"), ("kh", "h"), ("ch", "sh"), ("aa", "a"), ("q", "k"), ("y", "i"),
    ("w", "v"), ("ed", "ad"), ("z", "j"), ("a", "e"), ("o", "u"), ("i", "y"),
)  # fmt: skip


def replaced(text: str, pairs: tuple[tuple[str, str], ...], variant: int) -> str:
    """One of the pairs that fit, replaced once; the text itself where none does."""
    rest = text[1:]
    fitting = [pair for pair in pairs if pair[0] in rest]
    if not fitting:
        return text
    old, new = fitting[variant % len(fitting)]
    return text[0] + rest.replace(old, new, 1)


@cache
def plain(text: str) -> str:
    """A name without accents, apostrophes, hyphens and blanks."""
    kept = text
    if not text.isascii():
        kept = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    return kept.replace("'", "").replace("-", "").replace(" ", "")
