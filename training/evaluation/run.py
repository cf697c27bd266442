"""Benchmarks -> results: all ranks encode, and each of them scores all tasks from the cache."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final, TypeGuard

import numpy as np

from data.commit import write_atomically
from data.errors import UsageError
from data.storage import AnyPath
from training.evaluation.benchmarks import Benchmark
from training.evaluation.encoder import Encoder, Report
from training.evaluation.encodings import Encodings
from training.evaluation.outcomes import (
    Outcomes,
    classified,
    compared,
    prompts_of,
    retrieved,
)
from training.evaluation.results import Results, Score, score_of
from training.evaluation.store import Found
from training.evaluation.summary import summary_of
from training.evaluation.tasks import (
    CAPTIONS,
    PARAPHRASES,
    TEXT_ALONE,
    AnyTask,
    Retrieval,
    Task,
    digest_of_task,
    images_of,
)
from training.evaluation.text_only import VERSION, LogProbability, text_only_scores
from training.evaluation.vectors import evaluation_cache
from training.run.ranks import first_then_others

NO_IMAGE: Final = "no image"
"""The text-only reader that is the model itself."""

_SILENT: Final[Report] = lambda _what, _done, _total: None  # noqa: E731 - a default


def evaluate(  # noqa: PLR0913 - a model's names, the tasks, and options
    encoder: Encoder,
    benchmarks: Sequence[Benchmark],
    *,
    model: str,
    weights: str,
    alpha: float | None = None,
    cache: AnyPath | None = None,
    log_probability: LogProbability | None = None,
    report: Report = _SILENT,
) -> Results:
    """Return the scores of a model on benchmarks; every rank gets the same.

    Raises:
        UsageError: an existing image cannot be read, or a benchmark has no image.
    """
    scores: list[Score] = []
    notes: list[str] = []
    for benchmark in benchmarks:
        refuse_without_images(benchmark)  # all of them, before hours of work
    for benchmark in benchmarks:
        encodings = encoder.encodings(
            (image for task in benchmark.tasks for image in images_of(task)),
            (text for task in benchmark.tasks for text in texts_of(task)),
            benchmark.store,
            report=report,
        )
        _refuse_nothing(benchmark, encodings)
        notes += _notes(benchmark, encodings)
        for task in benchmark.tasks:
            asked = digest_of_task(task)
            known = first_then_others(
                partial(_text_only, task, asked, cache=cache, log_probability=log_probability)
            )
            centred = score_without_texts(task, encodings)
            own = [
                score_of(
                    outcomes,
                    benchmark=benchmark.name,
                    task=task.name,
                    kind=kind_of(task),
                    expected=_expected(task, outcomes),
                    text_only={**known, **without_images(task, encodings)},
                    asked=asked,
                )
                for outcomes in outcomes_of(task, encodings)
            ]
            scores += [replace(score, image_alone=centred) for score in own]
            notes += (
                f"{benchmark.name} {task.name}: {score.measure} is undefined because its "
                f"{score.items:,} images are all of one class"
                for score in own
                if score.value is None and score.items
            )
    return Results(
        model=model,
        weights=weights,
        digest=encoder.digest,
        alpha=alpha,
        scores=tuple(scores),
        summary=summary_of(scores),
        notes=tuple(notes),
    )


def refuse_without_images(benchmark: Benchmark) -> None:
    """Refuse a benchmark without any image, which would be scored on 0 items.

    Raises:
        UsageError: it has no image.
    """
    keys = {image.key for task in benchmark.tasks for image in images_of(task)}
    if keys and len(benchmark.store.absent(keys)) == len(keys):
        raise UsageError(
            f"benchmark {benchmark.name}: expected its images, found none of {len(keys):,}, for "
            f"example {min(keys)!r}; give their folder as {benchmark.name}=DIR:IMAGES"
        )


def _refuse_nothing(benchmark: Benchmark, encodings: Encodings) -> None:
    if encodings.broken and not encodings.images:
        raise UsageError(
            f"benchmark {benchmark.name}: expected images, none of "
            f"{len(encodings.broken):,} can be decoded, for example {encodings.broken[0]!r}"
        )


def texts_of(task: AnyTask) -> Iterator[str]:
    """Yield the texts of a task."""
    if isinstance(task, Task):
        yield from (caption for item in task.items for caption in item.captions)
    elif isinstance(task, Retrieval):
        yield from task.captions
    else:
        yield from (prompt for prompts in prompts_of(task) for prompt in prompts)


def outcomes_of(task: AnyTask, encodings: Encodings) -> Iterator[Outcomes]:
    """Yield the outcomes of a task, one for each of its measures."""
    if isinstance(task, Task):
        yield compared(task, encodings)
    elif isinstance(task, Retrieval):
        yield from retrieved(task, encodings)
    else:
        yield classified(task, encodings)


def without_images(task: AnyTask, encodings: Encodings) -> dict[str, float]:
    """Return what the model's own text tower scores where every image is the mean of all.

    A gain that is there too was learnt from texts. Nothing for tasks that compare images.
    """
    if not _compares_captions(task):
        return {}
    mean_D = encodings.image_ID.mean(axis=0)
    mean_D /= max(float(np.linalg.norm(mean_D)), np.finfo(np.float32).tiny)
    alike_ID = np.broadcast_to(mean_D, encodings.image_ID.shape)
    found = _accuracy(task, replace(encodings, image_ID=alike_ID))
    return {} if found is None else {NO_IMAGE: found}


def score_without_texts(task: AnyTask, encodings: Encodings) -> float | None:
    """Return the score after the mean of all images is taken from each.

    What a text scores with the mean image is then taken from what it scores with its own, so that
    the images alone decide: a model that looks at texts only is at chance, however well it guesses.
    None for tasks that compare images.
    """
    if not _compares_captions(task):
        return None
    centred_ID = encodings.image_ID - encodings.image_ID.mean(axis=0)
    return _accuracy(task, replace(encodings, image_ID=centred_ID))


def _compares_captions(task: AnyTask) -> TypeGuard[Task]:
    return isinstance(task, Task) and task.layout in (CAPTIONS, PARAPHRASES)


def _accuracy(task: Task, encodings: Encodings) -> float | None:
    """Return the share of a task's items that are right, None if none has its images."""
    found = compared(task, encodings)
    asked = np.isfinite(found.credits_N)
    if not asked.any():
        return None
    return float((found.credits_N * found.weights_N)[asked].mean())


