"""Texts written by a causal model, several at a time: a second door of torch.

Shapes: B prompts, P tokens that all of them begin with, L the most tokens after those, V entries
of the vocabulary.
"""

from collections.abc import Sequence
from inspect import signature
from itertools import takewhile
from typing import NamedTuple

import torch
from transformers import DynamicCache

from data.streams import Stream
from negatives.fluency.neural_network import Network


class Order(NamedTuple):
    """A text to be written: after these tokens, at most so many; drawn if the temperature is not 0.

    `stream`: the numbers that a draw takes, one a token.
    """

    tokens: tuple[int, ...]
    max_tokens: int
    temperature: float
    stream: Stream


def written(network: Network, orders: Sequence[Order]) -> list[list[int]]:
    """Return the tokens that the model writes for each order, up to an end of its turn.

    What all orders begin with is read once. Which orders are given together moves the logits by
    rounding alone (1e-4 in float32).
    """
    ends = _ends(network)
    shared = _shared(orders)
    rests = [order.tokens[len(shared) :] for order in orders]
    longest = max(map(len, rests))
    where = network.device
    ids_BL = torch.tensor(  # noqa: N806
        [[0] * (longest - len(rest)) + list(rest) for rest in rests], device=where
    )
    mask_BL = torch.tensor(  # noqa: N806
        [[0] * (longest - len(rest)) + [1] * len(rest) for rest in rests], device=where
    )
    read = torch.ones(len(orders), len(shared), dtype=torch.long, device=where)
    mask = torch.cat((read, mask_BL), 1)
    places = (mask.cumsum(1) - 1).clamp(min=0)[:, len(shared) :]
    texts: list[list[int]] = [[] for _ in orders]
    going = set(range(len(orders)))
    with torch.inference_mode():
        cache = _read(network, shared, len(orders))
        ids = ids_BL
        while going:
            logits_BLV = network.model(  # noqa: N806
                input_ids=ids,
                attention_mask=mask,
                position_ids=places,
                use_cache=True,
                logits_to_keep=1,
                **_kept(network, cache),
            ).logits
            chosen = _chosen(logits_BLV[:, -1].float(), orders)
            for index in sorted(going):
                if chosen[index] in ends:
                    going.discard(index)
                    continue
                texts[index].append(chosen[index])
                if len(texts[index]) >= orders[index].max_tokens:
                    going.discard(index)
            ids = torch.tensor([[token] for token in chosen], device=where)
            mask = torch.cat((mask, torch.ones_like(mask[:, :1])), 1)
            places = places[:, -1:] + 1
    return texts


def _chosen(logits_BV: torch.Tensor, orders: Sequence[Order]) -> list[int]:  # noqa: N803
    """Return the next token of each order: the likeliest, or one drawn by its own stream."""
    chosen: list[int] = logits_BV.argmax(-1).tolist()
    for index, order in enumerate(orders):
        if order.temperature > 0:
            chances_V = (logits_BV[index] / order.temperature).double().softmax(-1).cpu()  # noqa: N806
            drawn = torch.searchsorted(chances_V.cumsum(0), order.stream.unit())
            chosen[index] = min(int(drawn), len(chances_V) - 1)
    return chosen


def _shared(orders: Sequence[Order]) -> tuple[int, ...]:
    """Return what all orders begin with; at least one token of each is left."""
    first, *others = (order.tokens for order in orders)
    num = min(len(tokens) for tokens in (first, *others)) - 1
    for other in others:
        same = takewhile(lambda pair: pair[0] == pair[1], zip(first[:num], other, strict=False))
        num = sum(1 for _ in same)
    return first[:num]


def _read(network: Network, shared: Sequence[int], num_orders: int) -> DynamicCache:
    """Return the model's memory of the shared beginning, once for each order."""
    cache = DynamicCache(config=network.model.config)
    if shared:
        ids = torch.tensor([list(shared)], device=network.device)
        network.model(input_ids=ids, use_cache=True, logits_to_keep=1, **_kept(network, cache))
        cache.batch_repeat_interleave(num_orders)
    return cache


def _kept(network: Network, cache: DynamicCache) -> dict[str, DynamicCache]:
    """Return the memory under the name that transformers has for it, which changed in 5.24."""
    names = signature(network.model.forward).parameters
    return {"cache" if "cache" in names else "past_key_values": cache}


def _ends(network: Network) -> frozenset[int]:
    """Return the tokens that end a turn."""
    named = network.model.generation_config.eos_token_id
    listed = named if isinstance(named, list) else [named]
    own = (*listed, network.tokenizer.eos_token_id, network.start)
    return frozenset(token for token in own if token is not None)
