"""Shards and images as a torch dataset, for our training loop and for others.

    data = training.HardNegativeDataset("out", "images")
    for batch in DataLoader(data, batch_size=64, shuffle=True, collate_fn=training.collate): ...

A sample depends only on the seed, the epoch and the row: the same negatives are drawn and the same
part of the image is seen in any process and in any order.

Rows with a missing image are found at the start: they are an error, or left out of the numbering. A
broken image is found when it is decoded: it is an error, or another row replaces it, drawn by
(seed, epoch, caption id). So batches stay whole and equal on any number of ranks, and images need
not be decoded in advance. Both are counted. A file that cannot be read is always an error, because
another rank may be able to read it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Self

from torch import Tensor
from torch.utils.data import Dataset

from data.commit import Json
from data.decoding import BrokenImageError
from data.errors import UsageError
from data.images import ImageColumns, open_images
from data.pulling import local_folder
from data.storage import AnyPath, path_of
from data.streams import Stream
from training.batches.batch import Sample
from training.batches.draw import (
    ANY,
    BALANCE,
    REORDERED,
    draw_of,
    drawn,
    paired,
    pairs_of,
    positives_of,
)
from training.batches.images import Crop, Middle
from training.batches.rows import OnMissing, RowPlace, Verify, open_rows, with_images
from training.batches.sampler import Composites, Mix, Place, Position, mix_of, position_of
from training.batches.tokenizer import Tokenizer, tokenizer_of
from training.batches.tokens import Ids, PositivePlace, Tokens, tokens_of

BROKEN: Final = "broken images replaced"
CUT: Final = "negatives equal to their caption"
_MOST_BROKEN = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class DataOptions:
    """What to read, and how.

    `draw`: negatives per step by type, {"any": 3}, or {"any": 3, "balance": "type"}; {"positives":
    1} adds positives, {"siblings": True} counts the image's other captions among them, and
    {"reordered": True} puts a reordered one first; {"pairs": 2}: positives with the negatives of
    the same places. `size`: pixels wide and high. `scale`: the smallest and largest share of an
    image that is seen. `evaluation`: always the middle of the image, and no random decisions.
    `on_missing_image`: "error", or "skip" and count. `verify`: "quick" or "full", of the shards.
    `cache`: a folder for token ids and indexes; None: beside the shards and in the user's cache.
    `columns`: of parquet images.
    """

    split: str = "train"
    draw: Mapping[str, int | str] = field(default_factory=lambda: {ANY: 3})
    seed: int = 0
    size: int = 224
    scale: tuple[float, float] = (0.9, 1.0)
    evaluation: bool = False
    on_missing_image: OnMissing = "error"
    verify: Verify = "quick"
    cache: Path | None = None
    columns: ImageColumns | None = None

    def transform(self) -> Crop | Middle:
        """Return the transform from an image's file to pixels."""
        if self.evaluation:
            return Middle(size=self.size)
        return Crop(size=self.size, scale=self.scale)


