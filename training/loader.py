"""Batches for the loop: worker processes make them ahead, in an order that no worker decides.

Workers are processes, not threads: beside decoding, a picture costs a few tenths of a millisecond
in Python, and a trainer that launches kernels cannot share its interpreter with that. Pixels travel
as bytes, a quarter of the floats, and become floats where the model is.
"""

import atexit
import os
import signal
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from ctypes import c_byte
from dataclasses import dataclass
from functools import partial
from multiprocessing import parent_process
from multiprocessing.sharedctypes import RawValue
from typing import NamedTuple, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

from data.errors import UsageError
from training.batch import Batch, laid_out
from training.sampler import BatchSampler, Place, Position
from training.samples import Samples, packed, total
from training.texts import TextForm

T = TypeVar("T")


class Step(NamedTuple):
    """A rank's captions on the device, in equal parts, and where the run stands after the step.

    `waited_s`: seconds from asking for the captions to having them. `counts`: of this rank's
    samples, see `Sample`.
    """

    batches: tuple[Batch, ...]
    position: Position
    waited_s: float
    counts: Mapping[str, int]


class _Made(NamedTuple):
    """What a worker sends: batches whose pixels are bytes, or what went wrong."""

    batches: tuple[Batch, ...]
    counts: dict[str, int]
    problem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workers:
    """Processes that make batches: their number (0: none, all in this process).

    `ahead`: batches that each makes before they are asked for.
    """

    number: int = 2
    ahead: int = 2


def steps(  # noqa: PLR0913 - what is read, in which order, how and for whom
    samples: Samples,
    sampler: BatchSampler,
    *,
    workers: Workers | None = None,
    device: torch.device | str = "cpu",
    form: TextForm | None = None,
    num_parts: int = 1,
) -> Generator[Step]:
    """Yield the batches of a rank; neither workers nor device change one.

    `form`: how the text tower reads; with it workers lay texts out, which on a GPU would wait for
    the token ids to come back. `num_parts`: into how many parts a rank's captions are cut.

    Raises:
        UsageError: a picture cannot be read, or the captions cannot be cut into equal parts.
    """
    device = torch.device(device)
    if num_parts < 1 or (sampler.batch_size // sampler.num_ranks) % num_parts:
        raise UsageError(
            f"parts: expected a divisor of the {sampler.batch_size // sampler.num_ranks} captions "
            f"that a rank has in a step, found {num_parts}"
        )
    maker = _Maker(samples, form, num_parts)
    positions = sampler.positions()
    with closing(_made(maker, sampler, workers or Workers(), device=device)) as all_made:
        while True:
            start = time.perf_counter()
            made = next(all_made, None)
            if made is None:
                return
            if made.problem:
                raise UsageError(made.problem)
            batches = tuple(samples.normalised(_moved(batch, device)) for batch in made.batches)
            waited_s = time.perf_counter() - start
            yield Step(batches, sampler.after(next(positions)), waited_s, made.counts)


def _moved(batch: Batch, device: torch.device) -> Batch:
    return batch.to(device, non_blocking=device.type == "cuda")


def _made(
    maker: "_Maker", sampler: BatchSampler, workers: Workers, *, device: torch.device
) -> Generator[_Made]:
    """Yield what the workers make; they end when the generator is closed."""
    several = workers.number > 0
    ending = RawValue("b", 0)
    loader = DataLoader(
        maker,
        batch_size=None,  # the sampler's items are whole batches
        sampler=sampler,
        collate_fn=_as_it_is,
        num_workers=workers.number,
        prefetch_factor=workers.ahead if several else None,
        pin_memory=device.type == "cuda",
        worker_init_fn=partial(_outlive, ending) if several else None,
    )

    def end() -> None:
        ending.value = 1

    atexit.register(end)  # before multiprocessing's own, which would wait for its workers
    try:
        yield from loader
    finally:
        end()
        atexit.unregister(end)


def _outlive(ending: c_byte, _worker: int) -> None:
    """Let a worker live on when the whole job is told to stop: the loop takes its last step."""

    def stop(_signal: int, _frame: object) -> None:
        if ending.value:
            os._exit(0)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End where the trainer was killed: torch asks for that only of processes that it forked."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class _Maker(Dataset[_Made]):
    """Makes whole batches; what a user can mend comes back as a message, not as a traceback."""

    def __init__(self, samples: Samples, form: TextForm | None, num_parts: int) -> None:
        self._samples, self._form, self._num_parts = samples, form, num_parts

    def __getitem__(self, places: Sequence[Place]) -> _Made:
        try:
            drawn = [self._samples[place] for place in places]
        except UsageError as error:
            return _Made((), {}, str(error))
        size = len(drawn) // self._num_parts
        parts = (packed(drawn[start : start + size]) for start in range(0, len(drawn), size))
        batches = tuple(laid_out(part, self._form) if self._form else part for part in parts)
        return _Made(batches, total(sample.counts for sample in drawn))


def _as_it_is(made: T) -> T:
    return made
