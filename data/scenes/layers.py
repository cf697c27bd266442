"""The position and drawing order of a scene's things. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from data.scenes.shapes import has_sprite
from data.scenes.world import Scene

_HELD = frozenset({"hold", "read", "fly"})


class Frame(NamedTuple):
    """The position of a sprite's box on the canvas, in pixels; `unit` pixels are one image unit."""

    left: float
    top: float
    width: float
    height: float
    unit: float
    mirrored: bool

    def points(self, numbers: Iterable[float]) -> list[tuple[float, float]]:
        """Return box coordinates (0 to 100) as pixels of the canvas."""
        values = list(numbers)
        return [
            (
                self.left + (100 - x if self.mirrored else x) / 100 * self.width,
                self.top + y / 100 * self.height,
            )
            for x, y in zip(values[::2], values[1::2], strict=True)
        ]

    def shifted(self, x: float, y: float) -> "Frame":
        """Return the frame on a canvas whose origin is at (x, y) of this one."""
        return self._replace(left=self.left - x, top=self.top - y)


def back_to_front(scene: Scene) -> Iterator[tuple[int, str]]:
    """Yield the things from back to front, each with its pose."""
    carried: dict[int, list[int]] = {}
    for index, thing in enumerate(scene.things):
        if thing.link in {"wear", "hold", "read"}:
            carried.setdefault(thing.host, []).append(index)
    holders = {thing.host for thing in scene.things if thing.link in _HELD}
    containers = {thing.host for thing in scene.things if thing.link == "in"}
    order = sorted(
        (i for i, thing in enumerate(scene.things) if thing.link not in {"wear", "hold", "read"}),
        key=lambda i: (scene.things[i].ground, scene.things[i].base, i),
    )
    for index in order:
        if index in containers:
            yield index, "front" if has_sprite(scene.things[index].kind, "front") else "*"
            continue
        if scene.things[index].link == "in" and scene.things[index - 1].link != "in":
            yield scene.things[index].host, "holder"
        pose = "hold" if index in holders else scene.things[index].pose
        yield index, pose
        for other in carried.get(index, ()):
            thing = scene.things[other]
            sits = "worn sit" if thing.pose == "sit" else "worn"
            special = sits if thing.kind == "hat" else thing.pose
            yield other, "held" if thing.link == "read" else special
