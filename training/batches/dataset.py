"""Shards and images as a torch dataset, for our loop and for other people's.

    data = training.dataset("out", "pictures")
    for batch in DataLoader(data, batch_size=64, shuffle=True, collate_fn=data.collate): ...

A sample depends on the seed, the epoch and the row alone: which negatives are drawn and which part
of the picture is seen are the same in any process and in any order.

Rows whose picture is missing are known at the start: an error, or left out of the numbering. That a
picture is broken is seen when it is decoded: an error, or another row stands in for it, drawn by
(seed, epoch, caption id). So batches stay whole and equal on any number of ranks, and nobody need
decode every picture before the start. Both are counted. A file that cannot be read is always an
error: it may be readable on another rank.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from data.commit import Json
from data.errors import UsageError
from data.images import ImageColumns, Store, open_images
from data.pulling import local_folder
from data.storage import place
from data.streams import Stream
from training.batches.batch import Batch
from training.batches.draw import ANY, Draw, draw_of, drawn
from training.batches.images import BrokenPictureError, Crop, Middle
from training.batches.rows import OnMissing, RowPlace, Rows, Verify, open_rows, with_images
from training.batches.sampler import Place, Position, position_of
from training.batches.tokens import Ids, Tokenizer, Tokens, tokenizer_of, tokens_of

CLIP_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Final = (0.26862954, 0.26130258, 0.27577711)
"""Of CLIP's pictures: red, green, blue, of [0, 1]."""
BROKEN: Final = "broken pictures replaced"
CUT: Final = "negatives equal to their caption"
_MOST_BROKEN = 100


class Sample(NamedTuple):
    """A caption with its picture and K places for negatives, None where there is none to use.

    `counts`: drawn negatives by type, and what went otherwise than planned.
    """

    id: str
    pixels_CHW: Tensor
    caption: Ids
    negatives: tuple[Ids | None, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class DataOptions:
    """What is read, and how.

    `draw`: negatives a step by type, or {"any": 3}. `size`: pixels wide and high. `scale`: the
    least and greatest share of a picture that is seen. `evaluation`: the middle of the picture,
    always, and none of the random decisions. `on_missing_image`: "error", or "skip" and count.
    `verify`: "quick" or "full", of the shards. `cache`: a folder for token ids and indexes; None:
    beside the shards and in the user's cache. `columns`: of parquet images.
    """

    split: str = "train"
    draw: Mapping[str, int] = field(default_factory=lambda: {ANY: 3})
    seed: int = 0
    size: int = 224
    scale: tuple[float, float] = (0.9, 1.0)
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD
    evaluation: bool = False
    on_missing_image: OnMissing = "error"
    verify: Verify = "quick"
    cache: Path | None = None
    columns: ImageColumns | None = None

    def transform(self) -> Crop | Middle:
        """Return what makes pixels of a picture's file."""
        if self.evaluation:
            return Middle(size=self.size)
        return Crop(size=self.size, scale=self.scale)


@dataclass(frozen=True, kw_only=True)
class Samples(Dataset[Sample]):
    """The samples of a split. An index is a row's number, or a `Place` with an epoch of its own."""

    rows: Rows
    store: Store
    tokens: Tokens
    draw: Draw
    transform: Crop | Middle
    options: DataOptions
    epoch: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int | Place) -> Sample:
        """Return a sample.

        Raises:
            UsageError: its picture is broken, or too many are.
            IndexError: there is no such row.
        """
        place = index if isinstance(index, tuple) else Place(self.epoch, index)
        seen = self._seen(place)
        ids = self.tokens.of(seen.row)
        counts = Counter({BROKEN: seen.num_broken} if seen.num_broken else {})
        stream = Stream("negatives", self.options.seed, place.epoch, seen.id)
        chosen = drawn(ids.types, self.draw, stream=stream)
        negatives = [None if number is None else ids.negatives[number] for number in chosen]
        for number in chosen:
            if number is not None:
                counts[ids.types[number] if len(ids.negatives[number]) else CUT] += 1
        usable = tuple(None if found is None or not len(found) else found for found in negatives)
        return Sample(seen.id, seen.pixels_CHW, ids.caption, usable, counts)

    def at_epoch(self, epoch: int) -> "Samples":
        """Return the dataset of another epoch: other negatives, other crops."""
        return replace(self, epoch=epoch)

    def start(self) -> Position:
        """Return where a run on these samples begins."""
        return Position(seed=self.options.seed, rows=self.rows.digest)

    def resumed(self, content: Json) -> Position:
        """Return the position that a checkpoint kept.

        Raises:
            UsageError: it is of other rows or of another seed.
        """
        return position_of(content, rows=self.rows.digest, seed=self.options.seed)

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return samples as a batch on the CPU."""
        return self.normalised(packed(samples))

    def normalised(self, batch: Batch) -> Batch:
        """Return a batch of `packed` with its pixels as normalised floats, wherever it lies.

        Colour by colour with plain numbers: a tensor of them would have to be brought to the
        device, which waits for all that the device still has to do.
        """
        image_BCHW = batch.image_BCHW.to(torch.float32)
        means, stds = (
            (np.array(values, np.float32) * 255).tolist()
            for values in (self.options.mean, self.options.std)
        )
        for colour_BHW, mean, std in zip(image_BCHW.unbind(1), means, stds, strict=True):
            colour_BHW.sub_(mean).div_(std)
        return replace(batch, image_BCHW=image_BCHW)

    def _seen(self, place: Place) -> "_Seen":
        """Return the row of a place that is seen: its own, or one that stands in for it."""
        row = self.rows.place(place.number)
        row_id, image = self.rows.names(row)
        stand_ins = Stream("stand-in", self.options.seed, place.epoch, row_id)
        for num_broken in range(_MOST_BROKEN):
            stream = Stream("crop", self.options.seed, place.epoch, row_id)
            try:
                pixels_CHW = self.transform(self.store.read(image), stream=stream)
            except BrokenPictureError as error:
                if self.options.on_missing_image == "error":
                    raise UsageError(
                        f"the picture {image!r} of {row_id} is broken ({error}); mend it, or let "
                        "other rows stand in for such (--on-missing-image skip)"
                    ) from error
            else:
                return _Seen(row, row_id, pixels_CHW, num_broken)
            row = self.rows.place(stand_ins.below(len(self)))
            row_id, image = self.rows.names(row)
        raise UsageError(f"{_MOST_BROKEN} broken pictures one after another; are these the images?")


class _Seen(NamedTuple):
    row: RowPlace
    id: str
    pixels_CHW: Tensor
    num_broken: int


def packed(samples: Sequence[Sample]) -> Batch:
    """Return samples as a batch whose pixels are still bytes, of [0, 255]."""
    num_negatives = len(samples[0].negatives)
    negatives = [
        (row * num_negatives + place, ids)
        for row, sample in enumerate(samples)
        for place, ids in enumerate(sample.negatives)
        if ids is not None
    ]
    return Batch(
        ids=tuple(sample.id for sample in samples),
        image_BCHW=torch.stack([sample.pixels_CHW for sample in samples]),
        caption_BL=_padded([sample.caption for sample in samples]),
        negative_NL=_padded([ids for _, ids in negatives]),
        place_N=torch.tensor([place for place, _ in negatives], dtype=torch.int64),
        caption_lengths=tuple(len(sample.caption) for sample in samples),
        negative_lengths=tuple(len(ids) for _, ids in negatives),
        num_negatives=num_negatives,
    )


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums of several counts."""
    sums = Counter[str]()
    for some in counts:
        sums.update(some)
    return dict(sums)


