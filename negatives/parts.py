"""Parts of a caption that may change places: phrases, nouns, adjectives, verbs. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from negatives.clauses import Children, children_of
from negatives.lexicon import Lexicon
from negatives.parse import Parse, Token
from negatives.word_sets import word_sets

_ADVERBIAL = frozenset({"npadvmod", "compound", "intj", "dep"})
_NOT_ACTING = frozenset({"aux", "auxpass", "prep", "amod", "compound", "pcomp", "csubj", "nmod"})
_CLAUSES = frozenset({"xcomp", "ccomp"})
_FREE_CLASSES = frozenset({"colour", "size", "age"})  # "young man", "black cat" are no compounds
_POINTING = frozenset({"PRP$", "WDT", "WP$", "PRP"})
_CLITICS = ("'", "\u2019")


class Part(NamedTuple):
    """Tokens `first` to `last` (inclusive) that may change places; `root` heads them."""

    first: int
    last: int
    root: int


class Tree(NamedTuple):
    """A parse with the dependents of each token and the lower-case text of each."""

    parse: Parse
    tokens: Sequence[Token]
    children: Children
    words: Sequence[str]


def tree_of(parse: Parse) -> Tree:
    """Return a parse as the functions here want it."""
    tokens = parse.tokens
    return Tree(parse, tokens, children_of(tokens), [token.text.lower() for token in tokens])


def phrases(tree: Tree) -> Iterator[Part]:
    """Yield chunks around a common noun or a name that stand for themselves."""
    tokens, words = tree.tokens, tree.words
    sets = word_sets("swap")
    for first, last, root in tree.parse.chunks:
        if (
            root == last
            and tokens[root].pos in {"NOUN", "PROPN"}
            and tokens[root].dep not in _ADVERBIAL
            and words[root] not in sets["light"]
            and not _is_measured(tree, root)
            and not any(
                tokens[i].tag in {"PRP$", "WDT", "WP$", "PRP"} or words[i] in sets["anaphoric"]
                for i in range(first, root)
            )
            and _is_loose(tokens, first, last)
        ):
            yield Part(first, last, root)


def nouns(tree: Tree, lexicon: Lexicon) -> Iterator[Part]:
    """Yield common nouns that head their phrase, each with its compound."""
    tokens, words = tree.tokens, tree.words
    sets = word_sets("swap")
    for index, token in enumerate(tokens):
        if (
            token.tag in {"NN", "NNS"}
            and token.pos == "NOUN"
            and token.dep not in _ADVERBIAL
            and words[index] not in sets["light"]
            and sets["anaphoric"].isdisjoint([words[i] for i in tree.children[index]])
        ):
            part = noun_at(tree, index, lexicon)
            if _is_loose(tokens, part.first, index):
                yield part


def noun_at(tree: Tree, root: int, lexicon: Lexicon) -> Part:
    """Return a noun with its compound: "tennis racket", "t-shirt", "hot dog"."""
    tokens = tree.tokens
    first = _before_hyphens(tokens, root)
    while first and (
        (tokens[first - 1].dep == "compound" and first <= tokens[first - 1].head <= root)
        or (tokens[first - 1].dep == "amod" and _is_name(tree, first - 1, lexicon))
    ):
        first = _before_hyphens(tokens, first - 1)
    return Part(first, root, root)


def adjectives(tree: Tree, lexicon: Lexicon) -> Iterator[Part]:
    """Yield attributive adjectives that describe, each with the words that modify it."""
    tokens, words = tree.tokens, tree.words
    sets = word_sets("swap")
    for index, token in enumerate(tokens):
        if (
            token.pos == "ADJ"
            and token.dep == "amod"
            and token.head > index
            and tokens[token.head].pos in {"NOUN", "PROPN"}
            and words[index] not in sets["quantifiers"]
            and sets["anaphoric"].isdisjoint([words[i] for i in tree.children[token.head]])
            and not _is_name(tree, index, lexicon)
        ):
            first = _before_hyphens(tokens, index)
            while first and _modifies(tokens[first - 1], index):
                first -= 1
            if _is_loose(tokens, first, index):
                yield Part(first, index, index)


def verbs(tree: Tree) -> Iterator[Part]:
    """Yield verbs that say what somebody does, each with the particle that follows it."""
    tokens, words = tree.tokens, tree.words
    light = word_sets("swap")["verbs"]
    for index, token in enumerate(tokens):
        if (
            token.pos == "VERB"
            and token.tag.startswith("VB")
            and token.dep not in _NOT_ACTING
            and words[index] not in light
            and not has(tree, index, _CLAUSES)
        ):
            particles = [child for child in tree.children[index] if tokens[child].dep == "prt"]
            last = index + len(particles)
            if particles in ([], [index + 1]) and _is_loose(tokens, index, last):
                yield Part(index, last, index)


def _is_name(tree: Tree, adjective: int, lexicon: Lexicon) -> bool:
    """Tell whether an adjective and the word after it are one word of the lexicon."""
    noun = adjective + 1
    return are_one(tree.words[adjective], tree.words[noun], tree.tokens[noun].tag, lexicon)


def are_one(adjective: str, noun: str, tag: str, lexicon: Lexicon) -> bool:
    """Tell whether an adjective and a noun of a tag are a word of their own ("hot dogs")."""
    return (
        lexicon.knows(f"{adjective} {lexicon.lemma(noun, tag)}", "NOUN")
        and lexicon.class_name(adjective, "ADJ") not in _FREE_CLASSES
    )


def top(tokens: Sequence[Token], index: int) -> int:
    """Return the first of the parts that a token is coordinated with."""
    for _ in tokens:
        if tokens[index].dep != "conj":
            break
        index = tokens[index].head
    return index


def has(tree: Tree, index: int, deps: frozenset[str]) -> bool:
    """Tell whether a token has a dependent with one of the labels."""
    tokens = tree.tokens
    for child in tree.children[index]:  # noqa: SIM110 (twice as fast as `any`, at every pair)
        if tokens[child].dep in deps:
            return True
    return False


def _modifies(token: Token, index: int) -> bool:
    """Tell whether a token is an adverb or a shade before an adjective ("very", "light" blue)."""
    return token.head == index and token.dep in {"advmod", "amod"}


def _is_measured(tree: Tree, root: int) -> bool:
    """Tell whether a noun stands after a light noun and "of", which asks for its number."""
    preposition = tree.tokens[root].head
    return (
        tree.words[preposition] == "of"
        and tree.words[tree.tokens[preposition].head] in word_sets("swap")["light"]
    )


def _before_hyphens(tokens: Sequence[Token], first: int) -> int:
    """Return the first token of the hyphenated word that a token ends ("t" of "t-shirt")."""
    while (
        first >= 2
        and tokens[first - 1].text == "-"
        and tokens[first - 2].end == tokens[first - 1].start
        and tokens[first - 1].end == tokens[first].start
    ):
        first -= 2
    return first


def _is_loose(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Tell whether nothing but punctuation is written onto the tokens ("-friendly", "/cat")."""
    before = tokens[first - 1] if first else None
    after = tokens[last + 1] if last + 1 < len(tokens) else None
    if before and before.end == tokens[first].start and _binds(before.text):
        return False
    return not (
        after
        and after.start == tokens[last].end
        and _binds(after.text)
        and not after.text.startswith(_CLITICS)
    )


def _binds(text: str) -> bool:
    return text in {"-", "/", "_", "&"} or any(c.isalnum() for c in text)
