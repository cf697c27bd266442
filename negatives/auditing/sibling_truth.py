"""Truth without readers: what a held-out caption of the image says of a negative's words. Pure.

For each negative, a caption that no step of the build has seen is checked: does it mention what the
edit inserted, and what the edit removed? The removed words are true, so the second share tells how
often another writer mentions a true word; the first share divided by the second estimates how often
negatives are still true. A word may also be mentioned of another thing in the image; how often that
happens by chance is measured with a caption of another image.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from data.measures.intervals import Interval, mean_interval, share_interval
from negatives.grammar.facts import Fact, core_of, facts_of
from negatives.guards.content import KIND, lemma_of
from negatives.parse import Parse
from negatives.words.lexicon import Lexicon

FEWEST = 10  # answers needed for a figure
_BY_FACT = frozenset(("swap", "rel", "num", "shuffle", "rewrite", "unknown"))


class Assertions(NamedTuple):
    """What a caption asserts: (part of speech, lemma) of its content words, and its facts."""

    words: frozenset[tuple[str, str]]
    facts: frozenset[Fact]


class Change(NamedTuple):
    """What a negative asserts and its caption does not, and vice versa."""

    inserted: Assertions
    removed: Assertions


class Answer(NamedTuple):
    """Whether a held-out caption mentions what was inserted, and what was removed.

    `chance`: whether a caption of another image mentions what was inserted.
    """

    kind: str
    image: int
    inserted: bool
    removed: bool
    chance: bool


class Truth(NamedTuple):
    """Shares of answers, and `still_true`: the share of inserted over that of removed words."""

    num_answers: int
    inserted: Interval
    removed: Interval
    chance: Interval
    still_true: Interval


def assertions_of(parse: Parse, lexicon: Lexicon) -> Assertions:
    """Return what a caption asserts."""
    words = frozenset(
        (KIND[token.tag], lemma_of(token.text, token.tag, lexicon))
        for token in parse.tokens
        if token.tag in KIND
    )
    return Assertions(words, facts_of(parse, lexicon))


def change_of(caption: Assertions, negative: Assertions) -> Change:
    """Return what differs between a caption and its negative."""
    return Change(
        Assertions(negative.words - caption.words, negative.facts - caption.facts),
        Assertions(caption.words - negative.words, caption.facts - negative.facts),
    )


def find_in_held_out(
    change: Change, held_out: Assertions, *, by_fact: bool
) -> tuple[bool, bool] | None:
    """Tell whether a held-out caption mentions what was inserted and what was removed.

    Compares words where the edit replaces one word by another, and facts where the words stay and
    their links change, or where a word means little without them ("on", "two"). None if the change
    cannot be checked because nothing is inserted, or nothing removed.
    """
    if by_fact:
        new, old = core_of(change.inserted.facts), core_of(change.removed.facts)
        if not new or not old:
            return None
        facts = core_of(held_out.facts)
        return bool(new & facts), bool(old & facts)
    if not change.inserted.words or not change.removed.words:
        return None
    return (
        bool(change.inserted.words & held_out.words),
        bool(change.removed.words & held_out.words),
    )


def by_fact(type_: str, subtype: str) -> bool:
    """Tell whether negatives of a kind are checked by facts."""
    return type_ in _BY_FACT or subtype in _BY_FACT


def truth_of(answers: Sequence[Answer]) -> Truth | None:
    """Return the shares of answers; None if too few, or if no caption mentions what was removed."""
    if len(answers) < FEWEST:
        return None
    images = np.array([answer.image for answer in answers], np.int64)
    inserted, removed, chance = (
        np.array([getattr(answer, name) for answer in answers], np.float64)
        for name in ("inserted", "removed", "chance")
    )
    if not removed.any():
        return None
    return Truth(
        len(answers),
        share_interval(inserted, images),
        share_interval(removed, images),
        share_interval(chance, images),
        ratio_interval(inserted, removed, images),
    )


def ratio_interval(
    above: np.ndarray[tuple[int], np.dtype[np.float64]],
    below: np.ndarray[tuple[int], np.dtype[np.float64]],
    groups: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> Interval:
    """Return the ratio of two sums with its interval, by linearisation over groups.

    The residual above - ratio * below, divided by the mean of `below`, has the ratio's variance.
    """
    ratio = float(above.sum() / below.sum())
    residual = (above - ratio * below) / float(below.mean())
    around = mean_interval(residual, groups)
    return Interval(ratio, max(0.0, ratio + around.low), ratio + around.high)


def by_kind(answers: Iterable[Answer]) -> Mapping[str, Truth]:
    """Return the truth of each kind with enough answers, and of all."""
    found: dict[str, list[Answer]] = {"all": []}
    for answer in answers:
        found["all"].append(answer)
        found.setdefault(answer.kind, []).append(answer)
    truths = {kind: truth_of(group) for kind, group in sorted(found.items())}
    return {kind: truth for kind, truth in truths.items() if truth is not None}
