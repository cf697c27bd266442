"""Images and texts -> features, each distinct one once, on all ranks, kept on disk.

Features are found again by the hash of their content (an image's bytes and box; a text's token ids,
so that texts with equal tokens have equal features) in a folder named after the hash of all that a
feature depends on: weights, the model's configuration and its image transform, tokenizer,
precision. Ranks share that folder.

Shape suffixes: N elements, D embedding.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, distributed
from torch.utils.data import Dataset

from data.decoding import BrokenImageError
from data.errors import UsageError
from data.images import Store
from data.storage import AnyPath
from training.batches.images import decoded
from training.batches.tokenizer import Tokenizer, unpadded
from training.batches.workers import Workers, explaining_worker_deaths, read_ahead
from training.evaluation.encodings import Encodings
from training.evaluation.tasks import ImageRef
from training.evaluation.vectors import Vectors, digest_of_bytes, evaluation_cache
from training.model.clip import ClipModel
from training.model.library import evaluation_transform, hub_config, tokenizer
from training.objective.gather import num_ranks
from training.run.ranks import meet, rank
from training.run.start import digest_of

Transform = Callable[..., Tensor]  # a PIL image -> CHW
Report = Callable[[str, int, int], None]
"""Called with "images" or "texts", the number done since the last call, and the total."""

_VERSION: Final = "3"
_AHEAD: Final = 16  # images that each worker decodes in advance


@dataclass(frozen=True, kw_only=True, slots=True)
class Encoding:
    """How features are computed.

    `precision`: of the towers; None: float32. `batch_size`: images, or four times as many texts.
    `workers`: processes that decode. `cache`: a folder; None: in the user's cache.
    """

    device: torch.device
    precision: torch.dtype | None = None
    batch_size: int = 64
    workers: int = 2
    cache: AnyPath | None = None


class _Made(NamedTuple):
    """An image's number and digest; no pixels if its vector is known or the image is broken."""

    number: int
    digest: bytes = b""
    pixels_CHW: Tensor | None = None
    is_broken: bool = False


