"""The guards' tables: sets of words, and pairs of words that do not exclude each other. Pure.

`tables/guards.txt` holds the sets; `tables/overlaps.txt`, `tables/companions.txt` and the compiled
`tables/one_thing.txt` have lines of `pos name: words / words`, where words on different sides of a
slash go together.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple, Protocol

from negatives.words.word_sets import word_sets

_NONE: frozenset[str] = frozenset()
_POS = {"noun": "NOUN", "verb": "VERB", "adjective": "ADJ"}


class Pairs(Protocol):
    """Pairs of words that may be true of one thing."""

    def holds(self, left: str, right: str, pos: str) -> bool:
        """Tell whether two lemmas of a part of speech are such a pair; symmetric."""


class Together(NamedTuple):
    """Words that go together: for each part of speech and lemma, the lemmas that go with it."""

    partners: Mapping[str, Mapping[str, frozenset[str]]]

    def of(self, lemma: str, pos: str) -> frozenset[str]:
        """Return the lemmas on another side of a line with this one."""
        return self.partners[pos].get(lemma, _NONE) if pos in self.partners else _NONE

    def holds(self, left: str, right: str, pos: str) -> bool:
        """Tell whether two lemmas are on different sides of one line; symmetric."""
        return right in self.of(left, pos)


NO_PAIRS: Pairs = Together({})


class Words(NamedTuple):
    """The sets of `tables/guards.txt`, which explains them."""

    light: frozenset[str]
    quantifiers: frozenset[str]
    negations: frozenset[str]
    symmetric: frozenset[str]
    mutual_verbs: frozenset[str]
    facing: frozenset[str]
    anaphors: frozenset[str]
    gendered_pronouns: frozenset[str]
    possessives: frozenset[str]
    gendered: frozenset[str]
    adding: frozenset[str]
    holding_verbs: frozenset[str]


def together_of(table: str) -> Together:
    """Return the pairs in a table with the layout of overlaps.txt.

    Raises:
        ValueError: a line has no part of speech or only one side, or repeats a word.
    """
    partners: dict[str, dict[str, frozenset[str]]] = {}
    for line in table.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        head, _, listed = line.partition(":")
        pos = _POS.get(head.split(" ")[0])
        sides = [[lemma.strip() for lemma in side.split(",")] for side in listed.split("/")]
        if pos is None or len(sides) < 2:
            raise ValueError(f"expected 'noun name: words / words', found {line!r}")
        every = frozenset().union(*sides)
        if "" in every or len(every) < sum(len(set(side)) for side in sides):
            raise ValueError(f"a word is on two sides of {line!r}, or missing")
        found = partners.setdefault(pos, {})
        for side in sides:
            for lemma in side:
                found[lemma] = found.get(lemma, _NONE) | every.difference(side)
    return Together(partners)


@cache
def overlaps() -> Together:
    """Return the words that may be true of one thing; read once per process."""
    return _load_shipped("overlaps")


@cache
def companions() -> Together:
    """Return the things that occur in one image; read once per process."""
    return _load_shipped("companions")


@cache
def names_of_one_thing() -> Together:
    """Return the words that captions of one image use for one thing, learned from other corpora."""
    return _load_shipped("one_thing")


def name_of_pos(pos: str) -> str:
    """Return a part of speech's name in a table."""
    return next(name for name, known in _POS.items() if known == pos)


@cache
def words() -> Words:
    """Return the sets of words that guards use; read once per process."""
    sets = word_sets("guards")
    return Words._make([sets[name.replace("_", " ")] for name in Words._fields])


def _load_shipped(name: str) -> Together:
    path = files("negatives").joinpath("tables", f"{name}.txt")
    return together_of(path.read_text(encoding="utf-8"))