def kind_of(task: AnyTask) -> str:
    """Return what a task's scores may be averaged with."""
    if isinstance(task, Task):
        return "paraphrases" if task.layout in (PARAPHRASES, TEXT_ALONE) else "composition"
    return "retrieval" if isinstance(task, Retrieval) else "classification"


def _expected(task: AnyTask, outcomes: Outcomes) -> int | None:
    """Return how many items there should be; captions ask in T2I, of which nobody counts more."""
    if isinstance(task, Retrieval) and outcomes.measure.startswith("T2I"):
        return None
    return task.expected


def _notes(benchmark: Benchmark, encodings: Encodings) -> Iterator[str]:
    """Yield what a reader should know of a benchmark."""
    there: dict[object, bool] = {}  # items that need an image, those of several tasks once
    for task in benchmark.tasks:
        if isinstance(task, Task):
            needed = {item.id: item.images for item in task.items if item.images}
            there |= {n: encodings.images.keys() >= set(own) for n, own in needed.items()}
        else:
            there |= {image: image in encodings.images for image in task.images}
    if not all(there.values()):
        found = sum(there.values())
        yield f"{benchmark.name}: {found:,} of {len(there):,} items have their images"
        yield from _on_missing(benchmark, encodings)
    if encodings.broken:
        yield (
            f"{benchmark.name}: {len(encodings.broken)} images cannot be decoded and are left "
            f"out, for example {encodings.broken[0]}"
        )
    for task in benchmark.tasks:
        found = len(task.items) if isinstance(task, Task) else len(task.images)
        if task.expected is not None and found != task.expected:
            yield (
                f"{benchmark.name} {task.name}: {found:,} items, its authors count "
                f"{task.expected:,}"
            )


def _on_missing(benchmark: Benchmark, encodings: Encodings) -> Iterator[str]:
    """Yield what a missing image is called and what one that is there; results tell no path."""
    keys = {image.key for task in benchmark.tasks for image in images_of(task)}
    gone = keys - {image.key for image in encodings.images} - set(encodings.broken)
    if gone and isinstance(benchmark.store, Found):
        found = benchmark.store.example()
        there = f"there is {found!r}, for example" if found else "there is no image"
        yield (
            f"{benchmark.name}: no {min(gone)!r} was found, and {there}; the folder that has them "
            f"is given as {benchmark.name}=DIR:IMAGES or by --images"
        )


def _text_only(
    task: AnyTask, asked: str, *, cache: AnyPath | None, log_probability: LogProbability | None
) -> dict[str, float]:
    """Return the text-only scores of a task; they are kept, for they take the longest."""
    if not isinstance(task, Task):
        return {}
    reader = log_probability.name if log_probability else ""
    name = hashlib.sha256(f"{VERSION} {asked} {reader}".encode()).hexdigest()
    path = evaluation_cache(cache) / "text-only" / f"{name}.json"
    with suppress(OSError, ValueError, AttributeError):  # not there, or damaged
        return {key: float(value) for key, value in json.loads(path.read_text()).items()}
    found = text_only_scores(task, log_probability=log_probability)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(found))
    return found
