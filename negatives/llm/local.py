"""The backend of a model on this machine.

A gap is filled by likelihood (filling.py); what has no gap is answered in words, as a server would.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Literal

from data.errors import UsageError
from data.streams import Stream
from negatives.fluency.neural import INSTALL, CausalModel, identity_of, open_model
from negatives.llm.filling import fill
from negatives.llm.limits import Limits, Spent
from negatives.llm.requests import (
    LIKELIHOODS,
    TOO_LONG,
    Answer,
    Arrived,
    Facts,
    Failure,
    Message,
    Outcome,
    Request,
)
from negatives.words.lexicon import Lexicon

_GAPS = {"cpu": 48, "cuda": 1024}  # asked together
_TEXTS = {"cpu": 8, "cuda": 256}  # written together
_MARK = "\ue000{}\ue001"  # for private use: stands for a message while a chat's marks are set

Tokens = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LocalBackend:
    """`model`: None for the packaged one, a folder or a name on the hub; loaded when asked."""

    lexicon: Lexicon
    model: str | None = None
    device: str = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"
    limits: Limits = field(default_factory=Limits)
    spent: Spent = field(default_factory=Spent)

    @property
    def facts(self) -> Facts:
        """As `Backend.facts`; a model of the hub is loaded for it."""
        known = identity_of(self.model, dtype=self.dtype)
        if known is None:
            opened = self._opened()
            known = opened.name, opened.version
        return Facts(*known, LIKELIHOODS, 0.0, 0.0)

    def answers(self, requests: Sequence[Request], arrived: Arrived) -> list[Outcome]:
        """As `Backend.answers`.

        Raises:
            UsageError: the limit on requests is reached, or the model cannot be had.
        """
        outcomes: dict[int, Outcome] = {}
        if not requests:
            return []
        model = self._opened()
        device = model.network.device.type
        for is_gap, listed in groupby(enumerate(requests), lambda item: item[1].gap is not None):
            sizes = _GAPS if is_gap else _TEXTS
            for batch in _batches(list(listed), sizes.get(device, sizes["cpu"])):
                allowed = batch[: self.spent.request(self.limits, len(batch))]
                asked = [request for _, request in allowed]
                found = (
                    fill(model, self.lexicon, [each.gap for each in asked if each.gap])
                    if is_gap
                    else write(model, asked)
                )
                for (number, _), outcome in zip(allowed, found, strict=True):
                    outcomes[number] = outcome
                    arrived(number, outcome)
                if len(allowed) < len(batch):
                    self.spent.request(self.limits)  # raises
        return [outcomes[number] for number in range(len(requests))]

    def _opened(self) -> CausalModel:
        return _open(self.model, self.device, self.dtype)


@lru_cache(maxsize=1)
def _open(name: str | None, device: str, dtype: Literal["float32", "bfloat16"]) -> CausalModel:
    return open_model(name, device=device, dtype=dtype)


def _batches(items: list[tuple[int, Request]], size: int) -> Iterator[list[tuple[int, Request]]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


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
