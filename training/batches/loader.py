"""Batches for the loop, made ahead by worker processes in an order that does not depend on them.

Pixels are sent as bytes, a quarter of the size of floats; the model normalises them.
"""

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

import torch
from torch.utils.data import Dataset

from data.errors import UsageError
from training.batches.batch import Batch, collate, laid_out, total
from training.batches.dataset import HardNegativeDataset
from training.batches.layout import TextForm
from training.batches.sampler import Place, Position, Sampler
from training.batches.workers import Workers, read_ahead


class Step(NamedTuple):
    """A rank's captions on the device, in equal parts, and the position after the step.

    `waited_s`: seconds spent waiting for the captions. `counts`: of this rank's samples, see
    `Sample`.
    """

    micro_batches: tuple[Batch, ...]
    position: Position
    waited_s: float
    counts: Mapping[str, int]


class _Made(NamedTuple):
    """A worker's result: batches on the CPU."""

    batches: tuple[Batch, ...]
    counts: dict[str, int]


def steps(  # noqa: PLR0913 - what is read, in which order, how and for whom
    samples: HardNegativeDataset,
    sampler: Sampler,
    *,
    workers: Workers | None = None,
    device: torch.device | str = "cpu",
    form: TextForm | None = None,
    num_micro_batches: int = 1,
) -> Generator[Step]:
    """Yield the batches of a rank; they do not depend on workers or device.

    `form`: how the text tower reads; if given, workers lay texts out, which on a GPU would have to
    wait for the token ids. `num_micro_batches`: the number of parts of a rank's captions.

    Raises:
        UsageError: an image cannot be read, or the captions cannot be split into equal parts.
    """
    device = torch.device(device)
    if num_micro_batches < 1 or (sampler.batch_size // sampler.num_ranks) % num_micro_batches:
        raise UsageError(
            "training.run.micro_batches: expected a divisor of the "
            f"{sampler.batch_size // sampler.num_ranks} captions per rank and step, found "
            f"{num_micro_batches}"
        )
    maker = _Maker(samples, form, num_micro_batches)
    positions = sampler.positions()
    read = read_ahead(maker, sampler, workers=workers or Workers(), pinned=device.type == "cuda")
    with closing(read) as all_made:
        while True:
            start = time.perf_counter()
            made = next(all_made, None)
            if made is None:
                return
            batches = tuple(_moved(batch, device) for batch in made.batches)
            waited_s = time.perf_counter() - start
            yield Step(batches, sampler.after(next(positions)), waited_s, made.counts)


def _moved(batch: Batch, device: torch.device) -> Batch:
    return batch.to(device, non_blocking=device.type == "cuda")


class _Maker(Dataset[_Made]):
    """Makes whole batches."""

    def __init__(
        self, samples: HardNegativeDataset, form: TextForm | None, num_micro_batches: int
    ) -> None:
        self._samples, self._form, self._num_micro_batches = samples, form, num_micro_batches

    def __getitem__(self, places: Sequence[Place]) -> _Made:
        drawn = [self._samples[place] for place in places]
        size = len(drawn) // self._num_micro_batches
        parts = (collate(drawn[start : start + size]) for start in range(0, len(drawn), size))
        batches = tuple(laid_out(part, self._form) if self._form else part for part in parts)
        return _Made(batches, total(sample.counts for sample in drawn))
