"""The backend for a model on this machine.

Gaps are filled by likelihood (filling.py); other requests are answered in text, as by a server.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby, islice
from typing import Literal

from data.errors import UsageError
from data.streams import Stream
from negatives.fluency.neural import INSTALL, CausalModel, identity_of, open_model
from negatives.llm.filling import fill
from negatives.llm.ledger import Ledger, Tokens
from negatives.llm.limits import Limits
from negatives.llm.replies import RAISE_TOKENS
from negatives.llm.requests import (
    CUT,
    EMPTY,
    LIKELIHOODS,
    TOO_LONG,
    Answer,
    Arrived,
    Failure,
    Message,
    ModelInfo,
    Outcome,
    Request,
)
from negatives.llm.thoughts import is_thinking, without_thoughts
from negatives.llm.trust import Trust
from negatives.words.lexicon import Lexicon

_GAPS = {"cpu": 48, "cuda": 1024}  # asked together
_TEXTS = {"cpu": 8, "cuda": 256}  # written together
_THINKING = "<think>"
_PROMPT_END = 16  # tokens of a prompt in which it may open a thought
_MARK = "\ue000{}\ue001"  # for private use: stands for a message while a chat's marks are set


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LocalBackend:
    """`model`: None for the packaged one, a folder or a name on the hub; loaded when asked."""

    lexicon: Lexicon
    model: str | None = None
    device: str = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"
    limits: Limits = field(default_factory=Limits)
    ledger: Ledger = field(default_factory=Ledger)
    trust: Trust = field(default_factory=Trust)

    @property
    def model_info(self) -> ModelInfo:
        """As `Backend.model_info`; a model of the hub is loaded for it."""
        known = identity_of(self.model, dtype=self.dtype)
        if known is None:
            opened = self._open_model()
            known = opened.name, opened.version
        return ModelInfo(*known, LIKELIHOODS, 0.0, 0.0)

    def answers(self, requests: Sequence[Request], arrived: Arrived) -> list[Outcome]:
        """As `Backend.answers`.

        Raises:
            UsageError: the limit on requests is reached, or the model cannot be had, or it writes
                nothing that can be used.
        """
        outcomes: dict[int, Outcome] = {}
        if not requests:
            return []
        model = self._open_model()

        def tell(answered: Mapping[int, Outcome]) -> None:
            for number, outcome in answered.items():
                outcomes[number] = outcome
                arrived(number, outcome)

        for batch in _batches(requests, model.network.device.type):
            allowed = batch[: self.ledger.request(self.limits, len(batch))]
            asked = [request for _, request in allowed]
            for (number, request), outcome in zip(
                allowed, self._outcomes_of(model, asked), strict=True
            ):
                if isinstance(outcome, Answer):
                    self.ledger.charge(Tokens(*outcome[1:]), 0.0)
                tell(self.trust.take(number, request, outcome))
                if self.trust.in_a_row >= self.limits.max_failures_in_a_row():
                    self.trust.rest()
                    raise self.trust.stop(model.name, self.ledger.text())
            if len(allowed) < len(batch):
                tell(self.trust.rest())
                self.ledger.request(self.limits)  # raises
        tell(self.trust.rest())
        return [outcomes[number] for number in range(len(requests))]

    def _outcomes_of(self, model: CausalModel, requests: Sequence[Request]) -> list[Outcome]:
        """Return the outcomes of requests that are all for gaps, or all for texts."""
        gaps = [request.gap for request in requests if request.gap is not None]
        if gaps:
            return fill(model, self.lexicon, gaps)
        return write(model, requests, thinking_tokens=self.limits.thinking_tokens)

    def _open_model(self) -> CausalModel:
        return _open(self.model, self.device, self.dtype)


@lru_cache(maxsize=1)
def _open(name: str | None, device: str, dtype: Literal["float32", "bfloat16"]) -> CausalModel:
    return open_model(name, device=device, dtype=dtype)


def _batches(requests: Sequence[Request], device: str) -> Iterator[list[tuple[int, Request]]]:
    """Yield numbered requests that are answered together: gaps or texts, in order."""
    for is_gap, group in groupby(enumerate(requests), lambda item: item[1].gap is not None):
        sizes = _GAPS if is_gap else _TEXTS
        while batch := list(islice(group, sizes.get(device, sizes["cpu"]))):
            yield batch


def write(
    model: CausalModel, requests: Sequence[Request], *, thinking_tokens: int = 0
) -> list[Outcome]:
    """Return what the model writes for each request, its thoughts left out.

    Raises:
        UsageError: a library is not installed.
    """
    try:
        from negatives.llm.generating import Order, write_texts  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(f"a language model expects {error.name}, found none: {INSTALL}") from error
    network = model.network
    orders: dict[int, Order] = {}
    outcomes: list[Outcome] = [Failure(TOO_LONG)] * len(requests)
    for number, request in enumerate(requests):
        tokens = chat_tokens(model, request.messages)
        most = request.max_tokens + thinking_tokens
        if len(tokens) + most <= network.num_tokens:
            key = (request.prompt, request.caption, request.place, request.sample)
            stream = Stream(request.seed, *key)
            orders[number] = Order(tokens, most, request.temperature, stream)
    texts = write_texts(network, list(orders.values())) if orders else []
    for (number, order), token_ids in zip(orders.items(), texts, strict=True):
        text = answer_in(model, order.tokens, token_ids)
        is_cut = len(token_ids) >= order.max_tokens
        outcomes[number] = Answer(text, len(order.tokens), len(token_ids))
        if not text.strip():
            why = (
                f"no answer within {len(token_ids)} tokens; {RAISE_TOKENS}" if is_cut else "no text"
            )
            outcomes[number] = Failure(CUT if is_cut else EMPTY, why)
    return outcomes


def answer_in(model: CausalModel, prompt: Sequence[int], tokens: Sequence[int]) -> str:
    """Return the text of what was written after a prompt, without thoughts."""
    tokenizer = model.network.tokenizer
    text = str(tokenizer.decode(tokens, skip_special_tokens=False))
    begun = _THINKING if is_thinking(str(tokenizer.decode(prompt[-_PROMPT_END:]))) else ""
    answer = without_thoughts(begun + text)
    if answer == text:
        return str(tokenizer.decode(tokens, skip_special_tokens=True))
    for mark in tokenizer.all_special_tokens:
        answer = answer.replace(mark, "")
    return answer


def chat_tokens(model: CausalModel, messages: Sequence[Message]) -> tuple[int, ...]:
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
