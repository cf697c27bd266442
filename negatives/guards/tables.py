"""The guards' tables: sets of words, and pairs of words that do not exclude each other. Pure.

`tables/guards.txt` holds the sets; `tables/overlaps.txt` and `tables/companions.txt` hold lines of
`pos name: words / words`, of which words on different sides of a slash go together.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from negatives.word_sets import word_sets

_POS = {"noun": "NOUN", "verb": "VERB", "adjective": "ADJ"}


class Together(NamedTuple):
    """Words that go together: for each (pos, lemma) the lines that it is in, and on which side."""

    sides: Mapping[tuple[str, str], Mapping[int, int]]

    def holds(self, left: str, right: str, pos: str) -> bool:
        """Tell whether two lemmas stand on different sides of one line; symmetric."""
        one = self.sides.get((pos, left))
        other = self.sides.get((pos, right)) if one else None
        if not one or not other:
            return False
        return any(other.get(line, side) != side for line, side in one.items())


class Words(NamedTuple):
    """The sets of `tables/guards.txt`, which explains them."""

    light: frozenset[str]
    quantifiers: frozenset[str]
    negations: frozenset[str]
    symmetric: frozenset[str]
    mutual_verbs: frozenset[str]
    anaphors: frozenset[str]
    gendered_pronouns: frozenset[str]
    possessives: frozenset[str]
    gendered: frozenset[str]
    adding: frozenset[str]
    holding_verbs: frozenset[str]


def together_of(table: str) -> Together:
    """Return the pairs that a table in the layout of overlaps.txt describes.

    Raises:
        ValueError: a line has no part of speech or only one side, or holds a word twice.
    """
    sides: dict[tuple[str, str], dict[int, int]] = {}
    for number, line in enumerate(table.splitlines()):
        if not line.strip() or line.startswith("#"):
            continue
        head, _, listed = line.partition(":")
        pos = _POS.get(head.split(" ")[0])
        groups = listed.split("/")
        if pos is None or len(groups) < 2:
            raise ValueError(f"expected 'noun name: words / words', found {line!r}")
        for side, group in enumerate(groups):
            for lemma in group.split(","):
                lines = sides.setdefault((pos, lemma.strip()), {})
                if lines.setdefault(number, side) != side or not lemma.strip():
                    raise ValueError(f"{lemma.strip()!r} stands on two sides of {line!r}")
    return Together(sides)


@cache
def overlaps() -> Together:
    """Return the words that may be true of one thing; read once a process."""
    return _shipped("overlaps")


@cache
def companions() -> Together:
    """Return the things that stand in one picture; read once a process."""
    return _shipped("companions")


@cache
def words() -> Words:
    """Return the sets of words that the guards ask about; read once a process."""
    sets = word_sets("guards")
    return Words(*(sets[name.replace("_", " ")] for name in Words._fields))


def _shipped(name: str) -> Together:
    path = files("negatives").joinpath("tables", f"{name}.txt")
    return together_of(path.read_text(encoding="utf-8"))
