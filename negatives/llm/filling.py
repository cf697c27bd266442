"""Gaps in captions, filled by the likelihoods of a causal model.

The words that may fill a gap are ranked twice: all by how likely their beginning is after the text
before the gap, then the best of them with the text after it as well. Even a small model is good at
that, while its free answers to the same question are useless.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.neural import CausalModel
from negatives.fluency.neural_packs import packs_of
from negatives.llm.infill_targets import relations
from negatives.llm.requests import TOO_LONG, Answer, Failure, Gap, Outcome
from negatives.words.lexicon import Lexicon

_TRIED = 12  # words for a gap whose following words are looked at
_TOKENS_AFTER = 4  # of what follows a gap
_WORDS = 6  # of an answer
_WITHIN = 6.5  # nats that a word may be less likely than the caption's own
_SPACES = ("\u0120", "\u2581")  # how tokenizers write the space before a word
_DIGITS = 2  # of a likelihood: what batches differ in by rounding is below
_POS = {"N": "NOUN", "V": "VERB", "J": "ADJ"}

Tokens = tuple[int, ...]


class _Choice(NamedTuple):
    """Words to choose from: the tokens of each, the first of these, and the most of a word."""

    words: tuple[str, ...]
    tokens: tuple[Tokens, ...]
    firsts: NDArray[np.int64]
    most_tokens: int


class _Blank(NamedTuple):
    """A gap in tokens: what stands before it, the caption's own word, what follows."""

    start: Tokens
    own: Tokens
    after: Tokens
    choice: _Choice

    def with_word(self, word: Tokens) -> Tokens:
        """Return the whole text with a word in the gap."""
        return (*self.start, *word, *self.after)

    def num_tokens(self) -> int:
        """Return the length of the longest text that may be read."""
        longest = max(len(self.own), self.choice.most_tokens)
        return len(self.start) + longest + len(self.after)


def fill(model: CausalModel, lexicon: Lexicon, gaps: Sequence[Gap]) -> list[Outcome]:
    """Return `{"words": [...]}` for each gap, the likeliest word first."""
    blanks = _blanks(model, lexicon, gaps)
    most = model.network.num_tokens
    next_of = _next(model, {blank.start for blank in blanks if blank.num_tokens() <= most})
    tried: list[dict[str, Tokens] | None] = [
        _likeliest(blank, next_of[blank.start]) if blank.num_tokens() <= most else None
        for blank in blanks
    ]
    texts: set[Tokens] = set()
    for blank, words in zip(blanks, tried, strict=True):
        if words is not None:
            texts |= {blank.with_word(blank.own), *words.values()}
    scores = _totals(model, texts)
    return [
        Failure(TOO_LONG) if words is None else _answer(blank, words, scores)
        for blank, words in zip(blanks, tried, strict=True)
    ]


def _answer(blank: _Blank, words: Mapping[str, Tokens], scores: Mapping[Tokens, float]) -> Answer:
    """Return the words that are likely enough beside the caption's own, the likeliest first."""
    own = blank.with_word(blank.own)
    ranked = sorted(
        (-scores[text], word)
        for word, text in words.items()
        if scores[text] >= scores[own] - _WITHIN
    )
    listed = [word for _, word in ranked[:_WORDS]]
    num_read = sum(len(text) - len(blank.start) for text in (own, *words.values()))
    return Answer(json.dumps({"words": listed}), len(blank.start) + num_read, len(listed))


def _blanks(model: CausalModel, lexicon: Lexicon, gaps: Sequence[Gap]) -> list[_Blank]:
    tokens_of = model.network.tokens_of
    primes = tokens_of([gap.prime for gap in gaps])
    befores = tokens_of([f" {gap.before}" for gap in gaps])
    owns = tokens_of([f" {gap.own}" for gap in gaps])
    afters = tokens_of([gap.after for gap in gaps])
    return [
        _Blank(
            (*prime, *before),
            tuple(own),
            tuple(after[:_TOKENS_AFTER]),
            _choice(model, lexicon, gap.tag, gap.among, gap.own),
        )
        for prime, before, own, after, gap in zip(primes, befores, owns, afters, gaps, strict=True)
    ]


def _next(model: CausalModel, starts: set[Tokens]) -> dict[Tokens, NDArray[np.float32]]:
    """Return log p of every token of the vocabulary after each start."""
    found: dict[Tokens, NDArray[np.float32]] = {}
    ordered = sorted(starts)
    padded = [(*start, 0) for start in ordered]  # the row of a text's last token is not read
    network = model.network
    for which, pack in packs_of(padded, start=network.start, num_rows=model.batch_tokens):
        rows = [pack.rows[end - 1] for end in np.cumsum(pack.sizes)]
        chances_NV = network.next_log_probabilities(pack, rows)  # noqa: N806
        found |= {ordered[i]: chances_NV[row] for row, i in enumerate(which)}
    return found


def _likeliest(blank: _Blank, chances: NDArray[np.float32]) -> dict[str, Tokens]:
    """Return the words that are likeliest by how they begin, each with its whole text."""
    choice = blank.choice
    order = np.argsort(-np.round(chances[choice.firsts], _DIGITS), kind="stable")[:_TRIED]
    return {choice.words[index]: blank.with_word(choice.tokens[index]) for index in order}


def _totals(model: CausalModel, texts: set[Tokens]) -> dict[Tokens, float]:
    """Return log p of each text, rounded."""
    ordered = sorted(texts)
    totals: list[float] = []
    for _, pack in packs_of(ordered, start=model.network.start, num_rows=model.batch_tokens):
        totals += pack.totals(model.network.step_log_probabilities(pack))
    return {text: round(total, _DIGITS) for text, total in zip(ordered, totals, strict=True)}


@lru_cache(maxsize=4096)
def _choice(
    model: CausalModel, lexicon: Lexicon, tag: str, among: tuple[str, ...] | None, own: str
) -> _Choice:
    """Return those of the listed words, or of the vocabulary's, that are not the caption's own."""
    if among is None:
        known = _vocabulary(model, lexicon, tag)
    else:
        tokens = model.network.tokens_of([f" {word}" for word in among])
        known = dict(zip(among, map(tuple, tokens), strict=True))
    found = {word: tokens for word, tokens in known.items() if word != own}
    firsts = np.array([tokens[0] for tokens in found.values()], np.int64)
    return _Choice(
        tuple(found), tuple(found.values()), firsts, max(map(len, found.values()), default=0)
    )


@cache
def _vocabulary(model: CausalModel, lexicon: Lexicon, tag: str) -> dict[str, Tokens]:
    """Return the tokens that are a whole lower-case word of the tag's form, by that word."""
    tokenizer = model.network.tokenizer
    numbers = sorted(
        number
        for token, number in tokenizer.get_vocab().items()
        if token.startswith(_SPACES) and _has_form(token.lstrip("".join(_SPACES)), tag, lexicon)
    )
    return {str(tokenizer.decode([number])).strip(): (number,) for number in numbers}


def _has_form(word: str, tag: str, lexicon: Lexicon) -> bool:
    if tag[:1] not in _POS:
        return word in relations()
    if len(word) < 3 or not (word.isalpha() and word.isascii() and word.islower()):
        return False
    lemma = lexicon.lemma(word, tag)
    return lexicon.knows(lemma, _POS[tag[:1]]) and lexicon.inflect(lemma, tag) == word