def _padded(texts: Sequence[Ids]) -> Tensor:
    """Return token ids, padded with 0 to the longest text."""
    table = np.zeros((len(texts), max(map(len, texts), default=0)), np.int64)
    for row, ids in zip(table, texts, strict=True):
        row[: len(ids)] = ids
    return torch.from_numpy(table)


def dataset(
    shards: Path | str,
    images: Path | str | None = None,
    *,
    tokenizer: Tokenizer | None = None,
    options: DataOptions | None = None,
    report: Callable[[int], None] = lambda _num_rows: None,
) -> Samples:
    """Return the samples of a finished folder of shards and its images.

    `shards`: a folder, or a URL (`s3://bucket/folder`, `hf://datasets/user/name[@revision]`), which
    is fetched once. `images`: what `data.images.open_images` reads, a URL too, None for scenes
    drawn on demand. `tokenizer`: CLIP's, or that of `tokenizer_of`. The first call with a tokenizer
    encodes all texts, and `report` hears how many rows are done.

    Raises:
        UsageError: the folder, the images or an option do not fit.
    """
    options = options or DataOptions()
    rows = open_rows(local_folder(shards), split=options.split, verify=options.verify)
    draw = draw_of(options.draw, available=rows.types())
    store = open_images(
        None if images is None else place(images),
        manifest=rows.manifest,
        cache=options.cache,
        columns=options.columns,
    )
    kept, store = with_images(rows, store, on_missing=options.on_missing_image)
    return Samples(
        rows=kept,
        store=store,
        tokens=tokens_of(rows, tokenizer or tokenizer_of(), cache=options.cache, report=report),
        draw=draw,
        transform=options.transform(),
        options=options,
    )
