"""What is measured of a split, and that every rank measures its share of it."""

import multiprocessing
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest
import torch
from torch import distributed

from data.images import ImageFolder, Store
from tests.training.folders import changed
from tests.training.runs import places, settings, world
from training.batches.batch import collate
from training.batches.images import normalized
from training.run.measure import Measures, measure
from training.run.ranks import same_on_all_ranks
from training.run.start import Prepared, prepare
from training.run.stopping import Stopping

CPU = torch.device("cpu")


@dataclass
class Counting:
    """A store that knows what was read of it."""

    folder: ImageFolder
    keys: list[str] = field(default_factory=list)

    def absent(self, keys: Iterable[str]) -> set[str]:
        return self.folder.absent(keys)

    def read(self, key: str) -> bytes:
        self.keys.append(key)
        return self.folder.read(key)


def prepared(root: Path) -> Prepared:
    torch.set_num_threads(1)
    return prepare(settings(root, validation="val"), places(root))


def measured(found: Prepared, store: Store | None = None) -> Measures:
    measures = measured_unless(Stopping(), found, store)
    assert measures is not None
    return measures


def measured_unless(
    stopping: Stopping, found: Prepared, store: Store | None = None
) -> Measures | None:
    samples = found.validation
    assert samples is not None
    return measure(
        found.model,
        changed(samples, store=store or samples.store),
        settings(Path()).objective,
        batch_size=12,
        device=CPU,
        stopping=stopping,
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world(tmp_path_factory.mktemp("world"))


def test_nothing_is_measured_once_the_run_was_told_to_stop(root: Path) -> None:
    found = prepared(root)
    found.model.train()
    assert measured_unless(Stopping(signal=15), found) is None
    assert found.model.training


def test_measures_are_what_they_are_called(root: Path) -> None:
    found = prepared(root)
    assert found.validation is not None
    samples = [found.validation[number] for number in range(12)]
    found.model.train()
    measures = measured(found)
    assert found.model.training
    seen = found.model.preprocess
    with torch.no_grad():
        images_BD = found.model.encode_images(
            normalized(collate(samples).image_BCHW, mean=seen.mean, std=seen.std)
        )
        retrieved = told_apart = 0
        for number, sample in enumerate(samples):
            kept = [ids for ids in sample.negatives if ids is not None]
            assert len(kept) == 2
            texts_TD = found.model.encode_texts([ids.tolist() for ids in (sample.caption, *kept)])
            retrieved += int((images_BD @ texts_TD[0]).argmax()) == number
            told_apart += int((texts_TD @ images_BD[number]).argmax()) == 0
    assert (measures.retrieval, measures.composition) == (retrieved / 12, told_apart / 12)
    assert 0 < told_apart < 12
    assert measures.composition_chance == pytest.approx(1 / 3)
    assert measures.captions == 12


def run_rank(root: Path, rank: int) -> None:
    """Write what one of two processes measures and reads, and whether the ranks agree."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    distributed.init_process_group(
        "gloo", init_method=f"file://{root}/meet", rank=rank, world_size=2
    )
    found = prepared(root)
    store = Counting(ImageFolder(root / "images"))
    told = asdict(measured(found, store)), store.keys
    agreed = same_on_all_ranks("the same"), same_on_all_ranks(f"mine is {rank}")
    torch.save((*told, agreed), root / f"found-{rank}.pt")
    distributed.destroy_process_group()


def test_every_rank_measures_its_share(root: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.training.test_measure"])
    ranks = [context.Process(target=run_rank, args=(root, rank)) for rank in range(2)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(120)
    assert [process.exitcode for process in ranks] == [0, 0]
    found = [torch.load(root / f"found-{rank}.pt", weights_only=True) for rank in range(2)]
    (one, read_by_one, agreed), (other, read_by_other, agreed_there) = found
    assert one == other
    assert one == pytest.approx(asdict(measured(prepared(root))), rel=1e-5)
    assert (len(read_by_one), len(read_by_other)) == (6, 6)
    assert not set(read_by_one) & set(read_by_other)
    assert agreed == agreed_there == (True, False)
