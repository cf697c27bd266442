"""The statements of a caption: noun phrases with quantities. Pure."""

from collections.abc import Sequence
from typing import NamedTuple


class Quantity(NamedTuple):
    """A quantity from `low` to `high`; `bare` is a plural without a number word."""

    low: float
    high: float
    bare: bool = False


class Phrase(NamedTuple):
    """A noun phrase; `head` is "it" for a pronoun that refers to the subject."""

    quantity: Quantity
    head: str
    modifiers: tuple[str, ...]
    statements: "tuple[Statement, ...]" = ()


class Statement(NamedTuple):
    """A predicate: a relation to others, a verb with or without an object, or a quality.

    `kind` is relation, verb, passive or quality; `word` is a relation's name, a verb as written, an
    adjective, or "" for identity with the object ("is a dog").
    """

    kind: str
    word: str
    objects: tuple[Phrase, ...] = ()
    negated: bool = False


class Unparsed(ValueError):
    """The text is outside the grammar."""


def say(phrase: Phrase, statements: Sequence[Statement]) -> Phrase:
    """Return the phrase with more predicates."""
    return phrase._replace(statements=(*phrase.statements, *statements))


def none_of(phrase: Phrase) -> Phrase:
    """Return the negation of "there is": "there are not two dogs" is read as "no dogs"."""
    return phrase._replace(quantity=Quantity(0, 0))
