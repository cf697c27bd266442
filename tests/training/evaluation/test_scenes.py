"""The benchmark `scenes` is what it says: true and false by the world itself, and fair."""

import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from data.errors import UsageError
from data.scenes import Scene, is_held_out, scene_at, truth
from data.scenes.questions import QUESTIONS
from data.scenes.splits import parse_image_key
from data.scenes.vocabulary import kinds
from training.evaluation.benchmarks.scenes import SceneStore, tasks
from training.evaluation.tasks import (
    CAPTIONS,
    PARAPHRASES,
    TEXT_ALONE,
    AnyTask,
    Classification,
    Retrieval,
    Task,
    images_of,
)
from training.evaluation.text_only import text_only_scores


@pytest.fixture(scope="module")
def found() -> dict[str, AnyTask]:
    return {task.name: task for task in tasks()}


def composition(found: dict[str, AnyTask]) -> list[Task]:
    return [t for t in found.values() if isinstance(t, Task) and t.layout is CAPTIONS]


def scene_of(key: str) -> Scene:
    split, number = parse_image_key(key)
    return scene_at(number, split=split)


def test_there_is_enough_of_everything(found: dict[str, AnyTask]) -> None:
    sizes = {task.name: len(task.items) for task in composition(found)}
    assert set(sizes) == set(QUESTIONS)
    assert min(sizes.values()) >= 200
    assert max(sizes.values()) <= 500
    assert {"paraphrases", "paraphrases, text alone", "retrieval", "objects"} <= set(found)


def test_true_is_true_and_false_is_false(found: dict[str, AnyTask]) -> None:
    for task in composition(found):
        for item in task.items:
            scene = scene_of(item.images[0].key)
            assert [truth(scene, text) for text in item.captions] == [True, False], item


def test_paraphrases_are_true_and_other_words(found: dict[str, AnyTask]) -> None:
    task, alone = found["paraphrases"], found["paraphrases, text alone"]
    assert isinstance(task, Task)
    assert isinstance(alone, Task)
    assert (task.layout, alone.layout) == (PARAPHRASES, TEXT_ALONE)
    assert [item.captions for item in alone.items] == [item.captions for item in task.items]
    assert not any(item.images for item in alone.items)
    for item in task.items:
        true, also, false = item.captions
        assert len({true, also, false}) == 3
        assert truth(scene_of(item.images[0].key), also) is True


def changed(item_captions: tuple[str, ...]) -> tuple[str, str]:
    """Return the words that only the true and only the false text has."""
    true, false = (text.lower().rstrip(".").split() for text in item_captions)
    left, right = Counter(true) - Counter(false), Counter(false) - Counter(true)
    return " ".join(sorted(left.elements())), " ".join(sorted(right.elements()))


@pytest.mark.parametrize("name", ["replace_rel", "existence"])
def test_a_change_is_asked_as_often_as_the_change_back(
    found: dict[str, AnyTask], name: str
) -> None:
    task = found[name]
    assert isinstance(task, Task)
    counts = Counter(changed(item.captions) for item in task.items)
    assert len(counts) > 2
    if name == "replace_rel":
        assert all(counts[change[::-1]] == number for change, number in counts.items())
    else:
        denied = sum("no " in item.captions[0] for item in task.items)
        assert denied == len(task.items) / 2


def test_numbers_and_actions_are_balanced_too(found: dict[str, AnyTask]) -> None:
    for name, places in (("count", (2,)), ("replace_act", (1, 2, 3, 4, 5))):
        task = found[name]
        assert isinstance(task, Task)
        counts: Counter[tuple[str, str]] = Counter()
        for item in task.items:
            true, false = (text.rstrip(".").split() for text in item.captions)
            if name == "count":
                counts[true[places[0]], false[places[0]]] += 1
            else:
                counts[true[-1], false[-1]] += 1
        assert all(counts[change[::-1]] == number for change, number in counts.items()), name


@pytest.mark.parametrize("name", ["swap_att", "swap_obj", "count"])
def test_who_reads_the_texts_alone_cannot_tell(found: dict[str, AnyTask], name: str) -> None:
    task = found[name]
    assert isinstance(task, Task)
    scores = text_only_scores(task)
    assert 0.4 < scores["words"] < 0.6
    assert 0.4 < scores["longer"] < 0.6


def test_a_caption_of_the_gallery_is_true_of_its_image_alone(found: dict[str, AnyTask]) -> None:
    task = found["retrieval"]
    assert isinstance(task, Retrieval)
    assert task.owner == tuple(range(200))
    scenes = [scene_of(image.key) for image in task.images]
    for own, text in enumerate(task.captions):
        others = range(own % 7, 200, 7)  # a seventh of them, all in turn
        assert truth(scenes[own], text) is True
        assert all(truth(scenes[other], text) is False for other in others if other != own)


def test_objects_are_told_by_kind(found: dict[str, AnyTask]) -> None:
    for name, unseen in (("objects", False), ("objects of unseen colours", True)):
        task = found[name]
        assert isinstance(task, Classification)
        assert len(task.labels) == len(task.images) > 50
        for image, (label,) in zip(task.images, task.labels, strict=True):
            _, place, kind, colour, _ = image.key.split("/")
            assert task.classes[label] == (kind,)
            assert is_held_out(kind, colour) is unseen
            assert place in kinds()[kind].places


def test_a_image_of_every_class_can_be_drawn(found: dict[str, AnyTask]) -> None:
    task = found["objects"]
    assert isinstance(task, Classification)
    store = SceneStore(size=48)
    first = {label: image for image, (label,) in zip(task.images, task.labels, strict=True)}
    assert set(first) == set(range(len(task.classes)))
    drawn = {}
    for label, image in first.items():
        pixels = np.asarray(Image.open(io.BytesIO(store.read(image.key))).convert("RGB"))
        assert pixels.shape == (48, 48, 3)
        drawn[label] = pixels.tobytes()
    assert len(set(drawn.values())) == len(drawn)


def test_every_image_is_there(found: dict[str, AnyTask]) -> None:
    keys = {p.key for task in found.values() for p in images_of(task)}
    store = SceneStore()
    sample = sorted(keys)[::9]
    assert store.absent(sample) == set()
    assert all(key.startswith(("test/", "single/")) for key in keys)


@pytest.mark.parametrize(
    "key",
    ["", "a.jpg", "train/000001.png", "test/x.png", "single/grass/box/red.png",
     "single/grass/unicorn/red/50.png", "single/lake/box/red/50.png",
     "single/grass/box/pink/50.png", "single/grass/box/red/51.png", "double/grass/box/red/50.png"],
)  # fmt: skip
def test_what_is_no_image_is_absent(key: str) -> None:
    store = SceneStore()
    assert store.absent([key]) == {key}
    with pytest.raises(UsageError, match="expected an image of the benchmark scenes"):
        store.read(key)


def test_a_scene_of_the_store_is_that_of_the_world() -> None:
    store = SceneStore(size=32)
    again = SceneStore(size=32)
    assert store.read("test/000123.png") == again.read("test/000123.png")
    assert store.read("test/000123.png") != store.read("test/000124.png")
