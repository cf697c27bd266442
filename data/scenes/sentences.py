"""What can be said of a scene, in parts that can be changed one at a time. Pure.

A text is made of its parts, so a false one differs from a true one in the part that was changed.
Whether it is true is asked of `data.scenes.truth`; what that leaves open is not used.
"""

from typing import NamedTuple

from data.scenes.facts import WORDING
from data.scenes.phrases import NUMBERS, article
from data.scenes.vocabulary import kinds, verbs
from data.scenes.world import Thing

Group = tuple[Thing, ...]

INVERSES = {"left": "right", "right": "left", "front": "behind", "behind": "front"}


class Noun(NamedTuple):
    """So many things of a kind, as "two big red balls"; 0 of them is "no ball"."""

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
    """Things, what they do or where they are, and of which others; without a word: a list.

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
    """Return what a group is called, with all that is seen of it, or `plain`: by its kind alone."""
    thing = group[0]
    if plain:
        return Noun(thing.kind, len(group))
    return Noun(thing.kind, len(group), thing.size, thing.colour, thing.finish)


def _is(noun: Noun) -> str:
    return "are" if noun.number > 1 else "is"


def _add_opening(text: str) -> str:
    first = text[0]
    return f"{first.upper()}{text.removeprefix(first)}"
