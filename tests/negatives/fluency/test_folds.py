"""Cross-fitting by image: captions that say the same are left out together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.records import Caption
from negatives.fluency.counts import NUM_FOLDS
from negatives.fluency.folds import Keys, folds_of, image_key, keys_of, leaders, own_folds


def captions(*said: tuple[str, str]) -> list[Caption]:
    return [Caption(f"x:{n}", image, text) for n, (image, text) in enumerate(said)]


def folds(*said: tuple[str, str]) -> list[int]:
    keys = keys_of(captions(*said))
    return [int(fold) for fold in folds_of([keys]).of(keys)]


CHAIN = [(f"{n}.jpg", text) for n in range(20) for text in (f"Text {n}.", f"text {n + 1}")]


def test_images_that_share_captions_are_one_group() -> None:
    assert len(set(_alone(20))) > 1
    assert len(set(folds(*CHAIN))) == 1
    left, right = folds(*CHAIN[:10], *CHAIN[12:])[:10], folds(*CHAIN[:10], *CHAIN[12:])[10:]
    assert (len(set(left)), len(set(right))) == (1, 1)


def _alone(num: int) -> list[int]:
    return folds(*((f"{n}.jpg", f"of {n} alone") for n in range(num)))


SAID = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("stuvwxyz")), max_size=16)


@given(SAID, st.integers(0, 16))
def test_neither_an_image_nor_a_text_is_in_two_folds(said: list[tuple[str, str]], cut: int) -> None:
    keys = keys_of(captions(*said))
    known = folds_of([keys])
    found = known.of(keys).tolist()
    for index in range(2):
        assert len({(pair[index], fold) for pair, fold in zip(said, found, strict=True)}) == len(
            {pair[index] for pair in said}
        )
    parts = [Keys(*(array[part] for array in keys)) for part in (slice(cut), slice(cut, None))]
    assert all(map(np.array_equal, folds_of(parts), known))
    moved = dict(zip(known.images.tolist(), known.image_folds.tolist(), strict=True))
    own = own_folds(keys.images).tolist()
    assert [moved.get(*pair) for pair in zip(keys.images.tolist(), own, strict=True)] == found


@pytest.mark.parametrize(
    ("image", "key"),
    [
        ("COCO_val2014_000000391895.jpg", "391895"),
        ("000000391895.jpg", "391895"),
        ("train2017/000000391895.png", "391895"),
        ("391895", "391895"),
        ("1000268201_693b08cb0e.jpg", "1000268201_693b08cb0e.jpg"),
        ("cat7.jpg", "cat7.jpg"),
        ("", "x:0"),
    ],
)
def test_the_key_of_an_image_is_its_number(image: str, key: str) -> None:
    assert image_key(Caption("x:0", image, "")) == key


def test_the_same_image_of_another_split_has_the_same_fold() -> None:
    left, right = folds(
        ("val2014/COCO_val2014_000000391895.jpg", "A man."), ("000000391895.jpg", "A woman.")
    )
    assert left == right


def test_captions_of_another_source_are_left_out_by_text_or_by_image() -> None:
    keys = keys_of(captions(*CHAIN))
    known = folds_of([keys])
    (fold,) = set(known.of(keys).tolist())

    def fold_of(image: str, text: str) -> int:
        return int(known.of(keys_of(captions((image, text))))[0])

    images = [f"other {n}.png" for n in range(20)]
    assert {fold_of(image, "TEXT, 7!") for image in images} == {fold}
    assert {fold_of(f"{n}.jpg", "Never said.") for n in range(20)} == {fold}
    assert len({fold_of(image, "Never said.") for image in images}) > 1


def test_folds_are_about_equal() -> None:
    counts = np.bincount(_alone(2_000), minlength=NUM_FOLDS)
    assert len(counts) == NUM_FOLDS
    assert counts.min() > 300


def test_a_text_that_is_said_of_many_images_does_not_join_half_of_the_corpus() -> None:
    said = [(f"{n}.jpg", f"Said of {n % 40}.") for n in range(1500)]
    said += [(f"{n}.jpg", f"Said of {n // 2 % 40}.") for n in range(1500)]
    said += [(f"{n}.jpg", f"Text {n}.") for n in range(1500)]
    keys = keys_of(captions(*said))
    assert len(np.unique(leaders(keys))) == 1
    found = folds_of([keys]).of(keys)
    assert np.bincount(found, minlength=NUM_FOLDS).min() > len(said) / NUM_FOLDS / 2
    for text in {text for _, text in said}:
        assert (
            len({fold for (_, other), fold in zip(said, found, strict=True) if other == text}) == 1
        )
    assert (found[3000:] == own_folds(keys.images)[3000:]).all()


@pytest.mark.parametrize(("num_images", "num_folds"), [(500, 1), (501, NUM_FOLDS)])
def test_a_small_group_is_kept_however_few_the_captions(num_images: int, num_folds: int) -> None:
    chain = [(f"{n}.jpg", f"Text {m}.") for n in range(num_images) for m in (n, n + 1)]
    assert len(set(folds(*chain))) == num_folds
