"""Replace a spatial relation by another of a closed class (SugarCrepe's "replace relation").

The classes and their exceptions are in negatives/tables/relations.txt. Besides the relation itself
the rule uses only words that stay unchanged in the negative (those on its left, and its object), so
the negative offers the same class.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from negatives.parse import Parse, Token
from negatives.slots import Slot, Substitutes

_DETERMINERS = frozenset(("DT", "PRP$", "CD", "PDT", "WP$"))
_NOUNS = frozenset(("NN", "NNS"))
_MAX_OBJECT_DISTANCE = 10  # tokens
_NO_WORDS: Final[frozenset[str]] = frozenset()
_THING = "thing"  # the kind of an unlisted object
_ANY = "*"  # every kind of object


class _Phrase(NamedTuple):
    """A preposition of `num_words` words with single spaces between them."""

    text: str
    num_words: int


class Relations(NamedTuple):
    """The table.

    `phrases`: prepositions by their first word, longest first; `others`: the rest of a
    preposition's class, by kind of object and preposition; `kinds`: the kind of an object, by word
    form; `after`: the left neighbours that exclude a relation; `unless`: the words anywhere on the
    left that do, by kind of object (or any) and preposition.
    """

    phrases: Mapping[str, tuple[_Phrase, ...]]
    others: Mapping[tuple[str, str], tuple[str, ...]]
    kinds: Mapping[str, str]
    after: frozenset[str]
    unless: Mapping[tuple[str, str], frozenset[str]]


class _PrepositionSpan(NamedTuple):
    """A preposition at tokens `first` to `last` (inclusive)."""

    first: int
    last: int
    phrase: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplaceRelation:
    """ "a cat on the table" -> "a cat under the table".

    One slot per preposition that has a class before its object, a common noun with a determiner (or
    a plural). Prepositions of several words are matched whole, longest first.
    """

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each relation."""
        table = relations()
        lowered = parse.text.lower()
        if len(lowered) != len(parse.text):
            return  # a letter whose lower case has another length would shift the offsets
        past = 0
        for index, token in enumerate(parse.tokens):
            phrases = table.phrases.get(token.text.lower())
            if phrases is None or index < past:
                continue
            target = _place(parse.tokens, index, lowered, phrases)
            if target is not None:
                past = target.last + 1
                others = _others(parse.tokens, target, table)
                if others:
                    yield _slot(token.start, parse.tokens[target.last].end, others)


def _place(
    tokens: tuple[Token, ...], first: int, lowered: str, phrases: tuple[_Phrase, ...]
) -> _PrepositionSpan | None:
    """Return the longest phrase that matches here, token for token."""
    start = tokens[first].start
    for text, num_words in phrases:
        last = first + num_words - 1
        if (
            lowered.startswith(text, start)
            and last < len(tokens)
            and tokens[last].end == start + len(text)
        ):
            return _PrepositionSpan(first, last, text)
    return None


def _others(
    tokens: tuple[Token, ...], target: _PrepositionSpan, table: Relations
) -> tuple[str, ...]:
    """Return the possible substitutes: none for a particle or an idiom."""
    first, last, phrase = target
    token = tokens[first]
    if first == last and (token.dep != "prep" or token.tag != "IN"):
        return ()
    if first > 0 and (
        tokens[first - 1].tag == "TO" or tokens[first - 1].text.lower() in table.after
    ):
        return ()
    thing = _object(tokens, last)
    if thing is None or thing.pos != "NOUN" or thing.tag not in _NOUNS:
        return ()
    if tokens[last + 1].tag not in _DETERMINERS and thing.tag != "NNS":
        return ()
    kind = table.kinds.get(thing.text.lower(), _THING)
    if _is_excluded(tokens[:first], kind, phrase, table):
        return ()
    return table.others.get((kind, phrase), ())


