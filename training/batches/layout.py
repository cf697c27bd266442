"""Lay texts out for a text tower without padding, encoding common prefixes once.

Under a causal mask a token's features depend only on the tokens before it. A caption and its
negatives, and captions that begin alike, therefore share the features of their common prefix: the
texts of a batch form a prefix tree (tree.py), each of whose nodes is encoded once. Query i of a row
sees key j exactly when j <= i < end_j, so one number per token defines the mask. This changes no
feature, to 1e-10 in float64 (tested).

Shape suffixes: R rows, S slots a row, T texts (captions, then valid negatives), B captions, K
negatives and Q positives a caption, N valid positives, M distinct tokens of a caption and its
negatives together, L token positions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from training.batches.tree import Row, plant


@dataclass(frozen=True, kw_only=True, slots=True)
class TextForm:
    """How a text tower reads.

    Attributes:
        causal: causal mask and pooling at EOT, so that prefixes can be shared. Otherwise each text
            has its own padded row.
        context_length: the length to which texts are padded, if they are; None: the longest of the
            batch.
        pad_id: the id of the padding.
        first: position of the first meaningful token: 1 if texts begin with a start mark.
    """

    causal: bool
    context_length: int | None
    pad_id: int
    first: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The texts of a batch as a tower reads them; all indices are made on the host.

    Attributes:
        token_RS: token ids.
        position_RS: each token's position in its text.
        end_RS: the first slot after the tokens that continue this one in any text of the row.
        last_T: r * S + s of each text's last token; after the T texts come the N positives.
        node_BM: r * S + s of the distinct tokens of caption b and its negatives, from `first` on;
            unused entries point at slot 0.
        path_TL: b * M + m of each text's tokens from `first` on; B * M where the text has ended.
        place_T: b * (1 + K) + k of each text; k = 0 is the caption.
        valid_BC: which captions and negatives exist; C = 1 + K.
        positive_N: b * Q + q of each positive; None if none were drawn.
        positive_BQ: which positives exist.
    """

    token_RS: Tensor
    position_RS: Tensor
    end_RS: Tensor
    last_T: Tensor
    node_BM: Tensor
    path_TL: Tensor
    place_T: Tensor
    valid_BC: Tensor
    positive_N: Tensor | None = None
    positive_BQ: Tensor | None = None

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> Self:
        """Return the layout on `device`."""
        return self._with(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> Self:
        """Return the layout in page-locked memory."""
        return self._with(Tensor.pin_memory)

    def _with(self, change: Callable[[Tensor], Tensor]) -> Self:
        tensors: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        there = {name: change(each) for name, each in tensors.items() if each is not None}
        return replace(self, **there)


class Positives(NamedTuple):
    """The valid positives of captions: token ids of each, b * Q + q of each, and Q."""

    texts: Sequence[Sequence[int]] = ()
    places: Sequence[int] = ()
    num_places: int = 0


def lay_out(  # noqa: PLR0913 - a batch's texts, by kind
    captions: Sequence[Sequence[int]],
    negatives: Sequence[Sequence[int]],
    places: Sequence[int],
    *,
    num_negatives: int,
    form: TextForm,
    positives: Positives = Positives(),  # noqa: B008 - a tuple
) -> Layout:
    """Lay out captions and their valid negatives for a tower of this form.

    Args:
        captions: token ids of each caption up to and including EOT.
        negatives: the same of each valid negative.
        places: b * K + k of each negative.
        num_negatives: K.
        form: how the tower reads.
        positives: of the captions.
    """
    texts = [*captions, *negatives, *positives.texts]
    rows, num_slots = plant(texts) if form.causal else _one_a_row(texts, form)
    slots_of = {
        number: [num_slots * r + slot for slot in path]
        for r, row in enumerate(rows)
        for number, path in row.paths.items()
    }
    owners = [*range(len(captions)), *(place // num_negatives for place in places)]
    heads = [b * (1 + num_negatives) for b in range(len(captions))]
    tails = [place + place // num_negatives + 1 for place in places]
    paths = [slots_of[number] for number in range(len(texts))]
    node_BM, path_TL = _by_caption(
        [path[form.first :] for path in paths[: len(owners)]], owners, num_captions=len(captions)
    )
    shape = (len(captions), positives.num_places)
    return Layout(
        token_RS=_padded([row.tokens for row in rows], num_slots, filler=form.pad_id),
        position_RS=_padded([row.positions for row in rows], num_slots, filler=0),
        end_RS=_ends(rows, num_slots),
        last_T=torch.tensor([path[-1] for path in paths]),
        node_BM=node_BM,
        path_TL=path_TL,
        place_T=torch.tensor(heads + tails),
        valid_BC=_valid(heads + tails, shape=(len(captions), 1 + num_negatives)),
        positive_N=torch.tensor(positives.places, dtype=torch.int64) if shape[1] else None,
        positive_BQ=_valid(list(positives.places), shape=shape) if shape[1] else None,
    )


def tree_mask(end_RS: Tensor) -> Tensor:
    """Return seen_RSS: query i sees key j exactly when j <= i < end_j."""
    slot_S = torch.arange(end_RS.shape[1], device=end_RS.device)
    return (slot_S <= slot_S[:, None]) & (slot_S[:, None] < end_RS[:, None, :])


def _one_a_row(texts: Sequence[Sequence[int]], form: TextForm) -> tuple[list[Row], int]:
    rows = [
        Row(
            tokens=list(text),
            positions=list(range(len(text))),
            ends=[len(text)] * len(text),
            paths={number: list(range(len(text)))},
        )
        for number, text in enumerate(texts)
    ]
    return rows, form.context_length or max(map(len, texts))


def _by_caption(
    paths: list[list[int]], owners: list[int], *, num_captions: int
) -> tuple[Tensor, Tensor]:
    """Number the distinct slots of each caption and its negatives; return node_BM and path_TL."""
    nodes: list[dict[int, int]] = [{} for _ in range(num_captions)]
    steps = [
        [nodes[b].setdefault(slot, len(nodes[b])) for slot in path]
        for b, path in zip(owners, paths, strict=True)
    ]
    num_nodes = max(map(len, nodes))
    placed = [
        [b * num_nodes + node for node in step] for b, step in zip(owners, steps, strict=True)
    ]
    return (
        _padded([list(slots) for slots in nodes], num_nodes, filler=0),
        _padded(placed, max(map(len, placed)), filler=num_captions * num_nodes),
    )


def _valid(places: list[int], *, shape: tuple[int, int]) -> Tensor:
    array = np.zeros(shape, dtype=np.bool_)
    array.flat[places] = True
    return torch.from_numpy(array)


def _padded(lists: list[list[int]], length: int, *, filler: int) -> Tensor:
    array = np.full((len(lists), length), filler, dtype=np.int64)
    for row, values in zip(array, lists, strict=True):
        row[: len(values)] = values
    return torch.from_numpy(array)


def _ends(rows: list[Row], num_slots: int) -> Tensor:
    """An unused slot sees itself: a query that saw nothing would give NaN."""
    array = np.tile(np.arange(1, num_slots + 1, dtype=np.int64), (len(rows), 1))
    for ends, row in zip(array, rows, strict=True):
        ends[: len(row.ends)] = row.ends
    return torch.from_numpy(array)
