"""Parts of a caption that can be swapped: phrases, nouns, adjectives, verbs. Pure."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from negatives.grammar.trees import Tree, has
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

_ADVERBIAL = frozenset({"npadvmod", "compound", "intj", "dep"})
_NOT_ACTING = frozenset({"aux", "auxpass", "prep", "amod", "compound", "pcomp", "csubj", "nmod"})
_CLAUSES = frozenset({"xcomp", "ccomp"})
_OBJECTS = frozenset({"dobj", "dative"})
_DETERMINED = frozenset({"det", "poss", "nummod", "predet"})
_NAMING = frozenset({"NOUN", "PROPN"})
_FREE_CLASSES = frozenset({"colour", "size", "age"})  # "young man", "black cat" are not compounds
_ACTIVE = frozenset({"VB", "VBD", "VBG", "VBP", "VBZ"})  # without "covered", which is a state
_FINITE = frozenset({"VBZ", "VBP", "VBD", "MD"})
_COMMON = frozenset({"NN", "NNS"})
_QUOTES = frozenset({"``", "''"})
_POINTING = frozenset({"PRP$", "WDT", "WP$", "PRP"})
_CLITICS = ("'", "\u2019")
_BINDERS = frozenset({"-", "/", "_", "&"})


class Part(NamedTuple):
    """Tokens `first` to `last` (inclusive) that can be swapped; `root` heads them.

    `form`: what the other part may have to share: the tag, for a singular noun whether it has a
    determiner, for a verb whether it has an object.
    """

    first: int
    last: int
    root: int
    form: str


def phrases(tree: Tree, lexicon: Lexicon) -> Iterator[Part]:
    """Yield self-contained chunks around a common noun or a name."""
    light, measures = word_sets("swap")["light"], word_sets("swap")["measures"]
    for first, last, root in tree.parse.chunks:
        if (
            root == last
            and tree.pos[root] in _NAMING
            and tree.deps[root] not in _ADVERBIAL
            and tree.words[root] not in light
            and not (tree.words[root] in measures and _is_before_of(tree, root))
            and not _is_measured(tree, root)
            and _POINTING.isdisjoint(tree.tags[first:root])
            and not (tree.points_back and _points_back(tree, range(first, root)))
            and _is_loose(tree, first, last)
            and _is_whole(tree, first, last, lexicon)
        ):
            yield Part(first, last, root, tree.tags[root])


def nouns(tree: Tree, lexicon: Lexicon) -> Iterator[Part]:
    """Yield common nouns that head their phrase, with their compounds."""
    deps, words = tree.deps, tree.words
    light, measures = word_sets("swap")["light"], word_sets("swap")["measures"]
    for index, tag in enumerate(tree.tags):
        if (
            (tag == "NN" or tag == "NNS")  # noqa: PLR1714 (most tokens fail here: faster than a set)
            and tree.pos[index] == "NOUN"
            and deps[index] not in _ADVERBIAL
            and words[index] not in light
            and not (words[index] in measures and _is_before_of(tree, index))
            and not (tree.points_back and _points_back(tree, tree.children[index]))
        ):
            first = noun_start(tree, index, lexicon)
            if _is_loose(tree, first, index) and _is_whole(tree, first, index, lexicon):
                bare = tag == "NN" and not has(tree, index, _DETERMINED)
                yield Part(first, index, index, "bare" if bare else tag)


def noun_start(tree: Tree, root: int, lexicon: Lexicon) -> int:
    """Return the first token of a noun's compound: "tennis racket", "t-shirt", "hot dog"."""
    deps, heads = tree.deps, tree.heads
    first = root
    while first:
        before = first - 1
        if tree.words[before] == "-" and (start := _before_hyphens(tree, first)) < first:
            first = start
        elif (deps[before] == "compound" and first <= heads[before] <= root) or (
            deps[before] == "amod" and _is_name(tree, before, lexicon)
        ):
            first = before
        else:
            break
    return first


def adjectives(tree: Tree, lexicon: Lexicon) -> Iterator[Part]:
    """Yield descriptive attributive adjectives, with their modifiers."""
    deps, heads = tree.deps, tree.heads
    quantifiers = word_sets("swap")["quantifiers"]
    for index, pos in enumerate(tree.pos):
        if (
            pos == "ADJ"
            and deps[index] == "amod"
            and heads[index] > index
            and tree.pos[heads[index]] in _NAMING
            and tree.words[index] not in quantifiers
            and not (tree.points_back and _points_back(tree, tree.children[heads[index]]))
            and not _is_name(tree, index, lexicon)
        ):
            first = _before_hyphens(tree, index)
            while first and (
                (heads[first - 1] == index and tree.pos[first - 1] == "ADV")  # "very" big
                or _shades(tree, first - 1, index, lexicon)
            ):
                first -= 1
            if _is_loose(tree, first, index):
                yield Part(first, index, index, tree.tags[index])