def _is_excluded(before: tuple[Token, ...], kind: str, phrase: str, table: Relations) -> bool:
    """Tell whether a word on the left excludes a preposition before an object of a kind."""
    words = table.unless.get((kind, phrase), _NO_WORDS) | table.unless.get(
        (_ANY, phrase), _NO_WORDS
    )
    return bool(words) and any(token.text.lower() in words for token in before)


def _object(tokens: tuple[Token, ...], preposition: int) -> Token | None:
    """Return the head of the noun phrase that a preposition governs."""
    for token in tokens[preposition + 1 : preposition + 1 + _MAX_OBJECT_DISTANCE]:
        if token.head == preposition and token.dep == "pobj":
            return token
    return None


def _slot(start: int, end: int, others: tuple[str, ...]) -> Slot:
    """Return the slot of the preposition at these characters."""
    return Slot("replace_relation", "replace", "rel", Substitutes(start, end, others))


@cache
def relations() -> Relations:
    """Return the table shipped with the package; read once per process."""
    path = files("negatives").joinpath("tables/relations.txt")
    return relations_of(path.read_text(encoding="utf-8"))


def relations_of(table: str) -> Relations:
    """Return the relations in a table with the layout of relations.txt.

    Raises:
        ValueError: a preposition is in two classes of a kind, an object in two kinds, or a line in
            no section.
    """
    others: dict[tuple[str, str], tuple[str, ...]] = {}
    kinds: dict[str, str] = {}
    after: set[str] = set()
    unless: dict[tuple[str, str], frozenset[str]] = {}
    section, kind = "", ""
    for line in filter(None, (raw.partition("#")[0].strip() for raw in table.splitlines())):
        if line.startswith("["):
            section, _, kind = line.strip("[]").partition(" ")
        elif section == "relations":
            _add_class(others, kind, tuple(member.strip() for member in line.split("|")))
        elif section == "objects":
            _add_objects(kinds, kind, line.split())
        elif section == "after":
            after.update(line.split())
        elif section == "unless":
            _add_exception(unless, line)
        else:
            raise ValueError(f"relations: this line is in no section: {line!r}")
    return Relations(
        phrases=_by_first_word({phrase for _, phrase in others}),
        others=others,
        kinds=kinds,
        after=frozenset(after),
        unless=unless,
    )


def _add_class(
    others: dict[tuple[str, str], tuple[str, ...]], kind: str, members: tuple[str, ...]
) -> None:
    """Add each member of a class with the others."""
    for member in members:
        if (kind, member) in others:
            raise ValueError(f"relations: {member!r} is in two classes of {kind!r}")
        others[kind, member] = tuple(other for other in members if other != member)


def _add_exception(unless: dict[tuple[str, str], frozenset[str]], line: str) -> None:
    """Add words that exclude phrases before objects of a kind: "kind: phrase | phrase: words"."""
    if line.count(":") != 2:
        raise ValueError(f"relations: expected KIND: PHRASES: WORDS, found {line!r}")
    kind, phrases, words = line.split(":")
    for phrase in phrases.split("|"):
        key = kind, phrase.strip()
        unless[key] = unless.get(key, _NO_WORDS) | frozenset(words.split())


def _add_objects(kinds: dict[str, str], kind: str, nouns: list[str]) -> None:
    """Add nouns of a kind, with their plurals in -s (a form that is not a word is harmless)."""
    for noun in nouns:
        for form in (noun, f"{noun}s"):
            if kinds.setdefault(form, kind) != kind:
                raise ValueError(
                    f"relations: {form!r} is of the kinds {kinds[form]!r} and {kind!r}"
                )


def _by_first_word(texts: set[str]) -> dict[str, tuple[_Phrase, ...]]:
    """Return the phrases by their first word, longest first."""
    found: dict[str, tuple[_Phrase, ...]] = {}
    for text in sorted(texts, key=lambda text: (-len(text), text)):
        first, *rest = text.split(" ")
        found[first] = (*found.get(first, ()), _Phrase(text, 1 + len(rest)))
    return found
