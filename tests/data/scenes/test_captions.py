"""Captions of scenes: true, varied, well formed."""

from collections import Counter

import pytest

from data.scenes import Scene, captions, scene_at, truth
from data.scenes.drawing import draw_scene
from data.texts import normalise

NUM_SCENES = 5000


@pytest.fixture(scope="module")
def captioned_scenes() -> list[tuple[Scene, str]]:
    scenes = (scene_at(number, split="train") for number in range(300))
    return [(scene, text) for scene in scenes for text in captions(scene, count=5, seed=0)]


@pytest.fixture(scope="module")
def texts(captioned_scenes: list[tuple[Scene, str]]) -> list[str]:
    return [text for _, text in captioned_scenes]


def test_every_caption_is_true_of_its_scene() -> None:
    scenes = (draw_scene(0, number) for number in range(NUM_SCENES))
    untrue = [
        (scene.number, text)
        for scene in scenes
        for text in captions(scene, count=2, seed=0)
        if truth(scene, text) is not True
    ]
    assert untrue == []


def test_a_caption_of_another_scene_is_often_false(
    captioned_scenes: list[tuple[Scene, str]],
) -> None:
    others = [scene for scene, _ in captioned_scenes[::-1]]
    verdicts = Counter(
        truth(o, text) for o, (_, text) in zip(others, captioned_scenes, strict=True)
    )
    assert verdicts[False] > 0.85 * len(captioned_scenes)
    assert verdicts[None] < 0.02 * len(captioned_scenes)


def test_captions_vary(texts: list[str]) -> None:
    assert len({text.split()[0] for text in texts}) > 20
    assert 0.6 < sum(text.endswith(".") for text in texts) / len(texts) < 0.8
    words = Counter(word for text in texts for word in normalise(text).split())
    assert all(words[w] for w in ("two", "red", "striped", "wooden", "under", "riding", "no"))


@pytest.mark.parametrize("wrong", [" a a", " a o", " an b", "  ", " ,", "..", "a are ", "s is "])
def test_captions_are_well_formed(texts: list[str], wrong: str) -> None:
    allowed = (" bus is ", "this is", " grass is ")
    broken = [text for text in texts if wrong in text and not any(a in text for a in allowed)]
    if wrong == "s is ":
        broken = [text for text in broken if "glass" not in text and "dress is" not in text]
    if wrong in {" a a", " a o"}:
        broken = [text for text in broken if f"{wrong} " in text]
    assert broken == []
