"""The content of an image's other captions. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from data.records import Caption
from data.texts import normalise
from negatives.guards.content import ADJECTIVE, JOINS_NOUN, KIND, NOUN, NUMBER, VERB, lemma_of
from negatives.parse import Parse
from negatives.words.lexicon import Lexicon

_NONE: frozenset[str] = frozenset()


class Siblings(NamedTuple):
    """The content of captions, usually the other captions of an image.

    `texts`: normalised. `lemmas`: of nouns, verbs, adjectives and numbers (2 as "two"), and of
    nouns with the word or two before them ("fire hydrant", "red car"). `nouns`, `verbs` and
    `adjectives`: the single lemmas of each. `parses`: of the captions themselves.
    """

    texts: frozenset[str] = _NONE
    lemmas: frozenset[str] = _NONE
    nouns: frozenset[str] = _NONE
    verbs: frozenset[str] = _NONE
    adjectives: frozenset[str] = _NONE
    parses: tuple[Parse, ...] = ()


NO_SIBLINGS = Siblings()


def siblings_of_each(parses: Sequence[Parse], lexicon: Lexicon) -> list[Siblings]:
    """Return for each of an image's captions the content of the others."""
    if len(parses) < 2:
        return [NO_SIBLINGS] * len(parses)
    all_siblings = [_content_of(parse, lexicon) for parse in parses]
    return [
        _unite(all_siblings[:index] + all_siblings[index + 1 :])
        for index in range(len(all_siblings))
    ]


def siblings_in(block: Sequence[tuple[Caption, Parse]], lexicon: Lexicon) -> list[Siblings]:
    """Return for each caption of a block the content of its image's other captions."""
    by_image: dict[str, list[int]] = {}
    for index, (caption, _) in enumerate(block):
        if caption.image:
            by_image.setdefault(caption.image, []).append(index)
    siblings = [NO_SIBLINGS] * len(block)
    for group in by_image.values():
        all_siblings = siblings_of_each([block[index][1] for index in group], lexicon)
        for index, others in zip(group, all_siblings, strict=True):
            siblings[index] = others
    return siblings


def siblings_of(parses: Iterable[Parse], lexicon: Lexicon) -> Siblings:
    """Return the content of these captions."""
    return _unite([_content_of(parse, lexicon) for parse in parses])


def _unite(all_siblings: Sequence[Siblings]) -> Siblings:
    return Siblings(
        _NONE.union(*[each.texts for each in all_siblings]),
        _NONE.union(*[each.lemmas for each in all_siblings]),
        _NONE.union(*[each.nouns for each in all_siblings]),
        _NONE.union(*[each.verbs for each in all_siblings]),
        _NONE.union(*[each.adjectives for each in all_siblings]),
        tuple([parse for each in all_siblings for parse in each.parses]),
    )


def _content_of(parse: Parse, lexicon: Lexicon) -> Siblings:
    lemmas: dict[str, list[str]] = {NOUN: [], VERB: [], ADJECTIVE: [], NUMBER: []}
    compounds: list[str] = []
    before = earlier = ""
    for _, _, text, _, tag, _, _ in parse.tokens:
        kind = KIND.get(tag)
        if kind is None:
            before = earlier = ""
            continue
        lemma = lemma_of(text, tag, lexicon)
        lemmas[kind].append(lemma)
        if before and kind == NOUN:
            compounds.append(f"{before} {lemma}")
            if earlier:
                compounds.append(f"{earlier} {before} {lemma}")
        earlier, before = before, text.lower() if tag in JOINS_NOUN else ""
    nouns, verbs, adjectives = lemmas[NOUN], lemmas[VERB], lemmas[ADJECTIVE]
    return Siblings(
        frozenset((normalise(parse.text),)),
        frozenset(compounds + nouns + verbs + adjectives + lemmas[NUMBER]),
        frozenset(nouns),
        frozenset(verbs),
        frozenset(adjectives),
        (parse,),
    )
