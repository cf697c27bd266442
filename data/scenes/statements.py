"""What a caption states: phrases that say how many things something holds of. Pure."""

from collections.abc import Sequence
from typing import NamedTuple


class Quantity(NamedTuple):
    """How many: from `low` to `high`; `bare` is a plural without a word of number."""

    low: float
    high: float
    bare: bool = False


class Phrase(NamedTuple):
    """A noun phrase; `head` is "it" for a pronoun: the thing of which the phrase is said."""

    quantity: Quantity
    head: str
    modifiers: tuple[str, ...]
    statements: "tuple[Statement, ...]" = ()


class Statement(NamedTuple):
    """What is said of a thing: a relation to others, a verb with or without an object, a quality.

    `kind` is relation, verb, passive or quality; `word` a relation's name, a verb as it is written,
    an adjective, or "" for being what the object says ("is a dog").
    """

    kind: str
    word: str
    objects: tuple[Phrase, ...] = ()
    negated: bool = False


class Unparsed(ValueError):
    """The text is outside the grammar."""


def say(phrase: Phrase, statements: Sequence[Statement]) -> Phrase:
    """Return the phrase with more said of it."""
    return phrase._replace(statements=(*phrase.statements, *statements))


def none_of(phrase: Phrase) -> Phrase:
    """Return the contrary of "there is": "there are not two dogs" is taken as "no dogs"."""
    return phrase._replace(quantity=Quantity(0, 0))
