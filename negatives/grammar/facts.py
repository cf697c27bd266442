"""The facts that a caption asserts, independent of their order. Pure.

A fact is a relation between two words: ("amod", car, red), ("nsubj", ride, man), ("on", man,
bench), ("num", dog, two). Coordination is dissolved: its parts have the role of the first; a
passive's subject is the verb's object, its agent the subject. "with", "wearing", "has" and "in" all
mean that somebody has something.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from negatives.parse import Parse, Token
from negatives.words.lexicon import Lexicon

_RELATIONS = frozenset((
    "nsubj", "dobj", "amod", "compound", "nummod", "attr", "acomp", "prt", "xcomp", "poss",
    "dative",
))  # fmt: skip
_HEADED = frozenset(("amod", "nsubj", "dobj", "num", "acomp", "attr"))
_ADVERBIAL = frozenset(("prep", "advmod"))
_HAVING = frozenset(("with", "wear", "have", "in"))
_JOINED = frozenset(("conj", "appos"))
_ANYONE = frozenset(("some", "other", "others", "one", "another", "somebody", "someone"))
_SHARING = frozenset(("advcl", "conj", "xcomp", "pcomp"))
_NAMES_OF_NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_NUMBERS = {str(number): name for number, name in enumerate(_NAMES_OF_NUMBERS)}


class Fact(NamedTuple):
    """A relation of a head and a dependant, by lemma (or by token, before lemmas are filled in)."""

    relation: str
    head: str
    dependant: str


class Link(NamedTuple):
    """A fact by the positions of its words among a caption's tokens."""

    relation: str
    head: int
    dependant: int


def facts_of(parse: Parse, lexicon: Lexicon) -> frozenset[Fact]:
    """Return the facts that a caption asserts."""
    lemmas = lemmas_of(parse, lexicon)
    return frozenset(fact_of(link, lemmas) for link in links_of(parse, lexicon))


def core_of(facts: Iterable[Fact]) -> frozenset[tuple[str, str]]:
    """Return facts, without the heads of locations ("man on bench").

    "On the bench" may depend on the man, on "sits" or on nothing: the preposition and its noun are
    the fact. For adjectives, verbs and numbers the head matters.
    """
    return frozenset(
        (
            f"{fact.relation} {fact.head}" if fact.relation in _HEADED else fact.relation,
            fact.dependant,
        )
        for fact in facts
        if fact.relation != "compound"
    )


def lemmas_of(parse: Parse, lexicon: Lexicon) -> list[str]:
    """Return each token's name in a fact; words for unspecified people are merged."""
    return [_name_of(token, lexicon) for token in parse.tokens]


def _name_of(token: Token, lexicon: Lexicon) -> str:
    lower = token.text.lower()
    if lower in _ANYONE and token.tag != "CD" and token.dep != "nummod":
        return "someone"
    return _NUMBERS.get(lower, lexicon.lemma(lower, token.tag))


def fact_of(link: Link, lemmas: list[str]) -> Fact:
    """Return a link by lemma; all forms of having become one."""
    relation, head, dependant = link.relation, lemmas[link.head], lemmas[link.dependant]
    if relation == "dobj" and head in _HAVING:
        return Fact("has", "", dependant)
    return Fact(relation, head, dependant)


def links_of(parse: Parse, lexicon: Lexicon) -> list[Link]:
    """Return the links of a caption, with coordinated words linked separately."""
    tokens = parse.tokens
    parts = _coordinations(tokens)
    links: list[Link] = []
    for index, token in enumerate(tokens):
        for relation, head in _heads_of(tokens, index):
            same = _members(parts, head) if token.dep == "nsubj" else (head,)
            links += [Link(relation, above, index) for above in same]
        if token.dep in _JOINED:
            first = _first(tokens, index)
            links += [Link(relation, head, index) for relation, head in _heads_of(tokens, first)]
    return _with_havings(links, tokens, lexicon)


def _heads_of(tokens: tuple[Token, ...], index: int) -> Iterator[tuple[str, int]]:
    """Yield the relations of a token to its heads, with prepositions as relations."""
    token = tokens[index]
    dep = token.dep
    if dep == "pobj":
        preposition = tokens[token.head]
        if preposition.dep == "agent":
            yield "nsubj", preposition.head
        elif preposition.head != token.head:
            yield _preposition_name(tokens, token.head)
    elif dep == "nsubjpass":
        yield "dobj", token.head
    elif dep in _RELATIONS:
        yield ("num" if dep == "nummod" else dep), token.head


def _preposition_name(tokens: tuple[Token, ...], preposition: int) -> tuple[str, int]:
    """Return the name of a preposition, with "next to" as one, and the token that it locates."""
    name, governor = tokens[preposition].text.lower(), tokens[preposition].head
    while tokens[governor].dep in _ADVERBIAL and tokens[governor].head != governor:
        name = f"{tokens[governor].text.lower()} {name}"
        governor = tokens[governor].head
    return name, governor


