import os
import signal
import time
from collections.abc import Generator
from dataclasses import replace
from multiprocessing import active_children

import pytest
import torch

import training
from data.errors import UsageError
from tests.training.folders import (
    TOKENIZER,
    changed,
    finished,
    picture_folder,
    pictures_of,
    rows_of,
)
from training.batches.dataset import BROKEN, DataOptions, HardNegativeDataset
from training.batches.loader import Step, steps
from training.batches.sampler import Position, Sampler
from training.batches.workers import Workers

ROWS = rows_of(50, types=("swap", "replace", "swap", "replace", "swap"))
OPTIONS = DataOptions(size=8, draw={"any": 2}, on_missing_image="skip", scale=(0.5, 0.9))
EPOCHS = 2
BATCH = 12  # so 4 steps an epoch


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> HardNegativeDataset:
    root = tmp_path_factory.mktemp("loader")
    finished(root / "out", {"train": ROWS})
    picture_folder(root / "p", {**pictures_of(ROWS), ROWS[3].image: b"broken"})
    return training.HardNegativeDataset(
        root / "out", root / "p", tokenizer=TOKENIZER, options=OPTIONS
    )


def run(
    samples: HardNegativeDataset, start: Position | None = None, *, ranks: int = 1, workers: int = 0
) -> list[list[Step]]:
    """Return for each step what every rank got."""
    kinds = [
        Sampler(size=len(samples), batch_size=BATCH, epochs=EPOCHS, rank=rank,
                     num_ranks=ranks, start=start or samples.start())
        for rank in range(ranks)
    ]  # fmt: skip
    all_steps = [list(steps(samples, k, workers=Workers(number=workers))) for k in kinds]
    return [list(each) for each in zip(*all_steps, strict=True)]


def content(ranks: list[Step]) -> list[tuple[object, ...]]:
    """Return all that a model would see, one item a caption, whatever the ranks."""
    items = []
    for step in ranks:
        (batch,) = step.micro_batches
        negatives = dict(zip(batch.place_N.tolist(), range(len(batch.place_N)), strict=True))
        for b, row_id in enumerate(batch.ids):
            found = [negatives.get(b * batch.num_negatives + k) for k in range(2)]
            items.append((
                row_id,
                batch.image_BCHW[b].contiguous().numpy().tobytes(),
                batch.caption_BL[b, : batch.caption_lengths[b]].tolist(),
                [n if n is None else batch.negative_NL[n, : batch.negative_lengths[n]].tolist()
                 for n in found],
            ))  # fmt: skip
    return items


def test_all_steps_are_made_in_order(samples: HardNegativeDataset) -> None:
    whole = run(samples)
    assert len(whole) == 8
    (last,) = whole[-1]
    assert last.position == replace(samples.start(), epoch=EPOCHS)
    assert [step.position.seen for (step,) in whole] == [12, 24, 36, 0] * 2
    assert all(step.waited_s > 0 for (step,) in whole)
    assert sum(step.counts.get(BROKEN, 0) for (step,) in whole) in {1, 2}
    ids = [row_id for (step,) in whole[:4] for row_id in step.micro_batches[0].ids]
    assert "id:3" not in ids
    assert len(set(ids)) >= 47


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # fewer cores than workers
@pytest.mark.parametrize("workers", [1, 3])
def test_workers_change_nothing(samples: HardNegativeDataset, workers: int) -> None:
    there = [content(ranks) for ranks in run(samples, workers=workers)]
    assert there == [content(ranks) for ranks in run(samples)]


@pytest.mark.parametrize(
    ("killed_after", "ranks", "workers"), [(1, 2, 0), (3, 3, 0), (4, 4, 0), (6, 1, 2), (7, 12, 0)]
)
def test_a_killed_run_goes_on_with_other_ranks_and_workers(
    samples: HardNegativeDataset, killed_after: int, ranks: int, workers: int
) -> None:
    whole = run(samples)
    kept = whole[killed_after - 1][0].position.content()
    rest = run(samples, samples.resumed(kept), ranks=ranks, workers=workers)
    assert [content(r) for r in whole[:killed_after] + rest] == [content(r) for r in whole]
    counted = [sum(sum(step.counts.values()) for step in r) for r in rest]
    assert counted == [sum(step.counts.values()) for (step,) in whole[killed_after:]]


def test_a_checkpoint_of_other_rows_is_refused(samples: HardNegativeDataset) -> None:
    kept = samples.start().content()
    with pytest.raises(UsageError, match="different rows"):
        samples.resumed({**kept, "rows": "f" * 64})
    with pytest.raises(UsageError, match="seed"):
        samples.resumed({**kept, "seed": 1})


def opened(samples: HardNegativeDataset) -> Generator[Step]:
    sampler = Sampler(size=50, batch_size=2, epochs=4, start=samples.start())
    return steps(samples, sampler, workers=Workers(number=2, ahead=1))


def test_workers_outlive_the_signal_that_stops_a_job(samples: HardNegativeDataset) -> None:
    before = set(active_children())
    loading = opened(samples)
    next(loading)
    workers = set(active_children()) - before
    assert len(workers) == 2
    for worker in workers:
        os.kill(worker.pid or 0, signal.SIGTERM)
        os.kill(worker.pid or 0, signal.SIGINT)
    assert len([next(loading) for _ in range(20)]) == 20
    loading.close()
    until = time.monotonic() + 10
    while any(worker.is_alive() for worker in workers) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(worker.is_alive() for worker in workers)


def test_what_a_user_can_mend_comes_from_a_worker_as_one_line(samples: HardNegativeDataset) -> None:
    strict = changed(samples, options=replace(OPTIONS, on_missing_image="error"))
    sampler = Sampler(size=50, batch_size=25, epochs=1, start=samples.start())
    with pytest.raises(UsageError, match="broken") as caught:
        list(steps(strict, sampler, workers=Workers(number=1)))
    assert "\n" not in str(caught.value)


def test_batches_are_made_ahead(samples: HardNegativeDataset) -> None:
    loading = opened(samples)
    next(loading)
    time.sleep(0.5)
    assert next(loading).waited_s < 0.1
    loading.close()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gets_the_same_batches(samples: HardNegativeDataset) -> None:
    sampler = Sampler(size=50, batch_size=12, epochs=1, start=samples.start())
    found = list(steps(samples, sampler, workers=Workers(number=2), device="cuda"))
    assert all(step.micro_batches[0].image_BCHW.is_cuda for step in found)
    moved = [[step._replace(micro_batches=(step.micro_batches[0].to("cpu"),))] for step in found]
    for theirs, ours in zip(moved, run(samples), strict=False):
        assert content(theirs)[0][0] == content(ours)[0][0]
        image = theirs[0].micro_batches[0].image_BCHW
        assert torch.allclose(image, ours[0].micro_batches[0].image_BCHW, atol=1e-5)
