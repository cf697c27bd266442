"""Two images in one picture: halves, no distortion, and a dataset that reads both."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from data.pictures import picture_of
from data.streams import Stream
from tests.training.folders import TOKENIZER, finished, picture_folder, rows_of
from training.batches.composites import join
from training.batches.dataset import DataOptions, HardNegativeDataset
from training.batches.images import Crop, Middle
from training.batches.sampler import Place

RED, BLUE = (torch.tensor(colour, dtype=torch.uint8) for colour in ([255, 0, 0], [0, 0, 255]))


def plain(colour: torch.Tensor, width: int, height: int) -> torch.Tensor:
    return colour[:, None, None].expand(3, height, width)


@pytest.mark.parametrize("shape", [(40, 30), (30, 40), (64, 64), (200, 20), (5, 300), (1, 1)])
@pytest.mark.parametrize("stream", [None, Stream("a")])
def test_each_image_has_its_half(shape: tuple[int, int], stream: Stream | None) -> None:
    parts = [plain(RED, *shape), plain(BLUE, *shape)]
    for layout, halves in (
        ("left-right", (np.s_[:, :, :16], np.s_[:, :, 16:])),
        ("top-bottom", (np.s_[:, :16], np.s_[:, 16:])),
    ):
        picture = join(parts, layout, size=32, scale=(0.9, 1.0), stream=stream)
        assert picture.shape == (3, 32, 32)
        for half, colour in zip(halves, (RED, BLUE), strict=True):
            lit = picture[half].sum(0) > 0
            assert lit.any()
            assert (picture[half][:, lit] == colour[:, None]).all()


@pytest.mark.parametrize("layout", ["left-right", "top-bottom"])
def test_nothing_is_stretched(layout: str) -> None:
    rows, columns = np.mgrid[:240, :320]
    disc = (rows - 120) ** 2 + (columns - 160) ** 2 < 60**2
    part = torch.from_numpy(np.repeat(disc[None].astype(np.uint8) * 255, 3, 0))
    first = np.s_[0, :, :100] if layout == "left-right" else np.s_[0, :100]
    lit = join([part, part], layout, size=200)[first].numpy() > 127
    height, width = (np.ptp(np.flatnonzero(lit.any(axis))) for axis in (1, 0))
    assert width == pytest.approx(height, abs=2)
    assert width > 30


def picture(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("evaluation", [False, True])
def test_a_dataset_reads_both_images(tmp_path: Path, *, evaluation: bool) -> None:
    rows = rows_of(4)
    rows[1] = rows[1]._replace(images=("a.png", "b.png"), layout="left-right")
    pictures = {row.image: picture(90) for row in (rows[0], *rows[2:])}
    picture_folder(tmp_path / "p", {**pictures, "a.png": picture(50), "b.png": picture(200)})
    finished(tmp_path / "out", {"train": rows})
    data = HardNegativeDataset(
        tmp_path / "out", tmp_path / "p", tokenizer=TOKENIZER,
        options=DataOptions(size=32, evaluation=evaluation, cache=tmp_path / "cache"),
    )  # fmt: skip
    seen = data[Place(0, 1)].pixels_CHW
    assert set(seen[0, :, :16].unique().tolist()) == {0, 50}
    assert set(seen[0, :, 16:].unique().tolist()) == {0, 200}
    assert torch.equal(seen, data[Place(0, 1)].pixels_CHW)
    assert data.rows.are_composites().tolist() == [False, True, False, False]


@pytest.mark.parametrize("layout", ["left-right", "top-bottom"])
def test_people_see_what_training_sees(layout: str) -> None:
    """Pillow's picture, a JPEG, beside torch's: smooth images, so that little is lost."""
    rows, columns = np.mgrid[:90, :150]
    waves = [np.stack([rows * 2, columns, rows + columns], 2) + 9 * n for n in range(2)]
    files = []
    for wave in waves:
        buffer = io.BytesIO()
        Image.fromarray(wave.clip(0, 255).astype(np.uint8)).save(buffer, "PNG")
        files.append(buffer.getvalue())
    seen = Middle(size=64)(*files, layout=layout).permute(1, 2, 0).numpy().astype(int)
    shown = np.asarray(Image.open(io.BytesIO(picture_of(files, layout, size=64)))).astype(int)
    assert np.abs(seen - shown).mean() < 4


def test_both_transforms_join_files() -> None:
    files = picture(50), picture(200)
    for transform in (Crop(size=32), Middle(size=32)):
        joined = transform(*files, layout="top-bottom", stream=Stream("a"))
        assert set(joined[0, :16].unique().tolist()) | {0} == {0, 50}
        assert set(joined[0, 16:].unique().tolist()) | {0} == {0, 200}
