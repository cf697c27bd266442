"""Which captions are joined: those of two images that have no noun in common. Pure."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from data.records import Caption
from data.streams import Stream
from negatives.composing.templates import clause_of, says_places
from negatives.guards.content import KIND, NOUN, lemma_of
from negatives.guards.siblings import Siblings
from negatives.guards.tables import Pairs, overlaps
from negatives.parse import Parse
from negatives.words.lexicon import Lexicon

CLUSTER: Final = 64
MOST_TOKENS: Final = 44
"""Tokens of two captions; CLIP reads 75 of its own, about 1.3 to one of these, and the form's 8."""


class Said(NamedTuple):
    """What is said of an image: the nouns of a caption, and all nouns of all its captions."""

    nouns: frozenset[str]
    all_nouns: frozenset[str]


def said_of(parse: Parse, siblings: Siblings, lexicon: Lexicon) -> Said:
    """Return what a caption and the others of its image mention."""
    nouns = frozenset(
        lemma_of(token.text, token.tag, lexicon)
        for token in parse.tokens
        if KIND.get(token.tag) == NOUN
    )
    return Said(nouns, nouns | siblings.nouns)


def is_apart(said: Said, other: Said, learned: Pairs, lexicon: Lexicon) -> bool:
    """Tell whether a caption has a noun that stands for nothing that another caption mentions.

    "A person on a street" may be true of the image of "a man on a road". `learned`: pairs of words
    that captions of the corpus use for one thing.
    """
    return any(
        not any(
            overlaps().holds(noun, there, NOUN)
            or learned.holds(noun, there, NOUN)
            or lexicon.compatible(noun, there, NOUN)
            for there in other.nouns
        )
        for noun in said.nouns
    )


def misfit(parse: Parse) -> str | None:
    """Return why a caption cannot be part of a composite; None if it can."""
    if len(parse.tokens) > MOST_TOKENS - 4:
        return "too long for a composite"
    if clause_of(parse) is None:
        return "not one sentence"
    return "speaks of places or pictures" if says_places(parse) else None


def partners(  # noqa: PLR0913 - captions, and what is asked of two of them
    block: Sequence[tuple[Caption, Parse]],
    all_said: Sequence[Said],
    can_exchange: Callable[[int, int], bool],
    are_apart: Callable[[int, int], bool],
    num_partners: Callable[[int], int],
    *,
    seed: int,
) -> Iterator[tuple[int, int | None]]:
    """Yield the index of each suitable caption of a block with each partner's; None for no partner.

    `num_partners`: how many a caption should have. Images are put into an order drawn from their
    keys, and cut into clusters of about CLUSTER captions. A caption's partners are the next ones in
    its cluster that fit and have a word to exchange with it, then those that only fit, so that all
    are partners about equally often. Two captions fit if no noun of one is said of the other's
    image, and if `are_apart` (see `is_apart`): then neither is likely to be true of both images.

    A caption and its partner are not alike: the partner was chosen for it. So the order of the two
    in the text has to be drawn.

    Clusters share no image, so that an audit can train a reader on some and test it on others.
    """
    for cluster in _clusters(block, seed=seed):
        size = len(cluster)
        for place, index in enumerate(cluster):
            wanted = num_partners(index)
            tries = (cluster[(place + step) % size] for step in range(1, size if wanted else 1))
            fitting = [other for other in tries if _fit(block, all_said, index, other)]
            exchanging = (
                other for other in fitting if can_exchange(index, other) and are_apart(index, other)
            )
            found = list(islice(exchanging, wanted))
            only_fit = (
                other for other in fitting if other not in found and are_apart(index, other)
            )
            found += islice(only_fit, wanted - len(found))
            yield from ((index, other) for other in found)
            yield from [(index, None)] * (wanted - len(found))


def _clusters(block: Sequence[tuple[Caption, Parse]], *, seed: int) -> Iterator[list[int]]:
    """Yield the indices of suitable captions, image by image, in an order drawn from their keys."""
    by_image: dict[str, list[int]] = {}
    for index, (caption, parse) in enumerate(block):
        if misfit(parse) is None:
            by_image.setdefault(caption.image, []).append(index)
    cluster: list[int] = []
    for image in sorted(by_image, key=lambda key: Stream(seed, "composites", key).unit()):
        cluster += by_image[image]
        if len(cluster) >= CLUSTER:
            yield Stream(seed, "cluster", image).shuffled(cluster)
            cluster = []
    if cluster:
        yield Stream(seed, "cluster").shuffled(cluster)


def _fit(
    block: Sequence[tuple[Caption, Parse]], all_said: Sequence[Said], index: int, other: int
) -> bool:
    (here, parse), (there, other_parse) = block[index], block[other]
    said, other_said = all_said[index], all_said[other]
    return (
        here.image != there.image
        and len(parse.tokens) + len(other_parse.tokens) <= MOST_TOKENS
        and bool(said.nouns)
        and bool(other_said.nouns)
        and said.nouns.isdisjoint(other_said.all_nouns)
        and other_said.nouns.isdisjoint(said.all_nouns)
    )
