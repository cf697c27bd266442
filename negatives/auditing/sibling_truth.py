"""Truth without readers: what a held-out caption of the image says of a negative's words. Pure.

A caption that no step of the build has seen is asked two questions about each negative: does it
say what the edit put in, and does it say what the edit took out? The removed words are true, so
the second share tells how often a true word is said by another writer; the first, divided by it,
estimates how often a negative is still true. By chance alone a word may be said of another thing
in the image: the same question put to a caption of another image tells how often.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from data.measures.intervals import Interval, mean_interval, share_interval
from negatives.grammar.facts import Fact, core_of, facts_of
from negatives.guards.content import KIND, lemma_of
from negatives.parse import Parse
from negatives.words.lexicon import Lexicon

FEWEST = 10  # answers that a figure needs
_BY_FACT = frozenset(("swap", "rel", "num", "shuffle", "rewrite", "unknown"))


class Assertions(NamedTuple):
    """What a caption says: (part of speech, lemma) of its content words, and its facts."""

    words: frozenset[tuple[str, str]]
    facts: frozenset[Fact]


class Change(NamedTuple):
    """What a negative asserts and its caption does not, and the other way round."""

    inserted: Assertions
    removed: Assertions


class Answer(NamedTuple):
    """Whether a held-out caption says what was inserted, and what was removed.

    `chance`: whether a caption of another image says what was inserted.
    """

    kind: str
    image: int
    inserted: bool
    removed: bool
    chance: bool


class Truth(NamedTuple):
    """Shares of answers, and `still_true`: that of the inserted over that of the removed words."""

    num_answers: int
    inserted: Interval
    removed: Interval
    chance: Interval
    still_true: Interval


def assertions_of(parse: Parse, lexicon: Lexicon) -> Assertions:
    """Return what a caption says."""
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
    """Tell whether a held-out caption says what was inserted and what was removed.

    By words where the edit replaces a word by another; by facts where the words stay and their
    links change, or where a word says nothing without them ("on", "two"). None where the change
    cannot be asked about: nothing is inserted, or nothing removed.
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
    """Tell whether negatives of a kind are asked about by facts."""
    return type_ in _BY_FACT or subtype in _BY_FACT


def truth_of(answers: Sequence[Answer]) -> Truth | None:
    """Return the shares of answers; None where they are too few or nothing removed was said."""
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
    """Return the truth of each kind that has answers enough, and of all."""
    found: dict[str, list[Answer]] = {"all": []}
    for answer in answers:
        found["all"].append(answer)
        found.setdefault(answer.kind, []).append(answer)
    truths = {kind: truth_of(group) for kind, group in sorted(found.items())}
    return {kind: truth for kind, truth in truths.items() if truth is not None}
