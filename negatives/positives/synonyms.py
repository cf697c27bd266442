"""Words that say the same: "a couch" <-> "a sofa", "next to" <-> "beside".

The pairs and how they were confirmed are in negatives/tables/synonyms.txt.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from negatives.grammar.parts import are_one
from negatives.grammar.trees import Tree, tree_of
from negatives.parse import Parse
from negatives.positives.phrases import NOUNS, words_of
from negatives.slots import Slot, Substitutes
from negatives.words.lexicon import Lexicon

_VERBS = frozenset({"VB", "VBD", "VBG", "VBP", "VBZ"})
_JOINED = frozenset({"compound", "nmod", "npadvmod", "poss"})
_HYPHENS = frozenset({"-", "/", "'s", "\u2019s"})


class Other(NamedTuple):
    """What may stand for a word, and the words beside which it stays."""

    word: str
    kept_beside: frozenset[str]


Synonyms = Mapping[str, Mapping[tuple[str, ...], Other]]
"""By kind of line, and the words of a phrase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Synonym:
    """ "a couch next to a bed" -> "a sofa next to a bed".

    One slot a word that has one.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each word or phrase of the table."""
        if not parse.tokens:
            return
        tree = tree_of(parse)
        for index, tag in enumerate(tree.tags):
            if tag in NOUNS:
                yield from self._noun(tree, index)
            elif tag in _VERBS and tree.pos[index] == "VERB":
                yield from self._verb(tree, index)
            elif tag == "JJ" and tree.pos[index] == "ADJ":
                yield from _adjective(tree, index)
            yield from _relation(tree, index)

    def _noun(self, tree: Tree, index: int) -> Iterator[Slot]:
        known = synonyms()["noun"]
        tag = tree.tags[index]
        lemma = self.lexicon.lemma(tree.words[index], tag)
        if index and (tree.words[index - 1], lemma) in known:
            first, found = index - 1, known[tree.words[index - 1], lemma]
        elif (lemma,) in known and not self._is_in_compound(tree, index):
            first, found = index, known[lemma,]
        else:
            return
        after = tree.words[index + 1] if index + 1 < len(tree.words) else ""
        around = {after, tree.words[first - 1] if first else ""}
        if (
            not around.isdisjoint(found.kept_beside | _HYPHENS)
            or tree.deps[index] in _JOINED
            or (index + 1 < len(tree.tags) and tree.tags[index + 1] in NOUNS)
            or found.word in tree.words
        ):
            return
        before, space, last = found.word.rpartition(" ")
        form = self.lexicon.inflect(last, tag)
        if form is not None and self.lexicon.lemma(form, tag) == last:
            text = f"{before}{space}{form}"
            yield Slot("synonym", "replace", "obj", _place(tree, first, index, text))

    def _is_in_compound(self, tree: Tree, index: int) -> bool:
        """Tell whether a noun is the end of a longer word ("jungle gym", "high chair")."""
        if any(tree.deps[child] in _JOINED for child in tree.children[index]):
            return True
        return index > 0 and are_one(
            tree.words[index - 1], tree.words[index], tree.tags[index], self.lexicon
        )

    def _verb(self, tree: Tree, index: int) -> Iterator[Slot]:
        tag = tree.tags[index]
        lemma = self.lexicon.lemma(tree.words[index], tag)
        after = tree.words[index + 1] if index + 1 < len(tree.words) else ""
        objects = [child for child in tree.children[index] if tree.deps[child] == "dobj"]
        fits = {
            "verb with an object": bool(objects),
            "verb with a trick": any(tree.words[o] in words_of("tricks") for o in objects),
            "verb over something": not objects and after in words_of("over"),
            "verb before to": after == "to" and any(
                tree.deps[child] == "xcomp" for child in tree.children[index]
            ),
            "verb before on": not objects and after == "on",
        }  # fmt: skip
        for kind, does in fits.items():
            found = synonyms()[kind].get((lemma,)) if does else None
            if found is not None:
                form = self.lexicon.inflect(found.word, tag)
                if form is not None and self.lexicon.lemma(form, tag) == found.word:
                    yield Slot("synonym", "replace", "act", _place(tree, index, index, form))


def _adjective(tree: Tree, index: int) -> Iterator[Slot]:
    found = synonyms()["adjective"].get((tree.words[index],))
    noun = tree.heads[index]
    if (
        found is None
        or tree.deps[index] != "amod"
        or tree.tags[noun] not in NOUNS
        or noun < index
        or tree.children[index]
        or found.word in tree.words
        or not {tree.words[noun], tree.words[index + 1]}.isdisjoint(found.kept_beside)
        or tree.words[index + 1] in _HYPHENS
    ):
        return
    yield Slot("synonym", "replace", "att", _place(tree, index, index, found.word))


def _relation(tree: Tree, index: int) -> Iterator[Slot]:
    for words, found in synonyms()["relation"].items():
        last = index + len(words) - 1
        if tuple(tree.words[index : last + 1]) != words or tree.pos[index] not in {
            "ADP",
            "ADV",
            "SCONJ",
            "ADJ",
        }:
            continue
        after = last + 1
        if after < len(tree.words) and tree.pos[after] in {"DET", "NOUN", "NUM", "ADJ", "PRON"}:
            yield Slot("synonym", "replace", "rel", _place(tree, index, last, found.word))


def _place(tree: Tree, first: int, last: int, text: str) -> Substitutes:
    return Substitutes(tree.starts[first], tree.ends[last], (text,))


@cache
def synonyms() -> Synonyms:
    """Return the table shipped with the package; read once a process."""
    return synonyms_of(files("negatives").joinpath("tables/synonyms.txt").read_text("utf-8"))


def synonyms_of(table: str) -> Synonyms:
    """Return the synonyms that a table in the layout of synonyms.txt describes.

    Raises:
        ValueError: a line is no pair, or a word has two others.
    """
    found: dict[str, dict[tuple[str, ...], Other]] = {}
    for line in table.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        kind, _, rest = line.partition(":")
        listed, _, beside = rest.partition("|")
        pair = [word.strip() for word in listed.split(",")]
        if len(pair) != 2 or not all(pair):
            raise ValueError(f"expected 'noun: word, word', found {line!r}")
        known = found.setdefault(kind, {})
        for word, other in (pair, reversed(pair)):
            key = tuple(word.split())
            if key in known:
                raise ValueError(f"synonyms: {word!r} is in two pairs")
            known[key] = Other(other, frozenset(beside.split()))
    return found
