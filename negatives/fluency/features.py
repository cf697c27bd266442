"""What the corpus says of each candidate: features, from counts without the caption's fold.

Sums of log probabilities of the words of a window, under models of several orders and kinds, and
sums of associations of the pairs that change. Each model is smoothed towards the next simpler one
by a Dirichlet prior: p(w | context) = (c(context, w) + m p'(w)) / (c(context) + m).
"""

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.associations import (
    RARE,
    VOCABULARY,
    Columns,
    Floats,
    Ints,
    Source,
    add_beside,
    add_pairs,
    beside_of,
    counts_of,
    pairs_of,
)
from negatives.fluency.candidates import Block
from negatives.fluency.captions import ORDER, PADDING
from negatives.fluency.counting import (
    CLASS_AFTER,
    CLASS_BEFORE,
    CLASSES_BEFORE,
    TOTAL,
    ngram_keys,
)
from negatives.fluency.counts import Folds, Table
from negatives.fluency.words import PAD, Hashes

FEATURES = (
    *(f"{order}-gram" for order in range(1, ORDER + 1)),
    "class before",
    "classes before",
    "class after",
    "governor",
    "dependant",
    "as dependant",
    "as head",
    "class as dependant",
    "class as head",
    "beside",
    "unseen 2-grams",
    "unseen 3-grams",
    "unseen pairs",
    "unseen beside",
    "words",
    "characters",
)
_PRIOR = (0.0, 0.0, 20.0, 8.0, 4.0)  # by order
_CLASS_PRIOR = 20.0
_UNSEEN = (2, 3)  # orders of which it counts how many were never seen


def features_of(block: Block, table: Table) -> tuple[Floats, Floats]:
    """Return the features of all candidates of a block, candidates x FEATURES, and what is known.

    That is the share of the words that go with the changed ones, in pairs or in the caption, with
    which they were seen; 1 where there is none.
    """
    num = len(block.heads)
    if not num:
        return np.zeros((0, len(FEATURES))), np.zeros(0)
    columns = {name: np.zeros(num) for name in FEATURES}
    folds = np.repeat(np.array(block.folds, np.uint8), block.sizes)
    source = Source(block.words, table)
    for width, flat in block.windows.items():
        of = np.array(block.window_of[width], np.int64)
        ids = np.array(flat, np.int64).reshape(len(of), -1)
        for name, values in _of_windows(ids, folds[of], source).items():
            columns[name][of] = values
        columns["words"][of] = width
    pairs = pairs_of(block)
    add_pairs(columns, pairs, folds, source)
    add_beside(columns, block, folds, source)
    columns["characters"] = np.array(block.characters, float)
    seen_with = np.bincount(pairs.candidate, minlength=num) + beside_of(block)
    unseen = columns["unseen pairs"] + columns["unseen beside"]
    known = 1.0 - unseen / np.maximum(seen_with, 1)
    return np.stack([columns[name] for name in FEATURES], axis=1), known


def _of_windows(ids: Ints, folds: Folds, source: Source) -> Columns:
    """Return the features of N windows of one width: N x (PADDING + width + PADDING) words."""
    hashes = source.words.hashes()[ids]
    is_word = ids[:, PADDING:] != PAD
    features: Columns = {}

    def count(keys: Hashes) -> Floats:
        return counts_of(source.table, folds, keys)

    total = count(TOTAL.keys(np.zeros((len(ids), 1), np.uint64)))
    shorter, chance = total, np.zeros(0)
    for order, keys in enumerate(ngram_keys(hashes), start=1):
        counts = count(keys[:, PADDING - 1 :])
        if order == 1:
            chance = (counts + RARE) / (total + RARE * VOCABULARY)
            probability = chance[:, 1:]
        else:
            prior = _PRIOR[order]
            probability = (counts[:, 1:] + prior * probability) / (shorter[:, :-1] + prior)
        features[f"{order}-gram"] = _sum_of_logs(probability, is_word)
        if order in _UNSEEN:
            features[f"unseen {order}-grams"] = ((counts[:, 1:] == 0) & is_word).sum(axis=1)
        shorter = counts
    classes = source.words.class_hashes()[ids]
    here, before = hashes[:, PADDING:], classes[:, PADDING - 1 : -1]
    earlier = classes[:, PADDING - 2 : -2]
    last, after = hashes[:, PADDING - 1 : -1], classes[:, PADDING:]
    for name, joint, context, simpler in (
        ("class before", CLASS_BEFORE.keys(before, here), CLASS_BEFORE.keys(before), chance[:, 1:]),
        (
            "classes before",
            CLASSES_BEFORE.keys(earlier, before, here),
            CLASSES_BEFORE.keys(earlier, before),
            chance[:, 1:],
        ),
        ("class after", CLASS_AFTER.keys(last, after), CLASS_AFTER.keys(after), chance[:, :-1]),
    ):
        smoothed = (count(joint) + _CLASS_PRIOR * simpler) / (count(context) + _CLASS_PRIOR)
        features[name] = _sum_of_logs(smoothed, is_word)
    return features


def _sum_of_logs(probability: Floats, is_word: NDArray[np.bool_]) -> Floats:
    total: Floats = np.where(is_word, np.log(probability), 0.0).sum(axis=1)
    return total
