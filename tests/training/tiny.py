"""Tiny CLIPs with random weights, and batches for them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import open_clip
import torch
from torch import Tensor

from training.batches.batch import Batch, PositiveTexts, TargetTexts, laid_out, targets_of
from training.batches.tokens import Ids
from training.model.clip import ClipModel
from training.objective.objective import Objective, weighted
from training.presets import PRESETS

torch.set_num_threads(1)  # on tensors as small as these, threads do nothing but wait

OBJECTIVES = {
    name: Objective(tuple(map(weighted, PRESETS[name].losses)))
    for name in ("fsc-clip", "negclip", "clip")
}
START, END, VOCABULARY = 98, 99, 100
VISION = {"layers": 2, "width": 32, "head_width": 16, "patch_size": 4, "image_size": 8}
TEXT = {"context_length": 77, "vocab_size": VOCABULARY, "width": 16, "heads": 2, "layers": 2}


def tokenize(texts: Sequence[str]) -> Tensor:
    """Tell a text from no text, as `training.model` asks of a tokenizer."""
    return torch.tensor([[START, 5, END, 0] if text else [START, END, 0, 0] for text in texts])


def clip_model(
    *,
    seed: int = 0,
    custom: bool = False,
    bias: float | None = None,
    dtype: torch.dtype = torch.float64,
    **text: Any,  # noqa: ANN401 - any of open_clip's options of a text tower
) -> ClipModel:
    made = open_clip.CustomTextCLIP if custom else open_clip.CLIP
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        clip = made(embed_dim=24, vision_cfg=VISION, text_cfg=TEXT | text, init_logit_bias=bias)
        for name, parameter in clip.named_parameters():
            if (
                "bias" in name and name != "logit_bias"
            ) or "positional" in name:  # so that nothing is zero or negligible
                torch.nn.init.normal_(parameter, std=0.5)
    return ClipModel(clip.to(dtype), tokenize)


def texts_of(generator: torch.Generator, num_captions: int, num_negatives: int) -> list[list[int]]:
    """Return captions, then negatives that change or swap a few tokens of theirs, row-major."""
    captions = [_caption(generator) for _ in range(num_captions)]
    captions[0] = [START, 0, 0, *captions[0][1:]]  # an id of 0 is a word, not padding
    negatives = [_changed(generator, caption) for caption in captions for _ in range(num_negatives)]
    return captions + negatives


def batch_of(
    model: ClipModel,
    counts: Sequence[int],
    *,
    seed: int = 0,
    num_negatives: int = 3,
    positives: Sequence[int] = (),
    targets: bool = False,
    dtype: torch.dtype = torch.float64,
) -> Batch:
    """Return a batch whose caption b has its last `counts[b]` negatives.

    `positives`: how many of two places for positives each caption fills; empty: there are none.
    `targets`: whether a decoder is to write them, in a vocabulary of 12.
    """
    generator = torch.Generator().manual_seed(seed)
    texts = texts_of(generator, len(counts), num_negatives)
    places = [
        b * num_negatives + k
        for b, count in enumerate(counts)
        for k in range(num_negatives - count, num_negatives)
    ]
    captions = texts[: len(counts)]
    negatives = [texts[len(counts) + place] for place in places]
    batch = Batch(
        ids=tuple(map(str, range(len(counts)))),
        image_BCHW=torch.randn(len(counts), 3, 8, 8, generator=generator, dtype=dtype),
        caption_BL=padded(captions),
        negative_NL=padded(negatives),
        place_N=torch.tensor(places, dtype=torch.int64),
        caption_lengths=tuple(map(len, captions)),
        negative_lengths=tuple(map(len, negatives)),
        num_negatives=num_negatives,
        positives=positives_of(generator, captions, positives) if positives else None,
        targets=targets_of([_to_write(count) for count in positives]) if targets else None,
    )
    return laid_out(batch, model.form)


def positives_of(
    generator: torch.Generator, captions: Sequence[list[int]], counts: Sequence[int]
) -> PositiveTexts:
    """Return positives that change a few tokens of captions, two places a caption."""
    places = [2 * b + q for b, count in enumerate(counts) for q in range(count)]
    texts = [_changed(generator, captions[place // 2]) for place in places]
    return PositiveTexts(
        token_NL=padded(texts),
        place_N=torch.tensor(places, dtype=torch.int64),
        lengths=tuple(map(len, texts)),
        num_places=2,
    )


def _to_write(count: int) -> tuple[Ids | None, ...]:
    texts = (np.array([3, 7, 4, 1], np.int32), np.array([9, 1], np.int32))
    return (*texts[:count], *[None] * (2 - count))


def part_of(batch: Batch, start: int, stop: int, model: ClipModel) -> Batch:
    """Return the captions from `start` to `stop` with what belongs to them."""
    k = batch.num_negatives
    chosen = [
        number
        for number, place in enumerate(batch.place_N.tolist())
        if start * k <= place < stop * k
    ]
    part = replace(
        batch,
        ids=batch.ids[start:stop],
        image_BCHW=batch.image_BCHW[start:stop],
        caption_BL=batch.caption_BL[start:stop],
        negative_NL=batch.negative_NL[chosen],
        place_N=batch.place_N[chosen] - start * k,
        caption_lengths=batch.caption_lengths[start:stop],
        negative_lengths=tuple(batch.negative_lengths[number] for number in chosen),
        positives=batch.positives and _part_of_positives(batch.positives, start, stop),
        targets=batch.targets and _part_of_targets(batch.targets, start, stop),
        layout=None,
    )
    return laid_out(part, model.form)


def _part_of_positives(positives: PositiveTexts, start: int, stop: int) -> PositiveTexts:
    q = positives.num_places
    numbers = enumerate(positives.place_N.tolist())
    chosen = [number for number, place in numbers if start * q <= place < stop * q]
    return PositiveTexts(
        token_NL=positives.token_NL[chosen],
        place_N=positives.place_N[chosen] - start * q,
        lengths=tuple(positives.lengths[number] for number in chosen),
        num_places=q,
    )


def _part_of_targets(targets: TargetTexts, start: int, stop: int) -> TargetTexts:
    chosen = (start <= targets.caption_N) & (targets.caption_N < stop)
    return TargetTexts(targets.token_NL[chosen], targets.caption_N[chosen] - start)


def padded(texts: Sequence[Sequence[int]], length: int | None = None) -> Tensor:
    width = length or max(map(len, texts), default=0)
    return torch.tensor(
        [[*text, *[0] * (width - len(text))] for text in texts], dtype=torch.int64
    ).view(len(texts), width)


def _caption(generator: torch.Generator) -> list[int]:
    length = int(torch.randint(3, 20, (), generator=generator))
    opening = [[1], [1, 2], [7]][int(torch.randint(3, (), generator=generator))]
    words = torch.randint(1, START, (length,), generator=generator).tolist()
    return [START, *opening, *words, END]


def _changed(generator: torch.Generator, caption: list[int]) -> list[int]:
    place = int(torch.randint(1, len(caption) - 1, (), generator=generator))
    words = torch.randint(1, START, (2,), generator=generator).tolist()
    return [*caption[:place], *words, *caption[place + 1 :]]
