"""The scenes of each split, and their image keys. Pure.

Scenes of a split are numbered from 0; no two splits share one. "train/000123.png" is the image of
number 123 of "train".
"""

from itertools import count
from typing import Final

from data.errors import UsageError
from data.scenes.drawing import draw_scene
from data.scenes.vocabulary import is_held_out
from data.scenes.world import Scene

SPLITS: Final = ("train", "val", "test")
_SIZE: Final = 10_000_000  # indices reserved for each split


def scene_at(number: int, *, split: str, seed: int = 0, hold_out: bool = False) -> Scene:
    """Return a scene of a split; with `hold_out`, the first one without a held-out combination."""
    for attempt in count():
        index = (len(SPLITS) * attempt + SPLITS.index(split)) * _SIZE + number
        scene = draw_scene(seed, index)
        if not (hold_out and any(is_held_out(thing.kind, thing.colour) for thing in scene.things)):
            return scene
    raise AssertionError("unreachable")


def number_of(scene: Scene) -> int:
    """Return a scene's number within its split."""
    return scene.number % _SIZE


def image_key(number: int, *, split: str) -> str:
    """Return the image key of a scene, such as "train/000123.png"."""
    return f"{split}/{number:06d}.png"


def parse_image_key(key: str) -> tuple[str, int]:
    """Return the split and the number in an image key such as "train/000123.png".

    Raises:
        UsageError: the key has another form.
    """
    split, _, name = key.partition("/")
    number = name.removesuffix(".png")
    if split not in SPLITS or not number.isdecimal() or name == number:
        raise UsageError(
            f"{key!r} is not an image of scenes: expected a key such as train/000123.png"
        )
    return split, int(number)
