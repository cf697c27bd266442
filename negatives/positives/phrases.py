"""What the rules of positives ask of a caption: phrases that move whole, and what forbids it. Pure.

A rule here is right or silent: where the parse or the words leave a doubt, nothing is offered.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from data.edits import Replacement, text_at
from negatives.grammar.parts import are_one
from negatives.grammar.trees import Tree
from negatives.parse import Chunk
from negatives.rules.replace_relation import relations
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

NOUNS = frozenset({"NN", "NNS"})
BE = frozenset({"is", "are"})
FINITE = frozenset({"VBZ", "VBP", "VBD", "MD"})
DETERMINED = frozenset({"det", "poss", "nummod", "predet"})
_PRONOUNS = frozenset({"PRP", "PRP$", "WP$", "EX"})
_MARKS = frozenset({'"', "'", "``", "''", "(", ")", "[", "]", ":", ";", "-", "--", "/", "&"})
_PEOPLE = "person"
_ONE = frozenset({"a", "an"})
_SOME = frozenset({"few", "couple", "dozen", "lot", "many", "hundred", "number", "bunch", "pair"})
_THINGS = word_sets("swap")["things"]


class Phrase(NamedTuple):
    """Tokens `first` to `last` (inclusive) of one noun phrase, headed by `root`."""

    first: int
    last: int
    root: int


@cache
def words_of(name: str) -> frozenset[str]:
    """Return a set of `tables/positives.txt`, which explains it."""
    return word_sets("positives")[name]


def has_scope(tree: Tree) -> bool:
    """Tell whether a word denies, counts or compares, so that what moves may leave its scope."""
    return not words_of("scope").isdisjoint(tree.words)


def has_pronoun(tree: Tree) -> bool:
    """Tell whether a pronoun may be about one of the things that move."""
    return not _PRONOUNS.isdisjoint(tree.tags)


def has_marks(tree: Tree) -> bool:
    """Tell whether there are brackets, quotes or hyphens, which parses often get wrong."""
    return not _MARKS.isdisjoint(tree.words)


def chunks_by_root(tree: Tree) -> Mapping[int, Chunk]:
    """Return the base noun phrases by the token that heads them."""
    return {chunk.root: chunk for chunk in tree.parse.chunks}


def last_word(tree: Tree) -> int:
    """Return the last token that is no final mark, -1 for none."""
    last = len(tree.words) - 1
    while last >= 0 and tree.pos[last] in {"PUNCT", "SPACE"}:
        last -= 1
    return last


def reach(tree: Tree, index: int) -> tuple[int, int]:
    """Return the first and the last token that depend on a token, itself among them."""
    first = last = index
    for child in tree.children[index]:
        below = reach(tree, child)
        first, last = min(first, below[0]), max(last, below[1])
    return first, last


def is_animate(tree: Tree, noun: int) -> bool:
    """Tell whether a noun names a person or an animal."""
    word = tree.words[noun]
    return relations().kinds.get(word) == _PEOPLE or word in words_of("animate")


def is_plural(tree: Tree, noun: int) -> bool:
    """Tell whether a noun phrase takes "are": a plural, or coordinated nouns."""
    return tree.tags[noun] == "NNS" or any(
        tree.deps[child] == "conj" for child in tree.children[noun]
    )


def text_of(tree: Tree, phrase: Phrase) -> str:
    """Return a phrase's characters as they stand."""
    return text_at(tree.parse.text, tree.starts[phrase.first], tree.ends[phrase.last])


def replaced(tree: Tree, first: int, last: int, text: str) -> Replacement:
    """Return the replacement of tokens `first` to `last` (inclusive)."""
    return Replacement(tree.starts[first], tree.ends[last], text)


def hides_a_verb(tree: Tree, first: int, last: int, lexicon: Lexicon) -> bool:
    """Tell whether the noun that ends a phrase may be its verb: "a horse and a dog stand"."""
    before = last - 1
    if tree.tags[last] == "NNS" and _is_singular(tree, last):
        return True  # "an orange vest leans", all of it taken for a noun
    if before < first or tree.pos[before] not in {"NOUN", "PROPN"}:
        return tree.words[last].endswith("ing") and tree.words[last] not in _THINGS
    word, tag = tree.words[last], tree.tags[last]
    if word.endswith("ing") and word not in _THINGS:
        return True
    if are_one(tree.words[before], word, tag, lexicon):
        return False
    return lexicon.knows(lexicon.lemma(word, tag), "VERB")


def _is_singular(tree: Tree, noun: int) -> bool:
    """Tell whether a noun has "a", and no "few" or the like after it."""
    words = [tree.words[child] for child in tree.children[noun]]
    return not _ONE.isdisjoint(words) and _SOME.isdisjoint(words)


def hides_verbs(tree: Tree, lexicon: Lexicon) -> bool:
    """Tell whether a finite verb may be tagged a plural: "a woman in a blue dress poses"."""
    return any(
        tag == "NNS" and index and _may_be_a_verb(tree, index, lexicon)
        for index, tag in enumerate(tree.tags)
    )


def _may_be_a_verb(tree: Tree, plural: int, lexicon: Lexicon) -> bool:
    word, before = tree.words[plural], plural - 1
    if _is_singular(tree, plural):
        return True
    return (
        tree.tags[before] in {"NN", "JJ"}
        and bool(lexicon.word_class(lexicon.lemma(word, "VBZ"), "VERB"))
        and not are_one(tree.words[before], word, "NNS", lexicon)
    )


def says_where(tree: Tree, chunks: Mapping[int, Chunk], first: int) -> bool:
    """Tell whether the caption ends before a token, or goes on with a wide place and no more."""
    last = last_word(tree)
    if first > last:
        return True
    if tree.words[first] not in _OPEN_GROUND:
        return False
    place = next((c for c in chunks.values() if c.first == first + 1), None)
    return (
        place is not None
        and place.last == last
        and relations().kinds.get(tree.words[place.root]) in _PLACES
    )


_PLACES = frozenset({"ground", "road", "shore", "enclosure"})
_OPEN_GROUND = frozenset({"in", "on", "at", "near", "through", "along", "across"})


def has_finite_verb(tree: Tree, *, skip: int = -1) -> bool:
    """Tell whether a verb outside relative clauses is finite, other than the token `skip`."""
    return any(
        tag in FINITE and index != skip and not _is_in_relative(tree, index)
        for index, tag in enumerate(tree.tags)
    )


def _is_in_relative(tree: Tree, index: int) -> bool:
    for _ in tree.deps:
        if tree.deps[index] == "relcl":
            return True
        if tree.heads[index] == index:
            break
        index = tree.heads[index]
    return False
