"""A few items of composition with their images, shown beside the scores."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from itertools import chain, zip_longest
from typing import Final, NamedTuple

from data.decoding import BrokenImageError
from data.pictures import as_data_url
from training.batches.images import decoded
from training.evaluation.benchmarks import Benchmark
from training.evaluation.tasks import CAPTIONS, Item, Task

_SIDE: Final = 192  # pixels of the longer side; smaller images keep theirs


class Example(NamedTuple):
    """An item of a benchmark's task.

    `number`: its index in the task, and in the outcomes of a score. `captions`: the true one first.
    `image`: a data URL.
    """

    benchmark: str
    task: str
    number: int
    captions: tuple[str, ...]
    image: str


def examples_of(benchmarks: Sequence[Benchmark], *, a_task: int) -> list[Example]:
    """Return `a_task` items of each task of one image and several captions, tasks in turn.

    They are spread evenly over a task; items whose image is missing or broken are left out.
    """
    by_task = [
        _items_of(benchmark, task, count=a_task)
        for benchmark in benchmarks
        for task in benchmark.tasks
        if isinstance(task, Task) and task.layout == CAPTIONS
    ]
    return [example for example in chain(*zip_longest(*by_task)) if example is not None]


def _items_of(benchmark: Benchmark, task: Task, *, count: int) -> Iterator[Example]:
    places = sorted({number * len(task.items) // count for number in range(count)})
    items = [(place, task.items[place]) for place in places if place < len(task.items)]
    missing = benchmark.store.absent({item.images[0].key for _, item in items})
    for place, item in items:
        if item.images[0].key in missing:
            continue
        with suppress(BrokenImageError):
            image = _data_url(benchmark, item)
            yield Example(benchmark.name, task.name, place, item.captions, image)


def _data_url(benchmark: Benchmark, item: Item) -> str:
    ref = item.images[0]
    image = decoded(benchmark.store.read(ref.key), box=ref.box)
    image.thumbnail((_SIDE, _SIDE))
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return as_data_url(buffer.getvalue(), kind="png")