def _with_havings(links: list[Link], tokens: tuple[Token, ...], lexicon: Lexicon) -> list[Link]:
    """Add the subjects of participles, and turn having and wearing into "has"."""
    found = list(links)
    for index, token in enumerate(tokens):
        if token.dep in ("acl", "relcl") and token.head != index:
            passive = token.tag == "VBN" and token.dep == "acl"
            found.append(Link("dobj" if passive else "nsubj", index, token.head))
    owner = {link.head: link.dependant for link in found if link.relation == "nsubj"}
    for index, token in enumerate(tokens):  # "stands wearing a hat", "sits and reads"
        if index not in owner and token.dep in _SHARING and token.head in owner:
            owner[index] = owner[token.head]
            found.append(Link("nsubj", index, owner[index]))
    result: list[Link] = []
    for relation, head, dependant in found:
        verb = lexicon.lemma(tokens[head].text.lower(), tokens[head].tag)
        if relation == "dobj" and verb in _HAVING and head in owner:
            result.append(Link("has", owner[head], dependant))
        elif relation == "nsubj" and verb in _HAVING:
            continue
        elif relation in ("with", "in") and tokens[head].pos in ("NOUN", "PROPN"):
            result.append(Link("has", head, dependant))
        else:
            result.append(Link(relation, head, dependant))
    return result


def _coordinations(tokens: tuple[Token, ...]) -> dict[int, list[int]]:
    """Return the members of each coordination by its first member."""
    parts: dict[int, list[int]] = {}
    for index, token in enumerate(tokens):
        if token.dep in _JOINED:
            parts.setdefault(_first(tokens, index), []).append(index)
    return parts


def _members(parts: dict[int, list[int]], first: int) -> tuple[int, ...]:
    return (first, *parts.get(first, ()))


def _first(tokens: tuple[Token, ...], index: int) -> int:
    """Return the first member of a word's coordination."""
    seen: set[int] = set()
    while tokens[index].dep in _JOINED and index not in seen:
        seen.add(index)
        index = tokens[index].head
    return index


class Span(NamedTuple):
    """A part that a swap moves: tokens `first` to `last`, its head at `root`."""

    first: int
    last: int
    root: int


def after_swap(links: list[Link], left: Span, right: Span) -> list[Link]:
    """Return the links after two parts are swapped.

    Links inside a part move with it; links to the outside go to the other part's head.
    """
    moved = {left.root: right.root, right.root: left.root}
    spans = (left, right)

    def at(index: int, other: int) -> int:
        inside = any(span.first <= index <= span.last >= other >= span.first for span in spans)
        return index if inside else moved.get(index, index)

    return [
        Link(relation, at(head, dependant), at(dependant, head))
        for relation, head, dependant in links
    ]


_MUTUAL = frozenset(
    ("with", "beside", "near", "alongside", "by", "next to", "close to", "along with")
)
_MEETING = frozenset(("talk", "speak", "chat", "look", "stare", "gaze", "smile"))
"""Actions that are usually mutual."""
_EQUALS = "beside"
_ROUNDS = 4


def signature(links: list[Link], lemmas: list[str]) -> Counter[str]:
    """Return a signature of the links that ignores which of two things with one name is which.

    Two captions have the same signature if the graphs of their facts are equal up to the numbering
    of tokens (as far as Weisfeiler-Leman refinement can tell, which is exact for trees). If
    somebody does something with somebody, both do it.
    """
    names = dict.fromkeys({end for link in links for end in link[1:]}, "")
    names = {index: lemmas[index] for index in names}
    acting = {link.head for link in links if link.relation == "nsubj"}
    edges = [
        Link(
            _as_equals(link.relation, lemmas[link.head], acts=link.head in acting),
            link.head,
            link.dependant,
        )
        for link in links
    ]
    for _ in range(_ROUNDS):
        around: dict[int, list[str]] = {index: [] for index in names}
        for relation, head, dependant in edges:
            mark = ">" if relation == _EQUALS else "<"
            around[head].append(f">{relation} {names[dependant]}")
            around[dependant].append(f"{mark}{relation} {names[head]}")
        names = {
            index: _digest(" | ".join((name, *sorted(around[index]))))
            for index, name in names.items()
        }
    return Counter(names.values())


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


def _as_equals(relation: str, head: str, *, acts: bool) -> str:
    """Return the relation of equals: the subject's for mutual acts, else a shared one."""
    if relation not in _MUTUAL and not (relation in {"to", "at"} and head in _MEETING):
        return relation
    return "nsubj" if acts else _EQUALS


def says_the_same(links: list[Link], lemmas: list[str], left: Span, right: Span) -> bool:
    """Tell whether a swap of two parts leaves the caption's facts unchanged."""
    return signature(links, lemmas) == signature(after_swap(links, left, right), lemmas)
