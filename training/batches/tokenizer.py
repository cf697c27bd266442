"""Texts -> token ids: a tokenizer with a fingerprint, which names the files of its ids."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

Encode = Callable[[list[str]], list[list[int]]]

_VERSION: Final = 1
_PROBES: Final = (
    "",
    "A dog.",
    "a DOG's  tail, 3½ metres — «naïve» & café!",
    " ".join(["a red barn next to two brown horses"] * 40),
)


@dataclass(frozen=True, kw_only=True)
class Tokenizer:
    """`encode` returns each text's ids from start to end of text, cut to the context length.

    `name` distinguishes tokenizers that happen to encode the probes alike.
    """

    encode: Encode
    name: str

    @cached_property
    def fingerprint(self) -> str:
        """Return a hash of the name and of the ids of a few probe texts."""
        content = json.dumps([_VERSION, self.name, self.encode(list(_PROBES))])
        return hashlib.sha256(content.encode()).hexdigest()


def tokenizer_of(model: str = "ViT-B-32") -> Tokenizer:
    """Return the tokenizer of a model of open_clip; models that share one share its ids.

    Raises:
        UsageError: open_clip has no such model.
    """
    from training.model.library import tokenizer  # noqa: PLC0415  (open_clip's door, which takes seconds)

    tokenize = tokenizer(model)
    return Tokenizer(encode=unpadded(tokenize), name=type(tokenize).__name__)


def unpadded(tokenize: Callable[[list[str]], "_Table"]) -> Encode:
    """Return the encoder of an open_clip tokenizer, without the padding at the end.

    The padding is the id with which the empty text ends.
    """
    pad = tokenize([""]).tolist()[0][-1]

    def encode(texts: list[str]) -> list[list[int]]:
        return [_cut(ids, pad) for ids in tokenize(texts).tolist()]

    return encode


class _Table(Protocol):
    """A tensor of token ids, texts x length."""

    def tolist(self) -> list[list[int]]: ...


def _cut(ids: list[int], pad: int) -> list[int]:
    end = len(ids)
    while end > 1 and ids[end - 1] == pad:
        end -= 1
    return ids[:end]
