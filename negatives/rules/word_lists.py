"""Word lists: a listed word is replaced by another from its list.

The rule-based negatives of SVLC (Doveh et al. 2023, sec. 3.1), with our own lists: choose a list
that has a word of the caption, then a word, then another word of the list that the caption lacks.
The published code never matches entries of several words, so our lists have none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple

from data.edits import Edit, Replacement, edit_of
from data.errors import UsageError
from data.texts import nearest
from negatives.parse import Parse, Token
from negatives.slots import Lazy, Slot

LISTS: Mapping[str, tuple[str, str]] = {
    "colour": ("replace", "att"),
    "size": ("replace", "att"),
    "state": ("replace", "att"),
    "material": ("replace", "att"),
    "action": ("replace", "act"),
    "noun": ("replace", "obj"),
    "counts": ("count", "num"),
    "counts_capital": ("count", "num"),
}
"""The shipped lists, as in the published code, each with its type and subtype."""


class _List(NamedTuple):
    """A list's words in order; `others`: for each word, those that exclude it."""

    words: tuple[str, ...]
    others: Mapping[str, tuple[str, ...]]


class _Choice(NamedTuple):
    """The places of a listed word, and what may replace it there."""

    places: tuple[Token, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WordLists:
    """ "a red car" -> "a blue car".

    One slot per list that has a word of the caption. An alternative replaces one listed word, at
    each occurrence, by another of its list. Weights make a weighted draw from the slot follow the
    recipe: a word in proportion to its occurrences, then a replacement uniformly. Choosing the slot
    uniformly completes the recipe. As published, words are matched as written, and articles and
    number are not corrected.

    Raises:
        UsageError: a list is unknown, or no list is given.
    """

    lists: tuple[str, ...] = tuple(LISTS)

    def __post_init__(self) -> None:
        """Reject unknown lists."""
        if not self.lists:
            raise UsageError(f"rule word_lists.lists: expected at least one; {nearest('', LISTS)}")
        for name in self.lists:
            if name not in LISTS:
                hint = nearest(name, LISTS)
                raise UsageError(f"rule word_lists.lists: unknown list {name!r}; {hint}")

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each list that has a word of the caption."""
        texts = {token.text for token in parse.tokens}
        for name in self.lists:
            words = _list(name)
            present = texts & words.others.keys()
            if present:
                yield from _slot(parse, name, words, present)


def _slot(parse: Parse, name: str, listed: _List, present: set[str]) -> Iterator[Slot]:
    """Yield the slot of a list, if a word of the caption has a replacement."""
    choices = [
        _Choice(tuple(token for token in parse.tokens if token.text == word), others)
        for word in sorted(present)
        if (others := _absent(listed.others[word], present))
    ]
    num_places = sum(len(places) for places, _ in choices)
    weights: list[float] = []
    for places, others in choices:
        weights += [len(places) / num_places / len(others)] * len(others)

    def make(index: int) -> Edit:
        for places, others in choices:
            if index < len(others):
                new = others[index]
                return edit_of(Replacement(target.start, target.end, new) for target in places)
            index -= len(others)
        raise IndexError(index)

    if choices:
        kind, subtype = LISTS[name]
        lazy = Lazy(sum(len(others) for _, others in choices), make)
        yield Slot("word_lists", kind, subtype, lazy, reversible=False, weights=weights)


def _absent(others: tuple[str, ...], present: set[str]) -> tuple[str, ...]:
    """Return the words that the caption lacks."""
    if len(present) == 1:
        return others
    return tuple(other for other in others if other not in present)


@cache
def _list(name: str) -> _List:
    """Return a shipped list; words on the same line do not replace each other."""
    table = resources.files("negatives").joinpath("tables", "word_lists", f"{name}.txt")
    rows = [
        line.split()
        for line in table.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    words = tuple(dict.fromkeys(word for row in rows for word in row))
    alike = {word: {w for row in rows if word in row for w in row} for word in words}
    others = {word: tuple(w for w in words if w not in alike[word]) for word in words}
    return _List(words, others)
