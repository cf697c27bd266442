import pickle
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

import training
from data.errors import UsageError
from data.images import ImageFolder
from tests.training.folders import (
    TOKENIZER,
    by_word,
    changed,
    finished,
    picture_folder,
    pictures_of,
    row_of,
    rows_of,
)
from training.batches.dataset import BROKEN, CUT, DataOptions, HardNegativeDataset
from training.batches.images import Middle, normalized
from training.batches.sampler import Place

ROWS = rows_of(30, types=("swap", "replace", "replace", "swap", "replace"))
OPTIONS = DataOptions(size=16, draw={"swap": 1, "replace": 2}, seed=5)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("samples")
    finished(root / "out", {"train": ROWS, "val": rows_of(4)})
    picture_folder(root / "images", pictures_of(ROWS))
    return root


@pytest.fixture
def samples(place: Path) -> HardNegativeDataset:
    return training.HardNegativeDataset(
        place / "out", place / "images", tokenizer=TOKENIZER, options=OPTIONS
    )


def drawn(
    samples: HardNegativeDataset, indexes: list[int] | list[Place]
) -> list[tuple[object, ...]]:
    found = [samples[index] for index in indexes]
    return [(s.id, s.pixels_CHW.numpy().tobytes(), s.caption.tolist(),
             [n if n is None else n.tolist() for n in s.negatives], s.counts)
            for s in found]  # fmt: skip


def test_a_sample_is_a_caption_its_image_and_its_negatives(samples: HardNegativeDataset) -> None:
    assert len(samples) == 30
    for number, row in enumerate(ROWS):
        sample = samples[number]
        assert sample.id == row.id
        assert sample.caption.tolist() == by_word([row.caption])[0]
        assert sample.pixels_CHW.shape == (3, 16, 16)
        swap, *replaces = (n.tolist() for n in sample.negatives if n is not None)
        stored = {tuple(by_word([n.text])[0]): n.type for n in row.negatives}
        assert stored[tuple(swap)] == "swap"
        assert [stored[tuple(ids)] for ids in replaces] == ["replace"] * 2
        assert replaces[0] != replaces[1]
        assert sample.counts == {"swap": 1, "replace": 2}


def test_a_sample_depends_on_seed_epoch_and_row_alone(
    samples: HardNegativeDataset, place: Path
) -> None:
    numbers = list(range(30))
    first = drawn(samples, numbers)
    assert drawn(samples, numbers[::-1])[::-1] == first
    assert drawn(pickle.loads(pickle.dumps(samples)), numbers) == first  # noqa: S301  (our own)
    later = drawn(samples.at_epoch(1), numbers)
    assert later == drawn(samples, [Place(1, number) for number in numbers])
    other = training.HardNegativeDataset(
        place / "out", place / "images", tokenizer=TOKENIZER, options=replace(OPTIONS, seed=6)
    )
    for other_items in (later, drawn(other, numbers)):
        assert [item[0] for item in other_items] == [item[0] for item in first]
        assert sum(a[1] != b[1] for a, b in zip(first, other_items, strict=True)) > 20  # crops
        assert sum(a[3] != b[3] for a, b in zip(first, other_items, strict=True)) > 15  # negatives


def test_captions_of_one_image_see_other_parts_of_it(tmp_path: Path) -> None:
    rows = [row_of(n, image="same.jpg") for n in range(6)]
    folder = finished(tmp_path / "out", {"train": rows})
    picture_folder(tmp_path / "p", pictures_of(rows))
    samples = training.HardNegativeDataset(folder, tmp_path / "p", tokenizer=TOKENIZER,
                               options=DataOptions(size=16, scale=(0.5, 0.7)))  # fmt: skip
    assert len({samples[n].pixels_CHW.numpy().tobytes() for n in range(6)}) == 6


def test_a_batch_has_what_the_model_wants(samples: HardNegativeDataset) -> None:
    (batch,) = DataLoader(samples, batch_size=30, collate_fn=training.collate)
    assert batch.ids == tuple(row.id for row in ROWS)
    assert batch.image_BCHW.shape == (30, 3, 16, 16)
    assert batch.image_BCHW.dtype == torch.uint8
    assert batch.num_negatives == 3
    assert batch.place_N.tolist() == list(range(90))
    assert batch.caption_lengths == tuple(len(by_word([row.caption])[0]) for row in ROWS)
    for ids, length in zip(batch.caption_BL.tolist(), batch.caption_lengths, strict=True):
        assert ids[length - 1] == 99
        assert not any(ids[length:])
    for ids, length in zip(batch.negative_NL.tolist(), batch.negative_lengths, strict=True):
        assert ids[length - 1] == 99
        assert not any(ids[length:])
    pixels_BCHW = torch.stack([samples[n].pixels_CHW for n in range(30)])
    assert torch.equal(batch.image_BCHW, pixels_BCHW)
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    found_BCHW = normalized(batch.image_BCHW, mean=mean, std=std)
    shifted, scaled = (torch.tensor(v).view(3, 1, 1) for v in (mean, std))
    assert torch.equal(((found_BCHW * scaled + shifted) * 255).round(), pixels_BCHW.float())


