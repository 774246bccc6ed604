"""Plain English: the words of an older voice stay out of code, comments, messages, pages and documents."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

OLD_VOICE = re.compile(
    r"\b(told|tells|tell (?:of|what|how|apart)|mend(?:s|ed|ing)?|oftener|whoever|anew|spoiled|seldom|held against"
    r"|further record of|thereof|as wide as)\b",
    re.IGNORECASE,
)
ENDINGS = {".py", ".md", ".html", ".toml", ".csv"}
FILES = sorted(
    path
    for place in ("synthetic", "audit", "dashboard", "docs", "tests", "app.py", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")
    for path in ([ROOT / place] if (ROOT / place).is_file() else (ROOT / place).rglob("*"))
    if path.suffix in ENDINGS
    and path.name not in ("reference.md", "test_plain_english.py")  # the one is generated, the other has the words
)


def hits(text: str) -> list[str]:
    """The old words in a text; an underscore parts words as a space does."""
    return OLD_VOICE.findall(text.replace("_", " "))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_in_plain_english(path: Path) -> None:
    found = hits(path.read_text(encoding="utf-8"))
    assert not found, f"{path.name}: {', '.join(found)}"


def test_the_list_finds_the_old_voice_and_nothing_else() -> None:
    old = "It is told anew; whoever mends a spoiled file will seldom tell of it. gates_mended, held against, as wide as a force"
    assert len(hits(old)) == 10
    assert hits("Recommended amendments: a teller told-off? No: retold stories, spending, report what changed.") == ["told"]
