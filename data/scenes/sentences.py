"""Sentences about a scene, in parts that can be changed one at a time. Pure.

A text is assembled from its parts, so a false text differs from a true one only in the changed
part. `data.scenes.truth` decides whether it is true; undecided texts are not used.
"""

from typing import NamedTuple

from data.scenes.facts import WORDING
from data.scenes.phrases import NUMBERS, article
from data.scenes.vocabulary import kinds, verbs
from data.scenes.world import Thing

Group = tuple[Thing, ...]

INVERSES = {"left": "right", "right": "left", "front": "behind", "behind": "front"}


class Noun(NamedTuple):
    """A number of things of a kind, such as "two big red balls"; 0 is "no ball"."""

    kind: str
    number: int = 1
    size: str = ""
    colour: str = ""
    finish: str = ""

    @property
    def text(self) -> str:
        """Return the words."""
        kind = kinds()[self.kind]
        said = [part for part in (self.size, self.colour, self.finish) if part]
        words = " ".join([*said, kind.plural if self.number > 1 else kind.name])
        return article(words) if self.number == 1 else f"{NUMBERS[self.number]} {words}"


class Sentence(NamedTuple):
    """Things, a verb or relation, and its objects; a list if `word` is empty.

    `word`: a relation of WORDING, a lemma of verbs(), or "".
    """

    things: tuple[Noun, ...]
    word: str = ""

    @property
    def text(self) -> str:
        """Return the sentence."""
        first, *others = self.things
        if not self.word:
            listed = " and ".join(noun.text for noun in self.things)
            return f"There {_is(first)} {listed}."
        words = WORDING[self.word][0] if self.word in WORDING else verbs()[self.word].participle
        objects = "".join(f" {noun.text}" for noun in others)
        return f"{_add_opening(first.text)} {_is(first)} {words}{objects}."


def noun_of(group: Group, *, plain: bool = False) -> Noun:
    """Return a group's name with all visible attributes, or only its kind if `plain`."""
    thing = group[0]
    if plain:
        return Noun(thing.kind, len(group))
    return Noun(thing.kind, len(group), thing.size, thing.colour, thing.finish)


def _is(noun: Noun) -> str:
    return "are" if noun.number > 1 else "is"


def _add_opening(text: str) -> str:
    first = text[0]
    return f"{first.upper()}{text.removeprefix(first)}"
