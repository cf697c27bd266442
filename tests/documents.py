"""README and the pages of docs/, for the tests that run their commands and their Python."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))


def page(name: str) -> str:
    """Return the text of README.md or of a page such as "docs/audit.md"."""
    return (ROOT / name).read_text(encoding="utf-8")


def everything() -> str:
    """Return the text of all pages."""
    return "\n".join(map(page, PAGES))


def section_of(name: str, heading: str) -> str:
    """Return what stands under a heading of the second level."""
    _, found, text = page(name).partition(f"\n## {heading}\n")
    assert found, f"{name}: no section {heading!r}"
    return text.partition("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    """Return the blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(block: str) -> Iterator[list[str]]:
    """Yield the words of each command of a block, comments left out."""
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words:
            yield words
