"""Texts written by a causal model, several at a time: a second door of torch.

`model.generate` decodes. Two things it does not offer are ours: the common beginning of all prompts
is read once, and each text is drawn by a stream of its own, so that it is the same whichever others
are written beside it.

Shapes: B prompts, L tokens of the longest, V entries of the vocabulary.
"""

from collections.abc import Sequence
from inspect import signature
from itertools import takewhile
from typing import NamedTuple

import torch
from transformers import (
    DynamicCache,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from data.streams import Stream
from negatives.fluency.neural_network import Network


class Order(NamedTuple):
    """A text to be written: it continues `tokens` by at most `max_tokens`.

    `temperature`: 0 takes the likeliest token, else tokens are drawn with the numbers of `stream`,
    one per token.
    """

    tokens: tuple[int, ...]
    max_tokens: int
    temperature: float
    stream: Stream


def write_texts(network: Network, orders: Sequence[Order]) -> list[list[int]]:
    """Return the tokens that the model writes for each order, up to an end of its turn.

    Which orders are given together moves the logits by rounding alone (1e-4 in float32).
    """
    shared = _shared(orders)
    longest = max(len(order.tokens) for order in orders)
    rows = [(order.tokens[len(shared) :], longest - len(order.tokens)) for order in orders]
    ids_BL = [[*shared, *[0] * pad, *rest] for rest, pad in rows]  # noqa: N806
    mask_BL = [[1] * len(shared) + [0] * pad + [1] * len(rest) for rest, pad in rows]  # noqa: N806
    ends = network.ends
    with torch.inference_mode():
        found = network.model.generate(
            torch.tensor(ids_BL, device=network.device),
            attention_mask=torch.tensor(mask_BL, device=network.device),
            max_new_tokens=max(order.max_tokens for order in orders),
            eos_token_id=sorted(ends),
            pad_token_id=min(ends),
            logits_processor=LogitsProcessorList([_Draws(orders)]),
            stopping_criteria=StoppingCriteriaList([_Lengths(orders, longest)]),
            **_cache_argument(network, _read_beginning(network, shared, len(orders))),
        )
    return [
        list(takewhile(lambda token: token not in ends, said[: order.max_tokens]))
        for order, said in zip(orders, found[:, longest:].tolist(), strict=True)
    ]


class _Draws(LogitsProcessor):
    """Leaves the likeliest token to the orders without a temperature, to others the one drawn."""

    def __init__(self, orders: Sequence[Order]) -> None:
        self._orders = orders

    def __call__(self, _ids: torch.Tensor, logits_BV: torch.Tensor) -> torch.Tensor:  # noqa: N803
        for index, order in enumerate(self._orders):
            if order.temperature > 0:
                chances_V = (logits_BV[index] / order.temperature).double().softmax(-1).cpu()  # noqa: N806
                drawn = torch.searchsorted(chances_V.cumsum(0), order.stream.unit())
                logits_BV[index, min(int(drawn), len(chances_V) - 1)] = torch.inf
        return logits_BV


class _Lengths(StoppingCriteria):
    """Ends each text at its own length; `start`: where texts begin."""

    def __init__(self, orders: Sequence[Order], start: int) -> None:
        self._most = [start + order.max_tokens for order in orders]

    def __call__(self, ids: torch.Tensor, _scores: object, **_given: object) -> torch.Tensor:
        return torch.tensor([ids.shape[1] >= most for most in self._most], device=ids.device)


def _shared(orders: Sequence[Order]) -> tuple[int, ...]:
    """Return what all orders begin with; at least one token of each is left."""
    first, *others = (order.tokens for order in orders)
    num = min(len(tokens) for tokens in (first, *others)) - 1
    for other in others:
        same = takewhile(lambda pair: pair[0] == pair[1], zip(first[:num], other, strict=False))
        num = sum(1 for _ in same)
    return first[:num]


def _read_beginning(network: Network, shared: Sequence[int], num_orders: int) -> DynamicCache:
    """Return the model's memory of the shared beginning, once for each order."""
    cache = DynamicCache(config=network.model.config)
    if shared:
        ids = torch.tensor([list(shared)], device=network.device)
        network.model(
            input_ids=ids, use_cache=True, logits_to_keep=1, **_cache_argument(network, cache)
        )
        cache.batch_repeat_interleave(num_orders)
    return cache


def _cache_argument(network: Network, cache: DynamicCache) -> dict[str, DynamicCache]:
    """Return the memory under the name that transformers has for it, which changed in 5.24."""
    names = signature(network.model.forward).parameters
    return {"cache" if "cache" in names else "past_key_values": cache}
