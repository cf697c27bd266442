"""The embedded source: what it draws, what it says, that it is always the same."""

import subprocess
import sys
from collections import Counter

import pytest

from data.errors import UsageError
from data.records import Caption
from data.sources.scenes import Scenes, truth
from data.sources.scenes.captions import captions as captions_of
from data.sources.scenes.drawing import draw_scene
from data.sources.scenes.vocabulary import kinds
from data.sources.scenes.world import WIDTH
from data.texts import normalised

NUM_SCENES = 5000


@pytest.fixture(scope="module")
def captions() -> list[Caption]:
    return list(Scenes(num_images=300).read("train"))


def test_every_caption_is_true_of_its_scene() -> None:
    scenes = (draw_scene(0, number) for number in range(NUM_SCENES))
    untrue = [
        (scene.number, text)
        for scene in scenes
        for text in captions_of(scene, count=2, seed=0)
        if truth(scene, text) is not True
    ]
    assert untrue == []


def test_a_caption_of_another_scene_is_often_false(captions: list[Caption]) -> None:
    source = Scenes(num_images=300)
    others = [source.scene_of(caption.image) for caption in captions[::-1]]
    verdicts = Counter(truth(o, c.text) for o, c in zip(others, captions, strict=True))
    assert verdicts[False] > 0.85 * len(captions)
    assert verdicts[None] < 0.02 * len(captions)


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
    texts = Counter((caption.image, normalised(caption.text)) for caption in captions)
    assert max(texts.values()) == 1
    assert len(captions) > 0.97 * 5 * 300


def test_captions_vary(captions: list[Caption]) -> None:
    texts = [caption.text for caption in captions]
    assert len({text.split()[0] for text in texts}) > 20
    assert 0.6 < sum(text.endswith(".") for text in texts) / len(texts) < 0.8
    words = Counter(word for text in texts for word in normalised(text).split())
    assert all(words[w] for w in ("two", "red", "striped", "wooden", "under", "riding", "no"))


@pytest.mark.parametrize("wrong", [" a a", " a o", " an b", "  ", " ,", "..", "a are ", "s is "])
def test_captions_are_well_formed(captions: list[Caption], wrong: str) -> None:
    allowed = (" bus is ", "this is", " grass is ")
    broken = [c.text for c in captions if wrong in c.text and not any(a in c.text for a in allowed)]
    if wrong == "s is ":
        broken = [text for text in broken if "glass" not in text and "dress is" not in text]
    if wrong in {" a a", " a o"}:
        broken = [text for text in broken if f"{wrong} " in text]
    assert broken == []


def test_things_are_in_the_picture() -> None:
    source = Scenes()
    for number in range(500):
        for thing in source.scene(number).things:
            assert thing.left >= -8
            assert thing.left + thing.width <= WIDTH + 8
            assert thing.base >= 0
            assert thing.ground - thing.base - thing.height >= -4
            assert thing.kind in kinds()


def test_every_kind_is_drawn() -> None:
    source = Scenes()
    seen = {thing.kind for number in range(2000) for thing in source.scene(number).things}
    assert seen == set(kinds())


def test_reading_needs_no_pillow() -> None:
    code = (
        "import sys; from data.sources.scenes import Scenes; "
        "list(Scenes(num_images=2).read('train')); assert 'PIL' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    "image", ["train/1.jpg", "nowhere/000001.png", "train/x.png", "000001.png"]
)
def test_no_image_of_this_source(image: str) -> None:
    with pytest.raises(UsageError, match=r"expected one like train/000123\.png"):
        Scenes().scene_of(image)


@pytest.mark.parametrize(
    "source", [Scenes(names=("dev",)), Scenes(num_images=0), Scenes(captions_per_image=0)]
)
def test_impossible_options_are_refused(source: Scenes) -> None:
    with pytest.raises(UsageError, match="scenes"):
        source.splits()
