"""The backend of a model on this machine.

A gap is answered by likelihood: the words of the wanted form that the model finds likeliest after
what stands before the gap, ordered by how likely they make what stands after it. Even a small
model is good at that, and its free answers to the same question are of no use. What has no gap is
answered in words, as a server would.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from data.streams import Stream
from negatives.fluency.neural import INSTALL, CausalModel, identity_of, open_model
from negatives.fluency.neural_packs import packs_of
from negatives.llm.places import relations
from negatives.llm.requests import (
    TOO_LONG,
    Answer,
    Arrived,
    Facts,
    Failure,
    Gap,
    Message,
    Outcome,
    Request,
)
from negatives.words.lexicon import Lexicon

_GAPS = {"cpu": 48, "cuda": 1024}  # asked together
_TEXTS = {"cpu": 8, "cuda": 256}  # written together
_TRIED = 12  # words for a gap whose following words are looked at
_TOKENS_AFTER = 4  # of what follows a gap
_WORDS = 6  # of an answer
_WITHIN = 6.5  # nats that a word may be less likely than the caption's own
_SPACES = ("\u0120", "\u2581")  # how tokenizers write the space before a word
_DIGITS = 2  # of a likelihood: what batches differ in by rounding is below
_MARK = "\ue000{}\ue001"  # for private use: stands for a message while a chat's marks are set
_POS = {"N": "NOUN", "V": "VERB", "J": "ADJ"}

Tokens = tuple[int, ...]
Ids = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LocalBackend:
    """`model`: None for the packaged one, a folder or a name on the hub; loaded when asked."""

    lexicon: Lexicon
    model: str | None = None
    device: str = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"

    @property
    def facts(self) -> Facts:
        """As `Backend.facts`; a model of the hub is loaded for it."""
        known = identity_of(self.model, dtype=self.dtype)
        if known is None:
            opened = self._opened()
            known = opened.name, opened.version
        return Facts(*known, "likelihoods", 0.0, 0.0)

    def answers(self, requests: Sequence[Request], arrived: Arrived) -> list[Outcome]:
        """As `Backend.answers`."""
        outcomes: dict[int, Outcome] = {}
        if not requests:
            return []
        model = self._opened()
        device = model.network.device.type
        for is_gap, listed in groupby(enumerate(requests), lambda item: item[1].gap is not None):
            sizes = _GAPS if is_gap else _TEXTS
            for batch in _batches(list(listed), sizes.get(device, sizes["cpu"])):
                asked = [request for _, request in batch]
                found = (
                    fill(model, self.lexicon, [each.gap for each in asked if each.gap])
                    if is_gap
                    else write(model, asked)
                )
                for (number, _), outcome in zip(batch, found, strict=True):
                    outcomes[number] = outcome
                    arrived(number, outcome)
        return [outcomes[number] for number in range(len(requests))]

    def _opened(self) -> CausalModel:
        return _open(self.model, self.device, self.dtype)


@lru_cache(maxsize=1)
def _open(name: str | None, device: str, dtype: Literal["float32", "bfloat16"]) -> CausalModel:
    return open_model(name, device=device, dtype=dtype)


def _batches(items: list[tuple[int, Request]], size: int) -> Iterator[list[tuple[int, Request]]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def fill(model: CausalModel, lexicon: Lexicon, gaps: Sequence[Gap]) -> list[Outcome]:
    """Return `{"words": [...]}` for each gap, the likeliest word first."""
    network = model.network
    primes = network.tokens_of([gap.prime for gap in gaps])
    befores = network.tokens_of([f" {gap.before}" for gap in gaps])
    starts = [(*prime, *before) for prime, before in zip(primes, befores, strict=True)]
    owns = network.tokens_of([f" {gap.own}" for gap in gaps])
    afters = [tokens[:_TOKENS_AFTER] for tokens in network.tokens_of([gap.after for gap in gaps])]
    longest = network.num_tokens - _TOKENS_AFTER - max(map(len, owns), default=0)
    fits = [len(start) < longest for start in starts]
    next_of = _next(model, {start for start, fitting in zip(starts, fits, strict=True) if fitting})
    likely = [
        _likeliest(model, next_of[start], _words_of(model, lexicon, gap.tag), gap.own)
        if start in next_of
        else []
        for start, gap in zip(starts, gaps, strict=True)
    ]
    texts = [
        [(*start, *word, *after) for word in (own, *([token] for token in tokens))]
        for start, own, tokens, after in zip(starts, owns, likely, afters, strict=True)
    ]
    read = zip(texts, fits, strict=True)
    scores = _totals(model, {text for each, fitting in read if fitting for text in each})
    outcomes: list[Outcome] = []
    for start, each, tokens, fitting in zip(starts, texts, likely, fits, strict=True):
        if not fitting:
            outcomes.append(Failure(TOO_LONG))
            continue
        least = scores[each[0]] - _WITHIN
        ranked = sorted(
            (-scores[text], _word(network.tokenizer, token))
            for text, token in zip(each[1:], tokens, strict=True)
            if scores[text] >= least
        )
        words = [word for _, word in ranked[:_WORDS]]
        num_read = len(start) + sum(len(text) - len(start) for text in each)
        outcomes.append(Answer(json.dumps({"words": words}), num_read, len(words)))
    return outcomes


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


def _likeliest(model: CausalModel, chances: NDArray[np.float32], words: Ids, own: str) -> list[int]:
    """Return the likeliest of some tokens that are not the caption's own word."""
    order = np.argsort(-np.round(chances[words], _DIGITS), kind="stable")[: _TRIED + 1]
    tokens = [int(token) for token in words[order]]
    return [token for token in tokens if _word(model.network.tokenizer, token) != own][:_TRIED]


