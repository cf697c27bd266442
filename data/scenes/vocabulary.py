"""The words of the world, read once from the tables next to this file. Pure.

A table has one record per line, fields separated by "|"; "-" is an empty field, "#" starts a
comment.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from data.streams import Stream


class Kind(NamedTuple):
    """A kind of thing; `width` and `height` in image units (see world.py).

    `names`: nouns that are true of every thing of the kind; `maybe`: nouns that its image does not
    decide. `roles`: its possible roles in a scene.
    """

    name: str
    plural: str
    width: float
    height: float
    names: frozenset[str]
    maybe: frozenset[str]
    colours: tuple[str, ...]
    finishes: tuple[str, ...]
    roles: frozenset[str]
    places: frozenset[str]


class Setting(NamedTuple):
    """A place or a sky: its names, what is visible in it, phrases that are true of it."""

    name: str
    weight: float
    names: frozenset[str]
    maybe: frozenset[str]
    things: tuple[str, ...]
    phrases: tuple[str, ...]


class Verb(NamedTuple):
    """A verb; `implies` are lemmas that follow from it, `maybe` those that may be true."""

    lemma: str
    finite: str
    participle: str
    passive: str
    implies: frozenset[str]
    maybe: frozenset[str]


def table(name: str) -> Iterator[list[str]]:
    """Yield the records of a table of this package, an empty string for an empty field."""
    for line in files(__package__).joinpath(name).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield ["" if field.strip() == "-" else field.strip() for field in line.split("|")]


@cache
def kinds() -> Mapping[str, Kind]:
    """Return the kinds of things, by name."""
    return {
        name: Kind(
            name,
            plural,
            float(width),
            float(height),
            frozenset((name, "thing", "object", *names.split())),
            frozenset(maybe.split()),
            tuple(colours.split()),
            tuple(finishes.split()),
            frozenset(roles.split()),
            frozenset(where.split()),
        )
        for name, plural, width, height, names, maybe, colours, finishes, roles, where in table(
            "kinds.txt"
        )
    }


@cache
def places() -> Mapping[str, Setting]:
    """Return the places, by name."""
    return {
        name: Setting(
            name,
            float(weight),
            frozenset((name, *names.split())),
            frozenset(maybe.split()),
            (),
            tuple(phrase.strip() for phrase in phrases.split(";")),
        )
        for name, weight, names, maybe, phrases in table("places.txt")
    }


@cache
def skies() -> Mapping[str, Setting]:
    """Return the times of day, by name."""
    return {
        name: Setting(
            name,
            float(weight),
            frozenset((name, *names.split())),
            frozenset(maybe.split()),
            tuple(things.split()),
            tuple(phrase.strip() for phrase in phrases.split(";")),
        )
        for name, weight, names, maybe, things, phrases in table("skies.txt")
    }


@cache
def colours() -> Mapping[str, tuple[int, int, int]]:
    """Return each colour's red, green and blue (0 to 255)."""
    return {name: _rgb(rgb) for name, rgb, _ in table("colours.txt")}


def _rgb(text: str) -> tuple[int, int, int]:
    red, green, blue = (int(part) for part in text.split())
    return red, green, blue


@cache
def is_held_out(kind: str, colour: str) -> bool:
    """Tell whether a combination is in the tenth that `Scenes.hold_out` leaves out.

    Kinds with fewer than four colours keep all of them, or colour would identify the kind.
    """
    several = len(kinds()[kind].colours) > 3 and colour != ""
    return several and Stream("held out", kind, colour).chance(0.1)


@cache
def verbs() -> Mapping[str, Verb]:
    """Return the verbs, by lemma."""
    return {
        lemma: Verb(
            lemma,
            finite,
            participle,
            passive,
            frozenset((lemma, *implies.split())),
            frozenset(maybe.split()),
        )
        for lemma, finite, participle, passive, implies, maybe in table("verbs.txt")
    }
