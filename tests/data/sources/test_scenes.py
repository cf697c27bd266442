"""The embedded source: ids and images, splits, the same captions each time."""

import subprocess
import sys
from collections import Counter

import pytest

from data.errors import UsageError
from data.records import Caption
from data.scenes import truth
from data.sources.scenes import Scenes
from data.texts import normalise


@pytest.fixture(scope="module")
def captions() -> list[Caption]:
    return list(Scenes(num_images=300).read("train"))


def test_same_seed_same_captions(captions: list[Caption]) -> None:
    assert list(Scenes(num_images=300).read("train")) == captions
    assert list(Scenes(num_images=100).read("train")) == [
        caption for caption in captions if int(caption.id.split(":")[2]) < 100
    ]
    assert list(Scenes(num_images=300, seed=1).read("train")) != captions


def test_splits_share_no_scene() -> None:
    source = Scenes(num_images=50)
    assert source.splits() == ("train", "val")
    assert source.scene(3) != source.scene(3, split="val")
    assert source.num_scenes("val") == 5


def test_ids_images_and_texts(captions: list[Caption]) -> None:
    assert captions[0].id == "scenes:train:0:0"
    assert captions[0].image == "train/000000.png"
    assert len({caption.id for caption in captions}) == len(captions)
    images = [caption.image for caption in captions]
    assert images == sorted(images)
    texts = Counter((caption.image, normalise(caption.text)) for caption in captions)
    assert max(texts.values()) == 1
    assert len(captions) > 0.97 * 5 * 300


def test_reading_needs_no_pillow() -> None:
    code = (
        "import sys; from data.sources.scenes import Scenes; "
        "list(Scenes(num_images=2).read('train')); assert 'PIL' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_statements_are_true_and_at_most_three_a_scene() -> None:
    source = Scenes(num_images=30, captions_per_image=5, style="statements")
    found = list(source.read("train"))
    assert 45 < len(found) <= 90
    assert max(Counter(each.image for each in found).values()) == 3
    assert all(truth(source.scene_of(each.image), each.text) is True for each in found)
    fewer = Scenes(num_images=30, captions_per_image=1, style="statements").read("train")
    assert set(fewer) <= set(found)


@pytest.mark.parametrize(
    "image", ["train/1.jpg", "nowhere/000001.png", "train/x.png", "000001.png"]
)
def test_no_image_of_this_source(image: str) -> None:
    with pytest.raises(UsageError, match=r"expected a key such as train/000123\.png"):
        Scenes().scene_of(image)


@pytest.mark.parametrize(
    "source", [Scenes(names=("dev",)), Scenes(num_images=0), Scenes(captions_per_image=0)]
)
def test_impossible_options_are_refused(source: Scenes) -> None:
    with pytest.raises(UsageError, match="scenes"):
        source.splits()
