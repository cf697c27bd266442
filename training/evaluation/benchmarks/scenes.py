"""The benchmark `scenes`: composition, paraphrases, retrieval and classification, with no file.

Scenes are those of the split "test", which is never trained on, and single things for
classification. Images are drawn on demand.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from data.errors import UsageError
from data.scenes import Scene, captions, is_held_out, scene_at, truth
from data.scenes.questions import QUESTIONS, QuestionTexts, balance, make_question
from data.scenes.render import png
from data.scenes.scene_draft import centre_on
from data.scenes.splits import image_key, number_of
from data.scenes.vocabulary import Kind, kinds
from data.scenes.world import WIDTH, Thing
from training.evaluation.tasks import (
    CAPTIONS,
    PARAPHRASES,
    TEXT_ALONE,
    AnyTask,
    Classification,
    ImageRef,
    Item,
    Retrieval,
    Task,
)

_NUM_SCENES: Final = 2000
_MOST_ITEMS: Final = 500
_NUM_RETRIEVED: Final = 200
_SPLIT: Final = "test"
_ACROSS: Final = ("30", "50", "70")
_REPHRASED: Final = ("swap_att", "replace_obj", "replace_rel")
_TEMPLATES: Final = ("a {}", "there is a {}", "a picture of a {}", "a drawing of a {}")


def tasks() -> tuple[AnyTask, ...]:
    """Return all tasks, the same ones at every call."""
    scenes = [scene_at(number, split=_SPLIT) for number in range(_NUM_SCENES)]
    questions = {name: _asked(name, scenes) for name in QUESTIONS}
    return (
        *(_composition(name, found) for name, found in questions.items()),
        *_paraphrases([pair for name in _REPHRASED for pair in questions[name]]),
        _retrieval(scenes),
        _classification("objects", _singles(unseen=False)),
        _classification("objects of unseen colours", _singles(unseen=True)),
    )


class SceneStore:
    """Images of scenes, "test/000123.png", and of things, "single/grass/box/red/50.png"."""

    def __init__(self, *, size: int = 128) -> None:
        """Draw images of this width and height in pixels."""
        self._size = size

    def absent(self, keys: Iterable[str]) -> set[str]:
        """Return the keys that do not belong to the benchmark."""
        return {key for key in keys if _scene_of(key) is None}

    def read(self, key: str) -> bytes:
        """Return an image as a PNG file.

        Raises:
            UsageError: the key does not belong to the benchmark.
        """
        scene = _scene_of(key)
        if scene is None:
            raise UsageError(f"expected an image of the benchmark scenes, found {key!r}")
        return png(scene, size=self._size)


def _asked(name: str, scenes: Iterable[Scene]) -> list[tuple[Scene, QuestionTexts]]:
    found = ((scene, make_question(QUESTIONS[name], scene, name=name)) for scene in scenes)
    pairs = [(scene, pair) for scene, pair in found if pair is not None]
    return balance(pairs, lambda found: found[1].change)[:_MOST_ITEMS]


def _composition(name: str, pairs: Iterable[tuple[Scene, QuestionTexts]]) -> Task:
    items = tuple(
        Item(f"{name}:{scene.number}", (_image(scene),), (pair.true, pair.false))
        for scene, pair in pairs
    )
    return Task(name=name, layout=CAPTIONS, items=items)


def _paraphrases(pairs: Iterable[tuple[Scene, QuestionTexts]]) -> Iterator[Task]:
    """Yield paraphrases with the image, and among texts alone."""
    items = [
        Item(f"{n}:{scene.number}", (_image(scene),), (pair.true, pair.also_true, pair.false))
        for n, (scene, pair) in enumerate(pairs)
        if pair.also_true
    ]
    yield Task(name="paraphrases", layout=PARAPHRASES, items=tuple(items))
    alone = tuple(item._replace(images=()) for item in items)
    yield Task(name="paraphrases, text alone", layout=TEXT_ALONE, items=alone)


def _retrieval(scenes: list[Scene]) -> Retrieval:
    """Return captions that are true of only one image of the gallery."""
    gallery: list[Scene] = []
    texts: list[str] = []
    for scene in scenes:
        found = captions(scene, count=8, seed=0)
        best = max(found, key=len)
        apart = all(truth(other, best) is False for other in gallery)
        if apart and all(truth(scene, text) is False for text in texts):
            gallery.append(scene)
            texts.append(best)
        if len(gallery) == _NUM_RETRIEVED:
            break
    return Retrieval(
        name="retrieval",
        images=tuple(_image(scene) for scene in gallery),
        captions=tuple(texts),
        owner=tuple(range(len(gallery))),
    )


def _image(scene: Scene) -> ImageRef:
    return ImageRef(image_key(number_of(scene), split=_SPLIT))


def _classes() -> list[Kind]:
    """Return the kinds that stand or lie by themselves and have a colour."""
    return [kind for kind in kinds().values() if kind.colours and kind.roles & {"group", "item"}]


def _singles(*, unseen: bool) -> list[tuple[str, ...]]:
    """Return place, kind, colour and size (per cent of the width) of things shown alone.

    `unseen`: only combinations that `Scenes.hold_out` excludes; otherwise all others.
    """
    return [
        (place, kind.name, colour, across)
        for kind in _classes()
        for colour in kind.colours
        for place in sorted(kind.places)
        for across in _ACROSS
        if is_held_out(kind.name, colour) == unseen
    ]


def _classification(name: str, singles: list[tuple[str, ...]]) -> Classification:
    names = [kind.name for kind in _classes()]
    return Classification(
        name=name,
        images=tuple(ImageRef(f"single/{'/'.join(single)}.png") for single in singles),
        labels=tuple((names.index(kind),) for _, kind, *_ in singles),
        classes=tuple((name,) for name in names),
        templates=_TEMPLATES,
    )


def _scene_of(key: str) -> Scene | None:
    """Return the scene of an image's key, None if it does not belong to the benchmark."""
    parts = key.removesuffix(".png").split("/")
    if len(parts) == 2 and parts[0] == _SPLIT and parts[1].isdecimal():
        return scene_at(int(parts[1]), split=_SPLIT)
    if len(parts) != 5 or parts[0] != "single" or parts[2] not in kinds():
        return None
    _, place, name, colour, across = parts
    kind = kinds()[name]
    if place not in kind.places or colour not in kind.colours or across not in _ACROSS:
        return None
    thing = Thing(kind.name, colour, pose="stand", width=kind.width, height=kind.height)
    things = tuple(centre_on([thing], WIDTH * int(across) / 100))
    return Scene(0, 0, place, "" if place == "room" else "day", things)
