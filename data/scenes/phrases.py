"""Noun phrases for groups: "two small red balls", "a boy in a striped shirt". Pure."""

from typing import NamedTuple

from data.scenes.vocabulary import Kind, kinds
from data.scenes.world import Scene, Thing
from data.streams import Stream

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
_SIZE_WORDS = {"small": ("small", "small", "little", "tiny"), "big": ("big", "large", "large")}
_VOWELS = frozenset("aeiou")


class Named(NamedTuple):
    """A group's noun phrase; `plural` sets the form of the verb."""

    text: str
    plural: bool


def article(text: str) -> str:
    """Return the words after "a" or "an"."""
    return f"{'an' if text[0] in _VOWELS else 'a'} {text}"


def adjectives(stream: Stream, thing: Thing, *, needed: bool) -> list[str]:
    """Return the adjectives to use, in English order; `needed`: all that distinguish groups."""
    said: list[str] = []
    if thing.size and stream.chance(0.7):
        said.append(stream.choice(_SIZE_WORDS[thing.size]))
    finish = thing.finish if thing.finish and stream.chance(0.75) else ""
    colour = thing.colour if thing.colour and stream.chance(0.68) else ""
    if needed:
        finish, colour = thing.finish, thing.colour
    return said + [word for word in (colour, finish) if word]


class Namer:
    """Names the groups of one scene."""

    def __init__(self, stream: Stream, scene: Scene) -> None:
        self.stream = stream
        self.groups = scene.groups()
        self.things = scene.things

    def name(
        self, group: tuple[Thing, ...], *, loose: bool = False, undressed: bool = False
    ) -> Named:
        """Return a noun phrase that is true of this group only.

        `loose` allows inexact numbers: a bare plural, "several". `undressed` leaves out clothes,
        which a following "it" would refer to.
        """
        count = len(group)
        noun = self.noun(group)
        text = noun if undressed else f"{noun}{self.clothing(group)}"
        if count == 1:
            if self.stream.chance(0.05):
                return Named(f"one {text}", plural=False)
            return Named(article(text), plural=False)
        return Named(f"{self.number(count, loose=loose)}{text}", plural=True)

    def definite(self, group: tuple[Thing, ...]) -> Named:
        """Return a noun phrase with "the" that is true of this group only."""
        number = f"{NUMBERS[len(group)]} " if len(group) > 1 else ""
        return Named(f"the {number}{self.noun(group, plain=True)}", plural=len(group) > 1)

    def noun(self, group: tuple[Thing, ...], *, plain: bool = False) -> str:
        """Return the noun, singular or plural, with its adjectives."""
        thing = group[0]
        needed = any(
            other[0].kind == thing.kind and other[0].group != thing.group for other in self.groups
        )
        said = [] if plain and not needed else adjectives(self.stream, thing, needed=needed)
        kind = kinds()[thing.kind]
        return " ".join([*said, kind.plural if len(group) > 1 else kind.name])

    def number(self, count: int, *, loose: bool) -> str:
        """Return words for a number above one, with a trailing space."""
        stream = self.stream
        if stream.chance(0.07):
            return f"{count} "
        if count == 2 and stream.chance(0.12):
            return stream.choice(("a pair of ", "a couple of "))
        if loose and stream.chance(0.2):
            return "" if count == 2 or stream.chance(0.5) else "several "
        return f"{NUMBERS[count]} "

    def clothes_of(self, group: tuple[Thing, ...]) -> list[tuple[Thing, ...]]:
        """Return one thing of each group of garments and hats that the group wears."""
        return [
            other
            for other in self.groups
            if other[0].link == "wear" and self.things[other[0].host].group == group[0].group
        ]

    def clothing(self, group: tuple[Thing, ...]) -> str:
        """Return " in a red shirt", " wearing a hat" or nothing."""
        worn = self.clothes_of(group)
        if not worn or not self.stream.chance(0.4):
            return ""
        thing = self.stream.choice(worn)[0]
        before = (" with ", " wearing ") if thing.kind == "hat" else (" in ", " in ", " wearing ")
        return f"{self.stream.choice(before)}{self.garment(thing, plural=len(group) > 1)}"

    def garment(self, thing: Thing, *, plural: bool) -> str:
        """Return a phrase for a garment worn by one person or by each of several."""
        kind: Kind = kinds()[thing.kind]
        said = adjectives(self.stream, thing, needed=thing.kind != "hat")
        if plural:
            return " ".join([*said, kind.plural])
        return article(" ".join([*said, kind.name]))