class HardNegativeDataset(Dataset[Sample]):
    """The captions of a split with their images and negatives, for a torch DataLoader.

    An index is a row's number, or a `Place`, which has its own epoch. A sample is a `Sample`: an
    id, pixels as uint8 CHW (3 x size x size), and token ids of the caption and of K negatives.

    Attributes:
        rows: the split's rows, without those left out.
        store: its images.
        tokens: its token ids.
        draw: the types of the K negatives, which may be "any".
        num_of_type: counts of all negatives if rare types are preferred, else None.
        num_positives: Q, the number of places for positives per caption.
        num_pairs: how many positives are drawn with the negatives of the same places; 0: they are
            drawn independently.
        siblings: whether the image's other captions count as positives.
        targets: token ids of the positives that a decoder is to write; None without one.
        options: as given.
        epoch: the epoch of indices that are plain numbers; see `at_epoch`.
    """

    def __init__(  # noqa: PLR0913 - what is read, and how texts become ids
        self,
        shards: AnyPath | str,
        images: AnyPath | str | None = None,
        *,
        tokenizer: Tokenizer | None = None,
        target_tokenizer: Tokenizer | None = None,
        options: DataOptions | None = None,
        report: Callable[[int], None] = lambda _num_rows: None,
    ) -> None:
        """Open a finished folder of shards and its images.

        Args:
            shards: a folder, or a URL (`s3://bucket/folder`, `hf://datasets/user/name[@revision]`),
                which is fetched once.
            images: a folder, tars or parquet files, or a URL; None: scenes, drawn on demand.
            tokenizer: by default CLIP's; see `tokenizer_of`. The first call with a tokenizer
                encodes all texts.
            target_tokenizer: the tokenizer of a decoder that is to write the positives.
            options: what to read, and how.
            report: called with the number of rows whose texts have become token ids.

        Raises:
            UsageError: the folder, the images or an option do not fit.
        """
        self.options = options or DataOptions()
        rows = open_rows(local_folder(shards), split=self.options.split, verify=self.options.verify)
        self.draw = draw_of(self.options.draw, available=rows.types())
        self.num_positives, self.siblings = positives_of(self.options.draw)
        self.num_pairs = pairs_of(self.options.draw)
        self.num_of_type = rows.num_of_type() if BALANCE in self.options.draw else None
        store = open_images(
            None if images is None else path_of(images),
            manifest=rows.manifest,
            cache=self.options.cache,
            columns=self.options.columns,
        )
        self.rows, self.store = with_images(rows, store, on_missing=self.options.on_missing_image)
        self.tokens = tokens_of(
            rows, tokenizer or tokenizer_of(), cache=self.options.cache, report=report
        )
        self.targets = target_tokenizer and tokens_of(
            rows, target_tokenizer, cache=self.options.cache, report=report
        )
        self.transform = self.options.transform()
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int | Place) -> Sample:
        """Return a sample.

        Raises:
            UsageError: its image is broken, or too many are.
            IndexError: there is no such row.
        """
        place = index if isinstance(index, tuple) else Place(self.epoch, index)
        seen = self._seen(place)
        texts = self.texts(seen.row, seen.id, epoch=place.epoch)
        counts = Counter({BROKEN: seen.num_broken} if seen.num_broken else {})
        counts.update(texts.counted)
        return Sample(
            seen.id,
            seen.pixels_CHW,
            texts.caption,
            texts.negatives,
            counts,
            texts.positives,
            texts.targets,
        )

    def texts(self, row: RowPlace, row_id: str, *, epoch: int) -> "DrawnTexts":
        """Return the token ids of a row's caption and of its drawn negatives and positives."""
        ids = self.tokens.of(row)
        if self.num_pairs:
            stream = Stream("pairs", self.options.seed, epoch, row_id)
            num_stored = min(len(ids.negatives), len(self.tokens.stored_positives(row)))
            chosen = paired(num_stored, self.num_pairs, stream=stream)
            positives = [None if n is None else PositivePlace(row.row, n) for n in chosen]
        else:
            stream = Stream("negatives", self.options.seed, epoch, row_id)
            chosen = drawn(ids.types, self.draw, stream=stream, num_of_type=self.num_of_type)
            positives = self._positives(row, row_id, epoch=epoch)
        there = [number for number in chosen if number is not None]
        counted = tuple(ids.types[n] if len(ids.negatives[n]) else CUT for n in there)
        return DrawnTexts(
            ids.caption,
            _usable(ids.negatives, chosen),
            _found(self.tokens, row.shard, positives),
            counted,
            _found(self.targets, row.shard, positives) if self.targets else (),
        )

    def _positives(self, row: RowPlace, row_id: str, *, epoch: int) -> list[PositivePlace | None]:
        """Return the places of a row's drawn positives, None where it has none left."""
        if not self.num_positives:
            return []
        pool = self.tokens.positives_of(row, siblings=self.siblings)
        stream = Stream("positives", self.options.seed, epoch, row_id)
        order = stream.shuffled(range(len(pool)))
        if self.options.draw.get(REORDERED):
            reordered = [n for n in order if self.tokens.is_reordered(row.shard, pool[n])][:1]
            order = [*reordered, *(n for n in order if n not in reordered)]
        chosen = order[: self.num_positives]
        missing = self.num_positives - len(chosen)
        return [*(pool[number] for number in chosen), *[None] * missing]

    def at_epoch(self, epoch: int) -> Self:
        """Return the dataset of another epoch: other negatives, other crops."""
        other = copy(self)
        other.epoch = epoch
        return other

    def mix(self, wanted: Composites | None, *, batch_size: int) -> Mix | None:
        """Return how composites are mixed into batches; None: as they come.

        Raises:
            UsageError: a number is out of range, or there are too few composites or captions.
        """
        if wanted is None:
            return None
        return mix_of(self.rows.are_composites(), wanted=wanted, batch_size=batch_size)

    def start(self) -> Position:
        """Return the position at which a run on these samples begins."""
        return Position(seed=self.options.seed, rows=self.rows.digest)

    def resumed(self, content: Json) -> Position:
        """Return the position that a checkpoint kept.

        Raises:
            UsageError: it belongs to other rows or to another seed.
        """
        return position_of(content, rows=self.rows.digest, seed=self.options.seed)

    def _seen(self, place: Place) -> "_Seen":
        """Return the row to use at a place: its own, or one that replaces it."""
        row = self.rows.place(place.number)
        names = self.rows.names(row)
        row_id = names.id
        stand_ins = Stream("stand-in", self.options.seed, place.epoch, row_id)
        for num_broken in range(_MOST_BROKEN):
            stream = Stream("crop", self.options.seed, place.epoch, row_id)
            try:
                contents = [self.store.read(image) for image in names.images]
                pixels_CHW = self.transform(*contents, layout=names.layout, stream=stream)
            except BrokenImageError as error:
                if self.options.on_missing_image == "error":
                    images = " or ".join(map(repr, names.images))
                    raise UsageError(
                        f"the image {images} of {row_id} is broken ({error}); replace it, or use "
                        "other rows instead (--on-missing-image skip)"
                    ) from error
            else:
                return _Seen(row, row_id, pixels_CHW, num_broken)
            row = self.rows.place(stand_ins.below(len(self)))
            names = self.rows.names(row)
            row_id = names.id
        raise UsageError(f"{_MOST_BROKEN} broken images one after another; are these image files?")


class DrawnTexts(NamedTuple):
    """Token ids of a caption and of its drawn texts, None for empty places.

    `counted`: the types of the drawn negatives, CUT for one that cannot be used. `targets`: the
    positives for a decoder; empty without one.
    """

    caption: Ids
    negatives: tuple[Ids | None, ...]
    positives: tuple[Ids | None, ...]
    counted: tuple[str, ...]
    targets: tuple[Ids | None, ...] = ()


def _usable(texts: Sequence[Ids], chosen: Sequence[int | None]) -> tuple[Ids | None, ...]:
    """Return the chosen texts, None for an empty place or a text without ids."""
    found = [None if number is None else texts[number] for number in chosen]
    return tuple(None if ids is None or not len(ids) else ids for ids in found)


def _found(
    tokens: Tokens, shard: int, places: Sequence[PositivePlace | None]
) -> tuple[Ids | None, ...]:
    """Return the positives at places of a shard, None for an empty place or one without ids."""
    texts = [None if place is None else tokens.positive(shard, place) for place in places]
    return tuple(None if ids is None or not len(ids) else ids for ids in texts)


class _Seen(NamedTuple):
    row: RowPlace
    id: str
    pixels_CHW: Tensor
    num_broken: int