def _totals(model: CausalModel, texts: set[Tokens]) -> dict[Tokens, float]:
    """Return log p of each text, rounded."""
    ordered = sorted(texts)
    totals: list[float] = []
    for _, pack in packs_of(ordered, start=model.network.start, num_rows=model.batch_tokens):
        totals += pack.totals(model.network.step_log_probabilities(pack))
    return {text: round(total, _DIGITS) for text, total in zip(ordered, totals, strict=True)}


@cache
def _words_of(model: CausalModel, lexicon: Lexicon, tag: str) -> Ids:
    """Return the tokens that are a whole lower-case word of the tag's form."""
    found = [
        number
        for token, number in model.network.tokenizer.get_vocab().items()
        if token.startswith(_SPACES) and _has_form(token.lstrip("".join(_SPACES)), tag, lexicon)
    ]
    return np.array(sorted(found), np.int64)


def _has_form(word: str, tag: str, lexicon: Lexicon) -> bool:
    if tag[:1] not in _POS:
        return word in relations()
    if len(word) < 3 or not (word.isalpha() and word.isascii() and word.islower()):
        return False
    lemma = lexicon.lemma(word, tag)
    return lexicon.knows(lemma, _POS[tag[:1]]) and lexicon.inflect(lemma, tag) == word


def _word(tokenizer: Any, token: int) -> str:  # noqa: ANN401 - transformers builds these classes
    return str(tokenizer.decode([token])).strip()


def write(model: CausalModel, requests: Sequence[Request]) -> list[Outcome]:
    """Return what the model writes for each request.

    Raises:
        UsageError: a library is not installed.
    """
    try:
        from negatives.llm.generating import Order, written  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(f"a language model expects {error.name}, found none: {INSTALL}") from error
    network = model.network
    orders: list[Order] = []
    outcomes: list[Outcome] = []
    for request in requests:
        tokens = chat_tokens(model, request.messages)
        fits = len(tokens) + request.max_tokens <= network.num_tokens
        outcomes.append(Answer("", len(tokens), 0) if fits else Failure(TOO_LONG))
        if fits:
            key = (request.prompt, request.caption, request.place, request.sample)
            stream = Stream(request.seed, *key)
            orders.append(Order(tokens, request.max_tokens, request.temperature, stream))
    texts = iter(written(network, orders) if orders else [])
    for number, outcome in enumerate(outcomes):
        if isinstance(outcome, Answer):
            said = next(texts)
            text = str(network.tokenizer.decode(said, skip_special_tokens=True))
            outcomes[number] = Answer(text, outcome.prompt_tokens, len(said))
    return outcomes


def chat_tokens(model: CausalModel, messages: Sequence[Message]) -> Tokens:
    """Return a conversation as the model was trained to read it, up to the start of its answer.

    The marks of a chat are set around what was said, and never read from it.
    """
    tokenizer = model.network.tokenizer
    marks = [_MARK.format(number) for number in range(len(messages))]
    marked = [
        {"role": message.role, "content": mark}
        for message, mark in zip(messages, marks, strict=True)
    ]
    if tokenizer.chat_template is None:
        rest = "".join(f"{each['role']}: {each['content']}\n" for each in marked) + "assistant:"
    else:
        rest = tokenizer.apply_chat_template(marked, tokenize=False, add_generation_prompt=True)
    tokens: list[int] = []
    for message, mark in zip(messages, marks, strict=True):
        before, found, rest = rest.partition(mark)
        tokens += tokenizer(before, add_special_tokens=False)["input_ids"]
        if found:
            tokens += model.network.tokens_of([message.content])[0]
    tokens += tokenizer(rest, add_special_tokens=False)["input_ids"]
    return tuple(tokens)