def test_a_negative_that_a_row_lacks_has_no_place(tmp_path: Path) -> None:
    long = "one two three four five six"
    types = [("swap",), (), ("replace", "replace"), ("replace", "swap")]
    rows = [row_of(n, types=t, image=f"{n}.jpg") for n, t in enumerate(types)]
    equal = tuple(n._replace(text=f"{long} and more") for n in rows[3].negatives)
    rows[3] = rows[3]._replace(caption=long, negatives=equal)
    folder = finished(tmp_path / "out", {"train": rows})
    picture_folder(tmp_path / "p", pictures_of(rows))
    samples = training.HardNegativeDataset(
        folder, tmp_path / "p", tokenizer=TOKENIZER, options=OPTIONS
    )
    found = [samples[n] for n in range(4)]
    batch = training.collate(found)
    assert batch.place_N.tolist() == [0, 7, 8]
    assert len(batch.negative_NL) == 3
    assert [sample.counts for sample in found] == [{"swap": 1}, {}, {"replace": 2}, {CUT: 2}]
    none = training.collate([samples[1], samples[3]])
    assert none.negative_NL.shape[0] == len(none.place_N) == len(none.negative_lengths) == 0
    assert none.num_negatives == 3


def test_a_draw_of_nothing(place: Path) -> None:
    options = replace(OPTIONS, draw={})
    samples = training.HardNegativeDataset(place / "out", place / "images", tokenizer=TOKENIZER,
                               options=options)  # fmt: skip
    batch = training.collate([samples[0], samples[1]])
    assert batch.num_negatives == 0
    assert len(batch.place_N) == 0


def test_evaluation_sees_the_middle_whatever_the_epoch(place: Path) -> None:
    options = replace(OPTIONS, evaluation=True, split="val")
    samples = training.HardNegativeDataset(place / "out", place / "images", tokenizer=TOKENIZER,
                               options=options)  # fmt: skip
    content = (place / "images" / ROWS[2].image).read_bytes()
    assert (samples[2].pixels_CHW == Middle(size=16)(content)).all()
    assert (samples.at_epoch(3)[2].pixels_CHW == samples[2].pixels_CHW).all()


def broken_and_missing(root: Path) -> Path:
    images = pictures_of(ROWS)
    picture_folder(root, {k: v for n, (k, v) in enumerate(images.items()) if n not in {4, 5}})
    for number in (0, 9, 10):
        (root / ROWS[number].image).write_bytes(b"broken")
    return root


def test_missing_and_broken_images_are_errors(place: Path, tmp_path: Path) -> None:
    images = broken_and_missing(tmp_path / "p")
    with pytest.raises(UsageError, match="images of 2 of 30 captions are missing"):
        training.HardNegativeDataset(place / "out", images, tokenizer=TOKENIZER, options=OPTIONS)
    picture_folder(images, {ROWS[n].image: pictures_of(ROWS)[ROWS[n].image] for n in (4, 5)})
    samples = training.HardNegativeDataset(
        place / "out", images, tokenizer=TOKENIZER, options=OPTIONS
    )
    with pytest.raises(UsageError, match=r"'0/0009.jpg' of id:9 is broken \(.*\); replace it"):
        samples[9]


def test_another_row_stands_in_for_a_broken_image(place: Path, tmp_path: Path) -> None:
    images = broken_and_missing(tmp_path / "p")
    options = replace(OPTIONS, on_missing_image="skip")
    samples = training.HardNegativeDataset(
        place / "out", images, tokenizer=TOKENIZER, options=options
    )
    assert len(samples) == 28
    own = [row.id for n, row in enumerate(ROWS) if n not in {4, 5}]
    found = [samples[n] for n in range(28)]
    for number, sample in enumerate(found):
        if number in {0, 7, 8}:  # rows 0, 9 and 10
            assert sample.id not in {"id:0", "id:9", "id:10"}
            assert sample.counts[BROKEN] >= 1
            stand_in = samples[own.index(sample.id)]
            assert (stand_in.pixels_CHW == sample.pixels_CHW).all()
            assert drawn(samples, [own.index(sample.id)])[0][3] == drawn(samples, [number])[0][3]
        else:
            assert sample.id == own[number]
            assert BROKEN not in sample.counts
    epochs = [samples[Place(epoch, 7)].id for epoch in range(20)]
    assert len(Counter(epochs)) > 5
    for row in ROWS:
        (images / row.image).write_bytes(b"broken")
    with pytest.raises(UsageError, match="100 broken images one after another"):
        samples[0]


def test_a_file_that_cannot_be_read_is_an_error_always(place: Path, tmp_path: Path) -> None:
    images = broken_and_missing(tmp_path / "p")
    options = replace(OPTIONS, on_missing_image="skip")
    samples = training.HardNegativeDataset(
        place / "out", images, tokenizer=TOKENIZER, options=options
    )
    (images / ROWS[1].image).unlink()
    with pytest.raises(UsageError, match=r"0001\.jpg: cannot be read: No such file"):
        samples[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"draw": {"negate": 1}}, "no negative of type 'negate'"),
        ({"split": "test"}, "no split 'test'"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], message: str, place: Path) -> None:
    options = replace(OPTIONS, **change)
    with pytest.raises(UsageError, match=message):
        training.HardNegativeDataset(
            place / "out", place / "images", tokenizer=TOKENIZER, options=options
        )


def test_a_store_of_ones_own(samples: HardNegativeDataset, tmp_path: Path) -> None:
    class Backwards(ImageFolder):
        def read(self, key: str) -> bytes:
            return super().read(key[::-1])

    other = picture_folder(tmp_path, {k[::-1]: v for k, v in pictures_of(ROWS).items()})
    assert drawn(changed(samples, store=Backwards(other)), [3]) == drawn(samples, [3])


def test_without_a_tokenizer_it_is_clips(place: Path) -> None:
    samples = training.HardNegativeDataset(place / "out", place / "images", options=OPTIONS)
    assert samples[0].caption.tolist() == [49406, 320, 1674, 539, 271, 3255, 49407]


def test_the_package_opens_nothing_else() -> None:
    with pytest.raises(AttributeError, match="no attribute 'datasets'"):
        _ = training.datasets
