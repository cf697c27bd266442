"""Requests to a language model, their outcomes, and the backends that answer. Pure.

A request is data: it has everything that shapes its answer. Its caption is untrusted text, and
occurs only in the last message, as a JSON string.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from negatives.llm.ledger import Ledger, Tokens


TIMED_OUT = "timed out"
UNREACHED = "no answer"
EMPTY = "no content"
CUT = "cut short"
REFUSED = "refused"  # by the model or its filter of content
REJECTED = "rejected"  # by the server, as a request that it cannot take
TOO_LONG = "too long"
LIKELIHOODS = "likelihoods"
TEXT = "text"
MAX_CHARACTERS = 600  # of a caption that is asked about
_OVERHEAD = 8  # tokens around a message
UNANSWERED = frozenset((TIMED_OUT, UNREACHED, EMPTY, CUT))
"""Failures that say nothing about the caption: they are not stored, and the next run asks again."""


class Message(NamedTuple):
    """A turn of a conversation: `role` is system, user or assistant."""

    role: str
    content: str


class Gap(NamedTuple):
    """The same question for a model whose probabilities can be read.

    The model is to go on after `prime` and `before` with words other than `own` that go with
    `after`: with those of `among`, or with any of the same tag if that is None. It answers in the
    form that the messages ask for.
    """

    prime: str
    before: str
    after: str
    own: str
    tag: str
    among: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One question about one caption.

    `prompt`: name and version of the prompt. `place` and `sample` tell questions about the same
    caption apart. `schema`: the JSON schema of the answer, None for free text. `temperature` 0
    takes the likeliest token each time; else tokens are drawn by `seed`.
    """

    prompt: str
    caption: str
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    seed: int = 0
    place: str = ""
    sample: int = 0
    schema: Mapping[str, object] | None = None
    gap: Gap | None = None


class Answer(NamedTuple):
    """What the model wrote, its thoughts left out, and how many tokens it read and wrote."""

    text: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer: one of a few reasons, and what the server said about it."""

    reason: str
    why: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"({self.reason}: {self.why})" if self.why else f"({self.reason})"


Outcome = Answer | Failure
Arrived = Callable[[int, Outcome], None]
"""Told of each outcome as it arrives, with the number of its request."""


class ModelInfo(NamedTuple):
    """Which model answers, as manifests name it (no place of a machine is in it).

    `method`: how it answers a `Gap`: by its LIKELIHOODS or by its TEXT. Prices are in dollars
    for a million tokens; None if they are not known.
    """

    name: str
    version: str
    method: str
    prompt_price: float | None = None
    completion_price: float | None = None

    def cost_of(self, tokens: "Tokens") -> float | None:
        """Return what tokens cost in dollars; None where prices are not known."""
        if self.prompt_price is None or self.completion_price is None:
            return None
        return (tokens.prompt * self.prompt_price + tokens.completion * self.completion_price) / 1e6


class Backend(Protocol):
    """Takes requests and gives answers."""

    @property
    def model_info(self) -> ModelInfo:
        """Return which model answers, without asking it anything."""

    @property
    def ledger(self) -> "Ledger":
        """Return the account of what asking has taken so far."""

    def answers(self, requests: Sequence[Request], arrived: Arrived) -> list[Outcome]:
        """Return the outcome of each request, in order; `arrived` is called with each at once.

        Raises:
            UsageError: the model cannot be used, or a limit is reached.
            RetryableError: the model cannot be reached for now.
        """


def key_of(request: Request, model_info: ModelInfo) -> str:
    """Return a hash of all that an answer depends on: by it, answers are found again."""
    content = {
        "model": [model_info.name, model_info.version, model_info.method],
        "prompt": request.prompt,
        "sampling": [request.max_tokens, request.temperature, request.seed],
        "caption": request.caption,
        "place": request.place,
        "sample": request.sample,
    }
    if request.gap and request.gap.among is not None and model_info.method == LIKELIHOODS:
        content["among"] = request.gap.among
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def tokens_of(request: Request, *, characters_a_token: float) -> int:
    """Return about how many tokens the messages of a request have."""
    characters = sum(len(message.content) for message in request.messages)
    return ceil(characters / characters_a_token) + _OVERHEAD * len(request.messages)


def quote_json(text: str) -> str:
    """Return a text as a JSON string in which no mark of a chat ("<|", "[/") can be read."""
    return json.dumps(text).replace("<", "\\u003c").replace("[", "\\u005b")
