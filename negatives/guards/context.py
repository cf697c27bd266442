"""A caption as guards see it, computed once for all its candidates. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from negatives.guards.content import KIND, NOUN, lemma_of
from negatives.guards.siblings import Siblings
from negatives.guards.tables import NO_PAIRS, Pairs
from negatives.guards.tables import words as word_sets
from negatives.parse import Parse
from negatives.words.lexicon import Lexicon

MAX_TOKENS = 55
"""The largest number of tokens before a change; CLIP reads 75 of its own, about 1.3 per token."""

SEPARATORS = frozenset({"and", "while", ",", ";"})
"""Words between things that are listed side by side."""

_COUNTS = frozenset({"nummod", "quantmod", "det"})
_NO_TOKENS = ((),) * 7


class Context(NamedTuple):
    """What guards need of a caption, whichever of its words change.

    `key`: the normalised text. `learned`: pairs of words that captions use for one thing. One entry
    per token: its `starts` and `ends` in characters, its `tags`, `deps` and `heads`, its `words` in
    lower case, and for content words the `kinds` and `lemmas` (for others ""). `nouns`: positions
    by lemma. Positions of special words: `negations`, `anaphors` ("another" and "the other", but
    not "each other"; "one" unless it is a number), `possessives`. `has_gender`: whether a pronoun
    says "he" or "she".
    """

    parse: Parse
    text: str
    key: str
    siblings: Siblings
    lexicon: Lexicon
    learned: Pairs
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    tags: tuple[str, ...]
    deps: tuple[str, ...]
    heads: tuple[int, ...]
    words: tuple[str, ...]
    kinds: tuple[str, ...]
    lemmas: tuple[str, ...]
    nouns: Mapping[str, Sequence[int]]
    negations: tuple[int, ...]
    anaphors: tuple[int, ...]
    possessives: tuple[int, ...]
    has_gender: bool


def context_of(
    parse: Parse,
    key: str,
    siblings: Siblings,
    lexicon: Lexicon,
    learned: Pairs = NO_PAIRS,
) -> Context:
    """Return a caption as guards see it; `key` is its normalised text."""
    columns = zip(*parse.tokens, strict=True) if parse.tokens else _NO_TOKENS
    starts, ends, texts, _, tags, deps, heads = columns
    words = tuple([text.lower() for text in texts])
    kinds = tuple([KIND.get(tag, "") for tag in tags])
    lemmas = tuple([
        lemma_of(word, tag, lexicon) if kind else ""
        for word, tag, kind in zip(words, tags, kinds, strict=True)
    ])  # fmt: skip
    nouns: dict[str, list[int]] = {}
    for index, kind in enumerate(kinds):
        if kind == NOUN:
            nouns.setdefault(lemmas[index], []).append(index)
    sets = word_sets()
    negations, possessives = _places(words, sets.negations), _places(words, sets.possessives)
    has_gender = not sets.gendered_pronouns.isdisjoint(words)
    anaphors = tuple([
        index for index in _places(words, sets.anaphors)
        if not (words[index] == "one" and deps[index] in _COUNTS)
        and not (index and words[index - 1] == "each")
    ])  # fmt: skip
    return Context(
        parse, parse.text, key, siblings, lexicon, learned, starts, ends, tags, deps, heads, words,
        kinds, lemmas, nouns, negations, anaphors, possessives, has_gender,
    )  # fmt: skip


def _places(words: tuple[str, ...], wanted: frozenset[str]) -> tuple[int, ...]:
    """Return the positions of the wanted words."""
    if wanted.isdisjoint(words):
        return ()
    return tuple([index for index, word in enumerate(words) if word in wanted])


def chain_of(context: Context, index: int) -> list[int]:
    """Return a token and the heads above it."""
    heads = context.heads
    chain = [index]
    while (head := heads[index]) != index and len(chain) <= len(heads):
        chain.append(head)
        index = head
    return chain
