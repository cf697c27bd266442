"""Sprites as data: shapes in a box, read once from sprites.txt. Pure."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Shape(NamedTuple):
    """One shape of a sprite; the head of sprites.txt describes the format."""

    name: str
    role: str
    numbers: tuple[float, ...]


@cache
def _sprites() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Return the lines of each sprite, split into words."""
    sprites: dict[str, list[tuple[str, ...]]] = {}
    lines: list[tuple[str, ...]] = []
    for line in files(__package__).joinpath("sprites.txt").read_text("utf-8").splitlines():
        if line.startswith("= "):
            lines = sprites.setdefault(line.removeprefix("= "), [])
        elif line and not line.startswith("#"):
            lines.append(tuple(line.split()))
    return {name: tuple(lines) for name, lines in sprites.items()}


@cache
def sprite(kind: str, pose: str) -> tuple[Shape, ...]:
    """Return a kind's shapes in a pose, or else its default shapes, in drawing order."""
    name = f"{kind} {pose}" if f"{kind} {pose}" in _sprites() else f"{kind} *"
    return _shapes(name)


def has_sprite(kind: str, pose: str) -> bool:
    """Tell whether a kind has shapes of its own for this pose."""
    return f"{kind} {pose}" in _sprites()


def _shapes(name: str) -> tuple[Shape, ...]:
    shapes: list[Shape] = []
    for words in _sprites()[name]:
        if words[0] == "use":
            shapes += _shapes(words[1])
        elif words[0] in {"line", "ring", "arc", "round"}:  # a width or a radius comes first
            shape, *numbers = words
            role = next(word for word in numbers if not _is_number(word))
            values = tuple(float(word) for word in numbers if _is_number(word))
            shapes.append(Shape(shape, role, values))
        else:
            shapes.append(Shape(words[0], words[1], tuple(float(word) for word in words[2:])))
    return tuple(shapes)


def _is_number(word: str) -> bool:
    return word.lstrip("-").replace(".", "", 1).isdecimal()