class Encoder:
    """Encodes with one model."""

    def __init__(self, model: ClipModel, *, name: str, encoding: Encoding) -> None:
        self._model = model.to(encoding.device).eval()
        self._encoding = encoding
        self._transform = evaluation_transform(model)
        self._config = json.dumps(hub_config(model, name), sort_keys=True)
        tokenize = tokenizer(name)
        self._tokenizer = Tokenizer(encode=unpadded(tokenize), name=type(tokenize).__name__)

    @cached_property
    def digest(self) -> str:
        """Return the hash of all that a feature depends on."""
        parts = (
            _VERSION,
            digest_of(self._model.clip.state_dict()),
            self._config,
            self._tokenizer.fingerprint,
            str(self._encoding.precision),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @cached_property
    def _vectors(self) -> Vectors:
        return Vectors(evaluation_cache(self._encoding.cache) / self.digest[:32])

    def encodings(
        self,
        images: Iterable[ImageRef],
        texts: Iterable[str],
        store: Store,
        *,
        report: Report = lambda _what, _done, _total: None,
    ) -> Encodings:
        """Return the features of distinct images and texts; the same on all ranks.

        Raises:
            UsageError: an existing file cannot be read, features are not finite, or ranks do not
                share a cache.
        """
        all_images, all_texts = list(dict.fromkeys(images)), list(dict.fromkeys(texts))
        absent = store.absent({image.key for image in all_images})
        there = [image for image in all_images if image.key not in absent]
        digests, broken = self._encode_images(there, store, report)
        ids = self._tokenizer.encode(all_texts)
        keys = [digest_of_bytes(np.array(row, np.int32).tobytes(), "text") for row in ids]
        self._encode_texts(dict(zip(keys, ids, strict=True)), report)
        self._vectors.flush()
        meet()
        self._vectors.read_new()
        if self._vectors.missing([*digests.values(), *keys]):
            raise UsageError(
                "the processes keep features in different folders: name a shared one with --cache"
            )
        seen = [image for image in there if image in digests]
        rows = np.stack([self._vectors[key] for key in keys])
        return Encodings(
            image_ID=np.array([self._vectors[digests[image]] for image in seen]).reshape(
                len(seen), rows.shape[1]
            ),
            text_TD=rows,
            images={image: row for row, image in enumerate(seen)},
            texts={text: row for row, text in enumerate(all_texts)},
            scale=float(self._model.clip.logit_scale.detach().exp()),
            broken=tuple(sorted(broken)),
        )

    def _encode_images(
        self, images: Sequence[ImageRef], store: Store, report: Report
    ) -> tuple[dict[ImageRef, bytes], set[str]]:
        """Encode this rank's images; return all ranks' digests and broken keys."""
        own = range(rank(), len(images), num_ranks())
        data = _Images([images[n] for n in own], store, self._vectors, self._transform)
        found: dict[ImageRef, bytes] = {}
        broken: set[str] = set()
        waiting: list[_Made] = []
        workers = Workers(number=self._encoding.workers, ahead=_AHEAD)
        with (
            explaining_worker_deaths(),
            closing(read_ahead(data, range(len(data)), workers=workers)) as all_made,
        ):
            for made in all_made:
                image = data.images[made.number]
                if made.is_broken:
                    broken.add(image.key)
                else:
                    found[image] = made.digest
                if made.pixels_CHW is not None:
                    waiting.append(made)
                if len(waiting) == self._encoding.batch_size:
                    self._add_images(waiting)
                    waiting = []
                report("images", num_ranks(), len(images))
        self._add_images(waiting)
        return _of_all_ranks(found, broken)

    def _add_images(self, waiting: Sequence[_Made]) -> None:
        pixels = [made.pixels_CHW for made in waiting if made.pixels_CHW is not None]
        if pixels:
            feature_ND = self._encoded(self._model.encode_images, torch.stack(pixels))
            for made, vector in zip(waiting, feature_ND, strict=True):
                self._vectors.add(made.digest, vector)

    def _encode_texts(self, texts: dict[bytes, list[int]], report: Report) -> None:
        """Encode this rank's token ids, sorted by length."""
        missing = sorted(self._vectors.missing(texts), key=lambda digest: len(texts[digest]))
        own = missing[rank() :: num_ranks()]
        size = 4 * self._encoding.batch_size
        for start in range(0, len(own), size):
            digests = own[start : start + size]
            ids = [texts[digest] for digest in digests]
            feature_ND = self._encoded(self._model.encode_texts, ids)
            for digest, vector in zip(digests, feature_ND, strict=True):
                self._vectors.add(digest, vector)
            report("texts", num_ranks() * len(digests), len(missing))

    def _encoded(
        self, encode: Callable[..., Tensor], content: Tensor | list[list[int]]
    ) -> "np.typing.NDArray[np.float32]":
        device, precision = self._encoding.device, self._encoding.precision
        moved = content.to(device) if isinstance(content, Tensor) else content
        lower = torch.autocast(device.type, dtype=precision) if precision else nullcontext()
        with torch.inference_mode(), lower:
            feature_ND = encode(moved)
        found: np.typing.NDArray[np.float32] = feature_ND.float().cpu().numpy()
        if not np.isfinite(found).all():
            raise UsageError(
                "expected finite features, the model gives NaN or infinity: try --precision fp32, "
                "or use other weights"
            )
        return found


class _Images(Dataset[_Made]):
    """Reads and decodes images; those whose vector is known are only hashed."""

    def __init__(
        self, images: Sequence[ImageRef], store: Store, vectors: Vectors, transform: Transform
    ) -> None:
        self.images = images
        self._store, self._vectors, self._transform = store, vectors, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int) -> _Made:
        ref = self.images[number]
        content = self._store.read(ref.key)
        digest = digest_of_bytes(content, "picture", str(ref.box))
        if digest in self._vectors:
            return _Made(number, digest)
        try:
            image = decoded(content, box=ref.box)
        except BrokenImageError:
            return _Made(number, is_broken=True)
        return _Made(number, digest, self._transform(image))


def _of_all_ranks(
    found: dict[ImageRef, bytes], broken: set[str]
) -> tuple[dict[ImageRef, bytes], set[str]]:
    if num_ranks() == 1:
        return found, broken
    parts: list[tuple[dict[ImageRef, bytes], set[str]]] = [({}, set())] * num_ranks()
    distributed.all_gather_object(parts, (found, broken))
    return (
        {image: digest for part, _ in parts for image, digest in part.items()},
        {key for _, part in parts for key in part},
    )
