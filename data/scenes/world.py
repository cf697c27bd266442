"""A scene: things with attributes, positions and ties to each other. Pure.

The image is 116 units wide and high. A thing stands on the ground line `ground` (a height in the
image, larger is nearer), `base` units above it. Things of one station belong together; stations
follow each other from left to right without overlapping.
"""

from typing import NamedTuple

WIDTH = 116.0
BACK, MIDDLE, FRONT = 82.0, 94.0, 109.0

MATERIALS = frozenset({"wooden", "metal", "glass"})


class Thing(NamedTuple):
    """One thing of a scene.

    `size` is "small", "" or "big"; `finish` "" or a pattern or a material; a thing with a material
    has no colour. `host` is the index of the thing it is tied to, -1 for none, and `link` how: on,
    in, under, above, front, behind, hold, wear, ride, fly, chase, walk, read. `group` numbers the
    things that were drawn as one ("three red balls"). `facing` is 1 for right, -1 for left.
    """

    kind: str
    colour: str = ""
    size: str = ""
    finish: str = ""
    pose: str = ""
    left: float = 0.0
    base: float = 0.0
    width: float = 0.0
    height: float = 0.0
    ground: float = MIDDLE
    station: int = 0
    group: int = 0
    host: int = -1
    link: str = ""
    facing: int = 1


class Scene(NamedTuple):
    """The entire content of an image.

    `place` and `sky` name settings of the vocabulary; indoors there is no sky ("").
    """

    seed: int
    number: int
    place: str
    sky: str
    things: tuple[Thing, ...]

    def groups(self) -> tuple[tuple[Thing, ...], ...]:
        """Return the things by group, in order."""
        grouped: dict[int, list[Thing]] = {}
        for thing in self.things:
            grouped.setdefault(thing.group, []).append(thing)
        return tuple(tuple(things) for _, things in sorted(grouped.items()))