def _shades(tree: Tree, index: int, adjective: int, lexicon: Lexicon) -> bool:
    """Tell whether a word modifies the colour after it ("light" blue), however it is attached."""
    return tree.words[index] in word_sets("swap")["shades"] and lexicon.class_name(
        tree.words[adjective], "ADJ"
    ).endswith("colour")


def verbs(tree: Tree) -> Iterator[Part]:
    """Yield action verbs, each with its particle."""
    light = word_sets("swap")["verbs"]
    for index, pos in enumerate(tree.pos):
        if (
            pos == "VERB"
            and tree.tags[index] in _ACTIVE
            and tree.deps[index] not in _NOT_ACTING
            and tree.words[index] not in light
            and not has(tree, index, _CLAUSES)
        ):
            particles = [child for child in tree.children[index] if tree.deps[child] == "prt"]
            last = index + len(particles)
            if particles in ([], [last]) and _is_loose(tree, index, last):
                form = tree.tags[index] + " object" * has(tree, index, _OBJECTS)
                yield Part(index, last, index, form)


def _is_name(tree: Tree, adjective: int, lexicon: Lexicon) -> bool:
    """Tell whether an adjective and the next word form one word of the lexicon."""
    noun = adjective + 1
    return are_one(tree.words[adjective], tree.words[noun], tree.tags[noun], lexicon)


@lru_cache(maxsize=1 << 14)
def are_one(adjective: str, noun: str, tag: str, lexicon: Lexicon) -> bool:
    """Tell whether an adjective and a noun with a tag form a word of the lexicon ("hot dogs")."""
    return lexicon.class_name(adjective, "ADJ") not in _FREE_CLASSES and lexicon.knows(
        f"{adjective} {lexicon.lemma(noun, tag)}", "NOUN"
    )


def _points_back(tree: Tree, places: Sequence[int]) -> bool:
    """Tell whether one of the tokens refers back to another thing ("the other dog")."""
    return not word_sets("swap")["anaphoric"].isdisjoint([tree.words[place] for place in places])


def _is_before_of(tree: Tree, index: int) -> bool:
    return index + 1 < len(tree.words) and tree.words[index + 1] == "of"


def _is_measured(tree: Tree, root: int) -> bool:
    """Tell whether a noun follows "of" and a noun of measure."""
    preposition = tree.heads[root]
    if tree.words[preposition] != "of":
        return False
    above, sets = tree.words[tree.heads[preposition]], word_sets("swap")
    return above in sets["light"] or above in sets["measures"]


def _before_hyphens(tree: Tree, first: int) -> int:
    """Return the first token of the hyphenated word that a token ends ("t" of "t-shirt")."""
    while (
        first >= 2
        and tree.words[first - 1] == "-"
        and tree.ends[first - 2] == tree.starts[first - 1]
        and tree.ends[first - 1] == tree.starts[first]
    ):
        first -= 2
    return first


def _is_whole(tree: Tree, first: int, last: int, lexicon: Lexicon) -> bool:
    """Tell whether a part is a proper noun phrase, to catch the parser's mistakes.

    Such as "gray fire" before "hydrant"; "a kayak swimming"; "a swing laughs" without another verb;
    a quotation mark; "it's mouth" for "its mouth".
    """
    tags, words = tree.tags, tree.words
    after = last + 1
    if after < len(tags) and tags[after] in _COMMON and not words[after].endswith("ing"):
        return False
    if first >= 2 and words[first - 2] == "it" and words[first - 1].startswith(_CLITICS):
        return False
    if first == last:
        return True
    if not _QUOTES.isdisjoint(tags[first:after]):
        return False
    for index in range(first + 1, after):
        if tags[index - 1] == "NN" and (
            _is_participle(words[index], tags[index])
            or (tags[index] == "NNS" and _FINITE.isdisjoint(tags) and _acts(words[index], lexicon))
        ):
            return are_one(words[index - 1], words[index], tags[index], lexicon)
    return True


def _is_participle(word: str, tag: str) -> bool:
    return tag == "NN" and word.endswith("ing") and word not in word_sets("swap")["things"]


@lru_cache(maxsize=1 << 12)
def _acts(word: str, lexicon: Lexicon) -> bool:
    """Tell whether a word tagged as plural is also the form of a common verb ("laughs")."""
    return bool(lexicon.word_class(lexicon.lemma(word, "VBZ"), "VERB"))


def _is_loose(tree: Tree, first: int, last: int) -> bool:
    """Tell whether only punctuation is attached to the tokens (not "-friendly", "/cat")."""
    starts, ends, words = tree.starts, tree.ends, tree.words
    if first and ends[first - 1] == starts[first] and _binds(words[first - 1]):
        return False
    if last + 1 == len(words) or starts[last + 1] != ends[last]:
        return True
    return words[last + 1].startswith(_CLITICS) or not _binds(words[last + 1])


def _binds(word: str) -> bool:
    return word in _BINDERS or any(map(str.isalnum, word))
