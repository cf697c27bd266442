"""What the corpus says of each candidate: a row of features, from counts without the caption's fold.

Sums of log probabilities of the words of a window, under models of several orders and kinds, and sums
of associations of the pairs that change. Each model is smoothed towards the next simpler one by a
Dirichlet prior: p(w | context) = (c(context, w) + m p'(w)) / (c(context) + m).
"""

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.associations import (
    RARE,
    VOCABULARY,
    Floats,
    Ints,
    Source,
    add_beside,
    add_pairs,
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
from negatives.fluency.counts import Table
from negatives.fluency.words import PAD

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


def features_of(block: Block, table: Table) -> Floats:
    """Return the features of all candidates of a block: candidates x FEATURES."""
    num = len(block.heads)
    if not num:
        return np.zeros((0, len(FEATURES)))
    columns = {name: np.zeros(num) for name in FEATURES}
    folds = np.repeat(np.array(block.folds, np.uint8), block.sizes)
    for width, flat in block.windows.items():
        of = np.array(block.window_of[width], np.int64)
        ids = np.array(flat, np.int64).reshape(len(of), -1)
        _add_windows(columns, ids, of, folds[of], block, table)
        columns["words"][of] = width
    add_pairs(columns, pairs_of(block), folds, Source(block.words, table))
    add_beside(columns, block, folds, Source(block.words, table))
    columns["characters"] = np.array(block.characters, float)
    return np.stack([columns[name] for name in FEATURES], axis=1)


def _add_windows(
    columns: dict[str, Floats],
    ids: Ints,
    of: Ints,
    folds: NDArray[np.uint8],
    block: Block,
    table: Table,
) -> None:
    """Add the features of windows of one width: N x (PADDING + width + PADDING) words."""
    hashes = block.words.hashes()[ids]
    classes = block.words.class_hashes()[ids]
    is_word = ids[:, PADDING:] != PAD
    total = counts_of(table, folds, TOTAL.keys(np.zeros((len(ids), 1), np.uint64)))
    probability = None
    shorter = total
    for order, keys in enumerate(ngram_keys(hashes), start=1):
        counts = counts_of(table, folds, keys[:, PADDING - 1 :])
        if probability is None:
            probability = (counts[:, 1:] + RARE) / (total + RARE * VOCABULARY)
            unigram = probability
        else:
            prior = _PRIOR[order]
            probability = (counts[:, 1:] + prior * probability) / (shorter[:, :-1] + prior)
        columns[f"{order}-gram"][of] = _sum_of_logs(probability, is_word)
        if f"unseen {order}-grams" in columns:
            columns[f"unseen {order}-grams"][of] = ((counts[:, 1:] == 0) & is_word).sum(axis=1)
        shorter = counts
    here, before = hashes[:, PADDING:], np.roll(classes, 1, axis=1)[:, PADDING:]
    earlier = np.roll(classes, 2, axis=1)[:, PADDING:]
    for name, joint, context in (
        ("class before", CLASS_BEFORE.keys(before, here), CLASS_BEFORE.keys(before)),
        (
            "classes before",
            CLASSES_BEFORE.keys(earlier, before, here),
            CLASSES_BEFORE.keys(earlier, before),
        ),
    ):
        counts, contexts = (counts_of(table, folds, keys) for keys in (joint, context))
        smoothed = (counts + _CLASS_PRIOR * unigram) / (contexts + _CLASS_PRIOR)
        columns[name][of] = _sum_of_logs(smoothed, is_word)
    words, following = (
        hashes[:, PADDING - 1 : -1],
        np.roll(classes, -1, axis=1)[:, PADDING - 1 : -1],
    )
    counts = counts_of(table, folds, CLASS_AFTER.keys(words, following))
    contexts = counts_of(table, folds, CLASS_AFTER.keys(following))
    frequency = counts_of(table, folds, ngram_keys(words)[0])
    chance = (frequency + RARE) / (total + RARE * VOCABULARY)
    smoothed = (counts + _CLASS_PRIOR * chance) / (contexts + _CLASS_PRIOR)
    columns["class after"][of] = _sum_of_logs(smoothed, is_word)


def _sum_of_logs(probability: Floats, is_word: NDArray[np.bool_]) -> Floats:
    total: Floats = np.where(is_word, np.log(probability), 0.0).sum(axis=1)
    return total
