"""Both sides of the loader's benchmark give the same kind of batches."""

from pathlib import Path

import pytest
import torch

import training
from benchmarks.loader import batches_of_webdataset, make_tars, our_batches, rate_of
from tests.training.folders import TOKENIZER, finished, jpeg, picture_folder, row_of
from training.batches.dataset import DataOptions

COUNT = 64


@pytest.mark.filterwarnings("ignore::Warning:webdataset")
def test_both_sides_see_the_same_images(tmp_path: Path) -> None:
    rows = [row_of(n, image=f"{n:03d}.jpg") for n in range(COUNT)]
    images = picture_folder(
        tmp_path / "p", {row.image: jpeg(n, size=(320, 240)) for n, row in enumerate(rows)}
    )
    urls = make_tars(tmp_path, sorted(images.glob("*.jpg")), count=2)
    samples = training.HardNegativeDataset(finished(tmp_path / "out", {"train": rows}), images,
                               tokenizer=TOKENIZER, options=DataOptions())  # fmt: skip
    theirs = next(batches_of_webdataset(urls, workers=0))
    ours = next(our_batches(samples, workers=0))
    assert ours.shape == theirs.shape == (COUNT, 3, 224, 224)
    assert ours.dtype == theirs.dtype == torch.float32
    for measure in (torch.mean, torch.std):
        assert measure(ours).item() == pytest.approx(measure(theirs).item(), abs=0.03)
    rate = rate_of(our_batches(samples, workers=0), num_pictures=COUNT)
    assert rate.wall > 0
    assert rate.cpu_s > 0
