"""The counts of a block: n-grams of words and classes, pairs, words of one caption."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.captions import ORDER, PADDING, IndexedCaption
from negatives.fluency.counts import Folds, Kind, Tally, tally_of
from negatives.fluency.words import END, Hashes, Words, hash_of

NGRAM = tuple(Kind(f"{order}-gram") for order in range(1, ORDER + 1))
TOTAL = Kind("all words")
CLASS_BEFORE = Kind("class, word")
CLASS_AFTER = Kind("word, class")
PAIR = Kind("relation, head, dependant")
HEAD = Kind("relation, head")
DEPENDANT = Kind("relation, dependant")
RELATION = Kind("relation")
PAIR_CLASS = Kind("relation, head, class of dependant")
DEPENDANT_CLASS = Kind("relation, class of dependant")
CLASS_PAIR = Kind("relation, class of head, dependant")
HEAD_CLASS = Kind("relation, class of head")
BESIDE = Kind("two words of one caption")
PRESENT = Kind("word in two of one caption")
ALL_BESIDE = Kind("all two words of one caption")


def ngram_keys(hashes: Hashes) -> list[Hashes]:
    """Return the keys of the n-grams that end at each position along the last axis, by order.

    Those of the first `order - 1` positions reach beyond the row and are meaningless.
    """
    return [
        kind.keys(*(np.roll(hashes, back, axis=-1) for back in range(order)))
        for order, kind in enumerate(NGRAM, start=1)
    ]


def tally_block(views: Sequence[IndexedCaption], folds: Sequence[int], words: Words) -> Tally:
    """Return the counts of a block of captions with their folds."""
    rows = [view.row for view in views]
    lengths = np.array([len(row) for row in rows], np.int64)
    ids = np.array([word for row in rows for word in row], np.int64)
    fold_of_caption = np.array(folds, np.uint8)
    fold = np.repeat(fold_of_caption, lengths)
    starts = np.cumsum(lengths) - lengths
    hashes, classes = words.hashes()[ids], words.class_hashes()[ids]
    counted = np.ones(len(ids), bool)  # all positions except the first start marks
    for index in range(PADDING - 1):
        counted[starts + index] = False
    after = counted.copy()
    after[starts + PADDING - 1] = False  # a start mark is not a word
    parts: list[tuple[Hashes, Folds]] = [
        (keys[counted], fold[counted]) for keys in ngram_keys(hashes)
    ]
    parts.append((TOTAL.keys(np.zeros(int(after.sum()), np.uint64)), fold[after]))
    before = np.roll(classes, 1)
    parts.append((CLASS_BEFORE.keys(before, hashes)[after], fold[after]))
    parts.append((CLASS_BEFORE.keys(before)[after], fold[after]))
    ending = counted & (ids != END)
    following = np.roll(classes, -1)
    parts.append((CLASS_AFTER.keys(hashes, following)[ending], fold[ending]))
    parts.append((CLASS_AFTER.keys(following)[ending], fold[ending]))
    parts += _pair_parts(views, fold_of_caption, words)
    parts += _beside_parts(views, fold_of_caption, words)
    return tally_of(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def relation_hashes(names: Sequence[str]) -> Hashes:
    """Return the hash of each relation's name."""
    known = {name: hash_of(name) for name in set(names)}
    return np.array([known[name] for name in names], np.uint64)


def _pair_parts(
    views: Sequence[IndexedCaption], folds: NDArray[np.uint8], words: Words
) -> list[tuple[Hashes, Folds]]:
    pairs = [(view, pair) for view in views for pair in view.pairs]
    fold = np.repeat(folds, [len(view.pairs) for view in views])
    relation = relation_hashes([pair.relation for _, pair in pairs])
    ids = np.array(
        [[view.row[view.position[end]] for end in pair[1:]] for view, pair in pairs], np.int64
    ).reshape(-1, 2)
    head, dependant = words.hashes()[ids].T
    head_class, dependant_class = words.class_hashes()[ids].T
    return [
        (PAIR_CLASS.keys(relation, head, dependant_class), fold),
        (DEPENDANT_CLASS.keys(relation, dependant_class), fold),
        (CLASS_PAIR.keys(relation, head_class, dependant), fold),
        (HEAD_CLASS.keys(relation, head_class), fold),
        (PAIR.keys(relation, head, dependant), fold),
        (HEAD.keys(relation, head), fold),
        (DEPENDANT.keys(relation, dependant), fold),
        (RELATION.keys(relation), fold),
    ]


def _beside_parts(
    views: Sequence[IndexedCaption], folds: NDArray[np.uint8], words: Words
) -> list[tuple[Hashes, Folds]]:
    lists = [list(combinations(sorted(content_ids(view)), 2)) for view in views]
    fold = np.repeat(folds, [len(found) for found in lists])
    ids = np.array([ids for found in lists for ids in found], np.int64).reshape(-1, 2)
    left, right = words.hashes()[ids].T
    return [
        (BESIDE.unordered_keys(left, right), fold),
        (PRESENT.keys(left), fold),
        (PRESENT.keys(right), fold),
        (ALL_BESIDE.keys(np.zeros(len(ids), np.uint64)), fold),
    ]


def content_ids(view: IndexedCaption) -> set[int]:
    """Return the numbers of a caption's content words."""
    return {view.row[view.position[index]] for index in view.content}
